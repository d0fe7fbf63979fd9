//! Programs, MCP servers and people that answer calls of tools: what they are given, what they may not do, and that nothing
//! they started outlives the run.

use std::{collections::BTreeMap, time::Duration};

use retort::{
    engine::tool_programs::{PersonalResults, ToolPrograms, mcp::McpServer},
    model::{RunId, Tool, ToolCall, tool::ToolResult},
    pipeline::ports::{AskedTool, ToolRunner},
    provider::wires::CommandEnvironment,
};
use serde_json::{Map, Value, json};
use tokio::time::timeout;

use crate::support::{
    home::{Home, Ran},
    server::{Script, Server, event_stream},
};

fn run_id() -> RunId {
    "00000000-0000-7000-8000-000000000001".parse().unwrap()
}

fn environment() -> CommandEnvironment {
    [("PATH", "/usr/bin:/bin"), ("LC_ALL", "C")].map(|(name, value)| (name.into(), value.into())).into()
}

fn argv(script: &str) -> Vec<String> {
    ["/bin/sh", "-c", script].map(str::to_owned).to_vec()
}

fn tool(result: ToolResult) -> Tool {
    Tool {
        name: "look".to_owned(),
        description: String::new(),
        parameters: None,
        strict: false,
        cache: None,
        result: Some(result),
    }
}

fn call() -> (ToolCall, Map<String, Value>) {
    let call = ToolCall {
        id: "a".to_owned(),
        name: "look".to_owned(),
        arguments: "{\"city\":\"Paris\"}".to_owned(),
        ..ToolCall::default()
    };
    let arguments = call.values().unwrap();
    (call, arguments)
}

async fn ask(runner: &ToolPrograms, result: ToolResult) -> Result<String, String> {
    let (tool, (call, arguments)) = (tool(result), call());
    timeout(
        Duration::from_secs(30),
        runner.call(AskedTool { run: run_id(), tool: &tool, call: &call, arguments: &arguments }),
    )
    .await
    .expect("an end")
}

async fn program(script: &str) -> Result<String, String> {
    let runner = ToolPrograms::new(environment(), PersonalResults::default());
    ask(&runner, ToolResult { command: Some(argv(script)), ..ToolResult::default() }).await
}

#[tokio::test]
async fn a_program_reads_the_call_and_prints_the_result() {
    let read: Value = serde_json::from_str(&program("cat").await.unwrap()).unwrap();
    assert_eq!(read, json!({"tool": "look", "id": "a", "arguments": {"city": "Paris"}}));
    assert_eq!(program("printf '20 °C\\n\\n'").await, Ok("20 °C".to_owned()));
    let seen = program("env | cut -d= -f1 | tr '\\n' ' '").await.unwrap();
    assert!(seen.contains("PATH") && !seen.contains("API_KEY"), "{seen}");
}

#[tokio::test]
async fn a_program_that_fails_says_why() {
    let failed = program("echo 'no such order' >&2; exit 3").await.unwrap_err();
    assert!(failed.contains("exit code 3") && failed.contains("no such order"), "{failed}");
    let flood = program("yes floods").await.unwrap_err();
    assert!(flood.contains("more than 1 MiB"), "{flood}");
    let bytes = program("printf '\\377'").await.unwrap_err();
    assert!(bytes.contains("not UTF-8"), "{bytes}");
    let runner = ToolPrograms::new(environment(), PersonalResults::default());
    let none = ToolResult { command: Some(vec!["/no/such/program".to_owned()]), ..ToolResult::default() };
    let none = ask(&runner, none).await.unwrap_err();
    assert!(none.contains("no such program"), "{none}");
}

#[tokio::test]
async fn a_program_that_is_given_up_ends_with_all_it_started() {
    let home = Home::new();
    let (begun, mark) = (home.dir("work").join("begun"), home.dir("work").join("mark"));
    let script = format!("(trap '' TERM; sleep 1; touch {}) & touch {}; wait", mark.display(), begun.display());
    let runner = ToolPrograms::new(environment(), PersonalResults::default());
    let (tool, (call, arguments)) =
        (tool(ToolResult { command: Some(argv(&script)), ..ToolResult::default() }), call());
    let asked = runner.call(AskedTool { run: run_id(), tool: &tool, call: &call, arguments: &arguments });
    tokio::select! {
        _ = asked => unreachable!("it waits"),
        () = async { while !begun.exists() { tokio::time::sleep(Duration::from_millis(5)).await } } => {}
    }
    // Its grace is two seconds; what is left of the group is killed then, before the child wakes or after.
    let left = || {
        std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
            std::fs::read_to_string(entry.path().join("cmdline"))
                .is_ok_and(|line| line.contains(&*mark.to_string_lossy()))
        })
    };
    let gone = async {
        while left() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), gone).await.expect("nothing of it is left");
}

