//! Conversations of promptfoo's that go on from test to test: each in its order, with what was answered before, gone on with
//! where they stopped; and rows with turns, written as such tests.

use serde_json::Value;

use crate::support::{
    home::{Home, Ran},
    server::{Request, Script, Server, event_stream},
};

/// The prompt of promptfoo's documentation.
const CHAT: &str = r#"[
  {"role": "system", "content": "Be brief."},
  {% for completion in _conversation %}
    {
      "role": "user",
      "content": "{{ completion.input }}"
    },
    {
      "role": "assistant",
      "content": "{{ completion.output }}"
    },
  {% endfor %}
  {
    "role": "user",
    "content": "{{ question }}"
  }
]"#;

fn answer(text: &str) -> Script {
    let text = serde_json::to_string(text).unwrap();
    Script::answer(event_stream(format!(
        "data: {{\"choices\":[{{\"delta\":{{\"content\":{text}}}}}]}}\n\ndata: {{\"choices\":[{{\"delta\":{{}},\
         \"finish_reason\":\"stop\"}}],\"usage\":{{\"prompt_tokens\":10,\"completion_tokens\":2}}}}\n\ndata: [DONE]\n\n"
    )))
}

fn at_home(server: &Server) -> Home {
    let home = Home::new();
    home.file("work/prompt.json", CHAT);
    let test = |question: &str, id: &str| {
        format!("  - vars: {{question: '{question}'}}\n    metadata: {{conversationId: {id}}}\n")
    };
    let tests = [("a1", "a"), ("b1", "b"), ("a2", "a"), ("b2", "b"), ("a3", "a")].map(|(text, id)| test(text, id));
    home.file(
        "work/c.yaml",
        &format!(
            "prompts: [file://prompt.json]\nproviders:\n  - {{id: 'openai:chat:s', config: {{apiBaseUrl: '{}/v1', temperature: 0}}}}\n\
             tests:\n{}",
            server.url,
            tests.concat()
        ),
    );
    home
}

async fn ran(home: &Home, arguments: &[&str]) -> Ran {
    let mut command = home.command(arguments);
    tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap())).await.unwrap()
}

