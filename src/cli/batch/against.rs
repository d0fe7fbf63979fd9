//! A batch held against the baselines of its prompts: what flips is asked again before it is called another way.

use std::{collections::BTreeSet, path::PathBuf};

use jiff::Timestamp;

use crate::{
    cli::{
        Io, Stopped,
        args::BatchArgs,
        batch::{followed::followed, progress::Watch},
        interrupts::Interrupts,
        prompts,
    },
    engine::{
        Engine, Workspace,
        baselines::inbox,
        batch as common,
        batch::{BatchPreview, Begun},
    },
    eval::{
        baseline,
        baseline::{BaselineState, ChangeKind, inbox::Inbox},
    },
    model::{
        BatchId, CellIndex,
        batch::{BatchLimits, BatchRequest},
    },
    pipeline::batch::{BatchEnd, budget::BatchBudget},
    present::baseline::PromptReview,
    store::{Store, api::StoreRequest, baselines},
    template::conversation,
    text::{clean_line, format::counted, shell},
};

/// The prompts of a command line and where their baselines are. One without a baseline has nothing to be held against.
pub(crate) fn files(args: &BatchArgs, setup: &Workspace, io: &Io<'_>) -> Result<Vec<(String, PathBuf)>, Stopped> {
    let names = args.what.split_last().map_or(&[][..], |(_, names)| names);
    let file = |named: &String| {
        let (name, _) = prompts::find(&setup.places, &io.cwd, named)?;
        let own = prompts::file(&setup.places, &io.cwd, named)?;
        let path = baselines::path(&setup.places, &name, own.as_deref());
        // What is wrong with it is told before anything is asked.
        if baselines::read(&setup.places, &path)?.is_none() {
            return Err(Stopped::Usage(format!(
                "`{name}` has no baseline ({}): run the batch without --against-baseline, then `retort review {} --all` \
                 takes what came out as the baseline",
                path.display(),
                shell::word(named)
            )));
        }
        Ok((name, path))
    };
    if args.against_baseline { names.iter().map(file).collect() } else { Ok(Vec::new()) }
}

