//! A prompt: its messages, parameters, checks, and the response it expects.
//!
//! Some fields of a request are retort's to set: with another value in them the answer would not be the one that
//! was asked for, or could not be read as one.

use serde::{Deserialize, Serialize};

use crate::model::{
    attachment::Part,
    check::Check,
    message::{Role, Turn},
    prompt_caching::PromptCaching,
    tool::{DEFAULT_MAX_ROUNDS, Tool, ToolCall, ToolChoice, ToolReply, ToolSet},
    wire::{
        Wire,
        Wire::{Anthropic, Command, Gemini, Ollama, OpenAi, Responses},
    },
};

/// The design's temperature, used where a prompt sets none.
pub const DEFAULT_TEMPERATURE: f64 = 0.3;

/// One prompt, as its file holds it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Prompt {
    /// One line on what it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The system message that comes first; empty where there is none. May hold variables.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub system: String,
    /// The user message that comes last; empty where further messages end the prompt.
    #[serde(default = "input_variable")]
    pub user: String,
    /// The targets it is run on, by name; empty means the default model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
    /// Tried in order when a target fails.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallback: Vec<String>,
    /// Whether the model has to call one of the tools; left to the vendor where unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<ToolChoice>,
    /// Whether it may call several tools at once; left to the vendor where unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel_tool_calls: Option<bool>,
    /// How often the model may be asked again with results of tools, at most; [`DEFAULT_MAX_ROUNDS`] where unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_rounds: Option<u32>,
    /// The messages between the two, such as examples of what to answer.
    #[serde(default, rename = "message", skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Turn>,
    /// The tools that the model may call.
    #[serde(default, rename = "tool", skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool>,
    /// The parameters sent with it.
    #[serde(default)]
    pub params: Params,
    /// The response it expects.
    #[serde(default)]
    pub response: Response,
    /// Further rules on the answer.
    #[serde(default, rename = "check", skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
}

impl Prompt {
    /// Lists all messages in order, muted ones included.
    #[must_use]
    pub fn turns(&self) -> Vec<Turn> {
        let system = (!self.system.is_empty()).then(|| Turn::of(Role::System, &self.system));
        let user = (!self.user.is_empty() || self.messages.is_empty()).then(|| Turn::of(Role::User, &self.user));
        system.into_iter().chain(self.messages.iter().cloned()).chain(user).collect()
    }

    /// Puts other messages in place of all. The same messages are always held the same way: a system
    /// message that comes first and a user message that comes last in their own fields, if they are texts alone.
    pub fn set_turns(&mut self, turns: Vec<Turn>) {
        let own = |turn: &Turn, role: Role| turn.role == role && !turn.muted && turn.cache.is_none() && turn.is_plain();
        (self.system, self.user) = (String::new(), String::new());
        self.messages = turns;
        // An empty message in a field of its own is none, so that the next one takes its place.
        while self.user.is_empty() && self.messages.last().is_some_and(|turn| own(turn, Role::User)) {
            self.user = self.messages.pop().map(|turn| turn.content).unwrap_or_default();
        }
        while self.system.is_empty() && self.messages.first().is_some_and(|turn| own(turn, Role::System)) {
            self.system = self.messages.remove(0).content;
        }
    }

