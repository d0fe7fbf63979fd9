//! Answers on record judged again by the checks of today: looked for, asked about, then page after page.
//!
//! Where the rules of a prompt were just written to its file nobody is asked: its answers are judged at once, the newest
//! first, while everything else goes on.

use crate::{
    app::{
        action::{BenchAction, GlobalAction, Verb},
        ask,
        context::Cx,
        intent::{Intent, WrittenRules},
        notices::Tone,
    },
    eval::RescoreTotals,
    model::{
        Prompt,
        error::StoreError,
        query::{Query, with_filter},
    },
    store::api::{Answers, PageStart, Scored, ToScore},
    text::format::thousands,
};

/// Answers of a page. The store does nothing else while it judges one.
const PAGE: usize = 200;

/// Answers of a page that nobody has asked for: what a person asks of the store meanwhile waits for one at most.
const PAGE_AT_ONCE: usize = 50;

/// Answers that are judged although nobody has asked for it, at most: the newest.
pub const MOST_AT_ONCE: u64 = 5000;

/// Prompts that a question names.
const NAMED: usize = 3;

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RescoreState {
    /// The prompts are looked for.
    Looking,
    /// It waits for a yes.
    Asking,
    /// Pages are judged.
    Running,
    /// The page under way is the last one.
    Stopped,
}

/// The answers to one prompt.
#[derive(Debug, Clone, PartialEq)]
struct Lot {
    name: String,
    answers: u64,
    /// The prompt as it is saved; none while it is read.
    prompt: Option<Box<Prompt>>,
    /// Whether it cannot be read: its answers are left out.
    gone: bool,
}

/// Answers that are judged again.
#[derive(Debug, Clone, PartialEq)]
pub struct Rescore {
    /// The line they were asked for by.
    line: String,
    query: Query,
    lots: Vec<Lot>,
    /// Answers whose prompt has no name.
    nameless: u64,
    /// The lot under way.
    at: usize,
    /// The run of it that the next page comes after.
    after: Option<PageStart>,
    /// Whether a page is judged just now.
    waits: bool,
    sums: RescoreTotals,
    state: RescoreState,
    /// The rules that were just written, where that is why it is done.
    written: Option<WrittenRules>,
}

impl Rescore {
    /// Begins to look for what a query asks for.
    fn new(line: String, query: Query, written: Option<WrittenRules>) -> Self {
        Self {
            line,
            query,
            lots: Vec::new(),
            nameless: 0,
            at: 0,
            after: None,
            waits: false,
            sums: RescoreTotals::default(),
            state: RescoreState::Looking,
            written,
        }
    }

    /// Tells whether as many were judged as are without being asked for.
    fn is_enough(&self) -> bool {
        self.written.is_some() && self.count().0 >= MOST_AT_ONCE
    }

    /// Puts before a text what was said of the writing of the rules.
    fn after_writing(&self, text: &str) -> String {
        self.written.as_ref().map_or_else(|| text.to_owned(), |rules| format!("{}; {text}", rules.says))
    }

    /// Tells whether answers are judged just now.
    #[must_use]
    pub fn running(&self) -> bool {
        self.state == RescoreState::Running
    }

    /// Counts the answers that are judged, and all that are to be.
    #[must_use]
    pub fn count(&self) -> (u64, u64) {
        let all = self.lots.iter().filter(|lot| !lot.gone).map(|lot| lot.answers).sum();
        let done = self.sums.judged() + self.sums.without_answer;
        (done, done.max(all))
    }

    fn progress(&self) -> String {
        let (done, all) = self.count();
        format!("{} of {} answers are judged", thousands(done), thousands(all))
    }

    /// Counts the answers that are left out: their prompt has no name, or is no longer there.
    fn left_out(&self) -> u64 {
        self.nameless + self.lots.iter().filter(|lot| lot.gone).map(|lot| lot.answers).sum::<u64>()
    }

