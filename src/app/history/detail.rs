//! One run, looked at closely: its answer, verdicts, grade, figures, input and request, one text.
//!
//! Two runs that are compared: the older one, the newer one, what differs in their answers, and what the record
//! says of the one's kind against the other's.

use std::{collections::BTreeSet, fmt::Write as _, sync::Arc};

use jiff::Timestamp;
use ratatui::layout::{Margin, Rect};

use crate::{
    model::{
        Attachment, Grade, MediaKind, ModalityTokens, Provenance, Quality, RunEnd, RunId, Status, Thumb, Verdict,
        VersionId, outcome::AttemptUsage, query::Query, verdict::MAX_STARS,
    },
    pipeline::ports::RunRecord,
    present::{
        attachments::chip,
        evidence,
        evidence::RunConfig,
        tool_calls::{RunTranscript, TranscriptPart, counts},
    },
    store::api::PairedComparison,
    text::{
        Wrapped, clean,
        format::{ago, count, duration, modalities, moment, provider_cache, spent, tokens, unit, waited},
    },
    widgets::diff_view::{DiffSide, DiffView},
};

/// Lists the pictures that a run was given, each once; those that a provider fetched are none of them.
pub(crate) fn pictures_of(record: &RunRecord) -> Vec<&Attachment> {
    let mut known = BTreeSet::new();
    let pictures = record.attachments().filter(|attachment| attachment.kind == MediaKind::Image);
    pictures.filter(|picture| picture.facts().is_some_and(|facts| known.insert(&facts.sha256))).collect()
}

/// What a part of the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SectionKind {
    /// The head of a section.
    Head,
    /// Text from outside, as it is.
    Text,
    /// A call of a tool, or its result.
    Call,
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
struct DetailSection {
    kind: SectionKind,
    rows: Wrapped,
}

/// A run's record as one text, and the window on it.
#[derive(Debug, Clone)]
pub struct RunDetail {
    /// All that is on record of it.
    pub record: Box<RunRecord>,
    /// Verdicts that were given before those that count, each with its time, the oldest first.
    earlier: Vec<(Timestamp, Quality)>,
    parts: Vec<DetailSection>,
    /// The first row that is seen.
    top: usize,
    height: usize,
}

impl RunDetail {
    /// Lays a record out, with what a person said of it.
    #[must_use]
    pub fn new(record: Box<RunRecord>, grade: &Grade, now: Timestamp) -> Self {
        let mut detail = Self { record, earlier: Vec::new(), parts: Vec::new(), top: 0, height: 0 };
        detail.lay_out(grade, now);
        detail
    }

    #[must_use]
    pub fn run(&self) -> RunId {
        self.record.run
    }

