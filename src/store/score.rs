//! Stored answers judged again: a page of them is read, judged and written, and no call is made.

use rusqlite::{Connection, params_from_iter};

use super::{
    history,
    job::{Answers, Scored, ScoredRun, StoreFault, ToScore},
    judgements::{self, Judged},
    runs,
};
use crate::{
    eval::{Judge, again},
    model::{Quality, VersionId, query::Query},
};

/// Counts the answers among the runs a query asks for by their prompts, the most first.
pub(super) fn answers(db: &Connection, query: &Query) -> rusqlite::Result<Vec<Answers>> {
    let mut all: Vec<Answers> = Vec::new();
    for (condition, values) in history::conditions(db, query)? {
        let sql = format!("SELECT prompt_name, count(*) FROM run WHERE end = 'done'{condition} GROUP BY prompt_name");
        let mut statement = db.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            let (prompt, answers): (Option<String>, u64) = (row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs());
            match all.iter_mut().find(|known| known.prompt == prompt) {
                Some(known) => known.answers += answers,
                None => all.push(Answers { prompt, answers }),
            }
        }
    }
    all.sort_by(|a, b| b.answers.cmp(&a.answers).then_with(|| a.prompt.cmp(&b.prompt)));
    Ok(all)
}

/// Judges a page of answers again.
pub(super) fn score(db: &mut Connection, page: &ToScore) -> rusqlite::Result<Result<Scored, StoreFault>> {
    let judge = match Judge::new(&page.prompt.expected(), &page.prompt.checks) {
        Ok(judge) => judge,
        Err(bad) => return Ok(Err(StoreFault::new(bad.to_string()))),
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
        let judged: Vec<Judged<'_>> = scored
            .runs
            .iter()
            .map(|scored| Judged { run: scored.run, quality: &scored.quality, version: &version })
            .collect();
        if let Err(fault) = judgements::judge(db, &judged, page.at)? {
            return Ok(Err(fault));
        }
    }
    Ok(Ok(scored))
}
