//! The attendance log: a list with an end.

use zk::AttendanceRecord;

use super::ring::Ring;

/// What a terminal does with a punch when its log is full; real units do the one or the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenFull {
    /// The punch is refused.
    #[default]
    Refuses,
    /// The oldest punch makes room.
    Overwrites,
}

#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) records: Ring<AttendanceRecord>,
    capacity: usize,
    when_full: WhenFull,
}

impl Log {
    pub(crate) fn new(capacity: usize, when_full: WhenFull) -> Log {
        Log { records: Ring::default(), capacity, when_full }
    }

    /// Whether the record is in the log.
    pub(crate) fn append(&mut self, record: AttendanceRecord) -> bool {
        while self.records.len() >= self.capacity {
            if self.when_full == WhenFull::Refuses || self.capacity == 0 {
                return false;
            }
            self.records.drop_first();
        }
        self.records.push(record);
        true
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }
}

#[cfg(test)]
mod tests {
    use zk::PackedTime;

    use super::*;

    fn times_after_five(when_full: WhenFull) -> (Vec<bool>, usize, Vec<i32>) {
        let mut log = Log::new(3, when_full);
        let punch = |time| AttendanceRecord::of_number("1".into(), PackedTime(time));
        let taken = (1..=5).map(|time| log.append(punch(time))).collect();
        let (from, records) = log.records.slice(0..usize::MAX);
        (taken, from, records.iter().map(|record| record.time.0).collect())
    }

    #[test]
    fn a_full_log_refuses_or_forgets_the_oldest() {
        assert_eq!(times_after_five(WhenFull::Refuses), (vec![true, true, true, false, false], 0, vec![1, 2, 3]));
        assert_eq!(times_after_five(WhenFull::Overwrites), (vec![true; 5], 2, vec![3, 4, 5]));
    }
}
