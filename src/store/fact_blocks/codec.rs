//! Bytes read from the front, never beyond their end, and the sum that tells whether they are whole.
//!
//! One whole number of each of many runs, in as few bytes as the largest of them takes.
//!
//! Runs read off their rows into a block.
//!
//! The runs of a block as facts, one after the other, in names that all blocks share.
//!
//! What holds of a run, how it came out and how sure its costs are, in the bits of one number.

use std::{collections::HashMap, time::Duration};

use rusqlite::{Connection, Row, ToSql};

use crate::{
    model::{
        Cost, ErrorKind, Grade, PicoDollars, Quality, RunStatus, Spent, Status, Thumb, Usage, Verdict,
        outcome::Judging,
        run_facts::{Ending, Name, Names, RunFacts, TargetSpent},
    },
    store::{
        fact_blocks::block::{Block, Builder, Fact, Named, Of, Spending},
        runs::RUNNING,
    },
};

/// What is still to be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl<'a> Bytes<'a> {
    /// Takes so many bytes.
    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// Takes a byte.
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// Takes eight bytes as a number, the least significant first.
    pub(crate) fn word(&mut self) -> Option<u64> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*first))
    }

    /// Takes a count as [`put_count`] writes it.
    pub(crate) fn count(&mut self) -> Option<usize> {
        let mut count = 0_usize;
        for shift in (0..usize::BITS).step_by(7) {
            let byte = self.byte()?;
            count |= usize::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(count);
            }
        }
        None
    }

    /// Takes a text with its length before it.
    pub(crate) fn text(&mut self) -> Option<&'a str> {
        let length = self.count()?;
        std::str::from_utf8(self.take(length)?).ok()
    }
}

/// Writes a count, seven bits to a byte, the least significant first.
pub(crate) fn put_count(mut count: usize, out: &mut Vec<u8>) {
    while count >= 0x80 {
        out.push((count & 0x7f) as u8 | 0x80);
        count >>= 7;
    }
    out.push(count as u8);
}

