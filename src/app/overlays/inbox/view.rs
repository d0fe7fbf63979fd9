//! How the screen of what changed is drawn: what came out in a sentence, the list, and the two answers of the chosen row beside
//! each other, or as one text with what differs marked where it is narrow.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{context::Scene, layout::WIDE, overlays::inbox::InboxPane},
    eval::baseline::{BaselineChange, ChangeKind, ReviewDecision, inbox::InboxDecisions},
    present::baseline::{kind, laid_out},
    text::{
        LineChange, clean_line,
        diff::rows::{DiffPiece, rows, sides},
        format::counted,
        width, wrapped_lines,
    },
    widgets::{
        frame::{Hold, pane},
        interactive::Interactive as _,
        pick_list::list,
        table::{fitted, left},
        theme::Role,
    },
};

/// Rows of the list, at most a third of the screen.
const LISTED: u16 = 12;

/// The columns of the list but that of the row: what changed, who was asked, how often it passed, what was decided.
const KIND: usize = 13;
const TARGET: usize = 18;
const COUNTS: usize = 22;
const DECIDED: usize = 9;

/// The answers of the chosen change as they are shown.
#[derive(Debug, Clone, Default)]
pub(super) struct ChangeAnswers {
    /// For which change and width they were laid out.
    made: Option<(usize, u16)>,
    /// As it was beside as it is; one alone where it is narrow or there is only one.
    columns: Vec<Vec<Vec<DiffPiece>>>,
    /// The first row that is seen.
    top: usize,
    /// How many rows are seen.
    seen: usize,
}

impl ChangeAnswers {
    /// Has them laid out anew.
    pub(super) fn forget(&mut self) {
        self.made = None;
    }

    fn height(&self) -> usize {
        self.columns.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// Tells whether some of them are out of sight.
    pub(super) fn is_cut(&self) -> bool {
        self.height() > self.seen
    }

    pub(super) fn scroll(&mut self, by: isize) {
        self.top = self.top.saturating_add_signed(by).min(self.height().saturating_sub(self.seen));
    }
}

/// What is seen of the answer that a change was and the one it is.
fn texts(change: &BaselineChange) -> (Option<String>, Option<String>) {
    let before = change.before.as_ref().and_then(|line| line.answer.text()).map(laid_out);
    (before, change.now.as_ref().map(|now| laid_out(now.answer())))
}

/// Lays a text out in which nothing is marked.
fn plain(text: &str, columns: usize) -> Vec<Vec<DiffPiece>> {
    let columns = u16::try_from(columns).unwrap_or(u16::MAX);
    let rows = text.lines().flat_map(|line| wrapped_lines(clean_line(line).as_str(), columns));
    rows.map(|text| vec![DiffPiece { change: LineChange::Same, text }]).collect()
}

/// The rooms of the parts.
struct Rooms {
    head: Rect,
    list: Rect,
    facts: Rect,
    answers: Rect,
    foot: Rect,
}

impl InboxPane {
    fn rooms(&self, body: Rect) -> Rooms {
        let row = |y: u16, height: u16| Rect { y, height, ..body }.intersection(body);
        let head = u16::try_from(self.head(body.width).len()).unwrap_or(2).min(body.height / 3);
        let listed = u16::try_from(self.list.len()).unwrap_or(u16::MAX);
        let most = LISTED.min(body.height / 3).max(2);
        // Over the list its heads, over the facts a rule, over each answer whose it is.
        let y = body.y + head + 1;
        let list = row(y, listed.min(most));
        let facts = row(list.bottom() + 1, 1);
        let foot = row(body.bottom().saturating_sub(1), 1);
        let answers = row(facts.bottom() + 1, foot.y.saturating_sub(facts.bottom() + 1));
        Rooms { head: row(body.y, head), list, facts, answers, foot }
    }

    fn is_wide(body: Rect) -> bool {
        body.width.saturating_add(2) >= WIDE.0
    }

    /// Keeps the chosen change in sight and lays its answers out.
    pub(super) fn fit_view(&mut self, body: Rect) {
        let rooms = self.rooms(body);
        self.above = usize::from(rooms.list.y.saturating_sub(body.y));
        self.list.fit(usize::from(rooms.list.height));
        self.answers.seen = usize::from(rooms.answers.height.max(1));
        let wanted = self.chosen().map(|(place, _)| (place, body.width));
        if self.answers.made != wanted {
            let columns = self.chosen().map(|(_, change)| columns(change, body)).unwrap_or_default();
            self.answers =
                ChangeAnswers { made: wanted, columns, top: 0, seen: usize::from(rooms.answers.height.max(1)) };
        }
        self.answers.scroll(0);
    }

