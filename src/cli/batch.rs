//! `retort batch`: prompts over a data set, at the speed of the provider; the exit code is that of the cells and the gates.
//!
//! Runs of cells that were answered before are read from the record in pages, in the order of the cells.

pub(crate) mod against;
pub(crate) mod followed;
pub(crate) mod github;
pub(crate) mod progress;
pub(crate) mod remote;
pub(crate) mod request;
pub(crate) mod spool;
pub(crate) mod summary;

use std::{collections::VecDeque, time::Duration};

use futures_util::StreamExt as _;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::{
    cli::{
        Exit, Io, Stopped,
        args::BatchArgs,
        batch::{
            github::CommandGuard,
            progress::{ProgressLine, Watch},
            remote::Handed,
            request::BatchArgsInput,
            spool::Spool,
        },
        interrupts,
        output::Output,
        run,
    },
    engine::{
        Engine, batch as common,
        batch::{BatchPreview, Begun},
    },
    eval::{
        Evidence, Gate, Gates, Tally,
        evidence::{Lanes, SEED},
    },
    model::{
        BatchId, CellIndex, RunId, StatusCounts,
        batch::{BatchRequest, Cap},
        error::StoreError,
    },
    pipeline::{
        batch::{BatchEnd, BatchEvent, BatchStream, conversations::UncheckedTurns},
        ports::RunRecord,
    },
    present::{
        baseline::PromptReview,
        report::{ReportFormat, ReportLane, Whole},
    },
    store::{
        Store,
        api::{StoreReply, StoreRequest},
    },
    text::{clean_line, format},
};

/// How often the progress is written afresh.
const BEAT: Duration = Duration::from_millis(100);

/// Runs the batch.
pub(crate) async fn batch(args: BatchArgs, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    if !args.github {
        return run_batch(args, None, io).await;
    }
    let mut told = String::new();
    let mut out = CommandGuard::new(&mut *io.out, args.json);
    let mut err = CommandGuard::new(&mut *io.err, false);
    let mut guarded = Io {
        environment: io.environment.clone(),
        cwd: io.cwd.clone(),
        out: &mut out,
        painted: &mut std::io::sink(),
        out_is_terminal: false,
        columns: io.columns,
        err: &mut err,
        painted_err: &mut std::io::sink(),
        err_is_terminal: false,
        plain: io.plain,
    };
    let exit = run_batch(args, Some(&mut told), &mut guarded).await;
    out.finish()?;
    err.finish()?;
    // The lines of JSON stay alone on standard output; the runner hears both.
    io.err.write_all(told.as_bytes())?;
    exit
}

