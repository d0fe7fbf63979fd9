//! XML, read as far as is needed to tell whether it is well-formed (W3C, "Extensible Markup Language (XML) 1.0"), in one pass
//! and without making a tree. Declarations of a document type are not read.

use std::collections::HashSet;

/// Why a text is no XML, or why that cannot be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum XmlFault {
    /// It is not well-formed: at which byte, and what is wrong there.
    Bad(usize, String),
    /// It declares a document type, by which what is well-formed is another thing.
    Declares,
}

/// A tag, from its `<` to the byte behind its `>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tag<'t> {
    name: &'t str,
    form: TagForm,
    end: usize,
}

/// What a tag does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TagForm {
    Opens,
    Closes,
    /// Both at once: `<a/>`.
    Stands,
}

/// Reads a document: an element, with comments and instructions around it. Returns those of the paths `wanted` (names of
/// elements from the root, with dots between) that it has not.
pub fn document<'w>(text: &str, wanted: &'w [String]) -> Result<Vec<&'w str>, XmlFault> {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut reader = Reader { text, at: start, open: Vec::new(), wanted: Wanted::of(wanted), lost: HashSet::new() };
    if reader.rest().starts_with("<?xml") && reader.rest().get(5..6).is_some_and(|next| next.trim().is_empty()) {
        reader.skip_past("?>", 5, "the declaration is not closed")?;
    }
    let mut has_root = false;
    while !reader.rest().is_empty() {
        let outside = reader.open.is_empty();
        if !reader.rest().starts_with('<') {
            let end = reader.rest().find('<').map_or(text.len(), |length| reader.at + length);
            let words = text.get(reader.at..end).unwrap_or_default();
            if outside && !words.chars().all(is_blank) {
                return Err(reader.bad("a text outside of the root element"));
            }
            reader.characters(words)?;
            reader.at = end;
        } else if !reader.aside(outside && !has_root)? {
            if outside && has_root {
                return Err(reader.bad("a second root element"));
            }
            has_root = true;
            reader.element()?;
        }
    }
    match reader.open.last() {
        Some(name) => Err(reader.bad(&format!("<{name}> is not closed"))),
        None if !has_root => Err(reader.bad("there is no element")),
        None => Ok(reader.wanted.missing()),
    }
}

/// Finds the elements of a text that are closed and well-formed, none inside another: from where to where.
#[must_use]
pub fn elements(text: &str) -> Vec<(usize, usize)> {
    let mut reader = Reader { text, at: 0, open: Vec::new(), wanted: Wanted::default(), lost: HashSet::new() };
    let (mut starts, mut found): (Vec<usize>, Vec<(usize, usize)>) = (Vec::new(), Vec::new());
    while let Some(length) = reader.rest().find('<') {
        let words = reader.rest().get(..length).unwrap_or_default();
        if !starts.is_empty() && reader.characters(words).is_err() {
            starts.clear();
            reader.open.clear();
        }
        let start = reader.at + length;
        reader.at = start;
        let depth = reader.open.len();
        let read = if starts.is_empty() { Ok(false) } else { reader.aside(false) };
        match read.and_then(|aside| if aside { Ok(()) } else { reader.element() }) {
            Ok(()) if reader.open.len() > depth => starts.push(start),
            Ok(()) if reader.text.get(start..).is_some_and(|tag| tag.starts_with("<!") || tag.starts_with("<?")) => {}
            Ok(()) => {
                let begun = if reader.open.len() < depth { starts.pop().unwrap_or(start) } else { start };
                while found.last().is_some_and(|(inner, _)| *inner > begun) {
                    found.pop();
                }
                found.push((begun, reader.at));
            }
            Err(_) => {
                starts.clear();
                reader.open.clear();
                reader.at = start + 1;
            }
        }
    }
    found
}

/// Elements that are looked for, by their names from the root.
#[derive(Debug, Default)]
struct Wanted<'w> {
    paths: Vec<(&'w str, Vec<&'w str>, bool)>,
}

