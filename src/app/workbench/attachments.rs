//! Images, files and audio of messages and of the input: looked at before they are sent, added, removed.

use crate::{
    app::{
        action::{BenchAction, Pane},
        ask,
        context::Cx,
        event::{Effect, Ticket},
        intent::{Intent, OverlayIntent, PartNews, PartPlace, PartStep},
        notices::Tone,
        overlays::attachments::AttachmentList,
        workbench::{Focus, Workbench, undo::UndoStep},
    },
    model::{
        Attachment, MediaKind, Part, Role,
        attachment::{MOST_PARTS, PartFacts, PartOrigin},
        error::StoreError,
    },
    store::api::PartQuestion,
    template,
    template::FillBudget,
};

/// A part as it was looked at.
#[derive(Debug, Clone)]
struct KnownPart {
    of: PartPlace,
    at: usize,
    /// None while a variable that it names has no value.
    asked: Option<PartQuestion>,
    facts: PartFacts,
}

/// What is known of the parts of messages and of the input.
#[derive(Debug, Clone, Default)]
pub(crate) struct KnownParts {
    known: Vec<KnownPart>,
    /// The count of changes and the prompt's name that it is known of.
    of: Option<(u64, Option<String>)>,
    /// Where a path is being completed.
    completing: Option<(Ticket, PartPlace)>,
}

impl Workbench {
    /// Lists what goes with a message or with the input.
    #[must_use]
    pub fn parts_of(&self, of: PartPlace) -> &[Part] {
        match of {
            PartPlace::Input => &self.parts,
            PartPlace::Message(at) => self.messages.get(at).map(|message| &*message.beside.parts).unwrap_or_default(),
        }
    }

    /// Returns what is known of a part.
    pub(crate) fn facts_of(&self, of: PartPlace, at: usize) -> &PartFacts {
        let known = self.part_facts.known.iter().find(|known| (known.of, known.at) == (of, at));
        known.map_or(&PartFacts::Unknown, |known| &known.facts)
    }

    /// Lists them each with what is known of it.
    fn listed(&self, of: PartPlace) -> Vec<(Part, PartFacts)> {
        let parts = self.parts_of(of).iter().enumerate();
        parts.map(|(at, part)| (part.clone(), self.facts_of(of, at).clone())).collect()
    }

    /// Opens the list of what goes with the message or the input that has the focus. Their files are looked at anew.
    pub(crate) fn open_attachments(&mut self, cx: &mut Cx<'_, Self>) {
        let of = match self.focus {
            Focus::Input | Focus::Variable(_) => PartPlace::Input,
            Focus::Message(_) | Focus::Heading(_) | Focus::Section(_) => PartPlace::Message(self.message_at()),
            Focus::Lane(_) | Focus::Metrics => {
                return cx.say(Tone::Info, "go to a message or to the input first");
            }
        };
        let role = match of {
            PartPlace::Message(at) => self.messages.get(at).map(|message| message.role),
            PartPlace::Input => None,
        };
        if let Some(role) = role.filter(|role| *role != Role::User) {
            let words = format!("images, files and audio go with a user's message; this is {}", role.name());
            return cx.say(Tone::Info, &words);
        }
        self.part_facts.known.clear();
        self.part_facts.of = None;
        let label = match of {
            PartPlace::Message(at) => format!("message {}", at + 1),
            PartPlace::Input => "the input".to_owned(),
        };
        cx.open(AttachmentList::new(of, label, self.listed(of)));
    }

    /// Changes what goes with a message or with the input.
    pub(crate) fn change_parts(&mut self, of: PartPlace, step: PartStep, cx: &mut Cx<'_, Self>) {
        let mut parts = self.parts_of(of).to_vec();
        match step {
            PartStep::Name { at, source } => {
                let part = Part { source, ..at.and_then(|at| parts.get(at).cloned()).unwrap_or_else(new_part) };
                // What it was called and said to be was of what it named before.
                let part = Part { name: None, media_type: None, ..part };
                let asked = PartQuestion { typed: true, ..self.part_question(&part, of) };
                cx.ask(ask::look_at_part(Box::new(asked)), (of, at), Self::part_named);
            }
            PartStep::Remove(at) if at < parts.len() => {
                parts.remove(at);
                self.set_parts(of, parts);
                let undo = cx.shared.keymap.shown(BenchAction::Undo, false);
                let undo = undo.map_or_else(String::new, |key| format!("; {key} at the bench brings it back"));
                cx.say(Tone::Info, &format!("Removed{undo}"));
            }
            PartStep::TurnKind(at) => {
                let Some(part) = parts.get_mut(at) else { return };
                let kinds = MediaKind::ALL;
                let place = kinds.iter().position(|kind| *kind == part.kind).unwrap_or(0);
                part.kind = kinds.get((place + 1) % kinds.len()).copied().unwrap_or(part.kind);
                if part.kind != MediaKind::Image {
                    part.detail = None;
                }
                part.media_type = part.media_type.filter(|media| media.kind() == part.kind);
                self.set_parts(of, parts);
            }
            PartStep::Remove(_) => {}
            PartStep::Show(at) => match self.facts_of(of, at) {
                PartFacts::Known(attachment) => cx.effect(Effect::ShowPictures(vec![attachment.clone()])),
                PartFacts::Unknown | PartFacts::Refused(_) => cx.say(Tone::Info, "it is not known as a picture"),
            },
            PartStep::Complete(path) => {
                let ticket = cx.out.ticket();
                self.part_facts.completing = Some((ticket, of));
                cx.effect(Effect::Complete(ticket, path));
            }
        }
    }

