//! Reading a calendar of public holidays: ask, keep what was answered, and bring what is stated in step with it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use attendance::Holiday;
use jiff::Timestamp;
use jiff::civil::Date;
use roads::holidays::{Asker, Feed, Got};
use serde::{Deserialize, Serialize};
use store::facts::{Fact, Subject};
use store::sources::Page;
use store::{Read, Write};

use super::desk::known_source;
use super::plan::{Before, Known, Steps, steps};
use super::{SourceSettings, in_the_name_of};
use crate::addresses;
use crate::resolve::ALWAYS;
use crate::shown_url::shown_url;
use crate::stated::{Stated, Whom};
use crate::stating::{state, withdraw};
use crate::{Actor, Error, Hub};

/// How a calendar of public holidays is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolidaySettings {
    /// Its address, in which `{year}` and `{country}` are filled in; as lists show it, but for who gives it.
    pub url: String,
    /// Country, as the address wants it.
    pub country: Option<String>,
    /// Part of the country, as the calendar names it.
    pub region: Option<String>,
    /// First year whose holidays are wanted.
    pub from_year: i16,
    /// Whether plain HTTP and addresses of the own network are allowed.
    #[serde(default)]
    pub allow_private: bool,
}

impl HolidaySettings {
    pub(super) fn place(&self) -> String {
        let country = self.country.as_deref().unwrap_or_default();
        let region = self.region.as_deref().map_or_else(String::new, |region| format!(" ({region})"));
        format!("{}{region}", shown_url(&self.url).replace("{country}", country))
    }

    fn feed(&self) -> Feed {
        Feed {
            url: self.url.clone(),
            country: self.country.clone(),
            region: self.region.clone(),
            allow_private: self.allow_private,
        }
    }

    /// Whether a client can be made of it.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the cure.
    pub(super) fn check(&self) -> Result<(), Error> {
        let pages = self.feed().pages([self.from_year]);
        pages.map(drop).map_err(|why| Error::invalid(why, "change what is given of the calendar"))
    }
}

/// What came of reading a calendar.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Years of which holidays are known.
    pub years: Vec<i16>,
    /// Holidays that are new or have another name.
    pub stated: usize,
    /// Holidays that the calendar no longer has.
    pub withdrawn: usize,
    /// Years that are needed and not known: their days are marked.
    pub missing: Vec<i16>,
    /// Why the calendar could not be read, or not whole.
    pub trouble: Option<String>,
}

impl Heard {
    /// In words, for lists.
    pub fn words(&self) -> String {
        let years = |years: &[i16]| years.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let mut words = Vec::from_iter(self.trouble.clone());
        if !self.missing.is_empty() {
            words.push(format!("{} not available, its days are marked", years(&self.missing)));
        }
        if !self.years.is_empty() {
            let (stated, withdrawn) = (self.stated, self.withdrawn);
            words.push(format!("{} known, {stated} holidays stated, {withdrawn} withdrawn", years(&self.years)));
        }
        words.join("; ")
    }
}

/// What the addresses of a calendar said, in the order in which they were asked.
struct Answers {
    /// By the name of the address, as it is shown: years that it tells of, what is new of it.
    pages: Vec<(String, Vec<i16>, Option<Page>)>,
    trouble: Option<String>,
}

impl Hub {
    /// Reads a calendar of public holidays, and brings what is stated in step: from its first year to the next one. That it does not
    /// answer is no error: what is known stays, and the years that are not known are marked. `timeout` for 30 seconds when `None`.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a source that is none, or no calendar; [`Error::Invalid`] when no client can be made of its settings.
    pub fn read_holidays(
        &self,
        name: &str,
        timeout: Option<Duration>,
        clock: &dyn Fn() -> Timestamp,
    ) -> Result<Heard, Error> {
        let (settings, feed, zone) = self.store.read(|read| {
            let settings = calendar_settings(read, name)?;
            let feed = self.whole_feed(read, name, &settings)?;
            Ok::<_, Error>((settings, feed, crate::Company::load(read)?.time_zone()?))
        })?;
        let this_year = clock().to_zoned(zone).year();
        let needed: BTreeSet<i16> = (settings.from_year..=this_year).collect();
        let answers = self.ask_calendar((name, &settings), &feed, &needed, this_year, timeout)?;
        let now = clock();
        self.store.write(|write| take_in(write, name, &settings, &needed, &answers, now))
    }

