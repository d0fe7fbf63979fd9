//! `retort rows`: rows of data sets, from runs on record or proposed by a model.

pub(crate) mod capped_calls;
pub(crate) mod from_history;
pub(crate) mod generate;
pub(crate) mod review;

use crate::cli::{Exit, Io, Stopped, args::RowsAction};

/// Does what is asked with rows.
pub(crate) async fn rows(action: RowsAction, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    match action {
        RowsAction::FromHistory(args) => from_history::from_history(args, io).await,
        RowsAction::Generate(args) => Box::pin(generate::generate(args, io)).await,
        RowsAction::Review(args) => review::review(&args, io),
    }
}
