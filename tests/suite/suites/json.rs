//! `JSONTestSuite`: an answer that is nothing but JSON is read, and one that is not is refused.
//! <https://github.com/nst/JSONTestSuite>

use std::fs;

use retort::eval::{Found, JsonTypes, extract};

use super::{Outcomes, files, suite};

#[test]
#[ignore = "runs on a copy of the suite: tests/suites/run.sh"]
fn the_json_test_suite_has_nothing_wrong() {
    let (mut must, mut may) = (Outcomes::default(), Outcomes::default());
    for (name, path) in files(&suite("json/test_parsing"), "json") {
        let bytes = fs::read(&path).unwrap();
        // What is not UTF-8 never comes to be an answer's text.
        let text = String::from_utf8(bytes).map_err(|error| error.utf8_error().to_string());
        let read = text.and_then(|text| match extract(&text, JsonTypes::OBJECT) {
            Ok((_, how)) if how.found == Found::Whole => Ok(()),
            Ok((_, how)) => Err(format!("{:?}", how.found)),
            Err(error) => Err(error.problem),
        });
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
