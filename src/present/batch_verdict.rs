//! The verdict of a batch in words: which of two is better, by how much, how sure that is, and what it costs.

use std::time::Duration;

use crate::{
    eval::{
        Evidence, Tally,
        evidence::{Basis, Conclusion, Difference},
    },
    present::evidence::chance,
    text::format::{counted, whole_percent},
};

/// One of two that are compared.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    pub name: &'a str,
    /// What its cells come to.
    pub tally: &'a Tally,
}

/// From here on one number is said to be another one's multiple.
const TELLING: f64 = 1.2;

/// Says in one or two sentences how one side compares with another, the evidence being of the same rows.
#[must_use]
pub fn verdict(evidence: &Evidence, side: Side<'_>, base: Side<'_>) -> Vec<String> {
    let (name, other) = (side.name, base.name);
    let by = match (evidence.basis, evidence.passed, evidence.score) {
        (Basis::Scores, _, Some(Difference { by, interval })) => {
            format!("mean score {by:+.2} (95 %: {:+.2} to {:+.2})", interval.low, interval.high)
        }
        (Basis::Passes | Basis::Scores, Some(Difference { by, interval }), _) => {
            let (by, low, high) = (points(by), points(interval.low), points(interval.high));
            format!("{by} points (95 %: {low} to {high})")
        }
        (Basis::Passes | Basis::Scores, None, _) => {
            return vec![format!("{name} against {other}: {}", evidence.sentence())];
        }
    };
    let rows = counted(evidence.rows(), "row");
    let rates = side.tally.pass_rate().zip(base.tally.pass_rate());
    let rates = rates.map(|(own, other)| format!("{} against {} passed, ", whole_percent(own), whole_percent(other)));
    let rates = rates.unwrap_or_default();
    let chance = chance(match evidence.basis {
        Basis::Passes => evidence.p,
        Basis::Scores => evidence.score_p.unwrap_or(evidence.p),
    });
    let first = match evidence.shown {
        Conclusion::Better => format!("{name} is better than {other}: {rates}{by}, {rows}, {chance}"),
        Conclusion::Worse => format!("{name} is worse than {other}: {rates}{by}, {rows}, {chance}"),
        Conclusion::NoDifference => {
            let more = evidence.more_rows.filter(|more| *more > 0);
            let more = more.map(|more| format!("; needs about {more} more rows to show 5 points"));
            format!("{name} against {other}: no difference shown, {by}, {rows}{}", more.unwrap_or_default())
        }
    };
    let changed = format!(
        "{} fixed, {} broken, {} the same.",
        counted(evidence.fixed, "row"),
        evidence.broken,
        evidence.unchanged
    );
    vec![first, [Some(changed), price(side.tally, base.tally)].into_iter().flatten().collect::<Vec<_>>().join("  ")]
}

/// Says how many times as much one side costs and how many times as long it takes, where that is known.
fn price(side: &Tally, base: &Tally) -> Option<String> {
    let cost = |tally: &Tally| {
        let fresh = tally.cells().saturating_sub(tally.cached);
        let known = tally.own().cost.amount().filter(|amount| amount.0 > 0 && fresh > 0)?;
        Some(known.0 as f64 / fresh as f64)
    };
    let time = |tally: &Tally| tally.latency(0.5).filter(|time| *time > Duration::ZERO).map(|time| time.as_secs_f64());
    let costs = cost(side).zip(cost(base)).and_then(|(own, other)| times(own, other, "as much", "cost"));
    let takes = time(side).zip(time(base)).and_then(|(own, other)| times(own, other, "as long", "time"));
    match (costs, takes) {
        (Some(costs), Some(takes)) => Some(format!("It costs {costs} and takes {takes}.")),
        (Some(costs), None) => Some(format!("It costs {costs}.")),
        (None, Some(takes)) => Some(format!("It takes {takes}.")),
        (None, None) => None,
    }
}

/// Says how many times another number one is; none where both are about the same.
fn times(own: f64, other: f64, more: &str, what: &str) -> Option<String> {
    let ratio = own / other;
    let digits = |ratio: f64| if ratio < 9.95 { format!("{ratio:.1}") } else { format!("{ratio:.0}") };
    let tidy = |ratio: f64| digits(ratio).trim_end_matches(".0").to_owned();
    if ratio >= TELLING {
        Some(format!("{} times {more}", tidy(ratio)))
    } else if ratio <= 1.0 / TELLING {
        Some(format!("{:.0}% of the {what}", ratio * 100.0))
    } else {
        None
    }
}

/// Writes a share as points with its sign.
fn points(share: f64) -> String {
    let points = (share * 100.0).round() as i64;
    if points < 0 { format!("−{}", points.unsigned_abs()) } else { format!("+{points}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{eval::RowPair, model::StatusCounts};

    fn tally(passed: u64, failed: u64) -> Tally {
        let mut tally = Tally::default();
        tally.counts = StatusCounts { passed, failed, ..StatusCounts::default() };
        tally
    }

    fn pairs(fixed: usize, broken: usize, same: usize) -> Vec<RowPair> {
        let of = |a, b| RowPair { a: Some(a), b: Some(b), ..RowPair::default() };
        let (fixed, broken) = (vec![of(false, true); fixed], vec![of(true, false); broken]);
        [fixed, broken, vec![of(true, true); same]].concat()
    }

    fn sentences(fixed: usize, broken: usize, same: usize) -> Vec<String> {
        let evidence = Evidence::of(pairs(fixed, broken, same), 1);
        let (own, other) = (tally((fixed + same) as u64, broken as u64), tally((broken + same) as u64, fixed as u64));
        verdict(&evidence, Side { name: "haiku", tally: &own }, Side { name: "mini", tally: &other })
    }

    #[test]
    fn the_better_one_comes_first_with_how_much_and_how_sure() {
        let words = sentences(14, 1, 45);
        assert!(
            words[0].starts_with("haiku is better than mini: 98% against 77% passed, +22 points (95 %: +"),
            "{words:?}"
        );
        assert!(words[0].ends_with("60 rows, p<0.001"), "{words:?}");
        assert_eq!(words[1], "14 rows fixed, 1 broken, 45 the same.");
        assert!(sentences(1, 14, 45)[0].starts_with("haiku is worse than mini: "));
    }

    #[test]
    fn no_difference_says_how_many_rows_it_takes() {
        let words = sentences(3, 2, 55);
        assert!(words[0].starts_with("haiku against mini: no difference shown, +2 points (95 %: −"), "{words:?}");
        assert!(words[0].contains("; needs about ") && words[0].ends_with(" more rows to show 5 points"), "{words:?}");
        let words = sentences(0, 0, 0);
        assert!(words[0].contains("not comparable") && words.len() == 1, "{words:?}");
    }

    #[test]
    fn what_costs_about_the_same_is_not_said() {
        assert_eq!(times(8.0, 1.0, "as much", "cost").as_deref(), Some("8 times as much"));
        assert_eq!(times(1.5, 1.0, "as long", "time").as_deref(), Some("1.5 times as long"));
        assert_eq!(times(25.0, 2.0, "as much", "cost").as_deref(), Some("12 times as much"));
        assert_eq!(times(0.5, 1.0, "as much", "cost").as_deref(), Some("50% of the cost"));
        assert_eq!(times(1.1, 1.0, "as much", "cost"), None);
    }
}
