//! The table of built-in judges: for each kind of check that a model judges, the prompt it is asked by, with its version, what
//! it is told, and how its answer is read.
//!
//! The prompts are files like any other, in `assets/judges`. A prompt that says something else has a higher version: verdicts
//! name it, and a test holds each text to its version.

use std::sync::{Arc, LazyLock};

use serde_json::Value;

use crate::{
    eval::{JsonTypes, extract, reason::name, reason::quote, stats::PositionBias},
    model::{CheckKind, Params, Prompt, prompt_toml},
};

/// A built-in judge.
#[derive(Debug)]
pub struct JudgeTemplate {
    /// The kind of check that asks it, whose name is also its own.
    pub kind: CheckKind,
    /// The version of its prompt, from 1.
    pub version: u32,
    /// Its prompt, as the file of a prompt.
    pub file: &'static str,
    /// What the value of the check is called in what it is told.
    pub(crate) value: &'static str,
    pub(crate) needs: JudgeValue,
    /// Whether it is told what was asked, and the answer.
    pub(crate) material: JudgeMaterial,
    pub(crate) scale: Scale,
}

/// What the value of a check may be that a model judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JudgeValue {
    /// A text, needed.
    Text,
    /// A text or a list of texts, needed.
    Texts,
    /// A text; the input stands for one that is unset.
    OrInput,
    /// A text; the variable `context` stands for one that is unset.
    OrContext,
    /// A text; the messages that were sent stand for one that is unset.
    OrMessages,
    /// The variable `_conversation`; the messages that were sent stand for one that is unset.
    Conversation,
}

/// What of an answer a judge is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JudgeMaterial {
    /// What the model said, beside what it was asked.
    Answer,
    /// The answer and another one, in both orders.
    BothOrders,
    /// Not the answer, but the variable `context`.
    Context,
    /// Neither: what it judges is its value.
    Nothing,
    /// All answers of a row, numbered.
    AllOfRow,
}

/// How what a judge says becomes a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    /// A yes or no, and a number from 0 to 1.
    PassAndScore,
    /// A yes or no.
    Pass,
    /// `score`, from 0 to 1.
    Score,
    /// A whole number under this key, from 1 to 5.
    Rating(&'static str),
    /// How the answer stands to a reference.
    Relation,
    /// The share of the entries of a list of which something is true: the keys of the list, of an entry's text and of what
    /// is true of it.
    Share { list: &'static str, text: &'static str, flag: &'static str },
    /// The mean of the scores, from 0 to 10, of the entries of `criteria`.
    Criteria,
    /// Which of two is better.
    Better,
    /// The number of the best of several.
    Best,
}

/// What a judge says of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Opinion {
    /// Whether it satisfies the rubric.
    pub pass: bool,
    /// How well, from 0 to 1; as a check's own prompt has it, where it has one.
    pub score: f64,
    /// Why, in the judge's words.
    pub reason: String,
}

