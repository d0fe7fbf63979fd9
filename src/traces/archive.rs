//! The log of an eval of inspect's, `.eval`: a ZIP archive with a member of JSON for each sample.
//! <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>, with the method 93 (Zstandard) that inspect packs with.
//!
//! The directory at its end is read, and then one sample after the other. Nothing is unpacked beyond what a record may have,
//! and members that share their bytes, of which bombs are made, are refused.

use std::io::{self, Read, Seek, SeekFrom};

use flate2::{Crc, read::DeflateDecoder};
use zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer};

use crate::traces::scan::{JsonRecord, MOST_BYTES, TraceError, parsed};

/// What the parts of an archive begin with.
const MEMBER: u32 = 0x0403_4b50;
const ENTRY: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const LARGE_END: u32 = 0x0606_4b50;
const LARGE_PLACE: u32 = 0x0706_4b50;

/// The bytes of those parts, without what has no fixed length.
const MEMBER_LENGTH: u64 = 30;
const ENTRY_LENGTH: usize = 46;
const END_LENGTH: usize = 22;
const LARGE_END_LENGTH: usize = 56;
const LARGE_PLACE_LENGTH: usize = 20;

/// The longest remark behind the end, in bytes.
const REMARK: u64 = 65_535;

/// The longest directory that is read, in bytes: room for a million samples.
const MOST_DIRECTORY: u64 = 128 * 1024 * 1024;

/// The largest window a sample may be packed with, as a power of two: 32 MiB.
const WINDOW: u32 = 25;

/// How a member is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    Stored,
    Deflate,
    Zstd,
}

/// A sample in the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SampleEntry {
    name: String,
    method: u16,
    is_secret: bool,
    checksum: u32,
    packed: u64,
    size: u64,
    /// Where the member begins.
    at: u64,
}

/// Reads the samples of an archive, one at a time.
#[derive(Debug)]
pub struct EvalArchive<R> {
    input: R,
    samples: Vec<SampleEntry>,
    next: usize,
}

fn broken(what: impl Into<String>) -> TraceError {
    TraceError::Broken { line: 1, what: what.into() }
}

fn cut() -> TraceError {
    broken("the archive is cut off or damaged")
}

/// Reads a number of so many bytes, the least significant first.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let part = bytes.get(at..at.checked_add(length)?)?;
    Some(part.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte)))
}

fn mark(bytes: &[u8], at: usize) -> Option<u32> {
    number(bytes, at, 4).map(|mark| mark as u32)
}

impl<R: Read + Seek> EvalArchive<R> {
    /// Reads the directory of an archive.
    ///
    /// # Errors
    ///
    /// Fails where it is no whole archive, or one that is made to take more than it gives.
    pub fn open(mut input: R) -> Result<Self, TraceError> {
        let whole = input.seek(SeekFrom::End(0))?;
        let tail = whole.min(REMARK + (END_LENGTH + LARGE_PLACE_LENGTH) as u64);
        let end = read_at(&mut input, whole - tail, tail)?;
        let at = (0..=end.len().saturating_sub(END_LENGTH)).rev().find(|at| mark(&end, *at) == Some(END));
        let at =
            at.ok_or_else(|| broken("the archive has no end: the eval did not end, or the file was not copied whole"))?;
        let of = |place, length| number(&end, at + place, length).ok_or_else(cut);
        let (mut length, mut begins) = (of(12, 4)?, of(16, 4)?);
        let before = at.checked_sub(LARGE_PLACE_LENGTH);
        if let Some(place) = before.filter(|place| mark(&end, *place) == Some(LARGE_PLACE)) {
            let large_at = number(&end, place + 8, 8).ok_or_else(cut)?;
            let large = read_at(&mut input, large_at, LARGE_END_LENGTH as u64)?;
            if mark(&large, 0) != Some(LARGE_END) {
                return Err(cut());
            }
            (length, begins) = (number(&large, 40, 8).ok_or_else(cut)?, number(&large, 48, 8).ok_or_else(cut)?);
        }
        if length > MOST_DIRECTORY {
            return Err(broken(format!("its directory is larger than {} MB", MOST_DIRECTORY / 1024 / 1024)));
        }
        let directory = read_at(&mut input, begins, length)?;
        let samples = entries(&directory)?;
        no_overlap(&samples, begins)?;
        let samples = samples.into_iter().filter(SampleEntry::is_sample).collect();
        Ok(Self { input, samples, next: 0 })
    }

