//! Jobs at providers on the disk: a folder for each, with its state, the files that are sent and the answers that came.
//!
//! The state is written whole before each step that a provider sees, so that whoever takes a job up knows what may have
//! happened. A folder is one process's at a time.

use std::{
    fs,
    fs::{File, TryLockError},
    io,
    io::{BufWriter, ErrorKind, Read, Write as _},
    path::{Path, PathBuf},
};

use crate::{
    config::atomic_file,
    model::{
        BatchId,
        error::StoreError,
        remote_job::{JOB_VERSION, RemoteJob},
        settings::Places,
    },
};

/// The file of a job's state.
const STATE: &str = "job.json";

/// All jobs of a data directory.
#[derive(Debug, Clone)]
pub struct RemoteJobs {
    root: PathBuf,
}

impl RemoteJobs {
    #[must_use]
    pub fn of(places: &Places) -> Self {
        Self::at(&places.data)
    }

    /// Names those of a data directory.
    pub(crate) fn at(data: &Path) -> Self {
        Self { root: data.join("jobs") }
    }

    /// Finds the job of a batch, if it has one.
    #[must_use]
    pub fn of_id(&self, batch: BatchId) -> Option<Box<RemoteJob>> {
        self.list().0.into_iter().find(|job| job.batch == batch).map(Box::new)
    }

    /// Lists the jobs, the oldest first, and what is wrong with those that cannot be read.
    #[must_use]
    pub fn list(&self) -> (Vec<RemoteJob>, Vec<StoreError>) {
        let Ok(entries) = fs::read_dir(&self.root) else { return (Vec::new(), Vec::new()) };
        let (mut jobs, mut wrong) = (Vec::new(), Vec::new());
        for entry in entries.flatten() {
            match read(&entry.path()) {
                Ok(job) => jobs.extend(job),
                Err(error) => wrong.push(error),
            }
        }
        jobs.sort_by(|one, other| (one.made, &one.id).cmp(&(other.made, &other.id)));
        (jobs, wrong)
    }

    /// Takes a job up that is on the disk. Fails where another process has it.
    pub fn open(&self, id: &str) -> Result<Option<JobFolder>, StoreError> {
        let path = self.root.join(id);
        let Some(_) = read(&path)? else { return Ok(None) };
        let lock = locked(&path)?;
        // What another process did before it let go.
        Ok(read(&path)?.map(|job| JobFolder { path, job, _lock: lock }))
    }

    /// Takes up the job of a batch, if it has one.
    pub fn of_batch(&self, batch: BatchId) -> Result<Option<JobFolder>, StoreError> {
        let (jobs, wrong) = self.list();
        match jobs.into_iter().find(|job| job.batch == batch) {
            Some(job) => self.open(&job.id),
            None => wrong.into_iter().next().map_or(Ok(None), Err),
        }
    }

    /// Makes the folder of a new job and writes its first state. Fails where its name is taken by another process.
    pub fn begin(&self, job: RemoteJob) -> Result<JobFolder, StoreError> {
        let path = self.root.join(&job.id);
        atomic_file::make_dir(&path)?;
        let folder = JobFolder { _lock: locked(&path)?, path, job };
        folder.save()?;
        Ok(folder)
    }
}

fn read(folder: &Path) -> Result<Option<RemoteJob>, StoreError> {
    let path = folder.join(STATE);
    let Some(text) = atomic_file::read(&path)? else { return Ok(None) };
    let wrong = |why: String| StoreError::new(format!("{} cannot be read: {why}", path.display()));
    let job: RemoteJob = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    if job.version != JOB_VERSION {
        return Err(wrong(format!("it is of form {}, and this retort knows {JOB_VERSION}; update it", job.version)));
    }
    Ok(Some(job))
}

fn locked(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join("lock");
    let failed = |error: &io::Error| atomic_file::error_of("lock", &path, error);
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(|error| failed(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let id = folder.file_name().unwrap_or_default().to_string_lossy();
            Err(StoreError::new(format!("another retort is at the job {id}; wait for it, or stop it")))
        }
        Err(TryLockError::Error(error)) => Err(failed(&error)),
    }
}

/// A job that is this process's.
#[derive(Debug)]
pub struct JobFolder {
    path: PathBuf,
    /// What its state is, or is to be once it is saved.
    pub job: RemoteJob,
    _lock: File,
}

