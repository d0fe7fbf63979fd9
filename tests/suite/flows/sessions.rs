//! Nothing is lost: autosave, restoring, prompts and sessions on disk.

use std::time::Duration;

use retort::{
    app::{Effect, Event, overlays::Overlay, workbench::Focus},
    eval::Review,
    model::{
        Prompt, Session,
        error::{StoreError, StoreErrorKind},
        run_facts::RunFacts,
    },
    store::api::{Over, PromptEntry, SessionEntry, StoreReply, StoreRequest},
};

use crate::support::bench::{Bench, ended, outcome, start};

fn saved(bench: &mut Bench) -> Vec<Session> {
    let session = |(_, job)| match job {
        StoreRequest::SaveSession(session) => Some(*session),
        _ => None,
    };
    bench.jobs().into_iter().filter_map(session).collect()
}

fn entry(name: &str) -> SessionEntry {
    SessionEntry { name: name.to_owned(), saved: "2026-02-03T04:05:06Z".parse().unwrap() }
}

#[test]
fn typing_is_saved_within_a_second_and_only_once() {
    let mut bench = Bench::new();
    bench.take();
    bench.keys("<input>i");
    for _ in 0..9 {
        bench.keys("x");
        bench.pass(Duration::from_millis(100));
    }
    assert_eq!(saved(&mut bench).len(), 0);
    bench.pass(Duration::from_millis(100));
    let sessions = saved(&mut bench);
    assert_eq!(sessions.len(), 1);
    assert!(sessions[0].input.text.starts_with("xxxxxxxxx"));
    bench.pass(Duration::from_secs(60));
    assert_eq!(saved(&mut bench).len(), 0);
}

#[test]
fn quitting_saves_what_is_on_the_bench_before_it_ends() {
    for quit in [Event::Quit, Event::Do(retort::app::action::GlobalAction::Quit.into())] {
        let mut bench = Bench::new();
        bench.take();
        bench.keys("<input>ilast words<esc>");
        bench.send(quit);
        let effects = bench.take();
        let [Effect::Store(ticket, StoreRequest::SaveSession(session))] = effects.as_slice() else {
            panic!("{effects:?}")
        };
        assert!(session.input.text.starts_with("last words"));
        bench.answer(*ticket, Ok(StoreReply::SessionSaved("default".to_owned())));
        assert!(matches!(bench.take().as_slice(), [Effect::Quit]));
    }
}

#[test]
fn a_signal_stops_every_run_saves_and_quits() {
    let mut bench = Bench::new();
    bench.run();
    bench.send(Event::Quit);
    let effects = bench.take();
    let [Effect::Stop(_), Effect::Store(ticket, StoreRequest::SaveSession(_))] = effects.as_slice() else {
        panic!("{effects:?}")
    };
    bench.answer(*ticket, Ok(StoreReply::SessionSaved("default".to_owned())));
    assert!(matches!(bench.take().as_slice(), [Effect::Quit]));
}

#[test]
fn a_session_comes_back_as_it_was_with_its_unsaved_edits() {
    let mut bench = Bench::of(&["demo", "gpt-4o-mini"]);
    bench.take();
    bench.keys("<prompt>iplease: <tab><c-k>my input<esc>p<c-u>0.9<enter>");
    bench.pass(Duration::from_secs(1));
    let session = saved(&mut bench).pop().unwrap();
    let written = toml::to_string(&session).unwrap();
    let mut again = start();
    again.session = Some(toml::from_str(&written).unwrap());
    again.found = vec!["Ollama".to_owned()];
    let mut back = Bench::with(again);
    assert_eq!(back.app.bench.prompt(), bench.app.bench.prompt());
    assert_eq!(back.app.bench.input(), bench.app.bench.input());
    assert_eq!(back.app.bench.targets(), ["demo", "gpt-4o-mini"]);
    assert_eq!(back.app.bench.prompt_name.as_deref(), Some("sentiment"));
    assert!(back.app.bench.dirty() && back.app.bench.banner.is_none());
    back.take();
    back.pass(Duration::from_secs(5));
    assert_eq!(saved(&mut back).len(), 0, "nothing changed since");
}

