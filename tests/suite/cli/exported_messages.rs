//! Messages of programs: many that may come out empty, calls of tools beside conditions, and files that are read beside the
//! program. A program sends what retort sends.

use std::fs;

use serde_json::{Value, json};

use super::exported::{home_at, javascript, ran, unstreamed, wires};
use crate::support::{
    home::{Home, Ran},
    server::{Script, Server, json as whole},
};

/// The program in Rust as it was written, compiled with the tests.
#[allow(unreachable_pub, dead_code, clippy::all, clippy::pedantic, reason = "it is written for a program")]
mod compiled {
    include!("exported/messages.rs");
}

/// Two messages of the system and five pairs, of which any may be empty.
fn many() -> String {
    let pair = |at: usize| {
        format!(
            "[[message]]\nrole = \"user\"\ncontent = \"{{% if e{at} %}}Q {{{{ e{at} }}}}{{% endif %}}\"\n\
             [[message]]\nrole = \"assistant\"\ncontent = \"{{% if e{at} %}}{{{{ e{at}|upper }}}}{{% endif %}}\"\n"
        )
    };
    let pairs: String = (1..6).map(pair).collect();
    format!(
        "system = \"{{% if tone %}}Be {{{{ tone }}}}.{{% endif %}}\"\nuser = \"{{{{ input }}}}\"\ntargets = [\"m\"]\n\
         [[message]]\nrole = \"system\"\ncontent = \"{{{{ rules|default('') }}}}\"\n{pairs}"
    )
}

fn many_cases() -> Vec<Value> {
    let case = |words: &[(&str, &str)]| {
        let mut case =
            json!({ "input": "Hi", "tone": "", "rules": "", "e1": "", "e2": "", "e3": "", "e4": "", "e5": "" });
        for (name, value) in words {
            case[*name] = json!(value);
        }
        case
    };
    vec![
        case(&[]),
        case(&[("tone", "kind"), ("rules", "None."), ("e1", "a"), ("e2", "b"), ("e3", "c"), ("e4", "d"), ("e5", "e")]),
        case(&[("e2", "b"), ("e5", "e")]),
        case(&[("rules", "Only."), ("input", " ")]),
        case(&[("tone", "kind"), ("input", ""), ("e3", "c")]),
    ]
}

/// Calls of tools, whose texts depend on values.
const CALLS: &str = "system = \"{% if strict %}Be strict.{% else %}Be kind.{% endif %}\"\nuser = \"{{ input }}\"\ntargets = [\"m\"]\n\
    [[message]]\nrole = \"user\"\ncontent = \"Where is {{ number + 1 }}{% if strict %}, exactly{% endif %}?\"\n\
    [[message]]\nrole = \"assistant\"\ncontent = \"I look{% if strict %} closely{% endif %}.\"\n\
    tool_calls = [{ id = \"call_1\", name = \"find_order\", arguments = '{\"number\": 71}' }]\n\
    [[message]]\nrole = \"tool\"\ncontent = \"{% for line in lines %}{{ line }};{% endfor %}\"\nreply = { id = \"call_1\", name = \"find_order\" }\n\
    [[tool]]\nname = \"find_order\"\nparameters = { type = \"object\", properties = { number = { type = \"integer\" } } }\n";

/// Files beside the prompt, one of them sent twice.
const FILES: &str = "user = \"{{ input }}{% if closely %} Look closely.{% endif %}\"\ntargets = [\"m\"]\n\
    [[message]]\nrole = \"user\"\ncontent = \"This is a dot.\"\nparts = [{ image = \"pictures/dot.png\" }]\n\
    [[message]]\nrole = \"assistant\"\ncontent = \"I see.\"\n\
    [[message]]\nrole = \"user\"\ncontent = \"Again, with more.\"\nparts = [{ image = \"pictures/dot.png\" }, { file = \"paper.pdf\" }]\n\
    [[message]]\nrole = \"assistant\"\ncontent = \"I see that, too.\"\n";

/// A picture of one pixel.
const DOT: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0, 1, 8,
    6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 0x0d, b'I', b'D', b'A', b'T', 0x78, 0x9c, 0x63, 0x60, 0x60, 0x60,
    0x60, 0, 0, 0, 5, 0, 1, 0xa5, 0xf6, 0x45, 0x40, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];
