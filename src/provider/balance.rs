//! When a body that is one JSON value is whole.

/// Follows the brackets of a body, so that it is looked at as a whole once and not at every piece of it.
#[derive(Debug, Default)]
pub(super) struct Balance {
    depth: usize,
    text: bool,
    escaped: bool,
    closed: bool,
}

impl Balance {
    /// Takes the next bytes; returns how many of them end with the close of the body's first bracket.
    pub(super) fn closes(&mut self, bytes: &[u8]) -> Option<usize> {
        if self.closed {
            return None;
        }
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.text => self.escaped = true,
                b'"' => self.text = !self.text,
                _ if self.text => {}
                b'[' | b'{' => self.depth += 1,
                b']' | b'}' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.closed = self.depth == 0;
                    if self.closed {
                        return Some(at.saturating_add(1));
                    }
                }
                _ => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_answer_is_one_as_soon_as_its_bracket_closes_and_is_looked_at_once() {
        let mut balance = Balance::default();
        let body = br#"{"a":"}\"]","b":[1,{"c":2}]}"#;
        let closed: Vec<usize> = (0..body.len()).filter(|at| balance.closes(&body[*at..=*at]).is_some()).collect();
        assert_eq!(closed, [body.len() - 1]);
        assert_eq!(balance.closes(b"{}"), None, "what follows is no second one");
        let more = [body, &b" {}"[..]].concat();
        assert_eq!(Balance::default().closes(&more), Some(body.len()));
    }
}
