//! Completeness: readings of edges become closeouts, and closeouts become a table and the rules' watermark.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Write as Output;

use attendance::Zones;
use attendance::punch::{Fingerprint, PrintedTime};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use link::{Closeout, DayReading, Doubt, Heartbeat, Reading};
use roads::sheet::CsvTable;
use store::closeouts::{StoredCloseout, StoredReading};
use store::terminals::{Contact, Terminal};
use store::{Read, Write};

use crate::closing::{self, Known, Shown, Told};
use crate::company::Company;
use crate::due::mark_waiting;
use crate::registry::via;
use crate::resolve::instant;
use crate::view::{CloseoutFilter, CloseoutRow, CloseoutSort};
use crate::zones::{ZoneBook, terminal_zones};
use crate::{Actor, Error, Hub};

/// Dates before a reading that are compared with it at most.
const COMPARED_DAYS: i64 = 60;
/// A terminal that was not heard for longer than this is silent: polls come every quarter of an hour. One that is read more rarely
/// may be silent for as many polls.
const QUIET: SignedDuration = SignedDuration::from_hours(1);
const QUIET_POLLS: i64 = 4;
/// Missing punches that are kept by name.
const LISTED_MISSING: usize = 100;
/// Most dates of a table.
const MOST_DATES: i32 = 366;
/// Dates of a table when none are given.
const USUAL_DATES: i64 = 7;

/// Takes the readings of a heartbeat, and answers with what can't be told to be complete.
pub(crate) fn take_readings(
    write: &Write<'_>,
    company: &Company,
    beat: &Heartbeat,
    now: Timestamp,
) -> Result<Vec<Doubt>, Error> {
    let (mut doubts, mut is_awaited) = (Vec::new(), false);
    for reading in beat.readings.iter().take(link::closeout::MAX_READINGS) {
        let Some(terminal) = write.terminal(&reading.serial)? else { continue };
        // The edge's clock may be wrong: only how long ago it was is taken from it. One that is still to come was read before the
        // clock of an older edge was set back, nobody knows how long ago: the next reading will do.
        let age_us = beat.now_us.saturating_sub(reading.read_us);
        if age_us < 0 {
            continue;
        }
        let read = instant(now.as_microsecond().saturating_sub(age_us));
        let actor = Actor::new(format!("edge:{}", beat.edge));
        let taking = Taking { write, actor: &actor, read, now, zones: terminal_zones(write, company, &terminal)? };
        let days_before = taking.delivered_days(&reading.serial)?;
        doubts.extend(taking.reading(reading)?);
        is_awaited |= taking.delivered_days(&reading.serial)? != days_before;
    }
    if is_awaited {
        mark_waiting(write, company, now)?;
    }
    Ok(doubts)
}

/// The taking of one reading.
pub(crate) struct Taking<'a, 'tx> {
    pub(crate) write: &'a Write<'tx>,
    pub(crate) actor: &'a Actor,
    /// When the log was read.
    pub(crate) read: Timestamp,
    pub(crate) now: Timestamp,
    /// Of the terminal's clock.
    pub(crate) zones: Zones,
}

impl Taking<'_, '_> {
    /// Compares each day with what is here; the doubts that are left.
    pub(crate) fn reading(&self, reading: &Reading) -> Result<Vec<Doubt>, Error> {
        let serial = &reading.serial;
        let read_date = self.zones.date(self.read);
        let told: BTreeMap<Date, &DayReading> = reading.days.iter().map(|day| (day.date, day)).collect();
        let mut dates: BTreeSet<Date> = told.keys().copied().collect();
        if let Some(from) = reading.from.filter(|_| !reading.only_days) {
            let from = from.max(read_date.saturating_sub(COMPARED_DAYS.days()));
            let here = self.write.stored_days(from, read_date)?;
            dates.extend(here.into_iter().filter(|day| day.origin == *serial).map(|day| day.date));
        }
        let mut doubts = Vec::new();
        for date in dates {
            let nothing = no_punches(date);
            doubts.extend(self.day(serial, told.get(&date).copied().unwrap_or(&nothing))?);
        }
        self.write.put_reading(&self.reach(reading)?)?;
        Ok(doubts)
    }

    /// Up to which date a terminal has delivered, and the first date of which something is missing: what days wait for.
    fn delivered_days(&self, serial: &str) -> Result<(Option<Date>, Option<Date>), Error> {
        let read = self.write.reading(serial)?.map(|reading| self.zones.date(instant(reading.read_us)));
        Ok((read, self.write.first_missing(serial)?))
    }

