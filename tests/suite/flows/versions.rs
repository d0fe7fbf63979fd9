//! Prompt versions, grades and groups at the bench: nothing is lost, and each is one key away.

use retort::{
    app::{Ticket, overlays::Overlay, workbench::Focus},
    model::{
        Grade, Outcome, Prompt, Provenance, Quality, Role, Rule, Status, Thumb, Turn, Verdict, VersionId,
        error::StoreError,
        query::{Query, What},
    },
    store::api::{Lineage, Over, Results, StoreReply, StoreRequest, VersionEntry},
};

use crate::support::{
    bench::{Bench, ended, outcome, prepared},
    history::paired,
};

pub(crate) fn prompt(system: &str) -> Prompt {
    Prompt { system: system.to_owned(), user: "{{ input }}".to_owned(), ..Prompt::default() }
}

/// Versions of these system messages, the newest first, an hour between each two.
fn entries(systems: &[&str]) -> Vec<VersionEntry> {
    let made = |at: usize| format!("2026-03-01T{:02}:00:00Z", 11 - at).parse().unwrap();
    let version = |(at, system): (usize, &&str)| VersionEntry {
        id: VersionId::of(&prompt(system)),
        made: made(at),
        name: None,
        parent: systems.get(at + 1).map(|system| VersionId::of(&prompt(system))),
        prompt: prompt(system).version(),
        results: Results::default(),
    };
    systems.iter().enumerate().map(version).collect()
}

/// A bench with this system message, never run.
pub(crate) fn bench(system: &str) -> Bench {
    let mut bench = Bench::new();
    bench.app.bench.put(Some("triage".to_owned()), &prompt(system));
    bench.take();
    bench
}

pub(crate) fn job(bench: &mut Bench) -> (Ticket, StoreRequest) {
    let mut jobs = bench.jobs();
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    jobs.remove(0)
}

/// Answers the job to keep what is on the bench, and returns what was kept.
pub(crate) fn keeps(bench: &mut Bench) -> Prompt {
    let (ticket, job) = job(bench);
    let StoreRequest::KeepVersion { prompt, of, .. } = job else { panic!("{job:?}") };
    assert_eq!(of, Lineage::Prompt("triage".to_owned()));
    bench.answer(ticket, Ok(StoreReply::VersionKept(VersionId::of(&prompt))));
    *prompt
}

pub(crate) fn lists(bench: &mut Bench, systems: &[&str]) {
    let (ticket, job) = job(bench);
    assert!(matches!(job, StoreRequest::ListVersions { .. }), "{job:?}");
    bench.answer(ticket, Ok(StoreReply::Versions(entries(systems))));
}

fn system(bench: &Bench) -> String {
    bench.app.bench.messages.get(0).unwrap().field.text()
}

#[test]
fn versions_are_walked_through_and_the_draft_is_there_again_at_the_newest() {
    let mut bench = bench("a draft");
    bench.keys("<prompt>,");
    assert_eq!(keeps(&mut bench).system, "a draft", "kept before anything takes its place");
    let all = ["a draft", "second", "first"];
    lists(&mut bench, &all);
    assert_eq!((system(&bench).as_str(), bench.says()), ("second", "version 2/3, 2 h ago"));
    bench.keys("<prompt>,");
    lists(&mut bench, &all);
    assert_eq!((system(&bench).as_str(), bench.says()), ("first", "version 1/3, 3 h ago"));
    bench.keys("<prompt>,");
    lists(&mut bench, &all);
    assert_eq!((system(&bench).as_str(), bench.says()), ("first", "this is the oldest of 3 versions"));
    for wanted in ["second", "a draft", "a draft"] {
        bench.keys("<prompt>.");
        lists(&mut bench, &all);
        assert_eq!(system(&bench), wanted);
    }
    assert_eq!(bench.says(), "this is the newest of 3 versions");
    bench.keys("u");
    assert_eq!((system(&bench).as_str(), bench.says()), ("second", "Prompt as before; U redoes it"));
    bench.keys("U");
    assert_eq!(system(&bench), "a draft", "and what was undone is made again");
}

