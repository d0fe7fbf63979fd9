//! How far two judges of the same answers agree, beyond what chance would make them: Cohen's kappa, Gwet's AC1 and
//! Krippendorff's alpha; and whether a judge is swayed by the order or the length of what it compares.

use serde::{Deserialize, Serialize};

use crate::eval::stats::{Interval, Z, sign_test, wilson};

/// Answers by what a judge and a person say of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Confusion {
    /// Both say that the answer will do.
    pub both: u64,
    /// The judge alone says so: a false pass.
    pub judge_alone: u64,
    /// The person alone says so: a false alarm.
    pub person_alone: u64,
    /// None says so.
    pub neither: u64,
}

/// A coefficient of agreement, 1 where it is perfect and 0 where it is that of chance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Coefficient {
    pub value: f64,
    /// Its standard error.
    pub error: f64,
    pub interval: Interval,
}

impl Confusion {
    /// Counts an answer.
    pub fn take(&mut self, judge: bool, person: bool) {
        match (judge, person) {
            (true, true) => self.both += 1,
            (true, false) => self.judge_alone += 1,
            (false, true) => self.person_alone += 1,
            (false, false) => self.neither += 1,
        }
    }

    /// Adds what another has counted.
    pub fn join(&mut self, other: &Self) {
        let Self { both, judge_alone, person_alone, neither } = other;
        self.both += both;
        self.judge_alone += judge_alone;
        self.person_alone += person_alone;
        self.neither += neither;
    }

    /// Counts all answers.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.both + self.judge_alone + self.person_alone + self.neither
    }

    /// Returns the share of answers of which both say the same, from 0 to 1; none without answers.
    #[must_use]
    pub fn agreed(&self) -> Option<f64> {
        let all = self.all();
        (all > 0).then(|| (self.both + self.neither) as f64 / all as f64)
    }

    /// Returns how many of the answers that the person refuses the judge lets pass: the part, the whole, and Wilson's interval
    /// of the share; none where the person refuses none.
    #[must_use]
    pub fn false_passes(&self) -> Option<(u64, u64, Interval)> {
        let whole = self.judge_alone + self.neither;
        wilson(self.judge_alone, whole).map(|interval| (self.judge_alone, whole, interval))
    }

    /// Its four shares, the judge's yes before its no, the person's yes before their no.
    fn shares(&self) -> Option<[[f64; 2]; 2]> {
        let all = self.all() as f64;
        let share = |count: u64| count as f64 / all;
        (all > 0.0)
            .then(|| [[share(self.both), share(self.judge_alone)], [share(self.person_alone), share(self.neither)]])
    }

    /// Returns Cohen's kappa (1960, Educational and Psychological Measurement 20:37); none where both always say the one same
    /// thing. Its error is that of Fleiss, Cohen and Everitt (1969, Psychological Bulletin 72:323).
    ///
    /// Where most answers pass it is near 0 however well the two agree: see [`Confusion::ac1`].
    #[must_use]
    pub fn kappa(&self) -> Option<Coefficient> {
        let [[a, b], [c, d]] = self.shares()?;
        let (judge, person) = ([a + b, c + d], [a + c, b + d]);
        let agreed = a + d;
        let chance = judge[0] * person[0] + judge[1] * person[1];
        if 1.0 - chance < 1e-12 {
            return None;
        }
        let value = (agreed - chance) / (1.0 - chance);
        let rest = 1.0 - value;
        let on = [(a, judge[0] + person[0]), (d, judge[1] + person[1])];
        let on: f64 = on.iter().map(|(share, margins)| share * (1.0 - margins * rest).powi(2)).sum();
        let off = rest * rest * (b * (person[0] + judge[1]).powi(2) + c * (person[1] + judge[0]).powi(2));
        let taken = (value - chance * rest).powi(2);
        let variance = ((on + off - taken) / (1.0 - chance).powi(2) / self.all() as f64).max(0.0);
        Some(coefficient(value, variance.sqrt(), Z))
    }

    /// Returns Gwet's AC1 (2008, British Journal of Mathematical and Statistical Psychology 61:29), with his error and the
    /// quantile of Student's distribution; none without two answers.
    #[must_use]
    pub fn ac1(&self) -> Option<Coefficient> {
        let [[a, b], [c, d]] = self.shares()?;
        let all = self.all() as f64;
        if all < 2.0 {
            return None;
        }
        let yes = (2.0 * a + b + c) / 2.0;
        let chance = 2.0 * yes * (1.0 - yes);
        let value = (a + d - chance) / (1.0 - chance);
        // What one answer says of the coefficient: whether the two agree on it, and what chance it adds to.
        let says = |agrees: f64, chance_of: f64| {
            (agrees - chance) / (1.0 - chance) - 2.0 * (1.0 - value) * (chance_of - chance) / (1.0 - chance)
        };
        let cells = [(a, says(1.0, 1.0 - yes)), (b + c, says(0.0, 0.5)), (d, says(1.0, yes))];
        let spread: f64 = cells.iter().map(|(share, said)| share * all * (said - value).powi(2)).sum();
        Some(coefficient(value, (spread / (all * all)).sqrt(), student(all - 1.0)))
    }
}

