//! Texts for the property tests: hostile ones, and ways to cut them.

use proptest::prelude::*;

/// Text in which everything the cleaner knows is frequent.
pub(super) fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[ -~]{1,6}",
        any::<char>().prop_map(String::from),
        prop::sample::select(vec![
            "\x1b", "[", "]", "31m", "\x07", "\x1b\\", "\r", "\n", "\t", "\u{9b}", "\u{9d}", "\u{9c}", "\u{90}",
            "\u{301}", "\u{200d}", "\u{fe0f}", "\u{fe0e}", "👩", "❤", "⌚", "🏻", "🇩", "🇪", "日", "ﾞ", "\u{1100}",
            "\u{600}", "क", "\u{94d}", "\u{202e}", "\u{2028}", "  ", "word",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Cuts a text at characters, as the numbers say.
pub(super) fn cut<'a>(text: &'a str, sizes: &[usize]) -> Vec<&'a str> {
    let (mut rest, mut pieces) = (text, Vec::new());
    for size in sizes {
        let at = rest.char_indices().nth(*size).map_or(rest.len(), |(at, _)| at);
        let (piece, after) = rest.split_at(at);
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}
