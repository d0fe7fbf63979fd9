//! The one HTTP client: one call is one stream. It connects, sends, judges the status, reads the body; it follows and
//! retries nothing.

use std::{
    collections::VecDeque,
    fmt, io,
    io::Read as _,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::stream;
use hyper_util::client::legacy::connect::HttpInfo;
use jiff::Timestamp;
use reqwest::{
    Method, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    model::{
        CallError, ErrorKind, Timer,
        address::{Scope, is_loopback},
    },
    provider::{
        WireEvent, WireStream,
        address_hints::{RequestDestination, Symptom, hint},
        batch_api::BatchFile,
        classify,
        client::{ClientKey, Clients, ProviderTransport, cause, chain},
        forward::Forward,
        headers::Headers,
        proxy::{ProxyVariables, Route},
        redaction::{Redact, raw::ByteRedactor},
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
    (tap, again): (Option<Tap>, AskAgain),
) -> WireStream {
    let stage = Stage::Send(Box::new(outgoing));
    let start = Exchange { http, wire, framing, redact, tap, again, asked: false, stage, ready: VecDeque::new() };
    Box::pin(stream::unfold(start, Exchange::next))
}

/// Reads the body of an HTTP error and classifies it.
pub(crate) async fn refused(incoming: &mut Incoming) -> CallError {
    refused_with(incoming).await.0
}

/// The same, with as much of the body as is read of one.
pub(crate) async fn refused_with(incoming: &mut Incoming) -> (CallError, Bytes) {
    let status = incoming.status;
    if (300..400).contains(&status) {
        let to = incoming.location().unwrap_or_else(|| "nowhere".to_owned());
        let text =
            format!("a redirect to {to} is not followed, as the key would go there; set base_url to where the API is");
        let mut error = CallError::new(ErrorKind::NotAnApi, text);
        error.status = Some(status);
        return (error, Bytes::new());
    }
    let mut body = Vec::new();
    while body.len() < ERROR_CAP {
        let Ok(Some(bytes)) = incoming.chunk().await else {
            break;
        };
        body.extend_from_slice(&bytes);
    }
    body.truncate(ERROR_CAP);
    let text = String::from_utf8_lossy(&body);
    let mut error = classify::response(status, &incoming.headers, &text);
    let sign = SIGNS.iter().find(|(words, _)| status == 400 && text.contains(words));
    let symptom = match (sign, status) {
        (Some((_, symptom)), _) => {
            error.class = ErrorKind::NotAnApi;
            Some(*symptom)
        }
        (None, 407) if incoming.proxied => Some(Symptom::ProxyCredentials),
        (None, 404 | 405) if error.class == ErrorKind::NotAnApi => Some(Symptom::NoSuchPath),
        (None, _) => None,
    };
    error.hint = symptom.zip(incoming.destination.as_ref()).and_then(|(symptom, to)| hint(symptom, to));
    (error, body.into())
}

/// Makes the request for the rest of a response that was not ready, of the path under the base URL that it is got from.
pub(crate) type AskAgain = Box<dyn Fn(&str) -> Result<Outgoing, CallError> + Send>;

/// How long a response that was not ready is left alone before it is asked for again. The timers of the attempt bound how
/// often that is.
const LATER: Duration = Duration::from_secs(1);

/// Whoever is passed the bytes of a response, as well as its events.
pub(crate) struct Tap {
    pub(crate) to: Arc<Forward>,
    pub(crate) added_counts: bool,
    pub(crate) redact: ByteRedactor,
}

impl Tap {
    async fn began(&self, incoming: &Incoming) {
        self.to.began(incoming.status, &incoming.headers, self.added_counts).await;
    }

    async fn bytes(&mut self, bytes: Bytes) {
        let bytes = self.redact.push(bytes);
        self.to.bytes(bytes).await;
    }

    async fn ended(&mut self) {
        let rest = self.redact.finish();
        self.to.bytes(rest).await;
    }
}

/// What servers say with status 400 that were asked in another way than they are to be: nginx, Apache, Go's.
const SIGNS: &[(&str, Symptom)] = &[
    ("plain HTTP request was sent to HTTPS port", Symptom::WantsTls),
    ("speaking plain HTTP to an SSL-enabled server port", Symptom::WantsTls),
    ("sent an HTTP request to an HTTPS server", Symptom::WantsTls),
    ("No required SSL certificate was sent", Symptom::ClientCertificate),
    ("The SSL certificate error", Symptom::ClientCertificate),
];

struct Exchange {
    http: Arc<Http>,
    wire: &'static dyn HttpWire,
    framing: Framing,
    redact: Redact,
    tap: Option<Tap>,
    again: AskAgain,
    /// Whether it is asked for again.
    asked: bool,
    stage: Stage,
    ready: VecDeque<Result<WireEvent, CallError>>,
}

enum Stage {
    Send(Box<Outgoing>),
    Refuse(Box<Incoming>),
    Read(Box<Incoming>, Box<Reader>),
    Later(String),
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
                        Ok(incoming) => self.open(incoming, readable).await,
                        Err(error) => self.fail(error),
                    }
                }
                Stage::Refuse(mut incoming) => {
                    let (error, body) = refused_with(&mut incoming).await;
                    if let Some(tap) = &mut self.tap {
                        tap.bytes(body).await;
                        tap.ended().await;
                    }
                    self.fail(error);
                }
                Stage::Read(incoming, reader) => self.read(incoming, reader).await,
                Stage::Later(path) => {
                    tokio::time::sleep(LATER).await;
                    self.asked = true;
                    match (self.again)(&path) {
                        Ok(outgoing) => self.stage = Stage::Send(Box::new(outgoing)),
                        Err(error) => self.fail(error),
                    }
                }
            }
        }
    }

    async fn open(&mut self, incoming: Incoming, readable: Option<String>) {
        if let Some(tap) = &self.tap {
            tap.began(&incoming).await;
        }
        let headers = &incoming.headers;
        let request_id = headers.request_id().map(|id| self.redact.text(&id));
        if !self.asked {
            self.ready.push_back(Ok(WireEvent::Headers { status: incoming.status, request_id }));
        }
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
            Ok(Some(bytes)) => {
                let read = reader.push(&bytes, &mut events);
                if let Some(tap) = &mut self.tap {
                    tap.bytes(bytes).await;
                }
                (read, false)
            }
            Ok(None) => (reader.finish(&mut events), true),
            Err(error) => (reader.broke_off(error, &mut events), true),
        };
        if let Some(tap) = self.tap.as_mut().filter(|_| over || reader.ended()) {
            tap.ended().await;
        }
        if events.is_empty() && !over {
            events.push(WireEvent::Alive);
        }
        self.redact.events(joined(events), &mut self.ready);
        match outcome {
            Err(mut error) => {
                classify::hints(&mut error, &incoming.headers);
                self.fail(incoming.hinted(error));
            }
            Ok(()) if over || reader.ended() => {
                if let Some(path) = reader.again() {
                    self.stage = Stage::Later(path);
                }
            }
            Ok(()) => self.stage = Stage::Read(incoming, reader),
        }
    }

    fn fail(&mut self, error: CallError) {
        self.redact.rest(&mut self.ready);
        self.ready.push_back(Err(self.redact.error(error)));
    }
}

