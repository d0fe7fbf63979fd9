//! The recordings that a provider plays, as the settings name them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::config::transport::resolved;

/// How a recording in a folder is named.
const ENDING: &str = "jsonl";

/// The largest recording that is read, in bytes.
const LONGEST: u64 = 64 * 1024 * 1024;

/// The files of a folder that are read, at most.
const MOST: usize = 1000;

/// Reads the recording at a path, or those in a folder, in the order of their names: each with its path. A path that begins
/// with `~/` is in `home`, one that is relative beside the settings file. Says why they cannot be had.
pub fn read(written: &str, folder: &Path, home: Option<&str>) -> Result<Vec<(PathBuf, String)>, String> {
    let path = resolved(written, folder, home);
    let cannot =
        |path: &Path, error: std::io::Error| format!("`recordings` {} cannot be read: {error}", path.display());
    let about = fs::metadata(&path).map_err(|error| cannot(&path, error))?;
    let mut files = Vec::new();
    if about.is_dir() {
        for entry in fs::read_dir(&path).map_err(|error| cannot(&path, error))? {
            let file = entry.map_err(|error| cannot(&path, error))?.path();
            if file.extension().is_some_and(|ending| ending == ENDING) {
                files.push(file);
            }
        }
        files.sort();
    } else {
        files.push(path.clone());
    }
    if files.is_empty() || files.len() > MOST {
        return Err(format!(
            "`recordings` {} holds {} files that end in .{ENDING}, not 1 to {MOST}",
            path.display(),
            files.len()
        ));
    }
    let one = |file: PathBuf| {
        let size = fs::metadata(&file).map_err(|error| cannot(&file, error))?.len();
        if size > LONGEST {
            return Err(format!("`recordings` {} is larger than {} MiB", file.display(), LONGEST >> 20));
        }
        let text = fs::read_to_string(&file).map_err(|error| cannot(&file, error))?;
        Ok((file, text))
    };
    files.into_iter().map(one).collect()
}
