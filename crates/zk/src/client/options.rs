//! How to reach a terminal.

use std::fmt;
use std::time::Duration;

/// What carries the packets (zk 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Transport {
    /// TCP, and UDP where nobody answers on TCP: the oldest black-and-white units know only that.
    #[default]
    Auto,
    /// TCP only.
    Tcp,
    /// UDP only. Datagrams may be lost: reads take longer, and old units that do not number their datagrams leave a doubt
    /// (see [`crate::session`]).
    Udp,
}

/// How to reach a terminal. Printed without the key.
#[derive(Clone, Copy)]
pub struct Options {
    /// The comm key, 0 when none is set.
    pub comm_key: u32,
    /// What carries the packets.
    pub transport: Transport,
    /// Longest wait for the TCP connection, and for the first answer over UDP.
    pub connect_timeout: Duration,
    /// Longest silence of the terminal while it owes an answer.
    pub idle_timeout: Duration,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            comm_key: 0,
            transport: Transport::default(),
            connect_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(15),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Options { comm_key: _, transport, connect_timeout, idle_timeout } = self;
        let mut fields = f.debug_struct("Options");
        fields
            .field("transport", transport)
            .field("connect_timeout", connect_timeout)
            .field("idle_timeout", idle_timeout)
            .finish_non_exhaustive()
    }
}
