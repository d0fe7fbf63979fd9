//! Blind comparison, a screen over the others: two answers without the names of who gave them, and one key for each vote.
//!
//! Until the names are revealed nothing round it says who gave which answer: no title, no sum, no notice, no cost or time.

mod view;

use std::collections::BTreeMap;

use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        context::Scene,
        intent::{BlindStep, Intent, OverlayIntent},
        overlay::{After, Hint, OverlayCx, OverlayPart, arrows},
        overlays::confirm::Confirm,
    },
    eval::{
        BlindComparison, BlindPlan, BlindResult,
        blind::{BlindChoice, BlindVote, hide_names},
    },
    model::RunId,
    pipeline::ports::RunRecord,
    present::blind::BlindSummary,
    store::api::WantedBlind,
    text::json,
    widgets::{key::Chord, theme::Role},
};

/// Texts that are kept beside those of the pair that is shown.
const KEPT: usize = 16;

/// The keys and what they say.
const KEYS: [(char, BlindChoice); 5] = [
    ('1', BlindChoice::Left),
    ('2', BlindChoice::Right),
    ('=', BlindChoice::Tie),
    ('0', BlindChoice::Bad),
    ('s', BlindChoice::Skip),
];

/// The texts of a run: what was asked, and the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BlindTexts {
    input: String,
    answer: String,
    /// Whether a name in it is hidden.
    named: bool,
}

/// A blind comparison as it is shown.
#[derive(Debug, Clone)]
pub struct BlindPane {
    /// What is compared; none until the record has told.
    pub comparison: Option<Box<BlindComparison>>,
    plan: BlindPlan,
    /// The pair that is shown, by its place.
    at: Option<usize>,
    /// What the votes come to, once the names were revealed.
    summary: Option<BlindSummary>,
    counts: String,
    texts: BTreeMap<RunId, BlindTexts>,
    /// Texts that were asked for and have not come.
    awaited: Vec<RunId>,
    /// What went wrong last.
    failed: Option<String>,
    /// The first row that is seen.
    top: usize,
    /// How many rows the longer answer has, and how many are seen.
    rows: (usize, usize),
}

impl Default for BlindPane {
    fn default() -> Self {
        Self::new()
    }
}

impl BlindPane {
    /// Waits for the record.
    #[must_use]
    pub fn new() -> Self {
        Self {
            comparison: None,
            plan: BlindPlan::default(),
            at: None,
            summary: None,
            counts: String::new(),
            texts: BTreeMap::new(),
            awaited: Vec::new(),
            failed: None,
            top: 0,
            rows: (0, 0),
        }
    }

    /// Takes a comparison in.
    pub(crate) fn fill(&mut self, comparison: Box<BlindComparison>) {
        self.plan = BlindPlan::of(&comparison);
        self.comparison = Some(comparison);
        self.texts.clear();
        self.awaited.clear();
        self.failed = None;
        self.settle();
    }

    /// Says why there is nothing to compare, or why a vote is not on record.
    pub(crate) fn fail(&mut self, why: &str) {
        self.failed = Some(why.to_owned());
    }

    /// Finds the next pair, or sums the votes up where the names are revealed.
    fn settle(&mut self) {
        let Some(comparison) = &self.comparison else { return };
        let result = BlindResult::of(comparison, &self.plan);
        self.counts = crate::present::blind::counts(&result);
        self.summary = comparison.revealed.map(|_| BlindSummary::of(comparison, &result));
        self.at = if self.summary.is_some() { None } else { self.plan.next(comparison) };
        self.top = 0;
    }

    /// Returns the comparison's number, and its batches.
    pub(crate) fn wanted_anew(&self, at: Timestamp) -> Option<WantedBlind> {
        let comparison = self.comparison.as_ref()?;
        Some(WantedBlind { batches: comparison.batches.clone(), seed: None, anew: true, at })
    }

    /// Returns the runs of the pair at a place, the left one first.
    fn runs(&self, at: usize) -> Option<(RunId, RunId)> {
        self.comparison.as_ref()?.runs(*self.plan.pairs.get(at)?)
    }

    /// Lists the runs whose texts are needed now or next, and were not asked for.
    pub(crate) fn lacking(&mut self) -> Vec<RunId> {
        let Some(at) = self.at else { return Vec::new() };
        let pairs = [self.runs(at), self.runs(at + 1)];
        let wanted: Vec<RunId> = pairs.into_iter().flatten().flat_map(|(left, right)| [left, right]).collect();
        if self.texts.len() > KEPT {
            self.texts.retain(|run, _| wanted.contains(run));
        }
        let lacking: Vec<RunId> =
            wanted.into_iter().filter(|run| !self.texts.contains_key(run) && !self.awaited.contains(run)).collect();
        self.awaited.extend(&lacking);
        lacking
    }

