//! The operation log: what was done at the menu, and to the terminal (zk 7.4, adms appendix B).

use zk::{Operation, OperationRecord, PackedTime};

use super::ring::Ring;

/// Entries that are kept; then the oldest make room.
const CAPACITY: usize = 10_000;

/// Types of operations that the simulator knows how to do (adms appendix B).
pub(crate) mod kind {
    use zk::Operation;

    pub(crate) const POWER_ON: Operation = Operation(0);
    pub(crate) const SETTING_CHANGED: Operation = Operation(5);
    pub(crate) const FINGER_ENROLLED: Operation = Operation(6);
    pub(crate) const USER_DELETED: Operation = Operation(9);
    pub(crate) const FINGER_DELETED: Operation = Operation(10);
    pub(crate) const DATA_CLEARED: Operation = Operation(13);
    pub(crate) const TIME_SET: Operation = Operation(21);
    pub(crate) const PUNCHES_DELETED: Operation = Operation(23);
    pub(crate) const ADMINISTRATORS_CLEARED: Operation = Operation(24);
    pub(crate) const NEW_USER: Operation = Operation(30);
    pub(crate) const USER_CHANGED: Operation = Operation(36);
}

/// One entry: a record of the 4370 protocol, and whom it is about where push tells a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationEntry {
    /// The record.
    pub record: OperationRecord,
    /// The user number it is about, empty when about nobody.
    pub number: String,
}

#[derive(Debug, Default)]
pub(crate) struct Operations {
    pub(crate) entries: Ring<OperationEntry>,
}

impl Operations {
    /// Notes what was done, by nobody who signed in.
    pub(crate) fn note(&mut self, operation: Operation, time: PackedTime, number: &str, parameters: [u16; 4]) {
        if self.entries.len() >= CAPACITY {
            self.entries.drop_first();
        }
        let record = OperationRecord { administrator: 0, operation, time, parameters };
        self.entries.push(OperationEntry { record, number: number.to_owned() });
    }
}