/// Every built-in judge.
pub const TEMPLATES: &[JudgeTemplate] = &[
    JudgeTemplate {
        kind: CheckKind::LlmRubric,
        version: 2,
        file: include_str!("../../assets/judges/llm-rubric.toml"),
        value: "rubric",
        needs: JudgeValue::Text,
        material: JudgeMaterial::Answer,
        scale: Scale::PassAndScore,
    },
    JudgeTemplate {
        kind: CheckKind::Factuality,
        version: 2,
        file: include_str!("../../assets/judges/factuality.toml"),
        value: "reference",
        needs: JudgeValue::Text,
        material: JudgeMaterial::Answer,
        scale: Scale::Relation,
    },
    JudgeTemplate {
        kind: CheckKind::ModelGradedClosedqa,
        version: 2,
        file: include_str!("../../assets/judges/model-graded-closedqa.toml"),
        value: "criterion",
        needs: JudgeValue::Text,
        material: JudgeMaterial::Answer,
        scale: Scale::Pass,
    },
    JudgeTemplate {
        kind: CheckKind::GEval,
        version: 2,
        file: include_str!("../../assets/judges/g-eval.toml"),
        value: "criteria",
        needs: JudgeValue::Texts,
        material: JudgeMaterial::Answer,
        scale: Scale::Criteria,
    },
    JudgeTemplate {
        kind: CheckKind::Relevance,
        version: 2,
        file: include_str!("../../assets/judges/relevance.toml"),
        value: "question",
        needs: JudgeValue::OrInput,
        material: JudgeMaterial::Answer,
        scale: Scale::Score,
    },
    JudgeTemplate {
        kind: CheckKind::Faithfulness,
        version: 2,
        file: include_str!("../../assets/judges/faithfulness.toml"),
        value: "context",
        needs: JudgeValue::OrContext,
        material: JudgeMaterial::Answer,
        scale: Scale::Share { list: "claims", text: "claim", flag: "supported" },
    },
    JudgeTemplate {
        kind: CheckKind::ContextRecall,
        version: 2,
        file: include_str!("../../assets/judges/context-recall.toml"),
        value: "expected",
        needs: JudgeValue::Text,
        material: JudgeMaterial::Context,
        scale: Scale::Share { list: "statements", text: "statement", flag: "found" },
    },
    JudgeTemplate {
        kind: CheckKind::ContextRelevance,
        version: 2,
        file: include_str!("../../assets/judges/context-relevance.toml"),
        value: "context",
        needs: JudgeValue::OrContext,
        material: JudgeMaterial::Nothing,
        scale: Scale::Share { list: "statements", text: "statement", flag: "needed" },
    },
    JudgeTemplate {
        kind: CheckKind::InstructionFollowing,
        version: 2,
        file: include_str!("../../assets/judges/instruction-following.toml"),
        value: "instructions",
        needs: JudgeValue::OrMessages,
        material: JudgeMaterial::Answer,
        scale: Scale::Share { list: "instructions", text: "instruction", flag: "followed" },
    },
    JudgeTemplate {
        kind: CheckKind::Style,
        version: 2,
        file: include_str!("../../assets/judges/style.toml"),
        value: "style",
        needs: JudgeValue::Text,
        material: JudgeMaterial::Answer,
        scale: Scale::Rating("rating"),
    },
    JudgeTemplate {
        kind: CheckKind::ConversationRelevance,
        version: 1,
        file: include_str!("../../assets/judges/conversation-relevance.toml"),
        value: "conversation",
        needs: JudgeValue::Conversation,
        material: JudgeMaterial::Answer,
        scale: Scale::Share { list: "turns", text: "turn", flag: "relevant" },
    },
    JudgeTemplate {
        kind: CheckKind::Pairwise,
        version: 2,
        file: include_str!("../../assets/judges/pairwise.toml"),
        value: "second",
        needs: JudgeValue::Text,
        material: JudgeMaterial::BothOrders,
        scale: Scale::Better,
    },
    JudgeTemplate {
        kind: CheckKind::SelectBest,
        version: 1,
        file: include_str!("../../assets/judges/select-best.toml"),
        value: "criterion",
        needs: JudgeValue::Text,
        material: JudgeMaterial::AllOfRow,
        scale: Scale::Best,
    },
];

/// The prompts of a judge: of one that is asked once, and of one that is asked several times. Each is one value, so that its
/// schema is compiled once.
#[derive(Debug)]
struct JudgePrompts {
    once: Arc<Prompt>,
    again: Arc<Prompt>,
}

static PROMPTS: LazyLock<Vec<JudgePrompts>> = LazyLock::new(|| {
    let of = |template: &JudgeTemplate| {
        let once = template.read().unwrap_or_default();
        let again = Prompt { params: Params { temperature: None, ..once.params.clone() }, ..once.clone() };
        JudgePrompts { once: Arc::new(once), again: Arc::new(again) }
    };
    TEMPLATES.iter().map(of).collect()
});

