//! Headers whose values are secrets: their values, put in as a request goes out and nowhere else.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use secrecy::{ExposeSecret, SecretString};

use crate::model::{
    Class, Fault, Key, Target,
    header::{self, Part},
};

/// The secret that stands in the place of its label in a header of a provider.
#[derive(Debug, Clone)]
pub struct HeaderSecret {
    /// The header's name.
    pub header: String,
    /// The secret.
    pub secret: Key,
}

/// The secrets of the headers of every provider, as far as they were read. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Filling(Arc<RwLock<BTreeMap<String, Vec<HeaderSecret>>>>);

/// The headers of one request.
#[derive(Debug, Default)]
pub(super) struct Filled {
    /// Those that hold no secret.
    pub(super) plain: Vec<(String, String)>,
    /// Those that hold one, or are one.
    pub(super) secret: Vec<(String, SecretString)>,
    /// What was put in, each with the words that name it.
    pub(super) used: Vec<(String, SecretString)>,
}

impl Filling {
    /// Sets the secrets of a provider's headers.
    pub(super) fn set(&self, provider: &str, secrets: Vec<HeaderSecret>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(provider.to_owned(), secrets);
    }

    /// Fills the headers of a request. Fails where what stands for a secret has none: that is never sent in its place.
    pub(super) fn fill(&self, target: &Target, headers: Vec<(String, String)>) -> Result<Filled, Fault> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let known = all.get(&target.provider).map_or(&[][..], Vec::as_slice);
        let mut filled = Filled::default();
        for (name, text) in headers {
            let (mut value, mut secret) = (String::with_capacity(text.len()), false);
            for part in header::parts(&text) {
                let source = match part {
                    Part::Text(text) => {
                        value.push_str(text);
                        continue;
                    }
                    Part::Secret(source) => source.label(),
                };
                let found = known.iter().find(|known| known.header == name && known.secret.label == source);
                let Some(found) = found else {
                    return Err(Fault::new(Class::CallerFault, unread(&name, &source, &target.provider)));
                };
                let words = format!("header {name} ({source})");
                filled.used.extend(pieces(&found.secret.secret).into_iter().map(|piece| (words.clone(), piece)));
                value.push_str(found.secret.secret.expose_secret());
                secret = true;
            }
            if secret {
                filled.secret.push((name, value.into()));
            } else {
                filled.plain.push((name, value));
            }
        }
        Ok(filled)
    }
}

/// Lists a secret and the longer words of it: of `Bearer TOKEN` and `name=TOKEN; …` a server may say the token alone.
fn pieces(secret: &SecretString) -> Vec<SecretString> {
    const LONG: usize = 8;
    let whole = secret.expose_secret();
    let words = whole.split(|c: char| c.is_ascii_whitespace() || matches!(c, ';' | ','));
    let values = words.clone().filter_map(|word| word.split_once('=')).map(|(_, value)| value);
    let pieces = words.chain(values).filter(|piece| piece.len() >= LONG && *piece != whole);
    pieces.chain([whole]).map(SecretString::from).collect()
}

fn unread(header: &str, source: &str, provider: &str) -> String {
    format!(
        "the header `{header}` of provider `{provider}` stands for a secret, {source}, that was not read, so no \
         request goes out; name it in `headers` under [providers.{provider}] in config.toml"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ModelCard, ProviderKind};

    fn target() -> Target {
        Target {
            name: "m".to_owned(),
            provider: "p".to_owned(),
            kind: ProviderKind::OpenAi,
            base_url: None,
            custom_endpoint: false,
            model: "m".to_owned(),
            command: Vec::new(),
            headers: BTreeMap::new(),
            card: ModelCard::default(),
        }
    }

    fn filled(text: &str) -> Result<Filled, Fault> {
        let filling = Filling::default();
        let secret = |header: &str, label: &str, secret: &str| {
            let (label, account) = (label.to_owned(), label.to_owned());
            HeaderSecret { header: header.to_owned(), secret: Key { label, account, secret: secret.into() } }
        };
        let secrets = [("x-a", "env:A", "Bearer aaaaaaaa"), ("x-a", "cmd:cat", "b"), ("x-b", "env:B", "c")];
        filling.set("p", secrets.map(|(header, label, value)| secret(header, label, value)).to_vec());
        filling.fill(&target(), vec![("x-a".to_owned(), text.to_owned())])
    }

    #[test]
    fn a_place_is_filled_with_its_secret_and_text_stays() {
        for (text, want) in [
            ("env:A", "Bearer aaaaaaaa"),
            ("cmd:cat", "b"),
            ("<{{env.A}}>", "<Bearer aaaaaaaa>"),
            ("cmd:/bin/cat x", "b"),
        ] {
            let filled = filled(text).unwrap();
            assert_eq!((filled.plain.len(), filled.secret[0].1.expose_secret()), (0, want));
        }
        let plain = filled("a: b").unwrap();
        assert_eq!((plain.plain[0].1.as_str(), plain.secret.len(), plain.used.len()), ("a: b", 0, 0));
    }

    #[test]
    fn the_words_of_a_secret_are_secret_too() {
        let used = filled("env:A").unwrap().used;
        let used: Vec<_> = used.iter().map(|(label, secret)| (label.as_str(), secret.expose_secret())).collect();
        assert_eq!(used, [("header x-a (env:A)", "aaaaaaaa"), ("header x-a (env:A)", "Bearer aaaaaaaa")]);
    }

    #[test]
    fn what_was_not_read_for_this_header_is_never_sent() {
        for text in ["env:B", "env:NONE", "file:/k", "cmd:rm", "keyring:s/u", "a {{env.B}}", "{{env.x y}}"] {
            let fault = filled(text).unwrap_err();
            assert_eq!(fault.class, Class::CallerFault);
            assert!(
                fault.message.contains("`x-a` of provider `p`") && fault.message.contains("[providers.p]"),
                "{fault}"
            );
        }
    }
}
