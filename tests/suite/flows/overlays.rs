//! What lies over the bench: palette, models, parameters, X-ray, help.

use retort::{
    app::{
        ACTIONS, Action, Effect, Event, ScreenId, Start,
        action::Verb,
        event::Listing,
        overlays::{Overlay, help},
        workbench::{Focus, MAX_LANES, lane::RunPhase},
    },
    config::builtin,
    model::{
        Catalog, PicoDollars, Session, session::USED_ACTIONS, settings::ModelSettings, target_settings::TargetSettings,
    },
};

use retort::model::model_list::ServedModel;

use crate::support::bench::{Bench, account, mark, start};

#[test]
fn the_palette_finds_an_action_by_what_it_does_and_does_it() {
    let mut bench = Bench::new();
    bench.keys("<c-p>copies the answer");
    let Some(Overlay::Palette(palette)) = bench.app.overlay() else { panic!("no palette") };
    let chosen = palette.choice.chosen().unwrap();
    assert_eq!(chosen.value.action, Action::Verb(Verb::Copy));
    assert_eq!(chosen.value.reason, Some("no answer yet"));
    bench.keys("<enter>");
    assert_eq!(bench.says(), "Copy…: no answer yet");
    bench.keys("<c-u>scattered ltrs<enter>");
    assert!(matches!(bench.app.overlay(), Some(Overlay::Palette(_))), "enter takes nothing where nothing matches");
    bench.keys("<c-u>zoom<enter>");
    assert!(bench.app.overlays.is_empty() && bench.app.bench.zoom);
    bench.keys(":");
    let Some(Overlay::Palette(palette)) = bench.app.overlay() else { panic!("no palette") };
    assert_eq!(palette.choice.chosen().unwrap().label, "Zoom pane", "used last, first");
    let first_refused = palette.choice.shown().position(|item| !item.usable).unwrap();
    assert!(palette.choice.shown().skip(first_refused).all(|item| !item.usable), "what cannot run comes last");
}

#[test]
fn what_was_used_last_is_first_after_a_restart_too() {
    let mut bench = Bench::new();
    for title in ["Zoom pane", "Redraw", "Zoom pane"] {
        bench.keys(&format!("<c-p>{title}<enter>"));
    }
    let session = bench.app.bench.session(bench.app.shared.now);
    assert_eq!(session.used_actions, ["zoom", "redraw"]);
    // What this program does not know is left out, and what is beyond the bound.
    let mut used = vec!["of-tomorrow".to_owned()];
    used.extend(session.used_actions.iter().cloned());
    used.extend(ACTIONS.iter().take(40).map(|entry| entry.name.to_owned()));
    let session = Session { used_actions: used, ..session };
    let mut again = Bench::with(Start { session: Some(session), ..start() });
    again.keys("<c-p>");
    let Some(Overlay::Palette(palette)) = again.app.overlay() else { panic!("no palette") };
    let first: Vec<&str> = palette.choice.shown().take(2).map(|item| item.label.as_str()).collect();
    assert_eq!(first, ["Zoom pane", "Redraw"]);
    assert_eq!(again.app.bench.session(again.app.shared.now).used_actions.len(), USED_ACTIONS);
}

#[test]
fn the_demonstrations_models_stand_in_a_row_and_each_can_be_chosen() {
    let mut bench = Bench::new();
    bench.keys("m");
    let row = |bench: &Bench| bench.screen().into_iter().find(|row| row.contains("demo:flaky")).unwrap();
    assert!(row(&bench).contains("[demo]  demo:weak"), "{}", row(&bench));
    bench.keys("<down><down>");
    assert!(row(&bench).contains(" demo:weak  [demo:slow]"), "{}", row(&bench));
    assert!(bench.screen().iter().any(|row| row.contains("four seconds to the first token")));
    bench.keys("<enter>");
    assert_eq!(bench.app.bench.targets(), ["demo:slow"]);
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
    assert!(
        models.choice.chosen().is_some_and(|item| item.label == "gpt-4o-mini" && item.value.model().unwrap().favourite)
    );
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
    assert_eq!(bench.says(), "The last lane stays");
}

#[test]
fn a_busy_lane_is_closed_only_after_asking() {
    let mut bench = Bench::of(&["demo", "demo:slow"]);
    bench.keys("<f5><answers>x");
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
    assert!(matches!(
        bench.take().as_slice(),
        [Effect::Models(Listing::Old), Effect::Keys, Effect::Store(..), Effect::Stop(_)]
    ));
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
    let words = retort::app::overlays::models::accounts::accounts_of(&bench.app.shared, "openai").unwrap();
    assert_eq!(words.as_str(), "env:K 2 of 2 at once");
}

