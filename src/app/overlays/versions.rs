//! The versions of the bench's prompt: a list, and what the chosen one says otherwise than the bench.

use jiff::Timestamp;
use ratatui::{
    buffer::Buffer,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
};

use crate::{
    app::{
        action::{OverlayAction, Verb},
        context::Scene,
        intent::{BenchIntent, Intent},
        overlay::{After, Hint, OverlayCx, OverlayPart, hint},
        overlays::text_prompt::{TextFor, TextPrompt},
        prompt_version::PlacedVersion,
    },
    eval::{quality::Rate, stats::Interval},
    model::{Prompt, VersionId, prompt_toml, session::Pinned},
    store::api::VersionEntry,
    text::{
        LineChange, TextDiff,
        diff::rows::{DiffPiece, rows},
        format::{ago, duration, hundredths, whole_percent},
        width,
    },
    widgets::{
        interactive::Interactive,
        motion::Motion,
        pick_list::{PickItem, PickList, list},
        table::{fitted, left},
        theme::Role,
    },
};

/// Versions that are listed and walked through, at most.
pub(crate) const VERSIONS: usize = 200;

/// Rows of the list, at most, while there is a difference to be shown below.
const LISTED: u16 = 9;

/// The list, and the difference below it.
#[derive(Debug, Clone)]
pub struct Versions {
    /// The places of the versions, the newest first.
    pub choice: PickList<usize>,
    pub entries: Vec<VersionEntry>,
    /// True until the store has answered.
    pub loading: bool,
    /// What the chosen version says otherwise than the bench, in rows; empty if nothing.
    pub rows: Vec<Vec<DiffPiece>>,
    /// The first row that is seen.
    pub top: usize,
    present: (VersionId, String),
    /// The prompt's name, if it has one.
    prompt_name: Option<String>,
    texts: Vec<String>,
    /// What each version has that the one before it had not, once it was in sight.
    news: Vec<Option<String>>,
    /// For which version and width the rows were made.
    made: Option<(usize, u16)>,
}

/// Writes a prompt as one text, as far as it makes a version.
fn text(prompt: &Prompt) -> String {
    let version = prompt.version();
    prompt_toml::write(&version).unwrap_or_else(|_| format!("{}\n\n{}", version.system, version.user))
}

