//! The facts of many runs as one piece of bytes: columns of numbers, and the texts they stand for.
//!
//! ```text
//! form · runs · texts of each column of names · marks · faults · spendings · scores · columns · sum
//! ```

use std::collections::HashMap;

use crate::{
    model::Status,
    store::fact_blocks::{
        codec,
        codec::{Bytes, PackedColumn, put_count, put_text, sum},
    },
};

/// The form of these bytes. Those of another are read as if there were none.
const FORM: u8 = 3;

/// Columns of names, each with texts of its own.
pub(crate) const NAMES: usize = 9;

/// Columns of numbers, those of names before the others.
const COLUMNS: usize = NAMES + 18;

/// A column whose numbers stand for names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
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
pub(crate) enum Of {
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
pub(crate) struct Fact<'a> {
    pub(crate) seq: i64,
    /// Nanoseconds since 1970.
    pub(crate) started: i64,
    /// In the order of [`Named`].
    pub(crate) names: [Option<&'a str>; NAMES],
    pub(crate) faults: Vec<&'a str>,
    pub(crate) marks: Vec<(&'a str, Status, Option<f64>)>,
    /// [`Flag`]s.
    pub(crate) flags: i64,
    pub(crate) score: Option<f64>,
    pub(crate) took: Option<i64>,
    pub(crate) first_token: Option<i64>,
    pub(crate) tokens_in: Option<i64>,
    pub(crate) tokens_out: Option<i64>,
    pub(crate) cost: Option<i64>,
    pub(crate) waited: Option<i64>,
    pub(crate) judging_tokens: Option<i64>,
    pub(crate) judging_cost: Option<i64>,
    /// What each target took, where there were several.
    pub(crate) spendings: Vec<Spending<'a>>,
    pub(crate) attempts: i64,
    pub(crate) stars: Option<i64>,
    pub(crate) input: Option<i64>,
}

/// What one of the targets of a run took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Spending<'a> {
    pub(crate) provider: Option<&'a str>,
    pub(crate) model: &'a str,
    pub(crate) tokens_in: Option<i64>,
    pub(crate) tokens_out: Option<i64>,
    pub(crate) cost: Option<i64>,
    /// [`Flag`]s of its tokens and its cost.
    pub(crate) flags: i64,
}

/// A block in the making.
#[derive(Debug, Default)]
pub(crate) struct Builder {
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
    pub(crate) fn push(&mut self, fact: &Fact<'_>) {
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
    pub(crate) fn len(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }

    /// Returns when the first of its runs started and when the last, in nanoseconds since 1970.
    pub(crate) fn span(&self) -> Option<(i64, i64)> {
        let started = self.columns.get(NAMES + Of::Started as usize)?.iter().flatten();
        Some((*started.clone().min()?, *started.max()?))
    }

    /// Writes it.
    pub(crate) fn bytes(&self) -> Vec<u8> {
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
        codec::put(&self.measured, &mut out);
        self.columns.iter().for_each(|values| codec::put(values, &mut out));
        let sum = sum(&out);
        out.extend_from_slice(&sum.to_le_bytes());
        out
    }
}

/// A block that is read.
#[derive(Debug)]
pub(crate) struct Block<'a> {
    /// How many runs it holds.
    pub(crate) len: usize,
    columns: [PackedColumn<'a>; COLUMNS],
    /// The texts of each column of names.
    pub(crate) names: [Vec<&'a str>; NAMES],
    /// The names of checks.
    pub(crate) rules: Vec<&'a str>,
    /// The classes of faults.
    pub(crate) classes: Vec<&'a str>,
    /// Lists of verdicts: which of the rules, and how it came out.
    pub(crate) marks: Vec<Vec<(usize, Status)>>,
    /// Lists of faults: which of the classes.
    pub(crate) faults: Vec<Vec<usize>>,
    /// Lists of what each target took.
    pub(crate) spendings: Vec<Vec<Spending<'a>>>,
    values: Vec<f64>,
    measured: PackedColumn<'a>,
}

impl<'a> Block<'a> {
    /// Reads a block; none if it is of another form, or damaged.
    pub(crate) fn of(bytes: &'a [u8]) -> Option<Self> {
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
        let measured = PackedColumn::take(&mut bytes, count)?;
        let mut columns = [PackedColumn::default(); COLUMNS];
        for column in &mut columns {
            *column = PackedColumn::take(&mut bytes, len)?;
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
    pub(crate) fn column(&self, of: Of) -> PackedColumn<'a> {
        self.columns.get(NAMES + of as usize).copied().unwrap_or_default()
    }

    /// Returns a column of names, as places among the texts.
    pub(crate) fn named(&self, of: Named) -> PackedColumn<'a> {
        self.columns.get(of as usize).copied().unwrap_or_default()
    }

    /// Returns a run's number on record.
    pub(crate) fn seq(&self, at: usize) -> i64 {
        self.column(Of::Seq).of(at).wrapping_add(i64::try_from(at).unwrap_or(i64::MAX))
    }

    /// Returns the score of a run.
    pub(crate) fn score(&self, at: usize) -> Option<f64> {
        self.value(self.column(Of::Score).get(at)?)
    }

    /// Returns what the verdict at a place among all runs' verdicts measured.
    pub(crate) fn measured(&self, at: usize) -> Option<f64> {
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
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        model::run_facts::{Names, RunFacts},
        store::fact_blocks::codec::Told,
    };

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![Just(String::new()), "[a-c]{1,2}", "[é日]{60,70}"]
    }

    fn number() -> impl Strategy<Value = Option<i64>> {
        proptest::option::of(prop_oneof![any::<i64>(), 0..300_i64])
    }

    fn value() -> impl Strategy<Value = Option<f64>> {
        proptest::option::of(prop_oneof![
            any::<f64>(),
            Just(-0.0),
            (0..100_u8).prop_map(|part| f64::from(part) / 100.0)
        ])
    }

    /// What a target took: its provider, its model, tokens in and out and the cost, flags.
    type MadeSpending = (Option<String>, String, [Option<i64>; 3], i64);

    /// A run as it is made up.
    #[derive(Debug, Clone)]
    struct Made {
        names: Vec<Option<String>>,
        faults: Vec<String>,
        marks: Vec<(String, u8, Option<f64>)>,
        numbers: Vec<Option<i64>>,
        spendings: Vec<MadeSpending>,
        score: Option<f64>,
        flags: i64,
    }

    fn made() -> impl Strategy<Value = Made> {
        let names = proptest::collection::vec(proptest::option::of(text()), NAMES);
        let faults = proptest::collection::vec(text(), 0..3);
        let marks = proptest::collection::vec((text(), 0..3_u8, value()), 0..5);
        let numbers = proptest::collection::vec(number(), 12);
        let spending = (proptest::option::of(text()), text(), [number(), number(), number()], any::<i64>());
        let rest = (value(), 0..512_i64, proptest::collection::vec(spending, 0..3));
        (names, faults, marks, numbers, rest).prop_map(|(names, faults, marks, numbers, (score, flags, spendings))| {
            Made { names, faults, marks, numbers, spendings, score, flags }
        })
    }

    fn fact(made: &Made, seq: i64) -> Fact<'_> {
        let mut names = [None; NAMES];
        for (name, made) in names.iter_mut().zip(&made.names) {
            *name = made.as_deref();
        }
        Fact {
            seq,
            started: made.numbers[0].unwrap_or_default(),
            names,
            faults: made.faults.iter().map(String::as_str).collect(),
            marks: made.marks.iter().map(|(rule, at, score)| (rule.as_str(), mark(*at).unwrap(), *score)).collect(),
            flags: made.flags,
            score: made.score,
            took: made.numbers[1],
            first_token: made.numbers[2],
            tokens_in: made.numbers[3],
            tokens_out: made.numbers[4],
            cost: made.numbers[5],
            attempts: made.numbers[6].unwrap_or_default(),
            stars: made.numbers[7],
            input: made.numbers[8],
            waited: made.numbers[9],
            judging_tokens: made.numbers[10],
            judging_cost: made.numbers[11],
            spendings: made
                .spendings
                .iter()
                .map(|(provider, model, [tokens_in, tokens_out, cost], flags)| Spending {
                    provider: provider.as_deref(),
                    model,
                    tokens_in: *tokens_in,
                    tokens_out: *tokens_out,
                    cost: *cost,
                    flags: *flags,
                })
                .collect(),
        }
    }

