//! Which labels an answer has, as a classifier says: the verdict on the score of one, or on the highest.

use serde_json::Value;

use crate::{
    eval::{
        check,
        check::source::text_of,
        reason::{apart, quote},
        rubric::said_by,
        service_check::ServiceFinding,
    },
    model::Check,
};

/// Reads the labels that a classifier gave an answer; an error says why they decide nothing.
pub(crate) fn finding(check: &Check, said: &str) -> Result<ServiceFinding, String> {
    let said: Value = serde_json::from_str(said).unwrap_or_default();
    let labels =
        said.get("classification").and_then(Value::as_object).ok_or("the model's answer is no classification")?;
    let scores = labels.iter().map(|(label, score)| {
        let score = score.as_f64().filter(|score| score.is_finite());
        let score = score.ok_or_else(|| said_by(&format!("the classifier gives the label {label} no number")))?;
        Ok((label.as_str(), score))
    });
    let scores = scores.collect::<Result<Vec<_>, String>>()?;
    // Of labels of pieces of a text those that no piece has are not listed.
    let open = said.get("open") == Some(&Value::Bool(true));
    let (label, score) = match check.value.as_ref().and_then(text_of) {
        Some(wanted) => match scores.iter().find(|(label, _)| *label == wanted) {
            Some((label, score)) => (Some((*label).to_owned()), *score),
            None if open => (Some(wanted), 0.0),
            None => {
                let known: Vec<&str> = scores.iter().map(|(label, _)| *label).collect();
                let words = format!("the classifier has no label {}: it has {}", quote(&wanted), known.join(", "));
                return Err(said_by(&words));
            }
        },
        None => match scores.iter().max_by(|(_, one), (_, other)| one.total_cmp(other)) {
            Some((label, score)) => (Some((*label).to_owned()), *score),
            None if open => (None, 0.0),
            None => return Err("the classifier gives no label".to_owned()),
        },
    };
    let least = check::least(check).unwrap_or_default();
    let (shown, limit) = apart(score, least, 2);
    let holds = score >= least;
    let label = label.unwrap_or_else(|| "no label".to_owned());
    let words = said_by(&format!("{label} {shown} {} threshold {limit}", if holds { "≥" } else { "<" }));
    Ok(ServiceFinding { holds, words, score: Some(score), credit: Some(score.clamp(0.0, 1.0)) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{
        eval::service_check::ServiceCheck,
        model::{Check, CheckKind, Status, TextService},
    };

    fn of(check: &Check, said: Result<&str, String>) -> (Status, String, Option<f64>, Option<f64>) {
        let verdict = ServiceCheck::of(check, TextService::Classification).verdict(&[said], Some("classifier"));
        (verdict.status, verdict.reason, verdict.score, verdict.credit)
    }

    #[test]
    fn the_score_of_the_label_or_the_highest_is_held_against_the_threshold() {
        let all = Check::of(CheckKind::Classifier);
        let label = |name: &str| all.clone().with(name);
        let text = r#"{"classification": {"nothate": 0.75, "hate": 0.25}}"#;
        let pieces = r#"{"classification": {"NAME": 0.75}, "open": true}"#;
        for (check, said, mark, reason, score, credit) in [
            (label("nothate").within(0.5), text, Status::Passed, "nothate 0.75 ≥ threshold 0.50", 0.75, 0.75),
            (label("nothate"), text, Status::Failed, "nothate 0.75 < threshold 1.00", 0.75, 0.75),
            (label("hate").within(0.5).negated(), text, Status::Passed, "hate 0.25 < threshold 0.50", 0.25, 0.75),
            (all.clone().within(0.75), text, Status::Passed, "nothate 0.75 ≥ threshold 0.75", 0.75, 0.75),
            (all.clone().within(0.75).negated(), pieces, Status::Failed, "NAME 0.75 ≥ threshold 0.75", 0.75, 0.25),
            (label("KEY").within(0.5).negated(), pieces, Status::Passed, "KEY 0.00 < threshold 0.50", 0.0, 1.0),
            (
                all.clone().within(0.5).negated(),
                r#"{"classification": {}, "open": true}"#,
                Status::Passed,
                "no label 0.00 < threshold 0.50",
                0.0,
                1.0,
            ),
        ] {
            assert_eq!(of(&check, Ok(said)), (mark, reason.to_owned(), Some(score), Some(credit)), "{check:?}");
        }
    }

    #[test]
    fn what_is_no_classification_never_passes_in_either_direction() {
        let all = Check::of(CheckKind::Classifier).within(0.5);
        let text = r#"{"classification": {"nothate": 0.75}}"#;
        for (check, said, why) in [
            (all.clone().with("not-hate"), Ok(text), "the classifier has no label"),
            (all.clone(), Ok("Hello"), "no classification"),
            (all.clone(), Ok("[0.1]"), "no classification"),
            (all.clone(), Ok(r#"{"classification": {}}"#), "gives no label"),
            (all.clone(), Ok(r#"{"classification": {"a": "0.9"}}"#), "gives the label a no number"),
            (all.clone(), Ok(r#"{"classification": {"a": NaN}}"#), "no classification"),
            (all, Err("the judge c did not answer: late".to_owned()), "did not answer: late"),
        ] {
            for check in [check.clone(), check.negated()] {
                let (mark, reason, score, _) = of(&check, said.clone());
                assert!(mark == Status::Inconclusive && reason.contains(why) && score.is_none(), "{reason}");
            }
        }
    }

    #[test]
    fn a_label_is_cleaned_and_cut() {
        let name = "\u{1b}[2J".to_owned() + &"x".repeat(10_000);
        let said = json!({"classification": {name: 0.9}}).to_string();
        let (_, reason, ..) = of(&Check::of(CheckKind::Classifier), Ok(&said));
        assert!(reason.len() < 1000 && !reason.contains('\u{1b}'), "{reason}");
    }
}
