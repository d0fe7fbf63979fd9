//! Several runs of one prompt on one input: all under way at once, told in their order.

mod columns;
mod evidence;

use std::{
    io::{self, BufWriter, Write},
    sync::Arc,
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use serde::Serialize;

use evidence::Against;

use super::{
    Exit, Io, Stopped,
    report::{Form, Place, Report},
    run::{CLOSING, Interrupts},
    status_line::StatusLine,
};
use crate::{
    app::weighing::Setup,
    eval::comparison::{Comparison, Entry},
    model::{Outcome, Prompt, RunRequest},
    pipeline::{
        Pipeline, RunEvent, Told,
        meter::{Phase, RunMeter},
    },
    store::Store,
    text::{clean_line, json},
};

/// Columns of a table that nobody's terminal limits.
const USUAL_COLUMNS: usize = 120;

/// How often the progress is written afresh.
const BEAT: Duration = Duration::from_millis(200);

/// One model with the requests of all its samples.
pub(super) struct Lane {
    /// The model's name.
    pub(super) name: String,
    /// One for each sample, in order.
    pub(super) requests: Vec<RunRequest>,
}

/// How the runs are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// One after the other, each as if it were alone.
    Each(Form),
    /// As a table, in columns.
    Columns,
    /// As a table in Markdown.
    Markdown,
}

/// How they are run and told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Options {
    /// How they are told.
    pub(super) shape: Shape,
    /// Whether what differs alone is told.
    pub(super) diff: bool,
    /// Whether checks that could not run are let through.
    pub(super) allow_inconclusive: bool,
    /// Runs under way at once, at most.
    pub(super) at_once: usize,
}

/// One run among them.
struct Run {
    lane: usize,
    sample: u32,
    meter: RunMeter,
    told: Vec<Told>,
    outcome: Option<Box<Outcome>>,
}

/// The last line of `--json`, where several runs were made.
#[derive(Serialize)]
struct Compared<'a> {
    event: &'static str,
    #[serde(flatten)]
    comparison: &'a Comparison,
    /// Each model against the first, over the inputs on record that both were run with, if there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<evidence::Line<'a>>,
}

/// Runs every lane and tells how each went and how they compare.
pub(super) async fn compare(
    (pipeline, store): (&Pipeline, &Store),
    lanes: Vec<Lane>,
    Options { shape, diff, allow_inconclusive, at_once }: Options,
    io: &mut Io<'_>,
    interrupts: &mut Interrupts,
) -> Result<Exit, Stopped> {
    let names: Vec<String> = lanes.iter().map(|lane| lane.name.clone()).collect();
    let prompts: Vec<Option<Arc<Prompt>>> =
        lanes.iter().map(|lane| lane.requests.first().map(|request| Arc::clone(&request.prompt))).collect();
    let samples = lanes.iter().map(|lane| lane.requests.len()).max().unwrap_or(0);
    let (mut runs, mut streams) = (Vec::new(), Vec::new());
    for (lane, requests) in lanes.into_iter().map(|lane| lane.requests).enumerate() {
        for request in requests {
            let (sample, meter) = (request.sample, RunMeter::new(&request.targets));
            runs.push(Run { lane, sample, meter, told: Vec::new(), outcome: None });
            streams.push(pipeline.run(request));
        }
    }
    let controls: Vec<_> = streams.iter().map(crate::pipeline::RunStream::control).collect();
    let told = streams.into_iter().enumerate().map(|(at, run)| run.map(move |told| (at, told)));
    let mut told = stream::iter(told).flatten_unordered(at_once.max(1));
    let mut teller =
        Teller { names, samples, shape, next: 0, progress: io.err_is_terminal, line: StatusLine::default() };
    let mut beat = tokio::time::interval(BEAT);
    let mut stopping = false;
    loop {
        tokio::select! {
            next = told.next() => {
                let Some((at, told)) = next else { break };
                if shape == Shape::Each(Form::Json) && matches!(told.event, RunEvent::Ended { .. }) {
                    store.recorded(CLOSING).await;
                }
                if let Some(run) = runs.get_mut(at) {
                    run.take(told);
                }
                teller.tell(&runs, io)?;
            }
            _ = interrupts.recv() => {
                if std::mem::replace(&mut stopping, true) {
                    teller.line.clear(io);
                    return Ok(Exit::Cancelled);
                }
                controls.iter().for_each(crate::pipeline::RunControl::stop);
            }
            _ = beat.tick(), if teller.progress => teller.show(&runs, io),
        }
    }
    teller.line.clear(io);
    let setups: Vec<(String, Option<Setup>)> = teller
        .names
        .iter()
        .zip(&prompts)
        .enumerate()
        .map(|(lane, (name, prompt))| (name.clone(), prompt.as_ref().and_then(|prompt| setup(&runs, lane, prompt))))
        .collect();
    let against = Against::ask(store, &setups).await;
    let entries: Vec<Entry<'_>> = teller
        .names
        .iter()
        .enumerate()
        .map(|(lane, name)| Entry { name: name.clone(), outcomes: ended(&runs, lane) })
        .filter(|entry| !entry.outcomes.is_empty())
        .collect();
    let whole = Comparison::of(&entries, Timestamp::now());
    let comparison = if diff { whole.differences() } else { whole };
    match shape {
        Shape::Each(Form::Json) => {
            let evidence = against.iter().filter_map(Against::line).collect();
            let line = json::to_line(&Compared { event: "compared", comparison: &comparison, evidence })?;
            writeln!(io.out, "{line}")?;
        }
        Shape::Each(_) => {}
        Shape::Markdown => io.out.write_all(comparison.markdown().as_bytes())?,
        Shape::Columns => {
            let room = if io.out_is_terminal { io.columns } else { USUAL_COLUMNS };
            let mut out = BufWriter::new(&mut *io.out);
            columns::write(&mut out, &comparison, room)?;
            out.flush()?;
        }
    }
    if diff && shape != Shape::Each(Form::Json) && comparison.differing() == 0 {
        writeln!(io.err, "no difference")?;
    }
    if matches!(shape, Shape::Columns | Shape::Markdown) {
        evidence::tell(&against, io)?;
    }
    let exit = |outcome: &Outcome| Exit::of_run(outcome, allow_inconclusive);
    let ends = runs.iter().map(|run| run.outcome.as_deref().map_or(Exit::Cancelled, exit));
    Ok(ends.fold(Exit::Done, Exit::worse))
}

