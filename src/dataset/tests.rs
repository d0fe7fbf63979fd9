//! Data sets as people write them, whole and broken.

use std::{fs, io::Cursor};

use futures_util::StreamExt as _;
use proptest::prelude::*;
use serde_json::json;

use crate::{
    dataset::*,
    model::{Check, CheckKind, Input, NamedInput, dataset::ColumnKind},
};

fn file(dir: &tempfile::TempDir, name: &str, text: impl AsRef<[u8]>) -> String {
    let path = dir.path().join(name);
    fs::write(&path, text).unwrap();
    path.to_string_lossy().into_owned()
}

fn set(form: DatasetFormat, text: &str, reading: &ReadOptions) -> Result<Vec<DatasetRow>, StoreError> {
    from_reader("set", Box::new(Cursor::new(text.as_bytes().to_vec())), form, reading)?.collect()
}

fn all(form: DatasetFormat, text: &str) -> Vec<DatasetRow> {
    set(form, text, &ReadOptions::default()).unwrap()
}

fn error(form: DatasetFormat, text: &str) -> String {
    set(form, text, &ReadOptions::default()).unwrap_err().message
}

fn mapping(pairs: &[(&str, &str)]) -> ReadOptions {
    let mapping = pairs.iter().map(|&(column, variable)| (column.to_owned(), variable.to_owned())).collect();
    ReadOptions { mapping, ..ReadOptions::default() }
}

fn row(from: &str) -> NamedInput {
    match read(from, &Consent::Nothing).unwrap() {
        Loaded::Input(named) => named,
        other @ Loaded::Rows { .. } => panic!("{other:?}"),
    }
}

fn numbers(from: &str) -> (Vec<u64>, bool, String) {
    match read(from, &Consent::Nothing).unwrap() {
        Loaded::Rows { rows, more, .. } => (rows.iter().map(|row| row.number).collect(), more, rows[0].summary.clone()),
        other @ Loaded::Input(_) => panic!("{other:?}"),
    }
}

/// The same two rows in every form that has columns.
fn same() -> [(&'static str, DatasetFormat, &'static str); 6] {
    [
        (
            "a.csv",
            DatasetFormat::Csv,
            "\u{feff}label, text,__expected\r\nneg,\"late, and\nlost\",contains: a\r\npos,fine,\r\n",
        ),
        ("b.csv", DatasetFormat::Csv, "label;text;__expected\nneg;\"late, and\nlost\";contains: a\npos;fine;\n"),
        ("a.tsv", DatasetFormat::Tsv, "label\ttext\t__expected\nneg\t\"late, and\nlost\"\tcontains: a\npos\tfine\t\n"),
        (
            "a.ndjson",
            DatasetFormat::Jsonl,
            "{\"label\":\"neg\",\"text\":\"late, and\\nlost\",\"__expected\":\"contains: a\"}\n\n{\"label\":\"pos\",\"text\":\"fine\"}",
        ),
        (
            "a.json",
            DatasetFormat::Json,
            "[{\"vars\":{\"label\":\"neg\",\"text\":\"late, and\\nlost\"},\"assert\":[{\"type\":\"contains\",\"value\":\"a\"}]},{\"label\":\"pos\",\"text\":\"fine\"}]",
        ),
        (
            "a.yml",
            DatasetFormat::Yaml,
            "- label: neg\n  text: |-\n    late, and\n    lost\n  __expected: \"contains: a\"\n- {label: pos, text: fine}\n",
        ),
    ]
}

