//! The models that can be taken, in columns: name, end, price with its day, context, provider.

use std::fmt::Write as _;

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::overlay::Models,
    eval::figures::{count, per_million},
    model::Target,
    text::width,
    ui::{
        part::{
            column::{fitted, left, right},
            list::list,
        },
        scene::Scene,
        theme::Role,
    },
};

/// Columns of the provider, of either price, of the context, and of the price's day.
const PROVIDER: usize = 12;
const PRICE: usize = 6;
const CONTEXT: usize = 7;
const DAY: usize = 10;

/// Rows below the list: the keys of the chosen model's provider, and what its accounts use.
const FEET: u16 = 2;

/// Columns that say when a model ends and what follows it.
const NOTE: usize = 28;

/// Which columns there is room for. Name and note are always there.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_excessive_bools, reason = "each is a column of its own")]
struct Columns {
    name: usize,
    provider: bool,
    prices: bool,
    context: bool,
    day: bool,
}

impl Columns {
    /// Gives the note its room first, then the prices, the provider, the context, the prices' day.
    fn new(room: usize) -> Self {
        let name = room.saturating_sub(NOTE + 4).clamp(12, 24);
        let mut left = room.saturating_sub(name + 4 + NOTE);
        let mut has = |columns: usize| {
            let fits = left >= columns;
            left = if fits { left - columns } else { 0 };
            fits
        };
        let (prices, provider) = (has(2 * PRICE + 2), has(PROVIDER + 1));
        let (context, day) = (has(CONTEXT + 1), has(DAY + 2));
        Self { name: name + left.min(2), provider, prices, context, day }
    }

    /// Sets the cells that there is room for, the note left out.
    fn set(self, cells: &Cells<'_>) -> String {
        let mut out = String::new();
        if self.provider {
            let _ = write!(out, " {}", left(cells.provider, PROVIDER));
        }
        if self.prices {
            let _ = write!(out, " {} {}", right(cells.price_in, PRICE), right(cells.price_out, PRICE));
        }
        if self.context {
            let _ = write!(out, " {}", right(cells.context, CONTEXT));
        }
        if self.day {
            let _ = write!(out, "  {}", left(cells.day, DAY));
        }
        out
    }
}

/// What the columns between name and note hold.
struct Cells<'a> {
    provider: &'a str,
    price_in: &'a str,
    price_out: &'a str,
    context: &'a str,
    day: &'a str,
}

const HEADS: Cells<'_> =
    Cells { provider: "provider", price_in: "$/M in", price_out: "out", context: "context", day: "price of" };

/// Draws the table under its heads.
pub(super) fn draw(scene: Scene<'_>, models: &Models, area: Rect, buffer: &mut Buffer) {
    let columns = Columns::new(usize::from(area.width).saturating_sub(2));
    let head = format!("    {}{}  note", left("model", columns.name), columns.set(&HEADS));
    buffer.set_line(area.x, area.y, &Line::from(scene.span(head, Role::Quiet)), area.width);
    let rows = Rect { y: area.y.saturating_add(1), height: area.height.saturating_sub(1), ..area };
    if models.choice.is_empty() {
        let typed = models.taken().unwrap_or_default();
        let line = Line::from(vec![
            scene.span("Not in the list; enter asks for it by name: ", Role::Quiet),
            scene.foreign(&typed, Role::Title),
        ]);
        buffer.set_line(rows.x, rows.y, &line, rows.width);
        return;
    }
    let chosen = models.choice.chosen().and_then(|item| scene.app.catalog.resolve(&item.value).ok());
    if let Some(target) = chosen {
        let provider = &target.provider;
        let said = [("keys", scene.app.keys_of(provider)), ("calls", scene.app.accounts_of(provider))];
        let last = Rect { y: rows.bottom().saturating_sub(FEET), height: rows.height.min(FEET), ..rows };
        let known = said.into_iter().filter_map(|(what, said)| Some((what, said?)));
        for (place, (what, said)) in last.rows().zip(known) {
            let line = fitted(&format!("{what} of {provider}: {}", said.as_str()), usize::from(place.width));
            buffer.set_line(place.x, place.y, &Line::from(scene.span(line, Role::Quiet)), place.width);
        }
    }
    let rows = Rect { height: rows.height.saturating_sub(FEET), ..rows };
    list(&models.choice, rows, scene.theme, buffer, |item, room| {
        scene.app.catalog.resolve(&item.value).map_or_else(
            |_| Line::from(scene.foreign(&item.label, Role::Quiet)),
            |target| row(scene, columns, &target, item.usable, room),
        )
    });
}

fn row(scene: Scene<'_>, columns: Columns, target: &Target, usable: bool, room: usize) -> Line<'static> {
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
    let cells =
        Cells { provider: &target.provider, price_in: &each_in, price_out: &each_out, context: &size, day: as_of };
    // A narrow list has no room for what a model cost that nobody can ask any more.
    let cells = if usable || columns.provider { columns.set(&cells) } else { String::new() };
    let note = end(target, usable);
    let mark = match (note.is_empty(), usable) {
        (true, _) => "  ",
        (_, true) => "! ",
        (_, false) => "✗ ",
    };
    let used = 2 + columns.name + width(&cells) + 2;
    Line::from(vec![
        scene.span(mark, if usable { Role::Wait } else { Role::Fail }),
        scene.span(left(&target.name, columns.name), role),
        scene.span(cells, if usable { Role::Text } else { Role::Quiet }),
        scene.span(format!("  {}", fitted(&note, room.saturating_sub(used))), Role::Text),
    ])
}

/// Says when the provider ends a model, and what follows it. Another endpoint is not bound by that.
fn end(target: &Target, usable: bool) -> String {
    let Some(day) = target.card.shutdown.as_deref().filter(|_| !target.custom_endpoint) else {
        return String::new();
    };
    let successor = target.card.successor.as_ref().map_or_else(String::new, |next| format!(" → {next}"));
    let when = if usable { "until" } else { "gone" };
    format!("{when} {day}{successor}")
}
