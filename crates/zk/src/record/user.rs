//! One user record in each of its widths (zk 7.1, 7.2).

use crate::error::Error;
use crate::record::layout::exact_width;
use crate::record::number::UserNumber;
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

/// One person in a terminal's user table. The password itself is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Place in the table; reused after a deletion, so it identifies nobody for long.
    pub slot: u16,
    /// The number the person types; text, leading zeros kept.
    pub number: String,
    /// The name, read as UTF-8 with replacement characters where it is not.
    pub name: String,
    /// The bytes of the name, in the terminal's code page.
    pub name_raw: Vec<u8>,
    /// What the person may do at the terminal.
    pub privilege: Privilege,
    /// Card number, 0 none.
    pub card: u32,
    /// Access group.
    pub group: u8,
    /// Whether a password is set.
    pub has_password: bool,
}

impl Privilege {
    /// An ordinary user.
    pub const USER: Privilege = Privilege(0);
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

    /// Reads one record; `None` when there are too few bytes.
    pub fn decode(self, raw: &[u8]) -> Option<User> {
        let raw = raw.get(..self.width())?;
        let (password, name, card, group) = match self {
            UserLayout::Short => (3..8, 8..16, 16, 21),
            UserLayout::Long => (3..11, 11..35, 35, 39),
        };
        let number = match self {
            UserLayout::Short => u32_at(raw, 24)?.to_string(),
            UserLayout::Long => UserNumber::from_field(raw.get(48..)?).to_string(),
        };
        let name_raw = until_nul(raw.get(name)?);
        Some(User {
            slot: u16_at(raw, 0)?,
            number,
            name: String::from_utf8_lossy(name_raw).trim().to_owned(),
            name_raw: name_raw.to_vec(),
            privilege: Privilege(*raw.get(2)?),
            card: u32_at(raw, card)?,
            group: *raw.get(group)?,
            has_password: !until_nul(raw.get(password)?).is_empty(),
        })
    }

    /// Writes one record as a terminal of this layout would; `password` in clear, as terminals hold it.
    pub fn encode(self, user: &User, password: &str) -> Vec<u8> {
        let mut raw = vec![0; self.width()];
        let mut put = |offset: usize, width: usize, bytes: &[u8]| {
            if let Some(field) = raw.get_mut(offset..offset + width) {
                put_padded(field, bytes);
            }
        };
        put(0, 2, &user.slot.to_le_bytes());
        put(2, 1, &[user.privilege.0]);
        match self {
            UserLayout::Short => {
                put(3, 5, password.as_bytes());
                put(8, 8, &user.name_raw);
                put(16, 4, &user.card.to_le_bytes());
                put(21, 1, &[user.group]);
                put(24, 4, &user.number.parse::<u32>().unwrap_or(0).to_le_bytes());
            }
            UserLayout::Long => {
                put(3, 8, password.as_bytes());
                put(11, 24, &user.name_raw);
                put(35, 4, &user.card.to_le_bytes());
                put(39, 1, &[user.group]);
                put(48, 24, user.number.as_bytes());
            }
        }
        raw
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

/// Reads the user table; `told` is the number of users the terminal said it has (zk 6.2).
///
/// # Errors
/// [`Error::Corrupt`] when the set is cut short or fits no known record width: unknown widths are refused, not guessed.
pub fn decode_users(dataset: &[u8], told: Option<u32>) -> Result<Vec<User>, Error> {
    let records = transfer::records(dataset)?;
    let layouts = [UserLayout::Long, UserLayout::Short];
    let by_count = exact_width(records.len(), told).and_then(|width| layouts.into_iter().find(|l| l.width() == width));
    let layout = by_count.or_else(|| layouts.into_iter().find(|layout| layout.is_plausible(records)));
    // The bytes are not kept: they hold passwords.
    let layout = layout
        .ok_or_else(|| Error::corrupt(format!("{} bytes of users fit no known record width", records.len()), b""))?;
    Ok(records.chunks_exact(layout.width()).filter_map(|raw| layout.decode(raw)).collect())
}
