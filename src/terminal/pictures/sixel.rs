//! Pixels in sixels: six rows at a time, each colour in turn, a character for six pixels under each other.
//!
//! The colours are six levels of red, green and blue each, and what a pixel is off is passed on to those beside and below
//! it, as Floyd and Steinberg do. `https://vt100.net/docs/vt3xx-gp/chapter14.html`.

use std::fmt::Write as _;

use crate::terminal::pictures::pixels::Pixels;

/// Levels of red, green and blue each.
const LEVELS: u8 = 6;

/// Colours in all.
const COLOURS: usize = 216;

/// Writes a picture, with its introducer and its end. There are some four characters to a pixel, at most.
pub(crate) fn sixels(pixels: &Pixels) -> String {
    let (width, height) = (pixels.width, pixels.height);
    let indices = dithered(pixels);
    let mut out = format!("\x1bP0;1q\"1;1;{width};{height}");
    for colour in 0..COLOURS {
        let level = |place: usize| colour / place % usize::from(LEVELS) * 100 / usize::from(LEVELS - 1);
        let _ = write!(out, "#{colour};2;{};{};{}", level(36), level(6), level(1));
    }
    let mut bands: Vec<Option<Vec<u8>>> = vec![None; COLOURS];
    for band in indices.chunks(width.max(1) * 6) {
        for (row, line) in band.chunks(width.max(1)).enumerate() {
            for (x, colour) in line.iter().enumerate() {
                let own = bands.get_mut(usize::from(*colour)).map(|own| own.get_or_insert_with(|| vec![0; width]));
                if let Some(bits) = own.and_then(|own| own.get_mut(x)) {
                    *bits |= 1 << row;
                }
            }
        }
        for (colour, bits) in bands.iter_mut().enumerate().filter_map(|(colour, own)| Some((colour, own.take()?))) {
            let _ = write!(out, "#{colour}");
            write_row(&mut out, &bits);
            out.push('$');
        }
        out.push('-');
    }
    out.push_str("\x1b\\");
    out
}

/// Writes the sixels of one colour, what repeats once with its count; nothing is at the end where nothing is set.
fn write_row(out: &mut String, bits: &[u8]) {
    let used = bits.iter().rposition(|bits| *bits != 0).map_or(0, |last| last + 1);
    for same in bits.get(..used).unwrap_or_default().chunk_by(|a, b| a == b) {
        let sixel = char::from(b'?' + same.first().copied().unwrap_or_default());
        if same.len() > 3 {
            let _ = write!(out, "!{}{sixel}", same.len());
        } else {
            out.extend(std::iter::repeat_n(sixel, same.len()));
        }
    }
}

/// Chooses a colour for each pixel.
fn dithered(pixels: &Pixels) -> Vec<u8> {
    let mut indices = Vec::with_capacity(pixels.width * pixels.height);
    // What is passed on to this row, and to the one below, from one pixel before the first to one after the last.
    let mut here = vec![[0_i16; 3]; pixels.width + 2];
    let mut below = here.clone();
    for row in pixels.rgb.chunks_exact(pixels.width.max(1) * 3) {
        for (x, pixel) in row.as_chunks::<3>().0.iter().enumerate() {
            let mut index = 0;
            for (part, value) in pixel.iter().enumerate() {
                let passed = here.get(x + 1).and_then(|all| all.get(part)).copied().unwrap_or_default();
                let wanted = (i16::from(*value) + passed / 16).clamp(0, 255);
                let level = (wanted * i16::from(LEVELS - 1) + 127) / 255;
                let off = wanted - level * 255 / i16::from(LEVELS - 1);
                index = index * LEVELS + level as u8;
                let pass = |row: &mut [[i16; 3]], place: usize, share: i16| {
                    if let Some(sum) = row.get_mut(place).and_then(|all| all.get_mut(part)) {
                        *sum += off * share;
                    }
                };
                pass(&mut here, x + 2, 7);
                for (place, share) in [(x, 3), (x + 1, 5), (x + 2, 1)] {
                    pass(&mut below, place, share);
                }
            }
            indices.push(index);
        }
        std::mem::swap(&mut here, &mut below);
        below.fill([0; 3]);
    }
    indices
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(width: usize, height: usize, rgb: [u8; 3]) -> Pixels {
        Pixels { width, height, rgb: rgb.repeat(width * height) }
    }

    #[test]
    fn a_plain_picture_is_one_colour_in_bands_of_six_rows() {
        let text = sixels(&of(10, 8, [255, 0, 0]));
        assert!(text.starts_with("\x1bP0;1q\"1;1;10;8#0;2;0;0;0#1;2;0;0;20"), "{text:?}");
        assert!(text.contains("#215;2;100;100;100"), "{text:?}");
        // All six rows, then the two that are left.
        assert!(text.ends_with("#180!10~$-#180!10B$-\x1b\\"), "{text:?}");
        assert!(text.chars().all(|c| c == '\u{1b}' || c.is_ascii_graphic()), "{text:?}");
    }

    #[test]
    fn a_colour_between_two_levels_is_made_of_both() {
        let indices = dithered(&of(20, 20, [25, 25, 25]));
        assert!(indices.iter().all(|index| [0, 43].contains(index)), "{indices:?}");
        let dark: usize = indices.iter().map(|index| usize::from(*index == 0)).sum();
        assert_eq!(indices.len(), 400);
        assert!((150..250).contains(&dark), "half of them: {dark}");
    }

    #[test]
    fn two_colours_in_one_band_lie_over_each_other() {
        let pixels = Pixels { width: 2, height: 1, rgb: vec![0, 0, 0, 255, 255, 255] };
        assert!(sixels(&pixels).ends_with("#0@$#215?@$-\x1b\\"), "{:?}", sixels(&pixels));
    }
}
