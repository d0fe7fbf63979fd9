//! What the screens with a query line have in common: it is kept or completed, what it asks for is judged again, the
//! kinds of runs that one key narrows it to, and how it is drawn, with what it finds at its right and what is said of it
//! below.

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
    model::{
        RunStatus,
        query::{Filter, Query, What, with_filter, without_filters},
    },
    widgets::{
        frame::{FlowItem, flow},
        query_bar::QueryBar,
        theme::Role,
    },
};

/// Which of the runs that a line asks for are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RunKind {
    #[default]
    All,
    /// Those that failed a check.
    Failed,
    /// Those that got no answer.
    Errors,
    /// Those that somebody graded.
    Graded,
}

impl RunKind {
    /// Every kind, in the order in which they stand on the screen.
    pub const ALL: [Self; 4] = [Self::All, Self::Failed, Self::Errors, Self::Graded];

    /// Returns the filter that finds its runs, as a key with its value; all have none.
    #[must_use]
    pub fn filter(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::All => None,
            Self::Failed => Some(("verdict", "failed")),
            Self::Errors => Some(("verdict", "error")),
            Self::Graded => Some(("grade", "yes")),
        }
    }

    /// Returns what the filter asks for.
    fn what(self) -> Option<What> {
        match self {
            Self::All => None,
            Self::Failed => Some(What::Status(RunStatus::Failed)),
            Self::Errors => Some(What::Status(RunStatus::Error)),
            Self::Graded => Some(What::Graded(true)),
        }
    }

    /// Tells to which kind a query narrows the runs.
    #[must_use]
    pub fn of(query: &Query) -> Self {
        let asks = |kind: &Self| {
            kind.what().is_some_and(|what| query.filters.iter().any(|filter| !filter.not && filter.what == what))
        };
        Self::ALL.into_iter().find(asks).unwrap_or_default()
    }

    /// Makes the question that asks for its runs in the place of those of another kind.
    #[must_use]
    pub fn query(self, of: &Query) -> Query {
        let mut query = of.clone();
        let other = |filter: &Filter| {
            !filter.not && Self::ALL.into_iter().any(|kind| kind.what().as_ref() == Some(&filter.what))
        };
        query.filters.retain(|filter| !other(filter));
        query.filters.extend(self.what().map(|what| Filter { not: false, what }));
        query
    }

    /// Writes the line that asks for its runs in the place of those of another kind.
    #[must_use]
    pub fn line(self, line: &str) -> String {
        let gone = [("verdict", None), ("grade", Some("yes"))];
        let rest = without_filters(line, &gone);
        self.filter().and_then(|(key, value)| with_filter(&rest, key, value)).unwrap_or(rest)
    }

    fn word(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::Failed => "Failed",
            Self::Errors => "Errors",
            Self::Graded => "Graded",
        }
    }

    /// Returns what shows its runs alone.
    fn key(self) -> Option<Verb> {
        match self {
            Self::All | Self::Graded => None,
            Self::Failed => Some(Verb::OnlyFailed),
            Self::Errors => Some(Verb::OnlyErrors),
        }
    }
}

/// Writes the kinds of runs, each with its key and how many there are as far as that is known; the one that is shown
/// stands in brackets.
pub(crate) fn kinds(scene: Scene<'_>, shown: RunKind, count: impl Fn(RunKind) -> Option<String>) -> Vec<FlowItem> {
    let item = |kind: RunKind| {
        let here = kind == shown;
        let (open, close) = if here { ("[", "]") } else { ("", "") };
        let mut spans = vec![scene.span(open, Role::Focus)];
        if let Some(verb) = kind.key() {
            spans.push(scene.span(scene.key(verb), Role::Key));
            spans.push(Span::raw(" "));
        }
        spans.push(scene.span(kind.word(), if here { Role::Title } else { Role::Text }));
        let role = match kind {
            RunKind::Failed | RunKind::Errors => Role::Fail,
            RunKind::All | RunKind::Graded => Role::Number,
        };
        if let Some(count) = count(kind) {
            let role = if count == "0" { Role::Quiet } else { role };
            spans.push(scene.span(format!(" {count}"), role));
        }
        spans.push(scene.span(close, Role::Focus));
        spans
    };
    RunKind::ALL.into_iter().map(item).collect()
}

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
        | Verb::ScoreRuns
        | Verb::OnlyFailed
        | Verb::OnlyErrors
        | Verb::ToBench => {}
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
