//! The terminal shell of the workbench: one loop over keys, messages, signals and the frame clock.

pub mod terminal_guard;

pub(crate) mod backend;
pub(crate) mod batch_tasks;
pub(crate) mod clipboard;
pub(crate) mod crash;
pub(crate) mod decoder;
pub(crate) mod editor;
pub(crate) mod events;
pub(crate) mod experiment_tasks;
pub(crate) mod path_completion;
pub mod pictures;
pub(crate) mod ready;
pub(crate) mod run_tasks;
pub(crate) mod signals;
pub(crate) mod startup;
pub(crate) mod traffic_tasks;

use std::{io, sync::Arc, time::Duration};

use crossterm::{
    event,
    event::{Event as TerminalEvent, KeyCode},
};
use jiff::Timestamp;
use tokio::{sync::mpsc, time::Instant};

use crate::{
    app,
    app::{App, Effect, Event, FieldId, Now},
    engine::{Engine, Workspace, environment::Child},
    model::{
        Attachment,
        error::StoreError,
        picture::PictureSetting,
        theme::{Rgb, ThemeName},
    },
    store::api::WantedBlind,
    terminal::{
        editor::Editing,
        events::{FrameClock, TerminalInput, TerminalReport},
        pictures::{PictureShow, ShownPicture, TakenAway},
        run_tasks::RunTasks,
        signals::{SignalRequest, Signals},
        terminal_guard::{Claims, TerminalGuard},
    },
};

/// How many messages are taken in before the next frame may be drawn.
const DRAIN: usize = 256;

/// Runs the workbench until the person or a signal ends it. The first frame is drawn before
/// anything slow is opened; at the end everything handed to the store is on disk.
///
/// It begins with a blind comparison where one is given.
pub async fn run(
    setup: Arc<Workspace>,
    session: Option<String>,
    blind: Option<WantedBlind>,
) -> Result<(), TerminalError> {
    let start = startup::start(&setup, session)?;
    let first = start.session.is_none();
    let value = |name: &str| setup.environment.value(name).unwrap_or_default();
    let claims = Claims { mouse: false, kitty: terminal_guard::speaks_kitty(&value("TERM"), &value("TERM_PROGRAM")) };
    crash::install(setup.places.state.clone());
    let signals = Signals::listen()?;
    let screen = TerminalGuard::enter(claims)?;
    let (mut app, mut effects) = App::new(start, now());
    if let Some(wanted) = blind {
        effects.extend(app.compare_blind(wanted));
    }
    let mut bench = Bench {
        app,
        screen: Some(screen),
        claims,
        input: TerminalInput::default(),
        signals,
        frames: FrameClock::default(),
        editing: None,
        pictures: None,
        lost: false,
        setup: Arc::clone(&setup),
        asked: None,
        asked_kind: None,
        over: false,
    };
    bench.draw();
    bench.input.listen()?;
    bench.ask_background(&value("TERM"));
    bench.ask_kind(&value("TERM"));
    let store = Arc::new(setup.store());
    let (parts, shared) = (Arc::clone(&setup), Arc::clone(&store));
    let (mut work, mut inbox) = RunTasks::begin(store, Arc::clone(&setup), move || Engine::start(&parts, &shared));
    if first {
        work.ask(move |engine| async move {
            let mut found = setup.found_keys();
            found.extend(setup.local_servers(&engine.providers).await);
            Event::Found(found)
        });
    }
    for effect in effects {
        bench.perform(effect, &mut work).await;
    }
    bench.turn(&mut work, &mut inbox).await;
    let kept = match bench.editing.take() {
        Some((_, editing)) => editing.abandon().await,
        None => None,
    };
    let last_words = [bench.app.last_words().map(str::to_owned), kept];
    bench.await_answers().await;
    // What is typed from now on is for whoever has the terminal next.
    bench.input.let_go();
    // The screen goes first: what is left to do must not look like a hang.
    let Bench { mut signals, screen, .. } = bench;
    drop(screen);
    let ended = tokio::select! {
        ended = work.end(inbox) => ended,
        () = signals.asked_to_quit() => Err(TerminalError::Words(HURRIED.to_owned())),
    };
    let lost: Vec<String> = last_words.into_iter().flatten().collect();
    if lost.is_empty() {
        return ended;
    }
    let lost = lost.join("\n");
    tracing::warn!("{lost}");
    Err(TerminalError::Words(lost))
}

