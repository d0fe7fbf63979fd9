//! The X-ray: a run step by step, as rows that may reach the screen.

use std::time::{Duration, Instant};

use crate::{
    app::{
        overlays::{
            help::wrapped,
            xray::{Judge, Judges},
        },
        status_bar::Tone,
        workbench::lane::LaneRun,
    },
    model::{
        Outcome, RunStatus, Status, Verdict,
        outcome::{AttemptUsage, ServerTiming},
        usage::Usage,
    },
    pipeline::{
        TimedEvent,
        event::{DeltaPart, Lookup, NextStep, RunEvent},
    },
    text::{SanitizedText, clean_line, format},
};

/// Columns before what a step says.
pub const BESIDE: u16 = 21;

/// One step of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XrayStep {
    /// Since the run's start; none where a row goes on with the one before.
    pub at: Option<Duration>,
    /// What kind of step it is, in one word.
    pub what: &'static str,
    /// What it says.
    pub detail: SanitizedText,
    /// How grave it is.
    pub tone: Tone,
}

/// A lane's run step by step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Xray {
    /// Which lane, where it is a lane's.
    pub lane: Option<usize>,
    /// The target that was asked.
    pub target: String,
    /// The steps so far; of a judge's run what was said comes before them.
    pub rows: Vec<XrayStep>,
    /// The judges that were asked, of which one may be what is shown.
    pub judges: Judges,
    /// The first line that is seen.
    pub top: usize,
    /// The steps as lines of the present width.
    lines: Vec<XrayStep>,
    follow: bool,
    height: usize,
    /// The width the lines were made for, and of how many rows.
    fitted: (u16, usize),
    taken: usize,
    run: Option<Instant>,
}

impl Xray {
    /// Begins with a lane's steps so far.
    #[must_use]
    pub fn of_lane(at: usize, target: &str, take: &LaneRun) -> Self {
        let mut xray = Self { lane: Some(at), run: take.started, ..Self::of_run(target, &[]) };
        xray.refresh(take);
        xray
    }

    /// Shows the steps of a run that is over.
    #[must_use]
    pub fn of_run(target: &str, events: &[TimedEvent]) -> Self {
        let mut xray = Self {
            lane: None,
            target: target.to_owned(),
            rows: Vec::new(),
            judges: Judges::default(),
            top: 0,
            lines: Vec::new(),
            follow: false,
            height: 0,
            fitted: (0, 0),
            taken: 0,
            run: None,
        };
        xray.hear(events);
        xray
    }

    /// Shows the steps of a run that is over, with what came of it.
    #[must_use]
    pub fn of_outcome(outcome: &Outcome, events: &[TimedEvent]) -> Self {
        let mut xray = Self::of_run(&outcome.requested, events);
        let at = outcome.timing.total;
        xray.hear(&[TimedEvent { at, event: RunEvent::Ended { outcome: Box::new(outcome.clone()) } }]);
        xray
    }

    /// Takes further steps in.
    pub(crate) fn hear(&mut self, events: &[TimedEvent]) {
        for told in events {
            rows(told, &mut self.rows);
            if let RunEvent::Judged { rule, runs, .. } = &told.event {
                self.judges.add(runs.iter().map(|run| Judge { run: *run, rule: rule.to_string() }));
            }
        }
    }

    /// Takes in what the lane's run has told since.
    pub fn refresh(&mut self, take: &LaneRun) {
        if self.run != take.started {
            self.run = take.started;
            self.rows.clear();
            self.judges = Judges::default();
            self.fitted = (0, 0);
            self.taken = 0;
        }
        self.hear(take.timeline.get(self.taken..).unwrap_or_default());
        self.taken = take.timeline.len();
    }

    /// Returns the title of the frame.
    #[must_use]
    pub fn title(&self) -> &'static str {
        if self.judges.is_shown() { "X-ray of the judge" } else { "X-ray" }
    }

    /// Counts the lines the steps take.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.lines.len().max(self.rows.len())
    }

    /// Lists the lines from the first that is seen on.
    pub fn seen(&self) -> impl Iterator<Item = &XrayStep> {
        self.lines.iter().skip(self.top)
    }

    /// Moves by lines; the end is followed once it is reached.
    pub fn scroll(&mut self, by: isize) {
        let last = self.lines.len().saturating_sub(self.height);
        self.top = self.top.saturating_add_signed(by).min(last);
        self.follow = by > 0 && self.top == last;
    }

    /// Breaks the steps into lines of a width, before drawing.
    pub fn fit(&mut self, width: u16, height: usize) {
        self.height = height;
        if self.fitted != (width, self.rows.len()) {
            self.fitted = (width, self.rows.len());
            self.lines = self.rows.iter().flat_map(|row| broken(row, width)).collect();
        }
        let last = self.lines.len().saturating_sub(height);
        self.top = if self.follow { last } else { self.top.min(last) };
    }
}

