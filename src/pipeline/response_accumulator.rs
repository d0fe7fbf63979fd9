//! What one attempt has said so far and when, and what its end is worth.

use std::{borrow::Cow, time::Duration};

use serde_json::Value;
use tokio::time::Instant;

use crate::{
    model::{
        CallError, Cost, Ending, ErrorKind, Finish, Outcome, Price, Spent, Target, Timer, ToolCall, Usage,
        outcome::{ServerTiming, Timing},
        tool::CallPiece,
        usage::estimate_tokens,
    },
    pipeline::event::DeltaPart,
    provider::WireEvent,
};

/// One attempt's side of the conversation.
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug, Clone, Default)]
pub(crate) struct ResponseAccumulator {
    /// The answer so far.
    pub text: String,
    /// The reasoning so far.
    pub reasoning: String,
    /// The calls of tools so far.
    pub calls: Vec<ToolCall>,
    /// The reasoning that the provider wants back with the calls.
    pub kept: Vec<Value>,
    /// Token counts so far.
    pub usage: Usage,
    /// Why the model stopped; the first reason counts.
    pub finish: Option<Finish>,
    /// The model that says it answers, if it has another name.
    pub served: Option<String>,
    /// Whether the provider may bill it: from sending it on, until a refusal says otherwise.
    pub billable: bool,
    /// Whether it was asked for elsewhere, and whether half its price is paid; it has no times then.
    elsewhere: Option<bool>,
    server: Option<ServerTiming>,
    notices: Vec<String>,
    refused: bool,
    resumed: bool,
    prompt_tokens: u64,
    sent: Option<Instant>,
    first_byte: Option<Instant>,
    first: Option<Instant>,
    last: Option<Instant>,
    ended: Option<Instant>,
    /// Whether it came to its end mark.
    complete: bool,
}

/// What an event adds to what is shown.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Added {
    Nothing,
    /// The response began.
    Headers(u16, Option<String>),
    /// Text or reasoning.
    Piece(DeltaPart, String),
    /// More of a call of a tool.
    Call(CallPiece),
    /// New token counts.
    Usage,
    /// The name of the model that answers.
    Served,
    /// Nothing is left of the account's limit for this long.
    Exhausted(Duration),
    /// What a person should know of the answer, told for the first time.
    Notice(String),
    /// The end mark.
    End,
}

impl ResponseAccumulator {
    /// Begins an attempt whose messages are estimated at so many tokens.
    pub(crate) fn new(prompt_tokens: u64) -> Self {
        Self { prompt_tokens, ..Self::default() }
    }

    /// Says an answer again that was given before.
    pub(crate) fn again(outcome: &Outcome) -> Self {
        Self {
            text: outcome.text.clone(),
            reasoning: outcome.reasoning.clone(),
            calls: outcome.calls.clone(),
            usage: outcome.usage,
            ..Self::default()
        }
    }

    /// Notes when the call was made.
    pub(crate) fn sent_at(&mut self, now: Instant) {
        self.sent = Some(now);
        self.billable = true;
    }

    /// Notes that it was asked for elsewhere, and whether for half its price.
    pub(crate) fn asked_elsewhere(&mut self, half_price: bool) {
        self.elsewhere = Some(half_price);
    }

    /// Tells whether it was asked for elsewhere.
    pub(crate) fn is_from_elsewhere(&self) -> bool {
        self.elsewhere.is_some()
    }