/// Runs the batch; what GitHub is told of it is added to a text, if it is wanted.
#[allow(clippy::too_many_lines, reason = "its steps in their order")]
async fn run_batch(args: BatchArgs, told: Option<&mut String>, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let mut setup = io.setup()?;
    if args.trust {
        setup.places.project.trust();
    }
    if let Some(wanted) = &args.status {
        return remote::status(&setup, wanted, io).await;
    }
    if let Some(wanted) = &args.cancel {
        return remote::cancelled(&setup, wanted, io).await;
    }
    let via = remote::way(&args, &setup, &io.cwd)?;
    let outs = request::outs(&args, &setup, &io.cwd)?;
    let baselines = against::files(&args, &setup, io)?;
    let BatchArgsInput { request, copy: _copy } = match &args.config {
        Some(file) => request::of_suite(&mut setup, file, &args, io)?,
        None => request::of_args(&setup, &args, io)?,
    };
    // Heard from here on, also while rows are counted and keys are read.
    let mut interrupts = interrupts::interrupts()?;
    let store = setup.store();
    let mut errors = store.errors();
    let planned = tokio::select! {
        planned = common::preview(&setup, &store, request) => planned?,
        _ = interrupts.recv() => return Ok(Exit::Cancelled),
    };
    if !planned.missing.is_empty() {
        return Err(request::unfit(&planned));
    }
    if let Some(words) = common::unpriced(&planned) {
        return Err(Stopped::Usage(words));
    }
    let planned = match &via {
        Some(how) => {
            remote::check(&planned, how.way)?;
            remote::priced(planned, how.way)
        }
        None => planned,
    };
    if args.dry_run {
        if args.json {
            summary::estimate_line(io.out, &planned.estimate, &planned.footprint)?;
        } else {
            writeln!(io.out, "{}", summary::estimate(&planned.estimate))?;
            writeln!(io.out, "{}", clean_line(&planned.footprint.to_string()))?;
        }
        notes(&planned, io);
        return Ok(Exit::Done);
    }
    let engine = Engine::start(&setup, &store);
    let named = tokio::select! {
        named = engine.read_keys(planned.targets.iter().flatten().filter_map(|lane| lane.first())) => named,
        _ = interrupts.recv() => return Ok(Exit::Cancelled),
    };
    run::check_keys(&named, io)?;
    let job = match via {
        Some(how) => {
            notes(&planned, io);
            let _ = writeln!(io.err, "{}", summary::estimate(&planned.estimate));
            match remote::handed((&engine, &store, &setup), &planned, how, &mut interrupts, io).await {
                Ok(Handed::Here(job)) => Some(job),
                Ok(Handed::Ended(exit)) => {
                    interrupts::close(&store, &mut errors, io);
                    return Ok(exit);
                }
                Err(stopped) => return Err(stopped),
            }
        }
        None => None,
    };
    let (begun, partial) = match &job {
        Some(job) => job.play().await?,
        None => (common::start(&engine, &store, &planned, None).await?, None),
    };
    if job.is_none() {
        introduce(&begun, &planned, io);
    }
    let Begun { id, budget, stream, unanswered, crashed, .. } = begun;
    let unlimited: Vec<String> = common::unlimited(&planned).into_iter().collect();
    if !unlimited.is_empty() {
        let _ = writeln!(
            io.err,
            "note: nothing limits how long an answer of {} is, so what is set aside for one is a guess; \
             --param max_tokens=N limits it",
            clean_line(&unlimited.join(", "))
        );
    }
    let spool = if outs.is_empty() && told.is_none() { None } else { Some(Spool::new()?) };
    let turns = UncheckedTurns::of(&planned.request.spec.prompts);
    let mut watch =
        Watch::new(budget, (whole(&planned.request, id), turns), planned.request.concurrency, spool, args.json);
    watch.before(&unanswered, crashed);
    let ended = match watched(stream, &mut watch, &store, io, &mut interrupts).await {
        Ok(BatchEnd::Complete) if !baselines.is_empty() => {
            let (own, heard) = ((&engine, &store, &setup), (&mut interrupts, &mut *io));
            against::hold(own, (&planned, id), &baselines, &mut watch, heard).await
        }
        ended => ended,
    };
    let is_over = matches!(ended, Ok(BatchEnd::Complete));
    let end = match &ended {
        Ok(BatchEnd::Complete) if partial.is_some() => "part",
        Ok(end) => word(end, &planned.request),
        Err(_) => "stopped",
    };
    let why = match &ended {
        Ok(end) => end.why().map(str::to_owned),
        Err(error) => Some(error.to_string()),
    };
    let gates = Gates {
        pass_rate: args.min_pass_rate,
        score: args.min_score,
        errors: args.max_errors,
        not_worse: false,
        allow_inconclusive: args.allow_inconclusive,
    };
    let judged = judged(gates, &watch.whole);
    let exit = match ended {
        Ok(end) => {
            let resting = summary::resting(&engine.pipeline, Timestamp::now());
            finish((watch, end, resting), gates, (&outs, told), args.json, io)
        }
        Err(error) => Err(error),
    };
    // Complete is what was also reported: without its report the same command goes on, and asks nothing again.
    // It is noted also where the reader is gone: whoever goes on must know that this one has ended.
    let end = if exit.is_ok() { end } else { "stopped" };
    let note = StoreRequest::EndBatch { batch: id, end: end.to_owned(), why, at: Timestamp::now() };
    let gates = (!judged.is_empty()).then_some(StoreRequest::NoteGates { batch: id, gates: judged });
    for note in std::iter::once(note).chain(gates) {
        if let Err(error) = store.ask(note).await {
            let _ = writeln!(io.err, "note: {}", clean_line(&error.to_string()));
        }
    }
    if let Some(why) = &partial {
        let _ = writeln!(io.err, "{}; the same command asks the cells that have no answer", clean_line(why));
    }
    if let Some(job) = job.filter(|_| is_over && exit.is_ok()) {
        job.close()?;
    }
    interrupts::close(&store, &mut errors, io);
    exit.map(|exit| if partial.is_some() { exit.worse(Exit::Failed) } else { exit })
}

