//! The session on the bench: it is saved a moment after it changed, and once more before the program ends; others are
//! opened, begun and renamed.
//!
//! Nothing that was typed is left behind without a word: a session that cannot be saved stays on the bench, is saved
//! again in a while, and is copied elsewhere before the program may end.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use jiff::Timestamp;

use crate::{
    app::{
        action::Action,
        ask,
        context::Cx,
        event::Effect,
        intent::{Intent, OverlayIntent, SessionIntent},
        notices::Tone,
        overlays::confirm::Confirm,
        workbench::Workbench,
    },
    model::{Session, error::StoreError, session::USED_ACTIONS},
    store::api::SessionEntry,
};

/// How long after an edit the session is saved.
const AUTOSAVE: Duration = Duration::from_secs(1);

/// How long after a failure the session is saved again.
const SAVE_AGAIN: Duration = Duration::from_secs(10);

/// How long after a person wants to quit another wish counts as one not to wait: a key held down is none.
const IMPATIENT: Duration = Duration::from_secs(1);

/// Who wants the program to end, while its session is being saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quitting {
    /// A person, who can be asked.
    Asked,
    /// A signal, or a terminal that is gone: there is nobody to ask.
    Forced,
}

/// How the session on the bench and its file stand to each other.
#[derive(Debug, Clone, Default)]
pub(crate) struct Autosave {
    /// The count of changes that was saved last; none where that must be done again.
    saved: Option<u64>,
    /// When it is to be saved.
    due: Option<Instant>,
    /// Why it could not be saved the last time.
    failure: Option<String>,
    /// Whether the store is giving it another name: until then nothing is saved under the old one.
    renaming: bool,
    /// Counts the failures: a session that was asked for before the last one does not come onto the bench.
    failures: u64,
    /// Who wants the program to end once it is saved, and since when.
    quitting: Option<(Quitting, Instant)>,
    /// What is to be said when the screen is gone.
    last_words: Option<String>,
}

impl Autosave {
    /// Notes that what is on the bench is what its file holds.
    pub(crate) fn note_saved(&mut self, revision: u64) {
        (self.saved, self.due) = (Some(revision), None);
    }

    /// Returns when the session is to be saved.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Tells whether the program ends once the session is saved, and whether whoever wants that has waited so long
    /// that another wish ends it at once.
    pub(crate) fn quits(&self, now: Instant) -> Option<bool> {
        self.quitting.map(|(_, since)| now.saturating_duration_since(since) >= IMPATIENT)
    }
}

impl Workbench {
    /// Tells whether the session could not be saved the last time.
    #[must_use]
    pub fn is_unsaved(&self) -> bool {
        self.autosave.failure.is_some()
    }

    /// Returns what is to be said when the screen is gone; nothing after a good end.
    #[must_use]
    pub fn last_words(&self) -> Option<&str> {
        self.autosave.last_words.as_deref()
    }

    /// Does something with the sessions.
    pub(crate) fn with_sessions(&mut self, intent: SessionIntent, cx: &mut Cx<'_, Self>) {
        let stop = "Runs are under way. Stop them?";
        match intent {
            SessionIntent::Open(name) if name == self.session => {}
            SessionIntent::Open(name) if self.busy() => {
                let then = Intent::Session(SessionIntent::StopAndOpen(name));
                cx.confirm(stop, "Stop them and open", then);
            }
            SessionIntent::Open(name) | SessionIntent::StopAndOpen(name) => self.open_session(name, cx),
            SessionIntent::New(name) if self.busy() => {
                let then = Intent::Session(SessionIntent::StopAndBegin(name));
                cx.confirm(stop, "Stop them and begin", then);
            }
            SessionIntent::New(name) | SessionIntent::StopAndBegin(name) => Self::new_session(name, cx),
            SessionIntent::Rename(name) if name == self.session => {}
            SessionIntent::Rename(name) => self.rename_session(name, cx),
        }
    }

