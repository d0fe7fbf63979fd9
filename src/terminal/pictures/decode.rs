//! A picture's file as pixels, for terminals that take no file as it is.

use zune_jpeg::{
    JpegDecoder,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

use crate::{
    model::MediaType,
    terminal::pictures::{
        gif_webp::{gif, webp},
        pixels::{DAMAGED, Pixels, sides, turn_of},
        png::png,
    },
};

/// Decodes a file. What is transparent is white. Fails, in words, where it is damaged, too large, or of another type.
pub fn decode(bytes: &[u8], media: MediaType) -> Result<Pixels, String> {
    match media {
        MediaType::Png => png(bytes).map_err(str::to_owned),
        MediaType::Jpeg => jpeg(bytes),
        MediaType::Gif => gif(bytes).map_err(str::to_owned),
        MediaType::Webp => webp(bytes).map_err(str::to_owned),
        MediaType::Pdf | MediaType::Wav | MediaType::Mp3 => {
            Err(format!("pictures are shown here, and this is {}", media.short()))
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_picture_is_refused_and_a_bomb_before_room_is_made_for_it() {
        // A JPEG whose head says 65,000 by 65,000.
        let head = [0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0xfd, 0xe8, 0xfd, 0xe8, 1, 1, 0x11, 0, 0xff, 0xda];
        assert!(decode(&head, MediaType::Jpeg).is_err());
        assert!(decode(b"%PDF-1.7", MediaType::Pdf).unwrap_err().contains("this is pdf"));
    }
}
