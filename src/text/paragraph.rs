//! The paragraphs of a text: runs of lines that are not blank, counted from 0.

/// Lists where the paragraphs of a text start, in bytes.
fn starts(text: &str) -> impl Iterator<Item = usize> + '_ {
    let (mut at, mut inside) = (0, false);
    text.split_inclusive('\n').filter_map(move |line| {
        let start = at;
        at += line.len();
        let begins = !inside && !line.trim().is_empty();
        inside = !line.trim().is_empty();
        begins.then_some(start)
    })
}

/// Returns the number of the paragraph that a byte is in or behind, and where it starts.
#[must_use]
pub fn paragraph_at(text: &str, byte: usize) -> (usize, usize) {
    starts(text).take_while(|start| *start <= byte).enumerate().last().unwrap_or_default()
}

/// Returns where a paragraph starts, and where the next one does; the text's end for one past it.
#[must_use]
pub fn paragraph(text: &str, number: usize) -> (usize, usize) {
    let mut starts = starts(text).skip(number);
    let mut next = || starts.next().unwrap_or(text.len());
    (next(), next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_part_paragraphs() {
        let text = "\n\none\nstill one\n \ntwo\n\n\nthree";
        assert_eq!(starts(text).collect::<Vec<_>>(), [2, 18, 24]);
        assert_eq!(paragraph_at(text, 0), (0, 0));
        assert_eq!(paragraph_at(text, 8), (0, 2));
        assert_eq!(paragraph_at(text, 22), (1, 18));
        assert_eq!(paragraph(text, 1), (18, 24));
        assert_eq!(paragraph(text, 2), (24, text.len()));
        assert_eq!(paragraph(text, 9), (text.len(), text.len()));
    }
}
