//! The values of the prompt's variables.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{
        action::Action,
        context::Scene,
        intent::{BenchIntent, Intent},
        overlay::{After, Hint, OverlayCx, OverlayPart, form_size, hint},
        workbench::Workbench,
    },
    model::VarValue,
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
    /// Lists the variables of the prompt on the bench and begins at the first without a value; none where there is
    /// no variable but the input.
    #[must_use]
    pub fn new(bench: &Workbench) -> Option<Self> {
        let names: Vec<String> = bench.variables().map(str::to_owned).collect();
        if names.is_empty() {
            return None;
        }
        let rows = names.iter().map(|name| {
            let value = bench.vars.get(name).map_or("", VarValue::as_str);
            FormField::new(name.clone(), value, format!("stands for {{{{ {name} }}}}"))
        });
        let mut form = Form::new(rows.collect());
        form.go(names.iter().position(|name| bench.missing().contains(name)).unwrap_or(0));
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
        vec![hint(scene, Action::Accept, "takes all"), hint(scene, Action::NextPane, "next line")]
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
