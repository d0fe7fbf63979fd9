//! The HTTP clients of a process: one for every way to a server, built when it is first needed.

use std::{
    error::Error,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hyper::http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{Certificate, Client, ClientBuilder, Identity, Proxy, redirect, retry};
use rustls::{
    RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use secrecy::ExposeSecret;

use crate::{
    model::{
        CallError, ErrorKind,
        transport::{PemFile, ProxyAddress, ProxyRule, TransportFiles},
    },
    provider::proxy::Route,
};

/// The most headers a response may have. The usual limit of 100 is less than gateways send.
const HEADERS: usize = 1000;

/// The most bytes of headers taken where a limit can be set.
const HEADER_BYTES: u32 = 1024 * 1024;

/// The way to one provider, checked: what it shows, whom it trusts, and its proxy.
#[derive(Clone, PartialEq, Eq)]
pub struct ProviderTransport {
    files: TransportFiles,
    /// The authorities in `ca_file`, each as DER.
    authorities: Vec<Vec<u8>>,
}

impl ProviderTransport {
    /// Checks what was read. The errors name the setting and the path, and what to do.
    pub fn new(files: TransportFiles) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        let authorities = files.ca.as_ref().map_or(Ok(Vec::new()), authorities);
        let authorities = authorities.map_err(|error| errors.push(error)).unwrap_or_default();
        if let Some(cert) = &files.client_cert
            && let Err(error) = client_identity(cert, files.client_key.as_ref())
        {
            errors.push(error);
        }
        if errors.is_empty() { Ok(Self { files, authorities }) } else { Err(errors) }
    }

    /// Returns its own proxy, if it has one.
    pub(crate) fn proxy(&self) -> Option<&ProxyRule> {
        self.files.proxy.as_ref()
    }

    /// Tells whether it trusts authorities of its own.
    #[must_use]
    pub fn has_authorities(&self) -> bool {
        self.files.ca.is_some()
    }

    /// Tells whether it shows a certificate.
    #[must_use]
    pub fn has_identity(&self) -> bool {
        self.files.client_cert.is_some()
    }

    /// Says in words what is set of it.
    #[must_use]
    pub fn describe(&self) -> String {
        let TransportFiles { ca, client_cert, client_key, proxy } = &self.files;
        let authorities = ca.as_ref().map(|file| match self.authorities.len() {
            1 => format!("{} (1 certificate)", file.label),
            many => format!("{} ({many} certificates)", file.label),
        });
        let files = [client_cert, client_key].into_iter().flatten().map(|file| file.label.clone());
        let proxy = proxy.as_ref().map(|proxy| match proxy {
            ProxyRule::Direct => "no proxy".to_owned(),
            ProxyRule::Through(address) => format!("proxy {}", address.label()),
        });
        authorities.into_iter().chain(files).chain(proxy).collect::<Vec<_>>().join(", ")
    }

    /// Returns the certificate that is shown and its key, one after the other.
    fn identity(&self) -> Option<Vec<u8>> {
        let cert = self.files.client_cert.as_ref()?;
        let key = self.files.client_key.as_ref().map_or(&[][..], |key| key.bytes.as_slice());
        Some([cert.bytes.as_slice(), b"\n", key].concat())
    }
}

impl fmt::Debug for ProviderTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe())
    }
}

/// Reads the authorities of a file, each as DER.
fn authorities(file: &PemFile) -> Result<Vec<Vec<u8>>, String> {
    let certificates = certificates(file)?;
    let mut store = RootCertStore::empty();
    for certificate in &certificates {
        store.add(certificate.clone()).map_err(|error| {
            let label = &file.label;
            format!("{label} has a certificate that is no authority's and cannot be trusted as one: {error}")
        })?;
    }
    Ok(certificates.into_iter().map(|certificate| certificate.to_vec()).collect())
}

fn certificates(file: &PemFile) -> Result<Vec<CertificateDer<'static>>, String> {
    let label = &file.label;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&file.bytes).collect();
    match read {
        Ok(found) if !found.is_empty() => Ok(found),
        // DER begins with the mark of a sequence.
        Ok(_) if file.bytes.first() == Some(&0x30) => Err(format!(
            "{label} is DER and not PEM; `openssl x509 -inform der -in FILE -out FILE.pem` makes PEM of it"
        )),
        Ok(_) => Err(format!("{label} has no certificate in it; one begins with -----BEGIN CERTIFICATE-----")),
        Err(error) => Err(format!("{label} is no PEM that can be read: {error}")),
    }
}

/// Checks that a certificate and its key belong together.
fn client_identity(cert: &PemFile, key: Option<&PemFile>) -> Result<(), String> {
    let chain = certificates(cert)?;
    let holder = key.unwrap_or(cert);
    let label = &holder.label;
    let text = String::from_utf8_lossy(&holder.bytes);
    if ["BEGIN ENCRYPTED PRIVATE KEY", "Proc-Type: 4,ENCRYPTED"].iter().any(|mark| text.contains(mark)) {
        return Err(format!(
            "{label} has a key with a passphrase, which nobody could be asked for; `openssl pkey -in FILE -out \
             FILE.key` writes it without"
        ));
    }
    let private = PrivateKeyDer::from_pem_slice(&holder.bytes).map_err(|_unshown| match key {
        Some(_) => format!("{label} has no private key in it; one begins with -----BEGIN PRIVATE KEY-----"),
        None => format!("{label} has no private key in it; add it to the file, or name its own file in `client_key`"),
    })?;
    CertifiedKey::from_der(chain, private, &ring::default_provider()).map(drop).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => format!("{label} has a key that is not that of {}", cert.label),
        other => format!("{label} has a key that cannot be used: {other}"),
    })
}

