//! An improvement in words: one sentence that says how it ended, by what, and what else it would take.

use crate::{
    eval::{
        Improvement,
        evidence::{Basis, Conclusion, Evidence},
        experiment::ExperimentSpent,
        improve::{EditFault, ImproveForecast, Improved, counted_faults},
    },
    present::evidence::chance,
    text::format::{count, counted, percent},
};

/// Says how the rows are split and what that can show.
#[must_use]
pub fn split(forecast: &ImproveForecast) -> String {
    let ImproveForecast { split, gain, cells: _, most: _ } = forecast;
    let gain = gain.map_or_else(
        || "they show no gain however large".to_owned(),
        |gain| format!("they show a gain of {} points or more in 8 of 10 cases", (gain * 100.0).round()),
    );
    format!(
        "{} tune rows, {} held out by their hash (a share of {}): {gain}, where 20 of 100 rows change anyhow",
        split.tune.len(),
        split.held_out.len(),
        percent(split.share)
    )
}

/// Says what an experiment took.
#[must_use]
pub fn cost(spent: &ExperimentSpent) -> String {
    let ExperimentSpent { cells, asked: _, tokens, cost: _, unpriced: _ } = spent;
    format!("{}, {} tokens, {}", counted(*cells, "answer"), count(*tokens), money(spent))
}

/// Says what an experiment cost, as far as prices are known.
#[must_use]
pub fn money(spent: &ExperimentSpent) -> String {
    let ExperimentSpent { cells, asked: _, tokens: _, cost, unpriced } = spent;
    match unpriced {
        0 => cost.to_string(),
        unpriced if unpriced == cells => "price unknown".to_owned(),
        _ => format!("{cost} and what is not priced"),
    }
}

/// Says how an improvement that came to its end did so.
#[must_use]
pub fn verdict_of(improved: &Improved) -> String {
    let Improved { improvement, candidates, faults, spent, forecast } = improved;
    let names: Vec<String> = candidates.iter().map(|candidate| candidate.name.clone()).collect();
    let dropped = candidates.iter().filter(|candidate| candidate.contender.dropped).count();
    let (cost, tune) = (cost(spent), forecast.split.tune.len());
    verdict(improvement, &ImprovementFigures { names: &names, dropped, faults, cost: &cost, tune })
}

/// What the sentence is told beside the end.
#[derive(Debug, Clone, Copy)]
pub struct ImprovementFigures<'a> {
    /// The names of the candidates that were tried.
    pub names: &'a [String],
    /// How many of them were dropped on tune rows.
    pub dropped: usize,
    pub faults: &'a [EditFault],
    /// What it cost, in words.
    pub cost: &'a str,
    /// Tune rows.
    pub tune: usize,
}

/// Says how an improvement ended.
#[must_use]
pub fn verdict(improvement: &Improvement, figures: &ImprovementFigures<'_>) -> String {
    let ImprovementFigures { names, dropped, faults, cost, tune } = *figures;
    let tried = format!("{dropped} of {} dropped on tune rows", names.len());
    match improvement {
        Improvement::NothingToFix => {
            format!("nothing to fix: every judged answer to the {tune} tune rows passes; {cost}")
        }
        Improvement::NoCandidate => {
            format!("no difference shown: none of the proposed edits could be tried ({}); {cost}", faulted(faults))
        }
        Improvement::NoFinalist => format!(
            "no difference shown: no candidate fixed more of the {tune} tune rows than it broke; {tried}; the held-out rows \
             were not looked at; {cost}"
        ),
        Improvement::Tested { finalist, shown, p, look, unasked, evidence } => {
            let name = names.get(*finalist).map_or("the finalist", String::as_str);
            let rows = evidence.rows();
            let rows = format!("{} held-out {}", rows, if rows == 1 { "row" } else { "rows" });
            let result = result(evidence, *p, *look);
            match shown {
                Conclusion::Better => format!("{name} is better on {rows}: {result}; {tried}; {cost}"),
                Conclusion::Worse => format!("{name} is worse on {rows}: {result}; {tried}; {cost}"),
                Conclusion::NoDifference => {
                    let stopped = match unasked {
                        0 => String::new(),
                        left => format!("; the other {left} were not asked, as no gain could be shown any more"),
                    };
                    let more = match evidence.more_rows {
                        Some(more) if more > 0 => {
                            format!("; about {} more to see 5 points", counted(more, "held-out row"))
                        }
                        Some(_) | None => String::new(),
                    };
                    format!("no difference shown on {rows}: {result}{stopped}; {tried}; {cost}{more}")
                }
            }
        }
    }
}