#[tokio::test]
async fn a_person_is_asked_where_one_is_there() {
    let people = PersonalResults::default();
    let runner = ToolPrograms::new(environment(), people.clone());
    let by_person = || ToolResult { ask: true, ..ToolResult::default() };
    let nobody = ask(&runner, by_person()).await.unwrap_err();
    assert!(nobody.contains("nobody is asked here"), "{nobody}");
    people.attend();
    let answered = async {
        while !people.answer(run_id(), "a", "typed".to_owned()) {
            tokio::task::yield_now().await;
        }
    };
    let (result, ()) = tokio::join!(ask(&runner, by_person()), answered);
    assert_eq!(result, Ok("typed".to_owned()));
    assert!(!people.answer(run_id(), "a", "late".to_owned()), "it is answered once");
}

/// A server in the shell: it answers what a client asks, in between says what a client passes over, and counts its starts.
fn server(starts: &str, calls: &str) -> Vec<String> {
    argv(&format!(
        r#"echo start >> {starts}; echo 'listening'; echo '{{"jsonrpc":"2.0","method":"notifications/message","params":{{}}}}'
        while read -r line; do
          id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
          case "$line" in
            *initialize\"*) echo '{{"jsonrpc":"2.0","id":'$id',"result":{{"protocolVersion":"2025-06-18","capabilities":{{}}}}}}' ;;
            *tools/list*) echo '{{"jsonrpc":"2.0","id":99,"method":"ping"}}'; read -r pong
              echo '{{"jsonrpc":"2.0","id":'$id',"result":{{"tools":[{{"name":"look","description":"Looks.","inputSchema":{{"type":"object"}}}}]}}}}' ;;
            *tools/call*) {calls} ;;
          esac
        done"#
    ))
}

const ANSWERS: &str = r#"echo '{"jsonrpc":"2.0","id":'$id',"result":{"content":[{"type":"text","text":"sunny"},{"type":"image","data":"x"}]}}'"#;

#[tokio::test]
async fn a_server_is_started_once_for_a_run_and_ends_with_it() {
    let home = Home::new();
    let starts = home.dir("work").join("starts");
    let argv = server(&starts.to_string_lossy(), ANSWERS);
    let runner = ToolPrograms::new(environment(), PersonalResults::default());
    let result = || ToolResult { mcp: Some(argv.clone()), ..ToolResult::default() };
    assert_eq!(ask(&runner, result()).await, Ok("sunny\n[image]".to_owned()));
    assert_eq!(ask(&runner, result()).await, Ok("sunny\n[image]".to_owned()));
    assert_eq!(std::fs::read_to_string(&starts).unwrap().lines().count(), 1);
    runner.ended(run_id());
    assert_eq!(ask(&runner, result()).await, Ok("sunny\n[image]".to_owned()));
    assert_eq!(std::fs::read_to_string(&starts).unwrap().lines().count(), 2, "another run, another server");
}

