//! Prompts as programs, and as what libraries and other tools take; and prompts of theirs.

use std::{fs, process::Command};

use retort::{
    model::{Input, VarValue},
    template::{self, FillBudget},
};
use serde_json::{Value, json};

use crate::support::{
    home::{Home, Ran},
    server::{Script, Server, json as whole},
};

/// The program in Rust as it was written, compiled with the tests.
#[allow(unreachable_pub, reason = "it is written for a program")]
mod triage {
    include!("exported/triage.rs");
}

const PROMPT: &str = "description = \"Triage\"\nsystem = \"\"\"\nYou triage reports for {{ product }}. \\\\ \"quotes\" {{{{ braces }}\nAnswer é in JSON.\"\"\"\n\
    targets = [\"m\"]\n[[message]]\nrole = \"user\"\ncontent = \"It is broken.\"\n[[message]]\nrole = \"assistant\"\ncontent = '{\"severity\": \"major\"}'\n\
    [params]\nmax_tokens = 400\n[response]\nformat = \"schema\"\nschema = { type = \"object\", properties = { severity = { type = \"string\" } }, required = [\"severity\"], additionalProperties = false }\n\
    [[check]]\ntype = \"latency\"\nthreshold = 2000\n";

/// A home with the prompt and a model of this wire at an address.
pub(super) fn home_at(kind: &str, url: &str) -> Home {
    let home = Home::new();
    let base = if kind == "anthropic" || kind == "ollama" { "" } else { "/v1" };
    home.file(
        "config/config.toml",
        &format!(
            "[retry]\nattempts = 1\n[providers.lab]\nkind = \"{kind}\"\nbase_url = \"{url}{base}\"\napi_keys = [\"env:LAB_KEY\"]\n\
             [models.m]\nprovider = \"lab\"\nmodel = \"some-model\"\n"
        ),
    );
    home.file("config/prompts/triage.toml", PROMPT);
    home.file("work/in.txt", "The \"export\" button\nis gone: {{ nothing }}");
    home
}

fn export(home: &Home, form: &str) -> Ran {
    let ran = home.run(&["prompts", "export", "triage", "--as", form]);
    assert_eq!(ran.code, Some(0), "{form}: {}", ran.err);
    ran
}

/// Runs a program that may not be there; none where it is not.
pub(super) fn ran(program: &str, arguments: &[&str]) -> Option<std::process::Output> {
    Command::new(program).args(arguments).env("LAB_KEY", "sk-lab").output().ok()
}

/// A request without what asks for a stream, or for none.
pub(super) fn unstreamed(mut body: Value) -> Value {
    if let Some(fields) = body.as_object_mut() {
        fields.remove("stream");
        fields.remove("stream_options");
    }
    body
}

const GOOD: &str = "{\"severity\": \"critical\"}";

