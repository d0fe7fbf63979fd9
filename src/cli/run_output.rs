//! What a run prints: the answer on standard output, everything else on standard error, and at the end the verdicts and
//! one line of figures.

use std::{io, io::Write};

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    eval::calls_as_json,
    model::{
        CallError, ModalityTokens, Outcome, Provenance, RunEnd, RunStatus, Status,
        run_end::Reason,
        verdict::{Quality, Verdict},
    },
    pipeline::{
        RunEvent, TimedEvent,
        event::{DeltaPart, Lookup, NextStep},
    },
    present::tool_calls::counts,
    text::{
        Sanitizer, clean_line,
        format::{ago, duration, marked, modalities, provider_cache, spent, waited},
        json,
    },
};

/// How standard output is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutputFormat {
    /// For a person at a terminal: cleaned, and ended with a line break.
    Terminal,
    /// The answer byte for byte.
    Bytes,
    /// Every event as a line of JSON.
    Json,
    /// Not at all: what is to be noted is said aside, the answer and its numbers elsewhere.
    Aside,
}

/// Which of several runs a report is of, counted from 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Destination {
    /// The model's place on the command line.
    pub(crate) lane: usize,
    pub(crate) sample: u32,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct JsonLine<'a> {
    /// Counted from 0, as the models stand on the command line.
    lane: usize,
    /// Counted from 1.
    sample: u32,
    #[serde(flatten)]
    timed: &'a TimedEvent,
    /// How the run came out, once it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<RunStatus>,
}

/// The fold of one run's events into two outputs.
pub(crate) struct RunOutput<'a> {
    form: OutputFormat,
    place: Destination,
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
    cleaner: Sanitizer,
    open_line: bool,
    requested: Option<String>,
    /// The errors that were said as they came, by target: each is said but once.
    reported: Vec<(String, CallError)>,
}

impl<'a> RunOutput<'a> {
    /// Begins the report of one run.
    pub(crate) fn new(form: OutputFormat, place: Destination, out: &'a mut dyn Write, err: &'a mut dyn Write) -> Self {
        Self {
            form,
            place,
            out,
            err,
            cleaner: Sanitizer::new(),
            open_line: false,
            requested: None,
            reported: Vec::new(),
        }
    }

    /// Takes the next event in.
    pub(crate) fn take(&mut self, timed: &TimedEvent, now: Timestamp) -> io::Result<()> {
        if self.form == OutputFormat::Json {
            let Destination { lane, sample } = self.place;
            let status = match &timed.event {
                RunEvent::Ended { outcome } => Some(outcome.status()),
                _ => None,
            };
            let mut line = json::to_line(&JsonLine { lane, sample: sample + 1, timed, status })?;
            line.push('\n');
            self.out.write_all(line.as_bytes())?;
            self.out.flush()?;
        }
        match &timed.event {
            RunEvent::Prepared { notices, .. } => self.notes(notices)?,
            RunEvent::Cache { lookup: Lookup::Hit { stored } } => {
                self.say(&format!("from the cache, stored {}; --fresh asks again", ago(*stored, now)))?;
            }
            RunEvent::Cache { lookup: Lookup::Joined } => self.say("the same request is under way; waiting for it")?,
            RunEvent::Queued { why, wait } => {
                let wait = wait.map(|wait| format!(", {} at most", duration(wait))).unwrap_or_default();
                self.say(&format!("waiting: {why}{wait}"))?;
            }
            RunEvent::Attempt { target, notices, .. } => {
                self.requested = Some(target.clone());
                self.notes(notices)?;
            }
            RunEvent::Served { model, .. } => self.say(&format!("note: the answering model calls itself {model}"))?,
            RunEvent::Notice { notice, .. } => self.notes(std::slice::from_ref(notice))?,
            RunEvent::Skipped { target, error, next } => self.error(target.clone(), error, next)?,
            RunEvent::AttemptFailed { error, next, .. } => {
                self.error(self.requested.clone().unwrap_or_default(), error, next)?;
            }
            RunEvent::Delta { part: DeltaPart::Text, text, .. } => self.answer(text)?,
            RunEvent::Called { call, .. } => {
                let problem = call.problem.as_ref().map_or_else(String::new, |problem| format!(" ({problem})"));
                self.say(&format!("calls {} {}{problem}", call.name, call.arguments))?;
            }
            RunEvent::NextTurn { content, .. } => self.say(&format!("user: {content}"))?,
            RunEvent::Replied { reply, content, .. } => self.say(&format!("{}: {content}", reply.name))?,
            RunEvent::Ended { outcome } => {
                if outcome.text.is_empty() && !outcome.calls.is_empty() {
                    self.answer(&calls_as_json(&outcome.calls).to_string())?;
                }
                self.end_line()?;
                self.summary(outcome)?;
            }
            RunEvent::Cache { .. }
            | RunEvent::Headers { .. }
            | RunEvent::Delta { part: DeltaPart::Reasoning, .. }
            | RunEvent::CallDelta { .. }
            | RunEvent::Usage { .. }
            | RunEvent::Judged { .. }
            | RunEvent::Checked { .. } => {}
        }
        Ok(())
    }

