//! Ending the program: nothing that was typed is left behind without a word.

use std::{path::PathBuf, time::Duration};

use crate::{
    app::{
        App, Effect, intent::Intent, overlay::Overlay, overlays::confirm::Confirm, status_bar::Tone,
        store_request::Pending, workbench::lane::Lane,
    },
    model::error::StoreError,
    store::api::StoreRequest,
};

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

impl App {
    /// Quits, or asks while something runs.
    pub(crate) fn ask_quit(&mut self) {
        let busy = self.bench.lanes.iter().flat_map(Lane::takes).filter(|take| take.ticket.is_some()).count();
        match busy {
            _ if self.batch.busy() => self.ask(
                "A batch is under way. Quit? What is finished is kept, and it can be gone on with.",
                "stops it and quits",
                Intent::Quit,
            ),
            0 => self.quit(),
            1 => self.ask("A run is under way. Quit?", "stops it and quits", Intent::Quit),
            _ => self.ask(&format!("{busy} runs are under way. Quit?"), "stops them and quits", Intent::Quit),
        }
    }

    /// Ends the program because a person wants it: stops what runs, saves what is on the bench. Where that
    /// takes its time, asking once more ends it without.
    pub(crate) fn quit(&mut self) {
        let is_the_question =
            |overlay: &Overlay| matches!(overlay, Overlay::Confirm(Confirm { then: Intent::QuitUnsaved, .. }));
        match self.quit_since {
            // Who is asked whether to quit and wants to says yes.
            _ if self.overlays.last().is_some_and(is_the_question) => self.leave_behind(),
            Some(since) if self.quitting.is_some() => {
                if self.now.at.saturating_duration_since(since) >= IMPATIENT {
                    self.leave_behind();
                }
            }
            _ => self.begin_to_quit(Quitting::Asked),
        }
    }

    /// Ends the program because it must.
    pub(crate) fn must_quit(&mut self) {
        self.begin_to_quit(Quitting::Forced);
    }

    fn begin_to_quit(&mut self, quitting: Quitting) {
        self.stop_all();
        self.stop_batch();
        // A bench that is as it was last saved has nothing to add, and may be older than its file.
        if self.bench.revision() == self.saved && self.bench.saved_at.is_some() && self.unsaved.is_none() {
            self.effects.push(Effect::Quit);
            return;
        }
        self.quitting = Some(quitting);
        self.quit_since = Some(self.now.at);
        self.say(Tone::Info, "saving the session …");
        self.save_session();
    }

    /// Goes on with quitting once the session was saved: what was typed meanwhile is saved, too.
    pub(crate) fn saved_to_quit(&mut self) {
        if self.quitting.is_none() {
            return;
        }
        if self.bench.revision() == self.saved {
            self.effects.push(Effect::Quit);
        } else {
            self.save_session();
        }
    }

    /// Keeps a copy of a session that cannot be saved, before anybody is asked about it.
    pub(crate) fn not_saved_to_quit(&mut self) {
        if self.quitting.is_some() {
            let session = Box::new(self.bench.session(self.now));
            self.ask_store(StoreRequest::RescueSession(session), Pending::Rescue);
        }
    }

    /// Says where the copy is, and asks where there is somebody to ask.
    pub(crate) fn rescued(&mut self, rescued: Result<PathBuf, StoreError>) {
        let Some(quitting) = self.quitting.take() else {
            return;
        };
        let why = self.unsaved.clone().unwrap_or_default();
        let copy = match rescued {
            Ok(path) => format!("A copy of it is in {}.", path.display()),
            Err(fault) => format!("No copy of it could be kept either: {}.", fault.message),
        };
        let told = format!("The session {} is not saved: {why}. {copy}", self.bench.session);
        self.last_words = Some(told.clone());
        match quitting {
            Quitting::Forced => self.effects.push(Effect::Quit),
            Quitting::Asked => self.open(Confirm {
                since: Some(self.now.at),
                ..Confirm::new(format!("{told} Quit?"), "quits all the same", Intent::QuitUnsaved)
            }),
        }
    }

    /// Quits although the session is not saved.
    pub(crate) fn leave_behind(&mut self) {
        if self.last_words.is_none() {
            self.last_words =
                Some(format!("The session {} may not be saved: its disk did not answer.", self.bench.session));
        }
        self.effects.push(Effect::Quit);
    }

    /// Returns what is to be said when the screen is gone; nothing after a good end.
    #[must_use]
    pub fn last_words(&self) -> Option<&str> {
        self.last_words.as_deref()
    }
}
