//! Pictures at the command line: sent, kept once, found again, pruned; and what a prompt of others may not do with them.

use std::{fs, os::unix::fs::symlink, path::PathBuf, time::SystemTime};

use serde_json::json;

use crate::support::{
    home::{Home, Ran},
    server::{Script, Server, event_stream},
};

/// The head of a PNG of this size.
fn png(width: u32, height: u32) -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &width.to_be_bytes(), &height.to_be_bytes()].concat()
}

const PROMPT: &str = "user = \"\"\n[[message]]\nrole = \"user\"\ncontent = \"What is it?\"\nparts = [{ image = \"SOURCE\" }]\n\
                      [response]\nformat = \"text\"\n";

async fn server() -> Server {
    let answer = || {
        Script::answer(event_stream(
            "data: {\"choices\":[{\"delta\":{\"content\":\"a cat\"}}]}\n\ndata: {\"choices\":[{\"delta\":{},\
             \"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\n\ndata: [DONE]\n\n",
        ))
    };
    Server::start((0..16).map(|_| answer())).await
}

fn at_home(server: &Server) -> Home {
    let home = Home::new();
    let url = &server.url;
    let settings = format!(
        "[providers.own]\nkind = \"openai\"\nbase_url = \"{url}/v1\"\n[models.m]\nprovider = \"own\"\nmodel = \"m\"\n"
    );
    home.file("config/config.toml", &settings);
    home
}

async fn ran(home: &Home, arguments: &[&str]) -> Ran {
    let mut command = home.command(arguments);
    tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap())).await.unwrap()
}

