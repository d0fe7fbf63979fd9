//! The versions of the bench's prompt: a list, and what the chosen one says otherwise than the bench.

use ratatui::layout::{Constraint, Layout, Rect};

use crate::{
    app::choice::{Choice, Item},
    model::{Prompt, VersionId},
    store::{job::VersionEntry, prompts},
    text::{
        Change, TextDiff,
        diff::rows::{Piece, rows},
    },
};

/// Rows of the list, at most, while there is a difference to be shown below.
const LISTED: u16 = 9;

/// The list, and the difference below it.
#[derive(Debug, Clone)]
pub struct Versions {
    /// The places of the versions, the newest first.
    pub choice: Choice<usize>,
    /// The versions.
    pub entries: Vec<VersionEntry>,
    /// True until the store has answered.
    pub loading: bool,
    /// What the chosen version says otherwise than the bench, in rows; empty if nothing.
    pub rows: Vec<Vec<Piece>>,
    /// The first row that is seen.
    pub top: usize,
    present: (VersionId, String),
    texts: Vec<String>,
    /// What each version has that the one before it had not, once it was in sight.
    news: Vec<Option<String>>,
    /// For which version and width the rows were made.
    made: Option<(usize, u16)>,
}

/// Writes a prompt as one text, as far as it makes a version.
fn text(prompt: &Prompt) -> String {
    let version = prompt.version();
    prompts::write(&version).unwrap_or_else(|_| format!("{}\n\n{}", version.system, version.user))
}

impl Versions {
    /// Makes the list of a bench with a prompt, until the store has filled it.
    #[must_use]
    pub fn new(present: &Prompt) -> Self {
        Self {
            choice: Choice::new(Vec::new()),
            entries: Vec::new(),
            loading: true,
            rows: Vec::new(),
            top: 0,
            present: (VersionId::of(present), text(present)),
            texts: Vec::new(),
            news: Vec::new(),
            made: None,
        }
    }

    /// Takes in what the store has, the newest first; what was chosen stays chosen.
    pub fn fill(&mut self, entries: Vec<VersionEntry>) {
        let chosen = self.chosen().map_or_else(|| self.present.0.clone(), |(_, entry)| entry.id.clone());
        self.texts = entries.iter().map(|entry| text(&entry.prompt)).collect();
        self.news = vec![None; entries.len()];
        self.choice.refill(entries.iter().enumerate().map(|(at, entry)| Item::new(at, entry.id.short(), "")).collect());
        if let Some(at) = entries.iter().position(|entry| entry.id == chosen) {
            self.choice.choose(at);
        }
        (self.entries, self.loading, self.made) = (entries, false, None);
    }

    /// Returns the chosen version and its place.
    #[must_use]
    pub fn chosen(&self) -> Option<(usize, &VersionEntry)> {
        let at = self.choice.chosen()?.value;
        Some((at, self.entries.get(at)?))
    }

    /// Tells whether a version is what is on the bench.
    #[must_use]
    pub fn is_present(&self, entry: &VersionEntry) -> bool {
        entry.id == self.present.0
    }

    /// Returns what a version in sight has that the one before it had not, in a few words.
    #[must_use]
    pub fn news(&self, at: usize) -> &str {
        self.news.get(at).and_then(Option::as_deref).unwrap_or_default()
    }

    /// Splits the body into the list and the difference below its heading.
    #[must_use]
    pub fn areas(&self, body: Rect) -> [Rect; 2] {
        let most = LISTED.min(body.height / 2);
        let list = u16::try_from(self.choice.len()).unwrap_or(u16::MAX).clamp(1, most.max(1));
        let [list, _, diff] =
            Layout::vertical([Constraint::Length(list), Constraint::Length(2), Constraint::Fill(1)]).areas(body);
        [list, diff]
    }

    /// Scrolls the difference.
    pub fn scroll(&mut self, by: isize) {
        self.top = self.top.saturating_add_signed(by).min(self.rows.len().saturating_sub(1));
    }

    /// Keeps the chosen version in sight and makes what is shown of it and of those beside it.
    pub fn fit(&mut self, body: Rect) {
        let [list, diff] = self.areas(body);
        self.choice.fit(usize::from(list.height));
        for at in (self.choice.top()..).take(usize::from(list.height)) {
            let text = self.texts.get(at);
            let before = self.entries.get(at).and_then(|entry| {
                let parent = self.entries.iter().position(|other| Some(&other.id) == entry.parent.as_ref());
                self.texts.get(parent.unwrap_or(at + 1))
            });
            if let (Some(news), Some(text)) = (self.news.get_mut(at).filter(|news| news.is_none()), text) {
                *news = Some(before.map_or_else(|| "the first".to_owned(), |before| first_words(before, text)));
            }
        }
        let wanted = self.choice.chosen().map(|item| (item.value, diff.width));
        if self.made != wanted {
            self.made = wanted;
            self.top = 0;
            let text = wanted.and_then(|(at, _)| self.texts.get(at));
            self.rows = text.map(|text| rows(&self.present.1, text, usize::from(diff.width))).unwrap_or_default();
        }
    }
}

/// Returns the first words that differ: those that are gone and those that came.
fn first_words(old: &str, new: &str) -> String {
    let diff = TextDiff::new(old, new);
    let mut changed = diff.segments().iter().filter(|segment| segment.change != Change::Same).peekable();
    let mut out = String::new();
    if let Some(gone) = changed.next_if(|segment| segment.change == Change::Removed) {
        out = format!("−{}", old.get(gone.old.clone()).unwrap_or_default().trim());
    }
    if let Some(came) = changed.next_if(|segment| segment.change == Change::Added) {
        let gap = if out.is_empty() { "" } else { " " };
        out = format!("{out}{gap}+{}", new.get(came.new.clone()).unwrap_or_default().trim());
    }
    out
}
