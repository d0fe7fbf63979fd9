//! Any file is a data set or its mistake is named with the file: in every form, however it is read.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use retort::{
    dataset::{self, ReadOptions},
    model::dataset::DatasetFormat,
};

const FORMS: [DatasetFormat; 7] = [
    DatasetFormat::Csv,
    DatasetFormat::Tsv,
    DatasetFormat::Jsonl,
    DatasetFormat::Json,
    DatasetFormat::Yaml,
    DatasetFormat::Lines,
    DatasetFormat::Text,
];

fuzz_target!(|input: (u8, bool, &[u8])| {
    let (form, keep_going, bytes) = input;
    let form = FORMS[usize::from(form) % FORMS.len()];
    let reading = ReadOptions { keep_going, ..ReadOptions::default() };
    match dataset::from_reader("rows", Box::new(Cursor::new(bytes.to_vec())), form, &reading) {
        Ok(rows) => {
            for row in rows {
                assert!(row.as_ref().err().is_none_or(|error| error.to_string().contains("rows")), "{row:?}");
            }
        }
        Err(error) => assert!(error.to_string().contains("rows"), "{error}"),
    }
});
