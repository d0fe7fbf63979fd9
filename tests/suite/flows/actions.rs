//! Every action of the table can be reached, and nothing breaks whatever is pressed. That each does something on its
//! screen is the compiler's to say: the screens match their actions one by one.

use proptest::prelude::*;
use retort::app::{
    ACTIONS, Effect, Event, ScreenId,
    action::{Action, Verb, When},
    overlays::Overlay,
    workbench::Focus,
};

use crate::support::bench::{Bench, attempt, delta, ended, outcome};

#[test]
fn every_action_has_a_key_or_a_place_in_the_palette() {
    let mut bench = Bench::new();
    bench.keys("<c-p>");
    let Some(Overlay::Palette(palette)) = bench.app.overlay() else { panic!("no palette") };
    for entry in ACTIONS {
        let listed = palette.choice.shown().any(|item| item.value.action == entry.action);
        let keys = bench.app.shared.keymap.chords(entry.action);
        assert!(listed || !keys.is_empty(), "{} cannot be reached", entry.name);
        if entry.when == When::Bench {
            assert!(listed, "{} is not in the palette", entry.name);
        }
    }
}

#[test]
fn the_footer_of_each_screen_names_actions_in_an_order_of_their_own() {
    for screen in ScreenId::ALL {
        let mut places: Vec<u8> = ACTIONS.iter().filter_map(|entry| entry.footer_on(*screen)).collect();
        let count = places.len();
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), count, "{screen:?}");
        assert!(places.contains(&1), "{screen:?}");
    }
    assert_eq!(Action::Verb(Verb::Run).entry().footer_on(ScreenId::Bench), Some(1));
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
