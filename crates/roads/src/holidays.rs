//! Public holidays over HTTP: JSON of the shape of date.nager.at (`[{date, localName, name, global, counties, types}]`), or iCalendar.
//!
//! Invariants:
//! * Only what was read and understood whole is told; of a body that has a date that can't be read nothing is taken.
//! * A request goes to an address that was looked at, and nowhere else; without `allow_private` it is https of the public network.

// A shell: it owns connections.
#![allow(clippy::disallowed_methods)]

use std::time::Duration;

use attendance::Holiday;
use jiff::civil::Date;
use reqwest::header::{ETAG, HeaderMap, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use reqwest::{Client, StatusCode};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::calendar::{Special, icalendar};
use crate::network;

/// Where the calendar is that is asked when only a country is given.
pub const USUAL_URL: &str = "https://date.nager.at/api/v3/PublicHolidays/{year}/{country}";
/// Longest wait for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest body that is read, bytes: a year of the whole world is a tenth of it.
const MOST_BYTES: usize = 4 << 20;
/// What an entry of a list with types must be, to be a day off for everybody.
const PUBLIC: &str = "Public";

/// A calendar of public holidays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// Its address. `{year}` and `{country}` are filled in; without `{year}` it holds all years in one.
    pub url: String,
    /// Country, as the address wants it.
    pub country: Option<String>,
    /// Part of the country, as its entries name it (ISO 3166-2, like `DE-BY`); `None` for holidays of the whole country only.
    pub region: Option<String>,
    /// Whether plain HTTP and addresses of the own network are allowed.
    pub allow_private: bool,
}

impl Feed {
    /// The addresses to ask for some years, each with the years that it is to tell of.
    ///
    /// # Errors
    /// What is wrong with the address, with the cure.
    pub fn pages(&self, years: impl IntoIterator<Item = i16>) -> Result<Vec<(String, Vec<i16>)>, String> {
        let country = match (&self.country, self.url.contains("{country}")) {
            (None, true) => return Err("the address has {country} in it; say --country".to_owned()),
            (country, _) => country.as_deref().unwrap_or_default(),
        };
        if !country.chars().chain(self.region.iter().flat_map(|region| region.chars())).all(is_of_a_code) {
            return Err("country and region are codes of letters, digits and -, like DE and DE-BY".to_owned());
        }
        let url = self.url.replace("{country}", country);
        let pages: Vec<_> = if url.contains("{year}") {
            years.into_iter().map(|year| (url.replace("{year}", &year.to_string()), vec![year])).collect()
        } else {
            vec![(url, years.into_iter().collect())]
        };
        for (address, _) in &pages {
            network::checked_url(address, self.allow_private)?;
        }
        Ok(pages)
    }

    /// The holidays of a body, by date; of two entries of one date the first.
    ///
    /// # Errors
    /// Why it can't be understood.
    pub fn read(&self, body: &[u8]) -> Result<Vec<Holiday>, String> {
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
        let mut holidays = match body {
            [b'[', ..] => self.entries(body)?,
            [b'B', ..] => events(body)?,
            _ => return Err("the answer is neither a JSON list nor an iCalendar file; look at the address".to_owned()),
        };
        holidays.sort_by_key(|holiday| holiday.date);
        holidays.dedup_by_key(|holiday| holiday.date);
        Ok(holidays)
    }

    fn entries(&self, body: &[u8]) -> Result<Vec<Holiday>, String> {
        let list: Vec<Value> =
            serde_json::from_slice(body).map_err(|error| format!("the answer is no JSON list: {error}"))?;
        let ours = list.iter().enumerate().filter(|(_, entry)| self.is_ours(entry));
        ours.map(|(place, entry)| {
            holiday(entry).ok_or_else(|| format!("entry {} of the answer has no date", place + 1))
        })
        .collect()
    }

