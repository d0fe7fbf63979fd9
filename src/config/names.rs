//! Names of prompts and sessions: each is also its file's.

use std::path::{Path, PathBuf};

use crate::{model::error::StoreError, text::suggest::quoted};

/// The ending of prompt and session files.
const ENDING: &str = "toml";

/// The longest name, in characters.
const MAX_NAME: usize = 64;

/// Checks a name: a letter or digit, then letters, digits, `.`, `_` or `-`, 64 characters at most.
pub fn check(what: &str, name: &str) -> Result<(), StoreError> {
    let rest = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.len() <= MAX_NAME && name.chars().all(rest) {
        return Ok(());
    }
    Err(StoreError::wrong(format!(
        "{} cannot be a {what}'s name; use letters, digits, `.`, `_` and `-`, a letter or digit first, {MAX_NAME} at most",
        quoted(name)
    )))
}

/// The file of a name that was checked.
pub(crate) fn file(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!("{name}.{ENDING}"))
}

/// Lists the names of the files in a directory, sorted; none if there is no such directory.
/// Files with names that cannot be asked for are left out: see [`unlisted`].
pub(crate) fn list(dir: &Path) -> Result<Vec<String>, StoreError> {
    let mut names = stems(dir)?;
    names.retain(|name| check("file", name).is_ok());
    Ok(names)
}

/// Lists the files that [`list`] leaves out, sorted.
pub(crate) fn unlisted(dir: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let mut names = stems(dir)?;
    names.retain(|name| check("file", name).is_err());
    Ok(names.iter().map(|name| file(dir, name)).collect())
}

fn stems(dir: &Path) -> Result<Vec<String>, StoreError> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(crate::config::atomic_file::error_of("read", dir, &error)),
    };
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let name = path.file_stem()?.to_string_lossy().into_owned();
            (path.extension()? == ENDING).then_some(name)
        })
        .collect();
    names.sort();
    Ok(names)
}
