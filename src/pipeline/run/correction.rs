//! Answers that came but are not of the form that was asked for: one further try with a changed request, then
//! the next target, and the best of them if no other is better.
//!
//! A call of a batch is made only if its answer can be recorded and it passes no limit.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::{
    eval::Judgement,
    model::{
        CallError, Check, CheckKind, Commit, Ending, ErrorKind, Finish, Message, Quality, Role, Rule, RunEnd, Target,
        Usage, outcome::Reason,
    },
    pipeline::{
        event::RunEvent,
        prepare::PreparedRequest,
        response_accumulator::ResponseAccumulator,
        run::{Plan, Run, targets::TargetAttempts},
        spending::{Amount, Bound, Refusal, Reservation},
    },
};

/// What is sent otherwise than the prompt has it.
#[derive(Debug, Clone, Default)]
pub(crate) struct CorrectedFields {
    /// Replaces the prompt's limit.
    max_tokens: Option<u64>,
    /// Follows the prompt's messages.
    said: Vec<Message>,
}

impl CorrectedFields {
    /// Makes the changes in what is sent.
    pub(crate) fn apply(&self, fitted: &mut PreparedRequest) {
        fitted.params.max_tokens = self.max_tokens.or(fitted.params.max_tokens);
        fitted.messages.extend(self.said.iter().cloned());
    }
}

/// A complete answer of the wrong form, kept while a better one is asked for.
pub(crate) struct SetAsideAnswer {
    /// The place of the target that gave it.
    pub place: usize,
    /// What was said.
    pub heard: ResponseAccumulator,
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
    pub(crate) fn mendable(&self, course: &TargetAttempts, class: ErrorKind, spent: u32) -> bool {
        let retry = &self.shared.rules.retry;
        let wanted = match (self.request.commit, retry.quality) {
            (Commit::Live, _) | (_, Some(0)) | (Commit::Resettable, None) => false,
            (Commit::Buffered, None) => class == ErrorKind::Truncated,
            (Commit::Buffered | Commit::Resettable, Some(_)) => true,
        };
        wanted && !course.mended && spent < retry.total_attempts && Instant::now() < self.deadline
    }

    /// Tells what may be done if the answer of a target is of the wrong form: nothing where its text cannot be
    /// taken back.
    pub(crate) fn remedy(&self, course: &TargetAttempts, spent: u32) -> Remedy {
        let wrong = CallError::new(ErrorKind::BadOutput, String::new());
        let more = spent < self.shared.rules.retry.total_attempts && self.request.commit != Commit::Live;
        Remedy {
            correct: self.mendable(course, ErrorKind::BadOutput, spent),
            onward: more && self.next_after(course.place, &course.target, &wrong).is_some(),
        }
    }

    /// Says what is wrong with the form of a complete answer for which there is a remedy, or a better one
    /// before it. The better one is kept, the first of equals.
    pub(crate) fn set_aside(&mut self, judgement: &Judgement, remedy: Remedy) -> Option<CallError> {
        let complete = self.heard.finish.as_ref().is_some_and(|finish| finish.ending() == Ending::Whole);
        let words = wrong_form(&judgement.quality).filter(|_| complete)?;
        let unreadable = judgement.quality.failures().any(|verdict| verdict.rule == Rule::Format);
        let wrong: Wrong = (unreadable, words.len());
        let worse = self.kept.as_ref().is_some_and(|kept| kept.wrong <= wrong);
        if !remedy.correct && !remedy.onward && !worse {
            return None;
        }
        self.wrong = Some((self.heard.text.clone(), words.clone()));
        // From here on it is not what the attempt made last has said.
        let heard = std::mem::take(&mut self.heard);
        if !worse {
            let (judgement, attempt) = (judgement.clone(), self.attempts);
            self.kept = Some(SetAsideAnswer { place: self.asked, heard, attempt, judgement, wrong });
        }
        Some(CallError::new(ErrorKind::BadOutput, words.join("; ")))
    }

    /// Changes what is sent next, if the fault is one that a changed request may heal.
    pub(crate) fn mend(&mut self, plan: &Plan, course: &mut TargetAttempts, fault: &CallError, spent: u32) -> bool {
        if !self.mendable(course, fault.class, spent) {
            return false;
        }
        let changed = match fault.class {
            ErrorKind::Truncated => self.more_room(course),
            ErrorKind::BadOutput => self.correction(course),
            _ => None,
        };
        let Some((changes, notice)) = changed else { return false };
        course.changes = changes;
        course.mended = true;
        course.refit(&self.request, plan);
        course.notices.push(notice);
        self.changed = true;
        true
    }

    /// Doubles the token limit, as far as the model goes.
    fn more_room(&self, course: &TargetAttempts) -> Option<(CorrectedFields, String)> {
        if self.heard.finish != Some(Finish::Length) || course.refuses("max_tokens") {
            return None;
        }
        let TargetAttempts { target, fitted, .. } = course;
        let counted = self.heard.usage.total_output().filter(|_| !self.heard.usage.estimated);
        let had = fitted.params.max_tokens.or(counted)?;
        let most = target.card.max_output.unwrap_or(u64::MAX);
        let room = Some(had.saturating_mul(2).min(most)).filter(|room| *room > had)?;
        let notice = format!("the answer was cut at {had} tokens; max_tokens was raised to {room}");
        Some((CorrectedFields { max_tokens: Some(room), said: Vec::new() }, notice))
    }

