//! Any config of promptfoo's is read or its mistake is named with the file, and what was read is written so that it
//! is read the same.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use retort::store::promptfoo;

fuzz_target!(|text: &str| {
    let file = Path::new("promptfooconfig.yaml");
    match promptfoo::parse(text, file) {
        Ok(suite) => {
            let written = promptfoo::write(&suite);
            assert!(promptfoo::parse(&written, file).is_ok(), "{written}");
        }
        Err(fault) => assert!(fault.to_string().contains("promptfooconfig.yaml"), "{fault}"),
    }
});
