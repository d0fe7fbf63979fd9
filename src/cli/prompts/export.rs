//! `retort prompts export`: a prompt in the form that a program, a library or another tool takes. What a form has no place for
//! is listed, and what would make another prompt of it is refused.

use serde_json::{Value, json};

use crate::{
    cli::{
        Io, Stopped,
        args::{ExportArgs, ExportForm},
        prompts::{dotprompt, exchange::ExportedPrompt, find, langfuse, promptfoo},
    },
    engine::Workspace,
    model::{
        Attachment, Format, Params, Prompt, ResponseRule, VersionId, Wire, attachment::AttachmentData,
        prompt::SpokenTurn,
    },
    pipeline::preview_of,
    present::{
        program::{self, ProgramLanguage, PromptProgram, messages::written_messages, variants::BodyVariants},
        snippets,
    },
    template::{
        self, conversation,
        pieces::{TemplatePiece, pieces},
    },
    text::{clean_line, json},
};

/// Prints the prompt.
pub(crate) fn export(args: &ExportArgs, io: &mut Io<'_>) -> Result<(), Stopped> {
    let setup = io.setup()?;
    if args.form == ExportForm::Promptfoo {
        if args.model.is_some() {
            return Err(Stopped::Usage(
                "a config names all models of the prompt; `-m` is for the other forms".to_owned(),
            ));
        }
        return promptfoo::export(&args.name, args.data.as_deref(), &setup, io);
    }
    if args.data.is_some() {
        return Err(Stopped::Usage("`--data` makes the tests of a promptfoo config; no other form has any".to_owned()));
    }
    let (name, prompt) = find(&setup.places, &io.cwd, &args.name)?;
    if args.form == ExportForm::Json {
        if args.model.is_some() {
            return Err(Stopped::Usage(
                "the prompt as JSON has all its models; `-m` is for the other forms".to_owned(),
            ));
        }
        write!(io.out, "{}", pretty(&whole(&name, &prompt))?)?;
        return Ok(());
    }
    let model = args.model.as_ref().or(prompt.targets.first()).unwrap_or(&setup.settings.default_model);
    let target = setup.catalog.resolve(model).map_err(|error| Stopped::Usage(error.to_string()))?;
    let exported = ExportedPrompt { name: &name, prompt: &prompt, target: &target };
    let mut lost = Vec::new();
    let text = match args.form {
        ExportForm::Promptfoo | ExportForm::Json => String::new(),
        ExportForm::Dotprompt => {
            lost = unsaid(&exported);
            dotprompt::write(&exported, &mut lost).map_err(refused("dotprompt"))?
        }
        ExportForm::Langfuse => {
            lost = unsaid(&exported);
            pretty(&langfuse::write(&exported, &mut lost).map_err(refused("Langfuse"))?)?
        }
        ExportForm::Openai => {
            lost = unsaid(&exported);
            let program = program_of(&exported, &setup, false, io)?;
            if program.wire != Wire::OpenAi {
                return Err(Stopped::Usage(format!(
                    "`{model}` does not speak chat completions; `-m` names a model that does"
                )));
            }
            let names = &program.variables;
            let text = pretty(&Value::Object(program.variants.body))?;
            let name = |place: usize| names.get(place).map_or("", |variable| variable.name.as_str());
            program::unmarked(&text, |place| format!("{{{{{}}}}}", name(place)))
        }
        ExportForm::Python => program_text(&exported, ProgramLanguage::Python, &setup, &mut lost, io)?,
        ExportForm::Typescript => program_text(&exported, ProgramLanguage::TypeScript, &setup, &mut lost, io)?,
        ExportForm::Rust => program_text(&exported, ProgramLanguage::Rust, &setup, &mut lost, io)?,
    };
    for words in lost {
        writeln!(io.err, "left out: {}", clean_line(&words))?;
    }
    write!(io.out, "{text}")?;
    Ok(())
}

/// Writes a program that asks the prompt; what it leaves to whoever uses it goes to `lost`.
fn program_text(
    exported: &ExportedPrompt<'_>,
    language: ProgramLanguage,
    setup: &Workspace,
    lost: &mut Vec<String>,
    io: &mut Io<'_>,
) -> Result<String, Stopped> {
    *lost = unsaid(exported);
    let program = program_of(exported, setup, true, io)?;
    if program.has_tools() {
        lost.extend(tool_words(exported.prompt));
    }
    if language != ProgramLanguage::Python && !program.transport.is_empty() {
        lost.push("the certificates and the proxy of the provider".to_owned());
    }
    Ok(program.write(language))
}

fn refused(form: &'static str) -> impl Fn(Vec<String>) -> Stopped {
    move |problems| Stopped::Other(format!("{form} has no place for {}", problems.join("; ")))
}

