//! The lines of a report by what its runs are grouped by, in an order, with the filters that find their runs.

use std::{cmp::Ordering, time::Instant};

use serde_json::Value;

use crate::{
    app::query_line::RunKind,
    eval::quality::{CheckFigures, ClassLine, GroupBy, GroupRow, QualityReport, Rate},
    model::{PicoDollars, Spent},
    widgets::table::Table,
};

/// What the runs are grouped by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Grouping {
    /// The checks that were applied.
    #[default]
    Check,
    /// What [`GroupBy`] names.
    Runs(GroupBy),
    /// The classes of the errors that were met.
    Fault,
}

impl Grouping {
    /// Every grouping, in the order of the keys.
    pub const ALL: &[Self] = &[
        Self::Check,
        Self::Runs(GroupBy::Model),
        Self::Runs(GroupBy::Provider),
        Self::Runs(GroupBy::Prompt),
        Self::Runs(GroupBy::Version),
        Self::Runs(GroupBy::Params),
        Self::Fault,
    ];

    /// Names it in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Runs(GroupBy::Params) => "params",
            Self::Runs(by) => by.word(),
            Self::Fault => "error",
        }
    }

    /// Lists the orders its lines can have.
    #[must_use]
    pub fn orders(self) -> &'static [GroupOrder] {
        match self {
            Self::Check | Self::Fault => &[GroupOrder::Wrong, GroupOrder::Passed, GroupOrder::Runs, GroupOrder::Name],
            Self::Runs(_) => &[
                GroupOrder::Wrong,
                GroupOrder::Passed,
                GroupOrder::Runs,
                GroupOrder::Took,
                GroupOrder::Cost,
                GroupOrder::Name,
            ],
        }
    }
}

/// What lines are ordered by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum GroupOrder {
    /// Errors and failed checks, the most first.
    #[default]
    Wrong,
    /// The pass rate, the lowest first.
    Passed,
    /// Runs, the most first.
    Runs,
    /// The median of response times, the slowest first.
    Took,
    /// Cost, the dearest first.
    Cost,
    Name,
}

impl GroupOrder {
    /// Says what comes first.
    #[must_use]
    pub fn says(self, turned: bool) -> &'static str {
        match (self, turned) {
            (Self::Wrong, false) => "most errors and failures first",
            (Self::Wrong, true) => "fewest errors and failures first",
            (Self::Passed, false) => "lowest pass rate first",
            (Self::Passed, true) => "highest pass rate first",
            (Self::Runs, false) => "most runs first",
            (Self::Runs, true) => "fewest runs first",
            (Self::Took, false) => "slowest first",
            (Self::Took, true) => "fastest first",
            (Self::Cost, false) => "dearest first",
            (Self::Cost, true) => "cheapest first",
            (Self::Name, false) => "by name",
            (Self::Name, true) => "by name, from the end",
        }
    }
}

