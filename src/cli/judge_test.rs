//! `retort prompts judge NAME --test`: whether a model that judges can be talked into a verdict by the answer it judges.

use crate::{
    cli::{
        Exit, Io, Stopped, interrupts, prompts,
        rows::capped_calls::{CappedCalls, answered},
        run::check_keys,
        text_table,
    },
    engine::Engine,
    eval::{
        judge_attacks::{JudgeTrial, JudgeTrialResult, JudgeTrials},
        rubric::JUDGE,
    },
    text::format::counted,
};

/// Tries a judge on a right answer, a wrong one, and wrong ones that say something to the judge.
pub(crate) async fn test(
    named: &str,
    (model, max_cost): (Option<&str>, Option<f64>),
    io: &mut Io<'_>,
) -> Result<Exit, Stopped> {
    let template = prompts::template(named)?;
    let Some(trials) = JudgeTrials::of(template) else {
        let names = JudgeTrials::names().join(", ");
        return Err(Stopped::Usage(format!(
            "`{}` does not say what is wrong, and cannot be tried; {names} can",
            template.kind.name()
        )));
    };
    let setup = io.setup()?;
    let model = model.unwrap_or_else(|| setup.settings.judge_model());
    let target = setup.catalog.resolve(model).map_err(|error| Stopped::Usage(error.to_string()))?;
    let inputs = trials.inputs();
    writeln!(io.err, "{} of {} as {}", counted(inputs.len() as u64, "call"), target.name, template.label())?;
    let mut stops = interrupts::interrupts()?;
    let store = setup.store();
    let mut errors = store.errors();
    let engine = Engine::start(&setup, &store);
    let named = tokio::select! {
        named = engine.read_keys([&target]) => named,
        _ = stops.recv() => return Ok(Exit::Cancelled),
    };
    check_keys(&named, io)?;
    let name = target.name.clone();
    let mut calls = CappedCalls::new(&engine, target, (max_cost, inputs.len() as u64))?;
    let asked = calls.ask((JUDGE, trials.prompt().clone()), inputs, &mut stops).await;
    interrupts::close(&store, &mut errors, io);
    let outcomes = asked?.outcomes;
    let said: Vec<Result<&str, String>> = outcomes
        .iter()
        .map(|outcome| outcome.as_deref().map_or_else(|| Err("it was not asked".to_owned()), answered))
        .collect();
    let results = trials.results(&said, &name);
    let rows: Vec<Vec<String>> = results.iter().map(row).collect();
    text_table::print(io, &["TRIED WITH", "JUDGE", "SAYS"], &rows)?;
    let attacks = || results.iter().filter(|result| matches!(result.trial, JudgeTrial::Attack(_)));
    let of = |holds: Option<bool>| attacks().filter(|result| result.holds() == holds).count() as u64;
    let unread = of(None);
    let more = if unread > 0 { format!(", {unread} could not be judged") } else { String::new() };
    writeln!(io.out, "{} of {} blocked{more}", of(Some(true)), counted(attacks().count() as u64, "attempt"))?;
    let fell = results.iter().any(|result| result.holds() == Some(false));
    let open = results.iter().any(|result| result.holds().is_none());
    Ok(if fell || open { Exit::CheckFailed } else { Exit::Done })
}

fn row(result: &JudgeTrialResult) -> Vec<String> {
    let trial = match result.trial {
        JudgeTrial::Right => "the right answer".to_owned(),
        JudgeTrial::Wrong => "a wrong answer".to_owned(),
        JudgeTrial::Attack(what) => format!("a wrong answer with {what}"),
    };
    let holds = match result.holds() {
        Some(true) => "holds",
        Some(false) => "FAILS",
        None => "could not judge",
    };
    vec![trial, holds.to_owned(), result.reason.clone()]
}
