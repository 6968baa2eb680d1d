//! `GET /payroll`: the payroll file of a period before it is taken out, and what became of those before; `GET /payroll/file`: the file;
//! `POST /payroll/check`: a provider's sample beside a layout.

use askama::Template;
use axum::extract::State;
use axum::extract::multipart::{Multipart, MultipartError, MultipartRejection};
use axum::response::{Html, Response};
use hub::layouts::{PRESETS, differences};
use hub::{Dates, Hub, LockedPeriod, PayDoubts, PayPreview};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::payroll_records::{Records, range};
use crate::access::Visitor;
use crate::app::App;
use crate::failure::Failure;
use crate::forms::Query;
use crate::page::{Choice, Frame, render};
use crate::payroll::{Asked, VALUE, download};
use crate::{show, words};

/// Largest sample with its form, bytes.
pub(crate) const MOST_SAMPLE_BYTES: usize = 1024 * 1024;
/// Rows and lines that are shown before the file is taken out.
pub(crate) const MOST_SHOWN: usize = 12;
/// Locked periods to choose from, the latest ones.
const MOST_PERIODS: usize = 6;
/// Open days that are named.
const MOST_NAMED: usize = 5;

#[derive(Template)]
#[template(path = "payroll.html")]
struct PayrollPage {
    frame: Frame,
    asked: Asked,
    layouts: Vec<LayoutChoice>,
    formats: Vec<Choice>,
    values: Vec<ValueField>,
    periods: Vec<PeriodLink>,
    file: Option<String>,
    state: Shown,
    records: Records,
    checked: Option<Checked>,
    zone: String,
}

/// A layout to choose.
pub(crate) struct LayoutChoice {
    pub(crate) name: String,
    pub(crate) is_saved: bool,
    pub(crate) is_chosen: bool,
}

impl LayoutChoice {
    /// Those that were saved, then those that come along.
    pub(crate) fn all(hub: &Hub, chosen: &str) -> Result<Vec<Self>, hub::Error> {
        let saved = hub.saved_layouts()?.into_iter().map(|saved| (saved.name, true));
        let presets = PRESETS.iter().map(|(name, _)| ((*name).to_owned(), false));
        let choice = |(name, is_saved)| Self { is_chosen: name == chosen, name, is_saved };
        Ok(saved.chain(presets).map(choice).collect())
    }
}

/// A value of the chosen layout.
struct ValueField {
    name: String,
    field: String,
    text: String,
}

/// A locked period to choose.
struct PeriodLink {
    says: String,
    link: String,
    is_shown: bool,
}

/// What a range comes to.
#[derive(Default)]
struct Shown {
    preview: Option<PayPreview>,
    problem: Option<String>,
    doubts: Vec<String>,
}

impl Shown {
    fn of(hub: &Hub, asked: &Asked, locked: &[LockedPeriod]) -> Result<Self, hub::Error> {
        let mut shown = Self::default();
        let made = asked.dates().and_then(|dates| Ok((dates, asked.ask(hub, dates)?)));
        let (dates, ask) = match made {
            Ok(made) => made,
            Err(failure) => {
                shown.problem = Some(format!("{} {}", failure.what, failure.cure));
                return Ok(shown);
            }
        };
        match hub.preview_payroll(&ask, MOST_SHOWN) {
            Ok(preview) => shown.preview = Some(preview),
            Err(error @ hub::Error::Invalid { .. }) => {
                let failure = Failure::from(error);
                shown.problem = Some(format!("{} {}", failure.what, failure.cure));
                if dates.1 < dates.0 {
                    return Ok(shown);
                }
            }
            Err(other) => return Err(other),
        }
        shown.doubts = doubts(&hub.pay_doubts(dates)?, is_locked(dates, locked));
        let remarks = shown.preview.iter().flat_map(|preview| &preview.remarks);
        shown.doubts.extend(remarks.map(|remark| words::sentence(remark)));
        Ok(shown)
    }
}

fn is_locked((from, to): Dates, locked: &[LockedPeriod]) -> bool {
    locked.iter().any(|period| period.dates.0 <= from && to <= period.dates.1)
}

/// What is not final, in sentences.
fn doubts(PayDoubts { open, behind }: &PayDoubts, is_locked: bool) -> Vec<String> {
    let mut says = Vec::new();
    if !is_locked {
        says.push("These dates are not locked: days can still change under the file.".to_owned());
    }
    if !open.is_empty() {
        let named: Vec<String> =
            open.iter().take(MOST_NAMED).map(|(code, date)| format!("{code} on {}", show::date(*date))).collect();
        let more = if open.len() > MOST_NAMED { ", ..." } else { "" };
        let count = words::plural(open.len() as u64, "day is", "days are");
        says.push(format!("{count} not judged or incomplete: {}{more}.", named.join(", ")));
    }
    if *behind > 0 {
        let count = words::plural(*behind, "week is", "weeks are");
        says.push(format!("{count} behind what is known; a running hub derives them within seconds. Look again."));
    }
    says
}

