//! Prompts on disk: one TOML file each, the project's before the user's before the built-in ones; a prompt's way into TOML
//! and back, with what TOML cannot hold.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    config::{atomic_file, builtin::starters, names, project, toml_error},
    eval::{BadRule, CheckSuite},
    model::{
        Check, CheckKind, Prompt,
        error::{FaultKind, StoreError},
        id,
        prompt::reserved,
        settings::Places,
    },
    store::{
        api::{Over, PromptEntry},
        prompt_merge,
    },
    text::suggest::slip,
};

/// The key under which the parser hands over a date, which JSON has not.
const DATE: &str = "$__toml_private_datetime";

/// Makes a prompt fit for TOML. A schema with a null or an oversized number in it is written as
/// its JSON text; a further parameter or another value of a check with one cannot be written.
pub(crate) fn writable(prompt: &Prompt) -> Result<Cow<'_, Prompt>, String> {
    let odd = "holds a null or a number beyond 64 bits, which TOML has not";
    if let Some((name, _)) = prompt.params.extra.iter().find(|(_, value)| !fits(value)) {
        return Err(format!("params.extra.{name} {odd}"));
    }
    let unfit = |check: &Check| check.value.as_ref().is_some_and(|value| !fits(value));
    if let Some(place) = prompt.checks.iter().position(|check| !is_schema(check) && unfit(check)) {
        return Err(format!("check[{place}].value {odd}"));
    }
    let as_text = |schema: &Value| schema.is_string() || !fits(schema);
    let of_checks = prompt.checks.iter().filter(|check| is_schema(check)).filter_map(|check| check.value.as_ref());
    if !prompt.response.schema.iter().chain(of_checks.filter(|schema| !waits(schema))).any(as_text) {
        return Ok(Cow::Borrowed(prompt));
    }
    let mut prompt = prompt.clone();
    let of_checks = prompt.checks.iter_mut().filter(|check| is_schema(check)).filter_map(|check| check.value.as_mut());
    let of_checks = of_checks.filter(|schema| !waits(schema));
    for schema in prompt.response.schema.iter_mut().chain(of_checks).filter(|schema| as_text(schema)) {
        *schema = Value::String(schema.to_string());
    }
    Ok(Cow::Owned(prompt))
}

/// Undoes [`writable`] in a prompt that was read, and holds its messages as every prompt does. A
/// mistake comes with its path in the prompt.
pub(crate) fn restore(prompt: &mut Prompt) -> Result<(), (Vec<String>, String)> {
    let path = |path: &[&str]| path.iter().map(|&part| part.to_owned()).collect::<Vec<_>>();
    prompt.set_turns(prompt.turns());
    if prompt.params.extra.values().any(dated) {
        return Err((path(&["params", "extra"]), "a date is not a parameter; put it in quotes".to_owned()));
    }
    if let Some(schema) = &mut prompt.response.schema {
        restore_schema(schema, "schema").map_err(|message| (path(&["response", "schema"]), message))?;
    }
    for (place, check) in prompt.checks.iter_mut().enumerate() {
        let of_schema = is_schema(check);
        let Some(value) = &mut check.value else { continue };
        let wrong = |message| (path(&["check", &place.to_string(), "value"]), message);
        if of_schema && !waits(value) {
            restore_schema(value, "value").map_err(wrong)?;
        } else if dated(value) {
            return Err(wrong("a date is not compared; put it in quotes".to_owned()));
        }
    }
    Ok(())
}

fn restore_schema(schema: &mut Value, key: &str) -> Result<(), String> {
    if let Value::String(text) = schema {
        *schema = serde_json::from_str(text).map_err(|error| format!("`{key}` is a text, and not of JSON: {error}"))?;
    }
    if dated(schema) {
        return Err("a date has no place in a JSON Schema; put it in quotes".to_owned());
    }
    Ok(())
}

/// Tells whether a value is a text that is a schema once its variables are filled, or none at all.
fn waits(value: &Value) -> bool {
    let template = |text: &str| text.contains("{{") || text.trim().is_empty();
    value.as_str().is_some_and(|text| template(text) && serde_json::from_str::<Value>(text).is_err())
}

/// Tells whether the value of a check is a JSON Schema.
fn is_schema(check: &Check) -> bool {
    matches!(check.kind.kind, CheckKind::IsJson | CheckKind::ContainsJson)
}

fn fits(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Number(number) => !number.is_u64() || number.is_i64(),
        Value::Bool(_) | Value::String(_) => true,
        Value::Array(values) => values.iter().all(fits),
        Value::Object(fields) => fields.iter().all(|(name, value)| name != DATE && fits(value)),
    }
}

fn dated(value: &Value) -> bool {
    match value {
        Value::Array(values) => values.iter().any(dated),
        Value::Object(fields) => fields.iter().any(|(name, value)| name == DATE || dated(value)),
        _ => false,
    }
}

/// Where a prompt lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Home {
    Project,
    User,
}

fn user_dir(places: &Places) -> PathBuf {
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
                Err(fault) => (fault.message, false),
            };
            entries.push(PromptEntry { name, description, project: home == Home::Project, built_in: false, valid });
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
            return Ok((parse(&text, &file)?, Some(id::hex(text.as_bytes()))));
        }
    }
    if let Some((_, prompt, _)) = starters().into_iter().find(|(known, ..)| *known == name) {
        return Ok((prompt, None));
    }
    let known: Vec<String> = list(places).unwrap_or_default().into_iter().map(|entry| entry.name).collect();
    let near = slip(name, known.iter().map(String::as_str));
    Err(StoreError::wrong(format!("no prompt is called `{name}`{near}; `retort prompts` lists them")))
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

/// Reads the prompt in a file; none if there is no such file.
pub fn open(file: &Path) -> Result<Option<Prompt>, StoreError> {
    let Some(text) = atomic_file::read(file)? else {
        return Ok(None);
    };
    parse(&text, file).map(Some)
}

/// Reads a prompt from a text; `file` names it in the fault.
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
    read().map_err(|fault: StoreError| StoreError::wrong(fault.message))
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
        kind: FaultKind::Exists,
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
                return Err(StoreError { message, kind: FaultKind::Changed });
            }
            present
        }
    };
    let text = present.and_then(|present| merged(&present, &file, prompt)).unwrap_or(text);
    match write_file(places, &file, &text, replace) {
        Err(fault) if fault.kind == FaultKind::Exists => Err(exists()),
        written => written.map(|()| (file, id::hex(text.as_bytes()))),
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

/// Writes a prompt as TOML, texts of several lines as such.
pub fn write(prompt: &Prompt) -> Result<String, String> {
    let prompt = writable(prompt)?;
    toml::to_string_pretty(&prompt).map_err(|error| error.to_string())
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
