//! The batch screen.

use ratatui::{buffer::Buffer, text::Line};

use super::{part::flow::Item, scene::Scene, theme::Role};

/// Draws the screen.
pub(super) fn draw(scene: Scene<'_>, buffer: &mut Buffer) {
    let body = scene.app.layout.body;
    buffer.set_line(body.x, body.y, &Line::from(scene.span("No batch yet.", Role::Quiet)), body.width);
}

/// Says in a few words how the batch goes, while one runs.
pub(super) fn chip(_scene: Scene<'_>) -> Option<Item> {
    None
}