/// Writes a text with its length before it.
pub(crate) fn put_text(text: &str, out: &mut Vec<u8>) {
    put_count(text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

/// Sums bytes up, so that one that has changed is most likely seen: eight at a time, by the multiplier of
/// FNV-1a (Fowler, Noll, Vo).
pub(crate) fn sum(bytes: &[u8]) -> u64 {
    let mix = |sum: u64, word: u64| (sum.rotate_left(23) ^ word).wrapping_mul(0x0000_0100_0000_01b3);
    let (words, rest) = bytes.as_chunks::<8>();
    let whole = words.iter().fold(bytes.len() as u64, |sum, word| mix(sum, u64::from_le_bytes(*word)));
    rest.iter().fold(whole, |sum, byte| mix(sum, u64::from(*byte)))
}

/// No run has the number.
const NONE: u8 = 0x20;

/// Some runs do not have it: a bit for each that does comes first.
const SOME: u8 = 0x10;

/// The bits that tell how many bytes a number takes, from 0 to 8.
const WIDTH: u8 = 0x0f;

/// Numbers of runs, to be read by the place of the run.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PackedColumn<'a> {
    /// A bit for each run that has the number, if some have none.
    has: Option<&'a [u8]>,
    /// False if none has it.
    any: bool,
    /// The smallest, which the others are told from.
    least: i64,
    width: usize,
    mask: u64,
    /// The numbers, and at least eight bytes more.
    bytes: &'a [u8],
}

/// Writes a column.
pub(crate) fn put(values: &[Option<i64>], out: &mut Vec<u8>) {
    let (Some(least), Some(most)) = (values.iter().flatten().min(), values.iter().flatten().max()) else {
        return out.push(NONE);
    };
    let above = |value: i64| value.wrapping_sub(*least).cast_unsigned();
    let width = (u64::BITS - above(*most).leading_zeros()).div_ceil(8) as usize;
    let some = values.iter().any(Option::is_none);
    out.push(width as u8 | if some { SOME } else { 0 });
    out.extend_from_slice(&least.to_le_bytes());
    if some {
        let bit = |(at, value): (usize, &Option<i64>)| u8::from(value.is_some()) << at;
        out.extend(values.chunks(8).map(|eight| eight.iter().enumerate().map(bit).sum::<u8>()));
    }
    for value in values {
        let bytes = value.map_or(0, above).to_le_bytes();
        out.extend_from_slice(bytes.get(..width).unwrap_or_default());
    }
}

impl<'a> PackedColumn<'a> {
    /// Takes a column of so many numbers from bytes that go on for eight more at least.
    pub(crate) fn take(bytes: &mut Bytes<'a>, count: usize) -> Option<Self> {
        let kind = bytes.byte()?;
        if kind == NONE {
            return Some(Self::default());
        }
        let width = usize::from(kind & WIDTH);
        if width > 8 || kind & !(WIDTH | SOME) != 0 {
            return None;
        }
        let least = bytes.word()?.cast_signed();
        let has = if kind & SOME == 0 { None } else { Some(bytes.take(count.div_ceil(8))?) };
        let from = bytes.0;
        let length = count.checked_mul(width)?;
        bytes.take(length)?;
        let numbers = from.get(..length.checked_add(8)?)?;
        let mask = u64::MAX.checked_shr(64 - 8 * width as u32).unwrap_or(0);
        Some(Self { has, any: true, least, width, mask, bytes: numbers })
    }

    /// Returns the number of a run, if it has one.
    pub(crate) fn get(&self, at: usize) -> Option<i64> {
        let has = match self.has {
            None => self.any,
            Some(bits) => bits.get(at / 8).is_some_and(|byte| byte & 1 << (at % 8) != 0),
        };
        has.then(|| self.least.wrapping_add(self.above(at).cast_signed()))
    }

    /// Returns the number of a run, where every run has one; zero where it has none.
    pub(crate) fn of(&self, at: usize) -> i64 {
        self.least.wrapping_add(self.above(at).cast_signed())
    }

    fn above(&self, at: usize) -> u64 {
        let from = at * self.width;
        let window = self.bytes.get(from..from + 8).and_then(|eight| eight.try_into().ok());
        window.map_or(0, u64::from_le_bytes) & self.mask
    }
}

/// What is read; `end` is the last of the names but one.
const FACTS: &str = "SELECT seq, started, session, prompt_name, prompt_hash, params, target, model, provider, end,
        error_class,
        CASE WHEN attempts > 1 OR end <> 'done' THEN (
            SELECT group_concat(DISTINCT class) FROM attempt WHERE attempt.seq = run.seq) END,
        status, marks, took_us, first_token_us, tokens_input, tokens_cache_read, tokens_cache_write, tokens_output,
        tokens_reasoning, tokens_estimated, tokens_partial, cost, cost_state, attempts, requested <> target,
        provenance IS 'cached', demo, pinned = 1, score, input_hash,
        (SELECT json_array(stars, thumb, comment) FROM grade WHERE grade.run = run.seq ORDER BY grade.seq DESC LIMIT 1),
        waited_us, judge, judging,
        CASE WHEN attempts > 1 OR end <> 'done' THEN (
            SELECT json_group_array(json_array(provider, model, json_array(tokens_input, tokens_cache_read,
                tokens_cache_write, tokens_output, tokens_reasoning), tokens_estimated, tokens_partial, cost,
                cost_state))
            FROM attempt WHERE attempt.seq = run.seq) END
    FROM run";

/// One call of a run as [`FACTS`] reads it: its provider and model, the five classes of tokens, whether they are
/// estimated and partial, the cost and how sure it is.
type Call = (String, String, [Option<i64>; 5], i64, i64, Option<i64>, Option<String>);

/// Reads the runs that a condition finds, in their order, but for those under way; tells whether there were any of
/// these.
pub(crate) fn read(db: &Connection, condition: &str, values: &[&dyn ToSql]) -> rusqlite::Result<(Builder, bool)> {
    let mut statement = db.prepare_cached(&format!("{FACTS} WHERE {condition} ORDER BY seq"))?;
    let mut rows = statement.query(values)?;
    let (mut builder, mut under_way) = (Builder::default(), false);
    while let Some(row) = rows.next()? {
        if row.get_ref(9)?.as_str() == Ok(RUNNING) {
            under_way = true;
        } else {
            let calls = row.get_ref(36)?.as_str_or_null()?.and_then(|calls| serde_json::from_str(calls).ok());
            let calls: Vec<Call> = calls.unwrap_or_default();
            builder.push(&fact(row, &calls)?);
        }
    }
    Ok((builder, under_way))
}

fn fact<'a>(row: &'a Row<'_>, calls: &'a [Call]) -> rusqlite::Result<Fact<'a>> {
    let text = |column: usize| row.get_ref(column)?.as_str_or_null().map_err(rusqlite::Error::from);
    let class = text(10)?;
    let mut faults: Vec<&str> = text(11)?.into_iter().flat_map(|all| all.split(',')).collect();
    faults.extend(class.filter(|class| !faults.contains(class)));
    let grade: Option<(Option<u8>, Option<Thumb>, String)> =
        text(32)?.and_then(|grade| serde_json::from_str(grade).ok());
    let grade = grade.map(|(stars, thumb, comment)| Grade { stars, thumb, comment }).unwrap_or_default();
    let right = grade.right();
    let status = text(12)?.and_then(RunStatus::of_word).unwrap_or_default();
    let counts = [row.get(16)?, row.get(17)?, row.get(18)?, row.get(19)?, row.get(20)?];
    let counted = spent(counts, row.get(21)?, row.get(22)?, row.get(23)?, text(24)?.unwrap_or_default());
    // What ended with an answer that nobody counted, or without an end, took something all the same.
    let partial = counted.usage.partial || (counted.usage.total().is_none() && counted.cost != Cost::NOTHING);
    let judging: Option<Judging> = text(35)?.and_then(|judging| serde_json::from_str(judging).ok());
    let flags = Flag::all(&[
        (Flag::TokensEstimated, counted.usage.estimated),
        (Flag::TokensPartial, partial),
        (Flag::FellBack, row.get(26)?),
        (Flag::Cached, row.get(27)?),
        (Flag::Demo, row.get(28)?),
        (Flag::Pinned, row.get(29)?),
        (Flag::Graded, !grade.is_empty()),
        (Flag::Weighed, right.is_some()),
        (Flag::Right, right == Some(true)),
        (Flag::Judge, row.get(34)?),
        (Flag::JudgingEstimated, judging.is_some_and(|judging| judging.estimated)),
        (Flag::JudgingPartial, judging.is_some_and(|judging| judging.partial)),
    ]) | status_flags(status)
        | cost_flags(CostOf::Run, counted.cost)
        | judging.map_or(0, |judging| cost_flags(CostOf::Judges, judging.cost));
    let whole = |count: Option<u64>| count.map(|count| i64::try_from(count).unwrap_or(i64::MAX));
    let (target, model, provider) = (text(6)?, text(7)?, text(8)?);
    Ok(Fact {
        seq: row.get(0)?,
        started: row.get(1)?,
        names: [text(2)?, text(3)?, text(4)?, text(5)?, target, model, provider, text(9)?, class],
        faults,
        marks: text(13)?.unwrap_or_default().split(' ').filter_map(one).collect(),
        flags,
        score: row.get(30)?,
        took: row.get(14)?,
        first_token: row.get(15)?,
        tokens_in: whole(counted.usage.total_input()),
        tokens_out: whole(counted.usage.total_output()),
        cost: row.get(23)?,
        waited: row.get(33)?,
        judging_tokens: judging.and_then(|judging| whole(Some(judging.tokens))),
        judging_cost: judging.and_then(|judging| whole(judging.cost.amount().map(|amount| amount.0))),
        spendings: spendings(calls, provider, model),
        attempts: row.get(25)?,
        stars: grade.stars.map(i64::from),
        input: row.get(31)?,
    })
}

