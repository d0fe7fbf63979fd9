//! The cells of batches on record, read a page at a time: those of the one that is opened, of the one that it is compared with,
//! of one whose answers were judged again; what the rows in sight say, and which rows hold a text.

use crate::{
    app::{
        ask,
        batch::{
            Batches, ListPurpose, Page,
            baseline::BatchBaseline,
            cell_reading::{BaselineReading, CellReading, reserve},
            grid::Grid,
            grid_view::Only,
            run_state::{BatchState, ShownBatch},
            setup::{SetupForm, request},
            text_search::TextSearch,
        },
        context::Cx,
        intent::OnBench,
        notices::Tone,
        overlays::batch_ending::BatchEnding,
    },
    model::{BatchId, CellIndex, batch::BatchLimits, error::StoreError},
    store::api::{CellRow, FoundRows, StoredRow},
};

/// Cells that are read at once.
pub(crate) const CELLS: usize = 4096;

/// Rows whose texts are read at once.
const ROWS: usize = 64;

/// Cells that are looked at for a text at once.
const LOOKED: usize = 2048;

impl ShownBatch {
    /// Says why what is of all its cells cannot be had, where not all are here.
    pub(crate) fn why_not_whole(&self) -> Option<&'static str> {
        let reading = self.reading.as_ref()?;
        Some(if reading.stopped {
            "only a part of its cells was read: open it again to read all"
        } else {
            "its cells are still being read"
        })
    }

    /// Stops what is being read of cells. Tells whether anything was.
    pub(crate) fn stop_reading(&mut self) -> bool {
        let own = self.reading.as_mut().filter(|reading| !reading.stopped);
        let stopped = own.is_some();
        if let Some(reading) = own {
            reading.stopped = true;
        }
        self.joining.take().is_some() || stopped
    }
}

impl Batches {
    /// Names what is read next.
    fn next_reading(&mut self) -> u64 {
        self.readings += 1;
        self.readings
    }

    /// Counts the cells of a batch in the list; 0 where it is not there.
    fn cells_of(&self, batch: BatchId) -> u64 {
        self.entries.iter().find(|entry| entry.id == batch).map_or(0, |entry| entry.cells)
    }

    /// Opens the chosen batch in the session of the bench, or takes it as the baseline.
    pub(crate) fn pick_batch(&mut self, bench: &OnBench, cx: &mut Cx<'_, Self>) {
        let chosen = self.list.chosen().map(|item| item.value);
        let Some(entry) = chosen.and_then(|at| self.entries.get(at)).cloned() else {
            return;
        };
        if entry.cells > u64::from(u32::MAX) {
            let why = "this batch has more cells than the table can hold, 4,294,967,295; the same `retort batch` with --out FILE writes them all";
            return cx.say(Tone::Error, why);
        }
        let (id, spec) = (entry.id, entry.spec.clone());
        match self.list_for {
            ListPurpose::Comparing => self.join(id, format!("{} {}", spec.name, id.short()), true, cx),
            ListPurpose::Opening => {
                let calls = cx.shared.settings.batch.concurrency;
                // What it was set up with is kept beside it: what has to be reached, and what it is compared with.
                let (gates, against) = SetupForm::kept_gates(&spec, &bench.setups);
                let ending = Some(BatchEnding::of_entry(&entry, cx.shared.now.time));
                let request = request(spec, calls, BatchLimits::default(), &bench.session);
                let mut opened =
                    ShownBatch { id: Some(id), gates, ending, ..ShownBatch::new(request, BatchState::Record) };
                opened.grid.put_on_record();
                reserve(&mut opened.grid, entry.cells);
                let number = self.next_reading();
                let reading = CellReading { number, again: false, read: 0, of: entry.cells, stopped: false };
                opened.reading = Some(reading);
                let against = against.filter(|(other, _)| *other != id);
                let joining = against.map(|which| (which.0, self.joining(which, &opened.grid, false)));
                let joins = joining.as_ref().map(|(other, joining)| (*other, joining.number));
                opened.joining = joining.map(|(_, joining)| Box::new(joining));
                cx.ask(ask::cells(id, None, CELLS), (number, Box::new(opened)), Self::batch_opened);
                if let Some((other, number)) = joins {
                    cx.ask(ask::cells(other, None, CELLS), number, Self::baseline_read);
                }
            }
        }
    }

    /// Shows a batch from the record whose first cells were read.
    fn batch_opened(
        &mut self,
        (number, opened): (u64, Box<ShownBatch>),
        cells: Result<Vec<CellRow>, StoreError>,
        cx: &mut Cx<'_, Self>,
    ) {
        if cells.is_ok() {
            if self.busy() {
                return;
            }
            self.shown = Some(*opened);
            self.page = Page::Table;
        }
        match cells {
            Ok(cells) => self.cells_read(number, Ok(cells), cx),
            Err(error) => cx.say(Tone::Error, &error.message),
        }
        if let Some(shown) = self.shown.as_mut().filter(|shown| shown.reading.is_some()) {
            shown.show_worst();
        }
    }