    /// Asks whether to begin, or to go on.
    fn question(&self) -> String {
        if self.sums != RescoreTotals::default() {
            return format!("{}. Go on with the others?", self.progress());
        }
        let lots: Vec<&Lot> = self.lots.iter().filter(|lot| !lot.gone).collect();
        let mut named: Vec<String> =
            lots.iter().take(NAMED).map(|lot| format!("{} to {}", answers(lot.answers), lot.name)).collect();
        if lots.len() > NAMED {
            let others = lots.iter().skip(NAMED).map(|lot| lot.answers).sum();
            named.push(format!("{} to {} other prompts", answers(others), lots.len() - NAMED));
        }
        let left_out = match self.left_out() {
            0 => String::new(),
            1 => " 1 other is left out: its prompt has no file, or a mistake in it.".to_owned(),
            count => format!(" {count} others are left out: their prompts have no file, or a mistake in it."),
        };
        format!(
            "Judge {} by the checks of today? No call is made, and the verdicts before are kept.{left_out}",
            named.join(", ")
        )
    }

    /// Returns the next page, if there is one.
    fn page(&self, now: jiff::Timestamp) -> Option<ToScore> {
        let lot = self.lots.get(self.at)?;
        Some(ToScore {
            prompt: *lot.prompt.clone()?,
            query: self.query.clone().answers_to(&lot.name),
            after: self.after,
            limit: if self.written.is_some() { PAGE_AT_ONCE } else { PAGE },
            write: true,
            at: now,
        })
    }

    /// Counts a page, and goes to where the next one begins.
    fn take(&mut self, page: &Scored) {
        self.waits = false;
        self.sums.without_answer += page.unread;
        for run in &page.runs {
            self.sums.take(run.before, run.quality.status());
        }
        self.after = page.after;
        if page.after.is_none() {
            self.at += 1;
            self.skip();
        }
    }

    /// Goes past prompts that are gone.
    fn skip(&mut self) {
        while self.lots.get(self.at).is_some_and(|lot| lot.gone) {
            self.at += 1;
        }
    }
}

fn answers(count: u64) -> String {
    if count == 1 { "1 answer".to_owned() } else { format!("{count} answers") }
}

/// The answers that are judged again, while that is under way or was stopped.
#[derive(Debug, Default)]
pub struct Rescorer {
    current: Option<Rescore>,
    /// Rules that were written while other answers were judged: theirs come next.
    next: Vec<WrittenRules>,
    /// Counts what was begun: what comes for something earlier is dropped.
    round: u64,
}

impl Rescorer {
    /// Returns what is under way or was stopped.
    #[must_use]
    pub fn current(&self) -> Option<&Rescore> {
        self.current.as_ref()
    }

    /// Judges the answers again that a query asks for, once that is confirmed; goes on where it was stopped.
    pub(crate) fn offer(&mut self, line: String, query: Query, cx: &mut Cx<'_, Self>) {
        if let Some(rescore) = &self.current {
            match rescore.state {
                RescoreState::Running => {
                    let key = cx.shared.keymap.shown(GlobalAction::Stop, true);
                    let key = key.map_or_else(|| "stop".to_owned(), |key| key.to_string());
                    return cx.say(Tone::Info, &format!("{}; {key} stops", rescore.progress()));
                }
                RescoreState::Stopped if rescore.line == line => {
                    return cx.confirm(&rescore.question(), "Judge", Intent::Rescore);
                }
                RescoreState::Looking | RescoreState::Asking | RescoreState::Stopped => {
                    if rescore.waits {
                        return cx.say(Tone::Info, "a page is still judged; try again in a moment");
                    }
                }
            }
        }
        self.begin(Rescore::new(line, query, None), cx);
    }

    /// Judges the answers to a prompt by its rules as they were just written, without a question: at once, or after those
    /// that a person has asked for.
    pub(crate) fn judge_anew(&mut self, rules: WrittenRules, cx: &mut Cx<'_, Self>) {
        let of_others = |rescore: &Rescore| rescore.written.as_ref().is_none_or(|written| written.name != rules.name);
        self.next.retain(|other| other.name != rules.name);
        if self.current.as_ref().is_some_and(|rescore| rescore.running() && of_others(rescore)) {
            self.next.push(rules);
            return;
        }
        let line = with_filter("", "prompt", &rules.name).unwrap_or_default();
        let query = Query::default().answers_to(&rules.name);
        self.begin(Rescore::new(line, query, Some(rules)), cx);
    }

