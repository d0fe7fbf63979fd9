//! A terminal for the program: a pty with a parser behind it that shows what a person would see.

use std::{
    io::{Read as _, Write},
    num::NonZeroU16,
    sync::mpsc::{
        Receiver, RecvTimeoutError, {self},
    },
    thread::{
        JoinHandle, {self},
    },
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use rustix::{
    process::{Pid, Signal, kill_process},
    termios::{LocalModes, Termios, tcgetattr},
};

use super::{
    clusters::{ClusterScreen, Widths},
    home::{Home, PROGRAM},
};

/// How long a condition may take to come true before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// What no program writes.
const LAST: &[u8] = b"\x01\x02the last of it\x02\x01";

/// A program in a terminal.
pub(crate) struct Pty {
    master: Box<dyn MasterPty + Send>,
    child: Running,
    keyboard: Box<dyn Write + Send>,
    bytes: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    raw: Vec<u8>,
    tty: std::fs::File,
    before: Termios,
    reader: JoinHandle<()>,
}

impl Pty {
    /// Starts the workbench on a screen of 120 columns and 40 rows.
    pub(crate) fn workbench(home: &Home) -> Self {
        Self::start(home, &[PROGRAM], &[], 120, 40)
    }

    /// Starts any command line with further environment on a screen of any size.
    pub(crate) fn start(home: &Home, command: &[&str], environment: &[(&str, &str)], columns: u16, rows: u16) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let tty_path = pair.master.tty_name().unwrap();
        let tty = std::fs::File::options().read(true).write(true).open(&tty_path).unwrap();
        let before = tcgetattr(&tty).unwrap();
        let mut builder = CommandBuilder::new(command[0]);
        builder.args(&command[1..]);
        builder.env_clear();
        for (name, value) in home.environment() {
            builder.env(name, value);
        }
        builder.env("TERM", "xterm-256color");
        for (name, value) in environment {
            builder.env(name, value);
        }
        builder.cwd(home.dir("work"));
        let child = Running(pair.slave.spawn_command(builder).unwrap());
        let keyboard = pair.master.take_writer().unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (send, bytes) = mpsc::channel();
        let reader = thread::spawn(move || {
            let mut buffer = [0; 16 * 1024];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if send.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let parser = vt100::Parser::new(cells(rows), cells(columns), 0);
        Self { master: pair.master, child, keyboard, bytes, parser, raw: Vec::new(), tty, before, reader }
    }

    /// Returns what the screen shows, line by line.
    pub(crate) fn text(&self) -> String {
        self.parser.screen().contents()
    }

    /// Counts the lanes on the screen whose title says that every check passed.
    pub(crate) fn passed(&self) -> usize {
        let text = self.text();
        (1..=9).map(|all| text.matches(&format!("✓ {all}/{all} ")).count()).sum()
    }

    /// Tells whether a lane on the screen shows how its run ended.
    pub(crate) fn has_ended(&self) -> bool {
        let text = self.text();
        let counted = |mark: &str| {
            let of = |rest: &str| rest.chars().take(3).collect::<String>();
            let starts = text.match_indices(mark).filter_map(|(at, found)| text.get(at + found.len()..));
            let mut heads = starts.map(of);
            heads.any(|head| head.starts_with(|c: char| c.is_ascii_digit()) && head.contains('/'))
        };
        ["run again", "unchecked", "cut off", "─ ! ", "━ ! "].iter().any(|word| text.contains(word))
            || ["✓ ", "✗ ", "○ "].into_iter().any(counted)
    }

    /// Returns the screen.
    pub(crate) fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// Returns every byte the program has written to the terminal.
    pub(crate) fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Returns what a terminal shows that takes clusters to be as wide as it does; none of the rows are trimmed.
    pub(crate) fn clusters(&self, widths: Widths) -> Vec<String> {
        let (rows, columns) = self.parser.screen().size();
        let mut screen = ClusterScreen::new(usize::from(columns.get()), usize::from(rows.get()), widths);
        screen.feed(&String::from_utf8_lossy(&self.raw));
        screen.lines()
    }

    /// Closes the terminal, as a window does.
    pub(crate) fn hang_up(self) -> Lost {
        let Self { master, child, keyboard, bytes, tty, reader, .. } = self;
        // The thread that reads holds the terminal open, too. It sees that nobody listens when it is drawn anew.
        drop(bytes);
        master.resize(PtySize { rows: 30, cols: 100, pixel_width: 0, pixel_height: 0 }).unwrap();
        reader.join().unwrap();
        drop((tty, keyboard, master));
        Lost { child }
    }

    /// Types.
    pub(crate) fn send(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Waits until the screen shows a text.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) {
        self.wait_until(text, |pty| pty.text().contains(text));
    }

    /// Waits until something is so; `what` names it where it does not come.
    #[track_caller]
    pub(crate) fn wait_until(&mut self, what: &str, mut so: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !so(self) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.bytes.recv_timeout(left.min(Duration::from_millis(20))) {
                Ok(bytes) => self.take(&bytes),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) if !left.is_zero() => {
                    // The condition may also be about the child or its files.
                    thread::park_timeout(Duration::from_millis(5));
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("`{what}` did not come; the screen shows:\n{}", self.text())
                }
            }
        }
    }

    /// Reads until nothing has come for a while, to say that something did not happen.
    pub(crate) fn settle(&mut self, quiet: Duration) {
        while let Ok(bytes) = self.bytes.recv_timeout(quiet) {
            self.take(&bytes);
        }
    }

    /// Changes the size.
    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        self.master.resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).unwrap();
        self.parser.screen_mut().set_size(cells(rows), cells(columns));
    }

    /// Returns the child's process id.
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.0.process_id().unwrap()).unwrap()).unwrap()
    }

    /// Sends the child a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Waits for the child to end and for its last bytes.
    #[track_caller]
    pub(crate) fn wait_for_exit(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            assert!(Instant::now() < deadline, "it does not end; the screen shows:\n{}", self.text());
            if let Ok(bytes) = self.bytes.recv_timeout(Duration::from_millis(5)) {
                self.take(&bytes);
            }
            if let Some(status) = self.child.0.try_wait().unwrap() {
                break status;
            }
        };
        // What the child wrote last lies before what is written now.
        self.tty.write_all(LAST).unwrap();
        let mut rest = Vec::new();
        while !rest.ends_with(LAST) {
            rest.extend(self.bytes.recv_timeout(PATIENCE).unwrap());
        }
        rest.truncate(rest.len() - LAST.len());
        self.take(&rest);
        status
    }

    /// Fails unless the terminal is as it was before the program: cooked, on its own screen, with
    /// its cursor, and with nothing reported that nobody asked for.
    #[track_caller]
    pub(crate) fn assert_sane(&self) {
        let now = tcgetattr(&self.tty).unwrap();
        assert_eq!(now.local_modes, self.before.local_modes, "the terminal is left raw");
        assert_eq!(now.input_modes, self.before.input_modes, "the terminal is left raw");
        assert_eq!(now.output_modes, self.before.output_modes, "the terminal is left raw");
        let screen = self.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is left");
        assert!(!screen.bracketed_paste(), "bracketed paste is left on");
        assert!(!screen.hide_cursor(), "the cursor is left hidden");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None, "mouse reports are left on");
        for (on, off) in [("\x1b[?1004h", "\x1b[?1004l"), ("\x1b[?2026h", "\x1b[?2026l"), ("\x1b[?7l", "\x1b[?7h")] {
            assert!(self.last(on) <= self.last(off), "{on:?} is not undone by {off:?}");
        }
    }

    /// Tells whether the terminal is raw: keys come one by one and are not echoed.
    pub(crate) fn is_raw(&self) -> bool {
        !tcgetattr(&self.tty).unwrap().local_modes.intersects(LocalModes::ICANON | LocalModes::ECHO)
    }

    fn last(&self, sequence: &str) -> Option<usize> {
        self.raw.windows(sequence.len()).rposition(|window| window == sequence.as_bytes())
    }

    fn take(&mut self, bytes: &[u8]) {
        self.raw.extend_from_slice(bytes);
        self.parser.process(bytes);
    }
}

/// A program whose terminal is gone.
pub(crate) struct Lost {
    child: Running,
}

impl Lost {
    /// Waits for the child to end; false if it takes longer.
    pub(crate) fn ends_within(&mut self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while Instant::now() < deadline {
            if self.child.0.try_wait().unwrap().is_some() {
                return true;
            }
            thread::park_timeout(Duration::from_millis(10));
        }
        false
    }
}

/// A child that does not outlive its test.
struct Running(Box<dyn Child + Send + Sync>);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).unwrap()
}
