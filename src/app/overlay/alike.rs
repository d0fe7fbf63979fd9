//! A lane's answers in groups of equal ones: how many of each, what one says, which fields differ.

use crate::{
    app::{
        choice::{Choice, Item},
        lane::Lane,
    },
    eval::groups::{Group, Groups, letter},
};

/// The groups of a lane, as they were when this was opened.
#[derive(Debug, Clone)]
pub struct Alike {
    /// The lane's place.
    pub lane: usize,
    /// The place of the take that stands for each group, those without a valid answer last.
    pub choice: Choice<usize>,
    /// The groups.
    pub groups: Groups,
}

impl Alike {
    /// Lists the groups of a lane.
    #[must_use]
    pub fn new(at: usize, lane: &Lane) -> Self {
        let groups = lane.groups.clone();
        let words = |take: usize| lane.takes().nth(take).map(|take| take.raw().to_owned()).unwrap_or_default();
        let mut items: Vec<Item<usize>> = groups
            .groups
            .iter()
            .enumerate()
            .map(|(place, group)| {
                let label = format!("{}× {}", group.members.len(), letter(place));
                Item::new(group.first(), label, words(group.first()))
            })
            .collect();
        let apart = [(&groups.invalid, "invalid"), (&groups.failed, "failed")];
        for (members, what) in apart {
            items.extend(members.iter().map(|take| Item::new(*take, format!("1 {what}"), words(*take))));
        }
        let mut choice = Choice::new(items);
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
