//! The one HTTP client: one call is one stream. It connects, sends, judges the status, reads the body; it follows and
//! retries nothing.

use std::{
    collections::VecDeque,
    error::Error,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures_util::stream;
use hyper_util::client::legacy::connect::HttpInfo;
use jiff::Timestamp;
use reqwest::{
    Certificate, Client, Method, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
    redirect, retry,
};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    model::{CallError, ErrorKind, Timer, address::Scope, target::is_loopback},
    provider::{
        WireEvent, WireStream, classify,
        headers::Headers,
        redaction::Redact,
        response_reader::Reader,
        unpack::Unpack,
        wires::{Framing, HttpWire, empty},
    },
};

/// The most that is read of an error's body, in bytes.
const ERROR_CAP: usize = 64 * 1024;

/// Makes the stream of a call. Nothing is sent before it is polled.
pub(crate) fn exchange(
    http: Arc<Http>,
    (wire, framing): (&'static dyn HttpWire, Framing),
    outgoing: Outgoing,
    redact: Redact,
) -> WireStream {
    let start =
        Exchange { http, wire, framing, redact, stage: Stage::Send(Box::new(outgoing)), ready: VecDeque::new() };
    Box::pin(stream::unfold(start, Exchange::next))
}

/// Reads the body of an HTTP error and classifies it.
pub(crate) async fn refused(incoming: &mut Incoming) -> CallError {
    let status = incoming.status;
    if (300..400).contains(&status) {
        let to = incoming.location().unwrap_or_else(|| "nowhere".to_owned());
        let text =
            format!("a redirect to {to} is not followed, as the key would go there; set base_url to where the API is");
        let mut error = CallError::new(ErrorKind::NotAnApi, text);
        error.status = Some(status);
        return error;
    }
    let mut body = Vec::new();
    while body.len() < ERROR_CAP {
        let Ok(Some(bytes)) = incoming.chunk().await else {
            break;
        };
        body.extend_from_slice(&bytes);
    }
    body.truncate(ERROR_CAP);
    classify::response(status, &incoming.headers, &String::from_utf8_lossy(&body))
}

struct Exchange {
    http: Arc<Http>,
    wire: &'static dyn HttpWire,
    framing: Framing,
    redact: Redact,
    stage: Stage,
    ready: VecDeque<Result<WireEvent, CallError>>,
}

enum Stage {
    Send(Box<Outgoing>),
    Refuse(Box<Incoming>),
    Read(Box<Incoming>, Box<Reader>),
    Over,
}

impl Exchange {
    async fn next(mut self) -> Option<(Result<WireEvent, CallError>, Self)> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Some((item, self));
            }
            // The stage is taken: an end or an error closes the connection before it is told.
            match std::mem::replace(&mut self.stage, Stage::Over) {
                Stage::Over => return None,
                Stage::Send(outgoing) => {
                    let readable = outgoing.readable();
                    match self.http.send(*outgoing).await {
                        Ok(incoming) => self.open(incoming, readable),
                        Err(error) => self.fail(error),
                    }
                }
                Stage::Refuse(mut incoming) => {
                    let error = refused(&mut incoming).await;
                    self.fail(error);
                }
                Stage::Read(incoming, reader) => self.read(incoming, reader).await,
            }
        }
    }

    fn open(&mut self, incoming: Incoming, readable: Option<String>) {
        let headers = &incoming.headers;
        let request_id = headers.request_id().map(|id| self.redact.text(&id));
        self.ready.push_back(Ok(WireEvent::Headers { status: incoming.status, request_id }));
        self.ready.extend(readable.map(|notice| Ok(WireEvent::Notice(notice))));
        self.ready.extend(headers.exhausted().map(|wait| Ok(WireEvent::Exhausted(wait))));
        if incoming.status == 204 {
            self.fail(empty());
        } else if (200..300).contains(&incoming.status) {
            let reader = Reader::speaking(self.wire, self.framing, headers.media_type());
            self.stage = Stage::Read(Box::new(incoming), Box::new(reader));
        } else {
            self.stage = Stage::Refuse(Box::new(incoming));
        }
    }

    async fn read(&mut self, mut incoming: Box<Incoming>, mut reader: Box<Reader>) {
        let mut events = Vec::new();
        let (outcome, over) = match incoming.chunk().await {
            Ok(Some(bytes)) => (reader.push(&bytes, &mut events), false),
            Ok(None) => (reader.finish(&mut events), true),
            Err(error) => (reader.broke_off(error, &mut events), true),
        };
        if events.is_empty() && !over {
            events.push(WireEvent::Alive);
        }
        self.redact.events(events, &mut self.ready);
        match outcome {
            Err(mut error) => {
                classify::hints(&mut error, &incoming.headers);
                self.fail(error);
            }
            Ok(()) if over || reader.ended() => {}
            Ok(()) => self.stage = Stage::Read(incoming, reader),
        }
    }

    fn fail(&mut self, error: CallError) {
        self.redact.rest(&mut self.ready);
        self.ready.push_back(Err(self.redact.error(error)));
    }
}

