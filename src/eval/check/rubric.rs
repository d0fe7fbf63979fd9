//! The checks that a model judges by: until one was asked, nothing is known of the answer.

use serde_json::Value;

use crate::{
    eval::{
        best_choice::BestChoice,
        check::{
            CheckResult,
            field::{CheckField, ValueForm},
            input::CheckInput,
            promptfoo::{
                javascript::{fields, unknown_there},
                rubric_prompt,
            },
            source::{CheckSource, text_of},
            spec::{AssertionFields, CheckSpec, CheckTest, Compiled, Export, ImportedValue, VariablePlaces},
            threshold::{Movable, PassingSide, Unit},
        },
        judge_prompt::{OwnPrompt, Told},
        judge_template::{JudgeMaterial, JudgeTemplate, JudgeValue},
        pending::PendingCheck,
        program_check::ContextProgram,
        reason::{BadRule, name},
        rubric::{MOST, Rubric},
    },
    model::{Check, CheckProgram, Part, Role, Turn, check_program::CheckLanguage},
    template,
};

/// Describes a check that a model judges by: what its value is called on the form and what is to be filled in, the score
/// that passes where no threshold is set, its value in promptfoo, how it is written there, and a further field.
macro_rules! judged {
    ($label:literal, $hint:literal, $usual:expr, $imported:ident, $export:expr $(, $more:expr)*) => {
        CheckSpec {
            fields: &[
                CheckField::Value(ValueForm::Rubric($label, $hint)),
                CheckField::Threshold,
                CheckField::Judge,
                $($more,)*
                CheckField::Repeat,
            ],
            variables: VariablePlaces::Everywhere,
            slow_to_compile: false,
            threshold: Movable::Threshold(PassingSide::AtLeast, Unit::Share, $usual),
            compile,
            imported: ImportedValue::$imported,
            export: $export,
        }
    };
}

pub(crate) const LLM_RUBRIC: CheckSpec = judged!(
    "rubric",
    "a question the judge answers with yes or no; \\n is a line break",
    None,
    TextHere,
    Export::Same,
    CheckField::JudgePrompt
);

pub(crate) const FACTUALITY: CheckSpec = judged!(
    "reference",
    "what is known to be right, with variables: {{ expected }}; \\n is a line break",
    None,
    TextHere,
    Export::Same,
    CheckField::JudgePrompt
);

pub(crate) const MODEL_GRADED_CLOSEDQA: CheckSpec = judged!(
    "criterion",
    "what has to be so of the answer; \\n is a line break",
    None,
    TextHere,
    Export::Same,
    CheckField::JudgePrompt
);

pub(crate) const G_EVAL: CheckSpec = judged!(
    "criteria",
    "what the answer is scored by, or a JSON list of criteria; \\n is a line break",
    Some(0.7),
    AsItIs,
    Export::Same,
    CheckField::JudgePrompt,
    CheckField::FirstPrompt
);

pub(crate) const RELEVANCE: CheckSpec = judged!(
    "question",
    "what was asked, with variables; empty is the input",
    Some(0.7),
    AsItIs,
    Export::Written(|check| renamed(check, "answer-relevance"))
);

pub(crate) const FAITHFULNESS: CheckSpec = judged!(
    "context",
    "all that the answer may rely on, with variables; empty is the variable context",
    Some(0.8),
    AsItIs,
    Export::Written(|check| renamed(check, "context-faithfulness")),
    CheckField::JudgePrompt,
    CheckField::FirstPrompt,
    CheckField::Context
);

pub(crate) const CONTEXT_RECALL: CheckSpec = judged!(
    "expected",
    "the answer known to be right: {{ expected }}",
    Some(0.8),
    TextHere,
    Export::Same,
    CheckField::JudgePrompt,
    CheckField::Context
);

pub(crate) const CONTEXT_RELEVANCE: CheckSpec = judged!(
    "context",
    "what was found for the question, with variables; empty is the variable context",
    Some(0.5),
    AsItIs,
    Export::Same,
    CheckField::JudgePrompt,
    CheckField::Context
);

