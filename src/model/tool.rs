//! Tools that a model may call: what is said of them, what the model calls, and what it is answered.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::model::prompt_caching::PromptCaching;

/// The longest name of a tool that all vendors take, in characters.
const LONGEST_NAME: usize = 64;

/// Rounds of calls and results, at most, where a prompt does not say how many.
pub const DEFAULT_MAX_ROUNDS: u32 = 8;

/// How long a command or a server may take for one result, where a prompt does not say.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// One tool of a prompt, as its file holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// The name by which the model calls it.
    pub name: String,
    /// What it does and when to call it, for the model.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The JSON Schema of its arguments, an object; any arguments where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Value>,
    /// Whether the vendor is to hold the model to the schema, where it can.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub strict: bool,
    /// Whether the provider is asked to keep the tools up to this one, and for how long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<PromptCaching>,
    /// Where its results come from; without one a run ends with the model's calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ToolResult>,
}

/// Where the results of a tool come from: exactly one of the sources.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ToolResult {
    /// A text; may hold variables, those of the input and the arguments by their names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The name of a variable of the input, such as a column of a data set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// A program and its arguments, started without a shell: the call as JSON on standard input, the result on standard
    /// output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// A program and its arguments that is an MCP server over standard input and output, and has a tool of this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mcp: Option<Vec<String>>,
    /// Whether a person types it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ask: bool,
    /// How long a command or a server may take, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<f64>,
}

/// The one source of a tool's results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolSource<'t> {
    /// A text with variables.
    Text(&'t str),
    /// A variable of the input.
    Column(&'t str),
    /// A program that is asked once for each call.
    Command(&'t [String]),
    /// An MCP server that is started once for each run.
    Mcp(&'t [String]),
    /// Somebody at the screen.
    Person,
}

impl ToolSource<'_> {
    /// Tells whether the same call has the same result at all times: nothing outside of the run is asked.
    #[must_use]
    pub fn is_fixed(&self) -> bool {
        match self {
            Self::Text(_) | Self::Column(_) => true,
            Self::Command(_) | Self::Mcp(_) | Self::Person => false,
        }
    }

    /// Returns the program that it starts, with its arguments.
    #[must_use]
    pub fn program(&self) -> Option<&[String]> {
        match self {
            Self::Command(argv) | Self::Mcp(argv) => Some(argv),
            Self::Text(_) | Self::Column(_) | Self::Person => None,
        }
    }
}

impl ToolResult {
    /// Finds its source. Fails, in words, where it names none or several, or an empty program.
    pub fn source(&self) -> Result<ToolSource<'_>, String> {
        let Self { text, column, command, mcp, ask, timeout } = self;
        let sources = [
            text.as_deref().map(ToolSource::Text),
            column.as_deref().map(ToolSource::Column),
            command.as_deref().map(ToolSource::Command),
            mcp.as_deref().map(ToolSource::Mcp),
            ask.then_some(ToolSource::Person),
        ];
        let mut named = sources.into_iter().flatten();
        let names = "text, column, command, mcp and ask";
        let source = named.next().ok_or_else(|| format!("`result` names no source; give it one of {names}"))?;
        if named.next().is_some() {
            return Err(format!("`result` has one source: keep one of {names}"));
        }
        if source.program().is_some_and(|argv| argv.first().is_none_or(|program| program.trim().is_empty())) {
            return Err("`result` names no program; write it as [\"PROGRAM\", \"ARGUMENT\"]".to_owned());
        }
        if timeout.is_some_and(|seconds| !(seconds > 0.0 && seconds <= 3600.0)) {
            return Err("`timeout` is above 0 and at most 3600 seconds".to_owned());
        }
        Ok(source)
    }

    /// Returns how long a command or a server may take.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.timeout.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or(DEFAULT_TIMEOUT)
    }
}

