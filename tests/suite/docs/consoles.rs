//! What pages show of a terminal: each command is run again, and has to print what stands there.
//!
//! In such a block `…` stands for any text, white space counts as one blank (so that a long line may be broken), any
//! eight hexadecimal digits stand for the id of a run, `/home/ada/.config/retort` is the config folder, and `/srv` the
//! folder where the command is run. Standard error comes with standard output, as in a terminal.

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

use super::{pages, parts, read};
use crate::support::home::{Home, PROGRAM, Ran};

/// Makes what a page's blocks are about: settings, prompts and runs.
type Furnish = fn(&Home);

/// What is made for the blocks of each page.
const FURNISHED: &[(&str, Furnish)] = &[
    ("docs/compare.md", runs_of_two_prompts),
    ("docs/history.md", graded_confidences),
    ("docs/privacy.md", a_clone_that_asks_for_more),
];

/// A model that says what it was asked, with `'` as the quotes of JSON.
const ECHO: &str = r#"
[providers.echo]
kind = "command"
command = ["sed", "-n", "s/.*\"content\":\"\\([^\"]*\\)\".*/\\1/; s/'/\"/g; p"]
[models.echo]
provider = "echo"
model = "echo"
"#;

fn runs(home: &Home, arguments: &[&str]) -> Ran {
    let ran = home.run(arguments);
    assert!(matches!(ran.code, Some(0 | 100)), "{arguments:?}\n{ran:?}");
    ran
}

/// Forty inputs: 22 pass with the first prompt, 30 with the second, which fixes 8 and breaks none.
fn runs_of_two_prompts(home: &Home) {
    home.file("config/config.toml", ECHO);
    for name in ["first", "second"] {
        let prompt = format!(
            "user = \"{{{{ {name} }}}}\"\n[response]\nformat = \"text\"\n[[check]]\ntype = \"equals\"\nvalue = \"yes\"\n"
        );
        home.file(&format!("config/prompts/{name}.toml"), &prompt);
    }
    let words = |passes: bool| if passes { "yes" } else { "no" };
    let mut rows = "input,first,second\n".to_owned();
    for row in 1..=40 {
        let (fixed, first) = (row % 5 == 0, row % 5 != 0 && row < 28);
        writeln!(rows, "message {row},{},{}", words(first), words(first || fixed)).unwrap();
    }
    home.file("work/rows.csv", &rows);
    runs(home, &["batch", "first", "second", "rows.csv", "-m", "echo", "-j", "1"]);
}

/// Thirty-two answers: twenty say how sure they are, twelve of these are graded, and twelve answers are no JSON.
fn graded_confidences(home: &Home) {
    home.file("config/config.toml", ECHO);
    home.file(
        "config/prompts/triage.toml",
        "user = '{{ input }}'\n[response]\nformat = \"json\"\nconfidence = \"/sure\"\nmin_confidence = 0.74\n",
    );
    // How sure, how many answers are, and how many of these people found right and wrong.
    let groups = [("0.95", 2, 0, 1), ("0.8", 7, 1, 3), ("0.65", 9, 4, 3), ("0.4", 2, 0, 0)];
    let mut rows = "input\n".to_owned();
    for (sure, count, _, _) in groups {
        for row in 0..count {
            writeln!(rows, "\"{{'sure': {sure}, 'row': {row}}}\"").unwrap();
        }
    }
    for row in 0..12 {
        writeln!(rows, "I am not sure about {row}.").unwrap();
    }
    home.file("work/rows.csv", &rows);
    runs(home, &["batch", "triage", "rows.csv", "-m", "echo"]);
    let listed = runs(home, &["history", "prompt:triage", "--json"]).lines();
    for (sure, _, right, wrong) in groups {
        let of_group = listed.iter().filter(|run| run["json"]["sure"] == serde_json::from_str::<Value>(sure).unwrap());
        for (run, grade) in of_group.zip([("--up", right), ("--down", wrong)].map(|(up, n)| vec![up; n]).concat()) {
            runs(home, &["history", "grade", run["run"].as_str().unwrap(), grade]);
        }
    }
}

