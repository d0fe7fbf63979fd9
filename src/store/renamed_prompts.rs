//! Which prompts were given another name, and when: a file of its own beside the prompts. What names an old one, as a session
//! that was saved before, follows it, or says what it is called by now.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    config::atomic_file,
    model::{Session, error::StoreError, settings::Places},
};

/// The file's name in the config directory.
const FILE: &str = "renamed-prompts.toml";

/// Renamings that are kept, at most: the newest.
const KEPT: usize = 500;

/// A prompt that was given another name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Renaming {
    at: Timestamp,
    from: String,
    to: String,
}

/// All of them, the earliest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RenamedPrompts {
    renamed: Vec<Renaming>,
}

/// Reads what is known. A file that cannot be read tells nothing: names are followed as a help, and nothing hangs on it.
fn read(places: &Places) -> RenamedPrompts {
    let text = atomic_file::read(&places.config.join(FILE)).ok().flatten();
    text.and_then(|text| toml::from_str(&text).ok()).unwrap_or_default()
}

/// Notes that a prompt has another name from a time on.
pub(crate) fn note(places: &Places, from: &str, to: &str, at: Timestamp) -> Result<(), StoreError> {
    let mut all = read(places);
    all.renamed.push(Renaming { at, from: from.to_owned(), to: to.to_owned() });
    let old = all.renamed.len().saturating_sub(KEPT);
    all.renamed.drain(..old);
    let file = places.config.join(FILE);
    let text =
        toml::to_string(&all).map_err(|error| StoreError::new(format!("cannot write {}: {error}", file.display())))?;
    atomic_file::write(
        &file,
        &format!("# Prompts that were given another name, so that sessions follow.\n{text}"),
        true,
    )
}

impl RenamedPrompts {
    /// Returns what a prompt is called by now that had a name at a time; none where it still has it, or where no file has
    /// the new one.
    fn since(&self, name: &str, time: Timestamp, has_file: &dyn Fn(&str) -> bool) -> Option<String> {
        let mut now = name;
        for Renaming { at, from, to } in &self.renamed {
            if *at > time && from == now {
                now = to;
            }
        }
        (now != name && has_file(now)).then(|| now.to_owned())
    }

    /// The same of a name that was written down at a time: where no file has it, of whenever it was one.
    fn of_note(&self, name: &str, time: Timestamp, has_file: &dyn Fn(&str) -> bool) -> Option<String> {
        let ever = || self.since(name, Timestamp::MIN, has_file).filter(|_| !has_file(name));
        self.since(name, time, has_file).or_else(ever)
    }
}

/// Returns what a prompt is called by now that no file has the name of.
pub(crate) fn now_called(places: &Places, name: &str, has_file: impl Fn(&str) -> bool) -> Option<String> {
    read(places).since(name, Timestamp::MIN, &has_file)
}

/// Has a session name prompts as they are called by now, where they were renamed since it was saved.
pub(crate) fn follow(places: &Places, session: &mut Session, has_file: impl Fn(&str) -> bool) {
    let all = read(places);
    if all.renamed.is_empty() {
        return;
    }
    let saved = session.saved;
    let now = |name: &str| all.of_note(name, saved, &has_file);
    if let Some(name) = session.prompt_name.as_deref().and_then(now) {
        session.prompt_name = Some(name);
    }
    for setup in &mut session.setups {
        setup.rename_prompts(now);
    }
}
