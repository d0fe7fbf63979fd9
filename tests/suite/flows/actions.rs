//! Every action of the table can be reached and does something, and nothing breaks whatever is pressed.

use proptest::prelude::*;
use retort::{
    app::{ACTIONS, Action, Effect, Event, Screen, action::When, overlay::Overlay, workbench::Focus},
    model::{Prompt, VersionId},
    store::api::{Results, StoreReply, VersionEntry},
};

use crate::support::bench::{Bench, account, attempt, delta, ended, failed, outcome};

/// A bench with an answer, one with a run that waits, one while typing, one with an overlay open,
/// one with the list of models.
fn scenes() -> Vec<Bench> {
    let mut done = Bench::of(&["demo", "demo:slow"]);
    done.take();
    done.keys("<f5>");
    let tickets: Vec<_> = done.started().into_iter().map(|(ticket, _)| ticket).collect();
    for ticket in &tickets {
        done.tell(*ticket, attempt(1, "demo"));
        let mut end = outcome(&"a line\n".repeat(99));
        end.reasoning.push_str("because");
        done.tell(*ticket, ended(end));
    }
    done.keys("3gjjjj/line<enter>");
    let mut waiting = Bench::new();
    let ticket = waiting.run();
    waiting.tell(ticket, attempt(1, "demo"));
    waiting.tell(ticket, delta(1, "x"));
    let wait = std::time::Duration::from_secs(5);
    waiting.tell(
        ticket,
        failed(1, retort::model::ErrorKind::Overloaded, retort::pipeline::event::NextStep::Retry { wait }),
    );
    let mut typing = Bench::new();
    typing.keys("2iabc\nabc\nabc<up><left>");
    let mut undone = Bench::new();
    undone.keys("2ix<a-u><esc>");
    let mut over = Bench::new();
    over.keys("<c-p><down>");
    let mut models = Bench::new();
    models.keys("mgpt-4o-mini");
    models.send(Event::Keys(Vec::new(), vec![account("openai", 4)]));
    let mut versions = Bench::new();
    versions.take();
    versions.keys("V");
    let (keep, _) = versions.jobs().remove(0);
    versions.answer(keep, Ok(StoreReply::VersionKept(VersionId(String::new()))));
    let (list, _) = versions.jobs().remove(0);
    let entry = VersionEntry {
        id: VersionId(String::new()),
        made: jiff::Timestamp::UNIX_EPOCH,
        name: None,
        parent: None,
        prompt: Prompt::default(),
        results: Results::default(),
    };
    versions.answer(list, Ok(StoreReply::Versions(vec![entry])));
    let mut all = vec![done, waiting, typing, undone, over, models, versions];
    all.push(super::judges::scene());
    all.extend(super::batch::scenes());
    all.extend(super::history::scenes());
    all.extend(super::quality::scenes());
    all.extend(super::whatif::scenes());
    all
}

/// Everything that can be seen of a bench, but for the mark that something happened.
fn state(bench: &mut Bench) -> String {
    bench.app.take_dirty();
    format!("{:?}", bench.app)
}

#[test]
fn every_action_does_something_somewhere() {
    let scenes: Vec<(Bench, String)> = scenes()
        .into_iter()
        .map(|mut bench| {
            bench.take();
            let before = state(&mut bench);
            (bench, before)
        })
        .collect();
    for entry in ACTIONS {
        let acts = scenes.iter().any(|(scene, before)| {
            let mut bench = scene.clone();
            bench.send(Event::Do(entry.action));
            !bench.take().is_empty() || state(&mut bench) != *before
        });
        assert!(acts, "{} does nothing", entry.name);
    }
}

#[test]
fn every_action_has_a_key_or_a_place_in_the_palette() {
    let mut bench = Bench::new();
    bench.keys("<c-p>");
    let Some(Overlay::Palette(palette)) = bench.app.overlay() else { panic!("no palette") };
    for entry in ACTIONS {
        let listed = palette.choice.shown().any(|item| item.value == entry.action);
        let keys = bench.app.keymap.chords(entry.action);
        assert!(listed || !keys.is_empty(), "{} cannot be reached", entry.name);
        if entry.when == When::Bench {
            assert!(listed, "{} is not in the palette", entry.name);
        }
    }
}

#[test]
fn the_footer_of_each_screen_names_actions_in_an_order_of_their_own() {
    for screen in Screen::ALL {
        let mut places: Vec<u8> = ACTIONS.iter().filter_map(|entry| entry.footer_on(*screen)).collect();
        let count = places.len();
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), count, "{screen:?}");
        assert!(places.contains(&1), "{screen:?}");
    }
    assert_eq!(Action::Run.entry().footer_on(Screen::Bench), Some(1));
}

fn step() -> impl Strategy<Value = Step> {
    let keys: Vec<String> = ACTIONS
        .iter()
        .flat_map(|entry| retort::app::Keymap::default().chords(entry.action).to_vec())
        .map(|chord| chord.to_string())
        .chain(["a", "space", "é", "漢", "backspace", "delete", "left", "ctrl-w", "ctrl-k"].map(str::to_owned))
        .collect();
    prop_oneof![
        8 => proptest::sample::select(keys).prop_map(Step::Key),
        1 => ".{0,12}".prop_map(Step::Paste),
        1 => (0..200_u16, 0..60_u16).prop_map(|(width, height)| Step::Size(width, height)),
        2 => (0..6_usize, ".{0,9}").prop_map(|(kind, text)| Step::Told(kind, text)),
        1 => (0..9_u64).prop_map(Step::Pass),
    ]
}

#[derive(Debug, Clone)]
enum Step {
    Key(String),
    Paste(String),
    Size(u16, u16),
    Told(usize, String),
    Pass(u64),
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_pressed_the_bench_stands(steps in proptest::collection::vec(step(), 1..120)) {
        let mut bench = Bench::new();
        let mut runs = Vec::new();
        for step in steps {
            match step {
                Step::Key(key) => {
                    let chord: retort::widgets::key::Chord = key.parse().unwrap();
                    bench.send(Event::Key(chord.event()));
                }
                Step::Paste(text) => bench.send(Event::Paste(text)),
                Step::Size(width, height) => bench.resize(width, height),
                Step::Pass(seconds) => bench.pass(std::time::Duration::from_secs(seconds)),
                Step::Told(kind, text) => if let Some(ticket) = runs.last().copied() {
                    bench.tell(ticket, match kind {
                        0 => attempt(1, &text),
                        1..=3 => delta(1, &text),
                        _ => ended(outcome(&text)),
                    });
                },
            }
            for effect in bench.take() {
                if let Effect::Start(ticket, request) = effect {
                    prop_assert!(!request.targets.is_empty());
                    runs.push(ticket);
                }
            }
            let lanes = bench.app.bench.lanes.len();
            prop_assert!((1..=4).contains(&lanes));
            prop_assert!(!matches!(bench.app.bench.focus, Focus::Lane(at) if at >= lanes));
            prop_assert!(!bench.app.bench.typing || bench.app.bench.field().is_some());
        }
    }
}
