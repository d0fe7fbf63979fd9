//! The checks of the prompt on the bench: a list, the form of the chosen one, and what it makes of the answers on the bench
//! and of those stored.
//!
//! What a rule is called, says and takes is the engine's word ([`crate::eval::rules`]); here is what is done with it. Every
//! edit is the bench's at once, and the prompt file's once it is saved.

pub mod draft;
pub mod trial;

mod view;

use crossterm::event::KeyCode;
use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::{Action, BenchAction, OverlayAction, Verb},
        context::Scene,
        intent::{BenchAnswer, BenchIntent, Intent, OverlayIntent},
        notices::Tone,
        overlay::{After, Hint, OverlayCx, OverlayPart, arrows, hint},
        overlays::checks::{
            draft::{RuleId, RulesDraft},
            trial::Trial,
        },
    },
    eval::{
        rules,
        rules::{NewRule, RuleField, RulePlace},
        whatif::{Measured, MovedThreshold},
    },
    model::{Prompt, ResponseRule},
    widgets::{
        form::{Form, FormField},
        interactive::Interactive,
        key::Chord,
        pick_list::{PickItem, PickList},
    },
};

/// One rule in the list, as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleRow {
    pub id: RuleId,
    pub place: RulePlace,
    pub on: bool,
    pub name: String,
    /// The rule in short.
    pub rule: String,
    pub weight: f64,
}

/// The form of a rule while it is filled in.
#[derive(Debug, Clone)]
pub struct RuleForm {
    pub place: RulePlace,
    /// The fields, with what was in them before.
    fields: Vec<RuleField>,
    pub form: Form,
    /// The draft with the rule that is added; none where it is there already.
    adds: Option<Box<RulesDraft>>,
}

/// What is done in the editor.
#[derive(Debug, Clone)]
pub enum ChecksMode {
    /// A rule is chosen from the list.
    List,
    /// The kind of a new rule is chosen.
    Picking(PickList<NewRule>),
    /// A rule is filled in.
    Editing(Box<RuleForm>),
    /// The stored answers that come out otherwise are looked at: the place of the first that is seen.
    Changes(usize),
    Moving(Box<MovedThreshold>),
}

/// The rules of the prompt on the bench.
#[derive(Debug, Clone)]
pub struct ChecksEditor {
    draft: RulesDraft,
    /// The rules, and which one is chosen.
    pub list: PickList<usize>,
    pub rows: Vec<RuleRow>,
    /// The fields of the chosen rule.
    pub fields: Vec<RuleField>,
    pub mode: ChecksMode,
    /// What came of the rules.
    pub trial: Trial,
}

/// The rule that has an editor of its own.
const SCHEMA: RulePlace = RulePlace::Response(ResponseRule::Schema);

/// Leaves for the text of the schema.
fn schema_editor() -> After {
    After::CloseAnd(Intent::Do(Action::Bench(BenchAction::Schema)))
}

impl ChecksEditor {
    /// Opens the rules of a prompt: as it stands on the bench, and as it is saved. A prompt without a name has no stored
    /// answers.
    #[must_use]
    pub fn new(name: Option<String>, prompt: Prompt, saved: &Prompt, answers: Vec<BenchAnswer>) -> Self {
        let of_saved = RulesDraft::new(saved.clone(), saved);
        let draft = RulesDraft::new(prompt, saved);
        let trial = Trial::new(name, answers, (saved, of_saved.rules()), (draft.prompt(), draft.rules()));
        let mut editor = Self {
            draft,
            list: PickList::menu(Vec::new()),
            rows: Vec::new(),
            fields: Vec::new(),
            mode: ChecksMode::List,
            trial,
        };
        editor.refill();
        editor
    }

    /// Returns the prompt with its rules as they are edited.
    #[must_use]
    pub fn prompt(&self) -> &Prompt {
        self.draft.prompt()
    }

    #[must_use]
    pub fn chosen(&self) -> Option<&RuleRow> {
        self.rows.get(self.list.chosen()?.value)
    }

