//! The help: the keys of what has the focus, of the screen, and of every screen, from the one table of actions; then what
//! the symbols and the words mean. It is narrowed by what is typed, and does what is chosen.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::{ACTIONS, Action, ActionInfo, GlobalAction, Verb, When},
        context::{Scene, key_name},
        intent::Intent,
        keymap::{KeyContext, Keymap},
        overlay::{After, Hint, OverlayCx, OverlayPart, arrows, hint},
        screen_id::ScreenId,
    },
    text::width,
    widgets::{
        interactive::Interactive,
        line_input::LineInput,
        pick_list::{PickItem, PickList, pick_row},
        table::{fitted, left},
        theme::Role,
    },
};

/// What a row of the help explains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HelpRow {
    Action(Action),
    /// A symbol or a word, and what it means.
    Meaning(&'static str, &'static str),
}

/// A part of the help: its heading, and how many rows it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelpPart {
    pub title: String,
    rows: usize,
    /// In which of three columns it stands where there is room for them; all of them where none.
    column: Option<usize>,
}

const SYMBOLS: &[(&str, &str)] = &[
    ("✓", "passed"),
    ("✗", "failed"),
    ("!", "error"),
    ("○", "inconclusive: a check that could not run"),
    ("◆", "baseline"),
    ("⟳", "waiting for a retry"),
    ("▸", "running"),
    ("≈", "estimated"),
    ("$?", "price unknown"),
];

const WORDS: &[(&str, &str)] = &[
    ("first token", "time until the answer begins"),
    ("p50, p95", "half, 95 % of the answers were faster"),
    ("cached", "an earlier answer, not sent again"),
    ("completeness", "share of the required fields that are filled"),
    ("{{ name }}", "replaced by the variable's value, {{ input }} by the input"),
];

/// A line of the body: one cell per column.
#[derive(Debug, Clone, PartialEq, Eq)]
enum HelpCell {
    Blank,
    Heading(usize),
    Row(usize),
}

/// Width at which the help has three columns.
const THREE: u16 = 100;

/// What the keys of the moment do, what the symbols mean, and which of it is searched and chosen.
#[derive(Debug, Clone)]
pub struct Help {
    /// What is explained, in the order of the parts.
    pub choice: PickList<HelpRow>,
    /// The parts while nothing is searched.
    pub parts: Vec<HelpPart>,
    /// The columns of the body, line by line, and the first line that is seen.
    columns: Vec<Vec<HelpCell>>,
    top: usize,
    /// How wide each column is.
    wide: u16,
}

