//! No telemetry: whatever is done, the configured hosts are talked to and no other.
//!
//! A proxy is named to the program for every host that is not this machine: what it hears is all that
//! was to leave. Where `strace` runs, every address that any thread connects or sends to is read as well.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use retort::model::{address::is_loopback, vendor::Vendor};

use crate::support::{
    home::{Home, PROGRAM},
    pty::Pty,
    server::{Script, Server, event_stream, json},
};

const F5: &str = "\x1b[15~";
const LIST: &str = "{\"data\":[{\"id\":\"m\"}]}";

/// The program with a proxy in its environment, and under `strace` where that runs.
struct Watched {
    home: Home,
    proxy: String,
    traced: bool,
}

impl Watched {
    fn new(proxy: &Server, base_url: &str) -> Self {
        let home = Home::new();
        home.file(
            "config/config.toml",
            &format!(
                "default_model = \"own/m\"\n[providers.own]\nkind = \"openai\"\nbase_url = \"{base_url}\"\n\
                 [retry]\nattempts = 1\n"
            ),
        );
        home.file("work/rows.csv", "input\nfirst\nsecond\nthird\n");
        home.file("work/p.toml", "user = \"{{ input }}\"\n[response]\nformat = \"text\"\n");
        let quiet = |command: &mut Command| command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        let traced = quiet(Command::new("strace").args(["-f", "-o", "/dev/null", "true"])).is_ok_and(|s| s.success());
        Self { home, proxy: proxy.url.clone(), traced }
    }

    fn environment(&self) -> Vec<(&'static str, &str)> {
        let names = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];
        names.into_iter().map(|name| (name, self.proxy.as_str())).collect()
    }

    fn trace(&self) -> PathBuf {
        self.home.dir("work").join("trace.txt")
    }

    /// The command line, watched.
    fn line(&self, arguments: &[&str]) -> Vec<String> {
        let trace = self.trace().display().to_string();
        let watch = ["strace", "-f", "-e", "trace=network", "-o", &trace];
        let before: &[&str] = if self.traced { &watch } else { &[] };
        [before, &[PROGRAM], arguments].concat().into_iter().map(str::to_owned).collect()
    }

    /// Runs the program to its end.
    fn run(&self, arguments: &[&str], environment: &[(&str, &str)]) {
        let line = self.line(arguments);
        let mut command = Command::new(&line[0]);
        command.args(&line[1..]).env_clear().envs(self.home.environment()).current_dir(self.home.dir("work"));
        command.envs(self.environment()).envs(environment.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(command.status().unwrap().code().is_some(), "{arguments:?}");
    }

    /// Opens the workbench, runs what is on it, and leaves.
    fn bench(&self) {
        let line = self.line(&[]);
        let words: Vec<&str> = line.iter().map(String::as_str).collect();
        let mut pty = Pty::start(&self.home, &words, &self.environment(), 120, 40);
        pty.wait_for("sentiment");
        pty.wait_until("raw keys", Pty::is_raw);
        pty.send(F5);
        pty.wait_until("an end", |pty| {
            ["failed", "passed", "unchecked", "cut"].iter().any(|word| pty.text().contains(word))
        });
        pty.send("\x1b");
        pty.settle(std::time::Duration::from_millis(300));
        pty.send("qq");
        pty.wait_for_exit();
    }

    /// Every address that was connected or sent to, as `ADDRESS:PORT`.
    fn addresses(&self) -> BTreeSet<String> {
        if self.traced { addresses(&self.trace()) } else { BTreeSet::new() }
    }
}

fn addresses(trace: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(trace).unwrap();
    let calls = text.lines().filter(|line| {
        ["connect(", "sendto(", "sendmsg(", "sendmmsg("].iter().any(|call| line.contains(call))
            && line.contains("sa_family=AF_INET")
    });
    let between = |text: &str, before: &str, after: &str| {
        let (_, rest) = text.split_once(before)?;
        rest.split_once(after).map(|(found, _)| found.to_owned())
    };
    let read = |line: &str| {
        let port = between(line, "port=htons(", ")")?;
        let address = between(line, "inet_addr(\"", "\"").or_else(|| between(line, "inet_pton(AF_INET6, \"", "\""))?;
        Some(format!("{address}:{port}"))
    };
    calls.map(|line| read(line).unwrap_or_else(|| line.to_owned())).collect()
}

fn answer() -> Vec<u8> {
    let text = "{\\\"sentiment\\\": \\\"neutral\\\", \\\"confidence_score\\\": 0.9}";
    let delta = format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n");
    let stop = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    event_stream(delta + stop)
}

fn list() -> Vec<u8> {
    json("200 OK", &[("connection", "close")], LIST)
}

