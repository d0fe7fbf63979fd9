//! The facts of the runs on record, folded.

use rusqlite::Connection;

use super::facts;
use crate::{
    eval::{Review, UnrunCounts, review::Report},
    model::{
        Status,
        facts::{Names, RunFacts},
        query::Query,
    },
};

pub(super) use facts::each;

/// Hands over the facts of the answers a query asks for with their numbers on record: the runs of judges are no answers,
/// and come where there are no others.
pub(super) fn answers(
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
pub(super) fn review(db: &Connection, query: &Query) -> rusqlite::Result<Review> {
    let (mut review, mut names) = (Review::default(), Names::default());
    each(db, query, &mut names, |_, facts| review.take(facts))?;
    Ok(review.named(names))
}

/// Works out the report of the runs a query asks for, with the days of its time zone.
pub(super) fn report(db: &Connection, query: &Query) -> rusqlite::Result<Report> {
    let (mut review, mut names, mut open) = (Review::default(), Names::default(), Vec::new());
    each(db, query, &mut names, |seq, facts| {
        if facts.marks.iter().any(|(_, status, _)| *status == Status::Inconclusive) {
            open.push((facts.judge, seq));
        }
        review.take(facts);
    })?;
    let report = review.named(names).report(&query.time_zone());
    let of_answers = open.into_iter().filter(|(judge, _)| *judge == report.of_judges).map(|(_, seq)| seq);
    Ok(Report { unrun: unrun(db, of_answers)?.iter().collect(), ..report })
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