#[test]
fn ctrl_s_saves_the_prompt_under_its_name_and_the_mark_goes() {
    let mut bench = Bench::new();
    bench.keys("<prompt>ix<c-s>");
    let (ticket, job) = bench.jobs().pop().unwrap();
    let StoreRequest::SavePrompt { name, prompt, over: Over::Nothing } = job else { panic!("{job:?}") };
    assert_eq!((name.as_str(), prompt.user.as_str()), ("sentiment", "x{{ input }}"));
    assert_eq!(prompt.targets, [""; 0], "the default target is nobody's choice");
    bench.answer(ticket, Ok(StoreReply::PromptSaved { name, path: "/p/sentiment.toml".into(), file: "d1".to_owned() }));
    assert!(!bench.app.bench.dirty());
    assert_eq!(bench.says(), "saved as /p/sentiment.toml");
}

/// Opens a prompt whose file's text has a digest.
fn opened(digest: &str) -> Bench {
    let mut bench = Bench::new();
    bench.keys("<c-o>");
    let (ticket, _) = bench.jobs().pop().unwrap();
    let (name, description) = ("triage".to_owned(), String::new());
    let entry = PromptEntry { name, description, project: false, built_in: false, valid: true, changed: None };
    bench.answer(ticket, Ok(StoreReply::Prompts(vec![entry])));
    bench.keys("<enter>");
    let (ticket, job) = bench.jobs().pop().unwrap();
    assert_eq!(job, StoreRequest::OpenPrompt("triage".to_owned()));
    let prompt = Box::new(Prompt { user: "{{ input }}".to_owned(), ..Prompt::default() });
    bench.answer(ticket, Ok(StoreReply::Prompt { name: "triage".to_owned(), prompt, file: Some(digest.to_owned()) }));
    bench.keys("<prompt>ix<esc>");
    bench.take();
    bench
}

/// Saves, and has the store tell that the file is another one by now.
fn changed() -> Bench {
    let mut bench = opened("d1");
    bench.keys("<c-s>");
    let (ticket, job) = bench.jobs().pop().unwrap();
    assert!(matches!(job, StoreRequest::SavePrompt { over: Over::Known(digest), .. } if digest == "d1"));
    let message = "triage.toml was changed by another program".to_owned();
    bench.answer(ticket, Err(StoreError { message, kind: StoreErrorKind::Changed }));
    assert!(matches!(bench.app.overlay(), Some(Overlay::Confirm(confirm)) if confirm.text.contains("was changed")));
    bench.pass(Duration::from_millis(400));
    bench.take();
    bench
}

#[test]
fn a_prompt_file_that_changed_is_overwritten_reloaded_or_left_as_the_person_says() {
    let mut bench = changed();
    bench.keys("<enter>");
    let (ticket, job) = bench.jobs().pop().unwrap();
    assert!(matches!(job, StoreRequest::SavePrompt { name, over: Over::Anything, .. } if name == "triage"));
    bench.answer(
        ticket,
        Ok(StoreReply::PromptSaved { name: "triage".to_owned(), path: "p".into(), file: "d2".to_owned() }),
    );
    bench.keys("<prompt>iy<c-s>");
    let (_, job) = bench.jobs().pop().unwrap();
    assert!(
        matches!(job, StoreRequest::SavePrompt { over: Over::Known(digest), .. } if digest == "d2"),
        "what was written is known"
    );

    let mut bench = changed();
    bench.keys("r");
    assert_eq!(bench.jobs().pop().unwrap().1, StoreRequest::OpenPrompt("triage".to_owned()));

    let mut bench = changed();
    bench.keys("s<c-u>other<enter>");
    let (_, job) = bench.jobs().pop().unwrap();
    assert!(matches!(job, StoreRequest::SavePrompt { name, over: Over::Nothing, .. } if name == "other"));

    let mut bench = changed();
    bench.keys("<esc>");
    assert_eq!(bench.jobs().len(), 0);
    assert!(bench.app.bench.dirty(), "the edits stay");
}

#[test]
fn a_reopened_session_still_knows_its_prompts_file() {
    let mut bench = opened("d1");
    bench.pass(Duration::from_secs(2));
    let session = saved(&mut bench).pop().unwrap();
    assert_eq!(session.prompt_file.as_deref(), Some("d1"));
}

#[test]
fn saving_under_a_name_that_is_taken_asks_first() {
    let mut bench = Bench::new();
    bench.keys("W<c-u>a/b<enter>");
    assert!(matches!(bench.app.overlay(), Some(Overlay::TextPrompt(prompt)) if prompt.error.is_some()));
    bench.keys("<c-u>mine<enter>");
    let (ticket, job) = bench.jobs().pop().unwrap();
    assert!(matches!(job, StoreRequest::SavePrompt { over: Over::Nothing, .. }));
    bench.answer(ticket, Err(StoreError { message: "there is one".to_owned(), kind: StoreErrorKind::Exists }));
    bench.keys("<enter>");
    assert_eq!(bench.jobs().len(), 0, "a key that was typed before the question was there is no answer");
    bench.pass(Duration::from_millis(400));
    bench.keys("<enter>");
    let (_, job) = bench.jobs().pop().unwrap();
    assert!(matches!(job, StoreRequest::SavePrompt { name, over: Over::Anything, .. } if name == "mine"));
}

