//! Photos that terminals take at a punch: `table=ATTPHOTO` (adms 6.4). They are personal data: acknowledge, and drop.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::time::CivilTime;
use crate::{line, text};

/// One photo. `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Photo<'a> {
    /// Its name. It comes from the device: never use it as a path; [`PhotoName::read`] tells what it says.
    pub name: &'a [u8],
    /// The serial in the header, which may differ from that of the request.
    pub serial: &'a [u8],
    /// The number of bytes that the header claims; the true one is that of `data`.
    pub claimed_size: Option<u64>,
    /// True for a photo that was sent at once (`CMD=realupload`).
    pub is_realtime: bool,
    /// The JPEG, as far as it arrived; base64 of it when the server asked for that (`ATTPHOTOBase64`).
    pub data: &'a [u8],
}

impl<'a> Photo<'a> {
    /// Reads a body: header lines, a NUL, the JPEG. `None` when there is no NUL, and so no header.
    pub fn read(body: &'a [u8]) -> Option<Self> {
        let (header, data) = text::split_once(body, 0)?;
        let mut photo = Self { name: &[], serial: &[], claimed_size: None, is_realtime: false, data };
        for pair in line::lines(header) {
            let Some((key, value)) = text::split_once(pair, b'=') else { continue };
            let is = |name: &str| text::trim(key).eq_ignore_ascii_case(name.as_bytes());
            let value = text::trim(value);
            if is("PIN") {
                photo.name = value;
            } else if is("SN") {
                photo.serial = value;
            } else if is("size") {
                photo.claimed_size = text::number(value);
            } else if is("CMD") {
                photo.is_realtime = value.eq_ignore_ascii_case(b"realupload");
            }
        }
        Some(photo)
    }

    /// The JPEG of a photo that came in base64; `None` when it is none.
    pub fn decoded(&self) -> Option<Vec<u8>> {
        STANDARD.decode(text::trim(self.data)).ok()
    }
}

impl fmt::Debug for Photo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Photo")
            .field("name", &text::decode(self.name))
            .field("bytes", &self.data.len())
            .finish_non_exhaustive()
    }
}

/// What the name of a photo says: `20240707012901-7.jpg`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhotoName<'a> {
    /// When it was taken, on the terminal's face.
    pub time: CivilTime,
    /// The user's number; `None` when nobody was recognised.
    pub pin: Option<&'a str>,
    /// On terminals for identity cards: 0 attendance, 1 failed, 2 on the black list, 3 verified, 4 verification failed.
    pub kind: Option<u8>,
}

impl<'a> PhotoName<'a> {
    /// Reads a name; `None` for one of another form.
    pub fn read(name: &'a str) -> Option<Self> {
        let stem = name.trim().strip_suffix(".jpg").unwrap_or(name.trim());
        let mut parts = stem.split('-');
        let time = compact_time(parts.next()?)?;
        let parts: Vec<&str> = parts.collect();
        match parts[..] {
            [] => Some(Self { time, pin: None, kind: None }),
            [pin] => Some(Self { time, pin: Some(pin), kind: None }),
            // time-kind-pin-idnumber; the number of the identity card is left alone.
            [kind, pin, _] => Some(Self { time, pin: Some(pin), kind: Some(kind.parse().ok()?) }),
            _ => None,
        }
        .map(|name| Self { pin: name.pin.filter(|pin| !pin.is_empty()), ..name })
    }
}

/// `YYYYMMDDhhmmss`.
fn compact_time(digits: &str) -> Option<CivilTime> {
    if digits.len() != 14 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let two = |at: usize| digits.get(at..at + 2)?.parse().ok();
    let time = CivilTime {
        year: digits.get(..4)?.parse().ok()?,
        month: two(4)?,
        day: two(6)?,
        hour: two(8)?,
        minute: two(10)?,
        second: two(12)?,
    };
    time.exists().then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_nul_ends_the_header_whatever_size_it_claims() {
        let body = b"PIN=20240707012901-7.jpg\nSN=X903\nsize=999\nCMD=uploadphoto\0\xff\xd8\0\xff\n\0PIN=x";
        let photo = Photo::read(body).unwrap();
        assert_eq!(
            (photo.name, photo.serial, photo.claimed_size),
            (&b"20240707012901-7.jpg"[..], &b"X903"[..], Some(999))
        );
        assert_eq!(photo.data, b"\xff\xd8\0\xff\n\0PIN=x");
        assert!(!photo.is_realtime);
        assert!(Photo::read(b"PIN=1.jpg\r\nCMD=realupload\r\n\0").unwrap().is_realtime);
        assert_eq!(Photo::read(b"PIN=1.jpg\nsize=4\n"), None);
    }

    #[test]
    fn a_photo_in_base64_is_decoded_and_another_is_not() {
        let photo = |data: &'static [u8]| Photo::read(data).unwrap().decoded();
        assert_eq!(photo(b"PIN=1.jpg\n\0/9g=\n"), Some(vec![0xff, 0xd8]));
        assert_eq!(photo(b"PIN=1.jpg\n\0\xff\xd8"), None);
    }

    #[test]
    fn a_name_tells_when_and_who() {
        let read = |name| PhotoName::read(name).map(|name| (name.time.to_string(), name.pin, name.kind));
        assert_eq!(read("20240707012901-7.jpg"), Some(("2024-07-07 01:29:01".into(), Some("7"), None)));
        assert_eq!(read("20240707012901.jpg"), Some(("2024-07-07 01:29:01".into(), None, None)));
        assert_eq!(read("20240707012901-2-7-123456.jpg"), Some(("2024-07-07 01:29:01".into(), Some("7"), Some(2))));
        assert_eq!(read("../../etc/passwd"), None);
        assert_eq!(read("20241307012901-7.jpg"), None);
        assert_eq!(read("2024070701290é-7.jpg"), None);
    }
}