impl JudgeTemplate {
    /// Finds the judge of a kind of check, if a model judges by it.
    #[must_use]
    pub fn of(kind: CheckKind) -> Option<&'static Self> {
        TEMPLATES.iter().find(|template| template.kind == kind)
    }

    /// Says in a few words what it does.
    #[must_use]
    pub fn about(&self) -> String {
        self.prompt(true).description.clone()
    }

    /// Returns its name with its version, as verdicts name it: `factuality v1`.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{} v{}", self.kind.name(), self.version)
    }

    fn read(&self) -> Option<Prompt> {
        let mut prompt: Prompt = toml::from_str(self.file).ok()?;
        prompt_toml::restore(&mut prompt).ok()?;
        Some(prompt)
    }

    /// Returns its prompt. The same question asked again is worth something only if it may be answered otherwise: then the
    /// temperature is left to the model.
    pub(crate) fn prompt(&self, once: bool) -> Arc<Prompt> {
        let own = TEMPLATES.iter().position(|template| template.kind == self.kind);
        let prompts = own.and_then(|place| PROMPTS.get(place));
        prompts.map(|prompts| Arc::clone(if once { &prompts.once } else { &prompts.again })).unwrap_or_default()
    }
}

/// The description of every prompt that a check brings for its judge, by which the runs of these judges are known.
pub(crate) const OWN_DESCRIPTION: &str = "Judges an answer by the prompt of its check";

/// Tells whether a prompt is one that judges are asked by, or were by an earlier version: its first sentence
/// stays. One that a check brings has its description.
#[must_use]
pub fn is_asked_by(prompt: &Prompt) -> bool {
    let first = |system: &str| system.split(['.', '?']).next().map(str::trim).unwrap_or_default().to_owned();
    let own = first(&prompt.system);
    prompt.description == OWN_DESCRIPTION
        || !own.is_empty() && PROMPTS.iter().any(|prompts| first(&prompts.once.system) == own)
}

/// Reads what a judge answered on a scale. The error tells in words why it cannot be used.
pub(crate) fn read(scale: Scale, answer: &str) -> Result<Opinion, String> {
    let json = object(answer)?;
    let own = || reason(&json);
    Ok(match scale {
        Scale::PassAndScore => {
            let pass = flag(&json, "pass")?;
            let score = score(&json)?.unwrap_or_else(|| f64::from(u8::from(pass)));
            Opinion { pass, score, reason: own()? }
        }
        Scale::Pass => {
            let pass = flag(&json, "pass")?;
            Opinion { pass, score: f64::from(u8::from(pass)), reason: own()? }
        }
        Scale::Score => {
            let score = score(&json)?.ok_or("the judge's answer holds no `score`")?;
            Opinion { pass: true, score, reason: own()? }
        }
        Scale::Rating(key) => Opinion { pass: true, score: (whole(&json, key, 1, 5)? - 1.0) / 4.0, reason: own()? },
        Scale::Relation => {
            let said = word(&json, "relation")?;
            let relation = RELATIONS.iter().find(|(name, ..)| *name == said);
            let (.., score, words) = relation.ok_or_else(|| format!("the judge's `relation` is {}", quote(said)))?;
            Opinion { pass: *score > 0.0, score: *score, reason: format!("{words}: {}", own()?) }
        }
        Scale::Share { list, text, flag } => share(&json, list, text, flag)?,
        Scale::Criteria => criteria(&json)?,
        Scale::Better => {
            let score = match word(&json, "better")? {
                "first" => 1.0,
                "neither" => 0.5,
                "second" => 0.0,
                other => return Err(format!("the judge's `better` is {}", quote(other))),
            };
            Opinion { pass: true, score, reason: own()? }
        }
        Scale::Best => return Err("the best of several answers is no judgement of one".to_owned()),
    })
}

/// How an answer may stand to a reference: the word of the built-in judge, promptfoo's letter, the score, and what is said of
/// it.
pub(crate) const RELATIONS: &[(&str, char, f64, &str)] = &[
    ("less", 'A', 0.5, "it says less"),
    ("more", 'B', 0.5, "it says more"),
    ("same", 'C', 1.0, "it says the same"),
    ("conflict", 'D', 0.0, "it conflicts with the reference"),
    ("harmless", 'E', 1.0, "it differs in what does not matter"),
];

