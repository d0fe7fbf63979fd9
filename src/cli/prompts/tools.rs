//! `retort prompts tools`: the tools of a prompt, printed, or taken from a list of a vendor's or a server's.

use std::path::Path;

use serde_json::Value;

use crate::{
    cli::{Exit, Io, Stopped},
    engine::{environment::Child, tool_programs::mcp::McpServer},
    model::{
        Tool,
        tool::{ToolResult, as_listed, read_list},
    },
    store::{api::Over, prompts},
    text::clean_line,
};

/// How long an MCP server may take to list its tools.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// Where tools are taken from.
pub(crate) struct ToolsFrom<'a> {
    /// A file of JSON, or `-` for standard input.
    pub(crate) file: Option<&'a Path>,
    /// An MCP server: a program and its arguments.
    pub(crate) server: &'a [String],
}

/// Prints the tools of a prompt, or adds others to its file; one of the same name is replaced, but for the source of its
/// results.
pub(crate) async fn tools(name: &str, from: ToolsFrom<'_>, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let setup = io.setup()?;
    let mut prompt = prompts::read(&setup.places, name)?;
    let taken = match (from.file, from.server) {
        (None, []) => {
            let listed: Value = prompt.tools.iter().map(as_listed).collect();
            let text = serde_json::to_string_pretty(&listed).map_err(|error| Stopped::Other(error.to_string()))?;
            writeln!(io.out, "{text}")?;
            return Ok(Exit::Done);
        }
        (Some(file), _) => read(file, io)?,
        (None, argv) => {
            let environment = setup.environment.of(Child::Tool(&setup.settings));
            let listed = async { McpServer::start(argv, &environment).await?.tools().await };
            let late = || Err(format!("`{}` lists no tools within {PATIENCE:?}", argv.join(" ")));
            let listed = tokio::time::timeout(PATIENCE, listed).await.unwrap_or_else(|_| late());
            let result = ToolResult { mcp: Some(argv.to_vec()), ..ToolResult::default() };
            let tools = listed.map_err(Stopped::Other)?.into_iter();
            tools.map(|tool| Tool { result: Some(result.clone()), ..tool }).collect()
        }
    };
    for tool in &taken {
        tool.validate().map_err(|(_, why)| Stopped::Other(format!("the tool `{}` is not taken: {why}", tool.name)))?;
    }
    let mut said = Vec::new();
    for tool in taken {
        if let Some(known) = prompt.tools.iter_mut().find(|known| known.name == tool.name) {
            let result = tool.result.clone().or_else(|| known.result.clone());
            said.push(format!("{} (replaced)", tool.name));
            *known = Tool { result, cache: tool.cache.or(known.cache), ..tool };
        } else {
            said.push(tool.name.clone());
            prompt.tools.push(tool);
        }
    }
    let (file, _) = prompts::save(&setup.places, name, &prompt, Over::Anything)?;
    writeln!(io.out, "{}: {}", clean_line(&file.display().to_string()), clean_line(&said.join(", ")))?;
    let open = prompt.tools.iter().any(|tool| tool.result.is_none());
    if open {
        writeln!(
            io.err,
            "note: a tool without `result` ends the run with the model's calls; docs/tools.md has the sources"
        )?;
    }
    Ok(Exit::Done)
}

fn read(file: &Path, io: &mut Io<'_>) -> Result<Vec<Tool>, Stopped> {
    let shown = file.display().to_string();
    let text = if file.as_os_str() == "-" {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut std::io::stdin().lock(), &mut text)?;
        text
    } else {
        std::fs::read_to_string(io.cwd.join(file))
            .map_err(|error| Stopped::Usage(format!("cannot read {shown}: {error}")))?
    };
    let json: Value =
        serde_json::from_str(&text).map_err(|error| Stopped::Usage(format!("{shown} is not JSON: {error}")))?;
    let tools = read_list(&json);
    if tools.is_empty() {
        return Err(Stopped::Usage(format!(
            "{shown} has no tools: it is a list of them as OpenAI, Anthropic or Gemini take it, or what `tools/list` of an MCP server says"
        )));
    }
    Ok(tools)
}
