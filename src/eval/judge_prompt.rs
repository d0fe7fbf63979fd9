//! The messages by which a check has its judge asked in place of the built-in ones, `judge_prompt`: for each kind the
//! variables that they are told, and how what the judge says is read.
//!
//! Names and forms are those of promptfoo's `rubricPrompt` (its `src/matchers/`), where it has the kind.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    eval::{
        extract,
        judge_template::{OWN_DESCRIPTION, Opinion, RELATIONS, entries, flag, object, word},
        reason::{name, quote},
    },
    model::{CheckKind, Format, Params, Prompt, Response, Turn, VarValue},
    template,
};

/// What a prompt of a check's own is told beside the variables of the row, and how its answer is read.
#[derive(Debug)]
pub(crate) struct OwnPrompt {
    /// Its variables.
    pub(crate) told: &'static [(&'static str, Told)],
    pub(crate) form: JudgeAnswer,
    /// What the judge may be asked for first.
    pub(crate) first: Option<FirstList>,
}

/// What stands in a variable of a judge's prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// The answer that is judged.
    Answer,
    /// The value of the check; the messages that were sent, where it has none and they stand for it.
    Value,
    /// What the answer may rely on.
    Context,
    /// The variable `query` of the row, or else its input.
    Question,
    /// What the judge listed when it was asked first.
    Listed,
    /// The same for every answer.
    Always(&'static str),
    /// Something else each time it is asked about one answer, or another for all answers of a row.
    EachCall,
}

/// A list that a judge makes before it judges, by messages of the check's own, `first_prompt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FirstList {
    /// Texts in `steps` of a JSON object; they are told as the points of a list.
    Steps,
    /// A text on each line; they are told as a list.
    Lines,
}

/// The form of what a judge answers to a prompt of a check's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JudgeAnswer {
    /// A yes or no, a number, or both; the number may be any.
    PassOrScore,
    /// A yes or no: as JSON, or by the letter that the answer ends with.
    LastLetter,
    /// How the answer stands to a reference: by one of five letters, as JSON or in brackets.
    Category,
    /// `score`, from 0 to 10.
    OutOfTen,
    /// Sentences, each marked `[Attributed]` or `[Not Attributed]`.
    Attributed,
    /// What of the context is needed, quoted from it.
    Quoted,
    /// A yes or no for each statement.
    Verdicts,
    /// A yes or no for each turn of a conversation, one an answer.
    TurnVerdict,
    /// Which of two is better.
    Better,
    /// The place of the best of several, from 0.
    Place,
}

impl JudgeAnswer {
    /// Returns the highest score there is.
    pub(crate) fn most(self) -> f64 {
        match self {
            Self::PassOrScore => f64::MAX,
            Self::LastLetter
            | Self::Category
            | Self::OutOfTen
            | Self::Attributed
            | Self::Quoted
            | Self::Verdicts
            | Self::TurnVerdict
            | Self::Better
            | Self::Place => 1.0,
        }
    }
}