/// Breaks a row into lines of a width.
fn broken(row: &XrayStep, width: u16) -> Vec<XrayStep> {
    let parts = wrapped(row.detail.as_str(), width.saturating_sub(BESIDE));
    let mut lines: Vec<XrayStep> = parts
        .into_iter()
        .map(|part| XrayStep { at: None, what: "", detail: clean_line(&part), tone: Tone::Info })
        .collect();
    match lines.first_mut() {
        Some(first) => (first.at, first.what, first.tone) = (row.at, row.what, row.tone),
        None => lines.push(row.clone()),
    }
    lines
}

/// Turns an event into rows.
fn rows(told: &TimedEvent, out: &mut Vec<XrayStep>) {
    let mut first = Some(told.at);
    let mut row = |what: &'static str, tone: Tone, detail: &str| {
        out.push(XrayStep { at: first.take(), what, detail: clean_line(detail), tone });
    };
    match &told.event {
        RunEvent::Prepared { key, params, notices, messages, .. } => {
            let sent = serde_json::to_string(params).unwrap_or_default();
            row("prepared", Tone::Info, &format!("{} messages, parameters {sent}", messages.len()));
            row("", Tone::Info, &format!("cache key {}…", key.chars().take(16).collect::<String>()));
            for notice in notices {
                row("", Tone::Warning, notice);
            }
        }
        RunEvent::Cache { lookup } => match lookup {
            Lookup::Hit { stored } => row("cache", Tone::Info, &format!("hit, stored {stored}")),
            Lookup::Miss => row("cache", Tone::Info, "miss"),
            Lookup::Bypass { why } => row("cache", Tone::Info, &format!("not asked: {why}")),
            Lookup::Joined => row("cache", Tone::Info, "the same request is under way; its answer is waited for"),
        },
        RunEvent::Queued { why, wait } => {
            let wait = wait.map_or_else(String::new, |wait| format!(", at most {}", seconds(wait)));
            row("waits", Tone::Info, &format!("{why}{wait}"));
        }
        RunEvent::Skipped { target, fault, next } => {
            row("skipped", Tone::Warning, &format!("{target}: {fault}"));
            row("", Tone::Info, &follows(next));
        }
        RunEvent::Attempt { number, target, model, key, notices, .. } => {
            let key = key.as_ref().map_or_else(|| "no key".to_owned(), |label| format!("key {label}"));
            row("attempt", Tone::Info, &format!("{number}: {target} ({model}), {key}"));
            for notice in notices {
                row("", Tone::Warning, notice);
            }
        }
        RunEvent::Headers { status, request_id, .. } => {
            let id = request_id.as_ref().map_or_else(String::new, |id| format!(", request {id}"));
            row("response", Tone::Info, &format!("status {status}{id}"));
        }
        RunEvent::Delta { part, .. } => {
            let what = if *part == DeltaPart::Reasoning { "of the reasoning" } else { "of the answer" };
            row("token", Tone::Info, &format!("the first {what}"));
        }
        RunEvent::Usage { usage, .. } => row("usage", Tone::Info, &tokens(usage)),
        RunEvent::Served { model, .. } => row("served", Tone::Warning, &format!("answered by {model}")),
        RunEvent::Notice { notice, .. } => row("note", Tone::Warning, notice),
        RunEvent::AttemptFailed { attempt, fault, next } => {
            let status = fault.status.map_or_else(String::new, |status| format!(" (status {status})"));
            row("failed", Tone::Warning, &format!("{attempt}: {fault}{status}"));
            row("", Tone::Info, &follows(next));
        }
        RunEvent::Judged { rule, runs, cost, .. } => {
            let ids = runs.iter().map(|run| run.short()).collect::<Vec<_>>().join(", ");
            let noun = if runs.len() == 1 { "run" } else { "runs" };
            row("judged", Tone::Info, &format!("{rule} by {noun} {ids}, cost {cost}"));
        }
        RunEvent::Checked { quality } => {
            if quality.verdicts.is_empty() {
                row("checked", Tone::Info, "nothing to check");
            }
            for verdict in &quality.verdicts {
                let (mark, tone) = match verdict.status {
                    Status::Passed => ("pass", Tone::Info),
                    Status::Failed => ("FAIL", Tone::Error),
                    Status::Inconclusive => ("inconclusive", Tone::Warning),
                };
                let counts = weight(verdict);
                row("checked", tone, &format!("{mark} {}{counts}: {}", verdict.rule, verdict.reason));
            }
        }
        RunEvent::Ended { outcome } => {
            let tone = match outcome.status() {
                RunStatus::Passed | RunStatus::Unchecked => Tone::Info,
                RunStatus::Inconclusive | RunStatus::Cancelled => Tone::Warning,
                RunStatus::Failed | RunStatus::Error => Tone::Error,
            };
            for own in &outcome.by_attempt {
                let AttemptUsage { attempt, target, spent, took, answered, .. } = own;
                let (tokens, took) = (format::tokens(&spent.usage), seconds(*took));
                let answered = if *answered { ", the answer" } else { "" };
                row(
                    "took",
                    Tone::Info,
                    &format!("{attempt}: {target}, {tokens} tokens, {}, {took}{answered}", spent.cost),
                );
            }
            row("ended", tone, &end(outcome));
        }
    }
}

