//! Prompts and tests from promptfoo's configs, and to them.

use std::fs;

use serde_json::Value;

use crate::support::{
    home::{Home, Ran},
    server::{Script, Server, event_stream},
};

const CONFIG: &str = "prompts:\n  - 'Say {{ word }}'\nproviders: [demo]\ntests:\n  - vars: {word: [a, b]}\n    assert: [{type: contains, value: x}]\noutputPath: o.json\n";

#[test]
fn a_config_becomes_prompts_and_a_data_set_and_a_prompt_a_config() {
    let home = Home::new();
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("pf.yaml");
    fs::write(&config, CONFIG).unwrap();
    let config = config.to_str().unwrap();
    let ran = home.run(&["prompts", "import", config]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.err.contains("pf.yaml:7: `outputPath` has no effect here"), "{}", ran.err);
    let data = dir.path().join("pf.tests.jsonl");
    assert!(ran.out.contains("prompt-1.toml") && ran.out.contains("pf.tests.jsonl"), "{}", ran.out);
    assert_eq!(fs::read_to_string(&data).unwrap().lines().count(), 2);

    let again = home.run(&["prompts", "import", config]);
    assert!(again.code != Some(0) && again.err.contains("--replace"), "{}", again.err);
    assert_eq!(home.run(&["prompts", "import", config, "--replace"]).code, Some(0));

    let out = home.run(&["prompts", "export", "prompt-1", "--data", data.to_str().unwrap()]);
    assert_eq!(out.code, Some(0), "{}", out.err);
    assert!(out.out.contains("raw: \"Say {{ word }}\"") && out.out.contains("word: \"b\""), "{}", out.out);
}

/// An answer of a chat endpoint, streamed.
fn chat(text: &str) -> Script {
    let text = serde_json::to_string(text).unwrap();
    Script::answer(event_stream(format!(
        "data: {{\"choices\":[{{\"delta\":{{\"content\":{text}}}}}]}}\n\ndata: {{\"choices\":[{{\"delta\":{{}},\
         \"finish_reason\":\"stop\"}}],\"usage\":{{\"prompt_tokens\":10,\"completion_tokens\":2}}}}\n\ndata: [DONE]\n\n"
    )))
}

async fn run(home: &Home, more: &[&str]) -> Ran {
    let mut command = home.command(&[&["batch", "-c", "promptfooconfig.yaml", "--trust"], more].concat());
    command.env("LOCAL_KEY", "sk-of-the-server").env("OPENAI_API_KEY", "sk-of-the-vendor");
    tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap())).await.unwrap()
}

fn cells(ran: &Ran) -> Vec<Value> {
    ran.lines().into_iter().filter(|line| line["event"] == "cell").collect()
}

