//! Bodies of Gemini's `generateContent`: chunks whose last has the reason to stop, thoughts among the parts, prompts that a
//! filter blocks, and errors in a list.

use retort::model::Wire::Gemini;

use super::{Case, case, event, typed};

/// A chunk of one candidate with these parts, and more fields of the candidate.
fn chunk(parts: &str, more: &str) -> String {
    format!(
        r#"{{"candidates":[{{"content":{{"parts":[{parts}],"role":"model"}},"index":0{more}}}],"modelVersion":"m"}}"#
    )
}

fn parts(parts: &str) -> String {
    event(&chunk(parts, ""))
}

fn stops(reason: &str) -> String {
    event(&chunk(r#"{"text":"","thoughtSignature":"c2ln"}"#, &format!(r#","finishReason":"{reason}""#)))
}

const HI: &str = r#"{"text":"Hi"}"#;

pub(super) fn all() -> Vec<Case> {
    [streams(), reasons(), errors(), wholes()].into_iter().flatten().collect()
}

fn streams() -> Vec<Case> {
    let counts = |counts: &str| {
        format!(r#"{{"candidates":[{{"content":{{"parts":[{HI}]}},"finishReason":"STOP"}}],"usageMetadata":{counts}}}"#)
    };
    let all = r#"{"promptTokenCount":100,"cachedContentTokenCount":60,"candidatesTokenCount":5,"thoughtsTokenCount":30,"totalTokenCount":135,"promptTokensDetails":[{"modality":"TEXT","tokenCount":100}]}"#;
    let odd = r#"{"promptTokenCount":10,"cachedContentTokenCount":99,"candidatesTokenCount":5}"#;
    let thoughts = r#"{"text":"Hm","thought":true},{"text":"H","thought":false},{"text":"i"}"#;
    vec![
        case(
            "30 thoughts among the parts",
            Gemini,
            parts(thoughts) + &stops("STOP"),
            "model m | think Hm | text Hi | finish stop | end",
        ),
        case(
            "43 counts",
            Gemini,
            event(&counts(all)),
            "text Hi | finish stop | usage in=40 read=60 out=5 thought=30 | end",
        ),
        case(
            "43 counts that cannot be",
            Gemini,
            event(&counts(odd)),
            "text Hi | finish stop | notice the provider counts cachedContentTokenCount 99 of 10, which cannot be; such counts are ignored | usage in=10 out=5 | end",
        ),
        case(
            "12 no end mark, but a reason",
            Gemini,
            parts(HI) + &stops("STOP"),
            "model m | text Hi | finish stop | end",
        ),
        case("14 a clean end without either", Gemini, parts(HI), "model m | text Hi | cut"),
        case(
            "26 events that are no objects",
            Gemini,
            event("null") + &event("[]") + &event("7") + &parts(HI) + &stops("STOP"),
            "model m | text Hi | finish stop | end",
        ),
        case(
            "28 a reason that says nothing",
            Gemini,
            parts(HI) + &stops("FINISH_REASON_UNSPECIFIED"),
            "model m | text Hi | cut",
        ),
        case(
            "44 a call without arguments, and STOP",
            Gemini,
            parts(r#"{"functionCall":{"name":"f"},"thoughtSignature":"c2ln"}"#) + &stops("STOP"),
            "model m | finish tool_calls | call  f  | end",
        ),
        case("48 an empty body", Gemini, "", "fault server error"),
    ]
}

fn reasons() -> Vec<Case> {
    let cut = |reason: &str, more: &str| {
        parts(HI) + &event(&format!(r#"{{"candidates":[{{"finishReason":"{reason}","index":0{more}}}]}}"#))
    };
    vec![
        case("41 cut at the limit", Gemini, cut("MAX_TOKENS", ""), "model m | text Hi | finish length | end"),
        case(
            "a filter cut it",
            Gemini,
            cut("SAFETY", r#","safetyRatings":[{"blocked":true}]"#),
            "model m | text Hi | finish content_filter | end",
        ),
        case("a text of others", Gemini, cut("RECITATION", ""), "model m | text Hi | finish RECITATION | end"),
        case(
            "a call that cannot be read",
            Gemini,
            cut("MALFORMED_FUNCTION_CALL", r#","finishMessage":"x""#),
            "model m | text Hi | finish MALFORMED_FUNCTION_CALL | end",
        ),
        case("a reason not known", Gemini, cut("OTHER", ""), "model m | text Hi | finish OTHER | end"),
    ]
}

fn errors() -> Vec<Case> {
    let blocked = r#"{"promptFeedback":{"blockReason":"SAFETY","safetyRatings":[]},"usageMetadata":{"promptTokenCount":7,"totalTokenCount":7},"modelVersion":"m"}"#;
    let fine = r#"{"promptFeedback":{"safetyRatings":[]},"modelVersion":"m"}"#;
    let busy = r#"{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}"#;
    let quota = |id: &str| {
        format!(
            r#"[{{"error":{{"code":429,"message":"You exceeded your current quota. Please retry in 36.4s.","status":"RESOURCE_EXHAUSTED","details":[{{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{{"quotaMetric":"generate_content_free_tier_requests","quotaId":"{id}","quotaValue":"50"}}]}},{{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"36s"}}]}}}}]"#
        )
    };
    let json = Some("application/json");
    vec![
        case("17 a prompt that is blocked", Gemini, event(blocked), "model m | usage in=7 | fault content policy"),
        case(
            "a prompt that is not blocked",
            Gemini,
            event(fine) + &parts(HI) + &stops("STOP"),
            "model m | text Hi | finish stop | end",
        ),
        case("18 an error after text", Gemini, parts(HI) + &event(busy), "model m | text Hi | fault overloaded"),
        case(
            "18 an error in a list",
            Gemini,
            parts(HI) + &event(&format!("[{busy}]")),
            "model m | text Hi | fault overloaded",
        ),
        typed(
            json,
            case(
                "38 a quota of the day",
                Gemini,
                quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier"),
                "fault out of credit",
            ),
        ),
        typed(
            json,
            case(
                "38 a quota of the minute",
                Gemini,
                quota("GenerateRequestsPerMinutePerProjectPerModel"),
                "fault rate limited",
            ),
        ),
        typed(json, case("38 JSON that is neither", Gemini, r#"{"status":"ok"}"#, "fault unknown error")),
    ]
}

fn wholes() -> Vec<Case> {
    let json = Some("application/json");
    let last = chunk(r#"{"text":"i"}"#, r#","finishReason":"STOP""#);
    let one = chunk(HI, r#","finishReason":"STOP""#);
    let list = format!("[{},\n{last}]", chunk(r#"{"text":"H"}"#, ""));
    vec![
        typed(json, case("38 a complete answer", Gemini, one, "model m | text Hi | finish stop | end")),
        typed(json, case("38 the chunks as a list", Gemini, list, "model m | text Hi | finish stop | end")),
    ]
}