/// Joins the pieces of text that came together: what each costs on its way to the screen and the record is spent once.
fn joined(events: Vec<WireEvent>) -> Vec<WireEvent> {
    let mut joined: Vec<WireEvent> = Vec::new();
    for event in events {
        match (joined.last_mut(), event) {
            (Some(WireEvent::Text(text)), WireEvent::Text(more))
            | (Some(WireEvent::Reasoning(text)), WireEvent::Reasoning(more)) => text.push_str(&more),
            // Whatever came before it is a sign of life, too.
            (Some(_), WireEvent::Alive) => {}
            (_, event) => joined.push(event),
        }
    }
    joined
}

/// A request, ready to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    /// The whole URL, its query filled.
    pub(crate) url: SecretString,
    /// The JSON body of a POST; a GET has none.
    pub(crate) body: Option<Vec<u8>>,
    /// Whether it goes out on a connection of its own, so that it is never sent again unseen.
    pub(crate) fresh: bool,
    /// A file that is posted in place of a body.
    pub(crate) upload: Option<FileUpload>,
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
    /// The way to the provider, where it has settings of its own.
    pub(crate) transport: Option<Arc<ProviderTransport>>,
    /// What hints look at; none where nobody is told what went wrong.
    pub(crate) destination: Option<RequestDestination>,
    /// How long connecting may take.
    pub(crate) connect: Duration,
}

