//! What a list that is searched has of what is typed: each word of it begins a word of the text.

use std::cmp::Reverse;

/// How well a text fits what is typed; the larger the better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WordMatch {
    /// What is typed begins words of what stands beside the name.
    Inside,
    /// It begins words of the text.
    AtWord,
    /// The text begins with it.
    Beginning,
    /// The whole text.
    Whole,
}

/// Tells how well a text fits what is typed, whatever the case; none where one of the typed words begins none of its
/// words.
#[must_use]
pub fn word_match(typed: &str, text: &str) -> Option<WordMatch> {
    let (typed, text) = (typed.to_lowercase(), text.to_lowercase());
    let typed = typed.trim();
    if typed == text {
        return Some(WordMatch::Whole);
    }
    if text.starts_with(typed) {
        return Some(WordMatch::Beginning);
    }
    // The worst of them counts.
    let fits: Option<Vec<WordMatch>> = typed.split_whitespace().map(|word| beginning(word, &text)).collect();
    Some(fits?.into_iter().min().unwrap_or(WordMatch::Beginning))
}

/// Lists the places of those entries, each a label with a detail, that fit what is typed, the best first; equals keep
/// their order. Words that do not begin a word of the label may begin one of the detail.
#[must_use]
pub fn best_matches<'a>(typed: &str, entries: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<usize> {
    let fit = |label: &str, detail: &str| {
        word_match(typed, label).or_else(|| word_match(typed, &format!("{label} {detail}")).map(|_| WordMatch::Inside))
    };
    let fits = entries.into_iter().enumerate().filter_map(|(at, (label, detail))| Some((fit(label, detail)?, at)));
    let mut fits: Vec<(WordMatch, usize)> = fits.collect();
    fits.sort_by_key(|(fit, at)| (Reverse(*fit), *at));
    fits.into_iter().map(|(_, at)| at).collect()
}

/// Tells how well a text has a word as the beginning of one of its own, both in small letters.
fn beginning(word: &str, text: &str) -> Option<WordMatch> {
    let mut places = text.match_indices(word).map(|(at, _)| at);
    let at = places.find(|at| *at == 0 || begins_word(text, *at))?;
    Some(if at == 0 { WordMatch::Beginning } else { WordMatch::AtWord })
}

/// Tells whether a word begins at a place: what stands before is no letter and no digit, or a letter stands after a
/// digit or the other way round.
fn begins_word(text: &str, at: usize) -> bool {
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    let here = text.get(at..).and_then(|rest| rest.chars().next());
    match (before, here) {
        (None, Some(here)) => here.is_alphanumeric(),
        (Some(before), Some(here)) => {
            here.is_alphanumeric() && (!before.is_alphanumeric() || before.is_numeric() != here.is_numeric())
        }
        (_, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginnings_of_words_fit_and_letters_within_them_do_not() {
        use WordMatch::{AtWord, Beginning, Whole};
        for (typed, text, fit) in [
            ("gpt-4o-mini", "gpt-4o-mini", Some(Whole)),
            ("GPT", "gpt-4o-mini", Some(Beginning)),
            ("mini", "gpt-4o-mini", Some(AtWord)),
            ("4o", "gpt-4o-mini", Some(AtWord)),
            ("4o-m", "gpt-4o-mini", Some(AtWord)),
            ("ini", "gpt-4o-mini", None),
            ("ax", "claude-3-5-haiku max", None),
            ("sp", "save-prompt", None),
            ("haiku 4", "claude-haiku-4-5", Some(AtWord)),
            ("4 haiku", "claude-haiku-4-5", Some(AtWord)),
            ("new p", "New prompt", Some(Beginning)),
            ("sonnet haiku", "claude-haiku-4-5", None),
            ("gtmn", "gpt-4o-mini", None),
            ("claude-2", "claude-3-5-sonnet-20240620", None),
            ("claude", "xcxlxaxuxdxex", None),
            ("", "anything", Some(Beginning)),
            ("日", "日本", Some(Beginning)),
            ("grok", "groq/llama", None),
        ] {
            assert_eq!(word_match(typed, text), fit, "{typed} in {text}");
        }
    }

    #[test]
    fn the_best_fit_comes_first_and_equals_keep_their_order() {
        let entries =
            [("b", "mini"), ("claude-mini", ""), ("mini-max", ""), ("a-mini", ""), ("none", ""), ("mini", "of zed")];
        assert_eq!(best_matches("mini", entries), [5, 2, 1, 3, 0]);
        assert_eq!(best_matches("zed mini", entries), [5], "a word may be in the detail");
        assert_eq!(best_matches(" ", entries).len(), entries.len());
        assert_eq!(best_matches("ini", entries), [0_usize; 0], "nothing where nothing fits");
    }
}
