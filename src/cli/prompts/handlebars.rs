//! The templates of dotprompt, in and out: what of Handlebars and of retort's language says the same. The rest is named by its
//! line. <https://google.github.io/dotprompt/reference/template/>

use std::fmt::Write as _;

use crate::{
    model::{MediaKind, Part, Role, Turn},
    template::{
        self,
        pieces::{TemplatePiece, inner, pieces},
    },
};

/// How deep partials may be within each other, and how many bytes they may have together.
const DEEPEST: usize = 8;
const MOST_BYTES: usize = 1024 * 1024;

/// A tag that waits for its end.
enum HandlebarsBlock {
    /// A condition, by the word that ends it.
    If(&'static str),
    /// A loop, by the name of its item.
    Each(String),
    /// A partial that is given values, by their names.
    Given(Vec<String>),
}

/// Tells whether a text is a name, or a path of names and dots.
fn is_path(text: &str) -> bool {
    let name = |part: &str| {
        part.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    !text.is_empty() && text.split('.').all(name)
}

/// Writes a template as Handlebars. Fails with what there is no other way to say, each with its line.
pub(super) fn write(template: &str) -> Result<String, Vec<(usize, String)>> {
    let line = |at: usize| 1 + template.get(..at).unwrap_or_default().matches('\n').count();
    let found = pieces(template).map_err(|mistake| vec![(mistake.line, mistake.message)])?;
    let (mut out, mut bad, mut open) = (String::new(), Vec::new(), Vec::<&str>::new());
    for piece in found.all {
        match piece {
            TemplatePiece::Text { text, .. } => out.push_str(&text.replace("{{", "\\{{")),
            TemplatePiece::Variable { name, .. } if is_path(name) => {
                // A backslash before a name would make a text of it.
                if out.ends_with('\\') {
                    out.push('\\');
                }
                let _ = write!(out, "{{{{{name}}}}}");
            }
            TemplatePiece::Variable { at, name } => bad.push((line(at), format!("`{{{{ {name} }}}}`"))),
            TemplatePiece::Output { at, written } => bad.push((line(at), format!("`{written}`"))),
            TemplatePiece::Silent { .. } => {}
            TemplatePiece::Tag { at, written, .. } => {
                let held = |held: bool| if held { "~" } else { "" };
                let (before, after) = (held(written.starts_with("{%-")), held(written.ends_with("-%}")));
                match tag(inner(written).trim(), &mut open) {
                    Some(tag) => {
                        let _ = write!(out, "{{{{{before}{tag}{after}}}}}");
                    }
                    None => bad.push((line(at), format!("`{written}`"))),
                }
            }
        }
    }
    if bad.is_empty() { Ok(out) } else { Err(bad) }
}

/// Writes what stands in a tag.
fn tag(words: &str, open: &mut Vec<&'static str>) -> Option<String> {
    let parts: Vec<&str> = words.split_whitespace().collect();
    Some(match parts.as_slice() {
        ["if", name] if is_path(name) => {
            open.push("if");
            format!("#if {name}")
        }
        ["if", "not", name] if is_path(name) => {
            open.push("unless");
            format!("#unless {name}")
        }
        ["for", item, "in", list] if is_path(item) && is_path(list) => {
            open.push("each");
            format!("#each {list} as |{item}|")
        }
        ["else"] => "else".to_owned(),
        ["endif" | "endfor"] => format!("/{}", open.pop()?),
        _ => return None,
    })
}

/// Finds the text of a partial by its name. Fails, in words, where there is none that can be read.
pub(super) type Partials<'p> = &'p dyn Fn(&str) -> Result<String, String>;

/// Reads the body of a dotprompt file, whose first line is that of the file with this number, as messages; partials are put
/// in their places. Fails with what cannot be said here, each with its line.
pub(super) fn read(body: &str, first: usize, partials: Partials<'_>) -> Result<Vec<Turn>, Vec<String>> {
    let turns = vec![Turn::of(Role::User, "")];
    let mut reader =
        Reader { turns, open: Vec::new(), bad: Vec::new(), partials, within: Vec::new(), room: MOST_BYTES };
    reader.feed(body, first);
    if reader.bad.is_empty() && !reader.open.is_empty() {
        reader.bad.push("a block that is not closed".to_owned());
    }
    let Reader { mut turns, bad, .. } = reader;
    if !bad.is_empty() {
        return Err(bad);
    }
    for turn in &mut turns {
        turn.content = turn.content.trim().to_owned();
    }
    turns.retain(|turn| !turn.is_empty());
    Ok(turns)
}

struct Reader<'p> {
    turns: Vec<Turn>,
    open: Vec<HandlebarsBlock>,
    bad: Vec<String>,
    partials: Partials<'p>,
    /// The partials that are being read, the outermost first.
    within: Vec<String>,
    /// Bytes that partials may still have.
    room: usize,
}

impl Reader<'_> {
    /// Reads a body, or a partial.
    fn feed(&mut self, body: &str, first: usize) {
        let mut rest = body;
        while let Some(at) = rest.find("{{") {
            let (before, tail) = rest.split_at(at);
            let slashes = before.len() - before.trim_end_matches('\\').len();
            let line = first
                + body
                    .len()
                    .checked_sub(tail.len())
                    .and_then(|at| body.get(..at))
                    .map_or(0, |before| before.matches('\n').count());
            if slashes % 2 == 1 {
                // What is escaped is text up to its end.
                let end = tail.find("}}").map_or(tail.len(), |end| end + 2);
                let (text, after) = tail.split_at(end);
                self.text(before.get(..before.len() - 1).unwrap_or_default());
                self.text(text);
                rest = after;
                continue;
            }
            let before = before.get(..before.len() - slashes / 2).unwrap_or_default();
            let (open, close) = if tail.starts_with("{{!--") || tail.starts_with("{{~!--") {
                ("{{", "--}}")
            } else if tail.starts_with("{{{") {
                ("{{{", "}}}")
            } else {
                ("{{", "}}")
            };
            let inside = tail.get(open.len()..).unwrap_or_default();
            let Some((inside, after)) = inside.split_once(close) else {
                self.refuse(line, &format!("`{open}` is not closed by `{close}`"));
                return;
            };
            if let Some(name) = inside.trim_matches('~').trim().strip_prefix('>') {
                let starts = rest.len() == body.len() || before.contains('\n');
                rest = self.partial((before, name.trim(), after), starts, line);
                continue;
            }
            self.text(before);
            self.mustache(inside, line);
            rest = after;
        }
        self.text(rest);
    }

