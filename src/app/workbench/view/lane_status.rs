//! Below an answer: its verdicts, where it comes from, and its numbers.
//!
//! What a lane is doing: a mark and words, in as many words as there is room for.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use crate::{
    app::{
        action::{BenchAction, Verb},
        context::Scene,
        workbench::{
            Workbench,
            compare::LaneRelation,
            freshness::{JudgedBy, StaleWords},
            lane::{Lane, LaneRun, RunPhase},
            layout::LaneArea,
            run::is_demo,
        },
    },
    eval::groups::letter,
    model::{Grade, Provenance, Quality, RunStatus, Thumb},
    present::evidence,
    store::api::PairedComparison,
    text::format::{ago, count, countdown, duration, rate, spent, tokens, waited},
    widgets::{
        diff_view::summary,
        frame,
        frame::{FlowItem, flow},
        theme::Role,
        verdict_chips::{evidence_role, verdict_lines},
    },
};

/// The share of a lane's rows that its foot has at most, as a divisor, and the rows it has where that is less.
const SHARE: u16 = 3;
const LEAST: u16 = 2;

/// Counts the rows that the foot of a lane takes: what there is to say, at most a third of the lane.
pub(crate) fn foot_rows(scene: Scene<'_>, bench: &Workbench, lane: &Lane, area: &LaneArea) -> u16 {
    let most = (area.pane.height / SHARE).max(LEAST);
    u16::try_from(foot(scene, bench, lane, None, (area.foot.width, 0), most).len()).unwrap_or(most)
}

/// Draws what of the `state` the title has no room for, remarks, the verdicts, and in the last row the figures with the
/// `place` in the answer beside them.
pub(crate) fn draw(
    scene: Scene<'_>,
    bench: &Workbench,
    lane: &Lane,
    (state, place): (Option<Span<'static>>, Option<Line<'static>>),
    area: Rect,
    buffer: &mut Buffer,
) {
    let place = place.filter(|place| place.width() < usize::from(area.width));
    let beside = place.as_ref().map_or(0, |place| u16::try_from(place.width()).unwrap_or(u16::MAX));
    let lines = foot(scene, bench, lane, state, (area.width, beside), area.height);
    let first = usize::from(area.height).saturating_sub(lines.len());
    let last = area.bottom().saturating_sub(1);
    for (line, row) in lines.iter().zip(area.rows().skip(first)) {
        let width = if row.y == last { row.width - beside } else { row.width };
        buffer.set_line(row.x, row.y, line, width);
    }
    if let Some(place) = place.filter(|_| !area.is_empty()) {
        buffer.set_line(area.right() - beside, last, &place, beside);
    }
}

/// Columns below which a foot has figures in a second row where there is one, and fewer words.
pub(super) const NARROW: u16 = 60;

/// Writes the foot in at most so many rows of a width, of which the last leaves some columns to what is beside it. The
/// verdicts take theirs first, then the first row of remarks, the figures, and further remarks.
fn foot(
    scene: Scene<'_>,
    bench: &Workbench,
    lane: &Lane,
    state: Option<Span<'static>>,
    (width, beside): (u16, u16),
    most: u16,
) -> Vec<Line<'static>> {
    let (wide, most) = (usize::from(width), usize::from(most));
    let short = usize::from(width - beside);
    let remarks = remarks(scene, bench, lane, state, wide);
    let apart = usize::from(!remarks.is_empty() && most > 2);
    let opens = scene.key_where(BenchAction::OpenChecks, false);
    let quality = lane.shown().quality.as_ref();
    let verdicts = quality.map(|quality| verdict_lines(quality, wide, most - apart, &opens, scene.theme));
    let verdicts = verdicts.unwrap_or_default();
    let left = most.saturating_sub(verdicts.len() + apart);
    let figures = flow(numbers(scene, lane), short, left.min(if width < NARROW { 2 } else { 1 }));
    let room = most.saturating_sub(verdicts.len() + figures.len());
    let remarks = flow(remarks, if figures.is_empty() { short } else { wide }, room.min(2));
    [remarks, verdicts, figures].concat()
}

