//! What lies over the bench: one enum, a stack of them, the last on top.
//!
//! Inside its border an overlay with a list has the query in its first row, a hint in its last, and
//! the list between ([`Overlay::body`]); the others use all rows but the last, which is the hint.
//!
//! The window on top of the bench: its frame, its query, its keys, and what is in it.

use ratatui::{
    buffer::Buffer,
    layout::{Margin, Position, Rect},
    text::{Line, Span},
};

pub use crate::app::overlays::{
    answer_groups::Alike,
    compare_with::Bases,
    confirm::{Confirm, Then},
    copy::CopyAs,
    grade::Grading,
    help::Help,
    models::Models,
    versions::Versions,
};
use crate::{
    app::{
        action::{Action, BenchAction, GlobalAction, OverlayAction, Verb},
        context::Scene,
        overlays::{answer_groups, models, versions, xray},
    },
    config::names,
    present::{run_columns::RunColumn, xray::Xray},
    widgets::{
        form,
        form::Form,
        frame::{hints, popup},
        key::Chord,
        line_input::{LineInput as Typed, LineInput},
        motion::Motion,
        pick_list::{PickList, list},
        table::{fitted, left, right},
        theme::Role,
    },
};

/// One overlay.
#[derive(Debug, Clone)]
pub enum Overlay {
    /// The keys for what has the focus.
    Help(Help),
    /// Every action.
    Palette(PickList<Action>),
    /// The models a lane can have.
    Models(Models),
    /// Parameters and response.
    Params(Form),
    /// Parameters of a lane's own, by the lane's place.
    LaneParams(usize, Form),
    /// How many samples each lane makes.
    Samples(Form),
    /// What a batch may use.
    Limits(Form),
    /// The values of the prompt's variables.
    Variables(Form),
    /// The prompts.
    Prompts(List),
    /// The sessions.
    Sessions(List),
    /// The rows of a data set.
    Rows(List),
    /// What the lanes can be compared with.
    Against(Bases),
    /// The versions of the prompt.
    Versions(Box<Versions>),
    /// What can be said of an answer.
    Grade(Grading),
    /// A lane's answers in groups.
    Groups(Alike),
    /// One name, to be typed.
    Name(Name),
    /// A run step by step.
    Xray(Xray),
    /// In what form to copy.
    Copy(PickList<CopyAs>),
    /// The columns of the history, and which are shown.
    Columns(PickList<Option<RunColumn>>),
    /// A text to be searched while it is typed; it lies on the status line.
    Search(LineInput),
    /// A question.
    Confirm(Confirm),
}

/// A list that the store is asked for.
#[derive(Debug, Clone)]
pub struct List {
    /// The names of what can be opened.
    pub choice: PickList<String>,
    /// True until the store has answered.
    pub loading: bool,
}

impl Default for List {
    fn default() -> Self {
        Self { choice: PickList::new(Vec::new()), loading: true }
    }
}

/// What a name is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameFor {
    /// The prompt's file.
    Prompt,
    /// A session that has one already.
    RenameSession,
    /// A session that begins.
    NewSession,
    /// A version of the prompt; it can be any line.
    Version,
    /// A prompt that begins from a version.
    Fork,
    /// None: what is typed is a comment on an answer.
    Comment,
    /// The input on the bench.
    Input,
    /// The file an input is in.
    InputFile,
}

/// One name being typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// What it is for.
    pub what: NameFor,
    /// The name so far.
    pub line: LineInput,
    /// Why it cannot be used, once that was tried.
    pub fault: Option<String>,
}

impl Name {
    /// Returns the name if it can be what it is for, or why not.
    pub fn checked(&self) -> Result<String, String> {
        let name = self.line.text().trim().to_owned();
        match self.what {
            NameFor::InputFile if name.is_empty() => return Err("type the path of a file".to_owned()),
            NameFor::Version | NameFor::Comment | NameFor::Input | NameFor::InputFile => return Ok(name),
            NameFor::Prompt | NameFor::Fork | NameFor::RenameSession | NameFor::NewSession => {}
        }
        let what = if matches!(self.what, NameFor::Prompt | NameFor::Fork) { "prompt" } else { "session" };
        match names::check(what, &name) {
            Ok(()) => Ok(name),
            Err(_) if name.is_empty() => Err("type a name".to_owned()),
            Err(fault) => Err(fault.message),
        }
    }

