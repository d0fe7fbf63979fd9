//! From a terminal's bytes to events, with a time limit on everything that is begun and not ended.
//!
//! Sequences come in pieces, replies come late, and the end of a paste can be lost on the way. Nothing of
//! that may hold the keyboard or act as a key: what is incomplete is waited for as long as it can
//! still be on its way, then dropped (a paste: taken as it is), and what comes of it even later is
//! recognised by its form. `https://invisible-island.net/xterm/ctlseqs/ctlseqs.html`,
//! `https://sw.kovidgoyal.net/kitty/keyboard-protocol/`.
//!
//! What complete sequences mean.

use std::{
    str::FromStr,
    time::{Duration, Instant},
};

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use crate::model::theme::Rgb;

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
pub(crate) struct Decoder {
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
    /// The background that the terminal said it has.
    background: Option<Rgb>,
    /// Whether the terminal said, of what it is, that it takes sixels.
    sixel: Option<bool>,
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
            background: None,
            sixel: None,
        }
    }
}

/// The end of a bracketed paste.
const PASTE_END: &[u8] = b"\x1b[201~";

impl Decoder {
    /// Takes bytes that came together, and returns the events they complete.
    pub(crate) fn feed(&mut self, bytes: &[u8], now: Instant) -> Vec<Event> {
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

    /// Returns the background that the terminal has said it has since this was last asked.
    pub(crate) fn take_background(&mut self) -> Option<Rgb> {
        self.background.take()
    }

    /// Returns whether the terminal takes sixels, if it has said what it is since this was last asked.
    pub(crate) fn take_sixel(&mut self) -> Option<bool> {
        self.sixel.take()
    }

    /// Tells when [`Decoder::expire`] is due; never while nothing is begun.
    pub(crate) fn deadline(&self) -> Option<Instant> {
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
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<Event> {
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
            Late::Escape if begins_late(bytes) => {
                self.state = State::Escape;
                self.late = None;
            }
            Late::Csi if is_tail(bytes, !self.given_up.is_empty()) => {
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
                if let Some(code) = ss3(byte) {
                    self.key(code, self.held_alt());
                }
                self.ground();
            }
            State::Reply => self.reply(byte),
            State::Mouse => {
                self.held.push(byte);
                if let [button, column, row] = *self.held {
                    self.events.extend(old_mouse(button, column, row));
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
            let (code, control) = single(byte);
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
                    ([b'?', extensions @ ..], b'c') => {
                        self.sixel = Some(extensions.split(|byte| *byte == b';').skip(1).any(|one| one == b"4"));
                    }
                    (held, last) => self.events.extend(csi(held, last, alt)),
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
            (_, 0x07) | (Some(0x1b), b'\\') => {
                self.background = background(&self.held).or(self.background);
                self.ground();
            }
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
            Err(error) if error.error_len().is_some() => self.ground(),
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

/// How a reply begins that tells the background, without its escape.
const BACKGROUND: &[u8] = b"]11;";

/// Reads the background out of a whole reply: `]11;rgb:1a1a/1b1b/2626`, one to four digits each, or with `rgba` a fourth
/// that says nothing here. None of any other.
fn background(held: &[u8]) -> Option<Rgb> {
    let text = std::str::from_utf8(held.strip_prefix(BACKGROUND)?).ok()?.trim_end_matches('\x1b');
    let (form, parts) = text.split_once(':')?;
    let parts: Vec<u8> = parts.split('/').map(part_of_colour).collect::<Option<_>>()?;
    match (form, parts.as_slice()) {
        ("rgb", [red, green, blue]) | ("rgba", [red, green, blue, _]) => Some(Rgb(*red, *green, *blue)),
        _ => None,
    }
}

/// Reads a part of a colour, all its digits set as 255.
fn part_of_colour(digits: &str) -> Option<u8> {
    if digits.len() > 4 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let most = (1_u32 << (4 * digits.len())) - 1;
    u8::try_from((u32::from_str_radix(digits, 16).ok()? * 255).checked_div(most)?).ok()
}

/// Returns the key of a single byte below 128, and the control held with it.
pub(crate) fn single(byte: u8) -> (KeyCode, KeyModifiers) {
    let control = |c: u8| (KeyCode::Char(char::from(c)), KeyModifiers::CONTROL);
    match byte {
        b'\r' => (KeyCode::Enter, KeyModifiers::NONE),
        b'\t' => (KeyCode::Tab, KeyModifiers::NONE),
        // Terminals differ in which of the two their backspace key sends.
        0x08 | 0x7f => (KeyCode::Backspace, KeyModifiers::NONE),
        0x00 => control(b' '),
        0x01..=0x1a => control(byte - 1 + b'a'),
        0x1b => (KeyCode::Esc, KeyModifiers::NONE),
        0x1c..=0x1f => control(byte - 0x1c + b'4'),
        _ => (KeyCode::Char(char::from(byte)), KeyModifiers::NONE),
    }
}

/// Returns the key of `ESC O` and a character.
pub(crate) fn ss3(last: u8) -> Option<KeyCode> {
    Some(match last {
        b'P'..=b'S' => KeyCode::F(last - b'P' + 1),
        b'M' => KeyCode::Enter,
        b'X' => KeyCode::Char('='),
        // The keypad.
        b'j'..=b'o' => KeyCode::Char(char::from(last - b'j' + b'*')),
        b'p'..=b'y' => KeyCode::Char(char::from(last - b'p' + b'0')),
        _ => return letter(last),
    })
}

/// Returns the key that a final letter names by itself.
fn letter(last: u8) -> Option<KeyCode> {
    Some(match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'H' => KeyCode::Home,
        b'F' => KeyCode::End,
        b'P' | b'Q' | b'S' => KeyCode::F(last - b'P' + 1),
        b'Z' => KeyCode::BackTab,
        _ => return None,
    })
}

/// Tells whether bytes that come after a lone escape, too late to be one sequence with it by time, are the
/// rest of one by form. One alone is a key.
pub(crate) fn begins_late(bytes: &[u8]) -> bool {
    match bytes {
        [b'[', last] => letter(*last).is_some(),
        [b'[', rest @ ..] => is_tail(rest, false),
        [b'O', last] => ss3(*last).is_some(),
        [b']', digit, ..] => digit.is_ascii_digit(),
        [b'P', first, ..] => matches!(first, b'>' | b'!' | b'0'..=b'9'),
        _ => false,
    }
}

/// Tells whether bytes begin with parameters and the final character of a control sequence; where `begun` is
/// true, parameters have come before.
pub(crate) fn is_tail(bytes: &[u8], begun: bool) -> bool {
    let parameters = bytes.iter().take_while(|byte| (b' '..=b'?').contains(byte)).count();
    let known =
        |last: &u8| matches!(last, b'~' | b'u' | b'c' | b'y' | b'R' | b'M' | b'm' | b't') || letter(*last).is_some();
    (begun || parameters > 0) && bytes.get(parameters).is_some_and(known)
}

/// Returns what a control sequence reports; nothing for the replies nobody waits for.
pub(crate) fn csi(held: &[u8], last: u8, alt: KeyModifiers) -> Option<Event> {
    let text = std::str::from_utf8(held).ok()?;
    let key = |code, mods| Some(Event::Key(KeyEvent::new(code, mods | alt)));
    match (text, last) {
        ("", b'I') => return Some(Event::FocusGained),
        ("", b'O') => return Some(Event::FocusLost),
        ("[", b'A'..=b'E') => return key(KeyCode::F(last - b'A' + 1), KeyModifiers::NONE),
        _ => {}
    }
    if let Some(report) = text.strip_prefix('<') {
        let mut numbers = report.split(';').map(u16::from_str);
        let (button, column, row) = (numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?);
        return mouse(button, column, row, last == b'm');
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b';' | b':')) {
        // A reply: which modes are set, what the terminal is.
        return None;
    }
    let fields: Vec<Vec<Option<u32>>> =
        text.split(';').map(|field| field.split(':').map(|number| number.parse().ok()).collect()).collect();
    let number = |field: usize, part: usize| fields.get(field)?.get(part).copied().flatten();
    if number(1, 1) == Some(3) {
        // A key that is let go.
        return None;
    }
    let mods = modifiers(number(1, 0));
    match last {
        b'M' => {
            let report = |field| u16::try_from(number(field, 0)?).ok();
            mouse(report(0)?.checked_sub(32)?, report(1)?, report(2)?, false)
        }
        b'u' => {
            let text = fields.get(2).into_iter().flatten().flatten().find_map(|code| char::from_u32(*code));
            if let Some(c) = text.filter(|c| !c.is_control()) {
                return key(KeyCode::Char(c), KeyModifiers::NONE);
            }
            let code = kitty(number(0, 0)?)?;
            let shifted = number(0, 1).and_then(char::from_u32).filter(|_| mods.contains(KeyModifiers::SHIFT));
            let base = number(0, 2).and_then(char::from_u32);
            let (code, mods) = spelled(code, shifted, base, mods);
            key(code, mods)
        }
        b'~' if number(0, 0) == Some(27) => key(kitty(number(2, 0)?)?, mods),
        b'~' => key(numbered(number(0, 0)?)?, mods),
        // F3 with a modifier looks like the place of the cursor in the first row.
        b'R' => (number(0, 0) == Some(1) && fields.len() == 2 && number(1, 0)? <= 16)
            .then(|| key(KeyCode::F(3), mods))
            .flatten(),
        _ => {
            let code = letter(last)?;
            key(code, if code == KeyCode::BackTab { mods | KeyModifiers::SHIFT } else { mods })
        }
    }
}

/// Returns what a key of the keyboard protocol types, or calls with the modifiers held.
///
/// With ctrl or alt the key counts by its place on a Latin keyboard, where the layout is another one.
fn spelled(code: KeyCode, shifted: Option<char>, base: Option<char>, mods: KeyModifiers) -> (KeyCode, KeyModifiers) {
    let KeyCode::Char(c) = code else {
        return (code, mods);
    };
    let both = KeyModifiers::CONTROL | KeyModifiers::ALT;
    let chord = mods.intersects(both) && !mods.contains(both);
    match base.filter(|base| chord && !c.is_ascii() && base.is_ascii_graphic()) {
        Some(base) => (KeyCode::Char(base), mods),
        None => shifted.map_or((code, mods), |shifted| (KeyCode::Char(shifted), mods - KeyModifiers::SHIFT)),
    }
}

fn modifiers(field: Option<u32>) -> KeyModifiers {
    let bits = field.unwrap_or(1).saturating_sub(1);
    let held = [
        (1, KeyModifiers::SHIFT),
        (2, KeyModifiers::ALT),
        (4, KeyModifiers::CONTROL),
        (8, KeyModifiers::SUPER),
        (16, KeyModifiers::HYPER),
        (32, KeyModifiers::META),
    ];
    held.into_iter().filter(|(bit, _)| bits & bit != 0).map(|(_, modifier)| modifier).collect()
}

/// Returns the key of a number before `~`.
fn numbered(number: u32) -> Option<KeyCode> {
    let f = |first: u32, from: u8| u8::try_from(number - first).ok().map(|more| KeyCode::F(from + more));
    match number {
        1 | 7 => Some(KeyCode::Home),
        2 => Some(KeyCode::Insert),
        3 => Some(KeyCode::Delete),
        4 | 8 => Some(KeyCode::End),
        5 => Some(KeyCode::PageUp),
        6 => Some(KeyCode::PageDown),
        11..=15 => f(11, 1),
        17..=21 => f(17, 6),
        23..=26 => f(23, 11),
        28 | 29 => f(28, 15),
        31..=34 => f(31, 17),
        _ => None,
    }
}

/// Returns the key of a code of the keyboard protocol: a character, or one of its private numbers.
fn kitty(code: u32) -> Option<KeyCode> {
    const KEYPAD: &[u8] = b"0123456789./*-+";
    const NAMED: &[KeyCode] = &[
        KeyCode::Enter,
        KeyCode::Char('='),
        KeyCode::Char(','),
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::PageUp,
        KeyCode::PageDown,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::Insert,
        KeyCode::Delete,
    ];
    match code {
        9 => Some(KeyCode::Tab),
        13 => Some(KeyCode::Enter),
        27 => Some(KeyCode::Esc),
        8 | 127 => Some(KeyCode::Backspace),
        57_376..=57_398 => u8::try_from(code - 57_376).ok().map(|more| KeyCode::F(13 + more)),
        57_399..=57_413 => KEYPAD.get((code - 57_399) as usize).map(|c| KeyCode::Char(char::from(*c))),
        57_414..=57_426 => NAMED.get((code - 57_414) as usize).copied(),
        // The others of the private numbers: media keys, modifiers alone.
        57_344..=63_743 => None,
        _ => char::from_u32(code).filter(|c| !c.is_control()).map(KeyCode::Char),
    }
}

/// Returns the event of the three bytes of an old mouse report.
pub(crate) fn old_mouse(button: u8, column: u8, row: u8) -> Option<Event> {
    let number = |byte: u8| byte.checked_sub(32).map(u16::from);
    mouse(number(button)?, number(column)?, number(row)?, false)
}

fn mouse(button: u16, column: u16, row: u16, released: bool) -> Option<Event> {
    let dragged = button & 0b10_0000 != 0;
    let which = match button & 0b11 {
        0 => Some(MouseButton::Left),
        1 => Some(MouseButton::Middle),
        2 => Some(MouseButton::Right),
        _ => None,
    };
    let kind = match (button & 0b1100_0000, which) {
        (0, Some(which)) if dragged => MouseEventKind::Drag(which),
        (0, Some(which)) if released => MouseEventKind::Up(which),
        (0, Some(which)) => MouseEventKind::Down(which),
        (0, None) if dragged => MouseEventKind::Moved,
        (0, None) => MouseEventKind::Up(MouseButton::Left),
        (0b0100_0000, Some(MouseButton::Left)) => MouseEventKind::ScrollUp,
        (0b0100_0000, Some(MouseButton::Middle)) => MouseEventKind::ScrollDown,
        (0b0100_0000, Some(MouseButton::Right)) => MouseEventKind::ScrollLeft,
        (0b0100_0000, None) => MouseEventKind::ScrollRight,
        _ => return None,
    };
    let mods = [(4, KeyModifiers::SHIFT), (8, KeyModifiers::ALT), (16, KeyModifiers::CONTROL)];
    let modifiers = mods.into_iter().filter(|(bit, _)| button & bit != 0).map(|(_, modifier)| modifier).collect();
    let event = MouseEvent { kind, column: column.checked_sub(1)?, row: row.checked_sub(1)?, modifiers };
    Some(Event::Mouse(event))
}

#[cfg(test)]
mod tests;
