//! How much of the answers is taken in: each up to a limit, and those of all runs under way together up to another.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crate::{
    model::{
        CallError, ErrorKind,
        settings::{IntakeLimits, byte_size},
    },
    provider::WireEvent,
};

/// Bytes that a piece of a call takes beside its texts.
const AROUND_CALL: usize = 32;

/// Bytes that the runs of a pipeline hold of their answers, all together.
#[derive(Debug, Clone, Default)]
pub(crate) struct AllAnswers(Arc<AtomicU64>);

/// What one attempt holds of it, until it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Intake {
    limits: IntakeLimits,
    all: AllAnswers,
    own: u64,
}

impl Intake {
    /// Begins with nothing.
    pub(crate) fn new(limits: IntakeLimits, all: &AllAnswers) -> Self {
        Self { limits, all: all.clone(), own: 0 }
    }

    /// Counts a piece of an answer and cuts it off where a limit is reached; the error that ends the attempt then.
    pub(crate) fn admit(&mut self, event: &mut WireEvent) -> Option<CallError> {
        let mut none = String::new();
        let (text, more) = match event {
            WireEvent::Text(text) | WireEvent::Refusal(text) | WireEvent::Reasoning(text) => {
                let more = text.len();
                (text, more)
            }
            // A call without arguments takes room, too.
            WireEvent::Call(piece) => {
                let more = piece.bytes() + AROUND_CALL;
                (&mut piece.arguments, more)
            }
            WireEvent::Kept(item) => (&mut none, item.to_string().len()),
            WireEvent::Headers { .. }
            | WireEvent::Usage(_)
            | WireEvent::Model(_)
            | WireEvent::Finish(_)
            | WireEvent::ServerTiming { .. }
            | WireEvent::Exhausted(_)
            | WireEvent::Notice(_)
            | WireEvent::Alive
            | WireEvent::End => return None,
        };
        let more = more as u64;
        let room = self.limits.answer.saturating_sub(self.own);
        let before = self.all.0.fetch_add(more, Ordering::Relaxed);
        self.own = self.own.saturating_add(more);
        let together = self.limits.answers.saturating_sub(before);
        let (room, limit, whose, key) = if room <= together {
            (room, self.limits.answer, "the answer is", IntakeLimits::ANSWER)
        } else {
            (together, self.limits.answers, "the answers of all runs under way are together", IntakeLimits::ANSWERS)
        };
        if more <= room {
            return None;
        }
        let room = usize::try_from(room).unwrap_or(usize::MAX).min(text.len());
        // No character is cut in two; the start of a text is between two.
        text.truncate((0..=room).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0));
        let limit = byte_size(limit);
        let words = format!(
            "{whose} larger than {limit}, as much as is taken; {key} in [limits] of the settings says how much"
        );
        Some(CallError::new(ErrorKind::TooLarge, words))
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        self.all.0.fetch_sub(self.own, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admit(intake: &mut Intake, text: &str) -> (String, Option<String>) {
        let mut event = WireEvent::Text(text.to_owned());
        let error = intake.admit(&mut event).map(|error| error.message);
        let WireEvent::Text(text) = event else { unreachable!() };
        (text, error)
    }

    #[test]
    fn an_answer_is_cut_at_its_limit_and_says_which() {
        let limits = IntakeLimits { answer: 10, answers: 1000, ..IntakeLimits::default() };
        let mut intake = Intake::new(limits, &AllAnswers::default());
        assert_eq!(admit(&mut intake, "12345678"), ("12345678".to_owned(), None));
        let mut thought = WireEvent::Reasoning("9".to_owned());
        assert_eq!(intake.admit(&mut thought), None, "reasoning counts too");
        let (kept, error) = admit(&mut intake, "äö");
        assert_eq!(kept, "", "no character is cut in two");
        assert!(error.is_some_and(|words| words.contains("max_answer_bytes") && words.contains("10 bytes")));
    }

    #[test]
    fn all_answers_under_way_share_a_limit_and_give_back_what_they_held() {
        let (limits, all) =
            (IntakeLimits { answer: 10, answers: 15, ..IntakeLimits::default() }, AllAnswers::default());
        let mut first = Intake::new(limits, &all);
        let mut second = Intake::new(limits, &all);
        assert_eq!(admit(&mut first, "1234567890").1, None);
        let (kept, error) = admit(&mut second, "1234567890");
        assert_eq!(kept, "12345");
        assert!(error.is_some_and(|words| words.contains("max_answers_bytes")));
        drop((first, second));
        assert_eq!(admit(&mut Intake::new(limits, &all), "1234567890").1, None);
    }
}
