//! Sessions on disk: one TOML file each, written whole, damaged ones never written over.

use std::{
    cmp::Ordering,
    fs,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::Duration,
};

use jiff::Timestamp;
use serde::Deserialize;

use crate::{
    config::{atomic_file, names, toml_error},
    model::{
        Session,
        error::{StoreError, StoreErrorKind},
        prompt_toml,
        session::SESSION_VERSION,
        settings::Places,
    },
    store::{api::SessionEntry, prompts, renamed_prompts},
    text::suggest::slip,
};

/// What is read of a file first: enough to list it, and to see who wrote it.
#[derive(Debug, Deserialize)]
struct Head {
    version: u32,
    saved: Timestamp,
}

/// How long a place may take to hold a copy of a session before another one is tried.
const RESCUE: Duration = Duration::from_secs(1);

fn dir(places: &Places) -> PathBuf {
    places.config.join("sessions")
}

/// Lists the sessions, the last saved first. One whose file is damaged stands where the file's
/// own time puts it: opening it says what is wrong.
pub fn list(places: &Places) -> Result<Vec<SessionEntry>, StoreError> {
    let dir = dir(places);
    let entry = |name: String| entry(&dir, name).0;
    let mut entries: Vec<SessionEntry> = names::list(&dir)?.into_iter().map(entry).collect();
    entries.sort_by(newest_first);
    Ok(entries)
}

fn newest_first(one: &SessionEntry, other: &SessionEntry) -> Ordering {
    other.saved.cmp(&one.saved).then_with(|| one.name.cmp(&other.name))
}

/// What the text of a file is; none where there is no file.
type FileText = Result<Option<String>, StoreError>;

/// Reads the file of a name, and when it was saved.
fn entry(dir: &Path, name: String) -> (SessionEntry, FileText) {
    let file = names::file(dir, &name);
    let text = atomic_file::read(&file);
    let head = text.as_ref().ok().and_then(Option::as_ref).and_then(|text| toml::from_str::<Head>(text).ok());
    let saved =
        head.map(|head| head.saved).or_else(|| Timestamp::try_from(fs::metadata(&file).ok()?.modified().ok()?).ok());
    (SessionEntry { name, saved: saved.unwrap_or_default() }, text)
}

/// Reads the session that was saved last, none where there are none: each file is read once.
pub fn last(places: &Places) -> Result<Option<Session>, StoreError> {
    let dir = dir(places);
    let all = names::list(&dir)?.into_iter().map(|name| entry(&dir, name));
    match all.min_by(|(one, _), (other, _)| newest_first(one, other)) {
        Some((SessionEntry { name, saved: _ }, text)) => text?.map(|text| parse(places, &name, &text)).transpose(),
        None => Ok(None),
    }
}

/// Reads the session of a name, none where there is none. A file that cannot be read is left as it is.
pub fn find(places: &Places, name: &str) -> Result<Option<Session>, StoreError> {
    names::check("session", name)?;
    let text = atomic_file::read(&names::file(&dir(places), name))?;
    text.map(|text| parse(places, name, &text)).transpose()
}

/// Reads a session that has to be there. A file that cannot be read is left as it is.
pub fn read(places: &Places, name: &str) -> Result<Session, StoreError> {
    find(places, name)?.ok_or_else(|| {
        let known: Vec<String> = names::list(&dir(places)).unwrap_or_default();
        let near = slip(name, known.iter().map(String::as_str));
        StoreError::new(format!("no session is called `{name}`{near}"))
    })
}

/// Makes a session of the text of its file.
fn parse(places: &Places, name: &str, text: &str) -> Result<Session, StoreError> {
    let file = names::file(&dir(places), name);
    let label = file.display().to_string();
    if let Ok(Head { version, .. }) = toml::from_str(text)
        && version > SESSION_VERSION
    {
        let message = format!(
            "the session was written by a newer retort (form {version}, this one knows {SESSION_VERSION}); open it with that one"
        );
        return Err(toml_error::at(text, &label, &["version"], &message));
    }
    let mut session: Session = toml_error::parse(text, &label)?;
    prompt_toml::restore(&mut session.prompt).map_err(|(path, message)| {
        let path: Vec<&str> = ["prompt"].into_iter().chain(path.iter().map(String::as_str)).collect();
        toml_error::at(text, &label, &path, &message)
    })?;
    for (at, lane) in session.lanes.iter_mut().enumerate() {
        let Some(pinned) = &mut lane.pinned else { continue };
        prompt_toml::restore(&mut pinned.prompt).map_err(|(path, message)| {
            let at = at.to_string();
            let path: Vec<&str> =
                ["lanes", &at, "pinned", "prompt"].into_iter().chain(path.iter().map(String::as_str)).collect();
            toml_error::at(text, &label, &path, &message)
        })?;
    }
    session.version = SESSION_VERSION;
    // A file that was copied goes by its own name.
    name.clone_into(&mut session.name);
    session.onto = Some(session.saved);
    renamed_prompts::follow(places, &mut session, |name| prompts::has_file(places, name));
    Ok(session)
}

