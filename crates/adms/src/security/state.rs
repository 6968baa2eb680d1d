//! States of doors: the lines of `table=rtstate` (adms 9).

use crate::line::{self, BadLine, BadLineReason};
use crate::text;

/// The state of a controller's doors at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DoorState<'a> {
    /// The original bytes, without the line end.
    pub bytes: &'a [u8],
    /// The printed time, trimmed.
    pub time: &'a [u8],
    /// Door sensors in hex, two bits a door.
    pub sensor: Doors<'a>,
    /// Relays in hex, two bits a door.
    pub relay: Doors<'a>,
    /// Alarms in hex, one byte a door.
    pub alarm: Doors<'a>,
}

/// Values by door, as hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Doors<'a>(pub &'a [u8]);

impl Doors<'_> {
    /// The byte at a place.
    fn byte(self, at: usize) -> Option<u8> {
        let digits = self.0.get(at.checked_mul(2)?..)?.get(..2)?;
        u8::from_str_radix(std::str::from_utf8(digits).ok().filter(|_| digits.iter().all(u8::is_ascii_hexdigit))?, 16)
            .ok()
    }

    /// The two bits of a door, counted from 0; four doors share a byte, the first in its lowest bits.
    pub fn two_bits(self, door: usize) -> Option<u8> {
        Some(self.byte(door / 4)? >> (door % 4 * 2) & 3)
    }

    /// The byte of a door, counted from 0.
    pub fn whole_byte(self, door: usize) -> Option<u8> {
        self.byte(door)
    }
}

impl<'a> DoorState<'a> {
    /// Reads one line.
    ///
    /// # Errors
    /// [`BadLineReason::NoTime`] when there is no `time=`.
    pub fn read(bytes: &'a [u8]) -> Result<Self, BadLine<'a>> {
        let mut state = Self { bytes, ..Self::default() };
        for (key, value) in line::pairs(bytes) {
            let is = |name: &str| key.eq_ignore_ascii_case(name.as_bytes());
            let value = text::trim(value);
            if is("time") {
                state.time = value;
            } else if is("sensor") {
                state.sensor = Doors(value);
            } else if is("relay") {
                state.relay = Doors(value);
            } else if is("alarm") {
                state.alarm = Doors(value);
            }
        }
        if state.time.is_empty() { Err(BadLine { bytes, reason: BadLineReason::NoTime }) } else { Ok(state) }
    }
}

/// The states of an upload body in the order of the body.
pub fn states(body: &[u8]) -> impl Iterator<Item = Result<DoorState<'_>, BadLine<'_>>> {
    line::lines(body).map(DoorState::read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_door_has_its_bits() {
        let state = DoorState::read(b"time=2017-01-10 11:49:32\tsensor=09\trelay=00\talarm=0200000000000000").unwrap();
        assert_eq!([0, 1, 2].map(|door| state.sensor.two_bits(door)), [Some(1), Some(2), Some(0)]);
        assert_eq!(state.relay.two_bits(3), Some(0));
        assert_eq!(
            (state.alarm.whole_byte(0), state.alarm.whole_byte(7), state.alarm.whole_byte(8)),
            (Some(2), Some(0), None)
        );
        assert_eq!(Doors(b"+1").whole_byte(0), None, "no digits");
        assert_eq!(Doors("é".as_bytes()).whole_byte(0), None);
    }
}