    /// Tells whether the prompt has no rules but those that every prompt has.
    fn is_bare(&self) -> bool {
        let implied = |place| matches!(place, RulePlace::Response(ResponseRule::Format | ResponseRule::Finish));
        self.rows.iter().all(|row| implied(row.place))
    }

    /// Counts the rows of the list, with what is said below it where there are no rules.
    fn listed_rows(&self) -> usize {
        self.rows.len() + if self.is_bare() { 2 } else { 0 }
    }

    /// Lists the rules anew; what was chosen stays chosen.
    fn refill(&mut self) {
        let (chosen, at) = (self.chosen().map(|row| row.id), self.list.at());
        let prompt = self.draft.prompt();
        let row = |(id, place)| RuleRow {
            id,
            place,
            on: rules::is_on(place, prompt),
            name: rules::name(place, prompt),
            rule: rules::rule_text(place, prompt),
            weight: rules::weight(place, prompt),
        };
        self.rows = self.draft.rules().into_iter().map(row).collect();
        self.list.refill((0..self.rows.len()).map(|at| PickItem::new(at, "", "")).collect());
        let stays = self.rows.iter().position(|row| Some(row.id) == chosen);
        self.list.choose(stays.unwrap_or(at));
        self.show_fields();
    }

    /// Moves the selection to a rule, if it is among those listed.
    pub(crate) fn choose(&mut self, place: RulePlace) {
        if let Some(at) = self.rows.iter().position(|row| row.place == place) {
            self.list.choose(at);
        }
        self.show_fields();
    }

    fn show_fields(&mut self) {
        let place = self.chosen().map(|row| row.place);
        self.fields = place.map(|place| rules::form(place, self.draft.prompt())).unwrap_or_default();
    }

    /// Has the answers judged by the rules as they are filled in at the moment.
    fn try_rules(&mut self) -> After {
        match &self.mode {
            ChecksMode::Editing(editing) => {
                let draft = editing.adds.as_deref().unwrap_or(&self.draft);
                if let Some(prompt) = editing.tried(draft) {
                    self.trial.set(&prompt, draft.rules_of(&prompt));
                }
            }
            ChecksMode::Moving(moved) => {
                let mut prompt = self.draft.prompt().clone();
                if moved.knob.put(&mut prompt, moved.chosen) {
                    self.trial.set(&prompt, self.draft.rules());
                }
            }
            ChecksMode::List | ChecksMode::Picking(_) | ChecksMode::Changes(_) => {
                self.trial.set(self.draft.prompt(), self.draft.rules());
            }
        }
        After::StayAnd(Intent::Overlay(OverlayIntent::TryChecks))
    }

    /// Hands the rules to the bench after an edit.
    fn edited(&mut self) -> After {
        self.mode = ChecksMode::List;
        self.refill();
        self.trial.set(self.draft.prompt(), self.draft.rules());
        let prompt = self.draft.prompt();
        After::StayAnd(Intent::Bench(BenchIntent::SetRules {
            response: Box::new(prompt.response.clone()),
            checks: prompt.checks.clone(),
        }))
    }

    fn refused(why: impl Into<String>) -> After {
        After::StayAnd(Intent::Say(Tone::Info, why.into()))
    }

    /// Does an action of the list to the chosen rule.
    fn act_on(&mut self, act: impl FnOnce(&mut RulesDraft, RulePlace) -> Result<(), &'static str>) -> After {
        let Some(place) = self.chosen().map(|row| row.place) else { return After::Stay };
        match act(&mut self.draft, place) {
            Ok(()) => self.edited(),
            Err(why) => Self::refused(why),
        }
    }

    /// Opens the form of the chosen rule.
    fn edit(&mut self) -> After {
        let Some(row) = self.chosen() else { return After::Stay };
        if row.place == SCHEMA {
            return schema_editor();
        }
        match RuleForm::new(row.place, self.draft.prompt(), None) {
            Some(editing) => {
                self.mode = ChecksMode::Editing(Box::new(editing));
                After::Stay
            }
            None => Self::refused("there is nothing to fill in here"),
        }
    }

