//! `retort run` on several models: all at once, each answer in its column, one below the other where it is narrow, and
//! each model against the first over all inputs on record that both were run with.

use std::{
    io,
    io::{BufWriter, Write},
    sync::Arc,
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use serde::Serialize;

use crate::{
    cli::{
        Exit, Io, Stopped,
        interrupts::{CLOSING, Interrupts},
        plain,
        run_output::{Destination, OutputFormat, RunOutput},
        sanitize::StatusLine,
    },
    eval::Evidence,
    model::{Outcome, Prompt, RunRequest},
    pipeline::{
        Pipeline, RunEvent, TimedEvent,
        compared_runs::compare_runs,
        meter::{Phase, RunMeter},
    },
    present::{
        comparison::{ComparedLane, ComparisonRow, ComparisonTable, RowKind},
        evidence,
        evidence::RunConfig,
    },
    store::{
        Store,
        api::{PairedComparison, StoreReply, StoreRequest},
    },
    text::{Wrapped, clean, clean_line, json, truncate, width},
};

/// Columns of a table that nobody's terminal limits.
const USUAL_COLUMNS: usize = 120;

/// How often the progress is written afresh.
const BEAT: Duration = Duration::from_millis(200);

/// One model with the requests of all its samples.
pub(crate) struct ModelLane {
    /// The model's name.
    pub(crate) name: String,
    /// One for each sample, in order.
    pub(crate) requests: Vec<RunRequest>,
}

/// How the runs are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CompareOutput {
    /// One after the other, each as if it were alone.
    Each(OutputFormat),
    /// As a table, in columns.
    Columns,
    /// As a table in Markdown.
    Markdown,
}

/// How they are run and told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CompareOptions {
    /// How they are told.
    pub(crate) shape: CompareOutput,
    /// Whether what differs alone is told.
    pub(crate) diff: bool,
    /// Whether checks that could not run are let through.
    pub(crate) allow_inconclusive: bool,
    /// Runs under way at once, at most.
    pub(crate) at_once: usize,
}

/// One run among them.
struct ComparedRun {
    lane: usize,
    sample: u32,
    meter: RunMeter,
    timeline: Vec<TimedEvent>,
    outcome: Option<Box<Outcome>>,
}

/// The last line of `--json`, where several runs were made.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ComparedLine<'a> {
    event: &'static str,
    #[serde(flatten)]
    comparison: &'a ComparisonTable,
    /// Each model against the first, over the inputs on record that both were run with, if there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<EvidenceRecord<'a>>,
}

