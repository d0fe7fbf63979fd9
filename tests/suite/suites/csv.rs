//! csv-spectrum: every file gives the rows that its JSON lists.
//! <https://github.com/max-mapper/csv-spectrum>

use std::{collections::BTreeMap, fs, io::Cursor};

use retort::{dataset, dataset::ReadOptions, model::dataset::DatasetFormat};

use super::{Outcomes, files, suite};

type Rows = Vec<BTreeMap<String, String>>;

#[test]
#[ignore = "needs data: tests/suites/run.sh runs it"]
fn csv_spectrum_has_nothing_wrong() {
    let folder = suite("csv-spectrum");
    let mut outcomes = Outcomes::default();
    for (name, path) in files(&folder.join("csvs"), "csv") {
        let expected = fs::read_to_string(folder.join("json").join(format!("{name}.json"))).unwrap();
        let bytes = fs::read(&path).unwrap();
        if str::from_utf8(&bytes).is_err() {
            outcomes.refuse(name, "it is not UTF-8");
            continue;
        }
        let Ok(expected) = serde_json::from_str::<Rows>(&expected) else {
            outcomes.refuse(name, "its JSON is no list of rows");
            continue;
        };
        let from = Box::new(Cursor::new(bytes));
        let rows = dataset::from_reader(&name, from, DatasetFormat::Csv, &ReadOptions::default()).unwrap();
        let rows: Result<Rows, String> = rows
            .map(|row| {
                let vars = row.map_err(|error| error.to_string())?.input.vars;
                Ok(vars.into_iter().map(|(name, value)| (name, value.to_string())).collect())
            })
            .collect();
        outcomes.take(name, rows.as_ref() == Ok(&expected), &format!("{expected:?}, found {rows:?}"));
    }
    outcomes.print("csv-spectrum");
    assert!(outcomes.wrong.is_empty(), "{:#?}", outcomes.wrong);
    assert!(outcomes.right >= 10, "{}", outcomes.right);
}
