//! `GET /api/v1/days?employee&status&exception&outlier&synced&from&to&sort&order`

use attendance::{CodeMinutes, DayRecord, Exception};
use axum::Json;
use axum::extract::State;
use hub::view::{DayFilter, DayPlace, DayRow, DaySort, OUTLIER};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::day_work::of_some_dates;
use super::{Page, Problem, Query, Window};
use crate::app::App;
use crate::failure::Failure;
use crate::{forms, page, show};

/// Dates within which days are looked up by what sinks have taken: each day is looked at.
const MOST_SYNCED_DATES: i64 = 31;

/// A day of an employee. Every figure of the record is there, zeros included.
#[derive(Serialize)]
pub(crate) struct Day {
    employee: String,
    name: String,
    zone: String,
    revision: i64,
    date: Date,
    status: &'static str,
    day_kind: &'static str,
    shift: Option<String>,
    plan_start: Option<String>,
    plan_end: Option<String>,
    first_in: Option<String>,
    last_out: Option<String>,
    #[serde(flatten)]
    minutes: Minutes,
    pay: CodeMinutes,
    premiums: CodeMinutes,
    exceptions: Vec<Exception>,
    is_outlier: bool,
}

/// The figures of a day (rules 3).
#[derive(Serialize)]
#[allow(clippy::struct_field_names)] // The field's names, as in every export.
struct Minutes {
    scheduled_minutes: i64,
    leave_minutes: i64,
    paid_leave_minutes: i64,
    holiday_credit_minutes: i64,
    offsite_minutes: i64,
    required_minutes: i64,
    presence_minutes: i64,
    break_minutes: i64,
    worked_minutes: i64,
    covered_minutes: i64,
    tardy_minutes: i64,
    left_early_minutes: i64,
    away_minutes: i64,
    absent_minutes: i64,
    unverified_minutes: i64,
    grace_minutes: i64,
    excused_minutes: i64,
    unpaid_extra_minutes: i64,
    paid_minutes: i64,
}

impl From<&DayRecord> for Minutes {
    fn from(record: &DayRecord) -> Self {
        Self {
            scheduled_minutes: record.scheduled_minutes,
            leave_minutes: record.leave_minutes,
            paid_leave_minutes: record.paid_leave_minutes,
            holiday_credit_minutes: record.holiday_credit_minutes,
            offsite_minutes: record.offsite_minutes,
            required_minutes: record.required_minutes,
            presence_minutes: record.presence_minutes,
            break_minutes: record.break_minutes,
            worked_minutes: record.worked_minutes,
            covered_minutes: record.covered_minutes,
            tardy_minutes: record.tardy_minutes,
            left_early_minutes: record.left_early_minutes,
            away_minutes: record.away_minutes,
            absent_minutes: record.absent_minutes,
            unverified_minutes: record.unverified_minutes,
            grace_minutes: record.grace_minutes,
            excused_minutes: record.excused_minutes,
            unpaid_extra_minutes: record.unpaid_extra_minutes,
            paid_minutes: record.paid_minutes,
        }
    }
}

impl From<DayRow> for Day {
    fn from(row: DayRow) -> Self {
        let record = row.record;
        let at = |at: Option<i64>| at.map(|at| show::rfc3339(show::instant(at), &row.zone));
        Self {
            employee: row.code,
            name: row.name,
            zone: show::zone_name(&row.zone),
            revision: row.revision,
            date: record.date,
            status: record.status.as_str(),
            day_kind: record.day_kind.as_str(),
            shift: record.shift.as_ref().map(ToString::to_string),
            plan_start: at(record.plan_start),
            plan_end: at(record.plan_end),
            first_in: at(record.first_in),
            last_out: at(record.last_out),
            minutes: Minutes::from(&record),
            pay: record.pay,
            premiums: record.premiums,
            exceptions: record.exceptions,
            is_outlier: record.is_outlier,
        }
    }
}

