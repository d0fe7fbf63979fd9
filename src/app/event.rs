//! What reaches the workbench and what it asks of the world.

use std::{collections::BTreeSet, time::Instant};

use crossterm::event::{KeyEvent, MouseEvent};
use jiff::Timestamp;

use crate::{
    app::action::Action,
    eval::{
        ablate::Ablated,
        baseline::inbox::Inbox,
        experiment::{ExperimentEvent, ExperimentLimits},
        improve::{ImproveForecast, Improved},
    },
    model::{
        Attachment, BatchId, Expected, Prompt, RunId, RunRequest,
        batch::{BatchLimits, BatchRequest},
        dataset::{DatasetPreview, MissingVariable, RowText},
        error::StoreError,
        model_list::{ModelFacts, ServedModel},
        quirk::KnownQuirks,
        theme::Rgb,
        traffic::{FailRule, HeldAnswer, LiveTexts, LiveTraffic},
    },
    pipeline::{
        AccountState, KeyState, TimedEvent,
        batch::{
            BatchEvent,
            budget::{Estimate, Span},
        },
    },
    store::api::{StoreReply, StoreRequest},
    text::Pasted,
};

/// The time, as the caller reads it; the workbench reads no clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// For durations.
    pub at: Instant,
    /// For the time of day.
    pub time: Timestamp,
}

/// Names one thing the workbench has asked for. Answers to a ticket it no longer holds are ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// A text that can be opened in an editor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FieldId {
    /// A message of the prompt, counted from 0.
    Message(usize),
    Input,
    /// A variable of the input, by its place.
    Variable(usize),
    /// The JSON Schema of the answer.
    Schema,
    /// The request of a program's call, by the call's number.
    Call(u64),
    /// A lane's answer: to look at, an edit of it is dropped.
    Answer,
}

/// What a running batch is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BatchCommand {
    /// Ends, those under way unanswered.
    Stop,
    /// Begins no further cell for now.
    Pause,
    /// Goes on.
    Resume,
    /// Has so many calls under way at once.
    Concurrency(usize),
    /// Has it use no more than this.
    Caps(BatchLimits),
}

/// What an experiment is to find out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExperimentKind {
    /// A better prompt.
    Improve {
        /// The model that proposes edits.
        by: String,
        /// Edits that are wanted.
        candidates: usize,
    },
    /// Which parts of a prompt matter.
    Ablate,
}

/// An experiment as a form asks for it.
#[derive(Debug, Clone, PartialEq)]
pub struct ExperimentRequest {
    pub kind: ExperimentKind,
    /// The batch that it goes on from: its first prompt and its data set are meant.
    pub batch: Box<BatchRequest>,
    /// The model that is asked.
    pub model: String,
    pub limits: ExperimentLimits,
    /// Whether what is on record of it is left aside.
    pub anew: bool,
}

impl ExperimentRequest {
    /// Tells whether the same is found out of the same prompt and data set by the same models, within whatever limits.
    #[must_use]
    pub fn asks_the_same(&self, other: &Self) -> bool {
        let data = |request: &Self| request.batch.spec.data.clone();
        (&self.kind, &self.model) == (&other.kind, &other.model)
            && self.prompt_name() == other.prompt_name()
            && data(self) == data(other)
    }

    /// Returns the name of the prompt that it is about.
    #[must_use]
    pub fn prompt_name(&self) -> &str {
        self.batch.spec.prompts.first().map_or("", |(name, _)| name)
    }
}

/// What an experiment can show.
#[derive(Debug, Clone, PartialEq)]
pub enum ExperimentReach {
    Improve(Box<ImproveForecast>),
    Ablate {
        /// Parts that are left out.
        units: usize,
        /// The fewest rows, all changing one way, by which one of them can be shown to matter.
        fewest: u64,
    },
}

/// What is known of an experiment before its first call.
#[derive(Debug, Clone, PartialEq)]
pub struct ExperimentPlan {
    /// The prompt as it is written now.
    pub prompt: Box<Prompt>,
    /// The digest of its file's text; none where no file holds it.
    pub file: Option<String>,
    /// Rows of the data set.
    pub rows: u64,
    pub reach: ExperimentReach,
    /// Answers that are asked as usual, and at most.
    pub cells: (u64, u64),
    /// What as many as usual will take.
    pub estimate: Estimate,
    /// Models whose price nobody knows.
    pub unpriced: Vec<String>,
    /// Why it cannot begin as things are: a key that is missing.
    pub refused: Option<String>,
    /// What it is called on record; none where nothing of it is there.
    pub on_record: Option<String>,
    /// What a person should know before the first call.
    pub notes: Vec<String>,
}