#[test]
fn a_version_with_other_messages_takes_their_place_and_gives_it_back() {
    let mut examples = prompt("label");
    examples.messages =
        vec![Turn::of(Role::User, "good"), Turn { muted: true, ..Turn::of(Role::Assistant, "positive") }];
    let mut bench = Bench::new();
    bench.app.bench.put(Some("triage".to_owned()), &examples);
    bench.app.bench.focus_on(Focus::Message(3));
    bench.take();
    let answer = |bench: &mut Bench| {
        let (ticket, _) = job(bench);
        let mut all = entries(&["label", "label it"]);
        (all[0].id, all[0].prompt) = (VersionId::of(&examples), examples.version());
        bench.answer(ticket, Ok(StoreReply::Versions(all)));
    };
    bench.keys("<prompt>,");
    assert_eq!(keeps(&mut bench).version(), examples.version());
    answer(&mut bench);
    assert_eq!((bench.app.bench.prompt(), bench.app.bench.focus), (prompt("label it").version(), Focus::Message(1)));
    bench.keys("ix<esc>");
    assert_eq!(bench.app.bench.messages.get(1).unwrap().field.text(), "x{{ input }}", "it can be typed in");
    bench.keys("u<prompt>.");
    answer(&mut bench);
    assert_eq!(bench.app.bench.prompt().turns(), examples.turns(), "the muted one is muted again");
    assert_eq!(bench.says(), "version 2/2, 1 h ago");
}

#[test]
fn what_cannot_be_kept_is_not_replaced() {
    let mut bench = bench("a draft");
    bench.keys("<prompt>,");
    let (ticket, _) = job(&mut bench);
    bench.answer(ticket, Err(StoreError::new("the disk is full")));
    assert_eq!((system(&bench).as_str(), bench.says()), ("a draft", "the disk is full"));
    assert!(bench.jobs().is_empty());
}

#[test]
fn a_run_says_which_version_its_prompt_was_edited_from() {
    let mut bench = bench("a draft");
    let parent = |bench: &mut Bench| {
        bench.take();
        bench.keys("<f5>");
        bench.started().remove(0).1.parent
    };
    assert_eq!(parent(&mut bench), None);
    assert_eq!(parent(&mut bench), None, "the same again");
    bench.app.bench.messages.field_mut(0).unwrap().set("another");
    assert_eq!(parent(&mut bench), Some(VersionId::of(&prompt("a draft"))));
    bench.keys("<prompt>,");
    lists(&mut bench, &["another", "a draft", "first"]);
    bench.keys("<prompt>,");
    lists(&mut bench, &["another", "a draft", "first"]);
    bench.app.bench.messages.field_mut(0).unwrap().set("first, edited");
    assert_eq!(parent(&mut bench), Some(VersionId::of(&prompt("first"))));
}

fn opened(bench: &mut Bench, systems: &[&str]) {
    bench.keys("V");
    if matches!(bench.effects.as_slice(), [retort::app::Effect::Store(_, StoreRequest::KeepVersion { .. })]) {
        keeps(bench);
    }
    lists(bench, systems);
}

#[test]
fn a_version_is_restored_forked_named_and_put_beside_the_bench() {
    let mut bench = bench("a draft");
    let all = ["a draft", "second", "first"];
    opened(&mut bench, &all);
    let Some(Overlay::Versions(versions)) = bench.app.overlay() else { panic!("no versions") };
    assert_eq!(versions.chosen().map(|(at, _)| at), Some(0), "what is on the bench is chosen");

    bench.keys("jnterse one<enter>");
    let (ticket, named) = job(&mut bench);
    let second = VersionId::of(&prompt("second"));
    let StoreRequest::NameVersion { version, name, .. } = named else { panic!("{named:?}") };
    assert_eq!((&version, name.as_str()), (&second, "terse one"));
    bench.answer(ticket, Ok(StoreReply::VersionNamed(version)));
    lists(&mut bench, &all);

    bench.keys("c");
    assert!(bench.app.overlays.is_empty());
    let pinned = bench.lane(1).spec.pinned.clone().unwrap();
    assert_eq!((pinned.hash, pinned.prompt.system.as_str()), (second.0, "second"));
    bench.take();
    bench.keys("<f5>");
    let systems: Vec<String> = bench.started().into_iter().map(|(_, request)| request.prompt.system.clone()).collect();
    assert_eq!(systems, ["a draft", "second"], "one target on two versions");

    opened(&mut bench, &all);
    bench.keys("jj<enter>");
    assert_eq!(system(&bench), "first");
    bench.take();
    opened(&mut bench, &all);
    bench.keys("<up>f<c-u>brief<enter>");
    let (ticket, saved) = job(&mut bench);
    let StoreRequest::SavePrompt { name, prompt, over: Over::Nothing } = saved else { panic!("{saved:?}") };
    assert_eq!((name.as_str(), prompt.system.as_str()), ("brief", "second"));
    bench.answer(ticket, Ok(StoreReply::PromptSaved { name, path: "brief.toml".into(), file: "d1".to_owned() }));
    assert_eq!(bench.app.bench.prompt_name.as_deref(), Some("brief"));
}

/// Versions that were run and judged but for the newest, the list of them being open.
fn judged_versions() -> Bench {
    let mut bench = bench("a draft");
    bench.keys("V");
    keeps(&mut bench);
    let (ticket, _) = job(&mut bench);
    let mut all = entries(&["a draft", "third", "second", "first"]);
    for entry in &mut all[1..] {
        entry.results = Results { runs: 20, judged: 20, passed: 12, ..Results::default() };
    }
    bench.answer(ticket, Ok(StoreReply::Versions(all)));
    bench
}

