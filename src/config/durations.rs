//! Lengths of time in the settings, as `500ms`, `4s`, `2m`, `1h`.

use std::{fmt, time::Duration};

use serde::{
    Deserialize, Deserializer,
    de::{Error, Unexpected, Visitor},
};

/// Says that a length of time is none.
pub(crate) fn zero(key: &str) -> String {
    format!("`{key}` must be longer than nothing")
}

/// A length of time in the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wait(pub(crate) Duration);

impl<'de> Deserialize<'de> for Wait {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text)
    }
}

impl Wait {
    /// Reads a number and its unit; none where it is something else, or longer than a day.
    pub(crate) fn read(text: &str) -> Option<Self> {
        parse(text).map(Self)
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Wait {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Wait".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A length of time such as `500ms`, `4s`, `2m` or `1h`; a day at most.",
            "pattern": r"^\s*[0-9]*\.?[0-9]+\.?\s*(ms|s|m|min|h)\s*$",
        })
    }
}

struct Text;

impl Visitor<'_> for Text {
    type Value = Wait;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time such as \"500ms\", \"4s\" or \"2m\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Wait, E> {
        Wait::read(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// Reads a number and its unit, a blank between them allowed; a day at most.
fn parse(text: &str) -> Option<Duration> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(split);
    let seconds = match unit.trim_start() {
        "ms" => 0.001,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return None,
    } * number.parse::<f64>().ok()?;
    (seconds <= 86_400.0).then(|| Duration::try_from_secs_f64(seconds).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read_and_anything_else_is_refused() {
        assert_eq!(parse("4s"), Some(Duration::from_secs(4)));
        assert_eq!(parse("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(parse("1.5 m"), Some(Duration::from_secs(90)));
        assert_eq!(parse("1h"), Some(Duration::from_secs(3600)));
        for bad in ["", "4", "s", "-4s", "4 parsecs", "1e3s", "25h", "4S", "..s"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
