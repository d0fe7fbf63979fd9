//! What could come next on a query line, and lines made of others: with another order, with a further filter.

use crate::model::{
    RunStatus,
    query::{
        Sort, SortBy,
        parse::{ENDS, FILTERS, QueryWord, parts},
    },
};

/// The names that values of filters can have, as far as they are on record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vocabulary {
    /// Models and targets.
    pub models: Vec<String>,
    pub providers: Vec<String>,
    pub prompts: Vec<String>,
    pub sessions: Vec<String>,
    /// Names of prompt versions.
    pub versions: Vec<String>,
    /// Checks that gave a verdict.
    pub checks: Vec<String>,
    /// Classes of errors.
    pub classes: Vec<String>,
}

/// Lists the whole lines that the line could become by completing its last part, the likeliest first;
/// none where its last part is a text to be found.
#[must_use]
pub fn complete(line: &str, vocabulary: &Vocabulary) -> Vec<String> {
    if line.is_empty() || line.ends_with(char::is_whitespace) {
        return FILTERS.iter().map(|(key, _)| format!("{line}{key}:")).collect();
    }
    let mut parts = parts(line);
    // A text in quotes may be under way, in which nothing is a filter.
    if parts.iter().any(|part| part.key.is_none() && !part.quoted && part.value.starts_with('"')) {
        return Vec::new();
    }
    let Some(last) = parts.pop() else {
        return Vec::new();
    };
    let before = line.get(..last.at).unwrap_or_default();
    let Some(key) = &last.key else {
        let (sign, typed) = last.value.strip_prefix('-').map_or(("", last.value.as_str()), |typed| ("-", typed));
        let begins = |key: &str| key.starts_with(&typed.to_lowercase()) && !last.quoted;
        return FILTERS.iter().filter(|(key, _)| begins(key)).map(|(key, _)| format!("{before}{sign}{key}:")).collect();
    };
    let sign = if last.not { "-" } else { "" };
    let typed = last.value.to_lowercase();
    let mut fitting: Vec<String> = values(key, vocabulary)
        .into_iter()
        .filter(|value| value.to_lowercase().contains(&typed) && *value != last.value)
        .collect();
    fitting.sort_by_key(|value| !value.to_lowercase().starts_with(&typed));
    fitting.into_iter().map(|value| format!("{before}{sign}{key}:{}", quoted(&value))).collect()
}

/// Lists the parts of a line as they are written, but for some.
fn kept(line: &str, gone: impl Fn(&QueryWord) -> bool) -> Vec<&str> {
    let parts = parts(line);
    let ends = parts.iter().skip(1).map(|part| part.at).chain([line.len()]);
    parts
        .iter()
        .zip(ends)
        .filter(|(part, _)| !gone(part))
        .filter_map(|(part, end)| line.get(part.at..end).map(str::trim_end))
        .collect()
}

/// Writes the line without the filters of some keys, each with the value that goes; any value where there is none. What
/// a filter takes out, as in `-verdict:failed`, stays.
#[must_use]
pub fn without_filters(line: &str, gone: &[(&str, Option<&str>)]) -> String {
    let goes = |part: &QueryWord| {
        let is = |(key, value): &(&str, Option<&str>)| {
            part.key.as_deref() == Some(key) && value.is_none_or(|value| part.value.eq_ignore_ascii_case(value))
        };
        !part.not && gone.iter().any(is)
    };
    kept(line, goes).join(" ")
}

/// Writes the line with another order at its end; with none where that is the usual one.
#[must_use]
pub fn with_sort(line: &str, sort: Sort) -> String {
    let mut kept = kept(line, |part| part.key.as_deref() == Some("sort"));
    let sign = if sort.ascending { "-" } else { "" };
    let name = SortBy::ALL.iter().find(|(by, _)| *by == sort.by).map_or("", |(_, name)| *name);
    let last = format!("sort:{sign}{name}");
    if sort != Sort::default() {
        kept.push(&last);
    }
    kept.join(" ")
}

/// Writes the line with a further filter at its end, once; none where no filter can hold the value.
#[must_use]
pub fn with_filter(line: &str, key: &str, value: &str) -> Option<String> {
    if value.trim() != value || value.is_empty() || value.contains(|c: char| c == '"' || c.is_control()) {
        return None;
    }
    let there = |part: &QueryWord| !part.not && part.key.as_deref() == Some(key) && part.value == value;
    let all = parts(line);
    if all.iter().any(there) {
        return Some(line.to_owned());
    }
    // A quote that was left open would take the filter in.
    let open = if all.last().is_some_and(|last| last.open) { "\"" } else { "" };
    let blank = if line.trim().is_empty() { "" } else { " " };
    Some(format!("{}{open}{blank}{key}:{}", line.trim_end(), quoted(value)))
}

