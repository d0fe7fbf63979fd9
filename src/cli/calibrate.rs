//! `retort calibrate`: whether what answers state of themselves can be trusted, and which threshold gives a wanted precision.

use jiff::Zoned;
use serde::Serialize;

use crate::{
    cli::{Exit, Io, Stopped, args::CalibrateArgs, interrupts::CLOSING, text_table},
    eval::{
        evidence::SEED,
        quality::Rate,
        stats::{Calibration, Interval, NotShown, PrecisionThreshold, SplitMix, precision_threshold},
    },
    model::query::Query,
    present::quality_report,
    store::api::{StatedAnswers, StoreReply, StoreRequest},
    text::format::counted,
};

/// Cells of the bar that stands for all answers of a group.
const BAR: f64 = 20.0;

/// Groups of fewer answers say little.
const FEW: u64 = 5;

/// The line that `--json` writes.
#[derive(Serialize)]
struct CalibrationLine<'a> {
    of: &'a str,
    by: Option<&'a str>,
    unjudged: u64,
    unstated: u64,
    #[serde(flatten)]
    calibration: &'a Calibration,
    miscalibrated: bool,
    precision: f64,
    threshold: Option<&'a PrecisionThreshold>,
    not_shown: Option<&'a NotShown>,
}

/// Weighs what the answers of a query state against what is right of them.
pub(crate) async fn calibrate(args: CalibrateArgs, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let query = Query::parse(&args.query.join(" "), &Zoned::now()).map_err(|bad| Stopped::Usage(bad.to_string()))?;
    let store = io.setup()?.store();
    let request =
        StoreRequest::StatedAnswers { query: Box::new(query), stated: args.of.clone(), truth: args.by.clone() };
    let answer = store.ask(request).await;
    store.close(CLOSING)?;
    let StoreReply::Stated(found) = answer? else {
        return Err(Stopped::Other("the record answered another question".to_owned()));
    };
    let Some(calibration) = Calibration::of(&found.answers, &mut SplitMix::new(SEED)) else {
        return Err(Stopped::Other(missing(&found, &args)));
    };
    let threshold = precision_threshold(&found.answers, args.precision);
    if args.json {
        let line = CalibrationLine {
            of: &args.of,
            by: args.by.as_deref(),
            unjudged: found.unjudged,
            unstated: found.unstated,
            miscalibrated: calibration.is_off(),
            calibration: &calibration,
            precision: args.precision,
            threshold: threshold.as_ref().ok(),
            not_shown: threshold.as_ref().err(),
        };
        writeln!(io.out, "{}", crate::text::json::to_line(&line)?)?;
        return Ok(Exit::Done);
    }
    let truth = args.by.as_deref().unwrap_or("grade");
    writeln!(
        io.out,
        "{} by {truth}: {}, {} right; {} without a {truth}, {} state nothing\n",
        args.of,
        counted(calibration.answers, "answer"),
        calibration.right,
        found.unjudged,
        found.unstated
    )?;
    let rows: Vec<Vec<String>> = calibration
        .groups
        .iter()
        .map(|group| {
            let stated = if calibration.by_value {
                format!("{:.2}", group.stated)
            } else {
                format!("{:.2} to {:.2}", group.low, group.high)
            };
            let few = if group.answers < FEW { " few" } else { "" };
            let right = quality_report::rate(Rate::of(group.right, group.answers).as_ref());
            vec![stated, format!("{}{few}", group.answers), diagram(group.stated, group.share(), io.plain), right]
        })
        .collect();
    text_table::print(io, &["STATED", "ANSWERS", "RIGHT # AGAINST STATED |", "RIGHT"], &rows)?;
    writeln!(io.out)?;
    for sentence in
        [apart(&calibration), brier(&calibration), threshold_sentence(args.precision, &threshold, &calibration)]
    {
        writeln!(io.out, "{sentence}")?;
    }
    Ok(Exit::Done)
}

/// Draws how many are right, and where the stated share is.
fn diagram(stated: f64, share: f64, plain: bool) -> String {
    if plain {
        return String::new();
    }
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
        (false, _) => "no miscalibration shown",
        (true, true) => "overconfident: it states more than holds",
        (true, false) => "underconfident: it states less than holds",
    };
    format!(
        "calibration error (ECE) {ece:.3} ({}) over {} {groups}; a calibrated model shows up to {ece_by_chance:.3} with {}: {verdict}",
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
fn missing(found: &StatedAnswers, args: &CalibrateArgs) -> String {
    let StatedAnswers { unjudged, unstated, .. } = found;
    let of = &args.of;
    match (unjudged, unstated, &args.by) {
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
