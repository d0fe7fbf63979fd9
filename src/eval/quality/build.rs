//! The quality report made of what was folded, all at once or while it grows.

use std::collections::BTreeMap;

use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};

use crate::{
    eval::{
        Evidence,
        evidence::{Difference, RowPair, SEED, Samples},
        quality::{
            Case, Live, Met, Ordered, Review, RunCounts, SLOT, Timed,
            report::{
                CheckFigures, ClassLine, GroupRow, JudgeAgreement, QualityReport, Rate, Times, TrendPoint,
                VersionChange, VersionComparison,
            },
        },
    },
    model::{
        Outcome, Spent, StatusCounts,
        outcome::Judging,
        run_facts::{Name, RunFacts},
    },
};

/// Points of a trend, at most.
const POINTS: i64 = 60;

/// Digits of a version's hash that are shown.
const SHORT: usize = 7;

/// One line in the making.
#[derive(Debug, Default)]
struct Draft {
    name: String,
    prompt: Option<String>,
    value: Option<String>,
    group: RunCounts,
}

/// Lines in the order of their keys, and which of them each place's times go to.
#[derive(Debug, Default)]
struct Drafts {
    lines: BTreeMap<String, Draft>,
    keys: BTreeMap<u32, String>,
    /// Whether the runs are those of a demonstration alone.
    is_demo: bool,
}

impl Drafts {
    /// Adds a group to the line of a key, which is its name unless it is given another.
    fn add(&mut self, key: String, place: u32, group: RunCounts) -> &mut Draft {
        self.keys.insert(place, key.clone());
        let draft = self.lines.entry(key.clone()).or_insert_with(|| Draft { name: key, ..Draft::default() });
        draft.group.join(group);
        draft
    }

    /// Finishes the lines with the times whose places are theirs.
    fn group_rows(self, ordered: &Ordered, place: impl Fn(&Timed) -> Option<u32>) -> Vec<GroupRow> {
        let order: BTreeMap<&str, usize> =
            self.lines.keys().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
        let most = self.keys.keys().next_back().map_or(0, |place| *place as usize + 1);
        let mut line_of = vec![usize::MAX; most];
        for (place, key) in &self.keys {
            if let (Some(slot), Some(at)) = (line_of.get_mut(*place as usize), order.get(key.as_str())) {
                *slot = *at;
            }
        }
        let group = |one: &Timed| line_of.get(place(one)? as usize).copied();
        let lines = self.lines.len();
        let times = ordered.took(lines, group).into_iter().zip(ordered.first_token(lines, group));
        let line = |(Draft { name, prompt, value, group }, (times, first_token))| GroupRow {
            name,
            value,
            prompt,
            runs: group.runs,
            counts: group.counts,
            pass: Rate::of(group.counts.passed, group.counts.rated()),
            times,
            first_token,
            spent: group.spent(self.is_demo),
            unpriced: group.unpriced,
        };
        self.lines.into_values().zip(times).map(line).collect()
    }
}

impl Review {
    /// Returns what was measured: of all but the demonstration, or of the demonstration where that is all.
    pub(crate) fn measured(&self) -> &Live {
        let [others, demo] = &self.live;
        if self.is_demo() { demo } else { others }
    }

    /// Tells whether all runs are those of a demonstration.
    fn is_demo(&self) -> bool {
        self.demo == self.runs
    }

    fn drafts(&self) -> Drafts {
        Drafts { is_demo: self.is_demo(), ..Drafts::default() }
    }

    /// Works out what is read of it; days and hours are those of a time zone.
    #[must_use]
    pub fn report(&self, zone: &TimeZone) -> QualityReport {
        match &self.judges {
            Some(judges) if self.runs == 0 => {
                let alone = judges.as_ref().clone().named(self.names.clone());
                QualityReport { of_judges: true, ..alone.report_of(zone) }
            }
            _ => self.report_of(zone),
        }
    }

