//! Which column of a table is what: presets for what is met often, and files of a person's own. Both are the same kind of TOML.

use std::collections::BTreeMap;

use csv::StringRecord;
use encoding_rs::Encoding;
use serde::Deserialize;

use super::clock::{DateOrder, begins_with_date};

/// The presets, the particular ones first: of those that fit a header equally well, the first is taken.
const PRESETS: &[(&str, &str)] = &[
    ("commute-log", include_str!("presets/commute-log.toml")),
    ("biotime", include_str!("presets/biotime.toml")),
    ("biotime-report", include_str!("presets/biotime-report.toml")),
    ("zktime", include_str!("presets/zktime.toml")),
    ("checkinout", include_str!("presets/checkinout.toml")),
    ("etimetrack", include_str!("presets/etimetrack.toml")),
    ("day-per-row", include_str!("presets/day-per-row.toml")),
    ("generic", include_str!("presets/generic.toml")),
    ("generic-parts", include_str!("presets/generic-parts.toml")),
    ("generic-codes", include_str!("presets/generic-codes.toml")),
    ("attlog", include_str!("presets/attlog.toml")),
];

/// Names of a column, any of them in the table; or its place, from 1, in a table without a header.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum Column {
    Place(usize),
    Name(String),
    Names(Vec<String>),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Columns {
    user: Option<Column>,
    code: Option<Column>,
    time: Option<Column>,
    date: Option<Column>,
    clock: Option<Column>,
    in_time: Option<Column>,
    out_time: Option<Column>,
    state: Option<Column>,
    verify: Option<Column>,
    work_code: Option<Column>,
    r#type: Option<Column>,
    serial: Option<Column>,
    reader: Option<Column>,
    zone: Option<Column>,
    unreadable: Option<Column>,
}

/// How a table of punches is read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Its name; that of the preset.
    #[serde(skip)]
    pub name: String,
    /// The TOML that it was read from.
    #[serde(skip)]
    pub text: String,
    /// What it is, for people.
    #[serde(default)]
    pub about: String,
    /// `,`, `;`, or tab where it can't be told from the first line.
    #[serde(default)]
    delimiter: Option<char>,
    #[serde(default)]
    encoding: Option<String>,
    #[serde(default)]
    pub(super) dates: Option<DateOrder>,
    /// False where the first line is a punch already.
    #[serde(default = "yes")]
    pub(super) header: bool,
    columns: Columns,
    #[serde(default)]
    states: BTreeMap<String, i32>,
}

const fn yes() -> bool {
    true
}

/// Where a table has what: places from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Places {
    pub(super) user: Option<usize>,
    pub(super) code: Option<usize>,
    pub(super) time: Option<usize>,
    pub(super) date: Option<usize>,
    pub(super) clock: Option<usize>,
    pub(super) in_time: Option<usize>,
    pub(super) out_time: Option<usize>,
    pub(super) state: Option<usize>,
    pub(super) verify: Option<usize>,
    pub(super) work_code: Option<usize>,
    pub(super) kind: Option<usize>,
    pub(super) serial: Option<usize>,
    pub(super) reader: Option<usize>,
    pub(super) zone: Option<usize>,
    pub(super) unreadable: Option<usize>,
}

/// Letters and digits only, as people write the same name in many ways.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

impl Mapping {
    /// Names of the presets, and what each is.
    pub fn presets() -> impl Iterator<Item = (&'static str, String)> {
        PRESETS
            .iter()
            .map(|(name, text)| (*name, Self::parse(name, text).map(|preset| preset.about).unwrap_or_default()))
    }

    /// The preset of a name.
    pub fn preset(name: &str) -> Option<Self> {
        let (name, text) = PRESETS.iter().find(|(known, _)| *known == name)?;
        Self::parse(name, text).ok()
    }

    /// A mapping of a person's own, as TOML.
    ///
    /// # Errors
    /// What is wrong in it, and what to do.
    pub fn parse(name: &str, text: &str) -> Result<Self, String> {
        let mapping: Self =
            toml::from_str(text).map_err(|error| format!("mapping {name}: {}", error.to_string().trim()))?;
        mapping.check().map_err(|what| format!("mapping {name}: {what}"))?;
        Ok(Self { name: name.to_owned(), text: text.to_owned(), ..mapping })
    }

    /// With the order of day and month that somebody names.
    #[must_use]
    pub fn with_dates(self, order: DateOrder) -> Self {
        Self { dates: Some(order), ..self }
    }