pub(crate) const INSTRUCTION_FOLLOWING: CheckSpec = judged!(
    "instructions",
    "what the answer has to follow; empty are the messages of the prompt",
    Some(1.0),
    AsItIs,
    Export::None,
    CheckField::JudgePrompt
);

pub(crate) const STYLE: CheckSpec = judged!(
    "guide",
    "how the answer is to be written; \\n is a line break",
    Some(0.75),
    TextHere,
    Export::None,
    CheckField::JudgePrompt
);

pub(crate) const CONVERSATION_RELEVANCE: CheckSpec = CheckSpec {
    fields: &[CheckField::Threshold, CheckField::Judge, CheckField::JudgePrompt, CheckField::Repeat],
    threshold: Movable::Threshold(PassingSide::AtLeast, Unit::Share, Some(0.5)),
    imported: ImportedValue::Nothing,
    export: Export::Same,
    ..PAIRWISE
};

pub(crate) const PAIRWISE: CheckSpec = judged!(
    "other answer",
    "the answer it is compared with: {{ expected }}; \\n is a line break",
    Some(0.5),
    TextHere,
    Export::None,
    CheckField::JudgePrompt
);

pub(crate) const SELECT_BEST: CheckSpec = CheckSpec {
    fields: &[
        CheckField::Value(ValueForm::Rubric(
            "criterion",
            "what makes an answer of a row the best; \\n is a line break",
        )),
        CheckField::Judge,
        CheckField::JudgePrompt,
        CheckField::Repeat,
    ],
    threshold: Movable::None("one answer of a row is picked, and the others are not"),
    export: Export::Same,
    ..PAIRWISE
};

#[derive(Debug)]
struct RubricTest {
    template: &'static JudgeTemplate,
    /// What takes the context out of the answer, if anything does.
    context: Option<ContextProgram>,
}

fn compile(source: &CheckSource<'_>) -> Compiled {
    let check = source.check;
    let Some(template) = JudgeTemplate::of(check.kind.kind) else {
        return Err(source.bad("type", "a check that a model judges by", check.kind.to_string()));
    };
    let own = OwnPrompt::of(template.kind).filter(|_| !check.judge_prompt.is_empty());
    if let Some(own) = own {
        readable(source, own, "judge_prompt", &check.judge_prompt)?;
    }
    asked_first(source, own)?;
    let what = template.value;
    let blank = |text: &str| text.trim().is_empty();
    match (&check.value, template.needs) {
        // What is compared is its value.
        (None, _) if own.is_some() && template.material != JudgeMaterial::BothOrders => {}
        (None, JudgeValue::OrInput | JudgeValue::OrContext | JudgeValue::OrMessages | JudgeValue::Conversation) => {}
        (Some(Value::Array(items)), JudgeValue::Texts) => {
            let texts: Option<Vec<String>> = items.iter().map(text_of).collect();
            if texts.is_none_or(|texts| texts.is_empty() || texts.iter().any(|text| blank(text))) {
                return Err(source.bad("value", "criteria in words", "a list in which not every one is"));
            }
        }
        (_, _) => {
            if blank(&source.part()?) {
                return Err(source.bad("value", format!("a {what} in words"), "blanks alone"));
            }
        }
    }
    if check.threshold.is_some() {
        // A prompt of its own scores as it likes.
        let most = own.map_or(1.0, |own| own.form.most());
        let expected = if most > 1.0 { "a score, 0 or more" } else { "a score from 0 to 1" };
        source.threshold(expected, most, None)?;
    }
    let context = check.context.as_ref().map(|value| {
        if check.value.is_some() && template.needs == JudgeValue::OrContext {
            return Err(source.bad("context", "a context in `value` or by `context`", "both"));
        }
        let program = CheckProgram::of(value)
            .map_err(|why| source.bad("context", "a program", format!("{}: {why}", name(value))))?;
        if program.stays {
            return Err(source.bad("context", "a program that is started for each answer", "`mode = \"lines\"`"));
        }
        if program.language() == Some(CheckLanguage::Ruby) {
            return Err(source.bad("context", "a command, JavaScript or Python", "Ruby"));
        }
        Ok(ContextProgram { program, place: source.place() })
    });
    let context = context.transpose()?;
    match check.repeat {
        Some(times) if !(1..=MOST).contains(&times) => {
            Err(source.bad("repeat", format!("a number from 1 to {MOST}"), times.to_string()))
        }
        _ => Ok(Box::new(RubricTest { template, context })),
    }
}

