//! The programs of checks: each is told the answer and what it is an answer to, and judges it or takes the context out of it.

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use crate::{
    eval::{
        Judgement, ProgramCheck, extract,
        program_check::{ContextProgram, ProgramEnd},
    },
    model::{CheckProgram, Format, Message, VarValue, Verdict, VersionId, attachment::PartOrigin},
    pipeline::{ports::ProgramRun, run::Run},
};

impl Run {
    /// Writes what a program is told of the answer that was received.
    pub(crate) fn facts(&self, judgement: &Judgement, messages: &[Message]) -> Map<String, Value> {
        let request = &self.context.request;
        let output = extract::answer(&self.received.text);
        // Where JSON is asked for it was looked for; elsewhere it is the whole answer or nothing.
        let json = match request.prompt.response.format {
            Format::Text => serde_json::from_str(output).ok(),
            Format::Auto | Format::Json | Format::Schema => judgement.json.as_deref().cloned(),
        };
        let (target, model, usage, cost) = if let Some(outcome) = &self.replayed {
            (outcome.target.clone(), outcome.model.clone(), outcome.usage, outcome.cost)
        } else {
            let target = request.targets.get(self.target_place);
            let (name, model) = target.map(|target| (target.name.clone(), target.model.clone())).unwrap_or_default();
            let spent = self.spent();
            (name, model, spent.usage, spent.cost)
        };
        let is_live = self.replayed.is_none() && !self.received.is_from_elsewhere();
        let latency = is_live.then(|| self.received.took(Instant::now()) + self.log.rounds_took);
        let said = |message: &Message| json!({ "role": message.role, "content": message.content });
        let row = request.cell.map(|cell| cell.place.row);
        let facts = json!({
            "output": output,
            "json": json,
            "input": request.input.text,
            "vars": request.input.vars.iter().map(|(name, value)| (name.clone(), as_json(value))).collect::<Map<_, _>>(),
            "row": row,
            "prompt": request.prompt_name,
            "version": VersionId::of(&request.prompt).short(),
            "messages": messages.iter().map(said).collect::<Vec<_>>(),
            "target": target,
            "model": model,
            "finish": self.received.finish.as_ref().map(ToString::to_string),
            "tokens": { "input": usage.input, "output": usage.output },
            "cost": cost.amount().map(crate::model::PicoDollars::dollars),
            "latency_ms": latency.map(|latency| u64::try_from(latency.as_millis()).unwrap_or(u64::MAX)),
            "cached": self.replayed.is_some(),
        });
        match facts {
            Value::Object(facts) => facts,
            _ => Map::new(),
        }
    }

    /// Has the answer judged by a program, which is told these facts.
    pub(crate) async fn run_program(&self, check: &ProgramCheck, facts: &Map<String, Value>) -> Verdict {
        let end = self.program_end(&check.program, check.place, check.asks(facts)).await;
        check.verdict(end.as_ref().map_err(String::as_str))
    }

    /// Has a program take the context out of the answer.
    pub(crate) async fn take_context(
        &self,
        context: &ContextProgram,
        facts: &Map<String, Value>,
    ) -> Result<String, String> {
        let end = self.program_end(&context.program, context.place, context.asks(facts)).await?;
        ContextProgram::read(&end)
    }

    /// Runs the program of the check at a place to its end.
    async fn program_end(&self, program: &CheckProgram, place: usize, asked: String) -> Result<ProgramEnd, String> {
        let request = &self.context.request;
        let own = place < request.prompt.checks.len();
        let run = ProgramRun {
            program: program.clone(),
            asked,
            whose: if own { PartOrigin::Prompt } else { PartOrigin::Input },
            prompt_name: request.prompt_name.clone(),
            folders: request.folders.clone(),
        };
        self.context.shared.ports.programs.run(run).await
    }
}

/// A variable as JSON: a text as one, another value as it was written.
fn as_json(value: &VarValue) -> Value {
    match value {
        VarValue::Text(text) => text.as_str().into(),
        VarValue::Json(json) => serde_json::from_str(json).unwrap_or_else(|_| json.as_str().into()),
    }
}
