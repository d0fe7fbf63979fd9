//! What is done with runs on record: kept, graded, removed, pruned, copied.

use jiff::Timestamp;

use crate::{
    cli::{
        Exit, Io, Stopped,
        args::HistoryAction,
        history::find,
        output::{OutputContent, Outputs},
    },
    model::{
        Grade, RunId, Thumb,
        query::{Query, What},
        settings::Places,
    },
    store::{
        Store,
        api::{Pruned, StoreReply, StoreRequest},
    },
    text::format::{self, counted},
};

pub(crate) async fn upkeep(
    store: &Store,
    places: &Places,
    action: HistoryAction,
    io: &mut Io<'_>,
) -> Result<Exit, Stopped> {
    match action {
        HistoryAction::Pin { runs } => pin(store, &runs, true, io).await,
        HistoryAction::Unpin { runs } => pin(store, &runs, false, io).await,
        HistoryAction::Grade { run, stars, up, down, comment } => {
            let thumb = if up { Some(Thumb::Up) } else { down.then_some(Thumb::Down) };
            let grade = Grade { stars, thumb, comment: comment.unwrap_or_default() };
            let run = find(store, &run).await?;
            store.ask(StoreRequest::GradeRun { run, grade, at: Timestamp::now() }).await?;
            writeln!(io.err, "run {} has its grade", run.short())?;
            Ok(Exit::Done)
        }
        HistoryAction::Delete { runs, yes } => {
            let runs = all(store, &runs).await?;
            if !yes {
                let words = format!("{} would be deleted; --yes deletes them", counted(runs.len() as u64, "run"));
                return Err(Stopped::Usage(words));
            }
            let done = pruned(&store.ask(StoreRequest::RemoveRuns(runs)).await?)?;
            writeln!(io.err, "{} removed", counted(done.runs, "run"))?;
            Ok(Exit::Done)
        }
        HistoryAction::Prune { older, keep_pinned: _, drop_pinned, yes } => {
            prune(store, &older, !drop_pinned, yes, io).await
        }
        HistoryAction::Backup { file, force } => {
            let to = io.cwd.join(file);
            let outputs = Outputs { places, in_use: Vec::new(), force };
            let output = outputs.one(to.clone(), OutputContent::Backup)?;
            let draft = output.draft()?;
            let StoreReply::BackedUp(bytes) = store.ask(StoreRequest::Backup(draft.path().to_path_buf())).await? else {
                return Err(Stopped::Other("the record answered another question".to_owned()));
            };
            draft.finish()?;
            writeln!(io.err, "{} written to {}", format::bytes(bytes), to.display())?;
            Ok(Exit::Done)
        }
        HistoryAction::Restore { .. } => Ok(Exit::Done),
    }
}

async fn pin(store: &Store, runs: &[String], pinned: bool, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let runs = all(store, runs).await?;
    let count = runs.len() as u64;
    store.ask(StoreRequest::PinRuns { runs, pinned }).await?;
    let says = if pinned { "kept when others are pruned" } else { "pruned with the others" };
    writeln!(io.err, "{} {says}", counted(count, "run"))?;
    Ok(Exit::Done)
}

async fn all(store: &Store, ids: &[String]) -> Result<Vec<RunId>, Stopped> {
    let mut runs = Vec::new();
    for id in ids {
        runs.push(find(store, id).await?);
    }
    Ok(runs)
}

async fn prune(store: &Store, older: &str, keep_pinned: bool, yes: bool, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let words = || Stopped::Usage(format!("--older {older}: give an age (30d, 12w) or a day (2026-01-31)"));
    let query = Query::parse(&format!("until:{older}"), &io.local_now()).map_err(|_bad| words())?;
    let Some(What::Until(before)) = query.filters.first().map(|filter| filter.what.clone()) else {
        return Err(words());
    };
    let preview = pruned(&store.ask(StoreRequest::PruneRuns { before, keep_pinned, dry: true }).await?)?;
    let kept = if keep_pinned { "; pinned ones are kept" } else { "" };
    if preview.runs == 0 {
        writeln!(io.err, "no run is older than that{kept}; the record takes {}", format::bytes(preview.before))?;
        return Ok(Exit::Done);
    }
    if !yes {
        writeln!(
            io.err,
            "{} from before {before} would be deleted, about {} of texts; the record takes {}{kept}; --yes deletes them",
            counted(preview.runs, "run"),
            format::bytes(preview.texts),
            format::bytes(preview.before)
        )?;
        return Ok(Exit::Done);
    }
    let done = pruned(&store.ask(StoreRequest::PruneRuns { before, keep_pinned, dry: false }).await?)?;
    writeln!(
        io.err,
        "{} removed{kept}; the record took {}, and takes {}",
        counted(done.runs, "run"),
        format::bytes(done.before),
        format::bytes(done.after)
    )?;
    Ok(Exit::Done)
}

fn pruned(reply: &StoreReply) -> Result<Pruned, Stopped> {
    match reply {
        StoreReply::Pruned(pruned) => Ok(*pruned),
        _ => Err(Stopped::Other("the record answered another question".to_owned())),
    }
}
