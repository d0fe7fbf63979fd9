//! What changed against the baseline of a prompt, a screen over the batch: a list of the rows that came out another way, the
//! two answers of the chosen one, and a key for each decision. Each decision is written at once.

mod asking;
mod steps;
mod view;

use crossterm::event::KeyCode;
use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::Verb,
        context::Scene,
        event::{InboxRead, InboxWanted, Ticket},
        intent::{InboxOpening, InboxStep, Intent, OverlayIntent},
        notices::Tone,
        overlay::{After, Hint, OverlayCx, OverlayPart, arrows, hint},
        overlays::{
            inbox::{asking::RowAsking, view::ChangeAnswers},
            text_prompt::{TextFor, TextPrompt},
        },
    },
    eval::baseline::{BaselineChange, ChangeKind, ReviewDecision, inbox::InboxDecisions},
    text::format::counted,
    widgets::{
        interactive::Interactive,
        key::Chord,
        motion::Motion,
        pick_list::{PickItem, PickList},
        theme::Role,
    },
};

/// The keys that decide at once, with what is decided.
const KEYS: [(char, ReviewDecision); 2] = [('a', ReviewDecision::Accept), ('p', ReviewDecision::Pin)];

/// What changed in a batch, with what was decided of it.
#[derive(Debug, Clone)]
pub struct InboxPane {
    opening: InboxOpening,
    /// Which of the batch's prompts it is about, by its place.
    prompt: usize,
    /// What is waited for.
    reading: Option<Ticket>,
    /// None until it was read.
    decisions: Option<Box<InboxDecisions>>,
    /// Whether the prompt is another version by now than the batch asked.
    stale: bool,
    /// Why it could not be read.
    failed: Option<String>,
    /// Why the baseline could not be written as it was decided.
    unsaved: Option<String>,
    /// Which kind of change is listed; all where unset.
    filter: Option<ChangeKind>,
    /// The places of the changes that are listed.
    list: PickList<usize>,
    /// A row that is asked more often.
    asking: Option<RowAsking>,
    /// What came of the last key.
    says: Option<String>,
    answers: ChangeAnswers,
    /// Rows above the list.
    above: usize,
}

impl InboxPane {
    /// Waits for what is read.
    #[must_use]
    pub fn new(opening: InboxOpening) -> Self {
        Self {
            opening,
            prompt: 0,
            reading: None,
            decisions: None,
            stale: false,
            failed: None,
            unsaved: None,
            filter: None,
            list: PickList::menu(Vec::new()),
            asking: None,
            says: None,
            answers: ChangeAnswers::default(),
            above: 0,
        }
    }

    /// Names what is read.
    fn wanted(&self) -> InboxWanted {
        let prompts = &self.opening.request.spec.prompts;
        let prompt = prompts.get(self.prompt).map(|(name, _)| name.clone()).unwrap_or_default();
        InboxWanted { prompt, batch: self.opening.batch }
    }

    fn prompt_count(&self) -> usize {
        self.opening.request.spec.prompts.len()
    }

    /// Takes in what was read.
    fn take(&mut self, read: Result<Box<InboxRead>, String>) {
        self.reading = None;
        match read {
            Ok(read) => {
                self.stale = read.stale;
                self.decisions = Some(Box::new(InboxDecisions::new(read.inbox)));
                self.failed = None;
            }
            Err(why) => self.failed = Some(why),
        }
        self.fill(0);
    }

    /// Lists what the filter leaves, with the change at a place chosen if it is listed.
    fn fill(&mut self, chosen: usize) {
        let listed = self.listed();
        let at = listed.iter().position(|place| *place >= chosen).unwrap_or(listed.len().saturating_sub(1));
        self.list.refill(listed.into_iter().map(|place| PickItem::new(place, "", "")).collect());
        self.list.choose(at);
        self.answers.forget();
    }

    fn listed(&self) -> Vec<usize> {
        let changes = self.decisions.as_ref().map(|decisions| decisions.changes()).unwrap_or_default();
        let is_listed = |change: &BaselineChange| self.filter.is_none_or(|kind| change.kind == kind);
        changes.iter().enumerate().filter(|(_, change)| is_listed(change)).map(|(place, _)| place).collect()
    }

    /// Returns the chosen change, with its place.
    fn chosen(&self) -> Option<(usize, &BaselineChange)> {
        let place = self.list.chosen()?.value;
        Some((place, self.decisions.as_ref()?.changes().get(place)?))
    }

