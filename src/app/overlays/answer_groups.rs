//! A lane's answers in groups of equal ones: how many of each, what one says, which fields differ.
//!
//! A lane's answers in groups: how many say what, and the fields in which they differ.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{context::Scene, workbench::lane::Lane},
    eval::groups::{Group, Groups, letter},
    widgets::{
        pick_list::{PickItem, PickList, list},
        table::{fitted, left},
        theme::Role,
    },
};

/// The groups of a lane, as they were when this was opened.
#[derive(Debug, Clone)]
pub struct Alike {
    /// The lane's place.
    pub lane: usize,
    /// The place of the take that stands for each group, those without a valid answer last.
    pub choice: PickList<usize>,
    /// The groups.
    pub groups: Groups,
}

impl Alike {
    /// Lists the groups of a lane.
    #[must_use]
    pub fn new(at: usize, lane: &Lane) -> Self {
        let groups = lane.groups.clone();
        let words = |take: usize| lane.takes().nth(take).map(|take| take.raw().to_owned()).unwrap_or_default();
        let mut items: Vec<PickItem<usize>> = groups
            .groups
            .iter()
            .enumerate()
            .map(|(place, group)| {
                let label = format!("{}× {}", group.members.len(), letter(place));
                PickItem::new(group.first(), label, words(group.first()))
            })
            .collect();
        let apart = [(&groups.invalid, "invalid"), (&groups.failed, "failed")];
        for (members, what) in apart {
            items.extend(members.iter().map(|take| PickItem::new(*take, format!("1 {what}"), words(*take))));
        }
        let mut choice = PickList::new(items);
        let shown = groups.group_of(lane.shown_at()).and_then(|group| groups.groups.get(group)).map(Group::first);
        choice.choose_where(|take| *take == shown.unwrap_or(lane.shown_at()));
        Self { lane: at, choice, groups }
    }

    /// Counts the rows it takes: the groups, and a heading over the fields that differ.
    #[must_use]
    pub fn lines(&self) -> usize {
        let fields = self.groups.split.len();
        self.choice.len() + if fields > 0 { fields + 2 } else { 0 }
    }

    /// Keeps the chosen group in sight, with at most half of the rows for the groups where fields differ.
    pub fn fit(&mut self, height: usize) {
        let height = self.listed(height);
        self.choice.fit(height);
    }

    /// Counts the rows of the list of groups.
    #[must_use]
    pub fn listed(&self, height: usize) -> usize {
        let fields = self.groups.split.len();
        let most = if fields > 0 { (height / 2).max(height.saturating_sub(fields + 2)) } else { height };
        self.choice.len().min(most)
    }
}

/// Columns of a group's size and letter, and of a field's pointer.
const GROUP: usize = 11;
const FIELD: usize = 28;

/// Draws the groups, and the fields that differ below them.
pub(crate) fn draw(scene: Scene<'_>, alike: &Alike, area: Rect, buffer: &mut Buffer) {
    let listed = u16::try_from(alike.listed(usize::from(area.height))).unwrap_or(u16::MAX);
    list(&alike.choice, Rect { height: listed.min(area.height), ..area }, scene.theme, buffer, |item, room| {
        let words = item.detail.split_whitespace().collect::<Vec<_>>().join(" ");
        Line::from(vec![
            scene.span(left(&item.label, GROUP), Role::Title),
            scene.span(fitted(&words, room.saturating_sub(GROUP)), Role::Text),
        ])
    });
    let mut below = area.rows().skip(usize::from(listed) + 1);
    if alike.groups.split.is_empty() {
        return;
    }
    if let Some(place) = below.next() {
        let head = scene.span("Fields that differ, the most divided first", Role::Quiet);
        buffer.set_line(place.x, place.y, &Line::from(head), place.width);
    }
    for (field, place) in alike.groups.split.iter().zip(below) {
        let values =
            field.values.iter().map(|(value, count)| format!("{count}× {}", value.as_deref().unwrap_or("missing")));
        let values = values.collect::<Vec<_>>().join("  ");
        let room = usize::from(place.width).saturating_sub(FIELD + 3);
        let line = Line::from(vec![
            scene.span(format!("  {} ", left(&field.pointer, FIELD)), Role::Title),
            scene.span(fitted(&values, room), Role::Text),
        ]);
        buffer.set_line(place.x, place.y, &line, place.width);
    }
}
