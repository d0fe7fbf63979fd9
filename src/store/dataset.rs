//! Inputs from files: a text, or a row of a data set, which is read row by row and never whole.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use serde::de::{self, DeserializeSeed, SeqAccess, Visitor};
use serde_json::Value;

use super::job::{Reply, RowEntry, StoreFault};
use crate::model::{Input, NamedInput};

/// Rows that are listed, at most.
const LISTED: usize = 1000;

/// Characters of a row that its summary shows.
const SUMMARY: usize = 120;

/// The bytes a text or a line of a data set may have.
const LONGEST: u64 = 16 * 1024 * 1024;

/// The forms of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Separated(u8),
    Lines,
    Array,
}

/// Takes a row and its number; false where no further one is wanted.
type Take<'a> = &'a mut dyn FnMut(u64, Input) -> bool;

/// Reads `FILE` as a text or as a list of rows, or the one row that `FILE:ROW` names.
pub(super) fn read(from: &str) -> Result<Reply, StoreFault> {
    let (file, row) = split(from);
    let path = Path::new(file);
    let name = path.file_name().map_or_else(|| file.to_owned(), |name| name.to_string_lossy().into_owned());
    let fault = |message: String| StoreFault::new(format!("cannot read {file}: {message}"));
    match (form(path), row) {
        (Form::Text, _) => {
            let input = Input::of(text(path).map_err(fault)?);
            Ok(Reply::Input(Box::new(NamedInput { name, input })))
        }
        (form, Some(wanted)) => {
            let (mut found, mut last) = (None, 0);
            rows(path, form, &mut |number, input| {
                last = number;
                if number == wanted {
                    found = Some(input);
                }
                number < wanted
            })
            .map_err(fault)?;
            let input = found.ok_or_else(|| fault(format!("it has {last} rows, and no row {wanted}")))?;
            Ok(Reply::Input(Box::new(NamedInput { name: format!("{name}:{wanted}"), input })))
        }
        (form, None) => {
            let (mut listed, mut more) = (Vec::new(), false);
            rows(path, form, &mut |number, input| {
                more = listed.len() == LISTED;
                if !more {
                    listed.push(RowEntry { number, summary: summary(&input) });
                }
                !more
            })
            .map_err(fault)?;
            if listed.is_empty() {
                return Err(fault("it has no rows".to_owned()));
            }
            Ok(Reply::Rows { file: file.to_owned(), rows: listed, more })
        }
    }
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

fn form(path: &Path) -> Form {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    match ending.as_deref() {
        Some("csv") => Form::Separated(b','),
        Some("tsv") => Form::Separated(b'\t'),
        Some("jsonl" | "ndjson") => Form::Lines,
        Some("json") => Form::Array,
        _ => Form::Text,
    }
}

fn text(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let read = open(path)?.take(LONGEST + 1).read_to_string(&mut text).map_err(|fault| fault.to_string())?;
    if read as u64 > LONGEST {
        return Err(format!("it is longer than {} MB", LONGEST / 1024 / 1024));
    }
    Ok(text)
}

fn open(path: &Path) -> Result<BufReader<File>, String> {
    File::open(path).map(BufReader::new).map_err(|fault| fault.to_string())
}

fn rows(path: &Path, form: Form, take: Take<'_>) -> Result<(), String> {
    let file = open(path)?;
    match form {
        Form::Separated(by) => separated(file, by, take),
        Form::Lines => lines(file, take),
        Form::Array => array(file, take),
        Form::Text => Ok(()),
    }
}

fn separated(file: impl Read, by: u8, take: Take<'_>) -> Result<(), String> {
    let mut reader = csv::ReaderBuilder::new().delimiter(by).from_reader(file);
    let heads = reader.headers().map_err(|fault| fault.to_string())?.clone();
    let mut record = csv::StringRecord::new();
    let mut number = 0;
    while reader.read_record(&mut record).map_err(|fault| fault.to_string())? {
        number += 1;
        let columns = heads.iter().zip(&record).map(|(head, value)| (head.trim().to_owned(), value.to_owned()));
        if !take(number, input(columns)) {
            return Ok(());
        }
    }
    Ok(())
}

fn lines(mut file: impl BufRead, take: Take<'_>) -> Result<(), String> {
    let (mut number, mut place) = (0, 0_u64);
    let mut line = Vec::new();
    loop {
        line.clear();
        place += 1;
        let read = file.by_ref().take(LONGEST + 1).read_until(b'\n', &mut line).map_err(|fault| fault.to_string())?;
        if read == 0 {
            return Ok(());
        }
        if read as u64 > LONGEST {
            return Err(format!("line {place} is longer than {} MB", LONGEST / 1024 / 1024));
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let value = serde_json::from_slice(&line).map_err(|fault| format!("line {place} is not JSON: {fault}"))?;
        number += 1;
        if !take(number, of_json(value)) {
            return Ok(());
        }
    }
}

fn array(file: impl Read, take: Take<'_>) -> Result<(), String> {
    let mut stopped = false;
    let mut reader = serde_json::Deserializer::from_reader(file);
    match (Each { take, stopped: &mut stopped }).deserialize(&mut reader) {
        Err(fault) if !stopped => Err(format!("it is not a JSON array of rows: {fault}")),
        _ => Ok(()),
    }
}

/// Walks an array item by item.
struct Each<'a> {
    take: Take<'a>,
    stopped: &'a mut bool,
}

impl<'de> DeserializeSeed<'de> for Each<'_> {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Each<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut number = 0;
        while let Some(value) = items.next_element::<Value>()? {
            number += 1;
            if !(self.take)(number, of_json(value)) {
                *self.stopped = true;
                return Err(de::Error::custom("no further row is wanted"));
            }
        }
        Ok(())
    }
}

