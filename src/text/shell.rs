//! Words quoted for a shell, so that they arrive there as they are, also when the line is pasted.
//!
//! The quoting is that of bash and zsh; `$'…'` is in POSIX since 2024 (Shell Command Language, 2.2.4).

use std::fmt::Write as _;

use crate::text::sanitize::reorders;

/// Quotes a word where it needs it.
#[must_use]
pub fn word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '=' | ',');
    // `=word` is a path in zsh.
    if !word.is_empty() && !word.starts_with('=') && word.chars().all(plain) { word.to_owned() } else { quoted(word) }
}

/// Quotes a text, of one line or of several.
///
/// Control characters are written as escapes: pasted as they are, a line editor would take them as
/// keys, and a pasted end-of-paste mark would let the rest of the text be typed. So are characters
/// that reorder what is read, and `!` in a text of several lines, which old shells take for their history.
#[must_use]
pub fn quoted(text: &str) -> String {
    let several = text.contains('\n');
    if !text.contains(|c| escapes(c) || (several && c == '!')) {
        return format!("'{}'", text.replace('\'', r"'\''"));
    }
    let mut out = String::from("$'");
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\\' => out.push_str("\\\\"),
            c if escapes(c) || matches!(c, '\'' | '!') => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(out, "\\x{byte:02x}");
                }
            }
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

/// Splits a command line at its blanks; quotes hold a word together and are left out.
#[must_use]
pub fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (Some(_) | None, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// Tells whether a character cannot stand in a pasted line as itself.
fn escapes(c: char) -> bool {
    (c.is_control() && c != '\n') || matches!(c, '\u{2028}' | '\u{2029}') || reorders(c)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const TEXTS: [&str; 8] = [
        "hello",
        "it's `x` $(y) \"z\" \\ !!",
        "two\nlines, one's end\n",
        "two\nlines !!\\n",
        "ctrl-c \x03 end of paste \x1b[201~\ntouch PASTED\n# !x 'quoted'",
        "C1 \u{9b}31m, bidi \u{202e}abc\u{2066}, tab \t, return \r, delete \x7f, é 日本",
        "\x010 digits after \x01f",
        "",
    ];

    #[test]
    fn a_shell_gets_every_text_as_it_is() {
        for text in TEXTS {
            for written in [quoted(text), word(text)] {
                let script = format!("printf %s {written}");
                let output = Command::new("bash").args(["-c", &script]).output().unwrap();
                assert_eq!(String::from_utf8(output.stdout).unwrap(), text, "{script}");
            }
        }
    }

    #[test]
    fn no_control_character_stands_in_what_is_pasted() {
        for text in TEXTS {
            assert!(!quoted(text).contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
        }
        assert_eq!(quoted("a\x03\x1b[201~\nb's"), r"$'a\x03\x1b[201~\nb\x27s'");
    }

    #[test]
    fn only_what_needs_quotes_has_them() {
        assert_eq!(word("gpt-4o-mini"), "gpt-4o-mini");
        assert_eq!(word("a b"), "'a b'");
        assert_eq!(word("=ls"), "'=ls'");
        assert_eq!(word(""), "''");
    }
}