const PAPER: &[u8] = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n";

/// What a prompt is tried with.
struct Tried<'a> {
    kind: &'a str,
    prompt: &'a str,
    cases: Vec<Value>,
    /// More lines of the program's test, with `call` for what answers calls of tools.
    has_tools: bool,
}

/// Runs a prompt and the programs of it with the same values against a server, and compares what they send.
async fn sends_the_same(tried: Tried<'_>) {
    let Tried { kind, prompt, cases, has_tools } = tried;
    let answer = wires().into_iter().find(|(wire, _)| *wire == kind).map(|(_, answer)| answer).unwrap();
    let script = || Script::answer(whole("200 OK", &[("connection", "close")], &answer.to_string()));
    let server = Server::start((0..3 * cases.len()).map(|_| script())).await;
    let home = home_with(kind, &server.url, prompt);
    for case in &cases {
        let mut command = run(&home, case);
        command.env("LAB_KEY", "sk-lab");
        let told = tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap())).await.unwrap();
        assert_eq!(told.code, Some(0), "{kind}: {}", told.err);
    }
    let export = |form: &str| {
        let ran = home.run(&["prompts", "export", "triage", "--as", form]);
        assert_eq!(ran.code, Some(0), "{kind}, {form}: {}", ran.err);
        ran.out
    };
    let all = Value::from(cases.clone()).to_string();
    let call = if has_tools { ", call=lambda name, arguments: ''" } else { "" };
    let python = format!(
        "{}\nfor case in json.loads({}):\n    triage(**case{call})\n",
        export("python"),
        Value::from(all.clone())
    );
    let call = if has_tools { ", () => \"\"" } else { "" };
    let node = format!("{}\nfor (const one of {all}) await triage(one{call});\n", javascript(&export("typescript")));
    let (script, module) = (home.file("work/triage.py", &python), home.file("work/triage.mjs", &node));
    for folder in ["work", "config/prompts"] {
        fs::create_dir_all(home.dir(folder).join("pictures")).unwrap();
        fs::write(home.dir(folder).join("dot.png"), DOT).unwrap();
        fs::write(home.dir(folder).join("paper.pdf"), PAPER).unwrap();
    }
    let outputs = tokio::task::spawn_blocking(move || {
        [ran("python3", &[script.to_str().unwrap()]), ran("node", &[module.to_str().unwrap()])]
    })
    .await
    .unwrap();
    let requests = server.requests();
    let (retorts, others) = requests.split_at(cases.len());
    for (output, sent) in outputs.into_iter().flatten().zip(others.chunks(cases.len())) {
        assert!(output.status.success(), "{kind}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(sent.len(), cases.len(), "{kind}");
        for ((own, retorts), case) in sent.iter().zip(retorts).zip(&cases) {
            assert_eq!(unstreamed(own.json()), unstreamed(retorts.json()), "{kind}: {case}");
        }
    }
}

/// A home with a prompt, and the files that it may name.
fn home_with(kind: &str, url: &str, prompt: &str) -> Home {
    let home = home_at(kind, url);
    home.file("config/prompts/triage.toml", prompt);
    fs::create_dir_all(home.dir("config/prompts").join("pictures")).unwrap();
    fs::write(home.dir("config/prompts").join("pictures/dot.png"), DOT).unwrap();
    fs::write(home.dir("config/prompts").join("paper.pdf"), PAPER).unwrap();
    home
}

