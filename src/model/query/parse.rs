//! A query line split into texts and filters, and read.

use std::time::Duration;

use jiff::{Timestamp, Zoned, civil};

use crate::model::{
    RunStatus,
    query::{CompareSign, Filter, Query, QueryBound, Sort, SortBy, What},
};

/// A query line that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{part}`: {expected}")]
pub struct BadQuery {
    /// Where the part begins on the line, in bytes.
    pub at: usize,
    /// The part that means nothing.
    pub part: String,
    /// What could stand there.
    pub expected: String,
}

/// Every filter by its key, with what it takes.
pub const FILTERS: &[(&str, &str)] = &[
    ("model", "a model or a target"),
    ("target", "a target"),
    ("provider", "a provider"),
    ("param", "a parameter and its value, as in temperature=0.7, or a parameter alone where any value will do"),
    ("prompt", "a prompt"),
    ("version", "a version's name, or the beginning of its hash"),
    ("session", "a session"),
    ("batch", "the end of a batch's id"),
    ("run", "the end of a run's id"),
    ("end", "done, failed, interrupted, cancelled, crashed or running"),
    ("verdict", "passed, failed, inconclusive, unchecked, error or cancelled"),
    ("failed", "a check: format, schema, required, confidence, completeness, latency, …"),
    ("error", "a class of fault, such as \"rate limited\", or any"),
    ("cached", "yes or no"),
    ("demo", "yes or no"),
    ("judge", "yes or no"),
    ("fallback", "yes or no"),
    ("retried", "yes or no"),
    ("pinned", "yes or no"),
    ("since", "a day (2026-11-25), a time (2026-11-25T09:30) or an age (90m, 12h, 7d, 4w)"),
    ("until", "a day, a time or an age"),
    ("cost", "US dollars with <, <=, >, >= or =: >0.01"),
    ("took", "a time with <, <=, >, >= or =: >2s, <=500ms"),
    ("tokens", "a number with <, <=, >, >= or =: >1000"),
    ("grade", "1 to 5 with <, <=, >, >= or =, or yes, or none"),
    ("sort", "time, cost, took, tokens, verdict or grade; -cost has the smallest first"),
];

/// The ends a run can have.
pub(crate) const ENDS: &[&str] = &["done", "failed", "interrupted", "cancelled", "crashed", "running"];

pub(crate) fn parse(line: &str, now: &Zoned) -> Result<Query, BadQuery> {
    let mut query = Query::default();
    for part in parts(line) {
        let Some(key) = &part.key else {
            if !part.value.trim().is_empty() {
                query.words.push(part.value);
            }
            continue;
        };
        let bad = |expected: &str| BadQuery {
            at: part.at,
            part: format!("{key}:{}", part.value),
            expected: expected.to_owned(),
        };
        let Some((_, takes)) = FILTERS.iter().find(|(known, _)| known == key) else {
            let keys: Vec<_> = FILTERS.iter().map(|(key, _)| *key).collect();
            return Err(bad(&format!(
                "there is no filter `{key}`; write \"{key}:{}\" in quotes to find it as a text, or \
                                     one of {}",
                part.value,
                keys.join(", ")
            )));
        };
        let expected = || bad(&format!("takes {takes}"));
        if key == "sort" {
            query.sort = sort(&part.value).ok_or_else(expected)?;
            continue;
        }
        let what = what(key, part.value.trim(), now).ok_or_else(expected)?;
        query.filters.push(Filter { not: part.not, what });
    }
    Ok(query)
}

