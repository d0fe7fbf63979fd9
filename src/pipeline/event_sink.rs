//! The stream of a run's events: the run itself is a future inside it, so dropping one drops the other.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use futures_util::Stream;
use tokio::sync::{Notify, watch};

use crate::pipeline::TimedEvent;

/// What a run tells, in order. Nothing happens unless it is polled.
pub struct RunStream {
    driver: Option<Pin<Box<dyn Future<Output = TimedEvent> + Send>>>,
    slot: Slot,
    control: RunControl,
}

/// Room for one event: the run goes on when it has been taken.
type Slot = Arc<Mutex<Option<TimedEvent>>>;

impl RunStream {
    /// Makes the stream of a driver, whose result is the last event.
    pub(crate) fn new<F>(driver: impl FnOnce(EventSink) -> F) -> Self
    where
        F: Future<Output = TimedEvent> + Send + 'static,
    {
        let slot = Slot::default();
        let control = RunControl::new();
        let sink = EventSink { slot: Arc::clone(&slot), control: control.clone() };
        Self { driver: Some(Box::pin(driver(sink))), slot, control }
    }

    /// Returns a handle on the run that outlives the stream and can be used from anywhere.
    #[must_use]
    pub fn control(&self) -> RunControl {
        self.control.clone()
    }
}

impl Stream for RunStream {
    type Item = TimedEvent;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<TimedEvent>> {
        if let Some(event) = take(&self.slot) {
            return Poll::Ready(Some(event));
        }
        let Some(driver) = self.driver.as_mut() else {
            return Poll::Ready(None);
        };
        match driver.as_mut().poll(context) {
            Poll::Ready(last) => {
                self.driver = None;
                Poll::Ready(Some(last))
            }
            Poll::Pending => take(&self.slot).map_or(Poll::Pending, |event| Poll::Ready(Some(event))),
        }
    }
}

fn take(slot: &Slot) -> Option<TimedEvent> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// A hand on a run under way.
#[derive(Debug, Clone)]
pub struct RunControl {
    stop: Arc<watch::Sender<bool>>,
    hurry: Arc<Notify>,
}

impl RunControl {
    fn new() -> Self {
        Self { stop: Arc::new(watch::Sender::new(false)), hurry: Arc::new(Notify::new()) }
    }

    /// Stops the run: its connection closes and its stream ends as cancelled, the part that came kept.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Cuts the wait the run is in short, if it is in one.
    pub fn retry_now(&self) {
        self.hurry.notify_waiters();
    }
}

/// The run's end of the stream.
#[derive(Clone)]
pub(crate) struct EventSink {
    slot: Slot,
    control: RunControl,
}

impl EventSink {
    /// Makes one that nobody takes an event from: nothing may be sent.
    pub(crate) fn unwatched() -> Self {
        Self { slot: Slot::default(), control: RunControl::new() }
    }

    /// Hands an event over and waits until it has been taken.
    pub(crate) async fn send(&self, event: TimedEvent) {
        *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(event);
        std::future::poll_fn(|_| {
            // No waker is kept: whoever takes the event polls the run again.
            let taken = self.slot.lock().unwrap_or_else(PoisonError::into_inner).is_none();
            if taken { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Resolves once the run is stopped.
    pub(crate) async fn stopped(&self) {
        let mut stop = self.control.stop.subscribe();
        if stop.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until an instant; true if that was cut short.
    pub(crate) async fn wait_until(&self, instant: tokio::time::Instant) -> bool {
        tokio::select! {
            biased;
            () = self.control.hurry.notified() => true,
            () = tokio::time::sleep_until(instant) => false,
        }
    }
}
