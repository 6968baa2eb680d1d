//! The day as a picture: lanes of stretches over the hours, and the punches as marks.
//!
//! Horizontal positions are percentages of the width, so that the picture fits any screen with letters of one size. All
//! text is set by the template, which escapes it.

use attendance::trace::{Shadow, Stretch};
use hub::view::DayDetail;
use jiff::tz::TimeZone;

use crate::{show, words};

/// Seconds of an hour.
const HOUR: i64 = 3600;
/// The picture shows at least this long a time.
const SHORTEST: i64 = 6 * HOUR;
/// Height of a lane with its name, pixels.
const LANE_HEIGHT: usize = 38;
/// Height of the row of hours, pixels.
const HOURS_HEIGHT: usize = 22;

/// Letters of a label that fit across the picture on a wide and on a narrow screen.
const LETTERS_WIDE: i64 = 150;
const LETTERS_NARROW: i64 = 44;

/// See the module.
#[derive(Debug)]
pub(crate) struct Timeline {
    pub(crate) hours: Vec<Hour>,
    pub(crate) lanes: Vec<Lane>,
    pub(crate) marks: Vec<Mark>,
    /// The picture in words.
    pub(crate) description: String,
}

/// A line with its clock time.
#[derive(Debug)]
pub(crate) struct Hour {
    pub(crate) x: String,
    pub(crate) label: String,
    /// Left out on narrow screens.
    pub(crate) is_minor: bool,
}

/// A row of bars.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) name: &'static str,
    /// Top, pixels; the punches are above the first lane.
    pub(crate) top: usize,
    pub(crate) bars: Vec<Bar>,
}

/// A stretch of time.
#[derive(Debug)]
pub(crate) struct Bar {
    pub(crate) x: String,
    pub(crate) width: String,
    /// Class that colours it.
    pub(crate) class: String,
    /// Text inside it.
    pub(crate) label: String,
    /// What it is, with its times.
    pub(crate) title: String,
}

/// A punch.
#[derive(Debug)]
pub(crate) struct Mark {
    pub(crate) x: String,
    pub(crate) class: &'static str,
    pub(crate) title: String,
}

/// The shown range of time, and how instants lie in it.
struct Scale<'a> {
    from: i64,
    to: i64,
    zone: &'a TimeZone,
    date: jiff::civil::Date,
}

impl Timeline {
    /// The picture of a day; `None` when there is nothing to draw.
    pub(crate) fn of(detail: &DayDetail) -> Option<Self> {
        let scale = Scale::of(detail)?;
        let trace = &detail.trace;
        let lane = |name, bars| Lane { name, top: 0, bars };
        let away = minus(&trace.plan_before, &trace.plan_after);
        let mut lanes = vec![
            lane("Plan", scale.bars(&trace.plan_after, "plan", "Planned")),
            lane("Leave or offsite", scale.bars(&away, "leave", "Leave or offsite")),
            lane("Present", scale.bars(&trace.sessions, "session", "Present")),
            lane("Not verified", trace.shadows.iter().map(|shadow| scale.shadow(shadow)).collect()),
            lane("Breaks taken", scale.bars(&trace.punched_breaks, "break", "Break")),
            lane("Worked, by pay code", scale.paid(detail)),
        ];
        lanes.retain(|lane| !lane.bars.is_empty());
        for (number, lane) in lanes.iter_mut().enumerate() {
            lane.top = HOURS_HEIGHT + (number + 1) * LANE_HEIGHT;
        }
        let marks: Vec<_> = trace.punches.iter().map(|punch| scale.mark(punch)).collect();
        let told = lanes.iter().flat_map(|lane| &lane.bars).map(|bar| bar.title.as_str());
        let description: Vec<_> = told.chain(marks.iter().map(|mark| mark.title.as_str())).collect();
        Some(Self { hours: scale.hours(), description: format!("{}.", description.join(". ")), lanes, marks })
    }

    /// Height of the whole picture, pixels.
    pub(crate) fn height(&self) -> usize {
        HOURS_HEIGHT + (self.lanes.len() + 1) * LANE_HEIGHT
    }
}

impl<'a> Scale<'a> {
    fn of(detail: &'a DayDetail) -> Option<Self> {
        let trace = &detail.trace;
        let stretches =
            trace.plan_before.iter().chain(&trace.plan_after).chain(&trace.sessions).chain(&trace.punched_breaks);
        let instants = || {
            let bounds = stretches.clone().flat_map(|stretch| [stretch.from, stretch.to]);
            let worked = trace.worked.iter().flat_map(|stretch| [stretch.from, stretch.to]);
            bounds.chain(worked).chain(trace.punches.iter().map(|punch| punch.at))
        };
        let (first, last) = (instants().min()?, instants().max()?);
        let from = (first - HOUR / 2).div_euclid(HOUR) * HOUR;
        let to = (last + HOUR / 2 + HOUR - 1).div_euclid(HOUR) * HOUR;
        let missing = (SHORTEST - (to - from)).max(0) / HOUR;
        let (before, after) = (missing / 2, missing - missing / 2);
        Some(Self {
            from: from - before * HOUR,
            to: to + after * HOUR,
            zone: &detail.row.zone,
            date: detail.row.record.date,
        })
    }

