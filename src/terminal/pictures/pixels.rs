//! Pictures as pixels, for terminals that take no file as it is: PNG and JPEG decoded, and made as small as they are shown.
//!
//! The files are of others. Pixels are counted before room is made for any, and a file that unpacks to more than its head
//! says is given up there. PNG: `https://www.w3.org/TR/png-3/`. The turn that a camera notes: Exif 3.0, tag 0x0112.

use std::io::Read;

use flate2::read::ZlibDecoder;
use zune_jpeg::{
    JpegDecoder,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

use crate::model::MediaType;

/// Pixels of a picture that is decoded, at most: those of most cameras, and 72 MB while it is.
const MOST_PIXELS: u64 = 24_000_000;

/// A picture's pixels, red, green and blue, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pixels {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) rgb: Vec<u8>,
}

/// Decodes a file. What is transparent is white. Fails, in words, where it is damaged, too large, or of another type.
pub(crate) fn decode(bytes: &[u8], media: MediaType) -> Result<Pixels, String> {
    match media {
        MediaType::Png => png(bytes).map_err(str::to_owned),
        MediaType::Jpeg => jpeg(bytes),
        MediaType::Gif | MediaType::Webp | MediaType::Pdf | MediaType::Wav | MediaType::Mp3 => {
            Err(format!("this terminal is sent PNG and JPEG alone, and this is {}", media.short()))
        }
    }
}

const DAMAGED: &str = "the picture is damaged";
const TOO_LARGE: &str = "a picture of more than 24 million pixels is not shown here";

/// Returns width and height where there are some, and not too many.
fn sides(width: u64, height: u64) -> Result<(usize, usize), &'static str> {
    match width.saturating_mul(height) {
        0 => Err(DAMAGED),
        1..=MOST_PIXELS => Ok((width as usize, height as usize)),
        _ => Err(TOO_LARGE),
    }
}

fn jpeg(bytes: &[u8]) -> Result<Pixels, String> {
    let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let damaged = |_other| DAMAGED.to_owned();
    decoder.decode_headers().map_err(damaged)?;
    let info = decoder.info().ok_or(DAMAGED)?;
    let (width, height) = sides(info.width.into(), info.height.into())?;
    let rgb = decoder.decode().map_err(damaged)?;
    if rgb.len() != width * height * 3 {
        return Err(DAMAGED.to_owned());
    }
    let turn = decoder.exif().and_then(|exif| turn_of(exif)).unwrap_or(1);
    Ok(Pixels { width, height, rgb }.turned(turn))
}

/// Reads how the camera was held out of what it noted: 1 is upright, 2 to 8 as Exif numbers them.
fn turn_of(exif: &[u8]) -> Option<u16> {
    let little = match exif.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let number = |at: usize, bytes: usize| {
        let bytes = exif.get(at..at.checked_add(bytes)?)?;
        let add = |sum: usize, byte: &u8| sum << 8 | usize::from(*byte);
        Some(if little { bytes.iter().rev().fold(0, add) } else { bytes.iter().fold(0, add) })
    };
    let list = number(4, 4)?;
    let mut tags = (0..number(list, 2)?).map(|tag| list + 2 + 12 * tag);
    let tag = tags.find(|at| number(*at, 2).is_none_or(|tag| tag == 0x0112))?;
    u16::try_from(number(tag + 8, 2)?).ok().filter(|turn| (1..=8).contains(turn))
}

/// What the head of a PNG says.
struct PngHead {
    width: usize,
    height: usize,
    depth: usize,
    form: PngForm,
    interlaced: bool,
}

/// What a pixel of a PNG consists of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PngForm {
    Grey,
    Rgb,
    Palette,
    GreyAlpha,
    Rgba,
}

