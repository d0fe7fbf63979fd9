//! Which parts of a prompt matter: its units, the prompt without one of them, and what leaving it out shows.

use std::ops::Range;

use serde::Serialize;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::{
    eval::{
        evidence::LEVEL,
        experiment::ExperimentSpent,
        improve::FlipCounts,
        stats::{holm, sign_test},
    },
    model::{Params, Prompt, Role, ToolChoice, prompt::Param},
    template::pieces::{TemplatePiece, pieces},
};

/// Units of a prompt, at most: of a longer one the paragraphs are left out whole.
const MOST: usize = 40;

/// What of a prompt a unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum UnitKind {
    /// A paragraph, an item of a list or a sentence of a message.
    Part,
    /// A question with its answer.
    Example,
    /// A message with all that is in it.
    Message,
    Tool,
    /// A parameter that the prompt sets.
    Parameter,
}

/// A part of a prompt that can be left out by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PromptUnit {
    pub kind: UnitKind,
    /// The message it begins in, counted from 1 among all of the prompt; 0 of tools and parameters.
    pub message: usize,
    /// Its bytes there; all of them where whole messages are left out.
    pub bytes: Range<usize>,
    /// How many messages it is: 2 for an example of a question and its answer, 0 for a part of one.
    pub messages: usize,
    /// What it says: of a tool its name, of a parameter its name with its value.
    pub text: String,
}

impl PromptUnit {
    /// Returns the name of a tool or a parameter; empty for any other.
    #[must_use]
    pub fn name(&self) -> &str {
        match self.kind {
            UnitKind::Part | UnitKind::Example | UnitKind::Message => "",
            UnitKind::Tool => &self.text,
            UnitKind::Parameter => self.text.split(" = ").next().unwrap_or_default(),
        }
    }
}

/// What leaving a unit out shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum UnitEffect {
    /// The prompt is worse without it.
    Helps,
    /// The prompt is better without it.
    Harms,
    /// Neither is shown.
    NotShown,
}

impl UnitEffect {
    /// Judges how the prompt without a unit stands against the whole, by a p-value that is adjusted for all units.
    #[must_use]
    pub fn of(standing: FlipCounts, p: f64) -> Self {
        match () {
            () if p >= LEVEL => Self::NotShown,
            () if standing.net() < 0 => Self::Helps,
            () => Self::Harms,
        }
    }
}

/// What leaving one unit out has shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct UnitResult {
    #[serde(flatten)]
    pub unit: PromptUnit,
    /// Rows that the prompt without it was asked.
    pub rows: usize,
    /// The prompt without it against the whole.
    #[serde(flatten)]
    pub standing: FlipCounts,
    /// Adjusted for all units (Holm).
    pub p: f64,
    pub effect: UnitEffect,
}

/// What leaving out at once all units that showed nothing has shown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RestResult {
    /// How many they are.
    pub units: usize,
    #[serde(flatten)]
    pub standing: FlipCounts,
    pub p: f64,
    pub effect: UnitEffect,
}

/// An ablation that came to its end.
#[derive(Debug, Clone)]
pub struct Ablated {
    pub units: Vec<UnitResult>,
    pub rest: Option<RestResult>,
    /// Rows that the whole prompt passed, of those that were judged.
    pub passed: (u64, u64),
    pub spent: ExperimentSpent,
}

/// Adjusts what leaving out each of several units shows, for as many tests as there are units (Holm).
#[must_use]
pub fn adjusted(standings: &[FlipCounts]) -> Vec<f64> {
    holm(&standings.iter().map(|standing| sign_test(standing.fixed, standing.broken)).collect::<Vec<_>>())
}

/// Returns the fewest rows, all going one way, by which one of so many units can be shown to matter.
#[must_use]
pub fn fewest_rows(units: usize) -> u64 {
    (1..=100).find(|rows| sign_test(*rows, 0) * units as f64 <= LEVEL).unwrap_or(100)
}

/// Lists the units of a prompt in its order: examples, else paragraphs, list items and sentences, and after those of a message
/// the whole of it; then tools and parameters. Never a part of a block of JSON, of a tag or of material in tags, nor the message
/// that ends the prompt: it is what is asked. A limit on the answer stays, as it bounds what each call may cost.
#[must_use]
pub fn units(prompt: &Prompt) -> Vec<PromptUnit> {
    let fine = of_grain(prompt, true);
    if fine.len() > MOST { of_grain(prompt, false) } else { fine }
}

