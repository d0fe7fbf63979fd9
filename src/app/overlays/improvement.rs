//! An improvement of a prompt, a screen over the others: how far it is, its candidates, what the chosen one changes, and at the
//! end the verdict and what becomes of the winner. It goes on when the screen is left.

use std::time::Duration;

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::{GlobalAction, Verb},
        context::{Scene, Shared},
        event::ExperimentEnd,
        intent::{Intent, LabIntent},
        lab::{CandidateState, Decision, LabCandidate, LabPart, LabState, LabWork},
        overlay::{After, Hint, OverlayCx, OverlayPart, arrows, hint},
        overlays::confirm::Confirm,
    },
    eval::experiment::ExperimentLimits,
    model::{PicoDollars, Prompt, prompt_toml},
    present::improve::{money, verdict_of},
    text::{
        diff::rows::{DiffPiece, rows},
        format::{count, counted, rough_time, thousands},
        wrapped_lines,
    },
    widgets::{
        frame::{Hold, pane},
        key::Chord,
        pick_list::pick_row,
        table::{fitted, left},
        theme::Role,
    },
};

/// Rows of the verdict, and of the reason of the candidate under the cursor, at most.
const VERDICT: usize = 5;
const REASON: usize = 3;

/// The screen: which candidate is looked at, and what it changes.
#[derive(Debug, Clone, Default)]
pub struct ImprovementPane {
    /// The place of the candidate under the cursor.
    at: usize,
    /// Whether a person has moved the cursor: it stays there then.
    moved: bool,
    /// What the candidate changes, in rows.
    rows: Vec<Vec<DiffPiece>>,
    /// The first row of it that is seen, and how many are.
    top: usize,
    seen: usize,
    /// For which candidate and width the rows were made.
    made: Option<(String, u16)>,
    /// Candidates, as of the last frame.
    count: usize,
}

/// Writes a prompt as one text, as far as it makes a version.
fn text(prompt: &Prompt) -> String {
    let version = prompt.version();
    prompt_toml::write(&version).unwrap_or_else(|_| format!("{}\n\n{}", version.system, version.user))
}

/// Writes what is used of what may be: `34 of 100`.
fn of_limit(used: String, limit: Option<String>) -> String {
    match limit {
        Some(limit) => format!("{used} of {limit}"),
        None => used,
    }
}

/// Says how far an experiment is, and what it has taken of what it may take, in rows of a width.
pub(crate) fn head(work: &LabWork, shared: &Shared, wide: u16) -> Vec<(String, Role)> {
    let wrapped = |text: &str, role: Role| -> Vec<(String, Role)> {
        wrapped_lines(text, wide).into_iter().map(|row| (row, role)).collect()
    };
    let (state, role) = match &work.state {
        LabState::Running => (part(work), Role::Busy),
        LabState::Stopping => ("stops …".to_owned(), Role::Wait),
        LabState::Done => (String::new(), Role::Text),
        LabState::Ended(ExperimentEnd::Stopped) => {
            ("■ stopped: what was answered is kept, and not asked again".to_owned(), Role::Wait)
        }
        LabState::Ended(ExperimentEnd::Capped(why)) => {
            (format!("■ stopped before its end: {why}. With a higher limit it goes on"), Role::Wait)
        }
        LabState::Ended(ExperimentEnd::Failed(why)) => (format!("✗ {why}"), Role::Fail),
    };
    let mut rows = if state.is_empty() { Vec::new() } else { wrapped(&state, role) };
    let ExperimentLimits { cost, tokens, calls, time } = work.request.limits;
    let dollars = |cost: f64| PicoDollars((cost * 1e12).round().max(0.0) as u64).to_string();
    // Without a limit on calls nobody counts them; and what it all took stands in the verdict.
    let mut took = vec![calls.map_or_else(
        || counted(work.spent.cells, "answer"),
        |most| format!("{} of {} calls", thousands(work.calls), thousands(most)),
    )];
    if work.state != LabState::Done || cost.is_some() {
        took.push(of_limit(money(&work.spent), cost.map(dollars)));
    }
    if work.state != LabState::Done || tokens.is_some() {
        took.push(format!("{} tokens", of_limit(count(work.spent.tokens), tokens.map(count))));
    }
    let elapsed = work.took(shared.now.at);
    if elapsed >= Duration::from_secs(1) || time.is_some() {
        took.push(of_limit(rough_time(elapsed), time.map(rough_time)));
    }
    rows.extend(wrapped(&took.join(" · "), Role::Number));
    let base =
        work.baseline.map(|(passed, judged)| format!("as it is: {passed} of {} pass", counted(judged, "judged row")));
    let rejected = match work.rejected.len() {
        0 => None,
        all => Some(format!("{} rejected before a call", counted(all as u64, "edit"))),
    };
    let note = work.notes.last().cloned();
    let said: Vec<String> = base.into_iter().chain(rejected).chain(note).collect();
    if !said.is_empty() {
        rows.extend(wrapped(&said.join(" · "), Role::Quiet));
    }
    rows
}

