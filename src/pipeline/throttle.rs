//! How fast an account is asked after it has refused calls: what is under way, and how soon the next one follows.
//!
//! Nothing holds a call back until the account refuses one. From then on each answer lets one call follow, and some more
//! try whether the account takes them, so that a limit is kept to whether it counts calls at once, in a minute, or tokens.
//! What is under way shrinks to what was plainly taken, and grows with what is answered. Refusals that concern single
//! requests, as those asked again are answered and new ones are not, slow nothing down.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use crate::pipeline::timeouts::after;

/// Calls a second that are made beyond what answers let follow, at least.
const LEAST: f64 = 2.0;

/// What is tried beyond that, as a share of the answers a second: after a refusal, and by how much it grows with each
/// answer, up to as many again.
const SHARE: f64 = 0.2;
const SHARE_GROWS: f64 = 1.2;
const SHARE_MOST: f64 = 1.0;

/// What may be under way does not shrink below so many unless fewer were plainly taken.
const FLOOR: f64 = 4.0;

/// Answers that the rate is taken from: those of the last two seconds, and eight at least.
const SEEN: usize = 8;
const LATELY: Duration = Duration::from_secs(2);

/// Answers and refusals that are remembered to tell whether refusals concern single requests.
const REMEMBERED: f64 = 64.0;

/// A wait of at least so long that the server asks for, and refusals without an answer for so long, are the account's.
pub(crate) const LONG: Duration = Duration::from_secs(3);

/// The longest that an account rests between two trials that no server's word asks for.
const LONGEST_REST: Duration = Duration::from_secs(60);

/// How many were answered and refused.
#[derive(Debug, Clone, Copy, Default)]
struct AnsweredShare {
    answered: f64,
    refused: f64,
}

impl AnsweredShare {
    fn of(self) -> f64 {
        (self.answered + 0.1) / (self.answered + self.refused + 0.2)
    }
}

/// Leave to make calls, earned by answers and by time.
#[derive(Debug, Clone, Copy)]
struct Credit {
    calls: f64,
    at: Instant,
    share: f64,
}

/// Refusals since the last answer.
#[derive(Debug, Clone, Copy)]
struct Streak {
    since: Instant,
    /// When the first of those that were refused may be asked again.
    free: Instant,
    /// How often the account was let rest meanwhile.
    rests: u32,
}

/// A call that was refused.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RefusedCall {
    /// What [`Throttle::sent`] said of it.
    pub sent: SentCall,
    /// How long it has to wait before it is asked again.
    pub wait: Duration,
    /// Whether the server said so.
    pub said: bool,
    /// Calls under way beside it.
    pub others: usize,
    /// Those of them that have been under way for longer than refusing this one took, and so were not refused.
    pub taken: usize,
}

/// What has to be known of a call once it has ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SentCall {
    pub at: Instant,
    /// Whether its like was refused before: how often this request was.
    pub refusals: u32,
    /// Refusals that were felt before it was sent.
    epoch: u64,
    /// Calls under way with it.
    under_way: usize,
}

/// How fast an account is asked.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    /// What may be under way, where that is less than what is configured.
    room: Option<f64>,
    credit: Option<Credit>,
    epoch: u64,
    /// Answers since the last refusal that was felt.
    clean: f64,
    /// Seconds that an answer takes.
    latency: f64,
    answers: VecDeque<Instant>,
    /// Requests that were asked for the first time, and those that had been refused.
    first: AnsweredShare,
    again: AnsweredShare,
    streak: Option<Streak>,
}

impl Throttle {
    /// Returns how many calls may be under way, of so many that are configured.
    pub(crate) fn room(&self, most: usize) -> usize {
        // After a rest one call tries whether it is over.
        if self.streak.is_some_and(|streak| streak.rests > 0) {
            return 1;
        }
        self.room.map_or(most, |room| (room as usize).min(most)).max(1)
    }

    /// Returns when the next call may follow, if that is later than now.
    pub(crate) fn next(&self, now: Instant) -> Option<Instant> {
        let credit = self.credit.filter(|_| self.is_held())?;
        let missing = 1.0 - self.calls(credit, now);
        // Rounding must not have it wait for nothing.
        (missing > 1e-6).then(|| after(now, Duration::from_secs_f64(missing / self.speed(credit, now) + 1e-6)))
    }

    /// Tells whether calls follow each other as answers let them.
    pub(crate) fn is_held(&self) -> bool {
        self.credit.is_some() && !self.concerns_requests()
    }

    /// Notes that a call is sent, `under_way` with it.
    pub(crate) fn sent(&mut self, now: Instant, under_way: usize, refusals: u32) -> SentCall {
        if let Some(credit) = self.credit {
            let calls = (self.calls(credit, now) - 1.0).max(0.0);
            self.credit = Some(Credit { calls, at: now, ..credit });
        }
        SentCall { at: now, refusals, epoch: self.epoch, under_way }
    }

