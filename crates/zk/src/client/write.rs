//! What a client writes: clock, options, people. Every write is followed by the refresh that makes the terminal use it (zk 3).

use super::device::LONGEST_TASK;
use super::{Client, unless_refused};
use crate::code::Code;
use crate::error::Error;
use crate::option;
use crate::record::user::{User, UserLayout, UserTable};
use crate::time::{CivilTime, PackedTime};

impl Client {
    /// Sets the terminal's clock (zk 5.1), which shows `time` from then on: the caller knows the terminal's zone. The terminal
    /// may be set again by whatever else it follows, such as a push server or NTP (zk 11).
    ///
    /// # Errors
    /// [`Error::Unfit`] for a time that does not exist or that a terminal can't hold (years from 2067); else as a refusal or a
    /// failing connection has it.
    pub async fn set_time(&mut self, time: CivilTime) -> Result<(), Error> {
        let time =
            time.checked().map_err(|no_time| Error::unfit(format!("{no_time} is no time; set one that exists")))?;
        let packed = PackedTime::from_civil(time).ok_or_else(|| {
            Error::unfit(format!("a terminal's clock can't show {time}; set a year from 1934 to 2065"))
        })?;
        self.command(Code::SET_TIME, packed.to_bytes().to_vec()).await?;
        self.refresh(Code::REFRESH_DATA).await
    }

    /// Sets one option (zk 5.4). Which names and values a model takes is known to its maker only; the terminal's connection,
    /// comm key and identity are options too.
    ///
    /// # Errors
    /// [`Error::Unfit`] for a name or value that can't be written as `name=value`; else as a refusal or a failing connection
    /// has it.
    pub async fn set_option(&mut self, name: &str, value: &str) -> Result<(), Error> {
        if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
            let what = format!(
                "the option {name:?} can't be written; a name has no `=`, and neither name nor value a zero byte"
            );
            return Err(Error::unfit(what));
        }
        self.command(Code::OPTION_WRITE, option::answer(name, value)).await?;
        self.refresh(Code::REFRESH_OPTIONS).await
    }

    /// Writes one person into the user table; as [`Client::set_users`]. Returns the slot.
    ///
    /// # Errors
    /// As [`Client::set_users`].
    pub async fn set_user(&mut self, user: &User) -> Result<u16, Error> {
        let slots = self.set_users(std::slice::from_ref(user)).await?;
        slots.first().copied().ok_or(Error::Interrupted)
    }

    /// Writes people into the user table, in the layout that the terminal uses (zk 7.1, 7.2). Returns their slots.
    ///
    /// The slot is found here, and [`User::slot`] is not looked at: somebody whose number the terminal knows keeps their slot, and
    /// with it their templates; somebody new gets a free one. The whole record is replaced, so begin with the one that
    /// [`Client::users`] read. The table is read first, and the terminal disabled until the end, so that nobody is enrolled into
    /// the same slot meanwhile.
    ///
    /// # Errors
    /// [`Error::Unfit`] when a number, name or password does not fit this terminal, or its table is full; nobody is written then.
    /// When the terminal refuses one or the connection fails, those before are written.
    pub async fn set_users(&mut self, users: &[User]) -> Result<Vec<u16>, Error> {
        let hold = self.hold(LONGEST_TASK).await?;
        let outcome = self.set_users_held(users).await;
        self.release(hold).await;
        outcome
    }

    /// Deletes the person in `slot`, with their templates. Find the slot in the table read in the same session: slots are reused.
    ///
    /// # Errors
    /// [`Error::Unfit`] for slot 0, which nobody has; else as a refusal (there is nobody in the slot) or a failing connection
    /// has it.
    pub async fn delete_user(&mut self, slot: u16) -> Result<(), Error> {
        if slot == 0 {
            return Err(Error::unfit("nobody has slot 0; read the user table to find the slot"));
        }
        self.command(Code::DELETE_USER, slot.to_le_bytes().to_vec()).await?;
        self.refresh(Code::REFRESH_DATA).await
    }

    /// The user table, and what its records take: to see what can be written before it is.
    ///
    /// # Errors
    /// As [`Client::users`].
    pub async fn users_and_limits(&mut self) -> Result<(Vec<User>, UserLimits), Error> {
        let table = self.user_table().await?;
        let limits = self.limits_of(&table).await?;
        Ok((table.users, limits))
    }

    async fn set_users_held(&mut self, users: &[User]) -> Result<Vec<u16>, Error> {
        let mut table = self.user_table().await?;
        let limits = self.limits_of(&table).await?;
        let placed = users.iter().map(|user| place(&mut table, limits, user)).collect::<Result<Vec<_>, _>>()?;
        for user in &placed {
            self.command(Code::USER_WRITE, limits.layout.encode(user)).await?;
        }
        self.refresh(Code::REFRESH_DATA).await?;
        Ok(placed.iter().map(|user| user.slot).collect())
    }

    /// Nobody is there to show the layout, so the platform must: black/white ZEM units have short records (zk 11).
    async fn layout_of_empty_table(&mut self) -> Result<UserLayout, Error> {
        let platform = self.option(option::PLATFORM).await?.unwrap_or_default();
        let is_black_and_white = platform.starts_with("ZEM") && !platform.contains("TFT");
        Ok(if is_black_and_white { UserLayout::Short } else { UserLayout::Long })
    }

    async fn limits_of(&mut self, table: &UserTable) -> Result<UserLimits, Error> {
        let layout = match table.layout {
            Some(layout) => layout,
            None => self.layout_of_empty_table().await?,
        };
        let width = self.option(option::NUMBER_WIDTH).await?;
        let longest_number = width.and_then(|width| width.parse().ok()).filter(|width| *width > 0);
        Ok(UserLimits { layout, longest_number })
    }

    /// Makes the terminal use what was written. Some firmware does so by itself and does not know the command.
    pub(super) async fn refresh(&mut self, what: Code) -> Result<(), Error> {
        unless_refused(self.command(what, Vec::new()).await)?;
        Ok(())
    }
}

/// What the user table of one terminal takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserLimits {
    /// How its records are laid out.
    pub layout: UserLayout,
    /// Digits of the longest user number, if the terminal says so.
    pub longest_number: Option<usize>,
}

impl UserLimits {
    /// That all of `user` survives in this table.
    ///
    /// # Errors
    /// [`Error::Unfit`] with what does not, and what would.
    pub fn fits(&self, user: &User) -> Result<(), Error> {
        self.layout.fits(user)?;
        let number = &user.number;
        match self.longest_number {
            Some(longest) if number.len() > longest => {
                Err(Error::unfit(format!("the user number {number} is too long; this terminal takes {longest} digits")))
            }
            _ => Ok(()),
        }
    }
}

/// The user with a slot, entered into `table`.
fn place(table: &mut UserTable, limits: UserLimits, user: &User) -> Result<User, Error> {
    limits.fits(user)?;
    let number = &user.number;
    if let Some(slot) = table.slot_of(number).filter(|slot| *slot > 0) {
        return Ok(User { slot, ..user.clone() });
    }
    let slot = table.free_slot().ok_or_else(|| Error::unfit("the user table is full; delete somebody first"))?;
    let user = User { slot, ..user.clone() };
    table.users.push(user.clone());
    Ok(user)
}
