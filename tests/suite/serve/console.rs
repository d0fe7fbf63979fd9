//! Calls watched as they come: listed, held, let go, changed, failed on purpose.

use serde_json::{Value, json};

use super::{ASK, WHOLE, several, whole};
use crate::support::serving::Serving;

/// Lists the calls, and counts as somebody who watches from then on.
async fn calls(serving: &Serving) -> Value {
    let answer = serving.get("/retort/calls").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// Waits until the calls are as they should be.
async fn until(serving: &Serving, are: impl Fn(&Value) -> bool) -> Value {
    let mut told = calls(serving).await;
    for _ in 0..20 {
        if are(&told) {
            return told;
        }
        // It answers once there is news.
        told = serving.get(&format!("/retort/calls?after={}", told["revision"])).await.json();
    }
    panic!("they are not: {told}");
}

fn state(told: &Value, at: usize) -> &str {
    told["calls"][at]["state"].as_str().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_seen_only_by_who_watches_with_what_it_asked_and_was_answered() {
    let (serving, _server) = several([whole(WHOLE), whole(WHOLE)], &["--no-cache"]).await;
    assert_eq!(serving.post("/v1/chat/completions", ASK).await.status, 200);
    assert_eq!(calls(&serving).await["calls"], json!([]), "nobody watched");
    assert_eq!(serving.post("/v1/chat/completions", ASK).await.status, 200);
    let told = until(&serving, |told| state(told, 0) == "over").await;
    let call = &told["calls"][0];
    assert_eq!(
        (call["status"].as_u64(), call["model"].as_str(), call["says"].as_str()),
        (Some(200), Some("m-a"), Some("Hello"))
    );
    assert!(call["run"].is_string(), "{call}");
    let texts = serving.get(&format!("/retort/calls/{}", call["id"])).await.json();
    assert_eq!((texts["request"].as_str(), texts["response"].as_str()), (Some(ASK), Some(WHOLE)));
    assert_eq!(serving.get("/retort/calls/99").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_matches_is_held_until_it_is_let_go_changed_or_failed() {
    let (serving, server) = several([whole(WHOLE), whole(WHOLE), whole(WHOLE)], &["--no-cache"]).await;
    calls(&serving).await;
    assert_eq!(serving.post("/retort/hold", "{\"text\": \"HELLO\"}").await.status, 200);
    assert_eq!(
        serving.post("/v1/chat/completions", &ASK.replace("Hello", "Other")).await.status,
        200,
        "it goes through"
    );
    for (says, status, sent) in [
        (json!({ "do": "go" }), 200, Some("Hello")),
        (json!({ "do": "edited", "body": ASK.replace("Hello", "Changed") }), 200, Some("Changed")),
        (json!({ "do": "fail", "status": 503 }), 503, None),
    ] {
        let before = server.connections();
        let asked = serving.request("POST", "/v1/chat/completions", &[], ASK);
        let held = async {
            let told =
                until(&serving, |told| told["calls"].as_array().unwrap().iter().any(|call| call["state"] == "held"))
                    .await;
            let id =
                told["calls"].as_array().unwrap().iter().find(|call| call["state"] == "held").unwrap()["id"].clone();
            assert_eq!(server.connections(), before, "no provider is asked meanwhile");
            let bad = serving.post(&format!("/retort/calls/{id}"), "{\"do\": \"fail\", \"status\": 200}").await;
            assert_eq!(bad.status, 400, "a call does not fail with a success");
            assert_eq!(serving.post(&format!("/retort/calls/{id}"), &says.to_string()).await.status, 200);
            let again = serving.post(&format!("/retort/calls/{id}"), &says.to_string()).await;
            assert_eq!(again.status, 409, "it is held no more");
        };
        let (answer, ()) = tokio::join!(serving.send(asked), held);
        assert_eq!(answer.status, status, "{}", answer.text());
        if let Some(text) = sent {
            let request = server.requests().last().unwrap().json();
            assert_eq!(request["messages"][0]["content"], text);
        } else {
            assert_eq!(server.connections(), before);
            let again = answer.header("x-should-retry");
            assert_eq!(again, None, "a program may try again, as after a failure of a provider's");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_goes_on_once_nothing_is_held_any_more() {
    let (serving, _server) = several([whole(WHOLE)], &["--no-cache"]).await;
    calls(&serving).await;
    assert_eq!(serving.post("/retort/hold", "{\"text\": \"Hello\"}").await.status, 200);
    let asked = serving.request("POST", "/v1/chat/completions", &[], ASK);
    let release = async {
        until(&serving, |told| state(told, 0) == "held").await;
        assert_eq!(serving.post("/retort/hold", "{\"text\": null}").await.status, 200);
    };
    let (answer, ()) = tokio::join!(serving.send(asked), release);
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_watches_without_the_token() {
    let (serving, _server) = several([], &[]).await;
    for (method, path) in [
        ("GET", "/retort/calls"),
        ("POST", "/retort/hold"),
        ("POST", "/retort/fail"),
        ("POST", "/retort/calls/1"),
        ("GET", "/retort/calls/1"),
    ] {
        let request = serving.request(method, path, &[("authorization", "Bearer wrong-token-0123456789")], "{}");
        assert_eq!(serving.send(request).await.status, 401, "{path}");
        let page = serving.request(method, path, &[("origin", "https://evil.example")], "{}");
        assert_eq!(serving.send(page).await.status, 403, "{path}");
    }
    assert_eq!(serving.post("/retort/hold", "{\"txt\": 1}").await.status, 400);
    assert_eq!(serving.post("/retort/calls/1", "{\"do\": \"go\"}").await.status, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_calls_with_a_text_fail_by_a_rule_and_no_others() {
    let (serving, server) = several([whole(WHOLE), whole(WHOLE)], &["--no-cache"]).await;
    calls(&serving).await;
    let rule = |rule: Value| json!({ "rule": rule }).to_string();
    for bad in [json!({ "status": 200 }), json!({ "status": 503, "txt": "x" }), json!(7)] {
        assert_eq!(serving.post("/retort/fail", &rule(bad)).await.status, 400);
    }
    let set = rule(json!({ "status": 429, "next": 2, "text": "HELLO" }));
    assert_eq!(serving.post("/retort/fail", &set).await.status, 200);
    assert_eq!(calls(&serving).await["fail"]["next"], 2);
    let other = ASK.replace("Hello", "Other");
    assert_eq!(serving.post("/v1/chat/completions", &other).await.status, 200, "it does not have the text");
    for left in [json!(1), Value::Null] {
        let failed = serving.post("/v1/chat/completions", ASK).await;
        assert_eq!((failed.status, failed.header("x-should-retry")), (429, None), "{}", failed.text());
        assert_eq!(failed.json()["error"]["code"], "failed_on_purpose");
        assert_eq!(calls(&serving).await["fail"]["next"], left);
    }
    assert_eq!(serving.post("/v1/chat/completions", ASK).await.status, 200, "two were to fail");
    assert_eq!(server.requests().len(), 2, "nothing was asked for those that failed");
    assert_eq!(serving.post("/retort/fail", &rule(json!({ "status": 500 }))).await.status, 200);
    assert_eq!(serving.post("/v1/chat/completions", &other).await.status, 500, "every call");
    assert_eq!(serving.post("/retort/fail", &rule(Value::Null)).await.status, 200);
    assert_eq!(calls(&serving).await["fail"], Value::Null);
}