    /// Asks a calendar for the holidays of this year; what it has, in words. Nothing is stored.
    pub(super) fn test_calendar(&self, name: &str, now: Timestamp) -> Result<String, Error> {
        let year = now.to_zoned(self.company()?.time_zone()?).year();
        let wrong = |why| Error::invalid(why, "look at its address, and whether this machine reaches it");
        let feed = self.store.read(|read| self.whole_feed(read, name, &calendar_settings(read, name)?))?;
        let asker = Asker::new(feed.allow_private, None).map_err(wrong)?;
        let mut holidays = Vec::new();
        for (address, _) in feed.pages([year]).map_err(wrong)? {
            match asker.ask(&address, None).map_err(wrong)? {
                Got::New { body, .. } => holidays.extend(feed.read(&body).map_err(wrong)?),
                Got::Same | Got::NotThere => return Err(wrong("there is nothing at its address (404)".to_owned())),
            }
        }
        holidays.retain(|holiday| holiday.date.year() == year);
        match holidays.as_slice() {
            [] => Err(wrong(format!("it has no holiday of {year}"))),
            [first, ..] => {
                Ok(format!("{} holidays in {year}, the first is {} {}", holidays.len(), first.date, first.name))
            }
        }
    }

    /// What a calendar is asked with: its settings with the whole address.
    fn whole_feed(&self, read: &Read<'_>, name: &str, settings: &HolidaySettings) -> Result<Feed, Error> {
        Ok(Feed { url: self.whole_address(read, &addresses::of_source(name), &settings.url)?, ..settings.feed() })
    }

    /// Asks every address for what is new. The network is in nobody's transaction.
    fn ask_calendar(
        &self,
        (name, settings): (&str, &HolidaySettings),
        feed: &Feed,
        needed: &BTreeSet<i16>,
        this_year: i16,
        timeout: Option<Duration>,
    ) -> Result<Answers, Error> {
        let wrong = |why| Error::invalid(format!("source {name}: {why}"), "add it again with what is right");
        let asker = Asker::new(feed.allow_private, timeout).map_err(wrong)?;
        let mut answers = Answers { pages: Vec::new(), trouble: None };
        // The next year is wanted too, and is missed by nobody yet.
        let years = needed.iter().copied().chain([this_year.saturating_add(1)]);
        let names = settings.feed().pages(years.clone()).map_err(wrong)?;
        for ((address, years), (shown, _)) in feed.pages(years).map_err(wrong)?.into_iter().zip(names) {
            let is_needed = years.iter().any(|year| needed.contains(year));
            let mark = self.store.read(|read| read.source_page(name, &shown))?.and_then(|page| page.mark);
            let asked = asker.ask(&address, mark.as_deref()).and_then(|got| match got {
                Got::Same => Ok(None),
                Got::New { mark, body } => feed.read(&body).map(|_| Some(Page { mark, body })),
                Got::NotThere if is_needed => Err("there is nothing at its address (404)".to_owned()),
                Got::NotThere => Ok(None),
            });
            let new = asked.unwrap_or_else(|why| {
                answers.trouble.get_or_insert(why);
                None
            });
            answers.pages.push((shown, years, new));
        }
        Ok(answers)
    }
}

/// Names what a calendar answered as its addresses are shown, where it was named by the whole ones.
pub(super) fn name_pages_as_shown(
    write: &Write<'_>,
    name: &str,
    whole: &HolidaySettings,
    shown: &HolidaySettings,
) -> Result<(), Error> {
    let years = whole.from_year..=Date::MAX.year();
    let wrong = |why| Error::invalid(format!("source {name}: {why}"), "add it again with what is right");
    let (from, to) = (whole.feed().pages(years.clone()).map_err(wrong)?, shown.feed().pages(years).map_err(wrong)?);
    let names: BTreeMap<&str, &str> =
        from.iter().zip(&to).map(|((from, _), (to, _))| (from.as_str(), to.as_str())).collect();
    for known in write.source_pages(name)? {
        if let Some(shown) = names.get(known.as_str()) {
            write.rename_source_page(name, &known, shown)?;
        }
    }
    Ok(())
}

/// The settings of a source that is a calendar.
fn calendar_settings(read: &Read<'_>, name: &str) -> Result<HolidaySettings, Error> {
    match SourceSettings::of(&known_source(read, name)?)? {
        SourceSettings::Holidays(settings) => Ok(settings),
        _ => Err(Error::invalid(format!("source {name} is no calendar"), "name one that is")),
    }
}

/// Keeps what was answered, and states what follows from all that is known.
fn take_in(
    write: &Write<'_>,
    name: &str,
    settings: &HolidaySettings,
    needed: &BTreeSet<i16>,
    answers: &Answers,
    now: Timestamp,
) -> Result<Heard, Error> {
    let now_us = now.as_microsecond();
    // It may have been removed, or changed, while it was asked.
    if calendar_settings(write, name)? != *settings {
        return Ok(Heard {
            trouble: Some("it was changed meanwhile; it is read again".to_owned()),
            ..Heard::default()
        });
    }
    let mut heard = BTreeMap::<i16, Vec<Holiday>>::new();
    for (address, years, new) in &answers.pages {
        if let Some(page) = new {
            write.put_source_page(name, address, page, now_us)?;
        }
        let Some(Page { body, .. }) = write.source_page(name, address)? else { continue };
        let unreadable = |detail| Error::Damaged { what: "calendar", detail };
        for holiday in settings.feed().read(&body).map_err(unreadable)? {
            if years.contains(&holiday.date.year()) {
                heard.entry(holiday.date.year()).or_default().push(holiday);
            }
        }
    }
    let mut done = in_step(write, name, heard, needed, now)?;
    done.trouble = answers.trouble.clone().or(done.trouble);
    match &done.trouble {
        None => write.source_is_well(name, &done.words(), now_us)?,
        Some(_) => write.source_is_down(name, &done.words(), now_us)?,
    }
    Ok(done)
}

