//! What one part of the workbench wants of another, as data.
//!
//! The core of the app is one machine in five files: an intent may open an overlay (`overlays`, `overlay`), what an
//! overlay does is done through a `context`, which holds intents and the requests to the store (`ask`). No screen is
//! among them.

use std::{path::PathBuf, sync::Arc};

use crate::{
    app::{
        action::Action, event::ExperimentRequest, notices::Tone, overlays::Overlay, prompt_version::PlacedVersion,
        screen_id::ScreenId, snippet::SnippetForm,
    },
    eval::blind::BlindVote,
    eval::whatif::Threshold,
    model::{
        BatchId, Check, Grade, Input, Outcome, Params, Part, Prompt, Response, Role, RunId, ToolCall, ToolSet,
        VersionId,
        attachment::PartFacts,
        batch::{BatchLimits, BatchRequest},
        query::Query,
        session::{KeptSetup, Pinned},
    },
    pipeline::ports::RunRecord,
    present::run_columns::RunColumn,
    store::api::{Lineage, NewThreshold, PromptMove, WantedBlind},
    widgets::key::Chord,
};

/// Something that is done once the part that wants it has returned.
#[derive(Debug, Clone)]
pub enum Intent {
    /// Goes to a screen; overlays close.
    Show(ScreenId),
    /// Says something on the status line.
    Say(Tone, String),
    /// Opens an overlay over what is there.
    Open(Box<Overlay>),
    /// Does an action, on the screen it belongs to.
    Do(Action),
    /// Copies what the screen offers in a form.
    Copy(SnippetForm),
    /// Copies a text, with what it is in a word.
    CopyText {
        what: &'static str,
        text: String,
    },
    /// Gives a run a grade.
    Grade {
        run: RunId,
        grade: Grade,
    },
    /// Shows a grade where its run is shown: it is not on record.
    ShowGrade {
        run: RunId,
        grade: Grade,
    },
    /// Has a model come first in the list of models, or no longer.
    SetFavourite {
        /// Its target's name.
        model: String,
        /// Whether it comes first.
        favourite: bool,
    },
    /// Sets how many calls each account of a provider may have under way.
    SetConcurrency {
        /// The provider's name.
        provider: String,
        /// How many.
        most: usize,
    },
    /// Asks again what every provider serves, and looks for servers on this machine.
    LookForServers,
    /// Offers the forms in which what is on the screen can be copied.
    OpenCopy,
    /// Offers to judge again the answers that a query asks for, by its line.
    OfferRescore {
        line: String,
        /// What it means.
        query: Query,
    },
    /// Asks whether answers on record are judged again, where somebody looks at runs just now.
    AskRescore(String),
    /// Gives an action other keys.
    Rebind {
        action: Action,
        /// All its keys.
        chords: Vec<Chord>,
    },
    /// Judges answers on record again.
    Rescore,
    /// Judges the answers on record to a prompt by its rules as they were just written to its file, at once.
    JudgeAnew(Box<WrittenRules>),
    /// Has what is shown of the runs on record read anew.
    RefreshRuns,
    /// Ends the program.
    Quit,
    /// Ends the program although the session is not saved.
    QuitUnsaved,
    /// Something with the sessions.
    Session(SessionIntent),
    /// Has the batch screen go on with what is on the bench.
    TellBatch(BatchStep),
    /// Something with the experiments.
    Lab(LabIntent),
    /// Something with the overlays.
    Overlay(OverlayIntent),
    /// Something at the bench.
    Bench(BenchIntent),
    /// Something on the batch screen.
    Batch(BatchIntent),
    /// Something on the history screen.
    History(HistoryIntent),
    Traffic(TrafficIntent),
    /// Something on the quality screen.
    Quality(QualityIntent),
}

