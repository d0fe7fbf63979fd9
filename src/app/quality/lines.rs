//! The lines of a report by what its runs are grouped by, in an order, with the filters that find their runs.

use std::{cmp::Ordering, time::Instant};

use serde_json::Value;

use crate::{
    app::table::Table,
    eval::review::{By, Check, ClassLine, Line, Rate, Report},
};

/// What the runs are grouped by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    /// The checks that were applied.
    #[default]
    Check,
    /// What [`By`] names.
    Runs(By),
    /// The classes of the faults that were met.
    Fault,
}

impl Kind {
    /// Every grouping, in the order of the keys.
    pub const ALL: &[Self] = &[
        Self::Check,
        Self::Runs(By::Model),
        Self::Runs(By::Provider),
        Self::Runs(By::Prompt),
        Self::Runs(By::Version),
        Self::Runs(By::Params),
        Self::Fault,
    ];

    /// Names it in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Runs(By::Params) => "params",
            Self::Runs(by) => by.word(),
            Self::Fault => "error",
        }
    }

    /// Lists the orders its lines can have.
    #[must_use]
    pub fn orders(self) -> &'static [Order] {
        match self {
            Self::Check | Self::Fault => &[Order::Wrong, Order::Passed, Order::Runs, Order::Name],
            Self::Runs(_) => &[Order::Wrong, Order::Passed, Order::Runs, Order::Took, Order::Cost, Order::Name],
        }
    }
}

/// What lines are ordered by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
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
    /// The name.
    Name,
}

impl Order {
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
pub enum Entry<'a> {
    /// How often a check held.
    Check(&'a Check),
    /// What runs of one kind come to.
    Runs(&'a Line),
    /// What became of the runs that met a fault.
    Fault(&'a ClassLine),
}

impl<'a> Entry<'a> {
    /// Finds a line by its number in the report.
    #[must_use]
    pub fn of(report: &'a Report, kind: Kind, number: usize) -> Option<Self> {
        match kind {
            Kind::Check => report.checks.get(number).map(Self::Check),
            Kind::Runs(by) => report.lines(by).get(number).map(Self::Runs),
            Kind::Fault => report.classes.get(number).map(Self::Fault),
        }
    }

    /// Returns what the line is of; of a version with its prompt.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Check(check) => check.name.clone(),
            Self::Runs(Line { name, prompt: Some(prompt), .. }) => format!("{prompt} {name}"),
            Self::Runs(line) => line.name.clone(),
            Self::Fault(class) => class.name.clone(),
        }
    }

    /// Returns its pass rate.
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

    /// Compares two lines; what has no value comes last.
    fn compare(self, other: Self, order: Order) -> Ordering {
        let least = |one: Option<f64>, other: Option<f64>| match (one, other) {
            (Some(one), Some(other)) => one.total_cmp(&other),
            (one, other) => other.is_some().cmp(&one.is_some()),
        };
        match order {
            Order::Wrong => other.wrong().cmp(&self.wrong()).then_with(|| other.runs().cmp(&self.runs())),
            Order::Passed => least(self.pass().map(|rate| rate.share), other.pass().map(|rate| rate.share)),
            Order::Runs => other.runs().cmp(&self.runs()),
            Order::Took => other.took().cmp(&self.took()),
            Order::Cost => other.cost().total_cmp(&self.cost()),
            Order::Name => Ordering::Equal,
        }
        .then_with(|| self.name().cmp(&other.name()))
    }

    fn took(self) -> Option<u32> {
        if let Self::Runs(line) = self { line.times.map(|times| times.p50) } else { None }
    }

    fn cost(self) -> f64 {
        if let Self::Runs(line) = self { line.cost } else { 0.0 }
    }

    /// Lists the filters that find its runs, as keys with values; none where no filter can.
    #[must_use]
    pub fn filters(self, kind: Kind) -> Option<Vec<(&'static str, String)>> {
        let name = self.name();
        Some(match (self, kind) {
            (Self::Check(_), _) => vec![("failed", name)],
            // Those that met it on the way were answered by another call.
            (Self::Fault(class), _) if class.ended == 0 => vec![("retried", "yes".to_owned())],
            (Self::Fault(_), _) => vec![("error", name)],
            (Self::Runs(line), Kind::Runs(By::Version)) => {
                let version = line.value.clone().unwrap_or_else(|| line.name.clone());
                line.prompt.iter().map(|prompt| ("prompt", prompt.clone())).chain([("version", version)]).collect()
            }
            (Self::Runs(line), Kind::Runs(By::Params)) => params(line.value.as_deref()?)?,
            (Self::Runs(_), Kind::Runs(by)) => vec![(by.word(), name)],
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

/// The lines that are shown.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    /// What the runs are grouped by.
    pub kind: Kind,
    /// What the lines are ordered by.
    pub order: Order,
    /// Whether the order is turned round.
    pub turned: bool,
    /// The window on them.
    pub table: Table,
}

impl Lines {
    /// Counts the lines of a grouping.
    fn count(report: &Report, kind: Kind) -> usize {
        match kind {
            Kind::Check => report.checks.len(),
            Kind::Runs(by) => report.lines(by).len(),
            Kind::Fault => report.classes.len(),
        }
    }

    /// Returns the line under the cursor.
    #[must_use]
    pub fn chosen<'a>(&self, report: &'a Report) -> Option<Entry<'a>> {
        Entry::of(report, self.kind, self.table.chosen()?)
    }

    /// Puts the lines of a report in order. The cursor goes to a line by its name, else to the first one.
    pub(super) fn arrange(&mut self, report: &Report, name: Option<&str>, now: Instant) {
        let count = Self::count(report, self.kind);
        let entry = |number| Entry::of(report, self.kind, number);
        let mut numbers: Vec<usize> = (0..count).collect();
        numbers.sort_by(|one, other| match (entry(*one), entry(*other)) {
            (Some(one), Some(other)) => one.compare(other, self.order),
            _ => Ordering::Equal,
        });
        if self.turned {
            numbers.reverse();
        }
        let mut places = vec![0_u64; count];
        for (place, number) in numbers.iter().enumerate() {
            if let Some(slot) = places.get_mut(*number) {
                *slot = place as u64;
            }
        }
        let named = |number: &usize| entry(*number).is_some_and(|entry| Some(entry.name().as_str()) == name);
        let chosen = (0..count).find(named).or(numbers.first().copied());
        self.table.grow(count);
        let key = |number: usize| places.get(number).copied().unwrap_or(u64::MAX);
        self.table.arrange(None::<fn(usize) -> bool>, Some(key), now);
        if let Some(number) = chosen {
            self.table.choose_row(number);
        }
    }

    /// Groups by the next thing, or by the one before.
    pub(super) fn regroup(&mut self, forward: bool) {
        self.kind = next(Kind::ALL, self.kind, forward);
        if !self.kind.orders().contains(&self.order) {
            (self.order, self.turned) = (Order::default(), false);
        }
    }

    /// Orders by the next thing, or turns the order round.
    pub(super) fn sort(&mut self, turn: bool) {
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
