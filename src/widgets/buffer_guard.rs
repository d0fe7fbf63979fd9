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
/// Each mark takes one cell before and after, so nothing moves; letters of any script stay. What passed is `ok`, which
/// takes a blank beside it where the words around it do not need that; else it is `+`.
pub fn plain(buffer: &mut Buffer) {
    for place in buffer.area.positions() {
        let Some(symbol) = buffer.cell(place).map(Cell::symbol).filter(|symbol| !symbol.is_ascii()) else {
            continue;
        };
        let mut letters = symbol.chars();
        let (Some(mark), None) = (letters.next(), letters.next()) else {
            continue;
        };
        if mark == '✓' && write_ok(buffer, place) {
            continue;
        }
        // A strip of dashes is one of single strokes.
        let stand_in = if mark == '┄' && place.x % 2 > 0 { Some(' ') } else { stand_in(mark) };
        if let (Some(stand_in), Some(cell)) = (stand_in, buffer.cell_mut(place)) {
            cell.set_char(stand_in);
        }
    }
}

/// Writes `ok` over a mark and a blank: the one before it, where no word ends there, or the one after it, where no word
/// begins there. Tells whether there is such a blank.
fn write_ok(buffer: &mut Buffer, place: Position) -> bool {
    let is_blank = |by: i32| {
        let x = i32::from(place.x) + by;
        let inside = (i32::from(buffer.area.left())..i32::from(buffer.area.right())).contains(&x);
        let cell = inside.then(|| u16::try_from(x).ok()).flatten().and_then(|x| buffer.cell((x, place.y)));
        cell.is_none_or(|cell| !cell.symbol().contains(char::is_alphanumeric) && (by.abs() > 1 || cell.symbol() == " "))
    };
    let first = match (place.x.checked_sub(1), is_blank(-1) && is_blank(-2), is_blank(1) && is_blank(2)) {
        (Some(before), true, _) => before,
        (_, _, true) if place.x + 1 < buffer.area.right() => place.x,
        _ => return false,
    };
    let style = buffer.cell(place).map(Cell::style).unwrap_or_default();
    buffer.set_stringn(first, place.y, "ok", 2, style);
    true
}

fn stand_in(mark: char) -> Option<char> {
    Some(match mark {
        '─' | '−' | '╌' | '┄' | '–' | '—' | '┬' | '┴' | '○' | '◌' | '◦' | '⠹' | '⠦' => '-',
        '·' | '•' => '.',
        '│' | '‖' | '┆' | '╎' | '├' | '┤' | '┊' | '▏' | '⠋' | '⠼' | '⠇' | '⠏' => '|',
        '┌' | '┐' | '└' | '┘' | '╭' | '╮' | '╰' | '╯' | '┼' | '✓' | '░' => '+',
        '━' | '▃' | '▄' | '▅' => '=',
        '┃' | '┏' | '┓' | '┗' | '┛' | '█' | '▌' | '■' | '▓' | '▆' | '▇' | '▣' | '▤' | '♪' => {
            '#'
        }
        '✗' | '×' | '▒' => 'x',
        '▸' | '→' | '›' | '≥' | '▶' => '>',
        '←' | '‹' | '≤' | '◀' => '<',
        '●' | '◆' | '★' => '*',
        '≠' => '!',
        '␦' => '?',
        '…' | '≈' | '⟳' | '↻' => '~',
        '✂' => '%',
        '▼' | '↓' => 'v',
        '▲' | '↑' => '^',
        '▁' | '▂' => '_',
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
        assert_eq!(row.trim_end(), "#+ é 日  ~~");
    }

    #[test]
    fn what_passed_is_ok_where_no_word_needs_the_blank() {
        let plainly = |text: &str| {
            let mut buffer = Buffer::empty(Rect::new(0, 0, 24, 1));
            buffer.set_string(0, 0, text, Style::new());
            plain(&mut buffer);
            buffer.content.iter().map(Cell::symbol).collect::<String>().trim_end().to_owned()
        };
        assert_eq!(plainly("─ ✓ 4/4 ─"), "-ok 4/4 -");
        assert_eq!(plainly("  ✓ format  required"), " ok format  required");
        assert_eq!(plainly("✓  passed"), "ok passed");
        assert_eq!(plainly("[1 demo ✓] 2 demo ✗"), "[1 demo +] 2 demo x");
        assert_eq!(plainly("┄┄┄ Old answer ┄┄┄"), "- - Old answer  -");
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
