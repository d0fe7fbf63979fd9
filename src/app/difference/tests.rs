//! What a reader sees of a difference, and where the window goes.

use super::*;

fn side(raw: &str) -> Arc<Side> {
    Arc::new(Side::of(raw, None))
}

fn shown(difference: &Difference) -> String {
    let mut view = difference.view.clone();
    view.fit(200, 200);
    view.seen().map(|(_, row)| row.text.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

#[test]
fn texts_are_one_text_with_brackets() {
    let difference =
        Difference::new(&side("The parcel is late.\n\nSorry."), &side("The parcel was late.\n\nSorry.\n\nBye."));
    assert_eq!(shown(&difference), "The parcel [-is-]{+was+} late.\n\nSorry.\n\n{+Bye.+}");
    assert_eq!(difference.summary(), Summary::Words { differ: 2, by_lines: false });
    assert_eq!(difference.count(), (None, 2));
}

#[test]
fn json_is_one_value_with_signs() {
    let old = r#"{"label": "negative", "why": "the parcel came late", "tags": ["a", "b"], "gone": {"x": 1}, "deep": {"n": 1, "m": 2}}"#;
    let new = r#"{"label": "neutral", "why": "the parcel came very late", "tags": ["a", "b"], "deep": {"m": 2, "n": 1.5}, "new": [true]}"#;
    let difference = Difference::new(&side(old), &side(new));
    assert_eq!(
        shown(&difference),
        r#"{
~ "label": [-"negative"-]{+"neutral"+},
~ "why": "the parcel came {+very+} late",
  "tags": [… 2 items],
- "gone": {
-   "x": 1
- },
  "deep": {
    "m": 2,
~   "n": [-1-]{+1.5+}
  },
+ "new": [
+   true
+ ]
}"#
    );
    assert_eq!(difference.summary(), Summary::Fields { differ: 5, of: 8 });
    assert_eq!(difference.count(), (None, 5));
}

#[test]
fn order_and_white_space_are_no_difference() {
    let summary = |old, new| Difference::new(&side(old), &side(new)).summary();
    assert_eq!(summary("{\"a\": 1, \"b\": 2}", "{\"b\": 2.0, \"a\": 1}"), Summary::SameJson);
    assert_eq!(summary("{\"a\": 1}", "{\"a\": 1}"), Summary::Same);
    assert_eq!(summary("one two", "one\ntwo"), Summary::Same);
    let same = Difference::new(&side("[1, 2]"), &side("[1,2]"));
    assert_eq!((shown(&same).as_str(), same.count()), ("[\n  1,\n  2\n]", (None, 0)));
}

#[test]
fn a_long_run_of_equal_elements_is_cut_short() {
    let array = |first: usize| serde_json::to_string(&(first..first + 40).collect::<Vec<_>>()).unwrap();
    let text = shown(&Difference::new(&side(&array(1)), &side(&array(0))));
    assert_eq!(text, "[\n+ 0,\n  1,\n  2,\n  3,\n  … 33 more that are the same\n  37,\n  38,\n  39,\n- 40\n]");
}

#[test]
fn differences_are_walked_round_from_what_is_in_sight() {
    let text = |odd: &str| {
        (0..60).map(|n| format!("line {n} {}\n", if n % 20 == 5 { odd } else { "x" })).collect::<Vec<_>>().concat()
    };
    let mut difference = Difference::new(&side(&text("a")), &side(&text("b")));
    difference.view_mut().fit(40, 10);
    difference.view_mut().scroll(10);
    let mut seen = Vec::new();
    for _ in 0..4 {
        difference.step(true);
        seen.push(difference.count().0.unwrap());
    }
    assert_eq!(seen, [2, 3, 1, 2]);
    difference.step(false);
    assert_eq!(difference.count(), (Some(1), 3));
    let (row, _) = difference.view().seen().find(|(row, _)| difference.marks(*row).any(|(.., here)| here)).unwrap();
    let marks: Vec<_> = difference.marks(row).collect();
    assert_eq!(marks, [(7..12, Change::Removed, true), (12..17, Change::Added, true)]);
}

#[test]
fn a_place_is_found_again_on_the_other_side() {
    let paragraphs = |first: &str| {
        format!("{first}\n\n") + &(0..30).map(|n| format!("paragraph {n}\n\n")).collect::<Vec<_>>().concat()
    };
    let (old, new) = (side(&paragraphs("short")), side(&paragraphs("much longer\nthan\nit\nwas")));
    let mut difference = Difference::new(&old, &new);
    difference.view_mut().fit(40, 8);
    let byte = old.text.find("paragraph 9").unwrap();
    difference.align(&Place::Byte(byte));
    let (_, row) = difference.view().seen().next().unwrap();
    assert_eq!(row.text, "paragraph 9");
    assert_eq!(difference.place(), Place::Byte(byte));

    let json = |n: usize| {
        let many: Vec<usize> = (0..9).map(|m| m * n).collect();
        format!("{{\"a\": {n}, \"c\": {{\"d\": {n}}}, \"b\": {many:?}}}")
    };
    let mut difference = Difference::new(&side(&json(1)), &side(&json(2)));
    difference.view_mut().fit(40, 5);
    assert!(difference.align(&Place::Path("/c/d/not/there".to_owned())));
    assert_eq!(difference.place(), Place::Path("/c/d".to_owned()));
    assert!(!difference.align(&Place::Byte(0)));
}