/// The versions whose runs are to be weighed against each other, the baseline first.
fn compared(bench: &mut Bench) -> (Ticket, [String; 2]) {
    let (ticket, job) = job(bench);
    let StoreRequest::ComparePaired { a, b } = job else { panic!("{job:?}") };
    let version = |query: &Query| {
        query.filters.iter().find_map(|filter| match &filter.what {
            What::Version(version) => Some(version.clone()),
            _ => None,
        })
    };
    (ticket, [a, b].map(|query| version(&query).unwrap()))
}

/// What is said of the chosen version.
fn sentence(bench: &Bench) -> String {
    let Some(Overlay::Versions(versions)) = bench.app.overlay() else { panic!("no versions") };
    versions.sentence(200).join(" ")
}

#[test]
fn each_version_says_how_it_does_against_the_one_it_was_edited_from() {
    let mut bench = judged_versions();
    let id = |system| VersionId::of(&prompt(system)).0;
    let short = |bench: &Bench| {
        let Some(Overlay::Versions(versions)) = bench.app.overlay() else { panic!("no versions") };
        versions.standings.iter().map(|standing| standing.short().0).collect::<Vec<_>>()
    };
    assert_eq!(short(&bench), ["not comparable", "…", "…", "–"], "what was not run is known without being asked");

    let (ticket, pair) = compared(&mut bench);
    assert_eq!(pair, [id("second"), id("third")], "one at a time, the newest first");
    bench.answer(ticket, Ok(StoreReply::Compared(Box::new(paired(14, 1, 20)))));
    let (ticket, pair) = compared(&mut bench);
    assert_eq!(pair, [id("first"), id("second")]);
    let few = paired(3, 2, 15);
    let more = few.evidence.more_rows.unwrap();
    bench.answer(ticket, Ok(StoreReply::Compared(Box::new(few))));
    assert_eq!(short(&bench)[1..], ["better".to_owned(), format!("no difference shown, ≈{more} more"), "–".to_owned()]);
    assert!(bench.jobs().is_empty(), "nothing is asked twice");

    assert_eq!(sentence(&bench), "v4 against v3: not comparable: v4 was not run.");
    bench.keys("j");
    assert!(sentence(&bench).starts_with("v3 against v2: better: 14 fixed, 1 broken"), "{}", sentence(&bench));
    bench.keys("j");
    let seen = sentence(&bench);
    assert!(
        seen.contains("v2 against v1: no difference shown: 3 fixed, 2 broken")
            && seen.contains(&format!("about {more} more rows needed")),
        "{seen}"
    );
}

#[test]
fn any_version_can_be_the_baseline_that_all_others_are_compared_with() {
    let mut bench = judged_versions();
    let id = |system| VersionId::of(&prompt(system)).0;
    bench.keys("jjjb");
    let first = |bench: &mut Bench| {
        let asked = bench.jobs().into_iter().rev().find(|(_, job)| matches!(job, StoreRequest::ComparePaired { .. }));
        let Some((ticket, StoreRequest::ComparePaired { a, b })) = asked else { panic!("nothing is compared") };
        let version = |query: &Query| {
            query.filters.iter().find_map(|filter| match &filter.what {
                What::Version(version) => Some(version.clone()),
                _ => None,
            })
        };
        (ticket, [a, b].map(|query| version(&query).unwrap()))
    };
    let (ticket, pair) = first(&mut bench);
    assert_eq!(pair, [id("first"), id("third")], "the newest that was judged, with the baseline");
    bench.answer(ticket, Ok(StoreReply::Compared(Box::new(paired(1, 14, 20)))));
    let (ticket, pair) = first(&mut bench);
    assert_eq!(pair, [id("first"), id("second")]);
    bench.answer(ticket, Ok(StoreReply::Compared(Box::new(paired(14, 1, 20)))));
    assert_eq!(sentence(&bench), "v1 is the baseline: the others are compared with it.");
    let Some(Overlay::Versions(versions)) = bench.app.overlay() else { panic!("no versions") };
    let short: Vec<String> = versions.standings.iter().map(|standing| standing.short().0).collect();
    assert_eq!(short, ["not comparable", "worse", "better", "baseline"]);
    bench.keys("kb");
    let (_, pair) = first(&mut bench);
    assert_eq!(pair, [id("second"), id("third")], "another one takes its place");
}

