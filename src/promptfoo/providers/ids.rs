//! promptfoo's ids of providers: which model each means here, and why one means none.

use std::collections::BTreeMap;

use crate::{
    model::{TextService, Wire, settings::ProviderSettings, vendor::Vendor},
    promptfoo::{ending, nunjucks},
    text::{shell, suggest::quoted},
};

/// A model that an id means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuiteModel {
    /// The vendor, by its name in the table; none for what is built in.
    pub vendor: Option<String>,
    /// The wire it is asked in.
    pub wire: Wire,
    /// Its name on the wire; `{{env.NAME}}` stands for the value of a variable until it is filled.
    pub name: String,
    /// The program and its arguments, where it is one.
    pub command: Vec<String>,
}

impl SuiteModel {
    /// Finds its vendor in the table; none for what is built in.
    #[must_use]
    pub fn vendor(&self) -> Option<&'static Vendor> {
        self.vendor.as_deref().and_then(Vendor::named)
    }

    /// Makes a provider for it with nothing set but the vendor's usual key.
    #[must_use]
    pub(crate) fn provider(&self) -> ProviderSettings {
        let Some(vendor) = self.vendor() else {
            return ProviderSettings { command: self.command.clone(), ..ProviderSettings::of(self.wire) };
        };
        let plain = ProviderSettings::of_vendor(vendor);
        let of_wire = Vendor::of_wire(self.wire).is_some_and(|own| own.name == vendor.name);
        ProviderSettings {
            vendor: plain.vendor.or_else(|| (!of_wire).then(|| vendor.name.clone())),
            kind: self.wire,
            ..plain
        }
    }

    /// Lists the environment variables that its name is filled from.
    pub(crate) fn variables(&self) -> Vec<String> {
        if !self.command.is_empty() {
            return Vec::new();
        }
        nunjucks::environment(&self.name).map(|(_, variables)| variables).unwrap_or_default()
    }

    /// Fills its name. The error is the first variable that has no value.
    pub(crate) fn fill(&mut self, value: impl Fn(&str) -> Option<String>) -> Result<(), String> {
        let (mut name, mut rest) = (String::new(), self.name.as_str());
        for variable in self.variables() {
            let place = format!("{{{{env.{variable}}}}}");
            let Some((before, behind)) = rest.split_once(&place) else { continue };
            name.push_str(before);
            name.push_str(&value(&variable).filter(|value| !value.is_empty()).ok_or(variable)?);
            rest = behind;
        }
        self.name = name + rest;
        Ok(())
    }

    /// Tells whether it is a file of code, which is asked by a program that comes with retort.
    #[must_use]
    pub(crate) fn is_code(&self) -> bool {
        self.code_file().is_some()
    }

    /// The file of code that it is, if it is one, as the id names it.
    #[must_use]
    pub(crate) fn code_file(&self) -> Option<String> {
        let text = self.command.iter().position(|word| LANGUAGES.iter().any(|(_, _, text)| word == text))?;
        self.command.iter().skip(text + 1).find(|word| *word != "--").cloned()
    }

    /// Writes its id; none where promptfoo has no such provider.
    #[must_use]
    pub fn id(&self) -> Option<String> {
        match self.vendor() {
            Some(vendor) => Some(format!("{}{}", vendor.promptfoo.get(&self.wire)?.first()?, self.name)),
            None => (self.wire == Wire::Demo && self.name == ECHO).then(|| ECHO.to_owned()),
        }
    }
}

/// promptfoo's provider that answers with the prompt, and the demonstration's model that does.
const ECHO: &str = "echo";

/// The beginning of ids that are command lines.
const EXEC: &str = "exec:";

/// Reads a command line. As promptfoo does, the program is given the prompt, its options and the test's context; the
/// last two are empty objects here.
fn program(line: &str) -> Result<SuiteModel, String> {
    let mut command = shell::words(line);
    let Some(name) = command.first().cloned() else {
        return Err("`exec:` names no program; write `exec: PROGRAM ARGUMENTS`".to_owned());
    };
    command.extend(["{prompt}", "{}", "{}"].map(str::to_owned));
    Ok(SuiteModel { vendor: None, wire: Wire::Command, name, command })
}

/// The beginnings of ids that are files of code.
const CODE: &[&str] = &["file://", "python:"];

/// The argument that stands for the provider's `config`, as JSON.
pub(crate) const CONFIG: &str = "{config}";

