//! The vendors: who can be asked by name, and how each differs from the wire it is asked in.
//!
//! They are the rows of `assets/vendors.toml`, which the build writes into the program, and are read once.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

use crate::model::{
    address::is_loopback,
    error::ErrorKind,
    model_card::JsonSupport,
    target_settings::{Auth, TargetSettings},
    text_service::TextService,
    wire::Wire,
};

const TABLE: &str = include_str!(concat!(env!("OUT_DIR"), "/vendors.json"));

static VENDORS: LazyLock<Vec<Vendor>> = LazyLock::new(|| {
    // The table is part of the program and a test reads it; without it no vendor is known by name.
    serde_json::from_str::<Table>(TABLE).map(|table| table.vendors).unwrap_or_default()
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(rename = "vendor")]
    vendors: Vec<Vendor>,
}

/// A vendor, a gateway or a kind of server, as the table has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vendor {
    /// Its name before the `/` of a target's, and in `vendor`.
    pub name: String,
    /// Its name as people write it.
    pub title: String,
    /// Further names that lead to it.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Words that may mean it: they lead to a suggestion.
    #[serde(default)]
    pub also: Vec<String>,
    /// The wire it is asked in.
    pub wire: Wire,
    /// Further wires that its address takes.
    #[serde(default)]
    pub speaks: Vec<Wire>,
    /// Where it is; none where everybody has an address of their own.
    pub base_url: Option<String>,
    /// The variables in which its key may be, the first that is set before the others.
    #[serde(default)]
    pub key_env: Vec<String>,
    /// Whether it may answer without a key.
    #[serde(default)]
    pub keyless: bool,
    /// How its key is sent, where that is not the wire's way.
    pub auth: Option<Auth>,
    /// Variables that have its address, beside the one that is named after it.
    #[serde(default)]
    pub url_env: Vec<String>,
    /// Variables that have values of its query, by the name of the value; the first that is set is taken.
    #[serde(default)]
    pub query_env: BTreeMap<String, Vec<String>>,
    /// A variable with an address that may lack its scheme or port.
    pub host_env: Option<String>,
    /// What it is asked for in place of answers, where its models make none.
    #[serde(default)]
    pub services: Vec<TextService>,
    /// Whether it is a server on this machine.
    #[serde(default)]
    pub local: bool,
    /// What the models cost that it answers for on this machine: nothing, but for names with one of these endings, which it
    /// has answered elsewhere. None where that is not known.
    pub free_except: Option<Vec<String>>,
    /// Whether it is listed without a key and without settings.
    #[serde(default)]
    pub builtin: bool,
    /// What goes before the wire's paths; `{model}` stands for the model.
    pub prefix: Option<String>,
    /// What goes before the path of calls where the query has a dated `api-version`.
    pub dated_prefix: Option<String>,
    /// What goes before the path that lists the models then.
    pub dated_models_prefix: Option<String>,
    /// Fields of a request that it answers with an error.
    #[serde(default)]
    pub drop: Vec<String>,
    /// Fields of a request that it calls otherwise: from the wire's name to its own.
    #[serde(default)]
    pub rename: BTreeMap<String, String>,
    /// Where the counts of its answers stand, where that is not only the wire's own place. Read by the documentation: the
    /// wire reads every place from everybody, as gateways pass answers on.
    #[serde(default)]
    pub usage: Vec<String>,
    /// Where the reasoning of its answers stands, where the wire has no place of its own for it; read likewise.
    #[serde(default)]
    pub reasoning: Vec<String>,
    /// Codes and words of its errors that are its own, each with what it is taken as; read likewise.
    #[serde(default)]
    pub errors: BTreeMap<String, ErrorKind>,
    /// How far its models go to answer in JSON, where the table of models does not know.
    pub json: Option<JsonSupport>,
    /// The beginnings of promptfoo's ids for its models, each up to the model, by the wire; the first is the one that is
    /// written.
    #[serde(default)]
    pub promptfoo: BTreeMap<Wire, Vec<String>>,
    /// A model for examples.
    pub model: String,
}

