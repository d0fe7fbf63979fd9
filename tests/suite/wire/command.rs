//! External commands: what they are given, what their output and their end mean, and that nothing
//! they started outlives the call.
#![cfg(unix)]

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt;
use retort::{
    model::{CallError, ErrorKind, Timer, Wire::Command},
    provider::{Backend, Call, Providers, WireEvent},
};
use tokio::time::timeout;

use super::{SENTINEL, call, summary, target};

const LONG: Duration = Duration::from_secs(20);

fn shell(script: &str) -> Call {
    let mut call = call(target(Command, ""));
    call.target.base_url = None;
    call.target.command = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
    call
}

fn backend() -> Arc<Providers> {
    let environment = [("PATH", "/usr/bin:/bin"), ("LC_ALL", "C")];
    let environment = environment.map(|(name, value)| (name.into(), value.into())).into();
    Arc::new(Providers::new([("test".to_owned(), environment)].into(), 1))
}

async fn run(call: Call) -> (String, Option<CallError>) {
    let mut stream = backend().call(call);
    let (mut events, mut error) = (Vec::new(), None);
    while let Some(item) = timeout(LONG, stream.next()).await.expect("an end") {
        match item {
            Ok(event) => events.push(event),
            Err(last) => error = Some(last),
        }
    }
    (summary(&events, error.as_ref()), error)
}

#[tokio::test]
async fn the_request_comes_on_standard_input_and_text_goes_out_as_it_is() {
    let (answer, _) = run(shell("cat")).await;
    let text = answer.strip_prefix("text ").unwrap().strip_suffix(" | finish stop | end").unwrap();
    let request: serde_json::Value = serde_json::from_str(text).unwrap();
    assert_eq!(request["model"], "some-model");
    assert_eq!(request["messages"][1]["content"], "Hi");
    assert_eq!(request["format"], "text");
}

#[tokio::test]
async fn events_are_read_as_events() {
    let (answer, _) =
        run(shell(r#"echo '{"text":"Hi"}'; echo '{"usage":{"output":2}}'; echo '{"finish":"length"}'"#)).await;
    assert_eq!(answer, "text Hi | usage out=2 | finish length | end");
    let (answer, _) = run(shell(r#"echo '{"text":"Hi"}'; echo '{"error":{"message":"Overloaded"}}'"#)).await;
    assert_eq!(answer, "text Hi | fault overloaded");
}

#[tokio::test]
async fn the_environment_is_the_one_given_and_the_key() {
    let (answer, _) = run(shell("env | grep -v -e ^PWD -e ^SHLVL -e ^_= -e ^OLDPWD | cut -d= -f1 | sort")).await;
    assert_eq!(answer, "text LC_ALL\nPATH\nRETORT_API_KEY\n | finish stop | end");
}

#[tokio::test]
async fn the_exit_code_has_a_class_and_standard_error_a_say() {
    let classes = [
        (1, ErrorKind::Unknown),
        (64, ErrorKind::CallerFault),
        (65, ErrorKind::CallerFault),
        (69, ErrorKind::Transient),
        (75, ErrorKind::Transient),
        (77, ErrorKind::Credential),
        (124, ErrorKind::Timeout(Timer::Total)),
        (137, ErrorKind::Timeout(Timer::Total)),
    ];
    for (code, class) in classes {
        let (_, error) = run(shell(&format!("echo some; echo \"why: $RETORT_API_KEY\" >&2; exit {code}"))).await;
        let error = error.unwrap();
        assert_eq!(error.class, class, "{code}");
        assert!(error.message.contains("why: [key]") && !error.message.contains(SENTINEL), "{error}");
    }
    let (_, error) = run(shell("kill -9 $$")).await;
    assert_eq!(error.unwrap().class, ErrorKind::Timeout(Timer::Total));
}

#[tokio::test]
async fn a_command_that_cannot_be_started_is_said_with_its_place() {
    let mut missing = shell("");
    missing.target.command = vec!["/nonexistent/program".to_owned()];
    let (_, error) = run(missing).await;
    let error = error.unwrap();
    assert_eq!(error.class, ErrorKind::NotAnApi);
    assert!(error.message.contains("[providers.test]"), "{error}");
    let mut none = shell("");
    none.target.command = Vec::new();
    let (_, error) = run(none).await;
    assert!(error.unwrap().message.contains("command = "));
}

#[tokio::test]
async fn standard_error_without_end_is_kept_by_its_tail() {
    let (_, error) = run(shell("head -c 300000 /dev/zero | tr '\\0' x >&2; exit 1")).await;
    assert!(error.unwrap().message.chars().count() <= 500);
}

/// Starts a command that tells its process id and the one of a child of its own.
async fn started(script: &str) -> (retort::provider::WireStream, Vec<i32>) {
    let mut stream = backend().call(shell(script));
    let mut text = String::new();
    while !text.ends_with("go\n") {
        if let Some(Ok(WireEvent::Text(more))) = timeout(LONG, stream.next()).await.expect("an end") {
            text.push_str(&more);
        }
    }
    let ids = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    (stream, ids)
}

fn alive(id: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    // A zombie of somebody else's has ended as well.
    !stat.is_empty() && !stat.contains(") Z ")
}

async fn gone(ids: &[i32]) {
    while ids.iter().any(|id| alive(*id)) {
        tokio::task::yield_now().await;
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn dropping_the_stream_ends_the_command_and_what_it_started() {
    let (stream, ids) = started("sleep 600 & echo $$ $!; echo go; wait").await;
    assert_eq!(ids.len(), 2);
    assert!(ids.iter().all(|id| alive(*id)));
    drop(stream);
    timeout(Duration::from_secs(1), gone(&ids)).await.expect("all ended at the first word");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_command_that_ended_leaves_nothing_behind() {
    let (mut stream, ids) = started("sleep 600 >/dev/null 2>&1 & echo $!; echo go").await;
    while timeout(LONG, stream.next()).await.expect("an end").is_some() {}
    timeout(LONG, gone(&ids)).await.expect("the child is gone");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_command_that_will_not_end_is_made_to() {
    let (stream, ids) = started("trap '' TERM; echo $$; echo go; while :; do sleep 600; done").await;
    drop(stream);
    timeout(LONG, gone(&ids)).await.expect("it was killed after the grace");
}
