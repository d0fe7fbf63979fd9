//! From arguments, or from a promptfoo config that is run as it is, to a batch request.

use std::{
    collections::BTreeMap,
    io,
    io::{BufWriter, Read as _, Write as _},
    path::Path,
};

use tempfile::NamedTempFile;

use crate::{
    cli::{
        Io, Stopped,
        args::BatchArgs,
        output::{Output, OutputContent, Outputs},
        prompts, run, text_table,
    },
    config::trust::{Allowed, Consent},
    engine::{Workspace, batch::BatchPreview},
    model::{
        CacheMode, PartRoot, Prompt,
        attachment::folder_of,
        batch::PartRoots,
        batch::{BatchLimits, BatchRequest, BatchSpec, ResumeMode},
        dataset::{DatasetFormat, MissingVariable, RowSource, ShortRows},
        settings::{IntakeLimits, byte_size},
    },
    present::report::ReportFormat as Written,
    promptfoo,
    promptfoo::{Suite, Use},
    store::prompts::file,
    text::{clean_line, shell},
};

/// A request, and the copy of its rows where they are in no file of their own.
pub(crate) struct BatchArgsInput {
    /// What is wanted.
    pub(crate) request: BatchRequest,
    /// Gone with this value.
    pub(crate) copy: Option<NamedTempFile>,
}

/// Reads the prompts, and standard input where the rows are there.
pub(crate) fn of_args(setup: &Workspace, args: &BatchArgs, io: &Io<'_>) -> Result<BatchArgsInput, Stopped> {
    let (names, data) = split(&args.what, &io.cwd)?;
    let (mut found, mut files, mut roots) = (Vec::new(), Vec::new(), PartRoots::default());
    for name in names {
        files.extend(prompts::file(&setup.places, &io.cwd, name)?);
        let root = prompts::part_root(&io.cwd, name, args.trust);
        let (name, mut prompt) = prompts::find(&setup.places, &io.cwd, name)?;
        for (param, value) in &args.params {
            run::set(&mut prompt.params, param, value).map_err(Stopped::Usage)?;
        }
        roots.prompts.extend(root.map(|root| (name.clone(), root)));
        found.push((name, prompt));
    }
    known_models(setup, args)?;
    let path = if data == "-" { data.to_owned() } else { io.cwd.join(data).to_string_lossy().into_owned() };
    let mut request = request(setup, args, found, &path);
    request.spec.targets.clone_from(&args.model);
    (request.files, request.roots) = (files, roots);
    if data == "-" {
        request.roots.rows = Some(PartRoot { path: io.cwd.clone(), fenced: !args.trust, ..PartRoot::default() });
    }
    let copy = if data == "-" { Some(copied(setup, &mut request)?) } else { None };
    Ok(BatchArgsInput { request, copy })
}

/// Makes the request of these prompts on this data set, read and run as the command line says.
fn request(setup: &Workspace, args: &BatchArgs, prompts: Vec<(String, Prompt)>, data: &str) -> BatchRequest {
    BatchRequest {
        spec: BatchSpec {
            name: BatchSpec::name_of(data),
            data: data.to_owned(),
            prompts,
            targets: Vec::new(),
            samples: args.samples.unwrap_or(1),
            mapping: args.maps.iter().cloned().collect(),
            behind: BTreeMap::new(),
            expected: args.expected,
            again: None,
            part: None,
        },
        rows: RowSource {
            path: data.to_owned(),
            format: args.format,
            only: args.only.clone(),
            pick: None,
            short: if args.refuse_short_rows { ShortRows::Refused } else { ShortRows::Padded },
            keep_going: args.keep_going,
            has_lines: true,
            agreed: false,
        },
        files: Vec::new(),
        trust: args.trust,
        roots: PartRoots::default(),
        vars: args.vars.iter().cloned().collect(),
        judge: args.judge.clone(),
        cache: match (args.no_cache, args.fresh) {
            (true, _) => CacheMode::Off,
            (false, true) => CacheMode::Refresh,
            (false, false) => CacheMode::On,
        },
        limits: BatchLimits { cost: args.max_cost, tokens: args.max_tokens, time: args.max_time },
        allow_unpriced: args.allow_unpriced,
        concurrency: args.jobs.map_or(setup.settings.batch.concurrency, usize::from),
        resume: match (args.new, args.retry_failed) {
            (true, _) => ResumeMode::Anew,
            (false, true) => ResumeMode::RetryFailed,
            (false, false) => ResumeMode::Resume,
        },
        only: None,
        session: None,
    }
}

