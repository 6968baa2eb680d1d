//! What the server said in its settings block, as far as it matters to a terminal (adms 4, 9).

use std::collections::HashMap;
use std::time::Duration;

use adms::handshake::{DigitOrder, Transfer};
use adms::{TransFlag, Zone, handshake};
use jiff::civil::{DateTime, Time};

use crate::profile::ZoneReading;

/// The settings; what a block leaves out has the terminal's own default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) error_delay: Duration,
    pub(super) poll_delay: Duration,
    pub(super) attlog_stamp: String,
    pub(super) operlog_stamp: String,
    pub(super) photo_stamp: String,
    pub(super) transfers: Vec<Transfer>,
    /// The server's zone in minutes, if the clock is to follow it.
    pub(super) zone_minutes: Option<i16>,
    pub(super) wants_options: bool,
    pub(super) schedule: Schedule,
}

/// When new data is uploaded by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Schedule {
    /// As soon as it is there.
    AtOnce,
    /// At these times of day, and every so often.
    Planned { times: Vec<Time>, every: Option<Duration> },
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            error_delay: Duration::from_secs(30),
            poll_delay: Duration::from_secs(10),
            attlog_stamp: "None".to_owned(),
            operlog_stamp: "None".to_owned(),
            photo_stamp: "None".to_owned(),
            transfers: vec![Transfer::AttLog, Transfer::OpLog, Transfer::EnrollUser, Transfer::ChgUser],
            zone_minutes: None,
            wants_options: true,
            schedule: Schedule::AtOnce,
        }
    }
}

impl Settings {
    /// Reads the block of either dialect; anything else, like a bare `OK`, leaves the defaults.
    pub(super) fn read(block: &str, zone: ZoneReading) -> Settings {
        let pairs: HashMap<&str, &str> = handshake::settings(block).map(|(key, value)| (key, value.trim())).collect();
        let first = |keys: &[&str]| keys.iter().find_map(|key| pairs.get(key)).copied();
        let seconds = |keys: &[&str], usual: Duration| {
            first(keys).and_then(|value| value.parse().ok()).map_or(usual, Duration::from_secs)
        };
        let stamp = |keys: &[&str]| first(keys).unwrap_or("None").to_owned();
        let usual = Settings::default();
        Settings {
            error_delay: seconds(&["ErrorDelay"], usual.error_delay),
            poll_delay: seconds(&["Delay", "RequestDelay"], usual.poll_delay),
            attlog_stamp: stamp(&["ATTLOGStamp", "Stamp"]),
            operlog_stamp: stamp(&["OPERLOGStamp", "OpStamp"]),
            photo_stamp: stamp(&["ATTPHOTOStamp", "PhotoStamp"]),
            transfers: first(&["TransFlag"]).map_or(usual.transfers, |value| TransFlag::read(value, DigitOrder::V2)),
            zone_minutes: first(&["TimeZone"]).and_then(|value| match zone {
                ZoneReading::BySize => Zone::read(value),
                ZoneReading::Minutes => value.parse().ok(),
            }),
            wants_options: first(&["PushOptionsFlag"]) == Some("1"),
            schedule: Schedule::read(first(&["Realtime"]), first(&["TransTimes"]), first(&["TransInterval"])),
        }
    }

    pub(super) fn wants(&self, transfer: Transfer) -> bool {
        self.transfers.contains(&transfer)
    }

    pub(super) fn wants_users(&self) -> bool {
        // Users travel with the operations (adms 4).
        self.wants(Transfer::OpLog) && (self.wants(Transfer::EnrollUser) || self.wants(Transfer::ChgUser))
    }

    pub(super) fn wants_templates(&self) -> bool {
        self.wants(Transfer::OpLog) && (self.wants(Transfer::EnrollFp) || self.wants(Transfer::ChgFp))
    }
}

