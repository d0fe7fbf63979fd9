//! What a batch may use at the command line: caps that hold, prices that are known, time that is up, and what the
//! provider allows.

use std::{
    fs,
    time::{Duration, Instant},
};

use crate::support::{
    home::{Home, Ran},
    server::{Script, Server, Step, event_stream, json},
};

/// An answer to which the provider counts 100 tokens in and 20 out.
fn answer() -> Script {
    Script::answer(event_stream(
        "data: {\"choices\":[{\"delta\":{\"content\":\"zebra\"}}]}\n\ndata: {\"choices\":[{\"delta\":{},\
         \"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":20}}\n\ndata: [DONE]\n\n",
    ))
}

/// A home with a model of a price, one without, and twenty rows.
fn home(server: &Server) -> Home {
    let home = Home::new();
    let model = |name: &str, more: &str| format!("[models.{name}]\nprovider = \"own\"\nmodel = \"{name}\"\n{more}");
    home.file(
        "config/config.toml",
        &format!(
            "[retry]\nattempts = 1\n[providers.own]\nkind = \"openai\"\nbase_url = \"{}/v1\"\n{}{}{}",
            server.url,
            model("priced", "input_price = 1\noutput_price = 2\n"),
            model("free", "input_price = 0\noutput_price = 0\n"),
            model("unknown", ""),
        ),
    );
    let prompt = |more: &str| format!("{more}[params]\nmax_tokens = 20\n[response]\nformat = \"text\"\n");
    home.file("config/prompts/p.toml", &prompt(""));
    home.file("config/prompts/falls.toml", &prompt("fallback = [\"unknown\"]\n"));
    let rubric = "[[check]]\ntype = \"llm-rubric\"\nvalue = \"polite\"\njudge = \"unknown\"\n";
    home.file("config/prompts/judged.toml", &format!("{}{rubric}", prompt("")));
    let rows: Vec<String> = (1..=20).map(|row| format!("text {row}")).collect();
    home.file("work/rows.txt", &rows.join("\n"));
    home
}

