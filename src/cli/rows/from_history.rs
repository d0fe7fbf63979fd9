//! Rows of the inputs of runs on record, none nearly the same as another.

use crate::{
    cli::{Exit, Io, Stopped, args::rows::RowsFromHistoryArgs, history::Pages, interrupts::CLOSING},
    engine::rows_of_runs::RowsOfRuns,
    model::query::Query,
    promptfoo::rows_file::{RowsFile, row_line},
    store::{
        Store,
        api::{StoreReply, StoreRequest},
    },
    text::format::counted,
};

/// Runs that are looked at for each row that is wanted, at most.
const LOOKED_AT: usize = 50;

/// Prints the inputs of the runs that a query asks for as rows, or adds them to a file.
pub(crate) async fn from_history(args: RowsFromHistoryArgs, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let query = io.query(&args.query.join(" "))?;
    let setup = io.setup()?;
    let limits = setup.settings.intake;
    let file = args.out.as_ref().map(|out| RowsFile::open(&io.cwd.join(out), limits)).transpose()?;
    let mut rows = RowsOfRuns::default();
    if let Some(file) = &file {
        file.know(&mut rows.known);
    }
    let store = setup.store();
    let read = found(&store, query, args.n, &mut rows).await;
    store.close(CLOSING)?;
    read?;
    let RowsOfRuns { rows, alike, empty, known: _ } = rows;
    match &file {
        Some(file) => {
            file.add(&rows)?;
            writeln!(io.err, "{} added to {}", counted(rows.len() as u64, "row"), file.shown())?;
        }
        None => rows.iter().try_for_each(|row| writeln!(io.out, "{}", row_line(row)))?,
    }
    if alike > 0 {
        writeln!(io.err, "{} left out: nearly the same as a row there is", counted(alike, "input"))?;
    }
    if empty > 0 {
        writeln!(io.err, "{} left out: nothing was asked", counted(empty, "run"))?;
    }
    if rows.is_empty() && alike == 0 {
        writeln!(io.err, "no run matches; `retort history QUERY` lists what a query finds")?;
    }
    Ok(Exit::Done)
}

async fn found(store: &Store, query: Query, most: usize, found: &mut RowsOfRuns) -> Result<(), Stopped> {
    let mut pages = Pages::new(store, query, most.saturating_mul(LOOKED_AT));
    while let Some(runs) = pages.next().await? {
        for entry in runs {
            if found.rows.len() >= most {
                return Ok(());
            }
            if let StoreReply::Run(run) = store.ask(StoreRequest::OpenRun(entry.run)).await? {
                found.take(&run);
            }
        }
    }
    Ok(())
}
