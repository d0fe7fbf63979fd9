//! The models a lane can have: what can be asked with price, context and what the record has of it, then the providers
//! without a key, the demonstration, and what is retired for who searches it; any `provider/model` that is typed, too.
//!
//! Below them stands what the accounts of the chosen one's provider use of their limits, which can be moved.

pub mod accounts;
pub(crate) mod prices;

use std::{cmp::Reverse, collections::BTreeMap, ops::Range, time::Duration};

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Modifier,
    text::{Line, Span},
};

use crate::{
    app::{
        action::{Action, OverlayAction, Verb},
        context::{Scene, Shared},
        intent::{BatchChoice, BatchIntent, BenchIntent, Intent, ModelFor},
        overlay::{After, Hint, OverlayCx, OverlayPart, arrows, hint},
        overlays::models::{
            accounts::{accounts_of, changed, keys_of},
            prices::{HEADS, ModelColumns, audio_prices, prices},
        },
    },
    eval::quality::{GroupRow, QualityReport},
    model::{
        Catalog, Target,
        model_list::{Availability, DEMO_MODELS, ModelEntry, ModelFacts, model_list},
    },
    pipeline::AccountState,
    present::Tone,
    text::{
        format::{count, duration},
        width,
    },
    widgets::{
        interactive::Interactive,
        key::Chord,
        line_input::LineInput,
        pick_list::{PickItem, PickList, pick_row},
        table::{fitted, left},
        theme::Role,
    },
};

/// A row of the list.
#[derive(Debug, Clone, PartialEq)]
pub enum ModelRow {
    Model(Box<ModelEntry>),
    /// The models of a provider without a key.
    KeyMissing {
        provider: String,
        /// The variable to set.
        variable: String,
        count: usize,
    },
}

impl ModelRow {
    /// Returns the model, where it is one.
    #[must_use]
    pub fn model(&self) -> Option<&ModelEntry> {
        match self {
            Self::Model(entry) => Some(entry),
            Self::KeyMissing { .. } => None,
        }
    }

    /// Returns the part of the list it stands in while nothing is searched.
    fn part(&self) -> Part {
        match self {
            Self::Model(entry) if entry.target.is_demo() => Part::Demo,
            Self::Model(_) => Part::Ready,
            Self::KeyMissing { .. } => Part::KeyMissing,
        }
    }
}

/// The parts of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Ready,
    KeyMissing,
    Demo,
}

/// A line of the body.
#[derive(Debug, Clone, PartialEq, Eq)]
enum ListLine {
    /// The heads of the columns, below the name of the part.
    Heads(&'static str),
    Heading(String),
    Row(usize),
    /// Several by their names alone, beside each other, from one place to another.
    Names(Range<usize>),
    Blank,
}

impl ListLine {
    fn holds(&self, at: usize) -> bool {
        match self {
            Self::Row(own) => *own == at,
            Self::Names(names) => names.contains(&at),
            Self::Heads(_) | Self::Heading(_) | Self::Blank => false,
        }
    }
}

/// What the record has of a model with the prompt on the bench.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelRuns {
    pub runs: u64,
    /// Half the answers took at most this, in milliseconds.
    pub p50: Option<u32>,
    /// The share that passed, from 0 to 1.
    pub passed: Option<f64>,
}

/// Models of a vendor that stand there without being searched, those that were used, are served or are favourites apart.
const PER_VENDOR: usize = 4;

/// Providers without a key that are listed without being searched: a fresh machine has none of some forty.
const MISSING: usize = 6;

/// Lanes that can be opened at once.
const MARKS: usize = 4;

/// The list of models.
#[derive(Debug, Clone)]
pub struct Models {
    /// What the chosen one is for.
    pub what: ModelFor,
    /// The models that can be named.
    pub choice: PickList<ModelRow>,
    /// The names of those that are marked, in that order.
    pub marked: Vec<String>,
    /// What the record has of each, by its name.
    pub runs: BTreeMap<String, ModelRuns>,
    /// The present one.
    present: String,
    /// What the list was made of.
    facts: ModelFacts,
    /// How many of each provider are there only for who searches them.
    folded: Vec<(String, usize)>,
    retired: usize,
    ready: usize,
    /// How many further providers have no key.
    more_missing: usize,
    /// The lines of the body, and the first that is seen.
    lines: Vec<ListLine>,
    top: usize,
    /// Whether the choice was moved since something was typed: space marks then.
    moved: bool,
    /// The providers whose models can be asked, in the order of the list.
    providers: Vec<String>,
    /// The one whose models alone are listed; all are where there is none.
    only: Option<String>,
}

