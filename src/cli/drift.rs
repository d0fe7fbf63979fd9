//! `retort drift`: what is on a model that goes soon, how it does on the successor, and the edit of the prompt.

mod data;
mod edit;
pub(crate) mod judges;
pub(crate) mod trial;

use jiff::{ToSpan as _, tz::TimeZone};
use serde::Serialize;

use crate::{
    cli::{Exit, Io, Stopped, args::DriftArgs, interrupts::CLOSING, text_table},
    engine::drift::{Leaving, LeavingUse, ModelRole},
    model::query::{Filter, Query, What},
    store::{
        Store,
        api::{StoreReply, StoreRequest},
    },
    text::{clean_line, format::counted, json},
};

/// A finding as a line of JSON.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct DriftLine<'a> {
    event: &'static str,
    #[serde(flatten)]
    own: &'a LeavingUse,
    /// Runs of the last 30 days.
    runs: u64,
}

/// Lists what is on a model that goes, or tries it on the successor.
pub(crate) async fn drift(args: DriftArgs, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let setup = io.setup()?;
    let today = args.on.unwrap_or_else(|| setup.started.to_zoned(TimeZone::UTC).date());
    let mut uses = Leaving::new(&setup, today, args.within).uses()?;
    if !args.prompts.is_empty() {
        for name in &args.prompts {
            // A name that is mistyped is none that is fine.
            crate::cli::prompts::find(&setup.places, &io.cwd, name)?;
        }
        uses.retain(|own| own.role != ModelRole::Setting && args.prompts.contains(&own.place));
    }
    if args.run {
        return Box::pin(trial::trial(&args, &uses, &setup, io)).await;
    }
    let store = setup.store();
    let listed = list(&args, &uses, &store, io).await;
    store.close(CLOSING)?;
    listed?;
    Ok(if args.fail && !uses.is_empty() { Exit::CheckFailed } else { Exit::Done })
}

async fn list(args: &DriftArgs, uses: &[LeavingUse], store: &Store, io: &mut Io<'_>) -> Result<(), Stopped> {
    let mut rows = Vec::new();
    for own in uses {
        let runs = runs(store, &own.leaving.target).await?;
        if args.json {
            writeln!(io.out, "{}", json::to_line(&DriftLine { event: "leaving", own, runs })?)?;
            continue;
        }
        let leaving = &own.leaving;
        let day = if leaving.earliest { format!("not before {}", leaving.day) } else { leaving.day.clone() };
        rows.push(vec![
            own.place.clone(),
            own.role.word().to_owned(),
            leaving.target.clone(),
            day,
            if leaving.days < 0 { "gone".to_owned() } else { leaving.days.to_string() },
            runs.to_string(),
            leaving.successor.clone().unwrap_or_else(|| "no recommendation".to_owned()),
        ]);
    }
    if args.json {
        return Ok(());
    }
    if rows.is_empty() {
        writeln!(io.out, "nothing is on a model that goes within {}", counted(args.within.unsigned_abs(), "day"))?;
        return Ok(());
    }
    text_table::print(io, &["WHERE", "AS", "MODEL", "GOES", "DAYS", "RUNS 30D", "SUCCESSOR"], &rows)?;
    if uses.iter().any(|own| own.role == ModelRole::Target && own.leaving.successor.is_some()) {
        writeln!(io.err, "`retort drift --run` tries prompts on the successor, with the rows of their baselines")?;
    }
    judges_that_go(uses, io)
}

/// Says which judges go: another one gives other verdicts, and is set before the old one is gone.
fn judges_that_go(uses: &[LeavingUse], io: &mut Io<'_>) -> Result<(), Stopped> {
    for own in uses.iter().filter(|own| own.role == ModelRole::Judge) {
        let place = clean_line(&own.place);
        let to = if own.leaving.successor.is_none() { " --to MODEL" } else { "" };
        writeln!(
            io.err,
            "{place}: its judge goes, too: {}. Another judge gives other verdicts: `retort drift --run {place}{to}` asks both \
             about the answers of the baseline, while there are both",
            own.leaving
        )?;
    }
    Ok(())
}

/// Counts the runs of the last 30 days that asked a model by its name.
async fn runs(store: &Store, target: &str) -> Result<u64, Stopped> {
    let since = jiff::Timestamp::now().checked_sub((30 * 24).hours()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let filter = |what| Filter { not: false, what };
    let filters = vec![filter(What::Target(target.to_owned())), filter(What::Since(since))];
    match store.ask(StoreRequest::CountRuns(Box::new(Query { filters, ..Query::default() }))).await? {
        StoreReply::Counted { runs, .. } => Ok(runs),
        _ => Err(Stopped::Other("the record answered another question".to_owned())),
    }
}
