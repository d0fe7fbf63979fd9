//! The progress of a batch on standard error: one line written over on a terminal, a line now and then elsewhere.
//!
//! Cells come in as they finish; here they are put in order, counted, and handed to the reports.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    time::Duration,
};

use serde::Serialize;
use tokio::time::Instant;

use crate::{
    cli::{
        Io,
        batch::{
            StoredRuns,
            spool::Spool,
            summary::{LISTED, listed},
        },
        sanitize::StatusLine,
    },
    eval::{Tally, evidence::Lanes},
    model::{
        CellIndex, DatasetRow, RunStatus, Spent,
        batch::{Cap, Cell},
        outcome::Judging,
    },
    pipeline::batch::{BatchEnd, BatchEvent, budget::BatchBudget},
    present::report::{ReportCell, Whole, rows::CellRecord},
    store::Store,
    text::{clean_line, format, json},
};

/// How long nothing is said where nobody watches, at most.
const QUIET: Duration = Duration::from_secs(10);

/// How long nothing is said there, at least.
const SHORT: Duration = Duration::from_secs(1);

/// The digits of the bar.
const BAR: u64 = 20;

/// What was said so far.
pub(crate) struct ProgressLine {
    line: StatusLine,
    last: Instant,
    /// Tenths of the whole that were done then.
    tenths: u64,
}

/// What goes on.
pub(crate) struct ProgressState<'a> {
    /// What is used.
    pub(crate) budget: &'a BatchBudget,
    /// What came of the cells so far.
    pub(crate) tally: &'a Tally,
    /// Cells under way.
    pub(crate) open: usize,
    /// Cells that have ended and are not on record yet.
    pub(crate) unwritten: usize,
    /// Why nothing is started, if so.
    pub(crate) paused: Option<&'a str>,
}

impl ProgressLine {
    /// Begins with nothing said.
    pub(crate) fn new(now: Instant) -> Self {
        Self { line: StatusLine::default(), last: now, tenths: 0 }
    }

    /// Says how it goes: at each call where a person watches, else every ten seconds or tenth.
    pub(crate) fn show(&mut self, what: &ProgressState<'_>, now: Instant, io: &mut Io<'_>) {
        if io.err_is_terminal {
            self.line.show(&format!("{}{}", bar(what.budget), words(what, now)), io);
            return;
        }
        let tenths = share(what.budget, 10).unwrap_or(0);
        let quiet = now.saturating_duration_since(self.last);
        if (tenths > self.tenths && quiet >= SHORT) || quiet >= QUIET {
            (self.last, self.tenths) = (now, tenths);
            let _ = writeln!(io.err, "{}", clean_line(&words(what, now)));
        }
    }

    /// Takes the line away, so that another can be written.
    pub(crate) fn clear(&mut self, io: &mut Io<'_>) {
        self.line.clear(io);
    }
}

fn done(budget: &BatchBudget) -> u64 {
    budget.done + budget.kept
}

/// So many parts of the whole are done, if it is known.
fn share(budget: &BatchBudget, parts: u64) -> Option<u64> {
    let total = budget.total.filter(|total| *total > 0)?;
    Some((done(budget).saturating_mul(parts) / total).min(parts))
}

fn bar(budget: &BatchBudget) -> String {
    let Some(full) = share(budget, BAR) else {
        return String::new();
    };
    let (full, rest) = (full as usize, (BAR - full) as usize);
    format!("[{}{}] ", "#".repeat(full), "-".repeat(rest))
}

fn words(ProgressState { budget, tally, open, unwritten, paused }: &ProgressState<'_>, now: Instant) -> String {
    let of = budget.total.map(|total| format!(" of {}", format::thousands(total))).unwrap_or_default();
    let mut parts = vec![format!("{}{of} done", format::thousands(done(budget)))];
    parts.extend(Some(tally.counts.others()).filter(|others| !others.is_empty()));
    if let Some(rate) = budget.rate(now) {
        parts.push(format!("{rate:.1}/s"));
    }
    let Spent { usage, cost } = tally.answers();
    parts.push(format!("{} tokens", format::all_tokens(&usage)));
    let spends = cost.amount().is_some_and(|amount| amount.0 > 0);
    // Before the first cell has ended nobody knows whether there is a price.
    let known = done(budget) > 0;
    parts.extend(known.then(|| match budget.projected_cost().filter(|_| spends) {
        Some(projected) if budget.left() != Some(0) => {
            format!("{cost} (about {} in the end)", projected.rough())
        }
        _ => cost.to_string(),
    }));
    if tally.judges != Judging::default() {
        parts.push(format!("judges: {}", format::spent(&tally.judges.spent())));
    }
    match (paused, budget.time_left(now)) {
        (Some(why), _) => parts.push(format!("paused: {why}")),
        (None, Some(left)) if budget.left() != Some(0) => {
            parts.push(format!("about {} left", format::rough_time(left)));
        }
        _ => {}
    }
    parts.push(format!("{open} at once"));
    if *unwritten > 0 {
        parts.push(format!("{unwritten} being written"));
    }
    parts.join(" · ")
}