/// The files that are kept of runs.
fn kept(home: &Home) -> Vec<PathBuf> {
    fs::read_dir(home.dir("data").join("attachments"))
        .map(|all| all.map(|entry| entry.unwrap().path()).collect())
        .unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_sent_kept_once_found_again_and_pruned_with_its_runs() {
    let server = server().await;
    let home = at_home(&server);
    home.file("config/prompts/look.toml", "user = \"What is it?\"\n[response]\nformat = \"text\"\n");
    let photo = home.dir("work").join("photo.png");
    fs::write(&photo, png(640, 480)).unwrap();
    let look = ["run", "look", "-m", "m", "--image", "photo.png", "--no-cache"];
    for _ in 0..2 {
        let ran = ran(&home, &look).await;
        assert_eq!((ran.code, ran.out.trim()), (Some(0), "a cat"), "{}", ran.err);
    }
    let sent = server.requests()[0].json();
    assert_eq!(sent["messages"][0]["content"][0], json!({"type": "text", "text": "What is it?"}));
    let url = sent["messages"][0]["content"][1]["image_url"]["url"].as_str().unwrap().to_owned();
    assert!(url.starts_with("data:image/png;base64,iVBOR"), "{url}");
    let files = kept(&home);
    assert_eq!(files.len(), 1, "kept once for both runs");
    assert_eq!(fs::read(&files[0]).unwrap(), png(640, 480));

    // the record names it, and has no copy of it
    let shown = ran(&home, &["history", "--json"]).await;
    let run = shown.lines()[0]["run"].as_str().unwrap().to_owned();
    let shown = ran(&home, &["show", &run]).await;
    assert!(shown.out.contains("photo.png 24 B 640×480"), "{}", shown.out);
    let hash = files[0].file_name().unwrap().to_string_lossy().into_owned();
    let json = ran(&home, &["show", &run, "--json"]).await.out;
    assert!(json.contains(&hash) && !json.contains("iVBOR"), "{json}");

    // the file is gone, and what was sent is there
    fs::remove_file(&photo).unwrap();
    let again = ran(&home, &look).await;
    assert_eq!(again.code, Some(0), "{}", again.err);
    assert!(again.err.contains("photo.png is gone"), "{}", again.err);
    assert_eq!(server.requests()[2].json()["messages"], sent["messages"]);

    // pruned with the last run that had it, once it is not new
    let prune = ["history", "prune", "--older", "0s", "--yes"];
    assert_eq!(ran(&home, &["history", "prune", "--older", "9d", "--yes"]).await.code, Some(0));
    let old = SystemTime::now() - std::time::Duration::from_secs(7200);
    fs::File::options().write(true).open(&files[0]).unwrap().set_modified(old).unwrap();
    assert_eq!(kept(&home).len(), 1, "runs name it");
    let pruned = ran(&home, &prune).await;
    assert_eq!(pruned.code, Some(0), "{}", pruned.err);
    assert!(kept(&home).is_empty(), "{}", pruned.out);
    assert!(ran(&home, &look).await.err.contains("there is no file"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_of_others_reads_nothing_outside_and_sends_nothing_that_is_no_picture() {
    let server = server().await;
    let home = at_home(&server);
    let work = home.dir("work");
    home.file("work/clone/retort.toml", "");
    fs::create_dir_all(work.join("clone/prompts")).unwrap();
    let put = |name: &str, bytes: &[u8]| fs::write(work.join(name), bytes).unwrap();
    put("private.png", &png(10, 10));
    put("clone/prompts/fine.png", &png(10, 10));
    put("clone/prompts/bomb.png", &png(100_000, 100_000));
    put("clone/prompts/script.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='fetch(1)'/>");
    put("clone/prompts/page.png", b"<html>");
    fs::File::create(work.join("clone/prompts/large.png")).unwrap().set_len(21 * 1024 * 1024).unwrap();
    symlink(work.join("private.png"), work.join("clone/prompts/link.png")).unwrap();
    let absolute = work.join("private.png").to_string_lossy().into_owned();
    let evil = |source: &str| {
        home.file("work/clone/prompts/evil.toml", &PROMPT.replace("SOURCE", source));
        let mut command = home.command(&["run", "evil", "-m", "m", "--json"]);
        command.current_dir(work.join("clone"));
        tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap()))
    };
    for (source, why) in [
        ("../../private.png", "outside its folder"),
        ("link.png", "outside its folder"),
        (absolute.as_str(), "outside its folder"),
        ("/dev/zero", "outside its folder"),
        ("bomb.png", "100000×100000"),
        ("script.svg", "SVG"),
        ("page.png", "HTML"),
        ("large.png", "larger than 20 MB"),
        (".", "cannot read"),
        ("http://169.254.169.254/latest/meta-data/a.png", "is not passed on"),
        ("https://192.168.0.1/a.png", "is not passed on"),
        ("data:image/svg+xml;base64,PHN2Zz4=", "SVG"),
    ] {
        let ran = evil(source).await.unwrap();
        assert_ne!(ran.code, Some(0), "{source}");
        assert!(ran.out.contains(why), "{source}: {}{}", ran.out, ran.err);
    }
    assert_eq!(server.connections(), 0);
    assert!(kept(&home).is_empty());
    assert_eq!(evil("fine.png").await.unwrap().code, Some(0), "what lies in the project is sent");

    // listed by name, agreed to by name
    home.file("work/clone/prompts/evil.toml", &PROMPT.replace("SOURCE", "../../private.png"));
    let in_clone = |arguments: &[&str]| {
        let mut command = home.command(arguments);
        command.current_dir(work.join("clone"));
        tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap()))
    };
    let agreed = in_clone(&["trust", ".", "--yes"]).await.unwrap();
    assert!(agreed.err.contains("private.png") || agreed.out.contains("private.png"), "{}{}", agreed.out, agreed.err);
    let run = in_clone(&["run", "evil", "-m", "m", "--json"]).await.unwrap();
    assert_eq!(run.code, Some(0), "{}{}", run.out, run.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rows_of_a_data_set_name_files_beside_it() {
    let server = server().await;
    let home = at_home(&server);
    home.file("config/prompts/look.toml", &PROMPT.replace("SOURCE", "{{ photo }}"));
    home.file("work/set/rows.csv", "photo\na.png\nb.png\n../c.png\n");
    for name in ["set/a.png", "set/b.png", "c.png"] {
        fs::write(home.dir("work").join(name), png(10, 10)).unwrap();
    }
    let batch = ["batch", "look", "set/rows.csv", "-m", "m", "--json", "--no-cache"];
    let fenced = ran(&home, &batch).await;
    assert_eq!(server.requests().len(), 2, "{}{}", fenced.out, fenced.err);
    assert!(fenced.out.contains("leads out of"), "{}{}", fenced.out, fenced.err);
    let agreed = ran(&home, &[&batch[..], &["--trust", "--new"]].concat()).await;
    assert_eq!((agreed.code, server.requests().len()), (Some(0), 5), "{}{}", agreed.out, agreed.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_brings_pictures_as_vendors_write_them() {
    let server = server().await;
    let home = at_home(&server);
    home.file("config/prompts/look.toml", "user = \"{{ input }}\"\n[response]\nformat = \"text\"\n");
    fs::write(home.dir("work").join("a.png"), png(10, 10)).unwrap();
    let openai = json!([{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": "a.png"}}]);
    let bytes = json!({"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAK"});
    let anthropic = json!([{"type": "image", "source": bytes, "cache_control": {"type": "ephemeral"}}]);
    let video = json!([{"type": "video", "url": "x"}]);
    let row = |content: &serde_json::Value| {
        let history = json!([{"role": "user", "content": content}, {"role": "assistant", "content": "A cat."}]);
        format!("{}\n", json!({"messages": history, "input": "Sure?"}))
    };
    home.file("work/rows.jsonl", &[&openai, &anthropic, &video].map(row).concat());
    let batch = ran(&home, &["batch", "look", "rows.jsonl", "-m", "m", "--json", "-j", "1", "--no-cache"]).await;
    let requests = server.requests();
    assert_eq!(requests.len(), 2, "{}{}", batch.out, batch.err);
    for request in &requests {
        let body = request.json();
        let all = body["messages"].as_array().unwrap();
        assert_eq!(all.len(), 3, "{body}");
        assert!(all[0].to_string().contains("data:image/png;base64,"), "{body}");
    }
    assert!(batch.out.contains("no text, image, file or audio (video)"), "{}", batch.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_shows_pictures_of_its_folder_and_of_elsewhere_after_a_yes() {
    let server = server().await;
    let home = at_home(&server);
    let config = |from: &str, to: &str| {
        format!(
            "prompts:\n  - '[{{\"role\": \"user\", \"content\": [{{\"type\": \"image_url\", \"image_url\": {{\"url\": \"{from}\"}}}}, \
             {{\"type\": \"image_url\", \"image_url\": {{\"url\": \"{{{{ photo }}}}\"}}}}]}}]'\nproviders: [m]\n\
             tests: [{{vars: {{photo: 'file://{to}'}}}}]\n"
        )
    };
    for name in ["set/a.png", "c.png"] {
        let file = home.dir("work").join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, png(10, 10)).unwrap();
    }
    let batch = ["batch", "-c", "set/c.yaml", "--json", "--no-cache", "--new"];
    home.file("work/set/c.yaml", &config("a.png", "a.png"));
    let inside = ran(&home, &batch).await;
    assert_eq!((inside.code, server.requests().len()), (Some(0), 1), "{}{}", inside.out, inside.err);
    for (from, to) in [("../c.png", "a.png"), ("a.png", "../c.png")] {
        home.file("work/set/c.yaml", &config(from, to));
        let refused = ran(&home, &batch).await;
        let words = refused.err.contains("c.png, outside its folder") && refused.err.contains("--trust");
        assert!(refused.code == Some(1) && words, "{from} {to}: {}{}", refused.out, refused.err);
    }
    assert_eq!(server.requests().len(), 1, "nothing was sent");
    let agreed = ran(&home, &[&batch[..], &["--trust"]].concat()).await;
    assert_eq!((agreed.code, server.requests().len()), (Some(0), 2), "{}{}", agreed.out, agreed.err);

    // Imported, the prompt lies elsewhere and still finds its picture.
    home.file("work/set/c.yaml", &config("a.png", "a.png"));
    let imported = ran(&home, &["prompts", "import", "set/c.yaml"]).await;
    assert_eq!(imported.code, Some(0), "{}", imported.err);
    let again = ran(&home, &["batch", "prompt-1", "set/c.tests.jsonl", "-m", "m", "--json", "--no-cache"]).await;
    assert_eq!((again.code, server.requests().len()), (Some(0), 3), "{}{}", again.out, again.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_goes_on_asks_those_rows_again_whose_files_have_changed() {
    let server = server().await;
    let home = at_home(&server);
    home.file("config/prompts/look.toml", &PROMPT.replace("SOURCE", "{{ photo }}"));
    home.file("work/rows.csv", "photo\na.png\nb.png\na.png\nnone.png\n");
    let put = |name: &str, size: u32| fs::write(home.dir("work").join(name), png(size, 10)).unwrap();
    put("a.png", 10);
    put("b.png", 20);
    let batch = ["batch", "look", "rows.csv", "-m", "m", "--no-cache", "-j", "1"];
    let first = ran(&home, &batch).await;
    assert!(server.requests().len() == 3 && first.out.contains("there is no file"), "{}{}", first.out, first.err);
    let retry = [&batch[..], &["--retry-failed"]].concat();
    put("none.png", 30);
    put("a.png", 11);
    let again = ran(&home, &retry).await;
    assert!(again.err.contains("a.png has changed since: rows 1, 3 are asked again"), "{}", again.err);
    assert!(!again.err.contains("b.png"), "{}", again.err);
    assert_eq!((again.code, server.requests().len()), (Some(0), 6), "{}{}", again.out, again.err);
    let third = ran(&home, &retry).await;
    assert!(!third.err.contains("has changed") && server.requests().len() == 6, "{}", third.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_has_the_pictures_in_it_and_brings_them_back() {
    let server = server().await;
    let home = at_home(&server);
    home.file("config/prompts/look.toml", "user = \"What is it?\"\n[response]\nformat = \"text\"\n");
    fs::write(home.dir("work").join("photo.png"), png(640, 480)).unwrap();
    let look = ["run", "look", "-m", "m", "--image", "photo.png", "--no-cache"];
    assert_eq!(ran(&home, &look).await.code, Some(0));
    let backed_up = ran(&home, &["history", "backup", "copy.db"]).await;
    assert_eq!(backed_up.code, Some(0), "{}", backed_up.err);
    let copy = home.dir("work").join("copy.db");
    fs::remove_dir_all(home.dir("data")).unwrap();
    let restored = ran(&home, &["history", "restore", "copy.db"]).await;
    assert_eq!(restored.code, Some(0), "{}", restored.err);
    let files = kept(&home);
    assert_eq!(files.iter().map(|file| fs::read(file).unwrap()).collect::<Vec<_>>(), [png(640, 480)]);
    fs::remove_file(home.dir("work").join("photo.png")).unwrap();
    let again = ran(&home, &look).await;
    assert!(again.code == Some(0) && again.err.contains("photo.png is gone"), "{}", again.err);

    // bytes that are not what their hash says, or that no run names, stay out
    let db = rusqlite::Connection::open(&copy).unwrap();
    db.execute("UPDATE attached_file SET bytes = x'00'", []).unwrap();
    db.execute("INSERT INTO attached_file VALUES ('../../evil', x'00')", []).unwrap();
    drop(db);
    fs::remove_dir_all(home.dir("data")).unwrap();
    assert_eq!(ran(&home, &["history", "restore", "copy.db"]).await.code, Some(0));
    assert!(kept(&home).is_empty());
}
