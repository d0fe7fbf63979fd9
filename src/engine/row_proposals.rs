//! What a model is asked for when it proposes rows of a data set, and what of its answer is taken.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use serde_json::{Value, json};

use crate::{
    dataset::proposals::{KIND, ProposalKind, ProposedRow, RULE},
    eval::{JsonTypes, NearDuplicates, extract},
    model::{DatasetRow, Input, Prompt, VarValue, expected::EXPECTED, prompt_toml},
    template,
};

/// The prompt that writes down the rules of another.
static RULES: LazyLock<Prompt> = LazyLock::new(|| read(include_str!("../../assets/rows/rules.toml")));

/// The prompt that writes rows.
static ROWS: LazyLock<Prompt> = LazyLock::new(|| read(include_str!("../../assets/rows/rows.toml")));

/// The most rules, and the characters of one.
const MOST_RULES: usize = 30;
const LONGEST_RULE: usize = 300;

/// Rows that one call is asked for.
pub const ROWS_OF_A_CALL: usize = 10;

/// Rows and failures that one call is shown, and the characters of each.
const SHOWN: usize = 12;
const SHOWN_CHARS: usize = 600;

/// The characters of a value that is taken.
const LONGEST_VALUE: usize = 20_000;

/// The variable under which both prompts are told what is wanted.
const TASK: &str = "task";

/// Reads a built-in prompt; a test holds that it is one.
fn read(file: &str) -> Prompt {
    let mut prompt: Prompt = toml::from_str(file).unwrap_or_default();
    let _ = prompt_toml::restore(&mut prompt);
    prompt
}

/// Returns the prompt that writes down the rules of another.
#[must_use]
pub fn rules_prompt() -> Prompt {
    RULES.clone()
}

/// Returns the prompt that writes rows.
#[must_use]
pub fn rows_prompt() -> Prompt {
    ROWS.clone()
}

/// What is known of a prompt that rows are proposed for.
#[derive(Debug, Clone)]
pub struct RowTask {
    /// What the prompt takes in, in a sentence.
    pub input: String,
    /// What is asked of an answer, rule by rule.
    pub rules: Vec<String>,
    /// The variables that a row gives, and those it cannot leave out.
    pub variables: BTreeSet<String>,
    pub needed: BTreeSet<String>,
}

/// Says what a prompt is to the model that writes down its rules.
#[must_use]
pub fn rules_input(prompt: &Prompt) -> Input {
    task(&json!({ "messages": messages(prompt) }))
}

fn messages(prompt: &Prompt) -> Value {
    let turns = prompt.turns();
    let turns = turns.iter().filter(|turn| !turn.muted);
    turns.map(|turn| json!({ "role": turn.role.name(), "content": turn.content })).collect()
}

fn task(value: &Value) -> Input {
    Input { vars: BTreeMap::from([(TASK.to_owned(), VarValue::Text(value.to_string()))]), ..Input::default() }
}

/// Reads what a model says of the rules of a prompt. The error says in words what is wrong with it.
pub fn rules(answer: &str) -> Result<(String, Vec<String>), String> {
    let (value, _) = extract(answer, JsonTypes::OBJECT).map_err(|bad| bad.to_string())?;
    let text = |value: &Value| value.as_str().map(|text| line(text, LONGEST_RULE)).filter(|text| !text.is_empty());
    let input = value.get("input").and_then(text).unwrap_or_default();
    let found = value.get("rules").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut rules: Vec<String> = Vec::new();
    for rule in found.iter().filter_map(text).take(MOST_RULES) {
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    if rules.is_empty() { Err("it names no rule".to_owned()) } else { Ok((input, rules)) }
}

/// Brings a text into one line.
fn line(text: &str, most: usize) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(most).collect()
}

impl RowTask {
    /// Reads off a prompt which variables its rows give.
    #[must_use]
    pub fn new(prompt: &Prompt, input: String, rules: Vec<String>) -> Self {
        let asks = template::asks_of(&prompt.turns()).0;
        let needed = asks.missing(|_| false).into_iter().collect();
        let variables = asks.names.iter().filter(|name| *name != EXPECTED).cloned().collect();
        Self { input, rules, variables, needed }
    }