/// How a file of code is asked: its endings, the program that runs it with what goes before its text, and the text.
const LANGUAGES: &[(&[&str], &[&str], &str)] = &[
    (&["py"], &["python3", "-c"], include_str!("../../../assets/promptfoo/provider.py")),
    (
        &["js", "mjs", "cjs"],
        &["node", "--input-type=module", "-e"],
        include_str!("../../../assets/promptfoo/provider.mjs"),
    ),
    (
        &["ts", "mts", "cts"],
        &["node", "--experimental-strip-types", "--input-type=module", "-e"],
        include_str!("../../../assets/promptfoo/provider.mjs"),
    ),
];

/// What a file of code is asked for, as its program has it.
fn asked_of_code(service: Option<TextService>) -> &'static str {
    match service {
        None => "answer",
        Some(service) => service.name(),
    }
}

/// Reads a file of code in a language that can be run: `file://FILE:FUNCTION`, `python:FILE:FUNCTION`, or `./FILE`.
fn code(id: &str, asked: &str) -> Option<SuiteModel> {
    let beside = || (id.starts_with("./") || id.starts_with("../")).then_some(id);
    let place = CODE.iter().find_map(|form| id.strip_prefix(form)).or_else(beside)?;
    let (path, function) = match place.rsplit_once(':') {
        Some((path, function)) if !function.contains(['/', '\\', '.']) => (path, Some(function)),
        Some(_) | None => (place, None),
    };
    let ending = ending(path.as_ref());
    let (_, start, text) = LANGUAGES.iter().find(|(endings, ..)| endings.contains(&ending.as_str()))?;
    let mut command: Vec<String> = start.iter().map(|word| (*word).to_owned()).collect();
    command.extend([text, path, function.unwrap_or_default(), id, CONFIG, asked, "{prompt}"].map(str::to_owned));
    // Words that begin with `-` after the text would be node's own.
    if start.first() == Some(&"node") {
        command.insert(start.len() + 1, "--".to_owned());
    }
    Some(SuiteModel { vendor: None, wire: Wire::Command, name: place.to_owned(), command })
}

/// What may stand in an id between a vendor and a model and means another API than that of chats.
const OTHER_APIS: &[&str] = &[
    "agents",
    "assistant",
    "audio",
    "chatkit",
    "claude-agent-sdk",
    "claude-code",
    "codex-sdk",
    "completion",
    "embedding",
    "embeddings",
    "feature-extraction",
    "foundry-agent",
    "image",
    "live",
    "moderation",
    "realtime",
    "rerank",
    "sentence-similarity",
    "speech",
    "text-classification",
    "text-generation",
    "token-classification",
    "transcription",
    "video",
];

/// Providers of promptfoo's that have no row in the table of vendors, and why none can be reached.
const NOT_HERE: &[(&str, &str)] = &[
    ("a2a", AGENT),
    ("adaline", GATEWAY),
    ("agentic", AGENT),
    ("ai21", CHAT),
    ("bam", SIGNED),
    ("bedrock", SIGNED),
    ("bedrock-agent", AGENT),
    ("browser", AGENT),
    ("cloudera", CHAT),
    ("cloudflare-ai", CHAT),
    ("cloudflare-gateway", GATEWAY),
    ("elevenlabs", MEDIA),
    ("envoy", CHAT),
    ("f5", CHAT),
    ("fal", MEDIA),
    ("github", CHAT),
    ("helicone", GATEWAY),
    ("hf", INFERENCE),
    ("huggingface", INFERENCE),
    ("jfrog", CHAT),
    ("lambdalabs", CHAT),
    ("mcp", AGENT),
    ("opencode", AGENT),
    ("palm", SIGNED),
    ("portkey", GATEWAY),
    ("promptfoo", AGENT),
    ("qwak", CHAT),
    ("replicate", MODERATES),
    ("sagemaker", SIGNED),
    ("sequence", AGENT),
    ("slack", AGENT),
    ("snowflake", CHAT),
    ("transformers", PROGRAM),
    ("watsonx", SIGNED),
];

/// Vendors of which only the models that begin so are reached, and why.
const PARTLY: &[(&str, &str, &str)] = &[(
    "vertex",
    "gemini",
    "of Vertex AI only Gemini is reached, with a key (express mode); ask the model at its own vendor",
)];

