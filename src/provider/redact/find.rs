//! Finds a secret in a text, in every form in which programs say one back.

use std::ops::Range;

/// The shortest beginning or end of a secret that is one of its forms, in bytes.
const PART: usize = 8;

/// How often a text is decoded: a link in a JSON string in a JSON string takes three turns.
const TURNS: usize = 3;

/// Writes a secret in the forms in which a model says one back: as it is, with the escapes of JSON, percent-encoded in
/// either case, and in base64.
pub(super) fn forms(secret: &str) -> Vec<Vec<u8>> {
    let percent = |upper: bool| {
        let write = |byte: u8| match byte {
            b'-' | b'_' | b'.' | b'~' => vec![byte],
            byte if byte.is_ascii_alphanumeric() => vec![byte],
            byte if upper => format!("%{byte:02X}").into_bytes(),
            byte => format!("%{byte:02x}").into_bytes(),
        };
        secret.bytes().flat_map(write).collect::<Vec<u8>>()
    };
    let mut forms =
        vec![secret.as_bytes().to_vec(), secret.replace('/', "\\/").into_bytes(), percent(true), percent(false)];
    forms.extend((0..3).flat_map(|offset| [b"+/", b"-_"].map(|two| base64(secret.as_bytes(), offset, *two))));
    forms.sort_unstable();
    forms.dedup();
    forms
}

/// Returns where a text holds a secret, in order and apart from each other: as it is, percent-encoded in either
/// case, with the escapes of JSON or HTML, in base64 by itself or within something longer (`Bearer KEY`, `:KEY`),
/// and its beginnings and ends of 8 bytes or more in each of these but base64.
pub(super) fn find(text: &str, secret: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if secret.is_empty() {
        return found;
    }
    let mut view = View::of(text);
    for _ in 0..=TURNS {
        view.find(secret.as_bytes(), &mut found);
        let Some(decoded) = view.decoded() else { break };
        view = decoded;
    }
    // No part of a character is cut off.
    for range in &mut found {
        range.start = (0..=range.start).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        range.end = (range.end..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    }
    found.sort_by_key(|range| (range.start, range.end));
    found.dedup_by(|next, before| {
        let joins = next.start <= before.end;
        if joins {
            before.end = before.end.max(next.end);
        }
        joins
    });
    found
}

/// A text as bytes, each with the place in the first text that it stands for.
struct View {
    bytes: Vec<u8>,
    places: Vec<Range<usize>>,
}

impl View {
    fn of(text: &str) -> Self {
        Self { bytes: text.as_bytes().to_vec(), places: (0..text.len()).map(|at| at..at + 1).collect() }
    }

    /// Decodes one layer of escapes; none if there is none.
    fn decoded(&self) -> Option<Self> {
        if !self.bytes.iter().any(|byte| matches!(byte, b'%' | b'\\' | b'&')) {
            return None;
        }
        let mut decoded = Self { bytes: Vec::new(), places: Vec::new() };
        let mut rest = self.bytes.as_slice();
        while let Some(byte) = rest.first() {
            let at = self.bytes.len() - rest.len();
            let (length, c) = escape(rest).unwrap_or((1, Decoded::Byte(*byte)));
            let place = self.place(at..at + length);
            match c {
                Decoded::Byte(byte) => decoded.push(byte, &place),
                Decoded::Char(c) => c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| decoded.push(byte, &place)),
            }
            rest = rest.get(length..).unwrap_or_default();
        }
        (decoded.bytes.len() < self.bytes.len()).then_some(decoded)
    }

    fn push(&mut self, byte: u8, place: &Range<usize>) {
        self.bytes.push(byte);
        self.places.push(place.clone());
    }

    /// Returns the place in the first text of a stretch of this one.
    fn place(&self, stretch: Range<usize>) -> Range<usize> {
        let places = self.places.get(stretch).unwrap_or_default();
        places.first().map_or(0, |place| place.start)..places.last().map_or(0, |place| place.end)
    }

    fn find(&self, secret: &[u8], found: &mut Vec<Range<usize>>) {
        let Some((head, tail)) = secret.first_chunk::<PART>().zip(secret.last_chunk::<PART>()) else {
            let whole = memchr::memmem::find_iter(&self.bytes, secret);
            found.extend(whole.map(|at| self.place(at..at + secret.len())));
            return;
        };
        for at in memchr::memmem::find_iter(&self.bytes, head) {
            let from = self.bytes.get(at..).unwrap_or_default();
            let length = from.iter().zip(secret).take_while(|(a, b)| a == b).count();
            found.push(self.place(at..at + length));
        }
        for at in memchr::memmem::find_iter(&self.bytes, tail) {
            let end = at + PART;
            let until = self.bytes.get(..end).unwrap_or_default();
            let length = until.iter().rev().zip(secret.iter().rev()).take_while(|(a, b)| a == b).count();
            found.push(self.place(end - length..end));
        }
        for digits in (0..3).flat_map(|offset| [base64(secret, offset, *b"+/"), base64(secret, offset, *b"-_")]) {
            for at in memchr::memmem::find_iter(&self.bytes, &digits) {
                let (before, from) = self.bytes.split_at_checked(at).unwrap_or_default();
                let start = at - before.iter().rev().take_while(|byte| is_digit(**byte)).count();
                let end = at + from.iter().take_while(|byte| is_digit(**byte)).count();
                found.push(self.place(start..end));
            }
        }
    }
}

