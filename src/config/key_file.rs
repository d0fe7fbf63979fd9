//! The keys of one action, written to `[keys]` of `config.toml`; everything else in the file stays as it is.

use toml_edit::{Array, DocumentMut, Item, Table, Value};

use crate::{
    config::atomic_file,
    model::{error::StoreError, settings::Places},
};

/// Writes the keys of an action, each as the key map names it.
pub(crate) fn set(places: &Places, action: &str, chords: &[String]) -> Result<(), StoreError> {
    let path = places.config.join("config.toml");
    let text = atomic_file::read(&path)?.unwrap_or_default();
    let unfit = |why: &str| {
        let keys = chords.join("\", \"");
        StoreError::new(format!("{}: {why}; set [keys] {action} = [\"{keys}\"] by hand", path.display()))
    };
    let written = with(&text, action, chords).ok_or_else(|| unfit("it cannot be changed here"))?;
    atomic_file::write(&path, &written, true)
}

/// Puts the keys of an action into a TOML text; the comments stay. None where the text is no TOML or has no table there.
fn with(text: &str, action: &str, chords: &[String]) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    let keys = document.entry("keys").or_insert_with(|| Item::Table(Table::new())).as_table_like_mut()?;
    let mut value = Value::Array(chords.iter().map(String::as_str).collect::<Array>());
    match keys.get_mut(action).and_then(Item::as_value_mut) {
        Some(before) => {
            *value.decor_mut() = before.decor().clone();
            *before = value;
        }
        None => drop(keys.insert(action, Item::Value(value))),
    }
    Some(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_one_action_are_written_and_the_rest_stays() {
        let keys = ["ctrl-g".to_owned(), "f5".to_owned()];
        assert_eq!(with("", "run", &keys).unwrap(), "[keys]\nrun = [\"ctrl-g\", \"f5\"]\n");
        let text = "# mine\nmouse = true # yes\n\n[keys]\n# fast\nrun = [\"f9\"] # was f5\nhelp = []\n";
        let new = "# mine\nmouse = true # yes\n\n[keys]\n# fast\nrun = [\"ctrl-g\", \"f5\"] # was f5\nhelp = []\n";
        assert_eq!(with(text, "run", &keys).unwrap(), new);
        assert!(with("keys = 3", "run", &keys).is_none() && with("[keys", "run", &keys).is_none());
    }
}
