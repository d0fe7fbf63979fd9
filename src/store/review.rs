//! The facts of the runs on record, folded.

use std::time::Duration;

use rusqlite::{Connection, Row, params_from_iter};

use super::history;
use crate::{
    eval::Review,
    model::{
        Grade, Mark, PicoDollars, Quality, Thumb,
        facts::{Ending, Name, Names, RunFacts},
        query::Query,
    },
};

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
    let (mut review, mut names) = (Review::default(), Names::default());
    each(db, query, &mut names, |_, facts| review.take(facts))?;
    Ok(review.named(names))
}

/// Hands over the facts of each run a query asks for with its number on record; those under way are left out.
pub(super) fn each(
    db: &Connection,
    query: &Query,
    names: &mut Names,
    mut take: impl FnMut(i64, &RunFacts),
) -> rusqlite::Result<()> {
    for (condition, values) in history::conditions(db, query)? {
        let sql = format!(
            "SELECT seq, started, session, prompt_name, prompt_hash, params, target, model, provider, end, error_class,
                 CASE WHEN attempts > 1 OR error_class IS NOT NULL THEN (
                     SELECT group_concat(DISTINCT class) FROM attempt WHERE attempt.seq = run.seq) END,
                 passed, marks, total_us, first_token_us,
                 coalesce(tokens_input, tokens_cache_read, tokens_cache_write) IS NOT NULL,
                 coalesce(tokens_input, 0) + coalesce(tokens_cache_read, 0) + coalesce(tokens_cache_write, 0),
                 coalesce(tokens_output, tokens_reasoning) IS NOT NULL,
                 coalesce(tokens_output, 0) + coalesce(tokens_reasoning, 0),
                 cost, attempts, requested <> target, provenance = 'cached', demo,
                 (SELECT json_array(stars, thumb) FROM grade WHERE grade.run = run.seq ORDER BY grade.seq DESC LIMIT 1)
             FROM run WHERE end <> 'running'{condition}"
        );
        let mut statement = db.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            if let Some(facts) = facts(row, names)? {
                take(row.get(0)?, &facts);
            }
        }
    }
    Ok(())
}

fn facts(row: &Row<'_>, names: &mut Names) -> rusqlite::Result<Option<RunFacts>> {
    let text = |column: usize| row.get_ref(column)?.as_str_or_null().map_err(rusqlite::Error::from);
    let Some(end) = text(9)?.and_then(Ending::of_word) else {
        return Ok(None);
    };
    let mut name = |column: usize| Ok::<_, rusqlite::Error>(text(column)?.map(|text| names.of(text)));
    let (session, prompt, version, params) = (name(2)?, name(3)?, name(4)?, name(5)?);
    let (target, model, provider, class) = (name(6)?, name(7)?, name(8)?, name(10)?);
    let mut faults: Vec<Name> = text(11)?.into_iter().flat_map(|all| all.split(',')).map(|one| names.of(one)).collect();
    faults.extend(class.filter(|class| !faults.contains(class)));
    let marks = text(13)?.unwrap_or_default().split(' ').filter_map(|part| one(part, names)).collect();
    let length = |column| {
        Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(|us| Duration::from_micros(us.unsigned_abs())))
    };
    let count = |known, column| {
        Ok::<_, rusqlite::Error>(if row.get(known)? { Some(row.get::<_, i64>(column)?.unsigned_abs()) } else { None })
    };
    let grade: Option<(Option<u8>, Option<Thumb>)> = text(25)?.and_then(|grade| serde_json::from_str(grade).ok());
    let (stars, thumb) = grade.unwrap_or_default();
    let grade = Grade { stars, thumb, ..Grade::default() };
    Ok(Some(RunFacts {
        started: row.get::<_, i64>(1)?.div_euclid(1_000_000_000),
        session,
        prompt,
        version,
        params,
        target,
        model,
        provider,
        end,
        class,
        faults,
        passed: row.get(12)?,
        score: None,
        marks,
        took: length(14)?,
        first_token: length(15)?,
        tokens_in: count(16, 17)?,
        tokens_out: count(18, 19)?,
        cost: row.get::<_, Option<i64>>(20)?.map(|cost| PicoDollars(cost.unsigned_abs())),
        attempts: row.get(21)?,
        fell_back: row.get(22)?,
        cached: row.get::<_, Option<bool>>(23)?.unwrap_or(false),
        demo: row.get(24)?,
        stars,
        right: grade.right(),
        input: None,
    }))
}

/// Reads one verdict as [`marks`] writes it.
fn one(part: &str, names: &mut Names) -> Option<(Name, Mark, Option<f64>)> {
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
        let want: Vec<_> = all.iter().map(|made| (names.of(&made.rule.to_string()), made.mark, made.score)).collect();
        assert_eq!(read, want);
    }
}
