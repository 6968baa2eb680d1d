//! `GET /payroll/layouts`: the layouts of payroll files; `GET` and `POST /payroll/layout`: one of them, to be changed, tried and saved;
//! `POST /payroll/layouts/remove`.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use hub::layouts::{Layout, PRESETS, preset};
use hub::{Hub, PayPreview, PayrollAsk, SavedText};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::layout_form::{LayoutForm, Sent};
use super::payroll::{MOST_SHOWN, usual_dates};
use crate::access::Visitor;
use crate::app::App;
use crate::failure::Failure;
use crate::forms::{self, Form, Query};
use crate::page::terminals::Moment;
use crate::page::{Frame, render};
use crate::payroll::Asked;
use crate::{show, words};

#[derive(Template)]
#[template(path = "layouts.html")]
struct LayoutsPage {
    frame: Frame,
    saved: Vec<SavedRow>,
    presets: Vec<PresetRow>,
    zone: String,
}

/// A layout that somebody saved.
struct SavedRow {
    name: String,
    title: String,
    by: String,
    at: Option<Moment>,
}

impl SavedRow {
    fn new(saved: SavedText, now: Timestamp, zone: &TimeZone) -> Self {
        let title = hub::layouts::Layout::from_toml(&saved.text)
            .map_or_else(|error| words::sentence(&error.to_string()), |layout| layout.title);
        Self { title, at: Some(Moment::new(saved.at(), now, zone)), name: saved.name, by: saved.by }
    }
}

/// A layout that comes along.
struct PresetRow {
    name: &'static str,
    title: String,
    source: String,
}

/// `GET /payroll/layouts`
pub(crate) async fn page(State(app): State<App>, visitor: Visitor) -> Result<Html<String>, Failure> {
    let now = Timestamp::now();
    let (saved, zone) = app.ask(|hub| Ok((hub.saved_layouts()?, hub.company()?.time_zone()?))).await?;
    let row = |(name, _): (&'static str, _)| {
        let layout = preset(name).map_err(hub::Error::from)?;
        Ok(PresetRow { name, title: layout.title, source: layout.source })
    };
    render(&LayoutsPage {
        frame: Frame::new("Layouts", "/payroll", &visitor),
        saved: saved.into_iter().map(|saved| SavedRow::new(saved, now, &zone)).collect(),
        presets: PRESETS.into_iter().map(row).collect::<Result<_, Failure>>()?,
        zone: show::zone(&zone, now),
    })
}

/// What the button of a saved layout sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Removal {
    name: String,
}

/// `POST /payroll/layouts/remove`
pub(crate) async fn remove(
    State(app): State<App>,
    visitor: Visitor,
    Form(removal): Form<Removal>,
) -> Result<impl IntoResponse, Failure> {
    app.ask(move |hub| hub.remove_layout(&visitor.actor(), &removal.name, Timestamp::now())).await?;
    Ok(Redirect::to("/payroll/layouts"))
}

#[derive(Template)]
#[template(path = "layout.html")]
struct DesignerPage {
    frame: Frame,
    name: String,
    from: String,
    to: String,
    form: LayoutForm,
    text: String,
    /// The text is what was sent last, and stands open.
    is_text: bool,
    notice: Option<String>,
    problem: Option<String>,
    preview: Option<PayPreview>,
}

/// Where the designer starts, and what was saved.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Start {
    start: String,
    saved: bool,
}

/// `GET /payroll/layout`
pub(crate) async fn designer(
    State(app): State<App>,
    visitor: Visitor,
    Query(start): Query<Start>,
) -> Result<Html<String>, Failure> {
    let open = move |hub: &Hub| {
        let start_name = forms::filled(&start.start).unwrap_or_else(|| "csv".to_owned());
        let text = hub.layout_text(&start_name)?;
        let is_preset = PRESETS.iter().any(|(known, _)| *known == start_name);
        let mut page = DesignerPage {
            name: if is_preset { format!("our-{start_name}") } else { start_name.clone() },
            notice: start.saved.then(|| format!("{start_name} is saved, and is used wherever a preset is.")),
            ..DesignerPage::new(hub, hub.pay_layout(&start_name)?, text, &visitor)?
        };
        page.try_out(hub)?;
        Ok(page)
    };
    render(&app.ask(open).await?)
}

