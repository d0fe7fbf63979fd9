//! What an overlay wants of the rest of the workbench, as data, and how it is done.

use crate::{
    app::{
        App, Effect,
        action::Action,
        overlay::Overlay,
        overlays::{
            compare_with::Base,
            copy,
            copy::CopyAs,
            models::For,
            text_prompt::{TextFor, TextPrompt},
            versions::Versions,
        },
        status_bar::Tone,
        store_request::Pending,
        workbench::versions::{After, Stand},
    },
    model::{Grade, Params, Response, RunId, VersionId, batch::BatchLimits, session::Pinned},
    present::run_columns::RunColumn,
    store::api::{NewThreshold, Over, StoreRequest},
};

/// What an overlay leads to.
#[derive(Debug, Clone)]
pub enum Intent {
    /// Says something on the status line.
    Say(Tone, String),
    /// Opens an overlay over what is there.
    Open(Box<Overlay>),
    /// Does an action, on the screen it belongs to.
    Do(Action),
    /// Copies what has the focus in a form, which is called so.
    Copy {
        /// The form.
        form: CopyAs,
        /// Its name.
        label: String,
    },
    /// Gives a run a grade.
    Grade {
        /// The run.
        run: RunId,
        /// The grade.
        grade: Grade,
    },
    /// Shows the run of a judge.
    ShowJudge(RunId),
    /// Sets how many calls each account of a provider may have under way.
    SetConcurrency {
        /// The provider's name.
        provider: String,
        /// How many.
        most: usize,
    },
    /// Judges answers on record again.
    Rescore,
    /// Ends the program.
    Quit,
    /// Ends the program although the session is not saved.
    QuitUnsaved,
    /// Something with the sessions.
    Session(SessionIntent),
    /// Something at the bench.
    Bench(BenchIntent),
    /// Something on the batch screen.
    Batch(BatchIntent),
    /// Something on the history screen.
    History(HistoryIntent),
    /// Something on the quality screen.
    Quality(QualityIntent),
}

/// What is wanted of the sessions.
#[derive(Debug, Clone)]
pub enum SessionIntent {
    /// Opens one and stops what runs.
    Open(String),
    /// Begins one and stops what runs.
    New(String),
    /// Gives the present one another name.
    Rename(String),
}

/// What is wanted of the bench.
#[derive(Debug, Clone)]
pub enum BenchIntent {
    /// Puts a target into a lane.
    SetModel {
        /// Which lane.
        of: For,
        /// The target's name.
        target: String,
    },
    /// Sets the prompt's parameters, the response it expects and its fallback targets.
    SetParams {
        /// The parameters.
        params: Box<Params>,
        /// The response.
        response: Box<Response>,
        /// The targets.
        fallback: Vec<String>,
    },
    /// Sets a lane's own parameters.
    SetLaneParams {
        /// The lane's place.
        lane: usize,
        /// The parameters.
        params: Box<Params>,
    },
    /// Sets how often each lane runs the same request.
    SetSamples(u32),
    /// Sets variables, each by its name.
    SetVariables(Vec<(String, String)>),
    /// Closes the lane with the focus.
    CloseLane,
    /// Opens a prompt over what is there.
    OpenPrompt(String),
    /// Saves the prompt under a name that no other prompt has.
    SavePrompt(String),
    /// Asks for the name to save the prompt under.
    SavePromptAs,
    /// Replaces a prompt's file.
    ReplacePrompt(String),
    /// Loads an input from a file or from a row of one.
    LoadInput(String),
    /// Names the input.
    NameInput(String),
    /// Compares the lanes with something.
    CompareWith(Base),
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
    /// Puts a version on the bench, and saves it as a prompt of its own if it gets a name.
    PutVersion {
        /// The version.
        stand: Box<Stand>,
        /// The prompt's name.
        name: Option<String>,
    },
    /// Names a version; an empty name takes the name away.
    NameVersion {
        /// The version.
        version: VersionId,
        /// Its name.
        name: String,
    },
    /// Adds a lane that runs a version.
    AddPinnedLane(Pinned),
}

/// What is wanted of the batch screen.
#[derive(Debug, Clone)]
pub enum BatchIntent {
    /// Sets what the batch that is shown may use.
    SetLimits(BatchLimits),
}

/// What is wanted of the history screen.
#[derive(Debug, Clone)]
pub enum HistoryIntent {
    /// Sets the columns that are shown; none are those that suit the width.
    SetColumns(Option<Vec<RunColumn>>),
    /// Removes a run from the record.
    RemoveRun(RunId),
}