    /// Says what is wanted to the model that writes rows: the rules, so many rows of these rules and kinds, what there is
    /// already and what failed.
    #[must_use]
    pub fn input(&self, wanted: &[(usize, ProposalKind)], (rows, failures): (&[String], &[(String, String)])) -> Input {
        let cut = |text: &String| text.chars().take(SHOWN_CHARS).collect::<String>();
        let numbered: Vec<Value> =
            self.rules.iter().zip(1..).map(|(rule, number)| json!({ "number": number, "rule": rule })).collect();
        let wanted: Vec<Value> =
            wanted.iter().map(|(rule, kind)| json!({ "rule": rule + 1, "kind": kind.word() })).collect();
        let failed: Vec<Value> = failures
            .iter()
            .take(SHOWN)
            .map(|(input, answer)| json!({ "input": cut(input), "answer_that_failed": cut(answer) }))
            .collect();
        let mut value = json!({
            "input_is": self.input,
            "rules": numbered,
            "variables": self.variables,
            "rows_wanted": wanted,
            "rows_there_are": rows.iter().take(SHOWN).map(cut).collect::<Vec<_>>(),
        });
        if let Some(object) = value.as_object_mut().filter(|_| !failed.is_empty()) {
            object.insert("write_rows_like_these_failures_but_not_the_same".to_owned(), failed.into());
        }
        task(&value)
    }

    /// Reads the rows that a model proposes, each with why it is not taken if it is not. The error is of the whole answer.
    pub fn rows(&self, answer: &str, origin: &str) -> Result<Vec<Result<ProposedRow, String>>, String> {
        let (value, _) = extract(answer, JsonTypes::OBJECT).map_err(|bad| bad.to_string())?;
        let rows = value.get("rows").and_then(Value::as_array).ok_or("it has no list of rows")?;
        Ok(rows.iter().map(|row| self.row(row, origin)).collect())
    }

    fn row(&self, row: &Value, origin: &str) -> Result<ProposedRow, String> {
        let number = row.get("rule").and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok());
        let rule =
            number.and_then(|number| self.rules.get(number.checked_sub(1)?)).ok_or("it names no rule there is")?;
        let kind = row.get("kind").cloned().and_then(|kind| serde_json::from_value::<ProposalKind>(kind).ok());
        let kind = kind.ok_or("it names no kind there is")?;
        let given = row.get("variables").and_then(Value::as_object).ok_or("it has no variables")?;
        let mut input = Input::default();
        for (name, value) in given {
            if !self.variables.contains(name) {
                return Err(format!("it has a variable `{name}`, which the prompt does not use"));
            }
            let value = match value {
                Value::String(text) => VarValue::Text(text.clone()),
                other => VarValue::Json(other.to_string()),
            };
            if value.as_str().chars().count() > LONGEST_VALUE {
                return Err(format!("its `{name}` is longer than {LONGEST_VALUE} characters"));
            }
            input.vars.insert(name.clone(), value);
        }
        if let Some(missing) = self.needed.iter().find(|name| !input.vars.contains_key(*name)) {
            return Err(format!("it has no `{missing}`"));
        }
        input.take_text();
        let text = |key: &str, most: usize| row.get(key).and_then(Value::as_str).map(|text| line(text, most));
        let proposed = match row.get("expected") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(other) => Some(other.to_string()),
        };
        Ok(ProposedRow {
            input,
            rule: rule.clone(),
            kind,
            why: text("why", LONGEST_RULE).unwrap_or_default(),
            proposed: proposed.filter(|text| !text.trim().is_empty() && text.chars().count() <= LONGEST_VALUE),
            origin: origin.to_owned(),
            state: crate::dataset::proposals::ProposalState::Open,
        })
    }
}

/// How many rows there are of each rule and kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowCoverage(BTreeMap<(String, ProposalKind), u64>);

impl RowCoverage {
    /// Counts a row of a data set by its columns `rule` and `kind`, if it has them.
    pub fn take(&mut self, row: &DatasetRow) {
        let kind =
            row.metadata.get(KIND).and_then(|kind| ProposalKind::ALL.into_iter().find(|known| known.word() == kind));
        if let Some((rule, kind)) = row.metadata.get(RULE).zip(kind) {
            *self.0.entry((rule.clone(), kind)).or_default() += 1;
        }
    }

    /// Counts a proposal.
    pub fn take_proposal(&mut self, row: &ProposedRow) {
        *self.0.entry((row.rule.clone(), row.kind)).or_default() += 1;
    }

    /// Returns how many rows test a rule in a way; none where nobody has said so of any.
    #[must_use]
    pub fn count(&self, rule: &str, kind: ProposalKind) -> u64 {
        self.0.get(&(rule.to_owned(), kind)).copied().unwrap_or_default()
    }

