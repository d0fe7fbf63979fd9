//! Finding a text in a text, with or without regard to case, and the paragraphs of a text.

use std::ops::Range;

/// Lists where the paragraphs of a text start, in bytes.
fn starts(text: &str) -> impl Iterator<Item = usize> + '_ {
    let (mut at, mut inside) = (0, false);
    text.split_inclusive('\n').filter_map(move |line| {
        let start = at;
        at += line.len();
        let begins = !inside && !line.trim().is_empty();
        inside = !line.trim().is_empty();
        begins.then_some(start)
    })
}

/// Returns the number of the paragraph that a byte is in or behind, and where it starts.
#[must_use]
pub fn paragraph_at(text: &str, byte: usize) -> (usize, usize) {
    starts(text).take_while(|start| *start <= byte).enumerate().last().unwrap_or_default()
}

/// Returns where a paragraph starts, and where the next one does; the text's end for one past it.
#[must_use]
pub fn paragraph(text: &str, number: usize) -> (usize, usize) {
    let mut starts = starts(text).skip(number);
    let mut next = || starts.next().unwrap_or(text.len());
    (next(), next())
}

/// Finds a text wherever it is, from the start, without overlaps; nothing where the needle is empty.
pub(crate) fn find_all(text: &str, needle: &str, case_insensitive: bool) -> Vec<Range<usize>> {
    if needle.is_empty() {
        return Vec::new();
    }
    if !case_insensitive {
        return text.match_indices(needle).map(|(at, found)| at..at + found.len()).collect();
    }
    let (lowered, origin) = lowered(text);
    let needle = lower(needle);
    let original = |at: usize| origin.get(at).copied().unwrap_or(text.len());
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, part) in lowered.match_indices(&needle) {
        let start = original(at);
        let mut end = original(at + part.len());
        // A match may end inside the lower case of a character; the whole character is part of it.
        if end <= original(at + part.len() - 1) {
            end += text.get(end..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        }
        if found.last().is_none_or(|last| last.end <= start) {
            found.push(start..end);
        }
    }
    found
}

/// Tells whether a text holds another one as [`lower`] writes it, upper and lower case alike.
#[must_use]
pub fn holds(text: &str, wanted: &str) -> bool {
    if wanted.is_ascii() && text.is_ascii() {
        let (text, wanted) = (text.as_bytes(), wanted.as_bytes());
        wanted.is_empty() || text.windows(wanted.len()).any(|part| part.eq_ignore_ascii_case(wanted))
    } else {
        lower(text).contains(wanted)
    }
}

/// Returns a text in lower case, each character whatever stands beside it: a part of it is a part of the whole then.
#[must_use]
pub fn lower(text: &str) -> String {
    text.chars().flat_map(folded).collect()
}

fn folded(c: char) -> std::char::ToLowercase {
    // The sigma at a word's end is the same letter as in its middle.
    if c == 'ς' { 'σ'.to_lowercase() } else { c.to_lowercase() }
}

/// Returns a text in lower case, and for each of its bytes where its character was in the original.
fn lowered(text: &str) -> (String, Vec<usize>) {
    let (mut lower, mut origin) = (String::with_capacity(text.len()), Vec::with_capacity(text.len()));
    for (at, c) in text.char_indices() {
        lower.extend(folded(c));
        origin.resize(lower.len(), at);
    }
    (lower, origin)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::hostile::hostile;

    #[test]
    fn blank_lines_part_paragraphs() {
        let text = "\n\none\nstill one\n \ntwo\n\n\nthree";
        assert_eq!(starts(text).collect::<Vec<_>>(), [2, 18, 24]);
        assert_eq!(paragraph_at(text, 0), (0, 0));
        assert_eq!(paragraph_at(text, 8), (0, 2));
        assert_eq!(paragraph_at(text, 22), (1, 18));
        assert_eq!(paragraph(text, 1), (18, 24));
        assert_eq!(paragraph(text, 2), (24, text.len()));
        assert_eq!(paragraph(text, 9), (text.len(), text.len()));
    }

    #[test]
    fn matches_are_bytes_of_the_original() {
        let text = "One one\tONE\nİstanbul straße";
        let found = |needle, insensitive| -> Vec<_> {
            find_all(text, needle, insensitive).into_iter().map(|at| (at.start, at.end)).collect()
        };
        assert_eq!(found("one", false), [(4, 7)]);
        assert_eq!(found("ONE", true), [(0, 3), (4, 7), (8, 11)]);
        assert_eq!(found("i", true), [(12, 14)]);
        assert_eq!(found("ISTANBUL", true), []);
        assert_eq!(found("Straße", true), [(22, 29)]);
        assert_eq!(found("", true), []);
        assert_eq!(find_all("ὁδός ΟΔΟΣ", "οδος", true), vec![10..18]);
        assert!(holds("ΟΔΟΣ", &lower("οδο")) && holds("ΟΔΟΣ", &lower("ΔΟΣ")) && holds("οδοι", &lower("ΟΔΟ")));
        assert_eq!(find_all("aaaa", "aa", true), [0..2, 2..4]);
    }

    proptest! {
        #[test]
        fn what_is_found_is_there(text in hostile(), needle in "[a-z\u{e9}]{1,2}") {
            for found in find_all(&text, &needle, true) {
                prop_assert!(text.get(found).unwrap().to_lowercase().contains(&needle));
            }
            for found in find_all(&text, &needle, false) {
                prop_assert_eq!(text.get(found).unwrap(), &needle);
            }
        }
    }
}