/// What is said where the end is not waited for.
const HURRIED: &str = "left at once: what was not yet on disk is lost; `retort history` shows what is on record";

/// Why the workbench did not come up, or what was lost when it closed.
#[derive(Debug, thiserror::Error)]
pub enum TerminalError {
    /// The settings or the session cannot be used.
    #[error("{0}")]
    Words(String),
    /// The disk.
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the terminal cannot be used: {0}")]
    Terminal(#[from] io::Error),
}

/// Reads the clocks.
fn now() -> Now {
    Now { at: Instant::now().into_std(), time: Timestamp::now() }
}

/// The workbench and the terminal it is on.
struct Bench {
    app: App,
    /// None while the terminal is lent or gone.
    screen: Option<TerminalGuard>,
    claims: Claims,
    input: TerminalInput,
    signals: Signals,
    frames: FrameClock,
    /// The editor that has the terminal.
    editing: Option<(FieldId, Editing)>,
    /// Whether the terminal is gone.
    lost: bool,
    setup: Arc<Workspace>,
    /// The pictures that are shown in place of the workbench, while some are.
    pictures: Option<PictureShow>,
    /// When the terminal was asked for its background, until it has answered.
    asked: Option<Instant>,
    /// When it was asked what it is, likewise.
    asked_kind: Option<Instant>,
    over: bool,
}

/// How long the terminal may take to say which background it has: later, a person has seen the colours that there are.
const BACKGROUND: Duration = Duration::from_secs(1);

/// How long the answer is waited for at the end, after which it does not come.
const LAST_ANSWER: Duration = Duration::from_millis(150);

impl Bench {
    async fn turn(&mut self, work: &mut RunTasks, inbox: &mut mpsc::Receiver<Event>) {
        let mut batch = Vec::with_capacity(DRAIN);
        while !self.over {
            let time = Instant::now();
            if self.app.take_dirty() {
                self.frames.want(time);
            }
            let wake = self.app.wake_at(now()).map(Instant::from_std);
            let draws = self.screen.is_some() && !self.pictures.as_ref().is_some_and(|show| show.on);
            if draws && self.frames.due(time) {
                self.draw();
            }
            let frame = self.frames.deadline().filter(|_| draws);
            tokio::select! {
                biased;
                asked = self.signals.next() => match asked {
                    SignalRequest::Quit => batch.push(Event::Quit),
                    SignalRequest::Continue => self.claim_again(),
                },
                report = self.input.next() => match report {
                    Some(Ok(TerminalReport::Event(event))) => {
                        self.frames.hurry();
                        if !self.is_for_pictures(&event) {
                            batch.push(message(event));
                        }
                    }
                    Some(Ok(TerminalReport::Background(colour))) => batch.extend(self.background_told(colour)),
                    Some(Ok(TerminalReport::Kind { sixel })) => batch.extend(self.kind_told(sixel)),
                    // The terminal is gone, and with it whoever could say what to do.
                    Some(Err(_)) | None => self.lose_terminal(&mut batch),
                },
                ended = finished(&mut self.editing) => batch.extend(self.take_back(ended)),
                ready = pictures::ready(&mut self.pictures) => batch.extend(self.show_ready(ready)),
                _ = inbox.recv_many(&mut batch, DRAIN) => {}
                () = lost(self.lost) => self.lose_terminal(&mut batch),
                () = at(wake) => batch.push(Event::Tick),
                () = at(frame) => {}
            }
            for message in batch.drain(..) {
                let effects = self.app.update(message, now());
                work.note_compared(&effects);
                for effect in effects {
                    self.perform(effect, work).await;
                }
            }
        }
    }

