//! Numbers as a person reads them: short, with a unit, and unknown never as zero.

use std::time::Duration;

use jiff::Timestamp;

pub use crate::model::media::byte_count as bytes;
use crate::model::{Outcome, Spent, Usage, cost::PicoDollars, remote_job::ReportedStatus};

/// Writes a stretch of time, rounded to the digits it is written with: `84ms`, `0.92s`, `12.4s`, `3m 05s`, `2h 10m`,
/// `4d`.
#[must_use]
pub fn duration(time: Duration) -> String {
    // In the unit of the last digit; what is rounded up to the next larger unit is written in that.
    let in_units_of = |unit: Duration| (time.as_nanos() + unit.as_nanos() / 2) / unit.as_nanos();
    let (millis, hundredths, tenths) =
        (in_units_of(MILLISECOND), in_units_of(10 * MILLISECOND), in_units_of(100 * MILLISECOND));
    let (seconds, minutes, days) =
        (in_units_of(1000 * MILLISECOND), in_units_of(MINUTE), in_units_of(24 * 60 * MINUTE));
    if millis < 100 {
        format!("{millis}ms")
    } else if hundredths < 1000 {
        format!("{}.{:02}s", hundredths / 100, hundredths % 100)
    } else if tenths < 600 {
        format!("{}.{}s", tenths / 10, tenths % 10)
    } else if seconds < 3600 {
        format!("{}m {:02}s", seconds / 60, seconds % 60)
    } else if minutes < 24 * 60 {
        format!("{}h {:02}m", minutes / 60, minutes % 60)
    } else {
        format!("{days}d")
    }
}

/// Writes an estimated time with two digits at most, in one unit: `0.4 s`, `7 s`, `66 s`, `2.5 min`, `31 h`. What knows no
/// better says no more.
#[must_use]
pub fn rough_time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let short = |value: f64, unit: &str| match format!("{value:.1}") {
        exact if exact.len() > 3 || exact.ends_with(".0") => format!("{value:.0} {unit}"),
        exact => format!("{exact} {unit}"),
    };
    match seconds {
        seconds if seconds < 0.95 => short(seconds.max(0.1), "s"),
        seconds if seconds < 99.5 => format!("{seconds:.0} s"),
        seconds if seconds < 99.5 * 60.0 => short(seconds / 60.0, "min"),
        seconds if seconds < 47.5 * 3600.0 => short(seconds / 3600.0, "h"),
        seconds => short(seconds / 86_400.0, "d"),
    }
}

const MILLISECOND: Duration = Duration::from_millis(1);
const MINUTE: Duration = Duration::from_secs(60);

/// Rounds a stretch of time to milliseconds; one beyond their range is the longest.
#[must_use]
pub fn millis(time: Duration) -> u32 {
    u32::try_from(time.saturating_add(Duration::from_micros(500)).as_millis()).unwrap_or(u32::MAX)
}

/// What a run waited shorter than this is next to nothing, and told nowhere.
pub const LEAST_WAIT: Duration = Duration::from_millis(100);

/// Says how long retort itself waited, `waited 4.0s`; none where that is next to nothing.
#[must_use]
pub fn waited(time: Duration) -> Option<String> {
    (time >= LEAST_WAIT).then(|| format!("waited {}", duration(time)))
}

