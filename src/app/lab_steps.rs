//! What is done with an experiment on a prompt: set up, begun, stopped, gone on with, and its winner written or not.

use crate::{
    app::{
        App, ask,
        context::Cx,
        event::{Effect, ExperimentEnd, ExperimentKind, ExperimentNews, ExperimentPlan, ExperimentRequest, Ticket},
        intent::{BenchIntent, Intent, LabIntent, PromptEdit},
        lab::{Decision, LabState, LabWork},
        notices::Tone,
        overlays::{
            Overlay, Overlays, ablation::AblationPane, batch_limits::COST, experiment_form::ExperimentForm,
            improvement::ImprovementPane,
        },
        prompt_version::PlacedVersion,
    },
    model::{Prompt, error::StoreErrorKind},
    present::improve::verdict_of,
    store::api::Over,
};

/// Says how an experiment has ended.
fn ending(work: &LabWork) -> (Tone, String) {
    let about = work.about();
    match (&work.state, &work.improved) {
        (LabState::Ended(ExperimentEnd::Stopped), _) => (Tone::Info, format!("the {about} was stopped")),
        (LabState::Ended(ExperimentEnd::Capped(why)), _) => (Tone::Warning, format!("the {about} ended: {why}")),
        (LabState::Ended(ExperimentEnd::Failed(why)), _) => (Tone::Error, format!("the {about} cannot go on: {why}")),
        (_, Some(improved)) => (Tone::Info, format!("{about}: {}", verdict_of(improved))),
        (_, None) => (Tone::Info, format!("the {about} is done")),
    }
}

impl App {
    /// Does what is wanted of the experiments.
    pub(crate) fn in_lab(&mut self, intent: LabIntent) {
        match intent {
            LabIntent::Open(request) => self.open_lab(*request),
            LabIntent::SetUp(request) => self.set_up_experiment(*request),
            LabIntent::Plan(request) => self.plan_experiment(request),
            LabIntent::Start(request) => self.start_experiment(*request),
            LabIntent::GoOn => {
                let work = self.shared.lab.work.as_ref().filter(|work| work.can_go_on());
                if let Some((request, plan)) = work.map(|work| (work.request.clone(), work.plan.clone())) {
                    self.begin_experiment(ExperimentRequest { anew: false, ..request }, plan);
                }
            }
            LabIntent::Accept => self.accept_winner(),
            LabIntent::Reject => self.reject_winner(),
            LabIntent::Edit(at) => self.edit_candidate(at),
        }
    }

    /// Shows the experiment that is under way, or the one that was made of the same, else the form of one.
    fn open_lab(&mut self, request: ExperimentRequest) {
        let is_same = |work: &LabWork| {
            std::mem::discriminant(&work.request.kind) == std::mem::discriminant(&request.kind)
                && work.request.prompt_name() == request.prompt_name()
                && work.request.batch.spec.data == request.batch.spec.data
        };
        let Some(work) = self.shared.lab.work.as_deref().filter(|work| work.is_busy() || is_same(work)) else {
            return self.set_up_experiment(request);
        };
        if !is_same(work) {
            let says = format!("the {} is under way; stop it before another begins", work.about());
            self.shared.say(Tone::Info, &says);
        }
        self.open_work();
    }

    /// Shows the experiment that is under way or has ended.
    fn open_work(&mut self) {
        let Some(work) = &self.shared.lab.work else { return };
        let pane: Overlay = match work.request.kind {
            ExperimentKind::Improve { .. } => ImprovementPane::default().into(),
            ExperimentKind::Ablate => AblationPane::default().into(),
        };
        self.overlays.close::<ExperimentForm>();
        self.overlays.close::<ImprovementPane>();
        self.overlays.close::<AblationPane>();
        self.open(pane);
    }

    fn set_up_experiment(&mut self, request: ExperimentRequest) {
        self.overlays.close::<ImprovementPane>();
        self.overlays.close::<AblationPane>();
        self.open(ExperimentForm::new(&request));
        self.plan_experiment(Box::new(request));
    }

    fn plan_experiment(&mut self, request: Box<ExperimentRequest>) {
        let ticket = self.out.ticket();
        self.shared.lab.plan(ticket, &request);
        self.out.effects.push(Effect::PlanExperiment(ticket, request));
    }

    /// Takes in what is known of the experiment that is set up; one that was to begin does.
    pub(crate) fn experiment_planned(&mut self, ticket: Ticket, planned: Result<Box<ExperimentPlan>, String>) {
        let starting = self.shared.lab.take_plan(ticket, planned);
        // Whoever has left the form by then wants nothing begun.
        if let Some(request) = starting.filter(|_| self.overlays.find::<ExperimentForm>().is_some()) {
            self.start_experiment(*request);
        }
    }

