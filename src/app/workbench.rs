//! What has the focus at the bench, and the text that goes with it.
//!
//! The bench itself: the prompt, the input, the lanes and the numbers of this session.

pub(crate) mod attachments;
pub mod compare;
pub(crate) mod conversation;
pub mod document;
pub(crate) mod find;
pub mod freshness;
pub mod grading;
pub mod inputs;
pub mod lane;
pub mod lane_run;
pub mod layout;
pub mod messages;
pub mod metrics;
pub mod update;
pub mod versions;

pub(crate) mod checks;
pub(crate) mod pointer;
pub(crate) mod prompt_file;
pub(crate) mod prompt_history;
pub(crate) mod refusal;
pub(crate) mod reopen;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod session;
pub(crate) mod snippets;
pub(crate) mod tools;
pub(crate) mod undo;
pub(crate) mod view;

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use crate::{
    app::{
        action::{Action, Pane},
        event::Now,
        prompt_version::PlacedVersion,
        workbench::{
            attachments::KnownParts,
            compare::{Comparison, RecordedComparisons},
            document::Section,
            find::Find,
            freshness::VersionNumbers,
            inputs::{Inputs, VariableField},
            lane::{Lane, RunPhase},
            layout::BenchLayout,
            messages::Messages,
            prompt_history::PromptHistory,
            session::Autosave,
            undo::Changes,
        },
    },
    eval::whatif::Threshold,
    model::{
        Check, Format, Input, Params, Part, Prompt, Response, Session, ToolSet, Turn, VarValue,
        prompt::speaks_of_json,
        session::{KeptSetup, PaneSizes, SESSION_VERSION, USED_ACTIONS},
    },
    store::api::Over,
    template,
    template::{TemplateError, TemplateNote, TemplateVariables},
    text::SanitizedText,
    widgets::{document::DocumentView, frame::Hold, text_editor::TextEditor},
};

/// What has the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Focus {
    /// The text of a message of the prompt, counted from 0.
    Message(usize),
    /// The heading of such a message.
    Heading(usize),
    /// A section below the prompt's messages.
    Section(Section),
    /// The text of the input.
    Input,
    /// A variable of the input, by its place among its fields.
    Variable(usize),
    /// A lane, counted from 0.
    Lane(usize),
    Metrics,
}

impl Focus {
    /// Returns where on the bench it lies: headings and sections are in the prompt, variables in the input.
    #[must_use]
    pub fn pane(self) -> Pane {
        match self {
            Self::Message(_) | Self::Heading(_) | Self::Section(_) => Pane::Prompt,
            Self::Input | Self::Variable(_) => Pane::Input,
            Self::Lane(_) => Pane::Answers,
            Self::Metrics => Pane::Metrics,
        }
    }
}

impl Workbench {
    /// Returns the text with the focus, if a text has it.
    #[must_use]
    pub fn field(&self) -> Option<&TextEditor> {
        match self.focus {
            Focus::Message(at) => self.messages.get(at).map(|message| &message.field),
            Focus::Input => Some(&self.input),
            Focus::Variable(at) => self.fields.get(at).map(|field| &field.editor),
            Focus::Heading(_) | Focus::Section(_) | Focus::Lane(_) | Focus::Metrics => None,
        }
    }

    /// The same, to be edited.
    pub fn field_mut(&mut self) -> Option<&mut TextEditor> {
        self.field_of(self.focus)
    }

    /// Returns the text of anything that can have the focus, if it is one, to be edited.
    pub fn field_of(&mut self, focus: Focus) -> Option<&mut TextEditor> {
        match focus {
            Focus::Message(at) => self.messages.field_mut(at),
            Focus::Input => Some(&mut self.input),
            Focus::Variable(at) => self.fields.get_mut(at).map(|field| &mut field.editor),
            Focus::Heading(_) | Focus::Section(_) | Focus::Lane(_) | Focus::Metrics => None,
        }
    }

    /// Tells whether a pane has the keys.
    #[must_use]
    pub fn hold(&self, of: impl Fn(Focus) -> bool) -> Hold {
        match (of(self.focus), self.typing) {
            (false, _) => Hold::Away,
            (true, true) => Hold::Typing,
            (true, false) => Hold::Focused,
        }
    }