    fn check(&self) -> Result<(), String> {
        let Columns { user, code, time, date, clock, in_time, out_time, .. } = &self.columns;
        if user.is_none() && code.is_none() {
            return Err(
                "nothing tells who; write `user = \"COLUMN\"` or `code = \"COLUMN\"` below [columns]".to_owned()
            );
        }
        if user.is_some() && code.is_some() {
            return Err("user and code are both there; a row has one of them".to_owned());
        }
        let whole = time.is_some() && date.is_none() && clock.is_none() && in_time.is_none() && out_time.is_none();
        let parts = time.is_none() && date.is_some() && (clock.is_some() != (in_time.is_some() || out_time.is_some()));
        if !whole && !parts {
            return Err(
                "it takes either time, or date and clock, or date with in_time and out_time below [columns]".to_owned()
            );
        }
        if let Some(odd) = self.delimiter.filter(|delimiter| !delimiter.is_ascii() || *delimiter == '"') {
            return Err(format!("delimiter {odd:?} can't be used; write \",\", \";\" or \"\\t\""));
        }
        self.encoding().map(drop)
    }

    pub(super) fn delimiter(&self) -> Option<u8> {
        self.delimiter.and_then(|delimiter| u8::try_from(delimiter).ok())
    }

    pub(super) fn encoding(&self) -> Result<Option<&'static Encoding>, String> {
        let Some(label) = &self.encoding else { return Ok(None) };
        let known = Encoding::for_label(label.as_bytes());
        known
            .map(Some)
            .ok_or_else(|| format!("encoding {label} is not known; write windows-1252, gbk, shift_jis or the like"))
    }

    /// The mapping that fits the first line best.
    pub(super) fn detect(first: &[&str]) -> Option<Self> {
        let presets = PRESETS.iter().filter_map(|(name, text)| Self::parse(name, text).ok());
        let fit = |preset: Self| preset.places(first).ok().map(|places| (places.count(), preset));
        let mut best: Option<(usize, Self)> = None;
        for (count, preset) in presets.filter(|preset| preset.header).filter_map(fit) {
            if best.as_ref().is_none_or(|(most, _)| count > *most) {
                best = Some((count, preset));
            }
        }
        best.map(|(_, preset)| preset)
    }

    /// Where a table with this first line has what.
    pub(super) fn places(&self, first: &[&str]) -> Result<Places, String> {
        let names: Vec<String> = first.iter().map(|name| plain(name)).collect();
        let find = |column: &Column| match column {
            Column::Place(place) => place.checked_sub(1).filter(|place| *place < names.len()),
            Column::Name(name) => names.iter().position(|have| *have == plain(name)),
            Column::Names(any) => any.iter().find_map(|name| names.iter().position(|have| *have == plain(name))),
        };
        let missing = |what: &str, column: &Column| {
            let wanted = match column {
                Column::Place(place) => format!("column {place}"),
                Column::Name(name) => format!("column `{name}`"),
                Column::Names(any) => format!("column named {}", any.join(" or ")),
            };
            format!("the table has no {wanted} for {what}; it has {}", first.join(", "))
        };
        let needed = |what: &str, column: &Option<Column>| match column {
            None => Ok(None),
            Some(column) => find(column).map(Some).ok_or_else(|| missing(what, column)),
        };
        let maybe = |column: &Option<Column>| column.as_ref().and_then(find);
        let columns = &self.columns;
        Ok(Places {
            user: needed("user", &columns.user)?,
            code: needed("code", &columns.code)?,
            time: needed("time", &columns.time)?,
            date: needed("date", &columns.date)?,
            clock: needed("clock", &columns.clock)?,
            in_time: needed("in_time", &columns.in_time)?,
            out_time: needed("out_time", &columns.out_time)?,
            state: maybe(&columns.state),
            verify: maybe(&columns.verify),
            work_code: maybe(&columns.work_code),
            kind: maybe(&columns.r#type),
            serial: maybe(&columns.serial),
            reader: maybe(&columns.reader),
            zone: maybe(&columns.zone),
            unreadable: maybe(&columns.unreadable),
        })
    }

    /// The state code of a word: as the mapping says, a number, or a word that everybody uses (rules 5.1).
    pub(super) fn state(&self, word: &str) -> Option<i32> {
        let word = word.trim();
        if let Some(state) = self.states.get(word) {
            return Some(*state);
        }
        usual_state(word)
    }
}

