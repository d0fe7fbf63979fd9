//! The cache key, and which answers are worth keeping.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::{
    model::{
        Ending, Finish, Input, Outcome, Params, Part, Prompt, RunEnd, RunStatus, Target, ToolSet, Turn,
        id::{hex, hex_of_parts},
    },
    pipeline::prepare::PreparedRequest,
    provider::{Forward, WireFormat},
};

/// Raised whenever the same request would be sent, or its answer be kept, in another form.
const VERSION: u32 = 1;

/// The key of a request: `hex(sha256(text ":" hex(sha256(spec))))`, where the spec holds all else
/// that can change the answer. What only judges an answer is not in it, for that is done again.
///
/// Every field of what makes up a request is named here, so that a new one asks to be thought of.
pub(crate) fn key(prompt: &Prompt, input: &Input, target: &Target, fitted: &PreparedRequest, sample: u32) -> String {
    let Prompt {
        system,
        user,
        messages,
        tools: _,
        tool_choice: _,
        parallel_tool_calls: _,
        max_rounds: _,
        description: _,
        targets: _,
        fallback: _,
        params: _,
        response: _,
        checks: _,
    } = prompt;
    let Input { text, vars, parts: _ } = input;
    let Target { kind, base_url, model, command, headers, options, name: _, provider: _, custom_endpoint: _, card: _ } =
        target;
    let PreparedRequest { params, format, tools, words, messages: sent_messages, notices: _ } = fitted;
    let Params { temperature, top_p, max_tokens, stop, seed, reasoning_effort, extra } = params;
    let format = match format {
        WireFormat::Text => json!("text"),
        WireFormat::JsonObject => json!("json"),
        WireFormat::JsonSchema(schema) => json!({ "schema": schema }),
    };
    let written = |turn: &Turn| match (turn.tool_calls.as_slice(), &turn.reply) {
        ([], None) => json!((turn.role, &turn.content)),
        (calls, reply) => json!((turn.role, &turn.content, calls, reply)),
    };
    let sent: Vec<_> = messages.iter().filter(|turn| !turn.muted).map(written).collect();
    // What goes with a message counts by what it is, wherever it lies: each with the place of its message.
    let attached = sent_messages.iter().enumerate().flat_map(|(place, message)| {
        message.attachments.iter().map(move |attachment| json!((place, attachment.identity())))
    });
    let attached: Vec<_> = attached.collect();
    let paths = only_paths(prompt, tools);
    let vars: BTreeMap<_, _> = vars.iter().filter(|(name, _)| !paths.contains(&name.as_str())).collect();
    let attached = (!attached.is_empty()).then(|| ("attached", json!(attached)));
    let tools = (!tools.is_empty()).then(|| {
        let ToolSet { tools, choice, parallel, max_rounds } = &tools.uncached();
        ("tools", json!({ "tools": tools, "choice": choice, "parallel": parallel, "max_rounds": max_rounds }))
    });
    // A prompt without further messages has the key it had before there were any.
    let sent = (!sent.is_empty()).then(|| ("messages", json!(sent)));
    let spec: Map<String, Value> = [
        ("version", json!(VERSION)),
        ("kind", json!(kind.to_string())),
        ("base_url", json!(base_url)),
        ("model", json!(model)),
        ("command", json!(command)),
        ("headers", json!(headers)),
        ("system", json!(system)),
        ("user", json!(user)),
        ("words", json!(words)),
        ("vars", json!(vars)),
        ("temperature", json!(temperature)),
        ("top_p", json!(top_p)),
        ("max_tokens", json!(max_tokens)),
        ("stop", json!(stop)),
        ("seed", json!(seed)),
        ("reasoning_effort", json!(reasoning_effort)),
        ("extra", json!(extra)),
        ("format", format),
        ("sample", json!(sample)),
    ]
    .into_iter()
    .chain(sent)
    .chain(tools)
    .chain(attached)
    // Nor has a target without options another.
    .chain(options.answer_key().map(|key| ("options", key)))
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    let spec = hex(Value::Object(spec).to_string().as_bytes());
    hex_of_parts([text, ":", &spec])
}

/// The key of a program's request whose bytes go to a target as they are: of the bytes, and of all that the target adds.
pub(crate) fn of_forward(forward: &Forward, target: &Target, sample: u32) -> String {
    let Target {
        kind,
        base_url,
        model,
        headers,
        options,
        name: _,
        provider: _,
        custom_endpoint: _,
        card: _,
        command: _,
    } = target;
    let spec = json!({
        "version": VERSION,
        "forward": forward.digest(),
        "kind": kind.to_string(),
        "base_url": base_url,
        "model": model,
        "headers": headers,
        "options": options.answer_key(),
        "sample": sample,
    });
    hex(spec.to_string().as_bytes())
}

