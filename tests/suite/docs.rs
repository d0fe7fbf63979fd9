//! The documentation: its tables are the program's, its examples run, its links lead somewhere.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The page on continuous integration: its workflows are read, and their steps run.
#[cfg(unix)]
mod ci;
/// What a page shows of a terminal: commands with what they print.
#[cfg(unix)]
mod consoles;
/// What a page shows as code: commands that run, settings and prompts that are read.
mod examples;
/// The comments in the sources.
mod items;
/// Where links lead, and how long the README is.
mod links;
/// What stands in tables of the program's own.
mod tables;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the pages a user reads, as paths from the root.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![PathBuf::from("README.md"), PathBuf::from("CONTRIBUTING.md")];
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let name = entry.unwrap().file_name();
        if Path::new(&name).extension().is_some_and(|ending| ending == "md") {
            pages.push(Path::new("docs").join(name));
        }
    }
    pages.sort();
    pages
}

fn read(page: &Path) -> String {
    fs::read_to_string(root().join(page)).unwrap_or_else(|error| panic!("{}: {error}", page.display()))
}

/// A fenced block of code.
struct Block {
    /// The language that stands after the fence.
    language: String,
    /// The line of the fence, from 1.
    line: usize,
    text: String,
    /// Why it does not run, where `<!-- not run: … -->` stands above it.
    excuse: Option<String>,
    /// The file that the paragraph above has the reader save it as.
    saved_as: Option<String>,
}

/// Cuts a page into its prose, with empty lines where code was, and its blocks of code.
fn parts(text: &str) -> (String, Vec<Block>) {
    let (mut prose, mut blocks) = (String::new(), Vec::new());
    let mut open: Option<Block> = None;
    let mut above = String::new();
    for (at, line) in text.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => {
                let excuse = above.trim().strip_suffix("-->").and_then(|text| text.rsplit_once("<!-- not run:"));
                let saved_as = above.rsplit_once("ave this as `").and_then(|(_, rest)| rest.split_once('`'));
                open = Some(Block {
                    language: language.to_owned(),
                    line: at + 1,
                    text: String::new(),
                    excuse: excuse.map(|(_, why)| why.trim().to_owned()),
                    saved_as: saved_as.map(|(path, _)| path.to_owned()),
                });
            }
            (Some(_), Some("")) => {
                blocks.extend(open.take());
                above.clear();
            }
            (Some(block), _) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {
                // What stands above a block is the last paragraph.
                if !line.is_empty() && above.ends_with("\n\n") {
                    above.clear();
                }
                above.push_str(line);
                above.push('\n');
                prose.push_str(line);
            }
        }
        prose.push('\n');
    }
    assert!(open.is_none(), "a block of code is not closed");
    (prose, blocks)
}
