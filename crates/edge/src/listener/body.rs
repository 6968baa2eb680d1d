//! Reading bodies within a budget.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Longest time for a whole body; terminals stand in slow networks, but not that slow.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);

/// Bytes of bodies that may be in memory, over all requests.
pub(super) struct Budget {
    max_body_bytes: usize,
    bytes: Arc<Semaphore>,
}

/// A body, and its part of the budget until it is dropped.
pub(super) struct Body {
    pub(super) bytes: Bytes,
    share: Option<OwnedSemaphorePermit>,
}

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is longer than a request may be.
    TooLarge,
    /// The budget is used up.
    Busy,
    /// It ended early, or took too long.
    Broken,
}

impl Budget {
    pub(super) fn new(max_body_bytes: usize, max_bytes_in_work: usize) -> Self {
        let permits = max_bytes_in_work.max(max_body_bytes).min(Semaphore::MAX_PERMITS);
        Self { max_body_bytes, bytes: Arc::new(Semaphore::new(permits)) }
    }

    pub(super) async fn read(&self, body: Incoming) -> Result<Body, Unread> {
        if body.size_hint().lower() > self.max_body_bytes as u64 {
            return Err(Unread::TooLarge);
        }
        tokio::time::timeout(BODY_TIMEOUT, self.collect(body)).await.unwrap_or(Err(Unread::Broken))
    }

    async fn collect(&self, mut body: Incoming) -> Result<Body, Unread> {
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
