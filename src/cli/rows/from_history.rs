//! Rows of the inputs of runs on record, none nearly the same as another.

use jiff::Zoned;

use crate::{
    cli::{
        Exit, Io, Stopped,
        args::rows::RowsFromHistoryArgs,
        history::Pages,
        interrupts::CLOSING,
        rows::{RowsFile, line},
    },
    dataset::proposals::{ORIGIN, compared},
    eval::NearDuplicates,
    model::{DatasetRow, expected::EXPECTED, query::Query},
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
    let query = Query::parse(&args.query.join(" "), &Zoned::now()).map_err(|bad| Stopped::Usage(bad.to_string()))?;
    let setup = io.setup()?;
    let file = args.out.as_ref().map(|out| RowsFile::open(&io.cwd.join(out), &setup)).transpose()?;
    let mut known = NearDuplicates::default();
    if let Some(file) = &file {
        file.know(&mut known);
    }
    let store = setup.store();
    let found = found(&store, query, args.n, &mut known).await;
    store.close(CLOSING)?;
    let Found { rows, alike, empty } = found?;
    match &file {
        Some(file) => {
            file.add(&rows)?;
            writeln!(io.err, "{} added to {}", counted(rows.len() as u64, "row"), file.shown())?;
        }
        None => rows.iter().try_for_each(|row| writeln!(io.out, "{}", line(row)))?,
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

#[derive(Default)]
struct Found {
    rows: Vec<DatasetRow>,
    alike: u64,
    empty: u64,
}

async fn found(store: &Store, query: Query, most: usize, known: &mut NearDuplicates) -> Result<Found, Stopped> {
    let mut found = Found::default();
    let mut pages = Pages::new(store, query, most.saturating_mul(LOOKED_AT));
    while let Some(runs) = pages.next().await? {
        for entry in runs {
            if found.rows.len() >= most {
                return Ok(found);
            }
            let StoreReply::Run(run) = store.ask(StoreRequest::OpenRun(entry.run)).await? else { continue };
            let mut row = DatasetRow { input: run.input.clone(), ..DatasetRow::default() };
            // It was expected of another row, perhaps by another check.
            row.input.vars.remove(EXPECTED);
            let text = compared(&row.input);
            if text.trim().is_empty() && row.input.parts.is_empty() {
                found.empty += 1;
            } else if known.take(&run.run.short(), &text).is_some() {
                found.alike += 1;
            } else {
                let prompt = run.prompt_name.as_deref().unwrap_or("a prompt without a name");
                let origin = format!("run {} of {prompt}, {}", run.run, run.started.strftime("%Y-%m-%d"));
                row.metadata.insert(ORIGIN.to_owned(), origin);
                found.rows.push(row);
            }
        }
    }
    Ok(found)
}
