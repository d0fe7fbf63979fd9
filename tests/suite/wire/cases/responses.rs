//! Bodies of OpenAI Responses: the order of its events, what is in the whole alone, and every way to end.

use retort::model::Wire::Responses;

use super::{Case, case, event, named, typed};

const CREATED: &str = r#"{"type":"response.created","sequence_number":0,"response":{"model":"m","status":"in_progress","output":[],"error":null,"usage":null}}"#;
const HI: &str = r#"{"type":"response.output_text.delta","item_id":"msg_1","output_index":1,"content_index":0,"delta":"Hi","logprobs":[]}"#;
const USAGE: &str = r#""usage":{"input_tokens":100,"input_tokens_details":{"cached_tokens":60,"cache_write_tokens":10},"output_tokens":50,"output_tokens_details":{"reasoning_tokens":20},"total_tokens":150}"#;
const OUTPUT: &str = r#""output":[{"type":"reasoning","summary":[{"type":"summary_text","text":"Hm"},{"type":"summary_text","text":"so"}]},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Hi","annotations":[]}]}]"#;

/// The last event, with these fields in its response.
fn ended(kind: &str, fields: &str) -> String {
    let status = kind.trim_start_matches("response.");
    event(&format!(r#"{{"type":"{kind}","response":{{"model":"m","status":"{status}",{fields}}}}}"#))
}

fn item(kind: &str, more: &str) -> String {
    event(&format!(
        r#"{{"type":"response.output_item.added","output_index":0,"item":{{"id":"i","type":"{kind}"{more}}}}}"#
    ))
}

fn completed() -> String {
    ended("response.completed", r#""output":[],"error":null"#)
}

pub(super) fn all() -> Vec<Case> {
    [streams(), calls(), ends(), wholes()].into_iter().flatten().collect()
}

fn streams() -> Vec<Case> {
    let summary = |kind: &str, part: u8, field: &str, text: &str| {
        event(&format!(
            r#"{{"type":"response.reasoning_summary_text.{kind}","output_index":0,"summary_index":{part},"{field}":"{text}"}}"#
        ))
    };
    let done =
        event(r#"{"type":"response.output_text.done","output_index":1,"content_index":0,"text":"Hi","logprobs":[]}"#);
    let every_event = [
        named(&[("response.created", CREATED)]),
        event(r#"{"type":"response.in_progress","response":{"model":"m"}}"#),
        item("reasoning", r#","summary":[]"#),
        event(
            r#"{"type":"response.reasoning_summary_part.added","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""}}"#,
        ),
        summary("delta", 0, "delta", "H"),
        summary("delta", 0, "delta", "m"),
        summary("done", 0, "text", "Hm"),
        summary("delta", 1, "delta", "so"),
        item("message", r#","role":"assistant","content":[]"#),
        event(r#"{"type":"response.web_search_call.searching","output_index":1,"item_id":"ws_1"}"#),
        event(r#"{"type":"response.novelty","text":"x","delta":"y"}"#),
        event(HI),
        done.clone(),
        event(r#"{"type":"response.content_part.done","output_index":1,"part":{"type":"output_text","text":"Hi"}}"#),
        event(
            r#"{"type":"response.output_item.done","output_index":1,"item":{"type":"message","content":[{"type":"output_text","text":"Hi"}]}}"#,
        ),
        ended("response.completed", &format!("{OUTPUT},{USAGE}")),
    ];
    let raw = event(r#"{"type":"response.reasoning_text.delta","output_index":0,"content_index":0,"delta":"Hm"}"#);
    vec![
        case(
            "every event of a stream",
            Responses,
            every_event.concat(),
            "model m | think Hm\n\nso | text Hi | usage in=30 read=60 written=10 out=30 thought=20 | finish stop | end",
        ),
        case(
            "a part without pieces",
            Responses,
            event(CREATED) + &done + &completed(),
            "model m | text Hi | finish stop | end",
        ),
        case(
            "nothing but the end",
            Responses,
            event(CREATED) + &ended("response.completed", OUTPUT),
            "model m | think Hm\n\nso | text Hi | finish stop | end",
        ),
        case(
            "reasoning as it is",
            Responses,
            raw + &event(HI) + &completed(),
            "think Hm | text Hi | model m | finish stop | end",
        ),
        case(
            "more after the end",
            Responses,
            event(HI) + &completed() + &event(HI) + "data: [DONE]\n\n",
            "text Hi | model m | finish stop | end",
        ),
        case("14 a clean end without either", Responses, event(CREATED) + &event(HI), "model m | text Hi | cut"),
        case("14 created and nothing else", Responses, event(CREATED), "model m | cut"),
    ]
}

fn calls() -> Vec<Case> {
    let arguments =
        event(r#"{"type":"response.function_call_arguments.delta","output_index":0,"item_id":"fc_1","delta":"{}"}"#);
    vec![
        case(
            "44 tool calls are no text",
            Responses,
            item("function_call", r#","call_id":"c","name":"f","arguments":"""#) + &arguments + &completed(),
            "model m | finish tool_calls | call c f {} | end",
        ),
        case(
            "a call in the whole alone",
            Responses,
            ended("response.completed", r#""output":[{"type":"custom_tool_call"}]"#),
            "model m | finish tool_calls | end",
        ),
        case(
            "a tool that the provider runs",
            Responses,
            item("web_search_call", "") + &event(HI) + &completed(),
            "text Hi | model m | finish stop | end",
        ),
    ]
}

fn ends() -> Vec<Case> {
    let refusal = |piece: &str| {
        event(&format!(r#"{{"type":"response.refusal.delta","output_index":0,"content_index":0,"delta":"{piece}"}}"#))
    };
    let incomplete = |reason: &str| {
        event(HI)
            + &ended(
                "response.incomplete",
                &format!(r#""incomplete_details":{{"reason":"{reason}"}},"output":[],{USAGE}"#),
            )
    };
    let failed = |code: &str, message: &str| {
        ended("response.failed", &format!(r#""error":{{"code":"{code}","message":"{message}"}},"output":[]"#))
    };
    let quota = "You exceeded your current quota";
    let error = format!(
        r#"{{"type":"error","error":{{"type":"insufficient_quota","code":"insufficient_quota","message":"{quota}","param":null}}}}"#
    );
    let flat =
        r#"{"type":"error","code":"rate_limit_exceeded","message":"slow down","param":null,"sequence_number":3}"#;
    let filtered = "text Hi | model m | usage in=30 read=60 written=10 out=30 thought=20 | finish content_filter | end";
    vec![
        case(
            "a refusal",
            Responses,
            refusal("I can") + &refusal("not") + &completed(),
            "refuse I cannot | model m | finish refusal | end",
        ),
        case(
            "41 cut at the limit",
            Responses,
            incomplete("max_output_tokens"),
            "text Hi | model m | usage in=30 read=60 written=10 out=30 thought=20 | finish length | end",
        ),
        case("a filter cut it", Responses, incomplete("content_filter"), filtered),
        case(
            "incomplete without a reason",
            Responses,
            event(HI) + &ended("response.incomplete", r#""output":[]"#),
            "text Hi | model m | finish incomplete | end",
        ),
        case(
            "18 it failed",
            Responses,
            event(HI) + &failed("server_error", "The server had an error"),
            "text Hi | model m | fault server error",
        ),
        case(
            "18 too long a prompt is found late",
            Responses,
            failed("context_length_exceeded", "too many tokens"),
            "model m | fault context too long",
        ),
        case(
            "18 it failed without a word",
            Responses,
            ended("response.failed", r#""error":null"#),
            "model m | fault server error",
        ),
        case(
            "17 an error and the same as a failure",
            Responses,
            named(&[("error", &error)]) + &failed("insufficient_quota", quota),
            "fault out of credit",
        ),
        case("17 an error that is flat", Responses, event(CREATED) + &event(flat), "model m | fault rate limited"),
    ]
}

fn wholes() -> Vec<Case> {
    let json = Some("application/json");
    let whole = |status: &str, more: &str| {
        format!(
            r#"{{"id":"resp_1","object":"response","model":"m","status":"{status}","error":null,{more}{OUTPUT},{USAGE}}}"#
        )
    };
    let failed = r#"{"object":"response","model":"m","status":"failed","error":{"code":"rate_limit_exceeded","message":"x"},"output":[]}"#;
    let stop =
        "model m | think Hm\n\nso | text Hi | usage in=30 read=60 written=10 out=30 thought=20 | finish stop | end";
    let length =
        "model m | think Hm\n\nso | text Hi | usage in=30 read=60 written=10 out=30 thought=20 | finish length | end";
    let cut = r#""incomplete_details":{"reason":"max_output_tokens"},"#;
    vec![
        typed(json, case("38 a complete answer", Responses, whole("completed", ""), stop)),
        typed(json, case("38 an answer cut at the limit", Responses, whole("incomplete", cut), length)),
        typed(json, case("38 an answer that failed", Responses, failed, "fault rate limited")),
        typed(json, case("38 JSON that is neither", Responses, r#"{"status":"ok"}"#, "fault unknown error")),
    ]
}