/// What came of an experiment so far.
#[derive(Debug, Clone)]
pub enum ExperimentNews {
    /// It begins, with what is known of it by now.
    Begins(Box<ExperimentPlan>),
    Told(ExperimentEvent),
    Improved(Box<Improved>),
    Ablated(Box<Ablated>),
    /// It did not come to its end.
    Ended(ExperimentEnd),
}

/// Why an experiment did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExperimentEnd {
    /// Somebody stopped it.
    Stopped,
    /// A limit keeps it from going on; which, in words.
    Capped(String),
    /// It cannot be done; why, in words.
    Failed(String),
}

/// What the endpoint for programs is told or asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrafficCommand {
    /// What a call asked and was answered, by its number.
    Texts(u64),
    /// What becomes of a call that is held.
    Answer(u64, HeldAnswer),
    /// Which calls are held: those that have a text, or none.
    Hold(Option<String>),
    /// Which calls fail by themselves, or none.
    FailCalls(Option<FailRule>),
    /// Makes a call as a program would.
    Ask { path: String, body: String },
}

/// What came of rows that were to be added to a data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowsWritten {
    /// The data set's path.
    pub file: String,
    pub rows: u64,
    /// Calls left out as a row there is nearly the same.
    pub alike: u64,
    /// Calls left out as they asked nothing.
    pub empty: u64,
}

/// What is known of a batch before its first call.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchPreviewView {
    /// The beginning of its data.
    pub preview: DatasetPreview,
    /// Variables of its prompts that no column gives.
    pub missing: Vec<MissingVariable>,
    /// Rows of its data; none while that is not known.
    pub rows: Option<u64>,
    /// Cells an earlier run has finished.
    pub kept: u64,
    /// What it will take.
    pub estimate: Estimate,
    /// How long all its cells would take one after the other, in milliseconds; none where nobody knows.
    pub busy: Option<Span<u64>>,
    /// How answers are best compared with what rows expect; none where the first rows expect nothing.
    pub suggested: Option<Expected>,
    /// What a person should know before the first call, if there is anything.
    pub note: Option<String>,
}

/// Which inbox is read: that of a prompt, of what this batch came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxWanted {
    /// The prompt's name.
    pub prompt: String,
    pub batch: BatchId,
}

/// An inbox as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct InboxRead {
    pub inbox: Inbox,
    /// Whether the prompt is another version by now than the batch asked.
    pub stale: bool,
}

/// Something that happened.
#[allow(clippy::large_enum_variant, reason = "events of runs are the most frequent; a box each would cost more")]
#[derive(Debug, Clone)]
pub enum Event {
    /// A key; releases are ignored.
    Key(KeyEvent),
    /// A bracketed paste.
    Paste(String),
    /// The mouse, while it is captured.
    Mouse(MouseEvent),
    /// The terminal has another size; the next `prepare` brings it.
    Resized,
    /// The terminal gained or lost the focus.
    Focused(bool),
    /// An action, from wherever.
    Do(Action),
    Run(Ticket, TimedEvent),
    /// What a batch that has begun is called on record.
    BatchBegun(Ticket, BatchId),
    /// What rows of a batch ask, in their order.
    BatchRows(Ticket, Vec<RowText>),
    /// What happened in a batch, in order.
    Batch(Ticket, Vec<BatchEvent>),
    /// What is known of a batch before its first call, or why nothing is.
    Planned(Ticket, Result<Box<BatchPreviewView>, String>),
    /// A prompt's baseline beside what a batch came to, or why it cannot be read.
    Inbox(Ticket, Result<Box<InboxRead>, String>),
    /// What is known of an experiment before its first call, or why nothing is.
    ExperimentPlanned(Ticket, Result<Box<ExperimentPlan>, String>),
    /// What came of an experiment, in order.
    Experiment(Ticket, Vec<ExperimentNews>),
    /// A path as far as it is clear, and what it could go on with.
    Completed(Ticket, String, Vec<String>),
    /// An answer of the store.
    Stored(Ticket, Result<StoreReply, StoreError>),
    /// A text was copied.
    Copied {
        /// What it is, in words.
        what: String,
        /// How it was copied, in words.
        way: String,
        /// The text, where the terminal is still to be sent it.
        send: Option<Pasted>,
    },
    /// What an editor left, or why it could not be used.
    Edited(FieldId, Result<String, String>),
    /// What the endpoint for programs tells of its calls, or why it tells nothing.
    Traffic(Result<LiveTraffic, String>),
    /// What a call of a program asked and was answered, by its number.
    TrafficTexts(u64, LiveTexts),
    /// Rows of calls were added to a data set.
    RowsWritten(RowsWritten),
    /// Real providers, in words, found after the start.
    Found(Vec<String>),
    /// Every configured key with its state, and what each account uses of its limits.
    Keys(Vec<KeyState>, Vec<AccountState>),
    /// What models were seen to refuse, as of a run that ended.
    Quirks(Box<KnownQuirks>),
    /// Who can be asked, what is served and what the user prefers, as far as that is known at once.
    Models(Box<ModelFacts>),
    /// What a provider serves, as it has just said.
    Served(String, Vec<ServedModel>),
    /// The providers that have said what they serve, each with how many models, after all were asked again.
    LookedAgain(Vec<(String, usize)>),
    /// The models that come first in the list, after a change.
    Favourites(BTreeSet<String>),
    /// An error of background work, in words.
    Fault(String),
    /// The time that [`App::wake_at`](crate::app::App::wake_at) named has come.
    Tick,
    /// The terminal has said which background it has.
    Background(Rgb),
    /// It has said that it takes sixels.
    Sixel,
    /// The program must end: SIGTERM, SIGHUP.
    Quit,
    /// The program was continued after a suspension.
    Resumed,
}

