//! How often each lane runs the same request.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{
        action::Verb,
        context::Scene,
        intent::{BenchIntent, Intent},
        overlay::{After, Hint, OverlayCx, OverlayPart, form_size, hint},
    },
    widgets::{
        form,
        form::{Form, FormField},
        interactive::Interactive,
    },
};

/// The form with the number of samples.
#[derive(Debug, Clone)]
pub struct SamplesForm {
    /// How many there can be.
    most: u32,
    /// Its one line.
    pub form: Form,
}

const SAMPLES: &str = "samples";

impl SamplesForm {
    /// Begins with the number there is.
    #[must_use]
    pub fn new(samples: u32, most: u32) -> Self {
        let hint = format!("1 to {most}: how often each lane runs the same request");
        Self { most, form: Form::new(vec![FormField::new(SAMPLES, &samples.to_string(), hint)]) }
    }
}

impl OverlayPart for SamplesForm {
    fn title(&self) -> &'static str {
        "Samples"
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some(form_size(&self.form))
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        vec![hint(scene, Verb::Accept, "Save")]
    }

    fn interactive(&mut self) -> Option<&mut dyn Interactive> {
        Some(&mut self.form)
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        let most = self.most;
        let number = |text: &str| text.parse().ok().filter(|number| (1..=most).contains(number));
        let read = self
            .form
            .read(SAMPLES, |text| number(text).ok_or_else(|| format!("a whole number from 1 to {most} is expected")));
        if self.form.show_error() {
            return After::Stay;
        }
        After::CloseAnd(Intent::Bench(BenchIntent::SetSamples(read.unwrap_or(1))))
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        form::draw(&self.form, scene.theme, body, scene.caret, buffer);
    }
}
