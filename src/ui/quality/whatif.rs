//! The what-if: the threshold and what it does, how often which value was measured, the answers that flip.

mod chart;
mod list;
mod numbers;

use ratatui::{
    buffer::Buffer,
    layout::{Margin, Rect},
    text::Line,
};

use super::framed;
use crate::{
    app::{
        action::Action,
        quality::whatif::{Shown, View},
        table::{Column, Width},
    },
    eval::figures::thousands,
    text::{Wrapped, clean},
    ui::{
        part::{
            column::{fitted, right},
            flow::Item,
            table::{Cursor, table},
        },
        scene::Scene,
        theme::Role,
    },
};

/// Draws the view below the query line.
pub(super) fn draw(scene: Scene<'_>, view: &View, area: Rect, buffer: &mut Buffer) {
    match &view.shown {
        Shown::Moving(read) => {
            let places = View::places(area);
            numbers::draw(scene, view, read, places.numbers, buffer);
            if !places.chart.is_empty() {
                chart::draw(scene, view, read, places.chart, buffer);
            }
            list::draw(scene, view, read, places.list, buffer);
        }
        Shown::Several(prompts) => several(scene, view, prompts, area, buffer),
        Shown::Loading => told(scene, "", "Reading the stored answers …", area, buffer),
        Shown::Nothing => told(scene, "", "No answer that was judged is like that.", area, buffer),
        Shown::Stuck(why) => told(scene, "! ", why, area, buffer),
    }
}

/// Says how many answers are looked at.
pub(super) fn found(view: &View) -> String {
    match &view.shown {
        Shown::Loading => "reading …".to_owned(),
        Shown::Moving(read) => format!("{} judged", thousands(read.what.answers())),
        Shown::Several(prompts) => format!("{} prompts", prompts.len()),
        Shown::Nothing | Shown::Stuck(_) => String::new(),
    }
}

/// Says what the view is.
pub(super) fn about(scene: Scene<'_>) -> Vec<Item> {
    let says = "stored answers under another threshold; no model is asked";
    vec![vec![scene.span(says, Role::Quiet)], vec![scene.span("intervals are of 95 %", Role::Quiet)]]
}

/// Draws a few words in the frame, and how to go back.
fn told(scene: Scene<'_>, mark: &str, says: &str, area: Rect, buffer: &mut Buffer) {
    let title = Line::from(scene.span("What if", Role::Title));
    let inside = framed(scene, None, title, Line::default(), area, buffer).inner(Margin::new(1, 0));
    let mut rows = Wrapped::new(usize::from(inside.width));
    rows.push(&clean(&format!("{mark}{says}")));
    let told = (0..rows.rows()).map(|row| Line::from(scene.span(rows.row(row).text, Role::Text)));
    let back = Line::from(scene.hint(Action::Leave, "leads back"));
    for (line, place) in told.chain([back]).zip(inside.rows()) {
        buffer.set_line(place.x, place.y, &line, place.width);
    }
}

/// Draws the prompts to choose from.
fn several(scene: Scene<'_>, view: &View, prompts: &[(Option<String>, u64)], area: Rect, buffer: &mut Buffer) {
    let title = Line::from(scene.span("What if: of which prompt?", Role::Title));
    let mut keys = Line::from(scene.span(scene.key(Action::Accept), Role::Key));
    keys.push_span(scene.span(" adds prompt: to the query", Role::Quiet));
    let inside = framed(scene, None, title, keys, area, buffer);
    let columns = [Column::new("prompt", Width::Share(1, 16)), Column::new("judged", Width::Fixed(12)).right()];
    table(&view.table, &columns, Cursor::Row, inside, scene.theme, buffer, |row, column, wide| {
        let Some((name, judged)) = prompts.get(row) else {
            return Line::default();
        };
        Line::from(match (column, name) {
            (0, Some(name)) => scene.span(fitted(name, wide), Role::Text),
            (0, None) => scene.span(fitted("without a name", wide), Role::Quiet),
            _ => scene.span(right(&thousands(*judged), wide), Role::Number),
        })
    });
}
