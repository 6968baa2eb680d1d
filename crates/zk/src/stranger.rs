//! Who answers on a terminal's port without being one (zk 1).

/// What can be told apart by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stranger {
    /// It speaks HTTP.
    WebServer,
    /// C3, InBio and ProBio door controllers: frames from `AA 01` to `55`, also on port 4370.
    PullPanel,
}

impl Stranger {
    pub(crate) fn recognise(first_bytes: &[u8]) -> Option<Stranger> {
        match first_bytes {
            [b'H', b'T', b'T', b'P', b'/', ..] => Some(Stranger::WebServer),
            [0xAA, 0x01, ..] => Some(Stranger::PullPanel),
            _ => None,
        }
    }
}

/// Who it was and what to do, as a message says it.
pub(crate) fn description(first_bytes: &[u8]) -> &'static str {
    match Stranger::recognise(first_bytes) {
        Some(Stranger::WebServer) => {
            "a web server answered; enter the terminal's own port (usually 4370), not that of a web page"
        }
        Some(Stranger::PullPanel) => {
            "a door controller of the pull protocol (C3, InBio, ProBio) answered; such controllers are not supported"
        }
        None => "what answered is not a terminal of this protocol; check address and port (usually 4370)",
    }
}
