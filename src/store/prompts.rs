//! Prompts on disk: one TOML file each, the project's before the user's before the built-in ones.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::{
    config::{atomic_file, builtin::starters, names, project, schemas, toml_error},
    eval::{BadRule, CheckSuite},
    model::{
        Prompt,
        error::{StoreError, StoreErrorKind},
        id,
        prompt::reserved,
        prompt_toml::{restore, write},
        settings::Places,
    },
    store::{
        api::{Over, PromptEntry},
        prompt_merge, renamed_prompts,
    },
    text::suggest::slip,
};

/// Where a prompt lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Home {
    Project,
    User,
}

pub(crate) fn user_dir(places: &Places) -> PathBuf {
    places.config.join("prompts")
}

fn homes(places: &Places) -> Result<Vec<(Home, PathBuf)>, StoreError> {
    let project = project::prompts(places)?.map(|dir| (Home::Project, dir.to_path_buf()));
    Ok(project.into_iter().chain([(Home::User, user_dir(places))]).collect())
}

/// Returns the folder in which new prompts belong: the project's, else the user's.
pub fn folder(places: &Places) -> Result<PathBuf, StoreError> {
    Ok(project::prompts(places)?.map_or_else(|| user_dir(places), Path::to_path_buf))
}

impl Home {
    /// Refuses a prompt's file that leads out of where the prompts that are at home here may lie.
    fn check(self, places: &Places, file: &Path) -> Result<(), StoreError> {
        match self {
            Self::Project => project::check_file(places, file),
            Self::User => Ok(()),
        }
    }
}

/// Lists the prompt files whose names cannot be asked for, so that no list shows them.
pub fn unlisted(places: &Places) -> Result<Vec<PathBuf>, StoreError> {
    let found = homes(places)?.into_iter().map(|(_, dir)| names::unlisted(&dir)).collect::<Result<Vec<_>, _>>()?;
    Ok(found.concat())
}

/// Lists the user's prompt files that a prompt of the project hides.
pub fn hidden(places: &Places) -> Result<Vec<PathBuf>, StoreError> {
    let Some(project) = project::prompts(places)? else { return Ok(Vec::new()) };
    let (own, user) = (names::list(project)?, user_dir(places));
    let both = names::list(&user)?.into_iter().filter(|name| own.contains(name));
    Ok(both.map(|name| names::file(&user, &name)).collect())
}

/// Lists the prompts by name, the project's first. A name hides the same name further down.
pub fn list(places: &Places) -> Result<Vec<PromptEntry>, StoreError> {
    let mut entries: Vec<PromptEntry> = Vec::new();
    for (home, dir) in homes(places)? {
        for name in names::list(&dir)? {
            if entries.iter().any(|entry| entry.name == name) {
                continue;
            }
            let file = names::file(&dir, &name);
            let (description, valid) = match home.check(places, &file).and_then(|()| open(&file)) {
                Ok(prompt) => (prompt.map(|prompt| prompt.description).unwrap_or_default(), true),
                Err(error) => (error.message, false),
            };
            let changed = file.metadata().and_then(|about| about.modified()).ok();
            let changed = changed.and_then(|time| Timestamp::try_from(time).ok());
            let project = home == Home::Project;
            entries.push(PromptEntry { name, description, project, built_in: false, valid, changed });
        }
    }
    for (name, prompt, _) in starters() {
        if entries.iter().all(|entry| entry.name != name) {
            entries.push(PromptEntry {
                name: name.to_owned(),
                description: prompt.description,
                project: false,
                built_in: true,
                valid: true,
                changed: None,
            });
        }
    }
    Ok(entries)
}

/// Reads a prompt: the project's of that name, else the user's, else the built-in one.
pub fn read(places: &Places, name: &str) -> Result<Prompt, StoreError> {
    read_with_digest(places, name).map(|(prompt, _)| prompt)
}

