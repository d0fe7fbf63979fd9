//! Answers that came but are not of the form that was asked for: one further try with a changed request, then
//! the next target, and the best of them if no other is better.
//!
//! A call of a batch is made only if its answer can be recorded and it passes no limit.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::{
    eval::Judgement,
    model::{
        CallError, Check, Commit, Ending, ErrorKind, Finish, Message, Quality, Role, Rule, RunEnd, Target, Usage,
        run_end::Reason,
    },
    pipeline::{
        event::RunEvent,
        response_accumulator::ResponseAccumulator,
        run::{
            Plan, Run,
            target_attempts::{CorrectedFields, TargetAttempts},
        },
        spending::{Amount, Refusal, Reservation, SpendingBound},
    },
};

/// A complete answer of the wrong form, kept while a better one is asked for.
pub(crate) struct SetAsideAnswer {
    /// The place of the target that gave it.
    pub place: usize,
    /// What was said.
    pub received: ResponseAccumulator,
    /// The number of the attempt that gave it.
    pub attempt: u32,
    judgement: Judgement,
    wrong: Wrong,
}

/// How far an answer is from the form that was asked for, nearer ones first: whether it cannot be read at all,
/// and how many rules of form it breaks.
type Wrong = (bool, usize);

/// What may be done about an answer of the wrong form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Remedy {
    /// It may be asked for once more.
    pub correct: bool,
    /// Another target may be asked.
    pub onward: bool,
}

impl Run {
    /// Tells whether an answer may be asked for once more: never after text that cannot be taken
    /// back, and by itself only where nobody has seen any and the answer is of no use as it is.
    pub(crate) fn correctable(&self, attempts: &TargetAttempts, class: ErrorKind, spent: u32) -> bool {
        let retry = &self.context.shared.rules.retry;
        let wanted = match (self.context.request.commit, retry.quality) {
            (Commit::Live, _) | (_, Some(0)) | (Commit::Resettable, None) => false,
            (Commit::Buffered, None) => class == ErrorKind::Truncated,
            (Commit::Buffered | Commit::Resettable, Some(_)) => true,
        };
        wanted
            // What a program asked is asked as it is.
            && self.context.forward.is_none()
            && !self.context.never_live()
            && !attempts.corrected
            && spent < retry.total_attempts
            && Instant::now() < self.context.deadline
    }

    /// Tells what may be done if the answer of a target is of the wrong form: nothing where its text cannot be
    /// taken back.
    pub(crate) fn remedy(&self, attempts: &TargetAttempts, spent: u32) -> Remedy {
        let wrong = CallError::new(ErrorKind::BadOutput, String::new());
        let more =
            spent < self.context.shared.rules.retry.total_attempts && self.context.request.commit != Commit::Live;
        Remedy {
            correct: self.correctable(attempts, ErrorKind::BadOutput, spent),
            onward: more
                && !self.context.never_live()
                && self.context.next_after(attempts.place, &attempts.target, &wrong).is_some(),
        }
    }

    /// Says what is wrong with the form of a complete answer for which there is a remedy, or a better one
    /// before it. The better one is kept, the first of equals.
    pub(crate) fn keep_aside(&mut self, judgement: &Judgement, remedy: Remedy) -> Option<CallError> {
        let complete = self.received.finish.as_ref().is_some_and(|finish| finish.ending() == Ending::Whole);
        let words = wrong_form(&judgement.quality).filter(|_| complete)?;
        let unreadable = judgement.quality.failures().any(|verdict| verdict.rule == Rule::Format);
        let wrong: Wrong = (unreadable, words.len());
        let worse = self.set_aside.as_ref().is_some_and(|kept| kept.wrong <= wrong);
        if !remedy.correct && !remedy.onward && !worse {
            return None;
        }
        self.wrong = Some((self.received.text.clone(), words.clone()));
        // From here on it is not what the attempt made last has said.
        let received = std::mem::take(&mut self.received);
        if !worse {
            let (judgement, attempt) = (judgement.clone(), self.log.attempts);
            self.set_aside = Some(SetAsideAnswer { place: self.target_place, received, attempt, judgement, wrong });
        }
        Some(CallError::new(ErrorKind::BadOutput, words.join("; ")))
    }

