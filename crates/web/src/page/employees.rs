//! `GET /employees` and `GET /employees.csv`.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, Response};
use hub::view::EmployeeRow;
use hub::{CsvTable, Hub};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;

use crate::access::Visitor;
use crate::app::App;
use crate::download;
use crate::failure::Failure;
use crate::forms::{self, Form, PAGE_ROWS, Pager, Query, Sorting};
use crate::page::{Choice, Frame, back_to, render};

#[derive(Template)]
#[template(path = "employees.html")]
struct EmployeesPage {
    frame: Frame,
    notice: Option<String>,
    problem: Option<String>,
    sent: Merging,
    all: Vec<EmployeeRow>,
    asked: Asked,
    shown: Vec<Choice>,
    sites: Vec<String>,
    departments: Vec<String>,
    has_any: bool,
    rows: Vec<Row>,
    sorting: Sorting,
    pager: Pager,
    csv: String,
}

/// Filter and order as they stand in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    text: String,
    show: String,
    site: String,
    department: String,
    sort: String,
    order: String,
    page: u32,
}

impl Asked {
    fn query(&self) -> String {
        forms::query(&self.filter())
    }

    fn query_in_order(&self) -> String {
        forms::query(&[&self.filter()[..], &[("sort", &self.sort), ("order", &self.order)]].concat())
    }

    fn filter(&self) -> [(&'static str, &str); 4] {
        [("text", &self.text), ("show", &self.show), ("site", &self.site), ("department", &self.department)]
    }

    fn keeps(&self, row: &EmployeeRow) -> bool {
        let is_shown = match self.show.as_str() {
            "provisional" => !row.confirmed,
            "confirmed" => row.confirmed,
            "merged" => row.merged_into.is_some(),
            "employed" => row.is_employed,
            _ => true,
        };
        let (site, department) = (text(&row.site), text(&row.department));
        let is_there = |wanted: &str, there: &str| wanted.is_empty() || wanted == there;
        let is_placed = is_there(&self.site, site) && is_there(&self.department, department);
        is_shown && is_placed && forms::matches(&self.text, &[&row.code, &row.name, &row.numbers, site, department])
    }

    /// The rows that are asked for, in the order that is asked for.
    fn pick(&self, mut rows: Vec<EmployeeRow>) -> Vec<EmployeeRow> {
        rows.retain(|row| self.keeps(row));
        match self.sort.as_str() {
            "name" => rows.sort_by(|a, b| (&a.name, &a.code).cmp(&(&b.name, &b.code))),
            "site" => {
                rows.sort_by(|a, b| (&a.site, &a.department, &a.code).cmp(&(&b.site, &b.department, &b.code)));
            }
            _ => {}
        }
        if self.order == "desc" {
            rows.reverse();
        }
        rows
    }
}

fn text(value: &Option<String>) -> &str {
    value.as_deref().unwrap_or_default()
}

struct Row {
    code: String,
    days: String,
    sheet: String,
    terminals: String,
    name: String,
    is_confirmed: bool,
    merged_into: Option<String>,
    numbers: String,
    employment: Vec<String>,
    site: String,
    department: String,
}

impl Row {
    fn new(row: &EmployeeRow) -> Self {
        let employment = |(from, to): &(Option<Date>, Option<Date>)| match (from, to) {
            (None, None) => "always".to_owned(),
            (Some(from), None) => format!("since {from}"),
            (None, Some(to)) => format!("until {to}"),
            (Some(from), Some(to)) => format!("{from} to {to}"),
        };
        Self {
            days: format!("/days?{}", forms::query(&[("employee", &row.code)])),
            sheet: format!("/employees/{}/sheet", forms::encode(&row.code)),
            terminals: format!("/terminals/users?{}", forms::query(&[("text", &row.code), ("state", "all")])),
            code: row.code.clone(),
            name: row.name.clone(),
            is_confirmed: row.confirmed,
            merged_into: row.merged_into.clone(),
            numbers: row.numbers.clone(),
            employment: row.employments.iter().map(employment).collect(),
            site: row.site.clone().unwrap_or_default(),
            department: row.department.clone().unwrap_or_default(),
        }
    }
}

/// `GET /employees`
pub(crate) async fn page(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    Query(done): Query<Done>,
    visitor: Visitor,
) -> Result<Html<String>, Failure> {
    show_page(&app, asked, done.says(), None, Merging::default(), &visitor).await
}

async fn show_page(
    app: &App,
    asked: Asked,
    notice: Option<String>,
    problem: Option<String>,
    sent: Merging,
    visitor: &Visitor,
) -> Result<Html<String>, Failure> {
    let ask = |hub: &Hub| Ok((hub.employees(Timestamp::now())?, hub.sites()?, hub.departments()?));
    let (all, sites, departments) = app.ask(ask).await?;
    let has_any = !all.is_empty();
    let picked = asked.pick(all.clone());
    let rows = picked.iter().skip(Pager::offset(asked.page) as usize).take(PAGE_ROWS as usize);
    let shown = [
        ("", "All"),
        ("employed", "Employed today"),
        ("confirmed", "Confirmed"),
        ("provisional", "Provisional"),
        ("merged", "Merged"),
    ];
    let sort = if asked.sort.is_empty() { "code" } else { &asked.sort };
    render(&EmployeesPage {
        frame: Frame::new("Employees", "/employees", visitor),
        notice,
        problem,
        sent,
        all,
        shown: shown.map(|(value, name)| Choice { value, name, is_chosen: value == asked.show }).into(),
        sites: sites.into_iter().map(|site| site.code).collect(),
        departments: departments.into_iter().map(|department| department.code).collect(),
        has_any,
        rows: rows.map(Row::new).collect(),
        sorting: Sorting::new("/employees", &asked.query(), sort, asked.order == "desc"),
        pager: Pager::new("/employees", &asked.query_in_order(), asked.page, picked.len() as u64),
        csv: format!("/employees.csv?{}", asked.query_in_order()),
        asked,
    })
}

/// `GET /employees.csv`
pub(crate) async fn csv(State(app): State<App>, Query(asked): Query<Asked>) -> Response {
    download::csv(&app, "employees", move |hub, out| {
        let mut table = CsvTable::new(
            out,
            [
                "code",
                "name",
                "confirmed",
                "numbers",
                "employed_from",
                "employed_to",
                "merged_into",
                "site",
                "department",
            ],
        )?;
        for row in asked.pick(hub.employees(Timestamp::now())?) {
            let date = |date: Option<jiff::civil::Date>| date.map(|date| date.to_string()).unwrap_or_default();
            table.row([
                row.code,
                row.name,
                row.confirmed.to_string(),
                row.numbers,
                date(row.from),
                date(row.to),
                row.merged_into.unwrap_or_default(),
                row.site.unwrap_or_default(),
                row.department.unwrap_or_default(),
            ])?;
        }
        Ok(table.finish()?)
    })
}

/// What the form of merging sends, and the button that takes a merge back.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Merging {
    from: String,
    into: String,
    reason: String,
}

