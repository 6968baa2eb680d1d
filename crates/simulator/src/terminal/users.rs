//! The user table of a terminal (zk 7.1, 7.2).
//!
//! Invariants: a slot and a number each name one person at a time; slots begin at 1; every change has a number of its own that
//! only grows, so that who follows the table asks for what changed since.

use std::collections::{BTreeMap, HashMap};

use zk::User;

/// Why somebody is not in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UserRefused {
    /// The table is full.
    #[error("the terminal's user table is full")]
    TableFull,
    /// Slot 0 and an empty number name nobody.
    #[error("a user needs a number and a slot from 1")]
    Nameless,
    /// Somebody else has that number.
    #[error("slot {0} has that user number already")]
    NumberTaken(u16),
}

#[derive(Debug)]
pub(crate) struct Users {
    by_slot: BTreeMap<u16, Entry>,
    slots: HashMap<String, u16>,
    capacity: usize,
    changes: u64,
}

#[derive(Debug)]
struct Entry {
    user: User,
    changed: u64,
}

impl Users {
    pub(crate) fn new(capacity: usize) -> Users {
        Users { by_slot: BTreeMap::new(), slots: HashMap::new(), capacity, changes: 0 }
    }

    /// Nobody above this number is added any more; whoever is there stays.
    pub(crate) fn limit(&mut self, capacity: usize) {
        self.capacity = capacity.max(self.by_slot.len());
    }

    /// Writes somebody into the slot that the record names. True when the slot was free.
    pub(crate) fn write(&mut self, user: User) -> Result<bool, UserRefused> {
        if user.slot == 0 || user.number.is_empty() {
            return Err(UserRefused::Nameless);
        }
        if let Some(slot) = self.slot_of(&user.number).filter(|slot| *slot != user.slot) {
            return Err(UserRefused::NumberTaken(slot));
        }
        let is_new = !self.by_slot.contains_key(&user.slot);
        if is_new && self.by_slot.len() >= self.capacity {
            return Err(UserRefused::TableFull);
        }
        if let Some(before) = self.by_slot.get(&user.slot) {
            self.slots.remove(&before.user.number);
        }
        self.changes += 1;
        self.slots.insert(user.number.clone(), user.slot);
        self.by_slot.insert(user.slot, Entry { user, changed: self.changes });
        Ok(is_new)
    }

    /// Gives somebody a place: that of their number, else a free one. Returns the slot, and whether it is new.
    pub(crate) fn put(&mut self, user: User) -> Result<(u16, bool), UserRefused> {
        let known = self.slot_of(&user.number);
        let slot = known.or_else(|| self.free_slot()).ok_or(UserRefused::TableFull)?;
        self.write(User { slot, ..user })?;
        Ok((slot, known.is_none()))
    }

    pub(crate) fn delete(&mut self, slot: u16) -> Option<User> {
        let user = self.by_slot.remove(&slot)?.user;
        self.slots.remove(&user.number);
        Some(user)
    }

    pub(crate) fn clear(&mut self) {
        self.by_slot.clear();
        self.slots.clear();
    }

    /// Everybody becomes an ordinary user.
    pub(crate) fn clear_administrators(&mut self) {
        for entry in self.by_slot.values_mut().filter(|entry| entry.user.privilege.is_administrator()) {
            self.changes += 1;
            entry.changed = self.changes;
            entry.user.privilege = zk::Privilege::USER;
        }
    }

    pub(crate) fn get(&self, slot: u16) -> Option<&User> {
        self.by_slot.get(&slot).map(|entry| &entry.user)
    }

    pub(crate) fn slot_of(&self, number: &str) -> Option<u16> {
        self.slots.get(number).copied()
    }

    /// By rising slot.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &User> {
        self.by_slot.values().map(|entry| &entry.user)
    }

    pub(crate) fn len(&self) -> usize {
        self.by_slot.len()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// The number of the last change.
    pub(crate) fn changes(&self) -> u64 {
        self.changes
    }

    /// Who was added or changed after that change, by slot.
    pub(crate) fn changed_since(&self, change: u64) -> Vec<User> {
        let changed = self.by_slot.values().filter(|entry| entry.changed > change);
        changed.map(|entry| entry.user.clone()).collect()
    }

    /// One above the highest, else the lowest free one.
    fn free_slot(&self) -> Option<u16> {
        let highest = self.by_slot.last_key_value().map_or(0, |(slot, _)| *slot);
        highest.checked_add(1).or_else(|| (1..=u16::MAX).find(|slot| !self.by_slot.contains_key(slot)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(slot: u16, number: &str) -> User {
        User { slot, ..User::new(number, "Somebody") }
    }

    #[test]
    fn a_number_keeps_its_slot_and_a_slot_may_change_hands() {
        let mut users = Users::new(3);
        assert_eq!(users.put(named(0, "0012")), Ok((1, true)));
        assert_eq!(users.put(User::new("0012", "Ana Cruz")), Ok((1, false)));
        assert_eq!(users.get(1).map(User::name).as_deref(), Some("Ana Cruz"));
        assert_eq!(users.write(named(1, "13")), Ok(false));
        assert_eq!((users.slot_of("0012"), users.slot_of("13")), (None, Some(1)));
        assert_eq!(users.write(named(2, "13")), Err(UserRefused::NumberTaken(1)));
        assert_eq!(users.write(named(0, "14")), Err(UserRefused::Nameless));
    }

    #[test]
    fn a_full_table_takes_changes_and_nobody_new() {
        let mut users = Users::new(1);
        users.put(named(0, "1")).unwrap();
        assert_eq!(users.put(named(0, "2")), Err(UserRefused::TableFull));
        assert_eq!(users.put(named(0, "1")), Ok((1, false)));
        users.delete(1);
        assert_eq!(users.put(named(0, "2")), Ok((1, true)));
    }

    #[test]
    fn who_follows_the_table_is_told_what_changed_since() {
        let mut users = Users::new(9);
        users.put(named(0, "1")).unwrap();
        users.put(named(0, "2")).unwrap();
        let seen = users.changes();
        users.put(User { privilege: zk::Privilege::MANAGER, ..named(0, "1") }).unwrap();
        let numbers = |since| users.changed_since(since).into_iter().map(|user| user.number).collect::<Vec<_>>();
        assert_eq!((numbers(0), numbers(seen)), (vec!["1".to_owned(), "2".to_owned()], vec!["1".to_owned()]));
    }
}