impl Models {
    /// Lists every model that can be named, with the present one chosen.
    #[must_use]
    pub fn new(what: ModelFor, present: &str, shared: &Shared) -> Self {
        let mut models = Self {
            what,
            choice: PickList::new(Vec::new()),
            marked: Vec::new(),
            runs: BTreeMap::new(),
            present: present.to_owned(),
            facts: ModelFacts::default(),
            folded: Vec::new(),
            retired: 0,
            ready: 0,
            more_missing: 0,
            lines: Vec::new(),
            top: 0,
            moved: false,
            providers: Vec::new(),
            only: None,
        };
        models.fill(shared);
        models.prefer();
        models
    }

    /// Chooses the present model, in the place of a demonstration one that runs on this machine, or for a new lane another
    /// one that can be asked.
    fn prefer(&mut self) {
        let another = self.what == ModelFor::NewLane;
        let present = &self.present;
        let is_demo = DEMO_MODELS.iter().any(|(name, _)| name == present);
        let runs_here = |row: &ModelRow| row.model().is_some_and(|entry| entry.served && entry.target.is_local());
        if is_demo && self.what != ModelFor::NewLane && self.choice.shown().any(|item| runs_here(&item.value)) {
            return self.choice.choose_where(runs_here);
        }
        self.choice.choose_where(|row| {
            row.model().is_some_and(|entry| {
                let is_present = entry.target.name == *present;
                if another { !is_present && entry.availability == Availability::Ready } else { is_present }
            })
        });
    }

    /// Takes in what the record has of each model with the prompt on the bench.
    pub fn fill_runs(&mut self, report: &QualityReport) {
        let figures = |row: &GroupRow| ModelRuns {
            runs: row.runs,
            p50: row.times.as_ref().map(|times| times.p50),
            passed: row.pass.as_ref().map(|rate| rate.share),
        };
        self.runs = report.models.iter().map(|row| (row.name.clone(), figures(row))).collect();
    }

    /// Lists the models by what is known by now, and chooses the one that was chosen.
    fn fill(&mut self, shared: &Shared) {
        let today = shared.today();
        let chosen = self.chosen_model().map(|entry| entry.target.name.clone());
        self.facts.clone_from(&shared.model_facts);
        let mut facts = self.facts.clone();
        // The present one stands there too, whoever knows it.
        if !facts.recent.contains(&self.present) {
            facts.recent.insert(0, self.present.clone());
        }
        let entries = model_list(&shared.catalog, &facts, &today);
        self.put(entries, &shared.catalog);
        if !self.moved && self.choice.query.is_empty() {
            self.prefer();
        } else if let Some(chosen) = chosen {
            self.choice.choose_where(|row| row.model().is_some_and(|entry| entry.target.name == chosen));
        }
    }

    /// Puts the rows in order: what can be asked, the providers without a key, the demonstration.
    fn put(&mut self, entries: Vec<ModelEntry>, catalog: &Catalog) {
        let mut of_vendor: BTreeMap<String, usize> = BTreeMap::new();
        let mut folded: BTreeMap<String, usize> = BTreeMap::new();
        let mut missing: Vec<(String, String, usize)> = Vec::new();
        (self.retired, self.ready, self.providers) = (0, 0, Vec::new());
        let mut parts: [Vec<PickItem<ModelRow>>; 3] = Default::default();
        for entry in entries {
            let provider = entry.target.provider.clone();
            let mut hidden = entry.only_when_searched();
            if entry.availability == Availability::Ready && !self.providers.contains(&provider) {
                self.providers.push(provider.clone());
            }
            if self.only.as_ref().is_some_and(|only| *only != provider) {
                continue;
            }
            match &entry.availability {
                Availability::Ready => self.ready += 1,
                Availability::KeyMissing(variable) => {
                    hidden = true;
                    match missing.iter_mut().find(|(known, ..)| *known == provider) {
                        Some((.., count)) => *count += 1,
                        None => missing.push((provider.clone(), variable.clone(), 1)),
                    }
                }
                Availability::Retired => self.retired += 1,
                Availability::NotServed => {}
            }
            let known = entry.favourite || entry.recent || entry.target.is_local() || entry.target.is_demo();
            let folds = self.only.is_none() && entry.availability == Availability::Ready;
            if folds && !known && !catalog.is_own(&entry.target.name) {
                let count = of_vendor.entry(provider.clone()).or_default();
                *count += 1;
                if *count > PER_VENDOR {
                    hidden = true;
                    *folded.entry(provider).or_default() += 1;
                }
            }
            let place = if entry.target.is_demo() { 2 } else { 0 };
            if let Some(part) = parts.get_mut(place) {
                part.push(item(entry, hidden));
            }
        }
        self.more_missing = missing.len().saturating_sub(MISSING);
        if let Some(part) = parts.get_mut(1) {
            part.extend(missing.into_iter().take(MISSING).map(|(provider, variable, count)| {
                let detail = format!("set {variable}");
                let row = ModelRow::KeyMissing { provider: provider.clone(), variable, count };
                PickItem { usable: false, only_unsearched: true, ..PickItem::new(row, provider, detail) }
            }));
        }
        self.folded = folded.into_iter().collect();
        self.folded.sort_by_key(|(_, count)| Reverse(*count));
        self.choice.refill(parts.into_iter().flatten().collect());
    }

