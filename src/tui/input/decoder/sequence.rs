//! What complete sequences mean.

use std::str::FromStr;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

/// Returns the key of a single byte below 128, and the control held with it.
pub(super) fn single(byte: u8) -> (KeyCode, KeyModifiers) {
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
pub(super) fn ss3(last: u8) -> Option<KeyCode> {
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
pub(super) fn begins_late(bytes: &[u8]) -> bool {
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
pub(super) fn is_tail(bytes: &[u8], begun: bool) -> bool {
    let parameters = bytes.iter().take_while(|byte| (b' '..=b'?').contains(byte)).count();
    let known =
        |last: &u8| matches!(last, b'~' | b'u' | b'c' | b'y' | b'R' | b'M' | b'm' | b't') || letter(*last).is_some();
    (begun || parameters > 0) && bytes.get(parameters).is_some_and(known)
}

/// Returns what a control sequence reports; nothing for the replies nobody waits for.
pub(super) fn csi(held: &[u8], last: u8, alt: KeyModifiers) -> Option<Event> {
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
pub(super) fn old_mouse(button: u8, column: u8, row: u8) -> Option<Event> {
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
