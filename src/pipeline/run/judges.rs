//! Checks that wait for others: after an answer is judged, each rubric is asked of its judge through this same pipeline, and
//! each program is run.
//!
//! A judge's run is a run of its own, with its own id and record, cached like any other; its samples are
//! numbered, so that each of them is an answer of its own. All are asked at once, none while the run itself
//! has a call under way. A judge's prompt has no rubrics.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::{StreamExt as _, future::join_all};

use crate::{
    eval::{
        Judgement, PendingCheck, Rubric, judge_template::Opinion, program_check::ContextProgram, rubric::JUDGE,
        service_check::ServiceCheck,
    },
    model::{
        Commit, Cost, Input, Message, Outcome, Params, PartFolders, Prompt, RunEnd, RunRequest, Target, TextService,
        Verdict, Wire, outcome::Judging,
    },
    pipeline::{Pipeline, event::RunEvent, run::Run, spending::Purse},
};

/// What a model is asked.
#[allow(clippy::large_enum_variant, reason = "there are a few of them, for the time of one judgement")]
enum Question {
    /// To judge.
    Rubric(Rubric),
    /// To do what it does in place of answers.
    Service(ServiceCheck),
}

impl Question {
    /// Makes the verdict of what was said of the answer to an input, in the order of the requests.
    fn verdict(&self, said: &[Result<&str, String>], input: &Input, model: &str) -> Verdict {
        match self {
            Self::Service(check) => check.verdict(said, Some(model)),
            Self::Rubric(rubric) => {
                let orders = said.len() / rubric.repeat.max(1) as usize;
                let opinions: Vec<Result<Opinion, String>> =
                    said.chunks(orders.max(1)).map(|orders| rubric.read(orders, input)).collect();
                rubric.verdict(&opinions, Some(model))
            }
        }
    }

    /// What takes the context out of the answer that it is about, if anything does.
    fn context(&self) -> Option<&ContextProgram> {
        match self {
            Self::Rubric(rubric) => rubric.context.as_ref(),
            Self::Service(_) => None,
        }
    }

    /// Makes the verdict of one that cannot be asked.
    fn unasked(&self, why: String) -> Verdict {
        match self {
            Self::Service(check) => check.verdict(&[Err(why)], None),
            Self::Rubric(rubric) => rubric.verdict(&[Err(why)], None),
        }
    }
}

/// A question under way.
struct Case {
    verdict: usize,
    question: Question,
    /// What came of asking its judge first, if it was.
    first: Option<Outcome>,
    /// The judge's name and its requests, one for each order of each time it is asked; why it cannot be asked.
    requests: Result<(String, Vec<RunRequest>), String>,
}

impl Run {
    /// Asks whom the checks of what was received wait for, and puts what they say in the place of the verdicts that stood for
    /// them. `messages` are those that were sent. One that cannot be asked, or does not answer, leaves its verdict skipped
    /// with the reason. What compares a row is kept for later.
    pub(crate) async fn consult(&mut self, judgement: &mut Judgement, messages: &[Message]) {
        let (mut questions, mut programs) = (Vec::new(), Vec::new());
        self.choices.clear();
        for (verdict, pending) in std::mem::take(&mut judgement.pending) {
            match pending {
                PendingCheck::Judge(rubric) => questions.push((verdict, Question::Rubric(rubric))),
                PendingCheck::Service(check) => questions.push((verdict, Question::Service(check))),
                PendingCheck::Best(choice) => self.choices.push((verdict, choice)),
                PendingCheck::Program(program) => programs.push((verdict, program)),
            }
        }
        let takes_context = |(_, question): &(usize, Question)| question.context().is_some();
        if questions.iter().any(takes_context) {
            let facts = self.facts(judgement, messages);
            let contexts = questions.iter().map(|(_, question)| async {
                match question.context() {
                    Some(context) => Some(self.take_context(context, &facts).await),
                    None => None,
                }
            });
            let contexts = join_all(contexts).await;
            for ((_, question), found) in questions.iter_mut().zip(contexts) {
                if let Question::Rubric(rubric) = question {
                    rubric.found_context = found;
                }
            }
        }
        if !programs.is_empty() {
            let facts = self.facts(judgement, messages);
            let run = |program| self.run_program(program, &facts);
            let settled = join_all(programs.iter().map(|(_, program)| run(program))).await;
            for ((verdict, _), settled) in programs.iter().zip(settled) {
                settle(judgement, *verdict, settled);
            }
        }
        self.consult_models(judgement, questions, messages).await;
    }

