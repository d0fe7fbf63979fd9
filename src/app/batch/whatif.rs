//! The what-if of the batch screen: a threshold of its prompt is moved over the finished batch's answers, and cells, rates,
//! gates and verdict are shown as they would come out, before anything is written.
//!
//! While it is moved the table holds the cells as they would come out; what they were is kept here and put back.

use crate::{
    app::{
        ask,
        batch::{
            Batches, Page,
            moved_batch::{ANSWERS, BatchWhatIf, PlacingAnswers},
            reading::CELLS,
            run_state::ShownBatch,
        },
        context::Cx,
        intent::{BatchIntent, Intent, QualityIntent},
        notices::Tone,
        overlays::confirm::threshold_question,
        screen_id::ScreenId,
    },
    eval::whatif::Threshold,
    model::{
        BatchId, RunStatus,
        batch::Cell,
        error::StoreError,
        query::{Filter, Query, What},
    },
    store::api::{CellRow, FoundPrompt, NewThreshold, Points, PromptFile},
};

impl ShownBatch {
    /// Puts the cells back as they are.
    fn put_back(&mut self) {
        if let Some(moving) = self.what_if.as_mut().and_then(|what_if| what_if.moving.as_mut()) {
            moving.put_back(&mut self.grid);
            self.expire_figures();
            self.table.hurry();
        }
    }

    /// Shows the cells as they come out at where the threshold stands: all of a small batch at once, those of a large one a
    /// step at a time.
    fn try_threshold(&mut self) {
        self.put_back();
        self.go_on_with_what_if();
    }

    /// Goes on with what there is to do of the what-if, if there is anything: all of a small batch, a step of a large one.
    pub(crate) fn go_on_with_what_if(&mut self) {
        let Some(what_if) = self.what_if.as_mut().filter(|what_if| what_if.has_work()) else { return };
        if let Some(mut placing) = what_if.reading.placing.take() {
            let is_small = placing.len() <= ANSWERS;
            loop {
                if placing.step(&what_if.reading.places) {
                    what_if.moving = Some(Box::new(placing.moved()));
                    break;
                }
                if !is_small {
                    what_if.reading.placing = Some(placing);
                    return;
                }
            }
            if !is_small {
                return;
            }
        }
        if let Some(moving) = &mut what_if.moving
            && moving.try_on(&mut self.grid)
        {
            self.expire_figures();
            self.table.hurry();
        }
    }

    /// Lists the finished cells of a row's column, with the reason why each fails at where a threshold is moved to.
    pub(crate) fn cells_shown(&self, at: usize, column: usize) -> Vec<Cell> {
        let moving = self.what_if.as_ref().and_then(|what_if| what_if.moving.as_ref());
        let shown = |cell: Cell| {
            let own = moving.filter(|_| cell.status == RunStatus::Failed).zip(self.grid.slot(cell.place));
            match own.and_then(|(moving, slot)| moving.reason(slot)) {
                Some(reason) => Cell { reason: Some(reason), ..cell },
                None => cell,
            }
        };
        self.grid.column(at, column).map(shown).collect()
    }

    /// Leaves the what-if, the cells being as they are. Tells whether it was there.
    pub(crate) fn leave_what_if(&mut self) -> bool {
        self.put_back();
        self.what_if.take().is_some()
    }
}

impl Batches {
    /// Begins to move a threshold over the answers of the batch, or leaves that. Answers of several prompts have no
    /// threshold in common: those are looked at in the quality, where one is chosen.
    pub(crate) fn turn_what_if(&mut self, cx: &mut Cx<'_, Self>) {
        let Some(shown) = &mut self.shown else { return };
        if shown.leave_what_if() {
            return;
        }
        let Some(id) = shown.id else {
            return cx.say(Tone::Info, "No answer of this batch is stored yet");
        };
        if shown.is_busy() || !shown.again.is_empty() {
            return cx.say(Tone::Info, "the batch is under way; its answers are looked at when it has ended");
        }
        if shown.request.spec.prompts.len() > 1 {
            cx.send(Intent::Show(ScreenId::Quality));
            return cx.send(Intent::Quality(QualityIntent::WhatIf(format!("batch:{}", id.short()))));
        }
        if let Some(why) = shown.why_not_whole() {
            return cx.say(Tone::Info, why);
        }
        shown.zoomed = false;
        let (counts, gates) = (shown.grid.counts().by, shown.judged_gates());
        let mut what_if = BatchWhatIf::new("confidence", counts, gates);
        what_if.reading.read.1 = shown.grid.counts().done;
        shown.what_if = Some(Box::new(what_if));
        self.readings += 1;
        if let Some(what_if) = &mut shown.what_if {
            what_if.round = self.readings;
        }
        cx.ask(ask::cells(id, None, CELLS), (id, self.readings), Self::places_read);
    }