/// What is wanted of the overlays.
#[derive(Debug, Clone)]
pub enum OverlayIntent {
    /// Closes all of them.
    CloseAll,
    /// Closes the list of versions.
    CloseVersions,
    /// Has the versions that are listed compared, now that the baseline is another.
    CompareVersions,
    /// Tells the list of what goes with a message or with the input, if it is open.
    Parts(PartPlace, PartNews),
    /// Fills the list of prompts.
    ListPrompts,
    /// Fills the list of sessions.
    ListSessions,
    /// Fills in what the record has of each model with a prompt; with all where it has no name.
    ListModelRuns(Option<String>),
    /// Fills the list of what can be compared with.
    ListRuns,
    /// Has the rules that are edited judge answers, if they are.
    TryChecks,
    /// Has them judge other answers: those that the lanes show by now.
    TryOn(Vec<BenchAnswer>),
    /// Fills the list of versions, if it is open.
    ListVersions(Lineage),
    /// Has the record say how many answers of a prompt pass the schema of another one.
    TrySchema { prompt: Box<Prompt>, name: String },
    /// Has the record offer a schema that its answers to the prompt of this name are valid against.
    InferSchema(String),
    /// Puts the text that an editor left into the schema's pane.
    SetSchemaText(String),
    /// Shows the run of a judge over the run it judged.
    ShowJudge(RunId),
    /// Weighs what the answers of a query state of themselves: by grade first, then by each of these checks.
    OpenCalibration { query: Box<Query>, truths: Vec<String> },
    /// Weighs it by another word of what is right: a check's, or a person's grade.
    Weigh((Query, Option<String>)),
    /// Shows the answers of batches two by two, without names.
    OpenBlind(WantedBlind),
    /// Goes on with that.
    Blind(BlindStep),
    /// Shows what a batch came to otherwise than the baseline of its prompt has it.
    OpenInbox(Box<InboxOpening>),
    /// Goes on with that.
    Inbox(InboxStep),
    /// Has the X-ray show another run on record, on the tab it is at.
    ShowXray(Box<RunRecord>),
}

/// What is wanted of the experiments.
#[derive(Debug, Clone)]
pub enum LabIntent {
    /// Shows the one of a batch that is under way or has ended, else the form of one.
    Open(Box<ExperimentRequest>),
    /// Shows the form of one, filled in.
    SetUp(Box<ExperimentRequest>),
    /// Finds out what one can show and will take.
    Plan(Box<ExperimentRequest>),
    /// Begins one, as soon as that is known.
    Start(Box<ExperimentRequest>),
    /// Goes on with the one that was stopped.
    GoOn,
    /// Writes the winner to the prompt's file.
    Accept,
    /// Leaves the winner unwritten.
    Reject,
    /// Puts a candidate on the bench, by its place.
    Edit(usize),
}

/// What is wanted of a blind comparison.
#[derive(Debug, Clone)]
pub enum BlindStep {
    Vote(BlindVote),
    Undo,
    Reveal,
    /// Begins another one of the same batches.
    Anew,
}

/// A batch whose rows are held against the baselines of its prompts.
#[derive(Debug, Clone, PartialEq)]
pub struct InboxOpening {
    pub batch: BatchId,
    /// What it asked, to ask rows of it more often.
    pub request: BatchRequest,
}

/// What is wanted of the screen of what changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InboxStep {
    /// The same of the next prompt of the batch.
    NextPrompt,
    /// The baseline is written as it was decided.
    Write,
    /// The chosen change is rejected for this reason, or all the rest with it.
    Reject { why: String, rest: bool },
    /// What asking the chosen row more often takes is found out.
    Plan,
    /// It is asked.
    Ask,
    /// What is asked is stopped.
    Stop,
}

/// What a lane shows just now, for the rules to be tried on.
#[derive(Debug, Clone)]
pub struct BenchAnswer {
    /// Which lane, in a word or two.
    pub label: String,
    /// Whether it is none to what is asked now.
    pub old: bool,
    pub answer: Arc<(Outcome, Input)>,
}

/// What is wanted of the sessions.
#[derive(Debug, Clone)]
pub enum SessionIntent {
    /// Opens one, once what runs may be stopped.
    Open(String),
    /// Opens one and stops what runs.
    StopAndOpen(String),
    /// Begins one, once what runs may be stopped.
    New(String),
    /// Begins one and stops what runs.
    StopAndBegin(String),
    /// Gives the present one another name.
    Rename(String),
}

/// What a model is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelFor {
    /// One that is there, by its place.
    Lane(usize),
    /// A new one.
    NewLane,
    /// The batch that is being set up.
    Batch,
}

/// Something to compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompareBase {
    /// A lane, by its place.
    Lane(usize),
    /// Each lane's answer before the present one.
    Previous,
    /// The present answer of the lane with the focus.
    Keep,
    /// A run on record.
    Run(RunId),
}

/// A call of a run under way that waits for the result a person types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingCall {
    pub run: RunId,
    pub call: ToolCall,
}

/// The rules of a prompt that were written to its file.
#[derive(Debug, Clone, PartialEq)]
pub struct WrittenRules {
    /// The prompt's name.
    pub name: String,
    /// The prompt as its file has it now.
    pub prompt: Box<Prompt>,
    /// What was said of the writing.
    pub says: String,
}