impl<'w> Wanted<'w> {
    fn of(paths: &'w [String]) -> Self {
        Self { paths: paths.iter().map(|path| (path.as_str(), path.split('.').collect(), false)).collect() }
    }

    /// Notes an element that stands in these.
    fn note(&mut self, open: &[&str], name: &str) {
        for (_, path, found) in &mut self.paths {
            let [before @ .., last] = path.as_slice() else { continue };
            *found |= *last == name && before == open;
        }
    }

    fn missing(&self) -> Vec<&'w str> {
        self.paths.iter().filter(|(.., found)| !found).map(|(path, ..)| *path).collect()
    }
}

struct Reader<'t, 'w> {
    text: &'t str,
    at: usize,
    /// The names of the elements that are open.
    open: Vec<&'t str>,
    wanted: Wanted<'w>,
    /// Ends that stand nowhere behind here: they are looked for once.
    lost: HashSet<&'static str>,
}

impl<'t> Reader<'t, '_> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn bad(&self, what: &str) -> XmlFault {
        XmlFault::Bad(self.at, what.to_owned())
    }

    /// Goes on behind a mark that is looked for from `skip` bytes on; returns what stands before it.
    fn skip_past(&mut self, mark: &'static str, skip: usize, missing: &str) -> Result<&'t str, XmlFault> {
        let inside = self.rest().get(skip..).unwrap_or_default();
        let found = if self.lost.contains(mark) { None } else { inside.find(mark) };
        let Some(length) = found else {
            self.lost.insert(mark);
            return Err(self.bad(missing));
        };
        let inside = inside.get(..length).unwrap_or_default();
        self.at += skip + length + mark.len();
        Ok(inside)
    }

    /// Reads a comment, an instruction, a section of characters or the type of the document, if one stands here.
    fn aside(&mut self, may_declare: bool) -> Result<bool, XmlFault> {
        let rest = self.rest();
        if rest.starts_with("<!--") {
            let inside = self.skip_past("-->", 4, "a comment is not closed")?;
            if inside.contains("--") || inside.ends_with('-') {
                return Err(self.bad("`--` in a comment"));
            }
        } else if rest.starts_with("<![CDATA[") && !self.open.is_empty() {
            let inside = self.skip_past("]]>", 9, "a CDATA section is not closed")?;
            if !inside.chars().all(is_char) {
                return Err(self.bad("a control character"));
            }
        } else if rest.starts_with("<?") {
            let inside = self.skip_past("?>", 2, "an instruction is not closed")?;
            let target = name(inside).ok_or_else(|| self.bad("an instruction without a name"))?;
            if target.eq_ignore_ascii_case("xml") {
                return Err(self.bad("a declaration that is not at the start"));
            }
        } else if rest.starts_with("<!DOCTYPE") && may_declare {
            let inside = rest.get(9..).unwrap_or_default();
            let end = inside.find(['>', '[']).ok_or_else(|| self.bad("the DOCTYPE is not closed"))?;
            let plain = name(inside.trim_start_matches(is_blank)).is_some_and(|name| {
                inside.get(..end).unwrap_or_default().trim_matches(is_blank) == name && inside.starts_with(is_blank)
            });
            if !plain || inside.get(end..).is_some_and(|end| end.starts_with('[')) {
                return Err(XmlFault::Declares);
            }
            self.at += 9 + end + 1;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// Reads a tag, and opens or closes its element.
    fn element(&mut self) -> Result<(), XmlFault> {
        let tag = self.tag()?;
        match tag.form {
            TagForm::Closes if self.open.last() == Some(&tag.name) => drop(self.open.pop()),
            TagForm::Closes => {
                let open =
                    self.open.last().map_or_else(|| "nothing is open".to_owned(), |open| format!("<{open}> is open"));
                return Err(self.bad(&format!("</{}> where {open}", tag.name)));
            }
            TagForm::Opens | TagForm::Stands => {
                self.wanted.note(&self.open, tag.name);
                if tag.form == TagForm::Opens {
                    self.open.push(tag.name);
                }
            }
        }
        self.at = tag.end;
        Ok(())
    }

    fn tag(&self) -> Result<Tag<'t>, XmlFault> {
        let closes = self.rest().starts_with("</");
        let from = self.at + if closes { 2 } else { 1 };
        let text = self.text;
        let rest = |at: usize| text.get(at..).unwrap_or_default();
        let blanks = |at: usize| at + rest(at).len() - rest(at).trim_start_matches(is_blank).len();
        let name = name(rest(from)).ok_or_else(|| self.bad("`<` that begins no tag"))?;
        let mut at = from + name.len();
        let mut known = HashSet::new();
        loop {
            let next = blanks(at);
            if rest(next).starts_with('>') {
                let form = if closes { TagForm::Closes } else { TagForm::Opens };
                return Ok(Tag { name, form, end: next + 1 });
            }
            if rest(next).starts_with("/>") && !closes {
                return Ok(Tag { name, form: TagForm::Stands, end: next + 2 });
            }
            if next == at || closes {
                return Err(self.bad(&format!("the tag of `{name}` is not closed")));
            }
            let key = self::name(rest(next))
                .ok_or_else(|| self.bad(&format!("a tag of `{name}` with what is no attribute")))?;
            let sign = blanks(next + key.len());
            let value = blanks(sign + 1);
            let quote =
                rest(value).chars().next().filter(|quote| matches!(quote, '"' | '\'') && rest(sign).starts_with('='));
            let quote = quote.ok_or_else(|| self.bad(&format!("the attribute `{key}` without a value in quotes")))?;
            let inside = rest(value + 1);
            let length =
                inside.find([quote, '<']).filter(|end| inside.get(*end..).is_some_and(|end| end.starts_with(quote)));
            let length =
                length.ok_or_else(|| self.bad(&format!("the value of the attribute `{key}` is not closed")))?;
            self.references(inside.get(..length).unwrap_or_default())?;
            if !known.insert(key) {
                return Err(self.bad(&format!("the attribute `{key}` twice")));
            }
            at = value + 1 + length + 1;
        }
    }

    /// Sees that a text between tags is one.
    fn characters(&self, text: &str) -> Result<(), XmlFault> {
        if text.contains("]]>") {
            return Err(self.bad("`]]>` in a text"));
        }
        self.references(text)
    }

    /// Sees that every `&` begins a reference to a character, or one of the five that need no declaration.
    fn references(&self, text: &str) -> Result<(), XmlFault> {
        if !text.chars().all(is_char) {
            return Err(self.bad("a control character"));
        }
        for (at, _) in text.match_indices('&') {
            let inside = text.get(at + 1..).unwrap_or_default();
            let is_code = |digits: &str, radix: u32| {
                u32::from_str_radix(digits, radix).ok().and_then(char::from_u32).is_some_and(is_char)
            };
            let end = inside.bytes().take(LONGEST_REFERENCE).position(|byte| byte == b';');
            let named = end.and_then(|end| inside.get(..end)).is_some_and(|name| match name.strip_prefix('#') {
                Some(code) => code.strip_prefix('x').map_or_else(|| is_code(code, 10), |code| is_code(code, 16)),
                None => matches!(name, "amp" | "lt" | "gt" | "quot" | "apos"),
            });
            if !named {
                return Err(self.bad("`&` that begins no reference"));
            }
        }
        Ok(())
    }
}

/// Bytes of a reference to a character, at most.
const LONGEST_REFERENCE: usize = 12;

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Tells whether a character may stand in XML at all.
fn is_char(c: char) -> bool {
    c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}') || matches!(c, '\t' | '\r' | '\n')
}

