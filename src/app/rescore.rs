//! Answers on record judged again by the checks of today: looked for, asked about, then page after page.

use crate::{
    app::{
        App, ScreenId,
        action::{GlobalAction, Verb},
        intent::Intent,
        status_bar::Tone,
        store_request::Pending,
    },
    eval::RescoreTotals,
    model::{Prompt, query::Query},
    store::api::{Answers, PageStart, Scored, StoreReply, StoreRequest, ToScore},
};

/// Answers of a page. The store does nothing else while it judges one.
const PAGE: usize = 200;

/// Prompts that a question names.
const NAMED: usize = 3;

/// Names what was asked under a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RescoreQuestion {
    /// Which prompts there are answers to.
    Answers,
    /// One of them, by its place.
    Prompt(usize),
    /// A page of answers judged.
    Page,
}

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

impl App {
    /// Judges the answers again that a query asks for, once that is confirmed; goes on where it was stopped.
    pub(crate) fn score_runs(&mut self, line: String, query: Query) {
        match &self.scoring {
            Some(scoring) if scoring.state == RescoreState::Running => {
                let key = self
                    .shared
                    .keymap
                    .shown(GlobalAction::Stop, true)
                    .map_or_else(|| "stop".to_owned(), |key| key.to_string());
                let says = format!("{}; {key} stops", scoring.progress());
                self.say(Tone::Info, &says);
            }
            Some(scoring) if scoring.state == RescoreState::Stopped && scoring.line == line => {
                let text = scoring.question();
                self.ask(&text, "goes on", Intent::Rescore);
            }
            Some(scoring) if scoring.waits => self.say(Tone::Info, "a page is still judged; try again in a moment"),
            _ => {
                self.ask_scoring(StoreRequest::CountAnswers(Box::new(query.clone())), RescoreQuestion::Answers);
                self.scoring = Some(Rescore {
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
        }
    }

    /// Begins with the next page, after a yes.
    pub(crate) fn go_on_scoring(&mut self) {
        if let Some(scoring) = self.scoring.as_mut().filter(|scoring| scoring.state != RescoreState::Looking) {
            scoring.state = RescoreState::Running;
        }
        self.next_page();
    }

    /// Stops after the page under way. Tells whether there was anything to stop.
    pub(crate) fn stop_scoring(&mut self) -> bool {
        let Some(scoring) = self.scoring.as_mut().filter(|scoring| scoring.state == RescoreState::Running) else {
            return false;
        };
        scoring.state = RescoreState::Stopped;
        self.say(Tone::Info, "the judging stops after the answers under way");
        true
    }

    /// Takes an answer of the store in.
    pub(crate) fn scoring_stored(&mut self, asked: RescoreQuestion, reply: StoreReply) {
        match (asked, reply) {
            (RescoreQuestion::Answers, StoreReply::Answers(found)) => self.look_for_prompts(&found),
            // What is read has checks that can be applied: the store compiles them.
            (RescoreQuestion::Prompt(at), StoreReply::Prompt { prompt, .. }) => self.prompt_read(at, Some(prompt)),
            (RescoreQuestion::Page, StoreReply::Scored(page)) => {
                if let Some(scoring) = &mut self.scoring {
                    scoring.take(&page);
                }
                self.next_page();
            }
            _ => {}
        }
    }

    /// Takes in that something did not come.
    pub(crate) fn scoring_fault(&mut self, asked: RescoreQuestion, why: &str) {
        match asked {
            // A prompt that was removed or renamed has no checks any more.
            RescoreQuestion::Prompt(at) => self.prompt_read(at, None),
            RescoreQuestion::Answers => {
                self.scoring = None;
                self.say(Tone::Error, why);
            }
            RescoreQuestion::Page => {
                if let Some(scoring) = &mut self.scoring {
                    (scoring.waits, scoring.state) = (false, RescoreState::Stopped);
                }
                self.say(Tone::Error, why);
            }
        }
    }

    fn ask_scoring(&mut self, job: StoreRequest, asked: RescoreQuestion) {
        self.ask_store(job, Pending::Scoring(asked));
    }

    /// Asks for the prompts that there are answers to.
    fn look_for_prompts(&mut self, found: &[Answers]) {
        let Some(scoring) = self.scoring.as_mut().filter(|scoring| scoring.state == RescoreState::Looking) else {
            return;
        };
        for Answers { prompt, answers } in found {
            match prompt.clone() {
                Some(name) => scoring.lots.push(Lot { name, answers: *answers, prompt: None, gone: false }),
                None => scoring.nameless += answers,
            }
        }
        let names: Vec<String> = scoring.lots.iter().map(|lot| lot.name.clone()).collect();
        if names.is_empty() {
            self.nothing_to_score();
        }
        for (at, name) in names.into_iter().enumerate() {
            self.ask_scoring(StoreRequest::OpenPrompt(name), RescoreQuestion::Prompt(at));
        }
    }

    fn nothing_to_score(&mut self) {
        let left_out = self.scoring.take().is_some_and(|scoring| scoring.left_out() > 0);
        let says = if left_out {
            "none of these answers is to a prompt with a file, so there are no checks of today"
        } else {
            "no run here has an answer to be judged"
        };
        self.say(Tone::Info, says);
    }

    /// Takes a prompt in, or that it is not there; asks the question once all are known.
    fn prompt_read(&mut self, at: usize, prompt: Option<Box<Prompt>>) {
        let Some(scoring) = self.scoring.as_mut().filter(|scoring| scoring.state == RescoreState::Looking) else {
            return;
        };
        if let Some(lot) = scoring.lots.get_mut(at) {
            (lot.gone, lot.prompt) = (prompt.is_none(), prompt);
        }
        if scoring.lots.iter().any(|lot| lot.prompt.is_none() && !lot.gone) {
            return;
        }
        if scoring.lots.iter().all(|lot| lot.gone) {
            self.nothing_to_score();
            return;
        }
        scoring.skip();
        scoring.state = RescoreState::Asking;
        let text = scoring.question();
        if self.overlays.is_empty() && matches!(self.screen, ScreenId::History | ScreenId::Quality) {
            self.ask(&text, "judges them", Intent::Rescore);
        } else {
            self.scoring = None;
        }
    }

    /// Asks for the next page, says how far it is, and at the end what came of it.
    fn next_page(&mut self) {
        let Some(scoring) = &mut self.scoring else {
            return;
        };
        if scoring.waits {
            return;
        }
        match scoring.page(self.shared.now.time) {
            Some(page) if scoring.state == RescoreState::Running => {
                scoring.waits = true;
                let says = scoring.progress();
                self.ask_scoring(StoreRequest::ScoreRuns(Box::new(page)), RescoreQuestion::Page);
                self.say(Tone::Info, &says);
            }
            // It was stopped.
            Some(_) => {
                let key = self.shared.keymap.shown(Verb::ScoreRuns, false);
                let key = key.map_or_else(String::new, |key| format!("; {key} goes on"));
                let says = format!("stopped: {}{key}", scoring.progress());
                self.say(Tone::Info, &says);
                self.look_again();
            }
            None => {
                let says = format!("{}; the verdicts before are kept", scoring.sums.sentence());
                self.scoring = None;
                self.say(Tone::Info, &says);
                self.look_again();
            }
        }
    }

    /// Has what is shown of the runs read anew.
    fn look_again(&mut self) {
        let Self { screen, history, quality, shared, out, .. } = self;
        history.detail = None;
        match screen {
            ScreenId::History => history.with(shared, out, |it, cx| it.refresh(cx)),
            ScreenId::Quality => quality.with(shared, out, |it, cx| it.refresh(cx)),
            // They are read when they are entered.
            ScreenId::Bench | ScreenId::Batch => {}
        }
    }
}
