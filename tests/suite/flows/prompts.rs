//! A prompt gets another name, is copied, deleted and brought back: keys in, what is asked of the store out.

use std::{path::PathBuf, time::Duration};

use retort::{
    app::Event,
    model::error::{StoreError, StoreErrorKind},
    pipeline::batch::{BatchEnd, BatchEvent},
    store::api::{PromptEntry, PromptMove, StoreReply, StoreRequest},
};

use super::{batch, versions};
use crate::support::bench::Bench;

/// Answers that the file was moved, and returns the step that was asked for.
fn moves(bench: &mut Bench, to: &str) -> PromptMove {
    let (ticket, job) = versions::job(bench);
    let StoreRequest::MovePrompt(step) = job else { panic!("{job:?}") };
    bench.answer(ticket, Ok(StoreReply::PromptMoved(PathBuf::from(format!("/prompts/{to}.toml")))));
    step
}

/// Answers that so many runs have the new name.
fn renames(bench: &mut Bench, runs: u64) -> (String, String) {
    let found = bench.jobs().into_iter().find(|(_, job)| matches!(job, StoreRequest::RenameRuns { .. }));
    let Some((ticket, StoreRequest::RenameRuns { from, to })) = found else { panic!("no runs are renamed") };
    bench.answer(ticket, Ok(StoreReply::RunsRenamed(runs)));
    (from, to)
}

fn names(from: &str, to: &str) -> (String, String) {
    (from.to_owned(), to.to_owned())
}

fn name(bench: &Bench) -> Option<&str> {
    bench.app.bench.prompt_name.as_deref()
}

#[test]
fn a_prompt_is_renamed_with_its_runs_and_undo_takes_both_back() {
    let mut bench = versions::bench("label");
    bench.keys("<c-p>rename prompt<enter><c-u>sorting<enter>");
    let step = moves(&mut bench, "sorting");
    assert_eq!(step, PromptMove::Rename { from: "triage".to_owned(), to: "sorting".to_owned() });
    assert_eq!(renames(&mut bench, 41), names("triage", "sorting"));
    assert_eq!((name(&bench), bench.says()), (Some("sorting"), "Renamed triage to sorting with its runs; u undoes it"));
    bench.take();
    bench.keys("u");
    moves(&mut bench, "triage");
    assert_eq!(renames(&mut bench, 41), names("sorting", "triage"));
    assert_eq!(name(&bench), Some("triage"));
}

#[test]
fn a_renaming_that_was_undone_is_made_again_by_redo() {
    let mut bench = versions::bench("label");
    bench.keys("<c-p>rename prompt<enter><c-u>sorting<enter>");
    moves(&mut bench, "sorting");
    renames(&mut bench, 41);
    bench.take();
    bench.keys("u");
    moves(&mut bench, "triage");
    renames(&mut bench, 41);
    bench.take();
    bench.keys("U");
    let again = PromptMove::Rename { from: "triage".to_owned(), to: "sorting".to_owned() };
    assert_eq!(moves(&mut bench, "sorting"), again);
    renames(&mut bench, 41);
    bench.take();
    bench.keys("u");
    assert_eq!(moves(&mut bench, "triage"), PromptMove::Rename { from: "sorting".to_owned(), to: "triage".to_owned() });
}

#[test]
fn a_second_undo_waits_for_the_file_that_is_being_moved() {
    let mut bench = versions::bench("label");
    bench.keys("<c-p>rename prompt<enter><c-u>sorting<enter>");
    moves(&mut bench, "sorting");
    renames(&mut bench, 41);
    bench.take();
    bench.keys("uu");
    let moved = bench.jobs().into_iter().filter(|(_, job)| matches!(job, StoreRequest::MovePrompt(_))).count();
    assert_eq!((moved, bench.says()), (1, "The prompt's file is being moved; press the key again then"));
}

#[test]
fn a_renaming_that_cannot_be_undone_does_not_bar_the_way_to_the_change_before_it() {
    let mut bench = versions::bench("label");
    bench.keys("<c-p>rename prompt<enter><c-u>sorting<enter>");
    moves(&mut bench, "sorting");
    renames(&mut bench, 41);
    bench.take();
    bench.keys("u");
    let (ticket, _) = versions::job(&mut bench);
    let message = "there is a prompt `triage` already; choose another name".to_owned();
    bench.answer(ticket, Err(StoreError { message: message.clone(), kind: StoreErrorKind::Exists }));
    let says = format!("{message}; the change before it is the next to undo");
    assert_eq!((name(&bench), bench.says()), (Some("sorting"), says.as_str()));
    bench.take();
    bench.keys("u");
    assert!(!bench.jobs().iter().any(|(_, job)| matches!(job, StoreRequest::MovePrompt(_))));
}

