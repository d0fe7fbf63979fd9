//! Whether what answers state of themselves can be trusted, as it reads: a table of what is stated against what is right, and
//! sentences.

use crate::{
    eval::{
        quality::Rate,
        stats::{Calibration, Interval, NotShown, PrecisionThreshold},
    },
    present::quality_report,
    store::api::StatedAnswers,
    text::format::counted,
};

/// The heads of the table.
pub const HEADING: [&str; 4] = ["STATED", "ANSWERS", "RIGHT # AGAINST STATED |", "RIGHT"];

/// Cells of the bar that stands for all answers of a group.
const BAR: f64 = 20.0;

/// Groups of fewer answers say little.
const FEW: u64 = 5;

/// Writes the table: a row for each stated value, with a diagram unless a screen reader reads it.
#[must_use]
pub fn rows(calibration: &Calibration, plain: bool) -> Vec<Vec<String>> {
    let row = |group: &crate::eval::stats::ConfidenceGroup| {
        let stated = if calibration.by_value {
            format!("{:.2}", group.stated)
        } else {
            format!("{:.2} to {:.2}", group.low, group.high)
        };
        let few = if group.answers < FEW { " few" } else { "" };
        let right = quality_report::rate(Rate::of(group.right, group.answers).as_ref());
        let diagram = if plain { String::new() } else { diagram(group.stated, group.share()) };
        vec![stated, format!("{}{few}", group.answers), diagram, right]
    };
    calibration.groups.iter().map(row).collect()
}

/// Says what was weighed: by what an answer is right, and what was left out.
#[must_use]
pub fn heading(of: &str, by: Option<&str>, calibration: &Calibration, found: &StatedAnswers) -> String {
    let truth = by.unwrap_or("grade");
    let without = by.map_or_else(|| "without a grade".to_owned(), |check| format!("not judged by {check}"));
    format!(
        "{of} by {truth}: {}, {} right; {} {without}, {} state nothing",
        counted(calibration.answers, "answer"),
        calibration.right,
        found.unjudged,
        found.unstated
    )
}

/// Says how far stated and right are apart, how good the statements are, and which threshold gives the wanted precision.
#[must_use]
pub fn sentences(
    calibration: &Calibration,
    wanted: f64,
    threshold: &Result<PrecisionThreshold, NotShown>,
) -> [String; 3] {
    [apart(calibration), brier(calibration), threshold_sentence(wanted, threshold, calibration)]
}

/// Draws how many are right, and where the stated share is.
fn diagram(stated: f64, share: f64) -> String {
    let cell = |share: f64| (share * BAR).round() as usize;
    let (right, mark) = (cell(share), cell(stated).min(BAR as usize - 1));
    (0..BAR as usize)
        .map(|at| {
            if at == mark {
                '|'
            } else if at < right {
                '#'
            } else {
                '.'
            }
        })
        .collect()
}

fn to(interval: Interval) -> String {
    format!("{:.3} to {:.3}", interval.low, interval.high)
}

/// Says how far stated and right are apart, and whether that says anything.
fn apart(calibration: &Calibration) -> String {
    let Calibration { ece, ece_interval, ece_by_chance, answers, .. } = calibration;
    let groups = if calibration.by_value { "stated values" } else { "groups" };
    let verdict = match (calibration.is_off(), calibration.overstated() > 0.0) {
        (false, _) => "no miscalibration is shown",
        (true, true) => "this one is overconfident: it states more than holds",
        (true, false) => "this one is underconfident: it states less than holds",
    };
    format!(
        "calibration error (ECE) {ece:.3} ({}) over {} {groups}; a calibrated model shows up to {ece_by_chance:.3} with {}; {verdict}",
        to(*ece_interval),
        calibration.groups.len(),
        counted(*answers, "answer")
    )
}

fn brier(calibration: &Calibration) -> String {
    let Calibration { brier, brier_interval, reliability, resolution, uncertainty, .. } = calibration;
    let parts = if calibration.by_value { "=" } else { "about" };
    format!(
        "Brier score {brier:.3} ({}) {parts} reliability {reliability:.3} - resolution {resolution:.3} + uncertainty {uncertainty:.3}",
        to(*brier_interval)
    )
}

/// Says which threshold gives the wanted precision, and what it rejects.
fn threshold_sentence(
    wanted: f64,
    threshold: &Result<PrecisionThreshold, NotShown>,
    calibration: &Calibration,
) -> String {
    match threshold {
        Ok(PrecisionThreshold { threshold, kept, kept_right, bound, rejected, rejected_right }) => format!(
            "from {threshold:.2} on {kept_right} of {kept} are right, {bound:.3} at least: precision {wanted} holds; of the \
             {rejected} below, {rejected_right} are right"
        ),
        Err(NotShown { answers, right, needed }) => {
            let needed = needed.map_or_else(String::new, |needed| format!("; about {needed} are needed"));
            let seen = if *answers == calibration.answers { "of all answers" } else { "of the surest" };
            format!("precision {wanted} is not shown for any threshold: {seen}, {right} of {answers} are right{needed}")
        }
    }
}

/// Says why nothing can be weighed, and what to do.
#[must_use]
pub fn missing(found: &StatedAnswers, of: &str, by: Option<&str>) -> String {
    let StatedAnswers { unjudged, unstated, .. } = found;
    match (unjudged, unstated, by) {
        (0, 0, _) => "no answer matches; `retort history QUERY` lists what a query finds".to_owned(),
        (0, _, _) => format!(
            "none of {} has a score of `{of}`; the confidence is read where the prompt's [response] names its place \
             (`confidence = \"/confidence\"`, `min_confidence = 0`), and `retort score` judges stored answers anew",
            counted(*unstated, "answer")
        ),
        (_, _, None) => format!(
            "none of {} that state it is graded; `retort history grade RUN --up` or `--down` says whether one is right, `--by CHECK` \
             takes a check's word",
            counted(*unjudged, "answer")
        ),
        (_, _, Some(by)) => {
            format!(
                "the check `{by}` decided on none of {}; `retort quality` lists the checks there are",
                counted(*unjudged, "answer")
            )
        }
    }
}