/// A promptfoo config that sends a secret to a server of this machine and reads a file beside its folder.
fn a_clone_that_asks_for_more(home: &Home) {
    home.file("work/notes.txt", "x\n");
    home.file(
        "work/clone/promptfooconfig.yaml",
        "prompts: ['{{ input }}']\nproviders:\n  - id: openai:chat:m\n    \
         config: { apiBaseUrl: 'http://127.0.0.1:8080/v1', apiKeyEnvar: GITHUB_TOKEN }\ntests:\n  \
         - vars: { input: 'file://../notes.txt' }\n",
    );
}

/// Writes every id of a run alike, and all white space as one blank.
fn alike(text: &str) -> String {
    let id = regex::Regex::new(r"\b[0-9a-f]{8}\b").unwrap();
    id.replace_all(&text.split_whitespace().collect::<Vec<_>>().join(" "), "ID").into_owned()
}

/// Tells whether a text is the one that is shown, `…` standing for any.
fn fits(shown: &str, printed: &str) -> bool {
    let (shown, printed) = (alike(shown), alike(printed));
    let mut pieces: Vec<&str> = shown.split('…').map(str::trim).collect();
    let last = pieces.pop().unwrap_or_default();
    let mut rest = printed.as_str();
    for (place, piece) in pieces.iter().enumerate() {
        match rest.find(piece) {
            Some(0) => rest = &rest[piece.len()..],
            Some(at) if place > 0 => rest = &rest[at + piece.len()..],
            _ => return false,
        }
    }
    if pieces.is_empty() { rest == last } else { rest.ends_with(last) }
}

/// Cuts a block into its commands, each with what it prints.
fn commands(block: &str) -> Vec<(&str, String)> {
    let mut found: Vec<(&str, String)> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix("$ "), found.last_mut()) {
            (Some(command), _) => found.push((command, String::new())),
            (None, Some((_, shown))) => {
                shown.push_str(line);
                shown.push('\n');
            }
            (None, None) => panic!("a block begins with a command: {line}"),
        }
    }
    found
}

/// Runs the blocks of a page; returns how many commands ran, and adds those that print something else.
fn replay(page: &Path, wrong: &mut Vec<String>) -> usize {
    let blocks = parts(&read(page)).1;
    let blocks: Vec<_> = blocks.iter().filter(|block| block.language == "console" && block.excuse.is_none()).collect();
    if blocks.is_empty() {
        return 0;
    }
    let home = Home::new();
    if let Some((_, furnish)) = FURNISHED.iter().find(|(name, _)| Path::new(name) == page) {
        furnish(&home);
    }
    let work = fs::canonicalize(home.dir("work")).unwrap();
    let folders = [(home.dir("config"), "/home/ada/.config/retort"), (work.clone(), "/srv")]
        .map(|(path, name)| (path.display().to_string(), name));
    let mut ran = 0;
    for (block, (command, shown)) in
        blocks.iter().flat_map(|block| commands(&block.text).into_iter().map(move |shown| (block, shown)))
    {
        let script = format!("retort() {{ '{PROGRAM}' \"$@\"; }}\n{{ {command}\n}} 2>&1");
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(&script).env_clear().envs(home.environment()).current_dir(&work).stdin(Stdio::null());
        let mut printed = Ran::of(shell.output().unwrap()).out;
        for (path, name) in &folders {
            printed = printed.replace(path, name);
        }
        if !fits(&shown, &printed) {
            wrong.push(format!("{}:{}: $ {command}\n{printed}", page.display(), block.line));
        }
        ran += 1;
    }
    ran
}

#[test]
fn every_command_prints_what_is_shown_of_it() {
    let (mut ran, mut wrong) = (0, Vec::new());
    for page in pages() {
        ran += replay(&page, &mut wrong);
    }
    assert!(wrong.is_empty(), "these print something else now:\n{}", wrong.join("\n"));
    assert!(ran >= FURNISHED.len(), "only {ran} commands ran");
}

#[test]
fn what_is_shown_fits_but_for_ids_white_space_and_what_is_left_out() {
    for (shown, printed, right) in [
        ("ran 0f3c52aa\nwell", "ran 12345678 well\n", true),
        ("a b …", "a b c d", true),
        ("a … d", "a b c d", true),
        ("… d", "a b c d", true),
        ("a b", "a b c d", false),
        ("b … d", "a b c d", false),
        ("a … c", "a b c d", false),
        ("ran 1", "ran 2", false),
    ] {
        assert_eq!(fits(shown, printed), right, "{shown} {printed}");
    }
}
