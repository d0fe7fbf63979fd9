//! What bytes are, read from their beginning alone: the media type, the size of a picture, the length of a sound.
//!
//! Nothing is decoded, so that no picture is larger in memory than its file.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What stands beside a text in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A document.
    File,
    /// A recording.
    Audio,
}

impl MediaKind {
    /// Every kind, in the order of the tables.
    pub const ALL: [Self; 3] = [Self::Image, Self::File, Self::Audio];

    /// Returns its key in a prompt's file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::File => "file",
            Self::Audio => "audio",
        }
    }

    /// Says what several are called.
    #[must_use]
    pub fn plural(self) -> &'static str {
        match self {
            Self::Image => "images",
            Self::File => "files",
            Self::Audio => "audio",
        }
    }

    /// Says which types are taken.
    #[must_use]
    pub fn types(self) -> &'static str {
        match self {
            Self::Image => "PNG, JPEG, WebP or GIF",
            Self::File => "PDF",
            Self::Audio => "WAV or MP3",
        }
    }
}

/// A media type that some provider takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum MediaType {
    #[serde(rename = "image/png")]
    Png,
    #[serde(rename = "image/jpeg")]
    Jpeg,
    #[serde(rename = "image/webp")]
    Webp,
    #[serde(rename = "image/gif")]
    Gif,
    #[serde(rename = "application/pdf")]
    Pdf,
    #[serde(rename = "audio/wav")]
    Wav,
    #[serde(rename = "audio/mpeg")]
    Mp3,
}

impl MediaType {
    /// All of them.
    pub const ALL: [Self; 7] = [Self::Png, Self::Jpeg, Self::Webp, Self::Gif, Self::Pdf, Self::Wav, Self::Mp3];

    /// Returns its name (RFC 6838), which is also that of a `data:` URI.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
            Self::Pdf => "application/pdf",
            Self::Wav => "audio/wav",
            Self::Mp3 => "audio/mpeg",
        }
    }

    /// Returns its short name, as OpenAI names the formats of audio and people name all of them.
    #[must_use]
    pub fn short(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpeg",
            Self::Webp => "webp",
            Self::Gif => "gif",
            Self::Pdf => "pdf",
            Self::Wav => "wav",
            Self::Mp3 => "mp3",
        }
    }

    /// Finds the type of a name, of which some are common and not registered.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase();
        match name.as_str() {
            "image/jpg" => Some(Self::Jpeg),
            "audio/x-wav" | "audio/wave" | "audio/vnd.wave" => Some(Self::Wav),
            "audio/mp3" => Some(Self::Mp3),
            _ => Self::ALL.into_iter().find(|known| known.name() == name),
        }
    }

    /// Guesses the type of an address from its ending.
    #[must_use]
    pub fn of_ending(path: &str) -> Option<Self> {
        let ending = path.rsplit_once('.')?.1.to_ascii_lowercase();
        if ending == "jpg" {
            return Some(Self::Jpeg);
        }
        Self::ALL.into_iter().find(|known| known.short() == ending)
    }

    /// Returns the kind of part it is sent as.
    #[must_use]
    pub fn kind(self) -> MediaKind {
        match self {
            Self::Png | Self::Jpeg | Self::Webp | Self::Gif => MediaKind::Image,
            Self::Pdf => MediaKind::File,
            Self::Wav | Self::Mp3 => MediaKind::Audio,
        }
    }

    /// Reads the type from the first bytes of a file. Fails with what the bytes are instead, as far as that can be said.
    pub fn of_bytes(bytes: &[u8]) -> Result<Self, &'static str> {
        let riff = |form: &[u8]| bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(form);
        let layer_three = matches!(bytes, [0xff, second, ..] if second & 0xe0 == 0xe0 && second & 0x06 == 0x02);
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            Ok(Self::Png)
        } else if bytes.starts_with(b"\xff\xd8\xff") {
            Ok(Self::Jpeg)
        } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
            Ok(Self::Gif)
        } else if riff(b"WEBP") {
            Ok(Self::Webp)
        } else if bytes.starts_with(b"%PDF-") {
            Ok(Self::Pdf)
        } else if riff(b"WAVE") {
            Ok(Self::Wav)
        } else if bytes.starts_with(b"ID3") || layer_three {
            Ok(Self::Mp3)
        } else {
            Err(otherwise(bytes))
        }
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Says what bytes are that no provider takes.
fn otherwise(bytes: &[u8]) -> &'static str {
    let head = bytes.get(..bytes.len().min(1024)).unwrap_or_default();
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let brand = |name: &[u8]| bytes.get(4..8) == Some(b"ftyp") && bytes.get(8..12) == Some(name);
    if bytes.is_empty() {
        "it is empty"
    } else if text.starts_with('<') && text.contains("<svg") {
        "it is an SVG, which is a text that may hold scripts; save it as a PNG"
    } else if text.starts_with('<') {
        "it is a page of HTML or XML"
    } else if brand(b"heic") || brand(b"heix") || brand(b"mif1") {
        "it is a HEIC picture; save it as a JPEG"
    } else if bytes.starts_with(b"BM") || bytes.starts_with(b"II*\0") || bytes.starts_with(b"MM\0*") {
        "it is a BMP or TIFF picture; save it as a PNG"
    } else if bytes.starts_with(b"\x1f\x8b") || bytes.starts_with(b"PK\x03\x04") {
        "it is an archive"
    } else if std::str::from_utf8(head).is_ok() {
        "it is a text"
    } else {
        "its first bytes are none of theirs"
    }
}

