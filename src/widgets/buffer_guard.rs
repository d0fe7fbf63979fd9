//! The last look at a drawn screen: nothing leaves that a terminal obeys or cannot show.

use ratatui::{
    buffer::{Buffer, Cell},
    layout::Position,
    style::{Modifier, Style},
};

/// Takes out of every cell what is not drawn but obeyed: controls, and marks that turn the
/// direction of writing. Texts from outside are cleaned before they are drawn; this also covers
/// what was typed and pasted into a field.
pub fn guard(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if cell.symbol().chars().any(is_obeyed) {
            let kept: String = cell.symbol().chars().filter(|c| !is_obeyed(*c)).collect();
            cell.set_symbol(if kept.is_empty() { " " } else { &kept });
        }
    }
}

fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}')
        || matches!(c, '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The marks of a state, each with its word.
const WORDS: [(&str, &str); 7] = [
    ("✓", "passed"),
    ("✗", "failed"),
    ("○", "inconclusive"),
    ("▸", "running"),
    ("⟳", "waiting"),
    ("◆", "baseline"),
    ("●", "marked"),
];

/// Writes the word of a mark in its place where blanks follow that it fits in, for screen readers; a mark before its own
/// word goes.
pub fn words(buffer: &mut Buffer) {
    for row in buffer.area.rows() {
        for place in row.positions() {
            let Some((_, word)) =
                buffer.cell(place).and_then(|cell| WORDS.iter().find(|(mark, _)| *mark == cell.symbol()))
            else {
                continue;
            };
            let wide = u16::try_from(word.len()).unwrap_or(u16::MAX);
            let after = |by: u16, count: u16| -> String {
                let cells = (by..by + count).filter_map(|by| buffer.cell((place.x.saturating_add(by), place.y)));
                cells.map(Cell::symbol).collect()
            };
            if after(1, 1) == " " && after(2, wide) == *word {
                buffer.set_stringn(place.x, place.y, " ", 1, Style::new());
            } else if after(1, wide).trim().is_empty() && place.x + wide < row.right() {
                buffer.set_stringn(place.x, place.y, word, usize::from(wide), Style::new());
            }
        }
    }
}

/// Finds the row the keys act on by its bar, else the pane by the star before its title; what lies behind a window is
/// dim, and is none of them.
#[must_use]
pub fn focused_row(buffer: &Buffer, bar: &str) -> Option<Position> {
    let is = |place: &Position, mark: &str| {
        buffer.cell(*place).is_some_and(|cell| cell.symbol() == mark && !cell.modifier.contains(Modifier::DIM))
    };
    let bold = |place: &Position| buffer.cell(*place).is_some_and(|cell| cell.modifier.contains(Modifier::BOLD));
    let ruled = |place: &Position| {
        place.x.checked_sub(2).is_some_and(|x| buffer.cell((x, place.y)).is_some_and(|cell| cell.symbol() == "━"))
    };
    let selected = buffer.area.positions().find(|place| is(place, bar) && bold(place));
    selected.or_else(|| buffer.area.positions().find(|place| is(place, "*") && ruled(place)))
}

/// Turns every frame, mark and arrow of a drawn screen into ASCII, for terminals without Unicode.
///
/// Each mark takes one cell before and after, so nothing moves; letters of any script stay.
pub fn plain(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if cell.symbol().is_ascii() {
            continue;
        }
        let mut letters = cell.symbol().chars();
        if let (Some(mark), None) = (letters.next(), letters.next())
            && let Some(stand_in) = stand_in(mark)
        {
            cell.set_char(stand_in);
        }
    }
}

fn stand_in(mark: char) -> Option<char> {
    Some(match mark {
        '─' | '╌' | '┄' | '–' | '—' | '┬' | '┴' | '·' | '•' | '⠹' | '⠦' => '-',
        '│' | '┆' | '╎' | '├' | '┤' | '┊' | '▏' | '⠋' | '⠼' | '⠇' | '⠏' => '|',
        '┌' | '┐' | '└' | '┘' | '╭' | '╮' | '╰' | '╯' | '┼' | '✓' => '+',
        '━' | '▃' | '▄' | '▅' => '=',
        '┃' | '┏' | '┓' | '┗' | '┛' | '█' | '▌' | '■' | '▓' | '▆' | '▇' => '#',
        '✗' | '×' => 'x',
        '▸' | '→' | '›' | '≥' | '▶' => '>',
        '←' | '‹' | '≤' | '◀' => '<',
        '⟳' | '↻' => '@',
        '●' | '◆' => '*',
        '≠' => '!',
        '○' | '◌' | '◦' => 'o',
        '…' | '≈' => '~',
        '✂' => '%',
        '▼' | '↓' => 'v',
        '▲' | '↑' => '^',
        '▁' | '▂' => '_',
        '░' | '▒' => ':',
        '↵' | '⏎' | '⠙' | '⠴' | '╱' => '/',
        '⠸' | '⠧' => '\\',
        '“' | '”' => '"',
        '‘' | '’' => '\'',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;

    use super::*;

    #[test]
    fn what_turns_the_writing_round_is_taken_out() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 6, 1));
        buffer[(0, 0)].set_symbol("a\u{202e}");
        buffer[(1, 0)].set_symbol("\u{2066}");
        buffer[(2, 0)].set_symbol("e\u{301}");
        guard(&mut buffer);
        let row: Vec<_> = buffer.content.iter().map(Cell::symbol).collect();
        assert_eq!(row, ["a", " ", "e\u{301}", " ", " ", " "]);
    }

    #[test]
    fn marks_become_ascii_and_letters_stay() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 1));
        buffer.set_string(0, 0, "┏✓ é 日 ⟳…", Style::new());
        plain(&mut buffer);
        let row: String = buffer.content.iter().map(Cell::symbol).collect();
        assert_eq!(row.trim_end(), "#+ é 日  @~");
    }

    #[test]
    fn a_mark_is_a_word_where_that_has_room() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 30, 1));
        buffer.set_string(0, 0, "✓ passed  ✗         ✗ 0.5", Style::new());
        words(&mut buffer);
        let row: String = buffer.content.iter().map(Cell::symbol).collect();
        assert_eq!(row.trim_end(), "  passed  failed    ✗ 0.5");
    }
}
