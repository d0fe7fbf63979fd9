//! Any YAML is read within bounds or its mistake is named; what was read, written as JSON, is YAML of the same value.
#![no_main]

use libfuzzer_sys::fuzz_target;
use retort::dataset::yaml::document;

fuzz_target!(|text: &str| {
    if let Ok(value) = document::read(text) {
        let value = value.to_value();
        let written = value.to_string();
        let again = document::read(&written).map(|again| again.to_value());
        assert_eq!(again.as_ref(), Ok(&value), "{written}");
    }
});
