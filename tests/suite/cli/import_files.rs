//! `retort import` of files that are no JSON: inspect's archives and llm's database.

use std::fs;

use flate2::{Compression, Crc, write::DeflateEncoder};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::home::Home;

/// A member of an archive, as it is written and as the directory tells of it.
struct Member {
    name: &'static str,
    method: u16,
    flags: u16,
    packed: Vec<u8>,
    size: u32,
    checksum: u32,
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0; zstd_safe::compress_bound(bytes.len())];
    let length = zstd_safe::compress(&mut out[..], bytes, 3).unwrap();
    out.truncate(length);
    out
}

fn member(name: &'static str, method: u16, body: &[u8]) -> Member {
    let packed = match method {
        8 => {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
            std::io::Write::write_all(&mut encoder, body).unwrap();
            encoder.finish().unwrap()
        }
        // As inspect writes long ones: in several frames.
        93 => body.chunks(100).flat_map(zstd).collect(),
        _ => body.to_vec(),
    };
    Member { name, method, flags: 0, packed, size: body.len() as u32, checksum: crc(body) }
}

/// Writes an archive; with `large`, as one of more than 4 GB has its directory.
fn archive(members: &[Member], large: bool) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for member in members {
        let at = out.len() as u32;
        let sizes = [member.packed.len() as u32, member.size];
        let head = |to: &mut Vec<u8>| {
            for field in [20, member.flags, member.method, 0, 0] {
                to.extend(field.to_le_bytes());
            }
            to.extend(member.checksum.to_le_bytes());
        };
        out.extend(0x0403_4b50_u32.to_le_bytes());
        head(&mut out);
        for size in &sizes {
            out.extend(size.to_le_bytes());
        }
        out.extend((member.name.len() as u16).to_le_bytes());
        out.extend(0_u16.to_le_bytes());
        out.extend(member.name.as_bytes());
        out.extend(&member.packed);
        directory.extend(0x0201_4b50_u32.to_le_bytes());
        directory.extend(20_u16.to_le_bytes());
        head(&mut directory);
        let told = if large { [u32::MAX; 2] } else { sizes };
        for size in &told {
            directory.extend(size.to_le_bytes());
        }
        directory.extend((member.name.len() as u16).to_le_bytes());
        directory.extend(if large { 28_u16 } else { 0 }.to_le_bytes());
        directory.extend([0; 10]);
        directory.extend(if large { u32::MAX } else { at }.to_le_bytes());
        directory.extend(member.name.as_bytes());
        if large {
            directory.extend([1, 0, 24, 0]);
            for field in [sizes[1], sizes[0], at] {
                directory.extend(u64::from(field).to_le_bytes());
            }
        }
    }
    let (begins, length, count) = (out.len() as u64, directory.len() as u64, members.len() as u64);
    out.extend(directory);
    if large {
        let at = out.len() as u64;
        out.extend(0x0606_4b50_u32.to_le_bytes());
        out.extend(44_u64.to_le_bytes());
        out.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for field in [count, count, length, begins] {
            out.extend(field.to_le_bytes());
        }
        out.extend(0x0706_4b50_u32.to_le_bytes());
        out.extend([0; 4]);
        out.extend(at.to_le_bytes());
        out.extend([1, 0, 0, 0]);
    }
    out.extend(0x0605_4b50_u32.to_le_bytes());
    out.extend([0; 4]);
    let told =
        |number: u64, bytes: usize| if large { vec![0xff; bytes] } else { number.to_le_bytes()[..bytes].to_vec() };
    out.extend([told(count, 2), told(count, 2), told(length, 4), told(begins, 4), vec![0, 0]].concat());
    out
}

fn sample(id: &str, input: &str, answer: &str) -> Vec<u8> {
    let sample = json!({
        "id": id, "epoch": 1, "input": input, "target": "Teal", "uuid": format!("u-{id}"),
        "messages": [{ "role": "user", "content": input }, { "role": "assistant", "content": answer }],
        "output": {
            "model": "mockllm/model", "time": 1.5,
            "choices": [{ "message": { "role": "assistant", "content": answer }, "stop_reason": "stop" }],
            "usage": { "input_tokens": 9, "output_tokens": 4 },
        },
        "scores": { "includes": { "value": "C" } },
        "started_at": "2026-11-30T11:21:37.314310+00:00",
        "attachments": { "long": "A long question, kept once" },
    });
    sample.to_string().into_bytes()
}

