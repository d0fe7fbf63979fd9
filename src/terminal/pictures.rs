//! A picture on the whole screen: its file's own bytes in the terminal's protocol, and the line below it.
//!
//! The terminal decodes it; nothing is decoded here. No answer is asked for, so none can come among the keys, and all that
//! is written is base64 between sequences of this file.

use std::fmt;
#[cfg(windows)]
use std::io;

use crossterm::{
    Command, cursor,
    style::Print,
    terminal::{Clear, ClearType, WindowSize},
};

use crate::{
    model::{
        Attachment,
        attachment::{AttachmentData, FileBytes},
        picture::PictureProtocol,
    },
    present::attachments::chip,
    text::truncate,
};

/// Bytes of a picture that is shown, at most: a terminal takes it in one go, and stands still meanwhile.
const MOST_BYTES: u64 = 8 * 1024 * 1024;

/// Characters of base64 in one of kitty's sequences, at most.
const CHUNK: usize = 4096;

/// The pixels of a cell where the terminal does not say them.
const CELL: (u32, u32) = (8, 16);

/// A picture that can be shown, with its place.
pub(crate) struct ShownPicture {
    protocol: PictureProtocol,
    base64: String,
    bytes: u64,
    cells: (u16, u16),
    screen: (u16, u16),
    caption: String,
}

impl ShownPicture {
    /// Prepares a picture for a screen. Fails, in words, where it cannot be shown.
    pub(crate) fn of(
        attachment: &Attachment,
        protocol: Option<PictureProtocol>,
        window: &WindowSize,
    ) -> Result<Self, String> {
        let Some(protocol) = protocol else {
            return Err(
                "this terminal is not known to show pictures; `pictures` in config.toml says by which protocol it \
                        does"
                    .to_owned(),
            );
        };
        let (AttachmentData::Bytes(facts), Some(media)) = (&attachment.data, attachment.media_type) else {
            return Err("its bytes are not here: the provider fetches it".to_owned());
        };
        let (Some((width, height)), FileBytes(Some(_))) = (facts.pixels, &facts.bytes) else {
            return Err("it is no picture that can be shown".to_owned());
        };
        if !protocol.takes(media) {
            return Err(format!("this terminal's protocol takes PNG alone, and this is {}", media.short()));
        }
        if facts.size > MOST_BYTES {
            return Err("a picture of more than 8 MB is not shown here".to_owned());
        }
        let cell = |pixels: u16, cells: u16, usual: u32| {
            let each = u32::from(pixels) / u32::from(cells.max(1));
            if each == 0 { usual } else { each }
        };
        let (wide, high) = (cell(window.width, window.columns, CELL.0), cell(window.height, window.rows, CELL.1));
        let room = (u32::from(window.columns.max(1)) * wide, u32::from(window.rows.saturating_sub(2).max(1)) * high);
        // As large as it is, or smaller to fit; never larger.
        let scale = |side: u32, of: u32, to: u32| u64::from(side) * u64::from(to) / u64::from(of.max(1));
        let (mut columns, mut rows) = (u64::from(width), u64::from(height));
        if columns > u64::from(room.0) {
            (columns, rows) = (u64::from(room.0), scale(height, width, room.0));
        }
        if rows > u64::from(room.1) {
            (columns, rows) = (scale(width, height, room.1), u64::from(room.1));
        }
        let whole = |pixels: u64, each: u32| u16::try_from(pixels.div_ceil(u64::from(each)).max(1)).unwrap_or(u16::MAX);
        let caption = format!("{}   any key: back", chip(attachment, true));
        Ok(Self {
            protocol,
            base64: attachment.base64().into_owned(),
            bytes: facts.size,
            cells: (whole(columns, wide), whole(rows, high)),
            screen: (window.columns, window.rows),
            caption: truncate(&caption, usize::from(window.columns)).into_owned(),
        })
    }
}

impl Command for ShownPicture {
    fn write_ansi(&self, f: &mut impl fmt::Write) -> fmt::Result {
        let (columns, rows) = self.cells;
        Clear(ClearType::All).write_ansi(f)?;
        let (x, y) = (self.screen.0.saturating_sub(columns) / 2, self.screen.1.saturating_sub(rows + 2) / 2);
        cursor::MoveTo(x, y).write_ansi(f)?;
        match self.protocol {
            PictureProtocol::Kitty => {
                let mut rest = self.base64.as_str();
                // q=2: no answer; C=1: the cursor stays.
                let mut keys = format!("a=T,f=100,q=2,C=1,c={columns},r={rows},");
                loop {
                    let (chunk, more) = rest.split_at(rest.len().min(CHUNK));
                    let goes_on = u8::from(!more.is_empty());
                    write!(f, "\x1b_G{keys}m={goes_on};{chunk}\x1b\\")?;
                    (rest, keys) = (more, "q=2,".to_owned());
                    if rest.is_empty() {
                        break;
                    }
                }
            }
            PictureProtocol::Iterm => {
                let Self { bytes, base64, .. } = self;
                write!(
                    f,
                    "\x1b]1337;File=inline=1;size={bytes};width={columns};height={rows};preserveAspectRatio=1:{base64}\x07"
                )?;
            }
        }
        cursor::MoveTo(0, self.screen.1.saturating_sub(1)).write_ansi(f)?;
        Print(&self.caption).write_ansi(f)
    }

