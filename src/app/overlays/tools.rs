//! The tools of the prompt on the bench: a list, the form of one with the JSON Schema of its arguments, and how the model
//! uses them.
//!
//! Every edit is the bench's at once, and the prompt file's once it is saved.

pub mod tool_form;

mod view;

use crossterm::event::KeyCode;
use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::{OverlayAction, Verb},
        context::Scene,
        intent::{BenchIntent, Intent},
        notices::Tone,
        overlay::{After, Hint, OverlayCx, OverlayPart, arrows, hint},
        overlays::tools::tool_form::{CACHE, FormText, ToolForm, read_use, use_form},
    },
    eval::schema::Schema,
    model::{PromptCaching, Tool, ToolChoice, ToolSet},
    widgets::{
        form::Form,
        interactive::Interactive,
        key::Chord,
        pick_list::{PickItem, PickList},
        theme::Role,
    },
};

/// Steps that can be undone, at most.
const STEPS: usize = 200;

/// One line of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolsRow {
    /// A tool, by its place.
    Tool(usize),
    /// How the tools are used.
    Use,
}

/// What is done in the editor.
#[derive(Debug, Clone)]
pub enum ToolsMode {
    /// A tool is chosen from the list.
    List,
    /// A tool is filled in.
    Editing(Box<ToolForm>),
    /// Its description is typed.
    Describing(Box<ToolForm>),
    /// The schema of its arguments is typed.
    Typing(Box<ToolForm>),
    /// How the tools are used is filled in.
    Using(Form),
}

/// The tools of the prompt on the bench.
#[derive(Debug, Clone)]
pub struct ToolsEditor {
    prompt_name: Option<String>,
    /// The marks of prompt caching of the prompt's messages, which come after those of the tools.
    marks: Vec<PromptCaching>,
    /// The tools as they are edited.
    pub set: ToolSet,
    past: Vec<ToolSet>,
    future: Vec<ToolSet>,
    /// The lines, and which one is chosen.
    pub list: PickList<ToolsRow>,
    /// What is wrong with each tool, and with how they are used last.
    pub mistakes: Vec<Option<String>>,
    pub mode: ToolsMode,
}

/// Says what is wrong with a tool of a set; none where nothing is.
#[must_use]
pub fn mistake(set: &ToolSet, at: usize) -> Option<String> {
    let tool = set.tools.get(at)?;
    if let Err((key, words)) = tool.validate() {
        return Some(format!("{key}: {words}"));
    }
    if set.tools.iter().take(at).any(|before| before.name == tool.name) {
        return Some("name: another tool has this name".to_owned());
    }
    let wrong = tool.parameters.as_ref().and_then(|schema| Schema::new("parameters", schema).err());
    wrong.map(|error| format!("parameters: {error}"))
}

/// Says what is wrong with how the tools are used.
fn mistake_of_use(set: &ToolSet) -> Option<String> {
    match &set.choice {
        Some(ToolChoice::Named(name)) if set.find(name).is_none() => Some(format!("tool_choice: no tool `{name}`")),
        Some(ToolChoice::Named(_) | ToolChoice::Auto | ToolChoice::None | ToolChoice::Required) | None => None,
    }
}

impl ToolsEditor {
    /// Opens the tools of a prompt, whose messages have these marks of prompt caching.
    #[must_use]
    pub fn new(prompt_name: Option<String>, set: ToolSet, marks: Vec<PromptCaching>) -> Self {
        let mut editor = Self {
            prompt_name,
            marks,
            set,
            past: Vec::new(),
            future: Vec::new(),
            list: PickList::menu(Vec::new()),
            mistakes: Vec::new(),
            mode: ToolsMode::List,
        };
        editor.refill();
        editor
    }

    /// Lists the tools anew; what was chosen by its place stays chosen.
    fn refill(&mut self) {
        let at = self.list.at();
        let tools = (0..self.set.tools.len()).map(ToolsRow::Tool);
        self.list.refill(tools.chain([ToolsRow::Use]).map(|row| PickItem::new(row, "", "")).collect());
        self.list.choose(at);
        let set = &self.set;
        self.mistakes = (0..set.tools.len()).map(|at| mistake(set, at)).chain([mistake_of_use(set)]).collect();
    }

    fn chosen(&self) -> ToolsRow {
        self.list.chosen().map_or(ToolsRow::Use, |item| item.value)
    }

