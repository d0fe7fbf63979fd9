//! Tests of baselines: files, what differs from them, what a person decides.

use crate::eval::baseline::*;

fn line(row: &str, passed: [u64; 2], state: BaselineState) -> BaselineLine {
    BaselineLine {
        row: row.to_owned(),
        label: format!("message {row}"),
        target: "m".to_owned(),
        version: "f59bede".to_owned(),
        passed,
        answer: KeptAnswer::Text("yes".to_owned()),
        state,
        why: String::new(),
        input: None,
    }
}

fn now(row: &str, passed: u64, judged: u64, answer: &str) -> ObservedRow {
    let mut now = ObservedRow::new(&Input::of(row), ("m", "abc"), Format::Text, CellIndex::default());
    row.clone_into(&mut now.row);
    for n in 0..judged {
        now.take(Some(n < passed), answer.to_owned());
    }
    now
}

fn baseline(lines: impl IntoIterator<Item = BaselineLine>) -> Baseline {
    let mut baseline = Baseline::default();
    lines.into_iter().for_each(|line| baseline.put(line));
    baseline
}

#[test]
fn a_file_is_read_as_it_was_written_in_the_order_of_its_keys() {
    let mut rejected = line("b", [3, 3], BaselineState::Rejected);
    "the parcel\nwas late \u{1b}[31m".clone_into(&mut rejected.why);
    let mut pinned = line("a", [0, 0], BaselineState::Pinned);
    (pinned.answer, pinned.input) = (KeptAnswer::of(&"x".repeat(9000), false), Some(Input::of("x")));
    let both = baseline([rejected, pinned]);
    let text = both.text();
    assert_eq!(Baseline::read(&text), Ok(both));
    assert!(text.starts_with("{\"row\":\"a\",\"label\":\"message a\",\"target\":\"m\",\"version\":\"f59bede\",\"passed\":[0,0],\"answer\":{\"sha256\":"), "{text}");
    assert_eq!((text.lines().count(), text.contains('\u{1b}')), (2, false));
}

#[test]
fn a_mistake_names_its_line() {
    let good = baseline([line("a", [1, 1], BaselineState::Accepted)]).text();
    let other = good.replace("[1,1]", "[0,1]");
    for (text, words) in [
        (format!("{good}<<<<<<< HEAD\n{good}"), "2: a conflict of a merge"),
        (format!("{good}\n\n{other}"), "4: row `a` on `m` has another line already, 1"),
        (format!("{good}{{\"row\":\"a\"}}"), "2: this is no line of a baseline: missing field `label`"),
        (good.replace("\"row\"", "\"row\":\"z\",\"row\""), "1: this is no line of a baseline: duplicate field `row`"),
        (good.replace("\"why\"", "\"cost\"").replace("\"state\"", "\"cost\":1,\"state\""), "unknown field `cost`"),
        (good.replace("[1,1]", "[2,1]"), "1: a line names a row and a target"),
        ("x".repeat(LONGEST_LINE + 1), "1: the line is longer than 1 MB"),
        ("{\"row\":\"\u{1b}[31m".to_owned(), "1: this is no line"),
    ] {
        let error = Baseline::read(&text).unwrap_err();
        assert!(error.contains(words) && !error.contains('\u{1b}'), "{error}, not {words}");
    }
    let twice = format!("\n{good}\r\n{good}  \n");
    assert_eq!(Baseline::read(&twice).map(|read| read.text()), Ok(good), "the same line from both sides is one");
}

