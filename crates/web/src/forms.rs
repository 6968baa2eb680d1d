//! Reading and writing what stands in addresses and forms.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use jiff::civil::Date;
use serde::de::DeserializeOwned;

use crate::failure::Failure;
use crate::show;

/// What stands behind the `?` of an address.
pub(crate) struct Query<T>(pub(crate) T);

/// What a form sends.
pub(crate) struct Form<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let read = axum::extract::Query::from_request_parts(parts, state).await;
        read.map(|query| Self(query.0)).map_err(|refused| {
            let what = format!("The address can\u{2019}t be understood: {}.", refused.body_text());
            Failure::new(refused.status(), what, "Start again from the list.")
        })
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let read = axum::Form::from_request(request, state).await;
        read.map(|form| Self(form.0)).map_err(|refused| {
            let what = format!("The form can\u{2019}t be understood: {}.", refused.body_text());
            Failure::new(refused.status(), what, "Go back, load the page again, and send it once more.")
        })
    }
}

/// Rows on one page of a list.
pub(crate) const PAGE_ROWS: u32 = 50;
/// Employees that a field offers to choose from. Of a larger company nobody looks through them, and each page would carry all.
pub(crate) const MOST_OFFERED: u32 = 500;

/// `name=value` pairs for an address; empty values are left out.
pub(crate) fn query(pairs: &[(&str, &str)]) -> String {
    let filled = pairs.iter().filter(|(_, value)| !value.is_empty());
    filled.map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&")
}

/// Text as a part of an address (RFC 3986: everything but the unreserved characters is escaped).
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

/// A field that may be left empty.
pub(crate) fn filled(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A date field that may be left empty.
///
/// # Errors
/// When it is neither empty nor a date.
pub(crate) fn date(field: &str, text: &str) -> Result<Option<Date>, Failure> {
    let Some(text) = filled(text) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| {
        Failure::invalid(
            format!("The date in `{field}` can't be read: {text}."),
            "Write it as 2026-03-31 (year, month, day).",
        )
    })
}

/// True when one of the fields contains the text, whatever its capital letters; an empty text is in all.
pub(crate) fn matches(text: &str, fields: &[&str]) -> bool {
    let text = text.trim().to_lowercase();
    fields.iter().any(|field| field.to_lowercase().contains(&text))
}

/// A path of this site to go to after the sign-in; anything that could lead elsewhere becomes the board.
pub(crate) fn local_path(wanted: &str) -> &str {
    let is_local = wanted.starts_with('/')
        && !wanted.starts_with("//")
        && wanted.bytes().all(|byte| byte > b' ' && byte != b'\\' && byte < 0x7f);
    if is_local { wanted } else { "/" }
}

/// How many rows a list has in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Total {
    Rows(u64),
    /// Too many to be counted.
    MoreThan(u64),
}

/// Which part of a list a page shows, and the addresses of its neighbours.
#[derive(Clone, Debug)]
pub(crate) struct Pager {
    /// Number of the page, from 1.
    pub(crate) page: u32,
    total: Total,
    /// Rows on this page.
    shown: u64,
    /// Address of the list with its filter, ending in `?` or `&`, so that `page=2` can follow.
    address: String,
}

impl Pager {
    pub(crate) fn new(path: &str, filter: &str, page: u32, total: u64) -> Self {
        let shown = total.saturating_sub(Self::offset(page).into()).min(PAGE_ROWS.into());
        Self { page: page.max(1), total: Total::Rows(total), shown, address: Self::address(path, filter) }
    }

    /// Of a list that has more rows than `counted`; so many are `shown`.
    pub(crate) fn uncounted(path: &str, filter: &str, page: u32, (counted, shown): (u64, usize)) -> Self {
        let total = Total::MoreThan(counted);
        Self { page: page.max(1), total, shown: shown as u64, address: Self::address(path, filter) }
    }

    fn address(path: &str, filter: &str) -> String {
        let joint = if filter.is_empty() { "" } else { "&" };
        format!("{path}?{filter}{joint}")
    }

    /// Rows before the page.
    pub(crate) fn offset(page: u32) -> u32 {
        page.max(1).saturating_sub(1).saturating_mul(PAGE_ROWS)
    }

    /// Number of the last page; `None` when nobody knows.
    pub(crate) fn last(&self) -> Option<u64> {
        match self.total {
            Total::Rows(total) => Some(total.div_ceil(u64::from(PAGE_ROWS)).max(1)),
            Total::MoreThan(_) => None,
        }
    }

    /// Address of the page before.
    pub(crate) fn before(&self) -> Option<String> {
        (self.page > 1).then(|| format!("{}page={}", self.address, self.page - 1))
    }

