//! The port over TCP.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use zk::{Code, Framer, Packet};

use super::conversation::{Answer, Conversation};
use super::{Seat, VANISHED};
use crate::terminal::Terminal;

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
    // The seat is never closed.
    let Ok(_seated) = seat.0.acquire().await else { return };
    let frame_bytes = terminal.profile().binary.data_frame_bytes;
    let mut conversation = Conversation::new(terminal, frame_bytes);
    if let Err(error) = converse(&mut conversation, stream).await {
        tracing::debug!(%client, %error, "a client's connection failed");
    }
    conversation.end();
}

async fn converse(conversation: &mut Conversation, mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let terminal = conversation.terminal.clone();
    let restarts = terminal.restarts();
    let mut framer = Framer::new();
    let mut buffer = vec![0; 16 << 10];
    loop {
        let enabled_at = conversation.enabled_at;
        let count = tokio::select! {
            read = timeout(VANISHED, stream.read(&mut buffer)) => read??,
            event = conversation.next_event() => {
                write(conversation, &mut stream, &[event]).await?;
                continue;
            }
            () = Conversation::enables_itself(enabled_at) => {
                conversation.enabled_itself();
                continue;
            }
            () = terminal.restarted(restarts) => return Ok(()),
        };
        if count == 0 {
            return Ok(());
        }
        framer.push(buffer.get(..count).unwrap_or_default());
        while let Some(request) = framer.next_packet() {
            let Answer { packets, ends } = conversation.answer(&request);
            write(conversation, &mut stream, &packets).await?;
            if ends {
                return stream.shutdown().await;
            }
        }
    }
}

async fn write(conversation: &Conversation, stream: &mut TcpStream, packets: &[Packet]) -> io::Result<()> {
    let pause = conversation.terminal.profile().binary.frame_pause;
    let mut follows_data = false;
    for packet in packets {
        let is_bulk = matches!(packet.code, Code::PREPARE_DATA | Code::DATA);
        if (is_bulk || follows_data) && !pause.is_zero() {
            sleep(pause).await;
        }
        follows_data = is_bulk;
        stream.write_all(&Packet::to_frame(packet)).await?;
    }
    Ok(())
}
