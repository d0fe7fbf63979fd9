//! What the screens with a query line have in common: it is kept or completed, what it asks for is judged again, and
//! it is drawn with what it finds at its right and what is said of it below.

use ratatui::{
    buffer::Buffer,
    layout::{Margin, Rect},
    text::{Line, Span},
};

use crate::{
    app::{
        action::Verb,
        ask,
        context::{Cx, Scene},
        intent::Intent,
        notices::Tone,
        snippet::{Snippet, SnippetForm},
    },
    widgets::{
        frame::{FlowItem, flow},
        query_bar::QueryBar,
        theme::Role,
    },
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
        | Verb::Next
        | Verb::Previous
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

/// Makes the snippet of a line that asks for runs; none where it is empty.
pub(crate) fn query_snippet(asking: &QueryBar) -> Option<Snippet> {
    let line = asking.line.text();
    let is_empty = line.trim().is_empty();
    (!is_empty).then(|| Snippet::new(SnippetForm::Query, "query", "the line the runs are asked by", line))
}

/// Asks for the names that the values of filters can have.
pub(crate) fn ask_vocabulary<S: 'static>(cx: &mut Cx<'_, S>) {
    cx.ask(ask::vocabulary(), (), |_, (), names, cx| match names {
        Ok(names) => cx.shared.vocabulary = *names,
        Err(error) => cx.say(Tone::Error, &error.message),
    });
}

/// Completions that are looked at, at most.
const OFFERED: usize = 24;

/// Draws the line and, below it, its mistake or how it could go on; else what there is to say.
pub(crate) fn draw(
    scene: Scene<'_>,
    asking: &QueryBar,
    found: &Span<'static>,
    usual: Vec<FlowItem>,
    area: Rect,
    buffer: &mut Buffer,
) {
    let area = area.inner(Margin::new(1, 0));
    let mut places = area.rows();
    let (Some(first), Some(second)) = (places.next(), places.next()) else {
        return;
    };
    let wide = u16::try_from(found.width()).unwrap_or(u16::MAX).min(first.width);
    let query = Rect { width: first.width.saturating_sub(wide + 2), ..first };
    if asking.typing {
        scene.line(&asking.line, "/ ", "words and filters; tab completes", query, buffer);
    } else if asking.line.is_empty() {
        let mut line = Line::from(scene.span(scene.key(Verb::Filter), Role::Key));
        line.push_span(scene.span(" words and filters", Role::Quiet));
        buffer.set_line(query.x, query.y, &line, query.width);
    } else {
        let mut line = Line::from(scene.span("/ ", Role::Key));
        line.push_span(scene.foreign(&asking.line.text(), Role::Text));
        buffer.set_line(query.x, query.y, &line, query.width);
    }
    buffer.set_span(first.right().saturating_sub(wide), first.y, found, wide);
    let items = if asking.typing || asking.mistake.is_some() { about(scene, asking) } else { usual };
    let below = flow(items, usize::from(second.width), 1).into_iter().next().unwrap_or_default();
    buffer.set_line(second.x, second.y, &below, second.width);
}

/// What is wrong with the line, and while it is typed how it could go on.
fn about(scene: Scene<'_>, asking: &QueryBar) -> Vec<FlowItem> {
    let mut items: Vec<FlowItem> = Vec::new();
    if let Some(bad) = &asking.mistake {
        items.push(vec![scene.span("✗ ", Role::Fail), scene.foreign(&bad.to_string(), Role::Fail)]);
    }
    if asking.typing {
        let before = asking.line.text().len();
        let tail = |line: &String| {
            // Only the part that is completed is shown, as the line before it stands above.
            let from = line.get(..before.min(line.len())).and_then(|head| head.rfind(char::is_whitespace));
            line.get(from.map_or(0, |at| at + 1)..).unwrap_or_default().to_owned()
        };
        let offered = asking.completions(&scene.shared.vocabulary);
        items.extend(offered.iter().take(OFFERED).map(|line| vec![scene.foreign(&tail(line), Role::Quiet)]));
    }
    items
}
