//! Drawing that does not depend on how wide a terminal takes a character to be.
//!
//! Terminals disagree on characters with variation selectors (`⚠️`), on joined and coloured emoji, flags and
//! keycaps: for some such a cluster takes one column, for others two, or as many as its parts. A
//! line with one in it is therefore never mended in places: it is erased and written whole, and
//! after each such cluster the cursor is put where the next one belongs.

use std::{io, io::Write};

use crossterm::{
    cursor::MoveTo,
    queue,
    terminal::{Clear, ClearType as Erase},
};
use ratatui::{
    backend::{Backend, ClearType, CrosstermBackend, WindowSize},
    buffer::{Cell, CellWidth as _},
    layout::{Position, Size},
};

/// Draws on a terminal through crossterm.
pub(crate) struct SteadyBackend<W: Write> {
    terminal: CrosstermBackend<W>,
    /// What the terminal shows, row by row, as far as it was drawn.
    rows: Vec<Vec<Cell>>,
}

impl<W: Write> SteadyBackend<W> {
    pub(crate) fn new(writer: W) -> Self {
        Self { terminal: CrosstermBackend::new(writer), rows: Vec::new() }
    }

    /// Notes that a cell is drawn; the columns that a wide character covers hold nothing of their own.
    fn note(&mut self, x: u16, y: u16, cell: &Cell) {
        let (x, y, width) = (usize::from(x), usize::from(y), usize::from(cell.cell_width().max(1)));
        if self.rows.len() <= y {
            self.rows.resize(y + 1, Vec::new());
        }
        if let Some(row) = self.rows.get_mut(y) {
            if row.len() < x + width {
                row.resize(x + width, Cell::EMPTY);
            }
            let drawn = std::iter::once(cell).chain(std::iter::repeat(&Cell::EMPTY));
            for (place, drawn) in row.iter_mut().skip(x).zip(drawn).take(width) {
                place.clone_from(drawn);
            }
        }
    }

    fn has_disputed(&self, y: u16) -> bool {
        self.rows.get(usize::from(y)).is_some_and(|row| row.iter().any(|cell| is_disputed(cell.symbol())))
    }

    /// Erases a row and writes it whole.
    fn write_row(&mut self, y: u16) -> io::Result<()> {
        queue!(self.terminal, MoveTo(0, y), Clear(Erase::CurrentLine))?;
        let Some(row) = self.rows.get(usize::from(y)) else { return Ok(()) };
        let mut run: Vec<(u16, u16, &Cell)> = Vec::new();
        // The columns that a wide character before covers.
        let mut covered = 0;
        for (x, cell) in (0_u16..).zip(row) {
            if covered > 0 {
                covered -= 1;
                continue;
            }
            covered = cell.cell_width().saturating_sub(1);
            run.push((x, y, cell));
            if is_disputed(cell.symbol()) {
                self.terminal.draw(run.drain(..))?;
            }
        }
        self.terminal.draw(run.into_iter())
    }
}

/// Tells whether terminals disagree on how wide a cluster is: it is of several characters, or an emoji.
fn is_disputed(symbol: &str) -> bool {
    if symbol.len() < 2 {
        return false;
    }
    let mut characters = symbol.chars();
    characters.next().is_some_and(|first| first >= '\u{1f000}') || characters.next().is_some()
}

impl<W: Write> Backend for SteadyBackend<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let content: Vec<(u16, u16, &Cell)> = content.collect();
        let mut touched: Vec<u16> = content.iter().map(|(_, y, _)| *y).collect();
        touched.dedup();
        let mut whole: Vec<u16> = touched.iter().copied().filter(|y| self.has_disputed(*y)).collect();
        for (x, y, cell) in &content {
            self.note(*x, *y, cell);
            if is_disputed(cell.symbol()) {
                whole.push(*y);
            }
        }
        whole.sort_unstable();
        whole.dedup();
        self.terminal.draw(content.into_iter().filter(|(_, y, _)| whole.binary_search(y).is_err()))?;
        whole.into_iter().try_for_each(|y| self.write_row(y))
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.terminal.hide_cursor()
    }

    /// Shows the cursor. A terminal that is gone has none: ratatui would report that on it.
    fn show_cursor(&mut self) -> io::Result<()> {
        let _ = self.terminal.show_cursor();
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        self.terminal.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.terminal.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.rows.clear();
        self.terminal.clear()
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        self.rows.clear();
        self.terminal.clear_region(region)
    }

    fn size(&self) -> io::Result<Size> {
        self.terminal.size()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.terminal.window_size()
    }

    fn flush(&mut self) -> io::Result<()> {
        Backend::flush(&mut self.terminal)
    }
}

impl<W: Write> Write for SteadyBackend<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.terminal.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Write::flush(&mut self.terminal)
    }
}

#[cfg(test)]
mod tests {
    use ratatui::{buffer::Buffer, layout::Rect, style::Style};

    use super::*;

    /// Draws texts one after the other, each over the one before, and returns what the last one wrote.
    fn drawn(texts: &[&str]) -> String {
        let area = Rect::new(0, 0, 12, 1);
        let mut all = Vec::new();
        let mut start = 0;
        let mut before = Buffer::empty(area);
        // The backend has the writer, so that each step begins anew.
        for count in 1..=texts.len() {
            start = all.len();
            all.clear();
            before.reset();
            let mut backend = SteadyBackend::new(&mut all);
            for text in texts.iter().take(count) {
                let mut next = Buffer::empty(area);
                next.set_string(0, 0, text, Style::new());
                backend.draw(before.diff(&next).into_iter()).unwrap();
                before = next;
            }
        }
        let written = String::from_utf8(all.split_off(start)).unwrap();
        // Colours do not matter here.
        written.replace("\x1b[39m", "").replace("\x1b[49m", "").replace("\x1b[59m", "").replace("\x1b[0m", "")
    }

    #[test]
    fn a_line_with_a_cluster_of_disputed_width_is_written_whole_and_placed() {
        assert_eq!(drawn(&["⚠️ ab"]), "\x1b[1;1H\x1b[2K\x1b[1;1H⚠️\x1b[1;3H ab");
        assert_eq!(drawn(&["⚠️ ab", "⚠️ ac"]), "\x1b[1;1H\x1b[2K\x1b[1;1H⚠️\x1b[1;3H ac");
        assert!(drawn(&["⚠️ ab", "plain"]).starts_with("\x1b[1;1H\x1b[2K\x1b[1;1Hplain"), "nothing of it stays");
        assert_eq!(drawn(&["é 👨‍👩‍👧x"]), "\x1b[1;1H\x1b[2K\x1b[1;1Hé 👨‍👩‍👧\x1b[1;5Hx");
    }

    #[test]
    fn other_lines_are_mended_where_they_changed() {
        assert_eq!(drawn(&["plain 日本", "plain 日木"]), "\x1b[1;9H木");
        assert_eq!(drawn(&["plain ✓", "plain ✗"]), "\x1b[1;7H✗");
    }

    #[test]
    fn what_terminals_disagree_on() {
        for symbol in ["⚠️", "👨‍👩‍👧‍👦", "🇩🇪", "1️⃣", "👍🏽", "🪿", "e\u{301}", "क्षि"]
        {
            assert!(is_disputed(symbol), "{symbol}");
        }
        for symbol in ["a", "é", "─", "日", "✓", "⚠", " "] {
            assert!(!is_disputed(symbol), "{symbol}");
        }
    }
}
