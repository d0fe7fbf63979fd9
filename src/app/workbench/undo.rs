//! Changes of the bench beside the edits of its texts, which can be undone and made again: lanes, models, parameters,
//! and the prompt as a whole.

use crate::{
    app::{
        action::{BenchAction, Pane},
        context::Cx,
        event::Ticket,
        intent::{BenchIntent, Intent},
        notices::Tone,
        prompt_version::PlacedVersion,
        workbench::{Focus, Workbench, lane::Lane, messages::Messages, prompt_history::PromptHistory},
    },
    model::{Check, Params, Part, Prompt, Response, ToolSet},
    store::api::PromptMove,
};

/// Changes that are remembered, at most.
const REMEMBERED: usize = 50;

/// What takes a change back.
#[derive(Debug, Clone)]
pub(crate) enum UndoStep {
    /// A lane was added: it is closed.
    AddedLane { at: usize },
    /// A lane was closed: it comes back with what it shows.
    ClosedLane { at: usize, lane: Box<Lane> },
    /// A lane was given another model or parameters: it is again what it was.
    ChangedLane { at: usize, lane: Box<Lane> },
    /// An input was given other images, files or audio: it has these again.
    InputParts {
        /// The place of the input among all.
        at: usize,
        parts: Vec<Part>,
    },
    /// A prompt's file was moved: it is moved back.
    PromptFile(PromptMove),
    /// Another prompt or version came onto the bench: the one before comes back.
    Prompt(Box<PromptState>),
}

impl UndoStep {
    /// Says what is as before, once the change is undone or made again.
    fn says(&self, back: bool) -> &'static str {
        match (self, back) {
            (Self::AddedLane { .. }, true) => "Closed the added lane",
            (Self::AddedLane { .. }, false) => "Closed the lane again",
            (Self::ClosedLane { .. }, true) => "Reopened the lane",
            (Self::ClosedLane { .. }, false) => "Added the lane again",
            (Self::ChangedLane { .. }, true) => "Lane as before",
            (Self::ChangedLane { .. }, false) => "Lane changed again",
            (Self::InputParts { .. }, true) => "Attachments as before",
            (Self::InputParts { .. }, false) => "Attachments changed again",
            (Self::PromptFile(_), true) => "Moves the prompt's file back",
            (Self::PromptFile(_), false) => "Moves the prompt's file again",
            (Self::Prompt(_), true) => "Prompt as before",
            (Self::Prompt(_), false) => "Prompt changed again",
        }
    }
}

/// Everything of the prompt on the bench, and the lanes where they were replaced with it.
#[derive(Debug, Clone)]
pub(crate) struct PromptState {
    messages: Messages,
    /// The edits that led to it.
    history: PromptHistory,
    schema_draft: Option<String>,
    description: String,
    params: Params,
    response: Response,
    checks: Vec<Check>,
    tools: ToolSet,
    fallback: Vec<String>,
    version: Option<PlacedVersion>,
    prompt_name: Option<String>,
    file: Option<String>,
    base: Option<Prompt>,
    lanes: Option<Vec<Lane>>,
}

/// A change with the counts of changes right before and right after it.
#[derive(Debug, Clone)]
struct Noted {
    change: UndoStep,
    before: u64,
    after: u64,
}

/// The changes that can be undone, and those that were.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changes {
    done: Vec<Noted>,
    undone: Vec<Noted>,
    /// The move of a prompt's file that was asked for to undo a change, or else to make one again, until it is heard of.
    moving: Option<(PromptMove, bool)>,
}

impl Changes {
    /// Takes the last change that was done, or undone; only where nothing was changed since, if so.
    fn take(&mut self, back: bool, since: Option<u64>) -> Option<Noted> {
        let from = if back { &mut self.done } else { &mut self.undone };
        let noted = from.pop_if(|noted| since.is_none_or(|revision| noted.after == revision))?;
        Some(noted)
    }

    /// Puts a change back that was taken and not made: it is the last one still.
    fn keep(&mut self, back: bool, noted: Noted) {
        let side = if back { &mut self.done } else { &mut self.undone };
        side.push(noted);
    }

