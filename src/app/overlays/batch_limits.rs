//! What a batch may use: the lines of a form that say so, and their change while it runs.

use std::time::Duration;

use crate::{
    app::{
        App, Effect,
        batch::{Control, setup},
        overlay::Overlay,
        status_bar::Tone,
    },
    model::batch::BatchLimits,
    widgets::form::{Form, FormField},
};

pub(crate) const COST: &str = "at most $";
pub(crate) const TOKENS: &str = "at most tokens";
pub(crate) const TIME: &str = "at most time";

/// Makes the lines of a form: cost, tokens, time.
pub(crate) fn rows(caps: &BatchLimits) -> [FormField; 3] {
    let value = |value: Option<String>| value.unwrap_or_default();
    let seconds = |time: Duration| format!("{}s", time.as_secs_f64());
    [
        FormField::new(
            COST,
            &value(caps.cost.map(|cost| cost.to_string())),
            "US dollars; the batch pauses where it would cost more; empty is no limit",
        ),
        FormField::new(
            TOKENS,
            &value(caps.tokens.map(|tokens| tokens.to_string())),
            "tokens in and out; empty is no limit",
        ),
        FormField::new(TIME, &value(caps.time.map(seconds)), "90s, 10m, 2h; empty is no limit"),
    ]
}

/// Reads the lines; what is wrong with one is noted on it.
pub(crate) fn read(form: &mut Form) -> BatchLimits {
    BatchLimits {
        cost: form.read(COST, |text| {
            let number: Option<f64> = text.trim_start_matches('$').trim().parse().ok();
            number.filter(|n| n.is_finite() && *n > 0.0).ok_or_else(|| "an amount above 0 is expected".to_owned())
        }),
        tokens: form.read(TOKENS, |text| setup::whole(text, u64::MAX)),
        time: form.read(TIME, time),
    }
}

fn time(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let seconds = match unit.trim() {
        "s" | "" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err("write it as 90s, 10m or 2h".to_owned()),
    };
    let time = number.parse::<f64>().ok().and_then(|n| Duration::try_from_secs_f64(n * seconds).ok());
    time.filter(|time| !time.is_zero()).ok_or_else(|| "write it as 90s, 10m or 2h".to_owned())
}

impl App {
    /// Takes other limits, at once where the batch is under way; it goes on if only a limit held it.
    pub(crate) fn take_limits(&mut self, mut form: Form) {
        let caps = read(&mut form);
        if form.show_fault() {
            self.overlays.push(Overlay::Limits(form));
            return;
        }
        if let Some(name) = self.unpriced().filter(|_| caps.cost.is_some()) {
            let says = format!(
                "no price is known for {name}, so a limit on cost cannot hold: set input_price and output_price under \
                 [models] in config.toml"
            );
            self.say(Tone::Error, &says);
            self.overlays.push(Overlay::Limits(form));
            return;
        }
        let Some(shown) = &mut self.batch.shown else {
            return;
        };
        shown.order.caps = caps;
        if let Some(budget) = &mut shown.budget {
            budget.caps = caps;
        }
        let said = setup::capped(&caps);
        let what = if said.is_empty() { "no limits".to_owned() } else { format!("at most {}", said.join(", ")) };
        let ticket = shown.ticket;
        if let Some(ticket) = ticket {
            self.out.effects.push(Effect::BatchControl(ticket, Control::Caps(caps)));
            self.say(Tone::Info, &format!("{what} from now on"));
        } else {
            self.say(Tone::Info, &format!("{what} once it goes on"));
        }
    }

    /// Returns the first model that the batch on the screen asks, or falls back on, and whose price nobody knows.
    fn unpriced(&self) -> Option<String> {
        let order = &self.batch.shown.as_ref()?.order;
        let lanes = order.lanes().into_iter().flat_map(|(_, targets)| targets);
        let fallbacks = order.spec.prompts.iter().flat_map(|(_, prompt)| prompt.fallback.iter().map(String::as_str));
        let unpriced = |name: &&str| self.shared.catalog.resolve(name).is_ok_and(|target| !target.is_priced());
        lanes.chain(fallbacks).find(unpriced).map(str::to_owned)
    }
}
