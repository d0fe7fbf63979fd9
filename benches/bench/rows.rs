//! A batch from end to end: the program itself over a data set, against a server that answers after 50 ms,
//! with journal, checks, record and cache; how long it takes beside the ideal, its CPU time, its memory.
//!
//! `cargo bench -- rows` takes 1,000 rows; `RETORT_BENCH_ROWS=100000 cargo bench -- rows` as many as that, and with
//! `RETORT_BENCH_LATENCY_MS=0` the server answers at once: the record is what the batch waits for then.

use std::{
    fmt::Write as _,
    fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// How long the server takes for an answer where nothing says otherwise, in milliseconds.
const LATENCY_MS: u64 = 50;

/// Cells under way at once.
const CONCURRENCY: usize = 64;

const ANSWER: &str = "data: {\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"{\\\"sentiment\\\": \
                      \\\"negative\\\", \\\"confidence_score\\\": 0.93}\"}}]}\n\n\
                      data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
                      data: {\"choices\":[],\"usage\":{\"prompt_tokens\":60,\"completion_tokens\":17}}\n\n\
                      data: [DONE]\n\n";

const PROMPT: &str = r#"system = "You label customer messages. Answer as a JSON object."
user = "{{ input }}"
[response]
required = ["sentiment", "confidence_score"]
confidence = "/confidence_score"
min_confidence = 0.7
[response.schema]
type = "object"
properties = { sentiment = { enum = ["positive", "neutral", "negative"] } }
[[check]]
type = "contains"
value = "sentiment"
[[check]]
type = "not-contains"
value = "sorry"
"#;

/// Answers every request of a connection, each after the latency.
async fn serve(mut stream: TcpStream, latency: Duration) -> std::io::Result<()> {
    let mut seen = Vec::new();
    let mut buffer = [0_u8; 16 * 1024];
    loop {
        let head = loop {
            if let Some(at) = memchr::memmem::find(&seen, b"\r\n\r\n") {
                break at + 4;
            }
            match stream.read(&mut buffer).await? {
                0 => return Ok(()),
                count => seen.extend(buffer.iter().take(count)),
            }
        };
        let text = String::from_utf8_lossy(&seen[..head]).to_lowercase();
        let length =
            text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok()).unwrap_or(0);
        while seen.len() < head + length {
            let count = stream.read(&mut buffer).await?;
            seen.extend(buffer.iter().take(count));
        }
        seen.drain(..head + length);
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {}\r\n\r\n{ANSWER}",
            ANSWER.len()
        );
        stream.write_all(answer.as_bytes()).await?;
    }
}

/// The CPU time of children that were waited for, in seconds.
pub(super) fn children_cpu() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = fields.iter().skip(13).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    ticks as f64 / 100.0
}

/// The most memory a process has had resident so far, in MiB.
pub(super) fn peak(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse::<f64>().ok().map(|kib| kib / 1024.0)
}

/// The command of a batch over a data set in a home.
fn batch(home: &std::path::Path, data: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_retort"));
    command.env_clear().current_dir(home).env("HOME", home);
    for name in ["CONFIG", "DATA", "CACHE", "STATE"] {
        command.env(format!("RETORT_{name}_DIR"), home.join(name));
    }
    command.args(["batch", "./label.toml", data, "-m", "m", "-j", &CONCURRENCY.to_string()]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Runs the batch once and prints what it took.
#[divan::bench(sample_count = 1, sample_size = 1)]
fn rows() {
    let number = |name: &str| std::env::var(name).ok().and_then(|number| number.parse::<u64>().ok());
    let rows = number("RETORT_BENCH_ROWS").and_then(|rows| usize::try_from(rows).ok()).unwrap_or(1000);
    let latency = Duration::from_millis(number("RETORT_BENCH_LATENCY_MS").unwrap_or(LATENCY_MS));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            tokio::spawn(serve(stream, latency));
        }
    });
    let home = tempfile::TempDir::new().unwrap();
    let mut data = "input\n".to_owned();
    for row in 0..rows {
        let _ = writeln!(data, "\"Where is my parcel number {row}? I have waited for {} days.\"", row % 30);
    }
    fs::write(home.path().join("rows.csv"), data).unwrap();
    fs::write(home.path().join("label.toml"), PROMPT).unwrap();
    let config = home.path().join("CONFIG");
    fs::create_dir(&config).unwrap();
    let settings = format!(
        "[providers.here]\nkind = \"openai\"\nbase_url = \"{url}\"\n[models.m]\nprovider = \"here\"\nmodel = \"m\"\n"
    );
    fs::write(config.join("config.toml"), settings).unwrap();
    // Whoever runs a batch has run retort before: its databases are there.
    fs::write(home.path().join("one.csv"), "input\nHello\n").unwrap();
    assert!(batch(home.path(), "one.csv").status().unwrap().success());
    let (before, begun) = (children_cpu(), Instant::now());
    let mut child = batch(home.path(), "rows.csv").spawn().unwrap();
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
    let ideal = latency * u32::try_from(rows.div_ceil(CONCURRENCY)).unwrap();
    let db = rusqlite::Connection::open(home.path().join("DATA/retort.db")).unwrap();
    let recorded: i64 = db
        .query_row("SELECT count(*) FROM cell JOIN run ON run.seq = cell.run WHERE run.end = 'done'", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(usize::try_from(recorded).unwrap(), rows + 1, "nothing is lost");
    eprintln!(
        "{rows} rows, {CONCURRENCY} at once: {took:.2?} of {ideal:.2?} ideal, {:.0} rows a second; CPU {:.3} s per 1,000 \
         rows; at most {most:.0} MiB; all on record",
        rows as f64 / took.as_secs_f64(),
        cpu * 1000.0 / rows as f64
    );
}