    fn report_of(&self, zone: &TimeZone) -> QualityReport {
        let mut all = RunCounts::default();
        for (_, _, group) in self.targets.iter() {
            all.join(group);
        }
        let live = self.measured();
        let ordered = Ordered::of(live);
        let (times, first_token) = ordered.all();
        let (stretch, trend) = self.trend(&ordered, zone);
        let tokens = live.sum.spent().usage;
        let checks = self.checks();
        let confidence = self.marks_of("confidence").map(|marks| marks.bins).unwrap_or_default();
        let completeness = self.marks_of("completeness").filter(|marks| marks.scored > 0);
        QualityReport {
            runs: self.runs,
            counts: all.counts,
            success: Rate::of(self.runs.saturating_sub(all.counts.error + all.counts.cancelled), self.runs),
            pass: Rate::of(all.counts.passed, all.counts.rated()),
            changes: self.changes(),
            checks,
            unrun: Vec::new(),
            orders: None,
            classes: self.classes(),
            models: self.by_target(&ordered, |(_, model)| model),
            providers: self.by_target(&ordered, |(provider, _)| provider),
            prompts: self.by_prompt(&ordered),
            versions: self.by_version(&ordered),
            params: self.by_params(&ordered),
            confidence,
            completeness: completeness.map(|marks| marks.sum / marks.scored as f64),
            times,
            first_token,
            waits: self.waits,
            tokens_in: tokens.total_input().unwrap_or(0),
            tokens_out: tokens.total_output().unwrap_or(0),
            spent: Spent { usage: tokens, ..all.sum.spent() },
            unpriced: self.unpriced,
            cache_saving: self.cache_saving,
            judges: self.judging,
            of_judges: false,
            retried: self.retried,
            attempts: self.attempts,
            fell_back: self.fell_back,
            cached: self.cached,
            demo: self.demo,
            graded: self.graded.0,
            right: self.graded.1,
            stretch,
            trend,
        }
    }

    fn marks_of(&self, rule: &str) -> Option<crate::eval::quality::Marks> {
        self.names.find(rule).and_then(|name| self.checks.get(name)).copied()
    }

    fn text(&self, name: Option<Name>) -> String {
        name.map_or_else(|| "–".to_owned(), |name| self.names.text(name).to_owned())
    }

    /// Lists the checks, the one that fails most first.
    fn checks(&self) -> Vec<CheckFigures> {
        let check = |(name, marks): (Name, &crate::eval::quality::Marks)| CheckFigures {
            name: self.names.text(name).to_owned(),
            pass: Rate::of(marks.passed, marks.passed + marks.failed + marks.inconclusive),
            inconclusive: marks.inconclusive,
            agreement: JudgeAgreement::of(self.names.text(name), marks.graded),
        };
        let mut checks: Vec<CheckFigures> = self.checks.iter().map(check).collect();
        let failing = |check: &CheckFigures| check.pass.map_or(0, |rate| rate.whole - rate.part);
        checks.sort_by(|one, other| failing(other).cmp(&failing(one)).then_with(|| one.name.cmp(&other.name)));
        checks
    }

    fn classes(&self) -> Vec<ClassLine> {
        let line = |(name, met): (Name, &Met)| ClassLine {
            name: self.names.text(name).to_owned(),
            met: Rate::of(met.runs, self.runs),
            ended: met.ended,
            answered: Rate::of(met.answered, met.runs),
            pass: Rate::of(met.counts.passed, met.counts.rated()),
        };
        let mut lines: Vec<ClassLine> = self.errors.iter().map(line).collect();
        let met = |line: &ClassLine| line.met.map_or(0, |rate| rate.part);
        lines.sort_by(|one, other| met(other).cmp(&met(one)).then_with(|| one.name.cmp(&other.name)));
        lines
    }

    fn by_target(&self, ordered: &Ordered, of: impl Fn((Option<Name>, Option<Name>)) -> Option<Name>) -> Vec<GroupRow> {
        let mut drafts = self.drafts();
        for (key, place, group) in self.targets.iter() {
            drafts.add(self.text(of(key)), place, group);
        }
        drafts.group_rows(ordered, |one| Some(one.target))
    }

