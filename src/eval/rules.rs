//! The rules of a prompt as one list: those that follow from `[response]`, then its checks. What each is called, says and
//! takes; how it is switched, removed and filled in; and its verdict among those on an answer.

pub(crate) mod response;

pub use crate::eval::check::form::{FieldError, RuleField};
use crate::{
    eval::{check, check::form as check_form, check_suite::CheckSuite, reason::BadRule, whatif::Threshold},
    model::{Check, CheckKind, Prompt, Quality, ResponseRule, Status, Verdict},
};

/// One rule of a prompt, by where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RulePlace {
    /// Under `[response]`.
    Response(ResponseRule),
    /// A `[[check]]`, counted from 0.
    Check(usize),
}

/// A rule that can be added to a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewRule {
    /// Under `[response]`.
    Response(ResponseRule),
    Check(CheckKind),
}

impl NewRule {
    /// Lists all that can be added to a prompt: a rule under `[response]` only where it is not there.
    #[must_use]
    pub fn all(prompt: &Prompt) -> Vec<Self> {
        let present = list(prompt);
        let own = ResponseRule::ALL.iter().filter(|rule| !present.contains(&RulePlace::Response(**rule)));
        // the implied check of the finish reason comes with the format alone
        let own = own.filter(|rule| !matches!(rule, ResponseRule::Finish));
        let checks = CheckKind::ALL.iter().filter(|kind| **kind != CheckKind::Unsupported);
        checks.map(|kind| Self::Check(*kind)).chain(own.map(|rule| Self::Response(*rule))).collect()
    }

    /// Returns its name as in lists.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Response(rule) => format!("response {}", rule.name()),
            Self::Check(kind) => kind.name().to_owned(),
        }
    }

    /// Says when an answer passes it, without Markdown.
    #[must_use]
    pub fn about(self) -> String {
        match self {
            Self::Response(rule) => rule.about().to_owned(),
            Self::Check(kind) => plain(kind.about()),
        }
    }

    /// Puts it into a prompt with nothing filled in, and returns its place.
    pub fn add_to(self, prompt: &mut Prompt) -> RulePlace {
        match self {
            Self::Response(rule) => {
                prompt.response.off.retain(|off| *off != rule);
                RulePlace::Response(rule)
            }
            Self::Check(kind) => {
                prompt.checks.push(Check::of(kind));
                RulePlace::Check(prompt.checks.len() - 1)
            }
        }
    }
}

/// Takes the marks of Markdown off a sentence: links, code and stress.
fn plain(markdown: &str) -> String {
    let (mut out, mut rest) = (String::new(), markdown);
    while let Some((before, after)) = rest.split_once("](") {
        out.push_str(before);
        rest = after.split_once(')').map_or("", |(_, rest)| rest);
    }
    out.push_str(rest);
    out.replace(['[', '`', '*'], "")
}

/// Lists the rules of a prompt in the order of their verdicts.
#[must_use]
pub fn list(prompt: &Prompt) -> Vec<RulePlace> {
    let format = prompt.format().0;
    let own = ResponseRule::ALL.iter().filter(|rule| response::is_set(**rule, &prompt.response, format));
    let checks = (0..prompt.checks.len()).map(RulePlace::Check);
    own.map(|rule| RulePlace::Response(*rule)).chain(checks).collect()
}

/// Returns the name of a rule, as in its verdicts.
#[must_use]
pub fn name(place: RulePlace, prompt: &Prompt) -> String {
    match place {
        RulePlace::Response(rule) => rule.name().to_owned(),
        RulePlace::Check(at) => prompt.checks.get(at).map(|check| check::rule(check).to_string()).unwrap_or_default(),
    }
}

/// Says a rule in short, without its name: `/confidence ≥ 0.80`.
#[must_use]
pub fn rule_text(place: RulePlace, prompt: &Prompt) -> String {
    match place {
        RulePlace::Response(rule) => response::rule_text(rule, prompt),
        RulePlace::Check(at) => prompt.checks.get(at).map(check_form::rule_text).unwrap_or_default(),
    }
}