    async fn consult_models(
        &mut self,
        judgement: &mut Judgement,
        mut questions: Vec<(usize, Question)>,
        messages: &[Message],
    ) {
        if questions.is_empty() {
            return;
        }
        let pipeline = Pipeline { shared: Arc::clone(&self.context.shared) };
        let purse = self.context.purse.as_ref().map(|purse| purse.within(self.pot.take()));
        // Until they have answered nobody knows what they take.
        let open = Judging { cost: Cost::Unknown, partial: true, ..Judging::default() };
        let asked_first: Vec<_> =
            questions.iter().map(|(_, question)| self.first_request(question, messages)).collect();
        self.judging = asked_first.iter().any(|asked| matches!(asked, Some(Ok(_)))).then_some(open);
        let asked_first = asked_first.into_iter().map(|asked| async {
            match asked {
                None => None,
                Some(Err(why)) => Some(Err(why)),
                Some(Ok(request)) => end(&pipeline, request, purse.clone()).await.map(Ok),
            }
        });
        let asked_first = join_all(asked_first).await;
        for ((_, question), asked) in questions.iter_mut().zip(&asked_first) {
            if let (Question::Rubric(rubric), Some(asked)) = (question, asked) {
                rubric.take_list(asked.as_ref().map_err(Clone::clone).and_then(answer_text));
            }
        }
        let case = |((verdict, question), first): ((usize, Question), Option<Result<Outcome, String>>)| Case {
            verdict,
            requests: self.requests(&question, messages),
            question,
            first: first.and_then(Result::ok),
        };
        let cases: Vec<Case> = questions.into_iter().zip(asked_first).map(case).collect();
        let is_asked = cases.iter().any(|case| case.requests.is_ok() || case.first.is_some());
        self.judging = is_asked.then_some(open);
        // In one list, so that the samples of all rubrics are under way together.
        let requests = cases.iter().flat_map(|case| case.requests.iter().flat_map(|(_, requests)| requests));
        let requests = requests.map(|request| end(&pipeline, request.clone(), purse.clone()));
        let mut outcomes = join_all(requests).await.into_iter();
        let mut judging = Judging::default();
        for Case { verdict, question, first, requests } in cases {
            let mut asked: Vec<Outcome> = first.into_iter().collect();
            let settled = match requests {
                Err(why) => question.unasked(why),
                Ok((model, requests)) => {
                    let outcomes: Vec<Outcome> = outcomes.by_ref().take(requests.len()).flatten().collect();
                    let said: Vec<Result<&str, String>> = outcomes.iter().map(answer_text).collect();
                    let settled = question.verdict(&said, &self.context.request.input, &model);
                    asked.extend(outcomes);
                    settled
                }
            };
            let rule = settled.rule.clone();
            settle(judgement, verdict, settled);
            if asked.is_empty() {
                continue;
            }
            let outcomes = asked;
            let own = outcomes.iter().map(Judging::of).fold(Judging::default(), Judging::plus);
            let cost = own.cost;
            judging = judging.plus(own);
            let runs = outcomes.iter().map(|outcome| outcome.run).collect();
            self.emit(RunEvent::Judged { verdict, rule, runs, cost }).await;
        }
        self.judging = is_asked.then_some(judging);
    }

    /// Makes the request by which a judge is asked first, where its check has it so. The error says why it cannot be.
    fn first_request(&self, question: &Question, messages: &[Message]) -> Option<Result<RunRequest, String>> {
        let Question::Rubric(rubric) = question else { return None };
        let asks = rubric.asks_first(&self.received.text, &self.context.request.input, messages)?;
        let judge = || target(&self.context.request.judges, rubric.judge.as_deref()).cloned();
        Some(asks.and_then(|(prompt, input)| Ok(self.request(JUDGE, &prompt, &judge()?, 0, &input))))
    }

