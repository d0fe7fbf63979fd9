//! GIF and WebP as pixels; of one that moves, its first frame.

use std::io::Cursor;

use gif::{ColorOutput, DecodeOptions, MemoryLimit};
use image_webp::WebPDecoder;

use crate::terminal::pictures::pixels::{DAMAGED, MOST_PIXELS, Pixels, over_white, sides, turn_of};

/// Bytes that a decoder may make room for: four for each pixel, and as many beside them.
const MOST_ROOM: u64 = 8 * MOST_PIXELS;

/// Decodes the first frame of a GIF. What the frame leaves free, and what is transparent, is white.
pub(crate) fn gif(bytes: &[u8]) -> Result<Pixels, &'static str> {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::RGBA);
    options.set_memory_limit(MemoryLimit::Bytes(MOST_ROOM.try_into().map_err(|_zero| DAMAGED)?));
    let mut decoder = options.read_info(bytes).map_err(|_other| DAMAGED)?;
    let (width, height) = sides(decoder.width().into(), decoder.height().into())?;
    let announced = decoder.next_frame_info().map_err(|_other| DAMAGED)?.ok_or(DAMAGED)?;
    sides(announced.width.into(), announced.height.into())?;
    let mut rgba = vec![0; decoder.buffer_size()];
    decoder.read_into_buffer(&mut rgba).map_err(|_other| DAMAGED)?;
    let frame = decoder.current_frame_info().ok_or(DAMAGED)?;
    let (left, top) = (usize::from(frame.left), usize::from(frame.top));
    let mut rgb = vec![255; width * height * 3];
    for (row, from) in rgba.chunks_exact(usize::from(frame.width).max(1) * 4).enumerate() {
        let start = ((top + row) * width + left) * 3;
        let room = width.saturating_sub(left) * 3;
        let Some(to) = rgb.get_mut(start..start + room).filter(|_| top + row < height) else { continue };
        for (to, [red, green, blue, alpha]) in to.as_chunks_mut().0.iter_mut().zip(from.as_chunks().0) {
            *to = over_white([*red, *green, *blue], *alpha);
        }
    }
    Ok(Pixels { width, height, rgb })
}

