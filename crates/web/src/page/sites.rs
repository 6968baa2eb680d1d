//! `GET /sites`, `GET /sites.csv`: sites with their zones, and how many employees and terminals are there today; and what an administrator
//! changes there (`POST /sites/change`, `POST /sites/remove`).

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::{Html, Response};
use hub::view::SiteRow;
use hub::{CsvTable, Hub, NewSite};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;

use crate::access::Visitor;
use crate::app::App;
use crate::failure::Failure;
use crate::forms::{self, Form, PAGE_ROWS, Pager, Query, Sorting};
use crate::page::{Frame, Outcome, Removed, back_to, render};
use crate::{download, show};

#[derive(Template)]
#[template(path = "sites.html")]
struct SitesPage {
    frame: Frame,
    asked: Asked,
    notice: Option<&'static str>,
    problem: Option<String>,
    sent: Changed,
    total: usize,
    rows: Vec<Row>,
    zone: String,
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
    /// The site that the form is to show.
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
        rows.retain(|row| forms::matches(&self.text, &[&row.code, &row.name, &row.zone]));
        match self.sort.as_str() {
            "name" => rows.sort_by(|a, b| (&a.name, &a.code).cmp(&(&b.name, &b.code))),
            "zone" => rows.sort_by(|a, b| (&a.zone, &a.code).cmp(&(&b.zone, &b.code))),
            "employees" => rows.sort_by_key(|row| row.employees),
            "terminals" => rows.sort_by_key(|row| row.terminals),
            _ => {}
        }
        if self.order == "desc" {
            rows.reverse();
        }
        rows
    }
}

/// A site as it is today.
struct Row {
    code: String,
    name: String,
    /// The zone that holds today.
    zone: String,
    is_companys: bool,
    /// All its zones, each with the date from which it holds.
    zones: Vec<String>,
    employees: u64,
    employees_link: String,
    terminals: u64,
    terminals_link: String,
    change_link: String,
}

impl Row {
    fn new(site: SiteRow, today: Date, companys: &str, employees: u64, terminals: u64) -> Self {
        let since = |(zone, from): &(String, Option<Date>)| match from {
            Some(from) => format!("{zone} from {from} on"),
            None => format!("{zone} always"),
        };
        let own = site.zones.iter().rfind(|(_, from)| from.is_none_or(|from| from <= today));
        Self {
            zone: own.map_or_else(|| companys.to_owned(), |(zone, _)| zone.clone()),
            is_companys: own.is_none(),
            zones: site.zones.iter().map(since).collect(),
            employees,
            employees_link: format!("/employees?{}", forms::query(&[("show", "employed"), ("site", &site.code)])),
            terminals,
            terminals_link: format!("/terminals?{}", forms::query(&[("site", &site.code)])),
            change_link: format!("/sites?{}#change", forms::query(&[("change", &site.code)])),
            code: site.code,
            name: site.name,
        }
    }
}

/// All sites by code.
fn rows(hub: &Hub, now: Timestamp) -> Result<Vec<Row>, hub::Error> {
    let zone = hub.company()?.time_zone()?;
    let mut employees: HashMap<String, u64> = HashMap::new();
    for site in hub.employees(now)?.into_iter().filter(|row| row.is_employed).filter_map(|row| row.site) {
        *employees.entry(site).or_default() += 1;
    }
    let mut terminals: HashMap<String, u64> = HashMap::new();
    for terminal in hub.terminals()? {
        if let Some(site) = terminal.site(now) {
            *terminals.entry(site.to_owned()).or_default() += 1;
        }
    }
    let (today, companys) = (now.to_zoned(zone.clone()).date(), show::zone_name(&zone));
    let row = |site: SiteRow| {
        let count = |of: &HashMap<String, u64>| of.get(&site.code).copied().unwrap_or_default();
        let (employees, terminals) = (count(&employees), count(&terminals));
        Row::new(site, today, &companys, employees, terminals)
    };
    Ok(hub.sites()?.into_iter().map(row).collect())
}

/// `GET /sites`
pub(crate) async fn page(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    Query(outcome): Query<Outcome>,
    visitor: Visitor,
) -> Result<Html<String>, Failure> {
    let sent = Changed { code: asked.change.clone(), ..Changed::default() };
    show_page(&app, asked, outcome.says("site"), None, sent, &visitor).await
}

async fn show_page(
    app: &App,
    asked: Asked,
    notice: Option<&'static str>,
    problem: Option<String>,
    mut sent: Changed,
    visitor: &Visitor,
) -> Result<Html<String>, Failure> {
    let now = Timestamp::now();
    let (all, zone) = app.ask(move |hub| Ok((rows(hub, now)?, hub.company()?.time_zone()?))).await?;
    let total = all.len();
    if let Some(row) = all.iter().find(|row| problem.is_none() && row.code == sent.code) {
        sent.name.clone_from(&row.name);
    }
    let picked = asked.pick(all);
    let count = picked.len() as u64;
    let sort = if asked.sort.is_empty() { "code" } else { &asked.sort };
    render(&SitesPage {
        frame: Frame::new("Sites", "/employees", visitor),
        notice,
        problem,
        sent,
        total,
        rows: picked.into_iter().skip(Pager::offset(asked.page) as usize).take(PAGE_ROWS as usize).collect(),
        zone: show::zone(&zone, now),
        sorting: Sorting::new("/sites", &asked.query(), sort, asked.order == "desc"),
        pager: Pager::new("/sites", &asked.query_in_order(), asked.page, count),
        csv: format!("/sites.csv?{}", asked.query_in_order()),
        asked,
    })
}

/// `GET /sites.csv`
pub(crate) async fn csv(State(app): State<App>, Query(asked): Query<Asked>) -> Response {
    download::csv(&app, "sites", move |hub, out| {
        let mut table = CsvTable::new(out, ["code", "name", "zone", "zones", "employees", "terminals"])?;
        for row in asked.pick(rows(hub, Timestamp::now())?) {
            let zones = row.zones.join("; ");
            table.row([row.code, row.name, row.zone, zones, row.employees.to_string(), row.terminals.to_string()])?;
        }
        Ok(table.finish()?)
    })
}

/// What the form of a site sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Changed {
    code: String,
    name: String,
    zone: String,
    from: String,
}

/// `POST /sites/change`: adds a site, gives it another name, or a zone from a date on.
pub(crate) async fn change(
    State(app): State<App>,
    visitor: Visitor,
    Form(sent): Form<Changed>,
) -> Result<Response, Failure> {
    let (actor, said) = (visitor.actor(), sent.clone());
    let done = match forms::date("From", &sent.from) {
        Ok(from) => {
            let zone = forms::filled(&said.zone).map(|zone| (zone, from));
            let site = NewSite {
                code: said.code.trim().to_owned(),
                name: forms::filled(&said.name),
                zone_from: zone,
                ..NewSite::default()
            };
            app.ask(move |hub| hub.change_site(&actor, &site, Timestamp::now())).await
        }
        Err(failure) => Err(failure),
    };
    answer(&app, done, "changed", sent, &visitor).await
}

/// `POST /sites/remove`
pub(crate) async fn remove(
    State(app): State<App>,
    visitor: Visitor,
    Form(Removed { code }): Form<Removed>,
) -> Result<Response, Failure> {
    let actor = visitor.actor();
    let done = app.ask(move |hub| hub.remove_site(&actor, &code, Timestamp::now())).await;
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
    back_to("/sites", done, word, page).await
}
