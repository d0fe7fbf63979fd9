//! A page of the runs that many satisfy, and how many do, out of blocks.
//!
//! Which runs of a block a query asks for, with the meaning that its filters have in SQL.
//!
//! What is not known of a run satisfies no filter, and so every filter that is turned round.
//!
//! How the runs a query asks for are found where all of them are wanted.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::RangeInclusive,
};

use rusqlite::Connection;

use crate::{
    model::{
        Status,
        query::{Bound, Query, Sign, Sort, SortBy, What},
    },
    store::{
        fact_blocks::{
            BLOCK, Reader,
            block::{Block, Named, Of},
            codec::{Flag, STATUS_MASK, status_flags, status_of},
            read, walk,
        },
        history,
        history::{Key, status_rank, thumb_rank},
        runs::{microseconds, nanoseconds},
    },
};

/// Finds the first runs of those that come after a place in an order, as many as are wanted. Those under way are
/// left out. In the order of time only runs with numbers within bounds are looked for.
pub(crate) fn page(
    db: &Connection,
    plan: Plan,
    sort: Sort,
    after: Option<Key>,
    within: RangeInclusive<i64>,
    wanted: usize,
) -> rusqlite::Result<BTreeMap<Key, i64>> {
    let by_time = sort.by == SortBy::Time;
    let mut found = BTreeMap::new();
    let take = |block: &Block<'_>, picks: &[bool]| {
        for (at, _) in picks.iter().enumerate().filter(|(_, picked)| **picked) {
            let seq = block.seq(at);
            let key = Key::of(value(block, at, sort.by), seq, sort);
            let beyond = after.is_none_or(|after| after < key);
            let asked = !by_time || within.contains(&seq);
            let last = found.last_key_value().map(|(last, _): (&Key, &i64)| *last);
            if beyond && asked && (found.len() < wanted || last.is_some_and(|last| key < last)) {
                found.insert(key, seq);
                if found.len() > wanted {
                    found.pop_last();
                }
            }
        }
        !by_time || found.len() < wanted
    };
    if plan.few.is_some() {
        read(db, plan, take)?;
        return Ok(found);
    }
    let blocks = within.start().div_euclid(BLOCK)..=within.end().div_euclid(BLOCK);
    let mut reader = Reader { matcher: plan.matcher, picks: Vec::new(), take };
    walk(db, &mut reader, blocks, !sort.ascending)?;
    Ok(found)
}

/// Returns what a run is ordered by, as `history` reads it off its row.
fn value(block: &Block<'_>, at: usize, by: SortBy) -> Option<i64> {
    let number = |of| block.column(of).get(at);
    match by {
        SortBy::Time => Some(block.seq(at)),
        SortBy::Cost => number(Of::Cost),
        SortBy::Took => number(Of::Took),
        SortBy::Tokens => match (number(Of::TokensIn), number(Of::TokensOut)) {
            (Some(into), Some(out)) => Some(into.saturating_add(out)),
            (into, out) => into.or(out),
        },
        SortBy::Verdict => Some(status_rank(status_of(block.column(Of::Flags).of(at)))),
        SortBy::Grade => number(Of::Stars).or_else(|| {
            let flags = block.column(Of::Flags).of(at);
            let has = |flag: Flag| flags & flag as i64 != 0;
            has(Flag::Weighed).then(|| thumb_rank(has(Flag::Right)))
        }),
    }
}

/// Counts the runs that are asked for, but for those under way.
pub(crate) fn count(db: &Connection, plan: Plan) -> rusqlite::Result<u64> {
    let mut runs = 0;
    let take = |_: &Block<'_>, picks: &[bool]| {
        runs += picks.iter().filter(|picked| **picked).count() as u64;
        true
    };
    read(db, plan, take)?;
    Ok(runs)
}

/// What has to hold of a run, all of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Matcher {
    pub(crate) tests: Vec<(Turned, Test)>,
}

/// Whether a test must not hold.
pub(crate) type Turned = bool;

