//! A suite made ready for a batch: its prompts by target, its rows one by one, its models in the settings; and a suite
//! written as a config.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Map, Value, json};

use crate::{
    dataset,
    dataset::{Dataset, ReadOptions, yaml::document},
    eval::{
        check,
        check::{promptfoo, promptfoo::rubric_prompt::RubricPrompt, transform::AnswerPart},
    },
    model::{
        Check, CheckKind, DatasetRow, Format, KeySource, Prompt, Role, Settings, TextService, Turn, VarValue,
        error::StoreError,
        prompt::DEFAULT_TEMPERATURE,
        settings::{ModelSettings, ProviderSettings},
    },
    promptfoo::{Suite, SuiteModel, SuiteTarget, Test, Tests, nunjucks, prompts, providers, providers::ids},
    template,
    template::{FillBudget, Unfilled},
    text::{json::ExactJson, suggest::quoted},
};

/// A prompt as it is asked: its name, and the prompt with the targets and parameters that belong together.
pub type SuiteLane = (String, Prompt);

impl Suite {
    /// Fills the names of models from the environment. The error names a variable that has no value, and the provider.
    pub(crate) fn fill_models(&mut self, value: impl Fn(&str) -> Option<String>) -> Result<(), String> {
        for target in self.targets.iter_mut().chain(&mut self.judges) {
            let Some(model) = &mut target.model else { continue };
            model.fill(&value).map_err(|variable| {
                format!(
                    "the provider {} is filled from the environment variable {variable}, which is not set",
                    quoted(&target.id)
                )
            })?;
        }
        Ok(())
    }

    /// Adds the suite's models to the settings, for this run: each under its own name, those at other
    /// addresses with a provider of their own. A key is sent to another address only if the settings have a
    /// provider there, or the config names its variable.
    #[must_use]
    pub fn settle(&self, settings: &Settings) -> Settings {
        let (known, mut settings) = (settings, settings.clone());
        for (target, judges) in
            self.targets.iter().map(|target| (target, false)).chain(self.judges.iter().map(|judge| (judge, true)))
        {
            let Some(model) = &target.model else { continue };
            let provider = provider(&mut settings, known, target, model);
            let speaks = settings.providers.get(&provider).map(|provider| provider.kind);
            let mut own = ModelSettings {
                provider,
                model: model.name.clone(),
                wire: Some(model.wire).filter(|wire| speaks != Some(*wire)),
                ..ModelSettings::default()
            };
            own.requests.stream = target.stream;
            if judges {
                own.requests.params = target.params.clone();
            }
            settings.models.insert(target.name.clone(), own);
        }
        settings
    }

    /// Tells in words where a run here sends something else than promptfoo does.
    #[must_use]
    pub fn differences(&self) -> Vec<String> {
        let unset = self.targets.iter().filter(|target| target.params.temperature.is_none());
        let names: Vec<&str> = unset.map(|target| target.name.as_str()).collect();
        let whom = match (names.as_slice(), self.targets.is_empty()) {
            ([], true) => "it",
            ([], false) => return Vec::new(),
            (names, _) => &names.join(", "),
        };
        vec![format!(
            "{}: {whom} sets no temperature, so {DEFAULT_TEMPERATURE} is sent, as retort does where none is set; \
             `config: {{temperature: 0}}` sets one",
            self.source.display()
        )]
    }