fn values(key: &str, vocabulary: &Vocabulary) -> Vec<String> {
    let fixed = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>();
    match key {
        "model" | "target" => vocabulary.models.clone(),
        "param" => fixed(&["temperature=", "top_p=", "max_tokens=", "stop=", "seed=", "reasoning_effort="]),
        "provider" => vocabulary.providers.clone(),
        "prompt" => vocabulary.prompts.clone(),
        "session" => vocabulary.sessions.clone(),
        "version" => vocabulary.versions.clone(),
        "failed" => vocabulary.checks.clone(),
        "error" => fixed(&["any"]).into_iter().chain(vocabulary.classes.iter().cloned()).collect(),
        "end" => fixed(ENDS),
        "verdict" => fixed(&RunStatus::ALL.map(RunStatus::word)),
        "cached" | "demo" | "judge" | "fallback" | "retried" | "pinned" => fixed(&["yes", "no"]),
        "since" | "until" => fixed(&["1h", "24h", "7d", "30d", "today", "yesterday"]),
        "grade" => fixed(&[">=4", "<=2", "yes", "none"]),
        "sort" => {
            let names = SortBy::ALL.iter().map(|(_, name)| (*name).to_owned());
            names.clone().chain(names.map(|name| format!("-{name}"))).collect()
        }
        _ => Vec::new(),
    }
}

fn quoted(value: &str) -> String {
    if value.contains(char::is_whitespace) { format!("\"{value}\"") } else { value.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary() -> Vocabulary {
        Vocabulary {
            models: vec!["claude-haiku-4-5".into(), "gpt-4".into(), "gpt-4o-mini".into()],
            classes: vec!["rate limited".into()],
            ..Vocabulary::default()
        }
    }

    #[test]
    fn a_line_names_one_order_at_its_end() {
        let cost = Sort { by: SortBy::Cost, ascending: true };
        for (line, sort, then) in [
            ("", cost, "sort:-cost"),
            ("\"a  b\" sort:took  -cached:yes", cost, "\"a  b\" -cached:yes sort:-cost"),
            ("x sort:time sort:cost y", Sort::default(), "x y"),
            ("\"sort:cost\"", Sort::default(), "\"sort:cost\""),
            ("x", Sort { by: SortBy::Time, ascending: true }, "x sort:-time"),
        ] {
            assert_eq!(with_sort(line, sort), then, "{line}");
        }
    }

    #[test]
    fn a_filter_is_added_once_and_is_read_as_it_was_meant() {
        for (line, value, then) in [
            ("", "gpt-4", Some("model:gpt-4")),
            ("parcel since:7d ", "gpt 4", Some("parcel since:7d model:\"gpt 4\"")),
            ("-model:gpt-4", "gpt-4", Some("-model:gpt-4 model:gpt-4")),
            ("x model:\"gpt 4\" y", "gpt 4", Some("x model:\"gpt 4\" y")),
            ("\"open", "gpt-4", Some("\"open model:gpt-4")),
            ("prompt:\"open x", "gpt-4", Some("prompt:\"open x\" model:gpt-4")),
            ("", "a\"b", None),
            ("", "", None),
            ("", " padded", None),
        ] {
            let with = with_filter(line, "model", value);
            assert_eq!(with.as_deref(), then, "{line}");
            if let Some(with) = with {
                let read = parts(&with);
                assert!(read.iter().any(|part| part.key.as_deref() == Some("model") && part.value == value), "{with}");
            }
        }
    }

    #[test]
    fn keys_and_values_are_completed_in_place() {
        for (line, first, count) in [
            ("late mo", "late model:", 1),
            ("model:gp", "model:gpt-4", 2),
            ("x -model:mini", "x -model:gpt-4o-mini", 1),
            ("error:rate", "error:\"rate limited\"", 1),
            ("verdict:f", "verdict:failed", 1),
            ("param:t", "param:temperature=", 5),
        ] {
            let found = complete(line, &vocabulary());
            assert_eq!((found[0].as_str(), found.len()), (first, count), "{line}");
        }
        assert!(complete("parcel", &vocabulary()).is_empty());
        assert!(complete("\"never co", &vocabulary()).is_empty(), "a text in quotes is under way");
        assert!(complete("cost:>", &vocabulary()).is_empty());
        assert_eq!(complete("a ", &vocabulary())[0], "a model:");
    }
}
