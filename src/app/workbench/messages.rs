//! The messages of the prompt on the bench: a list whose entries are edited, moved, muted and removed.
//!
//! What the actions on messages do: add, remove, move, mute, give to another role.

use crate::{
    app::{
        action::BenchAction,
        context::Cx,
        notices::Tone,
        workbench::{Focus, Workbench},
    },
    model::{Prompt, Role, Turn},
    widgets::text_editor::TextEditor,
};

/// One message.
#[derive(Debug, Clone)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// Its template.
    pub field: TextEditor,
    /// Whether it is kept but not sent.
    pub muted: bool,
}

impl Message {
    fn of(turn: &Turn) -> Self {
        Self { role: turn.role, field: TextEditor::of(&turn.content), muted: turn.muted }
    }

    fn turn(&self) -> Turn {
        Turn { role: self.role, content: self.field.text(), muted: self.muted }
    }
}

/// All of them, at least one.
#[derive(Debug, Clone)]
pub struct Messages {
    list: Vec<Message>,
    /// The message that was removed last, its place, and the count of changes right after.
    removed: Option<(usize, Message, u64)>,
    /// Counts the changes outside the fields, and those in fields that are gone.
    touched: u64,
}

impl Messages {
    /// Lays out the messages of a prompt, with room for a system message above all.
    #[must_use]
    pub fn of(prompt: &Prompt) -> Self {
        let turns = prompt.turns();
        let headed = turns.first().is_some_and(|turn| turn.role == Role::System);
        let room = (!headed).then(|| Turn::of(Role::System, ""));
        Self { list: room.iter().chain(&turns).map(Message::of).collect(), removed: None, touched: 0 }
    }

    /// Puts the messages of another prompt in place of these: as an edit of each text where there are
    /// as many by the same roles.
    pub fn put(&mut self, prompt: &Prompt) {
        let fresh = Self::of(prompt);
        if fresh.list.iter().map(|message| message.role).eq(self.list.iter().map(|message| message.role)) {
            for (message, other) in self.list.iter_mut().zip(&fresh.list) {
                message.field.set(&other.field.text());
                message.muted = other.muted;
            }
            self.touched += 1;
        } else {
            self.touched = self.revision() + 1;
            (self.list, self.removed) = (fresh.list, None);
        }
    }

    /// Returns the messages as a prompt holds them.
    #[must_use]
    pub fn turns(&self) -> Vec<Turn> {
        self.list.iter().map(Message::turn).collect()
    }

    /// Counts them.
    #[must_use]
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// Lists them.
    pub fn iter(&self) -> impl Iterator<Item = &Message> {
        self.list.iter()
    }

    /// The same, to be changed: only their fields.
    pub fn fields_mut(&mut self) -> impl Iterator<Item = &mut TextEditor> {
        self.list.iter_mut().map(|message| &mut message.field)
    }

    /// Returns the message at a place.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<&Message> {
        self.list.get(at)
    }

    /// Returns the text at a place, to be edited.
    pub fn field_mut(&mut self, at: usize) -> Option<&mut TextEditor> {
        self.list.get_mut(at).map(|message| &mut message.field)
    }

    /// Tells whether nothing would be sent.
    #[must_use]
    pub fn are_empty(&self) -> bool {
        self.list.iter().all(|message| message.muted || message.field.is_empty())
    }

    /// Counts every change so far.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.touched + self.list.iter().map(|message| message.field.revision()).sum::<u64>()
    }

    /// Adds an empty message after the one at a place, said by whoever answers that one, and returns
    /// its place.
    pub fn add_after(&mut self, at: usize) -> usize {
        let role = match self.get(at).map(|message| message.role) {
            Some(Role::User) => Role::Assistant,
            Some(Role::System | Role::Assistant) | None => Role::User,
        };
        let place = (at + 1).min(self.list.len());
        self.list.insert(place, Message::of(&Turn::of(role, "")));
        self.touched += 1;
        place
    }

    /// Removes the message at a place, unless it is the only one. Tells whether it did.
    pub fn remove(&mut self, at: usize) -> bool {
        if at >= self.list.len() || self.list.len() == 1 {
            return false;
        }
        let message = self.list.remove(at);
        self.touched += message.field.revision() + 1;
        self.removed = Some((at, message, self.revision()));
        true
    }

    /// Brings back the message that was removed, if that was the last change. Returns its place.
    pub fn unremove(&mut self) -> Option<usize> {
        let revision = self.revision();
        let (at, message, _) = self.removed.take_if(|(.., then)| *then == revision)?;
        let at = at.min(self.list.len());
        self.list.insert(at, message);
        self.touched += 1;
        Some(at)
    }

    /// Moves the message at a place up or down by one, and returns its new place if there is one.
    pub fn shift(&mut self, at: usize, down: bool) -> Option<usize> {
        let to = if down { at + 1 } else { at.checked_sub(1)? };
        if to >= self.list.len() || at >= self.list.len() {
            return None;
        }
        self.list.swap(at, to);
        self.touched += 1;
        Some(to)
    }

    /// Mutes the message at a place, or has it sent again. Tells whether it is muted now.
    pub fn toggle_mute(&mut self, at: usize) -> Option<bool> {
        let message = self.list.get_mut(at)?;
        message.muted = !message.muted;
        self.touched += 1;
        Some(message.muted)
    }

    /// Has the next role say the message at a place, round the end.
    pub fn next_role(&mut self, at: usize) -> Option<Role> {
        let message = self.list.get_mut(at)?;
        let place = Role::ALL.iter().position(|role| *role == message.role).unwrap_or(0);
        message.role = Role::ALL.into_iter().cycle().nth(place + 1).unwrap_or(message.role);
        self.touched += 1;
        Some(message.role)
    }
}

