//! What a program's request says, read out of its JSON: for the record, for checks, and for a target of another wire.
//!
//! What is not understood is listed by its path. It goes to targets of the same wire as it is, and to no other.

pub(crate) mod chat;
pub(crate) mod messages;
pub(crate) mod responses;

use serde_json::{Map, Value};

use crate::{
    model::{
        Attachment, Format, Input, Message, Params, Part, Prompt, PromptCaching, Response, Role, ToolCall, ToolSet,
        Turn, Wire,
        attachment::{AttachmentData, PartOrigin},
        media::MediaKind,
        tool,
    },
    template,
};

/// What a request says.
#[derive(Debug, Default)]
pub(crate) struct ProgramQuestion {
    /// The model as it is named.
    pub(crate) model: String,
    pub(crate) streams: bool,
    /// Whether a stream is to end with the counts, where the wire asks for that.
    pub(crate) counts: bool,
    pub(crate) messages: Vec<Message>,
    pub(crate) params: Params,
    pub(crate) tools: ToolSet,
    pub(crate) response: Response,
    /// The paths of what has no place in all this.
    pub(crate) left: Vec<String>,
}

impl ProgramQuestion {
    /// Reads the request of a wire. Fails, in words, where it has no model or no messages.
    pub(crate) fn read(wire: Wire, fields: &Map<String, Value>) -> Result<Self, String> {
        let mut question = Self {
            // That an answer stops at a limit is what the program asked for.
            response: Response { format: Format::Text, finish: false, ..Response::default() },
            ..Self::default()
        };
        question.model = match fields.get("model") {
            Some(Value::String(model)) if !model.trim().is_empty() => model.trim().to_owned(),
            Some(_) => return Err("`model` is the name of a model".to_owned()),
            None => return Err("`model` is missing".to_owned()),
        };
        question.streams = match fields.get("stream") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(streams)) => *streams,
            Some(_) => return Err("`stream` is true or false".to_owned()),
        };
        match wire {
            Wire::Responses => responses::read(&mut question, fields)?,
            Wire::Anthropic => messages::read(&mut question, fields)?,
            Wire::OpenAi
            | Wire::Gemini
            | Wire::Ollama
            | Wire::Inference
            | Wire::Replicate
            | Wire::Command
            | Wire::Demo => {
                chat::read(&mut question, fields)?;
            }
        }
        Ok(question)
    }

    /// Notes what another wire cannot be sent.
    fn leave(&mut self, path: impl Into<String>) {
        let path = path.into();
        if self.left.len() < 32 && !self.left.contains(&path) {
            self.left.push(path);
        }
    }

    /// Notes the members of an object that are none of these.
    fn leave_others(&mut self, at: &str, fields: &Map<String, Value>, known: &[&str]) {
        for (name, value) in fields {
            if !value.is_null() && !known.contains(&name.as_str()) {
                self.leave(format!("{at}{}", short(name)));
            }
        }
    }

    /// Reads the parameters that wires share, by the names that this one has for them.
    fn read_params(&mut self, fields: &Map<String, Value>, stop: &str, most: &[&str]) {
        let number = |name: &str| fields.get(name).filter(|value| !value.is_null());
        self.params.temperature = number("temperature").and_then(Value::as_f64);
        self.params.top_p = number("top_p").and_then(Value::as_f64);
        self.params.max_tokens = most.iter().find_map(|name| number(name)?.as_u64());
        self.params.seed = number("seed").and_then(Value::as_i64);
        match fields.get(stop) {
            Some(Value::String(text)) => self.params.stop = vec![text.clone()],
            Some(Value::Array(texts)) => {
                self.params.stop = texts.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect();
            }
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => {}
        }
    }

    /// Adds a message; one that says nothing is none.
    fn say(&mut self, message: Message) {
        if !message.is_empty() {
            self.messages.push(message);
        }
    }

    /// Makes the prompt that the request is on record as: the person's last text is its input.
    pub(crate) fn prompt(&self) -> (Prompt, Input) {
        let mut input = Input::default();
        let last = self.messages.iter().rposition(|message| message.role == Role::User && message.is_plain());
        let last = last.filter(|at| at + 1 == self.messages.len());
        let turns = self.messages.iter().enumerate().map(|(at, message)| {
            if Some(at) == last {
                input.text.clone_from(&message.content);
                return Turn { cache: message.cache, ..Turn::of(Role::User, "{{ input }}") };
            }
            Turn {
                cache: message.cache,
                tool_calls: message.tool_calls.clone(),
                reply: message.reply.clone(),
                ..Turn::of(message.role, template::literal(&message.content))
            }
        });
        let turns: Vec<Turn> = turns.collect();
        let mut prompt = Prompt { params: self.params.clone(), response: self.response.clone(), ..Prompt::default() };
        prompt.set_turns(turns);
        (prompt.with_tools(self.tools.clone()), input)
    }
}