/// Puts what was taken together as it is on record. A count that cannot be is none, and its price means nothing.
fn spent(counts: [Option<i64>; 5], estimated: bool, partial: bool, cost: Option<i64>, sureness: &str) -> Spent {
    let [input, cache_read, cache_write, output, reasoning] = counts.map(|count| count.map(i64::unsigned_abs));
    let written = Usage { input, cache_read, cache_write, output, reasoning, estimated, partial };
    let usage = written.possible();
    let amount = cost.map(|cost| PicoDollars(cost.unsigned_abs()));
    let cost = if usage == written { Cost::of(amount, sureness) } else { Cost::Unknown };
    Spent { usage, cost }
}

/// Sums calls up by provider and model; nothing if they are all those of one, or some are of an earlier build that
/// did not keep it.
fn spendings<'a>(calls: &'a [Call], provider: Option<&str>, model: Option<&str>) -> Vec<Spending<'a>> {
    let own = |call: &Call| (Some(call.0.as_str()), Some(call.1.as_str())) == (provider, model);
    if calls.iter().all(own) || calls.iter().any(|call| call.6.is_none()) {
        return Vec::new();
    }
    let mut sums: Vec<(&str, &str, Spent)> = Vec::new();
    for (provider, model, counts, estimated, partial, cost, sureness) in calls {
        let took = spent(*counts, *estimated != 0, *partial != 0, *cost, sureness.as_deref().unwrap_or_default());
        match sums.iter_mut().find(|(known, other, _)| known == provider && other == model) {
            Some((.., sum)) => *sum = sum.plus(took),
            None => sums.push((provider, model, took)),
        }
    }
    let whole = |count: Option<u64>| count.map(|count| i64::try_from(count).unwrap_or(i64::MAX));
    let spending = |(provider, model, Spent { usage, cost }): (&'a str, &'a str, Spent)| Spending {
        provider: Some(provider),
        model,
        tokens_in: whole(usage.total_input()),
        tokens_out: whole(usage.total_output()),
        cost: whole(cost.amount().map(|amount| amount.0)),
        flags: Flag::all(&[(Flag::TokensEstimated, usage.estimated), (Flag::TokensPartial, usage.partial)])
            | cost_flags(CostOf::Run, cost),
    };
    sums.into_iter().map(spending).collect()
}

