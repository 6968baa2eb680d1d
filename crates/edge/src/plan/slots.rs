//! Who had which slot of a terminal's user table, as far as readings have shown (punch identity, "Old 8-byte records").
//!
//! Old units record a slot and no number, and give a slot to somebody else after a deletion, while the log keeps the records of
//! whoever had it before. Read by the table of the day, those would become punches of the new owner that nobody made.
//!
//! Invariant: a record that was given to somebody goes to them at every later reading, whoever has the slot then. Records
//! that were made between the last reading and the change are taken for the new owner's, and those of a slot that was emptied
//! for the last owner's. What the clock says decides what is earlier, so a clock that was set back over a change of owner can
//! mislead; and what changed hands before the first reading is not known.

use std::collections::{BTreeMap, BTreeSet};

use zk::PackedTime;

/// One owner of a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotOwner {
    /// The slot.
    pub slot: u16,
    /// Which owner of the slot, from 0.
    pub place: usize,
    /// Their user number.
    pub number: String,
    /// The latest record that was given to them, by the terminal's face.
    pub latest: Option<PackedTime>,
}

/// The owners of a terminal's slots, in their order.
#[derive(Debug, Default)]
pub struct Slots {
    owners: BTreeMap<u16, Vec<SlotOwner>>,
    /// Slots that somebody has now.
    taken: BTreeSet<u16>,
    changed: BTreeSet<(u16, usize)>,
}

impl Slots {
    /// What earlier readings have shown, and the user table of this one.
    pub fn new(known: impl IntoIterator<Item = SlotOwner>, table: impl IntoIterator<Item = (u16, String)>) -> Self {
        let mut slots = Self::default();
        for owner in known {
            slots.owners.entry(owner.slot).or_default().push(owner);
        }
        for owners in slots.owners.values_mut() {
            owners.sort_by_key(|owner| owner.place);
        }
        for (slot, number) in table {
            slots.taken.insert(slot);
            let owners = slots.owners.entry(slot).or_default();
            if owners.last().is_none_or(|last| last.number != number) {
                let place = owners.last().map_or(0, |last| last.place.saturating_add(1));
                owners.push(SlotOwner { slot, place, number, latest: None });
                slots.changed.insert((slot, place));
            }
        }
        slots
    }

    /// Whose the record of a slot is; `None` when nobody is known to have had the slot.
    pub fn give(&mut self, slot: u16, time: PackedTime) -> Option<&str> {
        let owners = self.owners.get_mut(&slot)?;
        let was_given = |owner: &SlotOwner| owner.latest.is_some_and(|latest| time <= latest);
        let at = owners.iter().position(was_given).or_else(|| owners.len().checked_sub(1))?;
        let owner = owners.get_mut(at)?;
        if owner.latest < Some(time) {
            owner.latest = Some(time);
            self.changed.insert((slot, owner.place));
        }
        Some(&owner.number)
    }

    /// Who has each slot now.
    pub fn owners_now(&self) -> BTreeMap<u16, String> {
        self.taken.iter().filter_map(|slot| Some((*slot, self.owner(*slot)?.to_owned()))).collect()
    }

    /// Who has a slot now.
    pub fn owner(&self, slot: u16) -> Option<&str> {
        self.taken.contains(&slot).then(|| self.owners.get(&slot)?.last()).flatten().map(|owner| owner.number.as_str())
    }

    /// What is to be remembered since [`Slots::new`].
    pub fn changes(&self) -> Vec<SlotOwner> {
        let all = self.owners.values().flatten();
        all.filter(|owner| self.changed.contains(&(owner.slot, owner.place))).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[(u16, &str)]) -> Vec<(u16, String)> {
        rows.iter().map(|(slot, number)| (*slot, (*number).to_owned())).collect()
    }

    /// A later reading: what the earlier one left to remember, and the table now.
    fn later(memory: &mut Vec<SlotOwner>, earlier: &Slots, now: &[(u16, &str)]) -> Slots {
        for owner in earlier.changes() {
            memory.retain(|known| (known.slot, known.place) != (owner.slot, owner.place));
            memory.push(owner);
        }
        Slots::new(memory.clone(), table(now))
    }

    /// To whom the records of slot 7 with these times go.
    fn given(slots: &mut Slots, times: &[i32]) -> Vec<Option<String>> {
        times.iter().map(|time| slots.give(7, PackedTime(*time)).map(str::to_owned)).collect()
    }

    fn numbers(numbers: &[&str]) -> Vec<Option<String>> {
        numbers.iter().map(|number| Some((*number).to_owned())).collect()
    }

    #[test]
    fn a_record_stays_with_who_had_the_slot_when_it_was_read_first() {
        let mut memory = Vec::new();
        let mut first = Slots::new([], table(&[(7, "101"), (8, "102")]));
        assert_eq!(given(&mut first, &[10, 30]), numbers(&["101", "101"]));
        assert_eq!(first.give(8, PackedTime(20)), Some("102"));

        let mut reused = later(&mut memory, &first, &[(7, "205"), (8, "102")]);
        assert_eq!(given(&mut reused, &[10, 30, 31]), numbers(&["101", "101", "205"]));
        assert_eq!(reused.changes().len(), 1, "only what is new is remembered again");

        let mut back = later(&mut memory, &reused, &[(7, "101"), (8, "102")]);
        assert_eq!(given(&mut back, &[10, 30, 31, 32]), numbers(&["101", "101", "205", "101"]));
    }

    #[test]
    fn who_left_keeps_the_last_punches_and_an_unknown_slot_is_nobodys() {
        let mut memory = Vec::new();
        let mut first = Slots::new([], table(&[(7, "101")]));
        assert_eq!(given(&mut first, &[10]), numbers(&["101"]));
        assert_eq!(first.give(9, PackedTime(10)), None);

        let mut emptied = later(&mut memory, &first, &[]);
        assert_eq!(given(&mut emptied, &[10, 15]), numbers(&["101", "101"]));
        assert_eq!(emptied.owner(7), None);

        let mut reused = later(&mut memory, &emptied, &[(7, "205"), (9, "300")]);
        assert_eq!(given(&mut reused, &[15, 16]), numbers(&["101", "205"]));
        assert_eq!((reused.owner(7), reused.owner(9)), (Some("205"), Some("300")));
    }
}
