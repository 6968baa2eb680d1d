//! `GET /payroll/records`, `GET /payroll/records.csv`: what became of pay periods: that they were locked, that targets got their files, that
//! somebody took a file out.

use std::cmp::Ordering;

use askama::Template;
use axum::extract::State;
use axum::response::{Html, Response};
use hub::{CsvTable, Dates, Hub, LockedPeriod, PayExport, PayReceipt};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::payroll_records::range;
use crate::access::Visitor;
use crate::app::App;
use crate::failure::Failure;
use crate::forms::{self, PAGE_ROWS, Pager, Query, Sorting};
use crate::page::terminals::Moment;
use crate::page::{Choice, Frame, render};
use crate::{download, show, words};

const PATH: &str = "/payroll/records";

/// What became of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// It was locked, and is.
    Locked,
    /// A target got its file.
    Delivered,
    /// Somebody took its file out.
    TakenOut,
}

impl Deed {
    const ALL: [Self; 3] = [Self::Locked, Self::Delivered, Self::TakenOut];

    /// The word in files and addresses.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Locked => "locked",
            Self::Delivered => "delivered",
            Self::TakenOut => "taken_out",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Locked => "Locked",
            Self::Delivered => "Delivered",
            Self::TakenOut => "Taken out",
        }
    }
}

/// One of them.
pub(crate) struct Record {
    pub(crate) deed: Deed,
    pub(crate) at: Timestamp,
    pub(crate) dates: Dates,
    /// Who did it; of a delivery, the target.
    pub(crate) who: String,
    /// The file or its layout; of a lock, why it was forced.
    pub(crate) what: String,
    pub(crate) rows: Option<usize>,
    pub(crate) digest: String,
    /// What the receiver said.
    pub(crate) says: String,
}

impl From<LockedPeriod> for Record {
    fn from(LockedPeriod { dates, at, actor, reason }: LockedPeriod) -> Self {
        let (digest, says) = Default::default();
        Self { deed: Deed::Locked, at, dates, who: actor, what: reason, rows: None, digest, says }
    }
}

impl From<PayReceipt> for Record {
    fn from(one: PayReceipt) -> Self {
        Self {
            deed: Deed::Delivered,
            at: one.at(),
            dates: one.dates,
            who: one.target,
            what: one.file,
            rows: Some(one.rows),
            digest: one.digest,
            says: one.says,
        }
    }
}

impl From<PayExport> for Record {
    fn from(one: PayExport) -> Self {
        Self {
            deed: Deed::TakenOut,
            at: one.at(),
            dates: one.dates,
            who: one.actor,
            what: one.what,
            rows: Some(one.rows),
            digest: one.digest,
            says: String::new(),
        }
    }
}

/// Filter and order as they stand in the address; the latest first when none is asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    deed: String,
    text: String,
    from: String,
    to: String,
    sort: String,
    order: String,
    page: u32,
}

impl Asked {
    fn query(&self) -> String {
        forms::query(&[("deed", &self.deed), ("text", &self.text), ("from", &self.from), ("to", &self.to)])
    }

    fn sorted_query(&self) -> String {
        let order = forms::query(&[("sort", &self.sort), ("order", &self.order)]);
        [self.query(), order].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("&")
    }

    fn is_narrowed(&self) -> bool {
        !self.query().is_empty()
    }

    fn is_descending(&self) -> bool {
        forms::is_latest_first(&self.sort, &self.order)
    }

    /// What is asked for.
    ///
    /// # Errors
    /// When the caller made a deed up, or wrote no date.
    pub(crate) fn wish(&self) -> Result<Wish, Failure> {
        let unknown =
            |word: &str| Failure::invalid(format!("There is no deed {word}."), "Use locked, delivered or taken_out.");
        let known = |word: String| Deed::ALL.into_iter().find(|deed| deed.word() == word).ok_or_else(|| unknown(&word));
        Ok(Wish {
            deed: forms::filled(&self.deed).map(known).transpose()?,
            text: self.text.clone(),
            from: forms::date("from", &self.from)?,
            to: forms::date("to", &self.to)?,
            sort: self.sort.clone(),
            descending: self.is_descending(),
        })
    }
}

/// What is asked for.
pub(crate) struct Wish {
    deed: Option<Deed>,
    text: String,
    from: Option<Date>,
    to: Option<Date>,
    sort: String,
    descending: bool,
}