fn coefficient(value: f64, error: f64, quantile: f64) -> Coefficient {
    let interval = Interval { low: (value - quantile * error).max(-1.0), high: (value + quantile * error).min(1.0) };
    Coefficient { value, error, interval }
}

/// The two-sided 95 % quantile of Student's distribution, by the expansion in Abramowitz and Stegun 26.7.5.
fn student(freedom: f64) -> f64 {
    let (z, n) = (Z, freedom);
    let one = (z.powi(3) + z) / 4.0;
    let two = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
    let three = (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0;
    z + one / n + two / (n * n) + three / n.powi(3)
}

/// How far two values of a scale are apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distance {
    /// The same or not.
    Nominal,
    /// By their order.
    Ordinal,
    /// By their difference.
    Interval,
    /// By their difference in relation to their sum.
    Ratio,
}

/// Returns Krippendorff's alpha of units that were each rated by some: 1 where they agree, 0 where it is chance; none where
/// no unit was rated twice, or every value is the same.
///
/// Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011). Missing ratings are left out.
#[must_use]
pub fn alpha(units: &[Vec<f64>], distance: Distance) -> Option<f64> {
    let rated: Vec<&Vec<f64>> = units.iter().filter(|unit| unit.len() > 1).collect();
    let mut values: Vec<f64> = rated.iter().flat_map(|unit| unit.iter().copied()).collect();
    if values.is_empty() || values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    values.sort_unstable_by(f64::total_cmp);
    let count = |value: f64| values.iter().filter(|known| known.total_cmp(&value).is_eq()).count() as f64;
    let apart = |one: f64, other: f64| match distance {
        Distance::Nominal => f64::from(u8::from(one.total_cmp(&other).is_ne())),
        Distance::Ordinal => {
            let (low, high) = if one < other { (one, other) } else { (other, one) };
            let between = values.iter().filter(|value| **value >= low && **value <= high).count() as f64;
            (between - f64::midpoint(count(low), count(high))).powi(2)
        }
        Distance::Interval => (one - other).powi(2),
        Distance::Ratio if one + other == 0.0 => 0.0,
        Distance::Ratio => ((one - other) / (one + other)).powi(2),
    };
    let pairs =
        |all: &[f64]| -> f64 { all.iter().map(|one| all.iter().map(|other| apart(*one, *other)).sum::<f64>()).sum() };
    let seen: f64 = rated.iter().map(|unit| pairs(unit) / (unit.len() - 1) as f64).sum();
    let all = values.len() as f64;
    let chance = pairs(&values) / (all - 1.0);
    (chance > 0.0).then(|| 1.0 - seen / chance)
}

/// How a judge chose that was asked about the same pairs in both orders.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PositionBias {
    /// Pairs of which it said the same in both orders.
    pub consistent: u64,
    /// Pairs of which it took what stood first both times.
    pub first: u64,
    /// Pairs of which it took what stood second both times.
    pub second: u64,
}

impl PositionBias {
    /// Returns the share of pairs of which it said the same in both orders, with Wilson's interval; none without pairs.
    #[must_use]
    pub fn consistent_share(&self) -> Option<(f64, Interval)> {
        let all = self.consistent + self.first + self.second;
        wilson(self.consistent, all).map(|interval| (self.consistent as f64 / all as f64, interval))
    }

    /// Returns how likely so uneven a split between first and second is of a judge that is not swayed by the order: the sign
    /// test over the pairs it was not consistent about.
    #[must_use]
    pub fn chance(&self) -> f64 {
        sign_test(self.first, self.second)
    }
}

/// How often the longer of two answers was taken for the better one, by a judge and by a person, over the same pairs: their yes
/// is the longer one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LengthBias(pub Confusion);

impl LengthBias {
    /// Counts a pair, by whether each took the longer answer.
    pub fn take(&mut self, judge: bool, person: bool) {
        self.0.take(judge, person);
    }

