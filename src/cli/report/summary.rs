//! The end of a run in a few lines: what was judged, and one line of numbers.

use std::time::Duration;

use crate::{
    eval::figures::{marked, spent, waited},
    model::{
        End, Outcome, Provenance,
        quality::{Quality, Status, Verdict},
    },
};

/// Writes a verdict that is no pass.
pub(super) fn judged(verdict: &Verdict) -> String {
    let mark = if verdict.status == Status::Failed { "FAIL" } else { "inconclusive" };
    let at = verdict.at.as_deref().filter(|at| !at.is_empty()).map(|at| format!(" at {at}")).unwrap_or_default();
    format!("{mark} {}{at}: {}", verdict.rule, verdict.reason)
}

/// Writes one line of numbers: end, model, tokens, cost, times, checks; each unknown left as `?`.
pub(super) fn figures(outcome: &Outcome) -> String {
    let usage = &outcome.usage;
    let side = |tokens: Option<u64>| marked(usage, tokens, |count| count.to_string());
    let mut parts = vec![outcome.status().word().to_owned(), outcome.target.clone()];
    if outcome.demo {
        parts.push("demonstration, no cost".to_owned());
    }
    parts.push(format!("{} tokens in, {} out", side(usage.total_input()), side(usage.total_output())));
    match outcome.provenance {
        Provenance::Live if outcome.demo => {}
        Provenance::Live if outcome.spent().is_nothing() && matches!(outcome.end, End::Failed { .. }) => {}
        Provenance::Live => parts.push(outcome.cost.to_string()),
        Provenance::Cached { .. } => parts.push("cached, $0 now; times of the original".to_owned()),
    }
    if let Some(first) = outcome.timing.first_token {
        parts.push(format!("first token {}", seconds(first)));
    }
    parts.push(seconds(outcome.timing.took()));
    parts.extend(waited(outcome.timing.waited));
    if outcome.attempts > 1 {
        parts.push(format!("{} attempts", outcome.attempts));
    }
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

/// Writes a stretch of time in seconds.
pub(super) fn seconds(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 1.0 { format!("{seconds:.2} s") } else { format!("{seconds:.1} s") }
}
