//! The record put back from a copy.

use std::path::Path;

use jiff::Timestamp;

use super::upkeep::{many, size};
use crate::{
    cli::{Exit, Io, Stopped},
    model::settings::Places,
    store::restore,
};

/// Puts a copy in the record's place; what was there is moved aside and told where.
pub(super) fn restore(places: &Places, file: &Path, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let done = restore::restore(places, file, Timestamp::now())?;
    writeln!(io.err, "the record is that of {} again: {}, {}", file.display(), many(done.runs), size(done.bytes))?;
    if let Some(aside) = done.aside {
        writeln!(io.err, "what was there is in {}", aside.display())?;
    }
    Ok(Exit::Done)
}
