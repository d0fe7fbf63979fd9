//! The traffic screen: the calls of programs through `retort serve` as they come, those on record below them; held where a text
//! matches, let go, changed, sent again, failed on purpose, and put on the bench.

pub(crate) mod refusal;
pub(crate) mod update;
pub(crate) mod view;

use std::collections::BTreeSet;

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{
        action::{Action, TrafficAction, Verb},
        context::{Cx, Scene, Shared},
        event::{Effect, TrafficCommand},
        intent::{Intent, TrafficIntent},
        refusal::Need,
        screen::{Footer, Pointer, Screen},
        screen_id::ScreenId,
    },
    model::{
        RunId,
        traffic::{LiveCall, LiveState, LiveTexts, LiveTraffic},
    },
    store::api::HistoryEntry,
    text::Wrapped,
    widgets::{
        frame::{FlowItem, text_area},
        key::Chord,
        line_input::LineInput,
        motion::Motion,
        table::Table,
    },
};

/// Rows above the list: the line that is typed, and what is said of the endpoint.
pub const HEAD: u16 = 2;

/// The width and the height from which on the list and the call under the cursor are shown together.
const WIDE: (u16, u16) = (100, 24);

/// What is typed into the line above the list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TrafficLine {
    /// Nothing.
    #[default]
    None,
    /// What narrows the list.
    Filter,
    /// What a call has to have to be held.
    Hold,
    /// Which calls are failed.
    Fail,
}

/// A row of the list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TrafficRow<'a> {
    /// A call that the endpoint tells of.
    Live(&'a LiveCall),
    /// One on record.
    Stored(&'a HistoryEntry),
}

impl TrafficRow<'_> {
    /// Returns its run on record, if there is one by now.
    #[must_use]
    pub fn run(&self) -> Option<RunId> {
        match self {
            Self::Live(call) => call.run,
            Self::Stored(entry) => Some(entry.run),
        }
    }
}

/// The screen's state.
#[derive(Debug, Default)]
pub struct Traffic {
    /// What the endpoint tells.
    pub live: LiveTraffic,
    /// Why it tells nothing.
    pub problem: Option<String>,
    /// The calls on record, the newest first.
    pub stored: Vec<HistoryEntry>,
    /// The rows of the list.
    pub table: Table,
    /// The text that narrows the list.
    pub filter: LineInput,
    /// The text whose calls are held, as it is typed.
    pub holding: LineInput,
    /// The rule by which calls are failed, as it is typed.
    pub failing: LineInput,
    pub line: TrafficLine,
    /// The runs that are marked.
    pub marked: BTreeSet<RunId>,
    /// Whether the keys move in the call, and not in the list.
    pub reading: bool,
    /// What the call under the cursor asked and was answered, by its number.
    pub texts: Option<(u64, LiveTexts)>,
    asked: Option<(u64, u64)>,
    body: Wrapped,
    top: usize,
    height: usize,
    shown: Option<u64>,
    /// Whether what is shown of the call is to be written anew.
    stale: bool,
    watching: bool,
    /// How many calls were over when those on record were read.
    read_at: Option<usize>,
}

impl Traffic {
    /// Lists the rows, the newest first: those that the endpoint tells of, then those on record.
    #[must_use]
    pub fn rows(&self) -> Vec<TrafficRow<'_>> {
        let words = self.filter.text().to_lowercase();
        let fits = |text: String| words.split_whitespace().all(|word| text.to_lowercase().contains(word));
        let live = self.live.calls.iter().rev();
        let known: BTreeSet<RunId> = live.clone().filter_map(|call| call.run).collect();
        let live = live.filter(|call| fits(view::words_of(call))).map(TrafficRow::Live);
        let stored = self.stored.iter().filter(|entry| !known.contains(&entry.run));
        let stored =
            stored.filter(|entry| fits(format!("{} {} {} {}", entry.target, entry.end, entry.input, entry.answer)));
        live.chain(stored.map(TrafficRow::Stored)).collect()
    }

    /// Returns the row under the cursor.
    #[must_use]
    pub fn chosen(&self) -> Option<TrafficRow<'_>> {
        self.rows().get(self.table.chosen()?).copied()
    }

    /// Returns the call under the cursor where the endpoint tells of it.
    #[must_use]
    pub fn chosen_call(&self) -> Option<&LiveCall> {
        match self.chosen()? {
            TrafficRow::Live(call) => Some(call),
            TrafficRow::Stored(_) => None,
        }
    }

    /// Tells whether the call under the cursor waits to be let go.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.chosen_call().is_some_and(|call| call.state == LiveState::Held)
    }

    /// Tells whether a call is under way, whose time goes on.
    #[must_use]
    pub fn busy(&self) -> bool {
        self.live.calls.iter().any(|call| call.state != LiveState::Over)
    }

    /// Keeps the cursor on its row where others come above it.
    fn keep(&mut self, change: impl FnOnce(&mut Self)) {
        let key = |row: TrafficRow<'_>| match row {
            TrafficRow::Live(call) => (Some(call.id), call.run),
            TrafficRow::Stored(entry) => (None, Some(entry.run)),
        };
        let (at_top, before) = (self.table.at() == 0, self.chosen().map(key));
        change(self);
        let rows = self.rows();
        let is_same = |row: &TrafficRow<'_>| {
            let (id, run) = key(*row);
            before.is_some_and(|(own, of)| (own.is_some() && id == own) || (of.is_some() && run == of))
        };
        let (all, place) = (rows.len(), rows.iter().position(is_same));
        self.table.grow(all);
        let at = if at_top { 0 } else { self.table.at() };
        self.table.choose(place.filter(|_| !at_top).unwrap_or(at));
    }
}

