//! Providers that play recordings: a call is answered by the recording of the same messages, in its own time or faster, and
//! by nothing else.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::{StreamExt as _, stream};

use crate::{
    config::recordings,
    engine::replay::{calls, read_recording, sent},
    model::{CallError, ErrorKind, Message, Role},
    provider::{
        Backend, Call, WireStream,
        wires::demo::{failure, replay::ReplayedCall},
    },
};

/// An answer that was recorded: what was sent, and the calls that were answered.
#[derive(Debug)]
struct RecordedAnswer {
    messages: Vec<Message>,
    calls: Vec<ReplayedCall>,
}

/// The recordings under a path of the settings, or why they cannot be played.
type Recordings = Arc<Result<Vec<RecordedAnswer>, String>>;

/// Plays recordings for the providers that have some, and asks the others.
pub(crate) struct RecordedProviders {
    others: Arc<dyn Backend>,
    /// The folder of the settings file.
    folder: PathBuf,
    home: Option<String>,
    /// How many times as fast they are played, at least once.
    speed: u32,
    /// What was read, by the path as it is written.
    read: Mutex<BTreeMap<String, Recordings>>,
}

impl RecordedProviders {
    /// Asks `others` for what is not recorded.
    pub(crate) fn over(others: Arc<dyn Backend>, folder: PathBuf, home: Option<String>, speed: u32) -> Self {
        Self { others, folder, home, speed: speed.max(1), read: Mutex::default() }
    }

    fn at(&self, path: &str) -> Recordings {
        let mut all = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.get(path) {
            return Arc::clone(known);
        }
        let files = recordings::read(path, &self.folder, self.home.as_deref());
        let read = files.and_then(|files| {
            let one = |(file, text): (PathBuf, String)| {
                let cannot = |why: &str| format!("`recordings` {}: {why}", file.display());
                let record = read_recording(&text).map_err(|error| cannot(&error.message))?;
                let messages = sent(&record.timeline).map(<[Message]>::to_vec).unwrap_or_default();
                let answered = calls(&record).into_iter().filter(|call| call.failed.is_none()).collect::<Vec<_>>();
                if answered.is_empty() {
                    Err(cannot("it holds no answer"))
                } else {
                    Ok(RecordedAnswer { messages, calls: answered })
                }
            };
            files.into_iter().map(one).collect()
        });
        let read: Recordings = Arc::new(read);
        all.insert(path.to_owned(), Arc::clone(&read));
        read
    }
}

/// Finds the call that answers messages: of the recordings whose messages they begin with the longest, and of its calls the one
/// after as many rounds of tools.
fn find<'a>(all: &'a [RecordedAnswer], messages: &[Message]) -> Option<&'a ReplayedCall> {
    let same =
        |(one, other): (&Message, &Message)| one.role == other.role && one.content.trim() == other.content.trim();
    let fits =
        |one: &&RecordedAnswer| one.messages.len() <= messages.len() && one.messages.iter().zip(messages).all(same);
    let own = all.iter().filter(fits).max_by_key(|one| one.messages.len())?;
    let rounds = messages.iter().skip(own.messages.len()).filter(|message| message.role == Role::Assistant).count();
    own.calls.get(rounds).or(own.calls.last())
}

impl Backend for RecordedProviders {
    fn call(&self, call: Call) -> WireStream {
        let Some(path) = call.target.options.recordings.clone() else { return self.others.call(call) };
        let refused = |why: String| failure(CallError::new(ErrorKind::CallerFault, why));
        let steps = match &*self.at(&path) {
            Err(why) => refused(why.clone()),
            Ok(all) => find(all, &call.messages).map_or_else(
                || {
                    refused(format!(
                        "no recording in `{path}` answers these messages; `retort replay RUN --write FILE` makes one of a run"
                    ))
                },
                |recorded| recorded.steps(1),
            ),
        };
        let speed = self.speed;
        stream::iter(steps)
            .then(move |(wait, item)| async move {
                tokio::time::sleep(wait / speed).await;
                item
            })
            .boxed()
    }
}