/// Reads a prompt as [`read`] does, with the digest of its file's text; none where it is built in.
pub(crate) fn read_with_digest(places: &Places, name: &str) -> Result<(Prompt, Option<String>), StoreError> {
    names::check("prompt", name)?;
    for (home, dir) in homes(places)? {
        let file = names::file(&dir, name);
        home.check(places, &file)?;
        if let Some(text) = atomic_file::read(&file)? {
            let prompt = parse(&text, &file)?;
            project::check_programs(places, &file, &prompt)?;
            return Ok((prompt, Some(id::hex(text.as_bytes()))));
        }
    }
    if let Some((_, prompt, _)) = starters().into_iter().find(|(known, ..)| *known == name) {
        return Ok((prompt, None));
    }
    Err(unknown(places, name))
}

/// Says that no prompt has a name: what it is called by now where it was renamed, else which name is near.
pub(crate) fn unknown(places: &Places, name: &str) -> StoreError {
    if let Some(now) = renamed_prompts::now_called(places, name, |name| has_file(places, name)) {
        let message = format!("no prompt is called `{name}` any more: it was renamed to `{now}`");
        return StoreError { message, kind: StoreErrorKind::Renamed(now) };
    }
    let known: Vec<String> = list(places).unwrap_or_default().into_iter().map(|entry| entry.name).collect();
    let near = slip(name, known.iter().map(String::as_str));
    StoreError::wrong(format!("no prompt is called `{name}`{near}; `retort prompts` lists them"))
}

/// Finds the file of a prompt: the project's of that name, else the user's.
pub fn file(places: &Places, name: &str) -> Result<Option<PathBuf>, StoreError> {
    for (home, dir) in homes(places)? {
        let file = names::file(&dir, name);
        if file.exists() {
            return home.check(places, &file).map(|()| Some(file));
        }
    }
    Ok(None)
}

/// Tells whether a prompt of a name has a file.
pub(crate) fn has_file(places: &Places, name: &str) -> bool {
    names::check("prompt", name).is_ok() && file(places, name).is_ok_and(|file| file.is_some())
}

/// Reads the prompt in a file; none if there is no such file.
pub fn open(file: &Path) -> Result<Option<Prompt>, StoreError> {
    let Some(text) = atomic_file::read(file)? else {
        return Ok(None);
    };
    parse(&text, file).map(Some)
}

/// Reads a prompt from a text; `file` names it in the error.
pub fn parse(text: &str, file: &Path) -> Result<Prompt, StoreError> {
    let label = file.display().to_string();
    let read = || {
        let mut prompt: Prompt = toml_error::parse(text, &label)?;
        restore(&mut prompt).and_then(|()| check(&prompt)).map_err(|(path, message)| {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            toml_error::at(text, &label, &path, &message)
        })?;
        Ok(prompt)
    };
    read().map_err(|error: StoreError| StoreError::wrong(error.message))
}

/// Writes a prompt and returns its file, the project's if the name is one of its prompts, else among the user's,
/// and the digest of the file's text. In a file that is there only what differs is changed.
pub fn save(places: &Places, name: &str, prompt: &Prompt, over: Over) -> Result<(PathBuf, String), StoreError> {
    names::check("prompt", name)?;
    check(prompt).map_err(|(path, message)| {
        StoreError::new(format!("prompt `{name}` is not saved: {}: {message}", path.join(".")))
    })?;
    let text = write(prompt).map_err(|message| StoreError::new(format!("prompt `{name}` is not saved: {message}")))?;
    let file = file(places, name)?.unwrap_or_else(|| names::file(&user_dir(places), name));
    let exists = || StoreError {
        message: format!("there is a prompt `{name}` already ({})", file.display()),
        kind: StoreErrorKind::Exists,
    };
    let replace = over != Over::Nothing;
    let present = match over {
        // What stands there may be anything.
        Over::Anything => atomic_file::read(&file).unwrap_or_default(),
        Over::Nothing if file.exists() => return Err(exists()),
        Over::Nothing => None,
        Over::Known(known) => {
            let present = atomic_file::read(&file)?;
            if present.as_ref().is_some_and(|text| id::hex(text.as_bytes()) != known) {
                let shown = file.display();
                let message = format!(
                    "{shown} was changed by another program since it was opened here. Reloading it drops the edits on the bench."
                );
                return Err(StoreError { message, kind: StoreErrorKind::Changed });
            }
            present
        }
    };
    let text = present.and_then(|present| merged(&present, &file, prompt)).unwrap_or_else(|| led(places, &file, text));
    match write_file(places, &file, &text, replace) {
        Err(error) if error.kind == StoreErrorKind::Exists => Err(exists()),
        written => written.map(|()| (file, id::hex(text.as_bytes()))),
    }
}

