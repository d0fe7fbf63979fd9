//! What comes of many runs: their facts folded into a review or report, measured by a threshold, judged again a page at a
//! time without a call, and paired by inputs and targets where two queries are compared.

use std::collections::{BTreeMap, btree_map::Entry};

use rusqlite::{Connection, OptionalExtension, params_from_iter};
use uuid::Uuid;

use crate::{
    eval::{
        CheckSuite, Evidence, JsonTypes, Review, UnrunCounts, again,
        evidence::{RowPair, SEED, Samples},
        extract, judge_template,
        quality::QualityReport,
        schema_infer::{AnswerShape, InferredSchema},
        stats::{PositionBias, StatedAnswer},
        whatif::{Measured, Threshold, measure, measure::Seen},
    },
    model::{
        CheckKind, CheckType, Prompt, Quality, RunId, RunStatus, Status, VersionId,
        error::StoreError,
        query::{Filter, Query, What},
        run_facts::{EndingWord, Name, Names, RunFacts},
    },
    store::{
        api::{
            Answers, HistoryEntry, LISTED, PairedComparison, Points, Scored, ScoredRun, SideRuns, StatedAnswers,
            StoreReply, ToJudge, ToScore, Turned,
        },
        facts::each,
        history, runs, verdicts,
        verdicts::NewVerdicts,
    },
};

/// What a prompt version says of a rule.
struct Version {
    /// Its threshold, if it has one.
    knob: Option<Threshold>,
    /// Whether a least score decides.
    scored: bool,
}

/// A judged run, as far as it was looked at.
struct Brief {
    seq: i64,
    version: Option<Name>,
    done: bool,
    status: RunStatus,
    fails: bool,
    right: Option<bool>,
    seen: Seen,
}

/// Finds what the threshold of a rule sees of each judged run a query asks for.
///
/// Each run is taken by the verdicts that count, under the rules of the prompt version that was run. Where a
/// least score decides, or scores are wanted, the verdicts are read with their weights, which takes longer. Of runs of several
/// prompts nothing is told but how many there are of each.
pub(crate) fn points(db: &Connection, query: &Query, rule: &str, scores: bool) -> rusqlite::Result<Points> {
    let mut names = Names::default();
    let (name, nth) = measure::name_of(rule);
    let (name, required) = (names.of(name), names.of("required"));
    let mut prompts: BTreeMap<Option<Name>, u64> = BTreeMap::new();
    let mut briefs: Vec<Brief> = Vec::new();
    answers(db, query, &mut names, |seq, facts| {
        if matches!(facts.status, RunStatus::Unchecked | RunStatus::Error | RunStatus::Cancelled) {
            return;
        }
        *prompts.entry(facts.prompt).or_default() += 1;
        briefs.push(Brief {
            seq,
            version: facts.version,
            done: facts.end == EndingWord::Done,
            status: facts.status,
            fails: facts.marks.iter().any(|(_, mark, _)| *mark == Status::Failed),
            right: facts.right,
            seen: Seen::of(name, nth, required, &facts.marks),
        });
    })?;
    let last = briefs.iter().max_by_key(|brief| brief.seq).and_then(|brief| brief.version);
    let last = last.map(|version| VersionId(names.text(version).to_owned()));
    let prompt = last.as_ref().map(|version| content(db, &version.0)).transpose()?.flatten();
    let mut versions: BTreeMap<Option<Name>, Version> = BTreeMap::new();
    let mut judged = Vec::new();
    if prompts.len() == 1 {
        for brief in briefs {
            if let Entry::Vacant(place) = versions.entry(brief.version) {
                place.insert(Version::of(db, brief.version.map(|version| names.text(version)), rule)?);
            }
            if let Some(version) = versions.get(&brief.version) {
                judged.push(measure(db, &brief, version, scores)?);
            }
        }
    }
    let named = |(name, runs): (Option<Name>, u64)| (name.map(|name| names.text(name).to_owned()), runs);
    let mut prompts: Vec<(Option<String>, u64)> = prompts.into_iter().map(named).collect();
    prompts.sort_by(|(one, runs), (other, count)| count.cmp(runs).then_with(|| one.cmp(other)));
    Ok(Points { rule: rule.to_owned(), prompts, version: last, prompt, judged })
}

