//! Reading bodies within a budget.

use std::sync::Arc;
use std::time::Duration;

use adms::archive::{self, ArchiveError};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Body as HttpBody;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Longest time for a whole body; terminals stand in slow networks, but not that slow.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);

/// Bytes of bodies that may be in memory, over all requests.
pub(super) struct Budget {
    max_body_bytes: usize,
    max_bytes_in_work: usize,
    bytes: Arc<Semaphore>,
}

/// A body, and its part of the budget until it is dropped.
pub(super) struct Body {
    pub(super) bytes: Bytes,
    share: Option<OwnedSemaphorePermit>,
}

/// Why a body was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is longer than a request may be.
    TooLarge,
    /// The budget is used up.
    Busy,
    /// It ended early, or took too long.
    Broken,
    /// It is an archive that can't be unpacked.
    Archive(ArchiveError),
}

impl Budget {
    pub(super) fn new(max_body_bytes: usize, max_bytes_in_work: usize) -> Self {
        let max_bytes_in_work = max_bytes_in_work.max(max_body_bytes).min(Semaphore::MAX_PERMITS);
        Self { max_body_bytes, max_bytes_in_work, bytes: Arc::new(Semaphore::new(max_bytes_in_work)) }
    }

    pub(super) async fn read<B: HttpBody<Data = Bytes> + Unpin>(&self, body: B) -> Result<Body, Unread> {
        if body.size_hint().lower() > self.max_body_bytes as u64 {
            return Err(Unread::TooLarge);
        }
        tokio::time::timeout(BODY_TIMEOUT, self.collect(body)).await.unwrap_or(Err(Unread::Broken))
    }

    async fn collect<B: HttpBody<Data = Bytes> + Unpin>(&self, mut body: B) -> Result<Body, Unread> {
        let mut whole = Body { bytes: Bytes::new(), share: None };
        let mut joined = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| Unread::Broken)?.into_data() else { continue };
            let length = whole.bytes.len() + joined.len() + data.len();
            if length > self.max_body_bytes {
                return Err(Unread::TooLarge);
            }
            whole.take_share(self.share(data.len())?);
            if whole.bytes.is_empty() && joined.is_empty() {
                // Most bodies come in one piece, which needs no copy.
                whole.bytes = data;
            } else {
                joined.extend_from_slice(&std::mem::take(&mut whole.bytes));
                joined.extend_from_slice(&data);
            }
        }
        if !joined.is_empty() {
            whole.bytes = joined.freeze();
        }
        Ok(whole)
    }

    /// The lines of an archive (adms 3) as one body, as if they had come plain. It may be as long as a body may; all of
    /// that is taken from the budget while it is unpacked, because nobody knows before how much comes out.
    pub(super) async fn unpack(&self, packed: Body) -> Result<Body, Unread> {
        let limit = self.max_body_bytes.min(self.max_bytes_in_work.saturating_sub(packed.bytes.len()));
        let mut share = self.share(limit)?;
        // Megabytes take a while to unpack, and other terminals wait for this thread.
        let unpacked = tokio::task::spawn_blocking(move || archive::unpack(&packed.bytes, limit)).await;
        let files = unpacked.map_err(|_| Unread::Broken)?.map_err(Unread::Archive)?;
        // A last line without its end must not run into the next file.
        let bytes = Bytes::from(files.join(&b'\n'));
        drop(share.split(limit.saturating_sub(bytes.len())));
        Ok(Body { bytes, share: Some(share) })
    }

    fn share(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Unread> {
        let permits = u32::try_from(bytes).map_err(|_| Unread::TooLarge)?;
        self.bytes.clone().try_acquire_many_owned(permits).map_err(|_| Unread::Busy)
    }
}

impl Body {
    fn take_share(&mut self, share: OwnedSemaphorePermit) {
        match &mut self.share {
            Some(own) => own.merge(share),
            None => self.share = Some(share),
        }
    }
}