impl Outgoing {
    /// Makes a GET of an address without any secret.
    pub(crate) fn plain(url: String, connect: Duration) -> Self {
        Self {
            url: url.into(),
            body: None,
            fresh: false,
            upload: None,
            headers: Vec::new(),
            secrets: Vec::new(),
            secret_url: false,
            allow_http: false,
            provider: String::new(),
            transport: None,
            destination: None,
            connect,
        }
    }

    /// Adds the headers of a request that is passed on, in place of those of their names that the wire has.
    pub(crate) fn adding(mut self, own: &[(String, String)]) -> Self {
        let held = |name: &str| self.secrets.iter().any(|(secret, _)| secret.eq_ignore_ascii_case(name));
        let own: Vec<_> = own.iter().filter(|(name, _)| !held(name)).cloned().collect();
        self.headers.retain(|(name, _)| own.iter().all(|(other, _)| !other.eq_ignore_ascii_case(name)));
        self.headers.extend(own);
        self
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

/// A file on its way, with what stands around it.
#[derive(Clone)]
pub(crate) struct FileUpload {
    pub(crate) content_type: String,
    pub(crate) before: Vec<u8>,
    pub(crate) file: BatchFile,
    pub(crate) after: Vec<u8>,
}

impl fmt::Debug for FileUpload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileUpload").field("file", &self.file.name).finish_non_exhaustive()
    }
}

/// The bytes of a file that are read as they are sent.
const PIECE: usize = 64 * 1024;

impl FileUpload {
    /// Opens the file, and makes a body of it that says how long it is.
    fn body(&self) -> Result<reqwest::Body, CallError> {
        let failed = |error: io::Error| {
            CallError::new(ErrorKind::CallerFault, format!("{} cannot be read: {error}", self.file.name))
        };
        let file = (self.file.open)().map_err(failed)?;
        let left = (self.before.len() + self.after.len()) as u64 + self.file.bytes;
        let whole = io::Cursor::new(self.before.clone())
            .chain(file.take(self.file.bytes))
            .chain(io::Cursor::new(self.after.clone()));
        Ok(reqwest::Body::wrap(FileBody { whole: Box::new(whole), left }))
    }
}

struct FileBody {
    whole: Box<dyn io::Read + Send + Sync>,
    left: u64,
}

impl hyper::body::Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, io::Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let mut piece = vec![0; PIECE];
        // A file of this machine: what is read of it at a time is little.
        Poll::Ready(Some(self.whole.read(&mut piece).and_then(|read| {
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            piece.truncate(read);
            self.left = self.left.saturating_sub(read as u64);
            Ok(hyper::body::Frame::data(Bytes::from(piece)))
        })))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        hyper::body::SizeHint::with_exact(self.left)
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
    destination: Option<RequestDestination>,
    proxied: bool,
}

/// How many connections that have answered are remembered.
const REMEMBERED: usize = 256;

/// The two ends of a connection.
type Connection = (SocketAddr, SocketAddr);

/// The clients of a process, built when first needed.
#[derive(Debug, Default)]
pub(crate) struct Http {
    clients: Clients,
    proxies: ProxyVariables,
    /// The connections that have answered once, the latest last: only they can have gone stale.
    answered: Mutex<VecDeque<Connection>>,
}

impl Http {
    /// Makes the clients of a process that has these variables.
    pub(crate) fn new(proxies: ProxyVariables) -> Self {
        Self { proxies, ..Self::default() }
    }

    /// Returns the variables that name proxies.
    pub(crate) fn proxies(&self) -> &ProxyVariables {
        &self.proxies
    }

    /// Lists what is secret in the way of a request: the name and the password of a proxy, each with words that name
    /// it.
    pub(crate) fn secrets(&self, outgoing: &Outgoing) -> Vec<(String, SecretString)> {
        let own = outgoing.transport.as_ref().and_then(|transport| transport.proxy());
        let url = Url::parse(outgoing.url.expose_secret()).ok();
        let route = url.and_then(|url| Route::of(&url, own, &self.proxies, &outgoing.provider).ok());
        let credentials = route.as_ref().and_then(Route::proxy).map_or(&[][..], |(address, _)| address.credentials());
        credentials.iter().map(|secret| ("proxy's credentials".to_owned(), secret.clone())).collect()
    }

