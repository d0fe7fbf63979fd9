//! The confidence an answer states of itself: self-reported, and so not calibrated.

use serde_json::Value;

use crate::{
    eval::reason::{BadRule, apart, name, pointer, share, verdict},
    model::{Response, Rule, Verdict},
};

/// Where the answer states its confidence, and the least that passes.
#[derive(Debug)]
pub(crate) struct Confidence {
    pointer: String,
    minimum: Option<f64>,
}

impl Confidence {
    pub(crate) fn new(response: &Response) -> Result<Option<Self>, BadRule> {
        let minimum = share("response.min_confidence", response.min_confidence)?;
        let Some(place) = &response.confidence else {
            if minimum.is_none() {
                return Ok(None);
            }
            let expected = "a JSON pointer, such as `/confidence`, because `min_confidence` is set";
            return Err(BadRule::new("response.confidence", expected, "nothing"));
        };
        pointer("response.confidence", place)?;
        Ok(Some(Self { pointer: place.clone(), minimum }))
    }

    /// Judges only a number from 0 to 1; nothing else is read as one, and none at all is not zero.
    pub(crate) fn judge(&self, json: &Value) -> Verdict {
        let stated = json.pointer(&self.pointer);
        let number = stated.and_then(Value::as_f64);
        let bare = match (stated, number) {
            (_, Some(number)) if (0.0..=1.0).contains(&number) => self.compare(number),
            (_, Some(_)) => self.unusable(stated, "is outside 0 to 1"),
            (Some(_), None) => self.unusable(stated, "is not a number from 0 to 1"),
            (None, None) => {
                let reason = format!("not usable: the answer states no confidence at `{}`", self.pointer);
                verdict(Rule::Confidence, false, reason)
            }
        };
        Verdict { at: Some(self.pointer.clone()), ..bare }
    }

    fn compare(&self, number: f64) -> Verdict {
        let (holds, reason) = match self.minimum {
            None => (true, format!("{number:.2}, no minimum (the model's own number)")),
            Some(minimum) => {
                let holds = number >= minimum;
                let (shown, least) = apart(number, minimum, 2);
                let sign = if holds { "≥" } else { "<" };
                (holds, format!("{shown} {sign} minimum {least} (the model's own number)"))
            }
        };
        Verdict { score: Some(number), ..verdict(Rule::Confidence, holds, reason) }
    }

    fn unusable(&self, stated: Option<&Value>, why: &str) -> Verdict {
        let stated = stated.map_or_else(String::new, name);
        verdict(Rule::Confidence, false, format!("not usable: {stated} at `{}` {why}", self.pointer))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Status;

    fn judge(minimum: Option<f64>, json: &Value) -> Verdict {
        let response = Response { confidence: Some("/c".into()), min_confidence: minimum, ..Response::default() };
        Confidence::new(&response).unwrap().unwrap().judge(json)
    }

    #[test]
    fn a_number_is_compared_exactly() {
        for (number, minimum, mark, reason) in [
            (0.65, Some(0.7), Status::Failed, "0.65 < minimum 0.70 (the model's own number)"),
            (0.7, Some(0.7), Status::Passed, "0.70 ≥ minimum 0.70 (the model's own number)"),
            (0.699, Some(0.7), Status::Failed, "0.699 < minimum 0.700 (the model's own number)"),
            (0.92, Some(0.7), Status::Passed, "0.92 ≥ minimum 0.70 (the model's own number)"),
            (0.0, Some(0.0), Status::Passed, "0.00 ≥ minimum 0.00 (the model's own number)"),
            (0.4, None, Status::Passed, "0.40, no minimum (the model's own number)"),
        ] {
            let verdict = judge(minimum, &json!({"c": number}));
            assert_eq!((verdict.status, verdict.reason.as_str()), (mark, reason));
            assert_eq!((verdict.score, verdict.at.as_deref()), (Some(number), Some("/c")));
        }
        assert_eq!(judge(Some(0.7), &json!({"c": 1})).status, Status::Passed);
    }

    #[test]
    fn nothing_else_is_read_as_a_number() {
        for (json, reason) in [
            (json!({"c": "0.9"}), "not usable: the string `0.9` at `/c` is not a number from 0 to 1"),
            (json!({"c": "90%"}), "not usable: the string `90%` at `/c` is not a number from 0 to 1"),
            (json!({"c": "NaN"}), "not usable: the string `NaN` at `/c` is not a number from 0 to 1"),
            (json!({"c": 85}), "not usable: the number 85 at `/c` is outside 0 to 1"),
            (json!({"c": -0.1}), "not usable: the number -0.1 at `/c` is outside 0 to 1"),
            (json!({"c": 1.000_001}), "not usable: the number 1.000001 at `/c` is outside 0 to 1"),
            (json!({"c": null}), "not usable: null at `/c` is not a number from 0 to 1"),
            (json!({"c": true}), "not usable: true at `/c` is not a number from 0 to 1"),
            (json!({"c": [0.9]}), "not usable: an array at `/c` is not a number from 0 to 1"),
            (json!({}), "not usable: the answer states no confidence at `/c`"),
        ] {
            for minimum in [None, Some(0.0), Some(0.7)] {
                let verdict = judge(minimum, &json);
                assert_eq!((verdict.status, verdict.reason.as_str(), verdict.score), (Status::Failed, reason, None));
            }
        }
    }

    #[test]
    fn what_can_never_hold_is_refused() {
        for (place, minimum, key) in [
            (Some("score"), None, "response.confidence"),
            (Some(""), None, "response.confidence"),
            (None, Some(0.5), "response.confidence"),
            (Some("/c"), Some(70.0), "response.min_confidence"),
            (Some("/c"), Some(f64::NAN), "response.min_confidence"),
        ] {
            let response =
                Response { confidence: place.map(str::to_owned), min_confidence: minimum, ..Response::default() };
            assert_eq!(Confidence::new(&response).unwrap_err().key, key);
        }
    }
}
