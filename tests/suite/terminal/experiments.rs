//! An improvement of a prompt in the workbench, on the demonstration's models, from its form to the file that is written.

use std::{fs, time::Duration};

use serde_json::{Value, json};

use super::{ESC, F5};
use crate::support::{
    home::{Home, PROGRAM, Ran},
    pty::Pty,
};

const DOWN: &str = "\x1b[B";
const CTRL_P: &str = "\x10";

/// A prompt that `demo:weak` answers poorly in a quarter of the rows, unless it is told to read twice.
const MOOD: &str = r#"# what a customer feels
system = """Label the message. Answer as a JSON object with the field
"sentiment" (positive, neutral or negative)."""
user = "{{ input }}"
targets = ["demo:weak"]

[response]
format = "schema"
schema = { type = "object", required = ["sentiment"], properties = { sentiment = { type = "string", enum = ["positive", "neutral", "negative"] } } }
"#;

/// A home with a batch of the prompt on record.
fn home(rows: usize) -> Home {
    let home = Home::new();
    let row = |at: usize| match at % 3 {
        0 => format!("Order {at} is great and I am happy with it.,\"{{\"\"sentiment\"\":\"\"positive\"\"}}\"\n"),
        1 => format!("Order {at} never came and I am very angry.,\"{{\"\"sentiment\"\":\"\"negative\"\"}}\"\n"),
        _ => format!("The manual of order {at} has forty pages.,\"{{\"\"sentiment\"\":\"\"neutral\"\"}}\"\n"),
    };
    let config = "default_model = \"demo\"\n[retry]\nattempts = 2\nmin_wait = \"10ms\"\n[batch]\nconcurrency = 16\n";
    home.file("config/config.toml", config);
    home.file("work/retort.toml", "");
    home.file("work/prompts/mood.toml", MOOD);
    home.file("work/rows.csv", &format!("input,expected\n{}", (0..rows).map(row).collect::<String>()));
    let ran = home.run(&["batch", "mood", "rows.csv", "-j", "16"]);
    assert!(ran.out.contains("demo:weak"), "{} {}", ran.out, ran.err);
    home
}

/// Opens the form of an improvement from the batch on record, and waits until it is known what it will take.
fn form(home: &Home) -> Pty {
    let mut pty = Pty::start(home, &[PROGRAM], &[], 120, 40);
    pty.wait_until("raw keys", Pty::is_raw);
    pty.wait_for("Prompt");
    pty.send("2");
    pty.wait_for("rows.csv");
    pty.send("\r");
    pty.wait_for("mood");
    pty.send(CTRL_P);
    pty.wait_for("type to narrow");
    pty.send("Improve the");
    pty.send("\r");
    pty.wait_for("tune rows");
    pty
}

/// Waits for a text as long as what is shown changes: an improvement takes as long as the machine does.
fn wait_long(pty: &mut Pty, text: &str) {
    for _ in 0..2000 {
        let before = pty.text();
        if before.contains(text) {
            return;
        }
        pty.wait_until(text, |pty| pty.text() != before);
    }
    panic!("`{text}` did not come: {}", pty.text());
}

fn last(ran: &Ran) -> Value {
    ran.lines().pop().unwrap_or_else(|| panic!("{}", ran.err))
}

/// The answers on record.
fn answers(home: &Home) -> usize {
    home.run(&["history", "end:done", "--json", "-n", "10000"]).lines().len()
}

#[test]
fn an_improvement_goes_from_its_form_to_the_file_and_is_the_same_as_the_commands() {
    let home = home(200);
    let before = answers(&home);
    let file = home.dir("work").join("prompts/mood.toml");
    let mut pty = form(&home);
    assert!(pty.text().contains("1 or 2 calls of demo for 6 edits"), "{}", pty.text());
    assert_eq!(answers(&home), before, "nothing is asked before it is started");
    pty.send(F5);
    wait_long(&mut pty, "Candidates  6");
    // It goes on when its screen is left.
    pty.send(ESC);
    pty.wait_for("improvement of mood: ");
    pty.send(CTRL_P);
    pty.wait_for("type to narrow");
    pty.send("Improve the");
    pty.send("\r");
    wait_long(&mut pty, "is better on");
    pty.wait_for("{+Read the text twice before you answer.+}");
    assert_eq!(fs::read_to_string(&file).unwrap(), MOOD, "nothing is written without a yes");
    pty.send("a");
    pty.wait_for("to the prompt mood?");
    pty.send("\r");
    pty.wait_for("written to");
    let after = fs::read_to_string(&file).unwrap();
    assert!(after.starts_with("# what a customer feels\n") && after.contains("Read the text twice"), "{after}");
    pty.send(ESC);
    pty.send("1");
    pty.wait_for("[1 Bench]");
    pty.send("qq");
    assert!(pty.wait_for_exit().success());

    let versions = home.run(&["prompts", "versions", "mood"]);
    assert!(versions.out.matches(" improve-").count() >= 6, "each candidate is a version: {}", versions.out);
    // The command finds all of it on record.
    fs::write(&file, MOOD).unwrap();
    let line = last(&home.run(&["improve", "mood", "rows.csv", "--json"]));
    assert_eq!((&line["shown"], &line["look"], &line["spent"]["asked"]), (&json!("better"), &json!(1), &json!(0)));
}

#[test]
fn not_one_call_goes_past_the_limit_of_the_form_and_the_command_goes_on() {
    let home = home(120);
    let before = answers(&home);
    let mut pty = form(&home);
    pty.send(&DOWN.repeat(4));
    pty.send("40");
    pty.wait_for("40");
    pty.send(F5);
    wait_long(&mut pty, "stopped before its end");
    let said = |pty: &Pty| pty.text().split_whitespace().collect::<Vec<_>>().join(" ");
    pty.wait_until("the limit", |pty| said(pty).contains("of 40 are left. With a higher limit it goes on"));
    let asked = answers(&home) - before;
    assert!((30..=40).contains(&asked), "{asked} calls");
    // Going on within the same limit asks for what is left of it at most.
    pty.send(F5);
    pty.settle(Duration::from_secs(1));
    wait_long(&mut pty, "stopped before its end");
    let again = answers(&home) - before;
    assert!((asked..=40).contains(&again), "{again} calls");
    pty.send(ESC);
    pty.send("1");
    pty.wait_for("[1 Bench]");
    pty.send("qq");
    assert!(pty.wait_for_exit().success());
    let ran = home.run(&["improve", "mood", "rows.csv", "--json", "--max-calls", "60"]);
    assert_eq!((ran.code, &ran.lines()[0]["resumed"]), (Some(1), &json!(true)), "{} {}", ran.out, ran.err);
    let asked = answers(&home) - before;
    assert!((50..=60).contains(&asked), "{asked} calls");
}
