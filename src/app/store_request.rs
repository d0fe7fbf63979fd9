//! What the store was asked, and what is done with its answers.

use jiff::Timestamp;

use crate::{
    app::{
        AUTOSAVE, App, SAVE_AGAIN, Ticket,
        intent::{BenchIntent, Intent},
        overlays::{confirm::Confirm, prompts::PromptList, sessions::SessionList, versions::Versions},
        rescore,
        status_bar::Tone,
        workbench::{Workbench, compare::Question, versions::After},
    },
    eval::quality::Watched,
    model::{
        Grade, Prompt, RunId, Session,
        error::{StoreError, StoreErrorKind},
    },
    store::api::{Over, SessionEntry, StoreReply, StoreRequest},
};

/// What an answer is waited for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Pending {
    /// What the runs on record come to.
    Metrics,
    /// The session, saved in passing, under a name, over what was saved before.
    Autosave { name: String, before: Option<Timestamp> },
    /// A list of prompts for the overlay.
    Prompts,
    /// A list of sessions for the overlay.
    Sessions,
    /// The newest runs, for the overlay of what can be compared with.
    Runs,
    /// A run to compare with.
    BaselineRun,
    /// What the record says of a lane against the baseline.
    Weighed(Box<Question>),
    /// The run of a judge.
    Judge(RunId),
    /// A prompt for the bench.
    OpenPrompt,
    /// A session for the bench.
    OpenSession,
    /// A prompt to be written.
    SavePrompt { name: String, prompt: Box<Prompt> },
    /// A copy of a session that could not be saved.
    Rescue,
    /// Another name for the session.
    Rename,
    /// The prompt of the bench to be kept, before what comes next.
    Keep(After),
    /// The versions of the prompt.
    Versions(After),
    /// A name for a version.
    NameVersion,
    /// A grade for a run that had another one.
    Grade { run: RunId, before: Grade },
    /// An input for the bench, or the rows to choose it from.
    Input,
    /// Something for the answers that are judged again.
    Scoring(rescore::RescoreQuestion),
    /// The sessions, to see whether a new one's name is free.
    NewSession(String),
}

