//! Runs read off their rows into a block.

use rusqlite::{Connection, Row, ToSql};

use super::block::{Builder, Fact, Flag, status_flags};
use crate::{
    model::{Grade, Quality, RunStatus, Status, Thumb, Verdict},
    store::runs::RUNNING,
};

/// What is read; `end` is the last of the names but one.
const FACTS: &str = "SELECT seq, started, session, prompt_name, prompt_hash, params, target, model, provider, end,
        error_class,
        CASE WHEN attempts > 1 OR error_class IS NOT NULL THEN (
            SELECT group_concat(DISTINCT class) FROM attempt WHERE attempt.seq = run.seq) END,
        status, marks, total_us, first_token_us,
        coalesce(tokens_input, tokens_cache_read, tokens_cache_write) IS NOT NULL,
        coalesce(tokens_input, 0) + coalesce(tokens_cache_read, 0) + coalesce(tokens_cache_write, 0),
        coalesce(tokens_output, tokens_reasoning) IS NOT NULL,
        coalesce(tokens_output, 0) + coalesce(tokens_reasoning, 0),
        cost, attempts, requested <> target, provenance IS 'cached', demo, pinned = 1, score, input_hash,
        (SELECT json_array(stars, thumb, comment) FROM grade WHERE grade.run = run.seq ORDER BY grade.seq DESC LIMIT 1),
        tokens_output
    FROM run";

/// Reads the runs that a condition finds, in their order, but for those under way; tells whether there were any of
/// these.
pub(super) fn read(db: &Connection, condition: &str, values: &[&dyn ToSql]) -> rusqlite::Result<(Builder, bool)> {
    let mut statement = db.prepare_cached(&format!("{FACTS} WHERE {condition} ORDER BY seq"))?;
    let mut rows = statement.query(values)?;
    let (mut builder, mut under_way) = (Builder::default(), false);
    while let Some(row) = rows.next()? {
        if row.get_ref(9)?.as_str() == Ok(RUNNING) {
            under_way = true;
        } else {
            builder.push(&fact(row)?);
        }
    }
    Ok((builder, under_way))
}

fn fact<'a>(row: &'a Row<'_>) -> rusqlite::Result<Fact<'a>> {
    let text = |column: usize| row.get_ref(column)?.as_str_or_null().map_err(rusqlite::Error::from);
    let count = |known, column| Ok::<_, rusqlite::Error>(if row.get(known)? { Some(row.get(column)?) } else { None });
    let class = text(10)?;
    let mut faults: Vec<&str> = text(11)?.into_iter().flat_map(|all| all.split(',')).collect();
    faults.extend(class.filter(|class| !faults.contains(class)));
    let grade: Option<(Option<u8>, Option<Thumb>, String)> =
        text(28)?.and_then(|grade| serde_json::from_str(grade).ok());
    let grade = grade.map(|(stars, thumb, comment)| Grade { stars, thumb, comment }).unwrap_or_default();
    let right = grade.right();
    let status = text(12)?.and_then(RunStatus::of_word).unwrap_or_default();
    let flags = Flag::all(&[
        (Flag::FellBack, row.get(22)?),
        (Flag::Cached, row.get(23)?),
        (Flag::Demo, row.get(24)?),
        (Flag::Pinned, row.get(25)?),
        (Flag::Graded, !grade.is_empty()),
        (Flag::Weighed, right.is_some()),
        (Flag::Right, right == Some(true)),
    ]) | status_flags(status);
    Ok(Fact {
        seq: row.get(0)?,
        started: row.get(1)?,
        names: [text(2)?, text(3)?, text(4)?, text(5)?, text(6)?, text(7)?, text(8)?, text(9)?, class],
        faults,
        marks: text(13)?.unwrap_or_default().split(' ').filter_map(one).collect(),
        flags,
        score: row.get(26)?,
        took: row.get(14)?,
        first_token: row.get(15)?,
        tokens_in: count(16, 17)?,
        tokens_out: count(18, 19)?,
        output: row.get(29)?,
        cost: row.get(20)?,
        attempts: row.get(21)?,
        stars: grade.stars.map(i64::from),
        input: row.get(27)?,
    })
}

/// Writes the verdicts of a run on one line: `format+ confidence-0.42 latency?`.
pub(in crate::store) fn marks(quality: &Quality) -> String {
    let mark = |mark| match mark {
        Status::Passed => '+',
        Status::Failed => '-',
        Status::Inconclusive => '?',
    };
    let one = |verdict: &Verdict| {
        let score = verdict.score.map_or_else(String::new, |score| score.to_string());
        format!("{}{}{score}", verdict.rule.to_string().replace(' ', "_"), mark(verdict.status))
    };
    quality.verdicts.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Reads one verdict as [`marks`] writes it.
fn one(part: &str) -> Option<(&str, Status, Option<f64>)> {
    // A rule has no sign at its end but the mark; names such as `not-contains` have one inside.
    let at = part.rfind(['+', '?']).or_else(|| minus(part))?;
    let (rule, rest) = part.split_at_checked(at)?;
    let (mark, score) = rest.split_at_checked(1)?;
    let mark = match mark {
        "+" => Status::Passed,
        "-" => Status::Failed,
        _ => Status::Inconclusive,
    };
    Some((rule, mark, score.parse().ok()))
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
    use crate::model::Rule;

    #[test]
    fn verdicts_are_read_as_they_were_written() {
        let verdict =
            |rule: &str, mark, score| Verdict { score, ..Verdict::new(Rule::Check(rule.to_owned()), mark, "") };
        let all = vec![
            verdict("format", Status::Passed, None),
            verdict("not-contains", Status::Failed, None),
            verdict("confidence", Status::Failed, Some(0.42)),
            verdict("rouge-n", Status::Passed, Some(1e-7)),
            verdict("cost", Status::Failed, Some(-0.5)),
            verdict("llm-rubric", Status::Inconclusive, None),
        ];
        let line = marks(&Quality::of(all.clone()));
        let read: Vec<_> =
            line.split(' ').filter_map(one).map(|(rule, mark, score)| (rule.to_owned(), mark, score)).collect();
        let want: Vec<_> = all.iter().map(|made| (made.rule.to_string(), made.status, made.score)).collect();
        assert_eq!(read, want);
    }
}
