//! The form of a tool, and that of how tools are used: filled from a prompt and read back.

use crate::{
    app::{overlay::TextArea, overlays::schema::source::SchemaSource},
    eval::schema_text,
    model::{
        PromptCaching, Tool, ToolChoice, ToolSet,
        tool::{DEFAULT_MAX_ROUNDS, DEFAULT_TIMEOUT, ToolResult},
    },
    text::json,
    widgets::{
        form::{Form, FormField, whole},
        interactive::Interactive as _,
        key::Chord,
        line_input::LineInput,
    },
};

const NAME: &str = "name";
const DESCRIPTION: &str = "description";
const PARAMETERS: &str = "parameters";
const STRICT: &str = "strict";
const RESULT: &str = "result";
const VALUE: &str = "value";
const TIMEOUT: &str = "timeout";
pub(super) const CACHE: &str = "cache";

/// How long the provider is asked to keep the tools, as the form has it.
const CACHING: &[&str] = &["no", "5m", "1h"];

const YES_NO: &[&str] = &["no", "yes"];

/// Where results come from, as the form has it.
const SOURCES: &[&str] = &["none", "text", "column", "command", "mcp", "ask"];

const PARALLEL: &[&str] = &["unset", "yes", "no"];

/// Rounds at most that can be filled in.
const MOST_ROUNDS: u64 = 1000;

/// A line of the form that opens a text of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormText {
    Description,
    Parameters,
}

/// A tool that is filled in.
#[derive(Debug, Clone)]
pub struct ToolForm {
    /// Where it stands; none of a new one.
    pub place: Option<usize>,
    pub form: Form,
    /// Its description, which may have several lines.
    pub description: TextArea,
    /// The schema of its arguments as text.
    pub parameters: SchemaSource,
}

/// Writes a text on one line: a line break as `\n`, a backslash as two.
fn on_a_line(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n")
}

/// Reads what [`on_a_line`] wrote.
fn off_the_line(line: &str) -> String {
    let (mut text, mut chars) = (String::new(), line.chars());
    while let Some(c) = chars.next() {
        match (c, chars.as_str().chars().next()) {
            ('\\', Some('n')) => text.push('\n'),
            ('\\', Some('\\')) => text.push('\\'),
            _ => {
                text.push(c);
                continue;
            }
        }
        chars.next();
    }
    text
}

/// Writes a program with its arguments.
fn program(argv: &[String]) -> String {
    json::to_line(argv).unwrap_or_default()
}

/// Reads a program with its arguments: a JSON list, or words between blanks.
fn read_program(text: &str) -> Result<Vec<String>, String> {
    if text.starts_with('[') {
        return serde_json::from_str(text).map_err(|why| format!("a list of texts is expected: {why}"));
    }
    Ok(text.split_whitespace().map(str::to_owned).collect())
}

impl ToolForm {
    /// Begins with a tool.
    #[must_use]
    pub fn new(place: Option<usize>, tool: &Tool) -> Self {
        let result = tool.result.clone().unwrap_or_default();
        let ToolResult { text, column, command, mcp, ask, timeout } = result;
        let (source, value) = match (text, column, command, mcp) {
            (Some(text), ..) => ("text", on_a_line(&text)),
            (_, Some(column), ..) => ("column", column),
            (_, _, Some(argv), _) => ("command", program(&argv)),
            (_, _, _, Some(argv)) => ("mcp", program(&argv)),
            (None, None, None, None) => (if ask { "ask" } else { "none" }, String::new()),
        };
        let timeout = timeout.map(|seconds| seconds.to_string()).unwrap_or_default();
        let schema = tool.parameters.as_ref().and_then(|schema| json::to_pretty(schema).ok()).unwrap_or_default();
        let form = Form::new(vec![
            FormField::new(NAME, &tool.name, "1 to 64 letters, digits, _ and -: the model calls it by this"),
            FormField::new(DESCRIPTION, "", "what it does and when to call it; enter edits its lines"),
            FormField::new(PARAMETERS, "", "enter edits the JSON Schema of the arguments"),
            FormField::of_words(
                STRICT,
                if tool.strict { "yes" } else { "no" },
                YES_NO,
                "whether the vendor holds the model to the schema, where it can",
            ),
            FormField::of_words(RESULT, source, SOURCES, "where results come from; with none the calls are the answer"),
            FormField::new(
                VALUE,
                &value,
                "text: what is answered, with {{ argument }}; column: its name; command, mcp: [\"PROGRAM\", \"ARGUMENT\"]",
            ),
            FormField::new(
                TIMEOUT,
                &timeout,
                format!("seconds for a command or a server; empty is {}", DEFAULT_TIMEOUT.as_secs()),
            ),
            FormField::of_words(
                CACHE,
                tool.cache.map_or("no", PromptCaching::name),
                CACHING,
                "whether Anthropic is asked to keep the tools up to this one, and for how long",
            ),
        ]);
        let (description, parameters) = (TextArea::of(&tool.description), SchemaSource::of_parameters(&schema));
        let mut form = Self { place, form, description, parameters };
        form.say_description();
        form.say_parameters();
        form
    }