/// Each kind that has one.
static OWN: &[(CheckKind, OwnPrompt)] = &[
    (CheckKind::LlmRubric, own(&[("output", Told::Answer), ("rubric", Told::Value)], JudgeAnswer::PassOrScore)),
    (CheckKind::Factuality, own(&[("completion", Told::Answer), ("ideal", Told::Value)], JudgeAnswer::Category)),
    (
        CheckKind::ModelGradedClosedqa,
        own(&[("completion", Told::Answer), ("criteria", Told::Value)], JudgeAnswer::LastLetter),
    ),
    (
        CheckKind::GEval,
        OwnPrompt {
            told: &[
                ("output", Told::Answer),
                ("criteria", Told::Value),
                ("steps", Told::Listed),
                ("maxScore", Told::Always("10")),
            ],
            form: JudgeAnswer::OutOfTen,
            first: Some(FirstList::Steps),
        },
    ),
    (
        CheckKind::Faithfulness,
        OwnPrompt {
            told: &[
                ("answer", Told::Answer),
                ("question", Told::Question),
                ("context", Told::Context),
                ("statements", Told::Listed),
            ],
            form: JudgeAnswer::Verdicts,
            first: Some(FirstList::Lines),
        },
    ),
    (
        CheckKind::ContextRecall,
        own(&[("context", Told::Context), ("groundTruth", Told::Value)], JudgeAnswer::Attributed),
    ),
    (CheckKind::ContextRelevance, own(&[("context", Told::Context), ("query", Told::Question)], JudgeAnswer::Quoted)),
    (
        CheckKind::InstructionFollowing,
        own(&[("output", Told::Answer), ("instructions", Told::Value)], JudgeAnswer::PassOrScore),
    ),
    (CheckKind::Style, own(&[("output", Told::Answer), ("style", Told::Value)], JudgeAnswer::PassOrScore)),
    (CheckKind::ConversationRelevance, own(&[(MESSAGES, Told::EachCall)], JudgeAnswer::TurnVerdict)),
    (CheckKind::Pairwise, own(&[(PAIR.0, Told::EachCall), (PAIR.1, Told::EachCall)], JudgeAnswer::Better)),
    (CheckKind::SelectBest, own(&[("criteria", Told::Value), (OUTPUTS, Told::EachCall)], JudgeAnswer::Place)),
];

/// One by which the judge is asked at once.
const fn own(told: &'static [(&'static str, Told)], form: JudgeAnswer) -> OwnPrompt {
    OwnPrompt { told, form, first: None }
}

/// The variable with the turns of a conversation, the last of which is judged.
pub(crate) const MESSAGES: &str = "messages";

/// The variables with the two answers that are compared.
pub(crate) const PAIR: (&str, &str) = ("first", "second");

/// The variable with the answers of a row.
pub(crate) const OUTPUTS: &str = "outputs";

/// How many turns of a conversation a judge is told at most.
pub(crate) const WINDOW: usize = 5;

impl OwnPrompt {
    /// Finds what a kind of check has, if its judge may be asked by a prompt of the check's own.
    pub(crate) fn of(kind: CheckKind) -> Option<&'static Self> {
        OWN.iter().find(|(own, _)| *own == kind).map(|(_, prompt)| prompt)
    }

    /// Returns the variable with what the judge listed when it was asked first.
    pub(crate) fn listed(&self) -> Option<&'static str> {
        self.told.iter().find(|(_, what)| *what == Told::Listed).map(|(name, _)| *name)
    }

    /// Tells whether messages name what the judge lists when it is asked first.
    pub(crate) fn names_list(&self, turns: &[Turn]) -> bool {
        self.listed().is_some_and(|listed| template::asks_of(turns).0.names.iter().any(|name| name == listed))
    }
}

impl FirstList {
    /// Reads what a judge listed. The error tells in words why it cannot be used.
    pub(crate) fn read(self, answer: &str) -> Result<Vec<String>, String> {
        let listed: Vec<String> = match self {
            Self::Steps => {
                let json = object(answer)?;
                let of = |step: &Value| Some(step.as_str()?.trim()).filter(|step| !step.is_empty()).map(str::to_owned);
                let steps: Option<Vec<String>> = entries(&json, "steps")?.iter().map(of).collect();
                steps.ok_or("one of the judge's `steps` is no text")?
            }
            Self::Lines => {
                let lines = extract::answer(answer).lines().map(str::trim).filter(|line| !line.is_empty());
                lines.map(str::to_owned).collect()
            }
        };
        if listed.is_empty() { Err("the judge listed nothing to judge by".to_owned()) } else { Ok(listed) }
    }

    /// Makes the variable of what was listed.
    pub(crate) fn tell(self, listed: &[String]) -> VarValue {
        match self {
            Self::Steps => listed.join("\n- ").into(),
            Self::Lines => list(listed),
        }
    }
}

/// Makes a variable whose value is a list.
pub(crate) fn list(texts: &[String]) -> VarValue {
    VarValue::Json(Value::from(texts).to_string())
}

