//! What actions do on the traffic screen, what it is told by the endpoint, and what it asks of the record.

use crate::{
    app::{
        action::{TrafficAction, Verb},
        ask,
        context::Cx,
        event::{Effect, FieldId, RowsWritten, TrafficCommand},
        intent::{Intent, TrafficIntent},
        notices::Tone,
        overlays::{
            guessed_template::GuessedTemplate,
            text_prompt::{TextFor, TextPrompt},
            xray::Xray,
        },
        screen_id::ScreenId,
        traffic::{Traffic, TrafficLine, TrafficRow},
    },
    model::{
        RunId,
        error::StoreError,
        query::Query,
        traffic::{FailRule, HeldAnswer, LiveState, LiveTexts, LiveTraffic},
    },
    pipeline::ports::RunRecord,
    store::api::HistoryPage,
    template::{self, guess::SharedText},
    text::{Wrapped, clean, format::counted, json},
};

/// Calls on record that are listed, at most.
const LISTED: usize = 200;

/// Other calls that a template is guessed from, at most.
const COMPARED: usize = 6;

/// The status of a call that is failed on purpose.
const FAILED: u16 = 503;

/// The data set that is offered for rows of calls.
const ROWS_FILE: &str = "calls.jsonl";

/// The records that a template is guessed from.
#[derive(Debug, Default)]
pub(crate) struct Guessing {
    chosen: Option<Box<RunRecord>>,
    others: Vec<String>,
    left: Vec<RunId>,
}

impl Traffic {
    pub(super) fn scroll(&mut self, by: isize) {
        self.top = self.top.saturating_add_signed(by).min(self.body.rows().saturating_sub(self.height));
    }

    /// Does what other screens do, too.
    pub(super) fn do_verb(&mut self, verb: Verb, cx: &mut Cx<'_, Self>) {
        if self.typing_line() && !matches!(verb, Verb::Leave | Verb::Accept) {
            return;
        }
        match verb {
            Verb::Leave => self.leave(cx),
            Verb::Accept => match self.line {
                TrafficLine::None => self.reading = self.chosen().is_some(),
                TrafficLine::Filter => self.line = TrafficLine::None,
                TrafficLine::Hold => self.hold(cx),
                TrafficLine::Fail => self.fail(cx),
            },
            Verb::Filter => self.line = TrafficLine::Filter,
            Verb::NextPane | Verb::PreviousPane => self.reading = !self.reading && self.chosen().is_some(),
            Verb::Refresh => self.read_at = None,
            Verb::Xray => {
                if let Some(run) = self.chosen().and_then(|row| row.run()) {
                    cx.ask(ask::open_run(run), (), Self::xray_read);
                }
            }
            Verb::ToBench => self.guess(cx),
            Verb::Run
            | Verb::NextSample
            | Verb::PreviousSample
            | Verb::Copy
            | Verb::Diff
            | Verb::Baseline
            | Verb::Grade
            | Verb::Next
            | Verb::Previous
            | Verb::MoreCalls
            | Verb::FewerCalls
            | Verb::Sort
            | Verb::TurnSort
            | Verb::ExportRuns
            | Verb::ScoreRuns
            | Verb::OnlyFailed
            | Verb::OnlyErrors => {}
        }
    }

    fn typing_line(&self) -> bool {
        self.line != TrafficLine::None
    }

    /// Goes one step back: out of the line, the call, the filter, and at last to the bench.
    fn leave(&mut self, cx: &mut Cx<'_, Self>) {
        if self.line != TrafficLine::None {
            self.line = TrafficLine::None;
        } else if self.reading {
            self.reading = false;
        } else if !self.filter.is_empty() {
            self.keep(|traffic| traffic.filter = crate::widgets::line_input::LineInput::default());
        } else if !self.marked.is_empty() {
            self.marked.clear();
        } else {
            cx.send(Intent::Show(ScreenId::Bench));
        }
    }

