//! The form of a new batch, and under it the first rows of its data and what it will take.

use std::{borrow::Cow, time::Duration};

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    text::{Line, Span},
};

use crate::{
    app::{
        batch::{
            Batches,
            layout::wrapped,
            setup::{
                AGAINST, ERRORS, EXPECTED_COLUMN, FILE, FormRow, PASS_RATE, SAMPLES, SCORE, SetupForm, Source, capped,
            },
            start::BatchSetup,
            view::{below, inside, lines, rule},
        },
        context::Scene,
        event::BatchPreviewView,
        overlays::batch_limits::{COST, TIME, TOKENS},
        totals::costs,
    },
    model::{PicoDollars, batch::BatchRequest},
    pipeline::batch::{budget, budget::Estimate},
    text::format::{count, counted, rough_time, thousands},
    widgets::{
        form::FormField,
        line_input,
        line_input::LineStyle,
        table::{fitted, left},
        theme::Role,
    },
};

/// Columns of the labels.
const LABEL: u16 = 16;

/// Rows of the screen from which estimate and first rows have all their lines.
const TALL: u16 = 34;

/// Shares the body among form, first rows and estimate.
fn areas(form: &SetupForm, body: Rect) -> [Rect; 3] {
    let tall = body.height >= TALL;
    let (data, estimate) = if tall { (7, 9) } else { (3, 3) };
    let wanted = u16::try_from(form.rows().len() + 3).unwrap_or(u16::MAX);
    let least = body.height.saturating_sub(data + estimate);
    let own = if body.height < 16 { body.height } else { wanted.min(least) };
    let rest = below(body, own);
    // What the form does not need, the first rows have.
    let estimate = estimate.min(rest.height);
    let data = rest.height - estimate;
    [Rect { height: own, ..body }, Rect { height: data, ..rest }, below(rest, data)]
}

/// Returns the first row of the form that is in sight, in an area whose first row is the rule and whose last two are
/// the hint.
fn top(rows: &[FormRow], at: usize, height: u16) -> usize {
    let here = rows.iter().position(|row| row.fields.contains(&at)).unwrap_or(0);
    (here + 1).saturating_sub(usize::from(height.saturating_sub(2)).max(1))
}

/// Shares the columns behind the label among the lines of a row.
fn places(row: &FormRow, area: Rect) -> Vec<Rect> {
    let count = u16::try_from(row.fields.len().max(1)).unwrap_or(1);
    let room = area.width.saturating_sub(LABEL);
    let each = room / count;
    (0..count)
        .map(|at| Rect { x: area.x.saturating_add(LABEL + at * each), width: each.saturating_sub(1), ..area })
        .collect()
}

/// Finds the line of the form at a place of the screen.
pub(crate) fn field_at(form: &SetupForm, body: Rect, at: Position) -> Option<usize> {
    let [area, ..] = areas(form, body);
    let rows = form.rows();
    let line = usize::from(at.y.checked_sub(area.y.saturating_add(1))?);
    let row = rows.get(top(&rows, form.form.at, area.height) + line)?;
    let found = places(row, Rect { y: at.y, height: 1, ..area }).iter().position(|place| place.contains(at));
    row.fields.get(found.unwrap_or(0)).copied()
}

/// Draws the form, the first rows and the estimate.
pub(crate) fn draw(scene: Scene<'_>, batch: &Batches, body: Rect, buffer: &mut Buffer) {
    let setup = &batch.setup;
    let Some(form) = &setup.form else {
        return;
    };
    let [area, data, estimated] = areas(form, body);
    let busy = if setup.is_busy() { vec![scene.span("Looking at the data …", Role::Busy)] } else { Vec::new() };
    rule(scene, (vec![scene.span("New batch", Role::Title)], busy), true, area, buffer);
    let rows = form.rows();
    let shown = usize::from(area.height.saturating_sub(2));
    let top = top(&rows, form.form.at, area.height);
    for (row, place) in rows.iter().skip(top).take(shown).zip(below(area, 1).rows()) {
        draw_row(scene, (setup, form), row, place, buffer);
    }
    if let Some(here) = form.here() {
        let line = match &here.error {
            Some(error) => Line::from(vec![scene.span("✗ ", Role::Fail), scene.foreign(error, Role::Fail)]),
            None => Line::from(scene.foreign(&here.hint, Role::Quiet)),
        };
        let place = Rect { y: area.bottom().saturating_sub(1), height: area.height.min(1), ..area };
        lines(vec![line], inside(inside(place)), buffer);
    }
    first_rows(scene, setup, data, buffer);
    estimate(scene, setup, estimated, buffer);
}