/// Makes the prompt of a judge that is asked by messages of a check's own. As of a built-in one the temperature is left to
/// the model where the same question is asked again.
pub(crate) fn own_prompt(turns: &[Turn], once: bool) -> Arc<Prompt> {
    let mut prompt = Prompt {
        description: OWN_DESCRIPTION.to_owned(),
        params: Params { temperature: once.then_some(0.0), ..Params::default() },
        response: Response { format: Format::Text, ..Response::default() },
        ..Prompt::default()
    };
    prompt.set_turns(turns.to_vec());
    Arc::new(prompt)
}

/// What reading an answer takes beside it.
#[derive(Debug, Clone, Default)]
pub(crate) struct JudgeBasis {
    /// The context; the error says why there is none.
    pub(crate) context: Option<Result<String, String>>,
    /// How many statements the judge listed when it was asked first.
    pub(crate) listed: Option<usize>,
}

/// Reads what a judge answered to a prompt of a check's own. The error tells in words why it cannot be used.
pub(crate) fn read(form: JudgeAnswer, answer: &str, by: &JudgeBasis) -> Result<Opinion, String> {
    match form {
        JudgeAnswer::PassOrScore => pass_or_score(&object(answer)?),
        JudgeAnswer::LastLetter => last_letter(answer),
        JudgeAnswer::Category => category(answer),
        JudgeAnswer::OutOfTen => out_of_ten(&object(answer)?),
        JudgeAnswer::Attributed => attributed(answer),
        JudgeAnswer::Quoted => match &by.context {
            Some(context) => quoted(answer, context.as_ref()?),
            None => Err("there is no context to quote".to_owned()),
        },
        JudgeAnswer::Verdicts => verdicts(answer, by.listed),
        JudgeAnswer::TurnVerdict => {
            let json = object(answer)?;
            let pass = flag(&json, "verdict")?;
            Ok(Opinion { pass, score: f64::from(u8::from(pass)), reason: reason(&json) })
        }
        JudgeAnswer::Better => {
            let json = object(answer)?;
            let score = match word(&json, "better")? {
                "first" => 1.0,
                "neither" => 0.5,
                "second" => 0.0,
                other => return Err(format!("the judge's `better` is {}", quote(other))),
            };
            Ok(Opinion { pass: true, score, reason: reason(&json) })
        }
        JudgeAnswer::Place => Err("the best of several answers is no judgement of one".to_owned()),
    }
}

/// Reads which of so many answers a judge picked: the first whole number that it writes, counted from 0. With it comes what
/// the judge wrote.
pub(crate) fn read_place(answer: &str, answers: usize) -> Result<(usize, String), String> {
    let text = extract::answer(answer).trim();
    let digits = text.split(|c: char| !c.is_ascii_digit()).find(|digits| !digits.is_empty());
    let digits = digits.ok_or("the judge's answer holds no number of an answer")?;
    let place = digits.parse::<usize>().ok().filter(|place| *place < answers);
    let most = answers.saturating_sub(1);
    let place = place.ok_or_else(|| format!("the judge picked {}, not a number from 0 to {most}", quote(digits)))?;
    Ok((place, text.to_owned()))
}

/// Makes one opinion of those on the turns of a conversation: the share of those that belong to it.
pub(crate) fn share_of_turns(turns: &[Opinion]) -> Result<Opinion, String> {
    let all = turns.len();
    if all == 0 {
        return Err("no judge model was asked".to_owned());
    }
    let held = turns.iter().filter(|turn| turn.pass).count();
    let first = turns.iter().find(|turn| !turn.pass && !turn.reason.is_empty());
    let words = format!("{held} of {all} turns relevant");
    let reason = first.map_or_else(|| words.clone(), |turn| format!("{words}: {}", turn.reason));
    Ok(Opinion { pass: true, score: held as f64 / all as f64, reason })
}

/// The reason of a judge, empty where it gave none.
fn reason(json: &Value) -> String {
    json.get("reason").and_then(Value::as_str).unwrap_or_default().trim().to_owned()
}

/// The number that stands under `score`, if anything does.
fn number(json: &Value) -> Result<Option<f64>, String> {
    match json.get("score") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let number =
                value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()).filter(|number| number.is_finite());
            number.ok_or_else(|| format!("the judge's `score` is {}, not a number", name(value))).map(Some)
        }
    }
}