    /// Lists the messages that are sent, in order: the muted and the empty ones are not, but for a
    /// user message that is all there is beside the system's.
    pub fn spoken(&self) -> impl Iterator<Item = SpokenTurn<'_>> {
        let between = self.messages.iter().filter(|turn| !turn.muted && !turn.is_empty()).map(SpokenTurn::of);
        let alone = self.messages.iter().all(|turn| turn.muted || turn.role == Role::System);
        let plain = |role, content| SpokenTurn { role, content, cache: None, parts: &[], tool_calls: &[], reply: None };
        let system = Some(plain(Role::System, self.system.as_str())).filter(|turn| !turn.content.trim().is_empty());
        let user = Some(plain(Role::User, self.user.as_str())).filter(|turn| alone || !turn.content.trim().is_empty());
        system.into_iter().chain(between).chain(user)
    }

    /// Lists the texts of the messages that are sent, in order.
    pub fn spoken_texts(&self) -> impl Iterator<Item = &str> {
        self.spoken().map(|turn| turn.content)
    }

    /// Lists all that is filled in of the messages that are sent: the texts, and what their parts name.
    pub fn spoken_templates(&self) -> impl Iterator<Item = &str> {
        let sources = self.spoken().flat_map(|turn| turn.parts).map(|part| part.source.as_str());
        self.spoken_texts().chain(sources)
    }

    /// Returns its tools, and how they are used.
    #[must_use]
    pub fn tool_set(&self) -> ToolSet {
        ToolSet {
            tools: self.tools.clone(),
            choice: self.tool_choice.clone(),
            parallel: self.parallel_tool_calls,
            max_rounds: self.max_rounds,
        }
    }

    /// Puts other tools in place of its own.
    #[must_use]
    pub fn with_tools(self, set: ToolSet) -> Self {
        let ToolSet { tools, choice, parallel, max_rounds } = set;
        Self { tools, tool_choice: choice, parallel_tool_calls: parallel, max_rounds, ..self }
    }

    /// Returns how often the model may be asked again with results of tools.
    #[must_use]
    pub fn rounds(&self) -> u32 {
        self.max_rounds.unwrap_or(DEFAULT_MAX_ROUNDS)
    }

    /// Tells whether it says nothing itself: the input alone is sent.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        self.system.trim().is_empty() && self.messages.is_empty() && self.user.trim() == input_variable()
    }

    /// Returns the form of its answers, and why it is that one where `[response]` names none.
    #[must_use]
    pub fn format(&self) -> (Format, Option<&'static str>) {
        self.response.format_of(speaks_of_json(self.spoken_texts()))
    }

    /// Returns it with the form of its answers named.
    #[must_use]
    pub fn settled(&self) -> Self {
        Self { response: self.expected(), ..self.clone() }
    }

    /// Returns the response it expects with its form named.
    #[must_use]
    pub fn expected(&self) -> Response {
        Response { format: self.format().0, ..self.response.clone() }
    }
}

/// One message of a prompt that is sent, its template as it is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpokenTurn<'p> {
    /// Who speaks.
    pub role: Role,
    /// What is said; may hold variables.
    pub content: &'p str,
    /// Whether the provider is asked to keep the prompt up to its end, and for how long.
    pub cache: Option<PromptCaching>,
    /// What goes with it.
    pub parts: &'p [Part],
    /// The tools that an assistant's message calls.
    pub tool_calls: &'p [ToolCall],
    /// The call that a message of the role `tool` answers.
    pub reply: Option<&'p ToolReply>,
}

impl<'p> SpokenTurn<'p> {
    fn of(turn: &'p Turn) -> Self {
        let Turn { role, content, muted: _, cache, parts, tool_calls, reply } = turn;
        Self { role: *role, content, cache: *cache, parts, tool_calls, reply: reply.as_ref() }
    }
}

/// Tells whether messages speak of JSON: in words, and not in the name of a variable alone.
pub fn speaks_of_json<'a>(messages: impl IntoIterator<Item = &'a str>) -> bool {
    let names = |text: &str| {
        let bytes = text.as_bytes();
        memchr::memchr2_iter(b'j', b'J', bytes)
            .any(|at| bytes.get(at..at + 4).is_some_and(|word| word.eq_ignore_ascii_case(b"json")))
    };
    messages.into_iter().filter(|text| names(text)).any(|text| {
        let parts = text.split("{{").enumerate();
        parts
            .map(|(at, part)| if at == 0 { part } else { part.split_once("}}").map_or(part, |(_, rest)| rest) })
            .any(names)
    })
}

fn input_variable() -> String {
    "{{ input }}".to_owned()
}

/// Sampling parameters. `None` leaves the matter to the default or to the provider.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Randomness; 0.3 where unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Output tokens, at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// Texts that end the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// Asks the provider to sample the same way again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    /// How much a reasoning model thinks: `none`, `low`, `medium`, `high`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_effort: Option<String>,
    /// Further fields of the request body, sent as they are.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub extra: serde_json::Map<String, serde_json::Value>,
}

impl Params {
    /// Tells whether everything is left to the default or to the provider.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Lays others over these: what the others leave open, these decide.
    #[must_use]
    pub fn under(&self, over: &Self) -> Self {
        let Self { temperature, top_p, max_tokens, stop, seed, reasoning_effort, extra } = over.clone();
        Self {
            temperature: temperature.or(self.temperature),
            top_p: top_p.or(self.top_p),
            max_tokens: max_tokens.or(self.max_tokens),
            stop: if stop.is_empty() { self.stop.clone() } else { stop },
            seed: seed.or(self.seed),
            reasoning_effort: reasoning_effort.or_else(|| self.reasoning_effort.clone()),
            extra: self.extra.clone().into_iter().chain(extra).collect(),
        }
    }
}