/// A request, ready to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    /// The whole URL, its query filled.
    pub(crate) url: SecretString,
    /// The JSON body of a POST; a GET has none.
    pub(crate) body: Option<Vec<u8>>,
    /// The headers that hold no secret.
    pub(crate) headers: Vec<(String, String)>,
    /// Those that do: filled ones, and last the one that carries the key.
    pub(crate) secrets: Vec<(String, SecretString)>,
    /// Whether the query holds a secret.
    pub(crate) secret_url: bool,
    /// Whether plain HTTP may lead beyond private networks.
    pub(crate) allow_http: bool,
    /// The provider, by its name in the settings.
    pub(crate) provider: String,
    /// How long connecting may take.
    pub(crate) connect: Duration,
}

impl Outgoing {
    /// Makes a GET of an address without any secret.
    pub(crate) fn plain(url: String, connect: Duration) -> Self {
        Self {
            url: url.into(),
            body: None,
            headers: Vec::new(),
            secrets: Vec::new(),
            secret_url: false,
            allow_http: false,
            provider: String::new(),
            connect,
        }
    }

    fn has_secret(&self) -> bool {
        self.secret_url || !self.secrets.is_empty()
    }

    /// Says that others in a private network could read the key, where that is so and nobody has agreed to it.
    fn readable(&self) -> Option<String> {
        let url = Url::parse(self.url.expose_secret()).ok()?;
        let private = url.scheme() == "http" && matches!(scope(&url), Scope::Private | Scope::Special);
        (private && self.has_secret() && !self.allow_http).then(|| {
            let (host, provider) = (host_of(&url), &self.provider);
            format!(
                "the key goes to {host} over plain http; `allow_http = true` in [providers.{provider}] accepts that"
            )
        })
    }
}

/// A response whose body is still to be read. Dropping it closes the connection.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    response: reqwest::Response,
    unpack: Unpack,
    host: String,
}

/// The most headers a response may have. The usual limit of 100 is less than gateways send.
const HEADERS: usize = 1000;

/// The most bytes of headers taken where a limit can be set.
const HEADER_BYTES: u32 = 1024 * 1024;

/// How many connections that have answered are remembered.
const REMEMBERED: usize = 256;

/// What makes one client differ from another. A client for plain HTTP reads no certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct HeaderLine {
    loopback: bool,
    tls: bool,
    connect: Duration,
    /// Whether it uses connections again.
    pooled: bool,
}

/// The two ends of a connection.
type Connection = (SocketAddr, SocketAddr);

/// The clients of a process, built when first needed.
#[derive(Debug, Default)]
pub(crate) struct Http {
    clients: Mutex<Vec<(HeaderLine, Client)>>,
    /// The connections that have answered once, the latest last: only they can have gone stale.
    answered: Mutex<VecDeque<Connection>>,
}