    /// Returns what a token of it costs.
    pub(crate) fn price<'p>(&self, target: &'p Target) -> Option<Cow<'p, Price>> {
        let price = target.card.price.as_ref()?;
        Some(if self.elsewhere == Some(true) { Cow::Owned(price.halved()) } else { Cow::Borrowed(price) })
    }

    /// Notes when and how it ended. What never came back is billed only if it may have arrived.
    pub(crate) fn end(&mut self, result: Result<(), &CallError>, now: Instant) {
        self.ended = Some(now);
        self.complete = result.is_ok();
        if let Err(error) = result
            && self.first_byte.is_none()
        {
            self.billable = error.unanswered
                || error.class == ErrorKind::Cancelled
                || matches!(error.class, ErrorKind::Timeout(timer) if timer != Timer::Connect);
        }
        self.settle();
    }

    /// Returns how long it has taken, until now if it is still under way.
    pub(crate) fn took(&self, now: Instant) -> Duration {
        self.sent
            .filter(|_| !self.is_from_elsewhere())
            .map_or(Duration::ZERO, |sent| self.ended.unwrap_or(now).saturating_duration_since(sent))
    }

    pub(crate) fn take(&mut self, event: WireEvent, model: &str, now: Instant) -> Added {
        self.first_byte.get_or_insert(now);
        match event {
            WireEvent::Headers { status, request_id } => {
                self.billable = (200..300).contains(&status);
                Added::Headers(status, request_id)
            }
            WireEvent::Text(text) => self.piece(DeltaPart::Text, text, now),
            WireEvent::Refusal(text) => {
                self.refused = true;
                self.piece(DeltaPart::Text, text, now)
            }
            WireEvent::Reasoning(text) => self.piece(DeltaPart::Reasoning, text, now),
            WireEvent::Call(piece) => {
                self.came(now);
                piece.add_to(&mut self.calls);
                Added::Call(piece)
            }
            WireEvent::Kept(item) => {
                self.kept.push(item);
                Added::Nothing
            }
            WireEvent::Usage(usage) => {
                self.usage = overwritten(self.usage, usage);
                Added::Usage
            }
            WireEvent::Model(name) if name != model && self.served.as_ref() != Some(&name) => {
                self.served = Some(name);
                Added::Served
            }
            WireEvent::Finish(finish) => {
                self.finish.get_or_insert(finish);
                Added::Nothing
            }
            WireEvent::ServerTiming { load, prompt, generation } => {
                let old = self.server.unwrap_or_default();
                self.server = Some(ServerTiming {
                    load: load.or(old.load),
                    prompt: prompt.or(old.prompt),
                    generation: generation.or(old.generation),
                });
                Added::Nothing
            }
            WireEvent::Exhausted(wait) => Added::Exhausted(wait),
            WireEvent::Notice(notice) if !self.notices.contains(&notice) => {
                self.notices.push(notice.clone());
                Added::Notice(notice)
            }
            WireEvent::Notice(_) | WireEvent::Model(_) | WireEvent::Alive => Added::Nothing,
            WireEvent::End => Added::End,
        }
    }

    fn piece(&mut self, part: DeltaPart, text: String, now: Instant) -> Added {
        if text.is_empty() {
            return Added::Nothing;
        }
        self.came(now);
        match part {
            DeltaPart::Text => {
                self.resumed |= self.finish.is_some();
                self.text.push_str(&text);
            }
            DeltaPart::Reasoning => self.reasoning.push_str(&text),
        }
        Added::Piece(part, text)
    }

    fn came(&mut self, now: Instant) {
        self.billable = true;
        self.first.get_or_insert(now);
        self.last = Some(now);
    }

    /// Tells whether any text or reasoning has come.
    pub(crate) fn says_something(&self) -> bool {
        !self.text.is_empty() || !self.reasoning.is_empty()
    }

    /// Tells whether any text, reasoning or call has come.
    pub(crate) fn anything(&self) -> bool {
        self.first.is_some()
    }

    /// Tells whether the model has said why it stopped, and nothing more of the answer since: what
    /// may still come are counts and the end mark.
    pub(crate) fn finished(&self) -> bool {
        self.finish.is_some() && !self.resumed
    }

    /// Says what is wrong with a stream that ended without its end mark.
    pub(crate) fn cut(&self) -> CallError {
        if self.anything() {
            let chars = self.text.chars().count();
            CallError::new(
                ErrorKind::Interrupted,
                format!("the connection closed after {chars} characters of the answer"),
            )
        } else {
            CallError::new(ErrorKind::Transient, "the connection closed before any answer")
        }
    }

    /// Says what is wrong with a stream that ended properly. `whole` tells whether the answer is
    /// all there, as far as its form shows, and `tools` whether the model was offered any.
    pub(crate) fn complaint(&self, whole: bool, tools: bool) -> Option<CallError> {
        let finish = if self.refused { &Finish::Refusal } else { self.finish.as_ref().unwrap_or(&Finish::Unknown) };
        let empty = self.text.trim().is_empty();
        let called = tools && !self.calls.is_empty();
        if called && !self.refused {
            match finish {
                Finish::Length if self.calls.last().is_some_and(|call| call.values().is_err()) => {
                    let text = "the token limit was reached within a call of a tool; raise max_tokens";
                    return Some(CallError::new(ErrorKind::Truncated, text));
                }
                Finish::ToolCalls | Finish::Length => return None,
                Finish::Stop
                | Finish::Unknown
                | Finish::ContentFilter
                | Finish::Refusal
                | Finish::ContextWindow
                | Finish::Other(_) => {}
            }
        }
        let empty = empty && !called;
        let class = match finish.ending() {
            Ending::Whole if empty => return Some(CallError::new(ErrorKind::Transient, "the answer was empty")),
            Ending::Unfinished if whole && !empty => return None,
            Ending::Whole => return None,
            // It is a whole answer of another kind: asked again, the model would do the same.
            Ending::Unfinished if *finish == Finish::ToolCalls => ErrorKind::BadOutput,
            Ending::Unfinished if empty => {
                let text = "the token limit was reached before any answer; raise max_tokens or shorten the prompt";
                return Some(CallError::new(ErrorKind::Truncated, text));
            }
            Ending::Unfinished => ErrorKind::Truncated,
            Ending::Broken(class) => class,
        };
        Some(CallError::new(class, finish.complaint()?))
    }

    /// Fills unknown counts with estimates, if there is anything to count. Where something came, it is of some tokens:
    /// a count of none says that the server counts nothing.
    pub(crate) fn settle(&mut self) {
        let came = self.anything();
        if !came && self.usage == Usage::default() {
            return;
        }
        let uncounted = |count: Option<u64>| count.is_none_or(|count| count == 0 && came);
        if uncounted(self.usage.total_input()) {
            self.usage.input = Some(self.prompt_tokens);
            self.usage.estimated = true;
        }
        if self.usage.output.is_none() || uncounted(self.usage.total_output()) {
            let calls: u64 =
                self.calls.iter().map(|call| estimate_tokens(&call.name) + estimate_tokens(&call.arguments)).sum();
            self.usage.output = Some(estimate_tokens(&self.text) + calls);
            self.usage.estimated = true;
            if uncounted(self.usage.reasoning) && !self.reasoning.is_empty() {
                self.usage.reasoning = Some(estimate_tokens(&self.reasoning));
            }
        }
    }

    /// Prices the attempt: nothing if it cannot have been billed, a lower bound if it broke off.
    fn cost(&self, target: &Target) -> Cost {
        let price = self.price(target);
        let price = price.as_deref();
        match (self.billable, self.complete) {
            (false, _) => Cost::NOTHING,
            _ if target.is_demo() || price.is_some_and(Price::is_free) => Cost::NOTHING,
            (true, true) => self.usage.cost(price),
            (true, false) => self.usage.cost(price).at_least(),
        }
    }

    /// Returns what the attempt took, as far as that is known: tokens that are not counted to its end are the least.
    pub(crate) fn spent(&self, target: &Target) -> Spent {
        let counted = self.complete && self.usage.total_input().is_some() && self.usage.total_output().is_some();
        let partial = self.usage.partial || (self.billable && !counted);
        Spent { usage: Usage { partial, ..self.usage }, cost: self.cost(target) }
    }

    /// Returns the attempt's times; those of the run as a whole are left to the caller.
    pub(crate) fn timing(&self, total: Duration, waited: Duration) -> Timing {
        if self.is_from_elsewhere() {
            return Timing { server: self.server, ..Timing::default() };
        }
        let since = |from: Option<Instant>, to: Option<Instant>| Some(to?.saturating_duration_since(from?));
        Timing {
            total,
            response: since(self.sent, self.ended),
            waited,
            first_byte: since(self.sent, self.first_byte),
            first_token: since(self.sent, self.first),
            generation: since(self.first, self.last),
            server: self.server,
        }
    }
}