/// One line.
#[derive(Debug, Clone, Copy)]
pub enum GroupEntry<'a> {
    /// How often a check held.
    Check(&'a CheckFigures),
    /// What runs of one kind come to.
    Runs(&'a GroupRow),
    /// What became of the runs that met an error.
    Fault(&'a ClassLine),
}

impl<'a> GroupEntry<'a> {
    /// Finds a line by its number in the report.
    #[must_use]
    pub fn of(report: &'a QualityReport, kind: Grouping, number: usize) -> Option<Self> {
        match kind {
            Grouping::Check => report.checks.get(number).map(Self::Check),
            Grouping::Runs(by) => report.lines(by).get(number).map(Self::Runs),
            Grouping::Fault => report.classes.get(number).map(Self::Fault),
        }
    }

    /// Returns what the line is of; of a version with its prompt.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Check(check) => check.name.clone(),
            Self::Runs(GroupRow { name, prompt: Some(prompt), .. }) => format!("{prompt} {name}"),
            Self::Runs(line) => line.name.clone(),
            Self::Fault(class) => class.name.clone(),
        }
    }

    #[must_use]
    pub fn pass(self) -> Option<Rate> {
        match self {
            Self::Check(check) => check.pass,
            Self::Runs(line) => line.pass,
            Self::Fault(class) => class.pass,
        }
    }

    /// Counts the answers that failed: this check, or any.
    #[must_use]
    pub fn failed(self) -> u64 {
        match self {
            Self::Check(check) => check.pass.map_or(0, |rate| rate.whole - rate.part) - check.inconclusive,
            Self::Runs(line) => line.counts.failed,
            Self::Fault(class) => class.pass.map_or(0, |rate| rate.whole - rate.part),
        }
    }

    fn runs(self) -> u64 {
        match self {
            Self::Check(check) => check.pass.map_or(0, |rate| rate.whole),
            Self::Runs(line) => line.runs,
            Self::Fault(class) => class.met.map_or(0, |rate| rate.part),
        }
    }

    fn wrong(self) -> u64 {
        match self {
            Self::Check(_) => self.failed(),
            Self::Runs(line) => line.counts.error + self.failed(),
            Self::Fault(class) => class.ended,
        }
    }

    /// Compares two lines by what the column shows; what has no value comes last, whether or not the order is turned
    /// round.
    fn compare(self, other: Self, order: GroupOrder, turned: bool) -> Ordering {
        let turn = |compared: Ordering| if turned { compared.reverse() } else { compared };
        let known = |one: Option<f64>, other: Option<f64>| match (one, other) {
            (Some(one), Some(other)) => turn(one.total_cmp(&other)),
            (one, other) => other.is_some().cmp(&one.is_some()),
        };
        let most = |of: fn(Self) -> Option<f64>| known(of(self).map(|value| -value), of(other).map(|value| -value));
        match order {
            GroupOrder::Wrong => turn(other.wrong().cmp(&self.wrong()).then_with(|| other.runs().cmp(&self.runs()))),
            GroupOrder::Passed => known(self.pass().map(|rate| rate.share), other.pass().map(|rate| rate.share)),
            GroupOrder::Runs => turn(other.runs().cmp(&self.runs())),
            GroupOrder::Took => most(Self::took),
            GroupOrder::Cost => most(Self::cost),
            GroupOrder::Name => Ordering::Equal,
        }
        .then_with(|| turn(self.name().cmp(&other.name())))
    }

    fn took(self) -> Option<f64> {
        if let Self::Runs(line) = self { line.times.map(|times| times.p50.into()) } else { None }
    }

    fn cost(self) -> Option<f64> {
        if let Self::Runs(line) = self { line.spent.cost.amount().map(PicoDollars::dollars) } else { None }
    }

    /// Counts what got no answer, or no verdict: of a check the answers it could not be run on.
    fn errors(self) -> u64 {
        match self {
            Self::Check(check) => check.inconclusive,
            Self::Runs(line) => line.counts.error,
            Self::Fault(class) => class.ended,
        }
    }

    /// Tells whether it is shown where only failures, or only errors, are looked at.
    fn has(self, kind: RunKind) -> bool {
        match kind {
            RunKind::All | RunKind::Graded => true,
            RunKind::Failed => self.failed() > 0,
            RunKind::Errors => self.errors() > 0,
        }
    }

    /// Lists the filters that find its runs of a kind, as keys with values; none where no filter can.
    #[must_use]
    pub fn filters(self, kind: Grouping, only: RunKind) -> Option<Vec<(&'static str, String)>> {
        let mut filters = self.own_filters(kind)?;
        match (self, only) {
            // A check that could not be run leaves its answer inconclusive; what failed it is asked for by itself.
            (Self::Check(_), RunKind::Errors) => filters = vec![("verdict", "inconclusive".to_owned())],
            (Self::Check(_), _) | (Self::Fault(_), RunKind::Errors) => {}
            (Self::Runs(_) | Self::Fault(_), only) => {
                filters.extend(only.filter().map(|(key, value)| (key, value.to_owned())));
            }
        }
        Some(filters)
    }

    fn own_filters(self, kind: Grouping) -> Option<Vec<(&'static str, String)>> {
        let name = self.name();
        Some(match (self, kind) {
            (Self::Check(_), _) => vec![("failed", name)],
            // Those that met it on the way were answered by another call.
            (Self::Fault(class), _) if class.ended == 0 => vec![("retried", "yes".to_owned())],
            (Self::Fault(_), _) => vec![("error", name)],
            (Self::Runs(line), Grouping::Runs(GroupBy::Version)) => {
                let version = line.value.clone().unwrap_or_else(|| line.name.clone());
                line.prompt.iter().map(|prompt| ("prompt", prompt.clone())).chain([("version", version)]).collect()
            }
            (Self::Runs(line), Grouping::Runs(GroupBy::Params)) => params(line.value.as_deref()?)?,
            (Self::Runs(_), Grouping::Runs(by)) => vec![(by.word(), name)],
            (Self::Runs(_), _) => return None,
        })
    }
}

