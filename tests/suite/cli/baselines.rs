//! The inbox of regressions: a baseline in a file, what flips asked again, and what a person decides of it.

use std::fs;

use super::published::fits;
use crate::support::{
    home::{Home, Ran},
    server::{Script, Server, event_stream},
};

/// An answer to which the provider counts 100 tokens in and 20 out.
fn answer(text: &str) -> Script {
    let text = serde_json::to_string(text).unwrap();
    Script::answer(event_stream(format!(
        "data: {{\"choices\":[{{\"delta\":{{\"content\":{text}}}}}]}}\n\ndata: {{\"choices\":[{{\"delta\":{{}},\
         \"finish_reason\":\"stop\"}}],\"usage\":{{\"prompt_tokens\":100,\"completion_tokens\":20}}}}\n\ndata: [DONE]\n\n",
    )))
}

/// A home with a prompt whose answers have to hold "yes", and rows `row 1` to `row 4`.
fn home(server: &Server) -> Home {
    let home = Home::new();
    home.file(
        "config/config.toml",
        &format!(
            "[retry]\nattempts = 1\n[providers.own]\nkind = \"openai\"\nbase_url = \"{}/v1\"\n[models.m]\nprovider = \
             \"own\"\nmodel = \"m\"\ninput_price = 1\noutput_price = 2\n",
            server.url
        ),
    );
    home.file(
        "config/prompts/p.toml",
        "targets = [\"m\"]\nuser = \"{{ input }}\"\n[params]\nmax_tokens = 20\n[response]\nformat = \"text\"\n[[check]]\n\
         type = \"contains\"\nvalue = \"yes\"\n",
    );
    home.file("work/rows.txt", "row 1\nrow 2\nrow 3\nrow 4\n");
    home
}

async fn run(home: &Home, arguments: &[&str]) -> Ran {
    let mut command = home.command(arguments);
    tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap())).await.unwrap()
}

async fn batch(home: &Home, more: &[&str]) -> Ran {
    let rows = ["batch", "p", "rows.txt", "--format", "lines", "--no-cache", "-j", "1", "--new"];
    run(home, &[&rows, more].concat()).await
}

fn baseline(home: &Home) -> String {
    fs::read_to_string(home.dir("config").join("prompts/p.baseline.jsonl")).unwrap_or_default()
}

/// Lists the id and the kind of each change, in the order of the list.
fn changes(ran: &Ran) -> Vec<(String, String)> {
    let text = |line: &serde_json::Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
    let lines = ran.lines();
    let lines = lines.iter().filter(|line| line["event"] == "change");
    lines.map(|line| (text(line, "label"), text(line, "change"))).collect()
}

fn pairs(wanted: &[(&str, &str)]) -> Vec<(String, String)> {
    wanted.iter().map(|(row, kind)| ((*row).to_owned(), (*kind).to_owned())).collect()
}

