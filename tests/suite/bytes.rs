//! What reaches the terminal: bytes that draw and nothing that it would obey, and hues by their roles.

use std::{fmt::Write as _, io};

use ratatui::{Terminal, TerminalOptions, Viewport, backend::CrosstermBackend, layout::Rect, style::Color};
use retort::{
    app::Event,
    model::{CallError, ErrorKind, TerminalCaps},
    widgets::theme::{ROLES, Theme},
};

use crate::support::stage::{Stage, failed};

/// Everything a hostile model, provider or file could say to a terminal.
const HOSTILE: &str = "a\u{1b}[2Jb\u{1b}]0;pwned\u{7}c\u{1b}]52;c;cHduZWQ=\u{1b}\\d\u{9b}31me\u{0}f\u{202e}g\u{2066}h\u{200f}i\
    \u{feff}j\u{8}k\rl\tm\u{90}q\u{9c}n\u{e0041}o";

/// Draws frames as they go to a terminal and returns the bytes.
fn drawn(stage: &mut Stage, width: u16, height: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    {
        let area = Rect::new(0, 0, width, height);
        let backend = CrosstermBackend::new(io::Cursor::new(&mut bytes));
        let mut terminal =
            Terminal::with_options(backend, TerminalOptions { viewport: Viewport::Fixed(area) }).unwrap();
        stage.screen(width, height);
        terminal.draw(|frame| retort::app::draw(&stage.app, frame)).unwrap();
    }
    bytes
}

/// Lists the escape sequences among some bytes, but for those that move the cursor and set styles.
fn obeyed(bytes: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(bytes).unwrap();
    let mut bad = Vec::new();
    for (at, part) in text.split('\u{1b}').enumerate() {
        let rest = if at == 0 {
            part
        } else {
            let end = part.find(|c: char| c.is_ascii_alphabetic());
            match (part.starts_with('['), end) {
                (true, Some(end)) if matches!(&part[end..=end], "H" | "m") || part.starts_with("[?25") => {
                    &part[end + 1..]
                }
                _ => {
                    bad.push(format!("escape {:?}", part.chars().take(8).collect::<String>()));
                    continue;
                }
            }
        };
        let turns = |c: char| matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{e0041}');
        bad.extend(rest.chars().filter(|c| c.is_control() || turns(*c)).map(|c| format!("{c:?}")));
    }
    bad
}

/// A bench on which every text that comes from outside is hostile.
fn besieged() -> Stage {
    let mut stage = Stage::open(&["gpt-4o-mini", "local"]);
    stage.send(Event::Found(vec![HOSTILE.to_owned()]));
    stage.run().wait(20).begins("gpt-4o-mini").begins("local");
    for piece in HOSTILE.split_inclusive('b') {
        stage.says("gpt-4o-mini", 1, piece);
    }
    stage.ends("local", failed("local", vec![("local", CallError::new(ErrorKind::Unknown, HOSTILE))]));
    stage.keys("prompt i").send(Event::Paste(HOSTILE.to_owned()));
    stage.send(Event::Fault(HOSTILE.to_owned()));
    stage
}

#[test]
fn nothing_a_model_or_provider_or_file_says_is_obeyed_by_the_terminal() {
    for keys in ["", "esc 3", "esc 3 o", "esc 3 l o", "esc 3 l", "f1", "ctrl-p", "esc p", "esc m"] {
        for (width, height) in [(120, 40), (80, 24)] {
            let mut stage = besieged();
            stage.keys(keys);
            let bytes = drawn(&mut stage, width, height);
            assert_eq!(obeyed(&bytes), [""; 0], "{keys} {width}×{height}");
            let mut screen = vt100::Parser::new(height.try_into().unwrap(), width.try_into().unwrap(), 0);
            screen.process(&bytes);
            assert!(screen.screen().contents().contains("retort"));
        }
    }
}

#[test]
fn hostile_words_are_seen_and_not_swallowed() {
    let mut stage = besieged();
    stage.keys("esc answers");
    let mut screen = vt100::Parser::new(40.try_into().unwrap(), 120.try_into().unwrap(), 0);
    screen.process(&drawn(&mut stage, 120, 40));
    let seen = screen.screen().contents();
    assert!(seen.contains("abc"), "{seen}");
}

fn named(colour: Option<Color>) -> &'static str {
    match colour {
        None => "-",
        Some(Color::Red) => "red",
        Some(Color::Green) => "green",
        Some(Color::Yellow) => "yellow",
        Some(Color::Magenta) => "magenta",
        Some(Color::Cyan) => "cyan",
        Some(_) => "another",
    }
}

#[test]
fn every_role_has_its_style() {
    let mut table = String::new();
    for role in ROLES {
        let _ = write!(table, "{:<10}", format!("{role:?}"));
        for colour in [true, false] {
            let style = Theme::new(TerminalCaps { colour, ..TerminalCaps::default() }).style(role);
            let with: Vec<String> = style.add_modifier.iter_names().map(|(name, _)| name.to_lowercase()).collect();
            let _ = write!(table, " | {:<8}{:<20}", named(style.fg), with.join(" "));
        }
        table = table.trim_end().to_owned() + "\n";
    }
    insta::with_settings!({snapshot_path => "snapshots", prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!("roles", table);
    });
}

#[test]
fn without_colour_no_hue_reaches_the_terminal() {
    let mut stage = besieged();
    stage.look(false, true).keys("esc answers");
    let text = String::from_utf8(drawn(&mut stage, 120, 40)).unwrap();
    let styles = text.split('\u{1b}').filter_map(|part| part.strip_prefix('[')?.split_once('m').map(|(code, _)| code));
    for code in styles.filter(|code| code.bytes().all(|byte| byte.is_ascii_digit() || byte == b';')) {
        let hue = code.split(';').any(|number| matches!(number.parse(), Ok(30..=38_u16 | 40..=48 | 90..=107)));
        assert!(!hue, "{code}");
    }
}