/// What was said in each request, in the order of its last message: that is a question of its own.
fn said(server: &Server) -> Vec<String> {
    let texts = |request: &Request| {
        let body = request.json();
        let all = body["messages"].as_array().unwrap().iter();
        all.map(|message| message["content"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let mut all: Vec<Vec<String>> = server.requests().iter().map(texts).collect();
    all.sort_by(|one, other| one.last().cmp(&other.last()));
    all.into_iter().map(|texts| texts.join(" | ")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_goes_on_with_the_conversation_it_names() {
    let server = Server::start((0..8).map(|_| answer("\"yes\"\nand no"))).await;
    let home = at_home(&server);
    let ran = ran(&home, &["batch", "-c", "c.yaml", "--trust", "--json", "--no-cache"]).await;
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    assert_eq!(
        said(&server),
        [
            "Be brief. | a1",
            "Be brief. | a1 | \"yes\"\nand no | a2",
            "Be brief. | a1 | \"yes\"\nand no | a2 | \"yes\"\nand no | a3",
            "Be brief. | b1",
            "Be brief. | b1 | \"yes\"\nand no | b2",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_that_was_stopped_goes_on_from_what_was_answered() {
    let server = Server::start((0..8).map(|_| answer("yes"))).await;
    let home = at_home(&server);
    let batch = ["batch", "-c", "c.yaml", "--trust", "--json", "--no-cache"];
    let first = ran(&home, &[&batch[..], &["--only", "1-2"]].concat()).await;
    assert_eq!((first.code, server.requests().len()), (Some(0), 2), "{}", first.err);
    let second = ran(&home, &batch).await;
    assert!(second.err.contains("going on with batch"), "{}", second.err);
    assert_eq!((second.code, server.requests().len()), (Some(0), 5), "{}", second.err);
    assert_eq!(said(&server)[2], "Be brief. | a1 | yes | a2 | yes | a3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_that_is_imported_keeps_its_conversations() {
    let server = Server::start((0..8).map(|_| answer("yes"))).await;
    let home = at_home(&server);
    let imported = ran(&home, &["prompts", "import", "c.yaml"]).await;
    assert_eq!(imported.code, Some(0), "{}", imported.err);
    let home_file = home.dir("config").join("prompts/prompt.toml");
    let text = std::fs::read_to_string(home_file).unwrap();
    assert!(text.contains("{{ _conversation }}"), "{text}");
    let url = &server.url;
    home.file(
        "config/config.toml",
        &format!(
            "[providers.own]\nkind = \"openai\"\nbase_url = \"{url}/v1\"\n[models.m]\nprovider = \"own\"\nmodel = \"m\"\n"
        ),
    );
    let ran = ran(&home, &["batch", "prompt", "c.tests.jsonl", "-m", "m", "--json", "--no-cache"]).await;
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    assert_eq!(said(&server)[2], "Be brief. | a1 | yes | a2 | yes | a3");
}

/// The same prompt in YAML, as promptfoo fills it before it is read.
const YAML_CHAT: &str = "- role: system
  content: Be brief.
{% for completion in _conversation %}
- role: user
  content: {{ completion.input | dump }}
- role: assistant
  content: {{ completion.output | dump }}
{% endfor %}
- role: user
  content: {{ question }}
";

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_in_yaml_goes_on_as_one_in_json_does() {
    let server = Server::start((0..8).map(|_| answer("\"yes\"\nand no"))).await;
    let home = at_home(&server);
    home.file("work/chat.yaml", YAML_CHAT);
    let config = std::fs::read_to_string(home.dir("work").join("c.yaml")).unwrap();
    home.file("work/c.yaml", &config.replace("prompt.json", "chat.yaml"));
    let ran = ran(&home, &["batch", "-c", "c.yaml", "--trust", "--json", "--no-cache"]).await;
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    assert_eq!(said(&server)[2], "Be brief. | a1 | \"yes\"\nand no | a2 | \"yes\"\nand no | a3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_nobody_asked_to_check_leaves_nothing_open_and_another_row_does() {
    let server = Server::start((0..16).map(|_| answer("yes"))).await;
    let home = at_home(&server);
    let config = std::fs::read_to_string(home.dir("work").join("c.yaml")).unwrap();
    let checked = |config: &str, question: &str| {
        let test = format!("  - vars: {{question: '{question}'}}\n");
        config.replace(&test, &format!("{test}    assert: [{{type: contains, value: yes}}]\n"))
    };
    let batch = ["batch", "-c", "c.yaml", "--trust", "--json", "--no-cache"];
    let both = checked(&checked(&config, "a3"), "b2");
    home.file("work/c.yaml", &both);
    let all = ran(&home, &batch).await;
    assert_eq!(all.code, Some(0), "{}{}", all.out, all.err);
    assert!(!all.err.contains("unchecked while others"), "{}", all.err);
    home.file("work/c.yaml", &checked(&config, "a3"));
    let one = ran(&home, &batch).await;
    assert_eq!(one.code, Some(100), "{}{}", one.out, one.err);
    assert!(one.err.contains("2 cells are unchecked while others have checks"), "{}", one.err);
    home.file("work/c.yaml", &both.replace("value: yes", "value: no"));
    let failing = ran(&home, &batch).await;
    assert_eq!(failing.code, Some(100), "{}{}", failing.out, failing.err);
}

fn answers(ran: &Ran) -> Vec<String> {
    let cells = ran.lines().into_iter().filter(|line| line["event"] == "cell");
    let mut all: Vec<Value> = cells.collect();
    all.sort_by_key(|cell| cell["row"].as_u64());
    all.iter().map(|cell| cell["answer"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_text_reads_the_turns_before_and_a_test_can_do_without() {
    let home = Home::new();
    home.file("work/p.txt", "{% for t in _conversation %}[{{ t.input }}={{ t.output }}]{% endfor %}{{ q }}");
    home.file(
        "work/c.yaml",
        "prompts: [file://p.txt]\nproviders: [echo]\ntests:\n  - vars: {q: one}\n  - vars: {q: two}\n  \
         - vars: {q: three}\n    options: {disableConversationVar: true}\n  - vars: {q: four}\n",
    );
    let ran = home.run(&["batch", "-c", "c.yaml", "--json"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    let found = answers(&ran);
    assert_eq!(found[..3], ["one", "[one=one]two", "three"]);
    assert_eq!(found[3], "[one=one][[one=one]two=[one=one]two][three=three]four");
}

#[test]
fn the_tests_of_a_scenario_are_a_conversation_of_their_own() {
    let home = Home::new();
    home.file("work/p.txt", "{{ _conversation | length }} before {{ who }}: {{ q }}");
    home.file(
        "work/c.yaml",
        "prompts: [file://p.txt]\nproviders: [echo]\nscenarios:\n  - config: [{vars: {who: Ada}}]\n    tests: [{vars: {q: a}}, {vars: {q: b}}]\n  \
         - config: [{vars: {who: Bob}}]\n    tests: [{vars: {q: c}}]\n",
    );
    let ran = home.run(&["batch", "-c", "c.yaml", "--json"]);
    assert_eq!(answers(&ran), ["0 before Ada: a", "1 before Ada: b", "0 before Bob: c"], "{}{}", ran.out, ran.err);
}

#[test]
fn rows_with_turns_are_written_as_tests_of_a_conversation() {
    let home = Home::new();
    home.file(
        "config/prompts/talk.toml",
        "system = \"Say \\\"hi\\\".\"\nuser = \"{{ input }}\"\ntargets = [\"demo:echo\"]\n[response]\nformat = \"text\"\n\
         [[check]]\ntype = \"contains\"\nvalue = \"now\"\n",
    );
    home.file(
        "work/rows.jsonl",
        "{\"input\": \"Hello\", \"turns\": [\"And \\\"now\\\"?\"]}\n{\"input\": \"now\"}\n{\"input\": \"now?\"}\n",
    );
    let exported = home.run(&["prompts", "export", "talk", "--data", "rows.jsonl"]);
    assert_eq!(exported.code, Some(0), "{}", exported.err);
    assert!(exported.out.contains("for turn in _conversation"), "{}", exported.out);
    home.file("work/c.yaml", &exported.out);
    let ran = home.run(&["batch", "-c", "c.yaml", "-m", "demo:echo", "--json", "--allow-inconclusive"]);
    assert_eq!(ran.code, Some(0), "the check is of the last answer alone: {}{}{}", exported.out, ran.out, ran.err);
    let found = answers(&ran);
    assert_eq!(found.len(), 4, "{found:?}");
    let second: Vec<Value> = serde_json::from_str(&found[1]).unwrap();
    let texts: Vec<&str> = second.iter().map(|message| message["content"].as_str().unwrap()).collect();
    assert_eq!((texts[0], texts[1], texts[3]), ("Say \"hi\".", "Hello", "And \"now\"?"));
    for alone in &found[2..] {
        let alone: Vec<Value> = serde_json::from_str(alone).unwrap();
        assert_eq!(alone.len(), 2, "a row of one turn is alone: {alone:?}");
    }
}

#[test]
fn what_is_not_read_as_a_conversation_is_refused_in_words() {
    let home = Home::new();
    for (prompt, words) in [
        (CHAT.replace("completion.output }}", "completion.output | upper }}"), "turn.output"),
        (format!("{{% set x = 1 %}}{CHAT}"), "begins with `[`"),
    ] {
        home.file("work/prompt.json", &prompt);
        home.file("work/c.yaml", "prompts: [file://prompt.json]\nproviders: [echo]\ntests: [{vars: {question: a}}]\n");
        let ran = home.run(&["batch", "-c", "c.yaml"]);
        assert!(ran.code == Some(1) && ran.err.contains(words), "{words}: {}", ran.err);
    }
}
