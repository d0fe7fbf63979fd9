//! What goes with a message or with the input beside its text: a list, and the line in which one is named.

use crossterm::event::KeyCode;
use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::{OverlayAction, Verb},
        context::Scene,
        intent::{BenchIntent, Intent, PartNews, PartPlace, PartStep},
        notices::Tone,
        overlay::{After, Hint, OverlayCx, OverlayPart, arrows, hint},
    },
    model::{MediaKind, Part, attachment::PartFacts},
    present::attachments::part_words,
    text::{clean_line, wrapped_lines},
    widgets::{
        interactive::Interactive,
        key::Chord,
        line_input::LineInput,
        pick_list::{PickItem, PickList, list},
        theme::Role,
    },
};

/// The line in which a path or an address is typed.
#[derive(Debug, Clone, Default)]
pub struct SourceLine {
    /// Which part gets it; none for a new one.
    at: Option<usize>,
    pub line: LineInput,
    /// What the path could go on with.
    choices: Vec<String>,
    /// Why it is not taken, once that was tried.
    pub error: Option<String>,
    /// Whether it is being looked at.
    looking: bool,
}

/// The list of what goes with a message or with the input.
#[derive(Debug, Clone)]
pub struct AttachmentList {
    of: PartPlace,
    /// Whose they are, in words.
    label: String,
    pub parts: Vec<(Part, PartFacts)>,
    list: PickList<Option<usize>>,
    /// The line that is typed in, while one is.
    pub typing: Option<SourceLine>,
}

impl AttachmentList {
    /// Opens the list; where it is empty, the line for the first one at once.
    #[must_use]
    pub fn new(of: PartPlace, label: String, parts: Vec<(Part, PartFacts)>) -> Self {
        let typing = parts.is_empty().then(SourceLine::default);
        let mut list = Self { of, label, parts, list: PickList::menu(Vec::new()), typing };
        list.refill();
        list
    }

    fn refill(&mut self) {
        let at = self.list.at();
        let rows = (0..self.parts.len()).map(Some).chain([None]);
        self.list.refill(rows.map(|row| PickItem::new(row, "", "")).collect());
        self.list.choose(at);
    }

    /// Takes in what became of them.
    pub(crate) fn take(&mut self, of: PartPlace, news: PartNews) {
        if of != self.of {
            return;
        }
        match (news, &mut self.typing) {
            (PartNews::Taken, typing) => *typing = None,
            (PartNews::Listed(parts), _) => {
                let more = parts.len() > self.parts.len();
                self.parts = parts;
                self.refill();
                if more {
                    self.list.choose(self.parts.len() - 1);
                }
            }
            (PartNews::Refused(why), Some(typed)) => (typed.error, typed.looking) = (Some(why), false),
            (PartNews::Completed(path, choices), Some(typed)) => {
                typed.line = LineInput::of(&path);
                (typed.choices, typed.error) = (choices, None);
            }
            (PartNews::Refused(_) | PartNews::Completed(..), None) => {}
        }
    }

    fn chosen(&self) -> Option<usize> {
        self.list.chosen().and_then(|item| item.value)
    }

    /// Tells whether the chosen one is known as a picture.
    fn is_picture(&self) -> bool {
        let chosen = self.chosen().and_then(|at| self.parts.get(at));
        matches!(chosen, Some((_, PartFacts::Known(attachment))) if attachment.kind == MediaKind::Image)
    }

    fn wants(&self, step: PartStep) -> After {
        After::StayAnd(Intent::Bench(BenchIntent::Parts(self.of, step)))
    }

    /// Begins to type the source of a part, or of a new one.
    fn name(&mut self, at: Option<usize>) {
        let source = at.and_then(|at| self.parts.get(at)).map(|(part, _)| part.source.as_str());
        // A whole file in a line helps nobody.
        let source = source.filter(|source| source.len() < 2000).unwrap_or_default();
        self.typing = Some(SourceLine { at, line: LineInput::of(source), ..SourceLine::default() });
    }
}

fn refused(why: &str) -> After {
    After::StayAnd(Intent::Say(Tone::Info, why.to_owned()))
}