    /// Whether an entry is a day off here: of everybody in the country, or of the region.
    fn is_ours(&self, entry: &Value) -> bool {
        let is_public = match entry.get("types").and_then(Value::as_array) {
            Some(types) if !types.is_empty() => types.iter().any(|one| one.as_str() == Some(PUBLIC)),
            _ => true,
        };
        let regions = entry.get("counties").and_then(Value::as_array).filter(|regions| !regions.is_empty());
        let is_global = entry.get("global").and_then(Value::as_bool).unwrap_or(regions.is_none());
        let is_of_region = || {
            let region = self.region.as_deref();
            region.is_some() && regions.is_some_and(|regions| regions.iter().any(|one| one.as_str() == region))
        };
        is_public && (is_global || is_of_region())
    }
}

fn is_of_a_code(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '-'
}

fn holiday(entry: &Value) -> Option<Holiday> {
    let date = entry.get("date")?.as_str()?.parse().ok()?;
    let text = |name: &str| entry.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let name = text("localName").or_else(|| text("name")).unwrap_or_default().to_owned();
    Some(named(date, name))
}

fn named(date: Date, name: String) -> Holiday {
    Holiday { date, name, substitute_for: None, recorded_at: None }
}

fn events(body: &[u8]) -> Result<Vec<Holiday>, String> {
    let mut holidays = Vec::new();
    for row in icalendar(body).map_err(|error| error.to_string())? {
        match row {
            Ok((_, Special::Holiday(holiday))) => holidays.push(holiday),
            Ok(_) => {}
            Err(bad) => return Err(bad.what),
        }
    }
    Ok(holidays)
}

/// What an address answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Got {
    /// It has nothing new since the answer with that mark.
    Same,
    /// A body, and the mark to ask with next time if it has one: an entity tag, or a date of change.
    New {
        /// The mark.
        mark: Option<String>,
        /// The body.
        body: Vec<u8>,
    },
    /// There is nothing of that name, yet or any more.
    NotThere,
}

/// Asks addresses. Calls block.
#[derive(Debug)]
pub struct Asker {
    client: Client,
    runtime: Runtime,
}

impl Asker {
    /// Asks, and waits so long for an answer; `None` for 30 seconds. TLS needs a process-wide rustls provider: the executable installs
    /// one before. Not within a runtime.
    ///
    /// # Errors
    /// In words, when no client can be made.
    pub fn new(allow_private: bool, timeout: Option<Duration>) -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| format!("no client can be made: {error}"))?;
        Ok(Self { client: network::client(timeout.unwrap_or(ANSWER_TIMEOUT), allow_private)?, runtime })
    }

    /// Asks an address for what is new since the answer with that mark.
    ///
    /// # Errors
    /// In words, when there is no answer or one of trouble.
    pub fn ask(&self, address: &str, mark: Option<&str>) -> Result<Got, String> {
        self.runtime.block_on(async {
            let mut request = self.client.get(address);
            if let Some(mark) = mark {
                // An entity tag is quoted, a date is not.
                let header = if mark.ends_with('"') { IF_NONE_MATCH } else { IF_MODIFIED_SINCE };
                request = request.header(header, mark);
            }
            let mut response = request.send().await.map_err(in_words)?;
            match response.status() {
                StatusCode::OK => {}
                StatusCode::NOT_MODIFIED if mark.is_some() => return Ok(Got::Same),
                StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(Got::NotThere),
                status if status.is_redirection() => {
                    return Err(format!("the calendar has moved ({status}); give its new address"));
                }
                status => return Err(format!("the calendar answers {status}")),
            }
            let mark = mark_of(response.headers());
            let mut body = Vec::new();
            while let Some(some) = response.chunk().await.map_err(in_words)? {
                if body.len() + some.len() > MOST_BYTES {
                    return Err("the answer is longer than 4 MiB, which no calendar is; look at the address".to_owned());
                }
                body.extend_from_slice(&some);
            }
            Ok(Got::New { mark, body })
        })
    }
}