/// Brings what is stated in step with the holidays of each year that this source knows. A year that is needed and has none is trouble.
pub(super) fn in_step(
    write: &Write<'_>,
    name: &str,
    heard: BTreeMap<i16, Vec<Holiday>>,
    needed: &BTreeSet<i16>,
    now: Timestamp,
) -> Result<Heard, Error> {
    let steps = steps(&before(write, name)?, &heard, needed);
    let withdrawn = follow(write, &in_the_name_of(name), &steps, now)?;
    let missing: Vec<i16> = needed.iter().copied().filter(|year| !heard.contains_key(year)).collect();
    let trouble = missing.first().map(|year| format!("it has no holiday of {year}"));
    Ok(Heard { years: heard.into_keys().collect(), stated: steps.holidays.len(), withdrawn, trouble, missing })
}

/// What is stated of the company's calendar.
fn before(read: &Read<'_>, name: &str) -> Result<Before, Error> {
    let ours = in_the_name_of(name).name;
    let (mut before, holiday, mark) = (Before::default(), "holiday", "unavailable");
    let known = |fact: &Fact| Ok::<_, Error>((fact.number, fact.actor == ours, Stated::of(fact)?));
    let in_force = read.facts_of_kind(holiday, ALWAYS.0, ALWAYS.1)?;
    for fact in &in_force {
        if let (number, is_ours, Stated::Holiday(says)) = known(fact)? {
            before.holidays.push(Known { number, is_ours, says });
        }
    }
    for fact in read.facts_of_kind(mark, ALWAYS.0, ALWAYS.1)? {
        if let (number, is_ours, Stated::Unavailable(prefix)) = known(&fact)?
            && let Ok(says) = prefix.parse()
        {
            before.marks.push(Known { number, is_ours, says });
        }
    }
    let withdrawn = read.withdrawn_facts(&Subject::Company, holiday, Date::MIN, Date::MAX)?;
    let mut latest = BTreeMap::<(&str, i64), i64>::new();
    for fact in in_force.iter().chain(&withdrawn) {
        let number = latest.entry((&fact.key, fact.stated_us)).or_default();
        *number = fact.number.max(*number);
    }
    // What is stated over another one withdraws it at the same instant: that is not taken back, and may come again afterwards.
    let is_replaced =
        |fact: &Fact, us| latest.get(&(fact.key.as_str(), us)).is_some_and(|number| *number > fact.number);
    let by_people = |fact: &Fact| {
        let is_theirs = |(us, by): &(i64, String)| *by != ours && !is_replaced(fact, *us);
        fact.actor == ours && fact.withdrawn.as_ref().is_some_and(is_theirs)
    };
    before.taken_back = withdrawn.iter().filter(|fact| by_people(fact)).map(|fact| fact.first).collect();
    Ok(before)
}

/// States and withdraws; how many holidays were withdrawn.
fn follow(write: &Write<'_>, actor: &Actor, steps: &Steps, now: Timestamp) -> Result<usize, Error> {
    let mut withdrawn = 0;
    for number in &steps.withdrawn {
        let Some(fact) = write.fact(*number)? else { continue };
        let (is_holiday, reason) = match fact.kind.as_str() {
            "holiday" => (true, "the calendar no longer has it"),
            _ => (false, "the holidays of that year are known"),
        };
        withdrawn += usize::from(is_holiday);
        withdraw(write, actor, &fact, reason, now)?;
    }
    let reason = "public holidays";
    for holiday in &steps.holidays {
        state(write, actor, &Whom::Company, &Stated::Holiday(holiday.clone()), reason, now)?;
    }
    for year in &steps.marked {
        let mark = Stated::Unavailable(format!("{year:04}"));
        state(write, actor, &Whom::Company, &mark, "the calendar has not told of it yet", now)?;
    }
    Ok(withdrawn)
}

/// Withdraws the marks of a source that is no more: nobody would end them.
pub(super) fn forget_marks(write: &Write<'_>, name: &str, now: Timestamp) -> Result<(), Error> {
    let actor = in_the_name_of(name);
    let marks = before(write, name)?.marks.into_iter().filter(|mark| mark.is_ours);
    let steps = Steps { withdrawn: marks.map(|mark| mark.number).collect(), ..Steps::default() };
    follow(write, &actor, &steps, now).map(drop)
}