    async fn perform(&mut self, effect: Effect, work: &mut RunTasks) {
        match effect {
            Effect::Start(ticket, request) => work.start(ticket, *request),
            Effect::Stop(ticket) => work.stop(ticket),
            Effect::RetryNow(ticket) => work.retry_now(ticket),
            Effect::AnswerCall { run, call, result } => work.answer_call(run, call, result),
            Effect::Store(ticket, job) => work.store(ticket, job),
            Effect::PlanBatch(ticket, order) => work.plan_batch(ticket, *order),
            Effect::StartBatch(ticket, order) => work.start_batch(ticket, *order),
            Effect::ReadInbox(ticket, wanted) => work.read_inbox(ticket, wanted),
            Effect::BatchControl(ticket, control) => work.tell_batch(ticket, control),
            Effect::PlanExperiment(ticket, request) => work.plan_experiment(ticket, *request),
            Effect::StartExperiment(ticket, request) => work.start_experiment(ticket, *request),
            Effect::StopExperiment(ticket) => work.stop_experiment(ticket),
            Effect::Complete(ticket, path) => work.complete(ticket, path),
            Effect::WatchTraffic(watches) => work.watch_traffic(watches),
            Effect::Traffic(command) => work.tell_endpoint(command),
            Effect::WriteRows { runs, file } => work.write_rows(runs, file),
            Effect::Keys => work.ask(|engine| async move { keys(&engine) }),
            Effect::Models(listing) => work.list_models(listing),
            Effect::SetKeys { action, chords } => work.set_keys(action, chords),
            Effect::SetFavourite { model, favourite } => work.set_favourite(model, favourite),
            Effect::Concurrency { provider, most } => work.ask(move |engine| async move {
                engine.pipeline.set_concurrency(&provider, Some(most));
                keys(&engine)
            }),
            Effect::Edit { field, text, suffix } => self.lend(field, &text, suffix, work).await,
            Effect::Copy { what, text } => work.copy(what, text),
            Effect::SendCopy(text) => self.write(&clipboard::sequence(text.as_str())),
            Effect::ShowPictures(attachments) => self.show_pictures(attachments, work).await,
            Effect::SetMouse(true) => {
                self.claims.mouse = true;
                self.write(&event::EnableMouseCapture);
            }
            Effect::SetMouse(false) => {
                self.claims.mouse = false;
                self.write(&event::DisableMouseCapture);
            }
            Effect::Bell => self.write(&crossterm::style::Print('\x07')),
            Effect::Redraw => self.forget(),
            Effect::Suspend => {
                self.input.let_go();
                self.screen = None;
                self.signals.suspend().await;
                self.claim();
                self.send(Event::Resumed, work).await;
            }
            Effect::Quit => self.over = true,
        }
    }

    /// Asks the terminal for its background where the theme follows that. Nothing waits for the answer: until it comes,
    /// and where none does, the terminal's own colours are shown.
    fn ask_background(&mut self, term: &str) {
        let shared = &self.app.shared;
        let follows = shared.settings.theme.base() == ThemeName::Auto && shared.look.colour;
        // On Windows the answer would come as keys.
        if cfg!(unix) && follows && terminal_guard::knows_its_background(term) {
            self.write(&crossterm::style::Print(terminal_guard::ASK_BACKGROUND));
            self.asked = Some(Instant::now());
        }
    }

    /// Takes the first answer that comes in time; what nobody asked for says nothing.
    fn background_told(&mut self, colour: Rgb) -> Option<Event> {
        self.asked.take().filter(|asked| asked.elapsed() < BACKGROUND).map(|_| Event::Background(colour))
    }

