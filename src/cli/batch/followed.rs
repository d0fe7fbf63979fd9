//! A batch that is part of a command and has no progress of its own: its cells are taken in until the end.

use std::sync::Arc;

use futures_util::StreamExt as _;

use crate::{
    cli::{Stopped, interrupts::Interrupts},
    model::{DatasetRow, Outcome, batch::Cell},
    pipeline::batch::{BatchEnd, BatchEvent, BatchStream},
};

/// Takes in what is asked now, cell by cell, also what could not be recorded. Ctrl-c stops it and keeps what came, a second
/// one does not wait; a cap ends it once what is under way has ended.
pub(crate) async fn followed(
    mut stream: BatchStream,
    interrupts: &mut Interrupts,
    mut take: impl FnMut(Box<Cell>, Box<Outcome>, Arc<DatasetRow>),
) -> Result<BatchEnd, Stopped> {
    let control = stream.control();
    let mut stopping = false;
    loop {
        tokio::select! {
            event = stream.next() => match event {
                None => return Err(Stopped::Other("the batch ended without an end; please report this".to_owned())),
                Some(BatchEvent::Cell { cell, outcome, row } | BatchEvent::Unrecorded { cell, outcome, row }) => {
                    take(cell, outcome, row);
                }
                Some(BatchEvent::Paused { cap: Some(_), .. }) => control.drain(),
                Some(BatchEvent::Ended { end }) => return Ok(end),
                Some(
                    BatchEvent::Started { .. }
                    | BatchEvent::Reused { .. }
                    | BatchEvent::Rows { .. }
                    | BatchEvent::Paused { .. }
                    | BatchEvent::Resumed,
                ) => {}
            },
            _ = interrupts.recv() => {
                if std::mem::replace(&mut stopping, true) {
                    return Ok(BatchEnd::Stopped);
                }
                control.stop();
            }
        }
    }
}