/// Names what the runs of a lane were made with.
fn setup(runs: &[Run], lane: usize, prompt: &Prompt) -> Option<Setup> {
    let (told, outcome) = runs.iter().find(|run| run.lane == lane).map(|run| (&run.told, run.outcome.as_ref()))?;
    Setup::of(prompt, &outcome?.requested, told)
}

fn ended(runs: &[Run], lane: usize) -> Vec<&Outcome> {
    runs.iter().filter(|run| run.lane == lane).filter_map(|run| run.outcome.as_deref()).collect()
}

impl Run {
    fn take(&mut self, told: Told) {
        self.meter.take(&told);
        if let RunEvent::Ended { outcome } = &told.event {
            self.outcome = Some(outcome.clone());
        }
        self.told.push(told);
    }
}

/// Tells runs in their order, and meanwhile what goes on.
struct Teller {
    names: Vec<String>,
    samples: usize,
    shape: Shape,
    /// The first run that was not told yet.
    next: usize,
    /// Whether a person watches.
    progress: bool,
    line: StatusLine,
}

impl Teller {
    /// Tells every run that has ended and whose turn it is.
    fn tell(&mut self, runs: &[Run], io: &mut Io<'_>) -> io::Result<()> {
        while let Some(run) = runs.get(self.next).filter(|run| run.outcome.is_some()) {
            self.line.clear(io);
            let name = self.name(run);
            let form = match self.shape {
                Shape::Each(form) => {
                    if form != Form::Json {
                        if self.next > 0 {
                            writeln!(io.out)?;
                        }
                        let _ =
                            writeln!(io.err, "{}== {} ==", if self.next > 0 { "\n" } else { "" }, clean_line(&name));
                    }
                    form
                }
                Shape::Columns | Shape::Markdown => Form::Aside,
            };
            let mut notes = Vec::new();
            let place = Place { lane: run.lane, sample: run.sample };
            let aside: &mut dyn Write = if form == Form::Aside { &mut notes } else { &mut *io.err };
            let mut report = Report::new(form, place, &mut *io.out, aside);
            for told in &run.told {
                report.take(told, Timestamp::now())?;
            }
            for line in String::from_utf8_lossy(&notes).lines() {
                let _ = writeln!(io.err, "{}: {line}", clean_line(&name));
            }
            self.next += 1;
        }
        Ok(())
    }

    fn name(&self, run: &Run) -> String {
        let name = self.names.get(run.lane).map_or("", String::as_str);
        if self.samples > 1 { format!("{name}, sample {}", run.sample + 1) } else { name.to_owned() }
    }

    /// Writes what goes on over the last line: how many runs are done, and what the others do.
    fn show(&mut self, runs: &[Run], io: &mut Io<'_>) {
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
