//! What each tab of the X-ray shows, as rows of a width.

use std::time::Duration;

use crate::{
    app::{
        context::Shared,
        overlays::xray::{ANSWER, WIDE, Xray, XrayTab, request},
    },
    model::{Cost, ModalityTokens, Outcome, Quality, RunEnd, Status, Verdict},
    pipeline::{
        TimedEvent,
        event::{RunEvent, sent_with},
    },
    present::{
        Tone,
        attachments::chip,
        tool_calls::{counts, transcript},
        xray::timeline::{PartKind, TimeAxis, TimelineRow, timeline},
    },
    text::{
        clean, clean_line,
        format::{bytes, counted, duration, modalities, rate, spent, tokens, unit, waited},
        truncate, width, wrapped_lines,
    },
    widgets::theme::Role,
};

/// A row: its pieces, each with how it looks.
pub(crate) type Row = Vec<(String, Role)>;

/// Columns of the labels of the timeline.
const LABEL: usize = 15;

/// Columns of its times.
const TOOK: usize = 9;

/// Rows of one check's reason at most.
const REASON: usize = 40;

/// Makes the rows of the tab that is shown.
pub(super) fn rows(xray: &Xray, wide: u16, shared: &Shared) -> Vec<Row> {
    let mut rows = if xray.is_old { wrapped(&xray.note, wide, Role::Wait) } else { Vec::new() };
    rows.extend(match xray.tab {
        XrayTab::Timeline => times(xray, wide, shared),
        XrayTab::Request => request(xray, wide, shared),
        XrayTab::Response => response(xray, wide),
        XrayTab::Checks => checks(xray, wide),
        XrayTab::Judge => judge(xray, wide),
    });
    rows
}

fn text(text: impl Into<String>, role: Role) -> Row {
    vec![(text.into(), role)]
}

/// Cleans a text from outside and breaks it into rows, none of them at its line breaks alone.
fn wrapped(words: &str, wide: u16, role: Role) -> Vec<Row> {
    wrapped_lines(words, wide).into_iter().map(|line| text(line, role)).collect()
}

/// The same of a text with lines of its own, which are kept.
fn block(words: &str, wide: u16, role: Role) -> Vec<Row> {
    let mut rows = crate::text::Wrapped::new(usize::from(wide.max(1)));
    rows.push(&clean(words));
    (0..rows.rows()).map(|row| text(rows.row(row).text.into_owned(), role)).collect()
}

fn times(xray: &Xray, wide: u16, shared: &Shared) -> Vec<Row> {
    let now = xray.run.filter(|_| xray.is_running).map(|start| shared.now.at.saturating_duration_since(start));
    let stretches = timeline(&xray.events, now);
    if stretches.is_empty() && xray.outcome().is_none() {
        let says = if xray.is_running { "Preparing …" } else { "Not run yet." };
        return vec![text(says, Role::Quiet)];
    }
    let mut rows =
        if wide >= WIDE { bars(&stretches, usize::from(wide)) } else { listed(&stretches, usize::from(wide)) };
    rows.push(Row::new());
    if let Some(outcome) = xray.outcome() {
        rows.extend(totals(&xray.events, outcome, wide));
    }
    for timed in &xray.events {
        if let RunEvent::Notice { notice, .. } = &timed.event {
            rows.extend(wrapped(&format!("! {notice}"), wide, Role::Wait));
        }
    }
    if let Some(quality) = &xray.quality {
        rows.push(Row::new());
        let names = quality.verdicts.iter().map(|verdict| width(&verdict.rule.to_string())).max().unwrap_or_default();
        rows.extend(in_order(quality).map(|verdict| verdict_row(verdict, names.min(24), usize::from(wide))));
    }
    rows
}

/// Lists the verdicts: failures first, the worst before the others, then those that could not be given.
pub(crate) fn in_order(quality: &Quality) -> impl Iterator<Item = &Verdict> {
    let passed = quality.verdicts.iter().filter(|verdict| verdict.status == Status::Passed);
    quality.worst_first().into_iter().chain(quality.inconclusive()).chain(passed)
}