#[tokio::test]
async fn a_server_lists_its_tools_and_says_what_fails() {
    let mut listed = McpServer::start(&server("/dev/null", ANSWERS), &environment()).await.unwrap();
    let tools = listed.tools().await.unwrap();
    assert_eq!((tools[0].name.as_str(), tools[0].description.as_str()), ("look", "Looks."));
    let failing = [
        (
            r#"echo '{"jsonrpc":"2.0","id":'$id',"result":{"isError":true,"content":[{"type":"text","text":"no order"}]}}'"#,
            "no order",
        ),
        (r#"echo '{"jsonrpc":"2.0","id":'$id',"error":{"code":-32602,"message":"unknown tool"}}'"#, "unknown tool"),
        ("echo 'crashed: 7' >&2; exit 1", "crashed: 7"),
    ];
    for (calls, words) in failing {
        let mut failing = McpServer::start(&server("/dev/null", calls), &environment()).await.unwrap();
        let error = failing.call("look", &Map::new()).await.unwrap_err();
        assert!(error.contains(words), "{error}");
    }
    let error = McpServer::start(&argv("exit 0"), &environment()).await.unwrap_err();
    assert!(error.contains("ended without an answer"), "{error}");
}

const PROMPT: &str = r#"system = "Answer in one sentence."
user = "{{ input }}"
max_rounds = 3

[response]
format = "text"

[[tool]]
name = "find_order"
description = "Finds an order by its number."
parameters = { type = "object", properties = { number = { type = "string" } }, required = ["number"] }
result = { text = "The order {{ number }} left on Monday." }
"#;

#[test]
fn a_prompt_with_a_tool_runs_on_the_demonstration() {
    let home = Home::new();
    home.file("config/prompts/support.toml", PROMPT);
    let ran = home.run_on(&["run", "support", "--model", "demo"], "Where is order 4711?");
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.err.contains("calls find_order"), "{}", ran.err);
    assert!(ran.out.contains("left on Monday"), "the answer is from the result: {}", ran.out);
    let again = home.run_on(&["run", "support", "--model", "demo"], "Where is order 4711?");
    assert!(again.err.contains("from the cache"), "{}", again.err);
    assert_eq!(ran.out, again.out);
}

#[test]
fn tools_of_others_are_taken_into_a_prompts_file() {
    let home = Home::new();
    home.file("config/prompts/support.toml", &format!("# mine\n{PROMPT}"));
    let tools = r#"{"tools":[{"name":"cancel","description":"Cancels.","input_schema":{"type":"object"}}]}"#;
    let taken = home.run_on(&["prompts", "tools", "support", "--from", "-"], tools);
    assert_eq!(taken.code, Some(0), "{}", taken.err);
    let text = std::fs::read_to_string(home.dir("config").join("prompts/support.toml")).unwrap();
    assert!(text.starts_with("# mine\n") && text.contains("name = \"cancel\""), "{text}");
    let shown = home.run(&["prompts", "tools", "support"]);
    let shown: Value = serde_json::from_str(&shown.out).unwrap();
    let names: Vec<&str> =
        shown.as_array().unwrap().iter().filter_map(|tool| tool.pointer("/function/name")?.as_str()).collect();
    assert_eq!(names, ["find_order", "cancel"]);
    let server = server("/dev/null", ANSWERS);
    let mut arguments = vec!["prompts", "tools", "support", "--mcp"];
    arguments.extend(server.iter().map(String::as_str));
    let listed = home.run(&arguments);
    assert_eq!(listed.code, Some(0), "{}", listed.err);
    assert!(listed.out.contains("look"), "{}", listed.out);
    let nothing = home.run_on(&["prompts", "tools", "support", "--from", "-"], "{\"a\": 1}");
    assert!(nothing.code != Some(0) && nothing.err.contains("has no tools"), "{}", nothing.err);
}

#[test]
fn a_program_of_somebody_elses_prompt_is_started_after_a_yes_for_this_content_alone() {
    let home = Home::new();
    let mark = home.dir("work").join("mark");
    let hostile = |more: &str| {
        let command = format!("result = {{ command = [\"/bin/sh\", \"-c\", \"touch {}; echo ok\"] }}", mark.display());
        PROMPT.replace("result = { text = \"The order {{ number }} left on Monday.\" }", &command) + more
    };
    home.file("work/retort.toml", "");
    home.file("work/prompts/theirs.toml", &hostile(""));
    let ask = || home.run_on(&["run", "theirs", "--model", "demo"], "Where is order 4711?");
    let refused = ask();
    assert!(refused.code != Some(0) && !mark.exists(), "{}", refused.err);
    assert!(refused.err.contains("retort trust") && refused.err.contains("start the program"), "{}", refused.err);
    let by_path = home.run_on(&["run", "prompts/theirs.toml", "--model", "demo"], "x");
    assert!(by_path.code != Some(0) && !mark.exists(), "{}", by_path.err);
    let agreed = home.run(&["trust", "prompts/theirs.toml", "--yes"]);
    assert_eq!(agreed.code, Some(0), "{}", agreed.err);
    assert_eq!(ask().code, Some(0));
    assert!(mark.exists());
    std::fs::remove_file(&mark).unwrap();
    home.file("work/prompts/theirs.toml", &hostile("# another byte\n"));
    let refused = ask();
    assert!(refused.code != Some(0) && !mark.exists(), "it is asked again: {}", refused.err);
}

