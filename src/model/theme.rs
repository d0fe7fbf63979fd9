//! How the workbench is to look, as the settings say it: a theme by its name, or a table of colours.

use std::{collections::BTreeMap, fmt, str::FromStr};

/// A theme that the program brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum ThemeName {
    /// The sixteen colours of the terminal, as the terminal has them.
    #[default]
    Terminal,
    /// Dark or light, by the background that the terminal says it has; the terminal's own where it says nothing.
    Auto,
    Dark,
    Light,
    /// White on black, nothing dim.
    HighContrast,
    /// The terminal's, without a hue.
    Mono,
    /// The terminal's, with marks and frames of ASCII.
    Ascii,
}

impl ThemeName {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Self; 7] =
        [Self::Terminal, Self::Auto, Self::Dark, Self::Light, Self::HighContrast, Self::Mono, Self::Ascii];

    /// Returns its name in the settings.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Auto => "auto",
            Self::Dark => "dark",
            Self::Light => "light",
            Self::HighContrast => "high-contrast",
            Self::Mono => "mono",
            Self::Ascii => "ascii",
        }
    }
}

impl FromStr for ThemeName {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|theme| theme.word() == name).ok_or_else(|| {
            let known: Vec<String> = Self::ALL.iter().map(|theme| format!("`{}`", theme.word())).collect();
            format!("there is no theme `{name}`; known are {}, or a table of colours", known.join(", "))
        })
    }
}

/// A colour by its parts, 0 to 255 each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rgb(pub u8, pub u8, pub u8);

impl Rgb {
    /// Reads six hexadecimal digits as one number, as in `0xff_ff_ff`.
    #[must_use]
    pub const fn of(hex: u32) -> Self {
        let [_, red, green, blue] = hex.to_be_bytes();
        Self(red, green, blue)
    }
}

impl FromStr for Rgb {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6);
        let digits = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let hex = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        hex.map(Self::of).ok_or_else(|| format!("`{text}` is no colour; write it as \"#rrggbb\""))
    }
}

/// What a theme gives a colour to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ThemeRole {
    Background,
    Text,
    /// What matters less than the text beside it, and frames.
    Secondary,
    /// What has the keys, and keys to press.
    Focus,
    /// The field that is being typed into.
    Typing,
    Passed,
    Failed,
    /// An error, and what wants attention.
    Error,
    /// What is under way.
    Running,
    /// Where a number or an answer comes from: cached, estimated, fallback.
    Origin,
    Added,
    Removed,
    /// What a search found.
    Found,
}

impl ThemeRole {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 13] = [
        Self::Background,
        Self::Text,
        Self::Secondary,
        Self::Focus,
        Self::Typing,
        Self::Passed,
        Self::Failed,
        Self::Error,
        Self::Running,
        Self::Origin,
        Self::Added,
        Self::Removed,
        Self::Found,
    ];

    /// Returns its key in the table of colours.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Background => "background",
            Self::Text => "text",
            Self::Secondary => "secondary",
            Self::Focus => "focus",
            Self::Typing => "typing",
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Error => "error",
            Self::Running => "running",
            Self::Origin => "origin",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Found => "found",
        }
    }
}

impl FromStr for ThemeRole {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|role| role.word() == name).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|role| role.word()).collect();
            format!("no colour is called `{name}`; known are base, {}", known.join(", "))
        })
    }
}

/// The colours that a user asks for: a theme by its name, or one's own over those of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ThemeSetting {
    Named(ThemeName),
    /// Colours of the user's own over those of a theme.
    Custom {
        base: ThemeName,
        colours: BTreeMap<ThemeRole, Rgb>,
    },
}

impl Default for ThemeSetting {
    fn default() -> Self {
        Self::Named(ThemeName::default())
    }
}

impl ThemeSetting {
    /// Returns the theme that it is, or is made over.
    #[must_use]
    pub fn base(&self) -> ThemeName {
        match self {
            Self::Named(name) => *name,
            Self::Custom { base, .. } => *base,
        }
    }

    /// Returns the colours of the user's own.
    #[must_use]
    pub fn colour(&self, role: ThemeRole) -> Option<Rgb> {
        match self {
            Self::Named(_) => None,
            Self::Custom { colours, .. } => colours.get(&role).copied(),
        }
    }
}

impl fmt::Display for ThemeSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Named(name) => name.word(),
            Self::Custom { .. } => "your own",
        })
    }
}

/// How the terminal's background is, as the terminal said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Backdrop {
    Dark,
    Light,
}

impl Backdrop {
    /// Tells from a colour by how bright it looks.
    #[must_use]
    pub fn of(Rgb(red, green, blue): Rgb) -> Self {
        let bright = 299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue);
        if bright < 128_000 { Self::Dark } else { Self::Light }
    }
}

/// How many colours a terminal can show, as far as its environment tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum ColourDepth {
    /// Its own sixteen.
    Sixteen,
    /// The 256 of the usual table.
    Indexed,
    /// Sixteen million, each by its parts.
    #[default]
    Any,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for name in ThemeName::ALL {
            assert_eq!(name.word().parse(), Ok(name));
        }
        for role in ThemeRole::ALL {
            assert_eq!(role.word().parse(), Ok(role));
        }
        assert!("solarized".parse::<ThemeName>().unwrap_err().contains("`high-contrast`"));
    }

    #[test]
    fn a_background_is_dark_or_light_by_how_bright_it_looks() {
        for (colour, is) in [
            (0x00_00_00, Backdrop::Dark),
            (0x1a_1b_26, Backdrop::Dark),
            (0x00_2b_36, Backdrop::Dark),
            (0x00_00_ff, Backdrop::Dark),
            (0xfd_f6_e3, Backdrop::Light),
            (0x00_ff_00, Backdrop::Light),
            (0xff_ff_ff, Backdrop::Light),
        ] {
            assert_eq!(Backdrop::of(Rgb::of(colour)), is, "{colour:06x}");
        }
    }

    #[test]
    fn a_colour_is_six_digits_behind_a_cross() {
        assert_eq!("#0a80ff".parse(), Ok(Rgb(10, 128, 255)));
        for wrong in ["", "#", "0a80ff", "#0a80f", "#0a80fff", "#+a80ff", "red"] {
            assert!(wrong.parse::<Rgb>().is_err(), "{wrong}");
        }
    }
}