/// A threshold that was written to the file of a prompt.
#[derive(Debug, Clone)]
pub struct WrittenThreshold {
    /// The check it is of.
    pub rule: String,
    /// The threshold as it was written, where the file has it.
    pub written: Option<Threshold>,
    /// The prompt's name.
    pub name: String,
    /// The prompt as its file has it now.
    pub prompt: Box<Prompt>,
    /// Its file.
    pub path: PathBuf,
    /// The digest of the file.
    pub digest: String,
}

/// Whose images, files and audio are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartPlace {
    /// A message's of the prompt, by its place.
    Message(usize),
    /// Those of the input on the bench.
    Input,
}

/// What is done with the images, files and audio of a message or of the input.
#[derive(Debug, Clone)]
pub enum PartStep {
    /// A source is looked at, and put in place of the part at a place, or added.
    Name { at: Option<usize>, source: String },
    /// A part is removed.
    Remove(usize),
    /// A part of which nobody knows what it is becomes one of the next kind.
    TurnKind(usize),
    /// A picture is shown as it is.
    Show(usize),
    /// A path is completed as far as it is clear.
    Complete(String),
}

/// What the list of them is told.
#[derive(Debug, Clone)]
pub enum PartNews {
    /// What was named is among them.
    Taken,
    /// They are these now, each with what is known of it.
    Listed(Vec<(Part, PartFacts)>),
    /// What was named is not sent; why, in words.
    Refused(String),
    /// A path as far as it is clear, and what it could go on with.
    Completed(String, Vec<String>),
}

/// An edit of a prompt that is to be gone on with at the bench.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptEdit {
    /// The prompt's name.
    pub name: String,
    /// The prompt as its file has it.
    pub base: Prompt,
    /// The digest of the file; none where there is none.
    pub file: Option<String>,
    pub edited: PlacedVersion,
    /// Whether the edits of another prompt on the bench are dropped.
    pub drops: bool,
}

/// What follows once a version is on the bench.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OncePut {
    Nothing,
    /// It is saved as a prompt of its own, of this name.
    SaveAs(String),
    /// It is run in every lane.
    Run,
}

/// What is wanted of the bench.
#[derive(Debug, Clone)]
pub enum BenchIntent {
    /// Puts a target into a lane.
    SetModel {
        /// Which lane.
        of: ModelFor,
        /// The target's name.
        target: String,
    },
    /// Puts the first of some targets into a lane, and the others into new ones as far as there is room.
    OpenModels {
        /// Which lane.
        of: ModelFor,
        /// The targets' names.
        targets: Vec<String>,
    },
    /// Sets the prompt's parameters and its fallback targets.
    SetParams {
        /// The parameters.
        params: Box<Params>,
        /// The targets.
        fallback: Vec<String>,
    },
    /// Keeps how a batch was set up, for the next one of the same prompts and data.
    KeepSetup(Box<KeptSetup>),
    /// Sets the rules of the prompt.
    SetRules {
        response: Box<Response>,
        checks: Vec<Check>,
    },
    /// Sets the tools of the prompt, and how they are used.
    SetTools(Box<ToolSet>),
    /// Changes what goes with a message or with the input beside its text.
    Parts(PartPlace, PartStep),
    /// Gives a call that waits for a person its result.
    AnswerCall(WaitingCall, String),
    /// Saves the prompt.
    Save,
    /// Sets a lane's own parameters.
    SetLaneParams {
        /// The lane's place.
        lane: usize,
        /// The parameters.
        params: Box<Params>,
    },
    /// Sets how often each lane runs the same request.
    SetSamples(u32),
    /// Gives a message of the prompt a role.
    SetRole {
        /// The place of the message.
        message: usize,
        role: Role,
    },
    /// Sets the schema of the answer by its text.
    SetSchema(String),
    /// Opens a text of the schema in the person's editor.
    EditSchema(String),
    /// Puts a text in place of what was found, where the search stands, or everywhere.
    Replace {
        with: String,
        all: bool,
    },
    /// Closes the lane with the focus.
    CloseLane,
    /// Opens a prompt, once the edits of the one that is there may be dropped.
    ChoosePrompt(String),
    /// Opens a prompt over what is there.
    OpenPrompt(String),
    /// Saves the prompt under a name that no other prompt has.
    SavePrompt(String),
    /// Asks for the name to save the prompt under.
    SavePromptAs,
    /// Replaces a prompt's file.
    ReplacePrompt(String),
    /// Puts an empty prompt on the bench.
    NewPrompt,
    /// Renames, copies or moves aside a prompt's file.
    MovePrompt(PromptMove),
    /// Loads an input from a file or from a row of one.
    LoadInput(String),
    NameInput(String),
    /// Compares the lanes with something.
    CompareWith(CompareBase),
    /// Shows one of a lane's samples.
    ShowSample {
        /// The lane's place.
        lane: usize,
        /// The sample's place.
        sample: usize,
    },
    /// Shows where a text is in the answer; an empty one is nowhere.
    Search(String),
    /// The same, and says so where it is not in the answer.
    KeepSearch(String),
    /// Puts a version on the bench.
    PutVersion {
        version: Box<PlacedVersion>,
        /// What follows once it is there.
        then: OncePut,
    },
    /// Names a version; an empty name takes the name away.
    NameVersion {
        version: VersionId,
        name: String,
    },
    /// Adds a lane that runs a version.
    AddPinnedLane(Pinned),
    /// Puts a run on record on the bench, and runs it there if so.
    Reopen {
        /// The run's record.
        record: Box<RunRecord>,
        run: bool,
    },
    /// Takes over a prompt that was written to its file, where it is on the bench and nothing was edited.
    TakeWritten {
        name: String,
        prompt: Box<Prompt>,
        /// The digest of the file.
        file: String,
    },
    /// Puts an edit of a prompt on the bench, over whatever is there.
    PutEdit(Box<PromptEdit>),
    /// Takes over a threshold that was written to the file of a prompt, and says where it stands now.
    TakeThreshold(Box<WrittenThreshold>),
}

