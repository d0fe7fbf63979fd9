//! The query line: typed, completed and read, its errors shown while it is typed, the count of what it finds at its right.

use jiff::Zoned;
use ratatui::{
    buffer::Buffer,
    layout::{Margin, Rect},
    text::{Line, Span},
};

use crate::{
    app::{action::Action, context::Scene},
    model::query::{BadQuery, Query, Sort, SortBy, Vocabulary, complete, with_sort},
    present::Tone,
    widgets::{
        frame::{FlowItem, flow},
        key::Chord,
        line_input::LineInput,
        theme::Role,
    },
};

/// The lines a line can become by completing its last part.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Turns {
    all: Vec<String>,
    at: usize,
}

/// The query line.
#[derive(Debug, Clone, Default)]
pub struct QueryBar {
    /// What is typed.
    pub line: LineInput,
    /// Whether letters go into it.
    pub typing: bool,
    /// What it means: the last line that meant something.
    pub query: Query,
    /// What is wrong with it.
    pub mistake: Option<BadQuery>,
    /// The names that values of filters can have.
    pub vocabulary: Vocabulary,
    turns: Option<Turns>,
}

impl QueryBar {
    /// Takes a key into the line. Tells whether it meant anything to it.
    pub fn key(&mut self, chord: Chord, now: &Zoned) -> bool {
        let changed = self.line.key(chord);
        if changed == Some(true) {
            self.turns = None;
            self.read(now);
        }
        changed.is_some()
    }

    /// Takes a paste into the line.
    pub fn paste(&mut self, text: &str, now: &Zoned) {
        self.line.paste(text);
        self.turns = None;
        self.read(now);
    }

    /// Puts another line in its place.
    pub fn put(&mut self, line: &str, now: &Zoned) {
        self.line = LineInput::of(line);
        self.turns = None;
        self.read(now);
    }

    /// Reads the line anew, as ages count back from now. What means nothing leaves the query as it was.
    pub fn read(&mut self, now: &Zoned) {
        match Query::parse(&self.line.text(), now) {
            Ok(query) => {
                self.query = query;
                self.mistake = None;
            }
            Err(bad) => self.mistake = Some(bad),
        }
    }

    /// Lists the lines that the line could become.
    #[must_use]
    pub fn completions(&self) -> Vec<String> {
        let (before, after) = self.line.parts();
        if after.is_empty() { complete(before, &self.vocabulary) } else { Vec::new() }
    }

    /// Tells whether the part that is being typed may well go on: as it stands it could find too little.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        let (before, _) = self.line.parts();
        self.typing && !before.ends_with(char::is_whitespace) && !self.completions().is_empty()
    }

    /// Completes the last part of the line, each time otherwise. Tells whether there is a way to.
    pub fn complete(&mut self, forward: bool, now: &Zoned) -> bool {
        let turns = match self.turns.take() {
            Some(Turns { all, at }) => {
                let count = all.len().max(1);
                let at = (at + if forward { 1 } else { count - 1 }) % count;
                Turns { all, at }
            }
            None => Turns { all: self.completions(), at: 0 },
        };
        let Some(line) = turns.all.get(turns.at) else {
            return false;
        };
        self.line = LineInput::of(line);
        // A part that has but one way to go on is done: the next time its value is completed.
        self.turns = Some(turns).filter(|turns| turns.all.len() > 1);
        self.read(now);
        true
    }

    /// Does an action while the line is typed: keeps it, or completes it. Returns what there is to say.
    pub fn act(&mut self, action: Action, now: &Zoned) -> Option<(Tone, String)> {
        match action {
            Action::Accept => match &self.mistake {
                Some(bad) => return Some((Tone::Warning, bad.to_string())),
                None => self.typing = false,
            },
            Action::NextPane | Action::PreviousPane if !self.complete(action == Action::NextPane, now) => {
                return Some((Tone::Info, "nothing to complete here".to_owned()));
            }
            _ => {}
        }
        None
    }

    /// Orders the runs by the next thing, or turns the order round; the line says so.
    pub fn sort(&mut self, turn: bool, now: &Zoned) {
        let Sort { by, ascending } = self.query.sort;
        let sort = if turn {
            Sort { by, ascending: !ascending }
        } else {
            let at = SortBy::ALL.iter().position(|(known, _)| *known == by).map_or(0, |at| at + 1);
            let by = SortBy::ALL.get(at).map_or(SortBy::Time, |(by, _)| *by);
            Sort { by, ascending: false }
        };
        let line = with_sort(&self.line.text(), sort);
        self.put(&line, now);
    }
}

/// Completions that are looked at, at most.
const OFFERED: usize = 24;

/// Draws the line and, below it, its mistake or how it could go on; else what there is to say.
pub(crate) fn draw(
    scene: Scene<'_>,
    asking: &QueryBar,
    found: &Span<'static>,
    said: Vec<FlowItem>,
    area: Rect,
    buffer: &mut Buffer,
) {
    let area = area.inner(Margin::new(1, 0));
    let mut places = area.rows();
    let (Some(first), Some(second)) = (places.next(), places.next()) else {
        return;
    };
    let wide = u16::try_from(found.width()).unwrap_or(u16::MAX).min(first.width);
    let query = Rect { width: first.width.saturating_sub(wide + 2), ..first };
    if asking.typing {
        scene.line(&asking.line, "/ ", "words and filters; tab completes", query, buffer);
    } else if asking.line.is_empty() {
        let mut line = Line::from(scene.span(scene.key(Action::Filter), Role::Key));
        line.push_span(scene.span(" words and filters", Role::Quiet));
        buffer.set_line(query.x, query.y, &line, query.width);
    } else {
        let mut line = Line::from(scene.span("/ ", Role::Key));
        line.push_span(scene.foreign(&asking.line.text(), Role::Text));
        buffer.set_line(query.x, query.y, &line, query.width);
    }
    buffer.set_span(first.right().saturating_sub(wide), first.y, found, wide);
    let items = if asking.typing || asking.mistake.is_some() { about(scene, asking) } else { said };
    let below = flow(items, usize::from(second.width), 1).into_iter().next().unwrap_or_default();
    buffer.set_line(second.x, second.y, &below, second.width);
}

/// What is wrong with the line, and while it is typed how it could go on.
fn about(scene: Scene<'_>, asking: &QueryBar) -> Vec<FlowItem> {
    let mut items: Vec<FlowItem> = Vec::new();
    if let Some(bad) = &asking.mistake {
        items.push(vec![scene.span("✗ ", Role::Fail), scene.foreign(&bad.to_string(), Role::Fail)]);
    }
    if asking.typing {
        let before = asking.line.text().len();
        let tail = |line: &String| {
            // Only the part that is completed is shown, as the line before it stands above.
            let from = line.get(..before.min(line.len())).and_then(|head| head.rfind(char::is_whitespace));
            line.get(from.map_or(0, |at| at + 1)..).unwrap_or_default().to_owned()
        };
        let offered = asking.completions();
        items.extend(offered.iter().take(OFFERED).map(|line| vec![scene.foreign(&tail(line), Role::Quiet)]));
    }
    items
}