impl Version {
    fn of(db: &Connection, version: Option<&str>, rule: &str) -> rusqlite::Result<Self> {
        let prompt = version.map(|version| content(db, version)).transpose()?.flatten();
        Ok(Self {
            knob: prompt.as_ref().and_then(|prompt| Threshold::find(prompt, rule).ok()),
            scored: prompt.is_some_and(|prompt| prompt.response.min_score.is_some()),
        })
    }
}

fn measure(db: &Connection, brief: &Brief, version: &Version, scores: bool) -> rusqlite::Result<Measured> {
    let Brief { seq, done, status, fails, right, .. } = *brief;
    let passed = status == RunStatus::Passed;
    let bare = Measured { seq, rest: passed, right, ..Measured::default() };
    let Some(knob) = &version.knob else {
        return Ok(bare);
    };
    // a row of a data set can have a least score of its own
    let moved = (passed && fails) || (status == RunStatus::Failed && !fails);
    let scored = done && (version.scored || moved || (fails && is_of_batch(db, seq)?));
    let quality = if scored || scores { verdicts::counting(db, seq)? } else { None };
    let scores = quality.as_ref().filter(|_| scores).and_then(|quality| measure::scores(knob, quality));
    let (value, decides, rest) = match quality.filter(|quality| scored && quality.min_score.is_some()) {
        Some(quality) => measure::of_score(knob, &quality),
        // a reason that cannot be read says nothing
        None => brief.seen.by(knob, |place| reason(db, seq, place).unwrap_or_default()),
    };
    Ok(Measured { value, decides, rest: rest && done, scores, ..bare })
}

/// Reads the prompt that a version is.
fn content(db: &Connection, version: &str) -> rusqlite::Result<Option<Prompt>> {
    let sql = "SELECT content FROM prompt_version WHERE hash = ?1";
    let text: Option<String> = db.prepare_cached(sql)?.query_row([version], |row| row.get(0)).optional()?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

fn is_of_batch(db: &Connection, seq: i64) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT 1 FROM cell WHERE run = ?1")?.exists([seq])
}

fn reason(db: &Connection, seq: i64, place: usize) -> rusqlite::Result<String> {
    let place = i64::try_from(place).unwrap_or(i64::MAX);
    let sql = "SELECT reason FROM verdict WHERE seq = ?1 AND place = ?2";
    db.prepare_cached(sql)?.query_row([seq, place], |row| row.get(0))
}

/// Answers out of an empty record.
pub(crate) fn no_points(rule: &str) -> StoreReply {
    StoreReply::Points(Box::new(Points { rule: rule.to_owned(), ..Points::default() }))
}

/// Finds what the answers that a query asks for state of themselves by the score of a rule, and whether they are right: by
/// their grade, or by another rule.
pub(crate) fn stated_answers(
    db: &Connection,
    query: &Query,
    stated: &str,
    truth: Option<&str>,
) -> rusqlite::Result<StatedAnswers> {
    let mut names = Names::default();
    let (stated, truth) = (names.of(stated), truth.map(|truth| names.of(truth)));
    let mut found = StatedAnswers::default();
    answers(db, query, &mut names, |_, facts| {
        let mark = |rule: Name| facts.marks.iter().find(|(name, ..)| *name == rule);
        let usable =
            mark(stated).filter(|(_, status, _)| *status != Status::Inconclusive).and_then(|(.., score)| *score);
        let right = match truth {
            None => facts.right,
            Some(rule) => mark(rule).and_then(|(_, status, _)| match status {
                Status::Passed => Some(true),
                Status::Failed => Some(false),
                Status::Inconclusive => None,
            }),
        };
        match (usable.filter(|confidence| (0.0..=1.0).contains(confidence)), right) {
            (Some(confidence), Some(right)) => found.answers.push(StatedAnswer { confidence, right }),
            (Some(_), None) => found.unjudged += 1,
            (None, _) => found.unstated += u64::from(facts.end == EndingWord::Done),
        }
    })?;
    Ok(found)
}

/// Reads what a list shows of runs by their numbers on record; those that are gone are left out.
pub(crate) fn entries(db: &Connection, runs: &[i64]) -> rusqlite::Result<Vec<HistoryEntry>> {
    runs.iter().filter_map(|seq| history::entry(db, *seq).optional().transpose()).collect()
}

