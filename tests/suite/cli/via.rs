//! A batch that goes to a provider's batch API: joined by id, resumed after any crash, paid for once.

use std::{fs, sync::Arc, time::Duration};

use serde_json::{Value, json};

use crate::support::{
    home::{Home, Ran},
    providers::{Batches, Behaviour, Fate, Reply, kill},
};

/// A home with a prompt, so many rows, and a provider of each kind at the server.
fn home(server: &Batches, rows: u64) -> Home {
    let home = Home::new();
    let url = &server.url;
    home.file(
        "config/prompts/p.toml",
        "user = \"{{ input }}\"\n[response]\nformat = \"text\"\n[[check]]\ntype = \"contains\"\nvalue = \"answer\"\n",
    );
    home.file(
        "config/config.toml",
        &format!(
            "[batch]\npoll = \"10ms\"\n[retry]\nattempts = 1\n\
             [providers.o]\nkind = \"openai\"\nbase_url = \"{url}/v1\"\napi_keys = [\"env:O_KEY\"]\n\
             [providers.a]\nkind = \"anthropic\"\nbase_url = \"{url}\"\napi_keys = [\"env:A_KEY\"]\n\
             [providers.g]\nkind = \"gemini\"\nbase_url = \"{url}/v1beta\"\napi_keys = [\"env:G_KEY\"]\n\
             [models.om]\nprovider = \"o\"\nmodel = \"m\"\ninput_price = 2.0\noutput_price = 4.0\n\
             [models.am]\nprovider = \"a\"\nmodel = \"claude\"\ninput_price = 2.0\noutput_price = 4.0\n\
             [models.gm]\nprovider = \"g\"\nmodel = \"gem\"\ninput_price = 2.0\noutput_price = 4.0\n"
        ),
    );
    let lines: Vec<String> = (1..=rows).map(|row| format!("row {row}\n")).collect();
    let lines = lines.concat();
    home.file("work/rows.txt", &lines);
    home
}

/// The three ways: the name of each, the model that goes it, and what makes a batch.
const WAYS: [(&str, &str, &str); 3] = [
    ("openai-batch", "om", "POST /v1/batches"),
    ("anthropic-batch", "am", "POST /v1/messages/batches"),
    ("gemini-batch", "gm", "POST /v1beta/models/gem:batchGenerateContent"),
];

fn arguments<'a>(way: &'a str, model: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["batch", "p", "rows.txt", "--format", "lines", "-m", model, "--json", "--via", way][..], more].concat()
}

fn run(home: &Home, (way, model): (&str, &str), more: &[&str]) -> Ran {
    let mut command = home.command(&arguments(way, model, more));
    Ran::of(command.envs([("O_KEY", "key-o"), ("A_KEY", "key-a"), ("G_KEY", "key-g")]).output().unwrap())
}

fn cells(ran: &Ran) -> Vec<Value> {
    ran.lines().into_iter().filter(|line| line["event"] == "cell").collect()
}

fn answers(ran: &Ran) -> Vec<String> {
    cells(ran).iter().map(|cell| cell["answer"].as_str().unwrap_or_default().to_owned()).collect()
}

fn expected(rows: u64) -> Vec<String> {
    (1..=rows).map(|row| format!("answer to row {row}")).collect()
}

/// Creates of batches, among the requests of a log.
fn creates(server: &Batches, line: &str) -> usize {
    server.log().iter().filter(|asked| *asked == line).count()
}