    /// Takes a part that was named and looked at, or says why it is not sent.
    fn part_named(
        &mut self,
        (of, at): (PartPlace, Option<usize>),
        found: Result<Box<(Part, Option<Attachment>)>, StoreError>,
        cx: &mut Cx<'_, Self>,
    ) {
        let tell = |news| Intent::Overlay(OverlayIntent::Parts(of, news));
        let mut parts = self.parts_of(of).to_vec();
        let part = match found {
            Ok(_) if parts.len() >= MOST_PARTS && at.is_none() => {
                return cx.send(tell(PartNews::Refused(format!("a request has {MOST_PARTS} of them at most"))));
            }
            Ok(found) => found.0,
            Err(error) => return cx.send(tell(PartNews::Refused(error.message))),
        };
        match at.and_then(|at| parts.get_mut(at)) {
            Some(place) => *place = part,
            None => parts.push(part),
        }
        self.set_parts(of, parts);
        cx.send(tell(PartNews::Taken));
        cx.send(tell(PartNews::Listed(self.listed(of))));
    }

    /// Tells the list how far a path is clear.
    pub(crate) fn path_completed(&mut self, ticket: Ticket, path: String, choices: Vec<String>, cx: &mut Cx<'_, Self>) {
        if let Some((_, of)) = self.part_facts.completing.take_if(|(asked, _)| *asked == ticket) {
            cx.send(Intent::Overlay(OverlayIntent::Parts(of, PartNews::Completed(path, choices))));
        }
    }

    /// Puts others in place of what goes with a message or with the input; undo brings those back.
    fn set_parts(&mut self, of: PartPlace, parts: Vec<Part>) {
        match of {
            PartPlace::Message(at) => {
                self.begin_change();
                self.messages.set_parts(at, parts);
                self.end_change();
            }
            PartPlace::Input => {
                let before = self.revision();
                let step =
                    UndoStep::InputParts { at: self.inputs.at(), parts: std::mem::replace(&mut self.parts, parts) };
                self.touch();
                self.note_change(step, before);
            }
        }
    }

    /// Asks what a part would be sent as. Its variables are filled in as far as they have values.
    fn part_question(&self, part: &Part, of: PartPlace) -> PartQuestion {
        let whose = match of {
            PartPlace::Message(_) if !part.is_variable() => PartOrigin::Prompt,
            PartPlace::Message(_) | PartPlace::Input => PartOrigin::Input,
        };
        PartQuestion { part: part.clone(), whose, prompt: self.prompt_name.clone(), typed: false }
    }

    /// Has the parts looked at that are new or name something else, once something was changed.
    pub(crate) fn settle_parts(&mut self, cx: &mut Cx<'_, Self>) {
        let now = Some((self.revision(), self.prompt_name.clone()));
        if self.part_facts.of == now {
            return;
        }
        self.part_facts.of = now;
        let before = std::mem::take(&mut self.part_facts.known);
        let places = (0..self.messages.count()).map(PartPlace::Message).chain([PartPlace::Input]);
        let mut known: Vec<KnownPart> = Vec::new();
        for of in places {
            for (at, part) in self.parts_of(of).iter().enumerate() {
                let asked = self.filled_question(part, of);
                let facts = before.iter().find(|known| known.asked.is_some() && known.asked == asked);
                let facts = facts.map(|known| known.facts.clone());
                if let (Some(asked), None) = (&asked, &facts) {
                    cx.ask(ask::look_at_part(Box::new(asked.clone())), asked.clone(), Self::part_looked_at);
                }
                known.push(KnownPart { of, at, asked, facts: facts.unwrap_or_default() });
            }
        }
        self.part_facts.known = known;
        if !before.is_empty() || !self.part_facts.known.is_empty() {
            self.tell_parts(cx);
        }
    }

    fn filled_question(&self, part: &Part, of: PartPlace) -> Option<PartQuestion> {
        if of == PartPlace::Input || !part.source.contains('{') {
            return Some(self.part_question(part, of));
        }
        let input = self.input();
        let source = template::fill(&part.source, &input, &mut FillBudget::new(part.source.len(), &input)).ok()?;
        let asked = self.part_question(part, of);
        (!source.trim().is_empty()).then_some(PartQuestion { part: Part { source, ..asked.part }, ..asked })
    }

    fn part_looked_at(
        &mut self,
        asked: PartQuestion,
        found: Result<Box<(Part, Option<Attachment>)>, StoreError>,
        cx: &mut Cx<'_, Self>,
    ) {
        let facts = match found {
            Ok(found) => found.1.map_or(PartFacts::Unknown, PartFacts::Known),
            Err(error) => PartFacts::Refused(error.message),
        };
        let asked = Some(asked);
        for known in self.part_facts.known.iter_mut().filter(|known| known.asked == asked) {
            known.facts = facts.clone();
        }
        self.tell_parts(cx);
    }

    /// Tells the list, if one is open, what its parts are by now.
    fn tell_parts(&self, cx: &mut Cx<'_, Self>) {
        let of = if self.pane() == Pane::Input { PartPlace::Input } else { PartPlace::Message(self.message_at()) };
        cx.send(Intent::Overlay(OverlayIntent::Parts(of, PartNews::Listed(self.listed(of)))));
    }
}

/// Makes what is added: taken for a picture as long as nobody knows what it is.
fn new_part() -> Part {
    Part::of(MediaKind::Image, "")
}