fn of_grain(prompt: &Prompt, fine: bool) -> Vec<PromptUnit> {
    let (turns, mut units) = (prompt.turns(), Vec::new());
    let last = turns.iter().rposition(|turn| !turn.muted && !turn.is_empty());
    let mut at = 0;
    while let Some(turn) = turns.get(at) {
        let whole = |kind, messages: usize| PromptUnit {
            kind,
            message: at + 1,
            bytes: 0..turn.content.len(),
            messages,
            text: turns.iter().skip(at).take(messages).map(|turn| turn.content.clone()).collect::<Vec<_>>().join("\n"),
        };
        let is_spoken = !turn.muted && !turn.is_empty();
        let next = turns.get(at + 1).filter(|next| next.role == Role::Assistant && !next.muted && next.is_plain());
        let (found, step) = match (turn.role, next) {
            _ if !is_spoken || !turn.is_plain() => (Vec::new(), 1),
            // A question and its answer say something together alone.
            (Role::User, Some(_)) => (vec![whole(UnitKind::Example, 2)], 2),
            (Role::System | Role::User | Role::Assistant, _) => {
                let mut found = parts(&turn.content, at + 1, fine);
                found.extend((last != Some(at)).then(|| whole(UnitKind::Message, 1)));
                (found, 1)
            }
            (Role::Tool, _) => (Vec::new(), 1),
        };
        units.extend(found);
        at += step;
    }
    let other = |kind, text| PromptUnit { kind, message: 0, bytes: 0..0, messages: 0, text };
    units.extend(prompt.tools.iter().map(|tool| other(UnitKind::Tool, tool.name.clone())));
    units.extend(set(&prompt.params).into_iter().map(|text| other(UnitKind::Parameter, text)));
    units
}

/// The parameters that are set and can be left out, each with its value.
fn set(params: &Params) -> Vec<String> {
    let known = Param::ALL.into_iter().filter(|param| *param != Param::MaxTokens && param.is_set(params));
    let values = serde_json::to_value(params).unwrap_or_default();
    let value = |name: &str| values.get(name).map(ToString::to_string).unwrap_or_default();
    let named = known.map(|param| format!("{} = {}", param.name(), value(param.name())));
    named.chain(params.extra.iter().map(|(name, value)| format!("{name} = {value}"))).collect()
}

/// Leaves a parameter to the default, or to the provider.
fn unset(params: &mut Params, name: &str) {
    match Param::named(name) {
        Some(param) => param.clear(params),
        None => drop(params.extra.shift_remove(name)),
    }
}

/// Cuts a message into parts. A part with a variable or a tag stays, and so does one that is a block of JSON; of one part
/// alone nothing would be left.
fn parts(text: &str, message: usize, fine: bool) -> Vec<PromptUnit> {
    let Ok(cut) = pieces(text) else { return Vec::new() };
    let is_code = |range: &Range<usize>| {
        cut.all.iter().any(|piece| match piece {
            TemplatePiece::Text { .. } => false,
            TemplatePiece::Variable { at, .. }
            | TemplatePiece::Output { at, .. }
            | TemplatePiece::Tag { at, .. }
            | TemplatePiece::Silent { at, .. } => range.contains(at),
        })
    };
    let mut ranges = Vec::new();
    let mut depth = 0_i64;
    for block in blocks(text) {
        let part = text.get(block.clone()).unwrap_or_default();
        // What begins in one block and ends in another is of one piece.
        let before = depth;
        let opened =
            |open: char, close: char| counted(part.matches(open).count()) - counted(part.matches(close).count());
        depth += opened('{', '}') + opened('[', ']') + opened('<', '>') + tags(part);
        let is_closed = before == 0 && depth == 0;
        if !is_closed || part.contains(['{', '[', '<']) {
            continue;
        }
        let is_item = part.trim_start().starts_with(['-', '*', '•']) || starts_with_number(part);
        if fine && !is_item {
            ranges.extend(sentences(text, block));
        } else {
            ranges.push(block);
        }
    }
    let ranges: Vec<Range<usize>> = ranges.into_iter().filter(|range| !is_code(range)).collect();
    let whole: usize = ranges.iter().map(Range::len).sum();
    if whole >= text.trim().len() && ranges.len() < 2 {
        return Vec::new();
    }
    let unit = |bytes: Range<usize>| {
        let text = text.get(bytes.clone())?.to_owned();
        (!text.trim().is_empty()).then_some(PromptUnit { kind: UnitKind::Part, message, bytes, messages: 0, text })
    };
    ranges.into_iter().filter_map(unit).collect()
}

