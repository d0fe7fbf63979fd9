//! What comes from others and what of it the user has agreed to: each thing by name, for this content alone.
//!
//! A list of what content asks for ([`Content`]) is made while it is read, before anything is sent and without
//! reading what lies outside its folder. What the settings do not allow ([`Allowed`]) and nobody has agreed to
//! ([`Agreements`]) refuses the content, with the whole list.

pub(crate) mod allowed;
pub(crate) mod content;
pub(crate) mod folder;
pub(crate) mod host;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use crate::config::trust::{
    allowed::Allowed,
    content::{AccessRequest, Content, ContentReader, ExternalAccess},
    folder::{AgreedFolder, Located, Outside, Owned, unsafe_because},
    host::Host,
};
use crate::{
    config::atomic_file,
    model::{error::StoreError, settings::Places},
    text::shell,
};

/// Content that the user has agreed to, and to what of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// The file or folder that was named.
    pub path: PathBuf,
    /// [`Content::digest`] as it was then.
    pub sha256: String,
    /// When.
    pub at: Timestamp,
    /// The things that were shown.
    pub access: BTreeSet<ExternalAccess>,
}

/// The whole file.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    agreed: Vec<Agreement>,
}

/// The file of what was agreed to: `trust.json` in the state directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreements {
    path: PathBuf,
}

impl Agreements {
    /// Names the file. It is made when something is agreed to.
    #[must_use]
    pub fn of(places: &Places) -> Self {
        Self { path: places.state.join("trust.json") }
    }

    /// Lists what was agreed to, the oldest first. Fails on a file that others could have written.
    pub fn list(&self) -> Result<Vec<Agreement>, StoreError> {
        let Some(text) = atomic_file::read(&self.path)? else { return Ok(Vec::new()) };
        let shown = self.path.display();
        if let Some(why) = unsafe_because(&self.path) {
            return Err(StoreError::new(format!("{shown} is not used: {why}; remove it, and agree again")));
        }
        let record: Record = serde_json::from_str(&text)
            .map_err(|error| StoreError::new(format!("{shown} cannot be read: {error}; remove it, and agree again")))?;
        Ok(record.agreed)
    }

    /// Notes that all that content asks for is agreed to.
    pub fn agree(&self, content: &Content, at: Timestamp) -> Result<(), StoreError> {
        let access = content.requests.iter().map(|request| request.access.clone()).collect();
        let new = Agreement { path: content.path.clone(), sha256: content.digest()?, at, access };
        let mut agreed = self.list()?;
        agreed.retain(|known| (&known.path, &known.sha256) != (&new.path, &new.sha256));
        agreed.push(new);
        self.write(agreed)
    }

    /// Forgets what was agreed to for a file or folder; returns how many times it was.
    pub fn forget(&self, path: &Path) -> Result<usize, StoreError> {
        let all = self.list()?;
        let (gone, agreed): (Vec<_>, Vec<_>) = all.into_iter().partition(|known| known.path == path);
        if !gone.is_empty() {
            self.write(agreed)?;
        }
        Ok(gone.len())
    }

    fn write(&self, agreed: Vec<Agreement>) -> Result<(), StoreError> {
        let text = serde_json::to_string_pretty(&Record { agreed })
            .map_err(|error| StoreError::new(format!("cannot write {}: {error}", self.path.display())))?;
        atomic_file::write(&self.path, &(text + "\n"), true)
    }

    /// Lists what of content nobody has agreed to; without a question where it asks for nothing.
    fn open<'c>(&self, content: &'c Content, allowed: &Allowed) -> Result<Vec<&'c AccessRequest>, StoreError> {
        let mut open = beyond(content, allowed);
        if open.is_empty() {
            return Ok(open);
        }
        let known: Vec<Agreement> = self.list()?.into_iter().filter(|known| known.path == content.path).collect();
        if !known.is_empty() {
            let digest = content.digest()?;
            let known: Vec<_> = known.iter().filter(|known| known.sha256 == digest).collect();
            open.retain(|request| !known.iter().any(|known| known.access.contains(&request.access)));
        }
        Ok(open)
    }
}

/// Lists what of content the settings do not allow.
fn beyond<'c>(content: &'c Content, allowed: &Allowed) -> Vec<&'c AccessRequest> {
    content.requests.iter().filter(|request| !allowed.holds(&request.access)).collect()
}

/// How content is agreed to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Consent {
    /// To nothing.
    #[default]
    Nothing,
    /// As it is on record.
    Recorded(Agreements),
    /// To all of it, for this run.
    All,
}

impl Consent {
    /// Makes it of what the user said for this run.
    #[must_use]
    pub fn of(places: &Places, all: bool) -> Self {
        if all { Self::All } else { Self::Recorded(Agreements::of(places)) }
    }
}

/// Reads content as far as it is agreed to, and returns what was read. `read` is called again, with more that may be
/// read, until nothing is withheld; refuses with all that is open, and the next step.
pub fn checked<T>(
    consent: &Consent,
    allowed: &Allowed,
    mut read: impl FnMut(&Outside) -> Result<(T, Content), StoreError>,
) -> Result<T, StoreError> {
    let mut outside = Outside::Nothing;
    loop {
        let (read, content) = match consent {
            Consent::All => return read(&Outside::All).map(|(read, _)| read),
            Consent::Nothing | Consent::Recorded(_) => read(&outside)?,
        };
        let open = match consent {
            Consent::Recorded(agreements) => agreements.open(&content, allowed)?,
            Consent::Nothing | Consent::All => beyond(&content, allowed),
        };
        if !open.is_empty() {
            return Err(refusal(&content, &open));
        }
        let withheld = content.withheld(&outside);
        if withheld.is_empty() {
            return Ok(read);
        }
        let mut these = match outside {
            Outside::These(these) => these,
            Outside::Nothing | Outside::All => BTreeSet::new(),
        };
        these.extend(withheld);
        outside = Outside::These(these);
    }
}

/// Lists all that content asks for beyond the settings, agreed to or not, step by step: `agree` is called with what
/// is new of it, and decides whether to go on.
pub fn reviewed(
    agreements: &Agreements,
    allowed: &Allowed,
    mut read: impl FnMut(&Outside) -> Result<Content, StoreError>,
    mut agree: impl FnMut(&Content, &[&AccessRequest]) -> Result<bool, StoreError>,
) -> Result<bool, StoreError> {
    let mut outside = BTreeSet::new();
    loop {
        let may = Outside::These(outside.clone());
        let content = read(&may)?;
        let open = agreements.open(&content, allowed)?;
        if !open.is_empty() {
            if !agree(&content, &open)? {
                return Ok(false);
            }
            agreements.agree(&content, Timestamp::now())?;
        }
        let withheld = content.withheld(&may);
        if withheld.is_empty() {
            return Ok(true);
        }
        outside.extend(withheld);
    }
}

/// Says what content asks for that nobody has agreed to, and what to do.
fn refusal(content: &Content, open: &[&AccessRequest]) -> StoreError {
    let shown = content.path.display().to_string();
    let list: Vec<String> = open.iter().map(|request| format!("  {request}")).collect();
    // The next step comes first: where there is one line alone, the list is what is cut.
    StoreError::new(format!(
        "agree first with `retort trust {}`, or with --trust for one run: it asks for what you have not agreed to; \
         nothing was sent, and nothing read outside its folder\n{}",
        shell::word(&shown),
        list.join("\n"),
    ))
}
