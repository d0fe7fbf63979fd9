//! The messages of the prompt on the bench: a list whose entries are edited, moved, muted and removed.
//!
//! What the actions on messages do: add, remove, move, mute, give to another role. Each can be taken back.

use crate::{
    app::{
        action::BenchAction,
        context::Cx,
        notices::Tone,
        workbench::{Focus, Workbench},
    },
    model::{Part, Prompt, PromptCaching, Role, Turn},
    template,
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
    /// What it has beside its text, such as calls of tools; its own text is empty.
    pub beside: Turn,
}

impl Message {
    fn of(turn: &Turn) -> Self {
        let beside = Turn { content: String::new(), ..turn.clone() };
        Self { role: turn.role, field: TextEditor::of(&turn.content), muted: turn.muted, beside }
    }

    fn turn(&self) -> Turn {
        Turn { role: self.role, content: self.field.text(), muted: self.muted, ..self.beside.clone() }
    }
}

/// All of them, at least one.
#[derive(Debug, Clone)]
pub struct Messages {
    list: Vec<Message>,
    /// What the revisions of the texts are counted from, so that every change makes another number.
    counted: u64,
}

impl Messages {
    /// Lays out the messages of a prompt, with room for a system message above all.
    #[must_use]
    pub fn of(prompt: &Prompt) -> Self {
        let turns = prompt.turns();
        let headed = turns.first().is_some_and(|turn| turn.role == Role::System);
        let room = (!headed).then(|| Turn::of(Role::System, ""));
        Self { list: room.iter().chain(&turns).map(Message::of).collect(), counted: 0 }
    }

    /// Puts the messages of another prompt in place of these.
    pub fn put(&mut self, prompt: &Prompt) {
        self.swap(Self::of(prompt).list);
    }

    /// Puts other messages in place of these, which are returned.
    pub(crate) fn swap(&mut self, list: Vec<Message>) -> Vec<Message> {
        let next = self.revision() + 1;
        let before = std::mem::replace(&mut self.list, list);
        self.counted = next.saturating_sub(self.written());
        before
    }

    /// Returns the messages with their texts, which share what they hold with these.
    #[must_use]
    pub(crate) fn copied(&self) -> Vec<Message> {
        self.list.clone()
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
        self.list.iter().all(|message| message.muted || (message.field.is_empty() && message.beside.is_plain()))
    }

