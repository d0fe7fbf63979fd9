//! What can be moved in a prompt: its least confidence and completeness, the thresholds of its checks.

use serde_json::Value;

use crate::{
    eval::{
        check,
        check::{
            table::spec,
            threshold::{Movable, PassingSide, Unit},
        },
    },
    model::{Check, Prompt, ResponseRule},
};

/// One threshold of a prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// The rule's name; `latency#2` for the second of its name.
    pub rule: String,
    /// Where in the prompt the value stands, key by key; places in lists count from 0.
    pub key: Vec<String>,
    /// Which values pass.
    pub side: PassingSide,
    /// The value; none where everything that is measured passes.
    pub present: Option<f64>,
    pub unit: Unit,
    /// Whether the check weighs nothing, so that it is measured and never fails.
    pub weightless: bool,
}

/// Why a rule has no threshold that can be moved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoThreshold {
    /// The prompt has no such rule.
    #[error("the prompt has no threshold `{rule}`; {}", listed(.known))]
    Unknown {
        /// The rule that was asked for.
        rule: String,
        /// The rules that can be moved.
        known: Vec<String>,
    },
    /// The rule has no threshold, or one that means something else.
    #[error("`{rule}` cannot be moved: {why}; {}", listed(.known))]
    Fixed {
        rule: String,
        why: &'static str,
        /// The rules that can be moved.
        known: Vec<String>,
    },
}

/// Lists what can be moved, in words.
fn listed(rules: &[String]) -> String {
    if rules.is_empty() {
        return "it has none: set `min_confidence` under `[response]`, or the `threshold` of a check".to_owned();
    }
    let quoted: Vec<String> = rules.iter().map(|rule| format!("`{rule}`")).collect();
    format!("it has {}", quoted.join(", "))
}

impl Threshold {
    /// Lists what can be moved in a prompt, in the order of its verdicts, the confidence first.
    #[must_use]
    pub fn all(prompt: &Prompt) -> Vec<Self> {
        let mut all: Vec<Self> = rules(prompt).filter_map(|(rule, knob)| Some(Self { rule, ..knob.ok()? })).collect();
        all.sort_by_key(|knob| knob.rule != "confidence");
        all
    }

    /// Finds the threshold of a rule, by its name as in verdicts, `#2` after it for the second one of a name.
    ///
    /// # Errors
    ///
    /// The prompt has no such rule, or one without a threshold; what it has is named.
    pub fn find(prompt: &Prompt, rule: &str) -> Result<Self, NoThreshold> {
        let (name, nth) = split(rule);
        let wanted = numbered(name, nth);
        let known = || Self::all(prompt).into_iter().map(|knob| knob.rule).collect();
        match rules(prompt).find(|(rule, _)| *rule == wanted) {
            Some((rule, Ok(knob))) => Ok(Self { rule, ..knob }),
            Some((rule, Err(why))) => Err(NoThreshold::Fixed { rule, why, known: known() }),
            None => Err(NoThreshold::Unknown { rule: wanted, known: known() }),
        }
    }

    /// Tells whether it is no check's, but stands under `[response]`.
    #[must_use]
    pub fn is_of_response(&self) -> bool {
        self.key.first().is_some_and(|key| key == "response")
    }

    /// Returns the threshold that counts at present; one that everything passes where there is none.
    #[must_use]
    pub fn counting(&self) -> f64 {
        match (self.present.filter(|_| !self.weightless), self.side) {
            (Some(present), _) => present,
            (None, PassingSide::AtLeast) => f64::NEG_INFINITY,
            (None, PassingSide::AtMost) => f64::INFINITY,
        }
    }

    /// Puts a value into a prompt; one that has no such place stays as it is, and that is told.
    pub fn put(&self, prompt: &mut Prompt, value: f64) -> bool {
        let keys: Vec<&str> = self.key.iter().map(String::as_str).collect();
        let place = match keys.as_slice() {
            ["response", "min_confidence"] => &mut prompt.response.min_confidence,
            ["response", "min_completeness"] => &mut prompt.response.min_completeness,
            ["check", place, key] => {
                let check = place.parse::<usize>().ok().and_then(|place| prompt.checks.get_mut(place));
                let Some(check) = check else { return false };
                if *key == "value" {
                    check.value = Some(number(value));
                    return true;
                }
                &mut check.threshold
            }
            _ => return false,
        };
        *place = Some(value);
        true
    }

    /// Writes a value with its unit: `0.70`, `2000 ms`, `$0.004`.
    #[must_use]
    pub fn shown(&self, value: f64) -> String {
        match self.unit {
            _ if value.is_infinite() => "none".to_owned(),
            Unit::Share => {
                let plain = value.to_string();
                let decimals = plain.split_once('.').map_or(0, |(_, decimals)| decimals.len());
                if decimals < 2 { format!("{value:.2}") } else { plain }
            }
            Unit::Milliseconds => format!("{value} ms"),
            Unit::Dollars => format!("${value}"),
            Unit::Number => value.to_string(),
        }
    }

