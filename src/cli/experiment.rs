//! What the commands of experiments have in common: the prompt, the rows and the model they are about, what is told while they
//! go on, and how they are stopped.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    path::PathBuf,
    time::Duration,
};

use tokio::sync::{mpsc, watch};

use crate::{
    cli::{
        Exit, Io, Stopped,
        args::ExperimentArgs,
        batch::{request, summary},
        interrupts,
        interrupts::Interrupts,
        prompts, run,
        sanitize::StatusLine,
    },
    engine::{
        Engine, Workspace,
        batch::{BatchPreview, preview},
        experiment,
        experiment::{ExperimentLine, ExperimentStop},
    },
    eval::experiment::{ExperimentEvent, ExperimentLimits},
    model::{
        CacheMode, Prompt, Target,
        batch::{BatchLimits, BatchRequest, BatchSpec, PartRoots, ResumeMode},
        dataset::{RowSource, ShortRows},
        error::StoreError,
    },
    store::Store,
    text::{clean_line, format, format::counted, json},
};

/// Events that wait to be told, at most.
const WAITING: usize = 64;

/// How often the progress is written afresh.
const BEAT: Duration = Duration::from_millis(100);

/// A prompt that is experimented with.
pub(crate) struct Subject {
    /// Its name on record.
    pub(crate) name: String,
    /// As it is written.
    pub(crate) prompt: Prompt,
    /// Its file; none where it comes with the program.
    pub(crate) file: Option<PathBuf>,
    pub(crate) planned: BatchPreview,
}

/// What the command of an experiment works with.
pub(crate) struct ExperimentWork {
    pub(crate) setup: Workspace,
    pub(crate) store: Store,
    pub(crate) subject: Subject,
    pub(crate) interrupts: Interrupts,
    errors: mpsc::UnboundedReceiver<StoreError>,
}

impl ExperimentWork {
    /// Opens the record, reads the prompt and the rows, and hears ctrl-c from here on.
    pub(crate) async fn open(args: &ExperimentArgs, io: &mut Io<'_>) -> Result<Self, Stopped> {
        let mut setup = io.setup()?;
        if args.trust {
            setup.places.project.trust();
        }
        let interrupts = interrupts::interrupts()?;
        let store = setup.store();
        let errors = store.errors();
        let subject = subject(&setup, &store, args, io).await?;
        Ok(Self { setup, store, subject, interrupts, errors })
    }

    /// Has everything written, and says what of it could not be.
    pub(crate) fn close(&mut self, io: &mut Io<'_>) {
        interrupts::close(&self.store, &mut self.errors, io);
    }
}

/// Reads the prompt and the rows, and plans what one of its prompts asks of all of them.
async fn subject(setup: &Workspace, store: &Store, args: &ExperimentArgs, io: &mut Io<'_>) -> Result<Subject, Stopped> {
    let (name, prompt) = prompts::find(&setup.places, &io.cwd, &args.prompt)?;
    let file = prompts::file(&setup.places, &io.cwd, &args.prompt)?;
    let path = io.cwd.join(&args.data);
    if !path.exists() {
        return Err(Stopped::Usage(format!("there is no data set {}", path.display())));
    }
    let mut asked = prompt.clone();
    if asked.targets.len() > 1 && args.model.is_none() {
        asked.targets.truncate(1);
        let _ =
            writeln!(io.err, "note: {} is asked alone, the first of its targets", clean_line(&asked.targets.join("")));
    }
    if let Some(model) = &args.model {
        setup.catalog.resolve(model).map_err(|error| Stopped::Usage(error.to_string()))?;
    }
    let data = path.to_string_lossy().into_owned();
    let root = prompts::part_root(&io.cwd, &args.prompt, args.trust);
    let request = BatchRequest {
        spec: BatchSpec {
            name: BatchSpec::name_of(&data),
            data: data.clone(),
            prompts: vec![(name.clone(), asked)],
            targets: args.model.iter().cloned().collect(),
            samples: 1,
            mapping: args.maps.iter().cloned().collect(),
            behind: BTreeMap::new(),
            expected: args.expected,
            again: None,
            part: None,
        },
        rows: RowSource { format: args.format, short: ShortRows::Padded, ..RowSource::of(&data) },
        files: file.iter().cloned().collect(),
        trust: args.trust,
        roots: PartRoots { prompts: root.map(|root| (name.clone(), root)).into_iter().collect(), rows: None },
        vars: args.vars.iter().cloned().collect(),
        judge: args.judge.clone(),
        cache: CacheMode::Refresh,
        limits: BatchLimits::default(),
        allow_unpriced: true,
        concurrency: args.jobs.map_or(setup.settings.batch.concurrency, usize::from),
        resume: ResumeMode::Resume,
        only: None,
        session: None,
    };
    let planned = preview(setup, store, request).await?;
    if !planned.missing.is_empty() {
        return Err(request::unfit(&planned));
    }
    for note in &planned.notes {
        let _ = writeln!(io.err, "note: {}", clean_line(note));
    }
    Ok(Subject { name, prompt, file, planned })
}