impl PngForm {
    fn samples(self) -> usize {
        match self {
            Self::Grey | Self::Palette => 1,
            Self::GreyAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }

    fn takes(self, depth: usize) -> bool {
        match self {
            Self::Grey => matches!(depth, 1 | 2 | 4 | 8 | 16),
            Self::Palette => matches!(depth, 1 | 2 | 4 | 8),
            Self::Rgb | Self::GreyAlpha | Self::Rgba => matches!(depth, 8 | 16),
        }
    }
}

impl PngHead {
    fn read(chunk: &[u8]) -> Result<Self, &'static str> {
        let (width, rest) = chunk.split_first_chunk().ok_or(DAMAGED)?;
        let (height, rest) = rest.split_first_chunk().ok_or(DAMAGED)?;
        let [depth, form, 0, 0, interlaced @ 0..=1] = *rest else { return Err(DAMAGED) };
        let (width, height) = sides(u32::from_be_bytes(*width).into(), u32::from_be_bytes(*height).into())?;
        let form = match form {
            0 => PngForm::Grey,
            2 => PngForm::Rgb,
            3 => PngForm::Palette,
            4 => PngForm::GreyAlpha,
            6 => PngForm::Rgba,
            _ => return Err(DAMAGED),
        };
        let depth = usize::from(depth);
        if !form.takes(depth) {
            return Err(DAMAGED);
        }
        Ok(Self { width, height, depth, form, interlaced: interlaced == 1 })
    }

    /// Lists the pictures that it is sent as: where each begins, and how far apart its pixels are.
    fn passes(&self) -> &'static [(usize, usize, usize, usize)] {
        if self.interlaced {
            &[(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
        } else {
            &[(0, 0, 1, 1)]
        }
    }
}

/// The colours that a PNG names, and what of them is transparent.
#[derive(Default)]
struct PngColours {
    palette: Vec<[u8; 3]>,
    transparent: Vec<u8>,
}

fn png(bytes: &[u8]) -> Result<Pixels, &'static str> {
    let mut rest = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n").ok_or(DAMAGED)?;
    let (mut head, mut colours, mut packed) = (None, PngColours::default(), Vec::new());
    while let Some((&[a, b, c, d, kind @ ..], after)) = rest.split_first_chunk::<8>() {
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let chunk = after.get(..length).ok_or(DAMAGED)?;
        match &kind {
            b"IHDR" => head = Some(PngHead::read(chunk)?),
            b"PLTE" => colours.palette = chunk.as_chunks().0.to_vec(),
            b"tRNS" => colours.transparent = chunk.to_vec(),
            b"IDAT" => packed.extend_from_slice(chunk),
            b"IEND" => break,
            _ => {}
        }
        // What follows is the chunk's checksum: what is sent twice over is not looked at once.
        rest = after.get(length + 4..).unwrap_or_default();
    }
    let head = head.ok_or(DAMAGED)?;
    let mut rgb = vec![255; head.width * head.height * 3];
    let mut rows = ZlibDecoder::new(packed.as_slice());
    let bits = head.form.samples() * head.depth;
    for &(left, top, across, down) in head.passes() {
        let width = head.width.saturating_sub(left).div_ceil(across);
        let height = head.height.saturating_sub(top).div_ceil(down);
        if width == 0 {
            continue;
        }
        let (mut above, mut row) = (Vec::new(), vec![0; (width * bits).div_ceil(8)]);
        above.resize(row.len(), 0);
        for y in 0..height {
            let mut filter = [0];
            rows.read_exact(&mut filter).and_then(|()| rows.read_exact(&mut row)).map_err(|_short| DAMAGED)?;
            unfilter(filter, &mut row, &above, bits.div_ceil(8))?;
            let at = (top + y * down) * head.width + left;
            let line = rgb.get_mut(at * 3..).unwrap_or_default().as_chunks_mut::<3>().0;
            for (pixel, place) in pixels(&row, &head, &colours).take(width).zip(line.iter_mut().step_by(across)) {
                *place = pixel;
            }
            std::mem::swap(&mut row, &mut above);
        }
    }
    Ok(Pixels { width: head.width, height: head.height, rgb })
}

