//! Runs played again: the same answer from the record, and what comes of faults, without anybody being asked.

use std::{
    io::{BufRead as _, BufReader},
    process::Command,
};

use serde_json::Value;

use crate::support::{
    home::{Home, Ran},
    server::{Gate, Script, Server, Step, chunk, last_chunk, stream_head},
};

const ANSWER: &str = "Your parcel is on its way. It comes tomorrow.";

const PIECES: [&str; 3] = ["Your parcel ", "is on its way. ", "It comes tomorrow."];

/// An answer in pieces, each of which waits until the one before it was seen.
fn says(gate: &Gate) -> Script {
    let piece = |text: &str| {
        let text = serde_json::to_string(text).unwrap();
        chunk(format!("data: {{\"choices\":[{{\"delta\":{{\"content\":{text}}}}}]}}\n\n"))
    };
    let head = Script::default().then(Step::Expect).send(stream_head()).send(piece(PIECES[0]));
    let rest = PIECES[1..].iter().fold(head, |script, text| script.then(Step::Wait(gate.clone())).send(piece(text)));
    let end = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    rest.then(Step::Wait(gate.clone())).send(chunk(end)).send(last_chunk())
}

/// Runs the program, and opens the gate at each piece that it prints.
fn watched(mut command: Command, gate: &Gate) -> Vec<Value> {
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(|line| {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        if line["event"] == "delta" {
            gate.open();
        }
        line
    });
    let lines = lines.collect();
    assert!(child.wait().unwrap().success());
    lines
}

/// A home with a run on record that a server answered once, and no more.
async fn recorded() -> (Home, String, Server) {
    let gate = Gate::default();
    let server = Server::start([says(&gate)]).await;
    let home = Home::new();
    let models: String =
        ["one", "two"].map(|name| format!("[models.{name}]\nprovider = \"local\"\nmodel = \"{name}\"\n")).concat();
    home.file(
        "config/config.toml",
        &format!(
            "[retry]\nattempts = 2\nmin_wait = \"10ms\"\nmax_wait = \"20ms\"\n\n[providers.local]\nkind = \"openai\"\n\
             base_url = \"{}/v1\"\n\n{models}",
            server.url
        ),
    );
    home.file(
        "config/prompts/reply.toml",
        "system = \"Answer.\"\nuser = \"{{ input }}\"\ntargets = [\"one\"]\nfallback = [\"two\"]\n\n[[check]]\n\
         type = \"contains\"\nvalue = \"tomorrow\"\n",
    );
    home.file("work/in.txt", "Where is {{ it }}?");
    let command = home.command(&["run", "reply", "-i", "in.txt", "--json", "--live"]);
    let lines = tokio::task::spawn_blocking(move || watched(command, &gate)).await.unwrap();
    let end = lines.last().unwrap();
    assert_eq!(end["outcome"]["text"], ANSWER);
    (home, end["outcome"]["run"].as_str().unwrap().to_owned(), server)
}

async fn run(home: &Home, arguments: &[&str]) -> Ran {
    let mut command = home.command(arguments);
    tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap())).await.unwrap()
}

