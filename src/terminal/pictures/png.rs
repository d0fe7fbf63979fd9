//! PNG as pixels: `https://www.w3.org/TR/png-3/`.
//!
//! A file that unpacks to more than its head says is given up there.

use std::io::Read;

use flate2::read::ZlibDecoder;

use crate::terminal::pictures::pixels::{DAMAGED, Pixels, over_white, sides};

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

pub(crate) fn png(bytes: &[u8]) -> Result<Pixels, &'static str> {
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

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::ZlibEncoder};
    use proptest::prelude::*;

    use super::*;
    use crate::terminal::pictures::pixels::TOO_LARGE;

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
        png(file).unwrap().rgb.as_chunks().0.to_vec()
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
        assert_eq!(png(&bomb), Err(TOO_LARGE));
        let more = written((1, 1), [8, 0, 0], &[], &vec![0; 1 << 20]);
        assert_eq!(read(&more), [[0; 3]], "what is beyond its rows is not unpacked");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(cut in 0_usize..200, at in 0_usize..120, by: u8, form in 0_u8..7, depth in 0_u8..17, laced in 0_u8..2) {
            let mut file = written((5, 5), [depth, form, laced], &[(b"PLTE", &[1, 2, 3])], &[4; 90]);
            if let Some(byte) = file.get_mut(at) {
                *byte ^= by;
            }
            file.truncate(file.len().saturating_sub(cut));
            if let Ok(pixels) = png(&file) {
                prop_assert_eq!(pixels.rgb.len(), pixels.width * pixels.height * 3);
            }
        }
    }
}