    /// Lists the prompts, each with its targets; where targets differ in what is sent to them, a prompt
    /// comes several times, under its name and theirs.
    pub fn lanes(&self) -> Result<Vec<SuiteLane>, StoreError> {
        let mut lanes = Vec::new();
        for (name, prompt) in &self.prompts {
            let prompt = self.framed(name, prompt)?;
            let mut groups: Vec<(Prompt, Vec<&str>)> = Vec::new();
            let given = |target: &&SuiteTarget| target.prompts.is_empty() || target.prompts.contains(name);
            for target in self.targets.iter().filter(given) {
                let mut own = prompt.clone().with_tools(target.tools.clone());
                own.params = target.params.under(&prompt.params);
                if prompt.response.format == Format::Text {
                    own.response = target.response.clone();
                }
                if let Some(system) = &target.system {
                    let turns = std::iter::once(Turn::of(Role::System, system.clone())).chain(own.turns()).collect();
                    own.set_turns(turns);
                }
                match groups.iter_mut().find(|(known, _)| *known == own) {
                    Some((_, names)) => names.push(&target.name),
                    None => groups.push((own, vec![&target.name])),
                }
            }
            if self.targets.is_empty() {
                groups.push((prompt, Vec::new()));
            }
            let several = groups.len() > 1;
            for (mut prompt, names) in groups {
                prompt.targets = names.iter().map(|name| (*name).to_owned()).collect();
                let name = if several { format!("{name} · {}", names.join(", ")) } else { name.clone() };
                lanes.push((name, prompt));
            }
        }
        Ok(lanes)
    }

    fn framed(&self, name: &str, prompt: &Prompt) -> Result<Prompt, StoreError> {
        let Test { prefix, suffix, .. } = &self.default_test;
        if prefix.is_empty() && suffix.is_empty() {
            return Ok(prompt.clone());
        }
        let mut turns = prompt.turns();
        match turns.as_mut_slice() {
            [turn] if turn.role == Role::User => turn.content = format!("{prefix}{}{suffix}", turn.content),
            _ => {
                return Err(StoreError::new(format!(
                    "{}: `prefix` and `suffix` cannot be added to `{name}`, which is a chat; write them into its messages",
                    self.source.display()
                )));
            }
        }
        let mut framed = prompt.clone();
        framed.set_turns(turns);
        Ok(framed)
    }

    /// Gives the rows, one by one, as the batch asks them. A mistake is the last item: a row that leaves a
    /// variable of a prompt without a value, which promptfoo would send as an empty text, is one.
    #[must_use]
    pub fn rows(&self) -> SuiteRows<'_> {
        let turns = self.prompts.iter().map(|(_, prompt)| template::asks_of(&prompt.turns()).0);
        let systems: Vec<_> =
            self.targets.iter().filter_map(|target| target.system.as_deref()).map(template::asks).collect();
        let frame = [&self.default_test.prefix, &self.default_test.suffix].map(|text| template::asks(text));
        let asks = turns.chain(frame).chain(systems).fold(template::TemplateVariables::default(), |mut all, asks| {
            all.add(asks);
            all
        });
        let mut tests: VecDeque<&Tests> = self.tests.iter().collect();
        tests.make_contiguous();
        SuiteRows {
            suite: self,
            asks,
            tests,
            open: None,
            alone: self.tests.is_empty(),
            file: None,
            given: 0,
            ended: false,
        }
    }

    /// Makes the checks of a test, or of a row that is none, what they are here: each with the model that judges, and on
    /// the part of the answer that is meant; those that cannot be applied say why.
    fn settled<'a>(&self, checks: impl Iterator<Item = &'a Check>, test: Option<&Test>) -> Vec<Check> {
        let default = &self.default_test;
        let mut checks = judged(checks, default);
        for check in &mut checks {
            let service = check.kind.kind.service();
            match check.judge.as_ref().map(|judge| self.judge(judge, service)).transpose() {
                Ok(judge) => check.judge = judge,
                Err(_) if self.stand_in && check.kind.kind.is_judged() => check.judge = None,
                Err(why) => *check = unusable(check, &why),
            }
        }
        for options in test.into_iter().chain([default]) {
            unjudged(&mut checks, options);
        }
        // That of a test stands in the place of that of all.
        if let Some(prompt) = test.into_iter().chain([default]).find_map(|options| options.rubric_prompt.as_ref()) {
            prompted(&mut checks, prompt);
        }
        transformed(&mut checks, test.and_then(|test| test.transform.as_deref()).or(default.transform.as_deref()));
        checks
    }

    /// Says how many of the assertions that the config itself holds cannot be applied here, and which; none where all can.
    #[must_use]
    pub fn not_judged(&self) -> Option<String> {
        let (mut all, mut kinds) = (0, BTreeMap::<String, u64>::new());
        let mut count = |checks: &[Check]| {
            all += checks.len();
            for name in checks.iter().filter_map(check::unsupported) {
                *kinds.entry(name.to_owned()).or_default() += 1;
            }
        };
        count(&self.settled(self.default_test.checks.iter(), None));
        for tests in &self.tests {
            if let Tests::Inline(test) = tests {
                count(&self.settled(judged(test.checks.iter(), test).iter(), Some(test.as_ref())));
            }
        }
        let open: u64 = kinds.values().sum();
        let named: Vec<String> = kinds.iter().map(|(name, count)| format!("{count} × {name}")).collect();
        (open > 0).then(|| {
            format!(
                "{}: {open} of {all} assertions cannot be judged here, and what they are asked of is inconclusive: {}",
                self.source.display(),
                named.join(", ")
            )
        })
    }

    /// Finds the name under which a model that judges, or is asked for something else, is asked; an error says in words why it cannot be.
    fn judge(&self, id: &str, service: Option<TextService>) -> Result<String, String> {
        let known = |target: &&SuiteTarget| target.id == id || target.name == id;
        let own = self.judges.iter().find(|judge| judge.name == id);
        if let Some(target) = own.or_else(|| self.targets.iter().find(known)) {
            return Ok(target.name.clone());
        }
        Ok(match ids::model_for(id, service)? {
            Some(SuiteModel { vendor: Some(vendor), name, .. }) => format!("{vendor}/{name}"),
            // A program that is there is among those that judge.
            Some(model) if !model.command.is_empty() => return Err(format!("{} is not there", quoted(id))),
            Some(SuiteModel { vendor: None, wire, name, .. }) => format!("{}:{name}", wire.info().name),
            None => id.to_owned(),
        })
    }
}

