//! What lies over the bench: palette, models, parameters, X-ray, help.

use retort::{
    app::{
        Action, Effect, Event,
        action::Verb,
        overlays::{Overlay, help},
        workbench::{Focus, MAX_LANES, lane::RunPhase},
    },
    model::Format,
};

use crate::support::bench::{Bench, account, start};

#[test]
fn the_palette_finds_an_action_by_what_it_does_and_does_it() {
    let mut bench = Bench::new();
    bench.keys("<c-p>its timeline");
    let Some(Overlay::Palette(palette)) = bench.app.overlay() else { panic!("no palette") };
    let chosen = palette.choice.chosen().unwrap();
    assert_eq!(chosen.value, Action::Verb(Verb::Xray));
    assert!(chosen.detail.contains("[o alt-o]"), "{}", chosen.detail);
    bench.keys("<c-u>zoom<enter>");
    assert!(bench.app.overlays.is_empty() && bench.app.bench.zoom);
}

#[test]
fn a_model_is_picked_by_name_or_typed_whole() {
    let mut bench = Bench::new();
    bench.keys("m");
    let Some(Overlay::Models(models)) = bench.app.overlay() else { panic!("no models") };
    assert_eq!(models.choice.chosen().map(|item| item.label.as_str()), Some("demo"));
    bench.keys("gpt-4o-mini<enter>");
    assert_eq!(bench.lane(0).spec.target, "gpt-4o-mini");
    bench.keys("mlocal/qwen<enter>");
    assert_eq!(bench.lane(0).spec.target, "local/qwen");
    bench.keys("m");
    let Some(Overlay::Models(models)) = bench.app.overlay() else { panic!("no models") };
    assert!(models.choice.chosen().is_some_and(|item| item.label == "local/qwen"), "the present one is listed");
    bench.keys("<esc>");
    bench.keys("mnowhere/x<enter>");
    assert_eq!(bench.lane(0).spec.target, "local/qwen");
    assert!(bench.says().contains("no model is called `nowhere/x`"), "{}", bench.says());
    assert!(matches!(bench.app.overlay(), Some(Overlay::Models(_))), "to be typed again");
}

#[test]
fn a_favourite_is_set_and_unset_by_its_key_and_the_choice_stays_where_it_is() {
    let mut bench = Bench::new();
    bench.keys("mgpt-4o-mini");
    bench.take();
    bench.keys("<c-t>");
    let set = |effects: Vec<Effect>| {
        effects.into_iter().find_map(|effect| match effect {
            Effect::SetFavourite { model, favourite } => Some((model, favourite)),
            _ => None,
        })
    };
    assert_eq!(set(bench.take()), Some(("gpt-4o-mini".to_owned(), true)));
    bench.send(Event::Favourites(["gpt-4o-mini".to_owned()].into()));
    bench.see();
    bench.see();
    let Some(Overlay::Models(models)) = bench.app.overlay() else { panic!("no models") };
    assert!(models.choice.chosen().is_some_and(|item| item.label == "gpt-4o-mini" && item.value.favourite));
    bench.keys("<c-t>");
    assert_eq!(set(bench.take()), Some(("gpt-4o-mini".to_owned(), false)));
}

#[test]
fn a_retired_model_says_so_when_it_is_picked() {
    let mut bench = Bench::new();
    bench.keys("mclaude-2.1<enter>");
    assert!(bench.says().contains("retired on"), "{}", bench.says());
    assert!(bench.says().contains("follows it"), "{}", bench.says());
}

#[test]
fn lanes_are_added_up_to_four_and_closed_down_to_one() {
    let mut bench = Bench::new();
    for mode in ["slow", "flaky", "cut"] {
        bench.keys(&format!("cdemo:{mode}<enter>"));
    }
    assert_eq!(bench.app.bench.targets(), ["demo", "demo:slow", "demo:flaky", "demo:cut"]);
    assert_eq!(bench.app.bench.focus, Focus::Lane(MAX_LANES - 1));
    bench.keys("c");
    assert!(bench.app.overlays.is_empty() && bench.says().contains("at most"));
    bench.keys("x");
    assert_eq!(bench.app.bench.focus, Focus::Lane(2));
    bench.keys("xxx");
    assert_eq!(bench.app.bench.targets(), ["demo"]);
    assert_eq!(bench.says(), "the last lane stays");
}

#[test]
fn a_busy_lane_is_closed_only_after_asking() {
    let mut bench = Bench::of(&["demo", "demo:slow"]);
    bench.keys("<f5>3x");
    assert!(matches!(bench.app.overlay(), Some(Overlay::Confirm(_))));
    bench.take();
    bench.keys("<enter>");
    assert!(matches!(bench.take().as_slice(), [Effect::Stop(_)]));
    assert_eq!(bench.app.bench.targets(), ["demo:slow"]);
}