#[test]
fn an_error_of_the_store_is_told_and_the_edits_stay() {
    let mut bench = Bench::new();
    bench.keys("<prompt>ix<esc><c-s>");
    let (ticket, _) = bench.jobs().pop().unwrap();
    bench.answer(
        ticket,
        Err(StoreError { message: "no space left; free some".to_owned(), kind: StoreErrorKind::Failed }),
    );
    assert_eq!(bench.says(), "no space left; free some");
    assert!(bench.app.bench.dirty());
    bench.send(Event::Fault("the record cannot be written".to_owned()));
    assert_eq!(bench.says(), "the record cannot be written");
}

fn open(bench: &mut Bench, keys: &str) {
    bench.take();
    bench.keys("<c-o>");
    let (ticket, job) = bench.jobs().pop().unwrap();
    assert_eq!(job, StoreRequest::ListPrompts);
    let entry = |name: &str, valid| PromptEntry {
        name: name.to_owned(),
        description: format!("what {name} does"),
        project: name != "summary",
        built_in: name == "summary",
        valid,
        changed: None,
    };
    bench.answer(
        ticket,
        Ok(StoreReply::Prompts(vec![entry("triage", true), entry("broken", false), entry("summary", true)])),
    );
    bench.keys(keys);
}

#[test]
fn a_prompt_is_opened_with_its_own_targets() {
    let mut bench = Bench::new();
    open(&mut bench, "triage<enter>");
    let (ticket, job) = bench.jobs().pop().unwrap();
    assert_eq!(job, StoreRequest::OpenPrompt("triage".to_owned()));
    let targets = vec!["gpt-4o-mini".to_owned(), "demo".to_owned()];
    let prompt = Prompt { user: "Sort: {{ input }}".to_owned(), targets: targets.clone(), ..Prompt::default() };
    bench.answer(ticket, Ok(StoreReply::Prompt { name: "triage".to_owned(), prompt: Box::new(prompt), file: None }));
    assert_eq!(bench.app.bench.messages.get(1).unwrap().field.text(), "Sort: {{ input }}");
    assert_eq!(bench.app.bench.targets(), targets);
    assert!(!bench.app.bench.dirty());
}

#[test]
fn a_starter_brings_its_sample_where_there_is_no_input() {
    let mut bench = Bench::new();
    bench.app.bench.input.set("");
    open(&mut bench, "summary<enter>");
    let (ticket, _) = bench.jobs().pop().unwrap();
    let prompt = Box::new(Prompt { user: "{{ input }}".to_owned(), ..Prompt::default() });
    bench.answer(ticket, Ok(StoreReply::Prompt { name: "summary".to_owned(), prompt, file: None }));
    assert_eq!(bench.app.bench.prompt_name.as_deref(), Some("summary"));
    assert!(!bench.app.bench.input.is_empty());
}

#[test]
fn a_prompt_that_cannot_be_read_says_why() {
    let mut bench = Bench::new();
    open(&mut bench, "broken<enter>");
    assert!(bench.says().contains("what broken does") && bench.jobs().is_empty());
}

#[test]
fn unsaved_edits_are_not_dropped_without_asking() {
    let mut bench = Bench::new();
    bench.keys("<prompt>iprecious <esc>");
    open(&mut bench, "triage<enter>");
    assert!(matches!(bench.app.overlay(), Some(Overlay::Confirm(_))));
    bench.keys("<esc><esc>");
    assert!(bench.app.bench.messages.get(1).unwrap().field.text().starts_with("precious"));
}