    /// Changes what is sent next, if the error is one that a changed request may heal.
    pub(crate) fn correct(
        &mut self,
        plan: &Plan,
        attempts: &mut TargetAttempts,
        error: &CallError,
        spent: u32,
    ) -> bool {
        if !self.correctable(attempts, error.class, spent) {
            return false;
        }
        let changed = match error.class {
            ErrorKind::Truncated => self.more_room(attempts),
            ErrorKind::BadOutput => self.correction(attempts),
            _ => None,
        };
        let Some((changes, notice)) = changed else { return false };
        attempts.corrections = changes;
        attempts.corrected = true;
        attempts.refit(&self.context.request, &self.conversation(plan));
        attempts.notices.push(notice);
        self.changed = true;
        true
    }

    /// Doubles the token limit, as far as the model goes.
    fn more_room(&self, attempts: &TargetAttempts) -> Option<(CorrectedFields, String)> {
        if self.received.finish != Some(Finish::Length) || attempts.target.card.rejects("max_tokens") {
            return None;
        }
        let TargetAttempts { target, prepared, .. } = attempts;
        let counted = self.received.usage.total_output().filter(|_| !self.received.usage.estimated);
        let had = prepared.params.max_tokens.or(counted)?;
        let most = target.card.max_output.unwrap_or(u64::MAX);
        let room = Some(had.saturating_mul(2).min(most)).filter(|room| *room > had)?;
        let notice = format!("the answer was cut at {had} tokens; max_tokens was raised to {room}");
        Some((CorrectedFields { max_tokens: Some(room), messages: Vec::new() }, notice))
    }

    /// Shows the model its answer and what is wrong with it, if that still fits.
    fn correction(&self, attempts: &TargetAttempts) -> Option<(CorrectedFields, String)> {
        let (text, wrong) = self.wrong.as_ref()?;
        let content = format!(
            "This answer cannot be used:\n- {}\nGive the whole answer again with that put right, and nothing else.",
            wrong.join("\n- ")
        );
        let messages = vec![Message::of(Role::Assistant, text.clone()), Message::of(Role::User, content)];
        let all = [attempts.prepared.messages.clone(), messages.clone()].concat();
        self.context.preflight(&attempts.target, &all).ok()?;
        let notice = "the answer failed its checks; it was sent back with what is wrong with it".to_owned();
        Some((CorrectedFields { max_tokens: None, messages }, notice))
    }

    /// Returns to the best answer there was before others that came to nothing.
    pub(crate) async fn restore(&mut self, plan: &Plan) -> bool {
        let Some(SetAsideAnswer { place, received, mut judgement, attempt, .. }) = self.set_aside.take() else {
            return false;
        };
        self.received = received;
        self.target_place = place;
        self.answered = Some(attempt);
        if self.context.request.commit == Commit::Buffered {
            self.show(attempt).await;
        }
        let total: Duration = self.elapsed();
        self.consult(&mut judgement, &plan.messages).await;
        self.emit(RunEvent::Checked { quality: judgement.quality.clone() }).await;
        self.judged = Some((judgement, total));
        true
    }
}

/// What is wrong with an answer's form, rule by rule. Where some fields may be missing, that too many are.
fn wrong_form(quality: &Quality) -> Option<Vec<String>> {
    let each = quality.verdicts.iter().any(|verdict| verdict.rule == Rule::Required);
    let form = |rule: &Rule| match rule {
        Rule::Format | Rule::Schema | Rule::Required => true,
        Rule::Completeness => !each,
        Rule::Confidence | Rule::Finish | Rule::Check(_) => false,
    };
    let wrong: Vec<String> = quality
        .failures()
        .filter(|verdict| form(&verdict.rule))
        .map(|verdict| format!("{}: {}", verdict.rule, verdict.reason))
        .collect();
    (!wrong.is_empty()).then_some(wrong)
}

/// Tokens that the question of a judge has beside the rubric, the input and the answer, at most.
const QUESTION: u64 = 2000;

/// What is set aside for an attempt.
#[derive(Debug)]
pub(crate) struct AttemptReserve {
    reservation: Reservation,
    bound: SpendingBound,
    /// The part that the judges of the answer may take.
    judges: Amount,
}