    /// Returns how many samples it has, and how many were read.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        (self.samples.len(), self.next)
    }

    fn read(&mut self, place: usize) -> Result<JsonRecord, TraceError> {
        let line = place as u64 + 1;
        let Some(entry) = self.samples.get(place) else { return Err(cut()) };
        let bytes = unpacked(&mut self.input, entry).map_err(|error| match error {
            TraceError::Broken { what, .. } => TraceError::Broken { line, what: format!("{}: {what}", entry.name) },
            TraceError::Io(error) => TraceError::Io(error),
        })?;
        let (value, not_finite) = parsed(&bytes).map_err(|error| {
            let what = format!("{}: broken JSON: {error}", entry.name);
            TraceError::Broken { line, what }
        })?;
        Ok(JsonRecord { line, left_out: not_finite.into_iter().collect(), value })
    }
}

impl<R: Read + Seek> Iterator for EvalArchive<R> {
    type Item = Result<JsonRecord, TraceError>;

    /// Reads the next sample. After an error nothing follows.
    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.samples.len() {
            return None;
        }
        let read = self.read(self.next);
        self.next = if read.is_ok() { self.next + 1 } else { self.samples.len() };
        Some(read)
    }
}

impl SampleEntry {
    fn is_sample(&self) -> bool {
        self.name.strip_prefix("samples/").is_some_and(|name| name.strip_suffix(".json").is_some())
    }

    fn packing(&self) -> Result<Packing, TraceError> {
        if self.is_secret {
            return Err(broken("it is encrypted"));
        }
        match self.method {
            0 => Ok(Packing::Stored),
            8 => Ok(Packing::Deflate),
            93 => Ok(Packing::Zstd),
            other => Err(broken(format!("it is packed by the method {other}, which is not read here"))),
        }
    }
}

fn read_at(input: &mut (impl Read + Seek), at: u64, length: u64) -> Result<Vec<u8>, TraceError> {
    input.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    input.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == length { Ok(bytes) } else { Err(cut()) }
}

/// Reads the directory.
fn entries(directory: &[u8]) -> Result<Vec<SampleEntry>, TraceError> {
    let (mut all, mut rest) = (Vec::new(), directory);
    while mark(rest, 0) == Some(ENTRY) {
        let of = |place, length| number(rest, place, length).ok_or_else(cut);
        let (name, more, remark) = (of(28, 2)? as usize, of(30, 2)? as usize, of(32, 2)? as usize);
        let behind = ENTRY_LENGTH + name;
        let name = rest.get(ENTRY_LENGTH..behind).ok_or_else(cut)?;
        let extra = rest.get(behind..behind + more).ok_or_else(cut)?;
        let (mut size, mut packed, mut at) = (of(24, 4)?, of(20, 4)?, of(42, 4)?);
        large(extra, [&mut size, &mut packed, &mut at]);
        all.push(SampleEntry {
            name: String::from_utf8_lossy(name).chars().filter(|c| !c.is_control()).take(200).collect(),
            method: of(10, 2)? as u16,
            is_secret: of(8, 2)? & 1 == 1,
            checksum: of(16, 4)? as u32,
            packed,
            size,
            at,
        });
        rest = rest.get(behind + more + remark..).ok_or_else(cut)?;
    }
    Ok(all)
}