async fn batch(home: &Home, prompt: &str, more: &[&str]) -> Ran {
    let mut command = home.command(&[&["batch", prompt, "rows.txt", "--format", "lines", "--no-cache"], more].concat());
    tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap())).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cap_on_cost_is_refused_where_a_price_is_unknown_and_the_ways_out_are_named() {
    let server = Server::start((0..80).map(|_| answer())).await;
    let home = home(&server);
    for (prompt, model) in [("p", "unknown"), ("falls", "priced"), ("judged", "priced")] {
        let ran = batch(&home, prompt, &["-m", model, "--max-cost", "1"]).await;
        assert_eq!(ran.code, Some(2), "{prompt}: {}", ran.err);
        for words in ["`unknown`", "input_price", "output_price", "[models.unknown]", "--allow-unpriced"] {
            assert!(ran.err.contains(words), "{prompt}: {}", ran.err);
        }
        assert!(server.requests().is_empty(), "{prompt}: before the first call");
    }
    let allowed = batch(&home, "p", &["-m", "unknown", "--max-cost", "1", "--allow-unpriced", "--only", "1-3"]).await;
    assert_eq!((allowed.code, server.requests().len()), (Some(0), 3), "{}", allowed.err);
    let free = batch(&home, "p", &["-m", "free", "-m", "demo", "--max-cost", "0.000001", "--only", "1"]).await;
    assert_eq!(free.code, Some(0), "what costs nothing passes no cap: {}", free.err);
    assert_eq!(batch(&home, "p", &["-m", "free", "--allow-unpriced"]).await.code, Some(2), "it needs a cap");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_is_begun_that_may_pass_a_cap_and_the_same_command_goes_on() {
    let server = Server::start((0..80).map(|_| answer())).await;
    let home = home(&server);
    // Each cell costs 100 + 40 millionths, and takes 120 tokens.
    let run = async |more: &[&str]| batch(&home, "p", &[&["-m", "priced", "-j", "8"], more].concat()).await;
    let ran = run(&["--max-cost", "0.0009"]).await;
    let first = server.requests().len();
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!((1..=6).contains(&first), "{first} of 140 millionths each: {}", ran.err);
    assert!(ran.err.contains("--max-cost goes on"), "{}", ran.err);
    let ran = run(&[]).await;
    assert_eq!((ran.code, server.requests().len()), (Some(0), 20), "none is asked twice: {}", ran.err);
    let ran = run(&["--new", "--max-tokens", "30"]).await;
    assert_eq!((ran.code, server.requests().len()), (Some(1), 20), "{}", ran.err);
    assert!(
        ran.err.contains("the next call to priced may take up to") && ran.err.contains("30 of 30 are left"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("a lower max_tokens"), "the way out: {}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cap_on_time_ends_a_batch_on_a_server_that_hangs() {
    let hangs = || Script::default().then(Step::Expect).then(Step::Stall);
    let server = Server::start((0..4).map(|_| hangs()).chain((0..80).map(|_| answer()))).await;
    let home = home(&server);
    let began = Instant::now();
    let ran = batch(&home, "p", &["-m", "priced", "-j", "4", "--max-time", "1s"]).await;
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    assert_eq!((ran.code, server.requests().len()), (Some(1), 4), "{}", ran.err);
    assert!(ran.err.contains("the cap of 1s on time") && ran.err.contains("--max-time goes on"), "{}", ran.err);
    let listed = home.run(&["history", "end:cancelled", "--columns", "end,cost"]);
    assert_eq!(listed.out.matches("cancelled").count(), 4, "{} {}", listed.out, listed.err);
    let ran = batch(&home, "p", &["-m", "priced", "-j", "4", "--max-time", "60s"]).await;
    assert_eq!((ran.code, server.requests().len()), (Some(0), 24), "what was cut off is asked again: {}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_price_is_unknown_nothing_claims_that_it_cost_nothing() {
    let server = Server::start((0..80).map(|_| answer())).await;
    let home = home(&server);
    let outs = ["--out", "a.md", "--out", "a.html", "--out", "a.csv", "--out", "a.jsonl"];
    for models in [&["-m", "unknown"][..], &["-m", "unknown", "-m", "free"]] {
        let estimate = batch(&home, "p", &[models, &["--dry-run"]].concat()).await;
        assert!(estimate.out.contains("price unknown"), "{}", estimate.out);
        let ran = batch(&home, "p", &[models, &outs, &["--only", "1-3", "--new"]].concat()).await;
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        let json = batch(&home, "p", &[models, &["--only", "1-3", "--json"]].concat()).await;
        let last = json.lines().pop().unwrap();
        assert_eq!((&last["cost"], last["cost_is"].as_str()), (&serde_json::Value::Null, Some("unknown")), "{last}");
        let read = |name: &str| fs::read_to_string(home.dir("work").join(name)).unwrap();
        let total = ran.out.lines().rfind(|line| line.contains('?')).unwrap_or_default().to_owned();
        assert!(!total.contains('$'), "{}", ran.out);
        for text in [estimate.out, ran.err, total] {
            assert!(!text.contains("$0") && !text.contains("≥$"), "{text}");
        }
        for name in ["a.md", "a.html"] {
            assert!(!read(name).contains("≥$0"), "{name}: {}", read(name));
        }
    }
}

fn limited(seconds: u64) -> Script {
    let wait = seconds.to_string();
    let body = "{\"error\":{\"message\":\"Rate limit reached\",\"code\":\"rate_limit_exceeded\"}}";
    Script::answer(json("429 Too Many Requests", &[("retry-after", &wait), ("connection", "close")], body))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_the_provider_pauses_it_and_both_outputs_say_so() {
    let scripts = [answer(), limited(3)].into_iter().chain((0..19).map(|_| answer()));
    let server = Server::start(scripts).await;
    let home = home(&server);
    let start = Instant::now();
    let ran = batch(&home, "p", &["-m", "free", "-j", "1", "--only", "1-4", "--json"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(start.elapsed() >= Duration::from_secs(3), "{:?}", start.elapsed());
    let paused: Vec<_> = ran.err.lines().filter(|line| line.starts_with("paused: ")).collect();
    let [paused] = paused[..] else { panic!("{}", ran.err) };
    assert!(paused.starts_with("paused: own is rate limited until 20"), "{paused}");
    assert!(paused.ends_with(" UTC, and goes on then"), "{paused}");
    let lines = ran.lines();
    // A cell is printed once it is on record, which may be a little after the pause.
    let is_cell = |line: &&serde_json::Value| line["event"] == "cell";
    assert_eq!(lines.iter().filter(is_cell).count(), 4, "{}", ran.out);
    let [held, resumed, _summary] = lines.iter().filter(|line| !is_cell(line)).collect::<Vec<_>>()[..] else {
        panic!("{}", ran.out)
    };
    assert_eq!((held["event"].as_str(), resumed["event"].as_str()), (Some("paused"), Some("resumed")), "{}", ran.out);
    assert_eq!(held["why"], paused["paused: ".len()..], "the same words");
    assert_eq!(server.requests().len(), 5, "the one that was refused is asked once more, and none beside it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_is_too_long_stops_it_without_a_failed_row_and_the_same_command_goes_on() {
    let scripts = [answer(), limited(3600)].into_iter().chain((0..19).map(|_| answer()));
    let server = Server::start(scripts).await;
    let home = home(&server);
    let run =
        async |more: &[&str]| batch(&home, "p", &[&["-m", "free", "-j", "1", "--only", "1-4"], more].concat()).await;
    let ran = run(&["--json"]).await;
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let lines = ran.lines();
    let mut events: Vec<_> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    events.sort_unstable();
    assert_eq!(events, ["cell", "paused", "summary"], "{}", ran.out);
    let summary = lines.last().unwrap();
    assert_eq!((&summary["cells"], &summary["errors"]), (&1.into(), &0.into()), "{}", ran.out);
    let stopped = ran.err.lines().find(|line| line.starts_with("stopped: own is rate limited until 20"));
    let stopped = stopped.unwrap_or_else(|| panic!("{}", ran.err));
    assert!(stopped.ends_with("the same command goes on"), "{stopped}");
    assert_eq!(server.requests().len(), 2, "nothing is asked in vain");
    let ran = run(&[]).await;
    assert_eq!((ran.code, server.requests().len()), (Some(0), 5), "{}", ran.err);
}
