//! The one place that names colours: from what a thing is to how it looks.
//!
//! The theme that is used where none is set has but the plain hues of the terminal's own palette, as both dark and
//! light backgrounds show them. Everything a hue says is also said by a glyph, a word, or a heavier line.

#![allow(clippy::disallowed_methods, reason = "this is where hues are named")]

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Color, Modifier, Style},
};

use crate::model::{
    TerminalCaps,
    theme::{Backdrop, ColourDepth, Rgb, ThemeName, ThemeRole, ThemeSetting},
};

/// What a piece of the screen is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Plain text.
    Text,
    /// What names something: a pane, a column, a lane.
    Title,
    /// What matters less than the text beside it.
    Quiet,
    /// The frame of a pane.
    Frame,
    /// The frame of the pane that has the keys.
    Focus,
    /// The frame of the field that is being typed into.
    Typing,
    /// A key to press.
    Key,
    /// The row of a list that the keys act on.
    Selected,
    /// A place the search found.
    Found,
    /// The place the search stands at.
    FoundHere,
    /// Where the next letter goes.
    Cursor,
    /// It went well.
    Pass,
    /// It went wrong.
    Fail,
    /// It waits, or wants attention.
    Wait,
    /// It is under way.
    Busy,
    /// Where a number or an answer comes from: cached, fallen back, estimated.
    Origin,
    /// A number that is a demonstration.
    Demo,
    Number,
    /// Text the model thought but did not answer.
    Reasoning,
    /// Text that does not count any more: what came before a cut.
    Void,
    /// The name of a member of JSON.
    JsonName,
    JsonString,
    JsonNumber,
    /// `true`, `false` or `null` of JSON.
    JsonWord,
    /// A brace, bracket, comma or colon of JSON.
    JsonMark,
    /// What JSON cannot hold where it stands.
    JsonWrong,
    /// It differs from what it is compared with.
    Differs,
    /// Text that the baseline has not.
    Added,
    /// Text that the baseline alone has.
    Removed,
}

/// Every role.
pub const ROLES: [Role; 29] = [
    Role::Text,
    Role::Title,
    Role::Quiet,
    Role::Frame,
    Role::Focus,
    Role::Typing,
    Role::Key,
    Role::Selected,
    Role::Found,
    Role::FoundHere,
    Role::Cursor,
    Role::Pass,
    Role::Fail,
    Role::Wait,
    Role::Busy,
    Role::Origin,
    Role::Demo,
    Role::Number,
    Role::Reasoning,
    Role::Void,
    Role::JsonName,
    Role::JsonString,
    Role::JsonNumber,
    Role::JsonWord,
    Role::JsonMark,
    Role::JsonWrong,
    Role::Differs,
    Role::Added,
    Role::Removed,
];

/// A hue of each role of a theme, by its place in [`ThemeRole::ALL`]; `Reset` is the terminal's own.
type Hues = [Color; ThemeRole::ALL.len()];

/// The sixteen colours of the terminal: those that both a dark and a light background show.
const TERMINAL: Hues = [
    Color::Reset,
    Color::Reset,
    Color::Reset,
    Color::Cyan,
    Color::Green,
    Color::Green,
    Color::Red,
    Color::Yellow,
    Color::Cyan,
    Color::Magenta,
    Color::Green,
    Color::Red,
    Color::Yellow,
];

/// Light on dark.
const DARK: [Rgb; ThemeRole::ALL.len()] = [
    Rgb::of(0x16_18_1d),
    Rgb::of(0xd6_d9_e0),
    Rgb::of(0x8b_91_9e),
    Rgb::of(0x56_c8_d8),
    Rgb::of(0x8c_c8_6b),
    Rgb::of(0x8c_c8_6b),
    Rgb::of(0xf0_71_78),
    Rgb::of(0xe6_b4_50),
    Rgb::of(0x56_c8_d8),
    Rgb::of(0xc7_92_ea),
    Rgb::of(0x8c_c8_6b),
    Rgb::of(0xf0_71_78),
    Rgb::of(0xff_d8_66),
];

