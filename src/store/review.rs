//! The facts of the runs on record, folded.

use rusqlite::Connection;

use super::facts;
use crate::{
    eval::{Review, review::Report},
    model::{
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
    review(db, query).map(|review| review.report(&query.time_zone()))
}