impl App {
    /// Takes an answer of the store in; answers nobody waits for are ignored.
    pub(crate) fn stored(&mut self, ticket: Ticket, answer: Result<StoreReply, StoreError>) {
        let Some(answer) = self.answer_screen(ticket, answer) else {
            return;
        };
        let Some(asked) = self.asked.remove(&ticket) else {
            return;
        };
        match (asked, answer) {
            (Pending::SavePrompt { name, .. }, Err(fault)) if fault.kind == StoreErrorKind::Exists => {
                let text = format!("There is a prompt `{name}` already. Replace it?");
                self.ask_in_between(text, "replaces it", Intent::Bench(BenchIntent::ReplacePrompt(name)), Vec::new());
            }
            (Pending::SavePrompt { name, .. }, Err(fault)) if fault.kind == StoreErrorKind::Changed => {
                let others = vec![
                    ('r', "reloads it", Intent::Bench(BenchIntent::OpenPrompt(name.clone()))),
                    ('s', "saves as", Intent::Bench(BenchIntent::SavePromptAs)),
                ];
                self.ask_in_between(
                    fault.message,
                    "overwrites",
                    Intent::Bench(BenchIntent::ReplacePrompt(name)),
                    others,
                );
            }
            (Pending::Rescue, Ok(StoreReply::SessionRescued(path))) => self.rescued(Ok(path)),
            (Pending::Rescue, Err(fault)) => self.rescued(Err(fault)),
            (Pending::Autosave { name, before }, Err(fault)) => self.not_saved(&name, before, fault.message),
            (asked, Err(fault)) => {
                match asked {
                    Pending::Prompts => self.close_overlays::<PromptList>(),
                    Pending::Sessions => self.close_overlays::<SessionList>(),
                    Pending::Keep(_) | Pending::Versions(_) => self.close_overlays::<Versions>(),
                    Pending::Metrics => self.shared.metrics.unreadable(),
                    Pending::Judge(run) => {
                        let says = format!("the judge's run {}: {}", run.short(), fault.message);
                        return self.say(Tone::Error, &says);
                    }
                    // The lanes go without it.
                    Pending::Weighed(_) => return,
                    Pending::Scoring(asked) => return self.scoring_fault(asked, &fault.message),
                    Pending::Grade { run, before } => drop(self.put_grade(run, before)),
                    // Nothing that is shown waits for these.
                    Pending::Autosave { .. }
                    | Pending::Rescue
                    | Pending::Runs
                    | Pending::BaselineRun
                    | Pending::OpenPrompt
                    | Pending::OpenSession
                    | Pending::SavePrompt { .. }
                    | Pending::Rename
                    | Pending::NameVersion
                    | Pending::Input
                    | Pending::NewSession(_) => {}
                }
                self.say(Tone::Error, &fault.message);
            }
            (Pending::Metrics, Ok(StoreReply::Review(review))) => self.shared.metrics.known(*review),
            (Pending::Scoring(asked), Ok(reply)) => self.scoring_stored(asked, reply),
            (Pending::Prompts, Ok(StoreReply::Prompts(entries))) => {
                if let Some(list) = self.find_overlay::<PromptList>() {
                    list.fill(&entries);
                }
            }
            (Pending::Sessions, Ok(StoreReply::Sessions(entries))) => {
                let present = self.bench.session.clone();
                if let Some(list) = self.find_overlay::<SessionList>() {
                    list.fill(&entries, &present);
                }
            }
            (Pending::NewSession(name), Ok(StoreReply::Sessions(entries))) => self.begin_session(name, &entries),
            (Pending::Input, Ok(StoreReply::Input(named))) => self.take_input(&named),
            (Pending::Input, Ok(StoreReply::Rows { file, rows, more })) => self.list_rows(&file, &rows, more),
            (Pending::Runs, Ok(StoreReply::History(page))) => self.list_runs(&page.runs),
            (Pending::BaselineRun, Ok(StoreReply::Run(record))) => self.compare_with_run(&record),
            (Pending::Weighed(question), Ok(StoreReply::Weighed(weighed))) => {
                self.bench.weighings.take(&question, weighed);
            }
            (Pending::Judge(_), Ok(StoreReply::Run(record))) => self.show_judge(&record),
            (Pending::OpenPrompt, Ok(StoreReply::Prompt { name, prompt, file })) => {
                self.put_prompt(name, &prompt, file);
            }
            (Pending::OpenSession, Ok(StoreReply::Session(session))) => self.put_session(&session),
            (Pending::SavePrompt { prompt, .. }, Ok(StoreReply::PromptSaved { name, path, file })) => {
                self.say(Tone::Info, &format!("saved as {}", path.display()));
                self.bench.saved(name, *prompt, file);
            }
            (Pending::Autosave { name, .. }, Ok(StoreReply::SessionSaved(saved))) => self.session_saved(&name, saved),
            (Pending::Rename, Ok(StoreReply::SessionRenamed(name))) => {
                self.say(Tone::Info, &format!("the session is called {name}"));
                self.bench.session = name;
                self.bench.touch();
            }
            (Pending::Keep(after), Ok(StoreReply::VersionKept(_))) => self.kept(after),
            (Pending::Versions(after), Ok(StoreReply::Versions(entries))) => self.versions_listed(&after, entries),
            (Pending::NameVersion, Ok(StoreReply::VersionNamed(_))) => self.list_versions_again(),
            (_, Ok(_)) => {}
        }
    }

    /// Puts a prompt on the bench, in lanes of its own targets if it names some. A starter brings
    /// its sample where there is no input.
    fn put_prompt(&mut self, name: String, prompt: &Prompt, file: Option<String>) {
        self.stop_all();
        self.say(Tone::Info, &format!("{name} is on the bench"));
        if let Some((.., sample)) = self.starters.iter().find(|(known, ..)| *known == name)
            && self.bench.input.is_empty()
        {
            self.bench.input.set(sample);
        }
        self.bench.put(Some(name), prompt);
        self.bench.file = file;
        if !prompt.targets.is_empty() {
            self.bench.set_lanes(&prompt.targets);
        }
    }

    /// Opens a prompt.
    pub(crate) fn open_prompt(&mut self, name: String) {
        self.overlays.clear();
        self.ask_store(StoreRequest::OpenPrompt(name), Pending::OpenPrompt);
    }

