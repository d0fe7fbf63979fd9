//! Rows whose answers are compared with each other: each cell waits, once it is answered, for the others of its row and
//! sample, and one of them asks the judge for all.
//!
//! A row is compared as a whole: where one of its cells is asked, all are, though the cache may answer them. A cell that
//! fails is waited for no longer.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::sync::{Notify, watch};

use crate::{
    eval::{Pick, Rival},
    model::CellIndex,
};

/// What a judge picked among rivals, with who they are.
pub(crate) type Picked = Arc<(Vec<Rival>, Pick)>;

/// The rows under way whose answers are compared, by their numbers and samples.
#[derive(Debug, Default)]
pub(crate) struct Comparisons {
    rows: BTreeMap<(u64, u32), Arc<RowComparison>>,
    /// Cells that wait for others of their rows.
    waiting: Arc<AtomicUsize>,
    /// Tells that a cell begins to wait.
    pub(crate) changed: Arc<Notify>,
}

/// The cells of one row and sample.
#[derive(Debug)]
pub(crate) struct RowComparison {
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct State {
    /// Cells that have not been answered yet.
    awaited: BTreeSet<CellIndex>,
    /// Cells that have not ended.
    open: BTreeSet<CellIndex>,
    /// What was answered, by what it is compared by.
    answers: BTreeMap<String, BTreeMap<CellIndex, Rival>>,
    /// What was picked; none while a cell asks for it.
    picks: BTreeMap<String, Option<Picked>>,
}

/// A cell's part in the comparison of its row.
#[derive(Debug, Clone)]
pub(crate) struct ComparedCell {
    row: Arc<RowComparison>,
    place: CellIndex,
    waiting: Arc<AtomicUsize>,
    waits: Arc<Notify>,
}

/// What a cell does once all answers of its row are there.
pub(crate) enum ComparisonStep {
    /// Another has asked the judge.
    Known(Picked),
    /// It asks the judge itself.
    Asks(PickRequest),
}

/// The cell that asks the judge. Where it is dropped without an answer another one asks.
pub(crate) struct PickRequest {
    row: Arc<RowComparison>,
    key: String,
    pub(crate) rivals: Vec<Rival>,
    told: bool,
}

/// Counts a cell as one that waits, until it is dropped.
struct Waiting(Arc<AtomicUsize>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Comparisons {
    /// Has a cell take part; `cells` are those of its row and sample that are compared.
    pub(crate) fn join(&mut self, place: CellIndex, cells: impl FnOnce() -> BTreeSet<CellIndex>) -> ComparedCell {
        let row = self.rows.entry((place.row, place.sample)).or_insert_with(|| {
            let cells = cells();
            let state = State { open: cells.clone(), awaited: cells, ..State::default() };
            Arc::new(RowComparison { state: Mutex::new(state), changed: watch::Sender::new(()) })
        });
        let (waiting, waits) = (Arc::clone(&self.waiting), Arc::clone(&self.changed));
        ComparedCell { row: Arc::clone(row), place, waiting, waits }
    }

    /// Notes that a cell has ended; one that `comes_again` is waited for.
    pub(crate) fn ended(&mut self, place: CellIndex, comes_again: bool) {
        let key = (place.row, place.sample);
        let Some(row) = self.rows.get(&key) else { return };
        let mut state = row.state();
        if comes_again {
            state.awaited.insert(place);
            state.answers.values_mut().for_each(|answers| drop(answers.remove(&place)));
            state.picks.clear();
        } else {
            state.awaited.remove(&place);
            state.open.remove(&place);
        }
        let is_over = state.open.is_empty();
        drop(state);
        row.changed.send_replace(());
        if is_over {
            self.rows.remove(&key);
        }
    }

    /// Counts the cells that wait for others of their rows.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Lists the cells that wait for one that is not under way.
    pub(crate) fn stuck(&self, is_under_way: impl Fn(&CellIndex) -> bool) -> Vec<CellIndex> {
        let stuck = |row: &Arc<RowComparison>| {
            let state = row.state();
            let waits = state.awaited.iter().any(|place| !is_under_way(place));
            let answered = state.open.difference(&state.awaited).copied().filter(|_| waits);
            answered.collect::<Vec<_>>()
        };
        self.rows.values().flat_map(stuck).collect()
    }
}

impl RowComparison {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ComparedCell {
    /// Brings what the cell was answered, for each key that it is compared by.
    pub(crate) fn bring(&self, keys: &[String], rival: &Rival) {
        let mut state = self.row.state();
        for key in keys {
            state.answers.entry(key.clone()).or_default().insert(self.place, rival.clone());
        }
        state.awaited.remove(&self.place);
        drop(state);
        self.row.changed.send_replace(());
    }

    /// Waits until all answers of the row are there, and until what the judge says of them by a key is known, unless nobody
    /// has asked for it.
    pub(crate) async fn turn(&self, key: &str) -> ComparisonStep {
        let mut changed = self.row.changed.subscribe();
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(Arc::clone(&self.waiting));
        self.waits.notify_one();
        loop {
            changed.mark_unchanged();
            if let Some(turn) = self.look(key) {
                return turn;
            }
            if changed.changed().await.is_err() {
                // The row itself holds the sender.
                std::future::pending::<()>().await;
            }
        }
    }

    fn look(&self, key: &str) -> Option<ComparisonStep> {
        let mut state = self.row.state();
        if !state.awaited.is_empty() {
            return None;
        }
        match state.picks.get(key) {
            Some(Some(picked)) => Some(ComparisonStep::Known(Arc::clone(picked))),
            Some(None) => None,
            None => {
                state.picks.insert(key.to_owned(), None);
                let rivals = state.answers.get(key).into_iter().flat_map(BTreeMap::values).cloned().collect();
                Some(ComparisonStep::Asks(PickRequest {
                    row: Arc::clone(&self.row),
                    key: key.to_owned(),
                    rivals,
                    told: false,
                }))
            }
        }
    }
}

impl PickRequest {
    /// Tells the others of the row what the judge picked.
    pub(crate) fn tell(mut self, pick: Pick) -> Picked {
        let picked = Arc::new((std::mem::take(&mut self.rivals), pick));
        self.row.state().picks.insert(self.key.clone(), Some(Arc::clone(&picked)));
        self.told = true;
        self.row.changed.send_replace(());
        picked
    }
}

impl Drop for PickRequest {
    fn drop(&mut self) {
        if !self.told {
            self.row.state().picks.remove(&self.key);
            self.row.changed.send_replace(());
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn place(target: u32) -> CellIndex {
        CellIndex { target, ..CellIndex::default() }
    }

    fn rival(name: &str) -> Rival {
        Rival { name: name.to_owned(), prompt: None, answer: name.to_uppercase(), verdicts: Vec::new() }
    }

    fn three(comparisons: &mut Comparisons) -> [ComparedCell; 3] {
        [0, 1, 2].map(|target| comparisons.join(place(target), || (0..3).map(place).collect()))
    }

    fn names(turn: &ComparisonStep) -> Vec<String> {
        let rivals = match turn {
            ComparisonStep::Asks(asker) => &asker.rivals,
            ComparisonStep::Known(picked) => &picked.0,
        };
        rivals.iter().map(|rival| rival.name.clone()).collect()
    }

    #[test]
    fn one_asks_once_all_answers_are_there_and_the_others_hear_of_it() {
        let mut comparisons = Comparisons::default();
        let [one, two, three] = three(&mut comparisons);
        let key = ["best".to_owned()];
        two.bring(&key, &rival("b"));
        one.bring(&key, &rival("a"));
        assert!(one.turn("best").now_or_never().is_none(), "the third is waited for");
        // The third fails, and is no rival.
        drop(three);
        comparisons.ended(place(2), false);
        let asks = one.turn("best").now_or_never().unwrap();
        assert_eq!(names(&asks), ["a", "b"], "in the order of the cells");
        assert!(two.turn("best").now_or_never().is_none(), "one asks for all");
        // It is stopped: the other asks.
        drop(asks);
        let Some(ComparisonStep::Asks(asker)) = two.turn("best").now_or_never() else { panic!("nobody asks") };
        let choice =
            crate::eval::BestChoice::of(&crate::model::Check::of(crate::model::CheckKind::SelectBest).with("x"));
        let pick = choice.pick(&asker.rivals, &[], "m");
        asker.tell(pick);
        assert!(matches!(one.turn("best").now_or_never(), Some(ComparisonStep::Known(_))));
        assert_eq!(comparisons.waiting(), 0);
        comparisons.ended(place(0), false);
        comparisons.ended(place(1), false);
        assert!(comparisons.rows.is_empty());
    }

    #[test]
    fn those_that_wait_for_a_cell_that_is_not_asked_are_known() {
        let mut comparisons = Comparisons::default();
        let [one, two, _three] = three(&mut comparisons);
        one.bring(&["best".to_owned()], &rival("a"));
        assert_eq!(comparisons.stuck(|_| true), []);
        assert_eq!(comparisons.stuck(|cell| cell.target < 2), [place(0)]);
        // One that is cut off brings its answer anew.
        comparisons.ended(place(0), true);
        two.bring(&["best".to_owned()], &rival("b"));
        assert_eq!(comparisons.stuck(|cell| cell.target == 1), [place(1)]);
        comparisons.ended(place(2), false);
        assert!(two.turn("best").now_or_never().is_none());
        one.bring(&["best".to_owned()], &rival("a2"));
        assert_eq!(names(&two.turn("best").now_or_never().unwrap()), ["a2", "b"]);
    }
}
