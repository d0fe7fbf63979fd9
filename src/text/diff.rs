//! What differs between two texts, word by word; a difference of white space alone is none.

mod blocks;
pub mod rows;
pub mod stretches;
pub mod unified;

use std::ops::Range;

use blocks::{Block, blocks};

/// What a part of either text is to the other one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// It is in both, but for white space.
    Same,
    /// It is in the old text alone.
    Removed,
    /// It is in the new text alone.
    Added,
}

impl Change {
    /// Writes a part between the brackets that say without colour what it is: `[-gone-]`, `{+new+}`.
    #[must_use]
    pub fn marked(self, text: &str) -> String {
        match self {
            Self::Same => text.to_owned(),
            Self::Removed => format!("[-{text}-]"),
            Self::Added => format!("{{+{text}+}}"),
        }
    }
}

/// A part of both texts. The parts of a diff, in order, are the whole of either text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// What it is.
    pub change: Change,
    /// Its bytes in the old text; empty where something was added.
    pub old: Range<usize>,
    /// Its bytes in the new text; empty where something was removed.
    pub new: Range<usize>,
}

/// How finely two texts were compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grain {
    /// Word by word, as Unicode (UAX #29) bounds words.
    Words,
    /// Line by line in at least one place, because the texts are too large and too different.
    Lines,
}

/// A place where two texts differ: what was there before, and what is there now; one may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk {
    /// Its bytes in the old text.
    pub old: Range<usize>,
    /// Its bytes in the new text.
    pub new: Range<usize>,
}

/// What differs between an old text and a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextDiff {
    segments: Vec<Segment>,
    grain: Grain,
    words: usize,
}

impl TextDiff {
    /// Compares two texts. The work is bounded: what is too large and too different to be compared
    /// word by word is compared line by line.
    #[must_use]
    pub fn new(old: &str, new: &str) -> Self {
        let found = blocks(old, new);
        let mut diff = Self { segments: Vec::new(), grain: found.grain, words: 0 };
        for Block { same, old: was, new: is, words } in found.blocks {
            diff.words += words;
            if same {
                diff.push(Change::Same, was, is);
                continue;
            }
            // A text of white space alone has no word that could be removed or added.
            let blank = |text: &str, at: &Range<usize>| text.get(at.clone()).is_some_and(|text| text.trim().is_empty());
            let removed = if blank(old, &was) { Change::Same } else { Change::Removed };
            let added = if blank(new, &is) { Change::Same } else { Change::Added };
            let (before, after) = (is.start..is.start, was.end..was.end);
            diff.push(removed, was, before);
            diff.push(added, after, is);
        }
        diff
    }

    fn push(&mut self, change: Change, old: Range<usize>, new: Range<usize>) {
        if !(old.is_empty() && new.is_empty()) {
            self.segments.push(Segment { change, old, new });
        }
    }

    /// Returns the parts in order.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Tells how finely the texts were compared.
    #[must_use]
    pub fn grain(&self) -> Grain {
        self.grain
    }