/// Hands over the facts of the answers a query asks for with their numbers on record: the runs of judges are no answers,
/// and come where there are no others.
pub(crate) fn answers(
    db: &Connection,
    query: &Query,
    names: &mut Names,
    mut take: impl FnMut(i64, &RunFacts),
) -> rusqlite::Result<()> {
    let (mut any, mut judges) = (false, false);
    each(db, query, names, |seq, facts| {
        judges |= facts.judge;
        if !facts.judge {
            any = true;
            take(seq, facts);
        }
    })?;
    if any || !judges { Ok(()) } else { each(db, query, names, take) }
}

/// Folds the facts of the runs a query asks for; those under way are left out.
pub(crate) fn review(db: &Connection, query: &Query) -> rusqlite::Result<Review> {
    let (mut review, mut names) = (Review::default(), Names::default());
    each(db, query, &mut names, |_, facts| review.take(facts))?;
    Ok(review.named(names))
}

/// Works out the report of the runs a query asks for, with the days of its time zone.
pub(crate) fn report(db: &Connection, query: &Query) -> rusqlite::Result<QualityReport> {
    let (mut review, mut names, mut open) = (Review::default(), Names::default(), Vec::new());
    let pairs = [CheckType::from(CheckKind::Pairwise), CheckType { kind: CheckKind::Pairwise, not: true }];
    let (pairs, mut compared) = (pairs.map(|pair| names.of(&pair.to_string())), Vec::new());
    each(db, query, &mut names, |seq, facts| {
        let is_pair = |(rule, status, _): &(Name, Status, _)| *status != Status::Inconclusive && pairs.contains(rule);
        if facts.marks.iter().any(is_pair) {
            compared.push(seq);
        }
        if facts.marks.iter().any(|(_, status, _)| *status == Status::Inconclusive) {
            open.push((facts.judge, seq));
        }
        review.take(facts);
    })?;
    let report = review.named(names).report(&query.time_zone());
    let of_answers = open.into_iter().filter(|(judge, _)| *judge == report.of_judges).map(|(_, seq)| seq);
    Ok(QualityReport { unrun: unrun(db, of_answers)?.iter().collect(), orders: orders(db, &compared)?, ..report })
}

/// Counts how judges chose that compared answers in both orders; none of no runs.
fn orders(db: &Connection, runs: &[i64]) -> rusqlite::Result<Option<PositionBias>> {
    let mut orders = PositionBias::default();
    let sql =
        "SELECT reason FROM verdict WHERE seq = ?1 AND rule IN ('pairwise', 'not-pairwise') AND mark <> 'skipped'";
    let mut statement = db.prepare_cached(sql)?;
    for seq in runs {
        let mut rows = statement.query([seq])?;
        while let Some(row) = rows.next()? {
            judge_template::count_order(row.get_ref(0)?.as_str()?, &mut orders);
        }
    }
    Ok((!runs.is_empty()).then_some(orders))
}

/// Counts the checks that could not run on the answers of runs.
fn unrun(db: &Connection, runs: impl Iterator<Item = i64>) -> rusqlite::Result<UnrunCounts> {
    let mut counts = UnrunCounts::default();
    let mut statement = db.prepare_cached("SELECT rule, reason FROM verdict WHERE seq = ?1 AND mark = 'skipped'")?;
    for seq in runs {
        let mut rows = statement.query([seq])?;
        while let Some(row) = rows.next()? {
            counts.take(row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?, 1);
        }
    }
    Ok(counts)
}

/// Counts the answers among the runs a query asks for by their prompts, the most first.
pub(crate) fn answers_to_score(db: &Connection, query: &Query) -> rusqlite::Result<Vec<Answers>> {
    let mut done = query.clone();
    done.filters.push(Filter { not: false, what: What::End("done".to_owned()) });
    let (runs, values) = history::every(db, &done, "config")?;
    let sql = format!(
        "SELECT prompt_name, count(*) FROM ({runs}) AS done JOIN run_config ON run_config.id = done.config
         GROUP BY prompt_name"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let answers = statement.query_map(params_from_iter(values), |row| {
        Ok(Answers { prompt: row.get(0)?, answers: row.get::<_, i64>(1)?.unsigned_abs() })
    })?;
    let mut all: Vec<Answers> = answers.collect::<rusqlite::Result<_>>()?;
    all.sort_by(|a, b| b.answers.cmp(&a.answers).then_with(|| a.prompt.cmp(&b.prompt)));
    Ok(all)
}

