//! The bytes of a call: JSON, packed with gzip where that pays.
//!
//! A hub says that it unpacks by the header `Accept-Encoding: gzip` of its answers (RFC 9110, 12.5.3). An edge sends plain JSON
//! until it has seen one, so that it is understood by a hub of any age.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

/// The name of the coding, for `Content-Encoding` and `Accept-Encoding`.
pub const GZIP: &str = "gzip";
/// A shorter body is sent as it is: packing would save less than a packet.
const WORTH_BYTES: usize = 1400;

/// Why a packed body can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unpackable {
    /// It is damaged, or no gzip.
    #[error("the body is no gzip, or was damaged on the way; send it again")]
    Damaged,
    /// It holds more than is taken.
    #[error("the body holds more than {most_bytes} bytes; send less at once")]
    TooLarge {
        /// The limit.
        most_bytes: usize,
    },
}

/// The packed body, when packing pays.
pub fn pack(plain: &[u8]) -> Option<Vec<u8>> {
    if plain.len() < WORTH_BYTES {
        return None;
    }
    // The fastest level: punches resemble each other so much that the better ones save little more.
    let mut packer = GzEncoder::new(Vec::with_capacity(plain.len() / 4), Compression::fast());
    packer.write_all(plain).ok()?;
    packer.finish().ok().filter(|packed| packed.len() < plain.len())
}

/// The plain body again, of `most_bytes` at most: what unpacks to more is given up there, however small it came.
///
/// # Errors
/// [`Unpackable`].
pub fn unpack(packed: &[u8], most_bytes: usize) -> Result<Vec<u8>, Unpackable> {
    let limit = u64::try_from(most_bytes).unwrap_or(u64::MAX);
    let mut plain = Vec::new();
    let read = GzDecoder::new(packed).take(limit.saturating_add(1)).read_to_end(&mut plain);
    read.map_err(|_| Unpackable::Damaged)?;
    if plain.len() > most_bytes {
        return Err(Unpackable::TooLarge { most_bytes });
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_comes_back_as_it_was_and_a_short_one_is_not_packed() {
        let plain = br#"{"seq":1,"kind":"punch","origin":"A1"}"#.repeat(500);
        let packed = pack(&plain).unwrap();
        assert!(packed.len() * 10 < plain.len(), "{} of {}", packed.len(), plain.len());
        assert_eq!(unpack(&packed, plain.len()).unwrap(), plain);
        assert_eq!(pack(b"{}"), None);
    }

    #[test]
    fn a_body_that_unpacks_to_more_is_given_up_at_the_limit() {
        let packed = pack(&vec![b' '; 50 << 20]).unwrap();
        assert!(packed.len() < 1 << 20, "a small body that would fill the memory");
        assert_eq!(unpack(&packed, 1 << 20), Err(Unpackable::TooLarge { most_bytes: 1 << 20 }));
    }

    #[test]
    fn damage_is_told() {
        let packed = pack(&b"punch ".repeat(1000)).unwrap();
        assert_eq!(unpack(&packed[..packed.len() / 2], 1 << 20), Err(Unpackable::Damaged));
        assert_eq!(unpack(b"{}", 1 << 20), Err(Unpackable::Damaged));
    }
}
