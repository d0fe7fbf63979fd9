//! Rows that a model proposes: the rules of the prompt first, then rows for each rule and kind, none nearly the same as one
//! there is. They go into a file of proposals, and into a data set only when a person takes them.

use std::{
    io::{IsTerminal as _, stdin},
    path::{Path, PathBuf},
};

use crate::{
    cli::{
        Exit, Io, Stopped,
        args::rows::{RowSourceArg, RowsGenerateArgs},
        interrupts,
        interrupts::Interrupts,
        prompts,
        rows::{
            capped_calls::{CallsEnd, CappedCalls, answered},
            review,
        },
        run::check_keys,
    },
    config::atomic_file,
    dataset::proposals::{ProposalHead, Proposals, compared},
    engine::{
        Engine, Workspace,
        baselines::inbox,
        row_proposals::{
            ROWS_OF_A_CALL, RowCoverage, RowTask, rows_prompt, rules, rules_input, rules_prompt, take_examples,
        },
    },
    eval::NearDuplicates,
    model::{DatasetRow, Prompt},
    pipeline::batch::BatchEnd,
    promptfoo::rows_file::{read_rows, take_row},
    store::{Store, baselines},
    text::{clean_line, format::counted, shell},
};

/// The names under which the calls are on record.
const RULES_RUN: &str = "rows.rules";
const ROWS_RUN: &str = "rows.generate";

/// Rounds of asking for what is still wanted, where rows were refused.
const ROUNDS: usize = 3;

/// Rows and answers that failed, as a model is shown them.
type Failures = Vec<(String, String)>;

/// Proposes rows.
pub(crate) async fn generate(args: RowsGenerateArgs, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let setup = io.setup()?;
    let (name, prompt) = prompts::find(&setup.places, &io.cwd, &args.prompt)?;
    let by = args.by.as_deref().unwrap_or_else(|| setup.settings.judge_model());
    let target = setup.catalog.resolve(by).map_err(|error| Stopped::Usage(error.to_string()))?;
    let path = args.out.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.proposals.jsonl")));
    let path = io.cwd.join(path);
    let present = Proposals::read(&path)?;
    if let Some(other) = present.as_ref().filter(|present| present.head.prompt != name) {
        let of = clean_line(&other.head.prompt);
        return Err(Stopped::Usage(format!(
            "{} has the proposals for {of}; name another file with --out",
            path.display()
        )));
    }
    let limits = setup.settings.intake;
    let rows = args.data.as_ref().map(|data| read_rows(&io.cwd.join(data), limits)).transpose()?.unwrap_or_default();
    let given = args.rules.as_ref().map(|file| rules_of(&io.cwd.join(file))).transpose()?;
    let mut interrupts = interrupts::interrupts()?;
    let store = setup.store();
    let mut errors = store.errors();
    let failures = match args.from {
        RowSourceArg::Failures => failures((&setup, &store), (&name, &args.prompt), io).await?,
        RowSourceArg::Task | RowSourceArg::Gaps => Vec::new(),
    };
    let engine = Engine::start(&setup, &store);
    let named = tokio::select! {
        named = engine.read_keys([&target]) => named,
        _ = interrupts.recv() => return Ok(Exit::Cancelled),
    };
    check_keys(&named, io)?;
    let origin = format!("{}, {}", target.name, setup.today());
    let mut calls = CappedCalls::new(&engine, target, (args.max_cost, args.max_calls))?;
    let head = match (given, present.as_ref()) {
        (Some(rules), _) => Ok(ProposalHead::new(&name, String::new(), rules)),
        (None, Some(present)) => Ok(present.head.clone()),
        (None, None) => ask_rules(&mut calls, (&name, &prompt), &mut interrupts).await,
    };
    let done = match head {
        Ok(head) => {
            let mut made = Made::begin(&prompt, head, present, &rows);
            let wanted = (args.from, args.n, failures.as_slice());
            let asked = made.ask(&mut calls, wanted, &origin, (&mut interrupts, io)).await;
            // What came is kept, whatever came after it.
            made.proposals.write(&path)?;
            asked.map(|end| (made, end))
        }
        Err(error) => Err(error),
    };
    interrupts::close(&store, &mut errors, io);
    let (made, end) = done?;
    made.tell(&calls, (&path, &args), io)?;
    if let BatchEnd::Capped { why, .. } | BatchEnd::Failed { why } = &end {
        writeln!(io.err, "stopped: {}; the same command goes on", clean_line(why))?;
        return Ok(Exit::Failed);
    }
    if end == BatchEnd::Stopped {
        return Ok(Exit::Cancelled);
    }
    if made.new == 0 {
        return Ok(Exit::Failed);
    }
    let into = args.data.as_ref().map(|data| io.cwd.join(data));
    match into.filter(|_| stdin().is_terminal() && io.out_is_terminal) {
        Some(into) => review::go_through(made.proposals, (&path, &into), &setup, io),
        None => Ok(Exit::Done),
    }
}

