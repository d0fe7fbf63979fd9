//! What is read is bounded: an input, rows, a config, an answer of any size ends in words and not in memory.

use std::{
    fs::{
        File, {self},
    },
    time::{Duration, Instant},
};

use super::PLAIN;
use crate::support::{
    home::{Home, Ran},
    server::{Script, Server, event_stream},
};

/// A home with a prompt.
fn home() -> Home {
    let home = Home::new();
    home.file("work/p.toml", PLAIN);
    home
}

/// Lists whose items are the list before, nine times each.
fn laughs(levels: usize) -> String {
    let mut text = "- a0: &a0 [\"x\",\"x\",\"x\",\"x\",\"x\",\"x\",\"x\",\"x\",\"x\"]\n".to_owned();
    for level in 1..levels {
        let before = vec![format!("*a{}", level - 1); 9].join(",");
        text = format!("{text}  a{level}: &a{level} [{before}]\n");
    }
    text.push_str("  input: hi\n");
    text
}

/// A data set of one kind, and what is said of it.
type Case = (&'static str, String, &'static str);

#[test]
fn rows_that_would_take_too_much_are_refused_by_their_line_before_they_are_built() {
    let columns = |count: usize| (0..count).map(|at| format!("c{at}")).collect::<Vec<_>>().join(",");
    let numbers = format!("[{}]", vec!["1"; 400_000].join(","));
    let cases: Vec<Case> = vec![
        ("laughs.yaml", laughs(7), "line 6: the row, its aliases written out, holds more than 250000 values"),
        ("anchors.yaml", laughs(9), "more than 250000 values"),
        ("many.yaml", format!("- input: {numbers}\n"), "more than 250000 values"),
        ("deep.yaml", format!("- input: {}\n", "[".repeat(100_000)), "line 1: it is not YAML: recursion limit"),
        (
            "keys.yaml",
            format!("- input: a\n  {}\n", (0..100_000).map(|at| format!("k{at}: 1")).collect::<Vec<_>>().join("\n  ")),
            "line 1: the row has more than 16384 columns",
        ),
        (
            "wide.csv",
            format!("{}\n{}\n", columns(100_000), columns(100_000)),
            "line 1: the row has more than 16384 columns",
        ),
        ("row.csv", format!("input\n{}\n", ",".repeat(1_000_000)), "line 2: the row has more than 16384 columns"),
        ("twice.csv", format!("{},c7\n", columns(16_000)), "two columns are called `c7`"),
        (
            "quote.csv",
            format!("input\n\"{}\n", format!("{}\n", "a".repeat(99)).repeat(180_000)),
            "line 2: the row is longer than 16 MB (max_input_bytes in [limits])",
        ),
        ("long.csv", format!("input\n{}\n", "a".repeat(17 << 20)), "longer than 16 MB"),
        ("deep.json", format!("[{}", "[".repeat(1_000_000)), "line 1: "),
        ("closed.json", format!("[{}{}]", "[".repeat(100_000), "]".repeat(100_000)), "recursion limit"),
        ("deep.jsonl", format!("{{\"input\":{}}}", "[".repeat(1_000_000)), "line 1: it is not JSON: recursion limit"),
        (
            "many.jsonl",
            format!("{{\"input\":{numbers}}}\n"),
            "line 1: it is not JSON: it holds more than 250000 values",
        ),
        ("many.json", format!("[\n{numbers}]\n"), "line 2: it is not JSON: it holds more than 250000 values"),
        (
            "multiplied.jsonl",
            format!(
                "{{\"vars\":{{\"input\":\"{}\",\"a\":[{two}],\"b\":[{two}]}}}}\n",
                "x".repeat(1 << 20),
                two = vec!["\"y\""; 100].join(",")
            ),
            "larger than 32 MB together",
        ),
    ];
    let home = home();
    for (name, text, words) in cases {
        home.file(&format!("work/{name}"), &text);
        let began = Instant::now();
        let ran = home.run(&["batch", "p.toml", name, "-m", "demo"]);
        assert!(ran.code != Some(0) && ran.err.contains(words), "{name}: {ran:?}");
        // The limit is for a machine that is busy with other tests; what was not linear took minutes.
        assert!(began.elapsed() < Duration::from_secs(20), "{name}: {:?}", began.elapsed());
    }
    home.file("work/as_wide.csv", &format!("input,{}\n{}\n", columns(16_000), columns(16_001)));
    let ran = home.run(&["batch", "p.toml", "as_wide.csv", "-m", "demo"]);
    assert_eq!(ran.code, Some(0), "as many columns as a spreadsheet has: {}", &ran.err[..ran.err.len().min(500)]);
}

#[test]
fn a_config_of_aliases_is_refused_as_a_data_set_is() {
    let home = home();
    let config = format!("providers: [echo]\nprompts: ['{{{{input}}}}']\ntests:\n{}", laughs(7));
    home.file("work/suite.yaml", &config);
    for arguments in [&["batch", "-c", "suite.yaml"][..], &["prompts", "import", "suite.yaml"]] {
        let ran = home.run(arguments);
        assert!(ran.code != Some(0) && ran.err.contains("more than 250000 values once its aliases"), "{ran:?}");
        assert!(ran.err.contains("suite.yaml:9"), "it names the line: {}", ran.err);
    }
}