/// Reads `pass`, `score` and `reason`, of which the last may be missing and one of the others.
fn pass_or_score(json: &Value) -> Result<Opinion, String> {
    let pass = json.get("pass").filter(|pass| !pass.is_null()).map(|_| flag(json, "pass")).transpose()?;
    match (pass, number(json)?) {
        (None, None) => Err("the judge's answer holds neither `pass` nor `score`".to_owned()),
        (pass, score) => {
            let pass = pass.unwrap_or(true);
            Ok(Opinion { pass, score: score.unwrap_or_else(|| f64::from(u8::from(pass))), reason: reason(json) })
        }
    }
}

/// Reads `{"pass": …}`, or a text that ends with `Y` or `N`.
fn last_letter(answer: &str) -> Result<Opinion, String> {
    if let Ok(json) = object(answer) {
        return pass_or_score(&json);
    }
    let text = extract::answer(answer).trim_end();
    let pass = match text.chars().next_back() {
        Some('Y') => true,
        Some('N') => false,
        _ => return Err("the judge's answer ends neither with `Y` nor with `N`".to_owned()),
    };
    Ok(Opinion { pass, score: f64::from(u8::from(pass)), reason: text.to_owned() })
}

/// Reads `{"category": "A", "reason": …}`, or a text with `(A)` in it.
fn category(answer: &str) -> Result<Opinion, String> {
    let json = object(answer).ok().filter(|json| json.get("category").is_some());
    let (letter, reason) = if let Some(json) = &json {
        (word(json, "category")?.to_uppercase(), reason(json))
    } else {
        let text = extract::answer(answer);
        let ends = |at: usize| text.get(..at)?.chars().next_back();
        let found = text.match_indices(')').find_map(|(at, _)| {
            let letter = ends(at).filter(|letter| matches!(letter, 'a'..='e' | 'A'..='E'))?;
            let before = text.get(..at - letter.len_utf8())?.chars().next_back();
            before.is_none_or(|c| c == '(' || c.is_whitespace()).then_some((at, letter))
        });
        let (at, letter) = found.ok_or("the judge's answer holds no letter from (A) to (E)")?;
        (letter.to_uppercase().to_string(), text.get(at + 1..).unwrap_or_default().trim().to_owned())
    };
    let known = RELATIONS.iter().find(|(_, own, ..)| letter.chars().eq([*own]));
    let (.., score, words) = known.ok_or_else(|| format!("the judge's `category` is {}", quote(&letter)))?;
    let reason = if reason.is_empty() { (*words).to_owned() } else { format!("{words}: {reason}") };
    Ok(Opinion { pass: *score > 0.0, score: *score, reason })
}

/// Reads `{"score": 8, "reason": …}`.
fn out_of_ten(json: &Value) -> Result<Opinion, String> {
    let score = number(json)?.ok_or("the judge's answer holds no `score`")?;
    if !(0.0..=10.0).contains(&score) {
        return Err(format!("the judge's `score` is {score}, not a number from 0 to 10"));
    }
    Ok(Opinion { pass: true, score: score / 10.0, reason: reason(json) })
}

/// Reads lines that are marked `[Attributed]` or `[Not Attributed]`; what else stands there counts for nothing.
fn attributed(answer: &str) -> Result<Opinion, String> {
    let (mut held, mut all, mut first) = (0_usize, 0_usize, None);
    for line in extract::answer(answer).lines() {
        let lower = line.to_lowercase();
        if lower.contains("[not attributed]") {
            all += 1;
            first = first.or_else(|| Some(quote(line.trim())));
        } else if lower.contains("[attributed]") {
            (held, all) = (held + 1, all + 1);
        }
    }
    if all == 0 {
        return Err("the judge's answer marks nothing `[Attributed]` or `[Not Attributed]`".to_owned());
    }
    Ok(share(held, all, "attributed", first))
}