impl Tool {
    /// Begins a tool of a name, with nothing else.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            description: String::new(),
            parameters: None,
            strict: false,
            cache: None,
            result: None,
        }
    }

    /// Returns the JSON Schema of its arguments; an object of any fields where the prompt has none.
    #[must_use]
    pub fn schema(&self) -> Value {
        self.parameters.clone().unwrap_or_else(|| json!({ "type": "object", "properties": {} }))
    }

    /// Finds where its results come from; none where it has none, or a mistake in it, which reading the prompt names.
    #[must_use]
    pub fn source(&self) -> Option<ToolSource<'_>> {
        self.result.as_ref().and_then(|result| result.source().ok())
    }

    /// Refuses what no vendor takes: the key, and what is wrong in words.
    pub fn validate(&self) -> Result<(), (&'static str, String)> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let name = &self.name;
        if name.is_empty() || name.chars().count() > LONGEST_NAME || !name.chars().all(allowed) {
            let words =
                format!("`{name}` is no name of a tool: it has 1 to {LONGEST_NAME} letters, digits, `_` and `-`");
            return Err(("name", words));
        }
        if let Some(schema) = &self.parameters {
            let kind = schema.get("type").and_then(Value::as_str);
            if !schema.is_object() || kind.is_some_and(|kind| kind != "object") {
                let words = "`parameters` is a JSON Schema of an object: { type = \"object\", … }";
                return Err(("parameters", words.to_owned()));
            }
        }
        self.result.as_ref().map_or(Ok(()), |result| result.source().map(|_| ()).map_err(|words| ("result", words)))
    }
}

/// Reads a tool as vendors and MCP servers write one: that of chat completions, Responses, Anthropic, Gemini or
/// `tools/list`. None where it has no name.
#[must_use]
pub fn read_listed(row: &Value) -> Option<Tool> {
    let fields = row.get("function").filter(|inner| inner.is_object()).unwrap_or(row);
    let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
    let schemas = ["parameters", "input_schema", "inputSchema", "parametersJsonSchema"];
    let parameters = schemas.iter().find_map(|name| fields.get(*name)).filter(|schema| schema.is_object()).cloned();
    Some(Tool {
        name: text("name").filter(|name| !name.is_empty())?,
        description: text("description").unwrap_or_default(),
        parameters,
        strict: fields.get("strict") == Some(&Value::Bool(true)),
        cache: PromptCaching::of_json(row).ok().flatten(),
        result: None,
    })
}

/// Reads a call as chat completions have one in a message; none where it has no name.
#[must_use]
pub fn read_call(row: &Value) -> Option<ToolCall> {
    let function = row.get("function").unwrap_or(row);
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let arguments = match function.get("arguments").or_else(|| function.get("input")) {
        Some(Value::String(text)) => text.clone(),
        Some(object @ Value::Object(_)) => object.to_string(),
        _ => String::new(),
    };
    let id = text(row, "id").unwrap_or_default();
    Some(ToolCall { id, name: text(function, "name")?, arguments, ..ToolCall::default() })
}

