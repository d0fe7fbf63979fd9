//! Blind comparison: no name on the screen until the reveal, one key for each vote, and what is asked of the record.

use retort::{
    app::{Ticket, overlays::Overlay},
    eval::blind::{BlindAnswer, BlindChoice, BlindComparison, BlindContender},
    model::{BatchId, RunId, error::StoreError},
    pipeline::ports::RunRecord,
    store::api::{StoreReply, StoreRequest},
};
use uuid::Uuid;

use super::batch::{done, running};
use crate::suite::screens::snapshot_rows;
use crate::support::{
    batch::{place, record},
    bench::{Bench, outcome},
};

/// What is on no screen before the reveal.
const NAMES: [&str; 3] = ["demo", "prize", "$0"];

fn run(row: u64, at: usize) -> RunId {
    RunId(Uuid::from_u64_pair(row, at as u64 + 1))
}

/// A comparison of two contenders over so many rows.
fn comparison(rows: u64) -> BlindComparison {
    let answer = |row: u64, at: usize| BlindAnswer {
        run: run(row, at),
        row,
        input: (row.cast_signed(), 0),
        contender: at,
        digest: row * 2 + at as u64,
        length: 4,
        judged: None,
    };
    let contender = |at: usize, label: &str| BlindContender {
        batch: BatchId(Uuid::from_u128(5)),
        prompt: 0,
        target: u32::try_from(at).unwrap(),
        label: label.to_owned(),
        names: vec![label.to_owned(), "prize".to_owned()],
    };
    BlindComparison {
        id: 3,
        seed: 1,
        name: "rows.csv".to_owned(),
        batches: vec![BatchId(Uuid::from_u128(5))],
        contenders: vec![contender(0, "demo:slow"), contender(1, "demo")],
        answers: (1..=rows).flat_map(|row| [answer(row, 0), answer(row, 1)]).collect(),
        votes: Vec::new(),
        revealed: None,
    }
}

/// Answers every question about a run with a text of its own.
fn read_runs(bench: &mut Bench) -> Vec<(Ticket, StoreRequest)> {
    let mut others = Vec::new();
    for (ticket, request) in bench.jobs() {
        let StoreRequest::OpenRun(run) = request else {
            others.push((ticket, request));
            continue;
        };
        let text = format!("answer {} of the Prize model, by demo\nline two", run.short());
        let record = RunRecord { run, ..record(place(1, 0), outcome(&text), None) };
        bench.answer(ticket, Ok(StoreReply::Run(Box::new(record))));
    }
    others
}

/// A finished batch whose answers are compared without names.
fn blind(rows: u64) -> Bench {
    let (mut bench, ticket) = running();
    bench.send(retort::app::Event::Batch(ticket, vec![done(1, 0), done(1, 1), done(2, 0)]));
    bench.take();
    bench.keys("Y");
    let (ticket, request) = bench.jobs().remove(0);
    assert!(matches!(request, StoreRequest::OpenBlind(_)), "{request:?}");
    bench.answer(ticket, Ok(StoreReply::Blind(Box::new(comparison(rows)))));
    assert!(read_runs(&mut bench).is_empty());
    bench
}

fn votes(others: Vec<(Ticket, StoreRequest)>) -> Vec<BlindChoice> {
    let vote = |(_, request)| match request {
        StoreRequest::VoteBlind { id: 3, vote } => vote.choice,
        other => panic!("{other:?}"),
    };
    others.into_iter().map(vote).collect()
}

/// Asserts that no row of the screen has a name, a price or a time of who answered.
fn hidden(bench: &Bench) {
    let screen = bench.screen().join("\n");
    for name in NAMES {
        assert!(!screen.contains(name), "`{name}` is seen:\n{screen}");
    }
}

#[test]
fn no_name_is_on_the_screen_until_the_reveal_in_any_size() {
    let mut bench = blind(6);
    for (width, height) in [(120, 40), (180, 50), (80, 24), (60, 16)] {
        bench.resize(width, height);
        hidden(&bench);
        let screen = bench.screen().join("\n");
        assert!(screen.contains("[hidden]") && screen.contains("first answer"), "{screen}");
    }
    bench.resize(120, 40);
    // What lies over it hides them, too; so does what is said meanwhile.
    bench.app.shared.say(retort::app::notices::Tone::Info, "demo:slow is done");
    bench.keys("1R");
    hidden(&bench);
    assert!(bench.screen().join("\n").contains("Reveal the names?"));
    bench.keys("<esc>");
    hidden(&bench);
    read_runs(&mut bench);
    bench.keys("R<enter>");
    let revealed = bench.jobs().into_iter().find(|(_, request)| matches!(request, StoreRequest::RevealBlind { .. }));
    hidden(&bench);
    bench.answer(revealed.unwrap().0, Ok(StoreReply::BlindNoted(3)));
    let screen = bench.screen().join("\n");
    assert!(screen.contains("demo:slow") && screen.contains("CONTENDER"), "{screen}");
    assert!(screen.contains("retort blind"), "{screen}");
    // A vote after the reveal is none.
    bench.keys("1");
    assert!(bench.jobs().is_empty());
}

