//! Hostile text at the command line: nothing that a terminal would obey reaches one, whoever said
//! it; a pipe gets every byte; and no size of answer takes memory without bound.

use std::{
    fs,
    io::Read as _,
    process::{Child, Stdio},
    time::Duration,
};

use clap::CommandFactory as _;
use retort::cli::args::Cli;

use crate::support::{
    home::{Home, PROGRAM},
    pty::Pty,
    server::{Script, Server, Step, chunk, event_stream, json, last_chunk, response, stream_head},
};

const PLAIN: &str = "user = \"{{ input }}\"\n[response]\nformat = \"text\"\n";
const F5: &str = "\x1b[15~";

/// Everything a terminal might obey: colours, clipboard, links, titles, their eight-bit forms,
/// characters that reorder, NUL, a return that overwrites.
const HOSTILE: &str = "a\x1b[31mb\x1b]52;c;aGk=\x07c\x1b]8;;http://evil\x1b\\d\u{9b}31me\u{9d}0;t\u{9c}f\u{202e}g\u{2066}h\
                       \0i\tj\x7fk\x08l\rm\x1bPq\x1b\\n\x1b]0;title\x07o\u{85}p\u{200b}q";

/// What is shown of it holds these in order.
const SHOWN: [&str; 4] = ["ab", "cd", "ef", "q"];

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn delta(text: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{}}}}}]}}\n\n", quoted(text))
}

const STOP: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

fn settings(home: &Home, url: &str) {
    let text = "default_model = \"evil/m\"\n[providers.evil]\nkind = \"openai\"\nbase_url = \"";
    home.file("config/config.toml", &format!("{text}{url}\"\n[retry]\nattempts = 1\n"));
}

/// A prompt and an input, as arguments of a run.
fn run(home: &Home) -> Vec<String> {
    let prompt = home.file("work/p.toml", PLAIN).display().to_string();
    let input = home.file("work/input.txt", "hello").display().to_string();
    ["run", &prompt, "-i", &input, "--no-cache"].map(str::to_owned).to_vec()
}

/// Fails if bytes for a terminal hold anything it would obey.
#[track_caller]
fn assert_plain(what: &str, bytes: &[u8]) {
    let text = String::from_utf8(bytes.to_vec()).expect(what);
    let obeyed = |c: char| {
        (c.is_control() && !matches!(c, '\r' | '\n' | '\t'))
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{2028}' | '\u{2029}')
    };
    if let Some(c) = text.chars().find(|c| obeyed(*c)) {
        panic!("{what}: {c:?} reaches the terminal: {text:?}");
    }
}

/// Runs the program in a terminal to its end and gives what the terminal got.
fn shown(home: &Home, arguments: &[String]) -> Vec<u8> {
    let command: Vec<&str> = std::iter::once(PROGRAM).chain(arguments.iter().map(String::as_str)).collect();
    let mut pty = Pty::start(home, &command, &[("NO_COLOR", "1")], 200, 50);
    // Whoever asks something gets the end of the input for an answer.
    pty.send("\x04");
    pty.wait_for_exit();
    // The line of progress is written over: the one sequence that is the program's own.
    String::from_utf8_lossy(pty.raw()).replace("\x1b[K", "").into_bytes()
}