/// Writes the verdicts of a run on one line: `format+ confidence-0.42 latency?`.
pub(crate) fn marks(quality: &Quality) -> String {
    let mark = |mark| match mark {
        Status::Passed => '+',
        Status::Failed => '-',
        Status::Inconclusive => '?',
    };
    let one = |verdict: &Verdict| {
        let score = verdict.score.map_or_else(String::new, |score| score.to_string());
        format!("{}{}{score}", verdict.rule.to_string().replace(' ', "_"), mark(verdict.status))
    };
    quality.verdicts.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Reads one verdict as [`marks`] writes it.
fn one(part: &str) -> Option<(&str, Status, Option<f64>)> {
    // A rule has no sign at its end but the mark; names such as `not-contains` have one inside.
    let at = part.rfind(['+', '?']).or_else(|| minus(part))?;
    let (rule, rest) = part.split_at_checked(at)?;
    let (mark, score) = rest.split_at_checked(1)?;
    let mark = match mark {
        "+" => Status::Passed,
        "-" => Status::Failed,
        _ => Status::Inconclusive,
    };
    Some((rule, mark, score.parse().ok()))
}

/// Finds the minus that marks a failure: the last one that nothing but a number, or nothing, comes after.
fn minus(part: &str) -> Option<usize> {
    part.match_indices('-').map(|(at, _)| at).find(|at| {
        let rest = part.get(at + 1..).unwrap_or_default();
        rest.is_empty() || rest.parse::<f64>().is_ok()
    })
}

/// A block whose runs are told.
pub(crate) struct Told<'a> {
    block: &'a Block<'a>,
    names: Vec<Vec<Name>>,
    ends: Vec<Option<Ending>>,
    /// Whether each class that runs ended with is one of the answer.
    of_the_answer: Vec<bool>,
    rules: Vec<Name>,
    classes: Vec<Name>,
    /// Providers and models that took something of a run.
    spenders: HashMap<&'a str, Name>,
    /// Where the verdicts of the next run begin among those of all.
    verdict: usize,
}

