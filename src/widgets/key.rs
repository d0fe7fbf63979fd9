//! A key with its modifiers: from the terminal, from text, and back to text.

use std::{fmt, str::FromStr};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// One key press. Two events that mean the same to a person make the same chord.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chord {
    code: KeyCode,
    mods: KeyModifiers,
}

const NAMED: &[(&str, KeyCode)] = &[
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("space", KeyCode::Char(' ')),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
];

impl Chord {
    /// Makes a chord of a key and the modifiers held with it.
    ///
    /// A character carries shift in itself; with ctrl it is a lower-case letter, as terminals send it. With
    /// ctrl and alt together, what is no letter or digit of ASCII is text: that is how Windows and some
    /// terminals report the characters of `AltGr`.
    #[must_use]
    pub fn new(code: KeyCode, mods: KeyModifiers) -> Self {
        let mods = mods & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        match code {
            KeyCode::BackTab => Self { code: KeyCode::Tab, mods: mods | KeyModifiers::SHIFT },
            KeyCode::Char(c) if is_alt_gr(c, mods) => Self { code, mods: KeyModifiers::NONE },
            KeyCode::Char(c) => {
                let shifted = mods.contains(KeyModifiers::SHIFT) && c.is_ascii_lowercase();
                let c = if mods.contains(KeyModifiers::CONTROL) {
                    c.to_ascii_lowercase()
                } else if shifted {
                    c.to_ascii_uppercase()
                } else {
                    c
                };
                Self { code: KeyCode::Char(c), mods: mods - KeyModifiers::SHIFT }
            }
            code => Self { code, mods },
        }
    }

    /// Returns the character this chord types into a text, if it types one.
    #[must_use]
    pub fn text(self) -> Option<char> {
        match self.code {
            KeyCode::Char(c) if self.mods.is_empty() => Some(c),
            _ => None,
        }
    }

    /// Returns the chord as a text takes it where it calls nothing: terminals whose alt key is also `AltGr`
    /// report its characters with alt.
    #[must_use]
    pub fn typed(self) -> Self {
        match self.code {
            KeyCode::Char(c) if self.mods == KeyModifiers::ALT && !c.is_ascii_alphanumeric() && c != ' ' => {
                Self { mods: KeyModifiers::NONE, ..self }
            }
            _ => self,
        }
    }

    /// Tells whether a field that is being edited sees this chord before the key map does: plain
    /// characters and the keys that edit or move.
    #[must_use]
    pub fn is_for_fields(self) -> bool {
        let held = self.mods & (KeyModifiers::CONTROL | KeyModifiers::ALT);
        match self.code {
            KeyCode::F(_) | KeyCode::Esc | KeyCode::Tab => false,
            KeyCode::Up | KeyCode::Down if self.alt() => false,
            KeyCode::Char(_) | KeyCode::Enter => held.is_empty(),
            _ => true,
        }
    }

    /// Tells whether a line of text takes this chord before the key map does: characters, and the keys that edit a
    /// line and choose nothing.
    #[must_use]
    pub fn edits_line(self) -> bool {
        let edits = matches!(
            self.code,
            KeyCode::Backspace | KeyCode::Delete | KeyCode::Left | KeyCode::Right | KeyCode::Home | KeyCode::End
        );
        let shell = self.ctrl() && matches!(self.code, KeyCode::Char('a' | 'e' | 'k' | 'u' | 'w'));
        self.text().is_some() || (edits && !self.ctrl() && !self.alt()) || shell
    }

    #[must_use]
    pub fn code(self) -> KeyCode {
        self.code
    }

    /// Tells whether ctrl is held.
    #[must_use]
    pub fn ctrl(self) -> bool {
        self.mods.contains(KeyModifiers::CONTROL)
    }

    /// Tells whether alt is held.
    #[must_use]
    pub fn alt(self) -> bool {
        self.mods.contains(KeyModifiers::ALT)
    }

    /// Makes the event a terminal would send.
    #[must_use]
    pub fn event(self) -> KeyEvent {
        KeyEvent::new(self.code, self.mods)
    }
}