/// Finds or makes the provider at which a target is asked, and returns its name.
fn provider(settings: &mut Settings, own: &Settings, target: &SuiteTarget, model: &SuiteModel) -> String {
    let trimmed = |url: &str| url.trim_end_matches('/').to_owned();
    let base_url = target.base_url.as_deref().map(trimmed);
    let fresh = model.provider();
    if !model.command.is_empty() {
        settings.providers.insert(target.name.clone(), fresh);
        return target.name.clone();
    }
    let of_vendor = |provider: &ProviderSettings| {
        provider.vendor().map(|vendor| &vendor.name) == model.vendor.as_ref()
            && provider.vendor().map_or(provider.kind == model.wire, |vendor| vendor.takes(provider.kind))
    };
    let usual = model.vendor.clone().unwrap_or_else(|| model.wire.info().name.to_owned());
    let usual = settings.providers.get_key_value(&usual).filter(|(_, provider)| of_vendor(provider));
    if base_url.is_none() && target.key.is_none() && target.headers.is_empty() && target.query.is_empty() {
        let any = || settings.providers.iter().find(|(_, provider)| of_vendor(provider));
        if let Some((name, _)) = usual.or_else(any) {
            return name.clone();
        }
        // The vendor's own endpoint, with the key as it usually is.
        let key =
            model.vendor().and_then(|vendor| vendor.key_env.first()).map(|variable| KeySource::Env(variable.clone()));
        let new = ProviderSettings { usual_key: true, api_keys: key.into_iter().collect(), ..fresh };
        settings.providers.insert(target.name.clone(), new);
        return target.name.clone();
    }
    let at = |provider: &ProviderSettings| provider.base_url.as_deref().map(trimmed);
    // An address that every user has of their own is the settings'.
    let placed = usual.filter(|(_, provider)| {
        base_url.is_none()
            && model.vendor().is_some_and(|vendor| vendor.base_url.is_none() && provider.base_url.is_some())
    });
    let placed = placed.map(|(_, provider)| ProviderSettings { kind: model.wire, ..provider.clone() });
    let there = own.providers.iter().find(|(_, provider)| provider.kind == model.wire && at(provider) == base_url);
    if let Some((name, _)) =
        there.filter(|_| target.key.is_none() && target.headers.is_empty() && target.query.is_empty())
    {
        return name.clone();
    }
    let known = there.map(|(_, provider)| provider.clone()).or(placed);
    let mut new = known.unwrap_or(ProviderSettings { base_url, ..fresh });
    for (name, value) in &target.headers {
        new.requests.headers.retain(|own, _| !own.eq_ignore_ascii_case(name));
        new.requests.secret_headers.retain(|own, _| !own.eq_ignore_ascii_case(name));
        new.requests.headers.insert(name.clone(), value.clone());
    }
    for (name, value) in &target.query {
        new.requests.secret_query.remove(name);
        new.requests.query.insert(name.clone(), value.clone());
    }
    if let Some(key) = &target.key {
        new.api_keys = vec![KeySource::Env(key.clone())];
    }
    let name = target.name.clone();
    settings.providers.insert(name.clone(), new);
    name
}

