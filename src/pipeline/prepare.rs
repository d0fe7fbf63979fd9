//! From a prompt, an input and a target to what is sent, with a notice for every change; and the preflight: retired models,
//! models about to go, prompts too long.

pub(crate) mod estimate;
pub(crate) mod parts;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::civil::Date;

use crate::{
    eval::JsonTypes,
    model::{
        CallError, ErrorKind, Format, Input, Message, Params, Prompt, Role, RunRequest, Target, ToolChoice, ToolSet,
        message::sent_tokens,
        model_card::JsonSupport,
        prompt::{DEFAULT_TEMPERATURE, Param, SpokenTurn, refuse, speaks_of_json},
        quirk::lowered,
        target_settings::SystemRole,
    },
    provider::{Call, PlainRequest, WireFormat, effort_instead, reduces_schema},
    template,
    template::{FillBudget, Unfilled, conversation},
};

/// How many days before a model's end it is spoken of.
const WARN_DAYS: i32 = 60;

/// Tokens of a prompt from which on it is spoken of where nobody knows how many the model takes.
const MANY: u64 = 200_000;

/// Checks a target on a day for what it would be sent; what a person should know, or why it is not asked.
///
/// A vendor's retirements do not bind somebody else's endpoint.
pub(crate) fn check(
    target: &Target,
    messages: &[Message],
    tools: &ToolSet,
    today: Date,
    allow_retired: bool,
) -> Result<Vec<String>, CallError> {
    let card = &target.card;
    let mut notices = Vec::new();
    if target.kind.is_http() && target.model.trim().is_empty() {
        let text =
            format!("no model is named; write {}/MODEL, with the model as the provider calls it", target.provider);
        return Err(CallError::new(ErrorKind::CallerFault, text));
    }
    if let Some(why) = target.no_answers() {
        return Err(CallError::new(ErrorKind::CallerFault, why));
    }
    if let Some(day) = card.shutdown.as_deref().filter(|_| !target.custom_endpoint) {
        let instead = card.successor.as_ref().map_or_else(String::new, |name| format!("; its successor is {name}"));
        if card.retired_on(&today.to_string()) {
            let gone = format!("{} was shut down on {day}{instead}", target.model);
            if !allow_retired {
                return Err(CallError::new(ErrorKind::ModelGone, gone));
            }
            notices.push(gone);
        } else if day.parse::<Date>().is_ok_and(|day| (day - today).get_days() <= WARN_DAYS) {
            notices.push(format!("{} will be shut down on {day}{instead}", target.model));
        }
    }
    let estimate = sent_tokens(messages, tools, target.kind, &target.model);
    match card.context {
        Some(context) if estimate > context => {
            return Err(CallError::new(
                ErrorKind::ContextTooLong,
                format!("the prompt has about {estimate} tokens, and {} takes {context}", target.model),
            ));
        }
        None if estimate >= MANY => notices.push(format!(
            "the prompt has about {estimate} tokens, and how many {} takes is not known; `context` in config.toml says it",
            target.model
        )),
        Some(_) | None => {}
    }
    Ok(notices)
}

/// What is said to a model that is not told by the prompt to answer in JSON.
fn json_words(types: JsonTypes) -> &'static str {
    if types == JsonTypes::OBJECT {
        "Answer with a JSON object and nothing else."
    } else if types == JsonTypes::ARRAY {
        "Answer with a JSON array and nothing else."
    } else {
        "Answer with JSON and nothing else."
    }
}

/// What is sent to one target.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PreparedRequest {
    /// The conversation.
    pub messages: Vec<Message>,
    /// The parameters the target takes.
    pub params: Params,
    /// The form the wire asks for.
    pub format: WireFormat,
    /// The tools the model may call.
    pub tools: ToolSet,
    /// What was added to the system message, if anything.
    pub words: String,
    /// What was dropped or added, in words.
    pub notices: Vec<String>,
}

impl PreparedRequest {
    /// Estimates the tokens of its messages, of what goes with them, and of the tools.
    pub(crate) fn tokens(&self, target: &Target) -> u64 {
        sent_tokens(&self.messages, &self.tools, target.kind, &target.model)
    }
}