/// Two prompts, two models at addresses of their own, lists, a default test, and what each kind of
/// assertion comes to.
fn config(url: &str) -> String {
    format!(
        "prompts:\n  - {{label: short, raw: 'Say {{{{word}}}}.'}}\n  - {{label: long, raw: 'Please say {{{{word}}}} {{{{how}}}}.'}}\n\
         providers:\n  - id: openai:chat:scripted\n    label: one\n    config: {{apiBaseUrl: '{url}/v1', apiKeyEnvar: LOCAL_KEY, temperature: 0}}\n  \
         - id: openai:chat:scripted\n    label: two\n    config: {{apiBaseUrl: '{url}/v1', temperature: 1, max_tokens: 9}}\n\
         defaultTest:\n  vars: {{how: loudly}}\n  assert:\n    - {{type: not-contains, value: zebra}}\n\
         tests:\n  - vars: {{word: [red, blue]}}\n    assert:\n      - {{type: contains, value: '{{{{word}}}}'}}\n  \
         - description: weighed\n    vars: {{word: red}}\n    threshold: 0.7\n    assert:\n      - {{type: contains, value: nowhere}}\n      \
         - {{type: equals, value: red, weight: 3}}\n  \
         - description: code\n    vars: {{word: red}}\n    assert:\n      - {{type: webhook, value: 'https://x.example', weight: 9}}\n\
         evaluateOptions: {{maxConcurrency: 1, cache: false}}\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_runs_as_it_is() {
    let home = Home::new();
    let server = Server::start((0..32).map(|_| chat("red"))).await;
    home.file("work/promptfooconfig.yaml", &config(&server.url));
    let ran = run(&home, &["--json"]).await;
    assert_eq!(ran.code, Some(100), "{}", ran.err);
    let cells = cells(&ran);
    assert_eq!(cells.len(), 16, "4 rows × 2 prompts × 2 models: {}", ran.err);
    for cell in &cells {
        let wanted = match cell["row"].as_u64() {
            Some(2) => "failed",
            Some(4) => "inconclusive",
            _ => "passed",
        };
        assert_eq!(cell["standing"], wanted, "{cell}");
        assert!(cell["line"].is_null(), "the lines of a copy are nobody's: {cell}");
        let verdicts = cell["verdicts"].as_array().unwrap();
        let code = verdicts.iter().filter(|verdict| verdict.to_string().contains("webhook"));
        let marks: Vec<_> = code.map(|verdict| verdict["status"].as_str().unwrap()).collect();
        assert_eq!(marks, if cell["row"] == 4 { vec!["inconclusive"] } else { vec![] }, "{cell}");
    }
    let requests = server.requests();
    let keyed = requests.iter().filter(|request| request.header("authorization") == Some("Bearer sk-of-the-server"));
    assert_eq!(keyed.count(), 8, "the key that the config names, and to its provider alone");
    assert!(requests.iter().all(|request| !format!("{request:?}").contains("sk-of-the-vendor")));
    let sent: Vec<Value> = requests.iter().map(crate::support::server::Request::json).collect();
    assert_eq!(sent.iter().filter(|body| body["max_tokens"] == 9 && body["temperature"] == 1.0).count(), 8);
    let words = |text: &str| sent.iter().filter(|body| body["messages"].to_string().contains(text)).count();
    assert_eq!((words("\"Say red.\""), words("\"Please say blue loudly.\"")), (6, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_that_was_stopped_goes_on_and_the_command_line_holds_over_it() {
    let home = Home::new();
    let server = Server::start((0..32).map(|_| chat("red"))).await;
    home.file("work/promptfooconfig.yaml", &config(&server.url));
    let first = run(&home, &["--json", "--only", "1-2"]).await;
    assert_eq!((first.code, cells(&first).len(), server.connections()), (Some(100), 8, 8), "{}", first.err);
    let second = run(&home, &["--json"]).await;
    assert!(second.err.contains("going on with batch"), "{}", second.err);
    assert_eq!((second.code, cells(&second).len(), server.connections()), (Some(100), 16, 16), "{}", second.err);
    let third = run(&home, &["--json", "--only", "1", "--samples", "2"]).await;
    assert_eq!((third.code, cells(&third).len(), server.connections()), (Some(0), 8, 24), "{}", third.err);
    assert!(home.dir("work").read_dir().unwrap().count() == 1, "nothing is written for it");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_judged_here_never_passes() {
    let home = Home::new();
    let server = Server::start((0..4).map(|_| chat("red"))).await;
    home.file(
        "work/promptfooconfig.yaml",
        &format!(
            "prompts: ['hi {{{{text}}}}']\nproviders:\n  - {{id: 'openai:chat:s', config: {{apiBaseUrl: '{}/v1'}}}}\n\
             tests:\n  - vars: {{text: x}}\n    assert: [{{type: webhook, value: 'https://x.example'}}]\nsharing: true\n",
            server.url
        ),
    );
    let ran = run(&home, &["--json"]).await;
    let standing: Vec<Value> = cells(&ran).iter().map(|cell| cell["standing"].clone()).collect();
    assert_eq!((standing, ran.code), (vec![Value::from("inconclusive")], Some(100)), "{}", ran.err);
    assert!(ran.err.contains("1 × webhook"), "{}", ran.err);
    assert!(ran.err.contains(":7: `sharing` has no effect here"), "{}", ran.err);
    assert!(ran.err.contains("openai:chat:s sets no temperature, so 0.3 is sent"), "{}", ran.err);
    assert_eq!(server.requests()[0].json()["messages"].to_string().matches("hi x").count(), 1);
}

#[test]
fn echo_answers_with_the_prompt_and_asks_nobody() {
    let home = Home::new();
    let tests = "tests:\n  - vars: {a: x}\n    assert: [{type: equals, value: 'Say x.'}]\n";
    home.file("work/c.yaml", &format!("prompts: ['Say {{{{a}}}}.']\nproviders: [echo]\n{tests}"));
    let ran = home.run(&["batch", "-c", "c.yaml", "--json"]);
    assert_eq!((ran.code, cells(&ran).len()), (Some(0), 1), "{}", ran.err);
    assert_eq!(cells(&ran)[0]["answer"], "Say x.", "{}", cells(&ran)[0]);
}

#[cfg(unix)]
#[test]
fn a_program_is_given_the_prompt_and_starts_only_after_a_yes() {
    let home = Home::new();
    let tests = "tests:\n  - vars: {a: x}\n    assert: [{type: equals, value: 'got Say x. {}'}]\n";
    home.file("work/answer.sh", "printf 'got %s %s' \"$1\" \"$2\"; : >ran\n");
    home.file("work/c.yaml", &format!("prompts: ['Say {{{{a}}}}.']\nproviders: ['exec: sh answer.sh']\n{tests}"));
    let refused = home.run(&["batch", "-c", "c.yaml", "--json"]);
    assert!(refused.code == Some(1) && refused.err.contains("start the program `sh answer.sh`"), "{}", refused.err);
    assert!(!home.dir("work").join("ran").exists(), "it was started");
    let ran = home.run(&["batch", "-c", "c.yaml", "--json", "--trust"]);
    assert_eq!((ran.code, cells(&ran)[0]["standing"].as_str()), (Some(0), Some("passed")), "{} {}", ran.err, ran.out);
}

#[test]
fn providers_in_python_and_javascript_answer_after_a_yes() {
    let home = Home::new();
    home.file(
        "work/p.py",
        "import os\nprint('to nobody')\nos.system('echo neither')\nasync def ask(prompt, options, context):\n    \
         return {'output': {'got': prompt, 'n': options['config']['n']}, 'tokenUsage': {'prompt': 3, 'completion': 2, 'total': 5}}\n\
         def call_api(prompt, options, context):\n    return {'error': 'no such luck'}\n",
    );
    home.file(
        "work/p.cjs",
        "console.log('to nobody');\nmodule.exports = class {\n  constructor(options) { this.n = options.config.n; }\n  \
         id() { return 'p'; }\n  async callApi(prompt) { return { output: `${prompt} ${this.n}` }; }\n};\n",
    );
    home.file(
        "work/c.yaml",
        "prompts: ['Say {{a}}.']\nproviders:\n  - {id: 'file://p.py:ask', config: {n: 7}}\n  - file://p.py\n  - {id: 'file://p.cjs', \
         config: {n: 8}}\ntests:\n  - vars: {a: x}\n    assert: [{type: contains, value: Say x.}]\n",
    );
    let refused = home.run(&["batch", "-c", "c.yaml", "--json"]);
    assert!(refused.code == Some(1) && refused.err.contains("start the program `node p.cjs`"), "{}", refused.err);
    let ran = home.run(&["batch", "-c", "c.yaml", "--json", "--trust"]);
    let found = cells(&ran);
    let of = |target: &str| found.iter().find(|cell| cell["target"] == target).unwrap();
    assert_eq!(of("file://p.py:ask")["standing"], "passed", "{} {}", ran.err, ran.out);
    assert_eq!(of("file://p.cjs")["standing"], "passed", "{} {}", ran.err, ran.out);
    assert_eq!(of("file://p.py")["standing"], "error");
    assert!(of("file://p.py").to_string().contains("no such luck"), "{}", ran.out);
}

#[test]
fn models_named_on_the_command_line_take_the_place_of_the_providers() {
    let home = Home::new();
    let tests = "tests:\n  - vars: {a: x}\n    assert: [{type: equals, value: 'Say x.'}]\n";
    home.file("work/c.yaml", &format!("prompts: ['Say {{{{a}}}}.']\nproviders:\n  - bedrock:nova\n{tests}"));
    let refused = home.run(&["batch", "-c", "c.yaml", "--json"]);
    assert!(refused.code == Some(1) && refused.err.contains("c.yaml:3: the provider `bedrock`"), "{}", refused.err);
    let ran = home.run(&["batch", "-c", "c.yaml", "-m", "demo:echo", "-m", "demo:down", "--json"]);
    let found: Vec<_> = cells(&ran).iter().map(|cell| (cell["target"].clone(), cell["standing"].clone())).collect();
    assert_eq!(found.len(), 2, "{}", ran.err);
    assert_eq!((found[0].1.as_str(), ran.code), (Some("passed"), Some(100)), "{found:?} {}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_judges_is_asked_with_the_settings_of_its_own() {
    let home = Home::new();
    let server = Server::start((0..2).map(|_| chat("{\"pass\": true, \"score\": 1, \"reason\": \"fine\"}"))).await;
    home.file(
        "work/promptfooconfig.yaml",
        &format!(
            "prompts: ['Say {{{{a}}}}.']\nproviders: [echo]\ndefaultTest:\n  options:\n    provider:\n      id: openai:chat:strict\n      \
             config: {{apiBaseUrl: '{}/v1', apiKeyEnvar: LOCAL_KEY, max_tokens: 77}}\n\
             tests:\n  - vars: {{a: x}}\n    assert: [{{type: llm-rubric, value: says x}}]\n",
            server.url
        ),
    );
    let ran = run(&home, &["--json"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let asked = &server.requests()[0];
    assert_eq!((asked.json()["model"].as_str(), asked.json()["max_tokens"].as_u64()), (Some("strict"), Some(77)));
    assert_eq!(asked.header("authorization"), Some("Bearer sk-of-the-server"));
}

#[test]
fn what_is_wrong_with_a_config_is_said_before_the_first_call() {
    let home = Home::new();
    home.file("work/bad.yaml", "prompts: ['{{a}}']\nproviders: [demo]\nextensions: [x]\n");
    home.file("work/open.yaml", "prompts: ['{{a}}']\nproviders: [demo]\ntests:\n  - vars: {b: x}\n");
    home.file("work/rows.csv", "a\nx\n");
    for (arguments, code, word) in [
        (&["-c", "bad.yaml"][..], 1, "bad.yaml:3: `extensions` runs code"),
        (&["-c", "open.yaml"], 1, "test 1 gives no value to `a`"),
        (&["-c", "nowhere.yaml"], 1, "there is no config"),
        (&["-c", "open.yaml", "p", "rows.csv"], 2, "cannot be used with"),
        (&["-c", "open.yaml", "-m", "nobody"], 2, "no model is called `nobody`"),
    ] {
        let ran = home.run(&[&["batch"], arguments].concat());
        assert_eq!(ran.code, Some(code), "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains(word), "{arguments:?}: {}", ran.err);
    }
}

#[test]
fn an_export_names_what_it_leaves_out_and_refuses_what_would_be_read_otherwise() {
    let home = Home::new();
    home.file(
        "config/prompts/p.toml",
        "user = \"{{ q }}\"\ntargets = [\"gpt-4o-mini\", \"demo\"]\nfallback = [\"demo\"]\n[response]\nformat = \"json\"\nrequired = [\"a\", \"/b/c\"]\n\
         confidence = \"/sure\"\nmin_confidence = 0.7\n[[check]]\ntype = \"format\"\n[[check]]\ntype = \"contains\"\nvalue = \"file://x\"\n",
    );
    let ran = home.run(&["prompts", "export", "p"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    for word in ["fallbacks demo", "`demo`", "type format", "file://x"] {
        assert!(ran.err.contains(word), "{word}: {}", ran.err);
    }
    for word in ["openai:chat:gpt-4o-mini", "temperature: 0.3", "is-json", "JSON.parse(output)", ">= 0.7"] {
        assert!(ran.out.contains(word), "{word}: {}", ran.out);
    }
    home.file("work/good.csv", "q\nplain\n");
    home.file("work/again.yaml", &home.run(&["prompts", "export", "p", "--data", "good.csv"]).out);
    let again = home.run(&["prompts", "import", "again.yaml", "--replace"]);
    assert_eq!(again.code, Some(0), "{}\n{}", again.err, ran.out);
    for (value, word) in [("file:///etc/passwd", "the name of a file"), ("{{ x }}", "as a template")] {
        home.file("work/rows.csv", &format!("q\nplain\n{value}\n"));
        let ran = home.run(&["prompts", "export", "p", "--data", "rows.csv"]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{value}: {}", ran.err);
        assert!(ran.err.contains("row 2 (line 3)") && ran.err.contains(word), "{}", ran.err);
    }
}

#[test]
fn an_export_writes_a_secret_header_as_a_variable_and_an_import_takes_it() {
    let home = Home::new();
    home.file(
        "config/config.toml",
        "[providers.gate]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:9/v1\"\nheaders = { x-team = \"eval\", \
         x-gate-token = \"env:GATE\", x-b = \"file:/secret/b\", x-c = \"{% c %}\" }\n",
    );
    home.file("config/prompts/p.toml", "user = \"{{ q }}\"\ntargets = [\"gate/m\"]\n");
    let ran = home.run(&["prompts", "export", "p"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    for word in ["\"x-team\": \"eval\"", "\"{{env.GATE}}\"", "\"{{env.X_B}}\""] {
        assert!(ran.out.contains(word), "{word}: {}", ran.out);
    }
    assert!(!ran.out.contains("/secret/b") && !ran.out.contains("x-c"), "{}", ran.out);
    assert!(ran.err.contains("left out: the header `x-c` of `gate/m`"), "{}", ran.err);
    home.file("work/again.yaml", &ran.out);
    let again = home.run(&["prompts", "import", "again.yaml", "--replace"]);
    assert!(!again.err.contains("the header"), "{}", again.err);
}

#[test]
fn many_tests_are_imported_and_a_mistake_in_the_last_writes_nothing() {
    let home = Home::new();
    let words = "w".repeat(400);
    let rows = (0..6000).map(|row| format!("{row},{words}")).collect::<Vec<_>>().join("\n");
    home.file("work/rows.csv", &format!("n,text\n{rows}\n"));
    home.file("work/big.yaml", "prompts: ['{{n}}: {{text}}']\nproviders: [demo]\ntests: file://rows.csv\n");
    let ran = home.run(&["prompts", "import", "big.yaml"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let data = home.dir("work").join("big.tests.jsonl");
    assert!(fs::metadata(&data).unwrap().len() > 2 << 20, "more than a prompt's file may hold");
    assert_eq!(fs::read_to_string(&data).unwrap().lines().count(), 6000);

    home.file("work/rows.csv", &format!("n,text\n{rows}\n7,x,too many\n"));
    home.file(
        "work/other.yaml",
        "prompts: [{label: other, raw: '{{n}}'}]\nproviders: [demo]\ntests: file://rows.csv\n",
    );
    let ran = home.run(&["prompts", "import", "other.yaml"]);
    assert!(ran.code == Some(1) && ran.err.contains("line 6002"), "{}", ran.err);
    assert!(!home.files().iter().any(|file| file.to_string_lossy().contains("other.t")), "{:?}", home.files());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_judge_that_a_config_names_is_asked() {
    let home = Home::new();
    let judgement = || chat("{\"pass\": false, \"score\": 0.2, \"reason\": \"too short\"}");
    let server = Server::start([chat("red"), judgement(), chat("blue"), judgement()]).await;
    let url = &server.url;
    home.file(
        "work/promptfooconfig.yaml",
        &format!(
            "prompts: ['hi {{{{q}}}}']\nproviders:\n  - {{id: 'openai:chat:small', config: {{apiBaseUrl: '{url}/v1', temperature: 0}}}}\n  \
             - {{id: 'openai:chat:large', label: judge, prompts: [nobody], config: {{apiBaseUrl: '{url}/v1', temperature: 0}}}}\n\
             defaultTest:\n  options: {{provider: judge}}\n  assert: [{{type: llm-rubric, value: 'It greets {{{{q}}}}.'}}]\n\
             tests:\n  - vars: {{q: Ada}}\n"
        )
        .replace("[nobody]", "[other]")
        .replace("prompts: ['hi {{q}}']", "prompts: [{label: one, raw: 'hi {{q}}'}, {label: other, raw: 'ho'}]")
        .replace("'openai:chat:small', ", "'openai:chat:small', prompts: [one], "),
    );
    let ran = run(&home, &["--json", "-j", "1", "--dry-run"]).await;
    assert_eq!(ran.lines()[0]["cells"], 2, "{}", ran.err);
    let ran = run(&home, &["--json", "-j", "1"]).await;
    let requests: Vec<Value> = server.requests().iter().map(crate::support::server::Request::json).collect();
    assert!(requests[1]["model"] == "large" && requests[1].to_string().contains("It greets Ada."), "{requests:?}");
    let cells = cells(&ran);
    assert_eq!(cells[0]["standing"], "failed", "{}\n{}", cells[0], ran.err);
    assert!(cells[0]["verdicts"].to_string().contains("too short"), "{}", cells[0]);
}
