//! An ablation in words: a prompt cut where its parts begin and end, what leaving each out has shown, and what all came to.

use crate::{
    eval::{
        ablate::{Ablated, PromptUnit, RestResult, UnitEffect, UnitKind, UnitResult},
        evidence::LEVEL,
    },
    model::Prompt,
    present::{evidence::chance, improve::cost},
    text::format::counted,
};

/// What the marks in the margin mean.
pub const LEGEND: &str =
    "helps: worse without it · harms: better without it · ?: not shown · -rows broken +rows fixed without it";

/// A stretch of a prompt that is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptStretch {
    pub text: String,
    /// The part that it is, by its place; none where it is no part.
    pub unit: Option<usize>,
    /// Whether it names what follows: a message, the tools, the parameters.
    pub is_heading: bool,
}

/// Cuts a prompt into its parts and what stands between them, in its order. What a whole message did stands beside its heading.
#[must_use]
pub fn stretches(prompt: &Prompt, units: &[PromptUnit]) -> Vec<PromptStretch> {
    let mut all = Vec::new();
    let mut push = |text: &str, unit: Option<usize>, is_heading: bool| {
        if !text.trim().is_empty() {
            all.push(PromptStretch { text: text.trim_matches('\n').to_owned(), unit, is_heading });
        }
    };
    let numbered = || units.iter().enumerate();
    for (at, turn) in prompt.turns().iter().enumerate() {
        let of_message = |unit: &PromptUnit| unit.message == at + 1;
        let is_whole = |unit: &PromptUnit| unit.kind == UnitKind::Message;
        let whole = numbered().find(|(_, unit)| of_message(unit) && is_whole(unit)).map(|(place, _)| place);
        push(&format!("message {} ({})", at + 1, turn.role.name()), whole, true);
        let (mut from, text) = (0, turn.content.as_str());
        for (place, unit) in numbered().filter(|(_, unit)| of_message(unit) && !is_whole(unit)) {
            push(text.get(from..unit.bytes.start).unwrap_or_default(), None, false);
            push(text.get(unit.bytes.clone()).unwrap_or_default(), Some(place), false);
            from = unit.bytes.end;
        }
        push(text.get(from..).unwrap_or_default(), None, false);
    }
    for (kind, name) in [(UnitKind::Tool, "tools"), (UnitKind::Parameter, "parameters")] {
        let mut own = numbered().filter(|(_, unit)| unit.kind == kind).peekable();
        if own.peek().is_some() {
            push(name, None, true);
        }
        own.for_each(|(place, unit)| push(&unit.text, Some(place), false));
    }
    all
}

/// Names an effect in a word.
#[must_use]
pub fn effect_word(effect: UnitEffect) -> &'static str {
    match effect {
        UnitEffect::Helps => "helps",
        UnitEffect::Harms => "harms",
        UnitEffect::NotShown => "?",
    }
}

/// Says what was shown of a part: `helps -9 +1`.
#[must_use]
pub fn margin(result: &UnitResult) -> String {
    let standing = result.standing;
    format!("{} -{} +{}", effect_word(result.effect), standing.broken, standing.fixed)
}

/// Says what was shown of a part, and how likely that is by chance: `helps -9 +1 p=0.021`.
#[must_use]
pub fn margin_with_chance(result: &UnitResult) -> String {
    format!("{} {}", margin(result), chance(result.p))
}

/// Says in a sentence what leaving a part out has shown.
#[must_use]
pub fn sentence(result: &UnitResult, units: usize) -> String {
    let UnitResult { unit: _, rows, standing, p, effect } = result;
    let words = match effect {
        UnitEffect::Helps => "the prompt is worse without it",
        UnitEffect::Harms => "the prompt is better without it",
        UnitEffect::NotShown => "no difference shown, which does not make it useless",
    };
    let asked = counted(*rows as u64, "row");
    format!(
        "without it {} broken, {} fixed, of {asked}: {words} ({}, adjusted for {} by Holm; shown below {LEVEL})",
        standing.broken,
        standing.fixed,
        chance(*p),
        counted(units as u64, "part")
    )
}

/// Says what all parts came to, and what the ablation took.
#[must_use]
pub fn sums(ablated: &Ablated) -> String {
    let shown = ablated.units.iter().filter(|unit| unit.effect != UnitEffect::NotShown).count();
    format!(
        "{shown} of {} shown to matter (p adjusted for all of them, Holm); {}",
        counted(ablated.units.len() as u64, "part"),
        cost(&ablated.spent)
    )
}

/// Says what leaving out at once all parts that showed nothing has shown.
#[must_use]
pub fn rest(rest: &RestResult) -> String {
    let RestResult { units, standing, p, effect } = rest;
    let words = match effect {
        UnitEffect::Helps => "together they help: some say the same, so keep one of each",
        UnitEffect::Harms => "the prompt is better without them",
        UnitEffect::NotShown => "no difference shown",
    };
    format!(
        "without all {units} that are not: {} broken, {} fixed, {}: {words}",
        standing.broken,
        standing.fixed,
        chance(*p)
    )
}
