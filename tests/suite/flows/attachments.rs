//! Images, files and audio at the bench: added to a message and to the input, looked at first, removed, undone.

use std::{path::PathBuf, time::Duration};

use retort::{
    app::{Effect, Event, event::Ticket, intent::PartPlace, overlays::Overlay, workbench::Focus},
    model::{
        Attachment, Input, MediaKind, Message, Part, Prompt, Role, RunId, Turn, attachment::PartOrigin,
        error::StoreError, picture::PictureProtocol,
    },
    pipeline::{TimedEvent, event::RunEvent, ports::RunRecord},
    store::api::{PartQuestion, StoreReply, StoreRequest},
};

use super::{batch, history};
use crate::support::bench::{Bench, outcome, prepared};

/// A recording of sixteen samples.
const WAV: &str =
    "data:audio/wav;base64,UklGRjQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YRAAAACAgICAgICAgICAgICAgICA";

/// The beginning of a PNG of 4×3 pixels.
const OTHER: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAQAAAAD";

/// The beginning of a PNG of 4×2 pixels, as base64 writes it.
const PNG: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAQAAAAC";

fn sent(name: &str) -> Attachment {
    Part { name: Some(name.to_owned()), ..Part::of(MediaKind::Image, PNG) }.filled(PNG, PartOrigin::Prompt).unwrap()
}

fn bench(parts: Vec<Part>) -> Bench {
    let mut bench = Bench::new();
    bench.resize(200, 50);
    let turn = Turn { parts, ..Turn::of(Role::User, "What is it? {{ input }}") };
    let prompt = Prompt { user: String::new(), messages: vec![turn], ..Prompt::default() };
    bench.app.bench.put(Some("look".to_owned()), &prompt);
    bench.app.bench.input.set("A box.");
    bench.send(Event::Tick);
    bench
}

/// What the store was asked to look at.
fn asked(bench: &mut Bench) -> Vec<(Ticket, PartQuestion)> {
    let question = |(ticket, job)| match job {
        StoreRequest::LookAtPart(asked) => Some((ticket, *asked)),
        _ => None,
    };
    bench.jobs().into_iter().filter_map(question).collect()
}

/// Answers all that is asked to be looked at: what is there is a picture.
fn look(bench: &mut Bench) {
    for (ticket, PartQuestion { part, .. }) in asked(bench) {
        let name = part.source.rsplit('/').next().unwrap().to_owned();
        let found = Box::new((part, Some(sent(&name))));
        bench.answer(ticket, Ok(StoreReply::Part(found)));
    }
}

fn sources(bench: &Bench, of: PartPlace) -> Vec<&str> {
    bench.app.bench.parts_of(of).iter().map(|part| part.source.as_str()).collect()
}

fn screen(bench: &Bench) -> String {
    bench.screen().join("\n")
}

#[test]
fn a_picture_is_looked_at_before_it_goes_with_a_message() {
    let mut bench = bench(Vec::new());
    let at = PartPlace::Message(1);
    bench.app.bench.focus_on(Focus::Message(1));
    bench.take();
    bench.keys("fphotos/to");
    assert!(matches!(bench.app.overlay(), Some(Overlay::Attachments(list)) if list.typing.is_some()));
    bench.keys("<tab>");
    let completes = bench.take().into_iter().find_map(|effect| match effect {
        Effect::Complete(ticket, path) => Some((ticket, path)),
        _ => None,
    });
    let (ticket, path) = completes.unwrap();
    assert_eq!(path, "photos/to");
    bench.send(Event::Completed(ticket, "photos/torn".to_owned(), vec!["torn.gif".to_owned(), "torn.png".to_owned()]));
    assert!(screen(&bench).contains("torn.gif  torn.png"), "{}", screen(&bench));
    bench.keys(".png<enter>");
    let (ticket, question) = asked(&mut bench).remove(0);
    assert_eq!((question.part.source.as_str(), question.typed), ("photos/torn.png", true));
    assert_eq!((question.whose, question.prompt.as_deref()), (PartOrigin::Prompt, Some("look")));
    bench.answer(ticket, Err(StoreError::wrong("torn.png is not sent: it is a page of HTML or XML")));
    assert!(screen(&bench).contains("it is a page of HTML"), "the reason stands below the line: {}", screen(&bench));
    assert!(sources(&bench, at).is_empty(), "it was not taken");
    bench.keys("<enter>");
    let (ticket, _) = asked(&mut bench).remove(0);
    let part = Part::of(MediaKind::Image, "../photos/torn.png");
    bench.answer(ticket, Ok(StoreReply::Part(Box::new((part, Some(sent("torn.png")))))));
    assert_eq!(sources(&bench, at), ["../photos/torn.png"], "as it counts from the prompt's file");
    look(&mut bench);
    bench.keys("<esc>");
    assert!(screen(&bench).contains("torn.png 24 B 4×2"), "{}", screen(&bench));
    bench.keys("u");
    assert!(sources(&bench, at).is_empty());
    bench.keys("U");
    assert_eq!(sources(&bench, at), ["../photos/torn.png"]);
}