/// Judges a page of answers again.
pub(crate) fn score(db: &mut Connection, page: &ToScore) -> rusqlite::Result<Result<Scored, StoreError>> {
    let judge = match CheckSuite::new(&page.prompt.expected(), &page.prompt.checks) {
        Ok(judge) => judge,
        Err(bad) => return Ok(Err(StoreError::new(bad.to_string()))),
    };
    let version = VersionId::of(&page.prompt);
    let found = history::page(db, &page.query, page.after.as_ref(), page.limit)?;
    let last = found.runs.last().map(|run| run.place(&page.query));
    let mut scored = Scored { after: last.filter(|_| found.more), ..Scored::default() };
    for entry in &found.runs {
        let Ok(record) = runs::open(db, entry.run)? else {
            scored.unread += 1;
            continue;
        };
        let before = record.outcome.quality.as_ref().map(Quality::status);
        let quality = again(&judge, &page.prompt.response, &record.outcome, &record.input);
        scored.runs.push(ScoredRun { run: entry.run, before, quality });
    }
    if page.write {
        let judged: Vec<NewVerdicts<'_>> = scored
            .runs
            .iter()
            .map(|scored| NewVerdicts { run: scored.run, quality: &scored.quality, version: &version })
            .collect();
        if let Err(error) = verdicts::judge(db, &judged, page.at)? {
            return Ok(Err(error));
        }
    }
    Ok(Ok(scored))
}

/// Answers that a schema is made of, at most: the newest.
const SHAPED: usize = 500;

/// Makes a schema of the newest answers that a query asks for, as far as they are JSON, and counts those.
pub(crate) fn infer_schema(db: &Connection, query: &Query) -> rusqlite::Result<(InferredSchema, u64)> {
    let mut shape = AnswerShape::default();
    for entry in &history::page(db, query, None, SHAPED)?.runs {
        let Ok(record) = runs::open(db, entry.run)? else { continue };
        match &record.outcome.json {
            Some(answer) => shape.take(answer),
            None => {
                if let Ok((json, _)) = extract(&record.outcome.text, JsonTypes::OBJECT) {
                    shape.take(&json);
                }
            }
        }
    }
    Ok((shape.inferred(), shape.answers()))
}

/// Judges answers that are at hand.
pub(crate) fn judge(to: &ToJudge) -> Result<Vec<Quality>, StoreError> {
    let response = to.prompt.expected();
    let judge = CheckSuite::new(&response, &to.prompt.checks).map_err(|bad| StoreError::new(bad.to_string()))?;
    let answers = to.answers.iter().map(|answer| (&answer.0, &answer.1));
    Ok(answers.map(|(outcome, input)| again(&judge, &response, outcome, input)).collect())
}

/// Characters of an input's text that are told.
const TOLD: i64 = 200;

/// What one side makes of one input.
#[derive(Debug, Clone, Copy, Default)]
struct Side {
    samples: Samples,
    /// The newest run that passed.
    passed: Option<i64>,
    /// The newest run that did not.
    failed: Option<i64>,
}

/// A run that was judged or scored.
struct PairedRun {
    seq: i64,
    input: i64,
    target: Option<Name>,
    passed: Option<bool>,
    score: Option<f64>,
}

impl Side {
    fn take(&mut self, run: &PairedRun) {
        self.samples.take(run.passed, run.score);
        let newest = match run.passed {
            Some(true) => &mut self.passed,
            Some(false) => &mut self.failed,
            None => return,
        };
        *newest = (*newest).max(Some(run.seq));
    }
}

/// Weighs nothing.
pub(crate) fn of_none() -> PairedComparison {
    let (evidence, none) = (Evidence::of([], SEED), SideRuns::default());
    PairedComparison { evidence, a: none, b: none, inputs: 0, fixed: Vec::new(), broken: Vec::new() }
}

