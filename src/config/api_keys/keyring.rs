//! Keys in the system's keyring: the Secret Service, the Keychain or the Credential Manager.

use std::{sync::mpsc, thread, time::Duration};

use ::keyring::{Entry, Error};

/// Reads the key of `user` at `service`. Blocks for `limit` at most, in which the keyring may ask
/// to be unlocked; the error says what to do and holds nothing of the key.
pub(crate) fn read(service: &str, user: &str, limit: Duration) -> Result<String, String> {
    let (sender, receiver) = mpsc::channel();
    let (at, of) = (service.to_owned(), user.to_owned());
    thread::spawn(move || drop(sender.send(Entry::new(&at, &of).and_then(|entry| entry.get_password()))));
    match receiver.recv_timeout(limit) {
        Ok(read) => read.map_err(|error| in_words(&error, service, user)),
        Err(mpsc::RecvTimeoutError::Timeout) => {
            Err(format!("the keyring did not answer within {} s; unlock it and try again", limit.as_secs()))
        }
        Err(mpsc::RecvTimeoutError::Disconnected) => Err("reading the keyring failed; try again".to_owned()),
    }
}

/// Says what went wrong without what the keyring holds.
fn in_words(error: &Error, service: &str, user: &str) -> String {
    match error {
        Error::NoEntry => format!("the keyring has no such entry; {}", how_to_write(service, user)),
        Error::NoStorageAccess(_) => "the keyring is locked; unlock it and try again".to_owned(),
        Error::NoDefaultStore => match Entry::store_status() {
            Err(why) => format!("the keyring cannot be reached: {why}"),
            Ok(()) => "the keyring cannot be reached".to_owned(),
        },
        Error::Ambiguous(_) => "the keyring has several such entries; leave one".to_owned(),
        Error::BadEncoding(_) | Error::BadDataFormat(..) => "what is there is no text and so no key".to_owned(),
        other => format!("the keyring cannot be read: {other}"),
    }
}

/// The step that puts the key where it was looked for; the key itself is asked for there.
fn how_to_write(service: &str, user: &str) -> String {
    let words: &[&str] = if cfg!(target_os = "macos") {
        &["security", "add-generic-password", "-s", service, "-a", user, "-w"]
    } else if cfg!(windows) {
        return format!("add the generic credential {user}.{service} in the Credential Manager");
    } else {
        &["secret-tool", "store", "--label", service, "service", service, "username", user]
    };
    format!("run `{}`", shell_words::join(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_next_step_and_never_what_was_read() {
        let missing = in_words(&Error::NoEntry, "openai", "work account");
        #[cfg(target_os = "linux")]
        assert_eq!(
            missing,
            "the keyring has no such entry; \
             run `secret-tool store --label openai service openai username 'work account'`"
        );
        assert!(missing.contains("openai") && missing.contains("work account"));
        let read = b"S3NTINEL\xff".to_vec();
        for error in [Error::BadEncoding(read.clone()), Error::BadDataFormat(read, "S3NTINEL".into())] {
            assert_eq!(in_words(&error, "openai", "me"), "what is there is no text and so no key");
        }
        let locked = Error::NoStorageAccess("prompt dismissed".into());
        assert_eq!(in_words(&locked, "openai", "me"), "the keyring is locked; unlock it and try again");
    }
}
