//! The prompt and the input as documents: what stands below what, and how the cursor goes through it.

use crate::{
    app::{
        action::Pane,
        context::Cx,
        notices::Tone,
        overlays::{message_menu::MessageMenu, params::ParamsForm},
        workbench::{Focus, Workbench},
    },
    eval::rules::RulePlace,
    model::ResponseRule,
    text::{clean_line, width},
    widgets::{
        document::{DocumentBlock, DocumentRow, DocumentView},
        key::Chord,
        motion::Motion,
        text_editor::{PAGE, TextEditor},
    },
};
use crossterm::event::KeyCode;

/// What stands below the messages of a prompt, a line each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Section {
    /// The form of the answer, and what must be in it.
    Response,
    /// The JSON Schema of the answer.
    Schema,
    /// The tools that the model may call.
    Tools,
    Checks,
    Parameters,
    /// The models that are tried when one fails.
    Fallback,
}

impl Section {
    /// All of them, from top to bottom.
    pub const ALL: [Self; 6] =
        [Self::Response, Self::Schema, Self::Tools, Self::Checks, Self::Parameters, Self::Fallback];

    /// Returns its heading.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Response => "Response",
            Self::Schema => "Schema",
            Self::Tools => "Tools",
            Self::Checks => "Checks",
            Self::Parameters => "Parameters",
            Self::Fallback => "Fallback",
        }
    }
}

/// The width from which lines have numbers.
const NUMBERED: u16 = 60;

/// Columns of an input's pane that the names of variables take, at most.
const NAMES: u16 = 18;

/// Returns the columns left of the text in a document so wide, with lines up to a number.
#[must_use]
pub fn gutter(wide: u16, lines: usize) -> u16 {
    if wide + 2 < NUMBERED {
        return 2;
    }
    let digits = u16::try_from(lines.max(1).ilog10()).unwrap_or(0) + 1;
    digits.max(3) + 3
}