/// What a verdict counts in the score, and under which name, where that is not once under none.
fn weight(verdict: &Verdict) -> String {
    let metric = verdict.metric.as_ref().map(|metric| format!("metric {metric}"));
    let weight = ((verdict.weight - 1.0).abs() > f64::EPSILON).then(|| format!("weight {}", verdict.weight));
    let parts: Vec<String> = metric.into_iter().chain(weight).collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

fn follows(next: &NextStep) -> String {
    match next {
        NextStep::Retry { wait } => format!("again after {}", seconds(*wait)),
        NextStep::NextKey { key, wait } if wait.is_zero() => format!("again with key {key}"),
        NextStep::NextKey { key, wait } => format!("again with key {key} after {}", seconds(*wait)),
        NextStep::NextModel { to } => format!("falls back to {to}"),
        NextStep::GiveUp => "gives up".to_owned(),
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn tokens(usage: &Usage) -> String {
    let parts = [
        ("in", usage.input),
        ("cache read", usage.cache_read),
        ("cache write", usage.cache_write),
        ("out", usage.output),
        ("reasoning", usage.reasoning),
    ];
    let known: Vec<String> =
        parts.iter().filter_map(|(name, count)| count.map(|count| format!("{name} {count}"))).collect();
    let sign = if usage.estimated { " (estimated)" } else { "" };
    if known.is_empty() { "not said".to_owned() } else { format!("{}{sign}", known.join(", ")) }
}

/// Says how a run ended, and what it took.
pub(crate) fn end(outcome: &Outcome) -> String {
    let mut parts = vec![outcome.end.word().to_owned()];
    if outcome.fell_back() {
        parts.push(format!("{} → {}", outcome.requested, outcome.target));
    }
    parts.push(format!("{} attempts", outcome.attempts));
    parts.extend(outcome.finish.as_ref().map(|finish| format!("finish {finish}")));
    parts.extend(outcome.timing.first_token.map(|first| format!("first token {}", seconds(first))));
    parts.extend(outcome.timing.response.map(|response| format!("response {}", seconds(response))));
    parts.extend(format::waited(outcome.timing.waited));
    parts.push(format!("total {}", seconds(outcome.timing.total)));
    if let Some(ServerTiming { load, prompt, generation }) = outcome.timing.server {
        let named = [("load", load), ("prompt", prompt), ("generation", generation)];
        parts.extend(named.iter().filter_map(|(name, time)| Some(format!("server {name} {}", seconds((*time)?)))));
    }
    parts.push(format!("cost {}", outcome.spent().cost));
    parts.extend(outcome.judging.map(|judging| format!("judges {}", format::spent(&judging.spent()))));
    if outcome.demo {
        parts.push("demonstration".to_owned());
    }
    parts.join(", ")
}
