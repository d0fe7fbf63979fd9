//! Which processes are still there, told by a file each holds locked for as long as it lives.
//!
//! A lock ends with its process, whatever ended it, and unlike a process id is never taken over
//! by another.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use uuid::Uuid;

use super::atomic;

/// This process's sign of life; it ends when dropped.
#[derive(Debug)]
pub(super) struct Alive {
    /// Stands for the process in the record.
    pub(super) owner: String,
    path: PathBuf,
    _lock: File,
}

impl Alive {
    /// Gives the first sign of life. `dir` holds those of all processes.
    pub(super) fn begin(dir: &Path) -> io::Result<Self> {
        let owner = Uuid::now_v7().simple().to_string();
        let (early, path) = (dir.join(format!("{owner}.new")), file(dir, &owner));
        let lock = atomic::create_private(&early)?;
        // Nobody looks at the file before it is locked.
        lock.lock()?;
        fs::rename(early, &path)?;
        Ok(Self { owner, path, _lock: lock })
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.path));
    }
}

/// Tells whether a process has ended; its file is then cleared away.
pub(super) fn is_gone(dir: &Path, owner: &str) -> bool {
    let path = file(dir, owner);
    match File::open(&path).map(|file| file.try_lock()) {
        Ok(Ok(())) => {
            drop(fs::remove_file(path));
            true
        }
        Ok(Err(TryLockError::WouldBlock | TryLockError::Error(_))) => false,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

fn file(dir: &Path, owner: &str) -> PathBuf {
    dir.join(format!("{owner}.alive"))
}

/// Tells whether any process has given a sign of life and is still there.
pub(super) fn others(dir: &Path) -> bool {
    let Ok(entries) = fs::read_dir(dir) else {
        return false;
    };
    entries.filter_map(Result::ok).any(|entry| {
        let path = entry.path();
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned());
        path.extension().is_some_and(|ending| ending == "alive") && name.is_some_and(|owner| !is_gone(dir, &owner))
    })
}