    /// Says what came out, and what is to be known before anything is decided.
    fn head(&self, columns: u16) -> Vec<(String, Role)> {
        let lines = |text: &str, role: Role| -> Vec<(String, Role)> {
            wrapped_lines(clean_line(text).as_str(), columns).into_iter().map(|row| (row, role)).collect()
        };
        let Some(decisions) = &self.decisions else {
            return match &self.failed {
                Some(why) => lines(&format!("! {why}"), Role::Wait),
                None => lines("Reading the baseline and what came out …", Role::Quiet),
            };
        };
        let (inbox, review) = (decisions.inbox(), decisions.review());
        let mut rows = if decisions.changes().is_empty() {
            let not_judged = match review.unjudged {
                0 => String::new(),
                count => format!(" {} not judged.", counted(count, "row")),
            };
            let as_before = counted(review.same, "row");
            lines(&format!("Nothing changed: {as_before} as {} has it.{not_judged}", self.file()), Role::Text)
        } else if inbox.exists {
            lines(&format!("Against {}: {}", self.file(), review.sentence()), Role::Text)
        } else if decisions.undecided() < decisions.changes().len() {
            lines(&format!("No baseline yet; what is accepted begins {}.", self.file()), Role::Text)
        } else {
            let words = format!(
                "No baseline yet. A takes the {} as they came out; what is accepted begins {}, a file for the repository.",
                counted(decisions.changes().len() as u64, "row"),
                self.file()
            );
            lines(&words, Role::Text)
        };
        if self.stale {
            let words = format!(
                "! The prompt is another version by now than {}, which this batch asked: run it again to see what it does now.",
                inbox.version.short()
            );
            rows.extend(lines(&words, Role::Wait));
        }
        if !inbox.whole && inbox.exists {
            rows.extend(lines("! The batch did not ask all its rows: none counts as gone.", Role::Wait));
        }
        rows
    }

    pub(super) fn draw_on(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        let rooms = self.rooms(body);
        for ((text, role), place) in self.head(body.width).iter().zip(rooms.head.rows()) {
            buffer.set_line(place.x, place.y, &Line::from(scene.foreign(text, *role)), place.width);
        }
        self.draw_foot(scene, rooms.foot, buffer);
        let Some(decisions) = self.decisions.as_ref().filter(|decisions| !decisions.changes().is_empty()) else {
            return;
        };
        let heads = Rect { y: rooms.list.y.saturating_sub(1), height: 1, ..rooms.list };
        let room = usize::from(heads.width.saturating_sub(2));
        let several = several_targets(decisions);
        let title = cells(["change", "row", "target", "was → is", "decided"].map(str::to_owned), several, room);
        buffer.set_line(heads.x + 2, heads.y, &Line::from(scene.span(title, Role::Quiet)), heads.width);
        list(&self.list, rooms.list, scene.theme, buffer, |item, room| {
            let Some(change) = decisions.changes().get(item.value) else { return Line::default() };
            row(scene, change, decisions.decision(item.value), (several, room))
        });
        let rule = Rect {
            x: rooms.facts.x.saturating_sub(1),
            width: rooms.facts.width.saturating_add(2),
            y: rooms.facts.y.saturating_sub(1),
            height: 1,
        };
        let title = Line::from(scene.span("Row", Role::Title));
        pane(rule.intersection(buffer.area), Hold::Away, title, self.chips(scene), scene.theme, buffer);
        let Some((_, change)) = self.chosen() else { return };
        let facts = facts(change);
        buffer.set_line(
            rooms.facts.x,
            rooms.facts.y,
            &Line::from(scene.foreign(&fitted(&facts, usize::from(rooms.facts.width)), Role::Text)),
            rooms.facts.width,
        );
        self.draw_answers(scene, change, rooms.answers, buffer);
    }

