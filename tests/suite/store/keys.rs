//! Keys: every source, every way it can be wrong, and no key in any message.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, path::Path};

use retort::{
    config::{
        api_keys,
        api_keys::{Holds, KeyReadError},
    },
    model::{Key, KeySource},
};
use secrecy::ExposeSecret;

use super::env_of;

fn file(dir: &Path, name: &str, text: &str, mode: u32) -> KeySource {
    let path = dir.join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    KeySource::File(path.display().to_string())
}

fn env(name: &str) -> KeySource {
    KeySource::Env(name.to_owned())
}

fn cmd(line: &str) -> KeySource {
    KeySource::Command(line.to_owned())
}

/// Reads keys in an environment, of which commands see `PATH` alone.
fn read(sources: &[KeySource], variables: &[(&str, &str)]) -> Vec<Result<Key, KeyReadError>> {
    read_as(Holds::Key, sources, variables)
}

fn read_as(holds: Holds, sources: &[KeySource], variables: &[(&str, &str)]) -> Vec<Result<Key, KeyReadError>> {
    let sources: Vec<_> = sources.iter().map(|source| (holds, source.clone())).collect();
    let seen = [("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into())].into();
    api_keys::read(&sources, &env_of(variables), &seen, Path::new("/nowhere"))
}

#[test]
fn a_file_by_a_relative_path_lies_beside_the_settings() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("keys")).unwrap();
    file(dir.path(), "keys/lab", "from-file", 0o600);
    let source = [(Holds::Key, KeySource::File("keys/lab".to_owned()))];
    let read = api_keys::read(&source, &env_of(&[]), &BTreeMap::new(), dir.path());
    let key = read[0].as_ref().unwrap();
    assert_eq!((key.secret.expose_secret(), key.label.as_str()), ("from-file", "file:keys/lab"));
}

#[test]
fn a_header_may_be_several_words_and_long() {
    let long = format!("session={}", "a".repeat(4000));
    let variables = [("BEARER", " Bearer abc \n"), ("LONG", &long), ("LINES", "a\nb"), ("ENDLESS", &long.repeat(5))];
    let read = read_as(Holds::Header, &variables.map(|(name, _)| env(name)), &variables);
    let text = |at: usize| read[at].as_ref().map(|secret| secret.secret.expose_secret().to_owned());
    assert_eq!((text(0).unwrap(), text(1).unwrap()), ("Bearer abc".to_owned(), long));
    let words = |at: usize| read[at].as_ref().unwrap_err().message.clone();
    assert_eq!(words(2), "what is there holds blanks or control characters and so is no header");
    assert_eq!(words(3), "what is there is longer than 16384 characters and so no header");
}

#[test]
fn a_command_sees_the_environment_it_is_given_alone() {
    let commands = [cmd("sh -c 'env | cut -d= -f1 | grep -v -e ^PWD -e ^SHLVL -e ^_ | sort | tr \"\\n\" +'")];
    let read = read(&commands, &[("A_KEY", "from-env")]);
    assert_eq!(read[0].as_ref().unwrap().secret.expose_secret(), "PATH+");
}

#[test]
fn every_source_gives_its_key_and_its_label() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().display().to_string();
    let sources = [
        env("A_KEY"),
        file(dir.path(), "key", "  from-file  \nsecond line\n", 0o600),
        KeySource::File("~/key".to_owned()),
        cmd("printf '%s\\n%s' 'from-cmd' 'second line'"),
        cmd("sh -c 'printf from-sh; exit 0' --token hunter2"),
    ];
    let read = read(&sources, &[("A_KEY", "from-env\n"), ("HOME", &home)]);
    let texts: Vec<String> = read.iter().map(|key| key.as_ref().unwrap().secret.expose_secret().to_owned()).collect();
    assert_eq!(texts, ["from-env", "from-file", "from-file", "from-cmd", "from-sh"]);
    let labels: Vec<String> = read.iter().map(|key| key.as_ref().unwrap().label.clone()).collect();
    assert_eq!(labels[0], "env:A_KEY");
    assert_eq!(labels[1], format!("file:{home}/key"));
    assert_eq!(labels[3..], ["cmd:printf", "cmd:sh"], "arguments may be secret");
    assert!(!format!("{read:?}").contains("from-"), "a key shows itself");
}

