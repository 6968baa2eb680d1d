//! Writes a calendar of events in iCalendar (RFC 5545), for programs that poll it. Pure: the same events are the same bytes.

use icalendar::{Calendar, Component as _, Event, Property};
use jiff::Timestamp;
use jiff::civil::Date;

/// From here sequence numbers are counted; they stay below 2^31 until 2088.
const SEQUENCE_ZERO: i64 = 1_577_836_800;

/// An event of a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedEvent {
    /// What it is known by, whatever becomes of it.
    pub uid: String,
    /// When it became what it is: its stamp, and its sequence number too, as a later state is stamped later.
    pub stamp: Timestamp,
    /// When it takes place.
    pub when: When,
    /// What it is, in a few words.
    pub summary: String,
    /// More of it; may be empty.
    pub description: String,
}

/// When an event takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// From one instant to another. Written in UTC, so that every reader puts it at the right time whatever its clocks do.
    Span(Timestamp, Timestamp),
    /// On a whole date, wherever the reader is. It takes nobody's time.
    Date(Date),
}

/// The calendar of a name.
pub fn feed(name: &str, events: &[FeedEvent]) -> String {
    let mut calendar = Calendar::empty();
    calendar.append_property(Property::new("VERSION", "2.0"));
    calendar.append_property(Property::new("CALSCALE", "GREGORIAN"));
    calendar.append_property(Property::new("PRODID", "-//Punchclock//Time sheets//EN"));
    calendar.append_property(Property::new("METHOD", "PUBLISH"));
    // The library knows only the second one as text, and writes what is in other names as it is.
    calendar.append_property(Property::new("NAME", name).append_parameter(("VALUE", "TEXT")).done());
    calendar.append_property(Property::new("X-WR-CALNAME", name));
    calendar.append_property(Property::new("REFRESH-INTERVAL", "PT1H").append_parameter(("VALUE", "DURATION")).done());
    for event in events {
        calendar.push(written(event));
    }
    calendar.to_string()
}

fn written(event: &FeedEvent) -> Event {
    let utc = |at: Timestamp| at.strftime("%Y%m%dT%H%M%SZ").to_string();
    let date = |date: Date| date.strftime("%Y%m%d").to_string();
    let sequence = (event.stamp.as_second() - SEQUENCE_ZERO).max(0);
    let mut written = Event::new();
    written
        .uid(&event.uid)
        .add_property("DTSTAMP", utc(event.stamp))
        .add_property("LAST-MODIFIED", utc(event.stamp))
        .sequence(u32::try_from(sequence).unwrap_or(u32::MAX))
        .summary(&event.summary);
    if !event.description.is_empty() {
        written.description(&event.description);
    }
    match event.when {
        When::Span(from, to) => {
            written.add_property("DTSTART", utc(from)).add_property("DTEND", utc(to));
        }
        When::Date(day) => {
            let whole = |key: &str, value: Date| {
                let mut property = Property::new(key, date(value));
                property.add_parameter("VALUE", "DATE");
                property.done()
            };
            written.append_property(whole("DTSTART", day));
            written.append_property(whole("DTEND", day.tomorrow().unwrap_or(day)));
            written.add_property("TRANSP", "TRANSPARENT");
        }
    }
    written.done()
}

#[cfg(test)]
mod tests {
    use icalendar::{CalendarComponent, parser};

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn events() -> Vec<FeedEvent> {
        let event = |uid: &str, when, summary: &str, description: &str| FeedEvent {
            uid: uid.to_owned(),
            stamp: at("2026-03-30T01:00:00Z"),
            when,
            summary: summary.to_owned(),
            description: description.to_owned(),
        };
        let night = When::Span(at("2026-03-28T22:00:00+01:00"), at("2026-03-29T06:00:00+02:00"));
        let long = "Ärger, Über; backslash \\ and\na line that is far too long for one of the seventy-five octets";
        vec![
            event("2026-03-28.7@punchclock", night, "Shift NIGHT", long),
            event("2026-04-03.7@punchclock", When::Date(jiff::civil::date(2026, 4, 3)), "Good Friday", ""),
        ]
    }

    #[test]
    fn a_feed_reads_back_as_it_was_meant_over_the_change_of_clocks() {
        let text = feed("Anna, Berlin", &events());
        let read: Calendar = text.parse().unwrap();
        let read: Vec<&Event> = read.components.iter().filter_map(CalendarComponent::as_event).collect();
        assert_eq!(read.len(), 2);
        let property = |place: usize, key: &str| read[place].property_value(key).unwrap().to_owned();
        assert_eq!([property(0, "DTSTART"), property(0, "DTEND")], ["20260328T210000Z", "20260329T040000Z"]);
        assert_eq!([property(1, "DTSTART"), property(1, "DTEND")], ["20260403", "20260404"]);
        assert_eq!(
            (property(0, "UID"), property(0, "DTSTAMP")),
            ("2026-03-28.7@punchclock".into(), "20260330T010000Z".into())
        );
        assert_eq!(read[0].get_description(), Some(events()[0].description.as_str()));
        assert!(parser::read_calendar(&parser::unfold(&text)).is_ok());
    }

    #[test]
    fn lines_are_folded_and_the_same_events_are_the_same_bytes() {
        let text = feed("Anna, Berlin", &events());
        assert_eq!(text, feed("Anna, Berlin", &events()));
        assert!(text.ends_with("END:VCALENDAR\r\n") && !text.replace("\r\n", "").contains('\n'), "{text}");
        assert!(text.split("\r\n").all(|line| line.len() <= 75), "{text}");
        assert!(text.contains("\\, ") && text.contains("\\;") && text.contains("\\n"), "{text}");
    }

    #[test]
    fn a_name_of_several_lines_adds_no_line_of_its_own() {
        let text = feed("Santos, Nico\nMETHOD:CANCEL", &[]);
        assert!(text.contains("NAME;VALUE=TEXT:Santos\\, Nico\\nMETHOD:CANCEL\r\n"), "{text}");
        assert!(!text.lines().any(|line| line == "METHOD:CANCEL"), "{text}");
    }

    #[test]
    fn a_later_state_has_a_higher_sequence_number() {
        let mut later = events();
        later[0].stamp = at("2026-03-30T01:00:01Z");
        let sequence = |events: &[FeedEvent]| {
            let read: Calendar = feed("a", events).parse().unwrap();
            read.components[0].as_event().and_then(|event| event.get_sequence()).unwrap()
        };
        assert!(sequence(&later) > sequence(&events()));
    }
}
