//! Any settings file is read or its mistake is named with the file.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use retort::config;

fuzz_target!(|text: &str| {
    if let Err(error) = config::parse(text, Path::new("config.toml"), &|_| None) {
        assert!(error.to_string().contains("config.toml"), "{error}");
    }
});
