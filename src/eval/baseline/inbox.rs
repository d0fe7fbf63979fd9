//! The inbox of a prompt: its baseline beside what a batch of it came to, and what a person decides of what is another way.

use std::{collections::BTreeMap, path::PathBuf};

use crate::{
    eval::baseline::{Baseline, BaselineChange, BaselineReview, ObservedRow, ReviewDecision},
    model::{BatchId, Prompt, VersionId, batch::BatchSpec},
};

/// A prompt's baseline and what its newest batch came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Inbox {
    /// The prompt's name.
    pub prompt: String,
    /// Where the baseline is, or will be.
    pub path: PathBuf,
    /// Whether there is one.
    pub exists: bool,
    pub baseline: Baseline,
    pub batch: BatchId,
    /// The version of the prompt that it asked.
    pub version: VersionId,
    /// What it asked; its data set as it was named.
    pub spec: BatchSpec,
    /// Whether all rows were asked.
    pub whole: bool,
    pub observed: Vec<ObservedRow>,
}

impl Inbox {
    /// Holds the baseline against what came out.
    #[must_use]
    pub fn review(&self) -> BaselineReview {
        BaselineReview::of(&self.baseline, &self.observed, self.whole)
    }

    /// Tells whether the prompt is another version by now than the batch asked.
    #[must_use]
    pub fn is_stale(&self, prompt: &Prompt) -> bool {
        self.version != VersionId::of(prompt)
    }
}

/// An inbox while a person goes through it. What is another way stays in its place when it is decided; the baseline takes
/// each decision in, and can be written after any of them.
#[derive(Debug, Clone)]
pub struct InboxDecisions {
    inbox: Inbox,
    /// The baseline as it was before the first decision.
    first: Baseline,
    review: BaselineReview,
    /// What was decided, by the names of the changes.
    decided: BTreeMap<String, ReviewDecision>,
    before: Vec<DecisionStep>,
}

/// How all stood before a decision.
#[derive(Debug, Clone)]
struct DecisionStep {
    /// The first change that it was about, by its name.
    id: String,
    baseline: Baseline,
    decided: BTreeMap<String, ReviewDecision>,
}

impl InboxDecisions {
    /// Begins with nothing decided.
    #[must_use]
    pub fn new(inbox: Inbox) -> Self {
        let (first, review) = (inbox.baseline.clone(), inbox.review());
        Self { inbox, first, review, decided: BTreeMap::new(), before: Vec::new() }
    }

    /// Returns the inbox, its baseline with all that was decided.
    #[must_use]
    pub fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// Returns what is another way than the baseline had it before the first decision.
    #[must_use]
    pub fn review(&self) -> &BaselineReview {
        &self.review
    }

    /// Lists what is another way, in the order in which it is looked at.
    #[must_use]
    pub fn changes(&self) -> &[BaselineChange] {
        &self.review.changes
    }

    /// Returns what was decided of the change at a place.
    #[must_use]
    pub fn decision(&self, at: usize) -> Option<&ReviewDecision> {
        self.decided.get(&self.changes().get(at)?.id())
    }

    /// Finds a change by its name, `ROW@TARGET`.
    #[must_use]
    pub fn place_of(&self, id: &str) -> Option<usize> {
        self.changes().iter().position(|change| change.id() == id)
    }

    /// Counts what nothing was decided of.
    #[must_use]
    pub fn undecided(&self) -> usize {
        (0..self.changes().len()).filter(|at| self.decision(*at).is_none()).count()
    }

    /// Does the same with some changes. Returns those with which it cannot be done, by their names, each with the reason.
    pub fn decide(&mut self, places: impl Iterator<Item = usize>, decision: &ReviewDecision) -> Vec<(String, String)> {
        let (baseline, decided) = (self.inbox.baseline.clone(), self.decided.clone());
        let (mut refused, mut first) = (Vec::new(), None);
        for change in places.filter_map(|at| self.review.changes.get(at)) {
            match self.inbox.baseline.decide(change, decision) {
                Ok(()) => {
                    self.decided.insert(change.id(), decision.clone());
                    first.get_or_insert_with(|| change.id());
                }
                Err(why) => refused.push((change.id(), why)),
            }
        }
        self.before.extend(first.map(|id| DecisionStep { id, baseline, decided }));
        refused
    }

    /// Takes the last decision back. Returns the place of the first change it was about; none where nothing was decided.
    pub fn undo(&mut self) -> Option<usize> {
        let DecisionStep { id, baseline, decided } = self.before.pop()?;
        (self.inbox.baseline, self.decided) = (baseline, decided);
        Some(self.place_of(&id).unwrap_or_default())
    }

    /// Takes in what came out once some rows were asked more often. What is no longer another way stays to be decided of.
    pub fn observe(&mut self, observed: Vec<ObservedRow>) {
        let inbox = Inbox { baseline: self.first.clone(), observed, ..self.inbox.clone() };
        let mut review = inbox.review();
        for change in &self.review.changes {
            if review.changes.iter().any(|other| other.id() == change.id()) {
                continue;
            }
            let now = inbox.observed.iter().find(|now| (now.row.as_str(), now.target.as_str()) == change.key());
            review.changes.push(BaselineChange { now: now.cloned().or_else(|| change.now.clone()), ..change.clone() });
        }
        review.changes.sort_by_key(|change| change.kind);
        self.inbox.observed = inbox.observed;
        self.review = review;
    }

    /// Says in a line what was decided: `2 accepted, 1 pinned; 3 undecided`.
    #[must_use]
    pub fn sentence(&self) -> String {
        let words = ReviewDecision::WORDS.map(|word| {
            let count = self.decided.values().filter(|decision| decision.word() == word).count();
            (count > 0).then(|| format!("{count} {word}"))
        });
        let mut words: Vec<String> = words.into_iter().flatten().collect();
        if words.is_empty() {
            words.push("nothing decided".to_owned());
        }
        let undecided = match self.undecided() {
            0 => String::new(),
            count => format!("; {count} undecided"),
        };
        format!("{}{undecided}", words.join(", "))
    }
}