/// Sees that the models that the command line names are there.
fn known_models(setup: &Workspace, args: &BatchArgs) -> Result<(), Stopped> {
    let mut names = args.model.iter().chain(&args.judge);
    names.try_for_each(|name| match setup.catalog.resolve(name) {
        Ok(_) => Ok(()),
        Err(error) => Err(Stopped::Usage(error.to_string())),
    })
}

/// Tells the prompts from the data set, which comes last.
fn split<'a>(what: &'a [String], cwd: &Path) -> Result<(&'a [String], &'a str), Stopped> {
    let Some((data, names)) = what.split_last() else {
        return Err(Stopped::Usage("name the prompts and the data set: `retort batch PROMPT DATA`".to_owned()));
    };
    let is_data = |name: &str| {
        let path = cwd.join(name);
        name == "-" || (path.exists() && path.extension().is_none_or(|ending| ending != "toml"))
    };
    match (names.is_empty(), is_data(data)) {
        (false, true) => {}
        (true, true) => {
            let words =
                format!("name a prompt before the data set: `retort batch PROMPT {data}`; `retort prompts` lists them");
            return Err(Stopped::Usage(words));
        }
        (true, false) => {
            let words =
                format!("name a data set after the prompt: `retort batch {data} rows.csv`, or `-` for standard input");
            return Err(Stopped::Usage(words));
        }
        (false, false) => {
            let words = format!(
                "there is no data set {}: the last name is that of a file, a folder, or `-`",
                cwd.join(data).display()
            );
            return Err(Stopped::Usage(words));
        }
    }
    if let Some(second) = names.iter().find(|name| *name == "-") {
        return Err(Stopped::Usage(format!("`{second}` is no prompt; the data set is the last name")));
    }
    Ok((names, data))
}

/// Copies standard input to a file, so that its rows can be counted before they are asked.
fn copied(setup: &Workspace, request: &mut BatchRequest) -> Result<NamedTempFile, Stopped> {
    let error = |error: io::Error| Stopped::Other(format!("cannot keep the rows of standard input: {error}"));
    let mut file = NamedTempFile::new().map_err(error)?;
    let most = setup.settings.intake.stdin;
    let copied = io::copy(&mut io::stdin().lock().take(most.saturating_add(1)), &mut file).map_err(error)?;
    if copied > most {
        let (most, key) = (byte_size(most), IntakeLimits::STDIN);
        return Err(Stopped::Usage(format!(
            "the rows on standard input are larger than {most}, as much as is copied; name a file, or raise {key} in \
             [limits] of the settings"
        )));
    }
    file.flush().map_err(error)?;
    request.rows.path = file.path().to_string_lossy().into_owned();
    request.rows.format.get_or_insert(DatasetFormat::Lines);
    Ok(file)
}

/// Says which variables no column gives, and which columns there are.
pub(crate) fn unfit(planned: &BatchPreview) -> Stopped {
    let names: Vec<&str> = planned.missing.iter().map(|missing| missing.variable.as_str()).collect();
    let rows: Vec<Vec<String>> = planned
        .dataset
        .columns
        .iter()
        .map(|column| {
            let gives = column.variable.clone().unwrap_or_default();
            vec![format!("  {}", column.name), column.kind.name().to_owned(), gives, column.example.clone()]
        })
        .collect();
    let mut columns = Vec::new();
    let _ = text_table::write(&mut columns, &["  COLUMN", "TYPE", "GIVES", "FIRST VALUE"], &rows);
    let first = names.first().copied().unwrap_or_default();
    let maps: Vec<String> = planned
        .missing
        .iter()
        .filter_map(|MissingVariable { variable, near }| {
            near.as_ref().map(|near| format!("--map {}={variable}", shell::word(near)))
        })
        .collect();
    let hint = if maps.is_empty() { format!("--map COLUMN={first}") } else { maps.join(" ") };
    Stopped::Usage(format!(
        "no column of {} gives `{}`, which a prompt asks for; its columns are\n\n{}\n{} gives a column to a variable, \
         --var {first}=VALUE the same value to every row",
        clean_line(&planned.request.spec.name),
        names.join("`, `"),
        String::from_utf8_lossy(&columns),
        hint
    ))
}