#[test]
fn the_screens_of_a_comparison() {
    let mut bench = blind(20);
    for size in [(120, 40), (80, 24)] {
        bench.resize(size.0, size.1);
        snapshot_rows("blind-pair", size, &bench.screen());
    }
    bench.keys("12=0s");
    read_runs(&mut bench);
    bench.keys("R");
    for size in [(120, 40), (80, 24)] {
        bench.resize(size.0, size.1);
        snapshot_rows("blind-asks", size, &bench.screen());
    }
    bench.keys("<esc>");
    for _ in 0..20 {
        bench.keys("1");
        read_runs(&mut bench);
    }
    bench.keys("R<enter>");
    let revealed = bench.jobs().into_iter().find(|(_, request)| matches!(request, StoreRequest::RevealBlind { .. }));
    bench.answer(revealed.unwrap().0, Ok(StoreReply::BlindNoted(3)));
    for size in [(120, 40), (80, 24)] {
        bench.resize(size.0, size.1);
        snapshot_rows("blind-revealed", size, &bench.screen());
    }
}

#[test]
fn each_key_is_a_vote_and_undo_takes_the_last_one_back() {
    let mut bench = blind(8);
    let place = |bench: &Bench| {
        let screen = bench.screen().join("\n");
        let at = screen.find("pair ").expect("a pair is shown");
        screen[at..].split_whitespace().take(4).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(place(&bench), "pair 1 of 9");
    for (key, choice) in [
        ("1", BlindChoice::Left),
        ("2", BlindChoice::Right),
        ("=", BlindChoice::Tie),
        ("0", BlindChoice::Bad),
        ("s", BlindChoice::Skip),
    ] {
        bench.keys(key);
        assert_eq!(votes(read_runs(&mut bench)), [choice], "{key}");
    }
    assert_eq!(place(&bench), "pair 6 of 9");
    bench.keys("u");
    let undone: Vec<StoreRequest> = read_runs(&mut bench).into_iter().map(|(_, request)| request).collect();
    assert_eq!(undone, [StoreRequest::UndoBlind(3)]);
    assert_eq!(place(&bench), "pair 5 of 9");
    bench.keys("uuuuuu");
    assert_eq!(place(&bench), "pair 1 of 9");
    assert!(bench.screen().join("\n").contains("Nothing to undo"));
    // A key of a screen is a vote here, and leads nowhere.
    bench.keys("2");
    assert!(matches!(bench.app.overlay(), Some(Overlay::Blind(_))));
}

#[test]
fn what_cannot_be_seen_or_stored_is_not_voted_on() {
    let mut bench = blind(4);
    bench.keys("1");
    let (ticket, _) = read_runs(&mut bench).remove(0);
    bench.answer(ticket, Err(StoreError::new("the disk is full")));
    let screen = bench.screen().join("\n");
    assert!(screen.contains("pair 1 of 4") && screen.contains("the disk is full"), "{screen}");
    // The texts of the pair after the next one are not there yet.
    bench.keys("1");
    bench.jobs();
    bench.keys("11111");
    assert_eq!(
        votes(bench.jobs().into_iter().filter(|(_, job)| !matches!(job, StoreRequest::OpenRun(_))).collect()).len(),
        2
    );
    assert!(bench.screen().join("\n").contains("Loading"));
}

#[test]
fn a_comparison_goes_on_where_it_was_left_and_ends_in_words() {
    let mut bench = blind(2);
    bench.keys("1");
    read_runs(&mut bench);
    bench.keys("=");
    read_runs(&mut bench);
    assert!(bench.screen().join("\n").contains("Every pair is voted on: 2 votes, 1 tie among them"));
    bench.keys("<esc>");
    assert!(bench.app.overlay().is_none());
    bench.keys("Y");
    let (ticket, _) = bench.jobs().remove(0);
    bench.answer(ticket, Err(StoreError::wrong("no batch of two models or two prompts is on record")));
    assert!(bench.screen().join("\n").contains("no batch of two models"), "{}", bench.screen().join("\n"));
}
