//! When to draw: at once if the last frame is old enough, else as soon as it is, and never idly.

use std::time::Duration;

use tokio::time::Instant;

/// The shortest time between two frames: sixty a second.
const INTERVAL: Duration = Duration::from_micros(16_667);

/// Collects wishes for a frame and says when one is due.
#[derive(Debug, Default)]
pub(super) struct FrameClock {
    wanted: Option<Instant>,
    drawn: Option<Instant>,
}

impl FrameClock {
    /// Wishes for a frame at a time, or earlier if one is wished for already.
    pub(super) fn want(&mut self, at: Instant) {
        self.wanted = Some(self.wanted.map_or(at, |known| known.min(at)));
    }

    /// Returns when the next frame is due; none while nobody wants one.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let wanted = self.wanted?;
        Some(self.drawn.map_or(wanted, |drawn| wanted.max(drawn + INTERVAL)))
    }

    /// Tells whether a frame is due.
    pub(super) fn due(&self, now: Instant) -> bool {
        self.deadline().is_some_and(|at| at <= now)
    }

    /// Notes that a frame was drawn, which grants every wish.
    pub(super) fn drawn(&mut self, now: Instant) {
        self.drawn = Some(now);
        self.wanted = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_wishes_are_one_frame_and_none_is_no_frame() {
        let start = Instant::now();
        let mut clock = FrameClock::default();
        assert_eq!(clock.deadline(), None);
        clock.want(start);
        assert!(clock.due(start));
        clock.drawn(start);
        assert_eq!(clock.deadline(), None);
        for tick in 1..100 {
            clock.want(start + Duration::from_micros(tick));
        }
        assert_eq!(clock.deadline(), Some(start + INTERVAL));
        clock.drawn(start + INTERVAL);
        assert!(!clock.due(start + INTERVAL * 100));
    }

    #[test]
    fn a_later_wish_does_not_put_off_an_earlier_one() {
        let start = Instant::now();
        let mut clock = FrameClock::default();
        clock.want(start + Duration::from_secs(1));
        clock.want(start + Duration::from_secs(9));
        assert_eq!(clock.deadline(), Some(start + Duration::from_secs(1)));
    }
}
