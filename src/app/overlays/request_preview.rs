//! The request of the lane with the focus exactly as it would be sent, before it is.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::OverlayAction,
        context::Scene,
        intent::Intent,
        overlay::{After, Hint, OverlayCx, OverlayPart, arrows, hint},
        snippet::SnippetForm,
    },
    model::{CallError, RunRequest},
    pipeline::{RequestPreview, request_preview},
    text::{json, sanitize::prefix, wrapped_lines},
    widgets::theme::Role,
};

/// Bytes of a body that are shown; a longer one is copied whole all the same.
const SHOWN: usize = 256 << 10;

/// The request in lines, and the line it is scrolled to.
#[derive(Debug, Clone)]
pub struct RequestView {
    target: String,
    text: Vec<(Role, String)>,
    lines: Vec<(Role, String)>,
    top: usize,
    height: usize,
    width: u16,
}

impl RequestView {
    /// Writes what a run would send first, with the label of the key it would be sent with.
    #[must_use]
    pub fn new(request: &RunRequest, key: Option<&str>) -> Self {
        let target = request.targets.first().map_or_else(String::new, |target| target.name.clone());
        let text = written(request, request_preview(request), key);
        Self { target, text, lines: Vec::new(), top: 0, height: 0, width: 0 }
    }

    fn scroll(&mut self, by: isize) {
        let most = self.lines.len().saturating_sub(self.height);
        self.top = self.top.saturating_add_signed(by).min(most);
    }
}

/// Writes the request, or why there is none.
fn written(
    request: &RunRequest,
    preview: Result<Option<RequestPreview>, CallError>,
    key: Option<&str>,
) -> Vec<(Role, String)> {
    let mut lines = Vec::new();
    let RequestPreview { http, messages, notices } = match preview {
        Ok(Some(preview)) => preview,
        Ok(None) => return vec![(Role::Fail, "The lane has no model: choose one first.".to_owned())],
        Err(error) => return vec![(Role::Fail, format!("Nothing can be sent: {}", error.message))],
    };
    if let Some(http) = http {
        let query = http.query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        lines.push((Role::Title, format!("POST {}", http.url_with(query))));
        lines.push((Role::Text, "content-type: application/json".to_owned()));
        lines.extend(http.headers.iter().map(|(name, value)| (Role::Text, format!("{name}: {value}"))));
        let label = key.map_or_else(|| "no key is named".to_owned(), |label| format!("key {label}"));
        lines.push((Role::Text, format!("{}: {}••••••••  ({label})", http.key.0, http.key.1)));
        lines.push((Role::Text, String::new()));
        let body = json::to_pretty(&http.body).unwrap_or_default();
        let shown = prefix(&body, SHOWN);
        let rest = body.len() - shown.len();
        lines.extend(shown.lines().map(|line| (Role::Text, line.to_owned())));
        if rest > 0 {
            lines.push((Role::Wait, format!("… {rest} more bytes")));
        }
    } else {
        lines.push((Role::Title, "This model is not asked over HTTP: it is given these messages.".to_owned()));
        for message in messages {
            lines.push((Role::Text, String::new()));
            lines.push((Role::Key, message.role.name().to_owned()));
            lines.extend(prefix(&message.content, SHOWN).lines().map(|line| (Role::Text, line.to_owned())));
        }
    }
    lines.push((Role::Text, String::new()));
    let brief = |value: &str| {
        let first: String = value.chars().take(40).collect();
        if first.len() < value.len() { format!("{first}…") } else { first }
    };
    let mut filled = vec![format!("input = {}", brief(&request.input.text))];
    filled.extend(request.input.vars.iter().map(|(name, value)| format!("{name} = {}", brief(value.as_str()))));
    lines.push((Role::Quiet, format!("Filled in: {}", filled.join(" · ").replace('\n', " "))));
    lines.extend(notices.into_iter().map(|notice| (Role::Wait, format!("Left out or added: {notice}"))));
    lines
}

impl OverlayPart for RequestView {
    fn title(&self) -> &'static str {
        "Request, not sent yet"
    }

    fn beside(&self, scene: Scene<'_>) -> Line<'static> {
        Line::from(scene.foreign(&self.target, Role::Quiet))
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((u16::MAX, u16::MAX))
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        vec![hint(scene, OverlayAction::CopyRequest, "copy as curl"), arrows("scroll")]
    }

    fn step(&mut self, by: isize) {
        self.scroll(by);
    }

    fn act(&mut self, action: OverlayAction, _cx: OverlayCx<'_>) -> After {
        if action == OverlayAction::CopyRequest { After::StayAnd(Intent::Copy(SnippetForm::Curl)) } else { After::Stay }
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        After::Close
    }

    fn fit(&mut self, body: Rect, _cx: OverlayCx<'_>) {
        if self.width != body.width {
            self.width = body.width;
            self.lines = self
                .text
                .iter()
                .flat_map(|(role, line)| {
                    let mut rows = wrapped_lines(line, body.width);
                    if rows.is_empty() {
                        rows.push(String::new());
                    }
                    rows.into_iter().map(|line| (*role, line))
                })
                .collect();
        }
        self.height = usize::from(body.height);
        self.scroll(0);
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        for ((role, line), place) in self.lines.iter().skip(self.top).zip(body.rows()) {
            buffer.set_line(place.x, place.y, &Line::from(scene.span(line.clone(), *role)), place.width);
        }
    }
}