    /// Reads a run out of a block as it was put in.
    fn read<'a>(block: &Block<'a>, at: usize) -> Fact<'a> {
        let place = |number: i64| usize::try_from(number).unwrap();
        let mut names = [None; NAMES];
        for (of, name) in names.iter_mut().enumerate() {
            *name = block.columns[of].get(at).map(|text| block.names[of][place(text)]);
        }
        let marks = |at| &block.marks[place(block.column(Of::Marks).of(at))];
        let before: usize = (0..at).map(|at| marks(at).len()).sum();
        let number = |of| block.column(of).get(at);
        let verdict = |((rule, mark), at): (&(usize, Status), usize)| (block.rules[*rule], *mark, block.measured(at));
        Fact {
            seq: block.seq(at),
            started: number(Of::Started).unwrap(),
            names,
            faults: block.faults[place(block.column(Of::Faults).of(at))]
                .iter()
                .map(|class| block.classes[*class])
                .collect(),
            marks: marks(at).iter().zip(before..).map(verdict).collect(),
            flags: block.column(Of::Flags).of(at),
            score: block.score(at),
            took: number(Of::Took),
            first_token: number(Of::FirstToken),
            tokens_in: number(Of::TokensIn),
            tokens_out: number(Of::TokensOut),
            cost: number(Of::Cost),
            attempts: number(Of::Attempts).unwrap(),
            stars: number(Of::Stars),
            input: number(Of::Input),
            waited: number(Of::Waited),
            judging_tokens: number(Of::JudgingTokens),
            judging_cost: number(Of::JudgingCost),
            spendings: number(Of::Spendings).map(|list| block.spendings[place(list)].clone()).unwrap_or_default(),
        }
    }

    fn built(runs: &[Made], gap: i64) -> Vec<u8> {
        let mut builder = Builder::default();
        for (run, seq) in runs.iter().zip(0..) {
            builder.push(&fact(run, 5 + seq * gap));
        }
        builder.bytes()
    }

    /// Writes facts out, so that a number that is none is itself.
    fn shown(fact: &impl std::fmt::Debug) -> String {
        format!("{fact:?}")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]

        #[test]
        fn every_run_is_read_as_it_was_put_in(runs in proptest::collection::vec(made(), 0..24), gap in 1..4_i64) {
            let bytes = built(&runs, gap);
            let block = Block::of(&bytes).unwrap();
            prop_assert_eq!(block.len, runs.len());
            for (at, (run, seq)) in runs.iter().zip(0..).enumerate() {
                prop_assert_eq!(shown(&read(&block, at)), shown(&fact(run, 5 + seq * gap)));
            }
        }

        #[test]
        fn runs_that_are_passed_over_change_nothing_about_the_others(
            mut runs in proptest::collection::vec(made(), 1..20),
            skipped in proptest::collection::vec(any::<bool>(), 20),
        ) {
            for run in &mut runs {
                run.names[Named::End as usize] = Some("done".to_owned());
            }
            let bytes = built(&runs, 1);
            let block = Block::of(&bytes).unwrap();
            let (mut names, mut facts) = (Names::default(), RunFacts::default());
            let (mut whole, mut some) = (Told::of(&block, &mut names), Told::of(&block, &mut names));
            for (at, skipped) in skipped.iter().enumerate().take(runs.len()) {
                let mut alone = RunFacts::default();
                prop_assert!(whole.tell(at, &mut alone));
                if *skipped {
                    some.skip(at);
                } else {
                    prop_assert!(some.tell(at, &mut facts));
                    prop_assert_eq!(shown(&facts), shown(&alone));
                }
            }
        }

        #[test]
        fn a_block_with_a_byte_changed_or_missing_is_none(
            runs in proptest::collection::vec(made(), 0..4), at in any::<prop::sample::Index>(), flip in 1..=255_u8,
        ) {
            let whole = built(&runs, 1);
            let at = at.index(whole.len());
            let mut changed = whole.clone();
            changed[at] ^= flip;
            prop_assert!(Block::of(&changed).is_none());
            prop_assert!(Block::of(&whole[..at]).is_none());
            prop_assert!(Block::of(&[whole.as_slice(), &[0]].concat()).is_none());
        }

        #[test]
        fn bytes_that_only_look_whole_are_read_without_harm(
            runs in proptest::collection::vec(made(), 0..4),
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        ) {
            let whole = built(&runs, 1);
            let mut body = whole[..whole.len() - 8].to_vec();
            for (at, byte) in changes {
                let at = at.index(body.len());
                body[at] = byte;
            }
            let bytes = [body.as_slice(), &sum(&body).to_le_bytes()].concat();
            if let Some(block) = Block::of(&bytes) {
                let mut told = Told::of(&block, &mut Names::default());
                let mut facts = RunFacts::default();
                for at in 0..block.len.min(100) {
                    told.tell(at, &mut facts);
                    block.seq(at);
                }
            }
        }
    }
}
