//! Words as the Penn Treebank cuts them: punctuation apart, `don't` as `do` and `n't`.
//!
//! As js-rouge does it, on which promptfoo's `rouge-n` counts: numbers keep their separators, a full
//! stop is apart at the very end alone.

/// Words that are two, each with the length of the first.
const CONTRACTIONS: &[(&str, usize)] = &[
    ("cannot", 3),
    ("d'ye", 1),
    ("gimme", 3),
    ("gonna", 3),
    ("gotta", 3),
    ("lemme", 3),
    ("more'n", 4),
    ("wanna", 3),
    ("'tis", 2),
    ("'twas", 2),
];

/// Cuts a text in lower case into words.
pub(super) fn tokens(text: &str) -> Vec<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = spaced(&full_stop(&quotes(&text)));
    let mut words = Vec::new();
    for word in text.split_whitespace() {
        for word in two(word).split(' ') {
            clitics(word, &mut words);
        }
    }
    words
}

/// Writes quotation marks as ``` `` ``` and `''`, by whether they open or close.
fn quotes(text: &str) -> String {
    let (mut out, mut rest, mut inside) = (String::with_capacity(text.len()), text, false);
    while let Some((before, mark, after)) = next_mark(rest) {
        out.push_str(before);
        let previous = out.chars().next_back();
        inside = mark == "``" || !inside && opens(mark, previous, after);
        out.push_str(if inside { " `` " } else { " '' " });
        rest = after;
    }
    out + rest
}

/// Finds the next quotation mark, and what stands before and after it.
fn next_mark(text: &str) -> Option<(&str, &str, &str)> {
    let starts =
        |at: &usize| text.get(*at..).is_some_and(|rest| ["\"", "``", "''"].iter().any(|mark| rest.starts_with(mark)));
    let at = text.match_indices(['"', '`', '\'']).map(|(at, _)| at).find(starts)?;
    let (before, rest) = text.split_at_checked(at)?;
    let (mark, after) = rest.split_at_checked(if rest.starts_with('"') { 1 } else { 2 })?;
    Some((before, mark, after))
}

fn opens(mark: &str, previous: Option<char>, after: &str) -> bool {
    let Some(previous) = previous else { return mark == "\"" };
    let mark_before = previous.is_whitespace() || previous.is_ascii_punctuation() && !"$+=^|~".contains(previous);
    let bracket = previous.is_whitespace() || matches!(previous, '(' | '[' | '{' | '<');
    if after.is_empty() && !bracket || !mark_before || matches!(previous, '.' | '!' | '?') {
        return false;
    }
    let starts = after.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '$' | '(' | '[' | '{'));
    mark == "\"" || starts && next_mark(after).is_some_and(|(_, mark, _)| mark == "''")
}

/// Sets the last full stop apart, unless it is that of an ellipsis or an acronym (`e.g.`).
fn full_stop(text: &str) -> String {
    let body = text.trim_end_matches(|c: char| matches!(c, ']' | ')' | '}' | '>' | '\'') || c.is_whitespace());
    let tail = text.get(body.len()..).unwrap_or_default();
    let Some(before) = body.strip_suffix('.') else { return text.to_owned() };
    let mut back = before.chars().rev();
    match (back.next(), back.next(), back.next(), back.next()) {
        (None | Some('.'), ..) => text.to_owned(),
        (Some(last), Some('.'), Some(first), further)
            if last.is_ascii_alphabetic() && first.is_ascii_alphabetic() && !further.is_some_and(in_word) =>
        {
            text.to_owned()
        }
        _ => format!("{before} .{tail} "),
    }
}

fn in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Sets all other punctuation apart.
fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        let mark = ["...", "--"].into_iter().find(|mark| rest.starts_with(mark));
        if let Some(mark) = mark {
            out.extend([" ", mark, " "]);
            rest = rest.get(mark.len()..).unwrap_or_default();
            continue;
        }
        let apart = match c {
            ':' | ',' => !after.starts_with(char::is_numeric),
            c => ";@#$%&?!][(){}<>".contains(c),
        };
        if apart {
            out.extend([' ', c, ' ']);
        } else {
            out.push(c);
        }
        rest = after;
    }
    out
}

/// Cuts contractions in two, wherever they are no part of a longer word.
fn two(word: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    for (whole, length) in CONTRACTIONS {
        let Some((before, after)) = word.split_once(whole) else { continue };
        // `wanna` counts before a blank alone.
        let alone = *whole != "wanna" || after.is_empty();
        let Some((first, second)) = whole.split_at_checked(*length).filter(|_| alone) else { continue };
        if !before.ends_with(is_word) && !after.starts_with(is_word) {
            return [before, first, second, after].join(" ").trim().to_owned();
        }
    }
    word.to_owned()
}

/// Cuts what hangs on a word's end: an apostrophe, `'s`, `n't`.
fn clitics(word: &str, words: &mut Vec<String>) {
    let ends = [("'s", 2), ("'m", 2), ("'d", 2), ("'ll", 3), ("'re", 3), ("'ve", 3), ("n't", 3), ("'", 1)];
    let end = ends.iter().find(|(end, _)| word.ends_with(end) && word.len() > end.len() && word != "''");
    let cut = end.and_then(|(_, length)| word.split_at_checked(word.len() - length));
    match cut {
        Some((before, end)) if end != "'" || !before.ends_with('\'') => {
            words.extend([before, end].into_iter().filter(|part| !part.is_empty()).map(str::to_owned));
        }
        _ if word.is_empty() => {}
        _ => words.push(word.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words that js-rouge 3.2.3 makes of the same texts.
    #[test]
    fn words_are_cut_as_the_treebank_has_them() {
        for (text, words) in [
            ("i don't think it's gonna rain.", "i do n't think it 's gon na rain ."),
            (
                "mr. smith's parcel (50%) cost $1,000.50, incl. vat.",
                "mr. smith 's parcel ( 50 % ) cost $ 1,000.50 , incl. vat .",
            ),
            ("he said \"no way\" twice...", "he said `` no way '' twice ..."),
            ("\"quoted.\" she said, 'tis \"fine\"", "`` quoted. '' she said , 't is `` fine ''"),
            ("the dogs' bowls, aren't they?", "the dogs ' bowls , are n't they ?"),
            ("a -- b--c", "a -- b -- c"),
            ("e.g.", "e.g."),
            ("the u.s.a.", "the u.s.a."),
            ("you cannot. we wanna go wanna", "you can not . we wan na go wan na"),
            ("more'n enough d'ye gimme!", "more 'n enough d 'ye gim me !"),
            ("x:y 9:30, 1,000 a,b", "x : y 9:30 , 1,000 a , b"),
            ("(see [1])", "( see [ 1 ] )"),
            ("``already'' 'single' quotes", "`` already '' 'single ' quotes"),
            ("rock 'n' roll", "rock 'n ' roll"),
            ("don't've", "don't 've"),
            ("what's \"this\"? \"that\"", "what 's `` this '' ? `` that ''"),
            ("say: \"a\"; (\"b\")", "say : `` a '' ; ( `` b '' )"),
            ("end.\"", "end . ''"),
            ("end.)", "end . )"),
            ("price 5\" wide", "price 5 '' wide"),
        ] {
            assert_eq!(tokens(text).join(" "), words, "{text}");
        }
        assert!(tokens(" \n").is_empty());
    }
}
