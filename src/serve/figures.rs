//! What `/metrics` says: sums over all calls since the start, as Prometheus reads them.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    model::{Outcome, Provenance},
    serve::report::CallReport,
};

/// The upper bounds of the times that calls are counted by, in seconds.
const BOUNDS: [f64; 12] = [0.005, 0.02, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];

/// Targets that are told apart, at most; what is beyond is counted under `other`.
const MOST_TARGETS: usize = 200;

/// Counted from the start of the endpoint; of targets so many are told apart.
#[derive(Debug, Default)]
pub(crate) struct ServeFigures(Mutex<Sums>);

#[derive(Debug, Default)]
struct Sums {
    in_flight: u64,
    requests: BTreeMap<(&'static str, String, u16), u64>,
    times: BTreeMap<&'static str, Times>,
    targets: BTreeMap<String, TargetSums>,
    checks: BTreeMap<&'static str, u64>,
    refused: BTreeMap<&'static str, u64>,
    cache_hits: u64,
    retries: u64,
    fallbacks: u64,
    untold: u64,
    unrecorded: u64,
}

#[derive(Debug, Default)]
struct Times {
    counts: [u64; BOUNDS.len()],
    all: u64,
    sum: Duration,
}

#[derive(Debug, Default)]
struct TargetSums {
    input: u64,
    output: u64,
    cache_read: u64,
    dollars: f64,
}

impl ServeFigures {
    fn sums(&self) -> MutexGuard<'_, Sums> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn begin(&self) {
        self.sums().in_flight += 1;
    }

    /// Counts a call that is over.
    pub(crate) fn end(&self, report: &CallReport) {
        let mut sums = self.sums();
        sums.in_flight = sums.in_flight.saturating_sub(1);
        let target = sums.target(report.target.as_deref().unwrap_or_default());
        *sums.requests.entry((report.route, target, report.status)).or_default() += 1;
        let times = sums.times.entry(report.route).or_default();
        let seconds = report.took.as_secs_f64();
        for (count, bound) in times.counts.iter_mut().zip(BOUNDS) {
            *count += u64::from(seconds <= bound);
        }
        times.all += 1;
        times.sum += report.took;
    }

    /// Counts what came of a run.
    pub(crate) fn outcome(&self, outcome: &Outcome) {
        let mut sums = self.sums();
        sums.cache_hits += u64::from(matches!(outcome.provenance, Provenance::Cached { .. }));
        sums.retries += u64::from(outcome.tries().saturating_sub(1));
        sums.fallbacks += u64::from(outcome.fell_back());
        *sums.checks.entry(outcome.status().word()).or_default() += 1;
        for attempt in &outcome.by_attempt {
            let target = sums.target(&attempt.target);
            let own = sums.targets.entry(target).or_default();
            let usage = attempt.spent.usage;
            own.input += usage.total_input().unwrap_or(0);
            own.output += usage.total_output().unwrap_or(0);
            own.cache_read += usage.cache_read.unwrap_or(0);
            own.dollars += attempt.spent.cost.amount().map_or(0.0, crate::model::PicoDollars::dollars);
        }
    }

    /// Counts a request that was refused before it was read; why, in one word.
    pub(crate) fn refused(&self, why: &'static str) {
        *self.sums().refused.entry(why).or_default() += 1;
    }

    /// Counts a call that whoever watches was not told of.
    pub(crate) fn untold(&self) {
        self.sums().untold += 1;
    }

    /// Counts an error of the record: of each kind one is told.
    pub(crate) fn unrecorded(&self) {
        self.sums().unrecorded += 1;
    }

    /// Writes all of them, and how many runs are not on record, and were not told to a collector.
    pub(crate) fn text(&self, unrecorded: u64, lost: u64) -> String {
        let sums = self.sums();
        let mut out = String::new();
        let one = |out: &mut String, name: &str, kind: &str, help: &str, value: u64| {
            head(out, name, kind, help);
            let _ = writeln!(out, "{name} {value}");
        };
        one(&mut out, "retort_serve_in_flight", "gauge", "Calls under way", sums.in_flight);
        head(&mut out, "retort_serve_requests_total", "counter", "Calls that are over, by route, target and status");
        for ((route, target, status), count) in &sums.requests {
            let target = escaped(target);
            let _ = writeln!(
                out,
                "retort_serve_requests_total{{route=\"{route}\",target=\"{target}\",status=\"{status}\"}} {count}"
            );
        }
        head(
            &mut out,
            "retort_serve_request_seconds",
            "histogram",
            "How long calls took, the provider's time included",
        );
        for (route, times) in &sums.times {
            for (bound, count) in BOUNDS.iter().zip(times.counts) {
                let _ =
                    writeln!(out, "retort_serve_request_seconds_bucket{{route=\"{route}\",le=\"{bound}\"}} {count}");
            }
            let _ = writeln!(out, "retort_serve_request_seconds_bucket{{route=\"{route}\",le=\"+Inf\"}} {}", times.all);
            let _ = writeln!(out, "retort_serve_request_seconds_sum{{route=\"{route}\"}} {}", times.sum.as_secs_f64());
            let _ = writeln!(out, "retort_serve_request_seconds_count{{route=\"{route}\"}} {}", times.all);
        }
        head(&mut out, "retort_serve_tokens_total", "counter", "Tokens of all attempts, by target");
        for (target, own) in &sums.targets {
            let target = escaped(target);
            for (kind, count) in [("input", own.input), ("output", own.output), ("cache_read", own.cache_read)] {
                let _ = writeln!(out, "retort_serve_tokens_total{{target=\"{target}\",kind=\"{kind}\"}} {count}");
            }
        }
        head(
            &mut out,
            "retort_serve_cost_dollars_total",
            "counter",
            "What all attempts cost, as far as prices are known",
        );
        for (target, own) in &sums.targets {
            let _ = writeln!(out, "retort_serve_cost_dollars_total{{target=\"{}\"}} {}", escaped(target), own.dollars);
        }
        head(&mut out, "retort_serve_runs_total", "counter", "Runs, by how their answers did in their checks");
        for (status, count) in &sums.checks {
            let _ = writeln!(out, "retort_serve_runs_total{{status=\"{status}\"}} {count}");
        }
        head(&mut out, "retort_serve_refused_total", "counter", "Requests refused before they were read");
        for (why, count) in &sums.refused {
            let _ = writeln!(out, "retort_serve_refused_total{{why=\"{why}\"}} {count}");
        }
        for (name, help, value) in [
            ("retort_serve_cache_hits_total", "Answers from the cache", sums.cache_hits),
            ("retort_serve_retries_total", "Attempts beyond the first of their run", sums.retries),
            ("retort_serve_fallbacks_total", "Runs answered by another target than the first", sums.fallbacks),
            ("retort_serve_untold_total", "Calls that were not shown, as too many came at once", sums.untold),
            ("retort_serve_record_errors_total", "Kinds of failure of the record", sums.unrecorded),
            ("retort_serve_unrecorded_total", "Runs that are not on record, as too many came at once", unrecorded),
            ("retort_serve_telemetry_lost_total", "Runs that the collector was not told", lost),
        ] {
            one(&mut out, name, "counter", help, value);
        }
        out
    }
}

impl Sums {
    /// Returns the name that a target is counted under.
    fn target(&self, name: &str) -> String {
        let known = self.targets.contains_key(name) || self.targets.len() < MOST_TARGETS;
        if known { name.to_owned() } else { "other".to_owned() }
    }
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}.\n# TYPE {name} {kind}");
}

fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
