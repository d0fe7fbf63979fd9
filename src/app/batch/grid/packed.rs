//! A cell as the grid holds it: all cells of one size, none with a text of its own. A million of them take 64 MB.

use std::{collections::HashMap, time::Duration};

use crate::model::{
    CellIndex, Cost, ModalityTokens, PicoDollars, RunId, RunStatus, batch::Cell, cost::CacheSaving, outcome::Judging,
};

/// How far a cell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CellStage {
    Open,
    Busy,
    /// It is asked again; what is known is of the time before.
    BusyAgain,
    Full,
}

/// The word that a run ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EndCode {
    Done,
    Failed,
    Interrupted,
    Cancelled,
}

impl EndCode {
    const ALL: [Self; 4] = [Self::Done, Self::Failed, Self::Interrupted, Self::Cancelled];

    fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Cancelled => "cancelled",
        }
    }

    fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.word() == word)
    }
}

/// What is held of a cell.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PackedCell {
    run: [u8; 16],
    /// Not a number where there is none.
    score: f64,
    /// In nanoseconds.
    took: u64,
    /// Likewise.
    waited: u64,
    /// In pico-dollars.
    cost: u64,
    /// [`NOBODY`] where nobody counted any.
    tokens: u32,
    /// The rules it failed by, in the [`CellNames`].
    failed: u32,
    /// The class of its error there.
    class: u16,
    flags: u16,
    pub(crate) status: RunStatus,
    end: EndCode,
    pub(crate) stage: CellStage,
}

/// A count of tokens that is none.
const NOBODY: u32 = u32::MAX;

/// What is true of a cell, a bit each.
const CUT_OFF: u16 = 1;
const CACHED: u16 = 1 << 1;
const BATCHED: u16 = 1 << 2;
const ESTIMATED: u16 = 1 << 3;
const PARTIAL: u16 = 1 << 4;
/// It is held whole beside the others, as something of it has no place here.
const ASIDE: u16 = 1 << 5;
/// How sure its cost is, in two bits.
const COST: u32 = 6;

/// What seldom is there, in one place for all cells of a batch that has any of it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CellExtra {
    judges_cost: u64,
    saving: i64,
    judges_tokens: u32,
    /// Tokens of recordings, of pictures, and of recordings that came out.
    modalities: [u32; 3],
    /// Which of it is there: the judges, whether their tokens are estimated and whether there may be more, the saving, and
    /// each of the modalities.
    has: u16,
}

const JUDGED: u16 = 1;
const JUDGES_ESTIMATED: u16 = 1 << 1;
const JUDGES_PARTIAL: u16 = 1 << 2;
const SAVED: u16 = 1 << 3;
const MODALITY: u16 = 1 << 4;
const JUDGES_COST: u32 = 8;

/// What cells have in common: rules that they failed by, classes of errors.
#[derive(Debug, Clone, Default)]
pub(crate) struct CellNames {
    lists: Vec<Vec<String>>,
    at: HashMap<Vec<String>, u32>,
}

impl CellNames {
    /// Returns the number of a list of names; 0 is the one without any.
    pub(crate) fn number(&mut self, names: &[String]) -> u32 {
        if names.is_empty() {
            return 0;
        }
        if let Some(at) = self.at.get(names) {
            return *at;
        }
        self.lists.push(names.to_vec());
        let at = u32::try_from(self.lists.len()).unwrap_or(u32::MAX);
        self.at.insert(names.to_vec(), at);
        at
    }

    pub(crate) fn list(&self, number: u32) -> &[String] {
        let at = (number as usize).checked_sub(1);
        at.and_then(|at| self.lists.get(at)).map_or(&[], Vec::as_slice)
    }
}

fn cost_bits(cost: Cost) -> (u16, u64) {
    match cost {
        Cost::Unknown => (0, 0),
        Cost::Known(amount) => (1, amount.0),
        Cost::Estimated(amount) => (2, amount.0),
        Cost::AtLeast(amount) => (3, amount.0),
    }
}

fn cost_of(bits: u16, amount: u64) -> Cost {
    let amount = PicoDollars(amount);
    match bits & 3 {
        0 => Cost::Unknown,
        1 => Cost::Known(amount),
        2 => Cost::Estimated(amount),
        _ => Cost::AtLeast(amount),
    }
}

fn nanos(length: Duration) -> Option<u64> {
    u64::try_from(length.as_nanos()).ok()
}

/// A count that fits here.
fn small(count: u64) -> Option<u32> {
    u32::try_from(count).ok().filter(|count| *count != NOBODY)
}

impl PackedCell {
    /// One that was not asked.
    pub(crate) const OPEN: Self = Self {
        run: [0; 16],
        score: f64::NAN,
        took: 0,
        waited: 0,
        cost: 0,
        tokens: NOBODY,
        failed: 0,
        class: 0,
        flags: 0,
        status: RunStatus::Cancelled,
        end: EndCode::Cancelled,
        stage: CellStage::Open,
    };

