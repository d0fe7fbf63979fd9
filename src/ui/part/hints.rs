//! Keys with what they do, the most useful first, as many as there is room for.

use ratatui::text::{Line, Span};

use crate::ui::theme::{Role, Theme};

/// Sets `key label` pairs into one line, dropping from the end what does not fit. The last pair
/// always stays: it is the way to all the others.
#[must_use]
pub fn hints(pairs: &[(String, String)], width: usize, theme: Theme) -> Line<'static> {
    let wide =
        |(key, label): &(String, String)| Span::raw(key.as_str()).width() + 1 + Span::raw(label.as_str()).width();
    let Some((last, rest)) = pairs.split_last() else {
        return Line::default();
    };
    let mut room = width.saturating_sub(wide(last));
    let mut line = Line::default();
    for pair in rest {
        let Some(left) = room.checked_sub(wide(pair) + 2) else {
            break;
        };
        room = left;
        push(&mut line, pair, theme);
        line.spans.push(Span::raw("  "));
    }
    push(&mut line, last, theme);
    line
}

fn push(line: &mut Line<'static>, (key, label): &(String, String), theme: Theme) {
    line.spans.push(Span::styled(key.clone(), theme.style(Role::Key)));
    line.spans.push(Span::styled(format!(" {label}"), theme.style(Role::Text)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Look;

    #[test]
    fn the_way_to_the_others_is_never_dropped() {
        let pairs: Vec<_> = [("F5", "run"), ("m", "models"), ("p", "params"), ("?", "help")]
            .map(|(key, label)| (key.to_owned(), label.to_owned()))
            .into();
        let shown = |width| hints(&pairs, width, Theme::new(Look::default())).to_string();
        assert_eq!(shown(80), "F5 run  m models  p params  ? help");
        assert_eq!(shown(24), "F5 run  m models  ? help");
        assert_eq!(shown(16), "F5 run  ? help");
        assert_eq!(shown(3), "? help");
    }
}
