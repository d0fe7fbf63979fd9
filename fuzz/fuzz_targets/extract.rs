//! Any answer is JSON or is not: no panic, and JSON that is there by itself is found as it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use retort::eval::{JsonTypes, extract};

fuzz_target!(|text: &str| {
    if let Ok((value, _)) = extract(text, JsonTypes::OBJECT) {
        let again = extract(&value.to_string(), JsonTypes::OBJECT);
        assert!(again.is_ok_and(|(same, _)| same == value), "{value}");
    }
});
