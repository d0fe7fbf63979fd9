//! A check by a program: until it was run, nothing is known of the answer.

use serde_json::{Value, json};

use crate::{
    eval::{
        check::{
            CheckResult,
            field::{CheckField, ValueForm},
            input::CheckInput,
            promptfoo::javascript::{fields, unknown_there},
            source::CheckSource,
            spec::{AssertionFields, CheckSpec, CheckTest, Compiled, Export, ImportedValue, VariablePlaces},
            threshold::{Movable, PassingSide, Unit},
        },
        pending::PendingCheck,
        program_check::ProgramCheck,
    },
    model::{
        Check, CheckProgram,
        check_program::{CheckCode, CheckLanguage},
    },
};

pub(crate) const EXEC: CheckSpec = CheckSpec {
    fields: &[CheckField::Value(ValueForm::Program), CheckField::Threshold],
    // What a row holds must not become a part of a command or of code.
    variables: VariablePlaces::Nowhere,
    slow_to_compile: false,
    threshold: Movable::Threshold(PassingSide::AtLeast, Unit::Number, None),
    compile,
    imported: ImportedValue::AsItIs,
    export: Export::Written(written),
};

#[derive(Debug)]
struct ExecTest {
    program: CheckProgram,
    place: usize,
}

fn compile(source: &CheckSource<'_>) -> Compiled {
    let Some(value) = &source.check.value else {
        return Err(source.bad("value", "a program, [\"PROGRAM\", \"ARGUMENT\"]", "nothing"));
    };
    if source.check.threshold.is_some() {
        source.threshold("a score, 0 or more", f64::MAX, None)?;
    }
    let program = CheckProgram::of(value)
        .map_err(|why| source.bad("value", "a program", format!("{}: {why}", crate::eval::reason::name(value))))?;
    Ok(Box::new(ExecTest { program, place: source.place() }))
}

impl CheckTest for ExecTest {
    fn apply(&self, _input: &CheckInput<'_>) -> CheckResult {
        Err("its program was not run".to_owned())
    }

    fn pending(&self, check: &Check) -> Option<PendingCheck> {
        Some(PendingCheck::Program(ProgramCheck::of(check, self.program.clone(), self.place)))
    }
}

/// Writes it as promptfoo's assertion in one of its languages; a program of another kind it has no word for.
fn written(check: &Check) -> Result<AssertionFields, String> {
    let program = CheckProgram::of_check(check).ok_or_else(|| unknown_there(check))?;
    if check.value.as_ref().is_some_and(|value| value.get("timeout").is_some()) {
        return Err(format!("the `timeout` of a check of type {}", check.kind));
    }
    let (language, value) = match &program.source {
        CheckCode::Command(_) => return Err(unknown_there(check)),
        CheckCode::Inline { language, text } => (*language, text.clone()),
        CheckCode::File { language, path, function } => {
            let function = function.as_ref().map(|function| format!(":{function}")).unwrap_or_default();
            (*language, format!("file://{path}{function}"))
        }
    };
    let not = if check.kind.not { "not-" } else { "" };
    let mut written = fields([("type", format!("{not}{}", language.name()).into()), ("value", value.into())]);
    written.extend(check.threshold.map(|threshold| ("threshold".to_owned(), threshold.into())));
    written.extend(program.config.map(|config| ("config".to_owned(), config)));
    Ok(written)
}

/// Reads the value and the config of one of promptfoo's assertions in a language; none where it cannot be run here as it
/// is: code that promptfoo fills as a template first, or a file in another language.
pub(crate) fn of_assertion(language: CheckLanguage, value: Option<&Value>, config: Option<&Value>) -> Option<Value> {
    let text = value?.as_str()?;
    if ["{{", "{%", "{#"].iter().any(|sign| text.contains(sign)) {
        return None;
    }
    let mut table = json!({ (language.name()): text });
    if let (Some(config), Some(fields)) = (config, table.as_object_mut()) {
        fields.insert("config".to_owned(), config.clone());
    }
    CheckProgram::of(&table).is_ok().then_some(table)
}

/// Reads promptfoo's `contextTransform` as the program that it is: an expression or a body in JavaScript, or a file. None where
/// it cannot be run here as it is.
pub(crate) fn of_transform(code: &Value) -> Option<Value> {
    let text = code.as_str()?;
    let of_file = |language: &CheckLanguage| {
        let (path, _) = text.rsplit_once(':').filter(|(path, _)| path.contains('.')).unwrap_or((text, ""));
        language.endings().iter().any(|ending| path.ends_with(&format!(".{ending}")))
    };
    let language = if text.starts_with("file://") {
        [CheckLanguage::JavaScript, CheckLanguage::Python].into_iter().find(of_file)?
    } else {
        CheckLanguage::JavaScript
    };
    of_assertion(language, Some(code), None)
}

/// Writes a program that takes out a context as promptfoo's `contextTransform`; none where there is no word for it.
pub(crate) fn transform(context: &Value) -> Option<String> {
    let program = CheckProgram::of(context).ok().filter(|program| program.config.is_none())?;
    if context.get("timeout").is_some() {
        return None;
    }
    match &program.source {
        CheckCode::Inline { language: CheckLanguage::JavaScript, text } => Some(text.clone()),
        CheckCode::File { language: CheckLanguage::JavaScript | CheckLanguage::Python, path, function } => {
            let function = function.as_ref().map(|function| format!(":{function}")).unwrap_or_default();
            Some(format!("file://{path}{function}"))
        }
        CheckCode::Inline { .. } | CheckCode::File { .. } | CheckCode::Command(_) => None,
    }
}