impl<'a> Told<'a> {
    /// Begins with the first run.
    pub(crate) fn of(block: &'a Block<'a>, names: &mut Names) -> Self {
        let all = block.spendings.iter().flatten().flat_map(|own| own.provider.into_iter().chain([own.model]));
        let spenders = all.map(|text| (text, names.of(text))).collect();
        let mut shared = |texts: &[&str]| texts.iter().map(|text| names.of(text)).collect::<Vec<Name>>();
        let classes = block.names.get(Named::Class as usize).map(Vec::as_slice).unwrap_or_default();
        let own = ErrorKind::OF_THE_ANSWER.map(|class| class.to_string());
        let ends = block.names.get(Named::End as usize).map(Vec::as_slice).unwrap_or_default();
        Self {
            block,
            names: block.names.iter().map(|texts| shared(texts)).collect(),
            of_the_answer: classes.iter().map(|class| own.iter().any(|own| own == class)).collect(),
            ends: ends.iter().map(|word| Ending::of_word(word)).collect(),
            spenders,
            rules: shared(&block.rules),
            classes: shared(&block.classes),
            verdict: 0,
        }
    }

    /// Passes over a run.
    pub(crate) fn skip(&mut self, at: usize) {
        self.verdict += self.marks(at).len();
    }

    fn marks(&self, at: usize) -> &'a [(usize, Status)] {
        list(&self.block.marks, self.block.column(Of::Marks).of(at))
    }

    /// Writes the facts of a run over others; places come one after the other. False if its end means nothing.
    pub(crate) fn tell(&mut self, at: usize, facts: &mut RunFacts) -> bool {
        let block = self.block;
        let name = |of: Named| {
            let place = usize::try_from(block.named(of).get(at)?).ok()?;
            self.names.get(of as usize)?.get(place).copied()
        };
        let number = |of: Of| block.column(of).get(at);
        let end = number_of(block.named(Named::End).get(at)).and_then(|place| self.ends.get(place).copied().flatten());
        let Some(end) = end else {
            self.skip(at);
            return false;
        };
        let flags = block.column(Of::Flags).of(at);
        let has = |flag: Flag| flags & flag as i64 != 0;
        let length = |of: Of| number(of).map(|us| Duration::from_micros(us.unsigned_abs()));
        facts.started = block.column(Of::Started).of(at).div_euclid(1_000_000_000);
        facts.session = name(Named::Session);
        facts.prompt = name(Named::Prompt);
        facts.version = name(Named::Version);
        facts.params = name(Named::Params);
        facts.target = name(Named::Target);
        facts.model = name(Named::Model);
        facts.provider = name(Named::Provider);
        facts.end = end;
        facts.class = name(Named::Class);
        facts.status = status_of(flags);
        let class = number_of(block.named(Named::Class).get(at)).and_then(|place| self.of_the_answer.get(place));
        facts.compared = facts.status.compared(class.is_some_and(|own| *own));
        facts.score = block.score(at);
        facts.took = length(Of::Took);
        facts.first_token = length(Of::FirstToken);
        facts.waited = length(Of::Waited).unwrap_or_default();
        facts.cached = has(Flag::Cached);
        facts.spent = if facts.cached {
            Spent::default()
        } else {
            spent_told(number(Of::TokensIn), number(Of::TokensOut), number(Of::Cost), flags)
        };
        facts.by_target.clear();
        let spendings = number(Of::Spendings).map(|place| list(&block.spendings, place)).unwrap_or_default();
        facts.by_target.extend(spendings.iter().map(|own| TargetSpent {
            provider: own.provider.and_then(|name| self.spenders.get(name).copied()),
            model: self.spenders.get(own.model).copied(),
            spent: spent_told(own.tokens_in, own.tokens_out, own.cost, own.flags),
        }));
        facts.judging = cost_of(CostOf::Judges, flags, number(Of::JudgingCost)).map(|cost| Judging {
            cost,
            tokens: number(Of::JudgingTokens).unwrap_or_default().unsigned_abs(),
            estimated: has(Flag::JudgingEstimated),
            partial: has(Flag::JudgingPartial),
        });
        facts.judge = has(Flag::Judge);
        facts.attempts = u32::try_from(block.column(Of::Attempts).of(at)).unwrap_or(u32::MAX);
        facts.fell_back = has(Flag::FellBack);
        facts.demo = has(Flag::Demo);
        facts.stars = number(Of::Stars).and_then(|stars| u8::try_from(stars).ok());
        facts.right = has(Flag::Weighed).then(|| has(Flag::Right));
        facts.input = number(Of::Input);
        facts.faults.clear();
        let faults = list(&block.faults, block.column(Of::Faults).of(at));
        facts.faults.extend(faults.iter().filter_map(|class| self.classes.get(*class)));
        facts.marks.clear();
        let from = self.verdict;
        self.skip(at);
        for ((rule, mark), verdict) in self.marks(at).iter().zip(from..) {
            if let Some(rule) = self.rules.get(*rule) {
                facts.marks.push((*rule, *mark, block.measured(verdict)));
            }
        }
        true
    }
}