/// Writes a prompt over the one that a file holds; only what differs is changed. Refused where the file holds another one by
/// now.
pub fn replace(places: &Places, file: &Path, before: &Prompt, prompt: &Prompt) -> Result<(), StoreError> {
    let shown = file.display();
    let present = atomic_file::read(file)?;
    let is_same = present.as_ref().is_some_and(|text| parse(text, file).is_ok_and(|present| present == *before));
    if !is_same {
        let message = format!("{shown} is another one by now; nothing was written");
        return Err(StoreError { message, kind: StoreErrorKind::Changed });
    }
    let text = write(prompt).map_err(|message| StoreError::new(format!("{shown} is not written: {message}")))?;
    let text = present.and_then(|present| merged(&present, file, prompt)).unwrap_or(text);
    write_file(places, file, &text, true)
}

/// Puts before the text of a prompt's file the line by which editors find its schema, where that stands beside it: among
/// the user's own prompts. Without a schema there is no line.
pub fn led(places: &Places, file: &Path, text: String) -> String {
    let own = file.parent() == Some(&user_dir(places));
    let schema = schemas::PublishedSchema::in_file("prompt.json").filter(|_| own);
    if schema.is_some_and(|schema| schema.write(&places.config.join(schemas::FOLDER)).is_ok()) {
        format!("{}\n{text}", schemas::PROMPT_LINE)
    } else {
        text
    }
}

/// Writes the file of a prompt. One of the project's that leads out of the project is not written without the user's
/// yes: a project comes from others, and may not say what of the user's is replaced.
pub fn write_file(places: &Places, file: &Path, text: &str, replace: bool) -> Result<(), StoreError> {
    if places.project.prompts().is_some_and(|dir| file.starts_with(dir)) {
        project::check_file(places, file)?;
    }
    atomic_file::write(file, text, replace)
}

/// Writes a prompt into the text of its file. None where that cannot be done, as in a file whose keys have
/// another form than retort gives them.
fn merged(text: &str, file: &Path, prompt: &Prompt) -> Option<String> {
    let before = parse(text, file).ok()?;
    let merged = prompt_merge::merge(text, &write(&before).ok()?, &write(prompt).ok()?)?;
    let read = parse(&merged, file).ok()?;
    (write(&read).ok()? == write(prompt).ok()?).then_some(merged)
}

/// Finds what no run could make sense of. The mistake comes with its path.
fn check(prompt: &Prompt) -> Result<(), (Vec<String>, String)> {
    let wrong = |path: &[&str], message: String| Err((path.iter().map(|&part| part.to_owned()).collect(), message));
    if prompt.params.temperature.is_some_and(|value| !(0.0..=2.0).contains(&value)) {
        return wrong(&["params", "temperature"], "`temperature` must be from 0 to 2".to_owned());
    }
    if prompt.params.top_p.is_some_and(|value| !(0.0..=1.0).contains(&value)) {
        return wrong(&["params", "top_p"], "`top_p` must be from 0 to 1".to_owned());
    }
    if let Some((name, field)) = prompt.params.extra.keys().find_map(|name| Some((name, reserved(name)?))) {
        return wrong(&["params", "extra", name], field.refusal());
    }
    if prompt.params.max_tokens == Some(0) {
        return wrong(&["params", "max_tokens"], "`max_tokens` must be at least 1".to_owned());
    }
    let rules = CheckSuite::new(&prompt.response, &prompt.checks).map(|_| ());
    rules.map_err(|BadRule { key, expected, found }| {
        let path: Vec<String> = key.split(['.', '[', ']']).filter(|part| !part.is_empty()).map(str::to_owned).collect();
        let name = path.iter().rev().find(|part| part.parse::<usize>().is_err()).cloned().unwrap_or_default();
        (path, format!("`{name}`: expected {expected}, found {found}"))
    })
}