/// Something that holds of a run or does not.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    /// One of its names is the wanted one.
    Is(&'static [Named], Wanted),
    /// A number of it is known and compares so.
    Number(Of, Sign, i64),
    /// So do its tokens, in and out.
    Tokens(Sign, i64),
    /// Of these flags exactly those are set.
    Flags { among: i64, set: i64 },
    /// A check of this name failed.
    Failed(String),
    /// It ended with a fault.
    Fault,
    /// Its number is on one of the lists, and its version among those of that list.
    Found(Vec<Matched>),
}

/// A name that is wanted.
#[derive(Debug, Clone)]
pub(crate) enum Wanted {
    Text(String),
    /// Parameters that a filter on them suits, and what is known of some.
    Suits(What, RefCell<HashMap<String, bool>>),
    /// A hash from one text on and below another, or one of several.
    Hash {
        from: String,
        below: String,
        all: BTreeSet<String>,
    },
}

/// Runs of some prompt versions that are on a list; without one, all of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Matched {
    /// The versions; none means every run.
    pub(crate) versions: Option<BTreeSet<String>>,
    /// The runs, ascending.
    pub(crate) list: Option<Vec<i64>>,
}

impl Wanted {
    fn is(&self, db: &Connection, text: &str) -> bool {
        match self {
            Self::Text(wanted) => text == wanted,
            Self::Suits(what, known) => {
                let found = known.borrow().get(text).copied();
                found.unwrap_or_else(|| {
                    let suits = history::suits(db, what, text).unwrap_or_default();
                    known.borrow_mut().insert(text.to_owned(), suits);
                    suits
                })
            }
            Self::Hash { from, below, all } => (from.as_str()..below.as_str()).contains(&text) || all.contains(text),
        }
    }
}

fn holds(sign: Sign, value: i64, limit: i64) -> bool {
    match sign {
        Sign::Equal => value == limit,
        Sign::Less => value < limit,
        Sign::AtMost => value <= limit,
        Sign::Greater => value > limit,
        Sign::AtLeast => value >= limit,
    }
}

impl Test {
    /// Makes the test of what is asked; none of what a block does not tell: it has to be looked up.
    pub(crate) fn of(what: &What) -> Option<Self> {
        let is = |columns, name: &str| Self::Is(columns, Wanted::Text(name.to_owned()));
        let flag = |flag: Flag, yes| Self::Flags { among: flag as i64, set: if yes { flag as i64 } else { 0 } };
        Some(match what {
            What::Model(name) => is(&[Named::Model, Named::Target], name),
            What::Target(name) => is(&[Named::Target], name),
            What::Params(all) => is(&[Named::Params], all),
            What::Param { .. } => Self::Is(&[Named::Params], Wanted::Suits(what.clone(), RefCell::default())),
            What::Provider(name) => is(&[Named::Provider], name),
            What::Prompt(name) => is(&[Named::Prompt], name),
            What::Session(name) => is(&[Named::Session], name),
            What::End(word) => is(&[Named::End], word),
            What::Status(status) => Self::Flags { among: STATUS_MASK, set: status_flags(*status) },
            What::Failed(rule) if rule.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-') => {
                Self::Failed(rule.clone())
            }
            What::Error(class) if class.is_empty() => Self::Fault,
            What::Error(class) => is(&[Named::Class], class),
            What::Cached(yes) => flag(Flag::Cached, *yes),
            What::Demo(yes) => flag(Flag::Demo, *yes),
            What::Judge(yes) => flag(Flag::Judge, *yes),
            What::FellBack(yes) => flag(Flag::FellBack, *yes),
            What::Retried(yes) => Self::Number(Of::Attempts, if *yes { Sign::Greater } else { Sign::AtMost }, 1),
            What::Pinned(yes) => flag(Flag::Pinned, *yes),
            What::Since(time) => Self::Number(Of::Started, Sign::AtLeast, nanoseconds(*time)),
            What::Until(time) => Self::Number(Of::Started, Sign::Less, nanoseconds(*time)),
            What::Cost(Bound { sign, limit }) => Self::Number(Of::Cost, *sign, (limit * 1e12).round() as i64),
            What::Took(Bound { sign, limit }) => Self::Number(Of::Took, *sign, microseconds(*limit)),
            What::Tokens(Bound { sign, limit }) => Self::Tokens(*sign, i64::try_from(*limit).unwrap_or(i64::MAX)),
            What::Stars(Bound { sign, limit }) => Self::Number(Of::Stars, *sign, i64::from(*limit)),
            What::Graded(yes) => flag(Flag::Graded, *yes),
            What::Version(_) | What::Run(_) | What::Batch(_) | What::Failed(_) => return None,
        })
    }
}

