//! The port over TCP.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use zk::Framer;

use super::conversation::{Answer, Conversation};
use super::line::{Line, until};
use super::{Seat, VANISHED};
use crate::terminal::Terminal;

/// How a client left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// By EXIT, or because the terminal ended it.
    Properly,
    /// The line just ended.
    Without,
}

pub(super) async fn serve(terminal: &Terminal, listener: &TcpListener, seat: &Seat) -> io::Result<()> {
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, client) = accepted?;
                clients.spawn(attend(terminal.clone(), seat.clone(), stream, client));
            }
            Some(_) = clients.join_next() => {}
        }
    }
}

/// Waits for the seat, then converses.
async fn attend(terminal: Terminal, seat: Seat, stream: TcpStream, client: SocketAddr) {
    if terminal.faults().refuse_second && seat.is_taken() {
        return;
    }
    let Some(_seated) = seat.take().await else { return };
    let frame_bytes = terminal.profile().binary.data_frame_bytes;
    let mut conversation = Conversation::new(terminal.clone(), frame_bytes);
    let left = match converse(&mut conversation, stream).await {
        Ok(left) => left,
        Err(error) => {
            tracing::debug!(%client, %error, "a client's connection failed");
            Left::Without
        }
    };
    conversation.end();
    if let Some(seconds) = terminal.faults().linger_s.get().filter(|_| left == Left::Without) {
        sleep(Duration::from_secs(seconds.into())).await;
    }
}

async fn converse(conversation: &mut Conversation, stream: TcpStream) -> io::Result<Left> {
    let terminal = conversation.terminal.clone();
    let restarts = terminal.restarts();
    stream.set_nodelay(true)?;
    let mut line = Line::new(stream, &terminal);
    let mut framer = Framer::new();
    let mut buffer = vec![0; 16 << 10];
    loop {
        let (enabled_at, held_until) = (conversation.enabled_at, line.held_until());
        let count = tokio::select! {
            read = timeout(VANISHED, line.read(&mut buffer)) => read??,
            event = conversation.next_event() => {
                line.send_event(&event).await?;
                continue;
            }
            () = until(enabled_at) => {
                conversation.enabled_itself();
                continue;
            }
            () = until(held_until) => {
                line.send_held().await?;
                continue;
            }
            () = terminal.restarted(restarts) => return Ok(Left::Properly),
        };
        if count == 0 {
            return Ok(Left::Without);
        }
        framer.push(buffer.get(..count).unwrap_or_default());
        let mut bad_checksums = framer.bad_checksums();
        while let Some(request) = framer.next_packet() {
            let is_sound = framer.bad_checksums() == bad_checksums;
            bad_checksums = framer.bad_checksums();
            if !is_sound && terminal.faults().strict_checksum {
                continue;
            }
            let Answer { packets, ends } = conversation.answer(&request);
            terminal.ponder().await;
            line.send(&packets).await?;
            if ends {
                line.shutdown().await?;
                return Ok(Left::Properly);
            }
        }
    }
}