    /// How far the terminal has delivered with this reading.
    fn reach(&self, reading: &Reading) -> Result<StoredReading, Error> {
        let (serial, read_us) = (reading.serial.clone(), self.read.as_microsecond());
        if !reading.only_days {
            return Ok(StoredReading { serial, read_us, first_date: reading.from });
        }
        let last = reading.days.iter().map(|day| day.date).max();
        let end_us = last.and_then(|last| end_of(last, &self.zones)).map_or(0, Timestamp::as_microsecond);
        let before = self.write.reading(&serial)?.map_or(0, |before| before.read_us);
        Ok(StoredReading { serial, read_us: end_us.min(read_us).max(before), first_date: None })
    }

    fn day(&self, serial: &str, day: &DayReading) -> Result<Option<Doubt>, Error> {
        let here = self.write.stored_day(serial, day.date)?;
        let lacking = self.lacking(serial, day)?;
        let shown = closing::compare(day.closeout, here, lacking.as_ref().map(|lacking| lacking.len() as u64));
        let before = self.write.closeout(serial, day.date)?;
        let missing = if let Shown::Missing(count) = shown { count } else { 0 };
        let missing_list = match &lacking {
            Some(lacking) if missing > 0 => gap_list(lacking)?,
            _ => String::new(),
        };
        let larger = before.as_ref().map(|before| before.set).filter(|set| set.punches > day.closeout.punches);
        let after = StoredCloseout {
            serial: serial.to_owned(),
            date: day.date,
            set: larger.unwrap_or(day.closeout),
            nameless: day.nameless,
            in_spool: day.in_spool.or(before.as_ref().and_then(|before| before.in_spool)),
            read_us: self.read.as_microsecond(),
            proven: (shown == Shown::All).then_some(here.digest),
            missing,
            missing_list,
        };
        let is_same = before
            .as_ref()
            .is_some_and(|before| StoredCloseout { read_us: before.read_us, ..after.clone() } == *before);
        if !is_same {
            self.tell_gap(before.as_ref(), &after, lacking.as_deref().unwrap_or_default())?;
            self.write.put_closeout(&after)?;
        }
        let is_over = end_of(day.date, &self.zones).is_some_and(|end| end <= self.read);
        let is_doubted = missing > 0 || (shown == Shown::Unclear && is_over);
        Ok(is_doubted.then(|| Doubt {
            serial: serial.to_owned(),
            date: day.date,
            send_again: lacking.is_some() && missing > 0,
        }))
    }

    /// The listed punches that are not here; `None` when nothing was listed, or the list is not of what was told.
    fn lacking<'d>(&self, serial: &str, day: &'d DayReading) -> Result<Option<Vec<&'d (String, i64)>>, Error> {
        let Some(listed) = &day.listed else { return Ok(None) };
        let keys = listed.iter().map(|(user, at)| Fingerprint::of(serial, user, &PrintedTime::Seconds(*at)));
        let keys: Vec<Fingerprint> = keys.collect();
        let mut set = Closeout::default();
        keys.iter().for_each(|key| set.add(*key));
        let held = self.write.hold_punches(&keys)?;
        let lacking = listed.iter().zip(held).filter(|(_, is_held)| !is_held).map(|(said, _)| said);
        Ok((set == day.closeout).then(|| lacking.collect()))
    }

    /// A gap stands in the audit trail when it is found, when its punches are known, and when it is filled.
    fn tell_gap(
        &self,
        before: Option<&StoredCloseout>,
        after: &StoredCloseout,
        lacking: &[&(String, i64)],
    ) -> Result<(), Error> {
        let was_missing = before.map_or(0, |before| before.missing);
        let (deed, detail) = match (was_missing, after.missing) {
            (0, 0) => return Ok(()),
            (_, 0) => ("terminal.gap_filled", format!("{}: all punches are here", after.date)),
            (_, missing) => {
                let names: Vec<String> = lacking.iter().map(|said| named(said)).collect();
                let names = if names.is_empty() { "not known yet which".to_owned() } else { names.join(", ") };
                ("terminal.gap", format!("{}: {missing} punches are missing: {names}", after.date))
            }
        };
        Ok(self.write.audit(&self.actor.entry(self.now, deed, &after.serial, detail))?)
    }
}

fn no_punches(date: Date) -> DayReading {
    DayReading { date, closeout: Closeout::default(), nameless: 0, in_spool: None, listed: None }
}

/// `12 at 2026-03-02 08:00:00`.
pub(crate) fn named((user, seconds): &(String, i64)) -> String {
    format!("{user} at {}", PrintedTime::Seconds(*seconds))
}