/// Cuts a name of somebody else's down to what an error may repeat.
fn short(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(64).collect()
}

/// Reads a text, or the texts of parts; the paths of parts that are none are noted.
fn texts(question: &mut ProgramQuestion, at: &str, content: &Value, kinds: &[&str]) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let mut all = Vec::new();
            for (place, part) in parts.iter().enumerate() {
                let at = format!("{at}[{place}]");
                match (part.get("type").and_then(Value::as_str), part.get("text").and_then(Value::as_str)) {
                    (Some(kind), Some(text)) if kinds.contains(&kind) => {
                        if let Value::Object(fields) = part {
                            question.leave_others(
                                &format!("{at}."),
                                fields,
                                &["type", "text", "cache_control", "annotations", "logprobs"],
                            );
                            leave_filled(question, &at, fields);
                        }
                        all.push(text);
                    }
                    _ => question.leave(at),
                }
            }
            all.join("\n\n")
        }
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            question.leave(at);
            String::new()
        }
    }
}

/// Notes lists that may be there but say nothing while they are empty.
fn leave_filled(question: &mut ProgramQuestion, at: &str, fields: &Map<String, Value>) {
    for name in ["annotations", "logprobs"] {
        if fields.get(name).and_then(Value::as_array).is_some_and(|all| !all.is_empty()) {
            question.leave(format!("{at}.{name}"));
        }
    }
}

/// Makes an attachment of a picture, a document or a recording that a request holds or names by its address: a path is
/// neither, and nothing is read or fetched here.
fn attachment(kind: MediaKind, source: &str, name: Option<&str>, detail: Option<&Value>) -> Option<Attachment> {
    let addressed = ["data:", "http://", "https://"].iter().any(|begins| source.starts_with(begins));
    if !addressed || source.contains(";base64,file://") {
        return None;
    }
    let mut part = Part::of(kind, source);
    part.name = name.map(short);
    part.detail = match detail {
        None | Some(Value::Null) => None,
        Some(detail) => Some(serde_json::from_value(detail.clone()).ok()?),
    };
    let filled = part.filled(source, PartOrigin::Input).ok()?;
    (!matches!(filled.data, AttachmentData::Unread { .. })).then_some(filled)
}

/// Reads the mark that a provider is to keep a request up to its end.
fn marked(question: &mut ProgramQuestion, at: &str, value: &Value) -> Option<PromptCaching> {
    PromptCaching::of_json(value).unwrap_or_else(|_other| {
        question.leave(format!("{at}.cache_control"));
        None
    })
}

/// Reads the tools of a request; `own_kind` is what its wire calls those that the program runs itself.
fn read_tools(question: &mut ProgramQuestion, fields: &Map<String, Value>, own_kind: &str) {
    for (place, row) in fields.get("tools").and_then(Value::as_array).into_iter().flatten().enumerate() {
        read_tool(question, &format!("tools[{place}]"), row, own_kind);
    }
}

/// Reads a tool that has a name and a schema; any other, such as one that the provider runs, is noted.
fn read_tool(question: &mut ProgramQuestion, at: &str, row: &Value, own_kind: &str) {
    let kind = row.get("type").and_then(Value::as_str);
    let known = kind.is_none_or(|kind| kind == own_kind);
    let Some(tool) = tool::read_listed(row).filter(|tool| known && tool.validate().is_ok()) else {
        question.leave(at);
        return;
    };
    let inner = row.get("function").filter(|inner| inner.is_object());
    if let Some(Value::Object(fields)) = inner.or(Some(row)) {
        let own = ["type", "name", "description", "parameters", "input_schema", "strict", "cache_control", "function"];
        question.leave_others(&format!("{at}."), fields, &own);
    }
    question.tools.tools.push(tool);
}

fn tool_call(id: &str, name: &str, arguments: String) -> ToolCall {
    ToolCall { id: id.to_owned(), name: name.to_owned(), arguments, ..ToolCall::default() }
}

/// Finds the name of the tool whose call has this id.
fn called<'q>(question: &'q ProgramQuestion, id: &str) -> &'q str {
    let calls = question.messages.iter().flat_map(|message| &message.tool_calls);
    calls.rev().find(|call| call.id == id).map_or("", |call| call.name.as_str())
}

/// Returns a member that is a text.
fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name).and_then(Value::as_str)
}
