//! What content of others may do: nothing beyond its folder and the user's settings without a yes by name.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
};

use crate::support::{
    home::{Home, Ran},
    server::{Request, Script, Server, event_stream},
};

/// Variables that somebody has and no config may send.
const SECRETS: &[(&str, &str)] = &[
    ("AWS_SECRET_ACCESS_KEY", "aws-is-secret-1234"),
    ("GITHUB_TOKEN", "ghp-is-secret-5678"),
    ("OPENAI_API_KEY", "sk-is-secret-9012"),
    ("ANTHROPIC_API_KEY", "ant-is-secret-3456"),
];

fn answer() -> Script {
    Script::answer(event_stream(
        "data: {\"choices\":[{\"delta\":{\"content\":\"ok\"}}]}\n\ndata: {\"choices\":[{\"delta\":{},\
         \"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\n\ndata: [DONE]\n\n",
    ))
}

async fn server() -> Server {
    Server::start((0..16).map(|_| answer())).await
}

async fn ran(home: &Home, arguments: &[&str]) -> Ran {
    let mut command = home.command(arguments);
    command.envs(SECRETS.iter().copied());
    let ran = tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap())).await.unwrap();
    let shown = format!("{}{}", ran.out, ran.err);
    assert!(SECRETS.iter().all(|(_, value)| !shown.contains(value)), "a value is shown: {shown}");
    ran
}

/// Runs a config that must be refused before anything is sent, with these words in its list.
async fn refused(home: &Home, server: &Server, config: &str, words: &[&str]) {
    home.file("work/clone/c.yaml", config);
    for arguments in [&["batch", "-c", "clone/c.yaml", "--json"][..], &["batch", "-c", "clone/c.yaml", "--dry-run"]] {
        let ran = ran(home, arguments).await;
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{config}\n{}", ran.err);
        for word in words.iter().chain(&["retort trust", "--trust"]) {
            assert!(ran.err.contains(word), "{word}: {config}\n{}", ran.err);
        }
        assert!(!ran.err.contains("OUTSIDE"), "{}", ran.err);
    }
    assert_eq!(server.connections(), 0, "{config}");
}

/// A config of one provider and one row.
fn provider(server: &Server, more: &str) -> String {
    format!(
        "prompts: ['Say {{{{doc}}}}']\nproviders:\n  - id: openai:chat:echo\n    config: {{apiBaseUrl: '{}/v1'{more}}}\n\
         tests:\n  - vars: {{doc: hello}}\nevaluateOptions: {{cache: false}}\n",
        server.url
    )
}

/// A user whose settings name the server, so that only what is tested is asked for.
fn at_home(server: &Server) -> Home {
    let home = Home::new();
    let url = &server.url;
    home.file(
        "config/config.toml",
        &format!("[providers.own]\nkind = \"openai\"\nbase_url = \"{url}/v1\"\n[models.m]\nprovider = \"own\"\nmodel = \"m\"\n"),
    );
    home.file("work/outside.txt", "OUTSIDE");
    home.file("work/clone/inside.txt", "INSIDE");
    home
}