/// Dark on light.
const LIGHT: [Rgb; ThemeRole::ALL.len()] = [
    Rgb::of(0xfa_fa_f7),
    Rgb::of(0x23_27_2e),
    Rgb::of(0x6a_70_7c),
    Rgb::of(0x00_6d_84),
    Rgb::of(0x2a_73_1b),
    Rgb::of(0x2a_73_1b),
    Rgb::of(0xb8_1d_2c),
    Rgb::of(0x8a_5a_00),
    Rgb::of(0x00_6d_84),
    Rgb::of(0x81_2e_a6),
    Rgb::of(0x2a_73_1b),
    Rgb::of(0xb8_1d_2c),
    Rgb::of(0x7a_4e_00),
];

/// White on black, each hue at least seven times as bright as the background.
const HIGH_CONTRAST: [Rgb; ThemeRole::ALL.len()] = [
    Rgb::of(0x00_00_00),
    Rgb::of(0xff_ff_ff),
    Rgb::of(0xe0_e0_e0),
    Rgb::of(0x00_ff_ff),
    Rgb::of(0x5f_ff_5f),
    Rgb::of(0x5f_ff_5f),
    Rgb::of(0xff_8f_8f),
    Rgb::of(0xff_ff_00),
    Rgb::of(0x00_ff_ff),
    Rgb::of(0xff_a0_ff),
    Rgb::of(0x5f_ff_5f),
    Rgb::of(0xff_8f_8f),
    Rgb::of(0xff_ff_00),
];

/// Where each hue of [`HIGH_CONTRAST`] is on a terminal of sixteen colours.
const BRIGHT: Hues = [
    Color::Black,
    Color::White,
    Color::White,
    Color::LightCyan,
    Color::LightGreen,
    Color::LightGreen,
    Color::LightRed,
    Color::LightYellow,
    Color::LightCyan,
    Color::LightMagenta,
    Color::LightGreen,
    Color::LightRed,
    Color::LightYellow,
];

/// How much of the text's colour is in the background of a selected row, in hundredths.
const TINT: u16 = 12;

/// How roles look on this terminal.
#[derive(Debug, Clone, Copy)]
pub struct Theme {
    colour: bool,
    unicode: bool,
    /// Whether marks are words.
    worded: bool,
    hues: Hues,
    /// The background of a selected row; `Reset` where the terminal's own background is not known.
    tint: Color,
}

impl Theme {
    /// Makes the terminal's own theme for what the terminal can show.
    #[must_use]
    pub fn new(look: TerminalCaps) -> Self {
        Self { colour: look.colour, unicode: look.unicode, worded: look.accessible, hues: TERMINAL, tint: Color::Reset }
    }

    /// Makes the theme of the settings for what the terminal can show.
    #[must_use]
    pub fn of(look: TerminalCaps, setting: &ThemeSetting) -> Self {
        let plain = Self::new(look);
        let base = match (setting.base(), look.background) {
            (ThemeName::Auto, Some(Backdrop::Dark)) => ThemeName::Dark,
            (ThemeName::Auto, Some(Backdrop::Light)) => ThemeName::Light,
            (ThemeName::Auto, None) => ThemeName::Terminal,
            (base, _) => base,
        };
        let colours = match base {
            ThemeName::Dark => Some(DARK),
            ThemeName::Light => Some(LIGHT),
            ThemeName::HighContrast => Some(HIGH_CONTRAST),
            ThemeName::Terminal | ThemeName::Auto | ThemeName::Mono | ThemeName::Ascii => None,
        };
        let mut hues = match (look.depth, base, colours) {
            (ColourDepth::Sixteen, ThemeName::HighContrast, _) => BRIGHT,
            (ColourDepth::Sixteen, ..) | (_, _, None) => TERMINAL,
            (depth, _, Some(colours)) => colours.map(|colour| shown(colour, depth)),
        };
        for (hue, role) in hues.iter_mut().zip(ThemeRole::ALL) {
            if let Some(colour) = setting.colour(role).filter(|_| look.depth != ColourDepth::Sixteen) {
                *hue = shown(colour, look.depth);
            }
        }
        let rgb = |role: ThemeRole| {
            let of_base = colours.and_then(|colours| colours.get(role as usize).copied());
            setting.colour(role).or(of_base)
        };
        let tint = match (rgb(ThemeRole::Background), rgb(ThemeRole::Text)) {
            (Some(under), Some(text)) if look.depth != ColourDepth::Sixteen => shown(mixed(under, text), look.depth),
            _ => Color::Reset,
        };
        Self { hues, tint, ..plain }
    }

