//! Which payroll file an address asks for, by page and by program.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use hub::layouts::Layout;
use hub::{Dates, Format, Hub, PayrollAsk, PayrollFile};
use jiff::civil::Date;

use crate::failure::Failure;
use crate::forms;

/// The layout when nobody names one.
pub(crate) const USUAL: &str = "csv";
/// What a value of the layout is led by: `value.company=ABC`.
pub(crate) const VALUE: &str = "value.";

/// What stands in an address: range, layout with its values, format.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) layout: String,
    pub(crate) format: String,
    pub(crate) deltas: String,
    pub(crate) values: Vec<(String, String)>,
}

impl Asked {
    /// From the pairs of an address; what means nothing here is left.
    pub(crate) fn of(pairs: Vec<(String, String)>) -> Self {
        let mut asked = Self::default();
        for (name, text) in pairs {
            match name.as_str() {
                "from" => asked.from = text,
                "to" => asked.to = text,
                "layout" => asked.layout = text,
                "format" => asked.format = text,
                "deltas" => asked.deltas = text,
                name => {
                    let value = name.strip_prefix(VALUE).zip(forms::filled(&text));
                    asked.values.extend(value.map(|(name, text)| (name.to_owned(), text)));
                }
            }
        }
        asked
    }

    /// As it stands in an address.
    pub(crate) fn query(&self) -> String {
        let named = [
            ("from", &self.from),
            ("to", &self.to),
            ("layout", &self.layout),
            ("format", &self.format),
            ("deltas", &self.deltas),
        ];
        let mut pairs: Vec<(String, &str)> = named.map(|(name, text)| (name.to_owned(), text.as_str())).into();
        pairs.extend(self.values.iter().map(|(name, text)| (format!("{VALUE}{}", forms::encode(name)), text.as_str())));
        forms::query(&pairs.iter().map(|(name, text)| (name.as_str(), *text)).collect::<Vec<_>>())
    }

    /// The name of the layout.
    pub(crate) fn layout(&self) -> String {
        forms::filled(&self.layout).unwrap_or_else(|| USUAL.to_owned())
    }

    /// The range.
    ///
    /// # Errors
    /// When one of its dates is missing, or is none.
    pub(crate) fn dates(&self) -> Result<Dates, Failure> {
        let date = |field: &str, text: &str| -> Result<Date, Failure> {
            let missing = || Failure::invalid(format!("The date `{field}` is missing."), "Write it as 2026-03-31.");
            forms::date(field, text)?.ok_or_else(missing)
        };
        Ok((date("from", &self.from)?, date("to", &self.to)?))
    }

    /// The format; `None` for the file as its layout writes it.
    ///
    /// # Errors
    /// When the caller made it up.
    pub(crate) fn format(&self) -> Result<Option<Format>, Failure> {
        let Some(word) = forms::filled(&self.format) else { return Ok(None) };
        let found = [Format::Csv, Format::Xlsx, Format::Json].into_iter().find(|format| format.word() == word);
        let cure = "Use csv, xlsx or json, or none for the file as the layout writes it.";
        found.map(Some).ok_or_else(|| Failure::invalid(format!("There is no format {word}."), cure))
    }

    /// The layout with its values.
    ///
    /// # Errors
    /// When there is no such layout, or no such value in it.
    pub(crate) fn filled_layout(&self, hub: &Hub) -> Result<Layout, hub::Error> {
        let mut layout = hub.pay_layout(&self.layout())?;
        self.values.iter().try_for_each(|(name, text)| layout.set(name, text))?;
        Ok(layout)
    }

    /// The whole wish.
    ///
    /// # Errors
    /// As [`Asked::filled_layout`].
    pub(crate) fn ask(&self, hub: &Hub, dates: Dates) -> Result<PayrollAsk, hub::Error> {
        Ok(PayrollAsk { dates, layout: self.filled_layout(hub)?, deltas: self.deltas == "true" })
    }
}

/// A payroll file as a download. `ETag` is its digest; what a person should know of it stands in `Punchclock-Remark`.
pub(crate) fn download(file: PayrollFile, format: Option<Format>) -> Response {
    let kind = match format {
        Some(Format::Json) => "application/json",
        Some(Format::Xlsx) => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        Some(Format::Csv) => "text/csv; charset=utf-8",
        // In whatever encoding the layout says.
        None => "application/octet-stream",
    };
    let name = file.name.replace(|c: char| !c.is_ascii(), "_");
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (header::ETAG, format!("\"{}\"", file.digest)),
    ];
    let mut response = (headers, file.bytes).into_response();
    for remark in file.remarks.into_iter().filter_map(|remark| HeaderValue::try_from(remark).ok()) {
        response.headers_mut().append("punchclock-remark", remark);
    }
    response
}
