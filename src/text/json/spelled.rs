//! Whether a string or a number is written as JSON has it (RFC 8259, sections 6 and 7).

/// Tells whether a token with its quotation marks is a string.
pub(super) fn is_string(token: &str) -> bool {
    let Some(inner) = token.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return false;
    };
    let mut bytes = inner.bytes();
    while let Some(byte) = bytes.next() {
        let holds = match byte {
            b'\\' => match bytes.next() {
                Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => true,
                Some(b'u') => (0..4).all(|_| bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit())),
                _ => false,
            },
            b'"' => false,
            byte => byte >= b' ',
        };
        if !holds {
            return false;
        }
    }
    true
}

/// Tells whether a token is a number.
pub(super) fn is_number(token: &str) -> bool {
    let rest = token.strip_prefix('-').unwrap_or(token);
    let (whole, rest) = digits(rest);
    if whole == 0 || (whole > 1 && token.trim_start_matches('-').starts_with('0')) {
        return false;
    }
    let rest = match rest.strip_prefix('.').map(digits) {
        Some((0, _)) => return false,
        Some((_, rest)) => rest,
        None => rest,
    };
    match rest.strip_prefix(['e', 'E']) {
        Some(power) => {
            let (power, rest) = digits(power.strip_prefix(['+', '-']).unwrap_or(power));
            power > 0 && rest.is_empty()
        }
        None => rest.is_empty(),
    }
}

/// Counts the digits a text begins with, and returns what follows.
fn digits(text: &str) -> (usize, &str) {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    (text.len() - rest.len(), rest)
}

/// Returns what a string says, its escapes resolved; what stands between its marks where half a
/// surrogate pair says nothing.
pub(super) fn unescaped(token: &str) -> String {
    serde_json::from_str(token).unwrap_or_else(|_| token.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_strings_are_those_of_the_standard() {
        for good in ["0", "-0", "10", "1.0", "0.05", "1e5", "1E+05", "-1.5e-3"] {
            assert!(is_number(good), "{good}");
        }
        for bad in ["", "-", "01", "--1", "1.", ".5", "1e", "1e+", "1.5.2", "1-2", "00"] {
            assert!(!is_number(bad), "{bad}");
        }
        for good in [r#""""#, r#""a\"\\\/\b\u00Af""#, "\"\u{7f}é\""] {
            assert!(is_string(good), "{good}");
        }
        for bad in ["\"", "\"a", "a\"", r#""\x""#, r#""\u00g0""#, r#""\u00""#, "\"\u{1}\"", r#""a\""#] {
            assert!(!is_string(bad), "{bad}");
        }
        assert_eq!(unescaped(r#""a\u00e9\n""#), "aé\n");
        assert_eq!(unescaped(r#""\ud83d""#), r"\ud83d");
    }
}
