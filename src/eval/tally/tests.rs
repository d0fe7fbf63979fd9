//! Tests of the tally: every cell counts once and where it belongs.

use super::*;
use crate::model::{Place, Rule, RunId, Verdict, outcome::Judging};

fn cell(status: RunStatus, score: Option<f64>) -> Cell {
    let end = match status {
        RunStatus::Error => "failed",
        RunStatus::Cancelled => "cancelled",
        _ => "done",
    };
    Cell {
        place: Place::default(),
        run: RunId(uuid::Uuid::nil()),
        end: end.to_owned(),
        status,
        score,
        class: None,
        cached: false,
        tokens: Some(10),
        cost: Cost::Known(PicoDollars(5)),
        judging: None,
        took: Duration::from_millis(100),
        summary: String::new(),
    }
}

#[test]
fn an_error_and_what_is_inconclusive_did_not_pass_and_what_is_unchecked_is_left_out() {
    let mut tally = Tally::default();
    tally.take(&cell(RunStatus::Passed, Some(1.0)), None);
    tally.take(&cell(RunStatus::Failed, Some(0.5)), None);
    let class = Some("rate limited".to_owned());
    tally.take(&Cell { class, tokens: None, cost: Cost::Unknown, ..cell(RunStatus::Error, None) }, None);
    tally.take(&cell(RunStatus::Inconclusive, Some(1.0)), None);
    tally.take(&cell(RunStatus::Unchecked, None), None);
    tally.take(&cell(RunStatus::Cancelled, None), None);
    let counts = StatusCounts { passed: 1, failed: 1, inconclusive: 1, unchecked: 1, error: 1, cancelled: 1 };
    assert_eq!((tally.counts, tally.cells()), (counts, 5));
    assert_eq!(tally.pass_rate(), Some(0.25));
    assert_eq!(tally.score(), Some(0.5), "what is inconclusive has no final score");
    assert_eq!(tally.errors.get("rate limited"), Some(&1));
    assert_eq!(tally.cost(), Cost::Known(PicoDollars(20)), "what failed at once was not billed");
    assert_eq!(Tally::default().pass_rate(), None);
}

#[test]
fn checks_that_could_not_run_are_counted_by_rule_and_reason() {
    let open = |rule: &str, why: String| Verdict::new(Rule::Check(rule.to_owned()), Status::Inconclusive, why);
    let (mut one, mut other) = (Tally::default(), Tally::default());
    for number in 0..200 {
        let quality = Quality::of(vec![open("javascript", "unknown".to_owned()), open("rubric", format!("n{number}"))]);
        let tally = if number % 2 == 0 { &mut one } else { &mut other };
        tally.take(&cell(RunStatus::Inconclusive, None), Some(&quality));
    }
    one.join(&other);
    let unrun: Vec<Unrun> = one.unrun().collect();
    assert!(unrun.len() <= MOST_UNRUN + 1, "{}", unrun.len());
    assert_eq!(unrun.iter().map(|unrun| unrun.count).sum::<u64>(), 400);
    assert_eq!(unrun[0].to_string(), "200 × javascript: unknown");
}

#[test]
fn a_cached_answer_costs_nothing_and_says_nothing_of_latency() {
    let mut tally = Tally::default();
    let slow = Duration::from_secs(9);
    tally.take(&Cell { cached: true, took: slow, ..cell(RunStatus::Passed, Some(1.0)) }, None);
    assert_eq!((tally.cost(), tally.latency(0.5), tally.tokens), (Cost::Known(PicoDollars(0)), None, 0));
    tally.take(&Cell { cost: Cost::Unknown, tokens: None, ..cell(RunStatus::Passed, Some(1.0)) }, None);
    assert_eq!((tally.cost(), tally.uncounted), (Cost::Unknown, 1), "an unknown price is never $0");
    tally.take(&cell(RunStatus::Passed, Some(1.0)), None);
    assert_eq!(tally.cost(), Cost::AtLeast(PicoDollars(5)));
    assert_eq!(tally.latency(0.95), Some(Duration::from_millis(100)));
}

#[test]
fn what_judges_took_counts_also_for_a_cached_answer() {
    let mut tally = Tally::default();
    let judging = Some(Judging { cost: Cost::Known(PicoDollars(3)), tokens: 4 });
    tally.take(&Cell { judging, ..cell(RunStatus::Passed, None) }, None);
    tally.take(&Cell { judging, cached: true, ..cell(RunStatus::Passed, None) }, None);
    assert_eq!((tally.cost(), tally.tokens), (Cost::Known(PicoDollars(11)), 18));
}

#[test]
fn quantiles_are_the_nearest_rank() {
    let mut tally = Tally::default();
    for millis in (1..=100).rev() {
        tally.take(&Cell { took: Duration::from_millis(millis), ..cell(RunStatus::Unchecked, None) }, None);
    }
    for (share, millis) in [(0.5, 50), (0.95, 95), (1.0, 100), (0.0, 1)] {
        assert_eq!(tally.latency(share), Some(Duration::from_millis(millis)), "{share}");
    }
}

#[test]
fn joined_tallies_are_the_tally_of_all() {
    let verdict = |metric: &str, mark| Verdict {
        metric: Some(metric.to_owned()),
        ..Verdict::new(Rule::Check("contains".to_owned()), mark, "")
    };
    let quality = |mark| Quality::of(vec![verdict("tone", mark), verdict("length", Status::Passed)]);
    let (mut one, mut other, mut all) = (Tally::default(), Tally::default(), Tally::default());
    for (at, mark) in [Status::Passed, Status::Failed, Status::Inconclusive, Status::Passed].into_iter().enumerate() {
        let status = quality(mark).status();
        let cell = Cell { cached: at == 3, ..cell(status, Some(0.25)) };
        all.take(&cell, Some(&quality(mark)));
        if at % 2 == 0 { &mut one } else { &mut other }.take(&cell, Some(&quality(mark)));
    }
    one.join(&other);
    assert_eq!(one.figures(), all.figures());
    assert_eq!(all.metrics().collect::<Vec<_>>(), [("length", 1.0), ("tone", 2.0 / 3.0)]);
}