/// A parameter of [`Params`] that retort knows by name; all others are in [`Params::extra`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Param {
    Temperature,
    TopP,
    MaxTokens,
    Stop,
    Seed,
    ReasoningEffort,
}

impl Param {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Self; 6] =
        [Self::Temperature, Self::TopP, Self::MaxTokens, Self::Stop, Self::Seed, Self::ReasoningEffort];

    /// Returns its key in settings and prompt files, which is that of the OpenAI API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Temperature => "temperature",
            Self::TopP => "top_p",
            Self::MaxTokens => "max_tokens",
            Self::Stop => "stop",
            Self::Seed => "seed",
            Self::ReasoningEffort => "reasoning_effort",
        }
    }

    /// Says what it takes.
    #[must_use]
    pub fn range(self) -> &'static str {
        match self {
            Self::Temperature => "0 to 2",
            Self::TopP => "0 to 1",
            Self::MaxTokens => "output tokens at most, a whole number above 0",
            Self::Stop => "texts that end the answer, separated by commas; \\n is a line break",
            Self::Seed => "a whole number",
            Self::ReasoningEffort => "none, minimal, low, medium, high, or a word of the model's",
        }
    }

    /// Finds the parameter of a key.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|param| param.name() == name)
    }

    /// Tells whether it has a value.
    #[must_use]
    pub fn is_set(self, params: &Params) -> bool {
        match self {
            Self::Temperature => params.temperature.is_some(),
            Self::TopP => params.top_p.is_some(),
            Self::MaxTokens => params.max_tokens.is_some(),
            Self::Stop => !params.stop.is_empty(),
            Self::Seed => params.seed.is_some(),
            Self::ReasoningEffort => params.reasoning_effort.is_some(),
        }
    }

    /// Takes its value away.
    pub fn clear(self, params: &mut Params) {
        match self {
            Self::Temperature => params.temperature = None,
            Self::TopP => params.top_p = None,
            Self::MaxTokens => params.max_tokens = None,
            Self::Stop => params.stop.clear(),
            Self::Seed => params.seed = None,
            Self::ReasoningEffort => params.reasoning_effort = None,
        }
    }
}

/// The form an answer must have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// None is named: JSON where the prompt speaks of it or asks for fields, a schema or a confidence, else text.
    #[default]
    #[serde(skip)]
    Auto,
    /// Anything.
    Text,
    /// A JSON object, or JSON of the type that the schema names, if there is one.
    Json,
    /// JSON that a schema allows.
    Schema,
}

impl Format {
    /// Tells whether none is named.
    #[must_use]
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
    pub fn is_auto(&self) -> bool {
        *self == Self::Auto
    }
}

/// The response a prompt expects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Response {
    /// The form of the answer.
    #[serde(default, skip_serializing_if = "Format::is_auto")]
    pub format: Format,
    /// Fields that must be there and filled: names, or JSON pointers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required: Vec<String>,
    /// The JSON Schema the answer must satisfy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<serde_json::Value>,
    /// JSON pointer (RFC 6901) to the answer's own confidence, a number from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<String>,
    /// The least confidence that passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_confidence: Option<f64>,
    /// The least share of required fields that must be filled, from 0 to 1; all of them where unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_completeness: Option<f64>,
    /// The least score that passes, from 0 to 1: the mean of what the checks give, by their weights.
    /// Where unset, every check has to pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_score: Option<f64>,
    /// Whether a text must end because the model was done; where it may as well be cut at the token
    /// limit, this is false. JSON has to be whole either way.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub finish: bool,
    /// The rules above that are not applied, though they are set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub off: Vec<ResponseRule>,
}

/// A rule on the answer that follows from a key of [`Response`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ResponseRule {
    /// `format`; it is always applied.
    #[serde(skip)]
    Format,
    /// `finish`, which turns it off itself.
    #[serde(skip)]
    Finish,
    Schema,
    Required,
    /// `min_completeness`
    Completeness,
    /// `confidence` and `min_confidence`
    Confidence,
    /// `min_score`; without it every check has to pass.
    #[serde(skip)]
    Score,
}

impl ResponseRule {
    /// All of them, in the order of their verdicts.
    pub const ALL: &[Self] =
        &[Self::Format, Self::Finish, Self::Schema, Self::Required, Self::Completeness, Self::Confidence, Self::Score];

