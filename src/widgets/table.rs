//! A table of many rows: which are shown in which order, where the cursor stands, what is in sight, and its columns drawn.
//!
//! The rows themselves are their owner's; here they are numbers. Moving and drawing cost what the
//! screen holds, however many rows there are; only another order or filter looks at all of them.

use std::time::{Duration, Instant};

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Modifier,
    text::{Line, Span},
};

pub use crate::present::Width;
use crate::{
    text::{MergeSort, clean_line, truncate, width},
    widgets::{
        motion::Motion,
        theme::{Role, Theme},
    },
};

/// One column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumn {
    /// Its head.
    pub title: String,
    /// How wide it is.
    pub width: Width,
    /// Whether it is set right, as numbers are.
    pub right: bool,
}

impl TableColumn {
    /// Makes a column that is set left.
    pub fn new(title: impl Into<String>, width: Width) -> Self {
        Self { title: title.into(), width, right: false }
    }

    /// The same, set right.
    #[must_use]
    pub fn right(self) -> Self {
        Self { right: true, ..self }
    }
}

/// Shares a width among columns, one blank between any two. Columns without room have none.
#[must_use]
pub fn widths(columns: &[TableColumn], room: u16) -> Vec<u16> {
    let mut left = room;
    let mut given: Vec<u16> = Vec::with_capacity(columns.len());
    for column in columns {
        let least = match column.width {
            Width::Fixed(width) | Width::Share(_, width) => width,
        };
        let gap = u16::from(given.iter().any(|width| *width > 0));
        let width = if least + gap <= left { least } else { 0 };
        left -= if width > 0 { width + gap } else { 0 };
        given.push(width);
    }
    let weight = |column: &TableColumn, width: u16| match column.width {
        Width::Share(weight, _) if width > 0 => u32::from(weight),
        _ => 0,
    };
    let mut weights: u32 = columns.iter().zip(&given).map(|(column, width)| weight(column, *width)).sum();
    for (column, width) in columns.iter().zip(&mut given) {
        let own = weight(column, *width);
        if own > 0 {
            let more = u16::try_from(u32::from(left) * own / weights).unwrap_or(left);
            *width += more;
            left -= more;
            weights -= own;
        }
    }
    given
}

/// Which rows are shown, in which order, and the window on them.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// Rows there are.
    total: usize,
    /// Those that are shown, in their order; all of them in their own where unset.
    order: Option<Vec<u32>>,
    at: usize,
    top: usize,
    height: usize,
    stale: bool,
    arranged: Option<Instant>,
    /// The order that will be shown next.
    making: Option<OrderInMaking>,
}

/// Rows that are being put in order: a piece of them after another is asked for its keys, then they are taken in order.
#[derive(Debug, Clone, Default)]
struct OrderInMaking {
    /// Rows there were when it began, and those of them that were asked.
    total: u32,
    asked: u32,
    keyed: MergeSort<(u64, u32)>,
    /// The rows that are in their places.
    order: Vec<u32>,
}

impl OrderInMaking {
    /// Does so many rows. Tells whether all are in order.
    fn step(
        &mut self,
        fits: Option<&impl Fn(usize) -> bool>,
        key: Option<&impl Fn(usize) -> u64>,
        rows: usize,
    ) -> bool {
        if self.asked < self.total {
            let end = self.asked.saturating_add(u32::try_from(rows).unwrap_or(u32::MAX)).min(self.total);
            let fitting = (self.asked..end).filter(|row| fits.is_none_or(|fits| fits(*row as usize)));
            match key {
                Some(key) => self.keyed.add(fitting.map(|row| (key(row as usize), row))),
                None => self.order.extend(fitting),
            }
            let is_all = end - self.asked == self.total;
            self.asked = end;
            if key.is_none() || !is_all {
                return key.is_none() && end == self.total;
            }
        }
        let before = self.order.len();
        self.order.extend(self.keyed.by_ref().take(rows).map(|(_, row)| row));
        self.order.len() - before < rows
    }
}

impl Table {
    /// Notes how many rows there are; those that came since the last order join it with the next.
    pub fn grow(&mut self, total: usize) {
        self.stale |= total != self.total;
        self.total = total;
    }

    /// Notes that what the order goes by has changed.
    pub fn touch(&mut self) {
        self.stale = true;
    }

    /// Has the next look at the order not wait, and gives up one that is being made.
    pub fn hurry(&mut self) {
        self.stale = true;
        (self.arranged, self.making) = (None, None);
    }

