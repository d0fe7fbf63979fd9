//! Percentiles of sorted values, and which of them so few values can tell.

/// Returns the nearest-rank percentile of sorted values: the least that a share of them (from 0 to 1) stays within.
#[must_use]
pub fn percentile<T: Copy>(sorted: &[T], share: f64) -> Option<T> {
    let place = usize::try_from(rank(sorted.len() as u64, share)).ok()?;
    sorted.get(place.checked_sub(1)?).copied()
}

/// Returns the nearest rank of a share (from 0 to 1) among so many sorted values, counted from 1; 0 among none.
#[must_use]
pub fn rank(values: u64, share: f64) -> u64 {
    ((share.clamp(0.0, 1.0) * values as f64).ceil() as u64).clamp(values.min(1), values)
}

/// Returns the nearest rank of a share where so many values say something of it: one above the median that is the
/// largest value says nothing, as that of 95 in 100 among less than twenty, and 99 in 100 among less than a hundred.
#[must_use]
pub fn telling_rank(values: u64, share: f64) -> Option<u64> {
    let rank = rank(values, share);
    (rank > 0 && (share <= 0.5 || share >= 1.0 || rank < values)).then_some(rank)
}