/// Reads the tests of a promptfoo config one after the other, as rows of a data set.
#[derive(Debug)]
pub struct SuiteRows<'a> {
    suite: &'a Suite,
    asks: template::TemplateVariables,
    tests: VecDeque<&'a Tests>,
    open: Option<OpenRow<'a>>,
    /// Whether the default test stands for all.
    alone: bool,
    file: Option<Dataset>,
    given: u64,
    ended: bool,
}

impl SuiteRows<'_> {
    fn advance(&mut self) -> Result<Option<DatasetRow>, StoreError> {
        loop {
            if let Some(OpenRow { row, vars, next, test }) = &mut self.open {
                if let Some(chosen) = combination(vars, *next) {
                    let (mut row, test) = (row.clone(), *test);
                    *next += 1;
                    if let Err(what) = fill_vars(&mut row, chosen) {
                        let at = row.line.map_or_else(String::new, |line| format!(":{line}"));
                        return Err(StoreError::new(format!("{}{at}: {what}", self.suite.source.display())));
                    }
                    return self.completed(row, test).map(Some);
                }
                self.open = None;
            }
            if let Some(file) = &mut self.file {
                match file.next() {
                    Some(row) => {
                        let row = row?;
                        let vars = self.defaults(|name| {
                            row.input.vars.contains_key(name) || (name == "input" && !row.input.text.is_empty())
                        });
                        self.open = Some(OpenRow { row, vars, next: 0, test: None });
                        continue;
                    }
                    None => self.file = None,
                }
            }
            match self.tests.pop_front() {
                Some(Tests::Inline(test)) => {
                    let mut vars = self.defaults(|name| test.vars.iter().any(|(own, _)| own == name));
                    vars.extend(test.vars.iter().cloned());
                    self.open = Some(OpenRow { row: row(test), vars, next: 0, test: Some(&**test) });
                }
                Some(Tests::File(path)) => {
                    self.file = Some(opened(&path.to_string_lossy())?);
                }
                None if std::mem::take(&mut self.alone) => {
                    let row = DatasetRow { line: Some(1), ..DatasetRow::default() };
                    let vars = self.suite.default_test.vars.clone();
                    self.open = Some(OpenRow { row, vars, next: 0, test: None });
                }
                None => return Ok(None),
            }
        }
    }

    /// The default test's variables that a test does not have itself.
    fn defaults(&self, own: impl Fn(&str) -> bool) -> Vars {
        self.suite.default_test.vars.iter().filter(|(name, _)| !own(name)).cloned().collect()
    }

    /// Lays the default test under a row.
    fn completed(&mut self, mut row: DatasetRow, test: Option<&Test>) -> Result<DatasetRow, StoreError> {
        let default = &self.suite.default_test;
        self.given += 1;
        row.number = self.given;
        row.input.take_text();
        let own = std::mem::take(&mut row.checks);
        row.checks = self.suite.settled(default.checks.iter().chain(&own), test);
        row.min_score = row.min_score.or(default.min_score);
        for (key, value) in &default.metadata {
            row.metadata.entry(key.clone()).or_insert_with(|| value.clone());
        }
        let missing = self.asks.missing(|name| row.input.value(name).is_some() || self.suite.given.contains(name));
        if missing.is_empty() {
            return Ok(row);
        }
        let at = row.line.map_or_else(String::new, |line| format!(":{line}"));
        Err(StoreError::new(format!(
            "{}{at}: test {} gives no value to `{}`; add it to the test's `vars`, to `defaultTest.vars`, or as --var NAME=VALUE",
            self.suite.source.display(),
            row.number,
            missing.join("`, `")
        )))
    }
}

