//! Pictures as pixels: how many are taken, made as small as they are shown, and turned as the camera was held.
//!
//! The files are of others: pixels are counted before room is made for any. The turn that a camera notes: Exif 3.0, tag
//! 0x0112.

/// Pixels of a picture that is decoded, at most: those of most cameras, and 72 MB while it is.
pub(crate) const MOST_PIXELS: u64 = 24_000_000;

/// A picture's pixels, red, green and blue, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pixels {
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// Three bytes for each.
    pub rgb: Vec<u8>,
}

pub(crate) const DAMAGED: &str = "the picture is damaged";
pub(crate) const TOO_LARGE: &str = "a picture of more than 24 million pixels is not shown here";

/// Returns width and height where there are some, and not too many.
pub(crate) fn sides(width: u64, height: u64) -> Result<(usize, usize), &'static str> {
    match width.saturating_mul(height) {
        0 => Err(DAMAGED),
        1..=MOST_PIXELS => Ok((width as usize, height as usize)),
        _ => Err(TOO_LARGE),
    }
}

/// Reads how the camera was held out of what it noted: 1 is upright, 2 to 8 as Exif numbers them.
pub(crate) fn turn_of(exif: &[u8]) -> Option<u16> {
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

pub(crate) fn over_white(rgb: [u8; 3], alpha: u8) -> [u8; 3] {
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
    pub(crate) fn turned(self, turn: u16) -> Self {
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
    use super::*;

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
}
