//! Many runs at once.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use retort::model::{ErrorKind, Input, RunEnd, RunRequest};

use crate::support::script::{Bench, Step, answer, fails, request};

fn rows(n: usize) -> Vec<RunRequest> {
    (0..n).map(|row| RunRequest { input: Input::of(row.to_string()), ..request(&["m"]) }).collect()
}

fn row(call: &retort::provider::Call) -> u64 {
    call.messages.last().unwrap().content.parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn results_come_in_the_order_of_the_inputs_and_a_failure_stops_no_other() {
    let bench = Bench::new(|call, _| {
        let row = row(call);
        let mut steps = vec![Step::After(Duration::from_secs(20 - row))];
        steps.extend(if row.is_multiple_of(3) {
            fails(ErrorKind::CallerFault)
        } else {
            answer(&["{\"row\":", &row.to_string(), "}"])
        });
        steps
    });
    let ends: Vec<_> = bench.pipeline.many(stream::iter(rows(12)), 5).collect().await;
    assert_eq!(ends.iter().map(|(place, _)| *place).collect::<Vec<_>>(), (0..12).collect::<Vec<_>>());
    for (place, outcome) in &ends {
        if place.is_multiple_of(3) {
            assert_eq!(outcome.end.word(), "failed");
        } else {
            assert_eq!((&outcome.end, &outcome.text), (&RunEnd::Done, &format!("{{\"row\":{place}}}")));
        }
    }
    assert_eq!(bench.most_open(), 5);
    assert_eq!(bench.record.ended.lock().unwrap().len(), 12);
}

#[tokio::test(start_paused = true)]
async fn equal_rows_are_asked_once() {
    let bench = Bench::new(|_, _| answer(&["{}"]));
    let same: Vec<_> = (0..9).map(|_| request(&["m"])).collect();
    let ends: Vec<_> = bench.pipeline.many(stream::iter(same), 5).collect().await;
    assert_eq!((ends.len(), bench.calls().len()), (9, 1));
}

#[tokio::test(start_paused = true)]
async fn dropping_them_cancels_them_all() {
    let bench = Bench::new(|call, _| if row(call) == 0 { answer(&["{}"]) } else { vec![Step::Hang] });
    let mut ends = Box::pin(bench.pipeline.many(stream::iter(rows(12)), 5));
    assert!(ends.next().await.is_some());
    drop(ends);
    assert_eq!(bench.open(), 0);
    let words: Vec<_> = bench.record.ended.lock().unwrap().iter().map(|run| run.outcome.end.word()).collect();
    assert_eq!(words.iter().filter(|word| **word == "cancelled").count(), words.len() - 1);
    assert_eq!(words.len(), bench.record.started.lock().unwrap().len());
}