    /// Address of the page after.
    pub(crate) fn after(&self) -> Option<String> {
        let has_more = self.last().map_or(self.shown == u64::from(PAGE_ROWS), |last| u64::from(self.page) < last);
        has_more.then(|| format!("{}page={}", self.address, self.page + 1))
    }

    /// "51-100 of 1,204"
    pub(crate) fn says(&self) -> String {
        let before = u64::from(Self::offset(self.page));
        let range = || format!("{}\u{2013}{}", show::count(before + 1), show::count(before + self.shown));
        match (self.total, self.shown) {
            (Total::Rows(0), _) => "none".to_owned(),
            (Total::Rows(total), 0) => format!("none here, {} in all", show::count(total)),
            (Total::Rows(total), _) => format!("{} of {}", range(), show::count(total)),
            (Total::MoreThan(counted), 0) => format!("none here, more than {} in all", show::count(counted)),
            (Total::MoreThan(counted), _) => format!("{} of more than {}", range(), show::count(counted)),
        }
    }
}

/// The columns by which a list can be sorted, and how it is sorted now.
#[derive(Clone, Debug)]
pub(crate) struct Sorting {
    /// Address of the list with its filter but without sort and page, ending in `?` or `&`.
    address: String,
    by: String,
    is_descending: bool,
}

impl Sorting {
    pub(crate) fn new(path: &str, filter: &str, by: &str, is_descending: bool) -> Self {
        let joint = if filter.is_empty() { "" } else { "&" };
        Self { address: format!("{path}?{filter}{joint}"), by: by.to_owned(), is_descending }
    }

    /// Address that sorts by a column; by the column that sorts now, the other way round.
    pub(crate) fn link(&self, column: &str) -> String {
        let order = match (self.by == column, self.is_descending) {
            (false, _) => "",
            (true, true) => "&order=asc",
            (true, false) => "&order=desc",
        };
        format!("{}sort={column}{order}", self.address)
    }

    /// The value of `aria-sort`.
    pub(crate) fn state(&self, column: &str) -> &'static str {
        match (self.by == column, self.is_descending) {
            (false, _) => "none",
            (true, false) => "ascending",
            (true, true) => "descending",
        }
    }
}

/// How a list is ordered whose latest rows come first when nobody asks for an order: whether the other way round.
pub(crate) fn is_latest_first(sort: &str, order: &str) -> bool {
    order == "desc" || (order.is_empty() && sort.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_carries_any_text_and_leaves_out_what_is_empty() {
        assert_eq!(
            query(&[("user", "a&b=1 \u{e9}"), ("from", ""), ("to", "2026-01-01")]),
            "user=a%26b%3D1%20%C3%A9&to=2026-01-01"
        );
    }

    #[test]
    fn after_the_sign_in_nobody_is_led_to_another_site() {
        for local in ["/", "/days?from=2026-01-01&sort=worked"] {
            assert_eq!(local_path(local), local);
        }
        for foreign in
            ["", "https://example.com", "//example.com", "/\\example.com", "/\texample.com", "javascript:alert(1)"]
        {
            assert_eq!(local_path(foreign), "/", "{foreign}");
        }
    }

    #[test]
    fn the_pager_knows_its_neighbours() {
        let pager = Pager::new("/days", "employee=7", 2, 120);
        assert_eq!(pager.says(), "51\u{2013}100 of 120");
        assert_eq!(pager.before().as_deref(), Some("/days?employee=7&page=1"));
        assert_eq!(pager.after().as_deref(), Some("/days?employee=7&page=3"));
        assert_eq!(Pager::new("/days", "", 3, 120).after(), None);
        assert_eq!(Pager::new("/days", "", 1, 0).says(), "none");
    }

    #[test]
    fn the_pager_of_a_list_that_nobody_counted_goes_on_while_pages_are_full() {
        let pager = Pager::uncounted("/days", "", 300, (5_000, 50));
        assert_eq!(pager.says(), "14,951\u{2013}15,000 of more than 5,000");
        assert_eq!((pager.last(), pager.after().as_deref()), (None, Some("/days?page=301")));
        assert_eq!(Pager::uncounted("/days", "", 301, (5_000, 7)).after(), None);
    }

    #[test]
    fn a_column_header_turns_the_order_round() {
        let sorting = Sorting::new("/days", "employee=7", "worked", false);
        assert_eq!(sorting.link("worked"), "/days?employee=7&sort=worked&order=desc");
        assert_eq!(sorting.link("date"), "/days?employee=7&sort=date");
        assert_eq!((sorting.state("worked"), sorting.state("date")), ("ascending", "none"));
    }
}
