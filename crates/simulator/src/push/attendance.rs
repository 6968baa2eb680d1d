//! The lines of the attendance dialect (adms 6, 7).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zk::record::template::TemplateKey;
use zk::{AttendanceRecord, InvalidTime, Operation, PackedTime, User, UserRef};

use super::style::Style;
use crate::terminal::{OperationEntry, Template, Terminal, operation_kind};

/// A time as the terminal prints it; dates that do not exist are printed like any other.
pub(super) fn printed(time: PackedTime) -> String {
    time.civil().unwrap_or_else(InvalidTime::printed).to_string()
}

/// The user number of a record; logs hold nothing else.
pub(super) fn number(record: &AttendanceRecord) -> String {
    match record.user {
        UserRef::Number(number) => number.to_string(),
        UserRef::Slot(slot) => slot.to_string(),
    }
}

/// An ATTLOG line: user number, printed time, state, verify, work code, two reserved, mask, temperatures, and the two that are
/// mostly empty (adms 6.1), as many as the make has.
pub(super) fn punch(record: &AttendanceRecord, style: &Style) -> String {
    let AttendanceRecord { state, verify, work_code, .. } = record;
    let told = [number(record), printed(record.time), state.to_string(), verify.to_string(), work_code.to_string()];
    let rest = ["0", "0", "0", "0", "0", "", ""].map(str::to_owned);
    let columns: Vec<String> = told.into_iter().chain(rest).take(style.columns).collect();
    columns.join("\t") + if style.has_trailing_tab { "\t" } else { "" }
}

/// An OPLOG line: type, operator, time, four objects (adms 6.2). What is about somebody names them first.
pub(super) fn operation(entry: &OperationEntry) -> String {
    let OperationEntry { record, number } = entry;
    let [mut first, second, third, fourth] = record.parameters.map(|parameter| parameter.to_string());
    if !number.is_empty() {
        first.clone_from(number);
    }
    let Operation(kind) = record.operation;
    format!("OPLOG {kind}\t0\t{}\t{first}\t{second}\t{third}\t{fourth}", printed(record.time))
}

/// A USER line; the name is in the terminal's character set.
pub(super) fn user(user: &User) -> Vec<u8> {
    let card = if user.card == 0 { String::new() } else { user.card.to_string() };
    let zones = user.time_zones;
    let [first, second, third] = zones.own;
    [
        format!("USER PIN={}\tName=", user.number).as_bytes(),
        &user.name_raw,
        format!("\tPri={}\tPasswd=", user.privilege.0).as_bytes(),
        user.password.as_bytes(),
        format!(
            "\tCard={card}\tGrp={}\tTZ={:04}{first:04}{second:04}{third:04}\tVerify=0\tViceCard=\tStartDatetime=0\tEndDatetime=0",
            user.group, zones.flags
        )
        .as_bytes(),
    ]
    .concat()
}

/// An FP line.
pub(super) fn finger(number: &str, key: TemplateKey, template: &Template) -> String {
    let text = STANDARD.encode(&template.bytes);
    format!("FP PIN={number}\tFID={}\tSize={}\tValid={}\tTMP={text}", key.finger, text.len(), template.flag)
}

/// A BIODATA line of a visible-light face (adms 6.3), made up.
pub(super) fn face(number: &str, slot: u16, seed: u64) -> String {
    let template = Template::made_up(seed, TemplateKey { slot, finger: 0 });
    let text = STANDARD.encode(&template.bytes);
    format!(
        "BIODATA Pin={number}\tNo=0\tIndex=0\tValid=1\tDuress=0\tType=9\tMajorVer=58\tMinorVer=0\tFormat=0\tTmp={text}"
    )
}

/// The FP lines of the fingers that these entries enrolled.
pub(super) fn enrolled(terminal: &Terminal, entries: &[OperationEntry]) -> Vec<Vec<u8>> {
    let enrolled = entries.iter().filter(|entry| entry.record.operation == operation_kind::FINGER_ENROLLED);
    let line = |entry: &OperationEntry| {
        let [slot, finger, ..] = entry.record.parameters;
        let key = TemplateKey { slot, finger: u8::try_from(finger).ok()? };
        Some(finger_line(entry, key, &terminal.template(key)?))
    };
    enrolled.filter_map(line).collect()
}

fn finger_line(entry: &OperationEntry, key: TemplateKey, template: &Template) -> Vec<u8> {
    finger(&entry.number, key, template).into_bytes()
}