    /// Returns the place of the message with the focus, or of the one that had it last.
    #[must_use]
    pub fn message_at(&self) -> usize {
        self.message.min(self.messages.count() - 1)
    }

    /// Lists the panes in the order in which they are walked, each by what has the focus in it.
    #[must_use]
    pub fn stops(&self) -> Vec<Focus> {
        let mut stops = vec![self.prompt_focus, self.input_focus];
        stops.extend((0..self.lanes.len()).map(Focus::Lane));
        stops.push(Focus::Metrics);
        stops
    }

    /// Gives something the focus; what is not there, what is next to it. A field keeps being edited only if another
    /// field follows.
    pub fn focus_on(&mut self, focus: Focus) {
        let last = self.messages.count() - 1;
        let focus = match focus {
            Focus::Message(at) => Focus::Message(at.min(last)),
            Focus::Heading(at) => Focus::Heading(at.min(last)),
            Focus::Variable(at) if at >= self.fields.len() => Focus::Input,
            Focus::Variable(_) | Focus::Section(_) | Focus::Input | Focus::Lane(_) | Focus::Metrics => focus,
        };
        self.focus = focus;
        match focus {
            Focus::Message(at) | Focus::Heading(at) => {
                self.message = at;
                self.prompt_focus = focus;
                self.input_last = false;
            }
            Focus::Section(_) => {
                self.prompt_focus = focus;
                self.input_last = false;
            }
            Focus::Input | Focus::Variable(_) => {
                self.input_focus = focus;
                self.input_last = true;
            }
            Focus::Lane(at) => self.keep_to(at),
            Focus::Metrics => {}
        }
        self.typing &= self.field().is_some();
    }

    /// Tells whether what had the focus in the input is a variable that is not there any more.
    fn input_place_is_gone(&self) -> bool {
        matches!(self.input_focus, Focus::Variable(at) if at >= self.fields.len())
    }

    /// Has the input's text be what has the focus in the input.
    fn forget_input_place(&mut self) {
        self.input_focus = Focus::Input;
        if matches!(self.focus, Focus::Variable(_)) {
            self.focus_on(Focus::Input);
        }
    }

    /// Returns the pane that has the focus.
    #[must_use]
    pub fn pane(&self) -> Pane {
        self.focus.pane()
    }

    /// Gives the next or the former stop the focus, round the end. A text is edited at once.
    pub fn focus_step(&mut self, forward: bool) {
        let stops = self.stops();
        let same = |stop: &Focus| match self.focus {
            Focus::Lane(_) => *stop == self.focus,
            other => stop.pane() == other.pane(),
        };
        let at = stops.iter().position(same).unwrap_or(0);
        let to = (at + if forward { 1 } else { stops.len() - 1 }) % stops.len();
        if let Some(stop) = stops.get(to) {
            self.focus_on(*stop);
            self.typing = self.field().is_some();
        }
    }
}

/// Lanes side by side, at most.
pub const MAX_LANES: usize = 4;

/// Runs of the same request in each lane, at most.
pub const MAX_SAMPLES: u32 = 20;

