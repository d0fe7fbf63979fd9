//! Keys: planted from every source, said back by a hostile server in every place it has, and then
//! looked for in everything the program has written.

use std::{
    fs,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use crate::support::{
    home::{Home, PROGRAM},
    pty::Pty,
    server::{Script, Server, event_stream, json, response},
};

/// Shaped like no key anybody knows, so that only knowing it takes it out.
const KEY: &str = "planted+Sentinel/47-11=xyzzy";

/// The key as base64 and percent-encoding write it, and its beginning.
const FORMS: [&str; 5] =
    [KEY, "cGxhbnRlZCtTZW50aW5lbC80Ny0xMT14eXp6eQ", "planted%2BSentinel%2F47-11%3Dxyzzy", "planted+Sent", "47-11"];

const PLAIN: &str = "user = \"{{ input }}\"\n";
const F5: &str = "\x1b[15~";

/// Where a key comes from: what settings call it, the environment it needs.
struct Source {
    name: String,
    environment: Vec<(&'static str, &'static str)>,
}

fn sources(home: &Home) -> Vec<Source> {
    let file = key_file(home);
    vec![
        Source { name: "env:PLANTED".to_owned(), environment: vec![("PLANTED", KEY)] },
        Source { name: format!("file:{}", file.display()), environment: vec![] },
        Source { name: format!("cmd:cat {}", file.display()), environment: vec![] },
    ]
}

/// The only file that may hold the key.
fn key_file(home: &Home) -> PathBuf {
    let path = home.dir("work").join("planted.key");
    let mut options = fs::File::options();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(&path).unwrap();
    std::io::Write::write_all(&mut &file, KEY.as_bytes()).unwrap();
    path
}

fn settings(home: &Home, kind: &str, url: &str, source: &str) {
    home.file(
        "config/config.toml",
        &format!(
            "default_model = \"echo/m\"\n[providers.echo]\nkind = \"{kind}\"\nbase_url = \"{url}\"\n\
             api_keys = [{source:?}]\n[retry]\nattempts = 1\n"
        ),
    );
    fs::set_permissions(home.dir("config"), fs::Permissions::from_mode(0o700)).unwrap();
}

/// Every way in which a server can say a key back.
fn echoes() -> Vec<(&'static str, Vec<u8>)> {
    let (base64, percent) = (FORMS[1], FORMS[2]);
    let message = format!("wrong key {KEY}, in base64 {base64}==, in a link https://host/?k={percent}");
    let error = format!("{{\"error\":{{\"message\":\"{message}\",\"code\":\"{KEY}\",\"param\":\"{KEY}\"}}}}");
    let delta = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\n";
    let stop = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let named = format!(
        "data: {{\"model\":\"{KEY}\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"Hi\"}},\
         \"finish_reason\":\"{KEY}\"}}]}}\n\ndata: [DONE]\n\n"
    );
    let cut = format!("<html>{}{}", "x".repeat(174), KEY);
    let header = [("content-type", "text/event-stream"), ("x-request-id", KEY), ("retry-after", KEY)];
    vec![
        ("401", json("401 Unauthorized", &[("x-request-id", KEY)], &error)),
        ("400", json("400 Bad Request", &[], &error)),
        ("403 in words", response("403 Forbidden", &[("content-type", "text/plain")], &message)),
        ("500 page", response("500 Oops", &[("content-type", "text/html")], format!("<html>{message}"))),
        ("200 page", response("200 OK", &[("content-type", "text/html")], format!("<html>{message}"))),
        ("200 page cut in the key", response("200 OK", &[("content-type", "text/html")], cut)),
        ("200 words", response("200 OK", &[("content-type", "application/json")], &message)),
        ("200 broken JSON", json("200 OK", &[], &format!("{{\"choices\": {KEY}"))),
        ("200 error", json("200 OK", &[], &error)),
        ("redirect", response("302 Found", &[("location", &format!("http://h/{KEY}?{percent}"))], "")),
        ("redirect to a host", response("307 T", &[("location", &format!("http://{}/", "planted+Sentinel"))], "")),
        ("packed", response("200 OK", &[("content-encoding", KEY)], "x")),
        ("reason phrase", response(&format!("418 {KEY}"), &[], "")),
        ("headers", response("200 OK", &header, format!("{delta}{stop}"))),
        ("in the stream", event_stream(format!("{delta}data: {error}\n\n"))),
        ("in the stream at once", event_stream(format!("event: error\ndata: {error}\n\n"))),
        ("broken event", event_stream(format!("{delta}data: {{\"choices\": \"{KEY}\"}}\n\ndata: {KEY}\n\n"))),
        ("names", event_stream(named)),
    ]
}

/// Fails if a text holds the key in any form.
#[track_caller]
fn assert_clean(what: &str, bytes: &[u8]) {
    for form in FORMS {
        let found = bytes.windows(form.len()).position(|window| window == form.as_bytes());
        if let Some(at) = found {
            let around = &bytes[at.saturating_sub(200)..(at + 200).min(bytes.len())];
            panic!("{what} holds `{form}`: {}", String::from_utf8_lossy(around));
        }
    }
}

/// Fails if a file below the home holds the key, or others can read what the program has made.
#[track_caller]
fn assert_disk(home: &Home, what: &str) {
    for path in home.files() {
        if path.ends_with("planted.key") {
            continue;
        }
        assert_clean(&format!("{what}: {}", path.display()), &fs::read(&path).unwrap());
        assert_clean(what, path.to_string_lossy().as_bytes());
        if made_by_the_program(&path) {
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{what}: {}", path.display());
        }
    }
}

fn made_by_the_program(path: &Path) -> bool {
    !path.ends_with("config.toml") && !path.iter().any(|part| part == "work" || part == "home")
}

/// Runs the program and fails if what it prints or writes holds the key.
#[track_caller]
fn assert_silent(home: &Home, what: &str, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let mut command = home.command(&[&["--log-level", "trace"], arguments].concat());
    let output = command.envs(environment.iter().copied()).output().unwrap();
    assert_clean(&format!("{what}: standard output"), &output.stdout);
    assert_clean(&format!("{what}: standard error"), &output.stderr);
    assert_disk(home, what);
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_said_back_is_nowhere() {
    let home = Home::new();
    let input = home.file("work/input.txt", "hello").display().to_string();
    let prompt = home.file("work/p.toml", PLAIN).display().to_string();
    let run = ["run", &prompt, "-i", &input, "--no-cache"];
    let json = [&run[..], &["--json"]].concat();
    let sources = sources(&home);
    for (at, (what, bytes)) in echoes().into_iter().enumerate() {
        let source = &sources[at % sources.len()];
        let kind = if at % 2 == 0 { "openai" } else { "anthropic" };
        for kind in if what == "401" { vec!["openai", "anthropic", "ollama"] } else { vec![kind, "openai"] } {
            let server = Server::start([Script::answer(bytes.clone()), Script::answer(bytes.clone())]).await;
            settings(&home, kind, &server.url, &source.name);
            for arguments in [&run[..], &json[..]] {
                let what = format!("{what} of {kind} with {}", source.name);
                let said = assert_silent(&home, &what, arguments, &source.environment);
                assert!(!said.trim().is_empty(), "{what}");
            }
            let sent = server.requests();
            let holds = |value: &str| value == KEY || value.strip_prefix("Bearer ") == Some(KEY);
            assert!(sent[0].headers.iter().any(|(_, value)| holds(value)), "{what}: the key was not sent: {sent:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_and_the_doctor_name_keys_and_never_show_them() {
    let home = Home::new();
    let list = format!("{{\"data\":[{{\"id\":\"m-{KEY}\",\"shutdown_date\":\"{KEY}\"}},{{\"id\":\"m\"}}]}}");
    let answers = [
        json("200 OK", &[], &list),
        json("401 Unauthorized", &[], &format!("{{\"error\":{{\"message\":\"wrong: {KEY}\"}}}}")),
        response("200 OK", &[("content-type", "text/html")], format!("<html>{KEY}")),
        response("301 Moved", &[("location", &format!("http://h/{KEY}"))], ""),
    ];
    for source in sources(&home) {
        for bytes in &answers {
            for command in [&["models", "--check"][..], &["doctor"]] {
                let server = Server::start([Script::answer(bytes.clone())]).await;
                settings(&home, "openai", &server.url, &source.name);
                let said = assert_silent(&home, &source.name, command, &source.environment);
                assert_eq!(server.requests().len(), 1, "{said}");
            }
        }
    }
}

#[test]
fn a_command_has_the_key_in_its_environment_and_cannot_say_it() {
    let home = Home::new();
    let input = home.file("work/input.txt", "hello").display().to_string();
    let prompt = home.file("work/p.toml", PLAIN).display().to_string();
    for source in sources(&home) {
        for script in [
            "test -n \"$RETORT_API_KEY\" && echo \"bad key $RETORT_API_KEY\" >&2; exit 77",
            "printf 'x%.0s' $(seq 1 8180) >&2; echo \"$RETORT_API_KEY yes\" >&2; exit 1",
            "printf '{\"error\": \"%s\"}' \"$RETORT_API_KEY\"; exit 0",
            "printf '{\"model\": \"%s\", \"text\": \"hi\"}' \"$RETORT_API_KEY\" | base64 >&2; exit 70",
        ] {
            home.file(
                "config/config.toml",
                &format!(
                    "default_model = \"echo\"\n[providers.echo]\nkind = \"command\"\n\
                     command = [\"sh\", \"-c\", {script:?}]\napi_keys = [{:?}]\n[retry]\nattempts = 1\n",
                    source.name
                ),
            );
            let what = format!("`{script}` with {}", source.name);
            assert_silent(&home, &what, &["run", &prompt, "-i", &input, "--json"], &source.environment);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bench_shows_a_refused_key_by_its_label_alone() {
    for (what, bytes) in echoes().into_iter().filter(|(what, _)| ["401", "200 page", "names"].contains(what)) {
        let home = Home::new();
        let server = Server::start((0..4).map(|_| Script::answer(bytes.clone()))).await;
        settings(&home, "openai", &server.url, "env:PLANTED");
        tokio::task::spawn_blocking(move || {
            let command = [PROGRAM, "--log-level", "trace"];
            let mut pty = Pty::start(&home, &command, &[("PLANTED", KEY)], 160, 50);
            pty.wait_for("sentiment");
            pty.wait_until("raw keys", Pty::is_raw);
            pty.send(F5);
            pty.wait_until("an end", |pty| {
                ["! error", "✓ passed", "check failed", "unchecked", "cut off"]
                    .iter()
                    .any(|word| pty.text().contains(word))
            });
            pty.send("o");
            pty.settle(std::time::Duration::from_millis(300));
            assert_clean(what, pty.raw());
            assert_clean(what, pty.text().as_bytes());
            pty.send("\x1b");
            pty.settle(std::time::Duration::from_millis(200));
            pty.send("q");
            pty.wait_for_exit();
            assert_clean(what, pty.raw());
            assert_disk(&home, what);
            assert!(home.dir("data").join("retort.db").exists(), "{what}");
        })
        .await
        .unwrap();
    }
}

#[test]
fn what_is_made_is_its_owners() {
    let home = Home::new();
    for dir in ["config", "data", "cache", "state"] {
        fs::remove_dir(home.dir(dir)).unwrap();
    }
    home.file("config/new/config.toml", "[retry]\nattempts = 1\n");
    let environment: Vec<_> = home
        .environment()
        .into_iter()
        .map(|(name, value)| (name, if name.ends_with("_DIR") { format!("{value}/new") } else { value }))
        .collect();
    let mut command = std::process::Command::new(PROGRAM);
    command.args(["run", "sentiment", "-m", "demo", "-m", "ollama/none", "-i"]);
    command.arg(home.file("work/input.txt", "hello"));
    command.env_clear().envs(environment).current_dir(home.dir("work"));
    let output = command.output().unwrap();
    let made: Vec<_> = home.files().into_iter().filter(|path| made_by_the_program(path)).collect();
    let names: Vec<_> = made.iter().filter_map(|path| path.file_name()?.to_str()).collect();
    for name in ["retort.db", "cache.db", "retort.log"] {
        assert!(names.contains(&name), "{names:?} {}", String::from_utf8_lossy(&output.stderr));
    }
    for path in &made {
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(path), 0o600, "{}", path.display());
        let dir = path.ancestors().find(|dir| dir.ends_with("new")).unwrap();
        assert_eq!(mode(dir), 0o700, "{}", dir.display());
    }
}
