//! Where everything is kept.

use std::{fs, path::Path};

use retort::{config::paths::places, model::settings::Project};

use super::{env_of, without};

#[test]
fn the_environment_names_all_four_directories() {
    let dir = tempfile::tempdir().unwrap();
    let env = env_of(&[
        ("RETORT_CONFIG_DIR", "/a/config"),
        ("RETORT_DATA_DIR", "data"),
        ("RETORT_CACHE_DIR", "/a/cache"),
        ("RETORT_STATE_DIR", "/a/state"),
    ]);
    let found = places(&env, dir.path()).unwrap();
    assert_eq!(found.config.to_str(), Some("/a/config"));
    assert_eq!(found.data, dir.path().join("data"), "a relative one counts from the working directory");
    assert_eq!(found.project, Project::Absent);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is created");
}

#[test]
fn a_projects_prompts_are_found_from_below_it() {
    let dir = tempfile::tempdir().unwrap();
    let env = env_of(&[
        ("RETORT_CONFIG_DIR", "/a"),
        ("RETORT_DATA_DIR", "/a"),
        ("RETORT_CACHE_DIR", "/a"),
        ("RETORT_STATE_DIR", "/a"),
    ]);
    let below = dir.path().join("src/deep");
    fs::create_dir_all(&below).unwrap();
    let marker = dir.path().join("retort.toml");
    fs::write(&marker, "").unwrap();
    let prompts =
        |env: &dyn Fn(&str) -> Option<String>| places(env, &below).unwrap().project.prompts().map(Path::to_path_buf);
    assert_eq!(prompts(&env), Some(dir.path().join("prompts")));
    fs::write(&marker, "prompts = \"ai/prompts\"").unwrap();
    assert_eq!(prompts(&env), Some(dir.path().join("ai/prompts")));
    for (text, words) in [
        (
            "prompts = \"../x\"",
            "retort.toml:1:11: `prompts` must name a directory inside the project\n  1 | prompts = \"../x\"",
        ),
        (
            "prompts = \"/etc\"",
            "retort.toml:1:11: `prompts` must name a directory inside the project\n  1 | prompts = \"/etc\"",
        ),
        (
            "promts = \"x\"",
            "retort.toml:1:1: unknown key `promts`; did you mean `prompts`?\n  1 | promts = \"x\"\n  the file takes prompts",
        ),
    ] {
        fs::write(&marker, text).unwrap();
        let Project::Broken(why) = places(&env, &below).unwrap().project else { panic!("{text}") };
        assert_eq!(without(dir.path(), &why), words);
    }
}