    /// Returns the chosen model, where one is chosen.
    #[must_use]
    pub fn chosen_model(&self) -> Option<&ModelEntry> {
        self.choice.chosen().and_then(|item| item.value.model())
    }

    /// Returns the name that is taken: the chosen one, or what was typed where the list has nothing like it or that is a
    /// whole `provider/model`.
    fn taken(&self) -> Option<String> {
        let typed = self.choice.query.text().trim().to_owned();
        let whole = typed.contains(['/', ':']) && !self.choice.shown().any(|item| item.label == typed);
        match self.choice.chosen() {
            Some(item) if !whole => Some(item.label.clone()),
            _ => Some(typed).filter(|typed| !typed.is_empty()),
        }
    }

    /// Lists the models of the next provider alone, or of the one before; all of them again past either end.
    fn next_provider(&mut self, forward: bool, shared: &Shared) {
        let of = |only: &String| self.providers.iter().position(|provider| provider == only).map(|at| at + 1);
        let at = self.only.as_ref().and_then(of).unwrap_or(0);
        let count = self.providers.len() + 1;
        let next = (at + if forward { 1 } else { count - 1 }) % count;
        self.only = next.checked_sub(1).and_then(|at| self.providers.get(at).cloned());
        self.fill(shared);
    }

    /// Marks the chosen model, or no longer.
    fn turn_mark(&mut self) {
        let Some(name) = self.chosen_model().map(|entry| entry.target.name.clone()) else {
            return;
        };
        match self.marked.iter().position(|marked| *marked == name) {
            Some(at) => drop(self.marked.remove(at)),
            None if self.marked.len() < MARKS => self.marked.push(name),
            None => {}
        }
    }

    /// Lays the rows out under the headings of their parts, the demonstration's models beside each other as far as there is
    /// room; what is searched has no parts.
    fn lay(&mut self, room: usize) {
        self.lines.clear();
        let searched = !self.choice.query.text().trim().is_empty();
        let mut part = None;
        let mut used = 0;
        for (at, item) in self.choice.shown().enumerate() {
            let own = if searched { Part::Ready } else { item.value.part() };
            if part != Some(own) {
                if part.is_some() {
                    self.lines.extend(self.after(part));
                    self.lines.push(ListLine::Blank);
                }
                self.lines.push(match own {
                    Part::Ready => ListLine::Heads(if searched { "" } else { "READY" }),
                    Part::KeyMissing => ListLine::Heading("API KEY MISSING".to_owned()),
                    Part::Demo => ListLine::Heading("DEMO             no key, no network, made-up answers".to_owned()),
                });
                part = Some(own);
            }
            if own == Part::Demo {
                let wide = name_width(item);
                match self.lines.last_mut() {
                    Some(ListLine::Names(names)) if used + wide <= room => {
                        names.end = at + 1;
                        used += wide;
                    }
                    Some(_) | None => {
                        self.lines.push(ListLine::Names(at..at + 1));
                        used = wide;
                    }
                }
                continue;
            }
            self.lines.push(ListLine::Row(at));
        }
        if !searched && part.is_some() {
            self.lines.extend(self.after(part));
            if self.retired > 0 {
                let retired = format!("RETIRED          {} models, shown when you type their name", self.retired);
                self.lines.extend([ListLine::Blank, ListLine::Heading(retired)]);
            }
        }
    }