/// The punches of a gap as they are stored: user and printed seconds.
pub(crate) fn gap_list<T: serde::Serialize>(lacking: &[T]) -> Result<String, Error> {
    let kept = &lacking[..lacking.len().min(LISTED_MISSING)];
    serde_json::to_string(kept).map_err(|error| Error::Damaged { what: "closeout", detail: error.to_string() })
}

/// Reads them.
pub(crate) fn gap_of(list: &str) -> Result<Vec<(String, i64)>, Error> {
    if list.is_empty() {
        return Ok(Vec::new());
    }
    serde_json::from_str(list).map_err(|error| Error::Damaged { what: "closeout", detail: error.to_string() })
}

/// When a date ends by a terminal's clock.
fn end_of(date: Date, zones: &Zones) -> Option<Timestamp> {
    zones.midnight(date.tomorrow().ok()?)
}

/// The watermark of an employee who used these terminals (rules 10).
pub(crate) fn watermark(
    read: &Read<'_>,
    (company, zones): (&Company, &ZoneBook),
    used: &BTreeSet<String>,
    as_of: Timestamp,
) -> Result<Option<Timestamp>, Error> {
    if company.wait_for_terminals_days == 0 {
        return Ok(None);
    }
    let mut delivered = Vec::new();
    let deliveries = read.deliveries()?.into_iter().filter(|delivery| used.contains(&delivery.serial));
    let deliveries: Vec<_> = deliveries.collect();
    let named: Vec<_> = deliveries.iter().map(|one| (one.serial.as_str(), one.zone.as_deref())).collect();
    let zones = zones.terminals(read, &named)?;
    for (delivery, zones) in deliveries.iter().zip(&zones) {
        let gap = delivery.first_missing.and_then(|date| zones.midnight(date));
        let read_at = instant(delivery.read_us);
        delivered.push(gap.map_or(read_at, |gap| gap.min(read_at)));
    }
    let patience = SignedDuration::from_hours(24 * i64::from(company.wait_for_terminals_days));
    let patient_from = as_of.checked_sub(patience).unwrap_or(Timestamp::UNIX_EPOCH);
    Ok(closing::watermark(delivered.into_iter(), patient_from))
}

impl Hub {
    /// The closeouts of terminals and dates, newest date first, then by name of the terminal. Without dates: the last seven.
    ///
    /// # Errors
    /// [`Error::Invalid`] for more than a year of dates, or of the store.
    pub fn closeouts(&self, filter: &CloseoutFilter, now: Timestamp) -> Result<Vec<CloseoutRow>, Error> {
        self.store.read(|read| {
            let company = Company::load(read)?;
            let today = now.to_zoned(company.time_zone()?).date();
            // A zone further east has tomorrow already.
            let to = filter.to.unwrap_or(today);
            let from = filter.from.unwrap_or_else(|| to.saturating_sub((USUAL_DATES - 1).days()));
            if (to - from).get_days() >= MOST_DATES {
                return Err(Error::invalid(format!("{from} to {to} is more than a year"), "ask for fewer dates"));
            }
            let (table, zone_book) = (Table::load(read, from, to)?, ZoneBook::load(read, &company)?);
            let mut rows = Vec::new();
            for (terminal, contact) in read.terminals()? {
                let is_wanted = |wanted: &String| *wanted == terminal.serial || *wanted == terminal.name;
                if terminal.is_approved && filter.terminal.as_ref().is_none_or(is_wanted) {
                    let of = Of {
                        zones: zone_book.terminal(read, &terminal.serial, terminal.zone.as_deref())?,
                        terminal: &terminal,
                        contact: &contact,
                        now,
                    };
                    for date in from.series(1.day()).take_while(|date| *date <= to) {
                        rows.extend(of.row(&table, date)?);
                    }
                }
            }
            rows.retain(|row| filter.state.is_none_or(|state| state == row.standing.state()));
            rows.sort_by(|a, b| (b.date, &a.terminal, &a.serial).cmp(&(a.date, &b.terminal, &b.serial)));
            if let Some((sort, descending)) = filter.order {
                let order = |a: &CloseoutRow, b: &CloseoutRow| match sort {
                    CloseoutSort::Date => a.date.cmp(&b.date),
                    CloseoutSort::Terminal => (&a.terminal, &a.serial).cmp(&(&b.terminal, &b.serial)),
                    CloseoutSort::State => a.standing.state().cmp(&b.standing.state()),
                    CloseoutSort::Missing => a.missing_count.cmp(&b.missing_count),
                    CloseoutSort::Read => a.read.cmp(&b.read),
                };
                rows.sort_by(|a, b| if descending { order(b, a) } else { order(a, b) });
            }
            Ok(rows)
        })
    }