    fn hue(self, role: ThemeRole) -> Option<Color> {
        self.hues.get(role as usize).copied().filter(|hue| *hue != Color::Reset)
    }

    /// Returns the style over all that belongs to an old answer: no hue, dim.
    #[must_use]
    pub fn old(self) -> Style {
        let hue = self.hue(ThemeRole::Secondary).filter(|_| self.colour).unwrap_or(Color::Reset);
        Style::new().fg(hue).add_modifier(Modifier::DIM).remove_modifier(Modifier::BOLD)
    }

    /// Tells whether characters beyond ASCII are drawn.
    #[must_use]
    pub fn has_unicode(self) -> bool {
        self.unicode
    }

    /// Returns the mark of what passed or failed.
    #[must_use]
    pub fn mark(self, passed: bool) -> &'static str {
        match (passed, self.worded) {
            (true, true) => "passed",
            (true, false) => "✓",
            (false, true) => "failed",
            (false, false) => "✗",
        }
    }

    /// Returns the glyph of the bar before a selected row.
    #[must_use]
    pub fn bar(self) -> &'static str {
        if self.unicode { "▌" } else { ">" }
    }

    /// Marks a row as the one the keys act on, its bar in the row's first column. What is in it keeps its hues.
    pub fn select(self, row: Rect, buffer: &mut Buffer) {
        let row = row.intersection(buffer.area);
        buffer.set_style(row, self.style(Role::Selected));
        buffer.set_stringn(row.x, row.y, self.bar(), usize::from(row.width), self.style(Role::Focus));
    }

    /// Dims all that is drawn, for what lies over it.
    pub fn dim(self, buffer: &mut Buffer) {
        buffer.set_style(buffer.area, Style::new().add_modifier(Modifier::DIM).remove_modifier(Modifier::BOLD));
    }

    /// Gives what has the terminal's own colours those of the theme.
    pub fn paint(self, buffer: &mut Buffer) {
        if !self.colour {
            return;
        }
        let (text, under) = (self.hue(ThemeRole::Text), self.hue(ThemeRole::Background));
        if text.is_none() && under.is_none() {
            return;
        }
        for cell in &mut buffer.content {
            match text {
                Some(text) if cell.fg == Color::Reset => cell.fg = text,
                Some(_) | None => {}
            }
            match under {
                Some(under) if cell.bg == Color::Reset => cell.bg = under,
                Some(_) | None => {}
            }
        }
    }

    /// Looks a role up.
    #[must_use]
    pub fn style(self, role: Role) -> Style {
        let (hue, with) = match role {
            Role::Text | Role::JsonMark => (None, Modifier::empty()),
            Role::Title | Role::Number => (None, Modifier::BOLD),
            Role::Quiet | Role::Frame | Role::Void => return self.secondary(Modifier::empty()),
            Role::Reasoning => return self.secondary(Modifier::ITALIC),
            Role::Focus | Role::Key | Role::JsonName => (Some(ThemeRole::Focus), Modifier::empty()),
            Role::Busy => (Some(ThemeRole::Running), Modifier::empty()),
            Role::Typing => (Some(ThemeRole::Typing), Modifier::empty()),
            Role::Pass | Role::JsonString => (Some(ThemeRole::Passed), Modifier::empty()),
            Role::Selected => return self.selected(),
            Role::Cursor => (None, Modifier::REVERSED),
            Role::Found => (Some(ThemeRole::Found), Modifier::UNDERLINED),
            Role::FoundHere => (Some(ThemeRole::Found), Modifier::UNDERLINED.union(Modifier::BOLD)),
            Role::Fail => (Some(ThemeRole::Failed), Modifier::empty()),
            Role::JsonWrong => (Some(ThemeRole::Failed), Modifier::UNDERLINED),
            Role::Wait | Role::Differs | Role::JsonWord => (Some(ThemeRole::Error), Modifier::empty()),
            Role::Origin | Role::Demo | Role::JsonNumber => (Some(ThemeRole::Origin), Modifier::empty()),
            Role::Added => (Some(ThemeRole::Added), Modifier::UNDERLINED),
            Role::Removed => (Some(ThemeRole::Removed), Modifier::CROSSED_OUT),
        };
        let style = Style::new().add_modifier(with);
        match hue {
            Some(hue) if self.colour => self.hue(hue).map_or(style, |hue| style.fg(hue)),
            Some(_) => style.add_modifier(without_hue(role)),
            None => style,
        }
    }

    /// What matters less: dim where the theme has no hue for it.
    fn secondary(self, with: Modifier) -> Style {
        match self.hue(ThemeRole::Secondary).filter(|_| self.colour) {
            Some(hue) => Style::new().fg(hue).add_modifier(with),
            None => Style::new().add_modifier(Modifier::DIM.union(with)),
        }
    }

    /// The row the keys act on: bold, over a tint where the background is known; reversed where nothing has a hue.
    fn selected(self) -> Style {
        let style = Style::new().add_modifier(Modifier::BOLD).remove_modifier(Modifier::DIM);
        match (self.colour, self.tint) {
            (false, _) => style.add_modifier(Modifier::REVERSED),
            (true, Color::Reset) => style,
            (true, tint) => style.bg(tint),
        }
    }
}

