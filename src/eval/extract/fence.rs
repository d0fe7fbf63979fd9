//! Markdown fences that can hold JSON.

/// A fenced block and what stands around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fence<'a> {
    pub(super) before: &'a str,
    pub(super) content: &'a str,
    pub(super) after: &'a str,
    /// Where the content starts, in bytes.
    pub(super) start: usize,
}

/// Returns the only closed fence of a text that says it holds JSON, or says nothing and begins
/// like JSON; none if there are several.
pub(super) fn only(text: &str) -> Option<Fence<'_>> {
    let mut fences = closed(text).filter(|(info, fence)| {
        let info = info.to_ascii_lowercase();
        info.starts_with("json") || (info.is_empty() && fence.content.starts_with(['{', '[']))
    });
    let (_, fence) = fences.next()?;
    fences.next().is_none().then_some(fence)
}

/// An opening line: its mark, its length and its info string.
fn opening(line: &str) -> Option<(char, usize, &str)> {
    let line = line.trim();
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let info = line.trim_start_matches(mark);
    let length = line.len() - info.len();
    (length >= 3 && !info.contains('`')).then_some((mark, length, info.trim()))
}

fn closed(text: &str) -> impl Iterator<Item = (&str, Fence<'_>)> {
    let mut lines = text.split_inclusive('\n').scan(0, |at, line| {
        let start = *at;
        *at += line.len();
        Some((start, line))
    });
    std::iter::from_fn(move || {
        let (opened_at, line, (mark, length, info)) =
            lines.find_map(|(at, line)| opening(line).map(|opening| (at, line, opening)))?;
        let from = opened_at + line.len();
        let (closed_at, last) = lines.find(|(_, line)| {
            opening(line).is_some_and(|(other, long, info)| other == mark && long >= length && info.is_empty())
        })?;
        let raw = text.get(from..closed_at)?;
        let content = raw.trim();
        let fence = Fence {
            before: text.get(..opened_at)?.trim(),
            content,
            after: text.get(closed_at + last.len()..)?.trim(),
            start: from + (raw.len() - raw.trim_start().len()),
        };
        Some((info, fence))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_only_json_fence_is_taken() {
        for (text, content) in [
            ("```json\n{}\n```", Some("{}")),
            ("Here:\n```JSON\n{}\n```\nDone.", Some("{}")),
            ("```\n[1]\n```", Some("[1]")),
            ("~~~json\n{}\n~~~", Some("{}")),
            ("````json\n{\"a\":\"```\"}\n````", Some("{\"a\":\"```\"}")),
            ("```python\nx = {}\n```\n```json\n{}\n```", Some("{}")),
            ("  ```json\r\n  {}\r\n  ```", Some("{}")),
            ("```jsonc\nnot json\n```", Some("not json")),
            ("```\nsome text\n```", None),
            ("```json\n{}\n```\n```json\n{}\n```", None),
            ("```json\n{}", None),
            ("```json {}```", None),
            ("no fence", None),
        ] {
            assert_eq!(only(text).map(|fence| fence.content), content, "{text:?}");
        }
        let fence = only("Here:\n```json\n  {}\n```\nDone.").unwrap();
        assert_eq!((fence.before, fence.after, fence.start), ("Here:", "Done.", 16));
    }
}
