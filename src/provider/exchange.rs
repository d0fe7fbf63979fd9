//! One HTTP call as a stream: send, judge the status, read the body, say what it says.

use std::{collections::VecDeque, sync::Arc};

use futures_util::stream;

use super::{
    WireStream, classify,
    dialect::empty,
    http::{Http, Incoming, Outgoing},
    reader::Reader,
    redact::Redact,
    wire::WireEvent,
};
use crate::model::{Class, Fault, ProviderKind};

/// The most that is read of an error's body, in bytes.
const ERROR_CAP: usize = 64 * 1024;

/// Makes the stream of a call. Nothing is sent before it is polled.
pub(super) fn exchange(http: Arc<Http>, kind: ProviderKind, outgoing: Outgoing, redact: Redact) -> WireStream {
    let start = Exchange { http, kind, redact, stage: Stage::Send(Box::new(outgoing)), ready: VecDeque::new() };
    Box::pin(stream::unfold(start, Exchange::next))
}

/// Reads the body of an HTTP error and classifies it.
pub(super) async fn refused(incoming: &mut Incoming) -> Fault {
    let status = incoming.status;
    if (300..400).contains(&status) {
        let to = incoming.location().unwrap_or_else(|| "nowhere".to_owned());
        let text =
            format!("a redirect to {to} is not followed, as the key would go there; set base_url to where the API is");
        let mut fault = Fault::new(Class::NotAnApi, text);
        fault.status = Some(status);
        return fault;
    }
    let mut body = Vec::new();
    while body.len() < ERROR_CAP {
        let Ok(Some(bytes)) = incoming.chunk().await else {
            break;
        };
        body.extend_from_slice(&bytes);
    }
    body.truncate(ERROR_CAP);
    classify::response(status, &incoming.headers, &String::from_utf8_lossy(&body))
}

struct Exchange {
    http: Arc<Http>,
    kind: ProviderKind,
    redact: Redact,
    stage: Stage,
    ready: VecDeque<Result<WireEvent, Fault>>,
}

enum Stage {
    Send(Box<Outgoing>),
    Refuse(Box<Incoming>),
    Read(Box<Incoming>, Box<Reader>),
    Over,
}

impl Exchange {
    async fn next(mut self) -> Option<(Result<WireEvent, Fault>, Self)> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Some((item, self));
            }
            // The stage is taken: an end or a fault closes the connection before it is told.
            match std::mem::replace(&mut self.stage, Stage::Over) {
                Stage::Over => return None,
                Stage::Send(outgoing) => match self.http.send(*outgoing).await {
                    Ok(incoming) => self.open(incoming),
                    Err(fault) => self.fail(fault),
                },
                Stage::Refuse(mut incoming) => {
                    let fault = refused(&mut incoming).await;
                    self.fail(fault);
                }
                Stage::Read(incoming, reader) => self.read(incoming, reader).await,
            }
        }
    }

    fn open(&mut self, incoming: Incoming) {
        let headers = &incoming.headers;
        let request_id = headers.request_id().map(|id| self.redact.text(&id));
        self.ready.push_back(Ok(WireEvent::Headers { status: incoming.status, request_id }));
        self.ready.extend(headers.exhausted().map(|wait| Ok(WireEvent::Exhausted(wait))));
        if incoming.status == 204 {
            self.fail(empty());
        } else if (200..300).contains(&incoming.status) {
            let reader = Reader::new(self.kind, headers.media_type());
            self.stage = Stage::Read(Box::new(incoming), Box::new(reader));
        } else {
            self.stage = Stage::Refuse(Box::new(incoming));
        }
    }

    async fn read(&mut self, mut incoming: Box<Incoming>, mut reader: Box<Reader>) {
        let mut told = Vec::new();
        let (outcome, over) = match incoming.chunk().await {
            Ok(Some(bytes)) => (reader.push(&bytes, &mut told), false),
            Ok(None) => (reader.finish(&mut told), true),
            Err(fault) => (reader.broke_off(fault, &mut told), true),
        };
        if told.is_empty() && !over {
            told.push(WireEvent::Alive);
        }
        self.redact.events(told, &mut self.ready);
        match outcome {
            Err(mut fault) => {
                classify::hints(&mut fault, &incoming.headers);
                self.fail(fault);
            }
            Ok(()) if over || reader.ended() => {}
            Ok(()) => self.stage = Stage::Read(incoming, reader),
        }
    }

    fn fail(&mut self, fault: Fault) {
        self.redact.rest(&mut self.ready);
        self.ready.push_back(Err(self.redact.fault(fault)));
    }
}
