//! The rows of figures: how each lane's runs ended, where from, how long they took, what they cost.

use std::{collections::BTreeSet, fmt::Write as _, time::Duration};

use jiff::Timestamp;

use super::{Cell, Entry, Kind, Row, counted, tally};
use crate::{
    eval::figures::{self, age, duration, rate, tokens},
    eval::groups::{Groups, Sample},
    model::{Cost, End, Outcome, Provenance, RunStatus, Spent, Usage, outcome::Judging, usage::tokens_per_second},
};

/// Makes the rows. A figure that no lane has makes none.
pub(super) fn rows(lanes: &[Entry<'_>], now: Timestamp) -> Vec<Row> {
    let row = |label: &str, cell: &dyn Fn(&[&Outcome]) -> Option<String>| {
        let cells: Vec<Option<String>> = lanes.iter().map(|lane| cell(&lane.outcomes)).collect();
        cells.iter().any(Option::is_some).then(|| Row {
            label: label.to_owned(),
            kind: Kind::Figure,
            cells: cells
                .into_iter()
                .map(|text| Cell { text: text.unwrap_or_else(|| "–".to_owned()), differs: false })
                .collect(),
        })
    };
    let rows = [
        row("verdict", &|runs| Some(tally(counted(runs.iter().map(|run| end(run)))))),
        row("answers", &|runs| (runs.len() > 1).then(|| grouped(runs))),
        row("checks", &checks),
        row("from", &|runs| Some(tally(counted(runs.iter().map(|run| origin(run, now)))))),
        row("served by", &served),
        row("first token", &|runs| median(runs, |run| run.timing.first_token.map(Figure::Time))),
        row("response", &|runs| median(runs, |run| Some(Figure::Time(run.timing.took())))),
        row("waited", &waited),
        row("speed", &|runs| median(runs, speed)),
        row("tokens", &|runs| Some(used(runs))),
        row("cost", &|runs| Some(cost(runs))),
        row("by target", &targets),
        row("judges", &judges),
    ];
    rows.into_iter().flatten().collect()
}

/// Counts equal answers: `6× A, 3× B, 1 invalid`. The letters are of each lane's own.
fn grouped(runs: &[&Outcome]) -> String {
    let samples: Vec<Sample<'_>> = runs.iter().map(|run| Sample::of(run)).collect();
    Groups::of(&samples).to_string()
}

fn end(run: &Outcome) -> String {
    match &run.end {
        End::Done | End::Cancelled => run.status().to_string(),
        End::Interrupted { .. } | End::Failed { .. } => format!("{}: {}", run.status(), run.end),
    }
}

fn checks(runs: &[&Outcome]) -> Option<String> {
    let judged: Vec<_> = runs.iter().filter_map(|run| run.quality.as_ref()).collect();
    match judged.as_slice() {
        [] => None,
        [quality] if runs.len() == 1 => {
            let (held, all) = quality.held();
            let broken = quality.failures().map(|verdict| format!("; {}: {}", verdict.rule, verdict.reason));
            (all > 0).then(|| format!("{held}/{all}{}", broken.collect::<String>()))
        }
        many => {
            let passed = many.iter().filter(|quality| quality.status() == RunStatus::Passed).count();
            let broken =
                counted(many.iter().flat_map(|quality| quality.failures().map(|broken| broken.rule.to_string())));
            let broken = if broken.is_empty() {
                String::new()
            } else {
                format!(
                    "; {}",
                    broken.iter().map(|(rule, times)| format!("{times}× {rule}")).collect::<Vec<_>>().join(", ")
                )
            };
            Some(format!("{passed} of {} passed{broken}", many.len()))
        }
    }
}

/// Says how an answer came about.
fn origin(run: &Outcome, now: Timestamp) -> String {
    let mut said = match run.provenance {
        Provenance::Cached { stored } => format!("cached {}", age(stored, now)),
        Provenance::Live if run.demo => "demonstration".to_owned(),
        Provenance::Live => "live".to_owned(),
    };
    if run.attempts > 1 {
        let _ = write!(said, ", {} attempts", run.attempts);
    }
    if run.fell_back() {
        let _ = write!(said, ", fell back to {}", run.target);
    }
    said
}

fn served(runs: &[&Outcome]) -> Option<String> {
    let names: Vec<String> = runs.iter().filter_map(|run| run.served.clone()).collect();
    (!names.is_empty()).then(|| tally(counted(names)))
}

/// A number that has a middle.
#[derive(Clone, Copy)]
enum Figure {
    Time(Duration),
    Rate(f64),
}

impl Figure {
    fn number(self) -> f64 {
        match self {
            Self::Time(time) => time.as_secs_f64(),
            Self::Rate(rate) => rate,
        }
    }

    fn written(self) -> String {
        match self {
            Self::Time(time) => duration(time),
            Self::Rate(per_second) => rate(per_second),
        }
    }
}

/// The figure of one run, the median of several. Runs from the cache count only where there are no
/// others, and are marked: their times are those of the original.
fn median(runs: &[&Outcome], of: impl Fn(&Outcome) -> Option<Figure>) -> Option<String> {
    let live: Vec<&&Outcome> = runs.iter().filter(|run| run.provenance == Provenance::Live).collect();
    let cached = live.is_empty();
    let counted: Vec<&&Outcome> = if cached { runs.iter().collect() } else { live };
    let mut known: Vec<Figure> = counted.into_iter().filter_map(|run| of(run)).collect();
    known.sort_by(|one, other| one.number().total_cmp(&other.number()));
    let middle = known.get(known.len().saturating_sub(1) / 2)?.written();
    let of = if known.len() > 1 { format!(", median of {}", known.len()) } else { String::new() };
    Some(format!("{middle}{of}{}", if cached { ", of the original" } else { "" }))
}

fn speed(run: &Outcome) -> Option<Figure> {
    tokens_per_second(run.answer_usage().total_output()?, run.timing.generation?).map(Figure::Rate)
}

/// Sums up what retort itself waited for live answers, which is no part of their times.
fn waited(runs: &[&Outcome]) -> Option<String> {
    let live = runs.iter().filter(|run| run.provenance == Provenance::Live);
    let sum: Duration = live.map(|run| run.timing.waited).sum();
    figures::waited(sum).map(|waited| waited.trim_start_matches("waited ").to_owned())
}

/// Sums up the tokens of all attempts, those of the originals where answers come from the cache.
fn used(runs: &[&Outcome]) -> String {
    tokens(&runs.iter().fold(Usage::default(), |sum, run| sum.plus(run.usage)))
}

/// Sums up what judges took, which is no part of the rest.
fn judges(runs: &[&Outcome]) -> Option<String> {
    let judging = runs.iter().filter_map(|run| run.judging).reduce(Judging::plus)?;
    Some(figures::spent(&judging.spent()))
}

/// Splits what was taken by the targets that took it, where fallbacks did.
fn targets(runs: &[&Outcome]) -> Option<String> {
    let mut all: Vec<(&str, Spent)> = Vec::new();
    for (attempt, spent) in runs.iter().flat_map(|run| run.by_target()) {
        match all.iter_mut().find(|(known, _)| *known == attempt.target) {
            Some((_, sum)) => *sum = sum.plus(spent),
            None => all.push((&attempt.target, spent)),
        }
    }
    let said = all.iter().map(|(target, spent)| format!("{target}: {}", figures::spent(spent)));
    (all.len() > 1).then(|| said.collect::<Vec<_>>().join("; "))
}

/// What was paid now: nothing for a cached answer and a demonstration.
fn cost(runs: &[&Outcome]) -> String {
    let paid: Vec<Cost> =
        runs.iter().filter(|run| run.provenance == Provenance::Live && !run.demo).map(|run| run.cost).collect();
    let sum = paid.iter().copied().reduce(Cost::plus);
    let free: BTreeSet<&str> = runs
        .iter()
        .filter_map(|run| match run.provenance {
            _ if run.demo => Some("demonstration, no cost"),
            Provenance::Cached { .. } => Some("cached, $0 now"),
            Provenance::Live => None,
        })
        .collect();
    let said: Vec<String> =
        sum.map(|sum| sum.to_string()).into_iter().chain(free.into_iter().map(str::to_owned)).collect();
    said.join("; ")
}