/// Each wire, and a whole answer in it.
pub(super) fn wires() -> [(&'static str, Value); 5] {
    let message = json!({ "role": "assistant", "content": GOOD });
    [
        ("openai", json!({ "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }] })),
        (
            "responses",
            json!({ "object": "response", "status": "completed", "output": [{ "type": "message", "role": "assistant",
                "content": [{ "type": "output_text", "text": GOOD }] }] }),
        ),
        (
            "anthropic",
            json!({ "type": "message", "role": "assistant", "content": [{ "type": "text", "text": GOOD }],
                "stop_reason": "end_turn", "usage": { "input_tokens": 1, "output_tokens": 1 } }),
        ),
        (
            "gemini",
            json!({ "candidates": [{ "content": { "role": "model", "parts": [{ "text": GOOD }] }, "finishReason": "STOP" }] }),
        ),
        ("ollama", json!({ "message": message, "done": true, "done_reason": "stop" })),
    ]
}

/// TypeScript without its types, for a Node that does not know them.
pub(super) fn javascript(program: &str) -> String {
    let lines = program.lines().filter(|line| !line.starts_with("export type"));
    let text = lines.collect::<Vec<_>>().join("\n");
    [
        ": Variables",
        ": Call",
        ": Promise<any>",
        ": Promise<string>",
        ": any[]",
        ": any",
        ": string",
        ": boolean",
        ": number",
    ]
    .iter()
    .fold(text, |text, kind| text.replace(kind, ""))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_sends_what_retort_sends_on_every_wire() {
    for (kind, answer) in wires() {
        let script = || Script::answer(whole("200 OK", &[("connection", "close")], &answer.to_string()));
        let server = Server::start([script(), script(), script()]).await;
        let home = home_at(kind, &server.url);
        let mut command = home.command(&["run", "triage", "-i", "in.txt", "--var", "product=Parcelo"]);
        command.env("LAB_KEY", "sk-lab");
        let told = tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap())).await.unwrap();
        assert_eq!(told.code, Some(0), "{kind}: {}", told.err);
        let input = fs::read_to_string(home.dir("work").join("in.txt")).unwrap();
        let python = export(&home, "python").out;
        let call = format!(
            "{python}\nprint(json.dumps(triage({}, {})))\n",
            serde_json::to_string(&input).unwrap(),
            "\"Parcelo\""
        );
        let typescript = export(&home, "typescript").out;
        let script = format!(
            "{}\nconsole.log(JSON.stringify(await triage({{ input: {}, product: \"Parcelo\" }})));\n",
            javascript(&typescript),
            serde_json::to_string(&input).unwrap()
        );
        let module = home.file("work/triage.mjs", &script);
        let outputs = tokio::task::spawn_blocking(move || {
            [ran("python3", &["-c", &call]), ran("node", &[module.to_str().unwrap()])]
        })
        .await
        .unwrap();
        let mut sent = server.requests().into_iter();
        let retorts = sent.next().unwrap();
        for output in outputs.into_iter().flatten() {
            let out = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success(), "{kind}: {}", String::from_utf8_lossy(&output.stderr));
            let value: Value = serde_json::from_str(&out).unwrap();
            assert_eq!(value, json!({ "severity": "critical" }), "{kind}");
            let own = sent.next().unwrap();
            assert_eq!(unstreamed(own.json()), unstreamed(retorts.json()), "{kind}");
            for header in ["authorization", "x-api-key", "x-goog-api-key", "anthropic-version"] {
                assert_eq!(own.header(header), retorts.header(header), "{kind}: {header}");
            }
            let path = retorts.path.replace("streamGenerateContent?alt=sse", "generateContent");
            assert_eq!(own.path, path, "{kind}");
        }
    }
}

#[test]
fn a_program_in_rust_is_what_was_compiled_here() {
    let home = home_at("openai", "http://127.0.0.1:9");
    let ran = export(&home, "rust");
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/cli/exported/triage.rs");
    if std::env::var_os("RETORT_REWRITE").is_some() {
        fs::write(golden, &ran.out).unwrap();
    }
    assert_eq!(ran.out, fs::read_to_string(golden).unwrap(), "RETORT_REWRITE=1 writes it anew");
    assert_eq!(triage::URL, "http://127.0.0.1:9/v1/chat/completions");
    let body = triage::request("It \"broke\"", "Parcelo");
    let system = body["messages"][0]["content"].as_str().unwrap();
    assert!(system.starts_with("You triage reports for Parcelo. \\ \"quotes\" {{ braces }}\nAnswer é"), "{system}");
    assert_eq!(body["messages"][3]["content"], "It \"broke\"");
    assert_eq!(body["response_format"]["type"], "json_schema");
    let [(_, answer), ..] = wires();
    assert_eq!(triage::answer(&answer).as_deref(), Some(GOOD));
    let cut = json!({ "choices": [{ "message": { "content": "{" }, "finish_reason": "length" }] });
    assert_eq!(triage::answer(&cut), None);
    assert!(ran.err.contains("left out: 1 check"), "{}", ran.err);
    assert_eq!(triage::headers().is_ok(), std::env::var("LAB_KEY").is_ok());
}

#[test]
fn what_a_program_cannot_be_is_refused_by_its_line_and_leads_to_serve() {
    let home = home_at("openai", "http://127.0.0.1:9");
    home.file(
        "config/prompts/odd.toml",
        "system = \"a\\n{% filter zip(2) %}b{% endfilter %}\"\nuser = \"\"\ntargets = [\"m\"]\n[[message]]\nrole = \"user\"\ncontent = \"c {{ input | pprint }}\"\nparts = [{ image = \"{{ photo }}\" }]\n",
    );
    for form in ["python", "typescript", "rust", "openai"] {
        let ran = home.run(&["prompts", "export", "odd", "--as", form]);
        assert_eq!(ran.code, Some(1), "{}", ran.out);
        for words in [
            "message 1 (system), line 2: {% filter zip(2) %}",
            "message 2 (user), line 1: {{ input | pprint }}",
            "the image `{{ photo }}`",
            "`prompt:odd`",
        ] {
            assert!(ran.err.contains(words), "{form}: {words}: {}", ran.err);
        }
        assert_eq!(ran.out, "");
    }
    let demo = home.run(&["prompts", "export", "triage", "--as", "python", "-m", "demo"]);
    assert!(demo.code == Some(2) && demo.err.contains("not asked over HTTP"), "{}", demo.err);
    let data = home.run(&["prompts", "export", "triage", "--as", "json", "--data", "x.csv"]);
    assert!(data.code == Some(2) && data.err.contains("promptfoo"), "{}", data.err);
}

/// For each wire an answer that calls the tool `order` for 7, one that ends, and where in the second request the result is.
fn tool_wires() -> [(&'static str, Value, Value, &'static str); 5] {
    let function = json!({ "name": "order", "arguments": "{\"id\": 7}" });
    let chat = json!({ "role": "assistant", "content": null, "tool_calls": [{ "id": "1", "type": "function", "function": function }] });
    let plain = json!({ "role": "assistant", "content": "", "tool_calls": [{ "function": { "name": "order", "arguments": { "id": 7 } } }] });
    let used = json!({ "type": "tool_use", "id": "1", "name": "order", "input": { "id": 7 } });
    let item = json!({ "type": "function_call", "call_id": "1", "name": "order", "arguments": "{\"id\": 7}" });
    let part = json!({ "functionCall": { "name": "order", "args": { "id": 7 } } });
    let message = json!({ "role": "assistant", "content": "Sent." });
    let said = json!({ "type": "message", "content": [{ "type": "output_text", "text": "Sent." }] });
    [
        (
            "openai",
            json!({ "choices": [{ "message": chat, "finish_reason": "tool_calls" }] }),
            json!({ "choices": [{ "message": message, "finish_reason": "stop" }] }),
            "/messages/2/content",
        ),
        (
            "responses",
            json!({ "status": "completed", "output": [item] }),
            json!({ "status": "completed", "output": [said] }),
            "/input/2/output",
        ),
        (
            "anthropic",
            json!({ "stop_reason": "tool_use", "content": [used] }),
            json!({ "stop_reason": "end_turn", "content": [{ "type": "text", "text": "Sent." }] }),
            "/messages/2/content/0/content",
        ),
        (
            "gemini",
            json!({ "candidates": [{ "content": { "role": "model", "parts": [part] } }] }),
            json!({ "candidates": [{ "content": { "role": "model", "parts": [{ "text": "Sent." }] }, "finishReason": "STOP" }] }),
            "/contents/2/parts/0/functionResponse/response/result",
        ),
        (
            "ollama",
            json!({ "message": plain, "done": true }),
            json!({ "message": message, "done": true, "done_reason": "stop" }),
            "/messages/2/content",
        ),
    ]
}

const TOOL: &str = "user = \"{{ input }}\"\ntargets = [\"m\"]\n[[tool]]\nname = \"order\"\ndescription = \"An order\"\n\
    parameters = { type = \"object\", properties = { id = { type = \"integer\" } } }\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_program_answers_calls_of_tools_on_every_wire() {
    for (kind, calls, done, place) in tool_wires() {
        let script = |body: &Value| Script::answer(whole("200 OK", &[("connection", "close")], &body.to_string()));
        let server = Server::start([&calls, &done, &calls, &done].map(script)).await;
        let home = home_at(kind, &server.url);
        home.file("config/prompts/triage.toml", TOOL);
        let python = export(&home, "python").out;
        let program =
            format!("{python}\nprint(triage('Where is 7?', lambda name, arguments: name + str(arguments['id'])))\n");
        let typescript = export(&home, "typescript");
        assert!(!typescript.err.contains("left out"), "{}", typescript.err);
        let script = format!(
            "{}\nconsole.log(await triage({{ input: \"Where is 7?\" }}, async (name, args) => name + args.id));\n",
            javascript(&typescript.out)
        );
        let module = home.file("work/triage.mjs", &script);
        let outputs = tokio::task::spawn_blocking(move || {
            [ran("python3", &["-c", &program]), ran("node", &[module.to_str().unwrap()])]
        })
        .await
        .unwrap();
        for (at, output) in outputs.into_iter().flatten().enumerate() {
            assert!(output.status.success(), "{kind}: {}", String::from_utf8_lossy(&output.stderr));
            assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "Sent.", "{kind}");
            let second = server.requests()[2 * at + 1].json();
            assert_eq!(second.pointer(place), Some(&json!("order7")), "{kind}: {second}");
        }
    }
}