    /// Returns the text that the chosen line opens, if it opens one.
    #[must_use]
    pub fn opens(&self) -> Option<FormText> {
        match self.form.rows.get(self.form.at)?.label.as_str() {
            DESCRIPTION => Some(FormText::Description),
            PARAMETERS => Some(FormText::Parameters),
            _ => None,
        }
    }

    /// Takes a key of the line that is filled in. A line that opens a text is not typed in.
    pub(super) fn key(&mut self, chord: Chord) -> bool {
        if self.opens().is_some() { chord.edits_line() } else { self.form.key(chord) }
    }

    /// Returns the description without white space around it.
    fn description_text(&self) -> String {
        self.description.editor.text().trim().to_owned()
    }

    /// Says on its line what the description is: its first line, and how many there are.
    pub(super) fn say_description(&mut self) {
        let text = self.description_text();
        let first = text.lines().next().unwrap_or_default();
        let says = match text.lines().count() {
            0 | 1 => first.to_owned(),
            lines => format!("{first} … {lines} lines"),
        };
        if let Some(row) = self.form.rows.iter_mut().find(|row| row.label == DESCRIPTION) {
            row.line = LineInput::of(&says);
        }
    }

    /// Says on its line what the schema is.
    pub(super) fn say_parameters(&mut self) {
        let (says, error) = match &self.parameters.state {
            Ok(None) => (String::new(), None),
            Ok(Some(schema)) => {
                let fields = schema_text::fields(schema);
                let names: Vec<String> = fields
                    .iter()
                    .map(|field| format!("{}{}", field.name, if field.required { "" } else { "?" }))
                    .collect();
                let count = if fields.len() == 1 { "1 field".to_owned() } else { format!("{} fields", fields.len()) };
                (format!("{count}: {}", names.join(" ")), None)
            }
            Err(error) => ("not valid".to_owned(), Some(format!("line {}: {}", error.line, error.message))),
        };
        if let Some(row) = self.form.rows.iter_mut().find(|row| row.label == PARAMETERS) {
            (row.line, row.error) = (LineInput::of(&says), error);
        }
    }

    /// Reads the tool; with a mistake in it, the line in question says so and nothing is read.
    pub(super) fn read(&mut self) -> Option<Tool> {
        for row in &mut self.form.rows {
            row.error = None;
        }
        self.say_parameters();
        let description = self.description_text();
        let form = &mut self.form;
        let timeout = form.read(TIMEOUT, |text| {
            let seconds = text.replace(',', ".").parse::<f64>().ok();
            seconds.filter(|n| *n > 0.0 && *n <= 3600.0).ok_or_else(|| "above 0 and at most 3600".to_owned())
        });
        let none = ToolResult { timeout, ..ToolResult::default() };
        let source = form.value(RESULT);
        let needs = |value: Option<String>, form: &mut Form, what: &str| {
            if value.is_none()
                && let Some(row) = form.rows.iter_mut().find(|row| row.label == VALUE)
            {
                row.error = Some(format!("{what} is expected"));
            }
            value
        };
        let text = form.read(VALUE, |text| Ok(text.to_owned()));
        let result = match source.as_str() {
            "text" => Some(ToolResult { text: Some(off_the_line(&text.unwrap_or_default())), ..none }),
            "column" => Some(ToolResult { column: needs(text, form, "the name of a variable"), ..none }),
            "command" | "mcp" => {
                let named = needs(text, form, "a program").and_then(|_| form.read(VALUE, read_program));
                let (command, mcp) = if source == "mcp" { (None, named) } else { (named, None) };
                Some(ToolResult { command, mcp, ..none })
            }
            "ask" => Some(ToolResult { ask: true, ..none }),
            _ => None,
        };
        let tool = Tool {
            name: form.value(NAME),
            description,
            parameters: self.parameters.state.clone().ok().flatten(),
            strict: form.value(STRICT) == "yes",
            cache: [PromptCaching::FiveMinutes, PromptCaching::OneHour]
                .into_iter()
                .find(|mark| mark.name() == form.value(CACHE)),
            result,
        };
        (!form.show_error()).then_some(tool)
    }

