//! From a terminal's bytes to events, with a time limit on everything that is begun and not ended.
//!
//! Sequences come in pieces, replies come late, and the end of a paste can be lost on the way. Nothing of
//! that may hold the keyboard or act as a key: what is incomplete is waited for as long as it can
//! still be on its way, then dropped (a paste: taken as it is), and what comes of it even later is
//! recognised by its form. `https://invisible-island.net/xterm/ctlseqs/ctlseqs.html`,
//! `https://sw.kovidgoyal.net/kitty/keyboard-protocol/`.

mod sequence;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};

/// How long an escape may be the beginning of more. Longer would be felt at each press of the key.
const ESCAPE: Duration = Duration::from_millis(50);

/// How long a sequence that is begun may take to go on, over a slow line.
const SEQUENCE: Duration = Duration::from_secs(1);

/// How long a reply of the terminal may take in all: keys typed meanwhile are taken for a part of it.
const REPLY: Duration = Duration::from_secs(3);

/// How long a paste may pause before it is taken for one without an end.
const PASTE: Duration = Duration::from_secs(1);

/// How long the rest of something that was given up is recognised.
const LATE: Duration = Duration::from_secs(10);

/// Bytes that come at once after a paste was given up, from which on they are its rest: nobody types that fast.
const RESUMED: usize = 8;

/// The longest paste that is held together, in bytes.
const MOST: usize = 16 << 20;

/// What is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Keys.
    Ground,
    /// What follows an escape.
    Escape,
    /// A control sequence: parameters and a final character.
    Csi,
    /// One character after `ESC O`.
    Ss3,
    /// A reply that ends with BEL or `ESC \`.
    Reply,
    /// The three bytes of a mouse report of the oldest kind.
    Mouse,
    /// A character of several bytes.
    Character,
    /// A bracketed paste.
    Paste,
}

/// What was given up, for lack of its rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Late {
    Escape,
    Csi,
    Reply,
    Paste,
}

/// Reads events from bytes.
#[derive(Debug)]
pub(super) struct Decoder {
    state: State,
    /// The bytes of what is being read, without its introducer.
    held: Vec<u8>,
    /// Whether an escape came before the sequence, as alt does in some terminals.
    alt: bool,
    /// When what is being read began, and when its last byte came.
    began: Option<Instant>,
    last: Option<Instant>,
    late: Option<(Late, Instant)>,
    /// What had come of a control sequence that was given up.
    given_up: Vec<u8>,
    events: Vec<Event>,
}

impl Default for Decoder {
    fn default() -> Self {
        Self {
            state: State::Ground,
            held: Vec::new(),
            alt: false,
            began: None,
            last: None,
            late: None,
            given_up: Vec::new(),
            events: Vec::new(),
        }
    }
}

/// The end of a bracketed paste.
const PASTE_END: &[u8] = b"\x1b[201~";

impl Decoder {
    /// Takes bytes that came together, and returns the events they complete.
    pub(super) fn feed(&mut self, bytes: &[u8], now: Instant) -> Vec<Event> {
        if self.state == State::Ground {
            self.began = Some(now);
        }
        let mut rest = self.resume(bytes, now);
        while let Some((&byte, after)) = rest.split_first() {
            if self.state == State::Ground {
                self.began = Some(now);
            }
            rest = if self.state == State::Paste {
                self.paste(rest)
            } else {
                self.byte(byte);
                after
            };
        }
        self.last = Some(now);
        std::mem::take(&mut self.events)
    }

