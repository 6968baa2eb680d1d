//! `GET /days` and `GET /days.csv`: the list of days with filter, order and pages.

use askama::Template;
use attendance::{Exception, Status};
use axum::extract::State;
use axum::response::{Html, Response};
use hub::Month;
use hub::view::{ANY, COUNTED_DAYS, DayFilter, DayRow, DaySort, OUTLIER};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::access::Visitor;
use crate::app::App;
use crate::failure::Failure;
use crate::forms::{self, MOST_OFFERED, PAGE_ROWS, Pager, Query, Sorting};
use crate::page::{Choice, Frame, render};
use crate::{download, show, words};

#[derive(Template)]
#[template(path = "days.html")]
struct DaysPage {
    frame: Frame,
    asked: Asked,
    /// Somebody asked for less than the usual list.
    is_narrowed: bool,
    /// Whom the filter offers: code and name.
    employees: Vec<(String, String)>,
    exceptions: Vec<Choice>,
    statuses: Vec<Choice>,
    rows: Vec<Row>,
    zones: String,
    sorting: Sorting,
    pager: Pager,
    csv: String,
    sheets: String,
}

/// The filter as it stands in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    from: String,
    to: Option<String>,
    employee: String,
    exception: String,
    status: String,
    sort: String,
    order: String,
    page: u32,
}

impl Asked {
    /// A list that nobody narrowed ends with the day before today, because today is not judged.
    fn until_yesterday(mut self, zone: &TimeZone) -> Self {
        if self.to.is_none() && !self.is_narrowed() {
            self.to = Timestamp::now().to_zoned(zone.clone()).date().yesterday().ok().map(|date| date.to_string());
        }
        self
    }

    fn to(&self) -> &str {
        self.to.as_deref().unwrap_or_default()
    }

    /// The hub's filter.
    ///
    /// # Errors
    /// When a date can't be read.
    fn filter(&self) -> Result<DayFilter, Failure> {
        Ok(DayFilter {
            from: forms::date("from", &self.from)?,
            to: forms::date("to", self.to())?,
            employee: forms::filled(&self.employee),
            exception: forms::filled(&self.exception),
            status: forms::filled(&self.status),
            sort: self.sort(),
            descending: self.is_descending(),
            ..DayFilter::default()
        })
    }

    fn sort(&self) -> DaySort {
        sort(&self.sort).unwrap_or_default()
    }

    /// The newest date and the most minutes come first, unless something else is asked for.
    fn is_descending(&self) -> bool {
        match self.order.as_str() {
            "desc" => true,
            "asc" => false,
            _ => self.sort() != DaySort::Employee,
        }
    }

    /// The filter as a part of an address, without order and page.
    fn query(&self) -> String {
        let query = forms::query(&[
            ("from", &self.from),
            ("to", self.to()),
            ("employee", &self.employee),
            ("exception", &self.exception),
            ("status", &self.status),
        ]);
        // An end that was emptied on purpose stays empty.
        if query.is_empty() && self.to.is_some() { "to=".to_owned() } else { query }
    }

    fn query_in_order(&self) -> String {
        let order = forms::query(&[("sort", &self.sort), ("order", &self.order)]);
        [self.query(), order].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("&")
    }

    /// The address of the time sheets of the same month: of the employee that is asked for, or of all.
    fn sheets(&self) -> String {
        let month = [self.from.as_str(), self.to()].iter().find_map(|date| Some(Month::of(date.parse().ok()?)));
        let path = match forms::filled(&self.employee) {
            Some(code) => format!("/employees/{}/sheet", forms::encode(&code)),
            None => "/sheets".to_owned(),
        };
        month.map_or(path.clone(), |month| format!("{path}?month={month}"))
    }

    fn is_narrowed(&self) -> bool {
        [self.from.as_str(), self.to(), &self.employee, &self.exception, &self.status]
            .iter()
            .any(|text| !text.is_empty())
    }
}

/// A row as it is printed.
struct Row {
    date: String,
    day: String,
    code: String,
    name: String,
    shift: String,
    first_in: String,
    last_out: String,
    worked: String,
    paid: String,
    tardy: String,
    left_early: String,
    status: &'static str,
    status_class: &'static str,
    exceptions: Vec<Flag>,
}

/// An exception as a small label.
pub(crate) struct Flag {
    pub(crate) name: &'static str,
    pub(crate) class: &'static str,
    pub(crate) meaning: &'static str,
}

impl Flag {
    pub(crate) fn new(exception: Exception) -> Self {
        Self {
            name: words::exception(exception),
            class: words::severity_tone(exception.severity()).class(),
            meaning: words::exception_meaning(exception),
        }
    }
}

