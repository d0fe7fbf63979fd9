//! The user's own editor on a text: a private file, a child process, and what the file holds after.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

#[cfg(unix)]
use rustix::process::Pid;
#[cfg(unix)]
use rustix::process::Signal;
#[cfg(unix)]
use rustix::process::kill_process;
use tempfile::TempPath;
use tokio::process::{Child, Command};

use crate::{config::atomic_file, provider::wires::CommandEnvironment};

/// How long an editor may take to save what it holds when the program must end.
const PARTING: Duration = Duration::from_secs(1);

/// An editor at work. Dropping it removes the file.
pub(crate) struct Editing {
    program: String,
    child: Child,
    file: TempPath,
    before: String,
}

/// Picks the editor's command line: `$VISUAL`, then `$EDITOR`, then `vi`.
#[must_use]
pub(crate) fn command(visual: Option<String>, editor: Option<String>) -> String {
    [visual, editor].into_iter().flatten().find(|line| !line.trim().is_empty()).unwrap_or_else(|| "vi".to_owned())
}

impl Editing {
    /// Starts the editor on a text. The screen must be given back and the input let go before.
    ///
    /// The file lies in `dir`, is readable by its owner alone, and ends in `suffix` so that the
    /// editor knows what it is. `seen` is the editor's whole environment.
    pub(crate) fn start(
        command: &str,
        text: &str,
        suffix: &str,
        dir: &Path,
        seen: &CommandEnvironment,
    ) -> Result<Self, String> {
        let words = shell_words::split(command).map_err(|error| {
            format!("cannot read the editor's command `{command}`: {error}; set VISUAL or EDITOR again")
        })?;
        let (program, arguments) =
            words.split_first().ok_or_else(|| "no editor is set; set VISUAL or EDITOR".to_owned())?;
        let file = write(text, suffix, dir).map_err(|error| {
            format!("cannot write the text for the editor into {}: {error}; check `retort doctor`", dir.display())
        })?;
        let mut editor = Command::new(program);
        editor.args(arguments).arg(&file).env_clear().envs(seen).kill_on_drop(true);
        let child = editor.spawn().map_err(|error| {
            format!("cannot start the editor `{program}`: {error}; set VISUAL or EDITOR to one that is installed")
        })?;
        Ok(Self { program: program.clone(), child, file, before: text.to_owned() })
    }

    /// Waits for the editor to end. Dropping the wait changes nothing.
    pub(crate) async fn ended(&mut self) -> io::Result<()> {
        self.child.wait().await.map(drop)
    }

    /// Reads the text back. What is in the file counts and not how the editor ended: many end with
    /// a failure after saving. If the file is gone or is no text, the reason says where the edited
    /// file was kept.
    pub(crate) fn read(self) -> Result<String, String> {
        match fs::read(&self.file) {
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Ok(text),
                Err(_) => Err(match self.file.keep() {
                    Ok(path) => format!("what `{}` saved is not UTF-8; it is in {}", self.program, path.display()),
                    Err(_) => format!("what `{}` saved is not UTF-8", self.program),
                }),
            },
            Err(error) => Err(format!("cannot read what `{}` saved: {error}", self.program)),
        }
    }

    /// Ends the editor because the program must end, as a closing terminal would, so that it can
    /// save what it holds. If it had saved anything, says where that is kept.
    pub(crate) async fn abandon(mut self) -> Option<String> {
        #[cfg(unix)]
        if let Some(id) = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
            // It may have ended in this very moment.
            let _ = kill_process(id, Signal::HUP);
        }
        let _ = tokio::time::timeout(PARTING, self.child.wait()).await;
        let _ = self.child.kill().await;
        if fs::read(&self.file).is_ok_and(|bytes| bytes == self.before.as_bytes()) {
            return None;
        }
        let path = self.file.keep().ok()?;
        Some(format!("the program had to end while `{}` was open; its text is in {}", self.program, path.display()))
    }
}

fn write(text: &str, suffix: &str, dir: &Path) -> io::Result<TempPath> {
    atomic_file::make_dir(dir).map_err(io::Error::other)?;
    let directory: PathBuf = dir.to_path_buf();
    let mut file = tempfile::Builder::new().prefix("retort-").suffix(suffix).tempfile_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.flush()?;
    Ok(file.into_temp_path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visual_comes_before_editor_and_empty_is_unset() {
        let set = |text: &str| Some(text.to_owned());
        assert_eq!(command(set("code -w"), set("nano")), "code -w");
        assert_eq!(command(set(" "), set("nano")), "nano");
        assert_eq!(command(None, None), "vi");
    }

    fn seen() -> CommandEnvironment {
        [("PATH", "/usr/bin:/bin"), ("MINE", "1")].map(|(name, value)| (name.into(), value.into())).into()
    }

    #[tokio::test]
    async fn the_editor_sees_its_environment_alone() {
        let dir = tempfile::tempdir().unwrap();
        let mut editing = Editing::start("sh -c 'env > \"$0\"'", "", ".md", dir.path(), &seen()).unwrap();
        editing.ended().await.unwrap();
        let printed = editing.read().unwrap();
        assert!(printed.contains("MINE=1\n") && !printed.contains("CARGO"), "{printed}");
    }

    #[tokio::test]
    async fn the_file_counts_and_not_the_exit_code() {
        let dir = tempfile::tempdir().unwrap();
        let line = "sh -c 'printf \" and more\" >> \"$0\"; exit 3'";
        let mut editing = Editing::start(line, "text", ".md", dir.path(), &seen()).unwrap();
        editing.ended().await.unwrap();
        assert_eq!(editing.read().unwrap(), "text and more");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_missing_editor_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let refusal = Editing::start("no-such-editor-here", "", ".md", dir.path(), &seen()).err().unwrap();
        assert!(refusal.contains("no-such-editor-here") && refusal.contains("EDITOR"), "{refusal}");
    }
}