/// Runs every lane and tells how each went and how they compare.
pub(crate) async fn compare(
    (pipeline, store): (&Pipeline, &Store),
    lanes: Vec<ModelLane>,
    CompareOptions { shape, diff, allow_inconclusive, at_once }: CompareOptions,
    io: &mut Io<'_>,
    interrupts: &mut Interrupts,
) -> Result<Exit, Stopped> {
    let names: Vec<String> = lanes.iter().map(|lane| lane.name.clone()).collect();
    let prompts: Vec<Option<Arc<Prompt>>> =
        lanes.iter().map(|lane| lane.requests.first().map(|request| Arc::clone(&request.prompt))).collect();
    let samples = lanes.iter().map(|lane| lane.requests.len()).max().unwrap_or(0);
    let (mut runs, mut streams) = (Vec::new(), Vec::new());
    let beside = compare_runs(&lanes.iter().flat_map(|lane| &lane.requests).collect::<Vec<_>>());
    // Those that wait for each other are under way together.
    let at_once = if beside.iter().any(Option::is_some) { at_once.max(lanes.len()) } else { at_once };
    let requests =
        lanes.into_iter().enumerate().flat_map(|(lane, own)| own.requests.into_iter().map(move |one| (lane, one)));
    for ((lane, request), beside) in requests.zip(beside) {
        let meter = RunMeter::new(&request.targets, request.prompt.tool_set());
        let sample = request.sample;
        streams.push((sample, beside.is_some(), runs.len(), pipeline.run_compared(request, beside)));
        runs.push(ComparedRun { lane, sample, meter, timeline: Vec::new(), outcome: None });
    }
    let controls: Vec<_> = streams.iter().map(|(.., run)| run.control()).collect();
    streams.sort_by_key(|(sample, is_compared, at, _)| (is_compared.then_some(*sample), *at));
    let events = streams.into_iter().map(|(.., at, run)| run.map(move |timed| (at, timed)));
    let mut events = stream::iter(events).flatten_unordered(at_once.max(1));
    let mut printer =
        RunPrinter { names, samples, shape, next: 0, progress: io.err_is_terminal, line: StatusLine::default() };
    let mut beat = tokio::time::interval(BEAT);
    let mut stopping = false;
    loop {
        tokio::select! {
            next = events.next() => {
                let Some((at, timed)) = next else { break };
                if shape == CompareOutput::Each(OutputFormat::Json) && matches!(timed.event, RunEvent::Ended { .. }) {
                    store.recorded(CLOSING).await;
                }
                if let Some(run) = runs.get_mut(at) {
                    run.take(timed);
                }
                printer.print_ready(&runs, io)?;
            }
            _ = interrupts.recv() => {
                if std::mem::replace(&mut stopping, true) {
                    printer.line.clear(io);
                    return Ok(Exit::Cancelled);
                }
                controls.iter().for_each(crate::pipeline::RunControl::stop);
            }
            _ = beat.tick(), if printer.progress => printer.show(&runs, io),
        }
    }
    printer.line.clear(io);
    let setups: Vec<(String, Option<RunConfig>)> = printer
        .names
        .iter()
        .zip(&prompts)
        .enumerate()
        .map(|(lane, (name, prompt))| (name.clone(), prompt.as_ref().and_then(|prompt| setup(&runs, lane, prompt))))
        .collect();
    let against = AgainstFirst::ask(store, &setups).await;
    let entries: Vec<ComparedLane<'_>> = printer
        .names
        .iter()
        .enumerate()
        .map(|(lane, name)| ComparedLane { name: name.clone(), outcomes: ended(&runs, lane) })
        .filter(|entry| !entry.outcomes.is_empty())
        .collect();
    let whole = ComparisonTable::of(&entries, Timestamp::now());
    let comparison = if diff { whole.differences() } else { whole };
    match shape {
        CompareOutput::Each(OutputFormat::Json) => {
            let evidence = against.iter().filter_map(AgainstFirst::line).collect();
            let line = json::to_line(&ComparedLine { event: "compared", comparison: &comparison, evidence })?;
            writeln!(io.out, "{line}")?;
        }
        CompareOutput::Each(_) => {}
        CompareOutput::Markdown => io.out.write_all(comparison.markdown().as_bytes())?,
        CompareOutput::Columns if io.plain => plain_lanes(io.out, &comparison)?,
        CompareOutput::Columns => {
            let room = if io.out_is_terminal { io.columns } else { USUAL_COLUMNS };
            let mut out = BufWriter::new(&mut *io.out);
            write(&mut out, &comparison, room)?;
            out.flush()?;
        }
    }
    if diff && shape != CompareOutput::Each(OutputFormat::Json) && comparison.differing() == 0 {
        writeln!(io.err, "no difference")?;
    }
    if matches!(shape, CompareOutput::Columns | CompareOutput::Markdown) {
        print_evidence(&against, io)?;
    }
    let exit = |outcome: &Outcome| Exit::of_run(outcome, allow_inconclusive);
    let ends = runs.iter().map(|run| run.outcome.as_deref().map_or(Exit::Cancelled, exit));
    Ok(ends.fold(Exit::Done, Exit::worse))
}

/// Names what the runs of a lane were made with.
fn setup(runs: &[ComparedRun], lane: usize, prompt: &Prompt) -> Option<RunConfig> {
    let (timeline, outcome) =
        runs.iter().find(|run| run.lane == lane).map(|run| (&run.timeline, run.outcome.as_ref()))?;
    RunConfig::of(prompt, &outcome?.requested, timeline)
}

fn ended(runs: &[ComparedRun], lane: usize) -> Vec<&Outcome> {
    runs.iter().filter(|run| run.lane == lane).filter_map(|run| run.outcome.as_deref()).collect()
}

impl ComparedRun {
    fn take(&mut self, timed: TimedEvent) {
        self.meter.take(&timed);
        if let RunEvent::Ended { outcome } = &timed.event {
            self.outcome = Some(outcome.clone());
        }
        self.timeline.push(timed);
    }
}

/// Tells runs in their order, and meanwhile what goes on.
struct RunPrinter {
    names: Vec<String>,
    samples: usize,
    shape: CompareOutput,
    /// The first run that was not printed yet.
    next: usize,
    /// Whether a person watches.
    progress: bool,
    line: StatusLine,
}