/// What was done, as it comes back in the address of the next page: a word, so that nobody can put others there.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Done {
    done: String,
}

impl Done {
    fn says(&self) -> Option<String> {
        let says = match self.done.as_str() {
            "merged" => "Done: they count as one employee. Their days are derived again.",
            "unmerged" => "Done: they count as two employees again. Their days are derived again.",
            _ => return None,
        };
        Some(says.to_owned())
    }
}

/// `POST /employees/merge`: one person is on the list twice.
pub(crate) async fn merge(
    State(app): State<App>,
    visitor: Visitor,
    Form(sent): Form<Merging>,
) -> Result<Response, Failure> {
    let (actor, said) = (visitor.actor(), sent.clone());
    let done = app
        .ask(move |hub| hub.merge_employees(&actor, (&said.from, &said.into), &said.reason, Timestamp::now()).map(drop))
        .await;
    answer(&app, done, "merged", sent, &visitor).await
}

/// `POST /employees/unmerge`: that is taken back.
pub(crate) async fn unmerge(
    State(app): State<App>,
    visitor: Visitor,
    Form(sent): Form<Merging>,
) -> Result<Response, Failure> {
    let (actor, said) = (visitor.actor(), sent.clone());
    let done =
        app.ask(move |hub| hub.unmerge_employee(&actor, &said.from, "taken back on the page", Timestamp::now())).await;
    answer(&app, done, "unmerged", sent, &visitor).await
}

/// Back to the list.
async fn answer(
    app: &App,
    done: Result<(), Failure>,
    word: &str,
    sent: Merging,
    visitor: &Visitor,
) -> Result<Response, Failure> {
    let page = |problem| show_page(app, Asked::default(), None, Some(problem), sent, visitor);
    back_to("/employees", done, word, page).await
}
