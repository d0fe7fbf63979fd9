//! Checks by programs: what they say is the verdict, and none of somebody else's starts without a yes.

use std::process::Command;

use serde_json::Value;

use crate::support::home::{Home, Ran};

fn verdict(ran: &Ran) -> Value {
    let cell = ran.lines().into_iter().find(|line| line["event"] == "cell").unwrap_or_else(|| panic!("{}", ran.err));
    cell["verdicts"].as_array().unwrap().last().unwrap().clone()
}

#[allow(clippy::print_stderr, reason = "what is skipped is told by its name")]
fn is_there(program: &str) -> bool {
    let there = Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    if !there {
        eprintln!("skipped: {program} is not here");
    }
    there
}

fn prompt(check: &str) -> String {
    format!("user = \"{{{{ input }}}}\"\n[response]\nformat = \"text\"\n\n[[check]]\ntype = \"exec\"\n{check}\n")
}

#[test]
fn a_program_beside_the_prompt_says_the_verdict_of_every_row() {
    let home = Home::new();
    home.file("config/prompts/reply.toml", &prompt("value = [\"sh\", \"checks/a.sh\"]\nthreshold = 0.5"));
    home.file(
        "config/prompts/checks/a.sh",
        "cat >asked.json; echo '{\"score\": 0.75, \"reason\": \"Fine.\\u001b[2J\", \"named\": {\"tone\": 0.5}}'",
    );
    home.file("work/rows.csv", "input,team\nHello there,billing\n");
    let ran = home.run(&["batch", "reply", "rows.csv", "-m", "demo", "--json"]);
    let verdict = verdict(&ran);
    assert_eq!((verdict["status"].as_str(), ran.code), (Some("passed"), Some(0)), "{verdict} {}", ran.err);
    assert_eq!(verdict["reason"], "0.75 ≥ threshold 0.50, tone 0.50: Fine.");
    let asked = std::fs::read_to_string(home.dir("config").join("prompts/asked.json")).unwrap();
    let asked: Value = serde_json::from_str(&asked).unwrap();
    assert_eq!((&asked["v"], &asked["row"], asked["prompt"].as_str()), (&1.into(), &1.into(), Some("reply")));
    assert_eq!(
        (asked["vars"]["team"].as_str(), asked["messages"][0]["content"].as_str()),
        (Some("billing"), Some("Hello there"))
    );
    assert!(asked["output"].as_str().is_some_and(|output| !output.is_empty()) && asked["target"] == "demo", "{asked}");
}

#[test]
fn what_could_not_run_is_inconclusive_and_a_gate() {
    let home = Home::new();
    home.file("work/rows.csv", "input\nHello\n");
    for (check, part) in [
        ("value = [\"sh\", \"-c\", \"exit 3\"]", "exit code 3"),
        ("value = [\"sh\", \"-c\", \"exit 125\"]", "cannot tell"),
        ("value = [\"sh\", \"-c\", \"echo yes\"]", "no JSON"),
        ("value = { command = [\"sleep\", \"600\"], timeout = 0.2 }", "took longer than 0.20s"),
        ("value = [\"./nothing\"]", "there is no such program"),
    ] {
        home.file("config/prompts/reply.toml", &prompt(check));
        let ran = home.run(&["batch", "reply", "rows.csv", "-m", "demo", "--json", "--new"]);
        let verdict = verdict(&ran);
        assert_eq!((verdict["status"].as_str(), ran.code), (Some("inconclusive"), Some(100)), "{verdict} {}", ran.err);
        assert!(verdict["reason"].as_str().unwrap().contains(part), "{verdict}");
    }
}

#[test]
fn a_program_of_somebody_elses_prompt_runs_after_a_yes_for_prompt_and_program_as_they_are() {
    let home = Home::new();
    let mark = home.dir("work").join("prompts/mark");
    home.file("work/retort.toml", "");
    home.file("work/prompts/theirs.toml", &prompt("value = [\"sh\", \"../checks/a.sh\"]"));
    home.file("work/checks/a.sh", "touch mark");
    let ask = || home.run_on(&["run", "theirs", "--model", "demo"], "Hello");
    let refused = ask();
    assert!(refused.code != Some(0) && !mark.exists(), "{}", refused.err);
    assert!(
        refused.err.contains("retort trust") && refused.err.contains("check 1: start the program"),
        "{}",
        refused.err
    );
    let context =
        "user = \"{{ input }}\"\n[[check]]\ntype = \"faithfulness\"\ncontext = [\"sh\", \"../checks/a.sh\"]\n";
    home.file("work/prompts/context.toml", context);
    let taken = home.run_on(&["run", "context", "--model", "demo", "--judge", "demo"], "Hello");
    assert!(taken.code != Some(0) && taken.err.contains("check 1: start the program"), "{}", taken.err);
    let by_path = home.run_on(&["run", "prompts/theirs.toml", "--model", "demo"], "x");
    assert!(by_path.code != Some(0) && !mark.exists(), "{}", by_path.err);
    assert_eq!(home.run(&["trust", "prompts/theirs.toml", "--yes"]).code, Some(0));
    assert_eq!(ask().code, Some(0));
    std::fs::remove_file(&mark).unwrap();
    home.file("work/checks/a.sh", "touch mark # another byte");
    let refused = ask();
    assert!(refused.code != Some(0) && !mark.exists(), "the program is another one: {}", refused.err);
}

