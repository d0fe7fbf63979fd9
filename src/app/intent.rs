//! What one part of the workbench wants of another, as data, and how it is done.

use std::path::PathBuf;

use crate::{
    app::{
        App,
        action::Verb,
        overlay::Overlay,
        overlays::copy,
        screen::{Screen, ScreenId},
        status_bar::Tone,
    },
    eval::whatif::Threshold,
    model::{Prompt, RunId, query::Query},
    pipeline::ports::RunRecord,
    store::api::NewThreshold,
};

/// Rounds of intents that follow from one event, at most: a circle among them must end.
const ROUNDS: usize = 16;

/// Something that is done once the part that wants it has returned.
#[derive(Debug)]
pub enum Intent {
    /// Goes to a screen; overlays close.
    Show(ScreenId),
    /// Opens an overlay over what is there.
    Open(Box<Overlay>),
    /// Offers the forms in which what is on the screen can be copied.
    OpenCopy,
    /// Offers to judge again the answers that a query asks for, by its line.
    OfferRescore {
        /// The line.
        line: String,
        /// What it means.
        query: Query,
    },
    /// Has the batch screen go on with what is on the bench.
    TellBatch(BatchStep),
    /// Something at the bench.
    Bench(BenchIntent),
    /// Something on the history screen.
    History(HistoryIntent),
    /// Something on the quality screen.
    Quality(QualityIntent),
}

/// What is wanted of the bench.
#[derive(Debug)]
pub enum BenchIntent {
    /// Puts a run on record on the bench, and runs it there if so.
    Reopen {
        /// The run's record.
        record: Box<RunRecord>,
        /// Whether it is run.
        run: bool,
    },
    /// Takes over a threshold that was written to the file of a prompt, and says where it stands now.
    TakeThreshold {
        /// The check it is of.
        rule: String,
        /// The threshold as it was written, where the file has it.
        written: Option<Threshold>,
        /// The prompt's name.
        prompt: String,
        /// Its file.
        path: PathBuf,
        /// The digest of the file.
        digest: String,
    },
}

/// What the batch screen goes on with once it knows what is on the bench.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchStep {
    /// The form is filled in.
    SetUp,
    /// What the form says is looked at.
    Plan,
    /// The chosen batch is opened.
    Open,
}

/// What is on the bench, as far as a batch is made of it.
#[derive(Debug)]
pub struct OnBench {
    /// The name of the prompt, if it has one.
    pub prompt_name: Option<String>,
    /// The prompt.
    pub prompt: Prompt,
    /// The targets of the lanes.
    pub targets: Vec<String>,
    /// The name of the session.
    pub session: String,
}

/// What is wanted of the batch screen.
#[derive(Debug)]
pub enum BatchIntent {
    /// It goes on with what is on the bench.
    GoOn(BatchStep, Box<OnBench>),
}

/// What is wanted of the history screen.
#[derive(Debug)]
pub enum HistoryIntent {
    /// Asks by a line that the quality screen made; a step back leads there.
    Narrow(String),
    /// Removes a run from the record.
    RemoveRun(RunId),
}

/// What is wanted of the quality screen.
#[derive(Debug)]
pub enum QualityIntent {
    /// Writes a threshold to a prompt's file.
    SetThreshold(Box<NewThreshold>),
}

impl App {
    /// Does what the parts of the workbench want of each other, and what follows from that.
    pub(crate) fn follow_all(&mut self) {
        for _ in 0..ROUNDS {
            if self.out.intents.is_empty() {
                return;
            }
            for intent in std::mem::take(&mut self.out.intents) {
                self.follow(intent);
            }
        }
    }

    fn follow(&mut self, intent: Intent) {
        let Self { batch, history, quality, shared, out, .. } = self;
        match intent {
            Intent::Show(screen) => self.go_to(screen),
            Intent::Open(overlay) => self.overlays.push(*overlay),
            Intent::OpenCopy => {
                let forms = copy::forms(self);
                self.overlays.push(Overlay::Copy(forms));
            }
            Intent::OfferRescore { line, query } => self.score_runs(line, query),
            Intent::TellBatch(step) => {
                let bench = Box::new(OnBench {
                    prompt_name: self.bench.prompt_name.clone(),
                    prompt: self.bench.prompt(),
                    targets: self.bench.targets(),
                    session: self.bench.session.clone(),
                });
                batch.with(shared, out, |it, cx| it.receive(BatchIntent::GoOn(step, bench), cx));
            }
            Intent::Bench(BenchIntent::Reopen { record, run }) => self.reopen(record, run),
            Intent::Bench(BenchIntent::TakeThreshold { rule, written, prompt, path, digest }) => {
                let shown = written.as_ref().map(Threshold::shown_present).unwrap_or_default();
                let bench = match &written {
                    Some(written) if self.bench.prompt_name.as_ref() == Some(&prompt) => {
                        if self.bench.take_threshold(written, digest) {
                            "; so it is on the bench"
                        } else {
                            "; the prompt on the bench is edited and keeps its own"
                        }
                    }
                    _ => "",
                };
                let key = shared.keymap.shown(Verb::ScoreRuns, false);
                let key = key.map_or_else(String::new, |key| format!("{key} or "));
                let path = path.display();
                let says = format!(
                    "{rule} is {shown}{bench}; {key}`retort score {prompt}` judges stored answers by it; in {path}"
                );
                self.say(Tone::Info, &says);
            }
            Intent::History(intent) => history.with(shared, out, |it, cx| it.receive(intent, cx)),
            Intent::Quality(intent) => quality.with(shared, out, |it, cx| it.receive(intent, cx)),
        }
    }
}
