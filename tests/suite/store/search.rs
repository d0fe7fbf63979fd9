//! Texts are found as they are written: whatever they hold, a search finds what reading finds.

use std::collections::BTreeSet;

use proptest::{prelude::*, sample::select};
use retort::{model::query::Query, store::Store};

use super::{
    history::{found, now, put},
    store_in,
};

/// What texts are made of: words, signs of every syntax there is between here and the disk, scripts without blanks,
/// letters whose other case is longer, and what is no letter at all.
const PIECES: &[&str] = &[
    "parcel",
    "kind",
    "C++",
    "a_b",
    "%",
    "_",
    "*",
    "?",
    "+",
    "-",
    "--",
    "/*",
    "'",
    "''",
    "\"",
    "\\",
    "\\n",
    "(",
    ")",
    ";",
    "^",
    "{",
    "NEAR",
    "OR",
    "AND",
    "NOT",
    "a",
    "B",
    "x",
    "7",
    "1.5",
    " ",
    "  ",
    "\n",
    "\t",
    "日本",
    "語",
    "배송이",
    "늦",
    "ひら",
    "ไทย",
    "हिन्दी",
    "👍🏽",
    "👨\u{200d}👩\u{200d}👧",
    "é",
    "e\u{301}",
    "Å",
    "ß",
    "İ",
    "Σ",
    "ς",
    "ﬁ",
    "½",
    "\u{e000}",
    "\u{200b}",
    "\u{0}",
    "\u{feff}",
    "…",
    "€",
    "\u{1e9e}",
    "Ǆ",
    "𝒳",
    "١٢",
];

fn pieces(count: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    let any = any::<char>().prop_map(String::from);
    let known = select(PIECES).prop_map(str::to_owned);
    prop::collection::vec(prop_oneof![6 => known, 1 => any], count).prop_map(|pieces| pieces.concat())
}

/// Reads a text for another, upper and lower case alike: character for character, and the two small sigmas alike.
fn holds(text: &str, wanted: &str) -> bool {
    let fold = |text: &str| -> Vec<char> {
        text.chars().map(|c| if c == 'ς' { 'σ' } else { c }).flat_map(char::to_lowercase).collect()
    };
    let (text, wanted) = (fold(text), fold(wanted));
    text.windows(wanted.len().max(1)).any(|part| part == wanted)
}

fn fill(store: &Store, texts: &[(String, String)]) {
    for (number, (input, answer)) in (1_u128..).zip(texts) {
        put(store, number, input, answer, |_| {});
    }
}

/// The runs in which reading finds a text: in the input, the answer, or the prompt that all of them have.
fn read(texts: &[(String, String)], wanted: &str) -> BTreeSet<u128> {
    let runs = (1_u128..).zip(texts);
    let found = runs.filter(|(_, (input, answer))| [input, answer, "Label it."].iter().any(|text| holds(text, wanted)));
    found.map(|(number, _)| number).collect()
}

/// Tells whether a text is one word, which is found whatever marks are on its letters.
fn is_word(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || c == '\u{301}')
}

fn is_marked(text: &str) -> bool {
    text.contains(['é', 'Å', 'İ', '\u{301}'])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_text_is_found_where_it_is_written(
        texts in prop::collection::vec((pieces(0..9), pieces(0..5)), 1..7),
        from in any::<prop::sample::Index>(),
        cut in (any::<prop::sample::Index>(), 1_usize..9),
        others in prop::collection::vec(pieces(1..3), 2),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let store = store_in(dir.path());
        fill(&store, &texts);
        // A part of one of the texts, and what may be in none.
        let whole: Vec<char> = texts[from.index(texts.len())].0.chars().collect();
        let start = if whole.is_empty() { 0 } else { cut.0.index(whole.len()) };
        let part: String = whole.iter().skip(start).take(cut.1).collect();
        for wanted in others.into_iter().chain([part]) {
            for line in [wanted.clone(), format!("\"{wanted}\"")] {
                let query = Query::parse(&line, &now().to_zoned(jiff::tz::TimeZone::UTC));
                // What is neither one word nor can stand in quotes is asked for by several words.
                let Ok(query) = query else { continue };
                let marked = is_marked(&wanted) || texts.iter().any(|(input, answer)| is_marked(input) || is_marked(answer));
                if query.words != [wanted.as_str()] || (marked && is_word(&wanted)) {
                    continue;
                }
                let got: BTreeSet<u128> = runtime.block_on(found(&store, &line)).into_iter().collect();
                prop_assert_eq!(got, read(&texts, &wanted), "{:?} in {:?}", line, texts);
            }
        }
    }

    #[test]
    fn what_is_typed_without_blanks_is_one_text(typed in pieces(1..4)) {
        let blank = typed.contains(char::is_whitespace);
        // A word with a colon behind it is taken for a filter, known or not.
        let filter = typed.split_once(':').is_some_and(|(key, _)| key.chars().all(char::is_alphabetic));
        prop_assume!(!blank && !filter && !typed.starts_with('"'));
        let query = Query::parse(&typed, &now().to_zoned(jiff::tz::TimeZone::UTC)).unwrap();
        prop_assert_eq!(query.words, [typed]);
    }
}

#[tokio::test]
async fn signs_are_looked_for_as_they_are_typed() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let texts = [
        "C++ and C",
        "kind% of",
        "the \"parcel*\" came",
        "a_b",
        "axb",
        "it's",
        "say \"hi\"",
        "a\\b",
        "-x flag",
        "👍🏽 fine",
        "日本語",
        "100% sure",
        "NEAR(a b)",
        "a-x",
    ];
    for (number, text) in (1_u128..).zip(texts) {
        put(&store, number, text, "", |_| {});
    }
    for (line, runs) in [
        ("C++", vec![1]),
        ("kind%", vec![2]),
        ("\"parcel*\"", vec![3]),
        ("parcel*", vec![3]),
        ("\"\"parcel*\"\"", vec![3]),
        ("a_b", vec![4]),
        ("'", vec![6]),
        ("it's", vec![6]),
        ("\"", vec![7, 3]),
        ("\\", vec![8]),
        ("a\\b", vec![8]),
        ("-x", vec![14, 9]),
        ("\"-x flag\"", vec![9]),
        ("👍", vec![10]),
        ("👍🏽", vec![10]),
        ("本", vec![11]),
        ("%", vec![12, 2]),
        ("NEAR(a", vec![13]),
        ("*", vec![3]),
        ("_", vec![4]),
    ] {
        assert_eq!(found(&store, line).await, runs, "{line}");
    }
}
