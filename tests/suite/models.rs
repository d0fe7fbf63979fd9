//! `retort models --check`: which key asks, and whether the next one does.

use crate::support::{
    home::{Home, Ran},
    server::{Script, Server, json},
};

const LIST: &str = "{\"data\":[{\"id\":\"m\"}]}";
const REFUSED: &str = "{\"error\":{\"message\":\"no\",\"code\":\"invalid_api_key\"}}";

/// Asks a provider with two keys what it serves. Returns what was printed and the keys that were sent.
async fn check(answers: &[Vec<u8>]) -> (Ran, Vec<String>) {
    let server = Server::start(answers.iter().cloned().map(Script::answer)).await;
    let home = Home::new();
    home.file(
        "config/config.toml",
        &format!(
            "[providers.twice]\nkind = \"openai\"\nbase_url = \"{}\"\napi_keys = [\"env:FIRST\", \"env:SECOND\"]\n",
            server.url
        ),
    );
    let mut command = home.command(&["models", "--check"]);
    command.env("FIRST", "key-first-0001").env("SECOND", "key-second-0002");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let sent = server.requests().iter().map(|request| request.header("authorization").unwrap().to_owned()).collect();
    (Ran::of(output), sent)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_key_is_followed_by_the_next_one_and_an_error_of_the_server_is_not() {
    // Each script ends with its answer, and so does its connection: nobody may count on it for another request.
    let over = [("connection", "close")];
    let refused = || json("401 Unauthorized", &over, REFUSED);
    let (first, second) = ("Bearer key-first-0001", "Bearer key-second-0002");

    let (ran, sent) = check(&[refused(), json("200 OK", &over, LIST)]).await;
    assert_eq!(sent, [first, second]);
    assert!(ran.code == Some(0) && ran.err.contains("twice: serves 1 models"), "{ran:?}");

    let (ran, sent) = check(&[refused(), refused()]).await;
    assert_eq!(sent, [first, second]);
    assert!(!ran.err.contains("serves") && ran.err.contains("twice: "), "{ran:?}");

    let (ran, sent) = check(&[json("500 Oops", &over, "{}"), json("200 OK", &over, LIST)]).await;
    assert_eq!(sent, [first]);
    assert!(!ran.err.contains("serves"), "{ran:?}");
}
