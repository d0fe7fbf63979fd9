//! How the traffic screen is drawn: the line above, the calls, and the one under the cursor.

use ratatui::{
    buffer::Buffer,
    layout::{Margin, Rect},
    text::{Line, Span},
};

use crate::{
    app::{
        action::{TrafficAction, Verb},
        context::Scene,
        traffic::{Traffic, TrafficAreas, TrafficLine, TrafficRow, areas},
    },
    model::traffic::{LiveCall, LiveState},
    text::format::{counted, duration},
    widgets::{
        frame::{FlowItem, Hold, flow, pane, text_area},
        table::{RowCursor, TableColumn, Width, fitted, right, table},
        theme::Role,
    },
};

/// Writes what of a call can be looked for.
pub(crate) fn words_of(call: &LiveCall) -> String {
    let model = call.model.as_deref().unwrap_or_default();
    let target = call.target.as_deref().unwrap_or_default();
    let status = call.status.map_or_else(String::new, |status| status.to_string());
    format!(
        "{} {} {model} {target} {status} {} {}",
        call.route,
        call.state.word(),
        call.outcome.as_deref().unwrap_or_default(),
        call.says
    )
}

/// Draws the screen.
pub(crate) fn draw(scene: Scene<'_>, traffic: &Traffic, buffer: &mut Buffer) {
    let body = scene.shared.body.intersection(buffer.area);
    let TrafficAreas { head, table, call } = areas(body, traffic.reading);
    draw_head(scene, traffic, head, buffer);
    if !table.is_empty() {
        draw_rows(scene, traffic, table, buffer);
    }
    if !call.is_empty() && traffic.chosen().is_some() {
        draw_call(scene, traffic, call, buffer);
    }
}

fn draw_head(scene: Scene<'_>, traffic: &Traffic, area: Rect, buffer: &mut Buffer) {
    let area = area.inner(Margin::new(1, 0));
    let first = Rect { height: 1.min(area.height), ..area };
    match traffic.line {
        TrafficLine::Hold => scene.line(&traffic.holding, "Hold calls with: ", "a text of the request", first, buffer),
        TrafficLine::Fail => {
            let form = "[STATUS] [next N] [a text of the request]";
            scene.line(&traffic.failing, "Fail calls: ", form, first, buffer);
        }
        TrafficLine::Filter => scene.line(&traffic.filter, "Filter: ", "words of model, status, text", first, buffer),
        TrafficLine::None if !traffic.filter.is_empty() => {
            let words = format!("Filter: {}", traffic.filter.text());
            buffer.set_line(first.x, first.y, &Line::from(scene.foreign(&words, Role::Text)), first.width);
        }
        TrafficLine::None => {
            let hint = scene.hint(Verb::Filter, "filters by words of model, status, text");
            buffer.set_line(first.x, first.y, &Line::from(hint), first.width);
        }
    }
    let mut items: Vec<FlowItem> = Vec::new();
    if let Some(problem) = &traffic.problem {
        items.push(vec![scene.foreign(problem, Role::Wait)]);
    } else {
        if let Some(text) = &traffic.live.hold {
            let count = traffic.live.calls.iter().filter(|call| call.state == LiveState::Held).count();
            items.push(vec![scene.foreign(&format!("⟳ holds calls with “{text}”: {count} held"), Role::Wait)]);
            items.push(scene.hint(TrafficAction::HoldCalls, "holds none"));
        }
        if let Some(rule) = &traffic.live.fail {
            items.push(vec![scene.foreign(&format!("! fails {rule}"), Role::Fail)]);
            items.push(scene.hint(TrafficAction::FailCalls, "fails none"));
        }
        if items.is_empty() {
            items.push(vec![scene.span("listening to the endpoint", Role::Quiet)]);
        }
    }
    if !traffic.marked.is_empty() {
        items.push(vec![scene.span(format!("● {} marked", traffic.marked.len()), Role::Wait)]);
    }
    if let (Some(line), true) = (flow(items, usize::from(area.width), 1).into_iter().next(), area.height > 1) {
        buffer.set_line(area.x, area.y + 1, &line, area.width);
    }
}

