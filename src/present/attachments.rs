//! What goes with messages, in a word or two: what it is, what it is called, how large it is.

use std::fmt::Write as _;

use crate::{
    model::{
        Attachment, MediaKind, MediaType, Part,
        attachment::{AttachmentData, PartFacts},
    },
    text::{clean_line, format::bytes},
};

/// The longest source that is shown of a part, in characters.
const LONGEST: usize = 60;

/// Writes what was sent: `▣ photo.png 1.2 MB 1024×768`, or in ASCII `[image] photo.png 1.2 MB 1024x768`.
#[must_use]
pub fn chip(attachment: &Attachment, unicode: bool) -> String {
    let mut out = format!("{} {}", mark(attachment.kind, unicode), clean_line(&attachment.name));
    match &attachment.data {
        AttachmentData::Bytes(facts) => {
            let media = attachment.media_type.filter(|media| MediaType::of_ending(&attachment.name) != Some(*media));
            if let Some(media) = media {
                let _ = write!(out, " {}", media.short());
            }
            let _ = write!(out, " {}", bytes(facts.size));
            if let Some((width, height)) = facts.pixels {
                let _ = write!(out, " {width}{}{height}", if unicode { '×' } else { 'x' });
            }
            if let Some(seconds) = facts.seconds {
                let _ = write!(out, " {seconds} s");
            }
        }
        AttachmentData::Url { url } => {
            let _ = write!(out, " at {}", clean_line(url));
        }
        AttachmentData::Unread { .. } => {}
    }
    out
}

/// Writes what a prompt or an input names, as it stands there.
#[must_use]
pub fn part_chip(part: &Part, unicode: bool) -> String {
    let named = part.name.as_deref().unwrap_or(&part.source);
    let short: String = named.chars().take(LONGEST).collect();
    let more = if named.chars().nth(LONGEST).is_some() { "…" } else { "" };
    format!("{} {}{more}", mark(part.kind, unicode), clean_line(&short))
}

/// Writes what a prompt or an input names with what is known of it: `▣ photo.png 1.2 MB 1024×768`, or why it is not sent.
#[must_use]
pub fn part_words(part: &Part, facts: &PartFacts, unicode: bool) -> String {
    let named = part_chip(part, unicode);
    match facts {
        PartFacts::Unknown => named,
        PartFacts::Refused(why) => format!("{named} {} {}", if unicode { '✗' } else { 'x' }, clean_line(why)),
        PartFacts::Known(attachment) if part.is_variable() => {
            let sent = chip(attachment, unicode);
            let sent = sent.strip_prefix(mark(attachment.kind, unicode)).unwrap_or(&sent);
            format!("{named} ={sent}")
        }
        PartFacts::Known(attachment) => chip(attachment, unicode),
    }
}

fn mark(kind: MediaKind, unicode: bool) -> &'static str {
    match (unicode, kind) {
        (true, MediaKind::Image) => "▣",
        (true, MediaKind::File) => "▤",
        (true, MediaKind::Audio) => "♪",
        (false, MediaKind::Image) => "[image]",
        (false, MediaKind::File) => "[file]",
        (false, MediaKind::Audio) => "[audio]",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::attachment::PartOrigin;

    #[test]
    fn a_part_says_what_it_would_be_sent_as_or_why_it_is_not() {
        let png = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAQAAAAC";
        let part = Part { name: Some("scan".to_owned()), ..Part::of(MediaKind::Image, png) };
        let sent = PartFacts::Known(part.filled(png, PartOrigin::Prompt).unwrap());
        assert_eq!(part_words(&part, &sent, true), "▣ scan png 24 B 4×2", "the type is said where the name does not");
        let variable = Part::of(MediaKind::Image, "{{ photo }}");
        assert_eq!(part_words(&variable, &PartFacts::Unknown, true), "▣ {{ photo }}");
        assert_eq!(part_words(&variable, &sent, true), "▣ {{ photo }} = scan png 24 B 4×2");
        let refused = PartFacts::Refused("there is no file x\u{1b}[2J".to_owned());
        let words = part_words(&Part::of(MediaKind::File, "x"), &refused, false);
        assert!(words.starts_with("[file] x x there is no file x") && !words.contains('\u{1b}'), "{words}");
    }

    #[test]
    fn a_chip_says_what_and_how_large_in_either_alphabet() {
        let png = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAQAAAAC";
        let part = Part { name: Some("a\u{1b}[31m.png".to_owned()), ..Part::of(MediaKind::Image, png) };
        let sent = part.filled(png, PartOrigin::Prompt).unwrap();
        assert!(
            chip(&sent, true).starts_with("▣ a") && chip(&sent, true).ends_with(".png 24 B 4×2"),
            "{}",
            chip(&sent, true)
        );
        assert!(!chip(&sent, true).contains('\u{1b}'));
        assert!(chip(&sent, false).is_ascii() || chip(&sent, false).contains('␛'), "{}", chip(&sent, false));
        assert_eq!(part_chip(&Part::of(MediaKind::Audio, "{{ call }}"), false), "[audio] {{ call }}");
        let long = Part::of(MediaKind::Image, format!("data:image/png;base64,{}", "A".repeat(9000)));
        assert!(part_chip(&long, true).chars().count() < 70);
    }
}
