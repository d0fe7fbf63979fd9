//! A better prompt, looked for and shown, at the command line.

use std::{fs, process::Stdio};

use serde_json::{Value, json};

use crate::support::{
    home::{Home, PROGRAM, Ran},
    pty::Pty,
    server::{Request, Script, Server, json as reply},
};

/// A prompt that the demonstration answers poorly in a quarter of the rows, unless it is told to read twice.
const SENTIMENT: &str = r#"# what a customer feels
system = """Label the message. Answer as a JSON object with the field
"sentiment" (positive, neutral or negative)."""
user = "{{ input }}"
targets = ["demo:weak"]

[response]
format = "schema"
schema = { type = "object", required = ["sentiment"], properties = { sentiment = { type = "string", enum = ["positive", "neutral", "negative"] } } }
"#;

fn rows(count: usize) -> String {
    let row = |at: usize| match at % 3 {
        0 => format!(
            "Thank you for order {at} which is great and I am happy with it.,\"{{\"\"sentiment\"\":\"\"positive\"\"}}\"\n"
        ),
        1 => format!(
            "Order {at} never came and I am very angry and disappointed.,\"{{\"\"sentiment\"\":\"\"negative\"\"}}\"\n"
        ),
        _ => format!("The manual of order {at} has forty pages.,\"{{\"\"sentiment\"\":\"\"neutral\"\"}}\"\n"),
    };
    format!("input,expected\n{}", (0..count).map(row).collect::<String>())
}

fn home(count: usize) -> Home {
    let home = Home::new();
    home.file("config/config.toml", "[retry]\nattempts = 2\nmin_wait = \"10ms\"\n");
    home.file("work/retort.toml", "");
    home.file("work/prompts/mood.toml", SENTIMENT);
    home.file("work/rows.csv", &rows(count));
    home
}

fn improve(home: &Home, more: &[&str]) -> Ran {
    home.run(&[&["improve", "mood", "rows.csv", "--by", "demo", "-j", "16"], more].concat())
}

fn last(ran: &Ran) -> Value {
    ran.lines().pop().unwrap_or_else(|| panic!("{}", ran.err))
}

/// The calls on record.
fn runs(home: &Home) -> usize {
    // One that a limit cut off between two of its calls is asked again.
    home.run(&["history", "end:done", "--json", "-n", "10000"]).lines().len()
}

