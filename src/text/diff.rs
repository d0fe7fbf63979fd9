//! What differs between two texts: word by word, where white space alone is no difference, and line by line in the form
//! that `patch` reads; matched within a bound of work.

pub mod rows;

use std::{borrow::Cow, collections::HashMap, fmt::Write as _, hash::Hash, ops::Range};

use similar::{
    DiffOp, DiffTag,
    algorithms::{Capture, Compact, Replace, myers},
    group_diff_ops,
};
use unicode_segmentation::UnicodeSegmentation;

/// What a part of either text is to the other one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineChange {
    /// It is in both, but for white space.
    Same,
    /// It is in the old text alone.
    Removed,
    /// It is in the new text alone.
    Added,
}

impl LineChange {
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
    pub change: LineChange,
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
                diff.push(LineChange::Same, was, is);
                continue;
            }
            // A text of white space alone has no word that could be removed or added.
            let blank = |text: &str, at: &Range<usize>| text.get(at.clone()).is_some_and(|text| text.trim().is_empty());
            let removed = if blank(old, &was) { LineChange::Same } else { LineChange::Removed };
            let added = if blank(new, &is) { LineChange::Same } else { LineChange::Added };
            let (before, after) = (is.start..is.start, was.end..was.end);
            diff.push(removed, was, before);
            diff.push(added, after, is);
        }
        diff
    }

    fn push(&mut self, change: LineChange, old: Range<usize>, new: Range<usize>) {
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
        let changed = |at: usize| self.segments.get(at).filter(|segment| segment.change != LineChange::Same);
        let mut at = 0;
        std::iter::from_fn(move || {
            while self.segments.get(at)?.change == LineChange::Same {
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
    pub fn read<'a>(&'a self, old: &'a str, new: &'a str) -> impl Iterator<Item = (LineChange, &'a str)> {
        self.read_segments(old, new).map(|(segment, text)| (segment.change, text))
    }

    /// The same, each piece with the part of both texts that it comes from.
    pub fn read_segments<'a>(&'a self, old: &'a str, new: &'a str) -> impl Iterator<Item = (&'a Segment, &'a str)> {
        self.segments.iter().enumerate().flat_map(move |(at, segment)| {
            let was = old.get(segment.old.clone()).unwrap_or_default();
            let is = new.get(segment.new.clone()).unwrap_or_default();
            let is_removal = |at: Option<usize>| {
                at.and_then(|at| self.segments.get(at)).is_some_and(|one| one.change == LineChange::Removed)
            };
            let (lead, text, trail) = match segment.change {
                LineChange::Removed => ("", was, ""),
                LineChange::Added => ("", is, ""),
                LineChange::Same => {
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

/// Bytes, both texts together, up to which they are compared word by word throughout.
const BY_WORDS: usize = 64 * 1024;

/// How many times as long as a run of the same words the changes on both of its sides must be for
/// the run to be taken for chance.
const CHANCE: usize = 3;

/// A run of both texts.
#[derive(Debug)]
pub(crate) struct Block {
    /// Whether it is the same in both.
    pub same: bool,
    /// Its bytes in the old text.
    pub old: Range<usize>,
    /// Its bytes in the new text.
    pub new: Range<usize>,
    /// Words that differ.
    pub words: usize,
}

/// The runs that are the whole of two texts.
pub(crate) struct Blocks {
    /// The runs in order.
    pub blocks: Vec<Block>,
    /// How finely they were found.
    pub grain: Grain,
}

/// Cuts two texts into runs that are the same but for white space, and runs that are not.
pub(crate) fn blocks(old: &str, new: &str) -> Blocks {
    if old.len() + new.len() <= BY_WORDS {
        return Blocks { blocks: by_words(old, new), grain: Grain::Words };
    }
    let (was, is) = (lines(old), lines(new));
    let matched = Matched { old: &was, new: &is };
    let mut found = Blocks { blocks: Vec::new(), grain: Grain::Words };
    for block in matched.placed(&matched.runs(), old, new) {
        found.refine(block, old, new);
    }
    found
}

impl Blocks {
    /// Takes a run of lines in, word by word if it is not the same and not too large for that.
    fn refine(&mut self, block: Block, old: &str, new: &str) {
        if block.same || block.old.is_empty() || block.new.is_empty() {
            self.blocks.push(block);
        } else if block.old.len() + block.new.len() > BY_WORDS {
            self.grain = Grain::Lines;
            self.blocks.push(block);
        } else {
            let inner = by_words(part(old, &block.old), part(new, &block.new));
            self.blocks.extend(inner.into_iter().map(|inner| Block {
                old: inner.old.start + block.old.start..inner.old.end + block.old.start,
                new: inner.new.start + block.new.start..inner.new.end + block.new.start,
                ..inner
            }));
        }
    }
}

fn by_words(old: &str, new: &str) -> Vec<Block> {
    let (was, is) = (words(old), words(new));
    let matched = Matched { old: &was, new: &is };
    matched.placed(&matched.by_sentences(matched.tidy(matched.runs())), old, new)
}

/// What is compared: a word or a line, and where it is.
struct Piece<'a> {
    key: Cow<'a, str>,
    at: Range<usize>,
}

/// Cuts a text into what is not white space, bounded as UAX #29 bounds words.
fn words(text: &str) -> Vec<Piece<'_>> {
    text.split_word_bound_indices()
        .filter(|(_, word)| !word.trim().is_empty())
        .map(|(at, word)| Piece { key: word.into(), at: at..at + word.len() })
        .collect()
}

/// Cuts a text into its lines that are not blank. Lines that differ in white space have one key.
fn lines(text: &str) -> Vec<Piece<'_>> {
    let mut start = 0;
    let mut pieces = Vec::new();
    for line in text.split_inclusive('\n') {
        let bare = line.trim();
        if !bare.is_empty() {
            let from = start + (line.len() - line.trim_start().len());
            let runs = bare.split(char::is_whitespace);
            let key = if runs.clone().any(str::is_empty) || bare.contains('\t') {
                runs.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ").into()
            } else {
                bare.into()
            };
            pieces.push(Piece { key, at: from..from + bare.len() });
        }
        start += line.len();
    }
    pieces
}

fn part<'a>(text: &'a str, at: &Range<usize>) -> &'a str {
    text.get(at.clone()).unwrap_or_default()
}

/// A run of pieces, by their numbers.
#[derive(Clone)]
struct BlockRun {
    same: bool,
    old: Range<usize>,
    new: Range<usize>,
}

/// The pieces of both texts.
struct Matched<'a> {
    old: &'a [Piece<'a>],
    new: &'a [Piece<'a>],
}

