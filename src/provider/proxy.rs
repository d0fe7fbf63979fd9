//! Which proxy a request goes through: the provider's own, else the environment's. What runs on this machine is asked
//! without the environment's. A proxy that cannot be used is an error and never a direct connection.

use hyper::http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use crate::model::{
    CallError, ErrorKind,
    address::is_loopback,
    transport::{ProxyAddress, ProxyRule},
};

/// A proxy of the environment: the variable and what is in it.
#[derive(Debug, Clone)]
struct Variable {
    name: &'static str,
    value: SecretString,
}

/// The variables that name proxies, as the environment has them; the value of each may hold a password.
#[derive(Debug, Clone, Default)]
pub struct ProxyVariables {
    http: Option<Variable>,
    https: Option<Variable>,
    all: Option<Variable>,
    /// The hosts that are reached without one.
    no: Option<String>,
}

impl ProxyVariables {
    /// Reads them; `value` looks a variable up. Of a name in capitals and in small letters the first that is set is
    /// taken.
    pub fn read(value: impl Fn(&str) -> Option<String>) -> Self {
        let first = |names: [&'static str; 2]| {
            let (name, text) = names.into_iter().find_map(|name| Some((name, value(name)?)))?;
            let text = text.trim();
            (!text.is_empty()).then(|| Variable { name, value: text.into() })
        };
        let no = ["NO_PROXY", "no_proxy"].into_iter().find_map(&value);
        Self {
            http: first(["HTTP_PROXY", "http_proxy"]),
            https: first(["HTTPS_PROXY", "https_proxy"]),
            all: first(["ALL_PROXY", "all_proxy"]),
            no,
        }
    }

    /// Lists those that are set: the variable, and where its proxy is or what is wrong with it.
    pub fn list(&self) -> impl Iterator<Item = (&'static str, Result<String, String>)> {
        let set = [&self.https, &self.http, &self.all].into_iter().flatten();
        set.map(|variable| {
            let address = ProxyAddress::parse(variable.value.expose_secret());
            (variable.name, address.map(|address| address.label().to_owned()))
        })
    }

    /// Finds the variable whose proxy a request goes through.
    fn of(&self, url: &Url) -> Option<&Variable> {
        let own = if url.scheme() == "https" { &self.https } else { &self.http };
        own.as_ref().or(self.all.as_ref())
    }

    /// Tells whether a host is named in `NO_PROXY`.
    fn excepts(&self, url: &Url) -> bool {
        let Some((no, uri)) = self.no.as_deref().zip(url.as_str().parse::<Uri>().ok()) else { return false };
        Matcher::builder().all("http://HOST").no(no).build().intercept(&uri).is_none()
    }
}

/// The way of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// Straight to the server.
    Direct,
    /// As this machine's own settings have it, where the system has any.
    System,
    /// Through a proxy.
    Proxy {
        address: ProxyAddress,
        /// The variable or the setting that names it.
        named: String,
    },
}

impl Route {
    /// Finds it.
    pub(crate) fn of(
        url: &Url,
        own: Option<&ProxyRule>,
        variables: &ProxyVariables,
        provider: &str,
    ) -> Result<Self, CallError> {
        match own {
            Some(ProxyRule::Direct) => return Ok(Self::Direct),
            Some(ProxyRule::Through(address)) => {
                return Ok(Self::Proxy {
                    address: address.clone(),
                    named: format!("`proxy` in [providers.{provider}]"),
                });
            }
            None if is_loopback(url.as_str()) => return Ok(Self::Direct),
            None => {}
        }
        let Some(Variable { name, value }) = variables.of(url) else { return Ok(Self::System) };
        if variables.excepts(url) {
            return Ok(Self::Direct);
        }
        let address = ProxyAddress::parse(value.expose_secret()).map_err(|message| {
            let text = format!(
                "nothing was sent: the proxy of the variable {name} cannot be used: {message}; correct {name}, unset \
                 it, or write `proxy = \"none\"` in [providers.{provider}] in config.toml"
            );
            CallError::new(ErrorKind::NotAnApi, text)
        })?;
        Ok(Self::Proxy { address, named: (*name).to_owned() })
    }

