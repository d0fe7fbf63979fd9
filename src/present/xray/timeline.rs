//! The timeline of a run: its stretches with what each is and says, and the axis they are drawn on, on which long waits
//! are short.

use std::time::Duration;

use crate::{
    model::{CallError, Outcome, Provenance, RunEnd, Spent},
    pipeline::{
        TimedEvent,
        event::{Lookup, NextStep, RunEvent},
    },
    present::{Tone, xray::rounds::rounds},
    text::format::{counted, duration, moment, spent},
};

/// What a part of a stretch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartKind {
    /// Work whose end is waited for: the cache, a server before its first token, the checks.
    Work,
    /// The answer as it comes.
    Stream,
    /// Nothing but waiting.
    Wait,
    /// A point in time.
    Mark,
}

/// A part of a stretch, from one time to another since the run's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimePart {
    pub kind: PartKind,
    pub from: Duration,
    pub to: Duration,
}

/// One row of the timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineRow {
    /// What it is: `attempt 2`.
    pub label: String,
    /// Its parts; none where nothing took time.
    pub parts: Vec<TimePart>,
    /// How long it took.
    pub took: Option<Duration>,
    /// What it says, raw.
    pub detail: String,
    pub tone: Tone,
}

/// What the label of a round begins with; what belongs to it is indented below.
const ROUND: &str = "round ";

/// How the row of the last round begins, in which no tool was called.
const ANSWER: &str = "answer";

impl TimelineRow {
    /// Tells whether it heads a round, whose rows are those below it that are indented.
    #[must_use]
    pub fn is_round(&self) -> bool {
        self.label == ANSWER || self.label.starts_with(ROUND)
    }
}

/// The call under way while events are folded.
#[derive(Debug, Default)]
struct OpenAttempt {
    number: u32,
    start: Duration,
    first: Option<Duration>,
    status: Option<u16>,
    /// Target and key, in words.
    who: String,
}

/// Lists the rows of a run from its events. Of one under way, `now` is the time since its start, and ends what is open.
#[must_use]
pub fn timeline(events: &[TimedEvent], now: Option<Duration>) -> Vec<TimelineRow> {
    let rounds = rounds(events);
    let outcome = events.iter().find_map(|timed| match &timed.event {
        RunEvent::Ended { outcome } => Some(&**outcome),
        _ => None,
    });
    let mut fold = TimelineFold::default();
    for (place, timed) in events.iter().enumerate() {
        if let Some((number, round)) = (1..).zip(&rounds).find(|(_, round)| round.first == place) {
            fold.begin_round(if round.calls > 0 { format!("{ROUND}{number}") } else { ANSWER.to_owned() });
        }
        fold.take(timed);
    }
    let mut rows = fold.finish(now);
    let heads = rows.iter_mut().filter(|row| row.is_round());
    for (round, row) in rounds.iter().zip(heads) {
        row.detail = round.words(outcome);
    }
    rows
}

/// Characters of a tool's result that a row shows.
const RESULT: usize = 60;

#[derive(Debug, Default)]
struct TimelineFold {
    rows: Vec<TimelineRow>,
    attempt: Option<OpenAttempt>,
    /// A wait that nothing has ended yet: since when, and for what.
    wait: Option<(Duration, String)>,
    /// When the answer was there, or the last thing before that ended.
    last: Duration,
    /// Whether the end of the run came.
    ended: bool,
    /// The round whose rows come: the place of its head, and the stretch from its first to its last part.
    round: Option<(usize, Option<(Duration, Duration)>)>,
    /// What each attempt took, where several were made for rounds of tools.
    costs: Vec<(u32, Spent)>,
}

impl TimelineFold {
    fn row(&mut self, label: impl Into<String>, parts: Vec<TimePart>, detail: impl Into<String>, tone: Tone) {
        let ends = parts.first().zip(parts.last()).map(|(first, last)| (first.from, last.to));
        let took = ends.map(|(from, to)| to.saturating_sub(from));
        let mut label = label.into();
        if let Some((head, all)) = &mut self.round {
            label.insert_str(0, "  ");
            if let Some((from, to)) = ends {
                let (first, last) = all.unwrap_or((from, to));
                let (first, last) = (first.min(from), last.max(to));
                *all = Some((first, last));
                if let Some(row) = self.rows.get_mut(*head) {
                    row.took = Some(last.saturating_sub(first));
                }
            }
        }
        self.rows.push(TimelineRow { label, parts, took, detail: detail.into(), tone });
    }