/// Reads rules that a person has written, one on each line, with or without a number.
fn rules_of(file: &Path) -> Result<Vec<String>, Stopped> {
    let none = || Stopped::Usage(format!("there is no file {}", file.display()));
    let text = atomic_file::read(file)?.ok_or_else(none)?;
    let bare = |line: &str| {
        let numbered =
            line.trim().trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ')' | '-' | '*' | ' '));
        numbered.trim().to_owned()
    };
    let rules: Vec<String> = text.lines().map(bare).filter(|line| !line.is_empty()).collect();
    if rules.is_empty() { Err(Stopped::Usage(format!("{} has no rule", file.display()))) } else { Ok(rules) }
}

/// Finds the rows of the newest batch whose answers failed.
async fn failures(
    (setup, store): (&Workspace, &Store),
    (name, named): (&str, &str),
    io: &Io<'_>,
) -> Result<Failures, Stopped> {
    let file = prompts::file(&setup.places, &io.cwd, named)?;
    let path = baselines::path(&setup.places, name, file.as_deref());
    let found = inbox(&setup.places, store, (name, path), None).await?;
    let rows = found.map(|found| found.observed).unwrap_or_default();
    let failed = rows.iter().filter(|row| row.passes() == Some(false));
    let failures: Failures = failed.map(|row| (compared(&row.input), row.answer().to_owned())).collect();
    if failures.is_empty() {
        let named = shell::word(named);
        return Err(Stopped::Usage(format!(
            "no row of the newest batch of `{name}` failed: `retort batch {named} DATA` makes one"
        )));
    }
    Ok(failures)
}

/// Has a model write down the rules of a prompt.
async fn ask_rules(
    calls: &mut CappedCalls<'_>,
    (name, prompt): (&str, &Prompt),
    interrupts: &mut Interrupts,
) -> Result<ProposalHead, Stopped> {
    let CallsEnd { outcomes, end } =
        calls.ask((RULES_RUN, rules_prompt()), vec![rules_input(prompt)], interrupts).await?;
    let Some(outcome) = outcomes.into_iter().flatten().next() else {
        let why = end.why().unwrap_or("it was stopped").to_owned();
        return Err(Stopped::Other(format!("the rules of the prompt were not asked for: {why}")));
    };
    let found = answered(&outcome).and_then(rules);
    let (input, rules) = found.map_err(|why| {
        Stopped::Other(format!("the model wrote down no rules ({why}); write them yourself, one on each line, and give them with --rules FILE"))
    })?;
    Ok(ProposalHead::new(name, input, rules))
}

/// What was proposed, and what was not taken of it.
struct Made {
    task: RowTask,
    proposals: Proposals,
    known: NearDuplicates,
    coverage: RowCoverage,
    /// What a model is shown of the rows there are.
    rows: Vec<String>,
    new: usize,
    alike: u64,
    /// Why rows were refused, and how many for each reason.
    refused: std::collections::BTreeMap<String, u64>,
    /// Why answers were of no use, likewise.
    useless: std::collections::BTreeMap<String, u64>,
}

