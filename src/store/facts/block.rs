//! The facts of many runs as one piece of bytes: columns of numbers, and the texts they stand for.
//!
//! ```text
//! form · runs · texts of each column of names · marks · faults · spendings · scores · columns · sum
//! ```

use std::collections::HashMap;

use super::{
    bytes::{Bytes, put_count, put_text, sum},
    column::{self, Column},
};
use crate::model::Status;

/// The form of these bytes. Those of another are read as if there were none.
const FORM: u8 = 3;

/// Columns of names, each with texts of its own.
pub(super) const NAMES: usize = 9;

/// Columns of numbers, those of names before the others.
const COLUMNS: usize = NAMES + 18;

/// A column whose numbers stand for names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    Session,
    Prompt,
    Version,
    Params,
    Target,
    Model,
    Provider,
    End,
    Class,
}

/// A column of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// The run's number on record.
    Seq,
    /// Nanoseconds since 1970.
    Started,
    /// [`Flag`]s.
    Flags,
    /// Which of the lists of verdicts.
    Marks,
    /// Which of the lists of faults.
    Faults,
    /// Which of the scores.
    Score,
    Took,
    FirstToken,
    TokensIn,
    TokensOut,
    Cost,
    Waited,
    /// Of its judges.
    JudgingTokens,
    JudgingCost,
    /// Which of the lists of what each target took.
    Spendings,
    Attempts,
    Stars,
    Input,
}

/// What is on record of one run, lengths of time in microseconds, money in pico-dollars.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Fact<'a> {
    pub(super) seq: i64,
    /// Nanoseconds since 1970.
    pub(super) started: i64,
    /// In the order of [`Named`].
    pub(super) names: [Option<&'a str>; NAMES],
    pub(super) faults: Vec<&'a str>,
    pub(super) marks: Vec<(&'a str, Status, Option<f64>)>,
    /// [`Flag`]s.
    pub(super) flags: i64,
    pub(super) score: Option<f64>,
    pub(super) took: Option<i64>,
    pub(super) first_token: Option<i64>,
    pub(super) tokens_in: Option<i64>,
    pub(super) tokens_out: Option<i64>,
    pub(super) cost: Option<i64>,
    pub(super) waited: Option<i64>,
    pub(super) judging_tokens: Option<i64>,
    pub(super) judging_cost: Option<i64>,
    /// What each target took, where there were several.
    pub(super) spendings: Vec<Spending<'a>>,
    pub(super) attempts: i64,
    pub(super) stars: Option<i64>,
    pub(super) input: Option<i64>,
}

/// What one of the targets of a run took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Spending<'a> {
    pub(super) provider: Option<&'a str>,
    pub(super) model: &'a str,
    pub(super) tokens_in: Option<i64>,
    pub(super) tokens_out: Option<i64>,
    pub(super) cost: Option<i64>,
    /// [`Flag`]s of its tokens and its cost.
    pub(super) flags: i64,
}

/// A block in the making.
#[derive(Debug, Default)]
pub(super) struct Builder {
    columns: [Vec<Option<i64>>; COLUMNS],
    names: [Numbered<String>; NAMES],
    rules: Numbered<String>,
    classes: Numbered<String>,
    marks: Numbered<Vec<(i64, u8)>>,
    faults: Numbered<Vec<i64>>,
    /// The names of providers and models that took something of a run.
    spenders: Numbered<String>,
    spendings: Numbered<Vec<Entry>>,
    /// Numbers by their bits.
    values: Numbered<u64>,
    /// What the verdicts of all runs measured, one after the other.
    measured: Vec<Option<i64>>,
}

/// What one target took: the places of its provider and its model among the spenders, and its numbers.
type Entry = (Option<i64>, i64, [Option<i64>; 3], i64);

/// Things in the order they were met, each once.
#[derive(Debug)]
struct Numbered<T> {
    places: HashMap<T, i64>,
    all: Vec<T>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { places: HashMap::new(), all: Vec::new() }
    }
}

impl<T: std::hash::Hash + Eq + Clone> Numbered<T> {
    fn of<Q>(&mut self, thing: &Q) -> i64
    where
        T: std::borrow::Borrow<Q>,
        Q: std::hash::Hash + Eq + ToOwned<Owned = T> + ?Sized,
    {
        if let Some(place) = self.places.get(thing) {
            return *place;
        }
        let place = i64::try_from(self.all.len()).unwrap_or(i64::MAX);
        self.places.insert(thing.to_owned(), place);
        self.all.push(thing.to_owned());
        place
    }
}