    /// Says what is asked for.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self.what {
            NameFor::Prompt => "Save the prompt as",
            NameFor::RenameSession => "Rename the session",
            NameFor::NewSession => "Name the new session",
            NameFor::Version => "Name the version",
            NameFor::Fork => "Begin a prompt from the version as",
            NameFor::Comment => "Comment on the answer",
            NameFor::Input => "Name the input",
            NameFor::InputFile => "Load an input",
        }
    }
}

impl Overlay {
    /// Returns the title of the frame.
    #[must_use]
    pub fn title(&self) -> &str {
        match self {
            Self::Help(_) => "Help",
            Self::Palette(_) => "All actions",
            Self::Models(models) => models.title(),
            Self::Params(_) => "Parameters",
            Self::LaneParams(..) => "Parameters of this lane",
            Self::Samples(_) => "Samples",
            Self::Limits(_) => "Limits of the batch",
            Self::Variables(_) => "Variables",
            Self::Prompts(_) => "Prompts",
            Self::Sessions(_) => "Sessions",
            Self::Rows(_) => "Rows",
            Self::Against(_) => "Compare with",
            Self::Versions(_) => "Versions",
            Self::Grade(_) => "Grade",
            Self::Groups(_) => "Groups",
            Self::Name(name) => name.title(),
            Self::Xray(xray) => xray.title(),
            Self::Copy(_) => "Copy",
            Self::Columns(_) => "Columns",
            Self::Search(_) => "Search",
            Self::Confirm(_) => "Sure?",
        }
    }

    /// Returns width and height wished for, border included; none for what has no frame.
    #[must_use]
    pub fn size(&self) -> Option<(u16, u16)> {
        let rows = |rows: usize, least: u16| u16::try_from(rows + 4).unwrap_or(u16::MAX).max(least);
        match self {
            Self::Help(help) => Some((108, rows(help.rows.len(), 8))),
            Self::Palette(_) => Some((96, 30)),
            Self::Models(_) => Some((110, 30)),
            Self::Prompts(_) | Self::Sessions(_) | Self::Rows(_) | Self::Against(_) => Some((80, 22)),
            Self::Params(form)
            | Self::LaneParams(_, form)
            | Self::Samples(form)
            | Self::Limits(form)
            | Self::Variables(form) => Some((88, rows(form.rows.len() + 2, 8))),
            Self::Name(_) => Some((60, 6)),
            Self::Xray(xray) => Some((110, rows(xray.lines(), 12))),
            Self::Copy(choice) => Some((60, rows(choice.len(), 6))),
            Self::Columns(choice) => Some((60, rows(choice.len(), 6) - 1)),
            Self::Versions(_) => Some((116, 34)),
            Self::Grade(grading) => Some((44, rows(grading.choice.len(), 6) - 1)),
            Self::Groups(alike) => Some((100, rows(alike.lines(), 6))),
            Self::Search(_) => None,
            Self::Confirm(confirm) => Some((64, rows(confirm.rows(), 7) - 1)),
        }
    }

    /// Returns the rows between the query and the hint, given the overlay's whole area.
    #[must_use]
    pub fn body(&self, area: Rect) -> Rect {
        let inner = area.inner(Margin::new(1, 1));
        let query = u16::from(self.has_query()).min(inner.height);
        Rect { y: inner.y + query, height: inner.height.saturating_sub(query + 1), ..inner }
    }

    fn has_query(&self) -> bool {
        matches!(
            self,
            Self::Palette(_)
                | Self::Models(_)
                | Self::Prompts(_)
                | Self::Sessions(_)
                | Self::Rows(_)
                | Self::Against(_)
        )
    }