/// A verdict in one row.
fn verdict_row(verdict: &Verdict, names: usize, wide: usize) -> Row {
    let (mark, role) = marked(verdict.status);
    let name = truncate(clean_line(&verdict.rule.to_string()).as_str(), names).into_owned();
    let most: String = verdict.reason.chars().take(wide).collect();
    let room = wide.saturating_sub(names + 4);
    let reason = clean_line(&most);
    let cut = width(reason.as_str()) > room;
    let reason =
        if cut { truncate(&format!("{}…", reason.as_str()), room).into_owned() } else { reason.as_str().to_owned() };
    let gap = " ".repeat(names.saturating_sub(width(&name)) + 2);
    vec![(format!("{mark} "), role), (name, Role::Title), (gap, Role::Text), (reason, Role::Text)]
}

fn marked(status: Status) -> (&'static str, Role) {
    match status {
        Status::Passed => ("✓", Role::Pass),
        Status::Failed => ("✗", Role::Fail),
        Status::Inconclusive => ("○", Role::Quiet),
    }
}

fn tone(tone: Tone) -> Role {
    match tone {
        Tone::Info => Role::Text,
        Tone::Warning => Role::Wait,
        Tone::Error => Role::Fail,
    }
}

fn padded(text: &str, columns: usize) -> String {
    let text = truncate(text, columns);
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(&text))))
}

fn took(row: &TimelineRow) -> String {
    let took = row.took.map(duration).unwrap_or_default();
    format!("{}{took}  ", " ".repeat(TOOK.saturating_sub(took.len())))
}

/// The timeline without bars: labels, times, reasons.
pub(crate) fn listed(stretches: &[TimelineRow], wide: usize) -> Vec<Row> {
    let room = wide.saturating_sub(LABEL + TOOK + 2);
    let row = |row: &TimelineRow| {
        let detail = truncate(clean_line(&row.detail).as_str(), room).into_owned();
        vec![(padded(&row.label, LABEL), Role::Title), (took(row), Role::Number), (detail, tone(row.tone))]
    };
    stretches.iter().map(row).collect()
}

/// The timeline with bars on one axis.
fn bars(stretches: &[TimelineRow], wide: usize) -> Vec<Row> {
    let detail = (wide / 3).clamp(28, 48);
    let columns = wide.saturating_sub(LABEL + TOOK + 2 + detail + 1).max(10);
    let axis = TimeAxis::new(stretches, columns);
    let mut rows = ruler(&axis, columns);
    rows.extend(stretches.iter().map(|row| {
        let mut out = vec![(padded(&row.label, LABEL), Role::Title)];
        out.extend(bar(row, &axis, columns));
        out.push((took(row), Role::Number));
        out.push((truncate(clean_line(&row.detail).as_str(), detail).into_owned(), tone(row.tone)));
        out
    }));
    rows
}

/// The times of the axis, and the line below them.
fn ruler(axis: &TimeAxis, columns: usize) -> Vec<Row> {
    let (mut names, mut line) = (" ".repeat(LABEL), " ".repeat(LABEL));
    let ticks = axis.ticks(10);
    let squeezed = axis.squeezed();
    for (column, at) in &ticks {
        let name = if at.is_zero() { "0s".to_owned() } else { duration(*at) };
        let gap = (LABEL + column).saturating_sub(width(&names));
        if LABEL + column + width(&name) <= LABEL + columns + 6 {
            names.push_str(&" ".repeat(gap));
            names.push_str(&name);
        }
    }
    for column in 0..=columns {
        line.push(if squeezed.iter().any(|at| column == *at || column == at + 1) {
            '╱'
        } else if column == 0 {
            '├'
        } else if column == columns {
            '┤'
        } else if ticks.iter().any(|(tick, _)| *tick == column) {
            '┼'
        } else {
            '─'
        });
    }
    vec![text(names, Role::Quiet), text(line, Role::Quiet)]
}

