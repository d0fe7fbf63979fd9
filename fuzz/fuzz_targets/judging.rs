//! Any schema, any rule and any answer: they are refused or judged within bounds, and never panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use retort::{
    eval::{Answer, CheckSuite},
    model::{Check, Cost, Format, Response},
};

fuzz_target!(|input: (&str, &str, &str)| {
    let (schema, rule, text) = input;
    let schema = serde_json::from_str(schema).ok();
    let checks: Vec<Check> = serde_json::from_str(rule).into_iter().collect();
    let format = if schema.is_some() { Format::Schema } else { Format::Json };
    let response = Response { format, schema, ..Response::default() };
    if let Ok(judge) = CheckSuite::new(&response, &checks) {
        let answer = Answer { text, finish: None, latency: None, cost: Cost::default() };
        assert_eq!(judge.judge(&answer), judge.judge(&answer));
    }
});