/// Names how a batch ended for the record: one whose rows were not all wanted is not complete.
fn word(end: &BatchEnd, request: &BatchRequest) -> &'static str {
    if *end == BatchEnd::Complete && request.is_partial() { "part" } else { end.word() }
}

/// Says whether it goes on, and what it will take.
fn introduce(begun: &Begun, planned: &BatchPreview, io: &mut Io<'_>) {
    let total = planned.cells().unwrap_or(0);
    let left = begun.left;
    if begun.resumed {
        let _ = writeln!(
            io.err,
            "going on with batch {}: {} of {} cells are done; --new begins anew",
            begun.id.short(),
            format::thousands(total.saturating_sub(left)),
            format::thousands(total)
        );
    }
    for file in &begun.changed {
        let _ = writeln!(io.err, "note: {}", clean_line(&file.note()));
    }
    notes(planned, io);
    if left > 0 {
        let _ = writeln!(io.err, "{}", summary::estimate(&planned.estimate_of(left)));
        let _ = writeln!(io.err, "{}", clean_line(&planned.footprint.to_string()));
    }
}

/// Says what a person should know before the first call.
fn notes(planned: &BatchPreview, io: &mut Io<'_>) {
    for note in &planned.notes {
        let _ = writeln!(io.err, "note: {}", clean_line(note));
    }
}

fn whole(request: &BatchRequest, batch: BatchId) -> Whole {
    let prompts = request.spec.lanes().into_iter().zip(0_u32..);
    let lanes = prompts.flat_map(|((prompt_name, targets), prompt)| {
        targets.iter().zip(0_u32..).map(move |(target_name, target)| ReportLane {
            prompt,
            target,
            prompt_name: prompt_name.to_owned(),
            target_name: target_name.clone(),
            tally: Tally::default(),
        })
    });
    Whole {
        batch,
        name: request.spec.name.clone(),
        data: request.spec.data.clone(),
        samples: request.spec.samples.max(1),
        end: String::new(),
        made: Timestamp::now(),
        variables: Vec::new(),
        lanes: lanes.collect(),
        baselines: Vec::new(),
    }
}

/// Takes the events in until the end. Ctrl-c stops the batch and keeps what came; a second one does not
/// wait. A cap ends it once what is under way has ended: nobody is there to raise it.
async fn watched(
    mut stream: BatchStream,
    watch: &mut Watch,
    store: &Store,
    io: &mut Io<'_>,
    interrupts: &mut interrupts::Interrupts,
) -> Result<BatchEnd, Stopped> {
    let control = stream.control();
    let mut progress = ProgressLine::new(Instant::now());
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut stopping = false;
    let end = loop {
        tokio::select! {
            event = stream.next() => {
                let Some(event) = event else {
                    break Err(Stopped::Other("the batch ended without an end; please report this".to_owned()));
                };
                // A limit of the provider's is told at once; one of the user's own, by the end.
                if let BatchEvent::Paused { why, cap: None } = &event {
                    progress.clear(io);
                    let _ = writeln!(io.err, "paused: {}", clean_line(why));
                }
                match watch.take(event, store, io).await {
                    Ok(Some(end)) => break Ok(end),
                    Ok(None) => {}
                    Err(error) => break Err(error.into()),
                }
                // What is under way is paid for, and was let through by the cap.
                if watch.paused.as_ref().is_some_and(|(_, cap)| cap.is_some()) {
                    control.drain();
                }
            }
            _ = interrupts.recv() => {
                if std::mem::replace(&mut stopping, true) {
                    break Ok(BatchEnd::Stopped);
                }
                control.stop();
                progress.clear(io);
                let _ = writeln!(io.err, "stopping: what has ended is kept; ctrl-c again does not wait");
            }
            _ = beat.tick() => watch.show(&mut progress, io),
        }
    };
    progress.clear(io);
    end
}