/// Returns the limits, and says why they cannot hold.
pub(crate) fn limits<'a>(
    args: &ExperimentArgs,
    planned: &'a BatchPreview,
    more: impl IntoIterator<Item = &'a Target>,
) -> Result<ExperimentLimits, Stopped> {
    let unpriced = if args.max_cost.is_some() { experiment::unpriced(planned, more) } else { Vec::new() };
    if !unpriced.is_empty() {
        let names: Vec<String> = unpriced.iter().map(|name| format!("`{name}`")).collect();
        return Err(Stopped::Usage(format!(
            "--max-cost cannot hold: price unknown for {}. Set input_price and output_price of it in config.toml (US dollars \
             per million tokens, 0 for free), or limit tokens with --max-tokens",
            names.join(", ")
        )));
    }
    Ok(ExperimentLimits { cost: args.max_cost, tokens: args.max_tokens, calls: args.max_calls, time: args.max_time })
}

/// Reads the keys of the models that are asked, and refuses before the first call where one that edits or judges has none:
/// the answers that were paid for until then would come to nothing.
pub(crate) async fn read_keys<'a>(
    setup: &Workspace,
    engine: &Engine,
    planned: &'a BatchPreview,
    more: impl IntoIterator<Item = &'a Target>,
    io: &mut Io<'_>,
) -> Result<(), Stopped> {
    let asked = experiment::asked(planned, more);
    if let Some(words) = experiment::missing_key(setup, &asked) {
        return Err(Stopped::Usage(words));
    }
    let named = engine.read_keys(asked).await;
    run::check_keys(&named, io)
}

/// Says what answers will take: so many as usual, and at most.
pub(crate) fn estimated(planned: &BatchPreview, cells: u64, most: u64) -> String {
    let most = if most > cells { format!("; at most {}", counted(most, "answer")) } else { String::new() };
    format!("{}{most}", summary::estimate(&planned.estimate_of(cells)))
}

/// Runs an experiment to its end and tells of it: to a person on standard error, as JSON on standard output. Ctrl-c stops it
/// and keeps what came.
pub(crate) async fn watched<T, F: Future<Output = Result<T, ExperimentStop>>>(
    run: impl FnOnce(ExperimentLine) -> F,
    as_json: bool,
    io: &mut Io<'_>,
    interrupts: &mut Interrupts,
) -> Result<Result<T, ExperimentStop>, Stopped> {
    let (events, mut told) = mpsc::channel(WAITING);
    let (stop, stopped) = watch::channel(false);
    let mut running = std::pin::pin!(run(ExperimentLine { events, stop: stopped }));
    let mut teller = Teller { progress: None, rejected: BTreeSet::new(), line: StatusLine::default(), as_json };
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut stopping = false;
    let end = loop {
        tokio::select! {
            biased;
            Some(event) = told.recv() => teller.tell(&event, io)?,
            _ = interrupts.recv() => {
                if std::mem::replace(&mut stopping, true) {
                    break Err(ExperimentStop::Stopped);
                }
                stop.send_replace(true);
                teller.line.clear(io);
                let _ = writeln!(io.err, "stopping: what has ended is kept; ctrl-c again does not wait");
            }
            end = &mut running => break end,
            _ = beat.tick(), if io.err_is_terminal => teller.show(io),
        }
    };
    while let Ok(event) = told.try_recv() {
        teller.tell(&event, io)?;
    }
    teller.line.clear(io);
    Ok(end)
}