/// Lists the filters for effective parameters, which are a JSON object; further fields go by their own names.
fn params(json: &str) -> Option<Vec<(&'static str, String)>> {
    let Value::Object(mut fields) = serde_json::from_str(json).ok()? else {
        return None;
    };
    if let Some(Value::Object(extra)) = fields.remove("extra") {
        for (key, value) in extra {
            fields.entry(key).or_insert(value);
        }
    }
    let known = fields.iter().filter(|(_, value)| !value.is_null());
    let filters: Vec<_> = known
        .map(|(key, value)| {
            // A list of one is asked for by its entry.
            let value = value.as_array().filter(|all| all.len() == 1).and_then(|all| all.first()).unwrap_or(value);
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            ("param", format!("{key}={value}"))
        })
        .collect();
    (!filters.is_empty()).then_some(filters)
}

/// What the lines that are shown come to together.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LineSums {
    /// How many there are.
    pub lines: u64,
    /// What they count: runs, answers that a check was applied to, runs that met an error.
    pub counted: u64,
    /// Those of them that passed, of those that were checked.
    pub passed: (u64, u64),
    /// What the runs of the lines took; nothing of checks and errors, which take nothing themselves.
    pub spent: Option<Spent>,
    /// Runs of whose cost nothing is known.
    pub unpriced: u64,
}

impl LineSums {
    fn take(&mut self, entry: GroupEntry<'_>) {
        self.lines += 1;
        self.counted += entry.runs();
        if let Some(rate) = entry.pass() {
            self.passed = (self.passed.0 + rate.part, self.passed.1 + rate.whole);
        }
        if let GroupEntry::Runs(line) = entry {
            self.spent = Some(self.spent.map_or(line.spent, |sum| sum.plus(line.spent)));
            self.unpriced += line.unpriced;
        }
    }
}

/// The lines that are shown.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    /// What the runs are grouped by.
    pub kind: Grouping,
    /// What the lines are ordered by.
    pub order: GroupOrder,
    /// Whether the order is turned round.
    pub turned: bool,
    /// Whether those with failures are shown, those with errors, or all.
    pub only: RunKind,
    /// The window on them.
    pub table: Table,
    /// What they come to together.
    pub sums: LineSums,
}

impl Lines {
    /// Counts the lines of a grouping.
    fn count(report: &QualityReport, kind: Grouping) -> usize {
        match kind {
            Grouping::Check => report.checks.len(),
            Grouping::Runs(by) => report.lines(by).len(),
            Grouping::Fault => report.classes.len(),
        }
    }

    /// Returns the line under the cursor.
    #[must_use]
    pub fn chosen<'a>(&self, report: &'a QualityReport) -> Option<GroupEntry<'a>> {
        GroupEntry::of(report, self.kind, self.table.chosen()?)
    }

    /// Puts the lines of a report in order. The cursor goes to a line by its name, else to the first one.
    pub(crate) fn arrange(&mut self, report: &QualityReport, name: Option<&str>, now: Instant) {
        let count = Self::count(report, self.kind);
        let entry = |number| GroupEntry::of(report, self.kind, number);
        let shown = |number: usize| entry(number).is_some_and(|entry| entry.has(self.only));
        let fits: Vec<bool> = (0..count).map(shown).collect();
        let mut numbers: Vec<usize> = (0..count).filter(|number| shown(*number)).collect();
        self.sums = LineSums::default();
        numbers.iter().filter_map(|number| entry(*number)).for_each(|entry| self.sums.take(entry));
        numbers.sort_by(|one, other| match (entry(*one), entry(*other)) {
            (Some(one), Some(other)) => one.compare(other, self.order, self.turned),
            _ => Ordering::Equal,
        });
        let mut places = vec![0_u64; count];
        for (place, number) in numbers.iter().enumerate() {
            if let Some(slot) = places.get_mut(*number) {
                *slot = place as u64;
            }
        }
        let named = |number: &usize| entry(*number).is_some_and(|entry| Some(entry.name().as_str()) == name);
        let chosen = numbers.iter().copied().find(named).or(numbers.first().copied());
        self.table.grow(count);
        let key = |number: usize| places.get(number).copied().unwrap_or(u64::MAX);
        self.table.arrange(Some(&|number: usize| fits.get(number) == Some(&true)), Some(&key), now);
        if let Some(number) = chosen {
            self.table.choose_row(number);
        }
    }

    /// Groups by the next thing, or by the one before.
    pub(crate) fn regroup(&mut self, forward: bool) {
        self.kind = next(Grouping::ALL, self.kind, forward);
        if !self.kind.orders().contains(&self.order) {
            (self.order, self.turned) = (GroupOrder::default(), false);
        }
    }

    /// Orders by the next thing, or turns the order round.
    pub(crate) fn sort(&mut self, turn: bool) {
        if turn {
            self.turned = !self.turned;
        } else {
            (self.order, self.turned) = (next(self.kind.orders(), self.order, true), false);
        }
    }
}