    /// Returns the line being typed into, if there is one.
    pub fn line_mut(&mut self) -> Option<&mut LineInput> {
        match self {
            Self::Palette(choice) => Some(&mut choice.query),
            Self::Models(models) => Some(&mut models.choice.query),
            Self::Prompts(list) | Self::Sessions(list) | Self::Rows(list) => Some(&mut list.choice.query),
            Self::Against(bases) => Some(&mut bases.choice.query),
            Self::Params(form)
            | Self::LaneParams(_, form)
            | Self::Samples(form)
            | Self::Limits(form)
            | Self::Variables(form) => form.line_mut(),
            Self::Name(name) => Some(&mut name.line),
            Self::Search(line) => Some(line),
            Self::Help(_)
            | Self::Xray(_)
            | Self::Copy(_)
            | Self::Columns(_)
            | Self::Confirm(_)
            | Self::Versions(_)
            | Self::Grade(_)
            | Self::Groups(_) => None,
        }
    }

    /// Takes a key into the line being typed. Tells whether it meant anything to it.
    pub fn key(&mut self, chord: Chord) -> bool {
        match self {
            Self::Palette(choice) => choice.key(chord),
            Self::Models(models) => models.choice.key(chord),
            Self::Prompts(list) | Self::Sessions(list) | Self::Rows(list) => list.choice.key(chord),
            Self::Against(bases) => bases.choice.key(chord),
            Self::Params(form)
            | Self::LaneParams(_, form)
            | Self::Samples(form)
            | Self::Limits(form)
            | Self::Variables(form) => form.key(chord),
            Self::Name(name) => {
                name.fault = None;
                name.line.key(chord).is_some()
            }
            Self::Search(line) => line.key(chord).is_some(),
            Self::Help(_)
            | Self::Xray(_)
            | Self::Copy(_)
            | Self::Columns(_)
            | Self::Confirm(_)
            | Self::Versions(_)
            | Self::Grade(_)
            | Self::Groups(_) => false,
        }
    }

    /// Takes a paste into the line being typed.
    pub fn paste(&mut self, text: &str) {
        match self {
            Self::Palette(choice) => choice.paste(text),
            Self::Models(models) => models.choice.paste(text),
            Self::Prompts(list) | Self::Sessions(list) | Self::Rows(list) => list.choice.paste(text),
            Self::Against(bases) => bases.choice.paste(text),
            other => {
                if let Some(line) = other.line_mut() {
                    line.paste(text);
                }
            }
        }
    }

    /// Moves the choice or the window by rows.
    pub fn step(&mut self, by: isize) {
        match self {
            Self::Help(help) => help.scroll(by),
            Self::Xray(xray) => xray.scroll(by),
            Self::Palette(choice) => choice.step(by),
            Self::Models(models) => models.choice.step(by),
            Self::Prompts(list) | Self::Sessions(list) | Self::Rows(list) => list.choice.step(by),
            Self::Against(bases) => bases.choice.step(by),
            Self::Copy(choice) => choice.step(by),
            Self::Columns(choice) => choice.step(by),
            Self::Versions(versions) => versions.choice.step(by),
            Self::Grade(grading) => grading.choice.step(by),
            Self::Groups(alike) => alike.choice.step(by),
            Self::Params(form)
            | Self::LaneParams(_, form)
            | Self::Samples(form)
            | Self::Limits(form)
            | Self::Variables(form) => {
                form.step(by);
            }
            Self::Name(_) | Self::Search(_) | Self::Confirm(_) => {}
        }
    }

    /// Chooses by a row of the body, as a click does. Tells whether there was something to choose.
    pub fn choose_row(&mut self, row: usize) -> bool {
        match self {
            Self::Palette(choice) => choose(choice, row),
            Self::Models(models) => row.checked_sub(1).is_some_and(|row| choose(&mut models.choice, row)),
            Self::Prompts(list) | Self::Sessions(list) | Self::Rows(list) => choose(&mut list.choice, row),
            Self::Against(bases) => choose(&mut bases.choice, row),
            Self::Copy(choice) => choose(choice, row),
            Self::Columns(choice) => choose(choice, row),
            Self::Versions(versions) => {
                choose(&mut versions.choice, row);
                false
            }
            Self::Grade(grading) => choose(&mut grading.choice, row),
            Self::Groups(alike) => choose(&mut alike.choice, row),
            Self::Params(form)
            | Self::LaneParams(_, form)
            | Self::Samples(form)
            | Self::Limits(form)
            | Self::Variables(form) => {
                form.go(row);
                false
            }
            _ => false,
        }
    }