    #[cfg(windows)]
    fn execute_winapi(&self) -> io::Result<()> {
        Err(io::Error::other("pictures are sent as sequences"))
    }
}

/// Takes the pictures away that kitty shows; other terminals have no such sequence, and forget them as cells are written.
pub(crate) struct TakenAway(pub(crate) PictureProtocol);

impl Command for TakenAway {
    fn write_ansi(&self, f: &mut impl fmt::Write) -> fmt::Result {
        match self.0 {
            PictureProtocol::Kitty => f.write_str("\x1b_Ga=d,d=A,q=2\x1b\\"),
            PictureProtocol::Iterm => Clear(ClearType::All).write_ansi(f),
        }
    }

    #[cfg(windows)]
    fn execute_winapi(&self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{MediaKind, Part, attachment::PartOrigin};

    const PNG: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAQAAAAC";

    fn window(columns: u16, rows: u16) -> WindowSize {
        WindowSize { columns, rows, width: columns * 10, height: rows * 20 }
    }

    fn sent(picture: &ShownPicture) -> String {
        let mut out = String::new();
        picture.write_ansi(&mut out).unwrap();
        out
    }

    fn attachment() -> Attachment {
        Part { name: Some("a\u{1b}[2J.png".to_owned()), ..Part::of(MediaKind::Image, PNG) }
            .filled(PNG, PartOrigin::Prompt)
            .unwrap()
    }

    #[test]
    fn a_picture_is_sent_as_it_is_between_sequences_of_our_own() {
        let of = |protocol| ShownPicture::of(&attachment(), Some(protocol), &window(80, 24)).unwrap();
        let kitty = sent(&of(PictureProtocol::Kitty));
        assert!(kitty.contains("\x1b_Ga=T,f=100,q=2,C=1,c=1,r=1,m=0;iVBORw0KGgo"), "{kitty:?}");
        let iterm = sent(&of(PictureProtocol::Iterm));
        assert!(
            iterm.contains("\x1b]1337;File=inline=1;size=24;width=1;height=1;preserveAspectRatio=1:iVBO"),
            "{iterm:?}"
        );
        for text in [kitty, iterm] {
            assert_eq!(text.matches("\x1b[2J").count(), 1, "the name clears no screen: {text:?}");
            assert!(text.ends_with("any key: back"), "{text:?}");
        }
    }

    #[test]
    fn a_long_picture_comes_in_pieces_and_none_is_larger_than_the_screen() {
        let whole = |size| ShownPicture { base64: "A".repeat(size), ..of_pixels((4, 2)) };
        let text = sent(&whole(CHUNK * 2 + 1));
        let more: Vec<&str> = text.split("m=").skip(1).filter_map(|rest| rest.get(..1)).collect();
        assert_eq!(more, ["1", "1", "0"]);
        assert_eq!(text.matches("\x1b_Gq=2,m=").count(), 2);
        assert_eq!(of_pixels((4, 2)).cells, (1, 1));
        assert_eq!(of_pixels((8000, 100)).cells, (80, 1), "as wide as the screen, and flat");
        assert_eq!(of_pixels((100, 8000)).cells, (1, 22));
        assert_eq!(of_pixels((300, 100)).cells, (30, 5), "as large as it is");
    }

    fn of_pixels(pixels: (u32, u32)) -> ShownPicture {
        let mut attachment = attachment();
        if let AttachmentData::Bytes(facts) = &mut attachment.data {
            facts.pixels = Some(pixels);
        }
        ShownPicture::of(&attachment, Some(PictureProtocol::Kitty), &window(80, 24)).unwrap()
    }

    #[test]
    fn what_cannot_be_shown_says_why() {
        let why =
            |attachment: &Attachment, protocol| ShownPicture::of(attachment, protocol, &window(80, 24)).err().unwrap();
        assert!(why(&attachment(), None).contains("`pictures` in config.toml"));
        let jpeg = Attachment { media_type: Some(crate::model::MediaType::Jpeg), ..attachment() };
        assert!(why(&jpeg, Some(PictureProtocol::Kitty)).contains("PNG alone"));
        assert!(ShownPicture::of(&jpeg, Some(PictureProtocol::Iterm), &window(80, 24)).is_ok());
        let mut large = attachment();
        if let AttachmentData::Bytes(facts) = &mut large.data {
            facts.size = MOST_BYTES + 1;
        }
        assert!(why(&large, Some(PictureProtocol::Iterm)).contains("8 MB"));
    }
}
