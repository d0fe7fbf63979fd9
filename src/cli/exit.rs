//! How the program ends, as its exit code says it: one table for every command.

use crate::model::{ErrorKind, Outcome, RunEnd, RunStatus, StatusCounts};

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It did what was asked; every check passed, or there was none.
    Done,
    /// It did what was asked; a check or a gate failed or could not run.
    CheckFailed,
    /// An answer was cut off.
    Cut,
    /// It could not do it: no model answered, a file or the record cannot be used.
    Failed,
    /// What was asked for is not there or makes no sense: an option, a prompt, a model, a template.
    Usage,
    /// It was stopped.
    Cancelled,
}

impl Exit {
    /// Every exit, the one a caller must hear of first at the end.
    pub const ALL: [Self; 6] = [Self::Done, Self::CheckFailed, Self::Cut, Self::Failed, Self::Usage, Self::Cancelled];

    /// Returns the exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Cut => 4,
            Self::CheckFailed => 100,
            Self::Cancelled => 130,
        }
    }

    /// Says what the code means, as the documentation lists it.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done; every check passed, or there was none",
            Self::Failed => "could not run: no model answered, or a file or the record cannot be used",
            Self::Usage => "the command line, the prompt, the model or the template is wrong; nothing was asked",
            Self::Cut => "an answer was cut off",
            Self::CheckFailed => "done; a check or a gate failed or could not run, or a comparison shows a loss",
            Self::Cancelled => "stopped by ctrl-c or a signal",
        }
    }

    /// Lists every code with its meaning, as it stands in `--help`.
    #[must_use]
    pub fn help() -> String {
        let mut exits = Self::ALL;
        exits.sort_by_key(|exit| exit.code());
        let lines = exits.map(|exit| format!("  {:>3}  {}", exit.code(), exit.meaning()));
        format!("Exit status:\n{}", lines.join("\n"))
    }

    /// Lists every code with its meaning as a table in Markdown.
    #[must_use]
    pub fn table() -> String {
        let mut exits = Self::ALL;
        exits.sort_by_key(|exit| exit.code());
        let lines = exits.map(|exit| format!("| {} | {} |\n", exit.code(), exit.meaning()));
        format!("| exit code | means |\n|---|---|\n{}", lines.concat())
    }

    /// Of two ends, the one that a caller must hear of first.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        let place = |exit| Self::ALL.iter().position(|known| *known == exit);
        if place(other) > place(self) { other } else { self }
    }

    /// Decides the end of one run. What is inconclusive is fine only where that is `allowed`.
    #[must_use]
    pub fn of_run(outcome: &Outcome, allowed: bool) -> Self {
        match &outcome.end {
            RunEnd::Cancelled => Self::Cancelled,
            RunEnd::Failed { .. } if outcome.end.class() == Some(ErrorKind::InvalidPrompt) => Self::Usage,
            _ if outcome.cut_off() => Self::Cut,
            RunEnd::Failed { .. } | RunEnd::Interrupted { .. } => Self::Failed,
            RunEnd::Done => match outcome.status() {
                RunStatus::Passed | RunStatus::Unchecked => Self::Done,
                RunStatus::Inconclusive if allowed => Self::Done,
                RunStatus::Inconclusive | RunStatus::Failed | RunStatus::Error | RunStatus::Cancelled => {
                    Self::CheckFailed
                }
            },
        }
    }

    /// Decides the end of several runs by how they came out, and how many answers were `cut_off`. What was not
    /// checked is fine where nothing was; what is inconclusive, or unchecked beside others that were checked, only
    /// where that is `allowed`.
    #[must_use]
    pub fn of(counts: &StatusCounts, cut_off: u64, allowed: bool) -> Self {
        if cut_off > 0 {
            return Self::Cut;
        }
        let StatusCounts { passed, failed, inconclusive, unchecked, error, cancelled: _ } = *counts;
        let checked = passed + failed + inconclusive > 0;
        if error > 0 && !checked && unchecked == 0 {
            return Self::Failed;
        }
        let open = inconclusive > 0 || (checked && unchecked > 0);
        if failed > 0 || error > 0 || (open && !allowed) { Self::CheckFailed } else { Self::Done }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CallError, Quality, Rule, Status, Verdict, run_end::Reason};

    fn outcome(end: RunEnd, rule: Rule, status: Option<Status>) -> Outcome {
        let bare = serde_json::json!({
            "run": "018f0000-0000-7000-8000-000000000000", "end": "done", "text": "", "requested": "a", "target": "a",
            "model": "m", "provenance": {"from": "live"}, "attempts": 1, "usage": {}, "cost": {"state": "unknown"},
            "timing": {"total": {"secs": 0, "nanos": 0}},
        });
        let quality = status.map(|status| Quality::of(vec![Verdict::new(rule, status, String::new())]));
        Outcome { end, quality, ..serde_json::from_value(bare).unwrap() }
    }

    #[test]
    fn every_end_of_a_run_has_its_number() {
        let cut = RunEnd::Interrupted { error: CallError::new(ErrorKind::Interrupted, "x") };
        let passed = Some(Status::Passed);
        let failed = |class| {
            let reason = Reason { target: "a".to_owned(), error: CallError::new(class, "x") };
            RunEnd::Failed { reasons: vec![reason] }
        };
        for (end, rule, status, exit, allowed) in [
            (RunEnd::Cancelled, Rule::Format, passed, Exit::Cancelled, Exit::Cancelled),
            (RunEnd::Failed { reasons: vec![] }, Rule::Format, None, Exit::Failed, Exit::Failed),
            (failed(ErrorKind::CallerFault), Rule::Format, None, Exit::Failed, Exit::Failed),
            (failed(ErrorKind::InvalidPrompt), Rule::Format, None, Exit::Usage, Exit::Usage),
            (failed(ErrorKind::Truncated), Rule::Format, None, Exit::Cut, Exit::Cut),
            (failed(ErrorKind::Interrupted), Rule::Format, None, Exit::Cut, Exit::Cut),
            (cut, Rule::Format, passed, Exit::Cut, Exit::Cut),
            (RunEnd::Done, Rule::Finish, Some(Status::Failed), Exit::Cut, Exit::Cut),
            (RunEnd::Done, Rule::Format, Some(Status::Failed), Exit::CheckFailed, Exit::CheckFailed),
            (RunEnd::Done, Rule::Format, Some(Status::Inconclusive), Exit::CheckFailed, Exit::Done),
            (RunEnd::Done, Rule::Format, passed, Exit::Done, Exit::Done),
            (RunEnd::Done, Rule::Format, None, Exit::Done, Exit::Done),
        ] {
            let outcome = outcome(end, rule, status);
            assert_eq!((Exit::of_run(&outcome, false), Exit::of_run(&outcome, true)), (exit, allowed), "{outcome:?}");
        }
    }

    fn counts(passed: u64, failed: u64, inconclusive: u64, unchecked: u64, error: u64) -> StatusCounts {
        StatusCounts { passed, failed, inconclusive, unchecked, error, cancelled: 1 }
    }

    #[test]
    fn only_what_passed_or_was_meant_to_go_unchecked_is_done() {
        for (counts, strict, allowed) in [
            (counts(3, 0, 0, 0, 0), Exit::Done, Exit::Done),
            (counts(0, 0, 0, 3, 0), Exit::Done, Exit::Done),
            (counts(0, 0, 0, 0, 0), Exit::Done, Exit::Done),
            (counts(3, 1, 0, 0, 0), Exit::CheckFailed, Exit::CheckFailed),
            (counts(3, 0, 0, 0, 1), Exit::CheckFailed, Exit::CheckFailed),
            (counts(0, 0, 0, 3, 1), Exit::CheckFailed, Exit::CheckFailed),
            (counts(3, 0, 1, 0, 0), Exit::CheckFailed, Exit::Done),
            (counts(0, 0, 3, 0, 0), Exit::CheckFailed, Exit::Done),
            (counts(3, 0, 0, 1, 0), Exit::CheckFailed, Exit::Done),
            (counts(0, 0, 0, 0, 3), Exit::Failed, Exit::Failed),
        ] {
            assert_eq!((Exit::of(&counts, 0, false), Exit::of(&counts, 0, true)), (strict, allowed), "{counts:?}");
            assert_eq!(Exit::of(&counts, 1, true), Exit::Cut, "{counts:?}");
        }
    }

    #[test]
    fn the_worst_of_several_is_told() {
        assert_eq!(Exit::Done.worse(Exit::CheckFailed).worse(Exit::Cut).worse(Exit::Done), Exit::Cut);
        assert_eq!(Exit::Failed.worse(Exit::Cut), Exit::Failed);
    }
}