impl Builder {
    /// Adds a run, whose number is larger than those before.
    pub(super) fn push(&mut self, fact: &Fact<'_>) {
        let mut measured = |value: Option<f64>| value.map(|value| self.values.of(&value.to_bits()));
        let score = measured(fact.score);
        self.measured.extend(fact.marks.iter().map(|(_, _, score)| measured(*score)));
        let mark = |(rule, mark, _): &(&str, Status, Option<f64>)| (self.rules.of(*rule), *mark as u8);
        let marks: Vec<(i64, u8)> = fact.marks.iter().map(mark).collect();
        let faults: Vec<i64> = fact.faults.iter().map(|class| self.classes.of(*class)).collect();
        let spending = |own: &Spending<'_>| {
            let provider = own.provider.map(|name| self.spenders.of(name));
            (provider, self.spenders.of(own.model), [own.tokens_in, own.tokens_out, own.cost], own.flags)
        };
        let spendings: Vec<Entry> = fact.spendings.iter().map(spending).collect();
        // A run's number is told from its place, so that it takes no byte where none is missing.
        let before = i64::try_from(self.len()).unwrap_or(i64::MAX);
        let numbers = [
            Some(fact.seq.wrapping_sub(before)),
            Some(fact.started),
            Some(fact.flags),
            Some(self.marks.of(&marks)),
            Some(self.faults.of(&faults)),
            score,
            fact.took,
            fact.first_token,
            fact.tokens_in,
            fact.tokens_out,
            fact.cost,
            fact.waited,
            fact.judging_tokens,
            fact.judging_cost,
            (!spendings.is_empty()).then(|| self.spendings.of(&spendings)),
            Some(fact.attempts),
            fact.stars,
            fact.input,
        ];
        let names = fact.names.iter().zip(&mut self.names).map(|(name, own)| name.map(|name| own.of(name)));
        for (column, number) in self.columns.iter_mut().zip(names.chain(numbers)) {
            column.push(number);
        }
    }

    /// Returns how many runs it holds.
    pub(super) fn len(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }

    /// Returns when the first of its runs started and when the last, in nanoseconds since 1970.
    pub(super) fn span(&self) -> Option<(i64, i64)> {
        let started = self.columns.get(NAMES + Of::Started as usize)?.iter().flatten();
        Some((*started.clone().min()?, *started.max()?))
    }

    /// Writes it.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut out = vec![FORM];
        put_count(self.len(), &mut out);
        for texts in self.names.iter().chain([&self.rules, &self.classes, &self.spenders]) {
            put_count(texts.all.len(), &mut out);
            texts.all.iter().for_each(|text| put_text(text, &mut out));
        }
        put_count(self.marks.all.len(), &mut out);
        for marks in &self.marks.all {
            put_count(marks.len(), &mut out);
            for (rule, mark) in marks {
                put_count(usize::try_from(*rule).unwrap_or(usize::MAX), &mut out);
                out.push(*mark);
            }
        }
        put_count(self.faults.all.len(), &mut out);
        for faults in &self.faults.all {
            put_count(faults.len(), &mut out);
            for class in faults {
                put_count(usize::try_from(*class).unwrap_or(usize::MAX), &mut out);
            }
        }
        put_count(self.spendings.all.len(), &mut out);
        for list in &self.spendings.all {
            put_count(list.len(), &mut out);
            for (provider, model, numbers, flags) in list {
                let place = |place: Option<i64>| place.and_then(|place| usize::try_from(place).ok());
                put_count(place(*provider).map_or(0, |place| place + 1), &mut out);
                put_count(place(Some(*model)).unwrap_or(0), &mut out);
                for number in numbers.iter().copied().chain([Some(*flags)]) {
                    put_number(number, &mut out);
                }
            }
        }
        put_count(self.values.all.len(), &mut out);
        self.values.all.iter().for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
        put_count(self.measured.len(), &mut out);
        column::put(&self.measured, &mut out);
        self.columns.iter().for_each(|values| column::put(values, &mut out));
        let sum = sum(&out);
        out.extend_from_slice(&sum.to_le_bytes());
        out
    }
}

