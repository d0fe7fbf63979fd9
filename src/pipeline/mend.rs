//! The one further try for an answer that came but is not what was asked for: a changed request.

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

/// A complete answer that failed its checks, kept while a better one is asked for.
pub(super) struct Kept {
    /// What was said.
    pub heard: Heard,
    judgement: Judgement,
    /// The number of the attempt that gave it.
    pub attempt: u32,
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

    /// Says what is wrong with the form of a complete answer, and keeps it.
    pub(super) fn set_aside(&mut self, judgement: &Judgement) -> Option<Fault> {
        let complete = self.heard.finish.as_ref().is_some_and(|finish| finish.ending() == Ending::Whole);
        let wrong = wrong_form(&judgement.quality).filter(|_| complete)?;
        // It is counted with what is kept from now on, and not as the attempt made last.
        let heard = std::mem::take(&mut self.heard);
        self.kept = Some(Kept { heard, judgement: judgement.clone(), attempt: self.attempts });
        Some(Fault::new(Class::BadOutput, wrong.join("; ")))
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
        let kept = self.kept.as_ref()?;
        let wrong = wrong_form(&kept.judgement.quality)?;
        let content = format!(
            "This answer cannot be used:\n- {}\nGive the whole answer again with that put right, and nothing else.",
            wrong.join("\n- ")
        );
        let said = vec![
            Message { role: Role::Assistant, content: kept.heard.text.clone() },
            Message { role: Role::User, content },
        ];
        let all = [course.fitted.messages.clone(), said.clone()].concat();
        self.preflight(&course.target, &all).ok()?;
        let notice = "the answer failed its checks; it was sent back with what is wrong with it".to_owned();
        Some((Changes { max_tokens: None, said }, notice))
    }

    /// Returns to the answer that was there before a correction that came to nothing.
    pub(super) async fn restore(&mut self) -> bool {
        let Some(Kept { heard, mut judgement, attempt }) = self.kept.take() else { return false };
        self.heard = heard;
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

/// What is wrong with an answer's form, rule by rule.
fn wrong_form(quality: &Quality) -> Option<Vec<String>> {
    let form = |rule: &Rule| matches!(rule, Rule::Format | Rule::Schema | Rule::Required);
    let wrong: Vec<String> = quality
        .failures()
        .filter(|verdict| form(&verdict.rule))
        .map(|verdict| format!("{}: {}", verdict.rule, verdict.reason))
        .collect();
    (!wrong.is_empty()).then_some(wrong)
}
