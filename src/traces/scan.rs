//! Finds the records of a stream of JSON, whether a line each or deep in one document, and holds one at a time.

use std::io::{self, BufRead};

/// How large one record may be, in bytes.
pub(crate) const MOST_BYTES: usize = 16 * 1024 * 1024;

/// How deep JSON may be nested around a record.
const MOST_DEPTH: usize = 256;

/// How much of a key is kept: those that lead to records are short.
const MOST_KEY: usize = 64;

/// A step from a document to its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathStep {
    /// The value of this key.
    Key(&'static str),
    /// Every element of a list.
    Each,
}

/// Why a stream cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// It is not what it should be, on this line.
    #[error("line {line}: {what}")]
    Broken { line: u64, what: String },
    /// The disk.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The JSON object of a record.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonRecord {
    /// The line it begins on, counted from 1.
    pub line: u64,
    /// What the document says that is not in the value.
    pub left_out: Vec<&'static str>,
    pub value: serde_json::Map<String, serde_json::Value>,
}

/// What is said of a document that describes its program beside the records, as OTLP does.
const RESOURCE: &str = "resource attributes";

/// What is said of a record with values that JSON has no word for, and Python writes all the same.
const NOT_FINITE: &str = "numbers that are not finite";

/// Reads the JSON of a record, with null in place of numbers that are not finite, and says whether there were any.
pub(crate) fn parsed<T: serde::de::DeserializeOwned>(json: &[u8]) -> serde_json::Result<(T, Option<&'static str>)> {
    let error = match serde_json::from_slice(json) {
        Ok(value) => return Ok((value, None)),
        Err(error) => error,
    };
    match finite(json) {
        Some(finite) => Ok((serde_json::from_slice(&finite)?, Some(NOT_FINITE))),
        None => Err(error),
    }
}

/// Writes JSON with `null` in place of `NaN`, `Infinity` and `-Infinity`; none where it has none of them.
fn finite(json: &[u8]) -> Option<Vec<u8>> {
    const WORDS: [&[u8]; 3] = [b"NaN", b"Infinity", b"-Infinity"];
    let (mut out, mut rest) = (Vec::new(), json);
    let (mut string, mut escaped, mut found) = (false, false, false);
    while let [byte, behind @ ..] = rest {
        let word = WORDS.iter().find(|word| !string && rest.starts_with(word));
        if let Some(word) = word {
            found = true;
            out.extend_from_slice(b"null");
            rest = rest.get(word.len()..).unwrap_or_default();
            continue;
        }
        string ^= *byte == b'"' && !escaped;
        escaped = string && !escaped && *byte == b'\\';
        out.push(*byte);
        rest = behind;
    }
    found.then_some(out)
}

/// A list or an object that is open.
#[derive(Debug, Default)]
struct Level {
    list: bool,
    /// The key whose value is read.
    key: Vec<u8>,
    /// Whether a key comes next.
    before_key: bool,
}

/// Reads the records of a stream, one at a time.
#[expect(clippy::struct_excessive_bools, reason = "each is a state of the scanner of its own")]
pub struct RecordScanner<R> {
    input: R,
    steps: &'static [PathStep],
    line: u64,
    levels: Vec<Level>,
    string: bool,
    in_key: bool,
    escaped: bool,
    captured: Vec<u8>,
    /// The depth around the record that is read, and its line.
    capture: Option<(usize, u64)>,
    read: u64,
    over: bool,
    /// Whether attributes of a resource came.
    resource: bool,
}

impl<R: BufRead> RecordScanner<R> {
    /// Reads the records that these steps lead to in each document of a stream.
    pub(crate) fn new(input: R, steps: &'static [PathStep]) -> Self {
        let (levels, captured) = (Vec::new(), Vec::new());
        let (string, in_key, escaped, over, resource) = (false, false, false, false, false);
        Self {
            input,
            steps,
            line: 1,
            levels,
            string,
            in_key,
            escaped,
            captured,
            capture: None,
            read: 0,
            over,
            resource,
        }
    }