fn mark_of(headers: &HeaderMap) -> Option<String> {
    let of = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    of(ETAG).filter(|tag| tag.ends_with('"')).or_else(|| of(LAST_MODIFIED))
}

fn in_words(error: reqwest::Error) -> String {
    if error.is_timeout() { "no answer in time".to_owned() } else { network::in_words(error) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn feed(url: &str, country: Option<&str>, region: Option<&str>) -> Feed {
        Feed { url: url.into(), country: country.map(Into::into), region: region.map(Into::into), allow_private: false }
    }

    fn read(region: Option<&str>, body: &str) -> Result<Vec<String>, String> {
        let holidays = feed("https://x.example/", None, region).read(body.as_bytes())?;
        Ok(holidays.into_iter().map(|holiday| format!("{} {}", holiday.date, holiday.name)).collect())
    }

    const GERMANY: &str = r#"[
        {"date": "2026-01-01", "localName": "Neujahr", "name": "New Year's Day", "global": true, "counties": null, "types": ["Public"]},
        {"date": "2026-06-04", "localName": "Fronleichnam", "name": "Corpus Christi", "global": false, "counties": ["DE-BW", "DE-BY"], "types": ["Public"]},
        {"date": "2026-02-16", "localName": "Rosenmontag", "name": "Carnival", "global": true, "counties": null, "types": ["Optional"]},
        {"date": "2026-01-01", "localName": "Once more", "name": "", "global": true},
        {"date": "2026-10-03", "localName": " ", "name": "Unity Day"}]"#;

    #[test]
    fn a_list_gives_what_is_a_day_off_in_the_whole_country_and_in_the_region() {
        assert_eq!(read(None, GERMANY).unwrap(), ["2026-01-01 Neujahr", "2026-10-03 Unity Day"]);
        assert_eq!(
            read(Some("DE-BY"), GERMANY).unwrap(),
            ["2026-01-01 Neujahr", "2026-06-04 Fronleichnam", "2026-10-03 Unity Day"]
        );
        assert_eq!(read(Some("DE-BE"), GERMANY).unwrap().len(), 2);
    }

    #[test]
    fn of_what_is_not_understood_nothing_is_taken() {
        for (body, says) in [
            ("<html>busy</html>", "neither a JSON list nor an iCalendar file"),
            ("", "neither"),
            ("[{\"date\": ", "no JSON list"),
            (r#"[{"date": "2026-01-01"}, {"date": "soon"}]"#, "entry 2 of the answer has no date"),
            ("[7]", "entry 1 of the answer has no date"),
            (
                "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260301T090000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
                "whole day",
            ),
        ] {
            let error = read(None, body).unwrap_err();
            assert!(error.contains(says), "{body}: {error}");
        }
        let calendar = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20260301\r\nSUMMARY:Samiljeol\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        assert_eq!(read(None, calendar).unwrap(), ["2026-03-01 Samiljeol"]);
    }

    #[test]
    fn a_year_is_a_page_where_the_address_has_one() {
        let pages = feed(USUAL_URL, Some("PH"), None).pages([2026, 2027]).unwrap();
        assert_eq!(pages[1], ("https://date.nager.at/api/v3/PublicHolidays/2027/PH".to_owned(), vec![2027]));
        let pages = feed("https://x.example/all.ics", None, None).pages([2026, 2027]).unwrap();
        assert_eq!(pages, [("https://x.example/all.ics".to_owned(), vec![2026, 2027])]);
        for (feed, says) in [
            (feed(USUAL_URL, None, None), "say --country"),
            (feed(USUAL_URL, Some("../x"), None), "codes of letters"),
            (feed("http://x.example/{year}", None, None), "--allow-private"),
            (feed("https://10.0.0.1/{year}", None, None), "--allow-private"),
        ] {
            let error = feed.pages([2026]).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