    /// The kinds of change there are, the one that is listed in brackets.
    fn chips(&self, scene: Scene<'_>) -> Line<'static> {
        let Some(decisions) = &self.decisions else { return Line::default() };
        let chip = |words: String, here: bool| {
            let text = if here { format!("[{words}]") } else { format!(" {words} ") };
            scene.span(text, if here { Role::Title } else { Role::Quiet })
        };
        let all = chip(format!("all {}", decisions.changes().len()), self.filter.is_none());
        let kinds = ChangeKind::ALL.into_iter().map(|kind| (kind, decisions.review().count(kind)));
        let kinds = kinds.filter(|(_, count)| *count > 0);
        let kinds = kinds.map(|(kind, count)| chip(format!("{} {count}", kind.word()), self.filter == Some(kind)));
        Line::from(std::iter::once(all).chain(kinds).collect::<Vec<_>>())
    }

    fn draw_answers(&self, scene: Scene<'_>, change: &BaselineChange, room: Rect, buffer: &mut Buffer) {
        if room.height == 0 {
            return;
        }
        let heads = Rect { y: room.y.saturating_sub(1), height: 1, ..room };
        let titles = titles(change, self.answers.columns.len());
        let columns = self.answers.columns.len().max(1);
        let half = if columns > 1 { room.width.saturating_sub(3) / 2 } else { room.width };
        for (at, title) in titles.iter().enumerate() {
            let x = room.x + u16::try_from(at).unwrap_or(0) * (half + 3);
            let mut head = fitted(title, usize::from(half));
            if at == 0 && self.answers.is_cut() {
                let last = (self.answers.top + self.answers.seen).min(self.answers.height());
                head = fitted(&format!("{title}  to line {last} of {}", self.answers.height()), usize::from(half));
            }
            buffer.set_line(x, heads.y, &Line::from(scene.foreign(&head, Role::Quiet)), half);
            let rows = self.answers.columns.get(at).map(Vec::as_slice).unwrap_or_default();
            for (pieces, place) in rows.iter().skip(self.answers.top).zip(room.rows()) {
                let line = scene.diff(pieces);
                buffer.set_line(x, place.y, &line, half);
            }
        }
        if columns > 1 {
            for y in heads.y..room.bottom() {
                buffer.set_line(room.x + half + 1, y, &Line::from(scene.span("│", Role::Frame)), 1);
            }
        }
    }

    fn draw_foot(&self, scene: Scene<'_>, room: Rect, buffer: &mut Buffer) {
        let line = match (&self.unsaved, &self.asking, &self.says) {
            (Some(why), _, _) => scene.foreign(&format!("! not written: {why}"), Role::Fail),
            (None, Some(asking), _) => scene.foreign(&asking.words(), Role::Busy),
            (None, None, Some(says)) => scene.foreign(says, Role::Wait),
            (None, None, None) => scene.foreign(&self.summary().unwrap_or_default(), Role::Quiet),
        };
        buffer.set_line(room.x, room.y, &Line::from(line), room.width);
    }
}

/// Tells whether more than one model was asked.
fn several_targets(decisions: &InboxDecisions) -> bool {
    let mut targets = decisions.changes().iter().map(BaselineChange::target);
    let first = targets.next();
    targets.any(|target| Some(target) != first)
}

/// Sets the cells of a row beside each other. The target is left out where there is but one, then how often it passed.
fn cells(cells: [String; 5], several: bool, room: usize) -> String {
    let [change, label, target, counts, decided] = cells;
    let target = if several { format!("{}  ", left(&fitted(&target, TARGET), TARGET)) } else { String::new() };
    let rest = room.saturating_sub(KIND + 2 + width(&target) + DECIDED);
    let counts =
        if rest >= COUNTS + 12 { format!("{}  ", left(&fitted(&counts, COUNTS), COUNTS)) } else { String::new() };
    let label_room = rest.saturating_sub(width(&counts) + 2);
    format!(
        "{}  {}  {target}{counts}{}",
        left(&change, KIND),
        left(&fitted(&label, label_room), label_room),
        left(&decided, DECIDED)
    )
}

fn row(
    scene: Scene<'_>,
    change: &BaselineChange,
    decision: Option<&ReviewDecision>,
    (several, room): (bool, usize),
) -> Line<'static> {
    let decided = decision.map_or("", ReviewDecision::word);
    let texts = [change.kind.word(), change.label(), change.target(), &change.counts(), decided];
    let text = cells(texts.map(|text| clean_line(text).as_str().to_owned()), several, room);
    if decision.is_some() {
        return Line::from(scene.span(text, Role::Quiet));
    }
    let role = if change.fails() {
        Role::Fail
    } else if change.kind == ChangeKind::Fixed {
        Role::Pass
    } else {
        Role::Text
    };
    let (first, rest) = text.split_at_checked(KIND).unwrap_or((&text, ""));
    Line::from(vec![scene.span(first.to_owned(), role), scene.span(rest.to_owned(), Role::Text)])
}

/// Says in a line what is known of a change.
fn facts(change: &BaselineChange) -> String {
    let mut parts = vec![kind(change).to_owned(), change.counts()];
    if let Some(why) = change.rejected() {
        parts.push(format!("rejected: {why}"));
    }
    parts.extend([change.id(), change.label().to_owned()]);
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    clean_line(&parts.join(" · ")).as_str().to_owned()
}

/// Says whose each of the answers is.
fn titles(change: &BaselineChange, columns: usize) -> Vec<String> {
    let was = change.before.as_ref().map(|line| {
        let kept = if line.answer.text().is_none() { ", too long for the file: its digest alone is there" } else { "" };
        format!("was {}, version {}{kept}", line.state.word(), line.version)
    });
    let is = change.now.as_ref().map(|now| format!("is, version {}", now.version));
    match (columns, was, is) {
        (2.., Some(was), Some(is)) => vec![was, is],
        (_, Some(was), Some(is)) => vec![format!("{was}; {is}: [-gone-] {{+new+}}")],
        (_, Some(only), None) => vec![format!("{only}; the data set does not have it any more")],
        (_, None, Some(only)) => vec![format!("{only}; the baseline does not have it")],
        (_, None, None) => Vec::new(),
    }
}

/// Lays out the answers of a change in a body.
fn columns(change: &BaselineChange, body: Rect) -> Vec<Vec<Vec<DiffPiece>>> {
    let whole = usize::from(body.width);
    match texts(change) {
        (Some(old), Some(new)) if InboxPane::is_wide(body) => {
            let half = usize::from(body.width.saturating_sub(3) / 2);
            sides(&old, &new, half).into_iter().collect()
        }
        (Some(old), Some(new)) if old != new => vec![rows(&old, &new, whole)],
        (_, Some(only)) | (Some(only), None) => vec![plain(&only, whole)],
        (None, None) => vec![Vec::new()],
    }
}