    /// Returns how many bytes were read so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.read
    }

    fn broken(&self, what: impl Into<String>) -> TraceError {
        TraceError::Broken { line: self.line, what: what.into() }
    }

    fn is_record(&self) -> bool {
        self.levels.len() == self.steps.len()
            && self.levels.iter().zip(self.steps).all(|(level, step)| match step {
                PathStep::Each => level.list,
                PathStep::Key(key) => !level.list && level.key == key.as_bytes(),
            })
    }

    /// Tells whether what begins here is an attribute of a resource.
    fn is_resource(&self) -> bool {
        match self.levels.as_slice() {
            [.., resource, attributes, list] => {
                list.list && attributes.key == b"attributes" && resource.key == b"resource"
            }
            _ => false,
        }
    }

    /// Takes one byte; true where it ends a record.
    fn take(&mut self, byte: u8) -> Result<bool, TraceError> {
        if byte == b'\n' {
            self.line += 1;
        }
        if self.capture.is_some() {
            if self.captured.len() >= MOST_BYTES {
                return Err(self.broken(format!("a record is larger than {} MB", MOST_BYTES / 1024 / 1024)));
            }
            self.captured.push(byte);
        }
        if self.string {
            if self.escaped {
                self.escaped = false;
            } else if byte == b'\\' {
                self.escaped = true;
            } else if byte == b'"' {
                self.string = false;
                self.in_key = false;
            } else if self.in_key
                && let Some(level) = self.levels.last_mut()
                && level.key.len() < MOST_KEY
            {
                level.key.push(byte);
            }
            return Ok(false);
        }
        match byte {
            b'"' => {
                self.string = true;
                match self.levels.last_mut() {
                    Some(level) if level.before_key => {
                        level.before_key = false;
                        level.key.clear();
                        self.in_key = true;
                    }
                    Some(_) => {}
                    None => return Err(self.broken("a text where a JSON object should be")),
                }
            }
            b'{' | b'[' => {
                if self.levels.len() >= MOST_DEPTH {
                    return Err(self.broken(format!("JSON is nested deeper than {MOST_DEPTH}")));
                }
                if byte == b'{' && self.capture.is_none() {
                    self.resource |= self.is_resource();
                }
                if byte == b'{' && self.capture.is_none() && self.is_record() {
                    self.capture = Some((self.levels.len(), self.line));
                    self.captured.clear();
                    self.captured.push(byte);
                }
                self.levels.push(Level { list: byte == b'[', key: Vec::new(), before_key: byte == b'{' });
            }
            b'}' | b']' => {
                if self.levels.pop().is_none_or(|level| level.list != (byte == b']')) {
                    return Err(self.broken(format!("`{}` closes nothing", char::from(byte))));
                }
                return Ok(self.capture.is_some_and(|(depth, _)| depth == self.levels.len()));
            }
            b',' => {
                if let Some(level) = self.levels.last_mut() {
                    level.before_key = !level.list;
                }
            }
            _ if self.levels.is_empty() && !byte.is_ascii_whitespace() => {
                return Err(self.broken("this is no JSON: an object or a list should begin here"));
            }
            _ => {}
        }
        Ok(false)
    }

    fn record(&mut self, line: u64) -> Result<JsonRecord, TraceError> {
        let value = parsed(&self.captured).map_err(|error| {
            let below = u64::try_from(error.line()).unwrap_or(1).saturating_sub(1);
            let words = error.to_string();
            let words = words.split(" at line ").next().unwrap_or_default();
            TraceError::Broken { line: line + below, what: format!("broken JSON: {words}") }
        });
        self.captured = Vec::new();
        let (value, not_finite) = value?;
        let left_out = self.resource.then_some(RESOURCE).into_iter().chain(not_finite).collect();
        Ok(JsonRecord { line, left_out, value })
    }

    fn advance(&mut self) -> Result<Option<JsonRecord>, TraceError> {
        loop {
            let chunk = self.input.fill_buf()?;
            if chunk.is_empty() {
                self.over = true;
                if self.levels.is_empty() && !self.string {
                    return Ok(None);
                }
                return Err(self.broken("the file ends within JSON"));
            }
            // The scanner changes while the buffer is read.
            let chunk = chunk.get(..chunk.len().min(8192)).unwrap_or_default().to_vec();
            for (at, byte) in chunk.iter().enumerate() {
                // A mark at the very beginning says nothing but that this is UTF-8.
                if self.read == 0 && at < 3 && chunk.starts_with(b"\xef\xbb\xbf") {
                    continue;
                }
                if self.take(*byte)?
                    && let Some((_, line)) = self.capture.take()
                {
                    self.input.consume(at + 1);
                    self.read += at as u64 + 1;
                    return self.record(line).map(Some);
                }
            }
            self.input.consume(chunk.len());
            self.read += chunk.len() as u64;
        }
    }
}

impl<R: BufRead> Iterator for RecordScanner<R> {
    type Item = Result<JsonRecord, TraceError>;

    /// Reads the next record. After an error nothing follows.
    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let next = self.advance().transpose();
        self.over |= matches!(next, Some(Err(_)) | None);
        next
    }
}
