//! One change after the other, each with a key and enter: as `git add -p` asks.

use std::io::{BufRead, stdin};

use crate::{
    cli::{Exit, Io, Stopped, review::heading},
    eval::baseline::{BaselineChange, ReviewDecision, inbox::InboxDecisions},
    model::settings::Places,
    present::baseline::laid_out,
    store::baselines,
    text::{clean_line, diff::rows::rows, truncate},
};

/// Rows of an answer, or of what differs in it, that are shown.
const SHOWN: usize = 40;

/// What is asked under each change.
const KEYS: &str = "a accept, r reject, x flaky, p pin, s skip, A R S all the rest, u undo, q quit: ";

/// What a person types.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    Decide(ReviewDecision),
    /// The same for this one and all that follow; skipped where nothing is decided.
    Rest(Option<ReviewDecision>),
    Skip,
    Undo,
    Quit,
    Unknown,
}

/// Goes through the changes; each decision is written at once.
pub(crate) fn dialog(mut decisions: InboxDecisions, places: &Places, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    writeln!(io.out, "{}: {}", decisions.inbox().prompt, decisions.review().sentence())?;
    let write = |decisions: &InboxDecisions| {
        let inbox = decisions.inbox();
        baselines::write(places, &inbox.path, &inbox.baseline)
    };
    let mut at = 0;
    let mut lines = stdin().lock();
    while let Some(change) = decisions.changes().get(at) {
        show(change, (at + 1, decisions.changes().len()), io)?;
        let Some(answer) = ask(&mut lines, io)? else { break };
        let rest = match answer {
            Answer::Unknown => {
                writeln!(io.out, "type one of the letters, then enter")?;
                continue;
            }
            Answer::Quit | Answer::Rest(None) => break,
            Answer::Undo => {
                let Some(place) = decisions.undo() else {
                    writeln!(io.out, "nothing was decided yet")?;
                    continue;
                };
                at = place;
                write(&decisions)?;
                continue;
            }
            Answer::Skip => {
                at += 1;
                continue;
            }
            Answer::Rest(Some(decision)) => (decision, decisions.changes().len()),
            Answer::Decide(decision) => (decision, at + 1),
        };
        let (decision, end) = rest;
        let refused = decisions.decide(at..end, &decision);
        for (id, why) in &refused {
            writeln!(io.out, "{}: {}", clean_line(id), clean_line(why))?;
        }
        if !refused.is_empty() && end == at + 1 {
            continue;
        }
        write(&decisions)?;
        at = end;
    }
    writeln!(io.out, "{}", decisions.inbox().review().sentence())?;
    Ok(Exit::Done)
}

/// Shows a change: what the row asks, how often it passed, and what is another in the answer.
fn show(change: &BaselineChange, (number, of): (usize, usize), io: &mut Io<'_>) -> Result<(), Stopped> {
    writeln!(io.out, "\n{number} of {of}  {}", clean_line(&heading(change)))?;
    if let Some(why) = change.rejected() {
        writeln!(io.out, "  rejected: {}", clean_line(why))?;
    }
    let width = io.columns.saturating_sub(4).max(20);
    let old = change.before.as_ref().and_then(|line| line.answer.text()).map(laid_out);
    let new = change.now.as_ref().map(|now| laid_out(now.answer()));
    let shown: Vec<String> = match (old, new) {
        (Some(old), Some(new)) if old != new => {
            rows(&old, &new, width).iter().map(|row| row.iter().map(|piece| piece.text.as_str()).collect()).collect()
        }
        (_, Some(only)) | (Some(only), None) => only.lines().map(str::to_owned).collect(),
        (None, None) => Vec::new(),
    };
    for line in shown.iter().take(SHOWN) {
        writeln!(io.out, "  {}", truncate(clean_line(line).as_str(), width))?;
    }
    let more = shown.len().saturating_sub(SHOWN);
    if more > 0 {
        writeln!(io.out, "  and {more} lines more")?;
    }
    Ok(())
}

/// Asks what becomes of a change; none at the end of the input.
fn ask(lines: &mut impl BufRead, io: &mut Io<'_>) -> Result<Option<Answer>, Stopped> {
    write!(io.out, "{KEYS}")?;
    io.out.flush()?;
    let mut typed = String::new();
    if lines.read_line(&mut typed)? == 0 {
        return Ok(None);
    }
    let answer = read(&typed);
    let why = match &answer {
        Answer::Decide(ReviewDecision::Reject(_)) | Answer::Rest(Some(ReviewDecision::Reject(_))) => {
            write!(io.out, "why: ")?;
            io.out.flush()?;
            let mut why = String::new();
            lines.read_line(&mut why)?;
            ReviewDecision::Reject(why.trim().to_owned())
        }
        _ => return Ok(Some(answer)),
    };
    Ok(Some(if matches!(answer, Answer::Rest(_)) { Answer::Rest(Some(why)) } else { Answer::Decide(why) }))
}

/// Reads what was typed before enter.
fn read(typed: &str) -> Answer {
    let reject = || ReviewDecision::Reject(String::new());
    match typed.trim_end_matches(['\n', '\r']) {
        "a" => Answer::Decide(ReviewDecision::Accept),
        "r" => Answer::Decide(reject()),
        "x" => Answer::Decide(ReviewDecision::Flaky),
        "p" => Answer::Decide(ReviewDecision::Pin),
        "s" | " " => Answer::Skip,
        "A" => Answer::Rest(Some(ReviewDecision::Accept)),
        "R" => Answer::Rest(Some(reject())),
        "S" => Answer::Rest(None),
        "u" => Answer::Undo,
        "q" => Answer::Quit,
        _ => Answer::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_read_as_they_are_written() {
        assert_eq!(read("a\r\n"), Answer::Decide(ReviewDecision::Accept));
        assert_eq!(read("A\n"), Answer::Rest(Some(ReviewDecision::Accept)));
        assert_eq!(
            (read(" \n"), read("s\n"), read("\n"), read("yes\n")),
            (Answer::Skip, Answer::Skip, Answer::Unknown, Answer::Unknown)
        );
    }
}