impl Matched<'_> {
    /// Finds the runs of pieces that are the same and those that are not, in turn.
    fn runs(&self) -> Vec<BlockRun> {
        let ops = stretches(&keys(self.old), &keys(self.new));
        ops.iter()
            .map(|op| BlockRun { same: op.tag() == DiffTag::Equal, old: op.old_range(), new: op.new_range() })
            .fold(Vec::new(), joined)
    }

    /// Joins replacements that only a short run in common keeps apart: it is in common by chance, and
    /// two of them with scraps between are harder to read than one.
    fn tidy(&self, runs: Vec<BlockRun>) -> Vec<BlockRun> {
        let mut tidied: Vec<BlockRun> = Vec::new();
        for run in runs {
            tidied = joined(tidied, run);
            while let [.., before, same, after] = tidied.as_slice()
                && same.same
                && !before.same
                && !after.same
                && [before, after].iter().all(|run| !run.old.is_empty() && !run.new.is_empty())
                && self.length(same) * CHANCE <= self.length(before).min(self.length(after))
            {
                let whole = BlockRun {
                    same: false,
                    old: before.old.start..after.old.end,
                    new: before.new.start..after.new.end,
                };
                tidied.truncate(tidied.len() - 3);
                tidied.push(whole);
            }
        }
        tidied
    }

    /// Ends replacements where a sentence does: of two equal ends of a sentence, one of them behind
    /// what was removed or added, the first is what both texts have.
    fn by_sentences(&self, runs: Vec<BlockRun>) -> Vec<BlockRun> {
        let mut out: Vec<BlockRun> = Vec::new();
        let mut runs = runs.into_iter().peekable();
        while let Some(run) = runs.next() {
            let same = runs.peek().filter(|next| next.same && !run.same && !run.old.is_empty() && !run.new.is_empty());
            let Some([first, end, rest, same]) = same.and_then(|same| self.split(&run, same)) else {
                out = joined(out, run);
                continue;
            };
            out = [first, end, rest].into_iter().fold(out, joined);
            runs.next();
            if !same.old.is_empty() {
                out = joined(out, same);
            }
        }
        out
    }

    /// Cuts a replacement at the end of its first sentence, if that is also the end of the run behind it.
    fn split(&self, run: &BlockRun, same: &BlockRun) -> Option<[BlockRun; 4]> {
        let (old, new) = (same.old.start, same.new.start);
        let ends = &self.old.get(old)?.key;
        let longer_old = run.old.len() > run.new.len();
        let (pieces, own, other) =
            if longer_old { (self.old, &run.old, &run.new) } else { (self.new, &run.new, &run.old) };
        let found = pieces.get(own.clone())?.iter().position(|piece| piece.key == *ends)?;
        let nearer = found.abs_diff(other.len()) < own.len().abs_diff(other.len());
        if found == 0 || !nearer || !matches!(ends.as_ref(), "." | "!" | "?" | "。") {
            return None;
        }
        let cut = own.start + found;
        let change = |old, new| BlockRun { same: false, old, new };
        let keep = |old, new| BlockRun { same: true, old, new };
        let behind = keep(old + 1..same.old.end, new + 1..same.new.end);
        Some(if longer_old {
            let rest = change(cut + 1..old + 1, new + 1..new + 1);
            [change(own.start..cut, other.clone()), keep(cut..cut + 1, new..new + 1), rest, behind]
        } else {
            let rest = change(old + 1..old + 1, cut + 1..new + 1);
            [change(other.clone(), own.start..cut), keep(old..old + 1, cut..cut + 1), rest, behind]
        })
    }

    /// The bytes of a run, of whichever text has more.
    fn length(&self, run: &BlockRun) -> usize {
        extent(self.old, &run.old).max(extent(self.new, &run.new))
    }

    /// Gives runs their bytes. White space between two runs belongs to the one that is the same; a
    /// run that is the same is cut wherever its white space differs, so that places can be told.
    fn placed(&self, runs: &[BlockRun], old: &str, new: &str) -> Vec<Block> {
        let mut blocks = Vec::new();
        let (mut was, mut is) = (0, 0);
        for (at, run) in runs.iter().enumerate() {
            let end = |pieces: &[Piece<'_>], own: &Range<usize>, start: usize, whole: usize| match runs.get(at + 1) {
                None => whole,
                Some(_) if run.same => start_of(pieces, own.end).unwrap_or(whole),
                Some(_) if own.is_empty() => start,
                Some(_) => end_of(pieces, own.end).unwrap_or(start),
            };
            let (old_end, new_end) = (end(self.old, &run.old, was, old.len()), end(self.new, &run.new, is, new.len()));
            if run.same {
                for (before, after) in run.old.clone().zip(run.new.clone()).skip(1) {
                    let (to, into) =
                        (start_of(self.old, before).unwrap_or(was), start_of(self.new, after).unwrap_or(is));
                    if to - was != into - is {
                        blocks.push(Block { same: true, old: was..to, new: is..into, words: 0 });
                        (was, is) = (to, into);
                    }
                }
            }
            let words = if run.same {
                0
            } else {
                count(part(old, &(was..old_end))).max(count(part(new, &(is..new_end)))).max(1)
            };
            blocks.push(Block { same: run.same, old: was..old_end, new: is..new_end, words });
            (was, is) = (old_end, new_end);
        }
        if runs.is_empty() {
            blocks.push(Block { same: true, old: 0..old.len(), new: 0..new.len(), words: 0 });
        }
        blocks
    }
}

