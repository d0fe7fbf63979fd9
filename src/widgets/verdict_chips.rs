//! Verdicts as a row of chips: what is broken first and with its reason, what holds in a word.

use ratatui::text::Span;

use crate::{
    eval::evidence::Conclusion,
    model::{Quality, Rule, Status, Verdict},
    text::{clean_line, format::unit},
    widgets::{
        frame::FlowItem,
        theme::{Role, Theme},
    },
};

/// The chips of an answer.
#[derive(Debug, Clone, Default)]
pub struct Chips {
    /// One of each broken rule, with its reason.
    pub broken: Vec<FlowItem>,
    /// One of each kind of rule that holds or could not run.
    pub held: Vec<FlowItem>,
}

/// Makes the chips of an answer's verdicts; `json` tells whether the expected form is JSON.
#[must_use]
pub fn chips(quality: &Quality, json: bool, theme: Theme) -> Chips {
    let broken = quality.failures().map(|verdict| broken(verdict, json, theme)).collect();
    let mut held = Vec::new();
    let mut seen: Vec<&Rule> = Vec::new();
    for verdict in &quality.verdicts {
        let other_broken = quality.failures().any(|failed| failed.rule == verdict.rule);
        if other_broken || seen.contains(&&verdict.rule) {
            continue;
        }
        seen.push(&verdict.rule);
        held.push(holds(verdict, json, theme));
    }
    Chips { broken, held }
}

fn broken(verdict: &Verdict, json: bool, theme: Theme) -> FlowItem {
    let name = name(&verdict.rule, json);
    let reason = clean_line(&verdict.reason.replace("minimum ", ""));
    vec![
        Span::styled(format!("{name} "), theme.style(Role::Title)),
        Span::styled(format!("{} ", reason.as_str()), theme.style(Role::Text)),
        Span::styled(theme.mark(false), theme.style(Role::Fail)),
    ]
}

fn holds(verdict: &Verdict, json: bool, theme: Theme) -> FlowItem {
    let mut item = vec![Span::styled(format!("{} ", name(&verdict.rule, json)), theme.style(Role::Text))];
    let scored = match verdict.rule {
        Rule::Confidence => verdict.score,
        _ => verdict.credit.filter(|_| verdict.status != Status::Inconclusive),
    };
    if let Some(score) = scored {
        item.push(Span::styled(format!("{} ", unit(score)), theme.style(Role::Number)));
    }
    item.push(match verdict.status {
        // Of no weight: whether it holds says nothing of the answer.
        Status::Passed if verdict.weight <= 0.0 => Span::styled("measured", theme.style(Role::Quiet)),
        Status::Inconclusive => Span::styled("did not run ○", theme.style(Role::Quiet)),
        Status::Passed | Status::Failed => Span::styled(theme.mark(true), theme.style(Role::Pass)),
    });
    item
}

fn name(rule: &Rule, json: bool) -> String {
    match rule {
        Rule::Format if json => "json".to_owned(),
        Rule::Format => "format".to_owned(),
        Rule::Finish => "finish".to_owned(),
        Rule::Schema => "schema".to_owned(),
        Rule::Required => "fields".to_owned(),
        Rule::Confidence => "conf".to_owned(),
        Rule::Completeness => "full".to_owned(),
        Rule::Check(kind) => kind.clone(),
    }
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
    use crate::{model::TerminalCaps, widgets::frame::flow};

    fn verdict(rule: Rule, mark: Status, reason: &str, score: Option<f64>) -> Verdict {
        Verdict { score, ..Verdict::new(rule, mark, reason) }
    }

    fn shown(verdicts: Vec<Verdict>) -> String {
        let Chips { broken, held } = chips(&Quality::of(verdicts), true, Theme::new(TerminalCaps::default()));
        flow([broken, held].concat(), 200, 1).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_broken_comes_first_with_its_reason() {
        let shown = shown(vec![
            verdict(Rule::Format, Status::Passed, "", None),
            verdict(Rule::Confidence, Status::Failed, "0.55 < minimum 0.70", Some(0.55)),
            verdict(Rule::Required, Status::Passed, "", None),
            verdict(Rule::Required, Status::Passed, "", None),
            verdict(Rule::Completeness, Status::Inconclusive, "", None),
        ]);
        assert_eq!(shown, "conf 0.55 < 0.70 ✗  json ✓  fields ✓  full did not run ○");
    }

    #[test]
    fn a_check_shows_what_it_gives_and_one_of_no_weight_that_it_was_measured() {
        let check =
            |name: &str, credit| Verdict { credit, ..verdict(Rule::Check(name.to_owned()), Status::Passed, "", None) };
        let free = Verdict { weight: 0.0, ..check("latency", None) };
        assert_eq!(shown(vec![check("rouge-n", Some(0.81)), free]), "rouge-n .81 ✓  latency measured");
    }

    #[test]
    fn a_rule_broken_once_never_shows_as_held() {
        let shown = shown(vec![
            verdict(Rule::Required, Status::Passed, "sentiment is there", None),
            verdict(Rule::Required, Status::Failed, "`reason` is missing", None),
            verdict(Rule::Confidence, Status::Passed, "", Some(0.92)),
        ]);
        assert_eq!(shown, "fields `reason` is missing ✗  conf .92 ✓");
    }
}
