//! Answers on record judged again by the checks of today: looked for, asked about, then page after page.

use crate::{
    app::{
        action::{GlobalAction, Verb},
        ask,
        context::Cx,
        intent::Intent,
        notices::Tone,
    },
    eval::RescoreTotals,
    model::{Prompt, error::StoreError, query::Query},
    store::api::{Answers, PageStart, Scored, ToScore},
};

/// Answers of a page. The store does nothing else while it judges one.
const PAGE: usize = 200;

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
}

impl Rescore {
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
        format!("{done} of {all} answers are judged")
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
            limit: PAGE,
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
                    return cx.confirm(&rescore.question(), "goes on", Intent::Rescore);
                }
                RescoreState::Looking | RescoreState::Asking | RescoreState::Stopped => {
                    if rescore.waits {
                        return cx.say(Tone::Info, "a page is still judged; try again in a moment");
                    }
                }
            }
        }
        cx.ask(ask::count_answers(query.clone()), (), Self::answers_counted);
        self.current = Some(Rescore {
            line,
            query,
            lots: Vec::new(),
            nameless: 0,
            at: 0,
            after: None,
            waits: false,
            sums: RescoreTotals::default(),
            state: RescoreState::Looking,
        });
    }

    /// Begins with the next page, after a yes.
    pub(crate) fn go_on(&mut self, cx: &mut Cx<'_, Self>) {
        if let Some(rescore) = self.current.as_mut().filter(|rescore| rescore.state != RescoreState::Looking) {
            rescore.state = RescoreState::Running;
        }
        self.next_page(cx);
    }

    /// Stops after the page under way. Tells whether there was anything to stop.
    pub(crate) fn stop(&mut self, cx: &mut Cx<'_, Self>) -> bool {
        let Some(rescore) = self.current.as_mut().filter(|rescore| rescore.running()) else {
            return false;
        };
        rescore.state = RescoreState::Stopped;
        cx.say(Tone::Info, "the judging stops after the answers under way");
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
    fn answers_counted(&mut self, (): (), found: Result<Vec<Answers>, StoreError>, cx: &mut Cx<'_, Self>) {
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                self.current = None;
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
        let names: Vec<String> = rescore.lots.iter().map(|lot| lot.name.clone()).collect();
        if names.is_empty() {
            self.nothing_to_score(cx);
        }
        for (at, name) in names.into_iter().enumerate() {
            cx.ask(ask::open_prompt(name), at, Self::prompt_read);
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
        at: usize,
        read: Result<(String, Box<Prompt>, Option<String>), StoreError>,
        cx: &mut Cx<'_, Self>,
    ) {
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
        match rescore.page(cx.shared.now.time) {
            Some(page) if rescore.state == RescoreState::Running => {
                rescore.waits = true;
                let says = rescore.progress();
                cx.ask(ask::score_runs(page), (), Self::page_scored);
                cx.say(Tone::Info, &says);
            }
            // It was stopped.
            Some(_) => {
                let key = cx.shared.keymap.shown(Verb::ScoreRuns, false);
                let key = key.map_or_else(String::new, |key| format!("; {key} goes on"));
                let says = format!("stopped: {}{key}", rescore.progress());
                cx.say(Tone::Info, &says);
                cx.send(Intent::RefreshRuns);
            }
            None => {
                let says = format!("{}; the verdicts before are kept", rescore.sums.sentence());
                self.current = None;
                cx.say(Tone::Info, &says);
                cx.send(Intent::RefreshRuns);
            }
        }
    }

    fn page_scored(&mut self, (): (), page: Result<Box<Scored>, StoreError>, cx: &mut Cx<'_, Self>) {
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