#[test]
fn each_row_is_told_by_what_is_another_about_it() {
    use BaselineState::{Accepted, Flaky, Pinned, Rejected};
    for (before, after, kind) in [
        (line("r", [1, 1], Accepted), now("r", 1, 1, " yes\n"), None),
        (line("r", [1, 1], Accepted), now("r", 1, 1, "no"), Some(ChangeKind::Text)),
        (line("r", [1, 1], Accepted), now("r", 0, 1, "yes"), Some(ChangeKind::Worse)),
        (line("r", [1, 1], Accepted), now("r", 2, 3, "yes"), None),
        (line("r", [0, 1], Accepted), now("r", 3, 3, "yes"), Some(ChangeKind::Fixed)),
        (line("r", [0, 0], Accepted), now("r", 0, 1, "yes"), Some(ChangeKind::New)),
        (line("r", [3, 3], Pinned), now("r", 4, 5, "yes"), Some(ChangeKind::Worse)),
        (line("r", [3, 3], Pinned), now("r", 5, 5, "no"), Some(ChangeKind::Text)),
        // 5/5 against 1/5 is p = 0.048, against 0/5 0.008.
        (line("r", [5, 5], Flaky), now("r", 1, 5, "no"), None),
        (line("r", [5, 5], Flaky), now("r", 0, 5, "no"), Some(ChangeKind::Worse)),
        (line("r", [0, 5], Flaky), now("r", 5, 5, "no"), Some(ChangeKind::Fixed)),
        (line("r", [1, 1], Rejected), now("r", 0, 1, "no"), Some(ChangeKind::Worse)),
        (line("r", [1, 1], Rejected), now("r", 1, 1, "yes"), Some(ChangeKind::Fixed)),
        (line("r", [1, 1], Rejected), now("r", 1, 1, "no"), Some(ChangeKind::Text)),
    ] {
        let review = BaselineReview::of(&baseline([before.clone()]), std::slice::from_ref(&after), true);
        assert_eq!(review.changes.first().map(|change| change.kind), kind, "{before:?} {after:?}");
    }
    let steady = ObservedRow { steady: STEADY, ..now("r", 5, 5, "no") };
    let review = BaselineReview::of(&baseline([line("r", [3, 5], Flaky)]), &[steady], true);
    assert_eq!(review.changes.first().map(|change| change.kind), Some(ChangeKind::Steady));
}

#[test]
fn rows_that_nobody_asked_are_neither_gone_nor_good() {
    let mut elsewhere = line("c", [1, 1], BaselineState::Accepted);
    "other".clone_into(&mut elsewhere.target);
    let known =
        baseline([line("a", [1, 1], BaselineState::Accepted), line("b", [1, 1], BaselineState::Pinned), elsewhere]);
    let seen = [now("a", 0, 0, "")];
    let whole = BaselineReview::of(&known, &seen, true);
    assert_eq!((whole.count(ChangeKind::Gone), whole.unjudged, whole.holds()), (1, 1, false));
    let part = BaselineReview::of(&known, &[now("a", 1, 1, "yes")], false);
    assert_eq!((part.changes.len(), part.holds()), (0, true));
    let lost = BaselineReview::of(&known, &[now("a", 1, 1, "yes")], true);
    assert!(!lost.holds(), "a test that is gone is no test that passes");
    let silent = BaselineReview::of(&Baseline::default(), &[now("n", 0, 0, "")], true);
    assert_eq!((silent.changes.len(), silent.unjudged), (0, 1), "no answer is none to be accepted");
    let fresh = BaselineReview::of(&Baseline::default(), &[now("n", 0, 1, "no")], true);
    assert!(!fresh.holds(), "a row that fails and that nobody has looked at is not as good as before");
}

#[test]
fn what_got_worse_comes_first_and_the_rest_in_the_order_of_the_rows() {
    let known = baseline([
        line("a", [1, 1], BaselineState::Accepted),
        line("b", [1, 1], BaselineState::Accepted),
        line("c", [0, 1], BaselineState::Accepted),
        line("d", [1, 1], BaselineState::Accepted),
    ]);
    let seen = [now("x", 1, 1, "yes"), now("c", 1, 1, "yes"), now("b", 0, 1, "no"), now("a", 1, 1, "no")];
    let review = BaselineReview::of(&known, &seen, true);
    let order: Vec<(ChangeKind, &str)> = review.changes.iter().map(|change| (change.kind, change.row())).collect();
    assert_eq!(
        order,
        [
            (ChangeKind::Worse, "b"),
            (ChangeKind::Fixed, "c"),
            (ChangeKind::Text, "a"),
            (ChangeKind::New, "x"),
            (ChangeKind::Gone, "d")
        ]
    );
    assert_eq!(review.sentence(), "1 worse, 1 fixed, 1 text changed, 1 new, 1 gone, 0 as before");
}

