//! The best of the answers that a row got, as a judge says: what it is asked, how what it picks is read, and the verdict on
//! each of the answers.
//!
//! Where an answer stands in the list says nothing about it, and yet it moves judges: each time the judge is asked in the
//! order of the cells and in the reverse, and a pick counts only where most of what it said agrees. Answers that are the same
//! are one. By their scores (`max-score`) they are compared without a judge.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    eval::{
        check,
        check::source::text_of,
        extract, judge_prompt, judge_template,
        judge_template::JudgeTemplate,
        reason::{apart, inconclusive, name, verdict},
        rubric::{MOST, OWN_PROMPT, case, said_by},
    },
    model::{Check, CheckKind, CheckType, Input, Prompt, Rule, Verdict},
};

/// Orders in which the answers are put before the judge, each time it is asked.
const ORDERS: usize = 2;

/// A criterion by which the answers of a row are compared, filled for one input, with what its check says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct BestChoice {
    /// The name of the model that judges; none is the default model.
    pub judge: Option<String>,
    /// How often it is asked in each order, from 1.
    pub repeat: u32,
    check: Check,
}

/// How the score of an answer is made of what its other checks and the rules of the prompt give.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScoreRule {
    #[serde(default)]
    pub(crate) method: ScoreMethod,
    /// What counts in the place of a check's own weight, by its type.
    #[serde(default)]
    pub(crate) weights: BTreeMap<String, f64>,
    /// The least score that passes, where the check's `threshold` does not say.
    pub(crate) threshold: Option<f64>,
}

/// How scores become one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ScoreMethod {
    /// Their mean, each by its weight.
    #[default]
    Average,
    /// Their sum, each by its weight.
    Sum,
}

impl ScoreRule {
    /// Reads it from the value of a check; without one all is as usual. The error says in words what is wrong.
    pub(crate) fn of(check: &Check) -> Result<Self, String> {
        let Some(value) = check.value.clone().filter(|value| !value.is_null()) else { return Ok(Self::default()) };
        if !value.is_object() {
            return Err(name(&value));
        }
        let rule: Self = serde_json::from_value(value).map_err(|error| error.to_string())?;
        match rule.weights.values().chain(&rule.threshold).find(|number| !number.is_finite() || **number < 0.0) {
            Some(number) => Err(format!("{number}, which is below 0")),
            None => Ok(rule),
        }
    }
}

/// An answer that is compared.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rival {
    /// The model that gave it.
    pub name: String,
    /// The prompt that it answers, by its name if it has one.
    pub prompt: Option<String>,
    pub answer: String,
    /// The verdicts of its checks.
    pub verdicts: Vec<Verdict>,
}

/// What a judge picked of the answers of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Pick {
    /// The model that judged; none where all answers are the same.
    pub model: Option<String>,
    /// The answers, none twice, in the order of the cells.
    distinct: Vec<String>,
    /// How often each was picked.
    votes: Vec<usize>,
    /// The score of each, where they are compared by it.
    scores: Vec<f64>,
    /// The one that most of all judgements picked, with the reason of the first of them.
    best: Result<(usize, String), String>,
}

impl BestChoice {
    /// Takes a check that was filled for its input.
    pub(crate) fn of(check: &Check) -> Self {
        Self { judge: check.judge.clone(), repeat: check.repeat.unwrap_or(1).clamp(1, MOST), check: check.clone() }
    }

    /// Names what is compared by what: answers whose checks have the same key are rivals.
    #[must_use]
    pub fn key(&self) -> String {
        let Check { kind, value, threshold, judge, judge_prompt, repeat, .. } = &self.check;
        json!([kind.kind.name(), value, threshold, judge, judge_prompt, repeat]).to_string()
    }

    /// Makes the prompt and the inputs on which the judge is run: the answers in their order and in the reverse, for each
    /// time it is asked. None where all answers are the same, and nobody need be asked.
    #[must_use]
    pub fn asks(&self, rivals: &[Rival], input: &Input) -> Option<(Arc<Prompt>, Vec<Input>)> {
        if self.is_by_score() {
            return None;
        }
        let distinct = distinct(rivals);
        let template = JudgeTemplate::of(self.check.kind.kind).filter(|_| distinct.len() > 1)?;
        let criterion =
            self.check.value.as_ref().map(|value| text_of(value).map_or_else(|| value.clone(), Value::String));
        if self.has_own_prompt() {
            let outputs = [distinct.clone(), distinct.into_iter().rev().collect()];
            return Some(self.asks_by(&outputs, criterion.as_ref(), input));
        }
        let own = (template.value, criterion);
        let order = |answers: &mut dyn Iterator<Item = &String>| {
            let numbered = (1_u64..).zip(answers).map(|(number, answer)| json!({"number": number, "answer": answer}));
            case(input, std::slice::from_ref(&own), &[("answers", Some(numbered.collect()))])
        };
        let orders = [order(&mut distinct.iter()), order(&mut distinct.iter().rev())];
        let inputs = (0..self.repeat).flat_map(|_| orders.clone()).collect();
        Some((template.prompt(self.repeat == 1), inputs))
    }