/// Says what is asked just now.
fn part(work: &LabWork) -> String {
    let Some(LabPart { name, done, cells }) = &work.part else {
        return if work.resumed { "▸ goes on" } else { "▸ begins" }.to_owned();
    };
    let words = match name.as_str() {
        "baseline" => "the prompt as it is",
        "race" => "the candidates race on tune rows",
        "held-out" => "the finalist and the prompt as it is on the held-out rows",
        "units" => "the prompt without each of its parts",
        "rest" => "the prompt without all that showed nothing",
        name if name.starts_with("propose") => "edits are proposed",
        name => name,
    };
    format!("▸ {words}: {} of {}", thousands(*done), counted(*cells, "answer"))
}

/// How a body is shared out.
struct Areas {
    head: Rect,
    list: Rect,
    reason: Rect,
    diff: Rect,
}

impl ImprovementPane {
    fn areas(&self, work: &LabWork, body: Rect, head: usize) -> Areas {
        let candidates = work.candidates.len();
        let rows = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        let head = Rect { height: rows(head).min(body.height), ..body };
        let rest = body.height.saturating_sub(head.height);
        // A rule each above the list and the changes.
        let list = rows(candidates.max(1)).min(rest.saturating_sub(2) / 2 + 1).min(rest.saturating_sub(1));
        let list = Rect { y: head.bottom().saturating_add(1), height: list, ..body };
        let top = list.bottom().saturating_add(1);
        let left = body.bottom().saturating_sub(top);
        let reason = rows(self.reason(work, body.width).len()).min(left);
        let reason = Rect { y: top, height: reason, ..body };
        Areas { head, list, reason, diff: Rect { y: reason.bottom(), height: left - reason.height, ..body } }
    }

    /// Returns why the candidate under the cursor was proposed, in rows of a width.
    fn reason(&self, work: &LabWork, wide: u16) -> Vec<String> {
        let Some(candidate) = self.chosen(work).filter(|candidate| !candidate.reason.is_empty()) else {
            return Vec::new();
        };
        wrapped_lines(&format!("why: {}", candidate.reason), wide).into_iter().take(REASON).collect()
    }

    /// Writes what stands above the list.
    fn above(work: &LabWork, shared: &Shared, body: Rect) -> Vec<(String, Role)> {
        let mut rows = Vec::new();
        if let Some(improved) = &work.improved {
            let role = if improved.improvement.winner().is_some() { Role::Pass } else { Role::Title };
            let most = VERDICT.min(usize::from(body.height) / 3).max(1);
            let verdict = wrapped_lines(&verdict_of(improved), body.width);
            rows.extend(verdict.into_iter().take(most).map(|row| (row, role)));
            match &work.decision {
                Some(Decision::Written { path, .. }) => rows.push((format!("✓ written to {path}"), Role::Pass)),
                Some(Decision::Rejected) => rows.push(("nothing is written".to_owned(), Role::Quiet)),
                None => {}
            }
        }
        rows.extend(head(work, shared, body.width));
        rows
    }

