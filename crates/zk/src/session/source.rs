//! What a bulk read reads, and how it is asked for (zk 6.1).

use crate::code::Code;
use crate::transfer::Table;

pub(super) struct Source {
    pub(super) command: Code,
    pub(super) data: Vec<u8>,
    pub(super) doing: &'static str,
    /// Whether the set begins with the count of its bytes.
    pub(super) is_counted: bool,
    /// Whether its bytes may be kept in an error: passwords and templates are not.
    pub(super) may_be_kept: bool,
}

impl Source {
    /// A table, prepared by 1503 and read in chunks.
    pub(super) fn prepared(table: Table) -> Source {
        Source { command: Code::PREPARE_BUFFER, data: table.request(), ..Source::direct(table) }
    }

    /// A table in the old form, where its own command brings it.
    pub(super) fn direct(table: Table) -> Source {
        let doing = match table {
            Table::Users => "reading the user table",
            Table::Attendance => "reading the attendance log",
            Table::Operations => "reading the operation log",
            Table::Templates => "reading the templates",
        };
        let may_be_kept = matches!(table, Table::Attendance | Table::Operations);
        Source { command: table.command(), data: table.direct_request(), doing, is_counted: true, may_be_kept }
    }

    /// A single thing that a command brings as it is.
    pub(super) fn object(command: Code, data: Vec<u8>) -> Source {
        let doing = command.meaning().unwrap_or("reading an object");
        Source { command, data, doing, is_counted: false, may_be_kept: false }
    }
}
