//! The program against servers of others: `aimock`, which plays the APIs of several vendors, LiteLLM's proxy in front
//! of it, and an MCP server over stdio.
//!
//! `tests/third-party/run.sh` starts them and names them in the environment. Without it these tests are ignored.
#![allow(clippy::print_stdout, reason = "each check says how it came out")]

use std::{collections::BTreeSet, fmt::Write as _};

use retort::{engine::tool_programs::mcp::McpServer, provider::wires::CommandEnvironment};
use serde_json::{Map, Value, json};

use crate::support::home::{Home, Ran};

/// The prompts: one for each form of an answer.
const PROMPTS: [(&str, &str); 4] = [
    ("text", "format = \"text\""),
    ("object", "format = \"json\""),
    (
        "schema",
        "format = \"schema\"\nschema = { type = \"object\", properties = { mood = { type = \"string\" } }, \
         required = [\"mood\"], additionalProperties = false }",
    ),
    (
        "tools",
        "format = \"text\"\n[[tool]]\nname = \"find_order\"\nresult.text = \"Order {{ number }} left on Monday.\"\n\
         [tool.parameters]\ntype = \"object\"\nproperties = { number = { type = \"integer\" } }\n\
         required = [\"number\"]",
    ),
];

/// What has to come of a question.
#[derive(Debug, Clone, Copy)]
enum Want {
    /// This text, and this reasoning if any.
    Text(&'static str, Option<&'static str>),
    /// A mood of `well` in JSON.
    Mood,
    /// Two calls of a tool at once, whose results are sent, and this text after them.
    Called(&'static str),
    /// An answer that is not whole, which the exit code says.
    Cut,
    /// An error of this class.
    Class(&'static str),
}

/// The questions that `tests/third-party/answers.json` has answers to: the prompt, the question, what has to come.
const QUESTIONS: [(&str, &str, Want); 10] = [
    ("text", "Say hello.", Want::Text("Hello, and well met on this fine day.", None)),
    ("text", "Think, then answer.", Want::Text("Four.", Some("Two and two are four."))),
    ("object", "Label the mood.", Want::Mood),
    ("schema", "Label the mood.", Want::Mood),
    ("tools", "Where are they?", Want::Called("Both left on Monday.")),
    ("text", "Be cut off.", Want::Cut),
    ("text", "Be filtered.", Want::Class("content_policy")),
    ("text", "Be too fast.", Want::Class("rate_limited")),
    ("text", "Be too long.", Want::Class("context_too_long")),
    ("text", "Be unpaid.", Want::Class("quota")),
];

/// Where a question is asked: a name, the wire, what follows the server's address, the model.
type Place = (&'static str, &'static str, &'static str, &'static str);

/// What a server does not offer at some place: the wire, the model, the question (`usage` for its counts), why.
type Lacks = (&'static str, &'static str, &'static str, &'static str);

struct Server {
    address: String,
    key: String,
    places: Vec<Place>,
    lacks: &'static [Lacks],
}

#[allow(clippy::disallowed_methods, reason = "the script that starts the servers names them in the environment")]
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set; tests/third-party/run.sh sets it"))
}

impl Server {
    /// Makes the home of a user who has a provider for each place, streamed and whole.
    fn home(&self) -> Home {
        let home = Home::new();
        let mut settings = "[retry]\nattempts = 1\n[cache]\nenabled = false\n".to_owned();
        let providers: BTreeSet<_> = self.places.iter().map(|(name, wire, path, _)| (name, wire, path)).collect();
        for (name, wire, path) in providers {
            for (form, stream) in [("streamed", true), ("whole", false)] {
                let address = format!("{}{path}", self.address);
                write!(
                    settings,
                    "[providers.{name}-{form}]\nwire = \"{wire}\"\nbase_url = \"{address}\"\napi_keys = [\"env:KEY\"]\n\
                     stream = {stream}\n"
                )
                .unwrap();
            }
        }
        home.file("config/config.toml", &settings);
        for (name, response) in PROMPTS {
            let prompt = format!(
                "system = \"Be brief.\"\nuser = \"{{{{ input }}}}\"\n[params]\nmax_tokens = 2000\n[response]\n{response}\n"
            );
            home.file(&format!("config/prompts/{name}.toml"), &prompt);
        }
        home
    }

