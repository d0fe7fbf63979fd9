//! The template that texts were made from, guessed of what they share.

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
}