/// The programs in Rust that answer calls, as they were written, compiled with the tests.
#[allow(unreachable_pub, dead_code, clippy::pedantic, reason = "they are written for a program")]
mod orders {
    pub(super) mod openai {
        include!("exported/orders_openai.rs");
    }
    pub(super) mod responses {
        include!("exported/orders_responses.rs");
    }
    pub(super) mod anthropic {
        include!("exported/orders_anthropic.rs");
    }
    pub(super) mod gemini {
        include!("exported/orders_gemini.rs");
    }
    pub(super) mod ollama {
        include!("exported/orders_ollama.rs");
    }
}

#[test]
fn a_program_in_rust_answers_calls_of_tools_on_every_wire() {
    for (kind, calls, done, place) in tool_wires() {
        let home = home_at(kind, "http://127.0.0.1:9");
        home.file("config/prompts/triage.toml", TOOL);
        let written = export(&home, "rust").out;
        let golden = format!("{}/tests/suite/cli/exported/orders_{kind}.rs", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("RETORT_REWRITE").is_some() {
            fs::write(&golden, &written).unwrap();
        }
        assert_eq!(written, fs::read_to_string(golden).unwrap(), "RETORT_REWRITE=1 writes it anew");
        let call = |name: &str, arguments: &Value| format!("{name}{}", arguments["id"]);
        let ask = |body: &mut Value, response: &Value| match kind {
            "openai" => (orders::openai::answer_calls(body, response, call), orders::openai::answer(response)),
            "responses" => (orders::responses::answer_calls(body, response, call), orders::responses::answer(response)),
            "anthropic" => (orders::anthropic::answer_calls(body, response, call), orders::anthropic::answer(response)),
            "gemini" => (orders::gemini::answer_calls(body, response, call), orders::gemini::answer(response)),
            _ => (orders::ollama::answer_calls(body, response, call), orders::ollama::answer(response)),
        };
        let mut body = match kind {
            "openai" => orders::openai::request("Where is 7?"),
            "responses" => orders::responses::request("Where is 7?"),
            "anthropic" => orders::anthropic::request("Where is 7?"),
            "gemini" => orders::gemini::request("Where is 7?"),
            _ => orders::ollama::request("Where is 7?"),
        };
        assert!(ask(&mut body, &calls).0.unwrap(), "{kind}: it asks again");
        assert_eq!(body.pointer(place), Some(&json!("order7")), "{kind}: {body}");
        let (more, answer) = ask(&mut body, &done);
        assert_eq!((more.unwrap(), answer.as_deref()), (false, Some("Sent.")), "{kind}");
    }
}

#[test]
fn a_prompt_goes_to_langfuse_and_to_dotprompt_and_comes_back() {
    for (form, ending) in [("langfuse", "json"), ("dotprompt", "prompt")] {
        let home = home_at("openai", "http://127.0.0.1:9");
        if form == "langfuse" {
            let literal = home.run(&["prompts", "export", "triage", "--as", form]);
            assert!(literal.code == Some(1) && literal.err.contains("line 1: `{{` that is text"), "{}", literal.err);
            home.file("config/prompts/triage.toml", &PROMPT.replace("{{{{ braces }}", ""));
        }
        let before = home.run(&["prompts", "export", "triage", "--as", "json"]).out;
        let before: Value = serde_json::from_str(&before).unwrap();
        assert_eq!(before["variables"], json!(["product", "input"]));
        let written = export(&home, form).out;
        home.file(&format!("work/triage.{ending}"), &written);
        let again = home.run(&["prompts", "import", &format!("triage.{ending}")]);
        assert!(again.code == Some(1) && again.err.contains("--replace"), "{}", again.err);
        let ran = home.run(&["prompts", "import", &format!("triage.{ending}"), "--replace"]);
        assert_eq!(ran.code, Some(0), "{form}: {}\n{written}", ran.err);
        let after = home.run(&["prompts", "export", "triage", "--as", "json"]).out;
        let after: Value = serde_json::from_str(&after).unwrap();
        for field in ["message", "user", "response", "variables"] {
            assert_eq!(after[field], before[field], "{form}: {field}\n{written}");
        }
        let system = after["system"].as_str().unwrap().replace("{% raw %}{{ braces }}{% endraw %}", "{{{{ braces }}");
        assert_eq!(system.trim(), before["system"].as_str().unwrap().trim(), "{written}");
        assert_eq!(after["params"]["max_tokens"], 400);
    }
}

#[test]
fn what_openai_and_others_take_reads_as_it_did() {
    let home = home_at("openai", "http://127.0.0.1:9");
    for form in ["python", "typescript", "dotprompt", "openai"] {
        insta::assert_snapshot!(format!("exported_{form}"), export(&home, form).out);
    }
    let body: Value = serde_json::from_str(&export(&home, "openai").out).unwrap();
    assert_eq!(body["messages"][3]["content"], "{{input}}");
}

#[test]
fn an_import_that_loses_something_writes_nothing() {
    let home = home_at("openai", "http://127.0.0.1:9");
    home.file("work/a.prompt", "---\nmodel: a/b\ntools: [7]\n---\nHi {{>there}}\n");
    home.file("work/b.json", "{\"name\":\"b\",\"type\":\"chat\",\"prompt\":[{\"role\":\"robot\",\"content\":\"x\"}]}");
    for (file, words) in [
        ("a.prompt", "line 3: `tools`"),
        ("a.prompt", "line 5: `{{>there}}`"),
        ("b.json", "message 1: the role `robot`"),
    ] {
        let ran = home.run(&["prompts", "import", file]);
        assert!(ran.code == Some(1) && ran.err.contains(words) && ran.out.is_empty(), "{words}: {}", ran.err);
    }
    assert_eq!(fs::read_dir(home.dir("config/prompts")).unwrap().count(), 1);
}

/// Imports a dotprompt and returns the prompt as JSON.
fn imported(home: &Home, text: &str) -> (Ran, Value) {
    home.file("work/greeting.prompt", text);
    let ran = home.run(&["prompts", "import", "greeting.prompt", "--replace"]);
    let shown = home.run(&["prompts", "export", "greeting", "--as", "json"]).out;
    (ran, serde_json::from_str(&shown).unwrap_or_default())
}

#[test]
fn partials_of_a_dotprompt_are_put_in_their_places() {
    let home = home_at("openai", "http://127.0.0.1:9");
    home.file("work/_tone.prompt", "Be {{tone}}.\nBe short: {{>count}}\n");
    home.file("work/_count.prompt", "{{#if words}}{{words}} words{{/if}}");
    home.file("work/_self.prompt", "{{>self}}");
    home.file("work/_open.prompt", "{{#if x}}");
    home.file("work/_front.prompt", "---\nmodel: x\n---\n");
    home.file("secret.prompt", "SECRET");
    home.file("_secret.prompt", "SECRET");
    let (ran, prompt) =
        imported(&home, "{{role \"system\"}}\nRules:\n  {{>tone}}\n{{role \"user\"}}\n{{input}} {{> count }}!\n");
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let short = "{% if words %}{{ words }} words{% endif %}";
    assert_eq!(prompt["system"], format!("Rules:\n  Be {{{{ tone }}}}.\n  Be short: {short}"));
    assert_eq!(prompt["user"], format!("{{{{ input }}}} {short}!"));
    for (text, why) in [
        ("a\n{{>gone}}", "line 2: `{{>gone}}` is not there: _gone.prompt beside it"),
        ("{{>self}}", "partial self, line 1: `{{>self}}` is within itself"),
        ("{{>open}}{{/if}}", "opens or closes a block"),
        ("{{>front}}", "has lines of its own"),
        ("{{>tone user}}", "is given `user` to stand in"),
        ("{{>tone who=me other=who}}", "is given `who` anew"),
        ("{{>tone who=(lookup a)}}", "is given `(lookup`"),
        ("{{>../secret}}", "is no name of a partial"),
        ("{{>..%2fsecret}}", "is no name of a partial"),
    ] {
        let (ran, _) = imported(&home, text);
        assert!(ran.code == Some(1) && ran.err.contains(why), "{text}: {}", ran.err);
        assert!(!ran.err.contains("SECRET"), "{}", ran.err);
    }
}

#[test]
fn partials_of_a_dotprompt_take_values_of_their_own() {
    let home = home_at("openai", "http://127.0.0.1:9");
    home.file("work/_greet.prompt", "\nDear {{title}} {{name}},{{#if formal}} yours{{else}} bye{{/if}}\n");
    let text =
        "{{role \"system\"}}\nA\n{{>greet title=\"Dr\" formal=true}}\n\n{{#each people}}{{>greet title=../x}}{{/each}}";
    let (ran, _) = imported(&home, text);
    assert!(ran.code == Some(1) && ran.err.contains("is given `../x`"), "{}", ran.err);
    let text = "{{role \"system\"}}\nA\n{{>greet title=\"Dr\" formal=true}}\n\n{{#each people as |p|}}{{>greet name=p.last title=this.title}}{{/each}}\n\
                {{role \"user\"}}\n{{name}}: {{input}}\n";
    let (ran, prompt) = imported(&home, text);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(prompt["variables"], json!(["name", "people", "input"]));
    let template = prompt["system"].as_str().unwrap();
    let value = |text: &str| VarValue::Json(text.to_owned());
    let vars =
        [("name", value("\"Al\"")), ("people", value("[{\"title\": \"Ms\", \"last\": \"Li\", \"formal\": false}]"))];
    let vars = vars.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let input = Input { vars, ..Input::default() };
    let filled = template::fill(template, &input, &mut FillBudget::new(template.len(), &input)).unwrap();
    assert_eq!(filled, "A\n\nDear Dr Al, yours\n\n\nDear Ms Li, bye\n", "{template}");
}

#[tokio::test(flavor = "multi_thread")]
async fn values_and_tools_of_a_dotprompt_come_in_and_go_out_again() {
    let done =
        json!({ "choices": [{ "message": { "role": "assistant", "content": "Ok." }, "finish_reason": "stop" }] });
    let script = || Script::answer(whole("200 OK", &[("connection", "close")], &done.to_string()));
    let server = Server::start([script(), script()]).await;
    let home = home_at("openai", &server.url);
    let front = "---\nmodel: m\ntools:\n  - search\n  - name: clock\n    description: Tells the time\n    inputSchema:\n      \
                 type: object\n      properties: {}\ninput:\n  schema:\n    language?: string\n  default:\n    language: 'Klingon \"x\"'\n    \
                 strict: true\n    unused: null\n---\n";
    let body = "{{role \"system\"}}\nAnswer in {{language}}.{{#if strict}} At once.{{/if}}\n{{role \"user\"}}\n{{input}} ({{language}})\n";
    let (ran, prompt) = imported(&home, &format!("{front}{body}"));
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.err.contains("left out: what the tools search are"), "{}", ran.err);
    let tools: Vec<&str> =
        prompt["tool"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(tools, ["search", "clock"]);
    assert_eq!(prompt["tool"][1]["description"], "Tells the time");
    assert_eq!(prompt["tool"][1]["parameters"]["type"], "object");
    home.file("work/in.txt", "Hello");
    for more in [&[][..], &["--var", "language=Dutch"]] {
        let mut command =
            home.command(&[&["run", "greeting", "-i", "in.txt", "-m", "m", "--no-cache"][..], more].concat());
        command.env("LAB_KEY", "sk-lab");
        let ran = tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap())).await.unwrap();
        assert_eq!(ran.code, Some(0), "{}", ran.err);
    }
    let said = |at: usize| {
        let messages = server.requests()[at].json()["messages"].clone();
        let text = |at: usize| messages[at]["content"].as_str().unwrap().to_owned();
        (text(0), text(1))
    };
    let own = ("Answer in Klingon \"x\". At once.".to_owned(), "Hello (Klingon \"x\")".to_owned());
    assert_eq!(said(0), own, "its own values");
    assert_eq!(said(1), ("Answer in Dutch. At once.".to_owned(), "Hello (Dutch)".to_owned()), "those that are given");
    let out = home.run(&["prompts", "export", "greeting", "--as", "dotprompt"]);
    assert_eq!(out.code, Some(0), "{}", out.err);
    assert!(out.out.contains("default:") && out.out.contains("language?"), "{}", out.out);
    let (again, same) = imported(&home, &out.out);
    assert_eq!(again.code, Some(0), "{}", again.err);
    for field in ["system", "user"] {
        assert_eq!(same[field], prompt[field], "{}", out.out);
    }
    for (default, why) in
        [("gone: x", "`input.default.gone`: no message names it"), ("language: [null]", "`input.default`")]
    {
        let (ran, _) = imported(&home, &format!("---\ninput:\n  default:\n    {default}\n---\n{body}"));
        assert!(ran.code == Some(1) && ran.err.contains(why), "{default}: {}", ran.err);
    }
}
