//! The fields of a config, each read as what it has to be, and mistakes told with file and line.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use super::shown;
use crate::{
    store::{
        job::StoreFault,
        mistake::{quoted, slip},
        trust::{Access, ContentReader},
        yaml::{Field, Node, Tree},
    },
    text::json::ExactJson,
};

/// The file that is read.
pub(super) struct File<'a> {
    path: &'a Path,
    reader: &'a ContentReader<'a>,
    pub(super) notices: Vec<String>,
    /// The environment variables that headers are filled from.
    pub(super) header_variables: BTreeSet<String>,
}

impl<'a> File<'a> {
    pub(super) fn new(path: &'a Path, reader: &'a ContentReader<'a>) -> Self {
        Self { path, reader, notices: Vec::new(), header_variables: BTreeSet::new() }
    }

    /// Begins with a file that this one names.
    pub(super) fn other<'o>(&self, path: &'o Path) -> File<'o>
    where
        'a: 'o,
    {
        File::new(path, self.reader)
    }

    pub(super) fn fault(&self, line: usize, what: impl AsRef<str>) -> StoreFault {
        StoreFault::new(format!("{}:{line}: {}", self.path.display(), what.as_ref()))
    }

    /// Tells of what has no effect.
    pub(super) fn notice(&mut self, line: usize, what: &str) {
        self.notices.push(format!("{}:{line}: {what}", self.path.display()));
    }

    /// Lists the fields of a mapping that may have these keys; nothing is a mapping without any.
    pub(super) fn fields<'n>(&self, node: &'n Node, whose: &str, keys: &[&str]) -> Result<&'n [Field], StoreFault> {
        let fields = self.mapping(node, whose)?;
        match fields.iter().find(|field| !keys.contains(&field.key.as_str())) {
            None => Ok(fields),
            Some(field) => {
                let near = slip(&field.key, keys.iter().copied());
                let what =
                    format!("unknown key {} in {whose}{near}\n  it takes {}", quoted(&field.key), keys.join(", "));
                Err(self.fault(field.line, what))
            }
        }
    }

    pub(super) fn mapping<'n>(&self, node: &'n Node, whose: &str) -> Result<&'n [Field], StoreFault> {
        match &node.tree {
            Tree::Fields(fields) => Ok(fields),
            Tree::One(ExactJson::Null) => Ok(&[]),
            _ => {
                Err(self.fault(node.line, format!("{whose}: expected keys and values, found {}", shown(&node.value()))))
            }
        }
    }

    /// Reads a text; a number or a truth value is one as well.
    pub(super) fn text(&self, node: &Node, key: &str) -> Result<Option<String>, StoreFault> {
        match &node.tree {
            Tree::One(ExactJson::Null) => Ok(None),
            Tree::One(value) => Ok(Some(plain(value))),
            _ => Err(self.wrong(node, key, "a text")),
        }
    }

    pub(super) fn flag(&self, node: &Node, key: &str) -> Result<Option<bool>, StoreFault> {
        match &node.tree {
            Tree::One(ExactJson::Null) => Ok(None),
            Tree::One(ExactJson::Bool(flag)) => Ok(Some(*flag)),
            _ => Err(self.wrong(node, key, "true or false")),
        }
    }

    pub(super) fn whole(&self, node: &Node, key: &str) -> Result<Option<u64>, StoreFault> {
        match &node.tree {
            Tree::One(ExactJson::Null) => Ok(None),
            Tree::One(ExactJson::Number(digits)) if digits.parse::<u64>().is_ok() => Ok(digits.parse().ok()),
            _ => Err(self.wrong(node, key, "a whole number of 0 or more")),
        }
    }

    pub(super) fn number(&self, node: &Node, key: &str) -> Result<Option<f64>, StoreFault> {
        match &node.tree {
            Tree::One(ExactJson::Null) => Ok(None),
            Tree::One(ExactJson::Number(digits)) => Ok(digits.parse().ok()),
            _ => Err(self.wrong(node, key, "a number")),
        }
    }

    pub(super) fn texts(&self, node: &Node, key: &str) -> Result<Vec<String>, StoreFault> {
        match &node.tree {
            Tree::List(items) => {
                let texts = items.iter().map(|item| Ok(self.text(item, key)?.unwrap_or_default()));
                texts.collect()
            }
            _ => Ok(self.text(node, key)?.into_iter().collect()),
        }
    }

    pub(super) fn wrong(&self, node: &Node, key: &str, wanted: &str) -> StoreFault {
        self.fault(node.line, format!("{key}: expected {wanted}, found {}", shown(&node.value())))
    }

    /// The path of a file that the config names, from where the config is.
    pub(super) fn beside(&self, name: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(name)
    }

    /// Where something is asked for.
    fn at(&self, line: usize) -> String {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy();
        format!("{name}:{line}")
    }

    /// Notes what a line asks for that the user has to agree to.
    pub(super) fn ask(&self, line: usize, access: Access) {
        self.reader.ask(&self.at(line), access);
    }

    /// Reads a file that the config names on a line; none where the user has not agreed to that.
    pub(super) fn open(&self, line: usize, path: &Path) -> Result<Option<String>, StoreFault> {
        match self.reader.read(&self.at(line), path) {
            Ok(Some(Some(text))) => Ok(Some(text)),
            Ok(Some(None)) => Err(self.fault(line, format!("there is no file {}", path.display()))),
            Ok(None) => Ok(None),
            Err(fault) => Err(self.fault(line, fault.message)),
        }
    }

    /// Names a data set by where it lies; none where the user has not agreed to its being read.
    pub(super) fn rows(&self, line: usize, path: &Path) -> Option<PathBuf> {
        self.reader.rows(&self.at(line), path)
    }

    /// Lists the files that a name stands for: itself, or in the order of their names those that fit a `*`
    /// in its last part; none of a folder that the user has not agreed to.
    pub(super) fn files(&self, line: usize, name: &str) -> Result<Vec<PathBuf>, StoreFault> {
        if !name.contains(['*', '?', '[', '{']) {
            return Ok(vec![self.beside(name)]);
        }
        let (dir, last) = name.rsplit_once('/').unwrap_or(("", name));
        let parts: Vec<&str> = last.split('*').collect();
        if dir.contains(['*', '?', '[', '{']) || last.contains(['?', '[', '{', ']', '}']) || last.contains("**") {
            let what = format!("{}: only `*` in the file's own name is understood; list the files", quoted(name));
            return Err(self.fault(line, what));
        }
        let dir = if dir.is_empty() { self.beside("").join(".") } else { self.beside(dir) };
        if self.reader.admit(&self.at(line), &dir).is_none() {
            return Ok(Vec::new());
        }
        let entries = std::fs::read_dir(&dir)
            .map_err(|error| self.fault(line, format!("cannot list {}: {error}", dir.display())))?;
        let mut found: Vec<PathBuf> = entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| {
                path.is_file() && path.file_name().and_then(|name| name.to_str()).is_some_and(|name| fits(name, &parts))
            })
            .collect();
        found.sort();
        if found.is_empty() {
            return Err(self.fault(line, format!("no file fits {}", quoted(name))));
        }
        Ok(found)
    }
}

/// Tells whether a name has these parts in this order, the first at its start and the last at its end.
fn fits(name: &str, parts: &[&str]) -> bool {
    let [first, between @ .., last] = parts else { return false };
    let Some(mut rest) = name.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else { return false };
    !(first.is_empty() && name.starts_with('.'))
        && between.iter().all(|part| match rest.split_once(part) {
            Some((_, after)) => {
                rest = after;
                true
            }
            None => false,
        })
}

/// A value as a template shows it.
pub(super) fn plain(value: &ExactJson) -> String {
    match value {
        ExactJson::Text(text) => text.clone(),
        ExactJson::Null => String::new(),
        other => other.to_string(),
    }
}

/// The ending of a file's name, in small letters.
pub(super) fn ending(path: &Path) -> String {
    path.extension().map_or_else(String::new, |ending| ending.to_string_lossy().to_lowercase())
}
