//! Data sets through the store: what a screen shows of one, and a hundred thousand rows of another.

use std::{collections::BTreeSet, fmt::Write as _, fs};

use retort::{
    dataset,
    dataset::ReadOptions,
    model::dataset::{ColumnKind, DatasetFormat},
};

#[test]
fn a_preview_fits_columns_to_variables() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mails.csv");
    fs::write(&file, "text;Language;stars\nlate;en;2\nfine;de;5\n").unwrap();
    let source = file.to_string_lossy().into_owned();
    let found = dataset::preview(&source, &ReadOptions::default(), 1).unwrap();
    let answer: Vec<_> = found.columns.iter().map(|column| (column.name.as_str(), column.kind)).collect();
    assert_eq!(answer, [("text", ColumnKind::Text), ("Language", ColumnKind::Text), ("stars", ColumnKind::Whole)]);
    assert_eq!((found.form, found.rows.len(), found.more), (DatasetFormat::Csv, 1, true));

    let columns: Vec<String> = found.columns.into_iter().map(|column| column.name).collect();
    let asks: BTreeSet<String> = ["input", "language"].map(str::to_owned).into();
    let fit = dataset::fit(&columns, &asks, &ReadOptions::default().mapping);
    assert_eq!(fit.missing.len(), 1);
    assert_eq!(fit.missing[0].near.as_deref(), Some("Language"));

    let error = dataset::preview("no/such/folder", &ReadOptions::default(), 1).unwrap_err();
    assert!(error.message.starts_with("cannot read no/such/folder: "));
}

#[test]
fn a_hundred_thousand_rows_are_all_there_and_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("many.csv");
    let text = (1..=100_000).fold("id,text\n".to_owned(), |mut text, row| {
        let _ = writeln!(text, "{row},\"a mail, the {row}th\"");
        text
    });
    fs::write(&file, text).unwrap();
    let set = dataset::open(&file.to_string_lossy(), &ReadOptions::default()).unwrap();
    let mut seen = 0;
    for row in set {
        let row = row.unwrap();
        seen += 1;
        assert_eq!(
            (row.number, row.line, row.input.value("id")),
            (seen, Some(seen + 1), Some(seen.to_string().as_str()))
        );
    }
    assert_eq!(seen, 100_000);
}