    /// Packs a finished cell. The second is there where something of it has no place in the first; tells as the third
    /// whether both together hold all of it but its texts.
    pub(crate) fn of(cell: &Cell, names: &mut CellNames) -> (Self, Option<CellExtra>, bool) {
        let flag = |is: bool, bit: u16| if is { bit } else { 0 };
        let (cost_bits, cost) = cost_bits(cell.cost);
        let class = cell.class.as_ref().map_or(0, |class| names.number(std::slice::from_ref(class)));
        let (took, waited, end) = (nanos(cell.took), nanos(cell.waited), EndCode::of(&cell.end));
        let (tokens, class_number) = (cell.tokens.map(small), u16::try_from(class).ok());
        let (extra, extra_is_whole) = CellExtra::of(cell);
        let is_whole = took.is_some()
            && waited.is_some()
            && end.is_some()
            && tokens != Some(None)
            && class_number.is_some()
            && !cell.score.is_some_and(f64::is_nan)
            && cell.by_target.is_empty()
            && extra_is_whole;
        let packed = Self {
            run: *cell.run.0.as_bytes(),
            score: cell.score.unwrap_or(f64::NAN),
            took: took.unwrap_or(u64::MAX),
            waited: waited.unwrap_or(u64::MAX),
            cost,
            tokens: tokens.flatten().unwrap_or(NOBODY),
            failed: names.number(&cell.failed),
            class: class_number.unwrap_or(0),
            flags: flag(cell.cut_off, CUT_OFF)
                | flag(cell.cached, CACHED)
                | flag(cell.batched, BATCHED)
                | flag(cell.tokens_estimated, ESTIMATED)
                | flag(cell.tokens_partial, PARTIAL)
                | flag(!is_whole, ASIDE)
                | cost_bits << COST,
            status: cell.status,
            // One of another word is held aside, and has no answer.
            end: end.unwrap_or(EndCode::Interrupted),
            stage: CellStage::Full,
        };
        (packed, extra, is_whole)
    }

    /// Returns the cell, its texts left out.
    pub(crate) fn unpacked(&self, place: CellIndex, extra: Option<&CellExtra>, names: &CellNames) -> Cell {
        let extra = extra.copied().unwrap_or_default();
        Cell {
            place,
            run: self.run(),
            end: self.end.word().to_owned(),
            status: self.status,
            cut_off: self.has(CUT_OFF),
            score: self.score(),
            class: names.list(u32::from(self.class)).first().cloned(),
            cached: self.has(CACHED),
            batched: self.has(BATCHED),
            tokens: (self.tokens != NOBODY).then_some(u64::from(self.tokens)),
            tokens_estimated: self.has(ESTIMATED),
            tokens_partial: self.has(PARTIAL),
            cost: cost_of(self.flags >> COST, self.cost),
            cache_saving: (extra.has & SAVED != 0).then_some(CacheSaving(extra.saving)),
            by_target: Vec::new(),
            modalities: extra.modalities(),
            judging: extra.judging(),
            took: Duration::from_nanos(self.took),
            waited: Duration::from_nanos(self.waited),
            summary: String::new(),
            failed: names.list(self.failed).to_vec(),
            reason: None,
        }
    }

    fn has(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    pub(crate) fn is_aside(&self) -> bool {
        self.has(ASIDE)
    }

    /// Tells whether anything is known of it.
    pub(crate) fn is_known(&self) -> bool {
        matches!(self.stage, CellStage::Full | CellStage::BusyAgain)
    }

    pub(crate) fn run(&self) -> RunId {
        RunId(uuid::Uuid::from_bytes(self.run))
    }

    pub(crate) fn score(&self) -> Option<f64> {
        (!self.score.is_nan()).then_some(self.score)
    }

    /// Returns how long its answer took; none where nobody answered, or nobody knows.
    pub(crate) fn answered_in(&self) -> Option<Duration> {
        (self.end == EndCode::Done && !self.has(BATCHED)).then_some(Duration::from_nanos(self.took))
    }

    /// Returns what its attempts cost, as [`Cell::spent`] says.
    pub(crate) fn cost(&self) -> Cost {
        if self.has(CACHED) { Cost::NOTHING } else { cost_of(self.flags >> COST, self.cost) }
    }

    /// Returns the class of the error that it ended with.
    pub(crate) fn class<'a>(&self, names: &'a CellNames) -> Option<&'a str> {
        names.list(u32::from(self.class)).first().map(String::as_str)
    }

    /// Returns how it was judged.
    pub(crate) fn verdict(&self) -> CellVerdict {
        CellVerdict { status: self.status, failed: self.failed, score: self.score }
    }

    /// Has it be judged otherwise.
    pub(crate) fn judge(&mut self, verdict: CellVerdict) {
        (self.status, self.failed, self.score) = (verdict.status, verdict.failed, verdict.score);
    }
}