fn next<T: Copy + PartialEq + Default>(all: &[T], present: T, forward: bool) -> T {
    let count = all.len().max(1);
    let at = all.iter().position(|one| *one == present).unwrap_or(0);
    let at = (at + if forward { 1 } else { count - 1 }) % count;
    all.get(at).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        eval::Review,
        model::{
            Cost, RunStatus, Spent,
            run_facts::{EndingWord, Names, RunFacts},
        },
        text::format,
    };

    /// Three models: one that never answered and has no price, a dear and slow one, a cheap and fast one.
    fn report() -> QualityReport {
        let (mut review, mut names) = (Review::default(), Names::default());
        let mut take = |model: &str, status: RunStatus, took: Option<u64>, cost: Cost| {
            let model = Some(names.of(model));
            review.take(&RunFacts {
                model,
                status,
                end: if took.is_some() { EndingWord::Done } else { EndingWord::Cancelled },
                took: took.map(std::time::Duration::from_millis),
                spent: Spent { cost, ..Spent::default() },
                ..RunFacts::default()
            });
        };
        take("m none", RunStatus::Cancelled, None, Cost::Unknown);
        take("a slow", RunStatus::Failed, Some(59_960), Cost::AtLeast(PicoDollars(9)));
        take("z fast", RunStatus::Passed, Some(5), Cost::Known(PicoDollars(2)));
        review.named(names).report(&jiff::tz::TimeZone::UTC)
    }

    #[test]
    fn lines_are_in_the_order_of_what_their_column_shows_and_what_is_not_known_is_last_either_way() {
        let report = report();
        for (order, turned, first) in [
            (GroupOrder::Took, false, ["1m 00s", "5ms", "–"]),
            (GroupOrder::Took, true, ["5ms", "1m 00s", "–"]),
            (GroupOrder::Cost, false, ["≥<$0.000001", "<$0.000001", "?"]),
            (GroupOrder::Cost, true, ["<$0.000001", "≥<$0.000001", "?"]),
            (GroupOrder::Passed, false, ["0%", "100%", "–"]),
            (GroupOrder::Passed, true, ["100%", "0%", "–"]),
            (GroupOrder::Name, false, ["a slow", "m none", "z fast"]),
            (GroupOrder::Name, true, ["z fast", "m none", "a slow"]),
        ] {
            let mut lines: Vec<GroupEntry<'_>> = report.models.iter().map(GroupEntry::Runs).collect();
            lines.sort_by(|one, other| one.compare(*other, order, turned));
            let shown = |entry: &GroupEntry<'_>| {
                let GroupEntry::Runs(line) = entry else { return String::new() };
                let none = || "–".to_owned();
                match order {
                    GroupOrder::Took => line.times.map_or_else(none, |times| {
                        format::duration(std::time::Duration::from_millis(times.p50.into()))
                    }),
                    GroupOrder::Cost => line.spent.cost.to_string(),
                    GroupOrder::Passed => line.pass.map_or_else(none, |rate| format::whole_percent(rate.share)),
                    GroupOrder::Name | GroupOrder::Wrong | GroupOrder::Runs => line.name.clone(),
                }
            };
            assert_eq!(lines.iter().map(shown).collect::<Vec<_>>(), first, "{order:?} {turned}");
        }
    }

    #[test]
    fn parameters_are_asked_for_as_a_person_would() {
        for (json, filters) in [
            (r#"{"temperature":0.7,"max_tokens":400}"#, vec!["max_tokens=400", "temperature=0.7"]),
            (r#"{"stop":["END"],"extra":{"top_k":40,"mode":"fast"}}"#, vec!["mode=fast", "stop=END", "top_k=40"]),
            ("{}", vec![]),
            ("[1", vec![]),
        ] {
            let mut found: Vec<String> =
                params(json).into_iter().flatten().map(|(key, value)| format!("{key} {value}")).collect();
            found.sort_unstable();
            assert_eq!(found, filters.iter().map(|value| format!("param {value}")).collect::<Vec<_>>(), "{json}");
        }
    }
}
