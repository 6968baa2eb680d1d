//! Civil dates as day numbers since 1970-01-01, for arithmetic without fallible calls.

use jiff::civil::Date;

/// Days since 1970-01-01 in the proleptic Gregorian calendar.
pub(crate) fn day_number(date: Date) -> i64 {
    // Years start in March here, so that the leap day is the last day of its year.
    let (month, day) = (i64::from(date.month()), i64::from(date.day()));
    let year = i64::from(date.year()) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date of a day number; numbers beyond the calendar's ends give its first or last date.
pub(crate) fn date_of(number: i64) -> Date {
    let shifted = number + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = era * 400 + year + next;
    let date = i16::try_from(year).ok().and_then(|year| Date::new(year, month as i8, day as i8).ok());
    date.unwrap_or(if number < 0 { Date::MIN } else { Date::MAX })
}

/// 0 for Monday to 6 for Sunday.
pub(crate) fn weekday(number: i64) -> usize {
    (number + 3).rem_euclid(7) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::Weekday;

    #[test]
    fn numbers_and_dates_agree_with_the_calendar() {
        let mut date = jiff::civil::date(1895, 12, 30);
        let mut number = day_number(date);
        assert_eq!(day_number(jiff::civil::date(1970, 1, 1)), 0);
        while date < jiff::civil::date(2105, 3, 2) {
            assert_eq!((day_number(date), date_of(number)), (number, date));
            assert_eq!(weekday(number), Weekday::from(date.weekday()).from_monday());
            date = date.tomorrow().unwrap();
            number += 1;
        }
    }
}
