//! The text of a source, read line by line with its bytes checked, and what may be wrong with it.

use std::io::{BufRead, BufReader, ErrorKind, Read};

use crate::model::settings::{IntakeLimits, byte_size};

/// Columns a row may have: as many as a spreadsheet has.
pub(crate) const MOST_COLUMNS: usize = 16_384;

/// What is wrong with a source, and on which line, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DatasetError {
    pub(crate) line: Option<u64>,
    pub(crate) what: String,
}

impl DatasetError {
    pub(crate) fn new(line: impl Into<Option<u64>>, what: impl Into<String>) -> Self {
        Self { line: line.into(), what: what.into() }
    }

    /// A row or a text of more bytes than are taken, from the line it begins on.
    pub(crate) fn long(line: impl Into<Option<u64>>, what: &str, longest: usize) -> Self {
        let (longest, key) = (byte_size(longest as u64), IntakeLimits::INPUT);
        Self::new(line, format!("{what} is longer than {longest} ({key} in [limits]); split it up, or raise that"))
    }

    /// A row of more columns than are taken.
    pub(crate) fn wide(line: impl Into<Option<u64>>) -> Self {
        Self::new(
            line,
            format!("the row has more than {MOST_COLUMNS} columns; leave out those that no prompt asks for"),
        )
    }
}

/// The lines of a source, each with its end: `\n`, `\r\n` or `\r`.
pub(crate) struct SourceLines {
    from: BufReader<Box<dyn Read + Send>>,
    line: Vec<u8>,
    number: u64,
    longest: usize,
}

impl SourceLines {
    /// Begins to read; no line, row or text may have more than `longest` bytes.
    pub(crate) fn new(from: Box<dyn Read + Send>, longest: u64) -> Self {
        let longest = usize::try_from(longest).unwrap_or(usize::MAX);
        Self { from: BufReader::with_capacity(64 * 1024, from), line: Vec::new(), number: 0, longest }
    }

    /// Returns the bytes a line, a row or a text may have.
    pub(crate) fn longest(&self) -> usize {
        self.longest
    }

    /// Returns the number of the line that was read last, counted from 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Reads a line; none at the end. A byte order mark is left out.
    pub(crate) fn next(&mut self) -> Result<Option<&str>, DatasetError> {
        self.line.clear();
        self.read()?;
        if self.line.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        let number = self.number;
        let mut line = self.line.as_slice();
        if number == 1 {
            if line.starts_with(b"\xff\xfe") || line.starts_with(b"\xfe\xff") {
                return Err(DatasetError::new(1, "it is UTF-16; save it as UTF-8"));
            }
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        if let Some(at) = memchr::memchr(0, line) {
            return Err(DatasetError::new(number, format!("byte {} is NUL; it is no text file", at + 1)));
        }
        let text = std::str::from_utf8(line);
        let text = text.map_err(|error| {
            let at = error.valid_up_to() + 1;
            DatasetError::new(number, format!("byte {at} of the line is not UTF-8; save the file as UTF-8"))
        })?;
        Ok(Some(text))
    }

    fn read(&mut self) -> Result<(), DatasetError> {
        loop {
            let chunk = match self.from.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(DatasetError::new(None, error.to_string())),
            };
            if chunk.is_empty() {
                return Ok(());
            }
            if self.line.last() == Some(&b'\r') {
                if chunk.first() == Some(&b'\n') {
                    self.line.push(b'\n');
                    self.from.consume(1);
                }
                return Ok(());
            }
            let end = memchr::memchr2(b'\n', b'\r', chunk);
            let taken = chunk.get(..end.map_or(chunk.len(), |at| at + 1)).unwrap_or(chunk);
            let ended = taken.last() == Some(&b'\n');
            self.line.extend_from_slice(taken);
            let read = taken.len();
            self.from.consume(read);
            if self.line.len() > self.longest {
                return Err(DatasetError::long(self.number + 1, "the line", self.longest));
            }
            if ended {
                return Ok(());
            }
        }
    }

    /// Reads what is left as one text.
    pub(crate) fn whole(&mut self) -> Result<String, DatasetError> {
        let mut text = String::new();
        let longest = self.longest;
        while let Some(line) = self.next()? {
            if text.len() + line.len() > longest {
                return Err(DatasetError::long(None, "it", longest));
            }
            text.push_str(line);
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Result<Vec<String>, DatasetError> {
        let mut lines = SourceLines::new(Box::new(std::io::Cursor::new(bytes.to_vec())), 1024 * 1024);
        let mut all = Vec::new();
        while let Some(line) = lines.next()? {
            all.push(line.to_owned());
        }
        Ok(all)
    }

    #[test]
    fn every_line_end_ends_a_line_and_the_mark_at_the_start_is_skipped() {
        assert_eq!(lines(b"\xef\xbb\xbfa\r\nb\rc\n\nd").unwrap(), ["a\r\n", "b\r", "c\n", "\n", "d"]);
        assert_eq!(lines(b"").unwrap(), Vec::<String>::new());
        // the two halves of `\r\n` in different chunks
        let long = [vec![b'a'; 64 * 1024 - 1], b"\r\nb".to_vec()].concat();
        assert_eq!(lines(&long).unwrap().len(), 2);
    }

    #[test]
    fn bytes_that_are_no_text_are_told_by_line_and_byte() {
        for (bytes, line, words) in [
            (&b"ok\nab\xffc\n"[..], 2, "byte 3 of the line is not UTF-8"),
            (b"\xff\xfea\0", 1, "UTF-16"),
            (b"a\nb\0c\n", 2, "byte 2 is NUL"),
        ] {
            let error = lines(bytes).unwrap_err();
            assert_eq!(error.line, Some(line));
            assert!(error.what.contains(words), "{error:?}");
        }
        let long = lines(&[b"a\n".to_vec(), vec![b'x'; 1024 * 1024 + 1]].concat()).unwrap_err();
        assert_eq!((long.line, long.what.contains("1 MB (max_input_bytes in [limits])")), (Some(2), true));
    }
}
