//! One whole number of each of many runs, in as few bytes as the largest of them takes.

use super::bytes::Bytes;

/// No run has the number.
const NONE: u8 = 0x20;

/// Some runs do not have it: a bit for each that does comes first.
const SOME: u8 = 0x10;

/// The bits that tell how many bytes a number takes, from 0 to 8.
const WIDTH: u8 = 0x0f;

/// Numbers of runs, to be read by the place of the run.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Column<'a> {
    /// A bit for each run that has the number, if some have none.
    has: Option<&'a [u8]>,
    /// False if none has it.
    any: bool,
    /// The smallest, which the others are told from.
    least: i64,
    width: usize,
    mask: u64,
    /// The numbers, and at least eight bytes more.
    bytes: &'a [u8],
}

/// Writes a column.
pub(super) fn put(values: &[Option<i64>], out: &mut Vec<u8>) {
    let (Some(least), Some(most)) = (values.iter().flatten().min(), values.iter().flatten().max()) else {
        return out.push(NONE);
    };
    let above = |value: i64| value.wrapping_sub(*least).cast_unsigned();
    let width = (u64::BITS - above(*most).leading_zeros()).div_ceil(8) as usize;
    let some = values.iter().any(Option::is_none);
    out.push(width as u8 | if some { SOME } else { 0 });
    out.extend_from_slice(&least.to_le_bytes());
    if some {
        let bit = |(at, value): (usize, &Option<i64>)| u8::from(value.is_some()) << at;
        out.extend(values.chunks(8).map(|eight| eight.iter().enumerate().map(bit).sum::<u8>()));
    }
    for value in values {
        let bytes = value.map_or(0, above).to_le_bytes();
        out.extend_from_slice(bytes.get(..width).unwrap_or_default());
    }
}

impl<'a> Column<'a> {
    /// Takes a column of so many numbers from bytes that go on for eight more at least.
    pub(super) fn take(bytes: &mut Bytes<'a>, count: usize) -> Option<Self> {
        let kind = bytes.byte()?;
        if kind == NONE {
            return Some(Self::default());
        }
        let width = usize::from(kind & WIDTH);
        if width > 8 || kind & !(WIDTH | SOME) != 0 {
            return None;
        }
        let least = bytes.word()?.cast_signed();
        let has = if kind & SOME == 0 { None } else { Some(bytes.take(count.div_ceil(8))?) };
        let from = bytes.0;
        let length = count.checked_mul(width)?;
        bytes.take(length)?;
        let numbers = from.get(..length.checked_add(8)?)?;
        let mask = u64::MAX.checked_shr(64 - 8 * width as u32).unwrap_or(0);
        Some(Self { has, any: true, least, width, mask, bytes: numbers })
    }

    /// Returns the number of a run, if it has one.
    pub(super) fn get(&self, at: usize) -> Option<i64> {
        let has = match self.has {
            None => self.any,
            Some(bits) => bits.get(at / 8).is_some_and(|byte| byte & 1 << (at % 8) != 0),
        };
        has.then(|| self.least.wrapping_add(self.above(at).cast_signed()))
    }

    /// Returns the number of a run, where every run has one; zero where it has none.
    pub(super) fn of(&self, at: usize) -> i64 {
        self.least.wrapping_add(self.above(at).cast_signed())
    }

    fn above(&self, at: usize) -> u64 {
        let from = at * self.width;
        let window = self.bytes.get(from..from + 8).and_then(|eight| eight.try_into().ok());
        window.map_or(0, u64::from_le_bytes) & self.mask
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number() -> impl Strategy<Value = i64> {
        prop_oneof![any::<i64>(), -3..300_i64, Just(i64::MIN), Just(i64::MAX)]
    }

    fn numbers() -> impl Strategy<Value = Vec<Option<i64>>> {
        prop_oneof![
            proptest::collection::vec(proptest::option::of(number()), 0..40),
            proptest::collection::vec(number().prop_map(Some), 0..40),
            proptest::collection::vec(Just(None), 0..40),
        ]
    }

    proptest! {
        #[test]
        fn every_number_is_read_as_it_was_written(values in numbers(), other in numbers()) {
            let mut out = Vec::new();
            put(&values, &mut out);
            put(&other, &mut out);
            out.extend([0; 8]);
            let mut bytes = Bytes(&out);
            for values in [&values, &other] {
                let column = Column::take(&mut bytes, values.len()).unwrap();
                for (at, value) in values.iter().enumerate() {
                    prop_assert_eq!(column.get(at), *value);
                    prop_assert!(value.is_none_or(|value| column.of(at) == value));
                }
                prop_assert_eq!(column.of(usize::from(u16::MAX)), column.of(usize::from(u16::MAX)));
            }
            prop_assert_eq!(bytes.0.len(), 8);
        }

        #[test]
        fn a_column_that_is_cut_short_is_none(values in numbers(), cut in 1..20_usize) {
            let mut out = Vec::new();
            put(&values, &mut out);
            let column = Column::take(&mut Bytes(&out[..out.len().saturating_sub(cut)]), values.len());
            prop_assert!(column.is_none_or(|column| values.is_empty() || !column.any));
        }
    }
}