    /// Tells whether rows are to be ordered anew: something changed, and the last time is long enough
    /// ago for the work it takes, 10 µs a row.
    #[must_use]
    pub fn wants_order(&self, now: Instant) -> bool {
        let pause = Duration::from_micros(10 * self.total as u64);
        self.stale && self.arranged.is_none_or(|at| now.saturating_duration_since(at) >= pause)
    }

    /// Shows the rows that fit, those with the least key first; without either, all rows as they are.
    /// Each row is asked for its key once. The cursor stays on its row where that is still shown.
    pub fn arrange(
        &mut self,
        fits: Option<&impl Fn(usize) -> bool>,
        key: Option<&impl Fn(usize) -> u64>,
        now: Instant,
    ) {
        self.begin_order(now);
        while !self.order_on(fits, key, usize::MAX) {}
    }

    /// Begins an order that is made in pieces; the one before stands until it is done.
    pub fn begin_order(&mut self, now: Instant) {
        self.stale = false;
        self.arranged = Some(now);
        self.making =
            Some(OrderInMaking { total: u32::try_from(self.total).unwrap_or(u32::MAX), ..OrderInMaking::default() });
    }

    /// Tells whether an order is being made.
    #[must_use]
    pub fn is_ordering(&self) -> bool {
        self.making.is_some()
    }

    /// Goes on with the order that was begun by so many rows, as [`arrange`](Self::arrange) makes it. Tells whether it is
    /// done.
    pub fn order_on(
        &mut self,
        fits: Option<&impl Fn(usize) -> bool>,
        key: Option<&impl Fn(usize) -> u64>,
        rows: usize,
    ) -> bool {
        let Some(making) = &mut self.making else { return true };
        let order = if fits.is_none() && key.is_none() {
            None
        } else if making.step(fits, key, rows) {
            Some(std::mem::take(&mut making.order))
        } else {
            return false;
        };
        let chosen = self.chosen();
        (self.order, self.making) = (order, None);
        let found = chosen.and_then(|row| self.place_of(row));
        self.choose(found.unwrap_or(self.at));
        true
    }

    /// Finds where a row stands among those shown.
    fn place_of(&self, row: usize) -> Option<usize> {
        match &self.order {
            None => (row < self.total).then_some(row),
            Some(order) => order.iter().position(|shown| *shown as usize == row),
        }
    }

    /// Counts the rows that are shown.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.as_ref().map_or(self.total, Vec::len)
    }

    /// Tells whether no row is shown.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn row(&self, place: usize) -> Option<usize> {
        match &self.order {
            None => (place < self.total).then_some(place),
            Some(order) => order.get(place).map(|row| *row as usize),
        }
    }

    /// Returns the row the cursor is on.
    #[must_use]
    pub fn chosen(&self) -> Option<usize> {
        self.row(self.at)
    }

    /// Returns the place of the cursor among the rows shown, counted from 0.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// Puts the cursor on a place among the rows shown.
    pub fn choose(&mut self, at: usize) {
        self.at = at.min(self.len().saturating_sub(1));
    }

    /// Puts the cursor on a row, if it is shown.
    pub fn choose_row(&mut self, row: usize) {
        if let Some(at) = self.place_of(row) {
            self.at = at;
        }
    }

    /// Moves the cursor, stopping at either end.
    pub fn step(&mut self, by: isize) {
        self.choose(self.at.saturating_add_signed(by));
    }

    /// Moves the cursor by a share of the window: 1 for all of it, 2 for half.
    pub fn page(&mut self, down: bool, parts: usize) {
        let by = isize::try_from((self.height / parts.max(1)).max(1)).unwrap_or(1);
        self.step(if down { by } else { -by });
    }

    /// Moves the cursor; there is no way to the side.
    pub fn go(&mut self, motion: Motion) {
        match motion {
            Motion::Up => self.step(-1),
            Motion::Down => self.step(1),
            Motion::HalfUp => self.page(false, 2),
            Motion::HalfDown => self.page(true, 2),
            Motion::PageUp => self.page(false, 1),
            Motion::PageDown => self.page(true, 1),
            Motion::Top => self.choose(0),
            Motion::Bottom => self.choose(usize::MAX),
            Motion::Left | Motion::Right => {}
        }
    }

    /// Gives the window a height, and moves it so that the cursor is in it.
    pub fn fit(&mut self, height: usize) {
        self.height = height;
        self.choose(self.at);
        let highest = (self.at + 1).saturating_sub(height);
        let lowest = self.at.min(self.len().saturating_sub(height));
        self.top = self.top.clamp(highest.min(self.at), lowest.max(highest));
    }

    /// Lists some of the rows that are shown, in their order, by the places they stand in.
    pub fn rows(&self, places: std::ops::Range<usize>) -> impl Iterator<Item = usize> + '_ {
        (places.start..places.end.min(self.len())).filter_map(|place| self.row(place))
    }

    /// Returns the place of the first row in sight.
    #[must_use]
    pub fn top(&self) -> usize {
        self.top
    }

    /// Lists the rows in sight, each with whether the cursor is on it.
    pub fn seen(&self) -> impl Iterator<Item = (usize, bool)> + '_ {
        let end = self.len().min(self.top.saturating_add(self.height));
        (self.top..end).filter_map(|place| Some((self.row(place)?, place == self.at)))
    }

    /// Puts the cursor on a line of the window. Tells whether there is a row on it.
    pub fn click(&mut self, line: usize) -> bool {
        let place = self.top.saturating_add(line);
        let there = line < self.height && place < self.len();
        if there {
            self.at = place;
        }
        there
    }
}