/// A block that is read.
#[derive(Debug)]
pub(super) struct Block<'a> {
    /// How many runs it holds.
    pub(super) len: usize,
    columns: [Column<'a>; COLUMNS],
    /// The texts of each column of names.
    pub(super) names: [Vec<&'a str>; NAMES],
    /// The names of checks.
    pub(super) rules: Vec<&'a str>,
    /// The classes of faults.
    pub(super) classes: Vec<&'a str>,
    /// Lists of verdicts: which of the rules, and how it came out.
    pub(super) marks: Vec<Vec<(usize, Status)>>,
    /// Lists of faults: which of the classes.
    pub(super) faults: Vec<Vec<usize>>,
    /// Lists of what each target took.
    pub(super) spendings: Vec<Vec<Spending<'a>>>,
    values: Vec<f64>,
    measured: Column<'a>,
}

impl<'a> Block<'a> {
    /// Reads a block; none if it is of another form, or damaged.
    pub(super) fn of(bytes: &'a [u8]) -> Option<Self> {
        let (whole, last) = bytes.split_last_chunk()?;
        if sum(whole) != u64::from_le_bytes(*last) {
            return None;
        }
        // The columns read as far as eight bytes beyond their end, into the sum.
        let mut bytes = Bytes(bytes);
        if bytes.byte()? != FORM {
            return None;
        }
        let len = bytes.count()?;
        let mut names: [Vec<&str>; NAMES] = Default::default();
        for own in &mut names {
            *own = many(&mut bytes, Bytes::text)?;
        }
        let (rules, classes) = (many(&mut bytes, Bytes::text)?, many(&mut bytes, Bytes::text)?);
        let spenders: Vec<&str> = many(&mut bytes, Bytes::text)?;
        let marks = many(&mut bytes, |bytes| many(bytes, |bytes| Some((bytes.count()?, mark(bytes.byte()?)?))))?;
        let faults = many(&mut bytes, |bytes| many(bytes, Bytes::count))?;
        let spending = |bytes: &mut Bytes<'a>| {
            let (provider, model) = (bytes.count()?, bytes.count()?);
            let [tokens_in, tokens_out, cost, flags] = [number(bytes)?, number(bytes)?, number(bytes)?, number(bytes)?];
            let provider = provider.checked_sub(1).and_then(|place| spenders.get(place).copied());
            let model = spenders.get(model).copied()?;
            Some(Spending { provider, model, tokens_in, tokens_out, cost, flags: flags.unwrap_or_default() })
        };
        let spendings = many(&mut bytes, |bytes| many(bytes, spending))?;
        let values = many(&mut bytes, |bytes| bytes.word().map(f64::from_bits))?;
        let count = bytes.count()?;
        let measured = Column::take(&mut bytes, count)?;
        let mut columns = [Column::default(); COLUMNS];
        for column in &mut columns {
            *column = Column::take(&mut bytes, len)?;
        }
        (bytes.0.len() == 8).then_some(Self {
            len,
            columns,
            names,
            rules,
            classes,
            marks,
            faults,
            spendings,
            values,
            measured,
        })
    }

    /// Returns a column of numbers.
    pub(super) fn column(&self, of: Of) -> Column<'a> {
        self.columns.get(NAMES + of as usize).copied().unwrap_or_default()
    }

    /// Returns a column of names, as places among the texts.
    pub(super) fn named(&self, of: Named) -> Column<'a> {
        self.columns.get(of as usize).copied().unwrap_or_default()
    }

    /// Returns a run's number on record.
    pub(super) fn seq(&self, at: usize) -> i64 {
        self.column(Of::Seq).of(at).wrapping_add(i64::try_from(at).unwrap_or(i64::MAX))
    }

    /// Returns the score of a run.
    pub(super) fn score(&self, at: usize) -> Option<f64> {
        self.value(self.column(Of::Score).get(at)?)
    }

    /// Returns what the verdict at a place among all runs' verdicts measured.
    pub(super) fn measured(&self, at: usize) -> Option<f64> {
        self.value(self.measured.get(at)?)
    }

    fn value(&self, place: i64) -> Option<f64> {
        self.values.get(usize::try_from(place).ok()?).copied()
    }
}

/// Reads as many things as the count before them says.
fn many<'a, T>(bytes: &mut Bytes<'a>, one: impl Fn(&mut Bytes<'a>) -> Option<T>) -> Option<Vec<T>> {
    let count = bytes.count()?;
    // Each takes a byte at least.
    (count <= bytes.0.len()).then(|| (0..count).map(|_| one(bytes)).collect()).flatten()
}

/// Writes a number that may be none.
fn put_number(number: Option<i64>, out: &mut Vec<u8>) {
    out.push(u8::from(number.is_some()));
    if let Some(number) = number {
        out.extend_from_slice(&number.to_le_bytes());
    }
}

/// Reads a number that may be none.
#[allow(clippy::option_option, reason = "a number that is none was read as well")]
fn number(bytes: &mut Bytes<'_>) -> Option<Option<i64>> {
    match bytes.byte()? {
        0 => Some(None),
        1 => bytes.word().map(|word| Some(word.cast_signed())),
        _ => None,
    }
}

fn mark(byte: u8) -> Option<Status> {
    [Status::Passed, Status::Failed, Status::Inconclusive].into_iter().find(|mark| *mark as u8 == byte)
}

#[cfg(test)]
mod tests;
