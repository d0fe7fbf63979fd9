//! Proposed rows, one by one: taken into a data set, edited first, or refused.

use std::{
    io::{BufRead, IsTerminal as _, stdin},
    path::Path,
};

use crate::{
    cli::{Exit, Io, Stopped, args::rows::RowsReviewArgs, text_table},
    dataset::proposals::{ProposalHead, ProposalKind, ProposalState, Proposals, ProposedRow},
    engine::{Workspace, row_proposals::RowCoverage},
    eval::NearDuplicates,
    promptfoo::rows_file::RowsFile,
    text::{clean, clean_line, format::counted, shell, truncate},
};

/// What is asked under each proposal.
const KEYS: &str = "a accept, e edit, x reject, s skip, q quit: ";

/// Goes through a file of proposals, or does what the command line decides.
pub(crate) fn review(args: &RowsReviewArgs, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let setup = io.setup()?;
    let path = io.cwd.join(&args.file);
    let missing =
        || Stopped::Usage(format!("there is no file {}; `retort rows generate PROMPT` makes one", path.display()));
    let mut proposals = Proposals::read(&path)?.ok_or_else(missing)?;
    let into = args.into.as_ref().map(|into| io.cwd.join(into));
    if !args.accept.is_empty() || !args.reject.is_empty() {
        return decide(args, &mut proposals, (&path, into.as_deref()), &setup, io);
    }
    if stdin().is_terminal() && io.out_is_terminal {
        let Some(into) = into else {
            return Err(Stopped::Usage("name the data set that rows are added to: --into DATA.jsonl".to_owned()));
        };
        return go_through(proposals, (&path, &into), &setup, io);
    }
    list(&proposals, io)?;
    let file = shell::word(&args.file.to_string_lossy());
    writeln!(
        io.err,
        "without a terminal to ask at: `retort rows review {} --into DATA.jsonl --accept N…`, `--reject N…`",
        clean_line(&file)
    )?;
    Ok(Exit::Done)
}

fn list(proposals: &Proposals, io: &mut Io<'_>) -> Result<(), Stopped> {
    let open = proposals.rows.iter().zip(1..).filter(|(row, _)| row.state == ProposalState::Open);
    let rows: Vec<Vec<String>> = open
        .map(|(row, number): (&ProposedRow, usize)| {
            let rule = proposals.head.rules.iter().position(|rule| *rule == row.rule);
            let rule = rule.map_or_else(|| "-".to_owned(), |at| (at + 1).to_string());
            vec![
                number.to_string(),
                rule,
                row.kind.word().to_owned(),
                truncate(clean_line(&row.text()).as_str(), 70).into_owned(),
                truncate(clean_line(row.proposed.as_deref().unwrap_or_default()).as_str(), 40).into_owned(),
            ]
        })
        .collect();
    if rows.is_empty() {
        writeln!(io.err, "no proposal is open")?;
        return Ok(());
    }
    Ok(text_table::print(io, &["NR", "RULE", "KIND", "ROW", "PROPOSED"], &rows)?)
}

/// Takes and refuses proposals by their numbers; nothing is written where one of them is wrong.
fn decide(
    args: &RowsReviewArgs,
    proposals: &mut Proposals,
    (path, into): (&Path, Option<&Path>),
    setup: &Workspace,
    io: &mut Io<'_>,
) -> Result<Exit, Stopped> {
    let numbers = args.accept.iter().map(|number| (*number, ProposalState::Accepted));
    let numbers = numbers.chain(args.reject.iter().map(|number| (*number, ProposalState::Rejected)));
    let mut taken = Vec::new();
    for (number, state) in numbers {
        let row = number.checked_sub(1).and_then(|at| proposals.rows.get_mut(at));
        let Some(row) = row.filter(|row| row.state == ProposalState::Open) else {
            return Err(Stopped::Usage(format!(
                "no open proposal has the number {number}; they are listed without --accept"
            )));
        };
        row.state = state;
        if state == ProposalState::Accepted {
            taken.push(row.row(args.with_expected));
        }
    }
    if let Some(into) = into {
        let file = RowsFile::open(into, setup.settings.intake)?;
        file.add(&taken)?;
        writeln!(io.err, "{} added to {}", counted(taken.len() as u64, "row"), file.shown())?;
    }
    proposals.write(path)?;
    if !args.reject.is_empty() {
        writeln!(io.err, "{} refused", counted(args.reject.len() as u64, "proposal"))?;
    }
    Ok(Exit::Done)
}

