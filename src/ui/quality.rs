//! The quality screen: the query line, and what the runs it asks for come to.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use super::{
    asking::{self, thousands},
    scene::Scene,
    theme::Role,
};
use crate::{app::action::Action, eval::review};

/// Draws the screen.
pub(super) fn draw(scene: Scene<'_>, buffer: &mut Buffer) {
    let body = scene.app.layout.body.intersection(buffer.area);
    let quality = &scene.app.quality;
    let found = match &quality.report {
        _ if quality.loading() => "reading …".to_owned(),
        Some(report) => format!("{} runs", thousands(report.runs)),
        None => String::new(),
    };
    let head = Rect { height: body.height.min(2), ..body };
    asking::draw(scene, &quality.asking, scene.span(found, Role::Number), Vec::new(), head, buffer);
    let line = match (&quality.report, &quality.fault) {
        (_, Some(why)) => Line::from(scene.foreign(why, Role::Fail)),
        (None, None) => Line::from(scene.span("Reading the record …", Role::Quiet)),
        (Some(report), None) if report.runs == 0 => Line::from(vec![
            scene.span("No runs yet. ", Role::Quiet),
            scene.span(scene.key_where(Action::Run, false), Role::Key),
            scene.span(" on the bench runs the prompt.", Role::Text),
        ]),
        (Some(report), None) => Line::from(scene.span(review::rate(report.pass.as_ref()), Role::Number)),
    };
    buffer.set_line(body.x + 1, body.y.saturating_add(3), &line, body.width);
}