    /// Heads the rows of a round, which come next.
    fn begin_round(&mut self, title: String) {
        self.round = None;
        self.row(title, Vec::new(), "", Tone::Info);
        self.round = Some((self.rows.len() - 1, None));
    }

    fn take(&mut self, timed: &TimedEvent) {
        let at = timed.at;
        match &timed.event {
            RunEvent::Prepared { .. } => self.last = at,
            RunEvent::Cache { lookup } => {
                let detail = match lookup {
                    Lookup::Hit { stored } => format!("hit, stored {}", moment(*stored)),
                    Lookup::Miss => "miss".to_owned(),
                    Lookup::Bypass { why } => format!("not asked: {why}"),
                    Lookup::Joined => "the same request is under way".to_owned(),
                };
                let part = TimePart { kind: PartKind::Work, from: self.last, to: at };
                self.row("cache", vec![part], detail, Tone::Info);
                self.last = at;
            }
            RunEvent::Queued { why, .. } => {
                self.end_wait(at);
                self.wait = Some((at, why.clone()));
            }
            RunEvent::Skipped { target, error, next } => {
                self.row("skipped", Vec::new(), format!("{target}: {error}"), Tone::Warning);
                self.follow(at, error, next);
            }
            RunEvent::Attempt { number, model, key, .. } => {
                self.end_wait(at);
                let key = key.as_ref().map_or_else(String::new, |key| format!(" · key {key}"));
                let who = format!("{model}{key}");
                self.attempt = Some(OpenAttempt { number: *number, start: at, who, ..OpenAttempt::default() });
            }
            RunEvent::Headers { status, .. } => {
                if let Some(attempt) = &mut self.attempt {
                    attempt.status = Some(*status);
                }
            }
            RunEvent::Delta { .. } | RunEvent::CallDelta { .. } => {
                if let Some(attempt) = &mut self.attempt {
                    attempt.first.get_or_insert(at);
                }
            }
            RunEvent::Called { .. } => self.end_answer(at, None),
            RunEvent::NextTurn { content, .. } => {
                self.end_answer(at, None);
                self.round = None;
                let head: String = content.lines().next().unwrap_or_default().chars().take(RESULT).collect();
                self.row("next turn", Vec::new(), head, Tone::Info);
            }
            RunEvent::Replied { reply, content, took, .. } => {
                let part = TimePart { kind: PartKind::Work, from: at.saturating_sub(*took).max(self.last), to: at };
                let tone = if reply.failed { Tone::Warning } else { Tone::Info };
                let head: String = content.lines().next().unwrap_or_default().chars().take(RESULT).collect();
                let how = if reply.failed { "tool failed" } else { "tool" };
                self.row(reply.name.clone(), vec![part], format!("{how} · {head}"), tone);
            }
            RunEvent::AttemptFailed { error, next, .. } => {
                let status = error.status.map_or_else(String::new, |status| format!("{status} "));
                self.end_attempt(at, &format!("{status}{}", error.class), Tone::Warning, None);
                self.follow(at, error, next);
            }
            RunEvent::Judged { rule, runs, cost, .. } => {
                self.end_answer(at, None);
                self.round = None;
                let part = TimePart { kind: PartKind::Work, from: self.last, to: at };
                let detail = format!("{rule}, {}, {cost}", counted(runs.len() as u64, "run"));
                self.row("judge", vec![part], detail, Tone::Info);
                self.last = at;
            }
            RunEvent::Checked { quality } => {
                self.end_answer(at, None);
                self.round = None;
                let (held, all) = quality.held();
                let part = TimePart { kind: PartKind::Work, from: self.last, to: at };
                let (detail, tone) = match (all, held == all) {
                    (0, _) => ("nothing to check".to_owned(), Tone::Info),
                    (_, true) => (format!("{all} passed"), Tone::Info),
                    (_, false) => (format!("{held} of {all} passed"), Tone::Error),
                };
                self.row("checks", vec![part], detail, tone);
                self.last = at;
            }
            RunEvent::Ended { outcome } => self.end(at, outcome),
            RunEvent::Usage { .. } | RunEvent::Served { .. } | RunEvent::Notice { .. } => {}
        }
    }