/// Says what the rows show: `5 fixed, 3 broken, p=0.73`.
fn result(evidence: &Evidence, p: f64, look: u32) -> String {
    let Evidence { fixed, broken, .. } = evidence;
    let by = match (evidence.basis, evidence.passed, evidence.score) {
        (Basis::Scores, _, Some(score)) => {
            format!(", mean score {:+.2} ({:.2} to {:.2})", score.by, score.interval.low, score.interval.high)
        }
        (_, Some(passed), _) => {
            let points = |share: f64| (share * 100.0).round();
            let (low, high) = (points(passed.interval.low), points(passed.interval.high));
            format!(", {:+} points ({low} to {high})", points(passed.by))
        }
        _ => String::new(),
    };
    let looks =
        if look > 1 { format!(" ({} look at these rows: p times {look})", ordinal(look)) } else { String::new() };
    format!("{fixed} fixed, {broken} broken, {}{looks}{by}", chance(p))
}

/// Writes a number as a place: `3rd`.
fn ordinal(number: u32) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

/// Names why edits were rejected: `3 too long, 2 copies a row`.
#[must_use]
pub fn faulted(faults: &[EditFault]) -> String {
    let counts = counted_faults(faults).into_iter().map(|(name, count)| format!("{count}: {name}"));
    let all = counts.collect::<Vec<_>>().join(", ");
    if all.is_empty() { "none was proposed".to_owned() } else { all }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::RowPair;

    fn tested(fixed: usize, broken: usize, same: usize, look: u32) -> String {
        let of = |a, b| RowPair { a: Some(a), b: Some(b), ..RowPair::default() };
        let pairs = [vec![of(false, true); fixed], vec![of(true, false); broken], vec![of(true, true); same]].concat();
        let improvement = Improvement::judge(1, Evidence::of(pairs, 1), look, 0);
        let names: Vec<String> = (1..=6).map(|number| format!("improve-3fa2c1-{number}")).collect();
        let figures = ImprovementFigures { names: &names, dropped: 4, faults: &[], cost: "$0.41", tune: 60 };
        verdict(&improvement, &figures)
    }

    #[test]
    fn the_sentence_says_how_it_ended_and_what_it_would_take() {
        let none = tested(5, 3, 52, 1);
        assert!(
            none.starts_with("no difference shown on 60 held-out rows: 5 fixed, 3 broken, p=0.727, +3 points ("),
            "{none}"
        );
        assert!(
            none.contains("; 4 of 6 dropped on tune rows; $0.41; about ") && none.ends_with("to see 5 points"),
            "{none}"
        );
        let better = tested(14, 2, 44, 1);
        assert!(
            better.starts_with("improve-3fa2c1-2 is better on 60 held-out rows: 14 fixed, 2 broken, p=0.004"),
            "{better}"
        );
        let looked = tested(14, 2, 44, 3);
        assert!(looked.contains("p=0.013 (3rd look at these rows: p times 3)"), "{looked}");
    }

    #[test]
    fn edits_that_were_rejected_are_counted_by_name() {
        let faults = [EditFault::Copied, EditFault::TooLong, EditFault::Copied];
        assert_eq!(faulted(&faults), "2: copies a row, 1: too long");
    }
}