/// The figures of a lane and what failed first, in the order of their weight: for one line, past which they are left
/// out.
pub(crate) fn brief(scene: Scene<'_>, bench: &Workbench, lane: &Lane) -> Vec<FlowItem> {
    [numbers(scene, lane), remarks(scene, bench, lane, None, 0)].concat()
}

/// Says the first failure of the answer that is shown, for the status line; nothing of an old answer, nor of one that
/// is still coming.
pub(crate) fn first_failure(scene: Scene<'_>, run: &LaneRun) -> Option<FlowItem> {
    let quality = run.quality.as_ref().filter(|_| !run.is_stale() && !run.state.is_busy())?;
    let verdict = *quality.worst_first().first()?;
    let most: String = verdict.reason.chars().take(200).collect();
    Some(vec![scene.foreign(&format!("✗ {}: {most}", verdict.rule), Role::Fail)])
}

/// What there is to say of an answer besides its verdicts and figures.
fn remarks(
    scene: Scene<'_>,
    bench: &Workbench,
    lane: &Lane,
    state: Option<Span<'static>>,
    wide: usize,
) -> Vec<FlowItem> {
    let run = lane.shown();
    let state = state.map(|state| vec![state]).into_iter().collect();
    let judged = judged_by(scene, run);
    let sampled = groups(scene, lane);
    let (compared, origins) = (compared(scene, bench, lane), origins(scene, lane));
    // What one input says is no evidence, and gives way to everything else.
    let paired = bench.comparison(lane);
    let of = |some: bool| paired.filter(|paired| (paired.inputs > 1) == some).map(|it| evidence(scene, it, wide));
    let (some, none): (Vec<FlowItem>, Vec<FlowItem>) =
        (of(true).into_iter().collect(), of(false).into_iter().collect());
    [state, grade(scene, &run.grade), sampled, compared, some, judged, origins, none].concat()
}

/// Says by which checks the answer was judged, where those on the bench are others than it was asked for with.
fn judged_by(scene: Scene<'_>, run: &LaneRun) -> Vec<FlowItem> {
    match run.answer_state.judged_by {
        JudgedBy::Own => Vec::new(),
        JudgedBy::Bench => vec![vec![scene.span("judged now", Role::Origin)]],
        JudgedBy::Others => {
            let mut item = vec![scene.span("judged by other checks: ", Role::Wait)];
            item.extend(scene.hint(Verb::Run, "run"));
            vec![item]
        }
    }
}

/// Says what the record says of the lane against the baseline, in a row of its own at most.
fn evidence(scene: Scene<'_>, comparison: &PairedComparison, wide: usize) -> FlowItem {
    let sentence = evidence::comparison_sentence(comparison, ("better than ◆", "worse than ◆"), wide);
    vec![scene.span(sentence, evidence_role(comparison.evidence.shown))]
}

/// Says how the answer stands to what it is compared with.
fn compared(scene: Scene<'_>, bench: &Workbench, lane: &Lane) -> Vec<FlowItem> {
    match bench.relation(lane) {
        None => Vec::new(),
        Some(LaneRelation::Baseline) => vec![vec![scene.span("◆ baseline", Role::Origin)]],
        Some(LaneRelation::Differs(difference)) if lane.shown().is_stale() => {
            let old = vec![scene.span("old answers compared", Role::Quiet)];
            std::iter::once(old).chain(summary(difference, scene.theme)).collect()
        }
        Some(LaneRelation::Differs(difference)) => summary(difference, scene.theme),
        Some(LaneRelation::Waits(why)) => vec![vec![scene.span(why, Role::Quiet)]],
    }
}

/// Says what a person made of the answer.
fn grade(scene: Scene<'_>, grade: &Grade) -> Vec<FlowItem> {
    let mut item = Vec::new();
    item.extend(grade.stars.map(|stars| scene.span(format!("★{stars}"), Role::Title)));
    item.extend(grade.thumb.map(|thumb| match thumb {
        Thumb::Up => scene.span("▲", Role::Pass),
        Thumb::Down => scene.span("▼", Role::Fail),
    }));
    if !grade.comment.is_empty() {
        item.push(scene.span("“…”", Role::Quiet));
    }
    if item.is_empty() { Vec::new() } else { vec![item] }
}

