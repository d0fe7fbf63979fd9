//! The X-ray: the steps of a run, and of the runs of its judges, as rows that may reach the screen.

pub mod rounds;
pub mod timeline;

use std::time::Duration;

use crate::{
    model::{
        ModalityTokens, Outcome, RunEnd, RunId, RunStatus, Status, Verdict,
        outcome::{AttemptUsage, ServerTiming},
        usage::Usage,
    },
    pipeline::{
        TimedEvent,
        event::{DeltaPart, Lookup, NextStep, RunEvent},
    },
    present::{Tone, tool_calls::counts, xray::rounds::rounds},
    text::{SanitizedText, clean_line, format, format::duration},
};

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

/// A judge's run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judge {
    /// The run, which has a record of its own.
    pub run: RunId,
    /// The check it was asked for.
    pub rule: String,
}

/// Lists the judges that an event says were asked.
#[must_use]
pub fn judges(timed: &TimedEvent) -> Vec<Judge> {
    let RunEvent::Judged { rule, runs, .. } = &timed.event else {
        return Vec::new();
    };
    runs.iter().map(|run| Judge { run: *run, rule: rule.to_string() }).collect()
}

/// Shows the run of a judge: which of the judges it is, what it was asked, what it answered, its steps, how it ended.
#[must_use]
pub fn judge_steps(which: &str, timeline: &[TimedEvent], outcome: &Outcome) -> Vec<XrayStep> {
    let mut out = Vec::new();
    let mut put = |what: &'static str, detail: &str| {
        out.push(XrayStep { at: None, what, detail: clean_line(detail), tone: Tone::Info });
    };
    put("judge", which);
    let messages = timeline.iter().find_map(|timed| match &timed.event {
        RunEvent::Prepared { messages, .. } => Some(messages),
        _ => None,
    });
    for message in messages.into_iter().flatten() {
        for (what, line) in lines(message.role.name(), &message.content) {
            put(what, line);
        }
    }
    for (what, line) in lines("answer", &outcome.text) {
        put(what, line);
    }
    put("", "");
    for timed in timeline {
        add_steps(timed, &mut out);
    }
    out.push(XrayStep {
        at: Some(outcome.timing.total),
        what: "ended",
        detail: clean_line(&end(outcome)),
        tone: if outcome.end == RunEnd::Done { Tone::Info } else { Tone::Error },
    });
    out
}

/// Lists the lines of a text, a blank one before them, what it is beside the first.
fn lines<'a>(what: &'static str, text: &'a str) -> impl Iterator<Item = (&'static str, &'a str)> {
    let mut text = text.trim_end().lines();
    let first = text.next().unwrap_or("nothing");
    [("", ""), (what, first)].into_iter().chain(text.map(|line| ("", line)))
}

/// Lists the steps of a run that is over, with what came of it.
#[must_use]
pub fn steps(outcome: &Outcome, timeline: &[TimedEvent]) -> Vec<XrayStep> {
    let mut out = Vec::new();
    let rounds = rounds(timeline);
    for (place, timed) in timeline.iter().enumerate() {
        if let Some((number, round)) = (1..).zip(&rounds).find(|(_, round)| round.first == place) {
            let words = round.words(Some(outcome));
            let (what, detail) =
                if round.calls > 0 { ("round", format!("{number}: {words}")) } else { ("answer", words) };
            out.push(XrayStep { at: Some(timed.at), what, detail: clean_line(&detail), tone: Tone::Info });
        }
        add_steps(timed, &mut out);
    }
    let event = RunEvent::Ended { outcome: Box::new(outcome.clone()) };
    add_steps(&TimedEvent { at: outcome.timing.total, event }, &mut out);
    out
}

/// Writes what a provider counted: all tokens, and those of pictures and recordings.
fn counted(usage: &Usage) -> String {
    let of = format::modalities(ModalityTokens::of(usage)).map_or_else(String::new, |of| format!(", of them {of}"));
    format!("{}{of}", tokens(usage))
}

