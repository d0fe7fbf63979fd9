//! What can be said of an answer, one key each.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        context::Scene,
        intent::Intent,
        overlay::{After, Hint, OverlayCx, OverlayPart, framed},
        overlays::text_prompt::{TextFor, TextPrompt},
    },
    model::{Grade, RunId, Thumb, verdict::MAX_STARS},
    widgets::{
        interactive::Interactive,
        key::Chord,
        pick_list::{PickItem, PickList, list},
        table::{fitted, left},
        theme::Role,
    },
};

/// One thing to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GradeChoice {
    /// So many stars.
    Stars(u8),
    /// That it will do, or that it will not.
    Thumb(Thumb),
    /// A remark, which is then typed.
    Comment,
    /// Nothing: the grade is taken back.
    Nothing,
}

/// The grade of one run as it is being given.
#[derive(Debug, Clone)]
pub struct GradeMenu {
    pub run: RunId,
    /// Its grade so far.
    pub grade: Grade,
    /// What can be said; each entry's label is its key.
    pub choice: PickList<GradeChoice>,
}

impl GradeMenu {
    /// Begins with the grade a run has.
    #[must_use]
    pub fn new(run: RunId, grade: &Grade) -> Self {
        let words = ["useless", "poor", "fair", "good", "excellent"];
        let stars = (1..=MAX_STARS).zip(words).map(|(stars, word)| {
            let drawn = "★".repeat(usize::from(stars));
            PickItem::new(GradeChoice::Stars(stars), stars.to_string(), format!("{drawn:5}  {word}"))
        });
        let mut items: Vec<PickItem<GradeChoice>> = stars.collect();
        items.push(PickItem::new(GradeChoice::Thumb(Thumb::Up), "+", "▲      it will do"));
        items.push(PickItem::new(GradeChoice::Thumb(Thumb::Down), "-", "▼      it will not"));
        items.push(PickItem::new(GradeChoice::Comment, "c", "a comment, to be typed"));
        items.push(PickItem::new(GradeChoice::Nothing, "0", "takes the grade back"));
        let mut choice = PickList::menu(items);
        choice.choose_where(|choice| grade.stars.is_some_and(|stars| *choice == GradeChoice::Stars(stars)));
        Self { run, grade: grade.clone(), choice }
    }

    /// Chooses by a key. Tells whether it stands for anything.
    fn choose(&mut self, key: char) -> bool {
        let found = self.choice.shown().position(|item| item.label.chars().eq([key]));
        if let Some(at) = found {
            self.choice.choose(at);
        }
        found.is_some()
    }

    /// Returns the grade with what is chosen said as well; none where that is yet to be typed.
    fn chosen_grade(&self) -> Option<Grade> {
        let grade = self.grade.clone();
        match self.choice.chosen()?.value {
            GradeChoice::Stars(stars) => Some(Grade { stars: Some(stars), ..grade }),
            GradeChoice::Thumb(thumb) => Some(Grade { thumb: Some(thumb), ..grade }),
            GradeChoice::Comment => None,
            GradeChoice::Nothing => Some(Grade::default()),
        }
    }
}

impl OverlayPart for GradeMenu {
    fn title(&self) -> &'static str {
        "Grade"
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((44, framed(self.choice.len(), 6) - 1))
    }

    fn hints(&self, _scene: Scene<'_>) -> Vec<Hint> {
        vec![("1-5 + - c 0".to_owned(), "says it".to_owned())]
    }

    fn interactive(&mut self) -> Option<&mut dyn Interactive> {
        Some(&mut self.choice)
    }

    fn key(&mut self, chord: Chord, cx: OverlayCx<'_>) -> Option<After> {
        let key = chord.text()?;
        self.choose(key).then(|| self.accept(cx))
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        if let Some(grade) = self.chosen_grade() {
            return After::CloseAnd(Intent::Grade { run: self.run, grade });
        }
        let what = TextFor::Comment { run: self.run, grade: self.grade.clone() };
        After::StayAnd(Intent::open(TextPrompt::new(what, &self.grade.comment)))
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        list(&self.choice, body, scene.theme, buffer, |item, room| {
            Line::from(vec![
                scene.span(left(&item.label, 4.min(room)), Role::Key),
                scene.span(fitted(&item.detail, room.saturating_sub(4)), Role::Text),
            ])
        });
    }
}
