//! `TransFlag`: what a terminal uploads by itself, in its forms (adms 4).

use std::fmt;

/// What can be uploaded by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transfer {
    /// Punches.
    AttLog,
    /// Operations. Must be on for users and templates to be uploaded.
    OpLog,
    /// Photos taken at punches.
    AttPhoto,
    /// New users.
    EnrollUser,
    /// Changed users.
    ChgUser,
    /// New fingers.
    EnrollFp,
    /// Changed fingers.
    ChgFp,
    /// Pictures of fingers.
    FpImag,
    /// Faces; in the digits of 3.2.0: new ones.
    Face,
    /// Changed faces: digits of 3.2.0 only.
    ChgFace,
    /// Pictures of users.
    UserPic,
    /// Work codes.
    WorkCode,
    /// Pictures that faces are compared with.
    BioPhoto,
}

use Transfer::{
    AttLog, AttPhoto, BioPhoto, ChgFace, ChgFp, ChgUser, EnrollFp, EnrollUser, Face, FpImag, OpLog, UserPic, WorkCode,
};

impl Transfer {
    /// Its word in the form with names.
    pub const fn word(self) -> &'static str {
        match self {
            AttLog => "AttLog",
            OpLog => "OpLog",
            AttPhoto => "AttPhoto",
            EnrollUser => "EnrollUser",
            ChgUser => "ChgUser",
            EnrollFp => "EnrollFP",
            ChgFp => "ChgFP",
            FpImag => "FPImag",
            Face => "FACE",
            ChgFace => "ChgFACE",
            UserPic => "UserPic",
            WorkCode => "WORKCODE",
            BioPhoto => "BioPhoto",
        }
    }

    const ALL: [Self; 13] = [
        AttLog, OpLog, AttPhoto, EnrollUser, ChgUser, EnrollFp, ChgFp, FpImag, Face, ChgFace, UserPic, WorkCode,
        BioPhoto,
    ];
}

/// The order of the digits; two are documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigitOrder {
    /// Protocol 2.x.
    V2,
    /// The 3.2.0 document.
    V3,
}

impl DigitOrder {
    const fn positions(self) -> &'static [Transfer] {
        match self {
            Self::V2 => &[
                AttLog, OpLog, AttPhoto, EnrollFp, EnrollUser, FpImag, ChgUser, ChgFp, Face, UserPic, WorkCode,
                BioPhoto,
            ],
            Self::V3 => &[AttLog, OpLog, AttPhoto, EnrollUser, ChgUser, EnrollFp, ChgFp, FpImag, Face, ChgFace],
        }
    }
}

/// The value of `TransFlag`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransFlag {
    /// Form 1: a string of 0 and 1 whose order depends on the protocol version. All zero means "photos only".
    Digits(String),
    /// Form 2, unambiguous: names, sent as `TransData name HT name ...`.
    Names(Vec<Transfer>),
    /// Form 2 as the 3.2.0 document has it, without the word `TransData`.
    BareNames(Vec<Transfer>),
}

impl TransFlag {
    /// Punches, operations and users; no templates, no photos.
    pub fn attendance_and_users() -> Self {
        Self::Names(vec![AttLog, OpLog, EnrollUser, ChgUser])
    }

    /// Form 1 in an order. What the order has no position for is left out.
    pub fn digits(transfers: &[Transfer], order: DigitOrder) -> Self {
        let digit = |position: &Transfer| if transfers.contains(position) { '1' } else { '0' };
        Self::Digits(order.positions().iter().map(digit).collect())
    }

    /// What a terminal reads in the value, in whichever form; `order` is that of its firmware.
    pub fn read(value: &str, order: DigitOrder) -> Vec<Transfer> {
        let value = value.trim();
        if !value.is_empty() && value.bytes().all(|byte| matches!(byte, b'0' | b'1')) {
            if !value.contains('1') {
                return vec![AttPhoto];
            }
            let set = order.positions().iter().zip(value.bytes()).filter(|(_, digit)| *digit == b'1');
            return set.map(|(transfer, _)| *transfer).collect();
        }
        let names = value.strip_prefix("TransData").unwrap_or(value);
        let named = |name: &str| Transfer::ALL.into_iter().find(|transfer| transfer.word().eq_ignore_ascii_case(name));
        names.split(['\t', ' ']).filter_map(named).collect()
    }
}

impl fmt::Display for TransFlag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |names: &[Transfer]| names.iter().map(|name| name.word()).collect::<Vec<_>>().join("\t");
        match self {
            Self::Digits(digits) => f.write_str(digits),
            Self::Names(names) => write!(f, "TransData {}", joined(names)),
            Self::BareNames(names) => f.write_str(&joined(names)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_wish_in_each_form_is_read_back() {
        let wish = vec![AttLog, OpLog, EnrollUser, ChgUser];
        for (flag, text) in [
            (TransFlag::Names(wish.clone()), "TransData AttLog\tOpLog\tEnrollUser\tChgUser"),
            (TransFlag::BareNames(wish.clone()), "AttLog\tOpLog\tEnrollUser\tChgUser"),
            (TransFlag::digits(&wish, DigitOrder::V3), "1101100000"),
        ] {
            assert_eq!(flag.to_string(), text);
            assert_eq!(TransFlag::read(text, DigitOrder::V3), wish, "{text}");
        }
        assert_eq!(TransFlag::digits(&wish, DigitOrder::V2).to_string(), "110010100000");
        assert_eq!(TransFlag::read("110010100000", DigitOrder::V2), wish);
    }

    #[test]
    fn the_orders_differ_from_the_fourth_digit_on() {
        let read = |order| TransFlag::read("0001000000", order);
        assert_eq!((read(DigitOrder::V2), read(DigitOrder::V3)), (vec![EnrollFp], vec![EnrollUser]));
        assert_eq!(TransFlag::read("1111000000", DigitOrder::V2), [AttLog, OpLog, AttPhoto, EnrollFp]);
    }

    #[test]
    fn all_zero_means_photos_only() {
        assert_eq!(TransFlag::read("0000000000", DigitOrder::V2), [AttPhoto]);
        assert_eq!(TransFlag::read("", DigitOrder::V2), []);
    }

    #[test]
    fn everything_by_name_stays_within_what_terminals_read() {
        let names = vec![AttLog, OpLog, AttPhoto, EnrollUser, ChgUser, EnrollFp, ChgFp, UserPic];
        assert!(TransFlag::Names(names).to_string().len() <= 90);
    }
}
