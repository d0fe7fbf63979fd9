//! The error card: what happened, what was tried, and one key that helps.

use crate::{
    app::{action::Action, lane::Survived},
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
                tried: tried(survived).into_iter().map(|(line, times)| counted(&line, times)).collect(),
                next: [(Action::RunFresh, "starts over"), (Action::NextModel, "takes the next model")]
                    .into_iter()
                    .chain(kept(!outcome.text.is_empty()))
                    .collect(),
            }),
            End::Failed { reasons } => {
                let mut tries = tried(survived);
                let named = if reasons.len() == 1 { &[] } else { reasons.as_slice() };
                let last = named.len().saturating_sub(1);
                for (at, reason) in named.iter().enumerate() {
                    // The last try of each target but the last is among those the run survived.
                    let line = line(&reason.target, &reason.fault);
                    if at == last || tries.iter().all(|(known, _)| *known != line) {
                        count(&mut tries, line);
                    }
                }
                let what = match reasons.as_slice() {
                    [] => "The run failed".to_owned(),
                    [only] => line(&only.target, &only.fault),
                    [_, _, ..] => format!("All models failed ({} were tried)", reasons.len()),
                };
                let last = tries.pop_if(|(line, _)| *line == what);
                let mut lines: Vec<Safe> = tries.into_iter().map(|(line, times)| counted(&line, times)).collect();
                lines.extend(last.map(|(_, times)| clean(&format!("tried {} times", times + 1))));
                let class = reasons.last().map_or(Class::Unknown, |reason| reason.fault.class);
                Some(Self { what: clean(&what), tried: lines, next: helps(class) })
            }
        }
    }

    /// Makes the card of a run that the user stopped.
    #[must_use]
    pub fn cancelled(partial: bool) -> Self {
        let what = if partial { "Stopped; the part that came is kept" } else { "Stopped before anything came" };
        Self {
            what: clean(what),
            tried: Vec::new(),
            next: std::iter::once((Action::Run, "runs again")).chain(kept(partial)).collect(),
        }
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

fn line(target: &str, fault: &Fault) -> String {
    format!("{target}: {}", told(fault))
}

/// Says what was tried, in order, and how often the same came of it.
fn tried(survived: &[Survived]) -> Vec<(String, usize)> {
    let mut tries = Vec::new();
    for one in survived {
        count(&mut tries, line(&one.target, &one.fault));
    }
    tries
}

/// Adds a try, to an earlier one where the same came of it.
fn count(tries: &mut Vec<(String, usize)>, line: String) {
    match tries.iter_mut().find(|(known, _)| *known == line) {
        Some((_, times)) => *times += 1,
        None => tries.push((line, 1)),
    }
}

fn counted(line: &str, times: usize) -> Safe {
    if times == 1 { clean(line) } else { clean(&format!("{line} (tried {times} times)")) }
}

/// What can be done with the part of an answer, where some came.
fn kept(partial: bool) -> Option<(Action, &'static str)> {
    partial.then_some((Action::Keep, "keeps what came"))
}

/// What helps against a class of fault.
fn helps(class: Class) -> Vec<(Action, &'static str)> {
    let model = (Action::Models, "takes another model");
    let again = (Action::Run, "tries again");
    let params = (Action::Params, "changes the parameters");
    match class {
        Class::Credential | Class::Quota | Class::Region | Class::ModelGone | Class::NotAnApi => vec![model, again],
        Class::ParamRejected | Class::Truncated => vec![params, again],
        Class::ContextTooLong | Class::ContentPolicy | Class::CallerFault | Class::InvalidPrompt => {
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
