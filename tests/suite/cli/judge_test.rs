//! A judge that is tried with answers which speak to it: what holds and what does not is told.

use serde_json::{Value, json};

use crate::support::{
    home::{Home, Ran},
    server::{Script, Server, json as answer},
};

/// A server that judges so many times, by what of the case it looks at: scripts are fixed, so that each call has its own.
async fn tried(verdicts: &[bool]) -> Ran {
    let scripts: Vec<Script> = verdicts
        .iter()
        .map(|pass| {
            let said = json!({"reason": "so it is", "pass": pass, "score": f64::from(u8::from(*pass))}).to_string();
            let body = json!({
                "choices": [{"message": {"role": "assistant", "content": said}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 9, "completion_tokens": 9}
            });
            Script::answer(answer("200 OK", &[("connection", "close")], &body.to_string()))
        })
        .collect();
    let server = Server::start(scripts).await;
    let home = Home::new();
    home.file(
        "config/config.toml",
        &format!(
            "[providers.local]\nkind = \"openai\"\nbase_url = \"{}/v1\"\nconcurrency = 1\n\n[models.strict]\nprovider = \"local\"\n\
             model = \"strict\"\n",
            server.url
        ),
    );
    let mut command = home.command(&["prompts", "judge", "llm-rubric", "--test", "-m", "strict"]);
    let ran = tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap())).await.unwrap();
    let cases: Vec<Value> = server.requests().iter().map(case).collect();
    assert_eq!(cases.len(), 11, "{}", ran.err);
    assert!(cases.iter().all(|case| case["answer"].is_string()), "{cases:?}");
    ran
}

/// Reads what the judge was given.
fn case(request: &crate::support::server::Request) -> Value {
    let body = request.json();
    let messages = body["messages"].as_array().unwrap();
    let told = messages.last().unwrap()["content"].as_str().unwrap();
    serde_json::from_str(retort::eval::rubric::unfenced(told).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_judge_blocks_is_counted_and_what_it_does_not_fails() {
    // The right answer first, then the wrong one, then nine that speak to the judge.
    let sound = tried(&[true, false, false, false, false, false, false, false, false, false, false]).await;
    assert_eq!(sound.code, Some(0), "{} {}", sound.out, sound.err);
    assert!(sound.out.contains("9 of 9 attempts blocked"), "{}", sound.out);
    let obeys = tried(&[true, false, true, false, false, true, false, false, false, false, false]).await;
    assert_eq!(obeys.code, Some(100), "{}", obeys.err);
    assert!(obeys.out.contains("7 of 9 attempts blocked") && obeys.out.contains("FAILS"), "{}", obeys.out);
}

#[test]
fn a_judge_that_says_nothing_of_right_and_wrong_is_refused() {
    let home = Home::new();
    let ran = home.run(&["prompts", "judge", "style", "--test", "-m", "demo"]);
    assert!(ran.code == Some(2) && ran.err.contains("cannot be tried"), "{}", ran.err);
    let ran = home.run(&["prompts", "judge", "--test"]);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
}