    /// Looks for the answers, in place of what was under way.
    fn begin(&mut self, rescore: Rescore, cx: &mut Cx<'_, Self>) {
        self.round += 1;
        cx.ask(ask::count_answers(rescore.query.clone()), self.round, Self::answers_counted);
        self.current = Some(rescore);
    }

    /// Ends it, and goes on with what has waited.
    fn end(&mut self, cx: &mut Cx<'_, Self>) {
        self.current = None;
        if !self.next.is_empty() {
            let rules = self.next.remove(0);
            self.judge_anew(rules, cx);
        }
    }

    /// Begins with the next page, after a yes.
    pub(crate) fn go_on(&mut self, cx: &mut Cx<'_, Self>) {
        if let Some(rescore) = self.current.as_mut().filter(|rescore| rescore.state != RescoreState::Looking) {
            rescore.state = RescoreState::Running;
            // From here on somebody has asked for it: all of them.
            rescore.written = None;
        }
        self.next_page(cx);
    }

    /// Stops after the page under way. Tells whether there was anything to stop.
    pub(crate) fn stop(&mut self, cx: &mut Cx<'_, Self>) -> bool {
        let Some(rescore) = self.current.as_mut().filter(|rescore| rescore.running()) else {
            return false;
        };
        rescore.state = RescoreState::Stopped;
        let others: Vec<String> = self.next.drain(..).map(|rules| rules.name).collect();
        let others = match others.as_slice() {
            [] => String::new(),
            names => format!("; those to {} keep their verdicts", names.join(", ")),
        };
        cx.say(Tone::Info, &format!("the judging stops after the answers under way{others}"));
        true
    }

    /// Leaves it before it has begun.
    pub(crate) fn drop_question(&mut self) {
        self.current = None;
    }

    /// Returns it while its prompts are looked for.
    fn looking(&mut self) -> Option<&mut Rescore> {
        self.current.as_mut().filter(|rescore| rescore.state == RescoreState::Looking)
    }

