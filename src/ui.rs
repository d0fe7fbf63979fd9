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

use ratatui::{Frame, buffer::Buffer, text::Line};

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
/// brings the next frame.
pub fn draw(app: &App, frame: &mut Frame<'_>) {
    draw_on(app, frame.buffer_mut());
}

/// Draws the app on a buffer.
pub fn draw_on(app: &App, buffer: &mut Buffer) {
    let scene = Scene::new(app);
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
