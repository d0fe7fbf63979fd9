//! Response headers as text, and what they say about trying again.

use std::time::Duration;

/// The headers that say what is left of a limit and when it is renewed.
const LEFT: &[(&str, &str)] = &[
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
    ("anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
    ("anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset"),
    ("anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset"),
];

/// The longest renewal that is believed.
const HOUR: Duration = Duration::from_secs(3600);

/// A response's headers: lower-case names with their values, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// Keeps names and values; names are compared in lower case.
    pub fn new<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into().to_ascii_lowercase(), value.into())).collect())
    }

    /// Returns the first value of a header, trimmed; `name` in lower case.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.trim())
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

    /// Returns how long the server asks to wait: `retry-after-ms`, then `retry-after` in seconds,
    /// then as a date, which is compared with the response's own `date` so that our clock does not
    /// matter. Anything that is not a time ahead is ignored.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let millis = ["retry-after-ms", "x-ms-retry-after-ms"].iter().find_map(|name| number(self.value(name)?));
        if let Some(millis) = millis {
            return ahead(millis / 1000.0);
        }
        let value = self.value("retry-after")?;
        if let Some(seconds) = number(value) {
            return ahead(seconds);
        }
        let until = httpdate::parse_http_date(value).ok()?;
        let date = httpdate::parse_http_date(self.value("date")?).ok()?;
        until.duration_since(date).ok().filter(|wait| !wait.is_zero())
    }

    /// Returns for how long nothing is left of the account's limit, if the headers say both that
    /// nothing is left and until when: the longest of several. Waits of more than an hour and
    /// whatever is no time ahead are not believed.
    #[must_use]
    pub fn exhausted(&self) -> Option<Duration> {
        LEFT.iter()
            .filter(|(left, _)| self.value(left).and_then(number).is_some_and(|left| left <= 0.0 && left > -1.0))
            .filter_map(|(_, reset)| self.reset(self.value(reset)?))
            .filter(|wait| !wait.is_zero() && *wait <= HOUR)
            .max()
    }

    /// Reads when a limit is renewed: seconds, a length such as `6m0.5s`, or a date, which is
    /// compared with the response's own.
    fn reset(&self, text: &str) -> Option<Duration> {
        if let Some(seconds) = number(text) {
            return ahead(seconds);
        }
        if let Some(wait) = length(text) {
            return Some(wait);
        }
        let until: jiff::Timestamp = text.parse().ok()?;
        let date = jiff::Timestamp::try_from(httpdate::parse_http_date(self.value("date")?).ok()?).ok()?;
        Duration::try_from(until.duration_since(date)).ok()
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

/// Reads a length of time in the parts of Go: `1h2m3.5s`, `20ms`.
fn length(text: &str) -> Option<Duration> {
    let (mut rest, mut sum) = (text, Duration::ZERO);
    while !rest.is_empty() {
        let (count, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit() && c != '.')?);
        let (unit, after) = after.split_at(after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len()));
        let seconds = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        sum = sum.checked_add(Duration::try_from_secs_f64(number(count)? * seconds).ok()?)?;
        rest = after;
    }
    Some(sum)
}

fn ahead(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok().filter(|wait| !wait.is_zero())
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
        assert_eq!(wait(&anthropic[..2]), None, "without the server's clock a date says nothing");
    }

    #[test]
    fn a_media_type_has_no_parameters() {
        let headers = Headers::new([("Content-Type", "Text/HTML; charset=utf-8")]);
        assert_eq!(headers.media_type().as_deref(), Some("text/html"));
    }
}
