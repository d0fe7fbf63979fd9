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

/// The key in every form in which it is said back.
const FORMS: [&str; 12] = [
    KEY,
    BASE64,
    "planted%2BSentinel%2F47-11%3Dxyzzy",
    "planted%2bSentinel%2f47-11%3dxyzzy",
    r"planted+Sentinel\/47-11=xyzzy",
    r"planted+Sentinel\u002f47-11=xyzzy",
    // `Bearer KEY` and `:KEY`
    "QmVhcmVyIHBsYW50ZWQrU2VudGluZWwvNDctMTE9eHl6enk",
    "OnBsYW50ZWQrU2VudGluZWwvNDctMTE9eHl6enk",
    "planted+",
    "planted+Sent",
    "11=xyzzy",
    "47-11",
];

const BASE64: &str = "cGxhbnRlZCtTZW50aW5lbC80Ny0xMT14eXp6eQ";

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

/// What is secret in a request.
#[derive(Debug, Clone, Copy)]
enum Planted {
    Key,
    Header,
}

impl Planted {
    fn setting(self, source: &str) -> String {
        match self {
            Self::Key => format!("api_keys = [{source:?}]"),
            Self::Header => format!("headers = {{ x-team = {source:?} }}"),
        }
    }

    /// Names the secret as a notice does.
    fn words(self, label: &str) -> String {
        match self {
            Self::Key => format!("key {label}"),
            Self::Header => format!("header x-team ({label})"),
        }
    }
}

fn settings(home: &Home, kind: &str, url: &str, source: &str) {
    settings_with(home, kind, url, &Planted::Key.setting(source));
}

fn settings_with(home: &Home, kind: &str, url: &str, secret: &str) {
    home.file(
        "config/config.toml",
        &format!(
            "default_model = \"echo/m\"\n[providers.echo]\nkind = \"{kind}\"\nbase_url = \"{url}\"\n\
             {secret}\n[retry]\nattempts = 1\n"
        ),
    );
    fs::set_permissions(home.dir("config"), fs::Permissions::from_mode(0o700)).unwrap();
}

