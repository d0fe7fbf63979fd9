//! Who may see partial text decides whether a run starts over.

use retort::{
    model::{Commit, Cost, ErrorKind, Finish, RunEnd, RunRequest},
    pipeline::{RunEvent, TimedEvent, event::DeltaPart},
    provider::WireEvent,
};

use crate::support::script::{Bench, Step, answer, cut, ended, fails, request};

fn by(commit: Commit) -> RunRequest {
    RunRequest { commit, ..request(&["a", "b"]) }
}

fn deltas(timeline: &[TimedEvent], part: DeltaPart) -> Vec<(u32, String)> {
    timeline
        .iter()
        .filter_map(|timed| match &timed.event {
            RunEvent::Delta { attempt, part: of, text } if *of == part => Some((*attempt, text.clone())),
            _ => None,
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn nobody_has_seen_anything_so_it_starts_over() {
    let bench = Bench::new(|_, n| if n == 0 { cut("{\"half") } else { answer(&["{\"a\":", "1}"]) });
    let timeline = bench.events(by(Commit::Buffered)).await;
    assert_eq!(deltas(&timeline, DeltaPart::Text), [(2, "{\"a\":1}".to_owned())]);
    let outcome = ended(&timeline);
    assert_eq!((&outcome.end, outcome.text.as_str()), (&RunEnd::Done, "{\"a\":1}"));
    assert!(!matches!(outcome.cost, Cost::Known(_)), "the first attempt may have been billed");
}

#[tokio::test(start_paused = true)]
async fn what_was_shown_is_kept_when_it_breaks_off() {
    for commit in [Commit::Resettable, Commit::Live] {
        let bench = Bench::new(|_, _| cut("{\"half"));
        let timeline = bench.events(by(commit)).await;
        let outcome = ended(&timeline);
        let RunEnd::Interrupted { error } = &outcome.end else { panic!("{:?}", outcome.end) };
        assert_eq!((error.class, outcome.text.as_str(), outcome.attempts), (ErrorKind::Interrupted, "{\"half", 1));
        assert_eq!(outcome.quality, None);
        assert!(outcome.usage.estimated);
    }
}

#[tokio::test(start_paused = true)]
async fn before_the_first_token_every_run_starts_over() {
    for commit in [Commit::Buffered, Commit::Resettable, Commit::Live] {
        let bench = Bench::new(|_, n| if n == 0 { answer(&[]).into_iter().take(1).collect() } else { answer(&["{}"]) });
        let outcome = bench.end(by(commit)).await;
        assert_eq!((outcome.end.word(), outcome.attempts), ("done", 2), "{commit:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn reasoning_commits_a_screen_but_not_standard_output() {
    let thinks = |n: usize| {
        if n > 0 {
            return answer(&["{}"]);
        }
        let mut steps = vec![Step::Say(WireEvent::Reasoning("hm".to_owned()))];
        steps.extend(fails(ErrorKind::Transient));
        steps
    };
    for (commit, word) in [(Commit::Resettable, "interrupted"), (Commit::Live, "done"), (Commit::Buffered, "done")] {
        let bench = Bench::new(move |_, n| thinks(n));
        assert_eq!(bench.end(by(commit)).await.end.word(), word, "{commit:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_without_the_end_mark_is_a_cut() {
    let bench = Bench::new(|_, _| {
        let mut steps = answer(&["{}"]);
        steps.pop();
        steps
    });
    assert_eq!(bench.end(by(Commit::Live)).await.end.word(), "interrupted");
    assert!(bench.cache.0.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn json_cut_by_the_token_limit_is_no_answer() {
    let full = |text: &str| {
        vec![
            Step::Say(WireEvent::Text(text.to_owned())),
            Step::Say(WireEvent::Finish(Finish::Length)),
            Step::Say(WireEvent::End),
        ]
    };
    let bench = Bench::new(move |call, _| if call.target.name == "a" { full("{\"a\":") } else { answer(&["{}"]) });
    let live = bench.end(by(Commit::Live)).await;
    assert!(matches!(live.end, RunEnd::Interrupted { ref error } if error.class == ErrorKind::Truncated));
    let buffered = bench.end(by(Commit::Buffered)).await;
    assert_eq!((buffered.end, buffered.target.as_str()), (RunEnd::Done, "b"));
    let whole = Bench::new(move |_, _| full("{}"));
    let outcome = whole.end(by(Commit::Live)).await;
    assert_eq!((outcome.end, outcome.finish), (RunEnd::Done, Some(Finish::Length)));
    assert!(whole.cache.0.lock().unwrap().is_empty(), "not finished by the model, so not kept");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_fails_with_its_text_kept() {
    let bench = Bench::new(|_, _| {
        vec![
            Step::Say(WireEvent::Refusal("I can't.".to_owned())),
            Step::Say(WireEvent::Finish(Finish::Stop)),
            Step::Say(WireEvent::End),
        ]
    });
    let outcome = bench.end(by(Commit::Resettable)).await;
    assert!(matches!(&outcome.end, RunEnd::Failed { reasons } if reasons[0].error.class == ErrorKind::ContentPolicy));
    assert_eq!((outcome.text.as_str(), outcome.attempts), ("I can't.", 1));
}

#[tokio::test(start_paused = true)]
async fn shown_pieces_make_up_the_answer() {
    for commit in [Commit::Buffered, Commit::Resettable, Commit::Live] {
        let bench = Bench::new(|_, n| {
            let mut steps = vec![Step::Say(WireEvent::Reasoning("let me ".to_owned()))];
            steps.push(Step::Say(WireEvent::Reasoning("see".to_owned())));
            if n == 0 {
                fails(ErrorKind::Transient)
            } else {
                [steps, answer(&["{\"ä\"", ":", "\"\u{1b}[2J\"}"])].concat()
            }
        });
        let mut alone = by(commit);
        alone.targets.truncate(1);
        let timeline = bench.events(alone).await;
        let outcome = ended(&timeline);
        let joined = |part| deltas(&timeline, part).into_iter().map(|(_, text)| text).collect::<String>();
        assert_eq!(joined(DeltaPart::Text), outcome.text);
        assert_eq!(joined(DeltaPart::Reasoning), "let me see");
        assert_eq!(outcome.reasoning, "let me see");
        assert!(deltas(&timeline, DeltaPart::Text).iter().all(|(attempt, _)| *attempt == 2));
    }
}