/// One row's bar: its parts between blanks.
fn bar(row: &TimelineRow, axis: &TimeAxis, columns: usize) -> Row {
    let mut out = Row::new();
    let mut at = 0;
    let squeezed = axis.squeezed();
    for part in &row.parts {
        let (from, to) = (axis.column(part.from).max(at).min(columns), axis.column(part.to).min(columns));
        if from > at {
            out.push((" ".repeat(from - at), Role::Text));
        }
        let long = to.saturating_sub(from);
        let (glyph, role) = match part.kind {
            PartKind::Work if row.tone == Tone::Info => ('█', Role::Busy),
            PartKind::Work => ('█', tone(row.tone)),
            PartKind::Stream => ('▒', Role::Pass),
            PartKind::Wait => ('░', Role::Wait),
            PartKind::Mark => ('▲', Role::Title),
        };
        let drawn: String = match (part.kind, long) {
            (PartKind::Mark, _) => glyph.to_string(),
            (_, 0) => "▏".to_owned(),
            (PartKind::Wait, long) => (from..from + long)
                .map(|column| if squeezed.iter().any(|at| column == *at || column == at + 1) { '╱' } else { glyph })
                .collect(),
            (_, long) => std::iter::repeat_n(glyph, long).collect(),
        };
        at = from + drawn.chars().count();
        out.push((drawn, role));
    }
    out.push((" ".repeat((columns + 1).saturating_sub(at)), Role::Text));
    out
}

/// What the run took in all, and who answered.
pub(crate) fn totals(events: &[TimedEvent], outcome: &Outcome, wide: u16) -> Vec<Row> {
    let timing = &outcome.timing;
    let mut parts = vec![format!("Total {}", duration(timing.total))];
    parts.extend(timing.response.map(|response| format!("answer {}", duration(response))));
    parts.extend(waited(timing.waited));
    parts.extend(speed(outcome).map(rate));
    if outcome.usage.total().is_some() {
        parts.push(format!("{} tokens", tokens(&outcome.usage)));
        parts.extend(modalities(ModalityTokens::of(&outcome.usage)));
    }
    parts.push(match outcome.spent().cost {
        Cost::Unknown => "price unknown".to_owned(),
        cost => cost.to_string(),
    });
    parts.extend(outcome.judging.map(|judging| format!("judges {}", spent(&judging.spent()))));
    let all = || events.iter().map(|timed| &timed.event);
    let key = all().find_map(|event| match event {
        RunEvent::Prepared { key, .. } if !key.is_empty() => Some(key.chars().take(8).collect::<String>()),
        _ => None,
    });
    parts.extend(key.map(|key| format!("cache key {key}")));
    let mut rows = wrapped(&parts.join(" · "), wide, Role::Text);
    let served = outcome.served.as_ref().unwrap_or(&outcome.model);
    let answered = !matches!(outcome.end, RunEnd::Failed { .. });
    let mut parts: Vec<String> = answered.then(|| format!("Served model {served}")).into_iter().collect();
    if outcome.fell_back() {
        parts.push(format!("fallback {} → {}", outcome.requested, outcome.target));
    }
    parts.extend(outcome.finish.as_ref().map(|finish| format!("finish {finish}")));
    let id = all().rev().find_map(|event| match event {
        RunEvent::Headers { request_id, .. } => request_id.clone(),
        _ => None,
    });
    parts.extend(id.map(|id| format!("request id {id}")));
    match outcome.answered_rounds() {
        0 => parts.push(counted(u64::from(outcome.attempts), "attempt")),
        _ => parts.extend(counts(outcome)),
    }
    if outcome.demo {
        parts.push("demo: made-up answers".to_owned());
    }
    rows.extend(wrapped(&parts.join(" · "), wide, Role::Text));
    let sent: Vec<String> = sent_with(events).map(|attachment| chip(attachment, true)).collect();
    if !sent.is_empty() {
        rows.extend(wrapped(&format!("Sent with {}", sent.join(" · ")), wide, Role::Text));
    }
    if outcome.end != RunEnd::Done {
        rows.extend(wrapped(&format!("! {}", outcome.end), wide, Role::Fail));
    }
    rows
}

/// The rate of an answer, where that means something.
fn speed(outcome: &Outcome) -> Option<f64> {
    let output = outcome.answer_usage().total_output()?;
    crate::model::usage::tokens_per_second(output, outcome.timing.generation?)
}

fn request(xray: &Xray, wide: u16, shared: &Shared) -> Vec<Row> {
    let shown = request::shown(xray, shared);
    let mut rows = wrapped(&shown.heading, wide, Role::Quiet);
    rows.push(Row::new());
    if let Some(error) = &shown.error {
        rows.extend(wrapped(&format!("! {error}"), wide, Role::Fail));
        return rows;
    }
    for line in &shown.head {
        rows.extend(wrapped(line, wide, Role::Title));
    }
    rows.push(Row::new());
    rows.extend(block(within(&shown.body), wide, Role::Text));
    rows.extend(cut_off(&shown.body));
    rows.push(Row::new());
    if !shown.filled.is_empty() {
        rows.extend(wrapped(&format!("Filled in: {}", shown.filled.join(" · ")), wide, Role::Text));
    }
    for notice in &shown.notices {
        rows.extend(wrapped(&format!("! {notice}"), wide, Role::Wait));
    }
    rows
}

