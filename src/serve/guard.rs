//! Who may ask: the checks that come before anything of a request is read.
//!
//! A page in a browser on this machine can send requests here, and by a name that leads here for a moment it could read
//! the answers: so the `Host` has to be one of ours, and nothing from a page is answered.

use std::net::SocketAddr;

use hyper::{Method, Uri, header, http::request::Parts};
use secrecy::{ExposeSecret, SecretString};

use crate::{model::id::hex, serve::refusal::ServeRefusal};

/// The header that has the token where the other ones have the program's own key.
pub(crate) const TOKEN_HEADER: &str = "x-retort-token";

/// Checks requests.
#[derive(Debug)]
pub(crate) struct Guard {
    hosts: Vec<String>,
    port: u16,
    /// The SHA-256 of the token, in hex: digests are compared, which tell nothing of how far they are alike.
    digest: String,
    forwards_keys: bool,
}

impl Guard {
    /// Makes that of an address that is listened on; `hosts` are further names by which it is reached.
    pub(crate) fn new(address: SocketAddr, hosts: &[String], token: &SecretString, forwards_keys: bool) -> Self {
        let own = ["127.0.0.1", "localhost", "[::1]"].map(str::to_owned);
        let mut all: Vec<String> = if address.ip().is_loopback() { own.to_vec() } else { Vec::new() };
        if !address.ip().is_unspecified() {
            all.push(match address {
                SocketAddr::V4(v4) => v4.ip().to_string(),
                SocketAddr::V6(v6) => format!("[{}]", v6.ip()),
            });
        }
        all.extend(hosts.iter().map(|host| host.to_ascii_lowercase()));
        Self { hosts: all, port: address.port(), digest: hex(token.expose_secret().as_bytes()), forwards_keys }
    }

    /// Refuses what is not addressed to us, or comes from a page of a browser.
    pub(crate) fn addressed(&self, parts: &Parts) -> Result<(), ServeRefusal> {
        self.host(parts)?;
        form(&parts.method, &parts.uri)?;
        if parts.headers.contains_key(header::ORIGIN) {
            return Err(ServeRefusal::new(
                403,
                "requests of pages in a browser are not answered: they have an `Origin`",
            ));
        }
        let fetched =
            parts.headers.get_all("sec-fetch-site").iter().any(|site| site != "none" && site != "same-origin");
        if fetched {
            return Err(ServeRefusal::new(403, "requests of pages in a browser are not answered"));
        }
        if parts.headers.contains_key(header::TRANSFER_ENCODING) {
            return Err(ServeRefusal::new(411, "a body is sent with its `Content-Length`, not in chunks"));
        }
        Ok(())
    }

    /// Requires one `Host`, of a name and the port that lead here.
    fn host(&self, parts: &Parts) -> Result<(), ServeRefusal> {
        let mut hosts = parts.headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return Err(ServeRefusal::new(400, "a request has one `Host`"));
        };
        let host = host.to_str().unwrap_or_default().to_ascii_lowercase();
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.contains(']') => (name, port.parse::<u16>().ok()),
            _ => (host.as_str(), Some(80)),
        };
        if self.hosts.iter().any(|own| own == name) && port == Some(self.port) {
            return Ok(());
        }
        Err(ServeRefusal::new(421, "the `Host` is none that leads here; `hosts` in [serve] names further ones"))
    }

    /// Requires the token.
    pub(crate) fn token(&self, parts: &Parts) -> Result<(), ServeRefusal> {
        let value = |name: &str| {
            let mut all = parts.headers.get_all(name).iter();
            all.next().filter(|_| all.next().is_none()).and_then(|value| value.to_str().ok())
        };
        let bearer = || {
            let (scheme, token) = value("authorization")?.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
        };
        let own = value(TOKEN_HEADER);
        let shown = if self.forwards_keys { [own, None, None] } else { [own, bearer(), value("x-api-key")] };
        // All are compared, so that which one is right does not show.
        let right =
            shown.into_iter().flatten().fold(false, |right, token| same(&hex(token.as_bytes()), &self.digest) | right);
        if right { Ok(()) } else { Err(ServeRefusal::new(401, "the token is missing or wrong")) }
    }
}

