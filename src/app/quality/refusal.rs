//! Why an action of the quality screen cannot be done now.

use jiff::tz::TimeZone;

use crate::app::{
    action::{
        Action::{Quality as Own, Verb as On},
        QualityAction, Verb,
    },
    quality::{Grouping, QualityPane, QualityScreen},
    refusal::{Need, because, nothing},
};

/// What each action needs.
pub(crate) const NEEDS: &[Need<QualityScreen>] = &[
    Need {
        actions: &[On(Verb::Copy), On(Verb::Sort), On(Verb::TurnSort), On(Verb::OnlyFailed), On(Verb::OnlyErrors)],
        lacks: |quality| no_report(quality).or_else(|| no_runs(quality)),
    },
    Need {
        actions: &[Own(QualityAction::Calibrate)],
        lacks: |quality| no_report(quality).or_else(|| no_runs(quality)),
    },
    Need {
        actions: &[On(Verb::Baseline)],
        lacks: |quality| {
            let is_of_runs = matches!(quality.lines.kind, Grouping::Runs(_));
            no_report(quality).or_else(|| no_runs(quality)).or_else(|| {
                because(!is_of_runs, "a baseline is a line by model, provider, prompt, version or parameters")
            })
        },
    },
    Need {
        actions: &[On(Verb::NextPane), On(Verb::PreviousPane), On(Verb::ScoreRuns)],
        lacks: |quality| if quality.what_if.is_some() { None } else { no_runs(quality) },
    },
    Need {
        actions: &[On(Verb::ToBench)],
        lacks: |quality| match &quality.what_if {
            Some(view) => because(view.run().is_none(), "no run is under the cursor"),
            None => no_line(quality),
        },
    },
    Need {
        actions: &[On(Verb::Accept)],
        lacks: |quality| if quality.what_if.is_some() { None } else { no_line(quality) },
    },
    Need {
        actions: &[Own(QualityAction::NextFlip), Own(QualityAction::PreviousFlip), Own(QualityAction::WriteThreshold)],
        lacks: |quality| match &quality.what_if {
            None => Some("open the what-if first"),
            Some(view) => because(view.read().is_none(), "there is no threshold to move"),
        },
    },
    Need {
        actions: &[
            On(Verb::Leave),
            On(Verb::Refresh),
            On(Verb::Filter),
            On(Verb::ExportRuns),
            Own(QualityAction::WhatIf),
        ],
        lacks: nothing,
    },
];

/// What is of the report lacks it behind the what-if.
fn no_report(quality: &QualityScreen) -> Option<&'static str> {
    because(quality.what_if.is_some(), "it works in the report; leave the what-if first")
}

fn no_runs(quality: &QualityScreen) -> Option<&'static str> {
    let empty = quality.report.as_deref().is_none_or(|report| report.runs == 0);
    because(empty, if quality.loading() { "the runs are being read" } else { "no run is counted here" })
}

/// What goes on to the runs of the line under the cursor lacks those of some lines.
fn no_line(quality: &QualityScreen) -> Option<&'static str> {
    let why = match quality.part {
        QualityPane::Report => "no prompt has two versions to compare",
        QualityPane::Trend => "no run is in this stretch",
        QualityPane::Lines => "no filter finds the runs of this",
    };
    no_runs(quality).or_else(|| because(quality.filters(&TimeZone::UTC).is_none(), why))
}
