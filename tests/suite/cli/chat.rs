//! `retort chat`: each line is a turn, each answer becomes a message, and what a person may do in between.

use crate::support::home::Home;

const PROMPT: &str = "system = \"Answer in one sentence.\"\n[response]\nformat = \"text\"\n";

fn chat(home: &Home, lines: &str) -> crate::support::home::Ran {
    home.file("config/prompts/talk.toml", PROMPT);
    home.run_on(&["chat", "talk", "-m", "demo:echo"], lines)
}

#[test]
fn each_line_is_a_turn_after_the_answers_before() {
    let home = Home::new();
    let ran = chat(&home, "Hello\n\nAnd {{ now }}?\n");
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    // `demo:echo` gives the conversation back as it was sent.
    let lines: Vec<serde_json::Value> = ran.lines();
    assert_eq!(lines.len(), 2, "{}", ran.out);
    let said = |line: &serde_json::Value| -> Vec<String> {
        let all = line.as_array().unwrap().iter();
        all.map(|message| message["role"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(said(&lines[0]), ["system", "user"]);
    assert_eq!(said(&lines[1]), ["system", "user", "assistant", "user"]);
    assert_eq!(lines[1][3]["content"], "And {{ now }}?");
    assert_eq!(lines[1][2]["content"], ran.out.lines().next().unwrap(), "the answer before, word for word");
    let history = home.run(&["history", "--columns", "prompt"]);
    assert_eq!(history.out.matches("talk").count(), 2, "{}", history.out);
}

#[test]
fn a_turn_is_taken_back_another_model_asked_and_the_conversation_kept() {
    let home = Home::new();
    let ran = chat(&home, "Hello\nWrong\n/undo\n/model demo\nAnd now?\n/save kept\n/nothing\n/quit\nnever asked\n");
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.err.contains("the last turn is taken back") && ran.err.contains("/save NAME"), "{}", ran.err);
    let kept = std::fs::read_to_string(home.dir("config").join("prompts/kept.toml")).unwrap();
    assert!(kept.contains("And now?") && !kept.contains("Wrong"), "{kept}");
    assert!(kept.contains("role = \"assistant\""), "{kept}");
    assert!(!ran.out.contains("never asked"));
}

#[test]
fn a_turn_without_an_answer_can_be_said_again() {
    let home = Home::new();
    home.file("config/config.toml", "[retry]\nattempts = 1\n");
    let ran = chat(&home, "Hello\n/model demo:down\nLost\n/model demo:echo\nAgain\n");
    let last = ran.out.lines().last().unwrap_or_default();
    assert!(last.contains("Again") && !last.contains("Lost"), "{}\n{}", ran.out, ran.err);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
}

#[test]
fn rows_with_several_turns_are_held_as_conversations() {
    let home = Home::new();
    home.file("config/prompts/talk.toml", PROMPT);
    let rows = "{\"input\": \"Hello\", \"turns\": [\"And now?\"]}\n{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}, {\"role\": \"assistant\", \"content\": \"Yes?\"}, {\"role\": \"user\", \"content\": \"Go on.\"}]}\n";
    let rows = home.file("work/rows.jsonl", rows);
    let ran = home.run(&["batch", "talk", &rows.to_string_lossy(), "-m", "demo:echo", "--json"]);
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.out, ran.err);
    assert!(ran.out.contains("And now?") && ran.out.contains("Go on."), "{}", ran.out);
    assert!(!ran.err.contains("never uses"), "{}", ran.err);
}
