//! The inputs of a session: added, walked, named, removed, loaded from files, kept.

use retort::{
    app::{Effect, Event, workbench::Focus},
    model::{Input, NamedInput, error::StoreError},
    store::api::{RowEntry, StoreReply, StoreRequest},
};

use crate::support::bench::Bench;

fn loaded(bench: &mut Bench, reply: Result<StoreReply, StoreError>) -> String {
    let effects = bench.take();
    let requests = effects.into_iter().find_map(|effect| match effect {
        Effect::Store(ticket, StoreRequest::ReadInput(from)) => Some((ticket, from)),
        _ => None,
    });
    let (ticket, from) = requests.expect("nothing was asked of the store");
    bench.send(Event::Stored(ticket, reply));
    from
}

#[test]
fn inputs_are_added_walked_and_kept_with_their_variables() {
    let mut bench = Bench::new();
    let first = bench.app.bench.input.text();
    bench.app.bench.vars.insert("tone".to_owned(), "warm".into());
    bench.keys("I");
    assert!(bench.app.bench.typing && bench.app.bench.input.is_empty() && bench.app.bench.vars.is_empty());
    bench.keys("second<esc>,");
    assert_eq!((bench.app.bench.input.text(), bench.app.bench.vars.len()), (first, 1));
    bench.keys(".");
    assert!(bench.says().contains("input 2/2"), "{}", bench.says());
    let session = bench.app.bench.session(bench.app.shared.now);
    assert_eq!((session.input.text.as_str(), session.input_at, session.other_inputs.len()), ("second", 1, 1));
    let back = retort::app::workbench::Workbench::restored(&session, "demo");
    assert_eq!(back.session(bench.app.shared.now), session);
}

#[test]
fn a_row_of_a_data_set_is_chosen_from_a_list() {
    let mut bench = Bench::new();
    bench.keys("Dset.csv<enter>");
    let rows = [1, 2].map(|number| RowEntry { number, summary: format!("text {number}") });
    let rows = StoreReply::Rows { file: "set.csv".to_owned(), rows: rows.to_vec(), more: true };
    assert_eq!(loaded(&mut bench, Ok(rows)), "set.csv");
    bench.keys("<down><enter>");
    let mut named = NamedInput { name: "set.csv:2".to_owned(), input: Input::of("text 2") };
    named.input.vars.insert("label".to_owned(), "neg".into());
    assert_eq!(loaded(&mut bench, Ok(StoreReply::Input(Box::new(named)))), "set.csv:2");
    assert!(bench.app.overlays.is_empty());
    assert_eq!((bench.app.bench.input().value("label"), bench.app.bench.inputs.count()), (Some("neg"), 2));
    assert!(bench.says().contains("input 2/2: set.csv:2"), "{}", bench.says());
    bench.keys("Dnowhere.txt<enter>");
    let error = StoreError::new("cannot read nowhere.txt: it is not there");
    loaded(&mut bench, Err(error));
    assert!(bench.says().contains("nowhere.txt"), "{}", bench.says());
}

#[test]
fn a_removed_input_comes_back_by_undo() {
    let mut bench = Bench::new();
    bench.keys("Isecond<esc>");
    bench.send(Event::Do(retort::app::action::BenchAction::RenameInput.into()));
    bench.keys("late parcel<enter>");
    assert_eq!(bench.app.bench.inputs.name, "late parcel");
    bench.send(Event::Do(retort::app::action::BenchAction::RemoveInput.into()));
    assert_eq!(bench.app.bench.inputs.count(), 1);
    bench.keys("u");
    assert_eq!((bench.app.bench.inputs.name.as_str(), bench.app.bench.focus), ("late parcel", Focus::Input));
}