/// The tokens that an answer is taken to have where nothing limits it and none has come.
pub(crate) const USUAL: u64 = 1000;

/// What a run would send first, before it is sent.
#[derive(Debug, Clone)]
pub struct RequestPreview {
    /// The HTTP request, the key left out; none where the target is not asked over HTTP.
    pub http: Option<PlainRequest>,
    /// The conversation, its templates filled.
    pub messages: Vec<Message>,
    /// What is left out or added for this model, and why, in words.
    pub notices: Vec<String>,
}

/// Returns the HTTP request that a run on its first target would begin with, the key left out; none
/// where that target is not asked over HTTP. Fails where the prompt cannot be filled. The target is taken as it is: what
/// refusals have taught of its model is applied by [`KnownQuirks::corrected`](crate::model::quirk::KnownQuirks).
pub fn plain_request(request: &RunRequest) -> Result<Option<PlainRequest>, CallError> {
    let Some(target) = request.targets.first() else {
        return Ok(None);
    };
    Ok(preview_of(&request.prompt, &request.params, &request.input, target)?.http)
}

/// Prepares what a target would be sent for a prompt with parameters of a run's `own` over it. Fails where the prompt
/// cannot be filled.
pub fn preview_of(prompt: &Prompt, own: &Params, input: &Input, target: &Target) -> Result<RequestPreview, CallError> {
    let prepared = fit(prompt, own, &fill(prompt, input)?, target);
    let PreparedRequest { messages, params, format, tools, words: _, mut notices } = prepared;
    match parts::check(target, &messages, &BTreeMap::new()) {
        Ok(more) => notices.extend(more),
        Err(error) => notices.push(error.message),
    }
    Ok(RequestPreview { http: written(target, messages.clone(), params, format, tools), messages, notices })
}

/// Writes the request of an attempt again from the messages and the parameters that are on record of it; address, headers
/// and the form that is asked for are those that settings and prompt have now.
#[must_use]
pub fn sent_request(prompt: &Prompt, messages: &[Message], params: &Params, target: &Target) -> Option<PlainRequest> {
    let (format, _) = form(prompt, messages, target, &mut Vec::new());
    written(target, messages.to_vec(), params.clone(), format, prompt.tool_set())
}

fn written(
    target: &Target,
    messages: Vec<Message>,
    params: Params,
    format: WireFormat,
    tools: ToolSet,
) -> Option<PlainRequest> {
    let (target, key, connect, forward) = (target.clone(), None, Duration::ZERO, None);
    let call = Call { target, key, messages, params, format, tools, connect, forward };
    PlainRequest::of(&call)
}

/// Fills a prompt's templates from an input. A variable without a value is a mistake in the prompt.
pub(crate) fn fill(prompt: &Prompt, input: &Input) -> Result<Vec<Message>, CallError> {
    fill_within(&mut budget_of(prompt, input), prompt, input)
}

/// Returns the budget that filling a prompt's templates from an input has.
fn budget_of(prompt: &Prompt, input: &Input) -> FillBudget {
    FillBudget::new(prompt.spoken_templates().map(str::len).sum(), input)
}

