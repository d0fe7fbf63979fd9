//! What the screens with a query line have in common: the line is kept or completed, and what it asks for judged again.

use crate::{
    app::{action::Verb, ask, context::Cx, intent::Intent, status_bar::Tone},
    widgets::query_bar::QueryBar,
};

/// Does something to a query line that is typed: keeps it, or completes it.
pub(crate) fn edit_query<S: 'static>(asking: &mut QueryBar, verb: Verb, cx: &mut Cx<'_, S>) {
    match verb {
        Verb::Accept => {
            if let Some(bad) = asking.keep() {
                cx.say(Tone::Warning, &bad.to_string());
            }
        }
        Verb::NextPane | Verb::PreviousPane => {
            if !asking.complete(verb == Verb::NextPane, &cx.shared.vocabulary, &cx.shared.local_now()) {
                cx.say(Tone::Info, "nothing to complete here");
            }
        }
        Verb::Run
        | Verb::NextSample
        | Verb::PreviousSample
        | Verb::Xray
        | Verb::Copy
        | Verb::Diff
        | Verb::Baseline
        | Verb::NextDifference
        | Verb::PreviousDifference
        | Verb::Grade
        | Verb::Leave
        | Verb::MoreCalls
        | Verb::FewerCalls
        | Verb::Filter
        | Verb::Sort
        | Verb::TurnSort
        | Verb::Refresh
        | Verb::ExportRuns
        | Verb::ScoreRuns => {}
    }
}

/// Offers to judge again the answers that a line asks for.
pub(crate) fn offer_rescore<S: 'static>(asking: &QueryBar, cx: &mut Cx<'_, S>) {
    match &asking.mistake {
        Some(bad) => cx.say(Tone::Warning, &bad.to_string()),
        None => cx.send(Intent::OfferRescore { line: asking.line.text(), query: asking.query.clone() }),
    }
}

/// Asks for the names that the values of filters can have.
pub(crate) fn ask_vocabulary<S: 'static>(cx: &mut Cx<'_, S>) {
    cx.ask(ask::vocabulary(), (), |_, (), names, cx| match names {
        Ok(names) => cx.shared.vocabulary = *names,
        Err(fault) => cx.say(Tone::Error, &fault.message),
    });
}