    /// Opens the form of a new rule; one with nothing to fill in is there at once.
    fn add(&mut self, new: NewRule) -> After {
        if new == NewRule::Response(ResponseRule::Schema) {
            return schema_editor();
        }
        let (draft, place) = self.draft.with_new(new);
        match RuleForm::new(place, &draft.prompt().clone(), Some(Box::new(draft))) {
            Some(editing) => {
                self.mode = ChecksMode::Editing(Box::new(editing));
                After::Stay
            }
            None => After::Stay,
        }
    }

    /// Takes the form over the rule, or shows what is wrong at its field.
    fn take_form(&mut self, mut editing: Box<RuleForm>) -> After {
        let draft = editing.adds.as_deref().unwrap_or(&self.draft);
        let read = rules::filled(editing.place, draft.prompt(), &editing.lines());
        let read = read.and_then(|prompt| match rules::validate(editing.place, &prompt) {
            Ok(()) => Ok(prompt),
            Err(error) => Err(vec![error]),
        });
        match read {
            Ok(prompt) => {
                let place = editing.place;
                if let Some(mut adds) = editing.adds {
                    adds.fill_new(prompt);
                    self.draft = *adds;
                } else if prompt != *self.draft.prompt() {
                    // a change that is read can always be made
                    let _ = self.draft.change(|present| {
                        *present = prompt;
                        Ok(())
                    });
                }
                let after = self.edited();
                self.choose(place);
                after
            }
            Err(errors) => {
                editing.blame(errors);
                self.mode = ChecksMode::Editing(editing);
                After::Stay
            }
        }
    }

    /// Begins to move the threshold of the chosen rule.
    fn what_if(&mut self) -> After {
        let Some(place) = self.chosen().map(|row| row.place) else { return After::Stay };
        match rules::threshold_of(place, self.draft.prompt()) {
            Err(why) => Self::refused(why),
            Ok(knob) => {
                let answers = self.trial.measured(&knob);
                let moved = MovedThreshold::new(knob, answers.iter().map(Measured::point));
                if moved.measured() == 0 {
                    return Self::refused("no stored answer was measured by this check; enter changes its threshold");
                }
                self.mode = ChecksMode::Moving(Box::new(moved));
                After::Stay
            }
        }
    }

    /// Takes a threshold that was moved.
    fn take_threshold(&mut self, moved: &MovedThreshold) -> After {
        let put = self.draft.change(|prompt| {
            if moved.knob.put(prompt, moved.chosen) { Ok(()) } else { Err("the threshold has no place any more") }
        });
        match put {
            Ok(()) => self.edited(),
            Err(why) => Self::refused(why),
        }
    }

    /// Leaves what is done for the list.
    fn show_list(&mut self) -> After {
        self.mode = ChecksMode::List;
        self.try_rules()
    }
}

impl RuleForm {
    /// Opens the form of a rule; none where it has no fields.
    fn new(place: RulePlace, prompt: &Prompt, adds: Option<Box<RulesDraft>>) -> Option<Self> {
        let fields = rules::form(place, prompt);
        if fields.is_empty() {
            return None;
        }
        let line = |field: &RuleField| FormField {
            words: field.choices,
            ..FormField::new(field.label, &field.text, field.hint.clone())
        };
        let form = Form::new(fields.iter().map(line).collect());
        Some(Self { place, fields, form, adds })
    }

    /// Returns what is filled in, by the keys of the fields.
    fn lines(&self) -> Vec<(&'static str, String)> {
        self.fields.iter().zip(&self.form.rows).map(|(field, row)| (field.key, row.line.text())).collect()
    }

    /// Returns the prompt with what is filled in, where it can be tried at once.
    fn tried(&self, draft: &RulesDraft) -> Option<Prompt> {
        let prompt = rules::filled(self.place, draft.prompt(), &self.lines()).ok()?;
        let at_once = rules::validates_at_once(self.place, &prompt);
        (!at_once || rules::validate(self.place, &prompt).is_ok()).then_some(prompt)
    }