/// A sample, and what differs.
struct Checked {
    sample: String,
    layout: String,
    found: Vec<String>,
}

/// Without dates, the latest locked period is meant, or else the month that ended last.
pub(crate) fn usual_dates(locked: &[LockedPeriod], now: Timestamp, zone: &TimeZone) -> Dates {
    locked.last().map_or_else(
        || {
            let first = now.to_zoned(zone.clone()).date().first_of_month();
            let last = first.saturating_sub(1.day());
            (last.first_of_month(), last)
        },
        |period| period.dates,
    )
}

/// The page of a wish, with a sample that was compared.
fn show_page(
    hub: &Hub,
    mut asked: Asked,
    checked: Option<Checked>,
    visitor: &Visitor,
) -> Result<PayrollPage, hub::Error> {
    let (now, zone) = (Timestamp::now(), hub.company()?.time_zone()?);
    let (records, locked) = Records::read(hub, now, &zone)?;
    if asked.from.is_empty() && asked.to.is_empty() {
        let (from, to) = usual_dates(&locked, now, &zone);
        (asked.from, asked.to) = (from.to_string(), to.to_string());
    }
    let layout = asked.layout();
    let state = Shown::of(hub, &asked, &locked)?;
    let period = |period: &LockedPeriod| {
        let (from, to) = (period.dates.0.to_string(), period.dates.1.to_string());
        let is_shown = (&from, &to) == (&asked.from, &asked.to);
        PeriodLink {
            says: range(period.dates),
            link: format!("/payroll?{}", Asked { from, to, ..asked.clone() }.query()),
            is_shown,
        }
    };
    let values = hub.pay_layout(&layout).map(|layout| layout.values).unwrap_or_default();
    let said = |name: &str| asked.values.iter().rev().find(|(known, _)| known == name).map(|(_, text)| text.clone());
    let format = |(value, name)| Choice { value, name, is_chosen: value == asked.format };
    Ok(PayrollPage {
        frame: Frame::new("Payroll", "/payroll", visitor),
        layouts: LayoutChoice::all(hub, &layout)?,
        formats: [("", "As the layout writes it"), ("xlsx", "Excel"), ("json", "JSON"), ("csv", "Plain CSV")]
            .map(format)
            .into(),
        values: values
            .into_iter()
            .map(|(name, usual)| ValueField {
                field: format!("{VALUE}{name}"),
                text: said(&name).unwrap_or(usual),
                name,
            })
            .collect(),
        periods: locked.iter().rev().take(MOST_PERIODS).map(period).collect(),
        file: state.preview.is_some().then(|| format!("/payroll/file?{}", asked.query())),
        state,
        records,
        checked,
        zone: show::zone(&zone, now),
        asked,
    })
}

/// `GET /payroll`
pub(crate) async fn page(
    State(app): State<App>,
    visitor: Visitor,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Html<String>, Failure> {
    let asked = Asked::of(pairs);
    // Refused before anything is shown.
    asked.format()?;
    render(&app.ask(move |hub| show_page(hub, asked, None, &visitor)).await?)
}

/// `GET /payroll/file`
pub(crate) async fn file(
    State(app): State<App>,
    visitor: Visitor,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let asked = Asked::of(pairs);
    let (dates, format) = (asked.dates()?, asked.format()?);
    let take = move |hub: &Hub| {
        let ask = asked.ask(hub, dates)?;
        hub.take_payroll(&visitor.actor(), &ask, (&asked.layout(), format), Timestamp::now())
    };
    Ok(download(app.ask(take).await?, format))
}

/// `POST /payroll/check`
pub(crate) async fn check(
    State(app): State<App>,
    visitor: Visitor,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Html<String>, Failure> {
    let broken = |why: &str| {
        let what = format!("The form can\u{2019}t be understood: {}.", why.trim_end_matches('.'));
        Failure::invalid(what, "Choose a sample of at most 1 MiB, and send it once more.")
    };
    let mut form = form.map_err(|error| broken(&error.body_text()))?;
    let (mut layout, mut sample) = (String::new(), None);
    let lost = |error: MultipartError| broken(&error.body_text());
    while let Some(field) = form.next_field().await.map_err(lost)? {
        let name = field.name().unwrap_or_default().to_owned();
        let file = field.file_name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.map_err(lost)?;
        match name.as_str() {
            "layout" => layout = String::from_utf8_lossy(&bytes).into_owned(),
            "sample" if !file.is_empty() => sample = Some((file, bytes)),
            _ => {}
        }
    }
    let missing = || Failure::invalid("There is no sample in the form.", "Choose the file that your provider sent.");
    let (file, bytes) = sample.ok_or_else(missing)?;
    let asked = Asked { layout, ..Asked::default() };
    let compare = move |hub: &Hub| {
        let layout = asked.layout();
        let found = differences(&bytes, &hub.pay_layout(&layout)?).iter().map(|one| words::sentence(one)).collect();
        show_page(hub, asked, Some(Checked { sample: file, layout, found }), &visitor)
    };
    render(&app.ask(compare).await?)
}