    /// Keeps what is chosen in sight, before drawing.
    pub fn fit(&mut self, area: Rect) {
        let body = self.body(area);
        let (width, height) = (body.width.saturating_sub(2), usize::from(body.height));
        match self {
            Self::Help(help) => help.fit(width, height),
            Self::Xray(xray) => xray.fit(width, height),
            Self::Palette(choice) => choice.fit(height),
            // The heads of the columns, the line on keys and the one on accounts take a row each.
            Self::Models(models) => models.choice.fit(height.saturating_sub(3)),
            Self::Prompts(list) | Self::Sessions(list) | Self::Rows(list) => list.choice.fit(height),
            Self::Against(bases) => bases.choice.fit(height),
            Self::Copy(choice) => choice.fit(height),
            Self::Columns(choice) => choice.fit(height),
            Self::Versions(versions) => versions.fit(body.inner(Margin::new(1, 0))),
            Self::Grade(grading) => grading.choice.fit(height),
            Self::Groups(alike) => alike.fit(height),
            Self::Params(_)
            | Self::LaneParams(..)
            | Self::Samples(_)
            | Self::Limits(_)
            | Self::Variables(_)
            | Self::Name(_)
            | Self::Search(_)
            | Self::Confirm(_) => {}
        }
    }
}

fn choose<T>(choice: &mut PickList<T>, row: usize) -> bool {
    let at = choice.top() + row;
    choice.choose(at);
    at < choice.len()
}

/// Draws the topmost overlay, if there is one.
pub(crate) fn draw(scene: Scene<'_>, buffer: &mut Buffer) {
    let Some(overlay) = scene.app.overlay() else {
        return;
    };
    if let Overlay::Search(line) = overlay {
        search(scene, line, buffer);
        return;
    }
    let area = scene.app.layout.overlay.intersection(buffer.area);
    if area.is_empty() {
        return;
    }
    let title = Line::from(scene.span(overlay.title().to_owned(), Role::Title));
    let inside = popup(area, title, beside(scene, overlay), scene.theme, buffer);
    let body = overlay.body(area).inner(Margin::new(1, 0)).intersection(inside);
    if let Some(query) = query(overlay) {
        let row = Rect { height: 1, ..inside };
        typed(scene, "› ", query, "type to narrow", row, buffer);
    }
    let foot = Rect { y: inside.bottom().saturating_sub(1), height: 1, ..inside };
    let keys = hints(&keys(scene, overlay), usize::from(foot.width), scene.theme);
    buffer.set_line(foot.x, foot.y, &keys, foot.width);
    match overlay {
        Overlay::Help(help) => xray::help(scene, help, body, buffer),
        Overlay::Palette(choice) => list(choice, body, scene.theme, buffer, |item, room| {
            let key = scene.key(item.value);
            let name = 22.min(room);
            let doc = room.saturating_sub(name + 13);
            Line::from(vec![
                scene.span(left(&item.label, name), Role::Title),
                scene.span(format!(" {} ", left(item.value.entry().doc, doc)), Role::Text),
                scene.span(right(&key, 11), Role::Key),
            ])
        }),
        Overlay::Models(models) => models::draw(scene, models, body, buffer),
        Overlay::Params(shown)
        | Overlay::LaneParams(_, shown)
        | Overlay::Samples(shown)
        | Overlay::Limits(shown)
        | Overlay::Variables(shown) => form::draw(scene, shown, body, buffer),
        Overlay::Prompts(shown) => entries(scene, shown, "prompts", body, buffer),
        Overlay::Sessions(shown) => entries(scene, shown, "sessions", body, buffer),
        Overlay::Rows(shown) => entries(scene, shown, "rows", body, buffer),
        Overlay::Against(bases) => against(scene, bases, body, buffer),
        Overlay::Name(shown) => name(scene, shown, body, buffer),
        Overlay::Xray(xray) => xray::xray(scene, xray, body, buffer),
        Overlay::Columns(choice) => columns(scene, choice, body, buffer),
        Overlay::Copy(choice) => list(choice, body, scene.theme, buffer, |item, room| {
            Line::from(vec![
                scene.span(left(&item.label, 14.min(room)), Role::Title),
                scene.span(fitted(&item.detail, room.saturating_sub(14)), Role::Text),
            ])
        }),
        Overlay::Versions(shown) => versions::draw(scene, shown, body, buffer),
        Overlay::Groups(shown) => answer_groups::draw(scene, shown, body, buffer),
        Overlay::Grade(grading) => list(&grading.choice, body, scene.theme, buffer, |item, room| {
            Line::from(vec![
                scene.span(left(&item.label, 4.min(room)), Role::Key),
                scene.span(fitted(&item.detail, room.saturating_sub(4)), Role::Text),
            ])
        }),
        Overlay::Confirm(shown) => confirm(scene, shown, body, buffer),
        Overlay::Search(_) => {}
    }
}

