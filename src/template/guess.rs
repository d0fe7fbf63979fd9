//! The template that texts were made from, guessed of what they share, and the values with which a template becomes a text.

use std::collections::BTreeMap;

use crate::{
    model::{Input, VarValue},
    template::{
        FillBudget, fill,
        pieces::{TemplatePiece, pieces},
    },
};

/// Characters of a template that are named in an error.
const SHOWN: usize = 40;

/// Characters that have to be shared for a guess to be one.
const LEAST: usize = 16;

/// What several texts share: what comes before the one place in which they differ, and what comes behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SharedText<'a> {
    pub before: &'a str,
    pub after: &'a str,
}

impl<'a> SharedText<'a> {
    /// Guesses what a text shares with others, to whole words; none where that is too little, or no other differs.
    #[must_use]
    pub fn of(text: &'a str, others: &[&str]) -> Option<Self> {
        let others: Vec<&str> = others.iter().copied().filter(|other| *other != text).collect();
        if others.is_empty() {
            return None;
        }
        let before = others.iter().map(|other| shared(text.chars(), other.chars())).min().unwrap_or_default();
        let before = text.get(..before).unwrap_or_default();
        let before = if before.len() == text.len() { before } else { whole_words(before) };
        let rest = text.get(before.len()..).unwrap_or_default();
        let behind = others
            .iter()
            .filter_map(|other| Some(shared(rest.chars().rev(), other.get(before.len()..)?.chars().rev())))
            .min()
            .unwrap_or_default();
        let after = rest.get(rest.len() - behind..).unwrap_or_default();
        let after = if behind == rest.len() { after } else { whole_words_behind(after) };
        let is_enough = before.trim().chars().count() + after.trim().chars().count() >= LEAST;
        is_enough.then_some(Self { before, after })
    }

