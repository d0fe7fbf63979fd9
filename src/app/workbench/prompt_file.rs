//! The prompt on the bench and its file: opened, saved, written over.

use std::path::PathBuf;

use crate::{
    app::{
        action::BenchAction,
        ask,
        context::Cx,
        intent::{
            BatchIntent, BenchIntent, Intent, OncePut, OverlayIntent, PromptEdit, WrittenRules, WrittenThreshold,
        },
        notices::Tone,
        overlays::{
            confirm::{Confirm, delete_prompt},
            text_prompt::{TextFor, TextPrompt},
        },
        screen_id::ScreenId,
        workbench::{Focus, Workbench},
    },
    eval::whatif::Threshold,
    model::{
        Prompt,
        error::{StoreError, StoreErrorKind},
    },
    store::api::{Over, PromptMove},
};

impl Workbench {
    /// Opens a prompt that was chosen, once the edits of the one on the bench may be dropped.
    pub(crate) fn choose_prompt(&mut self, name: String, cx: &mut Cx<'_, Self>) {
        if self.dirty() {
            let then = Intent::Bench(BenchIntent::OpenPrompt(name));
            cx.confirm("The prompt on the bench has unsaved edits. Drop them?", "Drop them", then);
        } else {
            Self::open_prompt(name, cx);
        }
    }

    /// Opens a prompt over what is there.
    pub(crate) fn open_prompt(name: String, cx: &mut Cx<'_, Self>) {
        cx.send(Intent::Overlay(OverlayIntent::CloseAll));
        cx.ask(ask::open_prompt(name.clone()), name, |bench, name, opened, cx| match opened {
            Ok((name, prompt, file)) => bench.put_prompt(name, &prompt, file, cx),
            Err(StoreError { kind: StoreErrorKind::Renamed(now), .. }) => {
                let text = format!("Prompt {name} was renamed to {now}. Open that?");
                let since = Some(cx.shared.now.at);
                cx.open(Confirm { since, ..Confirm::new(text, "Open", Intent::Bench(BenchIntent::OpenPrompt(now))) });
            }
            Err(error) => cx.say(Tone::Error, &error.message),
        });
    }

    /// Puts an empty prompt on the bench. Lanes and input stay; the prompt before comes back by undo.
    pub(crate) fn new_prompt(&mut self, cx: &mut Cx<'_, Self>) {
        cx.send(Intent::Overlay(OverlayIntent::CloseAll));
        let (state, before) = (self.prompt_state(false), self.revision());
        let user = "{{ input }}".to_owned();
        self.put(None, &Prompt { user, ..Prompt::default() });
        self.note_change(state, before);
        self.focus_on(Focus::Message(0));
        self.typing = true;
        let undo = cx.shared.keymap.shown(BenchAction::Undo, true);
        let undo = undo.map_or_else(String::new, |key| format!("; {key} brings the one before back"));
        cx.say(Tone::Info, &format!("New prompt{undo}"));
    }

    /// Asks for the name of a copy of the prompt: of its file where nothing was edited, else of what is on the bench.
    pub(crate) fn ask_duplicate(&self, cx: &mut Cx<'_, Self>) {
        let name = self.prompt_name.clone().unwrap_or_default();
        let copy = if name.is_empty() { String::new() } else { format!("{name}-copy") };
        let what = if name.is_empty() || self.dirty() { TextFor::Prompt } else { TextFor::DuplicatePrompt(name) };
        cx.open(TextPrompt::new(what, &copy));
    }

    /// Asks for the prompt's new name.
    pub(crate) fn ask_rename(&self, cx: &mut Cx<'_, Self>) {
        match self.prompt_name.clone() {
            Some(name) => cx.open(TextPrompt::new(TextFor::RenamePrompt(name.clone()), &name)),
            None => cx.say(Tone::Info, "This prompt has no name yet: save it first"),
        }
    }

    /// Asks whether the prompt is deleted.
    pub(crate) fn ask_delete(&self, cx: &mut Cx<'_, Self>) {
        match self.prompt_name.clone() {
            Some(name) => cx.open(delete_prompt(name)),
            None => cx.say(Tone::Info, "This prompt has no file yet"),
        }
    }

    /// Renames, copies or moves aside a prompt's file, and has the list of prompts show it.
    pub(crate) fn move_prompt(step: PromptMove, cx: &mut Cx<'_, Self>) {
        cx.ask(ask::move_prompt(step.clone()), step, |bench, step, moved, cx| match moved {
            Ok(path) => bench.prompt_moved(&step, path, cx),
            Err(error) if bench.drop_move(&step) => {
                let says = format!("{}; the change before it is the next to undo", error.message);
                cx.say(Tone::Error, &says);
            }
            Err(error) => cx.say(Tone::Error, &error.message),
        });
    }