/// Mixes the background of a selected row.
fn mixed(Rgb(r, g, b): Rgb, Rgb(to_r, to_g, to_b): Rgb) -> Rgb {
    let part = |from: u8, to: u8| {
        let mixed = (u16::from(from) * (100 - TINT) + u16::from(to) * TINT) / 100;
        u8::try_from(mixed).unwrap_or(u8::MAX)
    };
    Rgb(part(r, to_r), part(g, to_g), part(b, to_b))
}

/// The steps of each part in the usual table of 256 colours.
const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// Writes a colour for a terminal, which has any of them or the 256 of the usual table: a cube of six steps each, and
/// greys.
fn shown(Rgb(r, g, b): Rgb, depth: ColourDepth) -> Color {
    if depth == ColourDepth::Any {
        return Color::Rgb(r, g, b);
    }
    let nearest = |part: u8| {
        let steps = STEPS.iter().zip(0_u8..);
        steps.min_by_key(|(step, _)| part.abs_diff(**step)).map_or((0, 0), |(step, at)| (*step, at))
    };
    let far = |to: [u8; 3]| [r, g, b].iter().zip(to).map(|(from, to)| u32::from(from.abs_diff(to)).pow(2)).sum::<u32>();
    let [(red, red_at), (green, green_at), (blue, blue_at)] = [r, g, b].map(nearest);
    let cube = 16 + 36 * red_at + 6 * green_at + blue_at;
    let grey = (0..24_u8).map(|step| (step, 8 + 10 * step)).min_by_key(|(_, level)| far([*level; 3]));
    match grey {
        Some((step, level)) if far([level; 3]) < far([red, green, blue]) => Color::Indexed(232 + step),
        Some(_) | None => Color::Indexed(cube),
    }
}

