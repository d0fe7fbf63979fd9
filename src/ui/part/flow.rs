//! Sets short items side by side, onto as many lines as there are.

use ratatui::text::{Line, Span};

/// An item that stays in one piece.
pub type Item = Vec<Span<'static>>;

/// Sets items into lines of a width, two blanks apart, in order. Items past the last line are left
/// out, and so is one that is wider than a line by itself but for its beginning.
#[must_use]
pub fn flow(items: Vec<Item>, width: usize, lines: usize) -> Vec<Line<'static>> {
    let mut out: Vec<Line<'static>> = Vec::new();
    let mut used = 0;
    for item in items {
        let wide: usize = item.iter().map(Span::width).sum();
        if wide == 0 {
            continue;
        }
        if let Some(line) = out.last_mut()
            && used + 2 + wide <= width
        {
            line.spans.push(Span::raw("  "));
            line.spans.extend(item);
            used += 2 + wide;
        } else if out.len() < lines {
            out.push(Line::from(item));
            used = wide;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(words: &[&'static str], width: usize, lines: usize) -> Vec<String> {
        let items = words.iter().map(|word| vec![Span::raw(*word)]).collect();
        flow(items, width, lines).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn items_stay_whole_and_the_rest_is_left_out() {
        assert_eq!(set(&["0.92s", "ttft .21s", "38 tok"], 18, 2), ["0.92s  ttft .21s", "38 tok"]);
        assert_eq!(set(&["aaaa", "bbbb", "c"], 4, 1), ["aaaa"]);
        assert_eq!(set(&["aaaa", "bbbb", "c"], 7, 1), ["aaaa  c"]);
        assert!(set(&["aaaa"], 10, 0).is_empty());
    }
}
