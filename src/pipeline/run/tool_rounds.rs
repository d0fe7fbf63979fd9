//! Rounds: the calls of an answer are answered, or the user says the next of several turns, and the model is asked again,
//! until it answers without a call and nothing is left to be said.
//!
//! A call that cannot be answered, as its tool is unknown, its arguments are no JSON or break the schema, or its program
//! failed, is answered with that: the model may do better. A tool without a source of results ends the run with the
//! model's calls as the answer.

use std::{collections::BTreeMap, time::Duration};

use futures_util::future::join_all;
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::{
    eval::call_problem,
    model::{
        CallError, ErrorKind, Input, Message, Prompt, Role, Tool, ToolCall, VarValue,
        message::KeptReasoning,
        tool::{ToolReply, ToolResult, ToolSource},
    },
    pipeline::{
        event::RunEvent,
        ports::AskedTool,
        run::{Plan, Run, target_attempts::TargetAttempts},
        timeouts::after,
    },
    template,
    template::{FillBudget, Unfilled},
};

/// The longest result that is sent to a model, in bytes.
pub(crate) const LONGEST_RESULT: usize = 1024 * 1024;

/// What a call is answered: the text, and whether the tool failed.
struct Answered {
    content: String,
    failed: bool,
    took: Duration,
}

impl Run {
    /// Tells whether the calls of the answer are to be answered: there are some, and every tool that is called has a
    /// source of results.
    pub(crate) fn calls_are_answered(&self) -> bool {
        let tools = &self.context.request.prompt.tools;
        let sourced = |call: &ToolCall| find(tools, &call.name).is_none_or(|tool| tool.result.is_some());
        let calls = &self.received.calls;
        !calls.is_empty() && tools.iter().any(|tool| tool.result.is_some()) && calls.iter().all(sourced)
    }

    /// Tells the calls of an answer that is complete, each with what is wrong with it.
    pub(crate) async fn tell_calls(&mut self) {
        let (attempt, tools) = (self.log.attempts, &self.context.request.prompt.tools);
        for (place, call) in self.received.calls.iter_mut().enumerate() {
            if call.id.is_empty() {
                call.id = format!("call_{attempt}_{place}");
            }
            call.problem = call_problem(tools, call);
        }
        for call in self.received.calls.clone() {
            self.emit(RunEvent::Called { attempt, call }).await;
        }
    }

    /// Answers the calls of the last answer and makes the request of the next round. Fails where there were too many.
    pub(crate) async fn answer_calls(&mut self, plan: &Plan, attempts: &mut TargetAttempts) -> Result<(), CallError> {
        let most = self.context.request.prompt.rounds();
        let rounds = self.log.rounds.iter().filter(|message| !message.tool_calls.is_empty()).count();
        if rounds >= most as usize {
            return Err(CallError::new(
                ErrorKind::BadOutput,
                format!(
                    "the model still called tools after {most} rounds; raise `max_rounds` of the prompt, or have it answer sooner"
                ),
            ));
        }
        let calls = self.received.calls.clone();
        let kept =
            KeptReasoning { target: attempts.target.name.clone(), items: std::mem::take(&mut self.received.kept) };
        self.log.rounds.push(Message {
            tool_calls: calls.clone(),
            kept: Some(kept),
            ..Message::of(Role::Assistant, self.received.text.clone())
        });
        let prompt = std::sync::Arc::clone(&self.context.request.prompt);
        let ports = std::sync::Arc::clone(&self.context.shared.ports.tools);
        let (run, deadline) = (self.context.id, self.context.deadline);
        let began = Instant::now();
        self.log.rounds_took += self.received.took(began);
        let by_person = calls.iter().any(|call| source(&prompt, call) == Some(ToolSource::Person));
        let input = self.context.request.input.clone();
        let in_batch = self.context.request.cell.is_some();
        let answers = calls.iter().map(|call| {
            let (prompt, ports, input) = (&prompt, &ports, &input);
            async move {
                let began = Instant::now();
                let result = match ready(prompt, call, input) {
                    Ready::Done(result) => result,
                    Ready::Outside(tool, _) if in_batch && tool.source() == Some(ToolSource::Person) => {
                        Err(format!("a person gives the result of {}, and nobody is asked in a batch", tool.name))
                    }
                    Ready::Outside(tool, arguments) => {
                        let limit = tool.result.as_ref().map(ToolResult::limit).unwrap_or_default();
                        let until = after(began, limit).min(deadline);
                        let asked = ports.call(AskedTool { run, tool, call, arguments: &arguments });
                        if tool.source() == Some(ToolSource::Person) {
                            asked.await
                        } else {
                            let late = || Err(format!("{} took longer than {limit:?} and was stopped", tool.name));
                            tokio::time::timeout_at(until, asked).await.unwrap_or_else(|_| late())
                        }
                    }
                };
                let (content, failed) = match result {
                    Ok(text) if text.len() > LONGEST_RESULT => (too_long(&call.name), true),
                    Ok(text) => (text, false),
                    Err(why) => (format!("Error: {why}"), true),
                };
                Answered { content, failed, took: began.elapsed() }
            }
        });
        let answers = join_all(answers).await;
        self.log.rounds_took += began.elapsed();
        if by_person {
            // A person takes the time that it takes.
            self.context.deadline = after(self.context.deadline, began.elapsed());
        }
        for (call, Answered { content, failed, took }) in calls.into_iter().zip(answers) {
            let reply = ToolReply { id: call.id, name: call.name, failed };
            self.emit(RunEvent::Replied {
                attempt: self.log.attempts,
                reply: reply.clone(),
                content: content.clone(),
                took,
            })
            .await;
            self.log.rounds.push(Message::reply(reply, content));
        }
        attempts.refit(&self.context.request, &self.conversation(plan));
        let all = attempts.prepared.messages.clone();
        self.context.preflight(&attempts.target, &all).map(|_| ())
    }