    /// Says below a part what of it is folded.
    fn after(&self, part: Option<Part>) -> Option<ListLine> {
        if !self.choice.query.is_empty() {
            return None;
        }
        let folded = match part? {
            Part::Ready if !self.folded.is_empty() => {
                let each = |(provider, count): &(String, usize)| format!("{count} more of {provider}");
                self.folded.iter().map(each).collect::<Vec<_>>().join(", ")
            }
            Part::KeyMissing if self.more_missing > 0 => format!("{} more providers", self.more_missing),
            Part::Ready | Part::KeyMissing | Part::Demo => return None,
        };
        Some(ListLine::Heading(format!("  … {folded}: type to find")))
    }
}

/// Columns of a name beside others: its mark, and its brackets or blanks.
fn name_width(item: &PickItem<ModelRow>) -> usize {
    width(&item.label) + 3
}

fn item(entry: ModelEntry, only_when_searched: bool) -> PickItem<ModelRow> {
    let target = &entry.target;
    let (label, detail) = (target.name.clone(), target.provider.clone());
    let usable = entry.availability == Availability::Ready;
    PickItem { usable, only_when_searched, ..PickItem::new(ModelRow::Model(Box::new(entry)), label, detail) }
}

/// Says what should be known of a target before it is asked: that it is gone or going, and what follows it.
#[must_use]
pub fn warning(target: &Target, today: &str) -> Option<String> {
    if target.custom_endpoint {
        return None;
    }
    let day = target.card.shutdown.as_deref()?;
    let successor = target.card.successor.as_ref().map_or_else(String::new, |next| format!("; {next} follows it"));
    let when = if target.is_retired_on(today) { "retired" } else { "to be shut down" };
    Some(format!("{when} on {day}{successor}"))
}

/// Columns before a row: the bar of the chosen one, and a blank.
const BESIDE: u16 = 2;

/// Rows below the list: the keys of the chosen model's provider, and what its accounts use.
const FEET: u16 = 2;

impl Models {
    /// Has the provider of the chosen model be sent more calls at once, or fewer, on each account.
    fn changed_calls(&self, by: isize, cx: OverlayCx<'_>) -> Option<After> {
        let provider = self.chosen_model()?.target.provider.clone();
        let own: Vec<&AccountState> =
            cx.shared.accounts.iter().filter(|account| account.provider == provider).collect();
        let most = changed(&own, by)?;
        Some(After::StayAnd(Intent::SetConcurrency { provider, most }))
    }

    /// Has the chosen model come first, or no longer.
    fn turn_favourite(&self) -> Option<After> {
        let entry = self.chosen_model()?;
        let (model, favourite) = (entry.target.name.clone(), !entry.favourite);
        Some(After::StayAnd(Intent::SetFavourite { model, favourite }))
    }
}

