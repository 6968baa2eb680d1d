//! The terminal's side of port 4370 over TCP (zk 15).
//!
//! Clients are served one after another: a second one connects and hears nothing until the first has gone, as with most
//! units (zk 1). A client that vanished is given up after a while.

mod conversation;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::time::timeout;
use zk::{Code, Framer, Packet};

use crate::terminal::Terminal;
use conversation::{Answer, Conversation};

/// A client that says nothing for so long has vanished.
const VANISHED: Duration = Duration::from_secs(60);

/// A listener that speaks for one terminal.
#[derive(Debug)]
pub struct ZkServer {
    terminal: Terminal,
    listener: TcpListener,
}

impl ZkServer {
    /// Listens; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address can't be taken.
    pub async fn bind(terminal: Terminal, address: impl ToSocketAddrs) -> io::Result<ZkServer> {
        Ok(ZkServer { terminal, listener: TcpListener::bind(address).await? })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves clients for ever; end it by dropping the future.
    ///
    /// # Errors
    /// When the listener fails; a client's failure ends that client only.
    pub async fn serve(self) -> io::Result<()> {
        for session in (1_u16..=u16::MAX).cycle() {
            let (stream, client) = self.listener.accept().await?;
            if let Err(error) = self.converse(stream, session).await {
                tracing::debug!(%client, %error, "a client's connection failed");
            }
            // Whoever left without enabling: real units recover too.
            self.terminal.set_disabled(false);
        }
        Ok(())
    }

    async fn converse(&self, mut stream: TcpStream, session: u16) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut conversation = Conversation::new(self.terminal.clone(), session);
        let mut framer = Framer::new();
        let mut buffer = vec![0; 16 << 10];
        loop {
            let count = timeout(VANISHED, stream.read(&mut buffer)).await??;
            if count == 0 {
                return Ok(());
            }
            framer.push(buffer.get(..count).unwrap_or_default());
            while let Some(request) = framer.next_packet() {
                let answer = conversation.answer(&request);
                self.write(&mut stream, &answer).await?;
                if answer.ends {
                    return stream.shutdown().await;
                }
            }
        }
    }

    async fn write(&self, stream: &mut TcpStream, answer: &Answer) -> io::Result<()> {
        let pause = self.terminal.profile().frame_pause;
        let mut follows_data = false;
        for packet in &answer.packets {
            let is_bulk = matches!(packet.code, Code::PREPARE_DATA | Code::DATA);
            if (is_bulk || follows_data) && !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            follows_data = is_bulk;
            stream.write_all(&Packet::to_frame(packet)).await?;
        }
        Ok(())
    }
}
