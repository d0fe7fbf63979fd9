//! How a batch goes: its verdicts as a bar, what is done, what it uses, what failed.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use crate::{
    app::{
        action::{Action, BatchAction, Verb},
        batch::{
            grid::Counts,
            run_state::{BatchState, ShownBatch},
            view::{item, lines, rule},
        },
        context::Scene,
        overlays::batch_ending::BatchEnding,
    },
    eval::stats::{Interval, wilson},
    model::{Cost, PicoDollars, RunStatus, batch::BatchLimits, outcome::Judging},
    pipeline::batch::{BatchEnd, budget::BatchBudget},
    text::format::{all_tokens, count, duration, rough_time, spent, thousands, whole_percent},
    widgets::{
        frame::{FlowItem, flow, mark, status_role},
        theme::Role,
    },
};

/// Draws the rule with the name of the batch, the bar, and what is done and used.
pub(crate) fn draw(scene: Scene<'_>, shown: &ShownBatch, area: Rect, buffer: &mut Buffer) {
    let spec = &shown.request.spec;
    let prompts: Vec<&str> = spec.prompts.iter().map(|(name, _)| name.as_str()).collect();
    let title = vec![scene.foreign(&format!("{} × {}", spec.name, prompts.join(", ")), Role::Title)];
    rule(scene, (title, state(scene, shown)), false, area, buffer);
    let inner = Rect { x: area.x.saturating_add(2), width: area.width.saturating_sub(4), ..area };
    let rest = Rect { y: inner.y.saturating_add(1), height: inner.height.saturating_sub(1), ..inner };
    let wide = usize::from(rest.width);
    let first = |items: Vec<FlowItem>| flow(items, wide, 1).into_iter().next().unwrap_or_default();
    let mut items = why(scene, shown).into_iter().collect::<Vec<_>>();
    let all = if rest.height <= 2 {
        items.extend(done(scene, shown, false));
        items.extend(left(scene, shown));
        items.extend(use_of(scene, shown));
        vec![bar(scene, shown, wide), first(items)]
    } else {
        items.extend(pace(scene, shown));
        items.extend(use_of(scene, shown));
        vec![bar(scene, shown, wide), first(done(scene, shown, true)), first(items)]
    };
    lines(all, rest, buffer);
}