/// How a cell was judged, to be put back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CellVerdict {
    pub(crate) status: RunStatus,
    pub(crate) failed: u32,
    /// Not a number where there is none.
    pub(crate) score: f64,
}

impl CellExtra {
    /// Takes out of a cell what it has of this, and tells whether all of it fits.
    fn of(cell: &Cell) -> (Option<Self>, bool) {
        let mut extra = Self::default();
        let mut fits = true;
        let flag = |is: bool, bit: u16| if is { bit } else { 0 };
        if let Some(Judging { cost, tokens, estimated, partial }) = cell.judging {
            let (bits, amount) = cost_bits(cost);
            fits &= small(tokens).is_some();
            (extra.judges_cost, extra.judges_tokens) = (amount, small(tokens).unwrap_or(0));
            extra.has |=
                JUDGED | flag(estimated, JUDGES_ESTIMATED) | flag(partial, JUDGES_PARTIAL) | bits << JUDGES_COST;
        }
        if let Some(saving) = cell.cache_saving {
            extra.saving = saving.0;
            extra.has |= SAVED;
        }
        let ModalityTokens { audio, image, audio_output } = cell.modalities;
        for (at, (count, held)) in [audio, image, audio_output].into_iter().zip(&mut extra.modalities).enumerate() {
            if let Some(count) = count {
                fits &= small(count).is_some();
                *held = small(count).unwrap_or(0);
                extra.has |= MODALITY << at;
            }
        }
        ((extra.has != 0).then_some(extra), fits)
    }

    fn judging(&self) -> Option<Judging> {
        (self.has & JUDGED != 0).then(|| Judging {
            cost: cost_of(self.has >> JUDGES_COST, self.judges_cost),
            tokens: u64::from(self.judges_tokens),
            estimated: self.has & JUDGES_ESTIMATED != 0,
            partial: self.has & JUDGES_PARTIAL != 0,
        })
    }

    fn modalities(&self) -> ModalityTokens {
        let [audio, image, audio_output] = self.modalities.map(u64::from);
        let there = |at: u16, count| (self.has & (MODALITY << at) != 0).then_some(count);
        ModalityTokens { audio: there(0, audio), image: there(1, image), audio_output: there(2, audio_output) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn cell(more: &Value) -> Cell {
        let mut all = json!({
            "place": {"row": 7, "prompt": 0, "target": 0, "sample": 0},
            "run": "01900000-0000-7000-8000-000000000001", "end": "done", "status": "passed",
            "cost": {"state": "known", "amount": 45_000_000}, "took": {"secs": 1, "nanos": 17}, "summary": "",
        });
        for (name, value) in more.as_object().unwrap() {
            all[name] = value.clone();
        }
        serde_json::from_value(all).unwrap()
    }

    #[test]
    fn a_cell_comes_back_as_it_went_in_or_says_that_it_does_not_fit() {
        let judging = json!({"cost": {"state": "at_least", "amount": 9}, "tokens": 70, "estimated": true});
        for (more, fits) in [
            (json!({}), true),
            (json!({"tokens": 230, "score": 0.5, "cached": true, "cut_off": true, "tokens_partial": true}), true),
            (
                json!({"end": "failed", "status": "error", "class": "rate limited", "waited": {"secs": 3, "nanos": 1}}),
                true,
            ),
            (json!({"status": "failed", "failed": ["required", "confidence"], "cost": {"state": "unknown"}}), true),
            (json!({"judging": judging, "cache_saving": -5, "modalities": {"image_tokens": 12}}), true),
            (json!({"end": "lost in the post"}), false),
            (json!({"tokens": u64::from(u32::MAX)}), false),
            (json!({"took": {"secs": u64::MAX / 2, "nanos": 0}}), false),
            (json!({"by_target": [["demo", {"usage": {"input": 3}, "cost": {"state": "unknown"}}]]}), false),
        ] {
            let (cell, mut names) = (cell(&more), CellNames::default());
            let (packed, extra, is_whole) = PackedCell::of(&cell, &mut names);
            assert_eq!((is_whole, packed.is_aside()), (fits, !fits), "{more}");
            if fits {
                assert_eq!(packed.unpacked(cell.place, extra.as_ref(), &names), cell, "{more}");
            }
            assert_eq!((packed.cost(), packed.class(&names)), (cell.spent().cost, cell.class.as_deref()), "{more}");
        }
    }

    #[test]
    fn a_million_cells_take_sixty_four_megabytes() {
        assert_eq!((size_of::<PackedCell>(), size_of::<CellExtra>()), (64, 40));
    }
}
