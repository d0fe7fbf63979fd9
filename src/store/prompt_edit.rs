//! One value of a prompt's file, written anew; everything else in the file stays as it is.

use toml_edit::{DocumentMut, InlineTable, Item, TableLike, Value};

use crate::{
    config::{atomic_file, names, toml_error::Outline},
    eval::whatif::Threshold,
    model::{error::StoreError, id, settings::Places},
    store::{
        api::{FoundPrompt, NewThreshold, PromptFile},
        prompts,
    },
};

/// Finds a prompt's own file and reads it.
pub(crate) fn find(places: &Places, name: &str) -> Result<PromptFile, StoreError> {
    let file = names::check("prompt", name).ok().map(|()| prompts::file(places, name)).transpose()?.flatten();
    let found = match file {
        Some(path) => match atomic_file::read(&path)? {
            Some(text) => {
                Some(FoundPrompt { prompt: prompts::parse(&text, &path)?, digest: id::hex(text.as_bytes()), path })
            }
            None => None,
        },
        None => None,
    };
    Ok(PromptFile { name: name.to_owned(), found })
}

/// Writes a threshold to the file of its prompt.
pub(crate) fn set(places: &Places, new: &NewThreshold) -> Result<PromptFile, StoreError> {
    let NewThreshold { name, rule, before, value } = new;
    names::check("prompt", name)?;
    let gone = || {
        StoreError::new(format!("no file holds the prompt `{name}` any more; open it on the bench and save it first"))
    };
    let file = prompts::file(places, name)?.ok_or_else(gone)?;
    let text = atomic_file::read(&file)?.ok_or_else(gone)?;
    let mut prompt = prompts::parse(&text, &file)?;
    let shown = file.display();
    let knob = Threshold::find(&prompt, rule).map_err(|why| StoreError::new(format!("{shown}: {why}")))?;
    if knob.present != *before {
        let present = knob.shown_present();
        let message =
            format!("{shown} is another one by now: its {rule} is {present}; look at it again before you write");
        return Err(StoreError::new(message));
    }
    knob.put(&mut prompt, *value);
    let unfit = || {
        let key = knob.key.join(".");
        StoreError::new(format!("{shown}: `{key}` is written in a way that cannot be changed here; set it by hand"))
    };
    let written = with(&text, &knob.key, *value).ok_or_else(unfit)?;
    if prompts::parse(&written, &file)? != prompt {
        return Err(unfit());
    }
    prompts::write_file(places, &file, &written, true)?;
    let digest = id::hex(written.as_bytes());
    Ok(PromptFile { name: name.clone(), found: Some(FoundPrompt { path: file, prompt, digest }) })
}

/// Puts a number at a path of keys into a TOML text. What stands there is replaced byte for byte; a key that
/// is not there yet comes last in its table. None where there is no such table.
fn with(text: &str, key: &[String], number: f64) -> Option<String> {
    if let Some(place) = Outline::of(text).value_of(key) {
        let before = text.get(place.clone())?;
        let whole = before.parse::<i64>().is_ok() || before.parse::<f64>().is_err();
        return Some([text.get(..place.start)?, &literal(number, whole), text.get(place.end..)?].concat());
    }
    let mut document: DocumentMut = text.parse().ok()?;
    let (last, above) = key.split_last()?;
    let value: Value = literal(number, true).parse().ok()?;
    match table(document.as_item_mut(), above)? {
        TomlPosition::Table(table) => drop(table.insert(last, Item::Value(value.decorated(" ", "")))),
        TomlPosition::Inline(table) => {
            // the blank before the brace stays there
            let before = table.iter_mut().last().map(|(_, value)| value.decor_mut());
            let end = before.and_then(|decor| {
                let end = decor.suffix()?.as_str()?.to_owned();
                decor.set_suffix("");
                Some(end)
            });
            table.insert(last.as_str(), value.decorated(" ", end.unwrap_or_default()));
        }
    }
    let written = document.to_string();
    // the line ends of the rest are as they were
    Some(if text.contains("\r\n") { written.replace("\r\n", "\n").replace('\n', "\r\n") } else { written })
}