    /// What follows a failure is a wait, where it is one.
    fn follow(&mut self, at: Duration, error: &CallError, next: &NextStep) {
        let why = match (next, error.retry_after) {
            (NextStep::Retry { .. } | NextStep::NextKey { .. }, Some(asked)) => {
                format!("Retry-After {}", duration(asked))
            }
            (NextStep::Retry { .. }, None) => "before the next attempt".to_owned(),
            (NextStep::NextKey { key, .. }, None) => format!("before key {key}"),
            (NextStep::NextModel { to }, _) => {
                self.row("fallback", Vec::new(), format!("to {to}"), Tone::Warning);
                return;
            }
            (NextStep::GiveUp, _) => return,
        };
        self.wait = Some((at, why));
    }

    fn end_wait(&mut self, at: Duration) {
        if let Some((since, why)) = self.wait.take()
            && at > since
        {
            self.row("wait", vec![TimePart { kind: PartKind::Wait, from: since, to: at }], why, Tone::Info);
        }
        self.last = self.last.max(at);
    }

    /// Ends the attempt under way, whose text came until `streamed` where that is known.
    fn end_attempt(&mut self, at: Duration, how: &str, tone: Tone, streamed: Option<Duration>) {
        let Some(OpenAttempt { number, start, first, status: _, who }) = self.attempt.take() else {
            return;
        };
        let end = streamed.unwrap_or(at).clamp(start, at);
        let first = first.map(|first| first.clamp(start, end));
        let mut parts = vec![TimePart { kind: PartKind::Work, from: start, to: first.unwrap_or(end) }];
        parts.extend(first.map(|from| TimePart { kind: PartKind::Stream, from, to: end }));
        let detail = if how.is_empty() { who } else { format!("{how} · {who}") };
        self.row(format!("attempt {number}"), parts, detail, tone);
        if let Some(first) = first {
            let mark = TimePart { kind: PartKind::Mark, from: first, to: first };
            self.row("  first token", vec![mark], String::new(), Tone::Info);
            let stream = TimePart { kind: PartKind::Stream, from: first, to: end };
            self.row("  streaming", vec![stream], String::new(), Tone::Info);
            if let [.., mark, _] = self.rows.as_mut_slice() {
                mark.took = Some(first.saturating_sub(start));
            }
        }
        self.last = end;
    }

    /// Ends an attempt that has answered.
    fn end_answer(&mut self, at: Duration, streamed: Option<Duration>) {
        self.end_wait(self.wait.as_ref().map_or(self.last, |_| at));
        let status = self.attempt.as_ref().and_then(|attempt| attempt.status);
        let how = status.map_or_else(String::new, |status| status.to_string());
        self.end_attempt(at, &how, Tone::Info, streamed);
    }

    fn end(&mut self, at: Duration, outcome: &Outcome) {
        self.ended = true;
        if !outcome.rounds.is_empty() {
            self.costs = outcome.by_attempt.iter().map(|attempt| (attempt.attempt, attempt.spent)).collect();
        }
        let start = self.attempt.as_ref().map(|attempt| attempt.start);
        let live = matches!(outcome.provenance, Provenance::Live);
        let streamed = start.zip(outcome.timing.response.filter(|_| live)).map(|(start, took)| start + took);
        match &outcome.end {
            RunEnd::Done => self.end_answer(at, streamed),
            RunEnd::Cancelled => {
                self.end_wait(at);
                self.end_attempt(at, "stopped", Tone::Warning, None);
            }
            RunEnd::Interrupted { .. } | RunEnd::Failed { .. } => {
                self.end_wait(at);
                let how = outcome.end.class().map_or_else(|| "failed".to_owned(), |class| class.to_string());
                self.end_attempt(at, &how, Tone::Error, None);
            }
        }
    }

