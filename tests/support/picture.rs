//! Draws a screen as an SVG picture: the same cells, styles and width as a terminal shows.
//!
//! Text keeps to the grid on every machine because each run of letters states its own length;
//! frames and blocks are drawn as shapes, so that lines meet whatever the font.

use std::fmt::Write as _;

use ratatui::{
    buffer::{Buffer, Cell},
    layout::Rect,
    style::{Color, Modifier, Style},
    text::Span,
};

const CELL_W: f64 = 8.0;
const CELL_H: f64 = 17.0;
const BASE: f64 = 12.6;
const PAD: f64 = 18.0;
const BAR: f64 = 34.0;

const PAPER: &str = "#16181d";
const INK: &str = "#d5d8de";
const EDGE: &str = "#2b2f38";
const FAINT: &str = "#787f8c";

/// What a cell looks like once its modifiers are worked out.
#[derive(Clone, PartialEq)]
struct Paint {
    ink: &'static str,
    paper: Option<&'static str>,
    bold: bool,
    italic: bool,
    under: bool,
}

fn hue(colour: Color) -> Option<&'static str> {
    Some(match colour {
        Color::Black => "#16181d",
        Color::Red => "#ef7b80",
        Color::Green => "#93c47d",
        Color::Yellow => "#e3bd6b",
        Color::Blue => "#7aa5e8",
        Color::Magenta => "#c69be3",
        Color::Cyan => "#6cc5cf",
        Color::Gray => "#c3c7cf",
        Color::DarkGray => "#6b7280",
        Color::LightRed => "#ff9ca0",
        Color::LightGreen => "#b0db9c",
        Color::LightYellow => "#f4d48c",
        Color::LightBlue => "#9cc0f5",
        Color::LightMagenta => "#dab9f0",
        Color::LightCyan => "#92dde5",
        Color::White => "#f2f4f8",
        _ => return None,
    })
}

fn paint(cell: &Cell) -> Paint {
    let with = cell.modifier;
    let mut ink = hue(cell.fg).unwrap_or(INK);
    let mut paper = hue(cell.bg);
    if with.contains(Modifier::DIM) && ink == INK {
        ink = FAINT;
    }
    if with.contains(Modifier::REVERSED) {
        (ink, paper) = (paper.unwrap_or(PAPER), Some(ink));
    }
    Paint {
        ink,
        paper,
        bold: with.contains(Modifier::BOLD),
        italic: with.contains(Modifier::ITALIC),
        under: with.contains(Modifier::UNDERLINED),
    }
}

fn colour(colour: vt100::Color) -> Color {
    match colour {
        vt100::Color::Idx(at) => Color::Indexed(at),
        vt100::Color::Rgb(r, g, b) => Color::Rgb(r, g, b),
        vt100::Color::Default => Color::Reset,
    }
}

/// The sixteen hues by their names, which is how a picture knows them.
fn named(colour: Color) -> Color {
    const HUES: [Color; 16] = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    match colour {
        Color::Indexed(at) => HUES.get(usize::from(at)).copied().unwrap_or(colour),
        other => other,
    }
}

/// Copies what a terminal shows.
pub(crate) fn of_terminal(screen: &vt100::Screen) -> Buffer {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let mut buffer = Buffer::empty(Rect::new(0, 0, columns, rows));
    for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
        let Some(cell) = screen.cell(row, column) else { continue };
        let mut style = Style::new().fg(named(colour(cell.fgcolor()))).bg(named(colour(cell.bgcolor())));
        for (on, modifier) in [
            (cell.bold(), Modifier::BOLD),
            (cell.dim(), Modifier::DIM),
            (cell.italic(), Modifier::ITALIC),
            (cell.underline(), Modifier::UNDERLINED),
            (cell.inverse(), Modifier::REVERSED),
        ] {
            if on {
                style = style.add_modifier(modifier);
            }
        }
        let text = if cell.has_contents() { cell.contents() } else { " " };
        buffer[(column, row)].set_symbol(text).set_style(style);
    }
    buffer
}

/// Draws a buffer as a whole SVG document in a window with a title.
pub(crate) fn svg(buffer: &Buffer, title: &str) -> String {
    let (columns, rows) = (buffer.area.width, buffer.area.height);
    let (w, h) = (f64::from(columns) * CELL_W + 2.0 * PAD, f64::from(rows) * CELL_H + PAD + BAR);
    let mut out = String::new();
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w:.0} {h:.0}\" width=\"{w:.0}\" height=\"{h:.0}\" \
         role=\"img\" aria-label=\"{}\">",
        escape(title)
    );
    let _ = writeln!(
        out,
        "<style>text{{font-family:ui-monospace,'SF Mono',SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',\
         'Liberation Mono',monospace;font-size:13.3px;white-space:pre}}path,rect{{shape-rendering:crispEdges}}.b{{font-weight:700}}.i{{font-style:italic}}\
         .u{{text-decoration:underline}}</style>"
    );
    let _ = writeln!(
        out,
        "<rect x=\".5\" y=\".5\" width=\"{:.0}\" height=\"{:.0}\" rx=\"9\" fill=\"{PAPER}\" stroke=\"{EDGE}\"/>",
        w - 1.0,
        h - 1.0
    );
    for (at, fill) in [(18, "#e06c62"), (36, "#dfb450"), (54, "#7fb069")] {
        let _ = writeln!(out, "<circle cx=\"{at}\" cy=\"17\" r=\"5\" fill=\"{fill}\"/>");
    }
    let _ = writeln!(
        out,
        "<text x=\"{:.0}\" y=\"21\" fill=\"{FAINT}\" text-anchor=\"middle\">{}</text>",
        w / 2.0,
        escape(title)
    );
    for row in 0..rows {
        backgrounds(&mut out, buffer, row);
        letters(&mut out, buffer, row);
    }
    out.push_str("</svg>\n");
    out
}

