//! Operations on a terminal: `OPLOG` lines (adms appendix B).

use crate::text;

/// One operation: `OPLOG type operator time object1..4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation<'a> {
    /// Type; its name is [`Operation::name`].
    pub kind: u16,
    /// User number of the operator, `0` when nobody was signed in.
    pub operator: &'a [u8],
    /// Printed local time.
    pub time: &'a [u8],
    /// The objects, separated by tabs, verbatim. What they mean depends on the type: 6 user number, finger, size;
    /// 9 to 12 the user number first; 5 item and value.
    pub objects: &'a [u8],
}

impl<'a> Operation<'a> {
    pub(super) fn read(payload: &'a [u8]) -> Option<Self> {
        let (kind, rest) = text::split_once(payload, b'\t')?;
        let (operator, rest) = text::split_once(rest, b'\t')?;
        let (time, objects) = text::split_once(rest, b'\t').unwrap_or((rest, &[]));
        Some(Self { kind: text::number(kind)?, operator: text::trim(operator), time: text::trim(time), objects })
    }

    /// What was done; `None` for a type that is not documented.
    pub fn name(&self) -> Option<&'static str> {
        name(self.kind)
    }

    /// True where somebody should look: alarms, erased data, a clock that was set, a changed key or server.
    pub const fn is_alerting(&self) -> bool {
        matches!(self.kind, 3 | 13 | 21 | 22 | 23 | 24 | 80 | 82 | 83)
    }

    /// An object, counted from 1 as the documents do.
    pub fn object(&self, number: usize) -> Option<&'a [u8]> {
        self.objects.split(|byte| *byte == b'\t').nth(number.checked_sub(1)?).map(text::trim)
    }

    /// The reason of an alarm (type 3) in words. The document has it in object 2, real terminals write it to object 1.
    pub fn alarm_reason(&self) -> Option<&'static str> {
        let reason = |number| self.object(number).and_then(text::number).and_then(alarm_reason);
        (self.kind == 3).then(|| reason(1).or_else(|| reason(2))).flatten()
    }
}

/// The name of an alarm's reason.
pub const fn alarm_reason(code: u16) -> Option<&'static str> {
    Some(match code {
        50 => "door closed",
        51 => "door opened",
        53 => "exit button",
        54 => "door forced",
        55 => "terminal tampered with",
        58 => "verification failed too often",
        65535 => "alarm cancelled",
        _ => return None,
    })
}

const fn name(kind: u16) -> Option<&'static str> {
    Some(match kind {
        0 => "powered on",
        1 => "powered off",
        2 => "verification failed",
        3 => "alarm",
        4 => "menu entered",
        5 => "setting changed",
        6 => "finger enrolled",
        7 => "password enrolled",
        8 => "HID card enrolled",
        9 => "user deleted",
        10 => "finger deleted",
        11 => "password deleted",
        12 => "card deleted",
        13 => "data cleared",
        14..=20 => "MF card written",
        21 => "time set",
        22 => "factory settings restored",
        23 => "punches deleted",
        24 => "administrators cleared",
        25 => "group access changed",
        26 => "user access changed",
        27 => "time zones changed",
        28 => "unlock groups changed",
        29 => "unlocked",
        30 => "user enrolled",
        31 => "finger attributes changed",
        32 => "duress",
        33 => "doorbell",
        34 => "anti-passback",
        35 => "photos deleted",
        36 => "user changed",
        37 => "holiday changed",
        38 => "data restored",
        39 => "data backed up",
        40..=43 => "USB transfer",
        53 => "exit button",
        54 => "door sensor",
        55 => "alarm",
        56 => "parameters restored",
        68 | 69 => "user photo changed",
        70 => "name changed",
        71 => "privilege changed",
        76..=79 => "network settings changed",
        80 => "communication key changed",
        81 => "device number changed",
        82 => "server address changed",
        83 => "server port changed",
        87..=92 => "parameter flag changed",
        100 => "card changed",
        101 => "face enrolled",
        102..=104 => "permission changed",
        105 => "access log deleted",
        106 => "face deleted",
        107 => "photo deleted",
        108 => "parameter changed",
        113 => "password changed",
        114 => "face changed",
        121..=123 => "finger vein changed",
        124..=126 => "palm changed",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(payload: &[u8]) -> Operation<'_> {
        Operation::read(payload).unwrap()
    }

    #[test]
    fn an_alarm_says_why_in_either_object() {
        let real = read(b"3\t0\t2024-07-07 01:43:07\t54\t0\t0\t0");
        assert_eq!((real.name(), real.alarm_reason()), (Some("alarm"), Some("door forced")));
        assert_eq!(read(b"3\t0\t2024-07-07 01:43:07\t0\t55\t0\t0").alarm_reason(), Some("terminal tampered with"));
        assert_eq!(read(b"3\t0\t2024-07-07 01:43:07\t65535").alarm_reason(), Some("alarm cancelled"));
        assert_eq!(read(b"4\t0\t2024-07-07 01:44:19\t54\t0\t0\t0").alarm_reason(), None);
    }

    #[test]
    fn what_worries_is_told_from_what_happens_every_day() {
        let alerting: Vec<u16> = (0..200)
            .filter(|kind| Operation { kind: *kind, operator: b"", time: b"", objects: b"" }.is_alerting())
            .collect();
        assert_eq!(alerting, [3, 13, 21, 22, 23, 24, 80, 82, 83]);
        assert!(alerting.into_iter().all(|kind| name(kind).is_some()));
    }

    #[test]
    fn the_documented_types_have_names_and_the_others_none() {
        let named: Vec<u16> = (0..=130).filter(|kind| name(*kind).is_some()).collect();
        let documented = (0..=43)
            .chain(53..=56)
            .chain([68, 69, 70, 71])
            .chain(76..=83)
            .chain(87..=92)
            .chain(100..=108)
            .chain([113, 114])
            .chain(121..=126);
        assert_eq!(named, documented.collect::<Vec<_>>());
    }

    #[test]
    fn objects_are_counted_from_one() {
        let enrolled = read(b"6\t0\t2024-07-07 01:44:19\t12\t6\t1024\t0");
        assert_eq!((enrolled.object(1), enrolled.object(3)), (Some(&b"12"[..]), Some(&b"1024"[..])));
        assert_eq!((enrolled.object(0), enrolled.object(5)), (None, None));
    }
}
