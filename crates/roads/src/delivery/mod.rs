//! Hands a payroll file on: into a folder, by PUT or POST to an address, or by SFTP. Calls block.
//!
//! Invariants:
//! * Handing the same file on again changes nothing: in a folder it is the last one of its name, by number, with the same bytes. An address is
//!   told by the `Idempotency-Key` that it is the same.
//! * The last one of a name in a folder is the one that was handed on last, also where an earlier one has its bytes.
//! * Nobody sees half a file in a folder, and no file there is written over: one of the same name with other bytes stays, and the new one
//!   gets a number.
//! * What a receiver says is told without what opens its door.

// A shell: it owns files and connections.
#![allow(clippy::disallowed_methods)]

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Request, StatusCode};
use serde::{Deserialize, Serialize};

use crate::network::{checked_url, client, in_words};
use crate::secrets::Secrets;

mod sftp;

pub use sftp::{SftpPlace, SftpSecret, fingerprint, host_key, to_sftp};

/// Longest wait for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// Files of one name in a folder.
const MOST_NUMBERED: u32 = 1_000;
/// Answers to a request that is being answered elsewhere, or was before.
const MAY_BE_TAKEN: [StatusCode; 4] =
    [StatusCode::REQUEST_TIMEOUT, StatusCode::CONFLICT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS];
/// Characters of an answer's text that a receipt holds.
const RECEIPT_CHARS: usize = 120;

/// A file to be handed on.
#[derive(Clone, Copy, Debug)]
pub struct Parcel<'a> {
    /// Its name.
    pub name: &'a str,
    /// What is in it.
    pub bytes: &'a [u8],
    /// The key of the errand, the same for all of its attempts.
    pub key: &'a str,
}

/// Why a file was not taken, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// The receiver said so, or nothing was said to it.
    Certainly(String),
    /// It may have been taken all the same.
    Perhaps(String),
}

impl NotTaken {
    /// The words.
    pub fn why(&self) -> &str {
        match self {
            Self::Certainly(why) | Self::Perhaps(why) => why,
        }
    }
}

impl fmt::Display for NotTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.why())
    }
}

/// Puts a file into a folder; the receipt.
///
/// # Errors
/// What is in the way, in words.
pub fn into_folder(folder: &Path, parcel: Parcel<'_>) -> Result<String, String> {
    put_into(folder, parcel).map_err(|error| format!("the folder {} can't be written to: {error}", folder.display()))
}

fn put_into(folder: &Path, Parcel { name, bytes, .. }: Parcel<'_>) -> io::Result<String> {
    let mut last = 0;
    for entry in fs::read_dir(folder)? {
        last = entry?.file_name().to_str().and_then(|there| number_of(name, there)).unwrap_or_default().max(last);
    }
    if last > 0 {
        let path = folder.join(numbered_name(name, last));
        if fs::read(&path)? == bytes {
            return Ok(format!("{} is there", path.display()));
        }
    }
    if last >= MOST_NUMBERED {
        return Err(io::Error::other(too_many(name)));
    }
    let (path, beside) = (folder.join(numbered_name(name, last + 1)), folder.join(format!(".{name}.part")));
    let mut file = File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&beside, &path)?;
    // The name is on the disk as well before anybody is told.
    File::open(folder)?.sync_all()?;
    Ok(format!("{} was written", path.display()))
}

fn too_many(name: &str) -> String {
    format!("there are {MOST_NUMBERED} files named {name}; tidy it up")
}

/// `pay.csv`, `pay_2.csv`, `pay_3.csv`
fn numbered_name(name: &str, number: u32) -> String {
    match (number, name.rsplit_once('.')) {
        (1, _) => name.to_owned(),
        (_, Some((stem, end))) => format!("{stem}_{number}.{end}"),
        (_, None) => format!("{name}_{number}"),
    }
}

/// The number with which a file of a folder has a name; `None` for one of another name.
fn number_of(name: &str, there: &str) -> Option<u32> {
    if there == name {
        return Some(1);
    }
    let (stem, end) = name.rsplit_once('.').map_or((name, String::new()), |(stem, end)| (stem, format!(".{end}")));
    let number = there.strip_prefix(stem)?.strip_prefix('_')?.strip_suffix(end.as_str())?.parse().ok()?;
    // Of two ways to write a number one is ours, and what is beyond the last of ours is a year, say.
    (number <= MOST_NUMBERED && numbered_name(name, number) == there).then_some(number)
}

/// Looks whether an address may be one of a receiver.
///
/// # Errors
/// What is wrong with it, with the cure.
pub fn check_address(url: &str, allow_private: bool) -> Result<(), String> {
    checked_url(url, allow_private).map(drop)
}

/// How an address takes a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// By PUT, with the file's name after the address.
    #[default]
    Put,
    /// By POST to the address itself, with the file's name in `Content-Disposition`.
    Post,
}

