//! Runs read off their rows into a block.

use rusqlite::{Connection, Row, ToSql};

use super::{
    block::{Builder, Fact, Spending},
    flags::{CostOf, Flag, cost_flags, status_flags},
};
use crate::{
    model::{Cost, Grade, PicoDollars, Quality, RunStatus, Spent, Status, Thumb, Usage, Verdict, outcome::Judging},
    store::runs::RUNNING,
};

/// What is read; `end` is the last of the names but one.
const FACTS: &str = "SELECT seq, started, session, prompt_name, prompt_hash, params, target, model, provider, end,
        error_class,
        CASE WHEN attempts > 1 OR end <> 'done' THEN (
            SELECT group_concat(DISTINCT class) FROM attempt WHERE attempt.seq = run.seq) END,
        status, marks, took_us, first_token_us, tokens_input, tokens_cache_read, tokens_cache_write, tokens_output,
        tokens_reasoning, tokens_estimated, tokens_partial, cost, cost_state, attempts, requested <> target,
        provenance IS 'cached', demo, pinned = 1, score, input_hash,
        (SELECT json_array(stars, thumb, comment) FROM grade WHERE grade.run = run.seq ORDER BY grade.seq DESC LIMIT 1),
        waited_us, judge, judging,
        CASE WHEN attempts > 1 OR end <> 'done' THEN (
            SELECT json_group_array(json_array(provider, model, json_array(tokens_input, tokens_cache_read,
                tokens_cache_write, tokens_output, tokens_reasoning), tokens_estimated, tokens_partial, cost,
                cost_state))
            FROM attempt WHERE attempt.seq = run.seq) END
    FROM run";

/// One call of a run as [`FACTS`] reads it: its provider and model, the five classes of tokens, whether they are
/// estimated and partial, the cost and how sure it is.
type Call = (String, String, [Option<i64>; 5], i64, i64, Option<i64>, Option<String>);

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
            let calls = row.get_ref(36)?.as_str_or_null()?.and_then(|calls| serde_json::from_str(calls).ok());
            let calls: Vec<Call> = calls.unwrap_or_default();
            builder.push(&fact(row, &calls)?);
        }
    }
    Ok((builder, under_way))
}

fn fact<'a>(row: &'a Row<'_>, calls: &'a [Call]) -> rusqlite::Result<Fact<'a>> {
    let text = |column: usize| row.get_ref(column)?.as_str_or_null().map_err(rusqlite::Error::from);
    let class = text(10)?;
    let mut faults: Vec<&str> = text(11)?.into_iter().flat_map(|all| all.split(',')).collect();
    faults.extend(class.filter(|class| !faults.contains(class)));
    let grade: Option<(Option<u8>, Option<Thumb>, String)> =
        text(32)?.and_then(|grade| serde_json::from_str(grade).ok());
    let grade = grade.map(|(stars, thumb, comment)| Grade { stars, thumb, comment }).unwrap_or_default();
    let right = grade.right();
    let status = text(12)?.and_then(RunStatus::of_word).unwrap_or_default();
    let counts = [row.get(16)?, row.get(17)?, row.get(18)?, row.get(19)?, row.get(20)?];
    let counted = spent(counts, row.get(21)?, row.get(22)?, row.get(23)?, text(24)?.unwrap_or_default());
    // What ended with an answer that nobody counted, or without an end, took something all the same.
    let partial = counted.usage.partial || (counted.usage.total().is_none() && counted.cost != Cost::NOTHING);
    let judging: Option<Judging> = text(35)?.and_then(|judging| serde_json::from_str(judging).ok());
    let flags = Flag::all(&[
        (Flag::TokensEstimated, counted.usage.estimated),
        (Flag::TokensPartial, partial),
        (Flag::FellBack, row.get(26)?),
        (Flag::Cached, row.get(27)?),
        (Flag::Demo, row.get(28)?),
        (Flag::Pinned, row.get(29)?),
        (Flag::Graded, !grade.is_empty()),
        (Flag::Weighed, right.is_some()),
        (Flag::Right, right == Some(true)),
        (Flag::Judge, row.get(34)?),
        (Flag::JudgingEstimated, judging.is_some_and(|judging| judging.estimated)),
        (Flag::JudgingPartial, judging.is_some_and(|judging| judging.partial)),
    ]) | status_flags(status)
        | cost_flags(CostOf::Run, counted.cost)
        | judging.map_or(0, |judging| cost_flags(CostOf::Judges, judging.cost));
    let whole = |count: Option<u64>| count.map(|count| i64::try_from(count).unwrap_or(i64::MAX));
    let (target, model, provider) = (text(6)?, text(7)?, text(8)?);
    Ok(Fact {
        seq: row.get(0)?,
        started: row.get(1)?,
        names: [text(2)?, text(3)?, text(4)?, text(5)?, target, model, provider, text(9)?, class],
        faults,
        marks: text(13)?.unwrap_or_default().split(' ').filter_map(one).collect(),
        flags,
        score: row.get(30)?,
        took: row.get(14)?,
        first_token: row.get(15)?,
        tokens_in: whole(counted.usage.total_input()),
        tokens_out: whole(counted.usage.total_output()),
        cost: row.get(23)?,
        waited: row.get(33)?,
        judging_tokens: judging.and_then(|judging| whole(Some(judging.tokens))),
        judging_cost: judging.and_then(|judging| whole(judging.cost.amount().map(|amount| amount.0))),
        spendings: spendings(calls, provider, model),
        attempts: row.get(25)?,
        stars: grade.stars.map(i64::from),
        input: row.get(31)?,
    })
}

