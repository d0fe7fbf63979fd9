//! Pictures on the whole screen, one after the other, each in the terminal's protocol with a line below it.
//!
//! A terminal that takes the file gets it as it is: kitty PNG, iTerm2 what a browser shows. Else it is decoded here, within
//! bounds, and sent as pixels no larger than the screen. No answer is asked for, so none can come among the keys.

pub mod decode;
mod gif_webp;
pub mod pixels;
mod png;
mod sixel;

use std::{fmt, io, io::Write as _, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use crossterm::{
    Command, cursor,
    style::Print,
    terminal::{Clear, ClearType, WindowSize},
};
use flate2::{Compression, write::ZlibEncoder};
use tokio::task::JoinHandle;

use crate::{
    model::{
        Attachment, MediaType,
        attachment::{AttachmentData, FileBytes},
        picture::PictureProtocol,
    },
    present::attachments::chip,
    store::attachments,
    terminal::pictures::pixels::Pixels,
    text::truncate,
};

/// Bytes of a file that is sent as it is, at most: a terminal takes it in one go, and stands still meanwhile.
const MOST_BYTES: u64 = 8 * 1024 * 1024;

/// Pixels that are sent in sixels, at most: some four bytes each.
const MOST_SIXELS: u64 = 1_000_000;

/// Characters of base64 in one of kitty's sequences, at most.
const CHUNK: usize = 4096;

/// The pixels of a cell where the terminal does not say them.
const CELL: (u32, u32) = (8, 16);

/// Likewise where a picture is as large as its pixels make it: too few, so that no line is pushed off the screen.
const SMALL_CELL: (u32, u32) = (6, 12);

/// What is being shown in place of the workbench.
pub(crate) struct PictureShow {
    pub(crate) protocol: PictureProtocol,
    /// What is shown next, the next one last.
    pub(crate) next: Vec<Attachment>,
    /// How many there are in all.
    pub(crate) all: usize,
    /// The next one, while it is prepared.
    pub(crate) prepared: Option<JoinHandle<Result<ShownPicture, String>>>,
    /// Whether one is on the screen.
    pub(crate) on: bool,
}

impl PictureShow {
    /// Begins with the first of some pictures.
    pub(crate) fn begin(protocol: PictureProtocol, mut pictures: Vec<Attachment>, data: &Path) -> Self {
        pictures.reverse();
        let all = pictures.len();
        let mut show = Self { protocol, next: pictures, all, prepared: None, on: false };
        show.turn_over(data);
        show
    }

    /// Prepares the next picture, with those on record in `data`. Tells whether there is one.
    pub(crate) fn turn_over(&mut self, data: &Path) -> bool {
        let Some(picture) = self.next.pop() else { return false };
        let (protocol, data) = (self.protocol, data.to_owned());
        let place = (self.all - self.next.len(), self.all);
        self.prepared = Some(tokio::task::spawn_blocking(move || {
            let window = crossterm::terminal::window_size()
                .map_err(|error| format!("the terminal does not say how large it is: {error}"))?;
            let picture = attachments::with_bytes(&data, picture)?;
            ShownPicture::of(&picture, protocol, &window, place)
        }));
        true
    }
}

/// Waits until the next picture is ready; for ever while none is prepared.
pub(crate) async fn ready(show: &mut Option<PictureShow>) -> Result<ShownPicture, String> {
    match show.as_mut().and_then(|show| show.prepared.as_mut()) {
        Some(task) => task.await.unwrap_or_else(|_panic| Err("the picture could not be read".to_owned())),
        None => std::future::pending().await,
    }
}

/// A picture that can be shown, with its place.
pub(crate) struct ShownPicture {
    sent: Sent,
    cells: (u16, u16),
    screen: (u16, u16),
    caption: String,
}

/// What of a picture is sent.
enum Sent {
    /// Base64 in kitty's sequences, with the keys that say what it is of.
    Kitty { keys: String, base64: String },
    /// A file in base64, with its size.
    Iterm { bytes: u64, base64: String },
    /// Whole sequences.
    Sixel(String),
}

/// The size of a screen and of its cells.
struct Room {
    columns: u16,
    rows: u16,
    cell: (u32, u32),
}

impl Room {
    fn of(window: &WindowSize, protocol: PictureProtocol) -> Self {
        let usual = match protocol {
            PictureProtocol::Kitty | PictureProtocol::Iterm => CELL,
            PictureProtocol::Sixel => SMALL_CELL,
        };
        let cell = |pixels: u16, cells: u16, usual: u32| {
            let each = u32::from(pixels) / u32::from(cells.max(1));
            if each == 0 { usual } else { each }
        };
        let cell = (cell(window.width, window.columns, usual.0), cell(window.height, window.rows, usual.1));
        Self { columns: window.columns, rows: window.rows, cell }
    }

    /// Returns how large a picture is shown, in pixels: as it is, or smaller to fit above two lines; never larger.
    fn fit(&self, (width, height): (u32, u32)) -> (u32, u32) {
        let most =
            (u32::from(self.columns.max(1)) * self.cell.0, u32::from(self.rows.saturating_sub(2).max(1)) * self.cell.1);
        let scale = |side: u32, to: u32, of: u32| {
            u32::try_from(u64::from(side) * u64::from(to) / u64::from(of.max(1))).unwrap_or(u32::MAX).max(1)
        };
        let (mut wide, mut high) = (width, height);
        if wide > most.0 {
            (wide, high) = (most.0, scale(height, most.0, width));
        }
        if high > most.1 {
            (wide, high) = (scale(width, most.1, height), most.1);
        }
        (wide, high)
    }

    fn cells(&self, (width, height): (u32, u32)) -> (u16, u16) {
        let whole = |pixels: u32, each: u32| u16::try_from(pixels.div_ceil(each).max(1)).unwrap_or(u16::MAX);
        (whole(width, self.cell.0), whole(height, self.cell.1))
    }
}

impl ShownPicture {
    /// Prepares a picture for a screen; `place` says which it is of how many. Fails, in words, where it cannot be shown.
    pub(crate) fn of(
        attachment: &Attachment,
        protocol: PictureProtocol,
        window: &WindowSize,
        place: (usize, usize),
    ) -> Result<Self, String> {
        let (AttachmentData::Bytes(facts), Some(media)) = (&attachment.data, attachment.media_type) else {
            return Err("its bytes are not here: the provider fetches it".to_owned());
        };
        let (Some(told), FileBytes(Some(bytes))) = (facts.pixels, &facts.bytes) else {
            return Err("it is no picture that can be shown".to_owned());
        };
        let room = Room::of(window, protocol);
        let as_it_is = facts.size <= MOST_BYTES;
        let (sent, size) = match protocol {
            PictureProtocol::Iterm if as_it_is => (Sent::iterm(bytes), told),
            PictureProtocol::Iterm => return Err("a picture of more than 8 MB is not shown here".to_owned()),
            PictureProtocol::Kitty if media == MediaType::Png && as_it_is => {
                (Sent::Kitty { keys: "f=100".to_owned(), base64: STANDARD.encode(bytes) }, told)
            }
            PictureProtocol::Kitty => {
                let pixels = shrunk(decode::decode(bytes, media)?, &room, u64::MAX);
                let size = pixels.size();
                (Sent::kitty_pixels(&pixels)?, size)
            }
            PictureProtocol::Sixel => {
                let pixels = shrunk(decode::decode(bytes, media)?, &room, MOST_SIXELS);
                (Sent::Sixel(sixel::sixels(&pixels)), pixels.size())
            }
        };
        let key = match place {
            (at, of) if at < of => format!("{at} of {of}, any key: the next, esc: back"),
            _ => "any key: back".to_owned(),
        };
        let caption = format!("{}   {key}", chip(attachment, true));
        Ok(Self {
            sent,
            cells: room.cells(room.fit(size)),
            screen: (window.columns, window.rows),
            caption: truncate(&caption, usize::from(window.columns)).into_owned(),
        })
    }
}

/// Makes a picture as small as it is shown, and of so many pixels at most.
fn shrunk(pixels: Pixels, room: &Room, most: u64) -> Pixels {
    let (mut width, mut height) = room.fit(pixels.size());
    while u64::from(width) * u64::from(height) > most {
        (width, height) = (width * 9 / 10, height * 9 / 10);
    }
    pixels.shrunk(width as usize, height as usize)
}

impl Sent {
    fn iterm(bytes: &[u8]) -> Self {
        Self::Iterm { bytes: bytes.len() as u64, base64: STANDARD.encode(bytes) }
    }

    /// Packs pixels for kitty.
    fn kitty_pixels(pixels: &Pixels) -> Result<Self, String> {
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
        let packed = packed.write_all(&pixels.rgb).and_then(|()| packed.finish());
        let packed = packed.map_err(|error: io::Error| error.to_string())?;
        let keys = format!("f=24,o=z,s={},v={}", pixels.width, pixels.height);
        Ok(Self::Kitty { keys, base64: STANDARD.encode(packed) })
    }
}

impl Command for ShownPicture {
    fn write_ansi(&self, f: &mut impl fmt::Write) -> fmt::Result {
        let (columns, rows) = self.cells;
        Clear(ClearType::All).write_ansi(f)?;
        let (x, y) = (self.screen.0.saturating_sub(columns) / 2, self.screen.1.saturating_sub(rows + 2) / 2);
        cursor::MoveTo(x, y).write_ansi(f)?;
        match &self.sent {
            Sent::Kitty { keys, base64 } => {
                let mut rest = base64.as_str();
                // q=2: no answer; C=1: the cursor stays.
                let mut keys = format!("a=T,{keys},q=2,C=1,c={columns},r={rows},");
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
            Sent::Iterm { bytes, base64 } => {
                write!(
                    f,
                    "\x1b]1337;File=inline=1;size={bytes};width={columns};height={rows};preserveAspectRatio=1:{base64}\x07"
                )?;
            }
            Sent::Sixel(sixels) => f.write_str(sixels)?,
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
            PictureProtocol::Iterm | PictureProtocol::Sixel => Clear(ClearType::All).write_ansi(f),
        }
    }

    #[cfg(windows)]
    fn execute_winapi(&self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
