//! What vendors send beside what their wire has: where the counts and the reasoning of an answer stand
//! (`fixtures/wire/vendors.jsonl`), and their own words for errors. The rows of the table of vendors are held to it.

use std::{fs, path::Path};

use retort::model::{Wire, vendor::Vendor};
use serde_json::Value;

use super::{bodies, read, summary};

/// The answers, each with its vendor, its events, and what comes of them.
fn answers() -> Vec<Value> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/wire/vendors.jsonl");
    fs::read_to_string(file).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The names of a place, from the outermost: `choices[].usage`.
fn names(place: &str) -> impl Iterator<Item = String> + '_ {
    place.split(['.', ':']).map(|name| name.trim().trim_end_matches("[]").to_owned())
}

#[test]
fn the_answers_of_each_vendor_come_out_with_their_counts_and_their_reasoning() {
    for answer in answers() {
        let events = answer["events"].as_array().unwrap();
        let events = events.iter().map(Value::to_string).chain(["[DONE]".to_owned()]);
        let stream: String = events.map(|event| ["data: ", &event, "\n\n"].concat()).collect();
        let (events, error) = read(Wire::OpenAi, Some("text/event-stream"), &[stream.as_bytes()]);
        assert_eq!(summary(&events, error.as_ref()), answer["comes"].as_str().unwrap(), "{}", answer["vendor"]);
    }
}

#[test]
fn every_place_of_the_table_of_vendors_is_one_that_an_answer_has() {
    for vendor in Vendor::all() {
        for place in vendor.usage.iter().chain(&vendor.reasoning) {
            let has = |answer: &Value| {
                answer["vendor"] == vendor.name.as_str()
                    && names(place).all(|name| answer["events"].to_string().contains(&name))
            };
            assert!(answers().iter().any(has), "{}: no answer in vendors.jsonl has {place}", vendor.name);
        }
    }
}

#[test]
fn every_error_of_the_table_of_vendors_is_taken_as_it_says() {
    for vendor in Vendor::all() {
        for (words, class) in &vendor.errors {
            let tried = bodies::rows().into_iter().any(|row| {
                let body = bodies::body(&row);
                body.replace("\\\"", "\"").contains(words) && bodies::read(&row, &body).class == *class
            });
            assert!(tried, "{}: no body in bodies.jsonl has {words} and is {class}", vendor.name);
        }
    }
}