fn evals(method: u16) -> Vec<Member> {
    vec![
        member("_journal/start.json", method, b"{\"version\": 2}"),
        member("samples/q1_epoch_1.json", method, &sample("q1", "Name a colour", "Teal")),
        member("samples/q2_epoch_1.json", method, &sample("q2", "attachment://long", "Red")),
        member("header.json", method, b"{}"),
    ]
}

fn with(bytes: &[u8]) -> Home {
    let home = Home::new();
    fs::write(home.dir("work").join("log.eval"), bytes).unwrap();
    home
}

#[test]
fn an_eval_of_inspects_is_read_however_it_is_packed() {
    for (method, large) in [(0, false), (8, false), (93, false), (93, true)] {
        let home = with(&archive(&evals(method), large));
        let seen = home.run(&["import", "log.eval", "--preview"]);
        assert_eq!(seen.code, Some(0), "{method}: {seen:?}");
        for part in ["2 calls of inspect", "mockllm/model: Name a colour -> Teal", "scores (2)"] {
            assert!(seen.out.contains(part), "{method}: {part}: {}", seen.out);
        }
        assert!(!seen.out.contains("attachments"), "they are put back: {}", seen.out);
        let wrote = home.run(&["import", "log.eval", "--rows", "rows.jsonl"]);
        assert_eq!(wrote.code, Some(0), "{wrote:?}");
        let text = fs::read_to_string(home.dir("work").join("rows.jsonl")).unwrap();
        let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(rows.iter().map(|row| row["answer"].as_str().unwrap()).collect::<Vec<_>>(), ["Teal", "Red"]);
        assert_eq!(rows[1]["input"], "A long question, kept once");
        let first = home.run(&["import", "log.eval", "--yes"]);
        assert!(first.err.contains("imported 2 runs"), "{first:?}");
        let again = home.run(&["import", "log.eval", "--yes"]);
        assert!(again.err.contains("imported 0 runs; 2 on record already"), "{again:?}");
    }
}

#[test]
fn an_archive_that_takes_more_than_it_gives_or_is_damaged_is_refused() {
    let good = || member("samples/q1_epoch_1.json", 93, &sample("q1", "Name a colour", "Teal"));
    let zeros = vec![b' '; 17 * 1024 * 1024];
    let lies = Member { size: 100, ..member("samples/bomb.json", 8, &zeros) };
    let lies_too = Member { size: 100, packed: zstd(&zeros), ..member("samples/bomb.json", 93, b"") };
    let huge = member("samples/huge.json", 8, &zeros);
    let secret = Member { flags: 1, ..good() };
    let other = Member { method: 12, ..good() };
    let changed = Member { checksum: 7, ..good() };
    let half = Member { packed: good().packed[..60].to_vec(), ..good() };
    let odd = member("samples/odd.json", 0, b"[1]");
    for (bytes, why) in [
        (archive(&[lies], false), "larger than the archive says"),
        (archive(&[lies_too], false), "larger than the archive says"),
        (archive(&[huge], false), "larger than 16 MB"),
        (archive(&[secret], false), "encrypted"),
        (archive(&[other], false), "the method 12"),
        (archive(&[changed], false), "cut off or damaged"),
        (archive(&[half], false), "cut off or damaged"),
        (archive(&[odd], false), "samples/odd.json: broken JSON"),
        (archive(&[good()], false)[..200].to_vec(), "has no end"),
        (archive(&[member("header.json", 0, b"{}")], false), "no call of a model"),
    ] {
        let home = with(&bytes);
        let ran = home.run(&["import", "log.eval", "--yes"]);
        assert!(ran.code != Some(0) && ran.err.contains(why), "{why}: {ran:?}");
        assert_eq!(home.run(&["history", "--json"]).lines().len(), 0, "{why}");
    }
    // Two entries of the directory that lead to the same bytes.
    let mut twice = archive(&[good(), good()], false);
    let directory = twice.windows(4).position(|part| part == [0x50, 0x4b, 1, 2]).unwrap();
    let second = directory + twice[directory + 4..].windows(4).position(|part| part == [0x50, 0x4b, 1, 2]).unwrap() + 4;
    twice[second + 42..second + 46].fill(0);
    let ran = with(&twice).run(&["import", "log.eval", "--yes"]);
    assert!(ran.code != Some(0) && ran.err.contains("share their bytes"), "{ran:?}");
}

