//! Ctrl-c, and the end of a command: what came is recorded first, for as long as somebody waits for it.

use std::{io, thread, time::Duration};

use tokio::{runtime, sync::mpsc::UnboundedReceiver};

use crate::{
    cli::{Exit, Io},
    model::error::StoreError,
    store::Store,
    text::clean_line,
};

/// How long the record may take to reach the disk at the end.
pub(crate) const CLOSING: Duration = Duration::from_secs(6);

/// How long a second ctrl-c leaves for what came to be recorded.
const LEAVING: Duration = Duration::from_millis(500);

#[cfg(unix)]
pub(crate) type Interrupts = tokio::signal::unix::Signal;

#[cfg(windows)]
pub(crate) type Interrupts = tokio::signal::windows::CtrlC;

/// Hears ctrl-c from here on. A second one ends the program a moment later whatever it does, as where it writes to a
/// reader that does not read: another thread hears that.
#[allow(clippy::disallowed_methods, reason = "main may wait for a write that never ends")]
pub(crate) fn interrupts() -> io::Result<Interrupts> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let mut again = {
        let _inside = runtime.enter();
        signals()?
    };
    let leave = async move {
        again.recv().await;
        again.recv().await;
        tokio::time::sleep(LEAVING).await;
        std::process::exit(i32::from(Exit::Cancelled.code()));
    };
    thread::Builder::new().name("retort-ctrl-c".to_owned()).spawn(move || runtime.block_on(leave))?;
    signals()
}

#[cfg(unix)]
fn signals() -> io::Result<Interrupts> {
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())
}

#[cfg(windows)]
fn signals() -> io::Result<Interrupts> {
    tokio::signal::windows::ctrl_c()
}

/// Has everything written, and says what of it could not be: it costs nobody an answer.
pub(crate) fn close(store: &Store, errors: &mut UnboundedReceiver<StoreError>, io: &mut Io<'_>) {
    let closed = store.close(CLOSING);
    let reports = std::iter::from_fn(|| errors.try_recv().ok()).chain(closed.err());
    let reports: Vec<String> = reports.map(|error| error.to_string()).collect();
    // What was not recorded yet, and is not in the end, is said once.
    let over = |words: &String| words.contains(" yet:") && reports.contains(&words.replacen(" yet:", ":", 1));
    for words in reports.iter().filter(|words| !over(words)) {
        let _ = writeln!(io.err, "note: {}", clean_line(words));
    }
}
