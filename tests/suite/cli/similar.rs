//! Likeness by embeddings, asked of a server as OpenAI and llama.cpp have it and as Ollama has it.

use crate::support::{
    home::{Home, Ran},
    server::{Script, Server, event_stream, json},
};

async fn ran(home: &Home, arguments: &[&str]) -> Ran {
    let mut command = home.command(arguments);
    tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap())).await.unwrap()
}

fn verdict(ran: &Ran) -> serde_json::Value {
    let cell = ran.lines().into_iter().find(|line| line["event"] == "cell").unwrap_or_else(|| panic!("{}", ran.err));
    cell["verdicts"].as_array().unwrap().last().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_are_embedded_on_both_wires_once_and_kept() {
    for (kind, base, path, body) in [
        (
            "openai",
            "/v1",
            "/v1/embeddings",
            r#"{"object":"list","data":[{"embedding":[0.6,0.8],"index":0}],"model":"e","usage":{"prompt_tokens":3,"total_tokens":3}}"#,
        ),
        ("ollama", "", "/api/embed", r#"{"model":"e","embeddings":[[0.6,0.8]],"prompt_eval_count":3}"#),
    ] {
        let server = Server::start((0..4).map(|_| Script::answer(json("200 OK", &[], body)))).await;
        let home = Home::new();
        home.file(
            "config/config.toml",
            &format!("[providers.own]\nkind = \"{kind}\"\nbase_url = \"{}{base}\"\n", server.url),
        );
        home.file(
            "config/prompts/reply.toml",
            "user = \"{{ input }}\"\n[response]\nformat = \"text\"\n[[check]]\ntype = \"similar\"\nvalue = \"{{ expected }}\"\njudge = \"own/e\"\n",
        );
        home.file("work/rows.csv", "input,expected\nHello,Good day\n");
        let first = ran(&home, &["batch", "reply", "rows.csv", "-m", "demo", "--json"]).await;
        let found = verdict(&first);
        assert_eq!(found["status"], "passed", "{kind}: {found} {}", first.err);
        assert_eq!(
            (found["reason"].as_str(), found["judge"].as_str()),
            (Some("cosine 1.00 ≥ threshold 0.75"), Some("own/e"))
        );
        let requests = server.requests();
        let asked: Vec<_> = requests.iter().map(|request| (request.path.clone(), request.json())).collect();
        assert!(
            asked.iter().all(|(to, body)| to == path && body["model"] == "e" && body.get("messages").is_none()),
            "{asked:?}"
        );
        assert!(asked.iter().any(|(_, body)| body["input"] == "Good day"), "{asked:?}");
        assert_eq!(asked.len(), 2, "the answer and the text");
        let again = ran(&home, &["batch", "reply", "rows.csv", "-m", "demo", "--json", "--new"]).await;
        assert_eq!((verdict(&again)["status"].as_str(), server.requests().len()), (Some("passed"), 2), "{}", again.err);
        let history = ran(&home, &["history", "--json"]).await;
        assert!(history.out.contains("embedding"), "each is a run on record: {}", history.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_embedding_is_never_a_pass() {
    let server = Server::start((0..8).map(|_| {
        Script::answer(event_stream(
            "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
        ))
    }))
    .await;
    let home = Home::new();
    home.file("config/config.toml", &format!("[providers.own]\nkind = \"openai\"\nbase_url = \"{}/v1\"\n", server.url));
    for (judge, part) in [("own/e", "the model's answer is no embedding"), ("demo", "has no embedding"), ("none/e", "")]
    {
        home.file(
            "config/prompts/reply.toml",
            &format!("user = \"{{{{ input }}}}\"\n[response]\nformat = \"text\"\n[[check]]\ntype = \"not-similar\"\nvalue = \"x\"\njudge = \"{judge}\"\n"),
        );
        home.file("work/rows.csv", "input\nHello\n");
        let ran = ran(&home, &["batch", "reply", "rows.csv", "-m", "demo", "--json"]).await;
        if part.is_empty() {
            assert_eq!(ran.code, Some(2), "a model that is not set up stops it before: {}", ran.err);
            continue;
        }
        let found = verdict(&ran);
        assert_eq!(
            (found["status"].as_str(), ran.code),
            (Some("inconclusive"), Some(100)),
            "{judge}: {found} {}",
            ran.err
        );
        assert!(found["reason"].as_str().unwrap().contains(part), "{found}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_moderated_by_the_service_of_the_check_and_the_run_is_no_answer() {
    let flagged = r#"{"id":"m-1","model":"omni","results":[{"flagged":true,"categories":{"hate":true,"violence":false},"category_scores":{"hate":0.9,"violence":0.1}}]}"#;
    let nowhere = r#"{"error":{"message":"no such endpoint","type":"invalid_request_error"}}"#;
    for (status, body, check, mark, part) in [
        ("200 OK", flagged, "", "failed", "flagged: hate 0.90"),
        ("200 OK", flagged, "value = [\"violence\"]", "passed", "nothing is flagged, the highest score 0.10"),
        ("200 OK", flagged, "value = [\"S10\"]", "inconclusive", "no category"),
        ("404 Not Found", nowhere, "", "inconclusive", "did not answer"),
    ] {
        let server = Server::start((0..4).map(|_| Script::answer(json(status, &[], body)))).await;
        let home = Home::new();
        home.file(
            "config/config.toml",
            &format!("[providers.own]\nkind = \"openai\"\nbase_url = \"{}/v1\"\n", server.url),
        );
        home.file(
            "config/prompts/reply.toml",
            &format!("user = \"{{{{ input }}}}\"\n[response]\nformat = \"text\"\n[[check]]\ntype = \"moderation\"\njudge = \"own/omni\"\n{check}\n"),
        );
        home.file("work/rows.csv", "input\nHello\n");
        let run = ran(&home, &["batch", "reply", "rows.csv", "-m", "demo", "--json"]).await;
        let found = verdict(&run);
        assert_eq!(found["status"], mark, "{found} {}", run.err);
        assert!(found["reason"].as_str().unwrap().contains(part), "{found}");
        let requests = server.requests();
        assert!(requests.iter().all(|request| request.path == "/v1/moderations"), "{requests:?}");
        let sent = requests[0].json();
        assert!(sent["model"] == "omni" && sent["input"].is_string() && sent.get("messages").is_none(), "{sent}");
        let answers = ran(&home, &["history", "--json", "name:reply"]).await;
        assert!(!answers.out.contains("omni"), "a run of the service is no answer: {}", answers.out);
    }
}
