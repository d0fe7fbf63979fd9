//! Drawing: a function of the app that cannot fail, block or change anything.

mod asking;
mod batch;
pub mod cells;
mod history;
mod lane;
mod metrics;
mod overlay;
pub mod part;
mod prompt;
mod quality;
pub mod scene;
mod status;
pub mod theme;

use std::cell::Cell;

use ratatui::{Frame, buffer::Buffer, layout::Position, style::Modifier, text::Line};

use crate::app::{
    App,
    layout::{SMALLEST, Shape},
    screen::Screen,
};
use scene::Scene;
use theme::Role;

/// Draws the app as [`App::prepare`] left it.
///
/// Should the terminal have another size by now, what lies outside it is left out; the resize
/// brings the next frame. The terminal's cursor stands at the caret, where input methods open.
pub fn draw(app: &App, frame: &mut Frame<'_>) {
    let Some(caret) = draw_on(app, frame.buffer_mut()) else {
        return;
    };
    if let Some(cell) = frame.buffer_mut().cell_mut(caret) {
        // The cursor shows the place; on a reversed cell some would not be seen.
        cell.modifier.remove(Modifier::REVERSED);
    }
    frame.set_cursor_position(caret);
}

/// Draws the app on a buffer, and returns where the caret stands; none where nothing is typed.
pub fn draw_on(app: &App, buffer: &mut Buffer) -> Option<Position> {
    let caret = Cell::new(None);
    let scene = Scene::new(app, &caret);
    if app.layout.area == buffer.area {
        match app.layout.shape {
            Shape::Tiny => too_small(scene, buffer),
            Shape::Tabs | Shape::Wide => screen(scene, buffer),
        }
    }
    cells::guard(buffer);
    if !app.look.unicode {
        cells::plain(buffer);
    }
    caret.get().filter(|place| buffer.area.contains(*place))
}

fn screen(scene: Scene<'_>, buffer: &mut Buffer) {
    status::title(scene, buffer);
    match scene.app.screen {
        Screen::Bench => bench(scene, buffer),
        Screen::Batch => batch::draw(scene, buffer),
        Screen::History => history::draw(scene, buffer),
        Screen::Quality => quality::draw(scene, buffer),
    }
    status::status(scene, buffer);
    status::footer(scene, buffer);
    if scene.app.overlay().is_some() {
        scene.caret.set(None);
    }
    overlay::draw(scene, buffer);
}

fn bench(scene: Scene<'_>, buffer: &mut Buffer) {
    status::tabs(scene, buffer);
    status::strip(scene, buffer);
    status::banner(scene, buffer);
    prompt::draw_prompt(scene, buffer);
    prompt::draw_input(scene, buffer);
    for (at, (lane, area)) in scene.app.bench.lanes.iter().zip(&scene.app.layout.lanes).enumerate() {
        lane::draw(scene, at, lane, area, buffer);
    }
    metrics::draw(scene, buffer);
}

/// Says in one sentence, on as many rows as it takes, how large the terminal has to be.
fn too_small(scene: Scene<'_>, buffer: &mut Buffer) {
    let area = buffer.area;
    if area.is_empty() {
        return;
    }
    let (width, height) = SMALLEST;
    let text = format!(
        "retort needs {width}×{height}; this is {}×{}. Make the terminal larger; ctrl-c twice quits.",
        area.width, area.height
    );
    let mut rows = crate::text::Wrapped::new(usize::from(area.width));
    rows.push(&crate::text::clean(&text));
    for (row, place) in (0..rows.rows()).zip(area.rows()) {
        let line = Line::from(scene.span(rows.row(row).text.into_owned(), Role::Text));
        buffer.set_line(place.x, place.y, &line, place.width);
    }
}