#[test]
fn rows_start_no_program_unless_it_is_agreed_to() {
    let home = Home::new();
    home.file("config/prompts/reply.toml", "user = \"{{ input }}\"\n[response]\nformat = \"text\"\n");
    home.file(
        "work/rows.jsonl",
        "{\"vars\": {\"input\": \"Hello\"}, \"assert\": [{\"type\": \"exec\", \"value\": [\"touch\", \"mark\"]}]}\n",
    );
    home.file("work/rows.csv", "input,__expected\nHello,\"python: open('mark', 'w') and True\"\n");
    for rows in ["rows.jsonl", "rows.csv"] {
        let ran = home.run(&["batch", "reply", rows, "-m", "demo", "--json"]);
        let verdict = verdict(&ran);
        assert_eq!((verdict["status"].as_str(), ran.code), (Some("inconclusive"), Some(100)), "{verdict} {}", ran.err);
        assert!(verdict["reason"].as_str().unwrap().contains("starts no program"), "{verdict}");
        assert!(!home.dir("work").join("mark").exists());
    }
    let ran = home.run(&["batch", "reply", "rows.jsonl", "-m", "demo", "--json", "--trust", "--new"]);
    assert_eq!(verdict(&ran)["status"], "passed", "{}", ran.err);
    assert!(home.dir("work").join("mark").exists(), "it is started beside the data set");
}

#[test]
fn assertions_in_python_and_javascript_run_after_a_yes_to_the_config() {
    if !is_there("python3") || !is_there("node") {
        return;
    }
    let home = Home::new();
    home.file("work/a.py", "def get_assert(output, context):\n    return {'pass': context['vars']['a'] in output, 'score': 1, 'reason': 'seen'}\n");
    home.file("work/a.js", "module.exports = (output, context) => { throw new Error('no'); };\n");
    home.file(
        "work/c.yaml",
        "prompts: ['Say {{a}}.']\nproviders: [echo]\ntests:\n  - vars: {a: x}\n    assert: [{type: python, value: 'file://a.py'}]\n  \
         - vars: {a: x}\n    assert: [{type: javascript, value: 'file://a.js'}]\n  \
         - vars: {a: x}\n    assert: [{type: not-javascript, value: 'output.length', threshold: 100}]\n  \
         - vars: {a: x}\n    assert: [{type: python, value: 'len(output) > 100'}]\n",
    );
    let refused = home.run(&["batch", "-c", "c.yaml", "--json"]);
    assert!(refused.code == Some(1) && refused.err.contains("start the program `python3 a.py`"), "{}", refused.err);
    assert!(refused.err.contains("output.length"), "code is shown as it stands there: {}", refused.err);
    assert_eq!(home.run(&["trust", "c.yaml", "--yes"]).code, Some(0));
    let ran = home.run(&["batch", "-c", "c.yaml", "--json"]);
    let cells: Vec<Value> = ran.lines().into_iter().filter(|line| line["event"] == "cell").collect();
    let standing = |row: u64| cells.iter().find(|cell| cell["row"] == row).unwrap()["standing"].clone();
    assert_eq!(
        [standing(1), standing(2), standing(3), standing(4)],
        ["passed", "failed", "passed", "failed"],
        "{} {}",
        ran.err,
        ran.out
    );
    assert!(cells.iter().any(|cell| cell.to_string().contains("Error: no")), "what is thrown is told: {}", ran.out);
    home.file("work/a.py", "def get_assert(output, context):\n    return True\n");
    let again = home.run(&["batch", "-c", "c.yaml", "--json"]);
    assert!(again.code == Some(1) && again.err.contains("retort trust"), "the file is another one: {}", again.err);
}

#[test]
fn a_judge_is_written_as_a_prompt_of_ones_own() {
    let home = Home::new();
    let listed = home.run(&["prompts", "judge"]);
    assert!(listed.out.contains("factuality") && listed.out.contains("pairwise"), "{}", listed.out);
    let written = home.run(&["prompts", "judge", "factuality"]);
    assert_eq!(written.code, Some(0), "{}", written.err);
    let shown = home.run(&["prompts", "show", "judge-factuality"]);
    assert!(shown.out.contains("Compares the facts of an answer"), "{}", shown.out);
    let again = home.run(&["prompts", "judge", "factuality"]);
    assert!(again.code != Some(0), "what is there is not replaced");
    let slip = home.run(&["prompts", "judge", "factualty"]);
    assert!(slip.code == Some(2) && slip.err.contains("did you mean `factuality`"), "{}", slip.err);
}
