//! One user record in each of its widths (zk 7.1, 7.2).

use std::collections::BTreeSet;

use crate::error::Error;
use crate::record::layout::exact_width;
use crate::record::number::UserNumber;
use crate::record::password::Password;
use crate::transfer;
use crate::wire::{put_padded, u16_at, u32_at, until_nul};

/// How a terminal lays out its users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UserLayout {
    /// 28 bytes, black/white units.
    Short,
    /// 72 bytes, colour units.
    Long,
}

/// What somebody may do at the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Privilege(pub u8);

/// The access time zones of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TimeZones {
    /// 1: the user's own zones count, 0: those of the group. On 28-byte records other flags are seen, of unknown meaning.
    pub flags: u16,
    /// The user's own zones, 0 none; 28-byte records have no place for them.
    pub own: [u16; 3],
}

/// One person in a terminal's user table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Place in the table; reused after a deletion, so it identifies nobody for long.
    pub slot: u16,
    /// The number the person types; text, leading zeros kept.
    pub number: String,
    /// The bytes of the name, in the terminal's code page: UTF-8 on new units, GB2312 or a Windows one on older.
    pub name_raw: Vec<u8>,
    /// What the person may do at the terminal.
    pub privilege: Privilege,
    /// The password that the person types; it does not print.
    pub password: Password,
    /// Card number, 0 none.
    pub card: u32,
    /// Access group.
    pub group: u8,
    /// Access time zones.
    pub time_zones: TimeZones,
}

impl User {
    /// An ordinary user of group 1, without card and password. The slot is 0: none yet.
    pub fn new(number: impl Into<String>, name: &str) -> User {
        User {
            slot: 0,
            number: number.into(),
            name_raw: name.as_bytes().to_vec(),
            privilege: Privilege::USER,
            password: Password::default(),
            card: 0,
            group: 1,
            time_zones: TimeZones::default(),
        }
    }

    /// The name, read as UTF-8 with replacement characters where it is not.
    pub fn name(&self) -> String {
        String::from_utf8_lossy(&self.name_raw).trim().to_owned()
    }
}

impl Privilege {
    /// An ordinary user.
    pub const USER: Privilege = Privilege(0);
    /// May enrol people.
    pub const ENROLLER: Privilege = Privilege(2);
    /// May change people and settings, except for the administrators'.
    pub const MANAGER: Privilege = Privilege(6);
    /// May do everything.
    pub const SUPER_ADMIN: Privilege = Privilege(14);

    /// Whether the person is barred from punching.
    pub fn is_disabled(self) -> bool {
        self.0 & 1 == 1
    }

    /// Whether the person may change settings or people.
    pub fn is_administrator(self) -> bool {
        matches!(self.0 & 0x0E, 6 | 10 | 14)
    }
}

impl UserLayout {
    /// Bytes of one record.
    pub fn width(self) -> usize {
        match self {
            UserLayout::Short => 28,
            UserLayout::Long => 72,
        }
    }

    /// Longest name, in bytes.
    pub fn name_bytes(self) -> usize {
        match self {
            UserLayout::Short => 8,
            UserLayout::Long => 24,
        }
    }

    /// Longest password, in bytes.
    pub fn password_bytes(self) -> usize {
        match self {
            UserLayout::Short => 5,
            UserLayout::Long => 8,
        }
    }

    /// Reads one record; `None` when there are too few bytes.
    pub fn decode(self, raw: &[u8]) -> Option<User> {
        let raw = raw.get(..self.width())?;
        let user = match self {
            UserLayout::Short => User {
                slot: u16_at(raw, 0)?,
                number: u32_at(raw, 24)?.to_string(),
                name_raw: until_nul(raw.get(8..16)?).to_vec(),
                privilege: Privilege(*raw.get(2)?),
                password: Password::from_field(raw.get(3..8)?),
                card: u32_at(raw, 16)?,
                group: *raw.get(21)?,
                time_zones: TimeZones { flags: u16_at(raw, 22)?, own: [0; 3] },
            },
            UserLayout::Long => User {
                slot: u16_at(raw, 0)?,
                number: UserNumber::from_field(raw.get(48..)?).to_string(),
                name_raw: until_nul(raw.get(11..35)?).to_vec(),
                privilege: Privilege(*raw.get(2)?),
                password: Password::from_field(raw.get(3..11)?),
                card: u32_at(raw, 35)?,
                group: *raw.get(39)?,
                time_zones: TimeZones {
                    flags: u16_at(raw, 40)?,
                    own: [u16_at(raw, 42)?, u16_at(raw, 44)?, u16_at(raw, 46)?],
                },
            },
        };
        Some(user)
    }