/// Lists the variables that name files and do nothing else: what is sent of those is in the key, wherever they lie.
fn only_paths<'a>(prompt: &'a Prompt, tools: &ToolSet) -> Vec<&'a str> {
    let turns = || prompt.messages.iter().filter(|turn| !turn.muted);
    let parts = || turns().flat_map(|turn| &turn.parts);
    let tools = if tools.is_empty() { String::new() } else { json!(tools.tools).to_string() };
    let texts: Vec<&str> = [&prompt.system, &prompt.user, &tools]
        .into_iter()
        .chain(turns().map(|turn| &turn.content))
        .chain(parts().filter(|part| !part.is_variable()).map(|part| &part.source))
        .map(String::as_str)
        .collect();
    parts().filter_map(Part::variable).filter(|name| texts.iter().all(|text| !text.contains(name))).collect()
}

/// Tells whether an answer may be kept: complete, finished by the model, and breaking no rule. One of which a
/// check could not run is kept: it is judged anew when it is played again.
pub(crate) fn worth_keeping(outcome: &Outcome) -> bool {
    let finished = outcome.finish.as_ref().is_some_and(|finish| {
        // An end mark without a reason proves a valid answer complete, and no other.
        let called = *finish == Finish::ToolCalls && !outcome.calls.is_empty();
        called || finish.ending() == Ending::Whole && (*finish != Finish::Unknown || outcome.json.is_some())
    });
    outcome.end == RunEnd::Done && finished && outcome.status() != RunStatus::Failed && outcome.attempts > 0
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{
        model::{Check, CheckKind, ModelCard, Role, Wire},
        pipeline::prepare,
    };

    #[derive(Clone)]
    struct Request {
        prompt: Prompt,
        params: Params,
        input: Input,
        target: Target,
        sample: u32,
    }

    fn request() -> Request {
        Request {
            prompt: Prompt {
                system: "Answer in JSON.".to_owned(),
                user: "Say: {{ input }}".to_owned(),
                ..Prompt::default()
            },
            params: Params::default(),
            input: Input::of("hello"),
            target: Target {
                name: "gpt".to_owned(),
                provider: "openai".to_owned(),
                kind: Wire::OpenAi,
                base_url: Some("https://api.openai.com/v1".to_owned()),
                custom_endpoint: false,
                model: "gpt-4o-mini".to_owned(),
                command: Vec::new(),
                headers: BTreeMap::new(),
                options: crate::model::TargetOptions::default(),
                card: ModelCard::default(),
            },
            sample: 0,
        }
    }

    fn key_of(request: &Request) -> String {
        let Request { prompt, params, input, target, sample } = request;
        let mut input_with_all = input.clone();
        input_with_all.vars.entry("v".to_owned()).or_default();
        let messages = prepare::fill(prompt, &input_with_all).unwrap();
        let fitted = prepare::fit(prompt, params, &messages, target);
        key(prompt, input, target, &fitted, *sample)
    }

    fn examples([question, answer]: [&str; 2]) -> Vec<Turn> {
        vec![Turn::of(Role::User, question), Turn::of(Role::Assistant, answer)]
    }

    fn changed(change: impl FnOnce(&mut Request)) -> String {
        let mut request = request();
        change(&mut request);
        key_of(&request)
    }

    #[test]
    fn the_key_is_the_same_on_every_machine() {
        assert_eq!(key_of(&request()), "be722d91530569b7cea40e873f3afd405f92945eaac591dca8625735729947c0");
    }

    #[test]
    fn whatever_can_change_the_answer_changes_the_key() {
        let keys = [
            key_of(&request()),
            changed(|r| r.prompt.system.push('!')),
            changed(|r| r.prompt.user.push('!')),
            changed(|r| r.input.text.push('!')),
            changed(|r| drop(r.input.vars.insert("v".to_owned(), "1".into()))),
            changed(|r| r.prompt.params.temperature = Some(0.4)),
            changed(|r| r.params.temperature = Some(0.5)),
            changed(|r| r.prompt.params.top_p = Some(0.3)),
            changed(|r| r.prompt.params.max_tokens = Some(3)),
            changed(|r| r.prompt.params.stop = vec!["a".to_owned(), "b".to_owned()]),
            changed(|r| r.prompt.params.stop = vec!["ab".to_owned()]),
            changed(|r| r.prompt.params.seed = Some(3)),
            changed(|r| r.prompt.params.reasoning_effort = Some("low".to_owned())),
            changed(|r| drop(r.prompt.params.extra.insert("top_k".to_owned(), json!(3)))),
            changed(|r| r.prompt.response.format = crate::model::Format::Text),
            changed(|r| {
                r.prompt.response.format = crate::model::Format::Schema;
                r.prompt.response.schema = Some(json!({"type": "object"}));
            }),
            changed(|r| {
                r.prompt.response.format = crate::model::Format::Schema;
                r.prompt.response.schema = Some(json!({"type": "array"}));
            }),
            changed(|r| r.target.kind = Wire::Ollama),
            changed(|r| r.target.base_url = Some("http://127.0.0.1/v1".to_owned())),
            changed(|r| r.target.base_url = None),
            changed(|r| r.target.model.push('!')),
            changed(|r| r.target.command = vec!["sh".to_owned()]),
            changed(|r| drop(r.target.headers.insert("x".to_owned(), "y".to_owned()))),
            changed(|r| r.target.options.drop = vec!["user".to_owned()]),
            changed(|r| r.target.options.system = crate::model::target_settings::SystemRole::Fold),
            changed(|r| drop(r.target.options.query.insert("v".to_owned(), "1".to_owned()))),
            changed(|r| r.target.card.rejects = vec!["temperature".to_owned()]),
            changed(|r| r.sample = 1),
            changed(|r| r.prompt.messages = examples(["1", "2"])),
            changed(|r| r.prompt.messages = examples(["2", "1"])),
            changed(|r| {
                r.prompt.messages = examples(["1", "2"]);
                r.prompt.messages.reverse();
            }),
        ];
        assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len());
    }

    #[test]
    fn what_only_names_or_judges_does_not() {
        let same = [
            changed(|r| r.prompt.description.push('!')),
            changed(|r| r.prompt.targets.push("x".to_owned())),
            changed(|r| r.prompt.fallback.push("x".to_owned())),
            changed(|r| {
                r.prompt.messages = examples(["1", "2"]);
                r.prompt.messages.iter_mut().for_each(|turn| turn.muted = true);
            }),
            changed(|r| r.prompt.params.temperature = Some(0.3)),
            changed(|r| {
                r.prompt.params.temperature = Some(0.4);
                r.params.temperature = Some(0.3);
            }),
            changed(|r| r.prompt.response.required.push("x".to_owned())),
            changed(|r| r.prompt.response.min_confidence = Some(0.9)),
            changed(|r| {
                r.prompt.checks.push(Check::of(CheckKind::Latency).within(1.0));
            }),
            changed(|r| r.target.name.push('!')),
            changed(|r| r.target.options.whole = true),
            changed(|r| r.target.options.allow_http = true),
            changed(|r| r.target.card.price = None),
        ];
        assert!(same.iter().all(|key| *key == key_of(&request())));
    }

    #[test]
    fn a_variable_that_names_a_file_counts_by_what_the_file_holds() {
        let png = |end: u8| {
            use base64::Engine as _;
            let bytes = [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x04\0\0\0\x02".as_slice(), &[end]].concat();
            format!("data:image/png;base64,{}", base64::engine::general_purpose::STANDARD.encode(bytes))
        };
        let of = |text: &str, path: &str, bytes: u8| {
            let part = Part::of(crate::model::MediaKind::Image, "{{ photo }}");
            let turn = Turn { parts: vec![part.clone()], ..Turn::of(Role::User, text) };
            let Request { mut prompt, params, mut input, target, sample } = request();
            prompt.messages = vec![turn];
            input.vars.insert("photo".to_owned(), path.into());
            let mut messages = prepare::fill(&prompt, &input).unwrap();
            let read = part.filled(&png(bytes), crate::model::attachment::PartOrigin::Input).unwrap();
            messages.iter_mut().flat_map(|message| &mut message.attachments).for_each(|sent| *sent = read.clone());
            key(&prompt, &input, &target, &prepare::fit(&prompt, &params, &messages, &target), sample)
        };
        assert_eq!(of("What is it?", "a.png", 1), of("What is it?", "elsewhere/b.png", 1), "the path is not the file");
        assert_ne!(of("What is it?", "a.png", 1), of("What is it?", "a.png", 2));
        let said = "What is on {{ photo }}?";
        assert_ne!(of(said, "a.png", 1), of(said, "b.png", 1), "its name is in the text, too");
    }

    #[test]
    fn a_colon_does_not_move_between_text_and_prompt() {
        let pair = |user: &str, text: &str| {
            changed(|r| {
                r.prompt.system = String::new();
                r.prompt.user = user.to_owned();
                r.input.text = text.to_owned();
            })
        };
        assert_ne!(pair("json c", "a:b"), pair("json b:c", "a"));
        assert_ne!(pair("json :c", "a"), pair("json c", "a:"));
    }
}
