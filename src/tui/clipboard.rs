//! Copying: OSC 52, which works without a library and over SSH, up to the size terminals take.

use crossterm::clipboard::CopyToClipboard;

/// The longest text terminals commonly take, in bytes: 100,000 as base64.
const MAX_BYTES: usize = 74_994;

/// Makes the control sequence that copies a text; the refusal says how long the text is.
pub(super) fn copy(text: &str) -> Result<CopyToClipboard<&str>, String> {
    if text.len() > MAX_BYTES {
        return Err(format!(
            "{} KB is more than terminals take for a copy ({} KB); open it in the editor instead",
            text.len() / 1000,
            MAX_BYTES / 1000
        ));
    }
    Ok(CopyToClipboard::to_clipboard_from(text))
}

#[cfg(test)]
mod tests {
    use crossterm::Command as _;

    use super::*;

    #[test]
    fn hostile_text_cannot_leave_the_sequence() {
        let mut ansi = String::new();
        copy("a\x07\x1b[2J").unwrap().write_ansi(&mut ansi).unwrap();
        assert_eq!(ansi, "\x1b]52;c;YQcbWzJK\x1b\\");
    }

    #[test]
    fn a_text_too_long_is_refused_with_its_size() {
        let refusal = copy(&"x".repeat(MAX_BYTES + 1)).err().unwrap();
        assert!(refusal.starts_with("74 KB"), "{refusal}");
    }
}
