//! Texts for the property tests: hostile ones, and ways to cut them.

use proptest::prelude::*;

/// Text in which everything the cleaner knows is frequent.
pub(crate) fn hostile() -> impl Strategy<Value = String> {
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
pub(crate) fn cut<'a>(text: &'a str, sizes: &[usize]) -> Vec<&'a str> {
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

/// Text made of what JSON is made of, mostly broken.
pub(crate) fn json_like() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "\"a\"",
            "\"b\": ",
            "\\",
            "\\\"",
            "\\u00e9",
            " ",
            "\n",
            "1",
            "-2.5e3",
            "01",
            "1.",
            "true",
            "false",
            "null",
            "nul",
            "{\"a\": 1}",
            "[1, 2]",
            "```json\n",
            "日本",
            "e\u{301}",
            "\t",
            "\u{7}",
            "word",
        ])
        .prop_map(str::to_owned),
        "[ -~]{1,4}",
    ];
    prop_oneof![prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat()), whole_json(),]
}

/// Whole JSON as models write it: with repeated keys, odd numbers, escapes and any white space.
pub(crate) fn whole_json() -> impl Strategy<Value = String> {
    let name = prop_oneof!["[a-c/~]{0,2}", any::<String>()];
    let string = name.clone().prop_map(|text| serde_json::Value::from(text).to_string());
    let leaf = prop_oneof![
        prop::sample::select(vec!["1", "1.0", "1e5", "-0", "12345678901234567890123", "true", "null", "{}", "[ ]"])
            .prop_map(str::to_owned),
        string.clone(),
        Just("\"\\u00e9\\n\\ud83d\\ude42\"".to_owned()),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        let member = (string.clone(), inner.clone()).prop_map(|(name, value)| format!("{name} : {value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(|items| format!("[ {}\n]", items.join(","))),
            prop::collection::vec(member, 0..5).prop_map(|members| format!("{{{} }}", members.join(",\n\t"))),
        ]
    })
}