    /// Reads what the judge said, in the order in which it was asked.
    #[must_use]
    pub fn pick(&self, rivals: &[Rival], said: &[Result<&str, String>], model: &str) -> Pick {
        let distinct = distinct(rivals);
        if self.is_by_score() {
            return self.highest(rivals, distinct);
        }
        if distinct.len() <= 1 {
            let best = match rivals {
                [] | [_] => Err("there is no other answer of its row to compare it with".to_owned()),
                [_, _, ..] => Ok((0, "all answers of the row are the same".to_owned())),
            };
            return Pick { model: None, votes: vec![0; distinct.len()], scores: Vec::new(), distinct, best };
        }
        let count = distinct.len();
        let read = |(at, said): (usize, &Result<&str, String>)| {
            let (place, reason) = if self.has_own_prompt() {
                judge_prompt::read_place(said.as_ref()?, count)?
            } else {
                judge_template::read_best(said.as_ref()?, count)?
            };
            // In the reverse order the last stands first.
            Ok((if at.is_multiple_of(ORDERS) { place } else { count - 1 - place }, reason))
        };
        let read: Vec<Result<(usize, String), String>> = said.iter().enumerate().map(read).collect();
        let mut votes = vec![0; count];
        for (place, _) in read.iter().flatten() {
            if let Some(votes) = votes.get_mut(*place) {
                *votes += 1;
            }
        }
        let most = votes.iter().position(|votes| votes * 2 > read.len());
        let best = most.map(|best| {
            let reason = read.iter().flatten().find(|(place, _)| *place == best);
            (best, reason.map_or_else(String::new, |(_, reason)| reason.clone()))
        });
        let best = best.ok_or_else(|| {
            if let Some(error) = read.iter().find_map(|read| read.as_ref().err()) {
                return error.clone();
            }
            let picked = distinct.iter().zip(&votes).filter(|(_, votes)| **votes > 0);
            let names =
                picked.map(|(answer, votes)| format!("{} {votes} of {} times", names(rivals, answer), read.len()));
            let names = names.collect::<Vec<_>>().join(", ");
            format!("the judge does not stand by one: it picked {names}, as the order of the answers was")
        });
        Pick { model: Some(model.to_owned()), distinct, votes, scores: Vec::new(), best }
    }

    /// Makes the verdict on one of the answers.
    #[must_use]
    pub fn verdict(&self, own: &str, rivals: &[Rival], pick: &Pick) -> Verdict {
        let template = JudgeTemplate::of(self.check.kind.kind);
        let label =
            template.map(|template| if self.has_own_prompt() { OWN_PROMPT.to_owned() } else { template.label() });
        let judge = pick.model.as_ref().zip(label).map(|(model, label)| format!("{model}, {label}"));
        let bare = match &pick.best {
            Err(why) => inconclusive(self.rule(), why),
            Ok((best, _)) if !pick.scores.is_empty() => self.by_score(own, rivals, pick, *best),
            Ok((best, reason)) => self.on(own, rivals, pick, (*best, reason)),
        };
        check::with_weight(&self.check, Verdict { judge, ..bare })
    }

    /// Names the rule, as its verdicts do.
    #[must_use]
    pub fn rule(&self) -> Rule {
        check::rule(&self.check)
    }

    /// Makes the verdict of one that cannot be compared.
    pub(crate) fn unasked(&self, why: &str) -> Verdict {
        check::with_weight(&self.check, inconclusive(self.rule(), why))
    }

    fn has_own_prompt(&self) -> bool {
        !self.check.judge_prompt.is_empty()
    }

