//! `retort calibrate`: whether what answers state of themselves can be trusted, and which threshold gives a wanted precision.

use serde::Serialize;

use crate::{
    cli::{Exit, Io, Stopped, args::CalibrateArgs, interrupts::CLOSING, text_table},
    eval::{
        evidence::SEED,
        stats::{Calibration, NotShown, PrecisionThreshold, SplitMix, precision_threshold},
    },
    present::calibration,
    store::api::{StoreReply, StoreRequest},
};

/// The line that `--json` writes.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct CalibrationLine<'a> {
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
    let query = io.query(&args.query.join(" "))?;
    let store = io.setup()?.store();
    let request =
        StoreRequest::StatedAnswers { query: Box::new(query), stated: args.of.clone(), truth: args.by.clone() };
    let answer = store.ask(request).await;
    store.close(CLOSING)?;
    let StoreReply::Stated(found) = answer? else {
        return Err(Stopped::Other("the record answered another question".to_owned()));
    };
    let Some(weighed) = Calibration::of(&found.answers, &mut SplitMix::new(SEED)) else {
        return Err(Stopped::Other(calibration::missing(&found, &args.of, args.by.as_deref())));
    };
    let threshold = precision_threshold(&found.answers, args.precision);
    if args.json {
        let line = CalibrationLine {
            of: &args.of,
            by: args.by.as_deref(),
            unjudged: found.unjudged,
            unstated: found.unstated,
            miscalibrated: weighed.is_off(),
            calibration: &weighed,
            precision: args.precision,
            threshold: threshold.as_ref().ok(),
            not_shown: threshold.as_ref().err(),
        };
        writeln!(io.out, "{}", crate::text::json::to_line(&line)?)?;
        return Ok(Exit::Done);
    }
    writeln!(io.out, "{}\n", calibration::heading(&args.of, args.by.as_deref(), &weighed, &found))?;
    text_table::print(io, &calibration::HEADING, &calibration::rows(&weighed, io.plain))?;
    writeln!(io.out)?;
    for sentence in calibration::sentences(&weighed, args.precision, &threshold) {
        writeln!(io.out, "{sentence}")?;
    }
    Ok(Exit::Done)
}