/// Writes the results and the reports, and says how to go on.
fn finish(
    (watch, end, resting): (Watch, BatchEnd, Vec<summary::RestingKey>),
    gates: Gates,
    (outs, told): (&[(Output, ReportFormat)], Option<&mut String>),
    json: bool,
    io: &mut Io<'_>,
) -> Result<Exit, Stopped> {
    let Watch { mut whole, failures, more, hints, unrecorded, spool, unspooled, budget, lanes, turns, .. } = watch;
    whole.end = match &end {
        BatchEnd::Complete => "complete".to_owned(),
        BatchEnd::Stopped => "stopped before its end".to_owned(),
        BatchEnd::Capped { why, .. } | BatchEnd::Failed { why } => format!("stopped before its end: {why}"),
    };
    whole.made = Timestamp::now();
    if unrecorded > 0 {
        let _ = writeln!(
            io.err,
            "cells that ended and could not be recorded: {}; their answers are on standard output alone, each a line of JSON \
             with \"event\":\"unrecorded\"; they will be asked again",
            format::thousands(unrecorded)
        );
    }
    let (total, turns) = (whole.total(), turns.count());
    let judged = judged(gates, &whole);
    if let Some(error) = unspooled {
        let temporary = std::env::temp_dir();
        return Err(Stopped::Other(format!(
            "the reports cannot be written: their cells cannot be kept in {}: {error}; free some space there, and the \
             same command goes on",
            temporary.display()
        )));
    }
    if let Some(spool) = spool {
        let spooled = spool.finish()?;
        whole.variables.clone_from(&spooled.variables);
        for (output, form) in outs {
            output.write(|out| form.write(out, &whole, &spooled))?;
        }
        if let Some(told) = told {
            let exit = exit(gates, &end, (&total, turns), &judged);
            github::tell(told, (&whole, &spooled), (exit, &judged), io)?;
        }
    }
    let evidence = evidence(&lanes, &whole);
    if json {
        summary::summary_line(io.out, &whole, &evidence, (&judged, &resting))?;
    } else {
        summary::summary(io, &whole, (failures, more), &evidence)?;
    }
    for (output, _) in outs {
        let _ = writeln!(io.err, "wrote {}", clean_line(&output.path().display().to_string()));
    }
    for hint in &hints {
        let _ = writeln!(io.err, "next step: {}", clean_line(hint));
    }
    open(&total, turns, gates, io);
    for Gate { reached, words } in &judged {
        let _ = writeln!(io.err, "{} {words}", if *reached { "ok  " } else { "FAIL" });
    }
    for key in &resting {
        let _ = writeln!(io.err, "{}", clean_line(&key.to_string()));
    }
    let of = budget.total.map(|total| format!(" of {}", format::thousands(total))).unwrap_or_default();
    let done = format!("{}{of} cells are done", format::thousands(total.cells()));
    match &end {
        BatchEnd::Complete => {
            let errors = total.counts.error;
            if errors > 0 {
                let _ =
                    writeln!(io.err, "{} without an answer; --retry-failed asks them again", format::thousands(errors));
            }
        }
        BatchEnd::Stopped => {
            let _ = writeln!(io.err, "stopped: {done}; the same command goes on");
        }
        BatchEnd::Capped { cap, why } => {
            let why = clean_line(why);
            let _ = match option(*cap) {
                Some(option) => {
                    writeln!(io.err, "stopped by a cap: {why}; {done}; the same command with a higher {option} goes on")
                }
                None => writeln!(io.err, "stopped: {why}; {done}; the same command goes on"),
            };
        }
        BatchEnd::Failed { why } => {
            let _ = writeln!(io.err, "stopped: {}; {done}; the same command goes on", clean_line(why));
        }
    }
    Ok(exit(gates, &end, (&total, turns), &judged))
}