    /// Makes the check's own prompt, told the answers in one order and the other beside the variables of the row.
    fn asks_by(
        &self,
        outputs: &[Vec<String>; ORDERS],
        criterion: Option<&Value>,
        input: &Input,
    ) -> (Arc<Prompt>, Vec<Input>) {
        let order = |outputs: &Vec<String>| {
            let mut told = input.clone();
            let criterion = criterion.map(|value| text_of(value).unwrap_or_else(|| value.to_string()));
            told.vars.extend(criterion.map(|text| ("criteria".to_owned(), text.into())));
            told.vars.insert(judge_prompt::OUTPUTS.to_owned(), judge_prompt::list(outputs));
            told
        };
        let inputs = (0..self.repeat).flat_map(|_| outputs.iter().map(order)).collect();
        (judge_prompt::own_prompt(&self.check.judge_prompt, self.repeat == 1), inputs)
    }

    fn is_by_score(&self) -> bool {
        self.check.kind.kind == CheckKind::MaxScore
    }

    /// Finds the answer with the highest score, the first of several that are level.
    fn highest(&self, rivals: &[Rival], distinct: Vec<String>) -> Pick {
        let scores = || {
            let rule = ScoreRule::of(&self.check)?;
            if rivals.len() <= 1 {
                return Err("there is no other answer of its row to compare it with".to_owned());
            }
            let of = |answer: &String| {
                let own = rivals.iter().filter(|rival| extract::answer(&rival.answer) == answer);
                let scores = own.map(|rival| score(rival, &rule)).collect::<Result<Vec<f64>, String>>()?;
                Ok(scores.into_iter().fold(0.0, f64::max))
            };
            distinct.iter().map(of).collect::<Result<Vec<f64>, String>>()
        };
        let (scores, best) = match scores() {
            Ok(scores) => {
                let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let place = scores.iter().position(|score| *score >= highest).unwrap_or_default();
                (scores, Ok((place, String::new())))
            }
            Err(why) => (Vec::new(), Err(why)),
        };
        Pick { model: None, votes: Vec::new(), scores, distinct, best }
    }

    fn by_score(&self, own: &str, rivals: &[Rival], pick: &Pick, best: usize) -> Verdict {
        let place = pick.distinct.iter().position(|answer| answer == extract::answer(own));
        let score_at = |place: usize| pick.scores.get(place).copied().unwrap_or_default();
        let (score, highest) = (place.map_or(0.0, score_at), score_at(best));
        let least = self.check.threshold.or_else(|| ScoreRule::of(&self.check).ok()?.threshold);
        let holds = place == Some(best) && least.is_none_or(|least| score >= least);
        let words = match least {
            Some(least) if place == Some(best) && score < least => {
                let (shown, limit) = apart(score, least, 2);
                format!("{shown} is the highest score of {} answers, < threshold {limit}", rivals.len())
            }
            _ if place == Some(best) => format!("{score:.2} is the highest score of {} answers", rivals.len()),
            _ => {
                let other = pick.distinct.get(best).map_or_else(String::new, |answer| names(rivals, answer));
                if score < highest {
                    format!("{score:.2}; that of {other} has {highest:.2}")
                } else {
                    format!("{score:.2}; that of {other} has as much and comes before it")
                }
            }
        };
        let (not, share) = (self.check.kind.not, f64::from(u8::from(holds)));
        let credit = if not { 1.0 - share } else { share };
        let bare = verdict(self.rule(), holds != not, words);
        Verdict { score: Some(score), credit: Some(credit), ..bare }
    }

    fn on(&self, own: &str, rivals: &[Rival], pick: &Pick, (best, reason): (usize, &str)) -> Verdict {
        let own = extract::answer(own);
        let place = pick.distinct.iter().position(|answer| answer == own);
        let total: usize = pick.votes.iter().sum();
        let votes = place.and_then(|place| pick.votes.get(place)).copied().unwrap_or_default();
        let holds = place == Some(best);
        let score = if total == 0 { f64::from(u8::from(holds)) } else { votes as f64 / total as f64 };
        let of = format!("of {} answers", rivals.len());
        let split = if votes == 0 || votes == total { String::new() } else { format!(", {votes} of {total} times") };
        let words = if total == 0 {
            reason.to_owned()
        } else if holds {
            format!("picked {of}{split}: {}", said_by(reason))
        } else {
            let other = pick.distinct.get(best).map_or_else(String::new, |answer| names(rivals, answer));
            format!("not picked {of}{split}, that of {other} was: {}", said_by(reason))
        };
        let credit = if self.check.kind.not { 1.0 - score } else { score };
        let bare = verdict(self.rule(), holds != self.check.kind.not, words);
        Verdict { score: Some(score), credit: Some(credit), ..bare }
    }
}