    /// Takes the texts of a run in, the names in them hidden.
    pub(crate) fn take_run(&mut self, run: RunId, record: Result<Box<RunRecord>, String>) {
        self.awaited.retain(|awaited| *awaited != run);
        let contenders =
            self.comparison.as_ref().map(|comparison| comparison.contenders.as_slice()).unwrap_or_default();
        let texts = match record {
            Ok(record) => {
                let answer = &record.outcome.text;
                let parsed: Option<serde_json::Value> = serde_json::from_str(answer).ok();
                let laid_out = parsed.filter(|value| value.is_object() || value.is_array());
                let laid_out = laid_out.and_then(|value| json::to_pretty(&value).ok());
                let (answer, named) = hide_names(laid_out.as_deref().unwrap_or_else(|| answer.trim()), contenders);
                let vars = record.input.vars.iter().map(|(name, value)| format!("{name}: {value}"));
                let text = Some(record.input.text.clone()).filter(|text| !text.trim().is_empty());
                let input: Vec<String> = text.into_iter().chain(vars).collect();
                BlindTexts { input: input.join("\n"), answer, named }
            }
            Err(why) => BlindTexts { input: String::new(), answer: why, named: false },
        };
        self.texts.insert(run, texts);
    }

    /// Notes what is said of the pair that is shown.
    fn vote(&mut self, choice: BlindChoice, at: Timestamp) -> After {
        let Some((left, right)) = self.at.and_then(|at| self.runs(at)) else { return After::Stay };
        // What cannot be seen cannot be judged.
        if !self.texts.contains_key(&left) || !self.texts.contains_key(&right) {
            return After::Stay;
        }
        let vote = BlindVote { left, right, choice, at };
        if let Some(comparison) = &mut self.comparison {
            comparison.votes.push(vote.clone());
        }
        self.failed = None;
        self.settle();
        step(BlindStep::Vote(vote))
    }

    /// Takes a vote back that could not be noted.
    pub(crate) fn drop_vote(&mut self, vote: &BlindVote, why: &str) {
        if let Some(comparison) = &mut self.comparison {
            comparison.votes.retain(|own| own != vote);
        }
        self.settle();
        self.fail(why);
    }

    /// Takes the last vote back; its pair is shown again.
    fn undo(&mut self) -> After {
        let taken = self.comparison.as_mut().and_then(|comparison| comparison.votes.pop());
        if taken.is_none() {
            self.fail("Nothing to undo");
            return After::Stay;
        }
        self.settle();
        step(BlindStep::Undo)
    }

    /// Shows the names.
    pub(crate) fn reveal(&mut self, at: Timestamp) {
        if let Some(comparison) = &mut self.comparison {
            comparison.revealed = Some(at);
        }
        self.settle();
    }

    fn is_revealed(&self) -> bool {
        self.comparison.as_ref().is_some_and(|comparison| comparison.revealed.is_some())
    }

    /// Counts the votes so far.
    fn vote_count(&self) -> usize {
        self.comparison.as_ref().map_or(0, |comparison| comparison.votes.len())
    }
}

fn step(step: BlindStep) -> After {
    After::StayAnd(Intent::Overlay(OverlayIntent::Blind(step)))
}

impl OverlayPart for BlindPane {
    fn title(&self) -> &'static str {
        "Blind comparison"
    }

    fn beside(&self, scene: Scene<'_>) -> Line<'static> {
        let words = match (&self.comparison, self.at) {
            (None, _) => String::new(),
            (Some(comparison), Some(at)) => {
                format!("{}  pair {} of {}", comparison.name, at + 1, self.plan.pairs.len())
            }
            (Some(comparison), None) => comparison.name.clone(),
        };
        Line::from(scene.foreign(&words, Role::Quiet))
    }

    fn is_screen(&self) -> bool {
        true
    }

    fn hides_names(&self) -> bool {
        !self.is_revealed()
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((u16::MAX, u16::MAX))
    }

    fn hints(&self, _scene: Scene<'_>) -> Vec<Hint> {
        let own = |key: &str, does: &str| (key.to_owned(), does.to_owned());
        if self.comparison.is_none() {
            return Vec::new();
        }
        if self.is_revealed() {
            return vec![own("n", "vote again, in another order")];
        }
        let mut hints = Vec::new();
        if self.at.is_some() {
            hints.extend([
                own("1", "first is better"),
                own("2", "second is better"),
                own("=", "as good"),
                own("0", "neither will do"),
                own("s", "skip"),
            ]);
        }
        if self.vote_count() > 0 {
            hints.push(own("u", "undo"));
            hints.push(own("R", "reveal"));
        }
        if self.rows.0 > self.rows.1 {
            hints.push(arrows("scroll"));
        }
        hints
    }

    fn key(&mut self, chord: Chord, cx: OverlayCx<'_>) -> Option<After> {
        let key = chord.text()?;
        if self.is_revealed() {
            return (key == 'n').then(|| step(BlindStep::Anew));
        }
        if let Some((_, choice)) = KEYS.iter().find(|(own, _)| *own == key) {
            return Some(self.vote(*choice, cx.shared.now.time));
        }
        match key {
            'u' => Some(self.undo()),
            'R' if self.vote_count() > 0 => {
                let question = "Reveal the names? No vote is taken after that.";
                let then = Intent::Overlay(OverlayIntent::Blind(BlindStep::Reveal));
                Some(After::StayAnd(Intent::open(Confirm::new(question, "Reveal", then))))
            }
            _ => None,
        }
    }

    fn step(&mut self, by: isize) {
        let (all, seen) = self.rows;
        self.top = self.top.saturating_add_signed(by).min(all.saturating_sub(seen));
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        After::Stay
    }

    fn fit(&mut self, body: Rect, _cx: OverlayCx<'_>) {
        self.rows = self.measure(body);
        self.step(0);
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        self.draw_on(scene, body, buffer);
    }
}
