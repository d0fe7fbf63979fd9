//! The versions of the bench's prompt: a list with how each does against the one it was edited from, and what the chosen one
//! says otherwise than the bench.

pub mod standing;

use jiff::Timestamp;
use ratatui::{
    buffer::Buffer,
    layout::{Constraint, Layout, Rect},
    text::Line,
};

use crate::{
    app::{
        action::{OverlayAction, Verb},
        context::Scene,
        intent::{BenchIntent, Intent, OncePut, OverlayIntent},
        overlay::{After, Hint, OverlayCx, OverlayPart, hint},
        overlays::{
            text_prompt::{TextFor, TextPrompt},
            versions::standing::{VersionPair, VersionStanding, queries},
        },
        prompt_version::PlacedVersion,
    },
    eval::{quality::Rate, stats::Interval},
    model::{Prompt, VersionId, error::StoreError, prompt_toml, query::Query, session::Pinned},
    store::api::{PairedComparison, VersionEntry},
    text::{
        LineChange, TextDiff,
        diff::rows::{DiffPiece, rows},
        format::{ago, duration, hundredths, whole_percent},
        width, wrapped_lines,
    },
    widgets::{
        frame::{Hold, pane},
        interactive::Interactive,
        motion::Motion,
        pick_list::{PickItem, PickList, list},
        table::{fitted, left},
        theme::Role,
    },
};

/// Versions that are listed and walked through, at most.
pub(crate) const VERSIONS: usize = 200;

/// Rows of the list, at most: what differs is shown below it.
const LISTED: u16 = 12;

