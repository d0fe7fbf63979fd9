//! The database in which the program `llm` logs its calls, `logs.db`: read, and never written. Three designs of it are known,
//! which one file may have side by side: `logs` of its first versions, `responses` up to 0.28, and `turns`, whose messages are
//! kept once each. <https://llm.datasette.io/en/stable/logging.html>

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, config::DbConfig, types::ValueRef};
use serde_json::{Map, Value, json};

use crate::{model::error::StoreError, text::clean_line};

/// Bytes that one call may have, with all that was said before it.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// Messages that one call may have before it.
const MOST_MESSAGES: usize = 10_000;

/// What stands for what was said before a call beyond that.
const CUT: &str = "earlier messages beyond 16 MB";

/// A design of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LlmDesign {
    Logs,
    Responses,
    Turns,
}

impl LlmDesign {
    const ALL: [Self; 3] = [Self::Logs, Self::Responses, Self::Turns];

    fn table(self) -> &'static str {
        match self {
            Self::Logs => "logs",
            Self::Responses => "responses",
            Self::Turns => "turns",
        }
    }

    /// What calls of one conversation have in common.
    fn conversation(self) -> &'static str {
        match self {
            Self::Logs => "coalesce(chat_id, id)",
            Self::Responses => "conversation_id",
            // What was said before is a chain of its own there.
            Self::Turns => "NULL",
        }
    }

    /// The columns that are copied as they are; those that a version lacks are left out.
    fn copied_columns(self) -> &'static [&'static str] {
        match self {
            Self::Logs => &["model", "system", "options_json", "duration_ms", "datetime_utc"],
            Self::Responses => &[
                "id",
                "model",
                "system",
                "options_json",
                "conversation_id",
                "duration_ms",
                "datetime_utc",
                "input_tokens",
                "output_tokens",
                "token_details",
                "schema_id",
                "resolved_model",
            ],
            Self::Turns => &[
                "id",
                "model",
                "options_json",
                "duration_ms",
                "datetime_utc",
                "input_tokens",
                "output_tokens",
                "token_details",
                "schema_id",
                "resolved_model",
            ],
        }
    }

    /// Those of which only is told that they are there: the provider's own requests and answers.
    fn noted(self) -> &'static [&'static str] {
        match self {
            Self::Logs | Self::Responses => &["prompt_json", "response_json"],
            Self::Turns => &["response_json"],
        }
    }
}

/// Reads the calls of a log, one at a time, in the form in which `llm logs --json` writes them, with what was said before.
#[derive(Debug)]
pub struct LlmLog {
    db: Connection,
    path: PathBuf,
    /// The designs that are still to be read, the last one first, each with the columns that it has.
    designs: Vec<(LlmDesign, Vec<String>)>,
    /// The tables beside them that this version has.
    tables: Vec<String>,
    /// The rows of each conversation of more than one, of the design that is read.
    conversations: BTreeMap<String, Vec<i64>>,
    is_begun: bool,
    after: i64,
    whole: u64,
    read: u64,
}

