//! The thread of prompts, sessions and inputs: one job at a time, each with a deadline.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
        mpsc::{Receiver, RecvTimeoutError, Sender},
    },
    thread,
    time::Duration,
};

use crate::{
    config::{atomic_file, trust::Consent},
    dataset,
    model::{error::StoreError, settings::Places},
    store::{
        api::{StoreReply, StoreRequest, of_record},
        baselines, part_files, prompt_edit, prompt_move, prompts, sessions,
        worker::{
            FileTask, IDLE,
            queue::{Popped, Queue},
            start,
        },
    },
};

/// How long a job may take. A disk that is there answers within milliseconds; a mount whose server is
/// gone never does.
const DEADLINE: Duration = Duration::from_secs(5);

/// Threads that may be left behind in calls that do not come back.
const MOST_STUCK: usize = 8;

/// Starts a thread that does jobs in order. One that does not come back in time is answered with an error, and
/// the next are done without it.
pub(crate) fn files(name: &str, queue: Arc<Queue<FileTask>>, places: Arc<Places>) {
    serve(name, queue, DEADLINE, move |job| file(&places, job));
}

fn serve(
    name: &str,
    queue: Arc<Queue<FileTask>>,
    deadline: Duration,
    work: impl Fn(StoreRequest) -> Answer + Clone + Send + 'static,
) {
    let hand_name = format!("{name}-work");
    start(name, queue, move |queue| {
        let stuck = Arc::new(AtomicUsize::new(0));
        let mut hand: Option<Hand> = None;
        loop {
            match queue.pop(IDLE) {
                Popped::Piece(FileTask { job, reply }, _) => {
                    let late = too_late(&job, deadline);
                    let able = hand.take().or_else(|| Hand::start(&hand_name, &stuck, work.clone()));
                    let answer = able.and_then(|able| {
                        let answer = able.work(job, deadline);
                        hand = answer.is_some().then_some(able);
                        answer
                    });
                    drop(reply.send(answer.unwrap_or(Err(late))));
                }
                Popped::Nothing => {}
                Popped::Closed => return,
            }
        }
    });
}

type Answer = Result<StoreReply, StoreError>;

/// A thread that does one job at a time. Dropped while at work, it ends with that job.
struct Hand {
    jobs: Sender<StoreRequest>,
    answers: Receiver<Answer>,
    stuck: Arc<AtomicUsize>,
    /// Set when it is left behind: what it still writes would take the place of what is newer.
    given_up: Arc<AtomicBool>,
}

impl Hand {
    /// Starts one; none where too many are stuck already, or no thread can be started.
    fn start(
        name: &str,
        stuck: &Arc<AtomicUsize>,
        work: impl Fn(StoreRequest) -> Answer + Send + 'static,
    ) -> Option<Self> {
        if stuck.load(Ordering::Relaxed) >= MOST_STUCK {
            return None;
        }
        let (jobs, todo) = mpsc::channel::<StoreRequest>();
        let (reply, answers) = mpsc::channel();
        let (count, given_up) = (Arc::clone(stuck), Arc::<AtomicBool>::default());
        let flag = Arc::clone(&given_up);
        let started = thread::Builder::new().name(name.to_owned()).spawn(move || {
            atomic_file::until_given_up(flag);
            for job in todo {
                if reply.send(work(job)).is_err() {
                    // It was given up, and has come back after all.
                    count.fetch_sub(1, Ordering::Relaxed);
                }
            }
        });
        started.is_ok().then(|| Self { jobs, answers, stuck: Arc::clone(stuck), given_up })
    }

    /// Has a job done; none if it takes longer than the deadline.
    fn work(&self, job: StoreRequest, deadline: Duration) -> Option<Answer> {
        let defect = || Err(StoreError::new("a defect in retort ended the work on a file; see `retort paths`"));
        if self.jobs.send(job).is_err() {
            return Some(defect());
        }
        match self.answers.recv_timeout(deadline) {
            Ok(answer) => Some(answer),
            Err(RecvTimeoutError::Timeout) => {
                self.given_up.store(true, Ordering::Release);
                self.stuck.fetch_add(1, Ordering::Relaxed);
                None
            }
            Err(RecvTimeoutError::Disconnected) => Some(defect()),
        }
    }
}

/// Says that a job did not come back.
fn too_late(job: &StoreRequest, deadline: Duration) -> StoreError {
    let (verb, what) = match job {
        StoreRequest::ListPrompts => ("list", "the prompts".to_owned()),
        StoreRequest::OpenPrompt(name) | StoreRequest::PromptFile(name) => ("read", format!("the prompt `{name}`")),
        StoreRequest::SavePrompt { name, .. } => ("save", format!("the prompt `{name}`")),
        StoreRequest::MovePrompt(step) => ("move", format!("the prompt `{}`", step.name())),
        StoreRequest::SetThreshold(new) => ("change", format!("the prompt `{}`", new.name)),
        StoreRequest::WriteBaseline { path, .. } => ("write", path.display().to_string()),
        StoreRequest::ListSessions => ("list", "the sessions".to_owned()),
        StoreRequest::OpenSession(name) => ("read", format!("the session `{name}`")),
        StoreRequest::SaveSession(session) | StoreRequest::RescueSession(session) => {
            ("save", format!("the session `{}`", session.name))
        }
        StoreRequest::RenameSession { from, .. } => ("rename", format!("the session `{from}`")),
        StoreRequest::ReadInput(from) => ("read", from.clone()),
        StoreRequest::LookAtPart(asked) => ("read", asked.part.source.clone()),
        of_record!() => ("read", "the record".to_owned()),
    };
    let seconds = deadline.as_secs();
    StoreError::new(format!("cannot {verb} {what}: no answer within {seconds} s; is its disk or network mount there?"))
}

