//! How long a server asks to wait: as a number, a length, a date, or in words.

use std::time::Duration;

use jiff::Timestamp;

/// Numbers from here on are seconds since 1970 (this is a day in 2001), not a wait.
const EPOCH: f64 = 1e9;

/// Numbers from here on are milliseconds since 1970.
const EPOCH_MILLIS: f64 = 1e11;

/// Words that a wait follows, and words that one may follow where none of those is there.
const BEFORE: [&[&str]; 2] = [
    &[
        "again in ",
        "again after ",
        "retry in ",
        "retry after ",
        "retry-after: ",
        "wait ",
        "wait for ",
        "reset in ",
        "resets in ",
        "reset after ",
    ],
    &["in ", "after ", "for "],
];

/// Units of time with their seconds, the longest words first.
const UNITS: &[(&str, f64)] = &[
    ("milliseconds", 0.001),
    ("millisecond", 0.001),
    ("millis", 0.001),
    ("msec", 0.001),
    ("ms", 0.001),
    ("毫秒", 0.001),
    ("seconds", 1.0),
    ("second", 1.0),
    ("secs", 1.0),
    ("sec", 1.0),
    ("s", 1.0),
    ("秒钟", 1.0),
    ("秒", 1.0),
    ("minutes", 60.0),
    ("minute", 60.0),
    ("mins", 60.0),
    ("min", 60.0),
    ("m", 60.0),
    ("分钟", 60.0),
    ("hours", 3600.0),
    ("hour", 3600.0),
    ("hrs", 3600.0),
    ("hr", 3600.0),
    ("h", 3600.0),
    ("小时", 3600.0),
    ("days", 86_400.0),
    ("day", 86_400.0),
    ("d", 86_400.0),
];

/// Makes a wait of seconds; none of what is no time ahead.
pub(crate) fn seconds(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok().filter(|wait| !wait.is_zero())
}

/// Reads the value of a header: seconds, a length such as `6m0.5s`, a date of HTTP or RFC 3339, or
/// seconds or milliseconds since 1970. What is a point in time is measured from `now`, the server's
/// own clock where it shows one.
pub(crate) fn value(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim().trim_matches('"');
    let until = match text.parse::<f64>() {
        Ok(number) if number >= EPOCH_MILLIS => Timestamp::from_millisecond(number as i64).ok()?,
        Ok(number) if number >= EPOCH => Timestamp::from_millisecond((number * 1000.0) as i64).ok()?,
        Ok(number) => return seconds(number),
        Err(_) => match length(text) {
            Some((wait, "")) => return Some(wait).filter(|wait| !wait.is_zero()),
            _ => date(text)?,
        },
    };
    Duration::try_from(until.duration_since(now)).ok().filter(|wait| !wait.is_zero())
}

/// Reads a date of HTTP or RFC 3339.
pub(crate) fn date(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| Timestamp::try_from(httpdate::parse_http_date(text).ok()?).ok())
}

/// Finds a wait told in a sentence, in lower case: `try again in 1m0.36s`, `retry after 3 seconds`.
pub(crate) fn in_words(text: &str) -> Option<Duration> {
    let marked =
        ["retry", "again", "wait", "reset", "available", "重试", "再试", "等待"].iter().any(|word| text.contains(word));
    let after = |words: &[&str]| -> Vec<usize> {
        words.iter().flat_map(|word| text.match_indices(word).map(|(at, word)| at + word.len())).collect()
    };
    // In Chinese the number comes before anything that could announce it.
    let counted = text.match_indices(['秒', '分', '小']).filter_map(|(at, _)| {
        let before = text.get(..at)?.trim_end();
        Some(before.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').len())
    });
    let starts = BEFORE.iter().flat_map(|words| after(words)).chain(counted);
    starts.filter(|_| marked).find_map(|at| {
        let rest = text.get(at..)?.trim_start_matches(['~', ' ']);
        length(rest).map(|(wait, _)| wait).filter(|wait| !wait.is_zero())
    })
}

/// Reads a length of time at the start of a text: `1h2m3.5s`, `20ms`, `3 seconds`, `5 分钟`. Returns
/// what follows it as well.
fn length(text: &str) -> Option<(Duration, &str)> {
    let (mut rest, mut sum, mut read) = (text, Duration::ZERO, None);
    loop {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at_checked(digits)?;
        let after = after.trim_start_matches(' ');
        let unit = UNITS.iter().find_map(|(unit, seconds)| {
            let rest = after.strip_prefix(unit)?;
            let glued = unit.is_ascii() && rest.starts_with(|c: char| c.is_ascii_alphabetic());
            (!glued).then_some((*seconds, rest))
        });
        let part = number.parse::<f64>().ok().zip(unit);
        let Some((number, (seconds, after))) = part else { return read };
        sum = sum.checked_add(Duration::try_from_secs_f64(number * seconds).ok()?)?;
        read = Some((sum, after));
        rest =
            after.strip_prefix(", ").or_else(|| after.strip_prefix(" and ")).unwrap_or(after).trim_start_matches(' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_in_every_form() {
        let now: Timestamp = "2026-11-28T10:00:00Z".parse().unwrap();
        let epoch = now.as_second() + 30;
        for (text, millis) in [
            ("3", 3000),
            ("0.5", 500),
            ("6m0.5s", 360_500),
            ("20ms", 20),
            ("1m0.36s", 60_360),
            ("2 minutes", 120_000),
            (&format!("{epoch}"), 30_000),
            (&format!("{epoch}.25"), 30_250),
            (&format!("{epoch}500"), 30_500),
            ("2026-11-28T10:00:30Z", 30_000),
            ("2026-11-28T11:00:30+01:00", 30_000),
            ("Sat, 28 Nov 2026 10:00:30 GMT", 30_000),
        ] {
            assert_eq!(value(text, now), Some(Duration::from_millis(millis)), "{text}");
        }
        for nonsense in ["", "0", "-1", "NaN", "inf", "soon", "6x", "3 s later", "2026-11-28T09:59:59Z", "1000000000"] {
            assert_eq!(value(nonsense, now), None, "{nonsense}");
        }
    }

    #[test]
    fn a_wait_is_found_in_a_sentence() {
        for (text, millis) in [
            ("please try again in 1m0.36s. visit x", 60_360),
            ("please retry after 3 seconds.", 3000),
            ("please retry in 36.4s.", 36_400),
            ("rate limit reached; try again in 6ms", 6),
            ("request reached max rpm, please try again after 1 seconds", 1000),
            ("try again in 2 minutes", 120_000),
            ("wait 1 hour and 5 minutes before you retry", 3_900_000),
            ("limit of 5 in a row; retry in 7m12.5s", 432_500),
            ("quota will reset after 20s", 20_000),
            ("more than 100 in 60s; retry after 5s", 5000),
            ("请求过于频繁，请在 3 秒后重试", 3000),
            ("请2分钟后再试", 120_000),
        ] {
            assert_eq!(in_words(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for none in
            ["please retry later", "in 5 steps", "the limit is 60 requests per minute, slow down", "after 3 tries"]
        {
            assert_eq!(in_words(none), None, "{none}");
        }
    }
}
