//! `retort serve`: the endpoint for programs, from its start to its end, with a line for each call.

use std::{io, net::IpAddr, sync::Arc};

use jiff::Zoned;
use secrecy::ExposeSecret as _;
use serde_json::json;
use tokio::sync::oneshot;

use crate::{
    cli::{
        Exit, Io, Stopped,
        args::ServeArgs,
        interrupts::{CLOSING, interrupts},
    },
    config::{serve_address, serve_token},
    engine::Engine,
    model::{CacheMode, Cost, settings::ServeSettings},
    serve::{Endpoint, ServeParts, report::CallReport},
    store::prompts,
    text::{clean_line, format},
};

/// Answers programs until ctrl-c.
pub(crate) async fn serve(args: ServeArgs, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let setup = io.setup()?;
    let settings = settings(setup.settings.serve.clone(), &args)?;
    for name in &settings.fallback {
        setup.catalog.resolve(name).map_err(|error| Stopped::Usage(format!("`fallback`: {error}")))?;
    }
    let checks = settings.checks.as_deref().map(|name| prompts::read(&setup.places, name)).transpose()?;
    if settings.enforce && checks.is_none() {
        let words = "note: without --checks PROMPT, what a request itself asks for (JSON, a schema) and the checks of stored prompts are enforced alone";
        let _ = writeln!(io.err, "{words}");
    }
    let token = serve_token::read(&setup.places, &|name| io.environment.value(name))?;
    let places = setup.places.clone();
    let mut interrupts = interrupts()?;
    let store = Arc::new(setup.store());
    let mut errors = store.errors();
    let engine = Engine::start(&setup, &store);
    let parts = ServeParts {
        engine,
        workspace: setup,
        store: Arc::clone(&store),
        settings: settings.clone(),
        token: token.secret.clone(),
        forwards_keys: args.forward_key,
        cache: if args.no_cache { CacheMode::Off } else { CacheMode::On },
        checks,
    };
    let (endpoint, mut told) = Endpoint::listen(parts).await.map_err(|error| unreachable_port(&settings, &error))?;
    let url = format!("http://{}", endpoint.address());
    if let Err(error) = serve_address::write(&places, &url) {
        let _ = writeln!(io.err, "note: the traffic screen will not find it: {}", clean_line(&error.to_string()));
    }
    if args.json {
        writeln!(io.out, "{}", json!({ "event": "listening", "url": url }))?;
        io.out.flush()?;
    }
    let _ = writeln!(io.err, "listening on {url}; ctrl-c ends it");
    let _ = writeln!(io.err, "  OPENAI_BASE_URL={url}/v1  ANTHROPIC_BASE_URL={url}");
    match &token.file {
        Some(file) => {
            let file = clean_line(&file.display().to_string());
            let _ = writeln!(io.err, "  the token, which programs send as their API key, is in {file}");
            if token.made && io.err_is_terminal {
                let _ = writeln!(io.err, "  it is {} (shown this once)", token.secret.expose_secret());
            }
        }
        None => {
            let _ = writeln!(io.err, "  the token is that of {}", serve_token::TOKEN_VARIABLE);
        }
    }
    let counts = endpoint.counter();
    let (stop, stopping) = oneshot::channel::<()>();
    let mut serving = tokio::spawn(endpoint.run(async {
        let _ = stopping.await;
    }));
    let mut stop = Some(stop);
    let mut terminated = Terminations::new()?;
    let mut open = true;
    loop {
        tokio::select! {
            report = told.recv(), if open => match report {
                Some(report) => tell(&report, args.json, io)?,
                None => open = false,
            },
            Some(error) = errors.recv() => {
                counts();
                let _ = writeln!(io.err, "note: {}", clean_line(&error.to_string()));
            }
            _ = interrupts.recv(), if stop.is_some() => ends(&mut stop, io),
            () = terminated.recv(), if stop.is_some() => ends(&mut stop, io),
            _ended = &mut serving => break,
        }
    }
    serve_address::forget(&places, &url);
    while let Ok(report) = told.try_recv() {
        tell(&report, args.json, io)?;
    }
    let closed = store.close(CLOSING);
    for error in std::iter::from_fn(|| errors.try_recv().ok()).chain(closed.err()) {
        let _ = writeln!(io.err, "note: {}", clean_line(&error.to_string()));
    }
    Ok(Exit::Done)
}