/// Returns how much a rule counts in the score.
#[must_use]
pub fn weight(place: RulePlace, prompt: &Prompt) -> f64 {
    match place {
        RulePlace::Response(_) => 1.0,
        RulePlace::Check(at) => prompt.checks.get(at).and_then(|check| check.weight).unwrap_or(1.0),
    }
}

/// Tells whether a rule is applied.
#[must_use]
pub fn is_on(place: RulePlace, prompt: &Prompt) -> bool {
    match place {
        RulePlace::Response(ResponseRule::Finish) => prompt.response.finish,
        RulePlace::Response(rule) => prompt.response.applies(rule),
        RulePlace::Check(at) => prompt.checks.get(at).is_some_and(|check| check.enabled),
    }
}

/// Turns a rule on or off. An error says why that cannot be, and what can.
pub fn switch(place: RulePlace, prompt: &mut Prompt) -> Result<(), &'static str> {
    match place {
        RulePlace::Response(rule) => response::switch(rule, &mut prompt.response),
        RulePlace::Check(at) => {
            let Some(check) = prompt.checks.get_mut(at) else { return Ok(()) };
            check.enabled = !check.enabled;
            Ok(())
        }
    }
}

/// Removes a rule. An error says why that cannot be, and what can.
pub fn remove(place: RulePlace, prompt: &mut Prompt) -> Result<(), &'static str> {
    match place {
        RulePlace::Response(rule) => response::remove(rule, &mut prompt.response),
        RulePlace::Check(at) if at < prompt.checks.len() => {
            prompt.checks.remove(at);
            Ok(())
        }
        RulePlace::Check(_) => Ok(()),
    }
}

/// Lists the lines of the form of a rule.
#[must_use]
pub fn form(place: RulePlace, prompt: &Prompt) -> Vec<RuleField> {
    match place {
        RulePlace::Response(rule) => response::form(rule, &prompt.response),
        RulePlace::Check(at) => prompt.checks.get(at).map(check_form::form).unwrap_or_default(),
    }
}

/// Takes what was filled in over a rule. Texts are read and ranges looked at; whether the rule can be applied
/// [`validate`] tells.
pub fn filled(place: RulePlace, prompt: &Prompt, lines: &[(&'static str, String)]) -> Result<Prompt, Vec<FieldError>> {
    let mut prompt = prompt.clone();
    match place {
        RulePlace::Response(rule) => response::fill(rule, &mut prompt.response, lines)?,
        RulePlace::Check(at) => {
            if let Some(check) = prompt.checks.get_mut(at) {
                *check = check_form::filled(check, lines)?;
            }
        }
    }
    Ok(prompt)
}

/// Tells whether one rule of a prompt can be applied, without the others. An error names the key of a field of its form.
pub fn validate(place: RulePlace, prompt: &Prompt) -> Result<(), FieldError> {
    let keys = form(place, prompt);
    let said = |bad: &BadRule| format!("{} is expected, and there is {}", bad.expected, bad.found);
    let at = |bad: BadRule| {
        let named = keys.iter().find(|field| bad.key.split(['.', '[']).any(|part| part == field.key));
        (named.or(keys.first()).map_or("", |field| field.key), said(&bad))
    };
    match place {
        RulePlace::Response(rule) => {
            if !response::is_set(rule, &prompt.response, prompt.format().0) {
                let missing = keys.first().map_or("", |field| field.key);
                return Err((missing, "it is empty; fill it in".to_owned()));
            }
            CheckSuite::new(&prompt.response, &[]).map(|_| ()).map_err(at)
        }
        RulePlace::Check(place) => {
            let check = prompt.checks.get(place).map(|check| Check { enabled: true, ..check.clone() });
            check.map_or(Ok(()), |check| check::validate(&[check])).map_err(at)
        }
    }
}

/// Tells whether [`validate`] is over at once for a rule.
#[must_use]
pub fn validates_at_once(place: RulePlace, prompt: &Prompt) -> bool {
    match place {
        RulePlace::Response(_) => CheckSuite::compiles_at_once(&prompt.response, []),
        RulePlace::Check(at) => CheckSuite::compiles_at_once(&crate::model::Response::default(), prompt.checks.get(at)),
    }
}

/// Returns a prompt with all its rules on, so that each gets a verdict; but for one that cannot be applied.
#[must_use]
pub fn all_on(prompt: &Prompt) -> Prompt {
    let mut all = prompt.clone();
    (all.response.finish, all.response.off) = (true, Vec::new());
    for (at, check) in all.checks.iter_mut().enumerate() {
        check.enabled = check.enabled || validate(RulePlace::Check(at), prompt).is_ok();
    }
    all
}

/// Finds the verdict of a rule among those on an answer that was judged with [`all_on`] rules: of several verdicts of one
/// rule the first that failed.
#[must_use]
pub fn verdict_of<'a>(place: RulePlace, judged: &Prompt, quality: &'a Quality) -> Option<&'a Verdict> {
    let (own, of_checks) = parts(judged, quality);
    match place {
        RulePlace::Response(rule) => {
            let wanted = response::rule_of(rule)?;
            let mut all = own.iter().filter(|verdict| verdict.rule == wanted);
            let first = all.clone().next();
            all.find(|verdict| verdict.status != Status::Passed).or(first)
        }
        RulePlace::Check(at) => {
            judged.checks.get(at).filter(|check| check.enabled)?;
            let before = judged.checks.iter().take(at).filter(|check| check.enabled).count();
            of_checks.get(before)
        }
    }
}

