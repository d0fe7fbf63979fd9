//! `retort improve`: edits that a model proposes from what failed, raced on a part of the rows, the best one tested once on
//! rows that nobody has looked at; the file is written on a yes alone.

use std::io::{self, BufRead as _, IsTerminal as _};

use serde::Serialize;

use crate::{
    cli::{
        Exit, Io, Stopped,
        args::ImproveArgs,
        experiment::{self, ExperimentWork, Subject},
        prompts,
    },
    engine::{
        Engine, Workspace,
        experiment::rows_of,
        improve,
        improve::{ImproveOptions, forecast},
    },
    eval::{
        Improvement,
        experiment::ExperimentSpent,
        improve::{Candidate, CandidateEdit, FlipCounts, ImproveForecast, Improved, counted_faults},
    },
    model::Prompt,
    present::improve::{faulted, split, verdict_of},
    store::{api::Over, prompts as files},
    text::{clean_line, json},
};

/// The last line of `--json`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ResultLine<'a> {
    event: &'static str,
    #[serde(flatten)]
    improvement: &'a Improvement,
    words: &'a str,
    candidates: Vec<CandidateLine<'a>>,
    rejected: Vec<RejectedLine>,
    spent: &'a ExperimentSpent,
    /// US dollars, as far as prices are known.
    dollars: f64,
    written: bool,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct CandidateLine<'a> {
    name: &'a str,
    version: &'a str,
    #[serde(flatten)]
    edit: &'a CandidateEdit,
    /// Tune rows it was tried on.
    rows: usize,
    #[serde(flatten)]
    standing: FlipCounts,
    dropped: bool,
}

impl<'a> CandidateLine<'a> {
    fn of(candidate: &'a Candidate) -> Self {
        let Candidate { name, edit, prompt: _, version, contender } = candidate;
        let (rows, standing, dropped) = (contender.rows, contender.standing, contender.dropped);
        Self { name, version: &version.0, edit, rows, standing, dropped }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct RejectedLine {
    why: &'static str,
    edits: u64,
}

/// Improves a prompt, and writes its file where that is wanted and an edit is shown to be better.
pub(crate) async fn run(args: ImproveArgs, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let mut work = ExperimentWork::open(&args.common, io).await?;
    let ExperimentWork { setup, store, subject, interrupts, .. } = &mut work;
    let (setup, store, subject) = (&*setup, &*store, &*subject);
    let name = args.by.as_deref().unwrap_or_else(|| setup.settings.judge_model());
    let by = setup.catalog.resolve(name).map_err(|error| Stopped::Usage(format!("--by: {error}")))?;
    let options = ImproveOptions { by, candidates: usize::from(args.candidates), seed: args.common.seed };
    let limits = experiment::limits(&args.common, &subject.planned, [&options.by])?;
    let rows = rows_of(&subject.planned)?;
    let expected = forecast(&rows, options.candidates)?;
    introduce(subject, &expected, &options, args.common.dry_run, io)?;
    if args.common.dry_run {
        return Ok(Exit::Done);
    }
    let engine = Engine::start(setup, store);
    experiment::read_keys(setup, &engine, &subject.planned, [&options.by], io).await?;
    let (planned, bounds) = (subject.planned.clone(), (limits, args.common.new));
    let asks = |line| improve::run((&engine, store), (planned, rows), &subject.prompt, &options, bounds, line);
    let ended = experiment::watched(asks, args.common.json, io, interrupts).await?;
    let exit = match ended {
        Ok(improved) => finish(setup, subject, &improved, &args, io),
        Err(stop) => experiment::not_ended(stop, io),
    };
    work.close(io);
    exit
}

/// Says how the rows are split, what that can show and what it will take, before the first call.
fn introduce(
    subject: &Subject,
    expected: &ImproveForecast,
    options: &ImproveOptions,
    is_all: bool,
    io: &mut Io<'_>,
) -> Result<(), Stopped> {
    let lines = [
        split(expected),
        format!(
            "{}, and 1 or 2 calls of {} for {} edits",
            experiment::estimated(&subject.planned, expected.cells, expected.most),
            clean_line(&options.by.name),
            options.candidates
        ),
    ];
    for line in lines {
        if is_all {
            writeln!(io.out, "{line}")?;
        } else {
            let _ = writeln!(io.err, "{line}");
        }
    }
    Ok(())
}

/// Prints the verdict and what the winner changes, and writes it where that is wanted.
fn finish(
    setup: &Workspace,
    subject: &Subject,
    improved: &Improved,
    args: &ImproveArgs,
    io: &mut Io<'_>,
) -> Result<Exit, Stopped> {
    let Improved { improvement, candidates, faults, spent, forecast: _ } = improved;
    let words = verdict_of(improved);
    let winner = improvement.winner().and_then(|at| candidates.get(at));
    if !args.common.json {
        writeln!(io.out, "{words}")?;
        if !faults.is_empty() && !candidates.is_empty() {
            writeln!(io.out, "rejected before a call: {}", faulted(faults))?;
        }
        if let Some(Candidate { name, edit, prompt, .. }) = winner {
            writeln!(io.out, "\nwhy: {}\n", clean_line(&edit.reason))?;
            let titles = (subject.name.as_str(), name.as_str());
            prompts::print_diff((&subject.prompt, prompt), titles, setup, io)?;
        }
    }
    let written = match winner {
        Some(winner) if args.accept || (!args.common.json && agreed(winner, io)?) => {
            write(setup, subject, &winner.prompt, io)?;
            true
        }
        Some(winner) => {
            let Candidate { name, .. } = winner;
            let _ = writeln!(
                io.err,
                "nothing is written; the same command with --accept writes {name}, asking nothing again"
            );
            false
        }
        None => false,
    };
    if args.common.json {
        let rejected = counted_faults(faults).into_iter().map(|(why, edits)| RejectedLine { why, edits });
        let line = ResultLine {
            event: "improved",
            improvement,
            words: &words,
            candidates: candidates.iter().map(CandidateLine::of).collect(),
            rejected: rejected.collect(),
            spent,
            dollars: spent.cost.dollars(),
            written,
        };
        writeln!(io.out, "{}", json::to_line(&line)?)?;
    }
    Ok(Exit::Done)
}

/// Asks for a yes to the winner; there is none without a terminal to ask at.
fn agreed(winner: &Candidate, io: &mut Io<'_>) -> Result<bool, Stopped> {
    if !io::stdin().is_terminal() || !io.err_is_terminal {
        return Ok(false);
    }
    write!(io.err, "\nwrite {} to the prompt's file? [y/N] ", winner.name)?;
    io.err.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Writes a prompt over the one that was improved, if that is as it was.
fn write(setup: &Workspace, subject: &Subject, prompt: &Prompt, io: &mut Io<'_>) -> Result<(), Stopped> {
    let file = match &subject.file {
        Some(file) => {
            files::replace(&setup.places, file, &subject.prompt, prompt)?;
            file.clone()
        }
        None => files::save(&setup.places, &subject.name, prompt, Over::Nothing)?.0,
    };
    let _ = writeln!(io.err, "wrote {}", clean_line(&file.display().to_string()));
    Ok(())
}
