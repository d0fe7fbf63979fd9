//! The comments on items: a public type says what it is, and none says no more than the name below it.

use std::{collections::HashSet, fs};

use super::root;
use crate::suite::layers::sources;

/// Words that say nothing by themselves.
const FILLERS: &[&str] = &[
    "the", "an", "a", "of", "its", "it", "is", "in", "that", "this", "to", "for", "and", "or", "with", "by", "on",
    "at", "as", "what", "which", "returns", "makes", "tells", "whether",
];

/// What begins an item that has to say what it is.
const SPOKEN: &[&str] = &["pub struct ", "pub enum ", "pub trait ", "pub type "];

/// Divides text into words in small letters, at capitals too, without the `s` of a plural.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut before = ' ';
    for c in text.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && !before.is_uppercase()) {
            words.push(String::new());
        }
        if c.is_alphanumeric() {
            words.last_mut().unwrap().extend(c.to_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words.iter().map(|word| word.trim_end_matches('s').to_owned()).collect()
}

/// Tells whether a comment of one line says no more than the line below it.
fn repeats(comment: &str, item: &str) -> bool {
    let item = item.split('=').next().unwrap_or(item);
    let known: HashSet<String> =
        words(item).into_iter().chain(FILLERS.iter().flat_map(|filler| words(filler))).collect();
    words(comment).iter().all(|word| known.contains(word))
}

/// Tells whether a comment stands above an item, with nothing but attributes between.
fn is_documented(above: &[&str]) -> bool {
    let within = |line: &&&str| line.starts_with('#') || line.ends_with(")]") || line.ends_with(',');
    above.iter().rev().find(|line| !within(line)).is_some_and(|line| line.starts_with("///"))
}

/// Lists what is wrong in a file: its lines, counted from 1, with the words that name the fault.
fn complaints(text: &str) -> Vec<(usize, String)> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let end = lines.iter().position(|line| *line == "mod tests {").unwrap_or(lines.len());
    let mut all = Vec::new();
    for (at, line) in lines[..end].iter().enumerate() {
        if SPOKEN.iter().any(|start| line.starts_with(start)) && !line.contains('$') && !is_documented(&lines[..at]) {
            all.push((at + 1, format!("says not what it is: {line}")));
        }
        let alone = at == 0 || !lines[at - 1].starts_with("///");
        if let Some(comment) = line.strip_prefix("/// ").filter(|_| alone) {
            let item = lines[at + 1..end].iter().find(|line| !line.starts_with("#[")).copied().unwrap_or_default();
            if !item.starts_with("///") && repeats(comment, item) {
                all.push((at + 1, format!("says no more than {item}: {comment}")));
            }
        }
    }
    all
}

#[test]
fn a_public_type_says_what_it_is_and_no_comment_repeats_a_name() {
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    // The comments on arguments are the text of `--help`.
    let arguments = root().join("src/cli/args");
    files.retain(|file| !file.starts_with(&arguments) && *file != arguments.with_extension("rs"));
    assert!(files.len() > 200, "the sources are here");
    let mut all: Vec<String> = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(root()).unwrap().display().to_string();
        all.extend(complaints(&text).into_iter().map(|(line, words)| format!("{name}:{line}: {words}")));
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn a_comment_that_repeats_and_one_that_is_missing_are_found() {
    let text = "/// The run.\npub run: RunId,\n\n/// Draws the list.\nfn draw_list() {}\n\npub struct Open;\n\n/// A door.\n#[derive(Debug)]\npub struct Closed;\n";
    let found: Vec<usize> = complaints(text).into_iter().map(|(line, _)| line).collect();
    assert_eq!(found, [1, 4, 7]);
}