/// Opens a data set of promptfoo's, where a column `text` is a variable like any other.
pub fn opened(source: &str) -> Result<Dataset, StoreError> {
    let preview = dataset::preview(source, &ReadOptions::default(), 1)?;
    let text = preview.columns.iter().any(|column| column.name == "text");
    let mapping = text.then(|| ("text".to_owned(), "text".to_owned())).into_iter().collect();
    dataset::open(source, &ReadOptions { mapping, ..ReadOptions::default() })
}

/// Variables, each with its values.
type Vars = Vec<(String, Vec<VarValue>)>;

/// A test that makes rows.
#[derive(Debug)]
struct OpenRow<'a> {
    row: DatasetRow,
    /// The values of its further variables.
    vars: Vars,
    /// The number of the next of their combinations.
    next: u64,
    /// The test itself; none of a row of a file, or where the default test stands for all.
    test: Option<&'a Test>,
}

/// Has checks look at a part of the answer; what does not look at the answer's text is no part of it.
fn transformed(checks: &mut [Check], part: Option<&str>) {
    let Some(part) = part.and_then(|text| AnswerPart::of(text).ok()) else { return };
    for check in checks {
        match check.kind.kind {
            CheckKind::Latency | CheckKind::Cost | CheckKind::Unsupported => {}
            kind if kind.looks_at_answer() => {
                let own = check.transform.as_deref().and_then(|text| AnswerPart::of(text).ok());
                check.transform = Some(own.into_iter().fold(part.clone(), AnswerPart::then).to_string());
            }
            _ => {
                let why = "`options.transform` names a part of the answer, which is no text that it looks at";
                *check = unusable(check, why);
            }
        }
    }
}

/// Makes checks inconclusive that a test's options keep from being applied.
fn unjudged(checks: &mut [Check], test: &Test) {
    for check in checks {
        let of_answer = !matches!(check.kind.kind, CheckKind::Latency | CheckKind::Cost | CheckKind::Unsupported);
        let rubrics = test.unjudged_rubrics.as_ref().filter(|_| check.kind.kind.is_judged());
        if let Some(why) = test.unjudged.as_ref().filter(|_| of_answer).or(rubrics) {
            *check = unusable(check, why);
        }
    }
}

/// Has rubrics judged by a prompt of a test's options, where they bring none of their own. One that does not take it cannot be.
fn prompted(checks: &mut [Check], prompt: &RubricPrompt) {
    for check in checks.iter_mut().filter(|check| check.kind.kind.is_judged() && check.judge_prompt.is_empty()) {
        if let Err(why) = prompt.put(check) {
            *check = unusable(check, &format!("`options.rubricPrompt`: {why}"));
        }
    }
}

/// Makes a check one that does not run and says why.
fn unusable(check: &Check, why: &str) -> Check {
    Check { metric: check.metric.clone(), weight: check.weight, ..Check::unusable(&check.kind.to_string(), why) }
}

