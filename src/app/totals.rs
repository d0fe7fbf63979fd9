//! What many runs come to, in a row: the same words on every screen, for a session and for what a list shows.

use std::time::Duration;

use crate::{
    app::context::Scene,
    eval::quality::{LiveFigures, Times},
    model::{Cost, PicoDollars, Spent, StatusCounts, outcome::Judging},
    pipeline::batch::budget::Estimate,
    text::format::{all_tokens, count, duration, share, spent, thousands},
    widgets::{frame::FlowItem, theme::Role},
};

/// Writes what cells will cost: low, expected, high.
pub(crate) fn costs(estimate: &Estimate) -> [String; 3] {
    let cost = [estimate.cost.low, estimate.cost.expected, estimate.cost.high];
    match estimate.unpriced {
        0 if estimate.cost.high == PicoDollars::default() => [(); 3].map(|()| "free".to_owned()),
        0 => cost.map(|cost| format!("≈ {}", cost.rough())),
        _ if !estimate.is_priced() => [(); 3].map(|()| "$?".to_owned()),
        _ => cost.map(|cost| format!("≥ {}", cost.rough())),
    }
}

/// What stands before the sums of what is listed.
pub(crate) fn listed(scene: Scene<'_>) -> FlowItem {
    vec![scene.span("Listed", Role::Title)]
}

/// Says that sums are still being worked out.
pub(crate) fn summing(scene: Scene<'_>) -> Vec<FlowItem> {
    vec![listed(scene), vec![scene.span("adding up …", Role::Quiet)]]
}

/// Sums up the runs a list is of, whether or not they were read into it: so many of judges stand in it beside them, and
/// in none of the figures.
pub(crate) fn of_list(scene: Scene<'_>, figures: &LiveFigures, of_judges: u64) -> Vec<FlowItem> {
    let LiveFigures { runs, counts, demo, spent, judges, unpriced, cached, times, .. } = *figures;
    let mut items = vec![listed(scene), self::runs(scene, runs)];
    if of_judges > 0 {
        items.push(vec![scene.span(format!("{} of judges apart", count(of_judges)), Role::Quiet)]);
    }
    items.push(cost(scene, spent.cost, unpriced, runs.saturating_sub(demo)));
    items.extend(passed_share(scene, &counts));
    if counts.error > 0 {
        items.push(errors(scene, counts.error));
    }
    items.push(tokens(scene, &spent));
    items.extend(times.map(|times| median(scene, millis(times.p50))));
    if cached > 0 {
        items.push(number(scene, count(cached), "cached"));
    }
    items.extend(judged(scene, judges));
    items
}

/// Writes a number and the noun it counts.
pub(crate) fn number(scene: Scene<'_>, number: String, noun: &str) -> FlowItem {
    vec![scene.span(number, Role::Number), scene.span(format!(" {noun}"), Role::Quiet)]
}

/// Counts things by their noun.
pub(crate) fn things(scene: Scene<'_>, count: u64, noun: &str) -> FlowItem {
    let noun = if count == 1 { noun.to_owned() } else { format!("{noun}s") };
    number(scene, thousands(count), &noun)
}

/// Writes all tokens of what was taken.
pub(crate) fn tokens(scene: Scene<'_>, spent: &Spent) -> FlowItem {
    number(scene, all_tokens(&spent.usage), "tok")
}

/// Writes the share of those that passed, of those that were checked; nothing where none was.
pub(crate) fn passed_share(scene: Scene<'_>, counts: &StatusCounts) -> Option<FlowItem> {
    let rated = counts.rated();
    (rated > 0).then(|| number(scene, share(counts.passed, rated), "passed"))
}

/// Writes the time that half of the answers stayed within.
pub(crate) fn median(scene: Scene<'_>, time: Duration) -> FlowItem {
    one(scene, "p50", duration(time))
}

/// Writes what judging took, where there was any.
fn judged(scene: Scene<'_>, judges: Judging) -> Option<FlowItem> {
    (judges != Judging::default()).then(|| one(scene, "judges", spent(&judges.spent())))
}

fn one(scene: Scene<'_>, label: &str, value: String) -> FlowItem {
    vec![scene.span(format!("{label} "), Role::Quiet), scene.span(value, Role::Number)]
}

/// Counts runs.
pub(crate) fn runs(scene: Scene<'_>, runs: u64) -> FlowItem {
    number(scene, count(runs), if runs == 1 { "run" } else { "runs" })
}

/// Writes figures, the same of the session and of all time.
pub(crate) fn counted(scene: Scene<'_>, figures: &LiveFigures) -> Vec<FlowItem> {
    let LiveFigures { runs, counts, demo, spent: all, judges, .. } = *figures;
    let mut items = vec![self::runs(scene, runs)];
    if counts.error > 0 {
        items.push(errors(scene, counts.error));
    }
    items.push(tokens(scene, &all));
    items.push(cost(scene, all.cost, figures.unpriced, runs.saturating_sub(demo)));
    items.extend(judged(scene, judges));
    items.extend(passed(scene, figures));
    if let Some(Times { n, p50, p95, .. }) = figures.times {
        items.push(median(scene, millis(p50)));
        // Of fewer answers it would be the slowest one.
        if let Some(p95) = p95.filter(|_| n >= 20) {
            items.push(one(scene, "p95", duration(millis(p95))));
        }
    }
    if figures.cached > 0 {
        items.push(number(scene, count(figures.cached), "cached"));
    }
    if let Some(first) = figures.first_token {
        items.push(one(scene, "first token", duration(millis(first.p50))));
    }
    items
}

/// Returns a time that is told in milliseconds.
pub(crate) fn millis(time: u32) -> Duration {
    Duration::from_millis(time.into())
}

/// How many of those that were checked passed.
pub(crate) fn passed(scene: Scene<'_>, figures: &LiveFigures) -> Option<FlowItem> {
    let counts = &figures.counts;
    let role = if counts.passed < counts.rated() { Role::Fail } else { Role::Pass };
    let all = format!("{}/{}", count(counts.passed), count(counts.rated()));
    (counts.rated() > 0).then(|| vec![scene.span(all, role), scene.span(" passed", Role::Quiet)])
}

fn errors(scene: Scene<'_>, errors: u64) -> FlowItem {
    let word = if errors == 1 { " error" } else { " errors" };
    vec![scene.span(count(errors), Role::Wait), scene.span(word, Role::Quiet)]
}

/// Writes the sum of the costs of so many runs. Runs of which it is not known are counted beside it; where no run
/// could cost anything there is no sum.
pub(crate) fn cost(scene: Scene<'_>, sum: Cost, unpriced: u64, runs: u64) -> FlowItem {
    if runs == 0 {
        return Vec::new();
    }
    if sum == Cost::Unknown {
        return vec![scene.span("price unknown", Role::Origin)];
    }
    let mut item = vec![scene.span(sum.to_string(), Role::Number)];
    if unpriced > 0 {
        item.push(scene.span(format!(" +{} of unknown price", count(unpriced)), Role::Origin));
    }
    item
}