    /// Tells whether the texts are the same but for white space.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.words == 0
    }

    /// Counts the words that differ: of each place the words removed or those added, whichever are more.
    #[must_use]
    pub fn words(&self) -> usize {
        self.words
    }

    /// Returns the places that differ, in order.
    pub fn hunks(&self) -> impl Iterator<Item = Hunk> + '_ {
        let changed = |at: usize| self.segments.get(at).filter(|segment| segment.change != Change::Same);
        let mut at = 0;
        std::iter::from_fn(move || {
            while self.segments.get(at)?.change == Change::Same {
                at += 1;
            }
            let mut hunk: Option<Hunk> = None;
            while let Some(segment) = changed(at) {
                // A removal and what was added in its place are one.
                match &mut hunk {
                    Some(hunk) => hunk.new.end = segment.new.end,
                    None => hunk = Some(Hunk { old: segment.old.clone(), new: segment.new.clone() }),
                }
                at += 1;
            }
            hunk
        })
    }

    /// Finds the byte of the new text that stands where a byte of the old one stands.
    #[must_use]
    pub fn to_new(&self, old: usize) -> usize {
        let at = self.segments.partition_point(|segment| segment.old.end <= old);
        self.segments.get(at).or(self.segments.last()).map_or(0, |segment| aside(&segment.old, &segment.new, old))
    }

    /// Finds the byte of the old text that stands where a byte of the new one stands.
    #[must_use]
    pub fn to_old(&self, new: usize) -> usize {
        let at = self.segments.partition_point(|segment| segment.new.end <= new);
        self.segments.get(at).or(self.segments.last()).map_or(0, |segment| aside(&segment.new, &segment.old, new))
    }

    /// Returns both texts as one to read: what is the same as the new text has it, what was removed
    /// before what was added in its place. White space around what was removed is kept, so that
    /// words do not run together. `old` and `new` are the texts that were compared.
    pub fn read<'a>(&'a self, old: &'a str, new: &'a str) -> impl Iterator<Item = (Change, &'a str)> {
        self.read_segments(old, new).map(|(segment, text)| (segment.change, text))
    }

    /// The same, each piece with the part of both texts that it comes from.
    pub fn read_segments<'a>(&'a self, old: &'a str, new: &'a str) -> impl Iterator<Item = (&'a Segment, &'a str)> {
        self.segments.iter().enumerate().flat_map(move |(at, segment)| {
            let was = old.get(segment.old.clone()).unwrap_or_default();
            let is = new.get(segment.new.clone()).unwrap_or_default();
            let is_removal = |at: Option<usize>| {
                at.and_then(|at| self.segments.get(at)).is_some_and(|one| one.change == Change::Removed)
            };
            let (lead, text, trail) = match segment.change {
                Change::Removed => ("", was, ""),
                Change::Added => ("", is, ""),
                Change::Same => {
                    let lead = blank_lead(was);
                    let lead = if is_removal(at.checked_sub(1)) && blank_lead(is).is_empty() { lead } else { "" };
                    let trail = blank_trail(was);
                    let trail = if is_removal(Some(at + 1)) && blank_trail(is).is_empty() { trail } else { "" };
                    (lead, is, trail)
                }
            };
            [lead, text, trail].into_iter().filter(|text| !text.is_empty()).map(move |text| (segment, text))
        })
    }
}

/// Finds the place in one range that is as far from its start as a place is in another range.
fn aside(from: &Range<usize>, to: &Range<usize>, at: usize) -> usize {
    to.start.saturating_add(at.saturating_sub(from.start)).min(to.end)
}

fn blank_lead(text: &str) -> &str {
    text.get(..text.len() - text.trim_start().len()).unwrap_or_default()
}

