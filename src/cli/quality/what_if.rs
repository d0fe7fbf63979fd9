//! `retort quality --what-if RULE`: what other thresholds would do to stored answers.

use std::path::PathBuf;

use serde::Serialize;

use crate::{
    cli::{Exit, Io, Stopped, table},
    eval::{
        WhatIf,
        review::{self, Rate},
        whatif::{At, Knob, Measured, Share, Side},
    },
    model::{CheckKind, Prompt, catalog::nearest, query::Query},
    store::{
        Store,
        job::{FoundPrompt, Job, Points, Reply},
    },
    text::json,
};

/// Thresholds that are tried where none is named, at most.
const TRIED: usize = 21;

/// What is asked: of which runs, of which rule, at which thresholds.
pub(super) struct Wish {
    /// The runs.
    pub(super) query: Query,
    /// The rule, by its name as in verdicts.
    pub(super) rule: String,
    /// The thresholds; round ones where there are none.
    pub(super) at: Vec<f64>,
    /// Whether it is written as JSON.
    pub(super) json: bool,
}

/// The table as one line of JSON.
#[derive(Serialize)]
struct Told<'a> {
    prompt: Option<&'a str>,
    rule: &'a str,
    side: Side,
    present: Option<f64>,
    /// The file that the present value is in; none where it is the last version's.
    file: Option<&'a PathBuf>,
    answers: u64,
    measured: usize,
    graded: usize,
    right: usize,
    thresholds: &'a [At],
}

/// Writes a table of thresholds with what each would do.
pub(super) async fn what_if(store: &Store, wish: Wish, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let Wish { query, rule, at, json } = wish;
    let known = || CheckKind::ALL.iter().map(|kind| kind.name()).chain(["finish", "schema"]);
    let plain = rule.strip_prefix("not-").unwrap_or(&rule);
    if known().all(|name| name != plain) {
        let near = nearest(plain, known()).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        return Err(Stopped::Usage(format!("there is no check `{rule}`{near}")));
    }
    let Reply::Points(points) = store.ask(Job::Points { query: Box::new(query), rule: rule.clone() }).await? else {
        return Err(Stopped::Other("the record answered another question".to_owned()));
    };
    let name = match points.prompts.as_slice() {
        [] => {
            let says = "no answer on record that is like that was judged; `retort history` lists them";
            return Err(Stopped::Other(says.to_owned()));
        }
        [(name, _)] => name.clone(),
        several => return Err(Stopped::Usage(narrow(several))),
    };
    let (file, prompt) = present(store, name.as_deref(), &points).await?;
    let knob = Knob::find(&prompt, &rule).map_err(|why| Stopped::Usage(why.to_string()))?;
    let what = WhatIf::of(knob.side, points.judged.iter().map(Measured::point));
    let present = knob.counting();
    let mut tried = if at.is_empty() { what.steps(TRIED) } else { at };
    tried.extend(knob.present.filter(|_| present.is_finite()));
    tried.sort_by(f64::total_cmp);
    tried.dedup();
    let all: Vec<At> = tried.into_iter().map(|threshold| what.at(threshold, present)).collect();
    let graded = points.judged.iter().filter_map(|measured| measured.right);
    let (graded, right) = (graded.clone().count(), graded.filter(|right| *right).count());
    if json {
        let told = Told {
            prompt: name.as_deref(),
            rule: &knob.rule,
            side: knob.side,
            present: knob.present,
            file: file.as_ref(),
            answers: what.answers(),
            measured: what.measured(),
            graded,
            right,
            thresholds: &all,
        };
        writeln!(io.out, "{}", json::to_line(&told)?)?;
        return Ok(Exit::Done);
    }
    let side = if knob.side == Side::AtLeast { "at least" } else { "at most" };
    let of = file.map_or_else(|| "the version that was run last".to_owned(), |file| file.display().to_string());
    let name = name.as_deref().unwrap_or("a prompt without a name");
    writeln!(io.out, "{} of {name}: {side}, now {} ({of})", knob.rule, knob.shown_present())?;
    let measured = what.measured();
    writeln!(io.out, "{} answers, {measured} the threshold decides on, {graded} graded\n", what.answers())?;
    let rows: Vec<Vec<String>> = all.iter().map(|at| row(&knob, at)).collect();
    table::write(io.out, &["THRESHOLD", "PASSED", "FIXED", "BROKEN", "PRECISION", "RECALL"], &rows)?;
    if knob.weightless {
        writeln!(io.err, "its weight is 0: it is measured, and decides on no answer whatever its threshold")?;
    } else if measured == 0 {
        writeln!(io.err, "nothing was measured by that rule; `retort score` judges stored answers by today's checks")?;
    } else if graded == 0 {
        let says = "no answer is graded, so there is no precision and no recall; `retort history grade RUN` grades one";
        writeln!(io.err, "{says}")?;
    }
    Ok(Exit::Done)
}

fn row(knob: &Knob, at: &At) -> Vec<String> {
    let rate = |share: Option<Share>| review::rate(share.and_then(|share| Rate::of(share.part, share.whole)).as_ref());
    let now = if knob.present == Some(at.threshold) { " now" } else { "" };
    vec![
        format!("{}{now}", knob.shown(at.threshold)),
        rate(at.passes),
        at.fixed.to_string(),
        at.broken.to_string(),
        rate(at.precision),
        rate(at.recall),
    ]
}

/// Says how one prompt is chosen.
fn narrow(prompts: &[(Option<String>, u64)]) -> String {
    let said: Vec<String> = prompts
        .iter()
        .take(8)
        .map(|(name, runs)| format!("{} ({runs})", name.as_deref().unwrap_or("without a name")))
        .collect();
    let more = if prompts.len() > 8 { ", …" } else { "" };
    format!("those runs are of several prompts, {}{more}; add prompt:NAME to the query", said.join(", "))
}

/// Finds the prompt whose threshold counts at present: the one in its file, else the version that was run last.
async fn present(store: &Store, name: Option<&str>, points: &Points) -> Result<(Option<PathBuf>, Prompt), Stopped> {
    if let Some(name) = name
        && let Reply::PromptFile(file) = store.ask(Job::PromptFile(name.to_owned())).await?
        && let Some(FoundPrompt { path, prompt, .. }) = file.found
    {
        return Ok((Some(path), prompt));
    }
    let unread = || Stopped::Other("the prompt of those runs cannot be read; `retort doctor` says more".to_owned());
    Ok((None, points.prompt.clone().ok_or_else(unread)?))
}
