//! A candidate of an improvement: one edit of one message, and the reasons for which it is rejected before it costs a call.
//! An edit is never repaired: what loses a variable or copies a row is not what a model meant it to be.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use serde::Serialize;
use serde_json::Value;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::{
    eval::{JsonTypes, extract},
    model::{Input, Prompt},
    template::{
        TemplateError,
        pieces::{TemplatePiece, pieces},
    },
    text::{clean, clean_line, truncate},
};

/// Edits that are read of one answer, at most.
const READ: usize = 24;

/// Columns of a reason that are kept.
const REASON: usize = 300;

/// How long a prompt may become, as a multiple of its length before.
const LONGEST: (usize, usize) = (3, 2);

/// The characters that every prompt may have, however short it was.
const SHORT: usize = 400;

/// Consecutive words that a candidate may not take from a row.
const COPIED: usize = 8;

/// One edit of one message of a prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CandidateEdit {
    /// Why, in the words of the model that proposed it; cleaned.
    pub reason: String,
    /// The message, counted from 1 among all of the prompt.
    pub message: usize,
    /// What stands there exactly once.
    pub find: String,
    /// What comes in its place.
    pub replace: String,
}

/// Why an edit is rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EditFault {
    /// It is no edit: a field is missing or of another type.
    Malformed,
    /// It names a message that the prompt has not, or something that is none.
    NoMessage,
    /// What it is to replace stands there so many times.
    Found(usize),
    /// It changes nothing.
    Unchanged,
    /// It makes the same prompt as another candidate.
    Repeated,
    /// Its text holds control characters, or characters that nobody sees.
    Hidden,
    /// A variable, an expression or a tag is lost or new.
    Variables,
    /// The prompt is no template any more.
    Template(TemplateError),
    /// The answers would be of another form.
    Form,
    /// The prompt becomes too long.
    TooLong,
    /// It holds so many words of a row one after the other.
    Copied,
}

impl EditFault {
    /// Names what is wrong in a few words, the same for all faults of a kind.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Malformed => "no edit",
            Self::NoMessage => "no such message",
            Self::Found(_) => "its text is not there exactly once",
            Self::Unchanged => "changes nothing",
            Self::Repeated => "the same as another",
            Self::Hidden => "control characters",
            Self::Variables => "loses or adds a variable or tag",
            Self::Template(_) => "no template any more",
            Self::Form => "another form of answer",
            Self::TooLong => "too long",
            Self::Copied => "copies a row",
        }
    }
}

impl fmt::Display for EditFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Found(times) => write!(f, "what it replaces stands there {times} times, and has to once"),
            Self::Template(mistake) => write!(f, "the prompt is no template any more: {mistake}"),
            Self::TooLong => write!(f, "the prompt becomes longer than one and a half times what it was"),
            Self::Copied => write!(f, "it holds {COPIED} words of a row one after the other"),
            other => f.write_str(other.name()),
        }
    }
}

/// Reads the edits of a proposer's answer, each by itself; why there are none where it holds none.
pub fn read_edits(answer: &str) -> Result<Vec<Result<CandidateEdit, EditFault>>, String> {
    let (value, _) = extract(answer, JsonTypes::OBJECT).map_err(|error| error.to_string())?;
    let Some(edits) = value.get("edits").and_then(Value::as_array) else {
        return Err("its answer has no list `edits`".to_owned());
    };
    Ok(edits.iter().take(READ).map(read_edit).collect())
}

fn read_edit(edit: &Value) -> Result<CandidateEdit, EditFault> {
    let text = |key: &str| edit.get(key).and_then(Value::as_str).ok_or(EditFault::Malformed);
    let (reason, find, replace) = (text("reason")?, text("find")?, text("replace")?);
    let message = edit.get("message").ok_or(EditFault::Malformed)?.as_u64().ok_or(EditFault::NoMessage)?;
    let reason = truncate(clean_line(reason.trim()).as_str(), REASON).into_owned();
    let message = usize::try_from(message).ok().ok_or(EditFault::NoMessage)?;
    Ok(CandidateEdit { reason, message, find: find.to_owned(), replace: replace.to_owned() })
}

/// What edits of one prompt are held against.
#[derive(Debug)]
pub struct EditRules {
    prompt: Prompt,
    marks: BTreeMap<String, usize>,
    length: usize,
    /// Runs of words of the rows that the prompt has not itself.
    copied: HashSet<u64>,
    /// The prompts that were made so far.
    made: Vec<Prompt>,
}

