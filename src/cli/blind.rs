//! `retort blind`: which of two answers is better, without their names. Votes are given at the workbench; here they are
//! counted, revealed and exported.

use std::{fs::OpenOptions, io::Write as _, path::Path};

use jiff::Timestamp;

use crate::{
    cli::{Exit, Io, Stopped, args::BlindArgs, interrupts::CLOSING, text_table},
    engine::Workspace,
    eval::{BlindComparison, BlindPlan, BlindResult, blind::BlindContender},
    model::BatchId,
    present::{
        blind::{BlindRecord, BlindSummary, HEADING, counts},
        sheet::Sheet,
    },
    store::{
        Store,
        api::{StoreReply, StoreRequest, WantedBlind},
    },
    text::{clean_line, format::counted, json},
};

/// Batches among which those are looked for whose last digits are given.
const LISTED: usize = 10_000;

/// Finds which comparison the options name; it is what the workbench opens.
pub async fn wanted(args: &BlindArgs, setup: &Workspace) -> Result<WantedBlind, Stopped> {
    let store = setup.store();
    let found = named(args, &store).await;
    store.close(CLOSING)?;
    found
}

async fn named(args: &BlindArgs, store: &Store) -> Result<WantedBlind, Stopped> {
    let mut batches = Vec::new();
    if !args.batches.is_empty() {
        let StoreReply::Batches(entries) = store.ask(StoreRequest::Batches { limit: LISTED }).await? else {
            return Err(Stopped::Other("the record answered another question".to_owned()));
        };
        let known: Vec<BatchId> = entries.iter().map(|entry| entry.id).collect();
        for name in &args.batches {
            batches.push(one(name, &known)?);
        }
    }
    Ok(WantedBlind { batches, seed: args.seed, anew: args.new, at: Timestamp::now() })
}

/// Finds a batch by its id or the last digits of it.
fn one(name: &str, known: &[BatchId]) -> Result<BatchId, Stopped> {
    /// The fewest digits that name a batch.
    const FEWEST: usize = 4;
    let digits: String = name.chars().filter(|c| *c != '-').flat_map(char::to_lowercase).collect();
    if digits.len() < FEWEST || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
        return Err(Stopped::Usage(format!(
            "`{}` is no batch: give its id, or its last digits, at least four, as `retort batch` prints them",
            clean_line(name)
        )));
    }
    let mut found = known.iter().filter(|id| id.0.simple().to_string().ends_with(&digits));
    match (found.next(), found.next()) {
        (Some(id), None) => Ok(*id),
        (Some(_), Some(_)) => Err(Stopped::Usage(format!("several batches end in {digits}; give more digits"))),
        _ => Err(Stopped::Usage(format!("no batch on record ends in {digits}"))),
    }
}

/// Counts the votes, reveals the names, exports; where neither is wanted, says how to vote.
pub(crate) async fn blind(args: BlindArgs, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let store = io.setup()?.store();
    let done = counted_votes(&args, &store, io).await;
    store.close(CLOSING)?;
    done
}

async fn counted_votes(args: &BlindArgs, store: &Store, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let wanted = named(args, store).await?;
    let StoreReply::Blind(mut comparison) = store.ask(StoreRequest::OpenBlind(wanted)).await? else {
        return Err(Stopped::Other("the record answered another question".to_owned()));
    };
    if args.reveal && comparison.revealed.is_none() {
        let at = Timestamp::now();
        store.ask(StoreRequest::RevealBlind { id: comparison.id, at }).await?;
        comparison.revealed = Some(at);
    }
    let is_revealed = comparison.revealed.is_some();
    if let Some(file) = &args.export {
        if !is_revealed {
            return Err(Stopped::Usage(
                "the votes are exported with the names: `--reveal` shows them, and ends the voting".to_owned(),
            ));
        }
        let file = io.cwd.join(file);
        let count = export(&comparison, &file)?;
        writeln!(io.err, "{} written to {}", counted(count, "vote"), clean_line(&file.display().to_string()))?;
        if !args.results && !args.reveal && !args.json {
            return Ok(Exit::Done);
        }
    }
    let plan = BlindPlan::of(&comparison);
    let result = BlindResult::of(&comparison, &plan);
    if !is_revealed {
        hide(&mut comparison);
    }
    let summary = BlindSummary::of(&comparison, &result);
    if args.json {
        writeln!(io.out, "{}", json::to_line(&summary)?)?;
        return Ok(Exit::Done);
    }
    if args.votes() && is_revealed {
        writeln!(io.err, "the names were revealed: `retort blind --new` at a terminal votes again, in another order")?;
    } else if args.votes() {
        let left = plan.pairs.len().saturating_sub(comparison.votes.len());
        writeln!(io.err, "{} to vote on: `retort blind` at a terminal shows them", counted(left as u64, "pair"))?;
    }
    writeln!(io.out, "{}: {}", clean_line(&comparison.name), counts(&result))?;
    if result.votes + result.alike > 0 {
        text_table::print(io, &HEADING, &summary.rows())?;
        for sentence in &summary.says {
            writeln!(io.out, "{sentence}")?;
        }
    }
    if !is_revealed {
        writeln!(io.err, "the names are hidden: `--reveal` shows them, and ends the voting")?;
    }
    Ok(Exit::Done)
}

/// Calls the contenders A, B, C … in an order that says nothing of who they are.
fn hide(comparison: &mut BlindComparison) {
    let count = comparison.contenders.len();
    let turn = usize::try_from(comparison.seed % count.max(1) as u64).unwrap_or_default();
    for (at, contender) in comparison.contenders.iter_mut().enumerate() {
        let letter = char::from(b'A' + u8::try_from((at + turn) % count % 26).unwrap_or_default());
        *contender = BlindContender { label: format!("contender {letter}"), names: Vec::new(), ..contender.clone() };
    }
}

/// Writes the votes to a new file; returns how many there are.
fn export(comparison: &BlindComparison, file: &Path) -> Result<u64, Stopped> {
    let records = BlindRecord::all(comparison);
    let mut text = Vec::new();
    match file.extension().and_then(|ending| ending.to_str()) {
        Some("csv") => {
            Sheet::Csv.head(&mut text, &BlindRecord::HEADS)?;
            for record in &records {
                Sheet::Csv.row(&mut text, &record.cells())?;
            }
        }
        Some("jsonl") => {
            for record in &records {
                writeln!(text, "{}", json::to_line(record)?)?;
            }
        }
        _ => {
            let shown = file.display().to_string();
            return Err(Stopped::Usage(format!("{}: votes are written to .csv or .jsonl", clean_line(&shown))));
        }
    }
    let failed = |error: std::io::Error| {
        let shown = file.display().to_string();
        Stopped::Usage(format!("cannot write {}: {error}", clean_line(&shown)))
    };
    let mut out = OpenOptions::new().write(true).create_new(true).open(file).map_err(failed)?;
    out.write_all(&text).map_err(failed)?;
    Ok(records.len() as u64)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_batch_is_named_by_its_last_digits() {
        let known = [0x1111_2222_u64, 0x3333_2222].map(|low| BatchId(Uuid::from_u64_pair(1, low)));
        assert_eq!(one("11112222", &known).unwrap(), known[0]);
        assert_eq!(one(&known[1].to_string(), &known).unwrap(), known[1]);
        for (name, says) in [("2222", "several"), ("abcd", "no batch"), ("22", "is no batch"), ("../x", "is no batch")]
        {
            assert!(one(name, &known).unwrap_err().to_string().contains(says), "{name}");
        }
    }
}