/// The state code of a number, or of a word that everybody uses.
pub(crate) fn usual_state(word: &str) -> Option<i32> {
    if let Ok(number) = word.parse() {
        return Some(number);
    }
    match plain(word).as_str() {
        "i" | "in" | "cin" | "checkin" | "clockin" | "entry" => Some(0),
        "o" | "out" | "cout" | "checkout" | "clockout" | "exit" => Some(1),
        "breakout" | "bout" => Some(2),
        "breakin" | "bin" => Some(3),
        "overtimein" | "otin" => Some(4),
        "overtimeout" | "otout" => Some(5),
        _ => None,
    }
}

impl Places {
    /// Whether cells say who and a date.
    pub(super) fn is_row(&self, cells: &StringRecord) -> bool {
        let said = |place: Option<usize>| place.and_then(|place| cells.get(place)).filter(|cell| !cell.is_empty());
        said(self.user.or(self.code)).is_some() && said(self.time.or(self.date)).is_some_and(begins_with_date)
    }

    /// How many columns are of use.
    fn count(&self) -> usize {
        let Self { user, code, time, date, clock, in_time, out_time, .. } = self;
        let Self { state, verify, work_code, kind, serial, reader, zone, unreadable, .. } = self;
        let when = [time, date, clock, in_time, out_time];
        let more = [user, code, state, verify, work_code, kind, serial, reader, zone, unreadable];
        when.into_iter().chain(more).flatten().count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detected(header: &str) -> Option<String> {
        Mapping::detect(&header.split(',').collect::<Vec<_>>()).map(|mapping| mapping.name)
    }

    #[test]
    fn every_preset_reads_and_says_what_it_is() {
        for (name, about) in Mapping::presets() {
            assert!(!about.is_empty() && Mapping::preset(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_table_is_known_by_its_header() {
        let known = [
            ("id,user_id,event_time,door,in_out,type", "commute-log"),
            ("id,emp_code,punch_time,punch_state,verify_type,work_code,terminal_sn,terminal_alias", "biotime"),
            ("Employee ID,First Name,Department,Date,Time,Punch State,Serial Number,Device Name", "biotime-report"),
            ("Badgenumber,CHECKTIME,CHECKTYPE,VERIFYCODE,SENSORID,sn", "zktime"),
            ("USERID,CHECKTIME,CHECKTYPE,VERIFYCODE,SENSORID,Memoinfo,WorkCode,sn,UserExtFmt", "checkinout"),
            ("DeviceLogId,DownloadDate,DeviceId,UserId,LogDate,Direction,AttDirection,WorkCode", "etimetrack"),
            ("emp_no,work_date,in_time,out_time", "day-per-row"),
            ("No.,Name,Date,Time,Status", "generic-parts"),
            ("AC-No.,Name,Time,State,New State,Exception", "generic"),
            ("code,time,state,reader", "generic-codes"),
            ("user,code,time", "generic"),
        ];
        for (header, name) in known {
            assert_eq!(detected(header).as_deref(), Some(name), "{header}");
        }
        assert_eq!(detected("code,name,numbers"), None);
    }

    #[test]
    fn a_mapping_that_can_be_none_says_what_to_write() {
        let wrong = |text: &str| Mapping::parse("own", text).unwrap_err();
        assert!(wrong("[columns]\ntime = \"t\"").contains("write `user = \"COLUMN\"`"));
        assert!(wrong("[columns]\nuser = \"u\"").contains("either time, or date and clock"));
        assert!(wrong("[columns]\nuser = \"u\"\nwhen = \"t\"").contains("when"));
        assert!(wrong("encoding = \"klingon\"\n[columns]\nuser = \"u\"\ntime = \"t\"").contains("klingon"));
        let own = Mapping::parse("own", "[columns]\nuser = \"who\"\ntime = [\"at\", \"when\"]").unwrap();
        assert_eq!(
            own.places(&["who", "what"]).unwrap_err(),
            "the table has no column named at or when for time; it has who, what"
        );
        assert_eq!(own.places(&["When", "WHO"]).unwrap(), Places { user: Some(1), time: Some(0), ..Places::default() });
    }

    #[test]
    fn a_state_is_a_number_or_a_word_and_the_mapping_decides() {
        let own = Mapping::parse("own", "[columns]\nuser = \"u\"\ntime = \"t\"\n[states]\ni = 4\n").unwrap();
        assert_eq!(
            ["i", "C/In", "OUT", "255", "Überstunde"].map(|word| own.state(word)),
            [Some(4), Some(0), Some(1), Some(255), None]
        );
    }
}
