//! Stopping what runs, and ending the program.

use std::time::Duration;

use crate::app::{
    App,
    action::GlobalAction,
    batch::Batches,
    intent::Intent,
    notices::Tone,
    overlays::{Overlay, Overlays, confirm::Confirm},
    rescore::Rescorer,
    screen_id::ScreenId,
    workbench::{Focus, Workbench, session::Quitting},
};

/// Within which time a second ctrl-c or q quits.
const TWICE: Duration = Duration::from_secs(2);

impl App {
    /// Stops the judging of answers on record if it is under way; else the experiment that is looked at; else the lane with
    /// the focus if it is busy, else all, else the batch, else the experiment; on the batch screen the batch first. With
    /// nothing to stop twice, quits.
    pub(crate) fn stop(&mut self) {
        if self.with_rescorer(Rescorer::stop) || self.with_overlays(Overlays::stop_asking) {
            return;
        }
        // What is looked at comes first.
        let looked_at = if self.shows_lab() { self.stop_experiment() } else { None };
        if looked_at.is_some() {
            return self.say_stopped(0, false, looked_at);
        }
        let batch_first = self.screen == ScreenId::Batch && self.with_batch(Batches::stop);
        let own = match self.bench.focus {
            Focus::Lane(at) if !batch_first && self.screen == ScreenId::Bench => {
                self.with_bench(|bench, cx| bench.stop_lane(at, cx))
            }
            Focus::Lane(_)
            | Focus::Message(_)
            | Focus::Heading(_)
            | Focus::Section(_)
            | Focus::Input
            | Focus::Variable(_)
            | Focus::Metrics => 0,
        };
        let runs = if batch_first || own > 0 { own } else { self.with_bench(Workbench::stop_all) };
        let batch = batch_first || (runs == 0 && self.with_batch(Batches::stop));
        let experiment = if runs == 0 && !batch { self.stop_experiment() } else { None };
        let now = self.shared.now.at;
        let again = self.stopped.is_some_and(|at| now.saturating_duration_since(at) <= TWICE);
        if runs == 0 && !batch && experiment.is_none() && again {
            self.quit();
            return;
        }
        self.say_stopped(runs, batch, experiment);
    }

    /// Says what stops, and that the same key again quits.
    fn say_stopped(&mut self, runs: usize, batch: bool, experiment: Option<&'static str>) {
        self.stopped = Some(self.shared.now.at);
        let did = match (experiment, runs) {
            (Some(word), _) => format!("the {word} stops; what was answered is kept"),
            (None, _) if batch => "the batch stops; what is finished is kept".to_owned(),
            (None, 0) => "nothing runs".to_owned(),
            (None, 1) => "stopped".to_owned(),
            (None, n) => format!("{n} runs stopped"),
        };
        let key = self.shared.keymap.shown(GlobalAction::Stop, true);
        let key = key.map_or_else(|| "stop".to_owned(), |key| key.to_string());
        self.shared.say(Tone::Info, &format!("{did}; {key} again within 2 s quits"));
    }

    /// Says that the same key again quits; the second time within 2 s asks or quits.
    pub(crate) fn ask_quit_twice(&mut self) {
        let now = self.shared.now.at;
        if self.quitting.is_some_and(|at| now.saturating_duration_since(at) <= TWICE) {
            self.quitting = None;
            return self.ask_quit();
        }
        self.quitting = Some(now);
        let key = self.shared.keymap.shown(GlobalAction::Quit, false);
        let key = key.map_or_else(|| "Quit".to_owned(), |key| key.to_string());
        self.shared.say(Tone::Info, &format!("{key} again quits"));
    }

    /// Quits, or asks while something runs.
    pub(crate) fn ask_quit(&mut self) {
        let ask = |text: &str, yes| Confirm::new(text, yes, Intent::Quit);
        if let Some(work) = self.shared.lab.busy() {
            let text = format!(
                "The {} is under way. Quit? What was answered is kept, and it can be gone on with.",
                work.about()
            );
            return self.open(ask(&text, "stops it and quits"));
        }
        match self.bench.under_way_count() {
            _ if self.batch.busy() || self.overlays.is_asking() => self.open(ask(
                "A batch is under way. Quit? What is finished is kept, and it can be gone on with.",
                "stops it and quits",
            )),
            0 => self.quit(),
            1 => self.open(ask("A run is under way. Quit?", "stops it and quits")),
            busy => self.open(ask(&format!("{busy} runs are under way. Quit?"), "stops them and quits")),
        }
    }

    /// Ends the program because a person wants it: stops what runs, saves what is on the bench. Where that
    /// takes its time, asking once more ends it without.
    pub(crate) fn quit(&mut self) {
        let is_the_question =
            |overlay: &Overlay| matches!(overlay, Overlay::Confirm(Confirm { then: Intent::QuitUnsaved, .. }));
        match self.bench.autosave.quits(self.shared.now.at) {
            // Who is asked whether to quit and wants to says yes.
            _ if self.overlays.last().is_some_and(is_the_question) => self.with_bench(Workbench::quit_unsaved),
            Some(true) => self.with_bench(Workbench::quit_unsaved),
            Some(false) => {}
            None => self.begin_to_quit(Quitting::Asked),
        }
    }

    /// Ends the program because it must.
    pub(crate) fn must_quit(&mut self) {
        self.begin_to_quit(Quitting::Forced);
    }

    fn begin_to_quit(&mut self, quitting: Quitting) {
        self.with_bench(Workbench::stop_all);
        self.with_batch(Batches::stop);
        self.with_bench(|bench, cx| bench.save_to_quit(quitting, cx));
    }
}