    /// Changes the tools as one step that can be undone, and hands them to the bench.
    fn change(&mut self, change: impl FnOnce(&mut ToolSet)) -> After {
        let before = self.set.clone();
        change(&mut self.set);
        self.mode = ToolsMode::List;
        if self.set == before {
            self.refill();
            return After::Stay;
        }
        self.future.clear();
        self.past.push(before);
        if self.past.len() > STEPS {
            self.past.remove(0);
        }
        self.hand_over()
    }

    fn hand_over(&mut self) -> After {
        self.refill();
        After::StayAnd(Intent::Bench(BenchIntent::SetTools(Box::new(self.set.clone()))))
    }

    /// Undoes the last step, or does it again.
    fn go_back(&mut self, back: bool) -> After {
        let (from, to) = if back { (&mut self.past, &mut self.future) } else { (&mut self.future, &mut self.past) };
        let Some(set) = from.pop() else {
            return refused(if back { "Nothing to undo" } else { "Nothing to redo" });
        };
        to.push(std::mem::replace(&mut self.set, set));
        self.hand_over()
    }

    fn remove(&mut self) -> After {
        let ToolsRow::Tool(at) = self.chosen() else { return refused("choose a tool to remove") };
        self.change(|set| {
            if at < set.tools.len() {
                set.tools.remove(at);
            }
        })
    }

    fn duplicate(&mut self) -> After {
        let ToolsRow::Tool(at) = self.chosen() else { return refused("choose a tool to copy") };
        let Some(tool) = self.set.tools.get(at).cloned() else { return After::Stay };
        let free = |name: &String| self.set.find(name).is_none();
        // One more than there are tools: one of so many names is free.
        let name = (2..self.set.tools.len() + 3)
            .map(|number| format!("{}_{number}", tool.name))
            .find(free)
            .unwrap_or_default();
        let after = self.change(|set| set.tools.insert(at + 1, Tool { name, ..tool }));
        self.list.choose(at + 1);
        after
    }

    /// Takes the form over the tool, or shows what is wrong at its line.
    fn take_form(&mut self, mut form: Box<ToolForm>) -> After {
        let Some(tool) = form.read() else {
            self.mode = ToolsMode::Editing(form);
            return After::Stay;
        };
        let at = form.place.unwrap_or(self.set.tools.len());
        let mut tried = self.set.clone();
        put(&mut tried, at, tool);
        let marks = tried.tools.iter().filter_map(|tool| tool.cache).chain(self.marks.iter().copied());
        let refused = PromptCaching::refused(marks).map(|(_, why)| format!("{CACHE}: {why}"));
        if let Some(wrong) = mistake(&tried, at).or(refused) {
            form.blame(&wrong);
            self.mode = ToolsMode::Editing(form);
            return After::Stay;
        }
        let after = self.change(|set| *set = tried);
        self.list.choose(at);
        after
    }
}

fn put(set: &mut ToolSet, at: usize, tool: Tool) {
    match set.tools.get_mut(at) {
        Some(place) => *place = tool,
        None => set.tools.push(tool),
    }
}

fn refused(why: &str) -> After {
    After::StayAnd(Intent::Say(Tone::Info, why.to_owned()))
}

