//! How a blind comparison is drawn: the input, the two answers beside or below each other, and the result.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        context::Scene,
        layout::WIDE,
        overlays::blind::{BlindPane, BlindTexts},
    },
    present::blind::{BlindSummary, HEADING},
    text::{width, wrapped_lines},
    widgets::{table::fitted, theme::Role},
};

/// Rows of the input that are shown, at most.
const INPUT: u16 = 6;

/// The rooms of the parts: those of the input, and of the two answers, each with its heading.
struct Rooms {
    input: Rect,
    answers: [Rect; 2],
}

/// Shares a body out: the answers beside each other, or below each other where it is narrow.
fn rooms(body: Rect, input_rows: usize) -> Rooms {
    let most = INPUT.min(body.height / 4).max(1);
    let input = Rect { height: most.min(u16::try_from(input_rows.max(1)).unwrap_or(most)), ..body };
    let top = input.bottom().saturating_add(1).min(body.bottom());
    let below = Rect { y: top, height: body.bottom().saturating_sub(top), ..body };
    let answers = if body.width.saturating_add(2) >= WIDE.0 {
        let half = below.width.saturating_sub(3) / 2;
        [
            Rect { width: half, ..below },
            Rect { x: below.x + half + 3, width: below.width.saturating_sub(half + 3), ..below },
        ]
    } else {
        let half = below.height.saturating_sub(1) / 2;
        [
            Rect { height: half, ..below },
            Rect { y: below.y + half + 1, height: below.height.saturating_sub(half + 1), ..below },
        ]
    };
    Rooms { input, answers }
}

/// Breaks a text into rows of a width, its own lines kept apart.
fn lines_of(text: &str, width: u16) -> Vec<String> {
    text.lines().flat_map(|line| wrapped_lines(line, width)).collect()
}

impl BlindPane {
    fn pair(&self) -> Option<(Option<&BlindTexts>, Option<&BlindTexts>)> {
        let (left, right) = self.runs(self.at?)?;
        Some((self.texts.get(&left), self.texts.get(&right)))
    }

    fn input(&self) -> &str {
        let texts = self.pair().and_then(|(left, right)| left.or(right));
        texts.map_or("", |texts| texts.input.as_str())
    }

    /// Counts the rows of the longer answer, or of the result, and how many are seen.
    pub(crate) fn measure(&self, body: Rect) -> (usize, usize) {
        if let Some(summary) = &self.summary {
            return (result_rows(summary, &self.counts, body.width).len(), usize::from(body.height));
        }
        let Some((left, right)) = self.pair() else { return (0, 0) };
        let rooms = rooms(body, lines_of(self.input(), body.width).len());
        let rows =
            |texts: Option<&BlindTexts>, room: Rect| texts.map_or(0, |texts| lines_of(&texts.answer, room.width).len());
        let [one, other] = rooms.answers;
        let seen = one.height.min(other.height).saturating_sub(1);
        (rows(left, one).max(rows(right, other)), usize::from(seen))
    }

    /// Draws what is to be judged, or what the votes come to.
    pub(crate) fn draw_on(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        let mut body = body;
        if let Some(why) = &self.failed {
            let row = Rect { y: body.bottom().saturating_sub(1), height: 1, ..body };
            let line = Line::from(scene.foreign(&format!("! {why}"), Role::Wait));
            buffer.set_line(row.x, row.y, &line, row.width);
            body.height = body.height.saturating_sub(1);
        }
        if let Some(summary) = &self.summary {
            let rows = result_rows(summary, &self.counts, body.width);
            for ((text, role), place) in rows.iter().skip(self.top).zip(body.rows()) {
                buffer.set_line(place.x, place.y, &Line::from(scene.foreign(text, *role)), place.width);
            }
            return;
        }
        let Some((left, right)) = self.pair() else {
            for (text, place) in wrapped_lines(&self.nothing(), body.width).iter().zip(body.rows()) {
                buffer.set_line(place.x, place.y, &Line::from(scene.foreign(text, Role::Text)), place.width);
            }
            return;
        };
        let input = lines_of(self.input(), body.width);
        let rooms = rooms(body, input.len());
        let cut = input.len() > usize::from(rooms.input.height);
        for ((at, text), place) in input.iter().enumerate().zip(rooms.input.rows()) {
            let is_last = cut && at + 1 == usize::from(rooms.input.height);
            let text = if is_last {
                format!("{} …", fitted(text, usize::from(place.width).saturating_sub(2)))
            } else {
                text.clone()
            };
            buffer.set_line(place.x, place.y, &Line::from(scene.foreign(&text, Role::Quiet)), place.width);
        }
        let [one, other] = rooms.answers;
        if one.y == other.y {
            for row in one.y..one.bottom() {
                buffer.set_line(one.right() + 1, row, &Line::from(scene.span("│", Role::Frame)), 1);
            }
        }
        self.draw_answer(("1", left), scene, one, buffer);
        self.draw_answer(("2", right), scene, other, buffer);
    }

