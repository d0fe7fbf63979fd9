//! What lies over the bench.

use retort::{
    app::Msg,
    model::settings::AccountLimits,
    pipeline::{AccountState, KeyState, Readiness},
};

use super::*;

#[test]
fn overlays() {
    let open = |keys: &str| {
        let mut stage = done();
        stage.screen(120, 40);
        stage.keys(keys);
        stage
    };
    snapshot("overlay-help", &mut open("f1"));
    snapshot("overlay-palette", open("ctrl-p").types("sa"));
    snapshot("overlay-models", &mut open("m"));
    snapshot("overlay-models-typed", open("m").types("here/other"));
    snapshot("overlay-params", open("p").keys("down down"));
    snapshot("overlay-prompts", open("ctrl-o").lists_prompts());
    snapshot("overlay-prompts-loading", &mut open("ctrl-o"));
    snapshot("overlay-sessions", open("s").lists_sessions());
    snapshot("overlay-save-as", open("W").types("bad name").keys("enter"));
    snapshot("overlay-xray", &mut open("o"));
    snapshot("overlay-copy", &mut open("y"));
    let mut stage = streaming();
    snapshot("overlay-confirm", stage.keys("q"));
    let mut stage = troubled();
    snapshot("overlay-xray-troubled", stage.keys("3 o"));
}

#[test]
fn the_list_of_models_says_how_keys_stand() {
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    stage.screen(80, 24);
    let state = |label: &str, state| KeyState {
        provider: "openai".to_owned(),
        label: label.to_owned(),
        account: label.to_owned(),
        state,
    };
    let dead = Readiness::Dead { why: "key refused".to_owned() };
    let account = AccountState {
        provider: "openai".to_owned(),
        account: "env:A".to_owned(),
        under_way: 4,
        waiting: 2,
        concurrency: Some(4),
        requests: 12,
        tokens: 0,
        rests: None,
        limits: AccountLimits { concurrency: Some(8), requests_per_minute: Some(60), ..AccountLimits::default() },
    };
    let keys = vec![state("env:A", Readiness::Ready), state("env:B", dead)];
    stage.keys("m").send(Msg::Keys(keys, vec![account]));
    snapshot("overlay-models-accounts", &mut stage);
    let screen = text(&stage.screen(80, 24));
    assert!(screen.contains("keys of openai: env:A ready · env:B not used any more: key refused"), "{screen}");
}
