//! What a batch may use: the lines of a form that say so, and their change while it runs.

use std::time::Duration;

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{
        action::Verb,
        context::Scene,
        intent::{BatchIntent, Intent},
        overlay::{After, Hint, OverlayCx, OverlayPart, form_size, hint},
    },
    model::{Catalog, batch::BatchLimits},
    present::Tone,
    widgets::{
        form,
        form::{Form, FormField},
        interactive::Interactive,
    },
};

pub(crate) const COST: &str = "cost $";
pub(crate) const TOKENS: &str = "tokens";
pub(crate) const TIME: &str = "time";

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
        tokens: form.read(TOKENS, |text| form::whole(text, u64::MAX)),
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

/// The form of the limits of the batch that is shown.
#[derive(Debug, Clone)]
pub struct LimitsForm {
    /// The models that the batch asks, or falls back on.
    models: Vec<String>,
    /// Its lines.
    pub form: Form,
}

impl LimitsForm {
    /// Begins with the limits there are.
    #[must_use]
    pub fn new(limits: &BatchLimits, models: Vec<String>) -> Self {
        Self { models, form: Form::new(rows(limits).into()) }
    }
}

/// Returns the first of some models whose price nobody knows.
fn unpriced<'a>(models: &'a [String], catalog: &Catalog) -> Option<&'a String> {
    models.iter().find(|name| catalog.resolve(name).is_ok_and(|target| !target.is_priced()))
}

impl OverlayPart for LimitsForm {
    fn title(&self) -> &'static str {
        "Limits of the batch"
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some(form_size(&self.form))
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        vec![hint(scene, Verb::Accept, "Save"), hint(scene, Verb::NextPane, "next line")]
    }

    fn interactive(&mut self) -> Option<&mut dyn Interactive> {
        Some(&mut self.form)
    }

    fn accept(&mut self, cx: OverlayCx<'_>) -> After {
        let limits = read(&mut self.form);
        if self.form.show_error() {
            return After::Stay;
        }
        if let Some(name) = unpriced(&self.models, &cx.shared.catalog).filter(|_| limits.cost.is_some()) {
            let says = format!(
                "no price is known for {name}, so a limit on cost cannot hold: set input_price and output_price under \
                 [models] in config.toml"
            );
            return After::StayAnd(Intent::Say(Tone::Error, says));
        }
        After::CloseAnd(Intent::Batch(BatchIntent::SetLimits(limits)))
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        form::draw(&self.form, scene.theme, body, scene.caret, buffer);
    }
}