/// A home whose first batch, all rows passing but the last, is the baseline.
async fn accepted(answers: &[&str]) -> (Home, Server) {
    let first = ["yes 1", "yes 2", "yes 3", "no 4"];
    let server = Server::start(first.iter().chain(answers).map(|text| answer(text))).await;
    let home = home(&server);
    let ran = batch(&home, &[]).await;
    assert_eq!(ran.code, Some(100), "{}", ran.err);
    let ran = run(&home, &["review", "p", "--all"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    (home, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_batch_becomes_a_baseline_without_time_cost_or_host() {
    let (home, server) = accepted(&[]).await;
    let text = baseline(&home);
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4);
    let keys: Vec<&String> = lines[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["row", "label", "target", "version", "passed", "answer", "state"]);
    assert!(
        text.contains("\"label\":\"row 4\",\"target\":\"m\"") && text.contains("\"passed\":[0,1],\"answer\":\"no 4\""),
        "{text}"
    );
    assert!(!text.contains(&server.url), "{text}");
    let mut sorted: Vec<&str> = text.lines().collect();
    sorted.sort_unstable();
    assert_eq!(sorted, text.lines().collect::<Vec<_>>(), "in the order of their keys");
    let check = run(&home, &["review", "--check"]).await;
    assert_eq!(check.code, Some(0), "{} {}", check.out, check.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_baseline_nothing_is_asked_and_the_way_to_one_is_named() {
    let server = Server::start([]).await;
    let home = home(&server);
    let ran = batch(&home, &["--against-baseline"]).await;
    assert_eq!((ran.code, server.requests().len()), (Some(2), 0), "{}", ran.err);
    assert!(ran.err.contains("`retort review p --all`"), "{}", ran.err);
    let ran = run(&home, &["review", "p"]).await;
    assert!(ran.code == Some(2) && ran.err.contains("`retort batch p DATA`"), "{}", ran.err);
    assert_eq!(run(&home, &["review", "--check"]).await.code, Some(100), "nothing is known, so nothing is good");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flip_is_asked_twice_more_and_enters_only_if_it_holds() {
    // Rows 1 and 2 flip; asked again, row 1 is as it was, row 2 is not. Row 4 fails as it did.
    let (home, server) = accepted(&["no", "no", "yes 3", "no 4", "yes 1", "yes 1", "no", "no"]).await;
    let ran = batch(&home, &["--against-baseline", "--json", "--junit", "out.xml", "--github"]).await;
    assert_eq!(ran.code, Some(100), "{}", ran.err);
    assert_eq!(server.requests().len(), 12, "four rows twice, and two flips twice more");
    assert_eq!(changes(&ran), pairs(&[("row 2", "worse")]), "{}", ran.out);
    let change = ran.lines().into_iter().find(|line| line["event"] == "change").unwrap();
    assert_eq!((&change["before"], &change["now"]), (&serde_json::json!([1, 1]), &serde_json::json!([0, 3])));
    // Fisher's exact test of 1 of 1 against 0 of 3.
    assert!((change["p"].as_f64().unwrap() - 0.25).abs() < 1e-9, "{change}");
    let summary = ran.lines().pop().unwrap();
    let own = &summary["baselines"][0];
    assert_eq!((&own["worse"], &own["held"], &own["holds"]), (&1.into(), &1.into(), &false.into()), "{summary}");
    let told: Vec<&str> = ran.err.lines().filter(|line| line.starts_with("::error")).collect();
    let [told] = told[..] else { panic!("the rows that fail as they did are no news: {}", ran.err) };
    assert!(told.contains("title=worse%3A row 2 · p on m") && told.contains("retort review p"), "{told}");
    let junit = fs::read_to_string(home.dir("work").join("out.xml")).unwrap();
    assert!(junit.contains("<testsuite name=\"baseline · p\" tests=\"1\" failures=\"1\""), "{junit}");
    assert!(junit.contains("<testsuites name=\"rows.txt\" tests=\"5\" failures=\"4\""), "{junit}");
    assert_eq!(baseline(&home).matches("accepted").count(), 4, "a batch writes no baseline");
    let check = run(&home, &["review", "p", "--check"]).await;
    assert_eq!(check.code, Some(100), "{}", check.out);
    assert!(
        check.out.contains("1/1 → 0/3, p=0.250") && check.err.contains("retort review p"),
        "{} {}",
        check.out,
        check.err
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_got_worse_rows_may_fail_as_they_did() {
    let (home, server) = accepted(&["yes 1", "yes  2", "yes, three", "no 4"]).await;
    let ran = batch(&home, &["--against-baseline"]).await;
    assert_eq!((ran.code, server.requests().len()), (Some(0), 8), "{}", ran.err);
    assert!(ran.out.contains("0 worse, 1 text changed, 3 as before"), "{}", ran.out);
    assert!(ran.err.contains("ok   p: not worse than its baseline"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_accepted_rejected_or_pinned_by_its_name() {
    let (home, _server) = accepted(&["no", "no", "no", "yes 4"]).await;
    batch(&home, &[]).await;
    let listed = run(&home, &["review", "p", "--json"]).await;
    assert!(fits("review.json", &listed.lines()) > 0, "{listed:?}");
    assert_eq!(
        changes(&listed),
        pairs(&[("row 1", "worse"), ("row 2", "worse"), ("row 3", "worse"), ("row 4", "fixed")])
    );
    let ids: Vec<String> = listed.lines().iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect();
    let ran = run(
        &home,
        &["review", "p", "--accept", &ids[0][..6], "--reject", &ids[1], "--why", "late\nparcel", "--pin", &ids[2]],
    )
    .await;
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let text = baseline(&home);
    assert!(
        text.contains("\"passed\":[1,1],\"answer\":\"yes 2\",\"state\":\"rejected\",\"why\":\"late\\nparcel\""),
        "{text}"
    );
    assert!(text.contains("\"answer\":\"yes 3\",\"state\":\"pinned\",\"input\":{\"text\":\"row 3\"}"), "{text}");
    assert!(text.contains("\"passed\":[0,1],\"answer\":\"no\",\"state\":\"accepted\""), "{text}");
    let check = run(&home, &["review", "p", "--check"]).await;
    assert_eq!(check.code, Some(100), "what was rejected goes on failing: {}", check.out);
    assert!(check.out.contains("rejected: late parcel") && check.out.contains("2 worse"), "{}", check.out);
    for (arguments, words) in [
        (&["review", "p", "--accept", "ffffffff"][..], "is called `ffffffff`"),
        (&["review", "p", "--flaky", &ids[1]], "0 of 1 passed"),
        (&["review", "p", "--reject", &ids[3]], "cannot be rejected"),
        (&["review", "p", "--accept", &ids[3], "--pin", &ids[3]], "is named twice"),
    ] {
        let before = baseline(&home);
        let ran = run(&home, arguments).await;
        assert!(ran.code == Some(2) && ran.err.contains(words), "{arguments:?}: {}", ran.err);
        assert_eq!(baseline(&home), before, "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flaky_row_is_asked_five_times_and_leaves_the_list_after_twenty_that_pass() {
    let flips = ["no", "yes 2", "yes 3", "no 4", "yes 1", "no"];
    let steady = ["yes 1", "yes 2", "yes 3", "no 4", "yes 1", "yes 1", "yes 1", "yes 1"];
    let answers = [&flips[..], &steady, &steady, &steady, &steady].concat();
    let (home, server) = accepted(&answers).await;
    let ran = batch(&home, &["--against-baseline", "--json"]).await;
    assert_eq!(changes(&ran), pairs(&[("row 1", "worse")]), "{}", ran.out);
    let id = ran.lines().iter().find(|line| line["event"] == "change").unwrap()["id"].as_str().unwrap().to_owned();
    let ran = run(&home, &["review", "p", "--flaky", &id]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(baseline(&home).contains("\"passed\":[1,3],\"answer\":\"no\",\"state\":\"flaky\""), "{}", baseline(&home));
    for round in 1..=4 {
        let asked = server.requests().len();
        let ran = batch(&home, &["--against-baseline", "--json"]).await;
        assert_eq!(ran.code, Some(0), "{round}: {}", ran.err);
        assert_eq!(server.requests().len() - asked, 8, "four rows, and the flaky one four times more");
        let wanted = if round == 4 { pairs(&[("row 1", "steady")]) } else { Vec::new() };
        assert_eq!(changes(&ran), wanted, "{round}: {}", ran.out);
    }
    run(&home, &["review", "p", "--all"]).await;
    assert!(!baseline(&home).contains("flaky"), "{}", baseline(&home));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_is_made_again_that_may_pass_a_cap() {
    // Each call costs 140 millionths; the cap leaves one of the six that the flips would take.
    let again = ["no"; 20];
    let (home, server) = accepted(&again).await;
    let before = server.requests().len();
    let ran = batch(&home, &["--against-baseline", "--max-cost", "0.00075"]).await;
    let made = server.requests().len() - before;
    assert!((4..=5).contains(&made), "{made}: {}", ran.err);
    assert_eq!(ran.code, Some(100), "{}", ran.err);
    assert!(ran.err.contains("counts as it came"), "{}", ran.err);
    assert!(ran.out.contains("3 worse"), "{}", ran.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_merged_badly_is_told_by_its_line_before_anything_is_asked() {
    let (home, server) = accepted(&[]).await;
    let good = baseline(&home);
    let asked = server.requests().len();
    for (text, words) in [
        (format!("<<<<<<< HEAD\n{good}=======\n{good}>>>>>>> b\n"), "p.baseline.jsonl:1: a conflict of a merge"),
        (format!("{good}{}", good.replace("yes 2", "yes, two")), "has another line already"),
        (format!("{good}{{\"row\":\"\u{1b}]0;x\u{7}\"}}\n"), "p.baseline.jsonl:5: this is no line of a baseline"),
        (format!("{good}{}\n", "x".repeat(2 << 20)), "p.baseline.jsonl:5: the line is longer"),
        (good.replacen("\"row\":", "\"row\":\"a\",\"row\":", 1), "duplicate field `row`"),
        ("\u{0}\u{1b}[31m".to_owned(), "p.baseline.jsonl:1: this is no line"),
    ] {
        home.file("config/prompts/p.baseline.jsonl", &text);
        for arguments in
            [&["review", "p"][..], &["review", "--check"], &["batch", "p", "rows.txt", "--against-baseline"]]
        {
            let ran = run(&home, arguments).await;
            assert_eq!(ran.code, Some(2), "{arguments:?}: {} {}", ran.out, ran.err);
            assert!(ran.err.contains(words) && !ran.err.contains(['\u{1b}', '\u{0}']), "{words}: {}", ran.err);
        }
        assert_eq!(baseline(&home), text, "what a person has to mend is left as it is");
    }
    home.file("config/prompts/p.baseline.jsonl", &format!("{good}{good}"));
    let ran = run(&home, &["review", "p", "--check"]).await;
    assert_eq!((ran.code, server.requests().len()), (Some(0), asked), "{} {}", ran.out, ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_answers_reach_neither_the_terminal_nor_the_runner_as_they_are() {
    let evil = "no \u{1b}[31m\n::error::owned ##[x] \u{202e}<img> | \u{7}";
    let (home, _server) = accepted(&[evil, "yes 2", "yes 3", "no 4", evil, evil]).await;
    let ran = batch(&home, &["--against-baseline", "--github"]).await;
    assert_eq!(ran.code, Some(100), "{}", ran.err);
    for text in [&ran.out, &ran.err] {
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{text}");
        assert!(
            !text.lines().any(|line| line.trim_start().starts_with("::error::owned") || line.contains("##[")),
            "{text}"
        );
    }
    let ran = run(&home, &["review", "p"]).await;
    assert!(ran.out.contains("worse") && !ran.out.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{}", ran.out);
    run(&home, &["review", "p", "--all"]).await;
    let text = baseline(&home);
    assert!(text.lines().count() == 4 && !text.contains(['\u{1b}', '\u{202e}']), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_that_was_edited_since_is_not_what_was_asked() {
    let (home, _server) = accepted(&[]).await;
    let file = home.dir("config").join("prompts/p.toml");
    let text = fs::read_to_string(&file).unwrap().replace("{{ input }}", "Say it: {{ input }}");
    fs::write(&file, text).unwrap();
    let check = run(&home, &["review", "p", "--check"]).await;
    assert_eq!(check.code, Some(100), "{} {}", check.out, check.err);
    assert!(check.err.contains("the prompt as it is was not asked"), "{}", check.err);
}