    fn prompt_moved(&mut self, step: &PromptMove, path: PathBuf, cx: &mut Cx<'_, Self>) {
        let is_here = self.prompt_name.as_deref() == Some(step.name());
        let undo = cx.shared.keymap.shown(BenchAction::Undo, false);
        let undo = undo.map_or_else(String::new, |key| format!("; {key} undoes it"));
        match step.clone() {
            PromptMove::Rename { from, to } => {
                let before = self.revision();
                if is_here {
                    self.prompt_name = Some(to.clone());
                    self.forget_version_numbers();
                }
                self.touch();
                self.note_move(step, PromptMove::Rename { from: to.clone(), to: from.clone() }, before);
                let now = |name: &str| (*name == from).then(|| to.clone());
                self.setups.iter_mut().for_each(|setup| setup.rename_prompts(now));
                cx.send(Intent::Batch(BatchIntent::RenamePrompt { from: from.clone(), to: to.clone() }));
                let names = (from.clone(), to.clone());
                cx.ask(ask::rename_runs(from, to), names, |_, names, renamed, cx| {
                    Self::runs_renamed(&names, renamed, cx);
                });
            }
            PromptMove::Duplicate { from, to } => {
                cx.say(Tone::Info, &format!("Copied {from} to {to}"));
                if is_here && !self.dirty() {
                    Self::open_prompt(to, cx);
                }
            }
            PromptMove::Remove(name) => {
                let before = self.revision();
                if is_here {
                    // What is on the bench stays there, as a prompt without a file.
                    (self.prompt_name, self.file, self.base) = (None, None, None);
                }
                self.touch();
                let home = path.with_file_name(format!("{name}.toml"));
                let restore = PromptMove::Restore { name: name.clone(), aside: path, home };
                self.note_move(step, restore, before);
                cx.say(Tone::Info, &format!("Deleted prompt {name}; its runs stay{undo}"));
            }
            PromptMove::Restore { name, .. } => {
                let before = self.revision();
                if self.prompt_name.is_none() {
                    self.prompt_name = Some(name.clone());
                    self.touch();
                }
                self.note_move(step, PromptMove::Remove(name.clone()), before);
                cx.say(Tone::Info, &format!("Restored prompt {name}"));
            }
        }
        cx.send(Intent::Overlay(OverlayIntent::ListPrompts));
    }

    /// Says that a prompt has its new name, and has the lists show its runs under it.
    fn runs_renamed((from, to): &(String, String), renamed: Result<u64, StoreError>, cx: &mut Cx<'_, Self>) {
        let undo = cx.shared.keymap.shown(BenchAction::Undo, false);
        let undo = undo.map_or_else(String::new, |key| format!("; {key} undoes it"));
        match renamed {
            Ok(runs) => {
                let runs = if runs == 0 { "" } else { " with its runs" };
                cx.say(Tone::Info, &format!("Renamed {from} to {to}{runs}{undo}"));
                cx.send(Intent::RefreshRuns);
            }
            Err(error) => {
                let says = format!("Renamed {from} to {to}, but its runs stay under {from}: {}", error.message);
                cx.say(Tone::Error, &says);
            }
        }
    }

    /// Puts a prompt on the bench, in lanes of its own targets if it names some. A starter brings
    /// its sample where there is no input.
    fn put_prompt(&mut self, name: String, prompt: &Prompt, file: Option<String>, cx: &mut Cx<'_, Self>) {
        self.stop_all(cx);
        let (state, before) = (self.prompt_state(!prompt.targets.is_empty()), self.revision());
        cx.say(Tone::Info, &format!("{name} is on the bench"));
        if let Some((.., sample)) = cx.shared.starters.iter().find(|(known, ..)| *known == name)
            && self.input.is_empty()
        {
            self.input.set(sample);
        }
        self.put(Some(name), prompt);
        self.file = file;
        if !prompt.targets.is_empty() {
            self.set_lanes(&prompt.targets);
        }
        self.note_change(state, before);
    }

    /// Takes over a prompt that was written to its file, where it is on the bench and nothing was edited.
    pub(crate) fn take_written(&mut self, name: &str, prompt: &Prompt, file: String) {
        if self.prompt_name.as_deref() != Some(name) || self.dirty() {
            return;
        }
        let (state, before) = (self.prompt_state(false), self.revision());
        self.put(Some(name.to_owned()), prompt);
        self.file = Some(file);
        self.note_change(state, before);
    }