/// The tables of llm 0.28, as far as they are read.
const RESPONSES: &str = "
    CREATE TABLE conversations (id TEXT PRIMARY KEY, name TEXT, model TEXT);
    CREATE TABLE responses (id TEXT PRIMARY KEY, model TEXT, prompt TEXT, system TEXT, prompt_json TEXT, options_json TEXT,
        response TEXT, response_json TEXT, conversation_id TEXT, duration_ms INTEGER, datetime_utc TEXT,
        input_tokens INTEGER, output_tokens INTEGER, token_details TEXT, schema_id TEXT, resolved_model TEXT);
    CREATE TABLE fragments (id INTEGER PRIMARY KEY, hash TEXT, content TEXT, datetime_utc TEXT, source TEXT);
    CREATE TABLE prompt_fragments (response_id TEXT, fragment_id INTEGER, \"order\" INTEGER);
    CREATE TABLE system_fragments (response_id TEXT, fragment_id INTEGER, \"order\" INTEGER);
    CREATE TABLE prompt_attachments (response_id TEXT, attachment_id TEXT, \"order\" INTEGER);
    CREATE TABLE tool_calls (id INTEGER PRIMARY KEY, response_id TEXT, tool_id INTEGER, name TEXT, arguments TEXT, tool_call_id TEXT);
    CREATE TABLE tool_results (id INTEGER PRIMARY KEY, response_id TEXT, tool_id INTEGER, name TEXT, output TEXT, tool_call_id TEXT);
    INSERT INTO responses (id, model, prompt, system, options_json, response, conversation_id, duration_ms, datetime_utc,
        input_tokens, output_tokens) VALUES
        ('01a', 'm1', 'Name a colour', 'Be short.', '{}', 'Teal', 'c1', 1500, '2026-11-01T10:00:00', 9, 1),
        ('01b', 'm1', 'Another', NULL, '{\"temperature\": 1, \"num_predict\": 50, \"seed\": 7, \"top_p\": \"0.9\", \"stop\": \"END\",
         \"json_object\": true, \"top_k\": 4, \"mirostat\": 2}', '{\"role\": \"user\", \"content\": \"x\"}', 'c1', 700, '2026-11-01T10:01:00', 12, 1),
        ('01c', 'm1', 'Summarise.', NULL, NULL, 'Done', 'c2', NULL, '2026-11-01T10:02:00', NULL, NULL),
        ('01d', 'm1', 'Time?', NULL, NULL, '', 'c3', 1, '2026-11-01T10:03:00', 1, 1);
    INSERT INTO fragments (id, content) VALUES (1, 'A long novel.'), (2, 'Speak plainly.');
    INSERT INTO prompt_fragments VALUES ('01c', 1, 0);
    INSERT INTO system_fragments VALUES ('01c', 2, 0);
    INSERT INTO tool_calls (response_id, name, arguments, tool_call_id) VALUES ('01d', 'clock', '{\"city\":\"Rome\"}', 't1');
";

/// The first design, and the one of today.
const LOGS: &str = "
    CREATE TABLE logs (id INTEGER PRIMARY KEY, model TEXT, prompt TEXT, system TEXT, prompt_json TEXT, options_json TEXT,
        response TEXT, response_json TEXT, reply_to_id INTEGER, chat_id INTEGER, duration_ms INTEGER, datetime_utc TEXT);
    INSERT INTO logs (id, model, prompt, response, chat_id, duration_ms, datetime_utc) VALUES
        (1, 'm0', 'First', 'One', NULL, 10, '2023-07-01T10:00:00'), (2, 'm0', 'Second', 'Two', 1, 10, '2023-07-01T10:01:00');
";
const TURNS: &str = "
    CREATE TABLE fragments (id INTEGER PRIMARY KEY, hash TEXT, content TEXT, datetime_utc TEXT, source TEXT);
    CREATE TABLE messages (hash TEXT PRIMARY KEY, parent_hash TEXT, role TEXT, provider_metadata TEXT);
    CREATE TABLE parts (id INTEGER PRIMARY KEY, message_hash TEXT, position INTEGER, type TEXT, tool_name TEXT, text TEXT, payload TEXT);
    CREATE TABLE turns (id TEXT PRIMARY KEY, thread_id TEXT, parent_message_hash TEXT, tip_message_hash TEXT, model TEXT,
        resolved_model TEXT, options_json TEXT, schema_id TEXT, input_tokens INTEGER, output_tokens INTEGER, token_details TEXT,
        duration_ms INTEGER, datetime_utc TEXT, response_json TEXT);
    INSERT INTO fragments (id, content) VALUES (1, 'A long novel.');
    INSERT INTO messages VALUES ('s', NULL, 'system', NULL), ('u', 's', 'user', NULL), ('a', 'u', 'assistant', NULL),
        ('v', 'a', 'user', NULL), ('b', 'v', 'assistant', NULL), ('x', 'y', 'user', NULL), ('y', 'x', 'assistant', NULL);
    INSERT INTO parts (message_hash, position, type, text, payload) VALUES
        ('s', 0, 'text', 'Be short.', NULL), ('u', 0, 'text', NULL, '{\"text_ref\": [{\"fragment\": 1}, {\"literal\": \"\\nSummarise.\"}]}'),
        ('a', 0, 'text', 'Done', NULL), ('v', 0, 'text', 'Time?', NULL),
        ('b', 0, 'reasoning', 'Hm.', NULL),
        ('b', 1, 'tool_call', NULL, '{\"name\": \"clock\", \"arguments\": {\"city\": \"Rome\"}, \"tool_call_id\": \"t1\"}');
    INSERT INTO turns (id, thread_id, parent_message_hash, tip_message_hash, model, duration_ms, datetime_utc, input_tokens, output_tokens) VALUES
        ('t1', 'c1', 'u', 'a', 'm1', 1500, '2026-11-01T10:00:00+00:00', 9, 1), ('t2', 'c1', 'v', 'b', 'm1', 5, '2026-11-01T10:01:00+00:00', 9, 1);
";

fn database(sql: &[&str]) -> Home {
    let home = Home::new();
    let db = Connection::open(home.dir("work").join("logs.db")).unwrap();
    for sql in sql {
        db.execute_batch(sql).unwrap();
    }
    home
}

/// The runs on record, by their answers and calls.
fn runs(home: &Home) -> Vec<Value> {
    let listed = home.run(&["history", "--json"]).lines();
    let shown = |run: &Value| home.run(&["show", run["run"].as_str().unwrap(), "--json"]).lines().remove(0);
    let mut runs: Vec<Value> = listed.iter().map(shown).collect();
    runs.sort_by_key(|run| run["started"].to_string());
    runs
}

#[test]
fn the_database_of_llm_is_read_with_what_was_said_before() {
    let home = database(&[RESPONSES, LOGS]);
    let before = fs::read(home.dir("work").join("logs.db")).unwrap();
    let seen = home.run(&["import", "logs.db", "--preview"]);
    assert!(seen.code == Some(0) && seen.out.contains("6 calls of llm"), "{seen:?}");
    assert!(seen.out.contains("option mirostat (1)"), "what cannot be kept is named: {}", seen.out);
    assert!(!seen.out.contains("options_json"), "{}", seen.out);
    let first = home.run(&["import", "logs.db", "--yes"]);
    assert!(first.err.contains("imported 6 runs"), "{first:?}");
    let runs = runs(&home);
    let said = |run: &Value| {
        let turns = run["prompt"]["message"].as_array().cloned().unwrap_or_default();
        let turns: Vec<String> = turns.iter().map(|turn| turn["content"].as_str().unwrap().to_owned()).collect();
        (turns, run["input"]["text"].as_str().unwrap().to_owned(), run["outcome"]["text"].as_str().unwrap().to_owned())
    };
    let own = |turns: &[&str], input: &str, answer: &str| {
        (turns.iter().map(|turn| (*turn).to_owned()).collect::<Vec<_>>(), input.to_owned(), answer.to_owned())
    };
    assert_eq!(said(&runs[0]), own(&[], "First", "One"));
    assert_eq!(said(&runs[1]), own(&["First", "One"], "Second", "Two"));
    assert_eq!(said(&runs[2]), own(&[], "Name a colour", "Teal"));
    assert_eq!(runs[2]["prompt"]["system"], "Be short.");
    let odd = "{\"role\": \"user\", \"content\": \"x\"}";
    assert_eq!(said(&runs[3]), own(&["Name a colour", "Teal"], "Another", odd), "an answer is no message");
    assert_eq!(said(&runs[4]), own(&[], "A long novel.\nSummarise.", "Done"));
    assert_eq!(runs[4]["prompt"]["system"], "Speak plainly.");
    assert_eq!(runs[5]["outcome"]["calls"][0]["name"], "clock");
    assert_eq!(runs[3]["session"], "llm:c1");
    let asked = serde_json::json!({ "temperature": 1.0, "top_p": 0.9, "max_tokens": 50, "stop": ["END"], "seed": 7, "extra": { "top_k": 4 } });
    assert_eq!(runs[3]["prompt"]["params"], asked);
    assert_eq!(runs[3]["prompt"]["response"]["format"], "json");
    let again = home.run(&["import", "logs.db", "--yes"]);
    assert!(again.err.contains("imported 0 runs; 6 on record already"), "{again:?}");
    assert_eq!(fs::read(home.dir("work").join("logs.db")).unwrap(), before, "it is read alone");
}

#[test]
fn the_turns_of_todays_llm_are_read_along_their_chains() {
    let home = database(&[TURNS]);
    let first = home.run(&["import", "logs.db", "--yes"]);
    assert!(first.code == Some(0) && first.err.contains("imported 2 runs"), "{first:?}");
    let runs = runs(&home);
    assert_eq!(
        (&runs[0]["input"]["text"], &runs[0]["outcome"]["text"]),
        (&json!("A long novel.\nSummarise."), &json!("Done"))
    );
    assert_eq!(runs[0]["prompt"]["system"], "Be short.");
    assert_eq!((&runs[1]["input"]["text"], &runs[1]["outcome"]["reasoning"]), (&json!("Time?"), &json!("Hm.")));
    assert_eq!(runs[1]["prompt"]["message"][1]["content"], "Done");
    let call = &runs[1]["outcome"]["calls"][0];
    assert_eq!(
        (&call["id"], &call["name"], &call["arguments"]),
        (&json!("t1"), &json!("clock"), &json!("{\"city\":\"Rome\"}"))
    );
}

#[test]
fn a_database_that_is_not_llms_or_means_harm_is_refused_or_bounded() {
    let circle = "INSERT INTO parts (message_hash, position, type, text) VALUES ('x', 0, 'text', 'Loop'); INSERT INTO turns (id, thread_id, parent_message_hash, tip_message_hash, model) VALUES ('t3', 'c', 'x', 'y', 'm')";
    let large = "UPDATE turns SET options_json = hex(zeroblob(9000000))";
    for (sql, why) in [
        (&["CREATE TABLE other (id INTEGER)"][..], "none of `llm`"),
        (&["CREATE VIEW turns AS SELECT 1 AS id"], "none of `llm`"),
        (&["CREATE VIRTUAL TABLE responses USING fts5(id)"], "none of `llm`"),
        (&[TURNS, large], "larger than 16 MB"),
        (&["CREATE TABLE responses (id TEXT PRIMARY KEY) WITHOUT ROWID; INSERT INTO responses VALUES ('a')"], "rowid"),
    ] {
        let home = database(sql);
        let ran = home.run(&["import", "logs.db", "--yes"]);
        assert!(ran.code != Some(0) && ran.err.contains(why), "{why}: {ran:?}");
        assert_eq!(home.run(&["history", "--json"]).lines().len(), 0, "{why}");
    }
    let home = database(&[TURNS, circle]);
    let seen = home.run(&["import", "logs.db", "--preview"]);
    assert!(seen.code == Some(0) && seen.out.contains("earlier messages beyond 16 MB (1)"), "{seen:?}");
    let home = database(&[TURNS]);
    let file = home.dir("work").join("logs.db");
    let mut bytes = fs::read(&file).unwrap();
    let end = bytes.len();
    bytes[2000..end].fill(0x5a);
    fs::write(&file, bytes).unwrap();
    let ran = home.run(&["import", "logs.db", "--yes"]);
    assert!(ran.code != Some(0) && ran.err.contains("logs.db"), "{ran:?}");
}
