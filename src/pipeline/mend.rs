//! Answers that came but are not of the form that was asked for: one further try with a changed request, then
//! the next target, and the best of them if no other is better.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    ask::Course,
    event::RunEvent,
    heard::Heard,
    prepare::Fitted,
    run::{Plan, Run},
};
use crate::{
    eval::Judgement,
    model::{Class, Commit, Ending, Fault, Finish, Message, Quality, Role, Rule},
};

/// What is sent otherwise than the prompt has it.
#[derive(Debug, Clone, Default)]
pub(super) struct Changes {
    /// Replaces the prompt's limit.
    max_tokens: Option<u64>,
    /// Follows the prompt's messages.
    said: Vec<Message>,
}

impl Changes {
    /// Makes the changes in what is sent.
    pub(super) fn apply(&self, fitted: &mut Fitted) {
        fitted.params.max_tokens = self.max_tokens.or(fitted.params.max_tokens);
        fitted.messages.extend(self.said.iter().cloned());
    }
}

/// A complete answer of the wrong form, kept while a better one is asked for.
pub(super) struct Kept {
    /// The place of the target that gave it.
    pub place: usize,
    /// What was said.
    pub heard: Heard,
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
pub(super) struct Remedy {
    /// It may be asked for once more.
    pub correct: bool,
    /// Another target may be asked.
    pub onward: bool,
}

impl Run {
    /// Tells whether an answer may be asked for once more: never after text that cannot be taken
    /// back, and by itself only where nobody has seen any and the answer is of no use as it is.
    pub(super) fn mendable(&self, course: &Course, class: Class, spent: u32) -> bool {
        let retry = &self.shared.rules.retry;
        let wanted = match (self.request.commit, retry.quality) {
            (Commit::Live, _) | (_, Some(0)) | (Commit::Resettable, None) => false,
            (Commit::Buffered, None) => class == Class::Truncated,
            (Commit::Buffered | Commit::Resettable, Some(_)) => true,
        };
        wanted && !course.mended && spent < retry.total_attempts && Instant::now() < self.deadline
    }

    /// Tells what may be done if the answer of a target is of the wrong form: nothing where its text cannot be
    /// taken back.
    pub(super) fn remedy(&self, course: &Course, spent: u32) -> Remedy {
        let wrong = Fault::new(Class::BadOutput, String::new());
        let more = spent < self.shared.rules.retry.total_attempts && self.request.commit != Commit::Live;
        Remedy {
            correct: self.mendable(course, Class::BadOutput, spent),
            onward: more && self.next_after(course.place, &course.target, &wrong).is_some(),
        }
    }

    /// Says what is wrong with the form of a complete answer for which there is a remedy, or a better one
    /// before it. The better one is kept, the first of equals.
    pub(super) fn set_aside(&mut self, judgement: &Judgement, remedy: Remedy) -> Option<Fault> {
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
            self.kept = Some(Kept { place: self.asked, heard, attempt, judgement, wrong });
        }
        Some(Fault::new(Class::BadOutput, words.join("; ")))
    }

    /// Changes what is sent next, if the fault is one that a changed request may heal.
    pub(super) fn mend(&mut self, plan: &Plan, course: &mut Course, fault: &Fault, spent: u32) -> bool {
        if !self.mendable(course, fault.class, spent) {
            return false;
        }
        let changed = match fault.class {
            Class::Truncated => self.more_room(course),
            Class::BadOutput => self.correction(course),
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
    fn more_room(&self, course: &Course) -> Option<(Changes, String)> {
        if self.heard.finish != Some(Finish::Length) || course.refuses("max_tokens") {
            return None;
        }
        let Course { target, fitted, .. } = course;
        let counted = self.heard.usage.total_output().filter(|_| !self.heard.usage.estimated);
        let had = fitted.params.max_tokens.or(counted)?;
        let most = target.card.max_output.unwrap_or(u64::MAX);
        let room = Some(had.saturating_mul(2).min(most)).filter(|room| *room > had)?;
        let notice = format!("the answer was cut at {had} tokens; max_tokens was raised to {room}");
        Some((Changes { max_tokens: Some(room), said: Vec::new() }, notice))
    }

    /// Shows the model its answer and what is wrong with it, if that still fits.
    fn correction(&self, course: &Course) -> Option<(Changes, String)> {
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
        Some((Changes { max_tokens: None, said }, notice))
    }

    /// Returns to the best answer there was before others that came to nothing.
    pub(super) async fn restore(&mut self) -> bool {
        let Some(Kept { place, heard, mut judgement, attempt, .. }) = self.kept.take() else { return false };
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