/// Weighs the runs of B against those of A. Two queries that find the same run are refused: a run says nothing
/// against itself.
pub(crate) fn paired_comparison(
    db: &Connection,
    a: &Query,
    b: &Query,
) -> rusqlite::Result<Result<PairedComparison, StoreError>> {
    let mut names = Names::default();
    let (mut old, mut weight_a) = paired_runs(db, a, &mut names)?;
    let (new, mut weight_b) = paired_runs(db, b, &mut names)?;
    old.sort_unstable_by_key(|run| run.seq);
    let both = new.iter().filter(|run| old.binary_search_by_key(&run.seq, |run| run.seq).is_ok());
    if let Some(run) = both.clone().next_back() {
        return Ok(Err(overlap(both.count() as u64, id(db, run.seq)?)));
    }
    // One model against another is compared by the inputs; otherwise each model with itself.
    let one =
        |runs: &[PairedRun]| runs.windows(2).all(|pair| matches!(pair, [one, other] if one.target == other.target));
    let across = one(&old) && one(&new);
    let mut inputs: BTreeMap<(i64, Option<Name>), (Side, Side)> = BTreeMap::new();
    let key = |run: &PairedRun| (run.input, run.target.filter(|_| !across));
    for run in &old {
        inputs.entry(key(run)).or_default().0.take(run);
    }
    for run in &new {
        inputs.entry(key(run)).or_default().1.take(run);
    }
    let (mut pairs, mut fixed, mut broken) = (Vec::new(), Vec::new(), Vec::new());
    for (a, b) in inputs.values() {
        if a.samples.is_empty() {
            weight_b.alone += 1;
        } else if b.samples.is_empty() {
            weight_a.alone += 1;
        } else {
            let pair = RowPair::of(a.samples, b.samples);
            match (pair.a, pair.b) {
                (Some(false), Some(true)) => fixed.extend(a.failed.zip(b.passed)),
                (Some(true), Some(false)) => broken.extend(a.passed.zip(b.failed)),
                _ => {}
            }
            pairs.push(pair);
        }
    }
    Ok(Ok(PairedComparison {
        inputs: pairs.len() as u64,
        evidence: Evidence::of(pairs, SEED),
        a: weight_a,
        b: weight_b,
        fixed: turned(db, fixed)?,
        broken: turned(db, broken)?,
    }))
}

/// Finds the runs of a query that say something of their answer, as [`RunStatus::compared`] has it, and counts them
/// and the others.
///
/// [`RunStatus::compared`]: crate::model::RunStatus::compared
fn paired_runs(db: &Connection, query: &Query, names: &mut Names) -> rusqlite::Result<(Vec<PairedRun>, SideRuns)> {
    let (mut runs, mut weight) = (Vec::new(), SideRuns::default());
    answers(db, query, names, |seq, facts| {
        let passed = facts.compared;
        match facts.input {
            Some(input) if passed.is_some() => {
                weight.runs += 1;
                runs.push(PairedRun { seq, input, target: facts.target, passed, score: facts.score });
            }
            _ => weight.unjudged += 1,
        }
    })?;
    Ok((runs, weight))
}

fn overlap(runs: u64, example: RunId) -> StoreError {
    let (what, it) = if runs == 1 { ("run is", "it is") } else { ("runs are", "they are") };
    StoreError::new(format!(
        "{runs} {what} on both sides, such as run {}: a run says nothing against itself; narrow one of the queries so \
         that {it} on one side alone",
        example.short()
    ))
}

/// Names the newest runs that show what turned.
fn turned(db: &Connection, mut runs: Vec<(i64, i64)>) -> rusqlite::Result<Vec<Turned>> {
    runs.sort_unstable_by_key(|(_, b)| std::cmp::Reverse(*b));
    let sql = "SELECT CASE WHEN json_valid(input) THEN substr(coalesce(nullif(input ->> 'text', ''), input -> 'vars'), 1, ?2) END
               FROM run_body WHERE seq = ?1";
    let one = |(a, b): (i64, i64)| {
        let text: Option<Option<String>> = db.prepare_cached(sql)?.query_row((b, TOLD), |row| row.get(0)).optional()?;
        Ok(Turned { a: id(db, a)?, b: id(db, b)?, input: text.flatten().unwrap_or_default() })
    };
    runs.into_iter().take(LISTED).map(one).collect()
}

fn id(db: &Connection, seq: i64) -> rusqlite::Result<RunId> {
    db.prepare_cached("SELECT id FROM run WHERE seq = ?1")?
        .query_row([seq], |row| Ok(RunId(Uuid::from_bytes(row.get(0)?))))
}
