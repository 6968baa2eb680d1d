//! The security dialect: access terminals and controllers, as far as public facts go (adms 9).
//!
//! The terminal's way: (1) `GET cdata?options=all`, answered `OK` to a stranger and [`Settings::registered_block`] to
//! whom the server knows; (2) `POST registry`, answered [`registry_code`] (a bare `OK` makes it come again and again, status
//! 406 refuses it); (3) `POST push`, answered [`Settings::push_block`]; (4) normal work: polls for commands, events,
//! states, tables, and answers to queries.
//!
//! The cookie `token=` that a controller sends later is made of RegistryCode, serial and SessionID in a way that is not
//! public: it is opaque here and proves nothing. Encryption (from protocol 3.1.1 on) is never offered.

mod event;
mod record;
mod settings;
mod state;

pub use event::{Event, EventKind, events};
pub use record::{Record, TransactionRecord, UserRecord, records};
pub use settings::{BadCode, Settings, registry_code};
pub use state::{DoorState, Doors, states};

use crate::time::{CivilTime, PackedTime};

/// The answer to [`Call::RtData`](crate::Call::RtData): `DateTime=583050990,ServerTZ=+0800`. `now_utc` is the server's
/// time **in UTC**, `offset_minutes` what its zone is ahead of UTC. `None` for a time that can't be packed (outside 1933
/// to 2066).
///
/// A controller sets its clock by it.
pub fn time(now_utc: CivilTime, offset_minutes: i16) -> Option<String> {
    let packed = PackedTime::from_civil(now_utc)?;
    let sign = if offset_minutes < 0 { '-' } else { '+' };
    let offset = offset_minutes.unsigned_abs();
    Some(format!("DateTime={packed},ServerTZ={sign}{:02}{:02}", offset / 60, offset % 60))
}

/// A stretch of the day as access tables have it: `start << 16 | end`, each HHMM in decimals. 830 to 1200 is
/// `0x033E04B0`. Each is `(hour, minute)`; `None` when a half is no time of a day (24:00 may end one).
pub fn day_span(value: u32) -> Option<((u8, u8), (u8, u8))> {
    let half = |hhmm: u32| {
        let (hour, minute) = (u8::try_from(hhmm / 100).ok()?, u8::try_from(hhmm % 100).ok()?);
        (minute < 60 && (hour < 24 || (hour, minute) == (24, 0))).then_some((hour, minute))
    };
    Some((half(value >> 16)?, half(value & 0xffff)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_time_is_packed_in_utc() {
        let now = "2018-02-22 06:36:30".parse().unwrap();
        let reply = time(now, 480).unwrap();
        assert_eq!((reply.as_str(), reply.len()), ("DateTime=583050990,ServerTZ=+0800", 33));
        assert_eq!(time(now, -210).unwrap(), "DateTime=583050990,ServerTZ=-0330");
        assert_eq!(time("2100-01-01 00:00:00".parse().unwrap(), 0), None);
    }

    #[test]
    fn a_stretch_of_the_day_is_two_halves() {
        assert_eq!(day_span(0x033E_04B0), Some(((8, 30), (12, 0))));
        assert_eq!(day_span(2400), Some(((0, 0), (24, 0))));
        assert_eq!(day_span(0xffff_ffff), None);
    }
}