    fn by_prompt(&self, ordered: &Ordered) -> Vec<GroupRow> {
        let mut drafts = self.drafts();
        for ((prompt, _), place, group) in self.versions.iter() {
            drafts.add(self.text(prompt), place, group);
        }
        drafts.group_rows(ordered, |one| Some(one.version))
    }

    fn by_version(&self, ordered: &Ordered) -> Vec<GroupRow> {
        let mut drafts = self.drafts();
        for ((prompt, version), place, group) in self.versions.iter() {
            let (prompt, version) = (self.text(prompt), self.text(version));
            let draft = drafts.add(format!("{prompt} {version}"), place, group);
            draft.name = short(&version);
            (draft.prompt, draft.value) = (Some(prompt), Some(version));
        }
        drafts.group_rows(ordered, |one| Some(one.version))
    }

    fn by_params(&self, ordered: &Ordered) -> Vec<GroupRow> {
        let mut drafts = self.drafts();
        for (params, group) in self.params.iter() {
            let json = self.text(Some(params));
            let place = u32::try_from(params.place()).unwrap_or(u32::MAX);
            let draft = drafts.add(shown(&json), place, *group);
            draft.value = Some(json);
        }
        drafts.group_rows(ordered, |one| Some(one.params))
    }

    /// Compares each prompt's version that was begun last with the one that was begun before it; those that
    /// cannot be compared come last.
    fn changes(&self) -> Vec<VersionChange> {
        let mut by_prompt: BTreeMap<Name, Vec<(i64, u32, Name)>> = BTreeMap::new();
        for ((prompt, version), place, group) in self.versions.iter() {
            if let (Some(prompt), Some(version), true) = (prompt, version, group.counts.rated() > 0) {
                by_prompt.entry(prompt).or_default().push((group.first, place, version));
            }
        }
        let mut changes = Vec::new();
        // Which change a version belongs to, and whether it is the last of the two.
        let mut sides: BTreeMap<u32, (usize, bool)> = BTreeMap::new();
        for (prompt, mut versions) in by_prompt {
            versions.sort_unstable();
            let [.., (_, before, old), (_, last, new)] = versions.as_slice() else { continue };
            sides.extend([(*before, (changes.len(), false)), (*last, (changes.len(), true))]);
            changes.push(VersionChange {
                prompt: self.names.text(prompt).to_owned(),
                before: short(self.names.text(*old)),
                last: short(self.names.text(*new)),
                compared: None,
            });
        }
        let mut pairs: BTreeMap<(usize, i64, Option<Name>), [Samples; 2]> = BTreeMap::new();
        for Case { input, version, target, passed } in &self.cases {
            let Some((change, last)) = sides.get(version) else { continue };
            let [before, after] = pairs.entry((*change, *input, *target)).or_default();
            let side = if *last { after } else { before };
            side.take(Some(*passed), None);
        }
        let mut by_change: Vec<Vec<RowPair>> = vec![Vec::new(); changes.len()];
        for ((change, ..), [before, after]) in pairs {
            if let Some(own) = by_change.get_mut(change).filter(|_| !before.is_empty() && !after.is_empty()) {
                own.push(RowPair::of(before, after));
            }
        }
        for (change, pairs) in changes.iter_mut().zip(by_change) {
            change.compared = compared(&pairs);
        }
        let by = |change: &VersionChange| change.compared.as_ref().map_or(f64::INFINITY, |compared| compared.by);
        changes.sort_by(|one, other| by(one).total_cmp(&by(other)).then_with(|| one.prompt.cmp(&other.prompt)));
        changes
    }