/// Cleans a text and sets it left in so many columns, its end replaced by `…` where it is longer.
#[must_use]
pub fn left(text: &str, columns: usize) -> String {
    let shown = fitted(text, columns);
    let blank = columns.saturating_sub(width(&shown));
    shown + &" ".repeat(blank)
}

/// The same, set right.
#[must_use]
pub fn right(text: &str, columns: usize) -> String {
    let shown = fitted(text, columns);
    " ".repeat(columns.saturating_sub(width(&shown))) + &shown
}

/// Cleans a text and cuts it to so many columns, `…` for what is missing.
#[must_use]
pub fn fitted(text: &str, columns: usize) -> String {
    truncate(clean_line(text).as_str(), columns).into_owned()
}

/// Which part of the row under the cursor is marked as selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowCursor {
    /// All of it.
    Row,
    /// One column, counted from 0.
    Column(usize),
    /// None: the keys move in another part, and nothing marks the row.
    Away,
}

/// Draws the heads and below them the rows in sight; `cell` writes a row's cell of a column, given how
/// wide it is. Works on no row that is out of sight.
pub fn table(
    table: &Table,
    columns: &[TableColumn],
    cursor: RowCursor,
    area: Rect,
    theme: Theme,
    buffer: &mut Buffer,
    cell: impl Fn(usize, usize, usize) -> Line<'static>,
) {
    let area = area.intersection(buffer.area);
    let places = places(columns, area.width);
    let heads = area.rows().take(1);
    for row in heads {
        for (column, (x, width)) in columns.iter().zip(&places) {
            let set = if column.right { right } else { left };
            let head = Span::styled(set(&column.title, usize::from(*width)), theme.style(Role::Quiet));
            buffer.set_line(row.x + x, row.y, &Line::from(head), *width);
        }
    }
    for ((row, here), place) in table.seen().zip(area.rows().skip(1)) {
        if here && cursor != RowCursor::Away {
            buffer.set_stringn(place.x, place.y, theme.bar(), usize::from(place.width), theme.style(Role::Focus));
        }
        for (number, (x, width)) in places.iter().enumerate().filter(|(_, (_, width))| *width > 0) {
            let line = cell(row, number, usize::from(*width));
            buffer.set_line(place.x + x, place.y, &line, *width);
            if here && cursor == RowCursor::Column(number) {
                let under = Rect { x: place.x + x, width: *width, ..place };
                buffer.set_style(under, theme.style(Role::Selected).add_modifier(Modifier::UNDERLINED));
            }
        }
        if here && cursor == RowCursor::Row {
            theme.select(place, buffer);
        }
    }
}

