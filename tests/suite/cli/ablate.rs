//! Which part of a prompt matters, and which version broke it, at the command line.

use serde_json::Value;

use crate::support::home::{Home, Ran};

/// A prompt whose second sentence is what `demo:weak` does better with.
fn prompt(system: &str) -> String {
    format!(
        "system = \"{system}\"\nuser = \"{{{{ input }}}}\"\ntargets = [\"demo:weak\"]\n[response]\nformat = \"schema\"\n\
         schema = {{ type = \"object\", required = [\"sentiment\"], properties = {{ sentiment = {{ type = \"string\", enum = \
         [\"positive\", \"neutral\", \"negative\"] }} }} }}\n"
    )
}

fn home() -> Home {
    let home = Home::new();
    let row = |at: usize| match at % 2 {
        0 => format!("Order {at} is great and I am happy.,\"{{\"\"sentiment\"\":\"\"positive\"\"}}\"\n"),
        _ => format!("Order {at} never came and I am angry.,\"{{\"\"sentiment\"\":\"\"negative\"\"}}\"\n"),
    };
    home.file("config/config.toml", "[retry]\nattempts = 2\nmin_wait = \"10ms\"\n");
    home.file("work/retort.toml", "");
    home.file("work/rows.csv", &format!("input,expected\n{}", (0..100).map(row).collect::<String>()));
    home
}

fn last(ran: &Ran) -> Value {
    ran.lines().pop().unwrap_or_else(|| panic!("{}", ran.err))
}

#[test]
fn the_sentence_that_matters_is_marked_in_the_prompt() {
    let home = home();
    home.file("work/prompts/mood.toml", &prompt("Label the message. Read it twice. Be kind. Answer as a JSON object."));
    let plan = home.run(&["ablate", "mood", "rows.csv", "--dry-run"]);
    assert!(plan.out.starts_with("5 parts of mood: a part is shown to matter where at least 9 rows"), "{}", plan.out);
    let ran = home.run(&["ablate", "mood", "rows.csv", "-j", "16"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let line =
        |words: &str| ran.out.lines().find(|line| line.ends_with(words)).unwrap_or_else(|| panic!("{}", ran.out));
    assert!(
        line("Read it twice.").starts_with("helps -") && line("Read it twice.").contains(" +0 p<0.001"),
        "{}",
        ran.out
    );
    assert!(line("Be kind.").starts_with("? -0 +0"), "{}", ran.out);
    assert!(line("{{ input }}").starts_with("   "), "what is filled in is no part: {}", ran.out);
    assert!(ran.out.contains("2 of 5 parts shown to matter"), "{}", ran.out);
    assert!(line("message 1 (system)").starts_with("helps -"), "the message is what its sentences are: {}", ran.out);
    assert!(ran.out.contains("helps: worse without it"), "{}", ran.out);
    assert!(ran.out.contains("without all 3 that are not: "), "{}", ran.out);
    let again = home.run(&["ablate", "mood", "rows.csv", "--json"]);
    let line = last(&again);
    assert_eq!((&line["event"], &line["spent"]["asked"]), (&"ablated".into(), &0.into()), "{line}");
    assert_eq!(line["units"][1]["effect"], "helps", "{line}");
    let capped = home.run(&["ablate", "mood", "rows.csv", "--new", "--max-calls", "50"]);
    assert!(capped.code == Some(1) && capped.err.contains("of 50 are left"), "{}", capped.err);
}

#[test]
fn the_version_that_broke_it_is_found_and_its_edit_is_shown() {
    let home = home();
    let texts = [
        "Label the message. Read it twice. Answer in JSON.",
        "Label the message! Read it twice. Answer in JSON.",
        "Label each message! Read it twice. Answer in JSON.",
        "Label each message! Answer in JSON.",
        "Label each message! Answer in JSON, please.",
    ];
    for text in texts {
        home.file("work/prompts/mood.toml", &prompt(text));
        assert_eq!(home.run_on(&["run", "mood"], "Order 1 is great.").code, Some(0));
    }
    let ran = home.run(&["bisect", "mood", "rows.csv", "--good", "1", "--bad", "5", "-j", "16"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.out.starts_with("version ") && ran.out.contains(" broke it; the ends: "), "{}\n{}", ran.out, ran.err);
    assert!(ran.out.contains("-system = \"Label each message! Read it twice. Answer in JSON.\""), "{}", ran.out);
    assert!(ran.out.contains(" bad: ") && ran.out.contains(" good: "), "each step has its evidence: {}", ran.out);
    let again = last(&home.run(&["bisect", "mood", "rows.csv", "--good", "1", "--bad", "5", "--json"]));
    assert_eq!((&again["event"], &again["spent"]["asked"]), (&"bisected".into(), &0.into()), "{again}");

    let alike = home.run(&["bisect", "mood", "rows.csv", "--good", "1", "--bad", "3", "-j", "16"]);
    assert!(alike.out.starts_with("the bad end is not shown to be worse than the good one"), "{}", alike.out);
    let wrong = home.run(&["bisect", "mood", "rows.csv", "--good", "5", "--bad", "1"]);
    assert!(wrong.code == Some(2) && wrong.err.contains("`5` is not before `1`"), "{}", wrong.err);
}