    /// Takes a page of the cells of the batch on the screen in, and asks for the next one.
    fn cells_read(&mut self, number: u64, cells: Result<Vec<CellRow>, StoreError>, cx: &mut Cx<'_, Self>) {
        let Some(shown) = &mut self.shown else { return };
        let own = shown.reading.as_mut().filter(|reading| reading.number == number && !reading.stopped);
        let Some((reading, batch)) = own.zip(shown.id) else { return };
        let cells = match cells {
            Ok(cells) => cells,
            Err(error) => {
                reading.stopped = true;
                return cx.say(Tone::Error, &error.message);
            }
        };
        reading.read += cells.len() as u64;
        reading.of = reading.of.max(reading.read);
        let again = reading.again;
        let (is_last, after) = (cells.len() < CELLS, cells.last().map(|row| row.cell.place));
        for CellRow { cell, .. } in cells {
            if !again || shown.grid.run_of(cell.place) == Some(cell.run) {
                shown.fill(cell);
            }
        }
        if !is_last {
            return cx.ask(ask::cells(batch, after, CELLS), number, Self::cells_read);
        }
        shown.reading = None;
        shown.expire_figures();
        if !again {
            // Nobody is taken away from where they look.
            if shown.table.at() == 0 {
                shown.show_worst();
            } else {
                shown.table.hurry();
            }
            return;
        }
        shown.table.hurry();
        // What is said of the cell that is looked at is read with it.
        if let Some(detail) = shown.detail.take().filter(|_| shown.zoomed) {
            self.open_place(detail.place, cx);
        }
    }

    /// Begins to read what a batch is compared with.
    fn joining(&mut self, which: (BatchId, String), compared: &Grid, tells: bool) -> BaselineReading {
        let of = self.cells_of(which.0);
        let mut baseline = BatchBaseline::new(which, compared);
        reserve(&mut baseline.grid, of);
        BaselineReading { number: self.next_reading(), baseline, tells, read: 0, of }
    }

    /// Compares the batch on the screen with another one, once its cells are read; `tells` what came out otherwise then.
    pub(crate) fn join(&mut self, batch: BatchId, name: String, tells: bool, cx: &mut Cx<'_, Self>) {
        let Some(shown) = self.shown.take() else { return };
        let joining = self.joining((batch, name), &shown.grid, tells);
        let number = joining.number;
        self.shown = Some(ShownBatch { joining: Some(Box::new(joining)), ..shown });
        if tells {
            self.page = Page::Table;
        }
        cx.ask(ask::cells(batch, None, CELLS), number, Self::baseline_read);
    }

    /// Takes a page of the cells in that the batch on the screen is compared with, and asks for the next one.
    fn baseline_read(&mut self, number: u64, cells: Result<Vec<CellRow>, StoreError>, cx: &mut Cx<'_, Self>) {
        let Some(shown) = &mut self.shown else { return };
        let Some(mut joining) = shown.joining.take_if(|joining| joining.number == number) else { return };
        let cells = match cells {
            Ok(cells) => cells,
            Err(error) => return cx.say(Tone::Error, &error.message),
        };
        joining.read += cells.len() as u64;
        joining.of = joining.of.max(joining.read);
        let (is_last, after) = (cells.len() < CELLS, cells.last().map(|row| row.cell.place));
        for row in cells {
            joining.baseline.take(row.cell);
        }
        if !is_last {
            let batch = joining.baseline.id;
            shown.joining = Some(joining);
            return cx.ask(ask::cells(batch, after, CELLS), number, Self::baseline_read);
        }
        let BaselineReading { baseline, tells, .. } = *joining;
        shown.expire_figures();
        let name = baseline.name.clone();
        let changed = if tells { shown.grid.count_changed(&baseline.grid) } else { 0 };
        shown.baseline = Some(baseline);
        if !tells {
            return;
        }
        (shown.look.only, shown.look.chosen) = (if changed > 0 { Only::Changed } else { Only::All }, true);
        shown.table.hurry();
        let says = match changed {
            0 => format!("no cell came out otherwise than in {name}"),
            1 => format!("1 cell came out otherwise than in {name}"),
            n => format!("{n} cells came out otherwise than in {name}"),
        };
        cx.say(Tone::Info, &says);
    }

