//! How a terminal opens its work with a server: the handshake, or the registration of an access terminal (adms 4, 9).

use adms::Dialect;
use jiff::Timestamp;
use zk::PackedTime;

use super::http::{Accepted, HttpError};
use super::reporter::Reporter;
use super::settings::Settings;
use super::upload::Upload;
use super::{attendance, security};
use crate::terminal::datetime_of;

/// The query of an upload of options.
const OPTIONS: &str = "table=options";

impl Reporter<'_> {
    /// Fetches the settings; a stamp of 0 starts its table again from the beginning.
    pub(super) async fn open(&mut self) -> Result<(), HttpError> {
        let faults = self.terminal.faults();
        if faults.asks_encryption {
            self.post("exchange", "type=publickey", b"PublicKey=made-up").await?;
        }
        let device_type = match self.make.dialect {
            Dialect::Attendance => "att",
            Dialect::Security => "acc",
        };
        let key = faults.push_key.as_deref().map(|key| format!("&pushcommkey={key}")).unwrap_or_default();
        let query = format!(
            "options=all&pushver={}&language=69&DeviceType={device_type}&PushOptionsFlag=1{key}",
            self.make.version
        );
        let Accepted { body, date } = self.get("cdata", &query).await?;
        match self.make.dialect {
            Dialect::Attendance => self.take_settings(&body, date),
            Dialect::Security => self.register(&body).await?,
        }
        self.info = None;
        Ok(())
    }

    fn take_settings(&mut self, block: &str, date: Option<Timestamp>) {
        self.settings = Settings::read(block, self.make.time_zone);
        let now = self.settings.zone_minutes.zip(date).and_then(|(minutes, date)| {
            let offset = jiff::tz::Offset::from_seconds(i32::from(minutes) * 60).ok()?;
            Some(offset.to_datetime(date))
        });
        if let Some(now) = now {
            self.terminal.follow_clock(now);
        }
        if self.settings.attlog_stamp == "0" {
            self.memory.cursors.log = 0;
            self.note_acknowledged();
            self.queue.retain(|upload| upload.moves.log.is_none());
        }
        if self.settings.operlog_stamp == "0" {
            self.memory.cursors.users = 0;
            self.queue.retain(|upload| upload.moves.users.is_none());
        }
        if self.settings.wants_options {
            self.queue.retain(|upload| upload.query != OPTIONS);
            let body = self.style.body(&[attendance::options_line(self.terminal)]);
            self.queue.push_back(Upload::new("cdata", OPTIONS, body, 1));
        }
        if self.terminal.faults().biodata {
            let users = self.terminal.users();
            let lines: Vec<_> =
                users.iter().map(|user| attendance::face(&user.number, user.slot, self.terminal.seed())).collect();
            self.queue.push_back(Upload::new(
                "cdata",
                "table=BIODATA&Stamp=9999",
                self.style.body(&lines),
                lines.len(),
            ));
        }
        if self.terminal.faults().unknown_table {
            let body = self.style.body(&["MYSTERY Pin=1\tWhat=nobody knows"]);
            self.queue.push_back(Upload::new("cdata", "table=MYSTERY&Stamp=9999", body, 1));
        }
    }

    /// An access terminal: a server that does not know it is asked to register it, and then for its settings.
    async fn register(&mut self, block: &str) -> Result<(), HttpError> {
        let is_known = adms::handshake::settings(block).any(|pair| pair == ("registry", "ok"));
        if !is_known {
            let options = attendance::options_line(self.terminal);
            let body = self.style.body(&[format!("DeviceType=acc,{options}")]);
            let reply = self.post("registry", "", &body).await?.body;
            // A bare OK is no registration; the terminal asks again and again (adms 9).
            if !reply.contains("RegistryCode=") {
                return Err(HttpError::NotRegistered);
            }
        }
        let block = if is_known { block.to_owned() } else { self.post("push", "", b"").await?.body };
        self.settings = Settings::read(&block, self.make.time_zone);
        let time = self.get("rtdata", "type=time").await?.body;
        if let Some(now) = servers_time(&time) {
            self.terminal.follow_clock(now);
        }
        let shown = self.terminal.now().strftime("%Y-%m-%d %H:%M:%S").to_string();
        let body = self.style.body(&[security::state(&shown)]);
        self.queue.push_back(Upload::new("cdata", "table=rtstate", body, 1));
        Ok(())
    }
}

/// The wall clock of `DateTime=583050990,ServerTZ=+0800`: a packed time in GMT, and the zone.
fn servers_time(reply: &str) -> Option<jiff::civil::DateTime> {
    let (date, zone) = reply.trim().split_once(',')?;
    let packed: u32 = date.strip_prefix("DateTime=")?.parse().ok()?;
    let zone: i64 = zone.strip_prefix("ServerTZ=")?.parse().ok()?;
    let minutes = zone.signum() * (zone.abs() / 100 * 60 + zone.abs() % 100);
    datetime_of(PackedTime(packed.cast_signed()))?.checked_add(jiff::SignedDuration::from_mins(minutes)).ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    /// adms 14, vector 12.
    #[test]
    fn the_servers_time_is_packed_gmt_and_a_zone() {
        assert_eq!(servers_time("DateTime=583050990,ServerTZ=+0800"), Some(date(2018, 2, 22).at(14, 36, 30, 0)));
        assert_eq!(servers_time("DateTime=583050990,ServerTZ=-0330"), Some(date(2018, 2, 22).at(3, 6, 30, 0)));
        assert_eq!(servers_time("OK"), None);
    }
}