    /// Asks the terminal what it is where nothing else tells by which protocol it takes pictures.
    fn ask_kind(&mut self, term: &str) {
        let shared = &self.app.shared;
        let is_open = shared.settings.pictures == PictureSetting::Auto && shared.look.pictures.is_none();
        if cfg!(unix) && is_open && terminal_guard::knows_its_background(term) {
            self.write(&crossterm::style::Print(terminal_guard::ASK_KIND));
            self.asked_kind = Some(Instant::now());
        }
    }

    /// Takes the first answer that comes, however late: pictures are shown when they are asked for.
    fn kind_told(&mut self, sixel: bool) -> Option<Event> {
        self.asked_kind.take().filter(|_| sixel).map(|_| Event::Sixel)
    }

    /// Waits for an answer that is still on its way: who has the terminal next would take it for keys.
    async fn await_answers(&mut self) {
        let asked = self.asked.max(self.asked_kind);
        let Some(until) = asked.map(|asked| asked + LAST_ANSWER) else {
            return;
        };
        let answered = async { while let Some(Ok(TerminalReport::Event(_))) = self.input.next().await {} };
        let _ = tokio::time::timeout_at(until, answered).await;
    }

    /// Has the app answer to something that came of an effect itself.
    async fn send(&mut self, message: Event, work: &mut RunTasks) {
        let effects = self.app.update(message, now());
        work.note_compared(&effects);
        for effect in effects {
            Box::pin(self.perform(effect, work)).await;
        }
    }

    fn draw(&mut self) {
        let Some(screen) = &mut self.screen else {
            return;
        };
        let app = &mut self.app;
        let drawn = screen.size().and_then(|area| {
            app.prepare(area, now());
            screen.draw(|frame| app::draw(app, frame))
        });
        if let Err(error) = drawn {
            tracing::warn!(%error, "the frame could not be drawn");
            self.lost |= terminal_guard::is_gone(&error);
        }
        self.app.take_dirty();
        self.frames.drawn(Instant::now());
    }

    fn write(&mut self, command: &impl crossterm::Command) {
        if let Some(screen) = &mut self.screen
            && let Err(error) = screen.write(command)
        {
            tracing::warn!(%error, "the terminal took no command");
        }
    }

    /// Shows pictures in place of the workbench, which is drawn again once a key is pressed; runs go on meanwhile.
    async fn show_pictures(&mut self, attachments: Vec<Attachment>, work: &mut RunTasks) {
        if let Some(protocol) = self.app.shared.look.pictures {
            self.pictures = Some(PictureShow::begin(protocol, attachments, &self.setup.places.data));
        } else {
            let why =
                "this terminal is not known to show pictures; `pictures` in config.toml says by which protocol it does";
            self.send(Event::Fault(why.to_owned()), work).await;
        }
    }

    /// Shows the picture that is ready, or says why it is none.
    fn show_ready(&mut self, ready: Result<ShownPicture, String>) -> Option<Event> {
        let show = self.pictures.as_mut()?;
        show.prepared = None;
        match ready {
            Ok(picture) => {
                show.on = true;
                self.write(&picture);
                None
            }
            Err(why) => {
                self.end_pictures();
                Some(Event::Fault(why))
            }
        }
    }

    /// Has a key turn a picture over, or take it away, and do nothing else. A change of size takes it away and is told. Until
    /// the first one is on the screen, any key says that it is not wanted any more.
    fn is_for_pictures(&mut self, event: &TerminalEvent) -> bool {
        let Some(show) = &mut self.pictures else { return false };
        let key = match event {
            TerminalEvent::FocusGained | TerminalEvent::FocusLost => return false,
            TerminalEvent::Key(key) => Some(key.code),
            TerminalEvent::Paste(_) | TerminalEvent::Mouse(_) | TerminalEvent::Resize(..) => None,
        };
        if !show.on {
            self.pictures = None;
            return false;
        }
        // The key that is pressed while the next one is prepared turns over once.
        let turns = key.is_some_and(|key| !matches!(key, KeyCode::Esc | KeyCode::Char('q')));
        if turns && (show.prepared.is_some() || show.turn_over(&self.setup.places.data)) {
            return true;
        }
        self.end_pictures();
        matches!(event, TerminalEvent::Key(_) | TerminalEvent::Paste(_))
    }