/// Says how many samples are equal, and which group the one that is shown is in.
fn groups(scene: Scene<'_>, lane: &Lane) -> Vec<FlowItem> {
    if lane.samples() < 2 || lane.groups.is_empty() {
        return Vec::new();
    }
    let role = if lane.groups.agree() { Role::Pass } else { Role::Wait };
    let mut item = vec![scene.span(lane.groups.to_string(), role)];
    if let Some(group) = lane.groups.group_of(lane.shown_at()).filter(|_| lane.groups.groups.len() > 1) {
        item.push(scene.span(format!(" · this is {}", letter(group)), Role::Quiet));
    }
    vec![item]
}

/// Says how the answer came about, where that is not the plain way.
fn origins(scene: Scene<'_>, lane: &Lane) -> Vec<FlowItem> {
    let run = lane.shown();
    let mut items = Vec::new();
    let target = run.outcome.as_ref().map_or_else(|| run.meter.target(), |outcome| Some(outcome.target.as_str()));
    // An old answer may be one of another model than the lane has by now.
    let asked = run.origin.as_ref().map_or(&lane.spec.target, |origin| &origin.source.target);
    if let Some(to) = target
        && to != asked
    {
        let mut item = vec![
            scene.span("fallback ", Role::Origin),
            scene.foreign(asked, Role::Text),
            scene.span(" → ", Role::Origin),
            scene.foreign(to, Role::Text),
        ];
        if let Some(reason) = run.outcome.as_ref().and_then(|outcome| outcome.given_up.first()) {
            item.push(scene.span(format!(", {}", reason.error.class), Role::Text));
        }
        items.push(item);
    }
    if let Some(served) = run.meter.served() {
        items.push(vec![scene.span("served by ", Role::Origin), scene.foreign(served, Role::Text)]);
    }
    // What a target that was given up for another one failed with, the fallback above tells.
    let here = run.survived.iter().filter(|one| Some(one.target.as_str()) == run.meter.target());
    let (times, last) = here.fold((0, None), |(times, _), one| (times + 1, Some(&one.error)));
    if !matches!(run.state, RunPhase::Waiting { .. })
        && let Some(error) = last
    {
        let status = error.status.map_or_else(|| error.class.to_string(), |status| status.to_string());
        let again = if times == 1 { "1 retry".to_owned() } else { format!("{times} retries") };
        items.push(vec![scene.span(again, Role::Origin), scene.span(format!(" after {status}"), Role::Text)]);
    }
    if !run.notices.is_empty() {
        let count = run.notices.len();
        let what = if count == 1 { "1 notice".to_owned() } else { format!("{count} notices") };
        items.push(vec![scene.span(what, Role::Wait)]);
    }
    items
}

fn numbers(scene: Scene<'_>, lane: &Lane) -> Vec<FlowItem> {
    let run = lane.shown();
    let Some(elapsed) = run.elapsed(scene.now()) else {
        return Vec::new();
    };
    let one = |label: &str, value: String| {
        let mut item = vec![scene.span(value, Role::Number)];
        if !label.is_empty() {
            item.insert(0, scene.span(format!("{label} "), Role::Quiet));
        }
        item
    };
    let mut items = vec![one("", duration(elapsed))];
    let outcome = run.outcome.as_ref();
    if let Some(waited) = outcome.and_then(|outcome| waited(outcome.timing.waited)) {
        items.push(vec![scene.span(waited, Role::Wait)]);
    }
    if let Some(first) = run.meter.first_token() {
        items.push(one("first token", duration(first)));
    }
    if let Some(speed) = run.meter.tokens_per_second() {
        items.push(one("", rate(speed)));
    }
    let so_far = run.meter.tokens();
    match &run.outcome {
        Some(outcome) if outcome.usage.total().is_some() => {
            items.push(vec![scene.span(tokens(&outcome.usage), Role::Number), scene.span(" tok", Role::Quiet)]);
        }
        _ if so_far.count > 0 => items.push(vec![
            scene.span(format!("{}{}", if so_far.estimated { "~" } else { "" }, count(so_far.count)), Role::Number),
            scene.span(" tok", Role::Quiet),
        ]),
        _ => return items,
    }
    if !shows_demo(scene, lane) {
        items.push(one("", run.meter.cost().to_string()));
    }
    if let Some(judging) = outcome.and_then(|outcome| outcome.judging) {
        items.push(one("judges", spent(&judging.spent())));
    }
    items.push(vec![from(scene, lane)]);
    items
}

