//! Addresses of other systems as lists, answers and the audit trail show them: without what may open a door.
//!
//! Invariants:
//! * Whoever is named before `@`, the values of a query and the fragment are never shown. The address itself is kept as it was given.

use crate::Error;

/// What stands for what is not shown.
const HIDDEN: &str = "***";

/// An address with user, values of the query and fragment hidden. A value that is a placeholder, like `{year}`, stays.
pub(crate) fn shown_url(url: &str) -> String {
    let (url, fragment) = cut(url, '#');
    let (place, query) = cut(url, '?');
    let mut shown = match place.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host =
                authority.rsplit_once('@').map_or_else(|| authority.to_owned(), |(_, host)| format!("{HIDDEN}@{host}"));
            format!("{scheme}://{host}{path}")
        }
        None => place.to_owned(),
    };
    if let Some(query) = query {
        let pairs: Vec<String> = query.split('&').map(shown_pair).collect();
        shown += &format!("?{}", pairs.join("&"));
    }
    if fragment.is_some() {
        shown += &format!("#{HIDDEN}");
    }
    shown
}

/// Refuses an address as lists show it: it is not the one that was hidden there.
///
/// # Errors
/// [`Error::Invalid`].
pub(crate) fn refuse_hidden(url: &str) -> Result<(), Error> {
    if url.contains(HIDDEN) {
        let what = format!("the address has {HIDDEN} in it, as lists show what they hide");
        return Err(Error::invalid(what, "give the whole address"));
    }
    Ok(())
}

fn shown_pair(pair: &str) -> String {
    let is_placeholder = |value: &str| value.starts_with('{') && value.ends_with('}');
    match pair.split_once('=') {
        Some((_, value)) if value.is_empty() || is_placeholder(value) => pair.to_owned(),
        Some((name, _)) => format!("{name}={HIDDEN}"),
        None if pair.is_empty() || is_placeholder(pair) => pair.to_owned(),
        // A value without a name.
        None => HIDDEN.to_owned(),
    }
}

fn cut(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, after)| (before, Some(after)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_open_a_door_is_not_shown_and_where_it_is_stays_readable() {
        for (url, shown) in [
            ("https://crm.example/api/days", "https://crm.example/api/days"),
            ("https://crm.example:8443/in?token=5ecret&v=2", "https://crm.example:8443/in?token=***&v=***"),
            ("https://ann:pass@word@crm.example/in", "https://***@crm.example/in"),
            ("https://crm.example?5ecret", "https://crm.example?***"),
            ("https://crm.example/in?key=#5ecret", "https://crm.example/in?key=#***"),
            (
                "https://days.example/{year}?country={country}&key=k",
                "https://days.example/{year}?country={country}&key=***",
            ),
            ("https://crm.example/a@b?to=c@d", "https://crm.example/a@b?to=***"),
            ("no address", "no address"),
        ] {
            assert_eq!(shown_url(url), shown);
        }
        assert!(refuse_hidden("https://crm.example/in?token=***").is_err());
        assert!(refuse_hidden("https://crm.example/in?token=5ecret").is_ok());
    }
}
