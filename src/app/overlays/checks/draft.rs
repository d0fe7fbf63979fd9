//! The prompt whose rules are edited: what each rule is wherever it stands, and the steps that can be undone.

use crate::{
    eval::{
        rules,
        rules::{NewRule, RulePlace},
    },
    model::{Check, Prompt, Response, ResponseRule},
};

/// Steps that can be undone, at most.
const STEPS: usize = 200;

/// A rule by what it is, wherever it stands: a check keeps its number when others are added and removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleId {
    /// Under `[response]`.
    Response(ResponseRule),
    /// A `[[check]]`, by a number of its own.
    Check(usize),
}

/// The rules as they were at a step.
#[derive(Debug, Clone)]
struct Step {
    response: Response,
    checks: Vec<Check>,
    ids: Vec<usize>,
}

/// The prompt with its rules as they are being edited.
#[derive(Debug, Clone)]
pub struct RulesDraft {
    prompt: Prompt,
    /// The numbers of its checks.
    ids: Vec<usize>,
    next: usize,
    past: Vec<Step>,
    future: Vec<Step>,
}

/// Numbers the checks of a prompt as those of its file are numbered, by their places; one that is not in the file gets a
/// number of its own.
fn numbers(checks: &[Check], saved: &[Check]) -> Vec<usize> {
    let mut free: Vec<bool> = vec![true; saved.len()];
    let mut take = |fits: &dyn Fn(usize, &Check) -> bool| {
        let found = saved.iter().enumerate().find(|(at, known)| free.get(*at) == Some(&true) && fits(*at, known));
        let at = found.map(|(at, _)| at);
        if let Some(free) = at.and_then(|at| free.get_mut(at)) {
            *free = false;
        }
        at
    };
    let same: Vec<Option<usize>> = checks.iter().map(|check| take(&|_, known| known == check)).collect();
    let edited = checks.iter().zip(same).enumerate().map(|(place, (check, same))| {
        same.or_else(|| take(&|at, known| at == place && known.kind.kind == check.kind.kind))
    });
    let known: Vec<Option<usize>> = edited.collect();
    (saved.len()..).zip(known).map(|(new, known)| known.unwrap_or(new)).collect()
}

impl RulesDraft {
    /// Begins with the prompt on the bench; its rules are those of the saved one as far as they are the same.
    #[must_use]
    pub fn new(prompt: Prompt, saved: &Prompt) -> Self {
        let ids = numbers(&prompt.checks, &saved.checks);
        let next = saved.checks.len() + prompt.checks.len();
        Self { prompt, ids, next, past: Vec::new(), future: Vec::new() }
    }

    /// Returns the prompt as it is edited.
    #[must_use]
    pub fn prompt(&self) -> &Prompt {
        &self.prompt
    }

    /// Names the rule at a place.
    #[must_use]
    pub fn id(&self, place: RulePlace) -> RuleId {
        match place {
            RulePlace::Response(rule) => RuleId::Response(rule),
            RulePlace::Check(at) => RuleId::Check(self.ids.get(at).copied().unwrap_or(self.next)),
        }
    }

    /// Lists its rules, each with its place.
    #[must_use]
    pub fn rules(&self) -> Vec<(RuleId, RulePlace)> {
        self.rules_of(&self.prompt)
    }

    /// Lists the rules of a prompt that has the same checks, one of them filled in otherwise.
    #[must_use]
    pub fn rules_of(&self, prompt: &Prompt) -> Vec<(RuleId, RulePlace)> {
        rules::list(prompt).into_iter().map(|place| (self.id(place), place)).collect()
    }

    fn step(&self) -> Step {
        Step { response: self.prompt.response.clone(), checks: self.prompt.checks.clone(), ids: self.ids.clone() }
    }

    fn note(&mut self, before: Step) {
        self.future.clear();
        self.past.push(before);
        if self.past.len() > STEPS {
            self.past.remove(0);
        }
    }

    /// Changes the prompt as one step that can be undone; where an error says that it cannot be, nothing changes.
    pub fn change(&mut self, change: impl FnOnce(&mut Prompt) -> Result<(), &'static str>) -> Result<(), &'static str> {
        let before = self.step();
        change(&mut self.prompt)?;
        self.note(before);
        Ok(())
    }

    /// Removes a rule, as one step that can be undone.
    pub fn remove(&mut self, place: RulePlace) -> Result<(), &'static str> {
        self.change(|prompt| rules::remove(place, prompt))?;
        if let RulePlace::Check(at) = place
            && at < self.ids.len()
        {
            self.ids.remove(at);
        }
        Ok(())
    }

    /// Returns a copy with a new rule that is not filled in, and its place.
    #[must_use]
    pub fn with_new(&self, new: NewRule) -> (Self, RulePlace) {
        let mut draft = self.clone();
        draft.note(self.step());
        let place = new.add_to(&mut draft.prompt);
        if matches!(place, RulePlace::Check(_)) {
            draft.ids.push(draft.next);
            draft.next += 1;
        }
        (draft, place)
    }

    /// Puts a rule as it was filled in into the place of what [`RulesDraft::with_new`] left there: the same step.
    pub fn fill_new(&mut self, prompt: Prompt) {
        self.prompt = prompt;
    }

    /// Undoes the last step, or does it again. Tells whether there was one.
    pub fn go_back(&mut self, back: bool) -> bool {
        let present = self.step();
        let (from, to) = if back { (&mut self.past, &mut self.future) } else { (&mut self.future, &mut self.past) };
        let Some(step) = from.pop() else { return false };
        to.push(present);
        (self.prompt.response, self.prompt.checks, self.ids) = (step.response, step.checks, step.ids);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CheckKind;

    fn prompt(texts: &[&str]) -> Prompt {
        let checks = texts.iter().map(|text| Check::of(CheckKind::Contains).with(*text)).collect();
        Prompt { checks, ..Prompt::default() }
    }

    #[test]
    fn a_check_keeps_its_number_when_others_come_and_go() {
        assert_eq!(numbers(&prompt(&["b", "c"]).checks, &prompt(&["a", "b", "c"]).checks), [1, 2]);
        assert_eq!(numbers(&prompt(&["x", "b"]).checks, &prompt(&["a", "b"]).checks), [0, 1], "the first was edited");
        assert_eq!(numbers(&prompt(&["a", "b", "n"]).checks, &prompt(&["a", "b"]).checks), [0, 1, 4], "one is new");
        let mut draft = RulesDraft::new(prompt(&["a", "b"]), &prompt(&["a", "b"]));
        let second = draft.id(RulePlace::Check(1));
        draft.remove(RulePlace::Check(0)).unwrap();
        assert_eq!(draft.id(RulePlace::Check(0)), second);
        assert!(draft.go_back(true) && draft.id(RulePlace::Check(1)) == second);
        assert!(draft.go_back(false) && draft.prompt().checks.len() == 1 && !draft.go_back(false));
    }

    #[test]
    fn a_new_rule_is_one_step() {
        let draft = RulesDraft::new(prompt(&["a"]), &prompt(&["a"]));
        let (mut new, place) = draft.with_new(NewRule::Check(CheckKind::Regex));
        let filled = rules::filled(place, new.prompt(), &[("value", "x".to_owned())]).unwrap();
        new.fill_new(filled);
        assert!(new.go_back(true));
        assert_eq!(new.prompt(), draft.prompt());
        assert!(!new.go_back(true));
    }
}
