//! Two texts cut into words or lines, and those matched: runs that are the same and runs that are not.

use std::{borrow::Cow, ops::Range};

use similar::DiffTag;
use unicode_segmentation::UnicodeSegmentation;

use super::{Grain, stretches::stretches};

/// Bytes, both texts together, up to which they are compared word by word throughout.
const BY_WORDS: usize = 64 * 1024;

/// How many times as long as a run of the same words the changes on both of its sides must be for
/// the run to be taken for chance.
const CHANCE: usize = 3;

/// A run of both texts.
#[derive(Debug)]
pub(super) struct Block {
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
pub(super) struct Blocks {
    /// The runs in order.
    pub blocks: Vec<Block>,
    /// How finely they were found.
    pub grain: Grain,
}

/// Cuts two texts into runs that are the same but for white space, and runs that are not.
pub(super) fn blocks(old: &str, new: &str) -> Blocks {
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
struct Run {
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
    fn runs(&self) -> Vec<Run> {
        let ops = stretches(&keys(self.old), &keys(self.new));
        ops.iter()
            .map(|op| Run { same: op.tag() == DiffTag::Equal, old: op.old_range(), new: op.new_range() })
            .fold(Vec::new(), joined)
    }

    /// Joins replacements that only a short run in common keeps apart: it is in common by chance, and
    /// two of them with scraps between are harder to read than one.
    fn tidy(&self, runs: Vec<Run>) -> Vec<Run> {
        let mut tidied: Vec<Run> = Vec::new();
        for run in runs {
            tidied = joined(tidied, run);
            while let [.., before, same, after] = tidied.as_slice()
                && same.same
                && !before.same
                && !after.same
                && [before, after].iter().all(|run| !run.old.is_empty() && !run.new.is_empty())
                && self.length(same) * CHANCE <= self.length(before).min(self.length(after))
            {
                let whole =
                    Run { same: false, old: before.old.start..after.old.end, new: before.new.start..after.new.end };
                tidied.truncate(tidied.len() - 3);
                tidied.push(whole);
            }
        }
        tidied
    }

    /// Ends replacements where a sentence does: of two equal ends of a sentence, one of them behind
    /// what was removed or added, the first is what both texts have.
    fn by_sentences(&self, runs: Vec<Run>) -> Vec<Run> {
        let mut out: Vec<Run> = Vec::new();
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
    fn split(&self, run: &Run, same: &Run) -> Option<[Run; 4]> {
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
        let change = |old, new| Run { same: false, old, new };
        let keep = |old, new| Run { same: true, old, new };
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
    fn length(&self, run: &Run) -> usize {
        extent(self.old, &run.old).max(extent(self.new, &run.new))
    }

    /// Gives runs their bytes. White space between two runs belongs to the one that is the same; a
    /// run that is the same is cut wherever its white space differs, so that places can be told.
    fn placed(&self, runs: &[Run], old: &str, new: &str) -> Vec<Block> {
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
fn joined(mut runs: Vec<Run>, run: Run) -> Vec<Run> {
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