#[test]
fn another_model_stops_the_lanes_run() {
    let mut bench = Bench::new();
    bench.run();
    bench.keys("mdemo:slow<enter>");
    assert!(matches!(bench.take().as_slice(), [Effect::Models, Effect::Keys, Effect::Stop(_)]));
    assert_eq!((bench.shown(0).state.clone(), bench.shown(0).is_stale()), (RunPhase::Cancelled, true));
}

#[test]
fn the_list_of_models_moves_how_many_calls_a_provider_is_sent_at_once() {
    let mut bench = Bench::new();
    bench.keys("<a-up>");
    assert!(!bench.take().iter().any(|effect| matches!(effect, Effect::Concurrency { .. })), "not at the bench");
    bench.keys("mgpt-4o-mini");
    bench.take();
    bench.keys("<a-up>");
    assert!(bench.take().is_empty(), "nothing is known of the provider yet");
    bench.send(Event::Keys(Vec::new(), vec![account("openai", 4)]));
    bench.keys("<a-down><a-down>");
    let requests: Vec<_> = bench.take().into_iter().map(|effect| format!("{effect:?}")).collect();
    assert_eq!(requests, [3, 2].map(|most| format!("Concurrency {{ provider: \"openai\", most: {most} }}")));
    assert!(matches!(bench.app.overlay(), Some(Overlay::Models(_))), "the list stays open");
    let words = retort::app::overlays::models::accounts_of(&bench.app.shared, "openai").unwrap();
    assert_eq!(words.as_str(), "env:K 2 of 2 at once");
}

#[test]
fn parameters_are_set_and_mistakes_stay_in_the_form() {
    let mut bench = Bench::new();
    bench.keys("p<c-u>9<enter>");
    let Some(Overlay::Params(params)) = bench.app.overlay() else { panic!("the form is gone") };
    assert!(params.form.rows[params.form.at].error.as_deref().unwrap().contains("from 0 to 2"));
    bench.keys("<c-u>1.5<tab><tab><c-u>50");
    while !matches!(bench.app.overlay(), Some(Overlay::Params(params)) if params.form.rows[params.form.at].label == "format")
    {
        bench.keys("<down>");
    }
    bench.keys("t<enter>");
    assert!(bench.app.overlays.is_empty());
    assert_eq!(bench.app.bench.params.temperature, Some(1.5));
    assert_eq!(bench.app.bench.params.max_tokens, Some(50));
    assert_eq!(bench.app.bench.response.format, Format::Text);
    assert!(bench.app.bench.dirty());
}

#[test]
fn a_cancelled_form_changes_nothing() {
    let mut bench = Bench::new();
    bench.keys("p<c-u>1.5<esc>");
    assert_eq!(bench.app.bench.params.temperature, Some(0.3));
    assert!(!bench.app.bench.dirty());
}

#[test]
fn the_help_begins_with_what_has_the_focus_and_names_every_action() {
    let mut bench = Bench::new();
    for (keys, title) in [("2", "Input"), ("3", "Lane"), ("4", "Metrics"), ("1i", "Typing")] {
        bench.keys(keys).keys("<f1>");
        let Some(Overlay::Help(help)) = bench.app.overlay() else { panic!("no help") };
        assert_eq!(help.rows[0], help::HelpRow::Title(title.to_owned()));
        for entry in retort::app::ACTIONS {
            let named = |row: &help::HelpRow| matches!(row, help::HelpRow::Key { doc, .. } if *doc == entry.doc);
            assert!(help.rows.iter().any(named), "{}", entry.name);
        }
        bench.keys("<esc><esc>");
    }
}

#[test]
fn at_the_first_start_the_banner_tells_what_was_found_also_where_it_is_used() {
    let mut first = start();
    first.default_target = "gpt-4o-mini".to_owned();
    first.found = vec!["openai (env:OPENAI_API_KEY)".to_owned()];
    let bench = Bench::with(first);
    let answer = bench.app.bench.banner.as_ref().map(retort::text::SanitizedText::as_str);
    assert_eq!(answer, Some("found openai (env:OPENAI_API_KEY); m takes another"));
}

#[test]
fn the_banner_tells_which_providers_were_found_until_one_is_taken() {
    let mut first = start();
    first.found = vec!["OPENAI_API_KEY".to_owned()];
    let mut bench = Bench::with(first);
    assert_eq!(
        bench.app.bench.banner.as_ref().map(retort::text::SanitizedText::as_str),
        Some("found OPENAI_API_KEY; m takes one")
    );
    assert_eq!(bench.app.bench.layout.banner.height, 1);
    bench.send(Event::Found(vec!["OPENAI_API_KEY".to_owned(), "Ollama".to_owned()]));
    assert!(bench.app.bench.banner.as_ref().unwrap().as_str().contains("Ollama"));
    bench.keys("mgpt-4o-mini<enter>");
    assert!(bench.app.bench.banner.is_none());
}
