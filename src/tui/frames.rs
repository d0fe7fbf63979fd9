//! When to draw: at once if the last frame is old enough, else as soon as it is, and never idly.
//! What a person did is answered sooner than what streams by.

use std::time::Duration;

use tokio::time::Instant;

/// The shortest time between two frames: sixty a second.
const INTERVAL: Duration = Duration::from_micros(16_667);

/// The shortest time before a frame that answers a key: a whole interval would be felt on top of
/// what the key takes to come and the frame to be painted.
const ANSWER: Duration = Duration::from_millis(4);

/// Collects wishes for a frame and says when one is due.
#[derive(Debug, Default)]
pub(super) struct FrameClock {
    wanted: Option<Instant>,
    drawn: Option<Instant>,
    hurried: bool,
}

impl FrameClock {
    /// Wishes for a frame at a time, or earlier if one is wished for already.
    pub(super) fn want(&mut self, at: Instant) {
        self.wanted = Some(self.wanted.map_or(at, |known| known.min(at)));
    }

    /// Notes that the next frame answers a person, if anybody wants one.
    pub(super) fn hurry(&mut self) {
        self.hurried = true;
    }

    /// Returns when the next frame is due; none while nobody wants one.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let wanted = self.wanted?;
        let interval = if self.hurried { ANSWER } else { INTERVAL };
        Some(self.drawn.map_or(wanted, |drawn| wanted.max(drawn + interval)))
    }

    /// Tells whether a frame is due.
    pub(super) fn due(&self, now: Instant) -> bool {
        self.deadline().is_some_and(|at| at <= now)
    }

    /// Notes that a frame was drawn, which grants every wish.
    pub(super) fn drawn(&mut self, now: Instant) {
        self.drawn = Some(now);
        self.wanted = None;
        self.hurried = false;
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
    fn a_key_is_answered_before_the_interval_is_over_and_only_if_it_changed_something() {
        let start = Instant::now();
        let mut clock = FrameClock::default();
        clock.drawn(start);
        clock.hurry();
        assert_eq!(clock.deadline(), None);
        clock.want(start);
        assert_eq!(clock.deadline(), Some(start + ANSWER));
        clock.drawn(start + ANSWER);
        clock.want(start + ANSWER);
        assert_eq!(clock.deadline(), Some(start + ANSWER + INTERVAL));
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