    /// Returns its name, as in verdicts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Finish => "finish",
            Self::Schema => "schema",
            Self::Required => "required",
            Self::Completeness => "completeness",
            Self::Confidence => "confidence",
            Self::Score => "score",
        }
    }

    /// Says when an answer passes it, and what else it does.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::Format => "The answer has the form that is asked for: text, JSON, or JSON that a schema allows.",
            Self::Finish => "The model was done when it stopped: the text is not cut off.",
            Self::Schema => "The answer satisfies the JSON Schema, which is sent to models that take one.",
            Self::Required => "Every field that is named is there and filled.",
            Self::Completeness => "At least this share of the required fields is filled.",
            Self::Confidence => "The confidence that the answer states at a path is at least the minimum.",
            Self::Score => "The answer passes by the weighted mean of its checks, and not only if it passes every one.",
        }
    }
}

impl Default for Response {
    fn default() -> Self {
        Self {
            format: Format::default(),
            required: Vec::new(),
            schema: None,
            confidence: None,
            min_confidence: None,
            min_completeness: None,
            min_score: None,
            finish: true,
            off: Vec::new(),
        }
    }
}

impl Response {
    /// Tells whether a rule is applied, where it is set.
    #[must_use]
    pub fn applies(&self, rule: ResponseRule) -> bool {
        !self.off.contains(&rule)
    }

    /// Returns it without the rules that are off, as far as nothing else needs their keys.
    #[must_use]
    pub fn applied(&self) -> Self {
        let mut applied = self.clone();
        if !self.applies(ResponseRule::Schema) {
            applied.schema = None;
        }
        if !self.applies(ResponseRule::Confidence) {
            (applied.confidence, applied.min_confidence) = (None, None);
        }
        if !self.applies(ResponseRule::Required) && !self.applies(ResponseRule::Completeness) {
            (applied.required, applied.min_completeness) = (Vec::new(), None);
        }
        applied
    }

    /// Returns the form of the answers to messages that speak of JSON or not, and why it is that one where none
    /// is named.
    #[must_use]
    pub fn format_of(&self, speaks_of_json: bool) -> (Format, Option<&'static str>) {
        let Self {
            format,
            required,
            schema,
            confidence,
            min_confidence,
            min_completeness,
            min_score: _,
            finish: _,
            off: _,
        } = self;
        if !format.is_auto() {
            return (*format, None);
        }
        let asks = !required.is_empty() || min_completeness.is_some();
        let asks = [
            (schema.is_some(), "JSON, because [response] has a schema"),
            (asks, "JSON, because [response] asks for fields"),
            (confidence.is_some() || min_confidence.is_some(), "JSON, because [response] asks for a confidence"),
            (speaks_of_json, "JSON, because the prompt speaks of it"),
        ];
        let why = asks.into_iter().find_map(|(holds, why)| holds.then_some(why));
        match why {
            Some(why) => (Format::Json, Some(why)),
            None => (Format::Text, Some("text, because the prompt does not speak of JSON")),
        }
    }
}

fn yes() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_yes(value: &bool) -> bool {
    *value
}

/// A field that is not taken from a prompt's further parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reserved {
    /// Its name on the wire.
    pub name: &'static str,
    /// The wires that have it.
    pub wires: &'static [Wire],
    /// What to do in its place.
    pub instead: &'static str,
}

/// The fields, in the order of their names.
pub const RESERVED: &[Reserved] = &[
    Reserved { name: "contents", wires: &[Gemini], instead: "write them as messages of the prompt" },
    Reserved { name: "input", wires: &[OpenAi, Responses], instead: "write it as a message of the prompt" },
    Reserved { name: "instructions", wires: &[Responses], instead: "write them as the system message of the prompt" },
    Reserved { name: "messages", wires: Wire::ALL, instead: "write them as messages of the prompt" },
    Reserved { name: "model", wires: Wire::ALL, instead: "name the model in `targets`, or with --model" },
    Reserved { name: "n", wires: &[OpenAi, Command], instead: "ask several times with --samples" },
    Reserved { name: "prompt", wires: &[OpenAi, Ollama], instead: "write it as a message of the prompt" },
    Reserved { name: "stream", wires: Wire::ALL, instead: "leave it out: every answer is streamed" },
    Reserved {
        name: "stream_options",
        wires: &[OpenAi, Responses, Command],
        instead: "leave it out: token counts are asked for",
    },
    Reserved { name: "system", wires: &[Anthropic], instead: "write it as the system message of the prompt" },
    Reserved { name: "systemInstruction", wires: &[Gemini], instead: "write it as the system message of the prompt" },
    Reserved { name: "system_instruction", wires: &[Gemini], instead: "write it as the system message of the prompt" },
];

