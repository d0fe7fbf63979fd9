//! The command line as a script and a person meet it: outputs, exit codes, words.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::home::{Home, Ran};

/// Which part of a prompt matters, and which version broke it.
mod ablate;
/// Two queries weighed against each other: a verdict, its numbers, its runs.
mod against;
/// The inbox of regressions.
mod baselines;
/// A batch: results in order, gates, reports, and going on.
mod batch;
mod blind;
/// What a batch may use: caps that hold, prices that are known, time that is up.
mod calibrate;
mod caps;
/// Conversations, turn by turn.
mod chat;
/// Conversations of promptfoo's that go on from test to test.
mod conversations;
/// Models that go.
mod drift;
/// Checks by programs, and the prompts of judges.
#[cfg(unix)]
mod exec_checks;
/// Prompts as programs, and as what other tools take.
mod exported;
/// Conditions, loops and filters in programs.
mod exported_messages;
mod exported_templates;
/// Fallback: refusals and answers of no use lead on, and the reasons are told.
mod fallback;
/// A disk without room: what was paid for is on record or on standard output.
#[cfg(unix)]
mod full_disk;
/// What GitHub Actions is told of a batch, and what it never hears.
#[cfg(unix)]
mod github;
/// Pictures: sent, kept once, found again, pruned; and what a prompt of others may not do with them.
#[cfg(unix)]
mod images;
/// What other programs logged: as runs, as rows, once.
mod import;
/// Archives and databases of other programs: read whole, or refused.
mod import_files;
/// A better prompt: candidates, the race, the verdict; limits, going on, hostile proposals.
mod improve;
/// What is read: bounded, in words and by the name of the limit.
#[cfg(unix)]
mod intake;
/// Keys: their turns, and those that rest.
mod judge_test;
mod keys;
/// Refusals that are mended once, and remembered from one run of the program to the next.
mod learning;
/// Mistakes: where, what, and the next step.
mod mistakes;
/// What commands write, over what, and who can read it.
#[cfg(unix)]
mod outputs;
/// promptfoo: configs read and written.
mod promptfoo;
/// What is printed as JSON, held against the published schemas; and where those are kept.
mod published;
/// What stored answers come to, and what another threshold would do to them.
mod quality;
mod replay;
/// Prompts and rows: sent as written, refused before the first call, or noted.
mod rows;
/// Rows from runs on record, and rows that a model proposes.
mod rows_proposed;
/// Stored answers judged by the checks of today.
mod schema;
mod score;
/// Models that make no answers, of further vendors and programs.
#[cfg(unix)]
mod services;
/// Likeness by embeddings.
mod similar;
/// The way to a provider: its proxy and its certificates, and addresses that do not lead to an API.
mod transport;
/// What content of others may do: nothing beyond its folder and the settings without a yes by name.
#[cfg(unix)]
mod trust;
/// Settings from environment variables: over the file, under the command line.
mod variables;
/// Vendors by name, and the settings of their requests.
mod vendors;
/// What counts as passed: judges, expected values, gates and exit codes.
#[cfg(unix)]
mod verdicts;
/// Versions of a prompt: listed, compared, named and restored.
mod versions;
/// A batch at a provider: joined by id, resumed, paid for once.
#[cfg(unix)]
mod via;
mod wires;

/// The built-in prompt's own sample, which the demonstration answers as a real model once did.
const INPUT: &str = include_str!("../../assets/inputs/sentiment.txt");

/// A prompt that answers in plain text, so that nothing about it can fail a check.
const PLAIN: &str = "system = \"You answer briefly.\"\n[response]\nformat = \"text\"\n";

fn demo(home: &Home, more: &[&str]) -> Ran {
    let mut arguments = vec!["run", "sentiment", "-m", "demo"];
    arguments.extend(more);
    home.run_on(&arguments, INPUT)
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap()
}