    /// Says in a word what a question that is answered in the prompt, or such an answer, is: an `example` before the first
    /// question that is asked, as `template::conversation::replayed` takes it, from there on a `turn` of the conversation.
    #[must_use]
    pub fn answered(&self, at: usize) -> Option<&'static str> {
        let role = |at: usize| self.get(at).map(|message| message.role);
        let asked_later = self.list.iter().skip(at + 1).any(|later| later.role == Role::User && !later.muted);
        let pair = match role(at) {
            Some(Role::User) => role(at + 1) == Some(Role::Assistant),
            Some(Role::Assistant) => at > 0 && role(at - 1) == Some(Role::User),
            Some(Role::System | Role::Tool) | None => false,
        };
        if !(pair && asked_later) {
            return None;
        }
        let question = if role(at) == Some(Role::Assistant) { at - 1 } else { at };
        let questions = || self.list.iter().enumerate().filter(|(_, one)| one.role == Role::User && !one.muted);
        let asks = |one: &Message| !template::asks(&one.field.text()).names.is_empty();
        let first = questions().find(|(_, one)| asks(one)).or_else(|| questions().next());
        Some(if first.is_some_and(|(first, _)| question < first) { "example" } else { "turn" })
    }

    fn written(&self) -> u64 {
        self.list.iter().map(|message| message.field.revision()).sum()
    }

    /// Counts every change so far.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.counted + self.written()
    }

    /// Adds an empty message after the one at a place, said by whoever answers that one, and returns
    /// its place.
    pub fn add_after(&mut self, at: usize) -> usize {
        let role = match self.get(at).map(|message| message.role) {
            Some(Role::User) => Role::Assistant,
            Some(Role::System | Role::Assistant | Role::Tool) | None => Role::User,
        };
        let place = (at + 1).min(self.list.len());
        self.list.insert(place, Message::of(&Turn::of(role, "")));
        self.counted += 1;
        place
    }

    /// Removes the message at a place, unless it is the only one. Tells whether it did.
    pub fn remove(&mut self, at: usize) -> bool {
        if at >= self.list.len() || self.list.len() == 1 {
            return false;
        }
        let message = self.list.remove(at);
        self.counted += message.field.revision() + 1;
        true
    }

    /// Moves the message at a place up or down by one, and returns its new place if there is one.
    pub fn shift(&mut self, at: usize, down: bool) -> Option<usize> {
        let to = if down { at + 1 } else { at.checked_sub(1)? };
        if to >= self.list.len() || at >= self.list.len() {
            return None;
        }
        self.list.swap(at, to);
        self.counted += 1;
        Some(to)
    }

    /// Lists the marks of prompt caching of the messages that are sent, in order.
    pub fn marks(&self) -> impl Iterator<Item = PromptCaching> {
        self.list.iter().filter(|message| !message.muted).filter_map(|message| message.beside.cache)
    }

    /// Gives the message at a place the next mark of prompt caching, which is returned.
    pub fn turn_caching(&mut self, at: usize) -> Option<PromptCaching> {
        let message = self.list.get_mut(at)?;
        message.beside.cache = PromptCaching::after(message.beside.cache);
        self.counted += 1;
        message.beside.cache
    }

    /// Mutes the message at a place, or has it sent again. Tells whether it is muted now.
    pub fn toggle_mute(&mut self, at: usize) -> Option<bool> {
        let message = self.list.get_mut(at)?;
        message.muted = !message.muted;
        self.counted += 1;
        Some(message.muted)
    }

    /// Gives the message at a place another role. Tells whether that changed anything.
    pub fn set_role(&mut self, at: usize, role: Role) -> bool {
        let Some(message) = self.list.get_mut(at).filter(|message| message.role != role) else {
            return false;
        };
        message.role = role;
        self.counted += 1;
        true
    }

    /// Puts other images, files and audio in place of those of the message at a place.
    pub fn set_parts(&mut self, at: usize, parts: Vec<Part>) {
        if let Some(message) = self.list.get_mut(at) {
            message.beside.parts = parts;
            self.counted += 1;
        }
    }

    /// Returns the role after that of the message at a place, round the end.
    #[must_use]
    pub fn next_role(&self, at: usize) -> Option<Role> {
        let present = self.get(at)?.role;
        let place = Role::WRITTEN.iter().position(|role| *role == present).unwrap_or(0);
        Role::WRITTEN.into_iter().cycle().nth(place + 1)
    }
}

impl Workbench {
    /// Adds a message after the one that has the focus, or had it last, to be typed.
    pub(crate) fn add_message(&mut self) {
        self.begin_change();
        let to = self.messages.add_after(self.message_at());
        self.end_change();
        self.focus_on(Focus::Message(to));
        self.typing = true;
    }

    pub(crate) fn remove_message(&mut self, cx: &mut Cx<'_, Self>) {
        let at = self.message_at();
        if self.messages.count() == 1 {
            self.on_heading(at, "a prompt keeps one message", cx);
            return;
        }
        self.begin_change();
        self.messages.remove(at);
        self.end_change();
        let undo = cx.shared.keymap.shown(BenchAction::Undo, false);
        let undo = undo.map_or_else(String::new, |key| format!("; {key} brings it back"));
        self.on_heading(at.min(self.messages.count() - 1), &format!("removed the message{undo}"), cx);
    }

    /// Moves the message up or down; a text that is being typed in stays so.
    pub(crate) fn shift_message(&mut self, down: bool, cx: &mut Cx<'_, Self>) {
        let at = self.message_at();
        let to = if down { at + 1 } else { at.wrapping_sub(1) };
        if to >= self.messages.count() {
            cx.say(Tone::Info, if down { "this is the last message" } else { "this is the first message" });
            return;
        }
        self.begin_change();
        self.messages.shift(at, down);
        if let Some(why) = self.refused_mark() {
            self.messages.shift(to, !down);
            self.end_change();
            return cx.say(Tone::Warning, &format!("it stays here, because of the caching marks: {why}"));
        }
        self.end_change();
        let focus = if matches!(self.focus, Focus::Message(_)) { Focus::Message(to) } else { Focus::Heading(to) };
        self.focus_on(focus);
        cx.say(Tone::Info, &format!("message {} of {}", to + 1, self.messages.count()));
    }