/// Sends a file to an address; the receipt. TLS needs a process-wide rustls provider. Not within a
/// runtime.
///
/// # Errors
/// What is in the way, in words.
pub fn to_address(
    (verb, url): (Verb, &str),
    token: &str,
    allow_private: bool,
    parcel: Parcel<'_>,
) -> Result<String, NotTaken> {
    let (client, request) = request_of((verb, url), token, allow_private, parcel).map_err(NotTaken::Certainly)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| NotTaken::Certainly(format!("no client can be made: {error}")))?;
    runtime.block_on(async {
        let answer = client.execute(request).await.map_err(|error| match error.is_connect() {
            true => NotTaken::Certainly(in_words(error)),
            false => NotTaken::Perhaps(in_words(error)),
        })?;
        let status = answer.status();
        let text = answer.text().await.unwrap_or_default();
        let says = Secrets::new(url, [token]).said(&text, RECEIPT_CHARS);
        let receipt = if says.is_empty() { status.to_string() } else { format!("{status}: {says}") };
        match status {
            _ if status.is_success() => Ok(receipt),
            // What is on the way there is for nobody else's eyes.
            _ if status.is_redirection() => {
                Err(NotTaken::Perhaps(format!("the receiver has moved ({receipt}): give its new address")))
            }
            _ if status.is_client_error() && !MAY_BE_TAKEN.contains(&status) => {
                Err(NotTaken::Certainly(format!("the receiver refuses it: {receipt}")))
            }
            _ => Err(NotTaken::Perhaps(format!("the receiver refuses it: {receipt}"))),
        }
    })
}

/// The request that hands on a file, and who sends it.
fn request_of(
    (verb, url): (Verb, &str),
    token: &str,
    allow_private: bool,
    parcel: Parcel<'_>,
) -> Result<(Client, Request), String> {
    let mut url = checked_url(url, allow_private)?;
    let mut authorization = HeaderValue::try_from(format!("Bearer {token}"))
        .map_err(|_| "the token has characters that no header can carry; look at its file".to_owned())?;
    authorization.set_sensitive(true);
    if verb == Verb::Put {
        url.path_segments_mut()
            .map_err(|()| "the address takes no names after it; give another one".to_owned())?
            .pop_if_empty()
            .push(parcel.name);
    }
    let client = client(ANSWER_TIMEOUT, allow_private)?;
    let request = match verb {
        Verb::Put => client.put(url),
        Verb::Post => {
            let name: String = parcel.name.chars().map(|c| if c.is_ascii() { c } else { '_' }).collect();
            client.post(url).header(CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""))
        }
    };
    let request = request
        .header(CONTENT_TYPE, "application/octet-stream")
        .header(AUTHORIZATION, authorization)
        .header("idempotency-key", parcel.key)
        .body(parcel.bytes.to_vec())
        .build();
    Ok((client, request.map_err(in_words)?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const fn parcel(bytes: &[u8]) -> Parcel<'_> {
        Parcel { name: "pay.csv", bytes, key: "k" }
    }

    #[test]
    fn the_same_file_is_there_once_and_another_one_gets_a_number() {
        let folder = tempfile::tempdir().unwrap();
        let put = |bytes: &[u8]| into_folder(folder.path(), parcel(bytes)).unwrap();
        assert!(put(b"one").ends_with("pay.csv was written"));
        assert!(put(b"one").ends_with("pay.csv is there"));
        assert!(put(b"two").ends_with("pay_2.csv was written"));
        assert!(put(b"two").ends_with("pay_2.csv is there"));
        // What was there before the last one is handed on anew, and once.
        assert!(put(b"one").ends_with("pay_3.csv was written"));
        assert!(put(b"one").ends_with("pay_3.csv is there"));
        let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["pay.csv", "pay_2.csv", "pay_3.csv"], "and nothing half");
        // Whoever takes files away leaves a gap.
        fs::remove_file(folder.path().join("pay.csv")).unwrap();
        assert!(put(b"one").ends_with("pay_3.csv is there"));
        assert!(put(b"two").ends_with("pay_4.csv was written"));
    }

    #[test]
    fn a_file_with_a_number_is_told_from_one_of_another_name() {
        for (there, number) in [
            ("pay.csv", Some(1)),
            ("pay_2.csv", Some(2)),
            ("pay_1000.csv", Some(1_000)),
            ("pay_1.csv", None),
            ("pay_02.csv", None),
            ("pay_+2.csv", None),
            ("pay_2026.csv", None),
            ("pay_2.txt", None),
            ("payroll_2.csv", None),
            (".pay.csv.part", None),
        ] {
            assert_eq!(number_of("pay.csv", there), number, "{there}");
        }
        assert_eq!((number_of("pay", "pay_2"), number_of("pay", "pay_2.csv")), (Some(2), None));
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = into_folder(Path::new("/no/such/folder"), parcel(b"")).unwrap_err();
        assert!(error.contains("/no/such/folder can't be written to"), "{error}");
    }
}