    /// Takes the change that a file's move was asked for to undo, or else to make again, and tells which of the two it was;
    /// none where the move was asked for by itself.
    fn take_move(&mut self, step: &PromptMove) -> Option<(Noted, bool)> {
        let (_, back) = self.moving.take_if(|(asked, _)| asked == step)?;
        let side = if back { &mut self.done } else { &mut self.undone };
        let is_it = |noted: &Noted| matches!(&noted.change, UndoStep::PromptFile(other) if other == step);
        let at = side.iter().rposition(is_it)?;
        Some((side.remove(at), back))
    }

    /// Puts what makes a change again, or undoes it again, on the other side. The change before it is the last one now.
    fn put(&mut self, back: bool, noted: Noted, reached: u64) {
        let (from, to) = if back { (&mut self.done, &mut self.undone) } else { (&mut self.undone, &mut self.done) };
        if let Some(last) = from.last_mut().filter(|last| last.after == noted.before) {
            last.after = reached;
        }
        to.push(noted);
    }
}

impl Workbench {
    /// Returns the prompt as it is on the bench, with its lanes if so.
    pub(crate) fn prompt_state(&self, with_lanes: bool) -> UndoStep {
        UndoStep::Prompt(Box::new(PromptState {
            messages: self.messages.clone(),
            history: self.history.clone(),
            schema_draft: self.schema_draft.clone(),
            description: self.description.clone(),
            params: self.params.clone(),
            response: self.response.clone(),
            checks: self.checks.clone(),
            tools: self.tools.clone(),
            fallback: self.fallback.clone(),
            version: self.version.clone(),
            prompt_name: self.prompt_name.clone(),
            file: self.file.clone(),
            base: self.base.clone(),
            lanes: with_lanes.then(|| self.lanes.iter().map(rested).collect()),
        }))
    }

    /// Returns what brings a lane back as it is.
    pub(crate) fn lane_state(&self, at: usize) -> Option<UndoStep> {
        self.lanes.get(at).map(|lane| UndoStep::ChangedLane { at, lane: Box::new(rested(lane)) })
    }

    /// Notes a change that was made when so many had been, so that it can be undone.
    pub(crate) fn note_change(&mut self, change: UndoStep, before: u64) {
        self.changes.undone.clear();
        if self.changes.done.len() >= REMEMBERED {
            self.changes.done.remove(0);
        }
        self.changes.done.push(Noted { change, before, after: self.revision() });
    }

    /// Notes what moves a prompt's file back, now that it was moved when so many changes had been made: as a change of its
    /// own, or, where the move undid a change or made one again, on the other side.
    pub(crate) fn note_move(&mut self, moved: &PromptMove, inverse: PromptMove, before: u64) {
        let change = UndoStep::PromptFile(inverse);
        match self.changes.take_move(moved) {
            Some((_, back)) => {
                let reached = self.revision();
                self.changes.put(back, Noted { change, before, after: reached }, reached);
            }
            None => self.note_change(change, before),
        }
    }

    /// Forgets the change that a move was to undo, or to make again: the move was refused, and would be again. Tells
    /// whether there was one.
    pub(crate) fn drop_move(&mut self, refused: &PromptMove) -> bool {
        self.changes.take_move(refused).is_some()
    }

    /// Undoes the last change, or makes the one again that was undone last: one of the bench where nothing was edited
    /// since, else an edit of the input or the prompt, else the last of the bench.
    pub(crate) fn undo(&mut self, back: bool, cx: &mut Cx<'_, Self>) {
        if back && self.unremove_input() {
            self.focus_on(Focus::Input);
            return;
        }
        let now = Some(self.revision());
        let last = self.changes.take(back, now);
        if last.is_none() && self.step_text(back) {
            return;
        }
        match last.or_else(|| self.changes.take(back, None)) {
            Some(noted) => self.take_back(noted, back, cx),
            None => cx.say(Tone::Info, if back { "Nothing to undo" } else { "Nothing to redo" }),
        }
    }

    /// Undoes the last edit, or makes it again: of the input where that has the focus, else of the prompt.
    fn step_text(&mut self, back: bool) -> bool {
        match self.pane() {
            Pane::Input => self.field_mut().is_some_and(|field| if back { field.undo() } else { field.redo() }),
            Pane::Prompt | Pane::Answers | Pane::Metrics => self.step_prompt(back),
        }
    }