/// A cell as a line of `--json`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct CellLine<'a> {
    event: &'static str,
    #[serde(flatten)]
    line: CellRecord<'a>,
}

/// A pause that nobody asked for, or its end, as a line of `--json`.
#[derive(Serialize)]
struct PauseLine<'a> {
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
}

/// The fold of a batch's events into what is told of it.
pub(crate) struct Watch {
    /// What is used.
    pub(crate) budget: BatchBudget,
    /// Everything but the cells; its lanes count as cells are told.
    pub(crate) whole: Whole,
    /// What all cells come to that have ended.
    tally: Tally,
    /// Cells whose turn has not come: those under way, and those that ended before one that began earlier.
    waiting: BTreeMap<CellIndex, Option<ReportCell>>,
    open: BTreeSet<CellIndex>,
    /// Calls under way at once, at most.
    concurrency: usize,
    /// The cells that did not pass, as they are listed, and how many more there are.
    pub(crate) failures: Vec<Vec<String>>,
    pub(crate) more: u64,
    /// The next steps that errors name: once for all cells of a provider.
    pub(crate) hints: BTreeSet<String>,
    /// Cells that ended and could not be recorded: told on standard output alone.
    pub(crate) unrecorded: u64,
    /// Where the reports read the cells; none where no report is wanted.
    pub(crate) spool: Option<Spool>,
    /// Why they cannot, if a cell could not be kept for them.
    pub(crate) unspooled: Option<io::Error>,
    json: bool,
    kept: StoredRuns,
    /// How the lanes compare.
    pub(crate) lanes: Lanes,
    /// Why nothing is started, if so.
    pub(crate) paused: Option<(String, Option<Cap>)>,
}

impl Watch {
    /// Begins before the first event.
    pub(crate) fn new(budget: BatchBudget, whole: Whole, concurrency: usize, spool: Option<Spool>, json: bool) -> Self {
        let kept = StoredRuns::new(whole.batch);
        Self {
            budget,
            whole,
            tally: Tally::default(),
            waiting: BTreeMap::new(),
            open: BTreeSet::new(),
            concurrency,
            failures: Vec::new(),
            more: 0,
            hints: BTreeSet::new(),
            unrecorded: 0,
            spool,
            unspooled: None,
            json,
            kept,
            lanes: Lanes::default(),
            paused: None,
        }
    }

    /// Takes an event in; the last one yields the end.
    pub(crate) async fn take(
        &mut self,
        event: BatchEvent,
        store: &Store,
        io: &mut Io<'_>,
    ) -> io::Result<Option<BatchEnd>> {
        match event {
            BatchEvent::Started { place } => {
                self.open.insert(place);
                self.waiting.insert(place, None);
            }
            BatchEvent::Reused { cell, row } => {
                self.budget.keep();
                let entry = self.was(store, *cell, &row).await;
                self.count(&entry);
                self.waiting.insert(entry.cell.place, Some(entry));
                self.print_ready(io)?;
            }
            BatchEvent::Cell { cell, outcome, row } => {
                self.open.remove(&cell.place);
                self.hints.extend(outcome.end.hints());
                let entry = ReportCell::of(*cell, &row, &outcome);
                if entry.cell.status == RunStatus::Cancelled {
                    self.budget.before([&entry.cell]);
                } else {
                    self.budget.take(&entry.cell);
                }
                self.count(&entry);
                self.waiting.insert(entry.cell.place, Some(entry));
                self.print_ready(io)?;
            }
            BatchEvent::Unrecorded { cell, outcome, row } => {
                self.open.remove(&cell.place);
                self.waiting.remove(&cell.place);
                let entry = ReportCell::of(*cell, &row, &outcome);
                self.budget.take(&entry.cell);
                self.unrecorded += 1;
                self.line("unrecorded", &entry, io)?;
                self.print_ready(io)?;
            }
            BatchEvent::Rows { read, all } => {
                if all {
                    let each = self.whole.lanes.len() as u64 * u64::from(self.whole.samples);
                    self.budget.total = Some(read.saturating_mul(each));
                }
            }
            BatchEvent::Paused { why, cap } => {
                self.budget.pause(Instant::now());
                if self.json && matches!(cap, None | Some(Cap::Account)) {
                    writeln!(io.out, "{}", json::to_line(&PauseLine { event: "paused", why: Some(&why) })?)?;
                }
                self.paused = Some((why, cap));
            }
            BatchEvent::Resumed => {
                self.budget.resume(Instant::now());
                if self.json && self.paused.is_some() {
                    writeln!(io.out, "{}", json::to_line(&PauseLine { event: "resumed", why: None })?)?;
                }
                self.paused = None;
            }
            BatchEvent::Ended { end } => {
                let waiting = std::mem::take(&mut self.waiting);
                for entry in waiting.into_values().flatten() {
                    self.report_cell(&entry, io)?;
                }
                return Ok(Some(end));
            }
        }
        Ok(None)
    }