/// Writes how long ago something was, in one unit: `now`, `40 s`, `12 min`, `3 h`, `2 d`.
#[must_use]
pub fn age(since: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(since.as_second()).max(0);
    match seconds {
        0..=2 => "now".to_owned(),
        3..=59 => format!("{seconds} s"),
        60..=3599 => format!("{} min", seconds / 60),
        3600..=86_399 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// Writes a point in time to the second: `2026-11-29 14:03:59 UTC`.
#[must_use]
pub fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// Says how long ago something was: `just now`, `12 min ago`.
#[must_use]
pub fn ago(since: Timestamp, now: Timestamp) -> String {
    let age = age(since, now);
    if age == "now" { "just now".to_owned() } else { format!("{age} ago") }
}

/// Writes a wait that is running down, rounded up so that it never says zero while it waits.
#[must_use]
pub fn countdown(left: Duration) -> String {
    format!("{} s", left.as_millis().div_ceil(1000))
}

/// Writes a number with a comma at the thousands: `50,000,000`.
#[must_use]
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Writes a count, rounded to the digits it is written with: `38`, `4,096`, `31k`, `1.2M`.
#[must_use]
pub fn count(number: u64) -> String {
    match number {
        0..=999 => number.to_string(),
        1000..=9999 => format!("{},{:03}", number / 1000, number % 1000),
        10_000..=999_499 => format!("{}k", (number + 500) / 1000),
        _ => format!("{:.1}M", number as f64 / 1e6),
    }
}

/// Writes a number of things by their noun: `1 run`, `12 runs`.
#[must_use]
pub fn counted(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Writes tokens in and out, `212→38`; a side nobody counted is `?`. What may be more begins with `≥`, an estimate
/// with `~`.
#[must_use]
pub fn tokens(usage: &Usage) -> String {
    let known = |side: Option<u64>| side.filter(|_| usage.sureness() != "unknown");
    let side = |side: Option<u64>| known(side).map_or_else(|| "?".to_owned(), count);
    format!("{}{}→{}", token_mark(usage), side(usage.total_input()), side(usage.total_output()))
}

/// Writes all tokens in one number, marked alike: `250`, `~38`, `≥4,096`, `?`.
#[must_use]
pub fn all_tokens(usage: &Usage) -> String {
    marked(usage, Some(usage.total().unwrap_or(0)), count)
}

/// Writes one of the counts of a usage, marked alike.
#[must_use]
pub fn marked(usage: &Usage, part: Option<u64>, write: impl Fn(u64) -> String) -> String {
    match part.filter(|_| usage.sureness() != "unknown") {
        Some(part) => format!("{}{}", token_mark(usage), write(part)),
        None => "?".to_owned(),
    }
}

/// Returns the sign before counts that are not known to be all: `≥`, `~`, or none.
fn token_mark(usage: &Usage) -> &'static str {
    match usage.sureness() {
        "at_least" => "≥",
        "estimated" => "~",
        _ => "",
    }
}

/// Writes what calls took: `4,096 tokens, $0.0041`.
#[must_use]
pub fn spent(spent: &Spent) -> String {
    format!("{} tokens, {}", all_tokens(&spent.usage), spent.cost)
}

/// Says what the provider's cache of prompts gave to a run: `1,024 tokens read from the provider's cache, saved $0.0012`.
/// None where it gave and took nothing.
#[must_use]
pub fn provider_cache(outcome: &Outcome) -> Option<String> {
    let counts = [("read from", outcome.usage.cache_read), ("written to", outcome.usage.cache_write)];
    let used = counts.iter().filter_map(|(way, count)| Some((way, count.filter(|count| *count > 0)?)));
    let used: Vec<String> = used.map(|(way, tokens)| format!("{} tokens {way}", thousands(tokens))).collect();
    let saved = outcome.cache_saving.map_or_else(String::new, |saved| format!(", {saved}"));
    (!used.is_empty()).then(|| format!("{} the provider's cache{saved}", used.join(", ")))
}

/// Says how many of the tokens are of pictures and recordings; none where nobody says so.
#[must_use]
pub fn modalities(usage: &Usage) -> Option<String> {
    let counts = [("image", usage.image), ("audio", usage.audio), ("spoken", usage.audio_output)];
    let told = counts.iter().filter_map(|(name, count)| Some((name, count.filter(|count| *count > 0)?)));
    let told: Vec<String> = told.map(|(name, tokens)| format!("{} {name}", thousands(tokens))).collect();
    (!told.is_empty()).then(|| format!("{} tokens", told.join(", ")))
}

/// Writes a rate: `9.4 tok/s`, `62 tok/s`.
#[must_use]
pub fn rate(per_second: f64) -> String {
    if per_second < 10.0 { format!("{per_second:.1} tok/s") } else { format!("{per_second:.0} tok/s") }
}

/// Writes a share of two counts in whole percent, `12%`; nothing of nothing is `–`.
#[must_use]
pub fn share(part: u64, whole: u64) -> String {
    if whole == 0 { "–".to_owned() } else { whole_percent(part as f64 / whole as f64) }
}

/// Writes a share from 0 to 1 with one digit: `92.3%`. `100%` is all and `0%` is none, never a rounded share.
#[must_use]
pub fn percent(share: f64) -> String {
    format!("{}%", hundredths(share, 1))
}

/// Writes a share from 0 to 1 in whole percent, `92%`; what is neither all nor none is never `100%` or `0%`.
#[must_use]
pub fn whole_percent(share: f64) -> String {
    format!("{}%", hundredths(share, 0))
}

/// Writes a share from 0 to 1 in hundredths with so many digits, and with one more where it would be rounded to
/// all or to none without being it.
#[must_use]
pub fn hundredths(share: f64, digits: usize) -> String {
    if share <= 0.0 || share >= 1.0 {
        return format!("{:.0}", share * 100.0);
    }
    let text = |digits: usize| format!("{:.digits$}", share * 100.0);
    let rounded = |text: &str| text.parse::<f64>().is_ok_and(|shown| shown <= 0.0 || shown >= 100.0);
    match text(digits) {
        short if !rounded(&short) => short,
        _ => match text(1) {
            long if !rounded(&long) => long,
            _ if share > 0.5 => "99.9".to_owned(),
            _ => "<0.1".to_owned(),
        },
    }
}

/// Writes a price per token as one per million tokens: `0.15`, `75`; none is `?`.
#[must_use]
pub fn per_million(each: Option<PicoDollars>) -> String {
    let Some(each) = each else {
        return "?".to_owned();
    };
    let dollars = each.dollars() * 1e6;
    if each.0 == 0 {
        "free".to_owned()
    } else if each.0 < 100_000 {
        format!("{dollars:.3}")
    } else if dollars < 10.0 {
        format!("{dollars:.2}")
    } else {
        format!("{dollars:.0}")
    }
}

/// Writes a number from 0 to 1 as short as it is read: `.92`, `1.0`.
#[must_use]
pub fn unit(score: f64) -> String {
    let text = format!("{score:.2}");
    match text.strip_prefix('0') {
        Some(short) if score < 1.0 => short.to_owned(),
        _ => text,
    }
}

/// Says what a provider said of a batch of its own: its word, the requests that are done, and when it expires.
#[must_use]
pub fn reported(status: &ReportedStatus) -> String {
    let counts = status.counts.map(|[done, failed, total]| {
        let failed = if failed > 0 { format!(", {} failed", thousands(failed)) } else { String::new() };
        format!("{} of {} done{failed}", thousands(done), thousands(total))
    });
    let expires = status.expires.map(|expires| format!("expires {}", expires.strftime("%Y-%m-%d %H:%M UTC")));
    let parts = [Some(status.word.clone()), counts, expires];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_keep_three_digits() {
        for (millis, text) in [
            (0, "0ms"),
            (99, "99ms"),
            (100, "0.10s"),
            (996, "1.00s"),
            (9_994, "9.99s"),
            (9_995, "10.0s"),
            (59_949, "59.9s"),
            (59_960, "1m 00s"),
            (3_599_500, "1h 00m"),
            (86_370_000, "1d"),
            (84, "84ms"),
            (920, "0.92s"),
            (12_400, "12.4s"),
            (185_000, "3m 05s"),
            (7_800_000, "2h 10m"),
            (400_000_000, "5d"),
        ] {
            assert_eq!(duration(Duration::from_millis(millis)), text);
        }
    }

    /// Reads what [`duration`] writes, with the length of its last digit.
    fn read(text: &str) -> (f64, f64) {
        let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("d", 86_400.0)];
        text.split(' ').fold((0.0, 0.0), |(sum, _), part| {
            let digits = part.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap();
            let (number, unit) = part.split_at(digits);
            let unit = units.iter().find(|(name, _)| *name == unit).unwrap().1;
            let places = number.split_once('.').map_or(0, |(_, places)| places.len());
            (sum + number.parse::<f64>().unwrap() * unit, unit / 10_f64.powf(places as f64))
        })
    }

    proptest! {
        #[test]
        fn a_duration_is_rounded_and_never_smaller_for_a_longer_one(
            nanos in prop_oneof![0..100_000_000_000_u64, 0..1_000_000_000_000_000_u64], more in 0..100_000_000_000_u64,
        ) {
            let time = Duration::from_nanos(nanos);
            let (value, digit) = read(&duration(time));
            prop_assert!((value - time.as_secs_f64()).abs() <= digit / 2.0 + 1e-9, "{time:?}");
            let (longer, _) = read(&duration(time + Duration::from_nanos(more)));
            prop_assert!(longer >= value - 1e-9, "{time:?} {more}");
        }
    }

    #[test]
    fn an_estimate_has_two_digits_at_most() {
        for (millis, text) in [
            (0, "0.1 s"),
            (420, "0.4 s"),
            (949, "0.9 s"),
            (960, "1 s"),
            (7_200, "7 s"),
            (66_000, "66 s"),
            (150_000, "2.5 min"),
            (300_000, "5 min"),
            (599_000, "10 min"),
            (3_000_000, "50 min"),
            (7_800_000, "2.2 h"),
            (400_000_000, "4.6 d"),
        ] {
            assert_eq!(rough_time(Duration::from_millis(millis)), text, "{millis}");
        }
    }

    #[test]
    fn a_wait_never_says_zero() {
        assert_eq!(countdown(Duration::from_millis(1)), "1 s");
        assert_eq!(countdown(Duration::from_secs(3)), "3 s");
    }

    #[test]
    fn bytes_are_in_the_unit_they_are_rounded_to() {
        let shown = [0, 999, 1000, 999_949, 999_950, 3_400_000, 999_950_000].map(bytes);
        assert_eq!(shown, ["0 B", "999 B", "1.0 kB", "999.9 kB", "1.0 MB", "3.4 MB", "1.0 GB"]);
        assert_eq!([0, 1, 2].map(|number| counted(number, "run")), ["0 runs", "1 run", "2 runs"]);
    }

    #[test]
    fn unknown_and_estimated_show() {
        assert_eq!(tokens(&Usage::default()), "?→?");
        let usage = Usage { input: Some(212), output: Some(12_900), estimated: true, ..Usage::default() };
        assert_eq!(tokens(&usage), "~212→13k");
        assert_eq!(tokens(&Usage { partial: true, ..usage }), "≥212→13k");
        assert_eq!(all_tokens(&Usage { partial: true, ..Usage::default() }), "?");
        assert_eq!(all_tokens(&Usage::default()), "0");
        let nothing_of = Usage { input: Some(0), partial: true, ..Usage::default() };
        assert_eq!((all_tokens(&nothing_of), tokens(&nothing_of)), ("?".to_owned(), "?→?".to_owned()));
        assert_eq!([count(999_499), count(999_500), count(10_499)], ["999k", "1.0M", "10k"]);
        assert_eq!(share(0, 0), "–");
        assert_eq!(per_million(None), "?");
        assert_eq!(per_million(Some(PicoDollars::per_million(0.15))), "0.15");
        assert_eq!(per_million(Some(PicoDollars::per_million(0.1))), "0.10");
        assert_eq!(per_million(Some(PicoDollars(0))), "free");
    }

    #[test]
    fn all_is_all_and_none_is_none() {
        for (part, whole, short, long) in [
            (0, 7, "0%", "0%"),
            (7, 7, "100%", "100%"),
            (1, 3, "33%", "33.3%"),
            (2_499, 2_500, "99.9%", "99.9%"),
            (9_999, 10_000, "99.9%", "99.9%"),
            (995, 1_000, "99.5%", "99.5%"),
            (994, 1_000, "99%", "99.4%"),
            (1, 10_000, "<0.1%", "<0.1%"),
            (4, 1_000, "0.4%", "0.4%"),
            (1, 10, "10%", "10.0%"),
            (1, 100, "1%", "1.0%"),
        ] {
            assert_eq!(share(part, whole), short);
            assert_eq!(percent(part as f64 / whole as f64), long);
        }
    }

    #[test]
    fn ages_are_in_one_unit() {
        let then = Timestamp::UNIX_EPOCH;
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        assert_eq!(age(then, at(11_000)), "3 h");
        assert_eq!(age(at(5), then), "now");
    }

    #[test]
    fn thousands_stand_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(number), text);
        }
    }
}