    fn take_back(&mut self, noted: Noted, back: bool, cx: &mut Cx<'_, Self>) {
        if let UndoStep::PromptFile(step) = &noted.change {
            // It can be refused: it is used up once the file was moved.
            if self.changes.moving.is_some() {
                cx.say(Tone::Info, "The prompt's file is being moved; press the key again then");
            } else {
                self.changes.moving = Some((step.clone(), back));
                cx.send(Intent::Bench(BenchIntent::MovePrompt(step.clone())));
            }
            return self.changes.keep(back, noted);
        }
        let now = self.revision();
        let says = noted.change.says(back);
        let (inverse, stopped) = self.apply(noted.change);
        Self::stop_runs(stopped, cx);
        self.touch();
        let reached = self.revision();
        self.changes.put(back, Noted { change: inverse, before: now, after: reached }, reached);
        let other = if back { (BenchAction::Redo, "redoes it") } else { (BenchAction::Undo, "undoes it") };
        let key = cx.shared.keymap.shown(other.0, self.typing);
        let key = key.map_or_else(String::new, |key| format!("; {key} {}", other.1));
        cx.say(Tone::Info, &format!("{says}{key}"));
    }

    /// Applies what takes a change back, and returns what makes the change again and the runs this breaks off.
    fn apply(&mut self, change: UndoStep) -> (UndoStep, Vec<Ticket>) {
        match change {
            UndoStep::AddedLane { at } => {
                let lane = self.lanes.get(at).map_or_else(|| self.new_lane(""), rested);
                let stopped = self.remove_lane(at);
                (UndoStep::ClosedLane { at, lane: Box::new(lane) }, stopped)
            }
            UndoStep::ClosedLane { at, lane } => {
                let at = at.min(self.lanes.len());
                self.lanes.insert(at, *lane);
                self.solo = None;
                self.focus_on(Focus::Lane(at));
                (UndoStep::AddedLane { at }, Vec::new())
            }
            UndoStep::ChangedLane { at, lane } => {
                let at = at.min(self.lanes.len().saturating_sub(1));
                let Some(place) = self.lanes.get_mut(at) else {
                    return (UndoStep::ChangedLane { at, lane }, Vec::new());
                };
                let stopped = place.stop();
                let present = std::mem::replace(place, *lane);
                (UndoStep::ChangedLane { at, lane: Box::new(present) }, stopped)
            }
            UndoStep::InputParts { at, parts } => {
                self.go_to_input(at);
                self.focus_on(Focus::Input);
                let at = self.inputs.at();
                (UndoStep::InputParts { at, parts: std::mem::replace(&mut self.parts, parts) }, Vec::new())
            }
            // The store does it: see `take_back`.
            UndoStep::PromptFile(step) => (UndoStep::PromptFile(step), Vec::new()),
            UndoStep::Prompt(state) => {
                let with_lanes = state.lanes.is_some();
                let inverse = self.prompt_state(with_lanes);
                let stopped =
                    if with_lanes { self.lanes.iter_mut().flat_map(Lane::stop).collect() } else { Vec::new() };
                self.put_state(*state);
                (inverse, stopped)
            }
        }
    }

    fn put_state(&mut self, state: PromptState) {
        let before = self.revision();
        let PromptState {
            messages,
            history,
            schema_draft,
            description,
            params,
            response,
            checks,
            tools,
            fallback,
            version,
            prompt_name,
            file,
            base,
            lanes,
        } = state;
        if self.prompt_name != prompt_name {
            self.forget_version_numbers();
        }
        (self.messages, self.description, self.params, self.response) = (messages, description, params, response);
        (self.history, self.schema_draft) = (history, schema_draft);
        (self.checks, self.tools, self.fallback, self.version) = (checks, tools, fallback, version);
        (self.prompt_name, self.file, self.base) = (prompt_name, file, base);
        if let Some(lanes) = lanes {
            self.lanes = lanes;
            self.solo = None;
            if let Focus::Lane(_) = self.focus {
                self.focus_on(Focus::Lane(self.lane_at()));
            }
        }
        self.message = self.message_at();
        self.focus_on(self.focus);
        self.touched = before + 1;
    }
}

/// Copies a lane with its runs stopped: one that is under way cannot come back.
fn rested(lane: &Lane) -> Lane {
    let mut lane = lane.clone();
    lane.stop();
    lane
}