/// What makes one client differ from another. A client for plain HTTP reads no certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClientKey {
    /// Whether it asks servers on this machine.
    pub(crate) loopback: bool,
    /// Whether the server or its proxy is spoken to over TLS.
    pub(crate) tls: bool,
    /// How long connecting may take.
    pub(crate) connect: Duration,
    /// Whether it uses connections again.
    pub(crate) pooled: bool,
    /// The proxy.
    pub(crate) route: Route,
    /// The provider's own certificates, if it has any.
    pub(crate) transport: Option<Arc<ProviderTransport>>,
}

/// The clients of a process.
#[derive(Debug, Default)]
pub(crate) struct Clients(Mutex<Vec<(ClientKey, Client)>>);

impl Clients {
    /// Returns the client of a way; builds it where it is the first to be asked for it.
    pub(crate) fn client(&self, key: &ClientKey) -> Result<Client, CallError> {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, client)) = clients.iter().find(|(own, _)| own == key) {
            return Ok(client.clone());
        }
        let client = build(key)?;
        clients.push((key.clone(), client.clone()));
        drop(clients);
        Ok(client)
    }
}

fn build(key: &ClientKey) -> Result<Client, CallError> {
    // Whoever installed a provider first wins; that it is ours only matters to the first client.
    drop(ring::default_provider().install_default());
    let transport = key.transport.as_deref();
    let identity = transport.and_then(ProviderTransport::identity).filter(|_| key.tls);
    let identity = identity.map(|pem| Identity::from_pem(&pem)).transpose().map_err(unbuilt)?;
    let proxy = key.route.proxy().map(|(address, named)| through(address, named)).transpose()?;
    let builder = || {
        let builder = plain(key);
        let builder = match (&proxy, &key.route) {
            (Some(proxy), _) => builder.no_proxy().proxy(proxy.clone()),
            (None, Route::System) => builder,
            (None, Route::Direct | Route::Proxy { .. }) => builder.no_proxy(),
        };
        match &identity {
            Some(identity) => builder.identity(identity.clone()),
            None => builder,
        }
    };
    if !key.tls {
        return builder().tls_certs_only([]).build().map_err(unbuilt);
    }
    let own = transport.map_or(&[][..], |transport| transport.authorities.as_slice());
    let own = || own.iter().filter_map(|der| Certificate::from_der(der).ok());
    match builder().build() {
        Ok(client) if own().next().is_none() => Ok(client),
        Ok(_) => builder().tls_certs_merge(own()).build().map_err(unbuilt),
        Err(_) => {
            // A host without a CA bundle: Mozilla's list, compiled in.
            let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
            let roots = roots.filter_map(|der| Certificate::from_der(der).ok()).chain(own());
            builder().tls_certs_only(roots).build().map_err(unbuilt)
        }
    }
}

/// Makes the proxy of a client. One that the client would silently go without is refused.
fn through(address: &ProxyAddress, named: &str) -> Result<Proxy, CallError> {
    let url = address.url().expose_secret();
    let some = Uri::from_static("https://HOST/");
    if Matcher::builder().all(url).build().intercept(&some).is_none() {
        let text = format!("nothing was sent: the proxy of {named} cannot be used; its address is http://HOST:PORT");
        return Err(CallError::new(ErrorKind::NotAnApi, text));
    }
    Proxy::all(url).map_err(unbuilt)
}

/// Begins a client with what all have in common.
fn plain(key: &ClientKey) -> ClientBuilder {
    let idle = if key.loopback { Duration::from_secs(3) } else { Duration::from_secs(60) };
    Client::builder()
        .user_agent(concat!("retort/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .connect_timeout(key.connect)
        .http1_max_headers(HEADERS)
        .http1_ignore_invalid_headers_in_responses(true)
        .http2_max_header_list_size(HEADER_BYTES)
        .pool_max_idle_per_host(if key.pooled { usize::MAX } else { 0 })
        .pool_idle_timeout(idle)
        .tcp_keepalive(Duration::from_secs(60))
        .tcp_keepalive_interval(Duration::from_secs(60))
        .tcp_keepalive_retries(5)
}

#[expect(clippy::needless_pass_by_value, reason = "it maps an error")]
fn unbuilt(error: reqwest::Error) -> CallError {
    CallError::new(ErrorKind::NotAnApi, format!("no HTTP client could be made: {}", cause(&error)))
}

/// Lists an error and what caused it, the innermost last.
pub(crate) fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}

/// The innermost cause in words. The outer ones repeat the URL.
pub(crate) fn cause(error: &reqwest::Error) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_client_goes_without_a_proxy_that_it_cannot_read() {
        let client = |proxy: &str| {
            let route = Route::Proxy { address: ProxyAddress::parse(proxy).unwrap(), named: "ALL_PROXY".to_owned() };
            let connect = Duration::from_secs(1);
            let key = ClientKey { loopback: false, tls: false, connect, pooled: true, route, transport: None };
            Clients::default().client(&key).map(drop).map_err(|error| error.message)
        };
        for proxy in ["http://127.0.0.1:9", "https://[::1]:9", "socks5://me:p%40ss@127.0.0.1", "socks5h://h:1"] {
            assert_eq!(client(proxy), Ok(()), "{proxy}");
        }
        let refused = client("socks5h://b\u{f6}x:1").unwrap_err();
        assert!(refused.contains("ALL_PROXY") && refused.contains("nothing was sent"), "{refused}");
    }
}