#[test]
fn a_version_is_run_from_the_list() {
    let mut bench = bench("a draft");
    opened(&mut bench, &["a draft", "second", "first"]);
    bench.keys("jj<f5>");
    assert_eq!(keeps(&mut bench).system, "a draft", "nothing is lost");
    let systems: Vec<String> = bench.started().into_iter().map(|(_, request)| request.prompt.system.clone()).collect();
    assert_eq!(systems, ["first"]);
    assert!(bench.app.overlays.is_empty());
}

#[test]
fn versions_without_a_common_input_say_so_and_a_closed_list_asks_no_more() {
    let mut bench = judged_versions();
    let (ticket, _) = compared(&mut bench);
    bench.answer(ticket, Ok(StoreReply::Compared(Box::new(paired(0, 0, 0)))));
    bench.keys("j");
    assert!(sentence(&bench).contains("not comparable: no input was judged with both"), "{}", sentence(&bench));
    let (ticket, _) = compared(&mut bench);
    bench.keys("<esc>");
    bench.answer(ticket, Ok(StoreReply::Compared(Box::new(paired(0, 9, 0)))));
    assert!(bench.app.overlay().is_none() && bench.jobs().is_empty());

    let mut bench = judged_versions();
    let (ticket, _) = compared(&mut bench);
    bench.answer(ticket, Err(StoreError::new("the record is locked")));
    bench.keys("j");
    assert_eq!(sentence(&bench), "v3 against v2: not comparable: the record is locked.");
}

#[test]
fn an_answer_is_graded_by_one_key_and_a_grade_that_is_not_kept_is_not_shown() {
    let mut bench = Bench::new();
    bench.keys("v");
    assert_eq!(bench.says(), "nothing was run in this lane yet");
    let ticket = bench.run();
    let run = outcome("x").run;
    bench.tell(ticket, prepared(run));
    let cached = Provenance::Cached { stored: "2026-02-01T12:00:00Z".parse().unwrap() };
    bench.tell(ticket, ended(Outcome { provenance: cached, ..outcome("{}") }));
    bench.take();
    for (keys, stars, thumb, comment) in [
        ("v4", Some(4), None, ""),
        ("v+", Some(4), Some(Thumb::Up), ""),
        ("vctoo long<enter>", Some(4), Some(Thumb::Up), "too long"),
        ("v0", None, None, ""),
        ("vj<enter>", Some(2), None, ""),
    ] {
        bench.keys(keys);
        let wanted = Grade { stars, thumb, comment: comment.to_owned() };
        assert_eq!(bench.shown(0).grade, wanted, "{keys}");
        let (ticket, given) = job(&mut bench);
        let StoreRequest::GradeRun { run: graded, grade, .. } = given else { panic!("{given:?}") };
        assert_eq!((graded, grade), (run, wanted));
        bench.answer(ticket, Ok(StoreReply::Graded(run)));
        assert!(bench.app.overlays.is_empty(), "{keys}");
    }
    bench.keys("v5");
    let (ticket, _) = job(&mut bench);
    bench.answer(ticket, Err(StoreError::new("the disk is full")));
    assert_eq!((bench.shown(0).grade.stars, bench.says()), (Some(2), "the disk is full"));
    bench.keys("v2");
    assert!(bench.jobs().is_empty(), "it has that grade");
    bench.keys("<f5>");
    assert!(bench.shown(0).grade.is_empty(), "a new answer has no grade");
}

#[test]
fn samples_fall_into_groups_and_each_group_can_be_looked_at() {
    let mut bench = Bench::new();
    bench.app.bench.set_samples(4);
    bench.take();
    bench.keys("<f5>");
    let tickets: Vec<Ticket> = bench.started().into_iter().map(|(ticket, _)| ticket).collect();
    let answers =
        [r#"{"label": "late", "n": 1}"#, r#"{"n": 1.0, "label": "lost"}"#, r#"{"n": 1.0, "label": "late"}"#, "oh"];
    for (ticket, answer) in tickets.into_iter().zip(answers) {
        let mut outcome = outcome(answer);
        let mark = if outcome.json.is_some() { Status::Passed } else { Status::Failed };
        let format = Verdict::new(Rule::Format, mark, String::new());
        outcome.quality = Some(Quality::of(vec![format]));
        bench.tell(ticket, ended(outcome));
    }
    let groups = &bench.lane(0).groups;
    assert_eq!(groups.to_string(), "2× A, 1× B, 1 invalid");
    assert_eq!(groups.split.iter().map(|field| field.pointer.as_str()).collect::<Vec<_>>(), ["/label"]);
    bench.keys("=j<enter>");
    assert_eq!(bench.lane(0).shown_at(), 1);
    bench.keys("=j<enter>");
    assert_eq!(bench.lane(0).shown_at(), 3, "the invalid one");
    bench.take();
    bench.keys("<f5>");
    assert!(bench.lane(0).groups.is_empty(), "until the first answer is there");
}
