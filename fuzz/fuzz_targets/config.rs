//! Any settings file is read or its mistake is named with the file.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use retort::config;

fuzz_target!(|text: &str| {
    if let Err(fault) = config::parse(text, Path::new("config.toml"), &|_| None) {
        assert!(fault.to_string().contains("config.toml"), "{fault}");
    }
});