/// Reads the width and the height of a picture, in pixels; none where its beginning does not say.
#[must_use]
pub fn dimensions(bytes: &[u8], media: MediaType) -> Option<(u32, u32)> {
    let size = match media {
        MediaType::Png => (bytes.get(12..16) == Some(b"IHDR"))
            .then_some(())
            .and_then(|()| Some((big(bytes, 16, 4)?, big(bytes, 20, 4)?))),
        MediaType::Gif => Some((little(bytes, 6, 2)?, little(bytes, 8, 2)?)),
        MediaType::Jpeg => jpeg(bytes),
        MediaType::Webp => webp(bytes),
        MediaType::Pdf | MediaType::Wav | MediaType::Mp3 => None,
    };
    size.filter(|(width, height)| *width > 0 && *height > 0)
}

/// Reads how many seconds a recording has, rounded up; of an MP3 it is a guess at 128 kilobits in a second.
#[must_use]
pub fn seconds(bytes: &[u8], media: MediaType) -> Option<u64> {
    let length = bytes.len() as u64;
    let rate = match media {
        MediaType::Wav => u64::from(little(bytes, 28, 4)?),
        MediaType::Mp3 => 16_000,
        MediaType::Png | MediaType::Jpeg | MediaType::Webp | MediaType::Gif | MediaType::Pdf => return None,
    };
    (rate > 0).then(|| length.div_ceil(rate))
}

/// Counts the pages of a PDF as far as they stand in it uncompressed; one at least.
#[must_use]
pub fn pages(bytes: &[u8]) -> u64 {
    let found = memchr::memmem::find_iter(bytes, b"/Type").filter(|at| {
        let rest = bytes.get(at + 5..).unwrap_or_default();
        let rest = rest.strip_prefix(b" ").unwrap_or(rest);
        rest.starts_with(b"/Page") && !rest.starts_with(b"/Pages")
    });
    (found.count() as u64).max(1)
}

/// Writes a number of bytes in powers of ten: `812 B`, `3.4 MB`.
#[must_use]
pub fn byte_count(number: u64) -> String {
    match number {
        0..=999 => format!("{number} B"),
        1000..=999_949 => format!("{:.1} kB", number as f64 / 1e3),
        999_950..=999_949_999 => format!("{:.1} MB", number as f64 / 1e6),
        _ => format!("{:.1} GB", number as f64 / 1e9),
    }
}

/// Writes a limit in bytes as a person would: `16 MB`, in whole mebibytes where it is one.
#[must_use]
pub fn byte_size(limit: u64) -> String {
    const MIB: u64 = 1024 * 1024;
    if limit >= MIB && limit.is_multiple_of(MIB) { format!("{} MB", limit / MIB) } else { format!("{limit} bytes") }
}