/// Takes a row's filter off: each byte is what it was added to, with that of so many bytes before it and those above.
fn unfilter(filter: [u8; 1], row: &mut [u8], above: &[u8], step: usize) -> Result<(), &'static str> {
    let mut before = [[0_u8; 2]; 8];
    for (at, (byte, &up)) in row.iter_mut().zip(above).enumerate() {
        let Some([left, corner]) = before.get_mut(at % step) else { return Err(DAMAGED) };
        let predicted = match filter {
            [0] => 0,
            [1] => *left,
            [2] => up,
            [3] => u8::midpoint(*left, up),
            [4] => paeth(*left, up, *corner),
            _ => return Err(DAMAGED),
        };
        *byte = byte.wrapping_add(predicted);
        (*left, *corner) = (*byte, up);
    }
    Ok(())
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let guess = i16::from(left) + i16::from(up) - i16::from(corner);
    let far = |from: u8| guess.abs_diff(i16::from(from));
    if far(left) <= far(up) && far(left) <= far(corner) {
        left
    } else if far(up) <= far(corner) {
        up
    } else {
        corner
    }
}

/// Reads the pixels of a row, and some that fill its last byte.
fn pixels(row: &[u8], head: &PngHead, colours: &PngColours) -> impl Iterator<Item = [u8; 3]> {
    let (depth, form) = (head.depth, head.form);
    let per_byte = 8 / depth.min(8);
    let mask = 0xff_u8 >> (8 - depth.min(8));
    // Samples as they are written, of the first of two bytes where they have two, with the second.
    let mut at = 0;
    let mut sample = move || {
        let place = at;
        at += 1;
        if depth == 16 {
            return Some((*row.get(place * 2)?, *row.get(place * 2 + 1)?));
        }
        let byte = *row.get(place / per_byte)?;
        Some(((byte >> ((per_byte - 1 - place % per_byte) * depth)) & mask, 0))
    };
    let as_byte = move |(high, _low): (u8, u8)| if depth < 8 { high * (255 / mask) } else { high };
    let is_clear = move |samples: &[(u8, u8)]| {
        let named = |(at, (high, low)): (usize, &(u8, u8))| {
            let wanted = colours.transparent.get(at * 2..at * 2 + 2);
            wanted == Some(if depth == 16 { [*high, *low] } else { [0, *high] }.as_slice())
        };
        !colours.transparent.is_empty() && samples.iter().enumerate().all(named)
    };
    std::iter::from_fn(move || {
        Some(match form {
            PngForm::Grey => {
                let grey = sample()?;
                if is_clear(&[grey]) { [255; 3] } else { [as_byte(grey); 3] }
            }
            PngForm::Palette => {
                let index = usize::from(sample()?.0);
                let alpha = colours.transparent.get(index).copied().unwrap_or(255);
                over_white(colours.palette.get(index).copied().unwrap_or_default(), alpha)
            }
            PngForm::GreyAlpha => {
                let grey = as_byte(sample()?);
                over_white([grey; 3], as_byte(sample()?))
            }
            PngForm::Rgb => {
                let rgb = [sample()?, sample()?, sample()?];
                if is_clear(&rgb) { [255; 3] } else { rgb.map(as_byte) }
            }
            PngForm::Rgba => {
                let rgb = [sample()?, sample()?, sample()?].map(as_byte);
                over_white(rgb, as_byte(sample()?))
            }
        })
    })
}

fn over_white(rgb: [u8; 3], alpha: u8) -> [u8; 3] {
    let alpha = u16::from(alpha);
    rgb.map(|part| ((u16::from(part) * alpha + 255 * (255 - alpha)) / 255) as u8)
}

impl Pixels {
    /// Returns the width and the height.
    pub(crate) fn size(&self) -> (u32, u32) {
        let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
        (side(self.width), side(self.height))
    }

    /// Makes it so wide and high, each pixel the mean of those in its place; it is never made larger.
    pub(crate) fn shrunk(self, width: usize, height: usize) -> Self {
        let (width, height) = (width.clamp(1, self.width), height.clamp(1, self.height));
        if (width, height) == (self.width, self.height) {
            return self;
        }
        let mut rgb = Vec::with_capacity(width * height * 3);
        let mut sums = vec![[0_u64; 4]; width];
        let mut place = 0;
        let mut write = |sums: &mut [[u64; 4]]| {
            for [red, green, blue, count] in sums.iter().copied() {
                rgb.extend([red, green, blue].map(|sum| (sum / count.max(1)) as u8));
            }
            sums.fill([0; 4]);
        };
        for (y, row) in self.rgb.chunks_exact(self.width * 3).enumerate() {
            if y * height / self.height != place {
                write(&mut sums);
                place += 1;
            }
            for (x, [red, green, blue]) in row.as_chunks().0.iter().enumerate() {
                if let Some(sum) = sums.get_mut(x * width / self.width) {
                    for (sum, add) in sum.iter_mut().zip([*red, *green, *blue, 1]) {
                        *sum += u64::from(add);
                    }
                }
            }
        }
        write(&mut sums);
        Self { width, height, rgb }
    }

