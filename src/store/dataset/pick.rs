//! One input for the bench: a text, a row of a data set, or the rows to choose one from.

use std::path::Path;

use super::{Form, Reading, RowRanges, lines::Trouble, open, stored, told};
use crate::{
    model::{Input, NamedInput},
    store::{
        job::{Reply, RowEntry, StoreFault},
        trust::Consent,
    },
};

/// Rows that are listed, at most.
const LISTED: usize = 1000;

/// Characters of a row that its summary shows.
const SUMMARY: usize = 120;

/// Reads `FILE` as a text or as a list of rows, or the one row that `FILE:ROW` names.
pub(in crate::store) fn read(from: &str, consent: &Consent) -> Result<Reply, StoreFault> {
    if from == "-" {
        return Err(told(from, &Trouble::new(None, "it belongs to the keyboard; name a file")));
    }
    let (file, row) = split(from);
    let path = Path::new(file);
    stored(file)?;
    let name = path.file_name().map_or_else(|| file.to_owned(), |name| name.to_string_lossy().into_owned());
    // what is neither a data set nor a folder is a text
    let form = Form::of(path).map_or(Some(Form::Text), |_| None);
    let only = row.filter(|_| form.is_none()).map(RowRanges::only);
    let picked = only.is_some();
    let mut rows = open(file, &Reading { form, only, consent: consent.clone(), ..Reading::default() })?;
    let none = || told(file, &Trouble::new(None, "it has no rows"));
    if form.is_some() || picked {
        let input = rows.next().ok_or_else(none)??.input;
        let name = row.filter(|_| picked).map_or_else(|| name.clone(), |row| format!("{name}:{row}"));
        return Ok(Reply::Input(Box::new(NamedInput { name, input })));
    }
    let listed = rows
        .by_ref()
        .take(LISTED)
        .map(|row| row.map(|row| RowEntry { number: row.number, summary: summary(&row.input) }));
    let listed = listed.collect::<Result<Vec<_>, _>>()?;
    Ok(Reply::Rows { file: file.to_owned(), more: rows.next().is_some(), rows: listed })
}

fn split(from: &str) -> (&str, Option<u64>) {
    match from.rsplit_once(':') {
        Some((file, row)) if !Path::new(from).exists() => match row.parse() {
            Ok(row) => (file, Some(row)),
            Err(_) => (from, None),
        },
        _ => (from, None),
    }
}

fn summary(input: &Input) -> String {
    let vars = input.vars.iter().map(|(name, value)| format!("{name}={value}"));
    let parts = Some(input.text.clone()).filter(|text| !text.is_empty()).into_iter().chain(vars);
    let mut whole = String::new();
    for part in parts {
        if !whole.is_empty() {
            whole.push_str(" · ");
        }
        whole.extend(part.chars().take(SUMMARY));
        if whole.chars().nth(SUMMARY).is_some() {
            break;
        }
    }
    whole.chars().take(SUMMARY).collect()
}
