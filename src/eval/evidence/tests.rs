//! Evidence: its sentence, what decides, and how often it is wrong.

use std::collections::BTreeMap;

use super::{said::chance, *};

fn pairs(both: usize, broken: usize, fixed: usize, neither: usize) -> Vec<Pair> {
    [(both, true, true), (broken, true, false), (fixed, false, true), (neither, false, false)]
        .into_iter()
        .flat_map(|(count, a, b)| std::iter::repeat_n(Pair { a: Some(a), b: Some(b), ..Pair::default() }, count))
        .collect()
}

#[test]
fn the_sentence_says_what_is_shown() {
    for ((both, broken, fixed, neither), sentence) in [
        ((60, 3, 14, 23), "B better: 14 fixed, 3 broken, p=0.013, +11 points (3 to 19)"),
        ((60, 14, 3, 23), "B worse: 3 fixed, 14 broken, p=0.013, -11 points (-19 to -3)"),
        ((0, 0, 0, 0), "not comparable: no common inputs"),
    ] {
        assert_eq!(Evidence::of(pairs(both, broken, fixed, neither), 1).sentence(), sentence);
    }
    let few = Evidence::of(pairs(40, 4, 6, 10), 1).sentence();
    assert!(
        few.starts_with("no difference shown: 6 fixed, 4 broken, p=0.754, +3 points (")
            && few.ends_with(" more rows needed to see 5 points"),
        "{few}"
    );
}

#[test]
fn a_sentence_is_as_long_as_there_is_room_for() {
    let (better, few) = (Evidence::of(pairs(60, 3, 14, 23), 1), Evidence::of(pairs(40, 4, 6, 10), 1));
    let words = ("+ better", "+ worse");
    let needed = format!("no difference shown: 6 fixed, 4 broken; about {} more rows needed", few.more_rows.unwrap());
    for (found, room, said) in [
        (&better, 80, "+ better: 14 fixed, 3 broken, p=0.013, +11 points (3 to 19)"),
        (&better, 40, "+ better: 14 fixed, 3 broken"),
        (&better, 20, "+ better"),
        (&better, 0, "+ better"),
        (&few, 70, needed.as_str()),
        (&few, 60, "no difference shown: 6 fixed, 4 broken"),
        (&few, 30, "no difference shown"),
    ] {
        assert_eq!(found.said(words, room), said, "{room}");
    }
    assert_eq!(Evidence::of([], 1).said(words, 20), "not comparable");
}

#[test]
fn what_was_not_judged_with_both_is_counted_apart() {
    let odd = [Pair { a: Some(true), ..Pair::default() }, Pair::default()];
    let found = Evidence::of(pairs(1, 0, 0, 0).into_iter().chain(odd), 1);
    assert_eq!((found.unchanged, found.not_comparable), (1, 2));
    let json = serde_json::to_string(&found).unwrap();
    assert_eq!(serde_json::from_str::<Evidence>(&json).unwrap(), found);
}

#[test]
fn scores_are_told_beside_passes() {
    let scored = (0..50).map(|n| Pair {
        score_a: Some(0.5),
        score_b: Some(if n % 2 == 0 { 0.6 } else { 0.8 }),
        ..Pair::default()
    });
    let score = Evidence::of(scored, 7).score.unwrap();
    assert!((score.by - 0.2).abs() < 1e-9 && score.interval.low > 0.15 && score.interval.high < 0.25, "{score:?}");
}

/// How many of 1,000 comparisons of 400 rows, with so many of 100 rows fixed and broken, show a difference.
fn called(seed: u64, fixed: usize, broken: usize) -> usize {
    let mut rng = SplitMix::new(seed);
    (0..1000)
        .filter(|_| {
            let rows: Vec<Pair> = (0..400)
                .map(|_| match rng.below(100) {
                    n if n < fixed => Pair { a: Some(false), b: Some(true), ..Pair::default() },
                    n if n < fixed + broken => Pair { a: Some(true), b: Some(false), ..Pair::default() },
                    _ => Pair { a: Some(true), b: Some(true), ..Pair::default() },
                })
                .collect();
            Evidence::of(rows, 1).shown != Shown::NoDifference
        })
        .count()
}

