//! The models that the user has come first in the list of models: a file of its own beside the settings.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::{
    config::{atomic_file, toml_error},
    model::{error::StoreError, settings::Places},
};

/// The file's name in the config directory.
pub const FAVOURITES_FILE: &str = "favourites.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Favourites {
    models: BTreeSet<String>,
}

/// Reads the names of the favourites; without a file there are none. Fails with the line of what cannot be read.
pub fn read(places: &Places) -> Result<BTreeSet<String>, StoreError> {
    let file = places.config.join(FAVOURITES_FILE);
    let Some(text) = atomic_file::read(&file)? else {
        return Ok(BTreeSet::new());
    };
    let favourites: Favourites = toml_error::parse(&text, &file.display().to_string())?;
    Ok(favourites.models)
}

/// Adds a model to the favourites, or takes it out; returns what they are then.
pub fn set(places: &Places, model: &str, favourite: bool) -> Result<BTreeSet<String>, StoreError> {
    let mut models = read(places)?;
    let changed = if favourite { models.insert(model.to_owned()) } else { models.remove(model) };
    if changed {
        let names: Vec<String> =
            models.iter().map(|name| format!("  {},\n", toml::Value::String(name.clone()))).collect();
        let text = format!("# Models that come first in the list of models.\nmodels = [\n{}]\n", names.concat());
        atomic_file::write(&places.config.join(FAVOURITES_FILE), &text, true)?;
    }
    Ok(models)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::model::settings::Project;

    #[test]
    fn favourites_are_read_as_they_were_set_and_a_damaged_file_is_not_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let here = || dir.path().to_path_buf();
        let places = Places { config: here(), data: here(), cache: here(), state: here(), project: Project::Absent };
        assert!(read(&places).unwrap().is_empty());
        let odd = "groq/\"quoted\"\\ and 日本";
        for name in ["gpt-4o-mini", odd] {
            set(&places, name, true).unwrap();
        }
        assert_eq!(read(&places).unwrap(), ["gpt-4o-mini".to_owned(), odd.to_owned()].into());
        assert_eq!(set(&places, "gpt-4o-mini", false).unwrap(), [odd.to_owned()].into());
        let file = dir.path().join(FAVOURITES_FILE);
        fs::write(&file, "models = [1").unwrap();
        assert!(set(&places, "x", true).unwrap_err().message.contains("favourites.toml:1"));
        assert_eq!(fs::read_to_string(&file).unwrap(), "models = [1");
    }
}
