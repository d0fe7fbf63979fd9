//! A bounded queue to a worker thread: what is put in is never waited for, but whoever brings much can tell
//! that the worker is behind, and wait.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::watch;

/// Why something was not put in. It is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotQueued {
    /// The worker is too far behind.
    Full,
    /// The store is closed.
    Closed,
}

/// What a worker finds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Popped<T> {
    /// A piece of work and its weight.
    Piece(T, usize),
    /// Nothing came in time.
    Nothing,
    /// Nothing will come any more.
    Closed,
}

/// How much work waits: pieces, and the bytes they weigh together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) pieces: usize,
    pub(crate) weight: usize,
}

impl Load {
    /// No limit.
    pub(crate) const ANY: Self = Self { pieces: usize::MAX, weight: usize::MAX };
}

/// Work for one thread, in order. It refuses what is beyond `most`, but a first piece may weigh more. From
/// `behind` on the worker counts as behind, until half of that is done.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    state: Mutex<QueueState<T>>,
    changed: Condvar,
    most: Load,
    behind: Load,
    is_behind: watch::Sender<bool>,
    /// Tells which pieces a worker that waits for many is woken for.
    hurries: fn(&T) -> bool,
}

#[derive(Debug)]
struct QueueState<T> {
    pieces: VecDeque<(T, usize)>,
    weight: usize,
    /// How many pieces the worker sleeps for, while it does.
    sleeps_for: Option<usize>,
    closed: bool,
    /// Pieces taken out so far.
    taken: u64,
    /// Everything put in is done; the worker may still be tidying up.
    done: bool,
    /// The worker has ended.
    ended: bool,
}

impl<T> Queue<T> {
    pub(crate) fn new(most: Load, behind: Load) -> Self {
        let state = QueueState {
            pieces: VecDeque::new(),
            weight: 0,
            sleeps_for: None,
            closed: false,
            taken: 0,
            done: false,
            ended: false,
        };
        let is_behind = watch::Sender::new(false);
        Self { state: Mutex::new(state), changed: Condvar::new(), most, behind, is_behind, hurries: |_| true }
    }

    /// Wakes a worker that waits for many pieces only for those that `hurries` names.
    pub(crate) fn hurried_by(self, hurries: fn(&T) -> bool) -> Self {
        Self { hurries, ..self }
    }

    /// Puts a piece in, or says at once why not.
    pub(crate) fn push(&self, piece: T, weight: usize) -> Result<(), NotQueued> {
        self.take_in(piece, weight, self.most)
    }

    /// Puts a piece in however much waits: whoever brings it has waited before.
    pub(crate) fn put(&self, piece: T, weight: usize) -> Result<(), NotQueued> {
        self.take_in(piece, weight, Load::ANY)
    }

    fn take_in(&self, piece: T, weight: usize, most: Load) -> Result<(), NotQueued> {
        let mut state = self.lock();
        if state.closed || state.ended {
            return Err(NotQueued::Closed);
        }
        let heavy = !state.pieces.is_empty() && state.weight.saturating_add(weight) > most.weight;
        if heavy || state.pieces.len() >= most.pieces {
            return Err(NotQueued::Full);
        }
        state.weight = state.weight.saturating_add(weight);
        let hurries = (self.hurries)(&piece);
        state.pieces.push_back((piece, weight));
        self.mark(&state);
        // Waking costs more than all the rest of this.
        let wakes = state.sleeps_for.is_some_and(|many| hurries || state.pieces.len() >= many);
        drop(state);
        if wakes {
            self.changed.notify_all();
        }
        Ok(())
    }

    /// Follows whether the worker is behind.
    pub(crate) fn is_behind(&self) -> watch::Receiver<bool> {
        self.is_behind.subscribe()
    }

    fn mark(&self, state: &QueueState<T>) {
        let Load { pieces, weight } = self.behind;
        let (waiting, heavy) = (state.pieces.len(), state.weight);
        self.is_behind.send_if_modified(|behind| {
            let now =
                if *behind { waiting > pieces / 2 || heavy > weight / 2 } else { waiting >= pieces || heavy >= weight };
            std::mem::replace(behind, now) != now
        });
    }

    /// Takes the next piece out, waiting for one as long as `patience` says.
    pub(crate) fn pop(&self, patience: Duration) -> Popped<T> {
        self.pop_of(1, patience)
    }

    /// Takes the next piece out once so many wait, or one that hurries, or the time is over.
    pub(crate) fn pop_of(&self, many: usize, patience: Duration) -> Popped<T> {
        let mut state = self.lock();
        let hurried = many > 1 && state.pieces.iter().any(|(piece, _)| (self.hurries)(piece));
        if !hurried && state.pieces.len() < many {
            let mut first = state.pieces.len();
            state.sleeps_for = Some(many);
            let sleeps = |state: &mut QueueState<T>| {
                let before = std::mem::replace(&mut first, state.pieces.len());
                let hurried = state.pieces.iter().skip(before).any(|(piece, _)| (self.hurries)(piece));
                !hurried && state.pieces.len() < many && !state.closed
            };
            let waited = self.changed.wait_timeout_while(state, patience, sleeps);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            state.sleeps_for = None;
        }
        match state.pieces.pop_front() {
            Some((piece, weight)) => {
                state.weight = state.weight.saturating_sub(weight);
                state.taken += 1;
                self.mark(&state);
                let watched = state.closed;
                drop(state);
                // Nobody waits for the end of a queue that is open.
                if watched {
                    self.changed.notify_all();
                }
                Popped::Piece(piece, weight)
            }
            None if state.closed => Popped::Closed,
            None => Popped::Nothing,
        }
    }