    /// Says an error and what follows it. One that ends the run is left to the run's end.
    fn error(&mut self, target: String, error: &CallError, next: &NextStep) -> io::Result<()> {
        if *next == NextStep::GiveUp {
            return Ok(());
        }
        let again = self.reported.last().is_some_and(|(before, last)| *before == target && last == error);
        let words = if again { format!("{}, the same again", error.class) } else { error.to_string() };
        self.say(&format!("{target}: {words}{}", after(next)))?;
        self.reported.push((target, error.clone()));
        Ok(())
    }

    fn answer(&mut self, text: &str) -> io::Result<()> {
        match self.form {
            OutputFormat::Json | OutputFormat::Aside => return Ok(()),
            OutputFormat::Bytes => self.out.write_all(text.as_bytes())?,
            OutputFormat::Terminal => {
                let safe = self.cleaner.push(text);
                if !safe.is_empty() {
                    self.open_line = !safe.ends_with('\n');
                }
                self.out.write_all(safe.as_bytes())?;
            }
        }
        self.out.flush()
    }

    fn end_line(&mut self) -> io::Result<()> {
        if self.form == OutputFormat::Terminal {
            let rest = self.cleaner.finish();
            self.out.write_all(rest.as_bytes())?;
            if std::mem::take(&mut self.open_line) || !rest.is_empty() {
                self.out.write_all(b"\n")?;
            }
        }
        self.out.flush()
    }

    fn notes(&mut self, notices: &[String]) -> io::Result<()> {
        notices.iter().try_for_each(|notice| self.say(&format!("note: {notice}")))
    }

    /// Writes a line aside. A person who has closed that output does not want it.
    fn say(&mut self, line: &str) -> io::Result<()> {
        self.end_line()?;
        let _ = writeln!(self.err, "{}", clean_line(line));
        Ok(())
    }

    fn summary(&mut self, outcome: &Outcome) -> io::Result<()> {
        // What another target was asked after was said when it was; the last of them was left to the end.
        let unsaid = |reason: &&Reason| {
            !self.reported.iter().any(|(target, error)| *target == reason.target && *error == reason.error)
        };
        let unsaid: Vec<String> = outcome.given_up.iter().filter(unsaid).map(ToString::to_string).collect();
        unsaid.iter().try_for_each(|reason| self.say(reason))?;
        if self.form == OutputFormat::Aside {
            return Ok(());
        }
        match &outcome.end {
            RunEnd::Done => {}
            RunEnd::Failed { reasons } if !reasons.is_empty() => {
                self.say("all models failed:")?;
                for reason in reasons {
                    let reported =
                        self.reported.iter().any(|(target, error)| *target == reason.target && *error == reason.error);
                    if reported {
                        self.say(&format!("  {}: {}, as said above", reason.target, reason.error.class))?;
                    } else {
                        self.say(&format!("  {reason}"))?;
                    }
                }
            }
            end => self.say(&end.to_string())?,
        }
        if !outcome.given_up.is_empty() && outcome.end == RunEnd::Done && outcome.status() != RunStatus::Passed {
            self.say(&format!("no target did better than {}: its answer is shown with what failed", outcome.target))?;
        } else if outcome.fell_back() && outcome.end == RunEnd::Done {
            self.say(&format!("answered by {} in place of {}", outcome.target, outcome.requested))?;
        }
        if let Some(quality) = &outcome.quality {
            for verdict in quality.verdicts.iter().filter(|verdict| verdict.status != Status::Passed) {
                self.say(&judged(verdict))?;
            }
        }
        self.say(&figures(outcome))
    }
}

