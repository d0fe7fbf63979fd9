//! Whether a call of a batch may be made: its answer can be recorded, and it passes no cap.

use std::sync::Arc;

use super::{
    ask::Course,
    run::Run,
    spending::{Amount, Refusal, Reservation, bound::Bound},
};
use crate::model::{Check, CheckKind, Class, End, Fault, Target, Usage, outcome::Reason};

/// Tokens that the question of a judge has beside the rubric, the input and the answer, at most.
const QUESTION: u64 = 2000;

/// What is set aside for an attempt.
#[derive(Debug)]
pub(super) struct Reserved {
    reservation: Reservation,
    bound: Bound,
    /// The part that the judges of the answer may take.
    judges: Amount,
}

impl Run {
    /// Waits until the next call may be made, if it is one of a batch; fails if it may not.
    pub(super) async fn allow(&mut self, course: &Course) -> Result<(), Refusal> {
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
    pub(super) fn sends(&self) {
        if let Some(reserved) = &self.reserved {
            reserved.reservation.send();
        }
    }

    /// Sets more aside for an answer that nothing limits and that has outgrown what was set aside for it; says
    /// why it has to end where that passes a cap.
    pub(super) fn outgrown(&mut self) -> Result<(), Fault> {
        let Some(Reserved { reservation, bound, .. }) = &mut self.reserved else { return Ok(()) };
        let tokens = (self.heard.text.len() + self.heard.reasoning.len()) as u64 / 4;
        match bound.outgrown(tokens) {
            Some(more) => reservation.extend(more, bound).map_err(|refusal| Fault::new(Class::Cancelled, refusal.why)),
            None => Ok(()),
        }
    }

    /// Counts what the attempt took, for the account, for the batch and for calls to come; keeps what is set aside
    /// for its judges where it was answered.
    pub(super) fn settle(&mut self, course: &Course, result: Result<(), &Fault>) {
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
    pub(super) fn refused(&mut self, target: String, why: String) -> End {
        if self.request.cell.is_some() {
            self.unasked = self.attempts == 0;
            return End::Cancelled;
        }
        End::Failed { reasons: vec![Reason { target, fault: Fault::new(Class::Cancelled, why) }] }
    }
}
