//! The state report of `getrequest?INFO=` (adms 7).

use std::borrow::Cow;

/// What a terminal reports about itself. Positions that are missing, `-1` or no number are `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Info<'a> {
    /// Firmware version, for example `Ver 8.0.4.4-20190617`.
    pub firmware: Cow<'a, str>,
    /// Number of users.
    pub users: Option<u32>,
    /// Number of finger templates.
    pub fingers: Option<u32>,
    /// Number of punches in its log.
    pub punches: Option<u32>,
    /// Its own network address as text; may be empty.
    pub address: Cow<'a, str>,
    /// Number of faces.
    pub faces: Option<u32>,
}

impl<'a> Info<'a> {
    /// Reads the already decoded value of `INFO`.
    pub fn read(value: &'a str) -> Self {
        let position = |number: usize| value.split(',').nth(number - 1).map(str::trim).unwrap_or_default();
        let count = |number: usize| position(number).parse().ok();
        Self {
            firmware: Cow::Borrowed(position(1)),
            users: count(2),
            fingers: count(3),
            punches: count(4),
            address: Cow::Borrowed(position(5)),
            faces: count(9),
        }
    }
}
