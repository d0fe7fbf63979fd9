//! `retort score`: today's checks on stored answers, without a call.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    Exit, Io, Stopped,
    args::ScoreArgs,
    history::{Pages, count},
    prompts,
    run::CLOSING,
    table,
};
use crate::{
    eval::{Answer, Judge},
    model::{Mark, Prompt, Provenance, Quality, Rule, VersionId, query::Query},
    pipeline::port::RunRecord,
    store::{
        Store,
        job::{Job, Judged, Reply},
    },
    text::clean_line,
};

/// Runs that are judged before their verdicts are written.
const TOGETHER: usize = 500;

/// How the answers stand after.
#[derive(Debug, Default, serde::Serialize)]
struct Sums {
    judged: u64,
    passed: u64,
    fixed: u64,
    broken: u64,
    without_answer: u64,
}

/// Judges the stored answers to a prompt by its checks as they are now.
pub(super) async fn score(args: ScoreArgs, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let setup = io.setup()?;
    let (name, prompt) = prompts::find(&setup.places, &io.cwd, &args.prompt)?;
    let judge = Judge::new(&prompt.response, &prompt.checks).map_err(|bad| Stopped::Other(bad.to_string()))?;
    let line = format!("prompt:\"{name}\" end:done {}", args.query.join(" "));
    let query = Query::parse(&line, Timestamp::now()).map_err(|bad| Stopped::Usage(bad.to_string()))?;
    let store = setup.store();
    let done = all(&store, &args, (&name, &prompt), &judge, query, io).await;
    store.close(CLOSING)?;
    done
}

async fn all(
    store: &Store,
    args: &ScoreArgs,
    (name, prompt): (&str, &Prompt),
    judge: &Judge,
    query: Query,
    io: &mut Io<'_>,
) -> Result<Exit, Stopped> {
    let version = VersionId::of(prompt);
    if count(store, &query).await?.0 == 0 {
        writeln!(
            io.err,
            "no answer to `{name}` is on record; `retort run {name}` or `retort batch {name} DATA` makes some"
        )?;
        return Ok(Exit::Done);
    }
    let mut sums = Sums::default();
    let mut flipped = Vec::new();
    let mut waiting = Vec::new();
    let mut pages = Pages::new(store, query, usize::MAX);
    while let Some(runs) = pages.next().await? {
        for entry in runs {
            let Ok(Reply::Run(record)) = store.ask(Job::OpenRun(entry.run)).await else {
                sums.without_answer += 1;
                continue;
            };
            let quality = judged(judge, prompt, &record);
            let (before, now) = (record.outcome.quality.as_ref().map(Quality::passed), quality.passed());
            sums.judged += 1;
            sums.passed += u64::from(now);
            sums.fixed += u64::from(now && before == Some(false));
            sums.broken += u64::from(!now && before == Some(true));
            if args.json {
                let line = serde_json::json!({
                    "run": entry.run, "before": before, "passed": now, "score": quality.score(), "verdicts": quality.verdicts,
                });
                writeln!(io.out, "{line}")?;
            } else if before.is_some_and(|before| before != now) {
                let why = quality.failures().next().map_or_else(String::new, |verdict| verdict.reason.clone());
                let says = if now { "now passes" } else { "now fails" };
                flipped.push(vec![entry.run.short(), says.to_owned(), clean_line(&why).as_str().to_owned()]);
            }
            waiting.push(Judged { run: entry.run, quality, version: version.clone() });
        }
        if waiting.len() >= TOGETHER && !args.dry_run {
            write(store, std::mem::take(&mut waiting)).await?;
        }
    }
    if !args.dry_run {
        write(store, waiting).await?;
    }
    if args.json {
        writeln!(io.out, "{}", serde_json::json!({ "summary": sums }))?;
    } else {
        table::write(io.out, &["RUN", "VERDICT", "WHY"], &flipped)?;
    }
    let kept = if args.dry_run { "nothing was written" } else { "the verdicts before are kept" };
    writeln!(
        io.err,
        "{} answers judged: {} pass, {} of them failed before; {} fail that passed before; {kept}",
        sums.judged, sums.passed, sums.fixed, sums.broken
    )?;
    Ok(if sums.passed == sums.judged { Exit::Done } else { Exit::CheckFailed })
}

async fn write(store: &Store, judged: Vec<Judged>) -> Result<(), Stopped> {
    if !judged.is_empty() {
        store.ask(Job::JudgeRuns { judged, at: Timestamp::now() }).await?;
    }
    Ok(())
}

/// Judges an answer as the pipeline did. What a judge model said of it stays: it is not asked again.
fn judged(judge: &Judge, prompt: &Prompt, record: &RunRecord) -> Quality {
    let outcome = &record.outcome;
    let live = matches!(outcome.provenance, Provenance::Live);
    let latency: Option<Duration> = live.then_some(outcome.timing.total);
    let answer = Answer { text: &outcome.text, finish: outcome.finish.as_ref(), latency, cost: outcome.cost };
    let judgement = judge.judge_on(&answer, &record.input);
    let mut quality = judgement.quality;
    quality.min_score = prompt.response.min_score;
    let rubric = |rule: &Rule| {
        *rule == Rule::Check("llm-rubric".to_owned()) || *rule == Rule::Check("not-llm-rubric".to_owned())
    };
    let before = outcome.quality.iter().flat_map(|quality| &quality.verdicts);
    let mut before = before.filter(|verdict| rubric(&verdict.rule) && verdict.mark != Mark::Skipped);
    for (at, _) in judgement.rubrics {
        if let (Some(own), Some(old)) = (quality.verdicts.get_mut(at), before.next()) {
            *own = old.clone();
        }
    }
    quality
}
