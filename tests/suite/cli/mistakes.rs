//! Mistakes at the command line and in files: where, what, and the next step, said once.

use std::fs;

use super::PLAIN;
use crate::support::home::{Home, PROGRAM, Ran};

/// Asserts that a run ended with a code and said these words on standard error, and nothing in the system's own.
fn says(ran: &Ran, code: i32, words: &[&str]) {
    assert_eq!(ran.code, Some(code), "{}", ran.err);
    for word in words {
        assert!(ran.err.contains(word), "{word} is missing in: {}", ran.err);
    }
    assert!(!ran.err.contains("os error") && !ran.err.contains("invalid digit"), "{}", ran.err);
}

#[test]
fn a_mistyped_command_line_is_told_with_what_is_right() {
    let home = Home::new();
    home.file("config/prompts/plain.toml", PLAIN);
    says(&home.run(&["rn", "plain"]), 2, &["similar subcommand", "'run'"]);
    says(
        &home.run(&["run", "plain", "hello there"]),
        2,
        &["'hello there'", "tip:", "`--input FILE`", "standard input"],
    );
    assert!(!home.run(&["models", "a", "b", "c"]).err.contains("--input"), "another command has no input");
    says(&home.run(&["run", "plain", "--samples", "many"]), 2, &["--samples", "a whole number from 1 to 100"]);
    says(&home.run(&["run", "plain", "--samples", "0"]), 2, &["a whole number from 1 to 100"]);
    says(&home.run(&["batch", "plain", "rows.csv", "-j", "x"]), 2, &["a whole number from 1 to 1024"]);
    says(&home.run(&["run", "plain", "-m", "gpt-4.1-min"]), 2, &["gpt-4.1-mini", "[models.\"gpt-4.1-min\"]"]);
    says(&home.run(&["run", "plain", "-m", "foo/bar"]), 2, &["no provider `foo`", "openai"]);
    says(&home.run(&["quality", "--what-if", "latncy"]), 2, &["there is no check `latncy`", "`latency`"]);
}

#[test]
fn an_input_that_cannot_be_used_is_told_with_what_to_do() {
    let home = Home::new();
    home.file("config/prompts/plain.toml", PLAIN);
    let bytes = home.file("work/latin.txt", "");
    fs::write(bytes, b"caf\xe9").unwrap();
    home.dir("work/folder");
    let run = |input: &str| home.run(&["run", "plain", "-m", "demo", "-i", input]);
    says(&run("none.txt"), 2, &["there is no file", "none.txt", "`-` for standard input"]);
    says(&run("folder"), 2, &["is a folder", "retort batch PROMPT"]);
    says(&run("latin.txt"), 2, &["latin.txt", "UTF-8, from byte 4 on"]);
    home.file("work/rows.csv", "text,label\na,b\n");
    let mapped = home.run(&["batch", "plain", "rows.csv", "-m", "demo", "--map", "foo=input"]);
    says(&mapped, 1, &["no column `foo`", "`text`, `label`"]);
}

#[test]
fn a_prompt_file_that_a_name_does_not_lead_to_is_named() {
    let home = Home::new();
    home.file("work/retort.toml", "");
    home.file("work/prompts/plain.toml", PLAIN);
    home.file("config/prompts/plain.toml", PLAIN);
    home.file("config/prompts/my prompt.toml", PLAIN);
    let listed = home.run(&["prompts"]);
    says(&listed, 0, &["plain.toml is hidden by the project's", "my prompt.toml is not listed"]);
    assert_eq!(listed.out.matches("plain").count(), 1, "{}", listed.out);
}

#[test]
fn what_is_suggested_works() {
    let home = Home::new();
    let words = home.run(&["prompts", "path", "sentiment"]);
    says(&words, 1, &["comes with the program"]);
    let command =
        words.err.split('`').find(|part| part.starts_with("mkdir")).unwrap().replace("retort prompts", PROGRAM);
    let command = command.replace(PROGRAM, &format!("{PROGRAM} prompts"));
    let done = std::process::Command::new("sh").args(["-c", &command]).env_clear().envs(home.environment()).status();
    assert!(done.unwrap().success(), "{command}");
    assert_eq!(home.run(&["prompts", "path", "sentiment"]).code, Some(0));
}

#[test]
fn a_mistake_in_the_settings_names_their_file() {
    let home = Home::new();
    home.file("config/prompts/plain.toml", PLAIN);
    home.file("config/config.toml", "default_model = \"nope\"\n");
    says(&home.run_on(&["run", "plain"], "x"), 2, &["config.toml, `default_model`: no model is called `nope`"]);
    home.file("config/config.toml", "[providers.c]\nkind = \"command\"\ncommand = [\"no-such-program-4711\"]\n");
    let ran = home.run_on(&["run", "plain", "-m", "c"], "x");
    says(&ran, 1, &["there is no such program", "`command` under [providers.c]"]);
}

#[test]
fn a_prompt_without_words_is_noted() {
    let home = Home::new();
    home.file("config/prompts/empty.toml", "");
    says(&home.run_on(&["run", "empty", "-m", "demo"], "x"), 0, &["empty has no words of its own"]);
}

#[test]
fn a_record_out_of_reach_is_not_an_empty_one_and_said_once() {
    let home = Home::new();
    home.file("config/prompts/plain.toml", PLAIN);
    let place = home.dir("data").join("file");
    fs::write(&place, "").unwrap();
    let mut run = home.command(&["run", "plain", "-m", "demo", "--var", "input=x"]);
    let ran = Ran::of(run.env("RETORT_DATA_DIR", &place).output().unwrap());
    says(&ran, 0, &["runs are not recorded"]);
    assert_eq!(ran.err.matches("a part of the path is a file").count(), 1, "{}", ran.err);
    let ran = home.command(&["history"]).env("RETORT_DATA_DIR", &place).output().unwrap();
    says(&Ran::of(ran), 1, &["a part of the path is a file, not a directory"]);
}

#[test]
fn a_reader_that_is_gone_is_no_mistake() {
    let home = Home::new();
    for arguments in [&["completions", "bash"][..], &["man"], &["prompts"], &["keys"], &["models"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ran = Ran::of(home.command(arguments).stdout(writer).output().unwrap());
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{arguments:?}");
    }
}
