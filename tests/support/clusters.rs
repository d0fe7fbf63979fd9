//! A screen whose cells hold grapheme clusters, as wide as some terminal takes them to be: terminals disagree.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// How wide a terminal takes a cluster of several characters to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Widths {
    /// As Unicode says of the whole: two for an emoji with a variation selector.
    Whole,
    /// As wide as its first character.
    First,
    /// As wide as all its characters together.
    Sum,
}

impl Widths {
    fn of(self, cluster: &str) -> usize {
        let single = |c: char| c.width().unwrap_or_default();
        match self {
            Self::Whole => cluster.width(),
            Self::First => cluster.chars().next().map_or(0, single),
            Self::Sum => cluster.chars().map(single).sum(),
        }
    }
}

/// Cursor moves, erasing and printing; everything else is passed over.
pub(crate) struct ClusterScreen {
    width: usize,
    /// The second cell of a wide cluster is empty.
    cells: Vec<Vec<String>>,
    at: (usize, usize),
    widths: Widths,
}

impl ClusterScreen {
    pub(crate) fn new(width: usize, height: usize, widths: Widths) -> Self {
        Self { width, cells: vec![vec![" ".to_owned(); width]; height], at: (0, 0), widths }
    }

    /// Returns what is seen, row by row.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.cells.iter().map(|row| row.concat()).collect()
    }

    /// Takes what a program writes.
    pub(crate) fn feed(&mut self, mut text: &str) {
        while let Some(first) = text.chars().next() {
            let rest = if first == '\x1b' { self.sequence(text) } else { self.plain(text) };
            assert!(rest.len() < text.len());
            text = rest;
        }
    }

    fn plain<'t>(&mut self, text: &'t str) -> &'t str {
        let end = text.find(char::is_control).unwrap_or(text.len());
        for cluster in text[..end].graphemes(true) {
            self.print(cluster);
        }
        match text[end..].chars().next() {
            Some('\r') => self.at.1 = 0,
            Some('\n') => self.at.0 = (self.at.0 + 1).min(self.cells.len() - 1),
            Some('\x1b') => return &text[end..],
            _ => {}
        }
        text.get(end + 1..).unwrap_or_default()
    }

    fn print(&mut self, cluster: &str) {
        let (width, (y, x)) = (self.widths.of(cluster), self.at);
        let row = &mut self.cells[y];
        if width == 0 || x + width > self.width {
            return;
        }
        // What is cut in two is gone, on both sides.
        if row[x].is_empty()
            && let Some(begin) = (0..x).rev().find(|at| !row[*at].is_empty())
        {
            row[begin..x].fill(" ".to_owned());
        }
        for rest in row.iter_mut().skip(x + width).take_while(|cell| cell.is_empty()) {
            rest.push(' ');
        }
        row[x].clear();
        row[x].push_str(cluster);
        row[x + 1..x + width].fill(String::new());
        self.at.1 = (x + width).min(self.width - 1);
    }

    fn sequence<'t>(&mut self, text: &'t str) -> &'t str {
        let Some(body) = text.strip_prefix("\x1b[") else {
            let string = text.strip_prefix("\x1b]").or_else(|| text.strip_prefix("\x1bP"));
            let end = string.and_then(|string| string.find(['\x07', '\\']).map(|end| end + 3)).unwrap_or(2);
            return text.get(end..).unwrap_or_default();
        };
        let end = body.find(|c: char| ('@'..='~').contains(&c)).unwrap_or(body.len() - 1);
        let (parameters, last) = (&body[..end], &body[end..=end]);
        let numbers: Vec<usize> = parameters.split(';').map(|number| number.parse().unwrap_or(0)).collect();
        let first = numbers[0].max(1);
        let (rows, (y, x)) = (self.cells.len(), self.at);
        match last {
            _ if parameters.starts_with(['?', '<', '>', '=']) => {}
            "H" => {
                let column = numbers.get(1).copied().unwrap_or(1).max(1);
                self.at = (first.min(rows) - 1, column.min(self.width) - 1);
            }
            "A" => self.at.0 = y.saturating_sub(first),
            "B" => self.at.0 = (y + first).min(rows - 1),
            "C" => self.at.1 = (x + first).min(self.width - 1),
            "D" => self.at.1 = x.saturating_sub(first),
            "K" if numbers[0] == 2 => self.cells[y].fill(" ".to_owned()),
            "K" => self.cells[y][x..].fill(" ".to_owned()),
            "J" => self.cells.iter_mut().for_each(|row| row.fill(" ".to_owned())),
            _ => {}
        }
        &body[end + 1..]
    }
}

#[test]
fn a_terminal_is_as_wide_as_it_takes_clusters_to_be() {
    let shown = |widths| {
        let mut screen = ClusterScreen::new(8, 1, widths);
        screen.feed("\x1b[1;1H⚠\u{fe0f}b\x1b[1;6Hx\x1b[0m");
        screen.lines()[0].clone()
    };
    assert_eq!(shown(Widths::Whole), "⚠\u{fe0f}b  x  ");
    assert_eq!(shown(Widths::First), "⚠\u{fe0f}b   x  ");
    let mut screen = ClusterScreen::new(8, 1, Widths::Whole);
    screen.feed("日本\x1b[1;2Hx");
    assert_eq!(screen.lines()[0], " x本    ");
}
