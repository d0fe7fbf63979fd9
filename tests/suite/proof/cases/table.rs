//! The table of cases as it is kept.

use std::{fmt::Write as _, fs, path::Path};

use retort::model::Wire;

use super::{Row, Seen};

const HEAD: &str = "# Streaming cases\n
What a run shows when a server misbehaves, case by case and wire by wire. The suite plays every case through the
whole pipeline over a real socket, counts the attempts at the server, in the events and in the record, and writes
this table: `RETORT_REWRITE=1 cargo nextest run proof`.\n
*On screen* a person watches, and the server does the same on every call. *In a batch* nobody watches, and the
server is well from the second call on. Tokens are into and out of the model; `~` marks an estimate.\n
| # | Case | Wire | On screen | Attempts | Kept | Tokens | Cached | In a batch |
|--:|---|---|---|--:|---|---|---|---|
";

/// Fails unless the table says what was seen; writes it where that is asked for.
pub(crate) fn compare(seen: &[(&Row, [Seen; 2])]) {
    let mut table = HEAD.to_owned();
    let mut rest = seen;
    while let Some((row, both)) = rest.first() {
        let same =
            rest.iter().take_while(|(next, seen)| (next.number, next.what) == (row.number, row.what) && seen == both);
        let kinds: Vec<&str> = same.map(|(row, _)| wire(row.kind)).collect();
        rest = &rest[kinds.len()..];
        line(&mut table, row, &kinds.join(", "), both);
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/streaming-cases.md");
    if std::env::var_os("RETORT_REWRITE").is_some() {
        fs::write(&file, &table).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    let stale = kept.lines().zip(table.lines()).find(|(kept, seen)| kept != seen);
    assert!(kept == table, "tests/streaming-cases.md is stale: RETORT_REWRITE=1 cargo nextest run proof\n{stale:#?}");
}

fn line(table: &mut String, row: &Row, wires: &str, [watched, batch]: &[Seen; 2]) {
    let shown = match &watched.error {
        Some((class, message)) => format!("{}, {class}: {}", watched.end, short(message)).replace('<', "\\<"),
        None => watched.end.to_owned(),
    };
    let kept = match (watched.text.is_empty(), watched.reasoning.is_empty()) {
        (true, true) => "nothing".to_owned(),
        (false, true) => format!("`{}`", watched.text),
        (true, false) => format!("reasoning `{}`", watched.reasoning),
        (false, false) => format!("`{}`, reasoning `{}`", watched.text, watched.reasoning),
    };
    let (input, output, estimated) = watched.tokens;
    let count = |count: Option<u64>| count.map_or_else(|| "?".to_owned(), |count| count.to_string());
    let mark = if estimated { "~" } else { "" };
    let tokens = format!("{mark}{} / {mark}{}", count(input), count(output));
    let tokens = if input.or(output).is_none() { "unknown".to_owned() } else { tokens };
    let cached = if watched.cached { "yes" } else { "no" };
    let in_a_batch = match (&batch.error, batch.attempts) {
        (Some((class, _)), 1) => format!("{}, {class}", batch.end),
        (Some((class, _)), attempts) => format!("{}, {class}, {attempts} attempts", batch.end),
        (None, 1) => batch.end.to_owned(),
        (None, attempts) => format!("{}, {attempts} attempts", batch.end),
    };
    let cells = [
        row.number.to_string(),
        row.what.to_owned(),
        wires.to_owned(),
        shown,
        watched.attempts.to_string(),
        kept,
        tokens,
        cached.to_owned(),
        in_a_batch,
    ];
    writeln!(table, "| {} |", cells.map(|cell| cell.replace('|', "\\|")).join(" | ")).unwrap();
}

fn short(message: &str) -> String {
    // What a system calls a reset is its own affair.
    let message = message.split(" (os error").next().unwrap_or_default().replace('\n', " ");
    match message.char_indices().nth(120) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message,
    }
}

fn wire(kind: Wire) -> &'static str {
    match kind {
        Wire::Anthropic => "Anthropic",
        Wire::Ollama => "Ollama",
        Wire::Responses => "Responses",
        Wire::Gemini => "Gemini",
        Wire::OpenAi | Wire::Inference | Wire::Replicate | Wire::Command | Wire::Demo => "OpenAI",
    }
}
