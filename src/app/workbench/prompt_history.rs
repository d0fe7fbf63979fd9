//! What of the prompt can be taken back: texts, order, roles, muting, removals, parameters, response and checks, in the
//! order in which they were changed.

use crate::{
    app::{
        action::Pane,
        workbench::{
            Focus, Workbench,
            messages::{Message, Messages},
        },
    },
    model::{Check, Params, Response, ToolSet},
};

/// Changes that can be taken back, at most.
const MOST: usize = 2000;

/// The prompt but its texts, and the messages with theirs.
#[derive(Debug, Clone)]
struct DocumentState {
    messages: Vec<Message>,
    params: Params,
    response: Response,
    schema_draft: Option<String>,
    checks: Vec<Check>,
    tools: ToolSet,
    fallback: Vec<String>,
    focus: Focus,
}

/// One change.
#[derive(Debug, Clone)]
enum Change {
    /// A step of the text of a message, by its place.
    Text(usize),
    /// Anything else, by what was there on its other side.
    State(Box<DocumentState>),
}

/// The changes so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct PromptHistory {
    done: Vec<Change>,
    undone: Vec<Change>,
    /// The steps of each text that are among the changes.
    known: Vec<u64>,
}

fn steps(messages: &Messages) -> Vec<u64> {
    messages.iter().map(|message| message.field.steps()).collect()
}

impl PromptHistory {
    /// Forgets all changes.
    pub(crate) fn clear(&mut self, messages: &Messages) {
        *self = Self { known: steps(messages), ..Self::default() };
    }

    fn push(&mut self, change: Change) {
        if self.done.len() >= MOST {
            self.done.remove(0);
        }
        self.done.push(change);
        self.undone.clear();
    }
}

impl Workbench {
    /// Notes the steps that were typed since.
    pub(crate) fn note_typed(&mut self) {
        for (at, message) in self.messages.iter().enumerate() {
            let Some(known) = self.history.known.get_mut(at) else { break };
            let new = message.field.steps().saturating_sub(*known);
            *known = message.field.steps();
            for _ in 0..new {
                self.history.push(Change::Text(at));
            }
        }
    }

    fn document_state(&self) -> DocumentState {
        DocumentState {
            messages: self.messages.copied(),
            params: self.params.clone(),
            response: self.response.clone(),
            schema_draft: self.schema_draft.clone(),
            checks: self.checks.clone(),
            tools: self.tools.clone(),
            fallback: self.fallback.clone(),
            focus: if self.focus.pane() == Pane::Prompt { self.focus } else { self.prompt_focus },
        }
    }

    /// Has the prompt be as it is now again when the change that is about to be made is taken back. The texts that are
    /// typed are noted by themselves.
    pub(crate) fn begin_change(&mut self) {
        self.note_typed();
        let state = Box::new(self.document_state());
        self.history.push(Change::State(state));
        self.touch();
    }

    /// Has the steps of texts count as noted once a change is made.
    pub(crate) fn end_change(&mut self) {
        self.history.known = steps(&self.messages);
    }

    /// Takes the last change of the prompt back, or makes it again. Tells whether there was one.
    pub(crate) fn step_prompt(&mut self, back: bool) -> bool {
        self.note_typed();
        loop {
            let change = if back { self.history.done.pop() } else { self.history.undone.pop() };
            let (other, focus) = match change {
                None => return false,
                Some(Change::Text(at)) => {
                    let field = self.messages.field_mut(at);
                    let did = field.is_some_and(|field| if back { field.undo() } else { field.redo() });
                    if !did {
                        continue;
                    }
                    (Change::Text(at), Focus::Message(at))
                }
                Some(Change::State(state)) => {
                    let present = Box::new(self.document_state());
                    let DocumentState { messages, params, response, schema_draft, checks, tools, fallback, focus } =
                        *state;
                    self.messages.swap(messages);
                    (self.params, self.response, self.checks) = (params, response, checks);
                    (self.tools, self.fallback, self.schema_draft) = (tools, fallback, schema_draft);
                    self.end_change();
                    self.touch();
                    (Change::State(present), focus)
                }
            };
            if back {
                self.history.undone.push(other);
            } else {
                self.history.done.push(other);
            }
            if self.focus.pane() == Pane::Prompt {
                self.focus_on(focus);
            }
            return true;
        }
    }
}
