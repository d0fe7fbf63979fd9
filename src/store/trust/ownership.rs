//! Whether others can have written what lies at a place.

use std::{fs, path::Path};

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
    use super::Owned;

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