    /// Gathers the slots into stretches, so that there are not too many. Each begins with an hour, or a day, of the
    /// time zone.
    pub(crate) fn trend(&self, ordered: &Ordered, zone: &TimeZone) -> (i64, Vec<TrendPoint>) {
        let (Some((first, _)), Some((last, _))) = (self.slots.first(), self.slots.last()) else {
            return (SLOT, Vec::new());
        };
        let span = i64::from(last - first + 1) * SLOT;
        let each = STRETCHES.into_iter().find(|each| span / each < POINTS).unwrap_or(365 * DAY);
        let bounds = bounds(i64::from(*first) * SLOT, i64::from(*last) * SLOT, each, zone);
        let place = |slot: u32| bounds.partition_point(|bound| *bound <= i64::from(slot) * SLOT).saturating_sub(1);
        let stretches = place(*last) + 1;
        let mut groups = vec![RunCounts::default(); stretches];
        for (slot, group) in &self.slots {
            if let Some(own) = groups.get_mut(place(*slot)) {
                own.join(*group);
            }
        }
        let times = ordered.took(stretches, |one| Some(place(one.slot)));
        let ends = bounds.iter().zip(bounds.iter().skip(1));
        let point = |((from, to), (group, times)): ((&i64, &i64), (RunCounts, Option<Times>))| TrendPoint {
            from: *from,
            to: *to,
            runs: group.runs,
            counts: group.counts,
            spent: group.spent(self.is_demo()),
            unpriced: group.unpriced,
            p50: times.map(|times| times.p50),
        };
        let points = ends.zip(groups.into_iter().zip(times)).map(point);
        (each, points.filter(|point| point.runs > 0).collect())
    }
}

/// Seconds of a day that is neither longer nor shorter than others.
const DAY: i64 = 86_400;

/// The lengths that stretches of a trend can have, in seconds.
const STRETCHES: [i64; 13] = [
    SLOT,
    3 * SLOT,
    3600,
    2 * 3600,
    3 * 3600,
    6 * 3600,
    12 * 3600,
    DAY,
    2 * DAY,
    4 * DAY,
    7 * DAY,
    30 * DAY,
    365 * DAY,
];

/// Lists when stretches begin, from the one that holds a first time to the one after that of a last, in seconds
/// since 1970. Those of a day or more begin at midnight in a time zone, others at its full hours as they were at the
/// first time.
fn bounds(first: i64, last: i64, each: i64, zone: &TimeZone) -> Vec<i64> {
    let at = Timestamp::from_second(first).unwrap_or_default();
    let mut bounds = Vec::new();
    if each < DAY {
        let offset = i64::from(zone.to_offset(at).seconds());
        let mut next = (first + offset).div_euclid(each) * each - offset;
        while next <= last {
            bounds.push(next);
            next += each;
        }
        bounds.push(next);
        return bounds;
    }
    let days = each / DAY;
    let epoch = Date::constant(1970, 1, 1);
    let number = zone.to_datetime(at).date().duration_since(epoch).as_hours() / 24;
    let mut day = number.div_euclid(days) * days;
    // A day that no calendar has ends the list.
    while let Some(next) = midnight(epoch, day, zone) {
        bounds.push(next);
        if next > last {
            break;
        }
        day += days;
    }
    bounds
}

/// Returns when a day begins in a time zone, by its number since one; in seconds since 1970.
fn midnight(epoch: Date, day: i64, zone: &TimeZone) -> Option<i64> {
    let date = epoch.checked_add(Span::new().try_days(day).ok()?).ok()?;
    Some(date.to_zoned(zone.clone()).ok()?.timestamp().as_second())
}

/// Compares two versions over their pairs; none without one.
fn compared(pairs: &[RowPair]) -> Option<VersionComparison> {
    let evidence = Evidence::of_what_decides(pairs.iter().copied(), SEED);
    let Difference { by, interval } = evidence.passed?;
    let passed = |of: fn(&RowPair) -> Option<bool>| pairs.iter().filter(|pair| of(pair) == Some(true)).count() as u64;
    let all = pairs.len() as u64;
    let (from, to) = (Rate::of(passed(|pair| pair.a), all)?, Rate::of(passed(|pair| pair.b), all)?);
    Some(VersionComparison { from, to, by, interval, shown: evidence.shown })
}