impl Wish {
    /// The records that are asked for, in their order; of what is equal the latest first.
    pub(crate) fn records(&self, hub: &Hub) -> Result<Vec<Record>, hub::Error> {
        let mut all: Vec<Record> = hub.locked_periods()?.into_iter().map(Record::from).collect();
        all.extend(hub.pay_receipts()?.into_iter().map(Record::from));
        all.extend(hub.pay_exports()?.into_iter().map(Record::from));
        all.retain(|record| self.keeps(record));
        all.sort_by_key(|record| std::cmp::Reverse(record.at));
        all.sort_by(|a, b| if self.descending { self.order(b, a) } else { self.order(a, b) });
        Ok(all)
    }

    fn keeps(&self, record: &Record) -> bool {
        let (first, last) = record.dates;
        self.deed.is_none_or(|deed| deed == record.deed)
            && self.from.is_none_or(|from| from <= last)
            && self.to.is_none_or(|to| first <= to)
            && forms::matches(&self.text, &[&record.who, &record.what, &record.digest])
    }

    fn order(&self, a: &Record, b: &Record) -> Ordering {
        match self.sort.as_str() {
            "period" => a.dates.cmp(&b.dates),
            "deed" => a.deed.word().cmp(b.deed.word()),
            "who" => a.who.cmp(&b.who),
            "rows" => a.rows.cmp(&b.rows),
            _ => a.at.cmp(&b.at),
        }
    }
}

#[derive(Template)]
#[template(path = "payroll_list.html")]
struct RecordsPage {
    frame: Frame,
    asked: Asked,
    deeds: Vec<Choice>,
    rows: Vec<Row>,
    zone: String,
    sorting: Sorting,
    pager: Pager,
    csv: String,
}

/// A record as it is printed.
struct Row {
    at: Option<Moment>,
    deed: &'static str,
    dates: String,
    who: String,
    what: String,
    rows: String,
    digest: String,
    says: String,
}

impl Row {
    fn new(record: Record, now: Timestamp, zone: &TimeZone) -> Self {
        Self {
            at: Some(Moment::new(record.at, now, zone)),
            deed: record.deed.name(),
            dates: range(record.dates),
            rows: record.rows.map(|rows| show::count(rows as u64)).unwrap_or_default(),
            says: if record.says.is_empty() { String::new() } else { words::sentence(&record.says) },
            who: record.who,
            what: record.what,
            digest: record.digest,
        }
    }
}

/// `GET /payroll/records`
pub(crate) async fn page(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    visitor: Visitor,
) -> Result<Html<String>, Failure> {
    let (now, wish) = (Timestamp::now(), asked.wish()?);
    let (all, zone) = app.ask(move |hub| Ok((wish.records(hub)?, hub.company()?.time_zone()?))).await?;
    let pager = Pager::new(PATH, &asked.sorted_query(), asked.page, all.len() as u64);
    let shown = all.into_iter().skip(Pager::offset(asked.page) as usize).take(PAGE_ROWS as usize);
    let sort = if asked.sort.is_empty() { "at" } else { &asked.sort };
    let deed = |deed: Deed| Choice { value: deed.word(), name: deed.name(), is_chosen: deed.word() == asked.deed };
    render(&RecordsPage {
        frame: Frame::new("Payroll records", "/payroll", &visitor),
        deeds: Deed::ALL.map(deed).into(),
        rows: shown.map(|record| Row::new(record, now, &zone)).collect(),
        zone: show::zone(&zone, now),
        sorting: Sorting::new(PATH, &asked.query(), sort, asked.is_descending()),
        pager,
        csv: format!("{PATH}.csv?{}", asked.sorted_query()),
        asked,
    })
}

/// `GET /payroll/records.csv`
pub(crate) async fn csv(State(app): State<App>, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let wish = asked.wish()?;
    Ok(download::csv(&app, "payroll_records", move |hub, out| {
        let columns = ["deed", "at", "from", "to", "who", "what", "rows", "digest", "says"];
        let mut table = CsvTable::new(out, columns)?;
        let zone = hub.company()?.time_zone()?;
        for record in wish.records(hub)? {
            table.row([
                record.deed.word().to_owned(),
                show::rfc3339(record.at, &zone),
                record.dates.0.to_string(),
                record.dates.1.to_string(),
                record.who,
                record.what,
                record.rows.map(|rows| rows.to_string()).unwrap_or_default(),
                record.digest,
                record.says,
            ])?;
        }
        Ok(table.finish()?)
    }))
}
