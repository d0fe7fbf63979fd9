//! Addresses by the networks they lead into.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// How far an address leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// The internet.
    Public,
    /// This machine.
    Loopback,
    /// A network that is not the internet's, or a name that only such a network knows.
    Private,
    /// The machines on the same wire; where clouds keep the secrets of a machine.
    LinkLocal,
    /// No address of one machine: unspecified, broadcast, multicast, reserved.
    Special,
}

impl Scope {
    /// Tells where an address leads. One that wraps another leads where that one does.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => Self::of_v6(address),
        }
    }

    /// Tells where a name leads as far as the name says so: names of one label, and endings that are kept for
    /// private networks (RFC 6761, 6762, 8375, and those that routers use), do not lead into the internet.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        const PRIVATE: &[&str] = &[
            "local",
            "internal",
            "lan",
            "localdomain",
            "intranet",
            "corp",
            "home",
            "private",
            "home.arpa",
            "test",
            "invalid",
            "onion",
        ];
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let ends = |ending: &str| name.strip_suffix(ending).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        if ends("localhost") {
            Self::Loopback
        } else if !name.contains('.') || PRIVATE.iter().any(|ending| ends(ending)) {
            Self::Private
        } else {
            Self::Public
        }
    }

    fn of_v4(address: Ipv4Addr) -> Self {
        match address.octets() {
            [127, ..] => Self::Loopback,
            [169, 254, ..] => Self::LinkLocal,
            // RFC 1918; RFC 6598, behind a carrier's NAT; RFC 2544, benchmarks
            [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] | [198, 18..=19, ..] => Self::Private,
            [0 | 224..=255, ..] | [192, 0, 0, _] => Self::Special,
            _ => Self::Public,
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        let inner = |high: u16, low: u16| Self::of_v4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
        match address.segments() {
            [0, 0, 0, 0, 0, 0, 0, 0] | [0xff00..=0xffff, ..] => Self::Special,
            [0, 0, 0, 0, 0, 0, 0, 1] => Self::Loopback,
            // mapped, compatible, translated by NAT64, 6to4
            [0, 0, 0, 0, 0, 0xffff | 0, high, low]
            | [0, 0, 0, 0, 0xffff, 0, high, low]
            | [0x64, 0xff9b, _, _, _, _, high, low]
            | [0x2002, high, low, ..] => inner(high, low),
            [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] => Self::Private,
            [0xfe80..=0xfebf, ..] => Self::LinkLocal,
            _ => Self::Public,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "on the internet",
            Self::Loopback => "this machine",
            Self::Private => "a private network",
            Self::LinkLocal => "a link-local address, where clouds keep a machine's secrets",
            Self::Special => "a reserved address",
        })
    }
}

/// Tells whether a URL's host is a loopback address (`localhost`, `127.0.0.0/8`, `[::1]`).
#[must_use]
pub fn is_loopback(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if let Some(v6) = host.strip_prefix('[') {
        return v6.split(']').next() == Some("::1");
    }
    let host = host.split(':').next().unwrap_or(host);
    host.eq_ignore_ascii_case("localhost") || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::{Scope, is_loopback};

    #[test]
    fn every_range_that_is_not_the_internets_is_known() {
        for (address, scope) in [
            ("127.0.0.1", Scope::Loopback),
            ("127.255.255.254", Scope::Loopback),
            ("10.0.0.1", Scope::Private),
            ("172.16.0.1", Scope::Private),
            ("172.31.255.255", Scope::Private),
            ("172.32.0.1", Scope::Public),
            ("192.168.1.1", Scope::Private),
            ("100.64.0.1", Scope::Private),
            ("100.128.0.1", Scope::Public),
            ("198.19.0.1", Scope::Private),
            ("169.254.169.254", Scope::LinkLocal),
            ("0.0.0.0", Scope::Special),
            ("0.1.2.3", Scope::Special),
            ("224.0.0.1", Scope::Special),
            ("255.255.255.255", Scope::Special),
            ("8.8.8.8", Scope::Public),
            ("::", Scope::Special),
            ("::1", Scope::Loopback),
            ("::ffff:127.0.0.1", Scope::Loopback),
            ("::ffff:10.0.0.1", Scope::Private),
            ("::ffff:8.8.8.8", Scope::Public),
            ("::127.0.0.1", Scope::Loopback),
            ("64:ff9b::169.254.169.254", Scope::LinkLocal),
            ("2002:7f00:1::", Scope::Loopback),
            ("fd00::1", Scope::Private),
            ("fec0::1", Scope::Private),
            ("fe80::1", Scope::LinkLocal),
            ("ff02::1", Scope::Special),
            ("2606:4700::1111", Scope::Public),
        ] {
            assert_eq!(Scope::of(address.parse().unwrap()), scope, "{address}");
        }
    }

    #[test]
    fn names_that_only_a_private_network_knows_are_private() {
        for (name, scope) in [
            ("localhost", Scope::Loopback),
            ("LOCALHOST.", Scope::Loopback),
            ("a.localhost", Scope::Loopback),
            ("router", Scope::Private),
            ("metadata.google.internal", Scope::Private),
            ("nas.lan", Scope::Private),
            ("printer.local.", Scope::Private),
            ("api.openai.com", Scope::Public),
            ("notlocalhost.com", Scope::Public),
            ("localhost.evil.org", Scope::Public),
        ] {
            assert_eq!(Scope::of_name(name), scope, "{name}");
        }
    }

    #[test]
    fn loopback_is_read_from_the_host_alone() {
        for url in ["http://localhost:8080/v1", "http://127.9.0.1", "http://[::1]:80/x", "HTTP://LOCALHOST"] {
            assert!(is_loopback(url), "{url}");
        }
        for url in [
            "http://localhost.evil.test",
            "http://127.0.0.1@evil.test/",
            "https://api.openai.com/v1",
            "http://10.0.0.1",
            "http://evil.test/?127.0.0.1",
        ] {
            assert!(!is_loopback(url), "{url}");
        }
    }
}
