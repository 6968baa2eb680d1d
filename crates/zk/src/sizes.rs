//! Counts and capacities of a terminal: the answer to GET_FREE_SIZES (zk 5.3).

use crate::wire::u32_at;

/// What the terminal holds and can hold. A field that a short answer lacks is `None`: unknown, not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sizes {
    /// People in the user table.
    pub users: Option<u32>,
    /// Finger templates.
    pub fingers: Option<u32>,
    /// Attendance records.
    pub attendance: Option<u32>,
    /// Operation records.
    pub operations: Option<u32>,
    /// Administrators.
    pub administrators: Option<u32>,
    /// Passwords.
    pub passwords: Option<u32>,
    /// Finger templates that fit.
    pub finger_capacity: Option<u32>,
    /// Users that fit.
    pub user_capacity: Option<u32>,
    /// Attendance records that fit.
    pub attendance_capacity: Option<u32>,
    /// Faces (only in answers of 92 bytes and more).
    pub faces: Option<u32>,
    /// Faces that fit.
    pub face_capacity: Option<u32>,
}

impl Sizes {
    /// Reads the answer; any length is accepted.
    pub fn parse(data: &[u8]) -> Sizes {
        let field = |offset| u32_at(data, offset);
        // Units without a face algorithm send 80 bytes; what a longer answer holds at 80 and 88 counts from 92 on only.
        let face_field = |offset| if data.len() >= 92 { field(offset) } else { None };
        Sizes {
            users: field(16),
            fingers: field(24),
            attendance: field(32),
            operations: field(40),
            administrators: field(48),
            passwords: field(52),
            finger_capacity: field(56),
            user_capacity: field(60),
            attendance_capacity: field(64),
            faces: face_field(80),
            face_capacity: face_field(88),
        }
    }

    /// The answer of a terminal: 80 bytes, or 92 when it knows faces. Unknown fields are zero, as terminals send them.
    pub fn encode(&self) -> Vec<u8> {
        let with_faces = self.faces.is_some() || self.face_capacity.is_some();
        let mut data = vec![0; if with_faces { 92 } else { 80 }];
        let free = |capacity: Option<u32>, used: Option<u32>| Some(capacity?.saturating_sub(used.unwrap_or(0)));
        for (offset, value) in [
            (16, self.users),
            (24, self.fingers),
            (32, self.attendance),
            (40, self.operations),
            (48, self.administrators),
            (52, self.passwords),
            (56, self.finger_capacity),
            (60, self.user_capacity),
            (64, self.attendance_capacity),
            (68, free(self.finger_capacity, self.fingers)),
            (72, free(self.user_capacity, self.users)),
            (76, free(self.attendance_capacity, self.attendance)),
            (80, self.faces),
            (88, self.face_capacity),
        ] {
            if let Some(field) = data.get_mut(offset..offset + 4) {
                field.copy_from_slice(&value.unwrap_or(0).to_le_bytes());
            }
        }
        data
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_with_faces_answers_92_bytes_and_one_without_80() {
        let plain =
            Sizes { users: Some(23), attendance: Some(24_162), attendance_capacity: Some(100_000), ..Sizes::default() };
        assert_eq!(plain.encode().len(), 80);
        let read = Sizes::parse(&plain.encode());
        assert_eq!((read.users, read.attendance, read.faces), (Some(23), Some(24_162), None));
        assert_eq!(u32_at(&plain.encode(), 76), Some(75_838), "free attendance records");

        let face_unit = Sizes { faces: Some(7), face_capacity: Some(500), ..plain };
        assert_eq!(face_unit.encode().len(), 92);
        assert_eq!(Sizes::parse(&face_unit.encode()).faces, Some(7));
    }

    #[test]
    fn what_a_short_answer_lacks_is_unknown() {
        assert_eq!(Sizes::parse(&[0; 4]), Sizes::default());
        assert_eq!(Sizes::parse(&[]), Sizes::default());
    }
}