fn big(bytes: &[u8], at: usize, count: usize) -> Option<u32> {
    let part = bytes.get(at..at.checked_add(count)?)?;
    Some(part.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
}

fn little(bytes: &[u8], at: usize, count: usize) -> Option<u32> {
    let part = bytes.get(at..at.checked_add(count)?)?;
    Some(part.iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
}

/// Walks the segments up to the one that begins a frame.
fn jpeg(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        if bytes.get(at) != Some(&0xff) {
            return None;
        }
        match *bytes.get(at + 1)? {
            // padding, and marks without a length
            0xff => at += 1,
            0x01 | 0xd0..=0xd8 => at += 2,
            0xc4 | 0xc8 | 0xcc | 0xda | 0xd9 | 0x00 => at = skipped(bytes, at)?,
            0xc0..=0xcf => return Some((big(bytes, at + 7, 2)?, big(bytes, at + 5, 2)?)),
            _ => at = skipped(bytes, at)?,
        }
    }
}

fn skipped(bytes: &[u8], at: usize) -> Option<usize> {
    let length = big(bytes, at + 2, 2).filter(|length| *length >= 2)?;
    at.checked_add(2)?.checked_add(length as usize)
}

fn webp(bytes: &[u8]) -> Option<(u32, u32)> {
    match bytes.get(12..16)? {
        b"VP8 " => Some((little(bytes, 26, 2)? & 0x3fff, little(bytes, 28, 2)? & 0x3fff)),
        b"VP8L" => {
            let packed = little(bytes, 21, 4)?;
            Some(((packed & 0x3fff) + 1, (packed >> 14 & 0x3fff) + 1))
        }
        b"VP8X" => Some((little(bytes, 24, 3)? + 1, little(bytes, 27, 3)? + 1)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_known_by_its_bytes_and_never_by_its_name() {
        for (bytes, media) in [
            (b"\x89PNG\r\n\x1a\nrest".as_slice(), MediaType::Png),
            (b"\xff\xd8\xff\xe0", MediaType::Jpeg),
            (b"GIF89a", MediaType::Gif),
            (b"RIFF\0\0\0\0WEBPVP8 ", MediaType::Webp),
            (b"RIFF\0\0\0\0WAVEfmt ", MediaType::Wav),
            (b"%PDF-1.7\n", MediaType::Pdf),
            (b"ID3\x04", MediaType::Mp3),
            (b"\xff\xfb\x90\x44", MediaType::Mp3),
        ] {
            assert_eq!(MediaType::of_bytes(bytes), Ok(media));
        }
        for (bytes, why) in [
            (b"".as_slice(), "empty"),
            (b"<?xml version=\"1.0\"?><svg onload=\"x()\"/>", "SVG"),
            (b"\xef\xbb\xbf <SVG/>", "SVG"),
            (b"<html>", "HTML"),
            (b"\x1f\x8b\x08", "archive"),
            (b"root:x:0:0:root", "a text"),
            (b"\0\0\0\x18ftypheic", "HEIC"),
            (b"\x7fELF\x02\xff\xfe", "none of theirs"),
        ] {
            let said = MediaType::of_bytes(bytes).unwrap_err();
            assert!(said.contains(why), "{said}");
        }
    }

    #[test]
    fn the_size_of_a_picture_is_read_from_its_head() {
        let png = [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &[0, 0, 4, 0, 0, 0, 3, 0]].concat();
        assert_eq!(dimensions(&png, MediaType::Png), Some((1024, 768)));
        assert_eq!(dimensions(b"GIF89a\x0a\0\x05\0", MediaType::Gif), Some((10, 5)));
        let jpeg = [b"\xff\xd8\xff\xe0\0\x04ab\xff\xc4\0\x03x\xff\xc2\0\x11\x08".as_slice(), &[1, 0, 2, 0]].concat();
        assert_eq!(dimensions(&jpeg, MediaType::Jpeg), Some((512, 256)));
        let lossy = [b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a".as_slice(), &[0x40, 1, 0xf0, 0]].concat();
        assert_eq!(dimensions(&lossy, MediaType::Webp), Some((320, 240)));
        let wide = [b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0".as_slice(), &[0x3f, 1, 0, 0xef, 0, 0]].concat();
        assert_eq!(dimensions(&wide, MediaType::Webp), Some((320, 240)));
        let packed: u32 = 0x13f | 0xef << 14;
        let lossless = [b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f".as_slice(), &packed.to_le_bytes()].concat();
        assert_eq!(dimensions(&lossless, MediaType::Webp), Some((320, 240)));
    }

    #[test]
    fn a_head_that_is_cut_off_or_says_nothing_has_no_size() {
        for (bytes, media) in [
            (b"\x89PNG\r\n\x1a\n\0\0".as_slice(), MediaType::Png),
            (b"\xff\xd8\xff\xe0\0\x01", MediaType::Jpeg),
            (b"\xff\xd8\xff\xe0\xff\xff", MediaType::Jpeg),
            (b"GIF89a\0\0\0\0", MediaType::Gif),
            (b"RIFF\0\0\0\0WEBPXXXX", MediaType::Webp),
        ] {
            assert_eq!(dimensions(bytes, media), None);
        }
        assert_eq!(pages(b"/Type /Pages /Type /Page /Type/Page"), 2);
        assert_eq!(pages(b"%PDF-"), 1);
    }
}
