//! Tests of the tally: every cell counts once and where it belongs.

use super::*;
use crate::model::{
    Place, RunId,
    outcome::Judging,
    quality::{Mark, Rule, Verdict},
};

fn cell(end: &str, passed: Option<bool>, score: Option<f64>) -> Cell {
    Cell {
        place: Place::default(),
        run: RunId(uuid::Uuid::nil()),
        end: end.to_owned(),
        passed,
        score,
        skipped: false,
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
fn each_end_stands_where_it_belongs() {
    let skipped = |score| Cell { skipped: true, ..cell("done", Some(true), score) };
    for (cell, standing) in [
        (cell("done", Some(true), Some(1.0)), Standing::Passed),
        (cell("done", None, None), Standing::Passed),
        (cell("done", Some(false), Some(0.5)), Standing::Failed),
        (skipped(None), Standing::Skipped),
        (skipped(Some(1.0)), Standing::Passed),
        (cell("failed", None, None), Standing::Error),
        (cell("interrupted", None, None), Standing::Error),
        (cell("crashed", None, None), Standing::Error),
        (cell("cancelled", None, None), Standing::Open),
        (cell("running", None, None), Standing::Open),
    ] {
        assert_eq!(Standing::of(&cell), standing, "{cell:?}");
    }
}

#[test]
fn an_error_did_not_pass_and_a_skipped_cell_is_left_out() {
    let mut tally = Tally::default();
    tally.take(&cell("done", Some(true), Some(1.0)), None);
    tally.take(&cell("done", Some(false), Some(0.5)), None);
    let class = Some("rate limited".to_owned());
    tally.take(&Cell { class, tokens: None, cost: Cost::Unknown, ..cell("failed", None, None) }, None);
    tally.take(&Cell { skipped: true, ..cell("done", Some(true), None) }, None);
    tally.take(&cell("cancelled", None, None), None);
    assert_eq!((tally.cells, tally.passed, tally.failed, tally.skipped, tally.errored()), (4, 1, 1, 1, 1));
    assert_eq!(tally.pass_rate(), Some(1.0 / 3.0));
    assert_eq!(tally.score(), Some(0.5));
    assert_eq!(tally.errors.get("rate limited"), Some(&1));
    assert_eq!(tally.cost(), Cost::Known(PicoDollars(15)), "what failed at once was not billed");
    assert_eq!(Tally::default().pass_rate(), None);
}

#[test]
fn a_cached_answer_costs_nothing_and_says_nothing_of_latency() {
    let mut tally = Tally::default();
    let slow = Duration::from_secs(9);
    tally.take(&Cell { cached: true, took: slow, ..cell("done", Some(true), Some(1.0)) }, None);
    assert_eq!((tally.cost(), tally.latency(0.5), tally.tokens), (Cost::Known(PicoDollars(0)), None, 0));
    tally.take(&Cell { cost: Cost::Unknown, tokens: None, ..cell("done", Some(true), Some(1.0)) }, None);
    assert_eq!((tally.cost(), tally.uncounted), (Cost::Unknown, 1), "an unknown price is never $0");
    tally.take(&cell("done", Some(true), Some(1.0)), None);
    assert_eq!(tally.cost(), Cost::AtLeast(PicoDollars(5)));
    assert_eq!(tally.latency(0.95), Some(Duration::from_millis(100)));
}

#[test]
fn what_judges_took_counts_also_for_a_cached_answer() {
    let mut tally = Tally::default();
    let judging = Some(Judging { cost: Cost::Known(PicoDollars(3)), tokens: 4 });
    tally.take(&Cell { judging, ..cell("done", Some(true), None) }, None);
    tally.take(&Cell { judging, cached: true, ..cell("done", Some(true), None) }, None);
    assert_eq!((tally.cost(), tally.tokens), (Cost::Known(PicoDollars(11)), 18));
}

#[test]
fn quantiles_are_the_nearest_rank() {
    let mut tally = Tally::default();
    for millis in (1..=100).rev() {
        tally.take(&Cell { took: Duration::from_millis(millis), ..cell("done", None, None) }, None);
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
    let quality = |mark| Quality::of(vec![verdict("tone", mark), verdict("length", Mark::Pass)]);
    let (mut one, mut other, mut all) = (Tally::default(), Tally::default(), Tally::default());
    for (at, mark) in [Mark::Pass, Mark::Fail, Mark::Skipped, Mark::Pass].into_iter().enumerate() {
        let cell = Cell { cached: at == 3, ..cell("done", Some(mark == Mark::Pass), Some(0.25)) };
        all.take(&cell, Some(&quality(mark)));
        if at % 2 == 0 { &mut one } else { &mut other }.take(&cell, Some(&quality(mark)));
    }
    one.join(&other);
    assert_eq!(one.figures(), all.figures());
    assert_eq!(all.metrics().collect::<Vec<_>>(), [("length", 1.0), ("tone", 2.0 / 3.0)]);
}