/// Sees that a check has its judge asked first where it is told what came of it, and nowhere else.
fn asked_first(source: &CheckSource<'_>, own: Option<&OwnPrompt>) -> Result<(), BadRule> {
    let (turns, first) = (&source.check.judge_prompt, &source.check.first_prompt);
    let listed = own.and_then(OwnPrompt::listed).map_or("what it is asked for", |name| name);
    match (own.filter(|own| own.names_list(turns)), first.is_empty()) {
        (None, true) => Ok(()),
        (None, false) => {
            Err(source.bad("judge_prompt", format!("messages that name `{listed}`"), "`first_prompt` alone"))
        }
        (Some(_), true) => {
            let expected = format!("messages that ask for `{listed}`, which `judge_prompt` names");
            Err(source.bad("first_prompt", expected, "none"))
        }
        (Some(own), false) => readable(source, own, "first_prompt", first),
    }
}

/// Sees that the messages by which a check has its judge asked can be sent, whatever the answer is.
fn readable(source: &CheckSource<'_>, own: &OwnPrompt, key: &str, turns: &[Turn]) -> Result<(), BadRule> {
    let bad = |expected: &str, found: &str| Err(source.bad(key, expected, found));
    if turns.iter().any(|turn| turn.role == Role::Tool || !turn.tool_calls.is_empty() || turn.reply.is_some()) {
        return bad("messages of the roles system, user and assistant", "one of tools");
    }
    if turns.iter().any(|turn| turn.role != Role::User && !turn.parts.is_empty()) {
        return bad("parts in messages of the role user", "one in another message");
    }
    if turns.iter().all(|turn| turn.muted || turn.is_empty()) {
        return bad("a message that says something", "none");
    }
    if let Some((place, mistake)) = template::asks_of(turns).1.into_iter().next() {
        return bad("messages whose variables make sense", &format!("{mistake} in message {}", place + 1));
    }
    // What a model answers is no name of a file or an address that is opened.
    let told: Vec<&str> = own.told.iter().filter(|(_, what)| *what != Told::Value).map(|(name, _)| *name).collect();
    let names = |part: &Part| template::asks(&part.source).names.into_iter().find(|name| told.contains(&name.as_str()));
    match turns.iter().flat_map(|turn| &turn.parts).find_map(names) {
        Some(name) => bad("parts that do not name the answer", &format!("`{name}` in one")),
        None => Ok(()),
    }
}

impl CheckTest for RubricTest {
    fn apply(&self, _input: &CheckInput<'_>) -> CheckResult {
        Err("no judge model was asked".to_owned())
    }

    fn pending(&self, check: &Check) -> Option<PendingCheck> {
        Some(match self.template.material {
            JudgeMaterial::AllOfRow => PendingCheck::Best(BestChoice::of(check)),
            JudgeMaterial::Answer | JudgeMaterial::BothOrders | JudgeMaterial::Context | JudgeMaterial::Nothing => {
                PendingCheck::Judge(Rubric::of(check, self.template).with_context(self.context.clone()))
            }
        })
    }
}

/// Writes it under the name promptfoo has for the like. What it takes from variables there is no value of the assertion.
fn renamed(check: &Check, name: &str) -> Result<AssertionFields, String> {
    if check.value.is_some() {
        return Err(unknown_there(check));
    }
    let not = if check.kind.not { "not-" } else { "" };
    let mut written = fields([("type", format!("{not}{name}").into())]);
    written.extend(check.threshold.map(|threshold| ("threshold".to_owned(), threshold.into())));
    written.extend(check.judge.clone().map(|judge| ("provider".to_owned(), judge.into())));
    written.extend(rubric_prompt::written(check)?.map(|prompt| ("rubricPrompt".to_owned(), prompt)));
    Ok(written)
}