/// Reads a list of tools, however it is wrapped: an array, `tools`, the result of `tools/list`, Gemini's declarations, or
/// one tool. Empty where there is none.
#[must_use]
pub fn read_list(json: &Value) -> Vec<Tool> {
    match json {
        Value::Array(rows) => rows.iter().flat_map(read_list).collect(),
        Value::Object(_) => {
            let inner = ["/result/tools", "/tools", "/functionDeclarations", "/function_declarations"];
            match inner.iter().find_map(|at| json.pointer(at)).filter(|inner| inner.is_array()) {
                Some(rows) => read_list(rows),
                None => read_listed(json).into_iter().collect(),
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// Writes a tool in the shape of chat completions, which every vendor's tools are made from.
#[must_use]
pub fn as_listed(tool: &Tool) -> Value {
    let mut function = Map::new();
    function.insert("name".to_owned(), tool.name.as_str().into());
    if !tool.description.is_empty() {
        function.insert("description".to_owned(), tool.description.as_str().into());
    }
    function.insert("parameters".to_owned(), tool.schema());
    if tool.strict {
        function.insert("strict".to_owned(), true.into());
    }
    json!({ "type": "function", "function": function })
}

/// Whether the model has to call a tool.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(from = "String", into = "String")]
pub enum ToolChoice {
    /// It decides.
    #[default]
    Auto,
    /// It calls none.
    None,
    /// It calls at least one.
    Required,
    /// It calls this one.
    Named(String),
}

impl ToolChoice {
    /// Returns its word in files: `auto`, `none`, `required`, or the tool's name.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Auto => "auto",
            Self::None => "none",
            Self::Required => "required",
            Self::Named(name) => name,
        }
    }
}

impl From<String> for ToolChoice {
    fn from(word: String) -> Self {
        match word.as_str() {
            "auto" => Self::Auto,
            "none" => Self::None,
            "required" | "any" => Self::Required,
            _ => Self::Named(word),
        }
    }
}

impl From<ToolChoice> for String {
    fn from(choice: ToolChoice) -> Self {
        choice.word().to_owned()
    }
}

/// The tools of one request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ToolSet {
    pub tools: Vec<Tool>,
    /// Whether the model has to call one; left to the vendor where unset.
    pub choice: Option<ToolChoice>,
    /// Whether it may call several at once; left to the vendor where unset.
    pub parallel: Option<bool>,
    /// How often the model may be asked again with results, at most; [`DEFAULT_MAX_ROUNDS`] where unset.
    pub max_rounds: Option<u32>,
}

/// Counts the characters of a value written as JSON; an escaped one counts as one.
fn json_chars(value: &Value) -> u64 {
    match value {
        Value::Null => 4,
        Value::Bool(yes) => {
            if *yes {
                4
            } else {
                5
            }
        }
        Value::Number(number) => number.to_string().len() as u64,
        Value::String(text) => 2 + text.chars().count() as u64,
        Value::Array(list) => 1 + list.iter().map(|value| 1 + json_chars(value)).sum::<u64>(),
        Value::Object(fields) => {
            1 + fields.iter().map(|(name, value)| 4 + name.chars().count() as u64 + json_chars(value)).sum::<u64>()
        }
    }
}

impl ToolSet {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tools.is_empty()
    }

    /// Returns how many characters a vendor is sent of them: names, descriptions and schemas.
    #[must_use]
    pub fn chars(&self) -> u64 {
        let text = |text: &str| text.chars().count() as u64;
        let tool =
            |tool: &Tool| text(&tool.name) + text(&tool.description) + tool.parameters.as_ref().map_or(0, json_chars);
        self.tools.iter().map(tool).sum()
    }

    /// Tells whether a run goes on after a call: some tool has a source of results.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        self.tools.iter().any(|tool| tool.result.is_some())
    }

    /// Returns it without its marks to be cached, which change what an answer costs and not the answer.
    #[must_use]
    pub fn uncached(&self) -> Self {
        let tools = self.tools.iter().map(|tool| Tool { cache: None, ..tool.clone() });
        Self { tools: tools.collect(), ..self.clone() }
    }

    /// Finds a tool by the name a model called.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Tool> {
        self.tools.iter().find(|tool| tool.name == name)
    }
}

/// One call of a tool that a model made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ToolCall {
    /// The id by which its result is told from others; the provider's, or one of retort's where it gave none.
    pub id: String,
    /// The tool's name, as the model wrote it.
    pub name: String,
    /// The arguments as the model wrote them, which need not be JSON; empty means none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub arguments: String,
    /// What the provider wants back with the call unchanged, such as Gemini's thought signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// What is wrong with it by its tool's schema; none where nothing is, or nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl ToolCall {
    /// Reads the arguments: an object, empty where nothing was written. Fails, in words, where they are no JSON object.
    pub fn values(&self) -> Result<Map<String, Value>, String> {
        if self.arguments.trim().is_empty() {
            return Ok(Map::new());
        }
        match serde_json::from_str(&self.arguments) {
            Ok(Value::Object(fields)) => Ok(fields),
            Ok(_) => Err("the arguments are no JSON object".to_owned()),
            Err(error) => Err(format!("the arguments are not JSON: {error}")),
        }
    }

    /// Returns the arguments as a value: the object, else the text as it was written.
    #[must_use]
    pub fn value(&self) -> Value {
        self.values().map_or_else(|_| Value::String(self.arguments.clone()), Value::Object)
    }
}

/// Writes an answer for a place of one line: its text, and the calls of tools that it ended with, each with its arguments.
#[must_use]
pub fn answer_in_brief(text: &str, calls: &[ToolCall]) -> String {
    let calls = calls.iter().map(|call| format!("calls {} {}", call.name, call.arguments).trim_end().to_owned());
    let text = Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned);
    text.into_iter().chain(calls).collect::<Vec<_>>().join(" · ")
}

