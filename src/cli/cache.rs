//! `retort cache`: what the response cache holds, and emptying it.

use crate::{
    cli::{Exit, Io, Stopped, args::CacheAction},
    text::format::{bytes, counted},
};

/// Does what is asked of the cache.
pub(crate) async fn cache(action: CacheAction, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let setup = io.setup()?;
    let store = setup.store();
    match action {
        CacheAction::Stats => {
            let stats = store.cache_stats().await?;
            writeln!(io.out, "{} of {} answers", stats.entries, setup.settings.cache.capacity)?;
            writeln!(io.out, "{}", bytes(stats.bytes))?;
            writeln!(io.out, "{}", setup.places.cache.join("cache.db").display())?;
            if !setup.settings.cache.enabled {
                writeln!(io.err, "the cache is switched off: [cache] enabled = false in config.toml")?;
            }
        }
        CacheAction::Clear => {
            let removed = store.clear_cache().await?;
            writeln!(io.out, "removed {}", counted(removed, "answer"))?;
        }
    }
    Ok(Exit::Done)
}
