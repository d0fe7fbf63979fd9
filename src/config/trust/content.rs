//! What content consists of, and what it asks for beyond its folder and the user's settings.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fmt,
    fmt::Write as _,
    fs::File,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    config::{
        atomic_file,
        trust::{
            folder::{AgreedFolder, Located, Outside},
            host::Host,
        },
    },
    model::{error::StoreError, id},
    text::clean_line,
};

/// One thing that content asks for and only the user can agree to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExternalAccess {
    /// Sends the value of an environment variable to a host.
    SendVariable {
        /// The variable's name.
        variable: String,
        /// The host, as [`Host::origin`] writes it.
        host: String,
    },
    /// Sends requests to a host.
    Reach {
        /// The host, as [`Host::origin`] writes it.
        host: String,
    },
    /// Reads a file outside the content's folder, or a folder and what is in it.
    Read {
        /// Its place, links resolved.
        path: PathBuf,
    },
    /// Starts a program.
    Start {
        /// The program and its arguments, as they are written.
        command: String,
    },
}

impl fmt::Display for ExternalAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = |host: &str| Host::of(host).map_or_else(|_| host.to_owned(), |host| host.to_string());
        let words = match self {
            Self::SendVariable { variable, host: to } => {
                format!("send the environment variable {variable} to {}", host(to))
            }
            Self::Reach { host: to } => format!("send requests to {}", host(to)),
            Self::Read { path } => format!("read {}, outside its folder", path.display()),
            Self::Start { command } => format!("start the program `{command}`"),
        };
        f.write_str(clean_line(&words).as_ref())
    }
}

/// Something asked for, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccessRequest {
    pub access: ExternalAccess,
    /// The file and the line that ask for it.
    pub at: String,
}

impl fmt::Display for AccessRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", clean_line(&self.at), self.access)
    }
}

/// A file of the content.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// Read already; its SHA-256 in hex.
    Read(String),
    /// A data set, read row by row; its SHA-256 is taken where it is needed.
    Rows,
}

/// What content consists of and asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// The file or folder it is called by; the folder's links are resolved, the file may be one.
    pub path: PathBuf,
    parts: BTreeMap<PathBuf, Part>,
    /// What it asks for, in the order it does.
    pub requests: Vec<AccessRequest>,
    /// The places outside that it names, agreed to or not.
    outside: BTreeSet<PathBuf>,
}

impl Content {
    /// Hashes every file of it that lies in its folder: their paths from there, and what is in them.
    pub fn digest(&self) -> Result<String, StoreError> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let mut all = String::new();
        for (path, part) in &self.parts {
            let sum = match part {
                Part::Read(sum) => sum.clone(),
                Part::Rows => File::open(path)
                    .and_then(id::hex_of)
                    .map_err(|error| StoreError::new(format!("cannot read {}: {error}", path.display())))?,
            };
            let name = path.strip_prefix(folder).unwrap_or(path).to_string_lossy();
            let _ = writeln!(all, "{sum} {}:{name}", name.len());
        }
        Ok(id::hex(all.as_bytes()))
    }

    /// Lists the files and folders that are read for it, those outside its folder among them.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.parts.keys().chain(&self.outside).map(PathBuf::as_path)
    }

    /// Lists the places outside its folder that it names, links resolved.
    pub fn outside(&self) -> impl Iterator<Item = &Path> {
        self.outside.iter().map(PathBuf::as_path)
    }

    /// The places outside that may not be read yet.
    pub(crate) fn withheld(&self, outside: &Outside) -> BTreeSet<PathBuf> {
        self.outside.iter().filter(|path| !outside.holds(path)).cloned().collect()
    }

    /// Leaves those things out that are not read or sent by whoever takes files alone from it.
    pub fn only_files(&mut self) {
        self.requests.retain(|requests| matches!(requests.access, ExternalAccess::Read { .. }));
    }
}

/// Reads the files of content, and notes what it asks for. Outside the folder nothing is read that is not agreed to.
#[derive(Debug)]
pub struct ContentReader<'a> {
    folder: AgreedFolder,
    outside: &'a Outside,
    content: RefCell<Content>,
}

impl<'a> ContentReader<'a> {
    /// Begins with a file, in whose folder the others lie, or with a folder.
    #[must_use]
    pub fn new(path: &Path, outside: &'a Outside) -> Self {
        let folder = AgreedFolder::of(if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) });
        let path = match path.file_name().filter(|_| !path.is_dir()) {
            Some(name) => folder.path().join(name),
            None => folder.path().to_path_buf(),
        };
        Self { folder, outside, content: RefCell::new(Content { path, ..Content::default() }) }
    }

    /// Returns the folder that it may read.
    #[must_use]
    pub fn folder(&self) -> &AgreedFolder {
        &self.folder
    }

    /// Notes that something is asked for.
    pub fn ask(&self, at: &str, access: ExternalAccess) {
        let requests = AccessRequest { access, at: at.to_owned() };
        let mut content = self.content.borrow_mut();
        if content.requests.iter().all(|known| known.access != requests.access) {
            content.requests.push(requests);
        }
    }

    /// Resolves a path that may be read; none where it leads outside and nobody has agreed, which is noted.
    pub fn admit(&self, at: &str, path: &Path) -> Option<PathBuf> {
        match self.folder.locate(path) {
            Located::Inside(real) => Some(real),
            Located::Outside(real) => {
                self.ask(at, ExternalAccess::Read { path: real.clone() });
                self.content.borrow_mut().outside.insert(real.clone());
                self.outside.holds(&real).then_some(real)
            }
        }
    }

    /// Reads a text file. None where it may not be read, which is noted; the inner one where it is not there.
    pub fn read(&self, at: &str, path: &Path) -> Result<Option<Option<String>>, StoreError> {
        let Some(real) = self.admit(at, path) else { return Ok(None) };
        let text = atomic_file::read(&real)?;
        if let Some(text) = &text {
            self.note(&real, Part::Read(id::hex(text.as_bytes())));
        }
        Ok(Some(text))
    }

    /// Resolves a data set that may be read; none as for [`Self::admit`].
    pub fn rows(&self, at: &str, path: &Path) -> Option<PathBuf> {
        let real = self.admit(at, path)?;
        if real.is_file() {
            self.note(&real, Part::Rows);
        }
        Some(real)
    }

    /// Notes a file that a program consists of, wherever it lies: what is agreed to is the program as it is. A word that
    /// names no file is none.
    pub fn note_program(&self, path: &Path) {
        if let Ok(real) = path.canonicalize()
            && real.is_file()
        {
            self.content.borrow_mut().parts.insert(real, Part::Rows);
        }
    }

    fn note(&self, real: &Path, part: Part) {
        if let Located::Inside(real) = self.folder.locate(real) {
            self.content.borrow_mut().parts.insert(real, part);
        }
    }

    /// Tells whether something of it was not read for want of a yes.
    #[must_use]
    pub fn withholds(&self) -> bool {
        !self.content.borrow().withheld(self.outside).is_empty()
    }

    /// Returns what was found.
    #[must_use]
    pub fn finish(self) -> Content {
        self.content.into_inner()
    }
}