    /// Takes out what has come already and is wanted, in order, up to so many pieces.
    pub(crate) fn pop_ready(&self, most: usize, wanted: impl Fn(&T) -> bool) -> Vec<(T, usize)> {
        let mut state = self.lock();
        let mut pieces = Vec::new();
        while pieces.len() < most && state.pieces.front().is_some_and(|(piece, _)| wanted(piece)) {
            pieces.extend(state.pieces.pop_front());
        }
        let weight: usize = pieces.iter().map(|(_, weight)| weight).sum();
        state.weight = state.weight.saturating_sub(weight);
        state.taken += pieces.len() as u64;
        self.mark(&state);
        pieces
    }

    /// Lets nothing more in; what is in is still done.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Waits until the worker of a closed queue has ended, as long as it comes on: false if it is not done with
    /// everything and has not taken a further piece for as long as the limit.
    pub(crate) fn ended(&self, limit: Duration) -> bool {
        let mut state = self.lock();
        loop {
            let taken = state.taken;
            let stands = |state: &mut QueueState<T>| !state.ended && state.taken == taken;
            let (next, waited) =
                self.changed.wait_timeout_while(state, limit, stands).unwrap_or_else(PoisonError::into_inner);
            if next.ended || waited.timed_out() {
                return next.ended || next.done;
            }
            state = next;
        }
    }

    /// Notes that everything put in is done.
    pub(crate) fn done(&self) {
        self.lock().done = true;
    }

    /// Notes, when dropped at the worker's end, that nothing more will be done.
    pub(crate) fn end(&self) {
        let mut state = self.lock();
        state.ended = true;
        state.pieces.clear();
        state.weight = 0;
        self.mark(&state);
        drop(state);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, QueueState<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_and_the_rest_comes_in_order() {
        let queue = Queue::new(Load { pieces: 2, weight: 100 }, Load::ANY);
        assert_eq!(queue.push(1, 1000), Ok(()), "a single heavy piece fits");
        assert_eq!(queue.push(2, 1), Err(NotQueued::Full), "no weight is left");
        assert_eq!(queue.pop(Duration::ZERO), Popped::Piece(1, 1000));
        assert_eq!(queue.push(3, 50), Ok(()));
        assert_eq!(queue.push(4, 50), Ok(()));
        assert_eq!(queue.push(5, 0), Err(NotQueued::Full), "no place is left");
        queue.close();
        assert_eq!(queue.push(6, 0), Err(NotQueued::Closed));
        assert_eq!(queue.pop(Duration::ZERO), Popped::Piece(3, 50));
        assert_eq!(queue.pop(Duration::ZERO), Popped::Piece(4, 50));
        assert_eq!(queue.pop(Duration::MAX), Popped::Closed);
        assert!(!queue.ended(Duration::ZERO), "the last piece may still be under way");
        queue.done();
        assert!(queue.ended(Duration::ZERO), "whatever is tidied up after it");
        queue.end();
        assert!(queue.ended(Duration::ZERO));
    }

    #[test]
    fn who_waits_for_many_is_woken_for_what_hurries() {
        let queue = Queue::new(Load::ANY, Load::ANY).hurried_by(|piece| *piece == 9);
        queue.push(1, 0).unwrap();
        assert_eq!(queue.pop_of(3, Duration::ZERO), Popped::Piece(1, 0), "what there is when the time is over");
        let woken_by = |pieces: &[u32]| {
            std::thread::scope(|scope| {
                let worker = scope.spawn(|| queue.pop_of(3, Duration::MAX));
                for piece in pieces {
                    queue.push(*piece, 0).unwrap();
                }
                worker.join().unwrap()
            })
        };
        assert_eq!(woken_by(&[1, 2, 3]), Popped::Piece(1, 0), "as many as it waits for");
        assert_eq!(queue.pop_ready(3, |_| true), [(2, 0), (3, 0)]);
        assert_eq!(woken_by(&[1, 9]), Popped::Piece(1, 0), "one that hurries");
        assert_eq!(queue.pop_of(3, Duration::MAX), Popped::Piece(9, 0), "it does not wait any more either");
    }

    #[test]
    fn it_is_behind_from_its_mark_on_until_half_of_that_is_done() {
        let queue = Queue::new(Load { pieces: 4, weight: 100 }, Load { pieces: 4, weight: 50 });
        let behind = queue.is_behind();
        for piece in 1..=4 {
            assert!(!*behind.borrow(), "{piece}");
            queue.push(piece, 1).unwrap();
        }
        assert!(*behind.borrow());
        assert_eq!(queue.push(5, 1), Err(NotQueued::Full));
        assert_eq!(queue.put(5, 1), Ok(()), "what has waited is taken all the same");
        queue.pop_ready(2, |_| true);
        assert!(*behind.borrow(), "three are more than half");
        queue.pop(Duration::ZERO);
        assert!(!*behind.borrow());
        queue.put(6, 60).unwrap();
        assert!(*behind.borrow(), "by weight");
        queue.end();
        assert!(!*behind.borrow(), "nobody waits for a worker that has ended");
    }
}