    /// Reads the cells of the batch on the screen anew, and those of the one that it is compared with: their answers were
    /// judged again.
    pub(crate) fn read_cells_anew(&mut self, cx: &mut Cx<'_, Self>) {
        let number = self.next_reading();
        let Some(shown) = &mut self.shown else { return };
        // What is not whole is not begun again.
        if let Some(id) = shown.id.filter(|_| shown.reading.is_none()) {
            shown.leave_what_if();
            shown.expire_figures();
            let of = shown.grid.counts().done;
            shown.reading = Some(CellReading { number, again: true, read: 0, of, stopped: false });
            cx.ask(ask::cells(id, None, CELLS), number, Self::cells_read);
        }
        let baseline = shown.baseline.as_ref().map(|baseline| (baseline.id, baseline.name.clone()));
        if let Some((id, name)) = baseline {
            self.join(id, name, false, cx);
        }
    }

    /// Asks what the rows in sight say, where that is on record and not at hand.
    pub(crate) fn ask_rows(&mut self, cx: &mut Cx<'_, Self>) {
        let Some(shown) = self.shown.as_mut().filter(|_| self.page == Page::Table) else { return };
        let seen: Vec<usize> = shown.table.seen().map(|(at, _)| at).collect();
        shown.grid.look_at(&seen);
        let Some(batch) = shown.id.filter(|_| !self.asks_rows && seen.iter().any(|at| shown.grid.lacks_text(*at)))
        else {
            return;
        };
        // Those that will be in sight next come along.
        let top = shown.table.top();
        let lacking = shown.table.rows(top..top.saturating_add(ROWS.max(seen.len())));
        let lacking: Vec<u64> =
            lacking.filter(|at| shown.grid.lacks_text(*at)).filter_map(|at| shown.grid.number(at)).collect();
        shown.grid.request(&lacking);
        self.asks_rows = true;
        cx.ask(ask::cell_texts(batch, lacking), batch, Self::rows_read);
    }

    fn rows_read(&mut self, batch: BatchId, rows: Result<Vec<StoredRow>, StoreError>, cx: &mut Cx<'_, Self>) {
        self.asks_rows = false;
        match (rows, self.shown.as_mut().filter(|shown| shown.id == Some(batch))) {
            (Ok(rows), Some(shown)) => rows.iter().for_each(|row| shown.grid.read(row)),
            (Ok(_), None) => {}
            (Err(error), _) => cx.say(Tone::Error, &error.message),
        }
    }
}

impl ShownBatch {
    /// Searches what is at hand for the text that is wanted by now. Tells whether the record is to be asked as well.
    fn search_at_hand(&mut self) -> bool {
        let Some(wanted) = self.look.wanted() else {
            self.search = None;
            return false;
        };
        if let Some(search) = self.search.as_ref().filter(|search| search.wanted == wanted) {
            return !search.is_over;
        }
        let mut search = TextSearch { wanted, is_over: self.grid.has_all_texts(), ..TextSearch::default() };
        if search.is_over {
            let found = (0..self.grid.len()).filter(|at| self.grid.holds(*at, &search.wanted));
            search.found = found.filter_map(|at| self.grid.number(at)).collect();
        }
        let asks = !search.is_over;
        self.search = Some(search);
        asks
    }
}

impl Batches {
    /// Goes on with the search for a text, if one is under way.
    pub(crate) fn search(&mut self, cx: &mut Cx<'_, Self>) {
        let Some(shown) = self.shown.as_mut().filter(|_| self.page == Page::Table) else { return };
        let asks = shown.search_at_hand() && self.looking_for.is_none();
        let Some((batch, search)) = shown.id.zip(shown.search.as_ref()).filter(|_| asks) else { return };
        let wanted = search.wanted.clone();
        self.looking_for = Some(wanted.clone());
        let after = search.last;
        cx.ask(ask::find_rows(batch, wanted, after, LOOKED), (batch, after), Self::rows_found);
    }

    fn rows_found(
        &mut self,
        (batch, after): (BatchId, Option<CellIndex>),
        found: Result<FoundRows, StoreError>,
        cx: &mut Cx<'_, Self>,
    ) {
        let Some(wanted) = self.looking_for.take() else { return };
        let Some(shown) = self.shown.as_mut().filter(|shown| shown.id == Some(batch)) else { return };
        // Another text is wanted by now, or the same from the first cell on.
        let is_next = |search: &&mut TextSearch| search.wanted == wanted && search.last == after;
        let Some(search) = shown.search.as_mut().filter(is_next) else { return };
        match found {
            Ok(found) => {
                search.looked += found.looked;
                (search.last, search.is_over) = (found.last, found.last.is_none());
                let (had, has) = (search.found.len(), !found.rows.is_empty());
                search.found.extend(&found.rows);
                // The first ones are shown at once, and all of them at the end.
                if search.is_over || (has && had == 0) {
                    shown.table.hurry();
                } else if has {
                    shown.table.touch();
                }
            }
            Err(error) => {
                search.is_over = true;
                cx.say(Tone::Error, &error.message);
            }
        }
    }
}