    fn finish(mut self, now: Option<Duration>) -> Vec<TimelineRow> {
        if let Some(now) = now.filter(|_| !self.ended) {
            self.end_wait(now.max(self.last));
            self.end_attempt(now.max(self.last), "under way", Tone::Info, None);
        }
        for (attempt, own) in self.costs {
            let label = format!("attempt {attempt}");
            if let Some(row) = self.rows.iter_mut().find(|row| row.label.trim_start() == label) {
                row.detail.insert_str(0, &format!("{} · ", spent(&own)));
            }
        }
        self.rows
    }
}

/// Where times stand in so many columns. A wait takes no more of them than all else together.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeAxis {
    columns: usize,
    /// Waits that are drawn shorter than they were: from, to, and the length they are drawn with.
    squeezed: Vec<(Duration, Duration, Duration)>,
    /// The length of everything as it is drawn.
    drawn: Duration,
    end: Duration,
}

impl TimeAxis {
    /// Makes the axis of the rows of a timeline.
    #[must_use]
    pub fn new(rows: &[TimelineRow], columns: usize) -> Self {
        let parts = || rows.iter().flat_map(|row| &row.parts);
        let end = parts().map(|part| part.to).max().unwrap_or_default().max(Duration::from_millis(1));
        let waits = || parts().filter(|part| part.kind == PartKind::Wait);
        let waited: Duration = waits().map(|wait| wait.to.saturating_sub(wait.from)).sum();
        let active = end.saturating_sub(waited).max(Duration::from_millis(1));
        let squeezed: Vec<(Duration, Duration, Duration)> = waits()
            .filter(|wait| wait.to.saturating_sub(wait.from) > active)
            .map(|wait| (wait.from, wait.to, active))
            .collect();
        let saved: Duration =
            squeezed.iter().map(|(from, to, drawn)| to.saturating_sub(*from).saturating_sub(*drawn)).sum();
        Self { columns, squeezed, drawn: end.saturating_sub(saved).max(Duration::from_millis(1)), end }
    }

    /// Returns the time the axis ends at.
    #[must_use]
    pub fn end(&self) -> Duration {
        self.end
    }

    /// Returns the column of a time, from 0 to the number of columns.
    #[must_use]
    pub fn column(&self, at: Duration) -> usize {
        let mut drawn = at;
        for (from, to, short) in &self.squeezed {
            let (whole, past) = (to.saturating_sub(*from), at.saturating_sub(*from));
            if at >= *to {
                drawn = drawn.saturating_sub(whole.saturating_sub(*short));
            } else if at > *from {
                let share = past.as_secs_f64() / whole.as_secs_f64();
                drawn = drawn.saturating_sub(past.saturating_sub(short.mul_f64(share)));
            }
        }
        let share = drawn.as_secs_f64() / self.drawn.as_secs_f64();
        ((share * self.columns as f64).round() as usize).min(self.columns)
    }

    /// Returns the columns in the middle of each wait that is drawn shorter than it was.
    #[must_use]
    pub fn squeezed(&self) -> Vec<usize> {
        let middle =
            |(from, to, _): &(Duration, Duration, Duration)| usize::midpoint(self.column(*from), self.column(*to));
        self.squeezed.iter().map(middle).collect()
    }

    /// Lists times to name on the axis with their columns, at least so many columns apart.
    #[must_use]
    pub fn ticks(&self, apart: usize) -> Vec<(usize, Duration)> {
        let fitting = (self.columns / apart.max(1)).max(1);
        let least = self.drawn / u32::try_from(fitting).unwrap_or(u32::MAX).max(1);
        let step = STEPS.into_iter().map(Duration::from_millis).find(|step| *step >= least);
        let step = step.unwrap_or(least).max(Duration::from_millis(1));
        let mut ticks: Vec<(usize, Duration)> = Vec::new();
        let mut at = Duration::ZERO;
        while at <= self.end && ticks.len() <= fitting {
            // Within a wait that is drawn shorter nothing is named.
            let inside = self.squeezed.iter().find(|(from, to, _)| *from < at && at < *to);
            if let Some((_, to, _)) = inside {
                let steps = to.as_nanos().div_ceil(step.as_nanos().max(1));
                at = step.saturating_mul(u32::try_from(steps).unwrap_or(u32::MAX));
                continue;
            }
            let column = self.column(at);
            if ticks.last().is_none_or(|(last, _)| column >= last + apart) {
                ticks.push((column, at));
            }
            at += step;
        }
        ticks
    }
}

