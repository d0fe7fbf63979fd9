//! The one place that names colours: from what a thing is to how it looks.
//!
//! Only the eight plain hues of the terminal's own palette are used, and never together with bold,
//! which some terminals turn into a bright hue that a light background swallows. Everything a hue
//! says is also said by a glyph, a word, or a heavier line.

use ratatui::style::{Color, Modifier, Style};

use crate::model::TerminalCaps;

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

/// How roles look on this terminal.
#[derive(Debug, Clone, Copy)]
pub struct Theme {
    colour: bool,
}

impl Theme {
    /// Makes the theme for what the terminal can show.
    #[must_use]
    pub fn new(look: TerminalCaps) -> Self {
        Self { colour: look.colour }
    }

    /// Returns the style over all that belongs to an old answer: no hue, dim.
    #[must_use]
    pub fn old(self) -> Style {
        Style::new().fg(Color::Reset).add_modifier(Modifier::DIM).remove_modifier(Modifier::BOLD)
    }

    /// Looks a role up.
    #[must_use]
    pub fn style(self, role: Role) -> Style {
        let (hue, with) = match role {
            Role::Text | Role::JsonMark => (None, Modifier::empty()),
            Role::Title | Role::Number => (None, Modifier::BOLD),
            Role::Quiet | Role::Frame | Role::Void => (None, Modifier::DIM),
            Role::Focus | Role::Busy | Role::Key | Role::JsonName => (Some(Color::Cyan), Modifier::empty()),
            Role::Typing | Role::Pass | Role::JsonString => (Some(Color::Green), Modifier::empty()),
            Role::Selected | Role::Cursor => (None, Modifier::REVERSED),
            Role::Found => (Some(Color::Yellow), Modifier::REVERSED),
            Role::FoundHere => (Some(Color::Magenta), Modifier::REVERSED.union(Modifier::UNDERLINED)),
            Role::Fail => (Some(Color::Red), Modifier::empty()),
            Role::JsonWrong => (Some(Color::Red), Modifier::UNDERLINED),
            Role::Wait | Role::Differs | Role::JsonWord => (Some(Color::Yellow), Modifier::empty()),
            Role::Origin | Role::Demo | Role::JsonNumber => (Some(Color::Magenta), Modifier::empty()),
            Role::Added => (Some(Color::Green), Modifier::UNDERLINED),
            Role::Removed => (Some(Color::Red), Modifier::CROSSED_OUT),
            Role::Reasoning => (None, Modifier::DIM.union(Modifier::ITALIC)),
        };
        let style = Style::new().add_modifier(with);
        match hue {
            Some(hue) if self.colour => style.fg(hue),
            Some(_) => style.add_modifier(without_hue(role)),
            None => style,
        }
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

    #[test]
    fn without_colour_no_role_has_a_hue() {
        let theme = Theme::new(TerminalCaps { colour: false, unicode: true });
        for role in ROLES {
            let style = theme.style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{role:?}");
        }
    }

    #[test]
    fn a_hue_is_never_bold_and_never_black_or_white() {
        let theme = Theme::new(TerminalCaps::default());
        for role in ROLES {
            let style = theme.style(role);
            assert_eq!(style.bg, None, "{role:?}");
            if let Some(hue) = style.fg {
                assert!(!style.add_modifier.contains(Modifier::BOLD), "{role:?}");
                assert!(
                    matches!(hue, Color::Red | Color::Green | Color::Yellow | Color::Magenta | Color::Cyan),
                    "{role:?}"
                );
            }
        }
    }
}