fn ends(stop: &mut Option<oneshot::Sender<()>>, io: &mut Io<'_>) {
    if let Some(stop) = stop.take() {
        let _ = writeln!(io.err, "ending: no more requests are taken, and those under way have a moment");
        let _ = stop.send(());
    }
}

/// Lays the command line over the settings. An address that others can reach is agreed to there alone.
fn settings(mut settings: ServeSettings, args: &ServeArgs) -> Result<ServeSettings, Stopped> {
    if let Some(port) = args.port {
        settings.port = port;
    }
    if let Some(host) = args.host {
        settings.host = host.to_string();
    }
    if !args.fallback.is_empty() {
        settings.fallback.clone_from(&args.fallback);
    }
    if args.checks.is_some() {
        settings.checks.clone_from(&args.checks);
    }
    settings.enforce |= args.enforce;
    let loopback = settings.host.parse::<IpAddr>().is_ok_and(|host| host.is_loopback());
    if !loopback && !args.expose {
        return Err(Stopped::Usage(format!(
            "others can reach {}, and whoever has the token spends on your keys, which goes there without TLS: \
             `--expose` agrees to that; 127.0.0.1 is this machine alone",
            settings.host
        )));
    }
    Ok(settings)
}

fn unreachable_port(settings: &ServeSettings, error: &io::Error) -> Stopped {
    let ServeSettings { host, port, .. } = settings;
    let next = if error.kind() == io::ErrorKind::AddrInUse { "; `--port 0` takes a port that is free" } else { "" };
    Stopped::Other(format!("{host} port {port} cannot be listened on: {error}{next}"))
}

/// Tells a call that is over.
fn tell(report: &CallReport, as_json: bool, io: &mut Io<'_>) -> Result<(), Stopped> {
    if as_json {
        let mut line = serde_json::to_value(report)?;
        if let Some(fields) = line.as_object_mut() {
            fields.insert("event".to_owned(), "call".into());
        }
        writeln!(io.out, "{line}")?;
        io.out.flush()?;
    }
    if io.err_is_terminal {
        let _ = writeln!(io.err, "{}", clean_line(&line(report, &io.local_now())));
    }
    Ok(())
}

/// Writes the line of a call: when, where to, the model, the status, how long, what it cost.
fn line(report: &CallReport, now: &Zoned) -> String {
    let time = now.strftime("%H:%M:%S").to_string();
    let model = report.model.as_deref().unwrap_or("-");
    let by = report.target.as_deref().filter(|target| *target != model);
    let by = by.map_or_else(String::new, |target| format!(" by {target}"));
    let cost = match report.cost {
        _ if report.cached => " · cached".to_owned(),
        Some(Cost::Unknown) | None => String::new(),
        Some(cost) => format!(" · {cost}"),
    };
    let tries = if report.attempts > 1 { format!(" · {} attempts", report.attempts) } else { String::new() };
    let checks = report.outcome.filter(|word| matches!(*word, "failed" | "inconclusive"));
    let checks = checks.map_or_else(String::new, |word| format!(" · checks {word}"));
    let took = format::duration(report.took);
    format!("{time} {} {model}{by} · {} · {took}{cost}{tries}{checks}", report.route, report.status)
}

/// Hears that the program is asked to end, as a supervisor does.
#[cfg(unix)]
struct Terminations(tokio::signal::unix::Signal);

#[cfg(unix)]
impl Terminations {
    fn new() -> io::Result<Self> {
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).map(Self)
    }

    async fn recv(&mut self) {
        self.0.recv().await;
    }
}

#[cfg(not(unix))]
struct Terminations;

#[cfg(not(unix))]
impl Terminations {
    #[allow(clippy::unnecessary_wraps, reason = "as where there are signals")]
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn recv(&mut self) {
        std::future::pending().await
    }
}