impl Http {
    /// Sends a request and waits for the response's headers. A connection that has answered before
    /// and that the server has closed since is replaced once: nobody has seen the request then.
    pub(crate) async fn send(&self, outgoing: Outgoing) -> Result<Incoming, CallError> {
        let url = address(&outgoing)?;
        let host = host_of(&url);
        let pooled = HeaderLine {
            loopback: is_loopback(url.as_str()),
            tls: url.scheme() == "https",
            connect: outgoing.connect,
            pooled: true,
        };
        let headers = headers(&outgoing)?;
        let (method, body) = match outgoing.body {
            Some(body) => (Method::POST, Bytes::from(body)),
            None => (Method::GET, Bytes::new()),
        };
        let ask = |line| {
            let client = self.client(line)?;
            let request = client.request(method.clone(), url.clone()).headers(headers.clone());
            Ok(if body.is_empty() { request } else { request.body(body.clone()) }.send())
        };
        let mut answer = ask(pooled)?.await;
        if answer.as_ref().err().is_some_and(|error| self.went_stale(error)) {
            answer = ask(HeaderLine { pooled: false, ..pooled })?.await;
        }
        let response = answer.map_err(|error| call_error(&error, &host, outgoing.connect))?;
        if let Some(info) = response.extensions().get::<HttpInfo>() {
            let mut answered = self.answered();
            answered.push_back((info.local_addr(), info.remote_addr()));
            if answered.len() > REMEMBERED {
                answered.pop_front();
            }
        }
        let pairs = response.headers().iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        });
        let headers = Headers::new(pairs).received(Timestamp::now());
        let unpack = Unpack::new(headers.value("content-encoding"));
        Ok(Incoming { status: response.status().as_u16(), headers, response, unpack, host })
    }

    fn answered(&self) -> MutexGuard<'_, VecDeque<Connection>> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whether a request failed because the connection it was sent on, which had answered
    /// another before, was closed without a word.
    fn went_stale(&self, error: &reqwest::Error) -> bool {
        let closed = chain(error).any(|error| {
            let unanswered = error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message);
            let broken = error.downcast_ref::<std::io::Error>().is_some_and(|error| {
                matches!(
                    error.kind(),
                    std::io::ErrorKind::ConnectionReset
                        | std::io::ErrorKind::ConnectionAborted
                        | std::io::ErrorKind::BrokenPipe
                )
            });
            unanswered || broken
        });
        let connection = chain(error).find_map(|error| {
            let mut extensions = hyper::http::Extensions::new();
            error.downcast_ref::<hyper_util::client::legacy::Error>()?.connect_info()?.get_extras(&mut extensions);
            let info = extensions.get::<HttpInfo>()?;
            Some((info.local_addr(), info.remote_addr()))
        });
        closed && connection.is_some_and(|connection| self.answered().contains(&connection))
    }

    fn client(&self, line: HeaderLine) -> Result<Client, CallError> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, client)) = clients.iter().find(|(own, _)| *own == line) {
            return Ok(client.clone());
        }
        let client = build(line)?;
        clients.push((line, client.clone()));
        drop(clients);
        Ok(client)
    }
}

impl Incoming {
    /// Waits for more of the body, unpacked; `None` at its clean end. A piece may be empty.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, CallError> {
        let bytes = self.response.chunk().await.map_err(|error| {
            let text = format!("the connection to {} broke off: {}", self.host, cause(&error));
            CallError::new(ErrorKind::Transient, text)
        })?;
        match bytes {
            Some(bytes) => self.unpack.push(bytes).map(Some),
            None => self.unpack.finish().map(|rest| Some(rest).filter(|rest| !rest.is_empty())),
        }
    }

    /// Returns the host a redirect leads to.
    pub(crate) fn location(&self) -> Option<String> {
        let target = self.headers.value("location")?;
        self.response.url().join(target).ok().map(|url| host_of(&url))
    }
}

