//! Programs that retort starts and talks to: without a shell, in a process group of their own, with the environment they
//! are given, and ended with everything they started.

use std::{io, path::Path, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
    task::JoinHandle,
};

use crate::provider::wires::CommandEnvironment;

/// What a stopped program is given to end by itself.
const GRACE: Duration = Duration::from_secs(2);

/// The end of standard error that is kept, in bytes.
const STDERR_TAIL: usize = 8 * 1024;

/// Standard input of a program.
pub(crate) type ProgramInput = ChildStdin;

/// Standard output of a program.
pub(crate) type ProgramOutput = ChildStdout;

/// A program under way, whose output is read as it comes or through a buffer.
#[derive(Debug)]
pub(crate) struct Process<O = ProgramOutput> {
    pub(crate) group: Group,
    pub(crate) stdin: ProgramInput,
    pub(crate) stdout: O,
    /// The end of what it says on standard error, once it has ended.
    pub(crate) stderr: JoinHandle<String>,
}

impl Process {
    /// Starts a program, in a folder of its own or in the working directory. The error says in words why it could not be.
    pub(crate) fn start(
        program: &str,
        arguments: &[String],
        environment: &CommandEnvironment,
        folder: Option<&Path>,
    ) -> Result<Self, String> {
        let mut command = Command::new(program);
        command.args(arguments).env_clear().envs(environment);
        command.current_dir(folder.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn().map_err(|error| {
            let why = match error.kind() {
                io::ErrorKind::NotFound => "there is no such program".to_owned(),
                io::ErrorKind::PermissionDenied => "it is no program that may be started".to_owned(),
                _ => error.to_string(),
            };
            format!("`{program}` could not be started: {why}")
        })?;
        let streams = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let group = Group { child: Some(child) };
        let (Some(stdin), Some(stdout), Some(stderr)) = streams else {
            return Err(format!("`{program}` has no standard streams"));
        };
        Ok(Self { group, stdin, stdout, stderr: tokio::spawn(tail(stderr)) })
    }

    /// Reads its output through a buffer.
    pub(crate) fn buffered(self) -> Process<BufReader<ProgramOutput>> {
        let Self { group, stdin, stdout, stderr } = self;
        Process { group, stdin, stdout: BufReader::new(stdout), stderr }
    }
}

async fn tail(mut stderr: impl AsyncRead + Unpin) -> String {
    let (mut kept, mut cut) = (Vec::new(), false);
    while stderr.read_buf(&mut kept).await.is_ok_and(|count| count > 0) {
        let over = kept.len().saturating_sub(STDERR_TAIL);
        kept.drain(..over);
        cut |= over > 0;
    }
    if cut {
        // The first word is the end of one, which could be a key.
        let word = kept.iter().position(u8::is_ascii_whitespace).unwrap_or(kept.len());
        kept.drain(..word);
    }
    String::from_utf8_lossy(&kept).trim().to_owned()
}

/// A command with everything it started. Dropping it asks them to end, and after a while makes them.
#[derive(Debug)]
pub(crate) struct Group {
    child: Option<Child>,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProcessEnd {
    /// Its exit code; none where it has none.
    pub(crate) code: Option<i32>,
    /// Whether a signal ended it.
    pub(crate) signalled: bool,
}

impl Group {
    /// Waits for the program's end, and ends what it left behind; none where that was done before.
    pub(crate) async fn ended(mut self) -> Option<ProcessEnd> {
        self.wait().await
    }

    /// Does the same to a program that is held on to.
    pub(crate) async fn wait(&mut self) -> Option<ProcessEnd> {
        let child = self.child.as_mut()?;
        let id = child.id();
        let status = child.wait().await;
        self.child = None;
        drop(Members::of(id));
        let code = status.as_ref().ok().and_then(std::process::ExitStatus::code);
        Some(ProcessEnd { code, signalled: code.is_none() && status.is_ok() })
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        let Some(members) = Members::of(child.id()) else {
            return;
        };
        members.ask();
        // Without a runtime there is nobody to wait, and `members` makes them end at once.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                drop(tokio::time::timeout(GRACE, child.wait()).await);
                drop(members);
            });
        }
    }
}

/// The processes of a group. Dropping it kills those that are left.
struct Members {
    #[cfg(unix)]
    group: rustix::process::Pid,
}

#[cfg(unix)]
impl Members {
    fn of(leader: Option<u32>) -> Option<Self> {
        let group = i32::try_from(leader?).ok().and_then(rustix::process::Pid::from_raw)?;
        Some(Self { group })
    }

    fn ask(&self) {
        let _gone = rustix::process::kill_process_group(self.group, rustix::process::Signal::TERM);
    }
}

#[cfg(unix)]
impl Drop for Members {
    fn drop(&mut self) {
        let _gone = rustix::process::kill_process_group(self.group, rustix::process::Signal::KILL);
    }
}

#[cfg(not(unix))]
impl Members {
    fn of(leader: Option<u32>) -> Option<Self> {
        leader.map(|_| Self {})
    }

    fn ask(&self) {}
}