/// Draws the columns of the history, those that are shown marked.
fn columns(scene: Scene<'_>, choice: &PickList<Option<RunColumn>>, area: Rect, buffer: &mut Buffer) {
    list(choice, area, scene.theme, buffer, |item, room| {
        Line::from(vec![
            scene.span(left(&item.label, 12.min(room)), Role::Title),
            scene.span(fitted(&item.detail, room.saturating_sub(12)), Role::Text),
        ])
    });
}

/// The line an overlay with a list is narrowed by.
fn query(overlay: &Overlay) -> Option<&Typed> {
    match overlay {
        Overlay::Palette(choice) => Some(&choice.query),
        Overlay::Models(models) => Some(&models.choice.query),
        Overlay::Prompts(list) | Overlay::Sessions(list) | Overlay::Rows(list) => Some(&list.choice.query),
        Overlay::Against(bases) => Some(&bases.choice.query),
        _ => None,
    }
}

/// What stands at the right of the frame: how many there are, which lane it is.
fn beside(scene: Scene<'_>, overlay: &Overlay) -> Line<'static> {
    let text = match overlay {
        Overlay::Palette(choice) => choice.len().to_string(),
        Overlay::Models(models) => models.choice.len().to_string(),
        Overlay::Prompts(list) | Overlay::Sessions(list) | Overlay::Rows(list) if !list.loading => {
            list.choice.len().to_string()
        }
        Overlay::Versions(versions) if !versions.loading => versions.entries.len().to_string(),
        Overlay::Groups(alike) => alike.groups.to_string(),
        Overlay::Xray(xray) => return Line::from(scene.foreign(&xray.target, Role::Text)),
        Overlay::LaneParams(at, _) => {
            scene.app.bench.lanes.get(*at).map(|lane| lane.spec.target.clone()).unwrap_or_default()
        }
        Overlay::Params(_) => scene.app.bench.prompt_name.clone().unwrap_or_default(),
        _ => String::new(),
    };
    Line::from(scene.foreign(&text, Role::Quiet))
}

/// The keys of an overlay, the way out last.
fn keys(scene: Scene<'_>, overlay: &Overlay) -> Vec<(String, String)> {
    let pair = |action: Action, does: &str| (scene.key_where(action, false), does.to_owned());
    let out = pair(Action::Verb(Verb::Leave), "back");
    let arrows = ("↑↓".to_owned(), "choose".to_owned());
    match overlay {
        Overlay::Help(_) => vec![
            ("↑↓".to_owned(), "scroll".to_owned()),
            pair(Action::Global(GlobalAction::Palette), "all actions"),
            out,
        ],
        Overlay::Xray(xray) => {
            let does = if xray.judges.is_shown() { "the next judge" } else { "its judge" };
            let judge = xray.judges.has_next().then(|| pair(Action::Overlay(OverlayAction::Judge), does));
            [("↑↓".to_owned(), "scroll".to_owned())].into_iter().chain(judge).chain([out]).collect()
        }
        Overlay::Palette(_) => vec![pair(Action::Verb(Verb::Accept), "does it"), arrows, out],
        Overlay::Models(_) => vec![
            pair(Action::Verb(Verb::Accept), "takes it"),
            arrows,
            (
                [Action::Verb(Verb::MoreCalls), Action::Verb(Verb::FewerCalls)]
                    .map(|action| scene.key_where(action, false))
                    .join(" "),
                "calls".to_owned(),
            ),
            ("provider/model".to_owned(), "typed whole is taken too".to_owned()),
            out,
        ],
        Overlay::Prompts(_) | Overlay::Sessions(_) => vec![pair(Action::Verb(Verb::Accept), "opens it"), arrows, out],
        Overlay::Rows(_) => vec![pair(Action::Verb(Verb::Accept), "loads it"), arrows, out],
        Overlay::Against(_) => vec![pair(Action::Verb(Verb::Accept), "compares with it"), arrows, out],
        Overlay::Copy(_) => vec![pair(Action::Verb(Verb::Accept), "copies"), arrows, out],
        Overlay::Columns(_) => vec![pair(Action::Verb(Verb::Accept), "shows or hides it"), arrows, out],
        Overlay::Versions(_) => vec![
            pair(Action::Verb(Verb::Accept), "puts it on the bench"),
            pair(Action::Overlay(OverlayAction::VersionLane), "in a lane"),
            pair(Action::Overlay(OverlayAction::NameVersion), "names it"),
            pair(Action::Overlay(OverlayAction::ForkVersion), "forks it"),
            pair(Action::Motion(Motion::PageDown), "scrolls"),
            out,
        ],
        Overlay::Grade(_) => vec![("1-5 + - c 0".to_owned(), "says it".to_owned()), out],
        Overlay::Groups(_) => vec![pair(Action::Verb(Verb::Accept), "shows it in the lane"), arrows, out],
        Overlay::Params(_) | Overlay::LaneParams(..) | Overlay::Limits(_) | Overlay::Variables(_) => {
            vec![pair(Action::Verb(Verb::Accept), "takes all"), pair(Action::Verb(Verb::NextPane), "next line"), out]
        }
        Overlay::Name(_) | Overlay::Samples(_) => vec![pair(Action::Verb(Verb::Accept), "takes it"), out],
        Overlay::Confirm(confirm) => {
            let others = confirm.others.iter().map(|(key, does, _)| (key.to_string(), (*does).to_owned()));
            let no = pair(Action::Verb(Verb::Leave), "does not");
            [pair(Action::Verb(Verb::Accept), confirm.yes)].into_iter().chain(others).chain([no]).collect()
        }
        Overlay::Search(_) => vec![out],
    }
}

/// Draws a line that is being typed, its cursor in sight however long it is.
pub(crate) fn typed(scene: Scene<'_>, lead: &str, line: &Typed, empty: &str, area: Rect, buffer: &mut Buffer) {
    let (before, after) = line.parts();
    let room = usize::from(area.width).saturating_sub(crate::text::width(lead) + 1);
    let cleaned = crate::text::clean_line(before);
    let mut shown = cleaned.as_str();
    while crate::text::width(shown) > room {
        shown = shown.char_indices().nth(1).and_then(|(at, _)| shown.get(at..)).unwrap_or_default();
    }
    let mut rest = crate::text::clean_line(after).as_str().to_owned();
    let left = crate::text::width(lead) + crate::text::width(shown);
    scene.caret.set(u16::try_from(left).ok().map(|left| Position::new(area.x.saturating_add(left), area.y)));
    let under = if rest.is_empty() { ' ' } else { rest.remove(0) };
    let mut spans = vec![
        scene.span(lead, Role::Key),
        scene.span(shown, Role::Text),
        scene.span(under.to_string(), Role::Cursor),
        scene.span(rest, Role::Text),
    ];
    if line.is_empty() {
        spans.push(scene.span(format!(" {empty}"), Role::Quiet));
    }
    buffer.set_line(area.x, area.y, &Line::from(spans), area.width);
}

fn search(scene: Scene<'_>, line: &Typed, buffer: &mut Buffer) {
    let area = scene.app.layout.status;
    buffer.set_style(area, ratatui::style::Style::reset());
    for place in area.positions() {
        if let Some(cell) = buffer.cell_mut(place) {
            cell.reset();
        }
    }
    let found =
        scene.app.bench.lane().and_then(|lane| lane.shown().view().found()).map(|found| match found.hits.len() {
            0 => "not found".to_owned(),
            count => format!("{}/{count}", found.at + 1),
        });
    let found = found.unwrap_or_default();
    let wide = u16::try_from(found.len()).unwrap_or_default();
    let left = Rect { width: area.width.saturating_sub(wide + 3), x: area.x + 1, ..area };
    typed(scene, "/", line, "searches the answer; enter keeps it, esc ends it", left.intersection(area), buffer);
    buffer.set_line(left.right() + 1, area.y, &Line::from(scene.span(found, Role::Quiet)), wide);
}

/// Draws the names that the store has, or that it has none.
fn entries(scene: Scene<'_>, shown: &List, what: &str, area: Rect, buffer: &mut Buffer) {
    if shown.loading || shown.choice.is_empty() {
        let text = if shown.loading {
            format!("Reading the {what} …")
        } else if shown.choice.query.is_empty() {
            let key = scene.key(BenchAction::Save);
            format!("No {what} yet. {key} saves what is on the bench.")
        } else {
            format!("None of the {what} is like that.")
        };
        buffer.set_line(area.x, area.y, &Line::from(scene.span(text, Role::Quiet)), area.width);
        return;
    }
    list(&shown.choice, area, scene.theme, buffer, |item, room| {
        let name = (room / 3).max(20).min(room);
        let role = if item.usable { Role::Title } else { Role::Fail };
        let mark = if item.usable { "  " } else { "✗ " };
        Line::from(vec![
            scene.span(mark, Role::Fail),
            scene.span(left(&item.label, name), role),
            scene.span(format!(" {}", fitted(&item.detail, room.saturating_sub(name + 3))), Role::Quiet),
        ])
    });
}

/// Draws what can be compared with, the runs on record last.
fn against(scene: Scene<'_>, bases: &Bases, area: Rect, buffer: &mut Buffer) {
    list(&bases.choice, area, scene.theme, buffer, |item, room| {
        let name = (room / 3).max(20).min(room);
        Line::from(vec![
            scene.span(left(&item.label, name), Role::Title),
            scene.span(format!(" {}", fitted(&item.detail, room.saturating_sub(name + 1))), Role::Quiet),
        ])
    });
    let below = area.rows().nth(bases.choice.len() + 1);
    if let Some(row) = below.filter(|_| bases.loading) {
        buffer.set_line(row.x, row.y, &Line::from(scene.span("Reading the runs …", Role::Quiet)), row.width);
    }
}

fn name(scene: Scene<'_>, shown: &Name, area: Rect, buffer: &mut Buffer) {
    let may_be = match shown.what {
        NameFor::Version | NameFor::Comment | NameFor::Input => "any words",
        NameFor::InputFile => "FILE, or FILE:ROW of a data set",
        NameFor::Prompt | NameFor::Fork | NameFor::RenameSession | NameFor::NewSession => "letters, digits, - _ .",
    };
    typed(scene, "› ", &shown.line, may_be, Rect { height: 1, ..area }, buffer);
    let below = match (&shown.fault, shown.what) {
        (Some(fault), _) => Line::from(vec![scene.span("✗ ", Role::Fail), scene.foreign(fault, Role::Fail)]),
        (None, NameFor::Version) => Line::from(scene.span("an empty line takes the name away", Role::Quiet)),
        (None, NameFor::Comment) => Line::from(scene.span("is kept with the run", Role::Quiet)),
        (None, NameFor::Input) => Line::from(scene.span("stands in the title of its pane", Role::Quiet)),
        (None, NameFor::InputFile) => Line::from(scene.span("a text, or rows of .csv .tsv .jsonl .json", Role::Quiet)),
        (None, NameFor::Prompt | NameFor::Fork) => Line::from(scene.span("becomes prompts/NAME.toml", Role::Quiet)),
        (None, _) => Line::from(scene.span("is found again under this name", Role::Quiet)),
    };
    buffer.set_line(area.x, area.y + 1, &below, area.width);
}

fn confirm(scene: Scene<'_>, shown: &Confirm, area: Rect, buffer: &mut Buffer) {
    let mut rows = crate::text::Wrapped::new(usize::from(area.width));
    rows.push(&crate::text::clean(&shown.text));
    for (row, place) in (0..rows.rows()).zip(area.rows()) {
        let line = Line::from(Span::styled(rows.row(row).text, scene.theme.style(Role::Text)));
        buffer.set_line(place.x, place.y, &line, place.width);
    }
}
