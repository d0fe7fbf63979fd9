//! Bodies that come packed, and bodies that only claim to.
//!
//! Plain bodies are asked for. A server or a proxy may pack them all the same, or unpack them and
//! leave the label on; so the first bytes decide, and the label only where they say nothing.

use std::io::{Error, Write};

use brotli_decompressor::DecompressorWriter;
use bytes::Bytes;
use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer};

use crate::{
    model::{CallError, ErrorKind},
    provider::response_reader::RESPONSE_CAP,
};

/// What a gzip member begins with, and what a frame of Zstandard does.
const GZIP: &[u8] = b"\x1f\x8b";
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";

/// The bytes by which a body without a magic number is told from text.
const ENOUGH: usize = 16;

/// The largest window a body may be packed with, as a power of two: 8 MiB (RFC 9659).
const WINDOW: u32 = 23;

/// How a body is labelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
    /// None, or none that is known.
    Other,
}

/// Unpacks one body, pushed in pieces of any size.
#[derive(Debug)]
pub(crate) struct Unpack {
    label: Label,
    stage: Stage,
}

enum Stage {
    /// Too little has come to tell.
    Head(Vec<u8>),
    Plain,
    Packed(Box<Packed>),
}

/// The decoders, each with what it has put out.
#[expect(clippy::large_enum_variant, reason = "there is one for a body, in a box")]
enum Packed {
    Gzip(MultiGzDecoder<Sink>),
    Zlib(ZlibDecoder<Sink>),
    Deflate(DeflateDecoder<Sink>),
    Brotli(DecompressorWriter<Sink>),
    Zstd(DCtx<'static>, Sink),
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Head(_) => "Head",
            Self::Plain => "Plain",
            Self::Packed(_) => "Packed",
        })
    }
}

/// Unpacked bytes: no more of them in all than an answer may have.
#[derive(Debug, Default)]
struct Sink {
    bytes: Vec<u8>,
    total: usize,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.total = self.total.saturating_add(bytes.len());
        if self.total > RESPONSE_CAP {
            return Err(Error::from(std::io::ErrorKind::FileTooLarge));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Unpack {
    /// Begins a body with the value of its `Content-Encoding`.
    pub(crate) fn new(label: Option<&str>) -> Self {
        let last = label.and_then(|label| label.rsplit(',').next()).unwrap_or_default();
        let label = match last.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Label::Gzip,
            "deflate" => Label::Deflate,
            "br" => Label::Brotli,
            "zstd" => Label::Zstd,
            _ => Label::Other,
        };
        Self { label, stage: Stage::Head(Vec::new()) }
    }

    /// Takes more of the body and returns what is known of it by now, which may be nothing.
    pub(crate) fn push(&mut self, bytes: Bytes) -> Result<Bytes, CallError> {
        match &mut self.stage {
            Stage::Plain => Ok(bytes),
            Stage::Packed(packed) => packed.push(&bytes).map_err(|error| self.error(&error)),
            Stage::Head(head) => {
                head.extend_from_slice(&bytes);
                self.settle(false)
            }
        }
    }

    /// Takes the end of the body and returns what was held back. A packed body that ends early has
    /// put out all there is of it: whether that is a whole answer, it says itself.
    pub(crate) fn finish(&mut self) -> Result<Bytes, CallError> {
        match &self.stage {
            Stage::Head(_) => self.settle(true),
            Stage::Plain | Stage::Packed(_) => Ok(Bytes::new()),
        }
    }

    fn settle(&mut self, over: bool) -> Result<Bytes, CallError> {
        let Stage::Head(head) = &mut self.stage else { return Ok(Bytes::new()) };
        let may_begin = |magic: &[u8]| !over && !head.is_empty() && magic.starts_with(head);
        let stage = if head.starts_with(GZIP) {
            Stage::Packed(Box::new(Packed::Gzip(MultiGzDecoder::new(Sink::default()))))
        } else if head.starts_with(ZSTD) {
            Stage::Packed(Box::new(Packed::zstd()))
        } else if head.is_empty() || may_begin(GZIP) || may_begin(ZSTD) {
            return Ok(Bytes::new());
        } else {
            match self.label {
                Label::Deflate | Label::Brotli if !over && head.len() < ENOUGH => return Ok(Bytes::new()),
                Label::Deflate | Label::Brotli if is_text(head) => Stage::Plain,
                Label::Deflate => Stage::Packed(Box::new(Packed::deflate(head))),
                Label::Brotli => {
                    let decoder = DecompressorWriter::new(Sink::default(), 16 * 1024);
                    Stage::Packed(Box::new(Packed::Brotli(decoder)))
                }
                Label::Gzip | Label::Zstd | Label::Other => Stage::Plain,
            }
        };
        let head = std::mem::take(head);
        self.stage = stage;
        self.push(head.into())
    }

    fn error(&self, error: &Error) -> CallError {
        if error.kind() == std::io::ErrorKind::FileTooLarge {
            let text = format!("the response is larger than {} MiB unpacked", RESPONSE_CAP / (1024 * 1024));
            return CallError::new(ErrorKind::TooLarge, text);
        }
        let label = self.label;
        CallError::new(
            ErrorKind::Transient,
            format!("the answer came packed ({label:?}) and cannot be unpacked: {error}"),
        )
    }
}

impl Packed {
    fn zstd() -> Self {
        let mut context = DCtx::create();
        // A window it does not take is one it cannot have: the largest is its own then.
        let _ = context.set_parameter(DParameter::WindowLogMax(WINDOW));
        Self::Zstd(context, Sink::default())
    }

