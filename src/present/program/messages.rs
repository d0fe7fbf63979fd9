//! The messages of a prompt as a program has them: those of texts and variables as they are, and those with conditions, loops
//! or filters as code.

use std::collections::BTreeMap;

use crate::{
    model::{
        Format, Input, MediaType, Prompt,
        prompt::{SpokenTurn, speaks_of_json},
    },
    present::program::{
        ProgramMessage,
        code::{ProgramVariable, owner},
        code_writer::message_code,
        mark,
        variable_uses::used_as_values,
        variants::{MOST_EMPTY, blank_mark, json_mark},
    },
    template::{
        self,
        expression::Unwritable,
        pieces::{TemplatePiece, pieces},
        tree::{self, CodePlace, TemplateNode, UnwritableCode},
    },
};

/// A message that needs no code.
enum PlainMessage {
    /// What is sent of it does not depend on which variables are filled.
    Text,
    /// A variable is all of it, by its mark: it may be empty.
    Variable(usize),
}

/// What a program writes of a prompt's messages, and what it takes to do so.
#[derive(Debug, Default)]
pub(crate) struct ProgramMessages {
    /// The parameters, in order.
    pub variables: Vec<ProgramVariable>,
    /// The messages that are written by code.
    pub written: Vec<ProgramMessage>,
    /// The marks of what may be empty: a message that is written by code, or a variable that is all of a message.
    pub empty: Vec<usize>,
    /// The places of the messages that speak of JSON whatever their values are.
    json: Vec<usize>,
}

/// Finds out which messages of a prompt are written by code, and writes them. Lists what has no place in a program.
pub(crate) fn written_messages(prompt: &Prompt) -> Result<ProgramMessages, Vec<String>> {
    let (asks, mistakes) = template::asks_of(&prompt.turns());
    if !mistakes.is_empty() {
        return Err(mistakes.iter().map(|(place, mistake)| format!("message {}, {mistake}", place + 1)).collect());
    }
    let spoken: Vec<SpokenTurn<'_>> = prompt.spoken().collect();
    let has_code = spoken.iter().any(|turn| tree::has_code(turn.content));
    let variables = if has_code {
        typed_variables(&asks.names, &asks.optional, &spoken)
    } else {
        // A text each.
        let plain = |name: &String| ProgramVariable { name: name.clone(), is_value: false, is_optional: false };
        asks.names.iter().map(plain).collect()
    };
    let mut messages = ProgramMessages { variables, ..ProgramMessages::default() };
    messages.variables.sort_by_key(|variable| (variable.name != "input", variable.is_optional));
    if !has_code {
        return Ok(messages);
    }
    let mut problems = Vec::new();
    for (place, turn) in spoken.iter().enumerate() {
        let whose = format!("message {} ({})", place + 1, turn.role.name());
        match messages.add(place, turn) {
            Ok(()) => {}
            Err(odd) => problems.extend(odd.into_iter().map(|UnwritableCode { place, why }| {
                format!("{whose}, line {}: {} ({why})", place.line, place.written)
            })),
        }
    }
    if prompt.format().0 != Format::Text && speaks_of_json(prompt.spoken_texts()) && !messages.always_json(&spoken) {
        problems.push("JSON that is named under a condition alone".to_owned());
    }
    if messages.empty.len() > MOST_EMPTY {
        problems.push(format!("more than {MOST_EMPTY} messages that may be empty"));
    }
    if problems.is_empty() { Ok(messages) } else { Err(problems) }
}

/// Lists the variables of messages of which some are written by code: a variable of which fields are named is a value.
fn typed_variables(names: &[String], optional: &[String], spoken: &[SpokenTurn<'_>]) -> Vec<ProgramVariable> {
    let is_field = |name: &String| {
        names.iter().any(|other| name.strip_prefix(other.as_str()).is_some_and(|rest| rest.starts_with('.')))
    };
    let mut variables: Vec<ProgramVariable> = names
        .iter()
        .filter(|name| !is_field(name))
        .map(|name| ProgramVariable {
            name: name.clone(),
            is_value: false,
            // There always is an input.
            is_optional: name != "input" && optional.contains(name),
        })
        .collect();
    let used = spoken.iter().flat_map(|turn| used_as_values(turn.content));
    for name in used.chain(names.iter().filter(|name| is_field(name)).cloned()) {
        if let Some((place, _)) = owner(&variables, &name)
            && let Some(variable) = variables.get_mut(place)
        {
            variable.is_value = true;
        }
    }
    variables
}

/// Lists the texts that are written whatever the values are.
fn always_written<'n>(nodes: &'n [TemplateNode]) -> Vec<&'n str> {
    let texts = |node: &'n TemplateNode| match node {
        TemplateNode::Text(text) => vec![text.as_str()],
        TemplateNode::With { body, .. } => always_written(body),
        TemplateNode::Output(..)
        | TemplateNode::If { .. }
        | TemplateNode::For(_)
        | TemplateNode::Set { .. }
        | TemplateNode::Block { .. } => Vec::new(),
    };
    nodes.iter().flat_map(texts).collect()
}