    /// Writes one record as a terminal of this layout would. What does not fit is cut; [`UserLayout::fits`] tells before.
    pub fn encode(self, user: &User) -> Vec<u8> {
        let mut raw = vec![0; self.width()];
        let mut put = |offset: usize, width: usize, bytes: &[u8]| {
            if let Some(field) = raw.get_mut(offset..offset + width) {
                put_padded(field, bytes);
            }
        };
        let TimeZones { flags, own } = user.time_zones;
        put(0, 2, &user.slot.to_le_bytes());
        put(2, 1, &[user.privilege.0]);
        put(3, self.password_bytes(), user.password.as_bytes());
        match self {
            UserLayout::Short => {
                put(8, self.name_bytes(), &user.name_raw);
                put(16, 4, &user.card.to_le_bytes());
                put(21, 1, &[user.group]);
                put(22, 2, &flags.to_le_bytes());
                put(24, 4, &user.number.parse::<u32>().unwrap_or(0).to_le_bytes());
            }
            UserLayout::Long => {
                put(11, self.name_bytes(), &user.name_raw);
                put(35, 4, &user.card.to_le_bytes());
                put(39, 1, &[user.group]);
                put(40, 2, &flags.to_le_bytes());
                for (zone, offset) in own.into_iter().zip([42, 44, 46]) {
                    put(offset, 2, &zone.to_le_bytes());
                }
                put(48, 24, user.number.as_bytes());
            }
        }
        raw
    }

    /// That all of `user` survives in a record of this layout.
    ///
    /// # Errors
    /// [`Error::Unfit`] with what does not, and what would.
    pub fn fits(self, user: &User) -> Result<(), Error> {
        let number = &user.number;
        let holds_number = match self {
            // A number is an integer here: `0012` would come back as `12`.
            UserLayout::Short => number.parse::<u32>().is_ok_and(|parsed| parsed.to_string() == *number && parsed > 0),
            UserLayout::Long => (1..=24).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_graphic()),
        };
        if !holds_number {
            let cure = match self {
                UserLayout::Short => "this terminal takes whole numbers from 1 to 4294967295 without leading zeros",
                UserLayout::Long => "a terminal takes 1 to 24 letters, digits and signs without blanks",
            };
            return Err(Error::unfit(format!("the user number {number:?} does not fit: {cure}")));
        }
        let (name, limit) = (&user.name_raw, self.name_bytes());
        if name.len() > limit || name.contains(&0) {
            let what = format!(
                "the name of user {number} has {} bytes; this terminal holds {limit} (zero bytes excluded)",
                name.len()
            );
            return Err(Error::unfit(what));
        }
        let (password, limit) = (user.password.as_bytes(), self.password_bytes());
        if password.len() > limit || password.contains(&0) {
            let what = format!("the password of user {number} does not fit; this terminal holds {limit} characters");
            return Err(Error::unfit(what));
        }
        if self == UserLayout::Short && user.time_zones.own != [0; 3] {
            let what = format!("user {number} has time zones of their own, which this terminal has no place for");
            return Err(Error::unfit(what));
        }
        Ok(())
    }

    /// Whether every record of `records` makes sense in this layout.
    fn is_plausible(self, records: &[u8]) -> bool {
        records.len().is_multiple_of(self.width())
            && records.chunks_exact(self.width()).all(|raw| {
                self.decode(raw).is_some_and(|user| {
                    let number_prints = user.number.bytes().all(|byte| byte.is_ascii_graphic());
                    user.slot > 0 && user.privilege.0 <= 15 && !user.number.is_empty() && number_prints
                })
            })
    }
}

/// A terminal's user table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserTable {
    /// The people, in the terminal's order.
    pub users: Vec<User>,
    /// How the records are laid out; `None` for an empty table, which does not show it.
    pub layout: Option<UserLayout>,
}

impl UserTable {
    /// Reads a data set; `told` is the number of users the terminal said it has (zk 6.2).
    ///
    /// # Errors
    /// [`Error::Corrupt`] when the set is cut short or fits no known record width: unknown widths are refused, not guessed.
    pub fn decode(dataset: &[u8], told: Option<u32>) -> Result<UserTable, Error> {
        // No error keeps the bytes of users: they hold passwords.
        let records = transfer::records(dataset).map_err(|_| Error::corrupt("the user table is cut short", b""))?;
        if records.is_empty() {
            return Ok(UserTable { users: Vec::new(), layout: None });
        }
        let layouts = [UserLayout::Long, UserLayout::Short];
        let by_count =
            exact_width(records.len(), told).and_then(|width| layouts.into_iter().find(|l| l.width() == width));
        let layout = by_count.or_else(|| layouts.into_iter().find(|layout| layout.is_plausible(records)));
        let layout = layout.ok_or_else(|| {
            Error::corrupt(format!("{} bytes of users fit no known record width", records.len()), b"")
        })?;
        let users = records.chunks_exact(layout.width()).filter_map(|raw| layout.decode(raw)).collect();
        Ok(UserTable { users, layout: Some(layout) })
    }

    /// The slot of a user number.
    pub fn slot_of(&self, number: &str) -> Option<u16> {
        self.users.iter().find(|user| user.number == number).map(|user| user.slot)
    }

    /// A slot for somebody new, never 0: the one above the highest, because 8-byte records in the log may still name a slot
    /// below that was freed. The lowest free one where there is none above; `None` when all are taken.
    pub fn free_slot(&self) -> Option<u16> {
        let taken: BTreeSet<u16> = self.users.iter().map(|user| user.slot).collect();
        let highest = taken.last().copied().unwrap_or(0);
        highest.checked_add(1).or_else(|| (1..=u16::MAX).find(|slot| !taken.contains(slot)))
    }
}
