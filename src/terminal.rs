//! The terminal shell of the workbench: one loop over keys, messages, signals and the frame clock.

pub mod terminal_guard;

pub(crate) mod backend;
pub(crate) mod batch_tasks;
pub(crate) mod clipboard;
pub(crate) mod crash;
pub(crate) mod decoder;
pub(crate) mod editor;
pub(crate) mod events;
pub(crate) mod path_completion;
pub(crate) mod pictures;
pub(crate) mod ready;
pub(crate) mod run_tasks;
pub(crate) mod signals;
pub(crate) mod startup;

use std::{io, sync::Arc, time::Duration};

use crossterm::{event, event::Event as TerminalEvent};
use jiff::Timestamp;
use tokio::{sync::mpsc, time::Instant};

use crate::{
    app,
    app::{App, Effect, Event, FieldId, Now},
    engine::{Engine, Workspace, environment::Child},
    model::{
        Attachment,
        error::StoreError,
        picture::PictureProtocol,
        theme::{Rgb, ThemeName},
    },
    store::api::WantedBlind,
    terminal::{
        editor::Editing,
        events::{FrameClock, TerminalInput, TerminalReport},
        pictures::{ShownPicture, TakenAway},
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
        picture: None,
        lost: false,
        setup: Arc::clone(&setup),
        asked: None,
        over: false,
    };
    bench.draw();
    bench.input.listen()?;
    bench.ask_background(&value("TERM"));
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
    bench.await_background().await;
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
    /// By which protocol a picture is shown in place of the workbench, while one is.
    picture: Option<PictureProtocol>,
    /// When the terminal was asked for its background, until it has answered.
    asked: Option<Instant>,
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
            let draws = self.screen.is_some() && self.picture.is_none();
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
                        // What takes a picture away does nothing else; a change of size must be heard of.
                        let is_told = !matches!(event, TerminalEvent::Key(_) | TerminalEvent::Paste(_));
                        if matches!(event, TerminalEvent::FocusGained | TerminalEvent::FocusLost)
                            || !self.end_picture()
                            || is_told
                        {
                            batch.push(message(event));
                        }
                    }
                    Some(Ok(TerminalReport::Background(colour))) => batch.extend(self.background_told(colour)),
                    // The terminal is gone, and with it whoever could say what to do.
                    Some(Err(_)) | None => self.lose_terminal(&mut batch),
                },
                ended = finished(&mut self.editing) => batch.extend(self.take_back(ended)),
                _ = inbox.recv_many(&mut batch, DRAIN) => {}
                () = lost(self.lost) => self.lose_terminal(&mut batch),
                () = at(wake) => batch.push(Event::Tick),
                () = at(frame) => {}
            }
            for message in batch.drain(..) {
                for effect in self.app.update(message, now()) {
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
            Effect::BatchControl(ticket, control) => work.tell_batch(ticket, control),
            Effect::Complete(ticket, path) => work.complete(ticket, path),
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
            Effect::ShowPicture(attachment) => self.show_picture(&attachment, work).await,
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

    /// Waits for an answer that is still on its way: who has the terminal next would take it for keys.
    async fn await_background(&mut self) {
        let Some(until) = self.asked.map(|asked| asked + LAST_ANSWER) else {
            return;
        };
        let answered = async { while let Some(Ok(TerminalReport::Event(_))) = self.input.next().await {} };
        let _ = tokio::time::timeout_at(until, answered).await;
    }

    /// Has the app answer to something that came of an effect itself.
    async fn send(&mut self, message: Event, work: &mut RunTasks) {
        for effect in self.app.update(message, now()) {
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

    /// Shows a picture in place of the workbench, which is drawn again once a key is pressed; runs go on meanwhile.
    async fn show_picture(&mut self, attachment: &Attachment, work: &mut RunTasks) {
        let protocol = self.app.shared.look.pictures;
        let shown = crossterm::terminal::window_size()
            .map_err(|error| format!("the terminal does not say how large it is: {error}"))
            .and_then(|window| ShownPicture::of(attachment, protocol, &window));
        match shown {
            Ok(picture) => {
                self.write(&picture);
                self.picture = protocol;
            }
            Err(why) => self.send(Event::Fault(why), work).await,
        }
    }

    /// Takes the picture away that is shown. Tells whether one was.
    fn end_picture(&mut self) -> bool {
        let Some(protocol) = self.picture.take() else { return false };
        self.write(&TakenAway(protocol));
        self.forget();
        true
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
        self.picture = None;
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
