//! A key that is named and cannot be had: the run stops and says so, or another key is used and that
//! is said. Nothing is sent without the key that was named.

use std::{fs, os::unix::fs::PermissionsExt, process::Output};

use crate::support::{
    home::Home,
    server::{Script, Server, json},
};

fn answered() -> Script {
    let body = r#"{"choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"stop"}]}"#;
    Script::answer(json("200 OK", &[("connection", "close")], body))
}

struct Asked {
    output: Output,
    /// The keys that were sent.
    sent: Vec<Option<String>>,
}

impl Asked {
    fn code(&self) -> Option<i32> {
        self.output.status.code()
    }

    fn said(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }
}

/// Runs the program on a provider that has these keys and a fallback that has none.
async fn ask(keys: &[String], command: &[&str]) -> Asked {
    let home = Home::new();
    let server = Server::start([answered(), answered(), answered()]).await;
    let listed = keys.iter().map(|key| format!("{key:?}")).collect::<Vec<_>>().join(", ");
    let named = if keys.is_empty() { String::new() } else { format!("api_keys = [{listed}]\n") };
    let url = &server.url;
    let text = format!(
        "[providers.p]\nkind = \"openai\"\nbase_url = \"{url}\"\n{named}[models.m]\nprovider = \"p\"\nmodel = \"m\"\n\
         [providers.q]\nkind = \"openai\"\nbase_url = \"{url}\"\n[models.good]\nprovider = \"q\"\nmodel = \"good\"\n"
    );
    home.file("config/config.toml", &text);
    let prompt = "user = \"{{ input }}\"\nfallback = [\"good\"]\n[response]\nformat = \"text\"\n";
    let prompt = home.file("work/p.toml", prompt).display().to_string();
    let rows = home.file("work/rows.csv", "input\none\n").display().to_string();
    let input = home.file("work/in.txt", "hello").display().to_string();
    let arguments: Vec<&str> = command
        .iter()
        .map(|word| match *word {
            "PROMPT" => prompt.as_str(),
            "ROWS" => rows.as_str(),
            "INPUT" => input.as_str(),
            word => word,
        })
        .collect();
    let output = home.command(&arguments).env("GOOD_KEY", "planted-key-1").output().unwrap();
    let sent = server.requests().iter().map(|request| request.header("authorization").map(str::to_owned)).collect();
    Asked { output, sent }
}

const RUN: &[&str] = &["run", "PROMPT", "-i", "INPUT", "-m", "m"];
const BATCH: &[&str] = &["batch", "PROMPT", "ROWS", "-m", "m"];

/// Sources that hold no key, each with what is said of it.
fn bad(home: &Home) -> Vec<(String, &'static str)> {
    let open = home.file("work/open.key", "planted-key-2\n");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).unwrap();
    let empty = home.file("work/empty.key", "\n");
    fs::set_permissions(&empty, fs::Permissions::from_mode(0o600)).unwrap();
    let missing = home.dir("work").join("missing.key");
    vec![
        (format!("file:{}", missing.display()), "No such file"),
        (format!("file:{}", open.display()), "chmod 600"),
        (format!("file:{}", empty.display()), "it is empty"),
        ("cmd:false".to_owned(), "the command failed"),
        ("cmd:no-such-program-here".to_owned(), "cannot be started"),
        ("env:NOT_SET_ANYWHERE".to_owned(), "NOT_SET_ANYWHERE is not set"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_cannot_be_had_stops_what_was_to_be_asked_with_it() {
    let home = Home::new();
    for (source, why) in bad(&home) {
        for command in [RUN, BATCH] {
            let requests = ask(std::slice::from_ref(&source), command).await;
            let words = requests.said();
            assert_eq!((requests.code(), requests.sent.len()), (Some(1), 0), "{source}: {words}");
            assert!(words.contains(why) && !words.contains("another one is used"), "{source}: {words}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn its_class_is_that_of_a_missing_key() {
    let requests = ask(&["env:NOT_SET_ANYWHERE".to_owned()], &[RUN, &["--json"]].concat()).await;
    let answer = String::from_utf8(requests.output.stdout).unwrap();
    let ended: serde_json::Value = serde_json::from_str(answer.lines().last().unwrap()).unwrap();
    assert_eq!(ended["outcome"]["reasons"][0]["fault"]["class"], "credential", "{answer}");
    assert_eq!(ended["outcome"]["attempts"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_is_used_and_the_one_that_lacks_is_named() {
    let home = Home::new();
    for (source, why) in bad(&home) {
        for command in [RUN, BATCH] {
            let requests = ask(&[source.clone(), "env:GOOD_KEY".to_owned()], command).await;
            let words = requests.said();
            assert_eq!(requests.code(), Some(0), "{source}: {words}");
            assert_eq!(requests.sent, [Some("Bearer planted-key-1".to_owned())], "{source}");
            assert!(words.contains(why) && words.contains("another one is used"), "{source}: {words}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_key_is_named_none_is_needed() {
    for command in [RUN, BATCH] {
        let requests = ask(&[], command).await;
        assert_eq!((requests.code(), requests.sent.clone()), (Some(0), vec![None]), "{}", requests.said());
    }
}