const AGENT: &str = "it is no model that is asked once; test it with promptfoo";
const CHAT: &str = "it has no row in the table of vendors; if it has an OpenAI-compatible endpoint, write `openai:chat:MODEL` \
                    with `config: {apiBaseUrl: …, apiKeyEnvar: …}`";
const GATEWAY: &str =
    "name the vendor behind it, or write `openai:chat:MODEL` with `config: {apiBaseUrl: …, apiKeyEnvar: …}`";
const INFERENCE: &str = "retort asks its router for chats; write `huggingface:chat:MODEL`";
const MEDIA: &str = "it makes no texts";
const MODERATES: &str = "of its models those that moderate are asked, as `replicate:moderation:MODEL`";
const PROGRAM: &str =
    "add the program as [providers.NAME] with `kind = \"command\"` in config.toml and write `NAME/MODEL`";
const SIGNED: &str = "its requests are signed or posted in ways that retort does not have; reach the model through a gateway such as LiteLLM's \
                      proxy, or as `openai:chat:MODEL` with `config: {apiBaseUrl: …, apiKeyEnvar: …}`";

/// Beginnings of ids that lead to a program or an address, and what to do in their place.
const FORMS: &[(&str, &str)] = &[
    ("file://", PROGRAM),
    ("golang:", PROGRAM),
    (
        "http",
        "its request is to be written into `config`; if it has an OpenAI-compatible endpoint, write `openai:chat:MODEL` with `config: {apiBaseUrl: …, apiKeyEnvar: …}`",
    ),
    ("package:", PROGRAM),
    ("python:", PROGRAM),
    ("ruby:", PROGRAM),
    (
        "webhook:",
        "write a program that asks it, and add it as [providers.NAME] with `kind = \"command\"` in config.toml",
    ),
    (
        "websocket",
        "write a program that asks it, and add it as [providers.NAME] with `kind = \"command\"` in config.toml",
    ),
    ("ws:", "write a program that asks it, and add it as [providers.NAME] with `kind = \"command\"` in config.toml"),
    ("wss:", "write a program that asks it, and add it as [providers.NAME] with `kind = \"command\"` in config.toml"),
];

/// Lists what stands in the ids of models that are asked for something else than an answer, between vendor and model.
fn apis(service: TextService) -> &'static [&'static str] {
    match service {
        TextService::Embedding => &["embedding", "embeddings", "feature-extraction", "sentence-similarity"],
        TextService::Moderation => &["moderation"],
        TextService::Classification => &["text-classification", "token-classification"],
    }
}

/// Tells what a model is asked for by its id, if that is no answer: `openai:embedding:MODEL`, or `voyage:MODEL`, of a vendor that
/// has nothing else.
pub(crate) fn service_of(id: &str) -> Option<TextService> {
    let (vendor, rest) = id.split_once(':')?;
    let api = rest.split(':').next()?;
    let of_vendor = || {
        let (vendor, ..) = prefixes().find(|(_, _, prefix)| prefix.strip_suffix(':') == Some(vendor))?;
        match vendor.services.as_slice() {
            [service] => Some(*service),
            _ => None,
        }
    };
    TextService::ALL.into_iter().find(|service| apis(*service).contains(&api)).or_else(of_vendor)
}

/// Finds the model of an id, as it is asked for an answer or for something else: none where it is a name of retort's own. What it
/// may not be is said in words.
pub(crate) fn model_for(id: &str, service: Option<TextService>) -> Result<Option<SuiteModel>, String> {
    let parts = id.split_once(':').zip(service.filter(|service| service_of(id) == Some(*service)));
    let parts = parts.and_then(|((vendor, rest), service)| {
        let (api, name) = rest.split_once(':')?;
        apis(service).contains(&api).then_some((vendor, name))
    });
    match parts {
        Some((vendor, name)) if prefixes().any(|(_, _, prefix)| prefix.strip_suffix(':') == Some(vendor)) => {
            model(&format!("{vendor}:{name}"), service)
        }
        Some(_) | None => model(id, service),
    }
}

