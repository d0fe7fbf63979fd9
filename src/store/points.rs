//! Stored answers as a threshold sees them, without their texts.

use std::collections::{BTreeMap, btree_map::Entry};

use rusqlite::{Connection, OptionalExtension};

use super::{
    history,
    job::{HistoryEntry, Job, Points, Reply},
    judgements, review,
};
use crate::{
    eval::whatif::{
        Knob, Measured,
        measured::{self, Seen},
    },
    model::{
        Prompt, RunStatus, Status, VersionId,
        facts::{Ending, Name, Names},
        query::Query,
    },
};

/// What a prompt version says of a rule.
struct Version {
    /// Its threshold, if it has one.
    knob: Option<Knob>,
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
/// least score decides, the verdicts are read with their weights, which takes longer. Of runs of several
/// prompts nothing is told but how many there are of each.
fn points(db: &Connection, query: &Query, rule: &str) -> rusqlite::Result<Points> {
    let mut names = Names::default();
    let (name, nth) = measured::name_of(rule);
    let (name, required) = (names.of(name), names.of("required"));
    let mut prompts: BTreeMap<Option<Name>, u64> = BTreeMap::new();
    let mut briefs: Vec<Brief> = Vec::new();
    review::answers(db, query, &mut names, |seq, facts| {
        if matches!(facts.status, RunStatus::Unchecked | RunStatus::Error | RunStatus::Cancelled) {
            return;
        }
        *prompts.entry(facts.prompt).or_default() += 1;
        briefs.push(Brief {
            seq,
            version: facts.version,
            done: facts.end == Ending::Done,
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
                judged.push(measure(db, &brief, version)?);
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
            knob: prompt.as_ref().and_then(|prompt| Knob::find(prompt, rule).ok()),
            scored: prompt.is_some_and(|prompt| prompt.response.min_score.is_some()),
        })
    }
}

fn measure(db: &Connection, brief: &Brief, version: &Version) -> rusqlite::Result<Measured> {
    let Brief { seq, done, status, fails, right, .. } = *brief;
    let passed = status == RunStatus::Passed;
    let bare = Measured { seq, value: None, decides: false, rest: passed, right };
    let Some(knob) = &version.knob else {
        return Ok(bare);
    };
    // a row of a data set can have a least score of its own
    let moved = (passed && fails) || (status == RunStatus::Failed && !fails);
    let scored = done && (version.scored || moved || (fails && is_of_batch(db, seq)?));
    let quality = if scored { judgements::counting(db, seq)? } else { None };
    let (value, decides, rest) = match quality.filter(|quality| quality.min_score.is_some()) {
        Some(quality) => measured::of_score(knob, &quality),
        // a reason that cannot be read says nothing
        None => brief.seen.by(knob, |place| reason(db, seq, place).unwrap_or_default()),
    };
    Ok(Measured { value, decides, rest: rest && done, ..bare })
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

/// Answers a question about thresholds.
pub(super) fn answer(db: &Connection, job: &Job) -> rusqlite::Result<Reply> {
    match job {
        Job::Points { query, rule } => points(db, query, rule).map(|points| Reply::Points(Box::new(points))),
        Job::Entries(runs) => entries(db, runs).map(Reply::Entries),
        _ => Ok(Reply::Entries(Vec::new())),
    }
}

/// Answers out of an empty record.
pub(super) fn of_none(rule: &str) -> Reply {
    Reply::Points(Box::new(Points { rule: rule.to_owned(), ..Points::default() }))
}

/// Reads what a list shows of runs by their numbers on record; those that are gone are left out.
fn entries(db: &Connection, runs: &[i64]) -> rusqlite::Result<Vec<HistoryEntry>> {
    runs.iter().filter_map(|seq| history::entry(db, *seq).optional().transpose()).collect()
}