    /// Sends a request and waits for the response's headers. A connection that has answered before
    /// and that the server has closed since is replaced once: nobody has seen the request then.
    pub(crate) async fn send(&self, outgoing: Outgoing) -> Result<Incoming, CallError> {
        let url = address(&outgoing)?;
        let host = host_of(&url);
        let headers = headers(&outgoing)?;
        let own = outgoing.transport.as_ref().and_then(|transport| transport.proxy());
        let route = Route::of(&url, own, &self.proxies, &outgoing.provider)?;
        let pooled = ClientKey {
            loopback: is_loopback(url.as_str()),
            tls: url.scheme() == "https" || route.proxy().is_some_and(|(address, _)| address.is_tls()),
            connect: outgoing.connect,
            pooled: !outgoing.fresh,
            route,
            transport: outgoing.transport,
        };
        let upload = outgoing.upload;
        let (method, body) = match outgoing.body {
            Some(body) => (Method::POST, Bytes::from(body)),
            None if upload.is_some() => (Method::POST, Bytes::new()),
            None => (Method::GET, Bytes::new()),
        };
        let ask = |key: &ClientKey| {
            let client = self.clients.client(key)?;
            let request = client.request(method.clone(), url.clone()).headers(headers.clone());
            let request = match &upload {
                Some(upload) => request.body(upload.body()?),
                None if body.is_empty() => request,
                None => request.body(body.clone()),
            };
            Ok(request.send())
        };
        let mut answer = ask(&pooled)?.await;
        if answer.as_ref().err().is_some_and(|error| never_left(error) || self.went_stale(error)) {
            answer = ask(&ClientKey { pooled: false, ..pooled.clone() })?.await;
        }
        let destination = outgoing.destination;
        let response = answer.map_err(|error| {
            let (mut found, symptom) = call_error(&error, &url, &pooled);
            found.hint = symptom.zip(destination.as_ref()).and_then(|(symptom, to)| hint(symptom, to));
            found
        })?;
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
        let (status, proxied) = (response.status().as_u16(), pooled.route.proxy().is_some());
        Ok(Incoming { status, headers, response, unpack, host, destination, proxied })
    }

