//! The prompt as one document: messages added, moved, muted, removed, brought back, walked through, sent in order.

use retort::{
    app::{
        Effect, Event,
        action::BenchAction,
        event::FieldId,
        workbench::{Focus, document::Section},
    },
    model::{Prompt, PromptCaching, Role, Turn},
};

use crate::support::bench::Bench;

/// A bench with a prompt of a system message, an example and the user template; the prompt has the focus.
fn examples() -> Bench {
    let mut bench = Bench::new();
    let mut prompt = Prompt { system: "label".to_owned(), user: "{{ input }}".to_owned(), ..Prompt::default() };
    prompt.messages = vec![Turn::of(Role::User, "good"), Turn::of(Role::Assistant, "positive")];
    bench.app.bench.put(Some("shots".to_owned()), &prompt);
    bench.app.bench.focus_on(Focus::Message(3));
    bench.send(Event::Resized);
    bench.take();
    bench
}

fn on(focus: Focus) -> Bench {
    let mut bench = examples();
    bench.app.bench.focus_on(focus);
    bench
}

fn said(bench: &Bench) -> Vec<String> {
    let turns = bench.app.bench.messages.turns();
    turns
        .iter()
        .map(|turn| format!("{}:{}{}", turn.role.name(), turn.content, if turn.muted { "~" } else { "" }))
        .collect()
}

#[test]
fn an_example_is_added_and_sent_where_it_stands() {
    let mut bench = examples();
    bench.keys("<prompt><a-up>a");
    assert_eq!((bench.app.bench.focus, bench.app.bench.typing), (Focus::Message(3), true));
    bench.keys("{{{{ tone }}<esc>");
    assert_eq!(
        said(&bench),
        ["system:label", "user:good", "user:{{ input }}", "assistant:{{{{ tone }}", "assistant:positive"]
    );
    bench.keys("<a-up>");
    bench.take();
    bench.keys("<f5>");
    let (_, request) = bench.started().remove(0);
    let sent: Vec<_> = request.prompt.spoken().map(|turn| format!("{} {}", turn.role.name(), turn.content)).collect();
    assert_eq!(sent, ["system label", "user good", "assistant {{{{ tone }}", "user {{ input }}", "assistant positive"]);
    assert!(bench.app.bench.dirty());
}

#[test]
fn a_message_is_marked_to_be_cached_for_one_time_after_the_other_and_keeps_its_mark_when_it_moves() {
    let mut bench = on(Focus::Message(1));
    let marks = |bench: &Bench| -> Vec<_> { bench.app.bench.messages.turns().iter().map(|turn| turn.cache).collect() };
    let mut cached = Vec::new();
    for _ in 0..3 {
        bench.send(Event::Do(BenchAction::CacheMessage.into()));
        cached.push(marks(&bench)[1]);
    }
    assert_eq!(cached, [Some(PromptCaching::FiveMinutes), Some(PromptCaching::OneHour), None]);
    bench.send(Event::Do(BenchAction::CacheMessage.into()));
    bench.keys("<a-down>");
    assert_eq!(marks(&bench), [None, None, Some(PromptCaching::FiveMinutes), None]);
    bench.keys("u");
    assert_eq!(marks(&bench), [None, Some(PromptCaching::FiveMinutes), None, None]);
}

#[test]
fn a_mark_that_a_provider_refuses_is_not_set_and_not_made_by_moving() {
    let mut bench = on(Focus::Message(1));
    let marks = |bench: &Bench| -> Vec<_> { bench.app.bench.messages.turns().iter().map(|turn| turn.cache).collect() };
    let (minutes, hour) = (Some(PromptCaching::FiveMinutes), Some(PromptCaching::OneHour));
    bench.send(Event::Do(BenchAction::CacheMessage.into()));
    bench.app.bench.focus_on(Focus::Message(2));
    bench.send(Event::Do(BenchAction::CacheMessage.into()));
    assert_eq!(marks(&bench), [None, minutes, minutes, None]);
    bench.send(Event::Do(BenchAction::CacheMessage.into()));
    assert_eq!(marks(&bench), [None, minutes, None, None], "an hour may not follow 5 minutes");
    assert!(bench.says().contains("not 1h: what is kept for 1h comes before"), "{}", bench.says());

    bench.app.bench.focus_on(Focus::Message(1));
    bench.send(Event::Do(BenchAction::CacheMessage.into()));
    bench.app.bench.focus_on(Focus::Message(2));
    bench.send(Event::Do(BenchAction::CacheMessage.into()));
    assert_eq!(marks(&bench), [None, hour, minutes, None]);
    bench.keys("<a-up>");
    assert_eq!(marks(&bench), [None, hour, minutes, None], "it stays where it is");
    assert!(bench.says().contains("it stays here"), "{}", bench.says());
}

#[test]
fn a_muted_message_stays_and_is_neither_sent_nor_asked_for() {
    let mut bench = examples();
    bench.app.bench.messages.field_mut(1).unwrap().set("{{ nothing }}{% if %}");
    bench.send(Event::Resized);
    assert_eq!(bench.app.bench.template_errors().len(), 1);
    bench.app.bench.focus_on(Focus::Heading(1));
    bench.keys("<space>");
    assert!(bench.says().contains("muted"), "{}", bench.says());
    assert!(bench.app.bench.missing().is_empty() && bench.app.bench.template_errors().is_empty());
    bench.take();
    bench.keys("<f5>");
    let (_, request) = bench.started().remove(0);
    assert_eq!(request.prompt.spoken().count(), 3);
    assert_eq!(request.prompt.messages.len(), 2);
}