async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_gets_no_answer_and_no_error_raw() {
    let quote = quoted(HOSTILE);
    let error = format!("{{\"error\":{{\"message\":{quote},\"code\":{quote},\"param\":{quote}}}}}");
    let plain: String = HOSTILE.chars().filter(|c| !c.is_ascii_control()).collect();
    let named = format!(
        "data: {{\"model\":{quote},\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{quote}}},\"finish_reason\":{quote}}}]}}\n\n"
    );
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("an answer", event_stream(format!("{}{}{STOP}", delta(HOSTILE), delta("\x1b]52;c;")))),
        ("an answer cut in a sequence", event_stream(delta("\x1b]52;c;aGk="))),
        ("names", event_stream(format!("{named}data: [DONE]\n\n"))),
        ("an error", json("400 Bad Request", &[], &error)),
        ("an error in the stream", event_stream(format!("{}data: {error}\n\n", delta("Hi")))),
        ("words", response("500 Oops", &[("content-type", "text/plain")], HOSTILE)),
        ("a page", response("200 OK", &[("content-type", "text/html")], HOSTILE)),
        ("a type", response("200 OK", &[("content-type", &plain), ("content-encoding", &plain)], "x")),
        ("a redirect", response("302 Found", &[("location", &format!("http://{plain}/"))], "")),
        (
            "bytes that are no text",
            event_stream(b"data: {\"choices\":[{\"delta\":{\"content\":\"a\xff\xfe\x9b31m\"}}]}\n\n"),
        ),
        ("bytes that are no text, in an error", response("500 Oops", &[], b"\xff\xfe\x9b31m\x1b[31m")),
    ];
    for (what, bytes) in cases {
        for form in [&[][..], &["--json"]] {
            let home = Home::new();
            let server = Server::start([Script::answer(bytes.clone())]).await;
            settings(&home, &server.url);
            let mut arguments = run(&home);
            arguments.extend(form.iter().map(|form| (*form).to_owned()));
            let (raw, home) = aside(move || (shown(&home, &arguments), home)).await;
            assert_plain(&format!("{what} {form:?}"), &raw);
            if what == "an answer" && form.is_empty() {
                let text = String::from_utf8(raw).unwrap();
                assert!(SHOWN.iter().all(|part| text.contains(part)), "{text:?}");
            }
            if let Ok(log) = fs::read(home.dir("state").join("retort.log")) {
                assert_plain(&format!("the log of {what}"), &log);
                let log = String::from_utf8(log).unwrap();
                assert!(log.lines().all(|line| line.starts_with("20")), "a line of the log is forged: {log}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_models_is_shown_clean() {
    let home = Home::new();
    let list = format!("{{\"data\":[{{\"id\":{0},\"shutdown_date\":{0}}}]}}", quoted(HOSTILE));
    for arguments in [&["models", "--check"][..], &["doctor"]] {
        let server = Server::start([Script::answer(json("200 OK", &[], &list))]).await;
        settings(&home, &server.url);
        let command: Vec<&str> = [&[PROGRAM][..], arguments].concat();
        let mut pty = Pty::start(&home, &command, &[], 200, 50);
        let raw = aside(move || {
            pty.wait_for_exit();
            pty.raw().to_vec()
        });
        assert_plain(&arguments.join(" "), &raw.await);
    }
}

/// The words of every command there is, `history pin` for one.
fn every_command() -> Vec<String> {
    let mut all = Vec::new();
    for command in Cli::command().get_subcommands() {
        all.push(command.get_name().to_owned());
        all.extend(command.get_subcommands().map(|own| format!("{} {}", command.get_name(), own.get_name())));
    }
    all
}

/// A name of a file, a prompt or a version that says things to a terminal.
const NAME: &str = "evil\x1b]0;t\x07\u{9b}31m\u{202e}";

#[tokio::test(flavor = "multi_thread")]
async fn no_command_lets_a_terminal_obey_what_others_wrote() {
    let home = Home::new();
    let answers = std::iter::repeat_n(event_stream(format!("{}{STOP}", delta(HOSTILE))), 60);
    let server = Server::start(answers.map(Script::answer)).await;
    settings(&home, &server.url);
    aside(move || {
        let all = every_command_with_hostile_arguments(&home);
        for command in every_command() {
            let tried = all.iter().any(|row| row.join(" ").starts_with(&command));
            assert!(tried, "`retort {command}` is not among those tried here");
        }
        for arguments in all {
            assert_plain(&format!("{arguments:?}"), &shown(&home, &arguments));
        }
    })
    .await;
}

/// Files that others wrote, by their paths, and a run on record.
struct OthersFiles {
    input: String,
    csv: String,
    yaml: String,
    /// A config of promptfoo's that asks for trust.
    asking: String,
    /// Types to make a schema of.
    shape: String,
    /// The run's id.
    id: String,
}

/// Fills a home with files of others and a run on record.
fn others_files(home: &Home) -> OthersFiles {
    let words = quoted("a\x1b[31m\u{9b}31mb\u{202e}c");
    let prompt =
        format!("description = {words}\nsystem = {words}\nuser = \"{{{{ input }}}}\"\nresponse.format = \"text\"\n");
    home.file("work/retort.toml", "");
    home.file(&format!("work/prompts/{NAME}.toml"), &prompt);
    home.file("work/prompts/broken.toml", &format!("user = 1 # \u{9b}31m\u{202e}\n[{}]\n", quoted(HOSTILE)));
    let file = |name: &str, text: &str| home.file(&format!("work/{name}"), text).display().to_string();
    let input = file(&format!("{NAME}.txt"), HOSTILE);
    let cell = format!("\"{}\"", HOSTILE.replace('"', ""));
    let csv = file(&format!("{NAME}.csv"), &format!("input,{cell}\n{cell},x\n"));
    let quote = quoted(HOSTILE);
    let yaml = file(
        "evil.yaml",
        &format!("prompts: [{quote}]\nproviders: [{quote}]\ntests:\n- vars: {{input: {quote}}}\n- {quote}: 1\n"),
    );
    let outside = quoted(&format!("file://../{NAME}.md"));
    let asking = file("asks.yaml", &format!("prompts: [hi]\nproviders: [demo]\ntests: [{{vars: {{a: {outside}}}}}]\n"));
    let shape =
        file("shape.rs", &format!("/// {}\nstruct A {{ a: Odd<{NAME}>, b: {NAME} }}", HOSTILE.replace('\n', " ")));
    // Two versions are on record.
    for system in ["one\u{9b}31m", "two\u{202e}"] {
        home.file("work/prompts/evil.toml", &prompt.replacen(&words, &quoted(system), 1));
        let ran = home.run(&["run", "evil", "-i", &input, "--no-cache"]);
        assert!(ran.out.contains("\x1b[31m"), "{}", ran.err);
    }
    let id = home.run(&["history", "--columns", "run"]).out.lines().nth(1).unwrap().trim().to_owned();
    OthersFiles { input, csv, yaml, asking, shape, id }
}

/// Lists what is tried on files of others and a run on record.
fn every_command_with_hostile_arguments(home: &Home) -> Vec<Vec<String>> {
    let OthersFiles { input, csv, yaml, asking, shape, id } = others_files(home);
    let rows = [
        &["run", "evil", "-i", &input][..],
        &["run", "evil", "-i", &input, "--json", "--fresh"],
        &["run", "evil", "-i", &input, "-m", "evil/m", "-m", "demo"],
        &["run", "evil", "-i", &input, "-m", "evil/m", "-m", "demo", "--md"],
        &["run", "evil", "-i", &input, "--samples", "2", "--fresh"],
        &["run", &format!("./prompts/{NAME}.toml"), "-m", "demo", "-i", &input],
        &["run", "broken", "-m", "demo", "-i", &input],
        &["run", "evil", "-m", NAME, "-i", &input],
        &["run", NAME, "-m", "demo", "-i", "nowhere\x1b]0;t\x07"],
        &["run", &format!("--{NAME}")],
        &[NAME],
        &["batch", "evil", &csv],
        &["batch", "evil", &csv, "--json", "--new"],
        &["batch", "evil", &csv, "--dry-run"],
        &["batch", "evil", &csv, "--github", "--new"],
        &["batch", "evil", &format!("{csv}.nowhere")],
        &["batch", "-c", &yaml],
        &["batch", "-c", &asking],
        &["serve", "--checks", NAME],
        &["serve", "--fallback", NAME],
        &["traffic", NAME],
        &["trust", &yaml],
        &["trust", &asking],
        &["trust", &asking, "--yes"],
        &["trust", "--list"],
        &["trust", "--forget", NAME],
        &["history"],
        &["history", "--json"],
        &["history", "--csv"],
        &["history", "--md"],
        &["history", "--columns", "run,input,answer"],
        &["history", NAME],
        &["history", &format!("verdict:{NAME}")],
        &["history", "pin", &id],
        &["history", "unpin", &id],
        &["history", "grade", &id, "--up", "--comment", NAME],
        &["history", "prune", "--older", NAME],
        &["history", "backup", &format!("backup{NAME}")],
        &["history", "restore", &input],
        &["show", &id],
        &["show", &id, "--json"],
        &["show", NAME],
        &["calibrate"],
        &["replay", NAME],
        &["replay", &id, "--speed", "max"],
        &["replay", &id, "--speed", "max", "--fault", "cut", "--json"],
        &["replay", &id, "--write", NAME],
        &["replay", &input],
        &["blind", "--results"],
        &["blind", NAME],
        &["blind", "--results", "--json"],
        &["blind", "--reveal", "--export", NAME],
        &["calibrate", "--of", NAME, "--by", NAME],
        &["quality"],
        &["quality", "--json"],
        &["quality", "--md"],
        &["quality", "--prometheus"],
        &["quality", "--by", "version"],
        &["score", "evil", "--dry-run", "--json"],
        &["score", "evil", "--dry-run"],
        &["import", NAME],
        &["import", &input, "--preview"],
        &["chat", "evil", "-m", "demo:echo"],
        &["chat", NAME],
        &["prompts"],
        &["prompts", "list"],
        &["prompts", "show", "evil"],
        &["prompts", "show", "broken"],
        &["prompts", "path", NAME],
        &["prompts", "path", "evil"],
        &["prompts", "name", "evil", "1", NAME],
        &["prompts", "versions", "evil"],
        &["prompts", "diff", "evil", "1", "2"],
        &["prompts", "diff", "evil", NAME],
        &["prompts", "restore", "evil", NAME],
        &["prompts", "sample", NAME],
        &["schema", "infer", &input],
        &["schema", "infer", "--from", "rust", &shape],
        &["schema", "infer", "--prompt", "evil"],
        &["schema", "infer", &format!("nowhere{NAME}")],
        &["schema", "check", "evil", "-m", "evil/m"],
        &["schema", "check", NAME, "-m", NAME],
        &["schema", "export", NAME],
        &["models"],
        &["models", "--check"],
        &["keys"],
        &["paths"],
        &["doctor"],
        &["cache", "stats"],
        &["cache", "clear"],
        &["completions", "bash"],
        &["man"],
    ];
    let mut rows = words(&rows);
    rows.extend(every_command_on_prompts(&csv, &yaml));
    rows.extend(every_command_of_the_lab(&csv));
    // What deletes the run comes last.
    rows.extend(words(&[&["history", "delete", &id, "--yes"]]));
    rows
}

/// Lists what is tried on prompts that are written for others.
fn every_command_on_prompts(csv: &str, yaml: &str) -> Vec<Vec<String>> {
    words(&[
        &["prompts", "judge", NAME][..],
        &["prompts", "judge", NAME, "--test"],
        &["prompts", "judge", "factuality", "--as", NAME],
        &["prompts", "tools", "evil"],
        &["prompts", "tools", "evil", "--from", NAME],
        &["prompts", "tools", "evil", "--mcp", NAME],
        &["prompts", "export", "evil"],
        &["prompts", "export", "evil", "--as", "python", "-m", "gpt-4o-mini"],
        &["prompts", "export", "evil", "--as", "dotprompt"],
        &["prompts", "export", "evil", "--data", csv],
        &["prompts", "import", yaml],
    ])
}

/// Lists what is tried on the lab and on baselines.
fn every_command_of_the_lab(csv: &str) -> Vec<Vec<String>> {
    words(&[
        &["improve", "evil", csv, "--dry-run"],
        &["improve", "evil", csv, "--by", NAME],
        &["improve", NAME, NAME],
        &["ablate", "evil", csv, "--dry-run"],
        &["ablate", NAME, NAME],
        &["bisect", "evil", csv, "--good", NAME, "--bad", NAME],
        &["review"],
        &["review", "evil"],
        &["review", "evil", "--json"],
        &["review", "evil", "--all"],
        &["review", "evil", "--check"],
        &["review", "evil", "--accept", NAME],
        &["review", NAME],
        &["batch", "evil", csv, "--against-baseline"],
        &["rows", "from-history"],
        &["rows", "from-history", NAME],
        &["rows", "from-history", "--out", NAME],
        &["rows", "generate", "evil", "--by", NAME],
        &["rows", "generate", "evil", "--by", "evil/m", "--max-calls", "1"],
        &["rows", "generate", NAME, "--out", NAME],
        &["rows", "review", NAME],
        &["drift"],
        &["drift", "--json"],
        &["drift", "--run"],
        &["drift", NAME],
    ])
}

fn words(rows: &[&[&str]]) -> Vec<Vec<String>> {
    rows.iter().map(|row| row.iter().map(|word| (*word).to_owned()).collect()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bench_shows_hostile_text_and_obeys_none_of_it() {
    let error = format!("{{\"error\":{{\"message\":{}}}}}", quoted(HOSTILE));
    for bytes in [event_stream(format!("{}{STOP}", delta(HOSTILE))), json("400 Bad Request", &[], &error)] {
        let home = Home::new();
        let server = Server::start([Script::answer(bytes)]).await;
        settings(&home, &server.url);
        aside(move || {
            let mut pty = Pty::start(&home, &[PROGRAM], &[], 160, 50);
            pty.wait_for("sentiment");
            pty.wait_until("raw keys", Pty::is_raw);
            pty.send(F5);
            pty.wait_until("an end", Pty::has_ended);
            pty.send("o");
            pty.settle(Duration::from_millis(300));
            let text = String::from_utf8(pty.raw().to_vec()).unwrap();
            for obeyed in
                ["\x1b]52", "\x1b]8", "\x1b]0;title", "\u{9b}", "\u{9d}", "\u{202e}", "\u{2066}", "\0", "\x1bP", "\x07"]
            {
                assert!(!text.contains(obeyed), "{obeyed:?} reaches the terminal");
            }
        })
        .await;
    }
}

/// Reads all the child says and gives it with the child's largest resident size in bytes.
fn measured(mut child: Child) -> (Option<i32>, Vec<u8>, String, u64) {
    let status = format!("/proc/{}/status", child.id());
    let mut error = child.stderr.take().unwrap();
    let words = std::thread::spawn(move || {
        let mut text = String::new();
        error.read_to_string(&mut text).unwrap();
        text
    });
    let mut out = child.stdout.take().unwrap();
    let (mut all, mut piece, mut peak) = (Vec::new(), vec![0; 64 * 1024], 0);
    let mut look = || {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let size = line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
        peak = peak.max(size.unwrap_or(0) * 1024);
    };
    while let Ok(count @ 1..) = out.read(&mut piece) {
        all.extend_from_slice(&piece[..count]);
        look();
    }
    // Standard output is open until the end: the size has grown to its last by now, or nearly.
    let code = loop {
        look();
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
        std::thread::park_timeout(Duration::from_millis(2));
    };
    (code, all, words.join().unwrap(), peak)
}

fn child(home: &Home, arguments: &[String]) -> Child {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    home.command(&arguments).stdin(Stdio::null()).spawn().unwrap()
}

/// What a run may hold: the largest answer in a few forms.
#[cfg(target_os = "linux")]
const MEMORY: u64 = 700 * 1024 * 1024;

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn large_answers_come_through_whole_and_over_the_cap_they_are_cut() {
    const MIB: usize = 1024 * 1024;
    let piece = "x".repeat(MIB);
    let stream = |deltas: usize, text: &str, end: &str| {
        let mut script = Script::default().then(Step::Expect).send(stream_head());
        for _ in 0..deltas {
            script = script.send(chunk(delta(text)));
        }
        script.send(chunk(end)).send(last_chunk())
    };
    let line = "y".repeat(10 * MIB);
    let raised = "[limits]\nmax_answer_bytes = 100000000\nmax_answers_bytes = 100000000\n";
    for (what, script, code, bytes, words) in [
        ("50 MB", stream(50, &piece, STOP), 0, 50 * MIB, "unchecked"),
        ("a line of 10 MB", stream(1, &line, STOP), 0, 10 * MIB, "unchecked"),
        ("over the cap of what is received", stream(66, &piece, STOP), 4, 63 * MIB, "larger than 64 MiB"),
        ("over the limit", stream(10, &piece, STOP), 4, 8 * MIB, "larger than 8 MB"),
        ("an event over the cap", stream(1, &"z".repeat(17 * MIB), STOP), 1, 0, "larger than 16 MiB"),
        (
            "a head without end",
            Script::answer(format!("HTTP/1.1 200 OK\r\nx: {}", "h".repeat(8 * MIB))),
            1,
            0,
            "too large",
        ),
    ] {
        let home = Home::new();
        let server = Server::start([script]).await;
        settings(&home, &server.url);
        if !what.contains("limit") {
            let config = home.dir("config").join("config.toml");
            let text = fs::read_to_string(&config).unwrap();
            fs::write(config, text + raised).unwrap();
        }
        let arguments = run(&home);
        let (ended, out, shown, peak) = aside(move || measured(child(&home, &arguments))).await;
        assert_eq!((ended, out.len()), (Some(code), bytes), "{what}: {shown}");
        assert!(shown.contains(words), "{what}: {shown}");
        assert!(peak < MEMORY, "{what}: {} MiB", peak / MIB as u64);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_gets_every_byte() {
    let home = Home::new();
    let server = Server::start([Script::answer(event_stream(format!("{}{STOP}", delta(HOSTILE))))]).await;
    settings(&home, &server.url);
    let arguments = run(&home);
    let (_, out, words, _) = aside(move || measured(child(&home, &arguments))).await;
    assert_eq!(String::from_utf8(out).unwrap(), HOSTILE);
    assert_plain("standard error", words.as_bytes());
}