#[test]
fn a_model_that_edits_without_a_key_is_refused_before_anything_is_asked() {
    let home = home(80);
    let ran = home.run(&["improve", "mood", "rows.csv", "--by", "gpt-4o-mini"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.ends_with("retort: gpt-4o-mini: API key missing: set OPENAI_API_KEY\n"), "{}", ran.err);
    assert_eq!(runs(&home), 0);
}

#[test]
fn an_edit_that_helps_is_found_shown_and_written_only_on_a_yes() {
    let home = home(200);
    let before = fs::read_to_string(home.dir("work").join("prompts/mood.toml")).unwrap();
    let plan = improve(&home, &["--dry-run"]);
    assert_eq!(plan.code, Some(0), "{}", plan.err);
    assert!(
        plan.out.contains("held out by their hash (a share of 50") && plan.out.contains("in 8 of 10 cases"),
        "{}",
        plan.out
    );
    assert_eq!(runs(&home), 0, "nothing was asked");

    let ran = improve(&home, &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.out.contains("-3 is better on") && ran.out.contains(" held-out rows: "), "{}\n{}", ran.out, ran.err);
    assert!(ran.out.contains("+Label the message. Read the text twice before you answer."), "{}", ran.out);
    assert!(ran.err.contains("nothing is written; the same command with --accept"), "{}", ran.err);
    assert_eq!(fs::read_to_string(home.dir("work").join("prompts/mood.toml")).unwrap(), before);

    let asked = runs(&home);
    let accepted = improve(&home, &["--accept", "--json"]);
    let line = last(&accepted);
    assert_eq!(
        (&line["conclusion"], &line["shown"], &line["written"]),
        (&json!("tested"), &json!("better"), &json!(true))
    );
    assert_eq!((&line["look"], &line["spent"]["asked"]), (&json!(1), &json!(0)), "the same is no second look: {line}");
    assert_eq!(runs(&home), asked, "and nothing is asked twice");
    let after = fs::read_to_string(home.dir("work").join("prompts/mood.toml")).unwrap();
    assert!(after.starts_with("# what a customer feels\n") && after.contains("Read the text twice"), "{after}");

    let versions = home.run(&["prompts", "versions", "mood"]);
    assert!(versions.out.matches(" improve-").count() >= 6, "each candidate is a version: {}", versions.out);
    let batches = home.run(&["history", "batch:0", "--json"]);
    assert_eq!(batches.code, Some(0), "{}", batches.err);
}

#[test]
fn a_prompt_that_cannot_get_better_ends_in_a_verdict_too_and_each_look_counts() {
    let home = home(120);
    // Nothing that is proposed helps this one: its wrong answers are wanted.
    let text = SENTIMENT.replace("Label the message.", "Label the message, and think twice.");
    home.file("work/prompts/mood.toml", &text);
    home.file("work/rows.csv", &rows(120).replace("\"\"negative\"\"", "\"\"neutral\"\""));
    let ran = improve(&home, &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.out.starts_with("no difference shown"), "{}", ran.out);
    assert!(ran.out.contains("dropped on tune rows") || ran.out.contains("held-out"), "{}", ran.out);
    assert_eq!(fs::read_to_string(home.dir("work").join("prompts/mood.toml")).unwrap(), text);

    // Another experiment that looks at the same rows.
    let home = self::home(200);
    assert_eq!(last(&improve(&home, &["--json"]))["look"], 1);
    let again = improve(&home, &["--json", "--new"]);
    let line = last(&again);
    assert_eq!(line["look"], 2, "{line}");
    assert!(line["words"].as_str().unwrap().contains("2nd look at these rows: p times 2"), "{line}");
}

#[test]
fn too_few_rows_and_rows_without_a_check_are_refused_before_a_call() {
    let home = home(24);
    let ran = improve(&home, &[]);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(ran.err.contains("of 24 rows ") && ran.err.contains("a verdict needs 20"), "{}", ran.err);
    let nowhere = home.run(&["improve", "mood", "nowhere.csv"]);
    assert!(nowhere.code == Some(2) && nowhere.err.contains("there is no data set"), "{}", nowhere.err);
    let by = home.run(&["improve", "mood", "rows.csv", "--by", "nobody"]);
    assert!(by.code == Some(2) && by.err.contains("--by"), "{}", by.err);
    assert_eq!(runs(&home), 0);
}

/// What a proposer of the scripted server answers.
fn proposed(edits: &Value) -> Script {
    let content = edits.to_string();
    let body = json!({"choices": [{"message": {"role": "assistant", "content": content}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 50}});
    Script::answer(reply("200 OK", &[("connection", "close")], &body.to_string()))
}

fn with_proposer(home: &Home, server: &Server) {
    home.file(
        "config/config.toml",
        &format!(
            "[retry]\nattempts = 2\nmin_wait = \"10ms\"\n[providers.own]\nkind = \"openai\"\nbase_url = \"{}/v1\"\n\
             [models.clever]\nprovider = \"own\"\nmodel = \"clever\"\nstream = false\ninput_price = 1\noutput_price = 2\n\
             [models.dear]\nprovider = \"own\"\nmodel = \"dear\"\n",
            server.url
        ),
    );
}

async fn aside(home: &Home, more: &[&str]) -> Ran {
    let mut command = home.command(&[&["improve", "mood", "rows.csv", "--by", "clever", "--json"], more].concat());
    tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap())).await.unwrap()
}