    /// `deflate` is zlib's format by the standard (RFC 9110), and on some servers without its head.
    fn deflate(head: &[u8]) -> Self {
        let zlib = match head {
            [first, second, ..] => first & 15 == 8 && u16::from_be_bytes([*first, *second]) % 31 == 0,
            _ => false,
        };
        if zlib {
            Self::Zlib(ZlibDecoder::new(Sink::default()))
        } else {
            Self::Deflate(DeflateDecoder::new(Sink::default()))
        }
    }

    fn push(&mut self, bytes: &[u8]) -> std::io::Result<Bytes> {
        let sink = match self {
            Self::Gzip(decoder) => {
                write_all(decoder, bytes)?;
                decoder.get_mut()
            }
            Self::Zlib(decoder) => {
                write_all(decoder, bytes)?;
                decoder.get_mut()
            }
            Self::Deflate(decoder) => {
                write_all(decoder, bytes)?;
                decoder.get_mut()
            }
            Self::Brotli(decoder) => {
                write_all(decoder, bytes)?;
                decoder.get_mut()
            }
            Self::Zstd(context, sink) => {
                stream(context, bytes, sink)?;
                sink
            }
        };
        Ok(std::mem::take(&mut sink.bytes).into())
    }
}

/// Writes as much as the decoder takes, and has it put out all it knows. What follows the end of a
/// packed body is not part of it.
fn write_all(decoder: &mut impl Write, mut bytes: &[u8]) -> std::io::Result<()> {
    while !bytes.is_empty() {
        match decoder.write(bytes) {
            Ok(0) => break,
            Ok(length) => bytes = bytes.get(length..).unwrap_or_default(),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    decoder.flush()
}

fn stream(context: &mut DCtx<'static>, bytes: &[u8], sink: &mut Sink) -> std::io::Result<()> {
    let mut piece = [0; 16 * 1024];
    let mut input = InBuffer::around(bytes);
    loop {
        let mut output = OutBuffer::around(&mut piece[..]);
        let named = |code| Error::other(zstd_safe::get_error_name(code));
        context.decompress_stream(&mut output, &mut input).map_err(named)?;
        let full = output.pos() == output.capacity();
        sink.write_all(output.as_slice())?;
        if !full && input.pos() == bytes.len() {
            return Ok(());
        }
    }
}

/// Tells whether a body is text that claims to be packed: what is packed has bytes that no text has
/// among its first.
fn is_text(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let begins = head.trim_ascii_start().first().is_none_or(|first| b"{[<:deir".contains(first));
    begins && head.iter().take(ENOUGH).all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~'))
}

#[cfg(test)]
mod tests {
    use flate2::{
        Compression,
        write::{DeflateEncoder, GzEncoder, ZlibEncoder},
    };

    use super::*;

    const BODY: &[u8] = b"data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\ndata: [DONE]\n\n";

    /// The body three times over, as Brotli packs it: its encoder is no dependency.
    const BROTLI: &[u8] = &[
        0x1b, 0xb9, 0x00, 0x60, 0x2d, 0x0a, 0xec, 0x26, 0x63, 0x17, 0xc6, 0x57, 0x73, 0xe5, 0x18, 0xed, 0x5c, 0x7c,
        0xb9, 0x67, 0x4a, 0x91, 0xad, 0xbd, 0x56, 0xe8, 0x72, 0xea, 0x9b, 0x20, 0x45, 0x48, 0xad, 0x23, 0x42, 0xd4,
        0xb7, 0x9e, 0xd2, 0x60, 0x03, 0x0e, 0xd8, 0x23, 0x8f, 0x02, 0xd1, 0x45, 0x65, 0xd8, 0x01, 0x3b, 0xaf, 0x1d,
        0x0f, 0x90, 0xbb, 0x5b, 0xb4, 0x35, 0x9b, 0xb9, 0x89, 0xfb, 0x3b, 0xc1, 0xb3, 0xcd, 0x8a, 0x1a,
    ];

    fn unpacked(label: Option<&str>, body: &[u8], size: usize) -> Result<Vec<u8>, CallError> {
        let mut unpack = Unpack::new(label);
        let mut out = Vec::new();
        for piece in body.chunks(size) {
            out.extend(unpack.push(Bytes::copy_from_slice(piece))?);
        }
        out.extend(unpack.finish()?);
        Ok(out)
    }

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(body: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    fn deflate(body: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(body: &[u8]) -> Vec<u8> {
        let mut out = vec![0; zstd_safe::compress_bound(body.len())];
        let length = zstd_safe::compress(&mut out[..], body, 3).unwrap();
        out.truncate(length);
        out
    }

    #[test]
    fn every_packing_is_unpacked_under_every_split() {
        let body = BODY.repeat(3);
        for (label, packed) in [
            ("gzip", gzip(&body)),
            ("x-gzip", gzip(&body)),
            ("deflate", zlib(&body)),
            ("deflate", deflate(&body)),
            ("zstd", zstd(&body)),
            ("br", BROTLI.to_vec()),
        ] {
            for size in 1..=packed.len() {
                assert_eq!(unpacked(Some(label), &packed, size).unwrap(), body, "{label}, {size} at a time");
            }
        }
    }

    #[test]
    fn a_label_that_is_stale_or_none_is_passed_over() {
        for label in [
            None,
            Some(""),
            Some("none"),
            Some("identity"),
            Some("utf-8"),
            Some("gzip"),
            Some("br"),
            Some("deflate"),
            Some("zstd"),
            Some("gzip, br"),
        ] {
            for size in [1, 3, BODY.len()] {
                assert_eq!(unpacked(label, BODY, size).unwrap(), BODY, "{label:?}, {size} at a time");
            }
            assert_eq!(unpacked(label, b"{}", 1).unwrap(), b"{}", "{label:?}");
            assert_eq!(unpacked(label, b"", 1).unwrap(), b"", "{label:?}");
        }
        for label in [None, Some("identity"), Some("br")] {
            assert_eq!(unpacked(label, &gzip(BODY), 5).unwrap(), BODY, "the bytes say it: {label:?}");
        }
    }

    #[test]
    fn what_is_flushed_is_there_at_once_and_an_end_that_lacks_takes_nothing_away() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(BODY).unwrap();
        encoder.flush().unwrap();
        let flushed = encoder.get_ref().clone();
        assert_eq!(unpacked(Some("gzip"), &flushed, flushed.len()).unwrap(), BODY);
        assert_eq!(unpacked(Some("gzip"), &flushed, 1).unwrap(), BODY);
    }

    #[test]
    fn a_little_that_unpacks_to_too_much_is_refused() {
        let bomb = vec![0; RESPONSE_CAP + 1];
        for (label, body) in [("gzip", gzip(&bomb)), ("deflate", zlib(&bomb)), ("zstd", zstd(&bomb))] {
            assert!(body.len() < bomb.len() / 100);
            assert_eq!(unpacked(Some(label), &body, body.len()).unwrap_err().class, ErrorKind::TooLarge, "{label}");
        }
    }

    #[test]
    fn damage_is_said_with_its_packing() {
        let mut body = gzip(&BODY.repeat(9));
        let middle = body.len() / 2;
        body[middle..].fill(0xff);
        let error = unpacked(Some("gzip"), &body, 7).unwrap_err();
        assert_eq!(error.class, ErrorKind::Transient);
        assert!(error.message.contains("Gzip"), "{error}");
    }
}