#[test]
fn answers_are_joined_by_id_checked_and_paid_at_half_the_price_by_every_way() {
    for (way, model, create) in WAYS {
        let server = Batches::start(Behaviour::default());
        let home = home(&server, 4);
        let ran = run(&home, (way, model), &[]);
        assert_eq!(ran.code, Some(0), "{way}: {}", ran.err);
        assert_eq!(answers(&ran), expected(4), "{way}: the last came first");
        assert_eq!(creates(&server, create), 1, "{way}: {:?}", server.log());
        let cell = &cells(&ran)[0];
        assert_eq!(cell["seconds"], Value::Null, "{way}: nobody knows how long it took");
        let cost = cell["cost"].as_f64().unwrap();
        assert!((cost - (1000.0 * 2.0 + 100.0 * 4.0) / 1e6 / 2.0).abs() < 1e-9, "{way}: {cost}");
        assert!(ran.err.contains("half that of live calls"), "{way}: {}", ran.err);
        assert_eq!(server.kept.lock().unwrap().live, 0);
        assert!(home.files().iter().all(|file| !file.ends_with("job.json")), "{way}: the job is over");
        // The cache has them now: nothing is handed over.
        let again = run(&home, (way, model), &["--new"]);
        assert_eq!((again.code, answers(&again)), (Some(0), expected(4)), "{way}: {}", again.err);
        assert_eq!(creates(&server, create), 1, "{way}: only what the cache has not is sent");
    }
}