fn run(home: &Home, case: &Value) -> std::process::Command {
    home.file("work/in.txt", case["input"].as_str().unwrap());
    let mut arguments: Vec<String> =
        ["run", "triage", "-i", "in.txt", "--no-cache"].into_iter().map(str::to_owned).collect();
    for (name, value) in case.as_object().unwrap().iter().filter(|(name, _)| *name != "input") {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        arguments.extend(["--var".to_owned(), format!("{name}={text}")]);
    }
    home.command(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

#[tokio::test(flavor = "multi_thread")]
async fn many_messages_are_each_left_out_where_they_come_out_empty() {
    for kind in ["openai", "responses", "ollama"] {
        sends_the_same(Tried { kind, prompt: &many(), cases: many_cases(), has_tools: false }).await;
    }
    let home = home_with("anthropic", "http://127.0.0.1:9", &many());
    let ran = home.run(&["prompts", "export", "triage", "--as", "python"]);
    assert!(ran.code == Some(1) && ran.err.contains("are sent otherwise together"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_stand_beside_calls_of_tools_on_every_wire() {
    for (kind, _) in wires() {
        let cases = vec![
            json!({ "input": "And now?", "strict": "yes", "number": 70, "lines": ["a", "b"] }),
            json!({ "input": "And now?", "strict": "", "number": 1.5, "lines": [] }),
        ];
        sends_the_same(Tried { kind, prompt: CALLS, cases, has_tools: true }).await;
    }
    let empty = CALLS.replace("I look{% if strict %} closely{% endif %}.", "{% if strict %}I look.{% endif %}");
    let home = home_with("openai", "http://127.0.0.1:9", &empty);
    let ran = home.run(&["prompts", "export", "triage", "--as", "python"]);
    assert!(
        ran.code == Some(1) && ran.err.contains("beside calls of tools (a text that may come out empty)"),
        "{}",
        ran.err
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_read_beside_the_program_on_every_wire() {
    for (kind, _) in wires() {
        let prompt = if kind == "ollama" { FILES.replace(", { file = \"paper.pdf\" }", "") } else { FILES.to_owned() };
        let cases =
            vec![json!({ "input": "What is it?", "closely": "yes" }), json!({ "input": "What?", "closely": "" })];
        sends_the_same(Tried { kind, prompt: &prompt, cases, has_tools: false }).await;
    }
    let home = home_with("openai", "http://127.0.0.1:9", FILES);
    let ran = home.run(&["prompts", "export", "triage", "--as", "python"]);
    assert!(ran.err.contains("note: `dot.png` is read beside the program"), "{}", ran.err);
    assert!(!ran.out.contains("pictures") && !ran.out.contains(home.dir("config").to_str().unwrap()), "{}", ran.out);
    for (prompt, why) in [
        (FILES.replace("paper.pdf", "paper"), "the file `paper`, whose name does not say what it is"),
        (FILES.replace("{ file = \"paper.pdf\" }", "{ image = \"other/dot.png\" }"), "two files of the name `dot.png`"),
        (FILES.replace("pictures/dot.png", "data:image/gif;base64,R0lGODlhAQABAAAAACw="), "which are written out"),
    ] {
        home.file("config/prompts/triage.toml", &prompt);
        let ran = home.run(&["prompts", "export", "triage", "--as", "python"]);
        assert!(ran.code == Some(1) && ran.err.contains(why) && ran.out.is_empty(), "{why}: {}", ran.err);
    }
}

#[test]
fn a_program_in_rust_reads_files_and_leaves_out_many_messages() {
    let files = FILES.split_once("[[message]]").map(|(_, rest)| format!("[[message]]{rest}")).unwrap();
    let home = home_with("openai", "http://127.0.0.1:9", &(many() + &files));
    let ran = home.run(&["prompts", "export", "triage", "--as", "rust"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/cli/exported");
    let golden = format!("{folder}/messages.rs");
    if std::env::var_os("RETORT_REWRITE").is_some() {
        fs::write(&golden, &ran.out).unwrap();
        fs::write(format!("{folder}/dot.png"), DOT).unwrap();
        fs::write(format!("{folder}/paper.pdf"), PAPER).unwrap();
    }
    assert_eq!(ran.out, fs::read_to_string(golden).unwrap(), "RETORT_REWRITE=1 writes it anew");
    let texts = |body: &Value| -> Vec<String> {
        let text = |message: &Value| match &message["content"] {
            Value::String(text) => text.clone(),
            parts => parts[0]["text"].as_str().unwrap_or_default().to_owned(),
        };
        body["messages"].as_array().unwrap().iter().map(text).collect()
    };
    let body = compiled::request("Hi", "", "", "b", "", "", "e", Some("Only.")).unwrap();
    let sent =
        ["Only.", "Q b", "B", "Q e", "E", "This is a dot.", "I see.", "Again, with more.", "I see that, too.", "Hi"];
    assert_eq!(texts(&body), sent);
    let picture = body.pointer("/messages/5/content/1/image_url/url").and_then(Value::as_str).unwrap();
    assert!(
        picture.starts_with("data:image/png;base64,iVBORw0KGgo") && picture.ends_with("BJRU5ErkJggg=="),
        "{picture}"
    );
}
