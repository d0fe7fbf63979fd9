//! A batch through a provider's batch API, from end to end: the program itself over a data set, against scripted APIs that
//! answer every request of a job at the first question; its time, its CPU time, its memory.
//!
//! `RETORT_BENCH_ROWS=1000000 cargo bench -- remote` takes as many rows as that.

use std::{
    fmt::Write as _,
    fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use super::rows::{children_cpu, peak};
use crate::providers::{Batches, Behaviour, Fate};

const ROWS: usize = 20_000;

const PROMPT: &str = r#"system = "You label customer messages. Answer as a JSON object."
user = "{{ input }}"
[response]
required = ["sentiment", "confidence_score"]
confidence = "/confidence_score"
min_confidence = 0.7
[[check]]
type = "contains"
value = "sentiment"
"#;

const ANSWER: &str = r#"{"sentiment": "negative", "confidence_score": 0.93}"#;

/// Runs the job of each vendor once and prints what it took.
#[divan::bench(sample_count = 1, sample_size = 1, args = ["openai", "anthropic", "gemini"])]
fn remote(vendor: &str) {
    let number = std::env::var("RETORT_BENCH_ROWS").ok().and_then(|rows| rows.parse().ok());
    let rows: usize = number.unwrap_or(ROWS);
    let behaviour = Behaviour { fate: Box::new(|_, _| Fate::Answer(ANSWER.to_owned())), ..Behaviour::default() };
    let server = Batches::start(behaviour);
    let home = tempfile::TempDir::new().unwrap();
    let mut data = "input\n".to_owned();
    for row in 0..rows {
        let _ = writeln!(data, "\"Where is my parcel number {row}? I have waited for {} days.\"", row % 30);
    }
    fs::write(home.path().join("rows.csv"), data).unwrap();
    fs::write(home.path().join("label.toml"), PROMPT).unwrap();
    let config = home.path().join("CONFIG");
    fs::create_dir(&config).unwrap();
    let path = match vendor {
        "openai" => "/v1",
        "gemini" => "/v1beta",
        _ => "",
    };
    let settings = format!(
        "[batch]\npoll = \"10ms\"\n[providers.here]\nkind = \"{vendor}\"\nbase_url = \"{}{path}\"\napi_keys = [\"env:KEY\"]\n\
         [models.m]\nprovider = \"here\"\nmodel = \"m\"\ninput_price = 2.0\noutput_price = 4.0\n",
        server.url
    );
    fs::write(config.join("config.toml"), settings).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_retort"));
    command.env_clear().current_dir(home.path()).env("HOME", home.path()).env("KEY", "k");
    for name in ["CONFIG", "DATA", "CACHE", "STATE"] {
        command.env(format!("RETORT_{name}_DIR"), home.path().join(name));
    }
    let way = format!("{vendor}-batch");
    command.args(["batch", "./label.toml", "rows.csv", "-m", "m", "--via", &way]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
    let (before, begun) = (children_cpu(), Instant::now());
    let mut child = command.spawn().unwrap();
    let mut most = 0.0_f64;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        most = most.max(peak(child.id()).unwrap_or(0.0));
        std::thread::sleep(Duration::from_millis(10));
    };
    let (took, cpu) = (begun.elapsed(), children_cpu() - before);
    assert!(status.success(), "{status}");
    let db = rusqlite::Connection::open(home.path().join("DATA/retort.db")).unwrap();
    let passed = "SELECT count(*) FROM cell JOIN run ON run.seq = cell.run WHERE run.end = 'done'";
    let recorded: i64 = db.query_row(passed, [], |row| row.get(0)).unwrap();
    assert_eq!(usize::try_from(recorded).unwrap(), rows, "nothing is lost");
    eprintln!(
        "{rows} rows through {way} in {} jobs: {took:.2?}; CPU {:.3} s per 1,000 rows; at most {most:.0} MiB; all on record",
        server.made().len(),
        cpu * 1000.0 / rows as f64
    );
}