    fn answered(&self) -> MutexGuard<'_, VecDeque<Connection>> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whether a request failed because the connection it was sent on, which had answered
    /// another before, was closed without a word.
    fn went_stale(&self, error: &reqwest::Error) -> bool {
        let closed = chain(error).any(|error| {
            let unanswered = error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message);
            let broken = error.downcast_ref::<io::Error>().is_some_and(|error| {
                matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe
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
}

/// Tells whether a connection closed before its request was on the way, as one does whose server refuses the client's
/// certificate after the handshake. Whatever was wrong is seen by the next one, if it is no accident.
fn never_left(error: &reqwest::Error) -> bool {
    chain(error).any(|error| error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled))
}

impl Incoming {
    /// Waits for more of the body, unpacked; `None` at its clean end. A piece may be empty.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, CallError> {
        let bytes = self.response.chunk().await.map_err(|error| {
            let text = format!("the connection to {} was lost: {}", self.host, cause(&error));
            CallError::new(ErrorKind::Transient, text)
        })?;
        match bytes {
            Some(bytes) => self.unpack.push(bytes).map(Some),
            None => self.unpack.finish().map(|rest| Some(rest).filter(|rest| !rest.is_empty())),
        }
    }

    /// Names the next step after a success that is none of the API's.
    pub(crate) fn hinted(&self, mut error: CallError) -> CallError {
        if error.class == ErrorKind::NotAnApi {
            error.hint = self.destination.as_ref().and_then(|to| hint(Symptom::NoSuchPath, to));
        }
        error
    }

    /// Returns the host a redirect leads to.
    pub(crate) fn location(&self) -> Option<String> {
        let target = self.headers.value("location")?;
        self.response.url().join(target).ok().map(|url| host_of(&url))
    }
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
    if outgoing.body.as_ref().is_some_and(|body| !body.is_empty()) {
        map.insert("content-type", HeaderValue::from_static("application/json"));
    }
    if let Some(upload) = &outgoing.upload {
        let kind = HeaderValue::from_str(&upload.content_type);
        map.insert("content-type", kind.unwrap_or(HeaderValue::from_static("application/octet-stream")));
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

/// Puts into words why no response came, and what an address can have to do with it.
fn call_error(error: &reqwest::Error, url: &Url, way: &ClientKey) -> (CallError, Option<Symptom>) {
    let (cause, host) = (cause(error), host_of(url));
    let closed = chain(error).any(|error| {
        error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    });
    let unknown = cause.contains("lookup address");
    let to = match way.route.proxy() {
        Some((address, named)) => format!("{host} through the proxy {} ({named})", address.label()),
        None => host.clone(),
    };
    let lasting = |text: String| CallError::new(ErrorKind::NotAnApi, text);
    let passing = |text: String| CallError::new(ErrorKind::Transient, text);
    if error.is_builder() {
        (lasting(format!("the request to {host} could not be made: {cause}")), None)
    } else if let Some(tls) = tls(error) {
        let symptom = tls_symptom(tls);
        let text = match tls {
            rustls::Error::InvalidMessage(_) => format!("{to} does not speak TLS"),
            other => format!("no secure connection to {to}: {other}"),
        };
        let alert = matches!(tls, rustls::Error::AlertReceived(_) | rustls::Error::General(_));
        (if alert && symptom.is_none() { passing(text) } else { lasting(text) }, symptom)
    } else if error.is_connect() && error.is_timeout() {
        let text = format!("no connection to {to} within {} s", way.connect.as_secs_f32());
        (CallError::new(ErrorKind::Timeout(Timer::Connect), text), None)
    } else if error.is_connect() && way.route.proxy().is_some() {
        let words = chain(error).map(ToString::to_string).collect::<Vec<_>>().join(": ");
        let symptom = proxy_symptom(&words, closed || unknown);
        let text = format!("no connection to {to}: {cause}");
        let lasts = matches!(symptom, Symptom::ProxyCredentials | Symptom::LookedUpHere);
        (if lasts { lasting(text) } else { passing(text) }, Some(symptom))
    } else if error.is_connect() && unknown {
        (passing(format!("no address is known for {host}")), Some(Symptom::HostUnknown))
    } else if error.is_connect() && closed {
        (passing(format!("nothing listens on {host}")), Some(Symptom::PortClosed))
    } else if error.is_connect() && cause.contains("handshake eof") {
        // A server of plain HTTP may hang up on what is no request to it.
        (passing(format!("{host} hung up in place of a TLS handshake")), Some(Symptom::NotTls))
    } else if error.is_connect() {
        (passing(format!("no connection to {host}: {cause}; is the server running, is base_url right?")), None)
    } else if cause.starts_with("invalid HTTP") {
        let symptom = (url.scheme() == "http").then_some(Symptom::WantsTls);
        (lasting(format!("{host} does not answer in HTTP: {cause}")), symptom)
    } else {
        let text = format!("{host} did not answer: {cause}");
        (CallError { unanswered: true, ..CallError::new(ErrorKind::Transient, text) }, None)
    }
}

/// Tells which settings a failed handshake speaks of.
fn tls_symptom(error: &rustls::Error) -> Option<Symptom> {
    use rustls::{AlertDescription as Alert, CertificateError as Bad, Error};
    match error {
        Error::InvalidMessage(_) => Some(Symptom::NotTls),
        Error::InvalidCertificate(bad) => match bad {
            Bad::UnknownIssuer => Some(Symptom::UnknownAuthority),
            Bad::Expired | Bad::ExpiredContext { .. } | Bad::NotValidYet | Bad::NotValidYetContext { .. } => {
                Some(Symptom::OutOfDate)
            }
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => Some(Symptom::OtherHost),
            other if other.to_string().contains("CaUsedAsEndEntity") => Some(Symptom::OwnAuthority),
            _ => None,
        },
        Error::AlertReceived(
            Alert::CertificateRequired
            | Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied,
        ) => Some(Symptom::ClientCertificate),
        _ => None,
    }
}

/// Tells at what a way through a proxy ended, from the words of the causes.
fn proxy_symptom(words: &str, unreachable: bool) -> Symptom {
    if ["authorization required", "authentication", "credentials"].iter().any(|word| words.contains(word)) {
        Symptom::ProxyCredentials
    } else if words.contains("resolving for socks proxy") {
        Symptom::LookedUpHere
    } else if unreachable {
        Symptom::ProxyUnreachable
    } else {
        Symptom::ProxyRefused
    }
}

fn tls(error: &reqwest::Error) -> Option<&rustls::Error> {
    chain(error).find_map(|error| {
        // An IO error shows what it wraps only to those who ask, and may wrap another.
        let mut inner = error;
        while let Some(wrapped) = inner.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            inner = wrapped;
        }
        inner.downcast_ref()
    })
}