impl Versions {
    /// Makes the list of a bench with a prompt, until the store has filled it.
    #[must_use]
    pub fn new(present: &Prompt, prompt_name: Option<&str>) -> Self {
        Self {
            choice: PickList::menu(Vec::new()),
            entries: Vec::new(),
            loading: true,
            rows: Vec::new(),
            top: 0,
            present: (VersionId::of(present), text(present)),
            prompt_name: prompt_name.map(str::to_owned),
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
        self.choice
            .refill(entries.iter().enumerate().map(|(at, entry)| PickItem::new(at, entry.id.short(), "")).collect());
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

    /// Splits the body, below the names of the columns, into the list and the difference below its heading.
    #[must_use]
    pub fn areas(&self, body: Rect) -> [Rect; 2] {
        let body = Rect { y: body.y + 1, height: body.height.saturating_sub(1), ..body };
        let most = LISTED.min(body.height / 2);
        let list = u16::try_from(self.choice.len()).unwrap_or(u16::MAX).clamp(1, most.max(1));
        let [list, _, diff] =
            Layout::vertical([Constraint::Length(list), Constraint::Length(2), Constraint::Fill(1)]).areas(body);
        [list, diff]
    }

    /// Returns the chosen version as one that can be put on the bench.
    fn placed(&self) -> Option<PlacedVersion> {
        self.chosen().map(|(at, entry)| PlacedVersion::of_entry(at, self.entries.len(), entry))
    }

    /// Asks for a name of the chosen version.
    fn ask_name(&self) -> Option<After> {
        let (_, entry) = self.chosen()?;
        let present = entry.name.as_deref().unwrap_or_default();
        Some(After::StayAnd(Intent::open(TextPrompt::new(TextFor::Version(entry.id.clone()), present))))
    }

    /// Asks for a name of a prompt that begins from the chosen version.
    fn fork(&self) -> Option<After> {
        let name = self.prompt_name.as_ref().map(|name| format!("{name}-2")).unwrap_or_default();
        Some(After::StayAnd(Intent::open(TextPrompt::new(TextFor::Fork(Box::new(self.placed()?)), &name))))
    }

    /// Has the chosen version put into a lane of its own.
    fn to_lane(&self) -> Option<After> {
        let (at, entry) = self.chosen()?;
        let pinned = Pinned {
            hash: entry.id.0.clone(),
            name: entry.name.clone().or_else(|| Some(format!("version {}", self.entries.len() - at))),
            prompt: Box::new(entry.prompt.clone()),
        };
        Some(After::StayAnd(Intent::Bench(BenchIntent::AddPinnedLane(pinned))))
    }
}

/// Returns the first words that differ: those that are gone and those that came.
fn first_words(old: &str, new: &str) -> String {
    let diff = TextDiff::new(old, new);
    let mut changed = diff.segments().iter().filter(|segment| segment.change != LineChange::Same).peekable();
    let mut out = String::new();
    if let Some(gone) = changed.next_if(|segment| segment.change == LineChange::Removed) {
        out = format!("−{}", old.get(gone.old.clone()).unwrap_or_default().trim());
    }
    if let Some(came) = changed.next_if(|segment| segment.change == LineChange::Added) {
        let gap = if out.is_empty() { "" } else { " " };
        out = format!("{out}{gap}+{}", new.get(came.new.clone()).unwrap_or_default().trim());
    }
    out
}

/// The least width at which all of what came of a version is told.
const WIDE: usize = 100;

impl OverlayPart for Versions {
    fn title(&self) -> &'static str {
        "Versions"
    }

    fn beside(&self, scene: Scene<'_>) -> Line<'static> {
        if self.loading {
            return Line::default();
        }
        Line::from(scene.span(self.entries.len().to_string(), Role::Quiet))
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((116, 34))
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        vec![
            hint(scene, Verb::Accept, "puts it on the bench"),
            hint(scene, OverlayAction::VersionLane, "in a lane"),
            hint(scene, OverlayAction::NameVersion, "names it"),
            hint(scene, OverlayAction::ForkVersion, "forks it"),
            hint(scene, Motion::PageDown, "scrolls"),
        ]
    }

    fn interactive(&mut self) -> Option<&mut dyn Interactive> {
        Some(&mut self.choice)
    }

    /// Scrolls the difference.
    fn page(&mut self, by: isize) {
        self.top = self.top.saturating_add_signed(by / 2).min(self.rows.len().saturating_sub(1));
    }

    /// Chooses a version, which is looked at first.
    fn click(&mut self, row: usize, _column: usize) -> bool {
        if let Some(row) = row.checked_sub(1) {
            self.choice.click(row);
        }
        false
    }

    fn act(&mut self, action: OverlayAction, _cx: OverlayCx<'_>) -> After {
        let after = match action {
            OverlayAction::NameVersion => self.ask_name(),
            OverlayAction::ForkVersion => self.fork(),
            OverlayAction::VersionLane => self.to_lane(),
            _ => None,
        };
        after.unwrap_or(After::Stay)
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        match self.placed() {
            Some(version) => {
                After::CloseAnd(Intent::Bench(BenchIntent::PutVersion { version: Box::new(version), name: None }))
            }
            None => After::Close,
        }
    }

    /// Keeps the chosen version in sight and makes what is shown of it and of those beside it.
    fn fit(&mut self, body: Rect, _cx: OverlayCx<'_>) {
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

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        let say = |text: String, row: Rect, buffer: &mut Buffer| {
            buffer.set_line(row.x, row.y, &Line::from(scene.span(text, Role::Quiet)), row.width);
        };
        if self.entries.is_empty() {
            let text = if self.loading {
                "Reading the versions …".to_owned()
            } else {
                format!(
                    "No versions yet. {} runs the prompt, and each prompt that is run becomes one.",
                    scene.key(Verb::Run)
                )
            };
            return say(text, body, buffer);
        }
        let [rows, diff] = self.areas(body);
        let titles = Rect { y: rows.y.saturating_sub(1), height: 1, ..rows };
        let room = titles.width.saturating_sub(2);
        buffer.set_line(titles.x + 2, titles.y, &head(scene, usize::from(room)), room);
        list(&self.choice, rows, scene.theme, buffer, |item, room| {
            self.entries.get(item.value).map_or_else(Line::default, |entry| row(scene, self, item.value, entry, room))
        });
        let head = Rect { y: diff.y.saturating_sub(1), height: 1, ..diff };
        let chosen = self.chosen().map(|(_, entry)| entry);
        if chosen.is_some_and(|entry| self.is_present(entry)) {
            return say("This is what is on the bench.".to_owned(), head, buffer);
        }
        if self.rows.is_empty() {
            return say("It differs from the bench by white space alone.".to_owned(), head, buffer);
        }
        say("From the bench to this version: [-gone-] {+new+}".to_owned(), head, buffer);
        for (pieces, place) in self.rows.iter().skip(self.top).zip(diff.rows()) {
            let line: Line<'_> = pieces.iter().map(|piece| span(scene, piece)).collect();
            buffer.set_line(place.x, place.y, &line, place.width);
        }
    }
}

fn span(scene: Scene<'_>, piece: &DiffPiece) -> Span<'static> {
    let role = match piece.change {
        LineChange::Same => Role::Text,
        LineChange::Removed => Role::Fail,
        LineChange::Added => Role::Pass,
    };
    scene.span(piece.text.clone(), role)
}

fn row(scene: Scene<'_>, versions: &Versions, at: usize, entry: &VersionEntry, room: usize) -> Line<'static> {
    let (mark, role) = if versions.is_present(entry) { ("● ", Role::Focus) } else { ("  ", Role::Text) };
    let mut spans = vec![scene.span(mark, role)];
    let mut used = width(mark);
    for column in VersionColumn::of(room) {
        let (_, wide) = column.head();
        let text = column.cell(versions, at, entry, scene.now().time);
        let role = match column {
            VersionColumn::Made => Role::Quiet,
            VersionColumn::Name if entry.name.is_some() => Role::Title,
            VersionColumn::Number | VersionColumn::Label | VersionColumn::Name => Role::Text,
            VersionColumn::Runs if entry.results.runs == 0 => Role::Quiet,
            VersionColumn::Runs
            | VersionColumn::Passed
            | VersionColumn::Share
            | VersionColumn::Grade
            | VersionColumn::Latency
            | VersionColumn::Cost => Role::Number,
        };
        spans.push(scene.span(left(&text, wide), role));
        spans.push(scene.span("  ", Role::Text));
        used += wide + 2;
    }
    spans.push(scene.span(fitted(versions.news(at), room.saturating_sub(used)), Role::Text));
    Line::from(spans)
}

/// Names the columns.
fn head(scene: Scene<'_>, room: usize) -> Line<'static> {
    let mut text = "  ".to_owned();
    for (title, wide) in VersionColumn::of(room).iter().map(|column| column.head()) {
        text += &left(title, wide);
        text += "  ";
    }
    Line::from(scene.span(text + "change", Role::Quiet))
}

/// A column of the list; what changed comes last and takes what is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum VersionColumn {
    /// Its number, counted from the oldest.
    Number,
    /// Its name, else its number.
    Label,
    Made,
    Name,
    Runs,
    /// How many of the answers that were judged passed, with the interval of the share.
    Passed,
    /// The same without the interval.
    Share,
    Grade,
    Latency,
    Cost,
}

impl VersionColumn {
    /// Lists those that a width has room for.
    fn of(room: usize) -> &'static [Self] {
        if room >= WIDE {
            &[Self::Number, Self::Made, Self::Name, Self::Runs, Self::Passed, Self::Grade, Self::Latency, Self::Cost]
        } else {
            &[Self::Label, Self::Made, Self::Runs, Self::Share]
        }
    }

    /// Returns its title and its width.
    fn head(self) -> (&'static str, usize) {
        match self {
            Self::Number => ("v", 3),
            Self::Label => ("version", 13),
            Self::Made => ("when", 9),
            Self::Name => ("name", 14),
            Self::Runs => ("runs", 7),
            Self::Passed => ("passed", 18),
            Self::Share => ("passed", 10),
            Self::Grade => ("grade", 5),
            Self::Latency => ("took", 6),
            Self::Cost => ("cost", 9),
        }
    }

    fn cell(self, versions: &Versions, at: usize, entry: &VersionEntry, now: Timestamp) -> String {
        let none = || "–".to_owned();
        let results = &entry.results;
        let passed = Rate::of(results.passed, results.judged);
        let number = format!("v{}", versions.entries.len() - at);
        match self {
            Self::Number => number,
            Self::Label => entry.name.clone().unwrap_or(number),
            Self::Made => ago(entry.made, now),
            Self::Name => entry.name.clone().unwrap_or_else(none),
            Self::Runs if results.runs == 0 => "not run".to_owned(),
            Self::Runs => results.runs.to_string(),
            Self::Passed => {
                passed.map_or_else(none, |Rate { share, interval: Interval { low, high }, part, whole }| {
                    let ends = format!("{}–{}", hundredths(low, 0), hundredths(high, 0));
                    format!("{} ({ends}) {part}/{whole}", whole_percent(share))
                })
            }
            Self::Share => passed.map_or_else(none, |Rate { share, part, whole, .. }| {
                format!("{} {part}/{whole}", whole_percent(share))
            }),
            Self::Grade => results.stars.map_or_else(none, |stars| format!("★{stars:.1}")),
            Self::Latency => results.latency.map_or_else(none, duration),
            Self::Cost => results.cost.map_or_else(none, |cost| cost.to_string()),
        }
    }
}