/// `POST /payroll/layout`
pub(crate) async fn decide(
    State(app): State<App>,
    visitor: Visitor,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let sent = Sent::new(pairs);
    match app.ask(move |hub| decided(hub, &sent, &visitor)).await? {
        Ok(name) => {
            let saved = forms::query(&[("start", &name), ("saved", "true")]);
            Ok(Redirect::to(&format!("/payroll/layout?{saved}")).into_response())
        }
        Err(page) => Ok(render(&*page)?.into_response()),
    }
}

/// The name of what was saved, or the page with what was tried.
fn decided(hub: &Hub, sent: &Sent, visitor: &Visitor) -> Result<Result<String, Box<DesignerPage>>, hub::Error> {
    let is_text = sent.text("as") == "text";
    let read = if is_text {
        let text = sent.raw("toml");
        Layout::from_toml(&text).map(|layout| (layout, text.clone())).map_err(|error| {
            let layout = toml_of_start(hub, sent);
            (Failure::from(hub::Error::from(error)), layout, text)
        })
    } else {
        let (layout, wrong) = sent.layout();
        let text = match wrong {
            Some(failure) => Err(failure),
            None => layout.check().and_then(|()| layout.to_toml()).map_err(|error| hub::Error::from(error).into()),
        };
        match text {
            Ok(text) => Ok((layout, text)),
            Err(failure) => {
                // The text of what is there, as far as it goes.
                let text = layout.to_toml().unwrap_or_default();
                Err((failure, layout, text))
            }
        }
    };
    let (layout, text, mut problem) = match read {
        Ok((layout, text)) => (layout, text, None),
        Err((failure, layout, text)) => (layout, text, Some(failure)),
    };
    let name = sent.text("name");
    if problem.is_none() && sent.text("what") == "save" {
        match hub.save_layout(&visitor.actor(), name, &text, Timestamp::now()) {
            Ok(_) => return Ok(Ok(name.to_owned())),
            Err(error @ hub::Error::Invalid { .. }) => problem = Some(error.into()),
            Err(other) => return Err(other),
        }
    }
    let mut page = DesignerPage { name: name.to_owned(), is_text, ..DesignerPage::new(hub, layout, text, visitor)? };
    let dates = ["from", "to"].map(|field| forms::filled(sent.text(field)));
    if let [Some(from), Some(to)] = dates {
        (page.from, page.to) = (from, to);
    }
    match problem {
        Some(failure) => page.problem = Some(format!("{} {}", failure.what, failure.cure)),
        None => page.try_out(hub)?,
    }
    Ok(Err(Box::new(page)))
}

/// The fields beside a text that does not read: those of the layout that is saved under its name, if any.
fn toml_of_start(hub: &Hub, sent: &Sent) -> Layout {
    hub.pay_layout(sent.text("name")).unwrap_or_default()
}

impl DesignerPage {
    fn new(hub: &Hub, layout: Layout, text: String, visitor: &Visitor) -> Result<Self, hub::Error> {
        let dates = usual_dates(&hub.locked_periods()?, Timestamp::now(), &hub.company()?.time_zone()?);
        Ok(Self {
            frame: Frame::new("Layout", "/payroll", visitor),
            name: String::new(),
            from: dates.0.to_string(),
            to: dates.1.to_string(),
            form: LayoutForm::new(layout, &hub.pay_codes()?),
            text,
            is_text: false,
            notice: None,
            problem: None,
            preview: None,
        })
    }

    /// Makes the beginning of a file, or says why there is none.
    fn try_out(&mut self, hub: &Hub) -> Result<(), hub::Error> {
        let asked = Asked { from: self.from.clone(), to: self.to.clone(), ..Asked::default() };
        let dates = match asked.dates() {
            Ok(dates) => dates,
            Err(failure) => {
                self.problem = Some(format!("{} {}", failure.what, failure.cure));
                return Ok(());
            }
        };
        let ask = PayrollAsk { dates, layout: self.form.layout.clone(), deltas: false };
        match hub.preview_payroll(&ask, MOST_SHOWN) {
            Ok(preview) => self.preview = Some(preview),
            Err(error @ hub::Error::Invalid { .. }) => {
                let failure = Failure::from(error);
                self.problem = Some(format!("{} {}", failure.what, failure.cure));
            }
            Err(other) => return Err(other),
        }
        Ok(())
    }
}
