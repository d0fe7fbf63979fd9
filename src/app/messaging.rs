//! What the actions on messages do: add, remove, move, mute, give to another role.

use super::{Action, App, notice::Tone, workbench::Focus};

impl App {
    /// Does an action on the message that has the focus, or had it last.
    pub(super) fn on_message(&mut self, action: Action) {
        let at = self.bench.message_at();
        let messages = &mut self.bench.messages;
        let (to, says) = match action {
            Action::AddMessage => {
                let to = messages.add_after(at);
                self.bench.focus_on(Focus::Message(to));
                self.bench.typing = true;
                return;
            }
            Action::RemoveMessage if messages.remove(at) => {
                let undo = self
                    .keymap
                    .shown(Action::Undo, false)
                    .map_or_else(String::new, |key| format!("; {key} brings it back"));
                (at.min(messages.count() - 1), format!("removed the message{undo}"))
            }
            Action::RemoveMessage => (at, "a prompt keeps one message".to_owned()),
            Action::MessageUp | Action::MessageDown => match messages.shift(at, action == Action::MessageDown) {
                Some(to) => (to, format!("message {} of {}", to + 1, messages.count())),
                None => (at, "there is no further place".to_owned()),
            },
            Action::MuteMessage => match messages.toggle_mute(at) {
                Some(true) => (at, "muted: kept, and not sent".to_owned()),
                _ => (at, "sent again".to_owned()),
            },
            _ => match messages.next_role(at) {
                Some(role) => (at, format!("said by the {}", role.name())),
                None => return,
            },
        };
        self.bench.focus_on(Focus::Message(to));
        self.say(Tone::Info, &says);
    }
}
