//! The facts of the runs on record, folded.

use rusqlite::Connection;

use super::facts;
use crate::{
    eval::Review,
    model::{facts::Names, query::Query},
};

pub(super) use facts::each;

/// Folds the facts of the runs a query asks for; those under way are left out.
pub(super) fn review(db: &Connection, query: &Query) -> rusqlite::Result<Review> {
    let (mut review, mut names) = (Review::default(), Names::default());
    each(db, query, &mut names, |_, facts| review.take(facts))?;
    Ok(review.named(names))
}