/// Where the parts of the screen are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrafficAreas {
    pub head: Rect,
    /// The list, its head included; empty where it is out of sight.
    pub table: Rect,
    /// The call, its frame included; empty where it is out of sight.
    pub call: Rect,
}

/// Shares the body among its parts.
#[must_use]
pub fn areas(body: Rect, reading: bool) -> TrafficAreas {
    let head = Rect { height: HEAD.min(body.height), ..body };
    let rest = Rect { y: body.y + head.height, height: body.height - head.height, ..body };
    let none = Rect { height: 0, ..rest };
    if body.width >= WIDE.0 && body.height >= WIDE.1 {
        let rows = (rest.height * 2 / 5).max(8);
        let call = Rect { y: rest.y + rows, height: rest.height - rows, ..rest };
        TrafficAreas { head, table: Rect { height: rows, ..rest }, call }
    } else if reading {
        TrafficAreas { head, table: none, call: rest }
    } else {
        TrafficAreas { head, table: rest, call: none }
    }
}

impl Screen for Traffic {
    type Own = TrafficAction;
    type Request = TrafficIntent;

    const ID: ScreenId = ScreenId::Traffic;

    const NEEDS: &'static [Need<Self>] = refusal::NEEDS;

    fn enter(&mut self, _cx: &mut Cx<'_, Self>) {
        self.read_at = None;
    }

    fn act(&mut self, action: TrafficAction, cx: &mut Cx<'_, Self>) {
        self.do_own(action, cx);
    }

    fn verb(&mut self, verb: Verb, cx: &mut Cx<'_, Self>) {
        self.do_verb(verb, cx);
    }

    fn go(&mut self, motion: Motion, _cx: &mut Cx<'_, Self>) {
        if !self.reading {
            return self.table.go(motion);
        }
        let page = isize::try_from(self.height.max(1)).unwrap_or(1);
        match motion {
            Motion::Up => self.scroll(-1),
            Motion::Down => self.scroll(1),
            Motion::HalfUp => self.scroll(-(page / 2).max(1)),
            Motion::HalfDown => self.scroll((page / 2).max(1)),
            Motion::PageUp => self.scroll(-page),
            Motion::PageDown => self.scroll(page),
            Motion::Top => self.scroll(isize::MIN),
            Motion::Bottom => self.scroll(isize::MAX),
            Motion::Left => self.table.step(-1),
            Motion::Right => self.table.step(1),
        }
    }

    fn receive(&mut self, request: TrafficIntent, cx: &mut Cx<'_, Self>) {
        match request {
            TrafficIntent::Reopen(record) => {
                cx.send(Intent::Bench(crate::app::intent::BenchIntent::Reopen { record, run: false }));
            }
            TrafficIntent::WriteRows { runs, file } => {
                self.marked.clear();
                cx.effect(Effect::WriteRows { runs, file });
            }
        }
    }

    fn typing(&self) -> bool {
        self.line != TrafficLine::None
    }

    fn key(&mut self, chord: Chord, _cx: &mut Cx<'_, Self>) -> bool {
        match self.line {
            TrafficLine::None => false,
            TrafficLine::Filter => {
                let taken = self.filter.key(chord).is_some();
                self.keep(|_| {});
                taken
            }
            TrafficLine::Hold => self.holding.key(chord).is_some(),
            TrafficLine::Fail => self.failing.key(chord).is_some(),
        }
    }