/// Decodes a WebP, of one that moves the first frame, turned as its camera was held.
pub(crate) fn webp(bytes: &[u8]) -> Result<Pixels, &'static str> {
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(|_other| DAMAGED)?;
    let (width, height) = decoder.dimensions();
    let (width, height) = sides(width.into(), height.into())?;
    decoder.set_memory_limit(usize::try_from(MOST_ROOM).unwrap_or(usize::MAX));
    let parts = if decoder.has_alpha() { 4 } else { 3 };
    let mut read = vec![0; width * height * parts];
    if decoder.output_buffer_size() != Some(read.len()) {
        return Err(DAMAGED);
    }
    decoder.read_image(&mut read).map_err(|_other| DAMAGED)?;
    let rgb = if parts == 3 {
        read
    } else {
        read.as_chunks()
            .0
            .iter()
            .flat_map(|[red, green, blue, alpha]| over_white([*red, *green, *blue], *alpha))
            .collect()
    };
    let turn = decoder.exif_metadata().ok().flatten().and_then(|exif| turn_of(&exif)).unwrap_or(1);
    Ok(Pixels { width, height, rgb }.turned(turn))
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use proptest::prelude::*;

    use super::*;
    use crate::terminal::pictures::pixels::TOO_LARGE;

    const RED: [u8; 3] = [255, 0, 0];
    const GREEN: [u8; 3] = [0, 255, 0];
    const BLUE: [u8; 3] = [0, 0, 255];
    const BLACK: [u8; 3] = [0; 3];
    const WHITE: [u8; 3] = [255; 3];
    const LEAF: [u8; 3] = [10, 200, 30];

    /// Three by two: red, green, blue, black, white, leaf; as Pillow writes it.
    const GIF: &str = "R0lGODdhAwACAIIAAP///wrIHgD/AP8AAAAA/wAAAAAAAAAAACwAAAAAAwACAAAICQAHCCBQAECAgAA7";
    /// Three by two and transparent, blue in the middle of the upper row; a second frame is smaller.
    const MOVING_GIF: &str = "R0lGODlhAwACAIEAAP8AAAAA/wAAAAAAACH5BAkAAAAALAAAAAADAAIAAAgIAAEEAEAQQEAAIfkECQAAAAAsAQAAAAIAAgCB/wAAAAD/AP8AAAAACAcAAwAAICAgADs=";
    const WEBP: &str = "UklGRjwAAABXRUJQVlA4TC8AAAAvAkAAAC8gECD4L1NlQ0iQ0P2/V4EAQYn/SvMfIDY5tgoUso0Ah+4lOZGL6H+MLwA=";
    /// The same; its black is transparent.
    const CLEAR_WEBP: &str =
        "UklGRjwAAABXRUJQVlA4TC8AAAAvAkAAEC8gECD4L1NlQ0iQ0P2/V4EAQYn/SvMfAD45tgoUso0Ah+4lOZGL6H+MLwA=";
    /// The same by a camera that was held sideways.
    const TURNED_WEBP: &str = "UklGRnAAAABXRUJQVlA4WAoAAAAIAAAAAgAAAQAAVlA4TC8AAAAvAkAAAC8gECD4L1NlQ0iQ0P2/V4EAQYn/SvMfIDY5tgoUso0Ah+4lOZGL6H+MLwBFWElGGgAAAE1NACoAAAAIAAEBEgADAAAAAQAGAAAAAAAA";
    const MOVING_WEBP: &str = "UklGRsoAAABXRUJQVlA4WAoAAAASAAAAAgAAAQAAQU5JTQYAAAAAAAAAAABBTk1GSgAAAAAAAAAAAAIAAAEAAAAAAAJWUDhMMgAAAC8CQAAQLyAkIMzyv1nlhpAgIfv/qp0g22YTuT/XRTb/AaBTjd8CAgHKWHHFIBH9j/kCQU5NRkwAAAAAAAAAAAACAAABAAAAAAACVlA4TDQAAAAvAkAAEC8gJCDM8r9Z5YaQICH7/6qdINtmE7k/10U2/wGgU43fAoVsI8Cp3SNyTBfR/1gP";
    /// Four by three of one colour, lossy.
    const LOSSY_WEBP: &str =
        "UklGRkAAAABXRUJQVlA4IDQAAADQAQCdASoEAAMAAMASJaACdLoB+AADsAD++F9//3eb9p69p6/qZ//b4f7jy/b4f/t2QAAA";

    fn of(file: &str) -> Vec<u8> {
        STANDARD.decode(file).unwrap()
    }

    fn pixels(made: &Pixels) -> Vec<[u8; 3]> {
        assert_eq!(made.rgb.len(), made.width * made.height * 3);
        made.rgb.as_chunks().0.to_vec()
    }

    #[test]
    fn a_gif_is_read_and_of_one_that_moves_the_first_frame() {
        let made = gif(&of(GIF)).unwrap();
        assert_eq!((made.size(), pixels(&made)), ((3, 2), vec![RED, GREEN, BLUE, BLACK, WHITE, LEAF]));
        let made = gif(&of(MOVING_GIF)).unwrap();
        assert_eq!((made.size(), pixels(&made)), ((3, 2), vec![WHITE, BLUE, WHITE, WHITE, WHITE, WHITE]));
    }

    #[test]
    fn a_webp_is_read_in_each_of_its_forms() {
        let all = vec![RED, GREEN, BLUE, BLACK, WHITE, LEAF];
        assert_eq!(pixels(&webp(&of(WEBP)).unwrap()), all);
        let clear = vec![RED, GREEN, BLUE, WHITE, WHITE, LEAF];
        assert_eq!(pixels(&webp(&of(CLEAR_WEBP)).unwrap()), clear);
        assert_eq!(pixels(&webp(&of(MOVING_WEBP)).unwrap()), clear, "the first frame");
        let turned = webp(&of(TURNED_WEBP)).unwrap();
        assert_eq!((turned.size(), pixels(&turned)), ((2, 3), vec![BLACK, RED, WHITE, GREEN, LEAF, BLUE]));
        let lossy = webp(&of(LOSSY_WEBP)).unwrap();
        let near = |pixel: &[u8; 3]| pixel.iter().zip([200_u8, 40, 10]).all(|(is, was)| is.abs_diff(was) < 12);
        assert!(lossy.size() == (4, 3) && pixels(&lossy).iter().all(near), "{lossy:?}");
    }

    #[test]
    fn a_bomb_is_refused_before_room_is_made_for_it() {
        let mut bomb = of(GIF);
        bomb[6..10].copy_from_slice(&[255; 4]);
        assert!(gif(&bomb).unwrap_err().contains("24 million"));
        let mut frame = of(GIF);
        // The frame's own width and height.
        let at = frame.iter().rposition(|byte| *byte == b',').unwrap() + 5;
        frame[at..at + 4].copy_from_slice(&[255; 4]);
        assert!(gif(&frame).is_err());
        let mut bomb = of(WEBP);
        bomb[21..25].copy_from_slice(&[0xfe, 0xbf, 0xff, 0x0f]);
        assert_eq!(webp(&bomb).unwrap_err(), TOO_LARGE);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(file in 0_usize..7, cut in 0_usize..220, at in 0_usize..220, by: u8) {
            let files = [GIF, MOVING_GIF, WEBP, CLEAR_WEBP, TURNED_WEBP, MOVING_WEBP, LOSSY_WEBP];
            let mut bytes = of(files[file]);
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= by;
            }
            bytes.truncate(cut);
            let _either = (gif(&bytes), webp(&bytes));
        }
    }
}
