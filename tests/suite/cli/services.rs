//! Models that make no answers: embedders of further vendors and files of code, classifiers, and a moderation that is waited
//! for; what they say, what they say that is wrong, and what they are not asked for.

use serde_json::{Value, json as value};

use crate::support::{
    home::{Home, Ran},
    server::{Request, Script, Server, json},
};

async fn ran(home: &Home, arguments: &[&str]) -> Ran {
    let mut command = home.command(arguments);
    tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap())).await.unwrap()
}

fn verdict(ran: &Ran) -> Value {
    let cell = ran.lines().into_iter().find(|line| line["event"] == "cell").unwrap_or_else(|| panic!("{}", ran.err));
    cell["verdicts"].as_array().unwrap().last().unwrap().clone()
}

/// The verdicts of the last checks of a cell.
fn last(cell: &Value, count: usize) -> Vec<Value> {
    let all = cell["verdicts"].as_array().unwrap();
    all[all.len() - count..].to_vec()
}

/// A home with a provider `own` and a prompt with one check, whose one row is answered by the demonstration.
fn home(provider: &str, check: &str) -> Home {
    let home = Home::new();
    home.file("config/config.toml", &format!("[retry]\nattempts = 1\n[providers.own]\n{provider}\n"));
    home.file(
        "config/prompts/reply.toml",
        &format!("user = \"{{{{ input }}}}\"\n[response]\nformat = \"text\"\n[[check]]\n{check}\n"),
    );
    home.file("work/rows.csv", "input,expected\nHello,Good day\n");
    home
}

const BATCH: &[&str] = &["batch", "reply", "rows.csv", "-m", "demo", "--json"];