#[test]
fn mistakes_in_tools_are_told_by_their_place() {
    let home = Home::new();
    let mut wrong = BTreeMap::new();
    wrong.insert("name = \"find order\"", "no name of a tool");
    wrong.insert("name = \"find_order\"\nresult = { text = \"a\", column = \"b\" }", "one source");
    wrong.insert("name = \"find_order\"\nparameters = { type = \"array\" }", "JSON Schema of an object");
    wrong.insert("name = \"find_order\"\n[[tool]]\nname = \"find_order\"", "another tool has this name");
    for (text, words) in wrong {
        home.file("config/prompts/support.toml", &format!("user = \"{{{{ input }}}}\"\n\n[[tool]]\n{text}\n"));
        let ran = home.run_on(&["run", "support", "--model", "demo"], "x");
        assert!(ran.code != Some(0) && ran.err.contains(words), "{text}: {}", ran.err);
        assert!(ran.err.contains("support.toml:"), "{}", ran.err);
    }
}

/// A model that calls two tools at once, another one in the next round, and answers.
fn of_two_rounds() -> Vec<Script> {
    let call = |index: usize, id: &str, name: &str, arguments: &str| json!({"index": index, "id": id, "function": {"name": name, "arguments": arguments}});
    let turn = |delta: Value, finish: &str| {
        let chunk = json!({"choices": [{"delta": delta, "finish_reason": finish}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 10}});
        Script::answer(event_stream(format!("data: {chunk}\n\ndata: [DONE]\n\n")))
    };
    let orders =
        [call(0, "1", "find_order", r#"{"number":"4711"}"#), call(1, "2", "find_order", r#"{"number":"4712"}"#)];
    vec![
        turn(json!({"tool_calls": orders}), "tool_calls"),
        turn(json!({"tool_calls": [call(0, "3", "find_order", r#"{"number":"4713"}"#)]}), "tool_calls"),
        turn(json!({"content": "All three left."}), "stop"),
    ]
}

async fn ran(home: &Home, arguments: &[&str]) -> Ran {
    let mut command = home.command(arguments);
    tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap())).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_called_is_told_wherever_a_run_is_shown() {
    let server = Server::start((0..4).flat_map(|_| of_two_rounds())).await;
    let home = Home::new();
    home.file("config/prompts/support.toml", PROMPT);
    home.file(
        "config/config.toml",
        &format!(
            "[providers.own]\nkind = \"openai\"\nbase_url = \"{}/v1\"\ninput_price = 1\noutput_price = 2\n\
             [models.m]\nprovider = \"own\"\nmodel = \"m\"\n",
            server.url
        ),
    );
    home.file("work/input.txt", "Where are they?");
    let run = ran(&home, &["run", "support", "-m", "m", "-i", "input.txt"]).await;
    assert_eq!(run.code, Some(0), "{}", run.err);
    for words in [
        "calls find_order {\"number\":\"4712\"}",
        "{\"number\":\"4713\"}",
        "find_order: The order 4713 left",
        "2 rounds",
    ] {
        assert!(run.err.contains(words), "run: {words}: {}", run.err);
    }
    assert_eq!(run.out.trim_end(), "All three left.");

    let history = ran(&home, &["history", "--json"]).await;
    let id = history.lines()[0]["run"].as_str().unwrap().to_owned();
    let shown = ran(&home, &["show", &id]).await;
    let flat = shown.out.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "round 1: 110 tokens, $0.000120 · 2 calls",
        "round 2: 110 tokens, $0.000120 · 1 call",
        "answer 110 tokens, $0.000120",
        "called find_order {\"number\":\"4711\"}",
        "tool find_order answered after",
        "The order 4713 left on Monday.",
        "2 rounds",
    ] {
        assert!(flat.contains(words), "show: {words}: {}", shown.out);
    }
    let (_, steps) = flat.split_once("── steps").unwrap();
    let places = ["round 1:", "4711", "4712", "round 2:", "4713", "answer 110", "ended"].map(|words| steps.find(words));
    assert!(places.is_sorted() && places.iter().all(Option::is_some), "each round holds its own: {places:?} {flat}");
    let json = ran(&home, &["show", &id, "--json"]).await;
    assert!(json.out.contains("tool_calls") && json.out.contains("4712"), "{}", json.out);

    home.file("work/rows.csv", "input\nWhere are they?\n");
    let batch = ["batch", "support", "rows.csv", "-m", "m", "--no-cache", "--out"];
    let mut made = Vec::new();
    for file in ["a.csv", "a.html", "a.md"] {
        let batch = ran(&home, &[&batch[..], &[file]].concat()).await;
        assert_eq!(batch.code, Some(0), "{file}: {}", batch.err);
        made.push(std::fs::read_to_string(home.dir("work").join(file)).unwrap());
    }
    assert!(made[0].contains("All three left."), "{}", made[0]);
    assert!(["All three left.", "find_order", "4712"].iter().all(|words| made[1].contains(words)), "{}", made[1]);
    assert!(made[2].contains("| support | m | 1 |"), "{}", made[2]);
    let csv = ran(&home, &["history", "--csv"]).await;
    assert!(csv.out.contains("All three left."), "{}", csv.out);
}

/// A prompt whose tool has nobody to answer it: the answer is the call.
const CALLS_ALONE: &str = r#"user = "{{ input }}"

[[tool]]
name = "find_order"
parameters = { type = "object", properties = { note = { type = "string" } } }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_calls_alone_is_found_and_stands_in_every_list_and_export() {
    let arguments = r#"{"note":"the \"blue\" parcel","number":"4711"}"#;
    let call = json!({"index": 0, "id": "1", "function": {"name": "find_order", "arguments": arguments}});
    let chunk = json!({"choices": [{"delta": {"tool_calls": [call]}, "finish_reason": "tool_calls"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10}});
    let script = || Script::answer(event_stream(format!("data: {chunk}\n\ndata: [DONE]\n\n")));
    let server = Server::start((0..6).map(|_| script())).await;
    let home = Home::new();
    let failing = "[[check]]\ntype = \"not-tool-called\"\nvalue = \"find_order\"\n";
    home.file("config/prompts/support.toml", &format!("{CALLS_ALONE}\n{failing}"));
    let settings = format!(
        "[providers.own]\nkind = \"openai\"\nbase_url = \"{}/v1\"\n[models.m]\nprovider = \"own\"\nmodel = \"m\"\n",
        server.url
    );
    home.file("config/config.toml", &settings);
    home.file("work/rows.csv", "input\nWhere is it?\n");
    let batch = ["batch", "support", "rows.csv", "-m", "m", "--no-cache", "--out"];
    for file in ["a.csv", "a.jsonl", "a.html", "a.md", "a.xml"] {
        let batch = ran(&home, &[&batch[..], &[file]].concat()).await;
        assert_eq!(batch.code, Some(100), "{file}: {}", batch.err);
        let made = std::fs::read_to_string(home.dir("work").join(file)).unwrap();
        let plain = made.replace("&quot;", "\"").replace('\\', "").replace("\"\"", "\"");
        for words in ["find_order", "4711", "blue"] {
            assert!(plain.contains(words), "{file}: {words}: {made}");
        }
    }

    for words in ["find_order", "4711", "\"number\":\"47", "\"blue\" parcel", "lue", "ind_ord"] {
        let found = ran(&home, &["history", &format!("'{words}'"), "--json"]).await;
        let quoted = ran(&home, &["history", words, "--json"]).await;
        assert!(found.lines().len() == 5 || quoted.lines().len() == 5, "{words}: {} {}", found.err, quoted.err);
    }
    assert!(ran(&home, &["history", "tool_that_nobody_called", "--json"]).await.out.is_empty());
    let listed = ran(&home, &["history", "--columns", "answer"]).await;
    assert!(listed.out.contains("calls find_order {\"note\""), "{}", listed.out);
    let csv = ran(&home, &["history", "--csv"]).await;
    assert!(csv.out.contains("find_order") && csv.out.contains("4711"), "{}", csv.out);
    let lines = ran(&home, &["history", "--json"]).await;
    assert!(lines.lines()[0]["answer"].as_str().unwrap().contains("find_order"), "{}", lines.out);
}
