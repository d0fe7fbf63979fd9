//! The way to a provider: its proxy, and the certificates that both sides show.

use std::{collections::BTreeSet, fmt};

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::model::api_key::KeySource;

/// The schemes of proxies that are spoken.
pub const PROXY_SCHEMES: &[&str] = &["http", "https", "socks5", "socks5h"];

/// The word in a proxy's place that stands for none.
pub const NO_PROXY: &str = "none";

/// The fewest bytes of a name and password, or of a password, that are looked for in what a proxy says.
const SHORTEST: usize = 6;

/// What is set of the way to a provider. Paths are as they were written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TransportSettings {
    /// Certificates of authorities that are trusted beside the usual ones.
    pub ca_file: Option<String>,
    /// The certificate that is shown to the provider, perhaps with its key.
    pub client_cert: Option<String>,
    /// The certificate's key, where it has a file of its own.
    pub client_key: Option<String>,
    /// The proxy; that of the environment where unset.
    pub proxy: Option<ProxySetting>,
}

impl TransportSettings {
    /// Tells whether nothing is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What is set of a proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProxySetting {
    /// There is none, whatever the environment says.
    Direct,
    /// It is here.
    At(ProxyAddress),
    /// Its whole address is read from somewhere.
    Source(KeySource),
}

/// A proxy's address, with the name and the password that it may hold. Only [`Self::label`] is ever shown.
#[derive(Clone)]
pub struct ProxyAddress {
    url: SecretString,
    label: String,
    scheme: &'static str,
    credentials: Vec<SecretString>,
    has_credentials: bool,
}

impl ProxyAddress {
    /// Reads one; without a scheme it is http. The error says what is wrong with it and repeats no more than its scheme.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let spoken = PROXY_SCHEMES.join(", ");
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let lower = scheme.to_ascii_lowercase();
        let Some(scheme) = PROXY_SCHEMES.iter().find(|known| **known == lower) else {
            let shown = lower.len() <= 20 && lower.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let named = if shown { format!("`{lower}`") } else { "what stands before its ://".to_owned() };
            let meant = if lower.starts_with("socks") { "; socks5h:// has the proxy look names up" } else { "" };
            return Err(format!("{named} is no proxy scheme that is spoken; those are {spoken}{meant}"));
        };
        let bad = || format!("it is no address of a proxy, such as {scheme}://HOST:PORT");
        let mut url = Url::parse(&format!("{scheme}://{rest}")).map_err(|_unshown| bad())?;
        let path = !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some();
        let host = url.host_str().filter(|host| !host.is_empty()).map(str::to_owned);
        let Some(host) = host.filter(|_| !path && !rest.contains(char::is_whitespace)) else { return Err(bad()) };
        if scheme.starts_with("socks") && url.port().is_none() {
            url.set_port(Some(1080)).map_err(|()| bad())?;
        }
        let label = url.port().map_or_else(|| format!("{scheme}://{host}"), |port| format!("{scheme}://{host}:{port}"));
        // As it was written and as it is sent: a proxy may say either back. What is short would be taken for a secret
        // wherever it stands in an answer.
        let written = rest.rsplit_once('@').map_or("", |(user_info, _)| user_info);
        let has_credentials = !written.is_empty();
        let password = written.split_once(':').map_or("", |(_, password)| password);
        let sent = [unescaped(written), unescaped(password)];
        let known = [written, password, &sent[0], &sent[1]];
        let credentials: BTreeSet<&str> = known.into_iter().filter(|part| part.len() >= SHORTEST).collect();
        let credentials = credentials.into_iter().map(SecretString::from).collect();
        Ok(Self { url: url.as_str().into(), label, scheme, credentials, has_credentials })
    }

    /// Returns where it is, as far as that may be shown: `socks5h://127.0.0.1:1080`.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Returns the whole address.
    #[must_use]
    pub fn url(&self) -> &SecretString {
        &self.url
    }

    /// Tells whether the proxy itself is spoken to over TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.scheme == "https"
    }

    /// Tells whether it holds a name or a password.
    #[must_use]
    pub fn has_credentials(&self) -> bool {
        self.has_credentials
    }

    /// Lists what of it is secret: its name and password in the forms that they may be repeated in, but for what is too
    /// short to be told from other text.
    #[must_use]
    pub fn credentials(&self) -> &[SecretString] {
        &self.credentials
    }
}

impl PartialEq for ProxyAddress {
    fn eq(&self, other: &Self) -> bool {
        self.url.expose_secret() == other.url.expose_secret()
    }
}

impl Eq for ProxyAddress {}

impl fmt::Debug for ProxyAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label)
    }
}

/// Reads `%41` as `A`.
fn unescaped(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| *first == b'%').and_then(|code| std::str::from_utf8(code).ok());
        let byte = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        out.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A file of certificates or keys that was read.
#[derive(Clone, PartialEq, Eq)]
pub struct PemFile {
    /// The setting that names it, and its path: `` `ca_file` /etc/ssl/lab.pem ``.
    pub label: String,
    pub bytes: Vec<u8>,
}

impl fmt::Debug for PemFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label)
    }
}

/// The way to a provider as its settings have it, its files and its proxy's address read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TransportFiles {
    /// Certificates of authorities that are trusted beside the usual ones.
    pub ca: Option<PemFile>,
    /// The certificate that is shown to the provider, perhaps with its key.
    pub client_cert: Option<PemFile>,
    /// The certificate's key, where it has a file of its own.
    pub client_key: Option<PemFile>,
    /// The proxy; that of the environment where unset.
    pub proxy: Option<ProxyRule>,
}

/// A provider's own proxy, which goes before those of the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProxyRule {
    /// There is none.
    Direct,
    /// Every request goes through it.
    Through(ProxyAddress),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_proxies_are_read_and_their_secrets_are_not_shown() {
        for (text, label) in [
            ("proxy.lan:3128", "http://proxy.lan:3128"),
            ("HTTP://proxy.lan", "http://proxy.lan"),
            ("https://proxy.lan/", "https://proxy.lan"),
            ("socks5://[::1]", "socks5://[::1]:1080"),
            (" socks5h://me:p%40ss:w@proxy.lan:9 ", "socks5h://proxy.lan:9"),
        ] {
            let address = ProxyAddress::parse(text).unwrap();
            assert_eq!(address.label(), label, "{text}");
            assert_eq!(format!("{address:?}"), label);
        }
        let address = ProxyAddress::parse("http://me:p%40ss@proxy.lan:9").unwrap();
        let secrets: Vec<&str> = address.credentials().iter().map(ExposeSecret::expose_secret).collect();
        assert_eq!(secrets, ["me:p%40ss", "me:p@ss", "p%40ss"]);
        let short = ProxyAddress::parse("http://a:b@proxy.lan:9").unwrap();
        assert!(short.has_credentials() && short.credentials().is_empty());
    }

    #[test]
    fn what_is_no_proxy_is_refused_without_being_repeated() {
        for text in ["socks://127.0.0.1:9", "SOCKS4://h", "ftp://h", "quic://me:hunter2@h"] {
            let words = ProxyAddress::parse(text).unwrap_err();
            assert!(words.ends_with("http, https, socks5, socks5h") || words.contains("socks5h://"), "{words}");
            assert!(!words.contains("hunter2"), "{words}");
        }
        for text in ["", "http://", "http://h:port", "http://me:hunter2@", "http://h/path", "socks5://me:hunter2@h h:1"]
        {
            let words = ProxyAddress::parse(text).unwrap_err();
            assert!(words.contains("HOST:PORT") && !words.contains("hunter2"), "{text}: {words}");
        }
    }
}