#[test]
fn what_goes_with_the_input_is_removed_and_comes_back() {
    let mut bench = bench(Vec::new());
    let input =
        Input { parts: ["a.png", "b.png"].map(|path| Part::of(MediaKind::Image, path)).into(), ..Input::of("x") };
    *bench.app.bench = retort::app::workbench::Workbench::new(
        Some("look".to_owned()),
        &Prompt::default(),
        &input,
        &["demo".to_owned()],
        "s".to_owned(),
    );
    bench.take();
    bench.send(Event::Tick);
    look(&mut bench);
    assert!(screen(&bench).contains("a.png 24 B 4×2  ▣ b.png 24 B 4×2"), "{}", screen(&bench));
    bench.app.bench.focus_on(Focus::Input);
    bench.keys("fx");
    assert_eq!(sources(&bench, PartPlace::Input), ["b.png"]);
    bench.keys("<esc>u");
    assert_eq!(sources(&bench, PartPlace::Input), ["a.png", "b.png"]);
    bench.keys("f<down> ");
    assert_eq!(bench.app.bench.parts_of(PartPlace::Input)[1].kind, MediaKind::File, "what nobody knows is said");
}

#[test]
fn a_part_that_would_not_be_sent_says_why_where_it_stands() {
    let mut bench = bench(vec![Part::of(MediaKind::Image, "gone.png"), Part::of(MediaKind::Image, "{{ photo }}")]);
    let questions = asked(&mut bench);
    assert_eq!(questions.len(), 1, "a variable without a value names nothing to look at");
    bench.answer(questions[0].0, Err(StoreError::wrong("there is no file gone.png")));
    assert!(screen(&bench).contains("✗ there is no file"), "{}", screen(&bench));
    bench.app.bench.vars.insert("photo".to_owned(), "b.png".into());
    bench.app.bench.touch();
    bench.send(Event::Tick);
    let (_, question) = asked(&mut bench).remove(0);
    assert_eq!((question.part.source.as_str(), question.whose), ("b.png", PartOrigin::Input));
    bench.app.bench.focus_on(Focus::Message(0));
    bench.keys("f");
    assert!(bench.app.overlay().is_none() && bench.says().contains("user's message"), "{}", bench.says());
}

#[test]
fn a_lane_names_what_its_answer_is_to() {
    let mut bench = bench(vec![Part::of(MediaKind::Image, "a.png")]);
    let ticket = bench.run();
    let run = RunId(uuid::Uuid::from_u128(3));
    let message = Message { attachments: vec![sent("a.png")], ..Message::of(Role::User, "What is it?") };
    let RunEvent::Prepared { started, key, params, notices, .. } = prepared(run) else { unreachable!() };
    bench.tell(ticket, RunEvent::Prepared { run, started, key, messages: vec![message], params, notices });
    bench.app.bench.focus_on(Focus::Lane(0));
    bench.see();
    assert!(screen(&bench).contains("▣ a.png 24 B 4×2"), "{}", screen(&bench));
}

#[test]
fn a_lane_counts_what_there_is_no_room_to_name() {
    let mut bench = bench(Vec::new());
    let ticket = bench.run();
    let run = RunId(uuid::Uuid::from_u128(3));
    let RunEvent::Prepared { started, key, params, notices, .. } = prepared(run) else { unreachable!() };
    let messages = vec![Message { attachments: vec![sent("a.png"); 20], ..Message::of(Role::User, "What is it?") }];
    bench.tell(ticket, RunEvent::Prepared { run, started, key, messages, params, notices });
    bench.see();
    let text = screen(&bench);
    let named = text.matches("▣ a.png").count();
    assert!(named > 1 && text.contains(&format!("▣ a.png 24 B 4×2  +{}", 20 - named)), "{text}");
}

#[tokio::test]
async fn a_path_is_written_as_it_counts_from_the_prompt_and_known_by_its_bytes() {
    let home = crate::support::home::Home::new();
    let png = [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &[0, 0, 0, 4, 0, 0, 0, 2]].concat();
    for path in ["config/prompts/in.png", "work/out.png"] {
        home.file(path, "");
        std::fs::write(home.dir("work").parent().unwrap().join(path), &png).unwrap();
    }
    home.file("config/prompts/look.toml", "user = 'x'\n");
    home.file("work/page.png", "<html>");
    home.file("work/brief.png", "%PDF-1.7");
    let store = retort::store::Store::open(home.places(), 10);
    let path =
        |name: &str| -> PathBuf { std::fs::canonicalize(home.dir("work").parent().unwrap().join(name)).unwrap() };
    let look = |source: String| {
        let part = Part::of(MediaKind::Image, source);
        let asked = PartQuestion { part, whose: PartOrigin::Prompt, prompt: Some("look".to_owned()), typed: true };
        store.ask(StoreRequest::LookAtPart(Box::new(asked)))
    };
    let shown = |reply| match reply {
        Ok(StoreReply::Part(found)) => *found,
        other => panic!("{other:?}"),
    };
    let (part, sent) = shown(look(path("config/prompts/in.png").display().to_string()).await);
    assert_eq!((part.source.as_str(), sent.unwrap().facts().unwrap().pixels), ("in.png", Some((4, 2))));
    let out = path("work/out.png").display().to_string();
    assert_eq!(shown(look(format!("'{out}'")).await).0.source, out, "it lies elsewhere, and quotes are not its name");
    assert_eq!(shown(look(path("work/brief.png").display().to_string()).await).0.kind, MediaKind::File);
    assert_eq!(shown(look("{{ photo }}".to_owned()).await).1, None);
    let url = shown(look("https://example.com/a/talk.mp3".to_owned()).await);
    assert_eq!((url.0.kind, url.1.unwrap().name.as_str()), (MediaKind::Audio, "talk.mp3"));
    for (source, why) in [
        (path("work/page.png").display().to_string(), "HTML"),
        ("no/such.png".to_owned(), "there is no file"),
        ("https://192.168.0.1/a.png".to_owned(), "is not passed on"),
        ("ftp://example.com/a.png".to_owned(), "not taken"),
    ] {
        let error = look(source).await.unwrap_err();
        assert!(error.message.contains(why), "{why}: {}", error.message);
    }
}