/// A table of either form.
enum TomlPosition<'a> {
    Table(&'a mut dyn TableLike),
    Inline(&'a mut InlineTable),
}

/// Goes down to a table; places in lists count from 0.
fn table<'a>(item: &'a mut Item, path: &[String]) -> Option<TomlPosition<'a>> {
    let Some((key, rest)) = path.split_first() else {
        return match item {
            Item::Value(Value::InlineTable(table)) => Some(TomlPosition::Inline(table)),
            item => item.as_table_like_mut().map(TomlPosition::Table),
        };
    };
    let Ok(place) = key.parse::<usize>() else {
        return table(item.as_table_like_mut()?.get_mut(key)?, rest);
    };
    match item {
        Item::ArrayOfTables(tables) if rest.is_empty() => tables.get_mut(place).map(|table| TomlPosition::Table(table)),
        Item::Value(Value::Array(list)) if rest.is_empty() => {
            list.get_mut(place)?.as_inline_table_mut().map(TomlPosition::Inline)
        }
        _ => None,
    }
}

/// Writes a number as TOML: a whole one without a point where that is how the one before was written.
fn literal(number: f64, whole: bool) -> String {
    if whole && number.fract() == 0.0 && number.abs() < 9e15 { format!("{number:.0}") } else { format!("{number:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(key: &str) -> Vec<String> {
        key.split('.').map(str::to_owned).collect()
    }

    #[test]
    fn one_value_changes_and_every_other_byte_stays() {
        for (text, key, number, want) in [
            (
                "# labels\n[response]  # the form\nconfidence = '/c'\nmin_confidence   =  0.70 # was 0.6\n\n\n[params]\n",
                "response.min_confidence",
                0.85,
                "# labels\n[response]  # the form\nconfidence = '/c'\nmin_confidence   =  0.85 # was 0.6\n\n\n[params]\n",
            ),
            (
                "response = { confidence = \"/c\", min_confidence = 0.7 }",
                "response.min_confidence",
                1.0,
                "response = { confidence = \"/c\", min_confidence = 1.0 }",
            ),
            (
                "response.min_confidence = 1\r\nuser = \"a\"\r\n",
                "response.min_confidence",
                0.5,
                "response.min_confidence = 0.5\r\nuser = \"a\"\r\n",
            ),
            (
                "[[check]]\ntype = 'cost'\nthreshold = 0.1\n# two\n[[check]]\ntype = 'latency'\nthreshold = 2_000 # ms\n",
                "check.1.threshold",
                1500.0,
                "[[check]]\ntype = 'cost'\nthreshold = 0.1\n# two\n[[check]]\ntype = 'latency'\nthreshold = 1500 # ms\n",
            ),
            (
                "check = [{ type = 'latency', threshold = 2000 }, # a\n]",
                "check.0.threshold",
                1500.5,
                "check = [{ type = 'latency', threshold = 1500.5 }, # a\n]",
            ),
            // a key that is not there yet
            (
                "[response]\nconfidence = '/c' # here\n\n[params]\nseed = 1\n",
                "response.min_confidence",
                0.7,
                "[response]\nconfidence = '/c' # here\nmin_confidence = 0.7\n\n[params]\nseed = 1\n",
            ),
            (
                "[response]\r\nconfidence = '/c'\r\n# end\r\n",
                "response.min_confidence",
                0.7,
                "[response]\r\nconfidence = '/c'\r\nmin_confidence = 0.7\r\n# end\r\n",
            ),
            (
                "response = { confidence = '/c' }\n",
                "response.min_confidence",
                0.7,
                "response = { confidence = '/c', min_confidence = 0.7 }\n",
            ),
            (
                "[[check]]\ntype = 'levenshtein'\nvalue = 'x'\n\n[[check]]\ntype = 'cost'\n",
                "check.0.threshold",
                9.0,
                "[[check]]\ntype = 'levenshtein'\nvalue = 'x'\nthreshold = 9\n\n[[check]]\ntype = 'cost'\n",
            ),
        ] {
            assert_eq!(with(text, &path(key), number).as_deref(), Some(want), "{text}");
        }
        assert_eq!(with("user = 'a'", &path("response.min_confidence"), 0.7), None);
        assert_eq!(with("check = 'a'", &path("check.0.threshold"), 0.7), None);
    }
}
