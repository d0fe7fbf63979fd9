//! `retort serve`: an endpoint for programs that speaks the wires of OpenAI and Anthropic. A program changes its base URL,
//! and its calls get what runs at the bench get: cache, retry, other keys, other models, limits, checks and the record.
//!
//! A request is checked before anything of it is read (`guard`), read for what it says (`question`), and run by the one
//! pipeline. Where a target speaks the program's wire its own bytes go through in both directions; else what is said is
//! written in the wire of each (`answer`), and what cannot be is refused. An answer is on its way as `answering` has it.

pub mod report;

pub(crate) mod answer;
pub(crate) mod answering;
pub(crate) mod asking;
pub(crate) mod console;
pub(crate) mod figures;
pub(crate) mod frames;
pub(crate) mod guard;
pub(crate) mod ledger;
pub(crate) mod passing;
pub(crate) mod question;
pub(crate) mod refusal;
pub(crate) mod reply;
pub(crate) mod routes;
pub(crate) mod socket;
pub(crate) mod stored;

use std::{convert::Infallible, future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use hyper::{
    Method, Request, Response,
    body::{Body as _, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use secrecy::SecretString;
use serde_json::json;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc, watch},
    task::JoinSet,
    time::{Instant, timeout},
};

use crate::{
    engine::{Engine, Workspace},
    model::{CacheMode, Prompt, settings::ServeSettings, traffic::FailRule},
    serve::{
        console::ServeConsole, figures::ServeFigures, guard::Guard, ledger::CallLedger, refusal::ServeRefusal,
        reply::ReplyBody, report::CallReport, routes::ServeRoute, socket::StalledSocket,
    },
    store::Store,
};

/// The session that programs' runs are recorded under.
pub const SESSION: &str = "serve";

/// Calls that wait to be shown, at most.
const TOLD: usize = 1024;

/// What an endpoint is made of.
pub struct ServeParts {
    pub workspace: Workspace,
    pub engine: Engine,
    pub store: Arc<Store>,
    pub settings: ServeSettings,
    pub token: SecretString,
    /// Whether programs' own keys are sent to providers in place of those of the settings.
    pub forwards_keys: bool,
    pub cache: CacheMode,
    /// The prompt by whose checks every answer is judged.
    pub checks: Option<Prompt>,
}

/// What all requests share.
pub(crate) struct ServeState {
    pub(crate) workspace: Workspace,
    pub(crate) engine: Engine,
    pub(crate) store: Arc<Store>,
    pub(crate) settings: ServeSettings,
    pub(crate) forwards_keys: bool,
    pub(crate) cache: CacheMode,
    pub(crate) checks: Option<Prompt>,
    pub(crate) figures: Arc<ServeFigures>,
    pub(crate) console: Arc<ServeConsole>,
    guard: Guard,
    calls: Arc<Semaphore>,
    tell: mpsc::Sender<CallReport>,
}

/// An endpoint that is listened on.
pub struct Endpoint {
    state: Arc<ServeState>,
    listener: TcpListener,
    address: SocketAddr,
}

impl Endpoint {
    /// Listens, and returns where the calls are told that are over. Fails where the address is taken.
    pub async fn listen(parts: ServeParts) -> io::Result<(Self, mpsc::Receiver<CallReport>)> {
        let ServeParts { workspace, engine, store, settings, token, forwards_keys, cache, checks } = parts;
        let host: std::net::IpAddr =
            settings.host.parse().map_err(|_bad| io::Error::other("the host is no address"))?;
        let listener = TcpListener::bind(SocketAddr::new(host, settings.port)).await?;
        let address = listener.local_addr()?;
        let guard = Guard::new(address, &settings.hosts, &token, forwards_keys);
        let (tell, told) = mpsc::channel(TOLD);
        let calls = Arc::new(Semaphore::new(settings.calls));
        let figures = Arc::new(ServeFigures::default());
        let state = ServeState {
            workspace,
            engine,
            store,
            settings,
            forwards_keys,
            cache,
            checks,
            figures,
            console: Arc::default(),
            guard,
            calls,
            tell,
        };
        Ok((Self { state: Arc::new(state), listener, address }, told))
    }

    /// Returns where it is reached.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Counts an error of the record for the figures.
    pub fn counter(&self) -> impl Fn() + Send + use<> {
        let figures = Arc::clone(&self.state.figures);
        move || figures.unrecorded()
    }

    /// Answers until `stop` resolves; then takes no more, and waits for calls under way as long as the settings say.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let Self { state, listener, address: _ } = self;
        let connections = Arc::new(Semaphore::new(state.settings.connections));
        let (stopping, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                Some(_over) = tasks.join_next(), if !tasks.is_empty() => {}
                accepted = listener.accept() => match accepted {
                    Ok((socket, _)) => match Arc::clone(&connections).try_acquire_owned() {
                        Ok(permit) => {
                            let (state, stopped) = (Arc::clone(&state), stopped.clone());
                            tasks.spawn(async move {
                                connection(&state, socket, stopped).await;
                                drop(permit);
                            });
                        }
                        Err(_full) => {
                            state.figures.refused("connections");
                            turn_away(&socket);
                        }
                    },
                    // Too many open files, say: what is open has to end first.
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                },
            }
        }
        drop(listener);
        let _nobody = stopping.send(true);
        let ended = timeout(state.settings.stop_timeout, async { while tasks.join_next().await.is_some() {} }).await;
        if ended.is_err() {
            // What is dropped is recorded as stopped.
            tasks.shutdown().await;
        }
    }
}

