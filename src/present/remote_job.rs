//! A job at a provider in words: which way it went, what the provider said last, and when it expires.

use crate::{
    model::remote_job::{BatchWay, RemoteJob, RemotePart, RemotePartStep, ReportedStatus},
    text::format,
};

/// Says how a job stands, in one line.
#[must_use]
pub fn words(job: &RemoteJob) -> String {
    let mut open = job.parts.iter().filter(|part| !part.step.is_over());
    let mut said = vec![job.way.to_string()];
    said.extend(job.expires().map(|expires| format!("expires {}", expires.strftime("%m-%d %H:%M UTC"))));
    let now = |part: &RemotePart| {
        part.reported.as_ref().map(|status| format::reported(&ReportedStatus { expires: None, ..status.clone() }))
    };
    match (open.next(), open.count()) {
        (None, _) => said.push("answers are here, to be taken in".to_owned()),
        (Some(part), more) => {
            said.push(now(part).unwrap_or_else(|| state(job, part)));
            said.extend((more > 0).then(|| format!("{more} more of its parts are open")));
        }
    }
    said.push(format!("job {}", job.id));
    said.join(" · ")
}

/// Says how a part stands.
#[must_use]
pub fn state(job: &RemoteJob, part: &RemotePart) -> String {
    let waits = if job.cancelled.is_some() { "cancelled, not sent" } else { "not sent yet" };
    match &part.step {
        RemotePartStep::Uploaded { file } if job.way == BatchWay::Vllm => format!("requests in {file}"),
        RemotePartStep::Built | RemotePartStep::Uploading | RemotePartStep::Uploaded { .. } => waits.to_owned(),
        RemotePartStep::Creating { .. } => "sent, and not answered".to_owned(),
        RemotePartStep::Running { .. } => part.reported.as_ref().map_or_else(|| "sent".to_owned(), format::reported),
        RemotePartStep::Fetched { answers, .. } => format!("{} answers are here", format::thousands(*answers)),
        RemotePartStep::Refused { why } => format!("refused: {why}"),
    }
}
