//! Grades in `retort.db`: what people said of answers, all of it kept, the last said counting.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    job::StoreFault,
    runs::{missing, nanoseconds},
};
use crate::model::{Grade, RunId, Thumb};

/// Grades a run.
pub(super) fn give(
    db: &Connection,
    run: RunId,
    grade: &Grade,
    at: Timestamp,
) -> rusqlite::Result<Result<(), StoreFault>> {
    let sql = "INSERT INTO grade (run, given, stars, thumb, comment)
               SELECT seq, ?2, ?3, ?4, ?5 FROM run WHERE id = ?1";
    let thumb = grade.thumb.map(|thumb| match thumb {
        Thumb::Up => "up",
        Thumb::Down => "down",
    });
    let values = params![run.0.as_bytes(), nanoseconds(at), grade.stars, thumb, grade.comment];
    let given = db.prepare_cached(sql)?.execute(values)?;
    Ok(if given == 1 { Ok(()) } else { Err(missing(run)) })
}

/// Reads the grades of runs; those that have none are left out.
pub(super) fn of(db: &Connection, runs: &[RunId]) -> rusqlite::Result<Vec<(RunId, Grade)>> {
    let sql = "SELECT stars, thumb, comment FROM grade JOIN run ON grade.run = run.seq WHERE run.id = ?1
               ORDER BY grade.seq DESC LIMIT 1";
    let mut statement = db.prepare_cached(sql)?;
    let mut grades = Vec::new();
    for run in runs {
        let last = statement.query_row([run.0.as_bytes()], |row| {
            let thumb: Option<String> = row.get(1)?;
            let thumb = thumb.map(|word| if word == "up" { Thumb::Up } else { Thumb::Down });
            Ok(Grade { stars: row.get(0)?, thumb, comment: row.get(2)? })
        });
        grades.extend(last.optional()?.filter(|grade| !grade.is_empty()).map(|grade| (*run, grade)));
    }
    Ok(grades)
}
