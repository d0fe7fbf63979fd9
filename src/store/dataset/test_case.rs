//! Rows of the shape of promptfoo's tests: `{"vars": {…}, "assert": […]}` (`TestCaseSchema` in its
//! `src/types/index.ts`).

use super::{
    lines::Trouble,
    record::{plain, variable},
    shape::{Making, Mapping},
};
use crate::{
    model::{VarValue, batch::Row},
    store::{
        mistake::{quoted, slip},
        promptfoo::assertion,
    },
    text::json::ExactJson,
};

/// The keys that are understood.
const KEYS: &[&str] = &["vars", "assert", "description", "threshold", "metadata"];

/// Rows that the lists of one test may come to.
const MOST: usize = 10_000;

/// Bytes that their variables may come to.
const HEAVIEST: usize = 32 * 1024 * 1024;

/// Tells whether a row is a test: it has `vars` with names, or a list `assert`.
pub(super) fn is(columns: &[(String, ExactJson)]) -> bool {
    columns.iter().any(|(key, value)| {
        (key == "vars" && fields(value).is_some()) || (key == "assert" && matches!(value, ExactJson::List(_)))
    })
}

/// Makes the rows of a test. Variables with lists of values make a row for each combination, the first
/// variable changing slowest.
pub(super) fn rows(
    columns: Vec<(String, ExactJson)>,
    line: Option<u64>,
    at: &[u64],
    mapping: &Mapping,
    keep_going: bool,
) -> Result<Vec<Row>, Trouble> {
    let mut vars = Vec::new();
    let mut row = Row::default();
    for (index, (key, value)) in columns.into_iter().enumerate() {
        let line = at.get(index).copied().or(line);
        let taken = match key.as_str() {
            "vars" => object(value).map(|found| vars = found),
            "assert" => checks(&value, keep_going).map(|checks| row.checks = checks),
            "description" => {
                row.description = Some(plain(value)).filter(|text| !text.is_empty());
                Ok(())
            }
            "threshold" => threshold(&value).map(|least| row.min_score = least),
            "metadata" => object(value)
                .map(|found| row.metadata = found.into_iter().map(|(key, value)| (key, plain(value))).collect()),
            _ => Err(format!(
                "it is not understood in a test; it may have {}{}",
                KEYS.join(", "),
                slip(&key, KEYS.iter().copied())
            )),
        };
        taken.map_err(|what| Trouble::new(line, format!("{}: {what}", quoted(&key))))?;
    }
    let vars = vars.into_iter().map(|(name, value)| (mapping.get(&name).cloned().unwrap_or(name), value));
    let mut size = 0_usize;
    let mut combinations: Vec<Vec<(String, VarValue)>> = vec![Vec::new()];
    for (name, value) in vars.filter(|(name, _)| !name.is_empty()) {
        // As promptfoo has it, a list stands for several values if its first is a text.
        let values: Vec<VarValue> = match value {
            ExactJson::List(values) if matches!(values.first(), Some(ExactJson::Text(_))) => {
                values.into_iter().map(variable).collect()
            }
            one => vec![variable(one)],
        };
        let said = |what: &str| Trouble::new(line, format!("vars.{}: {what}", quoted(&name)));
        if values.iter().any(|value| value.starts_with("file://")) {
            return Err(said("a file is not read in place of a value; write the text itself"));
        }
        let rows = combinations.len().saturating_mul(values.len());
        if rows > MOST {
            return Err(said(&format!("the lists of this test make more than {MOST} rows")));
        }
        // Each row has its own copy of everything.
        let all = |values: &[VarValue]| values.iter().map(|value| value.len() + name.len()).sum::<usize>();
        size = size.saturating_mul(values.len()).saturating_add(all(&values).saturating_mul(combinations.len()));
        if size > HEAVIEST {
            let most = HEAVIEST / 1024 / 1024;
            return Err(said(&format!("the rows that the lists of this test make are larger than {most} MB together")));
        }
        let longer = combinations.iter().flat_map(|combination| {
            values.iter().map(|value| combination.iter().cloned().chain([(name.clone(), value.clone())]).collect())
        });
        combinations = longer.collect();
    }
    let made = combinations.into_iter().map(|combination| {
        let mut making = Making::of(row.clone());
        for (name, value) in combination {
            making.variable(&name, value).map_err(|what| Trouble::new(line, what))?;
        }
        Ok(making.row(line, mapping))
    });
    made.collect()
}

/// Returns the members of an object.
pub(super) fn fields(value: &ExactJson) -> Option<&[(String, ExactJson)]> {
    match value {
        ExactJson::Fields(fields) => Some(fields),
        _ => None,
    }
}

fn object(value: ExactJson) -> Result<Vec<(String, ExactJson)>, String> {
    match value {
        ExactJson::Fields(fields) => Ok(fields),
        ExactJson::Null => Ok(Vec::new()),
        other => Err(format!("expected names and values, found {}", quoted(&other.to_string()))),
    }
}

fn checks(value: &ExactJson, keep_going: bool) -> Result<Vec<crate::model::Check>, String> {
    match value {
        ExactJson::Null => Ok(Vec::new()),
        ExactJson::List(items) => {
            let read = |(index, item): (usize, &ExactJson)| {
                let read = assertion::of_exact(item);
                assertion::kept(read, &item.to_string(), keep_going).map_err(|what| format!("[{index}]: {what}"))
            };
            items.iter().enumerate().map(read).collect()
        }
        other => Err(format!("expected a list of assertions, found {}", quoted(&other.to_string()))),
    }
}

fn threshold(value: &ExactJson) -> Result<Option<f64>, String> {
    match value {
        ExactJson::Null => Ok(None),
        other => super::shape::figure(&other.to_string()).map(Some),
    }
}