/// Puts together what was taken: sums in and out, the cost, how sure they are.
fn spent_told(input: Option<i64>, output: Option<i64>, cost: Option<i64>, flags: i64) -> Spent {
    let has = |flag: Flag| flags & flag as i64 != 0;
    let [input, output] = [input, output].map(|count| count.map(i64::unsigned_abs));
    let (estimated, partial) = (has(Flag::TokensEstimated), has(Flag::TokensPartial));
    let cost = cost_of(CostOf::Run, flags, cost).unwrap_or_default();
    Spent { usage: Usage { input, output, estimated, partial, ..Usage::default() }, cost }
}

fn number_of(place: Option<i64>) -> Option<usize> {
    usize::try_from(place?).ok()
}

fn list<T>(lists: &[Vec<T>], place: i64) -> &[T] {
    number_of(Some(place)).and_then(|place| lists.get(place)).map(Vec::as_slice).unwrap_or_default()
}

/// What holds of a run or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flag {
    TokensEstimated = 1,
    TokensPartial = 2,
    Cached = 4,
    Demo = 8,
    FellBack = 16,
    Pinned = 32,
    Graded = 64,
    /// Somebody said whether it is right.
    Weighed = 128,
    Right = 256,
    /// It is the run of a judge.
    Judge = 512,
    JudgingEstimated = 1024,
    JudgingPartial = 2048,
}

/// How a run came out stands above the flags.
const STATUS: u32 = 16;

/// The flags that say how a run came out.
pub(crate) const STATUS_MASK: i64 = 7 << STATUS;

/// Writes how a run came out as flags.
pub(crate) fn status_flags(status: RunStatus) -> i64 {
    let place = RunStatus::ALL.iter().position(|known| *known == status).unwrap_or(0);
    i64::try_from(place).unwrap_or(0) << STATUS
}

/// Reads how a run came out off its flags.
pub(crate) fn status_of(flags: i64) -> RunStatus {
    let place = usize::try_from((flags & STATUS_MASK) >> STATUS).unwrap_or(0);
    RunStatus::ALL.get(place).copied().unwrap_or_default()
}