/// The files that reports go to, each with its form: fit to be written before anything is asked.
pub(crate) fn outs(args: &BatchArgs, setup: &Workspace, cwd: &Path) -> Result<Vec<(Output, Written)>, Stopped> {
    let mut outs: Vec<_> = args.junit.iter().map(|file| (cwd.join(file), Written::Junit)).collect();
    for file in &args.out {
        let form = Written::of(&file.to_string_lossy()).ok_or_else(|| {
            let words = "its ending says how it is written: .jsonl, .csv, .md, .html or .xml (JUnit)";
            Stopped::Usage(format!("--out {}: {words}", file.display()))
        })?;
        outs.push((cwd.join(file), form));
    }
    // One that cannot be read stops the command by itself.
    let prompts = args.what.iter().filter_map(|name| file(&setup.places, name).ok().flatten());
    let in_use = args.what.iter().map(|name| cwd.join(name)).chain(prompts);
    let in_use = in_use.chain(args.config.iter().map(|file| cwd.join(file))).collect();
    let outputs = Outputs { places: &setup.places, in_use, force: args.force };
    let forms: Vec<Written> = outs.iter().map(|(_, form)| *form).collect();
    let checked = outputs.check(outs.into_iter().map(|(file, form)| (file, OutputContent::Report(form))))?;
    Ok(checked.into_iter().zip(forms).collect())
}

/// Reads the config, adds its models to the settings of this run, and lays its rows down where they can be
/// counted before they are asked. What is said on the command line holds over what the config says.
pub(crate) fn of_suite(
    setup: &mut Workspace,
    file: &Path,
    args: &BatchArgs,
    io: &mut Io<'_>,
) -> Result<BatchArgsInput, Stopped> {
    let path = io.cwd.join(file);
    let consent = Consent::of(&setup.places, args.trust);
    let usage = if args.model.is_empty() { Use::Run } else { Use::RunElsewhere };
    known_models(setup, args)?;
    let mut suite = promptfoo::read(&path, usage, &consent, &Allowed::of(&setup.settings))?;
    suite.stand_in = args.judge.is_some();
    suite.given = args.vars.iter().map(|(name, _)| name.clone()).collect();
    if args.model.is_empty() {
        suite.fill_models(|name| setup.environment.value(name)).map_err(Stopped::Other)?;
    }
    for notice in suite.notices.iter().chain(&suite.differences()).chain(&suite.not_judged()) {
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
    let mut request = request(setup, args, lanes, &path.to_string_lossy());
    request.spec.targets.clone_from(&args.model);
    let options = &suite.options;
    request.spec.samples = args.samples.or(options.samples).unwrap_or(1);
    if args.jobs.is_none() {
        request.concurrency = options.concurrency.unwrap_or(request.concurrency);
    }
    if options.cache == Some(false) && request.cache == CacheMode::On {
        request.cache = CacheMode::Off;
    }
    request.limits.time = request.limits.time.or(options.time);
    // It was read, so what it names outside of its folder is agreed to.
    let agreed = suite.content.outside().map(Path::to_path_buf).collect();
    let root = PartRoot { path: folder_of(&path), fenced: !args.trust, agreed };
    let own = request.spec.prompts.iter().map(|(name, _)| (name.clone(), root.clone()));
    request.roots = PartRoots { prompts: own.collect(), rows: Some(root) };
    request.files = suite.content.files().filter(|file| *file != suite.content.path).map(Path::to_path_buf).collect();
    let copy = rows(&suite, &mut request)?;
    Ok(BatchArgsInput { request, copy: Some(copy) })
}

/// Writes the rows to a file of their own, one by one.
fn rows(suite: &Suite, request: &mut BatchRequest) -> Result<NamedTempFile, Stopped> {
    let error = |error: io::Error| Stopped::Other(format!("cannot keep the tests of the config: {error}"));
    let mut out = BufWriter::new(NamedTempFile::new().map_err(error)?);
    for row in suite.rows() {
        let row = row?;
        if row.input.vars.contains_key("text") {
            // It is no other name of the input here.
            request.spec.mapping.insert("text".to_owned(), "text".to_owned());
        }
        writeln!(out, "{}", promptfoo::line(&row)).map_err(error)?;
    }
    let file = out.into_inner().map_err(|bad| error(bad.into_error()))?;
    request.rows.path = file.path().to_string_lossy().into_owned();
    request.rows.format = Some(DatasetFormat::Jsonl);
    request.rows.has_lines = false;
    // The config was not read without a yes to all it starts.
    request.rows.agreed = true;
    Ok(file)
}