fn edit(message: u64, find: &str, replace: &str) -> Value {
    json!({"reason": "because\u{1b}[31m", "message": message, "find": find, "replace": replace})
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_proposals_are_named_counted_and_never_tried() {
    let copied = "Label the message. Order 1 never came and I am very angry and disappointed";
    let bad = json!({"edits": [
        edit(2, "{{ input }}", "the text"),
        edit(1, "e", "E"),
        edit(1, "Label the message", copied),
        edit(1, "Label the message", &"and again, and again ".repeat(100)),
        edit(1, "Label the message", "Label \u{1b}]0;title\u{7} it"),
        edit(7, "Label the message", "Label it"),
    ]});
    let server = Server::start(
        [proposed(&bad), proposed(&json!({"edits": "none"}))]
            .into_iter()
            .chain((0..10).map(|_| proposed(&json!("not even an object")))),
    )
    .await;
    let home = home(120);
    with_proposer(&home, &server);
    let ran = aside(&home, &[]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let line = last(&ran);
    assert_eq!(line["conclusion"], "no_candidate", "{line}");
    let rejected: Vec<&str> =
        line["rejected"].as_array().unwrap().iter().map(|one| one["why"].as_str().unwrap()).collect();
    for why in [
        "loses or adds a variable or tag",
        "its text is not there exactly once",
        "copies a row",
        "too long",
        "control characters",
        "no such message",
    ] {
        assert!(rejected.contains(&why), "{why}: {line}");
    }
    assert!(!ran.err.contains('\u{1b}') && !ran.out.contains('\u{1b}'), "{}", ran.err);
    let told: Vec<Value> = server.requests().iter().map(Request::json).collect();
    let material = told[0]["messages"][1]["content"].as_str().unwrap();
    let material: Value = serde_json::from_str(material).unwrap();
    assert!(!material["failures"].as_array().unwrap().is_empty(), "{material}");
    assert!(material["failures"][0]["why"][0].as_str().unwrap().contains("sentiment"), "{material}");
    assert!(told[1].to_string().contains("rejected: "), "the second call is told what became of the first");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_at_all_is_an_error_and_no_verdict() {
    let server = Server::start((0..10).map(|_| proposed(&json!("nothing that is an object")))).await;
    let home = home(120);
    with_proposer(&home, &server);
    let ran = aside(&home, &[]).await;
    assert_ne!(ran.code, Some(0), "{}", ran.out);
    assert!(!ran.out.contains("\"improved\""), "{}", ran.out);
}

/// Wants one edit.
async fn limited(home: &Home, more: &[&str]) -> Ran {
    aside(home, &[&["--candidates", "1"], more].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_goes_past_a_limit_and_the_same_command_goes_on() {
    let good = json!({"edits": [edit(1, "Label the message.", "Label the message. Read it twice.")]});
    let server = Server::start((0..4).map(|_| proposed(&good))).await;
    let home = home(120);
    with_proposer(&home, &server);
    let ran = limited(&home, &["--max-calls", "40"]).await;
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.err.contains("of 40 are left") && ran.err.contains("with a higher limit goes on"), "{}", ran.err);
    // The demonstration's one 429 is a call, and a run of two.
    assert!((30..=40).contains(&runs(&home)), "{} runs", runs(&home));
    assert!(server.requests().is_empty(), "the proposer's turn had not come");
    // What was asked before counts: of 100 calls those of the first command are taken.
    let ran = limited(&home, &["--max-calls", "70"]).await;
    assert_eq!((ran.code, server.requests().len()), (Some(1), 1), "{}", ran.err);
    assert!((60..=70).contains(&runs(&home)), "{} runs", runs(&home));
    let ran = limited(&home, &[]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let line = last(&ran);
    assert_eq!(line["candidates"].as_array().unwrap().len(), 1, "{line}");
    assert_eq!(runs(&home) as u64, line["spent"]["cells"].as_u64().unwrap(), "no cell was asked twice: {line}");

    let poor = aside(&home, &["--new", "--max-cost", "0.0001"]).await;
    assert_eq!(poor.code, Some(1), "the proposer's call would cost more: {} {}", poor.out, poor.err);
    assert!(poor.err.contains("the next call to clever may cost up to"), "{}", poor.err);
    let unknown = home.run(&["improve", "mood", "rows.csv", "--by", "dear", "--max-cost", "1"]);
    assert!(
        unknown.code == Some(2) && unknown.err.contains("`dear`") && unknown.err.contains("--max-tokens"),
        "{}",
        unknown.err
    );
    let late = aside(&home, &["--new", "--max-time", "0.001s"]).await;
    assert!(late.code == Some(1) && late.err.contains("on time"), "{} {}", late.out, late.err);
}

#[test]
fn one_that_was_killed_goes_on_where_it_was() {
    let home = home(120);
    let mut command = home.command(&["improve", "mood", "rows.csv", "--by", "demo", "--json"]);
    command.env("RETORT_DEMO_SPEED", "5").stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    while runs(&home) < 5 {
        assert!(child.try_wait().unwrap().is_none(), "it has not ended yet");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let ran = improve(&home, &["--json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(ran.lines()[0]["resumed"], true, "{}", ran.out);
    let line = last(&ran);
    let (cells, asked) = (line["spent"]["cells"].as_u64().unwrap(), line["spent"]["asked"].as_u64().unwrap());
    assert!(asked + 5 <= cells, "what was answered is not asked again: {line}");
}

#[test]
fn at_a_terminal_a_yes_writes_the_winner_and_a_no_does_not() {
    let home = home(200);
    let file = home.dir("work").join("prompts/mood.toml");
    let before = fs::read_to_string(&file).unwrap();
    // What is asked is on record by then: the same command ends at once.
    assert_eq!(improve(&home, &[]).code, Some(0));
    let command = [PROGRAM, "improve", "mood", "rows.csv", "--by", "demo", "-j", "16"];
    for (answer, is_written) in [("n\n", false), ("y\n", true)] {
        let mut pty = Pty::start(&home, &command, &[], 120, 40);
        pty.wait_for("to the prompt's file? [y/N]");
        pty.send(answer);
        assert!(pty.wait_for_exit().success(), "{}", pty.text());
        let after = fs::read_to_string(&file).unwrap();
        assert_eq!(after.contains("Read the text twice"), is_written, "{answer}: {after}");
        assert_eq!(after == before, !is_written);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_found_fault_with_is_told_to_the_proposer() {
    let server = Server::start((0..10).map(|_| proposed(&json!("nothing that is an object")))).await;
    let home = home(120);
    with_proposer(&home, &server);
    // An answer to a text that is in no row, and one to a text that is held out.
    for (text, comment) in [("My lamp hums at night.", "it is angry"), ("Where is order 9999?", "it asks")] {
        let mut command = home.command(&["run", "mood", "-m", "demo", "--no-cache", "--json", "-i", "graded.txt"]);
        home.file("work/graded.txt", text);
        let ran = tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap())).await.unwrap();
        let run = last(&ran)["outcome"]["run"].as_str().unwrap().to_owned();
        let graded = home.run(&["history", "grade", &run, "--down", "--comment", comment]);
        assert_eq!(graded.code, Some(0), "{}", graded.err);
    }
    aside(&home, &[]).await;
    let told = server.requests().first().map(Request::json).expect("the proposer was asked");
    let material = told["messages"][1]["content"].as_str().unwrap();
    // Half of 120 rows are held out: a graded answer to one of that half would tell of them.
    let held_out = |text: &str| retort::eval::split::is_held_out(&retort::model::Input::of(text), 0.5);
    for (text, comment) in [("My lamp hums at night.", "it is angry"), ("Where is order 9999?", "it asks")] {
        assert_eq!(material.contains(comment), !held_out(text), "{text}: {material}");
    }
}