fn short(version: &str) -> String {
    version.chars().take(SHORT).collect()
}

/// Writes parameters that are JSON as a person reads them: `temperature 0.3, max_tokens 400`.
fn shown(json: &str) -> String {
    let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(json) else {
        return json.to_owned();
    };
    let parts: Vec<String> = fields
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| match value {
            serde_json::Value::String(text) => format!("{key} {text}"),
            other => format!("{key} {other}"),
        })
        .collect();
    if parts.is_empty() { "the model's own".to_owned() } else { parts.join(", ") }
}

/// Runs by the hundredth part of which a review grows before its times are put in order again: to the eye
/// they are the same until then, and a run that ends does not cost more the longer the record is.
const PART: u64 = 100;

/// Answers from which on a review that is watched lets go of their times, once they are in order: what a
/// session adds to so many moves no rank, and a million of them would take 24 MB.
const MANY: usize = 50_000;

/// The figures of a review that are shown while runs go on.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LiveFigures {
    pub runs: u64,
    /// Calls.
    pub attempts: u64,
    /// How the runs came out.
    pub counts: StatusCounts,
    /// Runs answered from the cache.
    pub cached: u64,
    /// Runs of the demonstration.
    pub demo: u64,
    /// What the runs took, judges apart.
    pub spent: Spent,
    /// What judging took.
    pub judges: Judging,
    /// Runs whose cost is not known.
    pub unpriced: u64,
    /// Response times.
    pub times: Option<Times>,
    pub first_token: Option<Times>,
}

/// A review with its figures at hand.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Watched {
    review: Review,
    figures: LiveFigures,
    trend: Vec<Option<u32>>,
    /// Runs there were when the times were put in order last.
    ordered: u64,
}

impl Watched {
    /// Begins with what was folded before. Of [`MANY`] answers the ranks of their times stay as they are now.
    #[must_use]
    pub fn new(mut review: Review) -> Self {
        // Versions are compared in reports alone, and the runs of judges are no answers.
        (review.cases, review.judges) = (Vec::new(), None);
        let mut watched = Self { review, ..Self::default() };
        watched.order();
        watched.count();
        if watched.review.measured().timed.len() >= MANY {
            watched.review.live.iter_mut().for_each(|live| live.timed = Vec::new());
            watched.ordered = u64::MAX;
        }
        watched
    }

    /// Takes in a run that ended at a time, in seconds since 1970.
    pub fn take(&mut self, outcome: &Outcome, at: i64) {
        let facts = RunFacts::of(outcome, at, self.review.names_mut());
        self.review.take(&RunFacts { compared: None, ..facts });
        if self.review.runs.saturating_sub(self.ordered) > self.ordered / PART {
            self.order();
        }
        self.count();
    }

    /// Returns what was taken in.
    #[must_use]
    pub fn review(&self) -> &Review {
        &self.review
    }

    #[must_use]
    pub fn figures(&self) -> &LiveFigures {
        &self.figures
    }

    /// Returns the response times of the last answers, the newest last, in milliseconds.
    pub fn last_times(&self, most: usize) -> impl Iterator<Item = u32> {
        let timed = &self.review.measured().timed;
        timed.get(timed.len().saturating_sub(most)..).unwrap_or_default().iter().map(|one: &Timed| one.took)
    }

    /// Returns the response time half of the answers stayed within, in milliseconds, for each stretch of time,
    /// the oldest first; none where no answer was timed.
    #[must_use]
    pub fn trend(&self) -> &[Option<u32>] {
        &self.trend
    }

    fn order(&mut self) {
        let ordered = Ordered::of(self.review.measured());
        (self.figures.times, self.figures.first_token) = ordered.all();
        self.trend = self.review.trend(&ordered, &TimeZone::UTC).1.iter().map(|point| point.p50).collect();
        self.ordered = self.review.runs;
    }

