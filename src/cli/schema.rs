//! `retort schema`: a JSON Schema made of an answer, a type or the record, what models are sent of one, and those of
//! retort's own files.

#[cfg(test)]
mod published;

use std::path::Path;

use crate::{
    cli::{Exit, Io, Stopped, args::SchemaAction, interrupts::CLOSING, prompts},
    config::schemas,
    eval::{
        schema_infer::{self, InferredSchema, SchemaLanguage},
        schema_report,
    },
    model::{Format, query::Query},
    store::api::{StoreReply, StoreRequest},
    text::{clean_line, json},
};

/// Makes a schema, or says what comes of one.
pub(crate) async fn schema(action: SchemaAction, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    match action {
        SchemaAction::Infer { prompt: Some(name), .. } => {
            let inferred = of_record(&name, io).await?;
            print(&inferred, io)
        }
        SchemaAction::Infer { file, from, prompt: None } => {
            let file = file.unwrap_or_else(|| "-".into());
            let shown = clean_line(&file.display().to_string()).as_str().to_owned();
            let text = read(&file, &shown, io)?;
            let source = from.map(SchemaLanguage::from).or_else(|| SchemaLanguage::of(&text)).ok_or_else(|| {
                Stopped::Usage(format!(
                    "{shown} is neither JSON nor a type that is known; `--from rust`, `typescript` or `python` says what it is"
                ))
            })?;
            let inferred =
                schema_infer::of_text(&text, source).map_err(|why| Stopped::Usage(format!("{shown}: {why}")))?;
            print(&inferred, io)
        }
        SchemaAction::Check { name, models } => check(&name, models, io),
        SchemaAction::Export { folder } => export(folder.as_deref(), io),
    }
}

/// Writes the schemas of retort's own files to a folder.
fn export(folder: Option<&Path>, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let folder = match folder {
        Some(folder) => io.cwd.join(folder),
        None => io.setup()?.places.config.join(schemas::FOLDER),
    };
    for schema in schemas::SCHEMAS {
        let file = schema.write(&folder)?;
        writeln!(io.out, "{}: {}", clean_line(&file.display().to_string()), schema.of)?;
    }
    Ok(Exit::Done)
}

fn read(file: &Path, shown: &str, io: &Io<'_>) -> Result<String, Stopped> {
    if file.as_os_str() == "-" {
        return Ok(std::io::read_to_string(std::io::stdin().lock())?);
    }
    std::fs::read_to_string(io.cwd.join(file)).map_err(|error| Stopped::Usage(format!("cannot read {shown}: {error}")))
}

fn print(inferred: &InferredSchema, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    writeln!(io.out, "{}", json::to_pretty(&inferred.schema)?)?;
    for note in &inferred.notes {
        writeln!(io.err, "note: {}", clean_line(note))?;
    }
    Ok(Exit::Done)
}

async fn of_record(name: &str, io: &mut Io<'_>) -> Result<InferredSchema, Stopped> {
    let store = io.setup()?.store();
    let asked = store.ask(StoreRequest::InferSchema(Box::new(Query::default().answers_to(name)))).await;
    store.close(CLOSING)?;
    match asked? {
        StoreReply::Inferred { inferred, answers } if answers > 0 => {
            writeln!(io.err, "note: made of {answers} answers on record to {}", clean_line(name))?;
            Ok(*inferred)
        }
        _ => Err(Stopped::Other(format!(
            "no answer in JSON to `{name}` is on record; `retort run {name}` or `retort batch {name} DATA` makes some"
        ))),
    }
}

/// Says what each model is sent of a prompt's schema.
fn check(name: &str, models: Vec<String>, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let setup = io.setup()?;
    let (name, prompt) = prompts::find(&setup.places, &io.cwd, name)?;
    let Some(schema) = &prompt.response.schema else {
        return Err(Stopped::Usage(format!(
            "`{name}` has no schema; `retort schema infer --prompt {name}` makes one of the answers on record"
        )));
    };
    let named = if models.is_empty() { prompt.targets.clone() } else { models };
    if named.is_empty() {
        return Err(Stopped::Usage(format!("`{name}` names no model; name one with -m")));
    }
    if prompt.format().0 != Format::Schema {
        writeln!(io.err, "note: `format` of `{name}` is not \"schema\", so the schema is checked and not sent")?;
    }
    for model in named {
        let target = setup.catalog.resolve(&model).map_err(|unknown| Stopped::Usage(unknown.to_string()))?;
        let report = schema_report::report(&target, schema);
        writeln!(io.out, "{}: {}", clean_line(&model), clean_line(&report.says))?;
        for point in &report.points {
            writeln!(io.out, "  {}", clean_line(&point.words()))?;
        }
    }
    Ok(Exit::Done)
}