/// Fills a prompt's templates from an input, and takes what that takes from a budget.
fn fill_within(budget: &mut FillBudget, prompt: &Prompt, input: &Input) -> Result<Vec<Message>, CallError> {
    // A prompt's file was checked when it was read; parameters may have come another way since.
    refuse(&prompt.params.extra).map_err(|words| CallError::new(ErrorKind::InvalidPrompt, words))?;
    let (mut missing, mut filled) = (BTreeSet::new(), Vec::new());
    let holder = if input.parts.is_empty() { None } else { parts::holder(prompt) };
    for (place, SpokenTurn { role, content: text, cache, parts, tool_calls, reply }) in prompt.spoken().enumerate() {
        if role != Role::User && !parts.is_empty() {
            return Err(parts::wrong("only a message of the role `user` has parts".to_owned()));
        }
        if conversation::is_earlier(text) && parts.is_empty() {
            filled.extend(conversation::earlier(input)?);
            continue;
        }
        let mut attachments = parts::fill(parts, input, budget, &mut missing)?;
        if holder == Some(place) {
            attachments.extend(parts::of_input(&input.parts)?);
        }
        match template::fill(text, input, budget) {
            Ok(content) => filled.push(Message {
                cache,
                attachments,
                tool_calls: tool_calls.to_vec(),
                reply: reply.cloned(),
                ..Message::of(role, content)
            }),
            Err(Unfilled::Missing(names)) => missing.extend(names),
            Err(Unfilled::Mistake(mistake)) => {
                let place = prompt.turns().iter().position(|turn| turn.role == role && turn.content == text);
                let whose = place.map_or_else(String::new, |place| format!("message {} ", place + 1));
                return Err(CallError::new(ErrorKind::InvalidPrompt, format!("{whose}({}), {mistake}", role.name())));
            }
        }
    }
    if !missing.is_empty() {
        let names = missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let (noun, it) = if missing.len() == 1 { ("variable", "it") } else { ("variables", "them") };
        return Err(CallError::new(
            ErrorKind::InvalidPrompt,
            format!("no value for {noun} {names}: give {it} a value, or take {it} out of the prompt"),
        ));
    }
    if let Some(history) = conversation::history(prompt, input)? {
        filled = with_history(filled, history);
    }
    if holder.is_none() {
        parts::add(&input.parts, &mut filled)?;
    }
    if filled.iter().all(Message::is_empty) {
        return Err(CallError::new(
            ErrorKind::InvalidPrompt,
            "there is nothing to send: the prompt and the input are empty",
        ));
    }
    let alone = filled.iter().all(|message| message.role == Role::System || message.is_empty());
    let last = filled.len() - 1;
    let kept = filled
        .into_iter()
        .enumerate()
        .filter(|(place, message)| !message.is_empty() || (alone && *place == last && message.role == Role::User));
    Ok(kept.map(|(_, message)| message).collect())
}

/// Puts a history between a prompt's messages and its last one of the user, which is left out where it is empty.
fn with_history(filled: Vec<Message>, history: Vec<Message>) -> Vec<Message> {
    let mut messages: Vec<Message> = filled.into_iter().filter(|message| !message.is_empty()).collect();
    let last = messages.pop_if(|last| last.role == Role::User);
    messages.extend(history);
    messages.extend(last);
    messages
}

/// Fits filled messages and a prompt's parameters, with a run's `own` over them, to a target, leaving out what it
/// rejects.
pub(crate) fn fit(prompt: &Prompt, own: &Params, messages: &[Message], target: &Target) -> PreparedRequest {
    let mut notices = Vec::new();
    let params = fit_params(target.options.params.under(&prompt.params.under(own)), &mut notices, target);
    let (format, words) = form(prompt, messages, target, &mut notices);
    let opening = messages.iter().take_while(|message| message.role == Role::System).count();
    if target.kind.info().system_first && messages.iter().skip(opening).any(|message| message.role == Role::System) {
        notices.push(format!(
            "{} takes system messages at the start alone; the later ones were moved there",
            target.model
        ));
    }
    let mut messages = messages.to_vec();
    if !words.is_empty() {
        match messages.first_mut().filter(|message| message.role == Role::System) {
            Some(system) => {
                system.content.push_str("\n\n");
                system.content.push_str(&words);
            }
            None => messages.insert(0, Message::of(Role::System, words.clone())),
        }
    }
    let unsaid = |message: &Message| message.role == Role::System || message.is_empty();
    if target.kind.info().system_first && target.options.system == SystemRole::Keep && messages.iter().all(unsaid) {
        notices.push(format!("{} takes no system message alone; it was sent as the user's", target.model));
        messages.retain(|message| message.role == Role::System);
        for message in &mut messages {
            message.role = Role::User;
        }
    }
    let answered = messages.last().is_some_and(|message| message.reply.is_some());
    let tools = fit_tools(prompt, target, answered, &mut notices);
    PreparedRequest { messages, params, format, tools, words, notices }
}