/// The score of an answer by the rules of its prompt, which it breaks where they cannot be applied to it, and its checks that do
/// not compare it with others. The error says why it has none.
fn score(rival: &Rival, rule: &ScoreRule) -> Result<f64, String> {
    let (mut sum, mut weights) = (0.0, 0.0);
    for verdict in rival.verdicts.iter().filter(|verdict| !verdict.implied) {
        let Rule::Check(name) = &verdict.rule else {
            sum += verdict.weight * verdict.credit().unwrap_or(0.0);
            weights += verdict.weight;
            continue;
        };
        let Ok(kind) = name.parse::<CheckType>() else { continue };
        if kind.kind.compares_row() {
            continue;
        }
        let mut theirs = check::promptfoo::names_there(kind.kind).filter_map(|name| rule.weights.get(name));
        let weight = rule.weights.get(name).or_else(|| theirs.next()).copied().unwrap_or(verdict.weight);
        if theirs.any(|other| (other - weight).abs() > f64::EPSILON) {
            return Err(format!("`weights` has several for what is a check of type {name} here"));
        }
        if weight <= 0.0 {
            continue;
        }
        let credit = verdict.credit();
        sum += weight * credit.ok_or_else(|| format!("{}: the check {name} could not run", rival.name))?;
        weights += weight;
    }
    match rule.method {
        _ if weights <= 0.0 => Err("there is no other check to score the answers by".to_owned()),
        ScoreMethod::Average => Ok(sum / weights),
        ScoreMethod::Sum => Ok(sum),
    }
}

/// The answers without their thoughts, none twice, in their order.
fn distinct(rivals: &[Rival]) -> Vec<String> {
    let mut distinct: Vec<String> = Vec::new();
    for answer in rivals.iter().map(|rival| extract::answer(&rival.answer)) {
        if distinct.iter().all(|known| known != answer) {
            distinct.push(answer.to_owned());
        }
    }
    distinct
}

