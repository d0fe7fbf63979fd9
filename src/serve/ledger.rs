//! What is known of a call by the time it is over: counted for the figures, and told to whoever watches.
//!
//! A call that is dropped before its end was left by its program.

use std::{sync::Arc, time::Duration};

use tokio::{sync::mpsc, time::Instant};

use crate::{
    model::Outcome,
    pipeline::RunEvent,
    serve::{console::WatchedCall, figures::ServeFigures, report::CallReport},
};

/// The status of a call whose program did not wait for its end.
pub(crate) const LEFT: u16 = 499;

/// A call under way.
#[derive(Debug)]
pub(crate) struct CallLedger {
    report: CallReport,
    started: Instant,
    /// The status that was sent.
    status: Option<u16>,
    /// Whether a body follows whose end is still to come.
    ended: bool,
    watched: Option<WatchedCall>,
    figures: Arc<ServeFigures>,
    tell: mpsc::Sender<CallReport>,
}

impl CallLedger {
    /// Begins with a call of which only its route is known.
    pub(crate) fn begin(
        route: &'static str,
        started: Instant,
        figures: &Arc<ServeFigures>,
        tell: &mpsc::Sender<CallReport>,
    ) -> Self {
        figures.begin();
        let report = CallReport {
            route,
            model: None,
            target: None,
            status: LEFT,
            took: Duration::ZERO,
            run: None,
            cost: None,
            cached: false,
            attempts: 0,
            outcome: None,
        };
        Self {
            report,
            started,
            status: None,
            ended: false,
            watched: None,
            figures: Arc::clone(figures),
            tell: tell.clone(),
        }
    }

    /// Notes that somebody watches it.
    pub(crate) fn watched(&mut self, call: Option<WatchedCall>) {
        self.watched = call;
    }

    /// Notes the model that was asked for.
    pub(crate) fn model(&mut self, model: &str) {
        self.report.model = Some(model.chars().filter(|c| !c.is_control()).take(128).collect());
    }

    /// Notes the target that is asked without a run.
    pub(crate) fn target(&mut self, target: &str) {
        self.report.target = Some(target.to_owned());
    }

    /// Notes what a run tells.
    pub(crate) fn record(&mut self, event: &RunEvent) {
        match event {
            RunEvent::Prepared { run, .. } => self.report.run = Some(*run),
            RunEvent::Attempt { number, target, .. } => {
                self.report.attempts = *number;
                self.report.target = Some(target.clone());
            }
            RunEvent::Ended { outcome } => self.outcome(outcome),
            RunEvent::Cache { .. }
            | RunEvent::Queued { .. }
            | RunEvent::Skipped { .. }
            | RunEvent::Headers { .. }
            | RunEvent::Delta { .. }
            | RunEvent::CallDelta { .. }
            | RunEvent::Called { .. }
            | RunEvent::Replied { .. }
            | RunEvent::NextTurn { .. }
            | RunEvent::Usage { .. }
            | RunEvent::Served { .. }
            | RunEvent::Notice { .. }
            | RunEvent::AttemptFailed { .. }
            | RunEvent::Judged { .. }
            | RunEvent::Checked { .. } => {}
        }
    }

    fn outcome(&mut self, outcome: &Outcome) {
        let cached = matches!(outcome.provenance, crate::model::Provenance::Cached { .. });
        self.report.run = Some(outcome.run);
        if !outcome.target.is_empty() {
            self.report.target = Some(outcome.target.clone());
        }
        self.report.cost = Some(outcome.spent().cost);
        self.report.cached = cached;
        self.report.attempts = outcome.attempts;
        self.report.outcome = Some(outcome.status().word());
        self.figures.outcome(outcome);
        self.ended = true;
    }

    /// Notes the status that is sent.
    pub(crate) fn answered(&mut self, status: u16) {
        self.status = Some(status);
    }

    /// Notes that a stream that had begun ended with an error.
    pub(crate) fn broke_off(&mut self, status: u16) {
        self.status = Some(status);
    }

    /// Notes that nothing more follows.
    pub(crate) fn end(&mut self) {
        self.ended = true;
    }
}

impl Drop for CallLedger {
    fn drop(&mut self) {
        self.report.status = self.status.filter(|_| self.ended).unwrap_or(LEFT);
        self.report.took = self.started.elapsed();
        self.figures.end(&self.report);
        if let Some(call) = &self.watched {
            call.over(&self.report);
        }
        // Whoever watches and cannot follow is not waited for; the figures have it all.
        if self.tell.try_send(self.report.clone()).is_err() {
            self.figures.untold();
        }
    }
}
