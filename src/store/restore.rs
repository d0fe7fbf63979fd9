//! The record of runs put back from a copy of it.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;

use super::{alive, atomic, db, job::StoreFault, schema};
use crate::model::settings::Places;

/// How long a lock on the copy is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// What was put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Runs on record now.
    pub runs: u64,
    /// The size of the record, in bytes.
    pub bytes: u64,
    /// Where the record that was there is now, if there was one.
    pub aside: Option<PathBuf>,
}

/// Puts a copy of the record in the record's place, brought to today's form. The record that was there is
/// moved aside, never removed. Refused while another program has the record open, and for a file that is
/// no sound record; both leave everything as it was.
pub fn restore(places: &Places, from: &Path, now: Timestamp) -> Result<Restored, StoreFault> {
    if alive::others(&places.data.join("running")) {
        let message = "another retort has the record open; close it first";
        return Err(StoreFault::new(message));
    }
    atomic::make_dir(&places.data)?;
    let (record, new) = (places.data.join("retort.db"), places.data.join("retort.db.new"));
    let cannot = |verb: &str, path: &Path, fault: &std::io::Error| atomic::fault(verb, path, fault);
    let tidy = |fault: StoreFault| {
        for path in files(&new) {
            drop(fs::remove_file(path));
        }
        fault
    };
    if !from.is_file() {
        return Err(StoreFault::new(format!("there is no file {}", from.display())));
    }
    fs::copy(from, &new).map_err(|fault| tidy(cannot("copy", from, &fault)))?;
    let runs = sound(&new, from).map_err(tidy)?;
    let bytes = fs::metadata(&new).map_err(|fault| tidy(cannot("read", &new, &fault)))?.len();
    let aside = record.exists().then(|| {
        let stamp = now.strftime("%Y%m%dT%H%M%S");
        places.data.join(format!("retort.db.before-{stamp}"))
    });
    if let Some(aside) = &aside {
        for (old, kept) in files(&record).into_iter().zip(files(aside)) {
            if old.exists() {
                fs::rename(&old, &kept).map_err(|fault| tidy(cannot("move", &old, &fault)))?;
            }
        }
    }
    fs::rename(&new, &record).map_err(|fault| cannot("move", &new, &fault))?;
    atomic::sync_dir(&places.data);
    Ok(Restored { runs, bytes, aside })
}

/// Lists a database's file and those that SQLite keeps beside it.
fn files(path: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|end| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    })
}

/// Brings a copy to today's form, sees that it is sound, and counts its runs.
fn sound(copy: &Path, from: &Path) -> Result<u64, StoreFault> {
    let words =
        |message: String| StoreFault::new(message.replace(&copy.display().to_string(), &from.display().to_string()));
    let connection = db::open(copy, schema::RECORD, PATIENCE).map_err(|failed| {
        if failed.damaged {
            StoreFault::new(format!("{} is no record of runs, or damaged; everything is as it was", from.display()))
        } else {
            words(failed.fault.message)
        }
    })?;
    let asked = connection.query_row("PRAGMA quick_check (1)", [], |row| row.get::<_, String>(0));
    let told = |error: &rusqlite::Error| words(db::fault(copy, error).fault.message);
    let says = asked.map_err(|error| told(&error))?;
    if says != "ok" {
        return Err(StoreFault::new(format!("{} is damaged: {says}", from.display())));
    }
    let runs: i64 =
        connection.query_row("SELECT count(*) FROM run", [], |row| row.get(0)).map_err(|error| told(&error))?;
    connection.pragma_update(None, "journal_mode", "DELETE").map_err(|error| told(&error))?;
    Ok(runs.unsigned_abs())
}