    /// Joins a cell that was answered before with its texts, as the record has them.
    async fn was(&mut self, store: &Store, cell: Cell, row: &DatasetRow) -> ReportCell {
        match self.kept.run(store, cell.place, cell.run).await {
            Ok(Some(record)) => ReportCell::of(cell, row, &record.outcome),
            other => {
                let missing =
                    other.err().map_or_else(|| "the record has no run of it".to_owned(), |error| error.message);
                ReportCell {
                    line: row.line,
                    description: row.description.clone(),
                    input: row.input.clone(),
                    answer: cell.summary.clone(),
                    transcript: None,
                    error: Some(missing),
                    fallback: None,
                    given_up: Vec::new(),
                    quality: None,
                    cell,
                }
            }
        }
    }

    /// Takes in what earlier runs of the batch took for cells that have no answer yet, and what nobody knows of a run
    /// that was broken off with calls under way.
    pub(crate) fn before(&mut self, unanswered: &[Cell], crashed: bool) {
        for lane in &mut self.whole.lanes {
            let own = |cell: &&Cell| (cell.place.prompt, cell.place.target) == (lane.prompt, lane.target);
            unanswered.iter().filter(own).for_each(|cell| lane.tally.take_earlier(cell));
        }
        if let Some(first) = self.whole.lanes.first_mut().filter(|_| crashed) {
            first.tally.take_unknown();
        }
    }

    fn count(&mut self, entry: &ReportCell) {
        let quality = entry.quality.as_ref();
        self.tally.take(&entry.cell, quality);
        if self.whole.lanes.len() > 1 {
            self.lanes.take(&entry.cell);
        }
        let CellIndex { prompt, target, .. } = entry.cell.place;
        let lanes = &mut self.whole.lanes;
        if let Some(lane) = lanes.iter_mut().find(|lane| (lane.prompt, lane.target) == (prompt, target)) {
            lane.tally.take(&entry.cell, quality);
        }
    }

    /// Prints the cells whose turn has come.
    fn print_ready(&mut self, io: &mut Io<'_>) -> io::Result<()> {
        while let Some(first) = self.waiting.first_entry().filter(|first| first.get().is_some()) {
            if let Some(entry) = first.remove() {
                self.report_cell(&entry, io)?;
            }
        }
        Ok(())
    }

    fn line(&self, event: &'static str, entry: &ReportCell, io: &mut Io<'_>) -> io::Result<()> {
        let line = CellLine { event, line: CellRecord::of(&self.whole, entry) };
        writeln!(io.out, "{}", json::to_line(&line)?)
    }

    fn report_cell(&mut self, entry: &ReportCell, io: &mut Io<'_>) -> io::Result<()> {
        let status = entry.cell.status;
        if status == RunStatus::Cancelled {
            return Ok(());
        }
        // Whatever becomes of the reports, what is under way is paid for.
        if let Some(Err(error)) = self.spool.as_mut().map(|spool| spool.push(entry)) {
            (self.spool, self.unspooled) = (None, Some(error));
        }
        if self.json {
            self.line("cell", entry, io)?;
        }
        if matches!(status, RunStatus::Failed | RunStatus::Error | RunStatus::Inconclusive) {
            if self.failures.len() < LISTED {
                self.failures.push(listed(&self.whole, entry, &self.hints));
            } else {
                self.more += 1;
            }
        }
        Ok(())
    }

    /// Says how it goes.
    pub(crate) fn show(&self, progress: &mut ProgressLine, io: &mut Io<'_>) {
        let paused = self.paused.as_ref().map(|(why, _)| why.as_str());
        let open = self.open.len().min(self.concurrency);
        let unwritten = self.open.len() - open;
        let now = ProgressState { budget: &self.budget, tally: &self.tally, open, unwritten, paused };
        progress.show(&now, Instant::now(), io);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::batch::BatchLimits;

    #[tokio::test(start_paused = true)]
    async fn a_line_says_what_is_known_and_no_more() {
        let start = Instant::now();
        let mut budget = BatchBudget::new(BatchLimits::default(), Some(4000), start);
        (budget.done, budget.kept) = (600, 400);
        let mut tally = Tally::default();
        tally.take_unknown();
        (tally.counts.failed, tally.counts.inconclusive, tally.counts.error) = (3, 2, 1);
        let now = start + Duration::from_secs(60);
        let what = ProgressState { budget: &budget, tally: &tally, open: 5, unwritten: 3, paused: None };
        assert_eq!(
            words(&what, now),
            "1,000 of 4,000 done · 3 failed, 2 inconclusive, 1 error · 10.0/s · ? tokens · ? · about 5 min left · 5 at once · \
             3 being written"
        );
        assert_eq!(bar(&budget), "[#####---------------] ");
        let unknown = BatchBudget::new(BatchLimits::default(), None, start);
        let what =
            ProgressState { budget: &unknown, tally: &Tally::default(), open: 0, unwritten: 0, paused: Some("a cap") };
        assert_eq!(words(&what, now), "0 done · 0 tokens · paused: a cap · 0 at once");
        assert_eq!(bar(&unknown), "");
    }
}
