//! Whether content may be read: paths resolved through every link, and the owner and permissions of what they lead to.

use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};

/// A folder, its own place resolved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AgreedFolder(PathBuf);

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Located {
    /// To this place in the folder.
    Inside(PathBuf),
    /// To this place elsewhere.
    Outside(PathBuf),
}

impl AgreedFolder {
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

/// Whose a file or folder is, as far as that matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owned {
    /// Whether it is this user's.
    pub own: bool,
    /// Whether every user may write there, a sticky folder too.
    pub world_writable: bool,
}

impl Owned {
    /// Makes it of the owner's number, this user's, and the mode.
    #[must_use]
    pub fn of(owner: u32, user: u32, mode: u32) -> Self {
        Self { own: owner == user, world_writable: mode & 0o002 != 0 }
    }

    /// Says why it is not to be relied on; none where it is.
    #[must_use]
    pub fn why_unsafe(self) -> Option<&'static str> {
        match self {
            Self { own: false, .. } => Some("belongs to another user"),
            Self { world_writable: true, .. } => Some("can be written by every user"),
            Self { own: true, world_writable: false } => None,
        }
    }
}

/// Says why a file is not to be relied on: itself or its folder is another user's, or every user may write there.
#[must_use]
pub fn unsafe_because(file: &Path) -> Option<String> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    [file, folder].into_iter().find_map(|path| Some(format!("{} {}", path.display(), owned(path)?.why_unsafe()?)))
}

#[cfg(unix)]
fn owned(path: &Path) -> Option<Owned> {
    use std::os::unix::fs::MetadataExt as _;
    let about = fs::metadata(path).ok()?;
    Some(Owned::of(about.uid(), rustix::process::geteuid().as_raw(), about.mode()))
}

#[cfg(not(unix))]
fn owned(path: &Path) -> Option<Owned> {
    fs::metadata(path).ok().map(|_| Owned { own: true, world_writable: false })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::{Owned, *};

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
        let folder = AgreedFolder::of(&own);
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
        assert_eq!(AgreedFolder::of(&own.join("dir")).path(), other.join("deep"), "a folder is where its link leads");
    }

    #[test]
    fn an_agreed_folder_holds_what_is_in_it_and_nothing_beside_it() {
        let these = Outside::These(BTreeSet::from([PathBuf::from("/a/b"), PathBuf::from("/c.txt")]));
        for (path, held) in [("/a/b/x", true), ("/a/b", true), ("/c.txt", true), ("/a/bc", false), ("/a", false)] {
            assert_eq!(these.holds(Path::new(path)), held, "{path}");
        }
        assert!(Outside::All.holds(Path::new("/x")) && !Outside::Nothing.holds(Path::new("/x")));
    }

    #[test]
    fn what_others_own_or_can_write_is_not_relied_on() {
        for (owner, user, mode, why) in [
            (1000, 1000, 0o100_644, None),
            (1000, 1000, 0o100_664, None),
            (0, 0, 0o100_600, None),
            (1001, 1000, 0o100_644, Some("belongs to another user")),
            (0, 1000, 0o100_644, Some("belongs to another user")),
            (1000, 0, 0o100_644, Some("belongs to another user")),
            (1000, 1000, 0o100_666, Some("can be written by every user")),
            (1000, 1000, 0o040_777, Some("can be written by every user")),
            (1000, 1000, 0o041_777, Some("can be written by every user")),
        ] {
            assert_eq!(Owned::of(owner, user, mode).why_unsafe(), why, "{owner} {user} {mode:o}");
        }
    }
}
