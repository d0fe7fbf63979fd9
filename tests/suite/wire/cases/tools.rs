//! Calls of tools, in every way in which servers tell them and in those in which they get it wrong.

use retort::model::Wire::{Anthropic, Gemini, Ollama, OpenAi, Responses};

use super::{Case, DONE, STOP, case, deltas, event, named, typed};

/// A call of chat completions in pieces, each the JSON of one entry of `tool_calls`.
fn calls(pieces: &[&str]) -> String {
    let pieces: Vec<String> = pieces.iter().map(|piece| format!("{{\"tool_calls\":[{piece}]}}")).collect();
    let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
    deltas(&pieces) + &STOP.replace("stop", "tool_calls") + DONE
}

#[expect(clippy::too_many_lines, reason = "a list")]
fn completions() -> Vec<Case> {
    let one = "finish tool_calls | call a f {\"x\":1} | end";
    let two = "finish tool_calls | call a f {\"x\":1} | call b g {} | end";
    vec![
        case(
            "arguments in pieces",
            OpenAi,
            calls(&[
                r#"{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}"#,
                r#"{"index":0,"function":{"arguments":"{\"x\""}}"#,
                r#"{"index":0,"function":{"arguments":":1}"}}"#,
            ]),
            one,
        ),
        case(
            "two calls in turns",
            OpenAi,
            calls(&[
                r#"{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\""}}"#,
                r#"{"index":1,"id":"b","function":{"name":"g","arguments":"{"}}"#,
                r#"{"index":0,"function":{"arguments":":1}"}}"#,
                r#"{"index":1,"function":{"arguments":"}"}}"#,
            ]),
            two,
        ),
        case(
            "two calls without an index",
            OpenAi,
            calls(&[
                r#"{"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}}"#,
                r#"{"id":"b","function":{"name":"g","arguments":"{}"}}"#,
            ]),
            two,
        ),
        case(
            "two calls that are both the first",
            OpenAi,
            calls(&[
                r#"{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}}"#,
                r#"{"index":0,"id":"b","function":{"name":"g","arguments":"{}"}}"#,
            ]),
            two,
        ),
        case(
            "pieces under an index of nobody",
            OpenAi,
            calls(&[
                r#"{"index":0,"id":"a","function":{"name":"f","arguments":""}}"#,
                r#"{"index":1,"function":{"arguments":"{\"x\":1}"}}"#,
            ]),
            one,
        ),
        case(
            "arguments before the name, and an id that is null",
            OpenAi,
            calls(&[
                r#"{"index":0,"id":"a","function":{"arguments":"{\"x\":"}}"#,
                r#"{"index":0,"id":null,"function":{"name":"f","arguments":"1}"}}"#,
            ]),
            one,
        ),
        case(
            "arguments that are an object",
            OpenAi,
            calls(&[r#"{"index":0,"id":"a","function":{"name":"f","arguments":{"x":1}}}"#]),
            one,
        ),
        case(
            "a call without arguments",
            OpenAi,
            calls(&[r#"{"index":0,"id":"a","function":{"name":"f","arguments":""}}"#]),
            "finish tool_calls | call a f  | end",
        ),
        case(
            "a call that is told by the word stop",
            OpenAi,
            deltas(&[r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}}]}"#])
                + STOP
                + DONE,
            one,
        ),
        case(
            "a call after text, in two halves of a character",
            OpenAi,
            deltas(&[
                r#"{"content":"Let me look."}"#,
                r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":\"ü"}}]}"#,
                r#"{"tool_calls":[{"index":0,"function":{"arguments":"€\"}"}}]}"#,
            ]) + STOP
                + DONE,
            "text Let me look. | finish tool_calls | call a f {\"x\":\"ü€\"} | end",
        ),
        case(
            "a call of the time before tools",
            OpenAi,
            deltas(&[
                r#"{"function_call":{"name":"f","arguments":"{\"x\":"}}"#,
                r#"{"function_call":{"arguments":"1}"}}"#,
            ]) + &STOP.replace("stop", "function_call")
                + DONE,
            "finish tool_calls | call  f {\"x\":1} | end",
        ),
        case(
            "reasoning that is wanted back with the call",
            OpenAi,
            deltas(&[
                r#"{"reasoning_content":"Hm"}"#,
                r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}"#,
            ]) + STOP
                + DONE,
            "think Hm | kept {\"reasoning_content\":\"Hm\"} | finish tool_calls | call a f {} | end",
        ),
        typed(
            Some("application/json"),
            case(
                "a call in one answer",
                OpenAi,
                r#"{"choices":[{"index":0,"message":{"content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}}]},"finish_reason":"tool_calls"}]}"#,
                one,
            ),
        ),
    ]
}