    /// Turns it upright, as Exif numbers the turns.
    fn turned(self, turn: u16) -> Self {
        if turn == 1 {
            return self;
        }
        let (right, bottom) = (self.width - 1, self.height - 1);
        let (width, height) = if turn >= 5 { (self.height, self.width) } else { (self.width, self.height) };
        let all = self.rgb.as_chunks::<3>().0;
        let mut rgb = Vec::with_capacity(self.rgb.len());
        for y in 0..height {
            for x in 0..width {
                let (from_x, from_y) = match turn {
                    2 => (right - x, y),
                    3 => (right - x, bottom - y),
                    4 => (x, bottom - y),
                    5 => (y, x),
                    6 => (y, bottom - x),
                    7 => (right - y, bottom - x),
                    8 => (right - y, x),
                    _ => (x, y),
                };
                rgb.extend(all.get(from_y * self.width + from_x).copied().unwrap_or_default());
            }
        }
        Self { width, height, rgb }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::ZlibEncoder};
    use proptest::prelude::*;

    use super::*;

    /// Writes a PNG: its head, further chunks, and its rows with their filters.
    fn written(
        sides: (u32, u32),
        [depth, form, interlaced]: [u8; 3],
        more: &[(&[u8; 4], &[u8])],
        rows: &[u8],
    ) -> Vec<u8> {
        let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
        let head = [&sides.0.to_be_bytes()[..], &sides.1.to_be_bytes(), &[depth, form, 0, 0, interlaced]].concat();
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(rows).unwrap();
        let packed = packed.finish().unwrap();
        let (first, second) = packed.split_at(packed.len() / 2);
        let own: [(&[u8; 4], &[u8]); 3] = [(b"IDAT", first), (b"IDAT", second), (b"IEND", &[])];
        for (kind, chunk) in [(b"IHDR", head.as_slice())].iter().chain(more).chain(&own) {
            out.extend((chunk.len() as u32).to_be_bytes());
            out.extend(*kind);
            out.extend(*chunk);
            out.extend([0; 4]);
        }
        out
    }

    fn read(file: &[u8]) -> Vec<[u8; 3]> {
        decode(file, MediaType::Png).unwrap().rgb.as_chunks().0.to_vec()
    }

    #[test]
    fn a_png_is_read_in_each_of_its_forms() {
        let rgb = written((2, 1), [8, 2, 0], &[], &[0, 10, 20, 30, 40, 50, 60]);
        assert_eq!(read(&rgb), [[10, 20, 30], [40, 50, 60]]);
        let rgba = written((2, 1), [8, 6, 0], &[], &[0, 10, 20, 30, 255, 40, 50, 60, 0]);
        assert_eq!(read(&rgba), [[10, 20, 30], [255; 3]], "what is transparent is white");
        let grey = written((3, 1), [1, 0, 0], &[], &[0, 0b0110_0000]);
        assert_eq!(read(&grey), [[0; 3], [255; 3], [255; 3]]);
        let fine = written((1, 1), [16, 4, 0], &[], &[0, 100, 7, 255, 255]);
        assert_eq!(read(&fine), [[100; 3]]);
        let of_palette =
            written((2, 1), [4, 3, 0], &[(b"PLTE", &[1, 2, 3, 4, 5, 6]), (b"tRNS", &[255, 0])], &[0, 0x01]);
        assert_eq!(read(&of_palette), [[1, 2, 3], [255; 3]]);
        let named = written((2, 1), [8, 0, 0], &[(b"tRNS", &[0, 9])], &[0, 9, 8]);
        assert_eq!(read(&named), [[255; 3], [8; 3]], "one grey can be named as transparent");
    }

