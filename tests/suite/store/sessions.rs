//! Sessions: exact round trips, and none is lost to another.

use std::fs;

use proptest::prelude::*;
use retort::{
    model::{
        Input, LaneSpec, NamedInput, Params, Pinned, Prompt, Session,
        error::{StoreError, StoreErrorKind},
        session::{DetailSize, KeptSetup, LaneAnswer, LaneRequest, PaneSizes, SESSION_VERSION},
    },
    store::{
        Store,
        api::{Over, PromptMove, StoreReply, StoreRequest},
        sessions,
    },
};

use super::{
    at, places_in,
    prompts::{nasty, prompt},
    run_id, store_in, without,
};

fn session(name: &str, second: i64) -> Session {
    Session {
        version: SESSION_VERSION,
        name: name.to_owned(),
        saved: at(second),
        prompt_name: None,
        prompt_file: Some("d1".to_owned()),
        edited: true,
        onto: None,
        lanes: vec!["gpt-4o-mini".into()],
        answers: vec![LaneAnswer {
            lane: 0,
            sample: 0,
            run: run_id(7),
            instead_of: Some(Box::new(LaneRequest { target: "demo".to_owned(), params: Params::default() })),
        }],
        samples: 1,
        sizes: PaneSizes { left: 2, charts: true, detail: DetailSize::Wide, ..PaneSizes::default() },
        used_actions: vec!["zoom".to_owned(), "new-prompt".to_owned()],
        input: Input::of(format!("input of {name}")),
        input_name: "late parcel".to_owned(),
        input_at: 1,
        other_inputs: vec![NamedInput { name: String::new(), input: Input::of("another\n\"\"\"") }],
        schema_draft: Some("{\"type\": ".to_owned()),
        setups: vec![KeptSetup {
            prompts: "triage".to_owned(),
            data: "rows.csv".to_owned(),
            lines: [("rows".to_owned(), "1-5".to_owned())].into(),
        }],
        prompt: Prompt::default(),
    }
}

#[test]
fn a_session_of_the_first_form_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let places = places_in(dir.path());
    let file = places.config.join("sessions/old.toml");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let text = "version = 1\nname = \"old\"\nsaved = \"2026-01-01T00:00:00Z\"\nlanes = [\"a\", \"b\"]\n[prompt]\n";
    fs::write(file, text).unwrap();
    let old = sessions::read(&places, "old").unwrap();
    assert_eq!((old.lanes, old.samples, old.version), (vec!["a".into(), "b".into()], 1, SESSION_VERSION));
}

async fn save(store: &Store, session: Session) -> Result<StoreReply, StoreError> {
    store.ask(StoreRequest::SaveSession(Box::new(session))).await
}

async fn open(store: &Store, name: &str) -> Result<Session, StoreError> {
    match store.ask(StoreRequest::OpenSession(name.to_owned())).await? {
        StoreReply::Session(session) => Ok(*session),
        other => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_session_comes_back_exactly(
        prompt in prompt(), version in prompt(), text in nasty(), name in nasty(), value in nasty(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let places = places_in(dir.path());
        let mut session = session("s", 0);
        let params = version.params.clone();
        let pinned = Some(Pinned { hash: "0af3".to_owned(), name: Some(name.clone()), prompt: Box::new(version) });
        session.lanes.push(LaneSpec { target: value.clone(), params, pinned });
        session.samples = 3;
        session.prompt = prompt;
        session.input.text = text;
        session.input.vars.insert(name, value.into());
        sessions::save(&places, &session).unwrap();
        session.onto = Some(session.saved);
        prop_assert_eq!(sessions::read(&places, "s").unwrap(), session);
    }
}

#[tokio::test]
async fn the_last_saved_comes_first() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    for (name, second) in [("old", 1), ("new", 3), ("mid", 2)] {
        assert_eq!(save(&store, session(name, second)).await.unwrap(), StoreReply::SessionSaved(name.to_owned()));
    }
    let Ok(StoreReply::Sessions(list)) = store.ask(StoreRequest::ListSessions).await else { panic!("no list") };
    assert_eq!(list.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["new", "mid", "old"]);
    assert_eq!(list[0].saved, at(3));
}

#[tokio::test]
async fn a_session_that_somebody_else_saved_since_is_not_written_over() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let saved = |name: &str| StoreReply::SessionSaved(name.to_owned());
    let theirs = session("s", 1);
    assert_eq!(save(&store, theirs.clone()).await.unwrap(), saved("s"));
    let ours = Session { input: Input::of("ours"), ..session("s", 2) };
    assert_eq!(save(&store, ours.clone()).await.unwrap(), saved("s-2"), "it never knew their file");
    let again = Session { onto: Some(at(2)), saved: at(3), ..ours };
    assert_eq!(save(&store, again).await.unwrap(), saved("s-2"), "it goes on where it went");
    assert_eq!(open(&store, "s").await.unwrap().input, theirs.input);
    assert_eq!(open(&store, "s-2").await.unwrap().input, Input::of("ours"));
    let next = Session { onto: Some(at(1)), ..session("s", 4) };
    assert_eq!(save(&store, next).await.unwrap(), saved("s"), "its own file is written over");
}