/// Fits the tools of a prompt to a target, and says what its wire has no field for. A model that was made to call a tool
/// and was `answered` is free to answer, or it would call for ever.
fn fit_tools(prompt: &Prompt, target: &Target, answered: bool, notices: &mut Vec<String>) -> ToolSet {
    let mut tools = prompt.tool_set();
    if answered && matches!(tools.choice, Some(ToolChoice::Required | ToolChoice::Named(_))) {
        tools.choice = Some(ToolChoice::Auto);
    }
    if tools.is_empty() {
        return ToolSet::default();
    }
    let (info, model) = (target.kind.info(), &target.model);
    if !info.tool_choice && matches!(tools.choice, Some(ToolChoice::Required | ToolChoice::Named(_))) {
        tools.choice = None;
        notices.push(format!("{model} cannot be made to call a tool here; tool_choice was left out"));
    }
    if !info.parallel_tool_calls && tools.parallel.take().is_some() {
        notices
            .push(format!("{model} cannot be told how many tools to call at once; parallel_tool_calls was left out"));
    }
    tools
}

/// Returns the parameters that a target is sent with a prompt and a run's `own` over it, as far as its card says what
/// it takes.
#[must_use]
pub fn sent_params(prompt: &Prompt, own: &Params, target: &Target) -> Params {
    fit_params(target.options.params.under(&prompt.params.under(own)), &mut Vec::new(), target)
}

/// Tells whether a parameter a target rejects is one that can be left out of the next try.
pub(crate) fn droppable(fitted: &PreparedRequest, param: &str) -> bool {
    match Param::named(param) {
        Some(known) => known.is_set(&fitted.params),
        None if param == "response_format" => fitted.format != WireFormat::Text,
        None => fitted.params.extra.contains_key(param),
    }
}

fn fit_params(params: Params, notices: &mut Vec<String>, target: &Target) -> Params {
    let default_temperature =
        params.temperature.is_none().then(|| format!("the default temperature, {DEFAULT_TEMPERATURE},"));
    let mut dropped = |name: &str, given: bool| {
        let drop = given && target.rejects(name);
        if drop {
            let what = default_temperature.as_deref().filter(|_| name == "temperature").unwrap_or(name);
            notices.push(format!("{what} is not accepted by {}; left out", target.model));
        }
        drop
    };
    let mut fitted = Params { temperature: params.temperature.or(Some(DEFAULT_TEMPERATURE)), ..params };
    for param in Param::ALL {
        if dropped(param.name(), param.is_set(&fitted)) {
            param.clear(&mut fitted);
        }
    }
    fitted.extra.retain(|name, _| !dropped(name, true));
    let unsent = target.options.drop.iter().any(|name| name == Param::ReasoningEffort.name());
    let effort = fitted.reasoning_effort.as_deref().filter(|_| !unsent);
    if let Some((effort, instead)) = effort.and_then(|effort| Some((effort, effort_instead(target, effort)?))) {
        notices.push(format!("{} has no reasoning_effort `{effort}`; {instead}", target.model));
    }
    if let Some(most) = target.card.max_tokens.filter(|most| fitted.max_tokens.is_some_and(|wanted| wanted > *most)) {
        fitted.max_tokens = Some(most);
        notices.push(lowered(most, &target.model));
    }
    fitted
}

