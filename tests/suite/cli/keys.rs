//! Keys at the command line: they take turns over many runs, and one that rests is named with its reason.

use std::collections::BTreeMap;

use crate::support::{
    home::{Home, Ran},
    server::{Script, Server, event_stream, json},
};

fn answer() -> Script {
    Script::answer(event_stream(
        "data: {\"choices\":[{\"delta\":{\"content\":\"zebra\"}}]}\n\ndata: {\"choices\":[{\"delta\":{},\
         \"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
    ))
}

fn refusal() -> Script {
    Script::answer(json(
        "401 Unauthorized",
        &[("connection", "close")],
        r#"{"error":{"message":"Incorrect API key provided","code":"invalid_api_key"}}"#,
    ))
}

fn home(server: &Server, keys: &str) -> Home {
    let home = Home::new();
    home.file(
        "config/config.toml",
        &format!(
            "[retry]\nattempts = 1\n[providers.own]\nkind = \"openai\"\nbase_url = \"{}/v1\"\napi_keys = [{keys}]\n\
             [models.m]\nprovider = \"own\"\nmodel = \"m\"\n",
            server.url
        ),
    );
    home.file("config/prompts/p.toml", "[response]\nformat = \"text\"\n");
    home.file("work/input.txt", "hello");
    home
}

async fn ran(home: &Home, arguments: &[&str]) -> Ran {
    let mut command = home.command(arguments);
    command.envs([("K1", "sk-one"), ("K2", "sk-two"), ("K3", "sk-three")]);
    tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap())).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nine_runs_with_three_keys_use_each_three_times() {
    let server = Server::start((0..9).map(|_| answer())).await;
    let home = home(&server, "\"env:K1\", \"env:K2\", \"env:K3\"");
    for _ in 0..9 {
        let run = ran(&home, &["run", "p", "-m", "m", "-i", "input.txt", "--no-cache"]).await;
        assert_eq!(run.code, Some(0), "{}", run.err);
    }
    let mut used = BTreeMap::<String, usize>::new();
    for request in server.requests() {
        *used.entry(request.header("authorization").unwrap().to_owned()).or_default() += 1;
    }
    assert_eq!(used.values().copied().collect::<Vec<_>>(), [3, 3, 3], "{used:?}");
    let state = std::fs::read_to_string(home.dir("state").join("keys.json")).unwrap();
    assert!(!state.contains("sk-"), "keys are named by their labels alone: {state}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_rests_is_named_by_the_batch_and_by_doctor() {
    let server = Server::start([refusal()].into_iter().chain((0..20).map(|_| answer()))).await;
    let home = home(&server, "\"env:K1\", \"env:K2\"");
    home.file("work/rows.txt", "one\ntwo\nthree\n");
    let run = ran(&home, &["batch", "p", "rows.txt", "--format", "lines", "-m", "m", "-j", "1", "--no-cache"]).await;
    assert_eq!(run.code, Some(0), "the other key answers: {}", run.err);
    assert!(run.err.contains("key env:K1 of own rests: API key rejected; it is tried again in"), "{}", run.err);
    let doctor = ran(&home, &["doctor"]).await;
    assert!(
        doctor.out.lines().any(|line| line.contains("own: env:K1 rests") && line.contains("API key rejected")),
        "{}",
        doctor.out
    );
    let arguments = ["batch", "p", "rows.txt", "--format", "lines", "-m", "m", "--no-cache", "--new", "--json"];
    let json = ran(&home, &arguments).await;
    assert_eq!(json.lines().last().unwrap()["resting_keys"], serde_json::json!([]), "{}", json.err);
}