    /// Puts an edit of a prompt on the bench: over what is there, once its edits may be dropped where it is another prompt.
    pub(crate) fn put_edit(&mut self, edit: PromptEdit, cx: &mut Cx<'_, Self>) {
        let is_other = self.prompt_name.as_ref() != Some(&edit.name);
        if is_other && self.dirty() && !edit.drops {
            let text = "The prompt on the bench has unsaved edits. Drop them?";
            let then = Intent::Bench(BenchIntent::PutEdit(Box::new(PromptEdit { drops: true, ..edit })));
            return cx.confirm(text, "Drop them", then);
        }
        if is_other {
            let (state, before) = (self.prompt_state(false), self.revision());
            self.put(Some(edit.name), &edit.base);
            self.file = edit.file;
            self.note_change(state, before);
        }
        cx.send(Intent::Show(ScreenId::Bench));
        let version = Box::new(edit.edited);
        cx.send(Intent::Bench(BenchIntent::PutVersion { version, then: OncePut::Nothing }));
    }

    /// Asks for the name to save the prompt under.
    pub(crate) fn save_prompt_as(&self, cx: &mut Cx<'_, Self>) {
        cx.open(TextPrompt::new(TextFor::Prompt, self.prompt_name.as_deref().unwrap_or_default()));
    }

    /// Writes the prompt to the file of a name.
    pub(crate) fn save_prompt(&self, name: String, over: Over, cx: &mut Cx<'_, Self>) {
        let prompt = Box::new(self.prompt_to_save(&cx.shared.default_target));
        let ask = ask::save_prompt(name.clone(), prompt.clone(), over);
        cx.ask(ask, (name, prompt), Self::prompt_saved);
    }

    fn prompt_saved(
        &mut self,
        (name, prompt): (String, Box<Prompt>),
        saved: Result<(String, PathBuf, String), StoreError>,
        cx: &mut Cx<'_, Self>,
    ) {
        let replace = |name| Intent::Bench(BenchIntent::ReplacePrompt(name));
        let since = Some(cx.shared.now.at);
        match saved {
            Ok((name, path, file)) => {
                let says = format!("saved as {}", path.display());
                cx.say(Tone::Info, &says);
                let same = self.prompt_name.as_ref() == Some(&name);
                let judges_otherwise =
                    |base: &Prompt| base.expected() != prompt.expected() || base.checks != prompt.checks;
                if same && self.base().is_some_and(judges_otherwise) {
                    let rules = WrittenRules { name: name.clone(), prompt: prompt.clone(), says };
                    cx.send(Intent::JudgeAnew(Box::new(rules)));
                }
                self.saved(name, *prompt, file);
            }
            Err(error) => match error.kind {
                StoreErrorKind::Exists => {
                    let text = format!("There is a prompt `{name}` already. Replace it?");
                    cx.open(Confirm { since, ..Confirm::new(text, "replaces it", replace(name)) });
                }
                StoreErrorKind::Changed => {
                    let others = vec![
                        ('r', "reloads it", Intent::Bench(BenchIntent::OpenPrompt(name.clone()))),
                        ('s', "saves as", Intent::Bench(BenchIntent::SavePromptAs)),
                    ];
                    cx.open(Confirm { others, since, ..Confirm::new(error.message, "overwrites", replace(name)) });
                }
                StoreErrorKind::Failed | StoreErrorKind::Wrong | StoreErrorKind::Renamed(_) => {
                    cx.say(Tone::Error, &error.message);
                }
            },
        }
    }

    /// Takes over a threshold that was written to the file of a prompt, says where it stands now, and has the answers on
    /// record judged by it.
    pub(crate) fn threshold_written(&mut self, new: WrittenThreshold, cx: &mut Cx<'_, Self>) {
        let WrittenThreshold { rule, written, name, prompt, path, digest } = new;
        let shown = written.as_ref().map(Threshold::shown_present).unwrap_or_default();
        let bench = match written {
            Some(written) if self.prompt_name.as_ref() == Some(&name) => {
                if self.take_threshold(&written, digest) {
                    "; so it is on the bench"
                } else {
                    "; the prompt on the bench is edited and keeps its own"
                }
            }
            Some(_) | None => "",
        };
        let says = format!("{rule} is {shown}{bench}; in {}", path.display());
        cx.say(Tone::Info, &says);
        cx.send(Intent::JudgeAnew(Box::new(WrittenRules { name, prompt, says })));
    }
}