    /// Lists so many rules and kinds to be covered: those first that fewest rows have, and of equals in the order of the
    /// rules, so that no rule waits for all kinds of another.
    #[must_use]
    pub fn wanted(&self, rules: &[String], rows: usize) -> Vec<(usize, ProposalKind)> {
        let mut counts: Vec<(u64, ProposalKind, usize)> = Vec::new();
        for (at, rule) in rules.iter().enumerate() {
            counts.extend(ProposalKind::ALL.map(|kind| (self.count(rule, kind), kind, at)));
        }
        let mut wanted = Vec::new();
        while wanted.len() < rows {
            let Some(least) = counts.iter_mut().min() else { break };
            wanted.push((least.2, least.1));
            least.0 += 1;
        }
        wanted
    }
}

/// Takes in what the examples of a prompt say: a row that is one of them shows nothing, as the model is shown it.
pub fn take_examples(known: &mut NearDuplicates, prompt: &Prompt) {
    for (turn, number) in prompt.turns().iter().zip(1..) {
        known.take(&format!("message {number} of the prompt"), &turn.content);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task_of(user: &str) -> RowTask {
        let prompt = Prompt { user: user.to_owned(), ..Prompt::default() };
        RowTask::new(&prompt, "a message".to_owned(), vec!["one".to_owned(), "two".to_owned()])
    }

    #[test]
    fn the_built_in_prompts_are_prompts_that_say_what_they_are_told() {
        for prompt in [rules_prompt(), rows_prompt()] {
            let asks = template::asks_of(&prompt.turns());
            assert_eq!(asks.0.names.iter().collect::<Vec<_>>(), [TASK], "{asks:?}");
            assert!(asks.1.is_empty() && prompt.params.max_tokens.is_some(), "a call of no limit has no cap");
        }
    }

    #[test]
    fn rules_are_lines_and_what_is_none_is_refused() {
        let answer =
            "Sure!\n```json\n{\"input\": \"a\\nmail\", \"rules\": [\"Be  kind.\", \"Be kind.\", 7, \"\"]}\n```";
        assert_eq!(rules(answer), Ok(("a mail".to_owned(), vec!["Be kind.".to_owned()])));
        for bad in ["", "no", "{\"rules\": []}", "{\"rules\": \"one\"}", "[1]"] {
            assert!(rules(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_row_that_does_not_fit_the_prompt_is_refused_in_words() {
        let task = task_of("{{ input }} in {{ tone }}");
        let row = |more: Value| {
            let mut row = json!({"rule": 1, "kind": "edge", "variables": {"input": "a", "tone": "b"}, "expected": 4});
            row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            task.rows(&json!({ "rows": [row] }).to_string(), "m, 2026-11-30").unwrap().remove(0)
        };
        let good = row(json!({})).unwrap();
        assert_eq!((good.input.text.as_str(), good.input.vars["tone"].as_str()), ("a", "b"));
        assert_eq!(
            (good.rule.as_str(), good.proposed.as_deref(), good.row(false).input.vars.contains_key(EXPECTED)),
            ("one", Some("4"), false)
        );
        assert_eq!(good.row(true).input.vars[EXPECTED].as_str(), "4");
        for (bad, why) in [
            (json!({"rule": 3}), "names no rule"),
            (json!({"rule": 0}), "names no rule"),
            (json!({"rule": -1}), "names no rule"),
            (json!({"kind": "cruel"}), "names no kind"),
            (json!({"variables": {"input": "a"}}), "has no `tone`"),
            (json!({"variables": {"input": "a", "tone": "b", "system": "c"}}), "a variable `system`"),
            (json!({"variables": {"input": "x".repeat(LONGEST_VALUE + 1), "tone": "b"}}), "is longer than"),
            (json!({"variables": []}), "has no variables"),
        ] {
            let error = row(bad.clone()).unwrap_err();
            assert!(error.contains(why), "{bad}: {error}");
        }
    }

    #[test]
    fn the_rules_and_kinds_come_first_that_fewest_rows_have() {
        let mut coverage = RowCoverage::default();
        let columns = |rule: &str, kind: &str| {
            BTreeMap::from([(RULE.to_owned(), rule.to_owned()), (KIND.to_owned(), kind.to_owned())])
        };
        for (rule, kind) in [("one", "plain"), ("one", "edge"), ("gone", "plain"), ("one", "odd")] {
            coverage.take(&DatasetRow { metadata: columns(rule, kind), ..DatasetRow::default() });
        }
        let rules = vec!["one".to_owned(), "two".to_owned()];
        let wanted = coverage.wanted(&rules, 9);
        assert_eq!(wanted.first(), Some(&(1, ProposalKind::Plain)));
        assert_eq!(wanted.iter().filter(|(rule, _)| *rule == 1).count(), 5, "{wanted:?}");
        assert!(coverage.wanted(&[], 3).is_empty());
    }
}