    /// Writes closeouts as CSV.
    ///
    /// # Errors
    /// As [`Hub::closeouts`], or of the output.
    pub fn closeouts_csv(&self, filter: &CloseoutFilter, now: Timestamp, out: impl Output) -> Result<(), Error> {
        let columns = [
            "terminal",
            "serial",
            "date",
            "state",
            "on_terminal",
            "in_spool",
            "at_hub",
            "digest_terminal",
            "digest_hub",
            "missing",
            "missing_punches",
            "read",
            "says",
        ];
        let mut table = CsvTable::new(out, columns)?;
        let count = |count: Option<u64>| count.map_or_else(String::new, |count| count.to_string());
        for row in self.closeouts(filter, now)? {
            let missing = row.missing_in_words().join(", ");
            table.row([
                row.terminal,
                row.serial,
                row.date.to_string(),
                row.standing.state().word().to_owned(),
                count(row.on_terminal.map(|set| set.punches)),
                count(row.in_spool),
                row.at_hub.punches.to_string(),
                row.on_terminal.map_or_else(String::new, |set| set.digest.to_string()),
                row.at_hub.digest.to_string(),
                row.missing_count.to_string(),
                missing,
                row.read.map_or_else(String::new, |read| read.to_string()),
                row.standing.to_string(),
            ])?;
        }
        Ok(table.finish()?)
    }
}

/// What the store knows of some dates.
struct Table {
    here: HashMap<(String, Date), Closeout>,
    told: HashMap<(String, Date), StoredCloseout>,
    readings: HashMap<String, StoredReading>,
}

impl Table {
    fn load(read: &Read<'_>, from: Date, to: Date) -> Result<Self, Error> {
        let here = read.stored_days(from, to)?.into_iter().map(|day| ((day.origin, day.date), day.set));
        let told = read.closeouts(from, to)?.into_iter().map(|told| ((told.serial.clone(), told.date), told));
        let readings = read.readings()?.into_iter().map(|reading| (reading.serial.clone(), reading));
        Ok(Self { here: here.collect(), told: told.collect(), readings: readings.collect() })
    }
}

/// A terminal whose days are looked at.
struct Of<'a> {
    terminal: &'a Terminal,
    contact: &'a Contact,
    zones: Zones,
    now: Timestamp,
}

impl Of<'_> {
    /// How long the terminal may be silent.
    fn quiet(&self) -> SignedDuration {
        let minutes = self.terminal.poll_minutes.filter(|_| via(&self.terminal.via).polls()).unwrap_or(0);
        QUIET.max(SignedDuration::from_mins(QUIET_POLLS * i64::from(minutes)))
    }

    /// A date of it; `None` when it was not there yet, or has not begun.
    fn row(&self, table: &Table, date: Date) -> Result<Option<CloseoutRow>, Error> {
        let key = (self.terminal.serial.clone(), date);
        let here = table.here.get(&key).copied();
        let told = table.told.get(&key);
        let reading = table.readings.get(&self.terminal.serial);
        let heard = self.contact.last_contact_us.map(instant);
        let first_date = self.zones.date(instant(self.terminal.first_seen_us));
        let is_there =
            (heard.is_some() || reading.is_some()) && first_date <= date && date <= self.zones.date(self.now);
        if here.is_none() && told.is_none() && !is_there {
            return Ok(None);
        }
        let at_hub = here.unwrap_or_default();
        let known = Known {
            told: told.map(|told| Told { proven: told.proven, missing: told.missing, nameless: told.nameless }),
            here: at_hub,
            ends: end_of(date, &self.zones).unwrap_or(Timestamp::MAX),
            read: reading.map(|reading| instant(reading.read_us)),
            is_within: reading.and_then(|reading| reading.first_date).is_some_and(|first| first <= date),
            is_polled: via(&self.terminal.via).polls(),
            is_silent: heard.is_some_and(|heard| self.now.duration_since(heard) > self.quiet()),
        };
        let missing = told.map_or(Ok(Vec::new()), |told| gap_of(&told.missing_list))?;
        let is_told_empty = told.is_none() && known.is_within && known.read.is_some_and(|read| read >= known.ends);
        Ok(Some(CloseoutRow {
            serial: self.terminal.serial.clone(),
            terminal: self.terminal.name.clone(),
            zone: self.zones.on(date).clone(),
            date,
            on_terminal: told.map(|told| told.set).or(is_told_empty.then(Closeout::default)),
            in_spool: told.and_then(|told| told.in_spool),
            at_hub,
            missing_count: told.map_or(0, |told| told.missing),
            missing,
            read: told.map(|told| instant(told.read_us)).max(known.read),
            standing: closing::standing(&known, self.now),
        }))
    }
}
