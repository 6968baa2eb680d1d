//! `GET /employees/{code}/sheet` and `GET /sheets`: time sheets, to be read and to be printed.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::Html;
use hub::{Month, SheetsOf, TimeSheet};
use jiff::Timestamp;
use serde::Deserialize;

use crate::access::Visitor;
use crate::app::App;
use crate::failure::Failure;
use crate::forms::{self, Form, Query};
use crate::page::sheet_print::{Printed, SheetLayout};
use crate::page::{Choice, Frame, render};
use crate::{assets, session, show, words};

#[derive(Template)]
#[template(path = "sheets.html")]
struct SheetsPage {
    frame: Frame,
    style: String,
    title: String,
    month_name: String,
    /// Of one employee: code, and the list of their days.
    one: Option<(String, String)>,
    path: String,
    month: String,
    before: Option<String>,
    after: Option<String>,
    layouts: Vec<Choice>,
    sites: Vec<PlaceChoice>,
    departments: Vec<PlaceChoice>,
    count: String,
    problem: Option<String>,
    /// Of one employee, for those who review.
    calendar: Option<CalendarDesk>,
    sheets: Vec<Printed>,
}

/// Whether the employee's calendar can be polled, and its address when it was just made.
struct CalendarDesk {
    code: String,
    since: Option<String>,
    address: Option<String>,
}

/// What the buttons below a sheet send.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CalendarWish {
    code: String,
    what: String,
}

/// A site or department to choose.
struct PlaceChoice {
    code: String,
    name: String,
    is_chosen: bool,
}

/// Time sheets in a file of their own.
#[derive(Template)]
#[template(path = "sheet_file.html")]
struct SheetFile {
    title: String,
    style: &'static str,
    sheets: Vec<Printed>,
}

/// Which sheets, as it stands in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    month: String,
    layout: String,
    site: String,
    department: String,
}

impl Asked {
    fn layout(&self) -> Result<SheetLayout, Failure> {
        let Some(word) = forms::filled(&self.layout) else { return Ok(SheetLayout::Plain) };
        let refused = || Failure::invalid(format!("There is no layout {word}."), "Use plain or form48.");
        SheetLayout::of(&word).ok_or_else(refused)
    }

    /// The month that is asked for; else the one that it is now where the company is.
    async fn month(&self, app: &App) -> Result<Month, Failure> {
        if let Some(text) = forms::filled(&self.month) {
            return Ok(text.parse::<Month>()?);
        }
        let zone = app.ask(|hub| hub.company()?.time_zone()).await?;
        Ok(Month::of(Timestamp::now().to_zoned(zone).date()))
    }

    fn of(&self) -> SheetsOf {
        match (forms::filled(&self.site), forms::filled(&self.department)) {
            (_, Some(department)) => SheetsOf::Department(department),
            (Some(site), None) => SheetsOf::Site(site),
            (None, None) => SheetsOf::All,
        }
    }

    /// The address of the same sheets of another month.
    fn address(&self, path: &str, month: Month) -> String {
        let month = month.to_string();
        let pairs = [
            ("month", month.as_str()),
            ("layout", &self.layout),
            ("site", &self.site),
            ("department", &self.department),
        ];
        format!("{path}?{}", forms::query(&pairs))
    }

    fn layouts(layout: SheetLayout) -> Vec<Choice> {
        let named = [(SheetLayout::Plain, "Plain"), (SheetLayout::Form48, "Form 48 (DTR)")];
        let choice = |(one, name): (SheetLayout, _)| Choice { value: one.word(), name, is_chosen: one == layout };
        named.map(choice).into()
    }
}

/// `GET /employees/{code}/sheet`
pub(crate) async fn one(
    State(app): State<App>,
    Path(code): Path<String>,
    Query(asked): Query<Asked>,
    visitor: Visitor,
) -> Result<Html<String>, Failure> {
    one_page(&app, code, &asked, None, &visitor).await
}

/// `POST /employees/calendar`: opens the calendar of an employee under a new address, which is shown once, or closes it.
pub(crate) async fn calendar(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(wish): Form<CalendarWish>,
) -> Result<Html<String>, Failure> {
    let (actor, code) = (visitor.actor(), wish.code.clone());
    let mut address = None;
    if wish.what == "close" {
        app.ask(move |hub| hub.close_calendar(&actor, &code, Timestamp::now())).await?;
    } else {
        let random = session::random_bytes().map_err(|error| Failure::internal(&error))?;
        let token = app.ask(move |hub| hub.open_calendar(&actor, &code, random, Timestamp::now())).await?;
        let scheme = if app.config.secure_cookie || app.config.tls.is_some() { "https" } else { "http" };
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        address = Some(format!("{scheme}://{host}/calendar/{token}.ics"));
    }
    one_page(&app, wish.code, &Asked::default(), address, &visitor).await
}