    /// Counts all pairs.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.0.all()
    }

    /// Returns the share of pairs of which the judge took the longer answer, with Wilson's interval; none without pairs.
    #[must_use]
    pub fn longer_share(&self) -> Option<(f64, Interval)> {
        self.share(self.0.judge_alone)
    }

    /// Returns the share of pairs of which the person took the longer answer, likewise.
    #[must_use]
    pub fn person_share(&self) -> Option<(f64, Interval)> {
        self.share(self.0.person_alone)
    }

    /// Returns how likely it is by chance that judge and person differ so much in taking the longer one: `McNemar`'s exact
    /// test.
    #[must_use]
    pub fn chance(&self) -> f64 {
        sign_test(self.0.judge_alone, self.0.person_alone)
    }

    fn share(&self, alone: u64) -> Option<(f64, Interval)> {
        let (part, all) = (self.0.both + alone, self.all());
        wilson(part, all).map(|interval| (part as f64 / all as f64, interval))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// statsmodels 0.15 `cohens_kappa` (kappa, standard error, interval) and irrCAC 0.4.4 `gwet` (AC1, its interval), over
    /// the tables of judge by person `a b / c d`.
    #[test]
    fn kappa_and_ac1_are_as_computed_elsewhere() {
        let near = |found: f64, wanted: f64| (found - wanted).abs() < 6e-5;
        let of = |both, judge_alone, person_alone, neither| Confusion { both, judge_alone, person_alone, neither };
        let plain = of(20, 5, 10, 15);
        let (kappa, ac1) = (plain.kappa().unwrap(), plain.ac1().unwrap());
        assert!(near(plain.agreed().unwrap(), 0.7));
        assert!(near(kappa.value, 0.4) && near(kappa.error, 0.1270), "{kappa:?}");
        assert!(near(kappa.interval.low, 0.1511) && near(kappa.interval.high, 0.6489), "{kappa:?}");
        assert!(near(ac1.value, 0.4059) && near(ac1.error, 0.1302), "{ac1:?}");
        // Where most pass, kappa collapses and AC1 does not: both are shown.
        let lopsided = of(118, 5, 2, 0);
        let (kappa, ac1) = (lopsided.kappa().unwrap(), lopsided.ac1().unwrap());
        assert!(near(lopsided.agreed().unwrap(), 0.944));
        assert!(near(kappa.value, -0.0234) && near(ac1.value, 0.9408), "{kappa:?} {ac1:?}");
        assert!(near(ac1.interval.low, 0.8953) && near(ac1.interval.high, 0.9862), "{ac1:?}");
        let third = of(85, 5, 5, 5);
        let (kappa, ac1) = (third.kappa().unwrap(), third.ac1().unwrap());
        assert!(near(kappa.value, 0.4444) && near(kappa.error, 0.1472) && near(ac1.value, 0.8780), "{kappa:?} {ac1:?}");
    }

    #[test]
    fn what_cannot_be_told_is_not_told() {
        let one_sided = Confusion { both: 10, ..Confusion::default() };
        assert_eq!((one_sided.kappa(), one_sided.false_passes()), (None, None));
        assert_eq!((Confusion::default().agreed(), Confusion::default().ac1()), (None, None));
        let (part, whole, interval) =
            Confusion { both: 40, judge_alone: 5, person_alone: 0, neither: 5 }.false_passes().unwrap();
        assert_eq!((part, whole, wilson(5, 10)), (5, 10, Some(interval)));
    }

    /// The units of four raters over twelve, a dot for no rating.
    fn units(raters: &[&str]) -> Vec<Vec<f64>> {
        let of = |unit: usize| {
            raters.iter().filter_map(|rater| rater.chars().nth(unit)?.to_digit(10).map(f64::from)).collect()
        };
        (0..raters[0].len()).map(of).collect()
    }

    /// Krippendorff 2011, the data of sections C and D; `krippendorff` 0.9 and irrCAC 0.4.4 say the same.
    #[test]
    fn alpha_is_as_published() {
        let four = units(&["123321412...", "1233224125.3", ".3332342251.", "12332441251."]);
        for (distance, wanted) in [
            (Distance::Nominal, 0.7434),
            (Distance::Ordinal, 0.8154),
            (Distance::Interval, 0.8491),
            (Distance::Ratio, 0.7974),
        ] {
            let found = alpha(&four, distance).unwrap();
            assert!((found - wanted).abs() < 6e-5, "{distance:?} {found}");
        }
        let two = units(&["0100000010", "1110010000"]);
        let found = alpha(&two, Distance::Nominal).unwrap();
        assert!((found - 0.0952).abs() < 6e-5, "{found}");
        assert_eq!(alpha(&[vec![1.0]], Distance::Nominal), None);
        assert_eq!(alpha(&[vec![1.0, 1.0]], Distance::Nominal), None);
    }

    /// `scipy.stats.binomtest(14, 17).pvalue` is 0.0127.
    #[test]
    fn order_and_length_are_tested_over_the_pairs_that_tell() {
        let swayed = PositionBias { consistent: 33, first: 14, second: 3 };
        let (share, interval) = swayed.consistent_share().unwrap();
        assert!((share - 0.66).abs() < 1e-12 && interval.low < 0.66 && interval.high > 0.66);
        assert!((swayed.chance() - 0.012_725_83).abs() < 1e-8);
        assert_eq!(PositionBias::default().consistent_share(), None);
        let long = LengthBias(Confusion { both: 20, judge_alone: 14, person_alone: 3, neither: 13 });
        assert!((long.longer_share().unwrap().0 - 0.68).abs() < 1e-12);
        assert!((long.chance() - 0.012_725_83).abs() < 1e-8);
    }
}