impl Made {
    fn begin(prompt: &Prompt, head: ProposalHead, present: Option<Proposals>, rows: &[DatasetRow]) -> Self {
        let mut known = NearDuplicates::default();
        take_examples(&mut known, prompt);
        let mut coverage = RowCoverage::default();
        for row in rows {
            take_row(&mut known, row);
            coverage.take(row);
        }
        let present = present.map(|present| present.rows).unwrap_or_default();
        for row in &present {
            known.take("a proposal", &row.text());
            coverage.take_proposal(row);
        }
        let task = RowTask::new(prompt, head.input.clone(), head.rules.clone());
        Self {
            task,
            proposals: Proposals { head, rows: present },
            known,
            coverage,
            rows: rows.iter().map(|row| compared(&row.input)).collect(),
            new: 0,
            alike: 0,
            refused: std::collections::BTreeMap::new(),
            useless: std::collections::BTreeMap::new(),
        }
    }

    /// Asks until there are as many rows as are wanted, or the rounds or the caps are at their end.
    async fn ask(
        &mut self,
        calls: &mut CappedCalls<'_>,
        (from, wanted, failures): (RowSourceArg, usize, &[(String, String)]),
        origin: &str,
        (interrupts, io): (&mut Interrupts, &mut Io<'_>),
    ) -> Result<BatchEnd, Stopped> {
        for _ in 0..ROUNDS {
            let missing = wanted.saturating_sub(self.new);
            if missing == 0 || calls.calls == 0 {
                break;
            }
            let counted_rows = match from {
                RowSourceArg::Gaps | RowSourceArg::Failures => self.coverage.clone(),
                RowSourceArg::Task => RowCoverage::default(),
            };
            let cells = counted_rows.wanted(&self.task.rules, missing);
            let inputs =
                cells.chunks(ROWS_OF_A_CALL).map(|cells| self.task.input(cells, (&self.rows, failures))).collect();
            writeln!(io.err, "asking for {}", counted(missing as u64, "row"))?;
            let CallsEnd { outcomes, end } = calls.ask((ROWS_RUN, rows_prompt()), inputs, interrupts).await?;
            for outcome in outcomes.iter().flatten() {
                match answered(outcome).and_then(|text| self.task.rows(text, origin)) {
                    Ok(rows) => rows.into_iter().for_each(|row| self.take(row, wanted)),
                    Err(why) => *self.useless.entry(why).or_default() += 1,
                }
            }
            if end != BatchEnd::Complete {
                return Ok(end);
            }
        }
        Ok(BatchEnd::Complete)
    }

    fn take(&mut self, row: Result<crate::dataset::proposals::ProposedRow, String>, wanted: usize) {
        match row {
            Err(why) => *self.refused.entry(why).or_default() += 1,
            Ok(_) if self.new >= wanted => {}
            Ok(row) => {
                if self.known.take("a proposal", &row.text()).is_some() {
                    self.alike += 1;
                    return;
                }
                self.coverage.take_proposal(&row);
                self.rows.insert(0, row.text());
                self.proposals.rows.push(row);
                self.new += 1;
            }
        }
    }

    /// Says what came, what was not taken, what is covered, what it cost, and how to go on.
    fn tell(
        &self,
        calls: &CappedCalls<'_>,
        (path, args): (&Path, &RowsGenerateArgs),
        io: &mut Io<'_>,
    ) -> Result<(), Stopped> {
        review::coverage(&self.proposals.head, &self.coverage, io)?;
        let shown = path.display().to_string();
        writeln!(
            io.err,
            "{} proposed, {}, in {}",
            counted(self.new as u64, "row"),
            calls.used.answers.cost,
            clean_line(&shown)
        )?;
        if self.alike > 0 {
            writeln!(io.err, "{} refused: nearly the same as one there is", counted(self.alike, "row"))?;
        }
        for (why, count) in &self.refused {
            writeln!(io.err, "{} refused: {}", counted(*count, "row"), clean_line(why))?;
        }
        for (why, count) in &self.useless {
            writeln!(io.err, "{} of no use: {}", counted(*count, "answer"), clean_line(why))?;
        }
        let into =
            args.data.as_ref().map_or_else(|| "DATA.jsonl".to_owned(), |data| shell::word(&data.to_string_lossy()));
        writeln!(io.err, "review them: retort rows review {} --into {}", shell::word(&shown), clean_line(&into))?;
        Ok(())
    }
}
