//! How many columns a text takes on a terminal, and cutting it to fit.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Counts the columns a text takes when it is drawn, grapheme by grapheme. Control characters are
/// not drawn and take none.
#[must_use]
pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        text.bytes().filter(|byte| !byte.is_ascii_control()).count()
    } else {
        text.graphemes(true).map(grapheme_width).sum()
    }
}

/// Cuts a text to at most so many columns, with `…` at the end if anything was cut. A grapheme is
/// never cut; where a wide one does not fit, the result is a column short.
#[must_use]
pub fn truncate(text: &str, columns: usize) -> Cow<'_, str> {
    let (mut used, mut kept) = (0, 0);
    for (at, grapheme) in text.grapheme_indices(true) {
        used += grapheme_width(grapheme);
        if used > columns {
            let head = text.get(..kept).unwrap_or_default();
            return Cow::Owned(if columns == 0 { String::new() } else { format!("{head}…") });
        }
        if used < columns {
            kept = at + grapheme.len();
        }
    }
    Cow::Borrowed(text)
}

/// Counts the columns of one grapheme as the screen's buffer does, which gives the halfwidth sound
/// marks a cell more than `unicode-width` does.
pub(crate) fn grapheme_width(grapheme: &str) -> usize {
    if grapheme.contains(char::is_control) {
        0
    } else if grapheme.len() == 1 {
        1
    } else {
        let sound_marks = grapheme.chars().filter(|c| matches!(c, '\u{ff9e}' | '\u{ff9f}')).count();
        UnicodeWidthStr::width(grapheme) + sound_marks
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::{buffer::Buffer, layout::Rect, style::Style};

    use super::*;
    use crate::text::hostile::hostile;

    #[test]
    fn known_widths() {
        for (text, columns) in [
            ("", 0),
            ("abc", 3),
            ("a\tb\n", 2),
            ("日本語", 6),
            ("e\u{301}", 1),
            ("👩\u{200d}👩\u{200d}👧", 2),
            ("⚠\u{fe0f}", 2),
            ("⚠", 1),
            ("🇩🇪", 2),
            ("…", 1),
        ] {
            assert_eq!(width(text), columns, "{text:?}");
        }
    }

    #[test]
    fn truncation_fits_and_says_so() {
        for (text, columns, want) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "ab…"),
            ("abcd", 1, "…"),
            ("abcd", 0, ""),
            ("", 0, ""),
            ("日本語", 6, "日本語"),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
            ("ae\u{301}b", 2, "a…"),
            ("👩\u{200d}👧x", 2, "…"),
        ] {
            assert_eq!(truncate(text, columns), want, "{text:?} in {columns}");
        }
    }

    proptest! {
        #[test]
        fn the_screen_agrees(text in hostile()) {
            let safe = crate::text::clean(&text);
            let mut buffer = Buffer::empty(Rect::new(0, 0, 1000, 1));
            let (end, _) = buffer.set_stringn(0, 0, &safe, usize::MAX, Style::new());
            prop_assert_eq!(width(&safe), usize::from(end));
        }

        #[test]
        fn truncation_never_overflows(text in hostile(), columns in 0usize..30) {
            let safe = crate::text::clean_line(&text);
            let cut = truncate(&safe, columns);
            prop_assert!(width(&cut) <= columns);
            prop_assert_eq!(cut == safe.as_str(), width(&safe) <= columns);
        }
    }
}
