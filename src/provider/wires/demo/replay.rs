//! Answers played again as they were recorded, in their own time or faster, with faults laid over them.

use std::{
    str::FromStr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures_util::{StreamExt as _, stream};

use crate::{
    model::{CallError, ErrorKind, Message, Role},
    provider::{
        Backend, Call, WireEvent, WireStream,
        wires::demo::{ScriptStep, failure, overloaded, rate_limited},
    },
};

/// How much slower a slowed answer comes.
const SLOWER: u32 = 10;

/// What the 429 that is laid over a call asks a client to wait.
const WAIT: Duration = Duration::from_secs(2);

/// Something that goes wrong with a call although it did not when it was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayFault {
    /// The call is refused: too many requests.
    RateLimited,
    /// The call is refused: the provider is overloaded.
    Overloaded,
    /// The answer breaks off in the middle.
    Cut,
    /// Everything takes ten times as long.
    Slow,
    /// This call and all that follow are refused.
    Down,
}

impl ReplayFault {
    /// Lists all, each by its name.
    pub const ALL: [(&str, Self); 5] = [
        ("429", Self::RateLimited),
        ("503", Self::Overloaded),
        ("cut", Self::Cut),
        ("slow", Self::Slow),
        ("down", Self::Down),
    ];
}

impl FromStr for ReplayFault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.iter().find(|(name, _)| *name == text.trim());
        found.map(|(_, fault)| *fault).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|(name, _)| *name).collect();
            format!("a fault is one of {}", names.join(", "))
        })
    }
}

/// A call as it was recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayedCall {
    /// What was said, each with the wait before it; an answer without [`WireEvent::End`] was cut.
    pub said: Vec<(Duration, WireEvent)>,
    /// The wait before the error that it ended with, if it ended with one.
    pub failed: Option<(Duration, CallError)>,
}

impl ReplayedCall {
    /// Lists what is said, each with the wait before it, so many times as slow as it was.
    pub(crate) fn steps(&self, slower: u32) -> Vec<ScriptStep> {
        let said = self.said.iter().map(|(wait, event)| (*wait * slower, Ok(event.clone())));
        let failed = self.failed.iter().map(|(wait, error)| (*wait * slower, Err(error.clone())));
        said.chain(failed).collect()
    }

    /// Tells the first half and ends without a word.
    fn cut(&self) -> Vec<ScriptStep> {
        let is_text = |event: &WireEvent| matches!(event, WireEvent::Text(_) | WireEvent::Reasoning(_));
        let texts = self.said.iter().filter(|(_, event)| is_text(event)).count();
        let mut left = texts.div_ceil(2);
        let half = self.said.iter().take_while(|(_, event)| {
            let stays = !is_text(event) || left > 0;
            left = left.saturating_sub(usize::from(is_text(event)));
            stays && !matches!(event, WireEvent::Finish(_) | WireEvent::End)
        });
        half.map(|(wait, event)| (*wait, Ok(event.clone()))).collect()
    }
}

/// The calls of a run, played again one after the other; the last one answers whoever asks further.
#[derive(Debug)]
pub struct ReplayBackend {
    /// What was sent: only what begins with it is answered.
    pub(crate) messages: Vec<Message>,
    pub(crate) calls: Vec<ReplayedCall>,
    /// The calls of judges, by what they were sent.
    pub(crate) judges: Vec<(Vec<Message>, ReplayedCall)>,
    /// The n-th is laid over the n-th call.
    pub(crate) faults: Vec<ReplayFault>,
    /// The length of a second.
    pub(crate) second: Duration,
    at: Mutex<ReplayPlace>,
}

/// How far a replay has come.
#[derive(Debug, Default)]
struct ReplayPlace {
    /// Calls that were made.
    made: usize,
    /// The recorded call that is played next.
    next: usize,
}

impl ReplayBackend {
    /// Plays calls again, so many times as fast; at once where that is infinite.
    pub(crate) fn new(messages: Vec<Message>, calls: Vec<ReplayedCall>, faults: Vec<ReplayFault>, speed: f64) -> Self {
        let second = if speed.is_finite() { Duration::from_secs(1).div_f64(speed.max(0.001)) } else { Duration::ZERO };
        Self { messages, calls, judges: Vec::new(), faults, second, at: Mutex::default() }
    }