fn what(key: &str, value: &str, now: &Zoned) -> Option<What> {
    let text = || (!value.is_empty()).then(|| value.to_owned());
    Some(match key {
        "model" => What::Model(text()?),
        "target" => What::Target(text()?),
        "provider" => What::Provider(text()?),
        "param" => param(value)?,
        "prompt" => What::Prompt(text()?),
        "version" => What::Version(text()?),
        "session" => What::Session(text()?),
        "batch" => What::Batch(text()?.to_lowercase()),
        "run" => What::Run(text()?.to_lowercase()),
        "end" => What::End(ENDS.iter().find(|end| value.eq_ignore_ascii_case(end)).map(|end| (*end).to_owned())?),
        "verdict" => What::Status(match value.to_lowercase().as_str() {
            "pass" => RunStatus::Passed,
            "fail" => RunStatus::Failed,
            word => RunStatus::of_word(word)?,
        }),
        "failed" => What::Failed(text()?),
        "error" if value.eq_ignore_ascii_case("any") => What::Error(String::new()),
        "error" => What::Error(text()?),
        "cached" => What::Cached(yes(value)?),
        "demo" => What::Demo(yes(value)?),
        "judge" => What::Judge(yes(value)?),
        "fallback" => What::FellBack(yes(value)?),
        "retried" => What::Retried(yes(value)?),
        "pinned" => What::Pinned(yes(value)?),
        "since" => What::Since(moment(value, now)?),
        "until" => What::Until(moment(value, now)?),
        "cost" => What::Cost(bound(value, |text| {
            text.trim_start_matches('$').parse().ok().filter(|cost: &f64| cost.is_finite() && *cost >= 0.0)
        })?),
        "took" => What::Took(bound(value, length)?),
        "tokens" => What::Tokens(bound(value, |text| text.replace(['_', ','], "").parse().ok())?),
        "grade" if value.eq_ignore_ascii_case("none") => What::Graded(false),
        "grade" if yes(value) == Some(true) => What::Graded(true),
        "grade" => What::Stars(bound(value, |text| text.parse().ok().filter(|stars| (1..=5).contains(stars)))?),
        _ => return None,
    })
}

fn param(value: &str) -> Option<What> {
    let (key, value) = value.split_once('=').map_or((value, None), |(key, value)| (key, Some(value.trim())));
    let key = key.trim();
    let is_name = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    (is_name && value != Some("")).then(|| What::Param { key: key.to_owned(), value: value.map(str::to_owned) })
}

fn yes(value: &str) -> Option<bool> {
    match value.to_lowercase().as_str() {
        "yes" | "true" | "1" => Some(true),
        "no" | "false" | "0" => Some(false),
        _ => None,
    }
}

fn sort(value: &str) -> Option<Sort> {
    let (name, ascending) = value.strip_prefix('-').map_or((value, false), |name| (name, true));
    let (by, _) = SortBy::ALL.iter().find(|(_, known)| name.eq_ignore_ascii_case(known))?;
    Some(Sort { by: *by, ascending })
}

fn bound<T>(value: &str, read: impl Fn(&str) -> Option<T>) -> Option<QueryBound<T>> {
    let signs = [
        ("<=", CompareSign::AtMost),
        (">=", CompareSign::AtLeast),
        ("<", CompareSign::Less),
        (">", CompareSign::Greater),
        ("=", CompareSign::Equal),
    ];
    let found = signs.iter().find_map(|(text, sign)| value.strip_prefix(text).map(|rest| (*sign, rest)));
    let (sign, rest) = found.unwrap_or((CompareSign::Equal, value));
    Some(QueryBound { sign, limit: read(rest.trim())? })
}

/// Reads `500ms`, `2s`, `1.5s`, `3m`, `2h`, `7d`, `4w`; a number alone is seconds.
fn length(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits)?;
    let seconds = match unit.trim() {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        "w" => 604_800.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()
}

