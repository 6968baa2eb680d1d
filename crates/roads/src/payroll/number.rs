//! Minutes as they are written: decimal hours, `h:mm` or minutes.

use super::{Hours, HoursForm, Rounding};

/// What rounding left of the figures before, of one employee and code: minutes so far.
pub(super) type Carry = i64;

/// A figure as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    /// In the smallest unit that is written: hundredths of an hour, say, or minutes.
    pub(super) units: i64,
    /// Its form.
    pub(super) form: HoursForm,
    /// Decimal places of hours.
    pub(super) places: u8,
}

/// Minutes in the form that a layout wants.
pub(super) fn shown(minutes: i64, hours: &Hours, form: HoursForm, carry: &mut Carry) -> Shown {
    let (places, scale) = match form {
        HoursForm::Decimal => (hours.places, 10_i64.pow(u32::from(hours.places))),
        HoursForm::Clock | HoursForm::Minutes => return Shown { units: minutes, form, places: 0 },
    };
    let units = match hours.rounding {
        Rounding::Nearest => rounded(minutes * scale, 60),
        Rounding::Carry => {
            let before = rounded(*carry * scale, 60);
            *carry += minutes;
            rounded(*carry * scale, 60) - before
        }
    };
    Shown { units, form, places }
}

/// To the nearest, half away from zero.
const fn rounded(value: i64, by: i64) -> i64 {
    let half = if value < 0 { -by / 2 } else { by / 2 };
    (value + half) / by
}

impl Shown {
    /// As text, with a decimal mark.
    pub(super) fn text(self, mark: &str) -> String {
        let (sign, size) = (if self.units < 0 { "-" } else { "" }, self.units.unsigned_abs());
        match self.form {
            HoursForm::Minutes => format!("{sign}{size}"),
            HoursForm::Clock => format!("{sign}{}:{:02}", size / 60, size % 60),
            HoursForm::Decimal if self.places == 0 => format!("{sign}{size}"),
            HoursForm::Decimal => {
                let scale = 10_u64.pow(u32::from(self.places));
                format!("{sign}{}{mark}{:0width$}", size / scale, size % scale, width = usize::from(self.places))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(places: u8, rounding: Rounding) -> Hours {
        Hours { places, rounding, ..Hours::default() }
    }

    fn text(minutes: i64, form: HoursForm) -> String {
        shown(minutes, &hours(2, Rounding::Nearest), form, &mut 0).text(",")
    }

    #[test]
    fn minutes_are_written_in_each_form_and_negative_ones_too() {
        assert_eq!(text(450, HoursForm::Decimal), "7,50");
        assert_eq!(text(-5, HoursForm::Decimal), "-0,08");
        assert_eq!(text(-65, HoursForm::Clock), "-1:05");
        assert_eq!(text(-65, HoursForm::Minutes), "-65");
        assert_eq!(shown(30, &hours(0, Rounding::Nearest), HoursForm::Decimal, &mut 0).text("."), "1");
        assert_eq!(shown(-30, &hours(0, Rounding::Nearest), HoursForm::Decimal, &mut 0).text("."), "-1");
    }

    #[test]
    fn carried_rows_add_up_to_the_rounded_sum_and_single_ones_may_not() {
        // 20 minutes are a third of an hour: three of them are one hour, and 0.33 three times is not.
        let sum = |rounding| {
            let mut carry = 0;
            (0..3).map(|_| shown(20, &hours(2, rounding), HoursForm::Decimal, &mut carry).units).sum::<i64>()
        };
        assert_eq!(sum(Rounding::Nearest), 99);
        assert_eq!(sum(Rounding::Carry), 100);
    }

    #[test]
    fn whatever_the_rows_are_carried_ones_never_drift() {
        for step in [-7, 1, 7, 13, 29] {
            let (mut carry, mut units) = (0, 0);
            for row in 1..500 {
                units += shown(step, &hours(2, Rounding::Carry), HoursForm::Decimal, &mut carry).units;
                assert_eq!(units, rounded(step * row * 100, 60), "{step} {row}");
            }
        }
    }
}
