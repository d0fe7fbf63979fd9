//! What is copied: the answer, its request in the words of other tools, the lanes side by side.

use std::process::{Command, Stdio};

use retort::{
    app::{Effect, Event, overlays::Overlay},
    model::{
        KeySource,
        quirk::{KnownQuirks, ModelPlace, ModelQuirk},
        transport::ProxySetting,
    },
};

use crate::support::bench::{Bench, ended, outcome};

/// Copies in the form of this label.
fn copied(bench: &mut Bench, label: &str) -> String {
    bench.take();
    bench.keys("y");
    let Some(Overlay::Copy(menu)) = bench.app.overlay() else { panic!("nothing to copy in") };
    let labels: Vec<String> = menu.choice.shown().map(|item| item.label.clone()).collect();
    let at = labels.iter().position(|known| known == label).unwrap_or_else(|| panic!("{label} is not in {labels:?}"));
    bench.keys(&"j".repeat(at)).keys("<enter>");
    match bench.take().as_slice() {
        [Effect::Copy { text, .. }] => text.as_str().to_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_copy_is_told_of_once_it_is_made_and_the_terminal_is_sent_it_only_where_nothing_else_took_it() {
    let mut bench = Bench::new();
    let ticket = bench.run();
    bench.tell(ticket, ended(outcome("fine")));
    bench.take();
    bench.keys("y<enter>");
    let Some(Effect::Copy { what, text }) = bench.take().pop() else { panic!("no copy") };
    assert!(!bench.says().contains("copied"), "{}", bench.says());
    bench.send(Event::Copied { what: what.clone(), way: "copied with wl-copy".to_owned(), send: None });
    assert_eq!(bench.says(), "copied with wl-copy: answer, 4 characters");
    assert!(bench.take().is_empty());
    bench.send(Event::Copied { what, way: "sent to the terminal".to_owned(), send: Some(text) });
    assert!(matches!(bench.take().as_slice(), [Effect::SendCopy(text)] if text.as_str() == "fine"));
}

/// Gives a shell a script and returns what it prints.
fn shell(script: &str) -> String {
    let out = Command::new("sh").args(["-c", script]).stdin(Stdio::null()).output().unwrap();
    assert!(out.status.success(), "{}\n{script}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn an_answer_is_copied_as_it_came_as_json_or_as_a_command() {
    let mut bench = Bench::new();
    let ticket = bench.run();
    bench.tell(ticket, ended(outcome("{\"a\":1}")));
    assert_eq!(copied(&mut bench, "answer"), "{\"a\":1}");
    bench.keys("<answers>j");
    assert_eq!(copied(&mut bench, "value"), "1");
    assert_eq!(copied(&mut bench, "JSON"), "{\n  \"a\": 1\n}");
    bench.app.bench.input.set("it's $HOME");
    bench.app.bench.params.temperature = Some(0.9);
    let line = copied(&mut bench, "command line");
    assert_eq!(line, r"printf %s 'it'\''s $HOME' | retort run sentiment -m demo -i -");
    bench.app.bench.lanes[0].spec.params.max_tokens = Some(50);
    assert!(copied(&mut bench, "command line").contains("-m demo --param max_tokens=50 -i -"));
}

#[cfg(unix)]
#[test]
fn the_curl_line_sends_what_the_pipeline_sends_and_the_key_by_its_name_alone() {
    let mut bench = Bench::of(&["gpt-4o-mini"]);
    let openai = bench.app.shared.settings.providers.get_mut("openai").unwrap();
    openai.api_keys.push(KeySource::Env("OPENAI_API_KEY".to_owned()));
    bench.app.bench.input.set("it's \"$HOME\"\nJSON\n`rm`");
    let line = copied(&mut bench, "curl");
    let stub = "OPENAI_API_KEY=secret; curl() { for word in \"$@\"; do echo \"<$word>\"; done; cat; };";
    let heard = shell(&format!("{stub}\n{line}"));
    assert!(heard.contains("<https://api.openai.com/v1/chat/completions>"), "{heard}");
    assert!(heard.contains("<authorization: Bearer secret>"), "{heard}");
    let (_, body) = heard.split_once("<@->\n").unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!((body["model"].as_str(), body["temperature"].as_f64()), (Some("gpt-4o-mini"), Some(0.3)));
    let user = body["messages"].as_array().unwrap().last().unwrap();
    assert!(user["content"].as_str().unwrap().contains("it's \"$HOME\"\nJSON\n`rm`"), "{user}");
    let python = copied(&mut bench, "Python");
    assert!(python.contains("\"Bearer \" + os.environ[\"OPENAI_API_KEY\"]"), "{python}");
}

#[cfg(unix)]
#[test]
fn a_copied_request_goes_by_the_providers_proxy_and_certificates() {
    let mut bench = Bench::of(&["gpt-4o-mini"]);
    let openai = bench.app.shared.settings.providers.get_mut("openai").unwrap();
    openai.transport.ca_file = Some("lab ca.pem".to_owned());
    openai.transport.client_cert = Some("~/me.pem".to_owned());
    openai.transport.proxy = Some(ProxySetting::Source(KeySource::Env("LAB_PROXY".to_owned())));
    bench.app.bench.input.set("hi");
    let line = copied(&mut bench, "curl");
    let stub = "HOME=/home/me; LAB_PROXY='http://me:a b@proxy.lan'; curl() { for word in \"$@\"; do echo \"<$word>\"; done; };";
    let words = shell(&format!("{stub}\n{line}"));
    assert!(words.contains("<--proxy>\n<http://me:a b@proxy.lan>\n"), "{words}");
    assert!(words.contains("<--cacert>\n<lab ca.pem>\n<--cert>\n</home/me/me.pem>\n"), "{words}");
    let python = copied(&mut bench, "Python");
    assert!(python.contains("proxy = os.environ[\"LAB_PROXY\"]\n"), "{python}");
    assert!(python.contains("tls.load_verify_locations(\"lab ca.pem\")\n"), "{python}");
    bench.keys("y");
    let Some(Overlay::Copy(menu)) = bench.app.overlay() else { panic!("nothing to copy in") };
    let beside =
        |label: &str| menu.choice.shown().any(|item| item.label == label && item.detail.contains("config.toml"));
    assert!(beside("curl") && beside("Python") && !beside("promptfoo"), "a relative path starts there");
}

#[test]
fn a_copied_request_is_the_one_that_the_model_takes() {
    let mut bench = Bench::of(&["gpt-4o-mini"]);
    bench.app.bench.params.max_tokens = Some(900);
    assert!(copied(&mut bench, "curl").contains("\"max_tokens\": 900"));
    let target = bench.app.shared.catalog.resolve("gpt-4o-mini").unwrap();
    let mut quirks = KnownQuirks::default();
    quirks.add(ModelPlace::of(&target), ModelQuirk::MaxTokens(50));
    quirks.add(ModelPlace::of(&target), ModelQuirk::NoParam("temperature".to_owned()));
    bench.send(Event::Quirks(Box::new(quirks)));
    for form in ["curl", "Python"] {
        let text = copied(&mut bench, form);
        assert!(text.contains("\"max_tokens\": 50") && !text.contains("temperature"), "{text}");
    }
}

#[test]
fn what_is_not_asked_over_http_has_no_request_to_copy() {
    let mut bench = Bench::of(&["demo"]);
    bench.keys("y");
    let Some(Overlay::Copy(menu)) = bench.app.overlay() else { panic!("nothing to copy in") };
    assert!(menu.choice.shown().all(|item| !["curl", "Python", "answer"].contains(&item.label.as_str())));
    bench.keys("<esc>");
    assert!(copied(&mut bench, "promptfoo").contains("    - type: \"is-json\"\n"));
}

#[test]
fn the_lanes_are_copied_side_by_side() {
    let mut bench = Bench::of(&["demo", "demo:slow"]);
    bench.keys("<f5>");
    for ((ticket, _), mood) in bench.started().into_iter().zip(["bad", "good"]) {
        bench.tell(ticket, ended(outcome(&format!("{{\"mood\": \"{mood}\"}}"))));
    }
    let table = copied(&mut bench, "Markdown");
    assert!(table.starts_with("|  | demo | demo:slow |\n"), "{table}");
    assert!(table.ends_with("| mood | bad | **good** |\n"), "{table}");
}
