//! The error card: what happened, what was tried, and one key that helps.

use crate::{
    app::{action::Action, lane::take::Survived},
    model::{Class, End, Fault, Outcome},
    text::{Safe, Wrapped, clean},
};

/// An error as a lane shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// What happened, in one line.
    pub what: Safe,
    /// What was tried, one line each, in order.
    pub tried: Vec<Safe>,
    /// What helps, in words, and the action that does it; the first is the best.
    pub next: Vec<(Action, &'static str)>,
}

impl Card {
    /// Makes the card of a run's end, unless all is well.
    #[must_use]
    pub fn of(outcome: &Outcome, survived: &[Survived]) -> Option<Self> {
        match &outcome.end {
            End::Done => None,
            End::Cancelled => Some(Self::cancelled(!outcome.text.is_empty())),
            End::Interrupted { fault } => Some(Self {
                what: clean(&format!("The answer broke off: {}", fault.message)),
                tried: tried(survived),
                next: vec![
                    (Action::RunFresh, "starts over"),
                    (Action::Models, "takes another model"),
                    (Action::Copy, "copies what came"),
                ],
            }),
            End::Failed { reasons } => {
                let mut lines = tried(survived);
                let named = if reasons.len() == 1 { &[] } else { reasons.as_slice() };
                lines.extend(named.iter().map(|reason| clean(&format!("{}: {}", reason.target, told(&reason.fault)))));
                let what = match reasons.as_slice() {
                    [] => clean("The run failed"),
                    [only] => clean(&format!("{}: {}", only.target, told(&only.fault))),
                    [_, _, ..] => clean(&format!("All models failed ({} were tried)", reasons.len())),
                };
                let class = reasons.last().map_or(Class::Unknown, |reason| reason.fault.class);
                Some(Self { what, tried: lines, next: helps(class) })
            }
        }
    }

    /// Makes the card of a run that the user stopped.
    #[must_use]
    pub fn cancelled(partial: bool) -> Self {
        let what = if partial { "Stopped; the part that came is kept" } else { "Stopped before anything came" };
        Self { what: clean(what), tried: Vec::new(), next: vec![(Action::Run, "runs again")] }
    }

    /// Counts the rows the card takes at a width: what happened and what was tried wrap by two
    /// columns less, for the mark before them; a blank row sets it off.
    #[must_use]
    pub fn height(&self, width: u16) -> u16 {
        let rows = |text: &Safe| {
            let mut rows = Wrapped::new(usize::from(width.saturating_sub(2)));
            rows.push(text);
            rows.rows()
        };
        let texts: usize = std::iter::once(&self.what).chain(&self.tried).map(rows).sum();
        u16::try_from(1 + texts + self.next.len()).unwrap_or(u16::MAX)
    }

    /// Makes the card of a run that could not be started.
    #[must_use]
    pub fn refused(what: &str, next: Vec<(Action, &'static str)>) -> Self {
        Self { what: clean(what), tried: Vec::new(), next }
    }
}

/// A fault with its class and status, in one line.
fn told(fault: &Fault) -> String {
    match fault.status {
        Some(status) => format!("{} ({status}): {}", fault.class, fault.message),
        None => fault.to_string(),
    }
}

fn tried(survived: &[Survived]) -> Vec<Safe> {
    survived.iter().map(|one| clean(&format!("{}: {}", one.target, told(&one.fault)))).collect()
}

/// What helps against a class of fault.
fn helps(class: Class) -> Vec<(Action, &'static str)> {
    let model = (Action::Models, "takes another model");
    let again = (Action::Run, "tries again");
    let params = (Action::Params, "changes the parameters");
    match class {
        Class::Credential | Class::Quota | Class::Region | Class::ModelGone | Class::NotAnApi => vec![model, again],
        Class::ParamRejected | Class::Truncated => vec![params, again],
        Class::ContextTooLong | Class::ContentPolicy | Class::CallerFault => {
            vec![(Action::FocusPrompt, "goes to the prompt"), model]
        }
        Class::BadOutput => vec![again, params],
        Class::Cancelled
        | Class::RateLimited
        | Class::Overloaded
        | Class::Transient
        | Class::Timeout(_)
        | Class::Interrupted
        | Class::TooLarge
        | Class::Unknown => vec![again, model],
    }
}