    /// Decides of some changes, and goes on to the next that nothing was decided of.
    fn decide(&mut self, places: Vec<usize>, decision: &ReviewDecision) -> After {
        let (Some(decisions), Some(first)) = (&mut self.decisions, places.first().copied()) else {
            return After::Stay;
        };
        let all = places.len();
        let refused = decisions.decide(places.into_iter(), decision);
        self.says = match refused.as_slice() {
            [] => None,
            [(_, why)] if all == 1 => Some(why.clone()),
            [(_, why), ..] => Some(format!("not {} of {all}: {why}", counted(refused.len() as u64, "row"))),
        };
        if refused.len() == all {
            return After::Stay;
        }
        self.go_on(first);
        step(InboxStep::Write)
    }

    /// Chooses the next change that nothing was decided of: after a place, else before it, else none other.
    fn go_on(&mut self, from: usize) {
        let Some(decisions) = &self.decisions else { return };
        let listed = self.listed();
        let open = |place: &&usize| decisions.decision(**place).is_none();
        let later = listed.iter().filter(open).find(|place| **place > from);
        let next = later.or_else(|| listed.iter().find(open)).copied();
        if let Some(at) = next.and_then(|next| listed.iter().position(|place| *place == next)) {
            self.list.choose(at);
        }
    }

    /// Lists what is still to be decided of what is listed.
    fn left(&self) -> Vec<usize> {
        let Some(decisions) = &self.decisions else { return Vec::new() };
        self.listed().into_iter().filter(|place| decisions.decision(*place).is_none()).collect()
    }

    fn undo(&mut self) -> After {
        let Some(place) = self.decisions.as_mut().and_then(|decisions| decisions.undo()) else {
            self.says = Some("Nothing was decided yet".to_owned());
            return After::Stay;
        };
        self.says = None;
        if !self.listed().contains(&place) {
            self.filter = None;
        }
        self.fill(place);
        step(InboxStep::Write)
    }

    /// Lists the next kind of change there is, and all after the last.
    fn turn_filter(&mut self) -> After {
        let Some(decisions) = &self.decisions else { return After::Stay };
        let kinds: Vec<ChangeKind> =
            ChangeKind::ALL.into_iter().filter(|kind| decisions.review().count(*kind) > 0).collect();
        self.filter = match self.filter.and_then(|kind| kinds.iter().position(|other| *other == kind)) {
            None => kinds.first().copied(),
            Some(at) => kinds.get(at + 1).copied(),
        };
        let place = self.list.chosen().map_or(0, |item| item.value);
        self.fill(place);
        After::Stay
    }

    fn reject(&mut self, rest: bool) -> After {
        let is_some = if rest { !self.left().is_empty() } else { self.chosen().is_some() };
        if !is_some {
            return After::Stay;
        }
        After::StayAnd(Intent::open(TextPrompt::new(TextFor::Rejection { rest }, "")))
    }

    /// Says where the baseline is written, without the folders above that of the prompt.
    fn file(&self) -> String {
        let Some(decisions) = &self.decisions else { return String::new() };
        let path = &decisions.inbox().path;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let folder = path.parent().and_then(|parent| parent.file_name());
        folder.map_or_else(|| name.to_string(), |folder| format!("{}/{name}", folder.to_string_lossy()))
    }

    /// Says in a line what was decided and where it stands.
    fn summary(&self) -> Option<String> {
        let decisions = self.decisions.as_ref()?;
        let decided = decisions.changes().len() - decisions.undecided();
        (decided > 0).then(|| format!("{}: {}", self.file(), decisions.sentence()))
    }
}

fn step(step: InboxStep) -> After {
    After::StayAnd(Intent::Overlay(OverlayIntent::Inbox(step)))
}