/// Finds the field of a name, in any case.
#[must_use]
pub fn reserved(name: &str) -> Option<&'static Reserved> {
    RESERVED.iter().find(|field| field.name.eq_ignore_ascii_case(name.trim()))
}

/// Refuses further parameters that hold such a field, in words.
pub fn refuse(extra: &serde_json::Map<String, serde_json::Value>) -> Result<(), String> {
    extra.keys().find_map(|name| reserved(name)).map_or(Ok(()), |field| Err(field.refusal()))
}

impl Reserved {
    /// Says why a parameter of this name is not taken, and what to do in its place.
    #[must_use]
    pub fn refusal(&self) -> String {
        format!("`{}` is set by retort and cannot be a further parameter; {}", self.name, self.instead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(role: Role, content: &str, muted: bool) -> Turn {
        Turn { muted, ..Turn::of(role, content) }
    }

    #[test]
    fn any_list_of_messages_is_held_and_given_back() {
        use Role::{Assistant, System, User};
        let lists = [
            vec![turn(System, "s", false), turn(User, "u", false)],
            vec![turn(User, "u", false)],
            vec![turn(System, "s", true), turn(User, "q", false), turn(Assistant, "a", true), turn(User, "u", true)],
            vec![turn(Assistant, "a", false)],
            vec![turn(System, "s", false), turn(System, "t", false), turn(Assistant, "a", false)],
            vec![turn(User, "u", false), turn(System, "s", false)],
        ];
        for list in lists {
            let mut prompt = Prompt::default();
            prompt.set_turns(list.clone());
            assert_eq!(prompt.turns(), list);
            let again: Prompt = toml::from_str(&toml::to_string(&prompt).unwrap()).unwrap();
            assert_eq!(again, prompt);
        }
    }

    #[test]
    fn muted_and_empty_messages_are_not_sent() {
        let mut prompt = Prompt::default();
        let sent =
            |prompt: &Prompt| prompt.spoken().map(|turn| (turn.role, turn.content.to_owned())).collect::<Vec<_>>();
        prompt.set_turns(vec![turn(Role::System, "s", false)]);
        assert_eq!(sent(&prompt), [(Role::System, "s".to_owned()), (Role::User, String::new())]);
        prompt.set_turns(vec![
            turn(Role::User, "q", false),
            turn(Role::Assistant, " ", false),
            turn(Role::User, "u", true),
        ]);
        assert_eq!(sent(&prompt), [(Role::User, "q".to_owned())]);
    }

    #[test]
    fn a_form_that_is_not_named_follows_from_what_the_prompt_says_and_asks_for() {
        let of = |user: &str, response: &str| {
            let prompt = format!("user = {user:?}\n[response]\n{response}\n");
            toml::from_str::<Prompt>(&prompt).unwrap().format()
        };
        for (user, response, format, why) in [
            ("Say hello to {{ input }}", "", Format::Text, "text, because the prompt does not speak of JSON"),
            ("{{ row_json }} and {{input}}", "", Format::Text, "text, because the prompt does not speak of JSON"),
            ("Answer in Json: {{ input }}", "", Format::Json, "JSON, because the prompt speaks of it"),
            ("{{ input }}", "required = [\"a\"]", Format::Json, "JSON, because [response] asks for fields"),
            ("{{ input }}", "schema = { type = \"object\" }", Format::Json, "JSON, because [response] has a schema"),
            ("{{ input }}", "confidence = \"/c\"", Format::Json, "JSON, because [response] asks for a confidence"),
        ] {
            assert_eq!(of(user, response), (format, Some(why)), "{user} {response}");
        }
        assert_eq!(of("{{ input }} JSON", "format = \"text\""), (Format::Text, None));
        let unnamed = toml::to_string(&Prompt::default()).unwrap();
        assert!(!unnamed.contains("format"), "what is not named is not written: {unnamed}");
        assert!(toml::from_str::<Prompt>("[response]\nformat = \"auto\"").is_err(), "it is named by leaving it out");
    }

    #[test]
    fn names_are_found_in_any_case_and_stand_in_order() {
        assert!(RESERVED.is_sorted_by_key(|field| field.name));
        assert_eq!(reserved("Stream").map(|field| field.name), Some("stream"));
        assert!(reserved("top_k").is_none());
        assert!(RESERVED.iter().all(|field| !field.wires.is_empty() && field.refusal().contains(field.instead)));
    }
}
