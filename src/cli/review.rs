//! `retort review`: the rows that came out another way than the baseline has them, one by one or by their names.

pub(crate) mod dialog;

use std::io::{IsTerminal as _, stdin};

use crate::{
    cli::{Exit, Io, Stopped, args::ReviewArgs, interrupts::CLOSING, prompts, text_table},
    engine::{Workspace, baselines::opened},
    eval::{
        BaselineReview,
        baseline::{
            BaselineChange, ReviewDecision,
            inbox::{Inbox, InboxDecisions},
        },
    },
    present::{
        baseline,
        baseline::{ChangeRecord, review_command},
    },
    store::{Store, baselines},
    text::{clean_line, format::counted, json, shell},
};

/// Changes that are listed.
const LISTED: usize = 50;

/// Lists what is another way, or does with it what is wanted.
pub(crate) async fn review(args: ReviewArgs, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let setup = io.setup()?;
    let store = setup.store();
    let done = match &args.prompt {
        Some(name) => one(name, &args, (&setup, &store), io).await,
        None => all(&args, (&setup, &store), io).await,
    };
    store.close(CLOSING)?;
    done
}

/// Reads the inbox of a prompt, and says where it is not of the prompt as it is now. Returns whether it is.
async fn open(
    named: &str,
    (setup, store): (&Workspace, &Store),
    io: &mut Io<'_>,
) -> Result<Option<(Inbox, bool)>, Stopped> {
    let (name, prompt) = prompts::find(&setup.places, &io.cwd, named)?;
    let file = prompts::file(&setup.places, &io.cwd, named)?;
    let found = opened(&setup.places, store, (&name, &prompt, file.as_deref()), None).await?;
    let Some((found, stale)) = found else { return Ok(None) };
    if stale {
        writeln!(
            io.err,
            "note: `{name}` is another version than {} asked, {}: `retort batch {} {} --against-baseline` asks it",
            found.batch.short(),
            found.version.short(),
            shell::word(named),
            shell::word(clean_line(&found.spec.data).as_str())
        )?;
    }
    Ok(Some((found, !stale)))
}

fn nothing_run(named: &str) -> Stopped {
    let name = shell::word(named);
    Stopped::Usage(format!("no batch of `{named}` is on record: `retort batch {name} DATA` makes one to be reviewed"))
}

async fn one(
    named: &str,
    args: &ReviewArgs,
    (setup, store): (&Workspace, &Store),
    io: &mut Io<'_>,
) -> Result<Exit, Stopped> {
    let Some((mut inbox, current)) = open(named, (setup, store), io).await? else { return Err(nothing_run(named)) };
    let review = inbox.review();
    let decisions = decisions(args, &review)?;
    if args.json {
        for change in &review.changes {
            writeln!(io.out, "{}", json::to_line(&ChangeRecord::of(&inbox.prompt, change))?)?;
        }
    }
    if !decisions.is_empty() {
        let count = decisions.len() as u64;
        for (change, decision) in decisions {
            inbox
                .baseline
                .decide(change, &decision)
                .map_err(|why| Stopped::Usage(format!("{}: {why}", clean_line(&change.id()))))?;
        }
        baselines::write(&setup.places, &inbox.path, &inbox.baseline)?;
        let shown = inbox.path.display().to_string();
        writeln!(io.err, "{} written to {}", counted(count, "row"), clean_line(&shown))?;
        return Ok(Exit::Done);
    }
    if args.all {
        writeln!(io.err, "nothing is another way than the baseline has it")?;
        return Ok(Exit::Done);
    }
    let asks = !args.check && !args.json && stdin().is_terminal() && io.out_is_terminal;
    if asks && !review.changes.is_empty() {
        return dialog::dialog(InboxDecisions::new(inbox), &setup.places, io);
    }
    if !args.json {
        list(&inbox, &review, io)?;
    }
    if !args.check {
        if !review.changes.is_empty() {
            next_steps(named, io)?;
        }
        return Ok(Exit::Done);
    }
    checked(named, (&inbox, &review, current), io)
}

/// Says whether a prompt's rows came out as the baseline has them, and what to do where they did not.
fn checked(
    named: &str,
    (inbox, review, current): (&Inbox, &BaselineReview, bool),
    io: &mut Io<'_>,
) -> Result<Exit, Stopped> {
    if !inbox.exists {
        writeln!(
            io.err,
            "FAIL {} has no baseline: `{} --all` takes what came out as one",
            inbox.prompt,
            review_command(named)
        )?;
        return Ok(Exit::CheckFailed);
    }
    if review.holds() && current {
        return Ok(Exit::Done);
    }
    if !current {
        writeln!(io.err, "FAIL {}: the prompt as it is was not asked", inbox.prompt)?;
    }
    if !review.holds() {
        writeln!(io.err, "FAIL {}: {}; `{}` goes through it", inbox.prompt, review.sentence(), review_command(named))?;
    }
    Ok(Exit::CheckFailed)
}

