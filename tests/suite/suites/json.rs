//! `JSONTestSuite`: an answer that is nothing but JSON is read, and one that is not is refused.
//! <https://github.com/nst/JSONTestSuite>

use std::fs;

use retort::eval::{FoundJson, JsonTypes, extract};

use super::{Outcomes, files, suite};

#[test]
#[ignore = "needs data: tests/suites/run.sh runs it"]
fn the_json_test_suite_has_nothing_wrong() {
    let folder = suite("json/test_parsing");
    let (mut must, mut may) = (Outcomes::default(), Outcomes::default());
    for (name, path) in files(&folder, "json") {
        let bytes = fs::read(&path).unwrap();
        // What is not UTF-8 never comes to be an answer's text.
        let read = match str::from_utf8(&bytes).map(|text| extract(text, JsonTypes::OBJECT)) {
            Ok(Ok((_, how))) if how.found == FoundJson::Whole => Ok(()),
            Ok(Ok((_, how))) => Err(format!("{:?}", how.found)),
            Ok(Err(error)) => Err(error.problem),
            Err(_) => Err("it is not UTF-8".to_owned()),
        };
        match (name.split('_').next(), read) {
            (Some("y"), read) => must.take(name.clone(), read.is_ok(), &format!("to be read, {read:?}")),
            (Some("n"), read) => must.take(name, read.is_err(), "to be refused"),
            (Some("i"), Ok(())) => may.right += 1,
            (Some("i"), Err(why)) => may.refuse(name, why),
            (other, _) => panic!("{name}: what is {other:?}?"),
        }
    }
    must.print("JSONTestSuite (y_ and n_)");
    may.print("JSONTestSuite (i_, which may be read or refused)");
    assert!(must.wrong.is_empty(), "{:#?}", must.wrong);
    assert!(must.right > 280, "{}", must.right);
}