    #[test]
    fn the_filters_of_rows_are_taken_off() {
        let rows = [0, 10, 20, 30, 1, 10, 10, 10, 2, 1, 1, 1, 3, 4, 4, 4, 4, 1, 1, 1];
        let read: Vec<u8> = read(&written((3, 5), [8, 0, 0], &[], &rows)).into_iter().map(|[grey, ..]| grey).collect();
        assert_eq!(read, [10, 20, 30, 10, 20, 30, 11, 21, 31, 9, 19, 29, 10, 20, 30]);
    }

    #[test]
    fn an_interlaced_png_is_put_together() {
        // 3×3: the passes hold the pixels 0; none; none; 2; (row 2) 0 and 2; the odd columns of the even rows; row 1.
        let rows = [0, 1, 0, 3, 0, 7, 9, 0, 2, 0, 8, 0, 4, 5, 6];
        let read: Vec<u8> = read(&written((3, 3), [8, 0, 1], &[], &rows)).into_iter().map(|[grey, ..]| grey).collect();
        assert_eq!(read, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }

    #[test]
    fn a_bomb_is_refused_before_room_is_made_for_it() {
        let bomb = written((100_000, 100_000), [8, 6, 0], &[], &[]);
        assert_eq!(decode(&bomb, MediaType::Png), Err(TOO_LARGE.to_owned()));
        let more = written((1, 1), [8, 0, 0], &[], &vec![0; 1 << 20]);
        assert_eq!(read(&more), [[0; 3]], "what is beyond its rows is not unpacked");
        // A JPEG whose head says 65,000 by 65,000.
        let head = [0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0xfd, 0xe8, 0xfd, 0xe8, 1, 1, 0x11, 0, 0xff, 0xda];
        assert!(decode(&head, MediaType::Jpeg).is_err());
        assert!(decode(b"GIF89a", MediaType::Gif).unwrap_err().contains("this is gif"));
    }

    #[test]
    fn a_picture_is_made_smaller_by_means_and_never_larger() {
        let four = Pixels { width: 2, height: 2, rgb: vec![0, 0, 0, 100, 0, 0, 100, 0, 0, 200, 0, 0] };
        assert_eq!(four.clone().shrunk(1, 1).rgb, [100, 0, 0]);
        assert_eq!(four.clone().shrunk(2, 1).rgb, [50, 0, 0, 150, 0, 0]);
        assert_eq!(four.clone().shrunk(9, 9), four);
    }

    #[test]
    fn a_camera_that_was_held_sideways_is_heard() {
        let noted = |turn: u8| [b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".as_slice(), &[turn, 0, 0]].concat();
        assert_eq!(turn_of(&noted(6)), Some(6));
        assert_eq!(turn_of(&noted(9)), None);
        assert_eq!(turn_of(b"II*\0\xff\xff\xff\xff"), None);
        let wide = Pixels { width: 2, height: 1, rgb: vec![1, 1, 1, 2, 2, 2] };
        let grey = |turn| wide.clone().turned(turn).rgb.into_iter().step_by(3).collect::<Vec<_>>();
        assert_eq!((grey(6), grey(8), grey(3)), (vec![1, 2], vec![2, 1], vec![2, 1]));
        let (width, height) = (wide.clone().turned(6).width, wide.turned(6).height);
        assert_eq!((width, height), (1, 2));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(cut in 0_usize..200, at in 0_usize..120, by: u8, form in 0_u8..7, depth in 0_u8..17, laced in 0_u8..2) {
            let mut file = written((5, 5), [depth, form, laced], &[(b"PLTE", &[1, 2, 3])], &[4; 90]);
            if let Some(byte) = file.get_mut(at) {
                *byte ^= by;
            }
            file.truncate(file.len().saturating_sub(cut));
            if let Ok(pixels) = decode(&file, MediaType::Png) {
                prop_assert_eq!(pixels.rgb.len(), pixels.width * pixels.height * 3);
            }
        }
    }
}