/// Everything on the bench.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Workbench {
    /// The prompt's messages.
    pub messages: Messages,
    /// The input's text.
    pub input: TextEditor,
    /// The values of further variables.
    pub vars: BTreeMap<String, VarValue>,
    /// What goes with the input beside its text.
    pub(crate) parts: Vec<Part>,
    /// What is known of the parts of messages and of the input.
    pub(crate) part_facts: KnownParts,
    /// The variables as they are edited above the input's text.
    pub(crate) fields: Vec<VariableField>,
    /// The input's name and place, and the other inputs of the session.
    pub inputs: Inputs,
    /// One line on what the prompt is for.
    pub description: String,
    /// The sampling parameters.
    pub params: Params,
    /// The response that is expected.
    pub response: Response,
    /// The text of its schema while that is none: what is sent is the schema before.
    pub schema_draft: Option<String>,
    /// How batches were set up, the last one first.
    pub setups: Vec<KeptSetup>,
    /// Whether the schema was changed since it was opened.
    schema_changed: bool,
    /// Whether the tools were changed since their list was opened.
    tools_changed: bool,
    /// The further rules.
    pub checks: Vec<Check>,
    /// The tools that the model may call.
    pub tools: ToolSet,
    /// Targets tried when a lane's target fails.
    pub fallback: Vec<String>,
    /// The version on the bench, or the one its prompt is edited from, if that is known.
    pub version: Option<PlacedVersion>,
    /// The name of the prompt's file, if it has one.
    pub prompt_name: Option<String>,
    /// Whether the prompt speaks of JSON.
    speaks_of_json: bool,
    /// How many of the notes are on its messages; those of versions that lanes are held to follow.
    own_notes: usize,
    /// How many runs each lane makes of the same request, 1 to [`MAX_SAMPLES`].
    pub samples: u32,
    /// The lanes, one to [`MAX_LANES`].
    pub lanes: Vec<Lane>,
    /// The lane that is shown and run by itself, if one is.
    pub solo: Option<usize>,
    /// The lane that had the focus last.
    last: usize,
    /// What has the focus.
    pub focus: Focus,
    /// Whether the text with the focus is being edited.
    pub typing: bool,
    /// Whether the pane with the focus has the whole screen.
    pub zoom: bool,
    /// Whether the lanes scroll together.
    pub together: bool,
    /// What the lanes are compared with.
    pub compare: Comparison,
    /// What the record says of the lanes against the baseline.
    pub recorded: RecordedComparisons,
    /// What is known of the versions that old answers come from.
    pub(crate) versions: VersionNumbers,
    /// The count of changes that what the lanes would be asked was made of last.
    pub(crate) sourced: Option<u64>,
    /// The session's name.
    pub session: String,
    /// Which real providers were found, while that is news.
    pub banner: Option<SanitizedText>,
    /// The name of the prompt that the first start began with.
    pub(crate) sample: Option<String>,
    /// The keys and servers that were found at the first start.
    pub(crate) found: Vec<SanitizedText>,
    /// Where everything is, as of the last frame of the bench.
    pub layout: BenchLayout,
    /// By how much the panes are bigger than usual.
    pub(crate) sizes: PaneSizes,
    /// The actions that were chosen from lists, the last one first.
    used_actions: Vec<Action>,
    /// Whether there was no session to go on with.
    pub(crate) first_start: bool,
    pub(crate) autosave: Autosave,
    /// What can be undone beside the edits of texts.
    pub(crate) changes: Changes,
    /// When the session's file was saved as this bench knows it, if it is on disk.
    pub saved_at: Option<Timestamp>,
    /// The digest of the text of the prompt's file, as this bench knows it.
    pub file: Option<String>,
    /// The prompt as its file has it, if that is known.
    base: Option<Prompt>,
    dirty: bool,
    /// The place of the message that had the focus last.
    pub(crate) message: usize,
    /// Whether the input had the focus after the prompt.
    pub(crate) input_last: bool,
    /// What of the prompt's pane and of the input's has the focus, or had it last.
    prompt_focus: Focus,
    input_focus: Focus,
    /// The windows on both.
    pub(crate) prompt_view: DocumentView,
    pub(crate) input_view: DocumentView,
    /// What is looked for in the prompt or the input.
    pub(crate) find: Option<Find>,
    /// What of the prompt can be taken back.
    pub(crate) history: PromptHistory,
    asks: TemplateVariables,
    template_errors: Vec<(usize, TemplateError)>,
    /// The prompt and the input as they were when they were last asked for, each with the count of changes then.
    shared_prompt: Option<((u64, u64), Arc<Prompt>)>,
    shared_input: Option<((u64, u64), Arc<Input>)>,
    missing: Vec<String>,
    /// Counts changes outside the fields.
    touched: u64,
    seen: u64,
}

