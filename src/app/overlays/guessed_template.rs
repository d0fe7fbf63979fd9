//! The template that a call was guessed to be made from: shown, changed, and taken or not.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::OverlayAction,
        context::Scene,
        intent::{Intent, TrafficIntent},
        overlay::{After, Hint, OverlayCx, OverlayPart, TextArea},
    },
    model::Input,
    pipeline::ports::RunRecord,
    template::guess::values_of,
    text::wrapped_lines,
    widgets::{key::Chord, theme::Role},
};

/// Rows for the values, or for why there are none.
const VALUES: u16 = 4;

/// A guessed template while it is looked at.
#[derive(Debug, Clone)]
pub struct GuessedTemplate {
    /// The call as it was asked.
    record: Box<RunRecord>,
    /// Calls that it was guessed of.
    calls: usize,
    pub text: TextArea,
    /// What stands in place of its variables in the call, or why that is not known.
    values: Result<Input, String>,
}

impl GuessedTemplate {
    /// Begins with a template that so many calls share.
    #[must_use]
    pub fn new(record: Box<RunRecord>, calls: usize, template: &str) -> Self {
        let values = values_of(template, &record.input.text);
        Self { record, calls, text: TextArea::of(template), values }
    }

    fn changed(&mut self) -> After {
        self.values = values_of(&self.text.editor.text(), &self.record.input.text);
        After::Stay
    }

    fn areas(body: Rect) -> (Rect, Rect, Rect) {
        let above = Rect { height: 2.min(body.height), ..body };
        let below = VALUES.min(body.height.saturating_sub(above.height + 2));
        let rest = body.height.saturating_sub(above.height + below + 1);
        let text = Rect { y: above.bottom(), height: rest, ..body };
        (above, text, Rect { y: text.bottom().saturating_add(1), height: below, ..body }.intersection(body))
    }

    /// Lists the values, each on a line, or says why there are none.
    fn value_lines(&self, width: u16) -> Vec<(String, Role)> {
        let input = match &self.values {
            Ok(input) => input,
            Err(why) => {
                let rows = wrapped_lines(&format!("✗ {why}"), width);
                return rows.into_iter().map(|row| (row, Role::Fail)).collect();
            }
        };
        let text = (!input.text.is_empty() || input.vars.is_empty()).then_some(("input", input.text.as_str()));
        let all = text.into_iter().chain(input.vars.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let mut lines: Vec<(String, Role)> = all
            .map(|(name, value)| {
                let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
                (format!("{name} = {value}"), Role::Text)
            })
            .collect();
        let room = usize::from(VALUES);
        if lines.len() > room {
            let more = lines.len() - room + 1;
            lines.truncate(room - 1);
            lines.push((format!("and {more} more"), Role::Quiet));
        }
        lines
    }
}

impl OverlayPart for GuessedTemplate {
    fn title(&self) -> &'static str {
        "Template of the call"
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((88, 22))
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        TextArea::hints(scene, "Use")
    }

    fn way_out(&self) -> &'static str {
        "leave it"
    }

    fn key(&mut self, chord: Chord, _cx: OverlayCx<'_>) -> Option<After> {
        self.text.key(chord).then(|| self.changed())
    }

    fn paste(&mut self, text: &str) -> After {
        self.text.editor.paste(text);
        self.changed()
    }

    fn step(&mut self, by: isize) {
        self.text.step(by);
    }

    fn act(&mut self, action: OverlayAction, _cx: OverlayCx<'_>) -> After {
        self.text.act(action);
        self.changed()
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        let Ok(values) = &self.values else { return After::Stay };
        let mut taken = self.record.clone();
        taken.prompt.user = self.text.editor.text();
        (taken.input.text, taken.input.vars) = (values.text.clone(), values.vars.clone());
        After::CloseAnd(Intent::Traffic(TrafficIntent::Reopen(taken)))
    }

    fn fit(&mut self, body: Rect, _cx: OverlayCx<'_>) {
        let (_, text, _) = Self::areas(body);
        self.text.fit(text);
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        let (above, text, below) = Self::areas(body);
        let words = format!("{} calls share all of their text but one place.", self.calls);
        buffer.set_line(above.x, above.y, &Line::from(scene.span(words, Role::Quiet)), above.width);
        self.text.draw(scene, text, buffer);
        for ((line, role), row) in self.value_lines(below.width).into_iter().zip(below.rows()) {
            buffer.set_line(row.x, row.y, &Line::from(scene.foreign(&line, role)), row.width);
        }
    }
}