impl LlmLog {
    /// Opens a log. Fails where the file is no database of `llm`'s, or is damaged.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let error_at = |error: rusqlite::Error| error_of(path, &error);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags).map_err(error_at)?;
        // Nothing that a file of somebody else's defines is run.
        for (setting, on) in [
            (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
            (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
            (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
            (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        ] {
            db.set_db_config(setting, on).map_err(error_at)?;
        }
        db.execute_batch("PRAGMA query_only = ON; PRAGMA cell_size_check = ON").map_err(error_at)?;
        let mut log = Self {
            db,
            path: path.to_path_buf(),
            designs: Vec::new(),
            tables: Vec::new(),
            conversations: BTreeMap::new(),
            is_begun: false,
            after: i64::MIN,
            whole: 0,
            read: 0,
        };
        log.look().map_err(error_at)?;
        if log.designs.is_empty() {
            let shown = clean_line(&path.display().to_string()).as_str().to_owned();
            return Err(StoreError::wrong(format!(
                "{shown}: this is a database, but none of `llm`: it has neither `turns` nor `responses` nor `logs`"
            )));
        }
        Ok(log)
    }

    /// Finds out which designs it has.
    fn look(&mut self) -> rusqlite::Result<()> {
        let mut query = self.db.prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE TABLE%' AND octet_length(name) < 64",
        )?;
        self.tables = query.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        drop(query);
        for design in LlmDesign::ALL.into_iter().rev() {
            if !self.has(design.table()) {
                continue;
            }
            let mut query = self.db.prepare("SELECT name FROM pragma_table_info(?1)")?;
            let columns: Vec<String> =
                query.query_map([design.table()], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
            let count: i64 =
                self.db.query_row(&format!("SELECT count(*) FROM {}", design.table()), [], |row| row.get(0))?;
            self.whole += count.unsigned_abs();
            self.designs.push((design, columns));
        }
        Ok(())
    }

    fn has(&self, table: &str) -> bool {
        self.tables.iter().any(|own| own == table)
    }

    /// Returns how many calls it has, and how many were read.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        (self.whole, self.read)
    }

    fn step(&mut self) -> rusqlite::Result<Option<Map<String, Value>>> {
        while let Some((design, columns)) = self.designs.last().cloned() {
            if !self.is_begun {
                (self.is_begun, self.after) = (true, i64::MIN);
                self.conversations = self.conversations(design, &columns)?;
            }
            let table = design.table();
            let next: Option<i64> = self
                .db
                .prepare_cached(&format!("SELECT rowid FROM {table} WHERE rowid > ?1 ORDER BY rowid LIMIT 1"))?
                .query_row([self.after], |row| row.get(0))
                .optional()?;
            let Some(row) = next else {
                self.designs.pop();
                self.is_begun = false;
                continue;
            };
            self.after = row;
            self.read += 1;
            return self.call(design, &columns, row).map(Some);
        }
        Ok(None)
    }

    /// Lists the rows of conversations of more than one call.
    fn conversations(&self, design: LlmDesign, columns: &[String]) -> rusqlite::Result<BTreeMap<String, Vec<i64>>> {
        let column = if design == LlmDesign::Logs { "chat_id" } else { "conversation_id" };
        let mut all: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        if design == LlmDesign::Turns || !columns.iter().any(|own| own == column) {
            return Ok(all);
        }
        let (table, shared) = (design.table(), design.conversation());
        let mut query = self.db.prepare(&format!(
            "SELECT {shared}, rowid FROM {table} WHERE {shared} IN (SELECT {shared} FROM {table} GROUP BY 1 HAVING count(*) > 1) \
             ORDER BY rowid"
        ))?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            if let Some(conversation) = text(row, 0)? {
                all.entry(conversation).or_default().push(row.get(1)?);
            }
        }
        Ok(all)
    }

    /// Reads a call.
    fn call(&self, design: LlmDesign, columns: &[String], row: i64) -> rusqlite::Result<Map<String, Value>> {
        let table = design.table();
        let has = |name: &&&str| columns.iter().any(|own| own == **name);
        let copied: Vec<&str> = design.copied_columns().iter().filter(has).copied().collect();
        let noted: Vec<&str> = design.noted().iter().filter(has).copied().collect();
        let mut record = Map::new();
        let sizes = copied.iter().map(|name| format!("coalesce(octet_length({name}), 0)"));
        let size = sizes.collect::<Vec<_>>().join(" + ");
        let size: i64 = self
            .db
            .prepare_cached(&format!("SELECT {size} FROM {table} WHERE rowid = ?1"))?
            .query_row([row], |row| row.get(0))?;
        if size.unsigned_abs() > MOST_BYTES {
            return Err(too_large(row));
        }
        let notes = noted.iter().map(|name| format!("coalesce(octet_length({name}), 0) > 2"));
        let wanted: Vec<String> = copied.iter().map(|name| (*name).to_owned()).chain(notes).collect();
        let mut query =
            self.db.prepare_cached(&format!("SELECT {} FROM {table} WHERE rowid = ?1", wanted.join(", ")))?;
        query.query_row([row], |row| {
            for (at, name) in copied.iter().enumerate() {
                if let Some(text) = text(row, at)? {
                    record.insert((*name).to_owned(), text.into());
                }
            }
            for (at, name) in noted.iter().enumerate() {
                if row.get::<_, bool>(copied.len() + at)? {
                    record.insert((*name).to_owned(), true.into());
                }
            }
            Ok(())
        })?;
        // What says nothing is no loss.
        for name in ["options_json", "token_details"] {
            if record.get(name).is_some_and(|value| value == "{}" || value == "null") {
                record.remove(name);
            }
        }
        match design {
            LlmDesign::Logs | LlmDesign::Responses => self.exchange(design, columns, row, &mut record)?,
            LlmDesign::Turns => self.turn(row, &mut record)?,
        }
        Ok(record)
    }

    /// Adds what was said and answered in a call of the designs that keep both with it.
    fn exchange(
        &self,
        design: LlmDesign,
        columns: &[String],
        row: i64,
        record: &mut Map<String, Value>,
    ) -> rusqlite::Result<()> {
        let mut room = Room::default();
        let table = design.table();
        let conversation: Option<String> = if self.conversations.is_empty() {
            None
        } else {
            let shared = design.conversation();
            self.db
                .prepare_cached(&format!("SELECT {shared} FROM {table} WHERE rowid = ?1"))?
                .query_row([row], |row| text(row, 0))?
        };
        let all = conversation.as_ref().and_then(|conversation| self.conversations.get(conversation));
        let before: Vec<i64> = all.into_iter().flatten().copied().filter(|other| *other < row).collect();
        let Some((mut asked, answer)) = self.question_and_answer(design, columns, row, &mut room)? else {
            return Err(too_large(row));
        };
        let mut earlier: Vec<Value> = Vec::new();
        for other in before.into_iter().rev() {
            // The newest stand next to the call, and what has no room is the oldest.
            match self.question_and_answer(design, columns, other, &mut room)? {
                Some((mut own, answer)) if earlier.len() < MOST_MESSAGES => {
                    own.push(answer);
                    earlier.extend(own.into_iter().rev());
                }
                Some(_) | None => {
                    record.insert(CUT.to_owned(), true.into());
                    break;
                }
            }
        }
        earlier.reverse();
        earlier.append(&mut asked);
        record.insert("prompt".to_owned(), earlier.into());
        record.insert("response".to_owned(), answer);
        if design == LlmDesign::Logs {
            record.insert("id".to_owned(), format!("logs {row}").into());
            record.extend(conversation.map(|chat| ("conversation_id".to_owned(), format!("logs {chat}").into())));
        }
        if let Some(system) = self.fragments("system_fragments", design, row, &mut room)? {
            let own = record.get("system").and_then(Value::as_str).unwrap_or_default();
            let system = [system.as_str(), own].into_iter().filter(|text| !text.trim().is_empty()).collect::<Vec<_>>();
            record.insert("system".to_owned(), system.join("\n\n").into());
        }
        Ok(())
    }

    /// Returns what was asked in a call and what was answered, as messages; none where that is more than there is room for.
    fn question_and_answer(
        &self,
        design: LlmDesign,
        columns: &[String],
        row: i64,
        room: &mut Room,
    ) -> rusqlite::Result<Option<(Vec<Value>, Value)>> {
        let table = design.table();
        let reasoning = if columns.iter().any(|own| own == "reasoning") { "reasoning" } else { "NULL" };
        let size: i64 = self
            .db
            .prepare_cached(&format!(
                "SELECT coalesce(octet_length(prompt), 0) + coalesce(octet_length(response), 0) + coalesce(octet_length({reasoning}), 0) \
                 FROM {table} WHERE rowid = ?1"
            ))?
            .query_row([row], |row| row.get(0))?;
        if !room.takes(size) {
            return Ok(None);
        }
        let (prompt, response, thought) = self
            .db
            .prepare_cached(&format!("SELECT prompt, response, {reasoning} FROM {table} WHERE rowid = ?1"))?
            .query_row([row], |row| Ok((text(row, 0)?, text(row, 1)?, text(row, 2)?)))?;
        let mut asked = self.results(design, row, room)?;
        let fragments = self.fragments("prompt_fragments", design, row, room)?;
        let prompt: Vec<String> = fragments.into_iter().chain(prompt.filter(|prompt| !prompt.is_empty())).collect();
        let mut parts = vec![json!({ "type": "text", "text": prompt.join("\n") })];
        for _ in 0..self.count("prompt_attachments", design, row)? {
            parts.push(json!({ "type": "attachment" }));
        }
        if !prompt.is_empty() || parts.len() > 1 {
            asked.push(json!({ "role": "user", "content": parts }));
        }
        let mut answer = json!({ "role": "assistant", "content": response.unwrap_or_default() });
        if let Some(fields) = answer.as_object_mut() {
            fields.extend(thought.map(|thought| ("reasoning".to_owned(), thought.into())));
            let calls = self.calls(design, row, room)?;
            if !calls.is_empty() {
                fields.insert("tool_calls".to_owned(), calls.into());
            }
        }
        Ok(Some((asked, answer)))
    }

    /// Tells whether a table of that belongs to `responses` is there.
    fn belongs(&self, table: &str, design: LlmDesign) -> bool {
        design == LlmDesign::Responses && self.has(table)
    }

    fn count(&self, table: &str, design: LlmDesign, row: i64) -> rusqlite::Result<usize> {
        if !self.belongs(table, design) {
            return Ok(0);
        }
        let count: i64 = self
            .db
            .prepare_cached(&format!(
                "SELECT count(*) FROM {table} WHERE response_id = (SELECT id FROM responses WHERE rowid = ?1)"
            ))?
            .query_row([row], |row| row.get(0))?;
        Ok(usize::try_from(count).unwrap_or(0).min(MOST_MESSAGES))
    }

    /// Returns the fragments that a prompt begins with, as they went to the model.
    fn fragments(&self, table: &str, design: LlmDesign, row: i64, room: &mut Room) -> rusqlite::Result<Option<String>> {
        if !self.belongs(table, design) || !self.has("fragments") {
            return Ok(None);
        }
        let between = if table == "system_fragments" { "\n\n" } else { "\n" };
        let mut query = self.db.prepare_cached(&format!(
            "SELECT coalesce(octet_length(f.content), 0), f.id FROM {table} p JOIN fragments f ON f.id = p.fragment_id \
             WHERE p.response_id = (SELECT id FROM responses WHERE rowid = ?1) ORDER BY p.\"order\""
        ))?;
        let mut rows = query.query([row])?;
        let mut texts = Vec::new();
        while let Some(row) = rows.next()? {
            if !room.takes(row.get(0)?) {
                texts.push("(a fragment is left out: the call is larger than 16 MB)".to_owned());
                break;
            }
            texts.extend(self.fragment(row.get(1)?)?);
        }
        Ok((!texts.is_empty()).then(|| texts.join(between)))
    }

    fn fragment(&self, id: i64) -> rusqlite::Result<Option<String>> {
        let mut query = self.db.prepare_cached("SELECT content FROM fragments WHERE id = ?1")?;
        Ok(query.query_row([id], |row| text(row, 0)).optional()?.flatten())
    }

    /// Returns the results of tools that a call began with.
    fn results(&self, design: LlmDesign, row: i64, room: &mut Room) -> rusqlite::Result<Vec<Value>> {
        self.each(
            "tool_results",
            "name",
            "output",
            design,
            row,
            room,
            |name, output, _| json!({ "role": "tool", "name": name, "content": output }),
        )
    }

    /// Returns the calls of tools in an answer.
    fn calls(&self, design: LlmDesign, row: i64, room: &mut Room) -> rusqlite::Result<Vec<Value>> {
        self.each(
            "tool_calls",
            "name",
            "arguments",
            design,
            row,
            room,
            |name, arguments, id| json!({ "id": id, "name": name, "arguments": arguments }),
        )
    }

    #[expect(clippy::too_many_arguments, reason = "a table, what is read of it, and of which call")]
    fn each(
        &self,
        table: &str,
        first: &str,
        second: &str,
        design: LlmDesign,
        row: i64,
        room: &mut Room,
        make: impl Fn(String, String, String) -> Value,
    ) -> rusqlite::Result<Vec<Value>> {
        if !self.belongs(table, design) {
            return Ok(Vec::new());
        }
        let mut query = self.db.prepare_cached(&format!(
            "SELECT coalesce(octet_length({first}), 0) + coalesce(octet_length({second}), 0), {first}, {second}, tool_call_id \
             FROM {table} WHERE response_id = (SELECT id FROM responses WHERE rowid = ?1) ORDER BY id"
        ))?;
        let (mut rows, mut all) = (query.query([row])?, Vec::new());
        while let Some(row) = rows.next()? {
            if !room.takes(row.get(0)?) {
                break;
            }
            let of = |at| text(row, at).map(Option::unwrap_or_default);
            all.push(make(of(1)?, of(2)?, of(3)?));
        }
        Ok(all)
    }

    /// Adds what was said and answered in a turn: the chain of messages up to where it began, and from there.
    fn turn(&self, row: i64, record: &mut Map<String, Value>) -> rusqlite::Result<()> {
        let (thread, parent, tip) = self
            .db
            .prepare_cached("SELECT thread_id, parent_message_hash, tip_message_hash FROM turns WHERE rowid = ?1")?
            .query_row([row], |row| Ok((text(row, 0)?, text(row, 1)?, text(row, 2)?)))?;
        record.extend(thread.map(|thread| ("conversation_id".to_owned(), thread.into())));
        let mut room = Room::default();
        let (mut asked, mut answered) = (Vec::new(), Vec::new());
        let (mut next, mut is_asked) = (tip, false);
        while let Some(hash) = next {
            is_asked |= Some(&hash) == parent.as_ref();
            let found = self.message(&hash, &mut room)?;
            let Some((message, before)) = found.filter(|_| asked.len() + answered.len() < MOST_MESSAGES) else {
                record.insert(CUT.to_owned(), true.into());
                break;
            };
            if is_asked {
                asked.push(message);
            } else {
                answered.push(message);
            }
            next = before;
        }
        asked.reverse();
        answered.reverse();
        record.insert("prompt".to_owned(), asked.into());
        record.insert("response".to_owned(), answered.into());
        Ok(())
    }

    /// Reads a message with its parts, and which comes before it; none where it is not there or has no room.
    fn message(&self, hash: &str, room: &mut Room) -> rusqlite::Result<Option<(Value, Option<String>)>> {
        let found = self
            .db
            .prepare_cached("SELECT role, parent_hash FROM messages WHERE hash = ?1")?
            .query_row([hash], |row| Ok((text(row, 0)?, text(row, 1)?)))
            .optional()?;
        let Some((role, before)) = found else { return Ok(None) };
        let mut query = self.db.prepare_cached(
            "SELECT coalesce(octet_length(text), 0) + coalesce(octet_length(payload), 0), type, text, payload \
             FROM parts WHERE message_hash = ?1 ORDER BY position",
        )?;
        let (mut rows, mut parts) = (query.query([hash])?, Vec::new());
        while let Some(row) = rows.next()? {
            if !room.takes(row.get(0)?) {
                return Ok(None);
            }
            let kind = text(row, 1)?.unwrap_or_default();
            let payload = text(row, 3)?.and_then(|json| serde_json::from_str::<Map<String, Value>>(&json).ok());
            let mut part = payload.unwrap_or_default();
            if let Some(own) = text(row, 2)? {
                part.insert("text".to_owned(), own.into());
            } else if let Some(Value::Array(pieces)) = part.shift_remove("text_ref") {
                let Some(whole) = self.resolved(&pieces, room)? else { return Ok(None) };
                part.insert("text".to_owned(), whole.into());
            }
            if let Some(id) = part.shift_remove("tool_call_id") {
                part.insert("id".to_owned(), id);
            }
            part.insert("type".to_owned(), kind.into());
            parts.push(Value::Object(part));
        }
        Ok(Some((json!({ "role": role.unwrap_or_default(), "parts": parts }), before)))
    }

    /// Puts a text together of what it borrows; none where that has no room.
    fn resolved(&self, pieces: &[Value], room: &mut Room) -> rusqlite::Result<Option<String>> {
        let mut whole = String::new();
        for piece in pieces {
            if let Some(literal) = piece.get("literal").and_then(Value::as_str) {
                whole.push_str(literal);
            } else if let Some(id) = piece.get("fragment").and_then(Value::as_i64) {
                let size: Option<i64> = self
                    .db
                    .prepare_cached("SELECT coalesce(octet_length(content), 0) FROM fragments WHERE id = ?1")?
                    .query_row([id], |row| row.get(0))
                    .optional()?;
                if !room.takes(size.unwrap_or(0)) {
                    return Ok(None);
                }
                whole.push_str(&self.fragment(id)?.unwrap_or_default());
            }
        }
        Ok(Some(whole))
    }
}

impl Iterator for LlmLog {
    type Item = Result<Map<String, Value>, StoreError>;