/// Reads what a judge quoted of a context as needed, or `Insufficient Information`: the share of the context's sentences, or
/// of its lines where it has several.
fn quoted(answer: &str, context: &str) -> Result<Opinion, String> {
    let parts = |text: &str, by_line: bool| -> Vec<String> {
        let cut: Vec<&str> = if by_line { text.lines().collect() } else { sentences(text) };
        let plain = |part: &str| part.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        cut.into_iter().map(plain).filter(|part| !part.is_empty()).collect()
    };
    let by_line = context.lines().filter(|line| !line.trim().is_empty()).count() > 1;
    let all = parts(context, by_line);
    if all.is_empty() {
        return Err("the context is empty".to_owned());
    }
    let answer = extract::answer(answer);
    if answer.contains("Insufficient Information") {
        return Ok(share(0, all.len(), "needed", None));
    }
    let whole = all.join(" ");
    let bare = |part: &String| {
        let text = part.trim_start_matches(|c: char| c.is_ascii_digit() || "-*.) ".contains(c)).to_owned();
        if whole.contains(part.as_str()) { part.clone() } else { text }
    };
    let mut found: Vec<String> = parts(answer, by_line).iter().map(bare).collect();
    found.retain(|part| !part.is_empty() && whole.contains(part.as_str()));
    found.sort();
    found.dedup();
    if found.is_empty() {
        return Err("the judge's answer quotes nothing of the context".to_owned());
    }
    Ok(share(found.len().min(all.len()), all.len(), "needed", None))
}

/// Cuts a text after each full stop, exclamation and question mark that a blank follows.
fn sentences(text: &str) -> Vec<&str> {
    let (mut cut, mut from) = (Vec::new(), 0);
    for (at, mark) in text.match_indices(['.', '!', '?']) {
        let end = at + mark.len();
        if text.get(end..).is_some_and(|rest| rest.starts_with(char::is_whitespace)) {
            cut.extend(text.get(from..end));
            from = end;
        }
    }
    cut.extend(text.get(from..));
    cut
}

/// Reads a yes or no for each statement: after the words `Final verdict for each statement in order:`, or each after
/// `Verdict:`. A statement without one is not held up.
fn verdicts(answer: &str, listed: Option<usize>) -> Result<Opinion, String> {
    const FINAL: &str = "final verdict for each statement in order:";
    let text = extract::answer(answer).to_lowercase();
    let count = |what: &str| text.matches(what).count();
    let (held, given) = if let Some((_, last)) = text.split_once(FINAL) {
        let said = |part: &str| {
            let mut words = part.split(|c: char| !c.is_alphanumeric()).filter(|word| matches!(*word, "yes" | "no"));
            words.next().map(|word| word == "yes")
        };
        let parts = last.split('.').map(str::trim).filter(|part| !part.is_empty());
        let read: Option<Vec<bool>> = parts.map(said).collect();
        let read = read.ok_or("one of the judge's final verdicts is neither `Yes` nor `No`")?;
        (read.iter().filter(|yes| **yes).count(), read.len())
    } else {
        (count("verdict: yes"), count("verdict: yes") + count("verdict: no"))
    };
    let all = listed.unwrap_or(given);
    if given == 0 {
        return Err("the judge's answer holds no verdict".to_owned());
    }
    if given > all {
        return Err(format!("the judge gave {given} verdicts on {all} statements"));
    }
    Ok(share(held, all, "supported", None))
}

