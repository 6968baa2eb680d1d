//! `GET /departments`, `GET /departments.csv`: departments, and how many employees belong to each today; and what an administrator changes
//! there (`POST /departments/change`, `POST /departments/remove`).

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::{Html, Response};
use hub::view::DepartmentRow;
use hub::{CsvTable, Hub, NewDepartment};
use jiff::Timestamp;
use serde::Deserialize;

use crate::access::Visitor;
use crate::app::App;
use crate::download;
use crate::failure::Failure;
use crate::forms::{self, Form, PAGE_ROWS, Pager, Query, Sorting};
use crate::page::{Frame, Outcome, Removed, back_to, render};

#[derive(Template)]
#[template(path = "departments.html")]
struct DepartmentsPage {
    frame: Frame,
    asked: Asked,
    notice: Option<&'static str>,
    problem: Option<String>,
    sent: Changed,
    /// Code and name of all.
    all: Vec<(String, String)>,
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
    sort: String,
    order: String,
    page: u32,
    /// The department that the form is to show.
    change: String,
}

impl Asked {
    fn query(&self) -> String {
        forms::query(&[("text", &self.text)])
    }

    fn query_in_order(&self) -> String {
        forms::query(&[("text", &self.text), ("sort", &self.sort), ("order", &self.order)])
    }

    /// The rows that are asked for, in the order that is asked for; by code when none is.
    fn pick(&self, mut rows: Vec<Row>) -> Vec<Row> {
        rows.retain(|row| forms::matches(&self.text, &[&row.code, &row.name, &row.parent]));
        match self.sort.as_str() {
            "name" => rows.sort_by(|a, b| (&a.name, &a.code).cmp(&(&b.name, &b.code))),
            "parent" => rows.sort_by(|a, b| (&a.parent, &a.code).cmp(&(&b.parent, &b.code))),
            "employees" => rows.sort_by_key(|row| row.employees),
            _ => {}
        }
        if self.order == "desc" {
            rows.reverse();
        }
        rows
    }
}

/// A department as it is today.
struct Row {
    code: String,
    name: String,
    /// Code of the department that it is a part of; empty for none.
    parent: String,
    employees: u64,
    employees_link: String,
    change_link: String,
}

/// All departments by code.
fn rows(hub: &Hub, now: Timestamp) -> Result<Vec<Row>, hub::Error> {
    let mut employees: HashMap<String, u64> = HashMap::new();
    for department in hub.employees(now)?.into_iter().filter(|row| row.is_employed).filter_map(|row| row.department) {
        *employees.entry(department).or_default() += 1;
    }
    let row = |DepartmentRow { code, name, parent }: DepartmentRow| Row {
        parent: parent.unwrap_or_default(),
        employees: employees.get(&code).copied().unwrap_or_default(),
        employees_link: format!("/employees?{}", forms::query(&[("show", "employed"), ("department", &code)])),
        change_link: format!("/departments?{}#change", forms::query(&[("change", &code)])),
        code,
        name,
    };
    Ok(hub.departments()?.into_iter().map(row).collect())
}

/// `GET /departments`
pub(crate) async fn page(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    Query(outcome): Query<Outcome>,
    visitor: Visitor,
) -> Result<Html<String>, Failure> {
    let sent = Changed { code: asked.change.clone(), ..Changed::default() };
    show_page(&app, asked, outcome.says("department"), None, sent, &visitor).await
}

async fn show_page(
    app: &App,
    asked: Asked,
    notice: Option<&'static str>,
    problem: Option<String>,
    mut sent: Changed,
    visitor: &Visitor,
) -> Result<Html<String>, Failure> {
    let rows = app.ask(|hub| rows(hub, Timestamp::now())).await?;
    if let Some(row) = rows.iter().find(|row| problem.is_none() && row.code == sent.code) {
        sent.name.clone_from(&row.name);
        sent.parent.clone_from(&row.parent);
    }
    let all = rows.iter().map(|row| (row.code.clone(), row.name.clone())).collect();
    let picked = asked.pick(rows);
    let count = picked.len() as u64;
    let sort = if asked.sort.is_empty() { "code" } else { &asked.sort };
    render(&DepartmentsPage {
        frame: Frame::new("Departments", "/employees", visitor),
        notice,
        problem,
        sent,
        all,
        rows: picked.into_iter().skip(Pager::offset(asked.page) as usize).take(PAGE_ROWS as usize).collect(),
        sorting: Sorting::new("/departments", &asked.query(), sort, asked.order == "desc"),
        pager: Pager::new("/departments", &asked.query_in_order(), asked.page, count),
        csv: format!("/departments.csv?{}", asked.query_in_order()),
        asked,
    })
}

/// `GET /departments.csv`
pub(crate) async fn csv(State(app): State<App>, Query(asked): Query<Asked>) -> Response {
    download::csv(&app, "departments", move |hub, out| {
        let mut table = CsvTable::new(out, ["code", "name", "parent", "employees"])?;
        for row in asked.pick(rows(hub, Timestamp::now())?) {
            table.row([row.code, row.name, row.parent, row.employees.to_string()])?;
        }
        Ok(table.finish()?)
    })
}

/// What the form of a department sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Changed {
    code: String,
    name: String,
    parent: String,
}

/// `POST /departments/change`: adds a department, gives it another name, or makes it a part of another one.
pub(crate) async fn change(
    State(app): State<App>,
    visitor: Visitor,
    Form(sent): Form<Changed>,
) -> Result<Response, Failure> {
    let (actor, said) = (visitor.actor(), sent.clone());
    let department = NewDepartment {
        code: said.code.trim().to_owned(),
        name: forms::filled(&said.name),
        parent: forms::filled(&said.parent),
    };
    let done = app.ask(move |hub| hub.change_department(&actor, &department, Timestamp::now())).await;
    answer(&app, done, "changed", sent, &visitor).await
}

/// `POST /departments/remove`
pub(crate) async fn remove(
    State(app): State<App>,
    visitor: Visitor,
    Form(Removed { code }): Form<Removed>,
) -> Result<Response, Failure> {
    let actor = visitor.actor();
    let done = app.ask(move |hub| hub.remove_department(&actor, &code, Timestamp::now())).await;
    answer(&app, done, "removed", Changed::default(), &visitor).await
}

/// Back to the list.
async fn answer(
    app: &App,
    done: Result<(), Failure>,
    word: &str,
    sent: Changed,
    visitor: &Visitor,
) -> Result<Response, Failure> {
    let page = |problem| show_page(app, Asked::default(), None, Some(problem), sent, visitor);
    back_to("/departments", done, word, page).await
}
