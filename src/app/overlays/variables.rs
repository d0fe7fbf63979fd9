//! The values of the prompt's variables.

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

/// The form with a line for each variable.
#[derive(Debug, Clone)]
pub struct VariablesForm {
    /// Its lines, labelled with the variables' names.
    pub form: Form,
}

impl VariablesForm {
    /// Lists variables with their values and begins at the one at a place; none where there are no variables.
    #[must_use]
    pub fn new(variables: Vec<(String, String)>, at: usize) -> Option<Self> {
        if variables.is_empty() {
            return None;
        }
        let rows = variables.into_iter().map(|(name, value)| {
            let hint = format!("stands for {{{{ {name} }}}}");
            FormField::new(name, &value, hint)
        });
        let mut form = Form::new(rows.collect());
        form.go(at);
        Some(Self { form })
    }
}

impl OverlayPart for VariablesForm {
    fn title(&self) -> &'static str {
        "Variables"
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some(form_size(&self.form))
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        vec![hint(scene, Verb::Accept, "takes all"), hint(scene, Verb::NextPane, "next line")]
    }

    fn interactive(&mut self) -> Option<&mut dyn Interactive> {
        Some(&mut self.form)
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        let values = self.form.rows.iter().map(|row| (row.label.clone(), row.line.text())).collect();
        After::CloseAnd(Intent::Bench(BenchIntent::SetVariables(values)))
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        form::draw(&self.form, scene.theme, body, scene.caret, buffer);
    }
}