fn after(next: &NextStep) -> String {
    match next {
        NextStep::Retry { wait } => format!("; again in {}", duration(*wait)),
        NextStep::NextKey { key, wait } if wait.is_zero() => format!("; trying key {key}"),
        NextStep::NextKey { key, wait } => format!("; trying key {key} in {}", duration(*wait)),
        NextStep::NextModel { to } => format!("; falling back to {to}"),
        NextStep::GiveUp => String::new(),
    }
}

/// Writes a verdict that is no pass.
pub(crate) fn judged(verdict: &Verdict) -> String {
    let mark = if verdict.status == Status::Failed { "FAIL" } else { "inconclusive" };
    let at = verdict.at.as_deref().filter(|at| !at.is_empty()).map(|at| format!(" at {at}")).unwrap_or_default();
    format!("{mark} {}{at}: {}", verdict.rule, verdict.reason)
}

/// Writes one line of numbers: end, model, tokens, cost, times, checks; each unknown left as `?`.
pub(crate) fn figures(outcome: &Outcome) -> String {
    let usage = &outcome.usage;
    let side = |tokens: Option<u64>| marked(usage, tokens, |count| count.to_string());
    let mut parts = vec![outcome.status().word().to_owned(), outcome.target.clone()];
    if outcome.demo {
        parts.push("demonstration, no cost".to_owned());
    }
    parts.push(format!("{} tokens in, {} out", side(usage.total_input()), side(usage.total_output())));
    match outcome.provenance {
        Provenance::Live if outcome.demo => {}
        Provenance::Live if outcome.spent().is_nothing() && matches!(outcome.end, RunEnd::Failed { .. }) => {}
        Provenance::Live | Provenance::Batch | Provenance::Imported { .. } => parts.push(outcome.cost.to_string()),
        Provenance::Cached { .. } => parts.push("cached, $0 now; times of the original".to_owned()),
    }
    parts.extend(modalities(ModalityTokens::of(&outcome.usage)));
    parts.extend(provider_cache(outcome).filter(|_| !matches!(outcome.provenance, Provenance::Cached { .. })));
    if let Some(first) = outcome.timing.first_token {
        parts.push(format!("first token {}", duration(first)));
    }
    parts.push(outcome.took().map_or_else(|| "in a provider's batch".to_owned(), duration));
    parts.extend(waited(outcome.timing.waited));
    parts.extend(counts(outcome));
    if outcome.fell_back() {
        let others = outcome.by_target().into_iter().filter(|(attempt, _)| attempt.target != outcome.target);
        parts.extend(others.map(|(attempt, own)| format!("of that {}: {}", attempt.target, spent(&own))));
    }
    parts.extend(outcome.judging.map(|judging| format!("judges: {}", spent(&judging.spent()))));
    if let Some((passed, of)) = outcome.quality.as_ref().map(Quality::held).filter(|(_, of)| *of > 0) {
        parts.push(format!("checks {passed}/{of}"));
    }
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::{Cost, ErrorKind, Finish, Provenance, Quality, Rule, RunId, Usage, Verdict, outcome::Timing};

    fn outcome(end: RunEnd) -> Outcome {
        Outcome {
            run: RunId(uuid::Uuid::nil()),
            end,
            text: String::new(),
            reasoning: String::new(),
            json: None,
            requested: "a".to_owned(),
            target: "a".to_owned(),
            model: "a".to_owned(),
            served: None,
            provenance: Provenance::Live,
            demo: false,
            attempts: 1,
            finish: Some(Finish::Stop),
            usage: Usage::default(),
            cost: Cost::Unknown,
            timing: Timing::default(),
            quality: None,
            judging: None,
            cache_saving: None,
            by_attempt: Vec::new(),
            given_up: Vec::new(),
            calls: Vec::new(),
            rounds: Vec::new(),
        }
    }

    fn timed(event: RunEvent) -> TimedEvent {
        TimedEvent { at: Duration::ZERO, event }
    }

    fn written(form: OutputFormat, pieces: &[&str]) -> (String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut report = RunOutput::new(form, Destination::default(), &mut out, &mut err);
        for text in pieces {
            let text = (*text).to_owned();
            report
                .take(&timed(RunEvent::Delta { attempt: 1, part: DeltaPart::Text, text }), Timestamp::UNIX_EPOCH)
                .unwrap();
        }
        let ended = RunEvent::Ended { outcome: Box::new(outcome(RunEnd::Done)) };
        report.take(&timed(ended), Timestamp::UNIX_EPOCH).unwrap();
        (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    #[test]
    fn bytes_stay_bytes_and_a_terminal_gets_no_escapes() {
        let pieces = ["a\x1b", "[31mb\r\n", "\x07c"];
        assert_eq!(written(OutputFormat::Bytes, &pieces).0, "a\x1b[31mb\r\n\x07c");
        let (out, err) = written(OutputFormat::Terminal, &pieces);
        assert_eq!(out, "ab\nc\n");
        assert_eq!(err, "unchecked · a · ? tokens in, ? out · ? · 0ms\n");
    }

    #[test]
    fn hostile_words_of_a_provider_are_cleaned_too() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut report = RunOutput::new(OutputFormat::Bytes, Destination::default(), &mut out, &mut err);
        let error = CallError::new(ErrorKind::Overloaded, "\x1b]0;owned\x07wait\nfor it");
        let event =
            RunEvent::AttemptFailed { attempt: 1, error, next: NextStep::Retry { wait: Duration::from_secs(4) } };
        report.take(&timed(event), Timestamp::UNIX_EPOCH).unwrap();
        let line = String::from_utf8(err).unwrap();
        assert!(!line.contains(['\x1b', '\x07']) && line.lines().count() == 1, "{line:?}");
        assert!(line.ends_with("again in 4.00s\n"), "{line}");
    }

    #[test]
    fn each_reason_is_said_once_under_one_heading() {
        let error = |message: &str| CallError::new(ErrorKind::Transient, message);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut report = RunOutput::new(OutputFormat::Bytes, Destination::default(), &mut out, &mut err);
        let skipped = |target: &str, message: &str, next| RunEvent::Skipped {
            target: target.to_owned(),
            error: error(message),
            next,
        };
        let reason = |target: &str, message: &str| Reason { target: target.to_owned(), error: error(message) };
        let reasons = vec![reason("a", "down for good"), reason("b", "gone away")];
        for event in [
            skipped("a", "down for good", NextStep::NextModel { to: "b".to_owned() }),
            skipped("b", "gone away", NextStep::GiveUp),
            RunEvent::Ended { outcome: Box::new(outcome(RunEnd::Failed { reasons })) },
        ] {
            report.take(&timed(event), Timestamp::UNIX_EPOCH).unwrap();
        }
        let reported = String::from_utf8(err).unwrap();
        assert_eq!(reported.matches("down for good").count(), 1, "{reported}");
        assert_eq!(reported.matches("gone away").count(), 1, "{reported}");
        let (_, list) = reported.split_once("all models failed:\n").expect(&reported);
        assert!(list.starts_with("  a: ") && list.contains("\n  b: "), "{reported}");
    }

    #[test]
    fn why_a_target_was_given_up_is_said_with_the_answer_of_another() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut report = RunOutput::new(OutputFormat::Bytes, Destination::default(), &mut out, &mut err);
        let reason = |target: &str, class, message: &str| Reason {
            target: target.to_owned(),
            error: CallError::new(class, message),
        };
        let given_up = vec![reason("a", ErrorKind::BadOutput, "no JSON"), reason("b", ErrorKind::Quota, "no credit")];
        let event = |reason: &Reason, next| RunEvent::AttemptFailed { attempt: 1, error: reason.error.clone(), next };
        for (target, event) in [
            ("a", event(&given_up[0], NextStep::NextModel { to: "b".to_owned() })),
            ("b", event(&given_up[1], NextStep::GiveUp)),
        ] {
            report.requested = Some(target.to_owned());
            report.take(&timed(event), Timestamp::UNIX_EPOCH).unwrap();
        }
        let failed = Quality::of(vec![Verdict::new(Rule::Format, Status::Failed, "no JSON".to_owned())]);
        let whole = Outcome { given_up, quality: Some(failed), ..outcome(RunEnd::Done) };
        report.take(&timed(RunEvent::Ended { outcome: Box::new(whole) }), Timestamp::UNIX_EPOCH).unwrap();
        let reported = String::from_utf8(err).unwrap();
        assert!(reported.contains("a: bad output: no JSON; falling back to b\n"), "{reported}");
        assert!(
            reported.contains("\nb: out of credit: no credit\n") && reported.contains("did better than a"),
            "{reported}"
        );
    }
}
