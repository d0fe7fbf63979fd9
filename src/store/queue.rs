//! A bounded queue to a worker thread: what is put in is never waited for.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Why something was not put in. It is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// The worker is too far behind.
    Full,
    /// The store is closed.
    Closed,
}

/// What a worker finds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Popped<T> {
    /// A piece of work and its weight.
    Piece(T, usize),
    /// Nothing came in time.
    Nothing,
    /// Nothing will come any more.
    Closed,
}

/// Work for one thread, in order. It holds `most` pieces at a time, and of large ones as many as
/// weigh `heaviest` bytes together; a single piece may weigh more.
#[derive(Debug)]
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    most: usize,
    heaviest: usize,
}

#[derive(Debug)]
struct State<T> {
    pieces: VecDeque<(T, usize)>,
    weight: usize,
    closed: bool,
    /// The worker has ended, everything put in is done.
    ended: bool,
}

impl<T> Queue<T> {
    pub(super) fn new(most: usize, heaviest: usize) -> Self {
        let state = State { pieces: VecDeque::new(), weight: 0, closed: false, ended: false };
        Self { state: Mutex::new(state), changed: Condvar::new(), most, heaviest }
    }

    /// Puts a piece in, or says at once why not.
    pub(super) fn push(&self, piece: T, weight: usize) -> Result<(), Refused> {
        let mut state = self.lock();
        if state.closed || state.ended {
            return Err(Refused::Closed);
        }
        let heavy = !state.pieces.is_empty() && state.weight.saturating_add(weight) > self.heaviest;
        if heavy || state.pieces.len() >= self.most {
            return Err(Refused::Full);
        }
        state.weight = state.weight.saturating_add(weight);
        state.pieces.push_back((piece, weight));
        drop(state);
        self.changed.notify_all();
        Ok(())
    }

    /// Takes the next piece out, waiting for one as long as `patience` says.
    pub(super) fn pop(&self, patience: Duration) -> Popped<T> {
        let idle = |state: &mut State<T>| state.pieces.is_empty() && !state.closed;
        let waited = self.changed.wait_timeout_while(self.lock(), patience, idle);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        match state.pieces.pop_front() {
            Some((piece, weight)) => {
                state.weight = state.weight.saturating_sub(weight);
                Popped::Piece(piece, weight)
            }
            None if state.closed => Popped::Closed,
            None => Popped::Nothing,
        }
    }

    /// Takes out what has come already and is wanted, in order, up to so many pieces.
    pub(super) fn pop_ready(&self, most: usize, wanted: impl Fn(&T) -> bool) -> Vec<(T, usize)> {
        let mut state = self.lock();
        let mut taken = Vec::new();
        while taken.len() < most && state.pieces.front().is_some_and(|(piece, _)| wanted(piece)) {
            taken.extend(state.pieces.pop_front());
        }
        let weight: usize = taken.iter().map(|(_, weight)| weight).sum();
        state.weight = state.weight.saturating_sub(weight);
        taken
    }

    /// Lets nothing more in; what is in is still done.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Waits until the worker of a closed queue has done everything; false if it takes longer.
    pub(super) fn ended(&self, limit: Duration) -> bool {
        let state = self.lock();
        let waited = self.changed.wait_timeout_while(state, limit, |state| !state.ended);
        waited.unwrap_or_else(PoisonError::into_inner).0.ended
    }

    /// Notes, when dropped at the worker's end, that nothing more will be done.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        state.ended = true;
        state.pieces.clear();
        drop(state);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_and_the_rest_comes_in_order() {
        let queue = Queue::new(2, 100);
        assert_eq!(queue.push(1, 1000), Ok(()), "a single heavy piece fits");
        assert_eq!(queue.push(2, 1), Err(Refused::Full), "no weight is left");
        assert_eq!(queue.pop(Duration::ZERO), Popped::Piece(1, 1000));
        assert_eq!(queue.push(3, 50), Ok(()));
        assert_eq!(queue.push(4, 50), Ok(()));
        assert_eq!(queue.push(5, 0), Err(Refused::Full), "no place is left");
        queue.close();
        assert_eq!(queue.push(6, 0), Err(Refused::Closed));
        assert_eq!(queue.pop(Duration::ZERO), Popped::Piece(3, 50));
        assert_eq!(queue.pop(Duration::ZERO), Popped::Piece(4, 50));
        assert_eq!(queue.pop(Duration::MAX), Popped::Closed);
        assert!(!queue.ended(Duration::ZERO));
        queue.end();
        assert!(queue.ended(Duration::ZERO));
    }
}
