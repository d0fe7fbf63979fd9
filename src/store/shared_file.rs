//! A small file of JSON in the state directory that every process locks, reads and writes whole.
//!
//! What is lost of it, or cannot be read, is as if it had never been noted; nothing waits long for it.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    io::{Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use serde::{Serialize, de::DeserializeOwned};

use crate::config::atomic_file;

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 256 * 1024;

/// How often the file is tried while another process has it, and how long in between.
const TRIES: (u32, Duration) = (100, Duration::from_millis(2));

/// A file by its path. It is made when there is something to note.
#[derive(Debug, Clone)]
pub(crate) struct SharedFile {
    path: PathBuf,
}

impl SharedFile {
    /// Names the file.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Returns where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the file; what is no such file is an empty one.
    pub(crate) fn read<T: Default + DeserializeOwned>(&self) -> T {
        let Ok(mut file) = File::open(&self.path) else { return T::default() };
        match locked(|| file.try_lock_shared()) {
            Ok(()) => content(&mut file),
            Err(_) => T::default(),
        }
    }

    /// Changes the file while nobody else does.
    pub(crate) fn change<T: Default + Serialize + DeserializeOwned, R>(
        &self,
        change: impl FnOnce(&mut T) -> R,
    ) -> io::Result<R> {
        if let Some(dir) = self.path.parent() {
            atomic_file::make_dir(dir).map_err(io::Error::other)?;
        }
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&self.path)?;
        locked(|| file.try_lock())?;
        let mut memory = content(&mut file);
        let changed = change(&mut memory);
        let text = serde_json::to_vec(&memory)?;
        file.rewind()?;
        file.write_all(&text)?;
        file.set_len(text.len() as u64)?;
        Ok(changed)
    }
}

/// Locks a file, as soon as no other process has it.
fn locked(lock: impl Fn() -> Result<(), TryLockError>) -> io::Result<()> {
    let (most, pause) = TRIES;
    for _ in 1..most {
        if lock().is_ok() {
            return Ok(());
        }
        thread::sleep(pause);
    }
    Ok(lock()?)
}

fn content<T: Default + DeserializeOwned>(file: &mut File) -> T {
    let mut text = String::new();
    match file.take(MAX_BYTES).read_to_string(&mut text) {
        Ok(_) => serde_json::from_str(&text).unwrap_or_default(),
        Err(_) => T::default(),
    }
}