impl Workbench {
    /// Puts a prompt and an input on the bench, with one lane per target.
    #[must_use]
    pub fn new(name: Option<String>, prompt: &Prompt, input: &Input, targets: &[String], session: String) -> Self {
        let mut bench = Self {
            messages: Messages::of(prompt),
            input: TextEditor::of(&input.text),
            vars: inputs::on_bench(input),
            parts: input.parts.clone(),
            part_facts: KnownParts::default(),
            fields: Vec::new(),
            inputs: Inputs::default(),
            description: String::new(),
            params: Params::default(),
            response: Response::default(),
            schema_draft: None,
            setups: Vec::new(),
            schema_changed: false,
            tools_changed: false,
            speaks_of_json: false,
            own_notes: 0,
            checks: Vec::new(),
            tools: ToolSet::default(),
            fallback: Vec::new(),
            version: None,
            prompt_name: None,
            samples: 1,
            lanes: targets.iter().take(MAX_LANES).map(Lane::new).collect(),
            solo: None,
            last: 0,
            focus: Focus::Lane(0),
            message: 0,
            input_last: false,
            prompt_focus: Focus::Message(0),
            input_focus: Focus::Input,
            prompt_view: DocumentView::default(),
            input_view: DocumentView::default(),
            find: None,
            history: PromptHistory::default(),
            typing: false,
            zoom: false,
            together: false,
            compare: Comparison::default(),
            recorded: RecordedComparisons::default(),
            versions: VersionNumbers::default(),
            sourced: None,
            session,
            saved_at: None,
            banner: None,
            found: Vec::new(),
            sample: None,
            layout: BenchLayout::default(),
            sizes: PaneSizes::default(),
            used_actions: Vec::new(),
            first_start: false,
            autosave: Autosave::default(),
            changes: Changes::default(),
            file: None,
            base: None,
            dirty: false,
            asks: TemplateVariables::default(),
            template_errors: Vec::new(),
            shared_prompt: None,
            shared_input: None,
            missing: Vec::new(),
            touched: 0,
            seen: u64::MAX,
        };
        bench.put(name, prompt);
        bench
    }

    /// Puts another prompt on the bench, as its file has it.
    pub fn put(&mut self, name: Option<String>, prompt: &Prompt) {
        let before = self.revision();
        self.messages = Messages::of(prompt);
        self.history.clear(&self.messages);
        self.message = self.messages.count() - 1;
        self.prompt_focus = Focus::Message(self.message);
        if self.focus.pane() == Pane::Prompt {
            self.focus_on(self.prompt_focus);
        }
        self.description.clone_from(&prompt.description);
        self.params = prompt.params.clone();
        self.response = prompt.response.clone();
        self.schema_draft = None;
        self.checks.clone_from(&prompt.checks);
        self.tools = prompt.tool_set();
        self.fallback.clone_from(&prompt.fallback);
        self.version = None;
        if self.prompt_name != name {
            self.forget_version_numbers();
        }
        self.prompt_name = name;
        self.file = None;
        self.base = Some(prompt.clone());
        self.touched = before + 1;
    }

    /// Puts the prompt of a run on the bench. Where it has the name of the one that is there it is an edit of
    /// that, else nobody knows whether its file still has it so.
    pub fn put_of_record(&mut self, name: Option<String>, prompt: &Prompt, version: PlacedVersion) {
        if name != self.prompt_name {
            self.put(name, prompt);
            self.base = None;
        }
        self.put_version(version);
    }

    /// Tells whether the program was never used before, and nothing was run since it was started.
    #[must_use]
    pub fn is_first_screen(&self) -> bool {
        let mut runs = self.lanes.iter().flat_map(Lane::runs);
        let is_sample = self.prompt_name == self.sample && !self.dirty;
        self.first_start && is_sample && self.lanes.len() == 1 && runs.all(|run| run.state == RunPhase::Idle)
    }

    /// Puts a session on the bench.
    #[must_use]
    pub fn restored(session: &Session, default_target: &str) -> Self {
        let targets = [default_target.to_owned()];
        let mut bench =
            Self::new(session.prompt_name.clone(), &session.prompt, &session.input, &targets, session.name.clone());
        bench.samples = session.samples.clamp(1, MAX_SAMPLES);
        bench.sizes = session.sizes;
        // What another copy of the program knows and this one does not is no mistake.
        let known = session.used_actions.iter().filter_map(|name| name.parse().ok());
        bench.used_actions = known.take(USED_ACTIONS).collect();
        if !session.lanes.is_empty() {
            bench.set_lanes(session.lanes.clone());
        }
        bench.want_runs(&session.answers);
        if session.edited {
            bench.base = None;
        }
        bench.inputs = Inputs::of(session.input_name.clone(), &session.other_inputs, session.input_at);
        bench.schema_draft.clone_from(&session.schema_draft);
        bench.setups.clone_from(&session.setups);
        bench.saved_at = session.onto;
        bench.file.clone_from(&session.prompt_file);
        bench
    }

