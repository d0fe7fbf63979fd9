//! One run, looked at closely: its answer, verdicts, grade, figures, input and request, one text.

use std::fmt::Write as _;

use crate::{
    app::versions::ago,
    eval::figures::{count, duration, spent, tokens, unit, waited},
    model::{
        End, Grade, Provenance, Quality, RunId, Status, Thumb, Verdict, VersionId, grade::MAX_STARS,
        outcome::AttemptUsage,
    },
    pipeline::port::RunRecord,
    text::{Wrapped, clean},
};

use jiff::Timestamp;

/// What a part of the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The head of a section.
    Head,
    /// Text from outside, as it is.
    Text,
    /// A figure and where it comes from.
    Figure,
    /// A check that passed.
    Pass,
    /// A check that failed, or why there is no answer.
    Fail,
    /// What matters less.
    Quiet,
}

#[derive(Debug, Clone)]
struct Part {
    kind: Kind,
    rows: Wrapped,
}

/// A run's record as one text, and the window on it.
#[derive(Debug, Clone)]
pub struct Detail {
    /// All that is on record of it.
    pub record: Box<RunRecord>,
    /// Verdicts that were given before those that count, each with its time, the oldest first.
    earlier: Vec<(Timestamp, Quality)>,
    parts: Vec<Part>,
    /// The first row that is seen.
    top: usize,
    height: usize,
}

impl Detail {
    /// Lays a record out, with what a person said of it.
    #[must_use]
    pub fn new(record: Box<RunRecord>, grade: &Grade, now: Timestamp) -> Self {
        let mut detail = Self { record, earlier: Vec::new(), parts: Vec::new(), top: 0, height: 0 };
        detail.lay_out(grade, now);
        detail
    }

    /// Returns the run.
    #[must_use]
    pub fn run(&self) -> RunId {
        self.record.run
    }

    /// Takes all verdicts that were ever given in, those that count last. Tells whether others came before.
    pub fn judged(&mut self, mut all: Vec<(Timestamp, Quality)>) -> bool {
        all.pop();
        self.earlier = all;
        !self.earlier.is_empty()
    }

    /// Writes the text anew, after another grade or with earlier verdicts.
    pub fn lay_out(&mut self, grade: &Grade, now: Timestamp) {
        let record = &*self.record;
        let mut parts = Vec::new();
        let mut put = |kind: Kind, text: &str| {
            let mut rows = Wrapped::new(80);
            rows.push(&clean(text));
            parts.push(Part { kind, rows });
        };
        put(Kind::Head, "Answer");
        let outcome = &record.outcome;
        if !outcome.text.is_empty() {
            put(Kind::Text, outcome.text.trim_end());
        }
        match &outcome.end {
            End::Done if outcome.text.is_empty() => put(Kind::Quiet, "an empty answer"),
            End::Done => {}
            end => put(Kind::Fail, &end.to_string()),
        }
        put(Kind::Head, "Verdicts");
        for (kind, text) in verdicts(outcome.quality.as_ref()) {
            put(kind, &text);
        }
        for (at, quality) in self.earlier.iter().rev() {
            put(Kind::Head, &format!("Earlier verdicts, {}", ago(*at, now)));
            for (kind, text) in verdicts(Some(quality)) {
                put(kind, &text);
            }
        }
        if *grade != Grade::default() {
            put(Kind::Head, "Grade");
            put(Kind::Figure, &graded(grade));
        }
        put(Kind::Head, "Figures");
        for figure in figures(record, now) {
            put(Kind::Figure, &figure);
        }
        put(Kind::Head, "Input");
        if !record.input.text.is_empty() {
            put(Kind::Text, &record.input.text);
        }
        for (name, value) in &record.input.vars {
            put(Kind::Text, &format!("{name} = {value}"));
        }
        if record.input.text.is_empty() && record.input.vars.is_empty() {
            put(Kind::Quiet, "no input");
        }
        put(Kind::Head, "Request");
        for turn in record.prompt.turns() {
            let muted = if turn.muted { " (muted)" } else { "" };
            put(Kind::Quiet, &format!("{}{muted}", turn.role.name()));
            put(Kind::Text, &turn.content);
        }
        let width = self.parts.first().map_or(80, |part| part.rows.width());
        for part in &mut parts {
            part.rows.set_width(width);
        }
        self.parts = parts;
    }

    /// Counts the rows, a blank one before each head but the first.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.parts.iter().map(|part| part.rows.rows() + usize::from(part.kind == Kind::Head)).sum::<usize>().max(1) - 1
    }

    /// Returns the first row that is seen.
    #[must_use]
    pub fn top(&self) -> usize {
        self.top
    }

    /// Gives the window a size.
    pub fn fit(&mut self, width: u16, height: u16) {
        let width = usize::from(width.max(1));
        for part in &mut self.parts {
            if part.rows.width() != width {
                part.rows.set_width(width);
            }
        }
        self.height = usize::from(height);
        self.scroll(0);
    }

    /// Moves the window by rows.
    pub fn scroll(&mut self, by: isize) {
        self.top = self.top.saturating_add_signed(by).min(self.rows().saturating_sub(self.height));
    }

    /// Moves the window by a share of its height.
    pub fn page(&mut self, down: bool, parts: usize) {
        let by = isize::try_from((self.height / parts.max(1)).max(1)).unwrap_or(1);
        self.scroll(if down { by } else { -by });
    }

    /// Lists the rows in sight.
    #[must_use]
    pub fn seen(&self) -> Vec<(Kind, String)> {
        let mut seen = Vec::new();
        let mut first = 0;
        let end = self.top + self.height;
        for (at, part) in self.parts.iter().enumerate() {
            if part.kind == Kind::Head && at > 0 {
                if (self.top..end).contains(&first) {
                    seen.push((Kind::Quiet, String::new()));
                }
                first += 1;
            }
            let count = part.rows.rows();
            for row in self.top.max(first)..end.min(first + count) {
                seen.push((part.kind, part.rows.row(row - first).text.into_owned()));
            }
            first += count;
            if first >= end {
                break;
            }
        }
        seen
    }
}

