//! The local board: one page for the person in the branch, also while the hub is away.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::overview::{Overview, TerminalLine};
use crate::plan::seen::{Seen, state_word};

/// The page.
pub(crate) fn page(overview: &Overview) -> String {
    let mut page = head(&overview.edge);
    page.push_str(&waiting(overview));
    if let Some(why) = &overview.refuses {
        let why = escape(why);
        let _ = write!(
            page,
            "<p><strong>The spool takes nothing more:</strong> {why}. Terminals keep their punches until then.</p>"
        );
    }
    if overview.clock.is_some_and(|clock| !clock.is_right) {
        page.push_str(
            "<p><strong>This computer's clock is not known to be right.</strong> Receive times are marked, and nothing is removed \
             until it is; set up time synchronisation.</p>",
        );
    }
    terminals(&mut page, &overview.terminals);
    people(&mut page, overview);
    page.push_str("</html>");
    page
}

/// The page while the spool tells nothing.
pub(crate) fn trouble(edge: &str, error: &str) -> String {
    format!("{}<p><strong>The spool does not answer.</strong> {}</p></html>", head(edge), escape(error))
}

fn head(edge: &str) -> String {
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>\
         <title>Edge {name}</title><style>body{{font:16px system-ui;margin:2rem auto;max-width:60rem;padding:0 1rem}}\
         .wide{{overflow-x:auto}}table{{border-collapse:collapse;width:100%}}\
         td,th{{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ccc}}</style>\
         <h1>Edge {name}</h1>",
        name = escape(edge)
    )
}

fn waiting(overview: &Overview) -> String {
    if overview.queued == 0 {
        return "<p>Everything is with the hub.</p>".to_owned();
    }
    let since = overview.oldest_unsent.map(|oldest| format!(", the oldest since {}", moment(Some(oldest))));
    format!(
        "<p><strong>{} entries wait to be sent</strong>{}. They are safe on this computer's disk.</p>",
        overview.queued,
        since.unwrap_or_default()
    )
}

fn terminals(page: &mut String, terminals: &[TerminalLine]) {
    page.push_str("<h2>Terminals</h2><div class=wide><table><tr><th>Terminal<th>Name<th>Last contact<th>Last complete read<th>State</tr>");
    if terminals.is_empty() {
        page.push_str("<tr><td colspan=5>No terminal yet. Enter this computer's address and port 8081 on a terminal, under Comm &gt; Cloud server.</tr>");
    }
    for TerminalLine { serial, name, last_contact, last_complete_read, says, .. } in terminals {
        let _ = write!(
            page,
            "<tr><td>{}<td>{}<td>{}<td>{}<td>{}</tr>",
            escape(serial),
            escape(name),
            moment(*last_contact),
            moment(*last_complete_read),
            escape(says)
        );
    }
    page.push_str("</table></div>");
}

fn people(page: &mut String, overview: &Overview) {
    page.push_str(
        "<h2>Seen today</h2><p>What terminals said, by their own clocks. Nothing of it is judged: the hub decides whose number it is \
         and what a punch counts for.</p><div class=wide><table><tr><th>Number<th>Name<th>First<th>Last<th>Last key<th>Terminal<th>Punches</tr>",
    );
    if overview.seen.is_empty() {
        page.push_str("<tr><td colspan=7>Nobody yet.</tr>");
    }
    let name_of = |serial: &str| {
        let line = overview.terminals.iter().find(|line| line.serial == serial && !line.name.is_empty());
        line.map_or_else(|| escape(serial), |line| escape(&line.name))
    };
    for Seen { user, name, first, last, last_state, terminal, punches } in &overview.seen {
        let _ = write!(
            page,
            "<tr><td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{punches}</tr>",
            escape(user),
            escape(name.as_deref().unwrap_or_default()),
            first.strftime("%Y-%m-%d %H:%M:%S"),
            last.strftime("%H:%M:%S"),
            state_word(*last_state),
            name_of(terminal),
        );
    }
    page.push_str("</table></div>");
}

/// A moment in UTC, as this computer's zone says nothing about the terminals'.
fn moment(moment: Option<Timestamp>) -> String {
    moment.map_or_else(|| "never".to_owned(), |moment| moment.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}

/// Serials and names come from the network.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}