fn file(places: &Places, job: StoreRequest) -> Answer {
    match job {
        StoreRequest::ListPrompts => prompts::list(places).map(StoreReply::Prompts),
        StoreRequest::OpenPrompt(name) => prompts::read_with_digest(places, &name)
            .map(|(prompt, file)| StoreReply::Prompt { name, prompt: Box::new(prompt), file }),
        StoreRequest::SavePrompt { name, prompt, over } => {
            prompts::save(places, &name, &prompt, over).map(|(path, file)| StoreReply::PromptSaved { name, path, file })
        }
        StoreRequest::MovePrompt(step) => prompt_move::apply(places, &step).map(StoreReply::PromptMoved),
        StoreRequest::PromptFile(name) => {
            prompt_edit::find(places, &name).map(|file| StoreReply::PromptFile(Box::new(file)))
        }
        StoreRequest::SetThreshold(new) => {
            prompt_edit::set(places, &new).map(|file| StoreReply::ThresholdSet(Box::new(file)))
        }
        StoreRequest::WriteBaseline { path, baseline } => {
            baselines::write(places, &path, &baseline).map(|()| StoreReply::BaselineWritten(path))
        }
        StoreRequest::ListSessions => sessions::list(places).map(StoreReply::Sessions),
        StoreRequest::OpenSession(name) => {
            sessions::read(places, &name).map(|session| StoreReply::Session(Box::new(session)))
        }
        StoreRequest::SaveSession(session) => sessions::save(places, &session).map(StoreReply::SessionSaved),
        StoreRequest::RescueSession(session) => sessions::rescue(places, &session).map(StoreReply::SessionRescued),
        StoreRequest::ReadInput(from) => dataset::read(&from, &Consent::of(places, false)).map(StoreReply::of_file),
        StoreRequest::LookAtPart(asked) => {
            part_files::look_at(places, &asked).map(|found| StoreReply::Part(Box::new(found)))
        }
        StoreRequest::RenameSession { from, to } => {
            sessions::rename(places, &from, &to).map(|()| StoreReply::SessionRenamed(to))
        }
        of_record!() => Err(StoreError::new("runs are not kept in files")),
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;
    use crate::store::worker::queue::Load;

    #[test]
    fn a_job_that_does_not_come_back_is_told_and_holds_up_no_other() {
        let queue = Arc::new(Queue::new(Load::ANY, Load::ANY));
        let (let_go, held) = mpsc::channel::<()>();
        let held = Arc::new(std::sync::Mutex::new(held));
        let work = move |job| match job {
            StoreRequest::ReadInput(_) => {
                let _ = held.lock().unwrap().recv();
                Err(StoreError::new("too late to matter"))
            }
            _ => Ok(StoreReply::Sessions(Vec::new())),
        };
        serve("test-files", Arc::clone(&queue), Duration::from_millis(20), work);
        let ask = |job| {
            let (reply, receiver) = oneshot::channel();
            queue.push(FileTask { job, reply }, 0).unwrap();
            receiver
        };
        let (stuck, next) = (ask(StoreRequest::ReadInput("/dead/mount".to_owned())), ask(StoreRequest::ListSessions));
        let error = stuck.blocking_recv().unwrap().unwrap_err();
        assert!(error.message.contains("/dead/mount") && error.message.contains("no answer"), "{error}");
        assert_eq!(next.blocking_recv().unwrap(), Ok(StoreReply::Sessions(Vec::new())));
        queue.close();
        assert!(queue.ended(Duration::from_secs(5)), "closing waits for nothing that is stuck");
        drop(let_go);
    }

    #[test]
    fn what_comes_back_too_late_takes_the_place_of_nothing_newer() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("session.toml");
        let (let_go, held) = mpsc::channel::<()>();
        let (tell_late, late) = mpsc::channel();
        let (held, file) = (Arc::new(std::sync::Mutex::new(held)), path.clone());
        let work = move |job| match job {
            StoreRequest::ListSessions => {
                held.lock().unwrap().recv().unwrap();
                let written = atomic_file::write(&file, "old", true);
                tell_late.send(written.clone()).unwrap();
                written.map(|()| StoreReply::Sessions(Vec::new()))
            }
            _ => atomic_file::write(&file, "new", true).map(|()| StoreReply::Sessions(Vec::new())),
        };
        let queue = Arc::new(Queue::new(Load::ANY, Load::ANY));
        serve("test-files", Arc::clone(&queue), Duration::from_millis(200), work);
        let ask = |job| {
            let (reply, receiver) = oneshot::channel();
            queue.push(FileTask { job, reply }, 0).unwrap();
            receiver.blocking_recv().unwrap()
        };
        assert!(ask(StoreRequest::ListSessions).is_err());
        assert!(ask(StoreRequest::ListPrompts).is_ok());
        let_go.send(()).unwrap();
        assert!(late.recv().unwrap().unwrap_err().message.contains("too late"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        queue.close();
    }

    #[test]
    fn threads_that_are_stuck_are_not_left_behind_without_end() {
        let queue = Arc::new(Queue::new(Load::ANY, Load::ANY));
        let started = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&started);
        let work = move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            loop {
                thread::park();
            }
        };
        serve("test-files", Arc::clone(&queue), Duration::from_millis(1), work);
        for _ in 0..2 * MOST_STUCK {
            let (reply, receiver) = oneshot::channel();
            queue.push(FileTask { job: StoreRequest::ListSessions, reply }, 0).unwrap();
            assert!(receiver.blocking_recv().unwrap().is_err());
        }
        assert!(started.load(Ordering::Relaxed) <= MOST_STUCK);
        queue.close();
    }
}
