//! Any prompt file is read or its mistake is named with the file, and what was read is written so
//! that it is read the same.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use retort::{model::prompt_toml, store::prompts};

fuzz_target!(|text: &str| {
    let file = Path::new("prompt.toml");
    match prompts::parse(text, file) {
        Ok(prompt) => {
            if let Ok(written) = prompt_toml::write(&prompt) {
                let again = prompts::parse(&written, file);
                assert!(again.as_ref().is_ok_and(|again| *again == prompt), "{written}\n{again:?}");
            }
        }
        Err(error) => assert!(error.to_string().contains("prompt.toml"), "{error}"),
    }
});
