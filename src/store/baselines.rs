//! The baseline of a prompt: a file of lines beside the prompt's own, for the same repository.

use std::{
    fs::File,
    io::{ErrorKind, Read as _},
    path::{Path, PathBuf},
};

use crate::{
    config::{atomic_file, project},
    eval::{Baseline, baseline::ENDING},
    model::{error::StoreError, settings::Places},
    store::prompts,
};

/// The largest file that is read, in bytes.
const MOST: u64 = 64 << 20;

/// Finds where the baseline of a prompt is, or will be: beside the prompt's file, and that of a built-in prompt among the
/// user's own.
#[must_use]
pub fn path(places: &Places, name: &str, prompt: Option<&Path>) -> PathBuf {
    let beside = prompt.and_then(Path::parent).map_or_else(|| prompts::user_dir(places), Path::to_path_buf);
    beside.join(format!("{name}{ENDING}"))
}

/// Reads a baseline; none if there is no such file. What is wrong in it is told with the file and the line.
pub fn read(places: &Places, path: &Path) -> Result<Option<Baseline>, StoreError> {
    fence(places, path)?;
    let failed = |error: std::io::Error| atomic_file::error_of("read", path, &error);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(StoreError::wrong(format!("cannot read {}: it is not a regular file", path.display())));
    }
    let mut bytes = Vec::new();
    file.take(MOST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MOST {
        return Err(StoreError::wrong(format!("cannot read {}: it is larger than 64 MB", path.display())));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = good.split(|byte| *byte == b'\n').count();
        StoreError::wrong(format!("{}:{line}: the text is not UTF-8", path.display()))
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Baseline::read(text).map(Some).map_err(|words| StoreError::wrong(format!("{}:{words}", path.display())))
}

/// Writes a baseline whole, in place of the file that is there.
pub fn write(places: &Places, path: &Path, baseline: &Baseline) -> Result<(), StoreError> {
    fence(places, path)?;
    atomic_file::write_bytes(path, baseline.text().as_bytes())
}

/// Refuses a file of the project's that is a link out of it, unless the user has agreed to that.
fn fence(places: &Places, path: &Path) -> Result<(), StoreError> {
    if places.project.prompts().is_some_and(|dir| path.starts_with(dir)) {
        project::check_file(places, path)?;
    }
    Ok(())
}

/// Lists the prompts that have a baseline, by name: the project's and the user's.
pub fn list(places: &Places) -> Result<Vec<String>, StoreError> {
    let entries = prompts::list(places)?.into_iter();
    let has = |name: &String| {
        let file = prompts::file(places, name).ok().flatten();
        path(places, name, file.as_deref()).is_file()
    };
    Ok(entries.filter(|entry| entry.valid).map(|entry| entry.name).filter(has).collect())
}