impl Run {
    /// Waits until the next call may be made, if it is one of a batch; fails if it may not.
    pub(crate) async fn allow(&mut self, attempts: &TargetAttempts) -> Result<(), Refusal> {
        (self.reserved, self.pot) = (None, None);
        let Some(purse) = self.context.purse.clone() else { return Ok(()) };
        let shared = Arc::clone(&self.context.shared);
        shared.ports.recorder.room().await.map_err(|why| Refusal { cap: None, why })?;
        let spending = purse.spending();
        if let Some(closed) = spending.closed() {
            return Err(closed);
        }
        if spending.is_limited() {
            let need = || {
                let bound = attempts.bound(&self.context.shared.usages);
                let judges = self.judges(&bound);
                (bound.amount().plus(judges), bound, judges)
            };
            let (reservation, bound, judges) = purse.reserve(need).await?;
            self.reserved = Some(AttemptReserve { reservation, bound, judges });
        }
        Ok(())
    }

    /// The most that all judges of an answer may take.
    fn judges(&self, answer: &SpendingBound) -> Amount {
        let input = &self.context.request.input;
        let of_row: usize = input.vars.iter().map(|(name, value)| name.len() + value.len()).sum();
        // A rubric names values of the row, and the question has them once more.
        let of_row = 2 * (input.text.len() + of_row) as u64;
        let of_prompt = self.context.request.prompt.spoken_texts().map(|text| text.len() as u64).sum::<u64>() + of_row;
        let checks = self.context.request.prompt.checks.iter().chain(&self.context.request.checks);
        // What compares a row sets aside what it takes itself, once its answers are there.
        let rubrics = checks.filter(|check| check.judge_name().is_some() && !check.kind.kind.compares_row());
        let each = |check: &Check| -> Option<Amount> {
            let judge: &Target = self.context.request.judges.get(check.judge_name().unwrap_or_default())?;
            // Where there is none a judge may be told all that was sent.
            let rubric = check.value.as_ref().map_or(of_prompt, |value| value.to_string().len() as u64);
            let sent = QUESTION + of_row + rubric + answer.read_by_another();
            let one = SpendingBound::of(judge, sent, None, &self.context.shared.usages).amount();
            Some((0..check.judgements()).fold(Amount::default(), |sum, _| sum.plus(one)))
        };
        rubrics.filter_map(each).fold(Amount::default(), Amount::plus)
    }

    /// Notes that the call is made.
    pub(crate) fn sends(&self) {
        if let Some(reserved) = &self.reserved {
            reserved.reservation.send();
        }
    }

    /// Sets more aside for an answer that nothing limits and that has outgrown what was set aside for it; says
    /// why it has to end where that passes a cap.
    pub(crate) fn outgrown(&mut self) -> Result<(), CallError> {
        let Some(AttemptReserve { reservation, bound, .. }) = &mut self.reserved else { return Ok(()) };
        let tokens = (self.received.text.len() + self.received.reasoning.len()) as u64 / 4;
        match bound.outgrown(tokens) {
            Some(more) => {
                reservation.extend(more, bound).map_err(|refusal| CallError::new(ErrorKind::Cancelled, refusal.why))
            }
            None => Ok(()),
        }
    }

    /// Counts what the attempt took, for the account, for the batch and for calls to come; keeps what is set aside
    /// for its judges where it was answered.
    pub(crate) fn settle(&mut self, attempts: &TargetAttempts, result: Result<(), &CallError>) {
        let received = &self.received;
        // An attempt that may have been billed and does not say for what keeps what was set aside for it.
        let usage = match (received.billable, result.is_ok() || !received.usage.estimated) {
            (false, _) => Some(Usage::default()),
            (true, true) if received.usage.total().is_some() => Some(received.usage),
            (true, _) => None,
        };
        if let Some(usage) = usage.filter(|_| received.billable) {
            let bound = attempts.bound(&self.context.shared.usages);
            self.context.shared.usages.learn(&bound, &usage);
        }
        if let Some(permit) = self.permit.take() {
            let own_wait = self.context.shared.rules.retry.min_wait;
            permit.settle(usage.map(|usage| usage.total().unwrap_or(0)), result, own_wait);
        }
        if let Some(AttemptReserve { reservation, judges, .. }) = self.reserved.take() {
            let rest = if result.is_ok() { judges } else { Amount::default() };
            self.pot = reservation.settle(usage, received.spent(&attempts.target).cost, rest);
        }
    }

    /// Ends a run whose next call is refused. A cell is asked later; whoever judges says why it does not.
    pub(crate) fn refused(&mut self, target: String, why: String) -> RunEnd {
        if self.context.request.cell.is_some() {
            self.unasked = self.log.attempts == 0;
            return RunEnd::Cancelled;
        }
        RunEnd::Failed { reasons: vec![Reason { target, error: CallError::new(ErrorKind::Cancelled, why) }] }
    }
}
