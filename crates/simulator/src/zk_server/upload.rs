//! What a client uploads: announced, sent in parts, summed up, and then stored by another command (zk 6.3, 8).

use zk::record::template::{TemplateHeader, TemplateKey};
use zk::{Code, Packet, UserLayout, checksum};

use super::commands::u32_of;
use super::conversation::{Answer, Conversation};
use crate::terminal::Template;

/// Largest upload that is taken.
const MAX_UPLOAD_BYTES: usize = 16 << 20;
/// A user in an upload of users and templates: the record, with a byte in front (zk 7.2).
const UPLOADED_USER_BYTES: usize = 73;
/// An entry of its table of templates: 2, slot, 0x10 + finger, offset.
const TABLE_ENTRY_BYTES: usize = 8;

/// An upload on its way.
#[derive(Debug)]
pub(super) struct Upload {
    announced: usize,
    bytes: Vec<u8>,
}

impl Conversation {
    pub(super) fn begin_upload(&mut self, request: &Packet) -> Answer {
        let announced = u32_of(&request.data).map(|size| size as usize).filter(|size| *size <= MAX_UPLOAD_BYTES);
        self.upload = announced.map(|announced| Upload { announced, bytes: Vec::new() });
        self.acknowledge(request, announced.is_some())
    }

    /// More than was announced is no part of it.
    pub(super) fn take_upload(&mut self, request: &Packet) -> Answer {
        let upload = self.upload.as_mut().filter(|upload| upload.bytes.len() + request.data.len() <= upload.announced);
        let is_taken = upload.is_some();
        if let Some(upload) = upload {
            upload.bytes.extend_from_slice(&request.data);
        }
        self.acknowledge(request, is_taken)
    }

    /// How terminals sum is not known; clients only wait for the answer.
    pub(super) fn sum_upload(&self, request: &Packet) -> Answer {
        match &self.upload {
            Some(upload) => {
                let sum = u32::from(checksum(&upload.bytes));
                self.reply(request, Code::ACK_OK, sum.to_le_bytes())
            }
            None => self.acknowledge(request, false),
        }
    }

    /// Stores the upload as one template.
    pub(super) fn write_template(&mut self, request: &Packet) -> Answer {
        let header = TemplateHeader::parse_write(&request.data);
        let written = header.zip(self.whole_upload()).is_some_and(|(header, bytes)| {
            bytes.len() == usize::from(header.size)
                && self.terminal.write_template(header.key, Template { flag: header.flag, bytes })
        });
        self.acknowledge(request, written)
    }

    /// Stores the upload as users and their templates.
    pub(super) fn write_templates(&mut self, request: &Packet) -> Answer {
        let written = self.whole_upload().is_some_and(|bytes| self.store_people(&bytes).is_some());
        self.acknowledge(request, written)
    }

    /// The upload, if all of it is there.
    fn whole_upload(&mut self) -> Option<Vec<u8>> {
        self.upload.take_if(|upload| upload.bytes.len() == upload.announced).map(|upload| upload.bytes)
    }

    /// Three lengths, then users, table and templates.
    fn store_people(&self, bytes: &[u8]) -> Option<()> {
        let length = |at: usize| Some(u32_of(bytes.get(at..)?)? as usize);
        let (users_bytes, table_bytes) = (length(0)?, length(4)?);
        let (users, rest) = bytes.get(12..)?.split_at_checked(users_bytes)?;
        let (table, templates) = rest.split_at_checked(table_bytes)?;
        for user in users.chunks_exact(UPLOADED_USER_BYTES) {
            self.terminal.write_user(UserLayout::Long.decode(user.get(1..)?)?).ok()?;
        }
        for entry in table.chunks_exact(TABLE_ENTRY_BYTES) {
            let key = TemplateKey::parse(entry.get(1..)?)?;
            let at = u32_of(entry.get(4..)?)? as usize;
            let size = u16::from_le_bytes(*templates.get(at..)?.first_chunk()?);
            let bytes = templates.get(at + 2..)?.get(..usize::from(size))?.to_vec();
            let key = TemplateKey { finger: key.finger & 0x0F, ..key };
            self.terminal.write_template(key, Template { flag: 1, bytes }).then_some(())?;
        }
        Some(())
    }
}