fn pretty(value: &Value) -> Result<String, Stopped> {
    Ok(json::to_pretty(value)? + "\n")
}

/// Writes the prompt's file as JSON, with its name, its version and its variables.
fn whole(name: &str, prompt: &Prompt) -> Value {
    let mut value = json!({
        "name": name,
        "version": VersionId::of(prompt).0,
        "variables": template::asks_of(&prompt.turns()).0.names,
    });
    if let (Some(fields), Ok(Value::Object(own))) = (value.as_object_mut(), serde_json::to_value(prompt)) {
        fields.extend(own);
    }
    value
}

/// Names what of a prompt has no effect on what is sent first, and so no place in a form that asks one model once.
fn unsaid(exported: &ExportedPrompt<'_>) -> Vec<String> {
    let prompt = exported.prompt;
    let mut lost = Vec::new();
    for (place, turn) in prompt.turns().iter().enumerate().filter(|(_, turn)| turn.muted) {
        lost.push(format!("message {} ({}), which is muted", place + 1, turn.role.name()));
    }
    let others: Vec<&str> =
        prompt.targets.iter().filter(|name| **name != exported.target.name).map(String::as_str).collect();
    if !others.is_empty() {
        lost.push(format!("the models {}: it is written for `{}`", others.join(", "), exported.target.name));
    }
    if !prompt.fallback.is_empty() {
        lost.push(format!("the fallbacks {}", prompt.fallback.join(", ")));
    }
    match prompt.checks.len() {
        0 => {}
        1 => lost.push("1 check".to_owned()),
        count => lost.push(format!("{count} checks")),
    }
    let response = &prompt.response;
    let rules = [
        (ResponseRule::Required, !response.required.is_empty()),
        (ResponseRule::Confidence, response.min_confidence.is_some()),
        (ResponseRule::Completeness, response.min_completeness.is_some()),
        (ResponseRule::Score, response.min_score.is_some()),
    ];
    let rules: Vec<&str> = rules.into_iter().filter(|(_, set)| *set).map(|(rule, _)| rule.name()).collect();
    if !rules.is_empty() {
        lost.push(format!("of the expected response {}", rules.join(", ")));
    }
    lost
}

/// Says what of a prompt's tools a program leaves to whoever takes it.
fn tool_words(prompt: &Prompt) -> Vec<String> {
    let mut words = Vec::new();
    if prompt.tools.iter().any(|tool| tool.result.is_some()) {
        words.push("where the results of tools come from".to_owned());
    }
    if prompt.max_rounds.is_some() {
        words.push("max_rounds".to_owned());
    }
    words
}

/// Makes the request of a prompt with a mark for each variable; `takes_code` tells whether messages may be written by code.
fn program_of(
    exported: &ExportedPrompt<'_>,
    setup: &Workspace,
    takes_code: bool,
    io: &mut Io<'_>,
) -> Result<PromptProgram, Stopped> {
    let ExportedPrompt { name, prompt, target } = exported;
    let refused = |problems: Vec<String>| {
        Stopped::Other(format!(
            "a program of its own has no place for {}; through `retort serve` a program asks for the model `prompt:{name}`",
            problems.join("; ")
        ))
    };
    let mut problems = unfit(prompt, takes_code);
    let messages = written_messages(prompt).map_err(|more| refused([std::mem::take(&mut problems), more].concat()))?;
    if !problems.is_empty() {
        return Err(refused(problems));
    }
    let mut whole = (*target).clone();
    whole.options.whole = true;
    let mut first = None;
    let variants = BodyVariants::of(&messages.empty, |mask| {
        let (filled, input) = messages.filled(prompt, mask);
        let preview = match preview_of(&filled, &Params::default(), &input, &whole) {
            Ok(preview) => preview,
            // Where all that can be empty is, nothing may be left.
            Err(_) if mask > 0 && mask + 1 == 1 << messages.empty.len() => return Ok(None),
            Err(error) => return Err(Stopped::Other(format!("prompt `{name}`: {}", error.message))),
        };
        let Some(mut request) = preview.http else {
            return Err(Stopped::Usage(format!(
                "`{}` is not asked over HTTP; `-m` names a model that is",
                target.name
            )));
        };
        if takes_code {
            let before = messages.variables.len() + messages.written.len();
            for (place, (file, _)) in files_of(&request.attachments).map_err(&refused)?.iter().enumerate() {
                replaced(&mut request.body, &file.base64(), &program::mark(before + place));
            }
        }
        // One that says so is asked for all of an answer at once; the others answer so where nothing is said.
        if let Some(fields) = request.body.as_object_mut() {
            if target.kind == Wire::Ollama {
                fields.insert("stream".to_owned(), Value::Bool(false));
            } else {
                fields.remove("stream");
                fields.remove("stream_options");
            }
        }
        let body = request.body.clone();
        first.get_or_insert((request, preview.notices));
        Ok(Some(body))
    })?;
    let Some(variants) = variants else {
        return Err(refused(vec!["so many messages that may be empty and are sent otherwise together".to_owned()]));
    };
    let Some((request, notices)) = first else { return Err(Stopped::Other(format!("prompt `{name}` says nothing"))) };
    for notice in &notices {
        writeln!(io.err, "note: {}", clean_line(notice))?;
    }
    let files = files_of(&request.attachments).map_err(&refused)?;
    let files: Vec<String> = files.into_iter().map(|(_, name)| name).collect();
    if let Some(file) = files.first().filter(|_| !takes_code) {
        return Err(refused(vec![format!("the file `{}`", clean_line(file))]));
    }
    for file in &files {
        writeln!(io.err, "note: `{}` is read beside the program", clean_line(file))?;
    }
    let version = VersionId::of(prompt).short();
    Ok(PromptProgram {
        name: (*name).to_owned(),
        about: format!(
            "The prompt {name}, version {version}, for {}. Written by `retort prompts export`.",
            clean_line(&target.name)
        ),
        wire: target.kind,
        key: snippets::key_variable(target, &setup.settings),
        transport: snippets::transport(target, &setup.settings),
        variables: messages.variables,
        messages: messages.written,
        files,
        is_json: prompt.format().0 != Format::Text,
        request,
        variants,
    })
}