    fn paste(&mut self, text: &str, _cx: &mut Cx<'_, Self>) {
        match self.line {
            TrafficLine::Hold => self.holding.paste(text),
            TrafficLine::Fail => self.failing.paste(text),
            TrafficLine::None | TrafficLine::Filter => {
                self.line = TrafficLine::Filter;
                self.filter.paste(text);
                self.keep(|_| {});
            }
        }
    }

    fn mouse(&mut self, pointer: Pointer, cx: &mut Cx<'_, Self>) {
        let areas = areas(cx.shared.body, self.reading);
        let on = |area: Rect| pointer.at.y >= area.y && pointer.at.y < area.bottom();
        match pointer.wheel {
            Some(by) if on(areas.call) => self.scroll(by),
            Some(by) => self.table.step(by),
            None if on(areas.table) => {
                self.reading = false;
                if let Some(line) = usize::from(pointer.at.y).checked_sub(usize::from(areas.table.y) + 1) {
                    self.table.click(line);
                }
            }
            None => self.reading = on(areas.call) && self.chosen().is_some(),
        }
    }

    fn settle(&mut self, is_shown: bool, cx: &mut Cx<'_, Self>) {
        if is_shown != self.watching {
            self.watching = is_shown;
            cx.effect(Effect::WatchTraffic(is_shown));
        }
        if !is_shown {
            return;
        }
        self.ask_stored(cx);
        let call = self.chosen_call().map(|call| (call.id, self.live.revision));
        if let Some((id, revision)) = call
            && self.asked != Some((id, revision))
        {
            self.asked = Some((id, revision));
            cx.effect(Effect::Traffic(TrafficCommand::Texts(id)));
        }
    }

    fn prepare(&mut self, shared: &Shared) {
        let areas = areas(shared.body, self.reading);
        self.table.fit(usize::from(areas.table.height.saturating_sub(1)));
        let inside = text_area(areas.call);
        self.height = usize::from(inside.height);
        self.fit_text(inside.width);
    }

    fn draw(&self, scene: Scene<'_>, buffer: &mut Buffer) {
        view::draw(scene, self, buffer);
    }

    fn totals(&self, scene: Scene<'_>) -> Vec<FlowItem> {
        view::totals(scene, self)
    }

    fn under_way(&self, scene: Scene<'_>) -> Option<FlowItem> {
        view::under_way(scene, self)
    }

    fn is_asking(&self) -> bool {
        self.typing()
    }

    fn footer(&self, action: Action) -> Footer {
        if self.typing() {
            let accepts = match self.line {
                TrafficLine::Hold => "hold",
                TrafficLine::Fail => "fail them",
                TrafficLine::None | TrafficLine::Filter => "keep filter",
            };
            return match action {
                Action::Verb(Verb::Accept) => Footer::As(accepts),
                action => Footer::of(matches!(action, Action::Global(_))),
            };
        }
        match action {
            Action::Traffic(action) => match action {
                TrafficAction::HoldCalls if self.live.hold.is_some() => Footer::As("hold none"),
                TrafficAction::FailCalls if self.live.fail.is_some() => Footer::As("fail none"),
                TrafficAction::HoldCalls | TrafficAction::FailCalls => Footer::Shown,
                TrafficAction::LetGo | TrafficAction::FailCall => Footer::of(self.is_held()),
                TrafficAction::EditCall if self.is_held() => Footer::As("change"),
                TrafficAction::EditCall => Footer::of(self.chosen_call().is_some()),
                TrafficAction::ResendCall => Footer::of(self.chosen_call().is_some() && !self.is_held()),
                TrafficAction::MarkCall | TrafficAction::RowsOfCalls => {
                    Footer::of(self.chosen().is_some_and(|row| row.run().is_some()))
                }
            },
            Action::Verb(Verb::Accept) => Footer::of(!self.reading && self.chosen().is_some()),
            Action::Verb(Verb::Xray | Verb::ToBench) => {
                Footer::of(self.chosen().is_some_and(|row| row.run().is_some()))
            }
            Action::Verb(_) | Action::Global(_) | Action::Motion(_) => Footer::Shown,
            Action::Overlay(_) | Action::Bench(_) | Action::Batch(_) | Action::History(_) | Action::Quality(_) => {
                Footer::Hidden
            }
        }
    }
}
