//! How much memory a server can make the program take: the peak of the process, as the system counts it.

use std::{fs, io::Read as _, process::Stdio, thread};

use crate::support::{
    home::Home,
    server::{Script, Server, Step, chunk, head, stream_head},
};

const MIB: u64 = 1 << 20;

/// Runs a prompt against a script and returns what the program said on standard error, and its
/// peak of resident memory in bytes.
async fn peak(script: Script) -> (String, u64) {
    let home = Home::new();
    let server = Server::start([script]).await;
    let settings =
        format!("[providers.here]\nkind = \"openai\"\nbase_url = \"{}\"\n[retry]\nattempts = 1\n", server.url);
    home.file("config/config.toml", &settings);
    let prompt = home.file("work/p.toml", "user = \"{{ input }}\"\n[response]\nformat = \"text\"\n");
    let input = home.file("work/input.txt", "hello").display().to_string();
    let arguments = ["run", &prompt.display().to_string(), "-i", &input, "-m", "here/m"];
    let mut child = home.command(&arguments).stdout(Stdio::null()).spawn().unwrap();
    tokio::task::spawn_blocking(move || {
        let status = format!("/proc/{}/status", child.id());
        // The mark only rises, so that the last one read is the peak.
        let watch = thread::spawn(move || {
            let mut most = 0;
            while let Some(kib) = high_water(&status) {
                most = kib * 1024;
                thread::yield_now();
            }
            most
        });
        let mut words = String::new();
        child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
        child.wait().unwrap();
        (words, watch.join().unwrap())
    })
    .await
    .unwrap()
}

/// The most that was resident, in KiB; none once the process has ended.
fn high_water(status: &str) -> Option<u64> {
    let text = fs::read_to_string(status).ok()?;
    text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().trim_end_matches(" kB").parse().ok()
}

fn event(text: &str) -> Vec<u8> {
    chunk(format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n"))
}

#[tokio::test(flavor = "multi_thread")]
#[allow(clippy::print_stderr, reason = "the numbers")]
async fn no_server_makes_the_program_take_more_than_its_caps_allow() {
    let piece = "a".repeat(MIB as usize);
    let idle = peak(Script::answer(b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n".to_vec())).await.1;
    let header = format!("x-endless: {}\r\n", "h".repeat(16 * 1024));
    let headers = Script::default().then(Step::Expect).send("HTTP/1.1 200 OK\r\n").then(Step::Drip(header.into()));
    let line = Script::answer([stream_head(), chunk("data: ")].concat()).then(Step::Drip(chunk(&piece)));
    let kind = [("content-type", "text/plain"), ("transfer-encoding", "chunked")];
    let body = Script::answer(head("500 Oops", &kind)).then(Step::Drip(chunk(&piece)));
    let answer = Script::answer(stream_head()).then(Step::Drip(event(&piece)));
    let whole = (0..50).fold(Script::answer(stream_head()), |script, _| script.send(event(&piece)));
    let whole =
        whole.send(chunk("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"));
    for (what, script, words, most) in [
        ("headers without end", headers, "", 8 * MIB),
        ("a line without end", line, "too large", 64 * MIB),
        ("an error without end", body, "server error", 16 * MIB),
        ("an answer without end", answer, "max_answer_bytes", 100 * MIB),
        ("an answer of 50 MiB", whole.send(crate::support::server::last_chunk()), "max_answer_bytes", 100 * MIB),
    ] {
        let (text, peak) = peak(script).await;
        let over = peak.saturating_sub(idle);
        eprintln!("{what}: {} MiB over the {} MiB of a short run", over / MIB, idle / MIB);
        assert!(text.contains(words), "{what}: {text}");
        assert!(over < most, "{what}: {over} bytes more than a short run");
    }
}