    /// Begins an experiment: at once where it is known what it will take, else as soon as it is.
    fn start_experiment(&mut self, request: ExperimentRequest) {
        let lab = &mut self.shared.lab;
        if let Some(work) = lab.busy() {
            let says = format!("the {} is under way; stop it before another begins", work.about());
            return self.shared.say(Tone::Warning, &says);
        }
        if !lab.is_planned(&request) {
            self.plan_experiment(Box::new(request.clone()));
        }
        let lab = &mut self.shared.lab;
        if lab.is_planning() {
            lab.start_when_planned(request);
            return self.shared.say(Tone::Info, "Looking at the data …");
        }
        let Some(Ok(plan)) = &lab.planned else { return };
        let plan = plan.clone();
        if let Some(why) = &plan.refused {
            return self.shared.say(Tone::Warning, why);
        }
        if let Some(name) = plan.unpriced.first().filter(|_| request.limits.cost.is_some()) {
            let why = format!("price unknown for {name}: set it in config.toml, or limit tokens");
            if let Some(form) = self.overlays.find::<ExperimentForm>() {
                form.note(COST, why);
            }
            return;
        }
        self.begin_experiment(request, plan);
    }

    fn begin_experiment(&mut self, request: ExperimentRequest, plan: Box<ExperimentPlan>) {
        let ticket = self.out.ticket();
        self.out.effects.push(Effect::StartExperiment(ticket, Box::new(request.clone())));
        self.shared.lab.begin(ticket, request, plan, self.shared.now.at);
        self.open_work();
    }

    /// Takes in what came of an experiment, and says so where it has ended.
    pub(crate) fn experiment_told(&mut self, ticket: Ticket, news: Vec<ExperimentNews>) {
        if !self.shared.lab.take(ticket, news, self.shared.now.at) {
            return;
        }
        if let Some(work) = &self.shared.lab.work {
            let (tone, says) = ending(work);
            // On its own screen it stands there.
            if !self.shows_lab() {
                self.shared.say(tone, &says);
            }
        }
        if !self.shared.focused {
            self.out.effects.push(Effect::Bell);
        }
    }

    /// Tells whether the screen of an experiment is looked at.
    pub(crate) fn shows_lab(&self) -> bool {
        matches!(self.overlay(), Some(Overlay::Improvement(_) | Overlay::Ablation(_)))
    }

    /// Stops the experiment that is under way. Returns what it is, if there is one.
    pub(crate) fn stop_experiment(&mut self) -> Option<&'static str> {
        let ticket = self.shared.lab.stop()?;
        self.out.effects.push(Effect::StopExperiment(ticket));
        self.shared.lab.work.as_ref().map(|work| work.word())
    }

    /// Writes the winner to the file of the prompt, if that is as it was.
    fn accept_winner(&mut self) {
        let Some(work) = &self.shared.lab.work else { return };
        let Some(winner) = work.undecided() else { return };
        let (name, prompt) = (work.request.prompt_name().to_owned(), Box::new(winner.prompt.clone()));
        let over = work.plan.file.clone().map_or(Over::Nothing, Over::Known);
        self.with_overlays(|_, cx| Overlays::write_winner(name, prompt, over, cx));
    }

    fn reject_winner(&mut self) {
        let Some(work) = &mut self.shared.lab.work else { return };
        let Some(name) = work.undecided().map(|winner| winner.name.clone()) else { return };
        work.decision = Some(Decision::Rejected);
        self.shared.say(Tone::Info, &format!("Nothing is written; {name} stays among the versions"));
    }

    /// Puts a candidate on the bench, to be edited there.
    fn edit_candidate(&mut self, at: usize) {
        let Some(work) = &self.shared.lab.work else { return };
        let Some(candidate) = work.candidates.get(at) else { return };
        let (base, file) = match &work.decision {
            Some(Decision::Written { path: _, prompt, file }) => (prompt, Some(file.clone())),
            Some(Decision::Rejected) | None => (&work.plan.prompt, work.plan.file.clone()),
        };
        let edit = PromptEdit {
            name: work.request.prompt_name().to_owned(),
            base: Prompt::clone(base),
            file,
            edited: PlacedVersion::of_run(&candidate.prompt),
            drops: false,
        };
        self.follow(Intent::Bench(BenchIntent::PutEdit(Box::new(edit))));
    }
}

impl Overlays {
    /// Has the record write a winner, and takes over what came of that.
    fn write_winner(name: String, prompt: Box<Prompt>, over: Over, cx: &mut Cx<'_, Self>) {
        cx.ask(ask::save_prompt(name, prompt.clone(), over), prompt, |_, prompt, saved, cx| match saved {
            Ok((name, path, file)) => {
                let path = path.display().to_string();
                if let Some(work) = &mut cx.shared.lab.work {
                    let (prompt, file) = (prompt.clone(), file.clone());
                    work.decision = Some(Decision::Written { path: path.clone(), prompt, file });
                }
                cx.say(Tone::Info, &format!("saved as {path}"));
                cx.send(Intent::Bench(BenchIntent::TakeWritten { name, prompt, file }));
            }
            Err(error) if matches!(error.kind, StoreErrorKind::Changed | StoreErrorKind::Exists) => {
                cx.say(Tone::Error, "the prompt's file is another one by now; nothing is written");
            }
            Err(error) => cx.say(Tone::Error, &error.message),
        });
    }
}