/// Lengths in milliseconds that are round on an axis.
const STEPS: [u64; 19] =
    [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ErrorKind, Params};

    fn at(millis: u64, event: RunEvent) -> TimedEvent {
        TimedEvent { at: Duration::from_millis(millis), event }
    }

    fn attempt(number: u32) -> RunEvent {
        RunEvent::Attempt {
            number,
            target: "m".to_owned(),
            provider: "p".to_owned(),
            model: "m-1".to_owned(),
            key: Some("spare".to_owned()),
            params: Params::default(),
            cache_key: None,
            notices: Vec::new(),
        }
    }

    /// A miss, a refusal, a wait of four seconds, an answer that begins after 300 ms.
    fn events() -> Vec<TimedEvent> {
        let error = CallError {
            status: Some(429),
            retry_after: Some(Duration::from_secs(4)),
            ..CallError::new(ErrorKind::RateLimited, "slowly")
        };
        let wait = NextStep::Retry { wait: Duration::from_secs(4) };
        vec![
            at(1, RunEvent::Cache { lookup: Lookup::Miss }),
            at(1, attempt(1)),
            at(211, RunEvent::AttemptFailed { attempt: 1, error, next: wait }),
            at(4211, attempt(2)),
            at(4300, RunEvent::Headers { attempt: 2, status: 200, request_id: None }),
            at(
                4511,
                RunEvent::Delta { attempt: 2, part: crate::pipeline::event::DeltaPart::Text, text: String::new() },
            ),
        ]
    }

    fn shown(rows: &[TimelineRow]) -> Vec<String> {
        let took = |row: &TimelineRow| row.took.map(duration).unwrap_or_default();
        rows.iter().map(|row| format!("{} {} {}", row.label, took(row), row.detail).trim_end().to_owned()).collect()
    }

    #[test]
    fn every_stretch_is_a_row_with_its_length_and_reason() {
        assert_eq!(
            shown(&timeline(&events(), Some(Duration::from_millis(4900)))),
            [
                "cache 1ms miss",
                "attempt 1 0.21s 429 rate limited · m-1 · key spare",
                "wait 4.00s Retry-After 4.00s",
                "attempt 2 0.69s under way · m-1 · key spare",
                "  first token 0.30s",
                "  streaming 0.39s",
            ]
        );
    }

    #[test]
    fn a_wait_under_way_grows_with_the_time() {
        let rows = timeline(&events()[..3], Some(Duration::from_millis(1211)));
        assert_eq!(shown(&rows).last().unwrap(), "wait 1.00s Retry-After 4.00s");
        assert_eq!(timeline(&events()[..3], None).len(), 2, "of a record without an end");
    }

    #[test]
    fn a_long_wait_is_no_longer_than_all_else_and_the_order_of_times_stays() {
        let rows = timeline(&events(), Some(Duration::from_millis(4900)));
        let axis = TimeAxis::new(&rows, 60);
        let millis = |millis| axis.column(Duration::from_millis(millis));
        assert_eq!((millis(0), millis(4900)), (0, 60));
        let (from, to) = (millis(211), millis(4211));
        assert!((28..=32).contains(&(to - from)), "{from} to {to}");
        assert_eq!(axis.squeezed().len(), 1);
        let columns: Vec<usize> = (0..4900).step_by(50).map(millis).collect();
        assert!(columns.is_sorted(), "{columns:?}");
        let ticks = axis.ticks(8);
        assert!(ticks.windows(2).all(|pair| pair[1].0 >= pair[0].0 + 8), "{ticks:?}");
    }

    #[test]
    fn without_a_long_wait_the_axis_is_even() {
        let rows = timeline(&events()[..2], Some(Duration::from_secs(1)));
        let axis = TimeAxis::new(&rows, 50);
        assert_eq!(axis.column(Duration::from_millis(500)), 25);
        assert!(axis.squeezed().is_empty());
        let times: Vec<u128> = axis.ticks(10).iter().map(|(_, at)| at.as_millis()).collect();
        assert_eq!(times, [0, 200, 400, 600, 800, 1000]);
    }
}
