//! Files: written whole, private, and in words when they cannot be.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use retort::{config::atomic_file, model::error::StoreErrorKind};

use super::without;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_is_written_is_its_owners_alone_and_leaves_nothing_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a/b/file.toml");
    atomic_file::write(&file, "one", true).unwrap();
    atomic_file::write(&file, "two", true).unwrap();
    assert_eq!(atomic_file::read(&file).unwrap().as_deref(), Some("two"));
    assert_eq!((mode(&file), mode(&dir.path().join("a/b")), mode(&dir.path().join("a"))), (0o600, 0o700, 0o700));
    assert_eq!(fs::read_dir(dir.path().join("a/b")).unwrap().count(), 1);
}

#[test]
fn a_file_that_is_there_stays_unless_it_may_be_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file.toml");
    atomic_file::write(&file, "one", false).unwrap();
    let error = atomic_file::write(&file, "two", false).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Exists);
    assert_eq!(
        without(dir.path(), &error.message),
        "cannot write file.toml: a file of that name is already there; choose another name"
    );
    assert_eq!(atomic_file::read(&file).unwrap().as_deref(), Some("one"));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no half file is left");
}

#[test]
fn a_link_stays_a_link() {
    let dir = tempfile::tempdir().unwrap();
    let (real, link) = (dir.path().join("elsewhere/real.toml"), dir.path().join("link.toml"));
    atomic_file::write(&real, "one", true).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    atomic_file::write(&link, "two", true).unwrap();
    assert!(link.is_symlink());
    assert_eq!(fs::read_to_string(real).unwrap(), "two");
}

#[test]
fn a_path_that_cannot_be_is_named_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("plain"), "").unwrap();
    let error = atomic_file::write(&dir.path().join("plain/x.toml"), "text", true).unwrap_err();
    assert_eq!(
        without(dir.path(), &error.message),
        "cannot create the directory plain: a part of the path is a file, not a directory; move that file away"
    );
    assert_eq!(error.kind, StoreErrorKind::Failed);
    fs::create_dir(dir.path().join("dir.toml")).unwrap();
    let error = atomic_file::write(&dir.path().join("dir.toml"), "text", true).unwrap_err();
    assert_eq!(without(dir.path(), &error.message), "cannot write dir.toml: it is a directory; move it away");
    let error = atomic_file::read(Path::new("/dev/null")).unwrap_err();
    assert!(error.message.ends_with("it is not a regular file; move it away"), "{error}");
}

#[test]
fn what_could_not_be_read_again_is_not_written() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("big.toml");
    let error = atomic_file::write(&file, &"x".repeat(2 * 1024 * 1024 + 1), true).unwrap_err();
    assert!(error.message.contains("larger than 2 MB"), "{error}");
    assert!(!file.exists());
    fs::write(&file, "x".repeat(2 * 1024 * 1024 + 1)).unwrap();
    let error = atomic_file::read(&file).unwrap_err();
    assert!(error.message.contains("larger than 2 MB"), "{error}");
}
