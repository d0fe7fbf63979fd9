//! Fallback at the command line: an answer of no use and a refusal lead to the next model, and the reasons are told.

use crate::support::{
    home::{Home, Ran},
    server::{Script, Server, event_stream, json},
};

fn says(text: &str) -> Script {
    let text = serde_json::to_string(text).unwrap();
    Script::answer(event_stream(format!(
        "data: {{\"choices\":[{{\"delta\":{{\"content\":{text}}}}}]}}\n\ndata: {{\"choices\":[{{\"delta\":{{}},\
         \"finish_reason\":\"stop\"}}]}}\n\ndata: [DONE]\n\n"
    )))
}

fn refuses(status: &str, code: &str) -> Script {
    let body = format!("{{\"error\":{{\"message\":\"We will not do that\",\"code\":\"{code}\"}}}}");
    Script::answer(json(status, &[("connection", "close")], &body))
}

/// Runs the prompt where the first model and the one to fall back on answer by these scripts.
async fn run(first: Script, second: Script, arguments: &[&str]) -> (Home, Ran) {
    let (one, other) = (Server::start([first]).await, Server::start([second]).await);
    let home = Home::new();
    let provider = |name: &str, server: &Server| {
        format!(
            "[providers.{name}]\nkind = \"openai\"\nbase_url = \"{}/v1\"\n[models.m-{name}]\nprovider = \"{name}\"\nmodel = \
             \"{name}\"\n",
            server.url
        )
    };
    let settings = format!("[retry]\nattempts = 1\n{}{}", provider("a", &one), provider("b", &other));
    home.file("config/config.toml", &settings);
    home.file(
        "config/prompts/p.toml",
        "system = \"Answer in JSON.\"\nuser = \"{{ input }}\"\nfallback = [\"m-b\"]\n[response]\nrequired = [\"mood\"]\n",
    );
    home.file("work/in.txt", "hello");
    let mut command = home.command(&[&["run", "p", "-m", "m-a", "-i", "in.txt"], arguments].concat());
    let ran = tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap())).await.unwrap();
    (home, ran)
}

const GOOD: &str = "{\"mood\":\"well\"}";

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_no_use_and_a_refusal_lead_to_the_next_model() {
    for (first, class) in [
        (says("I am well, thank you."), "bad output"),
        (says("{\"feeling\":\"well\"}"), "bad output"),
        (refuses("400 Bad Request", "invalid_request_error"), "request refused"),
        (refuses("400 Bad Request", "content_policy_violation"), "content policy"),
    ] {
        let (home, ran) = run(first, says(GOOD), &[]).await;
        assert_eq!((ran.code, ran.out.as_str()), (Some(0), GOOD), "{class}: {}", ran.err);
        assert!(ran.err.contains(&format!("m-a: {class}: ")) && ran.err.contains("falling back to m-b"), "{}", ran.err);
        assert!(ran.err.contains("answered by m-b in place of m-a"), "{}", ran.err);
        let id = home.run(&["history", "--json"]).lines()[0]["run"].as_str().unwrap().to_owned();
        let shown = home.run(&["show", &id]);
        assert!(shown.out.contains(&format!("given up   m-a: {class}: ")), "{}", shown.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_model_does_better_the_first_answer_is_shown_with_every_reason_and_is_not_green() {
    let (_, ran) = run(says("Well."), says("Fine."), &["--json"]).await;
    assert_eq!(ran.code, Some(100), "{}", ran.err);
    let outcome = ran.lines().pop().unwrap()["outcome"].take();
    assert_eq!((outcome["end"].as_str(), outcome["text"].as_str()), (Some("done"), Some("Well.")));
    let given_up = outcome["given_up"].as_array().unwrap();
    let targets: Vec<_> = given_up.iter().map(|reason| reason["target"].as_str().unwrap()).collect();
    assert_eq!(targets, ["m-a", "m-b"], "{outcome}");
    assert!(given_up.iter().all(|reason| reason["fault"]["class"] == "bad_output"), "{outcome}");
    let (_, ran) = run(says("Well."), refuses("500 Internal Server Error", "server_error"), &[]).await;
    assert_eq!((ran.code, ran.out.as_str()), (Some(100), "Well."), "{}", ran.err);
    assert!(ran.err.contains("m-a: bad output") && ran.err.contains("m-b: "), "both reasons are told: {}", ran.err);
    assert!(ran.err.contains("no target did better than m-a") && ran.err.contains("FAIL format"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_of_ones_own_asks_nobody() {
    let server = Server::start([says(GOOD)]).await;
    let home = Home::new();
    home.file(
        "config/prompts/p.toml",
        "user = \"{{ input }}\"\n[response]\nformat = \"schema\"\nschema = { type = 7 }\n",
    );
    home.file("work/in.txt", "hello");
    let mut command = home.command(&["run", "p", "-m", "gpt-4o-mini", "-i", "in.txt"]);
    command.env("OPENAI_API_KEY", "k").env("OPENAI_BASE_URL", format!("{}/v1", server.url));
    let ran = tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap())).await.unwrap();
    assert!(ran.code == Some(1) || ran.code == Some(2), "{}", ran.err);
    assert!(server.requests().is_empty(), "{}", ran.err);
}
