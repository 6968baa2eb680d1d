//! The keys of terminals: the communication key, which a terminal asks for on port 4370, and the push key, which it shows when it
//! pushes.
//!
//! Both are sealed in the database as all secrets are ([`crate::secrets`]), so that every hub that has the key file can tell them to an
//! edge. An older version remembered the names of files instead. Such a file is read where it lies, until a hub that can read it seals
//! what it holds ([`Hub::seal_key_files`]).

use std::fmt;

use jiff::Timestamp;
use store::Write;
use store::terminals::{SealedKeys, Terminal, comm_key_place, push_key_place};

use crate::registry::NewTerminal;
use crate::secrets::{open, seal};
use crate::{Actor, Error, Hub};

/// The largest communication key that a terminal's menu takes.
const LARGEST_COMM_KEY: u32 = 999_999;

/// A key of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TerminalKey {
    /// What it asks for on port 4370.
    Communication,
    /// What it shows when it pushes.
    Push,
}

impl TerminalKey {
    const ALL: [Self; 2] = [Self::Communication, Self::Push];

    /// What to do when it can't be read from the file of an older version.
    fn cure(self, terminal: &Terminal) -> String {
        let flag = match self {
            Self::Communication => "--comm-key-file",
            Self::Push => "--push-key-file",
        };
        let Terminal { name, serial, .. } = terminal;
        format!("give it again with `punchclock terminal add {name} --serial {serial} {flag} F`")
    }

    fn place(self, serial: &str) -> String {
        match self {
            Self::Communication => comm_key_place(serial),
            Self::Push => push_key_place(serial),
        }
    }

    fn given(self, new: &NewTerminal) -> Option<&str> {
        match self {
            Self::Communication => new.comm_key.as_deref(),
            Self::Push => new.push_key.as_deref(),
        }
    }

    /// The file that an older version remembered.
    fn file(self, terminal: &Terminal) -> Option<&str> {
        match self {
            Self::Communication => terminal.comm_key_file.as_deref(),
            Self::Push => terminal.push_key_file.as_deref(),
        }
    }

    fn forget_file(self, terminal: &mut Terminal) {
        match self {
            Self::Communication => terminal.comm_key_file = None,
            Self::Push => terminal.push_key_file = None,
        }
    }

    /// Refuses what can't be this key of a terminal.
    fn check(self, serial: &str, plain: &str) -> Result<(), Error> {
        let (is_right, must) = match self {
            Self::Communication => (
                plain.parse().is_ok_and(|key: u32| key <= LARGEST_COMM_KEY),
                "give the number from 0 to 999999 that it shows under Comm > Connection",
            ),
            Self::Push => (
                !plain.contains(|c: char| c.is_whitespace() || c.is_control()),
                "give one word, as it is entered on the terminal",
            ),
        };
        if is_right { Ok(()) } else { Err(Error::invalid(format!("this is no {self} of terminal {serial}"), must)) }
    }

    /// The key in a file of an older version; `None` when it can't be read or holds none.
    fn in_file(self, file: &str) -> Option<String> {
        let text = std::fs::read_to_string(file).ok()?;
        let key = text.trim();
        let is_key = match self {
            Self::Communication => key.parse::<u32>().is_ok(),
            Self::Push => !key.is_empty(),
        };
        is_key.then(|| key.to_owned())
    }
}

impl fmt::Display for TerminalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Communication => "communication key",
            Self::Push => "push key",
        })
    }
}

/// A file with a key of a terminal, as an older version remembered it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFile {
    /// Serial of the terminal.
    pub serial: String,
    /// Name of the terminal.
    pub name: String,
    /// Which key.
    pub key: TerminalKey,
    /// The file.
    pub file: String,
    /// It can be read here, and holds a key.
    pub is_readable: bool,
    /// What to do when it can't.
    pub cure: String,
}

/// The keys of a terminal as an edge is told them.
#[derive(Default)]
pub(crate) struct OpenKeys {
    pub(crate) comm: Option<u32>,
    /// Empty when it can't be read from an older version's file: nobody is admitted then.
    pub(crate) push: Option<String>,
}

impl Hub {
    /// Seals the keys that were given, and drops those that were taken away.
    pub(crate) fn take_keys(
        &self,
        write: &Write<'_>,
        actor: &Actor,
        (serial, before): (&str, Option<&Terminal>),
        new: &NewTerminal,
        now: Timestamp,
    ) -> Result<(), Error> {
        for key in TerminalKey::ALL {
            let deed = match key.given(new) {
                None => continue,
                Some("") => {
                    let was_in_file = before.is_some_and(|before| key.file(before).is_some());
                    if !write.drop_secret(&key.place(serial))? && !was_in_file {
                        continue;
                    }
                    "taken away"
                }
                Some(plain) => {
                    key.check(serial, plain)?;
                    self.keep_secret(write, &key.place(serial), plain, now)?;
                    "sealed"
                }
            };
            write.audit(&actor.entry(now, "terminal.key", serial, format!("{key} {deed}")))?;
        }
        Ok(())
    }

