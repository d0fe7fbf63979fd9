//! What commands write: nothing of anybody's is replaced unasked, a restored record is one of ours, and nobody else
//! can read what is kept.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    process::{Command, Stdio},
};

use rusqlite::Connection;

use super::PLAIN;
use crate::support::home::{Home, PROGRAM, Ran};

/// A home with a prompt, a data set and one run on record.
fn home() -> Home {
    let home = Home::new();
    home.file("work/p.toml", PLAIN);
    home.file("work/rows.csv", "input\none\ntwo\n");
    let ran = home.run_on(&["run", "p.toml", "-m", "demo"], "hello");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    home
}

fn bytes(home: &Home, path: &str) -> Vec<u8> {
    fs::read(home.dir("work").join(path)).unwrap()
}

fn batch(home: &Home, more: &[&str]) -> Ran {
    home.run(&[&["batch", "p.toml", "rows.csv", "-m", "demo"], more].concat())
}

#[test]
fn no_output_replaces_what_it_should_not_and_nothing_is_asked_before_that_is_known() {
    let home = home();
    home.file("config/config.toml", "default_model = \"demo\"\n");
    home.file("work/thesis.md", "# My thesis\n");
    symlink("rows.csv", home.dir("work").join("link.csv")).unwrap();
    fs::hard_link(home.dir("work").join("rows.csv"), home.dir("work").join("hard.csv")).unwrap();
    let runs = |home: &Home| home.run(&["history", "--json"]).lines().len();
    let before = runs(&home);
    for (arguments, words, files) in [
        (&["--junit", "../data/retort.db"][..], "the record of runs", &["../data/retort.db"][..]),
        (&["--junit", "../data/retort.db", "--force"], "the record of runs", &["../data/retort.db"]),
        (&["--junit", "../cache/cache.db", "--force"], "the response cache", &["../cache/cache.db"]),
        (&["--junit", "../config/config.toml", "--force"], "the settings", &["../config/config.toml"]),
        (&["--junit", "p.toml"], "this command reads that file", &["p.toml"]),
        (&["--out", "rows.csv"], "this command reads that file", &["rows.csv"]),
        (&["--out", "./../work/rows.csv"], "this command reads that file", &["rows.csv"]),
        (&["--out", "hard.csv"], "this command reads that file", &["hard.csv"]),
        (&["--out", "link.csv", "--force"], "links are not followed", &["rows.csv"]),
        (&["--out", "thesis.md"], "not a Markdown report of retort's", &["thesis.md"]),
        (&["--junit", "a.xml", "--out", "a.xml", "--force"], "are one file", &[]),
        (&["--out", "a.csv", "--out", "../work/a.csv"], "are one file", &[]),
        (&["--out", "none/a.csv"], "there is no folder", &[]),
    ] {
        let kept: Vec<_> = files.iter().map(|file| bytes(&home, file)).collect();
        let ran = batch(&home, arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}: {ran:?}");
        assert!(ran.err.contains(words), "{arguments:?}: {}", ran.err);
        let after: Vec<_> = files.iter().map(|file| bytes(&home, file)).collect();
        if !arguments.contains(&"../data/retort.db") {
            assert!(kept == after, "{arguments:?}");
        }
        assert_eq!(runs(&home), before, "{arguments:?}: nothing was asked");
    }
}

#[test]
fn a_report_is_written_again_in_every_form_and_over_no_other() {
    let home = home();
    for name in ["r.jsonl", "r.csv", "r.md", "r.html", "r.xml"] {
        for _ in 0..2 {
            let ran = batch(&home, &["--out", name, "--new"]);
            assert_eq!(ran.code, Some(0), "{name}: {ran:?}");
        }
        for ending in ["jsonl", "csv", "md", "html", "xml"].iter().filter(|ending| !name.ends_with(**ending)) {
            let other = format!("other.{ending}");
            fs::copy(home.dir("work").join(name), home.dir("work").join(&other)).unwrap();
            let ran = batch(&home, &["--out", &other, "--new"]);
            assert!(ran.code == Some(2) && ran.err.contains("--force"), "{name} as {other}: {ran:?}");
        }
    }
    home.file("work/thesis.md", "# My thesis\n");
    let ran = batch(&home, &["--out", "thesis.md", "--force"]);
    assert_eq!(ran.code, Some(0), "asked for: {ran:?}");
    let ran = batch(&home, &["--junit", "/dev/stdout", "--new"]);
    assert!(ran.code == Some(0) && ran.out.contains("<testsuites"), "{ran:?}");
    assert_eq!(batch(&home, &["--junit", "/dev/null", "--new"]).code, Some(0));
}