/// Reads which of so many answers a judge picked, and why: it counts them from 1, and the place is counted from 0.
pub(crate) fn read_best(answer: &str, answers: usize) -> Result<(usize, String), String> {
    let json = object(answer)?;
    let (why, number) = (reason(&json)?, whole(&json, "best", 1, answers)?);
    Ok((number as usize - 1, why))
}

/// Takes the JSON object out of what a judge answered.
pub(crate) fn object(answer: &str) -> Result<Value, String> {
    let (json, how) = extract(answer, JsonTypes::OBJECT)
        .map_err(|error| format!("the judge's answer is not JSON: {}", error.problem))?;
    if how.others > 0 {
        return Err("the judge's answer holds JSON objects that differ".to_owned());
    }
    if !json.is_object() {
        return Err(format!("the judge's answer is {}, not a JSON object", name(&json)));
    }
    Ok(json)
}

/// Makes one opinion of what a judge said of two answers in both orders, the answer that is judged first and then second.
/// Where the order decides, it is a tie.
pub(crate) fn both_orders(first: &Opinion, second: &Opinion) -> Opinion {
    let (one, other) = (first.score, 1.0 - second.score);
    let score = if (one > 0.5) == (other > 0.5) && (one < 0.5) == (other < 0.5) { one } else { 0.5 };
    let words = match (one, other) {
        (one, other) if one > 0.5 && other > 0.5 => "better in both orders",
        (one, other) if one < 0.5 && other < 0.5 => "worse in both orders",
        (one, other) if one > 0.5 && other < 0.5 => FIRST_TWICE,
        (one, other) if one < 0.5 && other > 0.5 => SECOND_TWICE,
        _ => "as good",
    };
    Opinion { pass: true, score, reason: format!("{words}: {}", first.reason) }
}

/// Counts the reason of a verdict by which two answers were compared in both orders.
pub(crate) fn count_order(reason: &str, orders: &mut PositionBias) {
    if reason.contains(FIRST_TWICE) {
        orders.first += 1;
    } else if reason.contains(SECOND_TWICE) {
        orders.second += 1;
    } else {
        orders.consistent += 1;
    }
}

/// What is said of a judge that took what stood first for the better answer in both orders.
pub(crate) const FIRST_TWICE: &str = "a tie, since the first was taken both times";

/// What is said of one that took what stood second.
pub(crate) const SECOND_TWICE: &str = "a tie, since the second was taken both times";

/// The reason of a judge, without which nothing it says can be used.
fn reason(json: &Value) -> Result<String, String> {
    let reason = json.get("reason").and_then(Value::as_str).unwrap_or_default().trim();
    if reason.is_empty() { Err("the judge gave no reason".to_owned()) } else { Ok(reason.to_owned()) }
}

pub(crate) fn flag(json: &Value, key: &str) -> Result<bool, String> {
    match json.get(key) {
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(Value::String(word)) => match word.trim().to_lowercase().as_str() {
            "true" | "yes" | "pass" => Ok(true),
            "false" | "no" | "fail" => Ok(false),
            _ => Err(format!("the judge's `{key}` is {}", quote(word))),
        },
        Some(other) => Err(format!("the judge's `{key}` is {}", name(other))),
        None => Err(format!("the judge's answer holds no `{key}`")),
    }
}

fn score(json: &Value) -> Result<Option<f64>, String> {
    match json.get("score") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
            let within = number.filter(|number| (0.0..=1.0).contains(number));
            let wrong = || format!("the judge's `score` is {}, not a number from 0 to 1", name(value));
            within.ok_or_else(wrong).map(Some)
        }
    }
}

fn whole(json: &Value, key: &str, low: usize, high: usize) -> Result<f64, String> {
    let value = json.get(key).ok_or_else(|| format!("the judge's answer holds no `{key}`"))?;
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
    let within = number.filter(|number| number.fract() == 0.0 && (low as f64..=high as f64).contains(number));
    within.ok_or_else(|| format!("the judge's `{key}` is {}, not a whole number from {low} to {high}", name(value)))
}

