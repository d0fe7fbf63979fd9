//! Paths completed as a shell does: as far as they are clear, then with what they could go on with.

use std::{fs, path::Path};

/// How many ways to go on are named.
const NAMED: usize = 12;

/// Entries of a folder that are looked at.
const LOOKED: usize = 10_000;

/// Completes the last part of a path. Returns the path as far as it is clear, and where it is not
/// whole the names it could go on with.
pub(crate) fn complete(path: &str) -> (String, Vec<String>) {
    let split = path.rfind('/').map_or(0, |at| at + 1);
    let (folder, begun) = path.split_at(split);
    let place = if folder.is_empty() { Path::new(".") } else { Path::new(folder) };
    let Ok(entries) = fs::read_dir(place) else {
        return (path.to_owned(), Vec::new());
    };
    let hidden = begun.starts_with('.');
    let name = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        let is_folder = entry.path().is_dir();
        let fits = name.starts_with(begun) && (hidden || !name.starts_with('.'));
        fits.then(|| if is_folder { name + "/" } else { name })
    };
    let mut names: Vec<String> = entries.take(LOOKED).filter_map(Result::ok).filter_map(name).collect();
    names.sort_unstable();
    let Some(first) = names.first() else {
        return (path.to_owned(), Vec::new());
    };
    let shared = names.iter().fold(first.as_str(), |shared, name| common(shared, name));
    let completed = format!("{folder}{shared}");
    let whole = names.len() == 1;
    names.truncate(NAMED);
    (completed, if whole { Vec::new() } else { names })
}

/// Returns the beginning that two names share.
fn common<'a>(one: &'a str, other: &str) -> &'a str {
    let same = one.char_indices().zip(other.chars()).find(|((_, a), b)| a != b).map(|((at, _), _)| at);
    one.get(..same.unwrap_or(one.len().min(other.len()))).unwrap_or(one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_completed_as_far_as_it_is_clear() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["rows-a.csv", "rows-b.csv", "über.txt", ".hidden"] {
            fs::write(dir.path().join(name), "x").unwrap();
        }
        fs::create_dir(dir.path().join("texts")).unwrap();
        let at = |end: &str| format!("{}/{end}", dir.path().to_string_lossy());
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(complete(&at("ro")), (at("rows-"), names(&["rows-a.csv", "rows-b.csv"])));
        assert_eq!(complete(&at("rows-a")), (at("rows-a.csv"), vec![]));
        assert_eq!(complete(&at("te")), (at("texts/"), vec![]));
        assert_eq!(complete(&at("ü")), (at("über.txt"), vec![]));
        assert_eq!(complete(&at("")).1, names(&["rows-a.csv", "rows-b.csv", "texts/", "über.txt"]));
        assert_eq!(complete(&at(".h")), (at(".hidden"), vec![]));
        assert_eq!(complete(&at("no/such")), (at("no/such"), vec![]));
        assert_eq!(complete("/no/such/place"), ("/no/such/place".to_owned(), vec![]));
    }
}