/// Holds a batch that has ended against the baselines, and asks those cells again whose verdict flips or is known to be flaky.
pub(crate) async fn hold(
    (engine, store, setup): (&Engine, &Store, &Workspace),
    (planned, batch): (&BatchPreview, BatchId),
    files: &[(String, PathBuf)],
    watch: &mut Watch,
    (interrupts, io): (&mut Interrupts, &mut Io<'_>),
) -> Result<BatchEnd, Stopped> {
    let (mut cells, mut flips) = (Vec::new(), BTreeSet::new());
    for file in files {
        let Some(inbox) = read(store, setup, file, (planned, batch)).await? else { continue };
        flips.extend(flipped(&inbox));
        let samples = |(place, more): (CellIndex, u64)| {
            (0..more).filter_map(move |sample| Some(CellIndex { sample: u32::try_from(sample).ok()?, ..place }))
        };
        cells.extend(baseline::again(&inbox.baseline, &inbox.observed).into_iter().flat_map(samples));
    }
    // What is said in a row that goes on from another depends on what was said there.
    let goes_on = planned.request.spec.prompts.iter().any(|(_, prompt)| conversation::goes_on(prompt));
    if !cells.is_empty() && !goes_on {
        let end = ask_again((engine, store), (planned, batch), cells, &watch.budget, (interrupts, io)).await?;
        if end == BatchEnd::Stopped {
            return Ok(end);
        }
    }
    for file in files {
        let Some(inbox) = read(store, setup, file, (planned, batch)).await? else { continue };
        let still = flipped(&inbox);
        let own = flips.iter().filter(|(prompt, ..)| *prompt == inbox.prompt);
        let held = own.filter(|flip| !still.contains(*flip)).count() as u64;
        let file = shown(&inbox, io);
        watch.whole.baselines.push(PromptReview { review: inbox.review(), prompt: inbox.prompt, file, held });
    }
    Ok(BatchEnd::Complete)
}

/// Writes the path of a baseline as the reports have it: from the working directory where it lies below.
fn shown(inbox: &Inbox, io: &Io<'_>) -> String {
    inbox.path.strip_prefix(&io.cwd).unwrap_or(&inbox.path).display().to_string()
}

async fn read(
    store: &Store,
    setup: &Workspace,
    (name, path): &(String, PathBuf),
    (planned, batch): (&BatchPreview, BatchId),
) -> Result<Option<Inbox>, Stopped> {
    let found = inbox(&setup.places, store, (name, path.clone()), Some(batch)).await?;
    let whole = !planned.request.is_partial();
    Ok(found.map(|found| Inbox { whole, ..found }))
}

/// Names the rows whose verdict is another one than the baseline has, those left out that are judged by how often they pass.
fn flipped(inbox: &Inbox) -> BTreeSet<(String, String, String)> {
    let flips = inbox.review().changes.into_iter().filter(|change| {
        let accepted = |state| matches!(state, BaselineState::Accepted | BaselineState::Rejected);
        matches!(change.kind, ChangeKind::Worse | ChangeKind::Fixed)
            && change.before.as_ref().is_some_and(|line| accepted(line.state))
    });
    flips.map(|change| (inbox.prompt.clone(), change.row().to_owned(), change.target().to_owned())).collect()
}

/// Asks cells again, in a batch of their own and past the cache, with what the caps of the first one have left.
async fn ask_again(
    (engine, store): (&Engine, &Store),
    (planned, batch): (&BatchPreview, BatchId),
    cells: Vec<CellIndex>,
    used: &BatchBudget,
    (interrupts, io): (&mut Interrupts, &mut Io<'_>),
) -> Result<BatchEnd, Stopped> {
    let count = cells.len() as u64;
    let rows: BTreeSet<_> = cells.iter().map(|place| (place.row, place.prompt, place.target)).collect();
    let Some(limits) = left(planned.request.limits, used) else {
        let _ = writeln!(
            io.err,
            "note: the caps leave nothing to ask {} again with: each flip counts as it came",
            counted(rows.len() as u64, "row")
        );
        return Ok(BatchEnd::Complete);
    };
    let _ = writeln!(
        io.err,
        "asking {} again, {}: a flip counts once it holds",
        counted(rows.len() as u64, "row"),
        counted(count, "call")
    );
    let request = BatchRequest { limits, ..planned.request.asked_again(batch, cells) };
    let planned = BatchPreview { request, ..planned.clone() };
    let Begun { id, stream, mut budget, .. } = common::start(engine, store, &planned, None).await?;
    let end = followed(stream, interrupts, |cell, _, _| budget.take(&cell)).await?;
    if let BatchEnd::Capped { why, .. } | BatchEnd::Failed { why } = &end {
        let done = budget.done;
        let _ = writeln!(
            io.err,
            "note: {done} of {count} calls were made again: {}; a flip that was not asked again counts as it came",
            clean_line(why)
        );
    }
    let word = if end == BatchEnd::Complete { "part" } else { end.word() };
    let why = end.why().map(str::to_owned);
    store.ask(StoreRequest::EndBatch { batch: id, end: word.to_owned(), why, at: Timestamp::now() }).await?;
    Ok(end)
}

/// Returns what the caps of a batch have left; none where that is nothing.
fn left(caps: BatchLimits, used: &BatchBudget) -> Option<BatchLimits> {
    let BatchLimits { cost, tokens, time } = caps;
    let spent = used.elapsed(tokio::time::Instant::now());
    let cost = cost.map(|most| most - used.cost.dollars());
    let tokens = tokens.map(|most| most.saturating_sub(used.tokens));
    let time = time.map(|most| most.saturating_sub(spent));
    let nothing = cost.is_some_and(|left| left <= 0.0) || tokens == Some(0) || time.is_some_and(|left| left.is_zero());
    (!nothing).then_some(BatchLimits { cost, tokens, time })
}