fn blank_trail(text: &str) -> &str {
    text.get(text.trim_end().len()..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::samples::hostile;

    fn shown(old: &str, new: &str) -> String {
        let diff = TextDiff::new(old, new);
        diff.read(old, new).map(|(change, text)| change.marked(text)).collect()
    }

    #[test]
    fn words_are_what_differs() {
        for (old, new, want) in [
            ("", "", ""),
            ("the quick fox", "the slow fox", "the [-quick-]{+slow+} fox"),
            ("a b c", "a c", "a [-b-] c"),
            ("a c", "a b c", "a {+b+} c"),
            ("one.\n\ntwo.", "one.", "one.\n\n[-two.-]"),
            ("one.", "one.\n\ntwo.", "one.\n\n{+two.+}"),
            ("x = 3.14", "x = 3.15", "x = [-3.14-]{+3.15+}"),
            ("don't stop", "do stop", "[-don't-]{+do+} stop"),
            (
                "By Friday.\n\nElse write to us.\n\nBye",
                "By Thursday.\n\nBye",
                "By [-Friday-]{+Thursday+}.\n\n[-Else write to us.-]\n\nBye",
            ),
            ("By noon. Bye", "By nine. Else call. Bye", "By [-noon-]{+nine+}. {+Else call.+} Bye"),
            ("東京都", "京都府", "[-東-]京都{+府+}"),
            ("", "new", "{+new+}"),
            ("  ", "new", "{+new+}"),
            ("old", "", "[-old-]"),
        ] {
            assert_eq!(shown(old, new), want, "{old:?} against {new:?}");
        }
    }

    #[test]
    fn white_space_alone_is_no_difference() {
        for (old, new) in [("a b", "a\n  b\n"), ("f(x)", "f( x )"), ("  a", "a"), ("\n", "")] {
            let diff = TextDiff::new(old, new);
            assert!(diff.is_same() && diff.hunks().next().is_none(), "{old:?} against {new:?}");
            assert_eq!(shown(old, new), new);
        }
    }

    #[test]
    fn a_word_in_common_by_chance_does_not_split_a_new_sentence() {
        let (old, new) =
            ("Restarted everything, the service recovered", "Unfortunately nothing, the operator answered");
        assert_eq!(TextDiff::new(old, new).hunks().count(), 1);
        assert_eq!(TextDiff::new("keep alpha here", "keep beta here").words(), 1);
        assert_eq!(TextDiff::new("yes!", "yes?").words(), 1);
    }

    #[test]
    fn a_place_in_one_text_has_its_place_in_the_other() {
        let (old, new) = ("one two three four", "zero one two 3 four");
        let diff = TextDiff::new(old, new);
        assert_eq!(diff.to_new(old.find("two").unwrap()), new.find("two").unwrap());
        assert_eq!(diff.to_old(new.find("four").unwrap()), old.find("four").unwrap());
        assert_eq!(diff.to_new(usize::MAX), new.len());
        let hunks: Vec<_> = diff.hunks().map(|hunk| (old.get(hunk.old).unwrap(), new.get(hunk.new).unwrap())).collect();
        assert_eq!(hunks, [("", "zero"), ("three", "3")]);
    }

    #[test]
    fn large_texts_that_have_nothing_in_common_are_compared_all_the_same() {
        let text = |step: u64| {
            (0..120_000_u64).fold(String::new(), |text, n| {
                let end = if n % 12 == 11 { '\n' } else { ' ' };
                text + &format!("{:x}{end}", (n * step) % 1_000_003)
            })
        };
        let (old, new) = (text(7919), text(104_729));
        let diff = TextDiff::new(&old, &new);
        assert_eq!(diff.grain(), Grain::Lines);
        assert!(!diff.is_same());
        let near = old.replace("\n1", "\n2");
        let diff = TextDiff::new(&old, &near);
        assert_eq!(diff.grain(), Grain::Words);
        assert_eq!(diff.words(), old.matches("\n1").count());
    }

    proptest! {
        #[test]
        fn the_parts_are_the_whole_of_both_texts(old in hostile(), new in hostile()) {
            let diff = TextDiff::new(&old, &new);
            let was_of = |segment: &Segment| old.get(segment.old.clone()).unwrap();
            let is_of = |segment: &Segment| new.get(segment.new.clone()).unwrap();
            let (mut was, mut is, mut turned) = (String::new(), String::new(), String::new());
            for segment in diff.segments() {
                was += was_of(segment);
                is += is_of(segment);
                if segment.change == Change::Same {
                    turned += was_of(segment);
                    let words = |text: &str| text.split_whitespace().collect::<String>();
                    prop_assert_eq!(words(was_of(segment)), words(is_of(segment)));
                } else {
                    turned += is_of(segment);
                }
            }
            prop_assert_eq!(&was, &old);
            prop_assert_eq!(&is, &new);
            let words = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(words(&turned), words(&new));
        }

        #[test]
        fn a_text_is_the_same_as_itself(text in hostile()) {
            let diff = TextDiff::new(&text, &text);
            prop_assert!(diff.is_same() && diff.segments().len() <= 1);
        }
    }
}