    /// Writes what was measured with its unit, with no more digits than are read: `0.81`, `810 ms`.
    #[must_use]
    pub fn shown_measured(&self, value: f64) -> String {
        let digits = match self.unit {
            Unit::Milliseconds => 0,
            Unit::Dollars => 6,
            Unit::Share | Unit::Number => 4,
        };
        let scale = 10_f64.powi(digits);
        let rounded = (value * scale).round() / scale;
        self.shown(if rounded.is_finite() { rounded } else { value })
    }

    /// Writes the present value with its unit; `none` where there is none that counts.
    #[must_use]
    pub fn shown_present(&self) -> String {
        match self.present {
            Some(present) if self.weightless => format!("{} of weight 0", self.shown(present)),
            Some(present) => self.shown(present),
            None => "none".to_owned(),
        }
    }
}

/// A number of JSON, a whole one where it is one.
fn number(value: f64) -> Value {
    // beyond 2^53 not every whole number is one of its own
    if value.fract() == 0.0 && value.abs() < 9e15 { Value::from(value as i64) } else { Value::from(value) }
}

/// Takes the number off a rule's name; 1 where there is none.
pub(crate) fn split(rule: &str) -> (&str, usize) {
    let numbered = rule.trim().rsplit_once('#').and_then(|(name, nth)| Some((name, nth.parse().ok()?)));
    numbered.filter(|(_, nth)| *nth > 0).unwrap_or((rule.trim(), 1))
}

/// Puts the number to a rule's name, but for the first.
fn numbered(name: &str, nth: usize) -> String {
    if nth == 1 { name.to_owned() } else { format!("{name}#{nth}") }
}