impl RunPrinter {
    /// Prints every run that has ended and whose turn it is.
    fn print_ready(&mut self, runs: &[ComparedRun], io: &mut Io<'_>) -> io::Result<()> {
        while let Some(run) = runs.get(self.next).filter(|run| run.outcome.is_some()) {
            self.line.clear(io);
            let name = self.name(run);
            let form = match self.shape {
                CompareOutput::Each(form) => {
                    if form != OutputFormat::Json {
                        if self.next > 0 {
                            writeln!(io.out)?;
                        }
                        let _ =
                            writeln!(io.err, "{}== {} ==", if self.next > 0 { "\n" } else { "" }, clean_line(&name));
                    }
                    form
                }
                CompareOutput::Columns | CompareOutput::Markdown => OutputFormat::Aside,
            };
            let mut notes = Vec::new();
            let place = Destination { lane: run.lane, sample: run.sample };
            let aside: &mut dyn Write = if form == OutputFormat::Aside { &mut notes } else { &mut *io.err };
            let mut report = RunOutput::new(form, place, &mut *io.out, aside);
            for timed in &run.timeline {
                report.take(timed, Timestamp::now())?;
            }
            for line in String::from_utf8_lossy(&notes).lines() {
                let _ = writeln!(io.err, "{}: {line}", clean_line(&name));
            }
            self.next += 1;
        }
        Ok(())
    }

    fn name(&self, run: &ComparedRun) -> String {
        let name = self.names.get(run.lane).map_or("", String::as_str);
        if self.samples > 1 { format!("{name}, sample {}", run.sample + 1) } else { name.to_owned() }
    }

    /// Writes what goes on over the last line: how many runs are done, and what the others do.
    fn show(&mut self, runs: &[ComparedRun], io: &mut Io<'_>) {
        let done = runs.iter().filter(|run| run.outcome.is_some()).count();
        let mut parts = vec![format!("{done} of {} done", runs.len())];
        for run in runs.iter().filter(|run| run.outcome.is_none()) {
            let does = match run.meter.phase() {
                Phase::Preparing => continue,
                Phase::Queued => "queued".to_owned(),
                Phase::Sending | Phase::Waiting => "asked".to_owned(),
                Phase::Streaming => format!("{} tokens", run.meter.tokens().count),
                Phase::Backoff => "waits to try again".to_owned(),
                Phase::Ended => "ended".to_owned(),
            };
            parts.push(format!("{}: {does}", self.name(run)));
        }
        self.line.show(&parts.join(" · "), io);
    }
}

/// The fewest columns a lane can be read in.
const NARROWEST: usize = 22;

/// The most columns that labels take.
const LABEL: usize = 24;

/// What stands before a cell: the mark of a difference, or as much room.
const MARKS: (&str, &str) = ("≠ ", "  ");

pub(crate) fn write(out: &mut dyn Write, comparison: &ComparisonTable, room: usize) -> io::Result<()> {
    let lanes = comparison.names.len().max(1);
    let label = comparison.rows.iter().map(|row| width(clean_line(&row.label).as_str())).max().unwrap_or(0).min(LABEL);
    let each = room.saturating_sub(label) / lanes;
    if each < NARROWEST + width(MARKS.0) && lanes > 1 {
        return below(out, comparison, label, room);
    }
    let each = each.saturating_sub(width(MARKS.0) + 1);
    let names: Vec<(bool, String)> = comparison.names.iter().map(|name| (false, name.clone())).collect();
    line(out, ("", label), &names, each)?;
    let mut before = None;
    for row in &comparison.rows {
        if before.is_some_and(|kind| kind != row.kind) {
            writeln!(out)?;
        }
        before = Some(row.kind);
        let cells: Vec<(bool, String)> = row.cells.iter().map(|cell| (cell.differs, cell.text.clone())).collect();
        line(out, (&row.label, label), &cells, each)?;
    }
    Ok(())
}

/// Writes the lanes one below the other for a screen reader, a fact a line.
fn plain_lanes(out: &mut dyn Write, comparison: &ComparisonTable) -> io::Result<()> {
    for (at, name) in comparison.names.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        writeln!(out, "model: {}", clean_line(name))?;
        for row in &comparison.rows {
            let Some(cell) = row.cells.get(at).filter(|cell| !cell.text.is_empty()) else {
                continue;
            };
            let differs = if cell.differs { " (differs)" } else { "" };
            let text = plain::words(clean_line(&cell.text).as_str());
            match row.label.as_str() {
                "" => writeln!(out, "{text}{differs}")?,
                label => writeln!(out, "{}: {text}{differs}", clean_line(label))?,
            }
        }
    }
    Ok(())
}

