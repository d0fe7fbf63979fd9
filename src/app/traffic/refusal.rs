//! Why an action of the traffic screen cannot be done now.

use crate::app::{
    action::{
        Action::{Traffic as Own, Verb as On},
        TrafficAction, Verb,
    },
    refusal::{Need, because, nothing},
    traffic::Traffic,
};

/// What each action needs.
pub(crate) const NEEDS: &[Need<Traffic>] = &[
    Need {
        actions: &[On(Verb::Accept), On(Verb::NextPane), On(Verb::PreviousPane)],
        lacks: |traffic| because(traffic.chosen().is_none(), "no call is listed"),
    },
    Need {
        actions: &[On(Verb::Xray), On(Verb::ToBench), Own(TrafficAction::MarkCall), Own(TrafficAction::RowsOfCalls)],
        lacks: |traffic| match traffic.chosen() {
            None => Some("no call is listed"),
            Some(row) => because(row.run().is_none(), "this call is not on record yet, or has no run"),
        },
    },
    Need {
        actions: &[Own(TrafficAction::LetGo), Own(TrafficAction::FailCall)],
        lacks: |traffic| because(!traffic.is_held(), "this call is not held; hold calls with a text first"),
    },
    Need {
        actions: &[Own(TrafficAction::EditCall), Own(TrafficAction::ResendCall)],
        lacks: |traffic| {
            because(
                traffic.chosen_call().is_none(),
                "the request itself is known only of calls that came while this screen was open",
            )
        },
    },
    Need {
        actions: &[Own(TrafficAction::HoldCalls), Own(TrafficAction::FailCalls)],
        lacks: |traffic| because(traffic.problem.is_some(), "no endpoint answers programs"),
    },
    Need { actions: &[On(Verb::Filter), On(Verb::Leave), On(Verb::Refresh)], lacks: nothing },
];