/// Lists the files of a request that are read, each once and with its own name. Fails with those that a program cannot tell
/// apart, or cannot read.
fn files_of(attachments: &[Attachment]) -> Result<Vec<(&Attachment, String)>, Vec<String>> {
    let mut files: Vec<(&Attachment, String)> = Vec::new();
    for attachment in attachments.iter().filter(|attachment| attachment.url().is_none()) {
        let name = clean_line(&attachment.name);
        let AttachmentData::Unread { path, .. } = &attachment.data else {
            return Err(vec![format!("the bytes of `{name}`, which are written out")]);
        };
        let own = path.rsplit(['/', '\\']).next().unwrap_or(path).to_owned();
        if attachment.media_type.is_none() {
            return Err(vec![format!("the file `{name}`, whose name does not say what it is")]);
        }
        match files.iter().find(|(file, known)| file.name == attachment.name || *known == own) {
            None => files.push((attachment, own)),
            Some((file, _)) if file.data == attachment.data && file.name == attachment.name => {}
            Some(_) => return Err(vec![format!("two files of the name `{name}`")]),
        }
    }
    Ok(files)
}

/// Puts something else in the place of what stands for a file's bytes within a value.
fn replaced(value: &mut Value, what: &str, instead: &str) {
    match value {
        Value::String(text) => {
            if let Some(before) =
                text.strip_suffix(what).filter(|before| before.is_empty() || before.ends_with(";base64,"))
            {
                *text = format!("{before}{instead}");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replaced(item, what, instead)),
        Value::Object(fields) => fields.values_mut().for_each(|field| replaced(field, what, instead)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Lists what of a prompt cannot be in a program: files that a value names, and code where it takes none.
fn unfit(prompt: &Prompt, takes_code: bool) -> Vec<String> {
    let mut problems = Vec::new();
    for (place, SpokenTurn { role, content, parts, .. }) in prompt.spoken().enumerate() {
        let whose = format!("message {} ({})", place + 1, role.name());
        if conversation::is_earlier(content) || template::reads_earlier(content) {
            problems.push(format!("{whose}: the turns of the rows before"));
        }
        if program::is_marked(content) {
            problems.push(format!("{whose}: characters of private use"));
        }
        if !takes_code {
            let code = code_of(content).into_iter();
            problems.extend(code.map(|(line, written)| format!("{whose}, line {line}: {written}")));
        }
        problems.extend(
            parts
                .iter()
                .filter(|part| part.source.contains("{{"))
                .map(|part| format!("{whose}: the {} `{}`", part.kind.name(), part.source)),
        );
    }
    problems
}

/// Lists the expressions and tags of a template that are no plain variables, each with its line.
fn code_of(template: &str) -> Vec<(usize, String)> {
    let line = |at: usize| 1 + template.get(..at).unwrap_or_default().matches('\n').count();
    let found = pieces(template).map(|pieces| pieces.all).unwrap_or_default();
    let code = found.into_iter().filter_map(|piece| match piece {
        TemplatePiece::Output { at, written } | TemplatePiece::Tag { at, written, .. } => {
            Some((line(at), written.to_owned()))
        }
        TemplatePiece::Text { .. } | TemplatePiece::Variable { .. } | TemplatePiece::Silent { .. } => None,
    });
    code.collect()
}