/// Writes a session over the file of its name and tells the name. A file that somebody else has
/// written since is left: the session goes on under the first free name `<name>-2`, `<name>-3`, ….
/// What stands there and is no session this program can read is moved aside first, to
/// `<name>.toml.damaged`.
pub fn save(places: &Places, session: &Session) -> Result<String, StoreError> {
    names::check("session", &session.name)?;
    let later = (2_u32..).map(|number| format!("{}-{number}", session.name));
    let name = std::iter::once(session.name.clone())
        .chain(later)
        .find(|name| !overtaken(places, name, session.onto))
        .unwrap_or_else(|| session.name.clone());
    names::check("session", &name)?;
    let file = names::file(&dir(places), &name);
    let text = write(session)?;
    if file.exists() && read(places, &name).is_err() {
        let mut aside = file.clone().into_os_string();
        aside.push(".damaged");
        let aside = atomic_file::reserve(Path::new(&aside))?;
        if file.is_dir() {
            // A folder takes the name of no file.
            fs::remove_file(&aside).map_err(|error| atomic_file::error_of("remove", &aside, &error))?;
        }
        fs::rename(&file, &aside).map_err(|error| atomic_file::error_of("move aside", &file, &error))?;
    }
    atomic_file::write(&file, &text, true)?;
    Ok(name)
}

/// Writes a copy of a session that cannot be saved into the first place that takes it within a second: the
/// state, data or cache directory, or that of temporary files. Returns the file.
pub(crate) fn rescue(places: &Places, session: &Session) -> Result<PathBuf, StoreError> {
    let text = write(session)?;
    let name = format!("rescued-{}-{}.toml", session.name, session.saved.strftime("%Y%m%dT%H%M%SZ"));
    let own = [&places.state, &places.data, &places.cache].map(|dir| Some(dir.join(&name)));
    let mut last = StoreError::new("no disk answers");
    for file in own.into_iter().chain([None]) {
        let text = text.clone();
        let (sender, receiver) = mpsc::channel();
        // A place that does not answer keeps its thread.
        let started = thread::Builder::new().name("retort-rescue".to_owned()).spawn(move || {
            let written = match file {
                Some(file) => atomic_file::write(&file, &text, true).map(|()| file),
                None => atomic_file::write_temporary("retort-rescued-", &text),
            };
            let _ = sender.send(written);
        });
        match started.ok().and_then(|_| receiver.recv_timeout(RESCUE).ok()) {
            Some(Ok(file)) => return Ok(file),
            Some(Err(error)) => last = error,
            None => {}
        }
    }
    Err(last)
}

/// Tells whether a session's file is not the one that was last known of it.
fn overtaken(places: &Places, name: &str, known: Option<Timestamp>) -> bool {
    read(places, name).is_ok_and(|there| Some(there.saved) != known)
}

/// Gives a session another name. A session that already has it stays, and the rename fails.
pub fn rename(places: &Places, from: &str, to: &str) -> Result<(), StoreError> {
    names::check("session", to)?;
    let mut session = read(places, from)?;
    if from == to {
        return Ok(());
    }
    to.clone_into(&mut session.name);
    let text = write(&session)?;
    match atomic_file::write(&names::file(&dir(places), to), &text, false) {
        Err(error) if error.kind == StoreErrorKind::Exists => {
            let message = format!("there is a session `{to}` already; choose another name");
            return Err(StoreError { message, kind: StoreErrorKind::Exists });
        }
        written => written?,
    }
    let old = names::file(&dir(places), from);
    fs::remove_file(&old).map_err(|error| atomic_file::error_of("remove", &old, &error))
}

fn write(session: &Session) -> Result<String, StoreError> {
    let not_saved = |message| StoreError::new(format!("session `{}` is not saved: {message}", session.name));
    let mut written = session.clone();
    written.prompt = prompt_toml::writable(&session.prompt).map_err(not_saved)?.into_owned();
    for pinned in written.lanes.iter_mut().filter_map(|lane| lane.pinned.as_mut()) {
        *pinned.prompt = prompt_toml::writable(&pinned.prompt).map_err(not_saved)?.into_owned();
    }
    toml::to_string_pretty(&written).map_err(|error| not_saved(error.to_string()))
}