/// The filter.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    from: String,
    to: String,
    employee: String,
    status: String,
    exception: String,
    outlier: Option<String>,
    synced: Option<String>,
    sort: String,
    order: String,
}

impl Asked {
    /// How the rows are sorted, and whether the other way round.
    ///
    /// # Errors
    /// When the caller made a word up.
    fn order(&self) -> Result<(DaySort, bool), Problem> {
        let sort = match self.sort.as_str() {
            "" => DaySort::Date,
            word => page::days::sort(word).ok_or_else(|| {
                let cure = "Use date, employee, worked or tardy.";
                Failure::invalid(format!("Days can\u{2019}t be sorted by {word}."), cure)
            })?,
        };
        match self.order.as_str() {
            "" | "asc" => Ok((sort, false)),
            "desc" => Ok((sort, true)),
            word => Err(Failure::invalid(format!("There is no order {word}."), "Use asc or desc.").into()),
        }
    }

    /// The exception that is asked for, by its code or as `outlier`.
    ///
    /// # Errors
    /// When both are asked for, or days without an outlier.
    fn exception(&self) -> Result<Option<String>, Failure> {
        let exception = forms::filled(&self.exception);
        match (flag("outlier", self.outlier.as_deref())?, &exception) {
            (None, _) => Ok(exception),
            (Some(true), None) => Ok(Some(OUTLIER.to_owned())),
            (Some(true), Some(code)) => {
                let what = format!("Days are found by outlier or by exception={code}, not by both.");
                Err(Failure::invalid(what, "Leave one of them out."))
            }
            (Some(false), _) => {
                let what = "Days without an outlier are not a list of their own.".to_owned();
                Err(Failure::invalid(what, "Leave outlier out for all days, or send outlier=true."))
            }
        }
    }
}

/// A word that may stand alone for `true`; `None` when it is not there.
///
/// # Errors
/// When it is neither `true` nor `false`.
fn flag(name: &str, word: Option<&str>) -> Result<Option<bool>, Failure> {
    match word {
        None => Ok(None),
        Some("" | "true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(word) => {
            let what = format!("`{name}` can\u{2019}t be {word}.");
            Err(Failure::invalid(what, format!("Send {name}=true or {name}=false.")))
        }
    }
}

/// `DATE.MINUTES.CODE`: the row after which the list goes on.
fn cursor(place: &DayPlace) -> String {
    format!("{}.{}.{}", place.date, place.minutes, place.code)
}

fn place(cursor: &str) -> Option<DayPlace> {
    let mut parts = cursor.splitn(3, '.');
    let (date, minutes, code) = (parts.next()?, parts.next()?, parts.next()?);
    Some(DayPlace { minutes: minutes.parse().ok()?, date: date.parse().ok()?, code: code.to_owned() })
}

/// `GET /api/v1/days`
pub(crate) async fn list(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    Query(window): Query<Window>,
) -> Result<Json<Page<Day>>, Problem> {
    let (limit, after) = (window.rows()?, window.read_cursor(place)?);
    let (sort, descending) = asked.order()?;
    let filter = DayFilter {
        from: forms::date("from", &asked.from)?,
        to: forms::date("to", &asked.to)?,
        employee: forms::filled(&asked.employee),
        status: forms::filled(&asked.status),
        exception: asked.exception()?,
        synced: flag("synced", asked.synced.as_deref())?,
        sort,
        descending,
        after,
        limit,
        ..DayFilter::default()
    };
    if filter.synced.is_some() {
        of_some_dates(&filter, MOST_SYNCED_DATES, "Synced days are looked up")?;
    }
    let list = app.ask(move |hub| hub.days(&filter)).await?;
    let is_full = list.rows.len() == limit as usize;
    let next_cursor = list.rows.last().filter(|_| is_full).map(|last| cursor(&last.place(sort)));
    Ok(Json(Page { items: list.rows.into_iter().map(Day::from).collect(), total: list.total, next_cursor }))
}