/// Lets newer counts overwrite the classes they name.
fn overwritten(old: Usage, new: Usage) -> Usage {
    Usage {
        input: new.input.or(old.input),
        cache_read: new.cache_read.or(old.cache_read),
        cache_write: new.cache_write.or(old.cache_write),
        output: new.output.or(old.output),
        reasoning: new.reasoning.or(old.reasoning),
        audio: new.audio.or(old.audio),
        image: new.image.or(old.image),
        audio_output: new.audio_output.or(old.audio_output),
        estimated: old.estimated || new.estimated,
        partial: old.partial || new.partial,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(events: Vec<WireEvent>) -> ResponseAccumulator {
        let mut received = ResponseAccumulator::new(0);
        for event in events {
            received.take(event, "m", Instant::now());
        }
        received
    }

    fn text(text: &str) -> WireEvent {
        WireEvent::Text(text.to_owned())
    }

    #[test]
    fn a_proper_end_is_not_yet_an_answer() {
        let class = |events, whole| received(events).complaint(whole, false).map(|error| error.class);
        let finish = WireEvent::Finish;
        assert_eq!(class(vec![text("{}"), finish(Finish::Stop)], true), None);
        assert_eq!(class(vec![text("{"), finish(Finish::Stop)], false), None, "bad JSON is for the checks");
        assert_eq!(class(vec![text(" \n"), finish(Finish::Stop)], false), Some(ErrorKind::Transient));
        assert_eq!(class(vec![text("{"), finish(Finish::Length)], false), Some(ErrorKind::Truncated));
        assert_eq!(class(vec![text("{}"), finish(Finish::Length)], true), None);
        assert_eq!(class(vec![finish(Finish::Length)], false), Some(ErrorKind::Truncated));
        assert_eq!(class(vec![text("{}"), finish(Finish::ContextWindow)], true), Some(ErrorKind::ContextTooLong));
        assert_eq!(class(vec![text("x"), finish(Finish::Length)], true), None, "a text is for its check");
        let other = |reason: &str| finish(Finish::Other(reason.to_owned()));
        assert_eq!(class(vec![text("{}"), other("abort")], true), Some(ErrorKind::Interrupted));
        assert_eq!(class(vec![text("x"), other("insufficient_system_resource")], true), Some(ErrorKind::Overloaded));
        assert_eq!(class(vec![finish(Finish::Refusal)], false), Some(ErrorKind::ContentPolicy));
        assert_eq!(class(vec![finish(Finish::ToolCalls)], false), Some(ErrorKind::BadOutput));
        assert_eq!(class(vec![text("x"), finish(Finish::ContentFilter)], true), Some(ErrorKind::ContentPolicy));
        let refusal = WireEvent::Refusal("no".to_owned());
        assert_eq!(class(vec![refusal, finish(Finish::Stop)], true), Some(ErrorKind::ContentPolicy));
        let first = vec![text("x"), finish(Finish::Stop), finish(Finish::Refusal)];
        assert_eq!(class(first, true), None, "the first reason counts");
    }

    #[test]
    fn later_counts_overwrite_the_classes_they_name() {
        let counts = |input, output| WireEvent::Usage(Usage { input, output, ..Usage::default() });
        let received = received(vec![counts(Some(10), Some(1)), counts(None, Some(7)), counts(Some(0), None)]);
        assert_eq!((received.usage.input, received.usage.output), (Some(0), Some(7)));
    }

    #[test]
    fn what_the_provider_does_not_count_is_estimated_and_marked() {
        let mut counted = received(vec![text("12345678")]);
        counted.settle();
        assert_eq!((counted.usage.output, counted.usage.estimated), (Some(2), true));
        let mut silent = received(vec![]);
        silent.settle();
        assert_eq!(silent.usage, Usage::default());
        let zero = || WireEvent::Usage(Usage { input: Some(0), output: Some(0), ..Usage::default() });
        let mut uncounted = received(vec![zero(), text("12345678")]);
        uncounted.settle();
        assert_eq!((uncounted.usage.output, uncounted.usage.estimated), (Some(2), true), "a count of none is no count");
        let mut refused = received(vec![zero()]);
        refused.settle();
        assert!(!refused.usage.estimated, "nothing came, and nothing was taken");
    }
}