/// The `INFO` of a poll (adms 7); older firmware stops after six positions.
pub(super) fn info(terminal: &Terminal, version: &str) -> String {
    let (sizes, profile) = (terminal.sizes(), terminal.profile());
    let count = |count: Option<u32>| count.unwrap_or(0);
    let begin = format!(
        "{},{},{},{},127.0.0.1,10",
        profile.firmware,
        count(sizes.users),
        count(sizes.fingers),
        count(sizes.attendance)
    );
    match (version < "2.4", profile.capacity.faces) {
        (true, _) => begin,
        (false, None) => format!("{begin},-1,0,0,101"),
        (false, Some(_)) => format!("{begin},7,12,{},111", count(sizes.faces)),
    }
}

/// The options as pairs (adms 6.5).
pub(super) fn options(terminal: &Terminal) -> Vec<(String, String)> {
    let (sizes, profile) = (terminal.sizes(), terminal.profile());
    let software = profile.push.map_or("", |push| push.software);
    let count = |count: Option<u32>| count.unwrap_or(0).to_string();
    let hundreds = |count: Option<u32>| (count.unwrap_or(0) / 100).to_string();
    let faces = profile.capacity.faces.map(|faces| faces.to_string());
    let known =
        ["~DeviceName", "MAC", "~SerialNumber", "~Platform", "~OEMVendor", "IPAddress", "FingerFunOn", "FaceFunOn"];
    let known = known.map(|name| (name, terminal.option(name).unwrap_or_default()));
    let told = [
        ("TransactionCount", count(sizes.attendance)),
        ("~MaxAttLogCount", (sizes.attendance_capacity.unwrap_or(0) / 10_000).to_string()),
        ("UserCount", count(sizes.users)),
        ("~MaxUserCount", hundreds(sizes.user_capacity)),
        ("FPCount", count(sizes.fingers)),
        ("~MaxFingerCount", hundreds(sizes.finger_capacity)),
        ("FaceCount", count(sizes.faces)),
        ("~MaxFaceCount", faces.unwrap_or_default()),
        ("~MaxPvCount", String::new()),
        ("PvCount", "0".to_owned()),
        ("Language", "69".to_owned()),
        ("FWVersion", profile.firmware.to_owned()),
        ("PushVersion", software.to_owned()),
        ("RegDeviceType", String::new()),
        ("MultiBioDataSupport", "0:1:0:0:0:0:0:0:0:0".to_owned()),
    ];
    known.into_iter().chain(told).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The options as one line.
pub(super) fn options_line(terminal: &Terminal) -> String {
    let pairs: Vec<String> = options(terminal).iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join(",")
}

#[cfg(test)]
mod tests {
    use zk::{Privilege, TimeZones};

    use super::*;

    fn line(profile: &str, faults: &str) -> String {
        let terminal = Terminal::builder("X").profile(profile.parse().unwrap()).faults(faults.parse().unwrap()).build();
        let record = AttendanceRecord { state: 0, ..AttendanceRecord::of_number("7".into(), PackedTime(776_522_096)) };
        punch(&record, &Style::of(&terminal, &terminal.profile().push.unwrap()))
    }

    /// adms 14, real lines.
    #[test]
    fn a_punch_has_as_many_columns_as_its_make() {
        assert_eq!(line("x903", ""), "7\t2024-02-29 12:34:56\t0\t1\t0\t0\t0\t0\t0\t0\t");
        assert_eq!(line("uface800", ""), "7\t2024-02-29 12:34:56\t0\t1\t0\t0\t0");
        assert_eq!(line("uface800", "columns=4 trailing-tab"), "7\t2024-02-29 12:34:56\t0\t1\t");
        assert_eq!(line("uface800", "columns=12").split('\t').count(), 12);
    }

    /// adms 14, the user of an X903.
    #[test]
    fn a_user_is_written_as_real_terminals_do() {
        let somebody = User {
            privilege: Privilege::USER,
            password: zk::Password::from_field(b"12345"),
            time_zones: TimeZones { flags: 0, own: [1, 0, 0] },
            ..User::new("6", "Wmjt")
        };
        assert_eq!(
            String::from_utf8(user(&somebody)).unwrap(),
            "USER PIN=6\tName=Wmjt\tPri=0\tPasswd=12345\tCard=\tGrp=1\tTZ=0000000100000000\tVerify=0\tViceCard=\tStartDatetime=0\tEndDatetime=0"
        );
    }

    #[test]
    fn the_report_of_a_poll_is_as_long_as_the_firmware_is_new() {
        let report = |profile: &str| {
            let terminal = Terminal::builder("X").profile(profile.parse().unwrap()).build();
            info(&terminal, terminal.profile().push.unwrap().version)
        };
        assert_eq!(report("k40"), "Ver 6.60 Oct 12 2018,0,0,0,127.0.0.1,10");
        assert_eq!(report("f18"), "Ver 8.0.4.3-20180709,0,0,0,127.0.0.1,10,-1,0,0,101");
        assert_eq!(report("uface800"), "Ver 8.0.4.4-20190617,0,0,0,127.0.0.1,10,7,12,0,111");
    }
}