impl OverlayPart for AttachmentList {
    fn title(&self) -> &'static str {
        "Attachments"
    }

    fn beside(&self, scene: Scene<'_>) -> Line<'static> {
        Line::from(scene.span(self.label.clone(), Role::Quiet))
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((88, u16::try_from(self.parts.len().min(12)).unwrap_or(12) + 8))
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        if self.typing.is_some() {
            return vec![hint(scene, Verb::Accept, "Attach"), ("tab".to_owned(), "complete the path".to_owned())];
        }
        let mut hints = vec![hint(scene, Verb::Accept, "edit"), hint(scene, OverlayAction::AddCheck, "add")];
        if self.chosen().is_some() {
            hints.push(hint(scene, OverlayAction::RemoveCheck, "remove"));
            hints.push(("space".to_owned(), "image, file, audio".to_owned()));
            if scene.shared.look.pictures.is_some() && self.is_picture() {
                hints.push(("p".to_owned(), "look at it".to_owned()));
            }
        }
        hints.push(arrows("choose"));
        hints
    }

    fn way_out(&self) -> &'static str {
        if self.typing.is_some() && !self.parts.is_empty() { "cancel" } else { "back" }
    }

    fn interactive(&mut self) -> Option<&mut dyn Interactive> {
        match &mut self.typing {
            Some(typed) => Some(&mut typed.line),
            None => Some(&mut self.list),
        }
    }

    fn key(&mut self, chord: Chord, _cx: OverlayCx<'_>) -> Option<After> {
        let Some(typed) = &mut self.typing else {
            let at = self.chosen()?;
            return match chord.code() {
                KeyCode::Char(' ') => Some(self.wants(PartStep::TurnKind(at))),
                KeyCode::Char('p') if self.is_picture() => Some(self.wants(PartStep::Show(at))),
                _ => None,
            };
        };
        if chord.code() == KeyCode::Tab {
            let path = typed.line.text();
            let is_path = !path.contains("://") && !path.starts_with("data:") && !path.contains("{{");
            return Some(if is_path { self.wants(PartStep::Complete(path)) } else { After::Stay });
        }
        Interactive::key(&mut typed.line, chord).then(|| {
            (typed.error, typed.looking) = (None, false);
            typed.choices.clear();
            After::Stay
        })
    }

    fn act(&mut self, action: OverlayAction, _cx: OverlayCx<'_>) -> After {
        match (action, self.chosen()) {
            (OverlayAction::AddCheck, _) => self.name(None),
            (OverlayAction::RemoveCheck, Some(at)) => return self.wants(PartStep::Remove(at)),
            (OverlayAction::RemoveCheck, None) => return refused("choose one to remove"),
            (OverlayAction::UndoCheck, _) => return refused("undo is at the bench: esc, then u"),
            _ => {}
        }
        After::Stay
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        let Some(typed) = &mut self.typing else {
            let at = self.chosen();
            self.name(at);
            return After::Stay;
        };
        let source = typed.line.text().trim().to_owned();
        if source.is_empty() {
            typed.error = Some("type a path, an address or {{ a variable }}".to_owned());
            return After::Stay;
        }
        (typed.looking, typed.error) = (true, None);
        let at = typed.at;
        self.wants(PartStep::Name { at, source })
    }

    fn leave(&mut self) -> After {
        match self.typing.take() {
            Some(_) if !self.parts.is_empty() => After::Stay,
            _ => After::Close,
        }
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        let rows = u16::try_from(self.list.len()).unwrap_or(u16::MAX).min(body.height.saturating_sub(4));
        let above = Rect { height: rows, ..body };
        list(&self.list, above, scene.theme, buffer, |item, _| match item.value.and_then(|at| self.parts.get(at)) {
            None => Line::from(scene.span("Add …", Role::Key)),
            Some((part, facts)) => {
                let role = match facts {
                    PartFacts::Refused(_) => Role::Fail,
                    PartFacts::Known(_) | PartFacts::Unknown => Role::Text,
                };
                Line::from(scene.foreign(&part_words(part, facts, scene.theme.has_unicode()), role))
            }
        });
        let below = Rect { y: above.bottom() + 1, height: body.height.saturating_sub(rows + 1), ..body };
        let below = below.intersection(body);
        let Some(typed) = &self.typing else {
            let words =
                self.chosen().and_then(|at| self.parts.get(at)).map_or_else(kinds, |(part, facts)| match facts {
                    PartFacts::Refused(why) => format!("✗ {}", clean_line(why)),
                    PartFacts::Known(_) => format!("from {}", clean_line(&short(&part.source))),
                    PartFacts::Unknown => "nothing is known of it yet".to_owned(),
                });
            return words_below(scene, &words, Role::Quiet, below, buffer);
        };
        scene.line(&typed.line, "› ", "path, https:// address or {{ variable }}", Rect { height: 1, ..below }, buffer);
        let rest = Rect { y: below.y.saturating_add(1), height: below.height.saturating_sub(1), ..below };
        match (&typed.error, typed.looking) {
            (Some(error), _) => words_below(scene, &format!("✗ {error}"), Role::Fail, rest, buffer),
            (None, true) => words_below(scene, "Looking at it …", Role::Quiet, rest, buffer),
            (None, false) if typed.choices.is_empty() => words_below(scene, &kinds(), Role::Quiet, rest, buffer),
            (None, false) => words_below(scene, &typed.choices.join("  "), Role::Quiet, rest, buffer),
        }
    }
}

/// Says what can be named.
fn kinds() -> String {
    MediaKind::ALL.map(|kind| format!("{}: {}", kind.name(), kind.types())).join(" · ")
}

fn short(source: &str) -> String {
    source.chars().take(200).collect()
}

fn words_below(scene: Scene<'_>, words: &str, role: Role, area: Rect, buffer: &mut Buffer) {
    for (line, row) in wrapped_lines(words, area.width).into_iter().zip(area.rows()) {
        buffer.set_line(row.x, row.y, &Line::from(scene.foreign(&line, role)), row.width);
    }
}