/// Which call a message of the role `tool` answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ToolReply {
    /// The call's id.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// Whether the tool failed: the text is its error.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub failed: bool,
}

/// A piece of a call as it comes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CallPiece {
    /// Which call of the answer, counted from 0.
    pub place: usize,
    /// Its id, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// More of its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// More of its arguments.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub arguments: String,
    /// Whether the arguments are all there are, in place of those that came before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
    /// What the provider wants back with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

impl CallPiece {
    /// Adds it to the calls of an answer. A place beyond the next makes one call, whatever it is.
    pub fn add_to(&self, calls: &mut Vec<ToolCall>) {
        if self.place >= calls.len() {
            calls.push(ToolCall::default());
        }
        let place = self.place.min(calls.len() - 1);
        let Some(call) = calls.get_mut(place) else { return };
        if let Some(id) = &self.id {
            call.id.clone_from(id);
        }
        if let Some(name) = &self.name {
            // Most servers send a name whole, some again with every piece, and few in pieces.
            if !call.name.ends_with(name.as_str()) || call.name.is_empty() {
                call.name.push_str(name);
            }
        }
        if self.whole {
            call.arguments.clone_from(&self.arguments);
        } else {
            call.arguments.push_str(&self.arguments);
        }
        if let Some(signature) = &self.signature {
            call.signature = Some(signature.clone());
        }
    }

    /// Returns how many bytes of an answer it is.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        self.arguments.len() + text(&self.name) + text(&self.id) + text(&self.signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_is_read_in_every_vendors_shape() {
        let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}});
        let expected = Tool {
            name: "f".to_owned(),
            description: "Does f.".to_owned(),
            parameters: Some(schema.clone()),
            strict: false,
            cache: None,
            result: None,
        };
        let flat = |key: &str| json!({"name": "f", "description": "Does f.", key: schema});
        for list in [
            json!([as_listed(&expected)]),
            json!({"tools": [{"type": "function", "function": flat("parameters")}]}),
            json!([{"type": "function", "name": "f", "description": "Does f.", "parameters": schema}]),
            json!([flat("input_schema")]),
            json!({"jsonrpc": "2.0", "id": 1, "result": {"tools": [flat("inputSchema")]}}),
            json!({"tools": [{"functionDeclarations": [flat("parametersJsonSchema")]}]}),
            flat("parameters"),
        ] {
            assert_eq!(read_list(&list), std::slice::from_ref(&expected), "{list}");
        }
        assert_eq!(read_list(&json!({"a": 1})), []);
    }

    #[test]
    fn a_result_has_exactly_one_source() {
        let text = ToolResult { text: Some("20 °C".to_owned()), ..ToolResult::default() };
        assert_eq!(text.source(), Ok(ToolSource::Text("20 °C")));
        let both = ToolResult { column: Some("weather".to_owned()), ..text };
        assert!(both.source().unwrap_err().contains("one source"));
        assert!(ToolResult::default().source().unwrap_err().contains("no source"));
        let nobody = ToolResult { command: Some(Vec::new()), ..ToolResult::default() };
        assert!(nobody.source().unwrap_err().contains("no program"));
    }

    #[test]
    fn arguments_that_are_left_out_are_none_and_a_cut_is_a_mistake() {
        let call = |arguments: &str| ToolCall { arguments: arguments.to_owned(), ..ToolCall::default() };
        assert_eq!(call(" ").values(), Ok(Map::new()));
        assert!(call("{\"a\": ").values().is_err());
        assert!(call("[1]").values().unwrap_err().contains("no JSON object"));
        assert_eq!(call("{\"a\": 1}").value(), json!({"a": 1}));
    }

    #[test]
    fn a_name_is_one_that_every_vendor_takes() {
        assert_eq!(Tool::named("get_weather-2").validate(), Ok(()));
        for bad in ["", "a b", "größe", &"x".repeat(65)] {
            assert!(Tool::named(bad).validate().is_err(), "{bad}");
        }
    }
}
