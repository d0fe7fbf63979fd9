//! The models that can be taken, in columns: name, provider, price with its day, context, end.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::overlay::Models,
    model::Target,
    ui::{
        part::{
            column::{fitted, left, right},
            figures::{count, per_million},
            list::list,
        },
        scene::Scene,
        theme::Role,
    },
};

/// Columns of the provider, of either price, of the price's day, and of the context.
const COLUMNS: [usize; 5] = [10, 6, 6, 10, 7];

/// Columns of a row without its name and its note.
const BESIDE: usize = 10 + 6 + 6 + 10 + 7 + 10;

/// The fewest columns in which a note says enough.
const NOTE: usize = 26;

/// Draws the table under its heads.
pub(super) fn draw(scene: Scene<'_>, models: &Models, area: Rect, buffer: &mut Buffer) {
    let [provider, price_in, price_out, day, context] = COLUMNS;
    let name = name_columns(usize::from(area.width).saturating_sub(2));
    let head = format!(
        "    {} {} {} {}  {} {}  {}",
        left("model", name),
        left("provider", provider),
        right("$/M in", price_in),
        right("out", price_out),
        left("price of", day),
        right("context", context),
        "note"
    );
    buffer.set_line(area.x, area.y, &Line::from(scene.span(head, Role::Quiet)), area.width);
    let mut rows = Rect { y: area.y.saturating_add(1), height: area.height.saturating_sub(1), ..area };
    if models.choice.is_empty() {
        let typed = models.taken().unwrap_or_default();
        let line = Line::from(vec![
            scene.span("Not in the list; enter asks for it by name: ", Role::Quiet),
            scene.foreign(&typed, Role::Title),
        ]);
        buffer.set_line(rows.x, rows.y, &line, rows.width);
        return;
    }
    if usize::from(area.width) < name + BESIDE + NOTE + 2 {
        let last = Rect { y: rows.bottom().saturating_sub(1), height: 1, ..rows };
        rows.height = rows.height.saturating_sub(1);
        let chosen = models.choice.chosen();
        let target = chosen.and_then(|item| Some((scene.app.catalog.resolve(&item.value).ok()?, item.usable)));
        let note = target.map(|(target, usable)| end(&target, usable)).unwrap_or_default();
        buffer.set_line(last.x, last.y, &Line::from(scene.foreign(&note, Role::Wait)), last.width);
    }
    list(&models.choice, rows, scene.theme, buffer, |item, room| {
        scene.app.catalog.resolve(&item.value).map_or_else(
            |_| Line::from(scene.foreign(&item.label, Role::Quiet)),
            |target| row(scene, &target, item.usable, room),
        )
    });
}

fn name_columns(room: usize) -> usize {
    room.saturating_sub(BESIDE).clamp(12, 24)
}

fn row(scene: Scene<'_>, target: &Target, usable: bool, room: usize) -> Line<'static> {
    let [provider, price_in, price_out, day, context] = COLUMNS;
    let name = name_columns(room);
    let price = target.card.price.as_ref();
    let (each_in, each_out, as_of) = if target.is_demo() {
        ("–".to_owned(), "–".to_owned(), "no key")
    } else {
        let (each_in, each_out) = (price.map(|price| price.input), price.map(|price| price.output));
        (per_million(each_in), per_million(each_out), price.map_or("unknown", |price| price.as_of.as_str()))
    };
    let size =
        if target.is_demo() { "–".to_owned() } else { target.card.context.map_or_else(|| "?".to_owned(), count) };
    let role = if usable { Role::Title } else { Role::Quiet };
    let note = end(target, usable);
    let mark = match (note.is_empty(), usable) {
        (true, _) => "  ",
        (_, true) => "! ",
        (_, false) => "✗ ",
    };
    let said = room.saturating_sub(name + BESIDE);
    let note = if said < NOTE { String::new() } else { fitted(&note, said) };
    Line::from(vec![
        scene.span(mark, if usable { Role::Wait } else { Role::Fail }),
        scene.span(left(&target.name, name), role),
        scene.span(format!(" {}", left(&target.provider, provider)), Role::Text),
        scene.span(format!(" {} {}", right(&each_in, price_in), right(&each_out, price_out)), Role::Number),
        scene.span(format!("  {}", left(as_of, day)), Role::Quiet),
        scene.span(format!(" {}", right(&size, context)), Role::Text),
        scene.span(format!("  {note}"), Role::Text),
    ])
}

/// Says when the provider ends a model, and what follows it. Another endpoint is not bound by that.
fn end(target: &Target, usable: bool) -> String {
    let Some(day) = target.card.shutdown.as_deref().filter(|_| !target.custom_endpoint) else {
        return String::new();
    };
    let successor = target.card.successor.as_ref().map_or_else(String::new, |next| format!(" → {next}"));
    let when = if usable { "until" } else { "retired" };
    format!("{when} {day}{successor}")
}