#[test]
fn a_flip_is_asked_twice_more_and_a_flaky_row_five_times_in_all() {
    let known = baseline([
        line("a", [1, 1], BaselineState::Accepted),
        line("b", [1, 1], BaselineState::Accepted),
        line("c", [4, 5], BaselineState::Flaky),
        line("d", [1, 1], BaselineState::Pinned),
        line("e", [1, 1], BaselineState::Accepted),
    ]);
    let seen = [
        now("a", 0, 1, "no"),
        now("b", 1, 1, "no"),
        now("c", 1, 2, "no"),
        now("d", 0, 1, "no"),
        now("e", 0, 0, ""),
        now("f", 0, 1, "new"),
    ];
    let more: Vec<u64> = again(&known, &seen).into_iter().map(|(_, more)| more).collect();
    assert_eq!(more, [2, 3]);
}

#[test]
fn decisions_are_what_the_file_says_then() {
    let known = || baseline([line("r", [1, 1], BaselineState::Accepted)]);
    let review = BaselineReview::of(&known(), &[now("r", 1, 3, "no"), now("n", 0, 1, "no")], true);
    let [worse, fresh] = &review.changes[..] else { panic!("{review:?}") };
    let after = |change: &BaselineChange, decision: ReviewDecision| {
        let mut file = known();
        file.decide(change, &decision).map(|()| file.line(change.row(), "m").cloned())
    };
    let accepted = after(worse, ReviewDecision::Accept).unwrap().unwrap();
    assert_eq!((accepted.passed, accepted.version.as_str()), ([1, 3], "abc"));
    let rejected = after(worse, ReviewDecision::Reject("late".to_owned())).unwrap().unwrap();
    assert_eq!((rejected.state, rejected.passed, rejected.why.as_str()), (BaselineState::Rejected, [1, 1], "late"));
    let flaky = after(worse, ReviewDecision::Flaky).unwrap().unwrap();
    assert_eq!((flaky.state, flaky.passed), (BaselineState::Flaky, [1, 3]));
    let pinned = after(worse, ReviewDecision::Pin).unwrap().unwrap();
    assert_eq!((pinned.state, pinned.passed, pinned.input), (BaselineState::Pinned, [1, 1], Some(Input::of("r"))));
    assert!(after(fresh, ReviewDecision::Reject(String::new())).unwrap_err().contains("cannot be rejected"));
    assert!(after(fresh, ReviewDecision::Flaky).unwrap_err().contains("0 of 1 passed"));
    let gone = BaselineReview::of(&known(), &[now("n", 1, 1, "yes")], true).changes.remove(1);
    assert_eq!(after(&gone, ReviewDecision::Accept).unwrap(), None);
    assert!(after(&gone, ReviewDecision::Pin).is_err());
}

#[test]
fn a_row_keeps_its_name_whatever_is_expected_of_it() {
    let mut input = Input::of("My parcel never came");
    let name = row_name(&input);
    // hashlib.sha256(b'{"text":"My parcel never came"}').hexdigest()[:12]
    assert_eq!(name, "542f76c23524");
    input.vars.insert("expected".to_owned(), "negative".into());
    assert_eq!(row_name(&input), name);
    input.vars.insert("tone".to_owned(), "kind".into());
    assert_ne!(row_name(&input), name);
}

#[test]
fn json_is_the_same_whatever_its_order_and_text_whatever_its_white_space() {
    let json = KeptAnswer::Text("{\"a\":1,\"b\":2}".to_owned());
    assert!(json.is("```json\n{\"b\": 2.0, \"a\": 1}\n```", true));
    assert!(!json.is("{\"b\": 2.0, \"a\": 1}", false) && !json.is("{\"a\":1}", true));
    let long = "a b ".repeat(1000);
    let kept = KeptAnswer::of(&long, false);
    assert!(kept.text().is_none() && kept.is(&long.replace(' ', "\n"), false) && !kept.is("a", false));
}
