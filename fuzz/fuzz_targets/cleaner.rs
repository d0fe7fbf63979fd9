//! What has been cleaned does nothing to a terminal, however it was cut, and stays as it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use retort::text::{SanitizedText, Sanitizer, Wrapped, clean, clean_line, width};

fuzz_target!(|input: (usize, u8, &str)| {
    let (cut, columns, text) = input;
    let safe = clean(text);
    let obeyed = |c: char| (c.is_control() && c != '\n' && c != '\t') || matches!(c, '\u{202a}'..='\u{202e}');
    assert!(!safe.chars().any(obeyed), "{safe:?}");
    assert_eq!(clean(&safe), safe);
    assert!(!clean_line(text).contains(['\n', '\t']));

    let cut = (0..=cut % (text.len() + 1)).rev().find(|cut| text.is_char_boundary(*cut)).unwrap_or(0);
    let (left, right) = text.split_at(cut);
    let mut cleaner = Sanitizer::new();
    let pieces = [cleaner.push(left), cleaner.push(right), cleaner.finish()];
    assert_eq!(pieces.iter().map(SanitizedText::as_str).collect::<String>(), safe.as_str());
    assert!(width(&safe) <= safe.len() * 2);

    let columns = usize::from(columns).max(2);
    let (mut grown, mut whole) = (Wrapped::new(columns), Wrapped::new(columns));
    pieces.iter().for_each(|piece| grown.push(piece));
    whole.push(&safe);
    assert_eq!(grown.rows(), whole.rows());
    for row in 0..whole.rows() {
        assert_eq!(grown.row(row), whole.row(row));
    }
});