/// What stands in for a hue where there is none.
fn without_hue(role: Role) -> Modifier {
    match role {
        Role::Focus
        | Role::Typing
        | Role::Key
        | Role::Fail
        | Role::Wait
        | Role::FoundHere
        | Role::JsonName
        | Role::Differs
        | Role::Added => Modifier::BOLD,
        Role::Removed => Modifier::DIM,
        _ => Modifier::empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: ThemeName, depth: ColourDepth) -> Theme {
        Theme::of(TerminalCaps { depth, ..TerminalCaps::default() }, &ThemeSetting::Named(name))
    }

    #[test]
    fn without_colour_no_role_has_a_hue_in_any_theme() {
        for name in ThemeName::ALL {
            let look = TerminalCaps { colour: false, ..TerminalCaps::default() };
            let theme = Theme::of(look, &ThemeSetting::Named(name));
            for role in ROLES {
                let style = theme.style(role);
                assert_eq!((style.fg, style.bg), (None, None), "{role:?}");
            }
        }
    }

    #[test]
    fn the_terminal_has_its_own_hues_and_background() {
        for name in [ThemeName::Terminal, ThemeName::Mono, ThemeName::Ascii] {
            let theme = named(name, ColourDepth::Any);
            for role in ROLES {
                let style = theme.style(role);
                assert_eq!(style.bg, None, "{role:?}");
                if let Some(hue) = style.fg {
                    assert!(
                        matches!(hue, Color::Red | Color::Green | Color::Yellow | Color::Magenta | Color::Cyan),
                        "{role:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_selected_row_keeps_its_hues_and_is_reversed_only_without_them() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 6, 1));
        let theme = named(ThemeName::Terminal, ColourDepth::Any);
        buffer.set_string(2, 0, "✗ no", theme.style(Role::Fail));
        theme.select(buffer.area, &mut buffer);
        assert_eq!((buffer[(0, 0)].symbol(), buffer[(0, 0)].fg), ("▌", Color::Cyan));
        assert_eq!((buffer[(2, 0)].fg, buffer[(2, 0)].modifier), (Color::Red, Modifier::BOLD));
        assert!(named(ThemeName::Dark, ColourDepth::Any).style(Role::Selected).bg.is_some());
        let bare = Theme::new(TerminalCaps { colour: false, unicode: false, ..TerminalCaps::default() });
        bare.select(buffer.area, &mut buffer);
        assert_eq!(buffer[(0, 0)].symbol(), ">");
        assert!(buffer[(5, 0)].modifier.contains(Modifier::REVERSED));
    }

    #[test]
    fn a_theme_paints_what_has_no_colour_of_its_own() {
        for (name, under) in [(ThemeName::Terminal, Color::Reset), (ThemeName::HighContrast, Color::Rgb(0, 0, 0))] {
            let mut buffer = Buffer::empty(Rect::new(0, 0, 2, 1));
            let theme = named(name, ColourDepth::Any);
            buffer.set_string(0, 0, "x", theme.style(Role::Fail));
            theme.paint(&mut buffer);
            assert_eq!((buffer[(0, 0)].bg, buffer[(1, 0)].bg), (under, under), "{name:?}");
            assert_eq!(Some(buffer[(0, 0)].fg), theme.style(Role::Fail).fg);
        }
    }

    #[test]
    fn colours_of_the_users_own_lie_over_those_of_a_theme() {
        let colours = [(ThemeRole::Failed, Rgb(1, 2, 3))].into();
        let custom = ThemeSetting::Custom { base: ThemeName::Dark, colours };
        let theme = Theme::of(TerminalCaps::default(), &custom);
        assert_eq!(theme.style(Role::Fail).fg, Some(Color::Rgb(1, 2, 3)));
        assert_eq!(theme.style(Role::Pass).fg, named(ThemeName::Dark, ColourDepth::Any).style(Role::Pass).fg);
    }

    #[test]
    fn auto_follows_the_background_and_is_the_terminals_own_while_that_is_not_known() {
        let auto = |background| {
            let look = TerminalCaps { background, ..TerminalCaps::default() };
            let theme = Theme::of(look, &ThemeSetting::Named(ThemeName::Auto));
            ROLES.map(|role| theme.style(role))
        };
        let of = |name| ROLES.map(|role| named(name, ColourDepth::Any).style(role));
        assert_eq!(auto(None), of(ThemeName::Terminal));
        assert_eq!(auto(Some(Backdrop::Dark)), of(ThemeName::Dark));
        assert_eq!(auto(Some(Backdrop::Light)), of(ThemeName::Light));
    }

    #[test]
    fn fewer_colours_take_the_nearest() {
        assert_eq!(shown(Rgb(255, 0, 0), ColourDepth::Indexed), Color::Indexed(196));
        assert_eq!(shown(Rgb(128, 128, 128), ColourDepth::Indexed), Color::Indexed(244));
        let sixteen = named(ThemeName::Dark, ColourDepth::Sixteen);
        assert_eq!(sixteen.style(Role::Fail).fg, Some(Color::Red));
        assert_eq!(named(ThemeName::HighContrast, ColourDepth::Sixteen).style(Role::Fail).fg, Some(Color::LightRed));
    }

    #[test]
    fn every_hue_of_a_theme_is_readable_on_its_background() {
        let light = |Rgb(r, g, b): Rgb| {
            let part = |part: u8| {
                let share = f64::from(part) / 255.0;
                if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b)
        };
        for (colours, least) in [(DARK, 4.5), (LIGHT, 4.5), (HIGH_CONTRAST, 7.0)] {
            let under = light(colours[0]);
            for (colour, role) in colours.iter().zip(ThemeRole::ALL).skip(1) {
                let (high, low) = (light(*colour).max(under), light(*colour).min(under));
                assert!((high + 0.05) / (low + 0.05) >= least, "{role:?}");
            }
        }
    }
}