/// Draws one row of the form.
fn draw_row(
    scene: Scene<'_>,
    (setup, form): (&BatchSetup, &SetupForm),
    row: &FormRow,
    area: Rect,
    buffer: &mut Buffer,
) {
    let here = row.fields.contains(&form.form.at);
    let wrong = row.fields.iter().filter_map(|at| form.form.rows.get(*at)).any(|field| field.error.is_some());
    let mark = if here { "▌" } else { " " };
    let role = if wrong { Role::Fail } else { Role::Title };
    let head = Line::from(vec![
        scene.span(mark, Role::Focus),
        scene.span(if wrong { "✗" } else { " " }, Role::Fail),
        scene.foreign(&left(&row.name, usize::from(LABEL) - 3), role),
    ]);
    buffer.set_line(area.x, area.y, &head, area.width);
    for (at, place) in row.fields.iter().zip(places(row, area)) {
        if let Some(field) = form.form.rows.get(*at) {
            let alone = row.fields.len() == 1;
            draw_field(scene, (setup, form), (field, *at == form.form.at, alone), place, buffer);
        }
    }
}

/// Draws one line of the form: its name where it stands beside others, its value, and what is known of that.
fn draw_field(
    scene: Scene<'_>,
    (setup, form): (&BatchSetup, &SetupForm),
    (field, here, alone): (&FormField, bool, bool),
    area: Rect,
    buffer: &mut Buffer,
) {
    let mut area = area;
    if !alone && field.label != EXPECTED_COLUMN && field.label != SAMPLES {
        let name = format!("{} ", field.label);
        let wide = u16::try_from(crate::text::width(&name)).unwrap_or(0).min(area.width);
        let role = if here { Role::Title } else { Role::Quiet };
        buffer.set_line(area.x, area.y, &Line::from(scene.span(name, role)), area.width);
        area = Rect { x: area.x.saturating_add(wide), width: area.width - wide, ..area };
    }
    if let Some(variable) = form.variable(&field.label) {
        return variable_field(scene, setup, (field, variable.source, &variable.name, here), area, buffer);
    }
    let text = field.line.text();
    if !field.words.is_empty() {
        let mut spans = Vec::new();
        let all = field.words.iter().map(|word| crate::text::width(word) + 3).sum::<usize>() <= usize::from(area.width);
        for word in field.words.iter().filter(|word| all || **word == text) {
            let chosen = *word == text;
            let role = if chosen && here {
                Role::Title
            } else if chosen {
                Role::Number
            } else {
                Role::Quiet
            };
            spans.push(scene.span(if chosen { format!("[{word}]") } else { format!(" {word} ") }, role));
            spans.push(Span::raw(" "));
        }
        lines(vec![Line::from(spans)], area, buffer);
        return;
    }
    let (value, beside) = match field.label.as_str() {
        FILE => split(area, area.width / 2),
        _ => (area, Rect { width: 0, ..area }),
    };
    let empty = match field.label.as_str() {
        COST | TOKENS | TIME | PASS_RATE | SCORE | ERRORS | AGAINST | EXPECTED_COLUMN => "none",
        _ => "",
    };
    let walks = matches!(field.label.as_str(), EXPECTED_COLUMN | AGAINST);
    if here && !walks {
        line_input::draw(&field.line, LineStyle { lead: "", empty, theme: scene.theme }, value, scene.caret, buffer);
    } else if text.is_empty() {
        lines(vec![Line::from(scene.span(empty, Role::Quiet))], value, buffer);
    } else {
        let shown = if walks && here { format!("‹ {text} ›") } else { text };
        lines(vec![Line::from(scene.foreign(&fitted(&shown, usize::from(value.width)), Role::Number))], value, buffer);
    }
    if field.label == FILE {
        lines(vec![about_file(scene, setup, field)], beside, buffer);
    }
}

