//! Any config of promptfoo's is read or its mistake is named with the file, and one with prompts is written so that
//! it is read again.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use retort::promptfoo;

fuzz_target!(|text: &str| {
    let file = Path::new("promptfooconfig.yaml");
    match promptfoo::parse(text, file) {
        Ok(suite) => {
            let written = promptfoo::write(&suite);
            let again = promptfoo::parse(&written, file);
            assert!(suite.prompts.is_empty() || again.is_ok(), "{written}\n{again:?}");
        }
        Err(error) => assert!(error.to_string().contains("promptfooconfig.yaml"), "{error}"),
    }
});