/// Writes verdicts, those that failed first, and the score they come to.
fn verdicts(quality: Option<&Quality>) -> Vec<(Kind, String)> {
    let mut verdicts: Vec<&Verdict> = quality.iter().flat_map(|quality| &quality.verdicts).collect();
    verdicts.sort_by_key(|verdict| verdict.status != Status::Failed);
    if verdicts.is_empty() {
        return vec![(Kind::Quiet, "nothing was checked".to_owned())];
    }
    let line = |verdict: &Verdict| {
        let (mark, kind) = match verdict.status {
            Status::Failed => ("✗", Kind::Fail),
            Status::Inconclusive => ("○", Kind::Quiet),
            Status::Passed => ("✓", Kind::Pass),
        };
        (kind, format!("{mark} {}: {}", verdict.rule, verdict.reason))
    };
    let score = quality.and_then(Quality::score).map(|score| (Kind::Figure, format!("score {}", unit(score))));
    verdicts.into_iter().map(line).chain(score).collect()
}

/// Writes a grade: stars, a thumb, the comment.
#[must_use]
pub fn graded(grade: &Grade) -> String {
    let stars = grade.stars.map(|stars| format!("{stars}/{MAX_STARS}"));
    let thumb = grade.thumb.map(|thumb| if thumb == Thumb::Up { "▲ it will do" } else { "▼ it will not" }.to_owned());
    let comment = Some(grade.comment.clone()).filter(|comment| !comment.is_empty());
    stars.into_iter().chain(thumb).chain(comment).collect::<Vec<_>>().join(" · ")
}

/// Writes the figures of a run, each with where it comes from.
fn figures(record: &RunRecord, now: Timestamp) -> Vec<String> {
    let outcome = &record.outcome;
    let mut all = vec![format!("run {} · started {} ({})", record.run, record.started, ago(record.started, now))];
    let mut model = format!("asked {}", outcome.requested);
    if outcome.fell_back() {
        let _ = write!(model, " · answered by {}", outcome.target);
    }
    let _ = write!(model, " · {} at {}", outcome.model, record.provider);
    if let Some(served) = &outcome.served {
        let _ = write!(model, " · says it is {served}");
    }
    all.push(model);
    all.extend(outcome.given_up.iter().map(|reason| format!("given up {reason}")));
    let mut times = format!("took {}", duration(outcome.timing.took()));
    if let Some(waited) = waited(outcome.timing.waited) {
        let _ = write!(times, " · {waited}");
    }
    if let Some(first) = outcome.timing.first_token {
        let _ = write!(times, " · first token after {}", duration(first));
    }
    if let Provenance::Cached { stored } = outcome.provenance {
        let _ = write!(times, " · from the cache, the times are those of the original of {stored}");
    }
    all.push(times);
    let counted = if outcome.usage.estimated { "our estimate" } else { "as the provider counts" };
    let mut used = format!("{} tokens ({counted})", tokens(&outcome.usage));
    if let Some(read) = outcome.usage.cache_read.filter(|read| *read > 0) {
        let _ = write!(used, " · {} read from the provider's cache", count(read));
    }
    if let Some(thought) = outcome.usage.reasoning.filter(|thought| *thought > 0) {
        let _ = write!(used, " · {} of them reasoning", count(thought));
    }
    all.push(used);
    let sure = outcome.cost.sureness().replace('_', " ");
    let cached = if matches!(outcome.provenance, Provenance::Cached { .. }) { ", from the cache" } else { "" };
    all.push(format!("cost {} ({sure}{cached})", outcome.cost));
    if outcome.by_attempt.len() > 1 {
        for attempt in &outcome.by_attempt {
            let AttemptUsage { attempt, target, spent: own, took, answered, .. } = attempt;
            let answered = if *answered { " · the answer" } else { "" };
            all.push(format!("attempt {attempt}: {target} · {} · {}{answered}", spent(own), duration(*took)));
        }
    }
    if let Some(judging) = outcome.judging {
        all.push(format!("judges: {}", spent(&judging.spent())));
    }
    let tries = if outcome.attempts == 1 { "1 attempt".to_owned() } else { format!("{} attempts", outcome.attempts) };
    let stopped = outcome.finish.as_ref().map(|finish| format!(" · finish: {finish}")).unwrap_or_default();
    all.push(format!("{tries}{stopped}"));
    let named = record.prompt_name.as_deref().unwrap_or("no name");
    let session = record.session.as_ref().map(|session| format!(" · session {session}")).unwrap_or_default();
    all.push(format!("prompt {named} · version {}{session}", VersionId::of(&record.prompt).short()));
    if outcome.demo {
        all.push("a demonstration: the numbers are made up".to_owned());
    }
    all
}
