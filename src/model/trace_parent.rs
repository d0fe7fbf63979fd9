//! The span of another program that a run is a part of, as the header `traceparent` names it:
//! <https://www.w3.org/TR/trace-context-1/#traceparent-header>.

/// A span of another program's, by its ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    pub trace: [u8; 16],
    pub span: [u8; 8],
}

impl TraceParent {
    /// Reads the header: `00-`, 32 hexadecimal digits, `-`, 16 of them, `-`, 2 of them, in small letters. A version that is not
    /// known yet may add to that. None where it is written in another way, or an id is all zeros.
    #[must_use]
    pub fn read(header: &str) -> Option<Self> {
        let mut parts = header.split('-');
        let [version] = bytes(parts.next()?)?;
        let (trace, span) = (bytes(parts.next()?)?, bytes(parts.next()?)?);
        let [_flags] = bytes(parts.next()?)?;
        let is_whole = version != 0xff && (version > 0 || parts.next().is_none());
        (is_whole && trace != [0; 16] && span != [0; 8]).then_some(Self { trace, span })
    }
}

/// Reads so many bytes of two digits each.
fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let is_small = |c: &u8| c.is_ascii_digit() || (b'a'..=b'f').contains(c);
    if text.len() != 2 * N || !text.as_bytes().iter().all(is_small) {
        return None;
    }
    let mut all = [0; N];
    for (place, byte) in all.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_is_read_as_the_standard_has_it_and_no_other_way() {
        let read = TraceParent::read("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00").unwrap();
        assert_eq!(
            (read.trace[0], read.trace[15], read.span),
            (0x4b, 0x36, [0, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 2, 0xb7])
        );
        assert!(TraceParent::read("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later").is_some());
        for wrong in [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-éé-00f067aa0ba902b7-01",
        ] {
            assert_eq!(TraceParent::read(wrong), None, "{wrong}");
        }
    }
}