#[test]
fn every_form_gives_the_same_rows() {
    let dir = tempfile::tempdir().unwrap();
    for (name, form, text) in same() {
        let from = file(&dir, name, text);
        let rows: Vec<DatasetRow> = open(&from, &ReadOptions::default()).unwrap().map(Result::unwrap).collect();
        assert_eq!(open(&from, &ReadOptions::default()).unwrap().form(), form);
        assert_eq!(rows.len(), 2, "{name}");
        let (first, second) = (&rows[0], &rows[1]);
        assert_eq!((first.number, first.input.text.as_str()), (1, "late, and\nlost"), "{name}");
        assert_eq!(first.checks, [Check::of(CheckKind::Contains).with("a")], "{name}");
        assert_eq!((second.number, second.input.value("label")), (2, Some("pos")), "{name}");
        assert_eq!((second.input.text.as_str(), second.checks.len(), second.input.vars.len()), ("fine", 0, 1));
        assert!(second.line > first.line || name == "a.json", "{name}: {rows:?}");

        assert_eq!(numbers(&from), (vec![1, 2], false, "late, and\nlost · label=neg".to_owned()), "{from}");
        let picked = row(&format!("{from}:2"));
        assert_eq!((&picked.input, picked.name), (&second.input, format!("{name}:2")), "{from}");
        let far = read(&format!("{from}:9"), &Consent::Nothing).unwrap_err().message;
        assert!(far.contains(&from) && far.contains("it has 2 rows, and no row 9"), "{far}");
    }
}

#[test]
fn a_folder_gives_its_texts_by_name_and_a_text_is_one_input() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [("b.txt", "second\n"), ("a.md", "first"), (".hidden", "no")] {
        file(&dir, name, text);
    }
    fs::create_dir(dir.path().join("inside")).unwrap();
    let from = dir.path().to_string_lossy().into_owned();
    let rows: Vec<DatasetRow> = open(&from, &ReadOptions::default()).unwrap().map(Result::unwrap).collect();
    let found: Vec<_> = rows.iter().map(|row| (row.number, row.input.text.as_str(), row.input.value("file"))).collect();
    assert_eq!(found, [(1, "first", Some("a.md")), (2, "second\n", Some("b.txt"))]);
    file(&dir, "c.bin", b"ok\n\xff");
    let broken = open(&from, &ReadOptions::default()).unwrap().last().unwrap().unwrap_err().message;
    assert!(broken.contains("c.bin, line 2: byte 1"), "{broken}");

    let plain = file(&dir, "mail.txt", "Dear all\n");
    assert_eq!(row(&plain), NamedInput { name: "mail.txt".to_owned(), input: Input::of("Dear all\n") });
    assert!(open(&plain, &ReadOptions::default()).unwrap_err().message.contains("--format"));
    let lines = ReadOptions { form: Some(DatasetFormat::Lines), ..ReadOptions::default() };
    assert_eq!(open(&plain, &lines).unwrap().next().unwrap().unwrap().input, Input::of("Dear all"));
}

#[test]
fn plain_values_are_inputs_and_input_goes_before_text() {
    let rows = all(DatasetFormat::Jsonl, "{\"input\":[1,2],\"text\":\"t\",\"n\":2.5,\"z\":null}\n\"plain\"\n7\n");
    let first = &rows[0].input;
    assert_eq!((first.text.as_str(), first.value("text"), first.value("n")), ("[1,2]", Some("t"), Some("2.5")));
    assert_eq!(first.value("z"), Some(""));
    assert_eq!([&rows[1].input, &rows[2].input], [&Input::of("plain"), &Input::of("7")]);
    let lines = all(DatasetFormat::Lines, "one\r\n\n two \n");
    assert_eq!([&lines[0].input.text, &lines[1].input.text], ["one", " two "]);
    assert_eq!(lines[1].line, Some(3));
}

#[test]
fn columns_of_promptfoo_say_what_is_expected() {
    let text = "q,__expected,__expected2,__config:__expected2:threshold,__description,__metric,__threshold,__metadata:topic,__prefix\n\
                2+2,equals: 4,llm-rubric: short,0.9,sum,math,0.5,numbers,\n\
                hi,,fn:true,,,,0,,\n";
    let rows = all(DatasetFormat::Csv, text);
    let first = &rows[0];
    assert_eq!(first.input.vars, [("q".to_owned(), "2+2".into())].into());
    let named = |check: Check| Check { metric: Some("math".to_owned()), ..check };
    assert_eq!(
        first.checks,
        [
            named(Check::of(CheckKind::Equals).with("4")),
            named(Check::of(CheckKind::LlmRubric).with("short").within(0.9)),
        ]
    );
    assert_eq!((first.description.as_deref(), first.min_score), (Some("sum"), Some(0.5)));
    assert_eq!(first.metadata, [("topic".to_owned(), "numbers".to_owned())].into());
    let second = &rows[1];
    assert_eq!((second.description.as_deref(), second.min_score, second.metadata.len()), (None, None, 0));
    assert_eq!(second.checks.iter().map(|check| check.kind.kind).collect::<Vec<_>>(), [CheckKind::Unsupported]);
}