    /// Tells whether it was given a picture whose bytes were at hand.
    #[must_use]
    pub fn has_pictures(&self) -> bool {
        !pictures_of(&self.record).is_empty()
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
        let mut put = |kind: SectionKind, text: &str| {
            let mut rows = Wrapped::new(80);
            rows.push(&clean(text));
            parts.push(DetailSection { kind, rows });
        };
        put(SectionKind::Head, "Answer");
        let outcome = &record.outcome;
        let rounds = RunTranscript::of_rounds(&outcome.rounds);
        let (rounds, calls) = (by_kind(&rounds), RunTranscript::of_calls(outcome));
        for (kind, text) in &rounds {
            put(*kind, text.trim_end());
        }
        if !outcome.text.trim().is_empty() {
            put(SectionKind::Text, outcome.text.trim_end());
        }
        for (kind, text) in by_kind(&calls) {
            put(kind, text.trim_end());
        }
        match &outcome.end {
            RunEnd::Done if outcome.is_blank() => put(SectionKind::Quiet, "an empty answer"),
            RunEnd::Done => {}
            end => put(SectionKind::Fail, &end.to_string()),
        }
        put(SectionKind::Head, "Verdicts");
        for (kind, text) in verdicts(outcome.quality.as_ref()) {
            put(kind, &text);
        }
        for (at, quality) in self.earlier.iter().rev() {
            put(SectionKind::Head, &format!("Earlier verdicts, {}", ago(*at, now)));
            for (kind, text) in verdicts(Some(quality)) {
                put(kind, &text);
            }
        }
        if *grade != Grade::default() {
            put(SectionKind::Head, "Grade");
            put(SectionKind::Figure, &graded(grade));
        }
        put(SectionKind::Head, "Figures");
        for figure in figures(record, now) {
            put(SectionKind::Figure, &figure);
        }
        put(SectionKind::Head, "Input");
        if !record.input.text.is_empty() {
            put(SectionKind::Text, &record.input.text);
        }
        for (name, value) in &record.input.vars {
            put(SectionKind::Text, &format!("{name} = {value}"));
        }
        for attachment in record.attachments() {
            put(SectionKind::Text, &chip(attachment, true));
        }
        let is_empty = record.input.text.is_empty() && record.input.vars.is_empty();
        if is_empty && record.attachments().next().is_none() {
            put(SectionKind::Quiet, "no input");
        }
        put(SectionKind::Head, "Request");
        for turn in record.prompt.turns() {
            let muted = if turn.muted { " (muted)" } else { "" };
            put(SectionKind::Quiet, &format!("{}{muted}", turn.role.name()));
            put(SectionKind::Text, &turn.content);
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
        self.parts
            .iter()
            .map(|part| part.rows.rows() + usize::from(part.kind == SectionKind::Head))
            .sum::<usize>()
            .max(1)
            - 1
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
    pub fn seen(&self) -> Vec<(SectionKind, String)> {
        let mut seen = Vec::new();
        let mut first = 0;
        let end = self.top + self.height;
        for (at, part) in self.parts.iter().enumerate() {
            if part.kind == SectionKind::Head && at > 0 {
                if (self.top..end).contains(&first) {
                    seen.push((SectionKind::Quiet, String::new()));
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

/// Lists the parts of a transcript as they stand in the text of a run; empty lines are left out.
fn by_kind(all: &RunTranscript) -> Vec<(SectionKind, String)> {
    let kind = |part: TranscriptPart| match part {
        TranscriptPart::Text | TranscriptPart::Detail => SectionKind::Text,
        TranscriptPart::Call => SectionKind::Call,
        TranscriptPart::Problem => SectionKind::Fail,
    };
    let parts = all.parts().iter().filter(|(_, text)| !text.trim().is_empty());
    parts.map(|(part, text)| (kind(*part), text.clone())).collect()
}

/// Writes verdicts, those that failed first, and the score they come to.
fn verdicts(quality: Option<&Quality>) -> Vec<(SectionKind, String)> {
    let mut verdicts: Vec<&Verdict> = quality.iter().flat_map(|quality| &quality.verdicts).collect();
    verdicts.sort_by_key(|verdict| verdict.status != Status::Failed);
    if verdicts.is_empty() {
        return vec![(SectionKind::Quiet, "nothing was checked".to_owned())];
    }
    let line = |verdict: &Verdict| {
        let (mark, kind) = match verdict.status {
            Status::Failed => ("✗", SectionKind::Fail),
            Status::Inconclusive => ("○", SectionKind::Quiet),
            Status::Passed => ("✓", SectionKind::Pass),
        };
        (kind, format!("{mark} {}: {}", verdict.rule, verdict.reason))
    };
    let score = quality.and_then(Quality::score).map(|score| (SectionKind::Figure, format!("score {}", unit(score))));
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
    let mut all =
        vec![format!("run {} · started {} ({})", record.run, moment(record.started), ago(record.started, now))];
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
    let mut times = outcome.took().map_or_else(
        || "asked in a provider's batch, which tells no times".to_owned(),
        |took| format!("took {}", duration(took)),
    );
    if let Some(waited) = waited(outcome.timing.waited) {
        let _ = write!(times, " · {waited}");
    }
    if let Some(first) = outcome.timing.first_token {
        let _ = write!(times, " · first token after {}", duration(first));
    }
    if let Provenance::Cached { stored } = outcome.provenance {
        let _ = write!(times, " · from the cache, the times are those of the original of {}", moment(stored));
    }
    if let Provenance::Imported { source, .. } = outcome.provenance {
        let _ = write!(times, " · imported from {source}");
    }
    all.push(times);
    let counted = if outcome.usage.estimated { "our estimate" } else { "as the provider counts" };
    let mut used = format!("{} tokens ({counted})", tokens(&outcome.usage));
    if let Some(of) = modalities(ModalityTokens::of(&outcome.usage)) {
        let _ = write!(used, " · of them {of}");
    }
    if let Some(cache) = provider_cache(outcome) {
        let _ = write!(used, " · {cache}");
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
    let tries = match counts(outcome).join(" · ") {
        none if none.is_empty() => {
            format!("{} attempt{}", outcome.attempts, if outcome.attempts == 1 { "" } else { "s" })
        }
        counts => counts,
    };
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

/// Rows above what differs: either run, what differs in a few words, the evidence, and a blank one.
pub const ABOVE: u16 = 5;

/// What the record says of the newer run's kind against the older one's.
#[derive(Debug, Clone, Default)]
pub enum Kinds {
    /// The records are yet to be read.
    #[default]
    Waits,
    /// A run was not sent, so that nobody knows what it was made with.
    Unknown,
    /// Both are of one kind.
    Alike,
    /// They differ in this, and the record was asked.
    Asked(Vec<&'static str>),
    /// They differ in this, and the record says so much.
    Told(Vec<&'static str>, Box<PairedComparison>),
    /// The record could not say, and why.
    Failed(String),
}

/// Two runs.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The older one and the newer one.
    pub runs: [RunId; 2],
    /// Their records, once they are read.
    pub records: [Option<Box<RunRecord>>; 2],
    /// What differs, once both are.
    difference: Option<Box<DiffView>>,
    /// What the record says of either kind.
    pub kinds: Kinds,
}

impl Pair {
    /// Begins with two runs whose records are yet to be read.
    #[must_use]
    pub fn new(older: RunId, newer: RunId) -> Self {
        Self { runs: [older, newer], records: [None, None], difference: None, kinds: Kinds::Waits }
    }

    /// Takes a record in. Returns what is to be asked of the record, once both are there.
    pub fn take(&mut self, record: Box<RunRecord>) -> Option<[Box<Query>; 2]> {
        let at = self.runs.iter().position(|run| *run == record.run)?;
        if let Some(place) = self.records.get_mut(at) {
            *place = Some(record);
        }
        if let [Some(older), Some(newer)] = &self.records {
            let side = |record: &RunRecord| Arc::new(DiffSide::of_outcome(&record.outcome));
            let mut difference = DiffView::new(&side(older), &side(newer));
            difference.view_mut().to_top();
            self.difference = Some(Box::new(difference));
            let setup = |record: &RunRecord| RunConfig::of(&record.prompt, &record.outcome.requested, &record.timeline);
            let Some((a, b)) = setup(older).zip(setup(newer)) else {
                self.kinds = Kinds::Unknown;
                return None;
            };
            let apart = a.apart(&b);
            if apart.is_empty() {
                self.kinds = Kinds::Alike;
                return None;
            }
            self.kinds = Kinds::Asked(apart);
            return Some(evidence::queries(&a, &b));
        }
        None
    }

    /// Takes what the record says in.
    pub(crate) fn set_comparison(&mut self, words: Result<Box<PairedComparison>, String>) {
        let Kinds::Asked(apart) = &mut self.kinds else {
            return;
        };
        self.kinds = match words {
            Ok(comparison) => Kinds::Told(std::mem::take(apart), comparison),
            Err(why) => Kinds::Failed(why),
        };
    }

    /// Returns what differs.
    #[must_use]
    pub fn difference(&self) -> Option<&DiffView> {
        self.difference.as_deref()
    }

    /// The same, to be moved in.
    pub(crate) fn difference_mut(&mut self) -> Option<&mut DiffView> {
        self.difference.as_deref_mut()
    }

    /// Moves the window.
    pub(crate) fn scroll(&mut self, by: isize) {
        if let Some(difference) = &mut self.difference {
            difference.view_mut().scroll(by);
        }
    }

    /// Gives the window a size.
    pub(crate) fn fit(&mut self, width: u16, height: u16) {
        if let Some(difference) = &mut self.difference {
            difference.view_mut().fit(width, height);
        }
    }
}

/// Returns where what differs is drawn.
#[must_use]
pub fn area(body: Rect) -> Rect {
    let inside = body.inner(Margin::new(1, 0));
    Rect { y: inside.y + ABOVE.min(inside.height), height: inside.height.saturating_sub(ABOVE), ..inside }
}