/// Every way in which a server can say a key back.
fn echoes() -> Vec<(&'static str, Vec<u8>)> {
    let (base64, percent, lower, slash, unicode) = (BASE64, FORMS[2], FORMS[3], FORMS[4], FORMS[5]);
    let (bearer, colon, begins, ends) = (FORMS[6], FORMS[7], FORMS[8], FORMS[10]);
    let message = format!("wrong key {KEY}, in base64 {base64}==, in a link https://host/?k={percent}");
    let encoded = format!("{lower} {slash} {unicode} {bearer}= Basic {colon}= {begins}… …{ends}");
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
        ("400 encoded", json("400 Bad Request", &[], &format!("{{\"error\":{{\"message\":\"{encoded}\"}}}}"))),
        ("500 encoded", response("500 Oops", &[("content-type", "text/plain")], &encoded)),
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
        let found = memchr::memmem::find(bytes, form.as_bytes());
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
    said_back(Planted::Key).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_said_back_is_nowhere() {
    said_back(Planted::Header).await;
}

async fn said_back(planted: Planted) {
    let home = Home::new();
    let input = home.file("work/input.txt", "hello").display().to_string();
    let prompt = home.file("work/p.toml", PLAIN).display().to_string();
    let run = ["run", &prompt, "-i", &input, "--no-cache"];
    let json = [&run[..], &["--json"]].concat();
    let sources = sources(&home);
    for (at, (what, bytes)) in echoes().into_iter().enumerate() {
        let source = &sources[at % sources.len()];
        let kind = if at % 2 == 0 { "openai" } else { "anthropic" };
        for kind in if what == "401" { vec!["openai", "anthropic", "ollama"] } else { vec![kind] } {
            let server = Server::start([Script::answer(bytes.clone()), Script::answer(bytes.clone())]).await;
            settings_with(&home, kind, &server.url, &planted.setting(&source.name));
            for arguments in [&run[..], &json[..]] {
                let what = format!("{what} of {kind} with {}", source.name);
                let words = assert_silent(&home, &what, arguments, &source.environment);
                assert!(!words.trim().is_empty(), "{what}");
            }
            let sent = server.requests();
            let holds = |value: &str| value == KEY || value.strip_prefix("Bearer ") == Some(KEY);
            assert!(sent[0].headers.iter().any(|(_, value)| holds(value)), "{what}: the key was not sent: {sent:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_and_the_doctor_name_secrets_and_never_show_them() {
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
                for planted in [Planted::Key, Planted::Header] {
                    let server = Server::start([Script::answer(bytes.clone())]).await;
                    settings_with(&home, "openai", &server.url, &planted.setting(&source.name));
                    let words = assert_silent(&home, &source.name, command, &source.environment);
                    let sent = server.requests();
                    assert!(sent.len() == 1 && format!("{sent:?}").contains(KEY), "{words}");
                }
            }
        }
    }
}

/// An answer of two pieces, and its reasoning of two more, that say the key back.
fn told_answers() -> Vec<(&'static str, Vec<u8>)> {
    let (first, second) = KEY.split_at(KEY.len() / 2);
    let delta = |field: &str, text: &str| {
        format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"{field}\":\"{text}\"}}}}]}}\n\n")
    };
    let stop = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let answer = delta("content", &format!("it is {first}")) + &delta("content", &format!("{second}, as you see"));
    let reasoning = delta("reasoning_content", &format!("they sent {first}"))
        + &delta("reasoning_content", &format!("{second}."))
        + &delta("content", "no [key] of yours");
    let encoded = delta("content", &format!("in base64 it is {BASE64}==, in links {}", FORMS[3]));
    vec![
        ("answer", event_stream(answer + stop)),
        ("reasoning", event_stream(reasoning + stop)),
        ("encoded", event_stream(encoded + stop)),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_says_a_secret_back_is_stored_without_it_and_told_of() {
    let home = Home::new();
    let input = home.file("work/input.txt", "hello").display().to_string();
    let prompt = home.file("work/p.toml", PLAIN).display().to_string();
    let sources = sources(&home);
    for planted in [Planted::Key, Planted::Header] {
        for (at, (what, bytes)) in told_answers().into_iter().enumerate() {
            let source = &sources[at % sources.len()];
            let server = Server::start([Script::answer(bytes)]).await;
            settings_with(&home, "openai", &server.url, &planted.setting(&source.name));
            let what = format!("{what} with {planted:?} of {}", source.name);
            let text = assert_silent(&home, &what, &["run", &prompt, "-i", &input, "--json"], &source.environment);
            let run = text.lines().find_map(|line| {
                serde_json::from_str::<serde_json::Value>(line).ok()?["run"].as_str().map(str::to_owned)
            });
            let shown = assert_silent(&home, &what, &["show", &run.expect(&text)], &[]);
            let label = source.name.split(' ').next().unwrap();
            let words = format!("the answer says the {} back; [key] stands for it", planted.words(label));
            assert!(shown.contains(&words) && shown.contains("[key]"), "{what}: no `{words}` in {shown}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_header_a_provider_is_not_asked() {
    let home = Home::new();
    let input = home.file("work/input.txt", "hello").display().to_string();
    let prompt = home.file("work/p.toml", PLAIN).display().to_string();
    let rows = home.file("work/rows.csv", "input\nhello\n").display().to_string();
    for (source, why) in [
        ("env:NOWHERE", "from env:NOWHERE: the environment variable NOWHERE is not set; export it and start again"),
        ("file:/nowhere", "from file:/nowhere: the file cannot be read"),
        ("cmd:false --token x", "from cmd:false: the command failed"),
    ] {
        let server = Server::start([]).await;
        let secret = format!("api_keys = [\"env:PLANTED\"]\n{}", Planted::Header.setting(source));
        settings_with(&home, "openai", &server.url, &secret);
        for arguments in
            [&["run", &prompt, "-i", &input][..], &["batch", &prompt, &rows], &["models", "--check"], &["doctor"]]
        {
            let words = assert_silent(&home, source, arguments, &[("PLANTED", KEY)]);
            let header = "the header `x-team` of provider `echo` cannot be had";
            assert!(words.contains(&format!("{header} {why}")), "{arguments:?}: {words}");
            assert!(words.contains("[providers.echo]"), "{arguments:?}: {words}");
        }
        assert!(server.requests().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_goes_out_whole_and_stands_on_record_by_its_label() {
    let home = Home::new();
    let input = home.file("work/input.txt", "hello").display().to_string();
    let prompt = home.file("work/p.toml", PLAIN).display().to_string();
    let (_, answer) = told_answers().remove(0);
    let server = Server::start([Script::answer(answer)]).await;
    let file = key_file(&home);
    settings_with(
        &home,
        "openai",
        &server.url,
        &format!(
            "headers = {{ Authorization = \"env:BEARER\", x-b = \"cmd:cat {}\", x-c = \"plain\" }}",
            file.display()
        ),
    );
    let bearer = format!("Bearer {KEY}");
    let environment = [("BEARER", bearer.as_str())];
    let words = assert_silent(&home, "run", &["run", &prompt, "-i", &input, "--json"], &environment);
    assert!(words.contains("the answer says the header Authorization (env:BEARER) back"), "{words}");
    let rows = home.file("work/rows.csv", "input\nhello\n").display().to_string();
    let estimate = assert_silent(&home, "estimate", &["batch", &prompt, &rows, "--dry-run"], &environment);
    assert!(estimate.contains("BEARER") && estimate.contains("cmd:cat"), "{estimate}");
    let sent = &server.requests()[0];
    let header = |name: &str| sent.header(name).unwrap_or_default();
    assert_eq!((header("authorization"), header("x-b"), header("x-c")), (bearer.as_str(), KEY, "plain"));
}

#[test]
fn a_secret_header_goes_over_plain_http_to_private_networks_alone() {
    let home = Home::new();
    let input = home.file("work/input.txt", "hello").display().to_string();
    let prompt = home.file("work/p.toml", PLAIN).display().to_string();
    settings_with(&home, "openai", "http://host.example.com/v1", &Planted::Header.setting("env:PLANTED"));
    let words = assert_silent(&home, "plain http", &["run", &prompt, "-i", &input], &[("PLANTED", KEY)]);
    assert!(words.contains("no secret header is sent to host.example.com over plain http"), "{words}");
}

/// Names the variables that a child has printed with `env`, but those that a shell makes.
fn variables(printed: &str) -> Vec<&str> {
    let names = printed.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name);
    let mut names: Vec<_> = names.filter(|name| !["PWD", "OLDPWD", "SHLVL", "_"].contains(name)).collect();
    names.sort_unstable();
    names
}

#[test]
fn commands_see_what_is_on_the_list_and_what_is_named() {
    let home = Home::new();
    let input = home.file("work/input.txt", "hello").display().to_string();
    let prompt = home.file("work/p.toml", PLAIN).display().to_string();
    let work = home.dir("work");
    let print = |name: &str| format!("env > {}", work.join(name).display());
    home.file("work/key.sh", &format!("{}; echo {KEY}", print("key.env")));
    home.file("work/header.sh", &format!("{}; echo team", print("header.env")));
    home.file("work/answer.sh", &format!("{}; echo hi", print("answer.env")));
    home.file(
        "config/config.toml",
        &format!(
            "default_model = \"echo\"\n[providers.echo]\nkind = \"command\"\ncommand = [\"sh\", \"{0}/answer.sh\"]\n\
             api_keys = [\"cmd:sh {0}/key.sh\"]\nheaders = {{ x-team = \"cmd:sh {0}/header.sh\" }}\n\
             env = [\"VAULT_ADDR\", \"NOT_SET\"]\n",
            work.display()
        ),
    );
    let environment = [
        ("VAULT_ADDR", "https://vault"),
        ("OPENAI_API_KEY", KEY),
        ("GITHUB_TOKEN", KEY),
        ("LC_TIME", "C"),
        ("XDG_RUNTIME_DIR", "/run/none"),
        ("SSH_AUTH_SOCK", "/none"),
    ];
    let words = Home::command(&home, &["run", &prompt, "-i", &input]).envs(environment).output().unwrap();
    assert!(words.status.success(), "{}", String::from_utf8_lossy(&words.stderr));
    let shared = ["HOME", "LANG", "LC_TIME", "PATH", "SSH_AUTH_SOCK", "VAULT_ADDR", "XDG_RUNTIME_DIR"];
    for (name, own) in [("key.env", None), ("header.env", None), ("answer.env", Some("RETORT_API_KEY"))] {
        let printed = fs::read_to_string(work.join(name)).unwrap();
        let mut want: Vec<&str> = shared.into_iter().chain(own).collect();
        want.sort_unstable();
        assert_eq!(variables(&printed), want, "{name}");
    }
}

#[test]
fn the_editor_sees_everything_but_the_variables_that_hold_keys() {
    let home = Home::new();
    let printed = home.dir("work").join("editor.env");
    home.file(
        "config/config.toml",
        "[providers.mine]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:9\"\napi_keys = [\"env:PLANTED\"]\n\
         headers = { x-team = \"env:TEAM\" }\n",
    );
    let script = home.file("work/editor.sh", &format!("env > {0}.new; mv {0}.new {0}\n", printed.display()));
    let visual = format!("sh {}", script.display());
    let environment = [
        ("VISUAL", visual.as_str()),
        ("PLANTED", KEY),
        ("TEAM", KEY),
        ("OPENAI_API_KEY", KEY),
        ("ANTHROPIC_API_KEY", KEY),
        ("EDITOR_THEME", "dark"),
    ];
    let mut pty = Pty::start(&home, &[PROGRAM], &environment, 120, 40);
    pty.wait_for("sentiment");
    pty.wait_until("raw keys", Pty::is_raw);
    pty.send("\x1b[Z\x1bOS");
    pty.wait_until("the editor", |_| printed.exists());
    let seen = fs::read_to_string(&printed).unwrap();
    assert_clean("the editor's environment", seen.as_bytes());
    let names = variables(&seen);
    for name in ["EDITOR_THEME", "HOME", "PATH", "RETORT_CONFIG_DIR", "VISUAL"] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    for name in ["PLANTED", "TEAM", "OPENAI_API_KEY", "ANTHROPIC_API_KEY"] {
        assert!(!names.contains(&name), "{name}: {names:?}");
    }
    pty.settle(std::time::Duration::from_millis(300));
    pty.send("\x1b");
    pty.wait_for("NORMAL");
    pty.send("qq");
    pty.wait_for_exit();
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
            pty.wait_until("an end", Pty::has_ended);
            pty.send("o");
            pty.settle(std::time::Duration::from_millis(300));
            assert_clean(what, pty.raw());
            assert_clean(what, pty.text().as_bytes());
            pty.send("\x1b");
            pty.settle(std::time::Duration::from_millis(200));
            pty.send("qq");
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
        .map(|(name, value)| if name.ends_with("_DIR") { (name, format!("{value}/new")) } else { (name, value) })
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