impl From<KeyEvent> for Chord {
    fn from(event: KeyEvent) -> Self {
        Self::new(event.code, event.modifiers)
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (held, word) in
            [(KeyModifiers::CONTROL, "ctrl-"), (KeyModifiers::ALT, "alt-"), (KeyModifiers::SHIFT, "shift-")]
        {
            if self.mods.contains(held) {
                f.write_str(word)?;
            }
        }
        if let Some((name, _)) = NAMED.iter().find(|(_, code)| *code == self.code) {
            return f.write_str(name);
        }
        match self.code {
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::F(n) => write!(f, "f{n}"),
            other => write!(f, "{other:?}"),
        }
    }
}

fn is_alt_gr(c: char, mods: KeyModifiers) -> bool {
    mods.contains(KeyModifiers::CONTROL | KeyModifiers::ALT) && !c.is_ascii_alphanumeric() && c != ' '
}

/// A text that names no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no key; write a character, `enter`, `tab`, `f5`, …, with `ctrl-`, `alt-` or `shift-` before it")]
pub struct BadChord(pub String);

impl FromStr for Chord {
    type Err = BadChord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut mods = KeyModifiers::NONE;
        let mut rest = text;
        loop {
            let (held, after) = if let Some(after) = rest.strip_prefix("ctrl-") {
                (KeyModifiers::CONTROL, after)
            } else if let Some(after) = rest.strip_prefix("alt-") {
                (KeyModifiers::ALT, after)
            } else if let Some(after) = rest.strip_prefix("shift-") {
                (KeyModifiers::SHIFT, after)
            } else {
                break;
            };
            mods |= held;
            rest = after;
        }
        let code = if let Some((_, code)) = NAMED.iter().find(|(name, _)| *name == rest) {
            *code
        } else if let Some(number) =
            rest.strip_prefix('f').and_then(|n| n.parse().ok()).filter(|n| (1..=24).contains(n))
        {
            KeyCode::F(number)
        } else {
            let mut chars = rest.chars();
            match (chars.next(), chars.next()) {
                (Some(c), None) if !c.is_control() => KeyCode::Char(c),
                _ => return Err(BadChord(text.to_owned())),
            }
        };
        Ok(Self::new(code, mods))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code() -> impl Strategy<Value = KeyCode> {
        prop_oneof![
            any::<char>().prop_filter("a key types no control character", |c| !c.is_control()).prop_map(KeyCode::Char),
            (1..=24_u8).prop_map(KeyCode::F),
            proptest::sample::select(NAMED).prop_map(|(_, code)| code),
            Just(KeyCode::BackTab),
        ]
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(code in code(), bits in 0..8_u8) {
            let chord = Chord::new(code, KeyModifiers::from_bits_truncate(bits));
            prop_assert_eq!(chord.to_string().parse::<Chord>(), Ok(chord));
        }
    }

    #[test]
    fn events_that_mean_the_same_make_the_same_chord() {
        let shifted = Chord::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(shifted, "G".parse().unwrap());
        assert_eq!(Chord::new(KeyCode::Char('g'), KeyModifiers::SHIFT), shifted);
        assert_eq!(Chord::new(KeyCode::BackTab, KeyModifiers::NONE), "shift-tab".parse().unwrap());
        assert_eq!(Chord::new(KeyCode::Char('R'), KeyModifiers::CONTROL), "ctrl-r".parse().unwrap());
        assert_eq!("ctrl--".parse::<Chord>().unwrap().to_string(), "ctrl--");
    }

    #[test]
    fn a_character_of_alt_gr_is_text() {
        let both = KeyModifiers::CONTROL | KeyModifiers::ALT;
        for c in ['@', '€', '{', '}', '[', ']', '\\', '~', '|', 'ą', 'Ł', 'µ'] {
            assert_eq!(Chord::new(KeyCode::Char(c), both).text(), Some(c));
            assert_eq!(Chord::new(KeyCode::Char(c), both | KeyModifiers::SHIFT).text(), Some(c));
            assert_eq!(Chord::new(KeyCode::Char(c), KeyModifiers::ALT).typed().text(), Some(c));
        }
        assert_eq!(Chord::new(KeyCode::Char('a'), both).text(), None);
        assert_eq!(Chord::new(KeyCode::Char('a'), KeyModifiers::ALT).typed().text(), None);
    }

    #[test]
    fn what_is_no_key_is_said_so() {
        for text in ["", "f0", "f25", "ctrl-", "entre", "cmd-x"] {
            assert_eq!(text.parse::<Chord>(), Err(BadChord(text.to_owned())));
        }
    }
}