fn draw_rows(scene: Scene<'_>, traffic: &Traffic, area: Rect, buffer: &mut Buffer) {
    let rows = traffic.rows();
    if rows.is_empty() {
        let place = area.inner(Margin::new(1, 0));
        let words = if traffic.filter.is_empty() {
            "No calls yet. Start `retort serve`, and point a program at the address that it prints."
        } else {
            "No call is like that."
        };
        let mut line = Line::from(scene.span(words, Role::Quiet));
        if !traffic.filter.is_empty() {
            line.push_span(Span::raw(" "));
            line.spans.extend(scene.hint(Verb::Leave, "clears the filter"));
        }
        buffer.set_line(place.x, place.y + 1, &line, place.width);
        return;
    }
    let wide = area.width >= 100;
    let mut columns = vec![
        TableColumn::new("", Width::Fixed(1)),
        TableColumn::new("time", Width::Fixed(8)),
        TableColumn::new("result", Width::Fixed(12)),
        TableColumn::new("model", Width::Share(2, 10)),
        TableColumn::new("took", Width::Fixed(7)).right(),
    ];
    if wide {
        columns.push(TableColumn::new("cost", Width::Fixed(10)).right());
    }
    columns.push(TableColumn::new("text", Width::Share(5, 12)));
    table(&traffic.table, &columns, RowCursor::Row, area, scene.theme, buffer, |row, column, width| {
        let Some(row) = rows.get(row) else { return Line::default() };
        let column = if wide || column < 5 { column } else { column + 1 };
        cell(scene, traffic, *row, column, width)
    });
}

fn cell(scene: Scene<'_>, traffic: &Traffic, row: TrafficRow<'_>, column: usize, width: usize) -> Line<'static> {
    let text = |text: &str, role: Role| Line::from(scene.foreign(&fitted(&one_line(text), width), role));
    let number = |text: &str| Line::from(scene.span(right(text, width), Role::Number));
    match column {
        0 if row.run().is_some_and(|run| traffic.marked.contains(&run)) => Line::from(scene.span("●", Role::Wait)),
        0 => Line::default(),
        1 => {
            let time = match row {
                TrafficRow::Live(call) => call.began,
                TrafficRow::Stored(entry) => entry.started,
            };
            text(&time.to_zoned(scene.shared.zone.clone()).strftime("%H:%M:%S").to_string(), Role::Quiet)
        }
        2 => {
            let (words, role) = result(row);
            text(&words, role)
        }
        3 => match row {
            TrafficRow::Live(call) => {
                let model = call.model.as_deref().unwrap_or("-");
                let by = call.target.as_deref().filter(|target| *target != model);
                text(&by.map_or_else(|| model.to_owned(), |by| format!("{model} by {by}")), Role::Text)
            }
            TrafficRow::Stored(entry) => text(&entry.target, Role::Text),
        },
        4 => match row {
            TrafficRow::Live(call) => {
                let told = std::time::Duration::from_millis(call.took);
                // What is told of a call under way is as old as the last news.
                let since = scene.now().time.duration_since(call.began).try_into().unwrap_or_default();
                number(&duration(if call.state == LiveState::Over { told } else { told.max(since) }))
            }
            TrafficRow::Stored(entry) => number(&entry.took.map_or_else(|| "-".to_owned(), duration)),
        },
        5 => match row {
            TrafficRow::Live(call) => number(&call.cost.map_or_else(String::new, |cost| cost.to_string())),
            TrafficRow::Stored(entry) => number(&entry.cost.to_string()),
        },
        _ => match row {
            TrafficRow::Live(call) => text(&call.says, Role::Text),
            TrafficRow::Stored(entry) => text(&entry.input, Role::Text),
        },
    }
}