fn header<'r>(request: &'r Request, name: &str) -> &'r str {
    request.header(name).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_sends_no_variable_and_reads_no_file_that_nobody_agreed_to() {
    let (home, server) = (Home::new(), server().await);
    home.file("work/outside.txt", "OUTSIDE");
    home.file("privkey", "OUTSIDE too");
    let config = format!(
        "prompts: [\"Summarise {{{{doc}}}}\"]\nproviders:\n  - id: openai:chat:echo\n    \
         config: {{apiBaseUrl: \"{}/v1\", apiKeyEnvar: AWS_SECRET_ACCESS_KEY, headers: {{x-a: \"{{{{env.GITHUB_TOKEN}}}}\"}}}}\n\
         tests:\n  - vars: {{doc: \"file://../outside.txt\"}}\n  - vars: {{doc: \"file://../../privkey\"}}\n",
        server.url
    );
    let words = [
        "c.yaml:4: send requests to http://127.0.0.1:",
        "(this machine)",
        "c.yaml:4: send the environment variable AWS_SECRET_ACCESS_KEY to http://127.0.0.1:",
        "c.yaml:4: send the environment variable GITHUB_TOKEN to http://127.0.0.1:",
        "c.yaml:6: read ",
        "outside.txt, outside its folder",
        "privkey, outside its folder",
    ];
    refused(&home, &server, &config, &words).await;

    // agreed to for one run: what is named is sent, and nothing else
    let once = ran(&home, &["batch", "-c", "clone/c.yaml", "--trust", "--json"]).await;
    assert_eq!(once.code, Some(0), "{}", once.err);
    let requests = server.requests();
    assert_eq!(requests.len(), 2, "{}", once.err);
    for request in &requests {
        assert_eq!(header(request, "authorization"), "Bearer aws-is-secret-1234");
        assert_eq!(header(request, "x-a"), "ghp-is-secret-5678");
        assert!(String::from_utf8_lossy(&request.body).contains("OUTSIDE"));
        assert!(!format!("{request:?}").contains("sk-is-secret") && !format!("{request:?}").contains("ant-is-secret"));
    }
    for file in home.files() {
        let held = fs::read(&file).unwrap();
        let text = String::from_utf8_lossy(&held);
        assert!(SECRETS.iter().all(|(_, value)| !text.contains(value)), "{} holds a value", file.display());
    }
    assert_eq!(
        ran(&home, &["batch", "-c", "clone/c.yaml", "--json", "--new"]).await.code,
        Some(1),
        "for one run alone"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_holds_for_this_content_and_what_was_shown() {
    let (home, server, other) = (Home::new(), server().await, server().await);
    let config = provider(&server, ", apiKeyEnvar: GITHUB_TOKEN");
    refused(&home, &server, &config, &["GITHUB_TOKEN"]).await;
    let unasked = ran(&home, &["trust", "clone/c.yaml"]).await;
    assert_eq!(unasked.code, Some(1), "without a terminal nobody can say yes: {}", unasked.err);
    assert!(unasked.out.contains("GITHUB_TOKEN") && unasked.err.contains("--yes"), "{}{}", unasked.out, unasked.err);
    assert_eq!(ran(&home, &["batch", "-c", "clone/c.yaml"]).await.code, Some(1));

    let yes = ran(&home, &["trust", "clone/c.yaml", "--yes"]).await;
    assert_eq!(yes.code, Some(0), "{}", yes.err);
    let file = home.dir("state").join("trust.json");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let ok = ran(&home, &["batch", "-c", "clone/c.yaml"]).await;
    assert_eq!((ok.code, server.connections()), (Some(0), 1), "{}", ok.err);
    assert_eq!(header(&server.requests()[0], "authorization"), "Bearer ghp-is-secret-5678");
    let list = ran(&home, &["trust", "--list"]).await.out;
    assert!(list.contains("c.yaml") && list.contains("GITHUB_TOKEN to http://127.0.0.1:"), "{list}");
    assert!(ran(&home, &["trust", "clone/c.yaml"]).await.out.contains("nothing that is not agreed to"));

    // one byte, another host, another variable, another file of the same text
    let connections = server.connections();
    for changed in [
        format!("{config}\n"),
        config.replace(&server.url, &other.url),
        config.replace("GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY"),
    ] {
        home.file("work/clone/c.yaml", &changed);
        let ran = ran(&home, &["batch", "-c", "clone/c.yaml", "--new"]).await;
        assert_eq!(ran.code, Some(1), "{changed}\n{}", ran.err);
    }
    home.file("work/other/c.yaml", &config);
    assert_eq!(ran(&home, &["batch", "-c", "other/c.yaml"]).await.code, Some(1), "a yes is for one place");
    home.file("work/clone/c.yaml", &config);
    assert_eq!(ran(&home, &["batch", "-c", "clone/c.yaml", "--new"]).await.code, Some(0), "as it was, it is as agreed");
    assert_eq!((server.connections(), other.connections()), (connections + 1, 0));

    assert_eq!(ran(&home, &["trust", "--forget", "clone/c.yaml"]).await.code, Some(0));
    assert_eq!(ran(&home, &["trust", "--list"]).await.out, "");
    assert_eq!(ran(&home, &["batch", "-c", "clone/c.yaml", "--new"]).await.code, Some(1));
    assert_eq!(ran(&home, &["trust", "--forget", "clone/c.yaml"]).await.code, Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_the_content_that_changes_is_asked_for_again() {
    let (home, server) = (Home::new(), server().await);
    home.file("work/clone/text.txt", "Say {{ word }}.");
    home.file("work/clone/rows.csv", "word,__expected\nred,contains: ok\n");
    let config = format!(
        "prompts: [file://text.txt]\nproviders:\n  - {{id: 'openai:chat:e', config: {{apiBaseUrl: '{}/v1'}}}}\ntests: file://rows.csv\n",
        server.url
    );
    refused(&home, &server, &config, &["send requests to"]).await;
    assert_eq!(ran(&home, &["trust", "clone/c.yaml", "--yes"]).await.code, Some(0));
    assert_eq!(ran(&home, &["batch", "-c", "clone/c.yaml"]).await.code, Some(0));
    for (name, text) in [("text.txt", "Tell {{ word }}."), ("rows.csv", "word\nblue\n")] {
        let file = home.dir("work/clone").join(name);
        let before = fs::read(&file).unwrap();
        fs::write(&file, text).unwrap();
        assert_eq!(ran(&home, &["batch", "-c", "clone/c.yaml", "--new"]).await.code, Some(1), "{name}");
        fs::write(&file, before).unwrap();
    }
    assert_eq!(ran(&home, &["batch", "-c", "clone/c.yaml", "--new", "--dry-run"]).await.code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_goes_only_where_the_settings_pair_it() {
    let server = server().await;
    let home = at_home(&server);
    for (more, words) in [
        (", apiKeyEnvar: OPENAI_API_KEY", "variable OPENAI_API_KEY to http://127.0.0.1:"),
        (", apiKey: '{{ env.ANTHROPIC_API_KEY }}'", "variable ANTHROPIC_API_KEY to http://127.0.0.1:"),
        (", headers: {x-b: 'b {{env.GITHUB_TOKEN}}'}", "variable GITHUB_TOKEN to http://127.0.0.1:"),
    ] {
        refused(&home, &server, &provider(&server, more), &[words]).await;
    }
    // at a vendor's own host another vendor's key, or any other variable
    for (id, variable, host) in [
        ("openai:chat:gpt-4o-mini", "ANTHROPIC_API_KEY", "https://api.openai.com"),
        ("anthropic:messages:claude-haiku-4-5", "OPENAI_API_KEY", "https://api.anthropic.com"),
        ("openai:chat:gpt-4o-mini", "AWS_SECRET_ACCESS_KEY", "https://api.openai.com"),
    ] {
        let config = format!(
            "prompts: [hi]\nproviders: [{{id: '{id}', config: {{apiKeyEnvar: {variable}}}}}]\ntests: [{{vars: {{a: b}}}}]\n"
        );
        refused(&home, &server, &config, &[&format!("variable {variable} to {host}")]).await;
    }
    // a vendor's own variable at the vendor's own host needs no yes
    home.file(
        "work/clone/c.yaml",
        "prompts: [hi]\nproviders: [{id: 'openai:chat:gpt-4o-mini', config: {apiKeyEnvar: OPENAI_API_KEY}}]\n",
    );
    let dry = ran(&home, &["batch", "-c", "clone/c.yaml", "--dry-run"]).await;
    assert_eq!(dry.code, Some(0), "{}", dry.err);
    assert!(dry.out.contains("to https://api.openai.com; sends OPENAI_API_KEY"), "{}", dry.out);
    // the settings name the server: it is reached without a question, and without a key of anybody's
    home.file("work/clone/c.yaml", &provider(&server, ""));
    assert_eq!(ran(&home, &["batch", "-c", "clone/c.yaml"]).await.code, Some(0));
    assert!(server.requests().iter().all(|request| !format!("{request:?}").contains("-is-secret-")));
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_of_the_environment_are_mistakes_wherever_they_are_not_filled() {
    let server = server().await;
    let home = at_home(&server);
    let plain = provider(&server, "");
    for (config, line) in [
        (plain.replace("Say {{doc}}", "Say {{ env.GITHUB_TOKEN }}"), "c.yaml:1: "),
        (plain.replace("Say {{doc}}", "Say {{ env[\"GITHUB_TOKEN\"] }}"), "`env`"),
        (plain.replace("doc: hello", "doc: '{{env.GITHUB_TOKEN}}'"), "c.yaml:6: "),
        (plain.replace("/v1", "/{{env.GITHUB_TOKEN}}"), "c.yaml:4: "),
        (provider(&server, ", passthrough: {user: '{{env.GITHUB_TOKEN}}'}"), "c.yaml:4: "),
        (provider(&server, ", headers: {x-c: '{{ env.GITHUB_TOKEN | upper }}'}"), "c.yaml:4: "),
        (provider(&server, ", headers: {authorization: '{{env.GITHUB_TOKEN}}'}"), "may be a key"),
        (provider(&server, ", headers: {x-c: 'env:GITHUB_TOKEN'}"), "names a source of a secret"),
        (provider(&server, ", headers: {x-c: ' cmd:touch ran'}"), "names a source of a secret"),
        (provider(&server, ", headers: {x-c: 'file:/etc/passwd'}"), "names a source of a secret"),
        (provider(&server, ", headers: {x-c: 'sk-0123456789abcdef'}"), "looks like a secret"),
        (provider(&server, ", headers: {x-gate-token: hunter2}"), "looks like a secret"),
        (plain.replace("openai:chat:echo", "file://provider.py"), "there is no file"),
        (plain.replace("openai:chat:echo", "python:provider.py"), "there is no file"),
        (plain.replace("openai:chat:echo", "https://evil.example/run"), "does not end with /chat/completions"),
    ] {
        home.file("work/clone/c.yaml", &config);
        let ran = ran(&home, &["batch", "-c", "clone/c.yaml", "--trust"]).await;
        assert!(ran.code == Some(1) && ran.err.contains(line), "{config}\n{}", ran.err);
    }
    // what a config says of its environment is not taken over
    let config =
        plain.replace("tests:", "env: {OPENAI_BASE_URL: 'http://127.0.0.1:9', X: '{{env.GITHUB_TOKEN}}'}\ntests:");
    home.file("work/clone/c.yaml", &config);
    assert_eq!(ran(&home, &["batch", "-c", "clone/c.yaml"]).await.code, Some(0));
    assert!(server.requests().iter().all(|request| !format!("{request:?}").contains("-is-secret-")));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_out_of_the_folder_is_a_way_out() {
    let server = server().await;
    let home = at_home(&server);
    let (work, clone) = (home.dir("work"), home.dir("work/clone"));
    fs::create_dir_all(work.join("far/deep")).unwrap();
    for (file, text) in [
        ("far/a.txt", "OUTSIDE"),
        ("far/deep/b.txt", "OUTSIDE"),
        ("far/p.txt", "OUTSIDE {{doc}}"),
        ("far/rows.csv", "doc\nOUTSIDE\n"),
        ("far/t.yaml", "vars: {doc: OUTSIDE}"),
        ("far/s.yaml", "{type: json_object}"),
    ] {
        fs::write(work.join(file), text).unwrap();
    }
    symlink(work.join("far/a.txt"), clone.join("link.txt")).unwrap();
    symlink("../far", clone.join("dir")).unwrap();
    symlink(work.join("far/rows.csv"), clone.join("rows.csv")).unwrap();
    symlink(work.join("far/p.txt"), clone.join("p.txt")).unwrap();
    let absolute = work.join("far/a.txt");
    let var = |value: &str| provider(&server, "").replace("doc: hello", &format!("doc: 'file://{value}'"));
    let plain = provider(&server, "");
    let prompt = |raw: &str| plain.replace("prompts: ['Say {{doc}}']", &format!("prompts: ['{raw}']"));
    let tests = |tests: &str| plain.replace("tests:\n  - vars: {doc: hello}\n", &format!("tests: {tests}\n"));
    for (config, word) in [
        (var("../far/a.txt"), "far/a.txt"),
        (var("sub/../../far/a.txt"), "far/a.txt"),
        (var(absolute.to_str().unwrap()), "far/a.txt"),
        (var("link.txt"), "far/a.txt"),
        (var("dir/a.txt"), "far/a.txt"),
        (var("dir/deep/b.txt"), "far/deep/b.txt"),
        (var("dir/../outside.txt"), "outside.txt"),
        (var("../far/*.txt"), "read "),
        (var("dir/*.txt"), "read "),
        (var("li*.txt"), "far/a.txt"),
        (var("../not-there.txt"), "not-there.txt"),
        (prompt("file://../far/p.txt"), "far/p.txt"),
        (prompt("../far/p.txt"), "far/p.txt"),
        (prompt("p.txt"), "far/p.txt"),
        (tests("file://../far/rows.csv"), "far/rows.csv"),
        (tests("rows.csv"), "far/rows.csv"),
        (tests("[{path: dir/rows.csv}]"), "far/rows.csv"),
        (format!("{plain}defaultTest: file://../far/t.yaml\n"), "far/t.yaml"),
        (provider(&server, ", response_format: 'file://dir/s.yaml'"), "far/s.yaml"),
        (
            plain.replace("{doc: hello}", "{doc: hello}\n    assert: [{type: contains, value: 'file://../far/a.txt'}]"),
            "far/a.txt",
        ),
        (
            plain.replace("{doc: hello}", "{doc: hello}\n    assert: [{type: llm-rubric, value: 'file://dir/a.txt'}]"),
            "far/a.txt",
        ),
    ] {
        refused(&home, &server, &config, &[word, "outside its folder"]).await;
        let import = ran(&home, &["prompts", "import", "clone/c.yaml", "--replace"]).await;
        assert!(import.code == Some(1) && import.err.contains(word), "{config}\n{}", import.err);
    }
    assert!(!home.files().iter().any(|file| file.to_string_lossy().contains("c.tests")), "nothing was written");
    // a config that is itself a link out of its folder
    fs::remove_file(clone.join("c.yaml")).unwrap();
    home.file("work/far/c.yaml", &plain);
    symlink("../far/c.yaml", clone.join("c.yaml")).unwrap();
    let linked = ran(&home, &["batch", "-c", "clone/c.yaml"]).await;
    assert!(linked.code == Some(1) && linked.err.contains("far/c.yaml, outside"), "{}", linked.err);
    assert_eq!(server.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreed_file_is_read_and_what_it_names_in_turn_is_asked_for() {
    let server = server().await;
    let home = at_home(&server);
    home.file("work/far/t.yaml", "vars: {doc: 'file://more.txt'}\n");
    home.file("work/far/more.txt", "OUTSIDE");
    let config =
        provider(&server, "").replace("tests:\n  - vars: {doc: hello}\n", "defaultTest: file://../far/t.yaml\n");
    home.file("work/clone/c.yaml", &config);
    let yes = ran(&home, &["trust", "clone/c.yaml", "--yes"]).await;
    assert!(
        yes.code == Some(0) && yes.out.contains("t.yaml") && yes.out.contains("more.txt"),
        "{}{}",
        yes.out,
        yes.err
    );
    let ok = ran(&home, &["batch", "-c", "clone/c.yaml"]).await;
    assert_eq!(ok.code, Some(0), "{}", ok.err);
    assert!(String::from_utf8_lossy(&server.requests()[0].body).contains("OUTSIDE"));
    let dry = ran(&home, &["batch", "-c", "clone/c.yaml", "--new", "--dry-run", "--json"]).await;
    let files = dry.lines()[0]["files"].to_string();
    assert!(files.contains("more.txt") && files.contains("t.yaml") && files.contains("c.yaml"), "{files}");
    // an import asks for files alone, and the same yes holds
    assert_eq!(ran(&home, &["prompts", "import", "clone/c.yaml"]).await.code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn private_addresses_are_named_as_what_they_are() {
    let (home, server) = (Home::new(), server().await);
    for (url, words) in [
        ("http://localhost:1/v1", "http://localhost:1 (this machine)"),
        ("http://2130706433:1/v1", "http://127.0.0.1:1 (this machine)"),
        ("http://0x7f.1:1/v1", "http://127.0.0.1:1 (this machine)"),
        ("http://[::ffff:127.0.0.1]:1/v1", "(this machine)"),
        ("http://10.1.2.3/v1", "(a private network)"),
        ("http://intranet/v1", "(a private network)"),
        ("http://169.254.169.254/latest", "(a link-local address"),
        ("http://0.0.0.0:1/v1", "(a reserved address)"),
        ("https://evil.example.org/v1", "send requests to https://evil.example.org\n"),
    ] {
        let config = provider(&server, "").replace(&format!("{}/v1", server.url), url);
        refused(&home, &server, &config, &[words]).await;
    }
    let config = provider(&server, "").replace("http://", "http://api.openai.com@");
    home.file("work/clone/c.yaml", &config);
    let named = ran(&home, &["batch", "-c", "clone/c.yaml", "--trust"]).await;
    assert!(named.code == Some(1) && named.err.contains("no user name or password"), "{}", named.err);
    assert_eq!(server.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_judge_and_a_second_model_are_asked_for_like_the_first() {
    let (own, other) = (server().await, server().await);
    let home = at_home(&own);
    let config = format!(
        "{}defaultTest:\n  options: {{provider: judge}}\n  assert: [{{type: llm-rubric, value: nice}}]\n",
        provider(&own, "").replace(
            "tests:",
            &format!(
                "  - {{id: 'openai:chat:j', label: judge, prompts: [none], config: {{apiBaseUrl: '{}/v1', apiKeyEnvar: GITHUB_TOKEN}}}}\ntests:",
                other.url
            )
        )
        .replace("prompts: ['Say {{doc}}']", "prompts: [{label: say, raw: 'Say {{doc}}'}, {label: none, raw: x}]")
    );
    let words = [format!("GITHUB_TOKEN to {}", other.url), format!("send requests to {}", other.url)];
    refused(&home, &own, &config, &words.each_ref().map(String::as_str)).await;
    assert_eq!(other.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cells_of_a_data_set_name_no_files_and_no_variables() {
    let server = server().await;
    let home = at_home(&server);
    home.file(
        "config/prompts/p.toml",
        "user = \"{{ doc }} {{ b }}\"\ntargets = [\"m\"]\n[response]\nformat = \"text\"\n",
    );
    home.file(
        "work/rows.csv",
        "doc,b,__expected,__metadata:x\nfile://outside.txt,{{ env.GITHUB_TOKEN }},contains: file://outside.txt,{{env.GITHUB_TOKEN}}\n",
    );
    let batch = ran(&home, &["batch", "p", "rows.csv", "--json"]).await;
    assert!(matches!(batch.code, Some(0 | 100)), "{}", batch.err);
    home.file("work/rows.jsonl", "{\"vars\": {\"doc\": \"file://outside.txt\", \"b\": \"\"}}\n");
    let batch = ran(&home, &["batch", "p", "rows.jsonl"]).await;
    assert!(batch.code == Some(1) && batch.err.contains("a file is not read"), "{}", batch.err);
    let sent = format!(
        "{:?}",
        server.requests().iter().map(|request| String::from_utf8_lossy(&request.body).into_owned()).collect::<Vec<_>>()
    );
    assert!(
        sent.contains("file://outside.txt") && !sent.contains("OUTSIDE") && !sent.contains("-is-secret-"),
        "{sent}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn links_out_of_a_folder_of_texts_and_out_of_a_project_are_followed_after_a_yes() {
    let server = server().await;
    let home = at_home(&server);
    let work = home.dir("work");
    home.file("config/prompts/p.toml", "user = \"{{ input }}\"\ntargets = [\"m\"]\n[response]\nformat = \"text\"\n");
    home.file("work/texts/a.txt", "plain");
    symlink("../outside.txt", work.join("texts/b.txt")).unwrap();
    let texts = ran(&home, &["batch", "p", "texts"]).await;
    assert!(texts.code == Some(1) && texts.err.contains("outside.txt, outside its folder"), "{}", texts.err);
    assert_eq!(server.connections(), 0);
    assert_eq!(ran(&home, &["trust", "texts", "--yes"]).await.code, Some(0));
    let texts = ran(&home, &["batch", "p", "texts"]).await;
    assert_eq!((texts.code, server.connections()), (Some(0), 2), "{}", texts.err);

    // a project's prompts: a file that leads out, then the folder of them
    home.file("work/retort.toml", "");
    home.file("work/prompts/own.toml", "user = \"mine\"\ntargets = [\"m\"]\n[response]\nformat = \"text\"\n");
    home.file("far/out.toml", "user = \"OUTSIDE\"\ntargets = [\"m\"]\n[response]\nformat = \"text\"\n");
    symlink("../../far/out.toml", work.join("prompts/out.toml")).unwrap();
    assert_eq!(ran(&home, &["run", "own"]).await.code, Some(0));
    let out = ran(&home, &["run", "out"]).await;
    assert!(out.code == Some(1) && out.err.contains("far/out.toml, outside its folder"), "{}", out.err);
    for arguments in [&["prompts", "show", "out"][..], &["batch", "out", "texts"], &["prompts", "export", "out"]] {
        let ran = ran(&home, arguments).await;
        assert!(ran.code == Some(1) && !ran.out.contains("OUTSIDE"), "{arguments:?} {}{}", ran.out, ran.err);
    }
    let list = ran(&home, &["prompts"]).await.out;
    assert!(list.lines().any(|line| line.starts_with("out ") && line.contains("BROKEN")), "{list}");
    assert_eq!(ran(&home, &["run", "out", "--trust"]).await.code, Some(0));
    assert_eq!(ran(&home, &["run", "out"]).await.code, Some(1));
    assert_eq!(ran(&home, &["trust", ".", "--yes"]).await.code, Some(0));
    assert_eq!(ran(&home, &["run", "out"]).await.code, Some(0));
    home.file("work/retort.toml", "# changed\n");
    assert_eq!(ran(&home, &["run", "out"]).await.code, Some(1));

    fs::rename(work.join("prompts"), home.dir("far").join("prompts")).unwrap();
    symlink("../far/prompts", work.join("prompts")).unwrap();
    let all = ran(&home, &["run", "own"]).await;
    assert!(all.code == Some(1) && all.err.contains("far/prompts, outside its folder"), "{}", all.err);
    assert_eq!(ran(&home, &["trust", "retort.toml", "--yes"]).await.code, Some(0));
    assert_eq!(ran(&home, &["run", "own"]).await.code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_others_can_write_is_not_used_and_a_broken_one_stops_only_those_who_need_it() {
    let home = Home::new();
    let open = |path: &std::path::Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let marker = home.file("work/retort.toml", "");
    home.file("work/prompts/own.toml", "description = \"of the project\"\n");
    let work = home.dir("work");
    for (path, mode, back) in [
        (marker.clone(), 0o666, 0o644),
        (work.clone(), 0o777, 0o755),
        (work.clone(), 0o1777, 0o755),
        (work.join("prompts"), 0o777, 0o755),
    ] {
        open(&path, mode);
        for arguments in [&["prompts"][..], &["history"], &["models"]] {
            let ran = ran(&home, arguments).await;
            assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.err);
            assert!(ran.err.contains("retort.toml is not used: ") && ran.err.contains("every user"), "{}", ran.err);
            assert!(!ran.out.contains("of the project"), "{}", ran.out);
        }
        open(&path, back);
        assert!(ran(&home, &["prompts"]).await.out.contains("of the project"));
    }

    home.file("work/retort.toml", "promts = 3\n");
    home.file("work/alone.toml", "user = \"hi\"\n[response]\nformat = \"text\"\n");
    for arguments in [
        &["paths"][..],
        &["history"],
        &["quality"],
        &["cache", "stats"],
        &["models"],
        &["completions", "bash"],
        &["man"],
        &["keys"],
        &["trust", "--list"],
        &["run", "./alone.toml", "-m", "demo"],
    ] {
        let ran = ran(&home, arguments).await;
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.err);
    }
    for arguments in [&["prompts"][..], &["run", "sentiment", "-m", "demo"], &["prompts", "show", "sentiment"]] {
        let ran = ran(&home, arguments).await;
        assert!(
            ran.code == Some(1) && ran.err.contains("retort.toml:1:1: unknown key `promts`"),
            "{arguments:?}: {}",
            ran.err
        );
    }
    let doctor = ran(&home, &["doctor"]).await.out;
    assert!(doctor.contains("retort.toml:1:1") && doctor.contains("settings"), "{doctor}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_providers_that_a_run_does_not_use_are_not_read() {
    let server = server().await;
    let home = at_home(&server);
    let marks = home.dir("marks");
    let key = |name: &str| format!("\"cmd:sh -c 'touch {}; echo sk-{name}'\"", marks.join(name).display());
    home.file(
        "config/config.toml",
        &format!(
            "[providers.own]\nkind = \"openai\"\nbase_url = \"{0}/v1\"\napi_keys = [{1}]\n\
             [providers.idle]\nkind = \"openai\"\nbase_url = \"{0}/v1\"\napi_keys = [{2}]\n\
             [providers.next]\nkind = \"openai\"\nbase_url = \"{0}/v1\"\napi_keys = [{3}]\n\
             [models.m]\nprovider = \"own\"\nmodel = \"m\"\n[models.n]\nprovider = \"next\"\nmodel = \"n\"\n",
            server.url,
            key("own"),
            key("idle"),
            key("next")
        ),
    );
    home.file("config/prompts/p.toml", "user = \"hi\"\ntargets = [\"m\"]\n[response]\nformat = \"text\"\n");
    home.file(
        "config/prompts/q.toml",
        "user = \"ho\"\ntargets = [\"m\"]\nfallback = [\"n\"]\n[response]\nformat = \"text\"\n",
    );
    home.file("work/rows.csv", "a\n1\n");
    let read = || {
        let mut names: Vec<_> = fs::read_dir(&marks).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        for name in &names {
            fs::remove_file(marks.join(name)).unwrap();
        }
        names.sort();
        names.join(std::ffi::OsStr::new(" ")).into_string().unwrap()
    };
    assert_eq!(ran(&home, &["run", "p"]).await.code, Some(0));
    assert_eq!(read(), "own");
    assert_eq!(header(&server.requests()[0], "authorization"), "Bearer sk-own");
    assert_eq!(ran(&home, &["run", "q"]).await.code, Some(0));
    assert_eq!(read(), "next own", "the provider to fall back on may be needed");
    assert_eq!(ran(&home, &["batch", "p", "rows.csv"]).await.code, Some(0));
    assert_eq!(read(), "own");
    assert_eq!(ran(&home, &["batch", "p", "rows.csv", "--dry-run"]).await.code, Some(0));
    assert_eq!(ran(&home, &["history"]).await.code, Some(0));
    assert_eq!(read(), "", "who sends nothing reads no key");
    ran(&home, &["doctor"]).await;
    assert_eq!(read(), "idle next own", "the doctor looks at all of them");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_estimate_names_requests_hosts_variables_and_files() {
    let server = server().await;
    let home = at_home(&server);
    let config = format!(
        "{}  repeat: 3\n",
        provider(&server, ", apiKeyEnvar: GITHUB_TOKEN")
            .replace("evaluateOptions: {cache: false}\n", "evaluateOptions:\n")
    );
    home.file("work/clone/c.yaml", &config);
    let dry = ran(&home, &["batch", "-c", "clone/c.yaml", "--trust", "--dry-run", "--json"]).await;
    let line = &dry.lines()[0];
    assert_eq!((line["requests"].as_u64(), line["requests_per_row"].as_u64()), (Some(3), Some(3)), "{line}");
    assert_eq!(line["hosts"], serde_json::json!([server.url]));
    assert_eq!(line["variables"], serde_json::json!([{"name": "GITHUB_TOKEN", "host": server.url}]));
    assert!(line["files"].to_string().contains("clone/c.yaml"), "{line}");
    let text = ran(&home, &["batch", "-c", "clone/c.yaml", "--trust", "--dry-run"]).await.out;
    let words = format!("3 requests (3 for each row) to {}; sends GITHUB_TOKEN; reads ", server.url);
    assert!(text.contains(&words), "{text}");
    assert_eq!(server.connections(), 0);
}
