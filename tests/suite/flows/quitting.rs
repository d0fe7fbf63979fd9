//! The end of the program while its session cannot be saved: asked, kept elsewhere, and never silent.

use std::time::Duration;

use retort::{
    app::{Effect, Event, Ticket, overlays::Overlay},
    model::error::StoreError,
    store::api::{StoreReply, StoreRequest},
};

use crate::support::bench::Bench;

const WHY: &str = "cannot create the directory /c/sessions: a part of the path is a file, not a directory";

/// Types, wants to quit, and returns the ticket of the session that is saved first.
fn quitting(quit: Event) -> (Bench, Ticket) {
    let mut bench = Bench::new();
    bench.take();
    bench.keys("<input>iprecious words<esc>");
    bench.send(quit);
    let effects = bench.take();
    let [Effect::Store(ticket, StoreRequest::SaveSession(session))] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(session.input.text.starts_with("precious words"));
    (bench, *ticket)
}

/// Has the store refuse the session and returns the ticket of the copy that is written instead.
fn refused(bench: &mut Bench, ticket: Ticket) -> Ticket {
    bench.answer(ticket, Err(StoreError::new(WHY)));
    let jobs = bench.jobs();
    let [(ticket, StoreRequest::RescueSession(session))] = jobs.as_slice() else { panic!("{jobs:?}") };
    assert!(session.input.text.starts_with("precious words"));
    *ticket
}

fn question(bench: &Bench) -> &str {
    match bench.app.overlay() {
        Some(Overlay::Confirm(confirm)) => &confirm.text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_person_is_asked_and_told_where_the_copy_is() {
    let (mut bench, ticket) = quitting(Event::Do(retort::app::action::GlobalAction::Quit.into()));
    let ticket = refused(&mut bench, ticket);
    bench.answer(ticket, Ok(StoreReply::SessionRescued("/s/rescued-default-1.toml".into())));
    assert!(question(&bench).contains(WHY) && question(&bench).contains("/s/rescued-default-1.toml"));
    bench.keys("<enter>");
    assert!(!bench.quits(), "a key that was typed before the question was there is no answer");
    bench.pass(Duration::from_millis(400));
    bench.keys("<esc>");
    assert!(!bench.quits() && bench.app.overlays.is_empty());
    assert!(bench.app.bench.input.text().starts_with("precious words"));

    bench.keys("qq");
    let (ticket, _) = bench.jobs().pop().unwrap();
    let ticket = refused(&mut bench, ticket);
    bench.answer(ticket, Err(StoreError::new("the disk is full")));
    assert!(question(&bench).contains("the disk is full"));
    bench.pass(Duration::from_millis(400));
    bench.keys("<enter>");
    assert!(matches!(bench.take().as_slice(), [.., Effect::Quit]));
    assert!(bench.app.last_words().unwrap().contains(WHY));
}

#[test]
fn who_is_asked_whether_to_quit_and_wants_to_twice_quits() {
    let (mut bench, ticket) = quitting(Event::Do(retort::app::action::GlobalAction::Quit.into()));
    let ticket = refused(&mut bench, ticket);
    bench.answer(ticket, Ok(StoreReply::SessionRescued("/s/rescued-default-1.toml".into())));
    bench.pass(Duration::from_millis(400));
    bench.keys("<c-c>");
    assert!(!bench.quits(), "one is to stop what runs");
    bench.keys("<c-c>");
    assert!(matches!(bench.take().as_slice(), [.., Effect::Quit]));
    assert!(bench.app.last_words().unwrap().contains("/s/rescued-default-1.toml"));
}

#[test]
fn a_signal_asks_nobody_and_leaves_the_copy_with_a_word() {
    let (mut bench, ticket) = quitting(Event::Quit);
    let ticket = refused(&mut bench, ticket);
    bench.answer(ticket, Ok(StoreReply::SessionRescued("/s/rescued-default-1.toml".into())));
    assert!(matches!(bench.take().as_slice(), [Effect::Quit]));
    assert!(bench.app.last_words().unwrap().contains("/s/rescued-default-1.toml"));
}

#[test]
fn quitting_twice_does_not_wait_for_a_disk_that_does_not_answer() {
    let (mut bench, _) = quitting(Event::Do(retort::app::action::GlobalAction::Quit.into()));
    bench.keys("qq");
    assert!(bench.take().is_empty(), "a key that is held down is no second wish");
    bench.pass(Duration::from_millis(1100));
    bench.keys("qq");
    assert!(matches!(bench.take().as_slice(), [.., Effect::Quit]));
    assert!(bench.app.last_words().is_some());
}

#[test]
fn what_is_typed_while_it_saves_is_saved_too() {
    let (mut bench, ticket) = quitting(Event::Do(retort::app::action::GlobalAction::Quit.into()));
    bench.keys("imore <esc>");
    bench.answer(ticket, Ok(StoreReply::SessionSaved("default".to_owned())));
    let effects = bench.take();
    let [Effect::Store(ticket, StoreRequest::SaveSession(session))] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(session.input.text.contains("more "));
    bench.answer(*ticket, Ok(StoreReply::SessionSaved("default".to_owned())));
    assert!(matches!(bench.take().as_slice(), [Effect::Quit]));
    assert_eq!(bench.app.last_words(), None);
}

#[test]
fn a_session_that_is_not_saved_is_saved_again_and_says_so_once() {
    let mut bench = Bench::new();
    bench.take();
    bench.keys("<input>iwords<esc>");
    let mut errors = 0;
    for _ in 0..3 {
        bench.pass(Duration::from_secs(11));
        let jobs = bench.jobs();
        let [(ticket, StoreRequest::SaveSession(session))] = jobs.as_slice() else { panic!("{jobs:?}") };
        assert!(session.input.text.starts_with("words"));
        bench.answer(*ticket, Err(StoreError::new(WHY)));
        errors += usize::from(bench.says().contains("cannot create"));
        bench.app.shared.notices.clear();
        assert!(bench.app.bench.is_unsaved());
    }
    assert_eq!(errors, 1);
    bench.pass(Duration::from_secs(11));
    let (ticket, _) = bench.jobs().pop().unwrap();
    bench.answer(ticket, Ok(StoreReply::SessionSaved("default".to_owned())));
    assert!(!bench.app.bench.is_unsaved() && bench.says().contains("saved again"));
}

#[test]
fn another_session_does_not_take_the_place_of_one_that_is_not_saved() {
    let mut bench = Bench::new();
    bench.keys("<input>iwords<esc>");
    bench.keys("<answers>s");
    let (ticket, _) = bench.jobs().pop().unwrap();
    let entry = retort::store::api::SessionEntry { name: "other".to_owned(), saved: jiff::Timestamp::UNIX_EPOCH };
    bench.answer(ticket, Ok(StoreReply::Sessions(vec![entry])));
    bench.keys("<enter>");
    let jobs = bench.jobs();
    let [(save, StoreRequest::SaveSession(own)), (open, StoreRequest::OpenSession(_))] = jobs.as_slice() else {
        panic!("{jobs:?}")
    };
    let other = retort::model::Session { name: "other".to_owned(), ..(**own).clone() };
    bench.answer(*save, Err(StoreError::new(WHY)));
    bench.answer(*open, Ok(StoreReply::Session(Box::new(other))));
    assert_eq!(bench.app.bench.session, "default");
    assert!(bench.app.bench.input.text().starts_with("words"));
}
