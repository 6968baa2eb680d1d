//! What the store keeps packed: files and reports in parts, answers whole.
//!
//! Invariants:
//! * Each part is packed by itself, of as many plain bytes as any other but the last one: whoever packs the same bytes makes the same parts,
//!   so it does not matter who has written which of them.
//! * A part takes 1 MiB at most. Reading holds one of them.
//! * A part that is missing or broken is an error, and never the end.

use std::io::{self, Cursor, Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use crate::Error;

/// Plain bytes of a part. However badly they pack, which is nine bits for a byte, they stay below 1 MiB.
pub(crate) const PART_BYTES: usize = 900_000;

/// Packs what is written to it. The fastest level: rows resemble each other so much that the better ones save little more.
fn packer() -> GzEncoder<Vec<u8>> {
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

/// Packs what is written to it in parts, and hands each of them on; one at least.
pub(crate) struct PartPacker<F> {
    packer: GzEncoder<Vec<u8>>,
    /// Plain bytes of the part that is being packed.
    plain: usize,
    parts: u32,
    take: F,
}

impl<F: FnMut(Vec<u8>) -> io::Result<()>> PartPacker<F> {
    pub(crate) fn new(take: F) -> Self {
        Self { packer: packer(), plain: 0, parts: 0, take }
    }

    /// Hands the last part on; how many there were.
    pub(crate) fn finish(mut self) -> io::Result<u32> {
        if self.plain > 0 || self.parts == 0 {
            self.end_part()?;
        }
        Ok(self.parts)
    }

    fn end_part(&mut self) -> io::Result<()> {
        let packed = std::mem::replace(&mut self.packer, packer()).finish()?;
        self.plain = 0;
        self.parts += 1;
        (self.take)(packed)
    }
}

impl<F: FnMut(Vec<u8>) -> io::Result<()>> Write for PartPacker<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let some = bytes.get(..PART_BYTES - self.plain).unwrap_or(bytes);
        self.packer.write_all(some)?;
        self.plain += some.len();
        if self.plain == PART_BYTES {
            self.end_part()?;
        }
        Ok(some.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads what was packed in parts, each fetched when its turn comes.
pub(crate) struct PartReader<F> {
    part: Option<GzDecoder<Cursor<Vec<u8>>>>,
    next: u32,
    parts: u32,
    fetch: F,
}

impl<F: FnMut(u32) -> Result<Option<Vec<u8>>, Error>> PartReader<F> {
    pub(crate) fn new(parts: u32, fetch: F) -> Self {
        Self { part: None, next: 0, parts, fetch }
    }
}

impl<F: FnMut(u32) -> Result<Option<Vec<u8>>, Error>> Read for PartReader<F> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.part.as_mut().map_or(Ok(0), |part| part.read(into))?;
            if read > 0 || into.is_empty() || self.next == self.parts {
                return Ok(read);
            }
            let missing = || {
                let detail = format!("part {} of {} is missing", self.next + 1, self.parts);
                io::Error::other(Error::Damaged { what: "file in parts", detail })
            };
            let packed = (self.fetch)(self.next).map_err(io::Error::other)?.ok_or_else(missing)?;
            self.part = Some(GzDecoder::new(Cursor::new(packed)));
            self.next += 1;
        }
    }
}

/// Why reading broke off: what the hub said of it, or that the thing is damaged.
pub(crate) fn broken(what: &'static str, error: io::Error) -> Error {
    error.downcast().unwrap_or_else(|error| Error::Damaged { what, detail: error.to_string() })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    /// Bytes that pack badly.
    fn noise(count: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        };
        std::iter::repeat_with(next).take(count).collect()
    }

    fn parts_of(bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut parts = Vec::new();
        let mut packer = PartPacker::new(|part| {
            parts.push(part);
            Ok(())
        });
        packer.write_all(bytes).unwrap();
        let count = packer.finish().unwrap();
        assert_eq!(parts.len(), count as usize);
        parts
    }

    fn read(parts: &[Vec<u8>], count: usize) -> Result<Vec<u8>, Error> {
        let count = u32::try_from(count).unwrap();
        let mut reader = PartReader::new(count, |part| Ok(parts.get(part as usize).cloned()));
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).map_err(|error| broken("file", error))?;
        Ok(bytes)
    }

    #[test]
    fn what_is_packed_in_parts_reads_back_and_none_is_larger_than_1_mib() {
        for (count, expected) in [(0, 1), (1, 1), (PART_BYTES, 1), (PART_BYTES + 1, 2), (3 * PART_BYTES, 3)] {
            let bytes = noise(count);
            let parts = parts_of(&bytes);
            assert_eq!((parts.len(), read(&parts, parts.len()).unwrap() == bytes), (expected, true), "{count} bytes");
            assert!(parts.iter().all(|part| part.len() <= 1 << 20), "{count} bytes");
        }
    }

    #[test]
    fn a_part_that_is_missing_cut_off_or_another_one_is_an_error_and_not_the_end() {
        let parts = parts_of(&noise(3 * PART_BYTES));
        let missing = read(&parts[..2], 3).unwrap_err().to_string();
        assert!(missing.contains("part 3 of 3 is missing"), "{missing}");
        let mut cut = parts.clone();
        cut[1].truncate(1000);
        assert!(matches!(read(&cut, 3), Err(Error::Damaged { .. })));
        cut[1] = b"no part at all".to_vec();
        assert!(matches!(read(&cut, 3), Err(Error::Damaged { .. })));
    }

    #[test]
    fn what_the_store_says_of_a_part_comes_through() {
        let mut reader = PartReader::new(1, |_| Err(Error::Later(store::Error::Busy)));
        let error = reader.read(&mut [0; 8]).unwrap_err();
        assert!(broken("file", error).is_temporary());
    }
}
