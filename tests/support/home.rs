//! A home of its own for one run of the program: temporary directories and an empty environment.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use retort::model::{
    Vendor,
    settings::{Places, Project},
};

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_retort");

/// Four directories that no other test and no person has anything in.
pub(crate) struct Home {
    root: tempfile::TempDir,
}

impl Home {
    /// Makes empty ones.
    pub(crate) fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap() }
    }

    /// Returns one of the directories: `config`, `data`, `cache`, `state` or `work`, made if need be.
    pub(crate) fn dir(&self, name: &str) -> PathBuf {
        let dir = self.root.path().join(name);
        fs::create_dir_all(&dir).unwrap();
        dir
    }

    /// Writes a file below one of the directories and returns its path.
    pub(crate) fn file(&self, path: &str, text: &str) -> PathBuf {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// Returns the directories as the store takes them.
    pub(crate) fn places(&self) -> Places {
        let dir = |name| self.dir(name);
        Places {
            config: dir("config"),
            data: dir("data"),
            cache: dir("cache"),
            state: dir("state"),
            project: Project::Absent,
        }
    }

    /// Lists the whole environment the program runs in.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let at = |name: &str| self.dir(name).to_string_lossy().into_owned();
        let own = [
            ("HOME", at("home")),
            ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
            ("LANG", "C.UTF-8".to_owned()),
            ("RETORT_CONFIG_DIR", at("config")),
            ("RETORT_DATA_DIR", at("data")),
            ("RETORT_CACHE_DIR", at("cache")),
            ("RETORT_STATE_DIR", at("state")),
            ("RETORT_DEMO_SPEED", "100".to_owned()),
        ];
        // Nothing listens there: no test meets a server that happens to run on this machine.
        let local = Vendor::all().iter().filter(|vendor| vendor.local);
        let nobody = local.map(|vendor| vendor.host_env.clone().unwrap_or_else(|| vendor.url_variable()));
        let own = own.map(|(name, value)| (name.to_owned(), value));
        own.into_iter().chain(nobody.map(|name| (name, "http://127.0.0.1:9".to_owned()))).collect()
    }

    /// Prepares the program with arguments.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).env_clear().envs(self.environment()).current_dir(self.dir("work"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the program to its end with nothing on standard input.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().unwrap())
    }

    /// Runs the program to its end with a text on standard input.
    pub(crate) fn run_on(&self, arguments: &[&str], input: &str) -> Ran {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        // A program that stops at its arguments reads nothing.
        drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
        Ran::of(child.wait_with_output().unwrap())
    }

    /// Returns everything below the directories.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        fn walk(dir: &Path, out: &mut Vec<PathBuf>) {
            for entry in fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { walk(&path, out) } else { out.push(path) }
            }
        }
        let mut out = Vec::new();
        walk(self.root.path(), &mut out);
        out
    }
}

/// A finished run of the program.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code; none after a signal.
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Ran {
    /// Reads what a program that has ended printed.
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Returns the lines of standard output as JSON.
    pub(crate) fn lines(&self) -> Vec<serde_json::Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
    }
}