    fn put_session(&mut self, session: &Session) {
        self.stop_all();
        self.bench = Workbench::restored(session, &self.default_target);
        self.bench.settle();
        self.saved = self.bench.revision();
        self.save_at = None;
        self.say(Tone::Info, &format!("session {} is on the bench", session.name));
    }

    /// Saves what is on the bench, then goes on with another session.
    pub(crate) fn open_session(&mut self, name: String) {
        self.overlays.clear();
        self.stop_all();
        self.save_session();
        self.ask_store(StoreRequest::OpenSession(name), Pending::OpenSession);
    }

    /// Begins a session of a name, once the store has told that no other has it.
    pub(crate) fn new_session(&mut self, name: String) {
        self.overlays.clear();
        self.ask_store(StoreRequest::ListSessions, Pending::NewSession(name));
    }

    /// Saves what is on the bench, then goes on with the same texts under another session's name.
    fn begin_session(&mut self, name: String, others: &[SessionEntry]) {
        if name == self.bench.session || others.iter().any(|other| other.name == name) {
            self.say(Tone::Error, &format!("there is a session {name} already; choose another name"));
            return;
        }
        self.stop_all();
        self.save_session();
        self.bench.set_lanes(self.bench.specs());
        self.shared.metrics.session = Watched::default();
        self.say(Tone::Info, &format!("session {name} begins"));
        self.bench.session = name;
        self.bench.saved_at = None;
    }

    /// Gives the session another name; until the store has done so, nothing is saved under the old one.
    pub(crate) fn rename_session(&mut self, to: String) {
        self.save_session();
        let from = self.bench.session.clone();
        self.ask_store(StoreRequest::RenameSession { from, to }, Pending::Rename);
    }

    /// Saves the session a moment after it changed.
    pub(crate) fn autosave(&mut self) {
        if self.bench.revision() == self.saved || self.asked.values().any(|asked| *asked == Pending::Rename) {
            self.save_at = None;
            return;
        }
        match self.save_at {
            None => self.save_at = Some(self.shared.now.at + AUTOSAVE),
            Some(due) if due <= self.shared.now.at => self.save_session(),
            Some(_) => {}
        }
    }

    /// Saves the session now.
    pub(crate) fn save_session(&mut self) {
        self.save_at = None;
        self.saved = self.bench.revision();
        let session = Box::new(self.bench.session(self.shared.now));
        let asked = Pending::Autosave { name: session.name.clone(), before: self.bench.saved_at };
        self.bench.saved_at = Some(session.saved);
        self.ask_store(StoreRequest::SaveSession(session), asked);
    }

    /// Takes in that the session is on disk.
    fn session_saved(&mut self, name: &str, saved: String) {
        self.last_words = None;
        if self.unsaved.take().is_some() {
            self.say(Tone::Info, &format!("session {saved} is saved again"));
        }
        if saved != name && self.bench.session == name {
            let told = format!("another retort goes on with session {name}; this one goes on as {saved}");
            self.say(Tone::Warning, &told);
            self.bench.session = saved;
        }
        self.saved_to_quit();
    }

    /// Takes in that the session is not on disk: it stays on the bench, and is saved again in a while.
    fn not_saved(&mut self, name: &str, before: Option<Timestamp>, why: String) {
        if self.bench.session == name {
            self.bench.saved_at = before;
            self.saved = u64::MAX;
            self.save_at = Some(self.shared.now.at + SAVE_AGAIN);
        }
        // Nothing takes the place of what would be lost.
        self.asked.retain(|_, asked| *asked != Pending::OpenSession);
        if self.unsaved.as_ref() != Some(&why) {
            self.say(Tone::Error, &why);
        }
        self.unsaved = Some(why);
        self.not_saved_to_quit();
    }

    /// Asks a question that comes while something else may be typed.
    fn ask_in_between(
        &mut self,
        text: String,
        yes: &'static str,
        then: Intent,
        others: Vec<(char, &'static str, Intent)>,
    ) {
        let confirm = Confirm { others, since: Some(self.shared.now.at), ..Confirm::new(text, yes, then) };
        self.open(confirm);
    }

    pub(crate) fn save_prompt(&mut self, name: String, over: Over) {
        let prompt = Box::new(self.bench.prompt_to_save(&self.default_target));
        let job = StoreRequest::SavePrompt { name: name.clone(), prompt: prompt.clone(), over };
        self.ask_store(job, Pending::SavePrompt { name, prompt });
    }
}
