//! Conversations that go on from row to row, as promptfoo has them: the rows with the same `conversationId` in their metadata
//! (or all that have none), one after the other, for each prompt, target and sample. A row's cell waits for the one before
//! it and is given what was asked and answered.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value;

use crate::{
    model::{CellIndex, DatasetRow, Prompt, RunRequest, RunStatus, VarValue},
    template::conversation::{EARLIER, goes_on},
};

/// The key of a row's metadata that names its conversation.
const ID: &str = "conversationId";

/// A conversation with one target: its name, the prompt, the target, the sample.
type ConversationKey = (String, u32, u32, u32);

/// One of them so far.
#[derive(Debug, Default)]
struct Conversation {
    /// What was asked and answered.
    said: Vec<Value>,
    /// The cell under way, which the next one waits for.
    open: Option<CellIndex>,
    /// Whether a turn was said anew: what follows on record answers another one.
    is_new: bool,
}

/// Counts the turns of conversations that nobody asked to check: those without a check in a conversation of which
/// another turn was checked. They are what that one is about, and no cases of their own.
#[derive(Debug, Default)]
pub struct UncheckedTurns {
    prompts: BTreeSet<u32>,
    /// Of each conversation how many turns have no check, and whether another one has.
    all: BTreeMap<ConversationKey, (u64, bool)>,
}

impl UncheckedTurns {
    /// Begins with the prompts of a batch.
    #[must_use]
    pub fn of(prompts: &[(String, Prompt)]) -> Self {
        Self { prompts: going_on(prompts.iter().map(|(_, prompt)| prompt)), all: BTreeMap::new() }
    }

    /// Takes a cell in that has ended.
    pub fn take(&mut self, place: CellIndex, row: &DatasetRow, status: RunStatus) {
        if !self.prompts.contains(&place.prompt) {
            return;
        }
        let (unchecked, checked) = self.all.entry(key(place, row)).or_default();
        match status {
            RunStatus::Unchecked => *unchecked += 1,
            RunStatus::Passed | RunStatus::Failed | RunStatus::Inconclusive => *checked = true,
            RunStatus::Error | RunStatus::Cancelled => {}
        }
    }

    /// Returns how many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.all.values().filter(|(_, checked)| *checked).map(|(unchecked, _)| unchecked).sum()
    }
}

/// Returns the places of the prompts that go on with a conversation.
fn going_on<'a>(prompts: impl Iterator<Item = &'a Prompt>) -> BTreeSet<u32> {
    (0..).zip(prompts).filter(|(_, prompt)| goes_on(prompt)).map(|(place, _)| place).collect()
}

fn key(place: CellIndex, row: &DatasetRow) -> ConversationKey {
    let CellIndex { row: _, prompt, target, sample } = place;
    (row.metadata.get(ID).cloned().unwrap_or_default(), prompt, target, sample)
}

/// The conversations of a batch.
#[derive(Debug, Default)]
pub(crate) struct Conversations {
    /// The prompts, by their places, that go on with one.
    prompts: BTreeSet<u32>,
    all: BTreeMap<ConversationKey, Conversation>,
}

impl Conversations {
    pub(crate) fn of(prompts: &[(String, Arc<Prompt>)]) -> Self {
        Self { prompts: going_on(prompts.iter().map(|(_, prompt)| &**prompt)), all: BTreeMap::new() }
    }

    fn of_cell(&mut self, place: CellIndex, row: &DatasetRow) -> Option<&mut Conversation> {
        self.prompts.contains(&place.prompt).then(|| self.all.entry(key(place, row)).or_default())
    }

    /// Tells whether a cell has to wait for the turn before it.
    pub(crate) fn waits(&mut self, place: CellIndex, row: &DatasetRow) -> bool {
        self.of_cell(place, row).is_some_and(|talk| talk.open.is_some_and(|open| open != place))
    }

    /// Tells whether a cell on record still answers what it would be asked: no turn before it was said anew.
    pub(crate) fn still_answers(&mut self, place: CellIndex, row: &DatasetRow) -> bool {
        self.of_cell(place, row).is_none_or(|talk| !talk.is_new)
    }

    /// Gives a request the turns before it, where its row does not bring its own.
    pub(crate) fn begin(&mut self, place: CellIndex, row: &DatasetRow, request: &mut RunRequest) {
        let Some(talk) = self.of_cell(place, row) else { return };
        talk.open = Some(place);
        let said = VarValue::Json(Value::from(talk.said.clone()).to_string());
        request.input.vars.entry(EARLIER.to_owned()).or_insert(said);
    }

    /// Ends the cell under way, with what was asked and answered, if anything was.
    pub(crate) fn end(&mut self, place: CellIndex, row: &DatasetRow, said: Option<Value>) {
        let Some(talk) = self.of_cell(place, row) else { return };
        talk.open = None;
        talk.is_new = true;
        talk.said.extend(said);
    }

    /// Passes a cell that is not asked, with what was said in it when it was.
    pub(crate) fn pass(&mut self, place: CellIndex, row: &DatasetRow, said: Option<&Value>) {
        if let Some(talk) = self.of_cell(place, row) {
            talk.said.extend(said.cloned());
        }
    }
}