/// Says how a call came out, with a mark.
fn result(row: TrafficRow<'_>) -> (String, Role) {
    match row {
        TrafficRow::Live(call) => match (call.state, call.status) {
            (LiveState::Held, _) => ("⟳ held".to_owned(), Role::Wait),
            (LiveState::Running, _) => ("▸ running".to_owned(), Role::Busy),
            (LiveState::Over, Some(499)) => ("■ left".to_owned(), Role::Quiet),
            (LiveState::Over, Some(status)) if status >= 400 => (format!("! {status}"), Role::Fail),
            (LiveState::Over, status) => {
                let failed = matches!(call.outcome.as_deref(), Some("failed"));
                let mark = if failed { "✗" } else { "✓" };
                let cached = if call.cached { " cached" } else { "" };
                let status = status.map_or_else(String::new, |status| status.to_string());
                (format!("{mark} {status}{cached}"), if failed { Role::Fail } else { Role::Pass })
            }
        },
        TrafficRow::Stored(entry) => match entry.status {
            Some(status) => {
                let mark = crate::widgets::frame::mark(status);
                (format!("{mark} {status}"), crate::widgets::frame::status_role(status))
            }
            None => (entry.end.clone(), Role::Busy),
        },
    }
}

fn draw_call(scene: Scene<'_>, traffic: &Traffic, area: Rect, buffer: &mut Buffer) {
    let title = match traffic.chosen() {
        Some(TrafficRow::Live(call)) => format!("call {}", call.id),
        Some(TrafficRow::Stored(entry)) => format!("run {}", entry.run.short()),
        None => return,
    };
    let hold = if traffic.reading { Hold::Focused } else { Hold::Away };
    let inner = text_area(area).intersection(buffer.area);
    let shown = usize::from(inner.height);
    let rows = traffic.body.rows();
    let right = if rows > shown { format!("{}/{rows}", (traffic.top + shown).min(rows)) } else { String::new() };
    let title = Line::from(scene.span(title, Role::Title));
    pane(area, hold, title, Line::from(scene.span(right, Role::Quiet)), scene.theme, buffer);
    for (row, place) in (traffic.top..rows).zip(inner.rows()) {
        let text = traffic.body.row(row).text.into_owned();
        let is_head = ["REQUEST", "RESPONSE", "INPUT", "ANSWER"].iter().any(|head| text.starts_with(head));
        let role = if is_head { Role::Title } else { Role::Text };
        buffer.set_line(place.x, place.y, &Line::from(scene.span(text, role)), place.width);
    }
}

/// Says what the calls come to that are told of.
pub(crate) fn totals(scene: Scene<'_>, traffic: &Traffic) -> Vec<FlowItem> {
    let calls = &traffic.live.calls;
    let of = |state: LiveState| calls.iter().filter(|call| call.state == state).count();
    let errors = calls.iter().filter(|call| call.status.is_some_and(|status| status >= 400)).count();
    let say = |text: String| vec![scene.span(text, Role::Text)];
    let mut items = vec![say(counted(calls.len() as u64, "call") + " seen")];
    if of(LiveState::Running) > 0 {
        items.push(say(format!("{} running", of(LiveState::Running))));
    }
    if of(LiveState::Held) > 0 {
        items.push(vec![scene.span(format!("{} held", of(LiveState::Held)), Role::Wait)]);
    }
    if errors > 0 {
        items.push(vec![scene.span(counted(errors as u64, "error"), Role::Fail)]);
    }
    items.push(say(format!("{} on record", traffic.stored.len())));
    items
}

/// Says for the header of other screens that calls wait.
pub(crate) fn under_way(scene: Scene<'_>, traffic: &Traffic) -> Option<FlowItem> {
    let held = traffic.live.calls.iter().filter(|call| call.state == LiveState::Held).count();
    (held > 0).then(|| vec![scene.span(format!("{held} held"), Role::Wait)])
}

/// Puts a text on one line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
