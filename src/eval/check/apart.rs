//! What tells two texts apart that look the same: white space, and characters that are not seen.

use crate::{eval::reason::quote, text::clean};

/// Bytes of two texts together, above which no word is said about what is not seen.
const LONGEST: usize = 256 << 10;

/// Characters shown before the first that differs.
const BEFORE: usize = 8;

/// Quotes two texts that differ, and says what is not to be seen of the difference: `found` and
/// `wanted` come quoted into the middle of the sentence that `say` makes.
pub(crate) fn describe(found: &str, wanted: &str, say: impl Fn(&str, &str) -> String) -> String {
    if let Some(unseen) = unseen(found, wanted) {
        return format!("{}; {unseen}", say(&quote(found), &quote(wanted)));
    }
    let quotes = (quote(found), quote(wanted));
    if quotes.0 != quotes.1 {
        return say(&quotes.0, &quotes.1);
    }
    // They are long and begin alike, or their characters look alike.
    let at = common(found, wanted);
    let from = |text: &str| quote(&text.chars().skip(at.saturating_sub(BEFORE)).collect::<String>());
    let windows = (from(found), from(wanted));
    if windows.0 == windows.1 {
        return format!("{}; {}", say(&quotes.0, &quotes.1), difference(found, wanted, at));
    }
    say(&format!("{} from character {}", windows.0, at + 1), &windows.1)
}

/// Says how two texts differ if they do so in white space or in characters that are not seen alone.
pub(crate) fn unseen(found: &str, wanted: &str) -> Option<String> {
    if found == wanted
        || found.len() + wanted.len() > LONGEST
        || !found.chars().filter(|c| seen(*c)).eq(wanted.chars().filter(|c| seen(*c)))
    {
        return None;
    }
    let at = common(found, wanted);
    let visible = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    let what = if visible(found) == visible(wanted) { "white space" } else { "characters that are not seen" };
    Some(format!("they differ in {what} alone: {}", difference(found, wanted, at)))
}

/// Tells whether a text would hold another, by `holds`, if neither had white space or characters that are not
/// seen; long texts are not looked at.
pub(crate) fn bare(text: &str, other: &str, holds: impl Fn(&str, &str) -> bool) -> bool {
    let bare = |text: &str| text.chars().filter(|c| seen(*c)).collect::<String>();
    text.len() + other.len() <= LONGEST && holds(&bare(text), &bare(other))
}

/// How many characters two texts begin with alike.
fn common(one: &str, other: &str) -> usize {
    one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count()
}

/// Names the characters at the first place, counted from 0, where two texts differ.
fn difference(found: &str, wanted: &str, at: usize) -> String {
    let place = at + 1;
    match (found.chars().nth(at), wanted.chars().nth(at)) {
        (Some(found), Some(wanted)) => {
            format!("character {place} is {} in the answer and {} in what is expected", named(found), named(wanted))
        }
        (Some(found), None) => format!("the answer goes on with {} at character {place}", named(found)),
        (None, Some(wanted)) => format!("the answer lacks {} at character {place}", named(wanted)),
        (None, None) => "they are the same".to_owned(),
    }
}

/// Tells whether a character is seen by itself.
fn seen(c: char) -> bool {
    c.is_ascii_graphic() || !(c.is_whitespace() || clean(c.encode_utf8(&mut [0; 4])).trim().is_empty())
}

fn named(c: char) -> String {
    let code = u32::from(c);
    match c {
        ' ' => "a space".to_owned(),
        '\n' => "a line feed".to_owned(),
        '\r' => "a carriage return".to_owned(),
        '\t' => "a tab".to_owned(),
        '\u{a0}' => "a no-break space (U+00A0)".to_owned(),
        '\u{200b}' => "a zero-width space (U+200B)".to_owned(),
        '\u{feff}' => "a byte order mark (U+FEFF)".to_owned(),
        c if c.is_ascii_graphic() => format!("`{c}`"),
        c if seen(c) => format!("{} (U+{code:04X})", quote(c.encode_utf8(&mut [0; 4]))),
        c if c.is_whitespace() => format!("white space (U+{code:04X})"),
        _ => format!("a character that is not seen (U+{code:04X})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_named() {
        for (found, wanted, want) in [
            (
                "hello ",
                "hello",
                "`hello`, not `hello`; they differ in white space alone: the answer goes on with a space at character 6",
            ),
            (
                " hello",
                "hello",
                "`hello`, not `hello`; they differ in white space alone: character 1 is a space in the answer and `h` in \
                 what is expected",
            ),
            ("a", "a\n", "`a`, not `a`; they differ in white space alone: the answer lacks a line feed at character 2"),
            (
                "a\r\nb",
                "a\nb",
                "`a b`, not `a b`; they differ in white space alone: character 2 is a carriage return in the answer and a \
                 line feed in what is expected",
            ),
            (
                "a\u{a0}b",
                "a b",
                "`a\u{a0}b`, not `a b`; they differ in white space alone: character 2 is a no-break space (U+00A0) in the \
                 answer and a space in what is expected",
            ),
            (
                "a\u{200b}b",
                "ab",
                "`ab`, not `ab`; they differ in characters that are not seen alone: character 2 is a zero-width space \
                 (U+200B) in the answer and `b` in what is expected",
            ),
            ("e\u{301}", "\u{e9}", "`e\u{301}`, not `\u{e9}`"),
            ("yes", "no", "`yes`, not `no`"),
            ("", " ", "``, not ``; they differ in white space alone: the answer lacks a space at character 1"),
        ] {
            assert_eq!(describe(found, wanted, |found, wanted| format!("{found}, not {wanted}")), want);
        }
        let (long, longer) = ("x".repeat(100), "x".repeat(99) + "y z");
        let words = describe(&long, &longer, |found, wanted| format!("{found}, not {wanted}"));
        assert_eq!(words, "`xxxxxxxxx` from character 100, not `xxxxxxxxy z`");
        assert!(bare(" one\u{200b} two\r\n", "onetwo", |one, other| one == other));
    }
}
