//! What the hub is told of user tables with a heartbeat: the digest of each list, and the list that it asks for. What did not arrive is
//! told again; of each terminal the last list is kept, until the hub has answered it and wants nothing more.

use link::UserList;

use super::{Known, Terminals, told_us};
use crate::plan::clock::Look;

/// A list that the hub is to be told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    /// As it is told, but for its time, which is the steady clock's.
    list: UserList,
    /// Sequence of the spool up to which the hub must hold everything: what it gets later it would take for news.
    up_to: i64,
    /// The hub has asked for it.
    is_wanted: bool,
}

impl Listed {
    pub(super) const fn new(list: UserList, up_to: i64) -> Self {
        Self { list, up_to, is_wanted: false }
    }

    /// What is told of it at a time.
    fn told(&self, has_users: bool, now: Look) -> UserList {
        let UserList { serial, read_us, digest, users } = &self.list;
        let users = if has_users { users.clone() } else { None };
        UserList { serial: serial.clone(), read_us: told_us(*read_us, now), digest: *digest, users }
    }
}

impl Terminals {
    /// What goes of user tables with a heartbeat that is made `now`, of at most `limit` terminals, and one with its list: of those for
    /// which the hub holds everything up to `acked`. [`Terminals::user_lists_told`] takes them off when they have arrived.
    pub(crate) fn user_lists(&self, acked: i64, limit: usize, now: Look) -> Vec<UserList> {
        let known = self.lock();
        let mut has_list = false;
        let told = known.values().filter_map(|one| one.listed.as_ref()).filter(|one| one.up_to <= acked);
        let told = told.filter_map(|one| match one.is_wanted {
            false => Some(one.told(false, now)),
            true if has_list => None,
            true => {
                has_list = true;
                Some(one.told(true, now))
            }
        });
        told.take(limit).collect()
    }

    /// What was told `then` has arrived at the hub, which wants these lists.
    pub(crate) fn user_lists_told(&self, told: &[UserList], wanted: &[String], then: Look) {
        for told in told {
            self.with(&told.serial, |one| {
                let Some(listed) = &mut one.listed else { return };
                // Another may have been read meanwhile.
                if (listed.list.digest, told_us(listed.list.read_us, then)) != (told.digest, told.read_us) {
                    return;
                }
                if told.users.is_none() && wanted.contains(&told.serial) {
                    listed.is_wanted = true;
                } else {
                    one.listed = None;
                }
            });
        }
        let is_wanted = |one: &Known| one.listed.as_ref().is_some_and(|listed| listed.is_wanted);
        if !told.is_empty() && self.lock().values().any(is_wanted) {
            self.nudge();
        }
    }

    /// What was told did not arrive. A list is brought when it is asked for again: one that is too much for the line must not keep each
    /// heartbeat from the hub.
    pub(crate) fn user_lists_lost(&self, told: &[UserList]) {
        for told in told {
            self.with(&told.serial, |one| {
                if let Some(listed) = &mut one.listed {
                    listed.is_wanted = false;
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spool::terminals::{Memory, Remembered};
    use crate::terminals::{Delivered, WholeLog};

    fn look(now_us: i64, steady_us: i64) -> Look {
        Look { now_us, steady_us }
    }

    /// Terminals whose users were read at these times of the steady clock.
    fn read(each: &[(&str, i64)]) -> Terminals {
        let remembered = each.iter().map(|(serial, _)| Remembered {
            serial: (*serial).to_owned(),
            registered: None,
            owes_upload: false,
            sample_lines: 0,
        });
        let terminals = Terminals::new(Memory { terminals: remembered.collect(), ..Memory::default() });
        each.iter().for_each(|(serial, at_us)| reads(&terminals, serial, *at_us, 7));
        terminals
    }

    fn reads(terminals: &Terminals, serial: &str, at_us: i64, up_to: i64) {
        let listed = UserList::of(serial, at_us, [("12".to_owned(), "Ann".to_owned())]);
        let delivered = Delivered { up_to, ..Delivered::default() };
        let log = WholeLog { records: 0, new: 0, remark: None, clock: None, listed, delivered };
        terminals.polled(serial, 0, Ok(log));
    }

    fn told(lists: &[UserList]) -> Vec<(&str, i64, bool)> {
        lists.iter().map(|list| (list.serial.as_str(), list.read_us, list.users.is_some())).collect()
    }

    #[test]
    fn one_heartbeat_brings_one_list_and_what_is_answered_leaves() {
        let terminals = read(&[("A1", 10), ("B2", 20), ("C3", 30)]);
        assert!(terminals.user_lists(6, 9, look(1000, 40)).is_empty(), "what was read with them is still on its way");
        let first = terminals.user_lists(7, 9, look(1000, 40));
        assert_eq!(told(&first), [("A1", 970, false), ("B2", 980, false), ("C3", 990, false)]);
        let mut urgent = terminals.watch_urgent();
        urgent.mark_unchanged();
        terminals.user_lists_told(&first, &["A1".to_owned(), "C3".to_owned()], look(1000, 40));
        assert!(urgent.has_changed().unwrap());
        // The clock was set meanwhile: the lists are as old as they are.
        let second = terminals.user_lists(7, 9, look(5000, 50));
        assert_eq!(told(&second), [("A1", 4960, true)]);
        terminals.user_lists_lost(&second);
        let third = terminals.user_lists(7, 9, look(5000, 50));
        assert_eq!(told(&third), [("A1", 4960, false), ("C3", 4980, true)]);
        terminals.user_lists_told(&third, &[], look(5000, 50));
        assert!(terminals.user_lists(7, 9, look(5000, 50)).is_empty());
    }

    #[test]
    fn a_list_that_was_read_while_another_was_told_stays() {
        let terminals = read(&[("A1", 10)]);
        let first = terminals.user_lists(7, 9, look(1000, 40));
        reads(&terminals, "A1", 60, 8);
        terminals.user_lists_told(&first, &[], look(1000, 40));
        assert!(terminals.user_lists(7, 9, look(1000, 70)).is_empty());
        assert_eq!(told(&terminals.user_lists(8, 9, look(1000, 70))), [("A1", 990, false)]);
    }
}
