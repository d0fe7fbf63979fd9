//! The verdicts on an answer as the rows below it: how many failed, each failure with its reason, what could not run, and
//! what passed in one row.

use ratatui::text::{Line, Span};

use crate::{
    eval::evidence::Conclusion,
    model::{Quality, Rule, Status, Verdict},
    text::{clean_line, format::unit, truncate, width, wrapped_lines},
    widgets::{
        frame::truncated,
        theme::{Role, Theme},
    },
};

/// Rows that the reason of one failure has at most.
const REASON_ROWS: usize = 2;

/// Columns from which on the names of failed checks stand in a column of their own.
const COLUMNS: usize = 40;

/// Writes the verdicts on an answer in at most so many rows of a width. That something failed is never left out; of
/// failures that have no room their number is said, with what `opens` them.
#[must_use]
pub fn verdict_lines(quality: &Quality, wide: usize, rows: usize, opens: &str, theme: Theme) -> Vec<Line<'static>> {
    let span = |text: String, role| Span::styled(text, theme.style(role));
    if rows == 0 {
        return Vec::new();
    }
    let checks = quality.checks();
    let count = |status| checks.iter().filter(|check| check.status == status).count();
    let (failed, unknown, passed) = (count(Status::Failed), count(Status::Inconclusive), count(Status::Passed));
    let failures = quality.worst_first();
    let names = failures.iter().map(|verdict| width(&verdict.rule.to_string())).max().unwrap_or_default();
    // More than there are rows is never written.
    let failures_shown: Vec<Vec<Line<'static>>> =
        failures.iter().take(rows).map(|verdict| failure(verdict, names, wide, theme)).collect();
    let of = |rows: &[Vec<Line<'static>>]| rows.iter().map(Vec::len).sum::<usize>();
    let summed = format!("{} {failed} of {} checks failed", theme.mark(false), checks.len());
    let mut lines = Vec::new();
    if failures.len() > 1 || of(&failures_shown) > rows {
        lines.push(truncated(Line::from(span(summed, Role::Fail)), wide));
    }
    let room = rows - lines.len();
    let all = failures.len() == failures_shown.len() && of(&failures_shown) <= room;
    let mut left = if all { room } else { room.saturating_sub(1) };
    let mut shown = 0;
    for reason in failures_shown {
        let Some(after) = left.checked_sub(reason.len()) else {
            break;
        };
        (left, shown) = (after, shown + 1);
        lines.extend(reason);
    }
    if !all && room > 0 {
        let more = format!("  … {} more, {opens} opens", failures.len() - shown);
        lines.push(truncated(Line::from(span(more, Role::Quiet)), wide));
        left = 0;
    }
    if unknown > 0 && left > 0 {
        lines.push(inconclusive(quality, unknown, wide, theme));
        left -= 1;
    }
    if passed > 0 && left > 0 {
        lines.push(held(quality, passed, failed + unknown > 0, wide, theme));
    }
    lines
}

/// Writes the reason of a failure beside its rule, in two rows at most; `…` ends what is longer.
fn failure(verdict: &Verdict, names: usize, wide: usize, theme: Theme) -> Vec<Line<'static>> {
    let span = |text: String, role| Span::styled(text, theme.style(role));
    let name = clean_line(&verdict.rule.to_string()).as_str().to_owned();
    // Beside a name of many columns nothing would be left of the reason.
    let column = if wide >= COLUMNS { names.min(wide / 3) } else { 0 };
    let name = if column > 0 { truncate(&name, column).into_owned() } else { name };
    let head = format!("{name}{}  ", " ".repeat(column.saturating_sub(width(&name))));
    let indent = if column > 0 { width(&head) } else { 0 };
    let mark = format!("{} ", theme.mark(false));
    let room = wide.saturating_sub(width(&mark) + indent).max(1);
    // What is cut is not cleaned and wrapped first: a reason may quote a long answer.
    let most: String = verdict.reason.chars().take(room * (REASON_ROWS + 1)).collect();
    let reason = if indent > 0 { most } else { format!("{head}{most}") };
    let mut rows = wrapped_lines(&reason, u16::try_from(room).unwrap_or(u16::MAX));
    if rows.len() > REASON_ROWS {
        rows.truncate(REASON_ROWS);
        if let Some(last) = rows.last_mut() {
            *last = truncate(&format!("{last} ……"), room.min(width(last) + 2)).into_owned();
        }
    }
    let lines = rows.into_iter().enumerate().map(|(at, row)| {
        let mark = span(if at == 0 { mark.clone() } else { " ".repeat(width(&mark)) }, Role::Fail);
        let lead = match (at, indent) {
            (0, 1..) => span(head.clone(), Role::Title),
            (_, indent) => Span::raw(" ".repeat(indent)),
        };
        match row.strip_prefix(&name).filter(|_| at == 0 && indent == 0) {
            Some(rest) => Line::from(vec![mark, span(name.clone(), Role::Title), span(rest.to_owned(), Role::Text)]),
            None => Line::from(vec![mark, lead, span(row, Role::Text)]),
        }
    });
    lines.collect()
}

/// Writes the checks that could not run: what kept the first of them, where there is room for that.
fn inconclusive(quality: &Quality, count: usize, wide: usize, theme: Theme) -> Line<'static> {
    let first = quality.inconclusive().next();
    let most = |text: &str| text.chars().take(wide).collect::<String>();
    let text = match first {
        Some(verdict) if count == 1 => format!("○ {} inconclusive: {}", verdict.rule, most(&verdict.reason)),
        Some(verdict) => format!("○ {count} inconclusive: {}: {}", verdict.rule, most(&verdict.reason)),
        None => format!("○ {count} inconclusive"),
    };
    let text = clean_line(&text).as_str().to_owned();
    truncated(Line::from(Span::styled(text, theme.style(Role::Quiet))), wide)
}