#[test]
fn a_project_does_not_lead_a_prompt_to_a_file_outside_of_it() {
    let home = Home::new();
    let config = "prompts: ['{{input}} now']\nproviders: [openai:gpt-4o-mini]\ntests:\n  - vars: {input: a}\n";
    home.file("work/x.yaml", config);
    home.file("work/retort.toml", "");
    let outside = home.file("home/notes.toml", PLAIN);
    fs::create_dir(home.dir("work").join("prompts")).unwrap();
    symlink(&outside, home.dir("work").join("prompts/prompt-1.toml")).unwrap();
    let ran = home.run(&["prompts", "import", "x.yaml", "--replace"]);
    assert!(ran.code != Some(0) && ran.err.contains("retort trust"), "{ran:?}");
    assert_eq!(fs::read_to_string(&outside).unwrap(), PLAIN);
    fs::remove_dir_all(home.dir("work").join("prompts")).unwrap();
    symlink(home.dir("home"), home.dir("work").join("prompts")).unwrap();
    let ran = home.run(&["prompts", "import", "x.yaml", "--replace"]);
    assert!(ran.code != Some(0) && ran.err.contains("retort trust"), "{ran:?}");
}

#[test]
fn a_backup_replaces_nothing_and_comes_back_as_it_was() {
    let home = home();
    home.file("work/thesis.md", "# My thesis\n");
    symlink("nowhere.db", home.dir("work").join("link.db")).unwrap();
    for (file, words) in [
        ("../data/retort.db", "the record of runs"),
        ("../data/copy.db", "retort's own files"),
        ("thesis.md", "a file is there"),
        ("link.db", "links are not followed"),
        ("none/copy.db", "there is no folder"),
    ] {
        let ran = home.run(&["history", "backup", file]);
        assert!(ran.code != Some(0) && ran.err.contains(words), "{file}: {ran:?}");
    }
    assert!(!home.dir("work").join("nowhere.db").exists());
    assert_eq!(home.run(&["history", "backup", "copy.db"]).code, Some(0));
    assert_ne!(home.run(&["history", "backup", "copy.db"]).code, Some(0), "it is there already");
    assert_eq!(home.run(&["history", "backup", "copy.db", "--force"]).code, Some(0));
    home.run_on(&["run", "p.toml", "-m", "demo", "--no-cache"], "another");
    for count in 1..=3 {
        let ran = home.run(&["history", "restore", "copy.db"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert_eq!(home.run(&["history", "--json"]).lines().len(), 1);
        let names = fs::read_dir(home.dir("data")).unwrap().map(|file| file.unwrap().file_name());
        let asides = names.filter(|name| {
            let name = name.to_string_lossy();
            name.contains("before-") && !name.ends_with("-wal") && !name.ends_with("-shm")
        });
        let asides = asides.count();
        assert_eq!(asides, count, "each record that was there is kept");
    }
}

#[test]
fn what_is_no_record_of_a_known_form_is_not_restored() {
    let home = home();
    assert_eq!(home.run(&["history", "backup", "copy.db"]).code, Some(0));
    let copy = home.dir("work").join("copy.db");
    home.file("work/text.db", "a text");
    home.file("work/empty.db", "");
    home.file("work/book.xlsx", "PK\u{3}\u{4}xl/workbook.xml");
    let changed = |name: &str, sql: &str| {
        let path = home.dir("work").join(name);
        fs::copy(&copy, &path).unwrap();
        Connection::open(path).unwrap().execute_batch(sql).unwrap();
    };
    changed("trigger.db", "CREATE TRIGGER spy AFTER INSERT ON run BEGIN DELETE FROM grade; END");
    changed("view.db", "CREATE VIEW seen AS SELECT * FROM run");
    changed("table.db", "CREATE TABLE more (a)");
    changed("virtual.db", "CREATE VIRTUAL TABLE more USING fts5 (a)");
    changed("index.db", "CREATE INDEX more ON run (upper(target))");
    changed("column.db", "ALTER TABLE run ADD COLUMN more TEXT");
    changed("generated.db", "ALTER TABLE run ADD COLUMN more TEXT AS (upper(target))");
    changed("lacking.db", "DROP TRIGGER run_gone");
    changed("other.db", "PRAGMA application_id = 7");
    changed("newer.db", "PRAGMA user_version = 99");
    changed("none.db", "PRAGMA user_version = 0");
    changed("lost.db", "PRAGMA foreign_keys = OFF; INSERT INTO grade (run, given) VALUES (999, 1)");
    let mut cut = fs::read(&copy).unwrap();
    let page = 8192;
    let half = cut.len() / 2 / page * page;
    cut[half..half + page].fill(0x5a);
    fs::write(home.dir("work").join("damaged.db"), cut).unwrap();
    for (file, words) in [
        ("nowhere.db", "there is no file"),
        (".", "is a folder"),
        ("/dev/zero", "is a device"),
        ("text.db", "it is no database"),
        ("empty.db", "it is no database"),
        ("book.xlsx", "it is no database"),
        ("trigger.db", "the trigger `spy`"),
        ("view.db", "the view `seen`"),
        ("table.db", "the table `more`"),
        ("virtual.db", "the table `more"),
        ("index.db", "the index `more`"),
        ("column.db", "the table `run`"),
        ("generated.db", "the table `run`"),
        ("lacking.db", "it lacks the trigger `run_gone`"),
        ("other.db", "another program"),
        ("newer.db", "newer retort (form 99"),
        ("none.db", "its form is 0"),
        ("lost.db", "damaged"),
        ("damaged.db", "damaged"),
    ] {
        let ran = home.run(&["history", "restore", file]);
        assert!(ran.code != Some(0) && ran.err.contains(words), "{file}: {ran:?}");
        assert_eq!(home.run(&["history", "--json"]).lines().len(), 1, "{file}: everything is as it was");
        let names = fs::read_dir(home.dir("data")).unwrap().map(|file| file.unwrap().file_name());
        let names: Vec<_> = names.map(|name| name.to_string_lossy().into_owned()).collect();
        assert!(names.iter().all(|name| !name.contains("new") && !name.contains("before")), "{file}: {names:?}");
    }
}

#[test]
fn a_record_that_somebody_put_a_trigger_or_a_view_into_is_not_opened() {
    for sql in ["CREATE TRIGGER spy AFTER INSERT ON run BEGIN SELECT 1; END", "CREATE VIEW spy AS SELECT * FROM run"] {
        let home = home();
        let db = Connection::open(home.dir("data").join("retort.db")).unwrap();
        db.execute_batch(sql).unwrap();
        drop(db);
        let ran = home.run(&["history"]);
        assert!(ran.code != Some(0) && ran.err.contains("`spy`, which retort did not put there"), "{sql}: {ran:?}");
    }
}

/// Runs the program under a umask.
fn under(umask: &str, environment: &[(String, String)], work: &Path, arguments: &[&str]) -> Ran {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &format!("umask {umask}; exec \"$0\" \"$@\""), PROGRAM]).args(arguments);
    command.env_clear().envs(environment.iter().cloned()).current_dir(work).stdin(Stdio::null());
    Ran::of(command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn nobody_else_can_read_what_is_kept_whatever_the_umask() {
    for (umask, of_reports) in [("000", 0o666), ("022", 0o644), ("077", 0o600)] {
        let home = Home::new();
        home.file("work/p.toml", PLAIN);
        home.file("work/rows.csv", "input\none\ntwo\n");
        home.file(
            "work/suite.yaml",
            "prompts: ['{{input}}']\nproviders: [openai:gpt-4o-mini]\ntests:\n  - vars: {input: a}\n",
        );
        // retort makes its own directories
        let (environment, work) = (home.environment(), home.dir("work"));
        for name in ["config", "data", "cache", "state"] {
            fs::remove_dir(home.dir(name)).unwrap();
        }
        let run = |arguments: &[&str]| {
            let ran = under(umask, &environment, &work, arguments);
            assert_eq!(ran.code, Some(0), "{umask} {arguments:?}: {ran:?}");
        };
        run(&["batch", "p.toml", "rows.csv", "-m", "demo", "--out", "report.csv", "--log-level", "trace"]);
        run(&["history", "backup", "copy.db"]);
        run(&["history", "restore", "copy.db"]);
        run(&["prompts", "import", "suite.yaml"]);
        for name in ["config", "data", "cache", "state"].map(|name| work.join("..").join(name)) {
            assert!(!name.exists() || mode(&name) == 0o700, "{umask}: {} {:o}", name.display(), mode(&name));
        }
        let own = home.files().into_iter().filter(|path| !path.starts_with(&work));
        for path in own.chain([work.join("copy.db")]) {
            assert_eq!(mode(&path), 0o600, "umask {umask}: {}", path.display());
        }
        assert_eq!(mode(&work.join("report.csv")), of_reports, "a report is as the umask has it");
    }
}