    /// Mutes the message, or has it sent again.
    pub(crate) fn mute_message(&mut self, cx: &mut Cx<'_, Self>) {
        let at = self.message_at();
        self.begin_change();
        let muted = self.messages.toggle_mute(at) == Some(true);
        if let Some(why) = self.refused_mark().filter(|_| !muted) {
            self.messages.toggle_mute(at);
            return cx.say(Tone::Warning, &format!("it stays muted, because of its caching mark: {why}"));
        }
        cx.say(Tone::Info, if muted { "muted (not sent)" } else { "sent again" });
    }

    /// Asks the provider to keep the prompt up to the message for another time, or not at all. A mark that a provider
    /// refuses is passed over, and why is said.
    pub(crate) fn cache_message(&mut self, cx: &mut Cx<'_, Self>) {
        let at = self.message_at();
        self.begin_change();
        let mut passed = String::new();
        loop {
            let Some(lifetime) = self.messages.turn_caching(at).map(PromptCaching::name) else {
                return cx.say(Tone::Info, &format!("{passed}the provider is not asked to keep it"));
            };
            let Some(why) = self.refused_mark() else {
                let words = format!("{passed}asks Anthropic to cache the prompt up to here for {lifetime}");
                return cx.say(Tone::Info, &words);
            };
            passed = format!("not {lifetime}: {why}; ");
        }
    }

    /// Says why a provider would refuse the marks to be cached as they are; none where it would not.
    fn refused_mark(&self) -> Option<String> {
        let tools = self.tools.tools.iter().filter_map(|tool| tool.cache);
        PromptCaching::refused(tools.chain(self.messages.marks())).map(|(_, why)| why)
    }

    /// Has the next role say the message.
    pub(crate) fn turn_role(&mut self, cx: &mut Cx<'_, Self>) {
        let at = self.message_at();
        if let Some(role) = self.messages.next_role(at) {
            self.set_role(at, role, cx);
        }
    }

    /// Gives a message a role.
    pub(crate) fn set_role(&mut self, at: usize, role: Role, cx: &mut Cx<'_, Self>) {
        if self.messages.get(at).is_some_and(|message| message.role != role) {
            self.begin_change();
            self.messages.set_role(at, role);
        }
        cx.say(Tone::Info, &format!("role: {}", role.name()));
    }

    /// Puts the cursor on the heading of a message, and says what became of it.
    fn on_heading(&mut self, at: usize, says: &str, cx: &mut Cx<'_, Self>) {
        self.focus_on(Focus::Heading(at));
        cx.say(Tone::Info, says);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_makes_another_revision() {
        let mut messages = Messages::of(&Prompt { system: "s".to_owned(), ..Prompt::default() });
        let mut seen = vec![messages.revision()];
        let mut note = |messages: &Messages| {
            assert!(!seen.contains(&messages.revision()));
            seen.push(messages.revision());
        };
        messages.field_mut(1).unwrap().set("typed");
        note(&messages);
        let before = messages.copied();
        messages.remove(1);
        note(&messages);
        let after = messages.swap(before);
        note(&messages);
        messages.swap(after);
        note(&messages);
        assert!(messages.toggle_mute(0) == Some(true) && messages.set_role(0, Role::User));
        note(&messages);
    }

    #[test]
    fn an_answered_question_is_an_example_or_a_turn_of_the_conversation() {
        let pair = |q: &str| [Turn::of(Role::User, q), Turn::of(Role::Assistant, "a")];
        let mut prompt = Prompt { system: "s".to_owned(), user: "{{ u }}".to_owned(), ..Prompt::default() };
        prompt.messages = pair("q").to_vec();
        let words = |prompt: &Prompt| {
            let messages = Messages::of(prompt);
            (0..messages.count()).map(|at| messages.answered(at)).collect::<Vec<_>>()
        };
        assert_eq!(words(&prompt), [None, Some("example"), Some("example"), None]);
        prompt.messages.extend(pair("{{ u }}"));
        prompt.user = "and now?".to_owned();
        let (example, turn) = (Some("example"), Some("turn"));
        assert_eq!(words(&prompt), [None, example, example, turn, turn, None], "what `a` makes");
        prompt.messages = pair("hello").to_vec();
        assert_eq!(words(&prompt), [None, turn, turn, None], "nothing else is asked");
    }

    #[test]
    fn the_last_message_stays_and_the_ends_hold() {
        let mut messages = Messages::of(&Prompt::default());
        assert_eq!((messages.count(), messages.shift(0, false), messages.shift(1, true)), (2, None, None));
        assert!(messages.remove(0) && !messages.remove(0) && !messages.remove(7));
        assert_eq!((messages.add_after(0), messages.next_role(1)), (1, Some(Role::System)));
    }
}