impl Schedule {
    /// `Realtime=1` overrides the other two.
    fn read(realtime: Option<&str>, times: Option<&str>, interval: Option<&str>) -> Schedule {
        if realtime.is_none_or(|value| value == "1") {
            return Schedule::AtOnce;
        }
        let times = times.unwrap_or_default().split([';', '\t', ' ']).filter_map(|time| {
            let (hour, minute) = time.split_once(':')?;
            Time::new(hour.trim().parse().ok()?, minute.trim().parse().ok()?, 0, 0).ok()
        });
        let minutes = interval.and_then(|value| value.parse().ok()).filter(|minutes: &u64| *minutes > 0);
        Schedule::Planned { times: times.collect(), every: minutes.map(|minutes| Duration::from_secs(minutes * 60)) }
    }

    /// How long new data waits, when the terminal's clock shows `shown`; `None` for ever.
    pub(super) fn wait(&self, shown: DateTime) -> Option<Duration> {
        let Schedule::Planned { times, every } = self else { return Some(Duration::ZERO) };
        let until = |time: &Time| {
            let wait = shown.time().duration_until(*time);
            let wait = if wait.is_positive() { wait } else { wait + jiff::SignedDuration::from_hours(24) };
            wait.unsigned_abs()
        };
        times.iter().map(until).chain(*every).min()
    }
}

#[cfg(test)]
mod tests {
    use adms::HandshakeReply;
    use jiff::civil::{date, time};

    use super::*;

    fn read(block: &str) -> Settings {
        Settings::read(block, ZoneReading::BySize)
    }

    #[test]
    fn the_houses_own_block_is_understood() {
        let settings = read(&HandshakeReply::new("X903").to_string());
        assert_eq!(settings.poll_delay, Duration::from_secs(10));
        assert_eq!((settings.attlog_stamp.as_str(), settings.zone_minutes), ("9999", None));
        assert!(settings.wants(Transfer::AttLog) && settings.wants_users() && !settings.wants_templates());
        assert_eq!(settings.schedule, Schedule::AtOnce);
    }

    /// adms 14, vector 1 and the reply that two live devices accepted (adms 4).
    #[test]
    fn a_block_with_old_names_and_digits_is_understood() {
        let block = "GET OPTION FROM: X\r\nStamp=7\r\nOpStamp=8\r\nErrorDelay=60\r\nDelay=2\r\nTransTimes=00:00;14:05\r\nTransInterval=1\r\nTransFlag=1111000000\r\nTimeZone=8\r\nRealtime=0\r\nEncrypt=0";
        let settings = read(block);
        assert_eq!((settings.attlog_stamp.as_str(), settings.operlog_stamp.as_str()), ("7", "8"));
        assert_eq!((settings.error_delay.as_secs(), settings.poll_delay.as_secs()), (60, 2));
        assert_eq!(settings.zone_minutes, Some(480));
        assert!(settings.wants(Transfer::AttPhoto) && settings.wants_templates() && !settings.wants_users());
        let Schedule::Planned { times, every } = settings.schedule else { panic!("not at once") };
        assert_eq!((times, every), (vec![time(0, 0, 0, 0), time(14, 5, 0, 0)], Some(Duration::from_secs(60))));
        assert_eq!(
            Settings::read("x=\nTimeZone=8", ZoneReading::Minutes).zone_minutes,
            Some(8),
            "a K40 is 8 minutes off"
        );
    }

    #[test]
    fn a_bare_ok_leaves_the_defaults() {
        let settings = read("OK");
        assert_eq!(settings, Settings { wants_options: false, ..Settings::default() });
    }

    #[test]
    fn planned_uploads_wait_for_the_next_time_of_day_or_interval() {
        let at = |hour, minute| date(2026, 11, 20).at(hour, minute, 0, 0);
        let planned = |times: &[Time], every| Schedule::Planned { times: times.to_vec(), every };
        let times = [time(0, 0, 0, 0), time(14, 5, 0, 0)];
        assert_eq!(planned(&times, None).wait(at(14, 0)), Some(Duration::from_secs(300)));
        assert_eq!(planned(&times, None).wait(at(14, 5)), Some(Duration::from_secs((9 * 60 + 55) * 60)));
        let every = Some(Duration::from_secs(60));
        assert_eq!(planned(&times, every).wait(at(9, 0)), every);
        assert_eq!(planned(&[], None).wait(at(9, 0)), None);
        assert_eq!(Schedule::AtOnce.wait(at(9, 0)), Some(Duration::ZERO));
    }
}
