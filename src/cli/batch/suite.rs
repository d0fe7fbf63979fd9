//! What a config of promptfoo's asks for, as an order: run as it is, without files written for it.

use std::{
    io::{self, BufWriter, Write as _},
    path::Path,
};

use tempfile::NamedTempFile;

use super::order::{self, Wanted};
use crate::{
    cli::{Io, Stopped, args::BatchArgs, run},
    model::CacheMode,
    setup::{Setup, batch::Order},
    store::{
        dataset::Form,
        promptfoo::{self, Suite, Use},
        trust::{Allowed, Consent},
    },
    text::clean_line,
};

/// Reads the config, adds its models to the settings of this run, and lays its rows down where they can be
/// counted before they are asked. What is said on the command line holds over what the config says.
pub(super) fn order(setup: &mut Setup, file: &Path, args: &BatchArgs, io: &mut Io<'_>) -> Result<Wanted, Stopped> {
    let path = io.cwd.join(file);
    let consent = Consent::of(&setup.places, args.trust);
    let suite = promptfoo::read(&path, Use::Run, &consent, &Allowed::of(&setup.settings))?;
    for notice in suite.notices.iter().chain(&suite.differences()) {
        let _ = writeln!(io.err, "note: {}", clean_line(notice));
    }
    setup.settle(suite.settle(&setup.settings));
    setup.header_variables.clone_from(&suite.header_variables);
    if let Some(unset) = suite.header_variables.iter().find(|name| setup.environment.value(name).is_none()) {
        let words =
            format!("a header of {} is filled from the environment variable {unset}, which is not set", path.display());
        return Err(Stopped::Other(words));
    }
    let mut lanes = suite.lanes()?;
    for (_, prompt) in &mut lanes {
        for (param, value) in &args.params {
            run::set(&mut prompt.params, param, value).map_err(Stopped::Usage)?;
        }
    }
    let mut order = Order::of(setup, lanes, &path.to_string_lossy(), &[]);
    order::asked(&mut order, args);
    let options = &suite.options;
    order.spec.samples = args.samples.or(options.samples).unwrap_or(1);
    if args.jobs.is_none() {
        order.concurrency = options.concurrency.unwrap_or(order.concurrency);
    }
    if options.cache == Some(false) && order.cache == CacheMode::On {
        order.cache = CacheMode::Off;
    }
    order.caps.time = order.caps.time.or(options.time);
    order.lines = false;
    order.files = suite.content.files().filter(|file| *file != suite.content.path).map(Path::to_path_buf).collect();
    let copy = rows(&suite, &mut order)?;
    Ok(Wanted { order, copy: Some(copy) })
}

/// Writes the rows to a file of their own, one by one.
fn rows(suite: &Suite, order: &mut Order) -> Result<NamedTempFile, Stopped> {
    let fault = |fault: io::Error| Stopped::Other(format!("cannot keep the tests of the config: {fault}"));
    let mut out = BufWriter::new(NamedTempFile::new().map_err(fault)?);
    for row in suite.rows() {
        let row = row?;
        if row.input.vars.contains_key("text") {
            // It is no other name of the input here.
            order.spec.mapping.insert("text".to_owned(), "text".to_owned());
        }
        writeln!(out, "{}", promptfoo::line(&row)).map_err(fault)?;
    }
    let file = out.into_inner().map_err(|bad| fault(bad.into_error()))?;
    order.source = file.path().to_string_lossy().into_owned();
    order.reading.form = Some(Form::Jsonl);
    Ok(file)
}