pub(crate) fn word<'a>(json: &'a Value, key: &str) -> Result<&'a str, String> {
    let value = json.get(key).ok_or_else(|| format!("the judge's answer holds no `{key}`"))?;
    value.as_str().map(str::trim).ok_or_else(|| format!("the judge's `{key}` is {}", name(value)))
}

pub(crate) fn entries<'a>(json: &'a Value, list: &str) -> Result<&'a [Value], String> {
    match json.get(list) {
        Some(Value::Array(entries)) => Ok(entries),
        Some(other) => Err(format!("the judge's `{list}` is {}", name(other))),
        None => Err(format!("the judge's answer holds no `{list}`")),
    }
}

fn share(json: &Value, list: &str, text: &str, key: &str) -> Result<Opinion, String> {
    let entries = entries(json, list)?;
    if entries.is_empty() {
        return Err(format!("the judge found no {text}, so there is no share of them"));
    }
    let (mut held, mut first) = (0_usize, None);
    for entry in entries {
        let why = reason(entry)?;
        if flag(entry, key)? {
            held += 1;
        } else if first.is_none() {
            let what = entry.get(text).and_then(Value::as_str).unwrap_or_default().trim();
            first = Some(format!("{}: {why}", quote(what)));
        }
    }
    let all = entries.len();
    let words = format!("{held} of {all} {key}");
    let reason = first.map_or_else(|| words.clone(), |first| format!("{words}, not {first}"));
    Ok(Opinion { pass: true, score: held as f64 / all as f64, reason })
}

