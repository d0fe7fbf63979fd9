//! Where the input of a run is read from: a file, or standard input; bounded, and text.

use std::{
    fs,
    io::{self, Read as _},
    path::Path,
};

use crate::{
    cli::Stopped,
    model::settings::{IntakeLimits, byte_size},
};

/// Reads a file, of so many bytes at most.
pub(super) fn file(path: &Path, most: u64) -> Result<String, Stopped> {
    let shown = path.display();
    let bytes = fs::File::open(path).and_then(|file| within(file, most)).map_err(|fault| {
        Stopped::Usage(match fault.kind() {
            io::ErrorKind::NotFound => {
                format!("there is no file {shown}: --input takes the path of a file, or `-` for standard input")
            }
            io::ErrorKind::IsADirectory => {
                format!("{shown} is a folder: --input takes a file; `retort batch PROMPT {shown}` runs over its texts")
            }
            io::ErrorKind::FileTooLarge => too_large(&format!("the input {shown}"), most),
            _ => format!("cannot read the input {shown}: {fault}"),
        })
    })?;
    text(bytes, &shown.to_string())
}

/// Reads standard input, of so many bytes at most.
pub(super) fn standard_input(most: u64) -> Result<String, Stopped> {
    let bytes = within(io::stdin().lock(), most).map_err(|fault| {
        Stopped::Usage(match fault.kind() {
            io::ErrorKind::FileTooLarge => too_large("the input on standard input", most),
            _ => format!("cannot read standard input: {fault}"),
        })
    })?;
    text(bytes, "standard input")
}

/// Reads all there is, so many bytes at most.
fn within(from: impl io::Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

fn too_large(what: &str, most: u64) -> String {
    let (most, key) = (byte_size(most), IntakeLimits::INPUT);
    format!(
        "{what} is larger than {most}, as much as is taken; make it smaller, or raise {key} in [limits] of the settings"
    )
}

fn text(bytes: Vec<u8>, whose: &str) -> Result<String, Stopped> {
    String::from_utf8(bytes).map_err(|fault| {
        let at = fault.utf8_error().valid_up_to() + 1;
        Stopped::Usage(format!(
            "{whose} is no text in UTF-8, from byte {at} on; `iconv -f latin1 -t utf-8` writes a text in Latin-1 anew"
        ))
    })
}