impl EditRules {
    /// Makes the rules of a prompt whose failures on these inputs were shown to the proposer.
    #[must_use]
    pub fn new<'a>(prompt: &Prompt, shown: impl IntoIterator<Item = &'a Input>) -> Self {
        let texts: Vec<String> = prompt.turns().into_iter().map(|turn| turn.content).collect();
        let own: HashSet<u64> = texts.iter().flat_map(|text| runs(text)).collect();
        let mut copied = HashSet::new();
        for input in shown {
            for text in
                std::iter::once(input.text.as_str()).chain(input.vars.values().map(crate::model::VarValue::as_str))
            {
                copied.extend(runs(text).filter(|run| !own.contains(run)));
            }
        }
        Self {
            prompt: prompt.clone(),
            // A prompt that is run is a template.
            marks: marks(&texts).unwrap_or_default(),
            length: length(&texts),
            copied,
            made: Vec::new(),
        }
    }

    /// Makes the prompt that an edit asks for.
    pub fn apply(&mut self, edit: &CandidateEdit) -> Result<Prompt, EditFault> {
        let mut turns = self.prompt.turns();
        let turn = edit.message.checked_sub(1).and_then(|at| turns.get_mut(at)).ok_or(EditFault::NoMessage)?;
        if clean(&edit.replace).as_str() != edit.replace {
            return Err(EditFault::Hidden);
        }
        let found = if edit.find.is_empty() { 0 } else { turn.content.matches(edit.find.as_str()).count() };
        if found != 1 {
            return Err(EditFault::Found(found));
        }
        turn.content = turn.content.replacen(edit.find.as_str(), &edit.replace, 1);
        if turn.content.trim().is_empty() {
            // A message that is gone would move the others.
            return Err(EditFault::NoMessage);
        }
        let texts: Vec<String> = turns.iter().map(|turn| turn.content.clone()).collect();
        let mut prompt = self.prompt.clone();
        prompt.set_turns(turns);
        if prompt == self.prompt {
            return Err(EditFault::Unchanged);
        }
        if self.made.contains(&prompt) {
            return Err(EditFault::Repeated);
        }
        if marks(&texts).map_err(EditFault::Template)? != self.marks {
            return Err(EditFault::Variables);
        }
        if prompt.format().0 != self.prompt.format().0 {
            return Err(EditFault::Form);
        }
        if length(&texts) > (self.length * LONGEST.0 / LONGEST.1).max(SHORT) {
            return Err(EditFault::TooLong);
        }
        if texts.iter().any(|text| runs(text).any(|run| self.copied.contains(&run))) {
            return Err(EditFault::Copied);
        }
        self.made.push(prompt.clone());
        Ok(prompt)
    }
}

fn length(texts: &[String]) -> usize {
    texts.iter().map(|text| text.chars().count()).sum()
}

/// Hashes every run of so many consecutive words that nobody may copy, whatever stands between them.
fn runs(text: &str) -> impl Iterator<Item = u64> {
    let words: Vec<String> = text.unicode_words().map(str::to_lowercase).collect();
    let hash = |words: &[String]| {
        let mut hasher = DefaultHasher::new();
        words.hash(&mut hasher);
        hasher.finish()
    };
    words.windows(COPIED).map(hash).collect::<Vec<_>>().into_iter()
}

/// Counts the variables, expressions and tags of a template, the places that look like some, and the tags in angle brackets
/// around its material.
fn marks(texts: &[String]) -> Result<BTreeMap<String, usize>, TemplateError> {
    let mut marks = BTreeMap::new();
    let mut mark = |text: String| *marks.entry(text).or_insert(0) += 1;
    for text in texts {
        let cut = pieces(text)?;
        for piece in cut.all {
            match piece {
                TemplatePiece::Text { text, .. } => angle_tags(text).for_each(&mut mark),
                TemplatePiece::Variable { name, .. } => mark(format!("{{{{ {name} }}}}")),
                TemplatePiece::Output { written, .. } | TemplatePiece::Tag { written, .. } => mark(written.to_owned()),
                TemplatePiece::Silent { .. } => {}
            }
        }
        cut.notes.iter().for_each(|_| mark("text in braces".to_owned()));
    }
    Ok(marks)
}