fn build(line: HeaderLine) -> Result<Client, CallError> {
    // Whoever installed a provider first wins; that it is ours only matters to the first client.
    drop(rustls::crypto::ring::default_provider().install_default());
    let builder = || {
        let idle = if line.loopback { Duration::from_secs(3) } else { Duration::from_secs(60) };
        let builder = Client::builder()
            .user_agent(concat!("retort/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .connect_timeout(line.connect)
            .http1_max_headers(HEADERS)
            .http1_ignore_invalid_headers_in_responses(true)
            .http2_max_header_list_size(HEADER_BYTES)
            .pool_max_idle_per_host(if line.pooled { usize::MAX } else { 0 })
            .pool_idle_timeout(idle)
            .tcp_keepalive(Duration::from_secs(60))
            .tcp_keepalive_interval(Duration::from_secs(60))
            .tcp_keepalive_retries(5);
        if line.loopback { builder.no_proxy() } else { builder }
    };
    if !line.tls {
        return builder().tls_certs_only([]).build().map_err(unbuilt);
    }
    builder().build().or_else(|_| {
        // A host without a CA bundle: Mozilla's list, compiled in.
        let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter_map(|der| Certificate::from_der(der).ok());
        builder().tls_certs_only(roots).build().map_err(unbuilt)
    })
}

#[expect(clippy::needless_pass_by_value, reason = "it maps an error")]
fn unbuilt(error: reqwest::Error) -> CallError {
    CallError::new(ErrorKind::NotAnApi, format!("no HTTP client could be made: {}", cause(&error)))
}

/// Parses the URL, and refuses to send what anyone on the way through the internet could read.
fn address(outgoing: &Outgoing) -> Result<Url, CallError> {
    let bad = |text: String| CallError::new(ErrorKind::NotAnApi, text);
    let url =
        Url::parse(outgoing.url.expose_secret()).map_err(|error| bad(format!("base_url is not a URL: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(bad(format!("base_url begins with `{}:`; it must begin with https:// or http://", url.scheme())));
    }
    let public = match scope(&url) {
        Scope::Public | Scope::LinkLocal => true,
        Scope::Loopback | Scope::Private | Scope::Special => false,
    };
    if url.scheme() == "http" && public && !outgoing.allow_http {
        let (host, provider) = (host_of(&url), &outgoing.provider);
        let what = if outgoing.has_secret() { "no key and no secret header" } else { "nothing" };
        return Err(bad(format!(
            "{what} is sent to {host} over plain http, where anyone on the way can read it; set base_url to \
             https://{host}, or write `allow_http = true` in [providers.{provider}] in config.toml"
        )));
    }
    Ok(url)
}

/// Tells how far a URL leads, as far as it says so itself.
fn scope(url: &Url) -> Scope {
    match url.host() {
        Some(url::Host::Ipv4(address)) => Scope::of(address.into()),
        Some(url::Host::Ipv6(address)) => Scope::of(address.into()),
        Some(url::Host::Domain(name)) => Scope::of_name(name),
        None => Scope::Public,
    }
}

fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or("?");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn headers(outgoing: &Outgoing) -> Result<HeaderMap, CallError> {
    let mut map = HeaderMap::new();
    map.insert("accept-encoding", HeaderValue::from_static("identity"));
    if outgoing.body.is_some() {
        map.insert("content-type", HeaderValue::from_static("application/json"));
    }
    for (name, value) in &outgoing.headers {
        let pair = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value));
        let (Ok(name), Ok(value)) = pair else {
            return Err(CallError::new(
                ErrorKind::CallerFault,
                format!("the header `{name}` cannot be sent; see config.toml"),
            ));
        };
        map.insert(name, value);
    }
    for (name, secret) in &outgoing.secrets {
        let pair = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(secret.expose_secret()));
        let (Ok(name), Ok(mut value)) = pair else {
            let text = format!("what `{name}` carries holds characters that no header can, perhaps a line end");
            return Err(CallError::new(ErrorKind::Credential, text));
        };
        value.set_sensitive(true);
        map.insert(name, value);
    }
    Ok(map)
}

fn call_error(error: &reqwest::Error, host: &str, connect: Duration) -> CallError {
    let cause = cause(error);
    let (class, text) = if error.is_builder() {
        (ErrorKind::NotAnApi, format!("the request to {host} could not be made: {cause}"))
    } else if let Some(tls) = tls(error) {
        let lasting = !matches!(tls, rustls::Error::AlertReceived(_) | rustls::Error::General(_));
        let class = if lasting { ErrorKind::NotAnApi } else { ErrorKind::Transient };
        let text = match tls {
            rustls::Error::InvalidMessage(_) => {
                format!("{host} does not speak TLS: is base_url to begin with http:// in place of https://?")
            }
            other => format!("no secure connection to {host}: {other}"),
        };
        (class, text)
    } else if error.is_connect() && error.is_timeout() {
        (ErrorKind::Timeout(Timer::Connect), format!("no connection to {host} within {} s", connect.as_secs_f32()))
    } else if error.is_connect() && cause.contains("lookup address") {
        let text = format!("no address is known for {host}: is its name in base_url right, is there a network?");
        (ErrorKind::Transient, text)
    } else if error.is_connect() {
        (ErrorKind::Transient, format!("no connection to {host}: {cause}; is the server running, is base_url right?"))
    } else if cause.starts_with("invalid HTTP") {
        (ErrorKind::NotAnApi, format!("{host} does not answer in HTTP: {cause}"))
    } else {
        let text = format!("{host} did not answer: {cause}");
        return CallError { unanswered: true, ..CallError::new(ErrorKind::Transient, text) };
    };
    CallError::new(class, text)
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}

/// The innermost cause in words. The outer ones repeat the URL.
fn cause(error: &reqwest::Error) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

fn tls(error: &reqwest::Error) -> Option<&rustls::Error> {
    chain(error).find_map(|error| {
        // An IO error shows what it wraps only to those who ask, and may wrap another.
        let mut inner = error;
        while let Some(wrapped) = inner.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            inner = wrapped;
        }
        inner.downcast_ref()
    })
}