/// The form the wire asks for, and the words that ask for it where the wire cannot.
fn form(prompt: &Prompt, messages: &[Message], target: &Target, notices: &mut Vec<String>) -> (WireFormat, String) {
    let support = target.card.json;
    let types = JsonTypes::of(&prompt.response);
    let object = match support {
        // Held to an object, a model could not answer with anything else.
        JsonSupport::Object | JsonSupport::Schema if types == JsonTypes::OBJECT => WireFormat::JsonObject,
        JsonSupport::Object | JsonSupport::Schema | JsonSupport::None | JsonSupport::SchemaOnly => WireFormat::Text,
    };
    let schema = prompt.response.schema.as_ref().filter(|_| prompt.response.format == Format::Schema);
    let objects_only = target.kind.info().object_schemas_only && !target.custom_endpoint;
    let takes_schema = types == JsonTypes::OBJECT || !objects_only;
    let format = match (prompt.response.format, support, schema) {
        (Format::Text, ..) => return (WireFormat::Text, String::new()),
        (_, JsonSupport::Schema | JsonSupport::SchemaOnly, Some(schema)) if takes_schema => {
            WireFormat::JsonSchema(schema.clone())
        }
        _ => object,
    };
    let by_wire = matches!(format, WireFormat::JsonSchema(_));
    if let WireFormat::JsonSchema(schema) = &format
        && reduces_schema(target.kind, schema)
    {
        notices.push(format!(
            "{} does not take all of the JSON Schema; what it takes was sent, and the answer is checked against all of it",
            target.model
        ));
    }
    if let Some(schema) = schema.filter(|_| !by_wire) {
        let takes = match support {
            JsonSupport::None | JsonSupport::Object => "no JSON Schema",
            JsonSupport::Schema | JsonSupport::SchemaOnly => "a JSON Schema of an object alone",
        };
        notices.push(format!("{} takes {takes}; it was put into the system message", target.model));
        return (format, format!("Answer with JSON that satisfies this JSON Schema, and nothing else:\n{schema}"));
    }
    // OpenAI refuses to answer in JSON unless a message names it: in words, and not in a variable's name alone.
    let sent = messages.iter().map(|message| message.content.as_str());
    if speaks_of_json(prompt.spoken_texts()) && speaks_of_json(sent) {
        return (format, String::new());
    }
    let words = json_words(types);
    notices.push(format!("the prompt does not name JSON; \"{words}\" was added to the system message"));
    (format, words.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::civil::date;
    use serde_json::json;

    use super::*;
    use crate::model::{ModelCard, Response, Role, Tool, Turn, Wire};

    fn retired_target(shutdown: &str) -> Target {
        Target {
            name: "old".to_owned(),
            provider: "anthropic".to_owned(),
            kind: Wire::Anthropic,
            base_url: None,
            custom_endpoint: false,
            model: "claude-2".to_owned(),
            command: Vec::new(),
            headers: BTreeMap::new(),
            options: crate::model::TargetOptions::default(),
            card: ModelCard {
                shutdown: Some(shutdown.to_owned()),
                successor: Some("claude-next".to_owned()),
                context: Some(10),
                ..ModelCard::default()
            },
        }
    }

    #[test]
    fn a_retired_model_is_refused_with_its_date_and_successor_unless_asked_for() {
        let (old, today) = (retired_target("2025-07-21"), date(2026, 11, 22));
        let error = check(&old, &[], &ToolSet::default(), today, false).unwrap_err();
        assert_eq!(error.class, ErrorKind::ModelGone);
        assert_eq!(error.message, "claude-2 was shut down on 2025-07-21; its successor is claude-next");
        assert_eq!(check(&old, &[], &ToolSet::default(), today, true).unwrap().len(), 1);
        let elsewhere = Target { custom_endpoint: true, ..old };
        assert_eq!(check(&elsewhere, &[], &ToolSet::default(), today, false).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn an_end_within_sixty_days_is_told() {
        let today = date(2026, 11, 22);
        let notices = |day: &str| check(&retired_target(day), &[], &ToolSet::default(), today, false).unwrap();
        assert_eq!(notices("2027-01-14"), ["claude-2 will be shut down on 2027-01-14; its successor is claude-next"]);
        assert_eq!(notices("2027-01-21").len(), 1);
        assert_eq!(notices("2027-01-22"), Vec::<String>::new());
    }

    #[test]
    fn a_prompt_beyond_the_context_is_not_sent() {
        let message = |content: String| [Message::of(Role::User, content)];
        let target = retired_target("2030-01-01");
        assert!(check(&target, &message("x".repeat(40)), &ToolSet::default(), date(2026, 1, 1), false).is_ok());
        let error = check(&target, &message("x".repeat(41)), &ToolSet::default(), date(2026, 1, 1), false).unwrap_err();
        assert_eq!(error.class, ErrorKind::ContextTooLong);
        assert_eq!(error.message, "the prompt has about 11 tokens, and claude-2 takes 10");
        let tool = Tool { description: "x".repeat(40), ..Tool::named("look_up") };
        let tools = ToolSet { tools: vec![tool], ..ToolSet::default() };
        let error = check(&target, &message("x".to_owned()), &tools, date(2026, 1, 1), false).unwrap_err();
        assert_eq!(error.message, "the prompt has about 12 tokens, and claude-2 takes 10", "the tools count, too");
    }

    pub(super) fn target(json: JsonSupport, rejects: &[&str]) -> Target {
        Target {
            name: "m".to_owned(),
            provider: "p".to_owned(),
            kind: Wire::OpenAi,
            base_url: None,
            custom_endpoint: true,
            model: "m-1".to_owned(),
            command: Vec::new(),
            headers: BTreeMap::new(),
            options: crate::model::TargetOptions::default(),
            card: ModelCard {
                json,
                rejects: rejects.iter().map(|&name| name.to_owned()).collect(),
                ..ModelCard::default()
            },
        }
    }

    fn prompt(system: &str, format: Format) -> Prompt {
        Prompt {
            system: system.to_owned(),
            user: "{{ input }}".to_owned(),
            response: Response { format, schema: Some(json!({"type": "object"})), ..Response::default() },
            ..Prompt::default()
        }
    }

    fn fitted(prompt: &Prompt, target: &Target) -> PreparedRequest {
        fit(prompt, &Params::default(), &fill(prompt, &Input::of("hi")).unwrap(), target)
    }

    #[test]
    fn an_effort_that_the_model_has_not_is_told_unless_it_is_not_sent() {
        let mut prompt = prompt("", Format::Text);
        prompt.params.reasoning_effort = Some("minimal".to_owned());
        let mut target = Target { kind: Wire::Anthropic, ..target(JsonSupport::Object, &[]) };
        assert_eq!(fitted(&prompt, &target).notices, ["m-1 has no reasoning_effort `minimal`; low is sent"]);
        target.options.drop.push("reasoning_effort".to_owned());
        assert!(fitted(&prompt, &target).notices.is_empty());
    }

    #[test]
    fn missing_variables_are_named() {
        let asks = Prompt { system: "{{ b }}".to_owned(), user: "{{ a }} {{ input }}".to_owned(), ..Prompt::default() };
        let error = fill(&asks, &Input::of("x")).unwrap_err();
        assert_eq!(error.class, ErrorKind::InvalidPrompt);
        assert_eq!(error.message, "no value for variables `a`, `b`: give them a value, or take them out of the prompt");
        assert!(fill(&prompt("", Format::Text), &Input::of(" ")).unwrap_err().message.contains("nothing to send"));
    }

    #[test]
    fn messages_go_in_order_without_the_muted_and_the_empty() {
        let mut examples = prompt("be brief", Format::Text);
        examples.set_turns(vec![
            Turn::of(Role::System, "be brief"),
            Turn::of(Role::User, "{{ input }}?"),
            Turn::of(Role::Assistant, "yes"),
            Turn { muted: true, ..Turn::of(Role::User, "{{ nothing }} {% if %}") },
            Turn::of(Role::Assistant, "{% if not input %}x{% endif %}"),
            Turn::of(Role::User, "{{ input }}!"),
        ]);
        let filled = fill(&examples, &Input::of("hi")).unwrap();
        let sent: Vec<_> = filled.iter().map(|message| (message.role.name(), message.content.as_str())).collect();
        assert_eq!(sent, [("system", "be brief"), ("user", "hi?"), ("assistant", "yes"), ("user", "hi!")]);
        examples.messages.push(Turn::of(Role::User, "\n{% endif %}"));
        let error = fill(&examples, &Input::of("hi")).unwrap_err();
        assert_eq!(error.message, "message 6 (user), line 2, column 1: `endif` closes nothing");
    }

    #[test]
    fn the_default_temperature_stands_in_and_what_is_rejected_goes_with_a_notice() {
        let plain = fitted(&prompt("JSON", Format::Json), &target(JsonSupport::Object, &[]));
        assert_eq!((plain.params.temperature, plain.notices.len()), (Some(0.3), 0));
        let unset = fitted(&prompt("JSON", Format::Json), &target(JsonSupport::Object, &["temperature"]));
        assert_eq!(unset.params.temperature, None);
        assert_eq!(unset.notices, ["the default temperature, 0.3, is not accepted by m-1; left out"]);
        let mut prompt = prompt("JSON", Format::Json);
        prompt.params.temperature = Some(0.7);
        prompt.params.stop = vec!["x".to_owned()];
        prompt.params.extra.insert("top_k".to_owned(), json!(4));
        let picky = fitted(&prompt, &target(JsonSupport::Object, &["temperature", "top_p", "stop", "top_k"]));
        assert_eq!(picky.params, Params::default());
        assert_eq!(
            picky.notices,
            [
                "temperature is not accepted by m-1; left out",
                "stop is not accepted by m-1; left out",
                "top_k is not accepted by m-1; left out"
            ]
        );
    }

    #[test]
    fn what_a_wire_has_no_field_for_is_left_out_with_a_notice() {
        let mut prompt = prompt("JSON", Format::Schema);
        prompt.params = Params { stop: vec!["x".to_owned()], seed: Some(1), ..Params::default() };
        let prepared = |kind| fitted(&prompt, &Target { kind, ..target(JsonSupport::Schema, &[]) });
        let left_out = |name| format!("{name} is not accepted by m-1; left out");
        assert_eq!(prepared(Wire::OpenAi).notices, [""; 0]);
        let responses = prepared(Wire::Responses);
        assert_eq!((responses.params.seed, responses.params.stop), (None, Vec::new()));
        assert_eq!(responses.notices, [left_out("stop"), left_out("seed")]);
        assert_eq!(prepared(Wire::Anthropic).notices[0], left_out("seed"));
        assert_eq!(prepared(Wire::Gemini).notices, [""; 0]);
    }

    #[test]
    fn a_system_message_alone_is_sent_as_the_users_where_a_wire_takes_none() {
        let alone = Prompt { user: String::new(), ..prompt("Say hello.", Format::Text) };
        let filled = fill(&alone, &Input::of("")).unwrap();
        let sent = |kind| {
            let target = Target { kind, ..target(JsonSupport::Schema, &[]) };
            let request = fit(&alone, &Params::default(), &filled, &target);
            let messages = request.messages.iter().map(|message| (message.role, message.content.clone()));
            (messages.collect::<Vec<_>>(), request.notices)
        };
        let words = || "Say hello.".to_owned();
        for kind in [Wire::Anthropic, Wire::Gemini] {
            let (messages, notices) = sent(kind);
            assert_eq!(messages, [(Role::User, words())], "{kind}");
            assert_eq!(notices, ["m-1 takes no system message alone; it was sent as the user's"]);
        }
        let (messages, notices) = sent(Wire::OpenAi);
        assert_eq!((messages.first(), notices.len()), (Some(&(Role::System, words())), 0));
    }

    #[test]
    fn a_schema_that_a_wire_reduces_is_told_of() {
        let mut prompt = prompt("JSON", Format::Schema);
        prompt.response.schema =
            Some(json!({"type": "object", "properties": {"a": {"type": "string", "pattern": "^a"}}}));
        let notices = |kind| fitted(&prompt, &Target { kind, ..target(JsonSupport::Schema, &[]) }).notices;
        assert_eq!(notices(Wire::Responses), [""; 0]);
        for kind in [Wire::Gemini, Wire::Anthropic] {
            assert!(notices(kind)[0].contains("does not take all of the JSON Schema"), "{kind}");
        }
    }

    #[test]
    fn a_model_without_a_name_is_not_asked() {
        let nameless = Target { model: " ".to_owned(), ..target(JsonSupport::Schema, &[]) };
        let error = check(&nameless, &[], &ToolSet::default(), date(2026, 1, 1), false).unwrap_err();
        assert_eq!((error.class, error.message.contains("p/MODEL")), (ErrorKind::CallerFault, true), "{error}");
    }

    #[test]
    fn json_is_asked_for_by_the_wire_or_in_words() {
        let schema = || WireFormat::JsonSchema(json!({"type": "object"}));
        let rows = [
            (Format::Text, JsonSupport::Schema, WireFormat::Text, false),
            (Format::Json, JsonSupport::None, WireFormat::Text, false),
            (Format::Json, JsonSupport::Object, WireFormat::JsonObject, false),
            (Format::Json, JsonSupport::Schema, WireFormat::JsonObject, false),
            (Format::Json, JsonSupport::SchemaOnly, WireFormat::Text, false),
            (Format::Schema, JsonSupport::None, WireFormat::Text, true),
            (Format::Schema, JsonSupport::Object, WireFormat::JsonObject, true),
            (Format::Schema, JsonSupport::Schema, schema(), false),
            (Format::Schema, JsonSupport::SchemaOnly, schema(), false),
        ];
        for (format, support, wire, in_words) in rows {
            let named = fitted(&prompt("in Json", format), &target(support, &[]));
            assert_eq!(named.format, wire, "{format:?} {support:?}");
            assert_eq!(named.messages[0].content.contains("{\"type\":\"object\"}"), in_words, "{format:?} {support:?}");
            assert_eq!(named.notices.is_empty(), !in_words);
            let unnamed = fitted(&prompt("", format), &target(support, &[]));
            let system = unnamed.messages.iter().any(|m| m.role == Role::System && m.content.contains("JSON"));
            assert_eq!(system, format != Format::Text, "{format:?} {support:?}");
        }
    }

    #[test]
    fn a_variables_name_does_not_name_json_and_what_an_input_says_decides_nothing() {
        for (user, value, named) in
            [("{{ row_json }}", "a", false), ("{{ text }}", "json", false), ("as JSON: {{ text }}", "a", true)]
        {
            let prompt = Prompt { user: user.to_owned(), ..prompt("", Format::Json) };
            let vars = ["row_json", "text"].map(|name| (name.to_owned(), value.into()));
            let input = Input { vars: BTreeMap::from(vars), ..Input::default() };
            let messages = fill(&prompt, &input).unwrap();
            let target = target(JsonSupport::Object, &[]);
            let fitted = fit(&prompt, &Params::default(), &messages, &target);
            assert_eq!(fitted.words.is_empty(), named, "{user} with {value}");
        }
    }

    #[test]
    fn an_object_is_asked_for_where_the_schema_wants_one_alone() {
        use JsonSupport::{None, Object, Schema, SchemaOnly};
        let official = |json| Target { custom_endpoint: false, ..target(json, &[]) };
        for (schema, words) in [
            (json!({"type": "array"}), "a JSON array"),
            (json!({"$ref": "#/$defs/l", "$defs": {"l": {"type": "array"}}}), "a JSON array"),
            (json!({"type": ["object", "null"]}), "JSON"),
            (json!({"enum": ["yes", "no"]}), "JSON"),
            (json!({"anyOf": [{"type": "object"}, {"type": "array"}]}), "JSON"),
        ] {
            for format in [Format::Json, Format::Schema] {
                let mut prompt = prompt("", format);
                prompt.response.schema = Some(schema.clone());
                for support in [None, Object, Schema, SchemaOnly] {
                    for target in [target(support, &[]), official(support)] {
                        let PreparedRequest { format: wire, messages, .. } = fitted(&prompt, &target);
                        assert_ne!(wire, WireFormat::JsonObject, "{schema} {support:?}");
                        let text = &messages[0].content;
                        assert!(!text.to_lowercase().contains("json object"), "{schema} {support:?}: {text}");
                        let takes_schemas = matches!(support, Schema | SchemaOnly) && target.custom_endpoint;
                        if format == Format::Schema && takes_schemas {
                            assert_eq!(wire, WireFormat::JsonSchema(schema.clone()));
                        } else {
                            assert_eq!(wire, WireFormat::Text, "{schema} {support:?}");
                        }
                        if format == Format::Json || takes_schemas {
                            assert_eq!(*text, format!("Answer with {words} and nothing else."), "{schema} {support:?}");
                        } else {
                            assert!(text.ends_with(&schema.to_string()), "{text}");
                        }
                    }
                }
            }
        }
        let mut prompt = prompt("", Format::Schema);
        prompt.response.schema = Some(json!({"type": "array"}));
        assert_eq!(
            fitted(&prompt, &official(Schema)).notices,
            ["m-1 takes a JSON Schema of an object alone; it was put into the system message"]
        );
    }

    #[test]
    fn a_refused_response_format_is_asked_for_in_words() {
        let prompt = prompt("JSON", Format::Schema);
        let fitted = fitted(&prompt, &target(JsonSupport::None, &[]));
        assert_eq!(fitted.format, WireFormat::Text);
        assert!(fitted.words.contains("JSON Schema") && !droppable(&fitted, "response_format"));
    }
}
