//! The tables of a terminal as data sets (zk 6, 7).

use zk::User;
use zk::record::template::TemplateHeader;
use zk::transfer::{self, Table};

use crate::random::Random;
use crate::terminal::Terminal;

/// Where the password begins in a user record; the name follows it (zk 7.1, 7.2).
const PASSWORD_AT: usize = 3;

/// The table as it is now: byte count and records.
pub(super) fn dataset(terminal: &Terminal, table: Table) -> Vec<u8> {
    let binary = &terminal.profile().binary;
    let records: Vec<u8> = match table {
        Table::Users => {
            let users = terminal.users();
            let sent = users.len().saturating_sub(terminal.faults().short_users.size().unwrap_or_default());
            users.iter().take(sent).flat_map(|user| user_record(terminal, user)).collect()
        }
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

fn user_record(terminal: &Terminal, user: &User) -> Vec<u8> {
    let layout = terminal.profile().binary.users;
    let mut record = layout.encode(user);
    if terminal.faults().garbage_names {
        let mut random = Random::of(&[terminal.seed(), u64::from(user.slot)]);
        let password = PASSWORD_AT..PASSWORD_AT + layout.password_bytes();
        let name_at = password.end;
        for field in [password, name_at..name_at + layout.name_bytes()] {
            let behind = record.get_mut(field).into_iter().flatten().skip_while(|byte| **byte != 0).skip(1);
            behind.for_each(|byte| *byte = random.between(1, 255) as u8);
        }
    }
    record
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