impl Workbench {
    /// Adds a message after the one that has the focus, or had it last, to be typed.
    pub(crate) fn add_message(&mut self) {
        let to = self.messages.add_after(self.message_at());
        self.focus_on(Focus::Message(to));
        self.typing = true;
    }

    pub(crate) fn remove_message(&mut self, cx: &mut Cx<'_, Self>) {
        let at = self.message_at();
        if self.messages.remove(at) {
            let undo = cx.shared.keymap.shown(BenchAction::Undo, false);
            let undo = undo.map_or_else(String::new, |key| format!("; {key} brings it back"));
            self.at_message(at.min(self.messages.count() - 1), &format!("removed the message{undo}"), cx);
        } else {
            self.at_message(at, "a prompt keeps one message", cx);
        }
    }

    /// Moves the message up or down.
    pub(crate) fn shift_message(&mut self, down: bool, cx: &mut Cx<'_, Self>) {
        let at = self.message_at();
        match self.messages.shift(at, down) {
            Some(to) => self.at_message(to, &format!("message {} of {}", to + 1, self.messages.count()), cx),
            None => self.at_message(at, "there is no further place", cx),
        }
    }

    /// Mutes the message, or has it sent again.
    pub(crate) fn mute_message(&mut self, cx: &mut Cx<'_, Self>) {
        let at = self.message_at();
        let muted = self.messages.toggle_mute(at) == Some(true);
        self.at_message(at, if muted { "muted: kept, and not sent" } else { "sent again" }, cx);
    }

    /// Has the next role say the message.
    pub(crate) fn turn_role(&mut self, cx: &mut Cx<'_, Self>) {
        let at = self.message_at();
        if let Some(role) = self.messages.next_role(at) {
            self.at_message(at, &format!("said by the {}", role.name()), cx);
        }
    }

    /// Gives a message the focus, and says what became of it.
    fn at_message(&mut self, at: usize, says: &str, cx: &mut Cx<'_, Self>) {
        self.focus_on(Focus::Message(at));
        cx.say(Tone::Info, says);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_message_comes_back_until_something_else_changes() {
        let mut prompt = Prompt { system: "s".to_owned(), user: "u".to_owned(), ..Prompt::default() };
        prompt.messages = vec![Turn::of(Role::User, "q"), Turn { muted: true, ..Turn::of(Role::Assistant, "a") }];
        let mut messages = Messages::of(&prompt);
        let (before, revision) = (messages.turns(), messages.revision());
        assert!(messages.remove(2) && messages.revision() > revision);
        assert_eq!(messages.unremove(), Some(2));
        assert_eq!(messages.turns(), before);
        assert!(messages.remove(0));
        messages.toggle_mute(0);
        assert_eq!(messages.unremove(), None);
    }

    #[test]
    fn other_texts_by_the_same_roles_are_edits_and_nothing_removed_comes_back_among_them() {
        let dialogue =
            |user: &str, muted| vec![Turn { muted, ..Turn::of(Role::User, user) }, Turn::of(Role::Assistant, "a")];
        let mut prompt = Prompt::default();
        prompt.set_turns([dialogue("q", false), vec![Turn::of(Role::User, "u")]].concat());
        let mut messages = Messages::of(&prompt);
        assert!(messages.remove(3));
        let revision = messages.revision();
        prompt.set_turns(dialogue("p", true));
        messages.put(&prompt);
        assert_eq!(messages.turns().get(1..), Some(dialogue("p", true).as_slice()));
        assert!(messages.revision() > revision);
        assert_eq!(messages.unremove(), None);
        assert!(messages.field_mut(1).is_some_and(TextEditor::undo));
        assert_eq!(messages.turns().get(1), Some(&Turn { muted: true, ..Turn::of(Role::User, "q") }));
    }

    #[test]
    fn the_last_message_stays_and_the_ends_hold() {
        let mut messages = Messages::of(&Prompt::default());
        assert_eq!((messages.count(), messages.shift(0, false), messages.shift(1, true)), (2, None, None));
        assert!(messages.remove(0) && !messages.remove(0) && !messages.remove(7));
        assert_eq!((messages.add_after(0), messages.next_role(1)), (1, Some(Role::System)));
    }
}