/// Returns each column's start, behind the mark of the cursor, and its width.
fn places(columns: &[TableColumn], width: u16) -> Vec<(u16, u16)> {
    let mut x = 2;
    let place = |width: u16| {
        let start = x;
        x += if width > 0 { width + 1 } else { 0 };
        (start, width)
    };
    widths(columns, width.saturating_sub(2)).into_iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Fits = fn(usize) -> bool;
    type Key = fn(usize) -> u64;

    fn now() -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn seen(table: &Table) -> Vec<usize> {
        table.seen().map(|(row, _)| row).collect()
    }

    #[test]
    fn widths_share_what_fixed_columns_leave() {
        let columns = [
            TableColumn::new("row", Width::Fixed(5)).right(),
            TableColumn::new("text", Width::Share(1, 10)),
            TableColumn::new("a", Width::Share(2, 10)),
        ];
        assert_eq!(widths(&columns, 57), [5, 20, 30]);
        assert_eq!(widths(&columns, 27), [5, 10, 10]);
        assert_eq!(widths(&columns, 20), [5, 14, 0]);
        assert_eq!(widths(&columns, 3), [0, 0, 0]);
    }

    #[test]
    fn the_cursor_stays_on_its_row_through_filter_and_sort() {
        let mut table = Table::default();
        table.grow(10);
        table.arrange(None::<&Fits>, None::<&Key>, now());
        table.fit(4);
        table.step(6);
        table.fit(4);
        assert_eq!((table.chosen(), seen(&table)), (Some(6), vec![3, 4, 5, 6]));
        table.arrange(Some(&|row: usize| row.is_multiple_of(2)), Some(&|row: usize| 9 - row as u64), now());
        table.fit(4);
        assert_eq!((table.len(), table.chosen(), seen(&table)), (5, Some(6), vec![6, 4, 2, 0]));
        table.arrange(Some(&|row: usize| row == 3), None::<&Key>, now());
        table.fit(4);
        assert_eq!((table.chosen(), seen(&table)), (Some(3), vec![3]));
        table.arrange(Some(&|_: usize| false), None::<&Key>, now());
        table.fit(4);
        assert!(table.is_empty() && table.chosen().is_none() && seen(&table).is_empty());
    }

    proptest! {
        #[test]
        fn an_order_made_in_pieces_is_the_one_made_at_once(
            keys in prop::collection::vec(0..9_u64, 0..90), piece in 1..40_usize, odd: bool,
        ) {
            let fits = |row: usize| !odd || row % 2 == 1;
            let key = |row: usize| keys[row];
            let mut table = Table::default();
            table.grow(keys.len());
            table.fit(keys.len());
            table.begin_order(now());
            while !table.order_on(Some(&fits), Some(&key), piece) {
                prop_assert!(table.is_ordering());
            }
            let mut wanted: Vec<usize> = (0..keys.len()).filter(|row| fits(*row)).collect();
            wanted.sort_by_key(|row| keys[*row]);
            prop_assert_eq!(seen(&table), wanted);
        }
    }

    #[test]
    fn the_more_rows_the_longer_between_two_orders() {
        let mut table = Table::default();
        let start = now();
        table.grow(100_000);
        assert!(table.wants_order(start));
        table.arrange(None::<&Fits>, None::<&Key>, start);
        assert!(!table.wants_order(start));
        table.touch();
        assert!(!table.wants_order(start + Duration::from_millis(999)));
        assert!(table.wants_order(start + Duration::from_secs(1)));
        table.hurry();
        assert!(table.wants_order(start));
    }

    proptest! {
        #[test]
        fn the_cursor_is_in_sight_wherever_it_goes(
            total in 0..200_usize, height in 0..30_usize, steps in prop::collection::vec(-40..40_isize, 0..20),
        ) {
            let mut table = Table::default();
            table.grow(total);
            table.arrange(None::<&Fits>, None::<&Key>, now());
            for by in steps {
                table.step(by);
                table.fit(height);
                let shown: Vec<_> = table.seen().collect();
                prop_assert_eq!(shown.len(), height.min(total));
                prop_assert!(shown.is_empty() || shown.iter().filter(|(_, here)| *here).count() == 1);
            }
        }

        #[test]
        fn columns_never_take_more_than_there_is(
            parts in prop::collection::vec((any::<bool>(), 0..5_u16, 1..40_u16), 0..12), room in 0..300_u16,
        ) {
            let column = |(fixed, weight, width)| {
                TableColumn::new("", if fixed { Width::Fixed(width) } else { Width::Share(weight, width) })
            };
            let columns: Vec<TableColumn> = parts.into_iter().map(column).collect();
            let given = widths(&columns, room);
            let shown = given.iter().filter(|width| **width > 0).count() as u16;
            prop_assert!(given.iter().sum::<u16>() + shown.saturating_sub(1) <= room);
        }
    }

    #[test]
    fn a_column_has_its_width_whatever_is_in_it() {
        for text in ["", "ab", "a long name of a model", "日本語の名前", "a\u{202e}b", "x\ty"] {
            for columns in 0..14 {
                assert_eq!(width(&left(text, columns)), columns, "{text} {columns}");
                assert_eq!(width(&right(text, columns)), columns, "{text} {columns}");
            }
        }
        assert_eq!(left("gpt-4o-mini", 6), "gpt-4…");
    }
}