    /// Returns the candidate under the cursor.
    fn chosen<'a>(&self, work: &'a LabWork) -> Option<&'a LabCandidate> {
        work.candidates.get(self.at)
    }

    fn ask_accept(work: &LabWork) -> Option<After> {
        let winner = work.undecided()?;
        let text = format!(
            "Write {} to the prompt {}? What its file says now stays among the versions.",
            winner.name,
            work.request.prompt_name()
        );
        Some(After::StayAnd(Intent::open(Confirm::new(text, "Write", Intent::Lab(LabIntent::Accept)))))
    }
}

fn in_lab(intent: LabIntent) -> After {
    After::StayAnd(Intent::Lab(intent))
}

impl OverlayPart for ImprovementPane {
    fn title(&self) -> &'static str {
        "Improvement"
    }

    fn beside(&self, scene: Scene<'_>) -> Line<'static> {
        let words = scene.shared.lab.work.as_ref().map(|work| work.subject()).unwrap_or_default();
        Line::from(scene.foreign(&words, Role::Quiet))
    }

    fn is_screen(&self) -> bool {
        true
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((u16::MAX, u16::MAX))
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        let own = |key: &str, does: &str| (key.to_owned(), does.to_owned());
        let Some(work) = &scene.shared.lab.work else { return Vec::new() };
        let mut hints = Vec::new();
        if work.undecided().is_some() {
            hints.extend([own("a", "accept"), own("r", "reject")]);
        }
        if work.can_go_on() {
            hints.extend([hint(scene, Verb::Run, "go on"), own("n", "set up anew")]);
        }
        if work.state == LabState::Running {
            hints.push(hint(scene, GlobalAction::Stop, "stop"));
        }
        if !work.candidates.is_empty() {
            hints.push(own("e", "edit by hand"));
        }
        if work.state == LabState::Done {
            hints.push(own("n", "another one"));
        }
        if work.candidates.len() > 1 {
            hints.push(arrows("candidate"));
        }
        hints
    }

    fn key(&mut self, chord: Chord, cx: OverlayCx<'_>) -> Option<After> {
        let work = cx.shared.lab.work.as_ref()?;
        if cx.shared.keymap.chords(Verb::Run).contains(&chord) {
            return Some(if work.can_go_on() { in_lab(LabIntent::GoOn) } else { After::Stay });
        }
        match chord.text()? {
            'a' => Self::ask_accept(work),
            'r' if work.undecided().is_some() => Some(in_lab(LabIntent::Reject)),
            'e' if self.chosen(work).is_some() => Some(in_lab(LabIntent::Edit(self.at))),
            'n' if !work.is_busy() => Some(in_lab(LabIntent::SetUp(Box::new(work.request.clone())))),
            _ => None,
        }
    }

    fn step(&mut self, by: isize) {
        self.moved = true;
        self.at = self.at.saturating_add_signed(by).min(self.count.saturating_sub(1));
    }

    /// Scrolls the changes.
    fn page(&mut self, by: isize) {
        self.top = self.top.saturating_add_signed(by / 2).min(self.rows.len().saturating_sub(self.seen));
    }

    fn accept(&mut self, cx: OverlayCx<'_>) -> After {
        let Some(work) = &cx.shared.lab.work else { return After::Close };
        if work.can_go_on() {
            return in_lab(LabIntent::GoOn);
        }
        Self::ask_accept(work).unwrap_or(After::Stay)
    }

    fn fit(&mut self, body: Rect, cx: OverlayCx<'_>) {
        let Some(work) = &cx.shared.lab.work else { return };
        self.count = work.candidates.len();
        if !self.moved {
            let finalist = work.candidates.iter().position(|one| one.state == CandidateState::Finalist);
            self.at = finalist.unwrap_or(0);
        }
        self.at = self.at.min(self.count.saturating_sub(1));
        let areas = self.areas(work, body, Self::above(work, cx.shared, body).len());
        self.seen = usize::from(areas.diff.height);
        let wanted = self.chosen(work).map(|candidate| (candidate.name.clone(), areas.diff.width));
        if self.made != wanted {
            let made = self.chosen(work).map(|candidate| {
                rows(&text(&work.plan.prompt), &text(&candidate.prompt), usize::from(areas.diff.width))
            });
            (self.rows, self.made, self.top) = (made.unwrap_or_default(), wanted, 0);
        }
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        let Some(work) = &scene.shared.lab.work else { return };
        let above = Self::above(work, scene.shared, body);
        let areas = self.areas(work, body, above.len());
        for ((text, role), place) in above.iter().zip(areas.head.rows()) {
            buffer.set_line(place.x, place.y, &Line::from(scene.foreign(text, *role)), place.width);
        }
        let rule = |title: Line<'static>, area: Rect, buffer: &mut Buffer| {
            let rule = Rect {
                x: area.x.saturating_sub(1),
                y: area.y.saturating_sub(1),
                width: area.width.saturating_add(2),
                height: 1,
            };
            if rule.y < body.bottom() {
                pane(rule.intersection(buffer.area), Hold::Away, title, Line::default(), scene.theme, buffer);
            }
        };
        let all = if work.candidates.is_empty() { String::new() } else { format!("  {}", work.candidates.len()) };
        let title = vec![scene.span("Candidates", Role::Title), scene.span(all, Role::Quiet)];
        rule(Line::from(title), areas.list, buffer);
        if work.candidates.is_empty() {
            let none = if work.is_busy() { "none is proposed yet" } else { "none was tried" };
            buffer.set_line(areas.list.x, areas.list.y, &Line::from(scene.span(none, Role::Quiet)), areas.list.width);
            return;
        }
        let top = (self.at + 1).saturating_sub(usize::from(areas.list.height));
        for ((at, candidate), place) in work.candidates.iter().enumerate().skip(top).zip(areas.list.rows()) {
            let line = row(scene, at, candidate, usize::from(place.width).saturating_sub(2));
            pick_row(&line, place, at == self.at, scene.theme, buffer);
        }
        let name = self.chosen(work).map(|candidate| candidate.name.clone()).unwrap_or_default();
        let title = vec![scene.span("Changes of ", Role::Title), scene.foreign(&name, Role::Title)];
        rule(Line::from(title), areas.reason, buffer);
        for (text, place) in self.reason(work, areas.reason.width).iter().zip(areas.reason.rows()) {
            buffer.set_line(place.x, place.y, &Line::from(scene.foreign(text, Role::Quiet)), place.width);
        }
        for (pieces, place) in self.rows.iter().skip(self.top).zip(areas.diff.rows()) {
            let line = scene.diff(pieces);
            buffer.set_line(place.x, place.y, &line, place.width);
        }
    }
}

/// Columns of the state and of the score on the tune rows.
const STATE: usize = 12;
const SCORE: usize = 16;

fn row(scene: Scene<'_>, at: usize, candidate: &LabCandidate, room: usize) -> Line<'static> {
    let (mark, role) = match candidate.state {
        CandidateState::Proposed => ("·", Role::Quiet),
        CandidateState::Racing => ("▸", Role::Busy),
        CandidateState::Out => ("✗", Role::Quiet),
        CandidateState::Finalist => ("◆", Role::Focus),
    };
    let score = if candidate.rows == 0 {
        String::new()
    } else {
        format!("+{} -{} of {}", candidate.standing.fixed, candidate.standing.broken, candidate.rows)
    };
    let left_over = room.saturating_sub(4 + STATE + SCORE);
    Line::from(vec![
        scene.span(left(&(at + 1).to_string(), 3), Role::Number),
        scene.span(left(&format!("{mark} {}", candidate.state.word()), STATE), role),
        scene.span(left(&score, SCORE), Role::Number),
        scene.foreign(&fitted(&candidate.reason, left_over), Role::Text),
    ])
}