    fn places_read(
        &mut self,
        (id, round): (BatchId, u64),
        rows: Result<Vec<CellRow>, StoreError>,
        cx: &mut Cx<'_, Self>,
    ) {
        let Some(shown) = self.shown.as_mut().filter(|shown| shown.id == Some(id)) else { return };
        let Some(what_if) = shown.what_if.as_mut().filter(|what_if| what_if.round == round) else { return };
        let rows = match rows {
            Ok(rows) => rows,
            Err(error) => return self.no_what_if(&error.message, cx),
        };
        let (count, after) = (rows.len(), rows.last().map(|row| row.cell.place));
        let placed = |row: CellRow| Some((row.seq, shown.grid.slot(row.cell.place)?));
        if what_if.reading.places.is_empty() {
            what_if.reading.places.reserve(usize::try_from(what_if.reading.read.1).unwrap_or(count));
        }
        what_if.reading.places.extend(rows.into_iter().filter_map(placed));
        what_if.reading.read.0 += count as u64;
        if count == CELLS {
            cx.ask(ask::cells(id, after, CELLS), (id, round), Self::places_read);
        } else {
            what_if.reading.places.sort_unstable();
            self.ask_points(cx);
        }
    }

    /// Asks for what the threshold sees of the answers.
    fn ask_points(&mut self, cx: &mut Cx<'_, Self>) {
        let Some(shown) = &mut self.shown else { return };
        let (Some(id), Some(what_if)) = (shown.id, &mut shown.what_if) else { return };
        self.readings += 1;
        what_if.round = self.readings;
        let filters = vec![Filter { not: false, what: What::Batch(id.0.simple().to_string()) }];
        let query = Query { filters, ..Query::default() };
        cx.ask(ask::points(query, what_if.rule.clone(), true), what_if.round, Self::points_read);
    }

    /// Says why nothing can be moved, and leaves the batch as it is.
    fn no_what_if(&mut self, why: &str, cx: &mut Cx<'_, Self>) {
        if let Some(shown) = &mut self.shown {
            shown.leave_what_if();
        }
        cx.say(Tone::Info, why);
    }

    fn what_if(&mut self, round: u64) -> Option<&mut BatchWhatIf> {
        self.shown.as_mut()?.what_if.as_deref_mut().filter(|what_if| what_if.round == round)
    }

    fn points_read(&mut self, round: u64, points: Result<Box<Points>, StoreError>, cx: &mut Cx<'_, Self>) {
        let Some(what_if) = self.what_if(round) else { return };
        let points = match points {
            Ok(points) => points,
            Err(error) => return self.no_what_if(&error.message, cx),
        };
        match points.prompts.as_slice() {
            [(Some(name), _)] => {
                let name = name.clone();
                what_if.reading.points = Some(points);
                cx.ask(ask::prompt_file(name), round, Self::prompt_file_read);
            }
            [(None, _)] => self.take_points(*points, None, cx),
            _ => self.no_what_if("no answer of this batch was judged", cx),
        }
    }

    fn prompt_file_read(&mut self, round: u64, file: Result<Box<PromptFile>, StoreError>, cx: &mut Cx<'_, Self>) {
        let Some(what_if) = self.what_if(round) else { return };
        match (file, what_if.reading.points.take()) {
            (Ok(file), Some(points)) => self.take_points(*points, file.found, cx),
            (Err(error), _) => self.no_what_if(&error.message, cx),
            (Ok(_), None) => {}
        }
    }