fn list(inbox: &Inbox, review: &BaselineReview, io: &mut Io<'_>) -> Result<(), Stopped> {
    let shown = inbox.path.display().to_string();
    let (shown, batch) = (clean_line(&shown), inbox.batch.short());
    if inbox.exists {
        writeln!(io.err, "batch {batch} against the baseline {shown}")?;
    } else {
        writeln!(io.err, "batch {batch}; no baseline yet: what is accepted begins {shown}")?;
    }
    let rows: Vec<Vec<String>> = review.changes.iter().take(LISTED).map(baseline::row).collect();
    if !rows.is_empty() {
        text_table::print(io, &baseline::HEADING, &rows)?;
    }
    let more = review.changes.len().saturating_sub(LISTED);
    if more > 0 {
        writeln!(io.out, "and {more} more; --json lists all")?;
    }
    writeln!(io.out, "{}", review.sentence())?;
    Ok(())
}

/// Names the commands, where there is no terminal to ask at.
fn next_steps(named: &str, io: &mut Io<'_>) -> Result<(), Stopped> {
    let command = review_command(named);
    writeln!(
        io.err,
        "without a terminal to ask at: `{command} --accept ID…`, `--reject ID… --why TEXT`, `--flaky ID…`, `--pin ID…`, or `--all`"
    )?;
    Ok(())
}

/// Lists the prompts that have a baseline, or holds all of them against what came out.
async fn all(args: &ReviewArgs, (setup, store): (&Workspace, &Store), io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let names = baselines::list(&setup.places)?;
    if names.is_empty() {
        writeln!(
            io.err,
            "no prompt has a baseline: run `retort batch PROMPT DATA`, then `retort review PROMPT --all` takes what came out as one"
        )?;
        return Ok(if args.check { Exit::CheckFailed } else { Exit::Done });
    }
    let (mut rows, mut exit) = (Vec::new(), Exit::Done);
    for name in names {
        let Some((inbox, current)) = open(&name, (setup, store), io).await? else {
            if args.check {
                writeln!(io.err, "FAIL {name}: no batch of it is on record")?;
                exit = exit.worse(Exit::CheckFailed);
            }
            rows.push(vec![name, "no batch on record".to_owned(), String::new()]);
            continue;
        };
        let review = inbox.review();
        if args.json {
            for change in &review.changes {
                writeln!(io.out, "{}", json::to_line(&ChangeRecord::of(&inbox.prompt, change))?)?;
            }
        }
        if args.check {
            exit = exit.worse(checked(&name, (&inbox, &review, current), io)?);
        }
        let command = if review.changes.is_empty() { String::new() } else { review_command(&name) };
        rows.push(vec![name, review.sentence(), command]);
    }
    if !args.json {
        text_table::print(io, &["PROMPT", "AGAINST ITS BASELINE", "REVIEW"], &rows)?;
    }
    Ok(exit)
}

/// Finds what the command line decides.
fn decisions<'a>(
    args: &ReviewArgs,
    review: &'a BaselineReview,
) -> Result<Vec<(&'a BaselineChange, ReviewDecision)>, Stopped> {
    if args.all {
        return Ok(review.changes.iter().map(|change| (change, ReviewDecision::Accept)).collect());
    }
    let why = ReviewDecision::Reject(args.why.clone().unwrap_or_default());
    let wanted = [
        (&args.accept, ReviewDecision::Accept),
        (&args.reject, why),
        (&args.flaky, ReviewDecision::Flaky),
        (&args.pin, ReviewDecision::Pin),
    ];
    let mut found: Vec<(&BaselineChange, ReviewDecision)> = Vec::new();
    for (ids, decision) in wanted {
        for id in ids {
            let change = named(review, id)?;
            if found.iter().any(|(known, _)| known.id() == change.id()) {
                return Err(Stopped::Usage(format!("{} is named twice", clean_line(id))));
            }
            found.push((change, decision.clone()));
        }
    }
    Ok(found)
}

/// Finds a change by its row's name, or the beginning of it, and its target where the row has several.
fn named<'a>(review: &'a BaselineReview, id: &str) -> Result<&'a BaselineChange, Stopped> {
    /// The fewest digits of a row's name.
    const FEWEST: usize = 4;
    let (row, target) = id.split_once('@').map_or((id, None), |(row, target)| (row, Some(target)));
    let fits = |change: &&BaselineChange| {
        let own = change.row() == row || (row.len() >= FEWEST && change.row().starts_with(row));
        own && target.is_none_or(|target| change.target() == target)
    };
    let mut all = review.changes.iter().filter(fits);
    match (all.next(), all.next()) {
        (Some(change), None) => Ok(change),
        (Some(one), Some(other)) => Err(Stopped::Usage(format!(
            "`{}` names more than one row: {}, {}",
            clean_line(id),
            clean_line(&one.id()),
            clean_line(&other.id())
        ))),
        _ => Err(Stopped::Usage(format!(
            "nothing that is another way is called `{}`; the ids are listed without --accept, as ROW@TARGET",
            clean_line(id)
        ))),
    }
}

/// Says of what kind a change is and how often it passed, in a line.
pub(crate) fn heading(change: &BaselineChange) -> String {
    let counts = change.counts();
    let kind = baseline::kind(change);
    format!("{kind}: {} · {} · {counts}", change.label(), change.id())
}
