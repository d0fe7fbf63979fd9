//! Thresholds moved over answers, beside counting them one by one.

use super::*;
use crate::eval::stats::SplitMix;

fn point(value: f64, rest: bool, right: Option<bool>) -> Point {
    Point { value: Some(value), rest, right }
}

/// Six answers: one fails something else, one states no confidence.
fn six() -> Vec<Point> {
    vec![
        point(0.9, true, Some(true)),
        point(0.8, true, Some(false)),
        point(0.8, true, None),
        point(0.6, false, Some(true)),
        point(0.5, true, Some(true)),
        Point { value: None, rest: true, right: None },
    ]
}

#[test]
fn a_threshold_says_what_passes_and_what_flips() {
    let what = WhatIf::of(Side::AtLeast, six());
    assert_eq!((what.answers(), what.measured()), (6, 5));
    for (threshold, passes, fixed, broken, precision, recall) in [
        (0.8, 4, 0, 0, (1, 2), (1, 3)),
        (0.85, 2, 0, 2, (1, 1), (1, 3)),
        (0.5, 5, 1, 0, (2, 3), (2, 3)),
        (0.0, 5, 1, 0, (2, 3), (2, 3)),
    ] {
        let at = what.at(threshold, 0.8);
        let counts = |share: Option<Share>| share.map(|share| (share.part, share.whole)).unwrap();
        assert_eq!(counts(at.passes), (passes, 6), "{threshold}");
        assert_eq!((at.fixed, at.broken), (fixed, broken), "{threshold}");
        assert_eq!((counts(at.precision), counts(at.recall)), (precision, recall), "{threshold}");
    }
    let none = what.at(2.0, 0.8);
    assert_eq!((none.precision, none.passes.unwrap().part), (None, 1));
    assert_eq!(what.at(f64::NAN, 0.8).passes.unwrap().part, 1);
    let json = serde_json::to_string(&none).unwrap();
    assert_eq!(serde_json::from_str::<At>(&json).unwrap(), none);
}

#[test]
fn an_arrow_goes_to_the_next_value_that_changes_something() {
    let what = WhatIf::of(Side::AtLeast, six());
    for (from, up, to) in [
        (0.8, true, Some(0.9)),
        (0.7, true, Some(0.9)),
        (0.5, true, Some(0.6)),
        (0.9, true, None),
        (0.9, false, Some(0.8)),
        (0.8, false, Some(0.5)),
        (0.5, false, None),
        (2.0, false, Some(0.9)),
    ] {
        assert_eq!(what.step(from, up), to, "{from} {up}");
    }
    let most = WhatIf::of(Side::AtMost, six());
    for (from, up, to) in [
        (0.5, true, Some(0.8)),
        (0.8, true, Some(0.9)),
        (0.9, true, None),
        (0.9, false, Some(0.8)),
        (0.8, false, Some(0.6)),
        (0.5, false, None),
    ] {
        assert_eq!(most.step(from, up), to, "at most {from} {up}");
    }
    assert_eq!(WhatIf::default().step(0.5, true), None);
}

#[test]
fn nothing_measured_is_nothing_to_move() {
    let none = WhatIf::of(Side::AtLeast, []);
    assert_eq!((none.at(0.5, 0.5).passes, none.at(0.5, 0.5).recall, none.steps(20)), (None, None, vec![]));
    let odd = WhatIf::of(Side::AtMost, [point(f64::NAN, true, None), point(f64::INFINITY, true, None)]);
    assert_eq!((odd.measured(), odd.at(1e300, 0.0).passes.unwrap().part, odd.steps(20)), (1, 1, vec![]));
}

#[test]
fn steps_are_round() {
    let steps = |values: &[f64], most| {
        WhatIf::of(Side::AtLeast, values.iter().map(|value| point(*value, true, None))).steps(most)
    };
    assert_eq!(steps(&[0.31, 0.72], 6), [0.3, 0.4, 0.5, 0.6, 0.7, 0.8]);
    assert_eq!(steps(&[120.0, 4800.0], 6), [0.0, 1000.0, 2000.0, 3000.0, 4000.0, 5000.0]);
    assert_eq!(steps(&[0.4], 6), [0.4]);
    assert_eq!(steps(&[-0.1, 0.1], 5), [-0.1, -0.05, 0.0, 0.05, 0.1]);
    for (low, high) in [(0.0, 1e-9), (1e12, 3e12), (-5.0, 0.001), (0.0, f64::MAX), (1.0, 1.0 + f64::EPSILON)] {
        let found = steps(&[low, high], 20);
        assert!(found.len() <= 20 && found.is_sorted(), "{low} {high} {found:?}");
    }
}