/// Reads a day, a time of day, both of the zone of `now` where they name none, or an age.
fn moment(text: &str, now: &Zoned) -> Option<Timestamp> {
    let day = |date: civil::Date| date.to_zoned(now.time_zone().clone()).ok().map(|midnight| midnight.timestamp());
    match text.to_lowercase().as_str() {
        "now" => return Some(now.timestamp()),
        "today" => return day(now.date()),
        "yesterday" => return day(now.date().yesterday().ok()?),
        _ => {}
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    if let Ok(time) = text.parse::<civil::DateTime>() {
        return time.to_zoned(now.time_zone().clone()).ok().map(|time| time.timestamp());
    }
    let unit = text.chars().next_back().filter(char::is_ascii_alphabetic)?;
    now.timestamp().checked_sub(length(text).filter(|_| unit != '.')?).ok()
}

/// A part of the line between blanks, quotes taken off.
#[derive(Debug)]
pub(crate) struct QueryWord {
    pub(crate) at: usize,
    pub(crate) not: bool,
    pub(crate) key: Option<String>,
    pub(crate) value: String,
    /// Whether it is a text in quotes.
    pub(crate) quoted: bool,
    /// Whether a quote in its value is not closed, and took the rest of the line in.
    pub(crate) open: bool,
}

/// Splits a line into its parts.
///
/// A text is in quotes if one stands right before it and another after it, with a blank or the line's end behind; every
/// other quote in a text is one of its characters. The value of a filter has what is in quotes as it is, and one that
/// is not closed ends with the line.
pub(crate) fn parts(line: &str) -> Vec<QueryWord> {
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(rest) = line.get(at..).filter(|rest| !rest.is_empty()) {
        let blank = rest.len() - rest.trim_start().len();
        if blank > 0 {
            at += blank;
            continue;
        }
        let (part, length) = quoted(rest).or_else(|| filter(rest)).unwrap_or_else(|| word(rest));
        all.push(QueryWord { at, ..part });
        at += length;
    }
    all
}

/// Takes a text in quotes off the beginning of a line, if there is one; with the bytes it takes.
fn quoted(rest: &str) -> Option<(QueryWord, usize)> {
    let inside = rest.strip_prefix('"')?;
    if inside.starts_with(char::is_whitespace) {
        return None;
    }
    let closes = |at: &usize| {
        let after = inside.get(at + 1..).unwrap_or_default();
        *at > 0 && (after.is_empty() || after.starts_with(char::is_whitespace))
    };
    let end = inside.match_indices('"').map(|(at, _)| at).find(closes)?;
    let value = inside.get(..end)?.to_owned();
    Some((QueryWord { at: 0, not: false, key: None, value, quoted: true, open: false }, end + 2))
}

/// Takes a filter off it.
fn filter(rest: &str) -> Option<(QueryWord, usize)> {
    let (not, bare) = rest.strip_prefix('-').map_or((false, rest), |bare| (true, bare));
    let colon = bare.find(':').filter(|at| is_key(bare.get(..*at).unwrap_or_default()))?;
    let (key, value) = (bare.get(..colon)?, bare.get(colon + 1..)?);
    if value.starts_with("//") {
        return None;
    }
    let mut part =
        QueryWord { at: 0, not, key: Some(key.to_lowercase()), value: String::new(), quoted: false, open: false };
    let mut length = value.len();
    for (at, c) in value.char_indices() {
        match c {
            '"' => part.open = !part.open,
            c if c.is_whitespace() && !part.open => {
                length = at;
                break;
            }
            c => part.value.push(c),
        }
    }
    Some((part, usize::from(not) + colon + 1 + length))
}

/// Takes a word off it.
fn word(rest: &str) -> (QueryWord, usize) {
    let word = rest.split(char::is_whitespace).next().unwrap_or(rest);
    (QueryWord { at: 0, not: false, key: None, value: word.to_owned(), quoted: false, open: false }, word.len())
}

/// Tells whether a colon after this text makes it a key: otherwise it is a text with a colon, as in a URL.
fn is_key(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    fn now() -> Zoned {
        "2026-11-25T12:00:00Z".parse::<Timestamp>().unwrap().to_zoned(TimeZone::UTC)
    }

    fn only(line: &str) -> What {
        let query = parse(line, &now()).unwrap();
        assert_eq!((query.words.len(), query.filters.len()), (0, 1), "{line}");
        query.filters[0].what.clone()
    }

    #[test]
    fn words_phrases_filters_and_orders_are_told_apart() {
        let query = parse("parcel \"never came\" -cached:yes http://x.test/a sort:-cost 9:30", &now()).unwrap();
        assert_eq!(query.words, ["parcel", "never came", "http://x.test/a", "9:30"]);
        assert_eq!(query.filters, [Filter { not: true, what: What::Cached(true) }]);
        assert_eq!(query.sort, Sort { by: SortBy::Cost, ascending: true });
    }

    #[test]
    fn a_text_is_taken_as_it_is_written() {
        for (line, words) in [
            ("C++ kind% a_b", vec!["C++", "kind%", "a_b"]),
            ("\"parcel*\" 'x' \\", vec!["parcel*", "'x'", "\\"]),
            ("-x - --", vec!["-x", "-", "--"]),
            ("\" 5\" \"\" a\"b", vec!["\"", "5\"", "\"\"", "a\"b"]),
            ("\"say \"hi\" now\"", vec!["say \"hi", "now\""]),
            ("\"open model:x", vec!["\"open"]),
            ("😀 日本:語 10:30 \"-cached:yes\"", vec!["😀", "日本:語", "10:30", "-cached:yes"]),
        ] {
            assert_eq!(parse(line, &now()).unwrap().words, words, "{line}");
        }
    }

    #[test]
    fn days_are_those_of_the_zone_the_question_is_asked_in() {
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let now = "2026-11-24T23:30:00Z".parse::<Timestamp>().unwrap().to_zoned(berlin);
        for (value, time) in [
            ("today", "2026-11-24T23:00:00Z"),
            ("yesterday", "2026-11-23T23:00:00Z"),
            ("2026-07-01", "2026-06-30T22:00:00Z"),
            ("2026-11-28T09:30", "2026-11-28T08:30:00Z"),
            ("2026-11-28T09:30Z", "2026-11-28T09:30:00Z"),
            ("2026-11-28T09:30:00-05:00", "2026-11-28T14:30:00Z"),
            ("1d", "2026-11-23T23:30:00Z"),
        ] {
            let query = Query::parse(&format!("since:{value}"), &now).unwrap();
            assert_eq!(query.filters[0].what, What::Since(time.parse().unwrap()), "{value}");
            assert_eq!(query.time_zone(), *now.time_zone());
        }
    }

    #[test]
    fn every_filter_is_read() {
        fn bound<T>(sign: CompareSign, limit: T) -> QueryBound<T> {
            QueryBound { sign, limit }
        }
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        for (line, what) in [
            ("model:gpt-4o-mini", What::Model("gpt-4o-mini".into())),
            ("prompt:\"my prompt\"", What::Prompt("my prompt".into())),
            ("target:fast", What::Target("fast".into())),
            ("param:temperature=0.7", What::Param { key: "temperature".into(), value: Some("0.7".into()) }),
            ("param:stop=\"a = b\"", What::Param { key: "stop".into(), value: Some("a = b".into()) }),
            ("param:seed", What::Param { key: "seed".into(), value: None }),
            ("VERDICT:Failed", What::Status(RunStatus::Failed)),
            ("verdict:inconclusive", What::Status(RunStatus::Inconclusive)),
            ("failed:json-path", What::Failed("json-path".into())),
            ("error:\"rate limited\"", What::Error("rate limited".into())),
            ("error:any", What::Error(String::new())),
            ("end:DONE", What::End("done".into())),
            ("since:7d", What::Since(time("2026-11-18T12:00:00Z"))),
            ("since:90m", What::Since(time("2026-11-25T10:30:00Z"))),
            ("until:2026-11-01", What::Until(time("2026-11-01T00:00:00Z"))),
            ("since:2026-11-01T09:30", What::Since(time("2026-11-01T09:30:00Z"))),
            ("since:2026-11-01T09:30:00+02:00", What::Since(time("2026-11-01T07:30:00Z"))),
            ("since:yesterday", What::Since(time("2026-11-24T00:00:00Z"))),
            ("cost:>$0.01", What::Cost(bound(CompareSign::Greater, 0.01))),
            ("took:<=500ms", What::Took(bound(CompareSign::AtMost, Duration::from_millis(500)))),
            ("took:>2", What::Took(bound(CompareSign::Greater, Duration::from_secs(2)))),
            ("tokens:>=1_000", What::Tokens(bound(CompareSign::AtLeast, 1000))),
            ("grade:>=4", What::Stars(bound(CompareSign::AtLeast, 4))),
            ("grade:none", What::Graded(false)),
            ("grade:yes", What::Graded(true)),
            ("pinned:no", What::Pinned(false)),
        ] {
            // Equality of floats is meant: what is written is what is read.
            assert_eq!(only(line), what, "{line}");
        }
    }

    #[test]
    fn what_means_nothing_is_named_with_what_could_stand_there() {
        for (line, at, says) in [
            ("x modle:gpt", 2, "there is no filter `modle`"),
            ("cached:maybe", 0, "yes or no"),
            ("since:soon", 0, "an age"),
            ("cost:cheap", 0, "US dollars"),
            ("cost:>-1", 0, "US dollars"),
            ("grade:9", 0, "1 to 5"),
            ("model:", 0, "a model"),
            ("param:=0.7", 0, "temperature=0.7"),
            ("param:seed=", 0, "temperature=0.7"),
            ("param:a'b=1", 0, "temperature=0.7"),
            ("end:well", 0, "interrupted"),
            ("sort:name", 0, "took"),
            ("took:>5x", 0, "a time"),
        ] {
            let error = parse(line, &now()).unwrap_err();
            assert!(error.at == at && error.to_string().contains(says), "{line}: {error}");
        }
    }

    #[test]
    fn no_line_is_too_odd() {
        for line in
            ["", "   ", "\"", "\"open", "-", ":", "::", "a:\"b", "-:x", "\"\"", "日本:語", "since:99999999999999d"]
        {
            let _ = parse(line, &now());
        }
        assert!(parse("", &now()).unwrap().is_everything());
    }
}
