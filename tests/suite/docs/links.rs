//! Relative links and their anchors, the index of the pages, and the length of the README.

use std::{
    collections::BTreeMap,
    fs,
    path::{Component, Path, PathBuf},
};

use super::{pages, parts, read, root};

/// How long the README may be, in lines.
const README_LINES: usize = 150;

/// Takes what stands in backquotes out of a line: it is code, not a link.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

/// Lists the addresses that a page links to, pictures included.
fn links(prose: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in prose.lines().map(without_code) {
        for (_, rest) in line.match_indices("](").map(|(at, _)| line.split_at(at + 2)) {
            found.extend(rest.split_once(')').map(|(address, _)| address.to_owned()));
        }
    }
    found
}

/// Lists the anchors of a page as GitHub names them: lower case, blanks as hyphens, no punctuation.
fn anchors(prose: &str) -> Vec<String> {
    let mut times = BTreeMap::new();
    let titles = prose
        .lines()
        .filter_map(|line| line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#')));
    titles
        .map(|title| {
            let kept = |c: &char| c.is_alphanumeric() || " -_".contains(*c);
            let name: String =
                title.to_lowercase().chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect();
            let time = times.entry(name.clone()).and_modify(|time| *time += 1).or_insert(0);
            if *time == 0 { name } else { format!("{name}-{time}") }
        })
        .collect()
}

/// Joins a link to the folder it is in, and resolves its dots.
fn joined(folder: &Path, link: &str) -> PathBuf {
    let mut path = PathBuf::new();
    for part in folder.join(link).components() {
        match part {
            Component::ParentDir => assert!(path.pop(), "{link} leads out of the repository"),
            part => path.push(part),
        }
    }
    path
}

/// Lists every page of the repository.
fn all_pages() -> Vec<PathBuf> {
    fn walk(dir: &Path, out: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(root().join(dir)).unwrap() {
            let path = dir.join(entry.unwrap().file_name());
            if root().join(&path).is_dir() {
                walk(&path, out);
            } else if path.extension().is_some_and(|ending| ending == "md") {
                out.push(path);
            }
        }
    }
    let mut out = pages();
    out.push(PathBuf::from("CHANGELOG.md"));
    for dir in ["assets", "tests"] {
        walk(Path::new(dir), &mut out);
    }
    out
}

#[test]
fn every_link_and_every_anchor_resolves() {
    let mut broken = Vec::new();
    let mut seen = 0;
    for page in all_pages() {
        let (prose, _) = parts(&read(&page));
        for link in links(&prose) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            seen += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() { page.clone() } else { joined(page.parent().unwrap(), file) };
            if !root().join(&target).exists() {
                broken.push(format!("{}: {link} is not there", page.display()));
            } else if !anchor.is_empty() && !anchors(&parts(&read(&target)).0).iter().any(|name| name == anchor) {
                broken.push(format!("{}: {link} has no such heading", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(seen > 100, "only {seen} links were found");
}

/// What stands between backticks in a text.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn every_file_that_the_glossary_and_the_contributing_page_name_is_there() {
    let mut gone = Vec::new();
    let mut seen = 0;
    for page in ["CONTRIBUTING.md", "docs/glossary.md"] {
        let text = read(Path::new(page));
        for path in quoted(&text)
            .filter(|path| path.contains('/') && !path.contains([' ', '*', '…', '[', '<']) && *path != "foo/")
        {
            seen += 1;
            let places = [root().join("src").join(path), root().join(path)];
            if !places.iter().any(|place| place.exists()) {
                gone.push(format!("{page}: {path}"));
            }
        }
    }
    assert!(gone.is_empty(), "{}", gone.join("\n"));
    assert!(seen > 80, "only {seen} files were found");
}

#[test]
fn the_words_of_the_field_lead_to_files_of_their_name() {
    for (word, path) in [
        ("rate limit", "pipeline/rate_limiter.rs"),
        ("sanitize", "text/sanitize.rs"),
        ("timeout", "pipeline/timeouts.rs"),
        ("cost", "model/cost.rs"),
        ("percentile", "eval/stats/percentile.rs"),
        ("csv", "dataset/csv.rs"),
        ("paired test", "eval/stats/paired_test.rs"),
        ("redaction", "provider/redaction.rs"),
        ("recording", "provider/wires/demo/recording.rs"),
        ("token count", "provider/token_counts.rs"),
        ("retry", "pipeline/retry_policy.rs"),
        ("cache key", "pipeline/cache_key.rs"),
        ("judge", "pipeline/run/judges.rs"),
        ("schema", "eval/schema.rs"),
        ("template", "template.rs"),
        ("prompts", "store/prompts.rs"),
        ("session", "model/session.rs"),
        ("wire", "model/wire.rs"),
        ("snippet", "present/snippets.rs"),
        ("report", "present/report.rs"),
    ] {
        assert!(root().join("src").join(path).is_file(), "{word}: {path}");
        let stem = Path::new(path).file_stem().unwrap().to_string_lossy().replace('_', " ");
        assert!(stem.contains(word), "{word} is not in the name of {path}");
    }
}

#[test]
fn the_index_names_every_page() {
    let index = Path::new("docs/README.md");
    let linked: Vec<PathBuf> =
        links(&parts(&read(index)).0).iter().map(|link| joined(Path::new("docs"), link)).collect();
    for page in pages().into_iter().filter(|page| page.starts_with("docs") && page != index) {
        assert!(linked.contains(&page), "docs/README.md does not name {}", page.display());
    }
}

#[test]
fn the_readme_is_short() {
    let lines = read(Path::new("README.md")).lines().count();
    assert!(lines <= README_LINES, "README.md has {lines} lines, {README_LINES} at most: move something to docs/");
}