    /// Takes the picture away that is on the screen.
    fn end_pictures(&mut self) {
        if let Some(show) = self.pictures.take().filter(|show| show.on) {
            self.write(&TakenAway(show.protocol));
            self.forget();
        }
    }

    fn forget(&mut self) {
        if let Some(screen) = &mut self.screen {
            screen.forget();
            self.frames.want(Instant::now());
        }
    }

    /// Gives the terminal to the editor; runs go on meanwhile.
    async fn lend(&mut self, field: FieldId, text: &str, suffix: &str, work: &mut RunTasks) {
        if self.editing.is_some() {
            return;
        }
        self.input.let_go();
        self.screen = None;
        let environment = &self.setup.environment;
        let line = editor::command(environment.value("VISUAL"), environment.value("EDITOR"));
        let seen = environment.of(Child::Editor(&self.setup.settings));
        match Editing::start(&line, text, suffix, &self.setup.places.state, &seen) {
            Ok(editing) => self.editing = Some((field, editing)),
            Err(refusal) => {
                self.claim();
                self.send(Event::Edited(field, Err(refusal)), work).await;
            }
        }
    }

    /// Takes the terminal back from the editor.
    fn take_back(&mut self, ended: io::Result<()>) -> Option<Event> {
        let (field, editing) = self.editing.take()?;
        events::discard_pending();
        self.claim();
        let text = match ended {
            Ok(()) => editing.read(),
            Err(error) => Err(format!("lost sight of the editor: {error}")),
        };
        Some(Event::Edited(field, text))
    }

    fn claim(&mut self) {
        match self.input.listen().and_then(|()| TerminalGuard::enter(self.claims)) {
            Ok(screen) => self.screen = Some(screen),
            Err(error) => {
                tracing::error!(%error, "the terminal could not be claimed again");
                self.over = true;
            }
        }
        self.frames.want(Instant::now());
    }

    /// Takes the terminal again after something outside stopped and continued the program.
    fn claim_again(&mut self) {
        self.pictures = None;
        if let Some(screen) = &mut self.screen {
            if let Err(error) = screen.claim_again(self.claims) {
                tracing::warn!(%error, "the terminal could not be claimed again");
                self.lost |= terminal_guard::is_gone(&error);
            }
            self.frames.want(Instant::now());
        }
    }

    fn lose_terminal(&mut self, batch: &mut Vec<Event>) {
        tracing::warn!("the terminal is gone");
        self.lost = false;
        self.input.let_go();
        self.screen = None;
        batch.push(Event::Quit);
    }
}

/// Waits for the editor; for ever while there is none.
async fn finished(editing: &mut Option<(FieldId, Editing)>) -> io::Result<()> {
    match editing {
        Some((_, editing)) => editing.ended().await,
        None => std::future::pending().await,
    }
}

/// Waits for ever, unless the terminal is gone.
async fn lost(gone: bool) {
    if !gone {
        std::future::pending::<()>().await;
    }
}

/// Waits until an instant; for ever where there is none.
async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

fn keys(engine: &Engine) -> Event {
    Event::Keys(engine.pipeline.keys(), engine.pipeline.accounts())
}

fn message(event: TerminalEvent) -> Event {
    match event {
        TerminalEvent::Key(key) => Event::Key(key),
        TerminalEvent::Paste(text) => Event::Paste(text),
        TerminalEvent::Mouse(mouse) => Event::Mouse(mouse),
        TerminalEvent::Resize(..) => Event::Resized,
        TerminalEvent::FocusGained => Event::Focused(true),
        TerminalEvent::FocusLost => Event::Focused(false),
    }
}