/// Returns the name that a text begins with.
fn name(text: &str) -> Option<&str> {
    let starts = |c: char| {
        matches!(c, ':' | '_' | 'A'..='Z' | 'a'..='z' | '\u{c0}'..='\u{2ff}' | '\u{370}'..='\u{1fff}' | '\u{200c}'..='\u{200d}'
            | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}'
            | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}')
            && !matches!(c, '\u{d7}' | '\u{f7}' | '\u{37e}')
    };
    let goes_on = |c: char| {
        starts(c) || matches!(c, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
    };
    let end = text.find(|c| !goes_on(c)).unwrap_or(text.len());
    text.get(..end).filter(|name| name.starts_with(starts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_well_formed_is_told_from_what_is_not() {
        for text in [
            "<a/>",
            " \n<?xml-stylesheet href='x'?><!-- c --><a b=\"1\" c='<'/>".replace("'<'", "'&lt;'").as_str(),
            "<?xml version=\"1.0\"?>\n<a><b c=\"x &amp; y\">1 &lt; 2 &#65; &#x41;</b><![CDATA[ <&> ]]></a>\n",
            "<!DOCTYPE note>\n<note>ü</note>",
            "<é:x.y-1 />",
            "\u{feff}<a></a >",
        ] {
            assert_eq!(document(text, &[]), Ok(Vec::new()), "{text}");
        }
        for (text, what) in [
            ("", "there is no element"),
            ("words", "outside of the root"),
            ("<a>", "<a> is not closed"),
            ("<a></b>", "</b> where <a> is open"),
            ("</a>", "</a> where nothing is open"),
            ("<a/><b/>", "second root"),
            ("<a/>x", "outside of the root"),
            ("<a b=1/>", "without a value in quotes"),
            ("<a b='1' b='2'/>", "twice"),
            ("<a b='<'/>", "not closed"),
            ("<a>&nbsp;</a>", "no reference"),
            ("<a>1 & 2</a>", "no reference"),
            ("<a>&#0;</a>", "no reference"),
            ("<a>]]></a>", "`]]>`"),
            ("<a><!-- -- --></a>", "`--`"),
            ("<a>\u{1}</a>", "control character"),
            ("<1/>", "begins no tag"),
            ("< a/>", "begins no tag"),
            ("<a", "not closed"),
            ("<a><![CDATA[</a>", "CDATA"),
            (" <?xml version='1.0'?><a/>", "not at the start"),
        ] {
            let Err(XmlFault::Bad(_, found)) = document(text, &[]) else { panic!("{text}") };
            assert!(found.contains(what), "{text}: {found}");
        }
        assert_eq!(document("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", &[]), Err(XmlFault::Declares));
        assert_eq!(document("<!DOCTYPE a SYSTEM 'x'><a/>", &[]), Err(XmlFault::Declares));
    }

    #[test]
    fn elements_are_found_by_their_names_from_the_root() {
        let wanted = ["a.b.c", "a.b", "a", "b", "a.c"].map(str::to_owned);
        assert_eq!(document("<a><b><c/></b></a>", &wanted), Ok(vec!["b", "a.c"]));
    }

    #[test]
    fn elements_in_other_text_are_found_whole_and_none_inside_another() {
        let of = |text: &'static str| -> Vec<&'static str> {
            elements(text).into_iter().map(|(start, end)| text.get(start..end).unwrap()).collect()
        };
        assert_eq!(of("so: <a><b/>1</a> and <c/>."), ["<a><b/>1</a>", "<c/>"]);
        assert_eq!(of("1 < 2 and <open> <b>x</b>"), ["<b>x</b>"]);
        assert_eq!(of("<a><b></a></b>"), Vec::<&str>::new());
        assert_eq!(of("<a><!-- <x> --></a> <p>a & b</p>"), ["<a><!-- <x> --></a>"]);
        assert_eq!(of("```xml\n<a>é</a>\n```"), ["<a>é</a>"]);
    }

    #[test]
    fn long_and_deep_texts_take_one_pass() {
        let most = 2_000_000;
        for text in [
            "<".repeat(most),
            "<a>".repeat(most / 3),
            "<a b='".repeat(most / 6),
            "<!--".repeat(most / 4),
            "<a><!--".repeat(most / 7),
            "&".repeat(most),
        ] {
            assert!(document(&text, &["a.a".to_owned()]).is_err());
            assert!(elements(&text).is_empty());
        }
        let deep = "<a>".repeat(most / 7) + &"</a>".repeat(most / 7);
        assert_eq!((document(&deep, &[]), elements(&deep).len()), (Ok(Vec::new()), 1));
    }
}