#[test]
fn every_change_of_the_messages_is_taken_back_in_its_order_and_made_again() {
    let mut bench = on(Focus::Heading(2));
    let mut states = vec![said(&bench)];
    for keys in ["<space>", "<a-up>", "<enter><enter>", "Xu", "iz<esc>", "X", "a<esc>", "iy<esc>"] {
        bench.keys(keys);
        if *states.last().unwrap() != said(&bench) {
            states.push(said(&bench));
        }
        bench.keys("<esc>");
    }
    assert!(states.len() >= 7, "{states:?}");
    for state in states.iter().rev().skip(1) {
        bench.keys("u");
        assert_eq!(&said(&bench), state);
    }
    bench.keys("u");
    assert_eq!(bench.says(), "Nothing to undo");
    for state in states.iter().skip(1) {
        bench.keys("U");
        assert_eq!(&said(&bench), state);
    }
    bench.keys("U");
    assert_eq!(bench.says(), "Nothing to redo");
}

#[test]
fn a_removed_message_comes_back_by_undo_and_the_last_one_stays() {
    let mut bench = on(Focus::Message(2));
    let before = said(&bench);
    bench.keys("X");
    assert_eq!(said(&bench).len(), 3);
    bench.keys("u");
    assert_eq!((said(&bench), bench.app.bench.focus), (before, Focus::Message(2)));
    bench.keys("XXXX");
    assert_eq!(said(&bench).len(), 1);
    assert!(bench.says().contains("keeps one"), "{}", bench.says());
}

#[test]
fn parameters_are_taken_back_too() {
    let mut bench = examples();
    bench.keys("p0.9<enter>");
    assert_eq!(bench.app.bench.params.temperature, Some(0.9));
    bench.keys("u");
    assert_eq!(bench.app.bench.params.temperature, None);
}

#[test]
fn arrows_go_through_headings_and_sections_and_typing_goes_past_them() {
    let mut bench = on(Focus::Heading(0));
    let mut walked = vec![bench.app.bench.focus];
    for _ in 0..20 {
        bench.keys("j");
        if walked.last() != Some(&bench.app.bench.focus) {
            walked.push(bench.app.bench.focus);
        }
    }
    let messages = (0..4).flat_map(|at| [Focus::Heading(at), Focus::Message(at)]);
    let all: Vec<Focus> = messages.chain(Section::ALL.map(Focus::Section)).collect();
    assert_eq!(walked, all);
    bench.keys("g").app.bench.focus_on(Focus::Message(0));
    bench.keys("i<down>");
    assert_eq!((bench.app.bench.focus, bench.app.bench.typing), (Focus::Message(1), true));
    bench.keys("<end><right>");
    assert_eq!(bench.app.bench.focus, Focus::Message(2));
    bench.keys("<left>x<esc>");
    assert_eq!(said(&bench)[1], "user:goodx");
}

#[test]
fn the_cursor_is_always_in_sight() {
    let mut bench = examples();
    let lines: Vec<String> =
        (0..300).map(|line| format!("line {line} of a text that is wrapped here and there")).collect();
    let long = lines.join("\n");
    bench.app.bench.messages.field_mut(1).unwrap().set(&long);
    for (width, height) in [(120, 40), (80, 24)] {
        bench.resize(width, height);
        bench.app.bench.focus_on(Focus::Heading(0));
        for step in 0..700 {
            let key = if step < 350 {
                "j"
            } else if step % 7 == 0 {
                "<pageup>"
            } else {
                "k"
            };
            bench.keys(key);
            let (rows, seen) = bench.app.bench.prompt_in_sight();
            assert!(seen, "step {step} of {width}: {:?} is not among {rows} rows", bench.app.bench.focus);
        }
    }
}

#[test]
fn enter_on_a_section_opens_its_editor_and_on_a_heading_the_menu() {
    use retort::app::overlays::Overlay;
    let opened = |focus| {
        let mut bench = on(focus);
        bench.keys("<enter>");
        bench.app.overlay().cloned()
    };
    for (section, line) in [(Section::Parameters, "temperature"), (Section::Fallback, "fallback")] {
        let Some(Overlay::Params(form)) = opened(Focus::Section(section)) else { panic!("{section:?}") };
        assert_eq!(form.form.rows[form.form.at].label, line);
    }
    for (section, rule) in [(Section::Response, "format"), (Section::Checks, "format")] {
        let Some(Overlay::Checks(checks)) = opened(Focus::Section(section)) else { panic!("{section:?}") };
        assert_eq!(checks.chosen().map(|row| row.name.as_str()), Some(rule));
    }
    assert!(matches!(opened(Focus::Heading(1)), Some(Overlay::MessageMenu(_))));
    let mut bench = on(Focus::Heading(1));
    bench.keys("<enter><enter>");
    assert_eq!(said(&bench)[1], "system:good");
}

#[test]
fn tab_walks_the_panes_and_the_editor_opens_the_message_with_the_focus() {
    let mut bench = on(Focus::Message(2));
    bench.keys("<c-p>message-role<enter>");
    assert_eq!(said(&bench)[2], "system:positive");
    bench.take();
    bench.keys("<f4>");
    assert!(
        matches!(bench.take().as_slice(), [Effect::Edit { field: FieldId::Message(2), text, .. }] if text == "positive")
    );
    bench.send(Event::Edited(FieldId::Message(2), Ok("neutral\n".to_owned())));
    bench.send(Event::Edited(FieldId::Message(9), Ok("gone".to_owned())));
    assert_eq!(said(&bench)[2], "system:neutral");
    bench.keys("<tab>");
    assert_eq!(bench.app.bench.focus, Focus::Input);
    bench.keys("<prompt>");
    assert_eq!(bench.app.bench.focus, Focus::Message(2));
}
