//! The settings: `config.toml` read, checked, and joined with what needs no configuration.

mod check;
mod file;
mod providers;
mod wait;

use std::path::Path;

use super::{atomic, job::StoreFault, mistake};
use crate::model::{Settings, settings::Places};

pub use providers::{usual_key, usual_keys};

/// The settings file's name in the config directory.
pub const CONFIG_FILE: &str = "config.toml";

/// An environment variable's value by its name.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Reads the settings; without a file they are the defaults. The built-in providers `openai`,
/// `anthropic`, `ollama` and `demo` are there unless the file says otherwise of them, with the
/// addresses and keys their usual environment variables name.
pub fn load(places: &Places, env: Env<'_>) -> Result<Settings, StoreFault> {
    let file = places.config.join(CONFIG_FILE);
    let text = atomic::read(&file)?.unwrap_or_default();
    parse(&text, &file, env)
}

/// Tells of mistakes in the values of a table of the settings file, found by whoever reads their
/// meaning: the key, and what is wrong with it.
#[must_use]
pub fn mistaken(places: &Places, table: &str, wrong: &[(String, String)]) -> StoreFault {
    let file = places.config.join(CONFIG_FILE);
    let text = atomic::read(&file).ok().flatten().unwrap_or_default();
    let label = file.display().to_string();
    let told = wrong.iter().map(|(key, wrong)| {
        mistake::at(&text, &label, &[table, key], &format!("{} in [{table}]: {wrong}", mistake::quoted(key))).message
    });
    StoreFault::new(told.collect::<Vec<_>>().join("\n"))
}

/// Reads settings from a text; `file` names it in the fault.
pub fn parse(text: &str, file: &Path, env: Env<'_>) -> Result<Settings, StoreFault> {
    let label = file.display().to_string();
    let read: file::ConfigFile = mistake::parse(text, &label)?;
    let mut settings = read.into_settings(|path, message| mistake::at(text, &label, path, message))?;
    providers::join(&mut settings, env)?;
    check::models(&settings).map_err(|(path, message)| {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        mistake::at(text, &label, &path, &message)
    })?;
    Ok(settings)
}
