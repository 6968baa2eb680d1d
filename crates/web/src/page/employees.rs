//! `GET /employees` and `GET /employees.csv`.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, Response};
use hub::CsvTable;
use hub::view::EmployeeRow;
use serde::Deserialize;

use crate::access::Visitor;
use crate::app::App;
use crate::download;
use crate::failure::Failure;
use crate::forms::{self, PAGE_ROWS, Pager, Query, Sorting};
use crate::page::{Choice, Frame, render};

#[derive(Template)]
#[template(path = "employees.html")]
struct EmployeesPage {
    frame: Frame,
    asked: Asked,
    shown: Vec<Choice>,
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
    sort: String,
    order: String,
    page: u32,
}

impl Asked {
    fn query(&self) -> String {
        forms::query(&[("text", &self.text), ("show", &self.show)])
    }

    fn query_in_order(&self) -> String {
        forms::query(&[("text", &self.text), ("show", &self.show), ("sort", &self.sort), ("order", &self.order)])
    }

    fn keeps(&self, row: &EmployeeRow) -> bool {
        let is_shown = match self.show.as_str() {
            "provisional" => !row.confirmed,
            "confirmed" => row.confirmed,
            _ => true,
        };
        is_shown && forms::matches(&self.text, &[&row.code, &row.name, &row.numbers])
    }

    /// The rows that are asked for, in the order that is asked for.
    fn pick(&self, mut rows: Vec<EmployeeRow>) -> Vec<EmployeeRow> {
        rows.retain(|row| self.keeps(row));
        if self.sort == "name" {
            rows.sort_by(|a, b| (&a.name, &a.code).cmp(&(&b.name, &b.code)));
        }
        if self.order == "desc" {
            rows.reverse();
        }
        rows
    }
}

struct Row {
    code: String,
    days: String,
    name: String,
    is_confirmed: bool,
    numbers: String,
    employment: String,
}

impl Row {
    fn new(row: &EmployeeRow) -> Self {
        let employment = match (row.from, row.to) {
            (None, None) => String::new(),
            (Some(from), None) => format!("since {from}"),
            (None, Some(to)) => format!("until {to}"),
            (Some(from), Some(to)) => format!("{from} to {to}"),
        };
        Self {
            days: format!("/days?{}", forms::query(&[("employee", &row.code)])),
            code: row.code.clone(),
            name: row.name.clone(),
            is_confirmed: row.confirmed,
            numbers: row.numbers.clone(),
            employment,
        }
    }
}

/// `GET /employees`
pub(crate) async fn page(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    visitor: Visitor,
) -> Result<Html<String>, Failure> {
    let all = app.ask(|hub| hub.employees()).await?;
    let has_any = !all.is_empty();
    let picked = asked.pick(all);
    let rows = picked.iter().skip(Pager::offset(asked.page) as usize).take(PAGE_ROWS as usize);
    let shown = [("", "All"), ("confirmed", "Confirmed"), ("provisional", "Provisional")];
    let sort = if asked.sort.is_empty() { "code" } else { &asked.sort };
    render(&EmployeesPage {
        frame: Frame::new("Employees", "/employees", &visitor),
        shown: shown.map(|(value, name)| Choice { value, name, is_chosen: value == asked.show }).into(),
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
        let mut table = CsvTable::new(out, ["code", "name", "confirmed", "numbers", "employed_from", "employed_to"])?;
        for row in asked.pick(hub.employees()?) {
            let date = |date: Option<jiff::civil::Date>| date.map(|date| date.to_string()).unwrap_or_default();
            table.row([row.code, row.name, row.confirmed.to_string(), row.numbers, date(row.from), date(row.to)])?;
        }
        Ok(table.finish()?)
    })
}