/// Appends a run, as part of the last one if that is of its kind.
fn joined(mut runs: Vec<BlockRun>, run: BlockRun) -> Vec<BlockRun> {
    match runs.last_mut() {
        Some(last) if last.same == run.same => {
            last.old.end = run.old.end;
            last.new.end = run.new.end;
        }
        _ => runs.push(run),
    }
    runs
}

fn keys<'a>(pieces: &'a [Piece<'_>]) -> Vec<&'a str> {
    pieces.iter().map(|piece| piece.key.as_ref()).collect()
}

fn start_of(pieces: &[Piece<'_>], piece: usize) -> Option<usize> {
    pieces.get(piece).map(|piece| piece.at.start)
}

/// Returns where the pieces before a number end.
fn end_of(pieces: &[Piece<'_>], before: usize) -> Option<usize> {
    pieces.get(before.checked_sub(1)?).map(|piece| piece.at.end)
}

fn extent(pieces: &[Piece<'_>], run: &Range<usize>) -> usize {
    let ends = start_of(pieces, run.start).zip(end_of(pieces, run.end)).filter(|_| !run.is_empty());
    ends.map_or(0, |(start, end)| end - start)
}

/// Counts the words of a text.
fn count(text: &str) -> usize {
    text.unicode_words().count()
}

/// Writes what differs between two texts with their names and three lines around; empty if nothing does.
#[must_use]
pub fn unified(old: &str, new: &str, names: (&str, &str)) -> String {
    let was: Vec<&str> = old.split_inclusive('\n').collect();
    let is: Vec<&str> = new.split_inclusive('\n').collect();
    let mut out = String::new();
    for group in group_diff_ops(stretches(&was, &is), AROUND) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        if out.is_empty() {
            let _ = writeln!(out, "--- {}\n+++ {}", names.0, names.1);
        }
        let old = hunk_range(first.old_range().start, last.old_range().end);
        let new = hunk_range(first.new_range().start, last.new_range().end);
        let _ = writeln!(out, "@@ -{old} +{new} @@");
        for op in &group {
            let (old, new) = (was.get(op.old_range()), is.get(op.new_range()));
            let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
            match op.tag() {
                DiffTag::Equal => put_lines(' ', old, &mut out),
                DiffTag::Delete => put_lines('-', old, &mut out),
                DiffTag::Insert => put_lines('+', new, &mut out),
                DiffTag::Replace => {
                    put_lines('-', old, &mut out);
                    put_lines('+', new, &mut out);
                }
            }
        }
    }
    out
}

/// Lines around a difference that [`unified`] writes.
const AROUND: usize = 3;

/// Names lines, counted from 0, as the head of a hunk does: from 1, with how many there are unless it is one, and an
/// empty range by the line before it.
fn hunk_range(start: usize, end: usize) -> String {
    match end.saturating_sub(start) {
        0 => format!("{start},0"),
        1 => (start + 1).to_string(),
        many => format!("{},{many}", start + 1),
    }
}

fn put_lines(sign: char, lines: &[&str], out: &mut String) {
    for line in lines {
        out.push(sign);
        out.push_str(line);
        if !line.ends_with('\n') {
            out.push_str("\n\\ No newline at end of file\n");
        }
    }
}

/// Steps that looking for the shortest difference may take.
const STEPS: usize = 10_000_000;

/// Finds what two sequences have in common, in order, and what lies between. Of sequences so long and so
/// different that this would take too much work, only how they begin and end is in common.
pub fn stretches<T: Eq + Hash>(old: &[T], new: &[T]) -> Vec<DiffOp> {
    let mut numbers: HashMap<&T, usize> = HashMap::new();
    for part in old.iter().chain(new) {
        let next = numbers.len();
        numbers.entry(part).or_insert(next);
    }
    let numbered = |parts: &[T]| parts.iter().map(|part| numbers.get(part).copied().unwrap_or(0)).collect::<Vec<_>>();
    let (was, is) = (numbered(old), numbered(new));
    let same = |(one, other): &(&usize, &usize)| one == other;
    let head = was.iter().zip(&is).take_while(same).count();
    let (old_rest, new_rest) = (was.get(head..).unwrap_or_default(), is.get(head..).unwrap_or_default());
    let tail = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(same).count();
    let (old_len, new_len) = (old_rest.len() - tail, new_rest.len() - tail);
    let between = (old_rest.get(..old_len).unwrap_or_default(), new_rest.get(..new_len).unwrap_or_default());
    if is_near(between.0, between.1) {
        let mut hook = Compact::new(Replace::new(Capture::new()), was.as_slice(), is.as_slice());
        // Named rather than chosen among all: each algorithm is compiled for each of what takes its steps.
        let Ok(()) = myers::diff(&mut hook, was.as_slice(), 0..was.len(), is.as_slice(), 0..is.len());
        return hook.into_inner().into_inner().into_ops();
    }
    let equal = |old_index, new_index, len| DiffOp::Equal { old_index, new_index, len };
    let ops = [
        equal(0, 0, head),
        DiffOp::Replace { old_index: head, old_len, new_index: head, new_len },
        equal(head + old_len, head + new_len, tail),
    ];
    ops.into_iter().filter(|op| !op.old_range().is_empty() || !op.new_range().is_empty()).collect()
}

/// Tells whether the shortest difference is found in a bounded number of steps, by the greedy algorithm (Myers,
/// "An O(ND) Difference Algorithm and Its Variations", 1986) without keeping the way to it.
fn is_near(old: &[usize], new: &[usize]) -> bool {
    let most = old.len() + new.len();
    let mut steps = 0;
    // The row that ways of so many edits reach on each diagonal, which is numbered by its column less its row, and
    // so many edits up.
    let mut reached: Vec<usize> = vec![0];
    for edits in 0..=most {
        let mut next = Vec::with_capacity(reached.len() + 1);
        for place in 0..=edits {
            let below = place.checked_sub(1).and_then(|before| reached.get(before)).copied();
            let above = reached.get(place).filter(|_| edits > 0).copied();
            // Down an edge takes an element away, along one puts an element in.
            let mut row = above.map(|row| row + 1).max(below).unwrap_or(0);
            let column = |row: usize| (row + 2 * place).checked_sub(edits);
            while column(row).is_some_and(|column| old.get(row).is_some_and(|one| new.get(column) == Some(one))) {
                row += 1;
                steps += 1;
            }
            if row >= old.len() && column(row).is_some_and(|column| column >= new.len()) {
                return true;
            }
            next.push(row);
        }
        steps += edits + 1;
        if steps > STEPS {
            return false;
        }
        reached = next;
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::hostile::hostile;

    fn shown(old: &str, new: &str) -> String {
        let diff = TextDiff::new(old, new);
        diff.read(old, new).map(|(change, text)| change.marked(text)).collect()
    }

    #[test]
    fn lines_that_differ_are_written_as_patch_reads_them() {
        let old = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n";
        let new = "a\nb\nC\nd\ne\nf\ng\nh\ni\nj\nk";
        let want = "--- old\n+++ new\n@@ -1,6 +1,6 @@\n a\n b\n-c\n+C\n d\n e\n f\n@@ -8,3 +8,4 @@\n h\n i\n j\n+k\n\
                    \\ No newline at end of file\n";
        assert_eq!(unified(old, new, ("old", "new")), want);
        assert_eq!(unified("", "x\n", ("a", "b")), "--- a\n+++ b\n@@ -0,0 +1 @@\n+x\n");
        assert_eq!(unified(old, old, ("a", "b")), "");
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
                if segment.change == LineChange::Same {
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

    fn kinds(old: &[u32], new: &[u32]) -> Vec<(DiffTag, usize, usize)> {
        stretches(old, new).iter().map(|op| (op.tag(), op.old_range().len(), op.new_range().len())).collect()
    }

    #[test]
    fn what_is_far_apart_is_in_common_at_its_ends_alone() {
        let many: Vec<u32> = (0..50_000).collect();
        let mut edited = many.clone();
        edited.insert(9, 1_000_000);
        edited.remove(40_000);
        assert_eq!(
            kinds(&many, &edited),
            [
                (DiffTag::Equal, 9, 9),
                (DiffTag::Insert, 0, 1),
                (DiffTag::Equal, 39_990, 39_990),
                (DiffTag::Delete, 1, 0),
                (DiffTag::Equal, 10_000, 10_000)
            ]
        );
        let turned: Vec<u32> = [0].into_iter().chain((1..49_999).rev()).chain([49_999]).collect();
        assert_eq!(
            kinds(&many, &turned),
            [(DiffTag::Equal, 1, 1), (DiffTag::Replace, 49_998, 49_998), (DiffTag::Equal, 1, 1)]
        );
        assert_eq!(kinds(&[1, 2], &[1, 2]), [(DiffTag::Equal, 2, 2)]);
        assert_eq!(kinds(&[], &[]), []);
    }
}
