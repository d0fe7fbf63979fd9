//! What several test files share.

pub(crate) mod batch;
pub(crate) mod bench;
pub(crate) mod checks;
#[cfg(unix)]
pub(crate) mod clusters;
pub(crate) mod history;
pub(crate) mod home;
/// Servers with limits, made up from a seed.
pub(crate) mod limited;
pub(crate) mod picture;
pub(crate) mod points;
#[cfg(unix)]
pub(crate) mod providers;
pub(crate) mod proxy;
pub(crate) mod pty;
pub(crate) mod quality;
pub(crate) mod record;
pub(crate) mod script;
pub(crate) mod server;
#[cfg(unix)]
pub(crate) mod serving;
pub(crate) mod stage;
pub(crate) mod tls;