    fn x(&self, at: i64) -> String {
        percent(at.clamp(self.from, self.to) - self.from, self.to - self.from)
    }

    fn width(&self, from: i64, to: i64) -> String {
        percent(to.clamp(self.from, self.to) - from.clamp(self.from, self.to), self.to - self.from)
    }

    fn clock(&self, at: i64) -> String {
        show::clock_on(self.date, show::instant(at), self.zone)
    }

    fn hours(&self) -> Vec<Hour> {
        let count = (self.to - self.from) / HOUR;
        let step = count.div_euclid(16) + 1;
        let at = |number: i64| self.from + number * HOUR;
        let hour = |number: i64| Hour {
            x: self.x(at(number)),
            label: show::clock(show::instant(at(number)), self.zone),
            is_minor: number % (3 * step) != 0,
        };
        (0..=count).filter(|number| number % step == 0).map(hour).collect()
    }

    fn bar(&self, from: i64, to: i64, class: &str, label: String, what: &str) -> Bar {
        let minutes = show::duration((to - from) / 60);
        let title = format!("{what} {} to {}, {minutes}", self.clock(from), self.clock(to));
        let fit = self.fit(from, to, &label);
        Bar { x: self.x(from), width: self.width(from, to), class: format!("{class}{fit}"), label, title }
    }

    /// Whether a label fits into its bar: everywhere, on wide screens only (`tight`), or nowhere (`tiny`).
    fn fit(&self, from: i64, to: i64, label: &str) -> &'static str {
        let letters = i64::try_from(label.chars().count()).unwrap_or(i64::MAX).saturating_add(2);
        let fits = |letters_across: i64| letters * (self.to - self.from) <= (to - from) * letters_across;
        match (fits(LETTERS_WIDE), fits(LETTERS_NARROW)) {
            (_, true) => "",
            (true, false) => " tight",
            (false, false) => " tiny",
        }
    }

    fn bars(&self, stretches: &[Stretch], class: &str, what: &str) -> Vec<Bar> {
        let label = |stretch: &Stretch| format!("{}\u{2013}{}", self.clock(stretch.from), self.clock(stretch.to));
        stretches.iter().map(|stretch| self.bar(stretch.from, stretch.to, class, label(stretch), what)).collect()
    }

    fn shadow(&self, shadow: &Shadow) -> Bar {
        let (from, to) = (shadow.from.unwrap_or(self.from), shadow.to.unwrap_or(self.to));
        self.bar(from, to, "shadow", "not verified".to_owned(), "Not verified, a punch is missing:")
    }

    fn paid(&self, detail: &DayDetail) -> Vec<Bar> {
        let stretches = detail.trace.worked.iter();
        let bar = |stretch: &attendance::trace::PaidStretch| {
            let premiums: String = stretch.premiums.iter().map(|code| format!(" + {code}")).collect();
            let (label, class) = match &stretch.code {
                None => ("unpaid".to_owned(), "unpaid"),
                Some(code) if stretch.percent > 100 => (format!("{code}{premiums}"), "overtime"),
                Some(code) => (format!("{code}{premiums}"), "regular"),
            };
            let percent = if stretch.code.is_some() { format!(" at {} %", stretch.percent) } else { String::new() };
            self.bar(stretch.from, stretch.to, class, label.clone(), &format!("Worked, {label}{percent},"))
        };
        stretches.map(bar).collect()
    }

    fn mark(&self, punch: &attendance::trace::TracedPunch) -> Mark {
        let class = match (punch.role.is_ignored(), words::punch_role_tone(punch.role)) {
            (true, _) => "ignored",
            (_, words::Tone::Alarm) => "orphan",
            _ => "used",
        };
        Mark {
            x: self.x(punch.at),
            class,
            title: format!("Punch {}: {}", self.clock(punch.at), words::punch_role(punch.role)),
        }
    }
}

/// A share of the whole in percent, with two digits.
fn percent(part: i64, whole: i64) -> String {
    let hundredths = part * 10_000 / whole.max(1);
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

/// What is in the first list and not in the second; both sorted and without overlaps.
fn minus(all: &[Stretch], taken: &[Stretch]) -> Vec<Stretch> {
    let mut rest = Vec::new();
    for whole in all {
        let mut from = whole.from;
        for cut in taken.iter().filter(|cut| cut.from < whole.to && whole.from < cut.to) {
            rest.push(Stretch { from, to: cut.from });
            from = from.max(cut.to);
        }
        rest.push(Stretch { from, to: whole.to });
    }
    rest.retain(|stretch| stretch.from < stretch.to);
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leave_is_what_the_judged_plan_lost() {
        let of = |from, to| Stretch { from, to };
        assert_eq!(minus(&[of(0, 10), of(20, 30)], &[of(4, 6), of(20, 30)]), [of(0, 4), of(6, 10)]);
        assert_eq!(minus(&[of(0, 10)], &[]), [of(0, 10)]);
        assert_eq!(minus(&[of(0, 10)], &[of(0, 10)]), []);
    }

    #[test]
    fn positions_are_shares_of_the_width() {
        assert_eq!(
            (percent(1, 3), percent(0, 9), percent(9, 9)),
            ("33.33%".to_owned(), "0.00%".to_owned(), "100.00%".to_owned())
        );
    }
}
