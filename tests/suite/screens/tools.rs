//! Calls of tools in lanes, in the X-ray, and the editor of a prompt's tools.

use std::time::Duration;

use retort::{
    app::workbench::{Focus, document::Section},
    model::{
        Format, Message, Outcome, Role, Tool, ToolCall, ToolSet,
        outcome::AttemptUsage,
        tool::{CallPiece, ToolReply, ToolResult},
    },
    pipeline::event::RunEvent,
};
use serde_json::json;

use super::snapshot;
use crate::support::stage::{Stage, answered};

const LEFT: &str = "gpt-4o-mini";
const RIGHT: &str = "claude-haiku-4-5";

fn tools() -> ToolSet {
    let find = Tool {
        description: "Finds an order by its number, which has four digits.".to_owned(),
        parameters: Some(json!({
            "type": "object",
            "properties": {"number": {"type": "string"}, "with_history": {"type": "boolean"}},
            "required": ["number"],
        })),
        strict: true,
        result: Some(ToolResult {
            text: Some("Order {{ number }}: sent on Monday.".to_owned()),
            ..ToolResult::default()
        }),
        ..Tool::named("find_order")
    };
    let open = Tool {
        description: "Opens a ticket for the support team.".to_owned(),
        result: Some(ToolResult { ask: true, ..ToolResult::default() }),
        ..Tool::named("open_ticket")
    };
    let broken = Tool { description: "Has a name that no vendor takes.".to_owned(), ..Tool::named("cancel order") };
    ToolSet { tools: vec![find, open, broken], max_rounds: Some(4), ..ToolSet::default() }
}

/// Two lanes of a prompt with tools.
fn stage() -> Stage {
    let mut stage = Stage::open(&[LEFT, RIGHT]);
    stage.app.bench.tools = tools();
    stage.app.bench.response.format = Format::Text;
    stage.app.bench.touch();
    stage
}

fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall { id: id.to_owned(), name: name.to_owned(), arguments: arguments.to_owned(), ..ToolCall::default() }
}

fn begun() -> Stage {
    let mut stage = stage();
    stage.run().wait(30).begins(LEFT).begins(RIGHT).wait(200);
    stage
}

fn piece(name: Option<&str>, arguments: &str) -> RunEvent {
    let name = name.map(str::to_owned);
    RunEvent::CallDelta {
        attempt: 1,
        piece: CallPiece { name, arguments: arguments.to_owned(), ..CallPiece::default() },
    }
}

fn replied(call: &ToolCall, failed: bool, content: &str) -> RunEvent {
    let reply = ToolReply { id: call.id.clone(), name: call.name.clone(), failed };
    RunEvent::Replied { attempt: 1, reply, content: content.to_owned(), took: Duration::from_millis(40) }
}

#[test]
fn calls_in_lanes() {
    let mut stage = begun();
    stage.says(RIGHT, 1, "I look the order up.").tell(LEFT, piece(Some("find_order"), ""));
    stage.tell(LEFT, piece(None, "{\"number\": \"47")).tell(RIGHT, piece(Some("find_order"), "{\"numb"));
    snapshot("tools-streaming", &mut stage);
    let find = call("a", "find_order", r#"{"number": "4711", "with_history": true}"#);
    let wrong =
        ToolCall { problem: Some("the arguments are not JSON: EOF".to_owned()), ..call("b", "find_order", "{\"numb") };
    stage.tell(LEFT, RunEvent::Called { attempt: 1, call: find.clone() });
    stage.tell(LEFT, replied(&find, false, "Order 4711: sent on Monday, arrives on Thursday."));
    stage.tell(RIGHT, RunEvent::Called { attempt: 1, call: wrong.clone() });
    stage.tell(RIGHT, replied(&wrong, true, "Error: the arguments are not JSON: EOF"));
    snapshot("tools-replied", &mut stage);
    stage.wait(100).attempt(LEFT, 2, LEFT).wait(150).says(LEFT, 2, "It was sent on Monday and ");
    let open = call("c", "open_ticket", r#"{"subject": "Late"}"#);
    stage.attempt(RIGHT, 2, RIGHT).tell(RIGHT, RunEvent::Called { attempt: 2, call: open.clone() });
    snapshot("tools-waiting", &mut stage);
    snapshot("tools-typing", stage.keys("w").types("Ticket 12 is op"));
    let text = "It was sent on Monday and arrives on Thursday.";
    let asked = Message { tool_calls: vec![find], ..Message::of(Role::Assistant, String::new()) };
    let reply = ToolReply { id: "a".to_owned(), name: "find_order".to_owned(), failed: false };
    let result = Message::reply(reply, "Order 4711: sent on Monday, arrives on Thursday.".to_owned());
    let whole = answered(LEFT, text, 640, 210, (412, 38));
    let attempt = |attempt, answered| AttemptUsage {
        attempt,
        target: LEFT.to_owned(),
        provider: "openai".to_owned(),
        model: LEFT.to_owned(),
        spent: retort::model::Spent { usage: whole.usage, cost: whole.cost },
        took: Duration::from_millis(300),
        answered,
    };
    let by_attempt = vec![attempt(1, false), attempt(2, true)];
    stage.keys("esc").ends(LEFT, Outcome { rounds: vec![asked, result], attempts: 2, by_attempt, ..whole });
    let alone = answered(RIGHT, "", 640, 210, (412, 38));
    stage.ends(RIGHT, Outcome { calls: vec![open, wrong], json: None, ..alone });
    snapshot("tools-done", stage.keys("answers"));
    snapshot("tools-xray", stage.keys("o"));
}

#[test]
fn the_tools_of_a_prompt() {
    let mut stage = stage();
    stage.app.bench.focus_on(Focus::Section(Section::Tools));
    snapshot("tools-list", stage.keys("enter"));
    snapshot("tools-form", stage.keys("enter"));
    snapshot("tools-schema", stage.keys("down down enter").types("x"));
    snapshot("tools-use", stage.keys("esc esc end enter"));
}
