//! Required fields: is each there and filled, and are enough of them.
//!
//! Without `min_completeness` every field is demanded, and each one that is not filled is a failure
//! of its own. With it, only the share counts: a field may be missing if enough others are filled.

use serde_json::Value;

use crate::{
    eval::reason::{BadRule, apart, pointer, share, verdict},
    model::{Response, ResponseRule, Rule, Verdict},
};

/// The required fields of a prompt.
#[derive(Debug)]
pub(crate) struct RequiredFields {
    fields: Vec<Field>,
    minimum: f64,
    /// Whether each field is demanded, where the minimum is all of them.
    demands: bool,
    /// Whether the share is judged.
    measures: bool,
}

/// A field by its JSON pointer.
#[derive(Debug)]
struct Field {
    name: String,
    pointer: String,
}

impl RequiredFields {
    pub(crate) fn new(response: &Response) -> Result<Self, BadRule> {
        let minimum = share("response.min_completeness", response.min_completeness)?;
        if minimum.is_some() && response.required.is_empty() {
            let expected = "at least one field, because `min_completeness` is set";
            return Err(BadRule::new("response.required", expected, "none"));
        }
        let mut fields: Vec<Field> = Vec::new();
        for (index, name) in response.required.iter().enumerate() {
            let field = Field::new(&format!("response.required[{index}]"), name)?;
            if fields.iter().all(|other| other.pointer != field.pointer) {
                fields.push(field);
            }
        }
        let (demands, measures) =
            (response.applies(ResponseRule::Required), response.applies(ResponseRule::Completeness));
        Ok(Self { fields, minimum: minimum.unwrap_or(1.0), demands, measures })
    }

    /// Names the rules that are applied, in the order of their verdicts.
    pub(crate) fn rules(&self) -> impl Iterator<Item = Rule> {
        let required = self.demands_all().then_some(Rule::Required);
        let completeness = (self.measures && !self.fields.is_empty()).then_some(Rule::Completeness);
        required.into_iter().chain(completeness)
    }

    pub(crate) fn judge(&self, json: &Value) -> Vec<Verdict> {
        if self.fields.is_empty() {
            return Vec::new();
        }
        let lacks: Vec<_> = self.fields.iter().filter_map(|field| field.lack(json).map(|lack| (field, lack))).collect();
        let mut verdicts = Vec::new();
        if self.demands_all() {
            verdicts.extend(lacks.iter().map(|(field, lack)| Verdict {
                at: Some(field.pointer.clone()),
                ..verdict(Rule::Required, false, format!("`{}` is {lack}", field.name))
            }));
            if lacks.is_empty() {
                let names: Vec<_> = self.fields.iter().map(|field| format!("`{}`", field.name)).collect();
                verdicts.push(verdict(Rule::Required, true, format!("filled: {}", names.join(", "))));
            }
        }
        verdicts.extend(self.measures.then(|| self.completeness(&lacks)));
        verdicts
    }

    fn demands_all(&self) -> bool {
        self.demands && !self.fields.is_empty() && self.minimum >= 1.0
    }

    fn completeness(&self, lacks: &[(&Field, String)]) -> Verdict {
        let (all, filled) = (self.fields.len(), self.fields.len() - lacks.len());
        let share = filled as f64 / all as f64;
        let holds = share >= self.minimum;
        let (shown, minimum) = apart(share, self.minimum, 2);
        let sign = if holds { "≥" } else { "<" };
        let mut reason = format!("{filled} of {all} filled: {shown} {sign} minimum {minimum}");
        if !lacks.is_empty() && !self.demands_all() {
            let names: Vec<_> = lacks.iter().map(|(field, lack)| format!("`{}` {lack}", field.name)).collect();
            reason = format!("{reason}; {}", names.join(", "));
        }
        // Where every field is demanded, those that lack something have verdicts of their own.
        let at = (!holds && !self.demands_all()).then(String::new);
        Verdict { score: Some(share), at, ..verdict(Rule::Completeness, holds, reason) }
    }
}

impl Field {
    fn new(key: &str, name: &str) -> Result<Self, BadRule> {
        if name.starts_with('/') {
            pointer(key, name)?;
            return Ok(Self { name: name.to_owned(), pointer: name.to_owned() });
        }
        if name.trim().is_empty() {
            return Err(BadRule::new(key, "a field's name or a JSON pointer", "nothing"));
        }
        let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        Ok(Self { name: name.to_owned(), pointer })
    }