#[test]
fn parameters_are_set_and_mistakes_stay_in_the_form() {
    let mut bench = Bench::new();
    bench.keys("p<c-u>9<enter>");
    let Some(Overlay::Params(params)) = bench.app.overlay() else { panic!("the form is gone") };
    assert!(params.form.rows[params.form.at].error.as_deref().unwrap().contains("from 0 to 2"));
    bench.keys("<c-u>1.5<tab><tab><c-u>50");
    while !matches!(bench.app.overlay(), Some(Overlay::Params(params)) if params.form.rows[params.form.at].label == "fallback")
    {
        bench.keys("<down>");
    }
    bench.keys("gpt-4o-mini, demo<enter>");
    assert!(bench.app.overlays.is_empty());
    assert_eq!(bench.app.bench.params.temperature, Some(1.5));
    assert_eq!(bench.app.bench.params.max_tokens, Some(50));
    assert_eq!(bench.app.bench.fallback, ["gpt-4o-mini", "demo"]);
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
fn the_help_begins_with_what_has_the_focus_finds_and_runs_an_action() {
    let mut bench = Bench::new();
    for (keys, title) in [
        ("<input>", "INPUT (has the focus)"),
        ("<answers>", "ANSWERS (has the focus)"),
        ("<metrics>", "METRICS (has the focus)"),
        ("<prompt>i", "PROMPT (has the focus)"),
    ] {
        bench.keys(keys).keys("<f1>");
        let Some(Overlay::Help(help)) = bench.app.overlay() else { panic!("no help") };
        assert_eq!(help.parts[0].title, title);
        let named = |action| help.choice.shown().any(|item| item.value == help::HelpRow::Action(action));
        for entry in ACTIONS.iter().filter(|entry| entry.works_on(ScreenId::Bench)) {
            let bound = !bench.app.shared.keymap.chords(entry.action).is_empty();
            assert!(!bound || named(entry.action), "{}", entry.name);
        }
        bench.keys("<esc><esc>");
    }
    bench.keys("<answers>?zoom p<enter>");
    assert!(bench.app.overlays.is_empty() && bench.app.bench.zoom);
    bench.keys("z?inconclusive");
    let Some(Overlay::Help(help)) = bench.app.overlay() else { panic!("no help") };
    assert_eq!(help.choice.chosen().map(|item| item.label.as_str()), Some("○"), "symbols are explained");
}

#[test]
fn the_first_screen_with_a_key_says_what_is_asked_with_it_and_what_to_try() {
    let mut first = start();
    first.default_target = "gpt-4o-mini".to_owned();
    first.found = vec!["openai (env:OPENAI_API_KEY)".to_owned()];
    let mut bench = Bench::with(first);
    let screen = bench.screen().join("\n");
    for says in [
        "Press F5. The answer streams in here.",
        "A sample prompt. The model is asked with your key.",
        "c   add a second model",
        "d   see what differs",
        "2   run the prompt over a data set",
        "Real models found",
        "✓ openai (env:OPENAI_API_KEY)",
    ] {
        assert!(screen.contains(says), "{says}\n{screen}");
    }
    assert!(!screen.contains("choose one):"), "once, and not in a banner too");
    let answer = bench.app.bench.banner.as_ref().map(retort::text::SanitizedText::as_str);
    assert_eq!(answer, Some("Real models found (m choose one): openai (env:OPENAI_API_KEY)"));
    bench.run();
    let screen = bench.screen().join("\n");
    assert!(screen.contains("found (m choose one): openai") && !screen.contains("Press F5. The"), "{screen}");
}

#[test]
fn the_first_screen_with_a_local_server_offers_what_it_serves() {
    let mut bench = Bench::new();
    let screen = bench.screen().join("\n");
    assert!(screen.contains("demo model: no key, no network") && screen.contains("No key and no local server"));
    let server = "Ollama at http://localhost:11434/v1 (smollm2:135m)".to_owned();
    bench.send(Event::Found(vec![server]));
    let screen = bench.screen().join("\n");
    assert!(screen.contains("✓ Ollama at http://localhost:11434/v1 (smollm2:135m)"), "{screen}");
    bench.keys("c");
    let served = vec![ServedModel { id: "smollm2-135m".to_owned(), shutdown: None }];
    bench.send(Event::Served("local".to_owned(), served));
    bench.keys("smol");
    let Some(Overlay::Models(models)) = bench.app.overlay() else { panic!("no list of models") };
    let chosen = models.choice.chosen().and_then(|item| item.value.model()).map(|entry| entry.target.name.clone());
    assert_eq!(chosen.as_deref(), Some("local/smollm2-135m"), "what the server has can be taken at once");
}

#[test]
fn the_first_screen_ends_with_the_first_edit_and_is_none_of_a_session() {
    let mut bench = Bench::new();
    assert!(bench.app.bench.is_first_screen());
    bench.keys("<prompt>ix<esc>");
    assert!(!bench.app.bench.is_first_screen(), "the prompt is the sample no longer");
    let session = bench.app.bench.session(bench.app.shared.now);
    let mut again = start();
    again.session = Some(session);
    assert!(!Bench::with(again).app.bench.is_first_screen());
}

#[test]
fn the_banner_tells_which_providers_were_found_until_one_is_taken() {
    let mut first = start();
    first.found = vec!["OPENAI_API_KEY".to_owned()];
    let mut bench = Bench::with(first);
    assert_eq!(
        bench.app.bench.banner.as_ref().map(retort::text::SanitizedText::as_str),
        Some("Real models found (m choose one): OPENAI_API_KEY")
    );
    assert_eq!(bench.app.bench.layout.banner.height, 0, "the lane says it at the first screen");
    bench.send(Event::Found(vec!["OPENAI_API_KEY".to_owned(), "Ollama".to_owned()]));
    assert!(bench.app.bench.banner.as_ref().unwrap().as_str().contains("Ollama"));
    bench.keys("mgpt-4o-mini<enter>");
    assert!(bench.app.bench.banner.is_none());
}

#[test]
fn models_that_are_marked_are_opened_in_lanes_and_undo_takes_them_back() {
    let mut bench = Bench::of(&["demo"]);
    bench.keys("m");
    let marked = mark(&mut bench, 3);
    assert_eq!(marked.len(), 3, "{marked:?}");
    bench.keys("<space>");
    let Some(Overlay::Models(models)) = bench.app.overlay() else { panic!("no list of models") };
    assert_eq!(models.marked.len(), 2, "the same key takes a mark back");
    bench.keys("<space><enter>");
    let lanes = |bench: &Bench| bench.app.bench.lanes.iter().map(|lane| lane.spec.target.clone()).collect::<Vec<_>>();
    assert_eq!(lanes(&bench), marked);
    assert!(bench.started().is_empty(), "nothing is sent unless it is asked");
    bench.keys("c");
    let more = mark(&mut bench, 3);
    bench.keys("<enter>");
    assert_eq!(lanes(&bench).len(), MAX_LANES, "{more:?}: no more than there is room for");
}

#[test]
fn tab_lists_the_models_of_one_provider_after_the_other_and_of_all_again() {
    let mut bench = Bench::new();
    bench.keys("m");
    let providers = |bench: &Bench| -> Vec<String> {
        let Some(Overlay::Models(models)) = bench.app.overlay() else { panic!("no list of models") };
        let shown = models.choice.shown().filter_map(|item| item.value.model());
        let mut all: Vec<String> = shown.map(|entry| entry.target.provider.clone()).collect();
        all.dedup();
        all
    };
    let all = providers(&bench);
    assert!(all.len() > 1, "{all:?}");
    let mut alone = Vec::new();
    loop {
        bench.keys("<tab>");
        match providers(&bench) {
            again if again == all => break,
            one => {
                assert_eq!(one.len(), 1, "{one:?}");
                let title = bench.screen().join("\n");
                assert!(title.contains(&format!("{} alone", one[0])), "{title}");
                alone.extend(one);
            }
        }
        assert!(alone.len() < 100, "{alone:?}");
    }
    assert!(alone.len() > 1 && alone.contains(&"demo".to_owned()), "{alone:?}");
    bench.keys("<s-tab>");
    assert_eq!(providers(&bench), [alone[alone.len() - 1].clone()], "back from all is the last one");
}

#[test]
fn ctrl_r_in_the_list_of_models_looks_for_servers_again_and_says_who_answered() {
    let mut bench = Bench::new();
    bench.keys("m");
    bench.take();
    bench.keys("<c-r>");
    assert!(matches!(bench.take().as_slice(), [Effect::Models(Listing::Again)]));
    assert!(bench.says().contains("Looking for servers"), "{}", bench.says());
    let served = vec![ServedModel { id: "smollm2:135m".to_owned(), shutdown: None }];
    bench.send(Event::Served("ollama".to_owned(), served));
    bench.send(Event::LookedAgain(vec![("ollama".to_owned(), 1)]));
    assert_eq!(bench.says(), "1 server answered: ollama (1 model)");
    assert!(bench.screen().join("\n").contains("smollm2:135m"), "what it serves is in the list that is open");
    bench.send(Event::LookedAgain(Vec::new()));
    assert_eq!(bench.says(), "No server answered");
}

#[test]
fn a_model_that_hears_has_what_its_recordings_cost_below_the_list() {
    let mut bench = Bench::new();
    let mut settings = bench.app.shared.settings.clone();
    let price = |dollars: f64| Some(PicoDollars::per_million(dollars));
    let requests = TargetSettings {
        input_price: price(2.5),
        output_price: price(10.0),
        audio_input_price: price(32.0),
        audio_output_price: price(64.0),
        ..TargetSettings::default()
    };
    let ears =
        ModelSettings { provider: "local".to_owned(), model: "ears".to_owned(), requests, ..ModelSettings::default() };
    settings.models.insert("ears".to_owned(), ears);
    bench.app.shared.catalog = Catalog::new(builtin::cards(), &settings);
    bench.keys("mears");
    let text = bench.screen().join("\n");
    assert!(text.contains("2.50") && text.contains("audio $/M  32 in  64 out"), "{text}");
    bench.keys("<c-u>gpt-4o-mini");
    let text = bench.screen().join("\n");
    assert!(!text.contains("audio $/M"), "{text}");
}
