//! Whether the caps of a batch can hold: what is known of the prices and the lengths of what is asked.

use std::collections::BTreeSet;

use super::{Order, Planned};
use crate::model::{Prompt, Target, batch::Caps};

/// Says why a cap on cost cannot hold and what helps: the models that are asked, fallen back on or judge, and
/// whose price nobody knows. None where it can, or where it is to hold for the others alone.
#[must_use]
pub fn unpriced(order: &Order, planned: &Planned) -> Option<String> {
    if order.caps.cost.is_none() || order.allow_unpriced {
        return None;
    }
    let asked = planned.targets.iter().flatten().flatten().chain(planned.judges.values());
    let names: BTreeSet<&str> = asked.filter(|target| !target.is_priced()).map(|target| target.name.as_str()).collect();
    let first = names.first()?;
    let all = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    Some(format!(
        "the cap on cost (--max-cost) cannot hold: no price is known for {all}. Set input_price and output_price (US \
         dollars per million tokens, 0 for free) under [models.{}] in config.toml, or use --allow-unpriced to cap the \
         cost of the other models alone",
        key(first)
    ))
}

/// Lists the models that are asked, and whose answers nothing limits while there is a cap that depends on it.
#[must_use]
pub fn unlimited(order: &Order, planned: &Planned) -> BTreeSet<String> {
    let Caps { cost, tokens, time: _ } = order.caps;
    if cost.is_none() && tokens.is_none() {
        return BTreeSet::new();
    }
    let open = |prompt: &Prompt, target: &Target| {
        let card = &target.card;
        prompt.params.max_tokens.is_none() && card.max_output.is_none() && card.context.is_none()
    };
    let prompts = order.spec.prompts.iter().zip(&planned.targets);
    let asked = prompts.flat_map(|((_, prompt), lanes)| lanes.iter().flatten().map(move |target| (prompt, target)));
    asked.filter(|(prompt, target)| open(prompt, target)).map(|(_, target)| target.name.clone()).collect()
}

/// Writes a name as a key of TOML.
fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if bare { name.to_owned() } else { format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")) }
}
