//! The tables of a terminal as data sets (zk 6, 7).

use zk::record::template::TemplateHeader;
use zk::transfer::{self, Table};

use crate::terminal::Terminal;

/// The table as it is now: byte count and records.
pub(super) fn dataset(terminal: &Terminal, table: Table) -> Vec<u8> {
    let binary = &terminal.profile().binary;
    let records: Vec<u8> = match table {
        Table::Users => terminal.users().iter().flat_map(|user| binary.users.encode(user)).collect(),
        Table::Attendance => {
            terminal.log(0..usize::MAX).iter().flat_map(|record| binary.attendance.encode(record)).collect()
        }
        Table::Operations => {
            terminal.operations(0..usize::MAX).iter().flat_map(|entry| entry.record.encode()).collect()
        }
        Table::Templates => templates(terminal),
    };
    transfer::dataset(&records)
}

fn templates(terminal: &Terminal) -> Vec<u8> {
    let mut records = Vec::new();
    for (key, template) in terminal.templates() {
        let size = u16::try_from(template.bytes.len()).ok();
        let header = size.and_then(|size| TemplateHeader { key, flag: template.flag, size }.encode_in_set());
        if let Some(header) = header {
            records.extend(header);
            records.extend(template.bytes);
        }
    }
    records
}
