//! Every setting has a variable: over the file, under the command line, and named where its value is wrong.

use std::path::Path;

use retort::{config, config::setting_table::FILE_SETTINGS, model::Settings};

use crate::support::home::Home;

/// Reads a text as the settings, with one variable set.
fn read(text: &str, variable: &str, value: &str) -> Result<Settings, String> {
    let env = |name: &str| (name == variable).then(|| value.to_owned());
    config::parse(text, Path::new("config.toml"), &env).map_err(|error| error.message)
}

#[test]
fn a_variable_sets_every_setting_and_an_empty_one_none() {
    let usual = read("", "", "").unwrap();
    for setting in FILE_SETTINGS {
        let variable = setting.variable();
        let set = read("", &variable, setting.example).unwrap_or_else(|error| panic!("{variable}: {error}"));
        assert!(set != usual, "{variable}={} changes nothing", setting.example);
        assert_eq!(read("", &variable, " ").unwrap(), usual, "{variable}");
    }
}

#[test]
fn a_variable_wins_over_the_file() {
    let file = "judge = \"a\"\nmouse = false\n[retry]\nattempts = 2\nmin_wait = \"2s\"\n[tools]\nenv = [\"A\"]\n";
    assert_eq!(read(file, "RETORT_RETRY_ATTEMPTS", "5").unwrap().retry.attempts, 5);
    assert_eq!(read(file, "RETORT_JUDGE", "b").unwrap().judge.as_deref(), Some("b"));
    assert!(read(file, "RETORT_MOUSE", "on").unwrap().mouse);
    assert_eq!(read(file, "RETORT_TOOLS_ENV", "B, C").unwrap().tool_env, ["B", "C"]);
    let other = read(file, "RETORT_CACHE_ENABLED", "no").unwrap();
    assert!(other.retry.attempts == 2 && !other.cache.enabled, "what no variable says, the file says");
}

#[test]
fn a_value_that_cannot_be_read_is_told_by_its_variable() {
    let free = [
        "default_model",
        "judge",
        "tools.env",
        "serve.host",
        "serve.hosts",
        "serve.fallback",
        "serve.checks",
        "telemetry.service",
    ];
    for setting in FILE_SETTINGS.iter().filter(|setting| !free.contains(&&*setting.path())) {
        let variable = setting.variable();
        let wrong = read("", &variable, "a b").unwrap_err();
        assert!(wrong.contains(&variable) && !wrong.contains("config.toml"), "{wrong}");
    }
    for (variable, value, file) in [
        ("RETORT_BATCH_CONCURRENCY", "0", "[batch]\nconcurrency = 4\n"),
        ("RETORT_TIMEOUTS_CONNECT", "0s", ""),
        ("RETORT_RETRY_QUALITY", "2", ""),
        ("RETORT_RETRY_MIN_WAIT", "1h", ""),
        ("RETORT_LIMITS_MAX_INPUT_BYTES", "-1", ""),
        ("RETORT_THEME", "blue", ""),
    ] {
        let wrong = read(file, variable, value).unwrap_err();
        assert!(wrong.starts_with(&format!("the environment variable {variable} cannot be used: ")), "{wrong}");
    }
    let of_file = read("[batch]\nconcurrency = 0\n", "RETORT_JUDGE", "a").unwrap_err();
    assert!(of_file.starts_with("config.toml:2:"), "{of_file}");
}

#[test]
fn the_command_line_wins_over_a_variable() {
    let home = Home::new();
    home.file("work/in.txt", "It works.");
    home.file("config/config.toml", "default_model = \"nobody-knows-this\"\n");
    let run = |more: &[&str], value: &str| {
        let arguments = [&["run", "sentiment", "-i", "in.txt", "--allow-inconclusive"], more].concat();
        crate::support::home::Ran::of(home.command(&arguments).env("RETORT_DEFAULT_MODEL", value).output().unwrap())
    };
    let by_variable = run(&[], "demo");
    assert!(matches!(by_variable.code, Some(0 | 100)), "{by_variable:?}");
    let by_option = run(&["-m", "demo"], "nobody-knows-that");
    assert!(matches!(by_option.code, Some(0 | 100)), "{by_option:?}");
    let wrong = run(&[], "nobody-knows-that");
    assert!(wrong.code == Some(2) && wrong.err.contains("nobody-knows-that"), "{wrong:?}");
}