impl Help {
    /// Writes the help for what has the focus.
    #[must_use]
    pub fn new(keymap: &Keymap, screen: ScreenId, place: KeyContext) -> Self {
        let has_key = |entry: &&ActionInfo| !keymap.chords(entry.action).is_empty();
        let of_screen = |entry: &&ActionInfo| {
            entry.works_on(screen) && !matches!(entry.when, When::Always | When::Moving | When::Focus)
        };
        let (focus, typing) = match place {
            KeyContext::Bench(pane) => (Some(pane), false),
            KeyContext::Typing(pane) => (Some(pane), true),
            KeyContext::Overlay | KeyContext::Screen(_) => (None, false),
        };
        let in_focus = |entry: &&ActionInfo| focus.is_some_and(|pane| entry.panes.contains(&pane));
        let mut parts = Vec::new();
        let mut items = Vec::new();
        let mut add = |title: String, column: Option<usize>, rows: Vec<HelpRow>| {
            parts.push(HelpPart { title, rows: rows.len(), column });
            items.extend(rows.into_iter().map(|row| {
                let (label, detail) = match &row {
                    HelpRow::Action(action) => {
                        let entry = action.entry();
                        (entry.title, format!("{} {} {}", keys(keymap, *action), entry.group, entry.doc))
                    }
                    HelpRow::Meaning(what, means) => (*what, (*means).to_owned()),
                };
                PickItem::new(row, label, detail)
            }));
        };
        let actions = |entries: Vec<&'static ActionInfo>| {
            entries.into_iter().map(|entry| HelpRow::Action(entry.action)).collect::<Vec<_>>()
        };
        if let Some(pane) = focus {
            let title = format!("{} (has the focus)", pane.word().to_uppercase());
            add(title, Some(0), actions(ACTIONS.iter().filter(of_screen).filter(in_focus).filter(has_key).collect()));
        }
        let rest = ACTIONS.iter().filter(of_screen).filter(|entry| !in_focus(entry)).filter(has_key);
        let (here, elsewhere): (Vec<_>, Vec<_>) = rest.partition(|entry| focus.is_none() || entry.panes.is_empty());
        let column = Some(usize::from(focus.is_some()));
        add(screen.word().to_uppercase(), column, actions(here));
        if !elsewhere.is_empty() {
            add("IN OTHER PANES".to_owned(), column, actions(elsewhere));
        }
        let every = ACTIONS.iter().filter(|entry| entry.when == When::Always).filter(has_key);
        add("EVERYWHERE".to_owned(), Some(2), actions(every.collect()));
        let moving = ACTIONS.iter().filter(|entry| matches!(entry.when, When::Moving | When::Focus)).filter(has_key);
        add(if typing { "NOT WHILE TYPING" } else { "MOVING" }.to_owned(), Some(2), actions(moving.collect()));
        let in_lists = ACTIONS.iter().filter(|entry| entry.when == When::Overlay).filter(has_key);
        add("IN LISTS".to_owned(), Some(2), actions(in_lists.collect()));
        let meaning = |all: &'static [(&str, &str)]| {
            all.iter().map(|(what, means)| HelpRow::Meaning(what, means)).collect::<Vec<_>>()
        };
        add("SYMBOLS".to_owned(), None, meaning(SYMBOLS));
        add("WORDS".to_owned(), None, meaning(WORDS));
        let mut help = Self { choice: PickList::new(items), parts, columns: Vec::new(), top: 0, wide: 0 };
        help.lay(false);
        help
    }

    /// Lays the rows out: in three columns where they fit, what is searched in one without headings.
    fn lay(&mut self, three: bool) {
        let mut columns = vec![Vec::new(); if three { 3 } else { 1 }];
        if self.choice.query.is_empty() {
            let mut at = 0;
            for (number, part) in self.parts.iter().enumerate() {
                let column = part.column.filter(|_| three);
                if column.is_none() {
                    // What goes across comes below the longest.
                    let longest = columns.iter().map(Vec::len).max().unwrap_or(0);
                    for cells in &mut columns {
                        cells.resize(longest, HelpCell::Blank);
                    }
                }
                if let Some(cells) = columns.get_mut(column.unwrap_or(0)) {
                    if !cells.is_empty() {
                        cells.push(HelpCell::Blank);
                    }
                    cells.push(HelpCell::Heading(number));
                    cells.extend((at..at + part.rows).map(HelpCell::Row));
                }
                at += part.rows;
            }
        } else if let Some(cells) = columns.first_mut() {
            cells.extend((0..self.choice.len()).map(HelpCell::Row));
        }
        self.columns = columns;
    }

    /// Returns the line on which a row stands.
    fn line_of(&self, at: usize) -> usize {
        let place = |cells: &Vec<HelpCell>| cells.iter().position(|cell| *cell == HelpCell::Row(at));
        self.columns.iter().find_map(place).unwrap_or(0)
    }

    /// Tells whether a row goes across all columns: symbols and words do.
    fn is_across(&self, at: usize) -> bool {
        self.choice.shown().nth(at).is_some_and(|item| matches!(item.value, HelpRow::Meaning(..)))
    }

    fn lines(&self) -> usize {
        self.columns.iter().map(Vec::len).max().unwrap_or(0)
    }
}

/// Writes the keys of an action, two at most.
fn keys(keymap: &Keymap, action: Action) -> String {
    let all = keymap.chords(action).iter().take(2).map(|chord| key_name(&chord.to_string()));
    all.collect::<Vec<_>>().join(" ")
}

