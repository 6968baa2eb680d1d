//! `GET /punches` and `GET /punches.csv`: what the terminals said.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, Response};
use hub::view::{PunchFilter, PunchRow, TerminalRow};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::access::Visitor;
use crate::app::App;
use crate::failure::Failure;
use crate::forms::{self, MOST_OFFERED, PAGE_ROWS, Pager, Query, Sorting};
use crate::page::{Frame, render};
use crate::{download, show, words};

#[derive(Template)]
#[template(path = "punches.html")]
struct PunchesPage {
    frame: Frame,
    asked: Asked,
    /// Whom the filter offers: code and name.
    employees: Vec<(String, String)>,
    terminals: Vec<TerminalRow>,
    rows: Vec<Row>,
    sorting: Sorting,
    pager: Pager,
    csv: String,
}

/// The filter as it stands in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    from: String,
    to: String,
    employee: String,
    user: String,
    terminal: String,
    order: String,
    page: u32,
}

impl Asked {
    fn filter(&self) -> Result<PunchFilter, Failure> {
        Ok(PunchFilter {
            from: forms::date("from", &self.from)?,
            to: forms::date("to", &self.to)?,
            employee: forms::filled(&self.employee),
            user: forms::filled(&self.user),
            terminal: forms::filled(&self.terminal),
            held: None,
            newest_first: self.order != "asc",
            offset: 0,
            limit: 0,
        })
    }

    fn query(&self) -> String {
        forms::query(&[
            ("from", &self.from),
            ("to", &self.to),
            ("employee", &self.employee),
            ("user", &self.user),
            ("terminal", &self.terminal),
        ])
    }

    fn query_in_order(&self) -> String {
        let order = forms::query(&[("order", &self.order)]);
        [self.query(), order].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("&")
    }

    fn is_narrowed(&self) -> bool {
        !self.query().is_empty()
    }
}

/// A punch as it is printed.
pub(crate) struct Row {
    pub(crate) printed: String,
    pub(crate) instant: String,
    pub(crate) terminal: String,
    pub(crate) user: String,
    pub(crate) said: String,
    pub(crate) channel: String,
    pub(crate) received: String,
    /// Why that is not when the edge received it.
    pub(crate) doubt: Option<String>,
    /// Code and page of the employee's day.
    pub(crate) employee: Option<(String, String)>,
    pub(crate) held: Option<&'static str>,
}

impl Row {
    pub(crate) fn new(punch: &PunchRow, terminals: &[TerminalRow]) -> Self {
        let zone = zone_of(&punch.origin, terminals, punch.at.unwrap_or(punch.received));
        let verification = words::verification(punch.verify);
        let said = [words::state(punch.state), verification.as_str()];
        let day = |code: &String| {
            let date = punch.at.map(|at| at.to_zoned(zone.clone()).date().to_string()).unwrap_or_default();
            (code.clone(), format!("/days/{}/{date}", forms::encode(code)))
        };
        Self {
            printed: punch.printed.clone(),
            instant: punch.at.map(|at| show::rfc3339(at, &zone)).unwrap_or_default(),
            terminal: punch.origin.clone(),
            user: punch.user.clone(),
            said: said.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(", "),
            channel: punch.channel.clone(),
            received: show::moment_in_full(punch.received, &zone),
            doubt: punch.doubted.map(|shown| {
                format!(
                    "The clock of the edge was not known to be right when it received this, and showed {}. The time is that at which it came here.",
                    show::rfc3339(shown, &zone)
                )
            }),
            employee: punch.employee.as_ref().filter(|_| punch.at.is_some()).map(day),
            held: punch.held.map(words::held_reason),
        }
    }
}

/// The zone of a terminal's clock at an instant; UTC when it is not known.
pub(crate) fn zone_of(serial: &str, terminals: &[TerminalRow], at: Timestamp) -> TimeZone {
    let terminal = terminals.iter().find(|terminal| terminal.serial == serial);
    terminal.map_or(TimeZone::UTC, |terminal| terminal.zones.at(at).clone())
}

/// `GET /punches`
pub(crate) async fn page(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    visitor: Visitor,
) -> Result<Html<String>, Failure> {
    let filter = PunchFilter { offset: Pager::offset(asked.page), limit: PAGE_ROWS, ..asked.filter()? };
    let (list, employees, terminals) =
        app.ask(move |hub| Ok((hub.punches(&filter)?, hub.few_employees(MOST_OFFERED)?, hub.terminals()?))).await?;
    render(&PunchesPage {
        frame: Frame::new("Punches", "/punches", &visitor),
        rows: list.rows.iter().map(|punch| Row::new(punch, &terminals)).collect(),
        sorting: Sorting::new("/punches", &asked.query(), "printed", asked.order != "asc"),
        pager: Pager::new("/punches", &asked.query_in_order(), asked.page, list.total),
        csv: format!("/punches.csv?{}", asked.query_in_order()),
        employees,
        terminals,
        asked,
    })
}

/// `GET /punches.csv`: the same punches, all of them.
pub(crate) async fn csv(State(app): State<App>, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let filter = asked.filter()?;
    Ok(download::csv(&app, "punches", move |hub, out| hub.punches_csv(&filter, out)))
}