    /// Shows a mistake, which begins with its key, at its line.
    pub(super) fn blame(&mut self, mistake: &str) {
        let (key, words) = mistake.split_once(": ").unwrap_or((NAME, mistake));
        let key = if key == RESULT { VALUE } else { key };
        let at = self.form.rows.iter().position(|row| row.label == key).unwrap_or(0);
        if let Some(row) = self.form.rows.get_mut(at) {
            row.error = Some(words.to_owned());
        }
        self.form.show_error();
    }
}

const CHOICE: &str = "tool_choice";
const PARALLEL_CALLS: &str = "parallel_tool_calls";
const ROUNDS: &str = "max_rounds";

/// Fills the form of how tools are used.
pub(super) fn use_form(set: &ToolSet) -> Form {
    let choice = set.choice.as_ref().map(ToolChoice::word).unwrap_or_default();
    let parallel = match set.parallel {
        None => "unset",
        Some(true) => "yes",
        Some(false) => "no",
    };
    let rounds = set.max_rounds.map(|most| most.to_string()).unwrap_or_default();
    Form::new(vec![
        FormField::new(CHOICE, choice, "auto, none, required, or the name of a tool; empty leaves it to the vendor"),
        FormField::of_words(
            PARALLEL_CALLS,
            parallel,
            PARALLEL,
            "whether several tools may be called at once; unset leaves it to the vendor",
        ),
        FormField::new(ROUNDS, &rounds, format!("rounds of calls and results at most; empty is {DEFAULT_MAX_ROUNDS}")),
    ])
}

/// Reads it back; with a mistake in it, the line in question says so and nothing is read.
pub(super) fn read_use(form: &mut Form, set: &ToolSet) -> Option<ToolSet> {
    for row in &mut form.rows {
        row.error = None;
    }
    let choice = form.read(CHOICE, |word| match ToolChoice::from(word.to_owned()) {
        ToolChoice::Named(name) if set.find(&name).is_none() => Err(format!("there is no tool `{name}`")),
        choice => Ok(choice),
    });
    let max_rounds = form.read(ROUNDS, |text| whole(text, MOST_ROUNDS)).and_then(|most| u32::try_from(most).ok());
    let parallel = match form.value(PARALLEL_CALLS).as_str() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    };
    (!form.show_error()).then(|| ToolSet { choice, parallel, max_rounds, ..set.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(form: &mut Form, label: &str, text: &str) {
        form.rows.iter_mut().find(|row| row.label == label).unwrap().line = LineInput::of(text);
    }

    #[test]
    fn what_a_tool_has_is_read_back_as_it_was() {
        let argv = || Some(vec!["python3".to_owned(), "a b.py".to_owned()]);
        for result in [
            None,
            Some(ToolResult { text: Some("{{ a }}\nC:\\new".to_owned()), ..ToolResult::default() }),
            Some(ToolResult { column: Some("weather".to_owned()), ..ToolResult::default() }),
            Some(ToolResult { command: argv(), timeout: Some(2.5), ..ToolResult::default() }),
            Some(ToolResult { mcp: argv(), ..ToolResult::default() }),
            Some(ToolResult { ask: true, ..ToolResult::default() }),
        ] {
            let parameters = Some(serde_json::json!({"type": "object", "properties": {"a": {"type": "string"}}}));
            let description = "Finds it.\nOnce.".to_owned();
            let cache = Some(PromptCaching::OneHour);
            let tool = Tool { description, parameters, strict: true, cache, result, ..Tool::named("find") };
            assert_eq!(ToolForm::new(Some(0), &tool).read(), Some(tool));
        }
    }

    #[test]
    fn a_mistake_is_told_at_its_line() {
        let wrong = |fills: &[(&str, &str)]| {
            let mut form = ToolForm::new(None, &Tool::named("find"));
            for (label, text) in fills {
                fill(&mut form.form, label, text);
            }
            assert_eq!(form.read(), None, "{fills:?}");
            let row = &form.form.rows[form.form.at];
            (row.label.clone(), row.error.clone().unwrap())
        };
        assert_eq!(wrong(&[(RESULT, "column")]).0, VALUE);
        assert!(wrong(&[(RESULT, "command"), (VALUE, "[1]")]).1.contains("list of texts"));
        assert_eq!(wrong(&[(TIMEOUT, "0")]).0, TIMEOUT);
        let set = ToolSet { tools: vec![Tool::named("find")], ..ToolSet::default() };
        let mut form = use_form(&set);
        fill(&mut form, CHOICE, "gone");
        assert_eq!(read_use(&mut form, &set), None);
        fill(&mut form, CHOICE, "find");
        fill(&mut form, ROUNDS, "3");
        let read = read_use(&mut form, &set).unwrap();
        assert_eq!((read.choice, read.max_rounds), (Some(ToolChoice::Named("find".to_owned())), Some(3)));
    }
}