impl Matcher {
    /// Tells whether it is asked when runs started.
    pub(crate) fn asks_when(&self) -> bool {
        self.tests.iter().any(|(turned, test)| !turned && matches!(test, Test::Number(Of::Started, ..)))
    }

    /// Tells whether runs that all started within a span of time can be among those asked for.
    pub(crate) fn may_hold(&self, (first, last): (i64, i64)) -> bool {
        self.tests.iter().all(|(turned, test)| match (turned, test) {
            (false, Test::Number(Of::Started, sign @ (Sign::AtLeast | Sign::Greater), limit)) => {
                holds(*sign, last, *limit)
            }
            (false, Test::Number(Of::Started, sign @ (Sign::AtMost | Sign::Less), limit)) => {
                holds(*sign, first, *limit)
            }
            _ => true,
        })
    }

    /// Tells of each run of a block whether it is asked for.
    pub(crate) fn pick(&self, db: &Connection, block: &Block<'_>, picks: &mut Vec<bool>) {
        picks.clear();
        picks.resize(block.len, true);
        for (turned, test) in &self.tests {
            test.narrow(db, block, *turned, picks);
            if !picks.contains(&true) {
                return;
            }
        }
    }
}

impl Test {
    /// Takes the runs of a block away of which it does not hold, or does where it is turned round.
    fn narrow(&self, db: &Connection, block: &Block<'_>, turned: Turned, picks: &mut [bool]) {
        match self {
            Self::Is(columns, wanted) => {
                let sides: Vec<_> = columns
                    .iter()
                    .map(|of| {
                        let texts = block.names.get(*of as usize).map(Vec::as_slice).unwrap_or_default();
                        (block.named(*of), texts.iter().map(|text| wanted.is(db, text)).collect::<Vec<bool>>())
                    })
                    .filter(|(_, is)| is.contains(&true))
                    .collect();
                keep(picks, turned, |at| {
                    sides.iter().any(|(column, is)| {
                        column.get(at).and_then(|place| is.get(usize::try_from(place).ok()?)).copied().unwrap_or(false)
                    })
                });
            }
            Self::Number(of, sign, limit) => {
                let column = block.column(*of);
                keep(picks, turned, |at| column.get(at).is_some_and(|value| holds(*sign, value, *limit)));
            }
            Self::Tokens(sign, limit) => {
                let (into, out) = (block.column(Of::TokensIn), block.column(Of::TokensOut));
                let count = |at| into.get(at).unwrap_or(0).saturating_add(out.get(at).unwrap_or(0));
                keep(picks, turned, |at| holds(*sign, count(at), *limit));
            }
            Self::Flags { among, set } => {
                let column = block.column(Of::Flags);
                keep(picks, turned, |at| column.of(at) & among == *set);
            }
            Self::Failed(rule) => {
                let fails = |(one, mark): &(usize, Status)| {
                    *mark == Status::Failed && block.rules.get(*one).is_some_and(|name| name == rule)
                };
                let lists: Vec<bool> = block.marks.iter().map(|list| list.iter().any(fails)).collect();
                let column = block.column(Of::Marks);
                keep(picks, turned, |at| {
                    usize::try_from(column.of(at)).is_ok_and(|list| lists.get(list) == Some(&true))
                });
            }
            Self::Fault => {
                let column = block.named(Named::Class);
                keep(picks, turned, |at| column.get(at).is_some());
            }
            Self::Found(found) => {
                let mut ways: Vec<_> = found.iter().map(|found| found.within(block)).collect();
                keep(picks, turned, |at| ways.iter_mut().any(|way| way.has(at)));
            }
        }
    }
}

