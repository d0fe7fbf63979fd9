//! Every example: commands run or at least are understood, settings and prompts are read as the program reads them.

use std::{fs, path::Path};

use clap::Parser as _;
use retort::{app::Keymap, cli::args::Cli, config, store::prompts};

#[cfg(unix)]
use super::Block;
use super::{pages, parts, read};

/// The prompts that examples name and that no page has the reader write.
#[cfg(unix)]
const PROMPT: &str =
    "user = \"{{ input }} {{ tone | default('') }}\"\n[params]\nmax_tokens = 50\n[response]\nformat = \"text\"\n";

/// The models that examples name, played by the demonstration: nothing is sent anywhere.
#[cfg(unix)]
const MODELS: [&str; 4] = ["gpt-5.4-mini", "claude-haiku-4-5", "gpt-4o-mini", "local"];

/// Programs that examples call and that do nothing here: they would build, or may not be there.
#[cfg(unix)]
const STAND_INS: [&str; 2] = ["cargo", "jq"];

/// Lists the command lines of retort that a block shows, as words.
fn commands(text: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for line in text.lines() {
        let line = line.trim_start().trim_start_matches("- ").trim_start_matches("run: ").trim_start_matches("$ ");
        for part in line.split(" | ") {
            let Ok(mut words) = shell_words::split(part.split(" # ").next().unwrap_or(part)) else { continue };
            if words.first().is_none_or(|word| word != "retort") {
                continue;
            }
            if let Some(end) = words.iter().position(|word| word.starts_with(['>', '<', '#']) || word == "…") {
                words.truncate(end);
            }
            found.push(words);
        }
    }
    found
}

#[test]
fn every_command_that_is_shown_is_understood() {
    let (mut seen, mut wrong) = (0, Vec::new());
    for page in pages() {
        for block in parts(&read(&page)).1 {
            if !["sh", "console", "yaml"].contains(&block.language.as_str()) {
                continue;
            }
            for words in commands(&block.text) {
                seen += 1;
                if let Err(error) = Cli::try_parse_from(&words) {
                    wrong.push(format!("{}:{}: {}\n{error}", page.display(), block.line, words.join(" ")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 40, "only {seen} commands were found");
}

#[test]
fn every_example_of_toml_is_read() {
    let mut seen = 0;
    for page in pages() {
        for block in parts(&read(&page)).1.iter().filter(|block| block.language == "toml") {
            let place = format!("{}:{}", page.display(), block.line);
            let file = block.text.lines().next().and_then(|line| line.strip_prefix("# ")).unwrap_or_default();
            if file == "config.toml" {
                let settings = config::parse(&block.text, Path::new(file), &|_| None);
                let settings = settings.unwrap_or_else(|error| panic!("{place}: {error}"));
                assert!(Keymap::new(&settings.keys).is_ok(), "{place}: its keys are not read");
            } else if file.starts_with("prompts/") {
                prompts::parse(&block.text, Path::new(file)).unwrap_or_else(|error| panic!("{place}: {error}"));
            } else {
                panic!("{place}: the first line says which file it is: `# config.toml` or `# prompts/NAME.toml`");
            }
            seen += 1;
        }
    }
    assert!(seen > 5, "only {seen} examples were found");
}

/// Makes a home in which the examples find the models, prompts and files that they name.
#[cfg(unix)]
pub(super) fn furnished() -> crate::support::home::Home {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use crate::support::home::{Home, PROGRAM};

    let home = Home::new();
    let models = MODELS.map(|name| format!("[models.\"{name}\"]\nprovider = \"demo\"\nmodel = \"demo\"\n"));
    home.file("config/config.toml", &models.concat());
    for name in ["a", "b", "reply"] {
        home.file(&format!("config/prompts/{name}.toml"), PROMPT);
    }
    let rows = "input,expected\nThe parcel never came.,negative\nIt works.,positive\n";
    for name in ["reviews.csv", "cases.csv", "rows.csv"] {
        home.file(&format!("work/{name}"), rows);
    }
    home.file("work/rows.jsonl", "{\"body\": \"The parcel never came.\"}\n");
    home.file("work/message.txt", "The parcel never came.\n");
    home.dir("home");
    // There is a record, as a reader who comes to the later pages has one.
    for prompt in ["reply", "sentiment"] {
        let code = home.run_on(&["run", prompt, "-m", "demo"], "It works.").code;
        assert!(matches!(code, Some(0 | 100)), "{code:?}");
    }
    let bin = home.dir("bin");
    symlink(PROGRAM, bin.join("retort")).unwrap();
    for name in STAND_INS {
        let program = home.file(&format!("bin/{name}"), "#!/bin/sh\ntest -t 0 || cat > /dev/null\n");
        fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
    }
    home
}

/// Runs the examples of a page in their order, as a reader who follows it from top to bottom does.
#[cfg(unix)]
fn walk(page: &Path, blocks: &[Block]) -> usize {
    use std::{
        fmt::Write as _,
        process::{Command, Stdio},
    };

    use crate::support::home::Ran;

    let home = furnished();
    let mut ran = 0;
    for block in blocks {
        if let Some(path) = &block.saved_as {
            home.file(&format!("work/{path}"), &block.text);
        }
        if block.language != "sh" || block.excuse.is_some() {
            continue;
        }
        // A check may fail, as 100 says: the demonstration answers, not a model.
        let mut script = String::new();
        for line in block.text.lines().filter(|line| !line.is_empty()) {
            writeln!(script, "{line}\ncode=$?; case $code in 0|100) ;; *) echo \"exit $code\" >&2; exit 1;; esac")
                .unwrap();
        }
        let mut command = Command::new("sh");
        command.arg("-c").arg(&script).env_clear().envs(home.environment()).current_dir(home.dir("work"));
        command.env("PATH", format!("{}:/usr/bin:/bin", home.dir("bin").display()));
        let ended = Ran::of(command.stdin(Stdio::null()).output().unwrap());
        assert_eq!(ended.code, Some(0), "{}:{}\n{}\n{}", page.display(), block.line, block.text, ended.err);
        ran += 1;
    }
    ran
}

#[cfg(unix)]
#[test]
fn every_shell_example_runs() {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        thread,
    };

    // The pages are walked at once: the demonstration takes its time to answer.
    let ran = AtomicUsize::new(0);
    thread::scope(|scope| {
        for page in pages() {
            let ran = &ran;
            scope.spawn(move || ran.fetch_add(walk(&page, &parts(&read(&page)).1), Ordering::Relaxed));
        }
    });
    let ran = ran.into_inner();
    assert!(ran > 15, "only {ran} examples ran");
}

#[test]
fn an_example_that_does_not_run_says_why() {
    for page in pages() {
        for block in parts(&read(&page)).1 {
            assert!(block.excuse.as_ref().is_none_or(|why| why.len() > 5), "{}:{}", page.display(), block.line);
        }
    }
}

#[test]
fn cargo_is_told_which_package_of_the_repository_to_install() {
    // There is a second one, of the fuzz targets: without a name cargo installs neither.
    let mut seen = 0;
    for page in pages() {
        for block in parts(&read(&page)).1 {
            let from_git = |line: &&str| line.contains("cargo install") && line.contains("--git");
            for line in block.text.lines().filter(|line| from_git(line) || line.contains("cargo uninstall")) {
                assert!(line.contains(env!("CARGO_PKG_NAME")), "{}:{}: {line}", page.display(), block.line);
                seen += 1;
            }
        }
    }
    assert!(seen > 2, "only {seen} were found");
}
