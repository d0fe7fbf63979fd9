//! One attempt: one call, its timers around it, its events passed on.

use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use crate::{
    model::{CallError, Commit, Key, Target},
    pipeline::{
        event::{DeltaPart, RunEvent},
        intake::Intake,
        ports::AnswerAtHand,
        prepare::PreparedRequest,
        response_accumulator::{Added, ResponseAccumulator},
        run::{Run, RunContext},
        timeouts::AttemptTimers,
    },
    provider::Call,
};

/// What is said of an attempt as it begins.
pub(crate) struct Beginning {
    /// The cache key of its request; none where that is not the prompt's.
    pub cache_key: Option<String>,
    /// What is sent otherwise than before, in words.
    pub notices: Vec<String>,
}

impl RunContext {
    /// Writes the call of a request to a target.
    pub(crate) fn call(&self, target: &Target, key: Option<&Key>, prepared: &PreparedRequest) -> Call {
        Call {
            target: target.clone(),
            key: self.own_key().or_else(|| key.cloned()),
            messages: prepared.messages.clone(),
            params: prepared.params.clone(),
            format: prepared.format.clone(),
            tools: prepared.tools.clone(),
            connect: target.options.timeouts.connect.unwrap_or(self.shared.rules.timeouts.connect),
            forward: self.forwarded_to(target).cloned(),
        }
    }

    /// Returns the key of the program itself, where that is to be sent.
    fn own_key(&self) -> Option<Key> {
        let secret = self.forward.as_ref()?.request.own_key.clone()?;
        let label = "client".to_owned();
        Some(Key { account: label.clone(), label, secret, left_out: None })
    }
}

impl Run {
    /// Makes one call and listens to its end. What came is in `self.received`, whatever became of it.
    pub(crate) async fn attempt(
        &mut self,
        target: &Target,
        key: Option<&Key>,
        prepared: &PreparedRequest,
        begins: Beginning,
    ) -> Result<(), CallError> {
        let at_hand = self.is_at_hand();
        self.log.attempts += 1;
        self.received = ResponseAccumulator::new(prepared.tokens(target));
        self.intake = Intake::new(self.context.shared.rules.intake, &self.context.shared.answers);
        let begins = RunEvent::Attempt {
            number: self.log.attempts,
            target: target.name.clone(),
            provider: target.provider.clone(),
            model: target.model.clone(),
            key: key.map(|key| key.label.clone()),
            params: prepared.params.clone(),
            cache_key: begins.cache_key,
            notices: begins.notices,
        };
        let sent = self.emit(begins).await;
        self.sends();
        self.received.sent_at(sent);
        let result = self.listen(target, key, prepared, at_hand).await;
        self.received.end(result.as_ref().copied(), Instant::now());
        self.log.by_attempt.push(self.attempt_usage(target, &self.received));
        result
    }

    async fn listen(
        &mut self,
        target: &Target,
        key: Option<&Key>,
        prepared: &PreparedRequest,
        at_hand: bool,
    ) -> Result<(), CallError> {
        let mut timers = AttemptTimers::new(&self.context.shared.rules, target, self.context.deadline);
        let mut stream = match (self.context.request.cell, self.context.answers.clone().filter(|_| at_hand)) {
            (Some(cell), Some(answers)) => {
                let AnswerAtHand { events, half_price } = answers.0.answer(&cell, target);
                self.received.asked_elsewhere(half_price);
                events
            }
            _ => self.context.shared.ports.backend.call(self.context.call(target, key, prepared)),
        };
        loop {
            let (timer, instant) = timers.next();
            let mut event = match timeout_at(instant, stream.next()).await {
                Ok(Some(Ok(event))) => event,
                Ok(Some(Err(error))) => return Err(error),
                Ok(None) => return Err(self.received.cut()),
                // Some servers never close what they have said to its end.
                Err(_elapsed) if self.received.finished() => return Ok(()),
                Err(_elapsed) => return Err(timers.error(timer)),
            };
            let too_large = self.intake.admit(&mut event);
            let added = self.received.take(event, &target.model, Instant::now());
            let content = matches!(added, Added::Piece(..) | Added::Call(_));
            if added == Added::End {
                return Ok(());
            }
            self.pass_on(added).await;
            timers.progressed(content, self.received.finished());
            too_large.map_or(Ok(()), Err)?;
            self.outgrown()?;
        }
    }

    async fn pass_on(&mut self, added: Added) {
        let attempt = self.log.attempts;
        let event = match added {
            Added::Headers(status, request_id) => RunEvent::Headers { attempt, status, request_id },
            Added::Piece(part, text) if self.context.request.commit != Commit::Buffered => {
                RunEvent::Delta { attempt, part, text }
            }
            Added::Call(piece) if self.context.request.commit != Commit::Buffered => {
                RunEvent::CallDelta { attempt, piece }
            }
            Added::Usage => RunEvent::Usage { attempt, usage: self.received.usage },
            Added::Served => match self.received.served.clone() {
                Some(model) => RunEvent::Served { attempt, model },
                None => return,
            },
            Added::Notice(notice) => RunEvent::Notice { attempt, notice },
            Added::Exhausted(wait) => {
                if let Some(permit) = &self.permit {
                    permit.rest(wait);
                }
                return;
            }
            Added::Piece(..) | Added::Call(_) | Added::Nothing | Added::End => return,
        };
        self.emit(event).await;
    }

    /// Shows the whole answer at once, where none of it was shown before.
    pub(crate) async fn show(&mut self, attempt: u32) {
        let pieces =
            [(DeltaPart::Reasoning, self.received.reasoning.clone()), (DeltaPart::Text, self.received.text.clone())];
        for (part, text) in pieces {
            if !text.is_empty() {
                self.emit(RunEvent::Delta { attempt, part, text }).await;
            }
        }
    }
}
