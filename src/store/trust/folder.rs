//! The folder that content lies in, and what of it leads out: links resolved, those on the way too.

use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};

/// A folder, its own place resolved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folder(PathBuf);

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Located {
    /// To this place in the folder.
    Inside(PathBuf),
    /// To this place elsewhere.
    Outside(PathBuf),
}

impl Folder {
    /// Resolves a folder.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        Self(resolve(if path.as_os_str().is_empty() { Path::new(".") } else { path }))
    }

    /// Returns its place.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Tells where a path leads, whether or not something is there. Nothing is opened.
    #[must_use]
    pub fn locate(&self, path: &Path) -> Located {
        let real = resolve(path);
        if real.starts_with(&self.0) { Located::Inside(real) } else { Located::Outside(real) }
    }
}

/// Resolves a path as far as it is there; what is not there cannot be a link, and is taken as it is written.
fn resolve(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut real = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                real.pop();
            }
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => {
                real.push(part);
                if let Ok(resolved) = fs::canonicalize(&real) {
                    real = resolved;
                }
            }
        }
    }
    real
}

/// Which paths outside its folder content may read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Outside {
    /// None.
    #[default]
    Nothing,
    /// These files, and what lies in these folders.
    These(BTreeSet<PathBuf>),
    /// All, for this run.
    All,
}

impl Outside {
    /// Tells whether a path may be read, given as it resolves.
    #[must_use]
    pub fn holds(&self, real: &Path) -> bool {
        match self {
            Self::Nothing => false,
            Self::These(paths) => paths.iter().any(|agreed| real.starts_with(agreed)),
            Self::All => true,
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_leads_out_is_seen_whatever_the_way() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let (own, other) = (root.join("own"), root.join("other"));
        fs::create_dir_all(own.join("deep")).unwrap();
        fs::create_dir_all(other.join("deep")).unwrap();
        for file in ["own/a.txt", "other/b.txt", "other/deep/c.txt"] {
            fs::write(root.join(file), "x").unwrap();
        }
        symlink(other.join("b.txt"), own.join("file")).unwrap();
        symlink("../other/deep", own.join("dir")).unwrap();
        symlink("a.txt", own.join("fine")).unwrap();
        symlink("nowhere/../../other/b.txt", own.join("dangling")).unwrap();
        let folder = Folder::of(&own);
        let out = |path: &str| match folder.locate(&own.join(path)) {
            Located::Inside(_) => None,
            Located::Outside(real) => Some(real.strip_prefix(&root).unwrap_or(&real).to_path_buf()),
        };
        for (path, real) in [
            ("../other/b.txt", "other/b.txt"),
            ("deep/../../other/b.txt", "other/b.txt"),
            ("file", "other/b.txt"),
            ("dir/c.txt", "other/deep/c.txt"),
            // out of where the link leads, and not of where it lies
            ("dir/../b.txt", "other/b.txt"),
            ("dir/new.txt", "other/deep/new.txt"),
            ("../own-not/x", "own-not/x"),
            ("..", ""),
            ("/etc/hosts", "/etc/hosts"),
        ] {
            assert_eq!(out(path), Some(PathBuf::from(real)), "{path}");
        }
        for path in ["a.txt", "fine", "deep/../a.txt", "../own/a.txt", "deep/new.txt", ".", "../other/../own/a.txt"] {
            assert_eq!(out(path), None, "{path}");
        }
        assert_eq!(Folder::of(&own.join("dir")).path(), other.join("deep"), "a folder is where its link leads");
    }

    #[test]
    fn an_agreed_folder_holds_what_is_in_it_and_nothing_beside_it() {
        let these = Outside::These(BTreeSet::from([PathBuf::from("/a/b"), PathBuf::from("/c.txt")]));
        for (path, held) in [("/a/b/x", true), ("/a/b", true), ("/c.txt", true), ("/a/bc", false), ("/a", false)] {
            assert_eq!(these.holds(Path::new(path)), held, "{path}");
        }
        assert!(Outside::All.holds(Path::new("/x")) && !Outside::Nothing.holds(Path::new("/x")));
    }
}
