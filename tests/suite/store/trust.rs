//! What the bench opens: prompts, inputs and data sets that lead out of where they lie.

use std::{fs, os::unix::fs::symlink};

use retort::{
    model::settings::{Places, Project},
    store::{
        Store,
        api::{Over, StoreReply, StoreRequest},
    },
};

use super::places_in;

#[tokio::test]
async fn the_bench_reads_nothing_that_leads_out_without_a_yes() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("clone");
    let (prompts, texts) = (root.join("prompts"), root.join("texts"));
    for folder in [&prompts, &texts] {
        fs::create_dir_all(folder).unwrap();
    }
    fs::write(root.join("retort.toml"), "").unwrap();
    fs::write(texts.join("a.txt"), "plain").unwrap();
    for (file, text) in [("out.toml", "user = \"OUTSIDE\""), ("out.txt", "OUTSIDE")] {
        fs::write(dir.path().join(file), text).unwrap();
    }
    symlink("../../out.toml", prompts.join("out.toml")).unwrap();
    symlink("../../out.txt", texts.join("b.txt")).unwrap();
    let project = |trusted| Project::Found { root: root.clone(), prompts: prompts.clone(), trusted };
    let store = Store::open(Places { project: project(false), ..places_in(dir.path()) }, 10);
    let source = texts.display().to_string();
    for (job, file) in [
        (StoreRequest::OpenPrompt("out".to_owned()), "out.toml, outside its folder"),
        (StoreRequest::PromptFile("out".to_owned()), "out.toml, outside its folder"),
        (
            StoreRequest::SavePrompt { name: "out".to_owned(), prompt: Box::default(), over: Over::Anything },
            "out.toml, outside its folder",
        ),
        (StoreRequest::ReadInput(source), "out.txt, outside its folder"),
    ] {
        let error = store.ask(job).await.unwrap_err().message;
        assert!(error.contains(file) && error.contains("retort trust ") && !error.contains("OUTSIDE"), "{error}");
    }
    let Ok(StoreReply::Prompts(list)) = store.ask(StoreRequest::ListPrompts).await else { panic!() };
    assert!(list.iter().any(|entry| entry.name == "out" && !entry.valid), "{list:?}");
    assert_eq!(
        fs::read_to_string(dir.path().join("out.toml")).unwrap(),
        "user = \"OUTSIDE\"",
        "nothing is written there"
    );

    let trusting = Store::open(Places { project: project(true), ..places_in(dir.path()) }, 10);
    assert!(matches!(trusting.ask(StoreRequest::OpenPrompt("out".to_owned())).await, Ok(StoreReply::Prompt { .. })));
}