impl OverlayPart for Help {
    fn title(&self) -> &'static str {
        "Help"
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((116, 38))
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        vec![hint(scene, Verb::Accept, "Run"), arrows("choose"), hint(scene, GlobalAction::Palette, "all actions")]
    }

    fn way_out(&self) -> &'static str {
        "Close"
    }

    fn query(&self) -> Option<&LineInput> {
        Some(&self.choice.query)
    }

    fn interactive(&mut self) -> Option<&mut dyn Interactive> {
        Some(&mut self.choice)
    }

    fn click(&mut self, row: usize, column: usize) -> bool {
        let in_column = |number: usize| match self.columns.get(number)?.get(self.top + row)? {
            HelpCell::Row(at) => Some(*at),
            HelpCell::Blank | HelpCell::Heading(_) => None,
        };
        // What goes across stands in the first column.
        let across = || in_column(0).filter(|at| self.is_across(*at));
        let Some(at) = in_column(column / usize::from(self.wide).max(1)).or_else(across) else {
            return false;
        };
        self.choice.choose(at);
        true
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        match self.choice.chosen().map(|item| &item.value) {
            Some(HelpRow::Action(action)) => match action.entry().when {
                When::Overlay | When::Moving | When::Focus => After::Close,
                When::Always | When::Bench | When::Normal | When::On(_) => After::CloseAnd(Intent::Do(*action)),
            },
            Some(HelpRow::Meaning(..)) | None => After::Stay,
        }
    }

    fn fit(&mut self, body: Rect, _cx: OverlayCx<'_>) {
        self.lay(body.width >= THREE);
        self.wide = body.width / u16::try_from(self.columns.len()).unwrap_or(1).max(1);
        let height = usize::from(body.height).max(1);
        let line = self.line_of(self.choice.at());
        let heading = if line <= 1 { 0 } else { line };
        self.top = self.top.clamp((line + 1).saturating_sub(height).min(heading), heading);
        self.top = self.top.min(self.lines().saturating_sub(height).max((line + 1).saturating_sub(height)));
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        if self.choice.is_empty() {
            let line = Line::from(scene.span("Nothing matches.", Role::Quiet));
            buffer.set_line(body.x, body.y, &line, body.width);
            return;
        }
        let shown: Vec<&PickItem<HelpRow>> = self.choice.shown().collect();
        for (number, cells) in (0..).zip(&self.columns) {
            for (cell, place) in cells.iter().skip(self.top).zip(body.rows()) {
                let across = matches!(cell, HelpCell::Row(at) if self.is_across(*at));
                let width_here = if across { body.width } else { self.wide.saturating_sub(1) };
                let place = Rect { x: body.x + number * self.wide, width: width_here, ..place };
                match cell {
                    HelpCell::Blank => {}
                    HelpCell::Heading(part) => {
                        let title = self.parts.get(*part).map_or("", |part| &part.title);
                        let line = Line::from(scene.span(title.to_owned(), Role::Title));
                        buffer.set_line(place.x.saturating_add(2), place.y, &line, place.width.saturating_sub(2));
                    }
                    HelpCell::Row(at) => {
                        let Some(item) = shown.get(*at) else { continue };
                        let line = row(scene, &item.value, usize::from(place.width.saturating_sub(2)));
                        pick_row(&line, place, *at == self.choice.at(), scene.theme, buffer);
                    }
                }
            }
        }
    }
}

/// Columns of the keys.
const KEYS: usize = 15;

fn row(scene: Scene<'_>, row: &HelpRow, room: usize) -> Line<'static> {
    match row {
        HelpRow::Action(action) => {
            let keys = keys(&scene.shared.keymap, *action);
            // Where both keys do not fit, the first is enough.
            let keys = if width(&keys) < KEYS { keys } else { keys.split(' ').next().unwrap_or_default().to_owned() };
            Line::from(vec![
                scene.span(left(&keys, KEYS), Role::Key),
                scene.span(fitted(action.entry().title, room.saturating_sub(KEYS)), Role::Text),
            ])
        }
        HelpRow::Meaning(what, means) => Line::from(vec![
            scene.span(left(what, KEYS), Role::Key),
            scene.span(fitted(means, room.saturating_sub(KEYS)), Role::Text),
        ]),
    }
}