fn of_json(value: Value) -> Input {
    let plain = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    match value {
        Value::Object(fields) => input(fields.into_iter().map(|(name, value)| (name, plain(value)))),
        other => Input::of(plain(other)),
    }
}

/// Makes an input of columns: `input`, or else `text`, is its text, the others are its variables.
fn input(columns: impl Iterator<Item = (String, String)>) -> Input {
    let mut vars: std::collections::BTreeMap<_, _> = columns.filter(|(name, _)| !name.is_empty()).collect();
    let text = vars.remove("input").or_else(|| vars.remove("text")).unwrap_or_default();
    Input { text, vars }
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn file(dir: &tempfile::TempDir, name: &str, text: &str) -> String {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_string_lossy().into_owned()
    }

    fn row(from: &str) -> NamedInput {
        match read(from).unwrap() {
            Reply::Input(named) => *named,
            other => panic!("{other:?}"),
        }
    }

    fn numbers(from: &str) -> (Vec<u64>, bool, String) {
        match read(from).unwrap() {
            Reply::Rows { rows, more, .. } => {
                (rows.iter().map(|row| row.number).collect(), more, rows[0].summary.clone())
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_form_gives_the_same_rows() {
        let dir = tempfile::tempdir().unwrap();
        let files = [
            file(&dir, "a.csv", "label, text\nneg,\"late, and\nlost\"\npos,fine\n"),
            file(&dir, "a.tsv", "label\ttext\nneg\t\"late, and\nlost\"\npos\tfine\n"),
            file(
                &dir,
                "a.jsonl",
                "{\"label\":\"neg\",\"text\":\"late, and\\nlost\"}\n\n{\"label\":\"pos\",\"text\":\"fine\"}",
            ),
            file(
                &dir,
                "a.json",
                "[{\"label\":\"neg\",\"text\":\"late, and\\nlost\"},{\"label\":\"pos\",\"text\":\"fine\"}]",
            ),
        ];
        for from in files {
            assert_eq!(numbers(&from), (vec![1, 2], false, "late, and\nlost · label=neg".to_owned()), "{from}");
            let second = row(&format!("{from}:2"));
            assert_eq!((second.input.text.as_str(), second.input.value("label")), ("fine", Some("pos")), "{from}");
            assert!(second.name.ends_with(":2") && second.name.starts_with("a."));
            let far = read(&format!("{from}:9")).unwrap_err().message;
            assert!(far.contains(&from) && far.contains("it has 2 rows, and no row 9"), "{far}");
        }
    }

    #[test]
    fn values_that_are_no_text_are_json_and_input_goes_before_text() {
        let dir = tempfile::tempdir().unwrap();
        let from = file(&dir, "x.jsonl", "{\"input\":[1,2],\"text\":\"t\",\"n\":2.5}\n\"plain\"\n7\n");
        let first = row(&format!("{from}:1")).input;
        assert_eq!((first.text.as_str(), first.value("text"), first.value("n")), ("[1,2]", Some("t"), Some("2.5")));
        assert_eq!(row(&format!("{from}:2")).input, Input::of("plain"));
        assert_eq!(row(&format!("{from}:3")).input, Input::of("7"));
    }

    #[test]
    fn a_long_set_is_read_as_far_as_it_is_wanted() {
        let dir = tempfile::tempdir().unwrap();
        let items = "1,".repeat(1500);
        let from = file(&dir, "long.json", &format!("[{items} this is no JSON"));
        let (rows, more, _) = numbers(&from);
        assert_eq!((rows.len(), more), (LISTED, true));
        assert_eq!(row(&format!("{from}:1200")).input.text, "1");
        assert!(read(&format!("{from}:1600")).unwrap_err().message.contains("not a JSON array of rows"));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("no.csv").to_string_lossy().into_owned();
        assert!(read(&missing).unwrap_err().message.starts_with(&format!("cannot read {missing}: ")));
        let broken = file(&dir, "b.jsonl", "{\"a\":1}\n{nope\n");
        assert!(read(&broken).unwrap_err().message.contains("line 2 is not JSON"));
        let empty = file(&dir, "e.csv", "text\n");
        assert!(read(&empty).unwrap_err().message.contains("it has no rows"));
        let plain = file(&dir, "mail.txt", "Dear all\n");
        assert_eq!(row(&plain), NamedInput { name: "mail.txt".to_owned(), input: Input::of("Dear all\n") });
    }
}