impl Row {
    fn new(row: &DayRow, names_offset: bool) -> Self {
        let record = &row.record;
        let clock = |at: Option<i64>| at.map(|at| clock(row, at, names_offset)).unwrap_or_default();
        Self {
            date: show::date(record.date),
            day: format!("/days/{}/{}", forms::encode(&row.code), record.date),
            code: row.code.clone(),
            name: row.name.clone(),
            shift: record
                .shift
                .as_ref()
                .map_or_else(|| words::day_kind(record.day_kind).to_owned(), ToString::to_string),
            first_in: clock(record.first_in),
            last_out: clock(record.last_out),
            worked: show::hours_or_blank(record.worked_minutes),
            paid: show::hours_or_blank(record.paid_minutes),
            tardy: show::hours_or_blank(record.tardy_minutes),
            left_early: show::hours_or_blank(record.left_early_minutes),
            status: words::status(record.status),
            status_class: words::status_tone(record.status).class(),
            exceptions: record.exceptions.iter().copied().map(Flag::new).collect(),
        }
    }
}

fn clock(row: &DayRow, at: i64, names_offset: bool) -> String {
    let at = show::instant(at);
    let clock = show::clock_on(row.record.date, at, &row.zone);
    if names_offset { format!("{clock} {}", show::offset(&row.zone, at)) } else { clock }
}

/// The one zone of all rows; `None` when they differ, and each time has to name its offset.
fn shared_zone(rows: &[DayRow]) -> Option<String> {
    let mut zones = rows.iter().map(|row| show::zone(&row.zone, Timestamp::now()));
    let first = zones.next()?;
    zones.all(|zone| zone == first).then_some(first)
}

/// `GET /days`
pub(crate) async fn page(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    visitor: Visitor,
) -> Result<Html<String>, Failure> {
    let company = app.ask(|hub| hub.company()?.time_zone()).await?;
    let is_narrowed = asked.is_narrowed();
    let asked = asked.until_yesterday(&company);
    let filter = DayFilter { offset: Pager::offset(asked.page), limit: PAGE_ROWS, ..asked.filter()? };
    let (list, employees) = app.ask(move |hub| Ok((hub.days(&filter)?, hub.few_employees(MOST_OFFERED)?))).await?;
    let in_order = asked.query_in_order();
    let pager = match list.total {
        Some(total) => Pager::new("/days", &in_order, asked.page, total),
        None => Pager::uncounted("/days", &in_order, asked.page, (COUNTED_DAYS, list.rows.len())),
    };
    let zone = shared_zone(&list.rows);
    let names_offset = zone.is_none();
    render(&DaysPage {
        frame: Frame::new("Days", "/days", &visitor),
        employees,
        exceptions: exceptions(&asked.exception),
        statuses: statuses(&asked.status),
        rows: list.rows.iter().map(|row| Row::new(row, names_offset)).collect(),
        zones: zone.unwrap_or_else(|| "the zone of each employee, shown as its offset".to_owned()),
        sorting: Sorting::new("/days", &asked.query(), sort_word(asked.sort()), asked.is_descending()),
        pager,
        sheets: asked.sheets(),
        csv: format!("/days.csv?{in_order}"),
        is_narrowed,
        asked,
    })
}

/// `GET /days.csv`: the same rows, all of them.
pub(crate) async fn csv(State(app): State<App>, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let filter = asked.filter()?;
    Ok(download::csv(&app, "days", move |hub, out| hub.days_csv(&filter, out)))
}

/// The order that a word asks for; `None` for a word that is none.
pub(crate) fn sort(word: &str) -> Option<DaySort> {
    [DaySort::Date, DaySort::Employee, DaySort::Worked, DaySort::Tardy]
        .into_iter()
        .find(|sort| sort_word(*sort) == word)
}

const fn sort_word(sort: DaySort) -> &'static str {
    match sort {
        DaySort::Date => "date",
        DaySort::Employee => "employee",
        DaySort::Worked => "worked",
        DaySort::Tardy => "tardy",
    }
}

fn exceptions(chosen: &str) -> Vec<Choice> {
    let groups = [(ANY, "Any exception"), (OUTLIER, "Any clock outlier")];
    let groups = groups.map(|(value, name)| Choice { value, name, is_chosen: chosen == value });
    let each = Exception::ALL.into_iter().map(|exception| Choice {
        value: exception.as_str(),
        name: words::exception(exception),
        is_chosen: chosen == exception.as_str(),
    });
    groups.into_iter().chain(each).collect()
}

fn statuses(chosen: &str) -> Vec<Choice> {
    let choice = |status: Status| Choice {
        value: status.as_str(),
        name: words::status(status),
        is_chosen: chosen == status.as_str(),
    };
    words::STATUSES.map(choice).into()
}
