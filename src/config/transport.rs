//! The way to a provider as `config.toml` has it: its mistakes, and its files as they are read before it is first asked.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    config,
    model::{
        KeySource,
        transport::{NO_PROXY, PemFile, ProxyAddress, ProxySetting, TransportFiles, TransportSettings},
    },
};

/// The largest file of certificates that is read, in bytes; all authorities of the web take a quarter of it.
const LONGEST: u64 = 1024 * 1024;

/// Checks what is set of the way to a provider. An error comes with its key.
pub(crate) fn settings(
    [ca_file, client_cert, client_key, proxy]: [Option<String>; 4],
) -> Result<TransportSettings, (&'static str, String)> {
    for (key, path) in [("ca_file", &ca_file), ("client_cert", &client_cert), ("client_key", &client_key)] {
        let Some(path) = path else { continue };
        if path.trim().is_empty() {
            return Err((key, format!("`{key}` must be the path of a PEM file")));
        }
        if path.contains("-----BEGIN") {
            return Err((key, format!("`{key}` is the path of a PEM file and not what is in it")));
        }
    }
    if client_key.is_some() && client_cert.is_none() {
        return Err(("client_key", "`client_key` is the key of `client_cert`, which is missing".to_owned()));
    }
    let proxy = proxy.map(|text| self::proxy(text.trim())).transpose();
    let proxy = proxy.map_err(|message| ("proxy", message))?;
    Ok(TransportSettings { ca_file, client_cert, client_key, proxy })
}

/// Reads the setting of a proxy. One with a password in it is refused unseen.
fn proxy(text: &str) -> Result<ProxySetting, String> {
    if text.eq_ignore_ascii_case(NO_PROXY) {
        return Ok(ProxySetting::Direct);
    }
    if KeySource::is_meant_by(text) {
        return config::key_source(text).map(ProxySetting::Source).map_err(|message| format!("`proxy`: {message}"));
    }
    let address = ProxyAddress::parse(text).map_err(|message| format!("`proxy`: {message}, or \"{NO_PROXY}\""))?;
    if address.has_credentials() {
        Err("`proxy` must hold no user name or password; write `env:NAME` and export the whole address as NAME, \
             or file:PATH, cmd:COMMAND"
            .to_owned())
    } else {
        Ok(ProxySetting::At(address))
    }
}

/// Reads the files that are set of the way to a provider; its proxy is left open. A path that begins with `~/` is in
/// `home`, one that is relative beside the settings file. Says why those that cannot be had cannot.
pub fn read(settings: &TransportSettings, folder: &Path, home: Option<&str>) -> Result<TransportFiles, Vec<String>> {
    let mut errors = Vec::new();
    let mut file = |setting: &str, written: &Option<String>| {
        let path = resolved(written.as_deref()?, folder, home);
        let label = format!("`{setting}` {}", path.display());
        match bytes(&path) {
            Ok(bytes) => Some(PemFile { label, bytes }),
            Err(message) => {
                errors.push(format!("{label} {message}"));
                None
            }
        }
    };
    let ca = file("ca_file", &settings.ca_file);
    let client_cert = file("client_cert", &settings.client_cert);
    let client_key = file("client_key", &settings.client_key);
    if errors.is_empty() { Ok(TransportFiles { ca, client_cert, client_key, proxy: None }) } else { Err(errors) }
}

pub(crate) fn resolved(path: &str, folder: &Path, home: Option<&str>) -> PathBuf {
    let path = path.trim();
    match path.strip_prefix("~/").zip(home) {
        Some((rest, home)) => Path::new(home).join(rest),
        None => folder.join(path),
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let cannot = |error: std::io::Error| format!("cannot be read: {error}");
    let about = fs::metadata(path).map_err(cannot)?;
    if !about.is_file() {
        return Err("is not a regular file".to_owned());
    }
    if about.len() > LONGEST {
        return Err("is larger than 1 MiB and so no file of certificates".to_owned());
    }
    fs::read(path).map_err(cannot)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(proxy: &str) -> Result<TransportSettings, String> {
        settings([None, None, None, Some(proxy.to_owned())]).map_err(|(_, message)| message)
    }

    #[test]
    fn a_proxy_is_an_address_a_source_or_none() {
        let proxy = |text| of(text).unwrap().proxy.unwrap();
        assert_eq!(proxy("none"), ProxySetting::Direct);
        assert_eq!(proxy("env:LAB_PROXY"), ProxySetting::Source(KeySource::Env("LAB_PROXY".to_owned())));
        assert!(matches!(proxy("socks5h://127.0.0.1:1080"), ProxySetting::At(_)));
        assert!(of("socks://127.0.0.1:1080").unwrap_err().contains("http, https, socks5, socks5h"));
        let refused = of("http://me:hunter2@proxy.lan").unwrap_err();
        assert!(refused.contains("env:NAME") && !refused.contains("hunter2"), "{refused}");
        assert!(of("env:a b").unwrap_err().contains("not a variable's name"));
    }

    #[test]
    fn paths_are_in_the_home_folder_or_beside_the_settings() {
        let path = |written| resolved(written, Path::new("/config"), Some("/home/me"));
        assert_eq!(path("~/lab/ca.pem"), Path::new("/home/me/lab/ca.pem"));
        assert_eq!(path("ca.pem"), Path::new("/config/ca.pem"));
        assert_eq!(path("/etc/ca.pem"), Path::new("/etc/ca.pem"));
    }

    #[test]
    fn every_file_that_cannot_be_read_is_named_with_its_setting() {
        let settings = TransportSettings {
            ca_file: Some("no-such-ca.pem".to_owned()),
            client_cert: Some(".".to_owned()),
            ..TransportSettings::default()
        };
        let errors = read(&settings, Path::new("/no-such-folder"), None).unwrap_err();
        assert!(errors[0].starts_with("`ca_file` /no-such-folder/no-such-ca.pem cannot be read: "), "{errors:?}");
        assert!(errors[1].starts_with("`client_cert` "), "{errors:?}");
    }
}