/// Says why an experiment did not come to its end, and how it goes on.
pub(crate) fn not_ended(stop: ExperimentStop, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    match stop {
        ExperimentStop::Stopped => {
            let _ = writeln!(io.err, "stopped; the same command goes on, and asks nothing twice");
            Ok(Exit::Cancelled)
        }
        ExperimentStop::Capped(why) => {
            let _ = writeln!(
                io.err,
                "stopped before its end: {}; the same command with a higher limit goes on, and asks nothing twice",
                clean_line(&why)
            );
            Ok(Exit::Failed)
        }
        ExperimentStop::Wrong(why) => Err(Stopped::Other(why)),
        ExperimentStop::Store(error) => Err(error.into()),
    }
}

/// Tells events.
struct Teller {
    progress: Option<(String, u64, u64)>,
    /// What was said of edits that were rejected. A model that makes a mistake makes it again.
    rejected: BTreeSet<String>,
    line: StatusLine,
    as_json: bool,
}

impl Teller {
    fn tell(&mut self, event: &ExperimentEvent, io: &mut Io<'_>) -> Result<(), Stopped> {
        if let ExperimentEvent::Progress { part, done, cells, spent: _, calls: _ } = event {
            self.progress = Some((part.clone(), *done, *cells));
            // Each answer is a line on record, and not on the screen of who reads events.
            if done < cells {
                return Ok(());
            }
        }
        self.line.clear(io);
        if self.as_json {
            writeln!(io.out, "{}", json::to_line(event)?)?;
        }
        let is_rejected = matches!(event, ExperimentEvent::Rejected { .. });
        for line in lines(event) {
            if !is_rejected || self.rejected.insert(line.clone()) {
                let _ = writeln!(io.err, "{}", clean_line(&line));
            }
        }
        Ok(())
    }

    fn show(&mut self, io: &mut Io<'_>) {
        if let Some((part, done, cells)) = &self.progress
            && done < cells
        {
            self.line.show(&format!("{part}: {} of {}", format::thousands(*done), format::thousands(*cells)), io);
        }
    }
}

/// Writes an event for a person.
fn lines(event: &ExperimentEvent) -> Vec<String> {
    let one = |line: String| vec![line];
    match event {
        ExperimentEvent::Began { name, resumed: false } => one(name.clone()),
        ExperimentEvent::Began { name, resumed: true } => {
            one(format!("going on with {name}: what was answered is not asked again; --new begins anew"))
        }
        ExperimentEvent::Note { words } => one(format!("note: {words}")),
        ExperimentEvent::Progress { .. } => Vec::new(),
        ExperimentEvent::Baseline { passed, judged } => {
            one(format!("as it is: {passed} of {} pass", counted(*judged, "judged row")))
        }
        ExperimentEvent::Candidate { name, version, parent: _, reason, change, prompt: _ } => {
            vec![format!("{name} ({version}): {reason}"), format!("  {change}")]
        }
        ExperimentEvent::Rejected { reason, why } if reason.is_empty() => one(format!("rejected: {why}")),
        ExperimentEvent::Rejected { reason, why } => one(format!("rejected: {why} ({reason})")),
        ExperimentEvent::Rung { rows, standings } => {
            let each = standings.iter().map(|one| {
                let short = one.name.rsplit('-').next().unwrap_or_default();
                let out = if one.dropped { " out" } else { "" };
                format!("{short}: +{} -{}{out}", one.standing.fixed, one.standing.broken)
            });
            one(format!("{}: {}", counted(*rows as u64, "tune row"), each.collect::<Vec<_>>().join(", ")))
        }
        ExperimentEvent::Look { name, rows, look } => one(format!(
            "{name} and the prompt as it is answer {}; look {look} at them",
            counted(*rows as u64, "held-out row")
        )),
        ExperimentEvent::Unit { number, rows, standing } => one(format!(
            "without {number}: {} broken, {} fixed of {}",
            standing.broken,
            standing.fixed,
            counted(*rows as u64, "row")
        )),
        ExperimentEvent::Step { number, version, verdict, rows, standing, p } => one(format!(
            "version {number} ({version}): {verdict}; {} fixed, {} broken of {}, p={p:.3}",
            standing.fixed,
            standing.broken,
            counted(*rows as u64, "row")
        )),
    }
}
