//! For terminals without Unicode: turns every frame, mark and arrow on the screen into ASCII.

use ratatui::buffer::Buffer;

/// Rewrites a drawn screen, cell by cell. Each mark takes one cell before and after, so nothing
/// moves; letters of any script are left as they are.
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
        '●' => '*',
        '○' | '◌' | '◦' => 'o',
        '…' => '~',
        '✂' => '%',
        '▼' | '↓' => 'v',
        '▲' | '↑' => '^',
        '▌' | '▁' | '▂' => '_',
        '░' | '▒' => ':',
        '↵' | '⏎' | '⠙' | '⠴' => '/',
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
    fn marks_become_ascii_and_letters_stay() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 1));
        buffer.set_string(0, 0, "┏✓ é 日 ⟳…", Style::new());
        plain(&mut buffer);
        let row: String = buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        assert_eq!(row.trim_end(), "#+ é 日  @~");
    }
}
