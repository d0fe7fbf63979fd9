//! The beginning of a text, counted in bytes.

/// Returns the longest beginning of a text that has at most so many bytes and cuts no character in two.
#[must_use]
pub fn prefix(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::prefix;

    #[test]
    fn no_character_is_cut_in_two() {
        for (most, want) in [(0, ""), (1, "a"), (2, "a"), (3, "aé"), (4, "aé"), (99, "aé日")] {
            assert_eq!(prefix("aé日", most), want);
        }
    }
}
