//! The form of parameters and fallbacks: filled from a prompt, checked, and read back.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};
use serde_json::{Map, Value};

use crate::{
    app::{
        action::Verb,
        context::Scene,
        intent::{BenchIntent, Intent},
        overlay::{After, Hint, OverlayCx, OverlayPart, form_size, hint},
    },
    model::{
        Params, Target,
        prompt::{DEFAULT_TEMPERATURE, Param, refuse},
    },
    text::json,
    widgets::{
        form,
        form::{Form, FormField},
        interactive::Interactive,
        theme::Role,
    },
};

/// The form of the prompt's parameters and of the models that are tried when one fails.
#[derive(Debug, Clone)]
pub struct ParamsForm {
    /// The prompt's name, if it has one.
    prompt_name: Option<String>,
    /// What the form is read over.
    params: Params,
    /// Its lines.
    pub form: Form,
}

impl ParamsForm {
    /// Begins with what the prompt on the bench has; what the `target` of the lane with the focus does not take says so.
    #[must_use]
    pub fn new(prompt_name: Option<String>, params: &Params, fallback: &[String], target: Option<&Target>) -> Self {
        let form = form(params, fallback, target);
        Self { prompt_name, params: params.clone(), form }
    }

    /// Goes to a line by its name.
    #[must_use]
    pub fn at(mut self, line: &str) -> Self {
        if let Some(at) = self.form.rows.iter().position(|row| row.label == line) {
            self.form.go(at);
        }
        self
    }
}

pub(super) fn shown(n: Option<impl ToString>) -> String {
    n.map(|n| n.to_string()).unwrap_or_default()
}

/// The line of the fields that are sent as they are.
pub(super) const EXTRA: &str = "extra";

/// Writes a parameter as it is filled in; empty where it has no value.
pub(super) fn value(param: Param, params: &Params) -> String {
    match param {
        Param::Temperature => shown(params.temperature),
        Param::TopP => shown(params.top_p),
        Param::MaxTokens => shown(params.max_tokens),
        Param::Stop => joined(&params.stop),
        Param::Seed => shown(params.seed),
        Param::ReasoningEffort => params.reasoning_effort.clone().unwrap_or_default(),
    }
}

/// Writes the fields that are sent as they are; empty where there are none.
pub(super) fn extra(params: &Params) -> String {
    if params.extra.is_empty() { String::new() } else { json::to_line(&params.extra).unwrap_or_default() }
}

/// Makes the lines of all parameters: what a `target` does not take says why, `empty` what an empty line means.
pub(super) fn param_rows(params: &Params, target: Option<&Target>, empty: impl Fn(&str) -> String) -> Vec<FormField> {
    let row = |name: &str, value: &str, takes: &str| FormField {
        without_effect: target.and_then(|target| target.refusal(name)),
        ..FormField::new(name, value, format!("{takes}; {}", empty(name)))
    };
    let mut rows: Vec<FormField> =
        Param::ALL.into_iter().map(|param| row(param.name(), &value(param, params), param.range())).collect();
    rows.push(row(EXTRA, &extra(params), "further fields of the request, a JSON object"));
    rows
}

/// Reads the rows of the parameters over those there are.
pub(super) fn read_params(form: &mut Form, params: &Params) -> Params {
    for row in &mut form.rows {
        row.error = None;
    }
    let mut read = params.clone();
    for param in Param::ALL {
        let name = param.name();
        match param {
            Param::Temperature => read.temperature = form.read(name, |text| between(text, 0.0, 2.0)),
            Param::TopP => read.top_p = form.read(name, |text| between(text, 0.0, 1.0)),
            Param::MaxTokens => {
                read.max_tokens = form.read(name, |text| {
                    text.parse().ok().filter(|n| *n > 0).ok_or_else(|| "a whole number above 0 is expected".to_owned())
                });
            }
            Param::Stop => read.stop = form.read(name, |text| Ok(list(text))).unwrap_or_default(),
            Param::Seed => {
                read.seed =
                    form.read(name, |text| text.parse().ok().ok_or_else(|| "a whole number is expected".to_owned()));
            }
            Param::ReasoningEffort => read.reasoning_effort = form.read(name, |text| Ok(text.to_owned())),
        }
    }
    read.extra = form.read(EXTRA, fields).unwrap_or_default();
    read
}

/// Reads further fields of the request body.
fn fields(text: &str) -> Result<Map<String, Value>, String> {
    let fields: Map<String, Value> = serde_json::from_str(text)
        .map_err(|why| format!("a JSON object is expected, such as {{\"top_k\": 40}}: {why}"))?;
    if let Some(known) = fields.keys().find(|name| Param::named(name).is_some()) {
        return Err(format!("`{known}` has a line of its own above"));
    }
    refuse(&fields)?;
    Ok(fields)
}

/// Fills the form.
fn form(params: &Params, fallback: &[String], target: Option<&Target>) -> Form {
    let empty = |name: &str| match Param::named(name) {
        Some(Param::Temperature) => format!("empty is {DEFAULT_TEMPERATURE}"),
        Some(Param::TopP | Param::MaxTokens | Param::ReasoningEffort) => "empty leaves it to the model".to_owned(),
        Some(Param::Stop | Param::Seed) | None => "empty is none".to_owned(),
    };
    let mut rows = param_rows(params, target, empty);
    let says = "models to try when one fails, separated by commas";
    rows.push(FormField::new(FALLBACK, &joined(fallback), says));
    Form::new(rows)
}