/// Finds the tags of a text in angle brackets, `<name` and `</name` of them.
fn angle_tags(text: &str) -> impl Iterator<Item = String> {
    text.split('<').skip(1).filter_map(|rest| {
        let (slash, rest) = rest.strip_prefix('/').map_or(("", rest), |rest| ("/", rest));
        let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-'))).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let is_tag = name.starts_with(char::is_alphabetic) && after.split(['<', '\n']).next()?.contains('>');
        is_tag.then(|| format!("<{slash}{name}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Format, Response};

    fn prompt() -> Prompt {
        Prompt {
            system: "You label messages.\n<rules>Answer in one word.</rules>".to_owned(),
            user: "Label {{ input }} of {{ shop }}.".to_owned(),
            ..Prompt::default()
        }
    }

    fn edit(message: usize, find: &str, replace: &str) -> CandidateEdit {
        CandidateEdit { reason: "why".to_owned(), message, find: find.to_owned(), replace: replace.to_owned() }
    }

    fn applied(edit: &CandidateEdit) -> Result<Prompt, EditFault> {
        let row = Input::of("My parcel with the nine blue cups from Bristol never came, and nobody answers me.");
        EditRules::new(&prompt(), [&row]).apply(edit)
    }

    #[test]
    fn an_edit_changes_its_place_and_nothing_else() {
        let made = applied(&edit(1, "one word", "one word, in lower case")).unwrap();
        assert_eq!(made.system, "You label messages.\n<rules>Answer in one word, in lower case.</rules>");
        assert_eq!(Prompt { system: prompt().system, ..made }, prompt());
        let made = applied(&edit(2, "Label ", "Label this: ")).unwrap();
        assert_eq!(made.user, "Label this: {{ input }} of {{ shop }}.");
    }

    #[test]
    fn what_is_not_meant_is_rejected_by_its_name() {
        for (edit, fault) in [
            (edit(0, "a", "b"), "no such message"),
            (edit(3, "a", "b"), "no such message"),
            (edit(1, "nowhere", "b"), "its text is not there exactly once"),
            (edit(1, "s", "z"), "its text is not there exactly once"),
            (edit(1, "", "z"), "its text is not there exactly once"),
            (edit(1, "label", "label"), "changes nothing"),
            (edit(2, "{{ input }}", "the text"), "loses or adds a variable or tag"),
            (edit(2, "of {{ shop }}", "of {{ shop }} in {{ town }}"), "loses or adds a variable or tag"),
            (edit(2, "{{ shop }}", "{{ shop | upper }}"), "loses or adds a variable or tag"),
            (edit(1, "</rules>", ""), "loses or adds a variable or tag"),
            (edit(1, "one word", "one word. <b>Now</b>"), "loses or adds a variable or tag"),
            (edit(2, "Label", "{% if shop %}Label"), "loses or adds a variable or tag"),
            (edit(2, "Label", "{% include 'x' %}Label"), "no template any more"),
            (edit(1, "one word", "a JSON object"), "another form of answer"),
            (edit(1, "one word", &"again and again ".repeat(40)), "too long"),
            (edit(1, "one word", "one word. MY PARCEL, with the (nine) blue cups from Bristol!"), "copies a row"),
            (edit(1, "one word", "one \u{1b}[31mword"), "control characters"),
            (edit(1, "one word", "one\u{202e}word"), "control characters"),
        ] {
            assert_eq!(applied(&edit).unwrap_err().name(), fault, "{edit:?}");
        }
        assert!(
            applied(&edit(1, "one word", "one word, with the nine blue cups from Leeds")).is_ok(),
            "seven are no copy"
        );
        let long = Prompt { system: "Label the message, word by word. ".repeat(30), ..prompt() };
        let own = Input::of("Label the message, word by word. Label the message, word by word.");
        let mut rules = EditRules::new(&Prompt { system: format!("{}End.", long.system), ..long }, [&own]);
        assert!(rules.apply(&edit(1, "End.", "The end.")).is_ok(), "what the prompt had before is its own");
        assert_eq!(rules.apply(&edit(1, "End.", "The end.")), Err(EditFault::Repeated));
    }

    #[test]
    fn a_prompt_that_names_its_form_may_speak_as_it_likes() {
        let prompt = Prompt { response: Response { format: Format::Text, ..Response::default() }, ..prompt() };
        assert!(EditRules::new(&prompt, []).apply(&edit(1, "one word", "one word, not JSON")).is_ok());
    }

    #[test]
    fn an_answer_is_read_edit_by_edit() {
        let answer = r#"Sure: {"edits": [{"reason": "a\u001b[31m b\nc", "message": 1, "find": "x", "replace": "y"},
            {"reason": "r", "message": "response", "find": "x", "replace": "y"}, {"message": 1}, 7,
            {"reason": "r", "message": -1, "find": "x", "replace": "y"}]}"#;
        let edits = read_edits(answer).unwrap();
        assert_eq!(edits[0].as_ref().unwrap().reason, "a b c");
        assert_eq!(edits[1], Err(EditFault::NoMessage));
        assert_eq!(edits[2..4], [Err(EditFault::Malformed), Err(EditFault::Malformed)]);
        assert_eq!(edits[4], Err(EditFault::NoMessage));
        assert!(read_edits("no").is_err() && read_edits("{\"edits\": 1}").is_err());
        let many = format!("{{\"edits\": [{}]}}", vec!["1"; 1000].join(","));
        assert_eq!(read_edits(&many).unwrap().len(), READ);
    }
}