impl JobFolder {
    /// Writes its state, and makes that last.
    pub fn save(&self) -> Result<(), StoreError> {
        let text = serde_json::to_vec_pretty(&self.job)
            .map_err(|error| StoreError::new(format!("the state of the job cannot be written: {error}")))?;
        atomic_file::write_bytes(&self.path.join(STATE), &text)
    }

    /// Returns the path of a part's requests.
    #[must_use]
    pub fn requests(&self, part: u32) -> PathBuf {
        self.path.join(format!("requests-{part}.jsonl"))
    }

    /// Returns the path of a part's answers.
    #[must_use]
    pub fn answers(&self, part: u32) -> PathBuf {
        self.path.join(format!("answers-{part}.jsonl"))
    }

    /// Takes a part's requests away, once nobody asks for them any more.
    pub fn drop_requests(&self, part: u32) {
        drop(fs::remove_file(self.requests(part)));
    }

    /// Takes the whole folder away.
    pub fn remove(self) -> Result<(), StoreError> {
        // The state goes first: a folder without one is no job.
        let removed = fs::remove_file(self.path.join(STATE)).and_then(|()| fs::remove_dir_all(&self.path));
        match removed {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(atomic_file::error_of("remove", &self.path, &error))
            }
            _ => Ok(()),
        }
    }
}

/// Opens a file to be read from its beginning; may be called again.
pub fn reader(path: PathBuf) -> impl Fn() -> io::Result<Box<dyn Read + Send + Sync>> + Send + Sync {
    move || Ok(Box::new(File::open(&path)?))
}

/// Tells how long a file is; none where there is none.
#[must_use]
pub fn length(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().map(|about| about.len())
}

/// Copies a file to a place where there is none yet.
pub fn copy_new(from: &Path, to: &Path) -> Result<(), StoreError> {
    let copied = File::open(from).and_then(|mut from| {
        let mut to = atomic_file::create_private(to)?;
        io::copy(&mut from, &mut to)?;
        to.sync_all()
    });
    copied.map_err(|error| atomic_file::error_of("write", to, &error))
}

/// A file of lines that comes to its place only when it is whole.
#[derive(Debug)]
pub struct LineFile {
    file: BufWriter<File>,
    place: PathBuf,
    between: &'static str,
    /// Lines so far.
    pub lines: u64,
    /// Bytes so far.
    pub bytes: u64,
}

impl LineFile {
    /// Begins a file: what stands before its lines, and between them.
    pub fn begin(place: PathBuf, open: &str, between: &'static str) -> Result<Self, StoreError> {
        let unfinished = unfinished(&place);
        let made = fs::remove_file(&unfinished).or_else(|error| match error.kind() {
            ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        });
        let file = made.and_then(|()| atomic_file::create_private(&unfinished));
        let file = file.map_err(|error| atomic_file::error_of("write", &place, &error))?;
        let mut own = Self { file: BufWriter::new(file), place, between, lines: 0, bytes: 0 };
        own.write(open)?;
        Ok(own)
    }

    fn write(&mut self, text: &str) -> Result<(), StoreError> {
        self.bytes += text.len() as u64;
        self.file.write_all(text.as_bytes()).map_err(|error| atomic_file::error_of("write", &self.place, &error))
    }

    /// Adds a line.
    pub fn push(&mut self, line: &str) -> Result<(), StoreError> {
        if self.lines > 0 {
            let between = self.between;
            self.write(between)?;
        }
        self.lines += 1;
        self.write(line)
    }

    /// Ends the file, makes it last and puts it in its place.
    pub fn finish(mut self, close: &str) -> Result<(), StoreError> {
        self.write(close)?;
        let failed = |error: &io::Error| atomic_file::error_of("write", &self.place, error);
        let file = self.file.into_inner().map_err(|error| failed(error.error()))?;
        file.sync_all().map_err(|error| failed(&error))?;
        fs::rename(unfinished(&self.place), &self.place).map_err(|error| failed(&error))?;
        if let Some(folder) = self.place.parent() {
            atomic_file::sync_dir(folder);
        }
        Ok(())
    }
}

fn unfinished(place: &Path) -> PathBuf {
    let mut name = place.as_os_str().to_owned();
    name.push(".part");
    name.into()
}
