//! YAML lists, whole and broken.

use serde_json::{Value, json};

use super::{super::record::Fields as Found, *};

fn all(text: &str) -> Result<Vec<(u64, Value)>, Trouble> {
    let mut list = YamlList::new(Lines::new(Box::new(std::io::Cursor::new(text.as_bytes().to_vec())), 16 << 20));
    let mut rows = Vec::new();
    while let Some(record) = list.read()? {
        let value = match record.fields {
            Found::Text(text) => Value::String(text),
            Found::Columns(columns) => ExactJson::Fields(columns).to_value(),
        };
        rows.push((record.line.unwrap(), value));
    }
    Ok(rows)
}

#[test]
fn a_list_gives_its_items_with_their_lines() {
    let text = "# set\n---\n- a: 1\n  b: |\n    two\n    lines\n- &base\n  a: 01\n  b: \"7\"\n\n- <<: *base\n  a: null\n- plain text\n";
    let rows = all(text).unwrap();
    assert_eq!(
        rows,
        [
            (3, json!({"a": 1, "b": "two\nlines\n"})),
            (7, json!({"a": "01", "b": "7"})),
            (11, json!({"a": null, "b": "7"})),
            (13, json!("plain text")),
        ]
    );
    assert_eq!(all("[{a: 1.5}, 123456789012345678901234]").unwrap()[1].1, json!("123456789012345678901234"));
    assert_eq!(all("").unwrap(), []);
    assert_eq!(all("# nothing\n").unwrap(), []);
}

#[test]
fn a_broken_list_is_told_by_its_line() {
    let bomb = (1..40).fold("- &a0 [lol,lol]\n".to_owned(), |text, n| {
        let before = n - 1;
        format!("{text}- &a{n} [*a{before},*a{before}]\n")
    });
    let inside = format!("- x: &a {}\n  y: [{}]\n", "x".repeat(100_000), "*a,".repeat(1000));
    let deep = "- ".repeat(200);
    for (text, said) in [
        ("a: 1\n", "not a YAML list"),
        ("- a: 1\n  a: 2\n", "`a` is there twice"),
        ("- !!python/object x\n", "the tag"),
        ("- a: !mine 5\n", "the tag"),
        ("- a: !!int five\n", "is not a number"),
        ("- a: [1\n- b\n", "not YAML"),
        ("- *gone\n", "not YAML"),
        ("- &a [*a]\n", "itself a part"),
        ("- ? [1]\n  : 2\n", "a key is a list"),
        ("- 1\n---\n- 2\n", "second document"),
        ("- <<: 5\n", "`<<` takes a mapping"),
        (&bomb, "250000 values"),
        (&inside, "16 MB"),
        (&deep, "deep"),
    ] {
        let start: String = text.chars().take(30).collect();
        let trouble = all(text).unwrap_err();
        assert!(trouble.what.contains(said), "{start}: {trouble:?}");
        assert!(trouble.line.is_some(), "{start}");
    }
    assert_eq!(all("- a: 1\n  a: 2\n").unwrap_err().line, Some(2));
    assert!(all(&"[".repeat(100_000)).unwrap_err().what.contains("recursion limit"));
    assert!(all("- a\n- b: \"x\n").unwrap_err().what.contains("not YAML"));
}
