//! A prompt's file under another name, copied, moved aside, and brought back.

use std::{
    fs,
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use crate::{
    config::{atomic_file, builtin::starters, names},
    model::{
        error::{StoreError, StoreErrorKind},
        prompt_toml::write,
        settings::Places,
    },
    store::{api::PromptMove, prompts, renamed_prompts},
};

/// Does something with a prompt's file, and returns where it is now.
pub(crate) fn apply(places: &Places, step: &PromptMove) -> Result<PathBuf, StoreError> {
    match step {
        PromptMove::Rename { from, to } => {
            let (file, text) = own(places, from)?;
            let new = put(places, to, file.parent().unwrap_or(Path::new("")), &text)?;
            remove(&file)?;
            // The file has its new name: what cannot be noted is no reason to say that it has not.
            if let Err(error) = renamed_prompts::note(places, from, to, Timestamp::now()) {
                tracing::warn!(%error, "a renaming could not be noted: sessions keep the old name");
            }
            Ok(new)
        }
        PromptMove::Duplicate { from, to } => {
            let (dir, text) = if let Some(file) = prompts::file(places, from)? {
                let text = text(&file, from)?;
                (file.parent().unwrap_or(Path::new("")).to_path_buf(), text)
            } else {
                let dir = prompts::user_dir(places);
                let text = prompts::led(places, &names::file(&dir, to), built_in(from)?);
                (dir, text)
            };
            put(places, to, &dir, &text)
        }
        PromptMove::Remove(name) => {
            let (file, text) = own(places, name)?;
            let aside = prompts::user_dir(places).join(".removed");
            atomic_file::make_dir(&aside)?;
            let aside = atomic_file::reserve(&names::file(&aside, name))?;
            atomic_file::write(&aside, &text, true)?;
            remove(&file)?;
            Ok(aside)
        }
        PromptMove::Restore { name, aside, home } => {
            let text = text(aside, name)?;
            let home = put(places, name, home.parent().unwrap_or(Path::new("")), &text)?;
            remove(aside)?;
            Ok(home)
        }
    }
}

/// Finds the file of a prompt and reads it; a built-in prompt has none.
fn own(places: &Places, name: &str) -> Result<(PathBuf, String), StoreError> {
    names::check("prompt", name)?;
    let Some(file) = prompts::file(places, name)? else {
        let built_in = starters().into_iter().any(|(known, ..)| known == name);
        let why = if built_in { "is built in and has no file" } else { "has no file" };
        return Err(StoreError::wrong(format!("prompt `{name}` {why}; duplicate it to change it")));
    };
    let text = text(&file, name)?;
    Ok((file, text))
}

fn text(file: &Path, name: &str) -> Result<String, StoreError> {
    atomic_file::read(file)?.ok_or_else(|| StoreError::wrong(format!("prompt `{name}` has no file any more")))
}

fn built_in(name: &str) -> Result<String, StoreError> {
    let known = starters().into_iter().find(|(known, ..)| *known == name);
    let (_, prompt, _) = known.ok_or_else(|| StoreError::wrong(format!("no prompt is called `{name}`")))?;
    write(&prompt).map_err(StoreError::wrong)
}

/// Writes the file of a name that no other prompt has.
fn put(places: &Places, name: &str, dir: &Path, text: &str) -> Result<PathBuf, StoreError> {
    names::check("prompt", name)?;
    let file = names::file(dir, name);
    let taken = |file: &Path| StoreError {
        message: format!("there is a prompt `{name}` already ({}); choose another name", file.display()),
        kind: StoreErrorKind::Exists,
    };
    if let Some(other) = prompts::file(places, name)? {
        return Err(taken(&other));
    }
    match prompts::write_file(places, &file, text, false) {
        Err(error) if error.kind == StoreErrorKind::Exists => Err(taken(&file)),
        written => written.map(|()| file),
    }
}

fn remove(file: &Path) -> Result<(), StoreError> {
    fs::remove_file(file).map_err(|error| atomic_file::error_of("remove", file, &error))
}