fn left(column: u16) -> f64 {
    PAD + f64::from(column) * CELL_W
}

fn top(row: u16) -> f64 {
    BAR + f64::from(row) * CELL_H
}

fn backgrounds(out: &mut String, buffer: &Buffer, row: u16) {
    let mut column = 0;
    while column < buffer.area.width {
        let Some(paper) = paint(&buffer[(column, row)]).paper else {
            column += 1;
            continue;
        };
        let start = column;
        while column < buffer.area.width && paint(&buffer[(column, row)]).paper == Some(paper) {
            column += 1;
        }
        let _ = writeln!(
            out,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{CELL_H:.1}\" fill=\"{paper}\"/>",
            left(start),
            top(row),
            f64::from(column - start) * CELL_W
        );
    }
}

/// Writes a row's shapes, and its letters in runs of one style.
fn letters(out: &mut String, buffer: &Buffer, row: u16) {
    let mut column = 0;
    while column < buffer.area.width {
        let cell = &buffer[(column, row)];
        let look = paint(cell);
        let symbol = cell.symbol();
        if matches!(symbol, "─" | "━") {
            let start = column;
            while column < buffer.area.width
                && buffer[(column, row)].symbol() == symbol
                && paint(&buffer[(column, row)]) == look
            {
                column += 1;
            }
            let weight = if symbol == "━" { 2 } else { 1 };
            let y = top(row) + (CELL_H / 2.0).floor();
            let _ = writeln!(
                out,
                "<path d=\"M{} {y}H{}\" stroke=\"{}\" stroke-width=\"{weight}\"/>",
                left(start),
                left(column),
                look.ink
            );
            continue;
        }
        if let Some(shape) = shape(symbol, left(column), top(row), look.ink) {
            out.push_str(&shape);
            column += 1;
            continue;
        }
        if symbol == " " && !look.under {
            column += 1;
            continue;
        }
        let start = column;
        let (mut run, mut cells) = (String::new(), 0);
        while column < buffer.area.width {
            let next = &buffer[(column, row)];
            if paint(next) != look || is_shape(next.symbol()) {
                break;
            }
            // Two blanks end a run: a long stretched gap would show where fonts differ.
            let gap =
                next.symbol() == " " && (column + 1 >= buffer.area.width || buffer[(column + 1, row)].symbol() == " ");
            if gap && !look.under {
                break;
            }
            run.push_str(next.symbol());
            let wide = Span::raw(next.symbol()).width().max(1) as u16;
            cells += wide;
            column += wide;
        }
        if run.is_empty() {
            column += 1;
            continue;
        }
        let mut class = Vec::new();
        for (on, name) in [(look.bold, "b"), (look.italic, "i"), (look.under, "u")] {
            if on {
                class.push(name);
            }
        }
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{}\"", class.join(" ")) };
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" textLength=\"{:.1}\" lengthAdjust=\"spacingAndGlyphs\" fill=\"{}\"{class}>{}</text>",
            left(start),
            top(row) + BASE,
            f64::from(cells) * CELL_W,
            look.ink,
            escape(&run)
        );
    }
}

fn is_shape(symbol: &str) -> bool {
    matches!(symbol, "─" | "━") || shape(symbol, 0.0, 0.0, "").is_some()
}

/// Draws frames, blocks and the few marks that fonts disagree on; `None` for letters.
fn shape(symbol: &str, x: f64, y: f64, ink: &str) -> Option<String> {
    let mut letters = symbol.chars();
    let (Some(mark), None) = (letters.next(), letters.next()) else {
        return None;
    };
    let (cx, cy) = (x + (CELL_W / 2.0).floor(), y + (CELL_H / 2.0).floor());
    let (right, bottom) = (x + CELL_W, y + CELL_H);
    let arms = |up: bool, down: bool, west: bool, east: bool, heavy: bool| {
        let mut d = String::new();
        for (on, tx, ty) in [(up, cx, y), (down, cx, bottom), (west, x, cy), (east, right, cy)] {
            if on {
                let _ = write!(d, "M{cx} {cy}L{tx} {ty}");
            }
        }
        let weight = if heavy { 2 } else { 1 };
        Some(format!("<path d=\"{d}\" stroke=\"{ink}\" stroke-width=\"{weight}\" stroke-linecap=\"square\"/>\n"))
    };
    let block = |from: f64, wide: f64| {
        Some(format!(
            "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{ink}\"/>\n",
            bottom - CELL_H * from,
            CELL_W * wide,
            CELL_H * from
        ))
    };
    match mark {
        '│' => arms(true, true, false, false, false),
        '┌' | '╭' => arms(false, true, false, true, false),
        '┐' | '╮' => arms(false, true, true, false, false),
        '└' | '╰' => arms(true, false, false, true, false),
        '┘' | '╯' => arms(true, false, true, false, false),
        '├' => arms(true, true, false, true, false),
        '┤' => arms(true, true, true, false, false),
        '┬' => arms(false, true, true, true, false),
        '┴' => arms(true, false, true, true, false),
        '┼' => arms(true, true, true, true, false),
        '┃' => arms(true, true, false, false, true),
        '┏' => arms(false, true, false, true, true),
        '┓' => arms(false, true, true, false, true),
        '┗' => arms(true, false, false, true, true),
        '┛' => arms(true, false, true, false, true),
        '█' => block(1.0, 1.0),
        '▌' => block(1.0, 0.5),
        '▁'..='▇' => block(f64::from(mark as u32 - '▁' as u32 + 1) / 8.0, 1.0),
        _ => None,
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
