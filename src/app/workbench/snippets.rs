//! What of the bench can be copied: the answer of the lane with the focus, its request in several forms, and all lanes
//! side by side.

use crate::{
    app::{
        context::Shared,
        snippet::{Snippet, SnippetForm},
        workbench::{
            Workbench,
            lane::{Lane, LaneRun},
        },
    },
    model::{Outcome, Params, RunRequest},
    pipeline::plain_request,
    present::{
        comparison::{ComparedLane, ComparisonTable},
        snippets, tool_calls,
    },
    text::{json, shell},
};

/// Lists what there is to copy of the lane with the focus.
pub(crate) fn of_lane(bench: &Workbench, shared: &Shared) -> Vec<Snippet> {
    let Some(run) = bench.lane().map(Lane::shown) else {
        return Vec::new();
    };
    let mut all: Vec<Snippet> =
        Snippet::of_answer(&run.outcome.as_ref().map_or(run.raw().into(), |outcome| tool_calls::answer(outcome)))
            .into_iter()
            .collect();
    all.extend(value(run));
    let json = run.outcome.as_ref().and_then(|outcome| outcome.json.as_deref());
    let json = json.and_then(|json| json::to_pretty(json).ok());
    all.extend(json.map(|json| Snippet::new(SnippetForm::Json, "JSON", "the JSON of the answer, indented", json)));
    if let Some(words) = bench.stale_words(run, shared.now.time) {
        for snippet in &mut all {
            snippet.detail = format!("{}; of the old answer, from {}", snippet.detail, words.from);
        }
    }
    let table = comparison(bench, shared);
    let beside = "a table of all lanes side by side";
    all.extend(table.map(|table| Snippet::new(SnippetForm::Markdown, "Markdown", beside, table)));
    if let Some(request) = bench.shown_request(shared) {
        all.extend(of_request(bench, &request, shared));
    }
    all
}

/// The JSON value under the cursor.
fn value(run: &LaneRun) -> Option<Snippet> {
    let (pointer, text) = run.view().json()?.value_at_cursor();
    let place = if pointer.is_empty() { String::new() } else { format!(", {pointer}") };
    let detail = format!("the one under the cursor{place}");
    Some(Snippet::new(SnippetForm::Value, "value", detail, text.to_owned()))
}

/// A request in every form in which it can be made elsewhere.
fn of_request(bench: &Workbench, request: &RunRequest, shared: &Shared) -> Vec<Snippet> {
    let is_saved = bench.prompt_name.is_some() && !bench.dirty();
    let does = if is_saved {
        "the same run as `retort run …`"
    } else {
        "as `retort run …`, which takes the prompt as saved"
    };
    let mut all = vec![Snippet::new(SnippetForm::CommandLine, "command line", does, command_line(request))];
    let targets = request.targets.iter().map(|target| shared.quirks.corrected(target.clone())).collect();
    if let Ok(Some(plain)) = plain_request(&RunRequest { targets, ..request.clone() }) {
        let target = request.targets.first();
        let key = target.and_then(|target| snippets::key_variable(target, &shared.settings));
        let transport = target.map(|target| snippets::transport(target, &shared.settings)).unwrap_or_default();
        let beside = if transport.has_relative_files() { "; for the folder of config.toml" } else { "" };
        let detail = |does: &str| {
            let key = key.as_ref().map_or_else(String::new, |key| format!("; the key from ${key}"));
            format!("{does}{key}{beside}")
        };
        let curl = snippets::curl(&plain, key.as_deref(), &transport);
        let python = snippets::python(&plain, key.as_deref(), &transport);
        all.push(Snippet::new(SnippetForm::Curl, "curl", detail("the request for a shell"), curl));
        all.push(Snippet::new(SnippetForm::Python, "Python", detail("the request as a program"), python));
    }
    let test = snippets::test(request.prompt_name.as_deref(), &request.prompt, &request.input);
    let does = "this input as a test, the rules as assertions";
    all.push(Snippet::new(SnippetForm::Promptfoo, "promptfoo", does, test));
    all
}

fn comparison(bench: &Workbench, shared: &Shared) -> Option<String> {
    let entries: Vec<ComparedLane<'_>> = bench
        .lanes
        .iter()
        .map(|lane| ComparedLane {
            name: match bench.stale_words(lane.shown(), shared.now.time) {
                Some(words) => format!("{} (old answer, from {})", lane.spec.target, words.from),
                None => lane.spec.target.clone(),
            },
            outcomes: lane.runs().filter_map(|run| run.outcome.as_deref()).collect::<Vec<&Outcome>>(),
        })
        .filter(|entry| !entry.outcomes.is_empty())
        .collect();
    (!entries.is_empty()).then(|| ComparisonTable::of(&entries, shared.now.time).markdown())
}

/// The input goes in by standard input, so that no length or character of it matters to the shell.
fn command_line(request: &RunRequest) -> String {
    let name = request.prompt_name.as_deref().unwrap_or("PROMPT");
    let mut words = vec!["retort".to_owned(), "run".to_owned(), name.to_owned()];
    words.extend(request.targets.iter().flat_map(|target| ["-m".to_owned(), target.name.clone()]));
    for (name, value) in set(&request.params) {
        words.extend(["--param".to_owned(), format!("{name}={value}")]);
    }
    for (name, value) in &request.input.vars {
        words.extend(["--var".to_owned(), format!("{name}={value}")]);
    }
    for part in &request.input.parts {
        words.extend([format!("--{}", part.kind.name()), part.source.clone()]);
    }
    let words: Vec<String> = words.iter().map(|word| shell::word(word)).collect();
    format!("printf %s {} | {} -i -", shell::quoted(&request.input.text), words.join(" "))
}

/// Lists the parameters that are set, as `--param` takes them.
fn set(params: &Params) -> Vec<(String, String)> {
    let Params { temperature, top_p, max_tokens, stop, seed, reasoning_effort, extra } = params;
    let one = |name: &str, value: Option<String>| value.map(|value| (name.to_owned(), value));
    let ones = [
        one("temperature", temperature.map(|value| value.to_string())),
        one("top_p", top_p.map(|value| value.to_string())),
        one("max_tokens", max_tokens.map(|value| value.to_string())),
        one("seed", seed.map(|value| value.to_string())),
        one("reasoning_effort", reasoning_effort.clone()),
    ];
    let stops = stop.iter().map(|stop| ("stop".to_owned(), stop.clone()));
    let extra = extra.iter().map(|(name, value)| (name.clone(), value.to_string()));
    ones.into_iter().flatten().chain(stops).chain(extra).collect()
}