/// Made-up answers, and every number counted anew at each threshold.
#[test]
fn looking_up_is_counting() {
    let mut rng = SplitMix::new(5);
    for side in [Side::AtLeast, Side::AtMost] {
        let points: Vec<Point> = (0..300)
            .map(|_| Point {
                value: (rng.below(10) > 0).then(|| rng.below(21) as f64 / 20.0),
                rest: rng.below(3) > 0,
                right: (rng.below(2) == 0).then(|| rng.below(2) == 0),
            })
            .collect();
        let what = WhatIf::of(side, points.iter().copied());
        let passes = |point: &Point, threshold: f64| {
            point.rest
                && point.value.is_none_or(|value| match side {
                    Side::AtLeast => value >= threshold,
                    Side::AtMost => value <= threshold,
                })
        };
        let count = |keep: &dyn Fn(&Point) -> bool| points.iter().filter(|point| keep(point)).count() as u64;
        for threshold in (0..45).map(|n| f64::from(n) / 40.0 - 0.03) {
            let at = what.at(threshold, 0.5);
            assert_eq!(at.passes.unwrap().part, count(&|point| passes(point, threshold)));
            assert_eq!(at.fixed, count(&|point| passes(point, threshold) && !passes(point, 0.5)));
            assert_eq!(at.broken, count(&|point| !passes(point, threshold) && passes(point, 0.5)));
            let right = count(&|point| passes(point, threshold) && point.right == Some(true));
            let graded = count(&|point| passes(point, threshold) && point.right.is_some());
            assert_eq!(at.precision.map(|share| (share.part, share.whole)), (graded > 0).then_some((right, graded)));
            assert_eq!(at.recall.unwrap().part, right);
        }
    }
}

#[test]
fn a_threshold_is_made_as_round_as_it_may_be() {
    let at_least =
        WhatIf::of(Side::AtLeast, [0.561_2, 0.57, 0.857_142_857, 0.91].map(|value| point(value, true, None)));
    for (threshold, near, tidy) in [
        (0.857_142_857, 1.0, 0.8),
        (0.857_142_857, 0.01, 0.85),
        (0.57, 1.0, 0.57),
        (0.91, 0.02, 0.9),
        (0.561_2, 1.0, 0.5),
        (0.561_2, 0.0, 0.561_2),
        (0.561_2, 0.002, 0.56),
    ] {
        assert_eq!(Some(at_least.tidy(threshold, near)), Some(tidy), "{threshold} {near}");
    }
    let at_most = WhatIf::of(Side::AtMost, [780.619, 809.553, 3000.5].map(|value| point(value, true, None)));
    for (threshold, near, tidy) in
        [(780.619, 30.0, 800.0), (809.553, 5.0, 810.0), (3000.5, 1.0, 3001.0), (3000.5, 1e6, 4000.0), (0.0, 1.0, 0.0)]
    {
        assert_eq!(Some(at_most.tidy(threshold, near)), Some(tidy), "{threshold} {near}");
    }
    let mut dice = SplitMix::new(3);
    for side in [Side::AtLeast, Side::AtMost] {
        let points: Vec<Point> = (0..200).map(|_| point((dice.draw() % 1000) as f64 / 977.0, true, None)).collect();
        let what = WhatIf::of(side, points.clone());
        for Point { value, .. } in points {
            let threshold = value.unwrap();
            let tidy = what.tidy(threshold, 0.05);
            assert_eq!(what.at(tidy, threshold).passes, what.at(threshold, threshold).passes);
            assert!((tidy - threshold).abs() <= 0.05 && tidy.to_string().len() <= threshold.to_string().len());
        }
    }
}