    /// Saves what is on the bench, then goes on with another session.
    fn open_session(&mut self, name: String, cx: &mut Cx<'_, Self>) {
        cx.send(Intent::Overlay(OverlayIntent::CloseAll));
        self.stop_all(cx);
        self.save_session(cx);
        cx.ask(ask::open_session(name), self.autosave.failures, |bench, failures, session, cx| {
            // Nothing takes the place of what would be lost.
            if bench.autosave.failures != failures {
                return;
            }
            match session {
                Ok(session) => bench.put_session(&session, cx),
                Err(error) => cx.say(Tone::Error, &error.message),
            }
        });
    }

    fn put_session(&mut self, session: &Session, cx: &mut Cx<'_, Self>) {
        self.stop_all(cx);
        let fresh = Self::restored(session, &cx.shared.default_target);
        *self = Self {
            autosave: std::mem::take(&mut self.autosave),
            layout: std::mem::take(&mut self.layout),
            banner: self.banner.take(),
            found: std::mem::take(&mut self.found),
            sample: self.sample.take(),
            sizes: self.sizes,
            used_actions: std::mem::take(&mut self.used_actions),
            first_start: self.first_start,
            ..fresh
        };
        self.settle_texts();
        self.autosave.note_saved(self.revision());
        self.ask_session_metrics(cx);
        cx.say(Tone::Info, &format!("session {} is on the bench", session.name));
    }

    /// Begins a session of a name, once the store has said that no other has it.
    fn new_session(name: String, cx: &mut Cx<'_, Self>) {
        cx.send(Intent::Overlay(OverlayIntent::CloseAll));
        cx.ask(ask::list_sessions(), name, |bench, name, others, cx| match others {
            Ok(others) => bench.begin_session(name, &others, cx),
            Err(error) => cx.say(Tone::Error, &error.message),
        });
    }

    /// Saves what is on the bench, then goes on with the same texts under another session's name.
    fn begin_session(&mut self, name: String, others: &[SessionEntry], cx: &mut Cx<'_, Self>) {
        if name == self.session || others.iter().any(|other| other.name == name) {
            cx.say(Tone::Error, &format!("there is a session {name} already; choose another name"));
            return;
        }
        self.stop_all(cx);
        self.save_session(cx);
        self.set_lanes(self.specs());
        cx.say(Tone::Info, &format!("session {name} begins"));
        self.session = name;
        self.forget_version_numbers();
        self.ask_session_metrics(cx);
        self.saved_at = None;
    }

    /// Gives the session another name.
    fn rename_session(&mut self, to: String, cx: &mut Cx<'_, Self>) {
        self.save_session(cx);
        self.autosave.renaming = true;
        let from = self.session.clone();
        cx.ask(ask::rename_session(from.clone(), to), from, |bench, from, renamed, cx| {
            bench.autosave.renaming = false;
            match renamed {
                Ok(name) => {
                    cx.say(Tone::Info, &format!("the session is called {name}"));
                    // Its runs go with it, and so do its figures.
                    cx.ask(ask::move_runs(from, name.clone()), (), |_, (), moved, cx| {
                        if let Err(error) = moved {
                            cx.say(Tone::Error, &error.message);
                        }
                    });
                    bench.session = name;
                    bench.touch();
                }
                Err(error) => cx.say(Tone::Error, &error.message),
            }
        });
    }

    /// Remembers that an action was chosen from a list.
    pub(crate) fn note_used(&mut self, action: Action) {
        self.used_actions.retain(|used| *used != action);
        self.used_actions.insert(0, action);
        self.used_actions.truncate(USED_ACTIONS);
        self.touch();
    }

    /// Returns the actions that were chosen from lists, the last one first.
    #[must_use]
    pub fn used_actions(&self) -> &[Action] {
        &self.used_actions
    }

    /// Saves the session a moment after it changed.
    pub(crate) fn save_in_passing(&mut self, cx: &mut Cx<'_, Self>) {
        if self.autosave.saved == Some(self.revision()) || self.autosave.renaming {
            self.autosave.due = None;
            return;
        }
        match self.autosave.due {
            None => self.autosave.due = Some(cx.shared.now.at + AUTOSAVE),
            Some(due) if due <= cx.shared.now.at => self.save_session(cx),
            Some(_) => {}
        }
    }

