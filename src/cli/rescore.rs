//! `retort score`: today's checks on stored answers, without a call.

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    cli::{Exit, Io, Stopped, args::ScoreArgs, history::count, interrupts::CLOSING, prompts, text_table},
    eval::{CheckSuite, RescoreTotals},
    model::{Prompt, RunId, RunStatus, Verdict, query::Query},
    store::{
        Store,
        api::{ScoredRun, StoreReply, StoreRequest, ToScore},
    },
    text::{clean_line, json},
};

/// An answer that was judged again, as a line of JSON.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ScoreLine<'a> {
    run: RunId,
    /// How it came out before; null where nothing had judged it.
    before: Option<RunStatus>,
    status: RunStatus,
    /// From 0 to 1; null where nothing was measured.
    score: Option<f64>,
    verdicts: &'a [Verdict],
}

/// The last line.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ScoreSummary {
    summary: RescoreTotals,
}

/// Runs that are judged before their verdicts are written.
const TOGETHER: usize = 500;

/// Judges the stored answers to a prompt by its checks as they are now.
pub(crate) async fn score(args: ScoreArgs, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let setup = io.setup()?;
    let (name, prompt) = prompts::find(&setup.places, &io.cwd, &args.prompt)?;
    CheckSuite::new(&prompt.response, &prompt.checks).map_err(|bad| Stopped::Usage(bad.to_string()))?;
    let query = io.query(&args.query.join(" "))?;
    let store = setup.store();
    let done = all(&store, &args, (&name, prompt), query.answers_to(&name), io).await;
    store.close(CLOSING)?;
    done
}

async fn all(
    store: &Store,
    args: &ScoreArgs,
    (name, prompt): (&str, Prompt),
    query: Query,
    io: &mut Io<'_>,
) -> Result<Exit, Stopped> {
    if count(store, &query).await?.0 == 0 {
        let words = format!(
            "no answer to `{name}` is stored yet; `retort run {name}` or `retort batch {name} DATA` makes some"
        );
        return Err(Stopped::Other(words));
    }
    let (mut sums, mut cut_off) = (RescoreTotals::default(), 0);
    let mut flipped = Vec::new();
    let write = !args.dry_run;
    let mut page = ToScore { prompt, query, after: None, limit: TOGETHER, write, at: Timestamp::now() };
    loop {
        let StoreReply::Scored(scored) = store.ask(StoreRequest::ScoreRuns(Box::new(page.clone()))).await? else {
            return Err(Stopped::Other("the record answered another question".to_owned()));
        };
        sums.without_answer += scored.unread;
        for ScoredRun { run, before, quality } in scored.runs {
            let status = quality.status();
            sums.take(before, status);
            cut_off += u64::from(quality.cut_off());
            if args.json {
                let line = ScoreLine { run, before, status, score: quality.score(), verdicts: &quality.verdicts };
                writeln!(io.out, "{}", json::to_line(&line)?)?;
            } else if before.is_some_and(|before| before != status) {
                let why = quality.failures().chain(quality.inconclusive()).next();
                let why = why.map_or_else(String::new, |verdict| verdict.reason.clone());
                let says = match status {
                    RunStatus::Passed => "now passes",
                    RunStatus::Failed => "now fails",
                    other => other.word(),
                };
                flipped.push(vec![run.short(), says.to_owned(), clean_line(&why).as_str().to_owned()]);
            }
        }
        page.after = scored.after;
        if page.after.is_none() {
            break;
        }
    }
    if args.json {
        writeln!(io.out, "{}", json::to_line(&ScoreSummary { summary: sums })?)?;
    } else {
        text_table::print(io, &["RUN", "VERDICT", "WHY"], &flipped)?;
    }
    let kept = if args.dry_run { "nothing was written" } else { "the verdicts before are kept" };
    writeln!(io.err, "{}; {kept}", sums.sentence())?;
    Ok(Exit::of(&sums.counts, cut_off, args.allow_inconclusive))
}
