//! From starting the program to its first painted frame in a terminal.

use std::io::Read as _;

use portable_pty::{Child, CommandBuilder, PtyPair, PtySize, native_pty_system};
use tempfile::TempDir;

/// The end of a synchronised update: the frame is painted.
const PAINTED: &[u8] = b"\x1b[?2026l";

/// A started workbench. Dropping it ends it, outside the measured time.
struct Started {
    child: Box<dyn Child + Send + Sync>,
    _pair: PtyPair,
    _home: TempDir,
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(home: &TempDir) -> CommandBuilder {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_retort"));
    command.env_clear();
    for name in ["CONFIG", "DATA", "CACHE", "STATE"] {
        command.env(format!("RETORT_{name}_DIR"), home.path().join(name));
    }
    command.env("TERM", "xterm-256color");
    command.env("HOME", home.path());
    command.cwd(home.path());
    command
}

#[divan::bench(sample_count = 30, sample_size = 1)]
fn start_to_first_frame(bencher: divan::Bencher<'_, '_>) {
    let size = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };
    bencher.with_inputs(|| (TempDir::new().unwrap(), native_pty_system().openpty(size).unwrap())).bench_local_values(
        |(home, pair)| {
            let mut reader = pair.master.try_clone_reader().unwrap();
            let child = pair.slave.spawn_command(command(&home)).unwrap();
            let (mut seen, mut buffer) = (Vec::new(), [0; 16 * 1024]);
            while !seen.windows(PAINTED.len()).any(|window| window == PAINTED) {
                let count = reader.read(&mut buffer).unwrap();
                assert!(count > 0, "the program ended: {}", String::from_utf8_lossy(&seen));
                seen.extend(buffer.iter().take(count));
            }
            Started { child, _pair: pair, _home: home }
        },
    );
}
