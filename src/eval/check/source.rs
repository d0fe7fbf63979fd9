//! A check as it is written: its fields read in the form its kind needs, each mistake by its key.

use serde_json::Value;

use crate::{
    eval::{
        check::transform::AnswerPart,
        reason::{BadRule, name, quote},
    },
    model::Check,
    text::budget::bounded,
};

/// A check and its place among the others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CheckSource<'a> {
    place: usize,
    pub(crate) check: &'a Check,
}

impl<'a> CheckSource<'a> {
    /// Takes a check, and refuses a key that its kind does not look at, beside those it `takes`: who wrote it
    /// expects something of it.
    pub(crate) fn new(place: usize, check: &'a Check, takes: &[&str]) -> Result<Self, BadRule> {
        let written = Self { place, check };
        let set = [
            ("value", check.value.is_some()),
            ("threshold", check.threshold.is_some()),
            ("path", check.path.is_some()),
            ("op", check.comparison.is_some()),
            ("judge", check.judge.is_some()),
            ("judge_prompt", !check.judge_prompt.is_empty()),
            ("first_prompt", !check.first_prompt.is_empty()),
            ("context", check.context.is_some()),
            ("repeat", check.repeat.is_some()),
        ];
        if let Some((key, _)) = set.iter().find(|(key, set)| *set && !takes.contains(key)) {
            let names: Vec<String> = takes.iter().map(|name| format!("`{name}`")).collect();
            let names = if names.is_empty() { "no further key".to_owned() } else { names.join(" and ") + " alone" };
            return Err(written.bad(key, format!("{names} for `{}`", check.kind), format!("`{key}`")));
        }
        if let Some(text) = &check.transform {
            if !check.kind.kind.looks_at_answer() {
                let found = "`transform`, which names a part of the answer";
                return Err(written.bad("transform", format!("no such key for `{}`", check.kind), found));
            }
            AnswerPart::of(text).map_err(|expected| written.bad("transform", expected, quote(text)))?;
        }
        if let Some(weight) = check.weight.filter(|weight| !weight.is_finite() || *weight < 0.0) {
            return Err(written.bad("weight", "a number, 0 or more", weight.to_string()));
        }
        Ok(written)
    }

    /// Returns which of the checks it is, from 0.
    pub(crate) fn place(&self) -> usize {
        self.place
    }

    pub(crate) fn bad(&self, key: &str, expected: impl Into<String>, found: impl Into<String>) -> BadRule {
        BadRule::new(self.key(key), expected, found)
    }

    /// Names a key of it in the prompt.
    pub(crate) fn key(&self, key: &str) -> String {
        format!("check[{}].{key}", self.place)
    }

    /// Refuses a text at a key that may hold too many values to be read as JSON.
    pub(crate) fn bounded(&self, key: &str, text: &str) -> Result<(), BadRule> {
        bounded("it", text).map_err(|much| self.bad(key, "JSON that can be read", much.to_string()))
    }

    /// Reads a text; a number or a truth value is one as JSON writes it.
    pub(crate) fn text(&self) -> Result<String, BadRule> {
        let expected = "the text to compare the answer with";
        match &self.check.value {
            None => Err(self.bad("value", expected, "nothing")),
            Some(value) => text_of(value).ok_or_else(|| self.bad("value", expected, name(value))),
        }
    }

    /// Reads a text that is not empty.
    pub(crate) fn part(&self) -> Result<String, BadRule> {
        let text = self.text()?;
        if text.is_empty() { Err(self.bad("value", "a text to look for", "an empty text")) } else { Ok(text) }
    }

    /// Reads several texts: a list, or one text in which they are separated by commas.
    pub(crate) fn parts(&self) -> Result<Vec<String>, BadRule> {
        let expected = "a list of texts, or one text in which they are separated by commas";
        let parts = match &self.check.value {
            None => return Err(self.bad("value", expected, "nothing")),
            Some(Value::Array(items)) => {
                let texts =
                    items.iter().map(|item| text_of(item).ok_or_else(|| self.bad("value", expected, name(item))));
                texts.collect::<Result<Vec<_>, _>>()?
            }
            Some(value) => {
                let text = text_of(value).ok_or_else(|| self.bad("value", expected, name(value)))?;
                separated(&text).map_err(|found| self.bad("value", expected, found))?
            }
        };
        match parts.iter().any(String::is_empty) {
            _ if parts.is_empty() => Err(self.bad("value", "at least one text to look for", "none")),
            true => Err(self.bad("value", "texts to look for", "an empty text among them")),
            false => Ok(parts),
        }
    }

