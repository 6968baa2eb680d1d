//! The socket below a client: it moves bytes and knows nothing of what they mean.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio::time::timeout;

use crate::error::Error;

pub(super) struct Link {
    stream: TcpStream,
}

impl Link {
    pub(super) async fn connect(addr: impl ToSocketAddrs, patience: Duration) -> Result<Link, Error> {
        let doing = "connecting";
        let stream = match timeout(patience, TcpStream::connect(addr)).await {
            Err(_) => return Err(Error::TimedOut { doing }),
            Ok(connected) => connected.map_err(|source| Error::Io { doing, source })?,
        };
        stream.set_nodelay(true).map_err(|source| Error::Io { doing, source })?;
        Ok(Link { stream })
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// What has come, at least one byte; 0 when the terminal has closed the connection.
    pub(super) async fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer).await
    }

    /// Without waiting: the bytes fit the socket's buffer, or the line is dead anyway.
    pub(super) fn send_and_forget(&self, bytes: &[u8]) {
        let _ = self.stream.try_write(bytes);
    }

    pub(super) async fn shutdown(&mut self) -> io::Result<()> {
        self.stream.shutdown().await
    }
}