    fn ask(&self, home: &Home, model: &str, prompt: &str, question: &str) -> (Ran, Value) {
        home.file("work/in.txt", question);
        let mut command = home.command(&["run", prompt, "-m", model, "-i", "in.txt", "--json"]);
        command.env("KEY", &self.key);
        let ran = Ran::of(command.output().unwrap());
        let outcome = ran.lines().pop().map_or(Value::Null, |mut last| last["outcome"].take());
        (ran, outcome)
    }

    /// Asks every question at every place, says how each came out, and returns what is wrong.
    fn checked(&self) -> Vec<String> {
        let (home, mut wrong) = (self.home(), Vec::new());
        for (name, wire, _, model) in &self.places {
            for form in ["streamed", "whole"] {
                for (prompt, question, want) in QUESTIONS {
                    let check = format!("{name} {model}, {form}, {prompt}: {question}");
                    let lacks = |what: &str| {
                        self.lacks.iter().find(|(of, by, lacking, _)| (of, by, *lacking) == (wire, model, what))
                    };
                    if let Some((.., why)) = lacks(question) {
                        println!("–    {check} ({why})");
                        continue;
                    }
                    let (ran, outcome) = self.ask(&home, &format!("{name}-{form}/{model}"), prompt, question);
                    match slip(want, lacks("usage").is_none(), &ran, &outcome) {
                        None => println!("ok   {check}"),
                        Some(slip) => {
                            println!("FAIL {check}\n     {slip}");
                            wrong.push(check);
                        }
                    }
                }
            }
        }
        wrong
    }
}

/// Says what is otherwise than it has to be.
fn slip(want: Want, counted: bool, ran: &Ran, outcome: &Value) -> Option<String> {
    let usage = |names: &[&str]| names.iter().filter_map(|name| outcome["usage"][*name].as_u64()).sum::<u64>();
    let sums = (usage(&["input", "cache_read", "cache_write"]), usage(&["output", "reasoning"]));
    let estimated = outcome["usage"]["estimated"] == true;
    let rounds = if matches!(want, Want::Called(_)) { 2 } else { 1 };
    let right_usage =
        if counted { sums == (21 * rounds, 9 * rounds) && !estimated } else { estimated && sums.0 > 0 && sums.1 > 0 };
    let text = outcome["text"].as_str().unwrap_or_default();
    let class = &outcome["reasons"][0]["fault"]["class"];
    let right = match want {
        Want::Text(wanted, reasoning) => {
            ran.code == Some(0) && text == wanted && outcome["reasoning"].as_str() == reasoning && right_usage
        }
        Want::Mood => {
            let json = serde_json::from_str(text).unwrap_or(Value::Null);
            ran.code == Some(0) && json == json!({ "mood": "well" }) && right_usage
        }
        Want::Called(wanted) => {
            let rounds: Vec<_> = outcome["rounds"].as_array().into_iter().flatten().collect();
            let calls = rounds.first().and_then(|round| round["tool_calls"].as_array());
            let calls: Vec<_> = calls.into_iter().flatten().map(|call| call["arguments"].to_string()).collect();
            let results: Vec<_> = rounds.iter().skip(1).map(|round| &round["content"]).collect();
            let both = |texts: &[String]| texts.len() == 2 && texts[0].contains("4711") && texts[1].contains("4712");
            let sent = ["Order 4711 left on Monday.", "Order 4712 left on Monday."];
            ran.code == Some(0) && text == wanted && both(&calls) && results == sent && right_usage
        }
        Want::Cut => ran.code == Some(4) && text == "This stops in the mid" && right_usage,
        Want::Class(wanted) => ran.code == Some(1) && class == wanted,
    };
    (!right).then(|| format!("not {want:?}: exit {:?}, {outcome}\n     {}", ran.code, ran.err.trim()))
}

#[test]
#[ignore = "needs servers of others: tests/third-party/run.sh starts them"]
fn aimock_is_understood_over_every_wire() {
    let server = Server {
        address: variable("RETORT_AIMOCK"),
        key: "any-key".to_owned(),
        places: vec![
            ("chat", "openai", "/v1", "gpt-5"),
            ("responses", "responses", "/v1", "gpt-5"),
            ("messages", "anthropic", "", "claude-haiku-4-5"),
            ("gemini", "gemini", "/v1beta", "gemini-3.8-flash"),
            ("ollama", "ollama", "", "llama3.2"),
        ],
        lacks: &[
            ("responses", "gpt-5", "Be filtered.", "it ends as failed, without a reason"),
            ("ollama", "llama3.2", "Think, then answer.", "no reasoning there"),
            ("ollama", "llama3.2", "Be cut off.", "no finish but stop there"),
            ("ollama", "llama3.2", "Be filtered.", "no finish but stop there"),
            ("ollama", "llama3.2", "usage", "it counts nothing there"),
        ],
    };
    let wrong = server.checked();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
#[ignore = "needs servers of others: tests/third-party/run.sh starts them"]
fn a_gateway_is_understood_whatever_it_translates() {
    let each = |name, wire, path| ["by-chat", "by-messages", "by-gemini"].map(|model| (name, wire, path, model));
    let places =
        [each("chat", "openai", "/v1"), each("responses", "responses", "/v1"), each("messages", "anthropic", "")];
    let mut server = Server {
        address: variable("RETORT_GATEWAY"),
        key: variable("RETORT_GATEWAY_KEY"),
        places: places.concat(),
        lacks: &[
            ("responses", "by-chat", "Be filtered.", "aimock ends it as failed, without a reason"),
            ("anthropic", "by-chat", "Be filtered.", "it is made an empty answer with `end_turn`"),
            ("openai", "by-gemini", "Where are they?", "aimock finds no results in what LiteLLM makes of them"),
            ("responses", "by-gemini", "Where are they?", "aimock finds no results in what LiteLLM makes of them"),
            ("anthropic", "by-gemini", "Where are they?", "aimock finds no results in what LiteLLM makes of them"),
        ],
    };
    let (home, mut wrong) = (server.home(), server.checked());
    let mut refused = |server: &Server, model: &str, class| {
        for (name, ..) in places.iter().filter_map(|models| models.first()) {
            let (ran, outcome) = server.ask(&home, &format!("{name}-streamed/{model}"), "text", "Say hello.");
            let slip = slip(Want::Class(class), true, &ran, &outcome);
            println!("{} {name} {model}: {class}", if slip.is_none() { "ok  " } else { "FAIL" });
            wrong.extend(slip);
        }
    };
    refused(&server, "nobody", "model_gone");
    "sk-not-a-key".clone_into(&mut server.key);
    refused(&server, "by-chat", "credential");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The MCP server that is the reference of all: its program and arguments; none where it is not installed.
#[allow(clippy::disallowed_methods, reason = "the script that installs it names it in the environment")]
fn mcp_server() -> Option<Vec<String>> {
    let argv = std::env::var("RETORT_MCP").ok().filter(|argv| !argv.is_empty());
    if argv.is_none() {
        println!("skipped: @modelcontextprotocol/server-everything is not installed");
    }
    argv.map(|argv| argv.split_whitespace().map(str::to_owned).collect())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers of others: tests/third-party/run.sh starts them"]
async fn an_mcp_server_lists_answers_and_fails() {
    let Some(argv) = mcp_server() else { return };
    let environment: CommandEnvironment =
        [("PATH", "/usr/bin:/bin")].map(|(name, value)| (name.into(), value.into())).into();
    let mut server = McpServer::start(&argv, &environment).await.unwrap();
    let tools = server.tools().await.unwrap();
    let echo = tools.iter().find(|tool| tool.name == "echo").unwrap();
    assert!(!echo.description.is_empty() && echo.schema().pointer("/properties/message").is_some(), "{echo:?}");
    let arguments = |value: Value| value.as_object().cloned().unwrap_or_default();
    assert_eq!(server.call("echo", &arguments(json!({"message": "hi"}))).await, Ok("Echo: hi".to_owned()));
    let wrong = server.call("get-sum", &arguments(json!({"a": "x"}))).await.unwrap_err();
    assert!(wrong.contains("get-sum") && wrong.contains("number"), "{wrong}");
    let unknown = server.call("no-such-tool", &Map::new()).await.unwrap_err();
    assert!(unknown.contains("no-such-tool"), "{unknown}");
    println!("ok   {} tools, a call, an error of a tool, an unknown tool", tools.len());

    let home = Home::new();
    home.file(
        "config/prompts/all.toml",
        "system = \"Use echo.\"\nuser = \"{{ input }}\"\nmax_rounds = 3\n[response]\nformat = \"text\"\n",
    );
    let taken = home.run(
        &[&["prompts", "tools", "all", "--mcp"][..], &argv.iter().map(String::as_str).collect::<Vec<_>>()].concat(),
    );
    assert_eq!(taken.code, Some(0), "{}", taken.err);
    let ran = home.run_on(&["run", "all", "-m", "demo"], "Say hello.");
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.err.contains("calls echo") && ran.err.contains("Echo: "), "{}", ran.err);
    println!("ok   a run whose tool it answers");
}
