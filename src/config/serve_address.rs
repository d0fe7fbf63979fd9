//! Where an endpoint of this user's listens, for the workbench to find it: a file beside the token.

use std::{fs, path::PathBuf};

use crate::{
    config::atomic_file,
    model::{error::StoreError, settings::Places},
};

fn file(places: &Places) -> PathBuf {
    places.state.join("serve.address")
}

/// Notes the address of an endpoint that has begun to listen.
pub fn write(places: &Places, url: &str) -> Result<(), StoreError> {
    atomic_file::make_dir(&places.state)?;
    atomic_file::write(&file(places), url, true)
}

/// Reads the address that was noted last; none where none is.
#[must_use]
pub fn read(places: &Places) -> Option<String> {
    let text = fs::read_to_string(file(places)).ok()?;
    Some(text.trim().to_owned()).filter(|url| url.starts_with("http://"))
}

/// Forgets an address, unless another endpoint has noted its own since.
pub fn forget(places: &Places, url: &str) {
    if read(places).as_deref() == Some(url) {
        let _ = fs::remove_file(file(places));
    }
}