    /// Puts a partial in its place, and returns what follows it. One that has a line to itself stands there with the line's
    /// indent, and the line's end is its own.
    fn partial<'t>(&mut self, place: (&str, &str, &'t str), starts: bool, line: usize) -> &'t str {
        let (before, name, after) = place;
        let indent = before.rsplit('\n').next().unwrap_or_default();
        let (behind, below) = after.split_once('\n').unwrap_or((after, ""));
        let is_alone = starts && indent.trim().is_empty() && behind.trim().is_empty();
        let words = arguments(name);
        let own = words.first().map_or("", String::as_str);
        let found = self.given(words.get(1..).unwrap_or_default()).and_then(|given| Ok((self.found(own)?, given)));
        let (text, given) = match found {
            Ok(found) => found,
            Err(why) => {
                self.refuse(line, &format!("`{{{{>{name}}}}}` {why}"));
                return after;
            }
        };
        let (indent, after) = if is_alone { (indent, below) } else { ("", after) };
        self.text(before.strip_suffix(indent).unwrap_or(before));
        let text: String = text.split_inclusive('\n').flat_map(|line| [indent, line]).collect();
        // A tag that has a line to itself takes it away, which belongs to the partial here.
        let guard = |needed: bool| if needed { "{{ '' }}" } else { "" };
        if !given.is_empty() {
            let values: Vec<String> = given.iter().map(|(name, value)| format!("{name} = {value}")).collect();
            self.push(&format!("{{% with {} %}}{}", values.join(", "), guard(text.starts_with('\n'))));
            self.open.push(HandlebarsBlock::Given(given.iter().map(|(name, _)| name.clone()).collect()));
        }
        let open = self.open.len();
        self.within.push(own.to_owned());
        self.feed(&text, 1);
        self.within.pop();
        if self.open.len() != open {
            self.refuse(line, &format!("`{{{{>{name}}}}}` opens or closes a block that is not its own"));
        }
        if !given.is_empty() {
            self.open.pop();
            self.push(&format!("{}{{% endwith %}}", guard(text.ends_with('\n') && after.starts_with('\n'))));
        }
        after
    }

    /// Reads the values that a partial is given: `name=value`, where the value is written out or a path.
    fn given(&self, words: &[String]) -> Result<Vec<(String, String)>, String> {
        let mut given: Vec<(String, String)> = Vec::new();
        for word in words {
            let Some((name, value)) = word.split_once('=').filter(|(name, _)| is_path(name) && !name.contains('.'))
            else {
                return Err(format!("is given `{word}` to stand in, which has no place in a template here"));
            };
            let Some(written) = self.value(value) else {
                return Err(format!("is given `{value}`, which has no place in a template here"));
            };
            let root = written.split('.').next().unwrap_or_default();
            if given.iter().any(|(earlier, _)| earlier == root) {
                return Err(format!("is given `{root}` anew and reads it for `{name}`; write it out"));
            }
            given.push((name.to_owned(), written));
        }
        Ok(given)
    }

    /// Finds the text of a partial.
    fn found(&mut self, name: &str) -> Result<String, String> {
        if self.within.len() >= DEEPEST || self.within.iter().any(|outer| outer == name) {
            return Err("is within itself, or too deep within others".to_owned());
        }
        let text = (self.partials)(name)?;
        self.room = self.room.checked_sub(text.len()).ok_or("makes the template too long")?;
        if text.starts_with("---\n") {
            return Err("has lines of its own between `---`, which a partial has not".to_owned());
        }
        Ok(text)
    }

    /// Notes what cannot be said here, with its line.
    fn refuse(&mut self, line: usize, words: &str) {
        let within = self.within.last().map_or_else(String::new, |name| format!("partial {name}, "));
        self.bad.push(format!("{within}line {line}: {words}"));
    }

    fn push(&mut self, text: &str) {
        if let Some(turn) = self.turns.last_mut() {
            turn.content.push_str(text);
        }
    }

    fn text(&mut self, text: &str) {
        self.push(&template::literal(text));
    }

    /// Takes what stands between braces.
    fn mustache(&mut self, inside: &str, line: usize) {
        let held = |held: bool| if held { "-" } else { "" };
        let (before, after) = (held(inside.starts_with('~')), held(inside.ends_with('~')));
        let words = inside.trim_matches('~').trim();
        let refuse = |reader: &mut Self, why: &str| reader.refuse(line, &format!("`{{{{{words}}}}}`{why}"));
        if words.starts_with('!') {
            return;
        }
        let tag = |words: &str| format!("{{%{before} {words} {after}%}}");
        let parts = arguments(words);
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let written = match parts.as_slice() {
            ["#if", what] => self.path(what).map(|what| (HandlebarsBlock::If("if"), format!("if {what}"))),
            ["#unless", what] => self.path(what).map(|what| (HandlebarsBlock::If("unless"), format!("if not {what}"))),
            ["#ifEquals", one, other] => self
                .pair(one, other)
                .map(|(one, other)| (HandlebarsBlock::If("ifEquals"), format!("if {one} == {other}"))),
            ["#unlessEquals", one, other] => self
                .pair(one, other)
                .map(|(one, other)| (HandlebarsBlock::If("unlessEquals"), format!("if {one} != {other}"))),
            ["#each", list, named @ ..] => {
                let item = match named {
                    ["as", item] => Some(item.trim_matches('|').to_owned()).filter(|item| is_path(item)),
                    [] => {
                        let depth = self.open.iter().filter(|block| matches!(block, HandlebarsBlock::Each(_))).count();
                        Some(if depth == 0 { "item".to_owned() } else { format!("item{}", depth + 1) })
                    }
                    _ => None,
                };
                self.path(list)
                    .zip(item)
                    .map(|(list, item)| (HandlebarsBlock::Each(item.clone()), format!("for {item} in {list}")))
            }
            ["else"] if !matches!(self.open.last(), None | Some(HandlebarsBlock::Given(_))) => {
                self.push(&tag("else"));
                return;
            }
            [word] if word.starts_with('/') => {
                let ended = match (self.open.last(), word.get(1..)) {
                    (Some(HandlebarsBlock::If(own)), Some(word)) if *own == word => Some("endif"),
                    (Some(HandlebarsBlock::Each(_)), Some("each")) => Some("endfor"),
                    _ => None,
                };
                // What a partial is given ends with it.
                self.open.pop_if(|open| !matches!(open, HandlebarsBlock::Given(_)));
                match ended {
                    Some(end) => self.push(&tag(end)),
                    None => refuse(self, " closes nothing that is open"),
                }
                return;
            }
            ["role", role] => {
                match (unquoted(role), self.open.is_empty()) {
                    (Some("system"), true) => self.turns.push(Turn::of(Role::System, "")),
                    (Some("user"), true) => self.turns.push(Turn::of(Role::User, "")),
                    (Some("model" | "assistant"), true) => self.turns.push(Turn::of(Role::Assistant, "")),
                    (_, true) => refuse(self, " is no role of a prompt's messages"),
                    (_, false) => {
                        refuse(self, " depends on a value: a prompt has its messages whatever the values are");
                    }
                }
                return;
            }
            ["media", fields @ ..] if self.open.is_empty() => {
                match self.media(fields) {
                    Some(part) if self.turns.last().is_some_and(|turn| turn.role == Role::User) => {
                        if let Some(turn) = self.turns.last_mut() {
                            turn.parts.push(part);
                        }
                    }
                    _ => refuse(self, " is no picture, document or recording of a message of the user's"),
                }
                return;
            }
            ["history"] => {
                refuse(self, " has no place in a prompt: messages come with the input here, as a column `messages`");
                return;
            }
            ["json", what] => {
                match self.path(what) {
                    Some(what) => self.push(&format!("{{{{{before} {what} | dump {after}}}}}")),
                    None => refuse(self, ""),
                }
                return;
            }
            [what] => {
                match self.path(what) {
                    Some(what) => self.push(&format!("{{{{{before} {what} {after}}}}}")),
                    None => refuse(self, " has no place in a template here"),
                }
                return;
            }
            _ => None,
        };
        match written {
            Some((block, words)) => {
                self.push(&tag(&words));
                self.open.push(block);
            }
            None => refuse(self, " has no place in a template here"),
        }
    }

    fn media(&self, fields: &[&str]) -> Option<Part> {
        let value = |name: &str| fields.iter().find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
        let url = value("url")?;
        let source = match unquoted(url) {
            Some(text) => template::literal(text),
            None => format!("{{{{ {} }}}}", self.path(url)?),
        };
        let kind = match value("contentType").and_then(unquoted) {
            None => MediaKind::Image,
            Some(kind) if kind.starts_with("image/") => MediaKind::Image,
            Some(kind) if kind.starts_with("audio/") => MediaKind::Audio,
            Some("application/pdf") => MediaKind::File,
            Some(_) => return None,
        };
        Some(Part::of(kind, source))
    }

    fn pair(&self, one: &str, other: &str) -> Option<(String, String)> {
        Some((self.value(one)?, self.value(other)?))
    }

    /// Writes a value that is written out, or what a path leads to.
    fn value(&self, text: &str) -> Option<String> {
        let is_literal = unquoted(text).is_some() || text.parse::<f64>().is_ok() || matches!(text, "true" | "false");
        if is_literal { Some(text.to_owned()) } else { self.path(text) }
    }

    /// Writes what a path leads to: within a loop, to the item or a field of it.
    fn path(&self, text: &str) -> Option<String> {
        let root = text.split('.').next().unwrap_or_default();
        let mut items: Vec<&str> = Vec::new();
        let mut is_given = false;
        for block in &self.open {
            match block {
                HandlebarsBlock::If(_) => {}
                HandlebarsBlock::Each(item) => {
                    items.push(item);
                    is_given = false;
                }
                HandlebarsBlock::Given(names) => is_given |= names.iter().any(|name| name == root),
            }
        }
        if is_given && is_path(text) {
            return Some(text.to_owned());
        }
        let Some(item) = items.last() else {
            return is_path(text).then(|| text.to_owned()).filter(|text| text != "this" && !text.starts_with("this."));
        };
        match text {
            "this" => return Some((*item).to_owned()),
            "@index" => return Some("loop.index0".to_owned()),
            "@first" => return Some("loop.first".to_owned()),
            "@last" => return Some("loop.last".to_owned()),
            _ => {}
        }
        let field = text.strip_prefix("this.").unwrap_or(text);
        let first = field.split('.').next().unwrap_or_default();
        if !is_path(field) {
            return None;
        }
        Some(if items.contains(&first) && field == text { field.to_owned() } else { format!("{item}.{field}") })
    }
}

/// Cuts what stands between braces at its white space, but not within quotes; `| |` of the names of a loop stay together.
fn arguments(words: &str) -> Vec<String> {
    let (mut parts, mut quote) = (vec![String::new()], None);
    for c in words.chars() {
        match quote {
            Some(end) if c == end => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c.is_whitespace() => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Returns what stands between quotes.
fn unquoted(text: &str) -> Option<&str> {
    ['"', '\''].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote))
}