fn keep(picks: &mut [bool], turned: Turned, mut holds: impl FnMut(usize) -> bool) {
    for (at, pick) in picks.iter_mut().enumerate() {
        *pick &= holds(at) != turned;
    }
}

/// What was found, within a block that is walked from its first run to its last.
struct Within<'a> {
    block: &'a Block<'a>,
    /// Which of the block's versions it is about.
    versions: Option<Vec<bool>>,
    /// What is still ahead of the list.
    list: Option<&'a [i64]>,
}

impl Matched {
    fn within<'a>(&'a self, block: &'a Block<'a>) -> Within<'a> {
        let texts = block.names.get(Named::Version as usize).map(Vec::as_slice).unwrap_or_default();
        let versions = self.versions.as_ref().map(|all| texts.iter().map(|text| all.contains(*text)).collect());
        let first = block.seq(0);
        let ahead = |list: &'a Vec<i64>| list.get(list.partition_point(|seq| *seq < first)..).unwrap_or_default();
        Within { block, versions, list: self.list.as_ref().map(ahead) }
    }
}

impl Within<'_> {
    /// Tells whether it has the run at a place; later places are asked for after earlier ones.
    fn has(&mut self, at: usize) -> bool {
        let of_version = self.versions.as_ref().is_none_or(|is| {
            let place = self.block.named(Named::Version).get(at).and_then(|place| usize::try_from(place).ok());
            place.and_then(|place| is.get(place)) == Some(&true)
        });
        let Some(list) = &mut self.list else {
            return of_version;
        };
        let seq = self.block.seq(at);
        while let Some((first, rest)) = list.split_first() {
            if *first >= seq {
                break;
            }
            *list = rest;
        }
        of_version && list.first() == Some(&seq)
    }
}

/// What is read, and what of that is asked for.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// The only runs that can be asked for, ascending, where they are known to be few.
    pub(crate) few: Option<Vec<i64>>,
    pub(crate) matcher: Matcher,
}

impl Plan {
    /// Looks up what is not told by the facts themselves.
    pub(crate) fn of(db: &Connection, query: &Query) -> rusqlite::Result<Self> {
        let mut plan = Self::default();
        for filter in &query.filters {
            if !filter.not
                && let Some(few) = history::few_of(db, &filter.what)?
            {
                plan.narrow(few);
            }
            let test = match (Test::of(&filter.what), &filter.what) {
                (Some(test), _) => test,
                (None, What::Version(name)) => version(db, name)?,
                (None, what) => {
                    let list = history::every(db, what)?;
                    if !filter.not && history::is_few(list.len()) {
                        plan.narrow(list.clone());
                    }
                    Test::Found(vec![Matched { versions: None, list: Some(list) }])
                }
            };
            plan.matcher.tests.push((filter.not, test));
        }
        if !query.words.is_empty() {
            let found = history::found(db, &query.words)?;
            let lists: Option<Vec<&[i64]>> = found.iter().map(|found| found.list.as_deref()).collect();
            if let Some(lists) = lists.filter(|lists| history::is_few(lists.iter().map(|list| list.len()).sum())) {
                plan.narrow(lists.concat());
            }
            plan.matcher.tests.push((false, Test::Found(found)));
        }
        Ok(plan)
    }

    /// Plans to read blocks, although the runs are few.
    #[cfg(test)]
    pub(crate) fn in_blocks(self) -> Self {
        Self { few: None, ..self }
    }

    fn narrow(&mut self, mut few: Vec<i64>) {
        if self.few.as_ref().is_none_or(|known| few.len() < known.len()) {
            few.sort_unstable();
            few.dedup();
            self.few = Some(few);
        }
    }
}

fn version(db: &Connection, name: &str) -> rusqlite::Result<Test> {
    let sql = "SELECT hash FROM version_name WHERE name = ?1";
    let all = db.prepare_cached(sql)?.query_map([name], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let from = name.to_ascii_lowercase();
    Ok(Test::Is(&[Named::Version], Wanted::Hash { below: format!("{from}g"), from, all }))
}
