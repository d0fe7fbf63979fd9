//! The window on top of the bench: its frame, its query, its keys, and what is in it.

mod alike;
pub(super) mod form;
mod models;
mod steps;
mod versions;

use ratatui::{
    buffer::Buffer,
    layout::{Margin, Position, Rect},
    text::{Line, Span},
};

use super::{
    part::{
        column::{fitted, left, right},
        hints::hints,
        list::list,
        popup::popup,
    },
    scene::Scene,
    theme::Role,
};
use crate::app::{
    action::Action,
    choice::Choice,
    history::column::Column,
    line::Line as Typed,
    overlay::{Bases, Confirm, List, Name, NameFor, Overlay},
};

/// Draws the topmost overlay, if there is one.
pub(super) fn draw(scene: Scene<'_>, buffer: &mut Buffer) {
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
        Overlay::Help(help) => steps::help(scene, help, body, buffer),
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
        Overlay::Xray(xray) => steps::xray(scene, xray, body, buffer),
        Overlay::Columns(choice) => columns(scene, choice, body, buffer),
        Overlay::Copy(choice) => list(choice, body, scene.theme, buffer, |item, room| {
            Line::from(vec![
                scene.span(left(&item.label, 14.min(room)), Role::Title),
                scene.span(fitted(&item.detail, room.saturating_sub(14)), Role::Text),
            ])
        }),
        Overlay::Versions(shown) => versions::draw(scene, shown, body, buffer),
        Overlay::Groups(shown) => alike::draw(scene, shown, body, buffer),
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
fn columns(scene: Scene<'_>, choice: &Choice<Option<Column>>, area: Rect, buffer: &mut Buffer) {
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
    let out = pair(Action::Leave, "back");
    let arrows = ("↑↓".to_owned(), "choose".to_owned());
    match overlay {
        Overlay::Help(_) => vec![("↑↓".to_owned(), "scroll".to_owned()), pair(Action::Palette, "all actions"), out],
        Overlay::Xray(xray) => {
            let does = if xray.judges.is_shown() { "the next judge" } else { "its judge" };
            let judge = xray.judges.has_next().then(|| pair(Action::Judge, does));
            [("↑↓".to_owned(), "scroll".to_owned())].into_iter().chain(judge).chain([out]).collect()
        }
        Overlay::Palette(_) => vec![pair(Action::Accept, "does it"), arrows, out],
        Overlay::Models(_) => vec![
            pair(Action::Accept, "takes it"),
            arrows,
            (
                [Action::MoreCalls, Action::FewerCalls].map(|action| scene.key_where(action, false)).join(" "),
                "calls".to_owned(),
            ),
            ("provider/model".to_owned(), "typed whole is taken too".to_owned()),
            out,
        ],
        Overlay::Prompts(_) | Overlay::Sessions(_) => vec![pair(Action::Accept, "opens it"), arrows, out],
        Overlay::Rows(_) => vec![pair(Action::Accept, "loads it"), arrows, out],
        Overlay::Against(_) => vec![pair(Action::Accept, "compares with it"), arrows, out],
        Overlay::Copy(_) => vec![pair(Action::Accept, "copies"), arrows, out],
        Overlay::Columns(_) => vec![pair(Action::Accept, "shows or hides it"), arrows, out],
        Overlay::Versions(_) => vec![
            pair(Action::Accept, "puts it on the bench"),
            pair(Action::VersionLane, "in a lane"),
            pair(Action::NameVersion, "names it"),
            pair(Action::ForkVersion, "forks it"),
            pair(Action::PageDown, "scrolls"),
            out,
        ],
        Overlay::Grade(_) => vec![("1-5 + - c 0".to_owned(), "says it".to_owned()), out],
        Overlay::Groups(_) => vec![pair(Action::Accept, "shows it in the lane"), arrows, out],
        Overlay::Params(_) | Overlay::LaneParams(..) | Overlay::Limits(_) | Overlay::Variables(_) => {
            vec![pair(Action::Accept, "takes all"), pair(Action::NextPane, "next line"), out]
        }
        Overlay::Name(_) | Overlay::Samples(_) => vec![pair(Action::Accept, "takes it"), out],
        Overlay::Confirm(confirm) => {
            let others = confirm.others.iter().map(|(key, does, _)| (key.to_string(), (*does).to_owned()));
            let no = pair(Action::Leave, "does not");
            [pair(Action::Accept, confirm.yes)].into_iter().chain(others).chain([no]).collect()
        }
        Overlay::Search(_) => vec![out],
    }
}

/// Draws a line that is being typed, its cursor in sight however long it is.
pub(super) fn typed(scene: Scene<'_>, lead: &str, line: &Typed, empty: &str, area: Rect, buffer: &mut Buffer) {
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
            let key = scene.key(Action::Save);
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