/// What the batch screen goes on with once it knows what is on the bench.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchStep {
    /// The form is filled in.
    SetUp,
    /// What the form says is begun.
    Start,
    /// The chosen batch is opened.
    Open,
    /// An experiment on the prompt is set up: its improvement, or its ablation.
    Experiment { improves: bool },
}

/// What is on the bench, as far as a batch is made of it.
#[derive(Debug, Clone, Default)]
pub struct OnBench {
    /// The name of the prompt, if it has one.
    pub prompt_name: Option<String>,
    pub prompt: Prompt,
    pub input: Input,
    /// The targets of the lanes.
    pub targets: Vec<String>,
    /// The name of the session.
    pub session: String,
    /// How batches were set up in it.
    pub setups: Vec<KeptSetup>,
}

/// Something that is chosen from a list for a batch that is being set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchChoice {
    /// The data set, by its path.
    File(String),
    /// Models: one joins the others or leaves them, several stand in their place.
    Models(Vec<String>),
    /// The batch it is compared with, and its name.
    Against(BatchId, String),
}

/// What is wanted of the batch screen.
#[derive(Debug, Clone)]
pub enum BatchIntent {
    /// It goes on with what is on the bench.
    GoOn(BatchStep, Box<OnBench>),
    /// Sets what the batch that is shown may use.
    SetLimits(BatchLimits),
    /// Takes what was chosen for the batch that is being set up.
    Choose(BatchChoice),
    /// Writes the threshold that is moved over the batch to its prompt's file.
    WriteThreshold(Box<NewThreshold>),
    /// Has what names a prompt name it as it is called by now.
    RenamePrompt { from: String, to: String },
}

/// What is wanted of the history screen.
#[derive(Debug, Clone)]
pub enum HistoryIntent {
    /// Asks by a line that the quality screen made; a step back leads there.
    Narrow(String),
    /// Sets the columns that are shown; none are those that suit the width.
    SetColumns(Option<Vec<RunColumn>>),
    /// Removes a run from the record.
    RemoveRun(RunId),
    /// Goes to the run above or below in the list, and has the X-ray show it.
    XrayBeside {
        /// Above: the newer one, where the newest come first.
        forward: bool,
    },
}

/// What is wanted of the traffic screen.
#[derive(Debug, Clone)]
pub enum TrafficIntent {
    /// Puts a call on the bench, with the template that was guessed and agreed to.
    Reopen(Box<RunRecord>),
    /// Adds rows of runs to a data set.
    WriteRows { runs: Vec<RunId>, file: String },
}

/// What is wanted of the quality screen.
#[derive(Debug, Clone)]
pub enum QualityIntent {
    /// Shows what another threshold would do to the runs that a line asks for.
    WhatIf(String),
    /// Writes a threshold to a prompt's file.
    SetThreshold(Box<NewThreshold>),
}