/// Which providers are asked what they serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// Those whose list is old.
    Old,
    /// Everyone, whatever was kept; it is said who answered.
    Again,
}

/// Something to be done outside.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Starts a run and reports its events under the ticket.
    Start(Ticket, Box<RunRequest>),
    /// Drops a run.
    Stop(Ticket),
    /// Cuts a run's present wait short.
    RetryNow(Ticket),
    /// Gives a call of a run the result that a person typed.
    AnswerCall {
        run: RunId,
        /// The call's id.
        call: String,
        result: String,
    },
    /// Looks at the data of a batch and estimates what it will take.
    PlanBatch(Ticket, Box<BatchRequest>),
    /// Starts a batch and reports its events under the ticket.
    StartBatch(Ticket, Box<BatchRequest>),
    /// Tells a batch something.
    BatchControl(Ticket, BatchCommand),
    /// Reads a prompt's baseline and what a batch came to.
    ReadInbox(Ticket, InboxWanted),
    /// Finds out what an experiment can show and will take.
    PlanExperiment(Ticket, Box<ExperimentRequest>),
    /// Begins an experiment, or goes on with it, and reports what comes of it under the ticket.
    StartExperiment(Ticket, Box<ExperimentRequest>),
    /// Stops an experiment; what was answered is kept.
    StopExperiment(Ticket),
    /// Completes the path of a file or a folder.
    Complete(Ticket, String),
    /// Has the endpoint for programs asked for its calls, again and again, or no longer.
    WatchTraffic(bool),
    /// Tells the endpoint for programs something, or asks it.
    Traffic(TrafficCommand),
    /// Adds rows of runs on record to a data set, by its path.
    WriteRows { runs: Vec<RunId>, file: String },
    /// Hands the store a job.
    Store(Ticket, StoreRequest),
    /// Asks for the state of every key and account.
    Keys,
    /// Asks who can be asked, at once, and then what providers serve.
    Models(Listing),
    /// Has a model come first in the list of models, or no longer.
    SetFavourite {
        /// Its target's name.
        model: String,
        /// Whether it comes first.
        favourite: bool,
    },
    /// Writes the keys of an action to the settings.
    SetKeys {
        /// The action's name.
        action: String,
        /// Its keys, as the key map names them.
        chords: Vec<String>,
    },
    /// Sets how many calls each account of a provider may have under way, and asks as `Keys` does.
    Concurrency {
        /// The provider's name.
        provider: String,
        /// How many.
        most: usize,
    },
    /// Opens a text in the user's editor.
    Edit {
        /// Which text it is; the answer carries it back.
        field: FieldId,
        text: String,
        /// The file name's ending, `.md` or `.json`.
        suffix: &'static str,
    },
    /// Copies a text, and says how that was done.
    Copy {
        /// What it is, in words.
        what: String,
        text: Pasted,
    },
    /// Sends the terminal a text for its clipboard.
    SendCopy(Pasted),
    /// Shows pictures on the whole screen, one after the other, until keys are pressed.
    ShowPictures(Vec<Attachment>),
    /// Captures the mouse or lets it go.
    SetMouse(bool),
    /// Rings.
    Bell,
    /// Draws every cell afresh.
    Redraw,
    /// Stops the program as the shell's job control does.
    Suspend,
    /// Ends the program, once every store job handed over is done.
    Quit,
}
