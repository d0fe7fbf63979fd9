//! `retort models`: in which order, who is asked what it serves and how often, with which key, and what a price list
//! changes.

use std::fs;

use crate::support::{
    home::{Home, Ran},
    server::{Script, Server, json},
};

const LIST: &str = "{\"data\":[{\"id\":\"m\"}]}";
const REFUSED: &str = "{\"error\":{\"message\":\"no\",\"code\":\"invalid_api_key\"}}";

/// Asks a provider with two keys what it serves. Returns what was printed and the keys that were sent.
async fn check(answers: &[Vec<u8>]) -> (Ran, Vec<String>) {
    let server = Server::start(answers.iter().cloned().map(Script::answer)).await;
    let home = Home::new();
    home.file(
        "config/config.toml",
        &format!(
            "[providers.twice]\nkind = \"openai\"\nbase_url = \"{}\"\napi_keys = [\"env:FIRST\", \"env:SECOND\"]\n",
            server.url
        ),
    );
    let mut command = home.command(&["models", "--check"]);
    command.env("FIRST", "key-first-0001").env("SECOND", "key-second-0002");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let sent = server.requests().iter().map(|request| request.header("authorization").unwrap().to_owned()).collect();
    (Ran::of(output), sent)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_key_is_followed_by_the_next_one_and_an_error_of_the_server_is_not() {
    // Each script ends with its answer, and so does its connection: nobody may count on it for another request.
    let over = [("connection", "close")];
    let refused = || json("401 Unauthorized", &over, REFUSED);
    let (first, second) = ("Bearer key-first-0001", "Bearer key-second-0002");

    let (ran, sent) = check(&[refused(), json("200 OK", &over, LIST)]).await;
    assert_eq!(sent, [first, second]);
    assert!(ran.code == Some(0) && ran.err.contains("twice: serves 1 models"), "{ran:?}");

    let (ran, sent) = check(&[refused(), refused()]).await;
    assert_eq!(sent, [first, second]);
    assert!(!ran.err.contains("serves") && ran.err.contains("twice: "), "{ran:?}");

    let (ran, sent) = check(&[json("500 Oops", &over, "{}"), json("200 OK", &over, LIST)]).await;
    assert_eq!(sent, [first]);
    assert!(!ran.err.contains("serves"), "{ran:?}");
}

/// A home with a provider of its own at a server that answers each time with a list.
async fn lab(lists: &[&str]) -> (Server, Home) {
    let over = [("connection", "close")];
    let server = Server::start(lists.iter().map(|list| Script::answer(json("200 OK", &over, list)))).await;
    let home = Home::new();
    let text =
        format!("[providers.lab]\nkind = \"openai\"\nbase_url = \"{}\"\napi_keys = [\"env:LAB_KEY\"]\n", server.url);
    home.file("config/config.toml", &text);
    (server, home)
}

/// Runs the program with some variables set.
async fn run(home: &Home, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = home.command(arguments);
    command.envs(variables.iter().copied());
    Ran::of(tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap())
}

/// The names that are listed, in their order.
fn names(ran: &Ran) -> Vec<&str> {
    ran.out.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect()
}

fn line<'a>(ran: &'a Ran, name: &str) -> &'a str {
    ran.out.lines().find(|line| line.split_whitespace().next() == Some(name)).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_is_asked_once_a_day_and_anew_where_that_is_wanted() {
    let list = r#"{"data":[{"id":"tiny"},{"id":"large"}]}"#;
    let later = r#"{"data":[{"id":"tiny"},{"id":"newest"}]}"#;
    let (server, home) = lab(&[list, later, later]).await;
    let key = [("LAB_KEY", "key-lab-0001")];
    for _ in 0..2 {
        let ran = run(&home, &["models"], &key).await;
        assert!(line(&ran, "lab/tiny").contains("served") && line(&ran, "lab/large").contains("served"), "{ran:?}");
        assert_eq!((ran.code, server.requests().len()), (Some(0), 1));
    }
    let ran = run(&home, &["models", "--check"], &key).await;
    assert!(ran.out.contains("lab/newest") && !ran.out.contains("lab/large"), "{ran:?}");
    assert_eq!(server.requests().len(), 2);
    // A list that is damaged, or of another day, is asked for again.
    let file = fs::read_dir(home.dir("cache").join("models")).unwrap().next().unwrap().unwrap().path();
    let kept = fs::read_to_string(&file).unwrap();
    fs::write(&file, "{\"base_url\": ").unwrap();
    assert!(run(&home, &["models"], &key).await.out.contains("lab/newest"));
    assert_eq!(server.requests().len(), 3);
    let old = kept.replace("\"asked\":\"20", "\"asked\":\"19");
    assert_ne!(old, kept);
    fs::write(&file, old).unwrap();
    let ran = run(&home, &["models"], &key).await;
    assert!(ran.out.contains("lab/newest"), "who does not answer is taken to serve what it served: {ran:?}");
    assert_eq!(server.connections(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_without_its_key_is_not_asked_and_its_models_say_which_variable_to_set() {
    let (server, home) = lab(&[LIST]).await;
    home.file("config/favourites.toml", "models = [\"lab/m\", \"demo:cut\"]\n");
    let ran = run(&home, &["models"], &[("GROQ_API_KEY", " ")]).await;
    assert_eq!((ran.code, server.connections()), (Some(0), 0), "{ran:?}");
    assert!(line(&ran, "lab/m").contains("set LAB_KEY; favourite"), "{ran:?}");
    for (name, variable) in [
        ("gpt-4o-mini", "OPENAI_API_KEY"),
        ("gemini-3.8-flash", "GOOGLE_API_KEY"),
        ("mistral-small-latest", "MISTRAL_API_KEY"),
        ("deepseek-v4-flash", "DEEPSEEK_API_KEY"),
        ("grok-4.7", "XAI_API_KEY"),
        ("qwen3.8-flash", "DASHSCOPE_API_KEY"),
        ("kimi-k3", "MOONSHOT_API_KEY"),
        ("glm-5.3", "ZAI_API_KEY"),
        ("groq/llama-3.3-70b-versatile", "GROQ_API_KEY"),
    ] {
        assert!(line(&ran, name).contains(&format!("set {variable}")), "{name}: {ran:?}");
    }
    let listed = names(&ran);
    assert_eq!(listed[..2], ["demo:cut", "demo"], "{listed:?}");
    let asked = listed.iter().find(|name| !name.starts_with("demo")).unwrap();
    assert_eq!(*asked, "lab/m", "the favourite is the first of those without a key: {listed:?}");
    assert!(!ran.out.contains("RETIRED") && ran.err.contains("are retired or not served"), "{ran:?}");
    assert!(ran.out.contains("2026-11-28") && line(&ran, "deepseek-v4-pro").contains("$1.32 / $3.96 (2026-11-28)"));
}

#[test]
fn a_search_takes_beginnings_of_words_and_finds_what_is_retired() {
    let home = Home::new();
    let retired = home.run(&["models", "claude-2"]);
    assert_eq!(names(&retired)[0], "claude-2");
    assert!(line(&retired, "claude-2").contains("RETIRED 2025-07-21"), "{retired:?}");
    assert!(names(&retired).iter().all(|name| name.contains("claude-2")), "{retired:?}");
    let both = home.run(&["models", "haiku", "4-5"]);
    assert!(!names(&both).is_empty() && names(&both).iter().all(|name| name.contains("haiku-4-5")), "{both:?}");
    for scattered in ["g4om", "gtmn"] {
        let ran = home.run(&["models", scattered]);
        assert!(names(&ran).is_empty() && ran.err.contains("in its name"), "{ran:?}");
    }
    assert!(names(&home.run(&["models", "deepseek"])).iter().all(|name| name.contains("deepseek")));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_list_reaches_the_terminal_that_is_no_name() {
    let list = r#"{"data":[{"id":"good"},{"id":"\u001b[2Jbad"},{"id":"two words"},{"id":"a\u202eb"},{"id":""},{"id":7},
        {"id":"good","shutdown_date":"soon\u001b[2J"}]}"#;
    let (_server, home) = lab(&[list]).await;
    let ran = run(&home, &["models"], &[("LAB_KEY", "key-lab-0001")]).await;
    let listed: Vec<&str> = names(&ran).into_iter().filter(|name| name.starts_with("lab/")).collect();
    assert_eq!(listed, ["lab/good"]);
    assert!(!ran.out.contains('\u{1b}') && !line(&ran, "lab/good").contains("soon"), "{ran:?}");
    for file in home.files().into_iter().filter(|file| file.ends_with("models")) {
        assert!(!fs::read_to_string(file).unwrap().contains("bad"));
    }
}

#[test]
fn a_price_list_lies_over_the_table_and_under_the_settings() {
    let home = Home::new();
    let list = |mini: &str| {
        format!(
            r#"{{"gpt-4o-mini": {{"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": {mini},
                "output_cost_per_token": 6e-07, "cache_read_input_token_cost": 7.5e-08}},
            "groq/llama-x": {{"litellm_provider": "groq", "mode": "chat", "input_cost_per_token": 5.9e-07,
                "output_cost_per_token": 7.9e-07, "max_input_tokens": 131072}},
            "groq/minus": {{"litellm_provider": "groq", "mode": "chat", "input_cost_per_token": -1}},
            "groq/nan": {{"litellm_provider": "groq", "mode": "chat", "input_cost_per_token": NaN}},
            "bedrock/x": {{"litellm_provider": "bedrock", "mode": "chat"}}}}"#
        )
    };
    home.file("work/prices.json", &list("2e-07"));
    let ran = home.run(&["models", "--update", "prices.json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for words in [
        "LiteLLM, 20",
        ": 2 models of 2 vendors",
        "changed  openai/gpt-4o-mini: $0.15 in, $0.60 out, $0.075 cached → $0.20 in, $0.60 out, $0.075 cached",
        "added    groq/llama-x: $0.59 in, $0.79 out",
        "refused  groq/minus: `input_cost_per_token` is -1, which is no price",
        "refused  groq/nan: `input_cost_per_token` is NaN, which is no price",
        "skipped  1 models of vendors that retort does not know: bedrock (1)",
    ] {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
    let listed = home.run(&["models"]);
    assert!(line(&listed, "gpt-4o-mini").contains("$0.20 / $0.60 (LiteLLM 20"), "{listed:?}");
    assert!(line(&listed, "llama-x").contains("131k") && line(&listed, "llama-x").contains("set GROQ_API_KEY"));
    let again = home.run(&["models", "--update", "prices.json"]);
    assert!(!again.out.contains("changed") && !again.out.contains("added"), "{again:?}");
    // The user's own price wins.
    let own =
        "[models.gpt-4o-mini]\nprovider = \"openai\"\nmodel = \"gpt-4o-mini\"\ninput_price = 1\noutput_price = 2.5\n";
    home.file("config/config.toml", own);
    let listed = home.run(&["models"]);
    assert!(line(&listed, "gpt-4o-mini").contains("$1.00 / $2.50 (settings)"), "{listed:?}");
    home.file("config/config.toml", "");
    // A new list takes the place of the one before.
    home.file("work/api.json", r#"{"groq": {"models": {"other": {"cost": {"input": 1, "output": 2}}}}}"#);
    let ran = home.run(&["models", "--update", "api.json"]);
    assert!(ran.out.contains("models.dev, 20") && ran.out.contains("removed  groq/llama-x"), "{ran:?}");
    assert!(line(&home.run(&["models"]), "gpt-4o-mini").contains("$0.15 / $0.60 (2026-11-22)"));
    // What is no list changes nothing.
    home.file("work/bad.json", "[1]");
    let ran = home.run(&["models", "--update", "bad.json"]);
    assert!(ran.code != Some(0) && ran.err.contains("models.dev's api.json"), "{ran:?}");
    assert!(home.run(&["models", "other"]).out.contains("other"));
}

#[test]
fn models_that_were_asked_lately_stand_before_the_others() {
    let home = Home::new();
    home.file("config/prompts/p.toml", "user = \"{{ input }}\"\n");
    assert_eq!(home.run_on(&["run", "p", "-m", "demo:bad-json"], "x").code, Some(0));
    let ran = home.run(&["models"]);
    assert!(names(&ran)[0] == "demo:bad-json" && line(&ran, "demo:bad-json").contains("JSON"), "{ran:?}");
}
