//! A connection whose first lines are repaired before the HTTP server reads them; see [`Framing`].

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::framing::Framing;

/// Heads are small.
const HEAD_BYTES: usize = 2048;

/// Reads repaired, writes as it is.
pub(super) struct Repairing<S> {
    stream: S,
    framing: Framing,
    /// What goes on, and how much of it has gone.
    waiting: Vec<u8>,
    given: usize,
}

impl<S> Repairing<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, framing: Framing::default(), waiting: Vec::new(), given: 0 }
    }

    /// Gives what waits; false when nothing does.
    fn give(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        let Some(waiting) = self.waiting.get(self.given..).filter(|waiting| !waiting.is_empty()) else { return false };
        let now = waiting.get(..buf.remaining()).unwrap_or(waiting);
        buf.put_slice(now);
        self.given += now.len();
        if self.given == self.waiting.len() {
            self.waiting.clear();
            self.given = 0;
        }
        true
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Repairing<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while !this.give(buf) {
            let left = this.framing.body_left();
            if left > 0 {
                // Bodies go straight to where they are wanted.
                let most = usize::try_from(left).map_or(buf.remaining(), |left| left.min(buf.remaining()));
                let mut body = ReadBuf::new(buf.initialize_unfilled_to(most));
                ready!(Pin::new(&mut this.stream).poll_read(cx, &mut body))?;
                let count = body.filled().len();
                buf.advance(count);
                this.framing.pass(count);
                return Poll::Ready(Ok(()));
            }
            let mut space = [0; HEAD_BYTES];
            let mut head = ReadBuf::new(&mut space);
            ready!(Pin::new(&mut this.stream).poll_read(cx, &mut head))?;
            if head.filled().is_empty() {
                this.framing.end(&mut this.waiting);
                this.give(buf);
                return Poll::Ready(Ok(()));
            }
            this.framing.feed(head.filled(), &mut this.waiting);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Repairing<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