#[test]
fn a_run_prints_the_answer_alone_and_the_numbers_aside() {
    let home = Home::new();
    let ran = demo(&home, &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let answer: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert!(answer["sentiment"].is_string() && answer["confidence_score"].is_number(), "{answer}");
    assert!(ran.err.contains("demo") && ran.err.contains("demonstration"), "{}", ran.err);
}

#[test]
fn json_lines_tell_the_run_and_end_with_its_outcome() {
    let home = Home::new();
    let ran = demo(&home, &["--json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let lines = ran.lines();
    assert_eq!(lines[0]["event"], "prepared");
    let ended: Vec<_> = lines.iter().filter(|line| line["event"] == "ended").collect();
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0], lines.last().unwrap());
    let outcome = &ended[0]["outcome"];
    assert_eq!((outcome["end"].as_str(), outcome["demo"].as_bool()), (Some("done"), Some(true)));
    let deltas: String = lines
        .iter()
        .filter(|line| line["event"] == "delta" && line["part"] == "text")
        .map(|line| line["text"].as_str().unwrap())
        .collect();
    assert_eq!(outcome["text"].as_str(), Some(deltas.as_str()));
}

#[test]
fn json_lines_come_as_the_answer_comes_only_where_that_is_asked_for() {
    let home = Home::new();
    let deltas = |args: &[&str]| {
        let lines = demo(&home, args).lines();
        lines.iter().filter(|line| line["event"] == "delta").count()
    };
    assert_eq!(deltas(&["--json", "--no-cache"]), 1);
    assert!(deltas(&["--json", "--live", "--no-cache"]) > 1);
    assert_eq!(demo(&home, &["--live"]).code, Some(2));
}

#[test]
fn the_same_run_again_comes_from_the_cache_at_no_cost() {
    let home = Home::new();
    let first = demo(&home, &[]);
    let again = demo(&home, &[]);
    assert_eq!((again.code, &again.out), (Some(0), &first.out));
    assert!(again.err.contains("from the cache") && again.err.contains("$0 now"), "{}", again.err);
    let json = demo(&home, &["--json"]).lines();
    let hit = json.iter().find(|line| line["event"] == "cache").unwrap();
    assert_eq!(hit["lookup"], "hit");
    assert!(json.iter().all(|line| line["event"] != "attempt"));
    assert_eq!(json.last().unwrap()["outcome"]["provenance"]["from"], "cached");

    let stats = home.run(&["cache", "stats"]);
    assert!(stats.out.starts_with("1 of 1000 answers"), "{}", stats.out);
    let fresh = demo(&home, &["--fresh"]);
    assert!(!fresh.err.contains("from the cache"), "{}", fresh.err);
    let off = demo(&home, &["--no-cache"]);
    assert!(!off.err.contains("from the cache"), "{}", off.err);
    assert!(home.run(&["cache", "clear"]).out.contains("removed 1"));
    assert!(home.run(&["cache", "stats"]).out.starts_with("0 of 1000 answers"));
}

#[test]
fn a_failed_check_is_100() {
    let home = Home::new();
    let ran = home.run_on(&["run", "sentiment", "-m", "demo:bad-json"], INPUT);
    assert_eq!(ran.code, Some(100), "{}", ran.err);
    assert!(ran.err.contains("FAIL format"), "{}", ran.err);
}

#[test]
fn a_cut_answer_is_4_and_what_came_of_it_is_printed() {
    let home = Home::new();
    let ran = home.run_on(&["run", "sentiment", "-m", "demo:cut"], INPUT);
    assert_eq!(ran.code, Some(4), "{}", ran.err);
    assert!(!ran.out.is_empty() && ran.err.contains("the answer was interrupted"), "{} / {}", ran.out, ran.err);
}

#[test]
fn when_all_models_fail_each_is_named_with_its_reason() {
    let home = Home::new();
    let prompt = home.file("work/p.toml", &format!("fallback = [\"gone\"]\n{PLAIN}"));
    let dead = "kind = \"openai\"\nbase_url = \"http://127.0.0.1:9/v1\"\n";
    home.file(
        "config/config.toml",
        &format!(
            "[retry]\nattempts = 1\n[providers.dead]\n{dead}[models.gone]\nprovider = \"dead\"\nmodel = \"x\"\n\
             [models.lost]\nprovider = \"dead\"\nmodel = \"y\"\n"
        ),
    );
    let ran = home.run_on(&["run", &prompt.to_string_lossy(), "-m", "lost"], INPUT);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{}", ran.err);
    let (_, reasons) = ran.err.split_once("all models failed:").expect(&ran.err);
    assert!(reasons.contains("lost: ") && reasons.contains("gone: "), "{}", ran.err);
    assert!(ran.err.contains("falling back to gone"), "{}", ran.err);
}

#[test]
fn failed_tries_are_in_the_log_without_a_word_of_the_input() {
    let home = Home::new();
    home.file("config/config.toml", "[retry]\nmin_wait = \"1ms\"\nmax_wait = \"1ms\"\n");
    let ran = home.run_on(&["run", "sentiment", "-m", "demo:down", "--log-level", "trace"], INPUT);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let log = fs::read_to_string(home.dir("state").join("retort.log")).unwrap();
    assert_eq!(log.lines().filter(|line| line.contains(" WARN ")).count(), 3, "{log}");
    assert_eq!(log.lines().filter(|line| line.contains("ERROR")).count(), 1, "{log}");
    assert!(!log.contains("parcel") && !log.contains('\x1b'), "{log}");
    let silent = Home::new();
    silent.run_on(&["run", "sentiment", "-m", "demo:cut", "--log-level", "off"], INPUT);
    assert!(!silent.dir("state").join("retort.log").exists());
}

#[test]
fn a_missing_key_is_named_with_what_works_without_one() {
    let home = Home::new();
    let ran = home.run_on(&["run", "sentiment", "-m", "gpt-4o-mini"], INPUT);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.err.contains("OPENAI_API_KEY") && ran.err.contains("-m demo"), "{}", ran.err);
    assert_eq!(
        ran.err.matches("all models failed:\n  gpt-4o-mini: API key missing: set OPENAI_API_KEY").count(),
        1,
        "{}",
        ran.err
    );
}