/// A test without its variables.
fn row(test: &Test) -> DatasetRow {
    let checks = judged(test.checks.iter(), test);
    DatasetRow {
        line: Some(test.line),
        description: test.description.clone(),
        checks,
        min_score: test.min_score,
        metadata: test.metadata.clone(),
        ..DatasetRow::default()
    }
}

/// The combination of a number, the first variable changing slowest; none past the last.
fn combination(vars: &[(String, Vec<VarValue>)], number: u64) -> Option<BTreeMap<String, VarValue>> {
    let (mut rest, mut chosen) = (number, BTreeMap::new());
    for (name, values) in vars.iter().rev() {
        let many = values.len() as u64;
        chosen.insert(name.clone(), values.get(usize::try_from(rest.checked_rem(many)?).ok()?)?.clone());
        rest /= many;
    }
    (rest == 0).then_some(chosen)
}

/// Gives a row its variables; of those that are templates each after the ones it names. A mistake is said in words.
fn fill_vars(row: &mut DatasetRow, vars: BTreeMap<String, VarValue>) -> Result<(), String> {
    let is_template = |value: &VarValue| matches!(value, VarValue::Text(text) if nunjucks::is_template(text));
    let (mut open, plain): (BTreeMap<_, _>, BTreeMap<_, _>) =
        vars.into_iter().partition(|(_, value)| is_template(value));
    row.input.vars.extend(plain);
    while !open.is_empty() {
        let waits = |value: &VarValue| {
            let names = template::asks(value.as_str()).names;
            names.iter().any(|name| template::is_given(name, |name| open.contains_key(name)))
        };
        let Some(name) = open.iter().find(|(_, value)| !waits(value)).map(|(name, _)| name.clone()) else {
            let names = open.keys().map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
            return Err(format!("the values of the variables {names} name one another, or themselves"));
        };
        let Some(value) = open.remove(&name) else { break };
        let mut budget = FillBudget::new(value.as_str().len(), &row.input);
        let filled = template::fill(value.as_str(), &row.input, &mut budget).map_err(|unfilled| match unfilled {
            Unfilled::Missing(names) => {
                format!("vars.{} names `{}`, which has no value", quoted(&name), names.join("`, `"))
            }
            Unfilled::Mistake(mistake) => format!("vars.{}: {}", quoted(&name), mistake.message),
        })?;
        row.input.vars.insert(name, filled.into());
    }
    Ok(())
}

/// Has checks ask the models of a test's options, where they name none.
fn judged<'a>(checks: impl Iterator<Item = &'a Check>, test: &Test) -> Vec<Check> {
    let named = |mut check: Check| {
        let asked = match check.kind.kind.service() {
            Some(service) => test.services.get(&service),
            None => test.judge.as_ref().filter(|_| check.kind.kind.is_judged()),
        };
        check.judge = check.judge.or_else(|| asked.cloned());
        check
    };
    checks.cloned().map(named).collect()
}

impl Iterator for SuiteRows<'_> {
    type Item = Result<DatasetRow, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let found = self.advance();
        self.ended = !matches!(found, Ok(Some(_)));
        found.transpose()
    }
}

/// Writes a row as a line of a data set that reads the same.
#[must_use]
pub fn line(row: &DatasetRow) -> String {
    let exact = |value: &VarValue| match value {
        VarValue::Text(text) => ExactJson::Text(text.clone()),
        VarValue::Json(json) => ExactJson::parse(json).unwrap_or_else(|_| ExactJson::Text(json.clone())),
    };
    let mut vars: Vec<(String, ExactJson)> =
        row.input.vars.iter().map(|(name, value)| (name.clone(), exact(value))).collect();
    if !row.input.vars.contains_key("input") && (!row.input.text.is_empty() || vars.is_empty()) {
        vars.push(("input".to_owned(), ExactJson::Text(row.input.text.clone())));
    }
    let mut fields = Vec::new();
    let mut set = |key: &str, value: ExactJson| fields.push((key.to_owned(), value));
    if let Some(description) = &row.description {
        set("description", ExactJson::Text(description.clone()));
    }
    set("vars", ExactJson::Fields(vars));
    if !row.checks.is_empty() {
        set("assert", ExactJson::List(row.checks.iter().map(exact_check).collect()));
    }
    if let Some(least) = row.min_score {
        set("threshold", json!(least).into());
    }
    if !row.metadata.is_empty() {
        set("metadata", json!(row.metadata).into());
    }
    ExactJson::Fields(fields).to_string()
}