/// Leaves those verdicts that count in a prompt, of an answer that was judged with [`all_on`] rules.
#[must_use]
pub fn counting(prompt: &Prompt, judged: &Prompt, quality: &Quality) -> Quality {
    let (own, of_checks) = parts(judged, quality);
    let on = |verdict: &&Verdict| {
        response::of_rule(&verdict.rule).is_none_or(|rule| is_on(RulePlace::Response(rule), prompt))
    };
    let applied = judged.checks.iter().zip(&prompt.checks).filter(|(judged, _)| judged.enabled);
    let checks = applied.zip(of_checks).filter(|((_, own), _)| own.enabled).map(|(_, verdict)| verdict);
    let verdicts = own.iter().filter(on).chain(checks).cloned().collect();
    Quality { min_score: prompt.response.min_score, ..Quality::of(verdicts) }
}

/// Parts the verdicts of the response from those of the checks.
fn parts<'a>(judged: &Prompt, quality: &'a Quality) -> (&'a [Verdict], &'a [Verdict]) {
    let checks = judged.checks.iter().filter(|check| check.enabled).count();
    let all = quality.verdicts.as_slice();
    all.split_at_checked(all.len().saturating_sub(checks)).unwrap_or((all, &[]))
}

/// Finds the threshold of a rule that is on, if one can be moved over stored answers; the error says why not.
pub fn threshold_of(place: RulePlace, prompt: &Prompt) -> Result<Threshold, String> {
    let stands = |knob: &Threshold| match (place, knob.key.as_slice()) {
        (RulePlace::Response(ResponseRule::Confidence), [of, key]) => of == "response" && key == "min_confidence",
        (RulePlace::Response(ResponseRule::Completeness), [of, key]) => of == "response" && key == "min_completeness",
        (RulePlace::Check(at), [of, number, _]) => of == "check" && *number == at.to_string(),
        (RulePlace::Response(_) | RulePlace::Check(_), _) => false,
    };
    if !is_on(place, prompt) {
        return Err("it is off: turn it on first".to_owned());
    }
    let known = Threshold::all(prompt).into_iter().find(stands);
    known.ok_or_else(|| format!("{} has no threshold that can be moved", name(place, prompt)))
}

#[cfg(test)]
mod tests;