    fn steps(&self, call: &Call) -> Vec<ScriptStep> {
        let same = |(one, other): (&Message, &Message)| one.role == other.role && one.content == other.content;
        let judged = self.judges.iter().find(|(messages, _)| {
            messages.len() == call.messages.len() && messages.iter().zip(&call.messages).all(same)
        });
        if let Some((_, judged)) = judged {
            return judged.steps(1);
        }
        let own = without_system(&call.messages).starts_with(&without_system(&self.messages));
        if !own {
            let why = "nothing is on record of this call, and a replay asks nobody";
            return failure(CallError::new(ErrorKind::CallerFault, why.to_owned()));
        }
        let mut place = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        let last = self.calls.len().saturating_sub(1);
        let at = place.next.min(last);
        let Some(recorded) = self.calls.get(at) else {
            return failure(CallError::new(ErrorKind::CallerFault, "nothing is on record of this call".to_owned()));
        };
        let down = self.faults.iter().take(place.made + 1).any(|fault| *fault == ReplayFault::Down);
        let fault = if down { Some(ReplayFault::Down) } else { self.faults.get(place.made).copied() };
        place.made += 1;
        let refused = matches!(
            fault,
            Some(ReplayFault::RateLimited | ReplayFault::Overloaded | ReplayFault::Down | ReplayFault::Cut)
        );
        // A call that failed by itself is over; an answer is still to come.
        if !refused || recorded.failed.is_some() {
            place.next += 1;
        }
        let name = call.target.name.as_str();
        match fault {
            None => recorded.steps(1),
            Some(ReplayFault::Slow) => recorded.steps(SLOWER),
            Some(ReplayFault::Cut) => recorded.cut(),
            Some(ReplayFault::RateLimited) => failure(rate_limited(name, WAIT.mul_f64(self.second.as_secs_f64()))),
            Some(ReplayFault::Overloaded) => failure(overloaded(&format!("{name} is overloaded, as --fault has it"))),
            Some(ReplayFault::Down) => failure(overloaded(&format!("{name} never answers, as --fault has it"))),
        }
    }
}

/// Lists the messages but for the system's words, to which a line about the form of the answer may be added.
fn without_system(messages: &[Message]) -> Vec<(&str, &str)> {
    let spoken = messages.iter().filter(|message| message.role != Role::System);
    spoken.map(|message| (message.role.name(), message.content.as_str())).collect()
}

impl Backend for ReplayBackend {
    fn call(&self, call: Call) -> WireStream {
        let (steps, second) = (self.steps(&call), self.second.as_secs_f64());
        stream::iter(steps)
            .then(move |(wait, item)| async move {
                tokio::time::sleep(wait.mul_f64(second)).await;
                item
            })
            .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Finish;

    #[test]
    fn half_of_an_answer_is_told_where_it_is_cut() {
        let text = |text: &str| (Duration::from_millis(20), WireEvent::Text(text.to_owned()));
        let headers = (Duration::ZERO, WireEvent::Headers { status: 200, request_id: None });
        let end = [WireEvent::Finish(Finish::Stop), WireEvent::End].map(|event| (Duration::ZERO, event));
        let said: Vec<_> = [headers, text("a"), text("b"), text("c")].into_iter().chain(end).collect();
        let call = ReplayedCall { said, failed: None };
        let cut: Vec<WireEvent> = call.cut().into_iter().map(|(_, event)| event.unwrap()).collect();
        assert_eq!(cut.len(), 3, "{cut:?}");
        assert_eq!(cut.last(), Some(&WireEvent::Text("b".to_owned())));
        assert_eq!(call.steps(10)[1].0, Duration::from_millis(200));
    }

    #[test]
    fn faults_are_read_by_their_names() {
        assert_eq!("cut".parse(), Ok(ReplayFault::Cut));
        assert!("flood".parse::<ReplayFault>().unwrap_err().contains("429, 503, cut, slow, down"));
    }
}