/// The line of the models that are tried when one fails.
const FALLBACK: &str = "fallback";

/// Reads the form back. With an error in it, the line in question says so and nothing is read.
fn read(form: &mut Form, params: &Params) -> Option<(Params, Vec<String>)> {
    let read = read_params(form, params);
    let fallback = form.read(FALLBACK, |text| Ok(list(text))).unwrap_or_default();
    (!form.show_error()).then_some((read, fallback))
}

fn between(text: &str, least: f64, most: f64) -> Result<f64, String> {
    text.replace(',', ".")
        .parse()
        .ok()
        .filter(|n| (least..=most).contains(n))
        .ok_or_else(|| format!("a number from {least} to {most} is expected"))
}

/// Writes a list so that [`list`] reads it back.
pub(super) fn joined(texts: &[String]) -> String {
    let written = texts.iter().map(|text| text.replace('\\', "\\\\").replace('\n', "\\n").replace(',', "\\,"));
    written.collect::<Vec<_>>().join(", ")
}

/// Reads texts separated by commas; `\n` is a line break, `\,` a comma, `\\` a backslash.
fn list(text: &str) -> Vec<String> {
    let (mut texts, mut chars) = (vec![String::new()], text.chars());
    while let Some(c) = chars.next() {
        let last = texts.last_mut();
        match (c, last) {
            (',', _) => texts.push(String::new()),
            ('\\', Some(last)) => match chars.next() {
                Some('n') => last.push('\n'),
                Some(other) => last.push(other),
                None => last.push('\\'),
            },
            (c, Some(last)) => last.push(c),
            (_, None) => {}
        }
    }
    let blank = |c: char| c == ' ' || c == '\t';
    texts.iter().map(|text| text.trim_matches(blank).to_owned()).filter(|text| !text.is_empty()).collect()
}

impl OverlayPart for ParamsForm {
    fn title(&self) -> &'static str {
        "Parameters"
    }

    fn beside(&self, scene: Scene<'_>) -> Line<'static> {
        Line::from(scene.foreign(self.prompt_name.as_deref().unwrap_or_default(), Role::Quiet))
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some(form_size(&self.form))
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        vec![hint(scene, Verb::Accept, "use"), hint(scene, Verb::NextPane, "next line")]
    }

    fn interactive(&mut self) -> Option<&mut dyn Interactive> {
        Some(&mut self.form)
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        match read(&mut self.form, &self.params) {
            Some((params, fallback)) => {
                After::CloseAnd(Intent::Bench(BenchIntent::SetParams { params: Box::new(params), fallback }))
            }
            None => After::Stay,
        }
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        form::draw(&self.form, scene.theme, body, scene.caret, buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::widgets::line_input::LineInput;

    fn filled(fills: &[(&str, &str)]) -> Form {
        let mut form = form(&Params::default(), &[], None);
        for (label, text) in fills {
            let row = form.rows.iter_mut().find(|row| row.label == *label).unwrap();
            row.line = LineInput::of(text);
        }
        form
    }

    #[test]
    fn what_is_filled_in_is_read_back() {
        let params = Params {
            temperature: Some(0.7),
            max_tokens: Some(5),
            top_p: Some(0.5),
            seed: Some(-3),
            stop: vec!["END".into(), "a,b\n".into()],
            reasoning_effort: Some("low".into()),
            extra: serde_json::json!({"top_k": 40}).as_object().unwrap().clone(),
        };
        let fallback = vec!["local".to_owned()];
        let mut form = form(&params, &fallback, None);
        assert_eq!(read(&mut form, &Params::default()), Some((params, fallback)));
    }

    #[test]
    fn a_mistake_is_told_on_its_line() {
        for (label, text, expected) in [
            ("temperature", "hot", "from 0 to 2"),
            ("temperature", "2.5", "from 0 to 2"),
            ("max_tokens", "0", "above 0"),
            ("seed", "1.5", "whole number"),
            ("extra", "40", "JSON object is expected"),
            ("extra", "{\"top_p\": 1}", "line of its own"),
            ("extra", "{\"messages\": []}", "set by retort"),
        ] {
            let mut form = filled(&[(label, text)]);
            assert_eq!(read(&mut form, &Params::default()), None, "{label} = {text}");
            let error = form.rows[form.at].error.clone().unwrap();
            assert!(error.contains(expected), "{label} = {text}: {error}");
        }
    }

    #[test]
    fn what_the_model_does_not_take_says_so_and_is_kept() {
        let settings = crate::model::Settings::default();
        let catalog = crate::model::Catalog::new(crate::config::builtin::cards(), &settings);
        let target = catalog.resolve("anthropic/claude-haiku-4-5").unwrap();
        let params = Params { seed: Some(7), ..Params::default() };
        let mut form = form(&params, &[], Some(&target));
        let row = |form: &Form, label: &str| form.rows.iter().find(|row| row.label == label).unwrap().clone();
        assert_eq!(row(&form, "seed").without_effect.as_deref(), Some("not accepted by claude-haiku-4-5"));
        assert_eq!(row(&form, "temperature").without_effect, None);
        let (read, _) = read(&mut form, &Params::default()).unwrap();
        assert_eq!(read.seed, Some(7), "another lane may take it");
    }
}