/// What an escape stands for.
enum Decoded {
    /// A byte of some character.
    Byte(u8),
    Char(char),
}

/// Reads the escape that bytes begin with: how long it is, and what it stands for.
fn escape(bytes: &[u8]) -> Option<(usize, Decoded)> {
    let hex = |range: Range<usize>| {
        let digits = std::str::from_utf8(bytes.get(range)?).ok()?;
        digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then_some(())?;
        u32::from_str_radix(digits, 16).ok()
    };
    match bytes {
        [b'%', ..] => Some((3, Decoded::Byte(u8::try_from(hex(1..3)?).ok()?))),
        [b'\\', b'u', ..] => Some((6, Decoded::Char(char::from_u32(hex(2..6)?)?))),
        [b'\\', c @ (b'/' | b'"' | b'\\'), ..] => Some((2, Decoded::Byte(*c))),
        [b'&', b'#', digits @ ..] => {
            let length = digits.iter().take(8).position(|byte| *byte == b';')?;
            let number = std::str::from_utf8(digits.get(..length)?).ok()?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(number) => u32::from_str_radix(number, 16),
                None => number.parse(),
            };
            Some((length + 3, Decoded::Char(char::from_u32(code.ok()?)?)))
        }
        [b'&', b'a', b'm', b'p', b';', ..] => Some((5, Decoded::Byte(b'&'))),
        _ => None,
    }
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')
}

/// Writes in base64 what stands for these bytes alone, `offset` bytes after the beginning of a group of three
/// (RFC 4648, 4). The digits at either end that other bytes have a part in are left away.
fn base64(bytes: &[u8], offset: usize, last_two: [u8; 2]) -> Vec<u8> {
    let digit = |six: u32| match six & 63 {
        six @ 0..=25 => b'A' + six as u8,
        six @ 26..=51 => b'a' + (six - 26) as u8,
        six @ 52..=61 => b'0' + (six - 52) as u8,
        62 => last_two[0],
        _ => last_two[1],
    };
    let padded: Vec<u8> = std::iter::repeat_n(0, offset).chain(bytes.iter().copied()).collect();
    let digits = padded.chunks(3).flat_map(|three| {
        let bits = three.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        [bits >> 18, bits >> 12, bits >> 6, bits].map(digit)
    });
    let (first, end) = ((offset * 8).div_ceil(6), padded.len() * 8 / 6);
    digits.take(end).skip(first).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "odd/key+of=>>>?4711\"x";

    /// Takes the secret out of a text.
    fn without(text: &str) -> String {
        let mut out = text.to_owned();
        for range in find(text, SECRET).into_iter().rev() {
            out.replace_range(range, "#");
        }
        out
    }

    #[test]
    fn a_secret_is_found_in_every_form() {
        for (text, clean) in [
            ("a odd/key+of=>>>?4711\"x z", "a # z"),
            ("odd%2Fkey%2Bof%3D%3E%3E%3E%3F4711%22x", "#"),
            ("odd%2fkey%2bof%3d%3e%3E%3e%3f4711%22x.", "#."),
            (r#"{"k":"odd\/key+of=>>>?4711\"x"}"#, r##"{"k":"#"}"##),
            (r#""odd\u002Fkey\u002bof=\u003e>>?4711\u0022x""#, r##""#""##),
            (r#"\"odd\\/key+of=>>>?4711\\\"x\""#, r##"\"#\""##),
            ("odd&#47;key&#x2B;of=&#x3e;>>?4711&#34;x;", "#;"),
            ("odd%252Fkey%252Bof%253D>>>?4711\"x", "#"),
            // base64 of the secret, of `Bearer SECRET`, of `:SECRET`, of `ab:SECRET` and of `SECRET:`
            ("k=b2RkL2tleStvZj0+Pj4/NDcxMSJ4;", "#;"),
            ("(b2RkL2tleStvZj0-Pj4_NDcxMSJ4)", "(#)"),
            ("QmVhcmVyIG9kZC9rZXkrb2Y9Pj4+PzQ3MTEieA== z", "# z"),
            ("Basic Om9kZC9rZXkrb2Y9Pj4+PzQ3MTEieA==", "Basic #"),
            ("Basic YWI6b2RkL2tleStvZj0+Pj4/NDcxMSJ4", "Basic #"),
            ("Basic b2RkL2tleStvZj0+Pj4/NDcxMSJ4Og==", "Basic #"),
            // parts
            ("begins with odd/key+ and", "begins with # and"),
            ("odd/key+of…?4711\"x", "#…?4711\"x"),
            ("ends with >>?4711\"x.", "ends with #."),
            ("odd%2fkey%2b…", "#…"),
            ("odd/key is too short, and so is 4711\"x", "odd/key is too short, and so is 4711\"x"),
            ("nothing of it", "nothing of it"),
        ] {
            assert_eq!(without(text), clean, "{text}");
        }
    }

    #[test]
    fn a_short_secret_is_found_whole() {
        assert_eq!(find("a k1 b k12", "k1"), [2..4, 7..9]);
        assert!(find("anything", "").is_empty());
    }

    #[test]
    fn no_character_is_cut() {
        let text = "é12345678é123";
        for range in find(text, "x12345678\u{00e8}") {
            assert!(text.get(range).is_some());
        }
    }
}