    /// Does an action of its own.
    pub(super) fn do_own(&mut self, action: TrafficAction, cx: &mut Cx<'_, Self>) {
        if self.typing_line() {
            return;
        }
        let call = self.chosen_call().map(|call| (call.id, call.path.clone()));
        match action {
            TrafficAction::HoldCalls if self.live.hold.is_some() => {
                cx.effect(Effect::Traffic(TrafficCommand::Hold(None)));
                cx.say(Tone::Info, "No calls are held; those that were went on");
            }
            TrafficAction::HoldCalls => self.line = TrafficLine::Hold,
            TrafficAction::FailCalls if self.live.fail.is_some() => {
                cx.effect(Effect::Traffic(TrafficCommand::FailCalls(None)));
                cx.say(Tone::Info, "No calls fail any more");
            }
            TrafficAction::FailCalls => self.line = TrafficLine::Fail,
            TrafficAction::LetGo => self.say_of_held(HeldAnswer::Go, cx),
            TrafficAction::FailCall => self.say_of_held(HeldAnswer::Fail { status: FAILED }, cx),
            TrafficAction::EditCall => {
                let Some((id, _)) = call else { return };
                match self.texts.as_ref().filter(|(own, texts)| *own == id && !texts.cut) {
                    Some((_, texts)) => {
                        let text = pretty(&texts.request);
                        cx.effect(Effect::Edit { field: FieldId::Call(id), text, suffix: ".json" });
                    }
                    None => cx.say(Tone::Warning, "the request is too long to be changed, or is still being read"),
                }
            }
            TrafficAction::ResendCall => {
                let texts = self
                    .texts
                    .as_ref()
                    .filter(|(own, texts)| Some(*own) == call.as_ref().map(|(id, _)| *id) && !texts.cut);
                if let (Some((_, path)), Some((_, texts))) = (call, texts) {
                    let body = texts.request.clone();
                    cx.effect(Effect::Traffic(TrafficCommand::Ask { path, body }));
                    cx.say(Tone::Info, "Sent again");
                }
            }
            TrafficAction::MarkCall => {
                if let Some(run) = self.chosen().and_then(|row| row.run()) {
                    if !self.marked.remove(&run) {
                        self.marked.insert(run);
                    }
                    self.table.step(1);
                }
            }
            TrafficAction::RowsOfCalls => self.write_rows(cx),
        }
    }

    fn hold(&mut self, cx: &mut Cx<'_, Self>) {
        self.line = TrafficLine::None;
        let text = self.holding.text();
        if text.trim().is_empty() {
            return cx.say(Tone::Info, "Type a text: calls that have it are held");
        }
        cx.effect(Effect::Traffic(TrafficCommand::Hold(Some(text.trim().to_owned()))));
    }

    /// Has calls fail by the rule that was typed.
    fn fail(&mut self, cx: &mut Cx<'_, Self>) {
        match FailRule::read(&self.failing.text()) {
            Ok(rule) => {
                self.line = TrafficLine::None;
                cx.effect(Effect::Traffic(TrafficCommand::FailCalls(Some(rule))));
            }
            Err(why) => cx.say(Tone::Error, &why),
        }
    }

    fn say_of_held(&self, answer: HeldAnswer, cx: &mut Cx<'_, Self>) {
        if let Some(call) = self.chosen_call().filter(|call| call.state == LiveState::Held) {
            cx.effect(Effect::Traffic(TrafficCommand::Answer(call.id, answer)));
        }
    }

