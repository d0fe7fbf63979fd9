//! Conversations that go on from row to row, as promptfoo has them: the rows with the same `conversationId` in their metadata
//! (or all that have none), one after the other, for each prompt, target and sample. A row's cell waits for the one before
//! it and is given what was asked and answered.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value;

use crate::{
    model::{CellIndex, DatasetRow, Prompt, RunRequest, VarValue},
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

/// The conversations of a batch.
#[derive(Debug, Default)]
pub(crate) struct Conversations {
    /// The prompts, by their places, that go on with one.
    prompts: BTreeSet<u32>,
    all: BTreeMap<ConversationKey, Conversation>,
}

impl Conversations {
    pub(crate) fn of(prompts: &[(String, Arc<Prompt>)]) -> Self {
        let prompts = (0..).zip(prompts).filter(|(_, (_, prompt))| goes_on(prompt)).map(|(place, _)| place).collect();
        Self { prompts, all: BTreeMap::new() }
    }

    fn of_cell(&mut self, place: CellIndex, row: &DatasetRow) -> Option<&mut Conversation> {
        let CellIndex { row: _, prompt, target, sample } = place;
        self.prompts.contains(&prompt).then(|| {
            let id = row.metadata.get(ID).cloned().unwrap_or_default();
            self.all.entry((id, prompt, target, sample)).or_default()
        })
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