fn classes(lines: &[Value]) -> Vec<&str> {
    let failed = lines.iter().filter(|line| line["event"] == "attempt_failed");
    failed.map(|line| line["fault"]["class"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_played_again_from_the_record_with_its_checks_and_nobody_is_asked() {
    let (home, id, server) = recorded().await;
    let asked = server.requests().len();
    let played = run(&home, &["replay", &id, "--speed", "max"]).await;
    assert_eq!((played.code, played.out.trim_end()), (Some(0), ANSWER), "{}", played.err);
    let lines = run(&home, &["replay", &id, "--speed", "20", "--json", "--live"]).await.lines();
    let pieces: Vec<&str> =
        lines.iter().filter(|line| line["event"] == "delta").map(|line| line["text"].as_str().unwrap()).collect();
    assert_eq!(pieces, PIECES, "in the pieces in which it came");
    let verdicts = lines.last().unwrap()["outcome"]["quality"]["verdicts"].as_array().unwrap();
    let contains = verdicts.iter().find(|verdict| verdict["rule"]["check"] == "contains").unwrap();
    assert_eq!(contains["status"], "passed");
    assert_eq!(server.requests().len(), asked, "the server was asked");
    let runs = run(&home, &["history", "--json"]).await.lines().len();
    assert_eq!(runs, 1, "a replay is not on record");
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_lead_to_retries_to_the_fallback_and_to_a_failure() {
    let (home, id, _server) = recorded().await;
    let retried = run(&home, &["replay", &id, "--speed", "max", "--fault", "429", "--json"]).await.lines();
    assert_eq!(classes(&retried), ["rate_limited"]);
    let end = &retried.last().unwrap()["outcome"];
    assert_eq!((&end["text"], &end["target"]), (&Value::from(ANSWER), &Value::from("one")));

    let faults = ["--fault", "503", "--fault", "cut"];
    let fell = run(&home, &[&["replay", &id, "--speed", "max", "--json"], &faults[..]].concat()).await.lines();
    assert_eq!(classes(&fell)[0], "overloaded");
    let end = &fell.last().unwrap()["outcome"];
    assert_eq!(
        (&end["text"], &end["target"]),
        (&Value::from(ANSWER), &Value::from("two")),
        "the fallback has answered"
    );

    let down = run(&home, &["replay", &id, "--speed", "max", "--fault", "down"]).await;
    assert!(down.code == Some(1) && down.err.contains("as --fault has it"), "{:?} {}", down.code, down.err);
    let cut = run(&home, &["replay", &id, "--speed", "max", "--fault", "cut", "--live", "--json"]).await.lines();
    assert_eq!(cut.last().unwrap()["outcome"]["text"], "Your parcel is on its way. ", "what was shown stays");

    let wrong = run(&home, &["replay", &id, "--fault", "flood"]).await;
    assert!(wrong.code == Some(2) && wrong.err.contains("429, 503, cut, slow, down"), "{}", wrong.err);
    let wrong = run(&home, &["replay", &id, "--speed", "0"]).await;
    assert!(wrong.code == Some(2) && wrong.err.contains("from 0.01 to 1000, or max"), "{}", wrong.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_is_written_and_played_and_judged_by_todays_checks() {
    let (home, id, _server) = recorded().await;
    let written = run(&home, &["replay", &id, "--write", "parcel.jsonl"]).await;
    assert_eq!(written.code, Some(0), "{}", written.err);
    let again = run(&home, &["replay", &id, "--write", "parcel.jsonl"]).await;
    assert!(again.code == Some(2) && again.err.contains("cannot write"), "a file is not written over: {}", again.err);
    let text = std::fs::read_to_string(home.dir("work").join("parcel.jsonl")).unwrap();
    let events: Vec<String> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["event"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(events.first().map(String::as_str), Some("prepared"));
    assert_eq!(events.iter().filter(|event| *event == "delta").count(), 3, "{events:?}");
    assert_eq!(events.last().map(String::as_str), Some("ended"));

    let played = run(&home, &["replay", "parcel.jsonl", "--speed", "max"]).await;
    assert_eq!((played.code, played.out.trim_end()), (Some(0), ANSWER), "{}", played.err);
    home.file("config/prompts/strict.toml", "system = \"x\"\n\n[[check]]\ntype = \"contains\"\nvalue = \"today\"\n");
    let judged = run(&home, &["replay", "parcel.jsonl", "--speed", "max", "--checks", "strict"]).await;
    assert_eq!(judged.code, Some(100), "{}", judged.err);

    for (file, text, says) in [
        ("none.jsonl", "{\"at\":{\"secs\":0,\"nanos\":0},\"event\":\"attempt\"}\n", "line 1 is none of a recording"),
        ("open.jsonl", "", "has no end"),
    ] {
        home.file(&format!("work/{file}"), text);
        let ran = run(&home, &["replay", file]).await;
        assert!(ran.code == Some(2) && ran.err.contains(says), "{file}: {}", ran.err);
    }
    let missing = run(&home, &["replay", "gone.jsonl"]).await;
    assert!(missing.code == Some(2) && missing.err.contains("there is no file"), "{}", missing.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn recordings_in_a_folder_are_a_model_that_answers_what_was_recorded_and_nothing_else() {
    let (home, id, server) = recorded().await;
    let written = run(&home, &["replay", &id, "--write", "parcel.jsonl"]).await;
    assert_eq!(written.code, Some(0), "{}", written.err);
    let text = std::fs::read_to_string(home.dir("work").join("parcel.jsonl")).unwrap();
    home.file("config/fixtures/parcel.jsonl", &text);
    let settings = std::fs::read_to_string(home.dir("config").join("config.toml")).unwrap();
    let model = "[providers.recorded]\nkind = \"demo\"\nrecordings = \"fixtures\"\n\n[models.fixture]\nprovider = \"recorded\"\nmodel = \"demo\"\n";
    home.file("config/config.toml", &format!("{settings}{model}"));
    let asked = server.requests().len();
    let played = run(&home, &["run", "reply", "-i", "in.txt", "-m", "fixture", "--json"]).await;
    assert_eq!(played.code, Some(0), "{}", played.err);
    let lines = played.lines();
    let end = &lines.last().unwrap()["outcome"];
    assert_eq!((&end["text"], &end["target"]), (&Value::from(ANSWER), &Value::from("fixture")));
    home.file("work/other.txt", "Who are you?");
    let other = run(&home, &["run", "reply", "-i", "other.txt", "-m", "fixture"]).await;
    assert!(
        other.code == Some(1) && other.err.contains("no recording in `fixtures` answers"),
        "{:?} {}",
        other.code,
        other.err
    );
    assert_eq!(server.requests().len(), asked, "the server was asked");
    home.file("config/config.toml", &format!("{settings}{}", model.replace("\"fixtures\"", "\"nowhere\"")));
    let nowhere = run(&home, &["run", "reply", "-i", "in.txt", "-m", "fixture"]).await;
    assert!(nowhere.code == Some(1) && nowhere.err.contains("cannot be read"), "{}", nowhere.err);
    home.file("config/config.toml", &format!("{settings}{}", model.replace("\"demo\"\nrec", "\"openai\"\nrec")));
    let wrong = run(&home, &["run", "reply", "-i", "in.txt"]).await;
    assert!(wrong.code == Some(1) && wrong.err.contains("alone"), "{:?} {}", wrong.code, wrong.err);
}
