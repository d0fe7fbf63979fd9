//! What holds of a run, how it came out and how sure its costs are, in the bits of one number.

use crate::model::{Cost, PicoDollars, RunStatus};

/// What holds of a run or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flag {
    TokensEstimated = 1,
    TokensPartial = 2,
    Cached = 4,
    Demo = 8,
    FellBack = 16,
    Pinned = 32,
    Graded = 64,
    /// Somebody said whether it is right.
    Weighed = 128,
    Right = 256,
    /// It is the run of a judge.
    Judge = 512,
    JudgingEstimated = 1024,
    JudgingPartial = 2048,
}

/// How a run came out stands above the flags.
const STATUS: u32 = 16;

/// The flags that say how a run came out.
pub(super) const STATUS_MASK: i64 = 7 << STATUS;

/// Writes how a run came out as flags.
pub(super) fn status_flags(status: RunStatus) -> i64 {
    let place = RunStatus::ALL.iter().position(|known| *known == status).unwrap_or(0);
    i64::try_from(place).unwrap_or(0) << STATUS
}

/// Reads how a run came out off its flags.
pub(super) fn status_of(flags: i64) -> RunStatus {
    let place = usize::try_from((flags & STATUS_MASK) >> STATUS).unwrap_or(0);
    RunStatus::ALL.get(place).copied().unwrap_or_default()
}

/// Where it stands how sure the cost of a run is, and that of its judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CostOf {
    Run = 20,
    Judges = 24,
}

/// How sure a cost can be; 0 of its place is none at all.
const SURENESS: [&str; 4] = ["unknown", "known", "estimated", "at_least"];

/// Writes how sure a cost is as flags.
pub(super) fn cost_flags(of: CostOf, cost: Cost) -> i64 {
    let place = SURENESS.iter().position(|known| *known == cost.sureness()).unwrap_or(0);
    (i64::try_from(place).unwrap_or(0) + 1) << (of as u32)
}

/// Reads a cost off its amount and the flags; none if there is none.
pub(super) fn cost_of(of: CostOf, flags: i64, amount: Option<i64>) -> Option<Cost> {
    let place = usize::try_from((flags >> (of as u32)) & 7).ok()?.checked_sub(1)?;
    Some(Cost::of(amount.map(|amount| PicoDollars(amount.unsigned_abs())), SURENESS.get(place)?))
}

impl Flag {
    /// Puts together those that hold.
    pub(super) fn all(flags: &[(Self, bool)]) -> i64 {
        flags.iter().filter(|(_, holds)| *holds).fold(0, |all, (flag, _)| all | *flag as i64)
    }
}
