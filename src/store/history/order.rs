//! What runs are ordered by, and the places they have in an order.

use rusqlite::types::Value;

use super::Condition;
use crate::{
    model::{
        RunStatus,
        query::{Query, Sort, SortBy},
    },
    store::job::After,
};

/// The place of a run in the order asked for, the first the smallest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::store) struct Key(pub(super) bool, pub(super) i64, i64);

impl Key {
    /// Makes the place of a run by what it is ordered by, and its number.
    pub(in crate::store) fn of(value: Option<i64>, seq: i64, sort: Sort) -> Self {
        let sign = if sort.ascending { 1 } else { -1 };
        Self(value.is_none(), value.unwrap_or_default().saturating_mul(sign), seq.saturating_mul(sign))
    }
}

/// Returns what runs are ordered by, in SQL.
pub(super) fn column(by: SortBy) -> &'static str {
    match by {
        SortBy::Time => "run.seq",
        SortBy::Cost => "run.cost",
        SortBy::Took => "run.took_us",
        SortBy::Tokens => "run.tokens",
        SortBy::Verdict => VERDICT,
        SortBy::Grade => GRADE,
    }
}

/// What [`status_rank`] says, in SQL.
const VERDICT: &str = "CASE run.status WHEN 'error' THEN 5 WHEN 'failed' THEN 4 WHEN 'inconclusive' THEN 3
    WHEN 'unchecked' THEN 2 WHEN 'passed' THEN 1 WHEN 'cancelled' THEN 0 END";

/// The stars of the last grade; what [`thumb_rank`] says where it has none.
const GRADE: &str = "(SELECT coalesce(stars, CASE thumb WHEN 'up' THEN 4 WHEN 'down' THEN 2 END) FROM grade
    WHERE grade.run = run.seq ORDER BY grade.seq DESC LIMIT 1)";

/// Returns the place of a status among all, the greater the worse.
pub(in crate::store) fn status_rank(status: RunStatus) -> i64 {
    RunStatus::ALL.iter().rev().position(|known| *known == status).and_then(|at| i64::try_from(at).ok()).unwrap_or(0)
}

/// Returns the stars that a thumb alone is taken for.
pub(in crate::store) fn thumb_rank(up: bool) -> i64 {
    if up { 4 } else { 2 }
}

/// Leaves out what comes before a run in the order asked for, and the run itself.
pub(super) fn beyond(condition: &mut Condition, query: &Query, after: &After) {
    let (less, seq) = (if query.sort.ascending { ">" } else { "<" }, Value::Integer(after.seq));
    let by = column(query.sort.by);
    match (query.sort.by, after.value) {
        (SortBy::Time, _) => condition.and(&format!("run.seq {less} ?"), [seq]),
        (_, None) => condition.and(&format!("({by} IS NULL AND run.seq {less} ?)"), [seq]),
        (_, Some(value)) => {
            let value = Value::Integer(value);
            let sql = format!("({by} {less} ? OR ({by} = ? AND run.seq {less} ?) OR {by} IS NULL)");
            condition.and(&sql, [value.clone(), value, seq]);
        }
    }
}