/// The seeds that each simulation is made with.
const SEEDS: [u64; 3] = [20_250_101, 20_250_102, 1];

#[test]
fn no_difference_is_rarely_called_one() {
    for (seed, discordance) in SEEDS.iter().flat_map(|seed| [2, 10, 20].map(|discordance| (*seed, discordance))) {
        let wrong = called(seed, discordance, discordance);
        assert!(wrong <= 50, "{wrong} of 1,000 at {discordance} + {discordance} of 100 from {seed}");
    }
}

/// With 20, 30 and 40 of 100 rows discordant.
#[test]
fn ten_points_are_found_at_four_hundred_rows() {
    for (fixed, broken) in [(15, 5), (20, 10), (25, 15)] {
        let found = called(20_250_101, fixed, broken);
        assert!(found >= 800, "{found} of 1,000 at {fixed} + {broken} of 100");
    }
}

/// Rows whose scores differ by these, judged alike with both.
fn scored(differences: impl IntoIterator<Item = f64>) -> Vec<Pair> {
    let pair = |by| Pair { a: Some(false), b: Some(false), score_a: Some(0.5), score_b: Some(0.5 + by) };
    differences.into_iter().map(pair).collect()
}

#[test]
fn scores_decide_where_passes_cannot() {
    let up = || (0..50).map(|n| if n % 2 == 0 { 0.1 } else { 0.3 });
    let found = Evidence::of(scored(up()), 7);
    assert_eq!((found.basis, found.shown), (Basis::Scores, Shown::Better));
    let line = found.sentence();
    assert!(
        line.starts_with("B better: 0 fixed, 0 broken; mean score +0.20 (0.1")
            && line.ends_with(") over 50 rows, p<0.001"),
        "{line}"
    );
    let alone = scored(up().map(|by| -by)).into_iter().map(|pair| Pair { a: None, b: None, ..pair });
    let line = Evidence::of(alone, 7).sentence();
    assert!(line.starts_with("B worse: mean score -0.20 (-0.2"), "{line}");
    for (differences, shown) in [
        (vec![0.2, 0.2], Shown::NoDifference),
        (vec![0.2; 5], Shown::NoDifference),
        (vec![0.2; 6], Shown::NoDifference),
        (vec![0.2; 7], Shown::Better),
        (vec![0.0; 30], Shown::NoDifference),
    ] {
        assert_eq!(Evidence::of(scored(differences.clone()), 1).shown, shown, "{differences:?}");
    }
}

#[test]
fn passes_decide_where_they_can_whatever_the_scores() {
    let rows = pairs(40, 5, 5, 10).into_iter().zip(scored((0..60).map(|_| 0.2)));
    let found = Evidence::of(rows.map(|(row, score)| Pair { a: row.a, b: row.b, ..score }), 1);
    assert_eq!((found.basis, found.shown), (Basis::Passes, Shown::NoDifference));
    assert!(found.score_p < Some(0.001), "{found:?}");
}

#[test]
fn one_score_is_nothing_to_compare() {
    let one = Pair { score_a: Some(0.1), score_b: Some(0.2), ..Pair::default() };
    assert_eq!(Evidence::of([one], 1).sentence(), "not comparable: only one input was scored with both");
}

/// Weighs samples, each with the row it is of.
fn of_samples<R: Ord>(samples: impl IntoIterator<Item = (R, Pair)>, seed: u64) -> Evidence {
    let mut rows: BTreeMap<R, [Samples; 2]> = BTreeMap::new();
    for (row, pair) in samples {
        let [a, b] = rows.entry(row).or_default();
        a.take(pair.a, pair.score_a);
        b.take(pair.b, pair.score_b);
    }
    Evidence::of(rows.into_values().map(|[a, b]| Pair::of(a, b)), seed)
}