impl OverlayPart for Models {
    fn title(&self) -> &'static str {
        match self.what {
            ModelFor::Lane(_) => "Models",
            ModelFor::NewLane => "Models for a new lane",
            ModelFor::Batch => "Models of the batch",
        }
    }

    fn beside(&self, scene: Scene<'_>) -> Line<'static> {
        let of = self.choice.total();
        let count = if self.choice.query.is_empty() {
            format!("{} ready of {of}", self.ready)
        } else {
            format!("{} of {of}", self.choice.len())
        };
        let mut line = Line::default();
        if let Some(only) = &self.only {
            line.spans.extend([scene.foreign(only, Role::Title), scene.span(" alone  ", Role::Quiet)]);
        }
        line.push_span(scene.span(count, Role::Quiet));
        line
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((112, 30))
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        let calls = [Action::Verb(Verb::MoreCalls), Action::Verb(Verb::FewerCalls)]
            .map(|action| scene.key_where(action, false))
            .join(" ");
        let accept = match self.marked.len() {
            0 => "Use".to_owned(),
            1 => "Open the marked in a lane".to_owned(),
            count => format!("Open {count} in lanes"),
        };
        vec![
            hint(scene, Verb::Accept, &accept),
            hint(scene, OverlayAction::Mark, "mark"),
            hint(scene, Verb::NextPane, "provider"),
            hint(scene, OverlayAction::LookAgain, "look for servers again"),
            hint(scene, OverlayAction::Favourite, "favourite"),
            (calls, "calls at once".to_owned()),
            arrows("choose"),
        ]
    }

    fn query(&self) -> Option<&LineInput> {
        Some(&self.choice.query)
    }

    fn interactive(&mut self) -> Option<&mut dyn Interactive> {
        Some(&mut self.choice)
    }

    /// Goes from provider to provider; marks where nothing is typed, or where the choice was moved since, else the key is
    /// part of what is searched.
    fn key(&mut self, chord: Chord, cx: OverlayCx<'_>) -> Option<After> {
        let marks = cx.shared.keymap.chords(OverlayAction::Mark).contains(&chord);
        if marks && (self.choice.query.is_empty() || self.moved) {
            self.turn_mark();
            return Some(After::Stay);
        }
        for (verb, forward) in [(Verb::NextPane, true), (Verb::PreviousPane, false)] {
            if cx.shared.keymap.chords(verb).contains(&chord) {
                self.next_provider(forward, cx.shared);
                return Some(After::Stay);
            }
        }
        Interactive::key(&mut self.choice, chord).then(|| {
            self.moved = false;
            After::Stay
        })
    }

    fn step(&mut self, by: isize) {
        self.moved = true;
        self.choice.step(by);
    }

    /// Chooses a model by the line it stands on.
    fn click(&mut self, row: usize, column: usize) -> bool {
        let at = match self.lines.get(self.top + row) {
            Some(ListLine::Row(at)) => Some(*at),
            Some(ListLine::Names(names)) => {
                let mut from = usize::from(BESIDE);
                self.choice.shown().enumerate().skip(names.start).take(names.len()).find_map(|(at, item)| {
                    let to = from + name_width(item);
                    let is_here = (from..to).contains(&column);
                    from = to;
                    is_here.then_some(at)
                })
            }
            Some(ListLine::Heads(_) | ListLine::Heading(_) | ListLine::Blank) | None => None,
        };
        if let Some(at) = at {
            self.choice.choose(at);
        }
        at.is_some()
    }

    fn change_calls(&mut self, by: isize, cx: OverlayCx<'_>) -> After {
        self.changed_calls(by, cx).unwrap_or(After::Stay)
    }

    fn act(&mut self, action: OverlayAction, _cx: OverlayCx<'_>) -> After {
        match action {
            OverlayAction::Favourite => self.turn_favourite().unwrap_or(After::Stay),
            OverlayAction::Mark => {
                self.turn_mark();
                After::Stay
            }
            OverlayAction::LookAgain => After::StayAnd(Intent::LookForServers),
            _ => After::Stay,
        }
    }

    fn accept(&mut self, cx: OverlayCx<'_>) -> After {
        if !self.marked.is_empty() {
            let targets = std::mem::take(&mut self.marked);
            return After::CloseAnd(match self.what {
                ModelFor::Lane(_) | ModelFor::NewLane => {
                    Intent::Bench(BenchIntent::OpenModels { of: self.what, targets })
                }
                ModelFor::Batch => Intent::Batch(BatchIntent::Choose(BatchChoice::Models(targets))),
            });
        }
        if let Some(PickItem { value: ModelRow::KeyMissing { provider, variable, .. }, .. }) = self.choice.chosen() {
            let says = format!("API key missing: set {variable} to use {provider}");
            return After::StayAnd(Intent::Say(Tone::Warning, says));
        }
        let Some(target) = self.taken() else {
            return After::Stay;
        };
        if let Err(unknown) = cx.shared.catalog.resolve(&target) {
            return After::StayAnd(Intent::Say(Tone::Error, unknown.to_string()));
        }
        After::CloseAnd(match self.what {
            ModelFor::Lane(_) | ModelFor::NewLane => Intent::Bench(BenchIntent::SetModel { of: self.what, target }),
            ModelFor::Batch => Intent::Batch(BatchIntent::Choose(BatchChoice::Models(vec![target]))),
        })
    }

    /// Takes in what has come to be known, and keeps the chosen model in sight above the feet.
    fn fit(&mut self, body: Rect, cx: OverlayCx<'_>) {
        if self.facts != cx.shared.model_facts {
            self.fill(cx.shared);
        }
        self.lay(usize::from(body.width.saturating_sub(BESIDE)));
        let height = usize::from(body.height.saturating_sub(FEET));
        let at = self.choice.at();
        let line = self.lines.iter().position(|line| line.holds(at)).unwrap_or(0);
        // The heading above the first row of a part is seen with it.
        let from = if line <= 1 { 0 } else { line };
        self.top = self.top.clamp((line + 1).saturating_sub(height).min(from), from);
        self.top = self.top.min(self.lines.len().saturating_sub(height).max((line + 1).saturating_sub(height)));
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        if self.choice.is_empty() {
            let typed = self.taken().unwrap_or_default();
            let key = scene.key(Verb::Accept);
            let line = Line::from(vec![
                scene.span(format!("No model matches. {key} asks for "), Role::Quiet),
                scene.foreign(&typed, Role::Title),
            ]);
            buffer.set_line(body.x, body.y, &line, body.width);
            return;
        }
        let last = Rect { y: body.bottom().saturating_sub(FEET), height: body.height.min(FEET), ..body };
        if let Some(entry) = self.chosen_model().filter(|entry| entry.target.is_demo()) {
            let line = fitted(&self.note(entry, &scene.shared.today()), usize::from(last.width));
            buffer.set_line(last.x, last.y, &Line::from(scene.span(line, Role::Quiet)), last.width);
        } else if let Some(target) = self.chosen_model().map(|entry| &entry.target) {
            let provider = &target.provider;
            let states = [("keys", keys_of(scene.shared, provider)), ("calls", accounts_of(scene.shared, provider))];
            let known = states.into_iter().filter_map(|(what, text)| Some((what, text?)));
            let mut feet: Vec<String> =
                known.map(|(what, text)| format!("{what} of {provider}: {}", text.as_str())).collect();
            match (audio_prices(target), feet.first_mut()) {
                (Some(audio), Some(first)) => *first = format!("{audio}   {first}"),
                (Some(audio), None) => feet.push(audio),
                (None, _) => {}
            }
            for (place, text) in last.rows().zip(feet) {
                let line = fitted(&text, usize::from(place.width));
                buffer.set_line(place.x, place.y, &Line::from(scene.foreign(&line, Role::Quiet)), place.width);
            }
        }
        let rows = Rect { height: body.height.saturating_sub(FEET), ..body };
        let room = usize::from(body.width).saturating_sub(2);
        let columns = ModelColumns::new(room);
        let shown: Vec<&PickItem<ModelRow>> = self.choice.shown().collect();
        for (line, place) in self.lines.iter().skip(self.top).zip(rows.rows()) {
            let (x, wide) = (place.x.saturating_add(BESIDE), place.width.saturating_sub(BESIDE));
            let beside = Rect { x, width: wide, ..place };
            match line {
                ListLine::Names(names) => {
                    if names.contains(&self.choice.at()) {
                        let bar = scene.theme.style(Role::Focus).add_modifier(Modifier::BOLD);
                        buffer.set_stringn(place.x, place.y, scene.theme.bar(), 1, bar);
                    }
                    let shown = (names.start..).zip(shown.iter().skip(names.start).take(names.len()));
                    let spans = shown.flat_map(|(at, item)| self.name(scene, item, at == self.choice.at()));
                    buffer.set_line(beside.x, beside.y, &Line::from(spans.collect::<Vec<_>>()), beside.width);
                }
                ListLine::Blank => {}
                ListLine::Heads(part) => {
                    let head = format!("{}{}  your runs", left(part, columns.name + 2), columns.set(HEADS));
                    buffer.set_line(beside.x, beside.y, &Line::from(scene.span(head, Role::Quiet)), beside.width);
                }
                ListLine::Heading(text) => {
                    let line = Line::from(scene.foreign(&fitted(text, room), Role::Quiet));
                    buffer.set_line(beside.x, beside.y, &line, beside.width);
                }
                ListLine::Row(at) => {
                    let Some(item) = shown.get(*at) else { continue };
                    let line = match &item.value {
                        ModelRow::Model(entry) => self.row(scene, columns, entry, room),
                        ModelRow::KeyMissing { provider, variable, count } => {
                            let plural = if *count == 1 { "model" } else { "models" };
                            let about = format!(" {}  set {variable}", left(&format!("{count} {plural}"), 10));
                            Line::from(vec![
                                scene.foreign(&format!("  {}", left(provider, 12)), Role::Text),
                                scene.foreign(&about, Role::Quiet),
                            ])
                        }
                    };
                    pick_row(&line, place, *at == self.choice.at(), scene.theme, buffer);
                }
            }
        }
    }
}