impl Vendor {
    /// Returns every vendor, in the order of the table.
    #[must_use]
    pub fn all() -> &'static [Self] {
        &VENDORS
    }

    /// Finds the vendor of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::all().iter().find(|vendor| vendor.is_named(name))
    }

    /// Returns the place in the table of the vendor of a name, counted from 0; after all where there is none.
    #[must_use]
    pub fn place(name: &str) -> usize {
        Self::all().iter().position(|vendor| vendor.is_named(name)).unwrap_or(usize::MAX)
    }

    /// Tells whether a name leads to it.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        self.name == name || self.aliases.iter().any(|alias| alias == name)
    }

    /// Tells whether a model of its server at an address costs nothing: it runs on this machine.
    #[must_use]
    pub fn is_free(&self, model: &str, address: &str) -> bool {
        let elsewhere = |endings: &Vec<String>| endings.iter().any(|ending| model.ends_with(ending.as_str()));
        is_loopback(address) && self.free_except.as_ref().is_some_and(|endings| !elsewhere(endings))
    }

    /// Finds the vendor whose API a wire was made for: the one of its name.
    #[must_use]
    pub fn of_wire(wire: Wire) -> Option<&'static Self> {
        Self::named(wire.info().vendor?)
    }

    /// Names the variable that replaces its address: `GROQ_BASE_URL`.
    #[must_use]
    pub fn url_variable(&self) -> String {
        format!("{}_BASE_URL", self.name.to_ascii_uppercase())
    }

    /// Tells whether its own address answers nobody without a key.
    #[must_use]
    pub fn needs_key(&self) -> bool {
        !self.keyless && !self.key_env.is_empty()
    }

    /// Tells whether a wire leads to its address.
    #[must_use]
    pub fn takes(&self, wire: Wire) -> bool {
        self.wire == wire || self.speaks.contains(&wire)
    }

    /// Tells whether its models make answers.
    #[must_use]
    pub fn makes_answers(&self) -> bool {
        self.services.is_empty()
    }

    /// Returns what its row says of requests.
    #[must_use]
    pub fn requests(&self) -> TargetSettings {
        TargetSettings {
            auth: self.auth.clone(),
            drop: self.drop.clone(),
            rename: self.rename.clone(),
            ..TargetSettings::default()
        }
    }

    /// Suggests the vendors that may be meant by a name that is none: those called by it, else the nearest names.
    #[must_use]
    pub fn suggest(name: &str) -> Vec<&'static str> {
        let name = name.to_ascii_lowercase();
        let called = |vendor: &&Self| vendor.is_named(&name) || vendor.also.contains(&name);
        let near = |vendor: &&Self| {
            let known = vendor.name.as_str();
            strsim::levenshtein(&name, known) * 3 <= known.chars().count().max(3)
        };
        let names = |fits: &dyn Fn(&&Self) -> bool| {
            Self::all().iter().filter(fits).map(|vendor| vendor.name.as_str()).collect::<Vec<_>>()
        };
        let mut found = names(&called);
        found.extend(names(&near).into_iter().filter(|near| !names(&called).contains(near)));
        found
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::wire::WireInfo;

    const WRITTEN: &str = include_str!("../../assets/vendors.toml");

    #[test]
    fn the_table_reads_and_every_row_says_how_it_is_reached() {
        let read: Table = toml::from_str(WRITTEN).unwrap();
        assert_eq!(Vendor::all(), read.vendors);
        assert!(read.vendors.len() >= 26);
        let mut names = BTreeSet::new();
        for vendor in &read.vendors {
            let Vendor { name, key_env, base_url, .. } = vendor;
            assert!(names.insert(name.clone()), "{name} twice");
            assert!(name.chars().all(|c| c.is_ascii_lowercase()), "{name}: its variable is made of its name");
            assert!(vendor.wire.is_http(), "{name}");
            assert!(vendor.keyless || !key_env.is_empty(), "{name} has no key");
            assert!(base_url.is_some() || !vendor.url_env.is_empty(), "{name} is nowhere");
            let WireInfo { answers, services, .. } = vendor.wire.info();
            assert!(*answers || !vendor.makes_answers(), "{name}: its wire has no answers");
            assert!(
                vendor.services.iter().all(|service| services.contains(service)),
                "{name}: its wire has no such thing"
            );
            assert_eq!(vendor.local, base_url.as_deref().is_some_and(|url| url.starts_with("http://127.0.0.1:")));
            assert!(base_url.iter().all(|url| vendor.local || url.starts_with("https://")), "{name}");
        }
        for vendor in &read.vendors {
            assert!(vendor.aliases.iter().all(|alias| names.insert(alias.clone())), "{}: another's name", vendor.name);
            assert!(vendor.also.iter().all(|word| !names.contains(word)), "{}: a name is no hint", vendor.name);
        }
    }

    #[test]
    fn every_row_names_its_source() {
        let sourced = WRITTEN.split("\n\n").filter(|row| row.contains("[[vendor]]"));
        for row in sourced {
            assert!(row.starts_with("# ") && row.contains('/'), "{row}");
        }
    }

    #[test]
    fn every_http_wire_has_the_vendor_it_was_made_for() {
        for wire in Wire::ALL {
            let vendor = Vendor::of_wire(*wire);
            assert_eq!(vendor.is_some(), wire.is_http(), "{wire}");
            assert!(vendor.is_none_or(|vendor| vendor.takes(*wire)), "{wire}");
        }
    }

    #[test]
    fn names_that_are_none_lead_to_those_that_may_be_meant() {
        assert_eq!(Vendor::suggest("grok"), ["xai", "groq"]);
        assert_eq!(Vendor::suggest("Kimi"), ["moonshot"]);
        assert_eq!(Vendor::suggest("antropic"), ["anthropic"]);
        assert_eq!(Vendor::suggest("llama.cpp"), ["llamacpp"]);
        assert_eq!(Vendor::suggest("foo"), [""; 0]);
    }
}