/// What is wanted of the quality screen.
#[derive(Debug, Clone)]
pub enum QualityIntent {
    /// Writes a threshold to a prompt's file.
    SetThreshold(Box<NewThreshold>),
}

impl Intent {
    /// Opens an overlay over what is there.
    pub fn open(overlay: impl Into<Overlay>) -> Self {
        Self::Open(Box::new(overlay.into()))
    }
}

impl App {
    /// Does what is wanted.
    pub(crate) fn follow(&mut self, intent: Intent) {
        match intent {
            Intent::Say(tone, text) => self.say(tone, &text),
            Intent::Open(overlay) => self.overlays.push(*overlay),
            Intent::Do(action) => self.act_there(action),
            Intent::Copy { form, label } => {
                if let Some(text) = copy::text(form, self) {
                    self.effects.push(Effect::Copy { what: copy::what(&label, &text), text });
                }
            }
            Intent::Grade { run, grade } => self.grade(run, grade),
            Intent::ShowJudge(run) => self.ask_store(StoreRequest::OpenRun(run), Pending::Judge(run)),
            Intent::SetConcurrency { provider, most } => self.set_concurrency(provider, most),
            Intent::Rescore => self.go_on_scoring(),
            Intent::Quit => self.quit(),
            Intent::QuitUnsaved => self.leave_behind(),
            Intent::Session(intent) => match intent {
                SessionIntent::Open(name) => self.open_session(name),
                SessionIntent::New(name) => self.new_session(name),
                SessionIntent::Rename(name) => self.rename_session(name),
            },
            Intent::Bench(intent) => self.follow_on_bench(intent),
            Intent::Batch(BatchIntent::SetLimits(limits)) => self.set_limits(limits),
            Intent::History(HistoryIntent::SetColumns(columns)) => self.history.columns = columns,
            Intent::History(HistoryIntent::RemoveRun(run)) => self.remove_run(run),
            Intent::Quality(QualityIntent::SetThreshold(new)) => self.set_threshold(new),
        }
    }

    fn follow_on_bench(&mut self, intent: BenchIntent) {
        match intent {
            BenchIntent::SetModel { of, target } => self.set_model(of, target),
            BenchIntent::SetParams { params, response, fallback } => {
                (self.bench.params, self.bench.response, self.bench.fallback) = (*params, *response, fallback);
                self.bench.touch();
            }
            BenchIntent::SetLaneParams { lane, params } => self.set_lane_params(lane, *params),
            BenchIntent::SetSamples(samples) => {
                let stopped = self.bench.set_samples(samples);
                self.stops(stopped);
            }
            BenchIntent::SetVariables(values) => self.bench.set_variables(values),
            BenchIntent::CloseLane => self.drop_lane(),
            BenchIntent::OpenPrompt(name) => self.open_prompt(name),
            BenchIntent::SavePrompt(name) => {
                let over = self.bench.known_file(&name);
                self.save_prompt(name, over);
            }
            BenchIntent::SavePromptAs => {
                let present = self.bench.prompt_name.clone().unwrap_or_default();
                self.open(TextPrompt::new(TextFor::Prompt, &present));
            }
            BenchIntent::ReplacePrompt(name) => self.save_prompt(name, Over::Anything),
            BenchIntent::LoadInput(from) => self.ask_store(StoreRequest::ReadInput(from), Pending::Input),
            BenchIntent::NameInput(name) => {
                self.bench.inputs.name = name;
                self.bench.touch();
            }
            BenchIntent::CompareWith(base) => self.compare_with_base(base),
            BenchIntent::ShowSample { lane, sample } => {
                if let Some(lane) = self.bench.lanes.get_mut(lane) {
                    lane.show(sample);
                }
            }
            BenchIntent::Search(text) => self.search(&text),
            BenchIntent::KeepSearch(text) => self.keep_search(&text),
            BenchIntent::PutVersion { stand, name } => {
                self.close_overlays::<Versions>();
                self.keep_then(After::Put { stand: *stand, name });
            }
            BenchIntent::NameVersion { version, name } => {
                let job = StoreRequest::NameVersion { version, name, at: self.now.time };
                self.ask_store(job, Pending::NameVersion);
            }
            BenchIntent::AddPinnedLane(pinned) => self.add_pinned_lane(pinned),
        }
    }
}
