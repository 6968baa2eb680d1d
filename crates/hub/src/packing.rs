//! What the store keeps packed: files, reports, answers.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use crate::Error;

/// Packs what is written to it. The fastest level: rows resemble each other so much that the better ones save little more.
pub(crate) fn packer() -> GzEncoder<Vec<u8>> {
    GzEncoder::new(Vec::new(), Compression::fast())
}

/// Bytes, packed.
pub(crate) fn pack(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let mut packer = packer();
    packer.write_all(bytes)?;
    Ok(packer.finish()?)
}

/// What was packed.
pub(crate) fn opened(packed: &[u8]) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let read = GzDecoder::new(packed).read_to_end(&mut bytes);
    read.map_err(|error| Error::Damaged { what: "packed file", detail: error.to_string() })?;
    Ok(bytes)
}
