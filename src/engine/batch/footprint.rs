//! What a batch uses of the world, each thing by its name: requests, hosts, variables, files.

use std::{collections::BTreeSet, fmt};

use serde::Serialize;

use crate::{
    config::trust::Host,
    engine::Workspace,
    model::{Check, KeySource, Target, Transport, batch::BatchRequest, header},
    text::format,
};

/// What is sent to a host beside the prompts: a key or a variable, by its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SentVariable {
    /// The variable's name; of a key that is in none, where it is read: `file:PATH`, `cmd:PROGRAM`.
    pub name: String,
    /// Whom it is sent to.
    pub host: String,
}

/// What a batch uses of the world.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Footprint {
    /// Requests if none is tried again: one for each cell, and those of the judges.
    pub requests: u64,
    /// Requests for each row: prompts, targets and samples multiplied, without judges.
    pub requests_per_row: u64,
    /// Whom they are sent to: hosts, and commands as `command PROGRAM`.
    pub hosts: BTreeSet<String>,
    /// The keys and variables that go with them.
    pub variables: BTreeSet<SentVariable>,
    /// The files that are read.
    pub files: BTreeSet<String>,
}

impl Footprint {
    /// Gathers it for a request whose targets and judges are these, and which makes so many requests in all.
    #[must_use]
    pub(crate) fn of<'a>(
        setup: &Workspace,
        request: &BatchRequest,
        targets: impl Iterator<Item = &'a Target>,
        requests: u64,
    ) -> Self {
        let mut all = Self { requests, requests_per_row: request.spec.cells(1), ..Self::default() };
        for target in targets {
            all.add(setup, target);
        }
        let data = Some(request.spec.data.clone()).filter(|data| data != "-");
        all.files = data.into_iter().chain(request.files.iter().map(|file| file.display().to_string())).collect();
        all
    }

    fn add(&mut self, setup: &Workspace, target: &Target) {
        let host = match target.kind.info().transport {
            Transport::BuiltIn => return,
            Transport::Process => {
                format!("command {}", target.command.first().map_or("?", String::as_str))
            }
            Transport::Http => {
                let url = target.base_url.as_deref().unwrap_or_default();
                Host::of(url).map_or_else(|_| url.to_owned(), |host| host.origin().to_owned())
            }
        };
        let keys = setup.settings.providers.get(&target.provider).map_or(&[][..], |provider| &provider.api_keys);
        let in_headers = target.headers.values().flat_map(|value| header::secrets(value));
        let names = keys.iter().cloned().chain(in_headers).filter_map(|source| match source {
            // The vendor's usual variable need not be set.
            KeySource::Env(name) => setup.environment.value(&name).is_some().then_some(name),
            KeySource::File(_) | KeySource::Command(_) | KeySource::Keyring { .. } => Some(source.label()),
        });
        self.variables.extend(names.map(|name| SentVariable { name, host: host.clone() }));
        self.hosts.insert(host);
    }
}

/// Counts what the judges are asked for in a row: each rubric of the prompts and of the row, for each answer, and what
/// compares the answers once.
pub(crate) fn judgements<'a>(
    request: &BatchRequest,
    own: &[Check],
    of_prompt: impl Iterator<Item = (&'a [Check], usize)>,
) -> u64 {
    let requests = |checks: &[Check], of_row: bool| -> u64 {
        let checks = checks.iter().filter(|check| check.kind.kind.compares_row() == of_row);
        checks.map(|check| u64::from(check.judgements())).sum()
    };
    let samples = u64::from(request.spec.samples.max(1));
    let (each, mut row) = (requests(own, false), requests(own, true));
    let of_answers = of_prompt.map(|(checks, targets)| {
        row = row.max(requests(checks, true) + requests(own, true));
        (requests(checks, false) + each) * targets as u64
    });
    let of_answers: u64 = of_answers.sum();
    (of_answers + row) * samples
}

impl fmt::Display for Footprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { requests, requests_per_row, hosts, variables, files } = self;
        let list = |items: &mut dyn Iterator<Item = String>| items.collect::<Vec<_>>().join(", ");
        let s = if *requests == 1 { "" } else { "s" };
        write!(f, "{} request{s} ({requests_per_row} for each row)", format::count(*requests))?;
        if !hosts.is_empty() {
            write!(f, " to {}", list(&mut hosts.iter().cloned()))?;
        }
        if !variables.is_empty() {
            let shown = |sent: &SentVariable| {
                if hosts.len() > 1 { format!("{} to {}", sent.name, sent.host) } else { sent.name.clone() }
            };
            write!(f, "; sends {}", list(&mut variables.iter().map(shown)))?;
        }
        if !files.is_empty() {
            write!(f, "; reads {}", list(&mut files.iter().cloned()))?;
        }
        Ok(())
    }
}