fn share(held: usize, all: usize, what: &str, not: Option<String>) -> Opinion {
    let words = format!("{held} of {all} {what}");
    let reason = not.map_or_else(|| words.clone(), |not| format!("{words}, not {not}"));
    Opinion { pass: true, score: held as f64 / all as f64, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_read_or_refused_in_words() {
        let context = |text: &str| JudgeBasis { context: Some(Ok(text.to_owned())), listed: None };
        let three = JudgeBasis { context: None, listed: Some(3) };
        let (none, lines, prose) =
            (JudgeBasis::default(), context("Ann is in Oslo.\nBo is not."), context("A. B! C d."));
        for (form, by, answer, wanted) in [
            (JudgeAnswer::OutOfTen, &none, r#"{"score": "7", "reason": "ok"}"#, Ok((0.7, "ok"))),
            (
                JudgeAnswer::OutOfTen,
                &none,
                r#"{"score": 11}"#,
                Err("the judge's `score` is 11, not a number from 0 to 10"),
            ),
            (JudgeAnswer::OutOfTen, &none, r#"{"reason": "x"}"#, Err("the judge's answer holds no `score`")),
            (
                JudgeAnswer::Attributed,
                &none,
                "Here:\n1. A. [Attributed]\n2. B. [NOT attributed]",
                Ok((0.5, "1 of 2 attributed, not `2. B. [NOT attributed]`")),
            ),
            (
                JudgeAnswer::Attributed,
                &none,
                "I cannot.",
                Err("the judge's answer marks nothing `[Attributed]` or `[Not Attributed]`"),
            ),
            (JudgeAnswer::Quoted, &lines, "- ann is  in Oslo.", Ok((0.5, "1 of 2 needed"))),
            (JudgeAnswer::Quoted, &prose, "C d. A. A.", Ok((2.0 / 3.0, "2 of 3 needed"))),
            (JudgeAnswer::Quoted, &lines, "Insufficient Information", Ok((0.0, "0 of 2 needed"))),
            (JudgeAnswer::Quoted, &lines, "Sorry.", Err("the judge's answer quotes nothing of the context")),
            (
                JudgeAnswer::Verdicts,
                &three,
                "…\nFinal verdict for each statement in order: No. Yes. Yes.",
                Ok((2.0 / 3.0, "2 of 3 supported")),
            ),
            (JudgeAnswer::Verdicts, &three, "a Verdict: Yes.\nb Verdict: no.", Ok((1.0 / 3.0, "1 of 3 supported"))),
            (JudgeAnswer::Verdicts, &none, "verdict: yes", Ok((1.0, "1 of 1 supported"))),
            (JudgeAnswer::Verdicts, &three, "It is fine.", Err("the judge's answer holds no verdict")),
            (
                JudgeAnswer::Verdicts,
                &JudgeBasis { listed: Some(1), ..JudgeBasis::default() },
                "verdict: yes verdict: yes",
                Err("the judge gave 2 verdicts on 1 statements"),
            ),
            (JudgeAnswer::TurnVerdict, &none, r#"{"verdict": "no", "reason": "off"}"#, Ok((0.0, "off"))),
            (JudgeAnswer::Better, &none, r#"{"better": "neither"}"#, Ok((0.5, ""))),
            (JudgeAnswer::PassOrScore, &none, r#"{"score": 12}"#, Ok((12.0, ""))),
        ] {
            let found = read(form, answer, by).map(|opinion| (opinion.score, opinion.reason));
            let wanted = wanted.map(|(score, reason)| (score, reason.to_owned())).map_err(str::to_owned);
            assert_eq!(found, wanted, "{answer}");
        }
        assert_eq!(read_place(" The best is 1, not 0.", 2).map(|(place, _)| place), Ok(1));
        assert_eq!(
            read_place("2", 2).unwrap_err(),
            "the judge picked `2`, not a number from 0 to 1",
            "they are counted from 0"
        );
        assert!(read_place("none", 2).unwrap_err().contains("no number"));
    }

    #[test]
    fn what_is_listed_first_is_read_or_refused() {
        let steps = FirstList::Steps.read("```json\n{\"steps\": [\"Read.\", \" Compare. \"]}\n```").unwrap();
        assert_eq!(FirstList::Steps.tell(&steps), VarValue::from("Read.\n- Compare.".to_owned()));
        let lines = FirstList::Lines.read("<think>hm</think>\nOne.\n\n Two.").unwrap();
        assert_eq!(FirstList::Lines.tell(&lines), VarValue::Json(r#"["One.","Two."]"#.to_owned()));
        for (list, answer, words) in [
            (FirstList::Steps, r#"{"steps": []}"#, "listed nothing"),
            (FirstList::Steps, r#"{"steps": ["a", " "]}"#, "is no text"),
            (FirstList::Steps, "Read.", "not JSON"),
            (FirstList::Lines, "\n", "listed nothing"),
        ] {
            assert!(list.read(answer).unwrap_err().contains(words), "{answer}");
        }
    }
}