    /// Takes the answers in, with the prompt's file where it has one.
    fn take_points(&mut self, points: Points, found: Option<FoundPrompt>, cx: &mut Cx<'_, Self>) {
        let name = points.prompts.first().and_then(|(name, _)| name.clone()).unwrap_or_default();
        let (file, prompt) = found.map_or((None, points.prompt), |found| (Some(found.path), Some(found.prompt)));
        let Some(prompt) = prompt else {
            return self.no_what_if("the prompt of this batch cannot be read; `retort doctor` says more", cx);
        };
        let Some(shown) = &mut self.shown else { return };
        let Some(what_if) = &mut shown.what_if else { return };
        let knob = match Threshold::find(&prompt, &what_if.rule) {
            Ok(knob) => knob,
            Err(why) => match Threshold::all(&prompt).into_iter().next() {
                // What there is to move instead.
                Some(other) => {
                    what_if.rule = other.rule;
                    return self.ask_points(cx);
                }
                None => return self.no_what_if(&why.to_string(), cx),
            },
        };
        let rules = Threshold::all(&prompt).into_iter().map(|knob| knob.rule).collect();
        let placing = PlacingAnswers::new(knob, (name, file), rules, points.judged);
        shown.put_back();
        if let Some(what_if) = &mut shown.what_if {
            (what_if.moving, what_if.reading.placing) = (None, Some(Box::new(placing)));
        }
        shown.go_on_with_what_if();
    }

    /// Moves the threshold: to the next round value, or to where another answer changes. Tells whether it is moved at all.
    pub(crate) fn move_threshold(&mut self, up: bool, to_change: bool, cx: &mut Cx<'_, Self>) -> bool {
        let Some(shown) = self.shown.as_mut().filter(|_| self.page == Page::Table) else { return false };
        let Some(what_if) = &mut shown.what_if else { return false };
        let Some(moving) = &mut what_if.moving else { return true };
        let went = if to_change { moving.moved.to_change(up) } else { moving.moved.step(up) };
        if went {
            shown.try_threshold();
        } else {
            let says = match (to_change, up) {
                (true, _) => "no further answer changes on this side",
                (false, true) => "nothing was measured above",
                (false, false) => "nothing was measured below",
            };
            cx.say(Tone::Info, says);
        }
        true
    }

    /// Goes to the next threshold of the prompt, or the one before. Tells whether one is moved at all.
    pub(crate) fn next_threshold(&mut self, forward: bool, cx: &mut Cx<'_, Self>) -> bool {
        let Some(what_if) = self.shown.as_mut().and_then(|shown| shown.what_if.as_mut()) else { return false };
        let Some(moving) = &what_if.moving else { return true };
        let count = moving.rules.len();
        let at = moving.rules.iter().position(|rule| *rule == what_if.rule).unwrap_or(0);
        let next = if forward { at + 1 } else { at + count.saturating_sub(1) } % count.max(1);
        if let Some(rule) = moving.rules.get(next).filter(|_| count > 1).cloned() {
            what_if.rule = rule;
            self.ask_points(cx);
        }
        true
    }

    /// Asks whether the threshold is written to the prompt's file.
    pub(crate) fn ask_write(&mut self, cx: &mut Cx<'_, Self>) {
        let moving = self.shown.as_ref().and_then(|shown| shown.what_if.as_ref()?.moving.as_ref());
        let Some(moving) = moving else {
            return cx.say(Tone::Info, "no threshold is moved: what-if moves one");
        };
        let (knob, chosen) = (&moving.moved.knob, moving.moved.chosen);
        let Some(file) = &moving.file else {
            let says = "no file holds this prompt: open a run of it on the bench and save it";
            return cx.say(Tone::Info, says);
        };
        if knob.present == Some(chosen) {
            return cx.say(Tone::Info, "that is the present value; ← and → move it");
        }
        let (text, new) = threshold_question(&moving.prompt, knob, chosen, file);
        cx.confirm(&text, "Write", Intent::Batch(BatchIntent::WriteThreshold(Box::new(new))));
    }

    /// Has the threshold written; the batch is as it is until its answers are judged by it.
    pub(crate) fn write_threshold(&mut self, new: Box<NewThreshold>, cx: &mut Cx<'_, Self>) {
        if let Some(shown) = &mut self.shown {
            shown.leave_what_if();
        }
        cx.send(Intent::Quality(QualityIntent::SetThreshold(new)));
    }
}