/// The part of a text that is shown.
fn within(text: &str) -> &str {
    let end = (0..=ANSWER.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// Says how much of a text is not shown.
fn cut_off(whole: &str) -> Option<Row> {
    let left = whole.len() - within(whole).len();
    (left > 0).then(|| text(format!("… {} more are not shown", bytes(left as u64)), Role::Quiet))
}

fn response(xray: &Xray, wide: u16) -> Vec<Row> {
    let mut rows = Vec::new();
    for timed in &xray.events {
        let (at, event) = (duration(timed.at), &timed.event);
        let line = match event {
            RunEvent::Headers { attempt, status, request_id } => {
                let id = request_id.as_ref().map_or_else(String::new, |id| format!(" · request id {id}"));
                Some((format!("attempt {attempt}: HTTP {status}{id}"), Role::Title))
            }
            RunEvent::Delta { attempt, .. } => Some((format!("attempt {attempt}: first token"), Role::Text)),
            RunEvent::CallDelta { attempt, .. } => {
                Some((format!("attempt {attempt}: first token of a call"), Role::Text))
            }
            RunEvent::Called { attempt, call } => {
                let problem = call.problem.as_ref().map_or_else(String::new, |problem| format!(" · {problem}"));
                let role = if call.problem.is_some() { Role::Wait } else { Role::Text };
                Some((format!("attempt {attempt}: calls {} {}{problem}", call.name, call.arguments), role))
            }
            RunEvent::Replied { reply, content, took, .. } => {
                let role = if reply.failed { Role::Wait } else { Role::Text };
                Some((format!("{} answered after {}: {content}", reply.name, duration(*took)), role))
            }
            RunEvent::NextTurn { content, .. } => Some((format!("the user says: {content}"), Role::Text)),
            RunEvent::Usage { attempt, usage } => {
                Some((format!("attempt {attempt}: {} tokens", tokens(usage)), Role::Text))
            }
            RunEvent::Served { attempt, model } => Some((format!("attempt {attempt}: served by {model}"), Role::Text)),
            RunEvent::AttemptFailed { attempt, error, .. } => {
                let status = error.status.map_or_else(String::new, |status| format!("HTTP {status}, "));
                Some((format!("attempt {attempt}: {status}{error}"), Role::Wait))
            }
            RunEvent::Prepared { .. }
            | RunEvent::Cache { .. }
            | RunEvent::Queued { .. }
            | RunEvent::Skipped { .. }
            | RunEvent::Attempt { .. }
            | RunEvent::Notice { .. }
            | RunEvent::Judged { .. }
            | RunEvent::Checked { .. }
            | RunEvent::Ended { .. } => None,
        };
        if let Some((line, role)) = line {
            rows.extend(wrapped(&format!("{at}  {line}"), wide, role));
        }
    }
    rows.push(Row::new());
    let Some(outcome) = xray.outcome() else {
        let so_far = format!("{} came so far; the answer is shown here once it is complete", bytes(xray.coming as u64));
        let says = if xray.is_running { so_far.as_str() } else { "Not run yet." };
        rows.extend(wrapped(says, wide, Role::Quiet));
        return rows;
    };
    let kept = "The text as the model sent it; the events it came in are not kept.";
    rows.extend(wrapped(kept, wide, Role::Quiet));
    if outcome.text.is_empty() {
        rows.push(text("No text came.", Role::Quiet));
    }
    let shown = transcript(outcome);
    rows.extend(block(within(&shown), wide, Role::Text));
    rows.extend(cut_off(&shown));
    if !outcome.reasoning.is_empty() {
        rows.push(Row::new());
        rows.push(text("Reasoning", Role::Title));
        rows.extend(block(within(&outcome.reasoning), wide, Role::Reasoning));
        rows.extend(cut_off(&outcome.reasoning));
    }
    rows
}

fn checks(xray: &Xray, wide: u16) -> Vec<Row> {
    let Some(quality) = xray.quality.as_ref().filter(|quality| !quality.verdicts.is_empty()) else {
        return vec![text("Nothing was checked.", Role::Quiet)];
    };
    let (held, all) = quality.held();
    let mut rows = vec![text(format!("{held} of {all} checks passed"), Role::Title)];
    let score = quality.score().map(|score| {
        let least = quality.min_score.map_or_else(String::new, |least| format!(", at least {} passes", unit(least)));
        format!("score {}{least}", unit(score))
    });
    rows.extend(score.map(|score| text(score, Role::Text)));
    let own = xray.outcome().and_then(|outcome| outcome.quality.as_ref());
    if own.is_some_and(|own| own != quality) {
        let (held, all) = own.map(Quality::held).unwrap_or_default();
        let words = format!("Judged now, by the checks on the bench. When it was run: {held} of {all} passed");
        rows.extend(wrapped(&words, wide, Role::Origin));
    }
    rows.push(Row::new());
    for verdict in in_order(quality) {
        rows.extend(check(verdict, wide));
    }
    rows
}

/// A verdict with all that is known of it.
pub(crate) fn check(verdict: &Verdict, wide: u16) -> Vec<Row> {
    let (mark, role) = marked(verdict.status);
    let name = clean_line(&verdict.rule.to_string()).as_str().to_owned();
    let status = format!("  {}", verdict.status.word());
    let mut rows = vec![vec![(format!("{mark} "), role), (name, Role::Title), (status, role)]];
    let most: String = verdict.reason.chars().take(usize::from(wide) * REASON).collect();
    let indented = |row: String, role| vec![("    ".to_owned(), Role::Text), (row, role)];
    let room = wide.saturating_sub(4);
    if !most.is_empty() {
        rows.extend(wrapped_lines(&most, room).into_iter().take(REASON).map(|row| indented(row, Role::Text)));
    }
    let mut more = Vec::new();
    more.extend(verdict.at.as_ref().filter(|at| !at.is_empty()).map(|at| format!("at {at}")));
    more.extend(verdict.score.map(|score| format!("score {}", unit(score))));
    more.extend(verdict.credit.map(|credit| format!("counts {}", unit(credit))));
    if (verdict.weight - 1.0).abs() > f64::EPSILON {
        more.push(format!("weight {}", verdict.weight));
    }
    more.extend(verdict.metric.as_ref().map(|metric| format!("metric {metric}")));
    if !more.is_empty() {
        rows.extend(wrapped_lines(&more.join(" · "), room).into_iter().map(|row| indented(row, Role::Quiet)));
    }
    rows
}

fn judge(xray: &Xray, wide: u16) -> Vec<Row> {
    let all = xray.judges.all();
    if all.is_empty() {
        return vec![text("No judge was asked of this run.", Role::Quiet)];
    }
    let steps = xray.judges.steps();
    if steps.is_empty() {
        return vec![text(format!("Loading {} …", counted(all.len() as u64, "judge")), Role::Quiet)];
    }
    let mut rows = Vec::new();
    let people = xray.judges.agreement();
    for (place, step) in steps.iter().enumerate() {
        if let Some(words) = people.as_ref().filter(|_| place == 1) {
            for (line, words) in wrapped_lines(words, wide.saturating_sub(20)).into_iter().enumerate() {
                let lead =
                    if line == 0 { format!("{}{} ", " ".repeat(9), padded("people", 10)) } else { " ".repeat(20) };
                rows.push(vec![(lead, Role::Title), (words, Role::Text)]);
            }
        }
        let at: String = step.at.map(|at: Duration| duration(at)).unwrap_or_default();
        let head = format!("{}{at}  {} ", " ".repeat(7_usize.saturating_sub(at.len())), padded(step.what, 10));
        let room = wide.saturating_sub(20);
        let role = tone(step.tone);
        for (place, line) in wrapped_lines(step.detail.as_str(), room).into_iter().enumerate() {
            let lead = if place == 0 { head.clone() } else { " ".repeat(20) };
            rows.push(vec![(lead, Role::Title), (line, role)]);
        }
        if step.detail.as_str().is_empty() {
            rows.push(text(head, Role::Title));
        }
    }
    rows
}
