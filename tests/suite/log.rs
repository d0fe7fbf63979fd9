//! The log: a warning for each failed try, an error for each run that failed, and nothing of what
//! was sent or answered unless it is asked for.

use std::fs;

use crate::support::{
    home::Home,
    server::{Script, Server, json},
};

/// What a server says back that was sent to it.
const ECHO: &str = "not now, about your parcel of Thursday";

fn settings(home: &Home, url: &str) {
    let text = format!(
        "[providers.here]\nkind = \"openai\"\nbase_url = \"{url}\"\napi_keys = [\"env:FIRST_KEY\"]\n\
         [retry]\nmin_wait = \"7ms\"\nmax_wait = \"7ms\"\n"
    );
    home.file("config/config.toml", &text);
}

fn refused(status: &str) -> Script {
    let body = format!("{{\"error\":{{\"message\":\"{ECHO}\",\"type\":\"server_error\"}}}}");
    Script::answer(json(status, &[("x-request-id", "req-1")], &body))
}

fn answered() -> Script {
    let body = "{\"choices\":[{\"index\":0,\"message\":{\"content\":\"{}\"},\"finish_reason\":\"stop\"}]}";
    Script::answer(json("200 OK", &[], body))
}

/// Runs a prompt on an input that must not be seen, and returns the exit code and the log.
async fn run(scripts: Vec<Script>, arguments: &[&str]) -> (Option<i32>, String) {
    let home = Home::new();
    let server = Server::start(scripts).await;
    settings(&home, &server.url);
    let prompt = home.file("work/p.toml", "user = \"{{ input }}\"\n").display().to_string();
    let input = home.file("work/input.txt", "Where is my parcel of Thursday?").display().to_string();
    let mut command = home.command(&[&["run", &prompt, "-i", &input, "-m", "here/m"], arguments].concat());
    let output = command.env("FIRST_KEY", "planted-4711").output().unwrap();
    let log = fs::read_to_string(home.dir("state").join("retort.log")).unwrap_or_default();
    (output.status.code(), log)
}

fn lines<'a>(log: &'a str, level: &str) -> Vec<&'a str> {
    log.lines().filter(|line| line.contains(&format!(" {level} "))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_failed_try_is_one_warning_with_class_target_key_and_wait() {
    let scripts = vec![refused("500 Oops"), refused("503 Busy"), answered()];
    let (code, log) = run(scripts, &[]).await;
    assert_eq!(code, Some(0), "{log}");
    let warnings = lines(&log, "WARN");
    assert_eq!((warnings.len(), log.lines().count()), (2, 2), "{log}");
    for (at, status, class) in [(1, "500", "server error"), (2, "503", "overloaded")] {
        let line = warnings[at - 1];
        let attempt = format!("attempt={at}");
        let (status, class) = (format!("status={status}"), format!("class={class}"));
        for part in [class.as_str(), "to=here/m", "env:FIRST_KEY", "7ms", "req-1", &attempt, &status] {
            assert!(line.contains(part), "{part}: {line}");
        }
    }
    assert!(!log.contains("parcel") && !log.contains("4711"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_failed_is_one_error_and_the_levels_say_how_much_is_told() {
    let scripts = || vec![refused("500 Oops"), refused("500 Oops"), refused("500 Oops")];
    let (code, log) = run(scripts(), &[]).await;
    assert_eq!((code, lines(&log, "WARN").len(), lines(&log, "ERROR").len()), (Some(1), 3, 1), "{log}");
    assert!(lines(&log, "ERROR")[0].contains("here/m: server error"), "{log}");
    assert!(!log.contains("parcel"), "{log}");
    let (_, errors) = run(scripts(), &["--log-level", "error"]).await;
    assert_eq!((errors.lines().count(), lines(&errors, "ERROR").len()), (1, 1), "{errors}");
    let (_, requests) = run(scripts(), &["--log-level", "debug"]).await;
    assert!(requests.contains(ECHO) && !requests.contains("4711"), "{requests}");
    let (_, none) = run(scripts(), &["--log-level", "off"]).await;
    assert_eq!(none, "");
}
