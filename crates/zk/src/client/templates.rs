//! Fingerprints from terminal to terminal (zk 6.3, 8).

use std::fmt;

use super::device::LONGEST_TASK;
use super::{Client, unless_refused};
use crate::code::Code;
use crate::error::Error;
use crate::option;
use crate::record::template::TemplateKey;
use crate::record::user::UserTable;
use crate::template::{FINGERS, Template, TemplateEntry, decode_set};
use crate::transfer::{self, Table};

/// Bytes of one DATA packet of an upload (zk 6.3).
const UPLOAD_BYTES: usize = 1024;

/// What [`copy_templates`] did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Copied {
    /// Templates that the other terminal now has.
    pub templates: usize,
    /// Numbers that the terminal to read from does not know.
    pub unknown_at_source: Vec<String>,
    /// Numbers that the terminal to write to does not know: write the users first.
    pub unknown_at_target: Vec<String>,
    /// Numbers that both know, of which there is no finger to copy.
    pub without_template: Vec<String>,
}

/// A copy that failed, and where.
#[derive(Debug, thiserror::Error)]
#[error("the terminal to {side}: {error}")]
pub struct CopyFailed {
    /// Which terminal failed.
    pub side: Side,
    /// How.
    #[source]
    pub error: Error,
}

/// One of the two terminals of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The one that is read.
    Source,
    /// The one that is written.
    Target,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Side::Source => "read from",
            Side::Target => "write to",
        })
    }
}

impl Client {
    /// Reads one finger of the person in `slot`; `None` when it is not enrolled. A single read does not tell whether the finger is for
    /// duress.
    ///
    /// # Errors
    /// [`Error::Unfit`] for slot 0 and fingers above 9; else when the connection fails.
    pub async fn read_template(&mut self, slot: u16, finger: u8) -> Result<Option<Template>, Error> {
        check_place(slot, finger)?;
        let answer = self.fetch(Code::TEMPLATE_READ, TemplateKey { slot, finger }.encode()).await;
        Ok(unless_refused(answer)?.and_then(|answer| Template::of_answer(finger, answer)))
    }

    /// Writes a finger for the person in `slot`, who must be in the user table. The terminal is disabled meanwhile.
    ///
    /// # Errors
    /// [`Error::Unfit`] for slot 0; else when the terminal refuses (nobody in the slot, no room) or the connection fails.
    pub async fn write_template(&mut self, slot: u16, template: &Template) -> Result<(), Error> {
        let hold = self.hold(LONGEST_TASK).await?;
        let mut outcome = self.upload(slot, template).await;
        if outcome.is_ok() {
            outcome = self.refresh(Code::REFRESH_DATA).await;
        }
        self.release(hold).await;
        outcome
    }

    /// What one command brings in bulk.
    async fn fetch(&mut self, code: Code, data: Vec<u8>) -> Result<Vec<u8>, Error> {
        self.settle().await?;
        self.session.read_object(code, data, self.now());
        self.dataset().await
    }

    async fn upload(&mut self, slot: u16, template: &Template) -> Result<(), Error> {
        check_place(slot, template.finger())?;
        let header = template.header(slot)?;
        self.command(Code::PREPARE_DATA, transfer::upload_announcement(u32::from(header.size))).await?;
        for part in template.bytes().chunks(UPLOAD_BYTES) {
            self.command(Code::DATA, part.to_vec()).await?;
        }
        // How the terminal sums up is not public, so the sum proves nothing here; its own programs ask for it all the same.
        unless_refused(self.command(Code::CHECKSUM_BUFFER, Vec::new()).await)?;
        let stored = self.command(Code::TEMPLATE_WRITE, header.encode_write()).await;
        if !self.session.is_broken() {
            unless_refused(self.command(Code::FREE_DATA, Vec::new()).await)?;
        }
        stored.map(|_| ())
    }

    /// The templates of those people in `table` whose number is wanted, by number. The set of all is read, because it alone tells
    /// their exact size and flag.
    async fn templates_of(&mut self, wanted: &[String]) -> Result<(UserTable, Vec<TemplateEntry>), Error> {
        let hold = self.hold(LONGEST_TASK).await?;
        let outcome = self.templates_held(wanted).await;
        self.release(hold).await;
        outcome
    }

    async fn templates_held(&mut self, wanted: &[String]) -> Result<(UserTable, Vec<TemplateEntry>), Error> {
        let table = self.user_table().await?;
        let (dataset, _) = self.read_held(Table::Templates).await?;
        let is_wanted = |slot| table.users.iter().any(|user| user.slot == slot && wanted.contains(&user.number));
        let entries = decode_set(dataset, is_wanted)?;
        Ok((table, entries))
    }

    async fn write_templates(
        &mut self,
        wanted: &[String],
        source: &UserTable,
        entries: &[TemplateEntry],
    ) -> Result<Copied, Error> {
        let target = self.user_table().await?;
        let mut copied = Copied::default();
        for number in wanted {
            let (from, to) = (source.slot_of(number), target.slot_of(number));
            match (from, to) {
                (None, _) => copied.unknown_at_source.push(number.clone()),
                (_, None) => copied.unknown_at_target.push(number.clone()),
                (Some(from), Some(to)) => {
                    let mut fingers = entries.iter().filter(|entry| entry.slot == from).peekable();
                    if fingers.peek().is_none() {
                        copied.without_template.push(number.clone());
                    }
                    for entry in fingers {
                        self.upload(to, &entry.template).await?;
                        copied.templates += 1;
                    }
                }
            }
        }
        if copied.templates > 0 {
            self.refresh(Code::REFRESH_DATA).await?;
        }
        Ok(copied)
    }
}

/// Copies all fingers of the people with these user numbers from one terminal to another, who are matched by number: slots
/// differ from terminal to terminal. Whoever must be on both, so write the users first. Fingers that the target has already are
/// replaced.
///
/// # Errors
/// [`Error::Unfit`] when the terminals use different finger algorithms, whose templates do not understand each other; else
/// as the connection to either has it. Fingers copied before a failure stay.
pub async fn copy_templates(from: &mut Client, to: &mut Client, numbers: &[String]) -> Result<Copied, CopyFailed> {
    let at = |side: Side| move |error: Error| CopyFailed { side, error };
    let theirs = from.option(option::FINGER_ALGORITHM).await.map_err(at(Side::Source))?;
    let ours = to.option(option::FINGER_ALGORITHM).await.map_err(at(Side::Target))?;
    if let (Some(theirs), Some(ours)) = (theirs, ours)
        && theirs != ours
    {
        let what = format!("it uses finger algorithm {ours}, the other one {theirs}: enrol the fingers here");
        return Err(at(Side::Target)(Error::unfit(what)));
    }
    let (source, entries) = from.templates_of(numbers).await.map_err(at(Side::Source))?;
    let hold = to.hold(LONGEST_TASK).await.map_err(at(Side::Target))?;
    let outcome = to.write_templates(numbers, &source, &entries).await;
    to.release(hold).await;
    outcome.map_err(at(Side::Target))
}

fn check_place(slot: u16, finger: u8) -> Result<(), Error> {
    if slot == 0 || finger >= FINGERS {
        return Err(Error::unfit(format!(
            "there is no finger {finger} of slot {slot}; fingers are 0 to 9, slots from 1"
        )));
    }
    Ok(())
}
