//! The last look at a drawn screen: nothing leaves that a terminal obeys or cannot show.

use ratatui::buffer::Buffer;

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
        '┃' | '┏' | '┓' | '┗' | '┛' | '█' | '■' | '▓' | '▆' | '▇' => '#',
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
        '▌' | '▁' | '▂' => '_',
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
    use ratatui::{layout::Rect, style::Style};

    use super::*;

    #[test]
    fn what_turns_the_writing_round_is_taken_out() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 6, 1));
        buffer[(0, 0)].set_symbol("a\u{202e}");
        buffer[(1, 0)].set_symbol("\u{2066}");
        buffer[(2, 0)].set_symbol("e\u{301}");
        guard(&mut buffer);
        let row: Vec<_> = buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        assert_eq!(row, ["a", " ", "e\u{301}", " ", " ", " "]);
    }

    #[test]
    fn marks_become_ascii_and_letters_stay() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 1));
        buffer.set_string(0, 0, "┏✓ é 日 ⟳…", Style::new());
        plain(&mut buffer);
        let row: String = buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        assert_eq!(row.trim_end(), "#+ é 日  @~");
    }
}
