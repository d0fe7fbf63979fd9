//! The way from the X-ray of a run to those of its judges.

use super::{App, notice::Tone, overlay::Overlay, stored::Asked};
use crate::{
    model::RunId,
    pipeline::port::RunRecord,
    store::job::{Job, StoreFault},
};

impl App {
    /// Asks for the record of the next judge of the run whose X-ray is open.
    pub(super) fn next_judge(&mut self) {
        let Some(Overlay::Xray(xray)) = self.overlays.last_mut() else {
            return;
        };
        match xray.judges.step() {
            Some(run) => self.ask_store(Job::OpenRun(run), Asked::Judge(run)),
            None if xray.judges.is_shown() => self.say(Tone::Info, "no other judge was asked"),
            None => self.say(Tone::Info, "no judge was asked of this run"),
        }
    }

    /// Shows a judge's run: over the run it judged, or in the place of the judge before.
    pub(super) fn judge_read(&mut self, record: &RunRecord) {
        let Some(Overlay::Xray(xray)) = self.overlays.last_mut() else {
            return;
        };
        let Some(judge) = xray.judges.take(record) else {
            return;
        };
        if xray.judges.is_shown() {
            *xray = judge;
        } else {
            self.overlays.push(Overlay::Xray(judge));
        }
    }

    /// Says why a judge's run cannot be shown.
    pub(super) fn judge_fault(&mut self, run: RunId, fault: &StoreFault) {
        self.say(Tone::Error, &format!("the judge's run {}: {}", run.short(), fault.message));
    }
}