impl ProgramMessages {
    fn add(&mut self, place: usize, turn: &SpokenTurn<'_>) -> Result<(), Vec<UnwritableCode>> {
        if !tree::has_code(turn.content)
            && let Some(plain) = self.plain(turn.content)
        {
            match plain {
                // With calls of tools, or as the answer to one, it is sent whatever it says.
                PlainMessage::Variable(mark)
                    if !self.empty.contains(&mark) && turn.tool_calls.is_empty() && turn.reply.is_none() =>
                {
                    self.empty.push(mark);
                }
                PlainMessage::Variable(_) | PlainMessage::Text => {}
            }
            return Ok(());
        }
        let nodes = tree::nodes(turn.content)?;
        let asks = template::asks(turn.content);
        let is_field =
            |name: &String| owner(&self.variables, name).is_some_and(|(_, count)| count < name.split('.').count());
        let fields: Vec<String> =
            asks.names.iter().filter(|name| is_field(name) && !asks.optional.contains(name)).cloned().collect();
        let code = message_code(turn.content, &self.variables, &fields)?;
        let texts = always_written(&nodes);
        let mark = self.variables.len() + self.written.len();
        let may_be_empty = texts.iter().all(|text| text.trim().is_empty());
        // A message with calls is sent without a text as well, and what answers one always is.
        if may_be_empty && !turn.tool_calls.is_empty() {
            let place = CodePlace { line: 1, written: "beside calls of tools".to_owned() };
            let why = Unwritable("a text that may come out empty".to_owned());
            return Err(vec![UnwritableCode { place, why }]);
        }
        if may_be_empty && turn.reply.is_none() {
            self.empty.push(mark);
        }
        if texts.iter().any(|text| speaks_of_json([*text])) {
            self.json.push(place);
        }
        self.written.push(ProgramMessage { number: place + 1, role: turn.role.name(), code });
        Ok(())
    }

    /// Reads a message of texts and of variables that are texts; none where it has to be written by code.
    fn plain(&self, content: &str) -> Option<PlainMessage> {
        let (mut only, mut count, mut is_filled) = (None, 0, false);
        for piece in pieces(content).ok()?.all {
            match piece {
                TemplatePiece::Text { text, .. } => {
                    count += 1;
                    is_filled |= !text.trim().is_empty();
                }
                TemplatePiece::Variable { name, .. } => {
                    let place = self.variables.iter().position(|variable| variable.name == name)?;
                    self.variables.get(place).filter(|variable| !variable.is_value && !variable.is_optional)?;
                    count += 1;
                    only = Some(place);
                }
                TemplatePiece::Output { .. } | TemplatePiece::Tag { .. } | TemplatePiece::Silent { .. } => return None,
            }
        }
        match (is_filled, count) {
            (true, _) => Some(PlainMessage::Text),
            (false, 1) => Some(only.map_or(PlainMessage::Text, PlainMessage::Variable)),
            (false, _) => None,
        }
    }

    /// Tells whether a message that is always sent speaks of JSON.
    fn always_json(&self, spoken: &[SpokenTurn<'_>]) -> bool {
        !self.json.is_empty()
            || spoken.iter().any(|turn| !tree::has_code(turn.content) && speaks_of_json([turn.content]))
    }

    /// Returns the prompt with a variable in the place of each message that is written by code, and an input with the marks;
    /// what a mask has of that which may be empty is.
    pub(crate) fn filled(&self, prompt: &Prompt, mask: usize) -> (Prompt, Input) {
        let text = |place: usize| {
            let at = self.empty.iter().position(|mark| *mark == place);
            if at.is_some_and(|at| mask & (1 << at) != 0) { blank_mark(place) } else { mark(place) }
        };
        let mut input = Input::default();
        let mut vars = BTreeMap::new();
        for (place, variable) in self.variables.iter().enumerate() {
            if variable.name == "input" {
                input.text = text(place);
            } else {
                vars.insert(variable.name.clone(), text(place).into());
            }
        }
        let mut filled = prompt.settled();
        let mut turns = filled.turns();
        for (place, turn) in turns.iter_mut().filter(|turn| !turn.muted && !turn.is_empty()).enumerate() {
            if let Some(at) = self.written.iter().position(|message| message.number == place + 1) {
                let name = format!("__message_{}", at + 1);
                vars.insert(name.clone(), text(self.variables.len() + at).into());
                turn.content = format!("{{{{ {name} }}}}");
                if self.json.contains(&place) {
                    turn.content.push_str(&json_mark());
                }
            }
        }
        // A file's name says what it is, where its bytes are not at hand.
        let parts = turns.iter_mut().flat_map(|turn| &mut turn.parts);
        let parts = parts.filter(|part| part.media_type.is_none() && part.own_path().is_some());
        let mut is_told = false;
        parts.for_each(|part| {
            part.media_type = MediaType::of_ending(&part.source).filter(|media| media.kind() == part.kind);
            is_told |= part.media_type.is_some();
        });
        if is_told || !self.written.is_empty() {
            filled.set_turns(turns);
        }
        input.vars = vars;
        (filled, input)
    }
}