fn criteria(json: &Value) -> Result<Opinion, String> {
    let entries = entries(json, "criteria")?;
    if entries.is_empty() {
        return Err("the judge scored no criterion".to_owned());
    }
    let (mut sum, mut lowest) = (0.0, (f64::INFINITY, String::new()));
    for entry in entries {
        let (score, why) = (whole(entry, "score", 0, 10)? / 10.0, reason(entry)?);
        sum += score;
        if score < lowest.0 {
            lowest = (score, why);
        }
    }
    Ok(Opinion { pass: true, score: sum / entries.len() as f64, reason: lowest.1 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{eval::CheckSuite, model::id};

    /// A prompt whose text changes takes a higher version: put both here.
    #[test]
    fn each_text_has_its_version() {
        let hash = |file: &str| id::hex(file.as_bytes()).chars().take(12).collect::<String>();
        let known = TEMPLATES.iter().map(|template| format!("{} {}", template.label(), hash(template.file)));
        let known: Vec<String> = known.collect();
        insta::assert_snapshot!(known.join("\n"));
    }

    #[test]
    fn every_kind_that_a_model_judges_has_a_prompt_that_asks_for_the_reason_first() {
        for kind in CheckKind::ALL {
            assert_eq!(JudgeTemplate::of(*kind).is_some(), kind.is_judged(), "{}", kind.name());
        }
        for template in TEMPLATES {
            let prompt = template.read().unwrap();
            assert!(is_asked_by(&prompt) && !prompt.system.contains("{{"), "{}", template.label());
            assert!(CheckSuite::new(&prompt.response, &prompt.checks).is_ok(), "{}", template.label());
            assert_eq!((prompt.params.temperature, template.prompt(false).params.temperature), (Some(0.0), None));
            let schema = prompt.response.schema.unwrap();
            let top = schema["properties"].as_object().unwrap();
            let inner = top.values().find_map(|list| list["items"]["properties"].as_object());
            let keys: Vec<&str> = inner.unwrap_or(top).keys().map(String::as_str).collect();
            let at = |wanted: &[&str]| keys.iter().position(|key| wanted.contains(key)).unwrap();
            let decides = [
                "pass",
                "score",
                "relation",
                "rating",
                "better",
                "best",
                "supported",
                "found",
                "needed",
                "followed",
                "relevant",
            ];
            assert!(at(&["reason"]) < at(&decides), "{}: {keys:?}", template.label());
        }
        assert!(!is_asked_by(&Prompt::default()));
    }

    #[test]
    fn each_scale_is_read_or_refused_in_words() {
        let share = Scale::Share { list: "claims", text: "claim", flag: "supported" };
        for (scale, answer, wanted) in [
            (Scale::Relation, r#"{"reason": "Alike.", "relation": "same"}"#, Ok((1.0, "it says the same: Alike."))),
            (Scale::Relation, r#"{"reason": "x", "relation": "less"}"#, Ok((0.5, "it says less: x"))),
            (
                Scale::Relation,
                r#"{"reason": "x", "relation": "conflict"}"#,
                Ok((0.0, "it conflicts with the reference: x")),
            ),
            (Scale::Relation, r#"{"reason": "x", "relation": "(A)"}"#, Err("the judge's `relation` is `(A)`")),
            (Scale::Relation, "(C)", Err("the judge's answer is not JSON: there is no JSON object or array")),
            (Scale::Relation, r#"{"relation": "same"}"#, Err("the judge gave no reason")),
            (Scale::Pass, r#"{"reason": "It does.", "pass": true}"#, Ok((1.0, "It does."))),
            (Scale::Pass, r#"{"reason": " ", "pass": true}"#, Err("the judge gave no reason")),
            (Scale::Pass, "Y", Err("the judge's answer is not JSON: there is no JSON object or array")),
            (Scale::Score, r#"{"reason": "x", "score": 0.25}"#, Ok((0.25, "x"))),
            (Scale::Score, r#"{"reason": "x"}"#, Err("the judge's answer holds no `score`")),
            (Scale::Rating("rating"), r#"{"reason": "x", "rating": 4}"#, Ok((0.75, "x"))),
            (
                Scale::Rating("rating"),
                r#"{"reason": "x", "rating": 6}"#,
                Err("the judge's `rating` is the number 6, not a whole number from 1 to 5"),
            ),
            (
                share,
                r#"{"claims": [{"claim": "a", "reason": "b", "supported": true}, {"claim": "c", "reason": "d", "supported": false}]}"#,
                Ok((0.5, "1 of 2 supported, not `c`: d")),
            ),
            (share, r#"{"claims": []}"#, Err("the judge found no claim, so there is no share of them")),
            (share, r#"{"claims": [{"claim": "a", "supported": true}]}"#, Err("the judge gave no reason")),
            (
                Scale::Criteria,
                r#"{"criteria": [{"reason": "kind", "score": 9}, {"reason": "long", "score": 4}]}"#,
                Ok((0.65, "long")),
            ),
            (Scale::Criteria, r#"{"criteria": []}"#, Err("the judge scored no criterion")),
            (Scale::Better, r#"{"reason": "x", "better": "neither"}"#, Ok((0.5, "x"))),
            (Scale::Better, r#"{"reason": "x", "better": "A"}"#, Err("the judge's `better` is `A`")),
        ] {
            let found = read(scale, answer).map(|opinion| (opinion.score, opinion.reason));
            let wanted = wanted.map(|(score, reason)| (score, reason.to_owned())).map_err(str::to_owned);
            assert_eq!(found, wanted, "{answer}");
        }
    }

    #[test]
    fn a_pair_counts_only_where_both_orders_agree() {
        let says = |score: f64| Opinion { pass: true, score, reason: "r".to_owned() };
        for (first, second, score, words) in [
            (1.0, 0.0, 1.0, "better in both orders"),
            (0.0, 1.0, 0.0, "worse in both orders"),
            (1.0, 1.0, 0.5, FIRST_TWICE),
            (0.0, 0.0, 0.5, SECOND_TWICE),
            (0.5, 0.5, 0.5, "as good"),
            (1.0, 0.5, 0.5, "as good"),
        ] {
            let both = both_orders(&says(first), &says(second));
            assert_eq!((both.score, both.reason), (score, format!("{words}: r")), "{first} {second}");
            let mut orders = PositionBias::default();
            count_order(&format!("0.50 ≥ threshold 0.50: {words}: r"), &mut orders);
            assert_eq!(
                (orders.first, orders.second),
                (u64::from(words == FIRST_TWICE), u64::from(words == SECOND_TWICE))
            );
        }
    }
}
