//! The forms in which an answer, its request and a comparison can be copied.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        App,
        action::Verb,
        context::Scene,
        history,
        intent::Intent,
        overlay::{After, Hint, OverlayCx, OverlayPart, arrows, framed, hint},
        quality,
        screen::ScreenId,
    },
    model::{KeySource, Outcome, Params, RunRequest, header},
    pipeline::{PlainRequest, plain_request},
    present::{
        comparison::{ComparedLane, ComparisonTable},
        snippets,
    },
    text::{Pasted, json, shell},
    widgets::{
        interactive::Interactive,
        pick_list::{PickItem, PickList, list},
        table::{fitted, left},
        theme::Role,
    },
};

/// A form to copy in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyAs {
    /// The answer as the model sent it.
    Answer,
    /// The same with its control characters, which do something where they are pasted.
    RawAnswer,
    /// The JSON value under the cursor, as the model wrote it.
    Value,
    /// The JSON found in the answer, indented.
    Json,
    /// The lanes side by side, as a table in Markdown.
    Markdown,
    /// The command line that makes the same run.
    CommandLine,
    /// The request as a `curl` command line.
    Curl,
    /// The request as a Python program.
    Python,
    /// The prompt's rules on this input as a test case of promptfoo.
    Promptfoo,
    /// The id of a run on record.
    RunId,
    /// All that is on record of it.
    Record,
    /// The line the history is asked by.
    Query,
}

/// The list of forms.
#[derive(Debug, Clone)]
pub struct CopyMenu {
    /// The forms, each with what it holds.
    pub choice: PickList<CopyAs>,
}

impl CopyMenu {
    /// Lists the forms that there is something to copy in.
    #[must_use]
    pub fn new(app: &App) -> Self {
        Self { choice: PickList::menu(forms(app)) }
    }
}

impl OverlayPart for CopyMenu {
    fn title(&self) -> &'static str {
        "Copy"
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((60, framed(self.choice.len(), 6)))
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        vec![hint(scene, Verb::Accept, "copies"), arrows("choose")]
    }

    fn interactive(&mut self) -> Option<&mut dyn Interactive> {
        Some(&mut self.choice)
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        match self.choice.chosen() {
            Some(item) => After::CloseAnd(Intent::Copy { form: item.value, label: item.label.clone() }),
            None => After::Close,
        }
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        list(&self.choice, body, scene.theme, buffer, |item, room| {
            Line::from(vec![
                scene.span(left(&item.label, 14.min(room)), Role::Title),
                scene.span(fitted(&item.detail, room.saturating_sub(14)), Role::Text),
            ])
        });
    }
}

fn forms(app: &App) -> Vec<PickItem<CopyAs>> {
    let all = [
        CopyAs::Answer,
        CopyAs::RawAnswer,
        CopyAs::Value,
        CopyAs::Json,
        CopyAs::Markdown,
        CopyAs::CommandLine,
        CopyAs::Curl,
        CopyAs::Python,
        CopyAs::Promptfoo,
        CopyAs::RunId,
        CopyAs::Record,
        CopyAs::Query,
    ];
    let items = all.into_iter().filter(|form| text(*form, app).is_some()).map(|form| {
        let (label, detail) = words(form, app);
        PickItem::new(form, label, detail)
    });
    items.collect()
}

/// Names a form and says what it holds.
fn words(form: CopyAs, app: &App) -> (&'static str, String) {
    let report = app.screen == ScreenId::Quality;
    let saved = app.bench.prompt_name.is_some() && !app.bench.dirty();
    let (label, detail) = match form {
        CopyAs::Answer if text(CopyAs::RawAnswer, app).is_some() => ("answer", "without its control characters"),
        CopyAs::Answer => ("answer", "as the model sent it"),
        CopyAs::RawAnswer => ("raw answer", "with its control characters, which a terminal obeys when they are pasted"),
        CopyAs::Value => ("value", "the one under the cursor"),
        CopyAs::Json => ("JSON", "the JSON of the answer, indented"),
        CopyAs::Markdown if report => ("Markdown", "the report"),
        CopyAs::Markdown => ("Markdown", "a table of all lanes side by side"),
        CopyAs::CommandLine if report => ("command line", "the same report as `retort quality …`"),
        CopyAs::CommandLine if saved => ("command line", "the same run as `retort run …`"),
        CopyAs::CommandLine => ("command line", "as `retort run …`, which takes the prompt as saved"),
        CopyAs::Curl => ("curl", "the request for a shell"),
        CopyAs::Python => ("Python", "the request as a program"),
        CopyAs::Promptfoo => ("promptfoo", "this input as a test, the rules as assertions"),
        CopyAs::RunId => ("id", "of the run"),
        CopyAs::Record => ("record", "all that is kept of the run, as JSON"),
        CopyAs::Query => ("query", "the line the runs are asked by"),
    };
    let pointer = app.bench.lane().and_then(|lane| lane.shown().view().json()).map(|json| json.value_at_cursor().0);
    if let (CopyAs::Value, Some(pointer)) = (form, pointer.filter(|pointer| !pointer.is_empty())) {
        return (label, format!("{detail}, {pointer}"));
    }
    let key = matches!(form, CopyAs::Curl | CopyAs::Python).then(|| key(app)).flatten();
    (label, key.map_or_else(|| detail.to_owned(), |key| format!("{detail}; the key from ${key}")))
}

