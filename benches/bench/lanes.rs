//! Four lanes that stream at full speed into a terminal, and how soon a key is on the screen meanwhile.

use std::{
    io::{Read as _, Write as _},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use tempfile::TempDir;

use crate::server::{Gate, Script, Server, Step, chunk, last_chunk, stream_head};

const LANES: usize = 4;

/// Tokens in each lane.
const TOKENS: usize = 50_000;

/// How long nothing may be painted.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often the same is done at a steady pace, which takes longer.
const STEADY_ROUNDS: usize = 4;

/// Tokens that come at once in each lane, each millisecond, at that pace.
const BURST: usize = 10;

/// How often it is done, so that there are keys enough for a 99th percentile.
const ROUNDS: usize = 12;

const SESSION: &str = r#"version = 1
name = "default"
saved = "2026-11-22T12:00:00Z"
lanes = ["gpt-4o-mini", "gpt-4o", "gpt-4.1", "gpt-4.1-mini"]
[input]
text = ""
[prompt]
user = "Say: {{ input }}"
[prompt.response]
format = "text"
"#;

/// The whole stream of one lane: lines of ten tokens, each with the lane's letter and its number. Each
/// burst waits for the gate, where there is one.
fn script(lane: usize, gate: Option<&Gate>) -> Script {
    let letter = char::from(b'A' + u8::try_from(lane).unwrap());
    let mut script = Script::default().then(Step::Expect).send(stream_head());
    let mut bytes = Vec::new();
    for token in 0..TOKENS {
        let end = if token % 10 == 9 { "\\n" } else { " " };
        let text = format!("{letter}{token:05}{end}");
        bytes
            .extend(chunk(format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")));
        if let Some(gate) = gate.filter(|_| token % BURST == BURST - 1) {
            script = script.then(Step::Wait(gate.clone())).send(std::mem::take(&mut bytes));
        }
    }
    bytes.extend(chunk(
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
    ));
    bytes.extend(last_chunk());
    script.send(bytes)
}

/// The highest number of each lane's letter on the screen.
fn furthest(screen: &str) -> [usize; LANES] {
    let mut most = [0; LANES];
    for word in screen.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() == 6) {
        let lane = usize::from(word.as_bytes()[0].wrapping_sub(b'A'));
        if let (Some(most), Ok(token)) = (most.get_mut(lane), word[1..].parse::<usize>()) {
            *most = (*most).max(token + 1);
        }
    }
    most
}

/// A workbench in a terminal, and what it has painted, with the instant at which each piece came.
struct Bench {
    keyboard: Box<dyn std::io::Write + Send>,
    pieces: mpsc::Receiver<(Instant, Vec<u8>)>,
    parser: vt100::Parser,
    child: Box<dyn portable_pty::Child + Send + Sync>,
}

impl Bench {
    fn start(url: &str, home: &TempDir) -> Self {
        let pair =
            native_pty_system().openpty(PtySize { rows: 50, cols: 200, pixel_width: 0, pixel_height: 0 }).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_retort"));
        command.env_clear();
        for name in ["CONFIG", "DATA", "CACHE", "STATE"] {
            command.env(format!("RETORT_{name}_DIR"), home.path().join(name));
        }
        for (name, value) in [("TERM", "xterm-256color"), ("OPENAI_API_KEY", "k"), ("LANG", "C.UTF-8")] {
            command.env(name, value);
        }
        command.env("OPENAI_BASE_URL", format!("{url}/v1"));
        command.env("OLLAMA_HOST", "http://127.0.0.1:9");
        command.env("HOME", home.path());
        command.cwd(home.path());
        let child = pair.slave.spawn_command(command).unwrap();
        let (keyboard, mut reader) = (pair.master.take_writer().unwrap(), pair.master.try_clone_reader().unwrap());
        let (send, pieces) = mpsc::channel();
        thread::spawn(move || {
            let _master = pair.master;
            let mut buffer = [0; 16 * 1024];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if send.send((Instant::now(), buffer[..count].to_vec())).is_err() {
                    break;
                }
            }
        });
        Self { keyboard, pieces, parser: vt100::Parser::new(cells(50), cells(200), 0), child }
    }

    fn send(&mut self, keys: &str) -> Instant {
        let at = Instant::now();
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
        at
    }

    /// Takes what is painted until the screen is as wanted, and returns when the piece came that made it so.
    fn until(&mut self, what: &str, mut so: impl FnMut(Instant, &str) -> bool) -> Instant {
        loop {
            let Ok((at, piece)) = self.pieces.recv_timeout(PATIENCE) else {
                panic!("{what} did not come: {}", self.parser.screen().contents());
            };
            self.parser.process(&piece);
            if so(at, &self.parser.screen().contents()) {
                return at;
            }
        }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn cells(count: u16) -> std::num::NonZero<u16> {
    std::num::NonZero::new(count).unwrap()
}

/// How a round went.
#[derive(Default)]
struct Round {
    /// From each key to the screen.
    keys: Vec<Duration>,
    /// From the start of the run until each lane showed its last token.
    ends: [Duration; LANES],
    /// How far the lane was that was furthest behind when the first one was done, in tokens.
    behind: usize,
    /// The longest time in which a lane that was not done showed nothing new.
    still: Duration,
}

fn round(url: &str) -> Round {
    let home = TempDir::new().unwrap();
    for (path, text) in
        [("CONFIG/config.toml", "[cache]\nenabled = false\n"), ("CONFIG/sessions/default.toml", SESSION)]
    {
        let path = home.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let mut bench = Bench::start(url, &home);
    bench.until("the bench", |_, screen| screen.contains("gpt-4.1-mini") && screen.contains("NORMAL"));
    // Shift-tab goes from the answers to the input, where typing begins at once.
    bench.send("\x1b[Z");
    bench.until("the input", |_, screen| screen.contains("TYPING"));
    let mut went = Round::default();
    let start = bench.send("\x1b[15~");
    let (mut seen, mut moved, mut letters) = ([0; LANES], [start; LANES], 0);
    let mut chance = 7_u32;
    while seen.iter().any(|seen| *seen < TOKENS) {
        chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        // A letter that is nowhere else, and it is taken back again.
        letters = 1 - letters;
        let sent = bench.send(if letters == 1 { "ж" } else { "\x7f" });
        let pause = Duration::from_micros(u64::from(chance >> 16 & 0x3fff));
        let (mut shown, mut idle) = (None, false);
        bench.until("the key", |at, screen| {
            let now = furthest(screen);
            for lane in 0..LANES {
                if now[lane] > seen[lane] {
                    went.still = went.still.max(at - moved[lane].max(start));
                    (seen[lane], moved[lane]) = (now[lane], at);
                    if now[lane] == TOKENS {
                        went.ends[lane] = at - start;
                        if went.behind == 0 {
                            went.behind = now.iter().copied().min().unwrap_or_default();
                        }
                    }
                }
            }
            idle = seen.iter().all(|seen| *seen == TOKENS);
            if shown.is_none() && screen.chars().filter(|letter| *letter == 'ж').count() == letters {
                shown = Some(at);
            }
            // The next key comes a while after this one is seen, at any point between two frames.
            shown.is_some_and(|shown| idle || at - shown >= pause)
        });
        if !idle {
            went.keys.push(shown.unwrap() - sent);
        }
    }
    went
}

/// As fast as the program takes it.
#[divan::bench(sample_count = 1, sample_size = 1)]
fn four_lanes_at_full_speed() {
    measure(ROUNDS, false);
}

/// Ten thousand tokens a second in each lane, many times what any model does.
#[divan::bench(sample_count = 1, sample_size = 1)]
fn four_lanes_at_a_steady_pace() {
    measure(STEADY_ROUNDS, true);
}

fn measure(rounds: usize, steady: bool) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let gates: [Gate; LANES] = std::array::from_fn(|_| Gate::default());
    let scripts = (0..LANES * rounds).map(|at| script(at % LANES, gates.get(at % LANES).filter(|_| steady)));
    let server = runtime.block_on(Server::start(scripts));
    if steady {
        runtime.spawn(async move {
            let mut beat = tokio::time::interval(Duration::from_millis(1));
            loop {
                beat.tick().await;
                gates.iter().for_each(Gate::open);
            }
        });
    }
    let rounds: Vec<Round> = (0..rounds).map(|_| round(&server.url)).collect();
    let mut keys: Vec<Duration> = rounds.iter().flat_map(|round| round.keys.iter().copied()).collect();
    keys.sort_unstable();
    let at = |share: f64| keys[((keys.len() - 1) as f64 * share) as usize];
    eprintln!("\n{} keys while {LANES} lanes of {TOKENS} tokens stream: on the screen after", keys.len());
    eprintln!("  p50 {:.1?}, p99 {:.1?}, max {:.1?}", at(0.5), at(0.99), at(1.0));
    for Round { ends, behind, still, .. } in rounds {
        eprintln!(
            "  {TOKENS} tokens per lane in {ends:.2?}; the last lane was at {behind} when the first was done, none stood still for more than {still:.0?}"
        );
    }
}