#[test]
fn tests_of_promptfoo_are_rows_and_their_lists_make_combinations() {
    let test = json!([{
        "description": "d", "threshold": 0.5, "metadata": {"k": 1},
        "vars": {"x": ["1", 2], "y": ["a", "b"], "text": "t"},
        "assert": [{"type": "javascript", "value": "true"}],
    }]);
    let rows = all(DatasetFormat::Json, &test.to_string());
    let found: Vec<_> = rows.iter().map(|row| (row.number, row.input.value("x"), row.input.value("y"))).collect();
    let pair = |number, x, y| (number, Some(x), Some(y));
    assert_eq!(found, [pair(1, "1", "a"), pair(2, "1", "b"), pair(3, "2", "a"), pair(4, "2", "b")]);
    assert!(rows.iter().all(|row| row.input.text == "t" && row.checks.len() == 1 && row.min_score == Some(0.5)));
    assert_eq!(rows[3].metadata["k"], "1");
}

#[test]
fn what_is_not_understood_in_a_row_is_told_with_its_line() {
    let many = json!({"vars": {"a": vec!["1"; 200], "b": vec!["1"; 200]}}).to_string();
    for (form, text, words) in [
        (DatasetFormat::Jsonl, "1\n{\"vars\":{},\"asserts\":[]}", "line 2: `asserts`: it is not understood in a test"),
        (DatasetFormat::Jsonl, "{\"vars\":{},\"asert\":[]}", "did you mean `assert`?"),
        (DatasetFormat::Jsonl, "{\"vars\":{},\"assert\":[{\"type\":\"equal\",\"value\":1}]}", "`assert`: [0]: type:"),
        (DatasetFormat::Jsonl, "{\"vars\":{},\"assert\":{\"type\":\"equals\"}}", "expected a list of assertions"),
        (DatasetFormat::Jsonl, "{\"vars\":{\"a\":\"file://x\"}}", "a file is not read"),
        (DatasetFormat::Jsonl, &many, "more than 10000 rows"),
        (DatasetFormat::Yaml, "- vars: {a: 1}\n- vars: {a: 1}\n  options: {}\n", "line 3: `options`"),
        (
            DatasetFormat::Json,
            "[{\n\"vars\": {\"a\": \"b\"},\n \"assret\": []}]",
            "line 3: `assret`: it is not understood",
        ),
        (DatasetFormat::Json, "[{\"a\": \"b,\",\n\"__expcted\": 1}]", "line 2: column `__expcted`: it has no meaning"),
        (DatasetFormat::Csv, "a,__expcted\n1,x\n", "line 2: column `__expcted`: it has no meaning"),
        (DatasetFormat::Csv, "a,_expected\n1,x\n", "did you mean `__expected`?"),
        (DatasetFormat::Csv, "a,__prefix\n1,x\n", "a row cannot add to its prompt"),
        (DatasetFormat::Csv, "a,__threshold\n1,high\n", "expected a number"),
        (DatasetFormat::Csv, "a,__expected\n1,latency\n", "latency(LIMIT)"),
        (DatasetFormat::Csv, "a,__config:__expected:colour\n1,x\n", "__config:__expected:threshold"),
    ] {
        let error = error(form, text);
        assert!(error.contains(words), "{text}: {error}");
        assert!(error.starts_with("cannot read set: line "), "{error}");
    }
}