/// Splits an area after so many columns.
fn split(area: Rect, columns: u16) -> (Rect, Rect) {
    let columns = columns.min(area.width);
    (
        Rect { width: columns, ..area },
        Rect { x: area.x.saturating_add(columns + 1), width: area.width.saturating_sub(columns + 1), ..area },
    )
}

/// Says what the data set holds, or what is wrong with it.
fn about_file(scene: Scene<'_>, setup: &BatchSetup, field: &FormField) -> Line<'static> {
    match (&field.error, &setup.planned) {
        (Some(error), _) => Line::from(scene.foreign(error, Role::Fail)),
        (None, Some(planned)) => {
            let rows = planned.rows.map(|rows| format!("{}, ", counted(rows, "row"))).unwrap_or_default();
            let columns = counted(planned.preview.columns.len() as u64, "column");
            Line::from(scene.span(format!("{rows}{columns}"), Role::Quiet))
        }
        (None, None) => Line::default(),
    }
}

/// Draws the line of a variable: where its value comes from, and the value, as it is in the first row.
fn variable_field(
    scene: Scene<'_>,
    setup: &BatchSetup,
    (field, source, name, here): (&FormField, Source, &str, bool),
    area: Rect,
    buffer: &mut Buffer,
) {
    let role = if source == Source::Open { Role::Fail } else { Role::Quiet };
    let word = format!("{} ", source.word());
    let wide = u16::try_from(crate::text::width(&word)).unwrap_or(0).max(9).min(area.width);
    buffer.set_line(area.x, area.y, &Line::from(scene.span(word, role)), area.width);
    let (_, value) = split(area, wide.saturating_sub(1));
    let (value, preview) = split(value, (value.width / 3).max(16));
    let text = field.line.text();
    match source {
        Source::Constant | Source::Open if here => {
            let empty = "type a constant, or ← →";
            line_input::draw(
                &field.line,
                LineStyle { lead: "", empty, theme: scene.theme },
                value,
                scene.caret,
                buffer,
            );
        }
        Source::Column | Source::Constant | Source::Open | Source::Bench => {
            let shown = match source {
                Source::Bench => Cow::Owned(setup.bench().input.value(name).unwrap_or_default().to_owned()),
                Source::Column if here => Cow::Owned(format!("‹ {text} ›")),
                Source::Column | Source::Constant | Source::Open => Cow::Borrowed(text.as_str()),
            };
            lines(vec![Line::from(scene.span(fitted(&shown, usize::from(value.width)), Role::Number))], value, buffer);
        }
    }
    let example = match (&field.error, source) {
        (Some(error), _) => Some((error.clone(), Role::Fail)),
        (None, Source::Column) => {
            let column = setup.columns().iter().find(|column| column.name == text);
            column.map(|column| (column.example.clone(), Role::Quiet))
        }
        (None, Source::Bench | Source::Constant | Source::Open) => None,
    };
    if let Some((example, role)) = example {
        lines(vec![Line::from(scene.span(fitted(&example, usize::from(preview.width)), role))], preview, buffer);
    }
}

/// Draws the first rows of the data, each column as wide as it needs to be.
fn first_rows(scene: Scene<'_>, setup: &BatchSetup, area: Rect, buffer: &mut Buffer) {
    let Some(planned) = setup.planned.as_ref().filter(|_| area.height > 1) else {
        return;
    };
    let rows = planned.rows.map(thousands).unwrap_or_default();
    let beside = vec![scene.span(rows, Role::Quiet)];
    rule(scene, (vec![scene.span("First rows", Role::Title)], beside), false, area, buffer);
    let columns = &planned.preview.columns;
    let values: Vec<Vec<String>> = planned
        .preview
        .rows
        .iter()
        .take(usize::from(area.height))
        .map(|row| {
            let value = |name: &str| row.input.value(name).or_else(|| row.metadata.get(name).map(String::as_str));
            let of = |column: &crate::model::dataset::DatasetColumn| {
                let found = column.variable.as_deref().and_then(value).or_else(|| value(&column.name));
                fitted(found.unwrap_or_default(), 200)
            };
            columns.iter().map(of).collect()
        })
        .collect();
    let room = usize::from(area.width.saturating_sub(4));
    let widest = |at: usize| {
        let cells = values.iter().filter_map(|row| row.get(at)).map(|text| crate::text::width(text));
        let head = columns.get(at).map_or(0, |column| crate::text::width(&column.name));
        cells.chain([head]).max().unwrap_or(0).clamp(2, (room / columns.len().clamp(1, 3)).max(2))
    };
    let wide: Vec<usize> = (0..columns.len()).map(widest).collect();
    let line = |cells: Vec<&str>, role| {
        let text = cells.iter().zip(&wide).map(|(text, wide)| left(text, *wide)).collect::<Vec<_>>().join("  ");
        Line::from(scene.span(fitted(&text, room), role))
    };
    let mut all = vec![line(columns.iter().map(|column| column.name.as_str()).collect(), Role::Quiet)];
    if values.is_empty() {
        all = columns
            .iter()
            .map(|column| {
                Line::from(scene.span(fitted(&format!("{}  {}", column.name, column.example), room), Role::Text))
            })
            .collect();
    }
    all.extend(values.iter().map(|row| line(row.iter().map(String::as_str).collect(), Role::Text)));
    lines(all, inside(inside(below(area, 1))), buffer);
}

/// Draws what the batch will take.
fn estimate(scene: Scene<'_>, setup: &BatchSetup, area: Rect, buffer: &mut Buffer) {
    rule(scene, (vec![scene.span("Estimate", Role::Title)], Vec::new()), false, area, buffer);
    let body = inside(inside(below(area, 1)));
    let says = |text: &str| vec![Line::from(scene.span(text.to_owned(), Role::Quiet))];
    let unnamed = setup.form.as_ref().is_some_and(|form| form.form.value(FILE).is_empty());
    let all = match (setup.request(), &setup.planned) {
        (None, None) if unnamed => {
            says("Name a file: rows and cost are estimated as you type. No call is made before you press F5.")
        }
        (Some(request), Some(planned)) if planned.missing.is_empty() => estimated(scene, request, planned, body),
        (_, Some(planned)) if !planned.missing.is_empty() => {
            let names: Vec<String> =
                planned.missing.iter().map(|missing| format!("{{{{ {} }}}}", missing.variable)).collect();
            let text = format!("{} {} no value", names.join(", "), if names.len() == 1 { "has" } else { "have" });
            vec![Line::from(scene.foreign(&text, Role::Fail))]
        }
        (_, _) if setup.is_busy() => says("Looking at the data …"),
        (_, _) => says("Nothing to estimate until the form is right"),
    };
    lines(all, body, buffer);
}

/// Says what it will take: one sentence, where there is room low, expected and high, then the limits and notes.
fn estimated(scene: Scene<'_>, request: &BatchRequest, planned: &BatchPreviewView, area: Rect) -> Vec<Line<'static>> {
    let spec = &request.spec;
    let rows = planned.rows.unwrap_or_default();
    let cells = spec.cells(rows);
    let models = spec.lanes().iter().map(|(_, targets)| targets.len()).max().unwrap_or(0);
    let parts = [
        counted(rows, "row"),
        counted(spec.prompts.len() as u64, "prompt"),
        counted(models as u64, "model"),
        counted(u64::from(spec.samples), "sample"),
    ];
    let stored = match planned.kept {
        0 => String::new(),
        kept => format!(", {} stored already: {} to send", thousands(kept), thousands(cells.saturating_sub(kept))),
    };
    let mut first = vec![
        scene.span(parts.join(" × "), Role::Text),
        scene.span(format!(" = {}{stored}", counted(cells, "call")), Role::Title),
    ];
    let estimate = &planned.estimate;
    let short = area.height < 5;
    let cost = costs(estimate);
    if short {
        first.push(scene.span(format!("  {}", cost[1]), Role::Number));
        let time = times(request, planned, cells);
        first.extend(time.map(|[_, expected, _]| scene.span(format!("  {expected}"), Role::Number)));
    }
    let mut all = vec![Line::from(first)];
    if !short {
        let source = match estimate.from {
            0 => "guessed: no past answers".to_owned(),
            from => format!("from {}", counted(from, "past answer")),
        };
        let head = format!("{}{}{}{}", left("", 12), left("low", 12), left("expected", 12), left("high", 12));
        all.push(Line::from(scene.span(head, Role::Quiet)));
        let out = estimate.output;
        let all_tokens =
            [out.low, out.expected, out.high].map(|out| format!("≈ {}", count(estimate.input.saturating_add(out))));
        let at_once = format!("at {} at once", counted(request.concurrency as u64, "call"));
        let (time, time_source) = match times(request, planned, cells) {
            Some(times) => (times, at_once),
            None => ([(); 3].map(|()| "unknown".to_owned()), "no past answers".to_owned()),
        };
        for (name, values, source) in
            [("tokens", all_tokens, source), ("cost", cost, price_source(estimate)), ("time", time, time_source)]
        {
            let mut line = vec![scene.span(left(name, 12), Role::Text)];
            line.extend(values.iter().map(|value| scene.span(left(value, 12), Role::Number)));
            line.push(scene.span(source, Role::Origin));
            all.push(Line::from(line));
        }
    }
    let dear = PicoDollars((request.limits.cost.unwrap_or(f64::INFINITY).max(0.0) * 1e12).round() as u64);
    let (mark, says, role) = match capped(&request.limits) {
        limits if limits.is_empty() => ("", "No limit".to_owned(), Role::Quiet),
        limits if estimate.cost.high > dear => {
            ("! ", format!("May reach the limit of {}: it pauses then", limits.join(", ")), Role::Wait)
        }
        limits => ("✓ ", format!("Within the limit of {}", limits.join(", ")), Role::Pass),
    };
    all.push(Line::from(scene.span(format!("{mark}{says}"), role)));
    if let Some(note) = &planned.note {
        let rows = wrapped(note, usize::from(area.width));
        all.extend(rows.into_iter().map(|row| Line::from(scene.span(row, Role::Wait))));
    }
    all
}

/// Writes how long the calls that are still to be made will take, so many at once: low, expected, high.
fn times(request: &BatchRequest, planned: &BatchPreviewView, cells: u64) -> Option<[String; 3]> {
    let budget::Span { low, expected, high } = planned.busy?;
    let to_send = cells.saturating_sub(planned.kept);
    let lanes = u64::try_from(request.concurrency).unwrap_or(u64::MAX).clamp(1, to_send.max(1));
    let each = |all: u64| {
        let left = u128::from(all) * u128::from(to_send) / u128::from(cells.max(1)) / u128::from(lanes);
        format!("≈ {}", rough_time(Duration::from_millis(u64::try_from(left).unwrap_or(u64::MAX))))
    };
    Some([low, expected, high].map(each))
}

/// Says where the numbers of the cost come from.
fn price_source(estimate: &Estimate) -> String {
    match estimate.unpriced {
        0 if estimate.cost.high == PicoDollars::default() => String::new(),
        0 => "by the price list".to_owned(),
        _ if !estimate.is_priced() => "price unknown".to_owned(),
        unpriced => format!("price unknown for {}", counted(unpriced, "call")),
    }
}