    /// Takes in that a call was answered.
    pub(crate) fn answered(&mut self, call: SentCall, most: usize, now: Instant) {
        let took = now.saturating_duration_since(call.at).as_secs_f64();
        self.latency = if self.answers.is_empty() { took } else { self.latency + (took - self.latency) * 0.2 };
        self.streak = None;
        self.clean += 1.0;
        self.count(call, true);
        self.answers.push_back(now);
        let is_late = |at: &Instant| now.saturating_duration_since(*at) > LATELY;
        while self.answers.len() > SEEN && self.answers.front().is_some_and(is_late) {
            self.answers.pop_front();
        }
        if let Some(credit) = self.credit {
            let calls = self.calls(credit, now) + 1.0;
            self.credit = Some(Credit { calls, at: now, share: (credit.share * SHARE_GROWS).min(SHARE_MOST) });
        }
        if let Some(room) = self.room
            && call.under_way * 4 >= self.room(most) * 3
        {
            let grows = if self.concerns_requests() { 1.0 } else { ((self.clean / room).max(1.0) / room).min(1.0) };
            self.room = Some(room + grows).filter(|room| *room < most as f64);
        }
    }

    /// Takes in that a call was refused. Returns until when the account rests, where nothing else is under way and the
    /// refusal is plainly the account's.
    pub(crate) fn refused(&mut self, call: RefusedCall, most: usize, now: Instant) -> Option<Instant> {
        let RefusedCall { sent, wait, said, others, taken } = call;
        self.count(sent, false);
        if sent.epoch == self.epoch && !self.concerns_requests() {
            self.epoch += 1;
            self.clean = 0.0;
            let calls = self.credit.map_or(0.0, |credit| self.calls(credit, now));
            self.credit = Some(Credit { calls, at: now, share: SHARE });
            let room = self.room.unwrap_or(most as f64);
            let least = (taken as f64).max(self.rate(now) * self.latency).max(FLOOR);
            self.room = Some((room / 2.0).max(least)).filter(|room| *room < most as f64);
        }
        let free = after(now, wait);
        let before = self.streak.unwrap_or(Streak { since: now, free, rests: 0 });
        let earliest = if before.free > now { before.free.min(free) } else { free };
        let mut streak = Streak { free: earliest, ..before };
        let for_long = now.saturating_duration_since(streak.since) >= LONG;
        let rests = others == 0 && ((said && wait >= LONG) || for_long);
        let rest = rests.then(|| {
            let own = Duration::from_secs(1_u64.checked_shl(streak.rests).unwrap_or(u64::MAX)).min(LONGEST_REST);
            streak.rests += 1;
            if streak.rests == 1 { streak.free } else { streak.free.max(after(now, own)) }
        });
        self.streak = Some(streak);
        rest
    }

    /// Returns since when every call was refused, if the last one was.
    pub(crate) fn refuses_since(&self) -> Option<Instant> {
        self.streak.map(|streak| streak.since)
    }

    fn count(&mut self, call: SentCall, answered: bool) {
        let share = if call.refusals == 0 { &mut self.first } else { &mut self.again };
        *(if answered { &mut share.answered } else { &mut share.refused }) += 1.0;
        let [first, again] = [self.first, self.again];
        if first.answered + first.refused + again.answered + again.refused > REMEMBERED {
            for share in [&mut self.first, &mut self.again] {
                share.answered /= 2.0;
                share.refused /= 2.0;
            }
        }
    }

    /// Tells whether refusals concern single requests: those asked again are answered, and new ones are not.
    fn concerns_requests(&self) -> bool {
        let again = self.again.of();
        self.again.answered >= 2.0 && again >= 0.35 && again > 2.0 * self.first.of()
    }

    /// Answers a second, lately.
    fn rate(&self, now: Instant) -> f64 {
        match self.answers.front() {
            Some(first) if self.answers.len() >= 3 => {
                let seconds = now.saturating_duration_since(*first).as_secs_f64().max(0.001);
                (self.answers.len() - 1) as f64 / seconds
            }
            _ => 0.0,
        }
    }

    /// Calls a second that may follow without an answer.
    fn speed(&self, credit: Credit, now: Instant) -> f64 {
        LEAST + credit.share * self.rate(now)
    }

    /// Calls that may be made at once: no more than may have been answered together.
    fn calls(&self, credit: Credit, now: Instant) -> f64 {
        let elapsed = now.saturating_duration_since(credit.at).as_secs_f64();
        let most = (self.rate(now) * self.latency).max(1.0);
        (credit.calls + elapsed * self.speed(credit, now)).min(most)
    }
}
