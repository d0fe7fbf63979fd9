//! Responses as hyper sends them, and the bodies of requests as they are read.

use std::{
    convert::Infallible,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::{Stream, stream};
use hyper::{
    Response,
    body::{Body, Frame, Incoming, SizeHint},
    header::{CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, HeaderValue},
    http::request::Parts,
};
use serde_json::Value;
use tokio::sync::OwnedSemaphorePermit;

use crate::{
    model::Wire,
    serve::{
        answering::{AnswerStart, Answering, refusal_headers},
        console::WatchedCall,
        refusal::ServeRefusal,
    },
};

/// A body: all of it, or pieces as they come.
pub(crate) enum ReplyBody {
    Whole(Option<Bytes>),
    Pieces(Pin<Box<dyn Stream<Item = Bytes> + Send>>),
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Self::Whole(bytes) => {
                Poll::Ready(bytes.take().filter(|bytes| !bytes.is_empty()).map(|bytes| Ok(Frame::data(bytes))))
            }
            Self::Pieces(pieces) => {
                pieces.as_mut().poll_next(context).map(|piece| piece.map(|bytes| Ok(Frame::data(bytes))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(bytes) if bytes.as_ref().is_none_or(Bytes::is_empty))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Pieces(_) => SizeHint::default(),
        }
    }
}

/// Makes a response. What a header cannot hold of what a provider sent is left out.
pub(crate) fn response(status: u16, headers: &[(String, String)], body: ReplyBody) -> Response<ReplyBody> {
    let mut response = Response::new(body);
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or(hyper::StatusCode::BAD_GATEWAY);
    for (name, value) in headers {
        let name = hyper::header::HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    // Nothing here is a page, whatever a browser takes it for.
    response.headers_mut().insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    response
}

pub(crate) fn text(status: u16, kind: &str, text: &str) -> Response<ReplyBody> {
    let headers = [("content-type".to_owned(), kind.to_owned())];
    response(status, &headers, ReplyBody::Whole(Some(text.to_owned().into())))
}

pub(crate) fn json(status: u16, value: &Value) -> Response<ReplyBody> {
    text(status, "application/json", &value.to_string())
}

/// Makes that of a refusal; `close` ends the connection after it.
pub(crate) fn refused(refusal: &ServeRefusal, wire: Wire, close: bool) -> Response<ReplyBody> {
    let body = refusal.body(wire).to_string();
    let mut response = response(refusal.status, &refusal_headers(refusal), ReplyBody::Whole(Some(body.into())));
    if close {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Makes that of an answer, once it is decided what it is. Dropping the response stops the run; its place is free when
/// all was sent.
pub(crate) async fn answering(
    mut answering: Answering,
    permit: OwnedSemaphorePermit,
    watched: Option<WatchedCall>,
) -> Response<ReplyBody> {
    let AnswerStart { status, headers, body } = answering.start().await;
    if let Some(body) = body {
        if let Some(call) = &watched {
            call.answered(&body);
        }
        return response(status, &headers, ReplyBody::Whole(Some(body)));
    }
    let pieces = stream::unfold((answering, permit, watched), |(mut answering, permit, watched)| async move {
        let piece = answering.next().await?;
        if let Some(call) = &watched {
            call.answered(&piece);
        }
        Some((piece, (answering, permit, watched)))
    });
    response(status, &headers, ReplyBody::Pieces(Box::pin(pieces)))
}

/// Reads the body of a request, of so many bytes at most.
pub(crate) async fn read(parts: &Parts, mut body: Incoming, most: u64) -> Result<Bytes, ServeRefusal> {
    let too_large = || ServeRefusal::new(413, format!("the body is longer than {most} bytes, as much as is taken"));
    if parts.headers.get_all(CONTENT_ENCODING).iter().any(|encoding| encoding != "identity") {
        return Err(ServeRefusal::new(415, "a body is sent as it is, without a `Content-Encoding`"));
    }
    let length = parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > most) {
        return Err(too_large());
    }
    let mut read = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(|_broken| ServeRefusal::new(400, "the body broke off"))?;
        if let Ok(data) = frame.into_data() {
            read.extend_from_slice(&data);
        }
        if read.len() as u64 > most {
            return Err(too_large());
        }
    }
    Ok(read.into())
}