impl OverlayPart for InboxPane {
    fn title(&self) -> &'static str {
        "What changed"
    }

    fn heading(&self, scene: Scene<'_>, _width: u16) -> Line<'static> {
        let mut line = Line::from(scene.span("What changed", Role::Title));
        line.push_span(scene.foreign(&format!("  {}", self.wanted().prompt), Role::Text));
        line
    }

    fn beside(&self, scene: Scene<'_>) -> Line<'static> {
        let words = match &self.decisions {
            None => String::new(),
            Some(decisions) if decisions.changes().is_empty() => format!("batch {}", self.opening.batch.short()),
            Some(decisions) => {
                let decided = decisions.changes().len() - decisions.undecided();
                format!("batch {}  {decided} of {} decided", self.opening.batch.short(), decisions.changes().len())
            }
        };
        Line::from(scene.span(words, Role::Quiet))
    }

    fn is_screen(&self) -> bool {
        true
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((u16::MAX, u16::MAX))
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        let own = |key: &str, does: &str| (key.to_owned(), does.to_owned());
        let mut hints = Vec::new();
        if let Some(RowAsking::Offered { .. }) = self.asking {
            hints.push(hint(scene, Verb::Accept, "Ask"));
        }
        if self.unsaved.is_some() {
            hints.push(own("ctrl-s", "write again"));
        }
        let Some(decisions) = self.decisions.as_ref().filter(|decisions| !decisions.changes().is_empty()) else {
            return hints;
        };
        if self.asking.is_none() {
            hints.extend([
                own("a", "accept"),
                own("r", "reject"),
                own("p", "pin as a test"),
                own("x", "flaky"),
                own("s", "skip"),
                own("u", "undo"),
            ]);
            if !self.left().is_empty() {
                hints.push(own("A R", "all the rest"));
            }
            let kinds = ChangeKind::ALL.into_iter().filter(|kind| decisions.review().count(*kind) > 0).count();
            if kinds > 1 {
                hints.push(own("f", "filter"));
            }
        }
        if self.prompt_count() > 1 {
            hints.push(own("tab", "next prompt"));
        }
        if self.answers.is_cut() {
            hints.push(hint(scene, Motion::PageDown, "scroll"));
        }
        hints.push(arrows("choose"));
        hints
    }

    fn way_out(&self) -> &'static str {
        match self.asking {
            Some(RowAsking::Running { .. }) => "stop asking",
            Some(RowAsking::Offered { .. } | RowAsking::Planning { .. }) => "do not ask",
            Some(RowAsking::Reading { .. }) | None => "back",
        }
    }

    fn interactive(&mut self) -> Option<&mut dyn Interactive> {
        Some(&mut self.list)
    }

    fn key(&mut self, chord: Chord, _cx: OverlayCx<'_>) -> Option<After> {
        if chord.ctrl() && chord.code() == KeyCode::Char('s') {
            return Some(if self.decisions.is_some() { step(InboxStep::Write) } else { After::Stay });
        }
        if chord.code() == KeyCode::Tab && self.prompt_count() > 1 && self.asking.is_none() {
            return Some(step(InboxStep::NextPrompt));
        }
        let key = chord.text()?;
        if matches!(key, 'j' | 'k' | 'g' | 'G' | 'q' | '?') || self.decisions.is_none() {
            return None;
        }
        if key == 'f' {
            return Some(self.turn_filter());
        }
        // What is asked is waited for: its row may be another way by then.
        if self.asking.is_some() {
            return None;
        }
        let place = self.chosen().map(|(place, _)| place);
        if let Some((_, decision)) = KEYS.iter().find(|(own, _)| *own == key) {
            return Some(self.decide(place.into_iter().collect(), decision));
        }
        Some(match key {
            'r' => self.reject(false),
            'x' => self.flaky(),
            's' | ' ' => {
                self.says = None;
                self.list.step(1);
                After::Stay
            }
            'A' => self.decide(self.left(), &ReviewDecision::Accept),
            'R' => self.reject(true),
            'u' => self.undo(),
            _ => return None,
        })
    }

    /// Chooses a change, which is looked at first.
    fn click(&mut self, row: usize, _column: usize) -> bool {
        if let Some(row) = row.checked_sub(self.above) {
            self.list.click(row);
        }
        false
    }

    /// Scrolls the answers.
    fn page(&mut self, by: isize) {
        self.answers.scroll(by / 2);
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        match &self.asking {
            Some(RowAsking::Offered { .. }) => step(InboxStep::Ask),
            Some(RowAsking::Planning { .. } | RowAsking::Running { .. } | RowAsking::Reading { .. }) | None => {
                After::Stay
            }
        }
    }

    fn leave(&mut self) -> After {
        match &self.asking {
            Some(RowAsking::Running { .. }) => return step(InboxStep::Stop),
            Some(RowAsking::Offered { .. } | RowAsking::Planning { .. }) => {
                self.asking = None;
                self.says = None;
                return After::Stay;
            }
            Some(RowAsking::Reading { .. }) | None => {}
        }
        if let Some(why) = self.unsaved.take() {
            self.says = Some(format!("not written: {why}; ctrl-s writes it again, esc leaves without"));
            return After::Stay;
        }
        match self.summary() {
            Some(words) => After::CloseAnd(Intent::Say(Tone::Info, words)),
            None => After::Close,
        }
    }

    fn fit(&mut self, body: Rect, _cx: OverlayCx<'_>) {
        self.fit_view(body);
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        self.draw_on(scene, body, buffer);
    }
}