#[test]
fn an_input_without_end_is_refused_by_the_name_of_its_limit() {
    let home = home();
    let text = |ran: &Ran, words: &str, key: &str| {
        assert!(ran.code == Some(2) && ran.err.contains(words) && ran.err.contains(key), "{ran:?}");
    };
    text(&home.run(&["run", "p.toml", "-m", "demo", "-i", "/dev/zero"]), "16 MB", "max_input_bytes");
    let zero = || File::open("/dev/zero").unwrap();
    let endless = |arguments: &[&str]| Ran::of(home.command(arguments).stdin(zero()).output().unwrap());
    text(&endless(&["run", "p.toml", "-m", "demo"]), "16 MB", "max_input_bytes");
    text(&home.run(&["run", "p.toml", "-m", "demo", "-i", "."]), "is a folder", "retort batch");
    home.file("config/config.toml", "[limits]\nmax_input_bytes = 5\nmax_stdin_bytes = 100000\n");
    text(&endless(&["batch", "p.toml", "-", "-m", "demo"]), "100000 bytes", "max_stdin_bytes");
    text(&home.run_on(&["run", "p.toml", "-m", "demo"], "123456"), "5 bytes", "max_input_bytes");
    assert_eq!(home.run_on(&["run", "p.toml", "-m", "demo"], "12345").code, Some(0));
    let rows = home.run_on(&["batch", "p.toml", "-", "-m", "demo"], "123\n123456789\n");
    assert!(rows.code != Some(0) && rows.err.contains("line 2") && rows.err.contains("max_input_bytes"), "{rows:?}");
    home.file("config/config.toml", "[limits]\nmax_input_bytes = 0\n");
    let wrong = home.run_on(&["run", "p.toml", "-m", "demo"], "x");
    assert!(
        wrong.code != Some(0) && wrong.err.contains("config.toml:2:") && wrong.err.contains("at least 1"),
        "{wrong:?}"
    );
}

#[test]
fn a_prompt_sets_nothing_that_is_retorts_to_set() {
    let home = home();
    for (name, value) in [
        ("model", "\"x\""),
        ("messages", "[]"),
        ("n", "5"),
        ("stream", "false"),
        ("stream_options", "{}"),
        ("input", "\"x\""),
        ("prompt", "\"x\""),
    ] {
        home.file(
            "work/q.toml",
            &format!("{PLAIN}[params]\ntemperature = 0.5\n[params.extra]\ntop_k = 4\n{name} = {value}\n"),
        );
        let ran = home.run_on(&["run", "q.toml", "-m", "demo"], "x");
        let line = 1 + fs::read_to_string(home.dir("work").join("q.toml"))
            .unwrap()
            .lines()
            .position(|line| line.starts_with(&format!("{name} =")))
            .unwrap();
        assert!(ran.code == Some(2) && ran.err.contains(&format!("q.toml:{line}:")), "{name}: {ran:?}");
        assert!(ran.err.contains(&format!("`{name}` is set by retort")), "{name}: {ran:?}");
        let ran = home.run_on(&["run", "p.toml", "-m", "demo", "--param", &format!("{name}={value}")], "x");
        assert!(ran.code == Some(2) && ran.err.contains("is set by retort"), "{name}: {ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_over_its_limit_is_kept_up_to_it_and_usage_that_cannot_be_is_ignored() {
    let delta =
        |text: &str| format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n");
    let long = event_stream((0..20).map(|_| delta(&"x".repeat(1000))).collect::<String>());
    let usage = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":10,\
                 \"prompt_tokens_details\":{\"cached_tokens\":99},\"completion_tokens\":50000000}}\n\ndata: [DONE]\n\n";
    let odd = event_stream(format!("{}{usage}", delta("hi")));
    let server = Server::start([Script::answer(long), Script::answer(odd)]).await;
    let home = home();
    home.file(
        "config/config.toml",
        &format!(
            "default_model = \"evil/m\"\n[providers.evil]\nkind = \"openai\"\nbase_url = \"{}\"\n[retry]\nattempts = 1\n\
             [limits]\nmax_answer_bytes = 5000\n",
            server.url
        ),
    );
    tokio::task::spawn_blocking(move || {
        let ran = home.run_on(&["run", "p.toml", "--no-cache", "--json"], "x");
        assert_ne!(ran.code, Some(0));
        let lines = ran.lines();
        let ended = &lines.last().unwrap()["outcome"];
        assert!(ended.to_string().contains("max_answer_bytes"), "{ended}");
        let stored = home.run(&["history", "--json"]).lines();
        assert_eq!(stored[0]["answer"].as_str().map(str::len), Some(5000), "the part that fits is kept: {}", stored[0]);
        let ran = home.run_on(&["run", "p.toml", "--no-cache", "--json"], "y");
        assert!(ran.out.contains("cached_tokens 99 of 10"), "{}", ran.out);
        assert!(ran.out.contains("50000000 output tokens"), "{}", ran.out);
        let lines = ran.lines();
        let usage = &lines.last().unwrap()["outcome"]["usage"];
        assert_eq!((&usage["input"], &usage["cache_read"]), (&10.into(), &serde_json::Value::Null), "{usage}");
        assert!(usage["output"].as_u64().is_some_and(|tokens| tokens < 100), "{usage}");
    })
    .await
    .unwrap();
}
