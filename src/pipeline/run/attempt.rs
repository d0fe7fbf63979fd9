//! One attempt: one call, its timers around it, its events passed on.

use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use crate::{
    model::{CallError, Commit, Key, Target},
    pipeline::{
        event::{DeltaPart, RunEvent},
        intake::Intake,
        prepare::PreparedRequest,
        response_accumulator::{Added, ResponseAccumulator},
        run::Run,
        timeouts::AttemptTimers,
    },
    provider::Call,
};

impl Run {
    /// Makes one call and listens to its end. What came is in `self.heard`, whatever became of it.
    pub(crate) async fn attempt(
        &mut self,
        target: &Target,
        key: Option<&Key>,
        fitted: &PreparedRequest,
        notices: Vec<String>,
    ) -> Result<(), CallError> {
        self.attempts += 1;
        self.heard = ResponseAccumulator::new(&fitted.messages);
        self.intake = Intake::new(self.shared.rules.intake, &self.shared.answers);
        let begins = RunEvent::Attempt {
            number: self.attempts,
            target: target.name.clone(),
            provider: target.provider.clone(),
            model: target.model.clone(),
            key: key.map(|key| key.label.clone()),
            params: fitted.params.clone(),
            cache_key: (!self.changed).then(|| self.key(target, fitted)),
            notices,
        };
        let sent = self.tell(begins).await;
        self.sends();
        self.heard.sent_at(sent);
        let result = self.listen(target, key, fitted).await;
        self.heard.end(result.as_ref().copied(), Instant::now());
        self.by_attempt.push(self.attempt_usage(target, &self.heard));
        result
    }

    async fn listen(&mut self, target: &Target, key: Option<&Key>, fitted: &PreparedRequest) -> Result<(), CallError> {
        let mut limits = AttemptTimers::new(&self.shared.rules, target, self.deadline);
        let mut stream = self.shared.ports.backend.call(Call {
            target: target.clone(),
            key: key.cloned(),
            messages: fitted.messages.clone(),
            params: fitted.params.clone(),
            format: fitted.format.clone(),
            connect: self.shared.rules.timeouts.connect,
        });
        loop {
            let (timer, instant) = limits.next();
            let mut event = match timeout_at(instant, stream.next()).await {
                Ok(Some(Ok(event))) => event,
                Ok(Some(Err(fault))) => return Err(fault),
                Ok(None) => return Err(self.heard.cut()),
                // Some servers never close what they have said to its end.
                Err(_elapsed) if self.heard.finished() => return Ok(()),
                Err(_elapsed) => return Err(limits.fault(timer)),
            };
            let too_large = self.intake.admit(&mut event);
            let added = self.heard.take(event, &target.model, Instant::now());
            let content = matches!(added, Added::Piece(..));
            if added == Added::End {
                return Ok(());
            }
            self.pass_on(added).await;
            limits.heard(content, self.heard.finished());
            too_large.map_or(Ok(()), Err)?;
            self.outgrown()?;
        }
    }

    async fn pass_on(&mut self, added: Added) {
        let attempt = self.attempts;
        let event = match added {
            Added::Headers(status, request_id) => RunEvent::Headers { attempt, status, request_id },
            Added::Piece(part, text) if self.request.commit != Commit::Buffered => {
                RunEvent::Delta { attempt, part, text }
            }
            Added::Usage => RunEvent::Usage { attempt, usage: self.heard.usage },
            Added::Served => match self.heard.served.clone() {
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
            Added::Piece(..) | Added::Nothing | Added::End => return,
        };
        self.tell(event).await;
    }

    /// Shows the whole answer at once, where none of it was shown before.
    pub(crate) async fn show(&mut self, attempt: u32) {
        let pieces = [(DeltaPart::Reasoning, self.heard.reasoning.clone()), (DeltaPart::Text, self.heard.text.clone())];
        for (part, text) in pieces {
            if !text.is_empty() {
                self.tell(RunEvent::Delta { attempt, part, text }).await;
            }
        }
    }
}