impl Workbench {
    /// Lists the parts of the prompt's document.
    #[must_use]
    pub(crate) fn prompt_blocks(&self) -> Vec<DocumentBlock<'_>> {
        let messages =
            self.messages.iter().flat_map(|message| [DocumentBlock::Line, DocumentBlock::Text(&message.field, 0)]);
        messages.chain([DocumentBlock::Line; 1 + Section::ALL.len()]).collect()
    }

    /// Lists the parts of the input's document.
    #[must_use]
    pub(crate) fn input_blocks(&self) -> Vec<DocumentBlock<'_>> {
        let indent = self.names_width();
        let mut blocks: Vec<DocumentBlock<'_>> =
            self.fields.iter().map(|field| DocumentBlock::Text(&field.editor, indent)).collect();
        if self.has_line_above_input() {
            blocks.push(DocumentBlock::Line);
        }
        blocks.push(DocumentBlock::Text(&self.input, 0));
        blocks
    }

    /// Tells whether a line sets the input's text apart: it has variables, or what goes with it is in that line.
    fn has_line_above_input(&self) -> bool {
        !self.fields.is_empty() || !self.parts.is_empty()
    }

    /// Returns the columns that the names of the input's variables take.
    #[must_use]
    pub(crate) fn names_width(&self) -> u16 {
        let longest = self.fields.iter().map(|field| width(clean_line(&field.name).as_str())).max().unwrap_or(0);
        u16::try_from(longest).unwrap_or(NAMES).min(NAMES) + 2
    }

    /// Returns what a part of a pane's document is; nothing of one that cannot have the focus.
    #[must_use]
    pub(crate) fn focus_of(&self, pane: Pane, block: usize) -> Option<Focus> {
        match pane {
            Pane::Prompt => {
                let (message, gap) = (block / 2, 2 * self.messages.count());
                if block < gap {
                    return Some(if block.is_multiple_of(2) {
                        Focus::Heading(message)
                    } else {
                        Focus::Message(message)
                    });
                }
                let section = block.checked_sub(gap + 1)?;
                Section::ALL.get(section).copied().map(Focus::Section)
            }
            Pane::Input => {
                let fields = self.fields.len();
                let text = fields + usize::from(self.has_line_above_input());
                if block < fields {
                    return Some(Focus::Variable(block));
                }
                (block == text).then_some(Focus::Input)
            }
            Pane::Answers | Pane::Metrics => None,
        }
    }

    /// Returns the part of its pane's document that something is; 0 of what is in none.
    #[must_use]
    pub(crate) fn block_of(&self, focus: Focus) -> usize {
        match focus {
            Focus::Heading(at) => 2 * at,
            Focus::Message(at) => 2 * at + 1,
            Focus::Section(section) => {
                let place = Section::ALL.iter().position(|known| *known == section).unwrap_or(0);
                2 * self.messages.count() + 1 + place
            }
            Focus::Variable(at) => at,
            Focus::Input => self.fields.len() + usize::from(self.has_line_above_input()),
            Focus::Lane(_) | Focus::Metrics => 0,
        }
    }

    /// Returns the columns that the text with a focus is wrapped to.
    #[must_use]
    pub(crate) fn columns_of(&self, focus: Focus) -> usize {
        match focus {
            Focus::Variable(_) => self.input_view.columns(self.names_width()),
            Focus::Input => self.input_view.columns(0),
            Focus::Message(_) | Focus::Heading(_) | Focus::Section(_) | Focus::Lane(_) | Focus::Metrics => {
                self.prompt_view.columns(0)
            }
        }
    }

    /// Lays both documents out, before they are drawn.
    pub(crate) fn fit_documents(&mut self) {
        let (prompt, input) = (self.layout.prompt_text, self.layout.input_text);
        let left = gutter(prompt.width, self.most_lines());
        let mut view = std::mem::take(&mut self.prompt_view);
        let at = self.block_of(self.prompt_focus);
        view.fit(&self.prompt_blocks(), at, prompt.width.saturating_sub(left), prompt.height);
        self.prompt_view = view;
        let mut view = std::mem::take(&mut self.input_view);
        let at = self.block_of(self.input_focus);
        view.fit(
            &self.input_blocks(),
            at,
            input.width.saturating_sub(gutter(input.width, self.input.lines())),
            input.height,
        );
        self.input_view = view;
    }

    /// Counts the rows of the prompt in sight, and tells whether that of the cursor is among them.
    #[must_use]
    pub fn prompt_in_sight(&self) -> (usize, bool) {
        let rows = self.prompt_view.rows();
        let (block, cursor) = (self.block_of(self.focus), self.field().map(TextEditor::cursor));
        let is_here = |row: &DocumentRow| {
            let at_cursor = match (row.text, cursor) {
                (Some(text), Some(cursor)) => text.holds(cursor),
                _ => true,
            };
            row.block == block && at_cursor
        };
        (rows.len(), rows.iter().any(is_here))
    }

    /// Counts the lines of the longest message.
    #[must_use]
    pub(crate) fn most_lines(&self) -> usize {
        self.messages.iter().map(|message| message.field.lines()).max().unwrap_or(1)
    }

    /// Scrolls the document of a pane by rows; the cursor stays where it is.
    pub(crate) fn scroll_document(&mut self, pane: Pane, by: isize) {
        let scroll = |view: &mut DocumentView, blocks: &[DocumentBlock<'_>]| view.scroll(blocks, by);
        match pane {
            Pane::Prompt => {
                let mut view = std::mem::take(&mut self.prompt_view);
                scroll(&mut view, &self.prompt_blocks());
                self.prompt_view = view;
            }
            Pane::Input => {
                let mut view = std::mem::take(&mut self.input_view);
                scroll(&mut view, &self.input_blocks());
                self.input_view = view;
            }
            Pane::Answers | Pane::Metrics => {}
        }
    }

    /// Puts the cursor where a document was clicked: row and column inside its pane.
    pub(crate) fn click_document(&mut self, pane: Pane, row: u16, column: u16) {
        let (view, left) = match pane {
            Pane::Prompt => (&self.prompt_view, gutter(self.layout.prompt_text.width, self.most_lines())),
            Pane::Input => (&self.input_view, gutter(self.layout.input_text.width, self.input.lines())),
            Pane::Answers | Pane::Metrics => return,
        };
        let Some(hit) = view.hit(row) else {
            return;
        };
        let Some(focus) = self.focus_of(pane, hit.block) else {
            return;
        };
        let again = self.focus == focus;
        self.focus_on(focus);
        let indent = if matches!(focus, Focus::Variable(_)) { self.names_width() } else { 0 };
        if let (Some(text), Some(field)) = (hit.text, self.field_mut()) {
            field.put_in_row(&text, usize::from(column.saturating_sub(left + indent)));
            field.end_stroke();
            self.typing |= again;
        }
    }

    /// Returns what comes after or before something in its document: while `typing`, the next text.
    fn neighbour(&self, focus: Focus, down: bool, typing: bool) -> Option<Focus> {
        let pane = focus.pane();
        let count = match pane {
            Pane::Prompt => self.prompt_blocks().len(),
            Pane::Input => self.input_blocks().len(),
            Pane::Answers | Pane::Metrics => 0,
        };
        let mut block = self.block_of(focus);
        loop {
            block = if down { block + 1 } else { block.checked_sub(1)? };
            if block >= count {
                return None;
            }
            let found = self.focus_of(pane, block);
            let is_text = matches!(found, Some(Focus::Message(_) | Focus::Input | Focus::Variable(_)));
            if found.is_some() && (!typing || is_text) {
                return found;
            }
        }
    }

    /// Moves the cursor one row up or down, over headings; while somebody types, past them. Tells whether it moved.
    pub(crate) fn step_cursor(&mut self, down: bool) -> bool {
        let wide = self.columns_of(self.focus);
        let goal = self.field().map_or(0, |field| field.goal(wide));
        if self.field_mut().is_some_and(|field| field.step_row(down, wide)) {
            return true;
        }
        let Some(next) = self.neighbour(self.focus, down, self.typing) else {
            return false;
        };
        self.focus_on(next);
        let wide = self.columns_of(next);
        if let Some(field) = self.field_mut() {
            field.enter(down, goal, wide);
        }
        true
    }

    /// Moves the cursor one character or word, over the end of a text into the next one.
    fn step_sideways(&mut self, forward: bool, far: bool) {
        if self.field_mut().is_some_and(|field| field.step_char(forward, far)) {
            return;
        }
        if let Some(next) = self.neighbour(self.focus, forward, true) {
            self.focus_on(next);
            if let Some(field) = self.field_mut() {
                field.put_cursor(if forward { 0 } else { usize::MAX });
            }
        }
    }

    /// Goes to the first or the last part of the document.
    fn go_to_end(&mut self, top: bool) {
        let pane = self.focus.pane();
        let end = match pane {
            Pane::Prompt if top => Focus::Heading(0),
            Pane::Prompt => Focus::Section(Section::Fallback),
            Pane::Input if top => Focus::Variable(0),
            Pane::Input => Focus::Input,
            Pane::Answers | Pane::Metrics => return,
        };
        self.focus_on(end);
        if let Some(field) = self.field_mut() {
            field.put_cursor(if top { 0 } else { usize::MAX });
        }
    }

    /// Moves in the document with the focus.
    pub(crate) fn go_in_document(&mut self, motion: Motion) {
        let (down, rows) = match motion {
            Motion::Up => (false, 1),
            Motion::Down => (true, 1),
            Motion::HalfUp => (false, PAGE / 2),
            Motion::HalfDown => (true, PAGE / 2),
            Motion::PageUp => (false, PAGE),
            Motion::PageDown => (true, PAGE),
            Motion::Left => return self.step_sideways(false, false),
            Motion::Right => return self.step_sideways(true, false),
            Motion::Top => return self.go_to_end(true),
            Motion::Bottom => return self.go_to_end(false),
        };
        for _ in 0..rows {
            if !self.step_cursor(down) {
                break;
            }
        }
    }

    /// Takes a key into the text that is typed in: what leads out of it leads into the next one.
    pub(crate) fn type_key(&mut self, chord: Chord) {
        let chord = chord.typed();
        let far = chord.ctrl() || chord.alt();
        match chord.code() {
            KeyCode::Up | KeyCode::Down if !far => drop(self.step_cursor(chord.code() == KeyCode::Down)),
            KeyCode::Left | KeyCode::Right => self.step_sideways(chord.code() == KeyCode::Right, far),
            // A variable's value is a line of a form: what has several is pasted or comes from an editor.
            KeyCode::Enter if matches!(self.focus, Focus::Variable(_)) => {
                if let Some(next) = self.neighbour(self.focus, true, true) {
                    self.focus_on(next);
                }
            }
            KeyCode::PageUp => self.go_in_document(Motion::PageUp),
            KeyCode::PageDown => self.go_in_document(Motion::PageDown),
            _ => {
                let wide = self.columns_of(self.focus);
                if let Some(field) = self.field_mut() {
                    field.key(chord, wide);
                }
            }
        }
    }

    /// Opens what stands behind a heading or a section.
    pub(crate) fn open_part(&mut self, cx: &mut Cx<'_, Self>) {
        match self.focus {
            Focus::Heading(at) => {
                if let Some(message) = self.messages.get(at) {
                    cx.open(MessageMenu::new(at, message.role, message.muted, message.beside.cache));
                }
            }
            Focus::Section(section) => self.open_section(section, cx),
            Focus::Message(_) | Focus::Input | Focus::Variable(_) => self.typing = true,
            Focus::Lane(_) if self.awaited().is_some() => self.type_result(cx),
            Focus::Lane(_) | Focus::Metrics => {
                cx.say(Tone::Info, "Nothing to edit here: tab goes to the texts");
            }
        }
    }

    /// Opens the editor of a section. This is the one place that says which.
    pub(crate) fn open_section(&mut self, section: Section, cx: &mut Cx<'_, Self>) {
        let target = self.lane().and_then(|lane| cx.shared.catalog.resolve(&lane.spec.target).ok());
        let form = |bench: &Self, line: &str| {
            let name = bench.prompt_name.clone();
            ParamsForm::new(name, &bench.params, &bench.fallback, target.as_ref()).at(line)
        };
        match section {
            Section::Response => self.open_checks(Some(RulePlace::Response(ResponseRule::Format)), cx),
            Section::Schema => self.open_schema(cx),
            Section::Tools => self.open_tools(cx),
            Section::Checks => self.open_checks(None, cx),
            Section::Parameters => cx.open(form(self, "temperature")),
            Section::Fallback => cx.open(form(self, "fallback")),
        }
    }
}
