//! How a terminal is sent a picture: by which protocol, if it has one.

use serde::{Deserialize, Serialize};

/// A protocol by which a terminal takes a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PictureProtocol {
    /// Kitty's graphics protocol, which takes PNG and pixels: kitty, Ghostty.
    Kitty,
    /// iTerm2's inline images, which take what a browser shows: iTerm2, `WezTerm`, mintty, rio.
    Iterm,
    /// DEC's sixels, pixels of a palette: xterm, foot, Windows Terminal, and tmux where it was built with them.
    Sixel,
}

/// What the settings say of pictures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum PictureSetting {
    /// As the terminal is known to take them.
    #[default]
    Auto,
    /// None are sent.
    Off,
    /// By kitty's protocol, whatever the terminal is.
    Kitty,
    /// By iTerm2's.
    Iterm,
    /// Pixels of a palette, as DEC's terminals took them.
    Sixel,
}

impl PictureProtocol {
    /// Chooses by the setting and the environment, whose variables `value` returns, empty where unset. Within tmux and
    /// screen, which keep pictures to themselves, there is none unless it is set. Where there is none, the terminal may still
    /// say that it takes sixels.
    #[must_use]
    pub fn choose(setting: PictureSetting, value: impl Fn(&str) -> String) -> Option<Self> {
        match setting {
            PictureSetting::Off => return None,
            PictureSetting::Kitty => return Some(Self::Kitty),
            PictureSetting::Iterm => return Some(Self::Iterm),
            PictureSetting::Sixel => return Some(Self::Sixel),
            PictureSetting::Auto => {}
        }
        let term = value("TERM");
        let nested = !value("TMUX").is_empty() || !value("STY").is_empty();
        if nested || term.starts_with("screen") || term.starts_with("tmux") {
            return None;
        }
        match value("TERM_PROGRAM").as_str() {
            "iTerm.app" | "WezTerm" | "mintty" | "rio" => Some(Self::Iterm),
            "kitty" | "ghostty" => Some(Self::Kitty),
            _ if !value("KITTY_WINDOW_ID").is_empty() => Some(Self::Kitty),
            _ if matches!(term.as_str(), "xterm-kitty" | "xterm-ghostty") => Some(Self::Kitty),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_sent_pictures_where_it_is_known_to_take_them_or_that_is_set() {
        let of = |setting, set: &[(&str, &str)]| {
            let find = |name: &str| set.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
            PictureProtocol::choose(setting, |name| find(name).to_owned())
        };
        let (auto, kitty, iterm) = (PictureSetting::Auto, Some(PictureProtocol::Kitty), Some(PictureProtocol::Iterm));
        assert_eq!(of(auto, &[("TERM", "xterm-kitty")]), kitty);
        assert_eq!(of(auto, &[("TERM", "xterm-256color"), ("KITTY_WINDOW_ID", "1")]), kitty);
        assert_eq!(of(auto, &[("TERM_PROGRAM", "iTerm.app")]), iterm);
        assert_eq!(of(auto, &[("TERM_PROGRAM", "WezTerm"), ("TERM", "xterm-256color")]), iterm);
        assert_eq!(of(auto, &[("TERM", "xterm-256color"), ("TERM_PROGRAM", "Apple_Terminal")]), None);
        for nested in [("TMUX", "/tmp/x"), ("STY", "1.x"), ("TERM", "tmux-256color")] {
            assert_eq!(of(auto, &[("KITTY_WINDOW_ID", "1"), nested]), None, "{nested:?}");
            assert_eq!(of(PictureSetting::Kitty, &[nested]), kitty);
        }
        assert_eq!(of(PictureSetting::Off, &[("TERM", "xterm-kitty")]), None);
    }
}