fn model(id: &str, service: Option<TextService>) -> Result<Option<SuiteModel>, String> {
    if id.is_empty() {
        return Err("a provider's id is empty; write one such as `openai:gpt-4o`".to_owned());
    }
    if id == ECHO {
        return Ok(Some(SuiteModel { vendor: None, wire: Wire::Demo, name: ECHO.to_owned(), command: Vec::new() }));
    }
    let program_of_none = || {
        let service = service.map_or("an answer", TextService::name);
        format!("{}: a program is not asked for {service}", quoted(id))
    };
    if let Some(line) = id.strip_prefix(EXEC) {
        return if service.is_some() { Err(program_of_none()) } else { program(line).map(Some) };
    }
    if let Some(model) = code(id, asked_of_code(service)) {
        return Ok(Some(model));
    }
    let begins = |(vendor, wire, prefix): (&'static Vendor, Wire, &'static str)| {
        let rest = id.strip_prefix(prefix).filter(|rest| !rest.is_empty())?;
        Some((prefix.len(), vendor, wire, rest))
    };
    // `openai:responses:` begins as `openai:` does.
    if let Some((_, vendor, wire, rest)) = prefixes().filter_map(begins).max_by_key(|(length, ..)| *length) {
        let api = rest.split(':').next().unwrap_or_default();
        if OTHER_APIS.contains(&api) {
            return Err(format!("{}: `{api}` is not supported; write {}", quoted(id), forms(&vendor.promptfoo)));
        }
        if !vendor.makes_answers() && service.is_none_or(|service| !vendor.services.contains(&service)) {
            let services: Vec<&str> = vendor.services.iter().map(|service| service.name()).collect();
            let what = service.map_or("no answers".to_owned(), |service| format!("no {service}"));
            return Err(format!(
                "{}: {} makes {what}; it is asked for {}",
                quoted(id),
                vendor.title,
                services.join(" and ")
            ));
        }
        if service.is_none()
            && let Some((.., why)) =
                PARTLY.iter().find(|(name, beginning, _)| *name == vendor.name && !rest.starts_with(beginning))
        {
            return Err(format!("{} is not supported: {why}", quoted(id)));
        }
        return Ok(Some(SuiteModel {
            vendor: Some(vendor.name.clone()),
            wire,
            name: rest.to_owned(),
            command: Vec::new(),
        }));
    }
    let kind = id.split(':').next().unwrap_or_default();
    let form = FORMS
        .iter()
        .find(|(form, _)| id.starts_with(form))
        .map(|(_, why)| format!("the provider {} is not supported: {why}", quoted(id)));
    let not_here = || {
        let (_, why) = NOT_HERE.iter().find(|(name, _)| *name == kind)?;
        Some(format!("the provider `{kind}` is not supported: {why}"))
    };
    form.or_else(not_here).map_or(Ok(None), Err)
}

/// Lists the beginnings of every vendor's ids.
fn prefixes() -> impl Iterator<Item = (&'static Vendor, Wire, &'static str)> {
    let of = |vendor: &'static Vendor| {
        vendor
            .promptfoo
            .iter()
            .flat_map(move |(wire, prefixes)| prefixes.iter().map(move |prefix| (vendor, *wire, prefix.as_str())))
    };
    Vendor::all().iter().flat_map(of)
}