/// Says which checks could not run, how many rows have none, and what that does to the end.
fn open(total: &Tally, turns: u64, gates: Gates, io: &mut Io<'_>) {
    for unrun in total.unrun() {
        let _ = writeln!(io.err, "not run: {}", clean_line(&unrun.to_string()));
    }
    let StatusCounts { passed, failed, inconclusive, unchecked, .. } = asked(&total.counts, turns);
    let checked = passed + failed + inconclusive > 0;
    let cells = |count: u64| format!("{} cell{}", format::thousands(count), if count == 1 { " is" } else { "s are" });
    let mut parts = Vec::new();
    if inconclusive > 0 {
        parts.push(format!("{} inconclusive", cells(inconclusive)));
    }
    if checked && unchecked > 0 {
        parts.push(format!("{} unchecked while others have checks", cells(unchecked)));
    }
    if !parts.is_empty() {
        let end = if gates.allow_inconclusive { "let through by" } else { "let through only by" };
        let _ = writeln!(io.err, "{}; {end} --allow-inconclusive", parts.join(", "));
    }
}

/// Names the option that raises a cap; none raises what a provider allows.
fn option(cap: Cap) -> Option<&'static str> {
    match cap {
        Cap::Cost => Some("--max-cost"),
        Cap::Tokens => Some("--max-tokens"),
        Cap::Time => Some("--max-time"),
        // Nobody limits the calls of a batch: they are its cells.
        Cap::Calls | Cap::Account => None,
    }
}

/// Weighs each lane but the first against the first, with the names of both.
pub(crate) fn evidence(lanes: &Lanes, whole: &Whole) -> Vec<(String, String, Evidence)> {
    let name = |prompt: &str, target: &str| format!("{prompt} on {target}");
    let Some(first) = whole.lanes.first() else {
        return Vec::new();
    };
    let others = whole.lanes.iter().skip(1);
    others
        .map(|lane| {
            let pairs = lanes.pairs((lane.prompt, lane.target), lanes, (first.prompt, first.target));
            let [one, other] = [first, lane].map(|lane| name(&lane.prompt_name, &lane.target_name));
            (one, other, Evidence::of(pairs, SEED))
        })
        .collect()
}

/// Leaves the turns of conversations out of counts that nobody asked to check.
fn asked(counts: &StatusCounts, turns: u64) -> StatusCounts {
    StatusCounts { unchecked: counts.unchecked.saturating_sub(turns), ..*counts }
}

/// Lists the gates with whether each is reached, the baselines' among them.
fn judged(gates: Gates, whole: &Whole) -> Vec<Gate> {
    let mut judged = gates.judge(&whole.total(), &[]);
    judged.extend(whole.baselines.iter().map(PromptReview::gate));
    judged
}

/// Tells how the program exits; so many unchecked cells are turns of conversations that nobody asked to check.
pub(crate) fn exit(gates: Gates, end: &BatchEnd, (tally, turns): (&Tally, u64), judged: &[Gate]) -> Exit {
    match end {
        BatchEnd::Stopped => return Exit::Cancelled,
        BatchEnd::Capped { .. } | BatchEnd::Failed { .. } => return Exit::Failed,
        BatchEnd::Complete => {}
    }
    let counts = asked(&tally.counts, turns);
    let plain = Exit::of(&counts, tally.cut_off, gates.allow_inconclusive);
    if judged.is_empty() || plain == Exit::Failed {
        return plain;
    }
    // A gate says how many may fail, and nothing of what nobody knows.
    let mut open = counts;
    (open.passed, open.failed, open.error) = (open.passed + open.failed, 0, 0);
    let open = Exit::of(&open, 0, gates.allow_inconclusive);
    let reached = judged.iter().all(|gate| gate.reached);
    if reached { open } else { Exit::CheckFailed }
}

/// Runs of a page.
const PAGE: usize = 100;

/// Runs on record, read ahead.
pub(crate) struct StoredRuns {
    batch: BatchId,
    after: Option<CellIndex>,
    page: VecDeque<RunRecord>,
    over: bool,
}