    /// Returns what the user says next, if an answer is followed by a further turn.
    pub(crate) fn next_turn<'p>(&self, plan: &'p Plan) -> Option<&'p str> {
        let said = self.log.rounds.iter().filter(|message| message.role == Role::User).count();
        let answered = self.received.calls.is_empty();
        plan.turns.get(said).filter(|_| answered).map(String::as_str)
    }

    /// Makes the answer a message and goes on with the user's next turn.
    pub(crate) async fn take_turn(&mut self, plan: &Plan, attempts: &mut TargetAttempts) -> Result<(), CallError> {
        let Some(next) = self.next_turn(plan) else { return Ok(()) };
        self.log.rounds_took += self.received.took(Instant::now());
        self.log.rounds.push(Message::of(Role::Assistant, self.received.text.clone()));
        self.log.rounds.push(Message::of(Role::User, next));
        self.emit(RunEvent::NextTurn { attempt: self.log.attempts, content: next.to_owned() }).await;
        attempts.refit(&self.context.request, &self.conversation(plan));
        let all = attempts.prepared.messages.clone();
        self.context.preflight(&attempts.target, &all).map(|_| ())
    }

    /// Returns what the next request holds: the prompt's messages and all rounds so far.
    pub(crate) fn conversation(&self, plan: &Plan) -> Vec<Message> {
        [plan.messages.as_slice(), self.log.rounds.as_slice()].concat()
    }
}

fn find<'t>(tools: &'t [Tool], name: &str) -> Option<&'t Tool> {
    tools.iter().find(|tool| tool.name == name)
}

fn source<'p>(prompt: &'p Prompt, call: &ToolCall) -> Option<ToolSource<'p>> {
    find(&prompt.tools, &call.name).and_then(Tool::source)
}

fn too_long(name: &str) -> String {
    format!("Error: {name} gave more than {} MiB", LONGEST_RESULT >> 20)
}

/// A call as far as it can be answered without going outside.
enum Ready<'p> {
    Done(Result<String, String>),
    /// Its tool has to be asked, with these arguments.
    Outside(&'p Tool, Map<String, Value>),
}

fn ready<'p>(prompt: &'p Prompt, call: &ToolCall, input: &Input) -> Ready<'p> {
    if let Some(problem) = &call.problem {
        return Ready::Done(Err(problem.clone()));
    }
    let Some(tool) = find(&prompt.tools, &call.name) else {
        return Ready::Done(Err(format!("there is no tool `{}`", call.name)));
    };
    let arguments = call.values().unwrap_or_default();
    match tool.source() {
        Some(ToolSource::Text(text)) => Ready::Done(filled(text, &arguments, input)),
        Some(ToolSource::Column(name)) => {
            let value = input.value(name).map(str::to_owned);
            Ready::Done(value.ok_or_else(|| format!("the input has no `{name}`")))
        }
        Some(ToolSource::Command(_) | ToolSource::Mcp(_) | ToolSource::Person) => Ready::Outside(tool, arguments),
        None => Ready::Done(Err(format!("`{}` has no result", tool.name))),
    }
}

/// Fills a result from the input and the arguments; an argument stands in front of a variable of its name.
fn filled(text: &str, arguments: &Map<String, Value>, input: &Input) -> Result<String, String> {
    let value = |value: &Value| match value {
        Value::String(text) => VarValue::Text(text.clone()),
        other => VarValue::Json(other.to_string()),
    };
    let own: BTreeMap<String, VarValue> =
        arguments.iter().map(|(name, argument)| (name.clone(), value(argument))).collect();
    let input = Input {
        text: input.text.clone(),
        vars: input.vars.clone().into_iter().chain(own).collect(),
        parts: Vec::new(),
    };
    let mut budget = FillBudget::new(text.len(), &input);
    template::fill(text, &input, &mut budget).map_err(|unfilled| match unfilled {
        Unfilled::Missing(names) => {
            let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
            format!("the result has no value for {}", names.join(", "))
        }
        Unfilled::Mistake(mistake) => format!("the result cannot be filled: {mistake}"),
    })
}