    /// The keys of terminals. A communication key in a file that can't be read is none, and the reading then tells of the wrong key.
    pub(crate) fn open_keys(&self, terminals: &[(Terminal, SealedKeys)]) -> Result<Vec<OpenKeys>, Error> {
        let has_any = terminals.iter().any(|(_, sealed)| sealed.comm.is_some() || sealed.push.is_some());
        // Of no use to whoever asks, so it is no refusal: it belongs into the log.
        let as_fault = |error: Error| Error::Key(error.to_string());
        let opening_key = if has_any { Some(self.opening_key().map_err(as_fault)?) } else { None };
        let one = |(terminal, sealed): &(Terminal, SealedKeys)| {
            let plain = |key: TerminalKey, sealed: &Option<Vec<u8>>| match (&opening_key, sealed) {
                (Some(opening_key), Some(sealed)) => {
                    open(opening_key, &key.place(&terminal.serial), sealed).map(Some).map_err(as_fault)
                }
                _ => Ok(key.file(terminal).map(|file| key.in_file(file).unwrap_or_default())),
            };
            Ok(OpenKeys {
                comm: plain(TerminalKey::Communication, &sealed.comm)?.and_then(|key| key.parse().ok()),
                push: plain(TerminalKey::Push, &sealed.push)?,
            })
        };
        terminals.iter().map(one).collect()
    }

    /// The communication key of a terminal, if it has one, for whoever talks to it.
    ///
    /// # Errors
    /// [`Error::Invalid`] or [`Error::Key`], with the cure, when it can't be read.
    pub fn comm_key(&self, serial: &str) -> Result<Option<u32>, Error> {
        let key = TerminalKey::Communication;
        self.store.read(|read| {
            let place = key.place(serial);
            if let Some(plain) = self.secret(read, &place)? {
                return Ok(plain.parse().ok());
            }
            let Some(terminal) = read.terminal(serial)? else { return Ok(None) };
            let Some(file) = key.file(&terminal) else { return Ok(None) };
            let plain = key.in_file(file).ok_or_else(|| {
                let what = format!("the {key} of terminal {serial} can't be read from the file {file}");
                Error::invalid(what, key.cure(&terminal))
            })?;
            Ok(plain.parse().ok())
        })
    }

    /// The files in which an older version left keys of terminals, and whether they can be read here.
    ///
    /// # Errors
    /// Of the store.
    pub fn key_files(&self) -> Result<Vec<KeyFile>, Error> {
        let mut files = Vec::new();
        for (terminal, _) in self.store.read(|read| read.terminals())? {
            for key in TerminalKey::ALL {
                let Some(file) = key.file(&terminal) else { continue };
                files.push(KeyFile {
                    serial: terminal.serial.clone(),
                    name: terminal.name.clone(),
                    key,
                    file: file.to_owned(),
                    is_readable: key.in_file(file).is_some(),
                    cure: key.cure(&terminal),
                });
            }
        }
        Ok(files)
    }

    /// Seals the keys in files of an older version that can be read here, and forgets the files; which they were.
    ///
    /// # Errors
    /// [`Error::Invalid`] or [`Error::Key`], with the cure, when nothing can be sealed: they are read from their files as before.
    pub fn seal_key_files(&self, actor: &Actor, now: Timestamp) -> Result<Vec<KeyFile>, Error> {
        let files = self.key_files()?;
        if !files.iter().any(|file| file.is_readable) {
            return Ok(Vec::new());
        }
        self.store.write(|write| {
            let sealing_key = self.sealing_key(write)?;
            let mut sealed = Vec::new();
            for found in &files {
                let KeyFile { serial, key, file, .. } = found;
                // Another hub, or a person, may have been quicker.
                let Some(mut terminal) = write.terminal(serial)? else { continue };
                let Some(plain) =
                    key.file(&terminal).filter(|known| *known == file.as_str()).and_then(|file| key.in_file(file))
                else {
                    continue;
                };
                seal(write, &sealing_key, &key.place(serial), &plain, now)?;
                key.forget_file(&mut terminal);
                write.put_terminal(&terminal)?;
                let detail = format!("{key} sealed; it was read from {file}");
                write.audit(&actor.entry(now, "terminal.key", serial, detail))?;
                sealed.push(found.clone());
            }
            Ok(sealed)
        })
    }
}