/// Five samples of each row that all go the same way are as much evidence as one.
#[test]
fn samples_of_a_row_count_as_one() {
    let rows = pairs(60, 3, 5, 23);
    let five = (0..5).flat_map(|_| rows.iter().copied().enumerate());
    assert_eq!(of_samples(five, 1), Evidence::of(rows.clone(), 1));
    let side = |a: Option<bool>, score_a: f64| Pair { a, b: Some(true), score_a: Some(score_a), score_b: Some(1.0) };
    for (samples, fixed) in [
        (vec![side(Some(true), 0.0), side(Some(true), 1.0), side(Some(false), 0.5)], 0),
        (vec![side(Some(true), 0.0), side(Some(false), 1.0), side(Some(false), 0.5)], 1),
        (vec![side(Some(true), 0.0), side(Some(false), 1.0)], 1),
        (vec![side(Some(true), 0.5), side(None, f64::NAN)], 0),
    ] {
        let both = samples.iter().flat_map(|pair| [("one", *pair), ("two", *pair)]);
        let found = of_samples(both, 1);
        assert_eq!((found.fixed, found.scored), (fixed * 2, 2), "{samples:?}");
        assert!((found.score.unwrap().by - 0.5).abs() < 1e-12, "{samples:?}");
    }
}

#[test]
fn a_p_is_never_written_as_a_level_it_is_below_and_one_between_the_levels_says_so() {
    for (p, written) in [
        (0.029_4, "p=0.029"),
        (0.029_6, "p<0.03"),
        (0.029_999_9, "p<0.03"),
        (0.03, "p=0.030, not below 0.03"),
        (0.031_25, "p=0.031, not below 0.03"),
        (0.05, "p=0.050"),
        (0.000_99, "p<0.001"),
        (1.0, "p=1.000"),
    ] {
        assert_eq!(chance(p), written, "{p}");
    }
    let six = Evidence::of(pairs(40, 0, 6, 10), 1);
    assert_eq!((six.shown, six.basis), (Shown::NoDifference, Basis::Passes));
    let sentence = six.sentence();
    assert!(
        sentence.starts_with("no difference shown: 6 fixed, 0 broken, p=0.031, not below 0.03, +11 points ("),
        "{sentence}"
    );
    assert_eq!(Evidence::of(pairs(40, 0, 7, 10), 1).shown, Shown::Better);
}

/// How many comparisons of scores from 0 to 1 in steps of 0.1, alike with A and B but for what is added to
/// B's, show a difference.
fn called_by_scores(seed: u64, comparisons: u64, rows: usize, more: f64) -> usize {
    let mut rng = SplitMix::new(seed);
    (0..comparisons)
        .filter(|seed| {
            let mut one = || rng.below(11) as f64 / 10.0;
            let apart: Vec<f64> = (0..rows).map(|_| one() - one() + more).collect();
            Evidence::of(scored(apart), *seed).shown != Shown::NoDifference
        })
        .count()
}

#[test]
fn scores_alike_are_rarely_called_different() {
    for (seed, rows) in SEEDS.iter().flat_map(|seed| [3, 10, 20].map(|rows| (*seed, rows))) {
        let wrong = called_by_scores(seed, 1000, rows, 0.0);
        assert!(wrong <= 50, "{wrong} of 1,000 at {rows} rows from {seed}");
    }
}

/// 0.3 more over 30 rows and 0.1 more over 400, where one row's difference spreads by 0.45.
#[test]
fn scores_apart_are_found() {
    let found = called_by_scores(20_250_102, 200, 30, 0.3);
    assert!(found >= 160, "{found} of 200");
    let found = called_by_scores(20_250_102, 40, 400, 0.1);
    assert!(found >= 32, "{found} of 40");
}
