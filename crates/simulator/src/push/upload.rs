//! A POST that waits to be acknowledged.

/// What goes to the server, and what its acknowledgement means.
#[derive(Debug, Clone)]
pub(super) struct Upload {
    /// The last word of the path: `cdata`, `devicecmd`, ...
    pub(super) endpoint: &'static str,
    /// The query behind the serial.
    pub(super) query: String,
    pub(super) body: Vec<u8>,
    /// Record lines in the body.
    pub(super) lines: usize,
    pub(super) moves: Moves,
    pub(super) attempts: u32,
}

/// Which cursors an acknowledged upload moves, and to where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Moves {
    pub(super) log: Option<usize>,
    pub(super) operations: Option<usize>,
    pub(super) users: Option<u64>,
}

impl Upload {
    /// One that moves nothing.
    pub(super) fn new(endpoint: &'static str, query: impl Into<String>, body: Vec<u8>, lines: usize) -> Upload {
        Upload { endpoint, query: query.into(), body, lines, moves: Moves::default(), attempts: 0 }
    }

    pub(super) fn moving(self, moves: Moves) -> Upload {
        Upload { moves, ..self }
    }
}

/// How far a terminal has reported; it outlives the power.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cursors {
    pub(super) log: usize,
    pub(super) operations: usize,
    pub(super) users: u64,
}

impl Cursors {
    pub(super) fn follow(&mut self, moves: Moves) {
        self.log = moves.log.unwrap_or(self.log);
        self.operations = moves.operations.unwrap_or(self.operations);
        self.users = moves.users.unwrap_or(self.users);
    }
}