    fn draw_answer(
        &self,
        (key, texts): (&str, Option<&BlindTexts>),
        scene: Scene<'_>,
        room: Rect,
        buffer: &mut Buffer,
    ) {
        if room.height == 0 {
            return;
        }
        let words = if key == "1" { " first answer" } else { " second answer" };
        let mut head = Line::from(vec![scene.span(key.to_owned(), Role::Key), scene.span(words, Role::Title)]);
        let rows = texts.map(|texts| lines_of(&texts.answer, room.width)).unwrap_or_default();
        let seen = usize::from(room.height.saturating_sub(1));
        if rows.len() > seen {
            let last = (self.top + seen).min(rows.len());
            head.push_span(scene.span(format!("  to line {last} of {}", rows.len()), Role::Quiet));
        }
        if texts.is_some_and(|texts| texts.named) {
            head.push_span(scene.span("  a name is hidden", Role::Origin));
        }
        buffer.set_line(room.x, room.y, &head, room.width);
        let body = Rect { y: room.y + 1, height: room.height - 1, ..room };
        if texts.is_none() {
            buffer.set_line(body.x, body.y, &Line::from(scene.span("Loading …", Role::Quiet)), body.width);
        }
        for (text, place) in rows.iter().skip(self.top).zip(body.rows()) {
            buffer.set_line(place.x, place.y, &Line::from(scene.foreign(text, Role::Text)), place.width);
        }
    }

    /// Says why there is nothing to vote on.
    fn nothing(&self) -> String {
        match &self.comparison {
            None if self.failed.is_some() => String::new(),
            None => "Loading …".to_owned(),
            Some(_) if self.plan.pairs.is_empty() && self.plan.alike.is_empty() => {
                "No row was answered by two of them: name batches of the same rows.".to_owned()
            }
            Some(_) if self.plan.pairs.is_empty() => {
                "All answers are the same: there is nothing to choose between.".to_owned()
            }
            Some(_) => {
                format!("Every pair is voted on: {}. R reveals the names, u takes the last vote back.", self.counts)
            }
        }
    }
}

/// Writes the result in rows of a width.
fn result_rows(summary: &BlindSummary, counts: &str, width_of: u16) -> Vec<(String, Role)> {
    let mut rows: Vec<(String, Role)> =
        wrapped_lines(counts, width_of).into_iter().map(|row| (row, Role::Quiet)).collect();
    rows.push((String::new(), Role::Text));
    let table: Vec<Vec<String>> = std::iter::once(HEADING.map(str::to_owned).to_vec()).chain(summary.rows()).collect();
    let wide =
        |column: usize| table.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max().unwrap_or(0);
    let widths: Vec<usize> = (0..HEADING.len()).map(wide).collect();
    for (at, row) in table.iter().enumerate() {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, wide)| format!("{cell}{}", " ".repeat(wide.saturating_sub(width(cell)))))
            .collect();
        rows.push((cells.join("  ").trim_end().to_owned(), if at == 0 { Role::Title } else { Role::Text }));
    }
    rows.push((String::new(), Role::Text));
    for sentence in &summary.says {
        rows.extend(wrapped_lines(sentence, width_of).into_iter().map(|row| (row, Role::Text)));
    }
    rows.push((String::new(), Role::Text));
    let batches: Vec<String> = summary.batches.iter().map(|batch| batch.short()).collect();
    let command = format!("retort blind {} --seed {} --export votes.csv", batches.join(" "), summary.seed);
    rows.extend(
        wrapped_lines(&format!("`{command}` writes the votes down."), width_of)
            .into_iter()
            .map(|row| (row, Role::Quiet)),
    );
    rows
}