/// Puts what was taken together as it is on record. A count that cannot be is none, and its price means nothing.
fn spent(counts: [Option<i64>; 5], estimated: bool, partial: bool, cost: Option<i64>, sureness: &str) -> Spent {
    let [input, cache_read, cache_write, output, reasoning] = counts.map(|count| count.map(i64::unsigned_abs));
    let written = Usage { input, cache_read, cache_write, output, reasoning, estimated, partial };
    let usage = written.possible();
    let amount = cost.map(|cost| PicoDollars(cost.unsigned_abs()));
    let cost = if usage == written { Cost::of(amount, sureness) } else { Cost::Unknown };
    Spent { usage, cost }
}

/// Sums calls up by provider and model; nothing if they are all those of one, or some are of an earlier build that
/// did not keep it.
fn spendings<'a>(calls: &'a [Call], provider: Option<&str>, model: Option<&str>) -> Vec<Spending<'a>> {
    let own = |call: &Call| (Some(call.0.as_str()), Some(call.1.as_str())) == (provider, model);
    if calls.iter().all(own) || calls.iter().any(|call| call.6.is_none()) {
        return Vec::new();
    }
    let mut sums: Vec<(&str, &str, Spent)> = Vec::new();
    for (provider, model, counts, estimated, partial, cost, sureness) in calls {
        let took = spent(*counts, *estimated != 0, *partial != 0, *cost, sureness.as_deref().unwrap_or_default());
        match sums.iter_mut().find(|(known, other, _)| known == provider && other == model) {
            Some((.., sum)) => *sum = sum.plus(took),
            None => sums.push((provider, model, took)),
        }
    }
    let whole = |count: Option<u64>| count.map(|count| i64::try_from(count).unwrap_or(i64::MAX));
    let spending = |(provider, model, Spent { usage, cost }): (&'a str, &'a str, Spent)| Spending {
        provider: Some(provider),
        model,
        tokens_in: whole(usage.total_input()),
        tokens_out: whole(usage.total_output()),
        cost: whole(cost.amount().map(|amount| amount.0)),
        flags: Flag::all(&[(Flag::TokensEstimated, usage.estimated), (Flag::TokensPartial, usage.partial)])
            | cost_flags(CostOf::Run, cost),
    };
    sums.into_iter().map(spending).collect()
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
