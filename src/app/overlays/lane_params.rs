//! Parameters of a lane's own, over those of the prompt.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::Verb,
        context::Scene,
        intent::{BenchIntent, Intent},
        overlay::{After, Hint, OverlayCx, OverlayPart, form_size, hint},
        overlays::params::{joined, read_params, shown},
    },
    model::{LaneSpec, Params, prompt::DEFAULT_TEMPERATURE},
    widgets::{
        form,
        form::{Form, FormField},
        interactive::Interactive,
        theme::Role,
    },
};

/// The form of a lane's parameters.
#[derive(Debug, Clone)]
pub struct LaneParamsForm {
    /// The lane's place.
    pub lane: usize,
    /// Its target, and the parameters it has of its own.
    target: String,
    own: Params,
    /// Its lines.
    pub form: Form,
}

impl LaneParamsForm {
    /// Begins with what the lane has; the hints say what the prompt has.
    #[must_use]
    pub fn new(lane: usize, spec: &LaneSpec, prompt: &Params) -> Self {
        let own = spec.params.clone();
        Self { lane, form: form(&own, prompt), target: spec.target.clone(), own }
    }
}

/// Fills the form of a lane's own parameters; its hints name what the prompt has where one is left empty.
fn form(own: &Params, prompt: &Params) -> Form {
    let hint = |named: &str, value: String| match value.as_str() {
        "" => format!("{named}; empty leaves it as it is"),
        value => format!("{named}; empty takes the prompt's {value}"),
    };
    let usual = shown(prompt.temperature.or(Some(DEFAULT_TEMPERATURE)));
    let effort = |params: &Params| params.reasoning_effort.clone().unwrap_or_default();
    Form::new(vec![
        FormField::new("temperature", &shown(own.temperature), hint("0 to 2", usual)),
        FormField::new("max_tokens", &shown(own.max_tokens), hint("output tokens at most", shown(prompt.max_tokens))),
        FormField::new("top_p", &shown(own.top_p), hint("0 to 1", shown(prompt.top_p))),
        FormField::new("stop", &joined(&own.stop), hint("texts that end the answer", joined(&prompt.stop))),
        FormField::new("seed", &shown(own.seed), hint("a whole number", shown(prompt.seed))),
        FormField::new("reasoning_effort", &effort(own), hint("none, low, medium, high", effort(prompt))),
    ])
}

/// Reads a lane's own parameters back, over those the form does not name. With an error in it, the
/// line in question says so and nothing is read.
fn read(form: &mut Form, own: &Params) -> Option<Params> {
    let params = read_params(form, own);
    let reasoning_effort = form.read("reasoning_effort", |text| Ok(text.to_owned()));
    (!form.show_error()).then_some(Params { reasoning_effort, ..params })
}

impl OverlayPart for LaneParamsForm {
    fn title(&self) -> &'static str {
        "Parameters of this lane"
    }

    fn beside(&self, scene: Scene<'_>) -> Line<'static> {
        Line::from(scene.foreign(&self.target, Role::Quiet))
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
        match read(&mut self.form, &self.own) {
            None => After::Stay,
            Some(params) if params == self.own => After::Close,
            Some(params) => {
                After::CloseAnd(Intent::Bench(BenchIntent::SetLaneParams { lane: self.lane, params: Box::new(params) }))
            }
        }
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        form::draw(&self.form, scene.theme, body, scene.caret, buffer);
    }
}
