//! How packets leave over TCP: paced, joined or cut as the make and its faults have it (zk 15).

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep, sleep_until};
use zk::{Code, Packet};

use crate::terminal::Terminal;

/// How long an event waits for a reply to leave with, when they are joined.
const EVENT_WAITS: Duration = Duration::from_millis(100);

pub(super) struct Line<S> {
    stream: S,
    /// Between the frames of a bulk read.
    pause: Duration,
    is_joined: bool,
    piece_bytes: Option<usize>,
    /// Events that leave with the next reply, or at that time.
    held: Vec<u8>,
    held_until: Option<Instant>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Line<S> {
    pub(super) fn new(stream: S, terminal: &Terminal) -> Line<S> {
        Line {
            stream,
            pause: terminal.profile().binary.frame_pause,
            is_joined: terminal.faults().coalesce,
            piece_bytes: terminal.faults().trickle_bytes.size(),
            held: Vec::new(),
            held_until: None,
        }
    }

    pub(super) async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer).await
    }

    pub(super) async fn send(&mut self, packets: &[Packet]) -> io::Result<()> {
        if self.is_joined {
            let mut bytes = std::mem::take(&mut self.held);
            self.held_until = None;
            packets.iter().for_each(|packet| bytes.extend(packet.to_frame()));
            return self.write(&bytes).await;
        }
        for (packet, pause) in paced(packets, self.pause) {
            if !pause.is_zero() {
                sleep(pause).await;
            }
            self.write(&packet.to_frame()).await?;
        }
        Ok(())
    }

    pub(super) async fn send_event(&mut self, event: &Packet) -> io::Result<()> {
        if !self.is_joined {
            return self.write(&event.to_frame()).await;
        }
        self.held.extend(event.to_frame());
        self.held_until.get_or_insert_with(|| Instant::now() + EVENT_WAITS);
        Ok(())
    }

    /// When a held event has to leave alone.
    pub(super) fn held_until(&self) -> Option<Instant> {
        self.held_until
    }

    pub(super) async fn send_held(&mut self) -> io::Result<()> {
        self.send(&[]).await
    }

    pub(super) async fn shutdown(&mut self) -> io::Result<()> {
        self.stream.shutdown().await
    }

    /// Each piece is one write.
    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        for piece in bytes.chunks(self.piece_bytes.unwrap_or(bytes.len()).max(1)) {
            self.stream.write_all(piece).await?;
            self.stream.flush().await?;
        }
        Ok(())
    }
}

/// Each packet with the pause in front of it: frames of a bulk read keep a distance.
pub(super) fn paced(packets: &[Packet], pause: Duration) -> impl Iterator<Item = (&Packet, Duration)> {
    let is_bulk = |packet: &Packet| matches!(packet.code, Code::PREPARE_DATA | Code::DATA);
    packets.iter().enumerate().map(move |(index, packet)| {
        let follows_bulk = index > 0 && packets.get(index - 1).is_some_and(is_bulk);
        (packet, if is_bulk(packet) || follows_bulk { pause } else { Duration::ZERO })
    })
}

/// Ends at that time; never without one.
pub(super) async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use tokio::io::ReadBuf;

    use super::*;

    /// The sizes of the writes.
    #[derive(Default)]
    struct Writes(Vec<usize>);

    impl AsyncRead for Writes {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    impl AsyncWrite for Writes {
        fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            self.0.push(bytes.len());
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    /// The writes of an event that happened and of the end of a chunk behind it.
    async fn writes(faults: &str) -> Vec<usize> {
        let terminal = Terminal::builder("SIM0001").faults(faults.parse().unwrap()).build();
        let mut line = Line::new(Writes::default(), &terminal);
        let packet = |code, bytes| Packet::new(code, 1, 1, vec![0; bytes]);
        line.send_event(&packet(Code::EVENT, 10)).await.unwrap();
        line.send(&[packet(Code::DATA, 4), packet(Code::ACK_OK, 0)]).await.unwrap();
        line.stream.0
    }

    #[tokio::test]
    async fn packets_leave_one_by_one_or_joined_or_in_pieces() {
        assert_eq!(writes("").await, [26, 20, 16]);
        assert_eq!(writes("coalesce").await, [62]);
        assert_eq!(writes("trickle").await, vec![1; 62]);
        assert_eq!(writes("trickle=40 coalesce").await, [40, 22]);
    }
}