    /// Makes the request of a run that judges, or does something else for a check.
    pub(crate) fn request(
        &self,
        name: &str,
        prompt: &Arc<Prompt>,
        asked: &Target,
        sample: u32,
        input: &Input,
    ) -> RunRequest {
        RunRequest {
            prompt_name: Some(name.to_owned()),
            prompt: Arc::clone(prompt),
            params: Params::default(),
            input: input.clone(),
            targets: vec![asked.clone()],
            cache: self.context.request.cache,
            commit: Commit::Buffered,
            sample,
            session: self.context.request.session.clone(),
            parent: None,
            checks: Vec::new(),
            min_score: None,
            judges: BTreeMap::new(),
            folders: PartFolders::default(),
            cell: None,
            trace: self.context.request.trace,
        }
    }

    fn requests(&self, question: &Question, messages: &[Message]) -> Result<(String, Vec<RunRequest>), String> {
        let judges = &self.context.request.judges;
        let (name, asked, (prompt, inputs), repeat) = match question {
            Question::Rubric(rubric) => {
                let judge = target(judges, rubric.judge.as_deref())?.clone();
                let asks = rubric.asks(&self.received.text, &self.context.request.input, messages)?;
                (JUDGE, judge, asks, rubric.repeat)
            }
            Question::Service(check) => {
                let asked = serving(judges, check.model(), check.service())?;
                (check.service().name(), asked, check.asks(&self.received.text), 1)
            }
        };
        let of_sample = |sample| inputs.iter().map(move |input| (sample, input));
        let request = |(sample, input)| self.request(name, &prompt, &asked, sample, input);
        let requests = (0..repeat).flat_map(of_sample).map(request).collect();
        Ok((asked.name.clone(), requests))
    }
}

/// Puts a verdict in the place of the one that stood for it.
fn settle(judgement: &mut Judgement, place: usize, settled: Verdict) {
    if let Some(verdict) = judgement.quality.verdicts.get_mut(place) {
        *verdict = settled;
    }
}

/// Finds the model that does something else than answer, ready to be asked for it, or says why it cannot be.
fn serving(judges: &BTreeMap<String, Target>, name: &str, service: TextService) -> Result<Target, String> {
    if name.is_empty() {
        return Err(format!("no model was named for {service}: name it with `judge = \"…\"` in the check"));
    }
    let mut target = judges
        .get(name)
        .cloned()
        .ok_or_else(|| format!("`{name}` is no model that is set up: change `judge = \"…\"` in the check"))?;
    if !target.serves(service) {
        let has = |wire: &Wire| wire.info().services.contains(&service);
        if has(&target.kind) {
            return Err(format!("the models of {} have no {service}", target.provider));
        }
        let wires: Vec<&str> = Wire::ALL.iter().filter(|wire| has(wire)).map(|wire| wire.info().name).collect();
        return Err(format!("{name} is asked on a wire that has no {service}; {} have it", wires.join(", ")));
    }
    if target.options.path.is_some() {
        return Err(format!("the requests to {name} go to a path of their own, which has no {service}"));
    }
    target.options.service = Some(service);
    Ok(target)
}

/// Finds the model that judges, or says how to name one.
pub(crate) fn target<'a>(judges: &'a BTreeMap<String, Target>, name: Option<&str>) -> Result<&'a Target, String> {
    let name = name.unwrap_or_default();
    judges.get(name).ok_or_else(|| {
        if name.is_empty() {
            "no model was named to judge it: use --judge MODEL, or `judge = \"…\"` in the check".to_owned()
        } else {
            format!("the judge `{name}` is no model that is set up: change `judge = \"…\"` in the check, or take it out and use --judge MODEL")
        }
    })
}

/// Runs a judge to its end.
pub(crate) async fn end(pipeline: &Pipeline, request: RunRequest, purse: Option<Purse>) -> Option<Outcome> {
    let mut events = match purse {
        Some(purse) => pipeline.run_within(request, purse, (None, None)),
        None => pipeline.run(request),
    };
    while let Some(timed) = events.next().await {
        if let RunEvent::Ended { outcome } = timed.event {
            return Some(*outcome);
        }
    }
    None
}

/// Returns what a judge answered.
pub(crate) fn answer_text(outcome: &Outcome) -> Result<&str, String> {
    match &outcome.end {
        RunEnd::Done => Ok(&outcome.text),
        end => Err(format!("the judge {} did not answer: {end}", outcome.requested)),
    }
}
