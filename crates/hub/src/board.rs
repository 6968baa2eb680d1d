//! Who is in now.
//!
//! States of terminals are a hint at best, so that this page goes by the count of today's punches: an odd number of them
//! (repeated presses dropped, rules 5.3) reads as "in". With `punch.use_state` the declared direction decides.

use std::collections::BTreeMap;

use attendance::{PunchPolicy, PunchState};
use jiff::{Timestamp, ToSpan as _};
use store::punches::RecentPunch;

use crate::company::Company;
use crate::resolve::instant;
use crate::view::{Board, Presence};
use crate::zones::ZoneBook;
use crate::{Error, Hub};

impl Hub {
    /// Everybody with a punch today.
    ///
    /// # Errors
    /// Of the store.
    pub fn board(&self, now: Timestamp) -> Result<Board, Error> {
        self.store.read(|read| {
            let company = Company::load(read)?;
            let (zone, zone_book) = (company.time_zone()?, ZoneBook::load(read, &company)?);
            let since = now.saturating_sub(36.hours()).unwrap_or(now);
            let terminals = read.terminals()?;
            let mut by_person: BTreeMap<i64, Vec<RecentPunch>> = BTreeMap::new();
            for punch in read.recent_punches(since.as_microsecond())? {
                by_person.entry(punch.employee).or_default().push(punch);
            }
            let mut people = Vec::new();
            for (id, punches) in by_person {
                let Some(employee) = read.employee(id)? else { continue };
                let zone = zone_book.employee(read, &employee)?.at(now).clone();
                let today = now.to_zoned(zone.clone()).date();
                let is_today = |punch: &&RecentPunch| instant(punch.at_us).to_zoned(zone.clone()).date() == today;
                let of_today: Vec<&RecentPunch> = punches.iter().filter(is_today).collect();
                let Some(last) = of_today.last() else { continue };
                let is_in = reads_as_in(&of_today, &company.policies.on(today).policy.punch);
                let known = terminals.iter().find(|(terminal, _)| terminal.serial == last.origin);
                people.push(Presence {
                    name: employee.shown_name().to_owned(),
                    code: employee.code,
                    is_in,
                    last_punch: instant(last.at_us),
                    terminal: known.map_or_else(|| last.origin.clone(), |(terminal, _)| terminal.name.clone()),
                    zone,
                });
            }
            people.sort_by(|a, b| (!a.is_in, &a.name, &a.code).cmp(&(!b.is_in, &b.name, &b.code)));
            let unapproved = terminals.iter().filter(|(terminal, _)| !terminal.is_approved).count();
            Ok(Board {
                in_now: people.iter().filter(|person| person.is_in).count(),
                people,
                held: read.held_count()?,
                unapproved_terminals: unapproved as u64,
                zone,
            })
        })
    }
}

fn reads_as_in(today: &[&RecentPunch], knobs: &PunchPolicy) -> bool {
    if knobs.use_state {
        let last = today.last().and_then(|punch| punch.state).map_or(PunchState::Unknown, PunchState::from_code);
        if last != PunchState::Unknown {
            return last.is_arrival();
        }
    }
    let window_us = knobs.duplicate_window_seconds * 1_000_000;
    let mut kept: Option<i64> = None;
    let mut count = 0;
    for punch in today {
        if kept.is_none_or(|last| punch.at_us - last > window_us) {
            kept = Some(punch.at_us);
            count += 1;
        }
    }
    count % 2 == 1
}
