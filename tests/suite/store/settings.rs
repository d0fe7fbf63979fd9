//! Settings: every mistake by its exact words.

use std::{collections::BTreeSet, path::Path, time::Duration};

use proptest::prelude::*;
use retort::{
    config,
    model::{KeySource, PicoDollars, Settings, vendor::Vendor, wire::Wire},
};

use super::{env_of, places_in};

fn read(text: &str) -> Result<Settings, String> {
    config::parse(text, Path::new("config.toml"), &env_of(&[])).map_err(|error| error.message)
}

/// Files with one mistake each, and what is said of it.
const MISTAKES: &[(&str, &str)] = &[
    (
        r#"theme = "dark"
mouse = maybe"#,
        "config.toml:2:9: string values must be quoted, expected literal string
  2 | mouse = maybe",
    ),
    (
        r#"defualt_model = "x""#,
        r#"config.toml:1:1: unknown key `defualt_model`; did you mean `default_model`?
  1 | defualt_model = "x"
  the file takes default_model, judge, theme, accessible, mouse, pictures, providers, models, retry, timeouts, batch, limits, cache, serve, telemetry, tools, keys"#,
    ),
    (
        "[retry]
atempts = 3",
        "config.toml:2:1: unknown key `atempts` in [retry]; did you mean `attempts`?
  2 | atempts = 3
  [retry] takes attempts, min_wait, max_wait, max_retry_after, total_attempts, quality",
    ),
    (
        "[retry]
attempts = 0",
        "config.toml:2:12: `attempts` must be at least 1
  2 | attempts = 0",
    ),
    (
        r#"[retry]
attempts = "three""#,
        r#"config.toml:2:12: `attempts` in [retry]: expected a whole number from 0 up, found a text
  2 | attempts = "three""#,
    ),
    (
        "[retry]
attempts = -1",
        "config.toml:2:12: `attempts` in [retry]: expected a whole number from 0 up
  2 | attempts = -1",
    ),
    (
        "[retry]
min_wait = 4",
        r#"config.toml:2:12: `min_wait` in [retry]: expected a time such as "500ms", "4s" or "2m", found a whole number
  2 | min_wait = 4"#,
    ),
    (
        r#"[retry]
min_wait = "4 parsecs""#,
        r#"config.toml:2:12: `min_wait` in [retry]: expected a time such as "500ms", "4s" or "2m"
  2 | min_wait = "4 parsecs""#,
    ),
    (
        r#"[retry]
min_wait = "20s""#,
        r#"config.toml:2:12: `min_wait` (20s) must not be longer than `max_wait` (10s)
  2 | min_wait = "20s""#,
    ),
    (
        r#"[retry]
max_wait = "1s""#,
        r#"config.toml:2:12: `min_wait` (4s) must not be longer than `max_wait` (1s)
  2 | max_wait = "1s""#,
    ),
    (
        "[retry]
total_attempts = 0",
        "config.toml:2:18: `total_attempts` must be at least 1
  2 | total_attempts = 0",
    ),
    (
        "[retry]
quality = 2",
        "config.toml:2:11: `quality` must be 0 or 1
  2 | quality = 2",
    ),
    (
        "retry = 3",
        "config.toml:1:9: `retry`: expected a table, found a whole number
  1 | retry = 3",
    ),
    (
        r#"[timeouts]
answer = "0s""#,
        r#"config.toml:2:10: `answer` must be longer than nothing
  2 | answer = "0s""#,
    ),
    (
        r#"[providers.openai]
kind = "openai"
requests_per_minute = 0"#,
        "config.toml:3:23: `requests_per_minute` must be at least 1
  3 | requests_per_minute = 0",
    ),
    (
        r#"[timeouts]
idle = "0s""#,
        r#"config.toml:2:8: `idle` must be longer than nothing
  2 | idle = "0s""#,
    ),
    (
        "[batch]
concurrency = 0",
        "config.toml:2:15: `concurrency` must be at least 1
  2 | concurrency = 0",
    ),
    (
        "[cache]
capacity = 0",
        "config.toml:2:12: `capacity` must be at least 1
  2 | capacity = 0",
    ),
    (
        r#"[cache]
enabled = "yes""#,
        r#"config.toml:2:11: `enabled` in [cache]: expected true or false, found a text
  2 | enabled = "yes""#,
    ),
    (
        "[provider.local]
x = 1",
        "config.toml:1:2: unknown key `provider`; did you mean `providers`?
  1 | [provider.local]
  the file takes default_model, judge, theme, accessible, mouse, pictures, providers, models, retry, timeouts, batch, limits, cache, serve, telemetry, tools, keys",
    ),
    (
        "[prices]
x = 1",
        "config.toml:1:2: unknown key `prices`
  1 | [prices]
  the file takes default_model, judge, theme, accessible, mouse, pictures, providers, models, retry, timeouts, batch, limits, cache, serve, telemetry, tools, keys",
    ),
    (
        r#"[providers.local]
base_url = "http://x""#,
        "config.toml:1:1: [providers.local] needs the key `wire`, or `vendor` with a name from docs/vendors.md
  1 | [providers.local]",
    ),
    (
        "[providers.local]
kind = 3",
        "config.toml:2:8: `kind` in [providers.local]: expected a text in quotes
  2 | kind = 3",
    ),
    (
        r#"[providers.local]
kind = "openai"
base_url = "127.0.0.1:8080""#,
        r#"config.toml:3:12: `base_url` must begin with http:// or https://
  3 | base_url = "127.0.0.1:8080""#,
    ),
    (
        r#"[providers.local]
kind = "openai"
base_url = "http://me:hunter2@host/v1""#,
        r#"config.toml:3:12: `base_url` must hold no user name or password; name the key in `api_keys`
  3 | base_url = "…""#,
    ),
    (
        r#"[providers.local]
kind = "openai"
base_url = "http://host/v1?key=hunter2""#,
        r#"config.toml:3:12: `base_url` must end with its path, without ? or #
  3 | base_url = "…""#,
    ),
    (
        r#"[providers.local]
kind = "openai"
api_keys = ["env:GOOD", "sk-hunter2"]"#,
        r#"config.toml:3:25: a key is named by env:NAME, file:PATH or cmd:COMMAND, and never written into the settings itself
  3 | api_keys = ["env:GOOD", "…"]"#,
    ),
    (
        r#"[providers.local]
kind = "openai"
api_keys = [
  "env:GOOD",
  "hunter2",
]"#,
        r#"config.toml:5:3: a key is named by env:NAME, file:PATH or cmd:COMMAND, and never written into the settings itself
  5 |   "…","#,
    ),
    (
        r#"[providers.local]
kind = "openai"
api_keys = "hunter2""#,
        r#"config.toml:3:12: `api_keys` in [providers.local]: expected a list in [ ], found a text
  3 | api_keys = "…""#,
    ),
    (
        r#"[providers.local]
kind = "openai"
api_key = "hunter2""#,
        r#"config.toml:3:1: unknown key `api_key` in [providers.local]; did you mean `api_keys`?
  3 | api_key = "…"
  [providers.local] takes vendor, kind, base_url, api_keys, command, recordings, env, ca_file, client_cert, client_key, proxy, timeout, concurrency, requests_per_minute, tokens_per_minute, wire, headers, query, auth, path, params, extra, drop, rename, stream, system, allow_http, input_price, output_price, cached_price, audio_input_price, audio_output_price, context, max_output, timeouts"#,
    ),
    (
        r#"[providers.local]
kind = "openai"
api_keys = [hunter2]"#,
        "config.toml:3:13: string values must be quoted, expected literal string
  3 | api_keys = […]",
    ),
    (
        r#"[providers.local]
kind = "openai"
api_keys = ["env:hunter-2"]"#,
        r#"config.toml:3:13: what follows env: is not a variable's name; write the name and export the key
  3 | api_keys = ["…"]"#,
    ),
    (
        r#"[providers.local]
kind = "openai"
api_keys = ["keyring:x/"]"#,
        r#"config.toml:3:13: what follows keyring: is SERVICE or SERVICE/USER
  3 | api_keys = ["…"]"#,
    ),
    #[cfg(not(feature = "keyring"))]
    (
        r#"[providers.local]
kind = "openai"
api_keys = ["keyring:x"]"#,
        r#"config.toml:3:13: keyring: is read by the system's own command: write cmd:secret-tool lookup service SERVICE username USER, or on macOS cmd:security find-generic-password -s SERVICE -a USER -w; a build with `--features keyring` reads it itself
  3 | api_keys = ["…"]"#,
    ),
    (
        r#"[providers.local]
kind = "openai"
api_keys = ["cmd:pass 'x"]"#,
        r#"config.toml:3:13: what follows cmd: has a quote that is not closed
  3 | api_keys = ["cmd:pass '…"]"#,
    ),
    (
        r#"[providers.local]
kind = "command""#,
        r#"config.toml:1:12: a provider of kind `command` needs `command = ["program", "argument"]`
  1 | [providers.local]"#,
    ),
    (
        r#"[providers.local]
kind = "openai"
command = ["cat"]"#,
        r#"config.toml:3:11: `command` goes with `kind = "command"` alone
  3 | command = ["cat"]"#,
    ),
    (
        r#"[providers.local]
kind = "openai"
headers = { Authorization = "Bearer hunter2" }"#,
        r#"config.toml:3:29: the header `Authorization` carries a secret by its name; write `env:NAME` and export NAME, or file:PATH, cmd:COMMAND
  3 | headers = { … = "… …" }"#,
    ),
    (
        r#"[providers.local]
kind = "openai"
headers = { x-team = "sk-hunter2-hunter2" }"#,
        r#"config.toml:3:22: the header `x-team` has a value that looks like a secret; write `env:NAME` and export NAME, or file:PATH, cmd:COMMAND
  3 | headers = { … = "…" }"#,
    ),
    (
        r#"[providers.local]
kind = "openai"
headers = { x-team = "env:sk-hunter2" }"#,
        r#"config.toml:3:22: the header `x-team`: what follows env: is not a variable's name; write the name and export the key
  3 | headers = { … = "…" }"#,
    ),
    (
        r#"[providers.local]
kind = "openai"
headers = { x-team = "{{env.TEAM}}" }"#,
        r#"config.toml:3:22: the header `x-team` is no template; write `env:NAME` and export NAME, or file:PATH, cmd:COMMAND
  3 | headers = { … = "{{…}}" }"#,
    ),
    (
        r#"[providers.local]
kind = "openai"
env = ["TEAM=hunter2"]"#,
        r#"config.toml:3:8: `env` lists names of environment variables, without their values
  3 | env = ["…=…"]"#,
    ),
    (
        r#"[providers.local]
kind = "openai"
timeout = "0s""#,
        r#"config.toml:3:11: `timeout` must be longer than nothing
  3 | timeout = "0s""#,
    ),
    (
        r#"[providers."a/b"]
kind = "openai""#,
        r#"config.toml:1:1: provider `a/b` must be named in letters, digits, - _ .
  1 | [providers."a/b"]"#,
    ),
    (
        r#"[models.small]
provider = "olama"
model = "x""#,
        r#"config.toml:2:12: there is no provider `olama`; did you mean `ollama`?
  2 | provider = "olama"
  add [providers.olama], or name one of anthropic, demo, ollama, openai"#,
    ),
    (
        r#"[models.small]
provider = "ollama""#,
        "config.toml:1:1: [models.small] needs the key `model`
  1 | [models.small]",
    ),
    (
        r#"[models.small]
provider = "ollama"
model = """#,
        r#"config.toml:3:9: `model` must be the model's name at the provider
  3 | model = """#,
    ),
    (
        r#"[models.small]
provider = "ollama"
model = "x"
input_price = -1.0"#,
        "config.toml:4:15: `input_price` must be US dollars per million tokens, from 0 up
  4 | input_price = -1.0",
    ),
    (
        r#"[models.small]
provider = "ollama"
model = "x"
context = 0"#,
        "config.toml:4:11: `context` must be at least 1
  4 | context = 0",
    ),
    (
        r#"default_model = " ""#,
        r#"config.toml:1:17: `default_model` must name a model
  1 | default_model = " ""#,
    ),
    (
        "[keys]
run = 5",
        r#"config.toml:2:7: `run` in [keys]: expected a chord such as "ctrl-r", or a list of them
  2 | run = 5"#,
    ),
    (
        r#"[keys]
run = ["f5", 5]"#,
        r#"config.toml:2:7: `run` in [keys]: expected a chord such as "ctrl-r", or a list of them
  2 | run = ["f5", 5]"#,
    ),
    (
        r#"theme = "a"
theme = "b""#,
        r#"config.toml:2:1: duplicate key
  2 | theme = "b""#,
    ),
    (
        "[retry",
        "config.toml:1:7: unclosed table, expected `]`
  1 | [retry",
    ),
    (
        "theme = ",
        "config.toml:1:9: string values must be quoted, expected literal string
  1 | theme =",
    ),
    (
        r#"theme = "unclosed"#,
        r#"config.toml:1:18: invalid basic string, expected `"`
  1 | theme = "unclosed"#,
    ),
];

#[test]
fn every_mistake_is_told_by_line_column_and_key() {
    for (text, words) in MISTAKES {
        assert_eq!(read(text).unwrap_err(), *words, "{text}");
        assert!(!words.contains("hunter2"), "{words}");
    }
    let kinds = Wire::ALL.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    assert_eq!(
        read("[providers.local]\nkind = \"opanai\"").unwrap_err(),
        format!("config.toml:2:8: `opanai` is none of {kinds}; did you mean `openai`?\n  2 | kind = \"opanai\"")
    );
}

#[test]
fn a_theme_is_a_name_or_a_table_of_colours() {
    use retort::model::theme::{Rgb, ThemeName, ThemeRole, ThemeSetting};
    let named = |name| ThemeSetting::Named(name);
    assert_eq!(read("").unwrap().theme, named(ThemeName::Terminal));
    assert_eq!(read("theme = \"high-contrast\"").unwrap().theme, named(ThemeName::HighContrast));
    let table = read("[theme]\nbase = \"light\"\nfocus = \"#0080ff\"\n").unwrap().theme;
    let colours = [(ThemeRole::Focus, Rgb(0, 128, 255))].into();
    assert_eq!(table, ThemeSetting::Custom { base: ThemeName::Light, colours });
    for (text, place, words) in [
        ("mouse = true\ntheme = \"solarized\"", "config.toml:2:", "there is no theme `solarized`"),
        ("[theme]\nfocus = \"blue\"", "config.toml:2:", "`blue` is no colour"),
        ("[theme]\n\nfocos = \"#ffffff\"", "config.toml:3:", "no colour is called `focos`"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.starts_with(place) && error.contains(words), "{error}");
    }
    assert!(read("accessible = true").unwrap().accessible);
}

#[test]
fn the_products_own_example_is_read() {
    let text = r#"
default_model = "local"
theme = "dark"
mouse = true

[providers.openai]
kind = "openai"
api_keys = ["env:OPENAI_API_KEY", "file:~/key", "cmd:pass show openai"]
timeout = "1m"

[providers.local]
kind = "openai"
base_url = "http://127.0.0.1:8080/v1"
headers = { "X-Team" = "bench", Authorization = "env:TEAM", x-tenant = " file:~/tenant" }
env = ["VAULT_ADDR"]

[providers.mine]
kind = "command"
command = ["./answer", "--fast"]

[models.local]
provider = "local"
model = "qwen2.5-0.5b-instruct"
context = 4096
input_price = 0.15
output_price = 0

[retry]
attempts = 5
min_wait = "500ms"
max_wait = "2m"

[batch]
concurrency = 2

[cache]
capacity = 10

[keys]
run = "f6"
stop = ["ctrl-c", "f7"]
"#;
    let read = read(text).unwrap();
    assert_eq!((read.default_model.as_str(), read.theme.to_string().as_str(), read.mouse), ("local", "dark", true));
    let openai = &read.providers["openai"];
    assert_eq!(openai.api_keys.len(), 3);
    assert_eq!(openai.api_keys[2], KeySource::Command("pass show openai".to_owned()));
    assert_eq!(openai.requests.timeouts.answer, Some(Duration::from_secs(60)));
    assert_eq!(read.providers["local"].requests.headers["X-Team"], "bench");
    assert_eq!(read.providers["local"].requests.headers.len(), 1);
    let secret = &read.providers["local"].requests.secret_headers;
    assert_eq!(secret["Authorization"], KeySource::Env("TEAM".to_owned()));
    assert_eq!(secret["x-tenant"], KeySource::File("~/tenant".to_owned()));
    assert_eq!(read.providers["local"].env, ["VAULT_ADDR"]);
    assert_eq!(read.providers["mine"].command, ["./answer", "--fast"]);
    assert_eq!(read.models["local"].requests.input_price, Some(PicoDollars(150_000)));
    assert_eq!(read.models["local"].requests.output_price, Some(PicoDollars(0)));
    assert_eq!((read.retry.attempts, read.retry.min_wait), (5, Duration::from_millis(500)));
    assert_eq!((read.batch.concurrency, read.cache.capacity), (2, 10));
    assert_eq!(read.keys["run"], ["f6"]);
    assert_eq!(read.keys["stop"], ["ctrl-c", "f7"]);
}

#[test]
fn without_a_file_everything_has_its_default_and_nothing_is_created() {
    let dir = tempfile::tempdir().unwrap();
    let read = config::load(&places_in(dir.path()), &env_of(&[])).unwrap();
    let defaults = Settings::default();
    assert_eq!((read.retry, read.timeouts, read.cache), (defaults.retry, defaults.timeouts, defaults.cache));
    let usual = Vendor::all().iter().filter(|vendor| vendor.builtin).map(|vendor| vendor.name.as_str()).chain(["demo"]);
    let (found, usual): (BTreeSet<_>, BTreeSet<_>) =
        (read.providers.keys().map(String::as_str).collect(), usual.collect());
    assert_eq!(found, usual);
    assert_eq!(read.providers["openai"].api_keys, [KeySource::Env("OPENAI_API_KEY".to_owned())]);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn the_usual_variables_set_the_built_in_providers() {
    let env = env_of(&[
        ("OPENAI_BASE_URL", "http://127.0.0.1:9/v1"),
        ("ANTHROPIC_BASE_URL", "https://proxy.example"),
        ("OLLAMA_HOST", "0.0.0.0:1234"),
    ]);
    let read = config::parse("", Path::new("config.toml"), &env).unwrap();
    let url = |name: &str| read.providers[name].base_url.clone().unwrap();
    assert_eq!(url("openai"), "http://127.0.0.1:9/v1");
    assert_eq!(url("anthropic"), "https://proxy.example");
    assert_eq!(url("ollama"), "http://127.0.0.1:1234");

    let bad = env_of(&[("OPENAI_BASE_URL", "http://me:hunter2@host")]);
    let error = config::parse("", Path::new("config.toml"), &bad).unwrap_err().message;
    assert!(error.contains("OPENAI_BASE_URL") && !error.contains("hunter2"), "{error}");
}

#[test]
fn the_demonstration_is_as_fast_as_the_environment_says() {
    let speed = |value: &str| config::parse("", Path::new("config.toml"), &env_of(&[("RETORT_DEMO_SPEED", value)]));
    assert_eq!(read("").unwrap().demo_speed, 1);
    for (value, times) in [("", 1), ("20", 20), (" 1000 ", 1000)] {
        assert_eq!(speed(value).unwrap().demo_speed, times, "{value:?}");
    }
    for value in ["0", "1001", "fast", "1.5"] {
        let message = speed(value).unwrap_err().message;
        assert!(message.contains("RETORT_DEMO_SPEED") && message.contains("from 1 to 1000"), "{message}");
    }
}

#[test]
fn the_environments_key_goes_to_no_address_of_the_files() {
    let text = "[providers.openai]\nkind = \"openai\"\nbase_url = \"http://10.0.0.1/v1\"";
    let openai = &read(text).unwrap().providers["openai"];
    assert_eq!(openai.kind, Wire::OpenAi);
    assert!(openai.api_keys.is_empty());
    let text = "[providers.openai]\nkind = \"openai\"\ntimeout = \"5s\"";
    assert_eq!(read(text).unwrap().providers["openai"].api_keys.len(), 1);
}

#[test]
fn a_file_that_is_not_text_is_told_of() {
    let dir = tempfile::tempdir().unwrap();
    let places = places_in(dir.path());
    std::fs::create_dir_all(&places.config).unwrap();
    let file = places.config.join("config.toml");
    std::fs::write(&file, b"theme = \"x\"\n# caf\xe9\n").unwrap();
    let error = config::load(&places, &env_of(&[])).unwrap_err().message;
    assert!(error.ends_with("config.toml:2: the text is not UTF-8; save the file as UTF-8"), "{error}");
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    let error = config::load(&places, &env_of(&[])).unwrap_err().message;
    assert!(error.ends_with("it is not a regular file; move it away"), "{error}");
}

proptest! {
    /// Whatever is wrong around it, a key that was written into the file is not shown.
    #[test]
    fn no_message_repeats_a_key(cut in 0_usize..200, noise in "[ -~\n]{0,6}", form in 0_usize..4) {
        let key = "sk-live-S3NTINEL-abcdefghijklmnop";
        let value = match form {
            0 => format!("api_keys = [\"{key}\"]"),
            1 => format!("api_keys = \"{key}\""),
            2 => format!("apikey = '{key}'"),
            _ => format!("api_keys = [\n  \"env:A\",\n  \"{key}\",\n]"),
        };
        let mut text = format!("[retry]\nattempts = 3\n\n[providers.x]\nkind = \"openai\"\n{value}\n");
        text.insert_str(cut.min(text.len()), &noise);
        if let Err(message) = read(&text) {
            prop_assert!(!message.contains("S3NTINEL"), "{}", message);
        }
    }
}