/// Counts the tags of a part that are opened and not closed, so that what stands between them stays.
fn tags(part: &str) -> i64 {
    let closing = counted(part.matches("</").count());
    let opening = part.match_indices('<').filter(|(at, _)| {
        part.get(at + 1..).is_some_and(|rest| rest.starts_with(char::is_alphabetic) && rest.contains('>'))
    });
    counted(opening.count()) - closing
}

fn counted(marks: usize) -> i64 {
    i64::try_from(marks).unwrap_or(i64::MAX)
}

fn starts_with_number(part: &str) -> bool {
    let rest = part.trim_start().trim_start_matches(|c: char| c.is_ascii_digit());
    rest.len() < part.trim_start().len() && rest.starts_with(['.', ')'])
}

/// The paragraphs of a text, and the items of its lists: each with the white space after it.
fn blocks(text: &str) -> Vec<Range<usize>> {
    let (mut blocks, mut from, mut at) = (Vec::new(), 0, 0);
    for line in text.split_inclusive('\n') {
        let item = line.trim_start().starts_with(['-', '*', '•']) || starts_with_number(line);
        if item && at > from && !text.get(from..at).unwrap_or_default().trim().is_empty() {
            blocks.push(from..at);
            from = at;
        }
        at += line.len();
        let ends = line.trim().is_empty();
        if ends && !text.get(from..at).unwrap_or_default().trim().is_empty() {
            blocks.push(from..at);
            from = at;
        }
    }
    if from < text.len() {
        blocks.push(from..text.len());
    }
    blocks
}

/// The sentences of a block, as Unicode (UAX #29) bounds them; a line break within one is a space.
fn sentences(text: &str, block: Range<usize>) -> Vec<Range<usize>> {
    let part = text.get(block.clone()).unwrap_or_default();
    // It takes each line break for the end of a sentence: they are of the same length as a space.
    let joined = part.replace('\n', " ");
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, sentence) in joined.split_sentence_bound_indices() {
        let range = block.start + at..block.start + at + sentence.len();
        match found.last_mut() {
            Some(last) if sentence.trim().is_empty() => last.end = range.end,
            _ => found.push(range),
        }
    }
    found
}