fn says(body: &str) -> Script {
    Script::answer(json("200 OK", &[], body))
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_are_embedded_as_each_vendor_has_it() {
    let predicted =
        r#"{"predictions":[{"embeddings":{"values":[0.6,0.8],"statistics":{"token_count":3,"truncated":false}}}]}"#;
    let (vertex, hub) = ("vendor = \"vertex\"\nbase_url = \"{url}/v1/publishers/google\"", "{url}/hf-inference");
    let hub = format!("wire = \"inference\"\nbase_url = \"{hub}\"");
    for (provider, model, path, body, sent) in [
        (
            "vendor = \"voyage\"\nbase_url = \"{url}/v1\"",
            "voyage-2",
            "/v1/embeddings",
            r#"{"object":"list","data":[{"object":"embedding","embedding":[0.6,0.8],"index":0}],"model":"voyage-2","usage":{"total_tokens":3}}"#,
            value!({"model": "voyage-2", "input": "Good day"}),
        ),
        (
            vertex,
            "text-embedding-004",
            "/v1/publishers/google/models/text-embedding-004:predict",
            predicted,
            value!({"instances": [{"content": "Good day"}]}),
        ),
        (
            vertex,
            "gemini-embedding-2",
            "/v1/publishers/google/models/gemini-embedding-2:embedContent",
            r#"{"embedding":{"values":[0.6,0.8]}}"#,
            value!({"content": {"parts": [{"text": "Good day"}]}}),
        ),
        (
            &hub,
            "sentence-transformers/all-MiniLM-L6-v2",
            "/hf-inference/models/sentence-transformers/all-MiniLM-L6-v2/pipeline/feature-extraction",
            "[[0.6,0.8]]",
            value!({"inputs": "Good day"}),
        ),
    ] {
        let server = Server::start((0..4).map(|_| says(body))).await;
        let check = format!("type = \"similar\"\nvalue = \"{{{{ expected }}}}\"\njudge = \"own/{model}\"");
        let home = home(&provider.replace("{url}", &server.url), &check);
        let first = ran(&home, BATCH).await;
        let found = verdict(&first);
        assert_eq!(found["reason"], "cosine 1.00 ≥ threshold 0.75", "{model}: {found} {}", first.err);
        let requests = server.requests();
        assert!(requests.iter().all(|request| request.path == path), "{requests:?}");
        assert!(requests.iter().any(|request| request.json() == sent), "{requests:?}");
        let again = ran(&home, &[BATCH, &["--new"]].concat()).await;
        assert_eq!((verdict(&again)["status"].as_str(), server.requests().len()), (Some("passed"), 2), "{}", again.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_service_says_wrong_never_passes_in_either_direction() {
    let deep = "[".repeat(10 * 1024 * 1024);
    let embedder = ["[NaN]", "[[0.1],[0.2]]", "[\"0.1\"]", "{\"text\":\"hi\"}", "\"hi\"", "", deep.as_str()];
    let classifier = [
        "[{\"label\":\"a\",\"score\":NaN}]",
        "[{\"label\":\"a\",\"score\":\"0.9\"}]",
        "[{\"label\":3,\"score\":0.9}]",
        "{\"a\":0.9}",
        "[[0.1]]",
        "[[]]",
        "[{\"label\":\"b\",\"score\":0.9}]",
        "{\"error\":\"Model a is currently loading\",\"estimated_time\":20.0}",
        deep.as_str(),
    ];
    let cases = embedder.map(|body| ("similar", body)).into_iter().chain(classifier.map(|body| ("classifier", body)));
    for (kind, body) in cases {
        for not in ["", "not-"] {
            let server = Server::start((0..4).map(|_| says(body))).await;
            let check = format!("type = \"{not}{kind}\"\nvalue = \"a\"\nthreshold = 0.5\njudge = \"own/m\"");
            let home = home(&format!("wire = \"inference\"\nbase_url = \"{}\"", server.url), &check);
            let ran = ran(&home, BATCH).await;
            let (found, head) = (verdict(&ran), body.chars().take(60).collect::<String>());
            assert_eq!((found["status"].as_str(), ran.code), (Some("inconclusive"), Some(100)), "{head}: {found}");
            assert!(found["reason"].as_str().unwrap().len() < 1000, "{head}: {found}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_classified_and_the_run_is_no_answer() {
    let text = r#"[[{"label":"nothate","score":0.75},{"label":"hate","score":0.25}]]"#;
    let pieces = r#"[{"entity_group":"NAME","score":0.75,"word":"Ada","start":0,"end":3}]"#;
    for (body, check, mark, reason) in [
        (text, "value = \"nothate\"\nthreshold = 0.5", "passed", "nothate 0.75 ≥ threshold 0.50"),
        (text, "value = \"nothate\"", "failed", "nothate 0.75 < threshold 1.00"),
        (text, "value = \"nothate\"\nweight = 0", "passed", "nothate 0.75 < threshold 1.00 (weight 0"),
        (text, "threshold = 0.75", "passed", "nothate 0.75 ≥ threshold 0.75"),
        (text, "value = \"hat\"", "inconclusive", "has no label"),
        (pieces, "threshold = 0.5", "passed", "NAME 0.75 ≥ threshold 0.50"),
        (pieces, "value = \"KEY\"", "failed", "KEY 0.00 < threshold 1.00"),
        ("[]", "", "failed", "no label 0.00 < threshold 1.00"),
        ("[{\"label\":\"\\u001b[2Ja\",\"score\":0.5}]", "threshold = 0.5", "passed", "0.50 ≥ threshold 0.50"),
    ] {
        let server = Server::start((0..4).map(|_| says(body))).await;
        let home = home(
            &format!("wire = \"inference\"\nbase_url = \"{}/hf-inference\"", server.url),
            &format!("type = \"classifier\"\njudge = \"own/a/b\"\n{check}"),
        );
        let dry = ran(&home, &[BATCH, &["--dry-run"]].concat()).await;
        assert_eq!((dry.lines()[0]["requests"].as_u64(), server.requests().len()), (Some(2), 0), "{}", dry.out);
        let capped = ran(&home, &[BATCH, &["--max-cost", "1"]].concat()).await;
        assert_eq!((capped.code, server.requests().len()), (Some(2), 0), "its price is not known: {}", capped.err);
        let run = ran(&home, BATCH).await;
        let found = verdict(&run);
        assert_eq!(found["status"], mark, "{found} {}", run.err);
        let words = found["reason"].as_str().unwrap();
        assert!(words.contains(reason) && !words.contains('\u{1b}'), "{found}");
        let failed = if mark == "passed" { Some(0) } else { Some(100) };
        assert_eq!(run.code, failed, "{check}: {}", run.err);
        let requests = server.requests();
        assert_eq!((requests.len(), requests[0].path.as_str()), (1, "/hf-inference/models/a/b"));
        assert!(requests[0].json()["inputs"].is_string(), "{}", requests[0].json());
        let answers = ran(&home, &["history", "--json", "name:reply"]).await;
        assert!(!answers.out.contains("own/a/b"), "a run of the service is no answer: {}", answers.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_classifier_nothing_is_asked_and_nothing_passes() {
    let home = home("wire = \"openai\"\nbase_url = \"http://127.0.0.1:9/v1\"", "type = \"classifier\"\nvalue = \"a\"");
    let run = ran(&home, BATCH).await;
    let found = verdict(&run);
    assert_eq!((found["status"].as_str(), run.code), (Some("inconclusive"), Some(100)), "{}", run.err);
    assert!(found["reason"].as_str().unwrap().contains("name it with `judge = "), "{found}");
    home.file(
        "config/prompts/reply.toml",
        "user = \"{{ input }}\"\n[response]\nformat = \"text\"\n[[check]]\ntype = \"classifier\"\njudge = \"own/m\"\n",
    );
    let found = verdict(&ran(&home, BATCH).await);
    assert!(found["reason"].as_str().unwrap().contains("inference"), "the wires that have it are named: {found}");
}

/// A prediction of Replicate's.
fn prediction(status: &str, output: &Value) -> Script {
    says(&value!({"id": "abc123", "status": status, "output": output, "error": null, "urls": {"get": "http://127.0.0.1:9/"}}).to_string())
}

/// Has an answer moderated by a Llama Guard, and gives the verdict with what was asked.
async fn guarded(model: &str, check: &str, scripts: Vec<Script>) -> (Ran, Value, Vec<Request>) {
    let server = Server::start(scripts).await;
    let home = home(
        &format!("wire = \"replicate\"\nbase_url = \"{}/v1\"\napi_keys = [\"env:GUARD\"]", server.url),
        &format!("judge = \"own/{model}\"\n{check}"),
    );
    let mut command = home.command(BATCH);
    command.env("GUARD", "r8_planted-Sentinel");
    let run = tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap())).await.unwrap();
    assert!(!run.out.contains("Sentinel") && !run.err.contains("Sentinel"), "{} {}", run.out, run.err);
    let found = verdict(&run);
    (run, found, server.requests())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_llama_guard_is_waited_for_and_its_categories_count() {
    let official = "meta/llama-guard-4-12b";
    let unsafe_ = value!("\n\nunsafe\nS1,S10");
    for (model, check, scripts, mark, reason) in [
        (
            official,
            "type = \"moderation\"",
            vec![prediction("succeeded", &value!("safe"))],
            "passed",
            "nothing is flagged",
        ),
        (
            official,
            "type = \"moderation\"",
            vec![
                prediction("starting", &Value::Null),
                prediction("processing", &Value::Null),
                prediction("succeeded", &unsafe_),
            ],
            "failed",
            "flagged: S1 (violent crimes), S10 (hate)",
        ),
        (
            "meta/llama-guard-3-8b:146d",
            "type = \"moderation\"\nvalue = [\"S10\"]",
            vec![prediction("succeeded", &unsafe_)],
            "failed",
            "flagged: S10 (hate)",
        ),
        (
            official,
            "type = \"moderation\"\nvalue = [\"S2\"]",
            vec![prediction("succeeded", &unsafe_)],
            "passed",
            "nothing",
        ),
        (official, "type = \"not-moderation\"", vec![prediction("succeeded", &unsafe_)], "passed", "flagged: S1"),
    ] {
        let polls = scripts.len();
        let (run, found, requests) = guarded(model, check, scripts).await;
        assert_eq!(found["status"], mark, "{check}: {found} {}", run.err);
        assert!(found["reason"].as_str().unwrap().contains(reason), "{found}");
        let (first, later) = requests.split_first().unwrap();
        let (path, version) = match model.split_once(':') {
            Some((_, version)) => ("/v1/predictions".to_owned(), Some(version)),
            None => (format!("/v1/models/{model}/predictions"), None),
        };
        assert_eq!((first.method.as_str(), &first.path, first.json()["version"].as_str()), ("POST", &path, version));
        assert!(first.json()["input"]["prompt"].is_string() && first.header("prefer") == Some("wait=10"), "{first:?}");
        assert_eq!(later.len(), polls - 1);
        for poll in later {
            assert_eq!((poll.method.as_str(), poll.path.as_str()), ("GET", "/v1/predictions/abc123"));
            assert_eq!(poll.header("authorization"), Some("Bearer r8_planted-Sentinel"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prediction_that_is_no_moderation_never_passes() {
    for (scripts, reason) in [
        (vec![prediction("succeeded", &value!("Safe travels!"))], "neither `safe` nor `unsafe`"),
        (vec![prediction("succeeded", &value!("unsafe\nS1,\u{1b}[2J"))], "neither `safe` nor `unsafe`"),
        (vec![prediction("canceled", &Value::Null)], "canceled"),
        (vec![prediction("dreaming", &value!("safe"))], "not known: \"dreaming\""),
        (vec![says(r#"{"id":"../../keys","status":"starting"}"#)], "no id"),
        (vec![says(r#"{"id":"a","status":"failed","error":"out of memory r8_planted-Sentinel"}"#)], "did not answer"),
        (
            vec![
                prediction("starting", &Value::Null),
                Script::answer(json("404 Not Found", &[], r#"{"detail":"gone"}"#)),
            ],
            "did not answer",
        ),
    ] {
        for not in ["", "not-"] {
            let check = format!("type = \"{not}moderation\"");
            let (run, found, _) = guarded("meta/llama-guard-4-12b", &check, scripts.clone()).await;
            assert_eq!((found["status"].as_str(), run.code), (Some("inconclusive"), Some(100)), "{reason}: {found}");
            let words = found["reason"].as_str().unwrap();
            assert!(words.contains(reason) && !words.contains('\u{1b}'), "{reason}: {found}");
        }
    }
}

#[test]
fn a_model_that_makes_no_answers_says_so_before_anything_is_sent() {
    let home = Home::new();
    home.file("config/prompts/p.toml", "user = \"{{ input }}\"\n");
    home.file("work/in.txt", "hello");
    for (model, variable, part) in [
        ("voyage/voyage-3.5", "VOYAGE_API_KEY", "voyage makes no answers: embedding is what it is asked for"),
        (
            "hf-inference/a/b",
            "HF_TOKEN",
            "embedding and classification is what it is asked for, as the `judge` of a check similar and classifier",
        ),
        ("replicate/meta/llama-guard-4-12b", "REPLICATE_API_TOKEN", "a check moderation"),
    ] {
        let mut command = home.command(&["run", "p", "-m", model, "-i", "in.txt"]);
        command.env(variable, "k");
        let run = Ran::of(command.output().unwrap());
        assert!(run.code != Some(0) && run.err.contains(part), "{model}: {}", run.err);
    }
}

#[test]
fn files_of_code_embed_classify_and_moderate_after_a_yes() {
    let home = Home::new();
    home.file(
        "work/embed.js",
        "console.log('to nobody');\nclass Own {\n  constructor(options) { this.options = options; }\n  id() { return 'own'; }\n  \
         async callApi() { return null; }\n  async callEmbeddingApi(text) { return { embedding: [text.length, 1] }; }\n  \
         async callModerationApi(asked, said) { return asked === '' && said === 'Say x.' ? { flags: [{ code: 'S1', description: 'harm', confidence: 0.9 }] } : { flags: [] }; }\n}\n\
         module.exports = Own;\n",
    );
    home.file(
        "work/all.py",
        "def call_embedding_api(prompt, options):\n    return {'embedding': [options['config']['n'], 1.0]}\n\
         def broken(prompt, options):\n    return {'embedding': [float('nan'), 1.0]}\n\
         async def call_classification_api(prompt, options):\n    return {'classification': {'calm': 0.9, 'angry': 0.1}}\n\
         def call_moderation_api(asked, said, options):\n    return {'flags': []}\n",
    );
    home.file(
        "work/c.yaml",
        "prompts: ['Say {{a}}.']\nproviders: [echo]\ntests:\n  - vars: {a: x}\n    assert:\n      \
         - {type: similar, value: 'Say y.', provider: ./embed.js}\n      \
         - {type: similar, value: 'Say y.', provider: {id: 'file://all.py', config: {n: 2}}}\n      \
         - {type: similar, value: 'Say y.', provider: 'file://all.py:broken'}\n      \
         - {type: similar, value: 'Say y.', provider: 'file://all.py:nothing'}\n      \
         - {type: classifier, value: calm, threshold: 0.5, provider: 'python:all.py'}\n      \
         - {type: not-classifier, value: angry, threshold: 0.5, provider: 'python:all.py'}\n      \
         - {type: classifier, value: calm, provider: ./embed.js}\n      \
         - {type: moderation, provider: ./embed.js}\n      \
         - {type: moderation, value: [S2], provider: ./embed.js}\n      \
         - {type: moderation, provider: 'file://all.py'}\n      \
         - {type: moderation, provider: 'file://all.py:broken'}\n",
    );
    let refused = home.run(&["batch", "-c", "c.yaml", "--json"]);
    assert!(refused.code == Some(1) && refused.err.contains("start the program `node ./embed.js`"), "{}", refused.err);
    let run = home.run(&["batch", "-c", "c.yaml", "--json", "--trust"]);
    let cell = run.lines().into_iter().find(|line| line["event"] == "cell").unwrap_or_else(|| panic!("{}", run.err));
    let verdicts = last(&cell, 11);
    let found: Vec<_> = verdicts.iter().map(|one| one["status"].as_str().unwrap()).collect();
    let wanted = ["passed", "passed", "inconclusive", "inconclusive", "passed", "passed", "inconclusive"];
    let moderated = ["failed", "passed", "passed", "inconclusive"];
    assert_eq!(found, [&wanted[..], &moderated[..]].concat(), "{} {}", cell["verdicts"], run.err);
    assert!(verdicts[7].to_string().contains("S1 (harm) 0.90"), "{}", cell["verdicts"]);
    assert!(verdicts[6].to_string().contains("callClassificationApi"), "{}", cell["verdicts"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_of_promptfoos_names_its_classifier_and_its_moderator() {
    let labels = r#"[[{"label":"nothate","score":0.75},{"label":"hate","score":0.25}]]"#;
    let classifier = Server::start([says(labels)]).await;
    let guard = Server::start([prediction("succeeded", &value!("unsafe\nS10"))]).await;
    let home = Home::new();
    home.file(
        "work/c.yaml",
        &format!(
            "prompts: ['Say {{{{a}}}}.']\nproviders: [echo]\ndefaultTest:\n  options:\n    provider:\n      \
             id: huggingface:text-classification:a/b\n      config: {{wait_for_model: true, apiBaseUrl: '{}/hf-inference'}}\n\
             tests:\n  - vars: {{a: x}}\n    assert:\n      - {{type: not-classifier, value: hate, threshold: 0.5}}\n      \
             - {{type: moderation, value: [S10], provider: {{id: 'replicate:moderation:meta/llama-guard-3-8b:146d', \
             config: {{apiBaseUrl: '{}/v1'}}}}}}\n",
            classifier.url, guard.url
        ),
    );
    let run = ran(&home, &["batch", "-c", "c.yaml", "--json", "--trust"]).await;
    let cell = run.lines().into_iter().find(|line| line["event"] == "cell").unwrap_or_else(|| panic!("{}", run.err));
    let verdicts = last(&cell, 2);
    assert_eq!(
        (verdicts[0]["status"].as_str(), verdicts[1]["status"].as_str()),
        (Some("passed"), Some("failed")),
        "{cell}"
    );
    let paths = [&classifier, &guard].map(|server| server.requests().remove(0).path);
    assert_eq!(paths, ["/hf-inference/models/a/b", "/v1/predictions"], "{}", run.err);
    assert!(run.err.contains("`config.wait_for_model` has no effect here"), "{}", run.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_context_is_taken_out_of_the_answer_after_a_yes_and_the_judge_is_told_it() {
    let judged = r#"{"claims":[{"claim":"c","reason":"r","supported":true}]}"#;
    let body = value!({"choices": [{"index": 0, "message": {"role": "assistant", "content": judged}, "finish_reason": "stop"}]});
    let server = Server::start((0..8).map(|_| says(&body.to_string()))).await;
    let home = Home::new();
    home.file(
        "work/sources.py",
        "def get_transform(output, context):\n    known = context['metadata']\n    return ['Of ' + output, context['vars']['a'], known['finishReason'] + str(known['tokenUsage']['total'])]\n",
    );
    home.file(
        "work/c.yaml",
        &format!(
            "prompts: ['Say {{{{a}}}}.']\nproviders: [echo]\ndefaultTest: {{options: {{provider: {{id: 'openai:chat:j', config: {{apiBaseUrl: \
             '{}/v1', stream: false}}}}}}}}\ntests:\n  - vars: {{a: x}}\n    assert:\n      \
             - {{type: context-faithfulness, contextTransform: 'context.metadata.citations?.[0] || `Out of ${{output}}, ${{context.metadata.model}}, ${{context.metadata.cached}}`'}}\n      \
             - {{type: context-relevance, contextTransform: 'file://sources.py'}}\n      \
             - {{type: context-faithfulness, contextTransform: 'output.nothing.there'}}\n      \
             - {{type: not-context-faithfulness, contextTransform: '3'}}\n      \
             - {{type: context-relevance, contextTransform: '[]'}}\n",
            server.url
        ),
    );
    let refused = ran(&home, &["batch", "-c", "c.yaml", "--json"]).await;
    assert!(refused.code == Some(1) && refused.err.contains("start the program `node -e"), "{}", refused.err);
    assert!(server.requests().is_empty());
    let run = ran(&home, &["batch", "-c", "c.yaml", "--json", "--trust"]).await;
    let cell = run.lines().into_iter().find(|line| line["event"] == "cell").unwrap_or_else(|| panic!("{}", run.err));
    let told: Vec<String> = server.requests().iter().map(|request| request.json()["messages"].to_string()).collect();
    let contexts = ["Out of Say x.", "Of Say x.\\\\n\\\\nx"];
    let tells = |told: &String| contexts.iter().any(|context| told.contains(context));
    assert!(told.iter().all(tells), "no judge is asked where there is no context: {told:?} {}", run.err);
    assert!(contexts.iter().all(|context| told.iter().any(|told| told.contains(context))), "{told:?} {}", run.err);
    let verdicts = last(&cell, 5);
    assert_eq!(verdicts[0]["status"], "passed", "{verdicts:?}");
    for (place, why) in [(2, "exit code 2"), (3, "exit code 2"), (4, "is empty")] {
        let found = &verdicts[place];
        assert_eq!(found["status"], "inconclusive", "{found}");
        assert!(found["reason"].as_str().unwrap().contains(why), "{found}");
    }
}

#[test]
fn a_row_of_a_data_set_starts_no_program_for_its_context() {
    let home = home(
        "wire = \"openai\"\nbase_url = \"http://127.0.0.1:9/v1\"",
        "type = \"contains\"\nvalue = \"x\"\nweight = 0",
    );
    let check = value!({"type": "faithfulness", "context": {"javascript": "require('fs').writeFileSync('ran', '')"}});
    home.file("work/own.jsonl", &value!({"vars": {"input": "Hello"}, "assert": [check]}).to_string());
    let run = home.run(&["batch", "reply", "own.jsonl", "-m", "demo", "--json"]);
    let found = verdict(&run);
    assert_eq!(found["status"], "inconclusive", "{found} {}", run.err);
    assert!(
        found["reason"].as_str().unwrap().contains("starts no program") && !home.dir("work").join("ran").exists(),
        "{found}"
    );
}

#[test]
fn a_program_of_ones_own_is_told_that_it_is_asked_for_an_embedding() {
    let asked = r#"grep -q '"service":"embedding"' && echo '[1, 2]'"#;
    let home = home(
        &format!("kind = \"command\"\ncommand = [\"sh\", \"-c\", '''{asked}''']"),
        "type = \"similar\"\nvalue = \"{{ expected }}\"\njudge = \"own/e\"",
    );
    let run = home.run(BATCH);
    assert_eq!(verdict(&run)["reason"], "cosine 1.00 ≥ threshold 0.75", "{} {}", verdict(&run), run.err);
    let answer = home.run_on(&["run", "reply", "-m", "own/e"], "Hello");
    assert!(answer.code != Some(0), "an answer is not asked for so: {}", answer.out);
}