#[test]
fn a_wrong_command_line_is_2_and_says_what_to_write() {
    let home = Home::new();
    let unknown = home.run_on(&["run", "sentiment", "-m", "gpt-4o-mni"], INPUT);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.err.contains("did you mean `gpt-4o-mini`?"), "{}", unknown.err);
    let parameter = demo(&home, &["--param", "temperature=warm"]);
    assert_eq!(parameter.code, Some(2));
    assert!(parameter.err.contains("temperature=warm"), "{}", parameter.err);
    assert_eq!(home.run(&["rnu"]).code, Some(2));
    let prompt = home.file("work/p.toml", "user = \"{{ input }} in a {{ tone }} voice\"\n");
    let variable = home.run_on(&["run", &prompt.to_string_lossy(), "-m", "demo"], INPUT);
    assert_eq!(variable.code, Some(2));
    assert!(variable.err.contains("--var tone=VALUE"), "{}", variable.err);
}

#[test]
fn without_a_terminal_the_workbench_names_the_command_to_use() {
    let ran = Home::new().run(&[]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
    assert!(ran.err.contains("retort run"), "{}", ran.err);
}

#[test]
fn a_mistake_in_the_settings_is_shown_with_file_and_line() {
    let home = Home::new();
    home.file("config/config.toml", "default_model = \"demo\"\n\n[retry]\natempts = 3\n");
    let ran = demo(&home, &[]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("config.toml:4") && ran.err.contains("attempts"), "{}", ran.err);
    let doctor = home.run(&["doctor"]);
    assert_eq!(doctor.code, Some(1));
    assert!(
        doctor.out.lines().any(|line| line.starts_with("FAIL") && line.contains("config.toml:4")),
        "{}",
        doctor.out
    );
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let home = Home::new();
    let mut child = home.command(&["run", "sentiment", "-m", "demo", "--json"]).stdin(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), INPUT.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn ctrl_c_stops_the_run_with_130_and_it_is_on_record() {
    let home = Home::new();
    let arguments = ["run", "sentiment", "-m", "demo:slow", "--json"];
    let mut child = home.command(&arguments).stdin(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), INPUT.as_bytes()).unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let under_way = lines.by_ref().map(Result::unwrap).find(|line| line.contains("\"attempt\""));
    assert!(under_way.is_some());
    kill_process(pid(&child), Signal::INT).unwrap();
    let last: serde_json::Value = serde_json::from_str(&lines.map(Result::unwrap).last().unwrap()).unwrap();
    assert_eq!((last["event"].as_str(), last["outcome"]["end"].as_str()), (Some("ended"), Some("cancelled")));
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn a_second_ctrl_c_ends_what_nobody_reads() {
    let home = Home::new();
    home.file(
        "config/config.toml",
        "[providers.own]\nkind = \"command\"\ncommand = [\"sh\", \"-c\", \"cat > /dev/null; yes | head -c 1000000\"]\n",
    );
    let prompt = home.file("work/p.toml", PLAIN).to_string_lossy().into_owned();
    let mut child = home.command(&["run", &prompt, "-m", "own", "--md"]).stdin(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), INPUT.as_bytes()).unwrap();
    // What follows the first byte is more than a pipe holds.
    let mut first = [0];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut first).unwrap();
    // Two that come at once are one.
    while child.try_wait().unwrap().is_none() {
        kill_process(pid(&child), Signal::INT).unwrap();
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn a_terminal_gets_no_escapes_and_a_pipe_gets_every_byte() {
    let home = Home::new();
    let hostile = "printf 'a\\033[31mb\\007\\r\\nc'";
    home.file(
        "config/config.toml",
        &format!(
            "[providers.shell]\nkind = \"command\"\ncommand = [\"sh\", \"-c\", \"{}\"]\n",
            hostile.replace('\\', "\\\\")
        ),
    );
    let prompt = home.file("work/p.toml", PLAIN).to_string_lossy().into_owned();
    let piped = home.run_on(&["run", &prompt, "-m", "shell", "--no-cache"], INPUT);
    assert_eq!((piped.code, piped.out.as_str()), (Some(0), "a\x1b[31mb\x07\r\nc"), "{}", piped.err);

    let input = home.file("work/input.txt", INPUT).to_string_lossy().into_owned();
    let command = [crate::support::home::PROGRAM, "run", &prompt, "-m", "shell", "-i", &input, "--no-cache"];
    let mut pty = crate::support::pty::Pty::start(&home, &command, &[], 80, 24);
    assert!(pty.wait_for_exit().success());
    assert!(!pty.raw().contains(&0x1b) && !pty.raw().contains(&0x07), "{:?}", String::from_utf8_lossy(pty.raw()));
    assert!(pty.text().starts_with("ab\nc\n"), "{}", pty.text());
}

#[test]
fn several_models_answer_in_order_under_their_names() {
    let home = Home::new();
    let ran = demo(&home, &["-m", "demo:bad-json"]);
    assert_eq!(ran.code, Some(100), "{}", ran.err);
    let (first, second) = (ran.err.find("== demo ==").unwrap(), ran.err.find("== demo:bad-json ==").unwrap());
    assert!(first < second);
    let json = demo(&home, &["-m", "demo:bad-json", "--json"]).lines();
    let ended: Vec<_> = json.iter().filter(|line| line["event"] == "ended").collect();
    let targets: Vec<_> = ended.iter().map(|line| line["outcome"]["requested"].as_str().unwrap()).collect();
    assert_eq!(targets, ["demo", "demo:bad-json"]);
}

#[test]
fn an_input_comes_from_a_file_or_a_pipe_and_must_be_text() {
    let home = Home::new();
    let file = home.file("work/input.txt", INPUT).to_string_lossy().into_owned();
    let from_file = home.run(&["run", "sentiment", "-m", "demo", "-i", &file, "--no-cache"]);
    assert_eq!(from_file.code, Some(0), "{}", from_file.err);
    assert_eq!(from_file.out, demo(&home, &["-i", "-", "--no-cache"]).out);
    let missing = home.run(&["run", "sentiment", "-m", "demo", "-i", "nowhere.txt"]);
    assert!(missing.code == Some(2) && missing.err.contains("nowhere.txt"), "{}", missing.err);
    fs::write(&file, [b'a', 0xff]).unwrap();
    let binary = home.run(&["run", "sentiment", "-m", "demo", "-i", &file]);
    assert!(binary.code == Some(2) && binary.err.contains("UTF-8"), "{}", binary.err);
}

#[test]
fn a_template_decides_and_repeats_and_names_what_it_misses() {
    let home = Home::new();
    let user = "{% for e in examples %}\n- {{ e.text }} {\"a\": {{}}}\n{% endfor %}\n{{ input }}";
    home.file("config/prompts/shots.toml", &format!("user = '''{user}'''\n[response]\nformat = \"text\"\n"));
    let input = home.file("work/input.txt", "{{ e }}").to_string_lossy().into_owned();
    let missing = home.run(&["run", "shots", "-m", "demo", "-i", &input]);
    assert!(missing.code == Some(2) && missing.err.contains("`examples`"), "{}", missing.err);
    let examples = r#"examples=[{"text":"{{ input }}"},{"text":"b"}]"#;
    let ran = home.run(&["run", "shots", "-m", "demo", "-i", &input, "--var", examples]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    home.file("config/prompts/shots.toml", "user = '''\n{{ input }}\n {% endfor %}'''");
    let broken = home.run(&["run", "shots", "-m", "demo", "-i", &input]);
    assert_eq!(broken.code, Some(2));
    assert!(
        broken.err.contains("message 1 (user) of shots, line 2, column 2: `endfor` closes nothing"),
        "{}",
        broken.err
    );
}

#[test]
fn prompts_are_listed_shown_and_found() {
    let home = Home::new();
    home.file("config/prompts/mine.toml", "description = \"my own\"\nsystem = \"Be brief.\"\n");
    home.file("config/prompts/broken.toml", "systen = \"x\"\n");
    let list = home.run(&["prompts"]).out;
    assert!(list.lines().any(|line| line.starts_with("sentiment") && line.contains("built-in")), "{list}");
    assert!(
        list.lines().any(|line| line.starts_with("mine") && line.contains("yours") && line.contains("my own")),
        "{list}"
    );
    assert!(list.lines().any(|line| line.starts_with("broken") && line.contains("BROKEN")), "{list}");
    assert!(home.run(&["prompts", "show", "mine"]).out.contains("system = \"Be brief.\""));
    let path = home.run(&["prompts", "path", "mine"]).out;
    assert_eq!(path.trim(), home.dir("config").join("prompts/mine.toml").to_string_lossy());
    let slip = home.run(&["prompts", "path", "min"]);
    assert!(slip.code == Some(2) && slip.err.contains("`mine`"), "{}", slip.err);
}

#[test]
fn whoever_asks_for_a_prompt_by_the_name_it_had_is_told_the_one_it_has() {
    let home = Home::new();
    home.file("config/prompts/sorting.toml", "system = \"Be brief.\"\n");
    let renamed = "[[renamed]]\nat = \"2026-01-02T03:04:05Z\"\nfrom = \"triage\"\nto = \"sorting\"\n";
    home.file("config/renamed-prompts.toml", renamed);
    for arguments in
        [&["prompts", "show", "triage"][..], &["prompts", "path", "triage"], &["run", "triage", "-m", "demo"]]
    {
        let ran = home.run(arguments);
        assert!(ran.code == Some(2) && ran.err.contains("it was renamed to `sorting`"), "{arguments:?}: {}", ran.err);
    }
}

#[test]
fn doctor_shows_keys_by_name_alone() {
    let home = Home::new();
    let mut command = home.command(&["doctor"]);
    command.env("ANTHROPIC_API_KEY", "sk-sentinel-4711").env("ANTHROPIC_BASE_URL", "http://127.0.0.1:9");
    let output = command.output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(out.contains("anthropic: env:ANTHROPIC_API_KEY found"), "{out}");
    assert!(out.lines().any(|line| line.contains("OPENAI_API_KEY") && line.contains("not set")), "{out}");
    assert!(!out.contains("4711") && !String::from_utf8_lossy(&output.stderr).contains("4711"));
}

#[test]
fn models_keys_paths_completions_and_the_manual_are_there() {
    let home = Home::new();
    let models = home.run(&["models"]).out;
    let row = models.lines().find(|line| line.starts_with("gpt-4o-mini")).unwrap();
    assert!(row.contains("openai") && row.contains("$0.15 / $0.60") && row.contains("shutdown"), "{row}");
    assert!(models.lines().any(|line| line.starts_with("demo:flaky")), "{models}");
    assert!(!models.contains("RETIRED"), "what is gone is there for who searches it: {models}");
    assert!(!models.contains("$0 "), "a demonstration has no price: {models}");
    let keys = home.run(&["keys"]).out;
    assert!(keys.lines().any(|line| line.contains("| run |") && line.contains("`f5`")), "{keys}");
    let paths = home.run(&["paths"]).out;
    assert!(paths.contains(&*home.dir("state").join("retort.log").to_string_lossy()), "{paths}");
    assert!(home.run(&["completions", "bash"]).out.contains("_retort"));
    let manual = home.run(&["man"]).out;
    assert!(manual.starts_with(".ie") || manual.contains(".TH retort"), "{manual}");
    assert!(manual.contains("retort\\-run(1)"), "the page of run is not named: {manual}");
}

#[test]
fn for_a_screen_reader_lists_are_a_fact_a_line() {
    let home = Home::new();
    let by_default = home.run(&["prompts"]);
    assert!(by_default.out.starts_with("NAME "), "{}", by_default.out);
    let plain = home.run(&["prompts", "--plain"]).out;
    assert!(plain.lines().any(|line| line == "name: sentiment"), "{plain}");
    for list in [&["models", "--plain"][..], &["prompts", "--plain"], &["history", "--plain"]] {
        let ran = home.run(list);
        assert!(ran.out.lines().all(|line| line.is_empty() || !line.contains("  ")), "{list:?}: {}", ran.out);
    }
    let run = home.run_on(&["run", "sentiment", "-m", "demo", "-i", "-", "--plain"], INPUT);
    assert!(!run.err.contains(['✓', '✗', '→', '·']), "{}", run.err);
    let history = home.run(&["history", "--plain"]).out;
    assert!(history.lines().any(|line| line.starts_with("prompt: ")) && !history.contains('✓'), "{history}");
    let quality = home.run(&["quality", "--plain"]).out;
    assert!(quality.starts_with("runs: "), "{quality}");
    let settings = home.dir("config").join("config.toml");
    fs::create_dir_all(settings.parent().unwrap()).unwrap();
    fs::write(settings, "accessible = true").unwrap();
    assert!(home.run(&["prompts"]).out.starts_with("name: "));
}

#[test]
fn nothing_is_written_before_there_is_something_to_keep() {
    let home = Home::new();
    assert_eq!(home.run(&["paths"]).code, Some(0));
    assert_eq!(home.run(&["prompts"]).code, Some(0));
    let left: Vec<_> = home.files();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_project_has_prompts_of_its_own() {
    let home = Home::new();
    home.file("work/retort.toml", "");
    home.file("work/prompts/triage.toml", "description = \"of the project\"\n");
    let list = home.run(&["prompts", "list"]).out;
    assert!(list.lines().any(|line| line.starts_with("triage") && line.contains("project")), "{list}");
}

#[test]
fn the_short_help_of_every_command_fits_a_screen_and_the_long_one_says_more() {
    let home = Home::new();
    let commands = home.run(&["-h"]).out;
    let names: Vec<&str> = commands
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.trim().is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(names.contains(&"run") && names.contains(&"batch"), "{names:?}");
    // Of the program itself a line for each command, and little else.
    let names_fit = names.len() + 14;
    for name in names {
        let short = home.run(&[name, "-h"]).out;
        assert!(short.lines().count() <= 40, "retort {name} -h has {} lines:\n{short}", short.lines().count());
        assert!(home.run(&[name, "--help"]).out.len() >= short.len(), "{name}");
    }
    assert!(commands.lines().count() <= names_fit, "{commands}");
}

#[test]
fn every_command_has_a_manual_page() {
    let home = Home::new();
    let dir = home.dir("cwd").join("man");
    home.run(&["man", "--dir", dir.to_str().unwrap()]);
    for (page, says) in [
        ("retort.1", "retort\\-batch(1)"),
        ("retort-batch.1", "min\\-pass\\-rate"),
        ("retort-history-prune.1", "older"),
        ("retort-man.1", "dir"),
    ] {
        let text = fs::read_to_string(dir.join(page)).unwrap();
        assert!(text.contains(says), "{page}: {says}\n{text}");
    }
    assert_eq!(home.run(&["man", "batch"]).out, fs::read_to_string(dir.join("retort-batch.1")).unwrap());
    let wrong = home.run(&["man", "batc"]);
    assert_eq!((wrong.code, wrong.err.contains("did you mean `batch`?")), (Some(2), true), "{}", wrong.err);
}

#[test]
fn the_help_shows_how_to_begin() {
    let home = Home::new();
    let mut out = String::new();
    let mut child = home.command(&["--help"]).spawn().unwrap();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert!(child.wait().unwrap().success());
    for words in ["retort run sentiment", "OPENAI_API_KEY", "doctor"] {
        assert!(out.contains(words), "{out}");
    }
    assert!(home.run(&["run", "--help"]).out.contains("100  done; a check or a gate failed"));
}