/// Writes the config. Read again it is the same suite.
#[must_use]
pub fn write(suite: &Suite) -> String {
    let mut root = Map::new();
    if let Some(description) = &suite.description {
        root.insert("description".to_owned(), json!(description));
    }
    let all = suite.prompts.iter().map(|(name, prompt)| json!({ "label": name, "raw": raw(prompt) }));
    root.insert("prompts".to_owned(), all.collect());
    if !suite.targets.is_empty() {
        root.insert("providers".to_owned(), suite.targets.iter().map(providers::write).collect());
    }
    let options = &suite.options;
    let mut run = Map::new();
    let mut set = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            run.insert(key.to_owned(), value);
        }
    };
    set("maxConcurrency", options.concurrency.map(Value::from));
    set("repeat", options.samples.map(Value::from));
    set("cache", options.cache.map(Value::from));
    set("maxEvalTimeMs", options.time.map(|time| json!(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))));
    if !run.is_empty() {
        root.insert("evaluateOptions".to_owned(), Value::Object(run));
    }
    let default = test(suite, &suite.default_test);
    if default.as_object().is_some_and(|fields| !fields.is_empty()) {
        root.insert("defaultTest".to_owned(), default);
    }
    let dir = suite.source.parent();
    let tests = suite.tests.iter().map(|tests| match tests {
        Tests::Inline(own) => test(suite, own),
        Tests::File(path) => {
            let beside = dir.and_then(|dir| path.strip_prefix(dir).ok()).unwrap_or(path);
            json!(format!("file://{}", beside.display()))
        }
    });
    let tests: Vec<Value> = tests.collect();
    if !tests.is_empty() {
        root.insert("tests".to_owned(), Value::Array(tests));
    }
    document::write(&Value::Object(root))
}

/// A prompt as one text: its user message if that is all, else its messages as JSON.
fn raw(prompt: &Prompt) -> String {
    let turns = prompt.turns();
    if let [turn] = turns.as_slice()
        && turn.role == Role::User
        && !turn.muted
        && turn.is_plain()
        && turn.cache.is_none()
    {
        let text = nunjucks::theirs(&turn.content);
        let path = text.contains("://")
            || text.starts_with("exec:")
            || text.starts_with("python:")
            || !text.contains(['\n', ' ', '{']);
        if !path && !text.trim().is_empty() && prompts::chat(&text).is_ok_and(|chat| chat.is_none()) {
            return text;
        }
    }
    prompts::earlier::chat(&turns.iter().filter(|turn| !turn.muted).collect::<Vec<_>>())
}