impl OverlayPart for ToolsEditor {
    fn title(&self) -> &'static str {
        "Tools"
    }

    fn heading(&self, scene: Scene<'_>, _width: u16) -> Line<'static> {
        view::heading(self, scene)
    }

    fn beside(&self, scene: Scene<'_>) -> Line<'static> {
        match &self.mode {
            ToolsMode::Typing(form) => {
                let (role, words) = form.parameters.words_of_state();
                Line::from(scene.span(words, role))
            }
            ToolsMode::List | ToolsMode::Editing(_) | ToolsMode::Describing(_) | ToolsMode::Using(_) => {
                let count = self.set.tools.len();
                let words = if count == 1 { "1 tool".to_owned() } else { format!("{count} tools") };
                Line::from(scene.span(words, Role::Text))
            }
        }
    }

    fn is_screen(&self) -> bool {
        true
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((u16::MAX, u16::MAX))
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        match &self.mode {
            ToolsMode::List => vec![
                // What is first is left out last where there is little room.
                hint(scene, OverlayAction::AddCheck, "add"),
                hint(scene, Verb::Accept, "edit"),
                hint(scene, OverlayAction::SaveChecks, "save"),
                hint(scene, OverlayAction::RemoveCheck, "remove"),
                hint(scene, OverlayAction::DuplicateInList, "duplicate"),
                hint(scene, OverlayAction::UndoCheck, "undo"),
                arrows("choose"),
            ],
            ToolsMode::Editing(form) => {
                let does = match form.opens() {
                    Some(FormText::Parameters) => "edit the schema",
                    Some(FormText::Description) => "edit the text",
                    None => "keep",
                };
                vec![hint(scene, Verb::Accept, does), hint(scene, Verb::NextPane, "next field")]
            }
            ToolsMode::Describing(_) => {
                vec![("tab".to_owned(), "next field".to_owned()), hint(scene, OverlayAction::UndoText, "undo")]
            }
            ToolsMode::Typing(form) => {
                let mut hints = vec![
                    hint(scene, OverlayAction::FormatSchema, "format"),
                    hint(scene, OverlayAction::UndoText, "undo"),
                ];
                if form.parameters.has_words() {
                    hints.insert(0, ("tab".to_owned(), "complete".to_owned()));
                }
                hints
            }
            ToolsMode::Using(_) => vec![hint(scene, Verb::Accept, "keep"), hint(scene, Verb::NextPane, "next field")],
        }
    }

    fn way_out(&self) -> &'static str {
        match self.mode {
            ToolsMode::List => "back",
            ToolsMode::Editing(_) | ToolsMode::Using(_) => "cancel",
            ToolsMode::Describing(_) | ToolsMode::Typing(_) => "to the form",
        }
    }

    fn interactive(&mut self) -> Option<&mut dyn Interactive> {
        match &mut self.mode {
            ToolsMode::List => Some(&mut self.list),
            ToolsMode::Editing(form) => Some(&mut form.form),
            ToolsMode::Using(form) => Some(form),
            ToolsMode::Describing(_) | ToolsMode::Typing(_) => None,
        }
    }

    fn key(&mut self, chord: Chord, _cx: OverlayCx<'_>) -> Option<After> {
        match std::mem::replace(&mut self.mode, ToolsMode::List) {
            // The description is typed into at once.
            ToolsMode::Editing(form) if form.opens() == Some(FormText::Description) && chord.text().is_some() => {
                self.mode = ToolsMode::Describing(form);
            }
            ToolsMode::Describing(mut form) if chord.code() == KeyCode::Tab => {
                form.say_description();
                form.form.step(1);
                self.mode = ToolsMode::Editing(form);
                return Some(After::Stay);
            }
            mode => self.mode = mode,
        }
        let taken = match &mut self.mode {
            ToolsMode::List => false,
            ToolsMode::Describing(form) if chord.code() == KeyCode::Enter => {
                form.description.editor.paste("\n");
                true
            }
            ToolsMode::Describing(form) => form.description.key(chord),
            ToolsMode::Editing(form) => form.key(chord),
            ToolsMode::Using(form) => form.key(chord),
            ToolsMode::Typing(form) => {
                let taken = form.parameters.key(chord);
                form.parameters.settle();
                taken
            }
        };
        taken.then_some(After::Stay)
    }

    fn paste(&mut self, text: &str) -> After {
        match &mut self.mode {
            ToolsMode::Describing(form) => {
                form.description.editor.paste(text);
            }
            ToolsMode::Typing(form) => {
                form.parameters.editor.paste(text);
                form.parameters.settle();
            }
            ToolsMode::Editing(form) => match form.opens() {
                Some(FormText::Description) => {
                    form.description.editor.paste(text);
                    form.say_description();
                }
                Some(FormText::Parameters) => {}
                None => form.form.paste(text),
            },
            ToolsMode::Using(form) => form.paste(text),
            ToolsMode::List => {}
        }
        After::Stay
    }

    fn step(&mut self, by: isize) {
        match &mut self.mode {
            ToolsMode::List => Interactive::step(&mut self.list, by),
            ToolsMode::Editing(form) => form.form.step(by),
            ToolsMode::Using(form) => form.step(by),
            ToolsMode::Describing(form) => form.description.step(by),
            ToolsMode::Typing(form) => form.parameters.step(by),
        }
    }

    fn click(&mut self, row: usize, _column: usize) -> bool {
        match &mut self.mode {
            // The list begins below its heading.
            ToolsMode::List => row.checked_sub(1).is_some_and(|row| Interactive::click(&mut self.list, row)),
            ToolsMode::Editing(form) => form.form.click(row),
            ToolsMode::Using(form) => form.click(row),
            ToolsMode::Describing(_) | ToolsMode::Typing(_) => false,
        }
    }

    fn act(&mut self, action: OverlayAction, _cx: OverlayCx<'_>) -> After {
        match (action, &mut self.mode) {
            (OverlayAction::SaveChecks, ToolsMode::List) => After::StayAnd(Intent::Bench(BenchIntent::Save)),
            (OverlayAction::SaveChecks, _) => refused("enter keeps what is filled in, or esc leaves it; then save"),
            (OverlayAction::AddCheck, ToolsMode::List) => {
                self.mode = ToolsMode::Editing(Box::new(ToolForm::new(None, &Tool::named(""))));
                After::Stay
            }
            (OverlayAction::RemoveCheck, ToolsMode::List) => self.remove(),
            (OverlayAction::DuplicateInList, ToolsMode::List) => self.duplicate(),
            (OverlayAction::UndoCheck, ToolsMode::List) => self.go_back(true),
            (OverlayAction::RedoCheck, ToolsMode::List) => self.go_back(false),
            (OverlayAction::FormatSchema, ToolsMode::Typing(form)) => {
                form.parameters.format();
                form.parameters.settle();
                After::Stay
            }
            (OverlayAction::UndoText | OverlayAction::RedoText, ToolsMode::Describing(form)) => {
                form.description.act(action);
                After::Stay
            }
            (OverlayAction::UndoText | OverlayAction::RedoText, ToolsMode::Typing(form)) => {
                let editor = &mut form.parameters.editor;
                let _ = if action == OverlayAction::UndoText { editor.undo() } else { editor.redo() };
                form.parameters.settle();
                After::Stay
            }
            _ => After::Stay,
        }
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        match std::mem::replace(&mut self.mode, ToolsMode::List) {
            ToolsMode::List => {
                self.mode = match self.chosen() {
                    ToolsRow::Tool(at) => match self.set.tools.get(at) {
                        Some(tool) => ToolsMode::Editing(Box::new(ToolForm::new(Some(at), tool))),
                        None => ToolsMode::List,
                    },
                    ToolsRow::Use => ToolsMode::Using(use_form(&self.set)),
                };
                After::Stay
            }
            ToolsMode::Editing(form) => match form.opens() {
                Some(FormText::Description) => {
                    self.mode = ToolsMode::Describing(form);
                    After::Stay
                }
                Some(FormText::Parameters) => {
                    self.mode = ToolsMode::Typing(form);
                    After::Stay
                }
                None => self.take_form(form),
            },
            mode @ (ToolsMode::Describing(_) | ToolsMode::Typing(_)) => {
                self.mode = mode;
                After::Stay
            }
            ToolsMode::Using(mut form) => {
                if let Some(set) = read_use(&mut form, &self.set) {
                    self.change(|present| *present = set)
                } else {
                    self.mode = ToolsMode::Using(form);
                    After::Stay
                }
            }
        }
    }

    fn leave(&mut self) -> After {
        match std::mem::replace(&mut self.mode, ToolsMode::List) {
            ToolsMode::List => After::Close,
            ToolsMode::Editing(_) | ToolsMode::Using(_) => After::Stay,
            ToolsMode::Describing(mut form) => {
                form.say_description();
                self.mode = ToolsMode::Editing(form);
                After::Stay
            }
            ToolsMode::Typing(mut form) => {
                form.say_parameters();
                self.mode = ToolsMode::Editing(form);
                After::Stay
            }
        }
    }

    fn fit(&mut self, body: Rect, _cx: OverlayCx<'_>) {
        self.list.fit(usize::from(body.height.saturating_sub(1 + view::BELOW)));
        match &mut self.mode {
            ToolsMode::Describing(form) => form.description.fit(body),
            ToolsMode::Typing(form) => form.parameters.fit(view::text_area(body)),
            ToolsMode::List | ToolsMode::Editing(_) | ToolsMode::Using(_) => {}
        }
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        view::draw(self, scene, body, buffer);
    }
}