#[test]
fn a_picture_is_shown_where_the_terminal_takes_pictures_and_only_there() {
    let of = |pictures: Option<PictureProtocol>| {
        let mut bench = bench(vec![Part::of(MediaKind::Image, "photos/1.png")]);
        bench.app.shared.look.pictures = pictures;
        look(&mut bench);
        bench.app.bench.focus_on(Focus::Message(1));
        bench.take();
        bench.keys("f");
        look(&mut bench);
        let offers = screen(&bench).contains("look at it");
        bench.take();
        bench.keys("p");
        let shown = bench.take().into_iter().find_map(|effect| match effect {
            Effect::ShowPictures(pictures) => Some(pictures[0].name.clone()),
            _ => None,
        });
        (offers, shown)
    };
    assert_eq!(of(Some(PictureProtocol::Kitty)), (true, Some("1.png".to_owned())));
    assert_eq!(of(None), (false, Some("1.png".to_owned())), "the terminal's answer says why it is not shown");
}

#[test]
fn a_terminal_that_says_it_takes_sixels_is_offered_pictures_unless_it_has_something_better() {
    let after = |before: Option<PictureProtocol>| {
        let mut bench = bench(Vec::new());
        bench.app.shared.look.pictures = before;
        bench.send(Event::Sixel);
        bench.app.shared.look.pictures
    };
    assert_eq!(after(None), Some(PictureProtocol::Sixel));
    assert_eq!(after(Some(PictureProtocol::Iterm)), Some(PictureProtocol::Iterm));
}

#[test]
fn the_cell_of_a_batch_names_once_what_it_was_given() {
    let sound = Part { name: Some("call.wav".to_owned()), ..Part::of(MediaKind::Audio, WAV) };
    let sound = sound.filled(WAV, PartOrigin::Prompt).unwrap();
    let given = vec![sent("a.png"), sent("a.png"), sound];
    let bench = batch::cell(prepared_with(given));
    let text = screen(&bench);
    assert_eq!(text.matches("▣ a.png 24 B 4×2").count(), 1, "{text}");
    assert!(text.contains("♪ call.wav"), "{text}");
}

#[test]
fn the_pictures_of_a_run_on_record_are_shown_one_after_the_other() {
    let mut bench = history::listed();
    bench.take();
    bench.keys("P");
    assert!(bench.says().contains("given no picture"), "{}", bench.says());
    bench.keys("j");
    let (ticket, _) = history::asked(&mut bench, |job| matches!(job, StoreRequest::OpenRun(_)));
    let other = Part { name: Some("b.png".to_owned()), ..Part::of(MediaKind::Image, OTHER) };
    let given = vec![sent("a.png"), sent("a.png"), other.filled(OTHER, PartOrigin::Input).unwrap()];
    let record = crate::support::history::record(8, "2026-03-01T12:00:00Z".parse().unwrap(), outcome("a box"));
    let record = RunRecord { timeline: prepared_with(given), ..record };
    bench.answer(ticket, Ok(StoreReply::Run(Box::new(record))));
    bench.see();
    bench.take();
    bench.keys("P");
    let shown = bench.take().into_iter().find_map(|effect| match effect {
        Effect::ShowPictures(pictures) => Some(pictures.into_iter().map(|picture| picture.name).collect::<Vec<_>>()),
        _ => None,
    });
    assert_eq!(shown.unwrap(), ["a.png", "b.png"], "each once");
}

/// What a run tells that was given some files.
fn prepared_with(attachments: Vec<Attachment>) -> Vec<TimedEvent> {
    let run = RunId(uuid::Uuid::from_u128(3));
    let RunEvent::Prepared { started, key, params, notices, .. } = prepared(run) else { unreachable!() };
    let messages = vec![Message { attachments, ..Message::of(Role::User, "What is it?") }];
    vec![TimedEvent { at: Duration::ZERO, event: RunEvent::Prepared { run, started, key, messages, params, notices } }]
}
