//! The log: one file that only its owner can read, replaced when it has grown too large.

use std::{
    fs,
    fs::{DirBuilder, File, OpenOptions},
    io,
    io::Write,
    path::{Path, PathBuf},
    sync::Mutex,
};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{Layer as _, filter::Targets, layer::SubscriberExt as _};

use crate::text::clean_line;

/// The size at which the log is put aside as `retort.log.1`, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// Sends everything retort itself says up to `level`, and the warnings of libraries, to `path`. The
/// file is made when the first line is written; nothing is ever written to the terminal, and a log
/// that cannot be written fails nothing.
pub fn start(path: PathBuf, level: LevelFilter) {
    if level == LevelFilter::OFF {
        return;
    }
    let writer = Mutex::new(LogFile { path, open: None });
    // Below a warning, what libraries say can hold headers and bodies.
    let ours = Targets::new().with_target("retort", level).with_default(level.min(LevelFilter::WARN));
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(writer).with_filter(ours);
    // The only failure is a subscriber that is already there.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(lines));
}

struct LogFile {
    path: PathBuf,
    open: Option<(File, u64)>,
}

impl LogFile {
    fn file(&mut self) -> io::Result<&mut (File, u64)> {
        if self.open.as_ref().is_some_and(|(_, size)| *size >= MAX_BYTES) {
            self.open = None;
        }
        if self.open.is_none() {
            if fs::metadata(&self.path).is_ok_and(|known| known.len() >= MAX_BYTES) {
                fs::rename(&self.path, self.path.with_extension("log.1"))?;
            }
            if let Some(dir) = self.path.parent() {
                make_dir(dir)?;
            }
            let mut options = OpenOptions::new();
            options.create(true).append(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let file = options.open(&self.path)?;
            let size = file.metadata()?.len();
            self.open = Some((file, size));
        }
        self.open.as_mut().ok_or_else(|| io::Error::other("the log is closed"))
    }
}

/// Makes a directory and those above it that are missing, open to their owner alone.
fn make_dir(dir: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

impl Write for LogFile {
    /// Takes one whole line. What it quotes can forge no other and do nothing to a terminal.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (file, size) = self.file()?;
        let line = format!("{}\n", clean_line(String::from_utf8_lossy(bytes).trim_end()));
        file.write_all(line.as_bytes())?;
        *size += line.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.open.as_mut().map_or(Ok(()), |(file, _)| file.flush())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_log_is_put_aside_and_nobody_else_can_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state/retort.log");
        let mut log = LogFile { path: path.clone(), open: None };
        let line = [vec![b'x'; (1 << 19) - 1], vec![b'\n']].concat();
        for _ in 0..3 {
            log.write_all(&line).unwrap();
        }
        assert_eq!(fs::metadata(&path).unwrap().len(), 1 << 19);
        log.write_all(b"one\ntwo \x1b[31mred\n").unwrap();
        assert!(fs::read_to_string(&path).unwrap().ends_with("x\none two red\n"));
        assert_eq!(fs::metadata(path.with_extension("log.1")).unwrap().len(), 1 << 20);
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600);
            let mode =
                std::os::unix::fs::PermissionsExt::mode(&fs::metadata(dir.path().join("state")).unwrap().permissions());
            assert_eq!(mode & 0o777, 0o700);
        }
    }
}
