//! At which site a terminal is, from when until when.
//!
//! Invariants:
//! * A terminal is at one site at most on a date: whoever says where it comes to ends where it was.
//! * One that has left is at no site until the date from which it was said to come to one.
//! * Where it is moves its punches only where the zone is another one ([`crate::zones`]).

use std::collections::HashMap;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use store::places::TerminalSite;
use store::{Read, Write};

use crate::company::Company;
use crate::employment::{shown, span};
use crate::resolve::ALWAYS;
use crate::view::TerminalStay;
use crate::zones::Before;
use crate::{Actor, Error, Hub};

impl Hub {
    /// A terminal leaves the site where it is, from a date on, and comes to no other one. The same again changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown terminal, [`Error::Invalid`] for one that is at no site on that date.
    pub fn leave_site(&self, actor: &Actor, serial: &str, from: Date, now: Timestamp) -> Result<(), Error> {
        self.store.write(|write| {
            let missing = || Error::NotFound(format!("terminal with serial {serial}"));
            let terminal = write.terminal(serial)?.ok_or_else(missing)?;
            let known = known(write, serial)?;
            if known.contains(&TerminalSite { serial: serial.to_owned(), from, site: None }) {
                return Ok(());
            }
            let Some(site) = site_on(&known, from) else {
                let what = format!("terminal {serial} is at no site on {from}");
                return Err(Error::invalid(what, "`punchclock export sites` tells where terminals are"));
            };
            let company = Company::load(write)?;
            let before = Before::of(write, &company, vec![terminal], Vec::new())?;
            write.put_terminal_site(&TerminalSite { serial: serial.to_owned(), from, site: None })?;
            before.followed(write, &company, now)?;
            write.audit(&actor.entry(now, "terminal.leave", serial, format!("site {site} from {from} on")))?;
            Ok::<_, Error>(())
        })?;
        self.resume_replays(now).map(drop)
    }
}

/// A terminal comes to a site; whether that is anything new.
pub(crate) fn come(write: &Write<'_>, site: &str, stay: &TerminalStay) -> Result<bool, Error> {
    let TerminalStay { serial, from, to } = stay;
    if write.terminal(serial)?.is_none() {
        let cure = "`punchclock terminal list` shows those there are";
        return Err(Error::invalid(format!("there is no terminal with serial {serial} (column terminals)"), cure));
    }
    let from = from.unwrap_or(ALWAYS.0);
    let row = |from, site: Option<&str>| TerminalSite { serial: serial.clone(), from, site: site.map(str::to_owned) };
    let mut news = Vec::new();
    let comes = row(from, Some(site));
    let known = known(write, serial)?;
    if !known.contains(&comes) {
        news.push(comes);
    }
    if let Some(to) = to {
        if *to < from {
            let what = format!("terminal {serial} leaves site {site} on {to}, before it comes on {from}");
            return Err(Error::invalid(what, "turn the dates round"));
        }
        let after = to.saturating_add(1.day());
        let next = known.iter().rfind(|at| from < at.from && at.from <= after);
        // Where it was said to be by then stands.
        if next.is_none_or(|at| at.site.as_deref() == Some(site)) {
            news.push(row(after, None));
        }
    }
    news.iter().try_for_each(|at| write.put_terminal_site(at))?;
    Ok(!news.is_empty())
}

/// Who is or was at each site, of what terminals have by serial and date.
pub(crate) fn by_site(rows: Vec<TerminalSite>) -> HashMap<String, Vec<TerminalStay>> {
    let mut sites: HashMap<String, Vec<TerminalStay>> = HashMap::new();
    let mut rows = rows.into_iter().peekable();
    while let Some(TerminalSite { serial, from, site }) = rows.next() {
        // What was said twice is one stay.
        while rows.next_if(|next| next.serial == serial && next.site == site).is_some() {}
        let next = rows.peek().filter(|next| next.serial == serial);
        let to = next.map(|next| next.from.saturating_sub(1.day()));
        if let Some(site) = site {
            let from = Some(from).filter(|from| *from > ALWAYS.0);
            sites.entry(site).or_default().push(TerminalStay { serial, from, to });
        }
    }
    sites
}

/// As a list of sites has them: `A1`, `B2@2026-03-01`, `C3@2026-03-01..2026-05-31`.
pub(crate) fn listed(stays: &[TerminalStay]) -> String {
    let one = |TerminalStay { serial, from, to }: &TerminalStay| match (from, to) {
        (None, None) => serial.clone(),
        (Some(from), None) => format!("{serial}@{from}"),
        (from, Some(to)) => format!("{serial}@{}", shown((from.unwrap_or(ALWAYS.0), *to))),
    };
    stays.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Reads one of them.
pub(crate) fn read(text: &str) -> Result<TerminalStay, Error> {
    let Some((serial, dates)) = text.split_once('@') else {
        return Ok(TerminalStay { serial: text.to_owned(), ..TerminalStay::default() });
    };
    let (from, to) = if dates.contains("..") {
        let (from, to) = span(dates, "terminals")?;
        (Some(from).filter(|from| *from > ALWAYS.0), Some(to).filter(|to| *to < ALWAYS.1))
    } else {
        (Some(crate::places::read_date(dates, "terminals")?), None)
    };
    Ok(TerminalStay { serial: serial.to_owned(), from, to })
}

/// Where a terminal is, by date.
fn known(read: &Read<'_>, serial: &str) -> Result<Vec<TerminalSite>, Error> {
    Ok(read.terminal_sites_of(&[serial])?.pop().unwrap_or_default())
}

/// The site of a terminal on a date.
fn site_on(known: &[TerminalSite], date: Date) -> Option<&str> {
    known.iter().rfind(|at| at.from <= date)?.site.as_deref()
}
