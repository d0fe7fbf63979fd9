//! A lane's answers in groups of equal ones: how many of each, what one says, which fields differ.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::Verb,
        context::Scene,
        intent::{BenchIntent, Intent},
        overlay::{After, Hint, OverlayCx, OverlayPart, arrows, framed, hint},
    },
    eval::groups::{AnswerCounts, AnswerGroup, letter},
    widgets::{
        interactive::Interactive,
        pick_list::{PickItem, PickList, list},
        table::{fitted, left},
        theme::Role,
    },
};

/// The groups of a lane, as they were when this was opened.
#[derive(Debug, Clone)]
pub struct AnswerGroups {
    /// The lane's place.
    pub lane: usize,
    /// The place of the run that stands for each group, those without a valid answer last.
    pub choice: PickList<usize>,
    pub groups: AnswerCounts,
}

impl AnswerGroups {
    /// Lists the groups of the answers of a lane, by its place; one of them is shown there.
    #[must_use]
    pub fn new(at: usize, groups: AnswerCounts, answers: &[String], shown_at: usize) -> Self {
        let words = |sample: usize| answers.get(sample).cloned().unwrap_or_default();
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
            items.extend(members.iter().map(|run| PickItem::new(*run, format!("1 {what}"), words(*run))));
        }
        let mut choice = PickList::menu(items);
        let shown = groups.group_of(shown_at).and_then(|group| groups.groups.get(group)).map(AnswerGroup::first);
        choice.choose_where(|run| *run == shown.unwrap_or(shown_at));
        Self { lane: at, choice, groups }
    }

    /// Counts the rows it takes: the groups, and a heading over the fields that differ.
    fn lines(&self) -> usize {
        let fields = self.groups.split.len();
        self.choice.len() + if fields > 0 { fields + 2 } else { 0 }
    }

    /// Counts the rows of the list of groups: at most half of those there are where fields differ.
    fn listed(&self, height: usize) -> usize {
        let fields = self.groups.split.len();
        let most = if fields > 0 { (height / 2).max(height.saturating_sub(fields + 2)) } else { height };
        self.choice.len().min(most)
    }
}

/// Columns of a group's size and letter, and of a field's pointer.
const GROUP: usize = 11;
const FIELD: usize = 28;

impl OverlayPart for AnswerGroups {
    fn title(&self) -> &'static str {
        "Groups"
    }

    fn beside(&self, scene: Scene<'_>) -> Line<'static> {
        Line::from(scene.foreign(&self.groups.to_string(), Role::Quiet))
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((100, framed(self.lines(), 6)))
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        vec![hint(scene, Verb::Accept, "Show in the lane"), arrows("choose")]
    }

    fn interactive(&mut self) -> Option<&mut dyn Interactive> {
        Some(&mut self.choice)
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        match self.choice.chosen() {
            Some(item) => {
                After::CloseAnd(Intent::Bench(BenchIntent::ShowSample { lane: self.lane, sample: item.value }))
            }
            None => After::Close,
        }
    }

    /// Keeps the chosen group in sight.
    fn fit(&mut self, body: Rect, _cx: OverlayCx<'_>) {
        let height = self.listed(usize::from(body.height));
        self.choice.fit(height);
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        let listed = u16::try_from(self.listed(usize::from(body.height))).unwrap_or(u16::MAX);
        list(&self.choice, Rect { height: listed.min(body.height), ..body }, scene.theme, buffer, |item, room| {
            let words = item.detail.split_whitespace().collect::<Vec<_>>().join(" ");
            Line::from(vec![
                scene.span(left(&item.label, GROUP), Role::Title),
                scene.span(fitted(&words, room.saturating_sub(GROUP)), Role::Text),
            ])
        });
        let mut below = body.rows().skip(usize::from(listed) + 1);
        if self.groups.split.is_empty() {
            return;
        }
        if let Some(place) = below.next() {
            let head = scene.span("Fields that differ, the most divided first", Role::Quiet);
            buffer.set_line(place.x, place.y, &Line::from(head), place.width);
        }
        for (field, place) in self.groups.split.iter().zip(below) {
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
}
