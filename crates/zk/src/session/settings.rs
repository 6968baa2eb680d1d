//! How a session reads and how patient it is.

use std::time::Duration;

use crate::transfer::{CHUNK_BYTES, DATAGRAM_CHUNK_BYTES};

/// What carries the packets (zk 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// TCP: frames in a stream of bytes that keeps their order and loses none.
    Stream,
    /// UDP: one packet is one datagram, which may be lost, repeated or late.
    Datagrams,
}

/// How patient a session is and how it reads.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// What carries the packets.
    pub carrier: Carrier,
    /// Longest wait for the answer to CONNECT and to AUTH.
    pub opening: Duration,
    /// Longest silence within any other task.
    pub idle: Duration,
    /// Longest task, whatever its progress (zk 12).
    pub total: Duration,
    /// How long a closing ACK_OK is waited for that some units leave out (zk 6.1).
    pub grace: Duration,
    /// Silence after which a datagram is taken to be lost and its request is sent again.
    pub resend: Duration,
    /// Bytes asked for with each 1504 request, as long as the terminal gives them.
    pub chunk_bytes: u32,
}

impl Settings {
    /// What suits a carrier.
    pub fn over(carrier: Carrier) -> Settings {
        let chunk_bytes = match carrier {
            Carrier::Stream => CHUNK_BYTES,
            Carrier::Datagrams => DATAGRAM_CHUNK_BYTES,
        };
        Settings {
            carrier,
            opening: Duration::from_secs(15),
            idle: Duration::from_secs(15),
            total: Duration::from_secs(30 * 60),
            grace: Duration::from_millis(500),
            resend: Duration::from_secs(2),
            chunk_bytes,
        }
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings::over(Carrier::Stream)
    }
}