    /// Tells when [`Decoder::expire`] is due; never while nothing is begun.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let last = self.last?;
        match self.state {
            State::Ground => None,
            State::Escape => Some(last + ESCAPE),
            // `ESC [`, `ESC O` and `ESC ]` alone can be alt with that character.
            State::Csi | State::Ss3 | State::Mouse | State::Character => Some(last + SEQUENCE),
            State::Reply if self.held.len() == 1 => Some(last + ESCAPE),
            State::Reply => Some((last + SEQUENCE).min(self.began? + REPLY)),
            State::Paste => Some(last + PASTE),
        }
    }

    /// Gives up what has not gone on in time, and returns what is made of it.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<Event> {
        if self.deadline().is_none_or(|due| due > now) {
            return Vec::new();
        }
        let introducer = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::ALT);
        let late = match self.state {
            State::Escape => {
                for _ in 0..=usize::from(self.alt) {
                    self.key(KeyCode::Esc, KeyModifiers::NONE);
                }
                Some(Late::Escape)
            }
            State::Csi => {
                if self.held.is_empty() {
                    self.events.push(Event::Key(introducer('[')));
                }
                self.given_up = std::mem::take(&mut self.held);
                Some(Late::Csi)
            }
            State::Ss3 => {
                self.events.push(Event::Key(introducer('O')));
                Some(Late::Escape)
            }
            State::Reply => {
                if let [only] = *self.held {
                    self.events.push(Event::Key(introducer(char::from(only))));
                }
                Some(Late::Reply)
            }
            State::Paste => {
                self.pasted();
                Some(Late::Paste)
            }
            State::Ground | State::Mouse | State::Character => None,
        };
        self.late = late.map(|late| (late, now + LATE));
        self.ground();
        std::mem::take(&mut self.events)
    }

    /// Tells what is the rest of something that was given up; returns what remains after it.
    fn resume<'b>(&mut self, bytes: &'b [u8], now: Instant) -> &'b [u8] {
        let Some((late, until)) = self.late.filter(|_| self.state == State::Ground) else {
            return bytes;
        };
        if until < now {
            self.late = None;
            return bytes;
        }
        match late {
            Late::Escape if sequence::begins_late(bytes) => {
                self.state = State::Escape;
                self.late = None;
            }
            Late::Csi if sequence::is_tail(bytes, !self.given_up.is_empty()) => {
                self.state = State::Csi;
                self.held = std::mem::take(&mut self.given_up);
                self.late = None;
            }
            Late::Reply => {
                let end = bytes.iter().position(|byte| *byte == 0x07).map(|at| at + 1);
                let string = bytes.windows(2).position(|pair| pair == b"\x1b\\").map(|at| at + 2);
                if let Some(end) = end.into_iter().chain(string).min() {
                    self.late = None;
                    return bytes.get(end..).unwrap_or_default();
                }
            }
            Late::Paste if bytes.starts_with(PASTE_END) => self.late = None,
            // Its end may still come, and its rest in further pieces.
            Late::Paste
                if bytes.len() >= RESUMED
                    && bytes.first().is_some_and(|first| *first >= b' ' || matches!(first, b'\r' | b'\n' | b'\t')) =>
            {
                self.state = State::Paste;
            }
            // A key was pressed in between.
            Late::Escape | Late::Csi => self.late = None,
            Late::Paste => {}
        }
        bytes
    }

    fn ground(&mut self) {
        self.state = State::Ground;
        self.held.clear();
        self.alt = false;
    }

    fn key(&mut self, code: KeyCode, mods: KeyModifiers) {
        self.events.push(Event::Key(KeyEvent::new(code, mods)));
    }

    fn byte(&mut self, byte: u8) {
        match self.state {
            State::Ground => self.plain(byte),
            State::Escape => self.escaped(byte),
            State::Csi => self.csi(byte),
            State::Ss3 => {
                if let Some(code) = sequence::ss3(byte) {
                    self.key(code, self.held_alt());
                }
                self.ground();
            }
            State::Reply => self.reply(byte),
            State::Mouse => {
                self.held.push(byte);
                if let [button, column, row] = *self.held {
                    self.events.extend(sequence::old_mouse(button, column, row));
                    self.ground();
                }
            }
            State::Character => self.character(byte),
            // A paste is taken in whole pieces.
            State::Paste => {}
        }
    }

    fn held_alt(&self) -> KeyModifiers {
        if self.alt { KeyModifiers::ALT } else { KeyModifiers::NONE }
    }

    /// Takes a byte that begins something, alone or after an escape.
    fn plain(&mut self, byte: u8) {
        let mods = self.held_alt();
        if byte >= 0x80 {
            self.state = State::Character;
            self.held.push(byte);
            return;
        }
        if byte == 0x1b {
            self.state = State::Escape;
        } else {
            let (code, control) = sequence::single(byte);
            self.key(code, mods | control);
            self.alt = false;
        }
    }

    fn escaped(&mut self, byte: u8) {
        match byte {
            b'[' => self.state = State::Csi,
            b'O' => self.state = State::Ss3,
            b']' | b'P' | b'_' | b'^' | b'X' => {
                self.state = State::Reply;
                self.held.push(byte);
            }
            0x1b if !self.alt => self.alt = true,
            0x1b => self.key(KeyCode::Esc, KeyModifiers::NONE),
            _ => {
                self.state = State::Ground;
                self.alt = true;
                self.plain(byte);
            }
        }
    }

    fn csi(&mut self, byte: u8) {
        match byte {
            // The keys of the Linux console: `ESC [ [ A`.
            b'[' if self.held.is_empty() => self.held.push(byte),
            b'@'..=b'~' => {
                let held = std::mem::take(&mut self.held);
                let alt = self.held_alt();
                self.ground();
                match (held.as_slice(), byte) {
                    ([], b'M') => self.state = State::Mouse,
                    (b"200", b'~') => {
                        self.state = State::Paste;
                        self.late = None;
                    }
                    (held, last) => self.events.extend(sequence::csi(held, last, alt)),
                }
            }
            b' '..=b'?' => self.held.push(byte),
            // A sequence that is cut off by another one, or by a key.
            _ => {
                self.ground();
                self.plain(byte);
            }
        }
    }

    fn reply(&mut self, byte: u8) {
        match (self.held.last(), byte) {
            (_, 0x07) | (Some(0x1b), b'\\') => self.ground(),
            (Some(0x1b), _) => {
                self.ground();
                self.state = State::Escape;
                self.escaped(byte);
            }
            // No reply holds a control: somebody presses a key.
            (_, 0x00..=0x1a | 0x7f) => {
                self.ground();
                self.plain(byte);
            }
            _ => self.held.push(byte),
        }
    }

    fn character(&mut self, byte: u8) {
        if !(0x80..0xc0).contains(&byte) {
            // The one before was none.
            self.ground();
            self.plain(byte);
            return;
        }
        self.held.push(byte);
        match std::str::from_utf8(&self.held) {
            Ok(text) => {
                if let Some(c) = text.chars().next() {
                    self.key(KeyCode::Char(c), self.held_alt());
                }
                self.ground();
            }
            Err(fault) if fault.error_len().is_some() => self.ground(),
            Err(_) => {}
        }
    }

    /// Takes a paste as far as it goes; returns what follows its end.
    fn paste<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let before = self.held.len();
        self.held.extend_from_slice(bytes);
        // The mark can be divided between two reads.
        let from = before.saturating_sub(PASTE_END.len() - 1);
        let found = self.held.get(from..).and_then(|new| memchr::memmem::find(new, PASTE_END));
        if let Some(at) = found {
            let end = from + at;
            let used = end + PASTE_END.len() - before;
            self.held.truncate(end);
            self.pasted();
            self.late = None;
            self.ground();
            return bytes.get(used..).unwrap_or_default();
        }
        if self.held.len() > MOST {
            self.pasted();
        }
        &[]
    }

    fn pasted(&mut self) {
        let bytes = std::mem::take(&mut self.held);
        if !bytes.is_empty() {
            self.events.push(Event::Paste(String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
}
