//! A batch that is being set up: the form, the columns of its data, and what it will take.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use super::{head::said, inside, lines};
use crate::{
    app::{
        action::Action,
        batch::{Column, order::capped},
    },
    eval::figures::count,
    model::Cost,
    text::{Wrapped, clean},
    ui::{
        overlay::form as drawn,
        part::column::{fitted, left},
        scene::Scene,
        theme::Role,
    },
};

/// Draws the form of a new batch.
pub(super) fn form(scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
    let area = inside(body);
    let setup = &scene.app.batch.setup;
    let says = if setup.is_busy() {
        "Looking at the data …".to_owned()
    } else {
        format!("{} looks at the data and estimates what it takes; nothing is asked yet", scene.key(Action::Accept))
    };
    let title = Line::from(scene.span("A new batch", Role::Title));
    lines(vec![title, said(scene, &says, Role::Quiet)], area, buffer);
    if let Some(form) = &setup.form {
        drawn::draw(scene, form, below(area, 3), buffer);
    }
}

/// Draws which column is which variable, over the columns of the data.
pub(super) fn map(scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
    let area = inside(body);
    let setup = &scene.app.batch.setup;
    let title = Line::from(scene.span("Which column is which variable?", Role::Title));
    let says = "No column is called like these variables of the prompt.";
    lines(vec![title, said(scene, says, Role::Quiet)], area, buffer);
    let Some(form) = &setup.map else {
        return;
    };
    let rows = u16::try_from(form.rows.len()).unwrap_or(u16::MAX).saturating_add(3);
    let half = (area.height / 2).max(4);
    let filled = Rect { height: rows.min(half), ..below(area, 3) }.intersection(area);
    drawn::draw(scene, form, filled, buffer);
    if let Some(planned) = &setup.planned {
        columns(scene, &planned.preview.columns, below(area, 4 + filled.height), buffer);
    }
}

/// Draws the columns of the data: name, type, first values.
fn columns(scene: Scene<'_>, columns: &[Column], area: Rect, buffer: &mut Buffer) {
    let head = format!("{} {} {}", left("column", 20), left("type", 12), "first value");
    let mut shown = vec![Line::from(scene.span(head, Role::Quiet))];
    let room = usize::from(area.width).saturating_sub(34);
    let more = columns.len().saturating_sub(usize::from(area.height).saturating_sub(2));
    shown.extend(columns.iter().take(columns.len() - more.min(columns.len())).map(|column| {
        Line::from(vec![
            scene.span(left(&column.name, 20), Role::Title),
            scene.span(format!(" {} ", left(column.kind.name(), 12)), Role::Origin),
            scene.span(fitted(&column.example, room), Role::Text),
        ])
    }));
    if more > 0 {
        shown.push(said(scene, &format!("and {more} more"), Role::Quiet));
    }
    lines(shown, area, buffer);
}

/// Draws what a batch will take, before its first call.
pub(super) fn estimate(scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
    let area = inside(body);
    let setup = &scene.app.batch.setup;
    let (Some(order), Some(planned)) = (&setup.order, &setup.planned) else {
        return;
    };
    let spec = &order.spec;
    let mut shown =
        vec![Line::from(vec![scene.span("Run this batch?  ", Role::Title), scene.foreign(&spec.data, Role::Text)])];
    let each = |count: usize, what: &str| if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") };
    let rows = planned
        .rows
        .map_or_else(|| "? rows".to_owned(), |rows| each(usize::try_from(rows).unwrap_or(usize::MAX), "row"));
    let cells = planned.rows.map_or_else(|| "?".to_owned(), |rows| order.cells(rows).to_string());
    let parts = [
        rows,
        each(spec.prompts.len(), "prompt"),
        each(order.lanes().iter().map(|(_, targets)| targets.len()).max().unwrap_or(0), "model"),
        each(spec.samples as usize, "sample"),
    ];
    shown.push(Line::from(vec![
        scene.span(parts.join(" × "), Role::Text),
        scene.span(format!(" = {cells} cells"), Role::Number),
    ]));
    if planned.kept > 0 {
        let says = format!("{} of them are finished already and are kept", planned.kept);
        shown.push(said(scene, &says, Role::Pass));
    }
    shown.push(Line::default());
    let head = format!("{}{}{}{}", left("", 12), left("low", 12), left("expected", 12), left("high", 12));
    shown.push(Line::from(scene.span(head, Role::Quiet)));
    let estimate = &planned.estimate;
    let source = match estimate.from {
        0 => "guessed: no past answers".to_owned(),
        1 => "from 1 past answer".to_owned(),
        from => format!("from {from} past answers"),
    };
    let tokens = |tokens: u64| format!("~{}", count(tokens));
    let out = estimate.output;
    let mut band = |what: &str, values: [String; 3], source: &str| {
        let mut line = vec![scene.span(left(what, 12), Role::Text)];
        line.extend(values.iter().map(|value| scene.span(left(value, 12), Role::Number)));
        line.push(scene.span(source.to_owned(), Role::Origin));
        shown.push(Line::from(line));
    };
    band("tokens in", [(); 3].map(|()| tokens(estimate.input)), "estimated by length");
    band("tokens out", [out.low, out.expected, out.high].map(tokens), &source);
    let cost = [estimate.cost.low, estimate.cost.expected, estimate.cost.high];
    let (costs, says) = match estimate.unpriced {
        0 => (cost.map(|cost| Cost::Estimated(cost).to_string()), "estimated".to_owned()),
        _ if !estimate.is_priced() => ([(); 3].map(|()| "?".to_owned()), "no price is known".to_owned()),
        unpriced => (
            cost.map(|cost| Cost::AtLeast(cost).to_string()),
            format!("estimated; {unpriced} cells have no known price"),
        ),
    };
    band("cost", costs, &says);
    shown.push(Line::default());
    let caps = capped(&order.caps);
    let limit = if caps.is_empty() {
        "no limit: it runs to its end whatever it takes".to_owned()
    } else {
        format!("pauses before it goes beyond {}", caps.join(", "))
    };
    shown.push(said(scene, &limit, if caps.is_empty() { Role::Quiet } else { Role::Text }));
    shown.push(said(scene, &format!("{} calls at once", order.concurrency), Role::Quiet));
    if let Some(note) = &planned.note {
        let mut rows = Wrapped::new(usize::from(area.width.max(1)));
        rows.push(&clean(note));
        shown.extend((0..rows.rows()).map(|row| said(scene, &rows.row(row).text, Role::Wait)));
    }
    shown.push(Line::default());
    shown.push(Line::from(vec![
        scene.span(scene.key(Action::Accept), Role::Key),
        scene.span(" starts it   ", Role::Text),
        scene.span(scene.key(Action::Leave), Role::Key),
        scene.span(" back to the form", Role::Text),
    ]));
    let wide = u16::try_from(shown.len()).unwrap_or(u16::MAX).min(area.height);
    lines(shown, area, buffer);
    columns(scene, &planned.preview.columns, below(area, wide + 1), buffer);
}

/// Leaves out so many rows at the top.
fn below(area: Rect, rows: u16) -> Rect {
    let rows = rows.min(area.height);
    Rect { y: area.y + rows, height: area.height - rows, ..area }
}
