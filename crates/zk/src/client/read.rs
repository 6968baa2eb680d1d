//! What a client reads: facts about the terminal, its users, its log.

use std::time::Duration;

use super::{Client, unless_refused};
use crate::code::Code;
use crate::error::Error;
use crate::option;
use crate::record::log::AttendanceLog;
use crate::record::operation::{OperationRecord, decode_operations};
use crate::record::user::{User, UserTable};
use crate::session::Event;
use crate::sizes::Sizes;
use crate::time::PackedTime;
use crate::transfer::Table;
use crate::wire::u32_at;

/// How long a terminal stays disabled for a read whose end it never hears of.
const LONGEST_HOLD: Duration = Duration::from_secs(300);
/// In the platform's name of units with a colour display (zk 5.4, 11).
const COLOUR: &str = "TFT";

/// What a terminal says about itself; `None` where it does not know the option.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Info {
    /// Serial number, the terminal's identity.
    pub serial: Option<String>,
    /// Model.
    pub name: Option<String>,
    /// Hardware platform.
    pub platform: Option<String>,
    /// Hardware address.
    pub mac: Option<String>,
    /// Firmware version.
    pub firmware: Option<String>,
}

impl Client {
    /// Serial number, model, platform, hardware address and firmware (zk 5.4).
    ///
    /// # Errors
    /// When the connection fails; a single unknown option is no failure.
    pub async fn info(&mut self) -> Result<Info, Error> {
        Ok(Info {
            serial: self.option(option::SERIAL).await?,
            name: self.option(option::DEVICE_NAME).await?,
            platform: self.option(option::PLATFORM).await?,
            mac: self.option(option::MAC).await?,
            firmware: unless_refused(self.command(Code::GET_VERSION, Vec::new()).await)?
                .and_then(|reply| option::text(&reply.data)),
        })
    }

    /// One option by its name, `None` when the terminal does not have it (zk 5.4).
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn option(&mut self, name: &str) -> Result<Option<String>, Error> {
        let reply = unless_refused(self.command(Code::OPTION_READ, option::request(name)).await)?;
        Ok(reply.and_then(|reply| option::value(&reply.data)))
    }

    /// Counts and capacities (zk 5.3).
    ///
    /// # Errors
    /// When the terminal refuses or the connection fails.
    pub async fn sizes(&mut self) -> Result<Sizes, Error> {
        let reply = self.command(Code::GET_FREE_SIZES, Vec::new()).await?;
        Ok(Sizes::parse(&reply.data))
    }

    /// The terminal's clock (zk 5.1).
    ///
    /// # Errors
    /// When the terminal refuses, answers too short, or the connection fails.
    pub async fn time(&mut self) -> Result<PackedTime, Error> {
        let reply = self.command(Code::GET_TIME, Vec::new()).await?;
        let packed = u32_at(&reply.data, 0).ok_or_else(|| Error::corrupt("the time is cut short", &reply.data))?;
        Ok(PackedTime(packed as i32))
    }

    /// The user table (zk 7.1, 7.2).
    ///
    /// # Errors
    /// As [`Client::attendance`].
    pub async fn users(&mut self) -> Result<Vec<User>, Error> {
        Ok(self.user_table().await?.users)
    }

    /// As [`Client::users`], and whether they are all whom the terminal says it has: a table that lacks some tells nothing of who is gone.
    ///
    /// # Errors
    /// As [`Client::users`].
    pub async fn users_and_whether_all(&mut self) -> Result<(Vec<User>, bool), Error> {
        let (dataset, sizes) = self.read(Table::Users).await?;
        let users = UserTable::decode(&dataset, sizes.users)?.users;
        // One that tells no number has all of them in the set, which says its own length; but an empty one may be a shrug.
        let is_all = sizes.users.map_or(!users.is_empty(), |told| usize::try_from(told) == Ok(users.len()));
        Ok((users, is_all))
    }

    /// The user table with its layout, as writing users needs it.
    pub(super) async fn user_table(&mut self) -> Result<UserTable, Error> {
        let (dataset, sizes) = self.read(Table::Users).await?;
        UserTable::decode(&dataset, sizes.users)
    }

    /// The whole attendance log (zk 6, 7.3); this protocol has no filter. The terminal is disabled meanwhile, as the records
    /// could change between two chunks.
    ///
    /// # Errors
    /// When the terminal refuses, sends what can't be understood ([`Error::Corrupt`]), or the connection fails.
    pub async fn attendance(&mut self) -> Result<AttendanceLog, Error> {
        let (dataset, sizes) = self.read(Table::Attendance).await?;
        AttendanceLog::from_dataset(dataset, sizes.attendance)
    }

    /// The operation log: what was done at the terminal's menu (zk 7.4).
    ///
    /// # Errors
    /// As [`Client::attendance`].
    pub async fn operations(&mut self) -> Result<Vec<OperationRecord>, Error> {
        let (dataset, _) = self.read(Table::Operations).await?;
        decode_operations(&dataset)
    }

    /// Reads a data set with the terminal disabled, and the counts from just before.
    async fn read(&mut self, table: Table) -> Result<(Vec<u8>, Sizes), Error> {
        let hold = self.hold(LONGEST_HOLD).await?;
        let outcome = self.read_held(table).await;
        self.release(hold).await;
        outcome
    }

    pub(super) async fn read_held(&mut self, table: Table) -> Result<(Vec<u8>, Sizes), Error> {
        // Without the count the records' width is found by their content (zk 6.2).
        let sizes = unless_refused(self.sizes().await)?.unwrap_or_default();
        let dataset = match self.read_prepared(table).await {
            // Some units have nothing to prepare then.
            Err(Error::Refused { .. }) if count_in(table, &sizes) == Some(0) => Vec::new(),
            Err(refused @ Error::Refused { .. }) => self.read_directly(table, refused).await?,
            outcome => outcome?,
        };
        Ok((dataset, sizes))
    }

    async fn read_prepared(&mut self, table: Table) -> Result<Vec<u8>, Error> {
        self.session.read(table, self.now());
        let Some(dataset) = unless_refused(self.dataset().await)? else {
            // A connection that broke may have left its buffer (zk 12).
            unless_refused(self.command(Code::FREE_DATA, Vec::new()).await)?;
            self.session.read(table, self.now());
            return self.dataset().await;
        };
        Ok(dataset)
    }

    /// The form of old units (zk 6.1). Units with a colour display answer the same command with a blob of another coding, so they
    /// are not asked.
    async fn read_directly(&mut self, table: Table, refused: Error) -> Result<Vec<u8>, Error> {
        let platform = self.option(option::PLATFORM).await?;
        if platform.is_some_and(|platform| platform.contains(COLOUR)) {
            return Err(refused);
        }
        self.session.read_directly(table, self.now());
        unless_refused(self.dataset().await)?.ok_or(refused)
    }

    pub(super) async fn dataset(&mut self) -> Result<Vec<u8>, Error> {
        match self.drive().await? {
            Event::Dataset(dataset) => Ok(dataset),
            _ => Err(Error::corrupt("an answer of another kind than a data set", b"")),
        }
    }
}

/// How many records of a table the terminal said it has.
fn count_in(table: Table, sizes: &Sizes) -> Option<u32> {
    match table {
        Table::Users => sizes.users,
        Table::Attendance => sizes.attendance,
        Table::Operations => sizes.operations,
        Table::Templates => sizes.fingers,
    }
}