#[test]
fn hostile_files_are_told_and_never_taken_for_rows() {
    for (form, text, words) in [
        (DatasetFormat::Csv, "", "it has no rows"),
        (DatasetFormat::Csv, "a,b\n", "it has no rows"),
        (DatasetFormat::Csv, "a,b\n1,2\n\"x,3\n", "line 3: a quote of this row is never closed"),
        (DatasetFormat::Csv, "a,a\n1,2\n", "line 1: two columns are called `a`"),
        (DatasetFormat::Csv, "a,b\n1,2\n3,4,5\n", "line 3: the row has 3 fields, the header has 2"),
        (DatasetFormat::Csv, "a\n\0\n", "line 2: byte 1 is NUL"),
        (DatasetFormat::Json, "", "line 1: it is not a JSON array"),
        (DatasetFormat::Json, "[]", "it has no rows"),
        (DatasetFormat::Jsonl, "\n\n", "it has no rows"),
        (DatasetFormat::Yaml, "", "it has no rows"),
        (DatasetFormat::Yaml, "[]", "it has no rows"),
        (DatasetFormat::Lines, "\n \n", "it has no rows"),
    ] {
        let error = error(form, text);
        assert!(error.contains(words), "{text:?}: {error}");
    }
    let utf16 = Box::new(Cursor::new(b"\xff\xfea\0,\0".to_vec()));
    assert!(
        from_reader("set", utf16, DatasetFormat::Csv, &ReadOptions::default()).unwrap_err().message.contains("UTF-16")
    );
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("no.csv").to_string_lossy().into_owned();
    assert!(read(&missing, &Consent::Nothing).unwrap_err().message.starts_with(&format!("cannot read {missing}: ")));
    assert!(read("-", &Consent::Nothing).is_err() && preview("-", &ReadOptions::default(), 3).is_err());
}

#[test]
fn a_mistake_is_the_last_item() {
    let mut set =
        from_reader("s", Box::new(Cursor::new("1\n{\n3\n")), DatasetFormat::Jsonl, &ReadOptions::default()).unwrap();
    assert!(set.next().unwrap().is_ok());
    assert!(set.next().unwrap().is_err());
    assert!(set.next().is_none());
}

#[test]
fn columns_are_mapped_and_wrong_ones_named() {
    let text = "body,lang,answer,junk\nhi,en,yes,1\n";
    let reading = mapping(&[("body", "input"), ("lang", "language"), ("answer", "__expected"), ("junk", "")]);
    let row = set(DatasetFormat::Csv, text, &reading).unwrap().remove(0);
    assert_eq!((row.input.text.as_str(), row.input.vars.len()), ("hi", 1));
    assert_eq!((row.input.value("language"), row.checks.len()), (Some("en"), 1));
    for (form, text) in [(DatasetFormat::Csv, text), (DatasetFormat::Jsonl, "{\"body\":1,\"lang\":2}")] {
        let lost = set(form, text, &mapping(&[("langu", "x")])).unwrap_err().message;
        assert!(lost.contains("no column `langu`; did you mean `lang`?"), "{lost}");
    }
    let twice = set(DatasetFormat::Csv, text, &mapping(&[("body", "lang")])).unwrap_err().message;
    assert!(twice.contains("`lang` has two columns"), "{twice}");
    let kept = set(DatasetFormat::Csv, "text\nhi\n", &mapping(&[("text", "text")])).unwrap().remove(0);
    assert_eq!((kept.input.text.as_str(), kept.input.value("text")), ("", Some("hi")));
}

#[test]
fn only_some_rows_keep_their_numbers_and_nothing_behind_them_is_read() {
    let text = "1\n2\n3\n4\n{broken";
    let reading = |rows: &str| ReadOptions { only: Some(parse_rows(rows).unwrap()), ..ReadOptions::default() };
    let rows = set(DatasetFormat::Jsonl, text, &reading("2,4")).unwrap();
    assert_eq!(rows.iter().map(|row| (row.number, row.line)).collect::<Vec<_>>(), [(2, Some(2)), (4, Some(4))]);
    assert!(set(DatasetFormat::Jsonl, text, &reading("3-")).is_err());
    let none = set(DatasetFormat::Jsonl, "1\n2\n", &reading("5-6")).unwrap_err().message;
    assert!(none.contains("it has 2 rows, and no row 5-6"), "{none}");
}

