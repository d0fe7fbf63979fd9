//! A picture, whatever its bytes are, is as many pixels as it says or none, and decoding it never panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use retort::{model::MediaType, terminal::pictures::decode::decode};

const TYPES: [MediaType; 4] = [MediaType::Png, MediaType::Jpeg, MediaType::Gif, MediaType::Webp];

fuzz_target!(|input: (u8, &[u8])| {
    let (media, bytes) = input;
    if let Ok(pixels) = decode(bytes, TYPES[usize::from(media) % TYPES.len()]) {
        assert_eq!(pixels.rgb.len(), pixels.width * pixels.height * 3);
    }
});