    fn count(&mut self) {
        let review = &self.review;
        let mut all = RunCounts::default();
        review.targets.iter().for_each(|(_, _, group)| all.join(group));
        let live = review.measured();
        self.figures = LiveFigures {
            runs: review.runs,
            attempts: review.attempts,
            counts: all.counts,
            cached: review.cached,
            demo: review.demo,
            spent: Spent { usage: live.sum.spent().usage, ..all.sum.spent() },
            judges: review.judging,
            unpriced: self.review.unpriced,
            ..self.figures
        };
    }
}

impl Review {
    /// Works out the figures of the answers, and counts the runs of judges beside them; where there are only those, the
    /// figures are theirs.
    #[must_use]
    pub fn listed(mut self) -> (LiveFigures, u64) {
        match self.judges.take() {
            Some(judges) if self.runs == 0 => (Watched::new(*judges).figures, 0),
            judges => (Watched::new(self).figures, judges.map_or(0, |judges| judges.runs)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Provenance, outcome::Timing};

    fn outcome(millis: u64) -> Outcome {
        let shown = serde_json::json!({
            "run": "018f0000-0000-7000-8000-000000000000", "end": "done", "text": "", "requested": "a", "target": "a",
            "model": "m", "provenance": {"from": "live"}, "attempts": 1, "usage": {}, "cost": {"state": "unknown"},
            "timing": {"total": {"secs": 0, "nanos": 0}},
        });
        let timing = Timing { total: std::time::Duration::from_millis(millis), ..Timing::default() };
        Outcome { timing, ..serde_json::from_value(shown).unwrap() }
    }

    #[test]
    fn what_is_watched_is_what_is_reported() {
        let mut watched = Watched::default();
        for number in 0..500 {
            let cached = Provenance::Cached { stored: Timestamp::UNIX_EPOCH };
            let provenance = if number % 7 == 0 { cached } else { Provenance::Live };
            watched
                .take(&Outcome { provenance, demo: number % 11 == 0, ..outcome(number) }, 3600 * number.cast_signed());
        }
        watched.order();
        let (report, figures) = (watched.review().report(&TimeZone::UTC), watched.figures());
        assert_eq!((figures.runs, figures.cached, figures.demo), (report.runs, report.cached, report.demo));
        assert_eq!((figures.times, figures.first_token), (report.times, report.first_token));
        assert_eq!(watched.trend().len(), report.trend.len());
    }

    #[test]
    fn the_times_of_a_long_record_stay_while_its_counts_go_on() {
        let mut review = Review::default();
        let facts = RunFacts { took: Some(std::time::Duration::from_millis(9)), ..RunFacts::default() };
        (0..MANY).for_each(|_| review.take(&facts));
        let mut watched = Watched::new(review);
        let times = watched.figures().times.unwrap();
        assert_eq!((times.n, times.p50), (MANY as u64, 9));
        (0..2 * MANY / 10).for_each(|_| watched.take(&outcome(500), 0));
        assert_eq!((watched.figures().runs, watched.figures().times), (MANY as u64 * 12 / 10, Some(times)));
        assert!(watched.review().live.iter().all(|live| live.timed.len() <= 2 * MANY / 10));
    }

    #[test]
    fn the_times_follow_the_first_runs_at_once_and_later_ones_by_the_hundredth() {
        let mut watched = Watched::default();
        let n = |watched: &Watched| watched.figures().times.map_or(0, |times| times.n);
        for number in 1..=100 {
            watched.take(&outcome(5), 0);
            assert_eq!(n(&watched), number);
        }
        let mut turns = 0;
        for _ in 0..900 {
            let before = n(&watched);
            watched.take(&outcome(5), 0);
            turns += u64::from(n(&watched) != before);
            assert!(watched.figures().runs - n(&watched) <= watched.figures().runs / PART + 1);
        }
        assert!((150..=250).contains(&turns), "{turns}");
        assert_eq!(watched.last_times(3).collect::<Vec<_>>(), [5, 5, 5]);
    }
}
