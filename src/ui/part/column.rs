//! Text set into columns of a fixed width.

use crate::text::{clean_line, truncate, width};

/// Cleans a text and sets it left in so many columns, its end replaced by `…` where it is longer.
#[must_use]
pub fn left(text: &str, columns: usize) -> String {
    let shown = fitted(text, columns);
    let blank = columns.saturating_sub(width(&shown));
    shown + &" ".repeat(blank)
}

/// The same, set right.
#[must_use]
pub fn right(text: &str, columns: usize) -> String {
    let shown = fitted(text, columns);
    " ".repeat(columns.saturating_sub(width(&shown))) + &shown
}

/// Cleans a text and cuts it to so many columns, `…` for what is missing.
#[must_use]
pub fn fitted(text: &str, columns: usize) -> String {
    truncate(clean_line(text).as_str(), columns).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_has_its_width_whatever_is_in_it() {
        for text in ["", "ab", "a long name of a model", "日本語の名前", "a\u{202e}b", "x\ty"] {
            for columns in 0..14 {
                assert_eq!(width(&left(text, columns)), columns, "{text} {columns}");
                assert_eq!(width(&right(text, columns)), columns, "{text} {columns}");
            }
        }
        assert_eq!(left("gpt-4o-mini", 6), "gpt-4…");
    }
}