#[test]
fn who_opens_a_prompt_by_a_name_it_had_is_asked_whether_to_open_it_by_the_one_it_has() {
    let mut bench = versions::bench("label");
    let listed = PromptEntry {
        name: "triage".to_owned(),
        description: String::new(),
        project: false,
        built_in: false,
        valid: true,
        changed: None,
    };
    bench.keys("O");
    let (list, _) = bench.jobs().into_iter().find(|(_, job)| matches!(job, StoreRequest::ListPrompts)).unwrap();
    bench.answer(list, Ok(StoreReply::Prompts(vec![listed])));
    bench.keys("triage<enter>");
    let opens = |bench: &mut Bench| {
        let found = bench.jobs().into_iter().find(|(_, job)| matches!(job, StoreRequest::OpenPrompt(_)));
        let Some((ticket, StoreRequest::OpenPrompt(name))) = found else { panic!("no prompt is opened") };
        (ticket, name)
    };
    let (ticket, asked) = opens(&mut bench);
    assert_eq!(asked, "triage");
    let message = "no prompt is called `triage` any more: it was renamed to `sorting`".to_owned();
    let kind = StoreErrorKind::Renamed("sorting".to_owned());
    bench.answer(ticket, Err(StoreError { message, kind }));
    let shown = bench.screen().join("\n");
    assert!(shown.contains("Prompt triage was renamed to sorting. Open that?"), "{shown}");
    bench.pass(Duration::from_millis(400));
    bench.keys("<enter>");
    assert_eq!(opens(&mut bench).1, "sorting");
}

#[test]
fn where_the_runs_cannot_be_renamed_it_is_said_under_which_name_they_are() {
    let mut bench = versions::bench("label");
    bench.keys("<c-p>rename prompt<enter><c-u>sorting<enter>");
    moves(&mut bench, "sorting");
    let (ticket, _) = bench.jobs().into_iter().find(|(_, job)| matches!(job, StoreRequest::RenameRuns { .. })).unwrap();
    bench.answer(ticket, Err(StoreError::new("the disk is full")));
    assert_eq!(bench.says(), "Renamed triage to sorting, but its runs stay under triage: the disk is full");
}

#[test]
fn a_copy_comes_onto_the_bench_in_the_place_of_what_it_was_copied_from() {
    let mut bench = versions::bench("label");
    bench.keys("<c-p>save prompt as<enter><esc>").take();
    bench.keys("<c-p>duplicate prompt<enter>");
    let shown = bench.screen().join("\n");
    assert!(shown.contains("triage-copy"), "a name is there already:\n{shown}");
}

#[test]
fn a_deleted_prompt_leaves_the_bench_as_it_is_and_undo_brings_its_file_back() {
    let mut bench = versions::bench("label");
    bench.keys("<c-p>delete prompt<enter>");
    assert!(bench.jobs().is_empty(), "it asks first");
    bench.keys("<enter>");
    assert_eq!(moves(&mut bench, ".removed/triage"), PromptMove::Remove("triage".to_owned()));
    assert_eq!((name(&bench), bench.app.bench.prompt().system.as_str()), (None, "label"));
    assert!(bench.says().starts_with("Deleted prompt triage; its runs stay; u undoes it"), "{}", bench.says());
    bench.take();
    bench.keys("u");
    let step = moves(&mut bench, "triage");
    assert!(matches!(&step, PromptMove::Restore { name, .. } if name == "triage"), "{step:?}");
    assert_eq!((name(&bench), bench.says()), (Some("triage"), "Restored prompt triage"));
}

#[test]
fn what_a_batch_is_set_up_with_follows_a_renamed_prompt_and_a_running_batch_keeps_its_name() {
    let (mut bench, ticket) = batch::running();
    let asked = bench.app.batch.shown.as_ref().unwrap().request.spec.prompts[0].0.clone();
    bench.app.bench.prompt_name = Some(asked.clone());
    bench.take();
    bench.keys("1<c-p>rename prompt<enter><c-u>sorting<enter>");
    assert!(bench.jobs().iter().all(|(_, job)| !matches!(job, StoreRequest::MovePrompt(_))));
    assert_eq!(bench.says(), format!("a batch of {asked} is under way; rename it when that has ended"));

    bench.send(Event::Batch(ticket, vec![BatchEvent::Ended { end: BatchEnd::Stopped }]));
    bench.take();
    bench.keys("<c-p>rename prompt<enter><c-u>sorting<enter>");
    let (ticket, _) = bench.jobs().into_iter().find(|(_, job)| matches!(job, StoreRequest::MovePrompt(_))).unwrap();
    bench.answer(ticket, Ok(StoreReply::PromptMoved(PathBuf::from("/prompts/sorting.toml"))));
    let batch = &bench.app.batch;
    assert_eq!(batch.shown.as_ref().unwrap().request.spec.prompts[0].0, "sorting", "it goes on under the new name");
    assert_eq!(batch.setup.form.as_ref().unwrap().form.value("Prompts"), "sorting");
    assert_eq!(bench.app.bench.setups[0].prompts, "sorting");
}
