//! Whom a request goes to, read from its address as the HTTP client reads it.

use std::fmt;

use url::Url;

use crate::model::address::Scope;

/// Scheme, host and port of an address: `https://api.openai.com`, `http://127.0.0.1:8080`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Host {
    origin: String,
    scope: Scope,
}

impl Host {
    /// Reads it from an address. An error says in words what the address lacks, or has too much.
    pub fn of(address: &str) -> Result<Self, String> {
        let url = Url::parse(address).map_err(|error| format!("it is no URL: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("it must begin with http:// or https://".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it must hold no user name or password".to_owned());
        }
        let scope = match url.host() {
            Some(url::Host::Domain(name)) => Scope::of_name(name),
            Some(url::Host::Ipv4(address)) => Scope::of(address.into()),
            Some(url::Host::Ipv6(address)) => Scope::of(address.into()),
            None => return Err("it names no host".to_owned()),
        };
        Ok(Self { origin: url.origin().ascii_serialization(), scope })
    }

    /// Returns scheme, host and port as they are written, the usual port left out.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Tells how far the host is as far as its name or number says so.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.scope
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scope {
            Scope::Public => f.write_str(&self.origin),
            Scope::Loopback | Scope::Private | Scope::LinkLocal | Scope::Special => {
                write!(f, "{} ({})", self.origin, self.scope)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_this_machine_is_this_machine() {
        for address in [
            "http://127.0.0.1:8080/v1",
            "http://localhost/v1",
            "http://LocalHost./",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://%6cocalhost/",
            "http://\u{ff11}\u{ff12}\u{ff17}.0.0.1/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http:\\\\127.0.0.1\\v1",
            "http://127.0.0.1\t/",
        ] {
            assert_eq!(Host::of(address).unwrap().scope(), Scope::Loopback, "{address}");
        }
        assert_eq!(Host::of("http://0.0.0.0/").unwrap().scope(), Scope::Special);
        assert_eq!(Host::of("http://169.254.169.254/latest").unwrap().scope(), Scope::LinkLocal);
    }

    #[test]
    fn a_host_is_known_by_scheme_name_and_port() {
        let origin = |address: &str| Host::of(address).map(|host| host.origin);
        assert_eq!(origin("HTTPS://API.OpenAI.com:443/v1/"), Ok("https://api.openai.com".to_owned()));
        assert_eq!(origin("http://api.openai.com"), Ok("http://api.openai.com".to_owned()));
        assert_eq!(origin("https://api.openai.com:444"), Ok("https://api.openai.com:444".to_owned()));
        assert_eq!(origin("https:\\\\evil.org/@api.openai.com"), Ok("https://evil.org".to_owned()));
        for address in ["https://api.openai.com@evil.org/v1", "ftp://a.org", "file:///etc/passwd", "a.org", "http://"] {
            assert!(origin(address).is_err(), "{address}");
        }
    }
}