/// Names who gave an answer: the model, with the prompt where there are several.
fn names(rivals: &[Rival], answer: &str) -> String {
    let one_prompt = rivals.iter().all(|rival| rivals.first().is_some_and(|first| rival.prompt == first.prompt));
    let name = |rival: &Rival| match rival.prompt.as_ref().filter(|_| !one_prompt) {
        Some(prompt) => format!("{} with {prompt}", rival.name),
        None => rival.name.clone(),
    };
    let of = rivals.iter().filter(|rival| extract::answer(&rival.answer) == answer);
    of.map(name).collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        eval::rubric::unfenced,
        model::{CheckKind, Role, Status, Turn},
    };

    fn choice(repeat: u32) -> BestChoice {
        BestChoice::of(&Check { repeat: Some(repeat), ..Check::of(CheckKind::SelectBest).with("the kindest") })
    }

    fn rivals(answers: &[&str]) -> Vec<Rival> {
        let rival = |(at, answer): (usize, &&str)| Rival {
            name: format!("m{at}"),
            prompt: None,
            answer: (*answer).to_owned(),
            verdicts: Vec::new(),
        };
        answers.iter().enumerate().map(rival).collect()
    }

    fn best(number: usize) -> String {
        format!(r#"{{"reason": "it is kind", "best": {number}}}"#)
    }

    fn statuses(choice: &BestChoice, rivals: &[Rival], said: &[String]) -> Vec<(Status, String)> {
        let said: Vec<Result<&str, String>> = said.iter().map(|said| Ok(said.as_str())).collect();
        let pick = choice.pick(rivals, &said, "big");
        let verdicts = rivals.iter().map(|rival| choice.verdict(&rival.answer, rivals, &pick));
        verdicts.map(|verdict| (verdict.status, verdict.reason)).collect()
    }

    #[test]
    fn the_judge_sees_each_answer_once_in_both_orders() {
        let input = Input::of("Where is it?");
        let four = rivals(&["a", "<think>b?</think>b", "a", "c"]);
        let (prompt, inputs) = choice(2).asks(&four, &input).unwrap();
        let cases: Vec<Value> =
            inputs.iter().map(|input| serde_json::from_str(unfenced(&input.text).unwrap()).unwrap()).collect();
        let answers = |case: &Value| -> Vec<String> {
            case["answers"].as_array().unwrap().iter().map(|one| one["answer"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!((cases.len(), prompt.params.temperature), (4, None));
        assert_eq!(
            (answers(&cases[0]), answers(&cases[1])),
            (vec!["a".to_owned(), "b".into(), "c".into()], vec!["c".into(), "b".into(), "a".into()])
        );
        assert_eq!(
            (&cases[0]["criterion"], &cases[0]["input"], &cases[0]["answers"][2]["number"]),
            (&json!("the kindest"), &json!("Where is it?"), &json!(3))
        );
        assert_eq!(choice(1).asks(&four, &input).unwrap().0.params.temperature, Some(0.0));
        assert!(choice(1).asks(&rivals(&["a", "a"]), &input).is_none());
    }

    #[test]
    fn one_answer_passes_and_the_others_fail_with_the_name_of_it() {
        let three = rivals(&["a", "b", "c"]);
        // The second stands second in both orders.
        let said = statuses(&choice(1), &three, &[best(2), best(2)]);
        assert_eq!(said[1], (Status::Passed, "picked of 3 answers: it is kind".to_owned()));
        for other in [&said[0], &said[2]] {
            assert_eq!(*other, (Status::Failed, "not picked of 3 answers, that of m1 was: it is kind".to_owned()));
        }
        let most = statuses(&choice(2), &three, &[best(1), best(3), best(1), best(1)]);
        assert_eq!(most[0], (Status::Passed, "picked of 3 answers, 3 of 4 times: it is kind".to_owned()));
        assert!(most[2].1.starts_with("not picked of 3 answers, 1 of 4 times, that of m0 was"), "{most:?}");
        let same = rivals(&["a", "b", "a"]);
        let said = statuses(&choice(1), &same, &[best(1), best(2)]);
        assert_eq!((said[0].0, said[1].0, said[2].0), (Status::Passed, Status::Failed, Status::Passed));
        assert!(said[1].1.contains("that of m0 and m2 was"), "{said:?}");
    }

    #[test]
    fn by_a_prompt_of_its_own_the_answers_are_a_list_and_the_pick_is_counted_from_0() {
        let turns = vec![Turn::of(Role::User, "{{ criteria }}: {{ outputs[0] }}")];
        let check = Check { judge_prompt: turns, ..Check::of(CheckKind::SelectBest).with("the kindest") };
        let (choice, two) = (BestChoice::of(&check), rivals(&["a", "b"]));
        assert_ne!(choice.key(), self::choice(1).key(), "another prompt is another comparison");
        let (prompt, inputs) = choice.asks(&two, &Input::of("Where is it?")).unwrap();
        let told = |input: &Input| (input.vars["criteria"].to_string(), input.vars["outputs"].to_string());
        let wanted = |outputs: &str| ("the kindest".to_owned(), outputs.to_owned());
        let all: Vec<_> = inputs.iter().map(told).collect();
        assert_eq!(all, [wanted(r#"["a","b"]"#), wanted(r#"["b","a"]"#)]);
        assert_eq!(
            (prompt.turns()[0].content.as_str(), inputs[0].text.as_str()),
            ("{{ criteria }}: {{ outputs[0] }}", "Where is it?")
        );
        let said = statuses(&choice, &two, &["It is 1.".to_owned(), "0".to_owned()]);
        assert_eq!(said[1], (Status::Passed, "picked of 2 answers: It is 1.".to_owned()));
        let pick = choice.pick(&two, &[Ok("1"), Ok("0")], "big");
        assert_eq!(choice.verdict("b", &two, &pick).judge.as_deref(), Some("big, its own prompt"));
    }

    #[test]
    fn where_the_order_decides_or_the_judge_cannot_be_read_nothing_passes() {
        let two = rivals(&["a", "b"]);
        let said = statuses(&choice(1), &two, &[best(1), best(1)]);
        let why = "not applied: the judge does not stand by one: it picked m0 1 of 2 times, m1 1 of 2 times, as the order of the \
                   answers was";
        assert!(said.iter().all(|one| *one == (Status::Inconclusive, why.to_owned())), "{said:?}");
        for (answer, words) in [
            (best(3), "the judge's `best` is the number 3, not a whole number from 1 to 2"),
            (r#"{"best": 1}"#.to_owned(), "the judge gave no reason"),
            ("the first".to_owned(), "the judge's answer is not JSON"),
        ] {
            let said = statuses(&choice(1), &two, &[best(1), answer]);
            assert!(said.iter().all(|one| one.0 == Status::Inconclusive && one.1.contains(words)), "{said:?}");
        }
        let alone = statuses(&choice(1), &rivals(&["a"]), &[]);
        assert_eq!((alone[0].0, alone[0].1.contains("no other answer")), (Status::Inconclusive, true));
        let same = statuses(&choice(1), &rivals(&["a", "a"]), &[]);
        assert!(same.iter().all(|one| one.0 == Status::Passed && one.1.contains("the same")), "{same:?}");
    }

    #[test]
    fn by_their_scores_the_highest_passes_and_the_first_of_those_that_are_level() {
        let given = |kind: CheckKind, credit: f64| Verdict {
            credit: Some(credit),
            ..verdict(Rule::Check(kind.name().to_owned()), credit >= 0.5, "")
        };
        let rival = |name: &str, code: f64, kind: f64| Rival {
            name: name.to_owned(),
            prompt: None,
            answer: name.to_uppercase(),
            verdicts: vec![given(CheckKind::Exec, code), given(CheckKind::LlmRubric, kind)],
        };
        let by = |value: Value| BestChoice::of(&Check::of(CheckKind::MaxScore).with(value));
        let three = [rival("a", 1.0, 0.2), rival("b", 0.4, 1.0), rival("c", 0.2, 1.0)];
        let words = |choice: &BestChoice, rivals: &[Rival]| statuses(choice, rivals, &[]);
        let plain = words(&by(json!({})), &three);
        assert_eq!(plain[1], (Status::Passed, "0.70 is the highest score of 3 answers".to_owned()));
        assert_eq!(plain[0], (Status::Failed, "0.60; that of b has 0.70".to_owned()));
        // promptfoo calls them by the language.
        let weighed = words(&by(json!({"weights": {"python": 3, "llm-rubric": 1}})), &three);
        assert_eq!(weighed[0], (Status::Passed, "0.80 is the highest score of 3 answers".to_owned()));
        let summed = words(&by(json!({"method": "sum"})), &three);
        assert_eq!(summed[1].1, "1.40 is the highest score of 3 answers");
        let low = words(&by(json!({"threshold": 0.9})), &three);
        assert!(low.iter().all(|one| one.0 == Status::Failed), "{low:?}");
        assert_eq!(low[1].1, "0.70 is the highest score of 3 answers, < threshold 0.90");
        let level = words(&by(json!({})), &[rival("a", 0.5, 0.5), rival("b", 0.5, 0.5)]);
        assert_eq!((level[0].0, level[1].0), (Status::Passed, Status::Failed));
        assert_eq!(level[1].1, "0.50; that of a has as much and comes before it");
        // One that breaks a rule of the prompt has no more than another, whatever its checks say.
        let mut broken = three.clone();
        broken[1].verdicts.push(verdict(Rule::Format, false, "no JSON"));
        broken[1].verdicts.push(inconclusive(Rule::Schema, "no JSON"));
        let broken = words(&by(json!({})), &broken);
        assert_eq!((broken[0].0, broken[1].1.as_str()), (Status::Passed, "0.35; that of a has 0.60"));
        let of = |prompt: &str, rival: &Rival| Rival { prompt: Some(prompt.to_owned()), ..rival.clone() };
        let prompts = words(&by(json!({})), &[of("p", &three[0]), of("q", &three[1])]);
        assert_eq!(prompts[0].1, "0.60; that of b with q has 0.70");
        let mut open = three.clone();
        open[2].verdicts[0] = inconclusive(Rule::Check("exec".to_owned()), "it ended");
        let open = words(&by(json!({})), &open);
        assert!(open.iter().all(|one| one.0 == Status::Inconclusive && one.1.contains("the check exec could not run")));
        assert!(words(&by(json!({})), &rivals(&["a", "b"]))[0].1.contains("no other check"));
        assert!(by(json!({})).asks(&three, &Input::default()).is_none(), "no judge is asked");
    }

    #[test]
    fn its_opposite_passes_all_but_the_one_that_was_picked() {
        let not = BestChoice::of(&Check::of(CheckKind::SelectBest).with("x").negated());
        let said = statuses(&not, &rivals(&["a", "b"]), &[best(1), best(2)]);
        assert_eq!((said[0].0, said[1].0), (Status::Failed, Status::Passed));
        let open = statuses(&not, &rivals(&["a", "b"]), &[best(1), best(1)]);
        assert!(open.iter().all(|one| one.0 == Status::Inconclusive), "{open:?}");
    }
}