/// Names the source of the numbers.
fn from(scene: Scene<'_>, lane: &Lane) -> Span<'static> {
    if shows_demo(scene, lane) {
        return scene.span("demo", Role::Demo);
    }
    match lane.shown().outcome.as_ref().map(|outcome| outcome.provenance) {
        Some(Provenance::Cached { stored }) => {
            scene.span(format!("cached, from {}", ago(stored, scene.now().time)), Role::Origin)
        }
        Some(Provenance::Live | Provenance::Batch | Provenance::Imported { .. }) | None => {
            match lane.shown().origin.as_ref().filter(|origin| origin.stored) {
                Some(origin) => {
                    scene.span(format!("from history, {}", ago(origin.started, scene.now().time)), Role::Origin)
                }
                None => scene.span("live", Role::Quiet),
            }
        }
    }
}

/// What a lane's state looks like.
struct Sign {
    mark: &'static str,
    role: Role,
    /// The same in words, the longest first.
    words: Vec<String>,
    /// How many of these, from the first on, leave nothing out.
    whole: usize,
}

fn sign(mark: &'static str, role: Role, words: &[&str]) -> Sign {
    Sign { mark, role, words: words.iter().map(|word| (*word).to_owned()).collect(), whole: 1 }
}

/// The state of a run; of an old answer what it is from.
fn sign_of(scene: Scene<'_>, bench: &Workbench, run: &LaneRun) -> Sign {
    let sign = state_of(scene, run);
    if run.state.is_busy() {
        return sign;
    }
    let came = sign.words.first().map_or("", String::as_str);
    let Some(StaleWords { brief, .. }) = bench.stale_words(run, scene.now().time) else {
        return sign;
    };
    let words =
        vec![format!("{came}  from {brief}"), format!("from {brief}"), "old answer".to_owned(), "old".to_owned()];
    // The strip over the answer has the rest.
    Sign { mark: sign.mark, role: Role::Quiet, whole: words.len(), words }
}

fn state_of(scene: Scene<'_>, run: &LaneRun) -> Sign {
    match &run.state {
        RunPhase::Idle => sign("", Role::Quiet, &["not run"]),
        RunPhase::Queued(_) => {
            let left = run.queued_for(scene.now()).map(countdown);
            let words = left.map(|left| format!("queued, at most {left}")).into_iter();
            Sign { mark: "⟳", role: Role::Wait, words: words.chain(["queued".to_owned()]).collect(), whole: 1 }
        }
        RunPhase::Running if run.answer.is_empty() && run.reasoning.is_empty() => {
            sign("▸", Role::Busy, &["waiting for a token", "waiting"])
        }
        RunPhase::Running => {
            let does = if run.shows_reasoning() { "reasoning" } else { "streaming" };
            let (tries, most) = (run.tries(), scene.shared.settings.retry.attempts);
            let again = (tries > 1).then(|| format!("{does} {tries}/{most}"));
            Sign {
                mark: "▸", role: Role::Busy, words: again.into_iter().chain([does.to_owned()]).collect(), whole: 1
            }
        }
        RunPhase::Asking => {
            let name = run.awaited().map(|waiting| waiting.call.name).unwrap_or_default();
            let name = crate::text::clean_line(&name);
            let words = vec![format!("{name} waits for your result"), "waits for you".to_owned(), "yours".to_owned()];
            Sign { mark: "?", role: Role::Wait, words, whole: 1 }
        }
        RunPhase::Waiting { .. } => {
            let left = countdown(run.wait_left(scene.now()).unwrap_or_default());
            let (next, most) = (run.tries() + 1, scene.shared.settings.retry.attempts);
            let words = vec![format!("{next}/{most} {left}"), left];
            Sign { mark: "⟳", role: Role::Wait, words, whole: 1 }
        }
        RunPhase::Cached { .. } | RunPhase::Done => judged(run),
        RunPhase::Interrupted => sign("!", Role::Wait, &["cut off"]),
        RunPhase::Accepted => sign("!", Role::Wait, &["cut off, kept", "cut off"]),
        RunPhase::Failed => {
            let class = run.outcome.as_ref().and_then(|outcome| outcome.end.class()).map(|class| class.to_string());
            let words: Vec<String> = class.into_iter().chain(["error".to_owned()]).collect();
            Sign { mark: "!", role: Role::Wait, whole: words.len(), words }
        }
        RunPhase::Cancelled => sign("■", Role::Quiet, &["stopped"]),
    }
}

/// How an answer that is whole came out: the checks that passed, of those that were applied.
fn judged(run: &LaneRun) -> Sign {
    let status = run.quality.as_ref().map_or(RunStatus::Unchecked, Quality::status);
    let (passed, all) = run.quality.as_ref().map(Quality::held).unwrap_or_default();
    let words = if all == 0 { vec!["unchecked".to_owned(), String::new()] } else { vec![format!("{passed}/{all}")] };
    Sign { mark: frame::mark(status), role: frame::status_role(status), whole: words.len(), words }
}

/// The state as far as there is room for it, and the whole of it where that is more.
pub(crate) struct Said {
    /// Fits the room; the mark alone where no words do.
    pub(crate) short: Line<'static>,
    /// All of it, unless `short` says it.
    pub(crate) rest: Option<Span<'static>>,
}

/// The mark of a run's state alone, for a bar of names; of an old answer with a mark that it is one.
pub(crate) fn mark(scene: Scene<'_>, bench: &Workbench, run: &LaneRun) -> Span<'static> {
    let sign = sign_of(scene, bench, run);
    let old = if is_marked_old(run) { OLD } else { "" };
    scene.span(format!("{old}{}", sign.mark), sign.role)
}

/// Tells whether a run is marked as an old answer; one under way is marked as that.
fn is_marked_old(run: &LaneRun) -> bool {
    run.is_stale() && !run.state.is_busy()
}

/// The mark of an old answer.
pub(crate) const OLD: &str = "┄";

/// Says the state in at most so many columns; its mark is always said. What an old answer is from, the strip over it
/// says in full.
pub(crate) fn say(scene: Scene<'_>, bench: &Workbench, run: &LaneRun, room: usize) -> Said {
    let sign = sign_of(scene, bench, run);
    let style = scene.theme.style(sign.role);
    let marked = |words: &str| {
        let gap = if sign.mark.is_empty() || words.is_empty() { "" } else { " " };
        Span::styled(format!("{}{gap}{words}", sign.mark), style)
    };
    let fits = sign.words.iter().position(|words| marked(words).width() <= room);
    let short = fits.and_then(|at| sign.words.get(at)).map_or_else(|| mark(scene, bench, run), |words| marked(words));
    let is_cut = fits.is_none_or(|at| at >= sign.whole) && !is_marked_old(run);
    let rest = sign.words.first().filter(|_| is_cut).map(|words| marked(words));
    Said { short: Line::from(short), rest }
}

/// Tells whether a lane's numbers are a demonstration: those it shows, or those a run would bring.
pub(crate) fn shows_demo(scene: Scene<'_>, lane: &Lane) -> bool {
    let run = lane.shown();
    let requested = run.meter.target().unwrap_or(&lane.spec.target);
    run.outcome.as_ref().map_or_else(|| is_demo(scene.shared, requested), |outcome| outcome.demo)
}