/// Tells a connection too many to come again, if it takes that at once.
fn turn_away(socket: &TcpStream) {
    let words = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let _ = socket.try_write(words);
}

async fn connection(state: &Arc<ServeState>, socket: TcpStream, mut stopped: watch::Receiver<bool>) {
    let _ = socket.set_nodelay(true);
    let socket = TokioIo::new(StalledSocket::new(socket, state.settings.idle_timeout));
    let service = service_fn(|request| {
        let state = Arc::clone(state);
        async move { Ok::<_, Infallible>(answer(&state, request).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(state.settings.head_timeout);
    builder.max_buf_size(state.settings.head).max_headers(100).half_close(false).ignore_invalid_headers(false);
    let connection = builder.serve_connection(socket, service);
    tokio::pin!(connection);
    let stopping = async move {
        let _ = stopped.wait_for(|stopped| *stopped).await;
    };
    tokio::select! {
        _ended = connection.as_mut() => return,
        () = stopping => connection.as_mut().graceful_shutdown(),
    }
    let _ended = connection.await;
}

/// Answers a request: who asks is checked first, and the body is read last.
async fn answer(state: &Arc<ServeState>, request: Request<Incoming>) -> Response<ReplyBody> {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let wire = ServeRoute::wire_of(&path);
    let allowed = state.guard.addressed(&parts).map_err(|refusal| (refusal, "address"));
    let route = allowed.and_then(|()| match ServeRoute::find(&parts.method, &path) {
        Ok(ServeRoute::Health) => Ok(ServeRoute::Health),
        // Who has no token learns of no path.
        found => {
            state.guard.token(&parts).map_err(|refusal| (refusal, "token"))?;
            found.map_err(|refusal| (refusal, "path"))
        }
    });
    let route = match route {
        Ok(route) => route,
        Err((refusal, why)) => {
            state.figures.refused(why);
            // A body that is not read would be taken for the next request.
            return reply::refused(&refusal, wire, !body.is_end_stream());
        }
    };
    let ledger = |route: &ServeRoute| CallLedger::begin(route.name(), started, &state.figures, &state.tell);
    match route {
        ServeRoute::Health => reply::text(200, "text/plain", if parts.method == Method::HEAD { "" } else { "ok\n" }),
        ServeRoute::Metrics => reply::text(
            200,
            "text/plain; version=0.0.4",
            &state.figures.text(state.store.unrecorded(), state.store.untold()),
        ),
        ServeRoute::Models => reply::json(200, &asking::models(state)),
        ServeRoute::Model(name) => match asking::model(state, &name) {
            Some(model) => reply::json(200, &model),
            None => reply::refused(&asking::unknown(&name), wire, false),
        },
        ServeRoute::Calls => reply::json(200, &json!(state.console.list(&parts.uri).await)),
        ServeRoute::Call(id) if parts.method == Method::GET => match state.console.texts(id) {
            Some(texts) => reply::json(200, &json!(texts)),
            None => reply::refused(&ServeRefusal::new(404, "there is no such call"), wire, false),
        },
        ServeRoute::Call(_) | ServeRoute::Hold | ServeRoute::Fail => {
            let told = async {
                let body = reply::read(&parts, body, state.settings.body).await?;
                act_on(state, &route, &body)
            };
            let late = || ServeRefusal::new(408, "the body did not come in time");
            match timeout(state.settings.body_timeout, told).await.unwrap_or_else(|_elapsed| Err(late())) {
                Ok(()) => reply::json(200, &json!({})),
                Err(refusal) => reply::refused(&refusal, wire, true),
            }
        }
        ServeRoute::Ask(_) | ServeRoute::Pass(..) => {
            let mut ledger = ledger(&route);
            let refuse = |refusal: ServeRefusal, mut ledger: CallLedger, close: bool| {
                ledger.answered(refusal.status);
                ledger.end();
                reply::refused(&refusal, wire, close)
            };
            let Ok(permit) = Arc::clone(&state.calls).try_acquire_owned() else {
                state.figures.refused("calls");
                let mut full = ServeRefusal::new(503, "too many requests are answered at once; try again in a moment");
                full.retry_after = Some(Duration::from_secs(1));
                return refuse(full, ledger, !body.is_end_stream());
            };
            let read = timeout(state.settings.body_timeout, reply::read(&parts, body, state.settings.body)).await;
            let late = || ServeRefusal::new(408, "the body did not come in time");
            let body = match read.unwrap_or_else(|_elapsed| Err(late())) {
                Ok(body) => body,
                Err(refusal) => {
                    state.figures.refused("body");
                    return refuse(refusal, ledger, true);
                }
            };
            let watched = state.console.begin(route.name(), &path, &body);
            ledger.watched(watched.clone());
            let body = match &watched {
                Some(call) => match call.admitted(body).await {
                    Ok(body) => body,
                    Err(refusal) => return refuse(refusal, ledger, false),
                },
                None => body,
            };
            let asked = match &route {
                ServeRoute::Pass(wire, to) => passing::pass(state, *wire, *to, (&parts, &body), &mut ledger).await,
                _ => match asking::ask(state, wire, (&parts, &body), ledger, started).await {
                    Ok(answering) => return reply::answering(answering, permit, watched).await,
                    Err((refusal, own)) => {
                        ledger = own;
                        Err(refusal)
                    }
                },
            };
            match asked {
                Ok(response) => response,
                Err(refusal) => refuse(refusal, ledger, false),
            }
        }
    }
}

/// Does what whoever watches says of calls.
fn act_on(state: &ServeState, route: &ServeRoute, body: &[u8]) -> Result<(), ServeRefusal> {
    let bad = |error: serde_json::Error| ServeRefusal::new(400, error.to_string());
    if let ServeRoute::Call(id) = route {
        return state.console.answer(*id, serde_json::from_slice(body).map_err(bad)?);
    }
    if *route == ServeRoute::Fail {
        let FailOrder { rule } = serde_json::from_slice(body).map_err(bad)?;
        return state.console.fail(rule);
    }
    let HoldOrder { text } = serde_json::from_slice(body).map_err(bad)?;
    state.console.hold(text);
    Ok(())
}

/// Which calls fail.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct FailOrder {
    rule: Option<FailRule>,
}

/// Which calls are held.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct HoldOrder {
    text: Option<String>,
}
