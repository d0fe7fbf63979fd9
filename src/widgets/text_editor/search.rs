//! Finding a text in a text that is edited. Lower case finds both cases; a capital letter finds itself alone.

use std::{borrow::Cow, ops::Range};

use ropey::Rope;

use crate::text::search::find_all;

/// Characters that are searched at once.
const PART: usize = 1 << 16;

/// Places that are listed, at most.
pub const MOST_HITS: usize = 100_000;

/// Lists where a text stands, in characters, in order and without overlaps; nothing where it is empty.
#[must_use]
pub fn find(rope: &Rope, needle: &str) -> Vec<Range<usize>> {
    find_in(rope, 0..rope.len_chars(), needle)
}

/// Lists where a text stands in a part of another.
#[must_use]
pub fn find_in(rope: &Rope, within: Range<usize>, needle: &str) -> Vec<Range<usize>> {
    let long = needle.chars().count();
    let mut found: Vec<Range<usize>> = Vec::new();
    if long == 0 {
        return found;
    }
    let insensitive = !needle.chars().any(char::is_uppercase);
    let end = within.end.min(rope.len_chars());
    let mut start = within.start.min(end);
    while start < end && found.len() < MOST_HITS {
        // What begins in this part may end in the next.
        let stop = (start + PART).min(end);
        let part = Cow::<str>::from(rope.slice(start..(stop + 3 * long).min(end)));
        let (mut byte, mut at) = (0, start);
        for hit in find_all(&part, needle, insensitive) {
            let chars = |range: Range<usize>| part.get(range).map_or(0, |text| text.chars().count());
            at += chars(byte..hit.start);
            let long = chars(hit.clone());
            byte = hit.start;
            if at < stop && found.last().is_none_or(|last| last.end <= at) {
                found.push(at..at + long);
            }
        }
        start = stop;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lower_case_finds_both_and_a_capital_itself() {
        let rope = Rope::from_str("Über über\nUBER");
        assert_eq!(find(&rope, "über"), [0..4, 5..9]);
        assert_eq!(find(&rope, "Über"), vec![0..4]);
        assert!(find(&rope, "").is_empty());
    }

    #[test]
    fn what_lies_across_two_parts_is_found_once() {
        let mut text = "é".repeat(PART - 3);
        text.push_str("needle needle");
        assert_eq!(find(&Rope::from_str(&text), "needle"), [PART - 3..PART + 3, PART + 4..PART + 10]);
    }
}