fn messages() -> Vec<Case> {
    let start = ("message_start", r#"{"type":"message_start","message":{"content":[]}}"#);
    let end = [
        ("message_delta", r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"}}"#),
        ("message_stop", r#"{"type":"message_stop"}"#),
    ];
    let begins = |input: &str| {
        format!(
            r#"{{"type":"content_block_start","index":1,"content_block":{{"type":"tool_use","id":"a","name":"f","input":{input}}}}}"#
        )
    };
    let more = |json: &str| {
        let json = serde_json::to_string(json).unwrap();
        format!(
            r#"{{"type":"content_block_delta","index":1,"delta":{{"type":"input_json_delta","partial_json":{json}}}}}"#
        )
    };
    let stop = r#"{"type":"content_block_stop","index":1}"#;
    let body = |between: &[(&str, &str)]| named(&[&[start], between, &end[..]].concat());
    let one = "finish tool_calls | call a f {\"x\":1} | end";
    let (empty, full) = (begins("{}"), begins("{\"x\":1}"));
    let (blank, first, rest) = (more(""), more("{\"x\""), more(":1}"));
    let thought = [
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm"}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"sig"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
    ];
    let redacted =
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"redacted_thinking","data":"xyz"}}"#;
    let block = ("content_block_start", empty.as_str());
    let delta = |data| ("content_block_delta", data);
    vec![
        case(
            "a block in pieces",
            Anthropic,
            body(&[block, delta(blank.as_str()), delta(&first), delta(&rest), ("content_block_stop", stop)]),
            one,
        ),
        case("all arguments at the start of the block", Anthropic, body(&[("content_block_start", &full)]), one),
        case(
            "arguments at the start of the block and in pieces",
            Anthropic,
            body(&[("content_block_start", &full), delta(&first), delta(&rest)]),
            one,
        ),
        case(
            "no arguments at all",
            Anthropic,
            body(&[block, delta(blank.as_str()), ("content_block_stop", stop)]),
            "finish tool_calls | call a f  | end",
        ),
        case(
            "thinking before a call is kept with its signature",
            Anthropic,
            body(&[
                ("content_block_start", thought[0]),
                delta(thought[1]),
                delta(thought[2]),
                ("content_block_stop", thought[3]),
                block,
                delta(&first),
                delta(&rest),
            ]),
            "think Hm | kept {\"type\":\"thinking\",\"thinking\":\"Hm\",\"signature\":\"sig\"} | finish tool_calls | call a f {\"x\":1} | end",
        ),
        case(
            "thinking that is hidden is kept as it came",
            Anthropic,
            body(&[("content_block_start", redacted), ("content_block_start", &full)]),
            "kept {\"type\":\"redacted_thinking\",\"data\":\"xyz\"} | finish tool_calls | call a f {\"x\":1} | end",
        ),
        typed(
            Some("application/json"),
            case(
                "two calls in one answer",
                Anthropic,
                r#"{"type":"message","content":[{"type":"text","text":"Both."},{"type":"tool_use","id":"a","name":"f","input":{"x":1}},{"type":"tool_use","id":"b","name":"g","input":{}}],"stop_reason":"tool_use"}"#,
                "text Both. | finish tool_calls | call a f {\"x\":1} | call b g  | end",
            ),
        ),
    ]
}

fn items() -> Vec<Case> {
    let data = |event: &str| format!("data: {event}\n\n");
    let added = r#"{"type":"response.output_item.added","output_index":1,"item":{"type":"function_call","id":"fc_1","call_id":"a","name":"f","arguments":""}}"#;
    let delta = |more: &str| {
        format!(
            r#"{{"type":"response.function_call_arguments.delta","output_index":1,"item_id":"fc_1","delta":{}}}"#,
            serde_json::to_string(more).unwrap()
        )
    };
    let item = r#"{"type":"function_call","id":"fc_1","call_id":"a","name":"f","arguments":"{\"x\":1}"}"#;
    let done = format!(r#"{{"type":"response.output_item.done","output_index":1,"item":{item}}}"#);
    let thought = r#"{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"xyz"}"#;
    let thinks = format!(r#"{{"type":"response.output_item.done","output_index":0,"item":{thought}}}"#);
    let ended = |output: &str| {
        format!(r#"{{"type":"response.completed","response":{{"status":"completed","output":[{output}]}}}}"#)
    };
    let one = "finish tool_calls | call a f {\"x\":1} | end";
    let both = format!("{thought},{item}");
    vec![
        case(
            "an item in pieces, told again whole",
            Responses,
            [data(added), data(&delta("{\"x\"")), data(&delta(":1}")), data(&done), data(&ended(&both))].concat(),
            "kept {\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[],\"encrypted_content\":\"xyz\"} | finish tool_calls | call a f {\"x\":1} | end",
        ),
        case(
            "an item with its reasoning before it",
            Responses,
            [data(&thinks), data(added), data(&delta("{\"x\":1}")), data(&ended(&both))].concat(),
            "kept {\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[],\"encrypted_content\":\"xyz\"} | finish tool_calls | call a f {\"x\":1} | end",
        ),
        case("an item that no piece told", Responses, data(&ended(item)), one),
        case(
            "pieces of which some were lost",
            Responses,
            [data(added), data(&delta("{\"x\"")), data(&done), data(&ended(""))].concat(),
            one,
        ),
    ]
}

fn parts() -> Vec<Case> {
    let chunk = |parts: &str| {
        event(&format!(r#"{{"candidates":[{{"content":{{"parts":[{parts}]}},"finishReason":"STOP"}}]}}"#))
    };
    let line = |message: &str| format!("{{\"message\":{message},\"done\":false}}\n");
    let over = "{\"message\":{\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\"}\n";
    vec![
        case(
            "two calls in one part each, without ids",
            Gemini,
            chunk(
                r#"{"functionCall":{"name":"f","args":{"x":1}},"thoughtSignature":"s"},{"functionCall":{"name":"g"}}"#,
            ),
            "finish tool_calls | call  f {\"x\":1} | call  g  | end",
        ),
        case(
            "two calls of the same tool",
            Gemini,
            chunk(r#"{"functionCall":{"name":"f","args":{"x":1}}},{"functionCall":{"name":"f","args":{"x":1}}}"#),
            "finish tool_calls | call  f {\"x\":1} | call  f {\"x\":1} | end",
        ),
        case(
            "calls in lines of their own",
            Ollama,
            line(r#"{"content":"","tool_calls":[{"function":{"name":"f","arguments":{"x":1}}}]}"#)
                + &line(
                    r#"{"content":"","thinking":"Hm","tool_calls":[{"id":"b","function":{"name":"f","arguments":{}}}]}"#,
                )
                + over,
            "think Hm | finish tool_calls | call  f {\"x\":1} | call b f {} | end",
        ),
    ]
}

pub(super) fn all() -> Vec<Case> {
    [completions(), messages(), items(), parts()].into_iter().flatten().collect()
}