    /// Reads the next call. After an error nothing follows.
    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step();
        if step.is_err() {
            self.designs.clear();
        }
        step.map_err(|error| error_of(&self.path, &error)).transpose()
    }
}

/// What there is room for in one call.
#[derive(Debug)]
struct Room(u64);

impl Default for Room {
    fn default() -> Self {
        Self(MOST_BYTES)
    }
}

impl Room {
    /// Takes so many bytes, if there is room for them.
    fn takes(&mut self, bytes: i64) -> bool {
        let left = self.0.checked_sub(bytes.unsigned_abs());
        self.0 = left.unwrap_or(0);
        left.is_some()
    }
}

/// Reads a column as text, whatever it holds; none where it holds nothing, or bytes.
fn text(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<String>> {
    Ok(match row.get_ref(at)? {
        ValueRef::Null | ValueRef::Blob(_) => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
    })
}

fn too_large(row: i64) -> rusqlite::Error {
    rusqlite::Error::UserFunctionError(format!("the call in row {row} is larger than 16 MB").into())
}

fn error_of(path: &Path, error: &rusqlite::Error) -> StoreError {
    let shown = clean_line(&path.display().to_string()).as_str().to_owned();
    StoreError::wrong(format!("{shown}: {}", clean_line(&error.to_string())))
}