/// Refuses a target that is not the path alone.
fn form(method: &Method, uri: &Uri) -> Result<(), ServeRefusal> {
    if uri.authority().is_some() || uri.scheme().is_some() || method == Method::CONNECT || !uri.path().starts_with('/')
    {
        return Err(ServeRefusal::new(400, "a request names the path alone: this is no proxy"));
    }
    Ok(())
}

/// Compares two digests in a time that does not depend on where they differ.
fn same(one: &str, other: &str) -> bool {
    let different = one.bytes().zip(other.bytes()).fold(0, |different, (a, b)| different | (a ^ b));
    std::hint::black_box(different) == 0 && one.len() == other.len()
}

#[cfg(test)]
mod tests {
    use hyper::http::Request;

    use super::*;

    fn parts(uri: &str, headers: &[(&str, &str)]) -> Parts {
        let request = headers.iter().fold(Request::get(uri), |request, (name, value)| request.header(*name, *value));
        request.body(()).unwrap().into_parts().0
    }

    fn guard(address: &str, hosts: &[&str]) -> Guard {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        Guard::new(address.parse().unwrap(), &hosts, &"tok".into(), false)
    }

    #[test]
    fn only_names_and_ports_that_lead_here_are_answered() {
        let guard = guard("127.0.0.1:8000", &["gate.example"]);
        let status = |hosts: &[&str]| {
            let headers: Vec<_> = hosts.iter().map(|host| ("host", *host)).collect();
            guard.addressed(&parts("/v1/models", &headers)).err().map(|refusal| refusal.status)
        };
        for good in ["127.0.0.1:8000", "localhost:8000", "LocalHost:8000", "[::1]:8000", "gate.example:8000"] {
            assert_eq!(status(&[good]), None, "{good}");
        }
        for bad in [
            "evil.example:8000",
            "127.0.0.1",
            "127.0.0.1:80",
            "localhost:80000",
            "localhost.evil:8000",
            "127.0.0.1:8000@evil",
            "2130706433:8000",
            "127.1:8000",
            "",
            ":8000",
            "localhost:",
            "0.0.0.0:8000",
        ] {
            assert_eq!(status(&[bad]), Some(421), "{bad}");
        }
        assert_eq!(status(&[]), Some(400));
        assert_eq!(status(&["localhost:8000", "localhost:8000"]), Some(400));
    }

    #[test]
    fn what_a_page_sends_and_what_is_meant_for_others_is_refused() {
        let guard = guard("127.0.0.1:80", &[]);
        let status = |uri: &str, more: &[(&str, &str)]| {
            let headers = [&[("host", "localhost")], more].concat();
            guard.addressed(&parts(uri, &headers)).err().map(|refusal| refusal.status)
        };
        assert_eq!(status("/v1/models", &[]), None);
        for origin in ["null", "http://localhost", "https://evil.example", ""] {
            assert_eq!(status("/v1/models", &[("origin", origin)]), Some(403), "{origin}");
        }
        assert_eq!(status("/v1/models", &[("sec-fetch-site", "cross-site")]), Some(403));
        assert_eq!(status("http://evil.example/v1/models", &[]), Some(400));
        assert_eq!(status("/v1/models", &[("transfer-encoding", "chunked")]), Some(411));
    }

    #[test]
    fn the_token_is_read_from_the_headers_of_both_kinds_of_programs() {
        let guard = guard("127.0.0.1:80", &[]);
        let right = |headers: &[(&str, &str)]| guard.token(&parts("/", headers)).is_ok();
        assert!(right(&[("authorization", "Bearer tok")]) && right(&[("authorization", "bearer tok")]));
        assert!(right(&[("x-api-key", "tok")]) && right(&[("x-retort-token", "tok")]));
        assert!(right(&[("x-api-key", "other"), ("authorization", "Bearer tok")]));
        for wrong in [
            &[][..],
            &[("authorization", "tok")],
            &[("authorization", "Basic tok")],
            &[("x-api-key", "to")],
            &[("x-api-key", "tokk")],
            &[("x-api-key", "")],
            &[("x-api-key", "tok"), ("x-api-key", "tok")],
        ] {
            assert!(!right(wrong), "{wrong:?}");
        }
        let forwarding = Guard::new("127.0.0.1:80".parse().unwrap(), &[], &"tok".into(), true);
        assert!(forwarding.token(&parts("/", &[("x-api-key", "tok")])).is_err());
        assert!(forwarding.token(&parts("/", &[("x-api-key", "own"), ("x-retort-token", "tok")])).is_ok());
    }
}