#[test]
fn a_request_in_a_batch_is_the_one_that_is_sent_live_without_its_stream() {
    let server = Batches::start(Behaviour::default());
    let home = home(&server, 1);
    run(&home, ("openai-batch", "om"), &["--param", "temperature=0.5"]);
    let line = server.made()[0].lines[0].clone();
    assert_eq!((line["method"].as_str(), line["url"].as_str()), (Some("POST"), Some("/v1/chat/completions")));
    assert_eq!(
        line["body"],
        json!({ "model": "m", "messages": [{ "role": "user", "content": "row 1" }], "temperature": 0.5 })
    );
    let id = line["custom_id"].as_str().unwrap();
    assert!(id.len() <= 64 && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{id}");
}

/// Ends the program at the n-th request, once the server has done what it was asked.
fn deadly(at: usize, victim: &Arc<std::sync::Mutex<Option<u32>>>, seen: bool) -> Behaviour {
    let victim = Arc::clone(victim);
    let trick = move |_: &crate::support::providers::Asked, kept: &mut crate::support::providers::Kept| {
        if kept.log.len() != at {
            return None;
        }
        // The program is there, or it could not have asked.
        let pid = loop {
            if let Some(pid) = *victim.lock().unwrap() {
                break pid;
            }
            std::thread::yield_now();
        };
        kill(pid);
        Some(Reply::HangUp)
    };
    if seen {
        Behaviour { after: Box::new(trick), ..Behaviour::default() }
    } else {
        Behaviour { before: Box::new(trick), ..Behaviour::default() }
    }
}

/// Ends the program at each request of a way in turn, before or after the server has done what it was asked, and starts
/// it again.
fn survives((way, model, _): (&str, &str, &str)) {
    let whole = Batches::start(Behaviour::default());
    run(&home(&whole, 3), (way, model), &[]);
    let steps = whole.log().len();
    assert!(steps >= 3, "{way}: {:?}", whole.log());
    for (at, seen) in (1..=steps).flat_map(|at| [(at, true), (at, false)]) {
        let victim = Arc::default();
        let server = Batches::start(deadly(at, &victim, seen));
        let home = home(&server, 3);
        let mut command = home.command(&arguments(way, model, &[]));
        command.envs([("O_KEY", "key-o"), ("A_KEY", "key-a"), ("G_KEY", "key-g")]);
        let mut child = command.spawn().unwrap();
        *victim.lock().unwrap() = Some(child.id());
        assert_eq!(child.wait().unwrap().code(), None, "{way}, request {at}: it was killed");
        let ran = run(&home, (way, model), &[]);
        assert_eq!(ran.code, Some(0), "{way}, request {at}, seen {seen}: {}", ran.err);
        assert_eq!(answers(&ran), expected(3), "{way}, request {at}");
        assert_eq!(server.made().len(), 1, "{way}, request {at}, seen {seen}: {:?}", server.log());
    }
}

#[test]
fn a_job_at_openai_survives_the_program_at_every_request_and_is_paid_for_once() {
    survives(WAYS[0]);
}

#[test]
fn a_job_at_anthropic_survives_the_program_at_every_request_and_is_paid_for_once() {
    survives(WAYS[1]);
}

#[test]
fn a_job_at_gemini_survives_the_program_at_every_request_and_is_paid_for_once() {
    survives(WAYS[2]);
}

#[test]
fn a_creation_that_nobody_answered_is_looked_up_and_not_made_again() {
    for (way, model, create) in WAYS {
        let hangs = move |asked: &crate::support::providers::Asked, kept: &mut crate::support::providers::Kept| {
            (asked.line() == create && kept.batches.len() == 1 && kept.batches[0].polls == 0).then_some(Reply::HangUp)
        };
        let server = Batches::start(Behaviour { after: Box::new(hangs), ..Behaviour::default() });
        let home = home(&server, 2);
        let ran = run(&home, (way, model), &[]);
        assert_eq!((ran.code, answers(&ran)), (Some(0), expected(2)), "{way}: {}", ran.err);
        assert_eq!(creates(&server, create), 1, "{way}: {:?}", server.log());
        assert!(ran.err.contains("in the provider's list"), "{way}: {}", ran.err);
    }
}

#[test]
fn what_expired_failed_or_is_missing_is_asked_in_a_further_job_and_the_rest_is_kept() {
    for (way, model, _) in WAYS {
        let fate = |said: &str, batch: usize| match (said, batch) {
            ("row 1", 0) => Fate::Expired,
            ("row 2", 0) => Fate::Missing,
            ("row 3", 0) => Fate::Error(500, json!({ "type": "api_error", "message": "oops" })),
            ("row 4", _) => Fate::Error(400, json!({ "type": "invalid_request_error", "message": "bad row" })),
            _ => Fate::Answer(format!("answer to {said}")),
        };
        let server = Batches::start(Behaviour { fate: Box::new(fate), ..Behaviour::default() });
        let home = home(&server, 6);
        let ran = run(&home, (way, model), &[]);
        let sizes: Vec<usize> = server.made().iter().map(|made| made.lines.len()).collect();
        assert_eq!(sizes, [6, 3], "{way}: {}", ran.err);
        let cells = cells(&ran);
        let bad = cells.iter().filter(|cell| cell["standing"] == "error").collect::<Vec<_>>();
        assert_eq!((bad.len(), bad[0]["row"].as_u64()), (1, Some(4)), "{way}: {}", ran.err);
        assert!(ran.out.contains("bad row"), "{way}: what the provider said is told: {}", ran.out);
        assert_eq!(answers(&ran).iter().filter(|answer| answer.starts_with("answer to")).count(), 5);
    }
}

#[test]
fn what_no_job_answers_is_asked_live_where_that_is_wanted() {
    let fate = |said: &str, _: usize| match said {
        "row 2" => Fate::Expired,
        "row 3" => Fate::Error(400, json!({ "message": "bad row", "type": "invalid_request_error" })),
        _ => Fate::Answer(format!("answer to {said}")),
    };
    let server = Batches::start(Behaviour { fate: Box::new(fate), ..Behaviour::default() });
    let home = home(&server, 4);
    home.file(
        "config/config.toml",
        &fs::read_to_string(home.dir("config").join("config.toml")).unwrap().replace("attempts = 1", "attempts = 2"),
    );
    let ran = run(&home, ("openai-batch", "om"), &["--rest", "live"]);
    assert_eq!(answers(&ran)[1], "live answer to row 2", "{}", ran.err);
    assert_eq!(
        (server.made().len(), server.kept.lock().unwrap().live),
        (1, 1),
        "a fault of its own is not asked again"
    );
    let cells = cells(&ran);
    let cost = |row: usize| cells[row - 1]["cost"].as_f64().unwrap();
    assert!((cost(2) - 2.0 * cost(1)).abs() < 1e-9, "live is at the full price: {} {}", cost(1), cost(2));
    assert!(cells[1]["seconds"].is_number() && cells[0]["seconds"].is_null());
}

#[test]
fn a_batch_that_is_completed_without_any_file_is_asked_again_and_given_up_in_the_end() {
    let bare = |asked: &crate::support::providers::Asked, kept: &mut crate::support::providers::Kept| {
        let made = kept.batches.iter().find(|made| asked.path.ends_with(&made.id) && made.end.is_some())?;
        let counts = json!({ "total": made.lines.len(), "completed": 0, "failed": made.lines.len() });
        Some(Reply::Json(
            200,
            json!({ "id": made.id, "status": "completed", "output_file_id": null,
                                      "error_file_id": null, "request_counts": counts }),
        ))
    };
    let server = Batches::start(Behaviour { after: Box::new(bare), ..Behaviour::default() });
    let home = home(&server, 2);
    let ran = run(&home, ("openai-batch", "om"), &[]);
    assert_eq!(server.made().len(), 3, "{}", ran.err);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(cells(&ran).iter().all(|cell| cell["standing"] == "error" && cell["cost"] == 0.0), "{}", ran.out);
    assert!(ran.err.contains("2 are in no file of results"), "{}", ran.err);
}

#[test]
fn a_part_that_is_too_many_tokens_after_its_creation_waits_and_is_halved() {
    let full = |asked: &crate::support::providers::Asked, kept: &mut crate::support::providers::Kept| {
        let made = kept.batches.iter_mut().find(|made| asked.path.ends_with(&made.id))?;
        (made.lines.len() > 2).then(|| made.end = Some("failed".to_owned()));
        None
    };
    let server = Batches::start(Behaviour { before: Box::new(full), ..Behaviour::default() });
    let home = home(&server, 4);
    let ran = run(&home, ("openai-batch", "om"), &[]);
    assert_eq!((ran.code, answers(&ran)), (Some(0), expected(4)), "{}", ran.err);
    assert!(ran.err.contains("token_limit_exceeded") && ran.err.contains("in halves"), "{}", ran.err);
    let sizes: Vec<usize> = server.made().iter().map(|made| made.lines.len()).collect();
    assert_eq!(sizes, [4, 4, 2, 2], "nothing of a part that was refused was asked");
}

#[test]
fn a_batch_that_is_refused_as_a_whole_says_why_and_leaves_no_job() {
    let refused = |asked: &crate::support::providers::Asked, kept: &mut crate::support::providers::Kept| {
        let made = kept.batches.iter().find(|made| asked.path.ends_with(&made.id))?;
        let errors = json!({ "data": [{ "code": "model_mismatch", "message": "one model per file" }] });
        Some(Reply::Json(200, json!({ "id": made.id, "status": "failed", "errors": errors })))
    };
    let server = Batches::start(Behaviour { before: Box::new(refused), ..Behaviour::default() });
    let home = home(&server, 2);
    let ran = run(&home, ("openai-batch", "om"), &[]);
    assert_eq!((ran.code, cells(&ran).len()), (Some(1), 0), "{}", ran.err);
    assert!(ran.err.contains("model_mismatch: one model per file"), "{}", ran.err);
    assert!(home.files().iter().all(|file| !file.ends_with("job.json")));
}

#[test]
fn ids_of_another_key_are_not_found_and_the_key_of_the_job_is_named() {
    let server = Batches::start(Behaviour { polls: 1000, ..Behaviour::default() });
    let home = home(&server, 2);
    let ran = run(&home, ("openai-batch", "om"), &["--no-wait"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    server.kept.lock().unwrap().batches.clear();
    let ran = run(&home, ("openai-batch", "om"), &[]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    for word in ["knows no batch batch_1", "O_KEY", "another account or project", "the job is kept"] {
        assert!(ran.err.contains(word), "{word}: {}", ran.err);
    }
    assert!(home.files().iter().any(|file| file.ends_with("job.json")));
    assert!(!ran.err.contains("key-o") && !ran.out.contains("key-o"));
}

#[test]
fn ctrl_c_leaves_the_job_and_a_cancel_fetches_what_was_answered() {
    let fate = |said: &str, _: usize| match said {
        "row 1" => Fate::Answer("answer to row 1".to_owned()),
        _ => Fate::Missing,
    };
    let ends = |asked: &crate::support::providers::Asked, kept: &mut crate::support::providers::Kept| {
        let made = kept.batches.iter_mut().find(|made| asked.path.ends_with(&made.id))?;
        made.end = made.cancelled.then(|| "cancelled".to_owned());
        None
    };
    let server = Batches::start(Behaviour {
        fate: Box::new(fate),
        before: Box::new(ends),
        polls: 100_000,
        ..Behaviour::default()
    });
    let home = home(&server, 3);
    let mut command = home.command(&arguments("openai-batch", "om", &[]));
    let child = command.env("O_KEY", "key-o").spawn().unwrap();
    while server.count("GET /v1/batches/") < 2 {
        std::thread::sleep(Duration::from_millis(2));
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!(ran.code, Some(130), "{}", ran.err);
    assert!(ran.err.contains("goes on at the provider") && ran.err.contains("--cancel"), "{}", ran.err);
    assert_eq!(server.count("POST /v1/batches/batch_1/cancel"), 0, "ctrl-c cancels nothing");
    let status = home.command(&["batch", "--status"]).env("O_KEY", "key-o").output().unwrap();
    let status = Ran::of(status);
    for word in ["openai-batch", "rows.txt", "in_progress, 0 of 3 done", "expires 20"] {
        assert!(status.out.contains(word), "{word}: {} {}", status.out, status.err);
    }
    let job = status.out.lines().nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    let cancelled = Ran::of(home.command(&["batch", "--cancel", &job]).env("O_KEY", "key-o").output().unwrap());
    assert_eq!(cancelled.code, Some(0), "{}", cancelled.err);
    assert!(cancelled.err.contains("paid for"), "{}", cancelled.err);
    assert_eq!(server.count("POST /v1/batches/batch_1/cancel"), 1);
    let ran = run(&home, ("openai-batch", "om"), &[]);
    assert_eq!((ran.code, answers(&ran)), (Some(1), vec!["answer to row 1".to_owned()]), "{}", ran.err);
    assert!(ran.err.contains("was cancelled") && ran.err.contains("the same command asks"), "{}", ran.err);
    assert_eq!(server.made().len(), 1, "nothing is handed over behind anybody's back");
    // Then the same command hands over what has no answer.
    run(&home, ("openai-batch", "om"), &["--no-wait"]);
    assert_eq!(server.made().last().unwrap().lines.len(), 2);
}

#[test]
fn what_is_at_a_provider_is_not_asked_call_by_call_as_well() {
    let server = Batches::start(Behaviour { polls: 1000, ..Behaviour::default() });
    let home = home(&server, 2);
    run(&home, ("openai-batch", "om"), &["--no-wait"]);
    let live = ["batch", "p", "rows.txt", "--format", "lines", "-m", "om"];
    let ran = Ran::of(home.command(&live).env("O_KEY", "key-o").output().unwrap());
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(ran.err.contains("--via openai-batch") && ran.err.contains("begin anew"), "{}", ran.err);
    let other = run(&home, ("gemini-batch", "om"), &[]);
    assert_eq!(other.code, Some(2), "{}", other.err);
    assert_eq!(server.kept.lock().unwrap().live, 0);
}

#[test]
fn a_provider_that_fails_for_a_while_is_asked_again() {
    let fails = |asked: &crate::support::providers::Asked, kept: &mut crate::support::providers::Kept| {
        let times = kept.log.iter().filter(|line| **line == asked.line()).count();
        let later = asked.path != "/v1/batches" || asked.method == "GET";
        (times == 1 && later).then(|| match asked.method.as_str() {
            "GET" => Reply::HangUp,
            _ => Reply::Json(503, json!({ "error": { "message": "overloaded" } })),
        })
    };
    let server = Batches::start(Behaviour { before: Box::new(fails), ..Behaviour::default() });
    let home = home(&server, 2);
    let ran = run(&home, ("openai-batch", "om"), &[]);
    assert_eq!((ran.code, answers(&ran)), (Some(0), expected(2)), "{}", ran.err);
    assert_eq!(server.made().len(), 1);
}

#[test]
fn a_batch_of_the_same_size_that_is_somebody_elses_is_not_taken_for_ours() {
    // Anthropic names no batch: who made one is known by its answers alone.
    let foreign = |asked: &crate::support::providers::Asked, kept: &mut crate::support::providers::Kept| {
        if asked.line() == "POST /v1/messages/batches" && kept.batches.len() == 1 {
            let mut other = kept.batches[0].clone();
            for line in Arc::make_mut(&mut other.lines) {
                line["custom_id"] = json!("theirs");
            }
            "batch_0".clone_into(&mut other.id);
            kept.batches = vec![other];
            return Some(Reply::HangUp);
        }
        None
    };
    let server = Batches::start(Behaviour { after: Box::new(foreign), ..Behaviour::default() });
    let home = home(&server, 2);
    let ran = run(&home, ("anthropic-batch", "am"), &[]);
    assert_eq!((ran.code, answers(&ran)), (Some(0), expected(2)), "{} {:?}", ran.err, server.log());
    assert!(ran.err.contains("batch_0 is somebody else's"), "{}", ran.err);
}

#[test]
fn what_takes_several_calls_or_has_no_such_api_is_refused_with_the_reason() {
    let server = Batches::start(Behaviour::default());
    let home = home(&server, 2);
    home.file("config/prompts/p.toml", "user = \"{{ input }}\"\n[[tool]]\nname = \"t\"\nresult = { text = \"1\" }\n");
    for (way, model, word) in [
        ("anthropic-batch", "om", "cannot be asked by anthropic-batch"),
        ("openai-batch", "demo", "cannot be asked by openai-batch"),
        ("openai-batch", "om", "several calls"),
        ("nobody-batch", "om", "openai-batch, anthropic-batch, gemini-batch, vllm"),
    ] {
        let ran = run(&home, (way, model), &[]);
        assert_eq!(ran.code, Some(2), "{way} {model}: {}", ran.err);
        assert!(ran.err.contains(word), "{word}: {}", ran.err);
    }
    home.file("config/prompts/p.toml", "user = \"Before: {{ _conversation }} Now: {{ input }}\"\n");
    let ran = run(&home, ("openai-batch", "om"), &[]);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(ran.err.contains("p is told the answers to earlier rows"), "{}", ran.err);
    assert!(server.log().is_empty());
}

#[test]
fn requests_for_a_cluster_of_ones_own_are_written_and_its_answers_read() {
    let server = Batches::start(Behaviour::default());
    let home = home(&server, 3);
    let more = ["batch", "p", "rows.txt", "--format", "lines", "-m", "om", "--json", "--via", "vllm", "requests.jsonl"];
    let once = || Ran::of(home.command(&more).env("O_KEY", "key-o").output().unwrap());
    let ran = once();
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.err.contains("run-batch -i ") && ran.err.contains("requests.answers.jsonl"), "{}", ran.err);
    let requests = fs::read_to_string(home.dir("work").join("requests.jsonl")).unwrap();
    let lines: Vec<Value> = requests.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3);
    let answered = |line: &Value| {
        let said = line["body"]["messages"][0]["content"].as_str().unwrap();
        let body = json!({ "choices": [{ "index": 0, "finish_reason": "stop",
                                         "message": { "role": "assistant", "content": format!("answer to {said}") } }],
                           "usage": { "prompt_tokens": 1000, "completion_tokens": 100 } });
        json!({ "id": "vllm-1", "custom_id": line["custom_id"],
                "response": { "status_code": 200, "request_id": "r", "body": body }, "error": null })
    };
    let out: Vec<String> = lines.iter().map(|line| format!("{}\n", answered(line))).collect();
    let out = out.concat();
    home.file("work/requests.answers.jsonl", "{\"custom_id\":\"theirs\"}\n");
    let early = once();
    assert_eq!(early.code, Some(2), "{}", early.err);
    home.file("work/requests.answers.jsonl", &out);
    let ran = once();
    assert_eq!((ran.code, answers(&ran)), (Some(0), expected(3)), "{}", ran.err);
    let cost = cells(&ran)[0]["cost"].as_f64().unwrap();
    assert!((cost - 0.0024).abs() < 1e-9, "no discount of one's own: {cost}");
    assert!(server.log().is_empty());
}