/// Says what the batch does, and what to press where it does not go on.
fn state(scene: Scene<'_>, shown: &ShownBatch) -> Vec<Span<'static>> {
    let (word, role) = match &shown.state {
        BatchState::Starting => ("▸ starting", Role::Busy),
        BatchState::Running => ("▸ running", Role::Busy),
        BatchState::Paused(_) => ("‖ paused", Role::Wait),
        BatchState::Stopping => ("■ stopping", Role::Wait),
        BatchState::Over(BatchEnd::Complete) => ("✓ finished", Role::Pass),
        BatchState::Over(BatchEnd::Stopped) => ("■ stopped", Role::Wait),
        BatchState::Over(BatchEnd::Capped { .. }) => ("■ limit reached", Role::Wait),
        BatchState::Over(BatchEnd::Failed { .. }) => ("✗ cannot go on", Role::Fail),
        BatchState::Record => ("stored", Role::Quiet),
    };
    let (word, role) = if shown.what_if.is_some() { ("what if", Role::Wait) } else { (word, role) };
    if let Some(spans) = reading(scene, shown) {
        return spans;
    }
    let mut spans = vec![scene.span(word, role)];
    if let Some(ending) = shown.ending.as_ref().filter(|_| shown.state == BatchState::Record) {
        spans.push(scene.span("  ", Role::Text));
        spans.push(scene.span(ending.how, ending.role));
    }
    if BatchEnding::of_shown(shown).is_some_and(|ending| ending.why.is_some()) {
        spans.push(scene.span("  ", Role::Text));
        spans.push(scene.span(scene.key(BatchAction::BatchEnding), Role::Key));
        spans.push(scene.span(" why", Role::Text));
    }
    if shown.is_paused() || (shown.can_go_on() && shown.state != BatchState::Record) {
        spans.push(scene.span("  ", Role::Text));
        spans.push(scene.span(scene.key(BatchAction::Pause), Role::Key));
        spans.push(scene.span(" continue", Role::Text));
    }
    spans
}

/// Says how much of the cells was read, while they are not all here.
fn reading(scene: Scene<'_>, shown: &ShownBatch) -> Option<Vec<Span<'static>>> {
    let of = |read: u64, of: u64| match of {
        0 => thousands(read),
        of => format!("{} of {}", thousands(read), thousands(of.max(read))),
    };
    let (text, role) = match (&shown.reading, &shown.joining) {
        (Some(reading), _) if reading.stopped => {
            return Some(vec![scene.span(format!("■ read in part: {}", of(reading.read, reading.of)), Role::Wait)]);
        }
        (Some(reading), _) if reading.read > 0 => (format!("▸ reading {}", of(reading.read, reading.of)), Role::Busy),
        (None, Some(joining)) if joining.read > 0 => {
            (format!("▸ reading what it is compared with: {}", of(joining.read, joining.of)), Role::Busy)
        }
        (Some(_) | None, _) => return None,
    };
    let stop = [scene.span(scene.key(Verb::Leave), Role::Key), scene.span(" stop", Role::Text)];
    Some([vec![scene.span(text, role), scene.span("  ", Role::Text)], stop.to_vec()].concat())
}

/// What a cell of the bar stands for, with its glyph.
fn parts(counts: &Counts, total: u64) -> [(u64, &'static str, Role); 7] {
    let by = &counts.by;
    let todo = total.saturating_sub(counts.done + counts.busy);
    [
        (by.passed, "█", Role::Pass),
        (by.unchecked, "▓", Role::Text),
        (by.failed, "▒", Role::Fail),
        (by.inconclusive, "○", Role::Quiet),
        (by.error, "!", Role::Wait),
        (counts.busy, "░", Role::Busy),
        (todo, "·", Role::Quiet),
    ]
}

/// Shares so many columns among counts: each that is not 0 has one at least, as far as there are so many.
fn shares(counts: &[u64], columns: usize) -> Vec<usize> {
    let all: u64 = counts.iter().sum();
    if all == 0 {
        return vec![0; counts.len()];
    }
    let exact = |count: u64| count as f64 * columns as f64 / all as f64;
    let mut given: Vec<usize> =
        counts.iter().map(|count| (exact(*count) as usize).max(usize::from(*count > 0))).collect();
    while given.iter().sum::<usize>() < columns {
        let lacks =
            |at: usize| exact(counts.get(at).copied().unwrap_or(0)) - given.get(at).copied().unwrap_or(0) as f64;
        let Some(at) = (0..given.len()).max_by(|one, other| lacks(*one).total_cmp(&lacks(*other))) else { break };
        if let Some(own) = given.get_mut(at) {
            *own += 1;
        }
    }
    while given.iter().sum::<usize>() > columns {
        let Some(most) = given.iter_mut().max().filter(|most| **most > 0) else { break };
        *most -= 1;
    }
    given
}

/// Draws the verdicts as a bar, and how much is done.
fn bar(scene: Scene<'_>, shown: &ShownBatch, wide: usize) -> Line<'static> {
    let counts = shown.grid.counts();
    let read_of = shown.reading.as_ref().map(|reading| reading.of);
    let total = shown.total().or(read_of).unwrap_or(counts.done + counts.busy).max(counts.done);
    let over = matches!(shown.state, BatchState::Over(BatchEnd::Complete));
    let done = match (over, total) {
        (true, _) => "done".to_owned(),
        (false, 0) => String::new(),
        (false, total) => whole_percent(counts.done as f64 / total as f64),
    };
    let parts = parts(&counts, total);
    let columns = shares(&parts.map(|(count, _, _)| count), wide.saturating_sub(6));
    let mut line = Line::default();
    for ((_, glyph, role), columns) in parts.into_iter().zip(columns) {
        line.push_span(scene.span(glyph.repeat(columns), role));
    }
    line.push_span(scene.span(format!("{done:>6}"), Role::Number));
    line
}

/// Writes a pass rate with its interval.
pub(crate) fn rate(passed: u64, rated: u64) -> Option<String> {
    let Interval { low, high } = wilson(passed, rated)?;
    let share = passed as f64 / rated as f64;
    let end = |share: f64| whole_percent(share).trim_end_matches('%').to_owned();
    Some(format!("{} ({}–{})", whole_percent(share), end(low), end(high)))
}

/// How much is done and what came of it.
fn done(scene: Scene<'_>, shown: &ShownBatch, long: bool) -> Vec<FlowItem> {
    let counts = shown.grid.counts();
    let finished = match shown.total() {
        Some(total) => format!("{}/{}", thousands(counts.done), thousands(total)),
        None => thousands(counts.done),
    };
    let mut items = vec![item(scene, if long { format!("{finished} done") } else { finished }, Role::Number)];
    for status in
        [RunStatus::Passed, RunStatus::Failed, RunStatus::Error, RunStatus::Inconclusive, RunStatus::Unchecked]
    {
        let count = counts.by.of(status);
        let always = matches!(status, RunStatus::Passed | RunStatus::Failed);
        if count > 0 || always {
            let role = if count > 0 { status_role(status) } else { Role::Quiet };
            let word = match status {
                RunStatus::Error if count != 1 => " errors".to_owned(),
                status => format!(" {status}"),
            };
            items.push(item(
                scene,
                format!("{} {}{}", mark(status), thousands(count), if long { &word } else { "" }),
                role,
            ));
        }
    }
    if counts.busy > 0 && long {
        items.push(item(scene, format!("{} running", counts.busy), Role::Busy));
    }
    let passed = if long { " passed" } else { "" };
    let rate = rate(counts.by.passed, counts.by.rated());
    items.extend(rate.map(|rate| {
        let (share, interval) = rate.split_once(' ').unwrap_or((&rate, ""));
        vec![scene.span(format!("{share}{passed} "), Role::Title), scene.span(interval.to_owned(), Role::Quiet)]
    }));
    items
}

/// Says why it does not go on.
fn why(scene: Scene<'_>, shown: &ShownBatch) -> Option<FlowItem> {
    match &shown.state {
        BatchState::Paused(why) => Some(vec![scene.foreign(&format!("paused: {why}"), Role::Wait)]),
        BatchState::Over(BatchEnd::Capped { why, .. } | BatchEnd::Failed { why }) => {
            Some(vec![scene.foreign(why, Role::Wait)])
        }
        BatchState::Record => {
            let why = shown.ending.as_ref().and_then(|ending| ending.why.as_deref());
            why.map(|why| vec![scene.foreign(why, Role::Wait)])
        }
        BatchState::Over(BatchEnd::Complete | BatchEnd::Stopped)
        | BatchState::Starting
        | BatchState::Running
        | BatchState::Stopping => None,
    }
}

/// The shortest time that says how fast cells end.
const TELLING: std::time::Duration = std::time::Duration::from_millis(100);

/// How long it took so far, how fast cells end, and how long the rest will take.
fn pace(scene: Scene<'_>, shown: &ShownBatch) -> Vec<FlowItem> {
    let Some(budget) = &shown.budget else {
        return Vec::new();
    };
    let now = scene.now().at.into();
    let elapsed = budget.elapsed(now);
    let mut items = vec![item(scene, duration(elapsed), Role::Text)];
    let rate = budget.rate(now).filter(|_| elapsed >= TELLING);
    items.extend(rate.map(|rate| item(scene, format!("{rate:.1}/s"), Role::Text)));
    items.extend(left(scene, shown));
    if shown.is_busy() {
        let keys =
            [Action::Verb(Verb::FewerCalls), Action::Verb(Verb::MoreCalls)].map(|action| scene.key(action)).join(" ");
        items.push(vec![
            scene.span(format!("{} calls at once ", shown.concurrency), Role::Text),
            scene.span(keys, Role::Key),
        ]);
    }
    items
}

/// How long the rest will take, while it runs.
fn left(scene: Scene<'_>, shown: &ShownBatch) -> Option<FlowItem> {
    let now = scene.now().at.into();
    let budget = shown.budget.as_ref().filter(|budget| shown.is_busy() && budget.elapsed(now) >= TELLING)?;
    let left = budget.time_left(now).filter(|left| !left.is_zero())?;
    Some(item(scene, format!("≈ {} left", rough_time(left)), Role::Text))
}

/// What it used, and of which limits.
fn use_of(scene: Scene<'_>, shown: &ShownBatch) -> Vec<FlowItem> {
    let mut items = Vec::new();
    let Some(budget) = &shown.budget else {
        let tally = &shown.figures.total.tally;
        if tally.cells() > 0 {
            items.push(item(scene, format!("{} tok", all_tokens(&tally.answers().usage)), Role::Text));
            items.push(item(scene, tally.answers().cost.to_string(), Role::Text));
        }
        return items;
    };
    let BatchLimits { cost, tokens, time } = budget.caps;
    if budget.done > 0 || cost.is_some() || tokens.is_some() {
        let used = format!("{} tok", all_tokens(&budget.answers.usage));
        let of = tokens.map(|most| format!(" of {}", count(most))).unwrap_or_default();
        items.push(vec![
            scene.span(used, Role::Text),
            scene.span(of, near(budget.tokens as f64, tokens.map(|most| most as f64))),
        ]);
        let of =
            cost.map(|dollars| format!(" of {}", Cost::Known(PicoDollars((dollars.max(0.0) * 1e12).round() as u64))));
        let mut spans = vec![
            scene.span(budget.answers.cost.to_string(), Role::Text),
            scene.span(of.unwrap_or_default(), near(budget.cost.dollars(), cost)),
        ];
        if let Some(projected) = budget.projected_cost().filter(|cost| shown.is_busy() && cost.0 > 0) {
            spans.push(scene.span(format!(", ≈ {} at the end", projected.rough()), Role::Quiet));
        }
        items.push(spans);
        if budget.judging != Judging::default() {
            items.push(item(scene, format!("judges: {}", spent(&budget.judging.spent())), Role::Text));
        }
    }
    if let Some(most) = time {
        let elapsed = budget.elapsed(scene.now().at.into()).as_secs_f64();
        items.push(item(scene, format!("time limit {}", duration(most)), near(elapsed, Some(most.as_secs_f64()))));
    }
    let reused = reused(budget, shown);
    if reused > 0 {
        items.push(item(scene, format!("{} reused", thousands(reused)), Role::Origin));
    }
    items
}

/// Counts the cells that were answered before.
fn reused(budget: &BatchBudget, shown: &ShownBatch) -> u64 {
    shown.grid.counts().done.saturating_sub(budget.done)
}

/// How a limit is written: one that is nearly used up attracts attention.
fn near(used: f64, most: Option<f64>) -> Role {
    if most.is_some_and(|most| used >= most * 0.9) { Role::Wait } else { Role::Quiet }
}

/// Names what cells failed by, with how many.
pub(crate) fn failures(scene: Scene<'_>, failures: &[(String, u64, bool)]) -> Vec<FlowItem> {
    let each = |(name, count, error): &(String, u64, bool)| {
        let role = if *error { Role::Wait } else { Role::Fail };
        let name = if *error { format!("! {name}") } else { name.clone() };
        vec![scene.foreign(&name, role), scene.span(format!(" {count}"), Role::Number)]
    };
    failures.iter().map(each).collect()
}

/// Says in a few words how a batch goes, while it runs.
pub(crate) fn chip(scene: Scene<'_>, shown: &ShownBatch) -> Option<FlowItem> {
    if !shown.is_busy() {
        return None;
    }
    let counts = shown.grid.counts();
    let total = shown.total().map_or_else(|| "…".to_owned(), |total| total.to_string());
    let role = if shown.is_paused() { Role::Wait } else { Role::Busy };
    let paused = if shown.is_paused() { " paused" } else { "" };
    let mut item = vec![scene.span(format!("{}/{total}{paused}", counts.done), role)];
    let wrong = [RunStatus::Failed, RunStatus::Error, RunStatus::Inconclusive];
    let counted = wrong.into_iter().map(|status| (status, counts.by.of(status))).filter(|(_, count)| *count > 0);
    item.extend(counted.map(|(status, count)| scene.span(format!(" {}{count}", mark(status)), status_role(status))));
    Some(item)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills_its_columns_and_leaves_no_verdict_out() {
        assert_eq!(shares(&[94, 24, 2], 60), [47, 12, 1]);
        assert_eq!(shares(&[1000, 1, 0, 1], 40), [38, 1, 0, 1], "one of a thousand is there");
        assert_eq!(shares(&[0, 0], 10), [0, 0]);
        assert_eq!(shares(&[1, 1, 1], 2).iter().sum::<usize>(), 2, "less room than verdicts");
        for columns in 1..80 {
            assert_eq!(shares(&[3, 5, 7, 0, 11], columns).iter().sum::<usize>(), columns);
        }
    }

    #[test]
    fn a_rate_has_its_interval() {
        assert_eq!(rate(11, 14).as_deref(), Some("79% (52–92)"));
        assert_eq!(rate(0, 0), None);
    }
}
