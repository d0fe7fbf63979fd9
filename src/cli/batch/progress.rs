//! How a batch goes, in one line that is written over on a terminal, and in a line now and then elsewhere.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    cli::{Io, status_line::StatusLine},
    eval::{Tally, figures},
    model::{Spent, outcome::Judging},
    pipeline::budget::Budget,
    text::clean_line,
};

/// How long nothing is said where nobody watches, at most.
const QUIET: Duration = Duration::from_secs(10);

/// How long nothing is said there, at least.
const SHORT: Duration = Duration::from_secs(1);

/// The digits of the bar.
const BAR: u64 = 20;

/// What was said so far.
pub(super) struct Progress {
    line: StatusLine,
    said: Instant,
    /// Tenths of the whole that were done then.
    tenths: u64,
}

/// What goes on.
pub(super) struct Now<'a> {
    /// What is used.
    pub(super) budget: &'a Budget,
    /// What came of the cells so far.
    pub(super) tally: &'a Tally,
    /// Cells under way.
    pub(super) open: usize,
    /// Cells that have ended and are not on record yet.
    pub(super) unwritten: usize,
    /// Why nothing is started, if so.
    pub(super) paused: Option<&'a str>,
}

impl Progress {
    /// Begins with nothing said.
    pub(super) fn new(now: Instant) -> Self {
        Self { line: StatusLine::default(), said: now, tenths: 0 }
    }

    /// Says how it goes: at each call where a person watches, else every ten seconds or tenth.
    pub(super) fn show(&mut self, what: &Now<'_>, now: Instant, io: &mut Io<'_>) {
        if io.err_is_terminal {
            self.line.show(&format!("{}{}", bar(what.budget), words(what, now)), io);
            return;
        }
        let tenths = share(what.budget, 10).unwrap_or(0);
        let quiet = now.saturating_duration_since(self.said);
        if (tenths > self.tenths && quiet >= SHORT) || quiet >= QUIET {
            (self.said, self.tenths) = (now, tenths);
            let _ = writeln!(io.err, "{}", clean_line(&words(what, now)));
        }
    }

    /// Takes the line away, so that another can be written.
    pub(super) fn clear(&mut self, io: &mut Io<'_>) {
        self.line.clear(io);
    }
}

fn done(budget: &Budget) -> u64 {
    budget.done + budget.kept
}

/// So many parts of the whole are done, if it is known.
fn share(budget: &Budget, parts: u64) -> Option<u64> {
    let total = budget.total.filter(|total| *total > 0)?;
    Some((done(budget).saturating_mul(parts) / total).min(parts))
}

fn bar(budget: &Budget) -> String {
    let Some(full) = share(budget, BAR) else {
        return String::new();
    };
    let (full, rest) = (full as usize, (BAR - full) as usize);
    format!("[{}{}] ", "#".repeat(full), "-".repeat(rest))
}

fn words(Now { budget, tally, open, unwritten, paused }: &Now<'_>, now: Instant) -> String {
    let of = budget.total.map(|total| format!(" of {}", grouped(total))).unwrap_or_default();
    let mut parts = vec![format!("{}{of} done", grouped(done(budget)))];
    parts.extend(Some(tally.counts.others()).filter(|others| !others.is_empty()));
    if let Some(rate) = budget.rate(now) {
        parts.push(format!("{rate:.1}/s"));
    }
    let Spent { usage, cost } = tally.answers();
    parts.push(format!("{} tokens", figures::all_tokens(&usage)));
    let spends = cost.amount().is_some_and(|amount| amount.0 > 0);
    // Before the first cell has ended nobody knows whether there is a price.
    let known = done(budget) > 0;
    parts.extend(known.then(|| match budget.projected_cost().filter(|_| spends) {
        Some(projected) if budget.left() != Some(0) => format!("{cost} (about {projected} in the end)"),
        _ => cost.to_string(),
    }));
    if tally.judges != Judging::default() {
        parts.push(format!("judges: {}", figures::spent(&tally.judges.spent())));
    }
    match (paused, budget.time_left(now)) {
        (Some(why), _) => parts.push(format!("paused: {why}")),
        (None, Some(left)) if budget.left() != Some(0) => parts.push(format!("{} left", figures::duration(left))),
        _ => {}
    }
    parts.push(format!("{open} at once"));
    if *unwritten > 0 {
        parts.push(format!("{unwritten} being written"));
    }
    parts.join(" · ")
}

/// Writes a count with its thousands apart.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::batch::Caps;

    #[tokio::test(start_paused = true)]
    async fn a_line_says_what_is_known_and_no_more() {
        let start = Instant::now();
        let mut budget = Budget::new(Caps::default(), Some(4000), start);
        (budget.done, budget.kept) = (600, 400);
        let mut tally = Tally::default();
        tally.take_unknown();
        (tally.counts.failed, tally.counts.inconclusive, tally.counts.error) = (3, 2, 1);
        let now = start + Duration::from_secs(60);
        let what = Now { budget: &budget, tally: &tally, open: 5, unwritten: 3, paused: None };
        assert_eq!(
            words(&what, now),
            "1,000 of 4,000 done · 3 failed, 2 inconclusive, 1 error · 10.0/s · ? tokens · ? · 5m 00s left · 5 at once · \
             3 being written"
        );
        assert_eq!(bar(&budget), "[#####---------------] ");
        let unknown = Budget::new(Caps::default(), None, start);
        let what = Now { budget: &unknown, tally: &Tally::default(), open: 0, unwritten: 0, paused: Some("a cap") };
        assert_eq!(words(&what, now), "0 done · 0 tokens · paused: a cap · 0 at once");
        assert_eq!(bar(&unknown), "");
    }

    #[test]
    fn thousands_stand_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}
