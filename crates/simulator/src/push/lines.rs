//! The text bodies that a terminal uploads (adms 6, 7).

use std::fmt::Write;

use zk::{AttendanceRecord, InvalidTime, PackedTime, User, UserRef};

use crate::terminal::Terminal;

/// A time as the terminal prints it; dates that do not exist are printed like any other.
pub(super) fn printed(time: PackedTime) -> String {
    time.civil().unwrap_or_else(InvalidTime::printed).to_string()
}

/// ATTLOG lines: user number, printed time, state, verify, work code, two reserved (adms 6.1).
pub(super) fn attlog(records: &[AttendanceRecord]) -> String {
    let mut body = String::new();
    for record in records {
        if let UserRef::Number(number) = record.user {
            let AttendanceRecord { state, verify, work_code, .. } = record;
            // Writing to a String can't fail.
            let _ = writeln!(body, "{number}\t{}\t{state}\t{verify}\t{work_code}\t0\t0", printed(record.time));
        }
    }
    body
}

/// USER lines of OPERLOG (adms 6.2).
pub(super) fn users(users: &[User]) -> String {
    let mut body = String::new();
    for user in users {
        let card = if user.card == 0 { String::new() } else { user.card.to_string() };
        let _ = writeln!(
            body,
            "USER PIN={}\tName={}\tPri={}\tPasswd=\tCard={card}\tGrp=1\tTZ=0000000100000000\tVerify=0\tViceCard=\tStartDatetime=0\tEndDatetime=0",
            user.number,
            user.name(),
            user.privilege.0
        );
    }
    body
}

/// The `INFO` of the first poll: firmware, users, fingers, punches, address, algorithm (adms 7).
pub(super) fn info(terminal: &Terminal) -> String {
    let users = terminal.users().len();
    format!("{},{users},{users},{},127.0.0.1,10,-1,0,0,101", terminal.profile().firmware, terminal.log_len())
}

/// The options line (adms 6.5).
pub(super) fn options(terminal: &Terminal) -> String {
    let profile = terminal.profile();
    format!(
        "~DeviceName={},~SerialNumber={},TransactionCount={},UserCount={},~Platform={},FWVersion={},PushVersion=Ver 2.0.33S\n",
        profile.device_name,
        terminal.serial(),
        terminal.log_len(),
        terminal.users().len(),
        profile.platform,
        profile.firmware,
    )
}
