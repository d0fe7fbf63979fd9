//! What a list that is searched has of what is typed: each word of it as a piece of the text, or as the beginnings of the
//! text's own words.

use std::cmp::Reverse;

/// How well a text fits what is typed; the larger the better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WordMatch {
    /// The beginnings of its words, one after the other: `sp` in `save-prompt`.
    Initials,
    /// A piece within a word.
    Within,
    /// A piece that begins at a word.
    AtWord,
    /// The text begins with it.
    Beginning,
    /// The whole text.
    Whole,
}

/// Tells how well a text fits what is typed, whatever the case; none where one of the typed words is not in it.
#[must_use]
pub fn word_match(typed: &str, text: &str) -> Option<WordMatch> {
    let text = text.to_lowercase();
    let typed = typed.to_lowercase();
    if typed.trim() == text {
        return Some(WordMatch::Whole);
    }
    // The worst of them counts.
    let fit = |word: &str| piece(word, &text).or_else(|| initials(word, &text).then_some(WordMatch::Initials));
    let fits: Option<Vec<WordMatch>> = typed.split_whitespace().map(fit).collect();
    Some(fits?.into_iter().min().unwrap_or(WordMatch::Beginning))
}

/// Lists the places of those entries, each a label with a detail, that fit what is typed: those whose label does before
/// those that need their detail too, in both the best first. A detail has the typed words as pieces: a sentence begins
/// words with nearly all letters.
#[must_use]
pub fn best_matches<'a>(typed: &str, entries: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<usize> {
    let fit = |label: &str, detail: &str| {
        let in_label = word_match(typed, label).map(|fit| (true, fit));
        in_label.or_else(|| {
            let (whole, typed) = (format!("{label} {detail}").to_lowercase(), typed.to_lowercase());
            let fits: Option<Vec<WordMatch>> = typed.split_whitespace().map(|word| piece(word, &whole)).collect();
            Some((false, fits?.into_iter().min()?))
        })
    };
    let fits = entries.into_iter().enumerate().filter_map(|(at, (label, detail))| Some((fit(label, detail)?, at)));
    let mut fits: Vec<((bool, WordMatch), usize)> = fits.collect();
    fits.sort_by_key(|(fit, at)| (Reverse(*fit), *at));
    fits.into_iter().map(|(_, at)| at).collect()
}

/// Tells how well a word fits as a piece of a text, both in small letters.
fn piece(word: &str, text: &str) -> Option<WordMatch> {
    let mut best = None;
    for (at, _) in text.match_indices(word) {
        let fit = if at == 0 {
            WordMatch::Beginning
        } else if begins_word(text, at) {
            WordMatch::AtWord
        } else {
            WordMatch::Within
        };
        best = best.max(Some(fit));
    }
    best
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

/// Tells whether a word is made of the beginnings of a text's words, in their order.
fn initials(word: &str, text: &str) -> bool {
    let words: Vec<&str> = {
        let mut starts: Vec<usize> =
            text.char_indices().map(|(at, _)| at).filter(|at| begins_word(text, *at)).collect();
        starts.push(text.len());
        starts.windows(2).filter_map(|pair| text.get(*pair.first()?..*pair.last()?)).collect()
    };
    if !word.chars().all(char::is_alphanumeric) {
        return false;
    }
    // For each word of the text, from which places of what is typed the rest may still be found.
    let mut open: Vec<usize> = vec![0];
    for piece in words {
        let mut next = open.clone();
        for from in open {
            let mut at = from;
            let rest = word.get(from..).unwrap_or_default();
            for (typed, own) in rest.chars().zip(piece.chars()) {
                if typed != own {
                    break;
                }
                at += typed.len_utf8();
                if !next.contains(&at) {
                    next.push(at);
                }
            }
        }
        if next.contains(&word.len()) {
            return true;
        }
        open = next;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_or_the_beginnings_of_words_fit_and_scattered_letters_do_not() {
        use WordMatch::{AtWord, Beginning, Initials, Whole, Within};
        for (typed, text, fit) in [
            ("gpt-4o-mini", "gpt-4o-mini", Some(Whole)),
            ("GPT", "gpt-4o-mini", Some(Beginning)),
            ("mini", "gpt-4o-mini", Some(AtWord)),
            ("4o", "gpt-4o-mini", Some(AtWord)),
            ("ini", "gpt-4o-mini", Some(Within)),
            ("g4om", "gpt-4o-mini", Some(Initials)),
            ("gmini", "gpt-4o-mini", Some(Initials)),
            ("sp", "save-prompt", Some(Initials)),
            ("haiku 4", "claude-haiku-4-5", Some(AtWord)),
            ("4 haiku", "claude-haiku-4-5", Some(AtWord)),
            ("sonnet haiku", "claude-haiku-4-5", None),
            ("gtmn", "gpt-4o-mini", None),
            ("pt4", "gpt-4o-mini", None),
            ("claude-2", "claude-3-5-sonnet-20240620", None),
            ("opus41", "claude-opus-4-1", Some(Initials)),
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
    }
}
