//! What a screen is drawn with: hues or none, Unicode or plain ASCII.

/// What the terminal can show, as far as its environment and the settings tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Look {
    /// Whether hues are used; without them bold, dim, underlined and reversed remain.
    pub colour: bool,
    /// Whether characters beyond ASCII are used for frames and marks.
    pub unicode: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self { colour: true, unicode: true }
    }
}

impl Look {
    /// Chooses from the theme's name in the settings (`default`, `mono`, `ascii`), whether
    /// `NO_COLOR` is set to anything but nothing, the value of `TERM`, and that of the first of
    /// `LC_ALL`, `LC_CTYPE` and `LANG` that is set.
    #[must_use]
    pub fn choose(theme: &str, no_color: bool, term: &str, locale: &str) -> Self {
        let locale = locale.to_ascii_lowercase();
        let plain_locale = matches!(locale.as_str(), "c" | "posix")
            || (locale.contains('.') && !locale.contains("utf-8") && !locale.contains("utf8"));
        Self {
            colour: !no_color && theme != "mono" && term != "dumb" && !term.ends_with("-m"),
            unicode: theme != "ascii" && term != "dumb" && !plain_locale,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Look;

    #[test]
    fn the_environment_takes_hues_and_unicode_away() {
        assert_eq!(Look::choose("default", false, "xterm-256color", "en_GB.UTF-8"), Look::default());
        assert_eq!(Look::choose("default", false, "xterm-256color", ""), Look::default());
        assert!(!Look::choose("default", true, "xterm", "C.UTF-8").colour);
        assert!(!Look::choose("mono", false, "xterm", "C.UTF-8").colour);
        assert!(!Look::choose("default", false, "xterm", "C").unicode);
        assert!(!Look::choose("default", false, "xterm", "de_DE.ISO-8859-1").unicode);
        assert!(!Look::choose("ascii", false, "xterm", "en_GB.UTF-8").unicode);
        assert_eq!(Look::choose("default", false, "dumb", ""), Look { colour: false, unicode: false });
    }
}