/// Returns a prompt without some of its units.
#[must_use]
pub fn without(prompt: &Prompt, left_out: &[&PromptUnit]) -> Prompt {
    let mut turns = prompt.turns();
    // What is in a message that is left out goes with it.
    let whole: Vec<usize> = left_out.iter().filter(|unit| unit.messages > 0).map(|unit| unit.message).collect();
    let mut sorted = left_out.to_vec();
    sorted.retain(|unit| unit.messages > 0 || !whole.contains(&unit.message));
    sorted.sort_by_key(|unit| (unit.message, unit.bytes.start));
    for unit in sorted.into_iter().rev() {
        let Some(at) = unit.message.checked_sub(1) else { continue };
        if unit.messages > 0 {
            turns.drain(at.min(turns.len())..(at + unit.messages).min(turns.len()));
        } else if let Some(turn) = turns.get_mut(at)
            && turn.content.get(unit.bytes.clone()).is_some()
        {
            turn.content.replace_range(unit.bytes.clone(), "");
            turn.content.truncate(turn.content.trim_end().len());
        }
    }
    let mut rest = prompt.settled();
    rest.set_turns(turns);
    for unit in left_out {
        match unit.kind {
            UnitKind::Part | UnitKind::Example | UnitKind::Message => {}
            UnitKind::Tool => rest.tools.retain(|tool| tool.name != unit.text),
            UnitKind::Parameter => unset(&mut rest.params, unit.name()),
        }
    }
    let is_there = |name: &String| rest.tools.iter().any(|tool| tool.name == *name);
    if rest.tools.is_empty() {
        (rest.tool_choice, rest.parallel_tool_calls) = (None, None);
    } else if matches!(&rest.tool_choice, Some(ToolChoice::Named(name)) if !is_there(name)) {
        rest.tool_choice = None;
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Tool, Turn};

    const SYSTEM: &str = "You label messages. Be brief\nand plain.\n\n- Never guess.\n- Say neutral if unsure.\n\nFor example:\n\
                          {\"a\": 1,\n \"b\": 2}\n\n<rules>\nKeep this. And this.\n</rules>\n\nThe end.";

    fn labels() -> Prompt {
        Prompt { system: SYSTEM.to_owned(), user: "Label {{ input }}.".to_owned(), ..Prompt::default() }
    }

    #[test]
    fn sentences_items_and_examples_are_units_and_what_means_something_to_a_program_is_not() {
        let found = units(&labels());
        let texts: Vec<&str> = found.iter().map(|unit| unit.text.trim()).collect();
        assert_eq!(
            texts,
            [
                "You label messages.",
                "Be brief\nand plain.",
                "- Never guess.",
                "- Say neutral if unsure.",
                "The end.",
                SYSTEM
            ]
        );
        assert_eq!(found.last().map(|unit| (unit.kind, unit.message)), Some((UnitKind::Message, 1)));
        let examples = Prompt {
            messages: vec![Turn::of(Role::User, "Too late"), Turn::of(Role::Assistant, "negative")],
            ..labels()
        };
        let pair = units(&examples).into_iter().find(|unit| unit.messages == 2).unwrap();
        assert_eq!((pair.message, pair.text.as_str()), (2, "Too late\nnegative"));
        let rest = without(&examples, &[&pair]);
        assert_eq!((rest.messages.len(), rest.system.as_str()), (0, SYSTEM));
        assert!(units(&Prompt::default()).is_empty());
    }

    #[test]
    fn without_a_unit_everything_else_stands_as_it_did() {
        let (prompt, found) = (labels(), units(&labels()));
        let rest = without(&prompt, &[&found[1]]);
        assert!(rest.system.starts_with("You label messages. - Never guess."), "{}", rest.system);
        assert_eq!(rest.user, prompt.user);
        let parts = found.iter().filter(|unit| unit.kind == UnitKind::Part);
        let none = without(&prompt, &parts.collect::<Vec<_>>());
        assert!(none.system.starts_with("For example:") && none.system.ends_with("</rules>"), "{}", none.system);
        assert_eq!(without(&prompt, &[]).system, prompt.system);
    }

    #[test]
    fn whole_messages_tools_and_parameters_can_be_left_out_and_what_is_asked_cannot() {
        let params: Params =
            serde_json::from_str(r#"{"temperature": 0.5, "max_tokens": 9, "stop": ["x"], "extra": {"top_k": 3}}"#)
                .unwrap();
        let tool = Tool::named;
        let prompt = Prompt {
            system: "Use {{ context }}.".to_owned(),
            tools: vec![tool("find"), tool("buy")],
            tool_choice: Some(ToolChoice::Named("buy".to_owned())),
            params,
            ..labels()
        };
        let found = units(&prompt);
        let texts: Vec<_> = found.iter().map(|unit| (unit.kind, unit.message, unit.text.as_str())).collect();
        let (tool, parameter) = (UnitKind::Tool, UnitKind::Parameter);
        assert_eq!(
            texts,
            [
                (UnitKind::Message, 1, "Use {{ context }}."),
                (tool, 0, "find"),
                (tool, 0, "buy"),
                (parameter, 0, "temperature = 0.5"),
                (parameter, 0, "stop = [\"x\"]"),
                (parameter, 0, "top_k = 3"),
            ]
        );
        let bare = without(&prompt, &[&found[0]]);
        assert_eq!((bare.system.as_str(), bare.user.as_str(), bare.tools.len()), ("", "Label {{ input }}.", 2));
        let one = without(&prompt, &[&found[2]]);
        assert_eq!((one.tools.len(), one.tool_choice.clone(), one.tools[0].name.as_str()), (1, None, "find"));
        let none = without(&prompt, &found.iter().collect::<Vec<_>>());
        let limit = Params { max_tokens: Some(9), ..Params::default() };
        assert_eq!((none.tools.len(), none.params.clone(), none.turns().len()), (0, limit, 1));
        // A message goes with all that is in it.
        let (prompt, found) = (labels(), units(&labels()));
        let rest = without(&prompt, &found.iter().collect::<Vec<_>>());
        assert_eq!((rest.system.as_str(), rest.user.as_str()), ("", "Label {{ input }}."));
    }

    /// The least flips one way that Holm can call at 0.03: computed with `SciPy` 1.12.
    #[test]
    fn many_units_take_more_rows() {
        for (units, rows) in [(3, 8), (5, 9), (8, 10), (15, 10), (20, 11), (30, 11)] {
            assert_eq!(fewest_rows(units), rows, "{units}");
        }
    }

    #[test]
    fn a_unit_helps_where_the_prompt_is_worse_without_it() {
        let standings = [(0, 12), (9, 0), (1, 2)].map(|(fixed, broken)| FlipCounts { fixed, broken });
        let effects: Vec<_> =
            standings.iter().zip(adjusted(&standings)).map(|(standing, p)| UnitEffect::of(*standing, p)).collect();
        assert_eq!(effects, [UnitEffect::Helps, UnitEffect::Harms, UnitEffect::NotShown]);
    }
}
