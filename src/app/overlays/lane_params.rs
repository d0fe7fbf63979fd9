//! Parameters of a lane's own, over those of the prompt, and what each lane is sent, side by side.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::Verb,
        context::Scene,
        intent::{BenchIntent, Intent},
        overlay::{After, Hint, OverlayCx, OverlayPart, form_size, hint},
        overlays::params::{EXTRA, extra, param_rows, read_params, shown, value},
    },
    model::{
        LaneSpec, Params, Target,
        prompt::{DEFAULT_TEMPERATURE, Param},
    },
    text::clean_line,
    widgets::{form, form::Form, interactive::Interactive, table::left, theme::Role},
};

/// The form of a lane's parameters, and below it those of all lanes as they are sent.
#[derive(Debug, Clone)]
pub struct LaneParamsForm {
    /// The lane's place.
    pub lane: usize,
    /// Its target, and the parameters it has of its own.
    target: String,
    own: Params,
    /// The parameters that each lane is sent, with its target, where there are several lanes.
    sent: Vec<(String, Params)>,
    /// Its lines.
    pub form: Form,
}

impl LaneParamsForm {
    /// Begins with what the lane has; the hints say what the prompt has, `sent` what each lane is sent.
    #[must_use]
    pub fn new(
        lane: usize,
        spec: &LaneSpec,
        prompt: &Params,
        target: Option<&Target>,
        sent: Vec<(String, Params)>,
    ) -> Self {
        let own = spec.params.clone();
        let sent = if sent.len() > 1 { sent } else { Vec::new() };
        Self { lane, form: form(&own, prompt, target), target: spec.target.clone(), own, sent }
    }

    /// Lists the parameters that any lane is sent: the name, the value for each lane, and whether they differ.
    #[must_use]
    pub fn compared(&self) -> Vec<(&'static str, Vec<String>, bool)> {
        let known = Param::ALL.into_iter().map(|param| {
            let values: Vec<String> = self.sent.iter().map(|(_, params)| value(param, params)).collect();
            (param.name(), values)
        });
        let further = (EXTRA, self.sent.iter().map(|(_, params)| extra(params)).collect());
        known
            .chain([further])
            .filter(|(_, values)| values.iter().any(|value| !value.is_empty()))
            .map(|(name, values)| {
                let differ = values.windows(2).any(|pair| pair.first() != pair.last());
                (name, values, differ)
            })
            .collect()
    }

    /// Rows of the comparison, its heading and a blank row before it included.
    fn compared_rows(&self) -> usize {
        if self.sent.is_empty() { 0 } else { self.compared().len() + 2 }
    }
}

/// Columns of the names in the comparison, as in the form.
const NAMES: usize = 18;

/// Draws the parameters of all lanes side by side; what differs is marked.
fn draw_compared(form: &LaneParamsForm, scene: Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let each = usize::from(area.width).saturating_sub(NAMES + 2) / form.sent.len().max(1);
    let cell = |text: &str| left(clean_line(text).as_str(), each.saturating_sub(2)) + "  ";
    let mut heading = vec![scene.span(left("  as sent", NAMES + 2), Role::Quiet)];
    heading.extend(form.sent.iter().enumerate().map(|(at, (target, _))| {
        let role = if at == form.lane { Role::Title } else { Role::Quiet };
        scene.span(cell(&format!("{} {target}", at + 1)), role)
    }));
    let rows = form.compared().into_iter().map(|(name, values, differ)| {
        let (mark, role) = if differ { ("≠ ", Role::Differs) } else { ("  ", Role::Text) };
        let mut line = vec![scene.span(mark, role), scene.span(left(name, NAMES), Role::Text)];
        line.extend(values.iter().map(|value| match value.as_str() {
            "" => scene.span(cell("–"), Role::Quiet),
            value => scene.span(cell(value), role),
        }));
        line
    });
    for (line, place) in std::iter::once(heading).chain(rows).zip(area.rows()) {
        buffer.set_line(place.x, place.y, &Line::from(line), place.width);
    }
}

/// Fills the form of a lane's own parameters; its hints name what the prompt has where one is left empty.
fn form(own: &Params, prompt: &Params, target: Option<&Target>) -> Form {
    let empty = |name: &str| {
        let of_prompt = match Param::named(name) {
            Some(Param::Temperature) => shown(prompt.temperature.or(Some(DEFAULT_TEMPERATURE))),
            Some(param) => value(param, prompt),
            None => extra(prompt),
        };
        if of_prompt.is_empty() {
            "empty leaves it as it is".to_owned()
        } else {
            format!("empty takes the prompt's {of_prompt}")
        }
    };
    Form::new(param_rows(own, target, empty))
}

/// Reads a lane's own parameters back, over those the form does not name. With an error in it, the
/// line in question says so and nothing is read.
fn read(form: &mut Form, own: &Params) -> Option<Params> {
    let params = read_params(form, own);
    (!form.show_error()).then_some(params)
}

impl OverlayPart for LaneParamsForm {
    fn title(&self) -> &'static str {
        "Parameters of this lane"
    }

    fn beside(&self, scene: Scene<'_>) -> Line<'static> {
        Line::from(scene.foreign(&self.target, Role::Quiet))
    }

    fn size(&self) -> Option<(u16, u16)> {
        let (width, height) = form_size(&self.form);
        Some((width, height.saturating_add(u16::try_from(self.compared_rows()).unwrap_or(u16::MAX))))
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        vec![hint(scene, Verb::Accept, "use"), hint(scene, Verb::NextPane, "next line")]
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
        let below = u16::try_from(self.compared_rows()).unwrap_or(u16::MAX).min(body.height / 2);
        let rest = Rect { height: body.height - below, ..body };
        form::draw(&self.form, scene.theme, rest, scene.caret, buffer);
        if below > 1 {
            draw_compared(self, scene, Rect { y: rest.bottom() + 1, height: below - 1, ..body }, buffer);
        }
    }
}
