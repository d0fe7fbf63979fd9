//! `retort prompts sample`: the project that the walk through tools and pictures goes through.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    cli::{
        Io, Stopped,
        output::{OutputContent, Outputs},
    },
    config::{atomic_file, builtin::SUPPORT_SAMPLE},
    model::{attachment::folder_of, settings::Places},
};

/// Writes the files of the sample into a folder, and prints their paths. Nothing is written where one of them is there.
pub(crate) fn write(folder: &Path, places: &Places, io: &mut Io<'_>) -> Result<(), Stopped> {
    let files = SUPPORT_SAMPLE.iter().map(|(path, bytes)| (io.cwd.join(folder).join(path), *bytes));
    let files: Vec<(PathBuf, &[u8])> = files.collect();
    let folders: BTreeSet<_> = files.iter().map(|(path, _)| folder_of(path)).collect();
    for folder in &folders {
        fs::create_dir_all(folder).map_err(|error| atomic_file::error_of("make", folder, &error))?;
    }
    let outputs = Outputs { places, in_use: Vec::new(), force: false };
    let checked = outputs.check(files.iter().map(|(path, _)| (path.clone(), OutputContent::Sample)))?;
    for (output, (path, bytes)) in checked.iter().zip(SUPPORT_SAMPLE) {
        output.write(|out| out.write_all(bytes))?;
        writeln!(io.out, "{}", folder.join(path).display())?;
    }
    Ok(())
}