/// Lists the rules of a prompt that could have a threshold, and all of its checks, each by its name.
fn rules(prompt: &Prompt) -> impl Iterator<Item = (String, Result<Threshold, &'static str>)> + use<'_> {
    let response = &prompt.response;
    let own = |rule: &str, key: &str, present| {
        let key = vec!["response".to_owned(), key.to_owned()];
        let knob = Threshold {
            rule: String::new(),
            key,
            side: PassingSide::AtLeast,
            present,
            unit: Unit::Share,
            weightless: false,
        };
        (rule.to_owned(), Ok(knob))
    };
    let measured = response.applies(ResponseRule::Completeness) && !response.required.is_empty();
    let completeness = measured.then(|| {
        let (rule, knob) = own("completeness", "min_completeness", Some(response.min_completeness.unwrap_or(1.0)));
        let why = "with `min_score` it also decides which verdicts there are; set it and run `retort score`";
        (rule, if response.min_score.is_some() { Err(why) } else { knob })
    });
    let stated = response.confidence.as_ref().filter(|_| response.applies(ResponseRule::Confidence));
    let confidence = stated.map(|_| own("confidence", "min_confidence", response.min_confidence));
    let checks = (prompt.checks.iter().enumerate().filter(|(_, check)| check.enabled))
        .map(|(place, check)| (check::rule(check).to_string(), of(place, check)));
    let mut seen: Vec<String> = Vec::new();
    completeness.into_iter().chain(confidence).chain(checks).map(move |(name, knob)| {
        seen.push(name.clone());
        let nth = seen.iter().filter(|known| **known == name).count();
        (numbered(&name, nth), knob)
    })
}

/// Finds the threshold of a check.
fn of(place: usize, check: &Check) -> Result<Threshold, &'static str> {
    let (key, side, unit, present) = match spec(check.kind.kind).threshold {
        Movable::Threshold(side, unit, usual) => ("threshold", side, unit, check.threshold.or(usual)),
        Movable::Value(number) => {
            let (side, present) = number(check)?;
            ("value", side, Unit::Number, Some(present))
        }
        Movable::None(why) => return Err(why),
    };
    if check.kind.not {
        return Err("it is turned round (`not-`), so that its limit itself does not pass");
    }
    let key = vec!["check".to_owned(), place.to_string(), key.to_owned()];
    let weightless = check.weight.is_some_and(|weight| weight <= 0.0);
    Ok(Threshold { rule: String::new(), key, side, present, unit, weightless })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CheckKind, Response, check::JsonComparison};

    fn prompt() -> Prompt {
        let path = |comparison, value: Value| Check {
            path: Some("/n".to_owned()),
            comparison: Some(comparison),
            value: Some(value),
            ..Check::of(CheckKind::JsonPath)
        };
        Prompt {
            response: Response {
                required: vec!["a".to_owned()],
                confidence: Some("/c".to_owned()),
                min_confidence: Some(0.7),
                ..Response::default()
            },
            checks: vec![
                Check::of(CheckKind::Latency).within(2000.0),
                Check { weight: Some(0.0), ..Check::of(CheckKind::Latency) },
                Check::of(CheckKind::RougeN).with("x"),
                Check::of(CheckKind::LlmRubric).with("kind?"),
                path(JsonComparison::AtMost, 3.into()),
                path(JsonComparison::Less, 3.into()),
                path(JsonComparison::AtLeast, "{{ n }}".into()),
                Check::of(CheckKind::Cost).within(0.01).negated(),
                Check { path: Some("/d".to_owned()), ..Check::of(CheckKind::Confidence).within(0.2) },
                Check::of(CheckKind::WordCount).with(3),
            ],
            ..Prompt::default()
        }
    }

    #[test]
    fn what_can_be_moved_is_found_by_the_names_of_verdicts() {
        use PassingSide::{AtLeast, AtMost};
        let shown: Vec<_> = Threshold::all(&prompt())
            .iter()
            .map(|knob| (knob.rule.clone(), knob.key.join("."), knob.side, knob.shown_present()))
            .collect();
        let row =
            |rule: &str, key: &str, side, present: &str| (rule.to_owned(), key.to_owned(), side, present.to_owned());
        assert_eq!(
            shown,
            [
                row("confidence", "response.min_confidence", AtLeast, "0.70"),
                row("completeness", "response.min_completeness", AtLeast, "1.00"),
                row("latency", "check.0.threshold", AtMost, "2000 ms"),
                row("latency#2", "check.1.threshold", AtMost, "none"),
                row("rouge-n", "check.2.threshold", AtLeast, "0.75"),
                row("llm-rubric", "check.3.threshold", AtLeast, "none"),
                row("json-path", "check.4.value", AtMost, "3"),
                row("confidence#2", "check.8.threshold", AtLeast, "0.20"),
            ]
        );
        assert_eq!(Threshold::find(&prompt(), " latency#1").unwrap().rule, "latency");
    }

    #[test]
    fn what_cannot_be_moved_is_told_with_what_can() {
        for (rule, says) in [
            ("json-path#2", "`json-path#2` cannot be moved: its limit itself does not pass"),
            ("json-path#3", "`json-path#3` cannot be moved: its `value` is no number"),
            ("not-cost", "`not-cost` cannot be moved: it is turned round"),
            ("word-count", "`word-count` cannot be moved: a number of words has two bounds"),
            ("cost", "the prompt has no threshold `cost`; it has `confidence`, `completeness`, `latency`"),
        ] {
            let shown = Threshold::find(&prompt(), rule).unwrap_err().to_string();
            assert!(shown.starts_with(says), "{shown}");
        }
        let bare = Threshold::find(&Prompt::default(), "confidence").unwrap_err().to_string();
        assert!(bare.ends_with("it has none: set `min_confidence` under `[response]`, or the `threshold` of a check"));
        let mut scored = prompt();
        scored.response.min_score = Some(0.5);
        assert!(Threshold::find(&scored, "completeness").unwrap_err().to_string().contains("with `min_score`"));
    }

    #[test]
    fn a_value_is_put_where_it_stands_and_is_found_there_again() {
        for knob in Threshold::all(&prompt()) {
            let mut changed = prompt();
            assert!(knob.put(&mut changed, 0.25));
            assert_ne!(changed, prompt(), "{}", knob.rule);
            assert_eq!(Threshold::find(&changed, &knob.rule).unwrap().present, Some(0.25));
            assert_eq!(
                Threshold { present: Some(0.25), ..knob.clone() },
                Threshold::find(&changed, &knob.rule).unwrap()
            );
        }
        let gone = Threshold::all(&prompt()).pop().unwrap();
        assert!(!gone.put(&mut Prompt::default(), 0.25));
    }

    #[test]
    fn a_threshold_that_does_not_count_is_passed_by_everything() {
        let of = |rule: &str| Threshold::find(&prompt(), rule).unwrap().counting();
        assert_eq!((of("latency"), of("latency#2")), (2000.0, f64::INFINITY));
        assert!(of("llm-rubric").is_infinite() && of("llm-rubric") < 0.0);
    }

    #[test]
    fn values_are_written_in_their_unit() {
        let of = |unit| Threshold { unit, ..Threshold::find(&prompt(), "latency").unwrap() };
        for (unit, value, shown) in [
            (Unit::Share, 0.7, "0.70"),
            (Unit::Share, 0.725, "0.725"),
            (Unit::Share, 1.0, "1.00"),
            (Unit::Milliseconds, 2000.0, "2000 ms"),
            (Unit::Dollars, 0.004, "$0.004"),
            (Unit::Number, f64::INFINITY, "none"),
        ] {
            assert_eq!(of(unit).shown(value), shown);
        }
        assert_eq!(of(Unit::Milliseconds).shown_measured(809.552_903), "810 ms");
        assert_eq!(of(Unit::Share).shown_measured(0.857_142_857), "0.8571");
    }
}