    /// Returns the proxy, if it leads through one that is named.
    pub(crate) fn proxy(&self) -> Option<(&ProxyAddress, &str)> {
        match self {
            Self::Direct | Self::System => None,
            Self::Proxy { address, named } => Some((address, named)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The proxy of an address: its label and what names it, or how it is gone without one.
    fn way(variables: &[(&str, &str)], own: Option<&ProxyRule>, url: &str) -> String {
        let value = |name: &str| variables.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
        match Route::of(&url.parse().unwrap(), own, &ProxyVariables::read(value), "p") {
            Ok(Route::Proxy { address, named }) => format!("{} by {named}", address.label()),
            Ok(Route::Direct) => "direct".to_owned(),
            Ok(Route::System) => "system".to_owned(),
            Err(error) => error.message,
        }
    }

    #[test]
    fn every_request_has_the_proxy_that_is_nearest_to_it() {
        let all = [
            ("HTTP_PROXY", "plain.lan:1"),
            ("https_proxy", "http://me:hunter2@secure.lan:2"),
            ("ALL_PROXY", "socks5h://any.lan"),
            ("NO_PROXY", "example.org, 10.0.0.0/8"),
        ];
        for (url, want) in [
            ("http://api.example.com/v1", "http://plain.lan:1 by HTTP_PROXY"),
            ("https://api.example.com/v1", "http://secure.lan:2 by https_proxy"),
            ("https://api.example.org/v1", "direct"),
            ("http://10.1.2.3:8080/v1", "direct"),
            ("http://127.0.0.1:8080/v1", "direct"),
            ("https://localhost/v1", "direct"),
        ] {
            assert_eq!(way(&all, None, url), want, "{url}");
        }
        assert_eq!(way(&all[2..], None, "https://h.example/"), "socks5h://any.lan:1080 by ALL_PROXY");
        assert_eq!(way(&[("ALL_PROXY", "http://a"), ("NO_PROXY", "*")], None, "https://h.example/"), "direct");
        assert_eq!(way(&[("HTTPS_PROXY", " "), ("https_proxy", "http://b")], None, "https://h.example/"), "system");
        assert_eq!(way(&[], None, "https://h.example/"), "system");
    }

    #[test]
    fn a_provider_has_its_own_proxy_or_none_whatever_the_environment_says() {
        let all = [("ALL_PROXY", "socks://any.lan"), ("NO_PROXY", "*")];
        let own = ProxyRule::Through(ProxyAddress::parse("socks5h://lab.lan:1").unwrap());
        for url in ["https://h.example/", "http://127.0.0.1:8080/"] {
            assert_eq!(way(&all, Some(&own), url), "socks5h://lab.lan:1 by `proxy` in [providers.p]");
            assert_eq!(way(&all, Some(&ProxyRule::Direct), url), "direct");
        }
    }

    #[test]
    fn a_variable_with_a_proxy_that_is_not_spoken_is_an_error_that_names_it() {
        for (name, value) in [("ALL_PROXY", "socks://127.0.0.1:9"), ("https_proxy", "htps://me:hunter2@h")] {
            let words = way(&[(name, value)], None, "https://h.example/");
            assert!(words.contains(name) && words.contains("http, https, socks5, socks5h"), "{words}");
            assert!(!words.contains("hunter2"), "{words}");
        }
        // The variable is not asked where no proxy is.
        assert_eq!(way(&[("ALL_PROXY", "socks://h")], None, "http://127.0.0.1:1/"), "direct");
        assert_eq!(way(&[("ALL_PROXY", "socks://h"), ("no_proxy", "h.example")], None, "https://h.example/"), "direct");
    }
}