impl Models {
    /// Writes a model by its name alone, the chosen one in brackets.
    fn name(&self, scene: Scene<'_>, item: &PickItem<ModelRow>, here: bool) -> [Span<'static>; 4] {
        let mark = if self.marked.contains(&item.label) { "●" } else { " " };
        let (role, (open, close)) = if here { (Role::Title, ("[", "]")) } else { (Role::Text, (" ", " ")) };
        [
            scene.span(mark, Role::Focus),
            scene.span(open, Role::Focus),
            scene.foreign(&item.label, role),
            scene.span(close, Role::Focus),
        ]
    }

    fn row(&self, scene: Scene<'_>, columns: ModelColumns, entry: &ModelEntry, room: usize) -> Line<'static> {
        let target = &entry.target;
        let [each_in, each_out] = prices(target);
        let size =
            if target.is_demo() { String::new() } else { target.card.context.map_or_else(|| "?".to_owned(), count) };
        let usable = entry.availability == Availability::Ready;
        let cells = columns.set([&target.provider, &each_in, &each_out, &size]);
        let note = self.note(entry, &scene.shared.today());
        let ends = target.card.shutdown.is_some() && !target.custom_endpoint;
        let (mark, mark_role) = match &entry.availability {
            _ if self.marked.contains(&target.name) => ("● ", Role::Focus),
            Availability::Retired => ("✗ ", Role::Fail),
            Availability::Ready if entry.favourite => ("* ", Role::Pass),
            Availability::Ready if ends => ("! ", Role::Wait),
            Availability::Ready | Availability::KeyMissing(_) | Availability::NotServed => ("  ", Role::Quiet),
        };
        let used = 2 + columns.name + width(&cells) + 2;
        let (name_role, role) = if usable { (Role::Title, Role::Text) } else { (Role::Quiet, Role::Quiet) };
        Line::from(vec![
            scene.span(mark, mark_role),
            scene.foreign(&left(&target.name, columns.name), name_role),
            scene.foreign(&cells, role),
            scene.foreign(&format!("  {}", fitted(&note, room.saturating_sub(used))), role),
        ])
    }

    /// Says why a model cannot be asked, or what the record has of it and when its vendor ends it.
    fn note(&self, entry: &ModelEntry, today: &str) -> String {
        let target = &entry.target;
        let known = self.runs.get(&target.name).or_else(|| self.runs.get(&target.model));
        let runs = match (known, target.is_demo()) {
            (Some(ModelRuns { runs, p50, passed }), _) => {
                let plural = if *runs == 1 { "run" } else { "runs" };
                let p50 = p50.map(|ms| format!("  p50 {}", duration(Duration::from_millis(u64::from(ms)))));
                let passed = passed.map(|share| format!("  {:.0}% passed", share * 100.0));
                format!("{runs} {plural}{}{}", p50.unwrap_or_default(), passed.unwrap_or_default())
            }
            (None, true) => {
                let about = DEMO_MODELS.iter().find(|(name, _)| *name == target.name);
                about.map_or("", |(_, about)| about).to_owned()
            }
            (None, false) => "never run".to_owned(),
        };
        match &entry.availability {
            Availability::KeyMissing(variable) => format!("set {variable}"),
            Availability::NotServed => format!("not in {}'s list", target.provider),
            Availability::Retired => end(target, today),
            Availability::Ready => {
                let served = if entry.served && target.is_local() { "served now" } else { "" };
                let parts = [runs, served.to_owned(), end(target, today)];
                parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("   ")
            }
        }
    }
}

/// Says when the provider ends a model, and what follows it. Another endpoint is not bound by that.
fn end(target: &Target, today: &str) -> String {
    let Some(day) = target.card.shutdown.as_deref().filter(|_| !target.custom_endpoint) else {
        return String::new();
    };
    let successor = target.card.successor.as_ref().map_or_else(String::new, |next| format!(", use {next}"));
    let when = if target.is_retired_on(today) { "retired" } else { "until" };
    format!("{when} {day}{successor}")
}