/// Rows of the sentence of the comparison, at most.
const SENTENCE: usize = 3;

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
    /// The version that all others are compared with; none compares each with the one it was edited from.
    pub baseline: Option<VersionId>,
    /// How each does against the one it is compared with.
    pub standings: Vec<VersionStanding>,
    /// The comparison that the record was asked for.
    waiting: Option<VersionPair>,
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
            baseline: None,
            standings: Vec::new(),
            waiting: None,
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
        self.compare_all();
    }

    /// Forgets what the versions were compared with, and says of each what is known before the record is asked.
    fn compare_all(&mut self) {
        self.waiting = None;
        let baseline = self.baseline_at();
        let standing = |at| {
            if Some(at) == baseline {
                return Some(VersionStanding::Baseline);
            }
            let named = |at| Some((self.entries.get(at)?, self.number(at)));
            let (own, base) = (named(at)?, self.base(at).and_then(named));
            let base = base.as_ref().map(|(entry, name)| (*entry, name.as_str()));
            Some(VersionStanding::before((own.0, &own.1), base))
        };
        self.standings = (0..self.entries.len()).filter_map(standing).collect();
    }

    /// Returns the place of the baseline, if there is one.
    fn baseline_at(&self) -> Option<usize> {
        let baseline = self.baseline.as_ref()?;
        self.entries.iter().position(|entry| entry.id == *baseline)
    }

    /// Makes the chosen version the baseline, or none where it is that already, and has all compared anew.
    fn turn_baseline(&mut self) -> Option<After> {
        let (_, entry) = self.chosen()?;
        let chosen = entry.id.clone();
        self.baseline = (self.baseline.as_ref() != Some(&chosen)).then_some(chosen);
        self.compare_all();
        Some(After::StayAnd(Intent::Overlay(OverlayIntent::CompareVersions)))
    }

    /// Returns the place of the version that another one is compared with: the baseline, else what it was edited from.
    fn base(&self, at: usize) -> Option<usize> {
        self.baseline_at().or_else(|| self.parent(at))
    }

    /// Returns the place of the version that another one was edited from; where that is not known, of the one before.
    fn parent(&self, at: usize) -> Option<usize> {
        let parent = self.entries.get(at)?.parent.as_ref();
        let known = self.entries.iter().position(|other| Some(&other.id) == parent).filter(|base| *base != at);
        known.or(Some(at + 1).filter(|next| *next < self.entries.len()))
    }

    /// Returns the number of a version, counted from the oldest: `v3`.
    fn number(&self, at: usize) -> String {
        format!("v{}", self.entries.len().saturating_sub(at))
    }

    /// Returns the next comparison that the record is to be asked for: that of the chosen version first, then from the
    /// newest on. One is asked for at a time.
    pub(crate) fn next_comparison(&mut self) -> Option<(VersionPair, [Box<Query>; 2])> {
        if self.waiting.is_some() {
            return None;
        }
        let chosen = self.choice.chosen().map(|item| item.value);
        let open = |at: &usize| self.standings.get(*at) == Some(&VersionStanding::Open);
        let at = chosen.into_iter().chain(0..self.entries.len()).find(open)?;
        let pair = [self.base(at)?, at].map(|at| self.entries.get(at).map(|entry| entry.id.clone()));
        let [Some(base), Some(own)] = pair else { return None };
        let pair = [base, own];
        self.waiting = Some(pair.clone());
        let queries = queries(&pair);
        Some((pair, queries))
    }

    /// Takes a comparison in. Tells whether it was waited for.
    pub(crate) fn take_comparison(
        &mut self,
        pair: &VersionPair,
        comparison: Result<Box<PairedComparison>, StoreError>,
    ) -> bool {
        if self.waiting.as_ref() != Some(pair) {
            return false;
        }
        self.waiting = None;
        let [_, own] = pair;
        let at = self.entries.iter().position(|entry| entry.id == *own);
        if let Some(standing) = at.and_then(|at| self.standings.get_mut(at)) {
            *standing = match comparison {
                Ok(comparison) => VersionStanding::Told(comparison),
                Err(error) => VersionStanding::NotComparable(error.message),
            };
        }
        true
    }

    /// Says how the chosen version does against the one it was edited from, in lines of a width.
    #[must_use]
    pub fn sentence(&self, width: u16) -> Vec<String> {
        let Some((at, _)) = self.chosen() else { return Vec::new() };
        let base = self.base(at).map(|base| self.number(base));
        let sentence = self.standings.get(at).map(|standing| standing.sentence(&self.number(at), base.as_deref()));
        let mut lines = sentence.map(|sentence| wrapped_lines(&sentence, width)).unwrap_or_default();
        lines.truncate(SENTENCE);
        lines
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

    /// Splits the body into the list below the names of its columns, the sentence of the comparison below a rule, and the
    /// difference below its heading.
    #[must_use]
    pub fn areas(&self, body: Rect) -> [Rect; 3] {
        let body = Rect { y: body.y + 1, height: body.height.saturating_sub(1), ..body };
        let most = LISTED.min(body.height / 2);
        let rows = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        let list = rows(self.choice.len()).clamp(1, most.max(1));
        let [list, _, said, _, diff] = Layout::vertical([
            Constraint::Length(list),
            Constraint::Length(2),
            Constraint::Length(rows(self.sentence(body.width).len())),
            Constraint::Length(2),
            Constraint::Fill(1),
        ])
        .areas(body);
        [list, said, diff]
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

    /// Has the chosen version put on the bench and run there.
    fn run(&self) -> Option<After> {
        let version = Box::new(self.placed()?);
        Some(After::CloseAnd(Intent::Bench(BenchIntent::PutVersion { version, then: OncePut::Run })))
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

/// The least width at which what came of a version is told in columns of their own, and the one at which all of it is.
const WIDE: usize = 100;
const WIDEST: usize = 150;

/// The least columns in which what changed is told.
const CHANGE: usize = 10;

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

    fn heading(&self, scene: Scene<'_>, _width: u16) -> Line<'static> {
        let mut spans = vec![scene.span("Versions", Role::Title)];
        if let Some(name) = &self.prompt_name {
            spans.push(scene.span(" of ", Role::Title));
            spans.push(scene.foreign(name, Role::Title));
        }
        Line::from(spans)
    }

    fn is_screen(&self) -> bool {
        true
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((u16::MAX, u16::MAX))
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        vec![
            hint(scene, Verb::Accept, "Restore"),
            hint(scene, OverlayAction::RunVersion, "run"),
            hint(scene, OverlayAction::VersionBaseline, "baseline"),
            hint(scene, OverlayAction::VersionLane, "add lane"),
            hint(scene, OverlayAction::NameVersion, "name"),
            hint(scene, OverlayAction::ForkVersion, "fork"),
            hint(scene, Motion::PageDown, "scroll"),
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
            OverlayAction::RunVersion => self.run(),
            OverlayAction::VersionBaseline => self.turn_baseline(),
            _ => None,
        };
        after.unwrap_or(After::Stay)
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        match self.placed() {
            Some(version) => After::CloseAnd(Intent::Bench(BenchIntent::PutVersion {
                version: Box::new(version),
                then: OncePut::Nothing,
            })),
            None => After::Close,
        }
    }

    /// Keeps the chosen version in sight and makes what is shown of it and of those beside it.
    fn fit(&mut self, body: Rect, _cx: OverlayCx<'_>) {
        let [list, _, diff] = self.areas(body);
        self.choice.fit(usize::from(list.height));
        for at in (self.choice.top()..).take(usize::from(list.height)) {
            let text = self.texts.get(at);
            let before = self.parent(at).and_then(|base| self.texts.get(base));
            if let (Some(news), Some(text)) = (self.news.get_mut(at).filter(|news| news.is_none()), text) {
                *news = Some(before.map_or_else(|| "created".to_owned(), |before| first_words(before, text)));
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
                "Loading the versions …".to_owned()
            } else {
                format!(
                    "No versions yet. {} runs the prompt, and each prompt that is run becomes one.",
                    scene.key(Verb::Run)
                )
            };
            return say(text, body, buffer);
        }
        let [rows, said, diff] = self.areas(body);
        let titles = Rect { y: rows.y.saturating_sub(1), height: 1, ..rows };
        let room = titles.width.saturating_sub(2);
        buffer.set_line(titles.x + 2, titles.y, &head(scene, self, usize::from(room)), room);
        list(&self.choice, rows, scene.theme, buffer, |item, room| {
            self.entries.get(item.value).map_or_else(Line::default, |entry| row(scene, self, item.value, entry, room))
        });
        // The rule goes over the whole width, as the one at the top does.
        let rule = Rect {
            x: rows.x.saturating_sub(1),
            width: rows.width.saturating_add(2),
            y: said.y.saturating_sub(1),
            height: 1,
        };
        let title = Line::from(scene.span("Changes", Role::Title));
        pane(rule.intersection(buffer.area), Hold::Away, title, Line::default(), scene.theme, buffer);
        for (text, place) in self.sentence(said.width).into_iter().zip(said.rows()) {
            let line = Line::from(scene.span(text, Role::Text));
            buffer.set_line(place.x, place.y, &line, place.width);
        }
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
            let line = scene.diff(pieces);
            buffer.set_line(place.x, place.y, &line, place.width);
        }
    }
}

fn row(scene: Scene<'_>, versions: &Versions, at: usize, entry: &VersionEntry, room: usize) -> Line<'static> {
    let (mark, role) = match (versions.is_present(entry), versions.baseline_at() == Some(at)) {
        (true, true) => ("●◆", Role::Focus),
        (true, false) => ("● ", Role::Focus),
        (false, true) => ("◆ ", Role::Focus),
        (false, false) => ("  ", Role::Text),
    };
    let mut spans = vec![scene.span(mark, role)];
    let mut used = width(mark);
    for column in VersionColumn::of(room) {
        let (_, wide) = column.head();
        let (text, role) = column.cell(versions, at, entry, scene.now().time);
        spans.push(scene.span(left(&text, wide), role));
        spans.push(scene.span("  ", Role::Text));
        used += wide + 2;
    }
    if let Some(left) = room.checked_sub(used).filter(|left| *left >= CHANGE) {
        spans.push(scene.span(fitted(versions.news(at), left), Role::Text));
    }
    Line::from(spans)
}

/// Names the columns.
fn head(scene: Scene<'_>, versions: &Versions, room: usize) -> Line<'static> {
    let baseline = versions.baseline_at().map(|at| format!("compared with {}", versions.number(at)));
    let mut text = "  ".to_owned();
    for column in VersionColumn::of(room) {
        let (title, wide) = column.head();
        let baseline = baseline.as_deref().filter(|_| *column == VersionColumn::Standing);
        text += &left(baseline.unwrap_or(title), wide);
        text += "  ";
    }
    if room >= width(&text) + CHANGE {
        text += "change";
    }
    Line::from(scene.span(text, Role::Quiet))
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
    /// The same without the count.
    Interval,
    /// How it does against the one it was edited from.
    Standing,
    Grade,
    Latency,
    Cost,
}

impl VersionColumn {
    /// Lists those that a width has room for.
    fn of(room: usize) -> &'static [Self] {
        if room >= WIDEST {
            &[
                Self::Number,
                Self::Made,
                Self::Name,
                Self::Runs,
                Self::Passed,
                Self::Standing,
                Self::Grade,
                Self::Latency,
                Self::Cost,
            ]
        } else if room >= WIDE {
            &[
                Self::Number,
                Self::Made,
                Self::Name,
                Self::Runs,
                Self::Interval,
                Self::Standing,
                Self::Latency,
                Self::Cost,
            ]
        } else {
            &[Self::Label, Self::Made, Self::Share, Self::Standing]
        }
    }

    /// Returns its title and its width.
    fn head(self) -> (&'static str, usize) {
        match self {
            Self::Number => ("v", 3),
            Self::Label => ("version", 13),
            Self::Made => ("when", 9),
            Self::Name => ("name", 13),
            Self::Runs => ("runs", 7),
            Self::Passed => ("passed", 18),
            Self::Share => ("passed", 10),
            Self::Interval => ("passed", 13),
            Self::Standing => ("compared with before", 30),
            Self::Grade => ("grade", 5),
            Self::Latency => ("took", 6),
            Self::Cost => ("cost", 9),
        }
    }

    /// Returns what it says of a version, with how that is written.
    fn cell(self, versions: &Versions, at: usize, entry: &VersionEntry, now: Timestamp) -> (String, Role) {
        let none = || "–".to_owned();
        let results = &entry.results;
        let passed = Rate::of(results.passed, results.judged);
        let ends = |Interval { low, high }: Interval| format!("({}–{})", hundredths(low, 0), hundredths(high, 0));
        let number = versions.number(at);
        let text = match self {
            Self::Number => number,
            Self::Label => entry.name.clone().unwrap_or(number),
            Self::Made => return (ago(entry.made, now), Role::Quiet),
            Self::Name => return entry.name.clone().map_or_else(|| (none(), Role::Text), |name| (name, Role::Title)),
            Self::Runs | Self::Share if results.runs == 0 => return ("not run".to_owned(), Role::Quiet),
            Self::Runs => results.runs.to_string(),
            Self::Passed => passed.map_or_else(none, |Rate { share, interval, part, whole }| {
                format!("{} {} {part}/{whole}", whole_percent(share), ends(interval))
            }),
            Self::Share => passed.map_or_else(none, |Rate { share, part, whole, .. }| {
                format!("{} {part}/{whole}", whole_percent(share))
            }),
            Self::Interval => passed.map_or_else(none, |Rate { share, interval, .. }| {
                format!("{} {}", whole_percent(share), ends(interval))
            }),
            Self::Standing => {
                return versions.standings.get(at).map_or_else(|| (none(), Role::Quiet), VersionStanding::short);
            }
            Self::Grade => results.stars.map_or_else(none, |stars| format!("★{stars:.1}")),
            Self::Latency => results.latency.map_or_else(none, duration),
            Self::Cost => results.cost.map_or_else(none, |cost| cost.to_string()),
        };
        let role = match self {
            Self::Number | Self::Label | Self::Made | Self::Name | Self::Standing => Role::Text,
            Self::Runs | Self::Passed | Self::Share | Self::Interval | Self::Grade | Self::Latency | Self::Cost => {
                Role::Number
            }
        };
        (text, role)
    }
}