/// Goes through the open proposals; each decision is written at once.
pub(crate) fn go_through(
    mut proposals: Proposals,
    (path, into): (&Path, &Path),
    setup: &Workspace,
    io: &mut Io<'_>,
) -> Result<Exit, Stopped> {
    let file = RowsFile::open(into, setup.settings.intake)?;
    let mut known = NearDuplicates::default();
    file.know(&mut known);
    let mut coverage = RowCoverage::default();
    file.rows.iter().for_each(|row| coverage.take(row));
    let open = |row: &&ProposedRow| row.state == ProposalState::Open;
    let of = proposals.rows.iter().filter(open).count();
    let (mut lines, mut number) = (stdin().lock(), 0);
    let mut at = 0;
    while at < proposals.rows.len() {
        let Some(row) = proposals.rows.get_mut(at).filter(|row| row.state == ProposalState::Open) else {
            at += 1;
            continue;
        };
        number += 1;
        show(row, (number, of), io)?;
        let Some(typed) = line(&mut lines, KEYS, io)? else { break };
        match typed.trim_end() {
            "a" => {
                let expected = row.proposed.is_some()
                    && line(&mut lines, "expect the proposed answer? [y/N] ", io)?
                        .is_some_and(|typed| typed.trim() == "y");
                if let Some(other) = known.take("a row taken here", &row.text()) {
                    writeln!(io.out, "it is nearly the same as {}", clean_line(&other.of))?;
                    number -= 1;
                    continue;
                }
                file.add(&[row.row(expected)])?;
                coverage.take_proposal(row);
                row.state = ProposalState::Accepted;
            }
            "e" => {
                edit(row, &mut lines, io)?;
                number -= 1;
                proposals.write(path)?;
                continue;
            }
            "x" => row.state = ProposalState::Rejected,
            "s" | "" => {}
            "q" => break,
            _ => {
                writeln!(io.out, "type one of the letters, then enter")?;
                number -= 1;
                continue;
            }
        }
        proposals.write(path)?;
        at += 1;
    }
    self::coverage(&proposals.head, &coverage, io)?;
    Ok(Exit::Done)
}

fn show(row: &ProposedRow, (number, of): (usize, usize), io: &mut Io<'_>) -> Result<(), Stopped> {
    writeln!(io.out, "\n{number} of {of}  {}: {}", row.kind.word(), clean_line(&row.rule))?;
    if !row.why.is_empty() {
        writeln!(io.out, "  {}", clean_line(&row.why))?;
    }
    if !row.input.text.is_empty() || row.input.vars.is_empty() {
        writeln!(io.out, "  input: {}", clean(&row.input.text).as_str())?;
    }
    for (name, value) in &row.input.vars {
        writeln!(io.out, "  {}: {}", clean_line(name), clean(value).as_str())?;
    }
    if let Some(answer) = &row.proposed {
        writeln!(io.out, "  proposed answer: {}", clean(answer).as_str())?;
    }
    Ok(())
}

/// Has a person write each value anew; an empty line leaves it as it is.
fn edit(row: &mut ProposedRow, lines: &mut impl BufRead, io: &mut Io<'_>) -> Result<(), Stopped> {
    let anew = |lines: &mut _, name: &str, io: &mut Io<'_>| -> Result<Option<String>, Stopped> {
        let typed = line(lines, &format!("{name} (enter leaves it): "), io)?;
        Ok(typed.map(|typed| typed.trim_end_matches(['\n', '\r']).to_owned()).filter(|typed| !typed.is_empty()))
    };
    if let Some(text) = anew(lines, "input", io)? {
        row.input.text = text;
    }
    let names: Vec<String> = row.input.vars.keys().cloned().collect();
    for name in names {
        if let Some(text) = anew(lines, clean_line(&name).as_str(), io)? {
            row.input.vars.insert(name, text.into());
        }
    }
    // It is a person's by now, too.
    if !row.origin.ends_with(", edited") {
        row.origin.push_str(", edited");
    }
    Ok(())
}

/// Asks for a line; none at the end of the input.
fn line(lines: &mut impl BufRead, question: &str, io: &mut Io<'_>) -> Result<Option<String>, Stopped> {
    write!(io.out, "{question}")?;
    io.out.flush()?;
    let mut typed = String::new();
    Ok((lines.read_line(&mut typed)? > 0).then_some(typed))
}

/// Prints how many rows there are of each rule and kind.
pub(crate) fn coverage(head: &ProposalHead, coverage: &RowCoverage, io: &mut Io<'_>) -> Result<(), Stopped> {
    let rows: Vec<Vec<String>> = head
        .rules
        .iter()
        .zip(1..)
        .map(|(rule, number): (&String, usize)| {
            let counts = ProposalKind::ALL.map(|kind| match coverage.count(rule, kind) {
                0 => "-".to_owned(),
                count => count.to_string(),
            });
            let mut row = vec![number.to_string()];
            row.extend(counts);
            row.push(truncate(clean_line(rule).as_str(), 70).into_owned());
            row
        })
        .collect();
    let gaps = rows.iter().flatten().filter(|cell| *cell == "-").count() as u64;
    let heading = ["NR", "PLAIN", "EDGE", "VIOLATING", "INJECTION", "EMPTY", "RULE"];
    text_table::print(io, &heading, &rows)?;
    writeln!(io.out, "{} without a row", counted(gaps, "kind"))?;
    Ok(())
}