    /// Takes the body of a call as an editor left it: one that is held goes on with it, another is sent again.
    pub(crate) fn edited(&mut self, id: u64, text: Result<String, String>, cx: &mut Cx<'_, Self>) {
        let text = match text {
            Ok(text) => text,
            Err(why) => return cx.say(Tone::Error, &why),
        };
        if let Err(error) = serde_json::from_str::<serde_json::Value>(&text) {
            return cx.say(Tone::Error, &format!("the body is no JSON any more, and nothing was sent: {error}"));
        }
        let Some(call) = self.live.calls.iter().find(|call| call.id == id) else {
            return cx.say(Tone::Warning, "this call is not known any more");
        };
        if call.state == LiveState::Held {
            cx.effect(Effect::Traffic(TrafficCommand::Answer(id, HeldAnswer::Edited { body: text })));
            return cx.say(Tone::Info, "The call goes on with what you wrote");
        }
        let before = self.texts.as_ref().filter(|(own, _)| *own == id).map(|(_, texts)| pretty(&texts.request));
        if before.is_some_and(|before| before.trim() == text.trim()) {
            return cx.say(Tone::Info, "Nothing was changed, and nothing was sent");
        }
        cx.effect(Effect::Traffic(TrafficCommand::Ask { path: call.path.clone(), body: text }));
        cx.say(Tone::Info, "Sent as a new call");
    }

    /// Asks for the data set that rows of the calls are added to that are marked, or of the one under the cursor.
    fn write_rows(&self, cx: &mut Cx<'_, Self>) {
        let runs: Vec<RunId> = if self.marked.is_empty() {
            self.chosen().and_then(|row| row.run()).into_iter().collect()
        } else {
            self.marked.iter().copied().collect()
        };
        cx.open(TextPrompt::new(TextFor::RowsOfCalls(runs), ROWS_FILE));
    }

    /// Says what came of rows that were to be written.
    #[allow(clippy::unused_self, reason = "an answer comes to the screen that asked")]
    pub(crate) fn rows_written(&mut self, written: &RowsWritten, cx: &mut Cx<'_, Self>) {
        let RowsWritten { file, rows, alike, empty } = written;
        let left_out = |calls: u64, why: &str| {
            if calls == 0 { String::new() } else { format!("; {} left out: {why}", counted(calls, "call")) }
        };
        let alike = left_out(*alike, "nearly the same as a row there is");
        let empty = left_out(*empty, "nothing was asked");
        let says = format!("{} added to {file}{alike}{empty}", counted(*rows, "row"));
        cx.say(if *rows > 0 { Tone::Info } else { Tone::Warning }, &says);
    }

    /// Takes what the endpoint tells.
    pub(crate) fn live_read(&mut self, read: Result<LiveTraffic, String>) {
        match read {
            Ok(live) => {
                self.problem = None;
                self.keep(|traffic| traffic.live = live);
            }
            Err(problem) => {
                self.problem = Some(problem);
                self.keep(|traffic| traffic.live = LiveTraffic::default());
            }
        }
    }

    /// Takes what a call asked and was answered.
    pub(crate) fn texts_told(&mut self, id: u64, texts: LiveTexts) {
        self.texts = Some((id, texts));
        self.stale = true;
    }

    /// Asks for the calls on record where more are over than when they were read.
    pub(super) fn ask_stored(&mut self, cx: &mut Cx<'_, Self>) {
        let over = self.live.calls.iter().filter(|call| call.state == LiveState::Over).count();
        if self.read_at == Some(over) {
            return;
        }
        self.read_at = Some(over);
        if let Ok(query) = Query::parse("session:serve", &cx.shared.local_now()) {
            cx.ask(ask::history(query, None, LISTED), (), Self::stored_read);
        }
    }

    fn stored_read(&mut self, (): (), page: Result<HistoryPage, StoreError>, cx: &mut Cx<'_, Self>) {
        match page {
            Ok(page) => self.keep(|traffic| traffic.stored = page.runs),
            Err(error) => cx.say(Tone::Error, &error.message),
        }
    }

    #[allow(clippy::unused_self, reason = "an answer comes to the screen that asked")]
    fn xray_read(&mut self, (): (), record: Result<Box<RunRecord>, StoreError>, cx: &mut Cx<'_, Self>) {
        match record {
            Ok(record) => cx.open(Xray::of_record(&record, cx.shared.now.time)),
            Err(error) => cx.say(Tone::Error, &error.message),
        }
    }