/// Writes the lane with the focus, or all, in a form; none if there is nothing to write.
#[must_use]
pub fn text(form: CopyAs, app: &App) -> Option<Pasted> {
    if app.screen == ScreenId::History {
        return history::copied(form, &app.history);
    }
    if app.screen == ScreenId::Quality {
        return quality::copied(form, &app.quality);
    }
    let take = app.bench.lane()?.shown();
    let text = match form {
        CopyAs::Answer => Some(take.raw().to_owned()).filter(|raw| !raw.is_empty()),
        CopyAs::RawAnswer => return raw_answer(take.raw()),
        CopyAs::Value => take.view().json().map(|json| json.value_at_cursor().1.to_owned()),
        CopyAs::Json => take.outcome.as_ref()?.json.as_deref().and_then(|json| json::to_pretty(json).ok()),
        CopyAs::Markdown => comparison(app),
        CopyAs::CommandLine => app.shown_request().map(|request| command_line(&request)),
        CopyAs::Curl => plain(app).map(|request| snippets::curl(&request, key(app).as_deref())),
        CopyAs::Python => plain(app).map(|request| snippets::python(&request, key(app).as_deref())),
        CopyAs::Promptfoo => {
            let request = app.shown_request()?;
            Some(snippets::test(request.prompt_name.as_deref(), &request.prompt, &request.input))
        }
        CopyAs::RunId | CopyAs::Record | CopyAs::Query => None,
    };
    text.map(Pasted::new)
}

/// An answer as it is, where [`CopyAs::Answer`] leaves something of it out.
pub(crate) fn raw_answer(text: &str) -> Option<Pasted> {
    (Pasted::new(text.to_owned()).as_str() != text).then(|| Pasted::raw(text.to_owned()))
}

/// Says what is copied, and what of it is not.
pub(crate) fn what(label: &str, text: &Pasted) -> String {
    let left_out = match text.left_out() {
        0 => String::new(),
        1 => ", 1 control character left out".to_owned(),
        count => format!(", {count} control characters left out"),
    };
    format!("{label}, {} characters{left_out}", text.as_str().chars().count())
}

fn comparison(app: &App) -> Option<String> {
    let entries: Vec<ComparedLane<'_>> = app
        .bench
        .lanes
        .iter()
        .map(|lane| ComparedLane {
            name: lane.spec.target.clone(),
            outcomes: lane.takes().filter_map(|take| take.outcome.as_deref()).collect::<Vec<&Outcome>>(),
        })
        .filter(|entry| !entry.outcomes.is_empty())
        .collect();
    (!entries.is_empty()).then(|| ComparisonTable::of(&entries, app.shared.now.time).markdown())
}

/// The request over HTTP, where the target is asked so and the prompt can be filled.
fn plain(app: &App) -> Option<PlainRequest> {
    plain_request(&app.shown_request()?).ok()?
}

/// Names the environment variable that the key is in: the first that the settings name for the
/// provider, else one that a person can fill; none where the provider has no keys.
fn key(app: &App) -> Option<String> {
    let target = app.shown_request()?.targets.into_iter().next()?;
    let sources = &app.shared.settings.providers.get(&target.provider)?.api_keys;
    let named = sources.iter().find_map(|source| match source {
        KeySource::Env(name) if header::is_variable(name) => Some(name.clone()),
        _ => None,
    });
    named.or_else(|| (!sources.is_empty()).then(|| "API_KEY".to_owned()))
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
