//! The form of parameters and response: filled from a prompt, checked, and read back.

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
        Format, Params, Response, Target,
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

/// The form of the prompt's parameters and of the response it expects.
#[derive(Debug, Clone)]
pub struct ParamsForm {
    /// The prompt's name, if it has one.
    prompt_name: Option<String>,
    /// What the form is read over.
    params: Params,
    response: Response,
    /// Its lines.
    pub form: Form,
}

impl ParamsForm {
    /// Begins with what the prompt on the bench has; what the `target` of the lane with the focus does not take says so.
    #[must_use]
    pub fn new(
        prompt_name: Option<String>,
        params: &Params,
        response: &Response,
        fallback: &[String],
        target: Option<&Target>,
    ) -> Self {
        let form = form(params, response, fallback, target);
        Self { prompt_name, params: params.clone(), response: response.clone(), form }
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

/// No form of the answer is named.
const AUTO: &str = "auto";

/// Fills the form.
fn form(params: &Params, response: &Response, fallback: &[String], target: Option<&Target>) -> Form {
    let format = match response.format {
        Format::Auto => AUTO,
        Format::Text => "text",
        Format::Json => "json",
        Format::Schema => "schema",
    };
    let schema = response.schema.as_ref().map(Value::to_string).unwrap_or_default();
    let empty = |name: &str| match Param::named(name) {
        Some(Param::Temperature) => format!("empty is {DEFAULT_TEMPERATURE}"),
        Some(Param::TopP | Param::MaxTokens | Param::ReasoningEffort) => "empty leaves it to the model".to_owned(),
        Some(Param::Stop | Param::Seed) | None => "empty is none".to_owned(),
    };
    let mut rows = param_rows(params, target, empty);
    rows.extend([
        FormField::of_words(
            "format",
            format,
            &[AUTO, "text", "json", "schema"],
            "auto: JSON where the prompt speaks of it; space changes it",
        ),
        FormField::new("required", &joined(&response.required), "fields that must be filled, separated by commas"),
        FormField::new("schema", &schema, "a JSON Schema; needed where the format is schema"),
        FormField::new(
            "confidence",
            response.confidence.as_deref().unwrap_or_default(),
            "JSON pointer to it: /confidence_score",
        ),
        FormField::new("min_confidence", &shown(response.min_confidence), "0 to 1; empty does not check"),
        FormField::new(
            "min_completeness",
            &shown(response.min_completeness),
            "share of required fields, 0 to 1; empty is all",
        ),
        FormField::new("min_score", &shown(response.min_score), "of the checks, 0 to 1; empty wants each to pass"),
        FormField::of_words(
            "finish",
            if response.finish { "on" } else { "off" },
            &["on", "off"],
            "whether a text that is cut off fails; space changes it",
        ),
        FormField::new("fallback", &joined(fallback), "models to try when one fails, separated by commas"),
    ]);
    Form::new(rows)
}

/// Reads the form back. With an error in it, the line in question says so and nothing is read.
fn read(form: &mut Form, params: &Params, response: &Response) -> Option<(Params, Response, Vec<String>)> {
    let mut read = (read_params(form, params), response.clone(), Vec::new());
    read.1.format = match form.value("format").as_str() {
        "text" => Format::Text,
        "json" => Format::Json,
        "schema" => Format::Schema,
        _ => Format::Auto,
    };
    read.1.required = form.read("required", |text| Ok(list(text))).unwrap_or_default();
    read.1.schema = form.read("schema", schema);
    read.1.confidence = form.read("confidence", |text| {
        text.starts_with('/').then(|| text.to_owned()).ok_or_else(|| "a JSON pointer begins with `/`".to_owned())
    });
    read.1.min_confidence = form.read("min_confidence", |text| between(text, 0.0, 1.0));
    read.1.min_completeness = form.read("min_completeness", |text| between(text, 0.0, 1.0));
    read.1.min_score = form.read("min_score", |text| between(text, 0.0, 1.0));
    read.1.finish = form.value("finish") == "on";
    read.2 = form.read("fallback", |text| Ok(list(text))).unwrap_or_default();
    if read.1.format == Format::Schema && read.1.schema.is_none() {
        blame(form, "schema", "the format `schema` needs one");
    }
    if read.1.min_confidence.is_some() && read.1.confidence.is_none() {
        blame(form, "confidence", "min_confidence needs to know where the confidence is");
    }
    (!form.show_error()).then_some(read)
}

fn blame(form: &mut Form, label: &str, error: &str) {
    if let Some(row) = form.rows.iter_mut().find(|row| row.label == label && row.error.is_none()) {
        row.error = Some(error.to_owned());
    }
}

fn between(text: &str, least: f64, most: f64) -> Result<f64, String> {
    text.replace(',', ".")
        .parse()
        .ok()
        .filter(|n| (least..=most).contains(n))
        .ok_or_else(|| format!("a number from {least} to {most} is expected"))
}

fn schema(text: &str) -> Result<Value, String> {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Object(_) | Value::Bool(_))) => Ok(value),
        Ok(_) => Err("a JSON Schema is an object".to_owned()),
        Err(why) => Err(format!("not JSON: {why}")),
    }
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
        match read(&mut self.form, &self.params, &self.response) {
            Some((params, response, fallback)) => After::CloseAnd(Intent::Bench(BenchIntent::SetParams {
                params: Box::new(params),
                response: Box::new(response),
                fallback,
            })),
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
        let mut form = form(&Params::default(), &Response::default(), &[], None);
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
        let response = Response {
            format: Format::Schema,
            required: vec!["a".into(), "/b/c".into()],
            schema: Some(serde_json::json!({"type": "object"})),
            confidence: Some("/score".into()),
            min_confidence: Some(0.8),
            min_completeness: Some(1.0),
            min_score: Some(0.5),
            finish: false,
            off: Vec::new(),
        };
        let fallback = vec!["local".to_owned()];
        let mut form = form(&params, &response, &fallback, None);
        let empty = (Params::default(), Response::default());
        assert_eq!(read(&mut form, &empty.0, &empty.1), Some((params, response, fallback)));
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
            ("schema", "{", "not JSON"),
            ("schema", "[1]", "is an object"),
            ("confidence", "score", "begins with `/`"),
            ("format", "schema", "needs one"),
            ("min_confidence", "0.5", "where the confidence is"),
            ("min_score", "50", "from 0 to 1"),
        ] {
            let mut form = filled(&[(label, text)]);
            assert_eq!(read(&mut form, &Params::default(), &Response::default()), None, "{label} = {text}");
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
        let mut form = form(&params, &Response::default(), &[], Some(&target));
        let row = |form: &Form, label: &str| form.rows.iter().find(|row| row.label == label).unwrap().clone();
        assert_eq!(row(&form, "seed").without_effect.as_deref(), Some("not accepted by claude-haiku-4-5"));
        assert_eq!(row(&form, "temperature").without_effect, None);
        let (read, ..) = read(&mut form, &Params::default(), &Response::default()).unwrap();
        assert_eq!(read.seed, Some(7), "another lane may take it");
    }
}