    /// Saves the session now.
    fn save_session(&mut self, cx: &mut Cx<'_, Self>) {
        self.autosave.note_saved(self.revision());
        let session = Box::new(self.session(cx.shared.now));
        let token = (session.name.clone(), self.saved_at);
        self.saved_at = Some(session.saved);
        cx.ask(ask::save_session(session), token, |bench, (name, before), saved, cx| match saved {
            Ok(saved) => bench.session_saved(&name, saved, cx),
            Err(error) => bench.session_not_saved(&name, before, error.message, cx),
        });
    }

    /// Takes in that the session is on disk.
    fn session_saved(&mut self, name: &str, saved: String, cx: &mut Cx<'_, Self>) {
        self.autosave.last_words = None;
        if self.autosave.failure.take().is_some() {
            cx.say(Tone::Info, &format!("session {saved} is saved again"));
        }
        if saved != name && self.session == name {
            let says = format!("another retort goes on with session {name}; this one goes on as {saved}");
            cx.say(Tone::Warning, &says);
            self.session = saved;
        }
        // What was typed meanwhile is saved before the program ends, too.
        if self.autosave.quitting.is_some() {
            if self.autosave.saved == Some(self.revision()) {
                cx.effect(Effect::Quit);
            } else {
                self.save_session(cx);
            }
        }
    }

    /// Takes in that the session is not on disk: it stays on the bench, and is saved again in a while. A copy is kept
    /// before anybody is asked whether the program may end without it.
    fn session_not_saved(&mut self, name: &str, before: Option<Timestamp>, why: String, cx: &mut Cx<'_, Self>) {
        if self.session == name {
            self.saved_at = before;
            self.autosave.saved = None;
            self.autosave.due = Some(cx.shared.now.at + SAVE_AGAIN);
        }
        self.autosave.failures += 1;
        if self.autosave.failure.as_ref() != Some(&why) {
            cx.say(Tone::Error, &why);
        }
        self.autosave.failure = Some(why);
        if self.autosave.quitting.is_some() {
            cx.ask(ask::rescue_session(Box::new(self.session(cx.shared.now))), (), Self::rescued);
        }
    }

    /// Saves what is on the bench and then ends the program.
    pub(crate) fn save_to_quit(&mut self, quitting: Quitting, cx: &mut Cx<'_, Self>) {
        // A bench that is as it was last saved has nothing to add, and may be older than its file.
        let is_saved = self.autosave.saved == Some(self.revision()) && self.saved_at.is_some();
        if is_saved && self.autosave.failure.is_none() {
            cx.effect(Effect::Quit);
            return;
        }
        self.autosave.quitting = Some((quitting, cx.shared.now.at));
        cx.say(Tone::Info, "saving the session …");
        self.save_session(cx);
    }

    /// Says where the copy is, and asks where there is somebody to ask.
    fn rescued(&mut self, (): (), rescued: Result<PathBuf, StoreError>, cx: &mut Cx<'_, Self>) {
        let Some((quitting, _)) = self.autosave.quitting.take() else {
            return;
        };
        let why = self.autosave.failure.clone().unwrap_or_default();
        let copy = match rescued {
            Ok(path) => format!("A copy of it is in {}.", path.display()),
            Err(error) => format!("No copy of it could be kept either: {}.", error.message),
        };
        let says = format!("The session {} is not saved: {why}. {copy}", self.session);
        let question = format!("{says} Quit?");
        self.autosave.last_words = Some(says);
        match quitting {
            Quitting::Forced => cx.effect(Effect::Quit),
            Quitting::Asked => cx.open(Confirm {
                since: Some(cx.shared.now.at),
                ..Confirm::new(question, "quits all the same", Intent::QuitUnsaved)
            }),
        }
    }

    /// Ends the program although the session is not saved.
    pub(crate) fn quit_unsaved(&mut self, cx: &mut Cx<'_, Self>) {
        let session = &self.session;
        let says = || format!("The session {session} may not be saved: its disk did not answer.");
        self.autosave.last_words.get_or_insert_with(says);
        cx.effect(Effect::Quit);
    }
}
