//! What several test files share.

pub(crate) mod bench;
pub(crate) mod picture;
pub(crate) mod script;
pub(crate) mod server;
pub(crate) mod stage;