    /// Shows the model its answer and what is wrong with it, if that still fits.
    fn correction(&self, course: &TargetAttempts) -> Option<(CorrectedFields, String)> {
        let (text, wrong) = self.wrong.as_ref()?;
        let content = format!(
            "This answer cannot be used:\n- {}\nGive the whole answer again with that put right, and nothing else.",
            wrong.join("\n- ")
        );
        let said =
            vec![Message { role: Role::Assistant, content: text.clone() }, Message { role: Role::User, content }];
        let all = [course.fitted.messages.clone(), said.clone()].concat();
        self.preflight(&course.target, &all).ok()?;
        let notice = "the answer failed its checks; it was sent back with what is wrong with it".to_owned();
        Some((CorrectedFields { max_tokens: None, said }, notice))
    }

    /// Returns to the best answer there was before others that came to nothing.
    pub(crate) async fn restore(&mut self) -> bool {
        let Some(SetAsideAnswer { place, heard, mut judgement, attempt, .. }) = self.kept.take() else { return false };
        self.heard = heard;
        self.asked = place;
        self.answered = Some(attempt);
        if self.request.commit == Commit::Buffered {
            self.show(attempt).await;
        }
        let total: Duration = self.elapsed();
        self.consult(&mut judgement).await;
        self.tell(RunEvent::Checked { quality: judgement.quality.clone() }).await;
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
pub(crate) struct Reserved {
    reservation: Reservation,
    bound: Bound,
    /// The part that the judges of the answer may take.
    judges: Amount,
}

impl Run {
    /// Waits until the next call may be made, if it is one of a batch; fails if it may not.
    pub(crate) async fn allow(&mut self, course: &TargetAttempts) -> Result<(), Refusal> {
        (self.reserved, self.pot) = (None, None);
        let Some(purse) = self.purse.clone() else { return Ok(()) };
        let shared = Arc::clone(&self.shared);
        shared.ports.recorder.room().await.map_err(|why| Refusal { cap: None, why })?;
        let spending = purse.spending();
        if let Some(closed) = spending.closed() {
            return Err(closed);
        }
        if spending.is_limited() {
            let need = || {
                let bound = course.bound(&self.shared.usages);
                let judges = self.judges(&bound);
                (bound.amount().plus(judges), bound, judges)
            };
            let (reservation, bound, judges) = purse.reserve(need).await?;
            self.reserved = Some(Reserved { reservation, bound, judges });
        }
        Ok(())
    }

    /// The most that all judges of an answer may take.
    fn judges(&self, answer: &Bound) -> Amount {
        let input = &self.request.input;
        let of_row: usize = input.vars.iter().map(|(name, value)| name.len() + value.len()).sum();
        // A rubric names values of the row, and the question has them once more.
        let of_row = 2 * (input.text.len() + of_row) as u64;
        let checks = self.request.prompt.checks.iter().chain(&self.request.checks);
        let rubrics = checks.filter(|check| check.kind.kind == CheckKind::LlmRubric);
        let each = |check: &Check| -> Option<Amount> {
            let judge: &Target = self.request.judges.get(check.judge.as_deref().unwrap_or_default())?;
            let rubric = check.value.as_ref().map_or(0, |value| value.to_string().len() as u64);
            let sent = QUESTION + of_row + rubric + answer.read_by_another();
            let one = Bound::of(judge, sent, None, &self.shared.usages).amount();
            Some((0..check.repeat.unwrap_or(1).max(1)).fold(Amount::default(), |sum, _| sum.plus(one)))
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
        let Some(Reserved { reservation, bound, .. }) = &mut self.reserved else { return Ok(()) };
        let tokens = (self.heard.text.len() + self.heard.reasoning.len()) as u64 / 4;
        match bound.outgrown(tokens) {
            Some(more) => {
                reservation.extend(more, bound).map_err(|refusal| CallError::new(ErrorKind::Cancelled, refusal.why))
            }
            None => Ok(()),
        }
    }

    /// Counts what the attempt took, for the account, for the batch and for calls to come; keeps what is set aside
    /// for its judges where it was answered.
    pub(crate) fn settle(&mut self, course: &TargetAttempts, result: Result<(), &CallError>) {
        let heard = &self.heard;
        // An attempt that may have been billed and does not say for what keeps what was set aside for it.
        let usage = match (heard.billable, result.is_ok() || !heard.usage.estimated) {
            (false, _) => Some(Usage::default()),
            (true, true) if heard.usage.total().is_some() => Some(heard.usage),
            (true, _) => None,
        };
        if let Some(usage) = usage.filter(|_| heard.billable) {
            let bound = course.bound(&self.shared.usages);
            self.shared.usages.learn(&bound, &usage);
        }
        if let Some(permit) = self.permit.take() {
            permit.settle(usage.map(|usage| usage.total().unwrap_or(0)), result);
        }
        if let Some(Reserved { reservation, judges, .. }) = self.reserved.take() {
            let rest = if result.is_ok() { judges } else { Amount::default() };
            self.pot = reservation.settle(usage, heard.spent(&course.target).cost, rest);
        }
    }

    /// Ends a run whose next call is refused. A cell is asked later; whoever judges says why it does not.
    pub(crate) fn refused(&mut self, target: String, why: String) -> RunEnd {
        if self.request.cell.is_some() {
            self.unasked = self.attempts == 0;
            return RunEnd::Cancelled;
        }
        RunEnd::Failed { reasons: vec![Reason { target, fault: CallError::new(ErrorKind::Cancelled, why) }] }
    }
}