    /// Asks for the prompts that there are answers to.
    fn answers_counted(&mut self, round: u64, found: Result<Vec<Answers>, StoreError>, cx: &mut Cx<'_, Self>) {
        if round != self.round {
            return;
        }
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                self.end(cx);
                return cx.say(Tone::Error, &error.message);
            }
        };
        let Some(rescore) = self.looking() else {
            return;
        };
        for Answers { prompt, answers } in found {
            match prompt {
                Some(name) => rescore.lots.push(Lot { name, answers, prompt: None, gone: false }),
                None => rescore.nameless += answers,
            }
        }
        if let Some(rules) = &rescore.written {
            rescore.lots.retain(|lot| lot.name == rules.name && lot.answers > 0);
            for lot in &mut rescore.lots {
                lot.prompt = Some(rules.prompt.clone());
            }
            if rescore.lots.is_empty() {
                return self.end(cx);
            }
            rescore.state = RescoreState::Running;
            return self.next_page(cx);
        }
        let names: Vec<String> = rescore.lots.iter().map(|lot| lot.name.clone()).collect();
        if names.is_empty() {
            self.nothing_to_score(cx);
        }
        for (at, name) in names.into_iter().enumerate() {
            cx.ask(ask::open_prompt(name), (self.round, at), Self::prompt_read);
        }
    }

    fn nothing_to_score(&mut self, cx: &mut Cx<'_, Self>) {
        let left_out = self.current.take().is_some_and(|rescore| rescore.left_out() > 0);
        let says = if left_out {
            "none of these answers is to a prompt with a file, so there are no checks of today"
        } else {
            "no run here has an answer to be judged"
        };
        cx.say(Tone::Info, says);
    }

    /// Takes a prompt in, or that it is not there; asks the question once all are known. What is read has checks that
    /// can be applied: the store compiles them. A prompt that was removed or renamed has none any more.
    fn prompt_read(
        &mut self,
        (round, at): (u64, usize),
        read: Result<(String, Box<Prompt>, Option<String>), StoreError>,
        cx: &mut Cx<'_, Self>,
    ) {
        if round != self.round {
            return;
        }
        let Some(rescore) = self.looking() else {
            return;
        };
        if let Some(lot) = rescore.lots.get_mut(at) {
            let prompt = read.ok().map(|(_, prompt, _)| prompt);
            (lot.gone, lot.prompt) = (prompt.is_none(), prompt);
        }
        if rescore.lots.iter().any(|lot| lot.prompt.is_none() && !lot.gone) {
            return;
        }
        if rescore.lots.iter().all(|lot| lot.gone) {
            self.nothing_to_score(cx);
            return;
        }
        rescore.skip();
        rescore.state = RescoreState::Asking;
        cx.send(Intent::AskRescore(rescore.question()));
    }

    /// Asks for the next page, says how far it is, and at the end what came of it.
    fn next_page(&mut self, cx: &mut Cx<'_, Self>) {
        let Some(rescore) = &mut self.current else {
            return;
        };
        if rescore.waits {
            return;
        }
        if rescore.running() && rescore.is_enough() {
            rescore.state = RescoreState::Stopped;
        }
        match rescore.page(cx.shared.now.time) {
            Some(page) if rescore.state == RescoreState::Running => {
                rescore.waits = true;
                let key = cx.shared.keymap.shown(GlobalAction::Stop, true).filter(|_| rescore.written.is_some());
                let key = key.map_or_else(String::new, |key| format!("; {key} stops"));
                let says = rescore.after_writing(&format!("{}{key}", rescore.progress()));
                cx.ask(ask::score_runs(page), self.round, Self::page_scored);
                cx.say(Tone::Info, &says);
            }
            // It was stopped, or that many were not asked for.
            Some(_) => {
                let place = if rescore.written.is_some() { " in the history" } else { "" };
                let key = cx.shared.keymap.shown(Verb::ScoreRuns, false);
                let key = key.map_or_else(String::new, |key| format!("; {key}{place} goes on"));
                let stopped = if rescore.is_enough() { "the newest" } else { "stopped" };
                let says = rescore.after_writing(&format!("{stopped}: {}{key}", rescore.progress()));
                cx.say(Tone::Info, &says);
                cx.send(Intent::RefreshRuns);
            }
            None => {
                let says = rescore.after_writing(&rescore.sums.sentence());
                let kept = match &rescore.written {
                    None => "; the verdicts before are kept".to_owned(),
                    Some(rules) => Self::of_judges(&rules.prompt, cx),
                };
                cx.say(Tone::Info, &format!("{says}{kept}"));
                cx.send(Intent::RefreshRuns);
                self.end(cx);
            }
        }
    }

    /// Says how a judge model is asked anew, where a prompt has one: that costs calls, and is not done unasked.
    fn of_judges(prompt: &Prompt, cx: &Cx<'_, Self>) -> String {
        if prompt.checks.iter().all(|check| check.judge_name().is_none()) {
            return String::new();
        }
        let key = cx.shared.keymap.shown(BenchAction::RunFresh, false);
        let key = key.map_or_else(|| "a new run".to_owned(), |key| format!("{key} at the bench"));
        format!("; what judge models said stays, as asking them costs calls: {key} asks anew")
    }

    fn page_scored(&mut self, round: u64, page: Result<Box<Scored>, StoreError>, cx: &mut Cx<'_, Self>) {
        if round != self.round {
            return;
        }
        match page {
            Ok(page) => {
                if let Some(rescore) = &mut self.current {
                    rescore.take(&page);
                }
                self.next_page(cx);
            }
            Err(error) => {
                if let Some(rescore) = &mut self.current {
                    (rescore.waits, rescore.state) = (false, RescoreState::Stopped);
                }
                cx.say(Tone::Error, &error.message);
            }
        }
    }
}