/// Writes the checks that passed by name; where that is too long, how many.
fn held(quality: &Quality, count: usize, others: bool, wide: usize, theme: Theme) -> Line<'static> {
    let checks = quality.checks();
    let names: Vec<String> =
        checks.iter().filter(|check| check.status == Status::Passed).map(|check| named(check.first)).collect();
    let listed = names.join("  ");
    let noun = if count == 1 { "check" } else { "checks" };
    let mark = format!("{} ", theme.mark(true));
    let text = if width(&listed) + width(&mark) <= wide {
        listed
    } else if others {
        format!("{count} other {noun} passed")
    } else {
        format!("{count} {noun} passed")
    };
    let line = Line::from(vec![
        Span::styled(mark, theme.style(Role::Pass)),
        Span::styled(clean_line(&text).as_str().to_owned(), theme.style(Role::Text)),
    ]);
    truncated(line, wide)
}

/// Names a check that passed, with what it measured where that is told.
fn named(verdict: &Verdict) -> String {
    let scored = match verdict.rule {
        Rule::Confidence => verdict.score,
        Rule::Format | Rule::Finish | Rule::Schema | Rule::Required | Rule::Completeness | Rule::Check(_) => {
            verdict.credit
        }
    };
    // Of no weight: whether it holds says nothing of the answer.
    let free = if verdict.weight <= 0.0 { " measured" } else { "" };
    let score = scored.map_or_else(String::new, |score| format!(" {}", unit(score)));
    format!("{}{score}{free}", verdict.rule)
}

/// Returns the role of a verdict: that of a pass where B is better, of a failure where it is worse.
#[must_use]
pub fn evidence_role(shown: Conclusion) -> Role {
    match shown {
        Conclusion::Better => Role::Pass,
        Conclusion::Worse => Role::Fail,
        Conclusion::NoDifference => Role::Quiet,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TerminalCaps;

    fn verdict(rule: Rule, mark: Status, reason: &str, score: Option<f64>) -> Verdict {
        Verdict { score, ..Verdict::new(rule, mark, reason) }
    }

    fn shown(verdicts: &[Verdict], wide: usize, rows: usize) -> Vec<String> {
        let quality = Quality::of(verdicts.to_vec());
        let lines = verdict_lines(&quality, wide, rows, "enter", Theme::new(TerminalCaps::default()));
        assert!(lines.len() <= rows && lines.iter().all(|line| line.width() <= wide), "{lines:?}");
        lines.iter().map(|line| line.to_string().trim_end().to_owned()).collect()
    }

    fn failing() -> Vec<Verdict> {
        vec![
            verdict(Rule::Format, Status::Passed, "", None),
            verdict(Rule::Schema, Status::Failed, "/severity: \"urgent\" is not one of 4 allowed values", None),
            verdict(Rule::Required, Status::Passed, "", None),
            verdict(Rule::Required, Status::Passed, "", None),
            verdict(Rule::Confidence, Status::Failed, "0.71 < minimum 0.80", Some(0.71)),
            verdict(Rule::Completeness, Status::Inconclusive, "no field is required", None),
        ]
    }

    #[test]
    fn failures_come_first_then_what_did_not_run_then_what_passed() {
        assert_eq!(
            shown(&failing(), 70, 10),
            [
                "✗ 2 of 5 checks failed",
                "✗ schema      /severity: \"urgent\" is not one of 4 allowed values",
                "✗ confidence  0.71 < minimum 0.80",
                "○ completeness inconclusive: no field is required",
                "✓ format  required",
            ]
        );
    }

    #[test]
    fn that_something_failed_is_said_in_one_row_and_the_rest_goes_first() {
        assert_eq!(shown(&failing(), 70, 1), ["✗ 2 of 5 checks failed"]);
        assert_eq!(shown(&failing(), 70, 2), ["✗ 2 of 5 checks failed", "  … 2 more, enter opens"]);
        let three = shown(&failing(), 70, 3);
        assert!(three[1].starts_with("✗ schema") && three[2].starts_with("✗ confidence"), "{three:?}");
        assert_eq!(shown(&failing()[..2], 70, 1), ["✗ schema  /severity: \"urgent\" is not one of 4 allowed values"]);
    }

    #[test]
    fn a_long_reason_wraps_once_and_ends_in_a_mark() {
        let long = "a reason that goes on and on ".repeat(200);
        let lines = shown(&[verdict(Rule::Schema, Status::Failed, &long, None)], 30, 5);
        assert_eq!(lines.len(), 2);
        assert!(lines[0].starts_with("✗ schema  a reason") && lines[1].ends_with('…'), "{lines:?}");
    }

    #[test]
    fn the_heaviest_failure_comes_first() {
        let check = |name: &str, weight| Verdict {
            weight,
            ..verdict(Rule::Check(name.to_owned()), Status::Failed, "no", None)
        };
        let lines = shown(&[check("light", 1.0), check("heavy", 3.0)], 60, 3);
        assert_eq!(lines[1..], ["✗ heavy  no", "✗ light  no"]);
    }

    #[test]
    fn passed_checks_are_named_or_counted() {
        let check =
            |name: &str, credit| Verdict { credit, ..verdict(Rule::Check(name.to_owned()), Status::Passed, "", None) };
        let free = Verdict { weight: 0.0, ..check("latency", None) };
        assert_eq!(shown(&[check("rouge-n", Some(0.81)), free.clone()], 60, 2), ["✓ rouge-n .81  latency measured"]);
        assert_eq!(shown(&[check("rouge-n", Some(0.81)), free], 20, 2), ["✓ 2 checks passed"]);
        assert_eq!(shown(&[], 20, 2), [""; 0]);
    }
}
