//! Tests of the tally: every cell counts once and where it belongs.

use super::*;
use crate::model::{Place, Rule, RunId, Verdict};

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
        cut_off: false,
        score,
        class: None,
        cached: false,
        tokens: Some(10),
        cost: Cost::Known(PicoDollars(5)),
        judging: None,
        took: Duration::from_millis(100),
        tokens_estimated: false,
        tokens_partial: false,
        by_target: Vec::new(),
        waited: Duration::ZERO,
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
    assert_eq!(tally.own().cost, Cost::AtLeast(PicoDollars(25)), "what was stopped was paid for all the same");
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
    assert!(unrun.len() <= 51, "{}", unrun.len());
    assert_eq!(unrun.iter().map(|unrun| unrun.count).sum::<u64>(), 400);
    assert_eq!(unrun[0].to_string(), "200 × javascript: unknown");
}

#[test]
fn a_cached_answer_costs_nothing_and_says_nothing_of_latency() {
    let mut tally = Tally::default();
    let slow = Duration::from_secs(9);
    tally.take(&Cell { cached: true, took: slow, ..cell(RunStatus::Passed, Some(1.0)) }, None);
    assert_eq!((tally.own().cost, tally.latency(0.5), tally.own().tokens()), (Cost::NOTHING, None, 0));
    tally.take(&Cell { cost: Cost::Unknown, tokens: None, ..cell(RunStatus::Passed, Some(1.0)) }, None);
    let own = tally.own();
    assert_eq!((own.cost, own.usage.sureness()), (Cost::Unknown, "unknown"), "an unknown price is never $0");
    tally.take(&cell(RunStatus::Passed, Some(1.0)), None);
    let own = tally.own();
    assert_eq!((own.cost, own.tokens(), own.usage.sureness()), (Cost::AtLeast(PicoDollars(5)), 10, "at_least"));
    assert_eq!((tally.latency(0.5), tally.latency(0.95)), (Some(Duration::from_millis(100)), None));
}

#[test]
fn what_judges_took_stands_apart_and_counts_also_for_a_cached_answer() {
    let mut tally = Tally::default();
    let judging = Some(Judging { cost: Cost::Known(PicoDollars(3)), tokens: 4, ..Judging::default() });
    tally.take(&Cell { judging, ..cell(RunStatus::Passed, None) }, None);
    tally.take(&Cell { judging, cached: true, ..cell(RunStatus::Passed, None) }, None);
    assert_eq!((tally.answers().cost, tally.answers().tokens()), (Cost::Known(PicoDollars(5)), 10));
    assert_eq!((tally.judges.cost, tally.judges.tokens), (Cost::Known(PicoDollars(6)), 8));
    assert_eq!(tally.apart(), ["judges: 8 tokens, <$0.000001"]);
}

#[test]
fn each_target_has_what_it_took_itself() {
    let spent = |tokens, cost| Spent { usage: Usage { input: Some(tokens), ..Usage::default() }, cost };
    let (five, two) = (Cost::Known(PicoDollars(5)), Cost::Known(PicoDollars(2)));
    let mut tally = Tally::default();
    let by_target = vec![("a".to_owned(), spent(6, five)), ("b".to_owned(), spent(4, two))];
    tally.take(&Cell { by_target, cost: five.plus(two), ..cell(RunStatus::Passed, None) }, None);
    tally.take(&cell(RunStatus::Passed, None), None);
    assert_eq!((tally.own().tokens(), tally.own().cost), (16, Cost::Known(PicoDollars(10))));
    assert_eq!(tally.fallbacks().collect::<Vec<_>>(), [("b", spent(4, two))]);
    assert_eq!((tally.answers().tokens(), tally.answers().cost), (20, Cost::Known(PicoDollars(12))));
}

#[test]
fn what_was_broken_off_before_is_part_of_what_all_took() {
    let mut tally = Tally::default();
    tally.take(&cell(RunStatus::Passed, None), None);
    tally.take_earlier(&Cell { cost: Cost::Unknown, tokens: None, ..cell(RunStatus::Cancelled, None) });
    assert_eq!((tally.own().cost, tally.answers().cost), (Cost::Known(PicoDollars(5)), Cost::AtLeast(PicoDollars(5))));
    assert_eq!((tally.cells(), tally.apart()), (1, vec!["runs that were broken off before: ? tokens, ?".to_owned()]));
    let mut crashed = Tally::default();
    crashed.take_unknown();
    assert_eq!((crashed.answers().cost, crashed.answers().usage.sureness()), (Cost::Unknown, "unknown"));
}

#[test]
fn waits_are_summed_up_where_they_are_worth_telling() {
    let mut tally = Tally::default();
    for millis in [99, 100, 400] {
        tally.take(&Cell { waited: Duration::from_millis(millis), ..cell(RunStatus::Passed, None) }, None);
    }
    assert_eq!(tally.waited, Duration::from_millis(500));
    assert!(tally.apart()[0].starts_with("waited 0.50s"), "{:?}", tally.apart());
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
    assert_eq!(one.figures(one.own()), all.figures(all.own()));
    assert_eq!(all.metrics().collect::<Vec<_>>(), [("length", 1.0), ("tone", 2.0 / 3.0)]);
}
