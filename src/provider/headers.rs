//! Response headers as text, and what they say about trying again.

use std::time::Duration;

use jiff::Timestamp;

use crate::provider::retry_after;

/// What the names of the limits on calls are made of. There are others, on images or on audio.
const OF_CALLS: &[&str] = &[
    "x",
    "rate",
    "limit",
    "ratelimit",
    "anthropic",
    "reset",
    "requests",
    "request",
    "tokens",
    "token",
    "input",
    "output",
    "project",
    "unified",
    "second",
    "minute",
    "min",
    "1m",
    "hour",
    "day",
];

/// The longest renewal that is believed.
const HOUR: Duration = Duration::from_secs(3600);

/// A response's headers: lower-case names with their values, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers {
    pairs: Vec<(String, String)>,
    received: Option<Timestamp>,
}

impl Headers {
    /// Keeps names and values; names are compared in lower case.
    pub fn new<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let pairs = pairs.into_iter().map(|(name, value)| (name.into().to_ascii_lowercase(), value.into()));
        Self { pairs: pairs.collect(), received: None }
    }

    /// Notes when they came: points in time count from there where the server does not show its own
    /// clock.
    #[must_use]
    pub fn received(self, now: Timestamp) -> Self {
        Self { received: Some(now), ..self }
    }

    /// Lists names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the first value of a header, trimmed; `name` in lower case.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(own, _)| own == name).map(|(_, value)| value.trim())
    }

    /// Returns the media type in lower case, without its parameters.
    #[must_use]
    pub fn media_type(&self) -> Option<String> {
        let value = self.value("content-type")?;
        Some(value.split(';').next().unwrap_or(value).trim().to_ascii_lowercase())
    }

    /// Returns the provider's id of the request.
    #[must_use]
    pub fn request_id(&self) -> Option<String> {
        ["x-request-id", "request-id", "x-litellm-call-id"]
            .iter()
            .find_map(|name| self.value(name))
            .filter(|id| !id.is_empty())
            .map(str::to_owned)
    }

    /// Returns how long the server asks to wait: `retry-after-ms`, then `retry-after` in any form of
    /// a wait or of a point in time. Anything that is not a time ahead is ignored.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let millis = ["retry-after-ms", "x-ms-retry-after-ms"].iter().find_map(|name| number(self.value(name)?));
        if let Some(millis) = millis {
            return retry_after::seconds(millis / 1000.0);
        }
        self.wait(self.value("retry-after")?)
    }

    /// Returns for how long nothing is left of the account's limit, if the headers say both that
    /// nothing is left and until when: the longest of several. Waits of more than an hour and
    /// whatever is no time ahead are not believed.
    #[must_use]
    pub fn exhausted(&self) -> Option<Duration> {
        let spent = |left: &str| number(left).is_some_and(|left| left <= 0.0 && left > -1.0);
        let limits = self.limits().filter(|(_, left)| left.is_some_and(spent));
        limits.filter_map(|(reset, _)| self.wait(reset)).filter(|wait| *wait <= HOUR).max()
    }

    /// Returns when a limit that was run into is renewed: one of which nothing is left, else one
    /// that does not say what is left of it.
    #[must_use]
    pub fn renewed(&self) -> Option<Duration> {
        let unsaid =
            || self.limits().filter(|(_, left)| left.is_none()).filter_map(|(reset, _)| self.wait(reset)).max();
        self.exhausted().or_else(unsaid)
    }

    /// Lists when each limit is renewed, and what is left of it where that is said.
    fn limits(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let limited = |name: &str| name.contains("ratelimit") || name.contains("rate-limit");
        let of_calls = |name: &str| name.split('-').all(|part| OF_CALLS.contains(&part));
        let resets =
            self.pairs.iter().filter(move |(name, _)| limited(name) && of_calls(name) && name.contains("reset"));
        resets.map(|(name, reset)| {
            let left = ["remaining", "left"].iter().find_map(|word| self.value(&name.replace("reset", word)));
            (reset.as_str(), left)
        })
    }

    /// Reads a wait; a point in time is measured from the response's own `date`, so that our clock
    /// does not matter, and where it has none from when it came.
    fn wait(&self, text: &str) -> Option<Duration> {
        // Without a clock a point in time says nothing.
        retry_after::value(text, self.now().unwrap_or(Timestamp::MAX))
    }

    /// Returns what time it was when the response was made, or came.
    pub(crate) fn now(&self) -> Option<Timestamp> {
        self.value("date").and_then(retry_after::date).or(self.received)
    }

    /// Returns the server's word on whether to try again.
    #[must_use]
    pub fn should_retry(&self) -> Option<bool> {
        self.value("x-should-retry")?.to_ascii_lowercase().parse().ok()
    }
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(pairs: &[(&str, &str)]) -> Option<Duration> {
        Headers::new(pairs.iter().copied()).retry_after()
    }

    #[test]
    fn the_wait_is_read_in_every_form_and_nonsense_is_not_a_wait() {
        assert_eq!(wait(&[("Retry-After-Ms", "1500"), ("retry-after", "9")]), Some(Duration::from_millis(1500)));
        assert_eq!(wait(&[("retry-after", "0.5")]), Some(Duration::from_millis(500)));
        for nonsense in ["0", "-1", "NaN", "inf", "1e400", "soon", ""] {
            assert_eq!(wait(&[("retry-after", nonsense)]), None, "{nonsense}");
        }
    }

    #[test]
    fn a_date_is_measured_against_the_servers_own_clock() {
        let until = ("retry-after", "Sun, 22 Nov 2026 17:00:30 GMT");
        assert_eq!(wait(&[until, ("date", "Sun, 22 Nov 2026 17:00:00 GMT")]), Some(Duration::from_secs(30)));
        assert_eq!(wait(&[until, ("date", "Sun, 22 Nov 2026 18:00:00 GMT")]), None);
        assert_eq!(wait(&[until]), None);
    }

    #[test]
    fn a_limit_used_up_is_read_with_its_renewal_and_nonsense_is_not_believed() {
        let wait = |pairs: &[(&str, &str)]| Headers::new(pairs.iter().copied()).exhausted();
        let openai = |left: &str, reset: &str| {
            wait(&[("x-ratelimit-remaining-requests", left), ("X-RateLimit-Reset-Requests", reset)])
        };
        assert_eq!(openai("0", "6m0.5s"), Some(Duration::from_millis(360_500)));
        assert_eq!(openai("0", "20ms"), Some(Duration::from_millis(20)));
        assert_eq!(openai("0", "3"), Some(Duration::from_secs(3)));
        for (left, reset) in
            [("1", "6m"), ("-1", "6m"), ("none", "6m"), ("0", "-3"), ("0", "2h"), ("0", "soon"), ("0", "1790000000")]
        {
            assert_eq!(openai(left, reset), None, "{left} {reset}");
        }
        let anthropic = [
            ("anthropic-ratelimit-tokens-remaining", "0"),
            ("anthropic-ratelimit-tokens-reset", "2026-11-22T17:00:30Z"),
            ("date", "Sun, 22 Nov 2026 17:00:00 GMT"),
        ];
        assert_eq!(wait(&anthropic), Some(Duration::from_secs(30)));
        assert_eq!(wait(&anthropic[..2]), None, "without a clock a date says nothing");
        let now = "2026-11-22T17:00:20Z".parse().unwrap();
        let by_ours = Headers::new(anthropic[..2].iter().copied()).received(now);
        assert_eq!(by_ours.exhausted(), Some(Duration::from_secs(10)));
    }

    #[test]
    fn a_limit_is_renewed_at_points_in_time_of_every_kind() {
        let now: Timestamp = "2026-11-28T10:00:00Z".parse().unwrap();
        let renewed = |pairs: &[(&str, &str)]| Headers::new(pairs.iter().copied()).received(now).renewed();
        let (seconds, millis) = ((now.as_second() + 7).to_string(), (now.as_millisecond() + 7000).to_string());
        for reset in ["7", "7s", &seconds, &millis, "2026-11-28T10:00:07Z", "Sat, 28 Nov 2026 10:00:07 GMT"] {
            for (name, left) in [
                ("x-ratelimit-reset", "x-ratelimit-remaining"),
                ("ratelimit-reset", "ratelimit-remaining"),
                ("x-ratelimit-reset-tokens-minute", "x-ratelimit-remaining-tokens-minute"),
                ("X-Rate-Limit-Reset", "X-Rate-Limit-Remaining"),
            ] {
                assert_eq!(renewed(&[(name, reset), (left, "0")]), Some(Duration::from_secs(7)), "{name}: {reset}");
                assert_eq!(renewed(&[(name, reset)]), Some(Duration::from_secs(7)), "{name}: {reset}");
                assert_eq!(renewed(&[(name, reset), (left, "5")]), None, "{name}: {reset}");
            }
            let images = [("x-ratelimit-reset-images", reset), ("x-ratelimit-remaining-images", "0")];
            assert_eq!(renewed(&images), None, "a limit on something else");
        }
    }

    #[test]
    fn a_media_type_has_no_parameters() {
        let headers = Headers::new([("Content-Type", "Text/HTML; charset=utf-8")]);
        assert_eq!(headers.media_type().as_deref(), Some("text/html"));
    }
}