/// What every command asks of the one provider, in order: a run, three cells, two lists, and F5 on the bench.
fn scripts() -> Vec<Script> {
    let (runs, lists) = ((0..4).map(|_| answer()), (0..2).map(|_| list()));
    runs.chain(lists).chain([answer()]).map(Script::answer).collect()
}

/// Does everything that talks to a provider.
fn everything(watched: &Watched, mut after: impl FnMut(&str, &Watched)) {
    let input = watched.home.file("work/input.txt", "hello").display().to_string();
    let commands: [&[&str]; 6] = [
        &["run", "p.toml", "-i", &input, "--no-cache"],
        &["batch", "p.toml", "rows.csv", "-j", "1", "--no-cache"],
        &["models", "--check"],
        &["doctor"],
        &["history", "--json"],
        &["quality"],
    ];
    for command in commands {
        watched.run(command, &[]);
        after(&command.join(" "), watched);
    }
    watched.bench();
    after("the workbench", watched);
}

/// The ports of this machine that are asked whether a model is served there.
fn local() -> impl Iterator<Item = String> {
    let host = |url: &'static str| url.trim_start_matches("http://").split('/').next().unwrap().to_owned();
    local_servers().map(move |(_, url)| host(url))
}

/// The servers that are looked for, by title and address.
fn local_servers() -> impl Iterator<Item = (&'static str, &'static str)> {
    let local = Vendor::all().iter().filter(|vendor| vendor.local);
    local.map(|vendor| (vendor.title.as_str(), vendor.base_url.as_deref().unwrap()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_talks_to_the_configured_host_alone() {
    let proxy = Server::start([]).await;
    let server = Server::start(scripts()).await;
    let watched = Watched::new(&proxy, &format!("{}/v1", server.url));
    let own = server.url.trim_start_matches("http://").to_owned();
    tokio::task::spawn_blocking(move || {
        everything(&watched, |what, watched| {
            let heard = watched.addresses();
            // The environment of a test says that Ollama listens on port 9, where nothing does.
            let looks = what == "doctor" || what == "the workbench" || what.starts_with("models");
            let known = |address: &String| {
                *address == own || looks && (address == "127.0.0.1:9" || local().any(|local| local == *address))
            };
            assert!(heard.iter().all(known), "{what} talked to {heard:?}, the provider is {own}");
            let stored = what.starts_with("history") || what == "quality";
            assert!(!watched.traced || heard.contains(&own) != stored, "{what} talked to {heard:?}");
        });
    })
    .await
    .unwrap();
    let paths: Vec<String> = server.requests().iter().map(|request| request.path.clone()).collect();
    let (run, list) = ("/v1/chat/completions", "/v1/models");
    assert_eq!(paths, [run, run, run, run, list, list, run]);
    assert_eq!(proxy.connections(), 0, "{:?}", proxy.requests());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_all_hosts_elsewhere_the_configured_one_alone_is_asked() {
    let proxy = Server::start(scripts()).await;
    let watched = Watched::new(&proxy, "http://models.test/v1");
    tokio::task::spawn_blocking(move || {
        // Nor is a name server asked: that is for the proxy to do.
        everything(&watched, |what, watched| {
            let heard = watched.addresses();
            assert!(heard.iter().all(|address| address.starts_with("127.0.0.1:")), "{what} talked to {heard:?}");
        });
    })
    .await
    .unwrap();
    let sent: Vec<(String, String)> =
        proxy.requests().into_iter().map(|request| (request.method, request.path)).collect();
    let run = ("POST".to_owned(), "http://models.test/v1/chat/completions".to_owned());
    let list = ("GET".to_owned(), "http://models.test/v1/models".to_owned());
    assert_eq!(sent, [&run, &run, &run, &run, &list, &list, &run].map(Clone::clone));
    assert_eq!(proxy.connections(), sent.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendors_host_is_asked_only_with_a_key_for_it() {
    let refusal = || Script::answer(json("502 Bad Gateway", &[("connection", "close")], "{}"));
    for (key, host) in [("OPENAI_API_KEY", "api.openai.com:443"), ("ANTHROPIC_API_KEY", "api.anthropic.com:443")] {
        let proxy = Server::start((0..4).map(|_| refusal())).await;
        let watched = Watched::new(&proxy, "http://127.0.0.1:9/v1");
        tokio::task::spawn_blocking(move || watched.run(&["models", "--check"], &[(key, "planted")])).await.unwrap();
        let sent: Vec<(String, String)> =
            proxy.requests().into_iter().map(|request| (request.method, request.path)).collect();
        assert_eq!(sent, [("CONNECT".to_owned(), host.to_owned())]);
        assert_eq!(proxy.connections(), 1);
    }
}

#[test]
fn servers_are_looked_for_on_this_machine_alone() {
    assert!(local_servers().count() >= 6);
    for (title, url) in local_servers() {
        assert!(is_loopback(url), "{title} at {url}");
    }
}
