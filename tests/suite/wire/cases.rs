//! The streaming cases that are decided by the bytes of a body: each whole, under every split in
//! two, and over a socket.

mod gemini;
mod odd;
mod responses;
mod tools;

use retort::model::Wire::{
    Anthropic, Ollama, OpenAi, {self},
};

use super::{ask, call, read, summary, target};
use crate::support::server::{Script, Server, chunk, head, last_chunk};

const SSE: Option<&str> = Some("text/event-stream");

/// A body and what must come of it. The number in a name is the case's own in the list of
/// streaming errors every client meets.
struct Case {
    name: &'static str,
    kind: Wire,
    media_type: Option<&'static str>,
    body: Vec<u8>,
    answer: &'static str,
}

fn case(name: &'static str, kind: Wire, body: impl Into<Vec<u8>>, answer: &'static str) -> Case {
    let media_type = if kind == Ollama { Some("application/x-ndjson") } else { SSE };
    Case { name, kind, media_type, body: body.into(), answer }
}

fn typed(media_type: Option<&'static str>, case: Case) -> Case {
    Case { media_type, ..case }
}

/// Chat completion chunks with this delta each, without any end.
fn deltas(deltas: &[&str]) -> String {
    deltas.iter().map(|delta| event(&format!(r#"{{"choices":[{{"index":0,"delta":{delta}}}]}}"#))).collect()
}

fn event(data: &str) -> String {
    format!("data: {data}\n\n")
}

fn named(events: &[(&str, &str)]) -> String {
    events.iter().map(|(name, data)| ["event: ", name, "\ndata: ", data, "\n\n"].concat()).collect()
}

const HI: &str = r#"{"content":"Hi"}"#;
const STOP: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const DONE: &str = "data: [DONE]\n\n";
const GOOD: &str = "text Hi | finish stop | end";

fn good() -> String {
    deltas(&[HI]) + STOP + DONE
}

fn framing() -> Vec<Case> {
    let wide = deltas(&[r#"{"content":"ü€"}"#, r#"{"content":"😀"}"#]) + STOP + DONE;
    let mut invalid = deltas(&[HI]).into_bytes();
    invalid.extend_from_slice(b"data: {\"choices\":[{\"delta\":{\"content\":\"\xff\"}}]}\n\n");
    invalid.extend_from_slice((deltas(&[HI]) + STOP + DONE).as_bytes());
    let lines = "data: {\"choices\":[{\"delta\":\ndata: {\"content\":\"Hi\"},\ndata: \"finish_reason\":\"stop\"}]}\n\n";
    let spaces = "data:{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata:  {\"choices\":[{\"delta\":{\"content\":\"b\"}}]}\n\n";
    let comments = format!(": ping\n\n{}: OPENROUTER PROCESSING\n\n:\n\n{STOP}{DONE}", deltas(&[HI]));
    let meta = format!("retry: 3000\n\nid: 7\n\nevent: ping\n\ndata:\n\ndata\n\n{}", good());
    vec![
        case("01 a character split between chunks", OpenAi, wide, "text ü€😀 | finish stop | end"),
        case("02 a byte that is not UTF-8", OpenAi, invalid, "text Hi | fault server error"),
        case("03 CRLF", OpenAi, good().replace('\n', "\r\n"), GOOD),
        case("04 CR alone", OpenAi, good().replace('\n', "\r"), GOOD),
        case("05 a byte order mark", OpenAi, format!("\u{feff}{}", good()), GOOD),
        case("06 data over several lines", OpenAi, format!("{lines}{DONE}"), GOOD),
        case("07 no space, two spaces", OpenAi, format!("{spaces}{STOP}{DONE}"), "text ab | finish stop | end"),
        case("08 comments", OpenAi, comments, GOOD),
        case("09 blocks without data", OpenAi, meta, GOOD),
        case("10 nothing but keep-alives", OpenAi, ": ping\n\n: ping\n\n", "fault server error"),
        case("10 nothing but pings", Anthropic, named(&[("ping", r#"{"type":"ping"}"#)]), "fault server error"),
        case("11 no blank line at the end", OpenAi, (deltas(&[HI]) + STOP).trim_end().to_owned(), GOOD),
        case("11 the last event is half there", OpenAi, deltas(&[HI]) + "data: {\"cho", "text Hi | fault server error"),
        case(
            "11 no line end at the end",
            Ollama,
            r#"{"message":{"content":"Hi"},"done":true,"done_reason":"stop"}"#,
            GOOD,
        ),
    ]
}

fn endings() -> Vec<Case> {
    let after = format!("{STOP}{}{}", deltas(&[r#"{"content":"!"}"#]), STOP.replace("stop", "length"));
    vec![
        case("12 no [DONE], but a reason", OpenAi, deltas(&[HI]) + STOP, GOOD),
        case("13 [DONE], but no reason", OpenAi, deltas(&[HI]) + DONE, "text Hi | finish unknown | end"),
        case("13 [DONE] and nothing else", OpenAi, DONE, "fault server error"),
        case("14 a clean end without either", OpenAi, deltas(&[HI]), "text Hi | cut"),
        case("14 the same", Ollama, "{\"message\":{\"content\":\"Hi\"},\"done\":false}\n", "text Hi | cut"),
        case(
            "14 the same",
            Anthropic,
            named(&[(
                "content_block_delta",
                r#"{"type":"content_block_delta","delta":{"type":"text_delta","text":"Hi"}}"#,
            )]),
            "text Hi | cut",
        ),
        case("16 more after [DONE]", OpenAi, good() + &deltas(&[HI]) + "data: {broken\n\n", GOOD),
        case(
            "28 an empty reason is none",
            OpenAi,
            format!("{}{STOP}{DONE}", STOP.replace("stop", "")),
            "finish stop | end",
        ),
        case(
            "29 two reasons, and text after",
            OpenAi,
            deltas(&[HI]) + &after + DONE,
            "text Hi | finish stop | text ! | end",
        ),
        case(
            "41 cut at the limit",
            OpenAi,
            deltas(&[r#"{"content":"{\"a\":"}"#]) + &STOP.replace("stop", "length") + DONE,
            r#"text {"a": | finish length | end"#,
        ),
        case(
            "42 thought until the limit",
            OpenAi,
            deltas(&[r#"{"reasoning_content":"Hm"}"#]) + &STOP.replace("stop", "length") + DONE,
            "think Hm | finish length | end",
        ),
        case("48 an empty body", OpenAi, "", "fault server error"),
        case("48 blank lines only", OpenAi, "\n\n \r\n", "fault server error"),
        case("48 an empty body", Ollama, "", "fault server error"),
    ]
}

fn errors() -> Vec<Case> {
    let overloaded = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    let quota = event(
        r#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#,
    );
    let beside = event(
        r#"{"error":{"message":"slow down","code":429},"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}"#,
    );
    let start = r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}"#;
    vec![
        case("17 an error first", OpenAi, quota.clone(), "fault out of credit"),
        case("17 an error first", Anthropic, named(&[("error", overloaded)]), "fault overloaded"),
        case(
            "17 an error first",
            Ollama,
            "{\"error\":\"model \\\"x\\\" not found, try pulling it first\"}\n",
            "fault model not found",
        ),
        case("18 an error after text", OpenAi, deltas(&[HI]) + &quota, "text Hi | fault out of credit"),
        case(
            "18 an error after text",
            Anthropic,
            named(&[("content_block_delta", start), ("error", overloaded)]),
            "text Hi | fault overloaded",
        ),
        case(
            "18 an error after text",
            Ollama,
            "{\"message\":{\"content\":\"Hi\"}}\n{\"error\":\"unexpected EOF\"}\n",
            "text Hi | fault server error",
        ),
        case("19 an error beside choices", OpenAi, beside, "fault rate limited"),
        case(
            "20 an error that is not JSON",
            OpenAi,
            "event: error\ndata: upstream: too many requests\n\n",
            "fault rate limited",
        ),
        case("20 an error that is not JSON", Anthropic, "event: error\ndata: Overloaded\n\n", "fault overloaded"),
        case(
            "31 an event that is not JSON",
            OpenAi,
            format!("{}data: {{oops\n\n{STOP}{DONE}", deltas(&[HI])),
            "text Hi | fault server error",
        ),
        case(
            "31 a line that is not JSON",
            Ollama,
            "{\"message\":{\"content\":\"Hi\"}}\noops\n",
            "text Hi | fault server error",
        ),
        case(
            "45 two events glued together",
            OpenAi,
            "data: {\"choices\":[{\"delta\":{\"content\":\"ugNdata: {\"choices\":[]}\n\n",
            "fault server error",
        ),
    ]
}

fn chunks() -> Vec<Case> {
    let usage = |counts: &str| event(&format!(r#"{{"choices":[],"usage":{counts}}}"#));
    let full = r#"{"prompt_tokens":10,"completion_tokens":4,"total_tokens":14}"#;
    let counted = "text Hi | finish stop | usage in=10 out=4 | end";
    let early = event(
        r#"{"choices":[{"index":0,"delta":{"content":"Hi"}}],"usage":{"prompt_tokens":1,"completion_tokens":1}}"#,
    );
    let late = event(&format!(r#"{{"choices":[{{"index":0,"delta":{{}}}}],"usage":{full}}}"#));
    let roles = deltas(&[
        r#"{"role":"assistant","content":null}"#,
        r#"{"role":"","content":"H"}"#,
        r#"{"role":"assistant","content":"i"}"#,
    ]);
    let reasoning = deltas(&[
        r#"{"reasoning_content":"a"}"#,
        r#"{"reasoning":"b","reasoning_details":[{"type":"reasoning.text","text":"b"}]}"#,
        r#"{"reasoning_details":[{"type":"reasoning.summary","summary":"c"}]}"#,
        r#"{"content":[{"type":"text","text":"<think>d</think>Hi"}]}"#,
    ]);
    let tools = deltas(&[
        r#"{"tool_calls":[{"index":0,"id":"1","function":{"name":"f","arguments":"{"}}]}"#,
        r#"{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"}"}}]}"#,
    ]);
    vec![
        case(
            "21 a first chunk without choices",
            OpenAi,
            event(r#"{"choices":[],"prompt_filter_results":[{}]}"#) + &good(),
            GOOD,
        ),
        case("22 usage alone", OpenAi, deltas(&[HI]) + STOP + &usage(full) + DONE, counted),
        case(
            "22 usage alone, no choices at all",
            OpenAi,
            deltas(&[HI]) + STOP + &event(&format!(r#"{{"usage":{full}}}"#)) + DONE,
            counted,
        ),
        case(
            "23 usage beside choices",
            OpenAi,
            early + STOP + &late + DONE,
            "text Hi | usage in=1 out=1 | finish stop | usage in=10 out=4 | end",
        ),
        case(
            "24 usage that is empty or null",
            OpenAi,
            deltas(&[HI]) + STOP + &usage("{}") + &usage("null") + DONE,
            GOOD,
        ),
        case(
            "25 no content, no delta",
            OpenAi,
            event(r#"{"choices":[{"index":0}]}"#) + &deltas(&["{}", r#"{"content":null}"#, "null"]) + &good(),
            GOOD,
        ),
        case("26 events that are no objects", OpenAi, event("null") + &event("[]") + &event("7") + &good(), GOOD),
        case("27 roles twice, and empty", OpenAi, roles + STOP + DONE, GOOD),
        case(
            "30 reasoning in every field",
            OpenAi,
            reasoning + STOP + DONE,
            "think abc | text <think>d</think>Hi | finish stop | end",
        ),
        case(
            "32 an event of an unknown name",
            OpenAi,
            format!("event: heartbeat\ndata: {{\"beat\":1}}\n\n{}", good()),
            GOOD,
        ),
        case(
            "44 tool calls are no text",
            OpenAi,
            tools + &STOP.replace("stop", "tool_calls") + DONE,
            "finish tool_calls | call 1 f {} | end",
        ),
        case(
            "a refusal",
            OpenAi,
            deltas(&[r#"{"refusal":"I can"}"#, r#"{"refusal":"not"}"#]) + STOP + DONE,
            "refuse I cannot | finish refusal | end",
        ),
        case(
            "a model that names itself",
            OpenAi,
            event(r#"{"model":"m-2","choices":[]}"#) + &good(),
            "model m-2 | text Hi | finish stop | end",
        ),
    ]
}

fn messages() -> Vec<Case> {
    let start = r#"{"type":"message_start","message":{"model":"m","content":[],"usage":{"input_tokens":0,"output_tokens":1,"cache_read_input_tokens":8}}}"#;
    let text = r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Hi"}}"#;
    let thinking = r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm"}}"#;
    let signature = r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"x"}}"#;
    let delta = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":9,"output_tokens":7,"cache_read_input_tokens":0,"output_tokens_details":{"thinking_tokens":3}}}"#;
    let stop = r#"{"type":"message_stop"}"#;
    let ended = |reason: &str| {
        let delta = format!(r#"{{"type":"message_delta","delta":{{"stop_reason":"{reason}"}}}}"#);
        named(&[("content_block_delta", text), ("message_delta", &delta), ("message_stop", stop)])
    };
    let all = named(&[
        ("message_start", start),
        ("ping", r#"{"type":"ping"}"#),
        ("content_block_delta", thinking),
        ("content_block_delta", signature),
        ("content_block_stop", r#"{"type":"content_block_stop","index":0}"#),
        ("novelty", r#"{"type":"novelty","text":"x"}"#),
        ("content_block_delta", text),
        ("message_delta", delta),
        ("message_stop", stop),
    ]);
    vec![
        case(
            "43 counts that replace, also with 0",
            Anthropic,
            all,
            "model m | usage in=0 read=8 out=1 | think Hm | kept {\"type\":\"thinking\",\"thinking\":\"Hm\",\"signature\":\"x\"} | text Hi | finish stop | usage in=9 read=0 out=4 thought=3 | end",
        ),
        case("a refusal", Anthropic, ended("refusal"), "text Hi | finish refusal | end"),
        case(
            "the context is full",
            Anthropic,
            ended("model_context_window_exceeded"),
            "text Hi | finish context_window | end",
        ),
        case("a reason not known", Anthropic, ended("pause_turn"), "text Hi | finish pause_turn | end"),
        case(
            "12 no message_stop, but a reason",
            Anthropic,
            named(&[("content_block_delta", text), ("message_delta", delta)]),
            "text Hi | finish stop | usage in=9 read=0 out=4 thought=3 | end",
        ),
        case(
            "13 message_stop, but no reason",
            Anthropic,
            named(&[("content_block_delta", text), ("message_stop", stop)]),
            "text Hi | finish unknown | end",
        ),
        case(
            "Ollama's last line",
            Ollama,
            "{\"model\":\"m\",\"message\":{\"thinking\":\"Hm\",\"content\":\"\"},\"done\":false}\n{\"model\":\"m\",\"message\":{\"content\":\"Hi\"},\"done\":false}\n{\"model\":\"m\",\"message\":{\"content\":\"\"},\"done\":true,\"done_reason\":\"length\",\"load_duration\":5,\"eval_count\":4}\n",
            "model m | think Hm | text Hi | usage out=4 | timing | finish length | end",
        ),
        case(
            "Ollama without a reason",
            Ollama,
            "{\"message\":{\"content\":\"Hi\"},\"done\":true}\n",
            "text Hi | finish unknown | end",
        ),
    ]
}

fn shapes() -> Vec<Case> {
    let page = format!("<!doctype html><title>Sign in</title>{}", "x".repeat(300));
    let whole = r#"{"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":2,"completion_tokens":1}}"#;
    let error = r#"{"error":{"message":"Loading model","type":"unavailable_error","code":503}}"#;
    let message = r#"{"type":"message","model":"m","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn","usage":{"input_tokens":2,"output_tokens":1}}"#;
    let answered = "model m | text Hi | finish stop | usage in=2 out=1 | end";
    let json = Some("application/json");
    vec![
        typed(Some("text/html"), case("37 a web page", OpenAi, page.clone(), "fault not an API")),
        typed(None, case("37 a web page without a type", OpenAi, page.clone(), "fault not an API")),
        case("37 a web page that says it is a stream", Anthropic, page, "fault not an API"),
        typed(json, case("38 a complete answer", OpenAi, whole, answered)),
        typed(
            json,
            case(
                "38 a complete answer",
                Anthropic,
                message,
                "model m | usage in=2 out=1 | text Hi | finish stop | end",
            ),
        ),
        typed(json, case("38 an error", OpenAi, error, "fault overloaded")),
        typed(json, case("38 an error", Anthropic, error, "fault overloaded")),
        typed(json, case("38 half an answer", OpenAi, whole.split_at(60).0, "fault server error")),
        typed(json, case("38 JSON that is neither", OpenAi, r#"{"status":"ok"}"#, "fault unknown error")),
        typed(Some("text/plain"), case("39 a stream typed as text", OpenAi, good(), GOOD)),
        typed(None, case("39 a stream without a type", OpenAi, format!("\n{}", good()), GOOD)),
        typed(json, case("39 a stream typed as JSON", OpenAi, format!(": hello\n\n{}", good()), GOOD)),
        typed(None, case("39 an answer without a type", OpenAi, whole, answered)),
        typed(Some("text/plain"), case("39 neither", OpenAi, "Internal Server Error", "fault not an API")),
        typed(
            Some("text/plain"),
            case(
                "39 lines typed as text",
                Ollama,
                "{\"message\":{\"content\":\"Hi\"},\"done\":true,\"done_reason\":\"stop\"}\n",
                GOOD,
            ),
        ),
    ]
}

fn all() -> Vec<Case> {
    let shared = [framing(), endings(), errors(), chunks(), messages(), shapes()];
    let own = [odd::all(), responses::all(), gemini::all(), tools::all()];
    shared.into_iter().chain(own).flatten().collect()
}

#[test]
fn each_body_says_the_same_under_every_split() {
    for case in all() {
        let (events, error) = read(case.kind, case.media_type, &[&case.body]);
        let whole = summary(&events, error.as_ref());
        assert_eq!(whole, case.answer, "{} ({})", case.name, case.kind);
        for cut in 0..=case.body.len() {
            let (left, right) = case.body.split_at(cut);
            let (events, error) = read(case.kind, case.media_type, &[left, right]);
            assert_eq!(summary(&events, error.as_ref()), case.answer, "{} ({}), cut at {cut}", case.name, case.kind);
        }
        let bytes: Vec<&[u8]> = case.body.chunks(1).collect();
        let (events, error) = read(case.kind, case.media_type, &bytes);
        assert_eq!(summary(&events, error.as_ref()), case.answer, "{} ({}), byte by byte", case.name, case.kind);
    }
}

#[tokio::test]
async fn each_body_says_the_same_over_a_socket() {
    let cases = all();
    let script = |case: &Case| {
        let mut headers = vec![("transfer-encoding", "chunked"), ("connection", "close")];
        headers.extend(case.media_type.map(|media_type| ("content-type", media_type)));
        let (left, right) = case.body.split_at(case.body.len() / 2);
        Script::answer([head("200 OK", &headers), chunk(left), chunk(right), last_chunk()].concat())
    };
    let server = Server::start(cases.iter().map(script)).await;
    for case in &cases {
        let (events, error) = ask(call(target(case.kind, &server.url))).await;
        assert_eq!(summary(&events, error.as_ref()), case.answer, "{} ({})", case.name, case.kind);
    }
    assert_eq!(server.connections(), cases.len(), "one connection each, none again");
}

#[test]
fn signs_of_life_are_told_without_being_text() {
    let body = format!(": ping\n\n{}", good());
    let (events, _) = read(OpenAi, SSE, &[body.as_bytes()]);
    assert_eq!(events.first(), Some(&retort::provider::WireEvent::Alive));
}