    /// Shows mistakes at their fields, and goes to the first.
    fn blame(&mut self, errors: Vec<rules::FieldError>) {
        for (key, error) in errors {
            let at = self.fields.iter().position(|field| field.key == key).unwrap_or(0);
            if let Some(row) = self.form.rows.get_mut(at) {
                row.error = Some(error);
            }
        }
        self.form.show_error();
    }

    /// Returns the rule that is added as it would be listed; none where it is there already.
    fn new_row(&self) -> Option<RuleRow> {
        let draft = self.adds.as_deref()?;
        let (place, prompt) = (self.place, draft.prompt());
        let name = rules::name(place, prompt);
        Some(RuleRow { id: draft.id(place), place, on: true, name, rule: String::new(), weight: 1.0 })
    }
}

impl OverlayPart for ChecksEditor {
    fn title(&self) -> &'static str {
        "Checks"
    }

    fn heading(&self, scene: Scene<'_>, _width: u16) -> Line<'static> {
        view::heading(self, scene)
    }

    fn is_screen(&self) -> bool {
        true
    }

    fn beside(&self, scene: Scene<'_>) -> Line<'static> {
        view::beside(self, scene)
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((u16::MAX, u16::MAX))
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        let key = |keys: &str, does: &str| (keys.to_owned(), does.to_owned());
        match &self.mode {
            ChecksMode::List => vec![
                // What is first is left out last where there is little room.
                hint(scene, OverlayAction::AddCheck, "add"),
                hint(scene, Verb::Accept, "edit"),
                hint(scene, OverlayAction::SaveChecks, "save"),
                hint(scene, OverlayAction::Mark, "on/off"),
                hint(scene, OverlayAction::RemoveCheck, "remove"),
                hint(scene, OverlayAction::MoveThreshold, "what if"),
                hint(scene, OverlayAction::UndoCheck, "undo"),
                hint(scene, OverlayAction::ChangedAnswers, "changes"),
            ],
            ChecksMode::Picking(_) => vec![hint(scene, Verb::Accept, "use"), arrows("choose")],
            ChecksMode::Editing(_) => {
                vec![hint(scene, Verb::Accept, "keep"), hint(scene, Verb::NextPane, "next field")]
            }
            ChecksMode::Changes(_) => vec![arrows("scroll")],
            ChecksMode::Moving(_) => {
                vec![key("← →", "move"), key(", .", "previous, next change"), hint(scene, Verb::Accept, "keep")]
            }
        }
    }

    fn way_out(&self) -> &'static str {
        match self.mode {
            ChecksMode::List => "back",
            ChecksMode::Picking(_) | ChecksMode::Editing(_) | ChecksMode::Moving(_) => "cancel",
            ChecksMode::Changes(_) => "checks",
        }
    }

    fn interactive(&mut self) -> Option<&mut dyn Interactive> {
        match &mut self.mode {
            ChecksMode::List => Some(&mut self.list),
            ChecksMode::Picking(list) => Some(list),
            ChecksMode::Editing(editing) => Some(&mut editing.form),
            ChecksMode::Changes(_) | ChecksMode::Moving(_) => None,
        }
    }

    fn key(&mut self, chord: Chord, _cx: OverlayCx<'_>) -> Option<After> {
        match &mut self.mode {
            ChecksMode::List | ChecksMode::Changes(_) => None,
            ChecksMode::Picking(list) => list.key(chord).then_some(After::Stay),
            ChecksMode::Editing(editing) => editing.form.key(chord).then(|| self.try_rules()),
            ChecksMode::Moving(moved) => {
                match (chord.code(), chord.text()) {
                    (KeyCode::Left, _) => drop(moved.step(false)),
                    (KeyCode::Right, _) => drop(moved.step(true)),
                    (_, Some(side @ (',' | '.'))) => {
                        if !moved.to_change(side == '.') {
                            return Some(Self::refused("no further answer changes on this side"));
                        }
                    }
                    _ => return None,
                }
                Some(self.try_rules())
            }
        }
    }

    fn paste(&mut self, text: &str) -> After {
        if let Some(part) = self.interactive() {
            part.paste(text);
        }
        self.try_rules()
    }

    fn step(&mut self, by: isize) {
        if let ChecksMode::Changes(top) = &mut self.mode {
            let last = self.trial.sums().changes.len().saturating_sub(1);
            *top = top.saturating_add_signed(by).min(last);
        } else if let Some(part) = self.interactive() {
            part.step(by);
        }
        self.show_fields();
    }

    fn click(&mut self, row: usize, _column: usize) -> bool {
        // the list begins below its heading, that of the kinds below the line that narrows it
        let above = match &self.mode {
            ChecksMode::List => Some(1),
            ChecksMode::Picking(_) => Some(2),
            ChecksMode::Editing(_) | ChecksMode::Changes(_) | ChecksMode::Moving(_) => None,
        };
        let row = above.and_then(|above| row.checked_sub(above));
        let accepts = row.is_some_and(|row| self.interactive().is_some_and(|part| part.click(row)));
        self.show_fields();
        accepts
    }

    fn act(&mut self, action: OverlayAction, _cx: OverlayCx<'_>) -> After {
        match (action, &self.mode) {
            (OverlayAction::SaveChecks, ChecksMode::List | ChecksMode::Changes(_)) => {
                After::StayAnd(Intent::Bench(BenchIntent::Save))
            }
            (OverlayAction::SaveChecks, _) => {
                Self::refused("enter keeps what is filled in, or esc leaves it; then save")
            }
            (OverlayAction::ChangedAnswers, ChecksMode::Changes(_)) => self.show_list(),
            (OverlayAction::AddCheck, ChecksMode::List) => {
                let item = |new: NewRule| PickItem::new(new, new.name(), new.about());
                let kinds = NewRule::all(self.draft.prompt()).into_iter().map(item).collect();
                self.mode = ChecksMode::Picking(PickList::new(kinds));
                After::Stay
            }
            (OverlayAction::Mark, ChecksMode::List) => {
                self.act_on(|draft, place| draft.change(|prompt| rules::switch(place, prompt)))
            }
            (OverlayAction::RemoveCheck, ChecksMode::List) => self.act_on(RulesDraft::remove),
            (OverlayAction::UndoCheck, ChecksMode::List) => {
                if self.draft.go_back(true) {
                    self.edited()
                } else {
                    Self::refused("Nothing to undo")
                }
            }
            (OverlayAction::RedoCheck, ChecksMode::List) => {
                if self.draft.go_back(false) {
                    self.edited()
                } else {
                    Self::refused("Nothing to redo")
                }
            }
            (OverlayAction::ChangedAnswers, ChecksMode::List) => {
                if self.trial.sums().changes.is_empty() {
                    let more = if self.trial.is_running() { " so far" } else { "" };
                    return Self::refused(format!("No stored answer changes{more}"));
                }
                self.mode = ChecksMode::Changes(0);
                After::Stay
            }
            (OverlayAction::MoveThreshold, ChecksMode::List) => self.what_if(),
            _ => After::Stay,
        }
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        match std::mem::replace(&mut self.mode, ChecksMode::List) {
            ChecksMode::List => self.edit(),
            ChecksMode::Picking(list) => {
                if let Some(new) = list.chosen().map(|item| item.value) {
                    return self.add(new);
                }
                self.mode = ChecksMode::Picking(list);
                After::Stay
            }
            ChecksMode::Editing(editing) => self.take_form(editing),
            ChecksMode::Changes(_) => After::Stay,
            ChecksMode::Moving(moved) => self.take_threshold(&moved),
        }
    }

    fn leave(&mut self) -> After {
        match self.mode {
            ChecksMode::List => After::Close,
            ChecksMode::Picking(_) | ChecksMode::Editing(_) | ChecksMode::Changes(_) | ChecksMode::Moving(_) => {
                self.show_list()
            }
        }
    }

    fn fit(&mut self, body: Rect, _cx: OverlayCx<'_>) {
        let areas = view::Areas::new(body, self.listed_rows());
        self.list.fit(usize::from(areas.list.height.saturating_sub(1)));
        if let ChecksMode::Picking(kinds) = &mut self.mode {
            kinds.fit(usize::from(view::kinds_area(body).height));
        }
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        view::draw(self, scene, body, buffer);
    }
}