impl StoredRuns {
    /// Begins before the first place.
    pub(crate) fn new(batch: BatchId) -> Self {
        Self { batch, after: None, page: VecDeque::new(), over: false }
    }

    /// Reads the run that fills a place. Places are asked for in their order; none if the record does not
    /// have the run.
    pub(crate) async fn run(
        &mut self,
        store: &Store,
        place: CellIndex,
        run: RunId,
    ) -> Result<Option<RunRecord>, StoreError> {
        loop {
            while let Some(record) = self.page.pop_front() {
                let own = record.cell.map(|cell| cell.place);
                if own.is_some_and(|own| own > place) {
                    self.page.push_front(record);
                    return Ok(None);
                }
                if record.run == run {
                    return Ok(Some(record));
                }
            }
            if self.over {
                return Ok(None);
            }
            let job = StoreRequest::CellRuns { batch: self.batch, after: self.after, limit: PAGE };
            let StoreReply::CellRuns(page) = store.ask(job).await? else {
                return Ok(None);
            };
            self.over = page.len() < PAGE;
            self.after = page.last().and_then(|record| record.cell).map(|cell| cell.place).or(self.after);
            self.page = page.into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{StatusCounts, batch::Cap};

    fn tally(passed: u64, failed: u64, inconclusive: u64, error: u64) -> Tally {
        let mut tally = Tally::default();
        tally.counts = StatusCounts { passed, failed, inconclusive, error, ..StatusCounts::default() };
        tally
    }

    #[test]
    fn gates_decide_where_there_are_any() {
        let none = Gates::default();
        let rate = |rate| Gates { pass_rate: Some(rate), ..none };
        for (gates, tally, exit) in [
            (none, tally(3, 0, 0, 0), Exit::Done),
            (none, tally(2, 1, 0, 0), Exit::CheckFailed),
            (none, tally(2, 0, 1, 0), Exit::CheckFailed),
            (none, tally(2, 0, 0, 1), Exit::CheckFailed),
            (none, tally(0, 0, 0, 3), Exit::Failed),
            (none, tally(0, 0, 0, 0), Exit::Done),
            (rate(0.9), tally(9, 1, 0, 0), Exit::Done),
            (rate(0.9), tally(9, 0, 0, 1), Exit::Done),
            (rate(0.9), tally(8, 1, 0, 1), Exit::CheckFailed),
            (rate(0.0), tally(0, 0, 0, 3), Exit::Failed),
            (rate(0.5), tally(0, 0, 0, 0), Exit::CheckFailed),
            (rate(0.5), tally(9, 0, 1, 0), Exit::CheckFailed),
            (Gates { allow_inconclusive: true, ..rate(0.5) }, tally(9, 0, 1, 0), Exit::Done),
            (Gates { allow_inconclusive: true, ..rate(0.95) }, tally(9, 0, 1, 0), Exit::CheckFailed),
            (Gates { score: Some(0.1), ..none }, tally(1, 0, 0, 0), Exit::CheckFailed),
        ] {
            let judged = gates.judge(&tally, &[]);
            assert_eq!(super::exit(gates, &BatchEnd::Complete, (&tally, 0), &judged), exit, "{gates:?} {tally:?}");
        }
        let mut cut = tally(2, 1, 0, 0);
        cut.cut_off = 1;
        for (gates, exit) in [(none, Exit::Cut), (rate(0.5), Exit::Done), (rate(0.9), Exit::CheckFailed)] {
            let judged = gates.judge(&cut, &[]);
            assert_eq!(super::exit(gates, &BatchEnd::Complete, (&cut, 0), &judged), exit, "{gates:?}");
        }
    }

    #[test]
    fn a_batch_that_did_not_come_to_its_end_is_no_success() {
        let why = || "why".to_owned();
        for (end, exit) in [
            (BatchEnd::Stopped, Exit::Cancelled),
            (BatchEnd::Capped { cap: Cap::Time, why: why() }, Exit::Failed),
            (BatchEnd::Failed { why: why() }, Exit::Failed),
        ] {
            assert_eq!(super::exit(Gates::default(), &end, (&tally(1, 0, 0, 0), 0), &[]), exit);
        }
    }
}
