//! What is on the disk of every user: forms that are read and written to the letter, and the hashes made of them.
//!
//! A name in the code may change, one in these files may not: a record, a cache or a batch under way would be lost.

use std::{fmt::Debug, fs, path::PathBuf};

use retort::{
    model::{
        BatchId, DatasetRow, ErrorKind, Finish, Format, Grade, Prompt, Rule, RunStatus, Session, Status, Target,
        VersionId,
        batch::{BatchLimits, BatchSpec, Cell},
        prompt_toml,
    },
    pipeline::TimedEvent,
    store::prompts,
};
use serde::{Serialize, de::DeserializeOwned};

fn golden(name: &str) -> String {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden").join(name);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Reads every line of a file as a value, which is written as it stands there, and returns the values.
fn lines<T: Serialize + DeserializeOwned + Debug>(name: &str) -> Vec<T> {
    let read = |line: &str| {
        let value: T = serde_json::from_str(line).unwrap_or_else(|error| panic!("{name}: {error}: {line}"));
        assert_eq!(serde_json::to_string(&value).unwrap(), line, "{name}");
        value
    };
    let values: Vec<T> = golden(name).lines().map(read).collect();
    assert!(!values.is_empty(), "{name} is empty");
    values
}

fn only<T: Serialize + DeserializeOwned + Debug>(name: &str) -> T {
    let mut all = lines(name);
    assert_eq!(all.len(), 1, "{name}");
    all.remove(0)
}

#[test]
fn what_is_on_record_is_read_and_written_to_the_letter() {
    assert_eq!(lines::<TimedEvent>("events.jsonl").len(), 23);
    assert_eq!(lines::<ErrorKind>("classes.jsonl").len(), 25);
    assert_eq!(lines::<Rule>("rules.jsonl").len(), 7);
    assert_eq!(lines::<Status>("statuses.jsonl").len(), 3);
    assert_eq!(lines::<RunStatus>("run_statuses.jsonl").len(), RunStatus::ALL.len());
    assert_eq!(lines::<Finish>("finishes.jsonl").len(), 7);
    assert_eq!(lines::<Format>("formats.jsonl").len(), 3);
    lines::<Grade>("grades.jsonl");
    lines::<Cell>("cells.jsonl");
    lines::<BatchLimits>("limits.jsonl");
    lines::<BatchId>("batch_ids.jsonl");
}

#[test]
fn a_prompt_file_is_read_and_written_to_the_letter_and_keeps_its_version() {
    let text = golden("prompt.toml");
    let prompt = prompts::parse(&text, &PathBuf::from("prompt.toml")).unwrap();
    assert_eq!(prompt_toml::write(&prompt).unwrap(), text);
    assert_eq!(VersionId::of(&prompt).0, "e7f1317e3aecf915234a454b2ca99e14ee28ada281148c0c5fec3da92399d5f1");
    assert_eq!(VersionId::of(&Prompt::default()).0, "bb7c9a4ef996789be00f28392f3d429dc0ab85a59689a9fa961bd181e2f841a7");
}

#[test]
fn a_session_file_is_read_and_written_to_the_letter() {
    let text = golden("session.toml");
    let session: Session = toml::from_str(&text).unwrap();
    assert_eq!(toml::to_string(&session).unwrap(), text);
}

#[test]
fn what_stands_behind_a_name_has_the_same_digest() {
    let targets: Vec<Target> = lines("targets.jsonl");
    let digests: Vec<String> = targets.iter().map(Target::digest).collect();
    assert_eq!(
        digests,
        [
            "94063b805fe35e141009ea0c5272cbf8f90f7e3bacc1411ab55052c3a687250f",
            "9d3668e8ff585ac260cef57591fd935f74eba80135fb998e3889620f87780d4f",
            "083d966877b6c4ce389ccdafd27c1084406c703f34d0cb360af7ae62d5b6a075",
            "de6b21a5f1c5b6203a67ed799156f74bb0e861cb87af4698163ed6f5c4dc2d81",
            "345bca545c282826fac37619b80f0ff703f673f65887b6363f2b3f01f4ce842b"
        ]
    );
}

#[test]
fn a_batch_under_way_is_found_again() {
    let spec: BatchSpec = only("batches.jsonl");
    assert_eq!(spec.fingerprint(), "b3ec63dab9fd55c2a16165dd342d8ac2de5c7a6ee1f249acb9825264e020fec6");
    let row: DatasetRow = only("rows.jsonl");
    assert_eq!(row.fingerprint(), 1_388_662_271_306_267_945);
    assert_eq!(row.input.hash(), -326_917_155_585_235_532);
}