    /// Returns the session as it is to be saved.
    #[must_use]
    pub fn session(&self, now: Now) -> Session {
        Session {
            version: SESSION_VERSION,
            name: self.session.clone(),
            saved: now.time,
            prompt_name: self.prompt_name.clone(),
            prompt_file: self.file.clone(),
            edited: self.dirty,
            onto: self.saved_at,
            lanes: self.specs(),
            answers: self.shown_runs(),
            samples: self.samples,
            sizes: self.sizes,
            setups: self.setups.clone(),
            used_actions: self.used_actions.iter().map(|action| action.name().to_owned()).collect(),
            input: self.input(),
            input_name: self.inputs.name.clone(),
            input_at: self.inputs.at(),
            other_inputs: self.inputs.others(),
            schema_draft: self.schema_draft.clone(),
            prompt: self.prompt(),
        }
    }

    /// Returns the prompt as it stands on the bench.
    #[must_use]
    pub fn prompt(&self) -> Prompt {
        self.prompt_with(self.messages.turns())
    }

    /// Returns the prompt with messages that were read from the bench.
    fn prompt_with(&self, messages: Vec<Turn>) -> Prompt {
        let mut prompt = Prompt {
            description: self.description.clone(),
            system: String::new(),
            user: String::new(),
            targets: self.base.as_ref().map(|base| base.targets.clone()).unwrap_or_default(),
            fallback: self.fallback.clone(),
            params: self.params.clone(),
            response: self.response.clone(),
            checks: self.checks.clone(),
            ..Prompt::default()
        }
        .with_tools(self.tools.clone());
        prompt.set_turns(messages);
        prompt
    }