/// Writes the lanes one below the other.
fn below(out: &mut dyn Write, comparison: &ComparisonTable, label: usize, room: usize) -> io::Result<()> {
    for (at, name) in comparison.names.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        writeln!(out, "== {} ==", clean_line(name))?;
        let here = |row: &&ComparisonRow| {
            row.kind != RowKind::Answer || row.cells.get(at).is_some_and(|cell| !cell.text.is_empty())
        };
        for row in comparison.rows.iter().filter(here) {
            let cell = row.cells.get(at).map(|cell| (cell.differs, cell.text.clone())).unwrap_or_default();
            line(out, (&row.label, label), &[cell], room.saturating_sub(label + width(MARKS.0)))?;
        }
    }
    Ok(())
}

/// Writes one row of the table: as many lines as its tallest cell takes.
fn line(
    out: &mut dyn Write,
    (label, label_width): (&str, usize),
    cells: &[(bool, String)],
    each: usize,
) -> io::Result<()> {
    let wrapped: Vec<Wrapped> = cells
        .iter()
        .map(|(_, text)| {
            let mut rows = Wrapped::new(each.max(1));
            rows.push(&clean(text.trim_end()));
            rows
        })
        .collect();
    let height = wrapped.iter().map(Wrapped::rows).max().unwrap_or(0).max(1);
    let label = clean_line(label);
    for row in 0..height {
        let mut text = padded(if row == 0 { label.as_str() } else { "" }, label_width);
        for ((differs, _), rows) in cells.iter().zip(&wrapped) {
            text.push_str(if *differs && row == 0 { MARKS.0 } else { MARKS.1 });
            let cell = if row < rows.rows() { rows.row(row).text.into_owned() } else { String::new() };
            text.push_str(&padded(&cell, each));
            text.push(' ');
        }
        writeln!(out, "{}", text.trim_end())?;
    }
    Ok(())
}

fn padded(text: &str, columns: usize) -> String {
    let mut text = truncate(text, columns).into_owned();
    text.extend(std::iter::repeat_n(' ', columns.saturating_sub(width(&text))));
    text
}

/// A model against the first one.
pub(crate) struct AgainstFirst {
    a: String,
    b: String,
    comparison: Box<PairedComparison>,
}

/// The same in JSON.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct EvidenceRecord<'a> {
    a: &'a str,
    b: &'a str,
    inputs: u64,
    sentence: String,
    #[serde(flatten)]
    evidence: &'a Evidence,
}

impl AgainstFirst {
    /// Asks the record for each model but the first. It knows of the runs that have just ended; what it cannot
    /// tell is left out.
    pub(crate) async fn ask(store: &Store, lanes: &[(String, Option<RunConfig>)]) -> Vec<Self> {
        let mut all = Vec::new();
        let Some(((first, Some(base)), others)) = lanes.split_first() else {
            return all;
        };
        for (name, setup) in others {
            let Some(setup) = setup.as_ref().filter(|setup| *setup != base) else {
                continue;
            };
            let [a, b] = evidence::queries(base, setup);
            if let Ok(StoreReply::Compared(comparison)) = store.ask(StoreRequest::ComparePaired { a, b }).await {
                all.push(Self { a: first.clone(), b: name.clone(), comparison });
            }
        }
        all
    }

    /// Returns what is to be written as JSON, unless the input of these runs is all there is: one is no evidence.
    pub(crate) fn line(&self) -> Option<EvidenceRecord<'_>> {
        let PairedComparison { inputs, evidence, .. } = &*self.comparison;
        let line = EvidenceRecord { a: &self.a, b: &self.b, inputs: *inputs, sentence: evidence.sentence(), evidence };
        (*inputs > 1).then_some(line)
    }
}

/// Tells a person how each stands; where there is but the one input, what would tell.
pub(crate) fn print_evidence(all: &[AgainstFirst], io: &mut Io<'_>) -> io::Result<()> {
    for AgainstFirst { a, b, comparison } in all.iter().filter(|against| against.comparison.inputs > 1) {
        let words = (format!("better than {a}"), format!("worse than {a}"));
        let text = evidence::comparison_sentence(comparison, (&words.0, &words.1), usize::MAX);
        writeln!(io.err, "{}", clean_line(&format!("{b}: {text}")))?;
    }
    if !all.is_empty() && all.iter().all(|against| against.comparison.inputs == 1) {
        writeln!(io.err, "one input is no evidence of which is better; `retort batch` asks both on many")?;
    }
    Ok(())
}