    /// Returns what stands in the one place, in the text that it was guessed of.
    #[must_use]
    pub fn between(&self, text: &'a str) -> &'a str {
        let end = text.len().saturating_sub(self.after.len()).max(self.before.len());
        text.get(self.before.len()..end).unwrap_or_default()
    }
}

/// A stretch of a template whose values are looked for.
enum Stretch<'a> {
    Text(String),
    Name(&'a str),
}

/// Finds the values with which a template of texts and variables becomes a text, each as short as it can be from the left.
/// Fails, in words, where the template does more than that, or no values make the text of it.
pub fn values_of(template: &str, text: &str) -> Result<Input, String> {
    let mut stretches: Vec<Stretch<'_>> = Vec::new();
    for piece in pieces(template).map_err(|mistake| mistake.to_string())?.all {
        match piece {
            TemplatePiece::Text { text, .. } => match stretches.last_mut() {
                Some(Stretch::Text(before)) => before.push_str(text),
                Some(Stretch::Name(_)) | None => stretches.push(Stretch::Text(text.to_owned())),
            },
            TemplatePiece::Variable { name, .. } => {
                if let Some(Stretch::Name(before)) = stretches.last() {
                    return Err(format!("nothing stands between `{before}` and `{name}` that would tell them apart"));
                }
                stretches.push(Stretch::Name(name));
            }
            TemplatePiece::Output { written, .. } | TemplatePiece::Tag { written, .. } => {
                return Err(format!("what stood in place of `{written}` cannot be told: name variables alone"));
            }
            TemplatePiece::Silent { .. } => {}
        }
    }
    let (mut values, mut rest) = (BTreeMap::new(), text);
    let mut open: Option<&str> = None;
    let mut take = |name: &str, value: &str| match values.insert(name.to_owned(), value.to_owned()) {
        Some(before) if before != value => Err(format!("`{name}` would have to be two texts at once")),
        Some(_) | None => Ok(()),
    };
    let last = stretches.len().saturating_sub(1);
    for (place, stretch) in stretches.iter().enumerate() {
        match stretch {
            Stretch::Name(name) => open = Some(name),
            Stretch::Text(part) => {
                let at = match open {
                    None => rest.starts_with(part.as_str()).then_some(0),
                    Some(_) if place == last => rest.ends_with(part.as_str()).then(|| rest.len() - part.len()),
                    Some(_) => rest.find(part.as_str()),
                };
                let found = at.and_then(|at| Some((rest.get(..at)?, rest.get(at + part.len()..)?)));
                let Some((value, after)) = found else {
                    let begins: String = part.trim().chars().take(SHOWN).collect();
                    return Err(format!("the text of the call does not have “{begins}” there"));
                };
                if let Some(name) = open.take() {
                    take(name, value)?;
                }
                rest = after;
            }
        }
    }
    match open {
        Some(name) => take(name, rest)?,
        None if !rest.is_empty() => {
            return Err("the text of the call goes on behind the end of the template".to_owned());
        }
        None => {}
    }
    let vars = values.into_iter().map(|(name, value)| (name, VarValue::Text(value))).collect();
    let mut input = Input { vars, ..Input::default() };
    input.take_text();
    match fill(template, &input, &mut FillBudget::new(template.len(), &input)) {
        Ok(filled) if filled == text => Ok(input),
        Ok(_) | Err(_) => Err("filled with what was found it is not the text of the call".to_owned()),
    }
}

/// Counts the bytes of the characters that two texts begin with.
fn shared(one: impl Iterator<Item = char>, other: impl Iterator<Item = char>) -> usize {
    one.zip(other).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum()
}

/// Cuts a word off that may go on.
fn whole_words(text: &str) -> &str {
    let end = text.rfind(|c: char| !c.is_alphanumeric());
    end.map_or("", |end| {
        text.get(..end + text.get(end..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8))
            .unwrap_or_default()
    })
}

/// Cuts a word off that may have begun before.
fn whole_words_behind(text: &str) -> &str {
    text.find(|c: char| !c.is_alphanumeric()).and_then(|start| text.get(start..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::literal;

    #[test]
    fn what_texts_share_is_cut_at_words() {
        let one = "Summarise this ticket:\n\nThe export is slow.\n\nAnswer in JSON.";
        let other = "Summarise this ticket:\n\nThe parcel is lost.\n\nAnswer in JSON.";
        let found = SharedText::of(one, &[other]).unwrap();
        assert_eq!((found.before, found.after), ("Summarise this ticket:\n\nThe ", ".\n\nAnswer in JSON."));
        assert_eq!(found.between(one), "export is slow");
        let third = SharedText::of(one, &[other, "Summarise this ticket:\n\n\n\nAnswer in JSON."]).unwrap();
        assert_eq!(third.between(one), "The export is slow.");
        assert_eq!(SharedText::of(one, &[one]), None, "the same text says nothing");
        assert_eq!(SharedText::of("Where is it?", &["Who is it?"]), None, "that is too little");
        assert_eq!(SharedText::of("é", &["ê"]), None);
        let longer = "Label this message: a";
        assert_eq!(SharedText::of("Label this message: ", &[longer]).unwrap().between("Label this message: "), "");
    }

    #[test]
    fn values_are_found_that_make_the_text_of_the_template_and_no_others() {
        let found = |template: &str, text: &str| -> Result<Vec<(String, String)>, String> {
            values_of(template, text).map(|input| {
                let text = (!input.text.is_empty()).then(|| ("input".to_owned(), input.text.clone()));
                text.into_iter().chain(input.vars.into_iter().map(|(name, value)| (name, value.to_string()))).collect()
            })
        };
        let pairs = |all: &[(&str, &str)]| {
            Ok(all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>())
        };
        assert_eq!(found("{{ input }}", "a\n{{ b }}"), pairs(&[("input", "a\n{{ b }}")]));
        assert_eq!(
            found("Say {{ input }} in {{ language }}.", "Say hi in it in French."),
            pairs(&[("input", "hi"), ("language", "it in French")])
        );
        assert_eq!(found("{{ a }}-{{ a }}", "x-x"), pairs(&[("a", "x")]));
        assert_eq!(found(&literal("{{ x }} {% if %}"), "{{ x }} {% if %}"), pairs(&[]));
        assert_eq!(found("{{{{ {{ a }}", "{{ b"), pairs(&[("a", "b")]));
        for (template, text, why) in [
            ("{{ a }}{{ b }}", "xy", "tell them apart"),
            ("{{ a }}-{{ a }}", "x-y", "two texts at once"),
            ("Say {{ a }}", "Tell x", "does not have “Say”"),
            ("Say {{ a }} now", "Say x", "does not have “now”"),
            ("Say", "Say x", "goes on behind"),
            ("{{ a | upper }}", "X", "name variables alone"),
            ("{% if a %}x{% endif %}", "x", "name variables alone"),
            ("{% if", "x", "line 1"),
        ] {
            let said = found(template, text).unwrap_err();
            assert!(said.contains(why), "{template}: {said}");
        }
    }
}
