//! `retort batch`: prompts over a data set, at the speed of the provider, nothing lost.

mod against;
mod gate;
mod kept;
mod order;
mod progress;
mod said;
mod spool;
mod suite;
mod watch;

use std::time::Duration;

use futures_util::StreamExt as _;
use jiff::Timestamp;
use tokio::time::Instant;

use super::{Exit, Io, Stopped, args::BatchArgs, run};
use crate::{
    eval::{
        Tally,
        report::{Form, Lane, Whole},
    },
    model::{BatchId, StatusCounts, batch::Cap},
    pipeline::batch::{BatchEnd, BatchStream},
    setup::{
        Engine,
        batch::{self as common, Begun, Order, Planned},
    },
    store::{Store, job::Job, output::Output},
    text::clean_line,
};
use gate::Gates;
use order::Wanted;
use progress::{Progress, grouped};
use spool::Spool;
use watch::Watch;

/// How often the progress is written afresh.
const BEAT: Duration = Duration::from_millis(100);

/// Runs the batch.
pub(super) async fn batch(args: BatchArgs, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let mut setup = io.setup()?;
    if args.trust {
        setup.places.project.trust();
    }
    let outs = order::outs(&args, &setup, &io.cwd)?;
    let Wanted { mut order, copy: _copy } = match &args.config {
        Some(file) => suite::order(&mut setup, file, &args, io)?,
        None => order::order(&setup, &args, io)?,
    };
    // Heard from here on, also while rows are counted and keys are read.
    let mut interrupts = run::interrupts()?;
    let store = setup.store();
    let mut troubles = store.faults();
    let planned = tokio::select! {
        planned = common::look(&setup, &store, &mut order) => planned?,
        _ = interrupts.recv() => return Ok(Exit::Cancelled),
    };
    if !planned.missing.is_empty() {
        return Err(order::unfit(&order, &planned));
    }
    if let Some(words) = common::unpriced(&order, &planned) {
        return Err(Stopped::Usage(words));
    }
    if args.dry_run {
        if args.json {
            said::estimate_line(io.out, &planned.estimate, &planned.footprint)?;
        } else {
            writeln!(io.out, "{}", said::estimate(&planned.estimate))?;
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
    let begun = common::start(&engine, &store, &order, &planned).await?;
    introduce(&begun, &order, &planned, io);
    let Begun { id, budget, stream, unanswered, crashed, .. } = begun;
    let unlimited: Vec<String> = common::unlimited(&order, &planned).into_iter().collect();
    if !unlimited.is_empty() {
        let _ = writeln!(
            io.err,
            "note: nothing limits how long an answer of {} is, so what is set aside for one is a guess; \
             --param max_tokens=N limits it",
            clean_line(&unlimited.join(", "))
        );
    }
    let spool = if outs.is_empty() { None } else { Some(Spool::new()?) };
    let mut watch = Watch::new(budget, whole(&order, id), order.concurrency, spool, args.json);
    watch.before(&unanswered, crashed);
    let ended = watched(stream, &mut watch, &store, io, &mut interrupts).await;
    let end = ended.as_ref().map_or("stopped", |end| word(end, &order));
    let gates =
        Gates { pass_rate: args.min_pass_rate, score: args.min_score, allow_inconclusive: args.allow_inconclusive };
    let exit = match ended {
        Ok(end) => {
            let resting = said::resting(&engine.pipeline, Timestamp::now());
            finish((watch, end, resting), gates, &outs, args.json, io)
        }
        Err(fault) => Err(fault),
    };
    // Complete is what was also reported: without its report the same command goes on, and asks nothing again.
    // It is noted also where the reader is gone: whoever goes on must know that this one has ended.
    let end = if exit.is_ok() { end } else { "stopped" };
    let noted = store.ask(Job::EndBatch { batch: id, end: end.to_owned(), at: Timestamp::now() }).await;
    if let Err(fault) = noted {
        let _ = writeln!(io.err, "note: {}", clean_line(&fault.to_string()));
    }
    run::close(&store, &mut troubles, io);
    exit
}

/// Names how a batch ended for the record: one whose rows were not all wanted is not complete.
fn word(end: &BatchEnd, order: &Order) -> &'static str {
    let part = order.reading.only.is_some() || order.again.is_some();
    if *end == BatchEnd::Complete && part { "part" } else { end.word() }
}

/// Says whether it goes on, and what it will take.
fn introduce(begun: &Begun, order: &Order, planned: &Planned, io: &mut Io<'_>) {
    let total = planned.rows.unwrap_or(0) * order.cells_of_a_row();
    let left = begun.left;
    if begun.resumed {
        let _ = writeln!(
            io.err,
            "going on with batch {}: {} of {} cells are done; --new begins anew",
            begun.id.short(),
            grouped(total.saturating_sub(left)),
            grouped(total)
        );
    }
    notes(planned, io);
    if left > 0 {
        let _ = writeln!(io.err, "{}", said::estimate(&planned.estimate_of(left)));
        let _ = writeln!(io.err, "{}", clean_line(&planned.footprint.to_string()));
    }
}

/// Says what a person should know before the first call.
fn notes(planned: &Planned, io: &mut Io<'_>) {
    for note in &planned.notes {
        let _ = writeln!(io.err, "note: {}", clean_line(note));
    }
}

fn whole(order: &Order, batch: BatchId) -> Whole {
    let names = Order::target_names(&order.spec);
    let prompts = order.spec.prompts.iter().zip(&names).zip(0_u32..);
    let lanes = prompts.flat_map(|(((prompt_name, _), targets), prompt)| {
        targets.iter().zip(0_u32..).map(move |(target_name, target)| Lane {
            prompt,
            target,
            prompt_name: prompt_name.clone(),
            target_name: target_name.clone(),
            tally: Tally::default(),
        })
    });
    Whole {
        batch,
        name: order.spec.name.clone(),
        data: order.spec.data.clone(),
        samples: order.spec.samples.max(1),
        end: String::new(),
        made: Timestamp::now(),
        variables: Vec::new(),
        lanes: lanes.collect(),
    }
}

/// Takes the events in until the end. Ctrl-c stops the batch and keeps what came; a second one does not
/// wait. A cap ends it once what is under way has ended: nobody is there to raise it.
async fn watched(
    mut stream: BatchStream,
    watch: &mut Watch,
    store: &Store,
    io: &mut Io<'_>,
    interrupts: &mut run::Interrupts,
) -> Result<BatchEnd, Stopped> {
    let control = stream.control();
    let mut progress = Progress::new(Instant::now());
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut stopping = false;
    let end = loop {
        tokio::select! {
            event = stream.next() => {
                let Some(event) = event else {
                    break Err(Stopped::Other("the batch ended without an end; please report this".to_owned()));
                };
                match watch.take(event, store, io).await {
                    Ok(Some(end)) => break Ok(end),
                    Ok(None) => {}
                    Err(fault) => break Err(fault.into()),
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
    (watch, end, resting): (Watch, BatchEnd, Vec<said::RestingKey>),
    gates: Gates,
    outs: &[(Output, Form)],
    json: bool,
    io: &mut Io<'_>,
) -> Result<Exit, Stopped> {
    let Watch { mut whole, failures, more, unrecorded, spool, unspooled, budget, lanes, .. } = watch;
    whole.end = match &end {
        BatchEnd::Complete => "complete".to_owned(),
        BatchEnd::Stopped => "stopped before its end".to_owned(),
        BatchEnd::Capped { why, .. } | BatchEnd::Failed { why } => format!("stopped before its end: {why}"),
    };
    whole.made = Timestamp::now();
    if unrecorded > 0 {
        let _ = writeln!(
            io.err,
            "{} cells ended that could not be recorded: their answers are on standard output alone, each a line of JSON \
             with \"event\":\"unrecorded\"; they will be asked again",
            grouped(unrecorded)
        );
    }
    let total = whole.total();
    let judged = gates.judge(&total);
    if let Some(fault) = unspooled {
        let temporary = std::env::temp_dir();
        return Err(Stopped::Other(format!(
            "the reports cannot be written: their cells cannot be kept in {}: {fault}; free some space there, and the \
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
    }
    let evidence = against::evidence(&lanes, &whole);
    if json {
        said::summary_line(io.out, &whole, &evidence, (&judged, &resting))?;
    } else {
        said::summary(io, &whole, (failures, more), &evidence)?;
    }
    for (output, _) in outs {
        let _ = writeln!(io.err, "wrote {}", clean_line(&output.path().display().to_string()));
    }
    open(&total, gates, io);
    for (reached, words) in &judged {
        let _ = writeln!(io.err, "{} {words}", if *reached { "ok  " } else { "FAIL" });
    }
    for key in &resting {
        let _ = writeln!(io.err, "{}", clean_line(&key.to_string()));
    }
    let of = budget.total.map(|total| format!(" of {}", grouped(total))).unwrap_or_default();
    let done = format!("{}{of} cells are done", grouped(total.cells()));
    match &end {
        BatchEnd::Complete => {
            let errors = total.counts.error;
            if errors > 0 {
                let _ = writeln!(io.err, "{} without an answer; --retry-failed asks them again", grouped(errors));
            }
        }
        BatchEnd::Stopped => {
            let _ = writeln!(io.err, "stopped: {done}; the same command goes on");
        }
        BatchEnd::Capped { cap, why } => {
            let (why, option) = (clean_line(why), option(*cap));
            let _ =
                writeln!(io.err, "stopped by a cap: {why}; {done}; the same command with a higher {option} goes on");
        }
        BatchEnd::Failed { why } => {
            let _ = writeln!(io.err, "stopped: {}; {done}; the same command goes on", clean_line(why));
        }
    }
    Ok(gates.exit(&end, &total))
}

/// Says which checks could not run, how many rows have none, and what that does to the end.
fn open(total: &Tally, gates: Gates, io: &mut Io<'_>) {
    for unrun in total.unrun() {
        let _ = writeln!(io.err, "not run: {}", clean_line(&unrun.to_string()));
    }
    let StatusCounts { passed, failed, inconclusive, unchecked, .. } = total.counts;
    let checked = passed + failed + inconclusive > 0;
    let cells = |count: u64| format!("{} cell{}", grouped(count), if count == 1 { " is" } else { "s are" });
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

/// Names the option that raises a cap.
fn option(cap: Cap) -> &'static str {
    match cap {
        Cap::Cost => "--max-cost",
        Cap::Tokens => "--max-tokens",
        Cap::Time => "--max-time",
    }
}