#[tokio::test]
async fn a_rename_takes_no_name_that_is_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    save(&store, session("a", 1)).await.unwrap();
    save(&store, session("b", 2)).await.unwrap();
    let rename =
        |from: &str, to: &str| store.ask(StoreRequest::RenameSession { from: from.to_owned(), to: to.to_owned() });
    let error = rename("a", "b").await.unwrap_err();
    assert!(error.kind == StoreErrorKind::Exists, "{error}");
    assert_eq!(error.message, "there is a session `b` already; choose another name");
    assert_eq!(open(&store, "b").await.unwrap().input.text, "input of b");
    assert_eq!(rename("a", "c").await.unwrap(), StoreReply::SessionRenamed("c".to_owned()));
    assert_eq!(open(&store, "c").await.unwrap().name, "c");
    assert!(open(&store, "a").await.unwrap_err().message.starts_with("no session is called `a`"));
    assert_eq!(rename("c", "c").await.unwrap(), StoreReply::SessionRenamed("c".to_owned()));
    assert!(rename("c", "../c").await.is_err());
}

#[tokio::test]
async fn a_damaged_session_is_told_of_and_never_written_over() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    save(&store, session("a", 1)).await.unwrap();
    let file = dir.path().join("config/sessions/a.toml");
    fs::write(&file, "version = 1\nname = ").unwrap();
    let error = open(&store, "a").await.unwrap_err().message;
    assert!(without(dir.path(), &error).starts_with("config/sessions/a.toml:2:8: "), "{error}");
    let Ok(StoreReply::Sessions(list)) = store.ask(StoreRequest::ListSessions).await else { panic!("no list") };
    assert_eq!(list.len(), 1, "it is listed all the same");
    save(&store, session("a", 2)).await.unwrap();
    assert_eq!(open(&store, "a").await.unwrap(), Session { onto: Some(at(2)), ..session("a", 2) });
    assert_eq!(fs::read_to_string(file.with_extension("toml.damaged")).unwrap(), "version = 1\nname = ");
}

#[tokio::test]
async fn a_folder_in_the_place_of_a_session_is_moved_aside_with_all_it_holds() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let file = dir.path().join("config/sessions/a.toml");
    fs::create_dir_all(&file).unwrap();
    fs::write(file.join("mine"), "precious").unwrap();
    save(&store, session("a", 1)).await.unwrap();
    assert!(open(&store, "a").await.is_ok());
    assert_eq!(fs::read_to_string(file.with_extension("toml.damaged").join("mine")).unwrap(), "precious");
}

#[tokio::test]
async fn a_newer_programs_session_is_left_to_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    save(&store, session("a", 1)).await.unwrap();
    let file = dir.path().join("config/sessions/a.toml");
    let newer = fs::read_to_string(&file)
        .unwrap()
        .replace(&format!("version = {SESSION_VERSION}"), "version = 7\nfrom_the_future = true");
    fs::write(&file, newer).unwrap();
    let error = open(&store, "a").await.unwrap_err().message;
    assert_eq!(
        without(dir.path(), &error),
        "config/sessions/a.toml:1:11: the session was written by a newer retort (form 7, this one knows 2); open it \
         with that one\n  1 | version = 7"
    );
}

#[tokio::test]
async fn two_stores_on_one_directory_see_each_others_sessions() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (store_in(dir.path()), store_in(dir.path()));
    save(&one, session("a", 1)).await.unwrap();
    let known = open(&two, "a").await.unwrap();
    save(&two, Session { saved: at(2), ..known }).await.unwrap();
    assert_eq!(open(&one, "a").await.unwrap().saved, at(2));
}

#[tokio::test]
async fn sessions_follow_a_prompt_that_was_renamed_since_they_were_saved() {
    let dir = tempfile::tempdir().unwrap();
    let places = places_in(dir.path());
    let store = store_in(dir.path());
    let save = async |name: &str| {
        let job = StoreRequest::SavePrompt {
            name: name.to_owned(),
            prompt: Box::new(Prompt { user: "{{ input }}".to_owned(), ..Prompt::default() }),
            over: Over::Nothing,
        };
        store.ask(job).await.unwrap();
    };
    let rename = async |from: &str, to: &str| {
        let step = PromptMove::Rename { from: from.to_owned(), to: to.to_owned() };
        store.ask(StoreRequest::MovePrompt(step)).await.unwrap();
    };
    let named = |name: &str, saved| Session {
        prompt_name: Some("triage".to_owned()),
        saved,
        setups: vec![KeptSetup { prompts: "other, triage".to_owned(), ..KeptSetup::default() }],
        ..session(name, 1)
    };
    save("triage").await;
    sessions::save(&places, &named("before", at(1))).unwrap();
    rename("triage", "sorting").await;
    rename("sorting", "sorted").await;

    // As after a restart: nothing is known but what is on the disk.
    let read = |name: &str| {
        let session = sessions::read(&places, name).unwrap();
        (session.prompt_name.unwrap(), session.setups[0].prompts.clone())
    };
    assert_eq!(read("before"), ("sorted".to_owned(), "other, sorted".to_owned()));

    // Another prompt takes the old name: what was saved since means that one.
    save("triage").await;
    assert_eq!(read("before").0, "sorted");
    sessions::save(&places, &named("since", jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1))).unwrap();
    assert_eq!(read("since").0, "triage");

    // A session that names what is gone follows although it was saved later, as by a program that had it open.
    store.ask(StoreRequest::MovePrompt(PromptMove::Remove("triage".to_owned()))).await.unwrap();
    assert_eq!(read("since").0, "sorted");
    let gone = store.ask(StoreRequest::OpenPrompt("triage".to_owned())).await.unwrap_err();
    assert_eq!(gone.message, "no prompt is called `triage` any more: it was renamed to `sorted`");
    assert_eq!(gone.kind, StoreErrorKind::Renamed("sorted".to_owned()));

    rename("sorted", "triage").await;
    assert_eq!(read("before"), ("triage".to_owned(), "other, triage".to_owned()), "undone");
}