fn test(suite: &Suite, test: &Test) -> Value {
    let mut fields = Map::new();
    let mut set = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(key.to_owned(), value);
        }
    };
    set("description", test.description.clone().map(Value::from));
    let one = |value: &VarValue| match value {
        VarValue::Text(text) => json!(text),
        VarValue::Json(json) => serde_json::from_str(json).unwrap_or_else(|_| json!(json)),
    };
    let values = |values: &Vec<VarValue>| match values.as_slice() {
        [value] => one(value),
        many => many.iter().map(one).collect(),
    };
    let vars: Map<String, Value> = test.vars.iter().map(|(name, all)| (name.clone(), values(all))).collect();
    set("vars", (!vars.is_empty()).then_some(Value::Object(vars)));
    set("assert", (!test.checks.is_empty()).then(|| test.checks.iter().map(|own| judged_by(suite, own)).collect()));
    set("threshold", test.min_score.map(Value::from));
    set("metadata", (!test.metadata.is_empty()).then(|| json!(test.metadata)));
    let mut options = Map::new();
    for (key, text) in [("prefix", &test.prefix), ("suffix", &test.suffix)] {
        if !text.is_empty() {
            options.insert(key.to_owned(), json!(nunjucks::theirs(text)));
        }
    }
    let prompt = test.rubric_prompt.as_ref().and_then(|prompt| prompt.write(|turns| Some(chat(turns))));
    options.extend(prompt.map(|prompt| ("rubricPrompt".to_owned(), prompt)));
    options.extend(test.transform.clone().map(|part| ("transform".to_owned(), part.into())));
    let judge = test.judge.as_deref().map(|judge| judge_entry(suite, judge));
    if test.services.is_empty() {
        options.extend(judge.map(|judge| ("provider".to_owned(), judge)));
    } else {
        let services =
            test.services.iter().map(|(service, name)| (service.name().to_owned(), judge_entry(suite, name)));
        let all = judge.map(|judge| ("text".to_owned(), judge)).into_iter().chain(services).collect();
        options.insert("provider".to_owned(), Value::Object(all));
    }
    set("options", (!options.is_empty()).then_some(Value::Object(options)));
    if fields.is_empty() && test.line > 0 {
        fields.insert("vars".to_owned(), json!({}));
    }
    Value::Object(fields)
}

/// Writes a model that judges: with its settings, where it has its own.
fn judge_entry(suite: &Suite, judge: &str) -> Value {
    let own = suite.judges.iter().find(|known| known.name == judge);
    let plain = |own: &SuiteTarget| own.name.strip_suffix(" (judge)").unwrap_or(&own.id).to_owned();
    own.map_or_else(|| json!(judge), |own| providers::write(&SuiteTarget { name: plain(own), ..own.clone() }))
}

/// Writes a check with the model that judges it and the prompt of its own, as a config has them.
fn judged_by(suite: &Suite, own: &Check) -> Value {
    let mut assertion = check(own);
    if let Some(provider) = assertion.get_mut("provider")
        && let Some(judge) = provider.as_str().map(str::to_owned)
    {
        *provider = judge_entry(suite, &judge);
    }
    if let Some(fields) = assertion.as_object_mut()
        && let Some(prompt) = RubricPrompt::of_check(own).and_then(|prompt| prompt.write(|turns| Some(chat(turns))))
    {
        for key in ["judge_prompt", "first_prompt"] {
            fields.shift_remove(key);
        }
        fields.insert("rubricPrompt".to_owned(), prompt);
    }
    assertion
}

/// Writes the messages by which a model judges.
fn chat(turns: &[Turn]) -> Value {
    prompts::earlier::chat(&turns.iter().filter(|turn| !turn.muted).collect::<Vec<_>>()).into()
}

/// Writes a check as an entry of an `assert` list that is read as the same check.
pub(crate) fn check(check: &Check) -> Value {
    if check.kind.kind == CheckKind::Unsupported
        && let Some(value) = &check.value
    {
        return value.clone();
    }
    if let Some(value) = promptfoo::renamed(check) {
        return value;
    }
    let mut value = serde_json::to_value(check).unwrap_or_default();
    if let Value::Object(fields) = &mut value {
        fields.shift_remove("exact");
        if let Some(judge) = fields.shift_remove("judge") {
            fields.insert("provider".to_owned(), judge);
        }
    }
    value
}

/// Writes a check in the same way, and its numbers with all their digits.
pub(crate) fn exact_check(written: &Check) -> ExactJson {
    let mut whole = ExactJson::from(check(written));
    let exact = written.exact.as_deref().and_then(|exact| ExactJson::parse(exact).ok());
    if let (ExactJson::Fields(fields), Some(exact)) = (&mut whole, exact) {
        fields.iter_mut().filter(|(key, _)| key == "value").for_each(|(_, value)| *value = exact.clone());
    }
    whole
}
