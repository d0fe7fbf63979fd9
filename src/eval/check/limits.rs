//! Checks on the run that gave an answer: how long it took, what it cost, why the model stopped.

use crate::{
    eval::{
        answer::Answer,
        check::{
            CheckResult, Finding,
            field::{CheckField, ValueForm},
            input::CheckInput,
            source::CheckSource,
            spec::{CheckSpec, CheckTest, Export, ImportedValue, VariablePlaces},
            threshold::{Movable, NOTHING_MEASURED, PassingSide, Unit},
        },
        reason::{BadRule, apart, quote},
    },
    model::{Cost, Finish, PicoDollars},
};

pub(crate) const LATENCY: CheckSpec = CheckSpec {
    fields: &[CheckField::Threshold],
    variables: VariablePlaces::Everywhere,
    slow_to_compile: false,
    threshold: Movable::Threshold(PassingSide::AtMost, Unit::Milliseconds, None),
    compile: |source| Ok(Box::new(Limit::Latency(limit(source, "milliseconds")?))),
    imported: ImportedValue::Nothing,
    export: Export::Same,
};

pub(crate) const COST: CheckSpec = CheckSpec {
    fields: &[CheckField::Threshold],
    variables: VariablePlaces::Everywhere,
    slow_to_compile: false,
    threshold: Movable::Threshold(PassingSide::AtMost, Unit::Dollars, None),
    compile: |source| {
        let most = limit(source, "US dollars")?.map(|dollars| PicoDollars((dollars * 1e12).round() as u64));
        Ok(Box::new(Limit::Cost(most)))
    },
    imported: ImportedValue::Nothing,
    export: Export::Same,
};

pub(crate) const FINISH_REASON: CheckSpec = CheckSpec {
    fields: &[CheckField::Value(ValueForm::Choice(&["stop", "length", "content_filter", "tool_calls"]))],
    variables: VariablePlaces::Everywhere,
    slow_to_compile: false,
    threshold: NOTHING_MEASURED,
    compile: |source| Ok(Box::new(Limit::Finish(source.part()?.trim().to_lowercase()))),
    imported: ImportedValue::Text,
    export: Export::Same,
};

/// A limit on a run; none is measured alone.
#[derive(Debug)]
enum Limit {
    /// At most so many milliseconds.
    Latency(Option<f64>),
    /// At most so many US dollars.
    Cost(Option<PicoDollars>),
    /// Stopped for this reason, in lower case.
    Finish(String),
}

/// Reads the limit; without one it can be measured, and never fails: that is what weight 0 says.
fn limit(source: &CheckSource<'_>, unit: &str) -> Result<Option<f64>, BadRule> {
    let check = source.check;
    if check.threshold.is_none() && check.weight == Some(0.0) && !check.kind.not {
        return Ok(None);
    }
    source.threshold(&format!("a number of {unit}, 0 or more"), f64::MAX, None).map(Some)
}

impl CheckTest for Limit {
    fn apply(&self, input: &CheckInput<'_>) -> CheckResult {
        let answer = input.answer;
        match self {
            Self::Latency(limit) => latency(answer, *limit),
            Self::Cost(limit) => cost(answer.cost, *limit),
            Self::Finish(wanted) => finish(answer.finish, wanted),
        }
    }
}

fn latency(answer: &Answer<'_>, limit: Option<f64>) -> CheckResult {
    let Some(took) = answer.latency else {
        return Err("the latency of this run is not known, as for an answer from the cache".to_owned());
    };
    let took = took.as_secs_f64() * 1000.0;
    let fact = match limit {
        None => Finding::new(true, format!("{took:.0} ms")),
        Some(limit) => {
            let holds = took <= limit;
            let (shown, most) = apart(took, limit, 0);
            Finding::new(holds, format!("{shown} ms {} maximum {most} ms", sign(holds)))
        }
    };
    Ok(Finding { score: Some(took), ..fact })
}

fn cost(cost: Cost, limit: Option<PicoDollars>) -> CheckResult {
    let Some(amount) = cost.amount() else {
        return Err("the cost is not known; the model has no price or the provider counts no tokens".to_owned());
    };
    let fact = match limit {
        None => Finding::new(true, cost.to_string()),
        Some(limit) => {
            let holds = amount <= limit;
            if holds && matches!(cost, Cost::AtLeast(_)) {
                return Err(format!("the cost is only known to be {cost}"));
            }
            // Not rounded as an estimate is elsewhere: it stands beside its limit.
            let mark = match cost {
                Cost::Estimated(PicoDollars(1..)) => "~",
                Cost::AtLeast(_) => "≥",
                Cost::Estimated(PicoDollars(0)) | Cost::Known(_) | Cost::Unknown => "",
            };
            Finding::new(holds, format!("{mark}{amount} {} maximum {limit}", sign(holds)))
        }
    };
    Ok(Finding { score: Some(amount.dollars()), ..fact })
}

fn sign(holds: bool) -> &'static str {
    if holds { "≤" } else { ">" }
}

/// Compares the reason. `length` is a full context window as well, and `content_filter` a model
/// that declined, as promptfoo has them.
fn finish(finish: Option<&Finish>, wanted: &str) -> CheckResult {
    let stopped = match finish {
        None | Some(Finish::Unknown) => return Err("the provider gave no reason why the model stopped".to_owned()),
        Some(finish) => finish,
    };
    let also = match stopped {
        Finish::ContextWindow => Some("length"),
        Finish::Refusal => Some("content_filter"),
        _ => None,
    };
    let reason = stopped.to_string();
    let holds = reason.to_lowercase() == wanted || also == Some(wanted);
    let words = format!("the model stopped for {}", quote(&reason));
    Ok(Finding::new(holds, if holds { words } else { format!("{words}, not {}", quote(wanted)) }))
}
