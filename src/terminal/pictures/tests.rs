//! What a terminal is sent of a picture, and what is said where it is sent none.

use super::*;
use crate::model::{MediaKind, Part, attachment::PartOrigin};

/// The beginning of a PNG of 4×2 pixels.
const PNG: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAQAAAAC";

/// A JPEG of 8×8 pixels, red throughout.
const JPEG: &str = "data:image/jpeg;base64,/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGBYUGBIUFRT/2wBDAQMEBAUEBQkFBQkUDQsNFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBT/wAARCAAIAAgDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAj/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAFQEBAQAAAAAAAAAAAAAAAAAABwn/xAAUEQEAAAAAAAAAAAAAAAAAAAAA/9oADAMBAAIRAxEAPwCdAAYqm//Z";

fn window(columns: u16, rows: u16) -> WindowSize {
    WindowSize { columns, rows, width: columns * 10, height: rows * 20 }
}

fn sent(picture: &ShownPicture) -> String {
    let mut out = String::new();
    picture.write_ansi(&mut out).unwrap();
    out
}

fn attachment(data: &str) -> Attachment {
    Part { name: Some("a\u{1b}[2J.png".to_owned()), ..Part::of(MediaKind::Image, data) }
        .filled(data, PartOrigin::Prompt)
        .unwrap()
}

fn shown(data: &str, protocol: PictureProtocol) -> ShownPicture {
    ShownPicture::of(&attachment(data), protocol, &window(80, 24), (1, 1)).unwrap()
}

#[test]
fn a_picture_is_sent_as_it_is_between_sequences_of_our_own() {
    let kitty = sent(&shown(PNG, PictureProtocol::Kitty));
    assert!(kitty.contains("\x1b_Ga=T,f=100,q=2,C=1,c=1,r=1,m=0;iVBORw0KGgo"), "{kitty:?}");
    let iterm = sent(&shown(PNG, PictureProtocol::Iterm));
    assert!(iterm.contains("\x1b]1337;File=inline=1;size=24;width=1;height=1;preserveAspectRatio=1:iVBO"), "{iterm:?}");
    for text in [kitty, iterm] {
        assert_eq!(text.matches("\x1b[2J").count(), 1, "the name clears no screen: {text:?}");
        assert!(text.ends_with("any key: back"), "{text:?}");
    }
}

#[test]
fn what_a_terminal_does_not_take_is_sent_as_pixels() {
    let kitty = sent(&shown(JPEG, PictureProtocol::Kitty));
    assert!(kitty.contains("\x1b_Ga=T,f=24,o=z,s=8,v=8,q=2,C=1,c=1,r=1,m=0;"), "{kitty:?}");
    let sixel = sent(&shown(JPEG, PictureProtocol::Sixel));
    assert!(sixel.contains("\x1bP0;1q\"1;1;8;8#0;"), "{sixel:?}");
    assert!(sixel.contains("#180!8~$"), "red: {sixel:?}");
    assert!(sixel.contains("$-\x1b\\\x1b[24;1H"), "the line below is in its place: {sixel:?}");
}

#[test]
fn a_long_picture_comes_in_pieces_and_none_is_larger_than_the_screen() {
    let keys = "f=100".to_owned();
    let whole = |size| ShownPicture {
        sent: Sent::Kitty { keys, base64: "A".repeat(size) },
        ..shown(PNG, PictureProtocol::Kitty)
    };
    let text = sent(&whole(CHUNK * 2 + 1));
    let more: Vec<&str> = text.split("m=").skip(1).filter_map(|rest| rest.get(..1)).collect();
    assert_eq!(more, ["1", "1", "0"]);
    assert_eq!(text.matches("\x1b_Gq=2,m=").count(), 2);
    let room = Room::of(&window(80, 24), PictureProtocol::Kitty);
    let cells = |pixels| room.cells(room.fit(pixels));
    assert_eq!(cells((4, 2)), (1, 1));
    assert_eq!(cells((8000, 100)), (80, 1), "as wide as the screen, and flat");
    assert_eq!(cells((100, 8000)), (1, 22));
    assert_eq!(cells((300, 100)), (30, 5), "as large as it is");
    let silent = WindowSize { width: 0, height: 0, ..window(80, 24) };
    let room = Room::of(&silent, PictureProtocol::Sixel);
    assert_eq!(room.fit((4000, 4000)), (264, 264), "small cells, so that nothing scrolls");
}

#[test]
fn sixels_are_as_few_as_a_terminal_takes_in_one_go() {
    let large = Pixels { width: 3000, height: 2000, rgb: vec![90; 3000 * 2000 * 3] };
    let room = Room::of(&WindowSize { columns: 400, rows: 200, width: 4000, height: 4000 }, PictureProtocol::Sixel);
    let small = shrunk(large, &room, MOST_SIXELS);
    assert!((small.width * small.height) as u64 <= MOST_SIXELS && small.width > 900, "{:?}", small.size());
}

#[test]
fn what_cannot_be_shown_says_why() {
    let why = |attachment: &Attachment, protocol| {
        ShownPicture::of(attachment, protocol, &window(80, 24), (1, 1)).err().unwrap()
    };
    let gif = Attachment { media_type: Some(MediaType::Gif), ..attachment(PNG) };
    assert!(why(&gif, PictureProtocol::Kitty).contains("damaged"), "it is no GIF");
    let pdf = Attachment { media_type: Some(MediaType::Pdf), ..attachment(PNG) };
    assert!(why(&pdf, PictureProtocol::Sixel).contains("pictures are shown here, and this is pdf"));
    assert!(ShownPicture::of(&gif, PictureProtocol::Iterm, &window(80, 24), (1, 1)).is_ok());
    assert!(why(&attachment(PNG), PictureProtocol::Sixel).contains("damaged"), "only its head is there");
    let mut large = attachment(PNG);
    if let AttachmentData::Bytes(facts) = &mut large.data {
        facts.size = MOST_BYTES + 1;
    }
    assert!(why(&large, PictureProtocol::Iterm).contains("8 MB"));
    assert!(why(&attachment(PNG).without_bytes(), PictureProtocol::Kitty).contains("no picture that can be shown"));
}

#[test]
fn several_say_which_they_are() {
    let of = |place| ShownPicture::of(&attachment(PNG), PictureProtocol::Kitty, &window(80, 24), place).unwrap();
    assert!(of((1, 3)).caption.ends_with("1 of 3, any key: the next, esc: back"), "{}", of((1, 3)).caption);
    assert!(of((3, 3)).caption.ends_with("any key: back"));
}
