//! Takes secrets out of the bytes of a body that is passed on.

use bytes::Bytes;
use memchr::memmem::Finder;

use crate::provider::redaction::{GONE, forms};

/// The shortest secret looked for, in bytes: what local servers take for a key (`none`, `lm-studio`) is a word.
const SHORTEST: usize = 12;

/// A body that comes in pieces, from which secrets are taken in the forms of [`forms`].
#[derive(Debug)]
pub(crate) struct ByteRedactor {
    forms: Vec<Finder<'static>>,
    held: Vec<u8>,
}

impl ByteRedactor {
    /// Begins a body from which these secrets are taken.
    pub(crate) fn new<'a>(secrets: impl Iterator<Item = &'a str>) -> Self {
        let forms = secrets.filter(|secret| secret.len() >= SHORTEST).flat_map(forms);
        Self { forms: forms.map(|form| Finder::new(&form).into_owned()).collect(), held: Vec::new() }
    }

    /// Takes the next piece and gives what can be passed on by now: all but what may be the beginning of a secret.
    pub(crate) fn push(&mut self, piece: Bytes) -> Bytes {
        if self.forms.is_empty() {
            return piece;
        }
        if self.held.is_empty() && self.first(&piece).is_none() && self.begun(&piece) == 0 {
            return piece;
        }
        let mut whole = std::mem::take(&mut self.held);
        whole.extend_from_slice(&piece);
        let (mut out, mut rest) = (Vec::with_capacity(whole.len()), whole.as_slice());
        while let Some((at, length)) = self.first(rest) {
            out.extend_from_slice(rest.get(..at).unwrap_or_default());
            out.extend_from_slice(GONE.as_bytes());
            rest = rest.get(at + length..).unwrap_or_default();
        }
        let (shown, held) = rest.split_at(rest.len() - self.begun(rest));
        out.extend_from_slice(shown);
        self.held = held.to_vec();
        out.into()
    }

    /// Gives what was held back, at the end.
    pub(crate) fn finish(&mut self) -> Bytes {
        std::mem::take(&mut self.held).into()
    }

    /// Returns where the first secret stands, and how long it is there.
    fn first(&self, bytes: &[u8]) -> Option<(usize, usize)> {
        let found = self.forms.iter().filter_map(|form| Some((form.find(bytes)?, form.needle().len())));
        found.min_by_key(|(at, length)| (*at, usize::MAX - length))
    }

    /// Returns how many of the last bytes may be the beginning of a secret.
    fn begun(&self, bytes: &[u8]) -> usize {
        let longest = |form: &Finder<'_>| {
            let needle = form.needle();
            let most = bytes.len().min(needle.len() - 1);
            (1..=most).rev().find(|length| bytes.ends_with(needle.get(..*length).unwrap_or_default()))
        };
        self.forms.iter().filter_map(longest).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRET: &str = "sk-test-0123456789";

    fn through(pieces: &[&[u8]]) -> Vec<u8> {
        let mut redactor = ByteRedactor::new([SECRET].into_iter());
        let mut out: Vec<u8> = pieces.iter().flat_map(|piece| redactor.push(Bytes::copy_from_slice(piece))).collect();
        out.extend(redactor.finish());
        out
    }

    proptest! {
        #[test]
        fn a_secret_is_taken_out_wherever_a_body_is_split(before in "[a-s-]{0,6}", after in "[a-s-]{0,6}", cuts in prop::collection::vec(0_usize..40, 0..4)) {
            let body = format!("{before}{SECRET}{after}").into_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(body.len())).collect();
            cuts.sort_unstable();
            let (mut pieces, mut from) = (Vec::new(), 0);
            for cut in cuts.into_iter().chain([body.len()]) {
                pieces.push(&body[from..cut]);
                from = cut;
            }
            prop_assert_eq!(String::from_utf8(through(&pieces)).unwrap(), format!("{before}[key]{after}"));
        }
    }

    #[test]
    fn a_body_without_a_secret_is_passed_on_as_it_is() {
        assert_eq!(through(&[b"sk-test", b"-01234567", b"80 \xff\xfe"]), b"sk-test-0123456780 \xff\xfe");
        let mut short = ByteRedactor::new(["none"].into_iter());
        assert_eq!(short.push(Bytes::from_static(b"none")), "none");
    }
}
