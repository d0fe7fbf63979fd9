//! The files of a run's messages, read before anything is asked for: away from the threads of the runs, within bounds.

use tokio::time::timeout_at;

use crate::{
    model::{
        Attachment, CallError, Message,
        attachment::{AttachmentData, MOST_BYTES, MOST_BYTES_IN_ALL, MOST_PARTS},
        settings::byte_size,
    },
    pipeline::{
        ports::{PartFile, ReadPart},
        prepare::parts::wrong,
        run::RunContext,
    },
};

impl RunContext {
    /// Reads what is unread, in order; what a person should know of it. One file that is not sent keeps all from being.
    pub(crate) async fn read_parts(&self, messages: &mut [Message]) -> Result<Vec<String>, CallError> {
        let count = messages.iter().map(|message| message.attachments.len()).sum::<usize>();
        if count > MOST_PARTS {
            return Err(wrong(format!("{count} files go with the messages, and {MOST_PARTS} are sent at most")));
        }
        let (mut notices, mut left) = (Vec::new(), MOST_BYTES_IN_ALL);
        for attachment in messages.iter_mut().flat_map(|message| &mut message.attachments) {
            if let AttachmentData::Unread { path, whose } = &attachment.data {
                let file = PartFile {
                    part: attachment.part(),
                    path: path.clone(),
                    whose: *whose,
                    prompt_name: self.request.prompt_name.clone(),
                    folders: self.request.folders.clone(),
                    most: MOST_BYTES,
                };
                let read = timeout_at(self.deadline, self.shared.ports.parts.read(file));
                let ReadPart { attachment: read, notice } =
                    read.await.map_err(|_elapsed| self.late())?.map_err(wrong)?;
                notices.extend(notice);
                *attachment = read;
            }
            left = left.checked_sub(attachment.size()).ok_or_else(|| too_many(attachment))?;
        }
        Ok(notices)
    }
}

fn too_many(last: &Attachment) -> CallError {
    let most = byte_size(MOST_BYTES_IN_ALL);
    wrong(format!("with {} the files of the request are larger than {most}, as much as is sent at once", last.name))
}
