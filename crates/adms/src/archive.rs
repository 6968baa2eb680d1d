//! Bodies that are gzip archives of lines: `ContentType=tgz` (adms 3).
//!
//! Invariants: what comes out is bounded by the caller whatever the archive claims; names of entries are never looked at,
//! so that they can't become paths.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

/// Why an archive was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// It holds more than the limit: broken, or made to fill a memory.
    #[error("the archive holds more than {0} bytes")]
    TooLarge(usize),
    /// It is no gzip tar, or it is damaged.
    #[error("the archive can't be read: {0}")]
    Damaged(String),
}

/// The contents of the files in a gzip tar, in their order, each to be read like a plain body
/// ([`operlog::lines`](crate::operlog::lines)). `limit` is the number of bytes that the unpacked archive may have.
///
/// # Errors
/// [`ArchiveError`]; nothing of the archive is given then.
pub fn unpack(body: &[u8], limit: usize) -> Result<Vec<Vec<u8>>, ArchiveError> {
    // One byte above the limit tells "too large" from "just fits".
    let unzipped = MultiGzDecoder::new(body).take(limit as u64 + 1);
    let mut counting = Counting { inner: unzipped, count: 0 };
    let files = read_files(&mut counting, limit);
    // To the very end, where the checksum stands.
    let drained = io::copy(&mut counting, &mut io::sink());
    if counting.count > limit {
        return Err(ArchiveError::TooLarge(limit));
    }
    let files = files?;
    drained.map_err(damaged)?;
    Ok(files)
}

fn read_files(unzipped: &mut impl Read, limit: usize) -> Result<Vec<Vec<u8>>, ArchiveError> {
    let mut files = Vec::new();
    let mut room = limit;
    for entry in tar::Archive::new(unzipped).entries().map_err(damaged)? {
        let entry = entry.map_err(damaged)?;
        let kind = entry.header().entry_type();
        if !(kind.is_file() || kind.is_contiguous() || kind.is_gnu_sparse()) {
            continue;
        }
        let (size, mut content) = (entry.size(), Vec::new());
        // A sparse entry is longer than its bytes in the archive: it is bounded like everything else.
        let count = entry.take(room as u64 + 1).read_to_end(&mut content).map_err(damaged)?;
        if count > room {
            return Err(ArchiveError::TooLarge(limit));
        }
        if (count as u64) < size {
            return Err(ArchiveError::Damaged("it ends inside an entry".to_owned()));
        }
        room -= count;
        files.push(content);
    }
    Ok(files)
}

#[allow(clippy::needless_pass_by_value)] // as `map_err` wants it
fn damaged(error: io::Error) -> ArchiveError {
    ArchiveError::Damaged(error.to_string())
}

/// Counts what was unzipped.
struct Counting<R> {
    inner: R,
    count: usize,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count = self.count.saturating_add(count);
        Ok(count)
    }
}