/// Where it stands how sure the cost of a run is, and that of its judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CostOf {
    Run = 20,
    Judges = 24,
}

/// How sure a cost can be; 0 of its place is none at all.
const SURENESS: [&str; 4] = ["unknown", "known", "estimated", "at_least"];

/// Writes how sure a cost is as flags.
pub(crate) fn cost_flags(of: CostOf, cost: Cost) -> i64 {
    let place = SURENESS.iter().position(|known| *known == cost.sureness()).unwrap_or(0);
    (i64::try_from(place).unwrap_or(0) + 1) << (of as u32)
}

/// Reads a cost off its amount and the flags; none if there is none.
pub(crate) fn cost_of(of: CostOf, flags: i64, amount: Option<i64>) -> Option<Cost> {
    let place = usize::try_from((flags >> (of as u32)) & 7).ok()?.checked_sub(1)?;
    Some(Cost::of(amount.map(|amount| PicoDollars(amount.unsigned_abs())), SURENESS.get(place)?))
}

impl Flag {
    /// Puts together those that hold.
    pub(crate) fn all(flags: &[(Self, bool)]) -> i64 {
        flags.iter().filter(|(_, holds)| *holds).fold(0, |all, (flag, _)| all | *flag as i64)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Rule;

    fn number() -> impl Strategy<Value = i64> {
        prop_oneof![any::<i64>(), -3..300_i64, Just(i64::MIN), Just(i64::MAX)]
    }

    fn numbers() -> impl Strategy<Value = Vec<Option<i64>>> {
        prop_oneof![
            proptest::collection::vec(proptest::option::of(number()), 0..40),
            proptest::collection::vec(number().prop_map(Some), 0..40),
            proptest::collection::vec(Just(None), 0..40),
        ]
    }

    proptest! {
        #[test]
        fn every_number_is_read_as_it_was_written(values in numbers(), other in numbers()) {
            let mut out = Vec::new();
            put(&values, &mut out);
            put(&other, &mut out);
            out.extend([0; 8]);
            let mut bytes = Bytes(&out);
            for values in [&values, &other] {
                let column = PackedColumn::take(&mut bytes, values.len()).unwrap();
                for (at, value) in values.iter().enumerate() {
                    prop_assert_eq!(column.get(at), *value);
                    prop_assert!(value.is_none_or(|value| column.of(at) == value));
                }
                prop_assert_eq!(column.of(usize::from(u16::MAX)), column.of(usize::from(u16::MAX)));
            }
            prop_assert_eq!(bytes.0.len(), 8);
        }

        #[test]
        fn a_column_that_is_cut_short_is_none(values in numbers(), cut in 1..20_usize) {
            let mut out = Vec::new();
            put(&values, &mut out);
            let column = PackedColumn::take(&mut Bytes(&out[..out.len().saturating_sub(cut)]), values.len());
            prop_assert!(column.is_none_or(|column| values.is_empty() || !column.any));
        }
    }
    #[test]
    fn verdicts_are_read_as_they_were_written() {
        let verdict =
            |rule: &str, mark, score| Verdict { score, ..Verdict::new(Rule::Check(rule.to_owned()), mark, "") };
        let all = vec![
            verdict("format", Status::Passed, None),
            verdict("not-contains", Status::Failed, None),
            verdict("confidence", Status::Failed, Some(0.42)),
            verdict("rouge-n", Status::Passed, Some(1e-7)),
            verdict("cost", Status::Failed, Some(-0.5)),
            verdict("llm-rubric", Status::Inconclusive, None),
        ];
        let line = marks(&Quality::of(all.clone()));
        let read: Vec<_> =
            line.split(' ').filter_map(one).map(|(rule, mark, score)| (rule.to_owned(), mark, score)).collect();
        let want: Vec<_> = all.iter().map(|made| (made.rule.to_string(), made.status, made.score)).collect();
        assert_eq!(read, want);
    }
}