#[test]
fn another_session_comes_after_this_one_is_saved() {
    let mut bench = Bench::new();
    bench.keys("<input>ihalf a thought<esc>");
    bench.take();
    bench.keys("<answers>s");
    let (ticket, _) = bench.jobs().pop().unwrap();
    bench.answer(ticket, Ok(StoreReply::Sessions(vec![entry("other"), entry("default")])));
    bench.keys("<enter>");
    let jobs = bench.jobs();
    let [(_, StoreRequest::SaveSession(own)), (ticket, StoreRequest::OpenSession(name))] = jobs.as_slice() else {
        panic!("{jobs:?}")
    };
    assert!(own.input.text.starts_with("half a thought") && name == "other");
    let mut other = (**own).clone();
    (other.name, other.input.text, other.lanes) = ("other".to_owned(), "new".to_owned(), vec!["demo:slow".into()]);
    bench.answer(*ticket, Ok(StoreReply::Session(Box::new(other))));
    assert_eq!(bench.app.bench.session, "other");
    assert_eq!(
        (bench.app.bench.input.text().as_str(), bench.app.bench.targets()),
        ("new", vec!["demo:slow".to_owned()])
    );
}

#[test]
fn a_new_session_takes_no_other_ones_name() {
    let mut bench = Bench::new();
    bench.keys("<c-p>new-session<enter>other<enter>");
    let (ticket, _) = bench.jobs().pop().unwrap();
    bench.answer(ticket, Ok(StoreReply::Sessions(vec![entry("other")])));
    assert_eq!(bench.app.bench.session, "default");
    assert!(bench.says().contains("already"));
    bench.keys("<c-p>new-session<enter>fresh<enter>");
    let (ticket, _) = bench.jobs().pop().unwrap();
    bench.answer(ticket, Ok(StoreReply::Sessions(vec![entry("other")])));
    assert_eq!(bench.app.bench.session, "fresh");
    let sessions = saved(&mut bench);
    assert_eq!(sessions.first().map(|session| session.name.as_str()), Some("default"));
    bench.pass(Duration::from_secs(2));
    assert_eq!(saved(&mut bench).last().map(|session| session.name.as_str()), Some("fresh"));
}

#[test]
fn while_a_session_is_renamed_nothing_brings_the_old_name_back() {
    let mut bench = Bench::new();
    bench.keys("<c-p>rename-session<enter><c-u>triage<enter>");
    let jobs = bench.jobs();
    let Some((ticket, StoreRequest::RenameSession { from, to })) = jobs.last() else { panic!("{jobs:?}") };
    assert_eq!((from.as_str(), to.as_str()), ("default", "triage"));
    bench.keys("<input>ix");
    bench.pass(Duration::from_secs(3));
    assert_eq!(saved(&mut bench).len(), 0);
    bench.answer(*ticket, Ok(StoreReply::SessionRenamed("triage".to_owned())));
    bench.pass(Duration::from_secs(2));
    assert_eq!(saved(&mut bench).last().map(|session| session.name.as_str()), Some("triage"));
}

#[test]
fn answers_nobody_waits_for_are_ignored() {
    let mut bench = Bench::new();
    let jobs = bench.jobs();
    let [(_, StoreRequest::Review(_)), (ticket, StoreRequest::Review(_))] = jobs.as_slice() else { panic!("{jobs:?}") };
    let review = |runs| {
        let mut review = Review::default();
        (0..runs).for_each(|_| review.take(&RunFacts::default()));
        Ok(StoreReply::Review(Box::new(review)))
    };
    bench.answer(*ticket, review(41));
    bench.answer(*ticket, review(1));
    bench.answer(retort::app::Ticket(999), review(2));
    assert_eq!(bench.app.shared.metrics.all.map(|all| all.figures().runs), Some(41));
}

#[test]
fn another_session_has_numbers_of_its_own() {
    let mut bench = Bench::new();
    let ticket = bench.run();
    bench.tell(ticket, ended(outcome("done")));
    bench.keys("<answers>");
    bench.keys("s");
    let (ticket, _) = bench.jobs().pop().unwrap();
    bench.answer(ticket, Ok(StoreReply::Sessions(vec![entry("other")])));
    bench.keys("<enter>");
    let jobs = bench.jobs();
    let [(_, StoreRequest::SaveSession(own)), (ticket, _)] = jobs.as_slice() else { panic!("{jobs:?}") };
    let other = Session { name: "other".to_owned(), ..(**own).clone() };
    bench.answer(*ticket, Ok(StoreReply::Session(Box::new(other))));
    assert_eq!((bench.figures().runs, bench.app.bench.focus), (0, Focus::Lane(0)));
    let jobs = bench.jobs();
    let [(ticket, StoreRequest::Review(_))] = jobs.as_slice() else { panic!("{jobs:?}") };
    let mut review = Review::default();
    (0..3).for_each(|_| review.take(&RunFacts::default()));
    bench.answer(*ticket, Ok(StoreReply::Review(Box::new(review))));
    assert_eq!(bench.figures().runs, 3, "those on record of it");
}
