//! Shapes no standard has and some server sends: none of them may lose an answer, and none may
//! make one of what is none.

use retort::model::Wire::{Anthropic, Ollama, OpenAi};

use super::{Case, DONE, GOOD, HI, STOP, case, deltas, event, good, named, typed};

/// A piece of an answer as each wire frames it, with this as its text, JSON escapes included.
fn pieces(texts: &[&str]) -> [String; 3] {
    let openai = texts.iter().map(|text| event(&format!(r#"{{"choices":[{{"delta":{{"content":"{text}"}}}}]}}"#)));
    let anthropic = texts.iter().map(|text| {
        let delta = format!(r#"{{"type":"content_block_delta","delta":{{"type":"text_delta","text":"{text}"}}}}"#);
        named(&[("content_block_delta", &delta)])
    });
    let ollama = texts.iter().map(|text| format!("{{\"message\":{{\"content\":\"{text}\"}},\"done\":false}}\n"));
    [openai.collect(), anthropic.collect(), ollama.collect()]
}

fn ends() -> [String; 3] {
    let stopped = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#;
    let anthropic = named(&[("message_delta", stopped), ("message_stop", r#"{"type":"message_stop"}"#)]);
    [format!("{STOP}{DONE}"), anthropic, "{\"done\":true,\"done_reason\":\"stop\"}\n".to_owned()]
}

/// A case on every wire: these pieces, then the end.
fn everywhere(name: &'static str, texts: &[&str], answer: &'static str) -> Vec<Case> {
    let bodies = pieces(texts).into_iter().zip(ends()).map(|(pieces, end)| pieces + &end);
    [OpenAi, Anthropic, Ollama].into_iter().zip(bodies).map(|(kind, body)| case(name, kind, body, answer)).collect()
}

fn texts() -> Vec<Case> {
    [
        everywhere(
            "halves of a surrogate pair in two events",
            &[r"ok \ud83d", r"\ude00 done"],
            "text ok 😀 done | finish stop | end",
        ),
        everywhere(
            "half of a surrogate pair and nothing of the other",
            &[r"a\ud83d", "b", r"\ude00c", r"\ud83d"],
            "text a\u{fffd}b\u{fffd}c | finish stop | text \u{fffd} | end",
        ),
        everywhere("a raw tab inside a string", &["a\tb"], "text a\tb | finish stop | end"),
        everywhere(
            "every control character but line ends",
            &["a\u{1}\u{8}\u{c}\u{1f}b"],
            "text a\u{1}\u{8}\u{c}\u{1f}b | finish stop | end",
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn numbers() -> Vec<Case> {
    let logprobs = r#"{"choices":[{"delta":{"content":"Hi"},"logprobs":{"content":[{"logprob":-Infinity},{"logprob":NaN},{"logprob":1e999}]}}]}"#;
    let stopped =
        |usage: &str| event(&format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":"stop","usage":{usage}}}]}}"#));
    let counts = r#"{"prompt_tokens":1900,"completion_tokens":130}"#;
    let counted = "text Hi | finish stop | usage in=1900 out=130 | end";
    let hi = deltas(&[HI]);
    let top = |usage: &str| event(&format!(r#"{{"choices":[],"usage":{usage}}}"#));
    let groq = event(&format!(r#"{{"choices":[],"x_groq":{{"usage":{counts}}}}}"#));
    let floats = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":1900.2,"output_tokens":130.0}}"#;
    let text = r#"{"type":"content_block_delta","delta":{"type":"text_delta","text":"Hi"}}"#;
    vec![
        case("no number where it does not matter", OpenAi, event(logprobs) + STOP + DONE, GOOD),
        case("usage in a choice", OpenAi, hi.clone() + &stopped(counts) + DONE, counted),
        case("usage in x_groq", OpenAi, hi.clone() + STOP + &groq + DONE, counted),
        case(
            "usage as texts",
            OpenAi,
            hi.clone() + STOP + &top(r#"{"prompt_tokens":"1900","completion_tokens":"130"}"#) + DONE,
            counted,
        ),
        case(
            "usage as fractions",
            Anthropic,
            named(&[("content_block_delta", text), ("message_delta", floats)]),
            counted,
        ),
        case(
            "cached tokens at the top",
            OpenAi,
            hi.clone() + STOP + &top(r#"{"prompt_tokens":100,"completion_tokens":4,"cached_tokens":60}"#) + DONE,
            "text Hi | finish stop | usage in=40 read=60 out=4 | end",
        ),
        case(
            "usage that cannot be",
            OpenAi,
            hi + STOP + &top(r#"{"prompt_tokens":-5,"completion_tokens":18446744073709551615}"#) + DONE,
            "text Hi | finish stop | notice the provider counts prompt_tokens -5, completion_tokens \
             18446744073709551615, which cannot be; such counts are ignored | end",
        ),
        case(
            "counts that cannot be",
            Ollama,
            "{\"message\":{\"content\":\"Hi\"}}\n{\"done\":true,\"done_reason\":\"stop\",\"eval_count\":-1,\"prompt_eval_count\":7}\n",
            "text Hi | notice the provider counts eval_count -1, which cannot be; such counts are ignored | usage in=7 | finish stop | end",
        ),
    ]
}

fn signs_of_life() -> Vec<Case> {
    let between = |odd: &str| deltas(&[r#"{"content":"Hel"}"#]) + odd + &deltas(&[r#"{"content":"lo"}"#]) + STOP + DONE;
    let hello = "text Hello | finish stop | end";
    let text = |text: &str| {
        format!(
            "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"delta\":{{\"type\":\"text_delta\",\"text\":\"{text}\"}}}}\n\n"
        )
    };
    let [_, end, _] = ends();
    vec![
        case("a heartbeat with a time", OpenAi, between("event: ping\ndata: 2026-11-28T10:00:00Z\n\n"), hello),
        case("a heartbeat with half of JSON", OpenAi, between("event: heartbeat\ndata: {oops\n\n"), hello),
        case("a heartbeat without a name", OpenAi, between("data: ping\n\ndata: keep-alive\n\n"), hello),
        case("empty data lines alone", OpenAi, between("data:\n\ndata\ndata\n\ndata: \ndata:\n\n"), hello),
        case(
            "a heartbeat",
            Anthropic,
            text("Hel") + "event: keepalive\ndata: 17\n\ndata: alive\n\n" + &text("lo") + &end,
            hello,
        ),
        case(
            "words that are an error",
            OpenAi,
            between("data: Internal Server Error\n\n"),
            "text Hel | fault server error",
        ),
        case(
            "what may be a piece of the answer",
            OpenAi,
            between("data: lo\"}}]}\n\n"),
            "text Hel | fault server error",
        ),
        case(
            "a line that is no JSON",
            Ollama,
            "{\"message\":{\"content\":\"Hel\"}}\nping\n",
            "text Hel | fault server error",
        ),
    ]
}

fn contents() -> Vec<Case> {
    let nested = deltas(&[
        r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"Let me "}]}]}"#,
        r#"{"content":[{"type":"thinking","thinking":"think."},[{"type":"text","text":"H"}],"i"]}"#,
        r#"{"content":{"type":"text","text":{"value":"!"}}}"#,
        r#"{"content":[{"type":"image_url","image_url":{"url":"x"}},{"type":"text","text":""}]}"#,
    ]);
    let parts = r#"{"choices":[{"message":{"content":[{"type":"reasoning","summary":[{"text":"Hm"}]},{"type":"output_text","text":"Hi"}]},"finish_reason":"stop"}]}"#;
    let one = event(r#"{"choices":[{"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}]}"#);
    let beside = event(r#"{"choices":[{"delta":{"content":"Hi"},"message":{"content":"Hi"}}]}"#);
    let call = |kind: &str, index: u8| {
        format!(
            r#"{{"type":"content_block_start","index":{index},"content_block":{{"type":"{kind}","id":"s","name":"search","input":{{}}}}}}"#
        )
    };
    let arguments =
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{}"}}"#;
    let found = r#"{"type":"content_block_start","index":1,"content_block":{"type":"web_search_tool_result","content":[{"title":"T"}]}}"#;
    let text = r#"{"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"It is 7."}}"#;
    let [_, end, _] = ends();
    let tool = |kind: &str| {
        let start = call(kind, 0);
        named(&[("content_block_start", &start), ("content_block_delta", arguments)])
    };
    let ran = |kind: &str| tool(kind) + &named(&[("content_block_start", found), ("content_block_delta", text)]) + &end;
    vec![
        case(
            "thinking within a list of parts",
            OpenAi,
            nested + STOP + DONE,
            "think Let me think. | text Hi! | finish stop | end",
        ),
        typed(
            Some("application/json"),
            case("parts of a whole answer", OpenAi, parts, "think Hm | text Hi | finish stop | end"),
        ),
        case(
            "thoughts marked beside the content",
            OpenAi,
            deltas(&[r#"{"content":"Hm","extra_content":{"google":{"thought":true}}}"#, HI]) + STOP + DONE,
            "think Hm | text Hi | finish stop | end",
        ),
        case("a stream of one whole answer", OpenAi, one + DONE, GOOD),
        case("the answer beside its pieces", OpenAi, beside + STOP + DONE, GOOD),
        case("a tool of the provider's own", Anthropic, ran("server_tool_use"), "text It is 7. | finish stop | end"),
        case("a tool of a server of ours", Anthropic, ran("mcp_tool_use"), "text It is 7. | finish stop | end"),
        case(
            "a tool that we would have to run",
            Anthropic,
            tool("tool_use") + &end,
            "finish tool_calls | call s search {} | end",
        ),
    ]
}

fn refusals() -> Vec<Case> {
    let json = Some("application/json");
    let whole =
        |body: &'static str, answer: &'static str| typed(json, case("an error in a success", OpenAi, body, answer));
    let choice = event(
        r#"{"choices":[{"delta":{"content":""},"finish_reason":"error","error":{"code":402,"message":"Upstream account is out of credit"}}]}"#,
    );
    vec![
        whole(r#"{"choices":null,"base_resp":{"status_code":1002,"status_msg":"rate limit"}}"#, "fault rate limited"),
        whole(
            r#"{"choices":null,"usage":null,"base_resp":{"status_code":1008,"status_msg":"x"}}"#,
            "fault out of credit",
        ),
        whole(r#"{"code":10007,"message":"busy","sid":"cht0"}"#, "fault rate limited"),
        whole(r#"{"error":"model 'x' not found"}"#, "fault model not found"),
        whole(r#"{"code":"rate","error":"Too many requests"}"#, "fault rate limited"),
        whole(r#"{"success":false,"errors":[{"code":5007,"message":"No such model x"}]}"#, "fault model not found"),
        whole(r#"{"detail":"Invalid API key"}"#, "fault API key rejected"),
        whole(r#"{"error_code":18,"error_msg":"qps"}"#, "fault rate limited"),
        whole(r#"{"object":"error","message":"prompt is too long: 9 tokens","code":400}"#, "fault context too long"),
        whole(r#"{"status":"error","message":"The server is overloaded"}"#, "fault overloaded"),
        case("an error in a choice", OpenAi, deltas(&[HI]) + &choice + DONE, "text Hi | fault out of credit"),
        case(
            "an error in a code and words",
            OpenAi,
            deltas(&[HI]) + &event(r#"{"code":10110,"message":"x","sid":"c"}"#),
            "text Hi | fault overloaded",
        ),
        case(
            "a code that says that all is well",
            OpenAi,
            event(r#"{"code":0,"message":"Success","sid":"c","choices":[{"delta":{"content":"Hi"}}]}"#) + STOP + DONE,
            GOOD,
        ),
        case(
            "no error beside choices",
            OpenAi,
            event(
                r#"{"error":null,"base_resp":{"status_code":0,"status_msg":""},"choices":[{"delta":{"content":"Hi"}}]}"#,
            ) + STOP
                + DONE,
            GOOD,
        ),
    ]
}

fn endings() -> Vec<Case> {
    let [_, text, _] = pieces(&["Hi"]);
    vec![
        case(
            "half an event after the finish reason",
            OpenAi,
            deltas(&[HI]) + STOP + "data: {\"choices\":[],\"usa",
            GOOD,
        ),
        case(
            "no UTF-8 after the finish reason",
            OpenAi,
            [(deltas(&[HI]) + STOP).as_bytes(), b"data: \xff\n\n"].concat(),
            GOOD,
        ),
        case(
            "an end mark with one line end, then junk",
            OpenAi,
            format!("{}data: [DONE]\n\u{0}", deltas(&[HI]) + STOP),
            GOOD,
        ),
        case("an end mark in quotes", OpenAi, deltas(&[HI]) + STOP + "data: \"[DONE]\"\n\n", GOOD),
        case(
            "half an event after the finish reason",
            Anthropic,
            text + &named(&[("message_delta", r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#)])
                + "event: message_st",
            GOOD,
        ),
        case(
            "text after the finish reason, and half an event",
            OpenAi,
            deltas(&[HI]) + STOP + &deltas(&[HI]) + "data: {\"cho",
            "text Hi | finish stop | text Hi | fault server error",
        ),
        case(
            "a reason nobody has heard of",
            OpenAi,
            good().replace("\"stop\"", "\"out_of_ink\""),
            "text Hi | finish out_of_ink | end",
        ),
        case(
            "a reason in capitals",
            OpenAi,
            good().replace("\"stop\"", "\"MAX_TOKENS\""),
            "text Hi | finish length | end",
        ),
    ]
}

pub(crate) fn all() -> Vec<Case> {
    [texts(), numbers(), signs_of_life(), contents(), refusals(), endings()].into_iter().flatten().collect()
}
