//! The token of `retort serve`: made once, kept in a file that only its owner can read.

use std::{
    fs,
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use crate::{
    config::{Env, atomic_file},
    model::{error::StoreError, id::hex_of_parts, settings::Places},
};

/// The variable that has the token in place of the file.
pub const TOKEN_VARIABLE: &str = "RETORT_SERVE_TOKEN";

/// The shortest token that is taken, in bytes.
const SHORTEST: usize = 16;

/// A token, and where it is from.
#[derive(Debug)]
pub struct ServeToken {
    pub secret: SecretString,
    /// The file that has it; none where the variable does.
    pub file: Option<PathBuf>,
    /// Whether it was made just now.
    pub made: bool,
}

/// Reads the token, or makes one.
pub fn read(places: &Places, env: Env<'_>) -> Result<ServeToken, StoreError> {
    if let Some(text) = env(TOKEN_VARIABLE).filter(|text| !text.trim().is_empty()) {
        return Ok(ServeToken { secret: checked(&text, TOKEN_VARIABLE)?, file: None, made: false });
    }
    let path = places.state.join("serve.token");
    match fs::read_to_string(&path) {
        Ok(text) => {
            private(&path)?;
            let secret = checked(&text, &path.display().to_string())?;
            Ok(ServeToken { secret, file: Some(path), made: false })
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            atomic_file::make_dir(&places.state)?;
            // Each has 122 bits of chance.
            let chance = [Uuid::new_v4(), Uuid::new_v4()].map(Uuid::into_bytes);
            let token: String = hex_of_parts(chance).chars().take(40).collect();
            let secret = SecretString::from(format!("retort-{token}"));
            let written = atomic_file::create_private(&path)
                .and_then(|mut file| writeln!(file, "{}", secret.expose_secret()).and_then(|()| file.sync_all()));
            written.map_err(|error| atomic_file::error_of("write", &path, &error))?;
            Ok(ServeToken { secret, file: Some(path), made: true })
        }
        Err(error) => Err(atomic_file::error_of("read", &path, &error)),
    }
}

/// Checks a token: a short one can be guessed, and one of other characters stands in no header.
fn checked(text: &str, from: &str) -> Result<SecretString, StoreError> {
    let token = text.trim();
    if token.len() < SHORTEST || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(StoreError::wrong(format!(
            "the token in {from} has to have at least {SHORTEST} characters, letters, digits and signs alone"
        )));
    }
    Ok(token.to_owned().into())
}

#[cfg(unix)]
fn private(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt as _;
    let about = fs::metadata(path).map_err(|error| atomic_file::error_of("read", path, &error))?;
    if about.permissions().mode().trailing_zeros() >= 6 {
        return Ok(());
    }
    let path = path.display();
    Err(StoreError::wrong(format!("others can read the token in {path}; `rm {path}` has a new one made")))
}

#[cfg(not(unix))]
fn private(_path: &Path) -> Result<(), StoreError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::settings::Project;

    #[test]
    fn a_token_is_made_once_and_nobody_else_can_read_it() {
        let home = tempfile::tempdir().unwrap();
        let dir = |name: &str| home.path().join(name);
        let project = Project::Absent;
        let places = Places { config: dir("c"), data: dir("d"), cache: dir("e"), state: dir("state"), project };
        let first = read(&places, &|_| None).unwrap();
        let again = read(&places, &|_| None).unwrap();
        assert!(first.made && !again.made);
        assert_eq!(first.secret.expose_secret(), again.secret.expose_secret());
        assert!(first.secret.expose_secret().len() > 40);
        let given = read(&places, &|_| Some("0123456789abcdef".to_owned())).unwrap();
        assert_eq!((given.secret.expose_secret(), given.file), ("0123456789abcdef", None));
        assert!(read(&places, &|_| Some("short".to_owned())).is_err());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let file = first.file.unwrap();
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
            fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
            assert!(read(&places, &|_| None).unwrap_err().message.contains("others can read"));
        }
    }
}