    /// Returns the prompt as its file is to have it: with the lanes' targets, unless there is but
    /// the one that is used where nothing names one.
    #[must_use]
    pub fn prompt_to_save(&self, default_target: &str) -> Prompt {
        let mut targets: Vec<String> = Vec::new();
        for target in self.targets() {
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
        let named = targets != [default_target];
        Prompt { targets: if named { targets } else { Vec::new() }, ..self.prompt() }
    }

    /// Tells what a prompt of a name may be written over: its own file, if this bench knows it.
    #[must_use]
    pub fn known_file(&self, name: &str) -> Over {
        match &self.file {
            Some(file) if self.prompt_name.as_deref() == Some(name) => Over::Known(file.clone()),
            Some(_) | None => Over::Nothing,
        }
    }

    /// Notes that the prompt was saved as it was then, and the digest of what its file holds.
    pub fn saved(&mut self, name: String, prompt: Prompt, file: String) {
        self.prompt_name = Some(name);
        self.file = Some(file);
        self.base = Some(prompt);
        self.touch();
    }

    /// Takes over a threshold that was written to the prompt's file, where the prompt is as the file had it.
    /// Tells whether it was.
    pub fn take_threshold(&mut self, written: &Threshold, digest: String) -> bool {
        let mut prompt = self.prompt();
        let fits = Threshold::find(&prompt, &written.rule).is_ok_and(|knob| knob.key == written.key);
        let (Some(value), Some(base)) = (written.present, &mut self.base) else {
            return false;
        };
        if *base != prompt || !fits || !written.put(&mut prompt, value) {
            return false;
        }
        written.put(base, value);
        self.file = Some(digest);
        (self.response, self.checks) = (prompt.response, prompt.checks);
        self.touch();
        true
    }

    /// Returns the prompt as its file has it, if that is known.
    pub(crate) fn base(&self) -> Option<&Prompt> {
        self.base.as_ref()
    }

    /// Returns the input as it stands on the bench.
    #[must_use]
    pub fn input(&self) -> Input {
        Input { text: self.input.text(), vars: self.vars.clone(), parts: self.parts.clone() }
    }

    /// Returns the prompt, which is copied once for each change of it.
    pub(crate) fn shared_prompt(&mut self) -> Arc<Prompt> {
        let key = (self.touched, self.messages.revision());
        match &self.shared_prompt {
            Some((known, prompt)) if *known == key => Arc::clone(prompt),
            _ => {
                let prompt = Arc::new(self.prompt());
                self.shared_prompt = Some((key, Arc::clone(&prompt)));
                prompt
            }
        }
    }

    /// Returns the input, which is copied once for each change of it.
    pub(crate) fn shared_input(&mut self) -> Arc<Input> {
        let key = (self.touched, self.input.revision());
        match &self.shared_input {
            Some((known, input)) if *known == key => Arc::clone(input),
            _ => {
                let input = Arc::new(self.input());
                self.shared_input = Some((key, Arc::clone(&input)));
                input
            }
        }
    }

    /// Tells whether the prompt differs from its file.
    #[must_use]
    pub fn dirty(&self) -> bool {
        self.dirty
    }

    /// Lists the variables of the prompt that have no value, in order.
    #[must_use]
    pub fn missing(&self) -> &[String] {
        &self.missing
    }

    /// Counts the characters that a run sends first, about: the messages, the input and the values beside it, the tools.
    #[must_use]
    pub fn sent_chars(&self) -> u64 {
        let messages = self.messages.iter().filter(|message| !message.muted);
        let texts = messages.map(|message| message.field.rope().len_chars() + message.beside.call_chars());
        let values = self.fields.iter().filter(|field| field.asked).map(|field| field.editor.rope().len_chars());
        let texts = texts.chain(values).chain([self.input.rope().len_chars()]).map(|chars| chars as u64);
        texts.chain([self.tools.chars()]).sum()
    }

    /// Lists the places of the messages that look like templates and are texts.
    pub fn notes(&self) -> impl Iterator<Item = &TemplateNote> {
        self.asks.notes.iter().take(self.own_notes)
    }

    /// Returns the form of the answers.
    #[must_use]
    pub fn format(&self) -> Format {
        self.response.format_of(self.speaks_of_json).0
    }

    /// Lists the messages that make no sense, by their places, with what is wrong with each.
    #[must_use]
    pub fn template_errors(&self) -> &[(usize, TemplateError)] {
        &self.template_errors
    }

    /// Lists the variables of the prompt but `input`, in order.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.asks.names.iter().map(String::as_str).filter(|name| *name != "input")
    }

    /// Counts every change so far: another number means that there is something to save.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.touched + self.messages.revision() + self.input.revision() + self.inputs.revision()
    }

    /// Notes a change outside the fields.
    pub fn touch(&mut self) {
        self.touched += 1;
    }

    /// Brings what follows from the texts up to date, if they changed.
    pub fn settle_texts(&mut self) {
        self.note_typed();
        self.read_fields();
        let revision = self.revision();
        if revision == self.seen {
            return;
        }
        self.seen = revision;
        let key = (self.touched, self.messages.revision());
        if self.shared_prompt.as_ref().is_some_and(|(known, _)| *known == key) {
            return;
        }
        // All is read from one copy of the texts, which may be long.
        let messages = self.messages.turns();
        (self.asks, self.template_errors) = template::asks_of(&messages);
        let prompt = Arc::new(self.prompt_with(messages));
        self.shared_prompt = Some((key, Arc::clone(&prompt)));
        self.dirty = self.base.as_ref() != Some(&*prompt);
        if let Some(version) = &mut self.version {
            version.edited = *version.prompt != prompt.version();
        }
        self.speaks_of_json = speaks_of_json(prompt.spoken_texts());
        self.own_notes = self.asks.notes.len();
        // A version that a lane is held to was run once, so its templates make sense.
        for pinned in self.lanes.iter().filter_map(|lane| lane.spec.pinned.as_ref()) {
            self.asks.add(template::asks_of(&pinned.prompt.turns()).0);
        }
        self.missing = self.asks.missing(|name| name == "input" || self.vars.contains_key(name));
        self.lay_fields();
    }
}
