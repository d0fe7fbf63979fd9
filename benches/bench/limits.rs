//! A thousand servers with limits, made up: what a batch takes on each, measured by the best number of calls at once.

use std::collections::BTreeMap;

use crate::limited::Limited;

/// Prints how much longer than at best a batch takes, and where it takes longest.
#[divan::bench(sample_count = 1, sample_size = 1)]
fn limits() {
    let count: u64 = std::env::var("RETORT_BENCH_SERVERS").ok().and_then(|count| count.parse().ok()).unwrap_or(1000);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let mut ratios = Vec::new();
    let (mut calls, mut rows) = (0, 0);
    for seed in 0..count {
        let server = Limited::random(seed);
        let (best, at_once) = server.best();
        let batched = runtime.block_on(server.batch(64));
        assert_eq!((batched.done, batched.early), (server.count(), 0), "server {seed}: {batched:?}");
        (calls, rows) = (calls + batched.calls, rows + server.count());
        ratios.push((batched.seconds / best, seed, server, best, at_once, batched.seconds));
    }
    ratios.sort_by(|one, other| one.0.total_cmp(&other.0));
    let at = |share: f64| ratios[((ratios.len() - 1) as f64 * share) as usize].0;
    let over = ratios.iter().filter(|ratio| ratio.0 > 1.3).count();
    eprintln!(
        "{count} servers: median {:.3}, p90 {:.3}, p99 {:.3}, most {:.3}; {over} over 1.3; {:.2} calls a row",
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0),
        calls as f64 / rows as f64
    );
    let mut kinds: BTreeMap<(&str, String), f64> = BTreeMap::new();
    for (ratio, _, server, ..) in &ratios {
        let worst = kinds.entry((server.kind, format!("{:?}", server.says))).or_default();
        *worst = worst.max(*ratio);
    }
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_by(|one, other| other.1.total_cmp(&one.1));
    for ((kind, says), worst) in kinds.into_iter().take(6) {
        eprintln!("  at most {worst:.3} for {kind}, which says {says}");
    }
    for (ratio, seed, server, best, at_once, seconds) in ratios.iter().rev().take(8) {
        let (kind, says) = (server.kind, server.says);
        eprintln!("  {ratio:.3}: server {seed}, {kind}, {says:?}, {seconds:.1} s; {best:.1} s with {at_once} at once");
    }
}
