//! A model at a provider: what one attempt is made on.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::model::{
    address::is_loopback,
    check::CheckKind,
    id::hex,
    model_card::ModelCard,
    target_settings::TargetOptions,
    text_service::TextService,
    vendor::Vendor,
    wire::{Transport, Wire},
};

/// A model at a provider, resolved: everything an attempt needs but the key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// The name the user gave: a lane's title, a fallback's entry, `-m`.
    pub name: String,
    /// The provider's name in the settings.
    pub provider: String,
    /// Its wire format.
    pub kind: Wire,
    /// Where it is, without credentials and without a trailing slash; none for command and demo.
    pub base_url: Option<String>,
    /// True when `base_url` is not the vendor's own, so that the vendor's retirements do not bind it.
    pub custom_endpoint: bool,
    /// The model's name on the wire.
    pub model: String,
    /// The program and its arguments, for an external command.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Further request headers. A secret stands in them by the label of its source.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// What its requests have beyond their wire's own.
    #[serde(default, skip_serializing_if = "TargetOptions::is_default")]
    pub options: TargetOptions,
    /// What is known of the model.
    pub card: ModelCard,
}

impl Target {
    /// Tells whether the numbers of this target are a demonstration and not a measurement.
    #[must_use]
    pub fn is_demo(&self) -> bool {
        self.kind.info().transport == Transport::BuiltIn
    }

    /// Tells whether its vendor no longer serves it on a day (`YYYY-MM-DD`). Another endpoint may still do.
    #[must_use]
    pub fn is_retired_on(&self, today: &str) -> bool {
        !self.custom_endpoint && self.card.retired_on(today)
    }

    /// Tells whether it does not take a parameter: its model refuses it, or its wire has no such thing.
    #[must_use]
    pub fn rejects(&self, param: &str) -> bool {
        self.card.rejects(param) || self.kind.info().unsupported_params.contains(&param)
    }

    /// Says why a parameter is not sent to it; none where it is sent.
    #[must_use]
    pub fn refusal(&self, param: &str) -> Option<String> {
        if self.card.rejects(param) {
            Some(format!("not accepted by {}", self.model))
        } else if self.kind.info().unsupported_params.contains(&param) {
            Some(format!("unknown to the API of {}", self.provider))
        } else if self.options.drop.iter().any(|name| name == param) {
            Some(format!("left out by `drop` in the settings of {}", self.provider))
        } else {
            None
        }
    }

    /// Tells whether it is known what its answers cost: by its price, or because a demonstration costs nothing.
    #[must_use]
    pub fn is_priced(&self) -> bool {
        self.card.price.is_some() || self.is_demo()
    }

    /// Names what is asked, whatever it is called: the SHA-256, in hex, of all that can change an answer.
    #[must_use]
    pub fn digest(&self) -> String {
        let Self {
            kind,
            base_url,
            model,
            command,
            headers,
            options,
            name: _,
            provider: _,
            custom_endpoint: _,
            card: _,
        } = self;
        let identity = (kind, base_url, model, command, headers);
        // A target without options has the digest it had before there were any.
        let written = match options.answer_key() {
            None => serde_json::to_vec(&identity),
            Some(key) => serde_json::to_vec(&(identity, key)),
        };
        hex(&written.unwrap_or_default())
    }

    /// Finds its vendor; none where it is not asked over HTTP.
    #[must_use]
    pub fn vendor(&self) -> Option<&'static Vendor> {
        self.options.vendor.as_deref().map_or_else(|| Vendor::of_wire(self.kind), Vendor::named)
    }

    /// Tells whether it can be asked for something else than an answer: its wire has that, and its vendor's models do it.
    #[must_use]
    pub fn serves(&self, service: TextService) -> bool {
        let of_vendor = |vendor: &Vendor| vendor.makes_answers() || vendor.services.contains(&service);
        self.kind.info().services.contains(&service) && self.vendor().is_none_or(of_vendor)
    }

    /// Says why it is asked for no answer; none where it makes some, or is asked for something else.
    #[must_use]
    pub fn no_answers(&self) -> Option<String> {
        let answers = self.kind.info().answers && self.vendor().is_none_or(Vendor::makes_answers);
        if answers || self.options.service.is_some() {
            return None;
        }
        let services = TextService::ALL.into_iter().filter(|service| self.serves(*service));
        let kinds = CheckKind::ALL.iter().filter(|kind| kind.service().is_some_and(|service| self.serves(service)));
        let list = |names: &mut dyn Iterator<Item = &'static str>| names.collect::<Vec<_>>().join(" and ");
        Some(format!(
            "{} makes no answers: {} is what it is asked for, as the `judge` of a check {}",
            self.provider,
            list(&mut services.map(TextService::name)),
            list(&mut kinds.map(|kind| kind.name())),
        ))
    }

    /// Tells whether it is known to answer nobody without a key: at the vendor's own address.
    #[must_use]
    pub fn needs_key(&self) -> bool {
        !self.custom_endpoint && self.vendor().is_some_and(Vendor::needs_key)
    }

    /// Tells whether the endpoint is this machine's own.
    #[must_use]
    pub fn is_local(&self) -> bool {
        !self.kind.is_http() || self.base_url.as_deref().is_some_and(is_loopback)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