/// Appends what an event of a run reads as: one row or more.
pub fn add_steps(timed: &TimedEvent, out: &mut Vec<XrayStep>) {
    let mut first = Some(timed.at);
    let mut row = |what: &'static str, tone: Tone, detail: &str| {
        out.push(XrayStep { at: first.take(), what, detail: clean_line(detail), tone });
    };
    match &timed.event {
        RunEvent::Prepared { key, params, notices, messages, .. } => {
            let sent = serde_json::to_string(params).unwrap_or_default();
            row("prepared", Tone::Info, &format!("{} messages, parameters {sent}", messages.len()));
            row("", Tone::Info, &format!("cache key {}…", key.chars().take(16).collect::<String>()));
            for notice in notices {
                row("", Tone::Warning, notice);
            }
        }
        RunEvent::Cache { lookup } => match lookup {
            Lookup::Hit { stored } => row("cache", Tone::Info, &format!("hit, stored {}", format::moment(*stored))),
            Lookup::Miss => row("cache", Tone::Info, "miss"),
            Lookup::Bypass { why } => row("cache", Tone::Info, &format!("not asked: {why}")),
            Lookup::Joined => row("cache", Tone::Info, "the same request is under way; its answer is waited for"),
        },
        RunEvent::Queued { why, wait } => {
            let wait = wait.map_or_else(String::new, |wait| format!(", at most {}", duration(wait)));
            row("waits", Tone::Info, &format!("{why}{wait}"));
        }
        RunEvent::Skipped { target, error, next } => {
            row("skipped", Tone::Warning, &format!("{target}: {error}"));
            row("", Tone::Info, &follows(next));
        }
        RunEvent::Attempt { number, target, model, key, notices, .. } => {
            let key = key.as_ref().map_or_else(|| "no API key".to_owned(), |label| format!("key {label}"));
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
            row("token", Tone::Info, &format!("first {what}"));
        }
        RunEvent::CallDelta { .. } => row("token", Tone::Info, "first of a call of a tool"),
        RunEvent::Called { call, .. } => {
            row("called", Tone::Info, &format!("{} {}", call.name, call.arguments));
            if let Some(problem) = &call.problem {
                row("", Tone::Warning, problem);
            }
        }
        RunEvent::Replied { reply, content, took, .. } => {
            let tone = if reply.failed { Tone::Warning } else { Tone::Info };
            row("tool", tone, &format!("{} answered after {}: {content}", reply.name, duration(*took)));
        }
        RunEvent::NextTurn { content, .. } => row("turn", Tone::Info, &format!("the user says: {content}")),
        RunEvent::Usage { usage, .. } => row("usage", Tone::Info, &counted(usage)),
        RunEvent::Served { model, .. } => row("served", Tone::Warning, &format!("answered by {model}")),
        RunEvent::Notice { notice, .. } => row("note", Tone::Warning, notice),
        RunEvent::AttemptFailed { attempt, error, next } => {
            let status = error.status.map_or_else(String::new, |status| format!(" (status {status})"));
            row("failed", Tone::Warning, &format!("{attempt}: {error}{status}"));
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
                let (tokens, took) = (format::tokens(&spent.usage), duration(*took));
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
        NextStep::Retry { wait } => format!("retry after {}", duration(*wait)),
        NextStep::NextKey { key, wait } if wait.is_zero() => format!("again with key {key}"),
        NextStep::NextKey { key, wait } => format!("again with key {key} after {}", duration(*wait)),
        NextStep::NextModel { to } => format!("falls back to {to}"),
        NextStep::GiveUp => "no more retries".to_owned(),
    }
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
fn end(outcome: &Outcome) -> String {
    let mut parts = vec![outcome.end.word().to_owned()];
    if outcome.fell_back() {
        parts.push(format!("{} → {}", outcome.requested, outcome.target));
    }
    match outcome.answered_rounds() {
        0 => parts.push(format!("{} attempts", outcome.attempts)),
        _ => parts.extend(counts(outcome)),
    }
    parts.extend(outcome.finish.as_ref().map(|finish| format!("finish {finish}")));
    parts.extend(outcome.timing.first_token.map(|first| format!("first token {}", duration(first))));
    parts.extend(outcome.timing.response.map(|response| format!("response {}", duration(response))));
    parts.extend(format::waited(outcome.timing.waited));
    parts.push(format!("total {}", duration(outcome.timing.total)));
    if let Some(ServerTiming { load, prompt, generation }) = outcome.timing.server {
        let named = [("load", load), ("prompt", prompt), ("generation", generation)];
        parts.extend(named.iter().filter_map(|(name, time)| Some(format!("server {name} {}", duration((*time)?)))));
    }
    parts.push(format!("cost {}", outcome.spent().cost));
    parts.extend(format::modalities(ModalityTokens::of(&outcome.usage)));
    parts.extend(format::provider_cache(outcome));
    parts.extend(outcome.judging.map(|judging| format!("judges {}", format::spent(&judging.spent()))));
    if outcome.demo {
        parts.push("demonstration".to_owned());
    }
    parts.join(", ")
}