/// Reads numbers that are too large for their fields from where they stand then, in this order.
fn large(mut extra: &[u8], numbers: [&mut u64; 3]) {
    while let (Some(kind), Some(length)) = (number(extra, 0, 2), number(extra, 2, 2)) {
        let length = length as usize;
        if kind == 1 {
            let mut at = 4;
            for field in numbers {
                if *field == u64::from(u32::MAX)
                    && let Some(value) = number(extra, at, 8)
                {
                    *field = value;
                    at += 8;
                }
            }
            return;
        }
        extra = extra.get(4 + length..).unwrap_or_default();
    }
}

/// Refuses members that share their bytes.
fn no_overlap(entries: &[SampleEntry], directory: u64) -> Result<(), TraceError> {
    let mut places: Vec<(u64, u64)> = entries.iter().map(|entry| (entry.at, entry.packed)).collect();
    places.sort_unstable();
    let ends = places.iter().map(|(at, packed)| at.saturating_add(*packed).saturating_add(MEMBER_LENGTH));
    let begins = places.iter().skip(1).map(|(at, _)| *at).chain([directory]);
    if ends.zip(begins).any(|(end, next)| end > next) {
        return Err(broken("members of the archive share their bytes: it is made to take more than it gives"));
    }
    Ok(())
}

/// Unpacks a member whole.
fn unpacked(input: &mut (impl Read + Seek), entry: &SampleEntry) -> Result<Vec<u8>, TraceError> {
    let packing = entry.packing()?;
    let too_large = || broken(format!("a sample is larger than {} MB", MOST_BYTES / 1024 / 1024));
    if entry.size > MOST_BYTES as u64 || entry.packed > MOST_BYTES as u64 {
        return Err(too_large());
    }
    let head = read_at(input, entry.at, MEMBER_LENGTH)?;
    let (name, extra) = (number(&head, 26, 2).ok_or_else(cut)?, number(&head, 28, 2).ok_or_else(cut)?);
    if mark(&head, 0) != Some(MEMBER) {
        return Err(cut());
    }
    let packed = read_at(input, entry.at.saturating_add(MEMBER_LENGTH + name + extra), entry.packed)?;
    let most = entry.size as usize;
    let bytes = match packing {
        Packing::Stored => packed,
        Packing::Deflate => {
            let mut bytes = Vec::new();
            let read = DeflateDecoder::new(packed.as_slice()).take(most as u64 + 1).read_to_end(&mut bytes);
            read.map_err(|_damaged| cut())?;
            bytes
        }
        Packing::Zstd => of_zstd(&packed, most)?,
    };
    let mut checksum = Crc::new();
    checksum.update(&bytes);
    if bytes.len() > most {
        return Err(broken("it is larger than the archive says"));
    }
    if bytes.len() < most || checksum.sum() != entry.checksum {
        return Err(cut());
    }
    Ok(bytes)
}

/// Unpacks frames of Zstandard, to one byte more than there may be.
fn of_zstd(packed: &[u8], most: usize) -> Result<Vec<u8>, TraceError> {
    let damaged = |_code| cut();
    let mut context = DCtx::try_create().ok_or_else(|| TraceError::Io(io::Error::from(io::ErrorKind::OutOfMemory)))?;
    context.set_parameter(DParameter::WindowLogMax(WINDOW)).map_err(damaged)?;
    let (mut input, mut piece, mut bytes) = (InBuffer::around(packed), vec![0; 64 * 1024], Vec::new());
    loop {
        let mut output = OutBuffer::around(piece.as_mut_slice());
        let left = context.decompress_stream(&mut output, &mut input).map_err(damaged)?;
        let written = output.as_slice();
        let is_full = written.len() == 64 * 1024;
        bytes.extend_from_slice(written);
        if bytes.len() > most || (input.pos() == packed.len() && !is_full) {
            return if left == 0 || bytes.len() > most { Ok(bytes) } else { Err(cut()) };
        }
    }
}