    /// Reads the call under the cursor and others with the same prompt, to guess the template they were made from.
    fn guess(&mut self, cx: &mut Cx<'_, Self>) {
        let Some(run) = self.chosen().and_then(|row| row.run()) else { return };
        let version = self.stored.iter().find(|entry| entry.run == run).and_then(|entry| entry.version.clone());
        let others =
            self.stored.iter().filter(|entry| entry.run != run && version.is_some() && entry.version == version);
        let guessing = Guessing { left: others.map(|entry| entry.run).take(COMPARED).collect(), ..Guessing::default() };
        cx.ask(ask::open_run(run), guessing, Self::call_read);
    }

    #[allow(clippy::unused_self, reason = "an answer comes to the screen that asked")]
    fn call_read(&mut self, mut guessing: Guessing, record: Result<Box<RunRecord>, StoreError>, cx: &mut Cx<'_, Self>) {
        match record {
            Err(error) => return cx.say(Tone::Error, &error.message),
            Ok(record) if guessing.chosen.is_none() => guessing.chosen = Some(record),
            Ok(record) => guessing.others.push(record.input.text),
        }
        if let Some(next) = guessing.left.pop() {
            return cx.ask(ask::open_run(next), guessing, Self::call_read);
        }
        let Some(record) = guessing.chosen else { return };
        let others: Vec<&str> = guessing.others.iter().map(String::as_str).collect();
        let (text, bare) = (record.input.text.clone(), record.prompt.user.trim() == "{{ input }}");
        let Some(shared) = SharedText::of(&text, &others).filter(|_| bare) else {
            return cx.send(Intent::Traffic(TrafficIntent::Reopen(record)));
        };
        let user = format!("{}{{{{ input }}}}{}", template::literal(shared.before), template::literal(shared.after));
        cx.open(GuessedTemplate::new(record, others.len() + 1, &user));
    }

    /// Puts what is said of the call under the cursor into lines of this width.
    pub(super) fn fit_text(&mut self, width: u16) {
        let width = usize::from(width.max(1));
        let row = self.chosen();
        let key = match row {
            None => 0,
            Some(TrafficRow::Live(call)) => call.id.wrapping_mul(2).wrapping_add(self.live.revision << 20),
            Some(TrafficRow::Stored(entry)) => entry.seq.unsigned_abs().wrapping_mul(2).wrapping_add(1),
        };
        if self.shown != Some(key) || self.stale {
            let text = match row {
                None => String::new(),
                Some(TrafficRow::Live(call)) => match self.texts.as_ref().filter(|(id, _)| *id == call.id) {
                    None => "Loading …".to_owned(),
                    Some((_, texts)) => {
                        let cut = if texts.cut { "\n\n(the end is not kept)" } else { "" };
                        let response =
                            if texts.response.is_empty() { "nothing yet".to_owned() } else { pretty(&texts.response) };
                        format!("REQUEST  POST {}\n{}\n\nRESPONSE\n{response}{cut}", call.path, pretty(&texts.request))
                    }
                },
                Some(TrafficRow::Stored(entry)) => {
                    format!("INPUT\n{}\n\nANSWER\n{}", entry.input, entry.answer)
                }
            };
            let moved = self.shown.is_none_or(|before| before & 0xF_FFFF != key & 0xF_FFFF);
            (self.shown, self.stale) = (Some(key), false);
            self.body = Wrapped::new(width);
            self.body.push(&clean(&text));
            if moved {
                self.top = 0;
            }
        }
        if self.body.width() != width {
            self.body.set_width(width);
        }
        self.scroll(0);
    }
}

/// Writes a body with a line for each field, where it is JSON.
fn pretty(text: &str) -> String {
    let value = serde_json::from_str::<serde_json::Value>(text).ok();
    value.and_then(|value| json::to_pretty(&value).ok()).unwrap_or_else(|| text.to_owned())
}