    /// Says what the field lacks; `None` if it is filled. Zero and false are values.
    fn lack(&self, json: &Value) -> Option<String> {
        let lack = match json.pointer(&self.pointer) {
            None => "missing",
            Some(Value::Null) => "null",
            Some(Value::String(text)) if text.trim().is_empty() => "an empty string",
            Some(Value::Array(items)) if items.is_empty() => "an empty array",
            Some(Value::Object(members)) if members.is_empty() => "an empty object",
            Some(_) => return None,
        };
        Some(lack.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Status;

    fn judge(required: &[&str], minimum: Option<f64>, json: &Value) -> Vec<(String, Status, String)> {
        let required = required.iter().map(ToString::to_string).collect();
        let response = Response { required, min_completeness: minimum, ..Response::default() };
        let fields = RequiredFields::new(&response).unwrap();
        fields.judge(json).into_iter().map(|v| (v.rule.to_string(), v.status, v.reason)).collect()
    }

    fn outcome(rule: &str, mark: Status, reason: &str) -> (String, Status, String) {
        (rule.to_owned(), mark, reason.to_owned())
    }

    #[test]
    fn every_empty_field_is_named() {
        let json = json!({"a": 0, "b": false, "n": null, "s": " ", "l": [], "o": {}, "deep": {"x": [1]}});
        let got = judge(&["a", "b", "n", "s", "l", "o", "gone", "/deep/x/0", "/deep/y"], None, &json);
        assert_eq!(
            got,
            [
                outcome("required", Status::Failed, "`n` is null"),
                outcome("required", Status::Failed, "`s` is an empty string"),
                outcome("required", Status::Failed, "`l` is an empty array"),
                outcome("required", Status::Failed, "`o` is an empty object"),
                outcome("required", Status::Failed, "`gone` is missing"),
                outcome("required", Status::Failed, "`/deep/y` is missing"),
                outcome("completeness", Status::Failed, "3 of 9 filled: 0.33 < minimum 1.00"),
            ]
        );
    }

    #[test]
    fn all_filled_is_one_pass() {
        let got = judge(&["a", "a/b", "a"], None, &json!({"a": 1, "a/b": 2}));
        assert_eq!(
            got,
            [
                outcome("required", Status::Passed, "filled: `a`, `a/b`"),
                outcome("completeness", Status::Passed, "2 of 2 filled: 1.00 ≥ minimum 1.00"),
            ]
        );
        assert_eq!(judge(&[], None, &json!({})), []);
    }

    #[test]
    fn a_minimum_lets_fields_be_missing() {
        let json = json!({"a": 1, "b": ""});
        assert_eq!(
            judge(&["a", "b"], Some(0.5), &json),
            [outcome("completeness", Status::Passed, "1 of 2 filled: 0.50 ≥ minimum 0.50; `b` an empty string")]
        );
        assert_eq!(
            judge(&["a", "b", "c"], Some(0.5), &json),
            [outcome(
                "completeness",
                Status::Failed,
                "1 of 3 filled: 0.33 < minimum 0.50; `b` an empty string, `c` missing"
            )]
        );
        assert_eq!(judge(&["a"], Some(1.0), &json!([])).len(), 2);
    }

    #[test]
    fn a_verdict_says_where_and_how_much() {
        let response = Response { required: vec!["a/b".into(), "c".into()], ..Response::default() };
        let verdicts = RequiredFields::new(&response).unwrap().judge(&json!({"c": 1}));
        assert_eq!(verdicts[0].at.as_deref(), Some("/a~1b"));
        assert_eq!((verdicts[1].score, verdicts[1].at.as_deref()), (Some(0.5), None));
        let most = Response { min_completeness: Some(0.9), ..response };
        assert_eq!(RequiredFields::new(&most).unwrap().judge(&json!({"c": 1}))[0].at.as_deref(), Some(""));
    }

    #[test]
    fn what_can_never_hold_is_refused() {
        for (required, minimum, key) in [
            (vec!["a", ""], None, "response.required[1]"),
            (vec!["/a~2"], None, "response.required[0]"),
            (vec![], Some(0.5), "response.required"),
            (vec!["a"], Some(1.1), "response.min_completeness"),
            (vec!["a"], Some(f64::NAN), "response.min_completeness"),
        ] {
            let required = required.into_iter().map(str::to_owned).collect();
            let response = Response { required, min_completeness: minimum, ..Response::default() };
            assert_eq!(RequiredFields::new(&response).unwrap_err().key, key);
        }
    }
}
