//! A disk without room: what was paid for is on record or on standard output, and nothing more is asked.

use std::{collections::BTreeSet, process::Command};

use rusqlite::Connection;

use crate::support::{
    home::{Home, PROGRAM, Ran},
    server::{Script, Server, event_stream},
};

fn answer() -> Script {
    let text = "zebra ".repeat(400);
    Script::answer(event_stream(format!(
        "data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\ndata: {{\"choices\":[{{\"delta\":{{}},\
         \"finish_reason\":\"stop\"}}]}}\n\ndata: [DONE]\n\n"
    )))
}

fn home(server: &Server) -> Home {
    let home = Home::new();
    home.file(
        "config/config.toml",
        &format!(
            "[retry]\nattempts = 1\n[providers.own]\nkind = \"openai\"\nbase_url = \"{}/v1\"\n[models.m]\nprovider = \
             \"own\"\nmodel = \"m\"\n",
            server.url
        ),
    );
    home.file("config/prompts/p.toml", "[response]\nformat = \"text\"\n");
    let rows: Vec<String> = (1..=400).map(|row| format!("row {row}")).collect();
    home.file("work/rows.txt", &rows.join("\n"));
    home
}

/// The program where no file may be larger than so many blocks of 512 bytes, as if the disk were full.
fn cramped(home: &Home, blocks: u32, arguments: &[&str]) -> Command {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let mut command = Command::new("/bin/dash");
    command.args(["-c", &script, PROGRAM]).args(arguments);
    command.env_clear().envs(home.environment()).current_dir(home.dir("work")).stdin(std::process::Stdio::null());
    command
}

async fn ran(mut command: Command) -> Ran {
    tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap())).await.unwrap()
}

fn recorded(home: &Home) -> BTreeSet<u64> {
    let db = Connection::open(home.dir("data").join("retort.db")).unwrap();
    let mut rows = db.prepare("SELECT row FROM cell JOIN run ON run.seq = cell.run WHERE run.end = 'done'").unwrap();
    let rows = rows.query_map([], |row| row.get::<_, i64>(0)).unwrap();
    rows.map(|row| u64::try_from(row.unwrap()).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_ends_a_batch_and_no_answer_that_was_paid_for_is_lost() {
    if !std::path::Path::new("/bin/dash").exists() {
        return;
    }
    let server = Server::start((0..900).map(|_| answer())).await;
    let home = home(&server);
    let arguments = ["batch", "p", "rows.txt", "--format", "lines", "-m", "m", "-j", "8", "--no-cache"];
    let run = ran(cramped(&home, 3000, &arguments)).await;
    assert_eq!(run.code, Some(1), "{}", run.err);
    assert!(run.err.contains("retort.db") && run.err.contains("the same command goes on"), "{}", run.err);
    let unrecorded: BTreeSet<u64> = run
        .out
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|line| line["event"] == "unrecorded")
        .map(|line| {
            assert!(line["answer"].as_str().is_some_and(|text| text.starts_with("zebra")), "with its answer: {line}");
            line["row"].as_u64().unwrap()
        })
        .collect();
    assert!(!unrecorded.is_empty() && run.err.contains("could not be recorded"), "{}", run.err);
    let (kept, sent) = (recorded(&home), server.requests().len());
    assert!(!kept.is_empty() && sent < 400, "{} kept, {sent} asked", kept.len());
    assert!(kept.is_disjoint(&unrecorded), "each is told once");
    assert_eq!(kept.len() + unrecorded.len(), sent, "what was paid for is on record or told: {}", run.err);
    let run = ran(home.command(&arguments)).await;
    assert_eq!(run.code, Some(0), "{}", run.err);
    assert_eq!((recorded(&home).len(), server.requests().len()), (400, 400 + unrecorded.len()), "{}", run.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_cannot_be_recorded_is_shown_with_a_warning() {
    if !std::path::Path::new("/bin/dash").exists() {
        return;
    }
    let server = Server::start((0..4).map(|_| answer())).await;
    let home = home(&server);
    home.file("work/input.txt", "hello");
    for blocks in [0, 16] {
        let run = ran(cramped(&home, blocks, &["run", "p", "-m", "m", "-i", "input.txt", "--no-cache"])).await;
        assert_eq!(run.code, Some(0), "{}", run.err);
        assert!(run.out.starts_with("zebra"), "{}", run.out);
        assert!(run.err.contains("not recorded") && run.err.contains("retort.db"), "{}", run.err);
    }
}