    /// Reads the threshold, 0 or more and at most `most`; `usual` where it is not set.
    pub(crate) fn threshold(&self, expected: &str, most: f64, usual: Option<f64>) -> Result<f64, BadRule> {
        match self.check.threshold.or(usual) {
            Some(limit) if limit.is_finite() && (0.0..=most).contains(&limit) => Ok(limit),
            other => {
                let found = other.map_or_else(|| "nothing".to_owned(), |limit| limit.to_string());
                Err(self.bad("threshold", expected, found))
            }
        }
    }
}

/// Returns the type a check had before it was found that it cannot be applied here.
pub(crate) fn original(check: &Check) -> Option<&str> {
    let value = check.value.as_ref()?;
    value.as_str().or_else(|| value.get("type")?.as_str()).map(str::trim).filter(|name| !name.is_empty())
}

/// Writes a plain value as a text.
pub(crate) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(truth) => Some(truth.to_string()),
        // As JavaScript writes it: 4, not 4.0.
        Value::Number(number) => {
            Some(number.as_f64().filter(|_| number.is_f64()).map_or_else(|| number.to_string(), |n| n.to_string()))
        }
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Cuts a text at its commas; one in double quotes holds its commas, and `""` or `\"` for a quote.
pub(crate) fn separated(text: &str) -> Result<Vec<String>, &'static str> {
    let (mut parts, mut rest) = (Vec::new(), text);
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        if rest.is_empty() {
            return Ok(parts);
        }
        if let Some(inside) = rest.strip_prefix('"') {
            let (part, after) = quoted(inside).ok_or("a double quote that is never closed")?;
            parts.push(part);
            rest = after.trim_start();
            if !rest.is_empty() && !rest.starts_with(',') {
                return Err("more text after a double quote");
            }
        } else {
            let (part, after) = rest.split_once(',').unwrap_or((rest, ""));
            parts.push(part.trim().to_owned());
            rest = after;
        }
    }
}

/// Reads up to the closing quote; returns what was quoted and what stands after it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let (mut out, mut rest) = (String::new(), text);
    loop {
        let (before, after) = rest.split_at(rest.find(['"', '\\'])?);
        out.push_str(before);
        let mut chars = after.chars();
        match (chars.next(), chars.clone().next()) {
            (Some('"' | '\\'), Some('"')) => {
                out.push('"');
                chars.next();
            }
            (Some('\\'), Some('\\')) => {
                out.push('\\');
                chars.next();
            }
            (Some('"'), _) => return Some((out, chars.as_str())),
            (first, _) => out.extend(first),
        }
        rest = chars.as_str();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_its_commas() {
        for (text, parts) in [
            ("a", vec!["a"]),
            (" a , b c,,d ", vec!["a", "b c", "d"]),
            (r#""1,000", in stock"#, vec!["1,000", "in stock"]),
            (r#""say ""hi""","back\\slash \"quoted\"""#, vec![r#"say "hi""#, r#"back\slash "quoted""#]),
            (r#"a "b" c"#, vec![r#"a "b" c"#]),
            (" , ", vec![]),
        ] {
            assert_eq!(separated(text).unwrap(), parts, "{text}");
        }
        assert!(separated(r#""never closed"#).is_err());
        assert!(separated(r#""a" b"#).is_err());
    }

    #[test]
    fn numbers_are_texts_as_javascript_writes_them() {
        for (value, text) in [("4", "4"), ("4.0", "4"), ("0.5", "0.5"), ("-3", "-3"), ("true", "true")] {
            assert_eq!(text_of(&serde_json::from_str(value).unwrap()).unwrap(), text);
        }
    }
}