#[test]
fn every_failure_is_told_in_words_and_never_with_the_key() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().display().to_string();
    let long = "S3NTINEL".repeat(2049);
    let open = file(dir.path(), "open", "S3NTINEL", 0o640);
    let table = [
        (env("NONE"), "the environment variable NONE is not set; export it and start again".to_owned()),
        (env("EMPTY"), "the environment variable EMPTY is empty; export it and start again".to_owned()),
        (env("LONG"), "what is there is longer than 16384 characters and so no key".to_owned()),
        (env("BLANK"), "what is there holds blanks or control characters and so is no key".to_owned()),
        (env("ESCAPE"), "what is there holds blanks or control characters and so is no key".to_owned()),
        (env("UMLAUT"), "what is there holds characters that no request header can carry and so is no key".to_owned()),
        (open, format!("others can read the file; run `chmod 600 {home}/open`")),
        (file(dir.path(), "empty", "\nS3NTINEL\n", 0o600), "it is empty".to_owned()),
        (KeySource::File(home.clone()), "it is not a regular file".to_owned()),
        (
            KeySource::File(format!("{home}/none")),
            "the file cannot be read: No such file or directory (os error 2)".to_owned(),
        ),
        (cmd("true"), "it is empty".to_owned()),
        (
            cmd("sh -c 'echo S3NTINEL; exit 3'"),
            "the command failed (exit status: 3); run it in a shell to see why".to_owned(),
        ),
        (
            cmd("retort-no-such-program S3NTINEL"),
            "the command cannot be started: No such file or directory (os error 2)".to_owned(),
        ),
    ];
    let variables = [
        ("EMPTY", " "),
        ("LONG", long.as_str()),
        ("BLANK", "S3NTINEL two"),
        ("ESCAPE", "S3NTINEL\u{1b}[2J"),
        ("UMLAUT", "S3NTINELä"),
    ];
    let sources: Vec<KeySource> = table.iter().map(|(source, _)| source.clone()).collect();
    for (had, (source, words)) in read(&sources, &variables).into_iter().zip(&table) {
        let error = had.unwrap_err();
        assert_eq!(error.message, *words, "{source}");
        assert!(!error.to_string().contains("S3NTINEL"), "{error}");
    }
}

#[test]
fn what_is_copied_with_a_key_is_left_out_and_said() {
    let token = "t".repeat(6000);
    let table = [
        ("sk-abc123", "sk-abc123", None),
        ("\"sk-abc123\"", "sk-abc123", Some("a pair of quotes")),
        (" 'sk-abc123'\n", "sk-abc123", Some("a pair of quotes")),
        ("\u{201c}sk-abc123\u{201d}", "sk-abc123", Some("a pair of quotes")),
        ("Bearer sk-abc123", "sk-abc123", Some("the word Bearer")),
        ("\"bearer  sk-abc123\"", "sk-abc123", Some("the word Bearer")),
        ("\u{feff}sk-\u{200b}abc123\u{2060}", "sk-abc123", Some("what cannot be seen")),
        ("\"sk-abc123", "\"sk-abc123", None),
        (&token, &token, None),
    ];
    for (text, key, left_out) in table {
        let read = read(&[env("A_KEY")], &[("A_KEY", text)]).remove(0).unwrap();
        assert_eq!((read.secret.expose_secret(), read.left_out), (key, left_out), "{text:?}");
    }
    let empty = read(&[env("A_KEY")], &[("A_KEY", "\"\"")]).remove(0).unwrap_err();
    assert_eq!(empty.message, "it is empty");
}

#[test]
fn a_command_runs_without_a_shell_and_without_input() {
    let sources = [cmd("echo $HOME;whoami"), cmd("cat")];
    let read = read(&sources, &[]);
    assert_eq!(read[0].as_ref().unwrap().secret.expose_secret(), "$HOME;whoami");
    assert_eq!(read[1].as_ref().unwrap_err().message, "it is empty", "its input is empty");
}

#[test]
fn an_entry_of_the_keyring_is_a_service_and_perhaps_a_user() {
    for (text, service, user) in [
        ("keyring:openai", "openai", None),
        ("keyring:openai/me@work", "openai", Some("me@work")),
        ("keyring:https://api.example/v1/me", "https://api.example/v1", Some("me")),
    ] {
        let source: KeySource = text.parse().unwrap();
        assert_eq!(source.label(), text);
        assert_eq!(source, KeySource::Keyring { service: service.to_owned(), user: user.map(str::to_owned) });
    }
    for text in ["keyring:", "keyring:/me", "keyring:openai/"] {
        assert!(text.parse::<KeySource>().is_err(), "{text}");
    }
}

#[cfg(not(feature = "keyring"))]
#[test]
fn a_build_without_the_keyring_says_what_reads_it() {
    let read = read(&["keyring:openai".parse().unwrap()], &[]);
    assert_eq!(read[0].as_ref().unwrap_err().message, api_keys::NO_KEYRING);
}
