//! Cases of servers that are slow, silent or gone: each runs into a timer of its own.

use retort::model::{Timer, Wire};

use super::{ALL, Play, Row, broken, retried, rows as case};
use crate::{
    suite::proof::{
        played::late,
        wires::{keep_alive, says, stream_head},
    },
    support::server::{Step, chunk},
};

pub(crate) fn rows() -> Vec<Vec<Row>> {
    let hi = |kind| silent([stream_head(kind), chunk(says(kind, "Hi"))].concat());
    let drip = |kind: Wire| Step::Drip(chunk(keep_alive(kind)));
    let first_token = retried(late(Timer::FirstToken), 2);
    vec![
        case(34, "keep-alives without end, before text", ALL, first_token, |kind| {
            silent(stream_head(kind)).then(drip(kind))
        }),
        case(34, "keep-alives without end, after text", ALL, broken(late(Timer::Progress), "Hi"), |kind| {
            hi(kind).then(drip(kind))
        }),
        case(34, "a byte at a time, never an event", ALL, broken(late(Timer::Progress), "Hi"), |kind| {
            hi(kind).then(Step::Drip(chunk(" ")))
        }),
        case(35, "no response at all", ALL, retried(late(Timer::FirstByte), 3), |_| silent([]).then(Step::Stall)),
        case(35, "headers, then silence", ALL, first_token, |kind| silent(stream_head(kind)).then(Step::Stall)),
        case(36, "silence after text", ALL, broken(late(Timer::Idle), "Hi"), |kind| hi(kind).then(Step::Stall)),
    ]
}

fn silent(bytes: impl Into<Vec<u8>>) -> Play {
    Play { silent: true, ..Play::bytes(bytes) }
}
