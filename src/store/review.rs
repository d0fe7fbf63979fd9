//! The facts of the runs on record, folded.

use std::{collections::HashMap, sync::Arc, time::Duration};

use rusqlite::{Connection, Row, params_from_iter};

use super::history;
use crate::{
    eval::Review,
    model::{Mark, PicoDollars, Quality, facts::RunFacts, query::Query},
};

/// Names that runs share.
#[derive(Default)]
struct Names(HashMap<String, Arc<str>>);

impl Names {
    fn of(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.0.get(name) {
            return Arc::clone(known);
        }
        let shared: Arc<str> = Arc::from(name);
        self.0.insert(name.to_owned(), Arc::clone(&shared));
        shared
    }
}

/// Writes the verdicts of a run on one line: `format+ confidence-0.42 latency?`.
pub(super) fn marks(quality: &Quality) -> String {
    let mark = |mark| match mark {
        Mark::Pass => '+',
        Mark::Fail => '-',
        Mark::Skipped => '?',
    };
    let one = |verdict: &crate::model::Verdict| {
        let score = verdict.score.map_or_else(String::new, |score| score.to_string());
        format!("{}{}{score}", verdict.rule.to_string().replace(' ', "_"), mark(verdict.mark))
    };
    quality.verdicts.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Folds the facts of the runs a query asks for; those under way are left out.
pub(super) fn review(db: &Connection, query: &Query) -> rusqlite::Result<Review> {
    let mut review = Review::default();
    let mut names = Names::default();
    for (condition, values) in history::conditions(db, query)? {
        let sql = format!(
            "SELECT started, prompt_name, prompt_hash, target, model, provider, end, error_class, passed, marks,
                 total_us, first_token_us,
                 coalesce(tokens_input, 0) + coalesce(tokens_cache_read, 0) + coalesce(tokens_cache_write, 0)
                     + coalesce(tokens_output, 0) + coalesce(tokens_reasoning, 0),
                 coalesce(tokens_input, tokens_output) IS NULL, cost, attempts, requested <> target,
                 provenance = 'cached', demo,
                 (SELECT CASE WHEN thumb IS NOT NULL THEN thumb = 'up' WHEN stars IS NOT NULL THEN stars >= 4 END
                  FROM grade WHERE grade.run = run.seq ORDER BY grade.seq DESC LIMIT 1)
             FROM run WHERE end <> 'running'{condition}"
        );
        let mut statement = db.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            review.take(&facts(row, &mut names)?);
        }
    }
    Ok(review)
}

fn facts(row: &Row<'_>, names: &mut Names) -> rusqlite::Result<RunFacts> {
    let mut name = |column: usize| -> rusqlite::Result<Option<Arc<str>>> {
        Ok(row.get_ref(column)?.as_str_or_null()?.map(|text| names.of(text)))
    };
    let (prompt, version) = (name(1)?, name(2)?);
    let (target, model) = (name(3)?.unwrap_or_default(), name(4)?.unwrap_or_default());
    let (provider, end) = (name(5)?.unwrap_or_default(), name(6)?.unwrap_or_default());
    let class = name(7)?;
    let marks = row.get_ref(9)?.as_str_or_null()?.unwrap_or_default();
    let marks = marks.split(' ').filter_map(|part| one(part, names)).collect();
    let length = |column| {
        Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(|us| Duration::from_micros(us.unsigned_abs())))
    };
    let unknown: bool = row.get(13)?;
    Ok(RunFacts {
        started: row.get::<_, i64>(0)?.div_euclid(1_000_000_000),
        prompt,
        version,
        target,
        model,
        provider,
        end,
        class,
        passed: row.get(8)?,
        marks,
        took: length(10)?,
        first_token: length(11)?,
        tokens: (!unknown).then_some(row.get::<_, i64>(12)?.unsigned_abs()),
        cost: row.get::<_, Option<i64>>(14)?.map(|cost| PicoDollars(cost.unsigned_abs())),
        attempts: row.get(15)?,
        fell_back: row.get(16)?,
        cached: row.get::<_, Option<bool>>(17)?.unwrap_or(false),
        demo: row.get(18)?,
        right: row.get(19)?,
    })
}

/// Reads one verdict as [`marks`] writes it.
fn one(part: &str, names: &mut Names) -> Option<(Arc<str>, Mark, Option<f64>)> {
    // A rule has no sign at its end but the mark; names such as `not-contains` have one inside.
    let at = part.rfind(['+', '?']).or_else(|| minus(part))?;
    let (rule, rest) = part.split_at_checked(at)?;
    let (mark, score) = rest.split_at_checked(1)?;
    let mark = match mark {
        "+" => Mark::Pass,
        "-" => Mark::Fail,
        _ => Mark::Skipped,
    };
    Some((names.of(rule), mark, score.parse().ok()))
}

/// Finds the minus that marks a failure: the last one that nothing but a number, or nothing, comes after.
fn minus(part: &str) -> Option<usize> {
    part.match_indices('-').map(|(at, _)| at).find(|at| {
        let rest = part.get(at + 1..).unwrap_or_default();
        rest.is_empty() || rest.parse::<f64>().is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Rule, Verdict};

    #[test]
    fn verdicts_are_read_as_they_were_written() {
        let verdict =
            |rule: &str, mark, score| Verdict { score, ..Verdict::new(Rule::Check(rule.to_owned()), mark, "") };
        let all = vec![
            verdict("format", Mark::Pass, None),
            verdict("not-contains", Mark::Fail, None),
            verdict("confidence", Mark::Fail, Some(0.42)),
            verdict("rouge-n", Mark::Pass, Some(1e-7)),
            verdict("cost", Mark::Fail, Some(-0.5)),
            verdict("llm-rubric", Mark::Skipped, None),
        ];
        let line = marks(&Quality::of(all.clone()));
        let mut names = Names::default();
        let read: Vec<_> = line.split(' ').filter_map(|part| one(part, &mut names)).collect();
        let want: Vec<_> = all.iter().map(|made| (Arc::from(made.rule.to_string()), made.mark, made.score)).collect();
        assert_eq!(read, want);
    }
}