/// Says how a vendor's ids are written.
fn forms(prefixes: &BTreeMap<Wire, Vec<String>>) -> String {
    let first = prefixes.values().filter_map(|prefixes| prefixes.first());
    first.map(|prefix| format!("`{prefix}MODEL`")).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(id: &str) -> Result<Option<SuiteModel>, String> {
        model_for(id, None)
    }

    #[test]
    fn no_two_vendors_have_the_same_beginning_and_each_leads_back() {
        let mut known = std::collections::BTreeSet::new();
        for (vendor, wire, prefix) in prefixes() {
            assert!(known.insert(prefix), "{prefix} twice");
            assert!(vendor.takes(wire), "{}: {wire}", vendor.name);
            let partly = PARTLY.iter().find(|(name, ..)| *name == vendor.name);
            let name = format!("{}some-model", partly.map_or("", |(_, beginning, _)| beginning));
            let service = vendor.services.first().copied();
            let model = |id: &str| super::model(id, service);
            let found = model(&format!("{prefix}{name}")).unwrap().unwrap();
            let wanted = SuiteModel { vendor: Some(vendor.name.clone()), wire, name, command: Vec::new() };
            assert_eq!(found, wanted, "{prefix}");
            assert_eq!(model(&found.id().unwrap()).unwrap().unwrap(), found);
        }
        assert_eq!(model("echo").unwrap().unwrap().id().unwrap(), "echo");
    }

    #[test]
    fn what_cannot_be_reached_is_refused_by_its_name() {
        for (id, parts) in [
            ("bedrock:anthropic.claude", vec!["`bedrock`", "signed"]),
            ("vertex:claude-x", vec!["`vertex:claude-x`", "only Gemini"]),
            ("openai:image:dall-e-3", vec!["`image`", "`openai:chat:MODEL` or `openai:responses:MODEL`"]),
            ("openai:embeddings:text", vec!["`embeddings`"]),
            ("google:live:gemini", vec!["`live`", "`google:MODEL`"]),
            ("anthropic:claude-agent-sdk", vec!["`claude-agent-sdk`", "`anthropic:messages:MODEL`"]),
            ("azure:assistant:a", vec!["`assistant`", "`azure:chat:MODEL`"]),
            ("cohere:embedding:e", vec!["`embedding`", "`cohere:MODEL`"]),
            ("huggingface:text-generation:m", vec!["`huggingface`", "`huggingface:chat:MODEL`"]),
            ("exec: ", vec!["names no program"]),
            ("file://x.rb", vec!["`file://x.rb`", "[providers.NAME]"]),
            ("https://x.example/a", vec!["`https://x.example/a`", "apiBaseUrl"]),
            ("wss://x.example", vec!["`wss://x.example`", "program"]),
            ("voyage:voyage-2", vec!["`voyage:voyage-2`", "no answers", "embedding"]),
            ("huggingface:text-classification:m", vec!["no answers", "embedding and classification"]),
            ("replicate:meta/llama-3", vec!["`replicate`", "`replicate:moderation:MODEL`"]),
            ("", vec!["empty"]),
        ] {
            let why = model(id).unwrap_err();
            assert!(parts.iter().all(|part| why.contains(part)), "{id}: {why}");
        }
        let program = model("exec: python3 'my script.py' -v").unwrap().unwrap();
        assert_eq!(program.command, ["python3", "my script.py", "-v", "{prompt}", "{}", "{}"]);
        assert_eq!((program.wire, program.id()), (Wire::Command, None));
        for (id, name, words) in [
            ("file://a/x.py", "a/x.py", ["a/x.py", ""]),
            ("python:x.py:ask", "x.py:ask", ["x.py", "ask"]),
            ("file://x.mjs", "x.mjs", ["x.mjs", ""]),
        ] {
            let found = model(id).unwrap().unwrap();
            assert_eq!((found.wire, found.name.as_str()), (Wire::Command, name));
            assert!(found.command.windows(2).any(|pair| pair == words), "{:?}", found.command);
        }
        assert_eq!(model("gpt-4o").unwrap(), None);
    }

    #[test]
    fn what_is_asked_for_in_place_of_an_answer_is_told_by_the_id() {
        use TextService::{Classification, Embedding, Moderation};
        for (id, service, vendor, name) in [
            ("openai:embedding:e", Embedding, "openai", "e"),
            ("vertex:embedding:text-embedding-004", Embedding, "vertex", "text-embedding-004"),
            ("vertex:embeddings:e", Embedding, "vertex", "e"),
            ("voyage:voyage-2", Embedding, "voyage", "voyage-2"),
            ("huggingface:sentence-similarity:a/b", Embedding, "hfinference", "a/b"),
            ("hf:feature-extraction:a/b", Embedding, "hfinference", "a/b"),
            ("huggingface:text-classification:a/b", Classification, "hfinference", "a/b"),
            ("huggingface:token-classification:a/b", Classification, "hfinference", "a/b"),
            ("replicate:moderation:meta/guard:146d", Moderation, "replicate", "meta/guard:146d"),
        ] {
            assert_eq!(service_of(id), Some(service), "{id}");
            let found = model_for(id, Some(service)).unwrap().unwrap();
            assert_eq!((found.vendor.as_deref(), found.name.as_str()), (Some(vendor), name), "{id}");
            assert!(model(id).is_err(), "{id} makes no answers");
        }
        for (id, service, why) in [
            ("voyage:voyage-2", Moderation, "no moderation"),
            ("exec: embed", Embedding, "a program is not asked for embedding"),
        ] {
            let refused = model_for(id, Some(service)).unwrap_err();
            assert!(refused.contains(why), "{id}: {refused}");
        }
        let code = model_for("./embed.js", Some(Embedding)).unwrap().unwrap();
        assert!(code.is_code() && code.command.ends_with(&["embedding".to_owned(), "{prompt}".to_owned()]));
        assert_eq!(service_of("groq:llama"), None);
        assert_eq!(model("local/llama").unwrap(), None);
    }
}
