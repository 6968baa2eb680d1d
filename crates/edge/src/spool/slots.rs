//! Who had which slot of a terminal's user table, over restarts ([`Slots`](crate::plan::Slots)).

use zk::PackedTime;

use super::{Spool, SpoolError};
use crate::plan::SlotOwner;

impl Spool {
    /// All owners of the slots of one terminal that are remembered.
    ///
    /// # Errors
    /// When the file can't be read.
    pub async fn slot_owners(&self, serial: String) -> Result<Vec<SlotOwner>, SpoolError> {
        self.read(move |connection| {
            connection
                .prepare_cached("SELECT slot, place, number, latest FROM slot_owner WHERE serial = ?1")?
                .query_map([&serial], |row| {
                    let latest = row.get::<_, Option<i32>>(3)?.map(PackedTime);
                    Ok(SlotOwner { slot: row.get(0)?, place: row.get(1)?, number: row.get(2)?, latest })
                })?
                .collect()
        })
        .await
    }

    /// Remembers owners of the slots of one terminal.
    ///
    /// # Errors
    /// When the write fails; nothing of it is remembered then.
    pub async fn remember_slot_owners(&self, serial: String, owners: Vec<SlotOwner>) -> Result<(), SpoolError> {
        self.change(move |connection| {
            let mut put = connection.prepare_cached(
                "INSERT INTO slot_owner (serial, slot, place, number, latest) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (serial, slot, place) DO UPDATE SET number = excluded.number, latest = excluded.latest",
            )?;
            owners.iter().try_for_each(|owner| {
                let latest = owner.latest.map(|latest| latest.0);
                put.execute((&serial, owner.slot, owner.place, &owner.number, latest)).map(drop)
            })
        })
        .await
    }
}