async fn one_page(
    app: &App,
    code: String,
    asked: &Asked,
    address: Option<String>,
    visitor: &Visitor,
) -> Result<Html<String>, Failure> {
    let (layout, month) = (asked.layout()?, asked.month(app).await?);
    let (sheet, since, zone) = app
        .ask(move |hub| {
            let since = hub.calendar_since(&code)?;
            Ok((hub.time_sheet(&code, month, Timestamp::now())?, since, hub.company()?.time_zone()?))
        })
        .await?;
    let path = format!("/employees/{}/sheet", forms::encode(&sheet.code));
    let days = days_address(&sheet);
    let frame = Frame::new(format!("{}, {month}", sheet.name), "/employees", visitor);
    let since = since.map(|since| show::moment(since, &zone));
    let calendar = CalendarDesk { code: sheet.code.clone(), since, address };
    render(&SheetsPage {
        calendar: Some(calendar).filter(|_| frame.may_review()),
        frame,
        style: assets::SHEET.path(),
        title: "Time sheet".to_owned(),
        month_name: in_words(month),
        month: month.to_string(),
        before: month.before().map(|before| asked.address(&path, before)),
        after: month.after().map(|after| asked.address(&path, after)),
        layouts: Asked::layouts(layout),
        sites: Vec::new(),
        departments: Vec::new(),
        count: String::new(),
        problem: None,
        one: Some((sheet.code.clone(), days)),
        sheets: vec![Printed::new(&sheet, layout)],
        path,
    })
}

/// `March 2026`.
fn in_words(month: Month) -> String {
    month.first().strftime("%B %Y").to_string()
}

fn days_address(sheet: &TimeSheet) -> String {
    let (from, to) = (sheet.month.first().to_string(), sheet.month.last().to_string());
    format!("/days?{}", forms::query(&[("employee", &sheet.code), ("from", &from), ("to", &to)]))
}

/// `GET /sheets`: those of a site, of a department, or all.
pub(crate) async fn several(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    visitor: Visitor,
) -> Result<Html<String>, Failure> {
    let (layout, month, of) = (asked.layout()?, asked.month(&app).await?, asked.of());
    let (sites, departments) = app.ask(|hub| Ok((hub.sites()?, hub.departments()?))).await?;
    let (sheets, problem) = match app.ask(move |hub| hub.time_sheets(&of, month, Timestamp::now())).await {
        Ok(sheets) => (sheets, None),
        Err(failure) if failure.is_correctable() => (Vec::new(), Some(format!("{} {}", failure.what, failure.cure))),
        Err(failure) => return Err(failure),
    };
    let choice = |code: String, name: String, chosen: &str| PlaceChoice {
        is_chosen: code == chosen,
        name: if name.is_empty() { code.clone() } else { name },
        code,
    };
    render(&SheetsPage {
        frame: Frame::new(format!("Time sheets, {month}"), "/days", &visitor),
        calendar: None,
        style: assets::SHEET.path(),
        title: "Time sheets".to_owned(),
        month_name: in_words(month),
        one: None,
        path: "/sheets".to_owned(),
        month: month.to_string(),
        before: month.before().map(|before| asked.address("/sheets", before)),
        after: month.after().map(|after| asked.address("/sheets", after)),
        layouts: Asked::layouts(layout),
        sites: sites.into_iter().map(|site| choice(site.code, site.name, &asked.site)).collect(),
        departments: departments.into_iter().map(|one| choice(one.code, one.name, &asked.department)).collect(),
        count: words::plural(sheets.len() as u64, "employee with days", "employees with days"),
        problem,
        sheets: sheets.iter().map(|sheet| Printed::new(sheet, layout)).collect(),
    })
}

/// Time sheets as a page of HTML that stands alone and prints as the page of the hub does.
///
/// # Errors
/// When the page can't be rendered.
pub fn sheet_html(sheets: &[TimeSheet], layout: SheetLayout) -> Result<String, std::fmt::Error> {
    let title = sheets.first().map_or_else(|| "Time sheets".to_owned(), |sheet| format!("Time sheets {}", sheet.month));
    let sheets = sheets.iter().map(|sheet| Printed::new(sheet, layout)).collect();
    SheetFile { title, style: assets::SHEET.text(), sheets }.render().map_err(|_| std::fmt::Error)
}
