//! Any YAML is read within bounds or its mistake is named, and what was read is written so that it is read the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use retort::store::yaml;

fuzz_target!(|text: &str| {
    if let Ok(value) = yaml::read(text) {
        let value = value.into_value();
        let written = yaml::write(&value);
        let again = yaml::read(&written).map(|again| again.into_value());
        assert_eq!(again.as_ref(), Ok(&value), "{written}");
    }
});