#[test]
fn a_preview_tells_columns_and_reads_no_further() {
    let dir = tempfile::tempdir().unwrap();
    let head = "text,n,x,on,day,js,none,__expected\n";
    let line = "hello there,1,2.5,true,2026-11-25,\"{\"\"a\"\":1}\",,yes\n";
    let from =
        file(&dir, "p.csv", format!("{head}{line}other,2,3,false,2026-11-26,[1],,no\n{}\"broken", line.repeat(200)));
    let found = preview(&from, &mapping(&[("n", "count"), ("x", "")]), 2).unwrap();
    let shown: Vec<_> =
        found.columns.iter().map(|one| (one.name.as_str(), one.kind, one.variable.as_deref())).collect();
    assert_eq!(
        shown,
        [
            ("text", ColumnKind::Text, Some("input")),
            ("n", ColumnKind::Whole, Some("count")),
            ("x", ColumnKind::Number, None),
            ("on", ColumnKind::Boolean, Some("on")),
            ("day", ColumnKind::Date, Some("day")),
            ("js", ColumnKind::Json, Some("js")),
            ("none", ColumnKind::Empty, Some("none")),
            ("__expected", ColumnKind::Text, None),
        ]
    );
    assert_eq!((found.columns[0].example.as_str(), found.rows.len(), found.more), ("hello there", 2, true));
    assert_eq!((found.form, found.rows[1].number, found.rows[1].checks.len()), (DatasetFormat::Csv, 2, 1));
    let short = preview(&file(&dir, "s.jsonl", "{\"vars\":{\"a\":1}}"), &ReadOptions::default(), 5).unwrap();
    assert_eq!((short.more, short.columns[0].name.as_str(), short.columns[0].kind), (false, "a", ColumnKind::Whole));
}

/// A text without end, which counts what is read of it.
struct Endless(&'static [u8], std::sync::Arc<std::sync::atomic::AtomicUsize>);

impl Read for Endless {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = into.len() / self.0.len() * self.0.len();
        into.iter_mut().zip(self.0.iter().cycle()).take(length).for_each(|(to, from)| *to = *from);
        self.1.fetch_add(length, std::sync::atomic::Ordering::SeqCst);
        Ok(length)
    }
}

#[tokio::test]
async fn a_stream_of_any_form_reads_a_little_ahead() {
    const ROWS: u64 = 5000;
    for (form, head, text) in [
        (DatasetFormat::Lines, "", "a row\n"),
        (DatasetFormat::Csv, "a;b\n", "1;\"2\n3\"\n"),
        (DatasetFormat::Jsonl, "", "{\"a\":1}\n"),
        (DatasetFormat::Json, "[0", ",{\"a\":[1]}\n"),
        (DatasetFormat::Yaml, "", "- a: 1\n  b: [x]\n"),
    ] {
        let read = std::sync::Arc::default();
        let endless = Endless(text.as_bytes(), std::sync::Arc::clone(&read));
        let from = Box::new(Cursor::new(head).chain(endless));
        let mut rows = from_reader("s", from, form, &ReadOptions::default()).unwrap().into_stream();
        for number in 1..=ROWS {
            assert_eq!(rows.next().await.unwrap().unwrap().number, number);
        }
        let ahead = read.load(std::sync::atomic::Ordering::SeqCst).saturating_sub(text.len() * ROWS as usize);
        assert!(ahead < 3 * 64 * 1024, "{form}: {ahead} bytes were read ahead");
    }
}

proptest! {
    #[test]
    fn any_text_is_rows_or_a_mistake(
        text in "([-\\[\\]{}:,;&*!|>\"'#%?@`~<a1. \t\r\n]|- |: |---\n|<<: |__expected|vars|&a |\\*a|\\\\|é){0,40}",
    ) {
        for form in DatasetFormat::NAMED {
            let mut ended = false;
            if let Ok(rows) = from_reader("s", Box::new(Cursor::new(text.clone())), *form, &ReadOptions::default()) {
                for row in rows.take(1000) {
                    prop_assert!(!ended, "a row after a mistake");
                    ended = row.is_err();
                }
            }
        }
    }
}

#[test]
fn the_built_in_sample_is_read_by_its_name() {
    let rows: Vec<_> = open(SAMPLE, &ReadOptions::default()).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 24);
    assert!(rows.iter().all(|row| row.input.value("expected").is_some()));
    assert_eq!(preview(SAMPLE, &ReadOptions::default(), 3).unwrap().rows.len(), 3);
}
